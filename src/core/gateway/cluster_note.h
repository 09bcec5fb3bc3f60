//  cluster_note: what is said of a member to cluster clients: where it is, and when they are sent to it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLUSTER_NOTE_H_INCLUDED
#define CLUSTER_NOTE_H_INCLUDED

#include "call.h"

//  Where clients find a member, as this client may know it. NULL: this node. Good until the next call.
typedef struct {
    char host[VIEW_HOST_MAX + 1];
    uint16_t port;
} cluster_place_t;
void
    cluster_place (const call_t *call, const member_t *member, cluster_place_t *place);

//  Called before a command runs or is queued. False: its keys are in several slots (CROSSSLOT), or in one
//  that another member serves (MOVED), or nobody (CLUSTERDOWN), and the call was answered and done. That is
//  said only to those who are redirected (gateway_redirect_t): for others the gateway forwards.
//  REDIRECT_AUTO: to connections that have themselves asked for the cluster (cluster_noted).
//
//  Another connection of the same address proves nothing: on one host there may be clients of both kinds,
//  and a MOVED breaks those that do not know the cluster, while forwarding costs those that do only a hop.
bool
    cluster_check (call_t *call);

//  Clients that ask what this is shall take it for a cluster: it is one of several members, or sends
//  everybody to the owner.
bool
    cluster_shown (const gateway_t *gateway);

//  This connection's client knows the cluster.
void
    cluster_noted (const call_t *call);

#endif

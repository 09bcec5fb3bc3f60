//  beacon_actor: the node's voice among the members: runs cluster_t, renews the lease, and tells the other
//  actors of the node each new view.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BEACON_ACTOR_H_INCLUDED
#define BEACON_ACTOR_H_INCLUDED

#include "actor.h"
#include "beacon_log.h"
#include "inner.h"
#include "links.h"
#include "move/move.h"

//  What a CLUSTER record asks about.
typedef struct {
    const cluster_t *cluster;
    const view_t *view;       // NULL before there is one
    const links_stats_t *links;
    const move_info_t *moves; // Under way from this node
    uint32_t moves_count;
    bool brief;               // Only how the moves stand
    bool plan;                // What there is to move, too
    uint64_t now;
} beacon_question_t;

//  What clients and the log are told; made by the node, called on the beacon's thread.
typedef struct {
    void *arg;
    //  Adds pairs of the HELLO map; returns how many. Adds the value of a ROUTES reply.
    uint32_t (*hello) (void *arg, const view_t *view, buf_t *out);
    void (*routes) (void *arg, const view_t *view, buf_t *out);
    //  Adds the value of a CLUSTER reply.
    void (*cluster) (void *arg, const beacon_question_t *question, buf_t *out);
    note_t note; // To the log
} beacon_words_t;

//  What the node may look at from its own thread.
typedef struct {
    _Atomic int state;     // cluster_state_t
    _Atomic bool serving;  // UP in a view that all actors of the node know, and the lease is valid
    _Atomic uint32_t others;  // Members beside this one that are UP
    _Atomic uint64_t heard;   // When one of them was heard last: milliseconds of the boot clock
    _Atomic uint64_t foreign; // Messages to the peer endpoint that are none between nodes
    _Atomic uint32_t held;    // Copies, primaries and votes that the view gives this node
    _Atomic uint64_t moved;   // Grows whenever something of a move is told
} beacon_status_t;

typedef struct {
    cluster_config_t cluster;    // self.beacon_port is filled in
    lease_t *lease;
    beacon_status_t *status;
    beacon_words_t words;
    const char *peer_endpoint;   // Where other beacons connect, NULL: nowhere, this node stays alone
    const char *inner_inproc;
    uint32_t actors;             // Storage actors that will come
    bool rebalancer, pubsub, gateway; // They will come, too
    int io_affinity;             // 0: any I/O thread
    const char *discover;        // Network interface, NULL: no discovery
    uint16_t discover_port;
} beacon_actor_args_t;

//  Commands: "ENDPOINT" answers the peer endpoint, with the real port; "WHY" why this node was refused;
//  "LEAVE" begins to leave.
extern const actor_spec_t beacon_actor_spec;

#endif

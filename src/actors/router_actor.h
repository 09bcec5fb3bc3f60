//  router_actor: the node's front door: any client, any operation. In a cluster of one it splits what
//  comes among the storage actors and passes their answers back; where there are other members it keeps
//  each record until its owner has answered it (forward.h).
//  SPDX-License-Identifier: MPL-2.0
#ifndef ROUTER_ACTOR_H_INCLUDED
#define ROUTER_ACTOR_H_INCLUDED

#include "actor.h"
#include "door.h"
#include "node_info.h"
#include "note.h"

typedef struct {
    door_config_t door;
    const char *client_endpoint;      // NULL: nowhere but inproc
    const char *client_inproc;
    const char *const *peer_inprocs;  // Of each storage actor: where the router comes…
    const char *const *storage_inprocs; // …and where clients come
    uint32_t actors;                  // 0: a witness
    uint32_t partitions;
    uint64_t batch_max;
    uint32_t peer_hwm;                // Messages on their way to one storage actor at most
    uint64_t peer_bytes;              // Bytes of them at most, beyond one message
    node_id_t node;                   // Which member
    const char *pubsub_inproc;        // The pubsub actor's `inproc`; NULL: there is none
    const char *beacon_inproc;        // The beacon's ROUTER "inner"; need not be bound yet
    int links_affinity;               // I/O threads of links to other members' storage actors; 0: any
    const node_info_t *info;          // Name, version, started; is copied
    note_t note;                      // To the log
} router_actor_args_t;

//  Until the first view of which this node is a member, clients are answered TRYAGAIN.
//  Command: "ENDPOINT" answers the client endpoint.
extern const actor_spec_t router_actor_spec;

#endif

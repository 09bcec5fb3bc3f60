//  storage_actor: owns partitions; answers clients that route themselves, and the router; keeps copies
//  with the storage actors of other members.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STORAGE_ACTOR_H_INCLUDED
#define STORAGE_ACTOR_H_INCLUDED

#include "actor.h"
#include "door.h"
#include "node_info.h"
#include "note.h"
#include "gateway_actor.h"
#include "pubsub_actor.h"
#include "rebalancer_actor.h"

//  The first frame of what the router forwards says who asks, and comes back with the answer: this
//  byte and a routing id, or this byte and the number of a ticket (gather.h).
#define PEER_CLIENT 'c'
#define PEER_TICKET 't'

#define STORAGE_DATA_FRAME_MAX (8u << 20) // Bytes of a message between storage actors: see storage_flush

typedef struct {
    storage_t *storage;          // Owned by the node, used by this actor alone while it runs
    door_config_t door;
    const char *client_endpoint; // Where clients come, NULL: nowhere but inproc
    const char *client_inproc;
    const char *peer_inproc;     // Where the router comes
    uint32_t peer_hwm;           // Messages that the router may have on their way
    const char *beacon_inproc;   // The beacon's ROUTER "inner"; need not be bound yet
    const char *data_endpoint;   // Where storage actors of other members come (tcp); NULL: nowhere
    int data_affinity;           // I/O threads of data_endpoint and of links to others; 0: any
    const char *moves_inproc;    // The rebalancer's ROUTER (haul.h); need not be bound, ever
    const rebalancer_status_t *moves; // For STATS: what it has counted; NULL: another actor tells
    const pubsub_status_t *pubsub;    // The same
    const gateway_status_t *gateway;  // The same
    uint32_t index;              // Which storage actor this is
    node_id_t node;              // Which member
    const lease_t *lease;        // Lives until it stops
    const node_info_t *info;     // Name, version, started; is copied
    const char *events_inproc;   // Where events of keys are published (pubsub_actor.h); NULL: nowhere
    note_t note;                 // To the log
} storage_actor_args_t;

//  The doors open with the first view that this node is a member of.
//  Commands: "ENDPOINT" answers the client endpoint, "DATA" the one where data_endpoint is bound;
//  "READERS" (1 or 0) says whether local readers may come.
extern const actor_spec_t storage_actor_spec;

#endif

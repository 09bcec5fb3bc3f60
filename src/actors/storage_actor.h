//  storage_actor: owns partitions; answers clients that route themselves, and the router.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STORAGE_ACTOR_H_INCLUDED
#define STORAGE_ACTOR_H_INCLUDED

#include "actor.h"
#include "door.h"
#include "node_info.h"

//  The first frame of what the router forwards says who asks, and comes back with the answer: this
//  byte and a routing id, or this byte and the number of a ticket (gather.h).
#define PEER_CLIENT 'c'
#define PEER_TICKET 't'

typedef struct {
    storage_t *storage;          // Owned by the node, used by this actor alone while it runs
    door_config_t door;
    const char *client_endpoint; // Where clients come, NULL: nowhere but inproc
    const char *client_inproc;
    const char *peer_inproc;     // Where the router comes
    uint32_t peer_hwm;           // Messages that the router may have on their way
} storage_actor_args_t;

//  Commands: "ENDPOINT" answers the client endpoint; "BEGIN" (a pointer to node_info_t, a pointer to
//  the endpoints of all storage actors; both stay until it stops) opens the doors; "READERS" (1 or 0)
//  says whether local readers may come.
extern const actor_spec_t storage_actor_spec;

#endif

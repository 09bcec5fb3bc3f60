//  router_actor: the node's front door: any client, any operation. Splits what comes among the
//  storage actors and passes their answers back.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ROUTER_ACTOR_H_INCLUDED
#define ROUTER_ACTOR_H_INCLUDED

#include "actor.h"
#include "door.h"
#include "node_info.h"

typedef struct {
    door_config_t door;
    const char *client_endpoint;      // NULL: nowhere but inproc
    const char *client_inproc;
    const char *const *peer_inprocs;  // Of each storage actor
    uint32_t actors;
    uint32_t partitions;
    uint64_t batch_max;
    uint32_t peer_hwm;                // Messages on their way to one storage actor at most
    uint64_t peer_bytes;              // Bytes of them at most, beyond one message
    const node_info_t *info;          // Must live until it stops
} router_actor_args_t;

//  Command: "ENDPOINT" answers the client endpoint.
extern const actor_spec_t router_actor_spec;

#endif

//  node_impl: what the files of the node share. For node*.c and local_read.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef NODE_IMPL_H_INCLUDED
#define NODE_IMPL_H_INCLUDED

#include <zgrid_node.h>
#include <zgrid_version.h>

#include "actors/actor.h"
#include "actors/door.h"
#include "actors/node_info.h"
#include "client/client_inner.h"
#include "node/log.h"
#include "node/settings.h"

#define NODE_ACTORS_MAX 64

struct zgrid_node {
    settings_t *settings;
    log_t *log;
    buf_t why;          // Of the last failure; ends with a zero byte
    char *name;
    char *endpoint;     // "" if it listens nowhere
    uint32_t actors;
    uint32_t partitions;
    epochs_t *epochs;
    storage_t *storages[NODE_ACTORS_MAX];
    actor_t *storage_actors[NODE_ACTORS_MAX];
    actor_t *router;
    char *client_inprocs[NODE_ACTORS_MAX]; // Where local clients reach the storage actors
    char *peer_inprocs[NODE_ACTORS_MAX];
    char *router_inproc;
    char *endpoints[NODE_ACTORS_MAX];      // Of the storage actors, for clients elsewhere
    buf_t hello, routes;                   // Encoded
    node_info_t info;
    bool running;
    bool readers;       // Storage actors know that local readers may come
};

//  Says what went wrong: a format as printf's.
void
    node_fail (zgrid_node_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

//  node_info of this node: HELLO and ROUTES, encoded. False without memory.
bool
    node_describe (zgrid_node_t *self, uint64_t started);

//  local_read.c
local_t *
    local_open (zgrid_node_t *node);

#endif

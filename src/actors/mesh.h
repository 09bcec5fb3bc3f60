//  mesh: a SUB that fetches from the other members what this node's subscribers want.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MESH_H_INCLUDED
#define MESH_H_INCLUDED

#include <czmq.h>

#include "cluster/view.h"

typedef struct mesh mesh_t;

//  message_max: bytes of the largest frame that is taken. rcvhwm: messages of one member that wait here. NULL
//  without memory or sockets. The caller owns it.
mesh_t *
    mesh_new (node_id_t self, int64_t message_max, int rcvhwm, int io_affinity);
//  Accepts NULL.
void
    mesh_destroy (mesh_t **self_p);

zsock_t *
    mesh_socket (mesh_t *self);

//  Connects to members that have come, disconnects from those that have gone. False without memory: what has
//  come stays aside until the next time.
bool
    mesh_set_view (mesh_t *self, const view_t *view);

//  Subscribes at all of them, or takes that back.
void
    mesh_follow (mesh_t *self, bytes_t topic, bool on);

#endif

//  pubsub_actor_impl: what the files of the pubsub actor share. For pubsub_actor*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PUBSUB_ACTOR_IMPL_H_INCLUDED
#define PUBSUB_ACTOR_IMPL_H_INCLUDED

#include "ear.h"
#include "frames.h"
#include "inner.h"
#include "mesh.h"
#include "pubsub/pubsub.h"
#include "pubsub_actor.h"
#include "refusals.h"

//  The order in which its sockets are served.
typedef enum {
    PUBSUB_BEACON,
    PUBSUB_REQUESTS,
    PUBSUB_FEED,
    PUBSUB_MESH_SUB,
    PUBSUB_LOCAL_EAR,
    PUBSUB_GATEWAY_EAR, // From here on those that are not always there
    PUBSUB_HERE_EAR,
    PUBSUB_HERE_MONITOR,
    PUBSUB_MESH_EAR,
    PUBSUB_MESH_MONITOR,
    PUBSUB_SOCKETS
} pubsub_socket_t;

typedef struct {
    pubsub_t *pubsub;
    ear_t *here, *local, *gateway, *members; // Subscribers; in this process; of the gateway; other members
    mesh_t *mesh;
    zsock_t *beacon, *requests, *feed;
    void *beacon_handle, *requests_handle, *feed_handle, *mesh_handle;
    char *inproc, *feed_inproc;
    frames_t frames;
    pubsub_socket_t which[PUBSUB_SOCKETS]; // By number of the runner
    size_t sockets_count;
    uint64_t view_version;
    bool view_lost; // For want of memory
    uint64_t view_again;
    buf_t replies;
    uint64_t refused, junk; // Besides what pubsub counts
    pubsub_status_t *status;
    refusals_t refusals;
    note_t note;
    uint64_t now;
} pubsub_actor_t;

//  pubsub_actor_make.c

//  Makes its sockets. False: cannot; why says so, unless it was memory.
bool
    pubsub_actor_make (pubsub_actor_t *self, const pubsub_actor_args_t *given, buf_t *why);
void
    pubsub_actor_end (pubsub_actor_t *self);

//  For pubsub_port_t; arg is the actor.
void
    pubsub_actor_send (void *arg, bytes_t topic, bytes_t body, bool here, bool members);
void
    pubsub_actor_follow (void *arg, bytes_t topic, bool on);

#endif

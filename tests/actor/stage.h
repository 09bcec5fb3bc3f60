//  stage: one storage actor in a cluster that the test plays: its beacon, the router of its node, another
//  member's storage actor, and clients. One stage in a process; everything on it fails the test that
//  goes wrong.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STAGE_H_INCLUDED
#define STAGE_H_INCLUDED

#include <pthread.h>

#include "actors/storage_actor.h"
#include "talk.h"

#define STAGE_SELF 0x11u
#define STAGE_OTHER 0x22u
#define STAGE_CLUSTER 0xc1u
#define STAGE_PARTITIONS 4
#define STAGE_FIELDS_MAX 8

typedef struct {
    storage_t *storage;
    actor_t *actor;
    lease_t lease;
    zsock_t *beacon;    // ROUTER, as the beacon's
    uint8_t route[256]; // Of the actor there
    size_t route_size;
    zsock_t *router; // DEALER, as the router's
    zsock_t *other;  // ROUTER: where the other member's storage actor would be
    zsock_t *events; // PULL: what is published of keys
    zsock_t *data;   // DEALER to the actor's data door
    char *client_endpoint;
    uint64_t version;
    frames_t frames;
    zmsg_t *reply; // The last one
    pthread_mutex_t lock;
    unsigned lines; // Of the log; guarded, as the last one is
    char line[512];
} stage_t;

extern stage_t stage;

//  One data message; bytes count as their size.
typedef struct {
    peer_type_t type;
    uint64_t fields[STAGE_FIELDS_MAX]; // Partition, epoch…
} stage_data_t;

//  The lines that the actor has written to the log, and the last one: "event name=value…". Lives until
//  the next call.
unsigned
    stage_log (const char **line);
//  Starts the actor, and everybody else.
void
    stage_set_up (void);
void
    stage_tear_down (void);
//  What the actor says next.
inner_t
    stage_heard (void);
//  Says something to the actor, as its beacon.
void
    stage_tell (inner_t message);
//  A view with the other member, and with this one if `named`. Partitions belong to this one; the other
//  one has copies of them if `copies` is 2.
view_t *
    stage_view (bool named, unsigned copies);
//  As its beacon: the view, which is destroyed.
void
    stage_publish (view_t *view);
//  A client of the actor's client door. The caller owns it.
zsock_t *
    stage_client (void);
//  Sends one request. key and value may be NULL.
void
    stage_send (zsock_t *client, op_t op, uint64_t id, const char *key, const char *value,
                const options_t *options);
//  The next message of the client: its last frame.
bytes_t
    stage_body (zsock_t *client);
//  The next reply, which is the only one of its body.
reply_t
    stage_reply (zsock_t *client);
//  Sends one request and waits for its reply, which lives until the next one.
reply_t
    stage_ask (zsock_t *client, op_t op, const char *key, const char *value, const options_t *options);
uint64_t
    stage_stat (zsock_t *client, const char *name);
//  Is in step, and waits for the entry of the first write, which is not acknowledged.
    stage_data_t
    stage_await_write (void);
//  The other one has all entries of this REPL.
void
    stage_acknowledge (const stage_data_t *repl);
//  Fails if a message comes within a moment.
void
    stage_assert_silent (zsock_t *client);

#endif

//  pubsubs: pubsub actors in a cluster that the test plays: their beacons, the routers that ask them, and
//  subscribers.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PUBSUBS_H_INCLUDED
#define PUBSUBS_H_INCLUDED

#include "actors/frames.h"
#include "actors/pubsub_actor.h"
#include "pubsub/message.h"
#include "pubsub/topic.h"

#define PUBSUBS_MAX 3

typedef struct {
    actor_t *actor; // NULL: it has not been started, or was ended
    pubsub_status_t status;
    zsock_t *beacon, *router, *feed;
    uint8_t route[32];
    size_t route_size;
    char *endpoint, *mesh;
    char gateway[48]; // Where its gateway subscribes
} pubsubs_t;

extern pubsubs_t pubsubs[PUBSUBS_MAX];
extern pubsub_actor_args_t pubsubs_args; // What the next ones are started with

//  Bounds as usual.
void
    pubsubs_set_up (void);
void
    pubsubs_tear_down (void);
void
    pubsubs_start (int node);
void
    pubsubs_stop (int node);
//  Tells all that run who is a member: those that run.
void
    pubsubs_view (void);
//  Tells one, as its beacon, what happened.
void
    pubsubs_event (int node, const char *json);

//  Asks as the router does. The reply lives until the next one.
reply_t
    pubsubs_ask (int node, op_t op, const char *key, const value_t *value);
//  Publishes; returns how many subscribers there are.
uint64_t
    pubsubs_publish (int node, const char *channel, const char *text);
//  Publishes a message of so many bytes.
void
    pubsubs_publish_large (int node, const char *channel, size_t size);
uint64_t
    pubsubs_numsub (int node, const char *channel);
//  Asks until it is so.
void
    pubsubs_await_numsub (int node, const char *channel, uint64_t count);
void
    pubsubs_await (const _Atomic uint64_t *counter, uint64_t least);

//  A SUB, connected; and what it subscribes to. The caller owns it.
zsock_t *
    pubsubs_subscriber (int node);
void
    pubsubs_want (zsock_t *subscriber, topic_kind_t kind, const char *name, bool on);
//  Returns when all members know what it wants. What comes before is lost.
void
    pubsubs_sync (zsock_t *subscriber);

//  The next message, which is in a body with others perhaps; it lives until the next one. Fails after ten
//  seconds.
typedef struct {
    frames_t frames;
    mp_t reader;
} pubsubs_reader_t;
message_t
    pubsubs_next (zsock_t *subscriber, pubsubs_reader_t *reader);
//  Whether one comes within so many milliseconds.
bool
    pubsubs_comes (zsock_t *subscriber, const pubsubs_reader_t *reader, long milliseconds);

#endif

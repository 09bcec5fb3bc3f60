//  hearers: the connections of one gateway that have subscribed, and to what. To the node's pubsub actor a
//  gateway is one connection: it asks for a topic when the first of its own wants it and not any more when
//  the last does not; how many they are is told beside (pubsub/audience.h, "n"). A round of "s" TOKEN
//  (pubsub/topic.h) tells when all members know what was asked before it.
//
//  Channels of SSUBSCRIBE are channels with the byte HEARERS_SHARD before their names. Patterns do not see
//  them, and clients cannot name them otherwise.
//
//  Who subscribes to __keyspace@0__:KEY, __keyevent@0__:EVENT or a pattern that begins with __key is told of
//  changes of keys (key_note.h), if the database's map has the setting `events`.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HEARERS_H_INCLUDED
#define HEARERS_H_INCLUDED

#include "../hash.h"
#include "../pubsub/topic.h"

#define HEARERS_SHARD 1            // Begins the names of what SSUBSCRIBE subscribes to
#define HEARERS_MAX (1u << 20)     // Subscriptions of all connections
#define HEARERS_ROUND_MS 1000      // A round that takes longer counts as answered
#define HEARERS_COSTS_MAX (8u << 20) // Steps that comparing a channel with all patterns may take

typedef enum { HEAR_CHANNEL, HEAR_PATTERN, HEAR_SHARD, HEAR_KINDS } hear_t;

//  What came for a connection.
typedef struct {
    hear_t kind;
    bytes_t pattern; // Of HEAR_PATTERN
    bytes_t channel, message;
    bool again; // The same as at the last call, for another connection
} heard_message_t;

typedef struct hearers hearers_t;
typedef struct hearer hearer_t; // One connection

//  Called from within the functions below. message must not call them.
typedef struct {
    void *arg;
    //  Asks the pubsub actor for something, or not any more: a ZeroMQ subscription. NULL: there is no such
    //  actor, and every subscription is known at once.
    void (*follow) (void *arg, bytes_t asked, bool on);
    void (*message) (void *arg, void *owner, const heard_message_t *message);
    //  All members know what this connection had subscribed to when it began to wait.
    void (*settled) (void *arg, void *owner, void *waiter);
} hearers_port_t;

typedef struct {
    uint64_t subscriptions_max; // Of one connection
    uint64_t names_max;         // Bytes of the names of all, each once
    const char *map;            // Of database 0; of database n: "map:n". Lives as long
    uint32_t databases;
    uint8_t seed[HASH_SEED_SIZE];
} hearers_config_t;

//  NULL without memory. The caller owns it.
hearers_t *
    hearers_new (const hearers_config_t *config, const hearers_port_t *port);
//  All of its hearers must have been destroyed. Accepts NULL.
void
    hearers_destroy (hearers_t **self_p);

//  NULL without memory. The caller owns it.
hearer_t *
    hearer_new (hearers_t *hearers, void *owner);
//  Subscribes to nothing any more, waits no more. Accepts NULL.
void
    hearer_destroy (hearer_t **self_p);

//  True: a name that can be subscribed and published to: topic_name_valid, and no shard channel's name
//  if it is none, nor too long if it is one.
bool
    hearers_name_valid (hear_t kind, bytes_t name);

typedef enum { HEARER_OK, HEARER_INVALID, HEARER_EXCESS, HEARER_NOMEM } hearer_result_t;

//  Subscribes; HEARER_OK, too, if it had. Other results: nothing has changed.
hearer_result_t
    hearer_add (hearer_t *self, hear_t kind, bytes_t name);
//  False: it had not subscribed to that.
bool
    hearer_remove (hearer_t *self, hear_t kind, bytes_t name);
//  Those that came last are taken back until `count` are left.
void
    hearer_trim (hearer_t *self, hear_t kind, uint32_t count);

//  How many of a kind. Accepts NULL.
uint32_t
    hearer_count (const hearer_t *self, hear_t kind);
//  The name of the oldest of a kind; empty: there is none. Lives until it is removed.
bytes_t
    hearer_first (const hearer_t *self, hear_t kind);

//  Anything at all.
bool
    hearer_listens (const hearer_t *self);

//  `settled` will be called once, with `waiter`. False: it waits already, or there is nothing to wait for.
bool
    hearer_wait (hearer_t *self, void *waiter);

//  A message of the pubsub actor: topic and body (pubsub/message.h). False: it is none.
bool
    hearers_hear (hearers_t *self, bytes_t topic, bytes_t body);

//  Tells the pubsub actor what has changed, ends rounds that take too long. Returns the milliseconds after
//  which it wants to be called again; UINT64_MAX: not before something happens.
uint64_t
    hearers_turn (hearers_t *self, uint64_t now);

typedef struct {
    uint64_t subscriptions; // Of all connections
    uint64_t names;         // Bytes
    uint64_t costs;
    uint64_t received;      // Messages of the pubsub actor
    uint64_t given;         // Messages to connections
    uint64_t late;          // Rounds that took too long
} hearers_stats_t;
const hearers_stats_t *
    hearers_stats (const hearers_t *self);

#endif

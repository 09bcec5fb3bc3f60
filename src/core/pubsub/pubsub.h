//  pubsub: what a node does with messages that are published and with what is asked about subscribers. Its
//  subscribers and the other members are known through audiences (audience.h), which the caller feeds.
//
//  Messages to one topic that come in one turn leave in one body. Their order is kept, from each publisher to
//  each topic. Nothing is kept for those who come later.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PUBSUB_H_INCLUDED
#define PUBSUB_H_INCLUDED

#include "../wire.h"
#include "audience.h"
#include "message.h"

#define PUBSUB_OWN "zgrid."        // What clients publish to such channels is refused
#define PUBSUB_EVENTS "zgrid.events" // Events in the cluster
#define PUBSUB_BATCH 32768         // Bytes of a body with several messages, about
#define PUBSUB_TELL_MS 20          // Between two times that the other members are told new counts
#define PUBSUB_SYNCS_MAX 4096      // That wait for an answer
#define PUBSUB_LIST_MAX (4u << 20) // Bytes of names in one answer…
#define PUBSUB_STEPS_MAX 20000000  // …and steps of comparing them; with more it is PARTIAL
#define PUBSUB_ASK_MAX 65536       // Channels in one NUMSUB

typedef struct {
    void *arg;
    //  Sends a body to this node's subscribers, to other members, or both.
    void (*send) (void *arg, bytes_t topic, bytes_t body, bool here, bool members);
    //  Other members shall be asked for a topic from now on, or no more.
    void (*follow) (void *arg, bytes_t topic, bool on);
} pubsub_port_t;

typedef struct {
    node_id_t node;
    uint64_t message_max;
    uint64_t idle_max; // topics_new
    uint8_t seed[HASH_SEED_SIZE];
} pubsub_config_t;

typedef struct {
    uint64_t published; // Messages taken
    uint64_t sent;      // Of them to some topic: one message counts once for each
    uint64_t received;  // Messages of other members
    uint64_t dropped;   // For want of memory
    uint64_t refused;   // PUBLISH that could not be understood or was not allowed
    uint64_t junk;      // What other members sent and is no message
} pubsub_stats_t;

typedef struct pubsub pubsub_t;

//  NULL without memory. The caller owns it.
pubsub_t *
    pubsub_new (const pubsub_config_t *config, const pubsub_port_t *port);
//  Accepts NULL.
void
    pubsub_destroy (pubsub_t **self_p);

//  For audiences of this node: their topics, and who is told of changes.
topics_t *
    pubsub_topics (pubsub_t *self);
audience_port_t
    pubsub_audience (pubsub_t *self);

//  A new view: whom to wait for. Members that are suspect answer nobody.
void
    pubsub_set_view (pubsub_t *self, const view_t *view);

//  Publishes a message, whose channel is valid and whose size is within bounds. own: to subscribers of this
//  node only. Returns how many subscribers there are, as far as is known.
uint64_t
    pubsub_publish (pubsub_t *self, bytes_t channel, bytes_t message, bool own);

//  Executes one record and adds its reply.
void
    pubsub_answer (pubsub_t *self, const request_t *request, buf_t *out);

//  Publishes what a body of another actor holds.
void
    pubsub_feed (pubsub_t *self, bytes_t body);

//  Takes a message of another member: gives it to this node's subscribers, as it is.
void
    pubsub_relay (pubsub_t *self, bytes_t topic, bytes_t body);

//  A subscriber's token (HEARD_SYNC).
void
    pubsub_sync (pubsub_t *self, bytes_t token);
//  Another member's: answered at once, behind everything that was heard of it before.
void
    pubsub_sync_member (pubsub_t *self, bytes_t token);

//  Ends a turn: sends what has gathered, tells others what has changed. Returns the milliseconds after which
//  it wants another turn; UINT64_MAX: none.
uint64_t
    pubsub_turn (pubsub_t *self, uint64_t now);

const pubsub_stats_t *
    pubsub_stats (const pubsub_t *self);

#endif

//  pubsub_impl: what the files of pubsub share. For pubsub*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PUBSUB_IMPL_H_INCLUDED
#define PUBSUB_IMPL_H_INCLUDED

#include "pubsub.h"

//  Tokens of subscribers that wait for an answer, and the members that have not answered. One round is asked
//  for at a time; what comes meanwhile waits for the next one.
typedef struct {
    buf_t now, next;   // Tokens: a byte of size before each… of the round that is asked for, of the next one
    uint32_t waiting;  // In both
    uint64_t round;    // 0: none is under way
    uint64_t rounds;   // So far
    node_id_t *missing;
    uint32_t missing_count;
} pubsub_syncs_t;

struct pubsub {
    pubsub_config_t config;
    pubsub_port_t port;
    topics_t *topics;
    pubsub_stats_t stats;
    topic_t *waiting, *last_waiting; // With something to be sent, in the order in which they got it
    topic_t *changed;                // Whose counts the others have not been told
    uint64_t tell_at, sweep_at;
    pubsub_syncs_t syncs;
    node_id_t *members;              // Others, that can answer
    uint32_t members_count;
    buf_t body;
};

//  pubsub_ask.c

//  Answers CHANNELS, NUMSUB, NUMPAT.
void
    pubsub_ask (pubsub_t *self, const request_t *request, buf_t *out);

//  pubsub_sync.c

//  The members have changed: who is none any more is not waited for.
void
    pubsub_sync_view (pubsub_t *self);
//  A member has answered.
void
    pubsub_synced (pubsub_t *self, bytes_t token, node_id_t node);
//  Begins the next round, if there is anything to ask.
void
    pubsub_sync_turn (pubsub_t *self);
void
    pubsub_sync_clear (pubsub_t *self);

#endif

//  topics: the channels and patterns that somebody wants: how many subscribers they have at this node and at
//  other members, and how many messages this node has sent to them.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TOPICS_H_INCLUDED
#define TOPICS_H_INCLUDED

#include "../hash.h"
#include "topic.h"

#define TOPICS_KEEP_MS 60000            // So long a topic is remembered that nobody wants any more

typedef struct topic topic_t;
struct topic {
    topic_t *next;          // In the bucket
    uint64_t hash;
    uint64_t number, own;   // Of the last message to all, and of the last to this node's subscribers only
    uint64_t idle_since;    // If nobody wants it
    uint64_t there;         // Subscribers that other members say they have
    uint32_t here;          // Subscribers of this node
    uint32_t members;       // Connections of other members that want it
    uint32_t place;         // Of a pattern, in the list of all
    //  Of pubsub.c: what waits to be sent; what the others have been told
    buf_t batch;
    topic_t *next_waiting, *next_changed;
    uint32_t told;
    bool waiting, changed, followed;
    bool idle, charged, charged_there;
    uint8_t kind;           // topic_kind_t
    uint8_t size;
    uint8_t name[];
};

static inline bytes_t
topic_name (const topic_t *self)
{
    return bytes_of (self->name, self->size);
}

static inline bool
topic_wanted (const topic_t *self)
{
    return self->here || self->members;
}

typedef struct topics topics_t;

//  idle_max: bytes of names that nobody wants and that are remembered all the same. NULL without memory. The
//  caller owns it.
topics_t *
    topics_new (const uint8_t seed[HASH_SEED_SIZE], uint64_t idle_max);
//  Accepts NULL.
void
    topics_destroy (topics_t **self_p);

//  NULL: nobody has wanted it lately.
topic_t *
    topics_find (const topics_t *self, topic_kind_t kind, bytes_t name);

//  Finds or makes it. The numbers of one made anew begin where they are above those that it had before,
//  should it have been there. NULL without memory.
topic_t *
    topics_add (topics_t *self, topic_kind_t kind, bytes_t name);

//  Its counts have changed.
void
    topics_update (topics_t *self, topic_t *topic, uint64_t now);

//  The patterns that a channel matches; the list lives until the next call on topics. Returns how many.
//  Without memory none, and *failed.
size_t
    topics_match (topics_t *self, bytes_t channel, topic_t *const **list, bool *failed);

//  A message was sent; numbers of topics made later are above it.
void
    topics_count (topics_t *self);

//  Forgets what nobody has wanted for TOPICS_KEEP_MS. Looks at a part of all in each call.
void
    topics_sweep (topics_t *self, uint64_t now);

//  All of them, in no order: begins with *place 0; NULL at the end. Nothing may be added meanwhile.
topic_t *
    topics_next (const topics_t *self, size_t *place, const topic_t *before);

typedef struct {
    uint64_t channels, patterns;  // That somebody wants
    uint64_t names, names_there;  // Bytes of names that subscribers of this node, that other members want
    uint64_t costs;               // Steps that comparing a channel with the patterns of this node may take
} topics_stats_t;
const topics_stats_t *
    topics_stats (const topics_t *self);

#endif

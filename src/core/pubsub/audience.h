//  audience: who is connected to an XPUB, and which topics each connection wants. libzmq says what was asked
//  for, and by which connection, and when a connection ends, but not what it still wanted: that is kept here,
//  so that who asks twice counts once and who is gone does not count.
//
//  Other members say more than topics, in what they subscribe to; "n" a gateway of this node says, too:
//    "m" ID 0              which member this is (16 hexadecimal digits)
//    "n" TOPIC COUNT       how many subscribers it has for a topic (decimal); 1 for one that it wants without
//    "s" ID ROUND 0        an answer is wanted when everything before it has been read
//  SPDX-License-Identifier: MPL-2.0
#ifndef AUDIENCE_H_INCLUDED
#define AUDIENCE_H_INCLUDED

#include "../cluster/view.h"
#include "topics.h"

#define AUDIENCE_KEYS_MAX (1u << 20)          // Keys are below
#define AUDIENCE_COSTS_MAX (8u << 20)         // Steps of patterns of all subscribers
#define AUDIENCE_FRAME_MAX (TOPIC_SIZE_MAX + 13) // Bytes of what may be subscribed to, the largest "n"
#define AUDIENCE_CHURN_MS 10000

typedef struct {
    bool members;                // Other members are connected, not subscribers
    bool keyless;                // Nobody knows who: all are one connection, with the key 0, that never ends
    bool counts;                 // Subscribers of this node that say "n", too: they speak for several
    uint64_t subscriptions_max;  // Of one connection
    uint64_t names_max;          // Bytes of names that all connections may want; 0: no limit
} audience_config_t;

typedef struct {
    void *arg;
    void (*changed) (void *arg, topic_t *topic); // Its counts did
} audience_port_t;

typedef struct audience audience_t;

//  NULL without memory. The caller owns it; topics must live longer.
audience_t *
    audience_new (const audience_config_t *config, topics_t *topics, const audience_port_t *port);
//  Accepts NULL. Counts of topics stay as they are.
void
    audience_destroy (audience_t **self_p);

//  A connection has begun, has ended. One that was open under the same key has ended first.
void
    audience_open (audience_t *self, uint32_t key);
void
    audience_close (audience_t *self, uint32_t key, uint64_t now);

typedef enum {
    HEARD_FINE,   // Understood; or of a connection that has ended
    HEARD_SYNC,   // *token is a topic that wants an answer
    HEARD_JUNK,   // Nothing that anybody may ask for
    HEARD_EXCESS  // Past a limit: to be closed; nothing more is heard of it, unless it is keyless
} heard_t;

//  Takes what an XPUB received: 1 or 0, and what is wanted, or not any more.
heard_t
    audience_hear (audience_t *self, uint32_t key, bytes_t frame, uint64_t now, bytes_t *token);

//  True while a connection is open and has not been past a limit.
bool
    audience_listens (const audience_t *self, uint32_t key);

//  Members have gone: what they wanted is not wanted any more. Those in `view` stay.
void
    audience_keep (audience_t *self, const view_t *view, uint64_t now);

typedef struct {
    uint64_t connections, subscriptions;
} audience_stats_t;
const audience_stats_t *
    audience_stats (const audience_t *self);

#endif

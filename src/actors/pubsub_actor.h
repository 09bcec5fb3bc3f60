//  pubsub_actor: publish and subscribe: an XPUB that subscribers connect to, and between the members an XPUB
//  and a SUB each, which carry only what somebody at the other end wants.
//
//  What a subscriber gets is a message of two frames: the topic, and a body (core/pubsub/message.h).
//  How it asks: a topic is "c" NAME 0 for a channel, "p" PATTERN 0 for a pattern, "s" TOKEN 0 for an answer
//  when all members know its subscriptions (core/pubsub/topic.h). A SUB needs ZMQ_SNDHWM 0 to ask for more
//  than 1,000.
//
//  What other actors of the node send:
//    `feed` (PULL)     one frame: a body of PUBLISH records. Unanswered; what is wrong with one is counted
//    `inproc` (ROUTER) two frames: a mark of up to PUBSUB_MARK_MAX bytes, and a body of records PUBLISH,
//                      CHANNELS, NUMSUB, NUMPAT without attachments. It answers each message with the same
//                      mark and a body of their replies, in the order of the records
//  A PUBLISH from the feed with the option `fwd` reaches this node's own subscribers only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PUBSUB_ACTOR_H_INCLUDED
#define PUBSUB_ACTOR_H_INCLUDED

#include "actor.h"
#include "note.h"

#define PUBSUB_MARK_MAX 64

//  What it has counted; anybody may look. The names are those of stat.def behind "pubsub_".
#define PUBSUB_COUNTS(COUNT) \
    COUNT (subscribers) \
    COUNT (subscriptions) \
    COUNT (topics) \
    COUNT (patterns) \
    COUNT (published) \
    COUNT (sent) \
    COUNT (received) \
    COUNT (dropped) \
    COUNT (refused) \
    COUNT (cut) \
    COUNT (junk)

typedef struct {
#define COUNT(name) _Atomic uint64_t name;
    PUBSUB_COUNTS (COUNT)
#undef COUNT
} pubsub_status_t;

typedef struct {
    node_id_t node;             // Which member
    const char *endpoint;       // Where subscribers connect; NULL: nowhere but inproc
    const char *mesh_endpoint;  // Where other members connect (tcp); NULL: nowhere, this node stays alone
    const char *local_inproc;   // Where subscribers of this process connect
    const char *gateway_inproc; // Where the gateway does, which speaks for many; NULL: there is none
    const char *inproc;         // Requests, and…
    const char *feed_inproc;    // …what is to be published without an answer
    const char *beacon_inproc;  // The beacon's ROUTER "inner"; need not be bound yet
    int mesh_affinity;          // I/O threads of what members tell each other; 0: any
    uint64_t message_max;       // Bytes of a message that is published
    uint64_t queue_max;         // Bytes that wait for one subscriber, about; beyond it loses messages
    uint64_t subscriptions_max; // Of one connection: beyond, it is cut
    uint64_t names_max;         // Bytes of the names of all topics: beyond, who wants another is cut
    uint8_t seed[HASH_SEED_SIZE];
    pubsub_status_t *status;    // Lives until it stops
    note_t note;                // To the log
} pubsub_actor_args_t;

//  Commands: "ENDPOINT" answers where subscribers connect, "MESH" where members do, with the real ports;
//  "" for nowhere.
extern const actor_spec_t pubsub_actor_spec;

#endif

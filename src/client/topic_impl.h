//  topic_impl: what the files of the subscriber share. For topic*.c only.
//
//  A subscriber is a SUB socket at one member, and a client that knows which member that should be: the one
//  whose router the client talks to. The client finds another router when its own is silent or leaves, and
//  the SUB socket follows.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TOPIC_IMPL_H_INCLUDED
#define TOPIC_IMPL_H_INCLUDED

#include <zgrid_topic.h>

#include "client_impl.h"
#include "pubsub/message.h"
#include "pubsub/topic.h"

#define TOPIC_QUEUE 10000u
#define TOPIC_QUEUE_MAX 10000000u
#define TOPIC_SUBSCRIPTIONS_MAX 10000u // As servers allow, unless configured otherwise
#define TOPIC_PUBLISHERS_MAX 1024u // Whose numbers are remembered, of one subscription
#define TOPIC_ASK_MS 1000u         // How often the router is asked who it is
#define TOPIC_AGAIN_MS 50u         // …while there is nobody to listen to
#define TOPIC_JOIN_MS 1000u        // A connection that takes longer is given up
#define TOPIC_REPEAT_MS 500u       // A server that has too much to do passes over who asks for an answer
#define TOPIC_CHORES 256u          // Messages after which to look at everything else
#define TOPIC_ENDPOINT_MAX 256u

//  How far the messages of one publisher are.
typedef struct {
    uint64_t publisher;
    uint64_t number;
} topic_mark_t;

typedef struct subscription {
    struct subscription *next; // Of the same bucket
    uint64_t hash;
    topic_mark_t *marks;       // Of this connection
    uint32_t marks_count, marks_room;
    uint64_t link;             // The connection that the last message came from
    uint16_t size;
    uint8_t frame[];           // The topic, as it is subscribed to
} subscription_t;

//  A message that came while something else was waited for.
typedef struct topic_kept {
    struct topic_kept *next;
    uint64_t link;
    zmq_msg_t topic, body;
} topic_kept_t;

struct zgrid_topic {
    zgrid_client_t *control;  // NULL: of a node in this process
    void *sub;                // NULL: there is nobody to listen to
    void *monitor;            // PAIR; what becomes of sub's connection
    bool joined;              // It is connected
    uint64_t link;            // Number of that connection
    char endpoint[TOPIC_ENDPOINT_MAX], node[TOPIC_ENDPOINT_MAX]; // Of sub
    char server[TOPIC_ENDPOINT_MAX];
    uint64_t join_until;
    zgrid_future_t *hello;    // Under way
    uint64_t ask_at;          // When to ask next
    uint32_t timeout_ms;
    int queue;
    int epoll;                // -1: nobody asked for the descriptor
    subscription_t **buckets; // A power of two of them; NULL: none
    size_t room, count;
    topic_kept_t *kept, **kept_tail;
    size_t kept_count;
    uint32_t since_chores;    // Messages
    char token[20];           // Of the answer that is waited for; "": none
    bool answered;
    bool poked;               // The socket was used since it was last found empty
    uint64_t tokens;          // Given so far
    uint64_t secret;          // What makes them ours
    //  The message at hand
    zmq_msg_t topic, body;
    uint64_t of_link;         // The connection that it came from
    subscription_t *of;       // NULL: nothing is left in it
    mp_t reader;
    char error[320];
};

//  ------------------------------------------------------------------------------------------------
//  topic_table.c

//  NULL: there is none.
subscription_t *
    topic_find (const zgrid_topic_t *self, bytes_t frame);
//  NULL without memory.
subscription_t *
    topic_add (zgrid_topic_t *self, bytes_t frame);
void
    topic_remove (zgrid_topic_t *self, subscription_t **subscription_p);
void
    topic_clear (zgrid_topic_t *self);
//  Calls fn for all of them.
void
    topic_each (zgrid_topic_t *self, void (*fn) (zgrid_topic_t *self, subscription_t *subscription));
//  How many messages were lost before this one, which came from that connection. *gap: it cannot be known.
uint64_t
    topic_lost (subscription_t *self, uint64_t link, uint64_t publisher, uint64_t number, bool *gap);

//  ------------------------------------------------------------------------------------------------
//  topic.c

//  Keeps what has come; `answer`: until the answer is there.
void
    topic_gather (zgrid_topic_t *self, bool answer);

//  ------------------------------------------------------------------------------------------------
//  topic_link.c

//  Puts what the descriptor tells of into the set.
void
    topic_observe (zgrid_topic_t *self);
//  Listens to this endpoint, with all subscriptions. False: not possible.
bool
    topic_connect (zgrid_topic_t *self, const char *endpoint);
void
    topic_disconnect (zgrid_topic_t *self);
//  Looks after the connection.
void
    topic_chores (zgrid_topic_t *self);
//  Waits until something happens, `until` at most.
void
    topic_wait (zgrid_topic_t *self, uint64_t until);
//  Milliseconds until topic_chores has something to do at the latest.
uint64_t
    topic_next (const zgrid_topic_t *self);
//  Asks to be told when all members know the subscriptions.
void
    topic_ask (zgrid_topic_t *self);

#endif

//  fake_owners: members that own partitions, and a network that loses what it is told to, around a
//  forward_t; and clients that note what they are answered. A partition holds one number.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FAKE_OWNERS_H_INCLUDED
#define FAKE_OWNERS_H_INCLUDED

#include "forward.h"

#define OWNERS_MEMBERS 3
#define OWNERS_ACTORS 2
#define OWNERS_PARTITIONS 8
#define OWNERS_ANY UINT32_MAX

//  What an owner has executed, in order.
typedef struct {
    uint32_t partition;
    unsigned op;
    int64_t value;
    uint64_t id;
    bool with_session;
    uint8_t session[SESSION_SIZE];
} run_t;

//  A reply that a client got.
typedef struct {
    char route[8];
    size_t envelopes; // Frames of its envelope
    uint32_t message; // Number of the message that it came in
    uint64_t id;
    unsigned status;
    int64_t value;
    uint64_t cursor, retry;
    uint32_t missed; // Partitions in meta.missed
    char owner[64];
} answer_t;

//  A LOCK that stands in line.
typedef struct {
    run_t run;
    uint64_t mark, wait;
    uint32_t askings; // How often it has come
} parked_t;

//  A body on its way.
typedef struct parcel {
    struct parcel *next;
    uint32_t member, actor;
    uint64_t mark;
    size_t size;
    uint8_t body[];
} parcel_t;

typedef struct {
    forward_t *forward;
    uint64_t now;
    uint64_t version;
    uint32_t era;
    node_id_t owner[OWNERS_PARTITIONS];  // Who serves it, whatever the view says
    node_id_t listed[OWNERS_PARTITIONS]; // Who does by the next view; 0: nobody
    uint8_t status[OWNERS_MEMBERS];      // By the next view
    int64_t numbers[OWNERS_PARTITIONS];
    //  Faults
    bool full;                   // Nothing can be sent
    bool dead[OWNERS_MEMBERS];
    uint32_t lose_requests, lose_replies; // So many bodies
    unsigned refuse;             // This status…
    uint32_t refuse_count;       // …for so many records…
    uint32_t refuse_partition;   // …of this partition, or OWNERS_ANY
    uint64_t refuse_retry;       // With this meta.retry, if not 0
    bool astray;                 // Members 1 and 2 each say that it is the other
    bool no_sessions;
    bool ap;                     // By the next view the map is in ap mode, and all serve it
    bool hold;                   // Parcels stay where they are
    bool locked;                 // Every LOCK is parked until owners_grant
    //  What happened
    uint32_t bodies, records, sessions;
    uint32_t run_count, answer_count, messages, known_count;
    run_t runs[8192];
    answer_t answers[8192];
    struct { run_t run; int64_t result; } known[8192]; // For those who ask again
    uint64_t acked[2][OWNERS_PARTITIONS]; // The highest ack of any session of the router; [1]: of LOCKs
    uint32_t parked_count;
    parked_t parked[1024];
    buf_t last;                  // The last body that was sent
    parcel_t *first, **end;
} owners_t;

static inline node_id_t
owners_id (uint32_t member)
{
    return 101 + member;
}

//  Member 0 is where the router runs. No view yet: owners_publish. Unnamed settings are 0.
owners_t *
    owners_new (const forward_config_t *config);
void
    owners_destroy (owners_t **self_p);

//  A new view, made of listed and status.
void
    owners_publish (owners_t *self);

//  A key of that partition, and another one.
bytes_t
    owners_key (uint32_t partition);
bytes_t
    owners_other_key (uint32_t partition);

//  A message of a client: a body as wire_request makes them. whole: from a REQ socket.
void
    owners_say (owners_t *self, const char *route, bool whole, const buf_t *body);
//  The same, with one record; value 0: none.
void
    owners_ask (owners_t *self, const char *route, uint64_t id, op_t op, uint32_t partition, int64_t value,
                const options_t *options);

//  Turns and deliveries until all is quiet, at this moment.
void
    owners_run (owners_t *self);
//  Lets time pass; everything happens when it is due.
void
    owners_pass (owners_t *self, uint64_t milliseconds);

//  The owner grants a LOCK that is parked: its answer, late. lost: and nobody hears it.
void
    owners_grant (owners_t *self, uint32_t which, int64_t token, bool lost);

//  The last answer to that id, or NULL.
const answer_t *
    owners_answer (const owners_t *self, const char *route, uint64_t id);

#endif

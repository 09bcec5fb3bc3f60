//  gather: requests that the router answers from several storage actors: a batch whose replies must
//  come in one message (REQ), and SCAN, SIZE, DESTROY and STATS over all of them.
//
//  A ticket stands for one client message. Each storage actor that gets a part of it answers once;
//  the ticket's reply is complete when all have, or when its time is over.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GATHER_H_INCLUDED
#define GATHER_H_INCLUDED

#include "buf.h"
#include "storage.h"

typedef struct gather gather_t;
typedef struct ticket ticket_t;

//  tickets_max: how many may be open. NULL without memory.
gather_t *
    gather_new (uint32_t tickets_max, uint32_t actors, uint32_t partitions);
void
    gather_destroy (gather_t **self_p);

//  Opens a ticket for a message that came with these frames in front of its body (routing id first).
//  NULL: too many are open, or no memory.
ticket_t *
    gather_open (gather_t *self, const bytes_t *frames, size_t count, uint64_t deadline);

//  The number that the parts carry.
uint64_t
    ticket_id (const ticket_t *self);

//  A reply that the router makes itself goes here, as encoded records.
buf_t *
    ticket_replies (ticket_t *self);

//  Notes that part of the message went to a storage actor, so that its answer is waited for.
void
    ticket_expect (ticket_t *self, uint32_t actor);

//  Notes a record that several actors answer: SIZE and DESTROY add up; a SCAN is asked of one
//  actor, and the cursor that it answers goes on with the next. False without memory or past the
//  limit of such records in one message.
bool
    ticket_add_sum (ticket_t *self, uint64_t id, op_t op, uint32_t actor);

//  The same for STATS: of a table, or of counters (which SHEET_NONE).
bool
    ticket_add_stats (ticket_t *self, uint64_t id, sheet_id_t which, uint32_t most);

//  Takes the reply body of one storage actor. Returns the ticket if it is complete now, else NULL.
//  Unknown tickets are passed over.
ticket_t *
    gather_take (gather_t *self, uint64_t id, uint32_t actor, bytes_t body);

//  A ticket whose deadline is over, or NULL. To be finished like a complete one.
ticket_t *
    gather_expired (gather_t *self, uint64_t now);

//  True if nothing is outstanding.
bool
    ticket_complete (const ticket_t *self);

//  Completes the ticket's replies: sums, and PARTIAL with the partitions missed where an actor has
//  not answered. stats_reply builds the value of a STATS reply: of the table, if that is not NULL, or from
//  the sum of all counters.
typedef void (gather_stats_fn) (void *arg, const stats_t *sum, const stats_t *parts, sheet_t *sheet,
                                buf_t *out);
void
    ticket_finish (ticket_t *self, gather_stats_fn *stats_reply, void *arg);

//  Whose the replies are, if not the client's alone: a number of forward.h. 0: nobody's.
void
    ticket_set_owner (ticket_t *self, uint64_t owner);
uint64_t
    ticket_owner (const ticket_t *self);

//  The frames that gather_open was given.
size_t
    ticket_frames (const ticket_t *self, bytes_t *frames, size_t room);

void
    gather_close (gather_t *self, ticket_t **ticket_p);

uint32_t
    gather_count (const gather_t *self);

#endif

//  held: replies that wait for commits. A reply body is one message; each of its records may wait for
//  an entry of one partition's log. It leaves when all of them have come, or with those that came when
//  others are late.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HELD_H_INCLUDED
#define HELD_H_INCLUDED

#include "../buf.h"

//  How one reply record of a body came about. Made while the body is executed.
typedef struct {
    uint32_t offset, end;  // In the body
    uint32_t partition;    // Local
    uint8_t kind;          // mark_kind_t
    uint64_t id;           // Of the request
    uint64_t seq;          // What must be committed before it may be told; 0: nothing
} mark_t;

typedef enum {
    MARK_READ,    // Tells what it saw: needs the lease as well
    MARK_WRITE,   // Changed something, without a session
    MARK_SESSION  // Was recorded under a session: may be asked for again
} mark_kind_t;

typedef struct held held_t;

//  One record that waits: its place is in a partition's queue.
typedef struct {
    uint64_t seq;
    held_t *held;
    uint32_t item;
} wait_t;

//  Waits of one partition, oldest first.
typedef struct {
    wait_t *waits; // A ring; a power of two
    uint32_t room, first, count;
} waits_t;

void
    waits_clear (waits_t *self);

//  All replies that a storage holds, oldest first.
typedef struct {
    held_t *first, *last;
    uint64_t count;
    size_t bytes;
} held_list_t;

//  What became of a record that waited.
typedef enum {
    HELD_WAITS,
    HELD_DONE,    // Committed: its reply stands
    HELD_REPLACE, // It will never be known here
    HELD_SENT     // Has left already
} held_state_t;

//  Copies body and frames; marks with `waits` true (by index) become items. NULL without memory.
held_t *
    held_new (held_list_t *list, unsigned tag, const bytes_t *before, size_t before_count, const buf_t *body,
              const mark_t *marks, uint32_t mark_count, const bool *waits, uint64_t records, uint64_t now);
void
    held_destroy (held_list_t *list, held_t *self);

//  Makes room in a queue for `more` waits. False without memory.
bool
    waits_reserve (waits_t *self, uint32_t more);
//  A wait never overtakes those before it in its partition: a smaller seq is raised to theirs.
void
    waits_add (waits_t *self, uint64_t seq, held_t *held, uint32_t item);

//  An item has left its queue; if it was not given up before, this is what became of it. True if that
//  was the last one.
bool
    held_settle (held_t *self, uint32_t item, held_state_t state);

//  Nobody waits for what is missing any longer: it is replaced. The reply stays until its items have
//  left their queues.
void
    held_give_up (held_t *self);

uint64_t
    held_since (const held_t *self);
held_t *
    held_next (const held_t *self);

//  Builds what may leave now: records that do not wait, replies as they stand, and replacements by
//  `replace` (adds a reply for the record). What has left once does not leave again. False if nothing
//  may.
typedef void (held_replace_fn) (void *arg, const mark_t *mark, buf_t *out);
bool
    held_build (held_t *self, held_replace_fn *replace, void *arg, buf_t *out);

//  What came with it. frames: at least HELD_FRAMES_MAX; they lie in the held reply.
#define HELD_FRAMES_MAX 16
size_t
    held_before (const held_t *self, bytes_t *frames);
unsigned
    held_tag (const held_t *self);
uint64_t
    held_records (const held_t *self);

#endif

//  oplog: the entries of one partition that are not committed everywhere yet, in order and without a
//  gap, as they travel (effect.h).
//  SPDX-License-Identifier: MPL-2.0
#ifndef OPLOG_H_INCLUDED
#define OPLOG_H_INCLUDED

#include "../buf.h"

typedef struct {
    buf_t bytes;     // Entries from `head` on, one after the other
    size_t head;
    uint64_t start;  // Position of bytes.data[head] in the stream of all entries ever
    uint64_t *ends;  // Where each entry ends in that stream; a ring of `room`, a power of two
    uint32_t room, first, count;
    uint64_t base;   // Sequence of the entry before the first; the last one is base + count
    bool open;       // An entry is being written behind the last
    size_t open_at;
} oplog_t;

//  An empty log whose next entry is base + 1. Memory that it has is kept.
void
    oplog_reset (oplog_t *self, uint64_t base);
void
    oplog_clear (oplog_t *self);

static inline uint64_t
oplog_last (const oplog_t *self)
{
    return self->base + self->count;
}

static inline size_t
oplog_size (const oplog_t *self)
{
    return self->bytes.size - self->head;
}

//  Begins an entry of at most `room` bytes. False without memory. What is added afterwards to
//  oplog_bytes (within room) cannot fail.
bool
    oplog_open (oplog_t *self, size_t room);
static inline buf_t *
oplog_bytes (oplog_t *self)
{
    return &self->bytes;
}
//  Room for `room` further bytes in the entry that is open. False without memory: it is as it was.
bool
    oplog_extend (oplog_t *self, size_t room);
//  The entry is complete, or forgotten.
void
    oplog_close (oplog_t *self);
void
    oplog_cancel (oplog_t *self);

//  Adds one entry that lies elsewhere. False without memory.
bool
    oplog_append (oplog_t *self, bytes_t entry);

//  The entry of that sequence, which must be in the log.
bytes_t
    oplog_entry (const oplog_t *self, uint64_t sequence);

//  The entries from a sequence on, as many as `most` bytes hold (at least one if there is one). Returns
//  how many; *slice is where they lie.
uint32_t
    oplog_slice (const oplog_t *self, uint64_t from, size_t most, bytes_t *slice);

//  Forgets entries up to a sequence, or from the one behind it on.
void
    oplog_drop (oplog_t *self, uint64_t upto);
void
    oplog_truncate (oplog_t *self, uint64_t last);

#endif

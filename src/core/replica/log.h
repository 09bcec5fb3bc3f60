//  log: the entries of one partition that are not committed everywhere yet, in order and without a
//  gap, as they travel (effect.h).
//  SPDX-License-Identifier: MPL-2.0
#ifndef LOG_H_INCLUDED
#define LOG_H_INCLUDED

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
} log_t;

//  An empty log whose next entry is base + 1. Memory that it has is kept.
void
    log_reset (log_t *self, uint64_t base);
void
    log_clear (log_t *self);

static inline uint64_t
log_last (const log_t *self)
{
    return self->base + self->count;
}

static inline size_t
log_size (const log_t *self)
{
    return self->bytes.size - self->head;
}

//  Begins an entry of at most `room` bytes. False without memory. What is added afterwards to
//  log_bytes (within room) cannot fail.
bool
    log_open (log_t *self, size_t room);
static inline buf_t *
log_bytes (log_t *self)
{
    return &self->bytes;
}
//  The entry is complete, or forgotten.
void
    log_close (log_t *self);
void
    log_cancel (log_t *self);

//  Adds one entry that lies elsewhere. False without memory.
bool
    log_append (log_t *self, bytes_t entry);

//  The entry of that sequence, which must be in the log.
bytes_t
    log_entry (const log_t *self, uint64_t sequence);

//  The entries from a sequence on, as many as `most` bytes hold (at least one if there is one). Returns
//  how many; *slice is where they lie.
uint32_t
    log_slice (const log_t *self, uint64_t from, size_t most, bytes_t *slice);

//  Forgets entries up to a sequence, or from the one behind it on.
void
    log_drop (log_t *self, uint64_t upto);
void
    log_truncate (log_t *self, uint64_t last);

#endif

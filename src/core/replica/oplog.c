//  oplog: see oplog.h.
//  SPDX-License-Identifier: MPL-2.0
#include "oplog.h"

#include <assert.h>

#include "../mem.h"

#define S_KEEP (1u << 16) // Bytes that an empty log keeps
#define S_ENDS 16

void
oplog_reset (oplog_t *self, uint64_t base)
{
    self->bytes.size = self->head = 0;
    self->bytes.failed = false;
    self->start = 0;
    self->first = self->count = 0;
    self->base = base;
    self->open = false;
    if (self->bytes.room > S_KEEP)
        buf_clear (&self->bytes);
}

void
oplog_clear (oplog_t *self)
{
    buf_clear (&self->bytes);
    mem_free (self->ends);
    *self = (oplog_t) { .base = 0 };
}

static bool
s_grow_ends (oplog_t *self)
{
    if (self->count < self->room)
        return true;
    uint32_t room = self->room ? self->room * 2 : S_ENDS;
    uint64_t *ends = mem_alloc (room * sizeof (uint64_t));
    if (!ends)
        return false;
    for (uint32_t at = 0; at < self->count; at++)
        ends[at] = self->ends[(self->first + at) & (self->room - 1)];
    mem_free (self->ends);
    self->ends = ends;
    self->room = room;
    self->first = 0;
    return true;
}

//  What was dropped in front makes room before more is asked for.
static void
s_pack (oplog_t *self, size_t more)
{
    if (self->head == 0 || self->bytes.room - self->bytes.size >= more)
        return;
    if (self->head < oplog_size (self))
        return;
    memmove (self->bytes.data, self->bytes.data + self->head, oplog_size (self));
    self->bytes.size -= self->head;
    self->head = 0;
}

bool
oplog_open (oplog_t *self, size_t room)
{
    assert (!self->open);
    s_pack (self, room);
    if (!s_grow_ends (self) || !buf_reserve (&self->bytes, room)) {
        self->bytes.failed = false;
        return false;
    }
    self->open = true;
    self->open_at = self->bytes.size;
    return true;
}

bool
oplog_extend (oplog_t *self, size_t room)
{
    assert (self->open);
    bool done = buf_reserve (&self->bytes, room);
    self->bytes.failed = false;
    return done;
}

void
oplog_close (oplog_t *self)
{
    assert (self->open && !self->bytes.failed);
    self->open = false;
    self->ends[(self->first + self->count) & (self->room - 1)] = self->start + oplog_size (self);
    self->count++;
}

void
oplog_cancel (oplog_t *self)
{
    assert (self->open);
    self->open = false;
    self->bytes.size = self->open_at;
}

bool
oplog_append (oplog_t *self, bytes_t entry)
{
    if (!oplog_open (self, entry.size))
        return false;
    buf_add (&self->bytes, entry.data, entry.size);
    oplog_close (self);
    return true;
}

//  Where the entry number `at` of the log begins and ends, in the stream.
static uint64_t
s_begin (const oplog_t *self, uint32_t at)
{
    return at ? self->ends[(self->first + at - 1) & (self->room - 1)] : self->start;
}

static uint64_t
s_end (const oplog_t *self, uint32_t at)
{
    return self->ends[(self->first + at) & (self->room - 1)];
}

static bytes_t
s_bytes (const oplog_t *self, uint64_t begin, uint64_t end)
{
    return bytes_of (self->bytes.data + self->head + (begin - self->start), end - begin);
}

bytes_t
oplog_entry (const oplog_t *self, uint64_t sequence)
{
    assert (sequence > self->base && sequence <= oplog_last (self));
    uint32_t at = (uint32_t) (sequence - self->base - 1);
    return s_bytes (self, s_begin (self, at), s_end (self, at));
}

uint32_t
oplog_slice (const oplog_t *self, uint64_t from, size_t most, bytes_t *slice)
{
    *slice = bytes_of (NULL, 0);
    if (from <= self->base || from > oplog_last (self))
        return 0;
    uint32_t first = (uint32_t) (from - self->base - 1), count = 1;
    uint64_t begin = s_begin (self, first);
    while (first + count < self->count && s_end (self, first + count) - begin <= most)
        count++;
    *slice = s_bytes (self, begin, s_end (self, first + count - 1));
    return count;
}

void
oplog_drop (oplog_t *self, uint64_t upto)
{
    assert (!self->open);
    if (upto <= self->base)
        return;
    uint64_t drop = upto - self->base < self->count ? upto - self->base : self->count;
    if (drop) {
        uint64_t end = s_end (self, (uint32_t) drop - 1);
        self->head += end - self->start;
        self->start = end;
        self->first = (self->first + (uint32_t) drop) & (self->room - 1);
        self->count -= (uint32_t) drop;
        self->base += drop;
    }
    if (self->count == 0)
        oplog_reset (self, self->base);
}

void
oplog_truncate (oplog_t *self, uint64_t last)
{
    assert (!self->open && last >= self->base);
    if (last >= oplog_last (self))
        return;
    self->count = (uint32_t) (last - self->base);
    uint64_t end = self->count ? s_end (self, self->count - 1) : self->start;
    self->bytes.size = self->head + (end - self->start);
}

//  feed: see feed.h.
//  SPDX-License-Identifier: MPL-2.0
#include "feed.h"

#include "buf.h"
#include "mem.h"

#define S_KEEP (64u << 10) // Bytes of memory that an emptied feed keeps

struct feed {
    buf_t bytes; // Changes one after the other, each a head, map and key
    size_t at;   // Of the oldest
    size_t bytes_max;
    uint64_t lost;
};

typedef struct {
    uint64_t version, number;
    uint32_t partition, map_size;
    size_t key_size;
    uint8_t kind, reason;
    bool repeat;
} s_head_t;

feed_t *
feed_new (size_t bytes_max)
{
    feed_t *self = mem_alloc_zero (1, sizeof (feed_t));
    if (self)
        self->bytes_max = bytes_max;
    return self;
}

void
feed_destroy (feed_t **self_p)
{
    feed_t *self = *self_p;
    if (!self)
        return;
    buf_clear (&self->bytes);
    mem_free (self);
    *self_p = NULL;
}

//  The bytes of what was taken are given up when they are half of all.
static void
s_close_ranks (feed_t *self)
{
    if (self->at < self->bytes.size - self->at)
        return;
    memmove (self->bytes.data, self->bytes.data + self->at, self->bytes.size - self->at);
    self->bytes.size -= self->at;
    self->at = 0;
}

void
feed_add (feed_t *self, const feed_change_t *change)
{
    s_head_t head = { .version = change->version,
                      .number = change->number,
                      .partition = change->partition,
                      .map_size = (uint32_t) change->map.size,
                      .key_size = change->key.size,
                      .kind = change->kind,
                      .reason = change->reason,
                      .repeat = change->repeat };
    size_t more = sizeof head + change->map.size + change->key.size;
    if (self->at)
        s_close_ranks (self);
    //  Once something is lost the rest is, too, until what waits has been taken: a hole has one place
    if (self->lost || self->bytes.size - self->at + more > self->bytes_max
        || !buf_reserve (&self->bytes, more)) {
        self->bytes.failed = false;
        self->lost++;
        return;
    }
    buf_add (&self->bytes, &head, sizeof head);
    buf_add (&self->bytes, change->map.data, change->map.size);
    buf_add (&self->bytes, change->key.data, change->key.size);
}

bool
feed_next (feed_t *self, feed_change_t *change)
{
    if (self->at == self->bytes.size) {
        self->at = 0;
        buf_reset (&self->bytes);
        if (self->bytes.room > S_KEEP)
            buf_clear (&self->bytes);
        return false;
    }
    s_head_t head;
    const uint8_t *at = self->bytes.data + self->at;
    memcpy (&head, at, sizeof head);
    at += sizeof head;
    *change = (feed_change_t) { .kind = head.kind,
                                .reason = head.reason,
                                .repeat = head.repeat,
                                .partition = head.partition,
                                .version = head.version,
                                .number = head.number,
                                .map = bytes_of (at, head.map_size),
                                .key = bytes_of (at + head.map_size, head.key_size) };
    self->at += sizeof head + head.map_size + head.key_size;
    return true;
}

uint64_t
feed_take_lost (feed_t *self)
{
    uint64_t lost = self->lost;
    self->lost = 0;
    return lost;
}

//  held: see held.h.
//  SPDX-License-Identifier: MPL-2.0
#include "held.h"

#include <assert.h>

#include "../mem.h"
#include "../wire.h"

typedef struct {
    mark_t mark;
    held_state_t state;
} s_item_t;

struct held {
    held_t *next, *previous;
    size_t bytes; // This block
    uint64_t since;
    uint64_t records;
    unsigned tag;
    uint32_t item_count, waiting;
    uint32_t body_size;
    uint32_t before_count;
    bool begun; // Something has left: what stands between the items has, too
    uint32_t before_sizes[HELD_FRAMES_MAX];
    s_item_t items[]; // Then the frames before, then the body
};

static uint8_t *
s_frames (const held_t *self)
{
    return (uint8_t *) (uintptr_t) (self->items + self->item_count);
}

static uint8_t *
s_body (const held_t *self)
{
    uint8_t *at = s_frames (self);
    for (uint32_t frame = 0; frame < self->before_count; frame++)
        at += self->before_sizes[frame];
    return at;
}

held_t *
held_new (held_list_t *list, unsigned tag, const bytes_t *before, size_t before_count, const buf_t *body,
          const mark_t *marks, uint32_t mark_count, const bool *waits, uint64_t records, uint64_t now)
{
    assert (before_count <= HELD_FRAMES_MAX);
    uint32_t items = 0;
    size_t frames = 0;
    for (uint32_t at = 0; at < mark_count; at++)
        items += waits[at];
    for (size_t at = 0; at < before_count; at++)
        frames += before[at].size;
    size_t size = sizeof (held_t) + items * sizeof (s_item_t) + frames + body->size;
    held_t *self = mem_alloc (size);
    if (!self)
        return NULL;
    *self = (held_t) { .bytes = size,
                       .since = now,
                       .records = records,
                       .tag = tag,
                       .item_count = items,
                       .waiting = items,
                       .body_size = (uint32_t) body->size,
                       .before_count = (uint32_t) before_count,
                       .previous = list->last };
    uint32_t item = 0;
    for (uint32_t at = 0; at < mark_count; at++)
        if (waits[at])
            self->items[item++] = (s_item_t) { marks[at], HELD_WAITS };
    uint8_t *to = s_frames (self);
    for (size_t at = 0; at < before_count; at++) {
        self->before_sizes[at] = (uint32_t) before[at].size;
        if (before[at].size)
            memcpy (to, before[at].data, before[at].size);
        to += before[at].size;
    }
    memcpy (to, body->data, body->size);
    *(list->last ? &list->last->next : &list->first) = self;
    list->last = self;
    list->count++;
    list->bytes += size;
    return self;
}

void
held_destroy (held_list_t *list, held_t *self)
{
    *(self->previous ? &self->previous->next : &list->first) = self->next;
    *(self->next ? &self->next->previous : &list->last) = self->previous;
    list->count--;
    list->bytes -= self->bytes;
    mem_free (self);
}

void
waits_clear (waits_t *self)
{
    mem_free (self->waits);
    *self = (waits_t) { .waits = NULL };
}

bool
waits_reserve (waits_t *self, uint32_t more)
{
    uint32_t room = self->room ? self->room : 16;
    while (room < self->count + more)
        room *= 2;
    if (room == self->room)
        return true;
    wait_t *waits = mem_alloc (room * sizeof (wait_t));
    if (!waits)
        return false;
    for (uint32_t at = 0; at < self->count; at++)
        waits[at] = self->waits[(self->first + at) & (self->room - 1)];
    mem_free (self->waits);
    self->waits = waits;
    self->room = room;
    self->first = 0;
    return true;
}

void
waits_add (waits_t *self, uint64_t seq, held_t *held, uint32_t item)
{
    assert (self->count < self->room);
    if (self->count) {
        uint64_t newest = self->waits[(self->first + self->count - 1) & (self->room - 1)].seq;
        seq = seq < newest ? newest : seq;
    }
    self->waits[(self->first + self->count++) & (self->room - 1)] = (wait_t) { seq, held, item };
}

bool
held_settle (held_t *self, uint32_t item, held_state_t state)
{
    assert (self->waiting && state != HELD_WAITS);
    if (self->items[item].state == HELD_WAITS)
        self->items[item].state = state;
    return --self->waiting == 0;
}

void
held_give_up (held_t *self)
{
    for (uint32_t item = 0; item < self->item_count; item++)
        if (self->items[item].state == HELD_WAITS)
            self->items[item].state = HELD_REPLACE;
}

uint64_t
held_since (const held_t *self)
{
    return self->since;
}

held_t *
held_next (const held_t *self)
{
    return self->next;
}

bool
held_build (held_t *self, held_replace_fn *replace, void *arg, buf_t *out)
{
    const uint8_t *body = s_body (self);
    size_t begin = out->size;
    wire_begin (out);
    size_t empty = out->size;
    uint32_t at = WIRE_SIGNATURE_SIZE;
    for (uint32_t item = 0; item < self->item_count; item++) {
        s_item_t *it = &self->items[item];
        if (!self->begun)
            buf_add (out, body + at, it->mark.offset - at);
        at = it->mark.end;
        if (it->state == HELD_DONE)
            buf_add (out, body + it->mark.offset, it->mark.end - it->mark.offset);
        else if (it->state == HELD_REPLACE)
            replace (arg, &it->mark, out);
        if (it->state != HELD_WAITS)
            it->state = HELD_SENT;
    }
    if (!self->begun)
        buf_add (out, body + at, self->body_size - at);
    self->begun = true;
    if (out->size > empty)
        return true;
    out->size = begin;
    return false;
}

size_t
held_before (const held_t *self, bytes_t *frames)
{
    const uint8_t *at = s_frames (self);
    for (uint32_t frame = 0; frame < self->before_count; frame++) {
        frames[frame] = bytes_of (at, self->before_sizes[frame]);
        at += self->before_sizes[frame];
    }
    return self->before_count;
}

unsigned
held_tag (const held_t *self)
{
    return self->tag;
}

uint64_t
held_records (const held_t *self)
{
    return self->records;
}

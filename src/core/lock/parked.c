//  parked: see parked.h.
//  SPDX-License-Identifier: MPL-2.0
#include "parked.h"

#include "../mem.h"

struct parked {
    parked_t *next, *previous;
    size_t bytes; // This block
    uint64_t id;
    unsigned tag;
    uint32_t count;
    uint32_t sizes[PARKED_FRAMES_MAX];
    uint8_t frames[];
};

bool
parked_full (const parked_list_t *list)
{
    return list->count >= PARKED_MAX || list->bytes >= PARKED_BYTES_MAX;
}

parked_t *
parked_new (parked_list_t *list, unsigned tag, const bytes_t *before, size_t before_count, uint64_t id)
{
    size_t size = 0;
    for (size_t at = 0; at < before_count; at++)
        size += before[at].size;
    parked_t *self = before_count <= PARKED_FRAMES_MAX ? mem_alloc (sizeof (parked_t) + size) : NULL;
    if (!self)
        return NULL;
    *self = (parked_t) { .next = list->first,
                         .bytes = sizeof (parked_t) + size,
                         .id = id,
                         .tag = tag,
                         .count = (uint32_t) before_count };
    uint8_t *to = self->frames;
    for (size_t at = 0; at < before_count; at++) {
        self->sizes[at] = (uint32_t) before[at].size;
        if (before[at].size)
            memcpy (to, before[at].data, before[at].size);
        to += before[at].size;
    }
    if (list->first)
        list->first->previous = self;
    list->first = self;
    list->count++;
    list->bytes += self->bytes;
    return self;
}

void
parked_destroy (parked_list_t *list, parked_t **self_p)
{
    parked_t *self = *self_p;
    if (!self)
        return;
    *(self->previous ? &self->previous->next : &list->first) = self->next;
    if (self->next)
        self->next->previous = self->previous;
    list->count--;
    list->bytes -= self->bytes;
    mem_free (self);
    *self_p = NULL;
}

size_t
parked_before (const parked_t *self, bytes_t *frames)
{
    const uint8_t *at = self->frames;
    for (uint32_t frame = 0; frame < self->count; frame++) {
        frames[frame] = bytes_of (at, self->sizes[frame]);
        at += self->sizes[frame];
    }
    return self->count;
}

unsigned
parked_tag (const parked_t *self)
{
    return self->tag;
}

uint64_t
parked_id (const parked_t *self)
{
    return self->id;
}

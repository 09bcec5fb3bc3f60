//  pending: from the id of a reply to the item that waits for it. Ids are counted up, so that the
//  place of an id is its remainder; a place that is still taken by a slow one is passed over.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"

#define S_SIZE_FIRST 1024

//  Different remainders stay different when the size is doubled.
static bool
s_grow (pending_t *self)
{
    size_t size = self->size ? self->size * 2 : S_SIZE_FIRST;
    if (size > UINT32_MAX / 2)
        return false;
    item_t **slots = mem_alloc_zero (size, sizeof *slots);
    if (!slots)
        return false;
    for (size_t at = 0; at < self->size; at++)
        if (self->slots[at])
            slots[self->slots[at]->id & (size - 1)] = self->slots[at];
    mem_free (self->slots);
    self->slots = slots;
    self->size = size;
    return true;
}

bool
pending_reserve (pending_t *self, size_t count)
{
    while (self->used + count > self->size / 2)
        if (!s_grow (self))
            return false;
    return true;
}

void
pending_add (pending_t *self, item_t *item)
{
    assert (self->used < self->size);
    size_t mask = self->size - 1;
    if (self->last < PENDING_FIRST - 1)
        self->last = PENDING_FIRST - 1;
    do
        self->last++;
    while (self->slots[self->last & mask]);
    item->id = self->last;
    self->slots[item->id & mask] = item;
    self->used++;
    self->waiting += item->waits;
}

void
pending_restore (pending_t *self, item_t *item, uint64_t id)
{
    assert (self->used < self->size && !self->slots[id & (self->size - 1)]);
    item->id = id;
    self->slots[id & (self->size - 1)] = item;
    self->used++;
    self->waiting += item->waits;
}

void
pending_remove (pending_t *self, item_t *item)
{
    assert (pending_find (self, item->id) == item);
    self->slots[item->id & (self->size - 1)] = NULL;
    self->used--;
    self->waiting -= item->waits;
    item->id = 0;
}

uint64_t
pending_low (pending_t *self, bool apart)
{
    uint64_t *low = apart ? &self->low_apart : &self->low;
    if (*low < PENDING_FIRST)
        *low = PENDING_FIRST;
    //  Each id is passed once
    for (; *low <= self->last; ++*low) {
        const item_t *item = pending_find (self, *low);
        if (item && item->apart == apart)
            break;
    }
    return *low;
}

void
pending_clear (pending_t *self)
{
    mem_free (self->slots);
    *self = (pending_t) { .slots = NULL };
}

//  big: see big.h.
//  SPDX-License-Identifier: MPL-2.0
#include "big.h"

#include <assert.h>

void
big_settle (big_t *self)
{
    self->floor = self->count == BIG_ROOM ? UINT64_MAX : 0;
    for (uint32_t at = 0; at < self->count && self->count == BIG_ROOM; at++)
        self->floor = self->keys[at].bytes < self->floor ? self->keys[at].bytes : self->floor;
}

void
big_add (big_t *self, uint32_t map, uint32_t partition, uint64_t hash, bytes_t key, uint64_t bytes)
{
    uint32_t at = 0, least = 0;
    for (; at < self->count; at++) {
        const big_key_t *known = &self->keys[at];
        if (known->hash == hash && known->map == map && known->partition == partition)
            break;
        least = known->bytes < self->keys[least].bytes ? at : least;
    }
    if (at == BIG_ROOM && bytes <= self->floor)
        return;
    if (at == self->count)
        at = self->count < BIG_ROOM ? self->count++ : least;
    big_key_t *entry = &self->keys[at];
    *entry = (big_key_t) { .map = map,
                           .partition = partition,
                           .hash = hash,
                           .bytes = bytes,
                           .key_size = key.size,
                           .prefix_size = (uint8_t) (key.size < BIG_PREFIX ? key.size : BIG_PREFIX) };
    if (entry->prefix_size)
        memcpy (entry->prefix, key.data, entry->prefix_size);
    big_settle (self);
}

void
big_drop (big_t *self, uint32_t at)
{
    assert (at < self->count);
    self->keys[at] = self->keys[--self->count];
    big_settle (self);
}

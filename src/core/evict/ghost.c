//  ghost: see ghost.h.
//  SPDX-License-Identifier: MPL-2.0
#include "ghost.h"

#include <string.h>

#include "../mem.h"

void
ghost_clear (ghost_t *self)
{
    if (self->buckets)
        *self->bytes -= (size_t) self->count * sizeof *self->buckets;
    mem_free (self->buckets);
    self->buckets = NULL;
    self->count = 0;
}

void
ghost_fit (ghost_t *self, uint64_t entries)
{
    uint64_t held = (uint64_t) self->count * GHOST_BUCKET;
    if (entries <= held && entries * 4 > held)
        return;
    uint64_t count = 1;
    while (count * GHOST_BUCKET < entries && count < (UINT64_C (1) << 31))
        count *= 2;
    if (count == self->count)
        return;
    ghost_clear (self);
    self->buckets = mem_alloc_zero (count, sizeof *self->buckets);
    if (!self->buckets)
        return;
    self->count = (uint32_t) count;
    *self->bytes += count * sizeof *self->buckets;
}

//  0 stands for none.
static uint16_t
s_print (uint64_t hash)
{
    uint16_t print = (uint16_t) (hash >> 32);
    return print ? print : 1;
}

//  The newest comes first.
void
ghost_add (ghost_t *self, uint64_t hash)
{
    if (!self->buckets)
        return;
    uint16_t *bucket = self->buckets[hash & (self->count - 1)];
    memmove (bucket + 1, bucket, (GHOST_BUCKET - 1) * sizeof *bucket);
    bucket[0] = s_print (hash);
}

bool
ghost_take (ghost_t *self, uint64_t hash)
{
    if (!self->buckets)
        return false;
    uint16_t *bucket = self->buckets[hash & (self->count - 1)], print = s_print (hash);
    for (unsigned at = 0; at < GHOST_BUCKET; at++)
        if (bucket[at] == print) {
            memmove (bucket + at, bucket + at + 1, (GHOST_BUCKET - 1 - at) * sizeof *bucket);
            bucket[GHOST_BUCKET - 1] = 0;
            return true;
        }
    return false;
}

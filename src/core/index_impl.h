//  index_impl: what the files of the index share. For index*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef INDEX_IMPL_H_INCLUDED
#define INDEX_IMPL_H_INCLUDED

#include <assert.h>

#include "index.h"

#define INDEX_LINE 64 // Bytes that come from memory at once

static inline uint64_t
index_in_load (const slot_t *slot)
{
    return atomic_load_explicit ((slot_t *) (uintptr_t) slot, memory_order_acquire);
}

static inline void
index_in_store (slot_t *slot, uint64_t value)
{
    atomic_store_explicit (slot, value, memory_order_release);
}

static inline uint64_t
index_in_slot (entry_t *entry, uint64_t hash, unsigned code)
{
    assert (((uintptr_t) entry >> 48) == 0);
    return (uint64_t) (uintptr_t) entry | (hash & 0xff) << 48 | (uint64_t) code << 56;
}

//  Buckets in the order of their hashes: 0, 1, 2… A table has group << groups buckets; the first
//  `groups` bits of a position tell the group, the others, evenly divided, the bucket in it.
static inline uint32_t
index_in_rank (uint32_t position, const table_t *table)
{
    uint32_t group = (uint32_t) ((uint64_t) position >> (32 - table->groups));
    uint32_t rest = (uint32_t) ((uint64_t) position << table->groups);
    return group * table->group + (uint32_t) ((uint64_t) rest * table->group >> 32);
}

//  The first position of the bucket of this rank.
static inline uint64_t
index_in_first_position (uint64_t rank, const table_t *table)
{
    uint64_t width = INDEX_END >> table->groups; // Positions of a group
    return rank / table->group * width + (rank % table->group * width + table->group - 1) / table->group;
}

static inline uint32_t
index_in_reverse (uint32_t bits)
{
    bits = (bits >> 1 & 0x55555555) | (bits & 0x55555555) << 1;
    bits = (bits >> 2 & 0x33333333) | (bits & 0x33333333) << 2;
    bits = (bits >> 4 & 0x0f0f0f0f) | (bits & 0x0f0f0f0f) << 4;
    return __builtin_bswap32 (bits);
}

//  Where in memory the home bucket of a position is. Groups lie in bit-reversed order: keys that come
//  in the order of their hashes (from a scan of another map, or of another copy) spread over the whole
//  table instead of filling its beginning, which would make every search as long as the table.
static inline uint32_t
index_in_home (uint32_t position, const table_t *table)
{
    uint64_t groups = UINT64_C (1) << table->groups;
    uint32_t group = (uint32_t) ((uint64_t) index_in_reverse (position) & (groups - 1));
    uint32_t rest = (uint32_t) ((uint64_t) position << table->groups);
    return group * table->group + (uint32_t) ((uint64_t) rest * table->group >> 32);
}

static inline table_t *
index_in_table (const index_t *self)
{
    return atomic_load_explicit (&((index_t *) (uintptr_t) self)->table, memory_order_acquire);
}

static inline table_t *
index_in_old (const index_t *self)
{
    return atomic_load_explicit (&((index_t *) (uintptr_t) self)->old, memory_order_acquire);
}

static inline uint32_t
index_in_sequence (const index_t *self)
{
    return atomic_load_explicit (&((index_t *) (uintptr_t) self)->sequence, memory_order_acquire);
}

static inline uint32_t
index_in_moved (const index_t *self)
{
    return atomic_load_explicit (&((index_t *) (uintptr_t) self)->moved, memory_order_acquire);
}

//  The table that a position belongs to now; NULL if there is none.
static inline table_t *
index_in_table_for (const index_t *self, uint32_t position)
{
    table_t *old = index_in_old (self);
    if (__builtin_expect (old != NULL, 0) && index_in_rank (position, old) >= index_in_moved (self))
        return old;
    return index_in_table (self);
}

#endif

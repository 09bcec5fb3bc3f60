//  entry: how one key and its value lie in memory.
//
//      0        8        16      20
//      +--------+--------+-------+--------------------+-----+-------+
//      | version|  life  | sizes | wide sizes, or not | key | value |
//      +--------+--------+-------+--------------------+-----+-------+
//
//  life  = deadline (42 bits, ms of the boot clock, 0: none) << 22 | access (22 bits)
//  sizes = wide (bit 31), or key size (8 bits) << 20 | value size (20 bits); and marks of eviction: fresh
//          (bit 30), hits (bits 28 and 29)
//  wide sizes (8 bytes) = key size (u32), value size (u32); only if wide
//
//  Key, value and their sizes never change once the entry can be found; version, life and marks may, and
//  are therefore atomic: local readers look at entries without the owner's knowledge (reclaim.h).
//  SPDX-License-Identifier: MPL-2.0
#ifndef ENTRY_H_INCLUDED
#define ENTRY_H_INCLUDED

#include <stdatomic.h>

#include "bytes.h"

typedef struct {
    _Atomic uint64_t version;
    _Atomic uint64_t life;
    _Atomic uint32_t sizes;
    uint8_t data[];
} entry_t;

#define ENTRY_HEAD 20
_Static_assert (offsetof (entry_t, data) == ENTRY_HEAD, "the layout of entries");

#define ENTRY_ACCESS_BITS 22
#define ENTRY_ACCESS_MASK ((1u << ENTRY_ACCESS_BITS) - 1)
#define ENTRY_DEADLINE_MAX ((UINT64_C (1) << 42) - 1) // Milliseconds of the boot clock: 139 years
#define ENTRY_WIDE 0x80000000u
#define ENTRY_FRESH 0x40000000u // In the queue of those that have to prove themselves (evict/evictor.h)
#define ENTRY_HIT 0x10000000u
#define ENTRY_HITS (3 * ENTRY_HIT) // Accesses since it came there or was last spared, at most 3
#define ENTRY_MARKS (ENTRY_FRESH | ENTRY_HITS)

static inline bool
entry_is_wide (size_t key_size, size_t value_size)
{
    return key_size > 0xff || value_size > 0xfffff;
}

//  Bytes that an entry takes.
static inline size_t
entry_size_for (size_t key_size, size_t value_size)
{
    return ENTRY_HEAD + (entry_is_wide (key_size, value_size) ? 8 : 0) + key_size + value_size;
}

//  Writes the sizes, without marks, and returns where the key begins; the value follows it.
static inline uint8_t *
entry_lay_out (entry_t *self, size_t key_size, size_t value_size)
{
    if (!entry_is_wide (key_size, value_size)) {
        atomic_store_explicit (&self->sizes, (uint32_t) (key_size << 20 | value_size), memory_order_relaxed);
        return self->data;
    }
    uint32_t sizes[2] = { (uint32_t) key_size, (uint32_t) value_size };
    atomic_store_explicit (&self->sizes, ENTRY_WIDE, memory_order_relaxed);
    memcpy (self->data, sizes, sizeof sizes);
    return self->data + sizeof sizes;
}

static inline void
entry_parts (const entry_t *self, bytes_t *key, bytes_t *value)
{
    const uint8_t *at = self->data;
    uint32_t packed = atomic_load_explicit (&((entry_t *) (uintptr_t) self)->sizes, memory_order_relaxed);
    uint32_t sizes[2] = { packed >> 20 & 0xff, packed & 0xfffff };
    if (packed & ENTRY_WIDE) {
        memcpy (sizes, self->data, sizeof sizes);
        at += sizeof sizes;
    }
    *key = bytes_of (at, sizes[0]);
    *value = bytes_of (at + sizes[0], sizes[1]);
}

static inline bytes_t
entry_key (const entry_t *self)
{
    bytes_t key, value;
    entry_parts (self, &key, &value);
    return key;
}

static inline bytes_t
entry_value (const entry_t *self)
{
    bytes_t key, value;
    entry_parts (self, &key, &value);
    return value;
}

static inline size_t
entry_size (const entry_t *self)
{
    bytes_t key, value;
    entry_parts (self, &key, &value);
    return entry_size_for (key.size, value.size);
}

static inline uint64_t
entry_version (const entry_t *self)
{
    return atomic_load_explicit (&self->version, memory_order_relaxed);
}

//  Milliseconds of the boot clock, 0: lives until it is removed.
static inline uint64_t
entry_deadline (const entry_t *self)
{
    return atomic_load_explicit (&self->life, memory_order_relaxed) >> ENTRY_ACCESS_BITS;
}

static inline uint32_t
entry_access (const entry_t *self)
{
    return (uint32_t) atomic_load_explicit (&self->life, memory_order_relaxed) & ENTRY_ACCESS_MASK;
}

static inline uint64_t
entry_life (uint64_t deadline, uint32_t access)
{
    return deadline << ENTRY_ACCESS_BITS | (access & ENTRY_ACCESS_MASK);
}

static inline bool
entry_expired (const entry_t *self, uint64_t now)
{
    uint64_t deadline = entry_deadline (self);
    return deadline && deadline <= now;
}

static inline uint32_t
entry_marks (const entry_t *self)
{
    return atomic_load_explicit (&((entry_t *) (uintptr_t) self)->sizes, memory_order_relaxed) & ENTRY_MARKS;
}

//  The owner's. A hit that is counted at the same moment may be lost.
static inline void
entry_set_marks (entry_t *self, uint32_t marks)
{
    uint32_t sizes = atomic_load_explicit (&self->sizes, memory_order_relaxed);
    atomic_store_explicit (&self->sizes, (sizes & ~ENTRY_MARKS) | marks, memory_order_relaxed);
}

//  Counts an access, up to three. Anybody may; what the owner sets meanwhile is never undone.
static inline void
entry_hit (entry_t *self)
{
    uint32_t sizes = atomic_load_explicit (&self->sizes, memory_order_relaxed);
    if ((sizes & ENTRY_HITS) != ENTRY_HITS)
        atomic_compare_exchange_strong_explicit (&self->sizes, &sizes, sizes + ENTRY_HIT,
                                                 memory_order_relaxed, memory_order_relaxed);
}

//  The clock of accesses where entries are not evicted: a quarter of a second a tick, wraps after 12
//  days. Elsewhere it ticks with evictions as well (evict/ages.h).
static inline uint32_t
entry_clock (uint64_t now)
{
    return (uint32_t) (now >> 8) & ENTRY_ACCESS_MASK;
}

//  Ticks since the last access. One that a reader noted with a clock ahead of this one was just now.
static inline uint32_t
entry_age (const entry_t *self, uint32_t clock)
{
    uint32_t age = (clock - entry_access (self)) & ENTRY_ACCESS_MASK;
    return age > ENTRY_ACCESS_MASK - 1024 ? 0 : age;
}

//  Notes an access. Anybody may; a deadline that the owner sets meanwhile is never undone.
static inline void
entry_touch (entry_t *self, uint32_t clock)
{
    uint64_t life = atomic_load_explicit (&self->life, memory_order_relaxed);
    if ((life & ENTRY_ACCESS_MASK) != clock)
        atomic_compare_exchange_strong_explicit (&self->life, &life,
                                                 (life & ~(uint64_t) ENTRY_ACCESS_MASK) | clock,
                                                 memory_order_relaxed, memory_order_relaxed);
}

#endif

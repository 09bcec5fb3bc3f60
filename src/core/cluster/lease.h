//  lease: until when this node may answer reads from its table without asking anybody (consistency 4).
//
//  The beacon renews it, storage actors and local readers compare it with the boot clock. The word
//  holds the member's generation as well: a lease renewed in a generation that the reader's view does
//  not know yet says nothing about that view.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LEASE_H_INCLUDED
#define LEASE_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LEASE_GENERATION_BITS 20
#define LEASE_GENERATION_MASK ((UINT64_C (1) << LEASE_GENERATION_BITS) - 1)

//  Written by one thread, read by many.
typedef struct {
    _Atomic uint64_t word; // until (milliseconds of the boot clock) << 20 | generation
} lease_t;

//  What lease_valid compares: a node that is alone in its cluster needs nobody's leave.
#define LEASE_FOREVER (UINT64_MAX >> LEASE_GENERATION_BITS)

static inline void
lease_set (lease_t *self, uint64_t until, uint64_t generation)
{
    atomic_store_explicit (&self->word, until << LEASE_GENERATION_BITS | (generation & LEASE_GENERATION_MASK),
                           memory_order_release);
}

//  now must have been read after whatever the lease shall protect.
static inline bool
lease_valid (const lease_t *self, uint64_t generation, uint64_t now)
{
    uint64_t word = atomic_load_explicit (&((lease_t *) (uintptr_t) self)->word, memory_order_acquire);
    return (word & LEASE_GENERATION_MASK) == (generation & LEASE_GENERATION_MASK)
           && now < word >> LEASE_GENERATION_BITS;
}

//  True if no clock need be read to know that the lease is valid: the node is alone in its cluster.
static inline bool
lease_is_endless (const lease_t *self)
{
    uint64_t word = atomic_load_explicit (&((lease_t *) (uintptr_t) self)->word, memory_order_acquire);
    return word >> LEASE_GENERATION_BITS == LEASE_FOREVER;
}

//  The same for a lease of one generation.
static inline bool
lease_is_forever (const lease_t *self, uint64_t generation)
{
    uint64_t word = atomic_load_explicit (&((lease_t *) (uintptr_t) self)->word, memory_order_acquire);
    return word == (LEASE_FOREVER << LEASE_GENERATION_BITS | (generation & LEASE_GENERATION_MASK));
}

#endif

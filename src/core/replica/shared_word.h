//  shared_word: what a partition's owner tells local readers about it (doc/consistency.md 6). They read
//  the word, the entry, the word again, and only then the clock and the lease. An answer counts if the
//  partition was served from the first to the second look and what was seen is committed.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SHARED_WORD_H_INCLUDED
#define SHARED_WORD_H_INCLUDED

#include "../cluster/lease.h"

//  Written by the partition's storage actor, read by any thread. Zeroed: not served here.
typedef struct shared_word {
    _Atomic uint64_t word;    // generation << 32 | number of changes << 1 | served; 0: never served
    _Atomic uint64_t commit;  // Entries up to this version are committed; UINT64_MAX: whatever is seen
    _Atomic uint64_t removed; // The version of the last removal
    uint64_t unused;          // A power of two: none lies across a cache line
} shared_word_t;

#define SHARED_WORD_SERVED UINT64_C (1)
#define SHARED_COMMIT_ALL UINT64_MAX // A copy without others: everything is committed at once

//  ------------------------------------------------------------------------------------------------
//  The owner

static inline uint64_t
shared_word_next (const shared_word_t *self)
{
    uint64_t word = atomic_load_explicit (&((shared_word_t *) (uintptr_t) self)->word, memory_order_relaxed);
    return (word + 2) & UINT64_C (0xfffffffe); // The next number of changes, not served
}

//  From now on readers may answer. After everything else that the role needs is in place. removed:
//  the version of the last removal that may not be committed; 0: none. Again with each new
//  generation of this member (consistency 4).
static inline void
shared_word_serve (shared_word_t *self, uint64_t generation, uint64_t commit, uint64_t removed)
{
    uint64_t next = shared_word_next (self);
    atomic_store_explicit (&self->word, next, memory_order_release);
    atomic_store_explicit (&self->commit, commit, memory_order_release);
    atomic_store_explicit (&self->removed, removed, memory_order_release);
    atomic_store_explicit (&self->word,
                           (generation & LEASE_GENERATION_MASK) << 32 | next | SHARED_WORD_SERVED,
                           memory_order_release);
}

//  From now on they may not: before the partition is sealed, its role changes, or its copy goes. What
//  is changed or published afterwards must be so with release.
static inline void
shared_word_stop (shared_word_t *self)
{
    atomic_store_explicit (&self->word, shared_word_next (self), memory_order_release);
}

//  Everything up to this version is committed.
static inline void
shared_word_commit (shared_word_t *self, uint64_t version)
{
    atomic_store_explicit (&self->commit, version, memory_order_release);
}

//  Something is about to be removed with this version (DEL, expiry, eviction, DESTROY): before it
//  leaves the table.
static inline void
shared_word_remove (shared_word_t *self, uint64_t version)
{
    atomic_store_explicit (&self->removed, version, memory_order_release);
}

static inline bool
shared_word_is_served (const shared_word_t *self)
{
    return atomic_load_explicit (&((shared_word_t *) (uintptr_t) self)->word, memory_order_relaxed)
           & SHARED_WORD_SERVED;
}

//  ------------------------------------------------------------------------------------------------
//  Readers

//  Before the lookup. 0: not served here, ask the actor.
static inline uint64_t
shared_word_begin (const shared_word_t *self)
{
    uint64_t word = atomic_load_explicit (&((shared_word_t *) (uintptr_t) self)->word, memory_order_acquire);
    return word & SHARED_WORD_SERVED ? word : 0;
}

//  After the lookup, whose loads must all have been acquire: what it found has this version, or it
//  found nothing (0; then the last removal stands for it). True if that was committed, and the
//  partition served all the time; the lease is still to be compared.
static inline bool
shared_word_end (const shared_word_t *self, uint64_t word, uint64_t version)
{
    shared_word_t *shared = (shared_word_t *) (uintptr_t) self;
    if (version == 0)
        version = atomic_load_explicit (&shared->removed, memory_order_acquire);
    return version <= atomic_load_explicit (&shared->commit, memory_order_acquire)
           && atomic_load_explicit (&shared->word, memory_order_acquire) == word;
}

//  Whose lease it is that has to be valid.
static inline uint64_t
shared_word_generation (uint64_t word)
{
    return word >> 32;
}

#endif

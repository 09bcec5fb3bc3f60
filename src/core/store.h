//  store: the entries of one map in one partition: index, entries and exact accounting. Knows bytes,
//  versions and deadlines; what an operation means is decided above (ops).
//  SPDX-License-Identifier: MPL-2.0
#ifndef STORE_H_INCLUDED
#define STORE_H_INCLUDED

#include "heap.h"
#include "index.h"

struct store;
struct place;

//  Sums over the stores of one partition.
typedef struct {
    uint64_t entries;
    size_t data_bytes, used_bytes;
} store_tally_t;

//  What the stores of one storage actor share, and their sums. One owner, one thread.
typedef struct {
    heap_t *heap;
    reclaim_t *reclaim;
    const hash_secret_t *secret;
    uint64_t entries;
    uint64_t expiring;   // Entries with a deadline
    size_t data_bytes;   // Keys and values
    size_t used_bytes;   // What these entries take in the heap
    size_t index_bytes;  // Tables
    uint64_t rehashes;   // Of stores that are gone
    store_tally_t *tallies; // The same of each partition, by local partition; NULL: nobody wants them
    //  Asked before an expired entry goes: removes it, or leaves it and returns false. NULL: it goes.
    bool (*expire) (void *arg, struct store *store, struct place *place, uint64_t now);
    void *expire_arg;
} pool_t;

//  What some of the stores hold together: the part of a map that this actor is primary of, or all such
//  parts that share a limit.
typedef struct tally {
    uint64_t entries;
    size_t used_bytes;
    struct tally *all; // Counts it as well; may be NULL
} tally_t;

//  What an access leaves behind, for eviction and max idle
#define STORE_NOTES_TIME 1u // When it was
#define STORE_NOTES_HIT 2u  // That it was (entry_hit)

typedef struct store {
    pool_t *pool;
    void *map;          // Whose entries these are, for the owner
    uint32_t partition; // Likewise: local
    _Atomic uint8_t notes; // STORE_NOTES_…
    tally_t *tally;        // store_count; NULL: none
    index_t index;
    uint64_t expiring;
    size_t data_bytes;
    size_t used_bytes;
    uint64_t sweep_place; // Where the sweep for expired entries goes on (index_sweep)
    uint64_t sweep_tick;  // Up to which tick of the deadline clock the last whole round looked
    uint64_t sweep_next;  // At which tick the present round began
    uint64_t sweep_rehash; // index.rehashes when it began; UINT64_MAX: entries were moving then
} store_t;

//  NULL without memory.
store_t *
    store_new (pool_t *pool);

//  Frees the entries and the store, once no local reader can see them. Sets *self_p to NULL.
void
    store_destroy (store_t **self_p);

//  A key that was looked for: found, or where it would go.
typedef struct place {
    bytes_t key;
    uint64_t hash;
    slot_t *slot;   // NULL if it is not there
    entry_t *entry; // The same
} place_t;

//  An entry whose deadline has passed is found as well: see entry_expired. A place is good until the
//  store changes.
place_t
    store_find (const store_t *self, uint64_t hash, bytes_t key);

//  The same with what index_prefetch_entry has found out.
place_t
    store_find_hinted (const store_t *self, uint64_t hash, bytes_t key, const index_hint_t *hint);

//  Stores a value, made of two parts one after the other (APPEND), at a place; an entry that is
//  there is replaced: that is an access. deadline as in entry.h. Returns false without memory; nothing
//  has changed then. The place is good afterwards and shows the new entry.
bool
    store_set (store_t *self, place_t *place, bytes_t first, bytes_t second, uint64_t version,
               uint64_t deadline,
               uint32_t clock);

//  Sets version and deadline of an entry that is there.
void
    store_set_deadline (store_t *self, place_t *place, uint64_t version, uint64_t deadline);

//  Removes an entry that is there.
void
    store_remove (store_t *self, place_t *place);

//  Counts the store to another tally, or none.
void
    store_count (store_t *self, tally_t *tally);

//  Notes an access to an entry. Anybody may.
static inline void
store_touch (const store_t *self, entry_t *entry, uint32_t clock)
{
    unsigned notes = atomic_load_explicit (&((store_t *) (uintptr_t) self)->notes, memory_order_relaxed);
    if (notes & STORE_NOTES_TIME)
        entry_touch (entry, clock);
    if (notes & STORE_NOTES_HIT)
        entry_hit (entry);
}

static inline uint64_t
store_entries (const store_t *self)
{
    return self->index.live;
}

//  Looks at about `buckets` buckets for entries that have expired and removes at most `most` of
//  them; returns how many. Adds the buckets it looked at to *looked. A whole round finds every entry
//  that had expired when it began.
size_t
    store_sweep (store_t *self, uint64_t now, uint32_t buckets, size_t most, uint32_t *looked);

//  Moves up to `most` entries from sparse pages to others, from *position on (see index_visit).
//  Returns how many it moved.
size_t
    store_compact (store_t *self, uint64_t *position, uint32_t buckets);

//  Counts everything anew and asserts that the accounting is exact. For tests: it visits all.
void
    store_verify (store_t *self);

#endif

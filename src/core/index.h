//  index: from a key's hash to its entry. Open addressing in buckets of one cache line. The buckets
//  have an order, that of the hashes in them, so that a place in the table is a place among all hashes
//  whatever the table's size: cursors survive resizing, and resizing goes bucket by bucket.
//
//      slot = code (8 bits) | tag (8 bits) | address of the entry (48 bits)
//
//  tag is the hash's lowest byte. code tells roughly when the entry ends, so that a sweep for expired
//  entries reads the table and not the entries (index_code). One owner changes it; local readers may
//  look at it at the same time (index_find_shared).
//  SPDX-License-Identifier: MPL-2.0
#ifndef INDEX_H_INCLUDED
#define INDEX_H_INCLUDED

#include <stdatomic.h>

#include "entry.h"
#include "hash.h"
#include "reclaim.h"

#define INDEX_BUCKET 8 // Slots

typedef _Atomic uint64_t slot_t;

typedef struct table {
    uint32_t buckets; // group << groups
    uint32_t groups;  // Logarithm of the number of groups
    uint32_t group;   // Buckets of a group: 1 … 8
    void *block; // What to free
    slot_t *slots;
} table_t;

typedef struct {
    _Atomic (table_t *) table; // NULL while there has been no entry
    _Atomic (table_t *) old;   // While entries move from it to `table`, else NULL
    _Atomic uint32_t moved;    // Buckets of old whose entries have moved
    _Atomic uint32_t sequence; // Odd while entries move: what a local reader sees may be torn
    uint64_t live;             // Entries
    uint64_t filled;           // Slots of `table` that are not empty, tombstones included
    uint64_t expected;         // Entries that are on their way: the table has room for so many
    uint64_t rehashes;
    const hash_secret_t *secret;
    reclaim_t *reclaim;
    size_t *bytes; // Counter of table bytes, shared by all indexes of a storage actor
} index_t;

//  The place of a hash among all: 32 bits, in the order of buckets.
static inline uint32_t
index_position (uint64_t hash)
{
    return (uint32_t) (hash >> 32);
}

//  What a deadline (ms, 0: none) looks like in a slot: 0: none, else 1 + ticks of 4 s modulo 255.
static inline unsigned
index_code (uint64_t deadline)
{
    return deadline ? 1 + (unsigned) ((deadline >> 12) % 255) : 0;
}

void
    index_init (index_t *self, const hash_secret_t *secret, reclaim_t *reclaim, size_t *bytes);

//  Frees the tables, not the entries. No local reader may be left.
void
    index_close (index_t *self);

//  The slot that holds the key, or NULL. Owner only; readable until the index changes.
slot_t *
    index_find (const index_t *self, uint64_t hash, bytes_t key);

static inline entry_t *
index_entry (uint64_t slot)
{
    return (entry_t *) (uintptr_t) (slot & 0xffffffffffff);
}

static inline bool
index_is_entry (uint64_t slot)
{
    return (slot & 0xfffffffffffe) != 0; // Neither empty (0) nor a tombstone (1)
}

//  Adds an entry whose key is not there. False without memory; nothing has changed then.
bool
    index_add (index_t *self, uint64_t hash, entry_t *entry, unsigned code);

//  About so many entries will be there: the table gets room for them and does not shrink below it, until
//  something else is expected (0: what there is). Entries that come in the order of their hashes would
//  else all crowd at the beginning of a small table. Without memory nothing changes.
void
    index_expect (index_t *self, uint64_t entries);

//  Puts another entry of the same key in a slot.
void
    index_replace (slot_t *slot, entry_t *entry, unsigned code);

//  Empties a slot.
void
    index_remove (index_t *self, slot_t *slot);

//  Moves entries of up to `buckets` buckets if the table is being resized, and shrinks a table that
//  is nearly empty; one that is empty goes at once. True if there is more to move.
bool
    index_step (index_t *self, uint32_t buckets);

//  True while a resize is under way.
bool
    index_moving (const index_t *self);

//  Calls visit for the entries at `position` and behind it, bucket by bucket, until one bucket is
//  done. Returns the position that comes next, or INDEX_END. visit may remove or replace the slot it
//  is shown, and nothing else.
#define INDEX_END (UINT64_C (1) << 32)
typedef void (index_visit_fn) (void *arg, slot_t *slot, entry_t *entry, uint64_t hash);
uint64_t
    index_visit (index_t *self, uint64_t position, index_visit_fn *visit, void *arg);

//  Reads slots in the order of memory from place `from` on, `count` buckets, and calls visit for
//  those whose code is within `span` ticks after `first` (see index_code). Returns the place to go on
//  from, 0 at the end. A resize between calls may make it miss entries; the next round finds them.
typedef struct {
    unsigned first, span;
} index_codes_t;
typedef void (index_sweep_fn) (void *arg, slot_t *slot, entry_t *entry);
uint64_t
    index_sweep (index_t *self, uint64_t from, uint32_t count, index_codes_t codes, index_sweep_fn *visit,
                 void *arg);

//  The same for every entry, whatever its code.
uint64_t
    index_each (index_t *self, uint64_t from, uint32_t count, index_sweep_fn *visit, void *arg);

//  True if the slot is one of this index and holds this entry. Neither is followed before that is known:
//  both may be out of date.
bool
    index_holds (const index_t *self, const slot_t *slot, const entry_t *entry);

//  The slot of an entry of this hash that bears one of these marks (entry.h), whatever its key; or NULL.
slot_t *
    index_find_marked (const index_t *self, uint64_t hash, uint32_t marks);

//  How many buckets a search for this hash looks at. For tests of how the table copes.
uint32_t
    index_probes (const index_t *self, uint64_t hash);

//  Buckets in all tables.
uint64_t
    index_buckets (const index_t *self);

//  Asks the cache for what a search will look at: first the bucket, then, when that has come, the
//  entry. The hint goes from step to step: the bucket, then the slot that seems to be the right one.
typedef struct {
    slot_t *slot;      // NULL: nothing to be found
    uint32_t sequence; // Of the index then
} index_hint_t;
void
    index_prefetch_bucket (const index_t *self, uint64_t hash, index_hint_t *hint);
void
    index_prefetch_entry (const index_t *self, uint64_t hash, index_hint_t *hint);

//  As index_find; the hint may be out of date.
slot_t *
    index_find_hinted (const index_t *self, uint64_t hash, bytes_t key, const index_hint_t *hint);

//  For local readers, inside an epoch. Returns the entry, or NULL if there is none, or sets *torn:
//  the table changed meanwhile; ask the owner.
//  hint may be NULL; it must come from this reader's stay in the epoch.
entry_t *
    index_find_shared (const index_t *self, uint64_t hash, bytes_t key, const index_hint_t *hint, bool *torn);

#endif

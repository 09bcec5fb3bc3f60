//  index: see index.h.
//
//  Invariants. An entry lies in its home bucket or, if that was full, in one of the next ones; a
//  bucket that has an empty slot ends the search. A bucket that has once been full never gets an
//  empty slot back (a removal leaves a tombstone), so searches never end too early. Resizing, which
//  begins before 13/16 of the slots are filled, sweeps the tombstones away.
//
//  While a resize is under way, a hash belongs to the old table if its home bucket there has not
//  moved yet, else to the new one: never to both.
//
//  Local readers. Slots are written with release and read with acquire, so a reader that misses an
//  entry because it saw the effect of a move also sees that `sequence` is not what it was.
//  SPDX-License-Identifier: MPL-2.0
#include "index_impl.h"
#include "mem.h"

#define S_TOMB 1u
#define S_MOVE_PER_ADD 2

//  ------------------------------------------------------------------------------------------------
//  Tables

static table_t *
s_table_new (index_t *self, uint64_t wanted)
{
    uint32_t groups = 0;
    while (wanted >> groups >= 8)
        groups++;
    uint32_t group = (uint32_t) ((wanted + (UINT64_C (1) << groups) - 1) >> groups);
    if (groups > 29)
        return NULL;
    uint32_t buckets = group << groups;
    size_t size = (size_t) buckets * INDEX_BUCKET * sizeof (slot_t);
    table_t *table = mem_alloc (sizeof (table_t));
    uint8_t *block = mem_alloc_zero (1, size + INDEX_LINE);
    if (!table || !block) {
        mem_free (table);
        mem_free (block);
        return NULL;
    }
    table->buckets = buckets;
    table->groups = groups;
    table->group = group;
    table->block = block;
    table->slots = (slot_t *) (block + INDEX_LINE - ((uintptr_t) block & (INDEX_LINE - 1)));
    *self->bytes += size + INDEX_LINE + sizeof (table_t);
    return table;
}

static size_t
s_table_bytes (const table_t *table)
{
    return (size_t) table->buckets * INDEX_BUCKET * sizeof (slot_t) + INDEX_LINE + sizeof (table_t);
}

static void
s_table_free (void *owner, void *what, size_t size)
{
    (void) size;
    table_t *table = what;
    *(size_t *) owner -= s_table_bytes (table);
    mem_free (table->block);
    mem_free (table);
}

void
index_init (index_t *self, const hash_secret_t *secret, reclaim_t *reclaim, size_t *bytes)
{
    *self = (index_t) { .secret = secret, .reclaim = reclaim, .bytes = bytes };
}

void
index_close (index_t *self)
{
    table_t *tables[] = { index_in_table (self), index_in_old (self) };
    for (int at = 0; at < 2; at++)
        if (tables[at])
            s_table_free (self->bytes, tables[at], 0);
    atomic_store (&self->table, NULL);
    atomic_store (&self->old, NULL);
}

uint64_t
index_buckets (const index_t *self)
{
    table_t *old = index_in_old (self), *table = index_in_table (self);
    return (table ? table->buckets : 0) + (uint64_t) (old ? old->buckets : 0);
}

//  ------------------------------------------------------------------------------------------------
//  Searching

//  The slot that holds the key, and what stood in it; or NULL.
static inline slot_t *
s_search (const table_t *table, uint64_t hash, bytes_t key, uint64_t *content)
{
    uint32_t bucket = index_in_home (index_position (hash), table);
    for (uint32_t walked = 0; walked < table->buckets; walked++) {
        slot_t *slots = table->slots + (size_t) bucket * INDEX_BUCKET;
        bool ends = false;
        for (int at = 0; at < INDEX_BUCKET; at++) {
            uint64_t slot = index_in_load (&slots[at]);
            if (slot == 0)
                ends = true;
            else if (((slot >> 48) & 0xff) == (hash & 0xff) && index_is_entry (slot)) {
                //  The value will be wanted as well: let all of a small entry come at once
                const char *entry = (const char *) index_entry (slot);
                __builtin_prefetch (entry + INDEX_LINE);
                __builtin_prefetch (entry + 2 * INDEX_LINE);
                if (bytes_equal (entry_key (index_entry (slot)), key)) {
                    *content = slot;
                    return &slots[at];
                }
            }
        }
        if (ends)
            return NULL;
        if (++bucket == table->buckets)
            bucket = 0;
    }
    return NULL;
}

uint32_t
index_probes (const index_t *self, uint64_t hash)
{
    const table_t *table = index_in_table_for (self, index_position (hash));
    uint32_t walked = 0;
    bool ends = table == NULL;
    for (uint32_t bucket = table ? index_in_home (index_position (hash), table) : 0;
         !ends && walked < table->buckets; bucket = (bucket + 1) % table->buckets) {
        for (int at = 0; at < INDEX_BUCKET; at++)
            ends = ends || index_in_load (&table->slots[(size_t) bucket * INDEX_BUCKET + (size_t) at]) == 0;
        walked++;
    }
    return walked;
}

static inline entry_t *
s_hinted (const index_t *self, bytes_t key, const index_hint_t *hint);

slot_t *
index_find (const index_t *self, uint64_t hash, bytes_t key)
{
    table_t *table = index_in_table_for (self, index_position (hash));
    uint64_t content;
    return table ? s_search (table, hash, key, &content) : NULL;
}

entry_t *
index_find_shared (const index_t *self, uint64_t hash, bytes_t key, const index_hint_t *hint, bool *torn)
{
    index_t *index = (index_t *) (uintptr_t) self;
    entry_t *entry = s_hinted (self, key, hint);
    if (entry)
        return entry;
    for (int tries = 0; tries < 4; tries++) {
        uint32_t before = atomic_load_explicit (&index->sequence, memory_order_acquire);
        if (before & 1)
            continue;
        table_t *table = index_in_table_for (self, index_position (hash));
        //  What was found was there, whatever has become of the slot since
        uint64_t content;
        if (table && s_search (table, hash, key, &content))
            return index_entry (content);
        if (atomic_load_explicit (&index->sequence, memory_order_relaxed) == before)
            return NULL;
    }
    *torn = true;
    return NULL;
}

void
index_prefetch_bucket (const index_t *self, uint64_t hash, index_hint_t *hint)
{
    hint->sequence = index_in_sequence (self);
    table_t *table = index_in_table_for (self, index_position (hash));
    hint->slot = table ? table->slots + (size_t) index_in_home (index_position (hash), table) * INDEX_BUCKET
                       : NULL;
    __builtin_prefetch (hint->slot);
}

void
index_prefetch_entry (const index_t *self, uint64_t hash, index_hint_t *hint)
{
    if (hint->sequence != index_in_sequence (self)) // The bucket may be another one by now
        hint->slot = NULL;
    if (!hint->slot)
        return;
    for (int at = 0; at < INDEX_BUCKET; at++, hint->slot++) {
        uint64_t slot = index_in_load (hint->slot);
        if (((slot >> 48) & 0xff) == (hash & 0xff) && index_is_entry (slot)) {
            const char *entry = (const char *) index_entry (slot);
            __builtin_prefetch (entry);
            __builtin_prefetch (entry + INDEX_LINE);
            __builtin_prefetch (entry + 2 * INDEX_LINE);
            return;
        }
    }
    hint->slot = NULL;
}

//  The entry that the hint shows, if the tables have not changed since and it is the right one; else
//  NULL.
static inline entry_t *
s_hinted (const index_t *self, bytes_t key, const index_hint_t *hint)
{
    if (!hint || !hint->slot || hint->sequence != index_in_sequence (self))
        return NULL;
    uint64_t slot = index_in_load (hint->slot);
    bool same = index_is_entry (slot) && bytes_equal (entry_key (index_entry (slot)), key);
    return same ? index_entry (slot) : NULL;
}

slot_t *
index_find_hinted (const index_t *self, uint64_t hash, bytes_t key, const index_hint_t *hint)
{
    return s_hinted (self, key, hint) ? hint->slot : index_find (self, hash, key);
}

//  ------------------------------------------------------------------------------------------------
//  Changing

//  The first free slot on a key's way, or NULL if every slot of the table is taken.
static slot_t *
s_free_slot (table_t *table, uint32_t position, bool *fresh)
{
    uint32_t bucket = index_in_home (position, table);
    for (uint32_t walked = 0; walked < table->buckets; walked++) {
        slot_t *slots = table->slots + (size_t) bucket * INDEX_BUCKET;
        for (int at = 0; at < INDEX_BUCKET; at++) {
            uint64_t slot = index_in_load (&slots[at]);
            if (!index_is_entry (slot)) {
                *fresh = slot == 0;
                return &slots[at];
            }
        }
        if (++bucket == table->buckets)
            bucket = 0;
    }
    return NULL;
}

static bool
s_place (index_t *self, table_t *table, uint64_t hash, uint64_t slot)
{
    bool fresh;
    slot_t *free_slot = s_free_slot (table, index_position (hash), &fresh);
    if (!free_slot)
        return false;
    if (fresh && table == index_in_table (self))
        self->filled++;
    index_in_store (free_slot, slot);
    return true;
}

//  Entries that there are, or will be.
static uint64_t
s_wanted (const index_t *self)
{
    return self->live > self->expected ? self->live : self->expected;
}

//  Starts to move everything into a table that the live entries fill to 4/7. At least, it has room for
//  them and for what can be added before everything has moved: a table that is nearly empty and large
//  shrinks in several steps.
static bool
s_resize (index_t *self)
{
    table_t *before = index_in_table (self);
    uint64_t live = s_wanted (self), adds = (before ? before->buckets : 0) / S_MOVE_PER_ADD + 1;
    uint64_t wanted = (live + 1) * 7 / (4 * INDEX_BUCKET) + 1;
    uint64_t needed = (live + adds) * 8 / (7 * INDEX_BUCKET) + 1;
    uint64_t buckets = wanted > needed ? wanted : needed;
    table_t *table = s_table_new (self, buckets);
    if (!table)
        return false;
    self->rehashes++;
    self->filled = 0;
    uint32_t sequence = atomic_load_explicit (&self->sequence, memory_order_relaxed);
    atomic_store_explicit (&self->sequence, sequence + 1, memory_order_relaxed);
    atomic_store_explicit (&self->moved, 0, memory_order_release);
    atomic_store_explicit (&self->old, index_in_table (self), memory_order_release);
    atomic_store_explicit (&self->table, table, memory_order_release);
    atomic_store_explicit (&self->sequence, sequence + 2, memory_order_release);
    return true;
}

bool
index_add (index_t *self, uint64_t hash, entry_t *entry, unsigned code)
{
    if (index_in_old (self))
        index_step (self, S_MOVE_PER_ADD);
    if (!index_in_old (self)) {
        table_t *table = index_in_table (self);
        uint64_t slots = table ? (uint64_t) table->buckets * INDEX_BUCKET : 0;
        //  Without memory for a larger table the present one is filled further, but some slots stay
        //  empty: they are what ends a search
        if (self->filled * 16 >= slots * 13 && !s_resize (self) && self->filled * 16 >= slots * 15)
            return false;
    }
    table_t *table = index_in_table_for (self, index_position (hash));
    bool placed = table && s_place (self, table, hash, index_in_slot (entry, hash, code));
    if (!placed && index_in_old (self) && self->live) {
        //  Memory came late: the old table is full, but a bucket that moves leaves room
        index_step (self, S_MOVE_PER_ADD);
        placed = s_place (self, index_in_table_for (self, index_position (hash)), hash,
                          index_in_slot (entry, hash, code));
    }
    if (!placed)
        return false;
    self->live++;
    return true;
}

#define S_EXPECT_MAX (UINT64_C (1) << 26)

void
index_expect (index_t *self, uint64_t entries)
{
    self->expected = entries < S_EXPECT_MAX ? entries : S_EXPECT_MAX;
    const table_t *table = index_in_table (self);
    uint64_t slots = table ? (uint64_t) table->buckets * INDEX_BUCKET : 0;
    if (!index_in_old (self) && self->expected * 16 >= slots * 13 && self->expected)
        s_resize (self);
}

void
index_replace (slot_t *slot, entry_t *entry, unsigned code)
{
    uint64_t before = index_in_load (slot);
    index_in_store (slot, (uint64_t) (uintptr_t) entry | (before & (UINT64_C (0xff) << 48))
                              | (uint64_t) code << 56);
}

static slot_t *
s_bucket_of (const table_t *table, const slot_t *slot)
{
    return table->slots + (size_t) (slot - table->slots) / INDEX_BUCKET * INDEX_BUCKET;
}

static bool
s_inside (const table_t *table, const slot_t *slot)
{
    return table && slot >= table->slots && slot < table->slots + (size_t) table->buckets * INDEX_BUCKET;
}

//  Empties a slot of this table: to "empty" if its bucket ends searches anyway, else to a tombstone.
static void
s_vacate (index_t *self, table_t *table, slot_t *slot)
{
    const slot_t *bucket = s_bucket_of (table, slot);
    bool ends = false;
    for (int at = 0; at < INDEX_BUCKET && !ends; at++)
        ends = index_in_load (&bucket[at]) == 0;
    if (ends && table == index_in_table (self))
        self->filled--;
    index_in_store (slot, ends ? 0 : S_TOMB);
}

void
index_remove (index_t *self, slot_t *slot)
{
    table_t *table = index_in_table (self);
    s_vacate (self, s_inside (table, slot) ? table : index_in_old (self), slot);
    self->live--;
}

//  ------------------------------------------------------------------------------------------------
//  Resizing

//  Moves the entries whose home in the old table is the bucket of this rank.
static void
s_move_bucket (index_t *self, table_t *old, uint32_t rank)
{
    table_t *table = index_in_table (self);
    uint32_t home = index_in_home ((uint32_t) index_in_first_position (rank, old), old);
    uint32_t bucket = home;
    for (uint32_t walked = 0; walked < old->buckets; walked++) {
        slot_t *slots = old->slots + (size_t) bucket * INDEX_BUCKET;
        bool ends = false;
        for (int at = 0; at < INDEX_BUCKET; at++)
            if (index_is_entry (index_in_load (&slots[at])))
                __builtin_prefetch (index_entry (index_in_load (&slots[at])));
        for (int at = 0; at < INDEX_BUCKET; at++) {
            uint64_t slot = index_in_load (&slots[at]);
            if (slot == 0)
                ends = true;
            if (!index_is_entry (slot))
                continue;
            uint64_t hash = hash_key (self->secret, entry_key (index_entry (slot)));
            if (index_in_home (index_position (hash), old) != home)
                continue;
            bool placed = s_place (self, table, hash, slot);
            assert (placed); // The new table has room for all that live
            (void) placed;
            index_in_store (&slots[at], S_TOMB);
        }
        if (ends)
            break;
        if (++bucket == old->buckets)
            bucket = 0;
    }
}

//  Nothing is left: both tables go at once.
static void
s_drop_tables (index_t *self)
{
    table_t *tables[] = { index_in_table (self), index_in_old (self) };
    uint32_t sequence = atomic_load_explicit (&self->sequence, memory_order_relaxed);
    atomic_store_explicit (&self->sequence, sequence + 1, memory_order_relaxed);
    atomic_store_explicit (&self->old, NULL, memory_order_release);
    atomic_store_explicit (&self->table, NULL, memory_order_release);
    atomic_store_explicit (&self->sequence, sequence + 2, memory_order_release);
    self->filled = 0;
    self->rehashes++;
    for (int at = 0; at < 2; at++)
        if (tables[at])
            reclaim_later (self->reclaim, s_table_free, self->bytes, tables[at], s_table_bytes (tables[at]));
}

bool
index_step (index_t *self, uint32_t buckets)
{
    table_t *old = index_in_old (self);
    if (s_wanted (self) == 0 && index_in_table (self) && index_buckets (self) > 1) {
        s_drop_tables (self);
        return false;
    }
    if (!old) {
        table_t *table = index_in_table (self);
        bool sparse = table && table->buckets > 1
                      && s_wanted (self) * 4 < (uint64_t) table->buckets * INDEX_BUCKET;
        return sparse && s_resize (self) && index_in_old (self) != NULL;
    }
    uint32_t sequence = atomic_load_explicit (&self->sequence, memory_order_relaxed);
    atomic_store_explicit (&self->sequence, sequence + 1, memory_order_relaxed);
    uint32_t moved = index_in_moved (self);
    uint32_t end = old->buckets - moved > buckets ? moved + buckets : old->buckets;
    for (; moved < end; moved++)
        s_move_bucket (self, old, moved);
    atomic_store_explicit (&self->moved, moved, memory_order_release);
    bool done = moved == old->buckets;
    if (done)
        atomic_store_explicit (&self->old, NULL, memory_order_release);
    atomic_store_explicit (&self->sequence, sequence + 2, memory_order_release);
    if (done)
        reclaim_later (self->reclaim, s_table_free, self->bytes, old, s_table_bytes (old));
    return !done;
}

bool
index_moving (const index_t *self)
{
    return index_in_old (self) != NULL;
}

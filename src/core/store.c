//  store: see store.h.
//  SPDX-License-Identifier: MPL-2.0
#include "store.h"

#include <assert.h>

#include "mem.h"

store_t *
store_new (pool_t *pool)
{
    store_t *self = mem_alloc_zero (1, sizeof (store_t));
    if (!self)
        return NULL;
    self->pool = pool;
    atomic_store_explicit (&self->notes, STORE_NOTES_TIME, memory_order_relaxed);
    index_init (&self->index, pool->secret, pool->reclaim, &pool->index_bytes);
    return self;
}

static void
s_entry_free (void *owner, void *what, size_t size)
{
    heap_free (owner, what, size);
}

static void
s_forget_one (void *arg, slot_t *slot, entry_t *entry)
{
    pool_t *pool = arg;
    (void) slot;
    heap_free (pool->heap, entry, entry_size (entry));
}

//  Called when no reader can see the store any more.
static void
s_store_free (void *owner, void *what, size_t size)
{
    store_t *self = what;
    (void) size;
    uint64_t from = 0;
    do
        from = index_each (&self->index, from, 1024, s_forget_one, owner);
    while (from);
    index_close (&self->index);
    mem_free (self);
}

static void
s_tally_entries (const store_t *self, uint64_t more)
{
    self->pool->entries += more;
    if (self->pool->tallies)
        self->pool->tallies[self->partition].entries += more;
    for (tally_t *at = self->tally; at; at = at->all)
        at->entries += more;
}

void
store_destroy (store_t **self_p)
{
    store_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    pool_t *pool = self->pool;
    store_count (self, NULL);
    s_tally_entries (self, -self->index.live);
    if (pool->tallies) {
        pool->tallies[self->partition].data_bytes -= self->data_bytes;
        pool->tallies[self->partition].used_bytes -= self->used_bytes;
    }
    pool->expiring -= self->expiring;
    pool->data_bytes -= self->data_bytes;
    pool->used_bytes -= self->used_bytes;
    pool->rehashes += self->index.rehashes;
    reclaim_later (pool->reclaim, s_store_free, pool, self, self->used_bytes);
}

static place_t
s_place_of (slot_t *slot, uint64_t hash, bytes_t key)
{
    entry_t *entry = slot ? index_entry (atomic_load_explicit (slot, memory_order_relaxed)) : NULL;
    return (place_t) { key, hash, slot, entry };
}

place_t
store_find (const store_t *self, uint64_t hash, bytes_t key)
{
    return s_place_of (index_find (&self->index, hash, key), hash, key);
}

place_t
store_find_hinted (const store_t *self, uint64_t hash, bytes_t key, const index_hint_t *hint)
{
    return s_place_of (index_find_hinted (&self->index, hash, key, hint), hash, key);
}

void
store_count (store_t *self, tally_t *tally)
{
    for (tally_t *at = self->tally; at; at = at->all) {
        at->entries -= self->index.live;
        at->used_bytes -= self->used_bytes;
    }
    self->tally = tally;
    for (tally_t *at = tally; at; at = at->all) {
        at->entries += self->index.live;
        at->used_bytes += self->used_bytes;
    }
}

//  Adds an entry to the accounting, or takes it away.
static void
s_account (store_t *self, const entry_t *entry, bool add)
{
    bytes_t key, value;
    entry_parts (entry, &key, &value);
    size_t data = key.size + value.size;
    size_t used = heap_block_size (entry_size_for (key.size, value.size));
    uint64_t expiring = entry_deadline (entry) != 0;
    size_t sign = add ? 1 : (size_t) -1;
    self->data_bytes += sign * data;
    self->used_bytes += sign * used;
    self->expiring += sign * expiring;
    self->pool->data_bytes += sign * data;
    self->pool->used_bytes += sign * used;
    self->pool->expiring += sign * expiring;
    if (self->pool->tallies) {
        store_tally_t *tally = &self->pool->tallies[self->partition];
        tally->data_bytes += sign * data;
        tally->used_bytes += sign * used;
    }
    for (tally_t *at = self->tally; at; at = at->all)
        at->used_bytes += sign * used;
}

//  A value that fits into the block of the entry that it replaces, when nobody else can be looking.
static bool
s_set_in_place (store_t *self, place_t *place, bytes_t first, bytes_t second, uint64_t life, uint64_t version)
{
    entry_t *entry = place->entry;
    size_t value_size = first.size + second.size;
    bytes_t key, value;
    entry_parts (entry, &key, &value);
    if (reclaim_deferred (self->pool->reclaim) || entry_is_wide (key.size, value_size)
        || entry_is_wide (key.size, value.size) || value_size > HEAP_SMALL_MAX
        || heap_block_size (entry_size_for (key.size, value_size)) != heap_block_size (entry_size (entry)))
        return false;
    s_account (self, entry, false);
    uint32_t marks = entry_marks (entry);
    uint8_t *at = entry_lay_out (entry, key.size, value_size) + key.size;
    entry_set_marks (entry, marks);
    if (first.size)
        memmove (at, first.data, first.size); // APPEND: first is the value that lies there
    if (second.size)
        memcpy (at + first.size, second.data, second.size);
    atomic_store_explicit (&entry->version, version, memory_order_relaxed);
    atomic_store_explicit (&entry->life, life, memory_order_relaxed);
    s_account (self, entry, true);
    index_replace (place->slot, entry, index_code (entry_deadline (entry)));
    return true;
}

static entry_t *
s_new_entry (store_t *self, bytes_t key, bytes_t first, bytes_t second, uint64_t life, uint64_t version)
{
    size_t value_size = first.size + second.size;
    entry_t *entry = heap_alloc (self->pool->heap, entry_size_for (key.size, value_size));
    if (!entry)
        return NULL;
    atomic_store_explicit (&entry->version, version, memory_order_relaxed);
    atomic_store_explicit (&entry->life, life, memory_order_relaxed);
    uint8_t *at = entry_lay_out (entry, key.size, value_size);
    if (key.size)
        memcpy (at, key.data, key.size);
    if (first.size)
        memcpy (at + key.size, first.data, first.size);
    if (second.size)
        memcpy (at + key.size + first.size, second.data, second.size);
    return entry;
}

static void
s_retire (store_t *self, entry_t *entry)
{
    reclaim_later (self->pool->reclaim, s_entry_free, self->pool->heap, entry, entry_size (entry));
}

//  The life of what is stored at a place. What eviction knows of an entry goes on when it is replaced.
static uint64_t
s_life_after (const store_t *self, const place_t *place, uint64_t deadline, uint32_t clock)
{
    if (!place->entry)
        return entry_life (deadline, clock);
    store_touch (self, place->entry, clock);
    return entry_life (deadline, entry_access (place->entry));
}

bool
store_set (store_t *self, place_t *place, bytes_t first, bytes_t second, uint64_t version, uint64_t deadline,
           uint32_t clock)
{
    uint64_t life = s_life_after (self, place, deadline, clock);
    if (place->entry && s_set_in_place (self, place, first, second, life, version))
        return true;
    entry_t *entry = s_new_entry (self, place->key, first, second, life, version);
    if (!entry)
        return false;
    if (place->entry) {
        entry_set_marks (entry, entry_marks (place->entry));
        s_account (self, place->entry, false);
        index_replace (place->slot, entry, index_code (deadline));
        s_retire (self, place->entry);
    } else {
        if (!index_add (&self->index, place->hash, entry, index_code (deadline))) {
            heap_free (self->pool->heap, entry, entry_size (entry));
            return false;
        }
        s_tally_entries (self, 1);
        place->slot = NULL; // Nobody needs it; the next search finds it
    }
    place->entry = entry;
    s_account (self, entry, true);
    return true;
}

void
store_set_deadline (store_t *self, place_t *place, uint64_t version, uint64_t deadline)
{
    entry_t *entry = place->entry;
    s_account (self, entry, false);
    atomic_store_explicit (&entry->version, version, memory_order_relaxed);
    //  A local reader that sees the deadline sees its version
    atomic_store_explicit (&entry->life, entry_life (deadline, entry_access (entry)), memory_order_release);
    s_account (self, entry, true);
    index_replace (place->slot, entry, index_code (deadline));
}

void
store_remove (store_t *self, place_t *place)
{
    s_account (self, place->entry, false);
    s_tally_entries (self, -UINT64_C (1));
    index_remove (&self->index, place->slot);
    s_retire (self, place->entry);
    place->slot = NULL;
    place->entry = NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Expiry

typedef struct {
    store_t *store;
    uint64_t now;
    size_t removed;
} s_sweep_t;

static void
s_sweep_one (void *arg, slot_t *slot, entry_t *entry)
{
    s_sweep_t *sweep = arg;
    if (!entry_expired (entry, sweep->now))
        return;
    place_t place = { .slot = slot, .entry = entry };
    pool_t *pool = sweep->store->pool;
    if (pool->expire && !pool->expire (pool->expire_arg, sweep->store, &place, sweep->now)) {
        sweep->store->sweep_rehash = UINT64_MAX; // It is still there: the next round looks as far back
        return;
    }
    if (place.entry)
        store_remove (sweep->store, &place);
    sweep->removed++;
}

size_t
store_sweep (store_t *self, uint64_t now, uint32_t buckets, size_t most, uint32_t *looked)
{
    s_sweep_t sweep = { self, now, 0 };
    if (self->expiring == 0) {
        self->sweep_place = 0;
        self->sweep_tick = now >> 12;
        return 0;
    }
    uint32_t slice = 16; // Buckets between two looks at how many were removed
    while (buckets && sweep.removed < most) {
        if (self->sweep_place == 0) {
            self->sweep_next = now >> 12;
            self->sweep_rehash = index_moving (&self->index) ? UINT64_MAX : self->index.rehashes;
        }
        //  A deadline that a replacement brought in behind the round's back may be one tick older
        uint64_t first = self->sweep_tick ? self->sweep_tick - 1 : 0;
        uint64_t span = (now >> 12) - first;
        index_codes_t codes = { (unsigned) (first % 255), span > 254 ? 254 : (unsigned) span };
        uint32_t count = buckets < slice ? buckets : slice;
        self->sweep_place = index_sweep (&self->index, self->sweep_place, count, codes, s_sweep_one, &sweep);
        buckets -= count;
        *looked += count;
        if (self->sweep_place == 0) {
            //  Entries that moved during the round may have been passed over: look as far back again
            if (self->sweep_rehash == self->index.rehashes)
                self->sweep_tick = self->sweep_next;
            break;
        }
    }
    return sweep.removed;
}

//  ------------------------------------------------------------------------------------------------
//  Compaction

typedef struct {
    store_t *store;
    size_t moved;
} s_compact_t;

static void
s_compact_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_compact_t *compact = arg;
    pool_t *pool = compact->store->pool;
    size_t size = entry_size (entry);
    (void) hash;
    if (!heap_is_sparse (pool->heap, entry, size))
        return;
    entry_t *copy = heap_alloc (pool->heap, size);
    if (!copy)
        return;
    bytes_t key, value;
    entry_parts (entry, &key, &value);
    atomic_store_explicit (&copy->version, entry_version (entry), memory_order_relaxed);
    atomic_store_explicit (&copy->life, entry_life (entry_deadline (entry), entry_access (entry)),
                           memory_order_relaxed);
    atomic_store_explicit (&copy->sizes, atomic_load_explicit (&entry->sizes, memory_order_relaxed),
                           memory_order_relaxed);
    memcpy (copy->data, entry->data, size - ENTRY_HEAD);
    index_replace (slot, copy, index_code (entry_deadline (entry)));
    s_retire (compact->store, entry);
    compact->moved++;
}

size_t
store_compact (store_t *self, uint64_t *position, uint32_t buckets)
{
    s_compact_t compact = { self, 0 };
    while (buckets-- && *position < INDEX_END)
        *position = index_visit (&self->index, *position, s_compact_one, &compact);
    return compact.moved;
}

//  ------------------------------------------------------------------------------------------------
//  Verification

typedef struct {
    uint64_t entries, expiring;
    size_t data, used;
} s_count_t;

static void
s_count_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_count_t *count = arg;
    bytes_t key, value;
    (void) hash;
    entry_parts (entry, &key, &value);
    count->entries++;
    count->expiring += entry_deadline (entry) != 0;
    count->data += key.size + value.size;
    count->used += heap_block_size (entry_size (entry));
    uint64_t code = atomic_load_explicit (slot, memory_order_relaxed) >> 56;
    assert (code == index_code (entry_deadline (entry)));
    (void) code;
}

void
store_verify (store_t *self)
{
    s_count_t count = { 0 };
    for (uint64_t at = 0; at < INDEX_END;)
        at = index_visit (&self->index, at, s_count_one, &count);
    assert (count.entries == self->index.live);
    assert (count.expiring == self->expiring);
    assert (count.data == self->data_bytes);
    assert (count.used == self->used_bytes);
}

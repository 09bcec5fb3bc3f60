//  evictor: see evictor.h.
//  SPDX-License-Identifier: MPL-2.0
#include "../storage_impl.h"

#define S_SAMPLE 16  // Entries looked at for one eviction, at least
#define S_STORES 3   // In so many stores at least,
#define S_SPOTS 12   // and so many at most, if they have few entries
#define S_ROUNDS 4   // Samples before giving up
#define S_SPARED 32  // Entries spared for their hits; then the next one goes whatever it has
#define S_TRIES 64   // Before giving up
#define S_STALE 1024 // Of the queue, passed over at a time
#define S_CLOCKS 16  // The clock ticks as if at least this part of all entries could go

void
evictor_open (evictor_t *self, map_t *map, size_t *bytes)
{
    *self = (evictor_t) { .map = map, .policy = MAP_POLICY_NONE };
    fifo_init (&self->fresh, bytes);
    ghost_init (&self->ghost, bytes);
}

static void
s_forget (evictor_t *self)
{
    self->pool_count = 0;
    fifo_clear (&self->fresh);
    ghost_clear (&self->ghost);
}

void
evictor_close (evictor_t *self)
{
    s_forget (self);
    weights_close (&self->weights);
}

void
evictor_set_policy (evictor_t *self, map_policy_t policy)
{
    if (policy != self->policy)
        s_forget (self);
    self->policy = (uint8_t) policy;
}

//  ------------------------------------------------------------------------------------------------
//  Candidates

typedef struct {
    struct {
        store_t *store;
        slot_t *slot;
        entry_t *entry;
    } items[S_SAMPLE + 2 * INDEX_BUCKET];
    unsigned count;
    store_t *store; // That is being looked at
} s_sample_t;

//  Lets the entries come from memory together, before the first is looked at.
static void
s_gather_one (void *arg, slot_t *slot, entry_t *entry)
{
    s_sample_t *sample = arg;
    __builtin_prefetch (entry);
    sample->items[sample->count].store = sample->store;
    sample->items[sample->count].slot = slot;
    sample->items[sample->count++].entry = entry;
}

static void
s_gather (storage_t *storage, evictor_t *self, s_sample_t *sample)
{
    sample->count = 0;
    for (unsigned spot = 0; spot < S_SPOTS && (spot < S_STORES || sample->count < S_SAMPLE); spot++) {
        sample->store = evictor_draw (storage, self);
        if (!sample->store || sample->count > S_SAMPLE + INDEX_BUCKET)
            return;
        index_t *index = &sample->store->index;
        index_each (index, evictor_random (storage) % index_buckets (index), 1, s_gather_one, sample);
    }
}

static uint32_t
s_age (const storage_t *storage, uint32_t access)
{
    return (storage->ages.clock - access) & ENTRY_ACCESS_MASK;
}

//  What is over goes before all others.
static uint32_t
s_rank (const storage_t *storage, const candidate_t *candidate)
{
    return candidate->expired ? UINT32_MAX : s_age (storage, candidate->access);
}

//  S3-FIFO: in the queue, and not forgotten by it.
static bool
s_is_fresh (const storage_t *storage, const evictor_t *self, const entry_t *entry)
{
    if (self->policy != MAP_POLICY_S3FIFO || !(entry_marks (entry) & ENTRY_FRESH))
        return false;
    const fifo_item_t *first = fifo_peek (&self->fresh);
    return first
           && s_age (storage, entry_access (entry))
                  <= s_age (storage, (uint32_t) first->word & ENTRY_ACCESS_MASK);
}

static void
s_consider (storage_t *storage, evictor_t *self, const candidate_t *candidate)
{
    unsigned youngest = 0;
    for (unsigned at = 0; at < self->pool_count; at++) {
        if (self->pool[at].slot == candidate->slot) {
            self->pool[at] = *candidate;
            return;
        }
        if (s_rank (storage, &self->pool[at]) < s_rank (storage, &self->pool[youngest]))
            youngest = at;
    }
    if (self->pool_count < EVICTOR_POOL)
        self->pool[self->pool_count++] = *candidate;
    else if (s_rank (storage, candidate) > s_rank (storage, &self->pool[youngest]))
        self->pool[youngest] = *candidate;
}

static void
s_sample (storage_t *storage, evictor_t *self, const entry_t *keep, uint64_t now)
{
    s_sample_t sample;
    s_gather (storage, self, &sample);
    for (unsigned at = 0; at < sample.count; at++) {
        entry_t *entry = sample.items[at].entry;
        store_t *store = sample.items[at].store;
        bool expired = entry_expired (entry, now);
        if (entry == keep || (!expired && s_is_fresh (storage, self, entry)))
            continue;
        candidate_t candidate = { .slot = sample.items[at].slot,
                                  .entry = entry,
                                  .map = ((map_t *) store->map)->number,
                                  .local = store->partition,
                                  .access = entry_access (entry),
                                  .expired = expired };
        s_consider (storage, self, &candidate);
    }
}

//  The oldest candidate that is still what it was. False: there is none.
static bool
s_take_oldest (storage_t *storage, evictor_t *self, const entry_t *keep, store_t **store, place_t *place)
{
    while (self->pool_count) {
        unsigned oldest = 0;
        for (unsigned at = 1; at < self->pool_count; at++)
            if (s_rank (storage, &self->pool[at]) > s_rank (storage, &self->pool[oldest]))
                oldest = at;
        candidate_t candidate = self->pool[oldest];
        self->pool[oldest] = self->pool[--self->pool_count];
        map_t *map = map_numbered (storage, candidate.map);
        *store = map ? map_store (map, candidate.local) : NULL;
        if (!*store || candidate.entry == keep || map->tally.all != &self->all
            || !index_holds (&(*store)->index, candidate.slot, candidate.entry)
            || entry_access (candidate.entry) != candidate.access)
            continue;
        *place = (place_t) { .slot = candidate.slot, .entry = candidate.entry };
        return true;
    }
    return false;
}

//  The rate of the clock is that of the whole actor, or of a map that is a good part of it: a small map
//  that is busy must not let the clock run away for all others.
static bool
s_remove (storage_t *storage, evictor_t *self, store_t *store, place_t *place, uint64_t now)
{
    removal_t reason = entry_expired (place->entry, now) ? REMOVAL_EXPIRED : REMOVAL_EVICTED;
    if (!replica_remove (storage, store, place, reason, now))
        return false;
    uint64_t part = storage->pool.entries / S_CLOCKS;
    ages_evicted (&storage->ages, self->all.entries > part ? self->all.entries : part);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  LRU

static bool
s_evict_lru (storage_t *storage, evictor_t *self, const entry_t *keep, uint64_t now)
{
    store_t *store;
    place_t place;
    for (int round = 0; round < S_ROUNDS; round++) {
        do
            s_sample (storage, self, keep, now);
        while (self->pool_count < EVICTOR_POOL / 2 && ++round < S_ROUNDS);
        while (s_take_oldest (storage, self, keep, &store, &place))
            if (s_remove (storage, self, store, &place, now))
                return true;
    }
    return false;
}

//  ------------------------------------------------------------------------------------------------
//  S3-FIFO

//  An item's word: map (24 bits), local partition (18 bits), the clock when it came (22 bits)
#define S_MAP_MAX (1u << 24)
#define S_LOCAL_MAX (1u << 18)

//  Keys of different maps have the same hash, if they are the same.
static uint64_t
s_ghost_hash (const map_t *map, uint64_t hash)
{
    return hash ^ map->hash;
}

//  The next of the queue that is still there; NULL: there is none. Its mark is gone.
static entry_t *
s_next_fresh (storage_t *storage, evictor_t *self, store_t **store, place_t *place)
{
    fifo_item_t item;
    for (unsigned stale = 0; stale < S_STALE && fifo_pop (&self->fresh, &item); stale++) {
        uint32_t local = (uint32_t) (item.word >> ENTRY_ACCESS_BITS) & (S_LOCAL_MAX - 1);
        map_t *map = map_numbered (storage, (uint32_t) (item.word >> 40));
        *store = map && map->tally.all == &self->all ? map_store (map, local) : NULL;
        slot_t *slot = *store ? index_find_marked (&(*store)->index, item.hash, ENTRY_FRESH) : NULL;
        if (!slot)
            continue;
        entry_t *entry = index_entry (atomic_load_explicit (slot, memory_order_relaxed));
        *place = (place_t) { .hash = item.hash, .slot = slot, .entry = entry };
        entry_set_marks (entry, entry_marks (entry) & ~ENTRY_FRESH);
        return entry;
    }
    return NULL;
}

//  To the end of the line of the others. The clock of entries that end by idling says when they were
//  used, and nothing else.
static void
s_renew (const storage_t *storage, const store_t *store, entry_t *entry, uint32_t hits)
{
    entry_set_marks (entry, hits);
    if (!(atomic_load_explicit (&((store_t *) (uintptr_t) store)->notes, memory_order_relaxed)
          & STORE_NOTES_TIME))
        entry_touch (entry, storage->ages.clock);
}

//  True: one was removed. *left: there was one, whatever became of it.
static bool
s_evict_fresh (storage_t *storage, evictor_t *self, const entry_t *keep, uint64_t now, bool *left)
{
    store_t *store;
    place_t place;
    entry_t *entry = s_next_fresh (storage, self, &store, &place);
    *left = entry != NULL;
    if (!entry)
        return false;
    if (entry == keep || (entry_marks (entry) >= 2 * ENTRY_HIT && !entry_expired (entry, now))) {
        s_renew (storage, store, entry, 0);
        return false;
    }
    uint64_t hash = s_ghost_hash (store->map, place.hash);
    if (!s_remove (storage, self, store, &place, now))
        return false;
    ghost_add (&self->ghost, hash);
    return true;
}

//  The same among the others.
static bool
s_evict_main (storage_t *storage, evictor_t *self, const entry_t *keep, uint64_t now, bool spare, bool *left)
{
    store_t *store;
    place_t place;
    for (int round = 0; round < S_ROUNDS && (round == 0 || self->pool_count < EVICTOR_POOL / 2); round++)
        s_sample (storage, self, keep, now);
    *left = s_take_oldest (storage, self, keep, &store, &place);
    if (!*left)
        return false;
    uint32_t hits = entry_marks (place.entry) & ENTRY_HITS;
    if (hits && spare && !entry_expired (place.entry, now)) {
        s_renew (storage, store, place.entry, hits - ENTRY_HIT);
        return false;
    }
    return s_remove (storage, self, store, &place, now);
}

static bool
s_evict_s3fifo (storage_t *storage, evictor_t *self, const entry_t *keep, uint64_t now)
{
    uint64_t fresh = self->fresh.count;
    ghost_fit (&self->ghost, self->all.entries > fresh ? self->all.entries - fresh : 1);
    bool left = true, no_main = false;
    for (int tries = 0; tries < S_TRIES && (left || !no_main); tries++) {
        bool queue = self->fresh.count && (no_main || self->fresh.count * 10 >= self->all.entries);
        if (queue ? s_evict_fresh (storage, self, keep, now, &left)
                  : s_evict_main (storage, self, keep, now, tries < S_SPARED, &left))
            return true;
        no_main = no_main || (!queue && !left);
        left = left || self->fresh.count > 0;
    }
    return false;
}

void
evictor_added (storage_t *storage, evictor_t *self, const store_t *store, entry_t *entry, uint64_t hash)
{
    const map_t *map = store->map;
    if (self->policy != MAP_POLICY_S3FIFO || ghost_take (&self->ghost, s_ghost_hash (map, hash)))
        return;
    if (map->number >= S_MAP_MAX || store->partition >= S_LOCAL_MAX)
        return;
    uint64_t word = (uint64_t) map->number << 40 | (uint64_t) store->partition << ENTRY_ACCESS_BITS
                    | entry_access (entry);
    if (!fifo_push (&self->fresh, (fifo_item_t) { hash, word }))
        return;
    entry_set_marks (entry, ENTRY_FRESH);
    //  While there is room for all, who has waited goes on to the others
    store_t *from;
    place_t place;
    for (int count = 0; count < 2 && self->fresh.count > self->all.entries / 8 + 64; count++)
        s_next_fresh (storage, self, &from, &place);
}

bool
evictor_evict (storage_t *storage, evictor_t *self, const entry_t *keep, uint64_t now)
{
    switch ((map_policy_t) self->policy) {
        case MAP_POLICY_LRU:
            return s_evict_lru (storage, self, keep, now);
        case MAP_POLICY_S3FIFO:
            return s_evict_s3fifo (storage, self, keep, now);
        case MAP_POLICY_NODE:
        case MAP_POLICY_NONE:
            break;
    }
    return false;
}

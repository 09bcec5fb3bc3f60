//  storage_memory: the memory limit. It compares what live entries and tables take (used_bytes +
//  index_bytes); what is held beyond that is kept small by compaction (storage.c).
//  SPDX-License-Identifier: MPL-2.0
#include "storage_impl.h"

#define S_STORES 4       // Stores looked into for one eviction, at least
#define S_STORES_MAX 12  // At most, if they have few entries
#define S_SAMPLE 4       // Entries compared in each
#define S_TRIES 16       // To find a store by chance
#define S_EVICT_MAX 64   // Evictions for one small write at most; one more for each
#define S_EVICT_BYTES 32 // bytes of a large one

static uint64_t
s_random (storage_t *self)
{
    //  SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)
    uint64_t z = self->random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

//  Only the primary evicts: its copies follow.
static bool
s_may_evict (const storage_t *self, const store_t *store)
{
    return store_entries (store) && replica_serves (self, &self->partitions[store->partition]);
}

//  A store with entries, at random; NULL if there is none.
static store_t *
s_any_store (storage_t *self)
{
    directory_t *directory = map_directory (self);
    if (!directory || self->pool.entries == 0)
        return NULL;
    //  By chance a few times, then by walking on from there: most stores may be empty
    for (int tries = 0; tries < S_TRIES; tries++) {
        map_t *map = directory->slots[s_random (self) & (directory->room - 1)];
        store_t *store = map ? map_store (map, (uint32_t) (s_random (self) % self->local_partitions)) : NULL;
        if (store && s_may_evict (self, store))
            return store;
    }
    uint32_t first = (uint32_t) s_random (self), from = (uint32_t) s_random (self);
    for (uint32_t at = 0; at < directory->room; at++) {
        map_t *map = directory->slots[(first + at) & (directory->room - 1)];
        for (uint32_t local = 0; map && local < self->local_partitions; local++) {
            store_t *store = map_store (map, (uint32_t) (((uint64_t) from + local) % self->local_partitions));
            if (store && s_may_evict (self, store))
                return store;
        }
    }
    return NULL;
}

//  Removes one entry that has not been used for long: the oldest of a sample over several stores, so
//  that a small map in use is not robbed because nothing in it is old.
static bool
s_evict_one (storage_t *self, const entry_t *keep, uint64_t now)
{
    oldest_t oldest = { .keep = keep, .clock = entry_clock (now) };
    for (int count = 0; count < S_STORES_MAX; count++) {
        store_t *store = s_any_store (self);
        if (!store)
            break;
        store_sample (store, (uint32_t) (s_random (self) >> 32), S_SAMPLE, &oldest);
        if (count + 1 >= S_STORES && oldest.seen >= S_STORES * S_SAMPLE)
            break;
    }
    return oldest.store && replica_remove (self, oldest.store, &oldest.place, REMOVAL_EVICTED, now);
}

bool
storage_make_room (storage_t *self, const entry_t *keep, size_t needed, uint64_t now)
{
    const pool_t *pool = &self->pool;
    size_t limit = self->config.memory_limit;
    size_t present = keep ? heap_block_size (entry_size (keep)) : 0;
    size_t before = pool->used_bytes + pool->index_bytes;
    if (needed <= present || before - present + needed <= limit)
        return true;
    if (!self->config.evict || needed > limit)
        return false;
    uint64_t most = S_EVICT_MAX + needed / S_EVICT_BYTES;
    size_t after = before;
    for (uint64_t count = 0; count < most && after - present + needed > limit; count++) {
        if (!s_evict_one (self, keep, now))
            break;
        after = pool->used_bytes + pool->index_bytes;
    }
    //  A table that grew may be more than one write can make up for: it is enough that less is held
    //  after the write than before
    return after - present + needed <= limit || after - present + needed <= before;
}

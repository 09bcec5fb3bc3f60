//  storage_memory: the memory limit. It compares what live entries and tables take (used_bytes +
//  index_bytes); what is held beyond that is kept small by compaction (storage.c).
//  SPDX-License-Identifier: MPL-2.0
#include "storage_impl.h"

#define S_SAMPLE 12   // Entries compared for one eviction
#define S_EVICT_MAX 64 // Evictions for one write at most

static uint64_t
s_random (storage_t *self)
{
    //  SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)
    uint64_t z = self->random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

//  A store with entries, at random; the one that is written to if chance finds none.
static store_t *
s_any_store (storage_t *self, store_t *store)
{
    directory_t *directory = map_directory (self);
    for (int tries = 0; tries < 8 && directory; tries++) {
        map_t *map = directory->slots[s_random (self) & (directory->room - 1)];
        store_t *other = map ? map_store (map, (uint32_t) (s_random (self) % self->local_partitions)) : NULL;
        if (other && store_entries (other))
            return other;
    }
    return store;
}

static bool
s_fits (const storage_t *self, size_t size)
{
    return self->pool.used_bytes + self->pool.index_bytes + size <= self->config.memory_limit;
}

bool
storage_make_room (storage_t *self, store_t *store, size_t size, uint64_t now)
{
    if (self->config.memory_limit == 0 || s_fits (self, size))
        return true;
    if (!self->config.evict || size > self->config.memory_limit)
        return false;
    for (int count = 0; count < S_EVICT_MAX && !s_fits (self, size); count++) {
        store_t *victim = s_any_store (self, store);
        if (!store_entries (victim))
            return false;
        place_t place = store_oldest (victim, (uint32_t) (s_random (self) >> 32), S_SAMPLE, entry_clock (now));
        if (!place.entry)
            return false;
        store_remove (victim, &place);
        self->stats.evicted++;
    }
    return s_fits (self, size);
}

//  evictor_draw: stores by chance, by weight; see evictor.h. The weights of maps, and of a map's
//  partitions, are running sums that are renewed after some draws: what has changed since makes a draw
//  a little unfair, not wrong.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../storage_impl.h"

#define S_TRIES 4    // Before looking at one after the other
#define S_DRAWS 1024 // Sums of maps last so long at least

uint64_t
evictor_random (storage_t *storage)
{
    //  SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)
    uint64_t z = storage->random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void
weights_close (weights_t *self)
{
    mem_free (self->sums);
    *self = (weights_t) { .sums = NULL };
}

//  True if the sums have to be filled anew: there is room for `count` then.
static bool
s_renew (weights_t *self, uint32_t count, uint32_t draws)
{
    if (self->sums && self->count == count && self->left > 0) {
        self->left--;
        return false;
    }
    if (self->room < count) {
        weights_close (self);
        self->sums = mem_alloc (count * sizeof (uint64_t));
        self->room = self->sums ? count : 0;
    }
    self->count = self->sums ? count : 0;
    self->left = draws;
    return self->sums != NULL;
}

//  UINT32_MAX: all weigh nothing, or there are no sums.
static uint32_t
s_pick (const weights_t *self, uint64_t random)
{
    uint64_t total = self->count ? self->sums[self->count - 1] : 0;
    if (total == 0)
        return UINT32_MAX;
    uint64_t at = random % total;
    uint32_t low = 0, high = self->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (self->sums[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

//  Only the primary evicts: its copies follow.
static store_t *
s_usable (storage_t *storage, map_t *map, uint32_t local)
{
    store_t *store = map_store (map, local);
    return store && store_entries (store) && replica_serves (storage, &storage->partitions[local]) ? store
                                                                                                   : NULL;
}

static store_t *
s_draw_of_map (storage_t *storage, map_t *map)
{
    uint32_t count = storage->local_partitions;
    if (s_renew (&map->weights, count, count < 64 ? 64 : count)) {
        uint64_t sum = 0;
        for (uint32_t local = 0; local < count; local++) {
            store_t *store = s_usable (storage, map, local);
            sum += store ? store_entries (store) : 0;
            map->weights.sums[local] = sum;
        }
    }
    for (int tries = 0; tries < S_TRIES; tries++) {
        uint32_t local = s_pick (&map->weights, evictor_random (storage));
        store_t *store = local < count ? s_usable (storage, map, local) : NULL;
        if (store)
            return store;
    }
    map->weights.left = 0;
    uint32_t from = (uint32_t) (evictor_random (storage) % count);
    for (uint32_t at = 0; at < count; at++) {
        store_t *store = s_usable (storage, map, (from + at) % count);
        if (store)
            return store;
    }
    return NULL;
}

static uint64_t
s_weight (const evictor_t *self, const map_t *map)
{
    return map->tally.all == &self->all ? map->tally.entries : 0;
}

store_t *
evictor_draw (storage_t *storage, evictor_t *self)
{
    directory_t *directory = map_directory (storage);
    if (!directory || self->all.entries == 0)
        return NULL;
    if (self->map)
        return s_draw_of_map (storage, self->map);
    if (s_renew (&self->weights, directory->count, S_DRAWS + directory->count)) {
        uint64_t sum = 0;
        for (uint32_t number = 0; number < directory->count; number++)
            self->weights.sums[number] = sum += s_weight (self, directory->slots[directory->room + number]);
    }
    for (int tries = 0; tries < S_TRIES; tries++) {
        map_t *map = map_numbered (storage, s_pick (&self->weights, evictor_random (storage)));
        store_t *store = map && s_weight (self, map) ? s_draw_of_map (storage, map) : NULL;
        if (store)
            return store;
    }
    self->weights.left = 0;
    uint32_t from = (uint32_t) (evictor_random (storage) % directory->count);
    for (uint32_t at = 0; at < directory->count; at++) {
        map_t *map = directory->slots[directory->room + (from + at) % directory->count];
        store_t *store = s_weight (self, map) ? s_draw_of_map (storage, map) : NULL;
        if (store)
            return store;
    }
    return NULL;
}

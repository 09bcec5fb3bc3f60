//  storage_settings: settings of maps, as the view has them, at work: the usual TTL, and entries that go
//  because nobody uses them.
//  SPDX-License-Identifier: MPL-2.0
#include "storage_impl.h"

#define S_TICK_MS 20
#define S_ROUND_MIN_MS 2000
#define S_ROUND_MAX_MS 30000
#define S_SLICE 16 // Buckets between two looks at how many were removed

static const map_settings_t *
s_settings (const storage_t *self, bytes_t name)
{
    return self->cluster.view ? view_map (self->cluster.view, name) : NULL;
}

void
map_apply_settings (storage_t *self, map_t *map)
{
    const map_settings_t *settings = s_settings (self, map_name (map));
    map->ttl = settings ? settings->ttl : 0;
    uint64_t idle = settings ? settings->idle : 0;
    //  Ticks of time alone (evict/ages.h). An access is noted in whole ticks, and by local readers with a
    //  clock that may be a turn old
    uint64_t ticks = idle ? ((idle + 255) >> 8) + 2 : 0;
    atomic_store_explicit (&map->idle, (uint32_t) ticks, memory_order_relaxed);
    if (idle && (!self->idle.shortest || idle < self->idle.shortest))
        self->idle.shortest = idle;
}

void
storage_apply_settings (storage_t *self)
{
    self->idle.shortest = 0;
    map_t *map;
    for (uint32_t number = 0; (map = map_numbered (self, number)); number++)
        map_apply_settings (self, map);
}

bool
entry_is_idle (const storage_t *self, const map_t *map, const partition_t *part, const entry_t *entry,
               uint64_t now)
{
    uint32_t ticks = atomic_load_explicit (&map->idle, memory_order_relaxed);
    uint32_t clock = storage_access_clock (self), age = entry_age (entry, clock);
    //  The clock is never slower than time alone, but may be faster: then it is looked up
    if (!ticks || age < ticks)
        return false;
    uint32_t most = (clock - storage_access_before (self, (uint64_t) ticks << 8)) & ENTRY_ACCESS_MASK;
    return age >= most && now >= part->primary_since + ((uint64_t) ticks << 8);
}

uint64_t
entry_idle (const storage_t *self, const partition_t *part, const entry_t *entry, uint64_t now)
{
    uint64_t idle = ages_since (&self->ages, entry_access (entry));
    uint64_t seen = now > part->primary_since ? now - part->primary_since : 0;
    return idle < seen ? idle : seen;
}

uint64_t
call_usual_deadline (const call_t *call)
{
    const map_settings_t *settings = call->map ? NULL : s_settings (call->storage, call->request->map);
    uint64_t ttl = call->map ? call->map->ttl : settings ? settings->ttl : 0;
    return ttl ? call->moment.now + ttl : 0;
}

uint64_t
call_kept_deadline (const call_t *call)
{
    return call->place.entry ? entry_deadline (call->place.entry) : call_usual_deadline (call);
}

//  ------------------------------------------------------------------------------------------------
//  The sweep

typedef struct {
    storage_t *storage;
    store_t *store;
    uint64_t now;
    size_t removed;
} s_sweep_t;

static void
s_sweep_one (void *arg, slot_t *slot, entry_t *entry)
{
    s_sweep_t *sweep = arg;
    store_t *store = sweep->store;
    const partition_t *part = &sweep->storage->partitions[store->partition];
    place_t place = { .slot = slot, .entry = entry };
    if (entry_is_idle (sweep->storage, store->map, part, entry, sweep->now)
        && replica_remove (sweep->storage, store, &place, REMOVAL_IDLE, sweep->now))
        sweep->removed++;
}

//  The next store that has something to look at; NULL: the round is over, or the steps are.
static store_t *
s_next (storage_t *self, uint32_t *steps)
{
    for (; *steps; --*steps) {
        map_t *map = map_numbered (self, self->idle.map);
        if (!map) {
            self->idle.map = self->idle.partition = 0;
            return NULL;
        }
        if (self->idle.partition >= self->local_partitions
            || !atomic_load_explicit (&map->idle, memory_order_relaxed)) {
            self->idle.map++;
            self->idle.partition = 0;
            continue;
        }
        store_t *store = map_store (map, self->idle.partition);
        if (store && self->partitions[self->idle.partition].role == ROLE_PRIMARY)
            return store;
        self->idle.partition++;
        self->idle.place = 0;
    }
    return NULL;
}

size_t
storage_sweep_idle (storage_t *self, size_t most, uint64_t now)
{
    if (!self->idle.shortest)
        return 0;
    uint64_t round = self->idle.shortest / 4;
    round = round < S_ROUND_MIN_MS ? S_ROUND_MIN_MS : round > S_ROUND_MAX_MS ? S_ROUND_MAX_MS : round;
    uint64_t ticks = round / S_TICK_MS;
    directory_t *directory = map_directory (self);
    uint64_t places = directory ? (uint64_t) directory->count * self->local_partitions : 0;
    //  Tables take about index_bytes / 64 buckets
    uint64_t budget = self->pool.index_bytes / 64 / ticks + 4 * S_SLICE;
    uint32_t steps = (uint32_t) (places / ticks) + 64;
    s_sweep_t sweep = { .storage = self, .now = now };
    while (budget && steps && sweep.removed < most && (sweep.store = s_next (self, &steps))) {
        steps--;
        self->idle.place = index_each (&sweep.store->index, self->idle.place, S_SLICE, s_sweep_one, &sweep);
        budget -= budget < S_SLICE ? budget : S_SLICE;
        if (self->idle.place == 0)
            self->idle.partition++;
    }
    return sweep.removed;
}

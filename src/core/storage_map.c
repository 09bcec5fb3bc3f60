//  storage_map: the maps of a storage actor by name.
//
//  The directory is replaced as a whole when a map is added, so that local readers can look into it;
//  maps live until the storage goes. A map is empty until something is stored in it.
//  SPDX-License-Identifier: MPL-2.0
#include "mem.h"
#include "status.h"
#include "storage_impl.h"

directory_t *
map_directory (storage_t *self)
{
    return atomic_load_explicit (&self->directory, memory_order_acquire);
}

static map_t *
s_search (const directory_t *directory, uint64_t hash, bytes_t name)
{
    if (!directory)
        return NULL;
    for (uint32_t at = (uint32_t) hash & (directory->room - 1);; at = (at + 1) & (directory->room - 1)) {
        map_t *map = directory->slots[at];
        if (!map)
            return NULL;
        if (map->hash == hash && map->name_size == name.size && memcmp (map->name, name.data, name.size) == 0)
            return map;
    }
}

map_t *
map_numbered (storage_t *self, uint32_t number)
{
    directory_t *directory = map_directory (self);
    return directory && number < directory->count ? directory->slots[directory->room + number] : NULL;
}

static void
s_insert (directory_t *directory, map_t *map)
{
    directory->slots[directory->room + map->number] = map;
    uint32_t at = (uint32_t) map->hash & (directory->room - 1);
    while (directory->slots[at])
        at = (at + 1) & (directory->room - 1);
    directory->slots[at] = map;
    directory->count++;
}

map_t *
map_find (storage_t *self, bytes_t name)
{
    return s_search (map_directory (self), hash_key (&self->secret, name), name);
}

static void
s_free_directory (void *owner, void *what, size_t size)
{
    (void) owner;
    (void) size;
    mem_free (what);
}

static map_t *
s_new_map (storage_t *self, bytes_t name)
{
    map_t *map = mem_alloc_zero (1, sizeof (map_t) + self->local_partitions * sizeof (map->stores[0]));
    char *copy = mem_alloc (name.size + 1);
    map_counts_t *counts = mem_alloc_zero (1, sizeof (map_counts_t));
    if (!map || !copy || !counts) {
        mem_free (map);
        mem_free (copy);
        mem_free (counts);
        return NULL;
    }
    memcpy (copy, name.data, name.size);
    copy[name.size] = 0;
    map->hash = hash_key (&self->secret, name);
    map->name = copy;
    map->counts = counts;
    map->name_size = (uint32_t) name.size;
    map_apply_settings (self, map);
    map->notes = STORE_NOTES_TIME;
    if (!limits_begin_map (self, map)) {
        mem_free (map->name);
        mem_free (map->counts);
        mem_free (map);
        return NULL;
    }
    return map;
}

map_t *
map_make (storage_t *self, bytes_t name, unsigned *status)
{
    directory_t *old = map_directory (self);
    uint32_t count = old ? old->count : 0;
    *status = ZGRID_TOOBIG;
    if (count >= self->config.maps_max)
        return NULL;
    *status = ZGRID_NOMEM;
    uint32_t room = 8;
    while (room < (count + 1) * 2)
        room *= 2;
    directory_t *directory = mem_alloc_zero (1, sizeof (directory_t) + 2 * room * sizeof (map_t *));
    map_t *map = directory ? s_new_map (self, name) : NULL;
    if (!map) {
        mem_free (directory);
        return NULL;
    }
    directory->room = room;
    map->number = count;
    for (uint32_t at = 0; old && at < old->room; at++)
        if (old->slots[at])
            s_insert (directory, old->slots[at]);
    s_insert (directory, map);
    atomic_store_explicit (&self->directory, directory, memory_order_release);
    if (old)
        reclaim_later (self->pool.reclaim, s_free_directory, NULL, old, sizeof (directory_t));
    return map;
}

store_t *
map_make_store (storage_t *self, map_t *map, uint32_t local)
{
    store_t *store = map_store (map, local);
    if (store)
        return store;
    store = store_new (&self->pool);
    if (!store)
        return NULL;
    store->map = map;
    store->partition = local;
    atomic_store_explicit (&store->notes, map->notes, memory_order_relaxed);
    store_count (store, self->partitions[local].counted ? &map->tally : NULL);
    atomic_store_explicit (&map->stores[local], store, memory_order_release);
    return store;
}

void
map_drop_store (map_t *map, uint32_t local)
{
    store_t *store = map_store (map, local);
    atomic_store_explicit (&map->stores[local], NULL, memory_order_release);
    store_destroy (&store);
}

bool
call_make_store (call_t *call)
{
    if (call->store)
        return true;
    storage_t *self = call->storage;
    unsigned status = ZGRID_NOMEM;
    if (!call->map)
        call->map = map_make (self, call->request->map, &status);
    uint32_t local = (uint32_t) (call->partition - self->partitions);
    call->store = call->map ? map_make_store (self, call->map, local) : NULL;
    if (call->store)
        return true;
    if (status == ZGRID_NOMEM || call->map)
        self->stats.nomem++;
    call_refuse (call, call->map ? ZGRID_NOMEM : status,
                 call->map || status == ZGRID_NOMEM ? "out of memory"
                                                    : "no more maps: limits.maps is reached");
    return false;
}

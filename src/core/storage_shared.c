//  storage_shared: what local readers see of a storage actor's state. Only reads what the owner
//  publishes with release; see reclaim.h for how long it may be looked at.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "storage_impl.h"

const map_t *
storage_map (storage_t *self, bytes_t name)
{
    return map_find (self, name);
}

uint64_t
storage_hash (const storage_t *self, bytes_t key)
{
    return hash_key (&self->secret, key);
}

void
storage_prefetch_shared (storage_t *self, const map_t *map, uint32_t partition, uint64_t hash, int stage)
{
    store_t *store = map_store (map, partition / self->config.actors);
    if (!store)
        return;
    if (stage == 0)
        index_prefetch_bucket (&store->index, hash);
    else
        index_prefetch_entry (&store->index, hash);
}

shared_t
storage_find_shared (storage_t *self, const map_t *map, uint32_t partition, uint64_t hash, bytes_t key,
                     storage_clock_fn *now)
{
    shared_t shared = { .status = ZGRID_NOTFOUND };
    store_t *store = map_store (map, partition / self->config.actors);
    if (!store)
        return shared;
    bool torn = false;
    entry_t *entry = index_find_shared (&store->index, hash, key, &torn);
    if (torn || (entry && entry_deadline (entry) && entry_expired (entry, now ())))
        shared.status = -1;
    else if (entry) {
        shared.status = ZGRID_OK;
        shared.entry = entry;
        entry_touch (entry, atomic_load_explicit (&self->clock, memory_order_relaxed));
    }
    return shared;
}

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

storage_place_t *
storage_place (storage_t *self, const map_t *map, uint32_t partition)
{
    return &((map_t *) (uintptr_t) map)->stores[partition / self->config.actors];
}

const shared_word_t *
storage_word (const storage_t *self, uint32_t partition)
{
    return &self->words[partition / self->config.actors];
}

const lease_t *
storage_lease (const storage_t *self)
{
    return self->lease;
}

bool
storage_has_ap (storage_t *self)
{
    return atomic_load_explicit (&self->ap_declared, memory_order_acquire);
}

uint64_t
storage_hash (const storage_t *self, bytes_t key)
{
    return hash_key (&self->secret, key);
}

uint32_t
storage_clock (storage_t *self)
{
    return atomic_load_explicit (&self->clock, memory_order_relaxed);
}

void
storage_prefetch_shared (storage_place_t *place, uint64_t hash, int stage, index_hint_t *hint)
{
    store_t *store = atomic_load_explicit (place, memory_order_acquire);
    if (!store) {
        hint->slot = NULL;
        return;
    }
    if (stage == 0)
        index_prefetch_bucket (&store->index, hash, hint);
    else
        index_prefetch_entry (&store->index, hash, hint);
}

shared_t
storage_find_shared (storage_place_t *place, uint64_t hash, bytes_t key, const index_hint_t *hint,
                     uint32_t clock, storage_clock_fn *now)
{
    shared_t shared = { .status = ZGRID_NOTFOUND };
    store_t *store = atomic_load_explicit (place, memory_order_acquire);
    if (!store)
        return shared;
    bool torn = false;
    entry_t *entry = index_find_shared (&store->index, hash, key, hint, &torn);
    if (entry) {
        //  The owner sets the version before the deadline: who sees a new deadline sees its version
        uint64_t life = atomic_load_explicit (&entry->life, memory_order_acquire);
        shared.deadline = life >> ENTRY_ACCESS_BITS;
        shared.version = atomic_load_explicit (&entry->version, memory_order_acquire);
    }
    const map_t *map = store->map;
    uint32_t idle = atomic_load_explicit (&((map_t *) (uintptr_t) map)->idle, memory_order_relaxed);
    //  What seems to be idle is the owner's business: it knows what else counts
    if (torn || (entry && idle && entry_age (entry, clock) >= idle)
        || (shared.deadline && shared.deadline <= now ()))
        shared.status = -1;
    else if (entry) {
        shared.status = ZGRID_OK;
        shared.entry = entry;
        store_touch (store, entry, clock);
    }
    return shared;
}

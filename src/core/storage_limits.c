//  storage_limits: which limits and policies hold for which map, as the view has them.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>

#include "mem.h"
#include "storage_impl.h"

static void
s_set_notes (storage_t *self, map_t *map, uint8_t notes)
{
    map->notes = notes;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        store_t *store = map_store (map, local);
        if (store)
            atomic_store_explicit (&store->notes, notes, memory_order_relaxed);
    }
}

//  Counts the map's entries to another evictor.
static void
s_move_tally (map_t *map, evictor_t *to)
{
    if (map->tally.all == &to->all)
        return;
    if (map->tally.all) {
        map->tally.all->entries -= map->tally.entries;
        map->tally.all->used_bytes -= map->tally.used_bytes;
    }
    map->tally.all = &to->all;
    to->all.entries += map->tally.entries;
    to->all.used_bytes += map->tally.used_bytes;
}

static bool
s_make_evictor (storage_t *self, map_t *map)
{
    if (self->evictors_count == self->evictors_room) {
        uint32_t room = self->evictors_room ? self->evictors_room * 2 : 8;
        evictor_t **evictors = mem_resize (self->evictors, room * sizeof *evictors);
        if (!evictors)
            return false;
        self->evictors = evictors;
        self->evictors_room = room;
    }
    map->evictor = mem_alloc (sizeof (evictor_t));
    if (!map->evictor)
        return false;
    evictor_open (map->evictor, map, &self->pool.index_bytes);
    self->evictors[self->evictors_count++] = map->evictor;
    return true;
}

static void
s_drop_evictor (storage_t *self, map_t *map)
{
    evictor_t *evictor = map->evictor;
    if (!evictor)
        return;
    s_move_tally (map, &self->evictor);
    uint32_t at = 0;
    while (self->evictors[at] != evictor)
        at++;
    self->evictors[at] = self->evictors[--self->evictors_count];
    evictor_close (evictor);
    mem_free (evictor);
    map->evictor = NULL;
}

//  This actor's part of a limit for the whole map, rounded up.
static uint64_t
s_share (const storage_t *self, uint64_t limit)
{
    uint64_t all = self->config.partitions, own = self->primaries;
    return limit / all * own + (limit % all * own + all - 1) / all;
}

bool
limits_apply (storage_t *self, map_t *map, const map_settings_t *settings)
{
    bool own = settings->max_entries || settings->max_bytes || settings->policy != MAP_POLICY_NODE;
    map_policy_t policy = settings->policy == MAP_POLICY_NODE ? self->config.policy
                                                              : (map_policy_t) settings->policy;
    if (own && !map->evictor && !s_make_evictor (self, map))
        return false;
    if (!own)
        s_drop_evictor (self, map);
    evictor_t *evictor = own ? map->evictor : &self->evictor;
    s_move_tally (map, evictor);
    if (own) {
        evictor_set_policy (evictor, policy);
        evictor->entries_max = s_share (self, settings->max_entries);
        evictor->bytes_max = s_share (self, settings->max_bytes);
    }
    uint8_t notes = policy != MAP_POLICY_S3FIFO ? STORE_NOTES_TIME
                    : settings->idle            ? STORE_NOTES_TIME | STORE_NOTES_HIT
                                                : STORE_NOTES_HIT;
    if (notes != map->notes)
        s_set_notes (self, map, notes);
    return true;
}

//  Counts the entries of one partition, or no longer: they are its primary's.
static void
s_count_partition (storage_t *self, uint32_t local, bool count)
{
    directory_t *directory = map_directory (self);
    self->partitions[local].counted = count;
    for (uint32_t number = 0; directory && number < directory->count; number++) {
        map_t *map = directory->slots[directory->room + number];
        store_t *store = map_store (map, local);
        if (store)
            store_count (store, count ? &map->tally : NULL);
    }
}

void
limits_refresh (storage_t *self)
{
    const view_t *view = self->cluster.view;
    directory_t *directory = map_directory (self);
    self->primaries = 0;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        bool primary = self->partitions[local].role == ROLE_PRIMARY;
        self->primaries += primary;
        if (primary != self->partitions[local].counted)
            s_count_partition (self, local, primary);
    }
    self->limits_due = false;
    if (view->maps_count == 0 && !self->maps_declared)
        return;
    self->maps_declared = view->maps_count > 0;
    for (uint32_t number = 0; directory && number < directory->count; number++) {
        map_t *map = directory->slots[directory->room + number];
        if (!limits_apply (self, map, view_map (view, map_name (map))))
            self->limits_due = true; // Again at the next tick
    }
}

void
limits_open (storage_t *self)
{
    evictor_open (&self->evictor, NULL, &self->pool.index_bytes);
    evictor_set_policy (&self->evictor, self->config.policy);
    self->primaries = self->local_partitions;
    for (uint32_t local = 0; local < self->local_partitions; local++)
        self->partitions[local].counted = true;
}

void
limits_close (storage_t *self)
{
    while (self->evictors_count)
        s_drop_evictor (self, self->evictors[0]->map);
    mem_free (self->evictors);
    evictor_close (&self->evictor);
}

bool
limits_begin_map (storage_t *self, map_t *map)
{
    static const map_settings_t s_usual = { .policy = MAP_POLICY_NODE };
    const view_t *view = self->cluster.view;
    return limits_apply (self, map, view ? view_map (view, map_name (map)) : &s_usual);
}

void
limits_verify (storage_t *self)
{
    directory_t *directory = map_directory (self);
    tally_t rest = { self->evictor.all.entries, self->evictor.all.used_bytes, NULL };
    for (uint32_t number = 0; directory && number < directory->count; number++) {
        const map_t *map = directory->slots[directory->room + number];
        tally_t tally = { 0 };
        for (uint32_t local = 0; local < self->local_partitions; local++) {
            const store_t *store = map_store (map, local);
            assert (!store || (store->tally != NULL) == self->partitions[local].counted);
            tally.entries += store && store->tally ? store_entries (store) : 0;
            tally.used_bytes += store && store->tally ? store->used_bytes : 0;
        }
        assert (tally.entries == map->tally.entries && tally.used_bytes == map->tally.used_bytes);
        const evictor_t *evictor = map->evictor ? map->evictor : &self->evictor;
        assert (map->tally.all == &evictor->all);
        if (map->evictor)
            assert (evictor->all.entries == tally.entries && evictor->all.used_bytes == tally.used_bytes);
        else {
            rest.entries -= tally.entries;
            rest.used_bytes -= tally.used_bytes;
        }
    }
    assert (rest.entries == 0 && rest.used_bytes == 0);
}

uint32_t
storage_access_before (const storage_t *self, uint64_t ms)
{
    return ages_before (&self->ages, ms);
}

//  local_read: a host's thread reads the entries of its own node without an actor.
//
//  Inside an epoch what can be found stays readable (reclaim.h); values are copied before it ends.
//  What is not simply there or absent (an expired entry, a table in motion) is the actor's business.
//  SPDX-License-Identifier: MPL-2.0
#include <zgrid_error.h>

#include "mem.h"
#include "node_impl.h"
#include "slot.h"

struct local {
    epochs_t *epochs;
    int place;
    uint32_t partitions;
    uint32_t actors;
    uint32_t map_size; // Of the name below; 0: none yet
    uint8_t map_name[WIRE_MAP_NAME_MAX];
    storage_t *storages[NODE_ACTORS_MAX];
    const map_t *maps[NODE_ACTORS_MAX]; // The map of that name, by storage actor; NULL: not yet
};

local_t *
local_open (zgrid_node_t *node)
{
    local_t *self = mem_alloc_zero (1, sizeof (local_t));
    if (!self)
        return NULL;
    self->place = epochs_join (node->epochs);
    if (self->place < 0) {
        mem_free (self);
        return NULL;
    }
    self->epochs = node->epochs;
    self->partitions = node->partitions;
    self->actors = node->actors;
    memcpy (self->storages, node->storages, sizeof self->storages);
    return self;
}

void
local_close (local_t **self_p)
{
    local_t *self = *self_p;
    if (!self)
        return;
    epochs_leave (self->epochs, self->place);
    mem_free (self);
    *self_p = NULL;
}

static uint64_t
s_now (void)
{
    return actor_moment ().now;
}

//  A key of the group, and where it lives.
typedef struct {
    uint64_t hash;
    uint32_t partition;
    uint32_t actor;
} s_spot_t;

static void
s_use_map (local_t *self, bytes_t name)
{
    if (self->map_size == name.size && memcmp (self->map_name, name.data, name.size) == 0)
        return;
    memset (self->maps, 0, sizeof self->maps);
    memcpy (self->map_name, name.data, name.size);
    self->map_size = (uint32_t) name.size;
}

static s_spot_t
s_spot (local_t *self, bytes_t name, bytes_t key)
{
    s_spot_t spot;
    spot.partition = slot_partition (slot_of_key (key), self->partitions);
    spot.actor = spot.partition % self->actors;
    //  The secret is the same for all of them
    spot.hash = storage_hash (self->storages[0], key);
    if (!self->maps[spot.actor])
        self->maps[spot.actor] = storage_map (self->storages[spot.actor], name);
    return spot;
}

static void
s_read (local_t *self, const s_spot_t *spot, bytes_t key, buf_t *copy, local_entry_t *entry)
{
    const map_t *map = self->maps[spot->actor];
    *entry = (local_entry_t) { .status = ZGRID_NOTFOUND, .ttl_ms = -1 };
    if (!map)
        return;
    shared_t shared = storage_find_shared (self->storages[spot->actor], map, spot->partition, spot->hash, key, s_now);
    entry->status = shared.status;
    if (shared.status != ZGRID_OK)
        return;
    bytes_t value = entry_value (shared.entry);
    if (!buf_reserve (copy, value.size)) {
        copy->failed = false;
        entry->status = LOCAL_ASK;
        return;
    }
    uint64_t deadline = entry_deadline (shared.entry);
    entry->version = entry_version (shared.entry);
    entry->ttl_ms = deadline ? (int64_t) (deadline - s_now ()) : -1;
    if (deadline && entry->ttl_ms <= 0)
        entry->status = LOCAL_ASK;
    entry->offset = copy->size;
    entry->size = value.size;
    if (value.size)
        memcpy (copy->data + copy->size, value.data, value.size);
    copy->size += value.size;
}

void
local_read (local_t *self, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy, local_entry_t *entries)
{
    s_spot_t spots[LOCAL_BATCH_MAX];
    if (map.size == 0 || map.size > WIRE_MAP_NAME_MAX) { // The actor says what is wrong
        for (size_t at = 0; at < count; at++)
            entries[at] = (local_entry_t) { .status = LOCAL_ASK };
        return;
    }
    epochs_enter (self->epochs, self->place);
    s_use_map (self, map);
    for (size_t at = 0; at < count; at++) {
        spots[at] = s_spot (self, map, keys[at]);
        if (count > 1 && self->maps[spots[at].actor])
            storage_prefetch_shared (self->storages[spots[at].actor], self->maps[spots[at].actor],
                                     spots[at].partition, spots[at].hash, 0);
    }
    for (size_t at = 0; count > 1 && at < count; at++)
        if (self->maps[spots[at].actor])
            storage_prefetch_shared (self->storages[spots[at].actor], self->maps[spots[at].actor],
                                     spots[at].partition, spots[at].hash, 1);
    for (size_t at = 0; at < count; at++)
        s_read (self, &spots[at], keys[at], copy, &entries[at]);
    epochs_count (self->epochs, self->place, count);
    epochs_exit (self->epochs, self->place);
}

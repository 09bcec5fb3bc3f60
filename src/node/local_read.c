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
    storage_place_t *places[]; // By partition, of that map; NULL: not looked up, or no such map yet
};

local_t *
local_open (zgrid_node_t *node)
{
    local_t *self = mem_alloc_zero (1, sizeof (local_t) + node->partitions * sizeof (storage_place_t *));
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
    storage_place_t *place; // NULL: there is no such map
    index_hint_t hint;
} s_spot_t;

static void
s_use_map (local_t *self, bytes_t name)
{
    if (bytes_equal (bytes_of (self->map_name, self->map_size), name))
        return;
    memset (self->places, 0, self->partitions * sizeof self->places[0]);
    memcpy (self->map_name, name.data, name.size);
    self->map_size = (uint32_t) name.size;
}

//  The place of a partition that has not been asked for since the map was chosen.
static storage_place_t *
s_look_up (local_t *self, uint32_t partition)
{
    storage_t *storage = self->storages[partition % self->actors];
    const map_t *map = storage_map (storage, bytes_of (self->map_name, self->map_size));
    return self->places[partition] = map ? storage_place (storage, map, partition) : NULL;
}

static inline s_spot_t
s_spot (local_t *self, bytes_t key)
{
    uint32_t partition = slot_partition (slot_of_key (key), self->partitions);
    storage_place_t *place = self->places[partition];
    //  The secret is the same for all of them
    return (s_spot_t) { storage_hash (self->storages[0], key),
                        place ? place : s_look_up (self, partition),
                        { NULL, 0 } };
}

static inline void
s_read (const s_spot_t *spot, bytes_t key, uint32_t clock, buf_t *copy, local_entry_t *entry)
{
    entry->status = ZGRID_NOTFOUND;
    entry->ttl_ms = -1;
    entry->offset = entry->size = 0;
    entry->version = 0;
    if (!spot->place)
        return;
    shared_t shared = storage_find_shared (spot->place, spot->hash, key, &spot->hint, clock, s_now);
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
    if (deadline) {
        entry->ttl_ms = (int64_t) (deadline - s_now ());
        if (entry->ttl_ms <= 0)
            entry->status = LOCAL_ASK;
    }
    entry->offset = copy->size;
    entry->size = value.size;
    if (value.size)
        memcpy (copy->data + copy->size, value.data, value.size);
    copy->size += value.size;
}

void
local_read (local_t *self, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy,
            local_entry_t *entries)
{
    s_spot_t spots[LOCAL_BATCH_MAX];
    if (map.size == 0 || map.size > WIRE_MAP_NAME_MAX) { // The actor says what is wrong
        for (size_t at = 0; at < count; at++)
            entries[at] = (local_entry_t) { .status = LOCAL_ASK };
        return;
    }
    epochs_enter (self->epochs, self->place);
    s_use_map (self, map);
    uint32_t clock = storage_clock (self->storages[0]);
    if (count == 1) {
        spots[0] = s_spot (self, keys[0]);
        s_read (&spots[0], keys[0], clock, copy, &entries[0]);
    } else {
        //  The misses of all keys overlap instead of following one another
        for (size_t at = 0; at < count; at++) {
            spots[at] = s_spot (self, keys[at]);
            if (spots[at].place)
                storage_prefetch_shared (spots[at].place, spots[at].hash, 0, &spots[at].hint);
        }
        for (size_t at = 0; at < count; at++)
            if (spots[at].place)
                storage_prefetch_shared (spots[at].place, spots[at].hash, 1, &spots[at].hint);
        for (size_t at = 0; at < count; at++)
            s_read (&spots[at], keys[at], clock, copy, &entries[at]);
    }
    epochs_count (self->epochs, self->place, count);
    epochs_exit (self->epochs, self->place);
}

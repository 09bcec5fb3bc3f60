//  local_read: a host's thread reads the entries of its own node without an actor.
//
//  Inside an epoch what can be found stays readable (reclaim.h); values are copied before it ends.
//  What is not simply there or absent (an expired entry, a table in motion) is the actor's business,
//  and so is what this member may not answer by itself: a partition of another, something that is not
//  committed, an ended lease (doc/consistency.md 6). Hence the order: the partition's word, the entry,
//  the word again, and at last the lease.
//  SPDX-License-Identifier: MPL-2.0
#include <zgrid_error.h>

#include "mem.h"
#include "node_impl.h"
#include "replica/shared_word.h"
#include "slot.h"

//  What is known of a partition.
typedef struct {
    storage_t *storage;
    const shared_word_t *word;
    storage_place_t *place; // Of the map below; NULL: not looked up, or no such map yet
} s_part_t;

struct local {
    epochs_t *epochs;
    int place;
    storage_t *storage; // Any of them, for what they have in common
    const lease_t *lease;
    uint32_t partitions;
    uint32_t map_size; // Of the name below; 0: none yet
    uint8_t map_name[WIRE_MAP_NAME_MAX];
    s_part_t parts[];
};

local_t *
local_open (zgrid_node_t *node)
{
    local_t *self = mem_alloc_zero (1, sizeof (local_t) + node->partitions * sizeof (s_part_t));
    if (!self)
        return NULL;
    self->place = epochs_join (node->epochs);
    if (self->place < 0) {
        mem_free (self);
        return NULL;
    }
    self->epochs = node->epochs;
    self->partitions = node->partitions;
    self->storage = node->storages[0];
    self->lease = storage_lease (self->storage);
    for (uint32_t partition = 0; partition < self->partitions; partition++) {
        storage_t *storage = node->storages[partition % node->actors];
        self->parts[partition] = (s_part_t) { storage, storage_word (storage, partition), NULL };
    }
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

//  A key of the group, and where it lives.
typedef struct {
    uint64_t hash;
    uint64_t word; // As it was before the lookup; 0: not served here
    const shared_word_t *shared;
    storage_place_t *place; // NULL: there is no such map
    index_hint_t hint;
} s_spot_t;

static void
s_use_map (local_t *self, bytes_t name)
{
    if (bytes_equal (bytes_of (self->map_name, self->map_size), name))
        return;
    for (uint32_t partition = 0; partition < self->partitions; partition++)
        self->parts[partition].place = NULL;
    memcpy (self->map_name, name.data, name.size);
    self->map_size = (uint32_t) name.size;
}

//  The place of a partition that has not been asked for since the map was chosen.
static storage_place_t *
s_look_up (local_t *self, uint32_t partition)
{
    s_part_t *part = &self->parts[partition];
    const map_t *map = storage_map (part->storage, bytes_of (self->map_name, self->map_size));
    return part->place = map ? storage_place (part->storage, map, partition) : NULL;
}

static inline s_spot_t
s_spot (local_t *self, bytes_t key)
{
    uint32_t partition = slot_partition (slot_of_key (key), self->partitions);
    const s_part_t *part = &self->parts[partition];
    s_spot_t spot = { .word = shared_word_begin (part->word), .shared = part->word };
    if (spot.word) {
        //  The secret came with the cluster's first view, and so before the word
        spot.hash = storage_hash (part->storage, key);
        spot.place = part->place ? part->place : s_look_up (self, partition);
    }
    return spot;
}

static inline void
s_read (const s_spot_t *spot, bytes_t key, uint32_t clock, buf_t *copy, local_entry_t *entry)
{
    shared_t shared = { .status = ZGRID_NOTFOUND };
    *entry = (local_entry_t) { .status = LOCAL_ASK, .ttl_ms = -1 };
    if (!spot->word)
        return;
    if (spot->place)
        shared = storage_find_shared (spot->place, spot->hash, key, &spot->hint, clock, actor_boot);
    if (shared.status < 0 || !shared_word_end (spot->shared, spot->word, shared.version))
        return;
    if (shared.status != ZGRID_OK) {
        entry->status = shared.status;
        return;
    }
    bytes_t value = entry_value (shared.entry);
    if (!buf_reserve (copy, value.size)) {
        copy->failed = false;
        return;
    }
    if (shared.deadline) {
        entry->ttl_ms = (int64_t) (shared.deadline - actor_boot ());
        if (entry->ttl_ms <= 0)
            return;
    }
    entry->status = ZGRID_OK;
    entry->version = shared.version;
    entry->offset = copy->size;
    entry->size = value.size;
    if (value.size)
        memcpy (copy->data + copy->size, value.data, value.size);
    copy->size += value.size;
}

//  The last step: a lease that was compared before a lookup says nothing about it.
static inline bool
s_lease_valid (const local_t *self, uint64_t generation)
{
    return !self->lease || lease_is_forever (self->lease, generation)
           || lease_valid (self->lease, generation, actor_boot ());
}

//  After all lookups: what was found may be told if this member's lease is valid, in the generation in
//  which its partitions were served.
static inline void
s_compare_lease (const local_t *self, const s_spot_t *spots, size_t count, local_entry_t *entries)
{
    uint64_t generation = 0;
    bool known = false, valid = false;
    for (size_t at = 0; at < count; at++) {
        if (entries[at].status == LOCAL_ASK)
            continue;
        uint64_t its = shared_word_generation (spots[at].word);
        if (!known || its != generation) {
            known = true;
            generation = its;
            valid = s_lease_valid (self, generation);
        }
        if (!valid)
            entries[at].status = LOCAL_ASK;
    }
}

void
local_read (local_t *self, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy,
            local_entry_t *entries)
{
    s_spot_t spots[LOCAL_BATCH_MAX];
    //  The actor says what is wrong, and knows of maps in ap mode
    if (map.size == 0 || map.size > WIRE_MAP_NAME_MAX || storage_has_ap (self->storage)) {
        for (size_t at = 0; at < count; at++)
            entries[at] = (local_entry_t) { .status = LOCAL_ASK };
        return;
    }
    epochs_enter (self->epochs, self->place);
    s_use_map (self, map);
    uint32_t clock = storage_clock (self->storage);
    if (count == 1) {
        spots[0] = s_spot (self, keys[0]);
        s_read (&spots[0], keys[0], clock, copy, &entries[0]);
        if (!s_lease_valid (self, shared_word_generation (spots[0].word)))
            entries[0].status = LOCAL_ASK;
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
        s_compare_lease (self, spots, count, entries);
    }
    epochs_count (self->epochs, self->place, count);
    epochs_exit (self->epochs, self->place);
}

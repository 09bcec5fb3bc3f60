//  replica_apply: an entry of the log becomes part of the tables, the same on every copy.
//  SPDX-License-Identifier: MPL-2.0
#include "../storage_impl.h"

static uint32_t
s_local (const storage_t *self, const partition_t *part)
{
    return (uint32_t) (part - self->partitions);
}

static map_t *
s_map (storage_t *self, bytes_t name)
{
    map_t *map = self->last_map;
    if (map && bytes_equal (map_name (map), name))
        return map;
    unsigned status;
    map = map_find (self, name);
    if (!map)
        map = map_make (self, name, &status);
    if (map)
        self->last_map = map;
    return map;
}

void
replica_look_ahead (storage_t *self, const partition_t *part, uint64_t seq, replica_ahead_t *ahead)
{
    effect_t effect;
    change_t change;
    ahead->store = NULL;
    if (seq > part->sequence || seq <= part->log.base || !effect_open (oplog_entry (&part->log, seq), &effect)
        || !effect_next (&effect, &change) || change.kind != CHANGE_PUT)
        return;
    map_t *map = s_map (self, change.map);
    ahead->store = map ? map_store (map, s_local (self, part)) : NULL;
    if (!ahead->store)
        return;
    ahead->hash = hash_key (&self->secret, change.key);
    index_prefetch_bucket (&ahead->store->index, ahead->hash, &ahead->hint);
}

//  The same entry of the log may have stored it (EXEC).
static bool
s_is_before (const entry_t *entry, uint64_t seq)
{
    return entry_version (entry) < seq || (entry_version (entry) == seq && !LEFT_OUT (exec_order));
}

static bool
s_put (storage_t *self, partition_t *part, map_t *map, const change_t *change, uint64_t seq, uint64_t now)
{
    store_t *store = map_make_store (self, map, s_local (self, part));
    if (!store)
        return false;
    place_t place = store_find (store, hash_key (&self->secret, change->key), change->key);
    if (place.entry && entry_version (place.entry) > seq) // A learner: a chunk has brought a newer one
        return true;
    uint64_t deadline = change->left ? now + change->left : 0;
    return store_set (store, &place, change->value, bytes_of (NULL, 0), seq, deadline,
                      storage_access_clock (self));
}

static bool
s_remove (storage_t *self, partition_t *part, map_t *map, const change_t *change, uint64_t seq)
{
    uint64_t hash = hash_key (&self->secret, change->key);
    //  An older entry of this key may still be on its way to a learner
    if (part->receiver && !replica_learn_removed (self, part, map, hash, change->key, seq))
        return false;
    store_t *store = map_store (map, s_local (self, part));
    place_t place = { .entry = NULL };
    if (store)
        place = store_find (store, hash, change->key);
    if (place.entry && s_is_before (place.entry, seq)) {
        shared_word_remove (part->shared, seq);
        store_remove (store, &place);
    }
    return true;
}

static void
s_set_deadline (storage_t *self, partition_t *part, map_t *map, const change_t *change, uint64_t seq,
                uint64_t now)
{
    store_t *store = map_store (map, s_local (self, part));
    if (!store)
        return;
    place_t place = store_find (store, hash_key (&self->secret, change->key), change->key);
    if (place.entry && s_is_before (place.entry, seq))
        store_set_deadline (store, &place, seq, change->left ? now + change->left : 0);
}

//  Entries of a learner may be newer than the map's end: they stay.
typedef struct {
    store_t *store;
    uint64_t seq;
} s_old_t;

static void
s_remove_old (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_old_t *old = arg;
    (void) hash;
    if (entry_version (entry) > old->seq)
        return;
    place_t place = { .slot = slot, .entry = entry };
    store_remove (old->store, &place);
}

static bool
s_destroy (storage_t *self, partition_t *part, map_t *map, uint64_t seq)
{
    uint32_t local = s_local (self, part);
    store_t *store = map_store (map, local);
    if (part->receiver) {
        if (!replica_learn_destroyed (self, part, map, seq))
            return false;
        s_old_t old = { store, seq };
        for (uint64_t at = 0; store && at < INDEX_END;)
            at = index_visit (&store->index, at, s_remove_old, &old);
    } else if (store)
        map_drop_store (map, local);
    return true;
}

bool
replica_apply_entry (storage_t *self, partition_t *part, bytes_t entry, uint64_t seq, uint64_t now)
{
    effect_t effect;
    change_t change;
    if (!effect_open (entry, &effect))
        return true; // Was checked when it came
    while (effect_next (&effect, &change)) {
        bool done = true;
        lock_change_t lock;
        if (effect_lock_change (&change, &lock)) {
            if (!replica_learn_lock (self, part, &lock, seq, now))
                return false;
            continue;
        }
        map_t *map = change.kind == CHANGE_FLOOR ? NULL : s_map (self, change.map);
        if (change.kind != CHANGE_FLOOR && !map)
            return false;
        if (change.kind == CHANGE_PUT)
            done = s_put (self, part, map, &change, seq, now);
        else if (change.kind == CHANGE_REMOVE)
            done = s_remove (self, part, map, &change, seq);
        else if (change.kind == CHANGE_DEADLINE)
            s_set_deadline (self, part, map, &change, seq, now);
        else if (change.kind == CHANGE_DESTROY)
            done = s_destroy (self, part, map, seq);
        else
            sessions_raise_floor (&part->sessions, (uint32_t) change.left);
        if (!done)
            return false;
    }
    return !effect.has_session || sessions_record (&part->sessions, &effect.request, seq, effect.result);
}

void
replica_drop_data (storage_t *self, partition_t *part)
{
    uint32_t local = s_local (self, part);
    shared_word_stop (part->shared);
    for (uint32_t number = 0;; number++) {
        map_t *map = map_numbered (self, number);
        if (!map)
            break;
        if (map_store (map, local))
            map_drop_store (map, local);
    }
    sessions_clear (&part->sessions);
    locks_clear (&part->locks);
    oplog_clear (&part->log);
    buf_clear (&part->part);
    part->part_seq = 0;
    part->sequence = part->commit = part->removed = part->told_commit = 0;
    part->tenure = part->tenure_start = 0;
    part->synced_epoch = part->synced_tenure = 0;
    part->broken = false;
}

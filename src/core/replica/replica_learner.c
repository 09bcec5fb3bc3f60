//  replica_learner: the learner's side of adding a copy: chunks of the table and entries of the log come
//  in any order; the newer version of a key stays, and what was removed does not come back
//  (consistency 9, rule 3).
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../status.h"
#include "../storage_impl.h"

#define S_TOMBS_MAX (64u << 20) // Bytes of remembered removals

//  What was removed from one map since the snapshot began: keys without values, in a store of their own.
typedef struct {
    store_t *removed;   // May be NULL
    uint64_t destroyed; // The last DESTROY; 0: none
} s_tombs_t;

struct receiver {
    uint64_t id;
    uint64_t taken; // Chunks up to here
    bool complete;
    pool_t pool;      // Of the tombs; its heap is NULL before the first
    s_tombs_t *tombs; // By number of the map
    uint32_t tombs_room;
};

uint64_t
replica_learn_id (const partition_t *part)
{
    return part->receiver ? part->receiver->id : 0;
}

bool
replica_learn_complete (const partition_t *part)
{
    return part->receiver && part->receiver->complete;
}

static void
s_forget_tombs (receiver_t *receiver)
{
    for (uint32_t at = 0; at < receiver->tombs_room; at++)
        store_destroy (&receiver->tombs[at].removed);
    mem_free (receiver->tombs);
    receiver->tombs = NULL;
    receiver->tombs_room = 0;
    reclaim_destroy (&receiver->pool.reclaim);
    heap_destroy (&receiver->pool.heap);
}

void
replica_learn_end (partition_t *part)
{
    if (!part->receiver)
        return;
    s_forget_tombs (part->receiver);
    mem_free (part->receiver);
    part->receiver = NULL;
}

static s_tombs_t *
s_tombs (storage_t *self, receiver_t *receiver, const map_t *map)
{
    if (!receiver->pool.heap) {
        receiver->pool.secret = &self->secret;
        receiver->pool.heap = heap_new ();
        receiver->pool.reclaim = reclaim_new (NULL);
        if (!receiver->pool.heap || !receiver->pool.reclaim) {
            reclaim_destroy (&receiver->pool.reclaim);
            heap_destroy (&receiver->pool.heap);
            return NULL;
        }
    }
    if (map->number >= receiver->tombs_room) {
        uint32_t room = (map->number + 1) * 2;
        s_tombs_t *tombs = mem_resize (receiver->tombs, room * sizeof (s_tombs_t));
        if (!tombs)
            return NULL;
        memset (tombs + receiver->tombs_room, 0, (room - receiver->tombs_room) * sizeof (s_tombs_t));
        receiver->tombs = tombs;
        receiver->tombs_room = room;
    }
    return &receiver->tombs[map->number];
}

bool
replica_learn_removed (storage_t *self, partition_t *part, map_t *map, uint64_t hash, bytes_t key,
                       uint64_t seq)
{
    receiver_t *receiver = part->receiver;
    if (receiver->complete || LEFT_OUT (tombstones))
        return true;
    s_tombs_t *tombs = s_tombs (self, receiver, map);
    if (!tombs || receiver->pool.used_bytes + receiver->pool.index_bytes > S_TOMBS_MAX)
        return false;
    if (!tombs->removed)
        tombs->removed = store_new (&receiver->pool);
    if (!tombs->removed)
        return false;
    place_t place = store_find (tombs->removed, hash, key);
    bytes_t none = bytes_of (NULL, 0);
    return store_set (tombs->removed, &place, none, none, seq, 0, 0);
}

bool
replica_learn_destroyed (storage_t *self, partition_t *part, map_t *map, uint64_t seq)
{
    receiver_t *receiver = part->receiver;
    if (receiver->complete || LEFT_OUT (tombstones))
        return true;
    s_tombs_t *tombs = s_tombs (self, receiver, map);
    if (!tombs)
        return false;
    tombs->destroyed = seq;
    store_destroy (&tombs->removed); // All older
    return true;
}

//  True if the key was removed after that version.
static bool
s_was_removed (const receiver_t *receiver, const map_t *map, uint64_t hash, bytes_t key, uint64_t version)
{
    if (map->number >= receiver->tombs_room)
        return false;
    const s_tombs_t *tombs = &receiver->tombs[map->number];
    if (tombs->destroyed > version)
        return true;
    if (!tombs->removed)
        return false;
    place_t place = store_find (tombs->removed, hash, key);
    return place.entry && entry_version (place.entry) > version;
}

void
replica_learn_begin (storage_t *self, partition_t *part, uint64_t snapshot, uint64_t base, uint64_t tenure,
                     uint64_t now)
{
    (void) now;
    if (replica_learn_id (part) > snapshot)
        return;
    if (replica_learn_id (part) != snapshot) {
        replica_learn_end (part);
        replica_drop_data (self, part);
        part->receiver = mem_alloc_zero (1, sizeof (receiver_t));
        if (!part->receiver)
            return;
        part->receiver->id = snapshot;
        part->sequence = part->commit = part->told_commit = base;
        oplog_reset (&part->log, base);
        part->synced_tenure = tenure;
    }
    buf_t *out = replica_out (self, part, part->primary, replica_actor (self, part, part->primary),
                              PEER_SNAP_BEGIN_ACK, 1);
    if (out)
        wire_add_uint (out, snapshot);
}

static void
s_answer (storage_t *self, const partition_t *part, unsigned status)
{
    buf_t *out = replica_out (self, part, part->primary, replica_actor (self, part, part->primary),
                              PEER_SNAP_ACK, 3);
    if (!out)
        return;
    wire_add_uint (out, part->receiver->id);
    wire_add_uint (out, part->receiver->taken);
    wire_add_uint (out, status);
}

//  One entry of a chunk: only where nothing newer is known.
static bool
s_take_entry (storage_t *self, partition_t *part, const change_t *change, uint64_t version, uint64_t now)
{
    unsigned status;
    map_t *map = map_find (self, change->map);
    if (!map)
        map = map_make (self, change->map, &status);
    store_t *store = map ? map_make_store (self, map, (uint32_t) (part - self->partitions)) : NULL;
    if (!store)
        return false;
    uint64_t hash = hash_key (&self->secret, change->key);
    if (s_was_removed (part->receiver, map, hash, change->key, version))
        return true;
    place_t place = store_find (store, hash, change->key);
    if (place.entry && !LEFT_OUT (chunk_newer) && entry_version (place.entry) >= version)
        return true;
    uint64_t deadline = change->left ? now + change->left : 0;
    return store_set (store, &place, change->value, bytes_of (NULL, 0), version, deadline, entry_clock (now));
}

static bool
s_take_entries (storage_t *self, partition_t *part, bytes_t entries, uint64_t now, bool *sound)
{
    const uint8_t *at = entries.data, *end = entries.data + entries.size;
    uint64_t version;
    change_t change;
    while (effect_chunk_next (&at, end, &version, &change, sound))
        if (!s_take_entry (self, part, &change, version, now))
            return false;
    return true;
}

static bool
s_has_room (const storage_t *self, size_t more)
{
    const pool_t *pool = &self->pool;
    uint64_t limit = self->config.memory_limit;
    return !limit || pool->used_bytes + pool->index_bytes + more <= limit;
}

void
replica_learn_chunk (storage_t *self, partition_t *part, uint64_t snapshot, uint64_t index, uint64_t flags,
                     bytes_t entries, uint64_t now)
{
    receiver_t *receiver = part->receiver;
    if (!receiver || receiver->id != snapshot)
        return;
    if (index == receiver->taken + 1 && !receiver->complete) { // Others are known, or come again
        bool sound = true;
        bool taken = s_has_room (self, entries.size)
                     && (flags & CHUNK_SESSIONS ? sessions_merge (&part->sessions, entries)
                                                : s_take_entries (self, part, entries, now, &sound));
        if (!sound)
            self->stats.peer_refused++;
        if (!taken || !sound) {
            self->stats.nomem += !taken;
            s_answer (self, part, ZGRID_NOMEM);
            return;
        }
        receiver->taken = index;
        if (flags & CHUNK_LAST) {
            receiver->complete = true;
            s_forget_tombs (receiver);
        }
    }
    s_answer (self, part, ZGRID_OK);
}

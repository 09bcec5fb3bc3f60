//  replica_learner: the learner's side of adding a copy: chunks of the table and entries of the log come
//  in any order; the newer version of a key stays, and what was removed does not come back
//  (consistency 9, rule 3).
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../status.h"
#include "../storage_impl.h"
#include "chunk.h"

#define S_TOMBS_MAX (64u << 20) // Bytes of remembered removals
#define S_LATE_MAX (16u << 20)  // Bytes of changes that wait for the locks

//  What was removed from one map since the snapshot began: keys without values, in a store of their own.
typedef struct {
    store_t *removed;   // May be NULL
    uint64_t destroyed; // The last DESTROY; 0: none
} s_tombs_t;

struct receiver {
    uint64_t id;
    uint64_t taken; // Chunks up to here
    bool complete;
    buf_t large;      // What comes in several chunks
    bool has_locks;   // As they were when the primary read them; what it changed since is made at once
    buf_t late;       // Until then: (seq u64, entry with one change)…
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
    buf_clear (&part->receiver->large);
    buf_clear (&part->receiver->late);
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

//  ------------------------------------------------------------------------------------------------
//  Answers

static uint64_t
s_room (const storage_t *self)
{
    const pool_t *pool = &self->pool;
    uint64_t limit = self->config.memory_limit, used = pool->used_bytes + pool->index_bytes;
    return !limit ? UINT64_MAX : limit > used ? limit - used : 0;
}

//  Bytes that may be on their way to it.
static uint64_t
s_credit (const storage_t *self)
{
    uint64_t most = REPLICA_CHUNKS * self->config.move_bytes, room = s_room (self);
    return room < most ? room : most;
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
                              PEER_SNAP_BEGIN_ACK, 2);
    if (!out)
        return;
    wire_add_uint (out, snapshot);
    wire_add_uint (out, s_credit (self));
}

static void
s_answer (storage_t *self, const partition_t *part, unsigned status)
{
    buf_t *out = replica_out (self, part, part->primary, replica_actor (self, part, part->primary),
                              PEER_SNAP_ACK, 4);
    if (!out)
        return;
    wire_add_uint (out, part->receiver->id);
    wire_add_uint (out, part->receiver->taken);
    wire_add_uint (out, status);
    wire_add_uint (out, s_credit (self));
}

//  ------------------------------------------------------------------------------------------------
//  Entries of a chunk

#define S_GROUP 16 // Looked for at the same time

//  Entries of one map; what is the same for all of them is looked up once.
typedef struct {
    storage_t *storage;
    partition_t *part;
    uint64_t now;
    store_t *store;         // NULL: no map yet
    const s_tombs_t *tombs; // NULL: nothing was removed
    unsigned count;
    chunk_entry_t entries[S_GROUP];
    uint64_t hashes[S_GROUP];
    index_hint_t hints[S_GROUP];
} s_take_t;

//  True if the key was removed after that version.
static bool
s_was_removed (const s_tombs_t *tombs, uint64_t hash, bytes_t key, uint64_t version)
{
    if (tombs->destroyed > version)
        return true;
    if (!tombs->removed)
        return false;
    place_t place = store_find (tombs->removed, hash, key);
    return place.entry && entry_version (place.entry) > version;
}

//  Only where nothing newer is known.
static bool
s_take_entry (const s_take_t *take, unsigned at)
{
    const chunk_entry_t *entry = &take->entries[at];
    uint64_t hash = take->hashes[at];
    if (take->tombs && s_was_removed (take->tombs, hash, entry->key, entry->version))
        return true;
    place_t place = store_find_hinted (take->store, hash, entry->key, &take->hints[at]);
    if (place.entry && !LEFT_OUT (chunk_newer) && entry_version (place.entry) >= entry->version)
        return true;
    uint64_t deadline = entry->left ? take->now + entry->left : 0;
    uint32_t access = storage_access_before (take->storage, (uint64_t) entry->age << AGES_TICK_SHIFT);
    return store_set (take->store, &place, entry->value, bytes_of (NULL, 0), entry->version, deadline,
                      access);
}

static bool
s_take_group (s_take_t *take)
{
    for (unsigned at = 0; at < take->count; at++)
        index_prefetch_entry (&take->store->index, take->hashes[at], &take->hints[at]);
    for (unsigned at = 0; at < take->count; at++)
        if (!s_take_entry (take, at))
            return false;
    take->count = 0;
    return true;
}

static bool
s_take_map (s_take_t *take, const chunk_map_t *item)
{
    storage_t *self = take->storage;
    unsigned status;
    map_t *map = map_find (self, item->name);
    if (!map)
        map = map_make (self, item->name, &status);
    take->store = map ? map_make_store (self, map, (uint32_t) (take->part - self->partitions)) : NULL;
    if (!take->store)
        return false;
    const receiver_t *receiver = take->part->receiver;
    take->tombs = map->number < receiver->tombs_room ? &receiver->tombs[map->number] : NULL;
    //  They come in the order of their hashes, so the table needs its size from the beginning
    if (item->entries > take->store->index.expected && item->entries < s_room (self) / CHUNK_ENTRY_HEAD)
        index_expect (&take->store->index, item->entries);
    return true;
}

static bool
s_take_entries (storage_t *self, partition_t *part, bytes_t entries, uint64_t now)
{
    s_take_t take = { .storage = self, .part = part, .now = now };
    const uint8_t *at = entries.data, *end = entries.data + entries.size;
    chunk_map_t map;
    chunk_item_t item;
    while ((item = chunk_next (&at, end, &map, &take.entries[take.count])) != CHUNK_END) {
        if (item == CHUNK_IS_MAP) {
            if (!s_take_group (&take) || !s_take_map (&take, &map))
                return false;
            continue;
        }
        bytes_t key = take.entries[take.count].key;
        uint64_t hash = take.hashes[take.count] = hash_key (&self->secret, key);
        index_prefetch_bucket (&take.store->index, hash, &take.hints[take.count]);
        if (++take.count == S_GROUP && !s_take_group (&take))
            return false;
    }
    return s_take_group (&take);
}

//  ------------------------------------------------------------------------------------------------
//  Chunks

//  Larger than agreed, or no whole items.
static bool
s_is_sound (const storage_t *self, const receiver_t *receiver, uint64_t flags, bytes_t entries)
{
    uint64_t large_max = self->config.value_max + self->config.key_max + (1u << 20);
    if (flags & CHUNK_SESSIONS)
        return entries.size <= REPLICA_CHUNK_MAX && !receiver->large.size && !(flags & CHUNK_MORE);
    if (flags & CHUNK_LOCKS)
        return entries.size <= REPLICA_MESSAGE_MAX
               && receiver->large.size + entries.size <= 2u * LOCKS_BYTES_MAX;
    if (flags & CHUNK_MORE || receiver->large.size)
        return entries.size <= REPLICA_MESSAGE_MAX && receiver->large.size + entries.size <= large_max;
    return entries.size <= REPLICA_MESSAGE_MAX && chunk_is_sound (entries);
}

typedef enum { S_TAKEN, S_NO_ROOM, S_BROKEN } s_taken_t;

//  The locks, and then what has changed since the primary read them.
static s_taken_t
s_take_locks (storage_t *self, partition_t *part, bytes_t encoded, uint64_t now)
{
    receiver_t *receiver = part->receiver;
    locks_taken_t taken = locks_decode (&part->locks, encoded, now);
    if (taken != LOCKS_TAKEN)
        return taken == LOCKS_MALFORMED ? S_BROKEN : S_NO_ROOM;
    bytes_t late = buf_bytes (&receiver->late);
    while (late.size) {
        effect_t effect;
        change_t change;
        lock_change_t lock;
        uint64_t seq = bytes_load8 (late.data);
        bytes_t rest = bytes_of (late.data + 8, late.size - 8);
        if (!effect_open (rest, &effect) || !effect_next (&effect, &change)
            || !effect_lock_change (&change, &lock))
            return S_BROKEN;
        if (!replica_lock_change (self, part, &lock, seq, now))
            return S_NO_ROOM;
        late = bytes_of (rest.data + effect.entry.size, rest.size - effect.entry.size);
    }
    buf_clear (&receiver->late);
    receiver->has_locks = true;
    return S_TAKEN;
}

bool
replica_learn_lock (storage_t *self, partition_t *part, const lock_change_t *change, uint64_t seq,
                    uint64_t now)
{
    receiver_t *receiver = part->receiver;
    if (!receiver || receiver->complete || receiver->has_locks || LEFT_OUT (lock_replay))
        return replica_lock_change (self, part, change, seq, now);
    buf_t *late = &receiver->late;
    if (late->size > S_LATE_MAX)
        return false;
    if (!buf_reserve (late, 8 + effect_size (change->map, change->key.size, LOCK_VALUE_MAX))) {
        late->failed = false;
        return false;
    }
    buf_add (late, &seq, sizeof seq);
    size_t begin = effect_begin (late);
    effect_lock (late, change);
    effect_end (late, begin);
    return true;
}

//  What came in several chunks is taken as a whole.
static s_taken_t
s_take_large (storage_t *self, partition_t *part, uint64_t flags, bytes_t entries, uint64_t now)
{
    buf_t *large = &part->receiver->large;
    size_t before = large->size;
    buf_add (large, entries.data, entries.size);
    if (large->failed) {
        large->failed = false;
        large->size = before;
        return S_NO_ROOM;
    }
    if (flags & CHUNK_MORE)
        return S_TAKEN;
    s_taken_t taken = flags & CHUNK_LOCKS ? s_take_locks (self, part, buf_bytes (large), now)
                      : !chunk_is_sound (buf_bytes (large))                 ? S_BROKEN
                      : s_take_entries (self, part, buf_bytes (large), now) ? S_TAKEN
                                                                            : S_NO_ROOM;
    if (taken == S_BROKEN)
        large->size = before;
    else
        buf_clear (large);
    return taken;
}

static s_taken_t
s_take (storage_t *self, partition_t *part, uint64_t flags, bytes_t entries, uint64_t now)
{
    const receiver_t *receiver = part->receiver;
    if (!s_is_sound (self, receiver, flags, entries))
        return S_BROKEN;
    if (s_room (self) < entries.size + receiver->large.size)
        return S_NO_ROOM;
    if (flags & CHUNK_SESSIONS)
        return sessions_merge (&part->sessions, entries) ? S_TAKEN : S_NO_ROOM;
    if (flags & (CHUNK_MORE | CHUNK_LOCKS) || receiver->large.size)
        return s_take_large (self, part, flags, entries, now);
    return s_take_entries (self, part, entries, now) ? S_TAKEN : S_NO_ROOM;
}

static void
s_complete (storage_t *self, partition_t *part)
{
    part->receiver->complete = true;
    s_forget_tombs (part->receiver);
    for (uint32_t number = 0;; number++) {
        map_t *map = map_numbered (self, number);
        if (!map)
            break;
        store_t *store = map_store (map, (uint32_t) (part - self->partitions));
        if (store)
            index_expect (&store->index, 0);
    }
}

//  Consistency 9, rule 3: in order, without a gap. What is known already is acknowledged again.
void
replica_learn_chunk (storage_t *self, partition_t *part, uint64_t snapshot, uint64_t index, uint64_t flags,
                     bytes_t entries, uint64_t now)
{
    receiver_t *receiver = part->receiver;
    if (!receiver || receiver->id != snapshot) {
        self->stats.peer_stale++;
        return;
    }
    if (!receiver->complete && index > receiver->taken && HOLDS (chunk_order, index == receiver->taken + 1)) {
        s_taken_t taken = s_take (self, part, flags, entries, now);
        if (taken == S_BROKEN) {
            self->stats.peer_refused++;
            return;
        }
        if (taken == S_NO_ROOM) {
            self->stats.nomem++;
            s_answer (self, part, ZGRID_NOMEM);
            return;
        }
        receiver->taken = index;
        if (flags & CHUNK_LAST)
            s_complete (self, part);
    } else
        self->stats.peer_stale++;
    s_answer (self, part, ZGRID_OK);
}

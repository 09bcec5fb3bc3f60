//  storage: life, statistics and housekeeping of what a storage actor knows; see storage.h.
//  SPDX-License-Identifier: MPL-2.0
#include "storage.h"

#include <assert.h>

#include "mem.h"
#include "storage_impl.h"

//  The sweep has come to an entry whose time is over.
static bool
s_expire (void *arg, store_t *store, place_t *place, uint64_t now)
{
    return replica_remove (arg, store, place, REMOVAL_EXPIRED, now);
}

static void
s_clear_cluster (storage_t *self)
{
    cluster_side_t *cluster = &self->cluster;
    for (uint32_t local = 0; self->partitions && local < self->local_partitions; local++)
        replica_clear (&self->partitions[local]);
    while (cluster->held.first)
        held_destroy (&cluster->held, cluster->held.first);
    for (uint32_t at = 0; at < cluster->outbox_count; at++)
        buf_clear (&cluster->outboxes[at].body);
    mem_free (cluster->outboxes);
    mem_free (cluster->dirty);
    mem_free (cluster->marks);
    mem_free (cluster->mark_waits);
    buf_clear (&cluster->body);
    for (parked_t *parked; (parked = cluster->parked.first);)
        parked_destroy (&cluster->parked, &parked);
    buf_clear (&self->lock_result);
    ap_destroy (&cluster->ap);
    view_destroy (&cluster->view);
}

storage_t *
storage_new (const storage_config_t *config, epochs_t *epochs)
{
    storage_t *self = mem_alloc_zero (1, sizeof (storage_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->config.log_records = config->log_records ? config->log_records : 8192;
    self->config.log_bytes = config->log_bytes ? config->log_bytes : 4u << 20;
    self->config.move_bytes = config->move_bytes && config->move_bytes < REPLICA_MESSAGE_MAX
                                  ? config->move_bytes
                                  : REPLICA_MESSAGE_MAX;
    self->config.resend = config->resend ? config->resend : 40;
    self->config.silence = config->silence ? config->silence : 1000;
    self->config.policy = config->policy == MAP_POLICY_NODE ? MAP_POLICY_NONE : config->policy;
    self->regex.port = config->regex;
    self->cluster.alone = true;
    self->pool.expire = s_expire;
    self->pool.expire_arg = self;
    self->epochs = epochs;
    self->random = 0x9e3779b97f4a7c15 ^ config->index;
    self->local_partitions = (config->partitions - config->index + config->actors - 1) / config->actors;
    hash_secret (&self->secret, config->seed);
    self->pool.secret = &self->secret;
    self->pool.heap = heap_new ();
    self->pool.reclaim = reclaim_new (epochs);
    self->partitions = mem_alloc_zero (self->local_partitions + 1, sizeof (partition_t));
    self->words = mem_alloc_zero (self->local_partitions + 1, sizeof (shared_word_t));
    self->cluster.dirty = mem_alloc (self->local_partitions * sizeof (uint32_t));
    self->tallies = self->pool.tallies = mem_alloc_zero (self->local_partitions + 1, sizeof (store_tally_t));
    self->census = config->census ? census_new (config->census) : NULL;
    if (!self->pool.heap || !self->pool.reclaim || !self->partitions || !self->words || !self->cluster.dirty
        || !self->tallies || (config->census && !self->census)) {
        storage_destroy (&self);
        return NULL;
    }
    limits_open (self);
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        partition_t *part = &self->partitions[local];
        part->id = local * config->actors + config->index;
        part->role = ROLE_PRIMARY; // Until it joins a cluster
        part->locks.secret = &self->secret;
        part->shared = &self->words[local];
        shared_word_serve (part->shared, 0, SHARED_COMMIT_ALL, 0);
    }
    return self;
}

static void
s_free_map (storage_t *self, map_t *map)
{
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        store_t *store = map_store (map, local);
        store_destroy (&store);
    }
    weights_close (&map->weights);
    mem_free (map->name);
    mem_free (map->counts);
    mem_free (map);
}

void
storage_destroy (storage_t **self_p)
{
    storage_t *self = *self_p;
    if (!self)
        return;
    if (self->pool.reclaim)
        reclaim_set_readers (self->pool.reclaim, false);
    s_clear_cluster (self);
    limits_close (self);
    directory_t *directory = map_directory (self);
    for (uint32_t at = 0; directory && at < directory->room; at++)
        if (directory->slots[at])
            s_free_map (self, directory->slots[at]);
    reclaim_destroy (&self->pool.reclaim);
    mem_free (directory);
    heap_destroy (&self->pool.heap);
    buf_clear (&self->scratch);
    scan_regex_clear (&self->regex);
    mem_free (self->partitions);
    mem_free (self->words);
    mem_free (self->tallies);
    census_destroy (&self->census);
    mem_free (self);
    *self_p = NULL;
}

void
storage_clocks (storage_t *self, moment_t moment)
{
    if (self->cluster.ap)
        ap_clock (self->cluster.ap, moment);
}

void
storage_set_readers (storage_t *self, bool readers)
{
    reclaim_set_readers (self->pool.reclaim, readers);
}

//  ------------------------------------------------------------------------------------------------
//  Statistics

census_t *
storage_census (storage_t *self)
{
    return self->census;
}

stats_t *
storage_counters (storage_t *self)
{
    return &self->stats;
}

const stats_t *
storage_stats (storage_t *self)
{
    stats_t *stats = &self->stats;
    const pool_t *pool = &self->pool;
    directory_t *directory = map_directory (self);
    stats->entries = pool->entries;
    stats->expiring = pool->expiring;
    stats->data_bytes = pool->data_bytes;
    stats->used_bytes = pool->used_bytes;
    stats->index_bytes = pool->index_bytes;
    stats->reserved_bytes = heap_reserved (pool->heap) + pool->index_bytes;
    stats->retired_bytes = reclaim_waiting (pool->reclaim);
    stats->maps = directory ? directory->count : 0;
    stats->rehashes = pool->rehashes;
    if (self->cluster.ap) {
        ap_stats_t ap = ap_stats (self->cluster.ap);
        stats->ap_entries = ap.entries;
        stats->ap_tombstones = ap.tombstones;
        stats->ap_bytes = ap.bytes;
        stats->ap_lost = ap.lost;
        stats->ap_merged = ap.merged;
        stats->ap_refused = ap.refused;
        stats->ap_repaired = ap.repaired;
    }
    stats->sessions = stats->log_bytes = stats->locks = stats->lock_waiters = stats->lock_floors = 0;
    stats->parked = self->cluster.parked.count;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        stats->sessions += self->partitions[local].sessions.count;
        stats->log_bytes += oplog_size (&self->partitions[local].log);
        stats->locks += self->partitions[local].locks.held;
        stats->lock_waiters += self->partitions[local].locks.waiters;
        stats->lock_floors += self->partitions[local].locks.floors;
    }
    //  Readers are the node's; the first actor speaks for all
    stats->local_reads = self->epochs && self->config.index == 0 ? epochs_reads (self->epochs) : 0;
    for (uint32_t at = 0; directory && at < directory->room; at++)
        for (uint32_t local = 0; directory->slots[at] && local < self->local_partitions; local++) {
            store_t *store = map_store (directory->slots[at], local);
            stats->rehashes += store ? store->index.rehashes : 0;
        }
    return stats;
}

void
storage_verify (storage_t *self)
{
    pool_t sum = { 0 };
    store_tally_t tallies = { 0 };
    directory_t *directory = map_directory (self);
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        tallies.entries += self->tallies[local].entries;
        tallies.data_bytes += self->tallies[local].data_bytes;
        tallies.used_bytes += self->tallies[local].used_bytes;
    }
    assert (tallies.entries == self->pool.entries && tallies.data_bytes == self->pool.data_bytes
            && tallies.used_bytes == self->pool.used_bytes);
    for (uint32_t at = 0; directory && at < directory->room; at++)
        for (uint32_t local = 0; directory->slots[at] && local < self->local_partitions; local++) {
            store_t *store = map_store (directory->slots[at], local);
            if (!store)
                continue;
            store_verify (store);
            sum.entries += store_entries (store);
            sum.expiring += store->expiring;
            sum.data_bytes += store->data_bytes;
            sum.used_bytes += store->used_bytes;
        }
    for (uint32_t local = 0; local < self->local_partitions; local++)
        locks_verify (&self->partitions[local].locks);
    assert (sum.entries == self->pool.entries);
    assert (sum.expiring == self->pool.expiring);
    assert (sum.data_bytes == self->pool.data_bytes);
    assert (sum.used_bytes == self->pool.used_bytes);
    if (reclaim_waiting (self->pool.reclaim) == 0)
        assert (sum.used_bytes == heap_used (self->pool.heap));
    assert (heap_used (self->pool.heap) <= heap_reserved (self->pool.heap));
    limits_verify (self);
}

//  ------------------------------------------------------------------------------------------------
//  Housekeeping

#define S_TICK_MS 20                // While there is something to sweep, resize or compact
#define S_ROUND_MS 1000             // A whole round over the tables takes about so long
#define S_EXPIRED_PER_TICK 512      // Little enough that nobody waits long for it; and twice as many
#define S_EXPIRED_PER_TICK_MAX 4096 // after each so many ticks that were not enough:
#define S_EXPIRED_TICKS 256
#define S_EXPIRED_PAUSE_MS 4 // Requests, and copies that have to follow, come between two such ticks
#define S_STORES_PER_TICK 64
#define S_TRIM_PER_TICK 256      // Pages
#define S_MOVED_PER_TICK 512     // Buckets, of tables that are resized
#define S_COMPACTED_PER_TICK 512 // Buckets

void
storage_turn (storage_t *self, uint64_t now)
{
    ages_time (&self->ages, now);
    atomic_store_explicit (&self->clock, self->ages.clock, memory_order_relaxed);
    reclaim_turn (self->pool.reclaim);
}

store_t *
storage_next_store (storage_t *self, walk_t *walk, uint32_t *steps)
{
    directory_t *directory = map_directory (self);
    walk->wrapped = false;
    while (directory && *steps) {
        --*steps;
        if (walk->partition >= self->local_partitions) {
            walk->partition = 0;
            walk->map++;
        }
        if (walk->map >= directory->room) {
            walk->map = 0;
            walk->wrapped = true;
            return NULL;
        }
        map_t *map = directory->slots[walk->map];
        if (!map) {
            walk->partition = self->local_partitions; // Whole map at once
            continue;
        }
        store_t *store = map_store (map, walk->partition);
        if (store)
            return store;
        walk->partition++;
    }
    return NULL;
}

//  How many expired entries one tick removes.
static size_t
s_expired_most (const storage_t *self)
{
    size_t most = S_EXPIRED_PER_TICK;
    for (uint32_t ticks = S_EXPIRED_TICKS; ticks <= self->expired_ticks && most < S_EXPIRED_PER_TICK_MAX;
         ticks += S_EXPIRED_TICKS)
        most *= 2;
    return most;
}

//  Removes what has expired and moves tables that are resized. Returns how many have expired.
static size_t
s_sweep (storage_t *self, uint64_t now, uint32_t steps)
{
    //  Tables take about index_bytes / 64 buckets: a share of them, so that a round takes a second
    uint32_t budget = (uint32_t) (self->pool.index_bytes / 64 / (S_ROUND_MS / S_TICK_MS)) + 256;
    uint32_t moves = S_MOVED_PER_TICK;
    size_t expired = 0;
    size_t most = s_expired_most (self);
    while (budget && steps && expired < most) {
        store_t *store = storage_next_store (self, &self->sweep, &steps);
        if (!store)
            break;
        uint32_t looked = 0;
        expired += store_sweep (store, now, budget, most - expired, &looked);
        budget -= looked < budget ? looked : budget;
        bool moving = index_moving (&store->index);
        while (moves && (moving = index_step (&store->index, 64)))
            moves -= 64;
        self->moving_seen = self->moving_seen || moving;
        if (store->sweep_place == 0)
            self->sweep.partition++;
    }
    if (self->sweep.wrapped) {
        self->moving = self->moving_seen;
        self->moving_seen = false;
    }
    return expired;
}

//  True if more is held than the entries need, so that moving them together gives memory back. After
//  a round that found nothing to move it waits until much has changed.
static bool
s_is_fragmented (const storage_t *self)
{
    size_t used = heap_used (self->pool.heap), reserved = heap_reserved (self->pool.heap);
    bool changed = used + used / 8 < self->rest_used
                   || reserved > self->rest_reserved + self->rest_reserved / 8;
    return reserved > used + used / 4 + (1u << 20) && changed;
}

//  Has a budget of its own, so that it never holds up the sweep.
static void
s_compact (storage_t *self, uint32_t steps)
{
    uint32_t budget = S_COMPACTED_PER_TICK;
    while (budget && steps) {
        store_t *store = storage_next_store (self, &self->compact, &steps);
        if (!store)
            break;
        uint32_t share = budget < 64 ? budget : 64;
        self->compact_moved += store_compact (store, &self->compact_position, share);
        budget -= share;
        if (self->compact_position == INDEX_END) {
            self->compact_position = 0;
            self->compact.partition++;
        }
    }
    if (!self->compact.wrapped)
        return;
    bool useless = self->compact_moved == 0;
    self->rest_used = useless ? heap_used (self->pool.heap) : 0;
    self->rest_reserved = useless ? heap_reserved (self->pool.heap) : 0;
    self->compact_moved = 0;
}

uint64_t
storage_tick (storage_t *self, uint64_t now)
{
    storage_turn (self, now);
    size_t trimmed = heap_trim (self->pool.heap, S_TRIM_PER_TICK);
    directory_t *directory = map_directory (self);
    uint32_t places = directory ? directory->room * self->local_partitions : 0;
    uint32_t steps = S_STORES_PER_TICK + places / (S_ROUND_MS / S_TICK_MS);
    bool behind = s_sweep (self, now, steps) >= s_expired_most (self);
    self->expired_ticks = behind ? self->expired_ticks + 1 : 0;
    if (self->census)
        storage_look (self);
    size_t idle = storage_sweep_idle (self, S_EXPIRED_PER_TICK, now);
    bool compacting = s_is_fragmented (self);
    if (compacting)
        s_compact (self, steps);
    if (self->limits_due)
        limits_refresh (self);
    bool shrinking = storage_shrink (self, now);
    if (shrinking)
        return 1;
    if (behind || idle >= S_EXPIRED_PER_TICK)
        return S_EXPIRED_PAUSE_MS; // Much ends at once: go on soon
    bool sweeping = self->pool.expiring || (self->idle.shortest && self->pool.entries);
    if (sweeping || self->moving || compacting || trimmed || reclaim_waiting (self->pool.reclaim))
        return S_TICK_MS;
    return self->pool.entries || self->pool.index_bytes ? S_ROUND_MS / 4 : UINT64_MAX;
}

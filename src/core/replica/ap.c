//  ap: life, maps, housekeeping. See ap.h.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>

#include "ap_impl.h"

#define S_TICK 20            // Milliseconds, while there is something to do
#define S_SHARES_PER_TICK 64 // Swept
#define S_BUCKETS 4096       // Looked at in one sweep

ap_t *
ap_new (const ap_config_t *config, const uint8_t seed[HASH_SEED_SIZE], node_id_t self_id,
        const ap_port_t *port)
{
    ap_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->config.grace = config->grace ? config->grace : 3600000;
    self->config.round = config->round ? config->round : 10000;
    self->config.ahead = config->ahead ? config->ahead : 500;
    self->port = *port;
    self->id = self_id;
    self->local_partitions = (config->partitions - config->index + config->actors - 1) / config->actors;
    hash_secret (&self->secret, seed);
    self->pool.secret = &self->secret;
    self->pool.expire = record_expire;
    self->pool.expire_arg = self;
    self->regex.port = config->regex;
    self->pool.heap = heap_new ();
    self->pool.reclaim = reclaim_new (NULL); // Nobody reads it but the actor
    if (!self->pool.heap || !self->pool.reclaim)
        ap_destroy (&self);
    return self;
}

void
ap_destroy (ap_t **self_p)
{
    ap_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t index = 0; index < self->maps_count; index++) {
        for (uint32_t local = 0; local < self->local_partitions; local++)
            ap_drop_share (self, self->maps[index], local);
        mem_free (self->maps[index]);
    }
    mem_free (self->maps);
    reclaim_destroy (&self->pool.reclaim);
    heap_destroy (&self->pool.heap);
    buf_clear (&self->message);
    scan_regex_clear (&self->regex);
    buf_clear (&self->entries);
    mem_free (self);
    *self_p = NULL;
}

void
ap_clock (ap_t *self, moment_t moment)
{
    self->wall_offset = moment.wall - moment.now;
    self->clock_known = true;
}

void
ap_set_view (ap_t *self, const view_t *view, uint64_t now)
{
    self->view = view;
    self->round_again = self->in_round;
    self->round_at = now;
    self->leaving = true;
}

//  ------------------------------------------------------------------------------------------------
//  Maps

static ap_map_t *
s_make_map (ap_t *self, bytes_t name, uint64_t hash)
{
    if (self->maps_count >= self->config.maps_max)
        return NULL;
    ap_map_t **maps = mem_resize (self->maps, (self->maps_count + 1) * sizeof *maps);
    if (!maps)
        return NULL;
    self->maps = maps;
    size_t shares = self->local_partitions * sizeof (share_t *);
    ap_map_t *map = mem_alloc_zero (1, sizeof *map + shares + name.size);
    if (!map)
        return NULL;
    uint8_t *copy = (uint8_t *) map + sizeof *map + shares;
    memcpy (copy, name.data, name.size);
    map->hash = hash;
    map->name = bytes_of (copy, name.size);
    map->number = self->maps_count;
    maps[self->maps_count++] = map;
    return map;
}

ap_map_t *
ap_map (ap_t *self, bytes_t name, bool make)
{
    uint64_t hash = hash_key (&self->secret, name);
    for (uint32_t step = 0; step < self->maps_count; step++) {
        uint32_t at = (self->last_map + step) % self->maps_count;
        if (self->maps[at]->hash == hash && bytes_equal (self->maps[at]->name, name)) {
            self->last_map = at;
            return self->maps[at];
        }
    }
    return make ? s_make_map (self, name, hash) : NULL;
}

share_t *
ap_share (ap_t *self, ap_map_t *map, uint32_t local, bool make)
{
    if (map->shares[local] || !make)
        return map->shares[local];
    share_t *share = mem_alloc_zero (1, sizeof *share);
    store_t *store = store_new (&self->pool);
    if (!share || !store) {
        mem_free (share);
        store_destroy (&store);
        return NULL;
    }
    store->map = map;
    store->partition = local;
    share->store = store;
    map->shares[local] = share;
    return share;
}

void
ap_drop_share (ap_t *self, ap_map_t *map, uint32_t local)
{
    share_t *share = map->shares[local];
    (void) self;
    if (!share)
        return;
    map->shares[local] = NULL;
    store_destroy (&share->store);
    mem_free (share);
}

//  ------------------------------------------------------------------------------------------------
//  Housekeeping

//  Removes what has ended in some shares; moves tables that are being resized. True if there is more
//  to move.
static bool
s_sweep (ap_t *self, uint64_t now)
{
    uint64_t all = (uint64_t) self->maps_count * self->local_partitions;
    uint32_t buckets = S_BUCKETS;
    bool moving = false;
    for (uint64_t step = 0; step < all && buckets; step++) {
        uint64_t at = self->sweep_at % all;
        share_t *share = self->maps[at / self->local_partitions]->shares[at % self->local_partitions];
        self->sweep_at = at + 1;
        if (!share)
            continue;
        uint32_t looked = 0;
        store_sweep (share->store, now, buckets, S_BUCKETS, &looked);
        moving |= index_step (&share->store->index, 64);
        buckets -= looked < buckets ? looked : buckets;
        if (share->store->sweep_place)
            self->sweep_at = at; // A round through this one is not over
        else if (step >= S_SHARES_PER_TICK)
            break;
    }
    return moving;
}

uint64_t
ap_tick (ap_t *self, uint64_t now)
{
    if (!self->clock_known || !self->view)
        return UINT64_MAX;
    bool moving = s_sweep (self, now);
    reclaim_turn (self->pool.reclaim);
    bool trimmed = heap_trim (self->pool.heap, 64) > 0;
    uint64_t wait = ap_sync_tick (self, now);
    if ((moving || trimmed || self->pool.expiring) && wait > S_TICK)
        wait = S_TICK;
    return self->maps_count ? wait : UINT64_MAX;
}

ap_stats_t
ap_stats (ap_t *self)
{
    ap_stats_t stats = self->stats;
    stats.entries = 0;
    for (uint32_t index = 0; index < self->maps_count; index++)
        for (uint32_t local = 0; local < self->local_partitions; local++) {
            const share_t *share = self->maps[index]->shares[local];
            stats.entries += share ? share->live : 0;
        }
    stats.tombstones = self->pool.entries - stats.entries;
    stats.bytes = self->pool.used_bytes + self->pool.index_bytes;
    return stats;
}

uint64_t
ap_digest (ap_t *self, uint32_t partition)
{
    uint64_t digest = 0;
    uint32_t local = partition / self->config.actors;
    for (uint32_t index = 0; index < self->maps_count; index++) {
        const share_t *share = self->maps[index]->shares[local];
        for (unsigned bucket = 0; share && bucket < AP_BUCKETS; bucket++)
            digest ^= share->digests[bucket] + self->maps[index]->hash * (share->digests[bucket] != 0);
    }
    return digest;
}

typedef struct {
    uint64_t live;
    uint64_t digests[AP_BUCKETS];
} s_count_t;

static void
s_count_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_count_t *count = arg;
    record_t record;
    (void) slot;
    bool sound = record_of (entry, &record);
    assert (sound);
    (void) sound;
    count->live += !(record.flags & (AP_DEAD | AP_OVER));
    count->digests[ap_bucket (hash)] ^= record_digest (hash, &record);
}

void
ap_verify (ap_t *self)
{
    uint64_t entries = 0;
    size_t used = 0;
    for (uint32_t index = 0; index < self->maps_count; index++)
        for (uint32_t local = 0; local < self->local_partitions; local++) {
            share_t *share = self->maps[index]->shares[local];
            s_count_t count = { 0 };
            if (!share)
                continue;
            store_verify (share->store);
            for (uint64_t at = 0; at < INDEX_END;)
                at = index_visit (&share->store->index, at, s_count_one, &count);
            assert (count.live == share->live);
            assert (memcmp (count.digests, share->digests, sizeof count.digests) == 0);
            entries += store_entries (share->store);
            used += share->store->used_bytes;
        }
    assert (entries == self->pool.entries && used == self->pool.used_bytes);
    (void) entries;
    (void) used;
}

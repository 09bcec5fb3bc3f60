//  cache: see cache.h.
//  SPDX-License-Identifier: MPL-2.0
#include "cache.h"

#include "mem.h"
#include "slot.h"

#define S_STAMPS 4096
#define S_BUCKETS_FIRST 1024
#define S_BUCKETS_MAX (1u << 24)

typedef struct s_copy s_copy_t;
struct s_copy {
    s_copy_t *next; // In its bucket, or among the dead
    s_copy_t *older, *newer;
    uint64_t hash, version, asked_at;
    uint32_t source, key_size;
    size_t value_size;
    uint16_t slot;
    uint8_t map_size;
    bool found, used; // used: since the hand last came by
    uint8_t data[];   // Map, key, value
};

struct cache {
    cache_config_t config;
    hash_secret_t secret;
    s_copy_t **buckets;
    uint32_t mask, count;
    size_t bytes;
    s_copy_t *oldest, *newest, *hand, *dead, *stale;
    uint64_t hits, misses, invalidations;
    uint32_t base; // Of all stamps
    uint32_t stamps[S_STAMPS];
};

cache_t *
cache_new (const cache_config_t *config)
{
    cache_t *self = mem_alloc_zero (1, sizeof (cache_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->base = 1;
    self->mask = S_BUCKETS_FIRST - 1;
    self->buckets = mem_alloc_zero (S_BUCKETS_FIRST, sizeof (s_copy_t *));
    hash_secret (&self->secret, config->seed);
    if (!self->buckets)
        cache_destroy (&self);
    return self;
}

void
cache_destroy (cache_t **self_p)
{
    cache_t *self = *self_p;
    if (!self)
        return;
    if (self->buckets)
        cache_drop_all (self);
    cache_bury (self);
    cache_bury (self);
    mem_free (self->buckets);
    mem_free (self);
    *self_p = NULL;
}

//  ------------------------------------------------------------------------------------------------

static size_t
s_size (const s_copy_t *copy)
{
    return sizeof (s_copy_t) + copy->map_size + copy->key_size + copy->value_size;
}

static uint64_t
s_hash (const cache_t *self, bytes_t map, bytes_t key)
{
    return hash_key (&self->secret, key) + hash_bytes (map) * 0x9e3779b97f4a7c15;
}

static bool
s_is (const s_copy_t *copy, uint64_t hash, bytes_t map, bytes_t key)
{
    return copy->hash == hash && bytes_equal (bytes_of (copy->data + copy->map_size, copy->key_size), key)
           && bytes_equal (bytes_of (copy->data, copy->map_size), map);
}

//  What points to the copy of a key, or where it would be put.
static s_copy_t **
s_find (const cache_t *self, uint64_t hash, bytes_t map, bytes_t key)
{
    s_copy_t **link = &self->buckets[hash & self->mask];
    while (*link && !s_is (*link, hash, map, key))
        link = &(*link)->next;
    return link;
}

//  Its value may still be looked at.
static void
s_remove (cache_t *self, s_copy_t **link)
{
    s_copy_t *copy = *link;
    *link = copy->next;
    if (self->hand == copy)
        self->hand = copy->newer;
    *(copy->older ? &copy->older->newer : &self->oldest) = copy->newer;
    *(copy->newer ? &copy->newer->older : &self->newest) = copy->older;
    self->count--;
    self->bytes -= s_size (copy);
    copy->next = self->dead;
    self->dead = copy;
}

static s_copy_t **
s_link_of (const cache_t *self, const s_copy_t *copy)
{
    s_copy_t **link = &self->buckets[copy->hash & self->mask];
    while (*link != copy)
        link = &(*link)->next;
    return link;
}

//  The hand goes from old to young, and takes the first that was not used since it came by.
static void
s_evict (cache_t *self)
{
    s_copy_t *copy = self->hand ? self->hand : self->oldest;
    while (copy->used) {
        copy->used = false;
        copy = copy->newer ? copy->newer : self->oldest;
    }
    self->hand = copy;
    s_remove (self, s_link_of (self, copy));
}

//  Without memory chains become longer, that is all.
static void
s_grow (cache_t *self)
{
    uint32_t room = (self->mask + 1) * 2;
    if (self->count <= self->mask || room > S_BUCKETS_MAX)
        return;
    s_copy_t **buckets = mem_alloc_zero (room, sizeof (s_copy_t *));
    if (!buckets)
        return;
    mem_free (self->buckets);
    self->buckets = buckets;
    self->mask = room - 1;
    for (s_copy_t *copy = self->oldest; copy; copy = copy->newer) {
        copy->next = buckets[copy->hash & self->mask];
        buckets[copy->hash & self->mask] = copy;
    }
}

bool
cache_find (cache_t *self, bytes_t map, bytes_t key, uint64_t now, cache_entry_t *entry)
{
    s_copy_t **link = s_find (self, s_hash (self, map, key), map, key);
    s_copy_t *copy = *link;
    if (!copy || now > copy->asked_at + self->config.age_max) {
        if (copy)
            s_remove (self, link);
        self->misses++;
        return false;
    }
    self->hits++;
    copy->used = true;
    *entry = (cache_entry_t) { .found = copy->found,
                               .value = bytes_of (copy->data + copy->map_size + copy->key_size,
                                                  copy->value_size),
                               .version = copy->version,
                               .asked_at = copy->asked_at,
                               .source = copy->source };
    return true;
}

uint32_t
cache_stamp (const cache_t *self, bytes_t map, bytes_t key)
{
    uint32_t stamp = self->base + self->stamps[s_hash (self, map, key) % S_STAMPS];
    return stamp ? stamp : 1;
}

void
cache_store (cache_t *self, bytes_t map, bytes_t key, uint32_t stamp, const cache_entry_t *entry)
{
    size_t size = sizeof (s_copy_t) + map.size + key.size + entry->value.size;
    if (stamp != cache_stamp (self, map, key) || size > self->config.bytes_max || map.size > UINT8_MAX
        || self->config.entries_max == 0)
        return;
    uint64_t hash = s_hash (self, map, key);
    s_copy_t **link = s_find (self, hash, map, key);
    if (*link && (*link)->asked_at > entry->asked_at) // The younger one is here already
        return;
    if (*link)
        s_remove (self, link);
    s_copy_t *copy = mem_alloc (size);
    if (!copy)
        return;
    while (self->count >= self->config.entries_max || self->bytes + size > self->config.bytes_max)
        s_evict (self);
    s_grow (self);
    *copy = (s_copy_t) { .hash = hash,
                         .version = entry->version,
                         .asked_at = entry->asked_at,
                         .source = entry->source,
                         .key_size = (uint32_t) key.size,
                         .value_size = entry->value.size,
                         .slot = slot_of_key (key),
                         .map_size = (uint8_t) map.size,
                         .found = entry->found,
                         .older = self->newest,
                         .next = self->buckets[hash & self->mask] };
    memcpy (copy->data, map.data, map.size);
    if (key.size)
        memcpy (copy->data + map.size, key.data, key.size);
    if (entry->value.size)
        memcpy (copy->data + map.size + key.size, entry->value.data, entry->value.size);
    self->buckets[hash & self->mask] = copy;
    *(self->newest ? &self->newest->newer : &self->oldest) = copy;
    self->newest = copy;
    self->count++;
    self->bytes += size;
}

//  ------------------------------------------------------------------------------------------------

void
cache_drop (cache_t *self, bytes_t map, bytes_t key)
{
    uint64_t hash = s_hash (self, map, key);
    s_copy_t **link = s_find (self, hash, map, key);
    self->stamps[hash % S_STAMPS]++;
    if (!*link)
        return;
    self->invalidations++;
    s_remove (self, link);
}

typedef struct {
    bytes_t map; // Empty: any
    uint32_t first, last;
    uint32_t source;
    bool by_source;
} s_which_t;

static void
s_drop_these (cache_t *self, const s_which_t *which)
{
    self->base++;
    for (s_copy_t *copy = self->oldest, *newer; copy; copy = newer) {
        newer = copy->newer;
        bool out = which->by_source
                       ? copy->source != which->source
                       : (copy->slot < which->first || copy->slot > which->last
                          || (which->map.size
                              && !bytes_equal (bytes_of (copy->data, copy->map_size), which->map)));
        if (out)
            continue;
        self->invalidations++;
        s_remove (self, s_link_of (self, copy));
    }
}

void
cache_drop_map (cache_t *self, bytes_t map)
{
    cache_drop_slots (self, map, 0, UINT16_MAX);
}

void
cache_drop_slots (cache_t *self, bytes_t map, uint32_t first, uint32_t last)
{
    s_drop_these (self, &(s_which_t) { .map = map, .first = first, .last = last });
}

void
cache_drop_source (cache_t *self, uint32_t source)
{
    s_drop_these (self, &(s_which_t) { .by_source = true, .source = source });
}

void
cache_drop_all (cache_t *self)
{
    cache_drop_slots (self, bytes_of (NULL, 0), 0, UINT16_MAX);
}

void
cache_bury (cache_t *self)
{
    while (self->stale) {
        s_copy_t *copy = self->stale;
        self->stale = copy->next;
        mem_free (copy);
    }
    self->stale = self->dead;
    self->dead = NULL;
}

cache_stats_t
cache_stats (const cache_t *self)
{
    return (cache_stats_t) { .hits = self->hits,
                             .misses = self->misses,
                             .invalidations = self->invalidations,
                             .entries = self->count,
                             .bytes = self->bytes };
}

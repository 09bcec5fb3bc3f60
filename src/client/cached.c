//  cached: copies of what a client has read, between its calls and its connections.
//  SPDX-License-Identifier: MPL-2.0
#include "cache.h"
#include "client_impl.h"
#include "mem.h"
#include "slot.h"

#define S_BYTES (64u << 20) // Where the options say 0
#define S_ENTRIES 100000u
#define S_AGE_MS 1000u
#define S_AGE_MAX_MS 3600000u
#define S_MAPS_MAX 64u
#define S_PARTITIONS_MAX 16u // More in one push: everything goes

struct cached {
    cache_t *cache;
    uint64_t glanced_at;
    size_t maps_count; // 0: all maps
    char *maps[S_MAPS_MAX];
};

//  Readable, though there is nothing.
static const char s_empty[1];

//  Time goes on while a machine sleeps.
static uint64_t
s_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

//  ------------------------------------------------------------------------------------------------

void
cached_destroy (zgrid_client_t *client)
{
    cached_t *self = client->cached;
    if (!self)
        return;
    cache_destroy (&self->cache);
    for (size_t at = 0; at < self->maps_count; at++)
        mem_free (self->maps[at]);
    mem_free (self);
    client->cached = NULL;
}

static int
s_take_maps (cached_t *self, const char *const *maps)
{
    for (; maps && *maps; maps++) {
        size_t size = strlen (*maps);
        if (size == 0 || size > WIRE_MAP_NAME_MAX || self->maps_count == S_MAPS_MAX)
            return ZGRID_MALFORMED;
        char *copy = mem_alloc (size + 1);
        if (!copy)
            return ZGRID_NOMEM;
        memcpy (copy, *maps, size + 1);
        self->maps[self->maps_count++] = copy;
    }
    return ZGRID_OK;
}

int
zgrid_client_near_cache (zgrid_client_t *self, const zgrid_near_cache_t *options)
{
    zgrid_near_cache_t used = ZGRID_NEAR_CACHE_INIT;
    bytes_t none = { NULL, 0 };
    if (self->inside || (options && options->size < sizeof options->size))
        return client_fail (self, ZGRID_MALFORMED, "near cache", none, "not here, or without a size");
    cached_destroy (self);
    if (!options)
        return ZGRID_OK;
    memcpy (&used, options, options->size < sizeof used ? options->size : sizeof used);
    cache_config_t config = { .bytes_max = used.max_bytes ? used.max_bytes : S_BYTES,
                              .entries_max = used.max_entries ? used.max_entries : S_ENTRIES,
                              .age_max = used.max_age_ms ? used.max_age_ms : S_AGE_MS };
    if (config.age_max > S_AGE_MAX_MS || (used.maps && !*used.maps))
        return client_fail (self, ZGRID_MALFORMED, "near cache", none,
                            "an hour at most, and one map at least");
    uint64_t seed[HASH_SEED_SIZE / 8] = { s_clock () ^ (uint64_t) (uintptr_t) self,
                                          hash_bytes (bytes_of (self, sizeof *self)) };
    memcpy (config.seed, seed, sizeof config.seed);
    self->cached = mem_alloc_zero (1, sizeof *self->cached);
    int status = self->cached ? s_take_maps (self->cached, used.maps) : ZGRID_NOMEM;
    if (status == ZGRID_OK) {
        self->cached->cache = cache_new (&config);
        status = self->cached->cache ? ZGRID_OK : ZGRID_NOMEM;
    }
    if (status == ZGRID_OK)
        return status;
    cached_destroy (self);
    return client_fail (self, status, "near cache", none, NULL);
}

void
zgrid_client_near_cache_stats (const zgrid_client_t *self, zgrid_near_cache_stats_t *stats)
{
    zgrid_near_cache_stats_t all = { .size = stats->size };
    if (self->cached) {
        cache_stats_t known = cache_stats (self->cached->cache);
        all.hits = known.hits;
        all.misses = known.misses;
        all.invalidations = known.invalidations;
        all.entries = known.entries;
        all.bytes = known.bytes;
    }
    memcpy (stats, &all, stats->size < sizeof all ? stats->size : sizeof all);
}

void
cached_forget (zgrid_client_t *client)
{
    cache_drop_all (client->cached->cache);
}

void
cached_begin (zgrid_client_t *client)
{
    cache_bury (client->cached->cache);
}

//  ------------------------------------------------------------------------------------------------
//  Reading

static bool
s_has_map (const cached_t *self, bytes_t map)
{
    for (size_t at = 0; at < self->maps_count; at++)
        if (bytes_equal (bytes_str (self->maps[at]), map))
            return true;
    return self->maps_count == 0;
}

bool
cached_allows (const zgrid_options_t *options)
{
    zgrid_options_t given = ZGRID_OPTIONS_INIT;
    if (options)
        memcpy (&given, options, options->size < sizeof given ? options->size : sizeof given);
    return !given.fresh && !given.want_ttl;
}

//  What came meanwhile may say that a copy is no good.
static uint64_t
s_glance (zgrid_client_t *client)
{
    uint64_t now = s_clock ();
    if (client->cached->glanced_at != now && !client->inside) {
        client->cached->glanced_at = now;
        wait_glance (client);
    }
    return now;
}

static bool
s_look_up (cached_t *self, bytes_t map, bytes_t key, uint64_t now, zgrid_entry_t *entry)
{
    cache_entry_t found;
    if (!s_has_map (self, map) || !cache_find (self->cache, map, key, now, &found))
        return false;
    *entry = (zgrid_entry_t) { .status = found.found ? ZGRID_OK : ZGRID_NOTFOUND,
                               .has_value = found.found,
                               .ttl_ms = -2,
                               .version = found.version };
    if (found.found)
        entry->value = (zgrid_bytes_t) { found.value.size ? (const char *) found.value.data : s_empty,
                                         found.value.size };
    return true;
}

bool
cached_get (zgrid_client_t *client, bytes_t map, bytes_t key, zgrid_entry_t *entry)
{
    uint64_t now = s_glance (client);
    return (key.data || key.size == 0) && s_look_up (client->cached, map, key, now, entry);
}

size_t
cached_mget (zgrid_client_t *client, bytes_t map, const zgrid_bytes_t *keys, size_t count,
             zgrid_entry_t *entries)
{
    size_t filled = 0;
    uint64_t now = s_glance (client);
    for (size_t at = 0; at < count; at++)
        if (entries[at].status == ZGRID_TRYAGAIN && (keys[at].data || keys[at].size == 0))
            filled += s_look_up (client->cached, map, request_bytes (keys[at]), now, &entries[at]);
    return filled;
}

//  What a record says of map and key, as it was encoded. False: it names no key.
static bool
s_read (const item_t *item, bytes_t *map, bytes_t *key)
{
    request_t request;
    mp_t reader = mp_of (bytes_of (item->data, item->size));
    *map = *key = bytes_of (NULL, 0);
    if (wire_next_request (&reader, &request) != WIRE_RECORD)
        return false;
    *map = request.map;
    *key = request.key;
    return request.has_key;
}

uint32_t
cached_ask (const zgrid_client_t *client, record_t *record, options_t *options)
{
    uint64_t given = record->options ? record->options->given : 0;
    if (record->op != OP_GET || !record->key || (given & ~(uint64_t) OPT_deadline)
        || !s_has_map (client->cached, record->map))
        return 0;
    *options = (options_t) { .given = given | OPT_track };
    if (given)
        options->deadline = record->options->deadline;
    record->options = options;
    return 1;
}

bool
cached_serve (zgrid_client_t *client, batch_t *batch, item_t *item)
{
    bytes_t map, key;
    zgrid_entry_t entry;
    if (!item->stamp || !batch->with_entries || !s_read (item, &map, &key)
        || !s_look_up (client->cached, map, key, s_clock (), &entry))
        return false;
    if (entry.value.size) {
        entry.value.data = kept_copy (batch->kept, request_bytes (entry.value));
        if (!entry.value.data)
            return false;
    }
    item->state = ITEM_DONE;
    batch->entries[item->index] = entry;
    batch->left--;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  What goes out and comes in

void
cached_started (zgrid_client_t *client, item_t *item)
{
    bytes_t map, key;
    cache_t *cache = client->cached->cache;
    if (!item->writes && !item->stamp)
        return;
    if (item->op == OP_EXEC || item->op == OP_RENAME || item->op == OP_COPY) { // Of more keys than it names
        cached_forget (client);
        return;
    }
    bool named = s_read (item, &map, &key);
    if (item->stamp) {
        item->stamp = cache_stamp (cache, map, key);
        item->asked_at = (uint32_t) s_clock ();
    } else if (named)
        cache_drop (cache, map, key);
    else if (map.size)
        cache_drop_map (cache, map); // DESTROY
}

void
cached_answered (zgrid_client_t *client, item_t *item, const zgrid_entry_t *entry)
{
    bytes_t map, key;
    if (item->writes)
        cached_started (client, item);
    else if (item->op == OP_GET && !item->stamp && s_read (item, &map, &key))
        cache_drop (client->cached->cache, map, key); // It was read past the copy, and may be newer
    bool found = entry->status == ZGRID_OK;
    if (!item->stamp || (!found && entry->status != ZGRID_NOTFOUND) || !s_read (item, &map, &key))
        return;
    uint64_t now = s_clock ();
    cache_entry_t copy = { .found = found,
                           .value = found ? request_bytes (entry->value) : bytes_of (NULL, 0),
                           .version = entry->version,
                           .asked_at = now - (uint32_t) ((uint32_t) now - item->asked_at),
                           .source = item->connection->number };
    cache_store (client->cached->cache, map, key, item->stamp, &copy);
}

static void
s_drop_partition (zgrid_client_t *client, bytes_t map, uint64_t partition)
{
    uint64_t count = client->routes.partitions;
    if (partition >= count) { // Nothing is known of partitions, or something is wrong
        cached_forget (client);
        return;
    }
    uint64_t first = (partition * SLOT_COUNT + count - 1) / count;
    uint64_t next = ((partition + 1) * SLOT_COUNT + count - 1) / count;
    if (next > first)
        cache_drop_slots (client->cached->cache, map, (uint32_t) first, (uint32_t) next - 1);
}

//  [map or nil, key or partition…]. False: it is not that.
static bool
s_take_what (zgrid_client_t *client, mp_t *reader, uint32_t count)
{
    bytes_t map = bytes_of (NULL, 0), key;
    uint64_t partition;
    unsigned partitions = 0;
    mp_token_t token;
    if (count == 0 || !mp_next (reader, &token) || (token.kind != MP_NIL && token.kind != MP_BYTES))
        return false;
    if (token.kind == MP_BYTES)
        map = token.bytes;
    while (--count) {
        if (mp_bytes (reader, &key))
            cache_drop (client->cached->cache, map, key);
        else if (!mp_uint (reader, &partition))
            return false;
        else if (++partitions <= S_PARTITIONS_MAX)
            s_drop_partition (client, map, partition);
    }
    if (partitions > S_PARTITIONS_MAX)
        cached_forget (client);
    return true;
}

void
cached_pushed (zgrid_client_t *client, connection_t *connection, mp_t reader, uint32_t count)
{
    mp_t what = reader;
    mp_token_t token;
    uint64_t number = 0;
    bool sound = count >= 4 && mp_skip (&reader) && mp_uint (&reader, &number)
                 && number == connection->invalidated + 1 && mp_next (&what, &token) && token.kind == MP_ARRAY
                 && s_take_what (client, &what, (uint32_t) token.integer);
    connection->invalidated = number;
    if (!sound) // Everything is meant, or some pushes are missing
        cached_left (client, connection);
}

void
cached_left (zgrid_client_t *client, const connection_t *connection)
{
    cache_drop_source (client->cached->cache, connection->number);
}

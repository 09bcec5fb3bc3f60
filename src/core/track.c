//  track: see track.h.
//  SPDX-License-Identifier: MPL-2.0
#include "track.h"

#include "mem.h"
#include "wire.h"

#define S_ROUTES 1024     // Buckets for clients
#define S_ENVELOPE_MAX 64 // Bytes
#define S_ITEM_HEAD 6     // Of what waits: kind, map size, key size or partition

typedef struct s_key s_key_t;
typedef struct s_client s_client_t;

struct s_key {
    s_key_t *next;          // In its bucket
    s_key_t *older, *newer; // Of all
    s_client_t *client;
    uint64_t hash;
    uint32_t partition, key_size;
    uint8_t map_size;
    uint8_t data[]; // Map, key
};

typedef enum { S_KEY = 'k', S_PARTITION = 'p' } s_item_t;

struct s_client {
    s_client_t *next; // In its bucket
    s_client_t *next_dirty;
    bool dirty;  // Is in that list
    bool all;    // Has to be told that nothing is good
    bool marked; // While a partition goes: it has been told
    uint32_t keys;
    uint64_t pushes; // So far
    buf_t waiting;   // Items
    size_t told;     // Bytes of them that were sent
    uint32_t route_hash;
    size_t route_size, envelope_count;
    size_t sizes[WIRE_ENVELOPE_MAX];
    uint8_t data[]; // Route, envelope frames
};

struct track {
    track_config_t config;
    stats_t *counters;
    s_key_t **buckets; // NULL until the first key
    uint32_t mask;
    uint32_t keys, clients;
    size_t bytes;
    s_key_t *oldest, *newest;
    s_client_t *routes[S_ROUTES];
    s_client_t *dirty;
    buf_t elements, body;
};

track_t *
track_new (const track_config_t *config, stats_t *counters)
{
    track_t *self = mem_alloc_zero (1, sizeof (track_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->counters = counters;
    self->mask = 63;
    while (self->mask < config->keys_max / 2)
        self->mask = self->mask * 2 + 1;
    return self;
}

uint32_t
track_keys (const track_t *self)
{
    return self->keys;
}

//  ------------------------------------------------------------------------------------------------
//  Keys

static size_t
s_size (const s_key_t *key)
{
    return sizeof (s_key_t) + key->map_size + key->key_size;
}

static bytes_t
s_map (const s_key_t *key)
{
    return bytes_of (key->data, key->map_size);
}

static bytes_t
s_name (const s_key_t *key)
{
    return bytes_of (key->data + key->map_size, key->key_size);
}

static void
s_unlink_age (track_t *self, s_key_t *key)
{
    *(key->older ? &key->older->newer : &self->oldest) = key->newer;
    *(key->newer ? &key->newer->older : &self->newest) = key->older;
}

static void
s_link_newest (track_t *self, s_key_t *key)
{
    key->older = self->newest;
    key->newer = NULL;
    *(self->newest ? &self->newest->newer : &self->oldest) = key;
    self->newest = key;
}

//  link: what points to it in its bucket. It is not tracked any more, but can still be read.
static s_key_t *
s_take_key (track_t *self, s_key_t **link)
{
    s_key_t *key = *link;
    *link = key->next;
    s_unlink_age (self, key);
    key->client->keys--;
    self->keys--;
    self->bytes -= s_size (key);
    self->counters->tracked = self->keys;
    return key;
}

static s_key_t **
s_link_of (track_t *self, const s_key_t *key)
{
    s_key_t **link = &self->buckets[key->hash & self->mask];
    while (*link != key)
        link = &(*link)->next;
    return link;
}

static void
s_forget_keys (track_t *self, const s_client_t *client)
{
    for (s_key_t *key = self->oldest, *newer; key && client->keys; key = newer) {
        newer = key->newer;
        if (key->client == client)
            mem_free (s_take_key (self, s_link_of (self, key)));
    }
}

//  ------------------------------------------------------------------------------------------------
//  Clients

static uint32_t
s_hash (bytes_t route)
{
    return (uint32_t) hash_bytes (route);
}

static void
s_free_client (track_t *self, s_client_t *client)
{
    s_client_t **link = &self->routes[client->route_hash % S_ROUTES];
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    if (client->keys)
        s_forget_keys (self, client);
    buf_clear (&client->waiting);
    mem_free (client);
    self->clients--;
}

void
track_destroy (track_t **self_p)
{
    track_t *self = *self_p;
    if (!self)
        return;
    while (self->oldest) {
        s_key_t *key = self->oldest;
        self->oldest = key->newer;
        mem_free (key);
    }
    for (size_t at = 0; at < S_ROUTES; at++)
        while (self->routes[at]) {
            self->routes[at]->keys = 0;
            s_free_client (self, self->routes[at]);
        }
    mem_free (self->buckets);
    buf_clear (&self->elements);
    buf_clear (&self->body);
    mem_free (self);
    *self_p = NULL;
}

//  Those that have nothing and need to be told nothing make room.
static void
s_free_idle (track_t *self)
{
    for (size_t at = 0; at < S_ROUTES; at++)
        for (s_client_t *client = self->routes[at], *next; client; client = next) {
            next = client->next;
            if (client->keys == 0 && !client->dirty)
                s_free_client (self, client);
        }
}

static s_client_t *
s_make_client (track_t *self, const track_client_t *given, uint32_t hash)
{
    size_t envelope = 0;
    for (size_t at = 0; at < given->envelope_count; at++)
        envelope += given->envelope[at].size;
    if (self->clients >= self->config.clients_max)
        s_free_idle (self);
    if (self->clients >= self->config.clients_max || given->envelope_count > WIRE_ENVELOPE_MAX
        || envelope > S_ENVELOPE_MAX)
        return NULL;
    s_client_t *client = mem_alloc_zero (1, sizeof (s_client_t) + given->route.size + envelope);
    if (!client)
        return NULL;
    client->route_hash = hash;
    client->route_size = given->route.size;
    client->envelope_count = given->envelope_count;
    uint8_t *at = client->data;
    memcpy (at, given->route.data, given->route.size);
    at += given->route.size;
    for (size_t frame = 0; frame < given->envelope_count; frame++) {
        size_t size = given->envelope[frame].size;
        client->sizes[frame] = size;
        if (size)
            memcpy (at, given->envelope[frame].data, size);
        at += size;
    }
    client->next = self->routes[hash % S_ROUTES];
    self->routes[hash % S_ROUTES] = client;
    self->clients++;
    return client;
}

static s_client_t *
s_client (track_t *self, const track_client_t *given)
{
    uint32_t hash = s_hash (given->route);
    for (s_client_t *client = self->routes[hash % S_ROUTES]; client; client = client->next)
        if (client->route_hash == hash
            && bytes_equal (bytes_of (client->data, client->route_size), given->route))
            return client;
    return s_make_client (self, given, hash);
}

//  ------------------------------------------------------------------------------------------------
//  What clients have to be told

static void
s_touch (track_t *self, s_client_t *client)
{
    if (client->dirty)
        return;
    client->dirty = true;
    client->next_dirty = self->dirty;
    self->dirty = client;
}

//  Too much to be told key by key.
static void
s_tell_all (track_t *self, s_client_t *client)
{
    client->all = true;
    buf_clear (&client->waiting);
    client->told = 0;
    s_forget_keys (self, client);
    s_touch (self, client);
}

//  number: bytes of the key, or a partition (map empty: of all maps).
static void
s_tell (track_t *self, s_client_t *client, s_item_t kind, bytes_t map, bytes_t key, uint32_t number)
{
    uint8_t head[S_ITEM_HEAD] = { (uint8_t) kind, (uint8_t) map.size };
    memcpy (head + 2, &number, sizeof number);
    self->counters->invalidations++;
    if (client->all)
        return;
    buf_add (&client->waiting, head, sizeof head);
    buf_add (&client->waiting, map.data, map.size);
    buf_add (&client->waiting, key.data, key.size);
    if (client->waiting.failed || client->waiting.size - client->told > TRACK_WAITING_MAX)
        s_tell_all (self, client);
    else
        s_touch (self, client);
}

static void
s_drop_oldest (track_t *self)
{
    s_key_t *key = s_take_key (self, s_link_of (self, self->oldest));
    self->counters->track_dropped++;
    s_tell (self, key->client, S_KEY, s_map (key), s_name (key), key->key_size);
    mem_free (key);
}

bool
track_add (track_t *self, const track_client_t *given, bytes_t map, bytes_t key, uint64_t hash,
           uint32_t partition)
{
    size_t size = sizeof (s_key_t) + map.size + key.size;
    if (size > self->config.bytes_max || map.size > WIRE_MAP_NAME_MAX)
        return false;
    if (!self->buckets)
        self->buckets = mem_alloc_zero ((size_t) self->mask + 1, sizeof (s_key_t *));
    s_client_t *client = self->buckets ? s_client (self, given) : NULL;
    if (!client)
        return false;
    s_key_t **bucket = &self->buckets[hash & self->mask];
    for (s_key_t *there = *bucket; there; there = there->next)
        if (there->hash == hash && there->client == client && bytes_equal (s_name (there), key)
            && bytes_equal (s_map (there), map)) {
            s_unlink_age (self, there);
            s_link_newest (self, there);
            return true;
        }
    while (self->keys && (self->keys >= self->config.keys_max || self->bytes + size > self->config.bytes_max))
        s_drop_oldest (self);
    s_key_t *made = mem_alloc (size);
    if (!made)
        return false;
    *made = (s_key_t) { .next = *bucket,
                        .client = client,
                        .hash = hash,
                        .partition = partition,
                        .key_size = (uint32_t) key.size,
                        .map_size = (uint8_t) map.size };
    memcpy (made->data, map.data, map.size);
    if (key.size)
        memcpy (made->data + map.size, key.data, key.size);
    *bucket = made;
    s_link_newest (self, made);
    client->keys++;
    self->keys++;
    self->bytes += size;
    self->counters->tracked = self->keys;
    return true;
}

//  All keys of a partition, of one map (empty: of all): each client is told once.
static void
s_drop_partition (track_t *self, bytes_t map, uint32_t partition)
{
    for (s_key_t *key = self->oldest; key; key = key->newer)
        key->client->marked = false;
    for (s_key_t *key = self->oldest, *newer; key; key = newer) {
        newer = key->newer;
        s_client_t *client = key->client;
        if (key->partition != partition || (map.size && !bytes_equal (s_map (key), map)))
            continue;
        mem_free (s_take_key (self, s_link_of (self, key)));
        if (client->marked || client->all)
            continue;
        client->marked = true;
        s_tell (self, client, S_PARTITION, map, bytes_of (NULL, 0), partition);
        if (client->all) // Its other keys went as well
            newer = self->oldest;
    }
}

void
track_change (track_t *self, const feed_change_t *change, uint64_t hash)
{
    if (self->keys == 0)
        return;
    if (change->kind == FEED_DESTROY || change->kind == FEED_GONE) {
        s_drop_partition (self, change->map, change->partition);
        return;
    }
    s_key_t **link = &self->buckets[hash & self->mask];
    while (*link) {
        s_key_t *key = *link;
        if (key->hash != hash || !bytes_equal (s_name (key), change->key)
            || !bytes_equal (s_map (key), change->map)) {
            link = &key->next;
            continue;
        }
        s_client_t *client = key->client;
        mem_free (s_take_key (self, link));
        s_tell (self, client, S_KEY, change->map, change->key, (uint32_t) change->key.size);
        if (client->all) // Its other keys went as well, perhaps the one that the link was in
            link = &self->buckets[hash & self->mask];
    }
}

void
track_lost (track_t *self)
{
    for (size_t at = 0; at < S_ROUTES; at++)
        for (s_client_t *client = self->routes[at]; client; client = client->next)
            if (client->keys || client->dirty) {
                self->counters->invalidations++;
                s_tell_all (self, client);
            }
}

//  ------------------------------------------------------------------------------------------------
//  Pushes

static void
s_begin_push (track_t *self)
{
    wire_add_array (&self->body, 5);
    wire_add_uint (&self->body, 0);
    wire_add_text (&self->body, "INVALIDATE");
}

static void
s_end_push (track_t *self, uint64_t number)
{
    wire_add_uint (&self->body, number);
    buf_add (&self->body, "\xc0", 1);
}

typedef struct {
    s_item_t kind;
    uint32_t number;
    bytes_t map, key;
    size_t size; // Of all of it
} s_waiting_t;

static s_waiting_t
s_waiting (const s_client_t *client, size_t at)
{
    const uint8_t *head = client->waiting.data + at;
    s_waiting_t item = { .kind = (s_item_t) head[0], .map = bytes_of (head + S_ITEM_HEAD, head[1]) };
    memcpy (&item.number, head + 2, sizeof item.number);
    item.key = bytes_of (head + S_ITEM_HEAD + head[1], item.kind == S_KEY ? item.number : 0);
    item.size = S_ITEM_HEAD + item.map.size + item.key.size;
    return item;
}

//  One record of what waits from `at` on, of one map. Returns where the next one begins.
static size_t
s_add_push (track_t *self, const s_client_t *client, size_t at, uint64_t number)
{
    bytes_t map = s_waiting (client, at).map;
    uint32_t count = 0;
    buf_reset (&self->elements);
    while (at < client->waiting.size && count < TRACK_PUSH_KEYS) {
        s_waiting_t item = s_waiting (client, at);
        if (!bytes_equal (item.map, map))
            break;
        if (item.kind == S_KEY)
            wire_add_bytes (&self->elements, item.key);
        else
            wire_add_uint (&self->elements, item.number);
        count++;
        at += item.size;
    }
    s_begin_push (self);
    wire_add_array (&self->body, count + 1);
    if (map.size)
        wire_add_bytes (&self->body, map);
    else
        buf_add (&self->body, "\xc0", 1);
    buf_add (&self->body, self->elements.data, self->elements.size);
    self->body.failed = self->body.failed || self->elements.failed;
    s_end_push (self, number);
    return at;
}

static flow_sent_t
s_send (track_t *self, const s_client_t *client, flow_send_fn *send, void *arg)
{
    bytes_t frames[WIRE_ENVELOPE_MAX + 1];
    const uint8_t *at = client->data + client->route_size;
    for (size_t frame = 0; frame < client->envelope_count; frame++) {
        frames[frame] = bytes_of (at, client->sizes[frame]);
        at += client->sizes[frame];
    }
    frames[client->envelope_count] = buf_bytes (&self->body);
    return send (arg, bytes_of (client->data, client->route_size), frames, client->envelope_count + 1);
}

//  Sends what one client has to be told.
static flow_sent_t
s_push (track_t *self, s_client_t *client, flow_send_fn *send, void *arg)
{
    flow_sent_t sent = FLOW_SENT;
    while (sent == FLOW_SENT && (client->all || client->told < client->waiting.size)) {
        uint64_t number = client->pushes;
        size_t at = client->told;
        buf_reset (&self->body);
        wire_begin (&self->body);
        if (client->all) {
            s_begin_push (self);
            buf_add (&self->body, "\xc0", 1);
            s_end_push (self, ++number);
        }
        while (at < client->waiting.size && self->body.size < TRACK_PUSH_BYTES)
            at = s_add_push (self, client, at, ++number);
        sent = self->body.failed ? FLOW_FULL : s_send (self, client, send, arg);
        if (sent != FLOW_SENT)
            break;
        client->all = false;
        client->told = at;
        client->pushes = number;
    }
    if (client->told == client->waiting.size) {
        buf_clear (&client->waiting);
        client->told = 0;
    }
    return sent;
}

uint64_t
track_turn (track_t *self, flow_send_fn *send, void *arg)
{
    s_client_t *dirty = self->dirty;
    self->dirty = NULL;
    while (dirty) {
        s_client_t *client = dirty;
        dirty = client->next_dirty;
        client->dirty = false;
        flow_sent_t sent = s_push (self, client, send, arg);
        if (sent == FLOW_GONE)
            s_free_client (self, client);
        else if (sent == FLOW_FULL)
            s_touch (self, client);
    }
    if (self->body.room > 4 * TRACK_PUSH_BYTES)
        buf_clear (&self->body);
    return self->dirty ? TRACK_RETRY_MS : UINT64_MAX;
}

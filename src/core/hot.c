//  hot: see hot.h.
//  SPDX-License-Identifier: MPL-2.0
#include "hot.h"

#include "mem.h"

//  What is kept of a key.
typedef struct {
    double error, writes;
    uint64_t key_size;
    uint8_t map_size, prefix_size;
    uint8_t map[HOT_NAME_MAX];
    uint8_t prefix[HOT_PREFIX];
} s_name_t;

struct hot {
    uint32_t room, count;
    bool begun;
    uint64_t faded_at;
    double window; // Milliseconds that the counts stand for, at faded_at
    uint8_t *tags; // A byte of each hash: most samples are looked up by these alone
    uint64_t *hashes;
    double *counts;
    s_name_t *names;
    uint32_t at;  // Where the search for a small count goes on
    double floor; // No count is below it
};

hot_t *
hot_new (uint32_t room)
{
    hot_t *self = mem_alloc_zero (1, sizeof (hot_t));
    if (!self)
        return NULL;
    self->room = room;
    self->tags = mem_alloc (room);
    self->hashes = mem_alloc (room * sizeof (uint64_t));
    self->counts = mem_alloc (room * sizeof (double));
    self->names = mem_alloc (room * sizeof (s_name_t));
    if (!self->tags || !self->hashes || !self->counts || !self->names)
        hot_destroy (&self);
    return self;
}

void
hot_destroy (hot_t **self_p)
{
    hot_t *self = *self_p;
    if (!self)
        return;
    mem_free (self->tags);
    mem_free (self->hashes);
    mem_free (self->counts);
    mem_free (self->names);
    mem_free (self);
    *self_p = NULL;
}

static void
s_fade (hot_t *self, uint64_t now)
{
    if (!self->begun) {
        self->begun = true;
        self->faded_at = now;
    }
    if (now < self->faded_at)
        return;
    for (unsigned times = 0; now - self->faded_at >= HOT_FADE_MS; times++) {
        if (times == 64) { // Nothing is left of it
            self->count = 0;
            self->floor = 0;
            self->window = 2 * HOT_FADE_MS;
            self->faded_at = now;
            return;
        }
        self->faded_at += HOT_FADE_MS;
        self->window = (self->window + HOT_FADE_MS) / 2;
        self->floor /= 2;
        for (uint32_t at = 0; at < self->count; at++) {
            self->counts[at] /= 2;
            self->names[at].error /= 2;
            self->names[at].writes /= 2;
        }
    }
}

static void
s_name (s_name_t *name, bytes_t map, bytes_t key)
{
    name->map_size = (uint8_t) (map.size < HOT_NAME_MAX ? map.size : HOT_NAME_MAX);
    name->prefix_size = (uint8_t) (key.size < HOT_PREFIX ? key.size : HOT_PREFIX);
    name->key_size = key.size;
    if (name->map_size)
        memcpy (name->map, map.data, name->map_size);
    if (name->prefix_size)
        memcpy (name->prefix, key.data, name->prefix_size);
}

//  Where a key is; `count`: nowhere.
static uint32_t
s_find (const hot_t *self, uint64_t hash)
{
    for (uint32_t at = 0; at < self->count; at++) {
        const uint8_t *found = memchr (self->tags + at, (uint8_t) hash, self->count - at);
        if (!found)
            break;
        at = (uint32_t) (found - self->tags);
        if (self->hashes[at] == hash)
            return at;
    }
    return self->count;
}

//  A key whose count is the smallest, or less than one sample above it: the search goes round and ends at
//  the first, so that all of them are looked at only after each of the smallest has grown.
static uint32_t
s_least (hot_t *self)
{
    for (uint32_t step = 0; step < self->room; step++) {
        self->at = self->at + 1 < self->room ? self->at + 1 : 0;
        if (self->counts[self->at] < self->floor + 1)
            return self->at;
    }
    for (uint32_t at = 0; at < self->room; at++)
        self->at = self->counts[at] < self->counts[self->at] ? at : self->at;
    self->floor = self->counts[self->at];
    return self->at;
}

void
hot_add (hot_t *self, bytes_t map, bytes_t key, uint64_t hash, bool writes, uint64_t now)
{
    s_fade (self, now);
    uint32_t at = s_find (self, hash);
    if (at == self->count) {
        //  The newcomer takes over the smallest count: it may have come as often before, unseen
        bool full = self->count == self->room;
        at = full ? s_least (self) : self->count++;
        self->tags[at] = (uint8_t) hash;
        self->hashes[at] = hash;
        self->counts[at] = full ? self->counts[at] : 0;
        self->names[at].error = self->counts[at];
        self->names[at].writes = 0;
        s_name (&self->names[at], map, key);
    }
    self->counts[at] += 1;
    self->names[at].writes += writes;
}

uint32_t
hot_list (hot_t *self, hot_key_t *keys, uint32_t most, uint64_t now)
{
    s_fade (self, now);
    double window = self->window + (now > self->faded_at ? (double) (now - self->faded_at) : 0);
    double scale = 1000 / (window < 1000 ? 1000 : window); // The first second counts as a whole one
    uint32_t count = self->count < most ? self->count : most;
    for (uint32_t at = 0; at < count; at++) {
        const s_name_t *name = &self->names[at];
        keys[at] = (hot_key_t) { .map = bytes_of (name->map, name->map_size),
                                 .key = bytes_of (name->prefix, name->prefix_size),
                                 .key_size = name->key_size,
                                 .hash = self->hashes[at],
                                 .rate = self->counts[at] * scale,
                                 .error = name->error * scale,
                                 .writes = name->writes * scale };
    }
    return count;
}

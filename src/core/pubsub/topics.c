//  topics: see topics.h. A table of chains that doubles; patterns stand in a list, too. What a channel
//  matches is remembered in a small table, for many messages go to few channels.
//  SPDX-License-Identifier: MPL-2.0
#include "topics.h"

#include "../glob.h"
#include "../mem.h"

#define S_BUCKETS 256     // At first
#define S_REMEMBERED 1024 // Channels
#define S_SWEEP 1024      // Buckets in one call

typedef struct {
    uint64_t version; // Of the list of patterns; 0: nothing is here
    topic_t **list;
    uint32_t count;
    uint8_t size;
    uint8_t name[TOPIC_NAME_MAX];
} s_matches_t;

struct topics {
    hash_secret_t secret;
    topic_t **buckets;
    size_t room, count;
    topic_t **patterns;
    uint32_t patterns_count, patterns_room;
    uint64_t version; // Of the list of patterns
    s_matches_t *matches;
    buf_t found;
    uint64_t sent;
    uint64_t idle_max, idle_bytes;
    size_t sweep;
    topics_stats_t stats;
};

topics_t *
topics_new (const uint8_t seed[HASH_SEED_SIZE], uint64_t idle_max)
{
    topics_t *self = mem_alloc_zero (1, sizeof (topics_t));
    if (!self)
        return NULL;
    hash_secret (&self->secret, seed);
    self->room = S_BUCKETS;
    self->version = 1;
    self->idle_max = idle_max;
    self->buckets = mem_alloc_zero (self->room, sizeof (topic_t *));
    self->matches = mem_alloc_zero (S_REMEMBERED, sizeof (s_matches_t));
    if (!self->buckets || !self->matches)
        topics_destroy (&self);
    return self;
}

static void
s_free (topic_t *topic)
{
    buf_clear (&topic->batch);
    mem_free (topic);
}

void
topics_destroy (topics_t **self_p)
{
    topics_t *self = *self_p;
    if (!self)
        return;
    for (size_t at = 0; self->buckets && at < self->room; at++)
        while (self->buckets[at]) {
            topic_t *topic = self->buckets[at];
            self->buckets[at] = topic->next;
            s_free (topic);
        }
    for (size_t at = 0; self->matches && at < S_REMEMBERED; at++)
        mem_free (self->matches[at].list);
    mem_free (self->matches);
    mem_free (self->buckets);
    mem_free (self->patterns);
    buf_clear (&self->found);
    mem_free (self);
    *self_p = NULL;
}

static uint64_t
s_hash (const topics_t *self, topic_kind_t kind, bytes_t name)
{
    return hash_key (&self->secret, name) + (uint64_t) kind * UINT64_C (0x9e3779b97f4a7c15);
}

static topic_t *
s_find (const topics_t *self, uint64_t hash, topic_kind_t kind, bytes_t name)
{
    topic_t *topic = self->buckets[hash & (self->room - 1)];
    while (topic && (topic->hash != hash || topic->kind != kind || !bytes_equal (topic_name (topic), name)))
        topic = topic->next;
    return topic;
}

topic_t *
topics_find (const topics_t *self, topic_kind_t kind, bytes_t name)
{
    return s_find (self, s_hash (self, kind, name), kind, name);
}

//  Without memory the chains get longer.
static void
s_grow (topics_t *self)
{
    size_t room = self->room * 2;
    topic_t **buckets = mem_alloc_zero (room, sizeof (topic_t *));
    if (!buckets)
        return;
    for (size_t at = 0; at < self->room; at++)
        while (self->buckets[at]) {
            topic_t *topic = self->buckets[at];
            self->buckets[at] = topic->next;
            topic->next = buckets[topic->hash & (room - 1)];
            buckets[topic->hash & (room - 1)] = topic;
        }
    mem_free (self->buckets);
    self->buckets = buckets;
    self->room = room;
}

static bool
s_add_pattern (topics_t *self, topic_t *topic)
{
    if (self->patterns_count == self->patterns_room) {
        uint32_t room = self->patterns_room ? self->patterns_room * 2 : 16;
        topic_t **patterns = mem_resize (self->patterns, room * sizeof (topic_t *));
        if (!patterns)
            return false;
        self->patterns = patterns;
        self->patterns_room = room;
    }
    topic->place = self->patterns_count;
    self->patterns[self->patterns_count++] = topic;
    self->version++;
    return true;
}

topic_t *
topics_add (topics_t *self, topic_kind_t kind, bytes_t name)
{
    uint64_t hash = s_hash (self, kind, name);
    topic_t *topic = s_find (self, hash, kind, name);
    if (topic)
        return topic;
    if (self->count >= self->room)
        s_grow (self);
    topic = mem_alloc_zero (1, sizeof (topic_t) + name.size);
    if (!topic)
        return NULL;
    topic->hash = hash;
    topic->kind = (uint8_t) kind;
    topic->size = (uint8_t) name.size;
    memcpy (topic->name, name.data, name.size);
    topic->number = topic->own = self->sent;
    topic->idle = true;
    if (kind == TOPIC_PATTERN && !s_add_pattern (self, topic)) {
        mem_free (topic);
        return NULL;
    }
    topic->next = self->buckets[hash & (self->room - 1)];
    self->buckets[hash & (self->room - 1)] = topic;
    self->count++;
    self->idle_bytes += topic->size;
    return topic;
}

static void
s_remove (topics_t *self, topic_t **place)
{
    topic_t *topic = *place;
    *place = topic->next;
    self->count--;
    self->idle_bytes -= topic->size;
    if (topic->kind == TOPIC_PATTERN) {
        topic_t *last = self->patterns[--self->patterns_count];
        self->patterns[topic->place] = last;
        last->place = topic->place;
        self->version++;
    }
    s_free (topic);
}

static void
s_charge (topics_t *self, topic_t *topic)
{
    uint64_t size = topic->size;
    uint64_t cost = topic->kind == TOPIC_PATTERN ? topic_cost (topic_name (topic)) : 0;
    bool here = topic->here > 0, there = topic->members > 0;
    if (here != topic->charged) {
        self->stats.names += here ? size : -size;
        self->stats.costs += here ? cost : -cost;
    }
    if (there != topic->charged_there)
        self->stats.names_there += there ? size : -size;
    topic->charged = here;
    topic->charged_there = there;
}

void
topics_update (topics_t *self, topic_t *topic, uint64_t now)
{
    bool idle = !topic_wanted (topic);
    s_charge (self, topic);
    if (idle == topic->idle)
        return;
    topic->idle = idle;
    topic->idle_since = now;
    self->idle_bytes = idle ? self->idle_bytes + topic->size : self->idle_bytes - topic->size;
    if (topic->kind == TOPIC_PATTERN)
        self->stats.patterns += idle ? UINT64_MAX : 1;
    else if (topic->kind == TOPIC_CHANNEL)
        self->stats.channels += idle ? UINT64_MAX : 1;
}

static bool
s_forgettable (const topics_t *self, const topic_t *topic, uint64_t now)
{
    return topic->idle && !topic->waiting && !topic->changed
           && (now >= topic->idle_since + TOPICS_KEEP_MS || self->idle_bytes > self->idle_max);
}

void
topics_sweep (topics_t *self, uint64_t now)
{
    for (size_t left = self->room < S_SWEEP ? self->room : S_SWEEP; left; left--) {
        topic_t **place = &self->buckets[self->sweep++ & (self->room - 1)];
        while (*place)
            if (s_forgettable (self, *place, now))
                s_remove (self, place);
            else
                place = &(*place)->next;
    }
}

void
topics_count (topics_t *self)
{
    self->sent++;
}

//  ------------------------------------------------------------------------------------------------
//  Patterns

static bool
s_compare (topics_t *self, bytes_t channel)
{
    uint64_t steps = 0;
    buf_reset (&self->found);
    for (uint32_t at = 0; at < self->patterns_count; at++) {
        topic_t *topic = self->patterns[at];
        //  Most differ in the first byte
        uint8_t first = topic->name[0];
        if (first != channel.data[0] && first != '*' && first != '?' && first != '[' && first != '\\')
            continue;
        if (glob_match (topic_name (topic), channel, &steps))
            buf_add (&self->found, &topic, sizeof topic);
    }
    return !self->found.failed;
}

static s_matches_t *
s_place (const topics_t *self, bytes_t channel)
{
    return &self->matches[hash_key (&self->secret, channel) % S_REMEMBERED];
}

size_t
topics_match (topics_t *self, bytes_t channel, topic_t *const **list, bool *failed)
{
    *list = NULL;
    *failed = false;
    if (self->patterns_count == 0)
        return 0;
    s_matches_t *matches = s_place (self, channel);
    if (matches->version == self->version && bytes_equal (bytes_of (matches->name, matches->size), channel)) {
        *list = matches->list;
        return matches->count;
    }
    matches->version = 0;
    mem_free (matches->list);
    matches->list = NULL;
    *failed = !s_compare (self, channel);
    matches->count = (uint32_t) (self->found.size / sizeof (topic_t *));
    if (matches->count && !*failed) {
        matches->list = mem_alloc (self->found.size);
        *failed = !matches->list;
    }
    if (*failed)
        return 0;
    if (matches->count)
        memcpy (matches->list, self->found.data, self->found.size);
    matches->version = self->version;
    matches->size = (uint8_t) channel.size;
    memcpy (matches->name, channel.data, channel.size);
    *list = matches->list;
    return matches->count;
}

topic_t *
topics_next (const topics_t *self, size_t *place, const topic_t *before)
{
    if (before && before->next)
        return before->next;
    while (*place < self->room) {
        topic_t *topic = self->buckets[(*place)++];
        if (topic)
            return topic;
    }
    return NULL;
}

const topics_stats_t *
topics_stats (const topics_t *self)
{
    return &self->stats;
}

//  audience: see audience.h.
//  SPDX-License-Identifier: MPL-2.0
#include "audience.h"

#include <stdlib.h>

#include "../mem.h"

#define S_BUCKETS 256
#define S_CHURN 10 // Times the limit of subscriptions: so many requests in AUDIENCE_CHURN_MS
#define S_CHURN_LEAST 1000
#define S_JUNK_MAX 100 // Of one connection: libzmq keeps what it is asked for, whatever it is
#define S_ID_DIGITS 16
#define S_COUNT_DIGITS 10

struct connection;

//  One connection and one topic.
typedef struct wish {
    struct wish *next_in_bucket;
    struct wish *next, *before; // Of the connection
    struct connection *of;
    topic_t *topic;
    uint32_t count; // Subscribers that it speaks for; 0: it has not said
    bool wanted;
} wish_t;

typedef struct connection {
    bool open, excess;
    bool gone;             // Of a member that is none any more
    node_id_t node;        // 0: it has not said
    uint64_t since, heard; // Requests of this time
    uint64_t count, junk;
    wish_t *wishes;
} connection_t;

struct audience {
    audience_config_t config;
    audience_port_t port;
    topics_t *topics;
    connection_t **connections; // By key
    uint32_t keys;
    wish_t **buckets;
    size_t room;
    audience_stats_t stats;
};

audience_t *
audience_new (const audience_config_t *config, topics_t *topics, const audience_port_t *port)
{
    audience_t *self = mem_alloc_zero (1, sizeof (audience_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->port = *port;
    self->topics = topics;
    self->room = S_BUCKETS;
    self->buckets = mem_alloc_zero (self->room, sizeof (wish_t *));
    if (!self->buckets)
        audience_destroy (&self);
    else if (config->keyless)
        audience_open (self, 0);
    return self;
}

void
audience_destroy (audience_t **self_p)
{
    audience_t *self = *self_p;
    if (!self)
        return;
    for (size_t at = 0; self->buckets && at < self->room; at++)
        while (self->buckets[at]) {
            wish_t *wish = self->buckets[at];
            self->buckets[at] = wish->next_in_bucket;
            mem_free (wish);
        }
    for (uint32_t key = 0; key < self->keys; key++)
        mem_free (self->connections[key]);
    mem_free (self->connections);
    mem_free (self->buckets);
    mem_free (self);
    *self_p = NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Wishes

static size_t
s_hash (const connection_t *of, const topic_t *topic)
{
    uint64_t hash = ((uint64_t) (uintptr_t) of ^ topic->hash) * UINT64_C (0x9e3779b97f4a7c15);
    return (size_t) (hash ^ hash >> 32);
}

static wish_t **
s_place (const audience_t *self, const connection_t *of, const topic_t *topic)
{
    wish_t **place = &self->buckets[s_hash (of, topic) & (self->room - 1)];
    while (*place && ((*place)->of != of || (*place)->topic != topic))
        place = &(*place)->next_in_bucket;
    return place;
}

static void
s_grow (audience_t *self)
{
    size_t room = self->room * 2;
    wish_t **buckets = mem_alloc_zero (room, sizeof (wish_t *));
    if (!buckets)
        return;
    for (size_t at = 0; at < self->room; at++)
        while (self->buckets[at]) {
            wish_t *wish = self->buckets[at];
            wish_t **bucket = &buckets[s_hash (wish->of, wish->topic) & (room - 1)];
            self->buckets[at] = wish->next_in_bucket;
            wish->next_in_bucket = *bucket;
            *bucket = wish;
        }
    mem_free (self->buckets);
    self->buckets = buckets;
    self->room = room;
}

//  What a wish counts.
static uint32_t
s_weight (const wish_t *wish)
{
    return wish->of->gone || !wish->wanted ? 0 : wish->count ? wish->count : 1;
}

//  A wish counts something else than before.
static void
s_apply (audience_t *self, topic_t *topic, uint32_t before, uint32_t now_is, uint64_t now)
{
    if (before == now_is)
        return;
    uint32_t came = !before, went = !now_is;
    if (self->config.members) {
        topic->members += came - went;
        topic->there += (uint64_t) now_is - before;
    } else
        topic->here += now_is - before;
    topics_update (self->topics, topic, now);
    self->port.changed (self->port.arg, topic);
}

static wish_t *
s_add (audience_t *self, connection_t *of, topic_t *topic)
{
    if (self->stats.subscriptions >= self->room)
        s_grow (self);
    wish_t *wish = mem_alloc_zero (1, sizeof (wish_t));
    if (!wish)
        return NULL;
    wish->of = of;
    wish->topic = topic;
    wish_t **place = s_place (self, of, topic);
    *place = wish;
    wish->next = of->wishes;
    if (wish->next)
        wish->next->before = wish;
    of->wishes = wish;
    of->count++;
    self->stats.subscriptions++;
    return wish;
}

static void
s_remove (audience_t *self, wish_t *wish)
{
    *s_place (self, wish->of, wish->topic) = wish->next_in_bucket;
    if (wish->next)
        wish->next->before = wish->before;
    if (wish->before)
        wish->before->next = wish->next;
    else
        wish->of->wishes = wish->next;
    wish->of->count--;
    self->stats.subscriptions--;
    mem_free (wish);
}

//  ------------------------------------------------------------------------------------------------
//  Connections

static connection_t *
s_connection (const audience_t *self, uint32_t key)
{
    connection_t *connection = key < self->keys ? self->connections[key] : NULL;
    return connection && connection->open ? connection : NULL;
}

void
audience_open (audience_t *self, uint32_t key)
{
    if (key >= AUDIENCE_KEYS_MAX)
        return;
    if (key >= self->keys) {
        uint32_t keys = (key | 63) + 1;
        connection_t **connections = mem_resize (self->connections, keys * sizeof (connection_t *));
        if (!connections)
            return; // Nothing is heard of it
        memset (connections + self->keys, 0, (keys - self->keys) * sizeof (connection_t *));
        self->connections = connections;
        self->keys = keys;
    }
    connection_t *connection = self->connections[key];
    if (!connection)
        connection = self->connections[key] = mem_alloc_zero (1, sizeof (connection_t));
    if (!connection || connection->open)
        return;
    *connection = (connection_t) { .open = true };
    self->stats.connections++;
}

static void
s_empty (audience_t *self, connection_t *connection, uint64_t now)
{
    while (connection->wishes) {
        wish_t *wish = connection->wishes;
        topic_t *topic = wish->topic;
        uint32_t before = s_weight (wish);
        s_remove (self, wish);
        s_apply (self, topic, before, 0, now);
    }
}

void
audience_close (audience_t *self, uint32_t key, uint64_t now)
{
    connection_t *connection = s_connection (self, key);
    if (!connection)
        return;
    s_empty (self, connection, now);
    connection->open = false;
    self->stats.connections--;
}

bool
audience_listens (const audience_t *self, uint32_t key)
{
    const connection_t *connection = s_connection (self, key);
    return connection && !connection->excess;
}

void
audience_keep (audience_t *self, const view_t *view, uint64_t now)
{
    for (uint32_t key = 0; key < self->keys; key++) {
        connection_t *connection = s_connection (self, key);
        if (!connection || !connection->node || connection->gone || view_member (view, connection->node))
            continue;
        s_empty (self, connection, now);
        connection->gone = true;
    }
}

//  ------------------------------------------------------------------------------------------------
//  What is heard

static heard_t
s_excess (audience_t *self, connection_t *connection, uint64_t now)
{
    if (self->config.keyless)
        return HEARD_EXCESS; // Without memory for one of many: the others stay
    s_empty (self, connection, now);
    connection->excess = true;
    return HEARD_EXCESS;
}

static bool
s_past_limits (const audience_t *self, topic_kind_t kind, bytes_t name, const topic_t *topic)
{
    const topics_stats_t *stats = topics_stats (self->topics);
    if (self->config.names_max == 0)
        return false;
    if (self->config.members)
        return !(topic && topic->members) && stats->names_there + name.size > self->config.names_max;
    if (topic && topic->here)
        return false;
    return stats->names + name.size > self->config.names_max
           || (kind == TOPIC_PATTERN && stats->costs + topic_cost (name) > AUDIENCE_COSTS_MAX);
}

//  count: that it speaks for; UINT32_MAX: it wants the topic itself.
static heard_t
s_want (audience_t *self, connection_t *connection, topic_kind_t kind, bytes_t name, uint32_t count,
        uint64_t now)
{
    topic_t *topic = topics_find (self->topics, kind, name);
    wish_t *wish = topic ? *s_place (self, connection, topic) : NULL;
    if (!wish) {
        if (s_past_limits (self, kind, name, topic) || connection->count >= self->config.subscriptions_max)
            return s_excess (self, connection, now);
        topic = topics_add (self->topics, kind, name);
        wish = topic ? s_add (self, connection, topic) : NULL;
        if (!wish)
            return s_excess (self, connection, now); // Without memory
    }
    uint32_t before = s_weight (wish);
    if (count == UINT32_MAX)
        wish->wanted = true;
    else
        wish->count = count;
    s_apply (self, topic, before, s_weight (wish), now);
    return HEARD_FINE;
}

static void
s_forget (audience_t *self, connection_t *connection, topic_kind_t kind, bytes_t name, uint32_t count,
          uint64_t now)
{
    topic_t *topic = topics_find (self->topics, kind, name);
    wish_t *wish = topic ? *s_place (self, connection, topic) : NULL;
    if (!wish)
        return;
    uint32_t before = s_weight (wish);
    if (count == UINT32_MAX)
        wish->wanted = false;
    else if (wish->count == count)
        wish->count = 0;
    uint32_t after = s_weight (wish);
    if (!wish->wanted && wish->count == 0)
        s_remove (self, wish);
    s_apply (self, topic, before, after, now);
}

static bool
s_number (const uint8_t *digits, size_t size, unsigned base, uint64_t *number)
{
    *number = 0;
    for (size_t at = 0; at < size; at++) {
        uint8_t digit = digits[at];
        unsigned value = digit >= '0' && digit <= '9'   ? digit - '0' + 0u
                         : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10u
                                                        : 99;
        if (value >= base)
            return false;
        *number = *number * base + value;
    }
    return size > 0;
}

//  "m" ID 0
static heard_t
s_introduce (connection_t *connection, bytes_t asked)
{
    uint64_t id;
    if (asked.size != 2 + S_ID_DIGITS || asked.data[asked.size - 1] != 0
        || !s_number (asked.data + 1, S_ID_DIGITS, 16, &id))
        return HEARD_JUNK;
    connection->node = id;
    return HEARD_FINE;
}

//  "n" TOPIC COUNT
static heard_t
s_count (audience_t *self, connection_t *connection, bytes_t asked, bool on, uint64_t now)
{
    bytes_t name;
    uint64_t count;
    const uint8_t *end = memchr (asked.data, 0, asked.size);
    size_t size = end ? (size_t) (end - asked.data) : 0; // Of "n" and topic, without its zero byte
    topic_kind_t kind = size ? topic_read (bytes_of (asked.data + 1, size), &name) : TOPIC_NONE;
    size_t digits = size ? asked.size - size - 1 : 0;
    if ((kind != TOPIC_CHANNEL && kind != TOPIC_PATTERN) || digits > S_COUNT_DIGITS
        || !s_number (end + 1, digits, 10, &count) || count == 0 || count >= UINT32_MAX)
        return HEARD_JUNK;
    if (on)
        return s_want (self, connection, kind, name, (uint32_t) count, now);
    s_forget (self, connection, kind, name, (uint32_t) count, now);
    return HEARD_FINE;
}

static heard_t
s_asked (audience_t *self, connection_t *connection, bytes_t asked, bool on, uint64_t now, bytes_t *token)
{
    bytes_t name;
    topic_kind_t kind = topic_read (asked, &name);
    if (kind == TOPIC_NONE && self->config.members && asked.size && asked.data[0] == 'm')
        return on ? s_introduce (connection, asked) : HEARD_FINE;
    if (kind == TOPIC_NONE && (self->config.members || self->config.counts) && asked.size
        && asked.data[0] == 'n')
        return s_count (self, connection, asked, on, now);
    if (kind == TOPIC_NONE)
        return HEARD_JUNK;
    if (!on) {
        s_forget (self, connection, kind, name, UINT32_MAX, now);
        return HEARD_FINE;
    }
    heard_t heard = s_want (self, connection, kind, name, UINT32_MAX, now);
    if (kind != TOPIC_SYNC || heard != HEARD_FINE)
        return heard;
    *token = asked;
    return HEARD_SYNC;
}

heard_t
audience_hear (audience_t *self, uint32_t key, bytes_t frame, uint64_t now, bytes_t *token)
{
    connection_t *connection = s_connection (self, key);
    if (!connection || connection->excess || connection->gone)
        return HEARD_FINE;
    if (now >= connection->since + AUDIENCE_CHURN_MS) {
        connection->since = now;
        connection->heard = 0;
    }
    uint64_t churn = S_CHURN * self->config.subscriptions_max + S_CHURN_LEAST;
    if (!self->config.keyless && ++connection->heard > churn)
        return s_excess (self, connection, now);
    heard_t heard = HEARD_JUNK;
    if (frame.size >= 1 && frame.size <= AUDIENCE_FRAME_MAX + 1 && frame.data[0] <= 1)
        heard = s_asked (self, connection, bytes_of (frame.data + 1, frame.size - 1), frame.data[0] == 1, now,
                         token);
    if (heard == HEARD_JUNK && !self->config.keyless && ++connection->junk > S_JUNK_MAX)
        return s_excess (self, connection, now);
    return heard;
}

const audience_stats_t *
audience_stats (const audience_t *self)
{
    return &self->stats;
}

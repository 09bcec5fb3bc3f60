//  flow: see flow.h. A list of slow clients: there are few, usually none.
//  SPDX-License-Identifier: MPL-2.0
#include "flow.h"

#include "mem.h"

#define S_RETRY_MS 5
#define S_FRAMES_MAX 64 // Of one message that is kept; more are joined to none: such a message is dropped

typedef struct message {
    struct message *next;
    uint64_t records;
    uint64_t bytes;
    size_t count;
    size_t sizes[S_FRAMES_MAX];
    uint8_t data[];
} message_t;

typedef struct route {
    struct route *next;
    message_t *first, *last;
    uint64_t records, bytes; // That wait
    uint64_t since;          // When it last took a message, or began to wait
    uint64_t muted_until;    // 0: not muted
    size_t id_size;
    uint8_t id[255];
} route_t;

struct flow {
    flow_config_t config;
    stats_t *counters;
    route_t *routes;
    uint32_t count;
    uint64_t waiting;
};

flow_t *
flow_new (const flow_config_t *config, stats_t *counters)
{
    flow_t *self = mem_alloc_zero (1, sizeof (flow_t));
    if (self) {
        self->config = *config;
        self->counters = counters;
    }
    return self;
}

static void
s_pop (flow_t *self, route_t *route)
{
    message_t *message = route->first;
    route->first = message->next;
    if (!route->first)
        route->last = NULL;
    route->records -= message->records;
    route->bytes -= message->bytes;
    self->waiting--;
    mem_free (message);
}

static void
s_drop_all (flow_t *self, route_t *route)
{
    while (route->first) {
        self->counters->dropped++;
        s_pop (self, route);
    }
}

static void
s_forget (flow_t *self, route_t **link)
{
    route_t *route = *link;
    while (route->first)
        s_pop (self, route);
    *link = route->next;
    self->count--;
    mem_free (route);
}

void
flow_destroy (flow_t **self_p)
{
    flow_t *self = *self_p;
    if (!self)
        return;
    while (self->routes)
        s_forget (self, &self->routes);
    mem_free (self);
    *self_p = NULL;
}

static route_t *
s_find (const flow_t *self, bytes_t id)
{
    for (route_t *route = self->routes; route; route = route->next)
        if (bytes_equal (bytes_of (route->id, route->id_size), id))
            return route;
    return NULL;
}

bool
flow_is_slow (const flow_t *self, bytes_t id)
{
    route_t *route = self->routes ? s_find (self, id) : NULL;
    return route && route->first;
}

flow_verdict_t
flow_arrival (flow_t *self, bytes_t id, uint64_t now)
{
    route_t *route = self->routes ? s_find (self, id) : NULL;
    if (!route)
        return FLOW_TAKE;
    if (now < route->muted_until || route->bytes >= 2 * self->config.window_bytes
        || route->records >= 2 * self->config.window_records) {
        self->counters->discarded++;
        return FLOW_DISCARD;
    }
    bool full = route->records >= self->config.window_records || route->bytes >= self->config.window_bytes;
    return full ? FLOW_BUSY : FLOW_TAKE;
}

static route_t *
s_make (flow_t *self, bytes_t id, uint64_t now)
{
    if (self->count >= self->config.routes_max || id.size > 255)
        return NULL;
    route_t *route = mem_alloc_zero (1, sizeof (route_t));
    if (!route)
        return NULL;
    memcpy (route->id, id.data, id.size);
    route->id_size = id.size;
    route->since = now;
    route->next = self->routes;
    self->routes = route;
    self->count++;
    return route;
}

static message_t *
s_copy (const bytes_t *frames, size_t count, uint64_t records)
{
    if (count > S_FRAMES_MAX)
        return NULL;
    size_t size = 0;
    for (size_t at = 0; at < count; at++)
        size += frames[at].size;
    message_t *message = mem_alloc (sizeof (message_t) + size);
    if (!message)
        return NULL;
    *message = (message_t) { .records = records, .bytes = size, .count = count };
    uint8_t *to = message->data;
    for (size_t at = 0; at < count; at++) {
        message->sizes[at] = frames[at].size;
        if (frames[at].size)
            memcpy (to, frames[at].data, frames[at].size);
        to += frames[at].size;
    }
    return message;
}

void
flow_keep (flow_t *self, bytes_t id, const bytes_t *frames, size_t count, uint64_t records, uint64_t now)
{
    route_t *route = s_find (self, id);
    if (!route)
        route = s_make (self, id, now);
    message_t *message = route && now >= route->muted_until ? s_copy (frames, count, records) : NULL;
    if (!message) {
        self->counters->dropped++;
        return;
    }
    if (!route->first)
        route->since = now;
    *(route->last ? &route->last->next : &route->first) = message;
    route->last = message;
    route->records += records;
    route->bytes += message->bytes;
    self->waiting++;
    self->counters->queued++;
}

//  Sends what the client takes. FLOW_SENT: everything.
static flow_sent_t
s_send (flow_t *self, route_t *route, flow_send_fn *send, void *arg, uint64_t now)
{
    while (route->first) {
        message_t *message = route->first;
        bytes_t frames[S_FRAMES_MAX];
        const uint8_t *data = message->data;
        for (size_t at = 0; at < message->count; at++) {
            frames[at] = bytes_of (data, message->sizes[at]);
            data += message->sizes[at];
        }
        flow_sent_t sent = send (arg, bytes_of (route->id, route->id_size), frames, message->count);
        if (sent != FLOW_SENT)
            return sent;
        route->since = now;
        s_pop (self, route);
    }
    return FLOW_SENT;
}

void
flow_retry (flow_t *self, flow_send_fn *send, void *arg, uint64_t now)
{
    route_t **link = &self->routes;
    while (*link) {
        route_t *route = *link;
        flow_sent_t sent = s_send (self, route, send, arg, now);
        if (sent == FLOW_FULL && now - route->since >= self->config.mute_after) {
            s_drop_all (self, route);
            route->muted_until = now + self->config.mute_for;
            self->counters->muted++;
        }
        if (sent == FLOW_GONE)
            s_drop_all (self, route);
        //  A muted client stays known until its time is over
        if (!route->first && (sent == FLOW_GONE || now >= route->muted_until))
            s_forget (self, link);
        else
            link = &route->next;
    }
}

uint64_t
flow_state (const flow_t *self, bytes_t id, uint64_t now, bool *muted)
{
    const route_t *route = self->routes ? s_find (self, id) : NULL;
    *muted = route && now < route->muted_until;
    return route ? route->bytes : 0;
}

uint64_t
flow_waiting (const flow_t *self)
{
    return self->waiting;
}

uint64_t
flow_next (const flow_t *self)
{
    return self->waiting ? S_RETRY_MS : self->routes ? 1000 : UINT64_MAX;
}

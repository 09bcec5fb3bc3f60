//  watchers: see watchers.h.
//  SPDX-License-Identifier: MPL-2.0
#include "watchers.h"

#include <assert.h>
#include <stdio.h>

#include "mem.h"
#include "wire.h"

#define S_ROOM_FIRST 16

typedef struct {
    uint64_t told; // Version
    size_t envelope_count;
    size_t sizes[WIRE_ENVELOPE_MAX];
    size_t route_size;
    uint8_t data[]; // Route, envelope frames
} s_watcher_t;

//  Kept in the order in which they came.
typedef struct {
    uint32_t hash; // Of the route
    s_watcher_t *watcher;
} s_place_t;

struct watchers {
    uint32_t most, count, room;
    s_place_t *places;
    uint64_t version;
    bool behind;      // Somebody may not have been told
    uint64_t next_at; // No push before this
    uint64_t interval;
    watchers_words_fn *words;
    const void *words_arg;
    buf_t routers; // Value of VIEW; empty: nil
    buf_t body;    // Of the push at hand
};

static uint64_t
s_say_view (const void *arg, uint64_t told, buf_t *out)
{
    const watchers_t *self = arg;
    (void) told;
    wire_add_array (out, 5);
    wire_add_uint (out, 0);
    wire_add_text (out, "VIEW");
    if (self->routers.size && !self->routers.failed)
        buf_add (out, self->routers.data, self->routers.size);
    else
        buf_add (out, "\xc0", 1);
    wire_add_uint (out, self->version);
    buf_add (out, "\xc0", 1);
    return self->version;
}

watchers_t *
watchers_new (uint32_t most)
{
    watchers_t *self = mem_alloc_zero (1, sizeof (watchers_t));
    if (self) {
        self->most = most;
        watchers_set_words (self, s_say_view, self, WATCHERS_INTERVAL);
    }
    return self;
}

void
watchers_set_words (watchers_t *self, watchers_words_fn *words, const void *arg, uint64_t interval)
{
    self->words = words;
    self->words_arg = arg;
    self->interval = interval;
}

void
watchers_destroy (watchers_t **self_p)
{
    watchers_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t at = 0; at < self->count; at++)
        mem_free (self->places[at].watcher);
    mem_free (self->places);
    buf_clear (&self->routers);
    buf_clear (&self->body);
    mem_free (self);
    *self_p = NULL;
}

static uint32_t
s_hash (bytes_t route)
{
    uint32_t hash = 2166136261u;
    for (size_t at = 0; at < route.size; at++)
        hash = (hash ^ route.data[at]) * 16777619u;
    return hash;
}

static void
s_forget (watchers_t *self, uint32_t at)
{
    mem_free (self->places[at].watcher);
    self->count--;
    memmove (&self->places[at], &self->places[at + 1], (self->count - at) * sizeof (s_place_t));
}

//  What it has been told; UINT64_MAX: it was not there.
static uint64_t
s_forget_route (watchers_t *self, bytes_t route, uint32_t hash)
{
    for (uint32_t at = 0; at < self->count; at++) {
        const s_watcher_t *watcher = self->places[at].watcher;
        if (self->places[at].hash == hash
            && bytes_equal (bytes_of (watcher->data, watcher->route_size), route)) {
            uint64_t told = watcher->told;
            s_forget (self, at);
            return told;
        }
    }
    return UINT64_MAX;
}

static s_watcher_t *
s_make (bytes_t route, const bytes_t *envelope, size_t envelope_count)
{
    size_t size = route.size, extra = 0;
    for (size_t at = 0; at < envelope_count; at++)
        extra += envelope[at].size;
    if (envelope_count > WIRE_ENVELOPE_MAX || extra > WATCHERS_ENVELOPE_MAX)
        return NULL;
    s_watcher_t *watcher = mem_alloc_zero (1, sizeof (s_watcher_t) + size + extra);
    if (!watcher)
        return NULL;
    watcher->route_size = size;
    watcher->envelope_count = envelope_count;
    if (size)
        memcpy (watcher->data, route.data, size);
    for (size_t at = 0; at < envelope_count; at++) {
        watcher->sizes[at] = envelope[at].size;
        if (envelope[at].size)
            memcpy (watcher->data + size, envelope[at].data, envelope[at].size);
        size += envelope[at].size;
    }
    return watcher;
}

//  Room for one more; the oldest goes if there must not be more.
static bool
s_make_room (watchers_t *self)
{
    if (self->count && self->count >= self->most)
        s_forget (self, 0);
    if (self->count < self->room)
        return true;
    uint32_t room = self->room ? 2 * self->room : S_ROOM_FIRST;
    s_place_t *places = mem_resize (self->places, room * sizeof (s_place_t));
    if (!places)
        return false;
    self->places = places;
    self->room = room;
    return true;
}

bool
watchers_add (watchers_t *self, bytes_t route, const bytes_t *envelope, size_t envelope_count, uint64_t known)
{
    s_watcher_t *watcher = s_make (route, envelope, envelope_count);
    if (!watcher)
        return false;
    uint32_t hash = s_hash (route);
    uint64_t told = s_forget_route (self, route, hash);
    if (!s_make_room (self)) {
        mem_free (watcher);
        return false;
    }
    watcher->told = known < told ? known : told;
    self->places[self->count++] = (s_place_t) { hash, watcher };
    self->behind = self->behind || watcher->told < self->version;
    return true;
}

void
watchers_publish (watchers_t *self, uint64_t version)
{
    if (version <= self->version)
        return;
    self->version = version;
    self->behind = true;
}

//  Whether clients can connect to a member that will be there for a while.
static bool
s_lasts (const member_t *member)
{
    return member->status == MEMBER_UP && member->router_port;
}

static void
s_list_routers (const view_t *view, buf_t *out)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < view->members_count; at++)
        count += count < WATCHERS_ROUTERS && s_lasts (&view->members[at]);
    wire_add_array (out, count);
    for (uint32_t at = 0; at < view->members_count && count; at++) {
        const member_t *member = &view->members[at];
        char text[VIEW_HOST_MAX + 20];
        if (!s_lasts (member))
            continue;
        snprintf (text, sizeof text, "tcp://%s:%u", member->host, member->router_port);
        wire_add_text (out, text);
        count--;
    }
}

void
watchers_publish_view (watchers_t *self, const view_t *view)
{
    if (view->version <= self->version)
        return;
    buf_reset (&self->routers);
    s_list_routers (view, &self->routers);
    watchers_publish (self, view->version);
}

static flow_sent_t
s_push (const s_watcher_t *watcher, bytes_t body, flow_send_fn *send, void *arg)
{
    bytes_t frames[WIRE_ENVELOPE_MAX + 1];
    const uint8_t *at = watcher->data + watcher->route_size;
    for (size_t frame = 0; frame < watcher->envelope_count; frame++) {
        frames[frame] = bytes_of (at, watcher->sizes[frame]);
        at += watcher->sizes[frame];
    }
    frames[watcher->envelope_count] = body;
    return send (arg, bytes_of (watcher->data, watcher->route_size), frames, watcher->envelope_count + 1);
}

//  Tells one client what it has not been told yet.
static flow_sent_t
s_tell (watchers_t *self, s_watcher_t *watcher, flow_send_fn *send, void *arg)
{
    flow_sent_t sent = FLOW_SENT;
    while (watcher->told < self->version && sent == FLOW_SENT) {
        buf_reset (&self->body);
        wire_begin (&self->body);
        uint64_t told = self->words (self->words_arg, watcher->told, &self->body);
        assert (told > watcher->told);
        sent = self->body.failed ? FLOW_FULL : s_push (watcher, buf_bytes (&self->body), send, arg);
        if (sent == FLOW_SENT)
            watcher->told = told;
    }
    return sent;
}

//  Tells all that have not been told. True if nobody is left.
static bool
s_tell_all (watchers_t *self, flow_send_fn *send, void *arg)
{
    uint32_t kept = 0;
    bool all = true;
    for (uint32_t at = 0; at < self->count; at++) {
        s_place_t place = self->places[at];
        flow_sent_t sent = s_tell (self, place.watcher, send, arg);
        all = all && sent != FLOW_FULL;
        if (sent == FLOW_GONE)
            mem_free (place.watcher);
        else
            self->places[kept++] = place;
    }
    self->count = kept;
    return all;
}

uint64_t
watchers_turn (watchers_t *self, flow_send_fn *send, void *arg, uint64_t now)
{
    if (!self->behind)
        return UINT64_MAX;
    if (self->count == 0) {
        self->behind = false;
        return UINT64_MAX;
    }
    if (now < self->next_at)
        return self->next_at - now;
    self->next_at = now + self->interval;
    self->behind = !s_tell_all (self, send, arg);
    return self->behind ? self->interval : UINT64_MAX;
}

uint32_t
watchers_count (const watchers_t *self)
{
    return self->count;
}

//  links: see links.h.
//
//  ZMQ_IMMEDIATE: a message goes to a connection or nowhere; nothing piles up for a node that is gone,
//  to be read by whoever has its address next. Only the first messages of a new link are kept until it
//  is connected. A PUSH has none of that: what it carries says whom it is for, and there is little of it.
//  SPDX-License-Identifier: MPL-2.0
#include "links.h"

#include <errno.h>

#include "cargo.h"
#include "frames.h"
#include "handover.h"
#include "mem.h"
#include "touch.h"

#define S_BUCKETS 256
#define S_OPENING_MS 1000          // So long messages wait for a new link
#define S_OPENING_BYTES (1u << 20) // And so many bytes of them
#define S_RECONNECT_MS 50
#define S_RECONNECT_MAX_MS 500
#define S_CONNECT_MS 2000 // An attempt that nobody answers is given up after this
#define S_HANDSHAKE_MS 3000

typedef struct link {
    struct link *next; // In the bucket
    node_id_t node;
    char *endpoint;
    zsock_t *socket;
    void *handle;
    uint64_t opened, used;
    bool connected; // It has taken a message
    buf_t waiting;  // Before that: size (4 bytes) and bytes of each body
    cargo_t *cargo; // PUSH: what is in its queue
} link_t;

struct links {
    links_config_t config;
    links_stats_t stats;
    uint32_t count;
    uint32_t opening; // Links with something in `waiting`
    uint64_t look_at; // When idle ones are looked for
    link_t *buckets[S_BUCKETS];
};

links_t *
links_new (const links_config_t *config)
{
    links_t *self = mem_alloc_zero (1, sizeof (links_t));
    if (self)
        self->config = *config;
    return self;
}

static link_t **
s_bucket (links_t *self, node_id_t node, const char *endpoint)
{
    uint64_t hash = node ^ UINT64_C (0xcbf29ce484222325);
    for (const char *at = endpoint; *at; at++)
        hash = (hash ^ (uint8_t) *at) * UINT64_C (0x100000001b3);
    return &self->buckets[(hash ^ hash >> 32) % S_BUCKETS];
}

//  Takes a link out of its bucket and closes it.
static void
s_close (links_t *self, link_t **place)
{
    link_t *link = *place;
    *place = link->next;
    if (link->waiting.size)
        self->opening--;
    zsock_destroy (&link->socket);
    cargo_release (&link->cargo);
    buf_clear (&link->waiting);
    mem_free (link->endpoint);
    mem_free (link);
    self->count--;
}

void
links_destroy (links_t **self_p)
{
    links_t *self = *self_p;
    if (!self)
        return;
    for (size_t at = 0; at < S_BUCKETS; at++)
        while (self->buckets[at])
            s_close (self, &self->buckets[at]);
    mem_free (self);
    *self_p = NULL;
}

//  Makes room for one more.
static void
s_close_oldest (links_t *self)
{
    link_t **oldest = NULL;
    for (size_t at = 0; at < S_BUCKETS; at++)
        for (link_t **place = &self->buckets[at]; *place; place = &(*place)->next)
            if (!oldest || (*place)->used < (*oldest)->used)
                oldest = place;
    if (oldest)
        s_close (self, oldest);
}

static void
s_set (void *handle, int option, int value)
{
    zmq_setsockopt (handle, option, &value, sizeof value);
}

static bool
s_connect (const links_t *self, link_t *link)
{
    bool pushes = self->config.type == ZMQ_PUSH;
    link->socket = zsock_new (self->config.type);
    link->cargo = pushes ? cargo_new () : NULL;
    if (!link->socket || (pushes && !link->cargo))
        return false;
    link->handle = zsock_resolve (link->socket);
    s_set (link->handle, ZMQ_LINGER, 0);
    s_set (link->handle, ZMQ_IMMEDIATE, !pushes);
    s_set (link->handle, ZMQ_SNDHWM, self->config.sndhwm);
    s_set (link->handle, ZMQ_RECONNECT_IVL, S_RECONNECT_MS);
    s_set (link->handle, ZMQ_RECONNECT_IVL_MAX, S_RECONNECT_MAX_MS);
    s_set (link->handle, ZMQ_CONNECT_TIMEOUT, S_CONNECT_MS);
    s_set (link->handle, ZMQ_HANDSHAKE_IVL, S_HANDSHAKE_MS);
    //  Nothing ever comes back; whatever does is not worth memory
    int64_t incoming_max = 64;
    zmq_setsockopt (link->handle, ZMQ_MAXMSGSIZE, &incoming_max, sizeof incoming_max);
    s_set (link->handle, ZMQ_RCVHWM, 1);
    if (strchr (link->endpoint, '['))
        s_set (link->handle, ZMQ_IPV6, 1);
    if (self->config.stuck)
        s_set (link->handle, ZMQ_TCP_MAXRT, (int) self->config.stuck);
    if (self->config.io_affinity)
        zsock_set_affinity (link->socket, self->config.io_affinity);
    touch ();
    return zmq_connect (link->handle, link->endpoint) == 0;
}

static link_t *
s_open (links_t *self, node_id_t node, const char *endpoint, uint64_t now)
{
    if (self->count >= self->config.links_max)
        s_close_oldest (self);
    link_t *link = mem_alloc_zero (1, sizeof (link_t));
    if (!link)
        return NULL;
    size_t size = strlen (endpoint) + 1;
    link->node = node;
    link->opened = now;
    link->endpoint = mem_alloc (size);
    if (link->endpoint)
        memcpy (link->endpoint, endpoint, size);
    link_t **bucket = s_bucket (self, node, endpoint);
    link->next = *bucket;
    *bucket = link;
    self->count++;
    if (!link->endpoint || !s_connect (self, link)) {
        s_close (self, bucket);
        return NULL;
    }
    self->stats.opened++;
    return link;
}

static link_t *
s_find (links_t *self, node_id_t node, const char *endpoint)
{
    link_t *link = *s_bucket (self, node, endpoint);
    while (link && (link->node != node || strcmp (link->endpoint, endpoint) != 0))
        link = link->next;
    return link;
}

static bool
s_send (links_t *self, link_t *link, bytes_t body)
{
    if (frames_send (link->handle, bytes_of (NULL, 0), bytes_of (NULL, 0), &body, 1, NULL) != 0)
        return false;
    link->connected = true;
    self->stats.sent++;
    self->stats.bytes += body.size;
    return true;
}

//  Keeps a body until the new link is connected.
static bool
s_keep (links_t *self, link_t *link, bytes_t body)
{
    uint32_t size = (uint32_t) body.size;
    size_t before = link->waiting.size;
    if (before && before + sizeof size + body.size > S_OPENING_BYTES)
        return false;
    buf_add (&link->waiting, &size, sizeof size);
    buf_add (&link->waiting, body.data, body.size);
    if (link->waiting.failed) {
        link->waiting.size = before;
        link->waiting.failed = false;
        return false;
    }
    self->opening += before == 0;
    return true;
}

bool
links_send (links_t *self, node_id_t node, const char *endpoint, bytes_t body, uint64_t now)
{
    link_t *link = s_find (self, node, endpoint);
    if (!link)
        link = s_open (self, node, endpoint, now);
    bool taken = false;
    if (link) {
        link->used = now;
        taken = link->waiting.size == 0 && s_send (self, link, body);
        if (!taken && !link->connected && now < link->opened + S_OPENING_MS)
            taken = s_keep (self, link, body);
    }
    if (!taken)
        self->stats.dropped++;
    return taken;
}

//  All of a message or nothing: only its first frame can be refused.
static bool
s_push (link_t *link, zmq_msg_t *frames, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        int sent, flags = ZMQ_DONTWAIT | (at + 1 < count ? ZMQ_SNDMORE : 0);
        handover_give (zmq_msg_data (&frames[at]));
        touch ();
        do
            sent = zmq_msg_send (&frames[at], link->handle, flags);
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
            return false;
    }
    return true;
}

bool
links_push (links_t *self, node_id_t node, const char *endpoint, zmq_msg_t *frames, size_t count,
            uint64_t now)
{
    link_t *link = s_find (self, node, endpoint);
    if (!link)
        link = s_open (self, node, endpoint, now);
    size_t size = zmq_msg_size (&frames[count - 1]);
    bool taken = false;
    if (link) {
        uint64_t queued = cargo_bytes (link->cargo);
        link->used = now;
        taken = (queued == 0 || self->config.queue_max == 0 || queued + size <= self->config.queue_max)
                && cargo_load (link->cargo, &frames[count - 1]) && s_push (link, frames, count);
    }
    if (taken) {
        self->stats.sent++;
        self->stats.bytes += size;
    } else {
        self->stats.dropped++;
        for (size_t at = 0; at < count; at++)
            zmq_msg_close (&frames[at]);
    }
    return taken;
}

uint64_t
links_queued (links_t *self, node_id_t node, const char *endpoint)
{
    link_t *link = s_find (self, node, endpoint);
    return link && link->cargo ? cargo_bytes (link->cargo) : 0;
}

void
links_keep (links_t *self, const view_t *view)
{
    for (size_t at = 0; at < S_BUCKETS; at++) {
        link_t **place = &self->buckets[at];
        while (*place)
            if (view_member (view, (*place)->node))
                place = &(*place)->next;
            else
                s_close (self, place);
    }
}

//  Sends what waited for the connection, in order, or gives it up.
static void
s_flush (links_t *self, link_t *link, uint64_t now)
{
    size_t at = 0;
    uint32_t size;
    bool sends = true;
    while (at < link->waiting.size) {
        memcpy (&size, link->waiting.data + at, sizeof size);
        sends = sends && s_send (self, link, bytes_of (link->waiting.data + at + sizeof size, size));
        if (!sends && now < link->opened + S_OPENING_MS)
            break;
        self->stats.dropped += !sends;
        at += sizeof size + size;
    }
    if (at < link->waiting.size) {
        memmove (link->waiting.data, link->waiting.data + at, link->waiting.size - at);
        link->waiting.size -= at;
    } else {
        buf_clear (&link->waiting);
        self->opening--;
    }
}

uint64_t
links_turn (links_t *self, uint64_t now)
{
    bool look = now >= self->look_at;
    if (!look && self->opening == 0)
        return self->count ? self->look_at - now : UINT64_MAX;
    for (size_t at = 0; at < S_BUCKETS; at++) {
        link_t **place = &self->buckets[at];
        while (*place) {
            if ((*place)->waiting.size)
                s_flush (self, *place, now);
            if (look && now > (*place)->used + self->config.idle)
                s_close (self, place);
            else
                place = &(*place)->next;
        }
    }
    if (look)
        self->look_at = now + (self->config.idle < 4000 ? self->config.idle / 4 + 1 : 1000);
    return self->opening ? 1 : self->count ? self->look_at - now : UINT64_MAX;
}

const links_stats_t *
links_stats (const links_t *self)
{
    return &self->stats;
}

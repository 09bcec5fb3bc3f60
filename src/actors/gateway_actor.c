//  gateway_actor: see gateway_actor.h.
//
//  One turn: what has come from the grid, what clients sent, one body with all that they asked for, one write
//  for each connection that has something to be told.
//  SPDX-License-Identifier: MPL-2.0
#include "gateway_actor.h"

#include <sys/random.h>

#include "frames.h"
#include "gateway_ear.h"
#include "inner.h"
#include "mem.h"
#include "taps.h"

#define S_AGAIN_MS 50 // Without memory for a view: until the next attempt
#define S_ROUNDS 8    // Of replies that let clients go on, in one turn

typedef enum { S_BEACON, S_ROUTER, S_EAR } s_socket_t;

typedef struct {
    gateway_t *gateway;
    taps_t *taps;
    gateway_status_t *status;
    gateway_port_t port; // The node's
    zsock_t *router, *beacon;
    void *router_handle, *beacon_handle;
    gateway_ear_t *ear; // NULL: there is no pubsub actor
    frames_t frames;
    bool open;
    bool stopping;
    bool view_lost;
    uint64_t view_again;
} s_gateway_t;

//  ------------------------------------------------------------------------------------------------
//  What the gateway wants done

static void
s_read (void *arg, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy, gateway_found_t *found)
{
    const s_gateway_t *self = arg;
    self->port.read (self->port.arg, map, keys, count, copy, found);
}

static void
s_follow (void *arg, bytes_t asked, bool on)
{
    s_gateway_t *self = arg;
    gateway_ear_follow (self->ear, asked, on);
}

static void
s_random (void *arg, uint8_t *bytes, size_t size)
{
    (void) arg;
    for (size_t at = 0; at < size;) {
        ssize_t got = getrandom (bytes + at, size - at, 0);
        at += got > 0 ? (size_t) got : 0;
    }
}

static const char *
s_setting (void *arg, const char *name)
{
    const s_gateway_t *self = arg;
    return self->port.setting (self->port.arg, name);
}

//  Nothing is lost on the way: queues have no mark, the gateway's window bounds what is in them.
static void
s_send_bodies (s_gateway_t *self)
{
    gateway_body_t body;
    while (gateway_body (self->gateway, &body)) {
        bytes_t none = bytes_of (NULL, 0);
        if (body.owner)
            frames_lend (self->router_handle, body.body, body.value, body.owner);
        else
            frames_send (self->router_handle, none, none, &body.body, 1, NULL);
    }
}

//  ------------------------------------------------------------------------------------------------
//  What comes

static void
s_take_view (s_gateway_t *self, bytes_t encoded)
{
    const char *why;
    view_t *view = view_decode (encoded, &why);
    if (!view) {
        self->view_lost = true;
        return;
    }
    gateway_set_view (self->gateway, &view);
    if (!self->open)
        taps_open (self->taps, self->gateway);
    self->open = true;
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    s_gateway_t *self = arg;
    gateway_clock (self->gateway, *moment);
    if (which == S_EAR) {
        bytes_t topic, body;
        if (!gateway_ear_receive (self->ear, &topic, &body))
            return false;
        gateway_message (self->gateway, topic, body);
        return true;
    }
    frames_close (&self->frames);
    if (which == S_BEACON) {
        inner_t message;
        if (!inner_receive (self->beacon_handle, &self->frames, false, &message))
            return false;
        if (message.kind == INNER_VIEW)
            s_take_view (self, message.view);
        return true;
    }
    if (!frames_receive (&self->frames, self->router_handle))
        return false;
    if (self->frames.count)
        gateway_receive (self->gateway, self->frames.frames[0]);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  The actor

static void
s_destroy (void **self_p)
{
    s_gateway_t *self = *self_p;
    if (!self)
        return;
    frames_close (&self->frames);
    taps_destroy (&self->taps);
    gateway_destroy (&self->gateway);
    gateway_ear_destroy (&self->ear);
    zsock_destroy (&self->router);
    zsock_destroy (&self->beacon);
    mem_free (self);
    *self_p = NULL;
}

static zsock_t *
s_connect (const char *endpoint)
{
    zsock_t *socket = zsock_new (ZMQ_DEALER);
    if (!socket)
        return NULL;
    zsock_set_linger (socket, 0);
    zsock_set_sndhwm (socket, 0);
    zsock_set_rcvhwm (socket, 0);
    if (zmq_connect (zsock_resolve (socket), endpoint) != 0)
        zsock_destroy (&socket);
    return socket;
}

static bool
s_make (s_gateway_t *self, const gateway_actor_args_t *given, buf_t *why)
{
    inner_t here = { .kind = INNER_HERE, .index = INNER_GATEWAY };
    self->taps = taps_new (given->endpoint, given->backlog, given->config.talks_max, why);
    self->router = self->taps ? s_connect (given->router_inproc) : NULL;
    self->beacon = self->router ? s_connect (given->beacon_inproc) : NULL;
    if (!self->beacon)
        return false;
    self->router_handle = zsock_resolve (self->router);
    self->beacon_handle = zsock_resolve (self->beacon);
    if (given->hear_inproc && !(self->ear = gateway_ear_new (given->hear_inproc)))
        return false;
    gateway_config_t config = given->config;
    config.port = taps_port (self->taps);
    config.talks_max = taps_most (self->taps);
    s_random (NULL, config.seed, sizeof config.seed);
    gateway_port_t port = { .arg = self,
                            .read = given->port.read ? s_read : NULL,
                            .follow = self->ear ? s_follow : NULL,
                            .random = s_random,
                            .setting = s_setting };
    self->gateway = gateway_new (&config, &port);
    return self->gateway && inner_send (self->beacon_handle, NULL, &here);
}

static void *
s_create (const void *args, buf_t *why)
{
    const gateway_actor_args_t *given = args;
    s_gateway_t *self = mem_alloc_zero (1, sizeof (s_gateway_t));
    if (self) {
        self->status = given->status;
        self->port = given->port;
        if (!s_make (self, given, why))
            s_destroy ((void **) &self);
    }
    if (!self && why->size == 0)
        buf_add (why, "out of memory or sockets", 24);
    return self;
}

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    s_gateway_t *self = arg;
    sockets[S_BEACON] = self->beacon;
    sockets[S_ROUTER] = self->router;
    if (self->ear)
        sockets[S_EAR] = gateway_ear_socket (self->ear);
    return S_EAR + (self->ear != NULL);
}

static int
s_descriptor (void *arg)
{
    const s_gateway_t *self = arg;
    return taps_descriptor (self->taps);
}

static void
s_tell_status (s_gateway_t *self)
{
    const gateway_stats_t *stats = gateway_stats (self->gateway);
#define STAT(name, kind, unit, purpose)                                                                      \
    atomic_store_explicit (&self->status->name, stats->name, memory_order_relaxed);
#include "gateway/gateway_stat.def"
#undef STAT
}

static uint64_t
s_sooner (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t
s_ask_view (s_gateway_t *self, uint64_t now)
{
    if (!self->view_lost)
        return UINT64_MAX;
    if (now >= self->view_again) {
        inner_t here = { .kind = INNER_HERE, .index = INNER_GATEWAY };
        self->view_lost = !inner_send (self->beacon_handle, NULL, &here);
        self->view_again = now + S_AGAIN_MS;
    }
    return S_AGAIN_MS;
}

static uint64_t
s_turn (void *arg, const moment_t *moment)
{
    s_gateway_t *self = arg;
    gateway_clock (self->gateway, *moment);
    bool more = taps_read (self->taps, moment->now), told = true;
    uint64_t next = UINT64_MAX;
    for (int round = 0; round < S_ROUNDS && told; round++) {
        gateway_settle (self->gateway);
        next = gateway_turn (self->gateway);
        s_send_bodies (self);
        told = taps_write (self->taps);
    }
    next = s_sooner (next, taps_resume (self->taps, moment->now));
    next = s_sooner (next, s_ask_view (self, moment->now));
    s_tell_status (self);
    return more || told ? 0 : next;
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    const s_gateway_t *self = arg;
    (void) arguments;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, taps_endpoint (self->taps));
}

//  Commands that have been read are answered.
static bool
s_drained (void *arg, const moment_t *moment)
{
    s_gateway_t *self = arg;
    (void) moment;
    if (!self->stopping)
        taps_close (self->taps);
    self->stopping = true;
    return taps_idle (self->taps) && gateway_is_idle (self->gateway);
}

const actor_spec_t gateway_actor_spec = {
    .name = "gateway",
    .create = s_create,
    .destroy = s_destroy,
    .sockets = s_sockets,
    .descriptor = s_descriptor,
    .receive = s_receive,
    .turn = s_turn,
    .command = s_command,
    .drained = s_drained,
};

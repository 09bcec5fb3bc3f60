//  lines: see lines.h. Each connection of the ROUTER has a routing id of our choice
//  (ZMQ_CONNECT_ROUTING_ID), so that what is sent to it may be queued before it stands. An answer comes
//  with the envelope that its request had: a mark, and an empty frame.
//  SPDX-License-Identifier: MPL-2.0
#include "lines.h"

#include "frames.h"
#include "mem.h"
#include "touch.h"

#define S_HANDSHAKE_MS 3000
#define S_RECONNECT_MS 20
#define S_RECONNECT_MOST_MS 500
#define S_ENDPOINT_MAX 300
#define S_MARK 'm' // First byte of a mark, which must not look like a body
#define S_MARK_SIZE 9
#define S_ROUTE_SIZE 5

typedef struct line {
    struct line *next;
    node_id_t node;
    uint32_t actor;
    bool inside; // Of this process: never idle
    uint64_t used;
    uint8_t route[S_ROUTE_SIZE];
    char endpoint[S_ENDPOINT_MAX];
} line_t;

#define S_HEADS 256 // A power of two

struct lines {
    lines_config_t config;
    zsock_t *socket;
    void *handle;
    frames_t frames;
    line_t *heads[S_HEADS];
    uint32_t count;
    uint32_t last_route;
    uint64_t look_at; // For idle ones, not before
};

lines_t *
lines_new (const lines_config_t *config)
{
    lines_t *self = mem_alloc_zero (1, sizeof (lines_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->socket = zsock_new (ZMQ_ROUTER);
    if (!self->socket) {
        mem_free (self);
        return NULL;
    }
    self->handle = zsock_resolve (self->socket);
    zsock_set_router_mandatory (self->socket, 1);
    zsock_set_linger (self->socket, 0);
    zsock_set_sndhwm (self->socket, config->hwm);
    zsock_set_rcvhwm (self->socket, config->hwm);
    zsock_set_maxmsgsize (self->socket, (int) config->frame_max);
    zsock_set_handshake_ivl (self->socket, S_HANDSHAKE_MS);
    zsock_set_reconnect_ivl (self->socket, S_RECONNECT_MS);
    zsock_set_reconnect_ivl_max (self->socket, S_RECONNECT_MOST_MS);
    if (config->io_affinity)
        zsock_set_affinity (self->socket, config->io_affinity);
    return self;
}

static line_t **
s_place (const lines_t *self, node_id_t node, uint32_t actor)
{
    line_t *const *at = &self->heads[(node ^ node >> 32 ^ actor * 31u) % S_HEADS];
    while (*at && ((*at)->node != node || (*at)->actor != actor))
        at = &(*at)->next;
    return (line_t **) (uintptr_t) at;
}

static void
s_close (lines_t *self, line_t **place)
{
    line_t *line = *place;
    touch ();
    zmq_disconnect (self->handle, line->endpoint);
    *place = line->next;
    self->count--;
    mem_free (line);
}

void
lines_destroy (lines_t **self_p)
{
    lines_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t at = 0; at < S_HEADS; at++)
        while (self->heads[at])
            s_close (self, &self->heads[at]);
    frames_close (&self->frames);
    zsock_destroy (&self->socket);
    mem_free (self);
    *self_p = NULL;
}

zsock_t *
lines_socket (lines_t *self)
{
    return self->socket;
}

bool
lines_knows (const lines_t *self, node_id_t node, uint32_t actor)
{
    return *s_place (self, node, actor) != NULL;
}

//  Where the line hangs that was idle longest; NULL: none may be closed.
static line_t **
s_oldest (lines_t *self)
{
    line_t **oldest = NULL;
    for (uint32_t at = 0; at < S_HEADS; at++)
        for (line_t **place = &self->heads[at]; *place; place = &(*place)->next)
            if (!(*place)->inside && (!oldest || (*place)->used < (*oldest)->used))
                oldest = place;
    return oldest;
}

bool
lines_open (lines_t *self, node_id_t node, uint32_t actor, const char *endpoint, uint64_t now)
{
    line_t **oldest = self->count >= self->config.most ? s_oldest (self) : NULL;
    if (oldest)
        s_close (self, oldest);
    line_t **place = s_place (self, node, actor);
    line_t *line = *place || strlen (endpoint) >= S_ENDPOINT_MAX ? NULL : mem_alloc_zero (1, sizeof *line);
    if (!line)
        return *place != NULL;
    line->node = node;
    line->actor = actor;
    line->used = now;
    line->inside = strncmp (endpoint, "inproc:", 7) == 0;
    uint32_t number = ++self->last_route;
    line->route[0] = 'l';
    memcpy (line->route + 1, &number, sizeof number);
    memcpy (line->endpoint, endpoint, strlen (endpoint) + 1);
    touch ();
    if (zmq_setsockopt (self->handle, ZMQ_CONNECT_ROUTING_ID, line->route, S_ROUTE_SIZE) != 0
        || zmq_connect (self->handle, endpoint) != 0) {
        mem_free (line);
        return false;
    }
    *place = line;
    self->count++;
    return true;
}

bool
lines_send (lines_t *self, node_id_t node, uint32_t actor, uint64_t mark, bytes_t body, uint64_t now)
{
    line_t **place = s_place (self, node, actor), *line = *place;
    uint8_t envelope[S_MARK_SIZE] = { S_MARK };
    if (!line)
        return false;
    memcpy (envelope + 1, &mark, sizeof mark);
    bytes_t frames[] = { bytes_of (envelope, sizeof envelope), bytes_of (NULL, 0), body };
    int code = frames_send (self->handle, bytes_of (line->route, S_ROUTE_SIZE), bytes_of (NULL, 0), frames, 3,
                            NULL);
    if (code == 0)
        line->used = now;
    else if (code == EHOSTUNREACH) // Another line to the same endpoint was closed, and took this one along
        s_close (self, place);
    return code == 0;
}

bool
lines_receive (lines_t *self, uint64_t *mark, bytes_t *body)
{
    *body = bytes_of (NULL, 0);
    frames_close (&self->frames);
    if (!frames_receive (&self->frames, self->handle))
        return false;
    const bytes_t *frames = self->frames.frames;
    if (self->frames.count == 4 && frames[1].size == S_MARK_SIZE && frames[1].data[0] == S_MARK
        && frames[2].size == 0) {
        memcpy (mark, frames[1].data + 1, sizeof *mark);
        *body = frames[3];
    }
    return true;
}

const char *
lines_address (const lines_t *self)
{
    return frames_address (&self->frames);
}

//  Closes each line that may go.
typedef bool (s_may_go_fn) (const lines_t *self, const line_t *line, const void *arg);
static void
s_close_some (lines_t *self, s_may_go_fn *may_go, const void *arg)
{
    for (uint32_t at = 0; at < S_HEADS; at++) {
        line_t **place = &self->heads[at];
        while (*place)
            if (!(*place)->inside && may_go (self, *place, arg))
                s_close (self, place);
            else
                place = &(*place)->next;
    }
}

static bool
s_is_lost (const lines_t *self, const line_t *line, const void *arg)
{
    const member_t *member = view_member (arg, line->node);
    (void) self;
    return !member || member->status == MEMBER_SUSPECT;
}

void
lines_set_view (lines_t *self, const view_t *view)
{
    s_close_some (self, s_is_lost, view);
}

static bool
s_is_idle (const lines_t *self, const line_t *line, const void *arg)
{
    const uint64_t *now = arg;
    return *now - line->used >= self->config.idle;
}

void
lines_turn (lines_t *self, uint64_t now)
{
    if (now < self->look_at)
        return;
    self->look_at = now + 1000;
    s_close_some (self, s_is_idle, &now);
}

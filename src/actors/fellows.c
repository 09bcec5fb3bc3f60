//  fellows: see fellows.h.
//  SPDX-License-Identifier: MPL-2.0
#include "fellows.h"

#include <stdio.h>

#include "bind.h"
#include "mem.h"

#define S_HANDSHAKE_MS 3000
#define S_DATA_HWM 1000   // Messages of one other storage actor that wait here
#define S_LINK_HWM 1000   // Messages to one that wait there
#define S_LINK_IDLE 60000 // Milliseconds
#define S_MOVES_MAX 64    // That are told of
#define S_TELL_MS 500
#define S_STUCK_MS 10000 // A connection on which nothing is acknowledged for so long is given up

struct fellows {
    uint32_t index;
    stats_t *counters;
    zsock_t *beacon, *data;
    void *beacon_handle, *data_handle;
    char *endpoint;
    links_t *links;
    frames_t frames;
    view_t *view;
    uint64_t tell_at; // How far moves are
    bool telling;     // There were some
    note_t note;
    refusals_t refusals;
};

static bool
s_bind (fellows_t *self, const fellows_config_t *config, buf_t *why)
{
    self->data = zsock_new (ZMQ_ROUTER);
    if (!self->data)
        return false;
    self->data_handle = zsock_resolve (self->data);
    zsock_set_linger (self->data, 0);
    zsock_set_rcvhwm (self->data, S_DATA_HWM);
    zsock_set_maxmsgsize (self->data, (int) config->frame_max);
    zsock_set_handshake_ivl (self->data, S_HANDSHAKE_MS);
    if (config->io_affinity)
        zsock_set_affinity (self->data, config->io_affinity);
    if (!config->data_endpoint)
        return true;
    if (strchr (config->data_endpoint, '['))
        zsock_set_ipv6 (self->data, 1);
    if (bind_endpoint (self->data_handle, config->data_endpoint) == 0)
        self->endpoint = zsock_last_endpoint (self->data);
    if (!self->endpoint)
        cannot_bind (config->data_endpoint, why);
    return self->endpoint != NULL;
}

bool
fellows_here (fellows_t *self)
{
    inner_t here = { .kind = INNER_HERE, .index = self->index };
    return inner_send (self->beacon_handle, NULL, &here);
}

//  The beacon comes after the storage actors, because it tells others their ports: what is said before
//  waits for it.
static bool
s_connect (fellows_t *self, const char *inproc)
{
    self->beacon = zsock_new (ZMQ_DEALER);
    if (!self->beacon)
        return false;
    zsock_set_linger (self->beacon, 0);
    self->beacon_handle = zsock_resolve (self->beacon);
    return zmq_connect (self->beacon_handle, inproc) == 0 && fellows_here (self);
}

fellows_t *
fellows_new (const fellows_config_t *config, stats_t *counters, buf_t *why)
{
    fellows_t *self = mem_alloc_zero (1, sizeof (fellows_t));
    links_config_t links = LINKS_CONFIG_INIT;
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    links.sndhwm = S_LINK_HWM;
    links.idle = S_LINK_IDLE;
    links.stuck = S_STUCK_MS;
    links.io_affinity = config->io_affinity;
    self->index = config->index;
    self->counters = counters;
    self->note = config->note;
    self->links = links_new (&links);
    if (!self->links || !s_bind (self, config, why) || !s_connect (self, config->beacon_inproc)) {
        if (why->size == 0)
            buf_add (why, "out of memory or sockets", 24);
        fellows_destroy (&self);
    }
    return self;
}

void
fellows_destroy (fellows_t **self_p)
{
    fellows_t *self = *self_p;
    if (!self)
        return;
    frames_close (&self->frames);
    zsock_destroy (&self->beacon);
    zsock_destroy (&self->data);
    links_destroy (&self->links);
    view_destroy (&self->view);
    free (self->endpoint);
    mem_free (self);
    *self_p = NULL;
}

zsock_t *
fellows_beacon_socket (fellows_t *self)
{
    return self->beacon;
}

zsock_t *
fellows_data_socket (fellows_t *self)
{
    return self->data;
}

const char *
fellows_endpoint (const fellows_t *self)
{
    return self->endpoint ? self->endpoint : "";
}

bool
fellows_hear (fellows_t *self, inner_t *message)
{
    frames_close (&self->frames);
    return inner_receive (self->beacon_handle, &self->frames, false, message);
}

bool
fellows_receive (fellows_t *self, bytes_t *body)
{
    frames_close (&self->frames);
    *body = bytes_of (NULL, 0);
    if (!frames_receive (&self->frames, self->data_handle))
        return false;
    bytes_t last = self->frames.frames[self->frames.count - 1];
    if (self->frames.count == 2 && last.size > PEER_SIGNATURE_SIZE
        && memcmp (last.data, PEER_SIGNATURE, PEER_SIGNATURE_SIZE) == 0)
        *body = last;
    else {
        self->counters->foreign++;
        refusals_add (&self->refusals, 1, REFUSED_FOREIGN, frames_address (&self->frames), 0);
    }
    return true;
}

void
fellows_refuse (fellows_t *self, const char *why)
{
    peer_head_t head = { .from = 0 };
    mp_t reader;
    bytes_t body = self->frames.frames[self->frames.count - 1];
    bool named = peer_open (body, &head, &reader);
    refusals_add (&self->refusals, 1, why, frames_address (&self->frames), named ? head.from : 0);
}

void
fellows_set_view (fellows_t *self, view_t **view_p)
{
    view_destroy (&self->view);
    self->view = *view_p;
    *view_p = NULL;
}

const view_t *
fellows_view (const fellows_t *self)
{
    return self->view;
}

void
fellows_send (fellows_t *self, node_id_t to, uint32_t actor, bytes_t body, uint64_t now)
{
    const member_t *member = self->view ? view_member (self->view, to) : NULL;
    if (!member || actor >= member->actors || member->peer_ports[actor] == 0)
        return; // The view in which it is somewhere else has not come yet, or this one is old
    char endpoint[VIEW_HOST_MAX + 32];
    snprintf (endpoint, sizeof endpoint, "tcp://%s:%u", member->host, (unsigned) member->peer_ports[actor]);
    links_send (self->links, to, endpoint, body, now);
}

bool
fellows_ask (fellows_t *self, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node)
{
    inner_t ask = { .kind = INNER_ASK,
                    .index = self->index,
                    .what = what,
                    .partition = partition,
                    .epoch = epoch,
                    .node = node };
    return inner_send (self->beacon_handle, NULL, &ask);
}

void
fellows_moved (fellows_t *self, const move_info_t *move)
{
    inner_t message = { .kind = INNER_MOVED,
                        .index = self->index,
                        .partition = move->partition,
                        .epoch = move->epoch,
                        .node = move->target,
                        .state = move->state,
                        .entries = move->entries,
                        .bytes = move->bytes,
                        .total = move->total };
    inner_send (self->beacon_handle, NULL, &message);
}

uint64_t
fellows_tell_moves (fellows_t *self, storage_t *storage, uint64_t now)
{
    move_info_t moves[S_MOVES_MAX];
    if (now < self->tell_at)
        return self->telling ? self->tell_at - now : UINT64_MAX;
    size_t count = storage_moves (storage, moves, S_MOVES_MAX);
    for (size_t at = 0; at < count && at < S_MOVES_MAX; at++)
        fellows_moved (self, &moves[at]);
    self->telling = count > 0;
    self->tell_at = now + S_TELL_MS;
    return self->telling ? S_TELL_MS : UINT64_MAX;
}

uint64_t
fellows_turn (fellows_t *self, uint64_t now)
{
    char by[32];
    snprintf (by, sizeof by, "storage %u", self->index);
    uint64_t told = refusals_turn (&self->refusals, &self->note, by, now);
    uint64_t next = links_turn (self->links, now);
    return told < next ? told : next;
}

const links_stats_t *
fellows_links (const fellows_t *self)
{
    return links_stats (self->links);
}

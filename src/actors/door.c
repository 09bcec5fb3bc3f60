//  door: see door.h.
//  SPDX-License-Identifier: MPL-2.0
#include "door.h"

#include "bind.h"
#include "mem.h"
#include "report.h"
#include "status.h"

#define S_HANDSHAKE_MS 3000 // A connection that does not finish its greeting is closed after this

struct door {
    zsock_t *socket;
    void *handle; // The same, for libzmq
    flow_t *flow;
    large_t *large;
    guests_t *guests; // NULL: nobody is known one by one
    guest_t *guest;   // Who sent the message that came last; NULL: not known
    stats_t *counters;
    frames_t frames;
    size_t bound_count;
    char *bound[4];
    char *endpoint;
};

static bool
s_bind (door_t *self, const char *endpoint, buf_t *why)
{
    char *real = bind_endpoint (self->handle, endpoint) == 0 ? zsock_last_endpoint (self->socket) : NULL;
    if (!real) {
        cannot_bind (endpoint, why);
        return false;
    }
    self->bound[self->bound_count++] = real;
    if (strncmp (real, "inproc:", 7) != 0) {
        free (self->endpoint);
        self->endpoint = strdup (real);
    }
    return true;
}

door_t *
door_new (const door_config_t *config, const char *const *endpoints, size_t count, stats_t *counters,
          buf_t *why)
{
    door_t *self = mem_alloc_zero (1, sizeof (door_t));
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->counters = counters;
    self->flow = flow_new (&config->flow, counters);
    self->large = large_new (config->large_max);
    self->socket = zsock_new (ZMQ_ROUTER);
    self->guests = config->guests_max ? guests_new (config->guests_max) : NULL;
    if (!self->flow || !self->large || !self->socket || (config->guests_max && !self->guests)) {
        buf_add (why, "out of memory or sockets", 24);
        door_destroy (&self);
        return NULL;
    }
    self->handle = zsock_resolve (self->socket);
    zsock_set_router_mandatory (self->socket, 1);
    zsock_set_linger (self->socket, 0);
    zsock_set_sndhwm (self->socket, config->sndhwm);
    zsock_set_rcvhwm (self->socket, config->rcvhwm);
    zsock_set_maxmsgsize (self->socket, (int) config->frame_max);
    zsock_set_handshake_ivl (self->socket, S_HANDSHAKE_MS);
    if (config->io_affinity)
        zsock_set_affinity (self->socket, config->io_affinity);
    for (size_t at = 0; at < count; at++)
        if (endpoints[at] && !s_bind (self, endpoints[at], why)) {
            door_destroy (&self);
            return NULL;
        }
    return self;
}

void
door_destroy (door_t **self_p)
{
    door_t *self = *self_p;
    if (!self)
        return;
    //  An inproc name is free again only after an unbind
    for (size_t at = 0; at < self->bound_count; at++) {
        zmq_unbind (self->handle, self->bound[at]);
        free (self->bound[at]);
    }
    zsock_destroy (&self->socket);
    flow_destroy (&self->flow);
    large_destroy (&self->large);
    guests_destroy (&self->guests);
    free (self->endpoint);
    mem_free (self);
    *self_p = NULL;
}

zsock_t *
door_socket (door_t *self)
{
    return self->socket;
}

const char *
door_endpoint (const door_t *self)
{
    return self->endpoint ? self->endpoint : "";
}

//  "ZG" and a version that is not ours: say so in the version that we have.
static void
s_answer_version (door_t *self, const arrival_t *arrival, uint64_t now)
{
    buf_t out = BUF_INIT;
    wire_begin (&out);
    wire_reply_error (&out, 0, ZGRID_MALFORMED, "not protocol version 1");
    self->counters->malformed++;
    bytes_t body = buf_bytes (&out);
    if (!out.failed)
        door_reply (self, arrival->route, arrival->envelope, arrival->envelope_count, &body, 1, 1, now);
    buf_clear (&out);
}

//  Notes who sent this message.
static void
s_meet (door_t *self, bytes_t route, uint64_t bytes, uint64_t now)
{
    guest_t *guest = self->guest = self->guests ? guests_meet (self->guests, route, now) : NULL;
    if (!guest)
        return;
    if (guest->messages++ == 0) {
        const char *address = frames_address (&self->frames);
        snprintf (guest->address, sizeof guest->address, "%s", address && *address ? address : "local");
    }
    guest->bytes_in += bytes;
}

//  Splits the frames. False: junk, and counted.
static bool
s_take (door_t *self, arrival_t *arrival, uint64_t now)
{
    frames_t *frames = &self->frames;
    int body = frames->count > 1 ? wire_find_body (frames->frames + 1, frames->count - 1) : -1;
    if (frames->overflow && body >= 0)
        body = -1; // Too many attachments
    if (body < 0) {
        ++*(body == -2 ? &self->counters->envelopes : &self->counters->foreign);
        return false;
    }
    size_t at = (size_t) body + 1;
    *arrival = (arrival_t) { .route = frames->frames[0],
                             .envelope = frames->frames + 1,
                             .envelope_count = (size_t) body,
                             .body = frames->frames[at],
                             .attachments = frames->frames + at + 1,
                             .attachment_count = frames->count - at - 1,
                             .frames = frames };
    uint64_t bytes = 0;
    for (size_t frame = at; frame < frames->count; frame++)
        bytes += frames->frames[frame].size;
    self->counters->bytes_in += bytes;
    s_meet (self, arrival->route, bytes, now);
    flow_verdict_t verdict = flow_arrival (self->flow, arrival->route, now);
    if (verdict == FLOW_DISCARD)
        return false;
    arrival->busy = verdict == FLOW_BUSY;
    if (!wire_open (arrival->body, &arrival->records)) {
        s_answer_version (self, arrival, now);
        return false;
    }
    return true;
}

door_step_t
door_receive (door_t *self, arrival_t *arrival, uint64_t now)
{
    frames_close (&self->frames);
    if (!frames_receive (&self->frames, self->handle))
        return DOOR_EMPTY;
    self->counters->messages++;
    return s_take (self, arrival, now) ? DOOR_TAKEN : DOOR_JUNK;
}

static flow_sent_t
s_send (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    door_t *self = arg;
    int code = frames_send (self->handle, route, bytes_of (NULL, 0), frames, count, self->large);
    uint64_t bytes = 0;
    for (size_t at = 0; at < count && code == 0; at++)
        bytes += frames[at].size;
    self->counters->bytes_out += bytes;
    guest_t *guest = self->guests ? guests_find (self->guests, route) : NULL;
    if (guest)
        guest->bytes_out += bytes;
    return code == 0 ? FLOW_SENT : code == EAGAIN ? FLOW_FULL : FLOW_GONE;
}

flow_sent_t
door_push (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    door_t *self = arg;
    return flow_is_slow (self->flow, route) ? FLOW_FULL : s_send (self, route, frames, count);
}

void
door_reply (door_t *self, bytes_t route, const bytes_t *envelope, size_t envelope_count,
            const bytes_t *frames, size_t count, uint64_t records, uint64_t now)
{
    bytes_t all[FRAMES_MAX];
    size_t all_count = 0;
    for (size_t at = 0; at < envelope_count; at++)
        all[all_count++] = envelope[at];
    for (size_t at = 0; at < count; at++)
        all[all_count++] = frames[at];
    flow_sent_t sent = door_push (self, route, all, all_count);
    if (sent == FLOW_FULL)
        flow_keep (self->flow, route, all, all_count, records, now);
    else if (sent == FLOW_GONE)
        self->counters->dropped++;
}

void
door_records (door_t *self, uint64_t records)
{
    if (self->guest)
        self->guest->records += records;
}

void
door_flight (door_t *self, bytes_t route, int64_t change)
{
    guest_t *guest = self->guests ? guests_find (self->guests, route) : NULL;
    if (!guest)
        return;
    //  Who was forgotten meanwhile begins at 0
    if (change < 0 && guest->in_flight < (uint64_t) -change)
        guest->in_flight = 0;
    else
        guest->in_flight += (uint64_t) change;
}

bool
door_report (door_t *self, const char *name, sheet_t *sheet, uint64_t now)
{
    const guest_t *guest;
    char id[2 * sizeof guest->route + 1];
    self->guest = NULL; // It may be forgotten
    for (uint32_t number = 0; self->guests && (guest = guests_at (self->guests, number, now)); number++) {
        bool muted;
        bytes_t route = bytes_of (guest->route, guest->route_size);
        uint64_t waiting = flow_state (self->flow, route, now, &muted);
        cell_t cells[SHEET_COLUMNS_MAX] = {
            [CELL_clients_client] = { .bytes = bytes_str (report_hex (route, id, sizeof id)) },
            [CELL_clients_door] = { .bytes = bytes_str (name) },
            [CELL_clients_address] = { .bytes = bytes_str (guest->address) },
            [CELL_clients_messages] = { .number = guest->messages },
            [CELL_clients_records] = { .number = guest->records },
            [CELL_clients_bytes_in] = { .number = guest->bytes_in },
            [CELL_clients_bytes_out] = { .number = guest->bytes_out },
            [CELL_clients_in_flight] = { .number = guest->in_flight },
            [CELL_clients_waiting_bytes] = { .number = waiting },
            [CELL_clients_muted] = { .number = muted },
            [CELL_clients_age_ms] = { .number = now > guest->first ? now - guest->first : 0 },
            [CELL_clients_idle_ms] = { .number = now > guest->last ? now - guest->last : 0 }
        };
        if (!sheet_add (sheet, cells))
            return false;
    }
    return true;
}

uint64_t
door_turn (door_t *self, uint64_t now)
{
    uint64_t next = flow_next (self->flow);
    if (next == UINT64_MAX)
        return next;
    flow_retry (self->flow, s_send, self, now);
    return flow_next (self->flow);
}

bool
door_is_idle (const door_t *self)
{
    return flow_waiting (self->flow) == 0;
}

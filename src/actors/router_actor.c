//  router_actor: see router_actor.h.
//
//  Most messages need no memory of their own: what is forwarded carries the client's routing id and
//  envelope, and the storage actor sends them back with the answer. Only a message whose answers must
//  be joined opens a ticket (gather.h). While a storage actor has as many messages as it may have, no
//  further client message is read: the sockets' own queues push back.
//  SPDX-License-Identifier: MPL-2.0
#include "router_actor.h"

#include "gather.h"
#include "mem.h"
#include "split.h"
#include "status.h"
#include "storage_actor.h"

#define S_TICKETS_MAX 4096
#define S_TICKET_MS 5000

//  A storage actor, as the router sees it.
typedef struct {
    zsock_t *socket;
    void *handle;
    buf_t part;       // What the present message has for it
    uint32_t records; // In it
    bool attachments; // One of them names an attachment
    uint32_t sent;    // Messages without an answer
    uint64_t bytes;   // Of them
    uint64_t *sizes;  // Of each, oldest at first: answers come in order
    uint32_t first;
} s_peer_t;

typedef struct {
    door_t *clients;
    stats_t counters;
    gather_t *gather;
    s_peer_t *peers;
    uint32_t actors;
    uint32_t partitions;
    uint32_t peer_hwm;
    uint64_t peer_bytes;
    uint64_t batch_max;
    const node_info_t *info;
    frames_t answer; // Of a storage actor
    buf_t here;      // Replies that the router makes itself
    uint64_t here_records;
    bool sent; // Through another socket than the one that was just read (actor.h, turn)
    uint64_t now;
} self_t;

//  ------------------------------------------------------------------------------------------------
//  From clients

static void
s_refuse (self_t *self, buf_t *out, uint64_t id, unsigned status, const char *text)
{
    if (status == ZGRID_BUSY)
        self->counters.busy++;
    self->here_records++;
    wire_reply_error (out, id, status, text);
}

//  The ticket of this message, opened when the first record needs it. NULL: too many.
static ticket_t *
s_ticket (self_t *self, ticket_t **ticket, const arrival_t *arrival)
{
    if (*ticket)
        return *ticket;
    bytes_t frames[WIRE_ENVELOPE_MAX + 1];
    frames[0] = arrival->route;
    for (size_t at = 0; at < arrival->envelope_count; at++)
        frames[at + 1] = arrival->envelope[at];
    return *ticket = gather_open (self->gather, frames, arrival->envelope_count + 1, self->now + S_TICKET_MS);
}

static void
s_add_part (self_t *self, uint32_t actor, const request_t *request)
{
    s_peer_t *peer = &self->peers[actor];
    if (peer->records++ == 0)
        wire_begin (&peer->part);
    buf_add (&peer->part, request->raw.data, request->raw.size);
    if (request->value.kind == VALUE_ATTACHED)
        peer->attachments = true;
}

//  What needs no storage actor: faulty records, and what concerns the node.
static void
s_answer (self_t *self, const request_t *request)
{
    options_t options;
    const char *why = request->fault;
    unsigned status = request->faulty;
    if (!status && !options_decode (request->options, &options, &why))
        status = ZGRID_MALFORMED;
    if (status) {
        ++*(status == ZGRID_BADOP    ? &self->counters.badop
            : status == ZGRID_TOOBIG ? &self->counters.toobig
                                     : &self->counters.malformed);
        s_refuse (self, &self->here, request->id, status, why);
        return;
    }
    node_info_reply (self->info, request, &self->here);
    self->here_records++;
}

//  Puts one record where it goes.
static void
s_place (self_t *self, const request_t *request, ticket_t **ticket, const arrival_t *arrival)
{
    split_t split = split_request (request, self->partitions, self->actors);
    if (split.to == SPLIT_ACTOR) {
        s_add_part (self, split.actor, request);
        return;
    }
    if (split.to == SPLIT_HERE) {
        s_answer (self, request);
        return;
    }
    if (!s_ticket (self, ticket, arrival)
        || !ticket_add_sum (*ticket, request->id, request->op, split.actor)) {
        s_refuse (self, &self->here, request->id, ZGRID_BUSY,
                  "too many requests that concern all storage actors");
        return;
    }
    for (uint32_t actor = 0; actor < self->actors; actor++)
        if (split.to == SPLIT_ALL || actor == split.actor)
            s_add_part (self, actor, request);
}

//  Divides the records of a body. Afterwards each peer's part and `here` hold what is theirs.
static void
s_divide (self_t *self, const arrival_t *arrival, ticket_t **ticket)
{
    mp_t reader = arrival->records;
    request_t request;
    wire_step_t step;
    uint64_t count = 0;
    while ((step = wire_next_request (&reader, &request)) == WIRE_RECORD) {
        if (arrival->busy)
            s_refuse (self, &self->here, request.id, ZGRID_BUSY, "replies wait to be read");
        else if (count >= self->batch_max)
            s_refuse (self, &self->here, request.id, ZGRID_BUSY, "more records than limits.batch_records");
        else
            s_place (self, &request, ticket, arrival);
        count++;
    }
    char text[96] = "the body holds no record";
    if (step == WIRE_BROKEN)
        snprintf (text, sizeof text, "cannot be read from byte %zu of the body on",
                  arrival->body.size - (size_t) (reader.end - reader.at));
    if (step == WIRE_BROKEN || count == 0) {
        self->counters.malformed++;
        s_refuse (self, &self->here, request.id, ZGRID_MALFORMED, text);
    }
}

//  Sends a peer its part. False: it could not be taken.
static bool
s_forward (self_t *self, s_peer_t *peer, const arrival_t *arrival, const ticket_t *ticket)
{
    bytes_t frames[FRAMES_MAX];
    size_t count = 0;
    for (size_t at = 0; !ticket && at < arrival->envelope_count; at++)
        frames[count++] = arrival->envelope[at];
    frames[count++] = buf_bytes (&peer->part);
    uint64_t size = peer->part.size;
    for (size_t at = 0; peer->attachments && at < arrival->attachment_count; at++) {
        frames[count++] = arrival->attachments[at];
        size += arrival->attachments[at].size;
    }
    uint64_t id = ticket ? ticket_id (ticket) : 0;
    bytes_t who = ticket ? bytes_of (&id, sizeof id) : arrival->route;
    const char *tag = ticket ? (const char[]) { PEER_TICKET } : (const char[]) { PEER_CLIENT };
    if (peer->part.failed || frames_send (peer->handle, bytes_of (tag, 1), who, frames, count, NULL) != 0)
        return false;
    peer->sizes[(peer->first + peer->sent++) % self->peer_hwm] = size;
    peer->bytes += size;
    self->sent = true;
    self->counters.forwarded++;
    return true;
}

static void
s_refuse_part (self_t *self, s_peer_t *peer, buf_t *out)
{
    mp_t reader;
    request_t request;
    if (!wire_open (buf_bytes (&peer->part), &reader))
        return;
    while (wire_next_request (&reader, &request) == WIRE_RECORD)
        s_refuse (self, out, request.id, ZGRID_BUSY, "the storage actor's queue is full");
}

static void
s_finish (self_t *self, ticket_t **ticket);

//  Sends every part on its way, and what the router itself has to say.
static void
s_send_parts (self_t *self, const arrival_t *arrival, ticket_t *ticket)
{
    buf_t *out = ticket ? ticket_replies (ticket) : &self->here;
    if (ticket && self->here.size > WIRE_SIGNATURE_SIZE)
        buf_add (out, self->here.data + WIRE_SIGNATURE_SIZE, self->here.size - WIRE_SIGNATURE_SIZE);
    for (uint32_t actor = 0; actor < self->actors; actor++) {
        s_peer_t *peer = &self->peers[actor];
        if (peer->records == 0)
            continue;
        if (!s_forward (self, peer, arrival, ticket))
            s_refuse_part (self, peer, out);
        else if (ticket)
            ticket_expect (ticket, actor);
    }
    if (ticket) {
        if (ticket_complete (ticket))
            s_finish (self, &ticket);
        return;
    }
    bytes_t body = buf_bytes (&self->here);
    if (self->here.size > WIRE_SIGNATURE_SIZE && !self->here.failed)
        door_reply (self->clients, arrival->route, arrival->envelope, arrival->envelope_count, &body, 1,
                    self->here_records, self->now);
}

static bool
s_receive_client (self_t *self)
{
    arrival_t arrival;
    door_step_t step = door_receive (self->clients, &arrival, self->now);
    if (step != DOOR_TAKEN)
        return step != DOOR_EMPTY;
    ticket_t *ticket = NULL;
    buf_reset (&self->here);
    wire_begin (&self->here);
    self->here_records = 0;
    for (uint32_t actor = 0; actor < self->actors; actor++) {
        buf_reset (&self->peers[actor].part);
        self->peers[actor].records = 0;
        self->peers[actor].attachments = false;
    }
    s_divide (self, &arrival, &ticket);
    //  A REQ socket takes one message for one: if there are several sources they must be joined
    uint32_t sources = self->here.size > WIRE_SIGNATURE_SIZE;
    for (uint32_t actor = 0; actor < self->actors; actor++)
        sources += self->peers[actor].records > 0;
    if (!ticket && arrival.envelope_count && sources > 1 && !s_ticket (self, &ticket, &arrival)) {
        buf_reset (&self->here);
        wire_begin (&self->here);
        for (uint32_t actor = 0; actor < self->actors; actor++) {
            s_refuse_part (self, &self->peers[actor], &self->here);
            self->peers[actor].records = 0;
        }
    }
    s_send_parts (self, &arrival, ticket);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  From storage actors

static void
s_stats_reply (void *arg, const stats_t *sum, const stats_t *parts, buf_t *out)
{
    self_t *self = arg;
    stats_t total = *sum;
    stats_add (&total, &self->counters);
    node_info_stats (self->info, &total, parts, self->actors, self->now, out);
}

//  Sends the joined replies of a ticket and closes it.
static void
s_finish (self_t *self, ticket_t **ticket)
{
    ticket_finish (*ticket, s_stats_reply, self);
    buf_t *replies = ticket_replies (*ticket);
    buf_t body = BUF_INIT;
    wire_begin (&body);
    buf_add (&body, replies->data, replies->size);
    self->counters.gathered++;
    if (body.failed || replies->failed)
        self->counters.dropped++;
    else {
        bytes_t frames[WIRE_ENVELOPE_MAX + 1];
        size_t count = ticket_frames (*ticket, frames, WIRE_ENVELOPE_MAX + 1);
        bytes_t view = buf_bytes (&body);
        door_reply (self->clients, frames[0], frames + 1, count - 1, &view, 1, 1, self->now);
    }
    buf_clear (&body);
    gather_close (self->gather, ticket);
}

static bool
s_receive_peer (self_t *self, uint32_t actor)
{
    s_peer_t *peer = &self->peers[actor];
    frames_t *in = &self->answer;
    frames_close (in);
    if (!frames_receive (in, peer->handle))
        return false;
    peer->bytes -= peer->sizes[peer->first];
    peer->first = (peer->first + 1) % self->peer_hwm;
    peer->sent--;
    self->sent = true; // What comes back goes to a client
    bytes_t who = in->frames[0];
    int body = wire_find_body (in->frames + 1, in->count - 1);
    if (who.data[0] == PEER_TICKET) {
        uint64_t id;
        memcpy (&id, who.data + 1, sizeof id);
        ticket_t *ticket = gather_take (self->gather, id, actor, in->frames[in->count - 1]);
        if (ticket)
            s_finish (self, &ticket);
    } else if (body >= 0) {
        //  What a reply of n bytes counts in the window: a record takes 16 bytes at least
        uint64_t records = in->frames[body + 1].size / 16 + 1;
        door_reply (self->clients, bytes_of (who.data + 1, who.size - 1), in->frames + 1, (size_t) body,
                    in->frames + 1 + body, in->count - 1 - (size_t) body, records, self->now);
    } else
        self->counters.dropped++;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  The actor

static void
s_destroy (void **self_p)
{
    self_t *self = *self_p;
    if (!self)
        return;
    frames_close (&self->answer);
    for (uint32_t actor = 0; self->peers && actor < self->actors; actor++) {
        zsock_destroy (&self->peers[actor].socket);
        buf_clear (&self->peers[actor].part);
        mem_free (self->peers[actor].sizes);
    }
    mem_free (self->peers);
    door_destroy (&self->clients);
    gather_destroy (&self->gather);
    buf_clear (&self->here);
    mem_free (self);
    *self_p = NULL;
}

static bool
s_connect (self_t *self, s_peer_t *peer, const char *endpoint)
{
    peer->socket = zsock_new (ZMQ_DEALER);
    peer->sizes = mem_alloc (self->peer_hwm * sizeof (uint64_t));
    if (!peer->socket || !peer->sizes)
        return false;
    peer->handle = zsock_resolve (peer->socket);
    zsock_set_linger (peer->socket, 0);
    zsock_set_sndhwm (peer->socket, (int) self->peer_hwm);
    zsock_set_rcvhwm (peer->socket, (int) self->peer_hwm);
    return zmq_connect (peer->handle, endpoint) == 0;
}

static void *
s_create (const void *args, buf_t *why)
{
    const router_actor_args_t *given = args;
    self_t *self = mem_alloc_zero (1, sizeof (self_t));
    if (!self)
        return NULL;
    self->actors = given->actors;
    self->partitions = given->partitions;
    self->peer_hwm = given->peer_hwm;
    self->peer_bytes = given->peer_bytes;
    self->batch_max = given->batch_max;
    self->info = given->info;
    self->gather = gather_new (S_TICKETS_MAX, given->actors, given->partitions);
    self->peers = mem_alloc_zero (given->actors, sizeof (s_peer_t));
    bool connected = self->gather && self->peers;
    for (uint32_t actor = 0; connected && actor < given->actors; actor++)
        connected = s_connect (self, &self->peers[actor], given->peer_inprocs[actor]);
    if (!connected)
        buf_add (why, "cannot reach the storage actors", 31);
    else {
        const char *endpoints[] = { given->client_endpoint, given->client_inproc };
        self->clients = door_new (&given->door, endpoints, 2, &self->counters, why);
    }
    if (!self->clients)
        s_destroy ((void **) &self);
    return self;
}

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    self_t *self = arg;
    for (uint32_t actor = 0; actor < self->actors; actor++)
        sockets[actor] = self->peers[actor].socket;
    sockets[self->actors] = door_socket (self->clients);
    return self->actors + 1;
}

static bool
s_wants (void *arg, size_t which)
{
    self_t *self = arg;
    if (which < self->actors)
        return true;
    for (uint32_t actor = 0; actor < self->actors; actor++)
        if (self->peers[actor].sent >= self->peer_hwm || self->peers[actor].bytes >= self->peer_bytes)
            return false;
    return true;
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    self_t *self = arg;
    self->now = moment->now;
    return which < self->actors ? s_receive_peer (self, (uint32_t) which) : s_receive_client (self);
}

static uint64_t
s_turn (void *arg, const moment_t *moment, bool *sent)
{
    self_t *self = arg;
    self->now = moment->now;
    *sent = self->sent || !door_is_idle (self->clients);
    self->sent = false;
    ticket_t *late;
    while ((late = gather_expired (self->gather, moment->now))) {
        s_finish (self, &late);
        *sent = true;
    }
    uint64_t next = door_turn (self->clients, moment->now);
    uint64_t tickets = gather_count (self->gather) ? 100 : UINT64_MAX;
    return next < tickets ? next : tickets;
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    self_t *self = arg;
    (void) arguments;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, door_endpoint (self->clients));
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    self_t *self = arg;
    (void) moment;
    uint64_t outstanding = gather_count (self->gather);
    for (uint32_t actor = 0; actor < self->actors; actor++)
        outstanding += self->peers[actor].sent;
    return outstanding == 0 && door_is_idle (self->clients);
}

const actor_spec_t router_actor_spec = {
    .name = "router",
    .create = s_create,
    .destroy = s_destroy,
    .sockets = s_sockets,
    .wants = s_wants,
    .receive = s_receive,
    .turn = s_turn,
    .command = s_command,
    .drained = s_drained,
};

//  router_alone: a node that owns all partitions. Most messages need no memory of their own: what is
//  passed on carries the client's routing id and envelope, and the storage actor sends them back with the
//  answer. Only a message whose answers must be joined opens a ticket (gather.h). While a storage actor
//  has as many messages as it may have, no further client message is read: the sockets' own queues push
//  back. What may stand in line for a lock is answered late, and goes apart (router_forward.c).
//  SPDX-License-Identifier: MPL-2.0
#include "router_impl.h"

#include "storage_actor.h"

//  ------------------------------------------------------------------------------------------------
//  From clients

void
router_refuse (router_t *self, buf_t *out, uint64_t id, unsigned status, const char *text)
{
    if (status == ZGRID_BUSY)
        self->counters.busy++;
    self->here_records++;
    wire_reply_error (out, id, status, text);
}

unsigned
router_fault (router_t *self, const request_t *request, options_t *options, const char **why)
{
    unsigned status = request->faulty;
    *why = request->fault;
    if (!status
        && (!options_decode (request->options, options, why)
            || (request->op == OP_WITH && !forward_check_session (options, why))))
        status = ZGRID_MALFORMED;
    if (status)
        ++*(status == ZGRID_BADOP    ? &self->counters.badop
            : status == ZGRID_TOOBIG ? &self->counters.toobig
                                     : &self->counters.malformed);
    return status;
}

bool
router_broken (router_t *self, const arrival_t *arrival, const mp_t *reader, wire_step_t step, uint64_t count,
               uint64_t id, buf_t *out)
{
    char text[96] = "the body holds no record";
    if (step != WIRE_BROKEN && count)
        return false;
    if (step == WIRE_BROKEN)
        snprintf (text, sizeof text, "cannot be read from byte %zu of the body on",
                  arrival->body.size - (size_t) (reader->end - reader->at));
    self->counters.malformed++;
    router_refuse (self, out, id, ZGRID_MALFORMED, text);
    return true;
}

//  The ticket of this message, opened when the first record needs it. NULL: too many.
static ticket_t *
s_ticket (router_t *self, ticket_t **ticket, const arrival_t *arrival)
{
    if (*ticket)
        return *ticket;
    bytes_t frames[WIRE_ENVELOPE_MAX + 1];
    frames[0] = arrival->route;
    for (size_t at = 0; at < arrival->envelope_count; at++)
        frames[at + 1] = arrival->envelope[at];
    return *ticket = gather_open (self->gather, frames, arrival->envelope_count + 1,
                                  self->now + ROUTER_TICKET_MS);
}

void
router_clear_parts (router_t *self)
{
    for (uint32_t actor = 0; actor < self->actors; actor++) {
        peer_t *peer = &self->peers[actor];
        buf_reset (&peer->part);
        peer->records = 0;
        peer->attachments = false;
        peer->with = 0;
    }
}

//  The part of a storage actor, ready for one more record: WITH holds for those after it, there as here.
static buf_t *
s_part (router_t *self, uint32_t actor)
{
    peer_t *peer = &self->peers[actor];
    if (peer->records++ == 0)
        wire_begin (&peer->part);
    if (peer->with < self->with.size) {
        buf_add (&peer->part, self->with.data + peer->with, self->with.size - peer->with);
        peer->with = self->with.size;
    }
    return &peer->part;
}

void
router_add_part (router_t *self, uint32_t actor, const request_t *request)
{
    buf_t *part = s_part (self, actor);
    buf_add (part, request->raw.data, request->raw.size);
    if (request->value.kind == VALUE_ATTACHED)
        self->peers[actor].attachments = true;
}

//  What needs no storage actor: faulty records, and what concerns the node.
static void
s_answer (router_t *self, const arrival_t *arrival, const request_t *request)
{
    options_t options;
    const char *why;
    unsigned status = router_fault (self, request, &options, &why);
    if (status)
        router_refuse (self, &self->here, request->id, status, why);
    else if (request->op == OP_WITH) {
        buf_add (&self->with, request->raw.data, request->raw.size);
        buf_add (&self->apart, request->raw.data, request->raw.size);
    } else if (request->op == OP_CLUSTER || request->op == OP_ADMIN)
        self->deferred = true;
    else {
        router_answer_node (self, arrival, request, &self->here);
        self->here_records++;
    }
}

//  A scan of all partitions. Storage knows nothing of strides (split.h). False: in another order than
//  this node's own.
static bool
s_add_scan (router_t *self, uint32_t actor, const request_t *request)
{
    options_t options;
    const char *why;
    scan_t scan;
    if (!options_decode (request->options, &options, &why) || !(options.given & OPT_cursor)
        || options.cursor == 0 || !split_scan (options.cursor, self->partitions, &scan)) {
        router_add_part (self, actor, request); // From the beginning, or to be complained of
        return true;
    }
    if (scan.stride != self->actors)
        return false;
    options.cursor = scan.cursor;
    wire_request (s_part (self, actor), request->id, OP_SCAN, request->map, NULL, NULL, &options);
    return true;
}

//  Whether it may be answered late, or by somebody else: what passes through is counted until it comes back,
//  in order.
static bool
s_waits (const request_t *request)
{
    options_t options;
    const char *why;
    if (router_is_pubsub (request))
        return true;
    return request->op == OP_LOCK && !request->faulty && options_decode (request->options, &options, &why)
           && !((options.given & OPT_wait) && options.wait == 0);
}

//  Puts one record where it goes.
static void
s_place (router_t *self, const request_t *request, ticket_t **ticket, const arrival_t *arrival)
{
    if (s_waits (request)) {
        self->deferred = arrival->envelope_count > 0; // One message with all answers
        buf_add (&self->apart, request->raw.data, request->raw.size);
        self->apart_records++;
        return;
    }
    report_t report = { .which = SHEET_NONE };
    if (request->op == OP_STATS && !request->faulty
        && router_stats_here (self, request, &report, &self->here))
        return;
    split_t split = split_request (request, self->partitions, self->actors);
    if (split.to == SPLIT_ACTOR) {
        router_add_part (self, split.actor, request);
        return;
    }
    if (split.to == SPLIT_HERE) {
        s_answer (self, arrival, request);
        return;
    }
    if (!s_ticket (self, ticket, arrival)
        || !(request->op == OP_STATS ? ticket_add_stats (*ticket, request->id, report.which, report.most)
                                     : ticket_add_sum (*ticket, request->id, request->op, split.actor))) {
        router_refuse (self, &self->here, request->id, ZGRID_BUSY,
                       "too many requests that concern all storage actors");
        return;
    }
    if (split.to == SPLIT_SCAN) {
        self->deferred = !s_add_scan (self, split.actor, request);
        return;
    }
    for (uint32_t actor = 0; actor < self->actors; actor++)
        router_add_part (self, actor, request);
}

//  Divides the records of a body. Afterwards each peer's part and `here` hold what is theirs, unless it
//  was deferred.
static void
s_divide (router_t *self, const arrival_t *arrival, ticket_t **ticket)
{
    mp_t reader = arrival->records;
    request_t request;
    wire_step_t step = WIRE_END;
    uint64_t count = 0;
    while (!self->deferred && (step = wire_next_request (&reader, &request)) == WIRE_RECORD) {
        if (arrival->busy)
            router_refuse (self, &self->here, request.id, ZGRID_BUSY, "replies wait to be read");
        else if (count >= self->batch_max)
            router_refuse (self, &self->here, request.id, ZGRID_BUSY,
                           "more records than limits.batch_records");
        else
            s_place (self, &request, ticket, arrival);
        count++;
    }
    if (!self->deferred) // Else router_forward counts them
        door_records (self->clients, count);
    if (!self->deferred)
        router_broken (self, arrival, &reader, step, count, request.id, &self->here);
}

//  Sends a peer its part. False: it could not be taken.
static bool
s_forward (router_t *self, peer_t *peer, const arrival_t *arrival, const ticket_t *ticket)
{
    bytes_t frames[FRAMES_MAX];
    size_t count = 0;
    for (size_t at = 0; !ticket && at < arrival->envelope_count; at++)
        frames[count++] = arrival->envelope[at];
    frames[count++] = buf_bytes (&peer->part);
    size_t own = count;
    uint64_t size = peer->part.size;
    for (size_t at = 0; peer->attachments && at < arrival->attachment_count; at++) {
        frames[count++] = arrival->attachments[at];
        size += arrival->attachments[at].size;
    }
    uint64_t id = ticket ? ticket_id (ticket) : 0;
    bytes_t who = ticket ? bytes_of (&id, sizeof id) : arrival->route;
    const char *tag = ticket ? (const char[]) { PEER_TICKET } : (const char[]) { PEER_CLIENT };
    if (peer->part.failed)
        return false;
    bool last = peer->attachments && self->attached == 1 && self->apart_records == 0;
    int code = last ? frames_pass (peer->handle, bytes_of (tag, 1), who, frames, count, arrival->frames, own)
                    : frames_send (peer->handle, bytes_of (tag, 1), who, frames, count, NULL);
    self->attached -= peer->attachments;
    if (code != 0)
        return false;
    if (!ticket)
        door_flight (self->clients, arrival->route, 1);
    peer->sizes[(peer->first + peer->sent++) % self->peer_hwm] = size;
    peer->bytes += size;
    self->counters.forwarded++;
    return true;
}

static void
s_refuse_part (router_t *self, peer_t *peer, buf_t *out)
{
    mp_t reader;
    request_t request;
    if (!wire_open (buf_bytes (&peer->part), &reader))
        return;
    while (wire_next_request (&reader, &request) == WIRE_RECORD)
        if (request.op != OP_WITH)
            router_refuse (self, out, request.id, ZGRID_BUSY, "the storage actor's queue is full");
}

//  Sends every part on its way, and what the router itself has to say.
void
router_send_parts (router_t *self, const arrival_t *arrival, ticket_t *ticket)
{
    buf_t *out = ticket ? ticket_replies (ticket) : &self->here;
    if (ticket && self->here.size > WIRE_SIGNATURE_SIZE)
        buf_add (out, self->here.data + WIRE_SIGNATURE_SIZE, self->here.size - WIRE_SIGNATURE_SIZE);
    self->attached = 0;
    for (uint32_t actor = 0; actor < self->actors; actor++)
        self->attached += self->peers[actor].attachments;
    for (uint32_t actor = 0; actor < self->actors; actor++) {
        peer_t *peer = &self->peers[actor];
        if (peer->records == 0)
            continue;
        if (!s_forward (self, peer, arrival, ticket))
            s_refuse_part (self, peer, out);
        else if (ticket)
            ticket_expect (ticket, actor);
    }
    if (ticket) {
        if (ticket_complete (ticket))
            router_finish (self, &ticket);
        return;
    }
    bytes_t body = buf_bytes (&self->here);
    if (self->here.size > WIRE_SIGNATURE_SIZE && !self->here.failed)
        door_reply (self->clients, arrival->route, arrival->envelope, arrival->envelope_count, &body, 1,
                    self->here_records, self->now);
}

static void
s_begin (router_t *self)
{
    buf_reset (&self->here);
    wire_begin (&self->here);
    self->here_records = 0;
    buf_reset (&self->with);
    buf_reset (&self->apart);
    self->apart_records = 0;
    self->deferred = false;
    router_clear_parts (self);
}

void
router_divide (router_t *self, const arrival_t *arrival)
{
    ticket_t *ticket = NULL;
    s_begin (self);
    s_divide (self, arrival, &ticket);
    if (self->deferred) {
        if (ticket)
            gather_close (self->gather, &ticket);
        s_begin (self);
        router_forward (self, arrival);
        return;
    }
    //  A REQ socket takes one message for one: if there are several sources they must be joined
    uint32_t sources = self->here.size > WIRE_SIGNATURE_SIZE;
    for (uint32_t actor = 0; actor < self->actors; actor++)
        sources += self->peers[actor].records > 0;
    if (!ticket && arrival->envelope_count && sources > 1 && !s_ticket (self, &ticket, arrival)) {
        buf_reset (&self->here);
        wire_begin (&self->here);
        for (uint32_t actor = 0; actor < self->actors; actor++) {
            s_refuse_part (self, &self->peers[actor], &self->here);
            self->peers[actor].records = 0;
        }
    }
    router_send_parts (self, arrival, ticket);
    if (self->apart_records) {
        arrival_t apart = *arrival;
        apart.records = mp_of (buf_bytes (&self->apart));
        router_forward (self, &apart);
    }
}

//  ------------------------------------------------------------------------------------------------
//  From storage actors

//  Sends the joined replies to the client that the ticket knows.
static void
s_send_joined (router_t *self, const ticket_t *ticket, const buf_t *replies)
{
    buf_t body = BUF_INIT;
    wire_begin (&body);
    buf_add (&body, replies->data, replies->size);
    if (body.failed || replies->failed)
        self->counters.dropped++;
    else {
        bytes_t frames[WIRE_ENVELOPE_MAX + 1];
        size_t count = ticket_frames (ticket, frames, WIRE_ENVELOPE_MAX + 1);
        bytes_t view = buf_bytes (&body);
        door_reply (self->clients, frames[0], frames + 1, count - 1, &view, 1, 1, self->now);
    }
    buf_clear (&body);
}

void
router_finish (router_t *self, ticket_t **ticket)
{
    ticket_finish (*ticket, router_stats_reply, self);
    buf_t *replies = ticket_replies (*ticket);
    self->counters.gathered++;
    if (ticket_owner (*ticket)) // A single reply
        forward_give (self->forward, ticket_owner (*ticket), buf_bytes (replies), self->now);
    else
        s_send_joined (self, *ticket, replies);
    gather_close (self->gather, ticket);
}

uint64_t
router_outstanding (const router_t *self)
{
    uint64_t count = gather_count (self->gather);
    for (uint32_t actor = 0; actor < self->actors; actor++)
        count += self->peers[actor].sent;
    return count;
}

bool
router_receive_peer (router_t *self, uint32_t actor)
{
    peer_t *peer = &self->peers[actor];
    frames_t *in = &self->answer;
    frames_close (in);
    if (!frames_receive (in, peer->handle))
        return false;
    peer->bytes -= peer->sizes[peer->first];
    peer->first = (peer->first + 1) % self->peer_hwm;
    peer->sent--;
    bytes_t who = in->frames[0];
    int body = wire_find_body (in->frames + 1, in->count - 1);
    if (who.data[0] == PEER_TICKET) {
        uint64_t id;
        memcpy (&id, who.data + 1, sizeof id);
        ticket_t *ticket = gather_take (self->gather, id, actor, in->frames[in->count - 1]);
        if (ticket)
            router_finish (self, &ticket);
    } else if (body >= 0) {
        //  What a reply of n bytes counts in the window: a record takes 16 bytes at least
        uint64_t records = in->frames[body + 1].size / 16 + 1;
        door_flight (self->clients, bytes_of (who.data + 1, who.size - 1), -1);
        door_reply (self->clients, bytes_of (who.data + 1, who.size - 1), in->frames + 1, (size_t) body,
                    in->frames + 1 + body, in->count - 1 - (size_t) body, records, self->now);
    } else
        self->counters.dropped++;
    return true;
}

//  storage_actor: see storage_actor.h.
//  SPDX-License-Identifier: MPL-2.0
#include "storage_actor_impl.h"

#include "mem.h"
#include "move/move.h"
#include "replica/held.h"
#include "status.h"

#define S_REPLY_KEEP (1u << 20) // Bytes of buffer that are kept between messages

//  Which way a reply that was held leaves.
enum { S_TO_CLIENT, S_TO_ROUTER, S_TIMED = 4 }; // S_TIMED: the last frame is for the census alone

//  ------------------------------------------------------------------------------------------------
//  Executing a body

static void
s_hello (storage_actor_t *self, const request_t *request, buf_t *out)
{
    uint8_t session[SESSION_SIZE];
    bool given = storage_session (self->storage, session);
    node_info_hello (&self->info, request, given ? session : NULL, out);
    const arrival_t *from = self->arrival;
    if (from && (node_info_wants (request) & OPT_views))
        watchers_add (self->watchers, from->route, from->envelope, from->envelope_count,
                      self->info.view_version);
}

static void
s_report (storage_actor_t *self, const request_t *request, const report_t *report, buf_t *out)
{
    buf_t tree = BUF_INIT;
    sheet_t *sheet = sheet_new (report->which, report->most);
    bool told = sheet && storage_report (self->storage, sheet, report, self->moment)
                && (report->which != SHEET_clients
                    || door_report (self->clients, self->name, sheet, self->now));
    if (told)
        node_info_sheet (&self->info, sheet, self->now, &tree);
    if (told && !tree.failed)
        wire_reply (out, request->id, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) },
                    0, NULL);
    else
        wire_reply_error (out, request->id, ZGRID_NOMEM, "out of memory");
    buf_clear (&tree);
    sheet_destroy (&sheet);
}

static void
s_node_operation (void *arg, const request_t *request, buf_t *out)
{
    storage_actor_t *self = arg;
    switch (request->op) {
        case OP_HELLO:
            s_hello (self, request, out);
            return;
        case OP_CLUSTER:
        case OP_ADMIN:
        case OP_PUBLISH:
        case OP_CHANNELS:
        case OP_NUMSUB:
        case OP_NUMPAT:
            self->counters->badop++;
            wire_reply_error (out, request->id, ZGRID_BADOP, "ask the router: this is a storage actor");
            return;
        case OP_STATS:
            break;
        default:
            node_info_reply (&self->info, request, out);
            return;
    }
    report_t report;
    const char *why;
    if (!report_decode (request, &report, &why) || report.kind == REPORT_PROCESS) {
        self->counters->malformed++;
        wire_reply_error (out, request->id, ZGRID_MALFORMED,
                          report.kind == REPORT_PROCESS ? "ask the router: this is a storage actor" : why);
        return;
    }
    if (report.kind == REPORT_SHEET) {
        s_report (self, request, &report, out);
        return;
    }
    const links_stats_t *links = fellows_links (self->fellows);
    self->counters->peer_sent = links->sent;
    self->counters->peer_dropped = links->dropped;
    if (self->moves) {
#define COUNT(name) self->counters->move_##name = self->moves->name;
        REBALANCER_COUNTS (COUNT)
#undef COUNT
    }
    if (self->pubsub) {
#define COUNT(name) self->counters->pubsub_##name = self->pubsub->name;
        PUBSUB_COUNTS (COUNT)
#undef COUNT
    }
    if (self->gateway) {
#define STAT(name, kind, unit, purpose) self->counters->gateway_##name = self->gateway->name;
#include "gateway/gateway_stat.def"
#undef STAT
    }
    buf_t tree = BUF_INIT;
    node_info_stats (&self->info, storage_stats (self->storage), NULL, 0, self->now, &tree);
    wire_reply (out, request->id, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) }, 0,
                NULL);
    buf_clear (&tree);
}

//  Where a reply goes: its way, and the frames that it takes back.
typedef struct {
    unsigned way;
    bool attach; // Large values may come as attachments
    bool late;   // A reply may come after the others, in a message of its own
    const bytes_t *before;
    size_t before_count;
} s_back_t;

//  What became of an arrival.
typedef enum { S_ANSWERED, S_HELD, S_LOST } s_outcome_t;

//  The clock is read after what it shall prove (consistency 6), unless nothing depends on it.
static void
s_read_clock (storage_actor_t *self)
{
    if (!lease_is_endless (self->lease))
        self->now = actor_boot ();
}

//  The clock may have been read since the turn began.
static void
s_set_time (storage_actor_t *self, uint64_t now)
{
    if (now > self->now)
        self->now = now;
}

uint64_t
storage_actor_now (storage_actor_t *self)
{
    s_set_time (self, actor_boot ());
    return self->now;
}

//  A reply that is held takes along when its message came.
static bool
s_hold (storage_actor_t *self, batch_t *batch, const s_back_t *back)
{
    bytes_t before[HELD_FRAMES_MAX];
    uint8_t packed[CENSUS_PACKED_MAX];
    size_t count = back->before_count;
    bool timed = self->census && count < HELD_FRAMES_MAX;
    memcpy (before, back->before, count * sizeof (bytes_t));
    if (timed)
        before[count++] = bytes_of (packed, census_pack (self->census, packed));
    return storage_hold (self->storage, batch, back->way | (timed ? S_TIMED : 0), before, count, &self->out,
                         self->now);
}

//  Executes what arrived. S_ANSWERED: the frames of the reply are body and attachments, *count of them.
static s_outcome_t
s_execute (storage_actor_t *self, const arrival_t *arrival, const moment_t *moment, const s_back_t *back,
           bytes_t *frames, size_t *count, uint64_t *records)
{
    buf_reset (&self->out);
    buf_reset (&self->attached);
    wire_begin (&self->out);
    batch_t batch = { .reader = arrival->records,
                      .attachments = arrival->attachments,
                      .attachment_count = arrival->attachment_count,
                      .attached = &self->attached,
                      .attached_sizes = self->attached_sizes,
                      .attached_room = back->attach ? STORAGE_ATTACHED_MAX : 0,
                      .moment = { storage_actor_now (self), moment->wall },
                      .body_size = arrival->body.size,
                      .node = s_node_operation,
                      .track = self->arrival ? storage_actor_track : NULL,
                      .node_arg = self,
                      .tag = back->way,
                      .before = back->late ? back->before : NULL,
                      .before_count = back->before_count };
    storage_verdict_t verdict = STORAGE_SEND;
    self->moment = batch.moment;
    if (arrival->busy)
        storage_refuse (self->storage, &batch, &self->out, ZGRID_BUSY, "replies wait to be read");
    else {
        if (storage_batch (self->storage, &batch, &self->out, self->reply_max))
            storage_refuse (self->storage, &batch, &self->out, ZGRID_BUSY,
                            "the replies exceed limits.window_bytes");
        s_read_clock (self);
        verdict = storage_settle (self->storage, &batch, &self->out, self->now);
    }
    *records = batch.records;
    if (batch.parked && back->way == S_TO_CLIENT) // Each of them is answered by itself
        door_flight (self->clients, back->before[0], (int64_t) batch.parked);
    if (verdict == STORAGE_WAIT && s_hold (self, &batch, back))
        return S_HELD;
    if (self->census)
        census_answer (self->census);
    if (verdict == STORAGE_WAIT || self->out.failed) { // The client's deadline will tell it
        self->counters->dropped++;
        buf_clear (&self->out);
        return S_LOST;
    }
    frames[0] = buf_bytes (&self->out);
    const uint8_t *at = self->attached.data;
    for (size_t i = 0; i < batch.attached_count; i++) {
        frames[i + 1] = bytes_of (at, self->attached_sizes[i]);
        at += self->attached_sizes[i];
    }
    *count = batch.attached_count + 1;
    return S_ANSWERED;
}

//  A buffer that a large reply has blown up is given back.
static void
s_trim (storage_actor_t *self)
{
    if (self->out.room > S_REPLY_KEEP)
        buf_clear (&self->out);
    if (self->attached.room > S_REPLY_KEEP)
        buf_clear (&self->attached);
}

static bool
s_receive_client (storage_actor_t *self, const moment_t *moment)
{
    arrival_t arrival;
    door_step_t step = door_receive (self->clients, &arrival, moment->now);
    if (step == DOOR_TAKEN) {
        bytes_t before[1 + WIRE_ENVELOPE_MAX] = { arrival.route };
        for (size_t at = 0; at < arrival.envelope_count; at++)
            before[at + 1] = arrival.envelope[at];
        s_back_t back = { S_TO_CLIENT, true, true, before, arrival.envelope_count + 1 };
        bytes_t frames[STORAGE_ATTACHED_MAX + 1];
        size_t count = 0;
        uint64_t records;
        self->arrival = &arrival;
        if (self->census)
            census_begin (self->census, arrival.route);
        s_outcome_t outcome = s_execute (self, &arrival, moment, &back, frames, &count, &records);
        door_records (self->clients, records);
        if (outcome == S_HELD)
            door_flight (self->clients, arrival.route, 1);
        //  WITH alone is not answered
        if (outcome == S_ANSWERED && frames[0].size > WIRE_SIGNATURE_SIZE)
            door_reply (self->clients, arrival.route, arrival.envelope, arrival.envelope_count, frames, count,
                        records, moment->now);
        self->arrival = NULL;
        s_trim (self);
    }
    return step != DOOR_EMPTY;
}

//  before: routing id of the router, who asks, and the envelope.
static void
s_answer_router (storage_actor_t *self, const bytes_t *before, size_t before_count, const bytes_t *frames,
                 size_t count)
{
    bytes_t all[FRAMES_MAX];
    size_t all_count = 0;
    for (size_t at = 1; at < before_count; at++)
        all[all_count++] = before[at];
    for (size_t at = 0; at < count; at++)
        all[all_count++] = frames[at];
    if (frames_send (self->peers_handle, before[0], bytes_of (NULL, 0), all, all_count, NULL) != 0)
        self->counters->dropped++;
}

//  From the router of this node: [route][who asks][envelope…][body][attachments…]. It admits no more
//  than its inbox holds, so a send cannot fail. Replies that the router joins carry no attachments:
//  their numbers would clash.
static bool
s_receive_router (storage_actor_t *self, const moment_t *moment)
{
    frames_t *in = &self->peer_frames;
    frames_close (in);
    if (!frames_receive (in, self->peers_handle))
        return false;
    size_t skip = 2; // Routing id, and who asks
    int body = in->count > skip && !in->overflow ? wire_find_body (in->frames + skip, in->count - skip) : -1;
    arrival_t arrival = { .busy = false };
    size_t at = skip + (size_t) (body < 0 ? 0 : body);
    if (body >= 0) {
        arrival.body = in->frames[at];
        arrival.attachments = in->frames + at + 1;
        arrival.attachment_count = in->count - at - 1;
    }
    bool passes = in->count > 1 && in->frames[1].size && in->frames[1].data[0] == PEER_CLIENT;
    s_back_t back = { S_TO_ROUTER, passes, false, in->frames, at < in->count ? at : in->count };
    bytes_t frames[STORAGE_ATTACHED_MAX + 1];
    size_t count = 0;
    uint64_t records;
    s_outcome_t outcome = S_LOST;
    if (self->census)
        census_begin (self->census, passes ? bytes_of (in->frames[1].data + 1, in->frames[1].size - 1)
                                           : bytes_of (NULL, 0));
    if (body < 0 || !wire_open (arrival.body, &arrival.records))
        self->counters->foreign++;
    else
        outcome = s_execute (self, &arrival, moment, &back, frames, &count, &records);
    if (outcome == S_LOST) { // Nothing to say, or no memory for it: an empty body ends the router's wait
        frames[0] = bytes_of (WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
        count = 1;
    }
    if (outcome != S_HELD)
        s_answer_router (self, back.before, back.before_count, frames, count);
    s_trim (self);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  What the storage wants done (storage_port_t)

static void
s_port_send (void *arg, node_id_t to, uint32_t actor, bytes_t body)
{
    storage_actor_t *self = arg;
    fellows_send (self->fellows, to, actor, body, self->now);
}

static void
s_port_stream (void *arg, node_id_t to, uint32_t actor, buf_t *body)
{
    storage_actor_t *self = arg;
    stream_send (self->stream, to, actor, body);
}

static size_t
s_port_stream_room (void *arg)
{
    storage_actor_t *self = arg;
    return stream_room (self->stream);
}

static void
s_port_moved (void *arg, const move_info_t *move)
{
    storage_actor_t *self = arg;
    fellows_moved (self->fellows, move);
}

static void
s_port_ask (void *arg, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node)
{
    storage_actor_t *self = arg;
    fellows_ask (self->fellows, what, partition, epoch, node);
}

static void
s_port_release (void *arg, unsigned tag, const bytes_t *before, size_t before_count, const bytes_t *frames,
                size_t count, uint64_t records)
{
    storage_actor_t *self = arg;
    if (tag & S_TIMED)
        census_answer_later (self->census, before[--before_count]);
    if ((tag & ~(unsigned) S_TIMED) == S_TO_CLIENT) {
        door_flight (self->clients, before[0], -1);
        door_reply (self->clients, before[0], before + 1, before_count - 1, frames, count, records,
                    self->now);
    } else
        s_answer_router (self, before, before_count, frames, count);
}

//  ------------------------------------------------------------------------------------------------
//  The actor

static void
s_destroy (void **self_p)
{
    storage_actor_t *self = *self_p;
    if (!self)
        return;
    frames_close (&self->peer_frames);
    if (self->peers_handle)
        zsock_unbind (self->peers, "%s", self->peer_inproc);
    zsock_destroy (&self->peers);
    door_destroy (&self->clients);
    storage_actor_close_feed (self);
    fellows_destroy (&self->fellows);
    stream_destroy (&self->stream);
    watchers_destroy (&self->watchers);
    free (self->peer_inproc);
    buf_clear (&self->info_copies);
    buf_clear (&self->out);
    buf_clear (&self->attached);
    mem_free (self);
    *self_p = NULL;
}

//  Where the router of this node comes.
static bool
s_bind_router (storage_actor_t *self, const storage_actor_args_t *given)
{
    self->peers = zsock_new (ZMQ_ROUTER);
    self->peer_inproc = strdup (given->peer_inproc);
    if (!self->peers || !self->peer_inproc)
        return false;
    zsock_set_router_mandatory (self->peers, 1);
    zsock_set_linger (self->peers, 0);
    zsock_set_sndhwm (self->peers, (int) given->peer_hwm);
    zsock_set_rcvhwm (self->peers, (int) given->peer_hwm);
    if (zsock_bind (self->peers, "%s", given->peer_inproc) < 0)
        return false;
    self->peers_handle = zsock_resolve (self->peers);
    return true;
}

static bool
s_join (storage_actor_t *self, const storage_actor_args_t *given, buf_t *why)
{
    fellows_config_t config = { .index = given->index,
                                .data_endpoint = given->data_endpoint,
                                .beacon_inproc = given->beacon_inproc,
                                .frame_max = STORAGE_DATA_FRAME_MAX,
                                .io_affinity = given->data_affinity,
                                .note = given->note };
    self->info = (node_info_t) { .name = given->info->name,
                                 .version = given->info->version,
                                 .started = given->info->started };
    self->node = given->node;
    self->lease = given->lease;
    self->watchers = watchers_new (WATCHERS_MAX);
    self->fellows = self->watchers ? fellows_new (&config, self->counters, why) : NULL;
    self->stream = self->fellows ? stream_new (given->index, given->moves_inproc) : NULL;
    self->moves = given->moves;
    self->pubsub = given->pubsub;
    self->gateway = given->gateway;
    if (!self->stream)
        return false;
    storage_port_t port = { .arg = self,
                            .send = s_port_send,
                            .stream = s_port_stream,
                            .stream_room = s_port_stream_room,
                            .moved = s_port_moved,
                            .ask = s_port_ask,
                            .release = s_port_release };
    storage_join (self->storage, given->node, given->lease, &port);
    return true;
}

static void *
s_create (const void *args, buf_t *why)
{
    const storage_actor_args_t *given = args;
    storage_actor_t *self = mem_alloc_zero (1, sizeof (storage_actor_t));
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->storage = given->storage;
    self->counters = storage_counters (given->storage);
    self->census = storage_census (given->storage);
    snprintf (self->name, sizeof self->name, "storage %u", given->index);
    self->reply_max = given->door.flow.window_bytes;
    const char *endpoints[] = { given->client_endpoint, given->client_inproc };
    self->clients = door_new (&given->door, endpoints, 2, self->counters, why);
    if (!self->clients || !s_bind_router (self, given) || !s_join (self, given, why)
        || !storage_actor_open_feed (self, given)) {
        if (why->size == 0)
            buf_add (why, "cannot bind inside the process", 30);
        s_destroy ((void **) &self);
    }
    return self;
}

//  The sockets, most urgent first: what frees replies that wait, clients last.
typedef enum { S_BEACON, S_DATA, S_STREAM, S_ROUTER, S_CLIENTS, S_SOCKETS } s_socket_t;

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    storage_actor_t *self = arg;
    sockets[S_BEACON] = fellows_beacon_socket (self->fellows);
    sockets[S_DATA] = fellows_data_socket (self->fellows);
    sockets[S_STREAM] = stream_socket (self->stream);
    sockets[S_ROUTER] = self->peers;
    sockets[S_CLIENTS] = door_socket (self->clients);
    return S_SOCKETS;
}

//  Nobody is served before it is known who the others are.
static bool
s_wants (void *arg, size_t which)
{
    storage_actor_t *self = arg;
    return self->serving || which < S_ROUTER;
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    storage_actor_t *self = arg;
    bool any = false;
    s_set_time (self, moment->now);
    self->wall = moment->wall;
    moment_t at = { self->now, moment->wall };
    storage_clocks (self->storage, at);
    switch ((s_socket_t) which) {
        case S_BEACON:
            any = storage_actor_hear_beacon (self);
            break;
        case S_DATA:
            any = storage_actor_hear_data (self);
            break;
        case S_STREAM:
            any = storage_actor_hear_stream (self);
            break;
        case S_ROUTER:
            any = s_receive_router (self, &at);
            break;
        case S_CLIENTS:
            any = s_receive_client (self, &at);
            break;
        case S_SOCKETS:
            break;
    }
    if (any)
        self->idle = false;
    storage_actor_take_feed (self);
    return any;
}

static uint64_t
s_sooner (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t
s_turn (void *arg, const moment_t *moment)
{
    storage_actor_t *self = arg;
    s_set_time (self, moment->now);
    self->wall = moment->wall;
    uint64_t now = self->now;
    storage_turn (self->storage, now);
    if (now >= self->tick_at) {
        uint64_t next = storage_tick (self->storage, now);
        self->tick_at = next == UINT64_MAX ? now + 1000 : now + next;
        self->idle = next == UINT64_MAX;
    }
    uint64_t next = self->idle ? UINT64_MAX : self->tick_at - now;
    next = s_sooner (next, storage_actor_turn_cluster (self, now));
    next = s_sooner (next, storage_actor_tell (self));
    return s_sooner (next, door_turn (self->clients, now));
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    storage_actor_t *self = arg;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, door_endpoint (self->clients));
    else if (strcmp (name, "DATA") == 0)
        zmsg_addstr (reply, fellows_endpoint (self->fellows));
    else if (strcmp (name, "READERS") == 0) {
        char *word = zmsg_popstr (arguments);
        storage_set_readers (self->storage, word && strcmp (word, "1") == 0);
        zstr_free (&word);
    }
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    storage_actor_t *self = arg;
    (void) moment;
    return door_is_idle (self->clients);
}

const actor_spec_t storage_actor_spec = {
    .name = "storage",
    .create = s_create,
    .destroy = s_destroy,
    .sockets = s_sockets,
    .wants = s_wants,
    .receive = s_receive,
    .turn = s_turn,
    .command = s_command,
    .drained = s_drained,
};

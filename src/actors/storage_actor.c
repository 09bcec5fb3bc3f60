//  storage_actor: see storage_actor.h.
//  SPDX-License-Identifier: MPL-2.0
#include "storage_actor.h"

#include "mem.h"
#include "status.h"

#define S_ATTACHED_MAX 48       // Values of one reply that travel as attachments
#define S_REPLY_KEEP (1u << 20) // Bytes of buffer that are kept between messages

typedef struct {
    storage_t *storage;
    stats_t *counters;
    door_t *clients;
    zsock_t *peers;
    void *peers_handle;
    frames_t peer_frames;
    char *peer_inproc;
    const node_info_t *info; // NULL until BEGIN
    uint64_t reply_max;
    uint64_t now;
    uint64_t tick_at;
    bool idle;      // Nothing to keep house for
    buf_t out;      // The body of a reply
    buf_t attached; // Its attachments
    size_t attached_sizes[S_ATTACHED_MAX];
} self_t;

//  ------------------------------------------------------------------------------------------------
//  Executing a body

static void
s_node_operation (void *arg, const request_t *request, buf_t *out)
{
    self_t *self = arg;
    if (request->op != OP_STATS) {
        node_info_reply (self->info, request, out);
        return;
    }
    buf_t tree = BUF_INIT;
    node_info_stats (self->info, storage_stats (self->storage), NULL, 0, self->now, &tree);
    wire_reply (out, request->id, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) }, 0,
                NULL);
    buf_clear (&tree);
}

//  Executes what arrived; the frames of the reply are body and attachments. Returns how many.
static size_t
s_execute (self_t *self, const arrival_t *arrival, const moment_t *moment, bool attach, bytes_t *frames,
           uint64_t *records)
{
    buf_reset (&self->out);
    buf_reset (&self->attached);
    wire_begin (&self->out);
    batch_t batch = { .reader = arrival->records,
                      .attachments = arrival->attachments,
                      .attachment_count = arrival->attachment_count,
                      .attached = &self->attached,
                      .attached_sizes = self->attached_sizes,
                      .attached_room = attach ? S_ATTACHED_MAX : 0,
                      .moment = *moment,
                      .body_size = arrival->body.size,
                      .node = s_node_operation,
                      .node_arg = self };
    if (arrival->busy)
        storage_refuse (self->storage, &batch, &self->out, ZGRID_BUSY, "replies wait to be read");
    else if (storage_batch (self->storage, &batch, &self->out, self->reply_max))
        storage_refuse (self->storage, &batch, &self->out, ZGRID_BUSY,
                        "the replies exceed limits.window_bytes");
    *records = batch.records;
    if (self->out.failed) { // Nothing of it can be sent; the client's deadline will tell it
        self->counters->dropped++;
        buf_clear (&self->out);
        return 0;
    }
    frames[0] = buf_bytes (&self->out);
    const uint8_t *at = self->attached.data;
    for (size_t i = 0; i < batch.attached_count; i++) {
        frames[i + 1] = bytes_of (at, self->attached_sizes[i]);
        at += self->attached_sizes[i];
    }
    return batch.attached_count + 1;
}

//  A buffer that a large reply has blown up is given back.
static void
s_trim (self_t *self)
{
    if (self->out.room > S_REPLY_KEEP)
        buf_clear (&self->out);
    if (self->attached.room > S_REPLY_KEEP)
        buf_clear (&self->attached);
}

static bool
s_receive_client (self_t *self, const moment_t *moment)
{
    arrival_t arrival;
    door_step_t step = door_receive (self->clients, &arrival, moment->now);
    if (step == DOOR_TAKEN) {
        bytes_t frames[S_ATTACHED_MAX + 1];
        uint64_t records;
        size_t count = s_execute (self, &arrival, moment, true, frames, &records);
        if (count)
            door_reply (self->clients, arrival.route, arrival.envelope, arrival.envelope_count, frames, count,
                        records, moment->now);
        s_trim (self);
    }
    return step != DOOR_EMPTY;
}

//  From the router of this node: [route][who asks][envelope…][body][attachments…]. It admits no more
//  than its inbox holds, so a send cannot fail. Replies that the router joins carry no attachments:
//  their numbers would clash.
static bool
s_receive_peer (self_t *self, const moment_t *moment)
{
    frames_t *in = &self->peer_frames;
    frames_close (in);
    if (!frames_receive (in, self->peers_handle))
        return false;
    size_t skip = 2; // Routing id, and who asks
    int body = in->count > skip && !in->overflow ? wire_find_body (in->frames + skip, in->count - skip) : -1;
    arrival_t arrival = { .busy = false };
    if (body >= 0) {
        size_t at = skip + (size_t) body;
        arrival.body = in->frames[at];
        arrival.attachments = in->frames + at + 1;
        arrival.attachment_count = in->count - at - 1;
    }
    bytes_t frames[FRAMES_MAX];
    uint64_t records;
    size_t before = skip - 1 + (size_t) (body < 0 ? 0 : body);
    for (size_t at = 0; at < before && at + 1 < in->count; at++)
        frames[at] = in->frames[at + 1];
    bool passes = in->count > 1 && in->frames[1].size && in->frames[1].data[0] == PEER_CLIENT;
    size_t count = 0;
    if (body < 0 || !wire_open (arrival.body, &arrival.records))
        self->counters->foreign++;
    else
        count = s_execute (self, &arrival, moment, passes, frames + before, &records);
    if (count == 0) { // Nothing to say, or no memory for it: an empty body ends the router's wait
        frames[before] = bytes_of (WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
        count = 1;
    }
    if (frames_send (self->peers_handle, in->frames[0], bytes_of (NULL, 0), frames, before + count, NULL)
        != 0)
        self->counters->dropped++;
    s_trim (self);
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
    frames_close (&self->peer_frames);
    if (self->peers)
        zsock_unbind (self->peers, "%s", self->peer_inproc);
    zsock_destroy (&self->peers);
    door_destroy (&self->clients);
    free (self->peer_inproc);
    buf_clear (&self->out);
    buf_clear (&self->attached);
    mem_free (self);
    *self_p = NULL;
}

static void *
s_create (const void *args, buf_t *why)
{
    const storage_actor_args_t *given = args;
    self_t *self = mem_alloc_zero (1, sizeof (self_t));
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->storage = given->storage;
    self->counters = storage_counters (given->storage);
    self->reply_max = given->door.flow.window_bytes;
    const char *endpoints[] = { given->client_endpoint, given->client_inproc };
    self->clients = door_new (&given->door, endpoints, 2, self->counters, why);
    self->peers = zsock_new (ZMQ_ROUTER);
    self->peer_inproc = strdup (given->peer_inproc);
    bool bound = false;
    if (self->clients && self->peers && self->peer_inproc) {
        zsock_set_router_mandatory (self->peers, 1);
        zsock_set_linger (self->peers, 0);
        zsock_set_sndhwm (self->peers, (int) given->peer_hwm);
        zsock_set_rcvhwm (self->peers, (int) given->peer_hwm);
        bound = zsock_bind (self->peers, "%s", given->peer_inproc) >= 0;
        self->peers_handle = zsock_resolve (self->peers);
    }
    if (!bound) {
        if (why->size == 0)
            buf_add (why, "cannot bind inside the process", 30);
        if (!bound)
            zsock_destroy (&self->peers);
        s_destroy ((void **) &self);
    }
    return self;
}

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    self_t *self = arg;
    sockets[0] = self->peers;
    sockets[1] = door_socket (self->clients);
    return 2;
}

//  Nobody is served before it is known who the others are.
static bool
s_wants (void *arg, size_t which)
{
    self_t *self = arg;
    (void) which;
    return self->info != NULL;
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    self_t *self = arg;
    self->now = moment->now;
    bool any = which == 0 ? s_receive_peer (self, moment) : s_receive_client (self, moment);
    if (any)
        self->idle = false;
    return any;
}

static uint64_t
s_turn (void *arg, const moment_t *moment, bool *sent)
{
    self_t *self = arg;
    storage_turn (self->storage, moment->now);
    *sent = !door_is_idle (self->clients);
    uint64_t door = door_turn (self->clients, moment->now);
    if (moment->now >= self->tick_at) {
        uint64_t next = storage_tick (self->storage, moment->now);
        self->tick_at = next == UINT64_MAX ? moment->now + 1000 : moment->now + next;
        self->idle = next == UINT64_MAX;
    }
    uint64_t tick = self->idle ? UINT64_MAX : self->tick_at - moment->now;
    return door < tick ? door : tick;
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    self_t *self = arg;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, door_endpoint (self->clients));
    else if (strcmp (name, "BEGIN") == 0) {
        const void *info = NULL, *owners = NULL;
        zframe_t *first = zmsg_pop (arguments), *second = zmsg_pop (arguments);
        memcpy (&info, zframe_data (first), sizeof info);
        memcpy (&owners, zframe_data (second), sizeof owners);
        zframe_destroy (&first);
        zframe_destroy (&second);
        self->info = info;
        storage_set_owners (self->storage, owners);
    } else if (strcmp (name, "READERS") == 0) {
        char *word = zmsg_popstr (arguments);
        storage_set_readers (self->storage, word && strcmp (word, "1") == 0);
        zstr_free (&word);
    }
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    self_t *self = arg;
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

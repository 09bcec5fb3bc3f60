//  pubsub_actor: see pubsub_actor.h.
//  SPDX-License-Identifier: MPL-2.0
#include "pubsub_actor_impl.h"

#include "mem.h"

#define S_AGAIN_MS 50 // Without memory for a view: until the next attempt
#define S_EVENT_FIELDS 3

//  ------------------------------------------------------------------------------------------------
//  What pubsub wants done

static void
s_send (ear_t *ear, bytes_t topic, zmq_msg_t *body)
{
    zmq_msg_t copy;
    if (!ear || audience_stats (ear_audience (ear))->subscriptions == 0)
        return;
    zmq_msg_init (&copy);
    if (zmq_msg_copy (&copy, body) == 0)
        ear_send (ear, topic, &copy);
}

void
pubsub_actor_send (void *arg, bytes_t topic, bytes_t body, bool here, bool members)
{
    pubsub_actor_t *self = arg;
    zmq_msg_t message;
    if (zmq_msg_init_size (&message, body.size) != 0)
        return; // The numbers tell
    memcpy (zmq_msg_data (&message), body.data, body.size);
    if (here) {
        s_send (self->here, topic, &message);
        s_send (self->local, topic, &message);
        s_send (self->gateway, topic, &message);
    }
    if (members)
        s_send (self->members, topic, &message);
    zmq_msg_close (&message);
}

void
pubsub_actor_follow (void *arg, bytes_t topic, bool on)
{
    pubsub_actor_t *self = arg;
    mesh_follow (self->mesh, topic, on);
}

//  ------------------------------------------------------------------------------------------------
//  What comes from this node

static void
s_take_view (pubsub_actor_t *self, bytes_t encoded)
{
    const char *why;
    view_t *view = view_decode (encoded, &why);
    if (!view) {
        self->view_lost = true;
        return;
    }
    if (view->version > self->view_version) {
        self->view_version = view->version;
        self->view_lost = !mesh_set_view (self->mesh, view) || self->view_lost;
        pubsub_set_view (self->pubsub, view);
        if (self->members)
            ear_keep (self->members, view, self->now);
    }
    view_destroy (&view);
}

//  Events are about what this node has seen; each member tells its own subscribers.
static void
s_take_events (pubsub_actor_t *self, bytes_t record)
{
    mp_t reader = mp_of (record);
    uint32_t fields;
    uint64_t number, version;
    bytes_t json;
    while (mp_array (&reader, &fields) && fields == S_EVENT_FIELDS && mp_uint (&reader, &number)
           && mp_uint (&reader, &version) && mp_bytes (&reader, &json))
        pubsub_publish (self->pubsub, bytes_str (PUBSUB_EVENTS), json, true);
}

static bool
s_receive_beacon (pubsub_actor_t *self)
{
    inner_t message;
    frames_close (&self->frames);
    if (!inner_receive (self->beacon_handle, &self->frames, false, &message))
        return false;
    if (message.kind == INNER_VIEW)
        s_take_view (self, message.view);
    else if (message.kind == INNER_EVENTS)
        s_take_events (self, message.record);
    return true;
}

static void
s_answer (pubsub_actor_t *self, bytes_t route, bytes_t mark, bytes_t body)
{
    mp_t reader;
    request_t request;
    if (!wire_open (body, &reader))
        return; // No actor of this node sends such
    buf_reset (&self->replies);
    wire_begin (&self->replies);
    while (wire_next_request (&reader, &request) == WIRE_RECORD)
        pubsub_answer (self->pubsub, &request, &self->replies);
    bytes_t none = bytes_of (NULL, 0), frames[2] = { mark, buf_bytes (&self->replies) };
    if (self->replies.failed)
        frames[1] = bytes_of (WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
    frames_send (self->requests_handle, route, none, frames, 2, NULL);
}

static bool
s_receive_request (pubsub_actor_t *self)
{
    frames_t *in = &self->frames;
    frames_close (in);
    if (!frames_receive (in, self->requests_handle))
        return false;
    if (in->count == 3 && !in->overflow && in->frames[1].size <= PUBSUB_MARK_MAX)
        s_answer (self, in->frames[0], in->frames[1], in->frames[2]);
    return true;
}

static bool
s_receive_feed (pubsub_actor_t *self)
{
    frames_close (&self->frames);
    if (!frames_receive (&self->frames, self->feed_handle))
        return false;
    if (self->frames.count == 1)
        pubsub_feed (self->pubsub, self->frames.frames[0]);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  What comes from elsewhere

static bool
s_receive_mesh (pubsub_actor_t *self)
{
    frames_t *in = &self->frames;
    frames_close (in);
    if (!frames_receive (in, self->mesh_handle))
        return false;
    uint64_t junk = pubsub_stats (self->pubsub)->junk;
    if (in->count == 2 && !in->overflow)
        pubsub_relay (self->pubsub, in->frames[0], in->frames[1]);
    else
        self->junk++;
    if (in->count != 2 || pubsub_stats (self->pubsub)->junk != junk)
        refusals_add (&self->refusals, 1, "no message of a member", frames_address (in), 0);
    return true;
}

static bool
s_receive_ear (pubsub_actor_t *self, ear_t *ear)
{
    heard_t heard;
    bytes_t token;
    if (!ear_receive (ear, self->now, &heard, &token))
        return false;
    if (heard == HEARD_SYNC && ear == self->members)
        pubsub_sync_member (self->pubsub, token);
    else if (heard == HEARD_SYNC)
        pubsub_sync (self->pubsub, token);
    else if (heard == HEARD_JUNK)
        self->refused++;
    else if (heard == HEARD_EXCESS) {
        self->refused++;
        self->status->cut++;
        refusals_add (&self->refusals, 1, "a connection subscribed to too much", NULL, 0);
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  The actor

static void
s_destroy (void **self_p)
{
    pubsub_actor_t *self = *self_p;
    if (!self)
        return;
    pubsub_actor_end (self);
    mem_free (self);
    *self_p = NULL;
}

static void *
s_create (const void *args, buf_t *why)
{
    const pubsub_actor_args_t *given = args;
    pubsub_actor_t *self = mem_alloc_zero (1, sizeof (pubsub_actor_t));
    if (self) {
        self->status = given->status;
        self->note = given->note;
        self->now = actor_boot ();
        if (!pubsub_actor_make (self, given, why))
            s_destroy ((void **) &self);
    }
    if (!self && why->size == 0)
        buf_add (why, "out of memory or sockets", 24);
    return self;
}

static void
s_add_socket (pubsub_actor_t *self, zsock_t **sockets, pubsub_socket_t which, zsock_t *socket)
{
    self->which[self->sockets_count] = which;
    sockets[self->sockets_count++] = socket;
}

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    pubsub_actor_t *self = arg;
    s_add_socket (self, sockets, PUBSUB_BEACON, self->beacon);
    s_add_socket (self, sockets, PUBSUB_REQUESTS, self->requests);
    s_add_socket (self, sockets, PUBSUB_FEED, self->feed);
    s_add_socket (self, sockets, PUBSUB_MESH_SUB, mesh_socket (self->mesh));
    s_add_socket (self, sockets, PUBSUB_LOCAL_EAR, ear_socket (self->local));
    if (self->gateway)
        s_add_socket (self, sockets, PUBSUB_GATEWAY_EAR, ear_socket (self->gateway));
    if (self->here) {
        s_add_socket (self, sockets, PUBSUB_HERE_MONITOR, ear_monitor (self->here));
        s_add_socket (self, sockets, PUBSUB_HERE_EAR, ear_socket (self->here));
    }
    if (self->members) {
        s_add_socket (self, sockets, PUBSUB_MESH_MONITOR, ear_monitor (self->members));
        s_add_socket (self, sockets, PUBSUB_MESH_EAR, ear_socket (self->members));
    }
    return self->sockets_count;
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    pubsub_actor_t *self = arg;
    self->now = moment->now;
    switch (self->which[which]) {
        case PUBSUB_BEACON:
            return s_receive_beacon (self);
        case PUBSUB_REQUESTS:
            return s_receive_request (self);
        case PUBSUB_FEED:
            return s_receive_feed (self);
        case PUBSUB_MESH_SUB:
            return s_receive_mesh (self);
        case PUBSUB_LOCAL_EAR:
            return s_receive_ear (self, self->local);
        case PUBSUB_GATEWAY_EAR:
            return s_receive_ear (self, self->gateway);
        case PUBSUB_HERE_EAR:
            return s_receive_ear (self, self->here);
        case PUBSUB_HERE_MONITOR:
            return ear_watch (self->here, self->now);
        case PUBSUB_MESH_EAR:
            return s_receive_ear (self, self->members);
        case PUBSUB_MESH_MONITOR:
            return ear_watch (self->members, self->now);
        case PUBSUB_SOCKETS:
        default:
            return false;
    }
}

static uint64_t
s_subscriptions (const ear_t *ear)
{
    return ear ? audience_stats (ear_audience (ear))->subscriptions : 0;
}

static void
s_tell_status (pubsub_actor_t *self)
{
    pubsub_status_t *status = self->status;
    const pubsub_stats_t *stats = pubsub_stats (self->pubsub);
    const topics_stats_t *topics = topics_stats (pubsub_topics (self->pubsub));
    status->subscribers = self->here ? audience_stats (ear_audience (self->here))->connections : 0;
    status->subscriptions = s_subscriptions (self->here) + s_subscriptions (self->local)
                            + s_subscriptions (self->gateway);
    status->topics = topics->channels;
    status->patterns = topics->patterns;
    status->published = stats->published;
    status->sent = stats->sent;
    status->received = stats->received;
    status->dropped = stats->dropped;
    status->refused = stats->refused + self->refused;
    status->junk = stats->junk + self->junk;
}

static uint64_t
s_sooner (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t
s_turn (void *arg, const moment_t *moment)
{
    pubsub_actor_t *self = arg;
    self->now = moment->now;
    uint64_t next = pubsub_turn (self->pubsub, self->now);
    next = s_sooner (next, refusals_turn (&self->refusals, &self->note, "pubsub", self->now));
    if (self->view_lost && self->now >= self->view_again) {
        inner_t here = { .kind = INNER_HERE, .index = INNER_PUBSUB };
        self->view_version = 0;
        self->view_lost = !inner_send (self->beacon_handle, NULL, &here);
        self->view_again = self->now + S_AGAIN_MS;
    }
    if (self->view_lost)
        next = s_sooner (next, S_AGAIN_MS);
    s_tell_status (self);
    return next;
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    const pubsub_actor_t *self = arg;
    (void) arguments;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, self->here ? ear_endpoint (self->here) : "");
    else if (strcmp (name, "MESH") == 0)
        zmsg_addstr (reply, self->members ? ear_endpoint (self->members) : "");
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    (void) arg;
    (void) moment;
    return true; // Each turn sends all that it took
}

const actor_spec_t pubsub_actor_spec = {
    .name = "pubsub",
    .create = s_create,
    .destroy = s_destroy,
    .sockets = s_sockets,
    .receive = s_receive,
    .turn = s_turn,
    .command = s_command,
    .drained = s_drained,
};

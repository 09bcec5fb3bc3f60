//  pubsubs: see pubsubs.h.
//  SPDX-License-Identifier: MPL-2.0
#include "pubsubs.h"

#include "actors/inner.h"
#include "lib/test.h"
#include "status.h"

pubsubs_t pubsubs[PUBSUBS_MAX];
pubsub_actor_args_t pubsubs_args;

static uint64_t s_version;
static unsigned s_number; // Of names inside the process, so that none is used twice
static frames_t s_frames;
static buf_t s_body;

static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    (void) arg;
    ck_assert (level == NOTE_WARNING && *event && pairs[0]);
}

void
pubsubs_set_up (void)
{
    zsys_handler_set (NULL);
    memset (pubsubs, 0, sizeof pubsubs);
    s_version = 0;
    pubsubs_args = (pubsub_actor_args_t) { .endpoint = "tcp://127.0.0.1:*",
                                           .mesh_endpoint = "tcp://127.0.0.1:*",
                                           .message_max = 65536,
                                           .queue_max = 64 << 20,
                                           .subscriptions_max = 10000,
                                           .names_max = 4 << 20,
                                           .seed = { 1 },
                                           .note = { s_line, NULL } };
}

static char *
s_asked (int node, const char *command)
{
    zmsg_t *answer = actor_command (pubsubs[node].actor, command, NULL);
    char *text = zmsg_popstr (answer);
    zmsg_destroy (&answer);
    return text;
}

//  It says that it is there before anything else.
static void
s_meet (pubsubs_t *self)
{
    inner_t here;
    zmq_pollitem_t item = { zsock_resolve (self->beacon), 0, ZMQ_POLLIN, 0 };
    ck_assert_int_eq (zmq_poll (&item, 1, 10000), 1);
    ck_assert (inner_receive (item.socket, &s_frames, true, &here));
    ck_assert (here.kind == INNER_HERE && here.index == INNER_PUBSUB);
    self->route_size = s_frames.frames[0].size;
    memcpy (self->route, s_frames.frames[0].data, self->route_size);
    frames_close (&s_frames);
}

void
pubsubs_start (int node)
{
    pubsubs_t *self = &pubsubs[node];
    char beacon[48], inproc[48], feed[48], local[48];
    snprintf (beacon, sizeof beacon, "inproc://pubsubs-beacon-%u", ++s_number);
    snprintf (inproc, sizeof inproc, "inproc://pubsubs-requests-%u", s_number);
    snprintf (feed, sizeof feed, "inproc://pubsubs-feed-%u", s_number);
    snprintf (local, sizeof local, "inproc://pubsubs-local-%u", s_number);
    memset (self, 0, sizeof *self);
    snprintf (self->gateway, sizeof self->gateway, "inproc://pubsubs-gateway-%u", s_number);
    self->beacon = zsock_new (ZMQ_ROUTER);
    assert (zsock_bind (self->beacon, "%s", beacon) >= 0);
    pubsub_actor_args_t args = pubsubs_args;
    args.node = (node_id_t) node + 1;
    args.beacon_inproc = beacon;
    args.inproc = inproc;
    args.feed_inproc = feed;
    args.local_inproc = local;
    args.gateway_inproc = self->gateway;
    args.status = &self->status;
    buf_t why = BUF_INIT;
    self->actor = actor_new (&pubsub_actor_spec, &args, &why);
    ck_assert_msg (self->actor != NULL, "%.*s", (int) why.size, (const char *) why.data);
    s_meet (self);
    self->endpoint = s_asked (node, "ENDPOINT");
    self->mesh = s_asked (node, "MESH");
    self->router = zsock_new (ZMQ_DEALER);
    zsock_set_rcvtimeo (self->router, 10000);
    assert (zsock_connect (self->router, "%s", inproc) == 0);
    self->feed = zsock_new (ZMQ_PUSH);
    assert (zsock_connect (self->feed, "%s", feed) == 0);
}

void
pubsubs_stop (int node)
{
    pubsubs_t *self = &pubsubs[node];
    actor_destroy (&self->actor, 1000);
    zsock_destroy (&self->beacon);
    zsock_destroy (&self->router);
    zsock_destroy (&self->feed);
    zstr_free (&self->endpoint);
    zstr_free (&self->mesh);
}

void
pubsubs_tear_down (void)
{
    for (int node = 0; node < PUBSUBS_MAX; node++)
        pubsubs_stop (node);
    buf_clear (&s_body);
}

static void
s_tell (int node, inner_t message)
{
    bytes_t route = bytes_of (pubsubs[node].route, pubsubs[node].route_size);
    assert (inner_send (zsock_resolve (pubsubs[node].beacon), &route, &message));
}

void
pubsubs_view (void)
{
    view_t *view = view_new (2);
    buf_t encoded = BUF_INIT;
    view->cluster = 0xc1;
    view->version = ++s_version;
    for (int node = 0; node < PUBSUBS_MAX; node++) {
        if (!pubsubs[node].actor)
            continue;
        member_t member = { .id = (node_id_t) node + 1, .weight = 100, .actors = 1, .move_port = 1 };
        snprintf (member.name, sizeof member.name, "m%d", node);
        snprintf (member.host, sizeof member.host, "127.0.0.1");
        member.mesh_port = (uint16_t) atoi (strrchr (pubsubs[node].mesh, ':') + 1);
        assert (view_add_member (view, &member));
    }
    view_encode (view, &encoded);
    for (int node = 0; node < PUBSUBS_MAX; node++)
        if (pubsubs[node].actor)
            s_tell (node, (inner_t) { .kind = INNER_VIEW, .view = buf_bytes (&encoded) });
    view_destroy (&view);
    buf_clear (&encoded);
}

void
pubsubs_event (int node, const char *json)
{
    buf_t record = BUF_INIT;
    wire_add_array (&record, 3);
    wire_add_uint (&record, 1);
    wire_add_uint (&record, 1);
    wire_add_bytes (&record, bytes_str (json));
    s_tell (node, (inner_t) { .kind = INNER_EVENTS, .record = buf_bytes (&record) });
    buf_clear (&record);
}

//  ------------------------------------------------------------------------------------------------
//  As the router

reply_t
pubsubs_ask (int node, op_t op, const char *key, const value_t *value)
{
    void *handle = zsock_resolve (pubsubs[node].router);
    bytes_t named = bytes_str (key);
    mp_t reader;
    reply_t reply;
    buf_reset (&s_body);
    wire_begin (&s_body);
    wire_request (&s_body, 7, op, bytes_of (NULL, 0), key ? &named : NULL, value, NULL);
    bytes_t body = buf_bytes (&s_body);
    ck_assert_int_eq (frames_send (handle, bytes_str ("mark"), bytes_of (NULL, 0), &body, 1, NULL), 0);
    zmq_pollitem_t item = { handle, 0, ZMQ_POLLIN, 0 };
    ck_assert_msg (zmq_poll (&item, 1, 10000) == 1, "no answer");
    frames_close (&s_frames);
    ck_assert (frames_receive (&s_frames, handle));
    ck_assert_uint_eq (s_frames.count, 2);
    ck_assert (bytes_equal (s_frames.frames[0], bytes_str ("mark")));
    ck_assert (wire_open (s_frames.frames[1], &reader));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert_uint_eq (reply.id, 7);
    return reply;
}

uint64_t
pubsubs_publish (int node, const char *channel, const char *text)
{
    value_t value = value_bytes (bytes_str (text));
    reply_t reply = pubsubs_ask (node, OP_PUBLISH, channel, &value);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    return (uint64_t) reply.value.integer;
}

void
pubsubs_publish_large (int node, const char *channel, size_t size)
{
    static uint8_t text[1 << 17];
    value_t value = value_bytes (bytes_of (text, size));
    ck_assert_uint_eq (pubsubs_ask (node, OP_PUBLISH, channel, &value).status, ZGRID_OK);
}

uint64_t
pubsubs_numsub (int node, const char *channel)
{
    buf_t names = BUF_INIT;
    wire_add_array (&names, 1);
    wire_add_bytes (&names, bytes_str (channel));
    value_t value = { .kind = VALUE_TREE, .bytes = buf_bytes (&names) };
    reply_t reply = pubsubs_ask (node, OP_NUMSUB, NULL, &value);
    buf_clear (&names);
    mp_t reader = mp_of (reply.value.bytes);
    uint32_t count;
    uint64_t number;
    bytes_t name;
    ck_assert (reply.status == ZGRID_OK && mp_array (&reader, &count) && count == 2
               && mp_bytes (&reader, &name) && mp_uint (&reader, &number));
    return number;
}

void
pubsubs_await_numsub (int node, const char *channel, uint64_t count)
{
    uint64_t now = UINT64_MAX;
    for (uint64_t until = actor_boot () + 10000; actor_boot () < until && now != count;) {
        now = pubsubs_numsub (node, channel);
        if (now != count)
            zmq_poll (NULL, 0, 1);
    }
    ck_assert_uint_eq (now, count);
}

void
pubsubs_await (const _Atomic uint64_t *counter, uint64_t least)
{
    for (uint64_t until = actor_boot () + 10000; actor_boot () < until && *counter < least;)
        zmq_poll (NULL, 0, 1);
    ck_assert_uint_ge (*counter, least);
}

//  ------------------------------------------------------------------------------------------------
//  As subscribers

zsock_t *
pubsubs_subscriber (int node)
{
    zsock_t *self = zsock_new (ZMQ_SUB);
    zsock_set_sndhwm (self, 0);
    zsock_set_linger (self, 0);
    assert (zsock_connect (self, "%s", pubsubs[node].endpoint) == 0);
    return self;
}

void
pubsubs_want (zsock_t *subscriber, topic_kind_t kind, const char *name, bool on)
{
    uint8_t frame[TOPIC_SIZE_MAX];
    size_t size = topic_write (kind, bytes_str (name), frame);
    zmq_setsockopt (zsock_resolve (subscriber), on ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, frame, size);
}

static void
s_receive (zsock_t *subscriber, frames_t *frames)
{
    zmq_pollitem_t item = { zsock_resolve (subscriber), 0, ZMQ_POLLIN, 0 };
    ck_assert_msg (zmq_poll (&item, 1, 10000) == 1, "nothing comes");
    frames_close (frames);
    ck_assert (frames_receive (frames, item.socket));
    ck_assert_uint_eq (frames->count, 2);
}

void
pubsubs_sync (zsock_t *subscriber)
{
    static unsigned s_tokens;
    char token[16];
    bytes_t name = bytes_of (NULL, 0);
    snprintf (token, sizeof token, "%u", ++s_tokens);
    pubsubs_want (subscriber, TOPIC_SYNC, token, true);
    frames_close (&s_frames);
    do
        s_receive (subscriber, &s_frames);
    while (topic_read (s_frames.frames[0], &name) != TOPIC_SYNC || !bytes_equal (name, bytes_str (token)));
    pubsubs_want (subscriber, TOPIC_SYNC, token, false);
}

message_t
pubsubs_next (zsock_t *subscriber, pubsubs_reader_t *reader)
{
    message_t message;
    bool broken = false;
    while (reader->frames.count == 0 || !message_next (&reader->reader, &message, &broken)) {
        ck_assert (!broken);
        s_receive (subscriber, &reader->frames);
        ck_assert (message_open (reader->frames.frames[1], &reader->reader));
    }
    return message;
}

bool
pubsubs_comes (zsock_t *subscriber, const pubsubs_reader_t *reader, long milliseconds)
{
    mp_t rest = reader->reader;
    message_t message;
    bool broken = false;
    zmq_pollitem_t item = { zsock_resolve (subscriber), 0, ZMQ_POLLIN, 0 };
    return (reader->frames.count && message_next (&rest, &message, &broken))
           || zmq_poll (&item, 1, milliseconds) == 1;
}

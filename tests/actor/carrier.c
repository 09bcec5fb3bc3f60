//  carrier: see carrier.h.
//  SPDX-License-Identifier: MPL-2.0
#include "carrier.h"

#include "actors/inner.h"
#include "lib/test.h"

carrier_t carrier;

static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    (void) arg;
    ck_assert (level == NOTE_WARNING && *event && pairs[0]);
    carrier.lines++;
}

static uint16_t
s_port (zsock_t *socket)
{
    char *endpoint = zsock_last_endpoint (socket);
    uint16_t port = (uint16_t) atoi (strrchr (endpoint, ':') + 1);
    zstr_free (&endpoint);
    return port;
}

static zsock_t *
s_pull (void)
{
    zsock_t *socket = zsock_new (ZMQ_PULL);
    zsock_set_rcvtimeo (socket, 10000);
    zsock_set_rcvhwm (socket, 1);
    assert (zsock_bind (socket, "tcp://127.0.0.1:*") > 0);
    return socket;
}

//  As its beacon: a new view, with the other two if `others`.
void
carrier_publish (bool others)
{
    view_t *view = view_new (2);
    buf_t encoded = BUF_INIT;
    view->cluster = CLUSTER;
    view->version = ++carrier.version;
    view->move_rate = carrier.rate;
    node_id_t ids[] = { SELF, OTHER, THIRD };
    for (size_t at = 0; at < (others ? 3 : 1); at++) {
        member_t member = { .id = ids[at], .weight = 100, .actors = 2, .move_port = 1 };
        snprintf (member.name, sizeof member.name, "m%zu", at);
        snprintf (member.host, sizeof member.host, "127.0.0.1");
        if (at)
            member.move_port = s_port (carrier.others[at - 1]);
        assert (view_add_member (view, &member));
    }
    view_encode (view, &encoded);
    inner_t message = { .kind = INNER_VIEW, .view = buf_bytes (&encoded) };
    bytes_t route = bytes_of (carrier.route, carrier.route_size);
    assert (inner_send (zsock_resolve (carrier.beacon), &route, &message));
    view_destroy (&view);
    buf_clear (&encoded);
}

void
carrier_set_up (rebalancer_squeeze_t squeeze)
{
    static unsigned number;
    char beacon[40], inproc[40];
    zsys_handler_set (NULL);
    memset (&carrier, 0, sizeof carrier);
    snprintf (beacon, sizeof beacon, "inproc://moves-beacon-%u", ++number);
    snprintf (inproc, sizeof inproc, "inproc://moves-%u", number);
    carrier.beacon = zsock_new (ZMQ_ROUTER);
    zsock_set_rcvtimeo (carrier.beacon, 10000);
    assert (zsock_bind (carrier.beacon, "%s", beacon) >= 0);
    rebalancer_actor_args_t args = { .node = SELF,
                                     .actors = 2,
                                     .endpoint = "tcp://127.0.0.1:*",
                                     .inproc = inproc,
                                     .beacon_inproc = beacon,
                                     .batch_max = BATCH_MAX,
                                     .squeeze = squeeze,
                                     .status = &carrier.status,
                                     .note = { s_line, NULL } };
    buf_t why = BUF_INIT;
    carrier.streams[0] = stream_new (0, inproc); // Before it is there
    carrier.actor = actor_new (&rebalancer_actor_spec, &args, &why);
    ck_assert_msg (carrier.actor != NULL, "%.*s", (int) why.size, (const char *) why.data);
    carrier.streams[1] = stream_new (1, inproc);
    carrier.others[0] = s_pull ();
    carrier.others[1] = s_pull ();
    zmsg_t *answer = actor_command (carrier.actor, "ENDPOINT", NULL);
    carrier.endpoint = zmsg_popstr (answer);
    zmsg_destroy (&answer);
    carrier.push = zsock_new (ZMQ_PUSH);
    zsock_set_sndtimeo (carrier.push, 10000);
    assert (zsock_connect (carrier.push, "%s", carrier.endpoint) == 0);
    static frames_t frames;
    inner_t here;
    zmq_pollitem_t item = { zsock_resolve (carrier.beacon), 0, ZMQ_POLLIN, 0 };
    ck_assert_int_eq (zmq_poll (&item, 1, 10000), 1);
    ck_assert (inner_receive (item.socket, &frames, true, &here));
    ck_assert (here.kind == INNER_HERE && here.index == INNER_REBALANCER);
    carrier.route_size = frames.frames[0].size;
    memcpy (carrier.route, frames.frames[0].data, carrier.route_size);
    frames_close (&frames);
}

void
carrier_tear_down (void)
{
    actor_destroy (&carrier.actor, 0);
    for (int at = 0; at < 2; at++) {
        stream_destroy (&carrier.streams[at]);
        zsock_destroy (&carrier.others[at]);
    }
    zsock_destroy (&carrier.push);
    zsock_destroy (&carrier.beacon);
    zstr_free (&carrier.endpoint);
}

//  ------------------------------------------------------------------------------------------------
//  As a storage actor

//  Waits for the next message of a storage actor's end: a body, or a grant.
static bytes_t
s_heard (int actor, bool *granted)
{
    bytes_t body;
    zmq_pollitem_t item = { zsock_resolve (stream_socket (carrier.streams[actor])), 0, ZMQ_POLLIN, 0 };
    ck_assert_msg (zmq_poll (&item, 1, 10000) == 1, "nothing comes");
    ck_assert (stream_receive (carrier.streams[actor], &body, granted));
    return body;
}

bytes_t
carrier_body (int actor)
{
    bool granted = true;
    bytes_t body = bytes_of (NULL, 0);
    while (granted)
        body = s_heard (actor, &granted);
    return body;
}

void
carrier_await_room (int actor)
{
    bool granted;
    while (stream_room (carrier.streams[actor]) == 0)
        s_heard (actor, &granted);
}

//  A body of so many bytes that begins with a number; `plain`: lz4 finds nothing in it.
buf_t
carrier_made (size_t size, uint64_t number, bool plain)
{
    buf_t body = BUF_INIT;
    assert (buf_grow (&body, size));
    uint64_t roll = number;
    for (size_t at = 0; at < size; at++) {
        roll = roll * UINT64_C (6364136223846793005) + 1442695040888963407u;
        body.data[at] = plain ? (uint8_t) (roll >> 56) : (uint8_t) ('a' + at % 7);
    }
    memcpy (body.data, &number, sizeof number);
    body.size = size;
    return body;
}

uint64_t
carrier_number (bytes_t body)
{
    uint64_t number;
    ck_assert_uint_ge (body.size, sizeof number);
    memcpy (&number, body.data, sizeof number);
    return number;
}

void
carrier_stream (int actor, node_id_t to, uint32_t to_actor, size_t size, uint64_t number)
{
    buf_t body = carrier_made (size, number, true);
    carrier_await_room (actor);
    stream_send (carrier.streams[actor], to, to_actor, &body);
    ck_assert (body.data == NULL);
}

//  ------------------------------------------------------------------------------------------------
//  As another member

//  The next batch at a PULL; the caller destroys the message.
zmsg_t *
carrier_arrived (zsock_t *pull, batch_head_t *head, bytes_t *body)
{
    zmsg_t *message = zmsg_recv (pull);
    ck_assert_msg (message != NULL, "nothing arrives");
    ck_assert_uint_eq (zmsg_size (message), 2);
    zframe_t *first = zmsg_first (message), *second = zmsg_next (message);
    ck_assert (batch_decode (bytes_of (zframe_data (first), zframe_size (first)), head));
    *body = bytes_of (zframe_data (second), zframe_size (second));
    return message;
}

batch_head_t
carrier_head (size_t size)
{
    return (batch_head_t) { .cluster = CLUSTER, .from = OTHER, .to = SELF, .actor = 1, .size = size };
}

void
carrier_push (batch_head_t head, const void *data, size_t size)
{
    buf_t encoded = BUF_INIT;
    batch_encode (&head, &encoded);
    ck_assert_int_eq (zsock_send (carrier.push, "bb", encoded.data, encoded.size, data, size), 0);
    buf_clear (&encoded);
}

//  Waits until a counter is there.
void
carrier_await (_Atomic uint64_t *count, uint64_t wanted)
{
    int64_t until = zclock_mono () + 10000;
    while (*count < wanted && zclock_mono () < until)
        zmq_poll (NULL, 0, 1);
    ck_assert_uint_eq (*count, wanted);
}

//  What is pushed now has been looked at once this returns.
void
carrier_expect_taken (uint64_t number)
{
    uint64_t before = carrier.status.received;
    carrier_push (carrier_head (sizeof number), &number, sizeof number);
    ck_assert_uint_eq (carrier_number (carrier_body (1)), number);
    carrier_await (&carrier.status.received, before + 1);
}

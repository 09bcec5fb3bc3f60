//  check_rebalancer: one rebalancer. The test plays its beacon, its storage actors, and other members.
//  SPDX-License-Identifier: MPL-2.0
#include "actors/cargo.h"
#include "actors/inner.h"
#include "actors/rebalancer_actor.h"
#include "actors/squeeze.h"
#include "actors/stream.h"
#include "lib/test.h"
#include "move/batch.h"

#define SELF 0x11u
#define OTHER 0x22u
#define THIRD 0x33u
#define CLUSTER 0xc1u
#define BATCH_MAX (1u << 20)
#define MiB (1024u * 1024)

static struct {
    actor_t *actor;
    rebalancer_status_t status;
    zsock_t *beacon; // ROUTER, as the beacon's
    uint8_t route[256];
    size_t route_size;
    stream_t *streams[2]; // Of two storage actors
    zsock_t *others[2];   // PULL: of OTHER and THIRD
    zsock_t *push;        // To the rebalancer
    char *endpoint;
    uint64_t version;
    uint64_t rate;
    _Atomic unsigned lines;
} s;

static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    (void) arg;
    ck_assert (level == NOTE_WARNING && *event && pairs[0]);
    s.lines++;
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
static void
s_publish (bool others)
{
    view_t *view = view_new (2);
    buf_t encoded = BUF_INIT;
    view->cluster = CLUSTER;
    view->version = ++s.version;
    view->move_rate = s.rate;
    node_id_t ids[] = { SELF, OTHER, THIRD };
    for (size_t at = 0; at < (others ? 3 : 1); at++) {
        member_t member = { .id = ids[at], .weight = 100, .actors = 2, .move_port = 1 };
        snprintf (member.name, sizeof member.name, "m%zu", at);
        snprintf (member.host, sizeof member.host, "127.0.0.1");
        if (at)
            member.move_port = s_port (s.others[at - 1]);
        assert (view_add_member (view, &member));
    }
    view_encode (view, &encoded);
    inner_t message = { .kind = INNER_VIEW, .view = buf_bytes (&encoded) };
    bytes_t route = bytes_of (s.route, s.route_size);
    assert (inner_send (zsock_resolve (s.beacon), &route, &message));
    view_destroy (&view);
    buf_clear (&encoded);
}

static void
s_begin (rebalancer_squeeze_t squeeze)
{
    static unsigned number;
    char beacon[40], inproc[40];
    zsys_handler_set (NULL);
    memset (&s, 0, sizeof s);
    snprintf (beacon, sizeof beacon, "inproc://moves-beacon-%u", ++number);
    snprintf (inproc, sizeof inproc, "inproc://moves-%u", number);
    s.beacon = zsock_new (ZMQ_ROUTER);
    zsock_set_rcvtimeo (s.beacon, 10000);
    assert (zsock_bind (s.beacon, "%s", beacon) >= 0);
    rebalancer_actor_args_t args = { .node = SELF,
                                     .actors = 2,
                                     .endpoint = "tcp://127.0.0.1:*",
                                     .inproc = inproc,
                                     .beacon_inproc = beacon,
                                     .batch_max = BATCH_MAX,
                                     .squeeze = squeeze,
                                     .status = &s.status,
                                     .note = { s_line, NULL } };
    buf_t why = BUF_INIT;
    s.streams[0] = stream_new (0, inproc); // Before it is there
    s.actor = actor_new (&rebalancer_actor_spec, &args, &why);
    ck_assert_msg (s.actor != NULL, "%.*s", (int) why.size, (const char *) why.data);
    s.streams[1] = stream_new (1, inproc);
    s.others[0] = s_pull ();
    s.others[1] = s_pull ();
    zmsg_t *answer = actor_command (s.actor, "ENDPOINT", NULL);
    s.endpoint = zmsg_popstr (answer);
    zmsg_destroy (&answer);
    s.push = zsock_new (ZMQ_PUSH);
    zsock_set_sndtimeo (s.push, 10000);
    assert (zsock_connect (s.push, "%s", s.endpoint) == 0);
    static frames_t frames;
    inner_t here;
    zmq_pollitem_t item = { zsock_resolve (s.beacon), 0, ZMQ_POLLIN, 0 };
    ck_assert_int_eq (zmq_poll (&item, 1, 10000), 1);
    ck_assert (inner_receive (item.socket, &frames, true, &here));
    ck_assert (here.kind == INNER_HERE && here.index == INNER_REBALANCER);
    s.route_size = frames.frames[0].size;
    memcpy (s.route, frames.frames[0].data, s.route_size);
    frames_close (&frames);
}

static void
s_set_up_early (void)
{
    s_begin (SQUEEZE_NEVER);
}

//  The view is sent before anything else, and read first.
static void
s_set_up (void)
{
    s_begin (SQUEEZE_NEVER);
    s_publish (true);
}

static void
s_set_up_squeezing (void)
{
    s_begin (SQUEEZE_ALWAYS);
    s_publish (true);
}

static void
s_tear_down (void)
{
    actor_destroy (&s.actor, 0);
    for (int at = 0; at < 2; at++) {
        stream_destroy (&s.streams[at]);
        zsock_destroy (&s.others[at]);
    }
    zsock_destroy (&s.push);
    zsock_destroy (&s.beacon);
    zstr_free (&s.endpoint);
}

//  ------------------------------------------------------------------------------------------------
//  As a storage actor

//  Waits for the next message of a storage actor's end: a body, or a grant.
static bytes_t
s_heard (int actor, bool *granted)
{
    bytes_t body;
    zmq_pollitem_t item = { zsock_resolve (stream_socket (s.streams[actor])), 0, ZMQ_POLLIN, 0 };
    ck_assert_msg (zmq_poll (&item, 1, 10000) == 1, "nothing comes");
    ck_assert (stream_receive (s.streams[actor], &body, granted));
    return body;
}

static bytes_t
s_body (int actor)
{
    bool granted = true;
    bytes_t body = bytes_of (NULL, 0);
    while (granted)
        body = s_heard (actor, &granted);
    return body;
}

static void
s_await_room (int actor)
{
    bool granted;
    while (stream_room (s.streams[actor]) == 0)
        s_heard (actor, &granted);
}

//  A body of so many bytes that begins with a number; `plain`: lz4 finds nothing in it.
static buf_t
s_made (size_t size, uint64_t number, bool plain)
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

static uint64_t
s_number (bytes_t body)
{
    uint64_t number;
    ck_assert_uint_ge (body.size, sizeof number);
    memcpy (&number, body.data, sizeof number);
    return number;
}

static void
s_stream (int actor, node_id_t to, uint32_t to_actor, size_t size, uint64_t number)
{
    buf_t body = s_made (size, number, true);
    s_await_room (actor);
    stream_send (s.streams[actor], to, to_actor, &body);
    ck_assert (body.data == NULL);
}

//  ------------------------------------------------------------------------------------------------
//  As another member

//  The next batch at a PULL; the caller destroys the message.
static zmsg_t *
s_arrived (zsock_t *pull, batch_head_t *head, bytes_t *body)
{
    zmsg_t *message = zmsg_recv (pull);
    ck_assert_msg (message != NULL, "nothing arrives");
    ck_assert_uint_eq (zmsg_size (message), 2);
    zframe_t *first = zmsg_first (message), *second = zmsg_next (message);
    ck_assert (batch_decode (bytes_of (zframe_data (first), zframe_size (first)), head));
    *body = bytes_of (zframe_data (second), zframe_size (second));
    return message;
}

static batch_head_t
s_head (size_t size)
{
    return (batch_head_t) { .cluster = CLUSTER, .from = OTHER, .to = SELF, .actor = 1, .size = size };
}

static void
s_push (batch_head_t head, const void *data, size_t size)
{
    buf_t encoded = BUF_INIT;
    batch_encode (&head, &encoded);
    ck_assert_int_eq (zsock_send (s.push, "bb", encoded.data, encoded.size, data, size), 0);
    buf_clear (&encoded);
}

//  Waits until a counter is there.
static void
s_await (_Atomic uint64_t *count, uint64_t wanted)
{
    int64_t until = zclock_mono () + 10000;
    while (*count < wanted && zclock_mono () < until)
        zmq_poll (NULL, 0, 1);
    ck_assert_uint_eq (*count, wanted);
}

//  What is pushed now has been looked at once this returns.
static void
s_expect_taken (uint64_t number)
{
    uint64_t before = s.status.received;
    s_push (s_head (sizeof number), &number, sizeof number);
    ck_assert_uint_eq (s_number (s_body (1)), number);
    s_await (&s.status.received, before + 1);
}

//  ------------------------------------------------------------------------------------------------
//  Tests

START_TEST (batches_go_to_the_member_and_actor_that_they_are_for)
{
    batch_head_t head;
    bytes_t got;
    for (uint64_t number = 1; number <= 20; number++) {
        size_t size = number * 9973;
        node_id_t to = number % 3 ? OTHER : THIRD;
        s_stream (number % 2, to, number % 2, size, number);
        zmsg_t *message = s_arrived (s.others[to == THIRD], &head, &got);
        ck_assert (head.cluster == CLUSTER && head.from == SELF && head.to == to);
        ck_assert (head.actor == number % 2 && head.flags == 0 && head.size == size);
        buf_t same = s_made (size, number, true);
        ck_assert (bytes_equal (got, buf_bytes (&same)));
        buf_clear (&same);
        zmsg_destroy (&message);
    }
    ck_assert_uint_eq (s.status.sent, 20);
    ck_assert_uint_eq (s.status.bytes, 9973 * 210);
    ck_assert_uint_eq (s.status.wire_bytes, 9973 * 210);
    ck_assert_uint_eq (s.status.dropped, 0);
    ck_assert_uint_ge (s.status.granted_bytes, s.status.bytes);
}
END_TEST

START_TEST (what_arrives_goes_to_the_storage_actor)
{
    for (uint64_t number = 1; number <= 20; number++) {
        buf_t body = s_made (number * 40000, number, true);
        batch_head_t head = s_head (body.size);
        head.actor = number % 2;
        s_push (head, body.data, body.size);
        ck_assert (bytes_equal (s_body (number % 2), buf_bytes (&body)));
        buf_clear (&body);
    }
    ck_assert_uint_eq (s.status.received, 20);
    ck_assert_uint_eq (s.status.bytes_in, 40000 * 210);
    ck_assert_uint_eq (s.status.refused, 0);
}
END_TEST

START_TEST (what_is_not_for_here_is_refused_and_counted)
{
    batch_head_t heads[12];
    for (int at = 0; at < 12; at++)
        heads[at] = s_head (5);
    heads[0].cluster++;
    heads[1].to = OTHER;
    heads[2].from = 0x99; // No member
    heads[3].from = SELF;
    heads[4].actor = 2;
    heads[5].size = BATCH_MAX + 1;
    heads[6].size = UINT64_MAX;
    heads[7].size = 4; // Less than there is
    heads[8].size = 6; // Truncated
    heads[9].flags = BATCH_LZ4;
    heads[9].size = BATCH_MAX; // Not lz4
    heads[10].flags = BATCH_PLAIN;
    heads[11].cluster = 0;
    for (uint64_t at = 0; at < 12; at++) {
        s_push (heads[at], "bytes", 5);
        s_await (&s.status.refused, at + 1);
        s_expect_taken (at);
    }
    s_push (s_head (0), "", 0);
    s_await (&s.status.refused, 13);
    ck_assert_uint_eq (s.lines, 1); // The next one comes in ten seconds
}
END_TEST

START_TEST (junk_is_refused_and_counted)
{
    buf_t head = BUF_INIT;
    batch_head_t good = s_head (5);
    batch_encode (&good, &head);
    zsock_send (s.push, "s", "GET / HTTP/1.1");
    zsock_send (s.push, "b", head.data, head.size); // No body
    zsock_send (s.push, "ss", "ZP\1", "bytes");
    zsock_send (s.push, "ss", "", "");
    zsock_send (s.push, "bs", head.data, head.size - 1, "bytes");
    zsock_send (s.push, "bss", head.data, head.size, "bytes", "more");
    s_await (&s.status.refused, 6);
    for (int at = 0; at < 999; at++)
        zstr_sendm (s.push, "one of a thousand");
    zstr_send (s.push, "the last");
    s_await (&s.status.refused, 7);
    s_expect_taken (1);
    ck_assert_uint_eq (s.lines, 1);
    buf_clear (&head);
}
END_TEST

START_TEST (a_frame_larger_than_agreed_ends_its_connection_only)
{
    zsock_t *other = zsock_new (ZMQ_PUSH);
    buf_t body = s_made (BATCH_MAX + 1, 1, true);
    zsock_set_reconnect_ivl (other, -1);
    assert (zsock_connect (other, "%s", s.endpoint) == 0);
    buf_t head = BUF_INIT;
    batch_head_t huge = s_head (body.size);
    batch_encode (&huge, &head);
    zsock_send (other, "bb", head.data, head.size, body.data, body.size);
    for (uint64_t number = 0; number < 10; number++)
        s_expect_taken (number);
    ck_assert_uint_eq (s.status.received, 10);
    body.size = BATCH_MAX;
    s_push (s_head (body.size), body.data, body.size);
    ck_assert (bytes_equal (s_body (1), buf_bytes (&body)));
    zsock_destroy (&other);
    buf_clear (&body);
    buf_clear (&head);
}
END_TEST

START_TEST (without_a_view_nothing_is_taken_or_sent)
{
    s_push (s_head (5), "bytes", 5);
    s_await (&s.status.refused, 1);
    s_stream (0, OTHER, 0, 100, 1);
    s_await (&s.status.dropped, 1);
    s_publish (true);
    batch_head_t head;
    bytes_t body;
    for (uint64_t number = 2; s.status.sent == 0; number++) {
        s_stream (0, OTHER, 0, 100, number);
        while (s.status.dropped + s.status.sent < number)
            zmq_poll (NULL, 0, 1);
    }
    zmsg_t *message = s_arrived (s.others[0], &head, &body);
    zmsg_destroy (&message);
}
END_TEST

//  Streams as fast as it may for a while. Returns the bytes that arrived.
static uint64_t
s_run (uint64_t milliseconds)
{
    uint64_t until = actor_boot () + milliseconds, delivered = 0;
    zmq_pollitem_t items[] = { { zsock_resolve (s.others[0]), 0, ZMQ_POLLIN, 0 },
                               { zsock_resolve (stream_socket (s.streams[0])), 0, ZMQ_POLLIN, 0 },
                               { zsock_resolve (stream_socket (s.streams[1])), 0, ZMQ_POLLIN, 0 } };
    while (actor_boot () < until) {
        for (int actor = 0; actor < 2; actor++)
            if (stream_room (s.streams[actor])) {
                buf_t body = s_made (64000, 1, true);
                stream_send (s.streams[actor], OTHER, 0, &body);
            }
        zmq_poll (items, 3, 1);
        for (int actor = 0; actor < 2; actor++) {
            bytes_t body;
            bool granted;
            while (stream_receive (s.streams[actor], &body, &granted))
                ;
        }
        zmq_msg_t message;
        zmq_msg_init (&message);
        while (zmq_msg_recv (&message, items[0].socket, ZMQ_DONTWAIT) >= 0)
            delivered += zmq_msg_more (&message) ? 0 : zmq_msg_size (&message);
        zmq_msg_close (&message);
    }
    return delivered;
}

START_TEST (the_rate_is_kept_and_may_change_at_any_time)
{
    static const uint64_t rates[] = { 2 * MiB, 8 * MiB, MiB };
    uint64_t allowed = 0, delivered = 0, last = 0;
    for (size_t at = 0; at < 3; at++) {
        s.rate = rates[at];
        uint64_t began = actor_boot ();
        s_publish (true);
        delivered += s_run (400);
        //  The rate before may have held for a part of the time
        uint64_t larger = at && last > s.rate ? last : s.rate;
        allowed += larger * (actor_boot () - began + 1) / 1000;
        last = s.rate;
        //  It began full; without a limit, before the view was there, each had its share
        ck_assert_uint_le (delivered, allowed + 2 * HAUL_LEAST + 2 * HAUL_MOST);
        ck_assert_uint_le (s.status.granted_bytes, allowed + 2 * HAUL_LEAST + 2 * HAUL_MOST);
        ck_assert_uint_gt (delivered, 0);
    }
    ck_assert_uint_eq (s.status.dropped, 0);
    uint64_t before = s.status.bytes;
    s.rate = 0;
    s_publish (true);
    while (s.status.bytes < before + 8 * MiB) // A second of the largest
        s_run (20);
}
END_TEST

//  Streams to THIRD, which reads nothing, until so many batches were dropped.
static void
s_stuff (uint64_t dropped)
{
    for (uint64_t number = 0; s.status.dropped < dropped; number++)
        s_stream (0, THIRD, 0, 250000, number);
}

START_TEST (who_reads_nothing_takes_bounded_memory_and_holds_up_nobody)
{
    s_stuff (100);
    //  16 MiB of queue, and what the two systems' buffers hold
    uint64_t held = s.status.bytes;
    ck_assert_uint_ge (held, 15 * MiB);
    ck_assert_uint_le (held, (16 + 16) * MiB);
    s_stuff (200);
    ck_assert_uint_le (s.status.bytes, held + 4 * MiB);
    for (uint64_t number = 0; number < 10; number++) {
        batch_head_t head;
        bytes_t body;
        s_stream (1, OTHER, 1, 250000, number);
        zmsg_t *message = s_arrived (s.others[0], &head, &body);
        ck_assert_uint_eq (s_number (body), number);
        zmsg_destroy (&message);
    }
}
END_TEST

START_TEST (what_waits_for_a_member_that_is_gone_is_forgotten)
{
    s_stuff (10);
    uint64_t sent = s.status.sent, dropped = s.status.dropped;
    s_publish (false);
    //  From then on each is dropped at once
    while (s.status.dropped < dropped + 100)
        s_stream (0, THIRD, 0, 1000, 1);
    ck_assert_uint_le (s.status.sent, sent + 1000);
    s_publish (true); // It is back: the queue is empty
    sent = s.status.sent;
    while (s.status.sent < sent + 40)
        s_stream (0, THIRD, 0, 250000, 1);
}
END_TEST

START_TEST (storage_actors_that_are_slow_make_the_others_wait)
{
    buf_t body = s_made (100000, 0, true), head = BUF_INIT;
    batch_head_t good = s_head (body.size);
    batch_encode (&good, &head);
    zsock_set_sndhwm (s.push, 10);
    zsock_t *flood = zsock_new (ZMQ_PUSH);
    zsock_set_sndhwm (flood, 10);
    zsock_set_sndtimeo (flood, 500); // Longer than it takes when there is room
    assert (zsock_connect (flood, "%s", s.endpoint) == 0);
    uint64_t sent = 0;
    while (sent < 2000) {
        memcpy (body.data, &sent, sizeof sent);
        if (zsock_send (flood, "bb", head.data, head.size, body.data, body.size) != 0)
            break;
        sent++;
    }
    ck_assert_uint_lt (sent, 2000);
    ck_assert_uint_ge (s.status.bytes_in, 16 * MiB - body.size);
    ck_assert_uint_le (s.status.bytes_in, 16 * MiB + 64 * body.size);
    //  Nothing is lost
    for (uint64_t number = 0; number < sent; number++)
        ck_assert_uint_eq (s_number (s_body (1)), number);
    ck_assert_uint_eq (s.status.dropped, 0);
    zsock_destroy (&flood);
    buf_clear (&body);
    buf_clear (&head);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Compression

START_TEST (what_pays_is_compressed_and_comes_back)
{
    batch_head_t head;
    bytes_t got;
    buf_t body = s_made (100000, 5, false), same = s_made (100000, 5, false);
    s_await_room (0);
    stream_send (s.streams[0], OTHER, 1, &body);
    zmsg_t *message = s_arrived (s.others[0], &head, &got);
    ck_assert_uint_eq (head.size, 100000);
    ck_assert_uint_eq (head.flags, squeeze_built_in () ? BATCH_LZ4 : 0);
    ck_assert (squeeze_built_in () ? got.size < 50000 : got.size == 100000);
    ck_assert_uint_eq (s.status.wire_bytes, got.size);
    ck_assert_uint_eq (s.status.squeezed, squeeze_built_in ());
    head.from = OTHER;
    head.to = SELF;
    s_push (head, got.data, got.size);
    ck_assert (bytes_equal (s_body (1), buf_bytes (&same)));
    zmsg_destroy (&message);
    buf_clear (&same);
    s_stream (0, OTHER, 1, 100000, 6); // Where nothing is saved it stays as it is
    message = s_arrived (s.others[0], &head, &got);
    ck_assert (head.flags == 0 && got.size == 100000);
    zmsg_destroy (&message);
}
END_TEST

START_TEST (who_asks_for_it_gets_nothing_compressed)
{
    batch_head_t head = s_head (0);
    bytes_t got;
    head.flags = BATCH_PLAIN;
    head.actor = 0;
    s_push (head, "", 0);
    s_expect_taken (1);
    buf_t body = s_made (100000, 5, false);
    s_await_room (0);
    stream_send (s.streams[0], OTHER, 1, &body);
    zmsg_t *message = s_arrived (s.others[0], &head, &got);
    ck_assert (head.flags == 0 && got.size == 100000);
    zmsg_destroy (&message);
    ck_assert_uint_eq (s.status.refused, 0);
}
END_TEST

START_TEST (what_cannot_be_read_is_refused)
{
    buf_t body = s_made (1000, 1, true);
    batch_head_t head = s_head (BATCH_MAX), note;
    bytes_t got;
    head.flags = BATCH_LZ4;
    for (uint64_t at = 1; at <= 20; at++) {
        body.data[at] ^= 0x55;
        s_push (head, body.data, body.size);
        s_await (&s.status.refused, at);
    }
    if (!squeeze_built_in ()) { // The sender is told
        zmsg_t *message = s_arrived (s.others[0], &note, &got);
        ck_assert (note.flags == BATCH_PLAIN && note.to == OTHER && note.from == SELF && got.size == 0);
        zmsg_destroy (&message);
    }
    s_expect_taken (1);
    buf_clear (&body);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("rebalancer");
    TCase *tests = tcase_create ("batches");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_set_up, s_tear_down);
    tcase_add_test (tests, batches_go_to_the_member_and_actor_that_they_are_for);
    tcase_add_test (tests, what_arrives_goes_to_the_storage_actor);
    tcase_add_test (tests, what_is_not_for_here_is_refused_and_counted);
    tcase_add_test (tests, junk_is_refused_and_counted);
    tcase_add_test (tests, a_frame_larger_than_agreed_ends_its_connection_only);
    tcase_add_test (tests, the_rate_is_kept_and_may_change_at_any_time);
    tcase_add_test (tests, who_reads_nothing_takes_bounded_memory_and_holds_up_nobody);
    tcase_add_test (tests, what_waits_for_a_member_that_is_gone_is_forgotten);
    tcase_add_test (tests, storage_actors_that_are_slow_make_the_others_wait);
    suite_add_tcase (suite, tests);
    tests = tcase_create ("early");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_set_up_early, s_tear_down);
    tcase_add_test (tests, without_a_view_nothing_is_taken_or_sent);
    suite_add_tcase (suite, tests);
    tests = tcase_create ("compression");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_set_up_squeezing, s_tear_down);
    tcase_add_test (tests, what_pays_is_compressed_and_comes_back);
    tcase_add_test (tests, who_asks_for_it_gets_nothing_compressed);
    tcase_add_test (tests, what_cannot_be_read_is_refused);
    suite_add_tcase (suite, tests);
    return suite;
}

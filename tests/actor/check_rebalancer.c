//  check_rebalancer: one rebalancer in a cluster that the test plays (carrier.h).
//  SPDX-License-Identifier: MPL-2.0
#include "actors/squeeze.h"
#include "carrier.h"
#include "lib/test.h"

#define MiB (1024u * 1024)

static void
s_set_up_early (void)
{
    carrier_set_up (SQUEEZE_NEVER);
}

//  The view is sent before anything else, and read first.
static void
s_set_up (void)
{
    carrier_set_up (SQUEEZE_NEVER);
    carrier_publish (true);
}

static void
s_set_up_squeezing (void)
{
    carrier_set_up (SQUEEZE_ALWAYS);
    carrier_publish (true);
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
        carrier_stream (number % 2, to, number % 2, size, number);
        zmsg_t *message = carrier_arrived (carrier.others[to == THIRD], &head, &got);
        ck_assert (head.cluster == CLUSTER && head.from == SELF && head.to == to);
        ck_assert (head.actor == number % 2 && head.flags == 0 && head.size == size);
        buf_t same = carrier_made (size, number, true);
        ck_assert (bytes_equal (got, buf_bytes (&same)));
        buf_clear (&same);
        zmsg_destroy (&message);
    }
    carrier_await (&carrier.status.sent, 20);
    ck_assert_uint_eq (carrier.status.bytes, 9973 * 210);
    ck_assert_uint_eq (carrier.status.wire_bytes, 9973 * 210);
    ck_assert_uint_eq (carrier.status.dropped, 0);
    ck_assert_uint_ge (carrier.status.granted_bytes, carrier.status.bytes);
}
END_TEST

START_TEST (what_arrives_goes_to_the_storage_actor)
{
    for (uint64_t number = 1; number <= 20; number++) {
        buf_t body = carrier_made (number * 40000, number, true);
        batch_head_t head = carrier_head (body.size);
        head.actor = number % 2;
        carrier_push (head, body.data, body.size);
        ck_assert (bytes_equal (carrier_body (number % 2), buf_bytes (&body)));
        buf_clear (&body);
    }
    carrier_await (&carrier.status.received, 20);
    ck_assert_uint_eq (carrier.status.bytes_in, 40000 * 210);
    ck_assert_uint_eq (carrier.status.refused, 0);
}
END_TEST

START_TEST (what_is_not_for_here_is_refused_and_counted)
{
    batch_head_t heads[12];
    for (int at = 0; at < 12; at++)
        heads[at] = carrier_head (5);
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
        carrier_push (heads[at], "bytes", 5);
        carrier_await (&carrier.status.refused, at + 1);
        carrier_expect_taken (at);
    }
    carrier_push (carrier_head (0), "", 0);
    carrier_await (&carrier.status.refused, 13);
    ck_assert_uint_eq (carrier.lines, 1); // The next one comes in ten seconds
}
END_TEST

START_TEST (junk_is_refused_and_counted)
{
    buf_t head = BUF_INIT;
    batch_head_t good = carrier_head (5);
    batch_encode (&good, &head);
    zsock_send (carrier.push, "s", "GET / HTTP/1.1");
    zsock_send (carrier.push, "b", head.data, head.size); // No body
    zsock_send (carrier.push, "ss", "ZP\1", "bytes");
    zsock_send (carrier.push, "ss", "", "");
    zsock_send (carrier.push, "bs", head.data, head.size - 1, "bytes");
    zsock_send (carrier.push, "bss", head.data, head.size, "bytes", "more");
    carrier_await (&carrier.status.refused, 6);
    for (int at = 0; at < 999; at++)
        zstr_sendm (carrier.push, "one of a thousand");
    zstr_send (carrier.push, "the last");
    carrier_await (&carrier.status.refused, 7);
    carrier_expect_taken (1);
    ck_assert_uint_eq (carrier.lines, 1);
    buf_clear (&head);
}
END_TEST

START_TEST (a_frame_larger_than_agreed_ends_its_connection_only)
{
    zsock_t *other = zsock_new (ZMQ_PUSH);
    buf_t body = carrier_made (BATCH_MAX + 1, 1, true);
    zsock_set_reconnect_ivl (other, -1);
    assert (zsock_connect (other, "%s", carrier.endpoint) == 0);
    buf_t head = BUF_INIT;
    batch_head_t huge = carrier_head (body.size);
    batch_encode (&huge, &head);
    zsock_send (other, "bb", head.data, head.size, body.data, body.size);
    for (uint64_t number = 0; number < 10; number++)
        carrier_expect_taken (number);
    ck_assert_uint_eq (carrier.status.received, 10);
    body.size = BATCH_MAX;
    carrier_push (carrier_head (body.size), body.data, body.size);
    ck_assert (bytes_equal (carrier_body (1), buf_bytes (&body)));
    zsock_destroy (&other);
    buf_clear (&body);
    buf_clear (&head);
}
END_TEST

START_TEST (without_a_view_nothing_is_taken_or_sent)
{
    carrier_push (carrier_head (5), "bytes", 5);
    carrier_await (&carrier.status.refused, 1);
    carrier_stream (0, OTHER, 0, 100, 1);
    carrier_await (&carrier.status.dropped, 1);
    carrier_publish (true);
    batch_head_t head;
    bytes_t body;
    for (uint64_t number = 2; carrier.status.sent == 0; number++) {
        carrier_stream (0, OTHER, 0, 100, number);
        while (carrier.status.dropped + carrier.status.sent < number)
            zmq_poll (NULL, 0, 1);
    }
    zmsg_t *message = carrier_arrived (carrier.others[0], &head, &body);
    zmsg_destroy (&message);
}
END_TEST

//  Streams as fast as it may for a while. Returns the bytes that arrived.
static uint64_t
s_run (uint64_t milliseconds)
{
    uint64_t until = actor_boot () + milliseconds, delivered = 0;
    zmq_pollitem_t items[] = { { zsock_resolve (carrier.others[0]), 0, ZMQ_POLLIN, 0 },
                               { zsock_resolve (stream_socket (carrier.streams[0])), 0, ZMQ_POLLIN, 0 },
                               { zsock_resolve (stream_socket (carrier.streams[1])), 0, ZMQ_POLLIN, 0 } };
    while (actor_boot () < until) {
        for (int actor = 0; actor < 2; actor++)
            if (stream_room (carrier.streams[actor])) {
                buf_t body = carrier_made (64000, 1, true);
                stream_send (carrier.streams[actor], OTHER, 0, &body);
            }
        zmq_poll (items, 3, 1);
        for (int actor = 0; actor < 2; actor++) {
            bytes_t body;
            bool granted;
            while (stream_receive (carrier.streams[actor], &body, &granted))
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
        carrier.rate = rates[at];
        uint64_t began = actor_boot ();
        carrier_publish (true);
        delivered += s_run (400);
        //  The rate before may have held for a part of the time
        uint64_t larger = at && last > carrier.rate ? last : carrier.rate;
        allowed += larger * (actor_boot () - began + 1) / 1000;
        last = carrier.rate;
        //  It began full; without a limit, before the view was there, each had its share
        ck_assert_uint_le (delivered, allowed + 2 * HAUL_LEAST + 2 * HAUL_MOST);
        ck_assert_uint_le (carrier.status.granted_bytes, allowed + 2 * HAUL_LEAST + 2 * HAUL_MOST);
        ck_assert_uint_gt (delivered, 0);
    }
    ck_assert_uint_eq (carrier.status.dropped, 0);
    uint64_t before = carrier.status.bytes;
    carrier.rate = 0;
    carrier_publish (true);
    while (carrier.status.bytes < before + 8 * MiB) // A second of the largest
        s_run (20);
}
END_TEST

//  Streams to THIRD, which reads nothing, until so many batches were dropped.
static void
s_stuff (uint64_t dropped)
{
    for (uint64_t number = 0; carrier.status.dropped < dropped; number++)
        carrier_stream (0, THIRD, 0, 250000, number);
}

START_TEST (who_reads_nothing_takes_bounded_memory_and_holds_up_nobody)
{
    s_stuff (100);
    //  16 MiB of queue, and what the two systems' buffers hold
    uint64_t held = carrier.status.bytes;
    ck_assert_uint_ge (held, 15 * MiB);
    ck_assert_uint_le (held, (16 + 16) * MiB);
    s_stuff (200);
    ck_assert_uint_le (carrier.status.bytes, held + 4 * MiB);
    for (uint64_t number = 0; number < 10; number++) {
        batch_head_t head;
        bytes_t body;
        carrier_stream (1, OTHER, 1, 250000, number);
        zmsg_t *message = carrier_arrived (carrier.others[0], &head, &body);
        ck_assert_uint_eq (carrier_number (body), number);
        zmsg_destroy (&message);
    }
}
END_TEST

START_TEST (what_waits_for_a_member_that_is_gone_is_forgotten)
{
    s_stuff (10);
    uint64_t sent = carrier.status.sent, dropped = carrier.status.dropped;
    carrier_publish (false);
    //  From then on each is dropped at once
    while (carrier.status.dropped < dropped + 100)
        carrier_stream (0, THIRD, 0, 1000, 1);
    ck_assert_uint_le (carrier.status.sent, sent + 1000);
    carrier_publish (true); // It is back: the queue is empty
    sent = carrier.status.sent;
    while (carrier.status.sent < sent + 40)
        carrier_stream (0, THIRD, 0, 250000, 1);
}
END_TEST

START_TEST (storage_actors_that_are_slow_make_the_others_wait)
{
    buf_t body = carrier_made (100000, 0, true), head = BUF_INIT;
    batch_head_t good = carrier_head (body.size);
    batch_encode (&good, &head);
    zsock_set_sndhwm (carrier.push, 10);
    zsock_t *flood = zsock_new (ZMQ_PUSH);
    zsock_set_sndhwm (flood, 10);
    zsock_set_sndtimeo (flood, 500); // Longer than it takes when there is room
    assert (zsock_connect (flood, "%s", carrier.endpoint) == 0);
    uint64_t sent = 0;
    while (sent < 2000) {
        memcpy (body.data, &sent, sizeof sent);
        if (zsock_send (flood, "bb", head.data, head.size, body.data, body.size) != 0)
            break;
        sent++;
    }
    ck_assert_uint_lt (sent, 2000);
    ck_assert_uint_ge (carrier.status.bytes_in, 16 * MiB - body.size);
    ck_assert_uint_le (carrier.status.bytes_in, 16 * MiB + 64 * body.size);
    //  Nothing is lost
    for (uint64_t number = 0; number < sent; number++)
        ck_assert_uint_eq (carrier_number (carrier_body (1)), number);
    ck_assert_uint_eq (carrier.status.dropped, 0);
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
    buf_t body = carrier_made (100000, 5, false), same = carrier_made (100000, 5, false);
    carrier_await_room (0);
    stream_send (carrier.streams[0], OTHER, 1, &body);
    zmsg_t *message = carrier_arrived (carrier.others[0], &head, &got);
    ck_assert_uint_eq (head.size, 100000);
    ck_assert_uint_eq (head.flags, squeeze_built_in () ? BATCH_LZ4 : 0);
    ck_assert (squeeze_built_in () ? got.size < 50000 : got.size == 100000);
    carrier_await (&carrier.status.sent, 1);
    ck_assert_uint_eq (carrier.status.wire_bytes, got.size);
    ck_assert_uint_eq (carrier.status.squeezed, squeeze_built_in ());
    head.from = OTHER;
    head.to = SELF;
    carrier_push (head, got.data, got.size);
    ck_assert (bytes_equal (carrier_body (1), buf_bytes (&same)));
    zmsg_destroy (&message);
    buf_clear (&same);
    carrier_stream (0, OTHER, 1, 100000, 6); // Where nothing is saved it stays as it is
    message = carrier_arrived (carrier.others[0], &head, &got);
    ck_assert (head.flags == 0 && got.size == 100000);
    zmsg_destroy (&message);
}
END_TEST

START_TEST (who_asks_for_it_gets_nothing_compressed)
{
    batch_head_t head = carrier_head (0);
    bytes_t got;
    head.flags = BATCH_PLAIN;
    head.actor = 0;
    carrier_push (head, "", 0);
    carrier_expect_taken (1);
    buf_t body = carrier_made (100000, 5, false);
    carrier_await_room (0);
    stream_send (carrier.streams[0], OTHER, 1, &body);
    zmsg_t *message = carrier_arrived (carrier.others[0], &head, &got);
    ck_assert (head.flags == 0 && got.size == 100000);
    zmsg_destroy (&message);
    ck_assert_uint_eq (carrier.status.refused, 0);
}
END_TEST

START_TEST (what_cannot_be_read_is_refused)
{
    buf_t body = carrier_made (1000, 1, true);
    batch_head_t head = carrier_head (BATCH_MAX), note;
    bytes_t got;
    head.flags = BATCH_LZ4;
    for (uint64_t at = 1; at <= 20; at++) {
        body.data[at] ^= 0x55;
        carrier_push (head, body.data, body.size);
        carrier_await (&carrier.status.refused, at);
    }
    if (!squeeze_built_in ()) { // The sender is told
        zmsg_t *message = carrier_arrived (carrier.others[0], &note, &got);
        ck_assert (note.flags == BATCH_PLAIN && note.to == OTHER && note.from == SELF && got.size == 0);
        zmsg_destroy (&message);
    }
    carrier_expect_taken (1);
    buf_clear (&body);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("rebalancer");
    TCase *tests = tcase_create ("batches");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_set_up, carrier_tear_down);
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
    tcase_add_checked_fixture (tests, s_set_up_early, carrier_tear_down);
    tcase_add_test (tests, without_a_view_nothing_is_taken_or_sent);
    suite_add_tcase (suite, tests);
    tests = tcase_create ("compression");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_set_up_squeezing, carrier_tear_down);
    tcase_add_test (tests, what_pays_is_compressed_and_comes_back);
    tcase_add_test (tests, who_asks_for_it_gets_nothing_compressed);
    tcase_add_test (tests, what_cannot_be_read_is_refused);
    suite_add_tcase (suite, tests);
    return suite;
}

//  check_forward_sessions: under which session and id records are forwarded, what concerns all
//  partitions, what others answer, and whatever else may come: junk, no memory, everything at once.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/net.h"
#include "mem.h"
#include "status.h"

//  The options of the first record in the last body.
static options_t
s_sent_options (request_t *request)
{
    mp_t reader;
    options_t options;
    const char *why;
    ck_assert (wire_open (buf_bytes (&net->last), &reader));
    ck_assert (wire_next_request (&reader, request) == WIRE_RECORD);
    ck_assert (options_decode (request->options, &options, &why));
    return options;
}

//  ------------------------------------------------------------------------------------------------
//  Sessions

START_TEST (writes_run_under_a_session_of_the_partition)
{
    request_t request;
    net_ask (1, OP_INCR, 3, 1);
    owners_run (net);
    options_t options = s_sent_options (&request);
    ck_assert (options.given & OPT_session);
    ck_assert_uint_eq (options.ack, request.id);
    ck_assert_uint_gt (options.deadline, 0);
    net_ask (2, OP_INCR, 3, 1);
    owners_run (net);
    ck_assert_uint_eq (net->sessions, 1);
    net_ask (3, OP_INCR, 4, 1);
    owners_run (net);
    ck_assert_uint_eq (net->sessions, 2);
    net_ask (4, OP_GET, 5, 0);
    owners_run (net);
    options = s_sent_options (&request);
    ck_assert_uint_eq (options.given & OPT_session, 0);
    ck_assert_uint_eq (net->sessions, 2);
}
END_TEST

START_TEST (a_new_era_has_new_sessions_and_what_is_in_flight_keeps_its_own)
{
    net->lose_requests = 1;
    net_ask (1, OP_INCR, 3, 1);
    owners_run (net);
    net->era = 2;
    owners_publish (net);
    owners_pass (net, 600);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (net->sessions, 1);
    net_ask (2, OP_INCR, 3, 1);
    owners_run (net);
    ck_assert_uint_eq (net->sessions, 2);
}
END_TEST

START_TEST (acknowledged_is_what_was_answered_and_no_more)
{
    request_t request;
    net->lose_replies = 1;
    net_ask (1, OP_INCR, 3, 1);
    owners_run (net);
    s_sent_options (&request);
    uint64_t first = request.id;
    owners_ask (net, "bob", 2, OP_INCR, 3, 1, NULL);
    owners_run (net);
    options_t options = s_sent_options (&request);
    ck_assert_uint_eq (options.ack, first);
    ck_assert_uint_gt (request.id, first);
    owners_pass (net, 1000);
    net_answered ("ann", 1, ZGRID_OK, 1);
    owners_ask (net, "bob", 3, OP_INCR, 3, 1, NULL);
    owners_run (net);
    options = s_sent_options (&request);
    ck_assert_uint_eq (options.ack, request.id);
    net_answered ("bob", 3, ZGRID_OK, 3);
}
END_TEST

START_TEST (without_a_session_no_write_goes_out)
{
    net->no_sessions = true;
    net_ask (1, OP_INCR, 3, 1);
    net_ask (2, OP_GET, 4, 0);
    owners_pass (net, 1000);
    net_answered ("ann", 2, ZGRID_OK, 0);
    ck_assert_ptr_null (owners_answer (net, "ann", 1));
    net->no_sessions = false;
    owners_pass (net, 300);
    net_answered ("ann", 1, ZGRID_OK, 1);
}
END_TEST

static const uint8_t s_hers[SESSION_SIZE] = "session of ann 1", s_his[SESSION_SIZE] = "session of bob 2";

static void
s_ask_with (const char *route, const uint8_t *session, uint64_t id, uint64_t ack)
{
    options_t options = { .given = OPT_session | OPT_ack, .ack = ack };
    options.session = value_bytes (bytes_of (session, SESSION_SIZE));
    owners_ask (net, route, id, OP_INCR, 3, 1, &options);
}

START_TEST (a_clients_session_and_id_are_kept)
{
    net->lose_replies = 1;
    s_ask_with ("ann", s_hers, 5, 4);
    s_ask_with ("bob", s_his, 5, 2);
    owners_pass (net, 2000);
    net_answered ("ann", 5, ZGRID_OK, 1);
    net_answered ("bob", 5, ZGRID_OK, 2);
    ck_assert_uint_eq (net->run_count, 2);
    for (uint32_t at = 0; at < 2; at++) {
        ck_assert_uint_eq (net->runs[at].id, 5);
        ck_assert_mem_eq (net->runs[at].session, at ? s_his : s_hers, SESSION_SIZE);
    }
    ck_assert_uint_eq (net->sessions, 0);
    //  Asked again, perhaps on another connection: the same request
    s_ask_with ("ann2", s_hers, 5, 4);
    owners_run (net);
    net_answered ("ann2", 5, ZGRID_OK, 1);
    ck_assert_uint_eq (net->run_count, 2);
    net_all_gone ();
}
END_TEST

START_TEST (with_holds_for_the_records_after_it)
{
    buf_t body = BUF_INIT;
    bytes_t key = owners_key (3), other = owners_key (4);
    options_t with = { .given = OPT_session | OPT_ack | OPT_deadline, .ack = 7, .deadline = 100 };
    with.session = value_bytes (bytes_of (s_hers, SESSION_SIZE));
    wire_begin (&body);
    wire_request (&body, 8, OP_INCR, bytes_str ("map"), &key, NULL, NULL);
    wire_request (&body, 1, OP_WITH, bytes_of (NULL, 0), NULL, NULL, &with);
    wire_request (&body, 9, OP_INCR, bytes_str ("map"), &other, NULL, NULL);
    owners_say (net, "ann", false, &body);
    owners_run (net);
    ck_assert_uint_eq (net->answer_count, 2);
    bool kept = net->runs[0].id == 9 || net->runs[1].id == 9;
    ck_assert (kept);
    ck_assert_uint_eq (net->sessions, 1);
    net->full = true; // Its deadline holds as well
    owners_say (net, "bob", false, &body);
    owners_pass (net, 103); // And replies wait for others
    net_answered ("bob", 9, ZGRID_TIMEOUT, 0);
    ck_assert_ptr_null (owners_answer (net, "bob", 8));
    buf_clear (&body);
}
END_TEST

START_TEST (what_a_clients_session_deserves_is_passed_on)
{
    net->refuse = ZGRID_SESSION_EXPIRED;
    net->refuse_count = 1;
    s_ask_with ("ann", s_hers, 5, 4);
    owners_run (net);
    net_answered ("ann", 5, ZGRID_SESSION_EXPIRED, 0);
    net->refuse = ZGRID_STALE_REQUEST;
    net->refuse_count = 1;
    s_ask_with ("ann", s_hers, 6, 4);
    owners_run (net);
    net_answered ("ann", 6, ZGRID_STALE_REQUEST, 0);
    options_t options = { .given = OPT_session, .session = value_bytes (bytes_str ("short")) };
    owners_ask (net, "ann", 7, OP_INCR, 3, 1, &options);
    net_answered ("ann", 7, ZGRID_MALFORMED, 0);
}
END_TEST

START_TEST (an_expired_session_of_our_own_is_replaced)
{
    net->refuse = ZGRID_SESSION_EXPIRED;
    net->refuse_count = 1;
    net_ask (1, OP_INCR, 3, 1);
    owners_pass (net, 100);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (net->sessions, 2);
    net_all_gone ();
}
END_TEST

START_TEST (options_and_values_arrive_as_they_were_sent)
{
    request_t request;
    bytes_t key = owners_key (3), large = bytes_str ("a value that was attached");
    buf_t body = BUF_INIT;
    value_t attached = { .kind = VALUE_ATTACHED, .integer = 0 };
    options_t options = {
        .given = OPT_px | OPT_nx | OPT_attach | OPT_deadline, .time = 77, .attach = 5, .deadline = 900
    };
    const char *why;
    wire_request (&body, 4, OP_PUT, bytes_str ("map"), &key, &attached, &options);
    mp_t reader = mp_of (buf_bytes (&body));
    ck_assert (wire_next_request (&reader, &request) == WIRE_RECORD);
    ck_assert (options_decode (request.options, &options, &why));
    group_t *group = forward_open (net->forward, bytes_str ("ann"), NULL, 0);
    forward_record (net->forward, group, &request, &options, &large, 1, net->now);
    forward_close (net->forward, group, net->now);
    owners_run (net);
    options_t sent = s_sent_options (&request);
    ck_assert_uint_eq (sent.given, OPT_px | OPT_nx | OPT_deadline | OPT_session | OPT_ack);
    ck_assert_uint_eq (sent.time, 77);
    ck_assert_uint_eq (sent.deadline, 900);
    ck_assert (request.value.kind == VALUE_BYTES && bytes_equal (request.value.bytes, large));
    ck_assert (bytes_equal (request.key, key) && bytes_equal (request.map, bytes_str ("map")));
    buf_clear (&body);
}
END_TEST

START_TEST (what_was_forwarded_once_is_not_forwarded_again)
{
    options_t options = { .given = OPT_fwd };
    owners_ask (net, "ann", 1, OP_GET, 1, 0, &options); // Of member 1
    owners_ask (net, "ann", 2, OP_GET, 3, 0, &options); // Of this one
    owners_run (net);
    net_answered ("ann", 1, ZGRID_MOVED, 0);
    ck_assert_str_eq (owners_answer (net, "ann", 1)->owner, "tcp://host1:5001");
    net_answered ("ann", 2, ZGRID_OK, 0);
    net->owner[3] = owners_id (1);
    owners_ask (net, "ann", 3, OP_GET, 3, 0, &options);
    owners_run (net);
    net_answered ("ann", 3, ZGRID_MOVED, 0);
    net_all_gone ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  All partitions

START_TEST (sums_over_all_partitions)
{
    for (uint32_t partition = 0; partition < OWNERS_PARTITIONS; partition++)
        net->numbers[partition] = 10 + partition;
    net->lose_replies = 1;
    net_ask (1, OP_SIZE, 0, 0);
    owners_pass (net, 600);
    net_answered ("ann", 1, ZGRID_OK, 80 + 28);
    net_ask (2, OP_DESTROY, 0, 0);
    owners_run (net);
    net_answered ("ann", 2, ZGRID_OK, 80 + 28);
    net_ask (3, OP_SIZE, 0, 0);
    owners_run (net);
    net_answered ("ann", 3, ZGRID_OK, 0);
    net_all_gone ();
}
END_TEST

START_TEST (partitions_that_do_not_answer_are_named)
{
    for (uint32_t partition = 0; partition < OWNERS_PARTITIONS; partition++)
        net->numbers[partition] = 1;
    net->dead[2] = true; // Partitions 2 and 5
    net_ask (1, OP_SIZE, 0, 0);
    owners_pass (net, 5000);
    net_answered ("ann", 1, ZGRID_PARTIAL, 6);
    ck_assert_uint_eq (owners_answer (net, "ann", 1)->missed, 2);
    net_all_gone ();
}
END_TEST

START_TEST (a_destroy_under_a_clients_session_runs_once_per_partition)
{
    options_t options = { .given = OPT_session | OPT_ack, .ack = 1 };
    options.session = value_bytes (bytes_of (s_hers, SESSION_SIZE));
    owners_ask (net, "ann", 4, OP_DESTROY, 0, 0, &options);
    owners_run (net);
    ck_assert_uint_eq (net->run_count, OWNERS_PARTITIONS);
    owners_ask (net, "ann", 4, OP_DESTROY, 0, 0, &options);
    owners_run (net);
    ck_assert_uint_eq (net->answer_count, 2);
    ck_assert_uint_eq (net->run_count, OWNERS_PARTITIONS);
}
END_TEST

START_TEST (a_scan_goes_through_all_partitions_and_skips_empty_ones)
{
    net->numbers[2] = 1;
    net->numbers[7] = 1;
    options_t options = { .given = OPT_cursor, .cursor = 0 };
    owners_ask (net, "ann", 1, OP_SCAN, 0, 0, &options);
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 0);
    options.cursor = owners_answer (net, "ann", 1)->cursor;
    ck_assert_uint_eq (options.cursor, UINT64_C (4) << 33);
    owners_ask (net, "ann", 2, OP_SCAN, 0, 0, &options);
    owners_run (net);
    net_answered ("ann", 2, ZGRID_OK, 0);
    ck_assert_uint_eq (owners_answer (net, "ann", 2)->cursor, 0);
    options.cursor = (uint64_t) (OWNERS_PARTITIONS + 1) << 33;
    owners_ask (net, "ann", 3, OP_SCAN, 0, 0, &options);
    net_answered ("ann", 3, ZGRID_MALFORMED, 0);
    net_all_gone ();
}
END_TEST

START_TEST (a_scan_that_began_at_a_node_alone_goes_on_in_its_order)
{
    for (uint32_t partition = 0; partition < OWNERS_PARTITIONS; partition++)
        net->numbers[partition] = 1;
    //  Three storage actors: 0 3 6, 1 4 7, 2 5. It stands at 6
    static const uint32_t s_rest[] = { 6, 1, 4, 7, 2, 5 };
    options_t options = { .given = OPT_cursor };
    options.cursor = UINT64_C (7) << 33 | UINT64_C (3) << 48;
    for (uint32_t at = 0; at < 6; at++) {
        ck_assert_uint_eq (options.cursor >> 33 & 0x7fff, s_rest[at] + 1);
        owners_ask (net, "ann", at + 1, OP_SCAN, 0, 0, &options);
        owners_run (net);
        net_answered ("ann", at + 1, ZGRID_OK, 0);
        options.cursor = owners_answer (net, "ann", at + 1)->cursor;
    }
    ck_assert_uint_eq (options.cursor, 0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Others, junk, memory

START_TEST (what_others_answer_is_passed_on_or_too_late)
{
    buf_t reply = BUF_INIT;
    group_t *group = forward_open (net->forward, bytes_str ("ann"), NULL, 0);
    uint64_t one = forward_outside (net->forward, group, 7, 1000, false, net->now);
    uint64_t two = forward_outside (net->forward, group, 8, 1000, false, net->now);
    uint64_t three = forward_outside (net->forward, group, 9, 1000, true, net->now);
    ck_assert (one && two && three && one != two);
    forward_close (net->forward, group, net->now);
    wire_reply (&reply, 99, ZGRID_OK, value_int (5), 0, NULL);
    forward_give (net->forward, one, buf_bytes (&reply), net->now);
    forward_give (net->forward, one, buf_bytes (&reply), net->now);
    forward_give (net->forward, 12345, buf_bytes (&reply), net->now);
    owners_pass (net, 1000);
    net_answered ("ann", 7, ZGRID_OK, 5);
    net_answered ("ann", 8, ZGRID_TIMEOUT, 0);
    net_answered ("ann", 9, ZGRID_MAYBE, 0);
    ck_assert_uint_eq (net->answer_count, 3);
    forward_give (net->forward, two, buf_bytes (&reply), net->now);
    ck_assert_uint_eq (forward_stats (net->forward)->late, 3);
    buf_clear (&reply);
    net_all_gone ();
}
END_TEST

START_TEST (junk_changes_nothing)
{
    buf_t body = BUF_INIT;
    net->hold = true;
    net_ask (1, OP_INCR, 3, 1);
    owners_run (net);
    forward_receive (net->forward, 0, bytes_of (NULL, 0), net->now);
    forward_receive (net->forward, 0, bytes_str ("ZG\1\x95\x01"), net->now);
    forward_receive (net->forward, 0, bytes_str ("nonsense"), net->now);
    wire_begin (&body);
    for (uint64_t id = 0; id < 20; id++)
        wire_reply_error (&body, id, 999, NULL);
    forward_receive (net->forward, 17, buf_bytes (&body), net->now); // Another mark
    ck_assert_uint_eq (net->answer_count, 0);
    ck_assert_uint_eq (forward_stats (net->forward)->broken, 3);
    net->hold = false;
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 1);
    buf_clear (&body);
}
END_TEST

START_TEST (without_memory_records_are_refused_or_wait)
{
    for (uint64_t countdown = 1; countdown < 60; countdown++) {
        net_tear_down ();
        net_set_up ();
        mem_fail_at (countdown);
        net_ask (1, OP_INCR, 3, 1);
        net_ask (2, OP_SIZE, 0, 0);
        forward_turn (net->forward, net->now);
        mem_fail_at (0);
        owners_pass (net, 6000);
        ck_assert_uint_le (net->answer_count, 2);
        ck_assert_uint_le (net->run_count, 1 + OWNERS_PARTITIONS);
        net_all_gone ();
    }
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Everything at once

#define S_CLIENTS 4
#define S_ROUNDS 1500

static uint64_t s_seed;

static uint32_t
s_roll (uint32_t sides)
{
    s_seed = s_seed * UINT64_C (6364136223846793005) + 1442695040888963407;
    return (uint32_t) (s_seed >> 33) % sides;
}

static void
s_trouble (void)
{
    static const unsigned s_refusals[] = { ZGRID_TRYAGAIN, ZGRID_BUSY, ZGRID_UNAVAILABLE };
    uint32_t partition = s_roll (OWNERS_PARTITIONS);
    switch (s_roll (12)) {
        case 0:
            net->lose_requests += s_roll (3);
            break;
        case 1:
            net->lose_replies += s_roll (3);
            break;
        case 2:
            net->refuse = s_refusals[s_roll (3)];
            net->refuse_count = s_roll (5);
            net->refuse_partition = s_roll (2) ? partition : OWNERS_ANY;
            break;
        case 3: // The owner changes, and this node hears of it later
            net->owner[partition] = owners_id (s_roll (OWNERS_MEMBERS));
            break;
        case 4:
            for (uint32_t at = 0; at < OWNERS_PARTITIONS; at++)
                net->listed[at] = net->owner[at];
            net->era += s_roll (2);
            owners_publish (net);
            break;
        case 5:
            net->full = !net->full && s_roll (3) == 0;
            break;
        default:
            break;
    }
}

//  Each client's PUTs of a partition bear growing numbers: what was executed grows, too, and each once.
static void
s_check_runs (void)
{
    static int64_t s_last[S_CLIENTS][OWNERS_PARTITIONS];
    memset (s_last, 0, sizeof s_last);
    for (uint32_t at = 0; at < net->run_count; at++) {
        const run_t *run = &net->runs[at];
        if (run->op != OP_PUT)
            continue;
        int64_t *last = &s_last[run->value % S_CLIENTS][run->partition];
        ck_assert_int_gt (run->value, *last);
        *last = run->value;
    }
}

static void
s_soak (uint64_t seed)
{
    static const char *const s_routes[S_CLIENTS] = { "c0", "c1", "c2", "c3" };
    options_t options = { .given = OPT_deadline, .deadline = 60000 };
    uint64_t asked = 0, puts = 0;
    s_seed = seed;
    for (uint32_t round = 0; round < S_ROUNDS; round++) {
        s_trouble ();
        uint32_t client = s_roll (S_CLIENTS), partition = s_roll (OWNERS_PARTITIONS);
        bool write = s_roll (2);
        asked++;
        puts += write;
        owners_ask (net, s_routes[client], asked, write ? OP_PUT : OP_GET, partition,
                    write ? (int64_t) (asked * S_CLIENTS + client) : 0, &options);
        owners_pass (net, s_roll (30));
    }
    net->full = false;
    net->lose_requests = net->lose_replies = net->refuse_count = 0;
    owners_pass (net, 60000);
    uint32_t ok = 0, refused = 0;
    for (uint32_t at = 0; at < net->answer_count; at++) {
        ok += net->answers[at].status == ZGRID_OK;
        refused += net->answers[at].status == ZGRID_UNAVAILABLE;
    }
    ck_assert_uint_eq (net->answer_count, asked);
    ck_assert_uint_eq (ok + refused, asked); // Nobody was in doubt: there was time
    ck_assert_uint_gt (ok, asked - asked / 10);
    uint32_t put_runs = 0;
    for (uint32_t at = 0; at < net->run_count; at++)
        put_runs += net->runs[at].op == OP_PUT;
    ck_assert_uint_le (put_runs, puts);
    s_check_runs ();
    net_all_gone ();
}

START_TEST (whatever_happens_each_record_is_answered_once_and_run_once_in_order)
{
    const char *given = getenv ("ZGRID_SEED");
    s_soak (given ? strtoull (given, NULL, 10) : (uint64_t) _i + 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("forward_sessions");
    TCase *sessions = tcase_create ("sessions");
    tcase_add_checked_fixture (sessions, net_set_up, net_tear_down);
    tcase_add_test (sessions, writes_run_under_a_session_of_the_partition);
    tcase_add_test (sessions, a_new_era_has_new_sessions_and_what_is_in_flight_keeps_its_own);
    tcase_add_test (sessions, acknowledged_is_what_was_answered_and_no_more);
    tcase_add_test (sessions, without_a_session_no_write_goes_out);
    tcase_add_test (sessions, a_clients_session_and_id_are_kept);
    tcase_add_test (sessions, with_holds_for_the_records_after_it);
    tcase_add_test (sessions, what_a_clients_session_deserves_is_passed_on);
    tcase_add_test (sessions, an_expired_session_of_our_own_is_replaced);
    tcase_add_test (sessions, options_and_values_arrive_as_they_were_sent);
    tcase_add_test (sessions, what_was_forwarded_once_is_not_forwarded_again);
    suite_add_tcase (suite, sessions);
    TCase *all = tcase_create ("all");
    tcase_add_checked_fixture (all, net_set_up, net_tear_down);
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, sums_over_all_partitions);
    tcase_add_test (all, partitions_that_do_not_answer_are_named);
    tcase_add_test (all, a_destroy_under_a_clients_session_runs_once_per_partition);
    tcase_add_test (all, a_scan_goes_through_all_partitions_and_skips_empty_ones);
    tcase_add_test (all, a_scan_that_began_at_a_node_alone_goes_on_in_its_order);
    tcase_add_test (all, what_others_answer_is_passed_on_or_too_late);
    tcase_add_test (all, junk_changes_nothing);
    tcase_add_test (all, without_memory_records_are_refused_or_wait);
    tcase_add_loop_test (all, whatever_happens_each_record_is_answered_once_and_run_once_in_order, 0, 20);
    suite_add_tcase (suite, all);
    return suite;
}

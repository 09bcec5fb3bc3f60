//  check_forward: records reach their owners whatever is lost, moved or refused, run once, in order, and
//  are answered in time. tests/lib/fake_owners is the cluster around it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/net.h"
#include "status.h"

static void
s_ask_within (uint64_t id, op_t op, uint32_t partition, uint64_t deadline)
{
    options_t options = { .given = OPT_deadline, .deadline = deadline };
    owners_ask (net, "ann", id, op, partition, 0, &options);
}

//  ------------------------------------------------------------------------------------------------
//  The plain way

START_TEST (a_record_goes_to_its_owner_and_the_reply_comes_back)
{
    for (uint32_t partition = 0; partition < OWNERS_PARTITIONS; partition++)
        net_ask (partition + 10, OP_PUT, partition, partition + 1);
    owners_run (net);
    for (uint32_t partition = 0; partition < OWNERS_PARTITIONS; partition++) {
        net_answered ("ann", partition + 10, ZGRID_OK, partition + 1);
        ck_assert_int_eq (net->numbers[partition], partition + 1);
    }
    ck_assert_uint_eq (net->answer_count, OWNERS_PARTITIONS);
    net_all_gone ();
}
END_TEST

static void
s_add (buf_t *body, uint64_t id, op_t op, uint32_t partition, int64_t value)
{
    bytes_t key = owners_key (partition);
    value_t number = value_int (value);
    wire_request (body, id, op, bytes_str ("map"), &key, value ? &number : NULL, NULL);
}

START_TEST (records_for_one_owner_share_a_body)
{
    buf_t body = BUF_INIT;
    wire_begin (&body);
    for (uint64_t id = 1; id <= 64; id++)
        s_add (&body, id, OP_GET, id % OWNERS_PARTITIONS, 0);
    owners_say (net, "ann", false, &body);
    owners_say (net, "bob", false, &body);
    owners_run (net);
    ck_assert_uint_eq (net->records, 128);
    //  Three members with two storage actors each
    ck_assert_uint_eq (net->bodies, 6);
    ck_assert_uint_eq (net->answer_count, 128);
    ck_assert_uint_eq (net->messages, 2);
    buf_clear (&body);
}
END_TEST

START_TEST (a_body_has_bounds)
{
    owners_destroy (&net);
    net_begin (&(forward_config_t) { .body_records = 4 });
    for (uint64_t id = 1; id <= 10; id++)
        net_ask (id, OP_GET, 1, 0);
    owners_run (net);
    ck_assert_uint_eq (net->bodies, 3);
    ck_assert_uint_eq (net->answer_count, 10);
}
END_TEST

START_TEST (req_gets_one_message_and_a_dealer_what_is_there)
{
    buf_t body = BUF_INIT;
    wire_begin (&body);
    s_add (&body, 1, OP_PUT, 1, 5);
    s_add (&body, 2, OP_PUT, 2, 6);
    net->refuse = ZGRID_TRYAGAIN;
    net->refuse_partition = 2;
    net->refuse_count = 2;
    net->refuse_retry = 50;
    owners_say (net, "req", true, &body);
    owners_say (net, "dealer", false, &body);
    owners_pass (net, 10);
    ck_assert_ptr_null (owners_answer (net, "req", 1));
    const answer_t *early = owners_answer (net, "dealer", 1);
    ck_assert_ptr_nonnull (early);
    ck_assert_uint_eq (early->envelopes, 0);
    ck_assert_ptr_null (owners_answer (net, "dealer", 2));
    owners_pass (net, 100);
    const answer_t *one = owners_answer (net, "req", 1), *two = owners_answer (net, "req", 2);
    ck_assert (one && two && one->message == two->message && one->envelopes == 1);
    ck_assert_ptr_nonnull (owners_answer (net, "dealer", 2));
    ck_assert_uint_eq (net->answer_count, 4);
    net_all_gone ();
    buf_clear (&body);
}
END_TEST

START_TEST (before_the_first_view_it_is_too_early)
{
    owners_destroy (&net);
    net = owners_new (&(forward_config_t) { .records_max = 0 });
    net_ask (1, OP_PUT, 1, 1);
    owners_run (net);
    net_answered ("ann", 1, ZGRID_TRYAGAIN, 0);
    ck_assert_uint_gt (owners_answer (net, "ann", 1)->retry, 0);
    net_all_gone ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Loss

START_TEST (a_lost_reply_is_asked_for_again_and_nothing_runs_twice)
{
    net->lose_replies = 2;
    net_ask (1, OP_INCR, 3, 1);
    owners_pass (net, 499);
    net_open_still (1);
    owners_pass (net, 3000);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (net->run_count, 1);
    ck_assert_uint_eq (forward_stats (net->forward)->resent, 2);
    net_all_gone ();
}
END_TEST

START_TEST (a_lost_request_is_sent_again)
{
    net->lose_requests = 1;
    net_ask (1, OP_GET, 3, 0);
    owners_pass (net, 600);
    net_answered ("ann", 1, ZGRID_OK, 0);
}
END_TEST

START_TEST (a_late_reply_counts)
{
    net->hold = true; // The first sending is slow: its reply comes after the second sending
    net_ask (1, OP_INCR, 3, 1);
    owners_pass (net, 700);
    net->hold = false;
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (net->answer_count, 1);
    ck_assert_uint_eq (forward_stats (net->forward)->late, 1);
}
END_TEST

START_TEST (a_full_queue_is_tried_again)
{
    net->full = true;
    net_ask (1, OP_INCR, 3, 1);
    owners_pass (net, 100);
    net_open_still (1);
    net->full = false;
    owners_pass (net, 10);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (forward_stats (net->forward)->resent, 0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Deadlines

START_TEST (a_deadline_says_what_is_certain)
{
    //  Never sent
    net->full = true;
    s_ask_within (1, OP_INCR, 4, 300);
    s_ask_within (2, OP_GET, 5, 300);
    owners_pass (net, 300);
    net_answered ("ann", 1, ZGRID_TIMEOUT, 0);
    net_answered ("ann", 2, ZGRID_TIMEOUT, 0);
    //  Refused each time
    net->full = false;
    net->refuse = ZGRID_TRYAGAIN;
    net->refuse_count = 1000;
    s_ask_within (3, OP_INCR, 4, 300);
    owners_pass (net, 300);
    net_answered ("ann", 3, ZGRID_TIMEOUT, 0);
    //  Sent, and no answer
    net->refuse_count = 0;
    net->dead[1] = true;
    s_ask_within (4, OP_INCR, 4, 300);
    s_ask_within (5, OP_GET, 1, 300);
    owners_pass (net, 299);
    net_open_still (4);
    owners_pass (net, 1);
    net_answered ("ann", 4, ZGRID_MAYBE, 0);
    net_answered ("ann", 5, ZGRID_TIMEOUT, 0);
    ck_assert_uint_eq (forward_stats (net->forward)->maybes, 1);
    ck_assert_uint_eq (forward_stats (net->forward)->timeouts, 4);
    net_all_gone ();
}
END_TEST

START_TEST (without_a_deadline_it_is_five_seconds)
{
    net->dead[1] = true;
    net_ask (1, OP_GET, 1, 0);
    owners_pass (net, 4999);
    net_open_still (1);
    owners_pass (net, 1);
    net_answered ("ann", 1, ZGRID_TIMEOUT, 0);
}
END_TEST

START_TEST (a_write_refused_once_and_unheard_once_is_in_doubt)
{
    net->lose_requests = 1;
    s_ask_within (1, OP_INCR, 4, 900);
    owners_pass (net, 499);
    net->refuse = ZGRID_TRYAGAIN;
    net->refuse_count = 1000;
    owners_pass (net, 500);
    net_answered ("ann", 1, ZGRID_MAYBE, 0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Order

START_TEST (a_write_waits_for_the_one_before_it)
{
    net->refuse = ZGRID_TRYAGAIN;
    net->refuse_partition = 4;
    net->refuse_count = 1;
    net->refuse_retry = 100;
    net_ask (1, OP_PUT, 4, 11);
    net_ask (2, OP_PUT, 4, 22);
    net_ask (3, OP_GET, 4, 0);
    net_ask (4, OP_PUT, 5, 33);
    owners_ask (net, "bob", 1, OP_PUT, 4, 44, NULL);
    owners_pass (net, 50);
    net_answered ("ann", 4, ZGRID_OK, 33);                 // Another partition
    ck_assert_ptr_nonnull (owners_answer (net, "bob", 1)); // Another client
    net_open_still (1);
    net_open_still (2);
    net_open_still (3);
    owners_pass (net, 51);
    net_answered ("ann", 1, ZGRID_OK, 11);
    net_answered ("ann", 2, ZGRID_OK, 22);
    net_answered ("ann", 3, ZGRID_OK, 22);
}
END_TEST

START_TEST (reads_do_not_wait_for_each_other)
{
    net->lose_replies = 1;
    net_ask (1, OP_GET, 4, 0);
    owners_run (net);
    net_ask (2, OP_GET, 4, 0);
    net_ask (3, OP_PUT, 4, 5);
    net_ask (4, OP_GET, 4, 0);
    owners_run (net);
    net_answered ("ann", 2, ZGRID_OK, 0);
    net_open_still (1);
    net_open_still (3);
    net_open_still (4);
    owners_pass (net, 600);
    net_answered ("ann", 1, ZGRID_OK, 0);
    net_answered ("ann", 3, ZGRID_OK, 5);
    net_answered ("ann", 4, ZGRID_OK, 5);
    net_all_gone ();
}
END_TEST

START_TEST (writes_of_different_keys_are_sent_together_until_one_is_refused)
{
    bytes_t other = owners_other_key (4);
    value_t value = value_int (7);
    buf_t body = BUF_INIT;
    wire_begin (&body);
    s_add (&body, 1, OP_PUT, 4, 5);
    wire_request (&body, 2, OP_PUT, bytes_str ("map"), &other, &value, NULL);
    owners_say (net, "ann", false, &body);
    owners_run (net);
    ck_assert_uint_eq (net->bodies, 1);
    net_answered ("ann", 1, ZGRID_OK, 5);
    net_answered ("ann", 2, ZGRID_OK, 7);
    //  The first is refused: the second was sent already, a third has to wait
    net->refuse = ZGRID_TRYAGAIN;
    net->refuse_count = 1;
    net->refuse_retry = 100;
    owners_say (net, "bob", false, &body);
    owners_run (net);
    buf_reset (&body);
    wire_begin (&body);
    wire_request (&body, 3, OP_PUT, bytes_str ("map"), &other, &value, NULL);
    owners_say (net, "bob", false, &body);
    owners_pass (net, 90);
    ck_assert_ptr_nonnull (owners_answer (net, "bob", 2));
    ck_assert_ptr_null (owners_answer (net, "bob", 1));
    ck_assert_ptr_null (owners_answer (net, "bob", 3));
    owners_pass (net, 20);
    ck_assert_ptr_nonnull (owners_answer (net, "bob", 1));
    ck_assert_ptr_nonnull (owners_answer (net, "bob", 3));
    net_all_gone ();
    buf_clear (&body);
}
END_TEST

START_TEST (one_that_waits_too_long_gives_way_to_those_behind_it)
{
    net->dead[1] = true;
    s_ask_within (1, OP_PUT, 4, 1000);
    s_ask_within (2, OP_PUT, 4, 200);
    s_ask_within (3, OP_GET, 4, 5000);
    owners_pass (net, 200);
    net_answered ("ann", 2, ZGRID_TIMEOUT, 0); // Was never sent
    net->dead[1] = false;
    owners_pass (net, 1000);
    net_answered ("ann", 3, ZGRID_OK, 0);
    net_all_gone ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Bounds

START_TEST (what_finds_no_room_is_told_and_room_comes_back)
{
    owners_destroy (&net);
    net_begin (&(forward_config_t) { .records_max = 10, .window_records = 6 });
    net->full = true;
    for (uint64_t id = 1; id <= 7; id++)
        s_ask_within (id, OP_PUT, 4, 100);
    net_answered ("ann", 7, ZGRID_BUSY, 0);
    net_open_still (6);
    for (uint64_t id = 1; id <= 5; id++)
        owners_ask (net, "bob", id, OP_GET, 4, 0, NULL);
    ck_assert_uint_eq (owners_answer (net, "bob", 5)->status, ZGRID_BUSY);
    ck_assert_ptr_null (owners_answer (net, "bob", 4));
    ck_assert_uint_eq (forward_stats (net->forward)->busy, 2);
    owners_pass (net, 100);
    net->full = false;
    owners_pass (net, 100);
    net_all_gone ();
    net_ask (8, OP_PUT, 4, 1);
    owners_run (net);
    net_answered ("ann", 8, ZGRID_OK, 1);
}
END_TEST

START_TEST (bytes_are_bounded_but_one_record_always_fits)
{
    owners_destroy (&net);
    net_begin (&(forward_config_t) { .window_bytes = 10 });
    net_ask (1, OP_PUT, 4, 1);
    net_ask (2, OP_PUT, 4, 2);
    net_answered ("ann", 2, ZGRID_BUSY, 0);
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 1);
    owners_destroy (&net);
    net_begin (&(forward_config_t) { .bytes_max = 10 });
    net_ask (1, OP_PUT, 4, 1);
    owners_ask (net, "bob", 2, OP_PUT, 4, 2, NULL);
    ck_assert_uint_eq (owners_answer (net, "bob", 2)->status, ZGRID_BUSY);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("forward");
    TCase *plain = tcase_create ("plain");
    tcase_add_checked_fixture (plain, net_set_up, net_tear_down);
    tcase_add_test (plain, a_record_goes_to_its_owner_and_the_reply_comes_back);
    tcase_add_test (plain, records_for_one_owner_share_a_body);
    tcase_add_test (plain, a_body_has_bounds);
    tcase_add_test (plain, req_gets_one_message_and_a_dealer_what_is_there);
    tcase_add_test (plain, before_the_first_view_it_is_too_early);
    tcase_add_test (plain, a_lost_reply_is_asked_for_again_and_nothing_runs_twice);
    tcase_add_test (plain, a_lost_request_is_sent_again);
    tcase_add_test (plain, a_late_reply_counts);
    tcase_add_test (plain, a_full_queue_is_tried_again);
    tcase_add_test (plain, a_deadline_says_what_is_certain);
    tcase_add_test (plain, without_a_deadline_it_is_five_seconds);
    tcase_add_test (plain, a_write_refused_once_and_unheard_once_is_in_doubt);
    tcase_add_test (plain, a_write_waits_for_the_one_before_it);
    tcase_add_test (plain, reads_do_not_wait_for_each_other);
    tcase_add_test (plain, writes_of_different_keys_are_sent_together_until_one_is_refused);
    tcase_add_test (plain, one_that_waits_too_long_gives_way_to_those_behind_it);
    tcase_add_test (plain, what_finds_no_room_is_told_and_room_comes_back);
    tcase_add_test (plain, bytes_are_bounded_but_one_record_always_fits);
    suite_add_tcase (suite, plain);
    return suite;
}

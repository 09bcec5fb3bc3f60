//  check_forward: records reach their owners whatever is lost, moved or refused, run once, in order, and
//  are answered in time. tests/lib/fake_owners is the cluster around it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/fake_owners.h"
#include "lib/test.h"
#include "status.h"

static owners_t *s_net;

static void
s_begin (const forward_config_t *config)
{
    s_net = owners_new (config);
    ck_assert_ptr_nonnull (s_net->forward);
    owners_publish (s_net);
}

static void
s_set_up (void)
{
    static const forward_config_t s_plain = { .records_max = 0 };
    s_begin (&s_plain);
}

static void
s_tear_down (void)
{
    owners_destroy (&s_net);
}

static void
s_ask (uint64_t id, op_t op, uint32_t partition, int64_t value)
{
    owners_ask (s_net, "ann", id, op, partition, value, NULL);
}

static void
s_ask_within (uint64_t id, op_t op, uint32_t partition, uint64_t deadline)
{
    options_t options = { .given = OPT_deadline, .deadline = deadline };
    owners_ask (s_net, "ann", id, op, partition, 0, &options);
}

static void
s_answered (uint64_t id, unsigned status, int64_t value)
{
    const answer_t *answer = owners_answer (s_net, "ann", id);
    ck_assert_msg (answer != NULL, "%llu was not answered", (unsigned long long) id);
    ck_assert_uint_eq (answer->status, status);
    ck_assert_int_eq (answer->value, value);
}

static void
s_open_still (uint64_t id)
{
    ck_assert_ptr_null (owners_answer (s_net, "ann", id));
}

static void
s_all_gone (void)
{
    ck_assert_uint_eq (forward_count (s_net->forward), 0);
    ck_assert_uint_eq (forward_stats (s_net->forward)->bytes, 0);
}

//  ------------------------------------------------------------------------------------------------
//  The plain way

START_TEST (a_record_goes_to_its_owner_and_the_reply_comes_back)
{
    for (uint32_t partition = 0; partition < OWNERS_PARTITIONS; partition++)
        s_ask (partition + 10, OP_PUT, partition, partition + 1);
    owners_run (s_net);
    for (uint32_t partition = 0; partition < OWNERS_PARTITIONS; partition++) {
        s_answered (partition + 10, ZGRID_OK, partition + 1);
        ck_assert_int_eq (s_net->numbers[partition], partition + 1);
    }
    ck_assert_uint_eq (s_net->answer_count, OWNERS_PARTITIONS);
    s_all_gone ();
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
    owners_say (s_net, "ann", false, &body);
    owners_say (s_net, "bob", false, &body);
    owners_run (s_net);
    ck_assert_uint_eq (s_net->records, 128);
    //  Three members with two storage actors each
    ck_assert_uint_eq (s_net->bodies, 6);
    ck_assert_uint_eq (s_net->answer_count, 128);
    ck_assert_uint_eq (s_net->messages, 2);
    buf_clear (&body);
}
END_TEST

START_TEST (a_body_has_bounds)
{
    owners_destroy (&s_net);
    s_begin (&(forward_config_t) { .body_records = 4 });
    for (uint64_t id = 1; id <= 10; id++)
        s_ask (id, OP_GET, 1, 0);
    owners_run (s_net);
    ck_assert_uint_eq (s_net->bodies, 3);
    ck_assert_uint_eq (s_net->answer_count, 10);
}
END_TEST

START_TEST (req_gets_one_message_and_a_dealer_what_is_there)
{
    buf_t body = BUF_INIT;
    wire_begin (&body);
    s_add (&body, 1, OP_PUT, 1, 5);
    s_add (&body, 2, OP_PUT, 2, 6);
    s_net->refuse = ZGRID_TRYAGAIN;
    s_net->refuse_partition = 2;
    s_net->refuse_count = 2;
    s_net->refuse_retry = 50;
    owners_say (s_net, "req", true, &body);
    owners_say (s_net, "dealer", false, &body);
    owners_pass (s_net, 10);
    ck_assert_ptr_null (owners_answer (s_net, "req", 1));
    const answer_t *early = owners_answer (s_net, "dealer", 1);
    ck_assert_ptr_nonnull (early);
    ck_assert_uint_eq (early->envelopes, 0);
    ck_assert_ptr_null (owners_answer (s_net, "dealer", 2));
    owners_pass (s_net, 100);
    const answer_t *one = owners_answer (s_net, "req", 1), *two = owners_answer (s_net, "req", 2);
    ck_assert (one && two && one->message == two->message && one->envelopes == 1);
    ck_assert_ptr_nonnull (owners_answer (s_net, "dealer", 2));
    ck_assert_uint_eq (s_net->answer_count, 4);
    s_all_gone ();
    buf_clear (&body);
}
END_TEST

START_TEST (before_the_first_view_it_is_too_early)
{
    owners_destroy (&s_net);
    s_net = owners_new (&(forward_config_t) { .records_max = 0 });
    s_ask (1, OP_PUT, 1, 1);
    owners_run (s_net);
    s_answered (1, ZGRID_TRYAGAIN, 0);
    ck_assert_uint_gt (owners_answer (s_net, "ann", 1)->retry, 0);
    s_all_gone ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Loss

START_TEST (a_lost_reply_is_asked_for_again_and_nothing_runs_twice)
{
    s_net->lose_replies = 2;
    s_ask (1, OP_INCR, 3, 1);
    owners_pass (s_net, 499);
    s_open_still (1);
    owners_pass (s_net, 3000);
    s_answered (1, ZGRID_OK, 1);
    ck_assert_uint_eq (s_net->run_count, 1);
    ck_assert_uint_eq (forward_stats (s_net->forward)->resent, 2);
    s_all_gone ();
}
END_TEST

START_TEST (a_lost_request_is_sent_again)
{
    s_net->lose_requests = 1;
    s_ask (1, OP_GET, 3, 0);
    owners_pass (s_net, 600);
    s_answered (1, ZGRID_OK, 0);
}
END_TEST

START_TEST (a_late_reply_counts)
{
    s_net->hold = true; // The first sending is slow: its reply comes after the second sending
    s_ask (1, OP_INCR, 3, 1);
    owners_pass (s_net, 700);
    s_net->hold = false;
    owners_run (s_net);
    s_answered (1, ZGRID_OK, 1);
    ck_assert_uint_eq (s_net->answer_count, 1);
    ck_assert_uint_eq (forward_stats (s_net->forward)->late, 1);
}
END_TEST

START_TEST (a_full_queue_is_tried_again)
{
    s_net->full = true;
    s_ask (1, OP_INCR, 3, 1);
    owners_pass (s_net, 100);
    s_open_still (1);
    s_net->full = false;
    owners_pass (s_net, 10);
    s_answered (1, ZGRID_OK, 1);
    ck_assert_uint_eq (forward_stats (s_net->forward)->resent, 0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Deadlines

START_TEST (a_deadline_says_what_is_certain)
{
    //  Never sent
    s_net->full = true;
    s_ask_within (1, OP_INCR, 4, 300);
    s_ask_within (2, OP_GET, 5, 300);
    owners_pass (s_net, 300);
    s_answered (1, ZGRID_TIMEOUT, 0);
    s_answered (2, ZGRID_TIMEOUT, 0);
    //  Refused each time
    s_net->full = false;
    s_net->refuse = ZGRID_TRYAGAIN;
    s_net->refuse_count = 1000;
    s_ask_within (3, OP_INCR, 4, 300);
    owners_pass (s_net, 300);
    s_answered (3, ZGRID_TIMEOUT, 0);
    //  Sent, and no answer
    s_net->refuse_count = 0;
    s_net->dead[1] = true;
    s_ask_within (4, OP_INCR, 4, 300);
    s_ask_within (5, OP_GET, 1, 300);
    owners_pass (s_net, 299);
    s_open_still (4);
    owners_pass (s_net, 1);
    s_answered (4, ZGRID_MAYBE, 0);
    s_answered (5, ZGRID_TIMEOUT, 0);
    ck_assert_uint_eq (forward_stats (s_net->forward)->maybes, 1);
    ck_assert_uint_eq (forward_stats (s_net->forward)->timeouts, 4);
    s_all_gone ();
}
END_TEST

START_TEST (without_a_deadline_it_is_five_seconds)
{
    s_net->dead[1] = true;
    s_ask (1, OP_GET, 1, 0);
    owners_pass (s_net, 4999);
    s_open_still (1);
    owners_pass (s_net, 1);
    s_answered (1, ZGRID_TIMEOUT, 0);
}
END_TEST

START_TEST (a_write_refused_once_and_unheard_once_is_in_doubt)
{
    s_net->lose_requests = 1;
    s_ask_within (1, OP_INCR, 4, 900);
    owners_pass (s_net, 499);
    s_net->refuse = ZGRID_TRYAGAIN;
    s_net->refuse_count = 1000;
    owners_pass (s_net, 500);
    s_answered (1, ZGRID_MAYBE, 0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Order

START_TEST (a_write_waits_for_the_one_before_it)
{
    s_net->refuse = ZGRID_TRYAGAIN;
    s_net->refuse_partition = 4;
    s_net->refuse_count = 1;
    s_net->refuse_retry = 100;
    s_ask (1, OP_PUT, 4, 11);
    s_ask (2, OP_PUT, 4, 22);
    s_ask (3, OP_GET, 4, 0);
    s_ask (4, OP_PUT, 5, 33);
    owners_ask (s_net, "bob", 1, OP_PUT, 4, 44, NULL);
    owners_pass (s_net, 50);
    s_answered (4, ZGRID_OK, 33);                            // Another partition
    ck_assert_ptr_nonnull (owners_answer (s_net, "bob", 1)); // Another client
    s_open_still (1);
    s_open_still (2);
    s_open_still (3);
    owners_pass (s_net, 51);
    s_answered (1, ZGRID_OK, 11);
    s_answered (2, ZGRID_OK, 22);
    s_answered (3, ZGRID_OK, 22);
}
END_TEST

START_TEST (reads_do_not_wait_for_each_other)
{
    s_net->lose_replies = 1;
    s_ask (1, OP_GET, 4, 0);
    owners_run (s_net);
    s_ask (2, OP_GET, 4, 0);
    s_ask (3, OP_PUT, 4, 5);
    s_ask (4, OP_GET, 4, 0);
    owners_run (s_net);
    s_answered (2, ZGRID_OK, 0);
    s_open_still (1);
    s_open_still (3);
    s_open_still (4);
    owners_pass (s_net, 600);
    s_answered (1, ZGRID_OK, 0);
    s_answered (3, ZGRID_OK, 5);
    s_answered (4, ZGRID_OK, 5);
    s_all_gone ();
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
    owners_say (s_net, "ann", false, &body);
    owners_run (s_net);
    ck_assert_uint_eq (s_net->bodies, 1);
    s_answered (1, ZGRID_OK, 5);
    s_answered (2, ZGRID_OK, 7);
    //  The first is refused: the second was sent already, a third has to wait
    s_net->refuse = ZGRID_TRYAGAIN;
    s_net->refuse_count = 1;
    s_net->refuse_retry = 100;
    owners_say (s_net, "bob", false, &body);
    owners_run (s_net);
    buf_reset (&body);
    wire_begin (&body);
    wire_request (&body, 3, OP_PUT, bytes_str ("map"), &other, &value, NULL);
    owners_say (s_net, "bob", false, &body);
    owners_pass (s_net, 90);
    ck_assert_ptr_nonnull (owners_answer (s_net, "bob", 2));
    ck_assert_ptr_null (owners_answer (s_net, "bob", 1));
    ck_assert_ptr_null (owners_answer (s_net, "bob", 3));
    owners_pass (s_net, 20);
    ck_assert_ptr_nonnull (owners_answer (s_net, "bob", 1));
    ck_assert_ptr_nonnull (owners_answer (s_net, "bob", 3));
    s_all_gone ();
    buf_clear (&body);
}
END_TEST

START_TEST (one_that_waits_too_long_gives_way_to_those_behind_it)
{
    s_net->dead[1] = true;
    s_ask_within (1, OP_PUT, 4, 1000);
    s_ask_within (2, OP_PUT, 4, 200);
    s_ask_within (3, OP_GET, 4, 5000);
    owners_pass (s_net, 200);
    s_answered (2, ZGRID_TIMEOUT, 0); // Was never sent
    s_net->dead[1] = false;
    owners_pass (s_net, 1000);
    s_answered (3, ZGRID_OK, 0);
    s_all_gone ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Bounds

START_TEST (what_finds_no_room_is_told_and_room_comes_back)
{
    owners_destroy (&s_net);
    s_begin (&(forward_config_t) { .records_max = 10, .window_records = 6 });
    s_net->full = true;
    for (uint64_t id = 1; id <= 7; id++)
        s_ask_within (id, OP_PUT, 4, 100);
    s_answered (7, ZGRID_BUSY, 0);
    s_open_still (6);
    for (uint64_t id = 1; id <= 5; id++)
        owners_ask (s_net, "bob", id, OP_GET, 4, 0, NULL);
    ck_assert_uint_eq (owners_answer (s_net, "bob", 5)->status, ZGRID_BUSY);
    ck_assert_ptr_null (owners_answer (s_net, "bob", 4));
    ck_assert_uint_eq (forward_stats (s_net->forward)->busy, 2);
    owners_pass (s_net, 100);
    s_net->full = false;
    owners_pass (s_net, 100);
    s_all_gone ();
    s_ask (8, OP_PUT, 4, 1);
    owners_run (s_net);
    s_answered (8, ZGRID_OK, 1);
}
END_TEST

START_TEST (bytes_are_bounded_but_one_record_always_fits)
{
    owners_destroy (&s_net);
    s_begin (&(forward_config_t) { .window_bytes = 10 });
    s_ask (1, OP_PUT, 4, 1);
    s_ask (2, OP_PUT, 4, 2);
    s_answered (2, ZGRID_BUSY, 0);
    owners_run (s_net);
    s_answered (1, ZGRID_OK, 1);
    owners_destroy (&s_net);
    s_begin (&(forward_config_t) { .bytes_max = 10 });
    s_ask (1, OP_PUT, 4, 1);
    owners_ask (s_net, "bob", 2, OP_PUT, 4, 2, NULL);
    ck_assert_uint_eq (owners_answer (s_net, "bob", 2)->status, ZGRID_BUSY);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("forward");
    TCase *plain = tcase_create ("plain");
    tcase_add_checked_fixture (plain, s_set_up, s_tear_down);
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

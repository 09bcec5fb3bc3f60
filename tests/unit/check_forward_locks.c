//  check_forward_locks: a LOCK that stands in line is answered late, is in nobody's way, and keeps its
//  place. tests/lib/fake_owners is the cluster around it.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/net.h"
#include "status.h"

//  A LOCK of "ann"; wait 0: it does not say.
static void
s_lock (uint64_t id, uint32_t partition, uint64_t wait)
{
    options_t options = { .given = wait ? OPT_wait : 0, .wait = wait };
    owners_ask (net, "ann", id, OP_LOCK, partition, 0, &options);
    owners_run (net);
}

START_TEST (a_lock_is_answered_when_it_is_granted)
{
    net->locked = true;
    s_lock (1, 3, 60000);
    owners_pass (net, 59000);
    net_open_still (1);
    ck_assert_uint_eq (forward_waiting (net->forward), 1);
    owners_grant (net, 0, 77, false);
    owners_run (net);
    owners_pass (net, 2);
    net_answered ("ann", 1, ZGRID_OK, 77);
    net_all_gone ();
}
END_TEST

START_TEST (others_of_the_same_body_and_key_are_not_held_up)
{
    buf_t body = BUF_INIT;
    bytes_t key = owners_key (3);
    net->locked = true;
    wire_begin (&body);
    wire_request (&body, 1, OP_LOCK, bytes_str ("map"), &key, NULL, NULL);
    wire_request (&body, 2, OP_LOCK, bytes_str ("map"), &key, NULL, NULL);
    wire_request (&body, 3, OP_INCR, bytes_str ("map"), &key, NULL, NULL);
    wire_request (&body, 4, OP_UNLOCK, bytes_str ("map"), &key, NULL, NULL);
    owners_say (net, "ann", false, &body);
    owners_pass (net, 4000);
    net_open_still (1);
    net_open_still (2);
    net_answered ("ann", 3, ZGRID_OK, 1);
    net_answered ("ann", 4, ZGRID_OK, 1);
    ck_assert_uint_eq (net->parked_count, 2);
    buf_clear (&body);
}
END_TEST

START_TEST (a_lock_goes_behind_what_was_asked_before_for_its_key)
{
    net->locked = true;
    net->refuse = ZGRID_TRYAGAIN;
    net->refuse_count = 1;
    net_ask (1, OP_UNLOCK, 3, 0);
    s_lock (2, 3, 1000);
    ck_assert_uint_eq (net->parked_count, 0);
    owners_pass (net, 100);
    net_answered ("ann", 1, ZGRID_OK, 0);
    ck_assert_uint_eq (net->parked_count, 1);
}
END_TEST

START_TEST (a_thousand_in_line_leave_the_window_free)
{
    owners_destroy (&net);
    net_begin (&(forward_config_t) { .window_records = 1000 });
    net->locked = true;
    for (uint64_t id = 1; id <= 1000; id++)
        s_lock (id, 3, 30000);
    ck_assert_uint_eq (net->parked_count, 1000);
    s_lock (1001, 3, 30000); // They have a bound of their own
    net_answered ("ann", 1001, ZGRID_BUSY, 0);
    for (uint64_t id = 2001; id <= 3000; id++)
        net_ask (id, OP_GET, 3, 0);
    owners_run (net);
    for (uint64_t id = 2001; id <= 3000; id++)
        net_answered ("ann", id, ZGRID_OK, 0);
    for (uint32_t at = 0; at < 1000; at++)
        owners_grant (net, at, at + 1, false);
    owners_pass (net, 2);
    net_answered ("ann", 1, ZGRID_OK, 1);
    net_answered ("ann", 1000, ZGRID_OK, 1000);
    net_all_gone ();
}
END_TEST

START_TEST (the_wait_is_told_and_gets_shorter)
{
    net->locked = true;
    net->lose_requests = 1;
    s_lock (1, 3, 20000);
    owners_pass (net, 600);
    ck_assert_uint_eq (net->parked_count, 1);
    ck_assert_uint_eq (net->parked[0].wait, 19500);
    s_lock (2, 3, 0); // As long as its deadline
    ck_assert_uint_eq (net->parked[1].wait, 5000);
    options_t options = { .given = OPT_wait | OPT_deadline, .wait = 300, .deadline = 100 };
    owners_ask (net, "ann", 3, OP_LOCK, 3, 0, &options);
    owners_run (net);
    ck_assert_uint_eq (net->parked[2].wait, 300);
    owners_pass (net, 300);
    net_open_still (3);
}
END_TEST

START_TEST (without_an_answer_it_is_in_doubt_after_the_wait_and_some)
{
    net->locked = true;
    s_lock (1, 3, 1000);
    owners_pass (net, 5999);
    net_open_still (1);
    owners_pass (net, 1);
    net_answered ("ann", 1, ZGRID_MAYBE, 0);
    //  One that never reached its owner is certain
    net->full = true;
    s_lock (2, 3, 1000);
    owners_pass (net, 6000);
    net_answered ("ann", 2, ZGRID_TIMEOUT, 0);
    net_all_gone ();
}
END_TEST

START_TEST (a_new_owner_and_a_new_epoch_are_asked_at_once)
{
    net->locked = true;
    s_lock (1, 3, 30000);
    owners_pass (net, 20000);
    uint32_t askings = net->parked[0].askings;
    ck_assert_uint_le (askings, 8); // 0.5, 1, 2, 4, 4… seconds
    net->owner[3] = net->listed[3] = owners_id (2);
    owners_publish (net);
    owners_run (net);
    ck_assert_uint_eq (net->parked[0].askings, askings + 1);
    ck_assert_uint_eq (net->parked_count, 1);
    ck_assert_uint_eq (net->parked[0].wait, 10000);
    owners_publish (net);
    owners_run (net);
    ck_assert_uint_eq (net->parked[0].askings, askings + 2);
    owners_grant (net, 0, 5, false);
    owners_pass (net, 2);
    net_answered ("ann", 1, ZGRID_OK, 5);
}
END_TEST

START_TEST (a_lost_grant_is_asked_for_again)
{
    net->locked = true;
    s_lock (1, 3, 30000);
    owners_grant (net, 0, 9, true);
    owners_pass (net, 600);
    net_answered ("ann", 1, ZGRID_OK, 9);
    net_all_gone ();
}
END_TEST

START_TEST (who_waits_does_not_pin_what_is_remembered_of_others)
{
    net->locked = true;
    s_lock (1, 3, 30000);
    for (uint64_t id = 2; id <= 10; id++) {
        net_ask (id, OP_INCR, 3, 1);
        owners_run (net);
    }
    //  The ack of the last of them is its own id: 1 for its group each, 1 for itself
    ck_assert_uint_eq (net->acked[0][3], net->runs[net->run_count - 1].id);
    ck_assert_uint_lt (net->acked[1][3], net->acked[0][3]);
    ck_assert_int_ne (memcmp (net->parked[0].run.session, net->runs[0].session, SESSION_SIZE), 0);
}
END_TEST

START_TEST (one_that_does_not_wait_is_like_any_other)
{
    net->locked = true;
    options_t options = { .given = OPT_wait, .wait = 0 };
    owners_ask (net, "ann", 1, OP_LOCK, 3, 0, &options);
    options.wait = 60001; // For the owner to complain of
    owners_ask (net, "ann", 2, OP_LOCK, 4, 0, &options);
    ck_assert_uint_eq (forward_waiting (net->forward), 0);
    owners_run (net);
    ck_assert_uint_eq (net->parked[0].wait + net->parked[1].wait, 60001);
    owners_pass (net, 5000);
    net_answered ("ann", 1, ZGRID_MAYBE, 0);
    net_all_gone ();
}
END_TEST

START_TEST (who_closes_sends_those_in_line_away)
{
    net->locked = true;
    for (uint64_t id = 1; id <= 40; id++)
        s_lock (id, (uint32_t) id % OWNERS_PARTITIONS, 1000 * id);
    net->full = true;
    s_lock (41, 3, 500);
    net_ask (42, OP_GET, 5, 0);
    forward_dismiss (net->forward, net->now);
    for (uint64_t id = 1; id <= 40; id++)
        net_answered ("ann", id, ZGRID_MAYBE, 0);
    net_answered ("ann", 41, ZGRID_TIMEOUT, 0);
    ck_assert_uint_eq (forward_waiting (net->forward), 0);
    ck_assert_uint_eq (forward_count (net->forward), 1);
    net->full = false;
    owners_pass (net, 10);
    net_answered ("ann", 42, ZGRID_OK, 0);
    net_all_gone ();
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("forward_locks");
    TCase *locks = tcase_create ("locks");
    tcase_add_checked_fixture (locks, net_set_up, net_tear_down);
    tcase_add_test (locks, a_lock_is_answered_when_it_is_granted);
    tcase_add_test (locks, others_of_the_same_body_and_key_are_not_held_up);
    tcase_add_test (locks, a_lock_goes_behind_what_was_asked_before_for_its_key);
    tcase_add_test (locks, a_thousand_in_line_leave_the_window_free);
    tcase_add_test (locks, the_wait_is_told_and_gets_shorter);
    tcase_add_test (locks, without_an_answer_it_is_in_doubt_after_the_wait_and_some);
    tcase_add_test (locks, a_new_owner_and_a_new_epoch_are_asked_at_once);
    tcase_add_test (locks, a_lost_grant_is_asked_for_again);
    tcase_add_test (locks, who_waits_does_not_pin_what_is_remembered_of_others);
    tcase_add_test (locks, one_that_does_not_wait_is_like_any_other);
    tcase_add_test (locks, who_closes_sends_those_in_line_away);
    suite_add_tcase (suite, locks);
    return suite;
}

//  check_forward_refusals: what forward does when an owner refuses, when it is another one than was
//  thought, and when there is none.
//  SPDX-License-Identifier: MPL-2.0
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
//  Refusals

START_TEST (moved_is_followed_to_whom_it_names)
{
    s_net->owner[4] = owners_id (2); // The view says 1
    s_ask (1, OP_INCR, 4, 1);
    owners_run (s_net);
    s_answered (1, ZGRID_OK, 1);
    ck_assert_uint_eq (s_net->bodies, 2);
    ck_assert_uint_eq (forward_stats (s_net->forward)->moved, 1);
}
END_TEST

START_TEST (moved_in_a_circle_is_not_followed_without_end)
{
    s_net->owner[4] = 110; // Nobody has it, and the name is nobody's
    s_ask (1, OP_INCR, 4, 1);
    owners_pass (s_net, 1000);
    s_open_still (1);
    ck_assert_uint_le (s_net->bodies, 20);
    s_net->owner[4] = owners_id (1);
    owners_pass (s_net, 300);
    s_answered (1, ZGRID_OK, 1);
    ck_assert_uint_eq (s_net->run_count, 1);
}
END_TEST

START_TEST (two_that_name_each_other_are_not_asked_without_end)
{
    s_net->astray = true;
    s_ask (1, OP_INCR, 4, 1);
    owners_pass (s_net, 1000);
    s_open_still (1);
    ck_assert_uint_le (s_net->bodies, 20);
    s_net->astray = false;
    owners_pass (s_net, 300);
    s_answered (1, ZGRID_OK, 1);
}
END_TEST

START_TEST (try_again_is_obeyed)
{
    s_net->refuse = ZGRID_TRYAGAIN;
    s_net->refuse_count = 1;
    s_net->refuse_retry = 70;
    s_ask (1, OP_PUT, 4, 9);
    owners_pass (s_net, 69);
    s_open_still (1);
    owners_pass (s_net, 1);
    s_answered (1, ZGRID_OK, 9);
}
END_TEST

START_TEST (busy_is_tried_again_more_and_more_rarely)
{
    s_net->refuse = ZGRID_BUSY;
    s_net->refuse_count = 6;
    s_ask (1, OP_PUT, 4, 9);
    owners_pass (s_net, 314); // 5 + 10 + 20 + 40 + 80 + 160
    s_open_still (1);
    owners_pass (s_net, 1);
    s_answered (1, ZGRID_OK, 9);
    ck_assert_uint_eq (s_net->bodies, 7);
}
END_TEST

START_TEST (unavailable_may_be_a_failover_but_not_for_ever)
{
    s_net->refuse = ZGRID_UNAVAILABLE;
    s_net->refuse_count = 1000;
    s_ask (1, OP_PUT, 4, 9);
    s_ask (2, OP_GET, 5, 0);
    owners_pass (s_net, 2900);
    s_open_still (1);
    s_open_still (2);
    owners_pass (s_net, 300);
    s_answered (1, ZGRID_UNAVAILABLE, 0);
    s_answered (2, ZGRID_UNAVAILABLE, 0);
    ck_assert_uint_eq (s_net->run_count, 0);
    s_all_gone ();
}
END_TEST

START_TEST (other_statuses_are_answers)
{
    static const unsigned s_final[] = { ZGRID_NOTFOUND, ZGRID_EXISTS, ZGRID_NOMEM, ZGRID_WRONGTYPE };
    for (uint32_t at = 0; at < sizeof s_final / sizeof s_final[0]; at++) {
        s_net->refuse = s_final[at];
        s_net->refuse_count = 1;
        s_ask (at + 1, OP_PUT, 4, 9);
        owners_run (s_net);
        s_answered (at + 1, s_final[at], 0);
    }
    ck_assert_uint_eq (s_net->bodies, 4);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Views

START_TEST (a_new_view_sends_at_once_what_waited_for_the_old_owner)
{
    s_net->dead[1] = true;
    s_ask (1, OP_INCR, 4, 1);
    owners_pass (s_net, 100);
    s_open_still (1);
    s_net->owner[4] = s_net->listed[4] = owners_id (2);
    owners_publish (s_net);
    owners_run (s_net);
    s_answered (1, ZGRID_OK, 1);
}
END_TEST

START_TEST (while_a_copy_takes_over_records_wait)
{
    s_net->dead[1] = true;
    s_net->lose_replies = 1;
    s_ask (1, OP_INCR, 4, 1); // Executed there before it died? Lost here
    owners_pass (s_net, 100);
    s_net->status[1] = MEMBER_SUSPECT;
    owners_publish (s_net);
    s_ask (2, OP_INCR, 1, 1);
    uint32_t bodies = s_net->bodies;
    owners_pass (s_net, 1500);
    s_open_still (1);
    s_open_still (2);
    ck_assert_uint_eq (s_net->bodies, bodies);
    for (uint32_t at = 0; at < OWNERS_PARTITIONS; at++)
        if (s_net->owner[at] == owners_id (1))
            s_net->owner[at] = s_net->listed[at] = owners_id (2);
    s_net->lose_replies = 0;
    owners_publish (s_net);
    owners_run (s_net);
    s_answered (1, ZGRID_OK, 1);
    s_answered (2, ZGRID_OK, 1);
    s_all_gone ();
}
END_TEST

START_TEST (where_no_copy_is_alive_it_is_said_at_once)
{
    s_net->status[1] = s_net->status[2] = MEMBER_SUSPECT;
    s_net->listed[6] = 0;
    owners_publish (s_net);
    s_ask (1, OP_PUT, 1, 1); // Copies on members 1 and 2
    s_ask (2, OP_GET, 6, 0); // Nobody
    owners_run (s_net);
    s_answered (1, ZGRID_UNAVAILABLE, 0);
    s_answered (2, ZGRID_UNAVAILABLE, 0);
    ck_assert_uint_eq (s_net->bodies, 0);
}
END_TEST

START_TEST (an_ap_map_is_served_by_another_copy_while_the_primary_is_silent)
{
    s_net->ap = true;
    owners_publish (s_net);
    s_net->dead[2] = true;
    s_ask (1, OP_PUT, 2, 8); // Copies on member 2, and on this node
    owners_pass (s_net, 499);
    s_open_still (1);
    owners_pass (s_net, 1);
    s_answered (1, ZGRID_OK, 8);
    s_ask (2, OP_GET, 5, 0); // The same storage actors are not asked in vain again
    s_ask (3, OP_GET, 2, 0);
    owners_run (s_net);
    s_answered (3, ZGRID_OK, 8);
    s_net->dead[2] = false;
    owners_pass (s_net, 5000);
    uint32_t bodies = s_net->bodies;
    s_ask (4, OP_PUT, 2, 9);
    owners_run (s_net);
    s_answered (4, ZGRID_OK, 9);
    ck_assert_uint_eq (s_net->bodies, bodies + 1);
    s_net->status[2] = MEMBER_SUSPECT;
    owners_publish (s_net);
    s_ask (5, OP_GET, 2, 0);
    owners_run (s_net);
    s_answered (5, ZGRID_OK, 9);
}
END_TEST

START_TEST (an_old_view_is_passed_over)
{
    s_net->version = 10;
    owners_publish (s_net);
    s_net->version = 3;
    for (uint32_t at = 0; at < OWNERS_PARTITIONS; at++)
        s_net->listed[at] = 0;
    owners_publish (s_net);
    s_ask (1, OP_PUT, 1, 1);
    owners_run (s_net);
    s_answered (1, ZGRID_OK, 1);
    ck_assert_uint_eq (forward_view (s_net->forward)->version, 11);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("forward_refusals");
    TCase *refusals = tcase_create ("refusals");
    tcase_add_checked_fixture (refusals, s_set_up, s_tear_down);
    tcase_add_test (refusals, moved_is_followed_to_whom_it_names);
    tcase_add_test (refusals, moved_in_a_circle_is_not_followed_without_end);
    tcase_add_test (refusals, two_that_name_each_other_are_not_asked_without_end);
    tcase_add_test (refusals, try_again_is_obeyed);
    tcase_add_test (refusals, busy_is_tried_again_more_and_more_rarely);
    tcase_add_test (refusals, unavailable_may_be_a_failover_but_not_for_ever);
    tcase_add_test (refusals, other_statuses_are_answers);
    tcase_add_test (refusals, a_new_view_sends_at_once_what_waited_for_the_old_owner);
    tcase_add_test (refusals, while_a_copy_takes_over_records_wait);
    tcase_add_test (refusals, where_no_copy_is_alive_it_is_said_at_once);
    tcase_add_test (refusals, an_ap_map_is_served_by_another_copy_while_the_primary_is_silent);
    tcase_add_test (refusals, an_old_view_is_passed_over);
    suite_add_tcase (suite, refusals);
    return suite;
}

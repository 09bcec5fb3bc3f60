//  check_forward_refusals: what forward does when an owner refuses, when it is another one than was
//  thought, and when there is none.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/net.h"
#include "status.h"

//  ------------------------------------------------------------------------------------------------
//  Refusals

START_TEST (moved_is_followed_to_whom_it_names)
{
    net->owner[4] = owners_id (2); // The view says 1
    net_ask (1, OP_INCR, 4, 1);
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (net->bodies, 2);
    ck_assert_uint_eq (forward_stats (net->forward)->moved, 1);
}
END_TEST

START_TEST (moved_in_a_circle_is_not_followed_without_end)
{
    net->owner[4] = 110; // Nobody has it, and the name is nobody's
    net_ask (1, OP_INCR, 4, 1);
    owners_pass (net, 1000);
    net_open_still (1);
    ck_assert_uint_le (net->bodies, 20);
    net->owner[4] = owners_id (1);
    owners_pass (net, 300);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (net->run_count, 1);
}
END_TEST

START_TEST (two_that_name_each_other_are_not_asked_without_end)
{
    net->astray = true;
    net_ask (1, OP_INCR, 4, 1);
    owners_pass (net, 1000);
    net_open_still (1);
    ck_assert_uint_le (net->bodies, 20);
    net->astray = false;
    owners_pass (net, 300);
    net_answered ("ann", 1, ZGRID_OK, 1);
}
END_TEST

START_TEST (try_again_is_obeyed)
{
    net->refuse = ZGRID_TRYAGAIN;
    net->refuse_count = 1;
    net->refuse_retry = 70;
    net_ask (1, OP_PUT, 4, 9);
    owners_pass (net, 69);
    net_open_still (1);
    owners_pass (net, 1);
    net_answered ("ann", 1, ZGRID_OK, 9);
}
END_TEST

START_TEST (busy_is_tried_again_more_and_more_rarely)
{
    net->refuse = ZGRID_BUSY;
    net->refuse_count = 6;
    net_ask (1, OP_PUT, 4, 9);
    owners_pass (net, 314); // 5 + 10 + 20 + 40 + 80 + 160
    net_open_still (1);
    owners_pass (net, 1);
    net_answered ("ann", 1, ZGRID_OK, 9);
    ck_assert_uint_eq (net->bodies, 7);
}
END_TEST

START_TEST (unavailable_may_be_a_failover_but_not_for_ever)
{
    net->refuse = ZGRID_UNAVAILABLE;
    net->refuse_count = 1000;
    net_ask (1, OP_PUT, 4, 9);
    net_ask (2, OP_GET, 5, 0);
    owners_pass (net, 2900);
    net_open_still (1);
    net_open_still (2);
    owners_pass (net, 300);
    net_answered ("ann", 1, ZGRID_UNAVAILABLE, 0);
    net_answered ("ann", 2, ZGRID_UNAVAILABLE, 0);
    ck_assert_uint_eq (net->run_count, 0);
    net_all_gone ();
}
END_TEST

START_TEST (other_statuses_are_answers)
{
    static const unsigned s_final[] = { ZGRID_NOTFOUND, ZGRID_EXISTS, ZGRID_NOMEM, ZGRID_WRONGTYPE };
    for (uint32_t at = 0; at < sizeof s_final / sizeof s_final[0]; at++) {
        net->refuse = s_final[at];
        net->refuse_count = 1;
        net_ask (at + 1, OP_PUT, 4, 9);
        owners_run (net);
        net_answered ("ann", at + 1, s_final[at], 0);
    }
    ck_assert_uint_eq (net->bodies, 4);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Views

START_TEST (a_new_view_sends_at_once_what_waited_for_the_old_owner)
{
    net->dead[1] = true;
    net_ask (1, OP_INCR, 4, 1);
    owners_pass (net, 100);
    net_open_still (1);
    net->owner[4] = net->listed[4] = owners_id (2);
    owners_publish (net);
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 1);
}
END_TEST

START_TEST (while_a_copy_takes_over_records_wait)
{
    net->dead[1] = true;
    net->lose_replies = 1;
    net_ask (1, OP_INCR, 4, 1); // Executed there before it died? Lost here
    owners_pass (net, 100);
    net->status[1] = MEMBER_SUSPECT;
    owners_publish (net);
    net_ask (2, OP_INCR, 1, 1);
    uint32_t bodies = net->bodies;
    owners_pass (net, 1500);
    net_open_still (1);
    net_open_still (2);
    ck_assert_uint_eq (net->bodies, bodies);
    for (uint32_t at = 0; at < OWNERS_PARTITIONS; at++)
        if (net->owner[at] == owners_id (1))
            net->owner[at] = net->listed[at] = owners_id (2);
    net->lose_replies = 0;
    owners_publish (net);
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 1);
    net_answered ("ann", 2, ZGRID_OK, 1);
    net_all_gone ();
}
END_TEST

START_TEST (where_no_copy_is_alive_it_is_said_at_once)
{
    net->status[1] = net->status[2] = MEMBER_SUSPECT;
    net->listed[6] = 0;
    owners_publish (net);
    net_ask (1, OP_PUT, 1, 1); // Copies on members 1 and 2
    net_ask (2, OP_GET, 6, 0); // Nobody
    owners_run (net);
    net_answered ("ann", 1, ZGRID_UNAVAILABLE, 0);
    net_answered ("ann", 2, ZGRID_UNAVAILABLE, 0);
    ck_assert_uint_eq (net->bodies, 0);
}
END_TEST

START_TEST (an_ap_map_is_served_by_another_copy_while_the_primary_is_silent)
{
    net->ap = true;
    owners_publish (net);
    net->dead[2] = true;
    net_ask (1, OP_PUT, 2, 8); // Copies on member 2, and on this node
    owners_pass (net, 499);
    net_open_still (1);
    owners_pass (net, 1);
    net_answered ("ann", 1, ZGRID_OK, 8);
    net_ask (2, OP_GET, 5, 0); // The same storage actors are not asked in vain again
    net_ask (3, OP_GET, 2, 0);
    owners_run (net);
    net_answered ("ann", 3, ZGRID_OK, 8);
    net->dead[2] = false;
    owners_pass (net, 5000);
    uint32_t bodies = net->bodies;
    net_ask (4, OP_PUT, 2, 9);
    owners_run (net);
    net_answered ("ann", 4, ZGRID_OK, 9);
    ck_assert_uint_eq (net->bodies, bodies + 1);
    net->status[2] = MEMBER_SUSPECT;
    owners_publish (net);
    net_ask (5, OP_GET, 2, 0);
    owners_run (net);
    net_answered ("ann", 5, ZGRID_OK, 9);
}
END_TEST

START_TEST (an_old_view_is_passed_over)
{
    net->version = 10;
    owners_publish (net);
    net->version = 3;
    for (uint32_t at = 0; at < OWNERS_PARTITIONS; at++)
        net->listed[at] = 0;
    owners_publish (net);
    net_ask (1, OP_PUT, 1, 1);
    owners_run (net);
    net_answered ("ann", 1, ZGRID_OK, 1);
    ck_assert_uint_eq (forward_view (net->forward)->version, 11);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("forward_refusals");
    TCase *refusals = tcase_create ("refusals");
    tcase_add_checked_fixture (refusals, net_set_up, net_tear_down);
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

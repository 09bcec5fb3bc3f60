//  check_flow: clients that do not take their replies.
//  SPDX-License-Identifier: MPL-2.0
#include "flow.h"
#include "lib/test.h"

static const flow_config_t s_config = {
    .window_records = 100, .window_bytes = 1000, .mute_after = 10000, .mute_for = 60000, .routes_max = 3
};
static stats_t s_stats;
static flow_t *s_flow;

static void
s_set_up (void)
{
    s_stats = (stats_t) { 0 };
    s_flow = flow_new (&s_config, &s_stats);
    ck_assert_ptr_nonnull (s_flow);
}

static void
s_tear_down (void)
{
    flow_destroy (&s_flow);
}

//  A world that takes `room` messages and notes them.
typedef struct {
    int room;
    flow_sent_t refusal;
    int taken;
    char text[256];
} s_world_t;

static flow_sent_t
s_send (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    s_world_t *world = arg;
    assert (route.size == 2);
    if (world->taken == world->room)
        return world->refusal;
    for (size_t at = 0; at < count; at++)
        strncat (world->text, (const char *) frames[at].data, frames[at].size);
    strcat (world->text, ";");
    world->taken++;
    return FLOW_SENT;
}

static void
s_keep (const char *route, const char *text, uint64_t records, uint64_t now)
{
    bytes_t frames[2] = { bytes_str (text), bytes_str ("!") };
    flow_keep (s_flow, bytes_str (route), frames, 2, records, now);
}

START_TEST (an_unknown_client_is_served)
{
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 0), FLOW_TAKE);
    ck_assert (!flow_is_slow (s_flow, bytes_str ("r1")));
    ck_assert_uint_eq (flow_next (s_flow), UINT64_MAX);
}
END_TEST

START_TEST (what_waits_leaves_in_order_and_the_client_is_forgotten)
{
    s_keep ("r1", "one", 1, 0);
    s_keep ("r1", "two", 1, 1);
    ck_assert (flow_is_slow (s_flow, bytes_str ("r1")));
    ck_assert (!flow_is_slow (s_flow, bytes_str ("r2")));
    ck_assert_uint_eq (flow_waiting (s_flow), 2);

    s_world_t world = { .room = 10 };
    flow_retry (s_flow, s_send, &world, 2);

    ck_assert_str_eq (world.text, "one!;two!;");
    ck_assert_uint_eq (flow_waiting (s_flow), 0);
    ck_assert_uint_eq (s_stats.queued, 2);
    ck_assert_uint_eq (flow_next (s_flow), UINT64_MAX);
}
END_TEST

START_TEST (a_full_window_refuses_and_twice_the_window_discards)
{
    s_keep ("r1", "a", 99, 0);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 0), FLOW_TAKE);
    s_keep ("r1", "b", 1, 0);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 0), FLOW_BUSY);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r2"), 0), FLOW_TAKE);
    s_keep ("r1", "c", 100, 0);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 0), FLOW_DISCARD);
    ck_assert_uint_eq (s_stats.discarded, 1);
}
END_TEST

START_TEST (bytes_count_as_well_as_records)
{
    char text[1001];
    memset (text, 'x', 1000);
    text[1000] = 0;
    s_keep ("r1", text, 1, 0);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 0), FLOW_BUSY);
    s_keep ("r1", text, 1, 0);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 0), FLOW_DISCARD);
}
END_TEST

START_TEST (a_client_that_takes_nothing_is_muted_for_a_while)
{
    s_world_t full = { .room = 0, .refusal = FLOW_FULL };
    s_keep ("r1", "a", 1, 0);
    flow_retry (s_flow, s_send, &full, 9999);
    ck_assert_uint_eq (s_stats.muted, 0);
    flow_retry (s_flow, s_send, &full, 10000);
    ck_assert_uint_eq (s_stats.muted, 1);
    ck_assert_uint_eq (s_stats.dropped, 1);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 10001), FLOW_DISCARD);
    s_keep ("r1", "b", 1, 10002);
    ck_assert_uint_eq (s_stats.dropped, 2);

    flow_retry (s_flow, s_send, &full, 70000);
    ck_assert_int_eq (flow_arrival (s_flow, bytes_str ("r1"), 70000), FLOW_TAKE);
}
END_TEST

START_TEST (progress_puts_the_muting_off)
{
    s_keep ("r1", "a", 1, 0);
    s_keep ("r1", "b", 1, 0);
    s_world_t one = { .room = 1, .refusal = FLOW_FULL };
    flow_retry (s_flow, s_send, &one, 9000);
    flow_retry (s_flow, s_send, &one, 18999);
    ck_assert_uint_eq (s_stats.muted, 0);
    flow_retry (s_flow, s_send, &one, 19000);
    ck_assert_uint_eq (s_stats.muted, 1);
}
END_TEST

START_TEST (a_client_that_is_gone_is_forgotten)
{
    s_keep ("r1", "a", 1, 0);
    s_keep ("r1", "b", 1, 0);
    s_world_t gone = { .room = 0, .refusal = FLOW_GONE };
    flow_retry (s_flow, s_send, &gone, 1);
    ck_assert_uint_eq (s_stats.dropped, 2);
    ck_assert_uint_eq (flow_waiting (s_flow), 0);
    ck_assert (!flow_is_slow (s_flow, bytes_str ("r1")));
}
END_TEST

START_TEST (there_are_so_many_slow_clients_and_no_more)
{
    s_keep ("r1", "a", 1, 0);
    s_keep ("r2", "a", 1, 0);
    s_keep ("r3", "a", 1, 0);
    s_keep ("r4", "a", 1, 0);
    ck_assert_uint_eq (flow_waiting (s_flow), 3);
    ck_assert_uint_eq (s_stats.dropped, 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("flow");
    TCase *all = tcase_create ("all");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, an_unknown_client_is_served);
    tcase_add_test (all, what_waits_leaves_in_order_and_the_client_is_forgotten);
    tcase_add_test (all, a_full_window_refuses_and_twice_the_window_discards);
    tcase_add_test (all, bytes_count_as_well_as_records);
    tcase_add_test (all, a_client_that_takes_nothing_is_muted_for_a_while);
    tcase_add_test (all, progress_puts_the_muting_off);
    tcase_add_test (all, a_client_that_is_gone_is_forgotten);
    tcase_add_test (all, there_are_so_many_slow_clients_and_no_more);
    suite_add_tcase (suite, all);
    return suite;
}

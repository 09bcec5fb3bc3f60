//  check_even: members that come and go change where copies and primaries are, until they are even
//  again; with one copy as with two.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster/plan.h"
#include "lib/grid.h"
#include "lib/test.h"
#include "status.h"

static grid_t s_grid;

static void
s_set_up (void)
{
    grid_init (&s_grid, 7);
    s_grid.config.partitions = 31;
}

static void
s_tear_down (void)
{
    grid_clear (&s_grid);
}

//  Healthy, and nobody has two more primaries, or three more copies, than another.
static bool
s_even (grid_t *grid)
{
    if (!grid_healthy (grid))
        return false;
    const view_t *view = grid_view (grid);
    uint32_t primaries_least = UINT32_MAX, primaries_most = 0, copies_least = UINT32_MAX, copies_most = 0;
    for (uint32_t index = 0; index < view->members_count; index++) {
        const member_t *member = &view->members[index];
        uint32_t primaries = 0, copies = 0;
        for (uint32_t partition = 0; partition < view->partitions; partition++) {
            primaries += view->parts[partition].primary == member->id;
            copies += part_has (&view->parts[partition], member->id);
        }
        primaries_least = primaries < primaries_least ? primaries : primaries_least;
        primaries_most = primaries > primaries_most ? primaries : primaries_most;
        copies_least = copies < copies_least ? copies : copies_least;
        copies_most = copies > copies_most ? copies : copies_most;
    }
    return primaries_most - primaries_least < 3 && copies_most - copies_least < 3;
}

START_TEST (who_comes_gets_its_share)
{
    s_grid.config.copies = (uint8_t) _i;
    grid_begin (&s_grid, 2);
    grid_until (&s_grid, 20000, s_even);
    grid_start (&s_grid, true);
    grid_start (&s_grid, true);
    grid_run (&s_grid, 2000);
    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 4);
    grid_until (&s_grid, 120000, s_even);
    //  Then nothing moves any more
    uint64_t version = grid_view (&s_grid)->version;
    grid_run (&s_grid, 20000);
    ck_assert_uint_eq (grid_view (&s_grid)->version, version);
}
END_TEST

START_TEST (fewer_copies_are_wanted)
{
    s_grid.config.copies = 3;
    unsigned coordinator = grid_begin (&s_grid, 4);
    grid_until (&s_grid, 20000, s_even);
    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, "set copies 1", NULL), 0);
    grid_until (&s_grid, 60000, s_even);
    const view_t *view = grid_view (&s_grid);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        ck_assert_uint_eq (view->parts[partition].reps_count, 1);
    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, "set copies 2", NULL), 0);
    grid_until (&s_grid, 60000, s_even);
    ck_assert_uint_eq (view_health (grid_view (&s_grid)).under_replicated, 0);
}
END_TEST

START_TEST (who_leaves_is_made_up_for)
{
    s_grid.config.copies = (uint8_t) _i;
    grid_begin (&s_grid, 4);
    grid_until (&s_grid, 20000, s_even);
    unsigned leaver = (grid_coordinator (&s_grid) + 1) % 4;
    cluster_leave (s_grid.nodes[leaver].cluster, s_grid.now);
    for (int second = 0; second < 60 && cluster_state (s_grid.nodes[leaver].cluster) != CLUSTER_LEFT;
         second++)
        grid_run (&s_grid, 1000);
    ck_assert_int_eq (cluster_state (s_grid.nodes[leaver].cluster), CLUSTER_LEFT);
    grid_kill (&s_grid, leaver);
    grid_until (&s_grid, 120000, s_even);
    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 3);
}
END_TEST

START_TEST (rebalancing_is_paused_resumed_and_limited)
{
    s_grid.config.move_rate = 1000;
    s_grid.config.partitions = 8;
    unsigned node = (grid_begin (&s_grid, 3) + 1) % 3;
    const char *text;
    ck_assert_uint_eq (grid_view (&s_grid)->move_rate, 1000);
    ck_assert_uint_eq (grid_view (&s_grid)->moves_total, 0);

    ck_assert_uint_eq (grid_admin (&s_grid, node, "rebalance", &text), ZGRID_OK);
    ck_assert_str_eq (text, "0 moves are planned");
    ck_assert_uint_eq (grid_admin (&s_grid, node, "rebalance rate 123456789012", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_view (&s_grid)->move_rate, UINT64_C (123456789012));
    ck_assert_uint_eq (grid_admin (&s_grid, node, "rebalance rate 0", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_view (&s_grid)->move_rate, 0);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "rebalance pause", &text), ZGRID_OK);
    ck_assert_str_eq (text, "0 moves are planned; moves are paused");
    ck_assert_uint_eq (grid_view (&s_grid)->moves_paused, 1);

    uint64_t version = grid_view (&s_grid)->version;
    static const char *const s_wrong[] = { "rebalance now",         "rebalance pause 1",
                                           "rebalance rate",        "rebalance rate -1",
                                           "rebalance rate 1x",     "rebalance rate 1 2",
                                           "rebalance resume soon", "rebalance rate 1e3",
                                           "rebalance pause pause", "rebalance rate 1234567890123456" };
    for (size_t index = 0; index < sizeof s_wrong / sizeof *s_wrong; index++) {
        ck_assert_uint_eq (grid_admin (&s_grid, node, s_wrong[index], &text), ZGRID_MALFORMED);
        ck_assert (strstr (text, "rebalance takes") != NULL);
    }
    ck_assert_uint_eq (grid_view (&s_grid)->version, version);

    //  Who comes while moves are paused gets nothing, and is told of in the total
    unsigned joiner = grid_start (&s_grid, true);
    grid_run (&s_grid, 5000);
    const view_t *view = grid_view (&s_grid);
    ck_assert_uint_eq (view->members_count, 4);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        ck_assert_int_eq (part_role (&view->parts[partition], grid_id (&s_grid, joiner)), ROLE_NONE);
    ck_assert_uint_ge (view->moves_total, 4); // Sixteen copies, a fourth of them

    //  But a copy that is lost is made up for
    unsigned coordinator = grid_coordinator (&s_grid), victim = (coordinator + 1) % 3;
    grid_kill (&s_grid, victim);
    grid_run (&s_grid, 10000);
    ck_assert_uint_eq (view_health (grid_view (&s_grid)).under_replicated, 0);

    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, "rebalance resume", &text), ZGRID_OK);
    ck_assert (strstr (text, "planned") != NULL && strstr (text, "paused") == NULL);
    grid_run (&s_grid, 30000);
    view = grid_view (&s_grid);
    ck_assert_uint_eq (view->moves_paused, 0);
    ck_assert_uint_eq (view->moves_total, 0);
    ck_assert_uint_eq (view->members_count, 3);
    uint32_t copies = 0;
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        copies += part_has (&view->parts[partition], grid_id (&s_grid, joiner));
    ck_assert (copies == 5 || copies == 6);
}
END_TEST

//  What is done of all moves never becomes less while members come one after the other.
START_TEST (what_is_done_never_becomes_less)
{
    s_grid.config.partitions = 48;
    grid_begin (&s_grid, 2);
    uint32_t done = 0, most = 0, growths = 0;
    for (unsigned step = 0; step < 20000; step++) {
        if (step == 100 || step == 400 || step == 450)
            grid_start (&s_grid, true);
        grid_run (&s_grid, 1);
        const view_t *view = grid_view (&s_grid);
        if (view->moves_total == 0) {
            done = most = 0;
            continue;
        }
        plan_t *plan = plan_new (view);
        ck_assert_uint_le (plan->count, view->moves_total);
        ck_assert_uint_ge (view->moves_total - plan->count, done);
        ck_assert_uint_ge (view->moves_total, most);
        growths += view->moves_total > most;
        done = view->moves_total - plan->count;
        most = view->moves_total;
        plan_destroy (&plan);
    }
    ck_assert_uint_ge (growths, 2);
    ck_assert_uint_eq (grid_view (&s_grid)->moves_total, 0);
    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 5);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("even");
    TCase *tests = tcase_create ("even");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_set_up, s_tear_down);
    tcase_add_loop_test (tests, who_comes_gets_its_share, 1, 4);
    tcase_add_test (tests, fewer_copies_are_wanted);
    tcase_add_loop_test (tests, who_leaves_is_made_up_for, 1, 4);
    tcase_add_test (tests, rebalancing_is_paused_resumed_and_limited);
    tcase_add_test (tests, what_is_done_never_becomes_less);
    suite_add_tcase (suite, tests);
    return suite;
}

//  check_members: voters that are swapped, grow and shrink; members that come, go and leave.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/grid.h"
#include "lib/test.h"
#include "status.h"

static grid_t s_grid;
static unsigned s_victim;

static void
s_setup (void)
{
    grid_init (&s_grid, 11);
}

static void
s_teardown (void)
{
    grid_clear (&s_grid);
}

static bool
s_holds_nothing (grid_t *grid)
{
    const view_t *view = grid_view (grid);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        if (part_has (&view->parts[partition], grid_id (grid, s_victim)))
            return false;
    return true;
}

static bool
s_forgotten (grid_t *grid)
{
    return !view_member (grid_view (grid), grid_id (grid, s_victim));
}

//  ------------------------------------------------------------------------------------------------
//  Voters

START_TEST (a_dead_voter_is_swapped_jointly)
{
    grid_begin (&s_grid, 5);
    const view_t *view = grid_view (&s_grid);
    uint64_t cfg = view->cfg;
    unsigned coordinator = grid_coordinator (&s_grid);
    s_victim = grid_number (&s_grid, view->voters[0]) == coordinator ? grid_number (&s_grid, view->voters[1])
                                                                     : grid_number (&s_grid, view->voters[0]);

    grid_kill (&s_grid, s_victim);
    grid_until (&s_grid, 12000, grid_healthy);

    view = grid_view (&s_grid);
    ck_assert_uint_eq (view->voters_count, 3);
    ck_assert_uint_eq (view->voters_new_count, 0);
    ck_assert_uint_eq (view->cfg, cfg + 2);
    ck_assert (!view_is_voter (view, grid_id (&s_grid, s_victim)));
    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_VOTERS], 2);
}
END_TEST

START_TEST (three_voters_of_which_one_dies_without_a_substitute_stay_three)
{
    unsigned coordinator = grid_begin (&s_grid, 3);
    s_victim = (coordinator + 1) % 3;

    grid_kill (&s_grid, s_victim);
    grid_run (&s_grid, 15000);

    const view_t *view = grid_view (&s_grid);
    ck_assert_uint_eq (view->voters_count, 3);
    ck_assert (view_is_voter (view, grid_id (&s_grid, s_victim)));
    //  A voter is not forgotten; a new member takes its place
    ck_assert_ptr_nonnull (view_member (view, grid_id (&s_grid, s_victim)));
    grid_start (&s_grid, true);
    cluster_add_seed (s_grid.nodes[3].cluster, s_victim == 1 ? "tcp://10.0.0.2:7000" : "tcp://10.0.0.1:7000");
    grid_until (&s_grid, 12000, grid_healthy);
    ck_assert (view_is_voter (grid_view (&s_grid), grid_id (&s_grid, 3)));
}
END_TEST

static bool
s_voters_are (grid_t *grid, unsigned count)
{
    const view_t *view = grid_view (grid);
    return view->voters_count == count && view->voters_new_count == 0;
}

static bool
s_one_voter (grid_t *grid)
{
    return s_voters_are (grid, 1);
}

static bool
s_three_voters (grid_t *grid)
{
    return s_voters_are (grid, 3);
}

static bool
s_five_voters (grid_t *grid)
{
    return s_voters_are (grid, 5);
}

START_TEST (voters_grow_with_the_members_and_shrink_when_they_leave)
{
    s_grid.config.voters_max = 5;
    grid_start (&s_grid, false);
    for (unsigned node = 1; node < 5; node++) {
        grid_start (&s_grid, true);
        grid_until (&s_grid, 8000, grid_healthy);
        ck_assert_uint_eq (grid_view (&s_grid)->voters_count, node < 2 ? 1 : node < 4 ? 3 : 5);
    }
    for (unsigned node = 4; node > 0; node--) {
        s_victim = node;
        cluster_leave (s_grid.nodes[node].cluster, s_grid.now);
        grid_until (&s_grid, 12000, s_forgotten);
        grid_run (&s_grid, 200);
        ck_assert_int_eq (cluster_state (s_grid.nodes[node].cluster), CLUSTER_LEFT);
        grid_until (&s_grid, 8000, node > 2 ? s_three_voters : s_one_voter);
        grid_kill (&s_grid, node);
        grid_until (&s_grid, 8000, grid_healthy);
    }
    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 1);
    ck_assert (lease_valid (&s_grid.nodes[0].lease, 1, LEASE_FOREVER - 1));
}
END_TEST

START_TEST (an_operator_changes_the_number_of_voters)
{
    unsigned coordinator = grid_begin (&s_grid, 5);
    ck_assert_uint_eq (grid_admin (&s_grid, (coordinator + 1) % 5, "set voters 5", NULL), ZGRID_OK);
    grid_until (&s_grid, 5000, s_five_voters);
    ck_assert_uint_eq (grid_admin (&s_grid, (coordinator + 2) % 5, "set voters 1", NULL), ZGRID_OK);
    grid_until (&s_grid, 5000, s_one_voter);
    grid_until (&s_grid, 5000, grid_healthy);
}
END_TEST

START_TEST (every_voter_may_die_one_after_another)
{
    grid_begin (&s_grid, 5);
    for (unsigned round = 0; round < 10; round++) {
        s_victim = grid_number (&s_grid, grid_view (&s_grid)->voters[round % 3]);
        grid_kill (&s_grid, s_victim);
        unsigned seed = 0;
        while (!s_grid.nodes[seed].cluster)
            seed++;
        char endpoint[64];
        snprintf (endpoint, sizeof endpoint, "tcp://%s:7000", s_grid.nodes[seed].member.host);
        cluster_add_seed (s_grid.nodes[grid_start (&s_grid, true)].cluster, endpoint);
        uint64_t took = grid_until (&s_grid, 20000, grid_healthy);
        ck_assert_uint_lt (took, 12000);
    }
    ck_assert_uint_eq (grid_view (&s_grid)->voters_count, 3);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Members

START_TEST (who_is_forgotten_is_told_and_never_comes_back)
{
    unsigned coordinator = grid_begin (&s_grid, 4);
    const view_t *view = grid_view (&s_grid);
    s_victim = 0;
    while (view_is_voter (view, grid_id (&s_grid, s_victim)))
        s_victim++;
    ck_assert_uint_ne (s_victim, coordinator);

    s_grid.nodes[s_victim].cut = true;
    uint64_t took = grid_until (&s_grid, 40000, s_forgotten);
    ck_assert_uint_ge (took, 20000);
    s_grid.nodes[s_victim].cut = false;
    grid_run (&s_grid, 5000);

    ck_assert_int_eq (cluster_state (s_grid.nodes[s_victim].cluster), CLUSTER_REFUSED);
    ck_assert (s_forgotten (&s_grid));
}
END_TEST

//  The one before it cannot come back: it is forgotten as soon as nothing depends on it, and does not
//  keep the new one from its share for as long as it might be away.
START_TEST (who_comes_back_as_another_process_gets_its_share_at_once)
{
    unsigned coordinator = grid_begin (&s_grid, 4);
    s_victim = (coordinator + 1) % 4;
    if (s_victim == 0) // The address that joiners ask
        s_victim = (coordinator + 2) % 4;

    grid_kill (&s_grid, s_victim);
    s_grid.config.expect = 0;
    unsigned fresh = grid_restart (&s_grid, s_victim, true);
    uint64_t took = grid_until (&s_grid, 20000, s_forgotten);

    ck_assert_uint_lt (took, 15000); // 20,000 is when one is forgotten that has not been replaced
    grid_until (&s_grid, 5000, grid_healthy);
    grid_run (&s_grid, 3000);
    unsigned copies = 0;
    const view_t *view = grid_view (&s_grid);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        copies += part_has (&view->parts[partition], grid_id (&s_grid, fresh));
    ck_assert_uint_ge (copies, 3);
}
END_TEST

START_TEST (who_leaves_gives_everything_away_first)
{
    grid_begin (&s_grid, 4);
    s_victim = grid_coordinator (&s_grid);

    cluster_leave (s_grid.nodes[s_victim].cluster, s_grid.now);
    while (cluster_state (s_grid.nodes[s_victim].cluster) == CLUSTER_MEMBER && s_grid.now < 60000) {
        grid_run (&s_grid, 1);
        ck_assert_uint_eq (view_health (grid_view (&s_grid)).lost, 0);
    }

    ck_assert_int_eq (cluster_state (s_grid.nodes[s_victim].cluster), CLUSTER_LEFT);
    ck_assert (s_holds_nothing (&s_grid));
    ck_assert (s_forgotten (&s_grid));
    grid_kill (&s_grid, s_victim);
    grid_until (&s_grid, 5000, grid_healthy);
    for (unsigned node = 0; node < s_grid.count; node++)
        ck_assert_uint_eq (s_grid.nodes[node].events[EVENT_FAILOVER], 0);
}
END_TEST

START_TEST (a_new_member_gets_its_share)
{
    grid_begin (&s_grid, 3);
    s_grid.config.expect = 0;
    grid_start (&s_grid, true);
    grid_until (&s_grid, 5000, grid_healthy);
    grid_run (&s_grid, 10000);
    grid_until (&s_grid, 5000, grid_healthy);

    const view_t *view = grid_view (&s_grid);
    unsigned primaries[4] = { 0 }, copies[4] = { 0 };
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        for (unsigned node = 0; node < 4; node++) {
            primaries[node] += view->parts[partition].primary == grid_id (&s_grid, node);
            copies[node] += part_has (&view->parts[partition], grid_id (&s_grid, node));
        }
    for (unsigned node = 0; node < 4; node++) {
        ck_assert_uint_ge (primaries[node], 1);
        ck_assert_uint_le (primaries[node], 3);
        ck_assert_uint_ge (copies[node], 3);
    }
    uint64_t version = view->version;
    grid_run (&s_grid, 5000);
    ck_assert_uint_eq (grid_view (&s_grid)->version, version); // And that is all
}
END_TEST

START_TEST (the_era_is_raised)
{
    s_grid.config.timing.era = 3000;
    grid_begin (&s_grid, 3);
    uint32_t era = grid_view (&s_grid)->era;

    grid_run (&s_grid, 3500);

    ck_assert_uint_eq (grid_view (&s_grid)->era, era + 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("members");
    TCase *tcase = tcase_create ("members");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_setup, s_teardown);
    tcase_add_test (tcase, a_dead_voter_is_swapped_jointly);
    tcase_add_test (tcase, three_voters_of_which_one_dies_without_a_substitute_stay_three);
    tcase_add_test (tcase, voters_grow_with_the_members_and_shrink_when_they_leave);
    tcase_add_test (tcase, an_operator_changes_the_number_of_voters);
    tcase_add_test (tcase, every_voter_may_die_one_after_another);
    tcase_add_test (tcase, who_is_forgotten_is_told_and_never_comes_back);
    tcase_add_test (tcase, who_comes_back_as_another_process_gets_its_share_at_once);
    tcase_add_test (tcase, who_leaves_gives_everything_away_first);
    tcase_add_test (tcase, a_new_member_gets_its_share);
    tcase_add_test (tcase, the_era_is_raised);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_even: members that come and go change where copies and primaries are, until they are even
//  again; with one copy as with two.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/grid.h"
#include "lib/test.h"

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
    suite_add_tcase (suite, tests);
    return suite;
}

//  check_founding: how a cluster begins and how nodes come to it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/grid.h"
#include "lib/test.h"

static grid_t s_grid;

static void
s_setup (void)
{
    grid_init (&s_grid, 7);
}

static void
s_teardown (void)
{
    grid_clear (&s_grid);
}

static cluster_state_t
s_state (unsigned node)
{
    return cluster_state (s_grid.nodes[node].cluster);
}

START_TEST (a_node_without_seeds_founds_a_cluster_of_one)
{
    grid_start (&s_grid, false);

    grid_run (&s_grid, 1);

    ck_assert_int_eq (s_state (0), CLUSTER_MEMBER);
    const view_t *view = cluster_view (s_grid.nodes[0].cluster);
    ck_assert_uint_eq (view->version, 1);
    ck_assert_uint_eq (view->members_count, 1);
    ck_assert (cluster_is_coordinator (s_grid.nodes[0].cluster));
    //  Alone it needs nobody's leave
    ck_assert (lease_valid (&s_grid.nodes[0].lease, 1, LEASE_FOREVER - 1));
}
END_TEST

START_TEST (seeds_alone_never_found)
{
    s_grid.config.seeds = NULL;
    grid_start (&s_grid, false);
    grid_kill (&s_grid, 0);
    grid_start (&s_grid, true);

    grid_run (&s_grid, 60000);

    ck_assert_int_eq (s_state (1), CLUSTER_MEETING);
    ck_assert_ptr_null (cluster_view (s_grid.nodes[1].cluster));
}
END_TEST

START_TEST (bootstrap_founds_even_with_seeds)
{
    s_grid.config.bootstrap = true;
    grid_start (&s_grid, true);

    grid_run (&s_grid, 1);

    ck_assert_int_eq (s_state (0), CLUSTER_MEMBER);
}
END_TEST

START_TEST (others_join_and_copies_voters_and_leases_follow)
{
    grid_start (&s_grid, false);
    grid_start (&s_grid, true);
    grid_until (&s_grid, 5000, grid_healthy);
    ck_assert_uint_eq (grid_view (&s_grid)->voters_count, 1);
    grid_start (&s_grid, true);
    grid_until (&s_grid, 5000, grid_healthy);

    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 3);
    ck_assert_uint_eq (grid_view (&s_grid)->voters_count, 3);
    ck_assert (!lease_valid (&s_grid.nodes[0].lease, 1, s_grid.now + 800));
}
END_TEST

static void
s_found (unsigned expect, unsigned many)
{
    s_grid.config.expect = expect;
    grid_start (&s_grid, false); // It is everybody's seed and has none
    for (unsigned node = 1; node < many; node++)
        grid_start (&s_grid, true);
    uint64_t took = grid_until (&s_grid, 10000, grid_healthy);
    printf ("%u that expected each other were one cluster after %llu ms\n", many, (unsigned long long) took);
}

START_TEST (three_that_expect_each_other_found_one_cluster)
{
    s_found (3, 3);

    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 3);
    ck_assert_uint_eq (grid_view (&s_grid)->voters_count, 3);
}
END_TEST

START_TEST (five_that_expect_each_other_found_one_cluster)
{
    s_grid.config.voters_max = 5;
    s_found (5, 5);

    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 5);
    ck_assert_uint_eq (grid_view (&s_grid)->voters_count, 5);
}
END_TEST

START_TEST (five_find_together_while_messages_are_lost)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        grid_clear (&s_grid);
        grid_init (&s_grid, seed);
        s_grid.loss = 20;
        s_grid.config.expect = 5;
        for (unsigned node = 0; node < 5; node++)
            grid_start (&s_grid, node > 0);
        grid_run (&s_grid, 10000);
        s_grid.loss = 0;
        grid_until (&s_grid, 10000, grid_healthy);

        for (unsigned node = 0; node < 5; node++)
            ck_assert_uint_eq (cluster_view (s_grid.nodes[node].cluster)->cluster,
                               grid_view (&s_grid)->cluster);
    }
}
END_TEST

START_TEST (more_than_were_expected_are_one_cluster_as_well)
{
    s_found (3, 7);

    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 7);
}
END_TEST

START_TEST (nobody_founds_before_all_have_met)
{
    s_grid.config.expect = 3;
    grid_start (&s_grid, false);
    grid_start (&s_grid, true);

    grid_run (&s_grid, 60000);

    ck_assert_int_eq (s_state (0), CLUSTER_MEETING);
    ck_assert_int_eq (s_state (1), CLUSTER_MEETING);
}
END_TEST

START_TEST (a_promise_to_a_dead_founder_is_stuck)
{
    s_grid.config.expect = 3;
    for (unsigned node = 0; node < 3; node++)
        grid_start (&s_grid, node > 0);
    unsigned founder = 0;
    for (unsigned node = 1; node < 3; node++)
        if (grid_id (&s_grid, node) < grid_id (&s_grid, founder))
            founder = node;
    //  Until the others have promised themselves to it, and it is not told so
    while (s_grid.nodes[founder].sent < 4)
        grid_run (&s_grid, 1);
    s_grid.nodes[founder].cut = true;
    grid_run (&s_grid, 45000);

    unsigned stuck = 0;
    for (unsigned node = 0; node < 3; node++)
        stuck += node != founder && s_state (node) == CLUSTER_STUCK;
    ck_assert (stuck == 2 || (stuck == 0 && s_state (1) == CLUSTER_MEETING));
}
END_TEST

START_TEST (witnesses_vote_but_hold_nothing)
{
    s_grid.config.expect = 3;
    grid_start (&s_grid, false);
    grid_start (&s_grid, true);
    s_grid.config.self.witness = true;
    grid_start (&s_grid, true);
    grid_until (&s_grid, 10000, grid_healthy);

    const view_t *view = grid_view (&s_grid);
    ck_assert_uint_eq (view->voters_count, 3);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        ck_assert (!part_has (&view->parts[partition], grid_id (&s_grid, 2)));
}
END_TEST

START_TEST (another_partition_count_is_refused)
{
    grid_start (&s_grid, false);
    s_grid.config.partitions = 16;
    grid_start (&s_grid, true);

    grid_run (&s_grid, 3000);

    ck_assert_int_eq (s_state (0), CLUSTER_MEMBER);
    ck_assert_int_eq (s_state (1), CLUSTER_REFUSED);
    ck_assert_ptr_nonnull (strstr (cluster_why (s_grid.nodes[1].cluster), "partitions"));
    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 1);
}
END_TEST

//  What a member of another cluster says.
static void
s_say (peer_type_t type, uint64_t cluster, node_id_t from, node_id_t to, uint64_t a, uint64_t b, uint64_t c)
{
    buf_t body = BUF_INIT;
    peer_head_t head = { cluster, from, to };
    peer_begin (&body, &head);
    uint8_t words[64];
    size_t size = 0;
    uint64_t fields[] = { type, a, b, c };
    words[size++] = 0x94;
    for (unsigned index = 0; index < 4; index++) {
        words[size++] = 0xcf;
        for (int shift = 56; shift >= 0; shift -= 8)
            words[size++] = (uint8_t) (fields[index] >> shift);
    }
    buf_add (&body, words, size);
    grid_deliver (&s_grid, 0, buf_bytes (&body));
    buf_clear (&body);
}

START_TEST (two_clusters_never_merge)
{
    grid_start (&s_grid, false);
    grid_run (&s_grid, 10);
    uint64_t first = cluster_view (s_grid.nodes[0].cluster)->cluster;
    s_grid.config.bootstrap = true;
    grid_start (&s_grid, true);
    grid_run (&s_grid, 10);
    uint64_t second = cluster_view (s_grid.nodes[1].cluster)->cluster;
    ck_assert_uint_ne (first, second);
    uint64_t refused = cluster_stats (s_grid.nodes[0].cluster)->refused;

    s_say (PEER_HB, second, grid_id (&s_grid, 1), grid_id (&s_grid, 0), 1, 1, 9);
    s_say (PEER_REQ_VOTE, second, grid_id (&s_grid, 1), grid_id (&s_grid, 0), 1, 1, 9);

    ck_assert_uint_eq (cluster_stats (s_grid.nodes[0].cluster)->refused, refused + 2);
    grid_run (&s_grid, 5000);
    ck_assert_int_eq (s_state (0), CLUSTER_MEMBER);
    ck_assert_int_eq (s_state (1), CLUSTER_MEMBER);
    ck_assert_uint_eq (cluster_view (s_grid.nodes[0].cluster)->members_count, 1);
    ck_assert_uint_eq (cluster_view (s_grid.nodes[1].cluster)->members_count, 1);
}
END_TEST

START_TEST (who_hears_of_two_clusters_joins_one_of_them)
{
    grid_start (&s_grid, false);
    s_grid.config.bootstrap = true;
    grid_start (&s_grid, true);
    s_grid.config.bootstrap = false;
    grid_run (&s_grid, 10);

    grid_start (&s_grid, true);
    cluster_add_seed (s_grid.nodes[2].cluster, "tcp://10.0.0.1:7000");
    grid_run (&s_grid, 5000);

    ck_assert_int_eq (s_state (2), CLUSTER_MEMBER);
    uint32_t first = cluster_view (s_grid.nodes[0].cluster)->members_count;
    uint32_t second = cluster_view (s_grid.nodes[1].cluster)->members_count;
    ck_assert_uint_eq (first + second, 3);
}
END_TEST

START_TEST (twenty_join_at_once)
{
    grid_start (&s_grid, false);
    for (unsigned node = 1; node < 20; node++)
        grid_start (&s_grid, true);

    uint64_t took = grid_until (&s_grid, 20000, grid_healthy);

    printf ("19 joined one after %llu ms, version %llu\n", (unsigned long long) took,
            (unsigned long long) grid_view (&s_grid)->version);
    ck_assert_uint_eq (grid_view (&s_grid)->members_count, 20);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("founding");
    TCase *tcase = tcase_create ("founding");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_setup, s_teardown);
    tcase_add_test (tcase, a_node_without_seeds_founds_a_cluster_of_one);
    tcase_add_test (tcase, seeds_alone_never_found);
    tcase_add_test (tcase, bootstrap_founds_even_with_seeds);
    tcase_add_test (tcase, others_join_and_copies_voters_and_leases_follow);
    tcase_add_test (tcase, three_that_expect_each_other_found_one_cluster);
    tcase_add_test (tcase, five_that_expect_each_other_found_one_cluster);
    tcase_add_test (tcase, five_find_together_while_messages_are_lost);
    tcase_add_test (tcase, more_than_were_expected_are_one_cluster_as_well);
    tcase_add_test (tcase, nobody_founds_before_all_have_met);
    tcase_add_test (tcase, a_promise_to_a_dead_founder_is_stuck);
    tcase_add_test (tcase, witnesses_vote_but_hold_nothing);
    tcase_add_test (tcase, another_partition_count_is_refused);
    tcase_add_test (tcase, two_clusters_never_merge);
    tcase_add_test (tcase, who_hears_of_two_clusters_joins_one_of_them);
    tcase_add_test (tcase, twenty_join_at_once);
    suite_add_tcase (suite, tcase);
    return suite;
}

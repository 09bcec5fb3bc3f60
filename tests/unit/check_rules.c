//  check_rules: rules of the control plane that random schedules hardly ever miss. Each scenario is
//  played twice: with the rule all is well, and without it the harm is there to be seen.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/grid.h"
#include "lib/test.h"
#include "mutant.h"
#include "wire.h"

int mutant_rule;

static grid_t s_grid;
static unsigned s_coordinator, s_victim, s_other;

static void
s_setup (void)
{
    mutant_rule = RULE_NONE;
    grid_init (&s_grid, 17);
}

static void
s_teardown (void)
{
    mutant_rule = RULE_NONE;
    grid_clear (&s_grid);
}

static void
s_again (rule_t rule)
{
    grid_clear (&s_grid);
    grid_init (&s_grid, 17);
    s_grid.tolerant = true;
    mutant_rule = (int) rule;
}

//  ------------------------------------------------------------------------------------------------
//  17: only the live primary has a backup removed

//  A backup is stopped for a while, then its primary dies. True if a copy that lives was given up.
static bool
s_backup_sleeps_and_primary_dies (void)
{
    s_coordinator = grid_begin (&s_grid, 3);
    grid_run (&s_grid, 1000);
    s_grid.idle_storage = true; // The primary does not ask for anything
    s_victim = (s_coordinator + 1) % 3;
    s_other = 3 - s_coordinator - s_victim;
    const view_t *view = grid_view (&s_grid);
    uint32_t partition = 0;
    while (view->parts[partition].primary != grid_id (&s_grid, s_victim)
           || !part_has (&view->parts[partition], grid_id (&s_grid, s_other)))
        ck_assert_uint_lt (++partition, view->partitions);

    s_grid.nodes[s_other].paused_until = s_grid.now + 1500;
    grid_run (&s_grid, 1400);
    grid_kill (&s_grid, s_victim);
    s_grid.config.expect = 0;
    unsigned node = grid_start (&s_grid, true); // For a majority that is UP
    cluster_add_seed (s_grid.nodes[node].cluster,
                      s_coordinator == 1 ? "tcp://10.0.0.1:7000" : "tcp://10.0.0.2:7000");
    grid_run (&s_grid, 8000);
    return grid_view (&s_grid)->parts[partition].primary != grid_id (&s_grid, s_other);
}

START_TEST (a_coordinator_that_removes_backups_itself_gives_up_copies_that_live)
{
    ck_assert (!s_backup_sleeps_and_primary_dies ());
    s_again (RULE_primary_removes);
    ck_assert (s_backup_sleeps_and_primary_dies ());
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  11: acknowledgements count with the present configuration only

static unsigned s_old[2]; // Voters that are left behind
static bool s_behind, s_alone;

static bool
s_is_old (unsigned node)
{
    return node == s_old[0] || node == s_old[1];
}

//  The victim reaches the two old voters alone; these are not reached by the rest.
static bool
s_split (const grid_t *grid, unsigned from, unsigned to)
{
    (void) grid;
    if (s_alone && (from == s_victim || to == s_victim))
        return !s_is_old (from) && !s_is_old (to);
    return s_behind && s_is_old (to) && !s_is_old (from);
}

//  Three voters become five. Two of the old ones accept the joint state and hear no more; the member
//  that knows the old state has their acknowledgements, while the other three go on without it.
static void
s_voters_grow_behind_its_back (void)
{
    s_behind = s_alone = false;
    s_grid.config.partitions = 16; // Enough that whoever is looked for is found
    s_coordinator = grid_begin (&s_grid, 6);
    grid_run (&s_grid, 3000);
    s_grid.cut = s_split;
    const view_t *view = grid_view (&s_grid);
    unsigned count = 0;
    for (unsigned index = 0; index < 3; index++)
        if (grid_number (&s_grid, view->voters[index]) != s_coordinator)
            s_old[count++] = grid_number (&s_grid, view->voters[index]);
    //  Somebody who is primary, does not vote, and has a backup among those that go on; the last one, as
    //  new voters are taken from the first
    s_victim = GRID_MAX;
    for (uint32_t at = 0; at < view->partitions; at++) {
        unsigned primary = grid_number (&s_grid, view->parts[at].primary);
        node_id_t backup = view->parts[at].reps[view->parts[at].reps[0] == view->parts[at].primary];
        if (!view_is_voter (view, view->parts[at].primary) && !s_is_old (grid_number (&s_grid, backup))
            && (s_victim == GRID_MAX || view->parts[at].primary > grid_id (&s_grid, s_victim)))
            s_victim = primary;
    }
    ck_assert_uint_ne (s_victim, GRID_MAX);
    s_alone = true;
    bytes_t words[] = { bytes_str ("set"), bytes_str ("voters"), bytes_str ("5") };
    ck_assert (cluster_admin (s_grid.nodes[s_coordinator].cluster, words, 3, s_grid.now));
    //  Five others are UP: the victim is not chosen while it is not heard
    for (unsigned step = 0; step < 3000 && !s_behind; step++) {
        grid_run (&s_grid, 1);
        s_behind = cluster_accepted (s_grid.nodes[s_old[0]].cluster)->voters_new_count
                   && cluster_accepted (s_grid.nodes[s_old[1]].cluster)->voters_new_count;
    }
    ck_assert (s_behind);
    grid_run (&s_grid, 4000);
}

START_TEST (acknowledgements_of_other_configurations_make_two_primaries)
{
    s_voters_grow_behind_its_back ();
    ck_assert_uint_eq (s_grid.violations, 0);
    ck_assert_uint_eq (grid_view (&s_grid)->voters_count, 5);
    s_again (RULE_lease_cfg);
    s_voters_grow_behind_its_back ();
    ck_assert_uint_gt (s_grid.violations, 0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  31: a voter promises upwards only

static peer_type_t
s_ask_for_a_vote (uint64_t counter)
{
    node_id_t third = grid_id (&s_grid, s_other);
    peer_head_t head = { grid_view (&s_grid)->cluster, third, grid_id (&s_grid, s_victim) };
    uint64_t fields[] = { PEER_REQ_VOTE, counter, third, 400, third, 99999 };
    buf_t body = BUF_INIT;
    peer_begin (&body, &head);
    wire_add_array (&body, 6);
    for (unsigned index = 0; index < 6; index++)
        wire_add_uint (&body, fields[index]);
    s_grid.nodes[s_victim].last = PEER_NONE;
    grid_deliver (&s_grid, s_victim, buf_bytes (&body));
    buf_clear (&body);
    return s_grid.nodes[s_victim].last;
}

static peer_type_t
s_lower_ballot_after_a_higher_one (void)
{
    s_coordinator = grid_begin (&s_grid, 3);
    s_victim = (s_coordinator + 1) % 3;
    s_other = 3 - s_coordinator - s_victim;
    s_grid.nodes[s_coordinator].cut = true;
    grid_run (&s_grid, 260);
    ck_assert_int_eq (s_ask_for_a_vote (500), PEER_VOTE);
    return s_ask_for_a_vote (499);
}

START_TEST (a_voter_that_promises_downwards_helps_two_coordinators)
{
    ck_assert_int_eq (s_lower_ballot_after_a_higher_one (), PEER_NACK);
    s_again (RULE_single_vote);
    ck_assert_int_eq (s_lower_ballot_after_a_higher_one (), PEER_VOTE);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  3: leases end before somebody else serves

static bool
s_not_to_coordinator (const grid_t *grid, unsigned from, unsigned to)
{
    (void) grid;
    return (from == s_victim && to == s_coordinator) || (from == s_coordinator && to == s_victim);
}

//  A primary and the coordinator do not hear each other; all others hear both.
static void
s_cut_from_coordinator (void)
{
    s_coordinator = grid_begin (&s_grid, 5);
    grid_run (&s_grid, 2000);
    const view_t *view = grid_view (&s_grid);
    s_victim = s_coordinator;
    for (uint32_t at = 0; at < view->partitions && s_victim == s_coordinator; at++)
        s_victim = grid_number (&s_grid, view->parts[at].primary);
    ck_assert_uint_ne (s_victim, s_coordinator);
    s_grid.cut = s_not_to_coordinator;
    grid_run (&s_grid, 3000);
    ck_assert_uint_gt (s_grid.nodes[s_coordinator].events[EVENT_FAILOVER], 0);
}

START_TEST (without_the_wait_two_serve)
{
    s_cut_from_coordinator ();
    ck_assert_uint_eq (s_grid.violations, 0);
    s_again (RULE_lease_wait);
    s_cut_from_coordinator ();
    ck_assert_uint_gt (s_grid.violations, 0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("rules");
    TCase *tcase = tcase_create ("rules");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_setup, s_teardown);
    tcase_add_test (tcase, a_coordinator_that_removes_backups_itself_gives_up_copies_that_live);
    tcase_add_test (tcase, acknowledgements_of_other_configurations_make_two_primaries);
    tcase_add_test (tcase, a_voter_that_promises_downwards_helps_two_coordinators);
    tcase_add_test (tcase, without_the_wait_two_serve);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_coordinator: failover, healing, voters, members that come, go and leave, operators' requests.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/grid.h"
#include "lib/test.h"
#include "status.h"

static grid_t s_grid;

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

//  A member that is primary of something and not the coordinator.
static unsigned
s_primary (unsigned coordinator)
{
    const view_t *view = grid_view (&s_grid);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        if (grid_number (&s_grid, view->parts[partition].primary) != coordinator)
            return grid_number (&s_grid, view->parts[partition].primary);
    ck_abort_msg ("the coordinator is everybody's primary");
    return 0;
}

static unsigned s_victim;

static bool
s_suspected (grid_t *grid)
{
    const member_t *member = view_member (grid_view (grid), grid_id (grid, s_victim));
    return member && member->status == MEMBER_SUSPECT;
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

//  ------------------------------------------------------------------------------------------------
//  Failover

START_TEST (a_dead_primary_is_replaced_after_its_lease_and_not_before)
{
    unsigned coordinator = grid_begin (&s_grid, 5);
    s_victim = s_primary (coordinator);

    grid_kill (&s_grid, s_victim);
    uint64_t suspected = grid_until (&s_grid, 3000, s_suspected);
    uint64_t since = s_grid.now;
    uint64_t healed = grid_until (&s_grid, 6000, grid_healthy);

    const grid_node_t *node = &s_grid.nodes[coordinator];
    ck_assert_uint_gt (node->events[EVENT_FAILOVER], 0);
    ck_assert_uint_ge (suspected, 450 - 100);
    ck_assert_uint_ge (node->event_at[EVENT_FAILOVER], since + 816);
    ck_assert (s_holds_nothing (&s_grid));
    printf ("dead primary: SUSPECT after %llu ms, healed %llu ms later\n", (unsigned long long) suspected,
            (unsigned long long) healed);
}
END_TEST

START_TEST (a_dead_coordinator_is_replaced_and_its_partitions_too)
{
    s_victim = grid_begin (&s_grid, 5);

    grid_kill (&s_grid, s_victim);
    uint64_t took = grid_until (&s_grid, 6000, grid_healthy);

    printf ("dead coordinator: healed after %llu ms\n", (unsigned long long) took);
    ck_assert (s_holds_nothing (&s_grid));
    ck_assert (!view_is_voter (grid_view (&s_grid), grid_id (&s_grid, s_victim)));
}
END_TEST

START_TEST (a_refused_connection_is_enough_when_it_is_silent)
{
    unsigned coordinator = grid_begin (&s_grid, 5);
    s_victim = s_primary (coordinator);

    //  It lives: its heartbeats say more than a connection that somebody refused
    cluster_unreachable (s_grid.nodes[coordinator].cluster, grid_id (&s_grid, s_victim), s_grid.now);
    grid_run (&s_grid, 2000);
    ck_assert (!s_suspected (&s_grid));
    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_MEMBER_SUSPECT], 0);

    grid_kill (&s_grid, s_victim);
    cluster_unreachable (s_grid.nodes[coordinator].cluster, grid_id (&s_grid, s_victim), s_grid.now);
    ck_assert_uint_lt (grid_until (&s_grid, 3000, s_suspected), 400);
}
END_TEST

START_TEST (who_was_silent_comes_back_with_another_generation)
{
    unsigned coordinator = grid_begin (&s_grid, 3);
    s_victim = (coordinator + 1) % 3;

    s_grid.nodes[s_victim].cut = true;
    grid_until (&s_grid, 3000, s_suspected);
    grid_run (&s_grid, 1000);
    ck_assert (!grid_leased (&s_grid, s_victim));
    s_grid.nodes[s_victim].cut = false;
    grid_until (&s_grid, 6000, grid_healthy);

    ck_assert_uint_ge (view_member (grid_view (&s_grid), grid_id (&s_grid, s_victim))->generation, 2);
    ck_assert_uint_gt (s_grid.nodes[coordinator].events[EVENT_MEMBER_BACK], 0);
}
END_TEST

START_TEST (a_paused_coordinator_suspects_nobody_when_it_wakes)
{
    s_grid.config.voters_max = 1;
    unsigned coordinator = grid_begin (&s_grid, 3);

    s_grid.nodes[coordinator].paused_until = s_grid.now + 3000;
    grid_run (&s_grid, 8000);

    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_MEMBER_SUSPECT], 0);
    grid_until (&s_grid, 3000, grid_healthy);
}
END_TEST

START_TEST (a_minority_has_no_lease_and_no_coordinator)
{
    unsigned coordinator = grid_begin (&s_grid, 3);

    s_grid.nodes[coordinator].cut = true;
    grid_run (&s_grid, 3000);

    ck_assert (!grid_leased (&s_grid, coordinator));
    ck_assert (!cluster_is_coordinator (s_grid.nodes[coordinator].cluster));
    const char *text;
    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, "set copies 3", &text), ZGRID_TIMEOUT);
    s_grid.nodes[coordinator].cut = false;
    grid_until (&s_grid, 6000, grid_healthy);
}
END_TEST

static bool
s_deafened (const grid_t *grid, unsigned from, unsigned to)
{
    (void) grid;
    (void) from;
    return to == s_victim;
}

static bool
s_not_its_primary (grid_t *grid)
{
    const view_t *view = grid_view (grid);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        if (view->parts[partition].primary == grid_id (grid, s_victim))
            return false;
    return true;
}

START_TEST (a_primary_that_is_heard_and_hears_nobody_is_replaced)
{
    unsigned coordinator = grid_begin (&s_grid, 5);
    s_victim = s_primary (coordinator);
    grid_run (&s_grid, 2000);

    s_grid.cut = s_deafened;
    //  It hears its backups no more and would rather be alone
    grid_run (&s_grid, 450);
    for (unsigned round = 0; round < 20; round++) {
        const view_t *view = cluster_view (s_grid.nodes[s_victim].cluster);
        for (uint32_t partition = 0; partition < view->partitions; partition++)
            for (unsigned rep = 0; rep < view->parts[partition].reps_count; rep++)
                cluster_ask (s_grid.nodes[s_victim].cluster, PEER_RECONF, partition,
                             view->parts[partition].epoch, view->parts[partition].reps[rep], s_grid.now);
        grid_run (&s_grid, 50);
    }
    uint64_t took = grid_until (&s_grid, 6000, s_not_its_primary);
    printf ("deaf primary: replaced after %llu ms\n", (unsigned long long) took);
    grid_run (&s_grid, 10000);
    ck_assert (s_suspected (&s_grid)); // It does not come and go
    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_MEMBER_SUSPECT], 1);
    s_grid.cut = NULL;
    grid_until (&s_grid, 6000, grid_healthy);
}
END_TEST

START_TEST (what_lay_in_a_queue_while_the_coordinator_was_stopped_is_no_sign_of_life)
{
    s_grid.config.voters_max = 1;
    unsigned coordinator = grid_begin (&s_grid, 3);
    grid_run (&s_grid, 1000);
    s_victim = (coordinator + 1) % 3;
    unsigned backup = 3 - coordinator - s_victim;

    //  The primary does not hear its backup and wants it out; then it dies, and nobody has read that yet
    s_grid.nodes[coordinator].paused_until = s_grid.now + 2000;
    s_grid.nodes[backup].cut = true;
    grid_run (&s_grid, 300);
    grid_kill (&s_grid, s_victim);
    s_grid.nodes[backup].cut = false;
    grid_run (&s_grid, 1700);
    ck_assert_uint_eq (s_grid.nodes[coordinator].paused_until, s_grid.now);
    grid_until (&s_grid, 8000, grid_healthy);

    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_PARTITION_LOST], 0);
    ck_assert_uint_gt (s_grid.nodes[coordinator].events[EVENT_FAILOVER], 0);
}
END_TEST

static bool
s_copied (grid_t *grid)
{
    return view_health (grid_view (grid)).under_replicated == 0;
}

START_TEST (missing_copies_and_their_return_are_events)
{
    s_grid.config.copies = 2;
    unsigned coordinator = grid_begin (&s_grid, 3);
    grid_until (&s_grid, 8000, grid_healthy);
    unsigned *events = s_grid.nodes[coordinator].events;
    unsigned missing = events[EVENT_UNDER_REPLICATED], back = events[EVENT_REPLICATED],
             views = events[EVENT_VIEW];
    ck_assert_uint_eq (missing, back);
    grid_run (&s_grid, 2000);
    ck_assert_uint_eq (events[EVENT_UNDER_REPLICATED], missing);
    grid_kill (&s_grid, (coordinator + 1) % 3);
    grid_run (&s_grid, 4000);
    grid_until (&s_grid, 60000, s_copied);
    ck_assert_uint_eq (events[EVENT_UNDER_REPLICATED], missing + 1);
    ck_assert_uint_eq (events[EVENT_REPLICATED], back + 1);
    ck_assert_uint_gt (events[EVENT_VIEW], views + 1);
}
END_TEST

START_TEST (a_partition_without_a_live_copy_waits_for_one)
{
    s_grid.config.copies = 1;
    unsigned coordinator = grid_begin (&s_grid, 3);
    s_victim = s_primary (coordinator);

    s_grid.nodes[s_victim].cut = true;
    grid_run (&s_grid, 5000);
    ck_assert_uint_gt (s_grid.nodes[coordinator].events[EVENT_PARTITION_LOST], 0);
    ck_assert_uint_gt (view_health (grid_view (&s_grid)).lost, 0);
    ck_assert (!s_holds_nothing (&s_grid));
    s_grid.nodes[s_victim].cut = false;
    grid_until (&s_grid, 3000, grid_healthy);

    ck_assert_uint_gt (s_grid.nodes[coordinator].events[EVENT_PARTITION_BACK], 0);
    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_PARTITION_WIPED], 0);
}
END_TEST

START_TEST (an_operator_recovers_a_lost_partition_empty)
{
    s_grid.config.copies = 1;
    unsigned coordinator = grid_begin (&s_grid, 3);
    s_victim = s_primary (coordinator);
    uint32_t lost = 0;
    const view_t *view = grid_view (&s_grid);
    while (view->parts[lost].primary != grid_id (&s_grid, s_victim))
        lost++;
    uint64_t epoch = view->parts[lost].epoch;
    char words[64];
    snprintf (words, sizeof words, "recover %u accept-data-loss", lost);
    const char *text;

    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, words, &text), ZGRID_MISMATCH);
    grid_kill (&s_grid, s_victim);
    grid_run (&s_grid, 4000);
    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, words, &text), ZGRID_OK);

    view = grid_view (&s_grid);
    ck_assert_uint_eq (view->parts[lost].epoch, epoch + 1);
    ck_assert_uint_eq (view->parts[lost].reps_count, 1);
    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_PARTITION_WIPED], 1);
    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, words, &text), ZGRID_MISMATCH);
}
END_TEST

START_TEST (a_cache_begins_lost_partitions_anew)
{
    s_grid.config.copies = 1;
    s_grid.config.on_lost = ON_LOST_WIPE;
    unsigned coordinator = grid_begin (&s_grid, 3);
    s_victim = s_primary (coordinator);

    grid_kill (&s_grid, s_victim);
    grid_until (&s_grid, 6000, s_holds_nothing);

    ck_assert_uint_gt (s_grid.nodes[coordinator].events[EVENT_PARTITION_WIPED], 0);
    ck_assert_uint_eq (view_health (grid_view (&s_grid)).lost, 0);
}
END_TEST

START_TEST (only_a_live_primary_has_a_backup_removed)
{
    unsigned coordinator = grid_begin (&s_grid, 3);
    s_grid.idle_storage = true;
    s_victim = (coordinator + 1) % 3;

    grid_kill (&s_grid, s_victim);
    grid_run (&s_grid, 8000);

    //  Nobody asked: it is still a copy wherever it was one and not the primary
    const view_t *view = grid_view (&s_grid);
    unsigned copies = 0;
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        ck_assert_uint_ne (view->parts[partition].primary, grid_id (&s_grid, s_victim));
        copies += part_has (&view->parts[partition], grid_id (&s_grid, s_victim));
    }
    ck_assert_uint_gt (copies, 0);
}
END_TEST

START_TEST (requests_of_an_older_epoch_change_nothing)
{
    unsigned coordinator = grid_begin (&s_grid, 3);
    s_grid.idle_storage = true;
    const view_t *view = grid_view (&s_grid);
    const part_t part = view->parts[0];
    uint64_t version = view->version;
    unsigned primary = grid_number (&s_grid, part.primary);
    node_id_t backup = part.reps[0] == part.primary ? part.reps[1] : part.reps[0];

    cluster_ask (s_grid.nodes[primary].cluster, PEER_HANDOVER, 0, part.epoch + 1, backup, s_grid.now);
    cluster_ask (s_grid.nodes[primary].cluster, PEER_JOIN, 0, part.epoch, backup, s_grid.now);
    cluster_ask (s_grid.nodes[grid_number (&s_grid, backup)].cluster, PEER_HANDOVER, 0, part.epoch, backup,
                 s_grid.now);
    grid_run (&s_grid, 500);
    ck_assert_uint_eq (grid_view (&s_grid)->version, version);

    cluster_ask (s_grid.nodes[primary].cluster, PEER_HANDOVER, 0, part.epoch, backup, s_grid.now);
    cluster_ask (s_grid.nodes[primary].cluster, PEER_HANDOVER, 0, part.epoch, backup, s_grid.now);
    grid_run (&s_grid, 100);
    ck_assert_uint_eq (grid_view (&s_grid)->parts[0].epoch, part.epoch + 1);
    ck_assert_uint_eq (grid_view (&s_grid)->parts[0].primary, backup);
    ck_assert_uint_eq (s_grid.nodes[coordinator].events[EVENT_HANDOVER], 1);
}
END_TEST

//  Every partition has a primary that runs, knows it, and has a lease.
static bool
s_all_served (grid_t *grid)
{
    const view_t *view = grid_view (grid);
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        unsigned node = grid_number (&s_grid, view->parts[partition].primary);
        const view_t *known = grid->nodes[node].cluster ? cluster_view (grid->nodes[node].cluster) : NULL;
        if (!known || known->parts[partition].primary != grid_id (grid, node) || !grid_leased (grid, node))
            return false;
    }
    return true;
}

//  The longest time until all is served again after a member was killed.
static uint64_t
s_outage (cluster_timing_t timing, bool coordinator)
{
    uint64_t longest = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        grid_clear (&s_grid);
        grid_init (&s_grid, seed);
        s_grid.config.timing = timing;
        s_victim = grid_begin (&s_grid, 5);
        grid_run (&s_grid, 1000 + seed * 37);
        if (!coordinator)
            s_victim = s_primary (s_victim);
        grid_kill (&s_grid, s_victim);
        uint64_t took = grid_until (&s_grid, 10000, s_all_served);
        longest = took > longest ? took : longest;
    }
    return longest;
}

START_TEST (partitions_are_served_again_in_time)
{
    cluster_timing_t lan = { 1000, 1000, 60000, 600000, 30000 }, fast = { 500, 300, 60000, 600000, 30000 };
    uint64_t member = s_outage (lan, false), coordinator = s_outage (lan, true);
    uint64_t fast_member = s_outage (fast, false), fast_coordinator = s_outage (fast, true);

    printf ("outage after a kill, ms: lan %llu, coordinator %llu; fast %llu, coordinator %llu\n",
            (unsigned long long) member, (unsigned long long) coordinator, (unsigned long long) fast_member,
            (unsigned long long) fast_coordinator);
    ck_assert_uint_le (member, 2300);
    ck_assert_uint_le (coordinator, 3500);
    ck_assert_uint_le (fast_member, 950);
    ck_assert_uint_le (fast_coordinator, 1500);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Requests

START_TEST (requests_are_carried_out_or_refused_with_a_sentence)
{
    unsigned node = (grid_begin (&s_grid, 3) + 1) % 3;
    const char *text;

    ck_assert_uint_eq (grid_admin (&s_grid, node, "set copies 3", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_view (&s_grid)->copies, 3);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "set copies 8", &text), ZGRID_MALFORMED);
    ck_assert_uint_gt (strlen (text), 0);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "set on_lost wipe", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_view (&s_grid)->on_lost, ON_LOST_WIPE);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m mode ap", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m mode cp", &text), ZGRID_MISMATCH);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map o min_sync 2", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map o min_sync 4", &text), ZGRID_MALFORMED);
    ck_assert_uint_eq (view_map (grid_view (&s_grid), bytes_str ("m"))->mode, MAP_AP);
    ck_assert_uint_eq (view_map (grid_view (&s_grid), bytes_str ("o"))->min_sync, 2);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "drain nobody", &text), ZGRID_NOTFOUND);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "handover 99 n0", &text), ZGRID_NOTFOUND);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "recover 0 accept-data-loss", &text), ZGRID_MISMATCH);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "recover 0", &text), ZGRID_MALFORMED);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "bow", &text), ZGRID_MALFORMED);
    grid_until (&s_grid, 5000, grid_healthy);
}
END_TEST

START_TEST (what_is_being_copied_is_not_handed_over)
{
    grid_begin (&s_grid, 3);
    const part_t part = grid_view (&s_grid)->parts[0];
    unsigned outsider = 0, backup = 0;
    while (part_has (&part, grid_id (&s_grid, outsider)))
        outsider++;
    while (!part_has (&part, grid_id (&s_grid, backup)) || part.primary == grid_id (&s_grid, backup))
        backup++;
    char words[64];
    const char *text;

    s_grid.idle_storage = true;
    snprintf (words, sizeof words, "learner 0 n%u", outsider);
    ck_assert_uint_eq (grid_admin (&s_grid, 0, words, NULL), ZGRID_OK);
    snprintf (words, sizeof words, "handover 0 n%u", backup);
    ck_assert_uint_eq (grid_admin (&s_grid, 1, words, &text), ZGRID_TRYAGAIN);
    ck_assert_uint_gt (strlen (text), 0);
    s_grid.idle_storage = false;
    grid_until (&s_grid, 5000, grid_healthy);
}
END_TEST

START_TEST (an_operator_moves_a_copy_and_a_primary)
{
    grid_begin (&s_grid, 3);
    const view_t *view = grid_view (&s_grid);
    const part_t part = view->parts[0];
    unsigned outsider = 0;
    while (part_has (&part, grid_id (&s_grid, outsider)))
        outsider++;
    char words[64];

    snprintf (words, sizeof words, "learner 0 n%u", outsider);
    ck_assert_uint_eq (grid_admin (&s_grid, 0, words, NULL), ZGRID_OK);
    grid_until (&s_grid, 5000, grid_healthy);
    unsigned backup = 0;
    view = grid_view (&s_grid);
    ck_assert_uint_eq (view->parts[0].reps_count, 2);
    while (!part_has (&view->parts[0], grid_id (&s_grid, backup))
           || view->parts[0].primary == grid_id (&s_grid, backup))
        backup++;
    snprintf (words, sizeof words, "handover 0 %016llx", (unsigned long long) grid_id (&s_grid, backup));
    ck_assert_uint_eq (grid_admin (&s_grid, 1, words, NULL), ZGRID_OK);
    unsigned handovers = 0;
    for (unsigned step = 0; step < 100 && !handovers; step++) {
        grid_run (&s_grid, 10);
        for (unsigned node = 0; node < 3; node++)
            handovers += s_grid.nodes[node].events[EVENT_HANDOVER];
    }
    ck_assert_uint_gt (handovers, 0);
}
END_TEST

START_TEST (a_survivor_refounds_the_cluster_alone)
{
    unsigned coordinator = grid_begin (&s_grid, 3);
    for (unsigned node = 0; node < 3; node++)
        if (node != coordinator)
            grid_kill (&s_grid, node);
    grid_run (&s_grid, 5000);
    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, "set copies 1", NULL), ZGRID_TIMEOUT);

    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, "refound accept-data-loss", NULL), ZGRID_OK);
    grid_run (&s_grid, 4000);

    ck_assert (cluster_is_coordinator (s_grid.nodes[coordinator].cluster));
    ck_assert (grid_leased (&s_grid, coordinator));
    ck_assert_uint_eq (grid_admin (&s_grid, coordinator, "set copies 1", NULL), ZGRID_OK);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Cost

START_TEST (messages_are_flat_at_members_and_linear_at_voters)
{
    double member_rates[2], voter_rates[2];
    for (int large = 0; large < 2; large++) {
        unsigned many = large ? 64 : 16;
        grid_clear (&s_grid);
        grid_init (&s_grid, 5);
        s_grid.config.voters_max = 5;
        s_grid.config.partitions = 64;
        s_grid.config.timing = (cluster_timing_t) { 1000, 1000, 60000, 600000, 30000 };
        uint64_t settled = s_grid.now;
        grid_begin (&s_grid, many);
        settled = s_grid.now - settled;
        s_grid.idle_storage = true;
        uint64_t sent[GRID_MAX], received[GRID_MAX];
        for (unsigned node = 0; node < many; node++) {
            sent[node] = cluster_stats (s_grid.nodes[node].cluster)->sent;
            received[node] = cluster_stats (s_grid.nodes[node].cluster)->received;
        }
        grid_run (&s_grid, 10000);
        double member = 0, voter = 0;
        for (unsigned node = 0; node < many; node++) {
            const cluster_stats_t *stats = cluster_stats (s_grid.nodes[node].cluster);
            double rate = (double) (stats->sent - sent[node] + stats->received - received[node]) / 10;
            double *most = view_is_voter (grid_view (&s_grid), grid_id (&s_grid, node)) ? &voter : &member;
            if (rate > *most)
                *most = rate;
        }
        printf ("%u members settled in %llu ms; messages per second: member %.0f, voter %.0f\n", many,
                (unsigned long long) settled, member, voter);
        member_rates[large] = member;
        voter_rates[large] = voter;
    }
    ck_assert (member_rates[1] < member_rates[0] * 1.2 + 5);
    ck_assert (voter_rates[1] < voter_rates[0] * 4 * 1.2);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("coordinator");
    TCase *tcase = tcase_create ("coordinator");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_setup, s_teardown);
    tcase_add_test (tcase, a_dead_primary_is_replaced_after_its_lease_and_not_before);
    tcase_add_test (tcase, a_dead_coordinator_is_replaced_and_its_partitions_too);
    tcase_add_test (tcase, a_refused_connection_is_enough_when_it_is_silent);
    tcase_add_test (tcase, who_was_silent_comes_back_with_another_generation);
    tcase_add_test (tcase, a_paused_coordinator_suspects_nobody_when_it_wakes);
    tcase_add_test (tcase, a_minority_has_no_lease_and_no_coordinator);
    tcase_add_test (tcase, a_primary_that_is_heard_and_hears_nobody_is_replaced);
    tcase_add_test (tcase, what_lay_in_a_queue_while_the_coordinator_was_stopped_is_no_sign_of_life);
    tcase_add_test (tcase, missing_copies_and_their_return_are_events);
    tcase_add_test (tcase, a_partition_without_a_live_copy_waits_for_one);
    tcase_add_test (tcase, an_operator_recovers_a_lost_partition_empty);
    tcase_add_test (tcase, a_cache_begins_lost_partitions_anew);
    tcase_add_test (tcase, only_a_live_primary_has_a_backup_removed);
    tcase_add_test (tcase, requests_of_an_older_epoch_change_nothing);
    tcase_add_test (tcase, partitions_are_served_again_in_time);
    tcase_add_test (tcase, requests_are_carried_out_or_refused_with_a_sentence);
    tcase_add_test (tcase, an_operator_moves_a_copy_and_a_primary);
    tcase_add_test (tcase, what_is_being_copied_is_not_handed_over);
    tcase_add_test (tcase, a_survivor_refounds_the_cluster_alone);
    tcase_add_test (tcase, messages_are_flat_at_members_and_linear_at_voters);
    suite_add_tcase (suite, tcase);
    return suite;
}

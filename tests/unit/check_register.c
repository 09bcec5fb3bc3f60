//  check_register: ballots and states under loss, cuts and pauses, and what forged messages cannot do.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/grid.h"
#include "lib/test.h"
#include "mem.h"
#include "wire.h"

static grid_t s_grid;
static buf_t s_body;
static unsigned s_coordinator, s_voter;

//  A cluster of three; s_voter votes and does not coordinate.
static void
s_setup (void)
{
    grid_init (&s_grid, 3);
    s_grid.config.expect = 3;
    for (unsigned node = 0; node < 3; node++)
        grid_start (&s_grid, node > 0);
    grid_until (&s_grid, 15000, grid_healthy);
    s_grid.config.expect = 0;
    s_coordinator = grid_coordinator (&s_grid);
    s_voter = (s_coordinator + 1) % 3;
}

static void
s_teardown (void)
{
    grid_clear (&s_grid);
    buf_clear (&s_body);
}

//  ------------------------------------------------------------------------------------------------
//  Messages by hand

static void
s_begin (unsigned from, unsigned to, peer_type_t type, uint32_t fields)
{
    peer_head_t head = { grid_view (&s_grid)->cluster, grid_id (&s_grid, from), grid_id (&s_grid, to) };
    buf_reset (&s_body);
    peer_begin (&s_body, &head);
    wire_add_array (&s_body, fields + 1);
    wire_add_uint (&s_body, type);
}

static uint64_t
s_refused (unsigned node)
{
    return cluster_stats (s_grid.nodes[node].cluster)->refused;
}

//  Hands s_body over. True if it was refused.
static bool
s_deliver (unsigned to)
{
    uint64_t before = s_refused (to);
    grid_deliver (&s_grid, to, buf_bytes (&s_body));
    return s_refused (to) > before;
}

static void
s_add_ballot (uint64_t counter, node_id_t node)
{
    wire_add_uint (&s_body, counter);
    wire_add_uint (&s_body, node);
}

static void
s_add_view (const view_t *view)
{
    buf_t bytes = BUF_INIT;
    view_encode (view, &bytes);
    wire_add_bytes (&s_body, buf_bytes (&bytes));
    buf_clear (&bytes);
}

//  A message of so many numbers.
static void
s_write (unsigned from, unsigned to, peer_type_t type, unsigned count, const uint64_t *numbers)
{
    s_begin (from, to, type, count);
    for (unsigned index = 0; index < count; index++)
        wire_add_uint (&s_body, numbers[index]);
}

//  ------------------------------------------------------------------------------------------------
//  Votes

START_TEST (nobody_is_voted_for_while_a_coordinator_is_heard)
{
    unsigned third = 3 - s_coordinator - s_voter;
    uint64_t numbers[] = { 900, grid_id (&s_grid, third), 900, grid_id (&s_grid, third), 900 };

    s_write (third, s_voter, PEER_REQ_VOTE, 5, numbers);
    uint64_t sent = s_grid.nodes[s_voter].sent;
    ck_assert (!s_deliver (s_voter));

    ck_assert_uint_eq (s_grid.nodes[s_voter].sent, sent);
    grid_run (&s_grid, 2000);
    ck_assert_uint_eq (grid_coordinator (&s_grid), s_coordinator);
}
END_TEST

//  So long that it hears no coordinator, and not so long that it stands itself.
static void
s_deafen (void)
{
    s_grid.nodes[s_coordinator].cut = true;
    grid_run (&s_grid, 100);
    s_grid.nodes[s_voter].paused_until = s_grid.now + 1;
    grid_run (&s_grid, 155);
}

//  The votes that the third node would get for that.
static unsigned
s_votes (peer_type_t type, uint64_t counter, uint64_t accepted, uint64_t version)
{
    unsigned third = 3 - s_coordinator - s_voter;
    uint64_t numbers[] = { counter, grid_id (&s_grid, third), accepted, grid_id (&s_grid, third), version };
    s_write (third, s_voter, type, 5, numbers);
    uint64_t sent = s_grid.nodes[s_voter].sent;
    grid_deliver (&s_grid, s_voter, buf_bytes (&s_body));
    return (unsigned) (s_grid.nodes[s_voter].sent - sent);
}

START_TEST (a_candidate_with_an_older_state_gets_no_vote)
{
    s_deafen ();

    ck_assert_uint_eq (s_votes (PEER_PREVOTE, 500, 0, 99999), 0);
    ck_assert_uint_eq (s_votes (PEER_REQ_VOTE, 500, 0, 99999), 0);
    ck_assert_uint_eq (s_votes (PEER_PREVOTE, 500, 400, 1), 1);
    ck_assert_uint_eq (s_votes (PEER_REQ_VOTE, 500, 400, 1), 1);
}
END_TEST

START_TEST (a_ballot_is_voted_for_once_and_lower_ones_get_a_nack)
{
    s_deafen ();

    ck_assert_uint_eq (s_votes (PEER_PREVOTE, 500, 400, 1), 1);
    ck_assert_uint_eq (s_votes (PEER_PREVOTE, 500, 400, 1), 1); // It has changed nothing
    ck_assert_uint_eq (s_votes (PEER_REQ_VOTE, 500, 400, 1), 1);
    uint64_t sent = s_grid.nodes[s_voter].sent;
    ck_assert_uint_eq (s_votes (PEER_REQ_VOTE, 499, 400, 1), 1); // A NACK
    ck_assert_uint_eq (s_grid.nodes[s_voter].sent, sent + 1);
    s_grid.nodes[s_coordinator].cut = false;
    grid_until (&s_grid, 6000, grid_healthy);
}
END_TEST

START_TEST (forged_ballots_are_refused)
{
    unsigned third = 3 - s_coordinator - s_voter;
    uint64_t huge[] = { UINT64_MAX, grid_id (&s_grid, third), UINT64_MAX, 1, UINT64_MAX };
    uint64_t other[] = { 900, grid_id (&s_grid, s_coordinator), 900, 1, 900 };

    s_write (third, s_voter, PEER_REQ_VOTE, 5, huge);
    ck_assert (s_deliver (s_voter));
    s_write (third, s_voter, PEER_REQ_VOTE, 5, other);
    ck_assert (s_deliver (s_voter));
    s_write (third, s_coordinator, PEER_NACK, 2, huge);
    ck_assert (s_deliver (s_coordinator));
    grid_run (&s_grid, 2000);
    ck_assert_uint_eq (grid_coordinator (&s_grid), s_coordinator);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  States

static view_t *
s_next_view (void)
{
    view_t *view = view_copy (grid_view (&s_grid));
    ck_assert_ptr_nonnull (view);
    view->version++;
    return view;
}

//  True if a PUBLISH of it was refused.
static bool
s_publish (unsigned from, const view_t *view, uint64_t version)
{
    s_begin (from, s_voter, PEER_PUBLISH, 2);
    wire_add_uint (&s_body, version);
    s_add_view (view);
    return s_deliver (s_voter);
}

START_TEST (states_that_cannot_be_the_next_one_are_refused)
{
    const view_t *known = grid_view (&s_grid);
    uint64_t version = known->version;
    view_t *view = s_next_view ();

    view->cluster++;
    ck_assert (s_publish (s_coordinator, view, version + 1));
    view->cluster--;
    ck_assert (s_publish (s_coordinator, view, version + 2)); // Not what it says it is
    ck_assert (!s_publish (s_coordinator, known, version));   // Replayed: nothing new
    view_t *other = view_new (16);
    *view_add_member (other, view_member (known, grid_id (&s_grid, s_voter))) = *view_member (
        known, grid_id (&s_grid, s_voter));
    other->cluster = known->cluster;
    other->version = version + 1;
    ck_assert (s_publish (s_coordinator, other, version + 1));

    ck_assert_uint_eq (cluster_view (s_grid.nodes[s_voter].cluster)->version, version);
    view_destroy (&view);
    view_destroy (&other);
}
END_TEST

START_TEST (a_stranger_cannot_publish_vote_or_ask)
{
    uint64_t version = grid_view (&s_grid)->version;
    view_t *view = s_next_view ();
    grid_start (&s_grid, true);
    s_grid.nodes[3].cut = true; // It is nobody's member
    unsigned stranger = 3;
    uint64_t numbers[] = { 900, grid_id (&s_grid, stranger), 900, 1, 900 };

    ck_assert (s_publish (stranger, view, version + 1));
    s_write (stranger, s_voter, PEER_REQ_VOTE, 5, numbers);
    ck_assert (s_deliver (s_voter));
    s_write (stranger, s_voter, PEER_HB, 5, numbers);
    ck_assert (s_deliver (s_voter));
    s_write (stranger, s_voter, PEER_FETCH, 1, (uint64_t[]) { 0 });
    ck_assert (s_deliver (s_voter));
    s_write (stranger, s_voter, PEER_HANDOVER_PLEASE, 3, (uint64_t[]) { 0, 1, 1 });
    ck_assert (s_deliver (s_voter));
    s_begin (stranger, s_voter, PEER_ACCEPT, 4);
    s_add_ballot (900, grid_id (&s_grid, stranger));
    wire_add_uint (&s_body, version + 1);
    s_add_view (view);
    ck_assert (s_deliver (s_voter));

    ck_assert_uint_eq (cluster_view (s_grid.nodes[s_voter].cluster)->version, version);
    ck_assert_uint_eq (cluster_accepted (s_grid.nodes[s_voter].cluster)->version, version);
    view_destroy (&view);
    grid_run (&s_grid, 2000);
    ck_assert_uint_eq (grid_coordinator (&s_grid), s_coordinator);
}
END_TEST

START_TEST (heads_that_do_not_fit_are_refused)
{
    uint64_t numbers[] = { 1, 1, 1, 0, 0 };
    s_write (s_coordinator, s_voter, PEER_HB, 5, numbers);
    peer_head_t head = { grid_view (&s_grid)->cluster, grid_id (&s_grid, s_coordinator), 12345 };
    static const uint8_t s_hb[] = { 0x96, 20, 1, 1, 1, 0, 0 };

    buf_reset (&s_body);
    peer_begin (&s_body, &head);
    buf_add (&s_body, s_hb, sizeof s_hb);
    ck_assert (s_deliver (s_voter)); // Another receiver
    head.to = grid_id (&s_grid, s_voter);
    head.cluster++;
    buf_reset (&s_body);
    peer_begin (&s_body, &head);
    buf_add (&s_body, s_hb, sizeof s_hb);
    ck_assert (s_deliver (s_voter)); // Another cluster
    head.cluster = 0;
    buf_reset (&s_body);
    peer_begin (&s_body, &head);
    buf_add (&s_body, s_hb, sizeof s_hb);
    ck_assert (s_deliver (s_voter)); // None
    s_begin (s_coordinator, s_voter, PEER_REPL, 3);
    ck_assert (s_deliver (s_voter)); // Of the other plane
    buf_reset (&s_body);
    buf_add (&s_body, "GET / HTTP/1.1", 14);
    ck_assert (s_deliver (s_voter));
}
END_TEST

START_TEST (every_truncation_and_every_flipped_byte_is_survived)
{
    view_t *view = s_next_view ();
    s_begin (s_coordinator, s_voter, PEER_ACCEPT, 4);
    s_add_ballot (1, grid_id (&s_grid, s_coordinator));
    wire_add_uint (&s_body, view->version);
    s_add_view (view);
    size_t size = s_body.size;
    uint8_t *copy = malloc (size);
    assert (copy);
    memcpy (copy, s_body.data, size);

    for (size_t cut = 0; cut < size; cut++) {
        ck_assert_uint_eq (s_body.size, size);
        s_body.size = cut;
        //  A body that ends behind its head holds no message: that is nothing wrong
        bool refused = s_deliver (s_voter);
        assert (refused || cut < 40);
        s_body.size = size;
    }
    for (size_t at = 0; at < size; at++) {
        s_body.data[at] ^= 0x81;
        s_deliver (s_voter);
        s_body.data[at] = copy[at];
    }
    free (copy);
    view_destroy (&view);
    s_grid.now += 1;
    grid_run (&s_grid, 5000);
    ck_assert_uint_ne (grid_coordinator (&s_grid), GRID_MAX);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Leases

static bool
s_voter_leased (grid_t *grid)
{
    return grid_leased (grid, s_voter);
}

START_TEST (a_lease_ends_98_hundredths_after_the_last_heartbeat_that_a_majority_has)
{
    for (unsigned node = 0; node < 3; node++)
        if (node != s_voter)
            s_grid.nodes[node].cut = true;
    uint64_t start = s_grid.now;
    while (s_voter_leased (&s_grid))
        grid_run (&s_grid, 1);

    ck_assert_uint_le (s_grid.now - start, 784);
    ck_assert_uint_ge (s_grid.now - start, 784 - 110);
}
END_TEST

START_TEST (answers_to_heartbeats_that_were_not_sent_yet_do_not_count)
{
    uint64_t cfg = grid_view (&s_grid)->cfg;
    for (unsigned node = 0; node < 3; node++)
        if (node != s_voter)
            s_grid.nodes[node].cut = true;

    s_write (s_coordinator, s_voter, PEER_HB_ACK, 4, (uint64_t[]) { s_grid.now + 100000, cfg, 0, 0 });
    ck_assert (s_deliver (s_voter));
    s_write (s_coordinator, s_voter, PEER_HB_ACK, 4, (uint64_t[]) { s_grid.now + 100000, cfg + 5, 0, 0 });
    ck_assert (s_deliver (s_voter));
    grid_run (&s_grid, 1000);
    ck_assert (!s_voter_leased (&s_grid));
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Everything at once

static bool
s_one_way (const grid_t *grid, unsigned from, unsigned to)
{
    return grid->config.expect == 1 && from == 0 && to == 1;
}

//  Faults of all kinds for a while; then all is well again. The grid asserts one state for each version
//  and one serving primary for each partition all along.
static void
s_chaos (uint64_t seed)
{
    grid_clear (&s_grid);
    grid_init (&s_grid, seed);
    s_grid.config.expect = 5;
    s_grid.config.voters_max = seed % 2 ? 3 : 5;
    for (unsigned node = 0; node < 5; node++)
        grid_start (&s_grid, node > 0);
    grid_until (&s_grid, 15000, grid_healthy);
    s_grid.cut = s_one_way;
    uint64_t dice = seed * 7919 + 13;
    for (unsigned fault = 0; fault < 25; fault++) {
        dice = dice * UINT64_C (6364136223846793005) + 1442695040888963407u;
        unsigned node = (unsigned) (dice >> 33) % 5, kind = (unsigned) (dice >> 45) % 6;
        if (kind == 0)
            s_grid.nodes[node].cut = true;
        else if (kind == 1)
            s_grid.nodes[node].paused_until = s_grid.now + (dice >> 50) % 3000;
        else if (kind == 2)
            s_grid.loss = (unsigned) (dice >> 50) % 30;
        else if (kind == 3)
            s_grid.config.expect = 1; // The first does not reach the second
        else
            for (unsigned other = 0; other < 5; other++)
                s_grid.nodes[other].cut = false;
        grid_run (&s_grid, (dice >> 40) % 1500);
        s_grid.config.expect = 5;
    }
    s_grid.loss = 0;
    for (unsigned node = 0; node < 5; node++)
        s_grid.nodes[node].cut = false;
    grid_until (&s_grid, 30000, grid_healthy);
}

START_TEST (one_state_for_each_version_whatever_happens)
{
    for (uint64_t seed = 1; seed <= 30; seed++)
        s_chaos (seed);
}
END_TEST

START_TEST (without_memory_nothing_is_half_done)
{
    for (uint64_t countdown = 1; countdown < 60; countdown++) {
        s_grid.nodes[s_voter].cut = true;
        //  Somebody goes and comes back while allocations fail now and then
        for (unsigned step = 0; step < 60; step++) {
            mem_fail_at (countdown);
            cluster_tick (s_grid.nodes[s_coordinator].cluster, s_grid.now);
            mem_fail_at (0);
            grid_run (&s_grid, 20);
        }
        s_grid.nodes[s_voter].cut = false;
        grid_until (&s_grid, 10000, grid_healthy);
        s_coordinator = grid_coordinator (&s_grid);
        s_voter = (s_coordinator + 1) % 3;
    }
}
END_TEST

static void
s_ignore_send (void *arg, node_id_t to, const char *endpoint, bytes_t body)
{
    (void) arg;
    (void) to;
    (void) endpoint;
    (void) body;
}

static void
s_ignore_event (void *arg, cluster_event_t event, uint32_t partition, node_id_t node, const char *text)
{
    (void) arg;
    (void) event;
    (void) partition;
    (void) node;
    (void) text;
}

START_TEST (a_control_plane_without_memory_is_none)
{
    cluster_config_t config = s_grid.config;
    config.self = s_grid.nodes[0].member;
    cluster_port_t port = { .send = s_ignore_send, .event = s_ignore_event };
    lease_t lease;
    cluster_t *cluster = NULL;
    uint64_t countdown = 0;
    while (!cluster) {
        mem_fail_at (++countdown);
        cluster = cluster_new (&config, &port, &lease, 1);
        mem_fail_at (0);
    }
    ck_assert_uint_gt (countdown, 2);
    cluster_destroy (&cluster);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("register");
    TCase *tcase = tcase_create ("register");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_setup, s_teardown);
    tcase_add_test (tcase, nobody_is_voted_for_while_a_coordinator_is_heard);
    tcase_add_test (tcase, a_candidate_with_an_older_state_gets_no_vote);
    tcase_add_test (tcase, a_ballot_is_voted_for_once_and_lower_ones_get_a_nack);
    tcase_add_test (tcase, forged_ballots_are_refused);
    tcase_add_test (tcase, states_that_cannot_be_the_next_one_are_refused);
    tcase_add_test (tcase, a_stranger_cannot_publish_vote_or_ask);
    tcase_add_test (tcase, heads_that_do_not_fit_are_refused);
    tcase_add_test (tcase, every_truncation_and_every_flipped_byte_is_survived);
    tcase_add_test (tcase, a_lease_ends_98_hundredths_after_the_last_heartbeat_that_a_majority_has);
    tcase_add_test (tcase, answers_to_heartbeats_that_were_not_sent_yet_do_not_count);
    tcase_add_test (tcase, one_state_for_each_version_whatever_happens);
    tcase_add_test (tcase, without_memory_nothing_is_half_done);
    tcase_add_test (tcase, a_control_plane_without_memory_is_none);
    suite_add_tcase (suite, tcase);
    return suite;
}

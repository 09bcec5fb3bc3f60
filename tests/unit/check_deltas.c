//  check_deltas: states that go out as what has changed in them, and what happens where that leads
//  nowhere.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/view_delta.h"
#include "lib/grid.h"
#include "lib/test.h"
#include "wire.h"

static grid_t s_grid;
static buf_t s_body;
static unsigned s_coordinator, s_voter;

static void
s_begin_with (unsigned many)
{
    s_coordinator = grid_begin (&s_grid, many);
    grid_run (&s_grid, 3000);
    s_coordinator = grid_coordinator (&s_grid);
    s_voter = s_coordinator;
    while (s_voter == s_coordinator || !view_is_voter (grid_view (&s_grid), grid_id (&s_grid, s_voter)))
        s_voter = (s_voter + 1) % many;
}

static void
s_setup (void)
{
    grid_init (&s_grid, 5);
}

static void
s_teardown (void)
{
    grid_clear (&s_grid);
    buf_clear (&s_body);
}

static const cluster_stats_t *
s_stats (unsigned node)
{
    return cluster_stats (s_grid.nodes[node].cluster);
}

static uint64_t
s_version (unsigned node)
{
    return cluster_view (s_grid.nodes[node].cluster)->version;
}

//  One commit: a map is declared.
static void
s_step (void)
{
    static unsigned s_number;
    char words[60];
    const char *text;
    snprintf (words, sizeof words, "map m%u mode cp min_sync 1", s_number++);
    ck_assert_uint_eq (grid_admin (&s_grid, s_coordinator, words, &text), 0);
}

static bool
s_level (grid_t *self)
{
    for (unsigned node = 0; node < self->count; node++)
        if (!view_equal (cluster_view (self->nodes[node].cluster), grid_view (self)))
            return false;
    return grid_healthy (self);
}

START_TEST (small_steps_go_out_as_deltas)
{
    s_begin_with (5);
    cluster_stats_t before = *s_stats (s_coordinator);
    uint64_t applied[5];
    for (unsigned node = 0; node < 5; node++)
        applied[node] = s_stats (node)->deltas_applied;
    for (unsigned step = 0; step < 10; step++)
        s_step ();
    grid_until (&s_grid, 2000, s_level);

    const cluster_stats_t *after = s_stats (s_coordinator);
    ck_assert_uint_ge (after->commits - before.commits, 10);
    ck_assert_uint_ge (after->deltas_sent - before.deltas_sent, 10 * (2 + 4)); // Two voters, four members
    ck_assert_uint_gt (after->delta_bytes_saved, before.delta_bytes_saved);
    for (unsigned node = 0; node < 5; node++) {
        ck_assert (node == s_coordinator || s_stats (node)->deltas_applied - applied[node] >= 10);
        ck_assert_uint_eq (s_stats (node)->deltas_refused, 0);
    }
}
END_TEST

//  While one does not hear, the others go on; few steps later it follows them, after many it gets the whole.
START_TEST (who_was_away_comes_level)
{
    s_begin_with (4);
    unsigned away = s_voter;
    uint64_t applied = s_stats (away)->deltas_applied;
    s_grid.nodes[away].cut = true;
    for (unsigned step = 0; step < (unsigned) _i; step++)
        s_step ();
    ck_assert_uint_lt (s_version (away), s_version (s_coordinator));
    s_grid.nodes[away].cut = false;
    grid_until (&s_grid, 5000, s_level);
    s_step ();
    grid_until (&s_grid, 2000, s_level);
    ck_assert_uint_gt (s_stats (away)->deltas_applied, applied);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  By hand

static void
s_begin (unsigned from, unsigned to, peer_type_t type, uint32_t fields)
{
    peer_head_t head = { grid_view (&s_grid)->cluster, grid_id (&s_grid, from), grid_id (&s_grid, to) };
    buf_reset (&s_body);
    peer_begin (&s_body, &head);
    wire_add_array (&s_body, fields + 1);
    wire_add_uint (&s_body, type);
}

static view_t *
s_next (const view_t *view)
{
    view_t *next = view_copy (view);
    ck_assert_ptr_nonnull (next);
    next->version++;
    next->era++;
    return next;
}

//  Version, digest and the one step between both.
static void
s_add_step (const view_t *before, const view_t *after)
{
    buf_t whole = BUF_INIT, delta = BUF_INIT;
    view_encode (after, &whole);
    ck_assert (view_delta (before, after, &delta));
    wire_add_uint (&s_body, after->version);
    wire_add_uint (&s_body, view_digest (buf_bytes (&whole)));
    wire_add_array (&s_body, 1);
    wire_add_bytes (&s_body, buf_bytes (&delta));
    buf_clear (&whole);
    buf_clear (&delta);
}

START_TEST (who_lacks_the_state_asks_for_the_whole)
{
    s_begin_with (3);
    const view_t *known = grid_view (&s_grid);
    uint64_t version = known->version;
    view_t *lost = s_next (known), *next = s_next (lost);

    s_begin (s_coordinator, s_voter, PEER_PUBLISH_DELTA, 3);
    s_add_step (lost, next);
    grid_deliver (&s_grid, s_voter, buf_bytes (&s_body));
    ck_assert_int_eq (s_grid.nodes[s_voter].last, PEER_FETCH);

    s_begin (s_coordinator, s_voter, PEER_ACCEPT_DELTA, 5);
    wire_add_uint (&s_body, 900);
    wire_add_uint (&s_body, grid_id (&s_grid, s_coordinator));
    s_add_step (lost, next);
    grid_deliver (&s_grid, s_voter, buf_bytes (&s_body));
    ck_assert_int_eq (s_grid.nodes[s_voter].last, PEER_ACCEPT_WHOLE);

    ck_assert_uint_eq (s_stats (s_voter)->deltas_refused, 2);
    ck_assert_uint_eq (s_version (s_voter), version);
    ck_assert_uint_eq (cluster_accepted (s_grid.nodes[s_voter].cluster)->version, version);
    view_destroy (&lost);
    view_destroy (&next);
    s_step (); // And it has promised nothing
    grid_until (&s_grid, 2000, s_level);
    ck_assert_uint_eq (grid_coordinator (&s_grid), s_coordinator);
}
END_TEST

//  A voter that is believed to know a state which it does not.
START_TEST (a_voter_that_asks_for_the_whole_gets_it)
{
    s_begin_with (3);
    s_grid.nodes[s_voter].cut = true;
    s_step ();
    uint64_t refused = s_stats (s_voter)->deltas_refused;
    const view_t *view = grid_view (&s_grid);
    const uint64_t numbers[] = { view_member (view, grid_id (&s_grid, s_voter))->generation, s_grid.now,
                                 view->version, 0, 0 };
    s_begin (s_voter, s_coordinator, PEER_HB, 5);
    for (unsigned at = 0; at < 5; at++)
        wire_add_uint (&s_body, numbers[at]);
    grid_deliver (&s_grid, s_coordinator, buf_bytes (&s_body));
    s_grid.nodes[s_voter].cut = false;
    s_step ();
    grid_until (&s_grid, 200, s_level);
    ck_assert_uint_gt (s_stats (s_voter)->deltas_refused, refused);
}
END_TEST

START_TEST (a_stranger_does_not_publish_by_deltas_either)
{
    s_begin_with (3);
    const view_t *known = grid_view (&s_grid);
    uint64_t version = known->version, refused = s_stats (s_voter)->refused;
    grid_start (&s_grid, true);
    s_grid.nodes[3].cut = true;
    view_t *next = s_next (known), *later = s_next (next);
    s_begin (3, s_voter, PEER_PUBLISH_DELTA, 3);
    s_add_step (known, next);
    grid_deliver (&s_grid, s_voter, buf_bytes (&s_body));
    s_begin (3, s_voter, PEER_PUBLISH_DELTA, 3);
    s_add_step (next, later);
    grid_deliver (&s_grid, s_voter, buf_bytes (&s_body));
    ck_assert_uint_eq (s_version (s_voter), version);
    ck_assert_uint_eq (s_stats (s_voter)->refused, refused + 2);
    view_destroy (&next);
    view_destroy (&later);
}
END_TEST

//  Cut anywhere, or with any byte changed: what was known, or what was meant.
START_TEST (no_bytes_do_harm)
{
    s_begin_with (3);
    view_t *known = view_copy (grid_view (&s_grid)), *next = s_next (known);
    s_begin (s_coordinator, s_voter, PEER_PUBLISH_DELTA, 3);
    s_add_step (known, next);
    size_t size = s_body.size;
    for (size_t cut = 0; cut < size; cut++)
        grid_deliver (&s_grid, s_voter, bytes_of (s_body.data, cut));
    for (size_t at = 0; at < size; at++) {
        s_body.data[at] ^= 0x81;
        grid_deliver (&s_grid, s_voter, buf_bytes (&s_body));
        s_body.data[at] ^= 0x81;
        ck_assert (view_equal (cluster_view (s_grid.nodes[s_voter].cluster), known));
    }
    grid_deliver (&s_grid, s_voter, buf_bytes (&s_body));
    ck_assert (view_equal (cluster_view (s_grid.nodes[s_voter].cluster), next));
    view_destroy (&known);
    view_destroy (&next);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("deltas");
    TCase *tests = tcase_create ("deltas");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_setup, s_teardown);
    tcase_add_test (tests, small_steps_go_out_as_deltas);
    tcase_add_loop_test (tests, who_was_away_comes_level, 1, 4);
    //  More than a coordinator keeps
    tcase_add_loop_test (tests, who_was_away_comes_level, 20, 21);
    tcase_add_test (tests, who_lacks_the_state_asks_for_the_whole);
    tcase_add_test (tests, a_voter_that_asks_for_the_whole_gets_it);
    tcase_add_test (tests, a_stranger_does_not_publish_by_deltas_either);
    tcase_add_test (tests, no_bytes_do_harm);
    suite_add_tcase (suite, tests);
    return suite;
}

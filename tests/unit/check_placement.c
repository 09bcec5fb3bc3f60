//  check_placement: properties over thousands of random views.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/placement.h"
#include "lib/test.h"

#define VIEWS 1000
#define MEMBERS_MAX 12

static uint64_t s_state;

static uint32_t
s_roll (uint32_t sides)
{
    s_state = s_state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (uint32_t) (s_state >> 33) % sides;
}

typedef struct {
    bool even;      // All weights are 100
    uint32_t zones; // 0: none are named
    bool witness;
} kind_t;

static node_id_t s_next_id;

static void
s_add (view_t *view, kind_t kind, bool witness)
{
    member_t member = { .id = ++s_next_id * 7919 % 1000003 + 1, .weight = 100, .actors = 1 };
    if (!kind.even)
        member.weight = 10 + s_roll (200);
    if (kind.zones)
        snprintf (member.zone, sizeof member.zone, "z%u", s_roll (kind.zones));
    if (witness) {
        member.witness = true;
        member.actors = 0;
    }
    assert (view_add_member (view, &member));
}

static view_t *
s_random_view (kind_t kind, uint32_t members)
{
    static const uint32_t s_partitions[] = { 1, 7, 31, 64, 97, 271 };
    view_t *view = view_new (s_partitions[s_roll (6)]);
    assert (view);
    view->copies = (uint8_t) (1 + s_roll (4));
    for (uint32_t index = 0; index < members; index++)
        s_add (view, kind, false);
    if (kind.witness)
        s_add (view, kind, true);
    return view;
}

typedef struct {
    uint32_t copies[MEMBERS_MAX + 8], primaries[MEMBERS_MAX + 8];
} counts_t;

static counts_t
s_counts (const view_t *view)
{
    counts_t counts = { { 0 }, { 0 } };
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        for (uint32_t index = 0; index < view->members_count; index++) {
            node_id_t id = view->members[index].id;
            counts.copies[index] += part_has (&view->parts[partition], id);
            counts.primaries[index] += view->parts[partition].primary == id;
        }
    return counts;
}

static uint32_t
s_zones_of (const view_t *view, const node_id_t *ids, uint32_t count)
{
    uint32_t zones = 0;
    for (uint32_t index = 0; index < count; index++) {
        bool seen = false;
        for (uint32_t before = 0; before < index; before++)
            seen |= strcmp (view_member (view, ids[before])->zone, view_member (view, ids[index])->zone) == 0;
        zones += !seen;
    }
    return zones;
}

static uint32_t
s_zones (const view_t *view)
{
    node_id_t ids[MEMBERS_MAX + 8];
    uint32_t count = 0;
    for (uint32_t index = 0; index < view->members_count; index++)
        if (!view->members[index].witness && view->members[index].status == MEMBER_UP)
            ids[count++] = view->members[index].id;
    return s_zones_of (view, ids, count);
}

//  Every row is one that a view may have, with all the copies.
static void
s_check_rows (const view_t *view)
{
    uint32_t copies = view_copies (view);
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        ck_assert_uint_eq (part->reps_count, copies);
        ck_assert (part_has (part, part->primary));
        for (unsigned rep = 0; rep < part->reps_count; rep++) {
            const member_t *member = view_member (view, part->reps[rep]);
            ck_assert (member && !member->witness && member->status == MEMBER_UP);
            for (unsigned before = 0; before < rep; before++)
                ck_assert_uint_ne (part->reps[before], part->reps[rep]);
        }
    }
}

static void
s_least_and_most (const view_t *view, const uint32_t *loads, uint32_t *least, uint32_t *most)
{
    *least = UINT32_MAX;
    *most = 0;
    for (uint32_t index = 0; index < view->members_count; index++)
        if (!view->members[index].witness && view->members[index].status == MEMBER_UP) {
            *least = loads[index] < *least ? loads[index] : *least;
            *most = loads[index] > *most ? loads[index] : *most;
        }
}

static void
s_check_even (const view_t *view, uint32_t primaries_apart, uint32_t copies_apart)
{
    counts_t counts = s_counts (view);
    uint32_t least, most;
    s_least_and_most (view, counts.primaries, &least, &most);
    ck_assert_uint_le (most - least, primaries_apart);
    s_least_and_most (view, counts.copies, &least, &most);
    ck_assert_uint_le (most - least, copies_apart);
}

START_TEST (founded_evenly)
{
    s_state = 1;
    for (int round = 0; round < VIEWS; round++) {
        view_t *view = s_random_view ((kind_t) { .even = true, .witness = s_roll (2) },
                                      1 + s_roll (MEMBERS_MAX));
        ck_assert (placement_found (view));
        s_check_rows (view);
        s_check_even (view, 1, 2);
        view_destroy (&view);
    }
}
END_TEST

START_TEST (founded_by_weight)
{
    s_state = 2;
    for (int round = 0; round < VIEWS; round++) {
        view_t *view = s_random_view ((kind_t) { .even = false }, 1 + s_roll (MEMBERS_MAX));
        ck_assert (placement_found (view));
        s_check_rows (view);
        counts_t counts = s_counts (view);
        uint64_t total = 0;
        for (uint32_t index = 0; index < view->members_count; index++)
            total += view->members[index].weight;
        for (uint32_t index = 0; index < view->members_count; index++) {
            double share = (double) view->partitions * view->members[index].weight / (double) total;
            //  D'Hondt's rule never gives less than the share rounded down
            ck_assert_double_gt (counts.primaries[index], share - 1);
        }
        view_destroy (&view);
    }
}
END_TEST

START_TEST (founded_in_zones)
{
    s_state = 3;
    for (int round = 0; round < VIEWS; round++) {
        view_t *view = s_random_view ((kind_t) { .even = s_roll (2), .zones = 1 + s_roll (4) },
                                      1 + s_roll (MEMBERS_MAX));
        ck_assert (placement_found (view));
        s_check_rows (view);
        uint32_t zones = s_zones (view), copies = view_copies (view);
        for (uint32_t partition = 0; partition < view->partitions; partition++)
            ck_assert_uint_eq (s_zones_of (view, view->parts[partition].reps, copies),
                               zones < copies ? zones : copies);
        view_destroy (&view);
    }
}
END_TEST

START_TEST (backups_are_spread)
{
    for (uint32_t members = 3; members <= MEMBERS_MAX; members++) {
        view_t *view = view_new (271);
        view->copies = 2;
        for (uint32_t index = 0; index < members; index++)
            s_add (view, (kind_t) { .even = true }, false);
        ck_assert (placement_found (view));
        for (uint32_t index = 0; index < members; index++) {
            uint32_t shared[MEMBERS_MAX] = { 0 }, most = 0, least = UINT32_MAX;
            for (uint32_t partition = 0; partition < view->partitions; partition++)
                for (uint32_t other = 0; other < members; other++)
                    shared[other] += view->parts[partition].primary == view->members[index].id
                                     && part_has (&view->parts[partition], view->members[other].id);
            for (uint32_t other = 0; other < members; other++)
                if (other != index) {
                    most = shared[other] > most ? shared[other] : most;
                    least = shared[other] < least ? shared[other] : least;
                }
            ck_assert_uint_le (most - least, 2);
        }
        view_destroy (&view);
    }
    view_t *nobody = view_new (5);
    ck_assert (!placement_found (nobody));
    view_destroy (&nobody);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Steps

//  Any of placement's answers at the present state of the view.
typedef node_id_t (step_fn) (const placement_t *, uint32_t);

static node_id_t
s_ask (const view_t *view, step_fn *step, uint32_t partition)
{
    placement_t *placement = placement_new (view, NULL, NULL);
    node_id_t id = step (placement, partition);
    placement_destroy (&placement);
    return id;
}

START_TEST (whoever_is_suspect_takes_nothing)
{
    view_t *view = view_new (2);
    view->copies = 2;
    kind_t kind = { .even = true };
    for (int index = 0; index < 4; index++)
        s_add (view, kind, false);
    node_id_t ids[4];
    for (int index = 0; index < 4; index++)
        ids[index] = view->members[index].id;
    part_t *part = &view->parts[0];
    *part = (part_t) { .epoch = 1, .primary = ids[0], .reps_count = 3, .reps = { ids[0], ids[1], ids[2] } };
    view->parts[1] = (part_t) { .epoch = 1, .primary = ids[1], .reps_count = 2, .reps = { ids[1], ids[2] } };
    view->members[1].status = MEMBER_SUSPECT;
    ck_assert_uint_eq (s_ask (view, placement_surplus, 0), ids[1]);
    view->members[0].status = MEMBER_SUSPECT; // The primary: nobody goes
    ck_assert_uint_eq (s_ask (view, placement_surplus, 0), 0);
    ck_assert_uint_eq (s_ask (view, placement_surplus, 1), 0); // No more copies than wanted
    view->parts[1] = (part_t) { .epoch = 1, .primary = ids[2], .reps_count = 1, .reps = { ids[2] } };
    ck_assert_uint_eq (s_ask (view, placement_learner, 1), ids[3]);
    view->members[3].status = MEMBER_LEAVING;
    ck_assert_uint_eq (s_ask (view, placement_learner, 1), 0);
    view->members[0].status = MEMBER_LEAVING;
    ck_assert_uint_eq (s_ask (view, placement_primary, 0), ids[2]);
    view_destroy (&view);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("placement");
    TCase *tests = tcase_create ("placement");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, founded_evenly);
    tcase_add_test (tests, founded_by_weight);
    tcase_add_test (tests, founded_in_zones);
    tcase_add_test (tests, backups_are_spread);
    tcase_add_test (tests, whoever_is_suspect_takes_nothing);
    suite_add_tcase (suite, tests);
    return suite;
}

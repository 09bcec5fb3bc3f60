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
    bool small; // Few partitions
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
    view_t *view = view_new (s_partitions[s_roll (kind.small ? 4 : 6)]);
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
//  What a coordinator would do, one change at a time, until there is nothing to do

static void
s_drop (part_t *part, node_id_t id)
{
    for (unsigned rep = 0; rep < part->reps_count; rep++)
        if (part->reps[rep] == id) {
            part->reps[rep] = part->reps[--part->reps_count];
            return;
        }
    ck_abort ();
}

static bool
s_is_up (const view_t *view, node_id_t id)
{
    return view_member (view, id)->status == MEMBER_UP;
}

//  Copies that shall stay: those on members that do not leave.
static uint32_t
s_staying (const view_t *view, const part_t *part)
{
    uint32_t staying = 0;
    for (unsigned rep = 0; rep < part->reps_count; rep++)
        staying += s_is_up (view, part->reps[rep]);
    return staying;
}

static bool
s_step_part (view_t *view, uint32_t partition)
{
    part_t *part = &view->parts[partition];
    node_id_t id = 0;
    if (part->learner) {
        part->reps[part->reps_count++] = part->learner;
        part->learner = 0;
        return true;
    }
    if (s_staying (view, part) < view_copies (view)
        && (id = placement_learner (view, partition, NULL, NULL))) {
        ck_assert (!part_has (part, id) && s_is_up (view, id));
        part->learner = id;
        return true;
    }
    if ((id = placement_primary (view, partition))) {
        ck_assert (part_has (part, id) && s_is_up (view, id) && id != part->primary);
        part->primary = id;
        return true;
    }
    if ((id = placement_surplus (view, partition))) {
        ck_assert (part_has (part, id) && id != part->primary);
        ck_assert_uint_gt (part->reps_count, view_copies (view));
        s_drop (part, id);
        return true;
    }
    return false;
}

//  Returns how many copies were made.
static uint32_t
s_settle (view_t *view)
{
    uint32_t copied = 0, steps = 0;
    for (bool busy = true; busy;) {
        busy = false;
        for (uint32_t partition = 0; partition < view->partitions; partition++) {
            copied += view->parts[partition].learner != 0;
            busy |= s_step_part (view, partition);
        }
        uint32_t partition;
        node_id_t id = placement_move (view, NULL, NULL, &partition);
        if (id) {
            ck_assert_uint_lt (partition, view->partitions);
            ck_assert (part_role (&view->parts[partition], id) == ROLE_NONE && s_is_up (view, id));
            view->parts[partition].learner = id;
            busy = true;
        }
        ck_assert_uint_lt (steps++, 5000);
    }
    return copied;
}

//  A member is added, or leaves, or is gone at once.
static void
s_disturb (view_t *view, kind_t kind)
{
    uint32_t up = 0;
    for (uint32_t index = 0; index < view->members_count; index++)
        up += !view->members[index].witness;
    if (up < 2 || (up < MEMBERS_MAX && s_roll (2))) {
        s_add (view, kind, false);
        return;
    }
    member_t *member = &view->members[s_roll (view->members_count)];
    if (member->witness)
        return;
    member->status = MEMBER_LEAVING;
    if (s_roll (2))
        return;
    //  It crashed: another copy takes over
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        part_t *part = &view->parts[partition];
        if (part->reps_count < 2 || !part_has (part, member->id))
            continue;
        s_drop (part, member->id);
        if (part->primary == member->id)
            part->primary = part->reps[0];
    }
}

static void
s_check_gone (view_t *view)
{
    for (uint32_t index = view->members_count; index-- > 0;) {
        const member_t *member = &view->members[index];
        if (member->status == MEMBER_UP)
            continue;
        for (uint32_t partition = 0; partition < view->partitions; partition++)
            ck_assert (part_role (&view->parts[partition], member->id) == ROLE_NONE);
        view_remove_member (view, member->id);
    }
}

START_TEST (changes_settle)
{
    s_state = (uint64_t) _i + 10;
    for (int round = 0; round < 8; round++) {
        kind_t kind = {
            .even = s_roll (3), .zones = s_roll (2) ? 0 : 1 + s_roll (4), .witness = s_roll (2), .small = true
        };
        view_t *view = s_random_view (kind, 1 + s_roll (6));
        ck_assert (placement_found (view));
        for (int change = 0; change < 4; change++) {
            s_disturb (view, kind);
            s_settle (view);
            s_check_gone (view);
            s_check_rows (view);
            if (kind.even && kind.zones == 0)
                s_check_even (view, 2, 2);
            uint32_t zones = s_zones (view), copies = view_copies (view);
            for (uint32_t partition = 0; kind.zones && partition < view->partitions; partition++)
                ck_assert_uint_eq (s_zones_of (view, view->parts[partition].reps, copies),
                                   zones < copies ? zones : copies);
        }
        view_destroy (&view);
    }
}
END_TEST

//  Few are copied when one more member comes: about its share.
START_TEST (no_more_than_needed_moves)
{
    view_t *view = view_new (271);
    view->copies = 2;
    kind_t kind = { .even = true };
    for (int index = 0; index < 4; index++)
        s_add (view, kind, false);
    ck_assert (placement_found (view));
    ck_assert_uint_eq (s_settle (view), 0);
    s_add (view, kind, false);
    uint32_t copied = s_settle (view);
    ck_assert (copied >= 106 && copied <= 112); // 542 copies, a fifth of them is 108.4
    s_check_even (view, 2, 2);
    view_destroy (&view);
}
END_TEST

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
    ck_assert_uint_eq (placement_surplus (view, 0), ids[1]);
    view->members[0].status = MEMBER_SUSPECT; // The primary: nobody goes
    ck_assert_uint_eq (placement_surplus (view, 0), 0);
    ck_assert_uint_eq (placement_learner (view, 0, NULL, NULL), ids[3]);
    view->members[3].status = MEMBER_LEAVING;
    ck_assert_uint_eq (placement_learner (view, 0, NULL, NULL), 0);
    view->members[0].status = MEMBER_LEAVING;
    ck_assert_uint_eq (placement_primary (view, 0), ids[2]);
    ck_assert_uint_eq (placement_surplus (view, 1), 0); // No more copies than wanted
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
    tcase_add_loop_test (tests, changes_settle, 0, 8);
    tcase_add_test (tests, no_more_than_needed_moves);
    tcase_add_test (tests, whoever_is_suspect_takes_nothing);
    suite_add_tcase (suite, tests);
    return suite;
}

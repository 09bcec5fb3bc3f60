//  check_view_delta: what a delta makes of a view is the view that it was made for, or nothing.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/view_delta.h"
#include "lib/block.h"
#include "lib/test.h"
#include "mem.h"
#include "wire.h"

#define S_PAIRS 4000
#define S_FORGED 60

static uint64_t s_dice_state;

static uint32_t
s_dice (uint32_t below)
{
    s_dice_state = s_dice_state * UINT64_C (6364136223846793005) + 1442695040888963407;
    return (uint32_t) (s_dice_state >> 33) % below;
}

static member_t
s_member (node_id_t id)
{
    member_t member = { .id = id, .weight = 1 + s_dice (1000), .generation = s_dice (3) };
    member.witness = s_dice (8) == 0;
    member.status = (uint8_t) s_dice (3);
    member.move_port = (uint16_t) s_dice (UINT16_MAX);
    member.pubsub_port = (uint16_t) s_dice (UINT16_MAX);
    member.mesh_port = (uint16_t) s_dice (UINT16_MAX);
    member.gateway_port = (uint16_t) s_dice (UINT16_MAX);
    member.actors = (uint16_t) (member.witness ? 0 : 1 + s_dice (3));
    for (unsigned actor = 0; actor < member.actors; actor++)
        member.client_ports[actor] = member.peer_ports[actor] = (uint16_t) s_dice (UINT16_MAX);
    snprintf (member.name, sizeof member.name, "m%u", s_dice (100));
    snprintf (member.host, sizeof member.host, "host%u", s_dice (100));
    return member;
}

static void
s_fill_part (const view_t *view, part_t *part)
{
    *part = (part_t) { .epoch = s_dice (1000) };
    for (unsigned tries = s_dice (6); tries; tries--) {
        const member_t *member = &view->members[s_dice (view->members_count)];
        if (!member->witness && !part_has (part, member->id) && part->reps_count < VIEW_REPS_MAX)
            part->reps[part->reps_count++] = member->id;
    }
    if (part->reps_count == 0)
        return;
    part->primary = part->reps[s_dice (part->reps_count)];
    const member_t *learner = &view->members[s_dice (view->members_count)];
    if (s_dice (4) == 0 && !learner->witness && !part_has (part, learner->id))
        part->learner = learner->id;
}

static void
s_fill_head (view_t *view)
{
    view->cfg = s_dice (4);
    view->voters_max = (uint8_t) (1 + 2 * s_dice (3));
    view->copies = (uint8_t) (1 + s_dice (VIEW_COPIES_MAX));
    view->on_lost = (uint8_t) s_dice (2);
    view->era = s_dice (3);
    view->seed[s_dice (HASH_SEED_SIZE)] = (uint8_t) s_dice (256);
    view->move_rate = s_dice (3) ? s_dice (1000) : (uint64_t) s_dice (1000) << 40;
    view->moves_paused = (uint8_t) s_dice (2);
    view->moves_total = s_dice (500);
}

static void
s_fill_voters (view_t *view)
{
    view->voters_count = view->voters_new_count = 0;
    for (uint32_t at = 0; at < view->members_count && view->voters_count < VIEW_VOTERS_MAX; at++)
        if (s_dice (2))
            view->voters[view->voters_count++] = view->members[at].id;
    for (uint32_t at = 0; s_dice (3) == 0 && at < view->members_count && at < VIEW_VOTERS_MAX; at++)
        view->voters_new[view->voters_new_count++] = view->members[at].id;
}

static void
s_declare (view_t *view)
{
    map_settings_t map = { .mode = (uint8_t) s_dice (2), .min_sync = (uint8_t) (1 + s_dice (3)) };
    snprintf (map.name, sizeof map.name, "map%u", s_dice (12));
    map.ttl = s_dice (3) ? 0 : s_dice (1000000);
    map.idle = s_dice (3) ? 0 : s_dice (1000000);
    map.max_entries = s_dice (3) ? 0 : s_dice (1000000);
    map.max_bytes = s_dice (3) ? 0 : (uint64_t) s_dice (1000000) << 40;
    map.policy = (uint8_t) s_dice (MAP_POLICY_S3FIFO + 1);
    map.events = (uint8_t) s_dice (MAP_EVENT_ALL + 1);
    ck_assert (view_set_map (view, &map));
}

static view_t *
s_view (uint32_t partitions)
{
    view_t *view = view_new (partitions);
    ck_assert_ptr_nonnull (view);
    view->cluster = 77;
    view->version = s_dice (1000);
    s_fill_head (view);
    for (unsigned count = 1 + s_dice (9); count; count--) {
        member_t member = s_member (1 + s_dice (30));
        view_add_member (view, &member);
    }
    s_fill_voters (view);
    for (uint32_t at = 0; at < partitions; at++)
        s_fill_part (view, &view->parts[at]);
    for (unsigned count = s_dice (6); count; count--)
        s_declare (view);
    return view;
}

//  The id may have come back as one that holds no data.
static bool
s_is_gone (view_t *view, node_id_t id)
{
    const member_t *member = view_member (view, id);
    return !member || member->witness;
}

//  Takes a member out of everything, then adds another one somewhere in the order.
static void
s_exchange_member (view_t *view)
{
    node_id_t id = view->members[s_dice (view->members_count)].id;
    if (view->members_count > 1)
        view_remove_member (view, id);
    member_t member = s_member (1 + s_dice (60));
    view_add_member (view, &member);
    s_fill_voters (view);
    for (uint32_t at = 0; at < view->partitions; at++) {
        part_t *part = &view->parts[at];
        bool gone = part->learner && s_is_gone (view, part->learner);
        for (unsigned rep = 0; rep < part->reps_count; rep++)
            gone = gone || s_is_gone (view, part->reps[rep]);
        if (gone)
            s_fill_part (view, part);
    }
}

//  Another version of it: a few things are different, or everything.
static view_t *
s_changed (const view_t *view)
{
    if (s_dice (8) == 0)
        return s_view (view->partitions);
    view_t *other = view_copy (view);
    other->version += s_dice (3);
    if (s_dice (2))
        s_fill_head (other);
    if (s_dice (3) == 0)
        s_exchange_member (other);
    if (s_dice (3) == 0)
        other->members[s_dice (other->members_count)].generation++;
    if (s_dice (3) == 0)
        s_declare (other);
    if (s_dice (4) == 0 && other->maps_count)
        other->maps_count--;
    for (unsigned count = s_dice (4); count; count--)
        s_fill_part (other, &other->parts[s_dice (other->partitions)]);
    return other;
}

static view_t *
s_apply (const view_t *before, bytes_t delta, const char **why)
{
    bytes_t block = block_of (delta.data, delta.size);
    view_t *view = view_apply (before, block, why);
    block_free (block);
    return view;
}

START_TEST (a_delta_leads_to_what_it_was_made_for)
{
    s_dice_state = 3;
    unsigned others = 0;
    for (unsigned pair = 0; pair < S_PAIRS; pair++) {
        view_t *before = s_view (1 + s_dice (12)), *after = s_changed (before), *copy = view_copy (before);
        buf_t delta = BUF_INIT;
        const char *why = NULL;
        uint64_t from, to;
        ck_assert (view_delta (before, after, &delta));
        ck_assert (view_delta_ends (buf_bytes (&delta), &from, &to));
        ck_assert (from == before->version && to == after->version);
        view_t *made = s_apply (before, buf_bytes (&delta), &why);
        ck_assert_msg (made && view_equal (made, after), "pair %u: %s", pair, why ? why : "another view");
        ck_assert (view_equal (before, copy));
        //  From anything else it leads nowhere, unless that happens to become the same
        view_t *stranger = s_view (before->partitions);
        stranger->version = before->version;
        view_t *wrong = s_apply (stranger, buf_bytes (&delta), &why);
        ck_assert (!wrong || view_equal (wrong, after));
        others += wrong == NULL;
        copy->version++;
        ck_assert_ptr_null (s_apply (copy, buf_bytes (&delta), &why));
        ck_assert_str_eq (why, "not a delta of that view");
        copy->version--;
        copy->cluster++;
        ck_assert_ptr_null (s_apply (copy, buf_bytes (&delta), &why));
        view_destroy (&before);
        view_destroy (&after);
        view_destroy (&copy);
        view_destroy (&made);
        view_destroy (&stranger);
        view_destroy (&wrong);
        buf_clear (&delta);
    }
    ck_assert_uint_gt (others, S_PAIRS * 9 / 10);
}
END_TEST

//  Cut anywhere, lengthened, or with any one byte changed: the right view or a reason, never another one.
START_TEST (a_forged_delta_leads_nowhere_else)
{
    s_dice_state = 5;
    unsigned refused = 0, tried = 0;
    for (unsigned pair = 0; pair < S_FORGED; pair++) {
        view_t *before = s_view (1 + s_dice (5)), *after = s_changed (before);
        buf_t delta = BUF_INIT;
        ck_assert (view_delta (before, after, &delta));
        for (size_t size = 0; size < delta.size; size++) {
            const char *why = NULL;
            ck_assert_ptr_null (s_apply (before, bytes_of (delta.data, size), &why));
            ck_assert_ptr_nonnull (why);
        }
        for (size_t at = 0; at < delta.size; at++)
            for (unsigned byte = 0; byte < 256; byte += 1 + s_dice (24)) {
                uint8_t was = delta.data[at];
                const char *why = NULL;
                delta.data[at] = (uint8_t) byte;
                view_t *made = s_apply (before, buf_bytes (&delta), &why);
                ck_assert (made ? view_equal (made, after) : why != NULL);
                tried++;
                refused += made == NULL;
                view_destroy (&made);
                delta.data[at] = was;
            }
        buf_add (&delta, "\xc0", 1);
        const char *why = NULL;
        ck_assert_ptr_null (s_apply (before, buf_bytes (&delta), &why));
        ck_assert_str_eq (why, "there are bytes behind a delta");
        view_destroy (&before);
        view_destroy (&after);
        buf_clear (&delta);
    }
    ck_assert_uint_gt (refused, tried / 2);
}
END_TEST

//  Whose result is no view: a delta that says the truth of it, digest and all.
START_TEST (what_a_delta_leads_to_must_be_a_view)
{
    s_dice_state = 7;
    view_t *before = s_view (4), *after = view_copy (before);
    buf_t delta = BUF_INIT;
    const char *why = NULL;
    after->voters_count = 1;
    after->voters[0] = 12345; // No member
    ck_assert (view_delta (before, after, &delta));
    ck_assert_ptr_null (s_apply (before, buf_bytes (&delta), &why));
    ck_assert_str_eq (why, "a voter is not a member");
    buf_reset (&delta);
    *after->voters = before->members[0].id;
    after->copies = 0;
    ck_assert (view_delta (before, after, &delta));
    ck_assert_ptr_null (s_apply (before, buf_bytes (&delta), &why));
    after->copies = 2;
    after->cluster++;
    buf_reset (&delta);
    ck_assert (!view_delta (before, after, &delta) && delta.size == 0);
    view_destroy (&after);
    after = s_view (5);
    ck_assert (!view_delta (before, after, &delta) && delta.size == 0);
    view_destroy (&before);
    view_destroy (&after);
    buf_clear (&delta);
}
END_TEST

START_TEST (without_memory_there_is_no_delta)
{
    s_dice_state = 11;
    view_t *before = s_view (6), *after = s_view (6), *made = NULL;
    buf_t delta = BUF_INIT;
    uint64_t countdown = 0;
    bool made_one = false;
    while (!made_one) {
        buf_clear (&delta);
        mem_fail_at (++countdown);
        made_one = view_delta (before, after, &delta);
        mem_fail_at (0);
    }
    ck_assert_uint_gt (countdown, 3);
    for (countdown = 0; !made;) {
        const char *why = NULL;
        mem_fail_at (++countdown);
        made = view_apply (before, buf_bytes (&delta), &why);
        mem_fail_at (0);
        if (!made)
            ck_assert_str_eq (why, "out of memory");
    }
    ck_assert_uint_gt (countdown, 5);
    ck_assert (view_equal (made, after));
    view_destroy (&before);
    view_destroy (&after);
    view_destroy (&made);
    buf_clear (&delta);
}
END_TEST

//  Five members, each row held by two of them.
static view_t *
s_table (uint32_t partitions)
{
    view_t *view = view_new (partitions);
    view->cluster = UINT64_MAX;
    view->version = 100000;
    for (unsigned at = 0; at < 5; at++) {
        member_t member = {
            .id = UINT64_MAX / 7 * (at + 1), .weight = 100, .actors = 2, .router_port = 4567
        };
        snprintf (member.name, sizeof member.name, "member%u", at);
        snprintf (member.host, sizeof member.host, "192.168.100.%u", at);
        member.client_ports[1] = member.peer_ports[1] = member.beacon_port = member.move_port = 50000;
        ck_assert (view_add_member (view, &member));
        view->voters[view->voters_count++] = member.id;
    }
    for (uint32_t at = 0; at < partitions; at++)
        view->parts[at] = (part_t) { .epoch = 1000,
                                     .primary = view->members[at % 5].id,
                                     .reps_count = 2,
                                     .reps = { view->members[at % 5].id, view->members[(at + 1) % 5].id } };
    return view;
}

//  What one row that changes costs, and how much the whole is.
START_TEST (a_small_step_costs_little)
{
    static const uint32_t s_partitions[] = { 271, 16384 };
    for (unsigned at = 0; at < 2; at++) {
        view_t *before = s_table (s_partitions[at]), *after = view_copy (before);
        buf_t whole = BUF_INIT, delta = BUF_INIT, nothing = BUF_INIT;
        after->version++;
        part_t *part = &after->parts[s_partitions[at] / 2];
        part->epoch++;
        part->learner = after->members[(s_partitions[at] / 2 + 2) % 5].id;
        view_encode (after, &whole);
        ck_assert (view_delta (before, after, &delta) && view_delta (after, after, &nothing));
        ck_assert_uint_lt (delta.size, 200);
        ck_assert_uint_lt (nothing.size, delta.size);
        printf ("%u partitions, 5 members, one row changed: %zu bytes; the whole view: %zu\n",
                s_partitions[at], delta.size, whole.size);
        view_destroy (&before);
        view_destroy (&after);
        buf_clear (&whole);
        buf_clear (&delta);
        buf_clear (&nothing);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("view_delta");
    TCase *tests = tcase_create ("view_delta");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, a_delta_leads_to_what_it_was_made_for);
    tcase_add_test (tests, a_forged_delta_leads_nowhere_else);
    tcase_add_test (tests, what_a_delta_leads_to_must_be_a_view);
    tcase_add_test (tests, without_memory_there_is_no_delta);
    tcase_add_test (tests, a_small_step_costs_little);
    suite_add_tcase (suite, tests);
    return suite;
}

//  check_plan: properties of plans over tens of thousands of random clusters that members join, leave and
//  are lost from, several at once: what a plan says, and what comes of it when its moves are made in any
//  order.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/placement.h"
#include "cluster/plan.h"
#include "lib/least_cost.h"
#include "lib/test.h"

#define CLUSTERS 1200 // In each of the loops
#define LOOPS 20
#define MEMBERS_MAX 48

//  As ck_assert, which is too slow to be asked so often.
#define HOLD(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            ck_abort_msg ("line %d: not %s", __LINE__, #condition);                                          \
    } while (0)

static uint64_t s_state;
static node_id_t s_next_id;

static uint32_t
s_roll (uint32_t sides)
{
    s_state = s_state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (uint32_t) (s_state >> 33) % sides;
}

//  ------------------------------------------------------------------------------------------------
//  Random clusters

typedef struct {
    uint32_t weights; // 0: all 100; 1: any from 1 to 1,000; 2: some are twice as large
    uint32_t zones;   // 0: none are named
} kind_t;

static void
s_add (view_t *view, kind_t kind, bool witness)
{
    member_t member = { .id = ++s_next_id * 7919 % 1000003 + 1, .weight = 100, .actors = 1 };
    if (kind.weights)
        member.weight = kind.weights == 1 ? 1 + s_roll (1000) : 100 * (1 + s_roll (2));
    if (kind.zones)
        snprintf (member.zone, sizeof member.zone, "z%u", s_roll (kind.zones));
    if (witness) {
        member.witness = true;
        member.actors = 0;
    }
    assert (view_add_member (view, &member));
}

static kind_t
s_kind (void)
{
    return (kind_t) { .weights = s_roll (3), .zones = s_roll (2) ? 0 : 1 + s_roll (5) };
}

static view_t *
s_found (kind_t kind, uint32_t members, uint32_t partitions)
{
    view_t *view = view_new (partitions);
    assert (view);
    view->copies = (uint8_t) (1 + s_roll (5));
    for (uint32_t index = 0; index < members; index++)
        s_add (view, kind, false);
    if (s_roll (4) == 0)
        s_add (view, kind, true);
    ck_assert (placement_found (view));
    return view;
}

//  Most are small: there is more to go wrong where copies are few.
static view_t *
s_any (kind_t kind)
{
    uint32_t members = 1 + s_roll (s_roll (4) ? 8 : 40);
    return s_found (kind, members, 2 + s_roll (s_roll (4) ? 40 : 299));
}

static bool
s_takes (const member_t *member)
{
    return !member->witness && member->status == MEMBER_UP;
}

static uint32_t
s_takers (const view_t *view)
{
    uint32_t takers = 0;
    for (uint32_t index = 0; index < view->members_count; index++)
        takers += s_takes (&view->members[index]);
    return takers;
}

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

//  A member is gone at once; where it had the last copy, it leaves instead.
static void
s_lose (view_t *view, member_t *member)
{
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        part_t *part = &view->parts[partition];
        if (!part_has (part, member->id))
            continue;
        if (part->reps_count == 1) {
            member->status = MEMBER_LEAVING;
            continue;
        }
        s_drop (part, member->id);
        if (part->primary == member->id)
            part->primary = part->reps[s_roll (part->reps_count)];
    }
    if (member->status == MEMBER_UP)
        view_remove_member (view, member->id);
}

//  One to four members come, leave or are lost. True if fewer copies are wanted then.
static bool
s_disturb (view_t *view, kind_t kind)
{
    for (uint32_t changes = 1 + s_roll (4); changes; changes--) {
        if (s_takers (view) < 2 || (s_roll (2) && view->members_count < MEMBERS_MAX)) {
            s_add (view, kind, false);
            continue;
        }
        member_t *member = &view->members[s_roll (view->members_count)];
        if (!s_takes (member))
            continue;
        if (s_roll (3))
            member->status = MEMBER_LEAVING;
        else
            s_lose (view, member);
    }
    uint8_t copies = view->copies;
    if (s_roll (8) == 0)
        view->copies = (uint8_t) (1 + s_roll (5));
    return view->copies < copies;
}

//  ------------------------------------------------------------------------------------------------
//  What must hold

typedef struct {
    uint32_t copies[MEMBERS_MAX + 2], primaries[MEMBERS_MAX + 2];
} counts_t;

static counts_t
s_counts (const view_t *view)
{
    counts_t counts = { { 0 }, { 0 } };
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        for (uint32_t index = 0; index < view->members_count; index++) {
            node_id_t id = view->members[index].id;
            counts.copies[index] += part_role (&view->parts[partition], id) != ROLE_NONE;
            counts.primaries[index] += view->parts[partition].primary == id;
        }
    return counts;
}

static bool
s_same_zone (const member_t *a, const member_t *b)
{
    return a == b || (a->zone[0] && strcmp (a->zone, b->zone) == 0);
}

static uint32_t
s_zones (const member_t *const *members, uint32_t count)
{
    uint32_t zones = 0;
    for (uint32_t index = 0; index < count; index++) {
        bool seen = false;
        for (uint32_t before = 0; before < index; before++)
            seen |= s_same_zone (members[before], members[index]);
        zones += !seen;
    }
    return zones;
}

//  Between two steps: whoever is in a row is a member, nobody twice, the primary among them.
static void
s_check_rows (const view_t *view)
{
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        HOLD (part->reps_count > 0 && part_has (part, part->primary));
        HOLD (!part->learner || !part_has (part, part->learner));
        for (unsigned rep = 0; rep < part->reps_count; rep++) {
            const member_t *member = view_member (view, part->reps[rep]);
            HOLD (member && !member->witness);
            for (unsigned before = 0; before < rep; before++)
                HOLD (part->reps[before] != part->reps[rep]);
        }
    }
}

static void
s_check_zones (const view_t *view)
{
    const member_t *members[MEMBERS_MAX + 2];
    uint32_t takers = 0, copies = view_copies (view);
    for (uint32_t index = 0; index < view->members_count; index++)
        if (s_takes (&view->members[index]))
            members[takers++] = &view->members[index];
    uint32_t zones = s_zones (members, takers), wanted = zones < copies ? zones : copies;
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        HOLD (part->reps_count == copies);
        HOLD (part->learner == 0);
        for (unsigned rep = 0; rep < part->reps_count; rep++) {
            members[rep] = view_member (view, part->reps[rep]);
            HOLD (s_takes (members[rep]));
        }
        HOLD (s_zones (members, copies) == wanted);
    }
}

//  Nobody is better off with what another has; nobody has much more than its share. Where zones are
//  named, members of the same zone are compared.
static void
s_check_loads (const view_t *view, const uint32_t *loads, uint32_t total, bool zones)
{
    uint64_t weights = 0;
    uint32_t takers = s_takers (view);
    for (uint32_t index = 0; index < view->members_count; index++)
        weights += s_takes (&view->members[index]) ? view->members[index].weight : 0;
    for (uint32_t a = 0; a < view->members_count; a++) {
        const member_t *member = &view->members[a];
        if (!s_takes (member)) {
            HOLD (loads[a] == 0);
            continue;
        }
        bool capped = false;
        for (uint32_t b = 0; b < view->members_count; b++) {
            const member_t *other = &view->members[b];
            capped |= s_takes (other) && loads[b] >= view->partitions;
            if (!s_takes (other) || a == b || loads[b] >= view->partitions
                || (zones && !s_same_zone (member, other)))
                continue;
            HOLD ((uint64_t) loads[a] * other->weight <= (uint64_t) (loads[b] + 1) * member->weight);
        }
        //  With four copies for each member; D'Hondt's rule favours the large ones where there are fewer
        if (!zones && !capped && total >= 4 * (takers - 1)) {
            uint64_t most = ((uint64_t) total * member->weight * 5 + 4 * weights - 1) / (4 * weights);
            HOLD (loads[a] <= most);
        }
    }
}

//  Backups of one member's primaries: nobody has more of them than three times its part, and
//  eight: the fewest moves count more.
static void
s_check_spread (const view_t *view)
{
    uint32_t takers = s_takers (view), copies = view_copies (view);
    if (takers < 2 || copies < 2)
        return;
    for (uint32_t a = 0; a < view->members_count; a++) {
        uint32_t shared[MEMBERS_MAX + 2] = { 0 }, primaries = 0;
        for (uint32_t partition = 0; partition < view->partitions; partition++) {
            if (view->parts[partition].primary != view->members[a].id)
                continue;
            primaries++;
            for (uint32_t b = 0; b < view->members_count; b++)
                shared[b] += a != b && part_has (&view->parts[partition], view->members[b].id);
        }
        uint32_t part = (primaries * (copies - 1) + takers - 2) / (takers - 1);
        for (uint32_t b = 0; b < view->members_count; b++)
            HOLD (shared[b] <= 3 * part + 8);
    }
}

static void
s_check_end (const view_t *view, kind_t kind)
{
    s_check_rows (view);
    s_check_zones (view);
    counts_t counts = s_counts (view);
    s_check_loads (view, counts.copies, view->partitions * view_copies (view), kind.zones > 0);
    if (kind.weights == 0 && kind.zones == 0) {
        s_check_loads (view, counts.primaries, view->partitions, false);
        s_check_spread (view);
    }
    plan_t *plan = plan_new (view);
    HOLD (plan->count == 0);
    plan_destroy (&plan);
}

//  ------------------------------------------------------------------------------------------------
//  The fewest moves

//  What D'Hondt's rule gives each member of all copies, whoever has them now coming first; the copies that
//  must be made for that. Then shall and most: the fewest and the most that the rule may give.
static uint32_t
s_least_moves (const view_t *view, uint32_t *shall, uint32_t *most)
{
    counts_t now = s_counts (view);
    uint32_t moves = 0, last = 0;
    for (uint32_t seat = 0; seat < view->partitions * view_copies (view); seat++) {
        uint32_t best = UINT32_MAX;
        for (uint32_t index = 0; index < view->members_count; index++) {
            const member_t *member = &view->members[index], *other = &view->members[best];
            if (!s_takes (member) || shall[index] == view->partitions)
                continue;
            if (best == UINT32_MAX) {
                best = index;
                continue;
            }
            uint64_t mine = (uint64_t) (shall[index] + 1) * other->weight,
                     its = (uint64_t) (shall[best] + 1) * member->weight;
            if (mine < its
                || (mine == its && now.copies[index] > shall[index] && now.copies[best] <= shall[best]))
                best = index;
        }
        moves += ++shall[best] > now.copies[best];
        last = best;
    }
    //  Who could have had the last copy instead
    uint32_t seats = shall[last], weight = view->members[last].weight;
    for (uint32_t index = 0; index < view->members_count; index++) {
        const member_t *member = &view->members[index];
        most[index] = shall[index];
        if (!s_takes (member))
            continue;
        if ((uint64_t) shall[index] * weight == (uint64_t) seats * member->weight)
            shall[index]--;
        else if (shall[index] < view->partitions
                 && (uint64_t) (shall[index] + 1) * weight == (uint64_t) seats * member->weight)
            most[index]++;
    }
    return moves;
}

//  Does all moves of a plan at once.
static void
s_apply (view_t *view, const plan_t *plan)
{
    for (uint32_t index = 0; index < plan->count; index++) {
        const plan_move_t *move = &plan->moves[index];
        part_t *part = &view->parts[move->partition];
        if (move->kind == PLAN_COPY) {
            HOLD (index < plan->copies);
            HOLD (!part_has (part, move->to) && move->to != part->learner);
            HOLD (s_takes (view_member (view, move->to)));
            if (move->from)
                s_drop (part, move->from);
            part->reps[part->reps_count++] = move->to;
        } else {
            HOLD (index >= plan->copies);
            HOLD (part->primary == move->from);
            HOLD (part_has (part, move->to));
            part->primary = move->to;
        }
    }
}

#define CERTAIN 10000 // What a copy is worth that a member must have

//  Where a member cannot simply give to another, as that has the same partitions: a flow of least cost
//  from partitions to members (source, partitions, members, sink), found the plain way. least and most:
//  what D'Hondt's rule may give each member.
static uint32_t
s_exact_moves (const view_t *view, const uint32_t *least, const uint32_t *most)
{
    uint32_t sink = 1 + view->partitions + view->members_count, certain = 0;
    int32_t cost = 0;
    least_cost_t *flow = least_cost_new (sink + 1);
    for (uint32_t index = 0; index < view->members_count; index++) {
        uint32_t node = 1 + view->partitions + index;
        if (!s_takes (&view->members[index]))
            continue;
        least_cost_connect (flow, node, sink, least[index], -CERTAIN);
        least_cost_connect (flow, node, sink, most[index] - least[index], 0);
        certain += least[index];
        for (uint32_t partition = 0; partition < view->partitions; partition++)
            least_cost_connect (flow, 1 + partition, node, 1,
                                part_role (&view->parts[partition], view->members[index].id) == ROLE_NONE);
    }
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        least_cost_connect (flow, 0, 1 + partition, view_copies (view), 0);
    for (uint32_t copy = 0; copy < view->partitions * view_copies (view); copy++)
        HOLD (least_cost_send (flow, &cost));
    least_cost_destroy (&flow);
    return (uint32_t) (cost + (int32_t) certain * CERTAIN);
}

static uint32_t s_exact; // How often that was needed

static void
s_check_moves (const view_t *view, const plan_t *plan, kind_t kind)
{
    uint32_t shall[MEMBERS_MAX + 2] = { 0 }, most[MEMBERS_MAX + 2] = { 0 };
    uint32_t least = s_least_moves (view, shall, most);
    HOLD (kind.zones || plan->copies >= least);
    if (kind.zones || plan->copies == least)
        return;
    if (view->partitions * view->members_count > 600)
        return; // That would take long
    s_exact++;
    HOLD (plan->copies == s_exact_moves (view, shall, most));
}

//  ------------------------------------------------------------------------------------------------
//  Step by step

typedef struct {
    uint32_t copies, primaries;
} made_t;

//  One step of a partition, if it can take one.
static bool
s_step (view_t *view, const placement_t *placement, uint32_t partition, made_t *made)
{
    part_t *part = &view->parts[partition];
    node_id_t id;
    if (part->learner) {
        part->reps[part->reps_count++] = part->learner;
        part->learner = 0;
    } else if ((id = placement_surplus (placement, partition))) {
        HOLD (part_has (part, id) && id != part->primary);
        HOLD (part->reps_count > view_copies (view));
        s_drop (part, id);
    } else if ((id = placement_primary (placement, partition))) {
        HOLD (part_has (part, id) && s_takes (view_member (view, id)) && id != part->primary);
        part->primary = id;
        made->primaries++;
    } else if ((id = placement_learner (placement, partition))) {
        HOLD (part_role (part, id) == ROLE_NONE && s_takes (view_member (view, id)));
        part->learner = id;
        made->copies++;
    } else
        return false;
    return true;
}

//  What is left when all copies are made: those too many go.
static uint32_t
s_trim (view_t *view)
{
    made_t made = { 0, 0 };
    for (bool busy = true; busy;) {
        busy = false;
        placement_t *placement = placement_new (view, NULL, NULL);
        for (uint32_t partition = 0; partition < view->partitions; partition++)
            busy |= s_step (view, placement, partition, &made);
        placement_destroy (&placement);
    }
    return made.copies;
}

START_TEST (plans_lead_to_the_end)
{
    s_state = (uint64_t) _i + 1;
    uint32_t more_all = 0;
    for (int round = 0; round < CLUSTERS; round++) {
        kind_t kind = s_kind ();
        view_t *view = s_any (kind);
        s_check_end (view, kind);
        bool fewer = s_disturb (view, kind);
        plan_t *plan = plan_new (view), *again = plan_new (view);
        HOLD (plan->count == again->count);
        HOLD (!plan->count || memcmp (plan->moves, again->moves, plan->count * sizeof *plan->moves) == 0);
        if (!fewer)
            s_check_moves (view, plan, kind);
        s_apply (view, plan);
        uint32_t more = s_trim (view);
        //  Which of two members has the last copy may turn out differently, seen from there
        HOLD (more <= 1 || fewer);
        more_all += fewer ? 0 : more;
        s_check_end (view, kind);
        plan_destroy (&plan);
        plan_destroy (&again);
        view_destroy (&view);
    }
}
END_TEST

//  Any partitions take a step, each time seen from where all have got to.
static made_t
s_settle (view_t *view)
{
    made_t made = { 0, 0 };
    uint32_t rounds = 0, eager = 1 + s_roll (8);
    for (bool busy = true; busy;) {
        placement_t *placement = placement_new (view, NULL, NULL);
        bool possible = false, moved = false;
        uint32_t first = s_roll (view->partitions);
        for (uint32_t step = 0; step < view->partitions; step++) {
            uint32_t partition = (first + step) % view->partitions;
            if (s_roll (8) > eager)
                possible = true;
            else
                moved |= s_step (view, placement, partition, &made);
        }
        s_check_rows (view);
        placement_destroy (&placement);
        busy = possible || moved;
        if (!moved && rounds > 4) {
            plan_t *plan = plan_new (view);
            busy = plan->count > 0 || view_health (view).moving;
            plan_destroy (&plan);
        }
        HOLD (rounds++ < 3000);
    }
    return made;
}

START_TEST (any_order_leads_to_the_end)
{
    s_state = (uint64_t) _i + 100;
    uint32_t planned = 0, more = 0, handovers = 0, more_handovers = 0;
    for (int round = 0; round < CLUSTERS / 8; round++) {
        kind_t kind = s_kind ();
        view_t *view = s_any (kind);
        for (int change = 0; change < 2; change++) {
            bool fewer = s_disturb (view, kind);
            plan_t *plan = plan_new (view);
            made_t made = s_settle (view);
            uint32_t primaries = plan->count - plan->copies;
            //  Which of two members has the last copy may change on the way
            if (!fewer)
                HOLD (made.copies <= plan->copies + 2);
            planned += plan->copies;
            more += made.copies > plan->copies ? made.copies - plan->copies : 0;
            handovers += primaries;
            more_handovers += made.primaries > primaries ? made.primaries - primaries : 0;
            plan_destroy (&plan);
            s_check_end (view, kind);
        }
        view_destroy (&view);
    }
    HOLD (more * 1000 <= planned);
    HOLD (more_handovers * 10 <= handovers);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("plan");
    TCase *tests = tcase_create ("plan");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_loop_test (tests, plans_lead_to_the_end, 0, LOOPS);
    tcase_add_loop_test (tests, any_order_leads_to_the_end, 0, LOOPS);
    suite_add_tcase (suite, tests);
    return suite;
}

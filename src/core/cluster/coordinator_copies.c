//  coordinator_copies: copies that are missing, copies too many, and where they shall be; at most so many at
//  a time for each member that feeds or learns.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "cluster_impl.h"

//  ------------------------------------------------------------------------------------------------
//  Learners that could not go on

//  Twice as long each time, up to `forget` (consistency 9: NOMEM is not tried again for 60 s).
void
coordinator_block (cluster_t *self, uint32_t partition, node_id_t node)
{
    blocked_t *place = &self->coord.blocked[0];
    for (unsigned index = 0; index < CLUSTER_BLOCKED_MAX; index++) {
        blocked_t *blocked = &self->coord.blocked[index];
        if (blocked->node == node && blocked->partition == partition) {
            place = blocked;
            break;
        }
        if (blocked->until < place->until)
            place = blocked;
    }
    if (place->node != node || place->partition != partition)
        *place = (blocked_t) { .partition = partition, .node = node, .pause = self->config.timing.lease };
    place->pause *= 2;
    if (place->pause > self->config.timing.forget)
        place->pause = self->config.timing.forget;
    place->until = self->now + place->pause;
}

//  ------------------------------------------------------------------------------------------------
//  What members do at present

static uint32_t
s_moves_max (const moving_t *moving)
{
    uint32_t most = moving->draft->cluster->config.moves_max;
    return most ? most : 1;
}

//  The counter of a member, or of nobody.
static uint32_t *
s_counter (const moving_t *moving, uint32_t *counters, node_id_t id)
{
    const view_t *view = moving->draft->view;
    const member_t *member = view_member (view, id);
    return &counters[member ? (size_t) (member - view->members) : view->members_count];
}

static void
s_count_moves (moving_t *moving)
{
    const view_t *view = moving->draft->view;
    for (uint32_t index = 0; index < view->partitions; index++)
        if (view->parts[index].learner) {
            ++*s_counter (moving, moving->feeds, view->parts[index].primary);
            ++*s_counter (moving, moving->learns, view->parts[index].learner);
        }
    const cluster_t *self = moving->draft->cluster;
    for (unsigned index = 0; index < CLUSTER_PLEAS_MAX; index++)
        if (coordinator_pleaded (self, &self->coord.pleas[index]))
            ++*s_counter (moving, moving->hands, view->parts[self->coord.pleas[index].partition].primary);
}

//  A member that could not take a copy gets no other one for the sake of evenness either for a while.
static bool
s_barred (const void *arg, uint32_t partition, node_id_t node)
{
    const cluster_t *self = arg;
    for (unsigned index = 0; index < CLUSTER_BLOCKED_MAX; index++) {
        const blocked_t *blocked = &self->coord.blocked[index];
        if (blocked->node == node && (partition == UINT32_MAX || blocked->partition == partition)
            && self->now < blocked->until)
            return true;
    }
    return false;
}

//  Where all shall be once the handovers that were asked for are made: otherwise others would be asked for
//  the same end.
static placement_t *
s_placement (draft_t *draft)
{
    cluster_t *self = draft->cluster;
    part_t *parts = draft->view->parts;
    node_id_t primaries[CLUSTER_PLEAS_MAX];
    for (unsigned index = 0; index < CLUSTER_PLEAS_MAX; index++) {
        const plea_t *plea = &self->coord.pleas[index];
        if (!coordinator_pleaded (self, plea))
            continue;
        primaries[index] = parts[plea->partition].primary;
        if (part_has (&parts[plea->partition], plea->node))
            parts[plea->partition].primary = plea->node;
    }
    placement_t *placement = placement_new (draft->view, s_barred, self);
    for (unsigned index = 0; index < CLUSTER_PLEAS_MAX; index++)
        if (coordinator_pleaded (self, &self->coord.pleas[index]))
            parts[self->coord.pleas[index].partition].primary = primaries[index];
    return placement;
}

//  ------------------------------------------------------------------------------------------------
//  Steps

void
coordinator_learn (moving_t *moving, uint32_t partition)
{
    draft_t *draft = moving->draft;
    part_t *part = &draft->view->parts[partition];
    node_id_t node = placement_learner (moving->placement, partition);
    if (!node)
        return;
    uint32_t *feeds = s_counter (moving, moving->feeds, part->primary),
             *learns = s_counter (moving, moving->learns, node);
    if (*feeds >= s_moves_max (moving) || *learns >= s_moves_max (moving)
        || s_barred (draft->cluster, partition, node) || !part_raise (draft, partition)) {
        moving->waits = true;
        return;
    }
    part->learner = node;
    ++*feeds;
    ++*learns;
}

void
coordinator_hand_over (moving_t *moving, uint32_t partition)
{
    cluster_t *self = moving->draft->cluster;
    const part_t *part = &moving->draft->view->parts[partition];
    node_id_t node = placement_primary (moving->placement, partition);
    if (!node || part->epoch != moving->draft->base->parts[partition].epoch)
        return;
    moving->waits = true;
    plea_t *place = NULL;
    for (unsigned index = 0; index < CLUSTER_PLEAS_MAX; index++) {
        plea_t *plea = &self->coord.pleas[index];
        if (!coordinator_pleaded (self, plea))
            place = plea;
        else if (plea->partition == partition)
            return;
    }
    uint32_t *hands = s_counter (moving, moving->hands, part->primary);
    if (!place || *hands >= s_moves_max (moving))
        return;
    ++*hands;
    *place = (plea_t) { .partition = partition, .epoch = part->epoch, .node = node, .at = self->now };
    coordinator_plea (self, partition, node);
}

//  Copies of a partition on members that stay.
static uint32_t
s_lasting (const view_t *view, const part_t *part)
{
    uint32_t count = 0;
    for (unsigned index = 0; index < part->reps_count; index++)
        count += !member_is (view, part->reps[index], MEMBER_LEAVING);
    return count;
}

static bool
s_suspected (const view_t *view, const part_t *part)
{
    for (unsigned index = 0; index < part->reps_count; index++)
        if (member_is (view, part->reps[index], MEMBER_SUSPECT))
            return true;
    return false;
}

//  A copy too many goes: only while the primary is heard, and while no copy is in doubt (consistency 9).
//  If it is the primary's own that should go, it passes on its role first.
static void
s_drop_surplus (moving_t *moving, uint32_t partition)
{
    draft_t *draft = moving->draft;
    part_t *part = &draft->view->parts[partition];
    moving->waits = true;
    if (!coordinator_hears (draft->cluster, part->primary) || s_suspected (draft->view, part))
        return;
    node_id_t node = placement_surplus (moving->placement, partition);
    if (!node) {
        coordinator_hand_over (moving, partition);
        return;
    }
    if (!part_raise (draft, partition))
        return;
    unsigned kept = 0;
    for (unsigned index = 0; index < part->reps_count; index++)
        if (part->reps[index] != node)
            part->reps[kept++] = part->reps[index];
    part->reps_count = (uint8_t) kept;
}

//  Brings one partition nearer to what it shall have.
static void
s_heal (moving_t *moving, uint32_t partition)
{
    draft_t *draft = moving->draft;
    const part_t *part = &draft->view->parts[partition];
    if (part->learner) {
        moving->waits = true;
        return;
    }
    if (member_is (draft->view, part->primary, MEMBER_LEAVING))
        coordinator_hand_over (moving, partition);
    if (s_lasting (draft->view, part) < moving->copies)
        coordinator_learn (moving, partition);
    else if (part->reps_count > moving->copies)
        s_drop_surplus (moving, partition);
    else if (!moving->missing)
        coordinator_even (moving, partition);
}

static void
s_step_all (moving_t *moving)
{
    draft_t *draft = moving->draft;
    coordinator_t *coord = &draft->cluster->coord;
    const view_t *view = draft->view;
    //  Everybody has its turn when there is more to do than is done at once
    uint32_t first = coord->cursor++ % view->partitions;
    for (uint32_t step = 0; step < view->partitions; step++) {
        uint32_t partition = (first + step) % view->partitions;
        if (view->parts[partition].epoch != draft->base->parts[partition].epoch
            || member_is (view, view->parts[partition].primary, MEMBER_SUSPECT))
            moving->waits = true;
        else
            s_heal (moving, partition);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Whether there is anything to do

//  Drops learners that are not UP, each begins again elsewhere. True if copies are not what they shall be.
static bool
s_look (moving_t *moving)
{
    draft_t *draft = moving->draft;
    const view_t *view = draft->view;
    bool needs = false;
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        part_t *part = &draft->view->parts[partition];
        if (part->learner && !member_is (view, part->learner, MEMBER_UP) && part_raise (draft, partition))
            part->learner = 0;
        bool missing = s_lasting (view, part) < moving->copies;
        moving->missing |= missing;
        needs |= missing || part->learner || part->reps_count != moving->copies;
    }
    for (uint32_t index = 0; index < view->members_count; index++) {
        const member_t *member = &view->members[index];
        moving->missing |= !member->witness && member->status == MEMBER_SUSPECT;
    }
    return needs;
}

void
coordinator_copies (draft_t *draft)
{
    coordinator_t *coord = &draft->cluster->coord;
    const view_t *view = draft->view;
    moving_t moving = { .draft = draft, .copies = view_copies (view) };
    bool needs = s_look (&moving);
    if (!needs && !draft->changed && coord->even_version == draft->base->version)
        return;
    size_t counters = view->members_count + 1;
    moving.feeds = mem_alloc_zero (counters, 3 * sizeof *moving.feeds);
    moving.placement = moving.feeds ? s_placement (draft) : NULL;
    if (moving.placement) {
        moving.learns = moving.feeds + counters;
        moving.hands = moving.learns + counters;
        s_count_moves (&moving);
        s_step_all (&moving);
    }
    if (!moving.placement || needs || moving.waits)
        coord->restless = true;
    else if (!draft->changed)
        coord->even_version = draft->base->version;
    placement_destroy (&moving.placement);
    mem_free (moving.feeds);
}

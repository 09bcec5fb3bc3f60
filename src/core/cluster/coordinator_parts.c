//  coordinator_parts: failover, lost partitions, missing copies, copies too many.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "cluster_impl.h"

#define FRUITLESS_MAX 16 // Partitions for which no learner was found, until the next round
#define PLEAS_MAX 8      // In one round

//  ------------------------------------------------------------------------------------------------
//  Learners that could not go on

bool
coordinator_blocked (const cluster_t *self, uint32_t partition, node_id_t node)
{
    for (unsigned index = 0; index < CLUSTER_BLOCKED_MAX; index++) {
        const blocked_t *blocked = &self->coord.blocked[index];
        if (blocked->node == node && blocked->partition == partition && self->now < blocked->until)
            return true;
    }
    return false;
}

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
//  Failover

//  Whether the lease of a SUSPECT has ended for certain: L (1 + rho) after its commit was seen
//  (consistency 4).
static bool
s_lease_over (const cluster_t *self, node_id_t id)
{
    const peer_t *peer = peer_find (self, id);
    uint64_t lease = self->config.timing.lease;
    return peer && peer->suspect_at && self->now - peer->suspect_at > lease + (lease * 2 + 99) / 100;
}

static bool
s_may_follow (const cluster_t *self, const part_t *part, const member_t *member)
{
    return member->id != part->primary && member->status != MEMBER_SUSPECT && !member->witness
           && coordinator_hears (self, member->id) && HOLDS (promote_in_sync, part_has (part, member->id));
}

//  Which copy takes over: one that stays, of the member with the fewest primaries for its weight.
//  Nobody outside of the in-sync set, ever (consistency 7).
static node_id_t
s_successor (const draft_t *draft, const part_t *part, const uint32_t *primaries)
{
    const view_t *view = draft->view;
    const member_t *best = NULL;
    for (uint32_t index = 0; index < view->members_count; index++) {
        const member_t *member = &view->members[index];
        if (!s_may_follow (draft->cluster, part, member))
            continue;
        if (!best || (best->status == MEMBER_LEAVING && member->status == MEMBER_UP)
            || (best->status == member->status
                && (uint64_t) primaries[index] * best->weight
                       < (uint64_t) primaries[best - view->members] * member->weight))
            best = member;
    }
    return best ? best->id : 0;
}

static void
s_set_reps (part_t *part, node_id_t without, node_id_t primary)
{
    unsigned kept = 0;
    for (unsigned index = 0; index < part->reps_count; index++)
        if (part->reps[index] != without)
            part->reps[kept++] = part->reps[index];
    part->reps_count = (uint8_t) kept;
    if (!part_has (part, primary))
        part->reps[part->reps_count++] = primary;
    part->primary = primary;
    part->learner = 0;
}

static bool
s_live (const view_t *view, const part_t *part)
{
    for (unsigned index = 0; index < part->reps_count; index++) {
        const member_t *member = view_member (view, part->reps[index]);
        if (member && member->status != MEMBER_SUSPECT)
            return true;
    }
    return false;
}

//  No copy is live: the partition waits for one of them, unless the cluster is a cache (consistency 7).
static void
s_lost (draft_t *draft, uint32_t partition)
{
    cluster_t *self = draft->cluster;
    part_t *part = &draft->view->parts[partition];
    if (!self->coord.lost[partition]) {
        self->coord.lost[partition] = 1;
        cluster_event (self, EVENT_PARTITION_LOST, partition, part->primary, NULL);
    }
    if (draft->view->on_lost == ON_LOST_WIPE)
        coordinator_wipe (draft, partition);
}

bool
coordinator_wipe (draft_t *draft, uint32_t partition)
{
    part_t *part = &draft->view->parts[partition];
    node_id_t node = placement_learner (draft->view, partition, NULL, NULL);
    if (!node || !part_raise (draft, partition))
        return false;
    part->reps_count = 0;
    s_set_reps (part, 0, node);
    draft->cluster->coord.lost[partition] = 0;
    return true;
}

//  The primary is SUSPECT.
static void
s_fail_over (draft_t *draft, uint32_t partition, uint32_t *primaries)
{
    cluster_t *self = draft->cluster;
    part_t *part = &draft->view->parts[partition];
    self->coord.restless = true;
    if (!HOLDS (lease_wait, s_lease_over (self, part->primary)))
        return;
    node_id_t node = s_successor (draft, part, primaries);
    if (!node) {
        if (!s_live (draft->view, part))
            s_lost (draft, partition);
        return;
    }
    if (!part_raise (draft, partition))
        return;
    s_set_reps (part, part->primary, node);
    primaries[view_member (draft->view, node) - draft->view->members]++;
}

//  Rule 17 left out: copies are removed on mere suspicion.
static void
s_remove_suspects (draft_t *draft, uint32_t partition)
{
    part_t *part = &draft->view->parts[partition];
    for (unsigned index = 0; index < part->reps_count; index++)
        if (part->reps[index] != part->primary && member_is (draft->view, part->reps[index], MEMBER_SUSPECT)
            && part_raise (draft, partition)) {
            part->reps[index] = part->reps[--part->reps_count];
            return;
        }
}

//  ------------------------------------------------------------------------------------------------
//  Copies

typedef struct {
    const draft_t *draft;
    uint32_t partition;
    uint32_t *moves; // By place in the view's members: learners it has or feeds
} moving_t;

static uint32_t
s_moves_max (const cluster_t *self)
{
    return self->config.moves_max ? self->config.moves_max : 1;
}

static bool
s_busy (const void *arg, node_id_t id)
{
    const moving_t *moving = arg;
    const view_t *view = moving->draft->view;
    const member_t *member = view_member (view, id);
    return !member || moving->moves[member - view->members] >= s_moves_max (moving->draft->cluster)
           || coordinator_blocked (moving->draft->cluster, moving->partition, id);
}

static void
s_count_move (const moving_t *moving, node_id_t primary, node_id_t learner)
{
    const view_t *view = moving->draft->view;
    const member_t *source = view_member (view, primary), *target = view_member (view, learner);
    if (source)
        moving->moves[source - view->members]++;
    if (target)
        moving->moves[target - view->members]++;
}

//  Copies on members that stay.
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
s_drop_surplus (draft_t *draft, uint32_t partition, unsigned *pleas)
{
    part_t *part = &draft->view->parts[partition];
    if (!coordinator_hears (draft->cluster, part->primary) || s_suspected (draft->view, part))
        return;
    node_id_t node = placement_surplus (draft->view, partition);
    if (!node && *pleas < PLEAS_MAX && (node = placement_primary (draft->view, partition))) {
        ++*pleas;
        coordinator_plea (draft->cluster, partition, node);
        return;
    }
    if (!node || !part_raise (draft, partition))
        return;
    unsigned kept = 0;
    for (unsigned index = 0; index < part->reps_count; index++)
        if (part->reps[index] != node)
            part->reps[kept++] = part->reps[index];
    part->reps_count = (uint8_t) kept;
}

//  Brings one partition nearer to what it shall have. False: no learner was found for it.
static bool
s_heal (draft_t *draft, moving_t *moving, uint32_t partition, uint32_t copies, unsigned *pleas)
{
    part_t *part = &draft->view->parts[partition];
    uint32_t lasting = s_lasting (draft->view, part);
    draft->urgent |= part->learner || part->reps_count != copies || lasting < copies;
    draft->cluster->coord.restless |= part->learner || part->reps_count != copies || lasting < copies;
    if (part->learner) {
        //  A learner that is not UP is dropped and begins again elsewhere
        if (!member_is (draft->view, part->learner, MEMBER_UP) && part_raise (draft, partition))
            part->learner = 0;
        return true;
    }
    if (member_is (draft->view, part->primary, MEMBER_LEAVING) && *pleas < PLEAS_MAX) {
        node_id_t node = placement_primary (draft->view, partition);
        if (node && member_is (draft->view, node, MEMBER_UP)) {
            ++*pleas;
            coordinator_plea (draft->cluster, partition, node);
            return true;
        }
    }
    if (lasting < copies && part->reps_count < VIEW_REPS_MAX) {
        moving->partition = partition;
        if (s_busy (moving, part->primary))
            return true;
        node_id_t node = placement_learner (draft->view, partition, s_busy, moving);
        if (!node || !part_raise (draft, partition))
            return false;
        part->learner = node;
        s_count_move (moving, part->primary, node);
    } else if (part->reps_count > copies)
        s_drop_surplus (draft, partition, pleas);
    return true;
}

static void
s_heal_all (draft_t *draft, uint32_t *moves)
{
    coordinator_t *coord = &draft->cluster->coord;
    const view_t *view = draft->view;
    moving_t moving = { draft, 0, moves };
    for (uint32_t index = 0; index < view->partitions; index++)
        if (view->parts[index].learner)
            s_count_move (&moving, view->parts[index].primary, view->parts[index].learner);
    uint32_t copies = view_copies (view);
    unsigned fruitless = 0, pleas = 0;
    uint32_t first = coord->cursor % view->partitions;
    for (uint32_t step = 0; step < view->partitions; step++) {
        uint32_t partition = (first + step) % view->partitions;
        const part_t *part = &view->parts[partition];
        if (part->epoch != draft->base->parts[partition].epoch
            || member_is (view, part->primary, MEMBER_SUSPECT)) {
            draft->urgent = true;
            continue;
        }
        if (!s_heal (draft, &moving, partition, copies, &pleas) && ++fruitless == FRUITLESS_MAX) {
            coord->cursor = partition + 1;
            return;
        }
    }
}

void
coordinator_parts (draft_t *draft)
{
    cluster_t *self = draft->cluster;
    const view_t *view = draft->view;
    uint32_t *tally = mem_alloc_zero (view->members_count, 2 * sizeof *tally);
    if (!tally) {
        self->coord.restless = true; // Without memory: later
        return;
    }
    for (uint32_t index = 0; index < view->partitions; index++) {
        const member_t *primary = view_member (view, view->parts[index].primary);
        if (primary)
            tally[primary - view->members]++;
    }
    for (uint32_t index = 0; index < view->partitions; index++) {
        const part_t *part = &view->parts[index];
        if (part->epoch != draft->base->parts[index].epoch)
            continue;
        if (member_is (view, part->primary, MEMBER_SUSPECT))
            s_fail_over (draft, index, tally);
        else if (LEFT_OUT (primary_removes))
            s_remove_suspects (draft, index);
        if (self->coord.lost[index] && s_live (view, part)) {
            self->coord.lost[index] = 0;
            if (part->epoch == draft->base->parts[index].epoch)
                cluster_event (self, EVENT_PARTITION_BACK, index, part->primary, NULL);
        }
    }
    s_heal_all (draft, tally + view->members_count);
    mem_free (tally);
}

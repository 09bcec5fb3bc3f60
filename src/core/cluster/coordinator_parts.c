//  coordinator_parts: failover, and lost partitions.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "cluster_impl.h"

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
    node_id_t node = placement_anyone (draft->view, partition);
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

void
coordinator_parts (draft_t *draft)
{
    cluster_t *self = draft->cluster;
    const view_t *view = draft->view;
    uint32_t *tally = mem_alloc_zero (view->members_count, sizeof *tally);
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
    mem_free (tally);
}

//  coordinator_even: primaries and copies spread evenly, a few at a time, while no copies are missing.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_impl.h"
#include "plan.h"

void
coordinator_plea (cluster_t *self, uint32_t partition, node_id_t node)
{
    const part_t *part = &self->known->view->parts[partition];
    if (part->primary == self->id) {
        self->port.hand_over (self->port.arg, partition, part->epoch, node);
        return;
    }
    post_begin (self, PEER_HANDOVER_PLEASE, 3);
    wire_add_uint (&self->message, partition);
    wire_add_uint (&self->message, part->epoch);
    wire_add_uint (&self->message, node);
    post_to (self, part->primary);
}

bool
coordinator_pleaded (const cluster_t *self, const plea_t *plea)
{
    return plea->at && self->known->view->parts[plea->partition].epoch == plea->epoch
           && self->now - plea->at < 2 * cluster_heartbeat (self);
}

void
coordinator_even (moving_t *moving, uint32_t partition)
{
    if (moving->draft->view->moves_paused)
        return;
    coordinator_hand_over (moving, partition);
    if (!placement_primary (moving->placement, partition))
        coordinator_learn (moving, partition);
}

//  ------------------------------------------------------------------------------------------------
//  How much there is to do

//  UINT32_MAX without memory.
static uint32_t
s_left (const view_t *view)
{
    plan_t *plan = plan_new (view);
    uint32_t left = plan ? plan->count : UINT32_MAX;
    plan_destroy (&plan);
    return left;
}

static uint32_t
s_learners (const view_t *view)
{
    uint32_t count = 0;
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        count += view->parts[partition].learner != 0;
    return count;
}

//  What is done (all of them, but those that are left) never becomes less: where there is more to do than
//  before, the total grows by as much.
void
coordinator_total (draft_t *draft)
{
    view_t *view = draft->view;
    uint32_t total = draft->base->moves_total, left = s_left (view);
    if (left == UINT32_MAX)
        return;
    if (total == 0)
        total = left ? left + s_learners (view) : 0;
    else {
        uint32_t before = s_left (draft->base);
        if (before != UINT32_MAX && left > before)
            total += left - before;
        if (left == 0 && view_health (view).moving == 0)
            total = 0;
    }
    view->moves_total = total;
}

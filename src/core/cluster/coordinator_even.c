//  coordinator_even: primaries and copies spread evenly, a few at a time, while nothing heals.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_impl.h"

#define EVEN_WORK 100000 // Rows of the table that one round may look at
#define EVEN_PLEAS 4     // Handovers that one round may ask for

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

//  Looks at some partitions: at each version of the view once at all of them. True if it has asked for
//  something, or has not looked at all yet.
static bool
s_primaries (draft_t *draft)
{
    coordinator_t *coord = &draft->cluster->coord;
    view_t *view = draft->view;
    if (coord->looked_version != draft->base->version) {
        coord->looked_version = draft->base->version;
        coord->even_count = 0;
    }
    uint32_t window = EVEN_WORK / view->partitions + 1;
    unsigned pleas = 0;
    while (window-- && coord->even_count < view->partitions && pleas < EVEN_PLEAS) {
        uint32_t partition = coord->even_cursor++ % view->partitions;
        coord->even_count++;
        node_id_t node = placement_primary (view, partition);
        if (!node)
            continue;
        coordinator_plea (draft->cluster, partition, node);
        view->parts[partition].primary = node; // As if it were done: not all go to the same member
        pleas++;
    }
    //  What was asked for may fail: look again until there is nothing to ask for
    if (pleas) {
        coord->even_count = 0;
        coord->even_cursor -= pleas;
    }
    return pleas || coord->even_count < view->partitions;
}

//  A member that could not take a copy is left alone for a while, whatever the partition.
static bool
s_blocked (const void *arg, node_id_t node)
{
    const draft_t *draft = arg;
    const cluster_t *self = draft->cluster;
    for (unsigned index = 0; index < CLUSTER_BLOCKED_MAX; index++)
        if (self->coord.blocked[index].node == node && self->now < self->coord.blocked[index].until)
            return true;
    return false;
}

//  Where a copy is better placed, it is learned; the copy too many goes later. True if one is.
static bool
s_copies (draft_t *draft)
{
    uint32_t moves = draft->cluster->config.moves_max ? draft->cluster->config.moves_max : 1, partition;
    bool uneven = false;
    node_id_t node;
    for (; moves && (node = placement_move (draft->view, s_blocked, draft, &partition)); moves--) {
        if (!part_raise (draft, partition))
            break;
        draft->view->parts[partition].learner = node;
        uneven = true;
    }
    return uneven;
}

void
coordinator_even (draft_t *draft)
{
    coordinator_t *coord = &draft->cluster->coord;
    if (s_copies (draft))
        return;
    if (s_primaries (draft))
        coord->restless = true;
    else
        coord->even_version = draft->base->version;
}

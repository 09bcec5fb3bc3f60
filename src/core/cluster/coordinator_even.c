//  coordinator_even: primaries and copies spread evenly, a few at a time, while nothing heals.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
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

//  The members with the most and the fewest copies for their weight; false: they are even.
static bool
s_extremes (const view_t *view, const uint32_t *copies, const member_t **most, const member_t **least)
{
    *most = *least = NULL;
    for (uint32_t index = 0; index < view->members_count; index++) {
        const member_t *member = &view->members[index];
        if (member->witness || member->status != MEMBER_UP)
            continue;
        uint64_t load = copies[index];
        if (!*most || load * (*most)->weight > (uint64_t) copies[*most - view->members] * member->weight)
            *most = member;
        if (!*least || load * (*least)->weight < (uint64_t) copies[*least - view->members] * member->weight)
            *least = member;
    }
    if (!*most || *most == *least)
        return false;
    //  One more there and one less here is still no worse: otherwise copies would go to and fro
    uint64_t here = copies[*most - view->members], there = copies[*least - view->members];
    return here > 0 && (here - 1) * (*least)->weight >= (there + 1) * (*most)->weight;
}

static bool
s_zone_there (const view_t *view, const part_t *part, const member_t *from, const member_t *to)
{
    for (unsigned index = 0; to->zone[0] && index < part->reps_count; index++) {
        const member_t *member = view_member (view, part->reps[index]);
        if (member && member != from && strcmp (member->zone, to->zone) == 0)
            return true;
    }
    return false;
}

//  A backup of the fullest member is learned by the emptiest; the copy too many goes later.
static bool
s_copies (draft_t *draft)
{
    coordinator_t *coord = &draft->cluster->coord;
    view_t *view = draft->view;
    uint32_t *copies = mem_alloc_zero (view->members_count, sizeof *copies);
    if (!copies)
        return true;
    for (uint32_t index = 0; index < view->partitions; index++)
        for (unsigned rep = 0; rep < view->parts[index].reps_count; rep++)
            copies[view_member (view, view->parts[index].reps[rep]) - view->members]++;
    const member_t *most, *least;
    uint32_t moves = draft->cluster->config.moves_max ? draft->cluster->config.moves_max : 1;
    bool uneven = false;
    for (uint32_t step = 0; step < view->partitions && moves; step++) {
        uint32_t partition = (coord->even_cursor + step) % view->partitions;
        part_t *part = &view->parts[partition];
        if (!s_extremes (view, copies, &most, &least))
            break;
        if (part->primary == most->id || !part_has (part, most->id) || part_has (part, least->id)
            || s_zone_there (view, part, most, least)
            || coordinator_blocked (draft->cluster, partition, least->id) || !part_raise (draft, partition))
            continue;
        part->learner = least->id;
        copies[least - view->members]++;
        copies[most - view->members]--;
        moves--;
        uneven = true;
    }
    coord->even_cursor++;
    mem_free (copies);
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

//  plan: see plan.h. What placement wants, against what there is.
//  SPDX-License-Identifier: MPL-2.0
#include "plan.h"

#include "../mem.h"
#include "placement_impl.h"

//  A copy of the partition that goes, for the next one that comes: those that leave first. *cursor: rep
//  from which to look on.
static node_id_t
s_going (const placement_t *placement, uint32_t partition, unsigned *cursor)
{
    const view_t *view = placement->view;
    const part_t *part = &view->parts[partition];
    while (*cursor < part->reps_count) {
        const member_t *member = view_member (view, part->reps[(*cursor)++]);
        if (member
            && !placement_bit (placement->held, placement, (uint32_t) (member - view->members), partition))
            return member->id;
    }
    return 0;
}

//  Adds the copies that are to be made of a partition.
static void
s_copies (plan_t *self, const placement_t *placement, uint32_t partition)
{
    const row_t *row = &placement->rows[partition];
    unsigned cursor = 0;
    for (unsigned at = 0; at < row->count; at++)
        if (!placement_bit (placement->had, placement, row->places[at], partition))
            self->moves[self->count++] = (plan_move_t) {
                .partition = partition,
                .kind = PLAN_COPY,
                .from = s_going (placement, partition, &cursor),
                .to = placement_id (placement, row->places[at]),
            };
}

//  Copies that stay where they are, or are being made.
static unsigned
s_lasting (const placement_t *placement, uint32_t partition)
{
    const view_t *view = placement->view;
    const part_t *part = &view->parts[partition];
    unsigned count = part->learner != 0;
    for (unsigned rep = 0; rep < part->reps_count; rep++) {
        const member_t *member = view_member (view, part->reps[rep]);
        count += member && member->status != MEMBER_LEAVING;
    }
    return count;
}

static void
s_fill (plan_t *self, const placement_t *placement)
{
    const view_t *view = placement->view;
    for (unsigned missing = 2; missing-- > 0;)
        for (uint32_t partition = 0; partition < view->partitions; partition++)
            if ((s_lasting (placement, partition) < placement->copies) == missing)
                s_copies (self, placement, partition);
    self->copies = self->count;
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        uint32_t primary = placement->rows[partition].primary;
        if (primary != NOBODY && placement_id (placement, primary) != view->parts[partition].primary)
            self->moves[self->count++] = (plan_move_t) {
                .partition = partition,
                .kind = PLAN_PRIMARY,
                .from = view->parts[partition].primary,
                .to = placement_id (placement, primary),
            };
    }
}

plan_t *
plan_new (const view_t *view)
{
    plan_t *self = mem_alloc_zero (1, sizeof *self);
    placement_t *placement = placement_new (view, NULL, NULL);
    if (self && placement)
        self->moves = mem_alloc_zero (view->partitions, (VIEW_REPS_MAX + 1) * sizeof *self->moves);
    if (self && self->moves)
        s_fill (self, placement);
    else
        plan_destroy (&self);
    placement_destroy (&placement);
    return self;
}

void
plan_destroy (plan_t **self_p)
{
    if (*self_p)
        mem_free ((*self_p)->moves);
    mem_free (*self_p);
    *self_p = NULL;
}

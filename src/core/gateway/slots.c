//  slots: see slots.h.
//  SPDX-License-Identifier: MPL-2.0
#include "slots.h"

#include "../slot.h"

uint32_t
slots_first (uint32_t partition, uint32_t partitions)
{
    return (uint32_t) (((uint64_t) partition * SLOT_COUNT + partitions - 1) / partitions);
}

node_id_t
slots_master (const view_t *view, node_id_t self, uint32_t partition)
{
    node_id_t primary = view->parts[partition].primary;
    const member_t *member = primary ? view_member (view, primary) : NULL;
    if (!member)
        return 0;
    return member->gateway_port ? primary : self;
}

//  In the order of their ids: the table's own order says nothing, and would cut runs.
static void
s_add_replica (slots_t *run, node_id_t node)
{
    uint32_t at = run->count++;
    for (; at && run->replicas[at - 1] > node; at--)
        run->replicas[at] = run->replicas[at - 1];
    run->replicas[at] = node;
}

//  False: nobody serves the partition.
static bool
s_look (const view_t *view, node_id_t self, uint32_t partition, slots_t *run)
{
    const part_t *part = &view->parts[partition];
    *run = (slots_t) { .first = slots_first (partition, view->partitions),
                       .last = slots_first (partition + 1, view->partitions) - 1,
                       .master = slots_master (view, self, partition) };
    for (unsigned rep = 0; run->master && rep < part->reps_count; rep++) {
        const member_t *member = view_member (view, part->reps[rep]);
        if (member && member->gateway_port && member->status != MEMBER_SUSPECT && member->id != part->primary
            && member->id != run->master)
            s_add_replica (run, member->id);
    }
    return run->master != 0;
}

static bool
s_same (const slots_t *one, const slots_t *other)
{
    return one->master == other->master && one->count == other->count && one->last + 1 == other->first
           && memcmp (one->replicas, other->replicas, one->count * sizeof *one->replicas) == 0;
}

bool
slots_next (const view_t *view, node_id_t self, uint32_t *partition, slots_t *run)
{
    while (*partition < view->partitions && !s_look (view, self, *partition, run))
        ++*partition;
    if (*partition == view->partitions)
        return false;
    slots_t more;
    while (++*partition < view->partitions && s_look (view, self, *partition, &more) && s_same (run, &more))
        run->last = more.last;
    return true;
}

void
slots_id (node_id_t node, char id[SLOTS_ID_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned at = 0; at < SLOTS_ID_SIZE; at++)
        id[at] = at < 16 ? digits[node >> (60 - 4 * at) & 15] : '0';
    id[SLOTS_ID_SIZE] = 0;
}

const member_t *
slots_member (const view_t *view, bytes_t id)
{
    char text[SLOTS_ID_SIZE + 1];
    for (uint32_t at = 0; view && at < view->members_count; at++) {
        slots_id (view->members[at].id, text);
        if (bytes_equal (id, bytes_of (text, SLOTS_ID_SIZE)))
            return &view->members[at];
    }
    return NULL;
}

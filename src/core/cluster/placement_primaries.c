//  placement_primaries: who shall be primary. A role goes from the member with the most for its weight
//  along the shortest chain of partitions to one that has fewer, until there is no such chain.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "placement_impl.h"

//  Where a role could go from there, found from its `before` by that partition.
typedef struct {
    uint16_t before[VIEW_MEMBERS_MAX];
    uint32_t partition[VIEW_MEMBERS_MAX];
    uint16_t queue[VIEW_MEMBERS_MAX];
    bool seen[VIEW_MEMBERS_MAX];
    bool useless[VIEW_MEMBERS_MAX]; // Nothing better is reached from it
} search_t;

//  For who has no primaries or copies of its own: any that is in the row, who has it already first.
static void
s_name (placement_t *self, uint32_t partition)
{
    const row_t *row = &self->rows[partition];
    uint32_t best = NOBODY;
    for (unsigned at = 0; at < row->count; at++) {
        uint32_t place = row->places[at];
        if (!self->takes[place])
            continue;
        int order = best == NOBODY ? -1
                                   : placement_bit (self->had, self, best, partition)
                                         - placement_bit (self->had, self, place, partition);
        if (order == 0)
            order = placement_lighter (self, self->roles, place, best);
        if (order < 0)
            best = place;
    }
    if (best != NOBODY)
        placement_role (self, partition, best);
}

//  An empty row gets its first copy.
static void
s_begin (placement_t *self, uint32_t partition)
{
    uint32_t best = NOBODY;
    for (uint32_t place = 0; place < self->members; place++)
        if (self->takes[place] && (best == NOBODY || placement_lighter (self, self->roles, place, best) < 0))
            best = place;
    placement_add (self, partition, best);
    placement_role (self, partition, best);
}

void
placement_name_primaries (placement_t *self)
{
    for (uint32_t partition = 0; partition < self->partitions; partition++) {
        if (self->founding && self->rows[partition].count == 0)
            s_begin (self, partition);
        else if (self->rows[partition].primary == NOBODY)
            s_name (self, partition);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Evenness

//  True if both loads are more even when a role has gone from one to the other.
static bool
s_helps (const placement_t *self, uint32_t from, uint32_t to)
{
    return placement_compare (self->roles[to] + 1, placement_weight (self, to), self->roles[from],
                              placement_weight (self, from))
           < 0;
}

//  Adds to the queue whoever can take a role from that member. Returns the lightest of them that would
//  be better off with it than `first`, or NOBODY.
static uint32_t
s_widen (const placement_t *self, search_t *search, uint32_t first, uint32_t from, uint32_t *queued)
{
    uint32_t best = NOBODY;
    for (uint32_t word = 0; word < self->words; word++)
        for (uint64_t bits = self->held[(size_t) from * self->words + word]; bits; bits &= bits - 1) {
            uint32_t partition = word * 64 + (uint32_t) __builtin_ctzll (bits);
            const row_t *row = &self->rows[partition];
            for (unsigned at = 0; row->primary == from && at < row->count; at++) {
                uint32_t to = row->places[at];
                if (search->seen[to] || search->useless[to] || !self->takes[to])
                    continue;
                search->seen[to] = true;
                search->before[to] = (uint16_t) from;
                search->partition[to] = partition;
                search->queue[(*queued)++] = (uint16_t) to;
                if (s_helps (self, first, to)
                    && (best == NOBODY || placement_lighter (self, self->roles, to, best) < 0))
                    best = to;
            }
        }
    return best;
}

//  Passes one role on from that member. False: there is nobody for whom it would be better.
static bool
s_relieve (placement_t *self, search_t *search, uint32_t first)
{
    memset (search->seen, 0, sizeof search->seen);
    search->seen[first] = true;
    search->queue[0] = (uint16_t) first;
    uint32_t queued = 1, best = NOBODY;
    for (uint32_t next = 0; next < queued && best == NOBODY; next++)
        best = s_widen (self, search, first, search->queue[next], &queued);
    if (best == NOBODY) {
        for (uint32_t next = 0; next < queued; next++)
            search->useless[search->queue[next]] = true;
        return false;
    }
    for (; best != first; best = search->before[best])
        placement_role (self, search->partition[best], best);
    return true;
}

//  The member with the most for its weight of those from which something may be reached; NOBODY if that
//  one is even with the lightest.
static uint32_t
s_heaviest (const placement_t *self, const search_t *search)
{
    uint32_t heaviest = NOBODY, lightest = NOBODY;
    for (uint32_t place = 0; place < self->members; place++) {
        if (!self->takes[place])
            continue;
        if (lightest == NOBODY || placement_lighter (self, self->roles, place, lightest) < 0)
            lightest = place;
        if (!search->useless[place]
            && (heaviest == NOBODY
                || placement_compare (self->roles[place], placement_weight (self, place),
                                      self->roles[heaviest], placement_weight (self, heaviest))
                       > 0))
            heaviest = place;
    }
    return heaviest != NOBODY && s_helps (self, heaviest, lightest) ? heaviest : NOBODY;
}

bool
placement_even_primaries (placement_t *self)
{
    placement_name_primaries (self);
    if (self->frozen)
        return true;
    search_t *search = mem_alloc_zero (1, sizeof *search);
    if (!search)
        return false;
    uint32_t heaviest;
    while ((heaviest = s_heaviest (self, search)) != NOBODY)
        if (s_relieve (self, search, heaviest))
            memset (search->useless, 0, sizeof search->useless);
    mem_free (search);
    return true;
}

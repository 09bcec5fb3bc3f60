//  placement_impl: what the files of placement share. For those files and for plan.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PLACEMENT_IMPL_H_INCLUDED
#define PLACEMENT_IMPL_H_INCLUDED

#include "placement.h"

#define NOBODY UINT16_MAX

//  Members are known by their places in the view.
typedef struct {
    uint16_t places[VIEW_REPS_MAX + 1];
    uint8_t count;
    uint16_t primary; // Among places, or NOBODY
} row_t;

struct placement {
    const view_t *view;
    placement_barred_fn *barred;
    const void *arg;
    uint32_t members, partitions, copies, words;
    uint32_t zones;     // That each partition shall be in, at least
    uint32_t zones_all; // Of members that take copies
    bool one_each;      // No zone has two of them
    bool frozen;        // A data member is SUSPECT
    bool idle;          // Nobody could take anything: all stays
    bool founding;      // There is nothing yet
    row_t *rows;        // As they shall be in the end
    uint64_t *held;     // By member: the partitions of those rows
    uint64_t *had;      // By member: those that it has now, in sync or learning
    uint16_t *zone;     // By member
    uint8_t *takes;     // By member: 1: may have copies
    uint8_t *closed;    // By member: 1: gets none for the sake of evenness at present
    uint64_t *pending;  // Partitions that have more copies than wanted
    uint32_t *count, *quota, *roles; // By member: copies, copies it shall have, primaries
    uint16_t *shared;   // By primary and member: copies that the latter has of the former's partitions
    uint8_t *block;     // Where all of that lies
};

static inline bool
placement_bit (const uint64_t *bits, const placement_t *self, uint32_t place, uint32_t partition)
{
    return bits[(size_t) place * self->words + partition / 64] >> (partition % 64) & 1;
}

static inline uint32_t
placement_weight (const placement_t *self, uint32_t place)
{
    return self->view->members[place].weight;
}

static inline node_id_t
placement_id (const placement_t *self, uint32_t place)
{
    return self->view->members[place].id;
}

//  -1, 0, 1: a / weight_a is less than, equal to, greater than b / weight_b.
static inline int
placement_compare (uint32_t a, uint32_t weight_a, uint32_t b, uint32_t weight_b)
{
    uint64_t left = (uint64_t) a * weight_b, right = (uint64_t) b * weight_a;
    return left < right ? -1 : left > right;
}

//  Whose load would be the smaller one with one more: < 0 if a's.
static inline int
placement_lighter (const placement_t *self, const uint32_t *loads, uint32_t a, uint32_t b)
{
    return placement_compare (loads[a] + 1, placement_weight (self, a), loads[b] + 1,
                              placement_weight (self, b));
}

//  Changes of the rows, with all that is counted. placement_role: NOBODY takes it away.
void
    placement_add (placement_t *self, uint32_t partition, uint32_t place);
void
    placement_remove (placement_t *self, uint32_t partition, uint32_t place);
void
    placement_role (placement_t *self, uint32_t partition, uint32_t place);

//  placement_quota.c: how many copies each member shall have; `now` of them it has.
void
    placement_quotas (placement_t *self, uint32_t seats);

//  placement_copies.c: makes rows have their copies, and members theirs. False without memory.
bool
    placement_make_even (placement_t *self);

//  placement_primaries.c: primaries for rows that have none, and primaries evenly. The latter is false
//  without memory.
void
    placement_name_primaries (placement_t *self);
bool
    placement_even_primaries (placement_t *self);

#endif

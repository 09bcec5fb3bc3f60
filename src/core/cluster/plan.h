//  plan: what still has to be done from a view until every partition has its copies on members that
//  stay, and copies and primaries are as even as members' weights and zones allow. A pure function; the
//  coordinator takes its steps from the same place (placement.h), so that it makes these moves and no
//  others while nothing else happens.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PLAN_H_INCLUDED
#define PLAN_H_INCLUDED

#include "view.h"

typedef enum {
    PLAN_COPY,   // `to` gets a copy; then that of `from` goes (0: none does, it is one more)
    PLAN_PRIMARY // The primary's role passes from `from` to `to`; both may have to be made copies first
} plan_kind_t;

typedef struct {
    uint32_t partition;
    plan_kind_t kind;
    node_id_t from, to;
} plan_move_t;

typedef struct {
    uint32_t count;
    uint32_t copies; // Of them: those of kind PLAN_COPY, which come first; missing copies before others
    plan_move_t *moves;
} plan_t;

//  Learners that are where they shall be count as copies: they are not in the list any more. While a
//  member is SUSPECT, only missing copies are. NULL without memory. The caller owns it.
plan_t *
    plan_new (const view_t *view);

//  Accepts NULL.
void
    plan_destroy (plan_t **self_p);

#endif

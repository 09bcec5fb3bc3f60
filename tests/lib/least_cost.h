//  least_cost: flows of least cost, found the plain way (Bellman and Ford, one unit after the other):
//  slow, and obviously right.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LEAST_COST_H_INCLUDED
#define LEAST_COST_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

typedef struct least_cost least_cost_t;

//  Node 0 is the source, the last one the sink. Aborts without memory. The caller owns it.
least_cost_t *
    least_cost_new (uint32_t nodes);
void
    least_cost_destroy (least_cost_t **self_p);

//  An arc for so many units, each of which costs that.
void
    least_cost_connect (least_cost_t *self, uint32_t from, uint32_t to, uint32_t room, int32_t cost);

//  One more unit along the cheapest path; its cost is added. False: there is no path.
bool
    least_cost_send (least_cost_t *self, int32_t *cost);

#endif

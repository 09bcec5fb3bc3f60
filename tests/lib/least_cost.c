//  least_cost: see least_cost.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/least_cost.h"

#include <assert.h>
#include <stdlib.h>

#define ARCS_MAX 40000
#define FAR (INT32_MAX / 2)

typedef struct {
    uint32_t to, room;
    int32_t cost;
    uint32_t next;
} arc_t;

struct least_cost {
    uint32_t nodes;
    uint32_t *first;   // By node: its first arc; 0: none
    uint32_t *by;      // By node: the last arc of the path to it
    int32_t *distance; // By node
    uint32_t arcs_count;
    arc_t arcs[ARCS_MAX]; // Each is followed by its way back; the first two are not used
};

least_cost_t *
least_cost_new (uint32_t nodes)
{
    least_cost_t *self = calloc (1, sizeof *self);
    assert (self);
    self->nodes = nodes;
    self->first = calloc (nodes, sizeof *self->first);
    self->by = calloc (nodes, sizeof *self->by);
    self->distance = calloc (nodes, sizeof *self->distance);
    assert (self->first && self->by && self->distance);
    self->arcs_count = 2;
    return self;
}

void
least_cost_destroy (least_cost_t **self_p)
{
    least_cost_t *self = *self_p;
    free (self->first);
    free (self->by);
    free (self->distance);
    free (self);
    *self_p = NULL;
}

static void
s_add (least_cost_t *self, uint32_t from, uint32_t to, uint32_t room, int32_t cost)
{
    assert (self->arcs_count < ARCS_MAX);
    self->arcs[self->arcs_count] = (arc_t) { to, room, cost, self->first[from] };
    self->first[from] = self->arcs_count++;
}

void
least_cost_connect (least_cost_t *self, uint32_t from, uint32_t to, uint32_t room, int32_t cost)
{
    s_add (self, from, to, room, cost);
    s_add (self, to, from, 0, -cost);
}

//  True if a node has become nearer by way of that one.
static bool
s_look (least_cost_t *self, uint32_t node)
{
    bool nearer = false;
    for (uint32_t at = self->first[node]; at && self->distance[node] < FAR; at = self->arcs[at].next) {
        const arc_t *arc = &self->arcs[at];
        if (arc->room == 0 || self->distance[node] + arc->cost >= self->distance[arc->to])
            continue;
        self->distance[arc->to] = self->distance[node] + arc->cost;
        self->by[arc->to] = at;
        nearer = true;
    }
    return nearer;
}

bool
least_cost_send (least_cost_t *self, int32_t *cost)
{
    for (uint32_t node = 0; node < self->nodes; node++)
        self->distance[node] = node == 0 ? 0 : FAR;
    for (bool nearer = true; nearer;) {
        nearer = false;
        for (uint32_t node = 0; node < self->nodes; node++)
            nearer |= s_look (self, node);
    }
    uint32_t sink = self->nodes - 1;
    if (self->distance[sink] >= FAR)
        return false;
    *cost += self->distance[sink];
    for (uint32_t node = sink; node != 0; node = self->arcs[self->by[node] ^ 1].to) {
        self->arcs[self->by[node]].room--;
        self->arcs[self->by[node] ^ 1].room++;
    }
    return true;
}

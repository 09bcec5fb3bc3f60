//  placement_quota: how many copies each member shall have, by D'Hondt's rule: one copy after the other
//  goes to whoever has the fewest for its weight with it. A member has no partition twice; a zone has none
//  twice if there are enough zones, and has each of them once otherwise. Within these bounds there is
//  always a placement: deal out the copies zone by zone, partition by partition, in a circle.
//  SPDX-License-Identifier: MPL-2.0
#include "placement_impl.h"

typedef struct {
    placement_t *self;
    uint64_t zone_max; // Copies that one zone may have
    uint32_t in_zone[VIEW_MEMBERS_MAX];
    uint16_t heap[VIEW_MEMBERS_MAX]; // The next one that gets a copy is first
    uint32_t heap_count;
} deal_t;

//  Whoever has a copy keeps it rather than that another gets one: so fewer move.
static bool
s_before (const placement_t *self, uint32_t a, uint32_t b)
{
    int order = placement_lighter (self, self->quota, a, b);
    if (order == 0)
        order = (self->count[b] > self->quota[b]) - (self->count[a] > self->quota[a]);
    return order ? order < 0 : a < b;
}

static void
s_sink (deal_t *deal, uint32_t at)
{
    uint16_t place = deal->heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= deal->heap_count)
            break;
        if (child + 1 < deal->heap_count && s_before (deal->self, deal->heap[child + 1], deal->heap[child]))
            child++;
        if (!s_before (deal->self, deal->heap[child], place))
            break;
        deal->heap[at] = deal->heap[child];
        at = child;
    }
    deal->heap[at] = place;
}

//  Deals out copies until there are none, or nobody may have more. Returns how many are left.
static uint32_t
s_deal (deal_t *deal, uint32_t seats)
{
    const placement_t *self = deal->self;
    deal->heap_count = 0;
    for (uint32_t place = 0; place < self->members; place++)
        if (self->takes[place])
            deal->heap[deal->heap_count++] = (uint16_t) place;
    for (uint32_t at = deal->heap_count / 2; at-- > 0;)
        s_sink (deal, at);
    while (seats && deal->heap_count) {
        uint32_t place = deal->heap[0], *in_zone = &deal->in_zone[self->zone[place]];
        if (self->quota[place] >= self->partitions || *in_zone >= deal->zone_max)
            deal->heap[0] = deal->heap[--deal->heap_count];
        else {
            self->quota[place]++;
            ++*in_zone;
            seats--;
        }
        if (deal->heap_count)
            s_sink (deal, 0);
    }
    return seats;
}

void
placement_quotas (placement_t *self, uint32_t seats)
{
    deal_t deal = { .self = self };
    memset (self->quota, 0, self->members * sizeof *self->quota);
    uint64_t partitions = self->partitions;
    if (self->zones_all <= self->copies && !self->frozen) {
        //  Each zone has every partition once, before any has one twice
        deal.zone_max = partitions;
        uint32_t first = self->zones_all * self->partitions;
        if (first > seats)
            first = seats;
        seats = seats - first + s_deal (&deal, first);
    }
    deal.zone_max = self->zones_all >= self->copies && !self->frozen
                        ? partitions
                        : (self->copies - self->zones + 1) * partitions;
    s_deal (&deal, seats);
}

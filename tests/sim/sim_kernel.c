//  sim_kernel: chance, events, and the order in which they happen.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <stdlib.h>

#include "sim/sim.h"

//  SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)
uint64_t
chance_next (chance_t *self)
{
    uint64_t z = self->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint32_t
chance_below (chance_t *self, uint32_t limit)
{
    return limit ? (uint32_t) ((chance_next (self) >> 32) * limit >> 32) : 0;
}

bool
chance_of (chance_t *self, double probability)
{
    return probability > 0 && (double) (chance_next (self) >> 11) < probability * 9007199254740992.0;
}

uint64_t
chance_between (chance_t *self, uint64_t low, uint64_t high)
{
    return high > low ? low + chance_next (self) % (high - low) : low;
}

//  ------------------------------------------------------------------------------------------------
//  Events: free ones are kept by size, from schedule to schedule

#define S_CLASSES 3

static const uint32_t s_rooms[S_CLASSES] = { 192, 1024, 8192 };
static event_t *s_free[S_CLASSES];

event_t *
event_new (event_fn *run, bytes_t body)
{
    unsigned class = 0;
    while (class < S_CLASSES && body.size > s_rooms[class])
        class ++;
    event_t *self = class < S_CLASSES ? s_free[class] : NULL;
    if (self)
        s_free[class] = self->next;
    else {
        size_t room = class < S_CLASSES ? s_rooms[class] : body.size;
        self = malloc (sizeof *self + room);
        assert (self);
        self->room = (uint32_t) room;
    }
    uint32_t room = self->room;
    *self = (event_t) { .run = run, .room = room, .size = (uint32_t) body.size };
    if (body.size)
        memcpy (self->data, body.data, body.size);
    return self;
}

void
event_free (event_t *self)
{
    for (unsigned class = 0; class < S_CLASSES; class ++)
        if (self->room == s_rooms[class]) {
            self->next = s_free[class];
            s_free[class] = self;
            return;
        }
    free (self);
}

//  ------------------------------------------------------------------------------------------------
//  Their order: a heap of four children each

static bool
s_before (const struct heap_item *a, const struct heap_item *b)
{
    return a->time != b->time ? a->time < b->time : a->serial < b->serial;
}

void
sim_at (sim_t *self, uint64_t time_us, event_t *event)
{
    if (self->heap_count == self->heap_room) {
        self->heap_room = self->heap_room ? self->heap_room * 2 : 1024;
        self->heap = realloc (self->heap, self->heap_room * sizeof *self->heap);
        assert (self->heap);
    }
    event->time = time_us < self->now ? self->now : time_us;
    struct heap_item item = { event->time, self->serial++, event };
    uint32_t at = self->heap_count++;
    while (at && s_before (&item, &self->heap[(at - 1) / 4])) {
        self->heap[at] = self->heap[(at - 1) / 4];
        at = (at - 1) / 4;
    }
    self->heap[at] = item;
}

event_t *
kernel_take (sim_t *self)
{
    if (self->heap_count == 0)
        return NULL;
    event_t *event = self->heap[0].event;
    struct heap_item item = self->heap[--self->heap_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t first = at * 4 + 1, least = first;
        if (first >= self->heap_count)
            break;
        for (uint32_t child = first + 1; child < first + 4 && child < self->heap_count; child++)
            if (s_before (&self->heap[child], &self->heap[least]))
                least = child;
        if (!s_before (&self->heap[least], &item))
            break;
        self->heap[at] = self->heap[least];
        at = least;
    }
    self->heap[at] = item;
    return event;
}

void
kernel_clear (sim_t *self)
{
    while (self->heap_count)
        event_free (self->heap[--self->heap_count].event);
    free (self->heap);
    self->heap = NULL;
    self->heap_room = 0;
}

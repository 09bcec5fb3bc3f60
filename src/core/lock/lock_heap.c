//  lock_heap: deadlines of a partition's locks, a binary heap in which each knows its place.
//  SPDX-License-Identifier: MPL-2.0
#include "lock_impl.h"

#include "../mem.h"

bool
lock_heap_reserve (locks_t *self, uint32_t timers)
{
    if (timers < self->heap_room)
        return true;
    uint32_t room = self->heap_room ? self->heap_room : 8;
    while (room <= timers)
        room *= 2;
    lock_timer_t **heap = mem_resize (self->heap, room * sizeof *heap);
    if (!heap)
        return false;
    self->bytes += (room - self->heap_room) * sizeof *heap;
    self->heap = heap;
    self->heap_room = room;
    return true;
}

static void
s_put (locks_t *self, uint32_t place, lock_timer_t *timer)
{
    self->heap[place] = timer;
    timer->place = place;
}

//  Moves a timer from a free place to where it belongs.
static void
s_sift (locks_t *self, uint32_t place, lock_timer_t *timer)
{
    while (place > 1 && self->heap[place / 2]->at > timer->at) {
        s_put (self, place, self->heap[place / 2]);
        place /= 2;
    }
    for (;;) {
        uint32_t child = place * 2;
        if (child < self->heap_count && self->heap[child + 1]->at < self->heap[child]->at)
            child++;
        if (child > self->heap_count || self->heap[child]->at >= timer->at)
            break;
        s_put (self, place, self->heap[child]);
        place = child;
    }
    s_put (self, place, timer);
}

void
lock_heap_set (locks_t *self, lock_timer_t *timer, uint64_t at)
{
    timer->at = at;
    s_sift (self, timer->place ? timer->place : ++self->heap_count, timer);
}

void
lock_heap_unset (locks_t *self, lock_timer_t *timer)
{
    uint32_t place = timer->place;
    if (!place)
        return;
    timer->place = 0;
    lock_timer_t *last = self->heap[self->heap_count--];
    if (last != timer)
        s_sift (self, place, last);
}

uint64_t
locks_next (const locks_t *self)
{
    return self->heap_count ? self->heap[1]->at : UINT64_MAX;
}

lock_timer_t *
locks_due (const locks_t *self, uint64_t now)
{
    return self->heap_count && self->heap[1]->at <= now ? self->heap[1] : NULL;
}

void
locks_postpone (locks_t *self, lock_timer_t *timer, uint64_t at)
{
    if (at == UINT64_MAX)
        lock_heap_unset (self, timer);
    else
        lock_heap_set (self, timer, at);
}

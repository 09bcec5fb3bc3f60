//  lock_impl: what the files of lock share. For lock*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LOCK_IMPL_H_INCLUDED
#define LOCK_IMPL_H_INCLUDED

#include "lock.h"

//  lock_heap.c: the earliest deadline is on top.
//  Room for so many timers in all. False without memory.
bool
    lock_heap_reserve (locks_t *self, uint32_t timers);
//  Puts a timer in, or moves it. There is room.
void
    lock_heap_set (locks_t *self, lock_timer_t *timer, uint64_t at);
void
    lock_heap_unset (locks_t *self, lock_timer_t *timer);

//  lock.c: the lock of that name, made if need be. NULL without memory.
lock_t *
    lock_make (locks_t *self, bytes_t map, bytes_t key);
//  The last one in its queue. NULL without memory.
waiter_t *
    lock_add_waiter (locks_t *self, lock_t *lock);
//  Forgets a lock about which there is nothing to know any more.
void
    lock_drop (locks_t *self, lock_t *lock);

#endif

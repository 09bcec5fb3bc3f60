//  lock: see lock.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lock_impl.h"

#include <assert.h>

#include "../mem.h"
#include "../mutant.h"

#define S_COUNT_MAX ((UINT64_C (1) << LOCK_COUNT_BITS) - 1)

//  ------------------------------------------------------------------------------------------------
//  The table

static uint64_t
s_hash (const locks_t *self, bytes_t map, bytes_t key)
{
    return hash_key (self->secret, key) * 31 + hash_key (self->secret, map);
}

static lock_t *
s_search (const locks_t *self, uint64_t hash, bytes_t map, bytes_t key)
{
    lock_t *lock = self->room ? self->table[hash & (self->room - 1)] : NULL;
    while (
        lock
        && (lock->hash != hash || !bytes_equal (lock_map (lock), map) || !bytes_equal (lock_key (lock), key)))
        lock = lock->chain;
    return lock;
}

lock_t *
locks_find (const locks_t *self, bytes_t map, bytes_t key)
{
    return self->count ? s_search (self, s_hash (self, map, key), map, key) : NULL;
}

static bool
s_grow (locks_t *self)
{
    if (self->count < self->room)
        return true;
    uint32_t room = self->room ? self->room * 2 : 8;
    lock_t **table = mem_alloc_zero (room, sizeof *table);
    if (!table)
        return false;
    for (uint32_t at = 0; at < self->room; at++)
        for (lock_t *lock = self->table[at], *next; lock; lock = next) {
            next = lock->chain;
            lock->chain = table[lock->hash & (room - 1)];
            table[lock->hash & (room - 1)] = lock;
        }
    mem_free (self->table);
    self->bytes += (room - self->room) * sizeof *table;
    self->table = table;
    self->room = room;
    return true;
}

static size_t
s_size (const lock_t *lock)
{
    return sizeof (lock_t) + lock->map_size + lock->key_size;
}

lock_t *
lock_make (locks_t *self, bytes_t map, bytes_t key)
{
    uint64_t hash = s_hash (self, map, key);
    lock_t *lock = s_search (self, hash, map, key);
    if (lock)
        return lock;
    if (!s_grow (self) || !lock_heap_reserve (self, 2 * (self->count + 1) + self->waiters))
        return NULL;
    lock = mem_alloc (sizeof (lock_t) + map.size + key.size);
    if (!lock)
        return NULL;
    *lock = (lock_t) { .lease = { .kind = LOCK_TIMER_LEASE },
                       .floor = { .kind = LOCK_TIMER_FLOOR },
                       .chain = self->table[hash & (self->room - 1)],
                       .hash = hash,
                       .map_size = (uint8_t) map.size,
                       .key_size = (uint32_t) key.size };
    if (map.size)
        memcpy (lock->name, map.data, map.size);
    if (key.size)
        memcpy (lock->name + map.size, key.data, key.size);
    self->table[hash & (self->room - 1)] = lock;
    self->count++;
    self->bytes += s_size (lock);
    return lock;
}

void
lock_drop (locks_t *self, lock_t *lock)
{
    if (lock->token || lock->first || lock->fence)
        return;
    lock_t **at = &self->table[lock->hash & (self->room - 1)];
    while (*at != lock)
        at = &(*at)->chain;
    *at = lock->chain;
    lock_heap_unset (self, &lock->lease);
    lock_heap_unset (self, &lock->floor);
    self->bytes -= s_size (lock);
    self->count--;
    mem_free (lock);
}

void
locks_visit (const locks_t *self, lock_visit_fn *visit, void *arg)
{
    for (uint32_t at = 0; at < self->room; at++)
        for (lock_t *lock = self->table[at], *next; lock; lock = next) {
            next = lock->chain;
            visit (arg, lock);
        }
}

static void
s_free (void *arg, lock_t *lock)
{
    (void) arg;
    for (waiter_t *waiter = lock->first, *next; waiter; waiter = next) {
        next = waiter->next;
        mem_free (waiter);
    }
    mem_free (lock);
}

void
locks_clear (locks_t *self)
{
    const hash_secret_t *secret = self->secret;
    locks_visit (self, s_free, NULL);
    mem_free (self->table);
    mem_free (self->heap);
    *self = (locks_t) { .secret = secret };
}

lock_t *
lock_timer_lock (lock_timer_t *timer)
{
    size_t offset = timer->kind == LOCK_TIMER_FLOOR ? offsetof (lock_t, floor) : offsetof (lock_t, lease);
    return (lock_t *) (void *) ((uint8_t *) timer - offset);
}

//  ------------------------------------------------------------------------------------------------
//  Queues

waiter_t *
lock_add_waiter (locks_t *self, lock_t *lock)
{
    if (!lock_heap_reserve (self, 2 * self->count + self->waiters + 1))
        return NULL;
    waiter_t *waiter = mem_alloc_zero (1, sizeof (waiter_t));
    if (!waiter)
        return NULL;
    waiter->timer.kind = LOCK_TIMER_WAITER;
    waiter->lock = lock;
    waiter->previous = lock->last;
    *(lock->last ? &lock->last->next : &lock->first) = waiter;
    lock->last = waiter;
    lock->waiters++;
    self->waiters++;
    self->bytes += sizeof (waiter_t);
    return waiter;
}

static void
s_remove_waiter (locks_t *self, waiter_t *waiter)
{
    lock_t *lock = waiter->lock;
    assert (!waiter->parked);
    *(waiter->previous ? &waiter->previous->next : &lock->first) = waiter->next;
    *(waiter->next ? &waiter->next->previous : &lock->last) = waiter->previous;
    lock_heap_unset (self, &waiter->timer);
    lock->waiters--;
    self->waiters--;
    self->bytes -= sizeof (waiter_t);
    mem_free (waiter);
}

static waiter_t *
s_numbered (const lock_t *lock, uint64_t number)
{
    waiter_t *waiter = lock ? lock->first : NULL;
    while (waiter && waiter->number != number)
        waiter = waiter->next;
    return waiter;
}

waiter_t *
lock_waiter (const lock_t *lock, const lock_request_t *request)
{
    waiter_t *waiter = lock->first;
    while (waiter
           && (!waiter->has_request || waiter->request.id != request->id
               || memcmp (waiter->request.session, request->session, LOCK_SESSION_SIZE) != 0))
        waiter = waiter->next;
    return waiter;
}

void *
waiter_attach (locks_t *self, waiter_t *waiter, void *parked)
{
    void *before = waiter->parked;
    waiter->attached = true;
    waiter->parked = parked;
    lock_heap_set (self, &waiter->timer, waiter->ends);
    return before;
}

typedef struct {
    locks_t *locks;
    uint64_t until;
} s_take_over_t;

static void
s_take_over (void *arg, lock_t *lock)
{
    s_take_over_t *over = arg;
    if (lock->token && LEFT_OUT (lock_left))
        lock_heap_set (over->locks, &lock->lease, 0);
    for (waiter_t *waiter = lock->first; waiter; waiter = waiter->next) {
        uint64_t until = waiter->has_request ? over->until : 0;
        waiter->attached = false;
        lock_heap_set (over->locks, &waiter->timer, until < waiter->ends ? until : waiter->ends);
    }
}

void
locks_take_over (locks_t *self, uint64_t until)
{
    s_take_over_t over = { self, until };
    locks_visit (self, s_take_over, &over);
}

//  ------------------------------------------------------------------------------------------------
//  Changes

uint64_t
locks_token (const locks_t *self, uint64_t epoch)
{
    if (LEFT_OUT (lock_token))
        return self->held + 1;
    if (epoch > LOCK_EPOCH_MAX || self->grants >= S_COUNT_MAX)
        return 0;
    return epoch << LOCK_COUNT_BITS | (self->grants + 1);
}

//  A free lock with a queue: whoever grants looks at it at once.
static void
s_set_lease (locks_t *self, lock_t *lock, uint64_t now)
{
    if (lock->token == 0 && lock->first)
        lock_heap_set (self, &lock->lease, now);
    else if (lock->token == 0)
        lock_heap_unset (self, &lock->lease);
}

static bool
s_wait (locks_t *self, const lock_change_t *change, uint64_t seq, uint64_t now)
{
    lock_t *lock = lock_make (self, change->map, change->key);
    if (!lock)
        return false;
    if (lock->last && lock->last->number >= seq) // It was made before
        return true;
    waiter_t *waiter = lock_add_waiter (self, lock);
    if (!waiter) {
        lock_drop (self, lock);
        return false;
    }
    waiter->number = seq;
    waiter->lease = change->lease;
    waiter->ends = now + change->left;
    waiter->has_request = change->has_request;
    waiter->request = change->request;
    lock_heap_set (self, &waiter->timer, waiter->ends);
    s_set_lease (self, lock, now);
    return true;
}

static bool
s_grant (locks_t *self, const lock_change_t *change, uint64_t seq, uint64_t now)
{
    lock_t *lock = lock_make (self, change->map, change->key);
    if (!lock)
        return false;
    waiter_t *waiter = change->number ? s_numbered (lock, change->number) : NULL;
    if (waiter)
        s_remove_waiter (self, waiter);
    self->held += lock->token == 0;
    lock->token = change->token;
    lock->seq = seq;
    self->grants = change->token & S_COUNT_MAX;
    lock_heap_set (self, &lock->lease, now + change->left);
    return true;
}

static void
s_free_lock (locks_t *self, lock_t *lock, uint64_t seq, uint64_t now)
{
    lock->token = 0;
    lock->seq = self->released = seq;
    self->held--;
    s_set_lease (self, lock, now);
    lock_drop (self, lock);
}

static void
s_leave (locks_t *self, lock_t *lock, const lock_change_t *change, uint64_t now)
{
    waiter_t *waiter = s_numbered (lock, change->number);
    if (!waiter)
        return;
    s_remove_waiter (self, waiter);
    s_set_lease (self, lock, now);
    lock_drop (self, lock);
}

static bool
s_fence (locks_t *self, const lock_change_t *change, uint64_t seq, uint64_t now)
{
    lock_t *lock = change->token ? lock_make (self, change->map, change->key)
                                 : locks_find (self, change->map, change->key);
    if (!lock)
        return change->token == 0;
    self->floors += (change->token != 0) - (lock->fence != 0);
    lock->fence = change->token;
    lock->fence_seq = seq;
    lock->fence_idle = false;
    if (lock->fence)
        lock_heap_set (self, &lock->floor, now + LOCK_FLOOR);
    else
        lock_heap_unset (self, &lock->floor);
    lock_drop (self, lock);
    return true;
}

bool
locks_apply (locks_t *self, const lock_change_t *change, uint64_t seq, uint64_t now)
{
    if (seq <= self->snapshot)
        return true;
    switch (change->kind) {
        case LOCK_WAITS:
            return s_wait (self, change, seq, now);
        case LOCK_GRANTED:
            return s_grant (self, change, seq, now);
        case LOCK_FENCE:
            return s_fence (self, change, seq, now);
        default:
            break;
    }
    lock_t *lock = locks_find (self, change->map, change->key);
    if (!lock)
        return true;
    if (change->kind == LOCK_LEFT)
        s_leave (self, lock, change, now);
    else if (change->token == 0 || lock->token != change->token)
        return true;
    else if (change->kind == LOCK_FREED)
        s_free_lock (self, lock, seq, now);
    else {
        lock->seq = seq;
        lock_heap_set (self, &lock->lease, now + change->left);
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------

typedef struct {
    uint32_t count, held, waiters, floors, timers;
    size_t bytes;
} s_sum_t;

static void
s_verify (void *arg, lock_t *lock)
{
    s_sum_t *sum = arg;
    uint32_t waiters = 0;
    for (const waiter_t *waiter = lock->first; waiter; waiter = waiter->next) {
        assert (waiter->lock == lock && waiter->timer.place);
        assert (waiter->next ? waiter->next->number > waiter->number && waiter->next->previous == waiter
                             : lock->last == waiter);
        waiters++;
    }
    assert (waiters == lock->waiters);
    assert (lock->token || lock->first || lock->fence);
    assert (!lock->token || lock->lease.place);
    assert (!lock->floor.place == !lock->fence);
    sum->count++;
    sum->held += lock->token != 0;
    sum->waiters += waiters;
    sum->floors += lock->fence != 0;
    sum->timers += waiters + (lock->lease.place != 0) + (lock->floor.place != 0);
    sum->bytes += s_size (lock) + waiters * sizeof (waiter_t);
}

void
locks_verify (const locks_t *self)
{
    s_sum_t sum = { 0 };
    locks_visit (self, s_verify, &sum);
    assert (sum.count == self->count && sum.held == self->held);
    assert (sum.waiters == self->waiters && sum.floors == self->floors);
    assert (sum.timers == self->heap_count);
    assert (sum.bytes + self->room * sizeof (lock_t *) + self->heap_room * sizeof (lock_timer_t *)
            == self->bytes);
    for (uint32_t place = 1; place <= self->heap_count; place++) {
        assert (self->heap[place]->place == place);
        assert (place == 1 || self->heap[place / 2]->at <= self->heap[place]->at);
    }
}

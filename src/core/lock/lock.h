//  lock: the locks of one partition (doc/consistency.md 10): who holds them, who waits for them in which
//  order, and the smallest fencing token that a write of a key may carry. The same on every copy, because
//  it is changed by log entries only (lock_change.h); a copy looks at no clock but to note from when on a
//  time that is left is counted. Pure: knows no sessions and no replies.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LOCK_H_INCLUDED
#define LOCK_H_INCLUDED

#include "../buf.h"
#include "../hash.h"
#include "lock_change.h"

//  Bounds; past them: BUSY.
#define LOCKS_MAX 65536         // Names of one partition: held, waited for, or with a floor
#define LOCK_WAITERS_MAX 4096   // Of one lock
#define LOCKS_WAITERS_MAX 65536 // Of one partition
#define LOCKS_BYTES_MAX (32u << 20) // Of one partition
//  Milliseconds
#define LOCK_LEASE 30000        // Without the options ex and px
#define LOCK_LEASE_MAX 3600000
#define LOCK_WAIT 5000          // Without the options wait and deadline
#define LOCK_WAIT_MAX 60000
#define LOCK_REATTACH 2000      // After a take-over: a place in a queue that nobody asked for again is lost
#define LOCK_FLOOR 3600000      // A floor stays so long after its entry is gone, at least
//  A token is epoch << 40 | count; it stays positive as a signed number.
#define LOCK_COUNT_BITS 40
#define LOCK_EPOCH_MAX ((UINT64_C (1) << 23) - 1)

//  Deadlines are in a heap: what waits costs nothing until its time has come.
typedef enum { LOCK_TIMER_LEASE, LOCK_TIMER_FLOOR, LOCK_TIMER_WAITER } lock_timer_kind_t;
typedef struct {
    uint64_t at;    // Milliseconds of the boot clock
    uint32_t place; // In the heap, from 1; 0: not in it
    uint8_t kind;   // lock_timer_kind_t
} lock_timer_t;

typedef struct waiter {
    lock_timer_t timer; // First. When the wait is over, or nobody has asked for it again
    struct lock *lock;
    struct waiter *next, *previous;
    uint64_t number;    // Sequence of the log entry that made it: names it on every copy
    uint64_t lease;     // Milliseconds that it wants
    uint64_t ends;      // Of its wait
    bool has_request;
    lock_request_t request;
    bool attached;      // Somebody here waits for its reply
    void *parked;       // The owner's: that reply, or NULL
} waiter_t;

typedef struct lock {
    lock_timer_t lease, floor; // lease: its end while it is held; else when to look at the queue again
    struct lock *chain;
    uint64_t hash;
    uint64_t token;    // 0: free
    uint64_t seq;      // Of the log entry that granted it, or changed its lease
    uint64_t fence;    // The floor; 0: none
    uint64_t fence_seq;
    bool fence_idle;   // Its entry was not there when that was looked at last
    waiter_t *first, *last;
    uint32_t waiters;
    uint8_t map_size;
    uint32_t key_size;
    uint8_t name[];    // Map, key
} lock_t;

typedef struct {
    const hash_secret_t *secret; // Set by the owner, before anything else
    lock_t **table;              // A power of two
    uint32_t room, count;        // count: names
    uint32_t held, waiters, floors;
    lock_timer_t **heap;         // From 1
    uint32_t heap_room, heap_count;
    uint64_t grants;             // Of this partition so far
    uint64_t released;           // The last log entry that freed a lock
    uint64_t snapshot;           // Changes up to this entry came with a snapshot: they are passed over
    size_t bytes;                // All memory of it
} locks_t;

//  Frees everything; `secret` stays. Nothing may be parked.
void
    locks_clear (locks_t *self);

static inline bytes_t
lock_map (const lock_t *lock)
{
    return bytes_of (lock->name, lock->map_size);
}
static inline bytes_t
lock_key (const lock_t *lock)
{
    return bytes_of (lock->name + lock->map_size, lock->key_size);
}

//  NULL: it is not held, nobody waits, and there is no floor.
lock_t *
    locks_find (const locks_t *self, bytes_t map, bytes_t key);

//  Who waits for it under that request; NULL: nobody. Looks through its queue.
waiter_t *
    lock_waiter (const lock_t *lock, const lock_request_t *request);

//  Makes a change of the log that entry `seq` holds. Times are counted from now. What does not fit what is
//  there (a token that is not held, a waiter that has gone) changes nothing. False without memory: nothing
//  has changed.
bool
    locks_apply (locks_t *self, const lock_change_t *change, uint64_t seq, uint64_t now);

//  The next token under that epoch; 0: there is none left.
uint64_t
    locks_token (const locks_t *self, uint64_t epoch);

//  ------------------------------------------------------------------------------------------------
//  The primary alone

//  Everything that waits has to be asked for again until then; those without a request cannot be.
void
    locks_take_over (locks_t *self, uint64_t until);

//  Somebody waits for its reply here, from now on. Returns what was parked there before.
void *
    waiter_attach (locks_t *self, waiter_t *waiter, void *parked);

//  The earliest deadline; UINT64_MAX: none.
uint64_t
    locks_next (const locks_t *self);

//  What has come to its end at that time, the earliest first; NULL: nothing. The caller makes the change
//  that ends it, or puts the deadline off.
lock_timer_t *
    locks_due (const locks_t *self, uint64_t now);
static inline waiter_t *
lock_timer_waiter (lock_timer_t *timer)
{
    return (waiter_t *) (void *) timer;
}
lock_t *
    lock_timer_lock (lock_timer_t *timer);

//  Puts a deadline off, or sets one for a free lock with waiters.
void
    locks_postpone (locks_t *self, lock_timer_t *timer, uint64_t at);

//  Calls for each lock, in no order.
typedef void (lock_visit_fn) (void *arg, lock_t *lock);
void
    locks_visit (const locks_t *self, lock_visit_fn *visit, void *arg);

//  ------------------------------------------------------------------------------------------------
//  To another copy (lock_code.c)

//  Adds all of it, as it is after log entry `seq`; times as what is left at `now`.
void
    locks_encode (const locks_t *self, uint64_t seq, uint64_t now, buf_t *out);
//  In place of what is there; empty afterwards, if it was not taken.
typedef enum { LOCKS_TAKEN, LOCKS_NO_MEMORY, LOCKS_MALFORMED } locks_taken_t;
locks_taken_t
    locks_decode (locks_t *self, bytes_t encoded, uint64_t now);

//  Equal for equal contents, times aside.
uint64_t
    locks_digest (const locks_t *self);

//  Asserts that everything fits together. For tests.
void
    locks_verify (const locks_t *self);

#endif

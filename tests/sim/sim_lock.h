//  sim_lock: locks, if the schedule has them: what sim_lock.c (who asks) and sim_lock_check.c (who judges)
//  share. For these two only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SIM_LOCK_H_INCLUDED
#define SIM_LOCK_H_INCLUDED

#include "lock/lock.h"
#include "sim/sim.h"

#define LOCKERS 6
#define LOCK_NAMES 3
#define LOCK_QUEUE 64 // More never wait
#define LOCK_MAP "locks"

//  A token as far as anybody knows of it.
typedef struct {
    uint64_t token;
    lock_request_t request;
    uint64_t since;    // Its lease began then at the earliest
    uint64_t until;    // And ends then at the earliest
    uint64_t called;   // When it was asked for; 0: it was not told yet
    bool ended;        // Given back, or its lease has ended
} grant_t;

//  A lock as the committed entries of the log make it.
typedef struct {
    uint64_t token;
    uint64_t free_since; // At the earliest
    struct {
        uint64_t number;
        lock_request_t request;
    } queue[LOCK_QUEUE];
    uint32_t count;
    grant_t *grants;
    uint32_t grants_count, grants_room;
} lock_model_t;

typedef enum {
    LOCKER_RESTS,
    LOCKER_LOCKS,
    LOCKER_HOLDS,
    LOCKER_UNLOCKS,
    LOCKER_LEASES,
    LOCKER_WRITES
} locker_state_t;

typedef struct {
    uint32_t index;
    locker_state_t state;
    uint32_t lock;             // Which
    op_t op;                   // LOCK or TRYLOCK
    bool has_session;
    session_issuer_t issuer;
    lock_request_t request;    // Session and id of what is open, or was last
    uint64_t called, timer;    // Of what is open
    uint64_t wait, lease;      // Milliseconds
    uint64_t token;            // That it thinks it holds
    uint64_t written;          // When it asked: the largest token that a write had been acknowledged with
    uint32_t rounds;
} locker_t;

struct lock_side {
    chance_t chance; // Of its own
    locker_t lockers[LOCKERS];
    lock_model_t locks[LOCK_NAMES];
    uint64_t written[LOCK_NAMES];   // The largest token that a write was acknowledged with
    uint64_t attempted[LOCK_NAMES]; // That one was sent with
    uint64_t tokens[SIM_PARTITIONS_MAX]; // The last one of each partition
    uint64_t well;               // Since when all else is
    linear_event_t *history;
    uint32_t history_count, history_room;
};

//  When something cannot have happened yet that takes so many milliseconds: clocks drift by 1 %, and tell
//  whole milliseconds.
static inline uint64_t
lock_side_after (uint64_t called, uint64_t milliseconds)
{
    return called + milliseconds * 980 - (milliseconds < 5 ? milliseconds * 980 : 4000);
}

//  NULL: nobody knows of it.
grant_t *
    lock_side_grant (lock_side_t *self, uint32_t lock, uint64_t token);

//  What was told to a locker. sim_lock_check.c.
void
    lock_side_granted (sim_t *sim, locker_t *locker, uint64_t token);
void
    lock_side_ended (sim_t *sim, locker_t *locker, linear_op_t op, bool held, bool told);
void
    lock_side_leased (sim_t *sim, locker_t *locker, bool told);
void
    lock_side_wrote (sim_t *sim, locker_t *locker, unsigned status);

#endif

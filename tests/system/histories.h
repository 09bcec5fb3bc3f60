//  histories: a random load on a cluster, from many clients, whose every operation is recorded and
//  then explained: histories.c reads the command line, histories_load.c runs the clients,
//  histories_locks.c those that take locks, histories_check.c judges, histories_watch.c measures when
//  partitions serve again.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HISTORIES_H_INCLUDED
#define HISTORIES_H_INCLUDED

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <zgrid.h>

#include "lib/linear.h"

#define CLIENTS_MAX 10 // More on one key are too many for the checker
#define COUNTERS_MAX 16
#define STATUSES 32
#define LOCKERS_MAX 8
#define LOCKS_MAX 16
#define SPAN_MS 7200000u // No run is longer

//  What is changed in a history before it is judged, to see that this is noticed.
typedef enum {
    CORRUPT_NOTHING,
    CORRUPT_READ,
    CORRUPT_LOST,
    CORRUPT_COUNTER,
    CORRUPT_LOCK,
    CORRUPT_FENCE
} corrupt_t;

typedef struct {
    const char *endpoints, *map;
    uint32_t clients, keys, counters;
    uint32_t lockers, locks; // Clients that take locks, and how many there are at a time
    uint32_t timeout_ms; // Of one operation
    uint32_t turn_ms;    // After so long, other keys: the histories of keys stay short
    uint32_t think_ms;   // Between two operations of a client, at most
    uint64_t seed;
    uint64_t run_ms;     // 0: until a signal
    bool indirect;       // Never straight to the owners
    bool watch;
    corrupt_t corrupt;
} plan_t;

typedef struct {
    uint64_t acked, doubtful;
    int64_t *results; // Of those that were acknowledged
    size_t count, room;
} counter_t;

//  A write with the token of a lock, that was or may have been executed.
typedef struct {
    uint32_t number; // Of the lock
    uint64_t token;
    int status;
    uint64_t called, returned;
} fenced_t;

typedef struct load load_t;

typedef struct {
    load_t *load;
    uint32_t index;
    uint32_t identity; // In histories: another one after an operation in doubt
    uint64_t dice;
    zgrid_client_t *client;
    pthread_t thread;
    linear_event_t *events;
    size_t count, room;
    counter_t counters[COUNTERS_MAX];
    fenced_t *fenced;
    size_t fenced_count, fenced_room;
    uint64_t statuses[STATUSES];
    uint64_t slowest_ns;
} worker_t;

struct load {
    plan_t plan;
    uint64_t start_ns;
    int stop_fd;             // Readable when it is over
    _Atomic uint8_t *served; // For each millisecond: something succeeded
    worker_t workers[CLIENTS_MAX], lockers[LOCKERS_MAX];
};

uint64_t
    now_ns (void);

//  Uniform, below limit.
uint64_t
    dice_below (uint64_t *state, uint64_t limit);

//  Makes the clients. False, and said why, if no server answers.
bool
    load_open (load_t *self);
void
    load_start (load_t *self);
//  Ends the threads; histories stay.
void
    load_join (load_t *self);
void
    load_close (load_t *self);

//  The name of a key as a number in histories, and of a counter.
void
    key_name (const load_t *load, uint32_t key, char *text, size_t size);
void
    counter_name (const load_t *load, uint32_t counter, char *text, size_t size);
void
    lock_name (const load_t *load, uint32_t number, char *text, size_t size);

//  True for an answer that leaves no trace: it certainly did not happen.
bool
    worker_did_nothing (int status);

//  Begins to take locks; load_join ends it.
void
    lockers_start (load_t *self);
//  A lock that nobody else takes is taken twice, one after the other, and written with: what is made wrong
//  with it is wrong whatever else happened.
void
    lockers_once_more (load_t *self);
//  Judges what was written with tokens, and prints what lockers were answered. Returns the number of faults.
uint64_t
    lockers_check (load_t *self);

//  Adds an event to a worker's history.
void
    worker_record (worker_t *self, const linear_event_t *event);

//  Reads every key once more, judges, prints what was found as one line of JSON. Returns the exit
//  code: 0 only if everything is explained.
int
    check_all (load_t *self);

//  Instead of a load: one write after the other to each partition; see histories.c.
int
    watch_run (const plan_t *plan, int stop_fd);

#endif

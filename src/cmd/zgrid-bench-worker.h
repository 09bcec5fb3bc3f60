//  worker: one thread's clients, its random numbers and what it counted.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_BENCH_WORKER_H_INCLUDED
#define ZGRID_BENCH_WORKER_H_INCLUDED

#include <zgrid.h>

#include "histogram.h"
#include "zgrid-bench-keys.h"
#include "zgrid-bench-plan.h"

//  Of latencies: told within 0.4 %.
#define LATENCY_BITS 7
#define LATENCY_TOP 64
#define LATENCY_ROOM HISTOGRAM_ROOM (LATENCY_BITS, LATENCY_TOP)

//  What came out; of one worker, and added up of all.
typedef struct {
    histogram_t latency[OPERATION_LIMIT]; // Nanoseconds an operation
    uint64_t buckets[OPERATION_LIMIT][LATENCY_ROOM]; // Theirs: a tally stays where it is
    uint64_t operations;
    uint64_t records; // An mget of 16 is one operation and 16 records
    uint64_t missed;  // Open loop: operations that were due and could never be begun
    uint64_t statuses[ZGRID_STATUS_LIMIT + 1]; // Of records; the last: numbers that nobody knows
} tally_t;

typedef struct {
    const plan_t *plan;
    zgrid_client_t **clients; // The worker's own
    size_t client_count;
    keys_t keys;
    uint64_t budget;   // Operations that it may still begin
    uint64_t begin_ns; // When it began, CLOCK_MONOTONIC
    uint64_t end_ns;   // Begins none from then on
    double rate;       // Its share of the operations a second; 0: no limit
    const char *values; // Random bytes: a value may begin at any of the first VALUE_STARTS
    const char *error; // Why it gave up, or NULL
    tally_t tally;
} worker_t;

#define VALUE_STARTS 4096

//  One operation of the mix, ready to be sent.
typedef struct {
    operation_t kind;
    uint64_t count;  // Records
    char *name;      // The key; mget asks worker_key for its keys one by one
    zgrid_bytes_t key;
    zgrid_bytes_t value;
} step_t;

uint64_t
    worker_now_ns (void);

//  True if one more operation may begin at this time; takes it from the budget.
bool
    worker_may_begin (worker_t *self, uint64_t now_ns);

//  Draws the next operation. step->name must have room for the plan's key_size.
void
    worker_draw (worker_t *self, step_t *step);

//  Draws another key into the step, for the next record of an mget.
void
    worker_draw_key (worker_t *self, step_t *step);

//  Counts one record's answer.
void
    worker_count_status (worker_t *self, int status);

//  Counts one operation that is over.
void
    worker_count (worker_t *self, operation_t kind, uint64_t spent_ns, uint64_t records);

//  The options that puts carry; NULL if none.
const zgrid_options_t *
    worker_put_options (const worker_t *self);

//  The drivers: each runs the worker until its budget or its time is over, in one form of the
//  library's calls. They set self->error if they cannot.
void
    worker_run_blocking (worker_t *self);
void
    worker_run_pipeline (worker_t *self);
void
    worker_run_future (worker_t *self);

//  Stores every key once, with the client. Returns ZGRID_OK or what the first record that was not
//  stored answered.
int
    worker_load (worker_t *self, zgrid_client_t *client);

#endif

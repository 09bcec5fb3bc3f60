//  report: what came out, for people or as JSON.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_BENCH_REPORT_H_INCLUDED
#define ZGRID_BENCH_REPORT_H_INCLUDED

#include "zgrid-bench-plan.h"
#include "zgrid-bench-worker.h"

typedef struct {
    double load_seconds; // 0: nothing was loaded
    double seconds;      // From the first operation's begin to the last one's end
    tally_t tally;       // Of all workers
} result_t;

//  Prints to stdout.
void
    report_print (const plan_t *plan, const result_t *result);

//  Records that answered neither OK nor NOTFOUND.
uint64_t
    report_failures (const result_t *result);

#endif

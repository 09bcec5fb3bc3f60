//  hits: what share of accesses a full storage answers, beside exact LRU and the best that is possible.
//  From a seed: the same figures everywhere. Prints a table; fails if LRU is farther than a point from
//  exact LRU, or S3-FIFO not above it where scans pass through.
//  Arguments: entries that fit (10,000), accesses (2,000,000), accesses in a millisecond (100)
//  SPDX-License-Identifier: MPL-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/hits.h"

int
main (int argc, char **argv)
{
    uint32_t capacity = argc > 1 ? (uint32_t) strtoul (argv[1], NULL, 10) : 10000;
    uint32_t count = argc > 2 ? (uint32_t) strtoul (argv[2], NULL, 10) : 2000000;
    uint32_t rate = argc > 3 ? (uint32_t) strtoul (argv[3], NULL, 10) : 100;
    if (capacity < 10 || count < capacity || rate == 0) {
        fprintf (stderr, "usage: bench-hits [entries [accesses [accesses a millisecond]]]\n");
        return 2;
    }
    bool good = true;
    printf ("| trace | best possible | exact LRU | lru | s3fifo |\n|---|---|---|---|---|\n");
    for (trace_kind_t kind = 0; kind < TRACES; kind++) {
        trace_t trace;
        trace_make (&trace, kind, count, capacity, 1);
        double best = hits_belady (&trace, capacity), exact = hits_lru (&trace, capacity);
        double lru = hits_storage (&trace, capacity, MAP_POLICY_LRU, rate);
        double s3fifo = hits_storage (&trace, capacity, MAP_POLICY_S3FIFO, rate);
        printf ("| %s | %.2f %% | %.2f %% | %.2f %% | %.2f %% |\n", hits_names[kind], 100 * best, 100 * exact,
                100 * lru, 100 * s3fifo);
        fflush (stdout);
        good = good && fabs (lru - exact) <= 0.01 && (kind != TRACE_SCANS || s3fifo > exact);
        trace_free (&trace);
    }
    return good ? 0 : 1;
}

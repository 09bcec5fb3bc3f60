//  histogram: counts of durations in buckets whose width grows with the duration.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_BENCH_HISTOGRAM_H_INCLUDED
#define ZGRID_BENCH_HISTOGRAM_H_INCLUDED

#include <stdint.h>

//  Each power of two is divided into 2^7 buckets, so that a bucket is at most 1/128 as wide as its
//  lower bound; a figure read from it is the middle of a bucket, at most 0.4 % away from the truth.
#define HISTOGRAM_BITS 7
#define HISTOGRAM_STEPS (1u << HISTOGRAM_BITS)
//  Up to 2 * STEPS a bucket holds one value; every further bit adds STEPS buckets
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) * HISTOGRAM_STEPS)

typedef struct {
    uint64_t count;
    uint64_t min; // Exact; UINT64_MAX if there is none
    uint64_t max; // Exact
    double sum;
    uint64_t buckets[HISTOGRAM_BUCKETS];
} histogram_t;

void
    histogram_clear (histogram_t *self);

//  Adds one value, any number.
void
    histogram_add (histogram_t *self, uint64_t value);

//  The same value several times.
void
    histogram_add_many (histogram_t *self, uint64_t value, uint64_t times);

//  Adds what another one holds.
void
    histogram_merge (histogram_t *self, const histogram_t *other);

//  The smallest figure that at least so many percent of the values do not exceed (0 to 100), within
//  0.4 %; never outside of min and max. 0 if there are no values.
uint64_t
    histogram_percentile (const histogram_t *self, double percent);

//  0 if there are no values.
double
    histogram_mean (const histogram_t *self);

#endif

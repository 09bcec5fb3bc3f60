//  histogram: counts of durations in buckets whose width grows with the duration.
//  SPDX-License-Identifier: MPL-2.0
//
//  A bucket's number is made of the position of the value's highest bit and of the HISTOGRAM_BITS
//  bits below it:
//
//      value              bucket            width
//      0 … 255            value             1
//      256 … 511          256 + (v-256)/2   2
//      512 … 1023         384 + (v-512)/4   4      and so on
#include "zgrid-bench-histogram.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void
histogram_clear (histogram_t *self)
{
    memset (self, 0, sizeof *self);
    self->min = UINT64_MAX;
}

static unsigned
s_shift (uint64_t value)
{
    if (value < 2 * HISTOGRAM_STEPS)
        return 0;
    return 63 - (unsigned) __builtin_clzll (value) - HISTOGRAM_BITS;
}

static unsigned
s_bucket (uint64_t value)
{
    unsigned shift = s_shift (value);
    return shift * HISTOGRAM_STEPS + (unsigned) (value >> shift);
}

//  The middle of a bucket.
static uint64_t
s_middle (unsigned bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    uint64_t low = (uint64_t) (bucket - shift * HISTOGRAM_STEPS) << shift;
    return low + (((uint64_t) 1 << shift) - 1) / 2;
}

void
histogram_add_many (histogram_t *self, uint64_t value, uint64_t times)
{
    if (times == 0)
        return;
    self->buckets[s_bucket (value)] += times;
    self->count += times;
    self->sum += (double) value * (double) times;
    if (value < self->min)
        self->min = value;
    if (value > self->max)
        self->max = value;
}

void
histogram_add (histogram_t *self, uint64_t value)
{
    histogram_add_many (self, value, 1);
}

void
histogram_merge (histogram_t *self, const histogram_t *other)
{
    for (unsigned at = 0; at < HISTOGRAM_BUCKETS; at++)
        self->buckets[at] += other->buckets[at];
    self->count += other->count;
    self->sum += other->sum;
    if (other->min < self->min)
        self->min = other->min;
    if (other->max > self->max)
        self->max = other->max;
}

uint64_t
histogram_percentile (const histogram_t *self, double percent)
{
    assert (percent >= 0 && percent <= 100);
    if (self->count == 0)
        return 0;
    uint64_t rank = (uint64_t) ceil (percent / 100 * (double) self->count);
    if (rank >= self->count)
        return self->max;
    if (rank == 0)
        return self->min;
    uint64_t seen = 0;
    unsigned at = 0;
    while (seen + self->buckets[at] < rank)
        seen += self->buckets[at++];
    uint64_t value = s_middle (at);
    if (value < self->min)
        return self->min;
    return value > self->max ? self->max : value;
}

double
histogram_mean (const histogram_t *self)
{
    return self->count ? self->sum / (double) self->count : 0;
}

//  histogram: see histogram.h.
//  SPDX-License-Identifier: MPL-2.0
//
//  A bucket's number is made of the position of the value's highest bit and of the bits below it, here for
//  bits = 7:
//
//      value              bucket            width
//      0 … 255            value             1
//      256 … 511          256 + (v-256)/2   2
//      512 … 1023         384 + (v-512)/4   4      and so on
#include "histogram.h"

#include <assert.h>
#include <string.h>

void
histogram_init (histogram_t *self, unsigned bits, unsigned top, uint64_t *buckets)
{
    assert (bits >= 1 && bits <= 7 && top > bits && top <= 64);
    *self = (histogram_t) { .buckets = buckets, .bits = bits, .top = top, .min = UINT64_MAX };
    memset (buckets, 0, HISTOGRAM_ROOM (bits, top) * sizeof (uint64_t));
}

unsigned
histogram_bucket (const histogram_t *self, uint64_t value)
{
    if (self->top < 64 && value >> self->top)
        value = (UINT64_C (1) << self->top) - 1;
    if (value >> (self->bits + 1) == 0)
        return (unsigned) value;
    unsigned shift = 63 - (unsigned) __builtin_clzll (value) - self->bits;
    return (shift << self->bits) + (unsigned) (value >> shift);
}

uint64_t
histogram_low (const histogram_t *self, unsigned bucket)
{
    if (bucket >> (self->bits + 1) == 0)
        return bucket;
    unsigned shift = (bucket >> self->bits) - 1;
    return (uint64_t) (bucket - (shift << self->bits)) << shift;
}

static uint64_t
s_middle (const histogram_t *self, unsigned bucket)
{
    unsigned shift = bucket >> (self->bits + 1) == 0 ? 0 : (bucket >> self->bits) - 1;
    return histogram_low (self, bucket) + ((UINT64_C (1) << shift) - 1) / 2;
}

void
histogram_add_many (histogram_t *self, uint64_t value, uint64_t times)
{
    if (times == 0)
        return;
    self->buckets[histogram_bucket (self, value)] += times;
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
    assert (self->bits == other->bits && self->top == other->top);
    for (unsigned at = 0; at < HISTOGRAM_ROOM (self->bits, self->top); at++)
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
    double exact = percent / 100 * (double) self->count;
    uint64_t rank = (uint64_t) exact;
    rank += (double) rank < exact;
    if (rank >= self->count)
        return self->max;
    if (rank == 0)
        return self->min;
    uint64_t seen = 0;
    unsigned at = 0;
    while (at + 1 < HISTOGRAM_ROOM (self->bits, self->top) && seen + self->buckets[at] < rank)
        seen += self->buckets[at++];
    uint64_t value = s_middle (self, at);
    if (value < self->min)
        return self->min;
    return value > self->max ? self->max : value;
}

double
histogram_mean (const histogram_t *self)
{
    return self->count ? self->sum / (double) self->count : 0;
}

//  histogram: counts of durations (or any whole numbers) in buckets whose width grows with the number:
//  log-linear, as HdrHistogram (Gil Tene). Its size is fixed; two of the same shape can be added.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HISTOGRAM_H_INCLUDED
#define HISTOGRAM_H_INCLUDED

#include <stdint.h>

//  A shape: each power of two is divided into 2^bits buckets, so that a bucket is at most 2^-bits as wide
//  as its lower bound, and a figure read from it at most half of that away from the truth; 1 to 7.
//  Numbers of 2^top and more are counted in the last bucket; top is more than bits, and at most 64.
#define HISTOGRAM_ROOM(bits, top) (((top) - (bits) + 1) << (bits)) // Buckets

typedef struct {
    uint64_t *buckets; // HISTOGRAM_ROOM of them, the owner's
    unsigned bits, top;
    uint64_t count;
    uint64_t min; // Exact; UINT64_MAX if there is none
    uint64_t max; // Exact
    double sum;
} histogram_t;

//  Empties it, buckets included.
void
    histogram_init (histogram_t *self, unsigned bits, unsigned top, uint64_t *buckets);

//  Adds one value, any number.
void
    histogram_add (histogram_t *self, uint64_t value);

//  The same value several times.
void
    histogram_add_many (histogram_t *self, uint64_t value, uint64_t times);

//  Adds what another one of the same shape holds.
void
    histogram_merge (histogram_t *self, const histogram_t *other);

//  The smallest figure that at least so many percent of the values do not exceed (0 to 100), as the middle
//  of its bucket; never outside of min and max. 0 if there are no values.
uint64_t
    histogram_percentile (const histogram_t *self, double percent);

//  0 if there are no values.
double
    histogram_mean (const histogram_t *self);

//  The bucket that a value is counted in, and the smallest value of a bucket.
unsigned
    histogram_bucket (const histogram_t *self, uint64_t value);
uint64_t
    histogram_low (const histogram_t *self, unsigned bucket);

#endif

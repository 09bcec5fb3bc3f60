//  rate: how many bytes may go, from a rate per second: a token bucket. It knows no clock, allows no debt,
//  and counts in thousandths of a byte, so that nothing is lost to rounding.
//  SPDX-License-Identifier: MPL-2.0
#ifndef RATE_H_INCLUDED
#define RATE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define RATE_MAX (UINT64_C (1) << 50)  // Bytes a second
#define RATE_BURST_MAX (UINT64_C (1) << 50)

typedef struct {
    uint64_t rate;  // Bytes a second; 0: no limit
    uint64_t burst; // Bytes that may gather
    uint64_t level; // What has gathered, in thousandths of a byte
    uint64_t at;    // Milliseconds: until then it has been counted
} rate_t;

//  Begins with a full bucket. More than RATE_MAX and RATE_BURST_MAX are cut.
void
    rate_init (rate_t *self, uint64_t rate, uint64_t burst, uint64_t now);

//  From now on: another rate. What has gathered stays, but for what a smaller bucket cannot hold; a bucket
//  that had no limit is full.
void
    rate_set (rate_t *self, uint64_t rate, uint64_t burst, uint64_t now);

//  Takes as many bytes as there are, at most `most`; none if there are less than `least`, or than the whole
//  bucket if that holds less. Without a limit it is `most`. A time before the last one counts as that one.
uint64_t
    rate_take (rate_t *self, uint64_t least, uint64_t most, uint64_t now);

//  Milliseconds until rate_take would take `least`.
uint64_t
    rate_wait (rate_t *self, uint64_t least, uint64_t now);

#endif

//  rate: see rate.h.
//  SPDX-License-Identifier: MPL-2.0
#include "rate.h"

#define S_PARTS 1000 // Of a byte: bytes a second are so many parts a millisecond

static uint64_t
s_smaller (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

void
rate_init (rate_t *self, uint64_t rate, uint64_t burst, uint64_t now)
{
    self->rate = s_smaller (rate, RATE_MAX);
    self->burst = s_smaller (burst, RATE_BURST_MAX);
    self->level = self->burst * S_PARTS;
    self->at = now;
}

//  Adds what has come since it was last counted.
static void
s_gather (rate_t *self, uint64_t now)
{
    uint64_t full = self->burst * S_PARTS;
    uint64_t passed = now > self->at ? now - self->at : 0;
    self->at += passed;
    if (self->rate == 0)
        self->level = full;
    else if (passed > (full - self->level) / self->rate) // It is full, or would be within this millisecond
        self->level = full;
    else
        self->level += self->rate * passed;
}

void
rate_set (rate_t *self, uint64_t rate, uint64_t burst, uint64_t now)
{
    s_gather (self, now);
    self->rate = s_smaller (rate, RATE_MAX);
    self->burst = s_smaller (burst, RATE_BURST_MAX);
    self->level = s_smaller (self->level, self->burst * S_PARTS);
}

uint64_t
rate_take (rate_t *self, uint64_t least, uint64_t most, uint64_t now)
{
    s_gather (self, now);
    if (self->rate == 0)
        return most;
    uint64_t there = self->level / S_PARTS;
    if (there < s_smaller (least, self->burst))
        return 0;
    uint64_t taken = s_smaller (there, most);
    self->level -= taken * S_PARTS;
    return taken;
}

uint64_t
rate_wait (rate_t *self, uint64_t least, uint64_t now)
{
    s_gather (self, now);
    uint64_t wanted = s_smaller (least, self->burst) * S_PARTS;
    if (self->rate == 0 || self->level >= wanted)
        return 0;
    return (wanted - self->level + self->rate - 1) / self->rate;
}

//  ages: the clock of accesses of one storage actor (entry.h). It ticks four times a second, and also
//  as entries are evicted: a thousand times while the limit's worth of entries comes and goes, however
//  fast that is. So ages tell entries apart as finely as eviction needs it, and what was not used for
//  days still looks old. Which value stood for which time is remembered, for max idle and moves.
//  SPDX-License-Identifier: MPL-2.0
#ifndef AGES_H_INCLUDED
#define AGES_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define AGES_TICK_SHIFT 8 // 256 ms
#define AGES_LEVELS 9     // A sample every tick, every 4th, 16th…: back for 12 days
#define AGES_SAMPLES 256  // Of each level

typedef struct {
    bool started;
    uint32_t clock;        // Modulo 2^22
    uint64_t now, tick;    // Milliseconds, and what tick of time that is
    uint64_t start_tick;   // The first one, and the clock then
    uint32_t start_clock;
    uint64_t steps;        // Evictions until it ticks
    uint32_t past[AGES_LEVELS][AGES_SAMPLES]; // The clock when each tick of time began
} ages_t;

//  Time has come to `now` (milliseconds of the boot clock); it never goes back.
void
    ages_time (ages_t *self, uint64_t now);

//  An entry was evicted, of so many.
void
    ages_evicted (ages_t *self, uint64_t entries);

//  The clock as it stood `ms` milliseconds ago or up to 1/64 of that and 256 ms earlier: what was used
//  within that time has not got a smaller one.
uint32_t
    ages_before (const ages_t *self, uint64_t ms);

//  Milliseconds since the clock stood so, or up to 1/64 and 256 ms less.
uint64_t
    ages_since (const ages_t *self, uint32_t clock);

#endif

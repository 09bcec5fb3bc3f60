//  ages: see ages.h.
//  SPDX-License-Identifier: MPL-2.0
#include "ages.h"

#include "../entry.h"

#define S_SHARE 1024 // Ticks while as many entries as there are were evicted

static uint32_t *
s_sample (ages_t *self, unsigned level, uint64_t tick)
{
    return &self->past[level][(tick >> 2 * level) % AGES_SAMPLES];
}

static uint32_t
s_look (const ages_t *self, unsigned level, uint64_t tick)
{
    if (tick <= self->start_tick) // Nobody was there: time alone
        return (self->start_clock - (uint32_t) (self->start_tick - tick)) & ENTRY_ACCESS_MASK;
    return self->past[level][(tick >> 2 * level) % AGES_SAMPLES];
}

void
ages_time (ages_t *self, uint64_t now)
{
    uint64_t tick = now >> AGES_TICK_SHIFT;
    if (!self->started) {
        self->started = true;
        self->start_tick = self->tick = tick;
        self->start_clock = self->clock = (uint32_t) tick & ENTRY_ACCESS_MASK;
        self->now = now;
        return;
    }
    if (now > self->now)
        self->now = now;
    if (tick <= self->tick)
        return;
    for (unsigned level = 0; level < AGES_LEVELS; level++) {
        uint64_t width = UINT64_C (1) << 2 * level;
        uint64_t first = (self->tick / width + 1) * width;
        if (tick / width >= AGES_SAMPLES && first < (tick / width - AGES_SAMPLES + 1) * width)
            first = (tick / width - AGES_SAMPLES + 1) * width;
        for (uint64_t at = first; at <= tick; at += width)
            *s_sample (self, level, at) = (self->clock + (uint32_t) (at - self->tick)) & ENTRY_ACCESS_MASK;
    }
    self->clock = (self->clock + (uint32_t) (tick - self->tick)) & ENTRY_ACCESS_MASK;
    self->tick = tick;
}

void
ages_evicted (ages_t *self, uint64_t entries)
{
    if (++self->steps * S_SHARE < entries)
        return;
    self->steps = 0;
    self->clock = (self->clock + 1) & ENTRY_ACCESS_MASK;
}

uint32_t
ages_before (const ages_t *self, uint64_t ms)
{
    uint64_t tick = (self->now > ms ? self->now - ms : 0) >> AGES_TICK_SHIFT;
    unsigned level = 0;
    if (tick <= self->start_tick)
        return s_look (self, 0, tick);
    while (level < AGES_LEVELS - 1 && (self->tick >> 2 * level) - (tick >> 2 * level) >= AGES_SAMPLES)
        level++;
    uint64_t width = UINT64_C (1) << 2 * level;
    uint64_t oldest = self->tick / width >= AGES_SAMPLES ? self->tick / width - AGES_SAMPLES + 1 : 0;
    uint64_t at = tick / width > oldest ? tick / width : oldest;
    return s_look (self, level, at * width);
}

uint64_t
ages_since (const ages_t *self, uint32_t clock)
{
    uint32_t age = (self->clock - clock) & ENTRY_ACCESS_MASK;
    for (unsigned level = 0; level < AGES_LEVELS; level++) {
        uint64_t last = self->tick >> 2 * level, first = last >= AGES_SAMPLES ? last - AGES_SAMPLES + 1 : 0;
        uint32_t oldest = (self->clock - s_look (self, level, first << 2 * level)) & ENTRY_ACCESS_MASK;
        if (oldest <= age && level < AGES_LEVELS - 1 && first > 0)
            continue; // From before this level's samples
        //  The first tick that began when the clock had gone on
        uint64_t low = first, high = last + 1;
        while (low < high) {
            uint64_t middle = low + (high - low) / 2;
            uint32_t then = (self->clock - s_look (self, level, middle << 2 * level)) & ENTRY_ACCESS_MASK;
            if (then < age)
                high = middle;
            else
                low = middle + 1;
        }
        return low > last ? 0 : (self->tick - (low << 2 * level)) << AGES_TICK_SHIFT;
    }
    return 0;
}

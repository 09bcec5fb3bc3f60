//  hlc: hybrid logical clock (Kulkarni, Demirbas et al., "Logical physical clocks", 2014): 48 bits of
//  wall clock in milliseconds, 16 bits that count within one. Versions of ap maps are its readings: who
//  has seen a version writes a greater one, whatever the wall clocks say.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HLC_H_INCLUDED
#define HLC_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define HLC_COUNT_BITS 16
#define HLC_WALL_MAX ((UINT64_C (1) << 48) - 1)

typedef struct {
    uint64_t last; // Given out, or seen
} hlc_t;

static inline uint64_t
hlc_wall (uint64_t version)
{
    return version >> HLC_COUNT_BITS;
}

//  A version greater than all before. A count that is used up borrows from the next millisecond.
static inline uint64_t
hlc_next (hlc_t *self, uint64_t wall)
{
    uint64_t present = (wall & HLC_WALL_MAX) << HLC_COUNT_BITS;
    self->last = present > self->last ? present : self->last + 1;
    return self->last;
}

//  Notes a version from elsewhere. False, and nothing is noted, if it is more than `ahead` milliseconds
//  in the future: a wrong clock would drag all others along.
static inline bool
hlc_see (hlc_t *self, uint64_t version, uint64_t wall, uint64_t ahead)
{
    if (hlc_wall (version) > wall + ahead)
        return false;
    if (version > self->last)
        self->last = version;
    return true;
}

#endif

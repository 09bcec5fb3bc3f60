//  ghost: which keys were removed not long ago, by fingerprints of 16 bits: two to four bytes for each
//  entry that there is. The last 32 of each bucket are known; one in about two thousand keys seems to
//  be there by chance.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GHOST_H_INCLUDED
#define GHOST_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GHOST_BUCKET 32 // Fingerprints

typedef struct {
    uint16_t (*buckets)[GHOST_BUCKET]; // NULL: none
    uint32_t count;                    // Of buckets, a power of two
    size_t *bytes;                     // Counts the memory, shared
} ghost_t;

static inline void
ghost_init (ghost_t *self, size_t *bytes)
{
    *self = (ghost_t) { .bytes = bytes };
}

//  Forgets everything and gives the memory back.
void
    ghost_clear (ghost_t *self);

//  Room for as many keys as there are entries, up to twice as many; what was known is forgotten when
//  that changes. Without memory it knows nothing.
void
    ghost_fit (ghost_t *self, uint64_t entries);

void
    ghost_add (ghost_t *self, uint64_t hash);

//  True, and forgotten, if it is known.
bool
    ghost_take (ghost_t *self, uint64_t hash);

#endif

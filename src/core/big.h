//  big: the largest entries. Every write offers its entry, and so does a walk through all of them; what has
//  gone or shrunk meanwhile is found when the list is asked for.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BIG_H_INCLUDED
#define BIG_H_INCLUDED

#include "bytes.h"

#define BIG_ROOM 64
#define BIG_PREFIX 64 // Bytes of a key that are kept

//  Where an entry is.
typedef struct {
    uint32_t map, partition; // Numbers of the owner's
    uint64_t hash;           // Of the key
    uint64_t bytes;          // Key and value
    uint64_t key_size;
    uint8_t prefix_size;
    uint8_t prefix[BIG_PREFIX];
} big_key_t;

typedef struct {
    uint64_t floor; // Smaller ones, and those of this size, are not among the largest
    uint32_t count;
    big_key_t keys[BIG_ROOM];
} big_t;

//  Zero bytes are an empty one.

static inline bool
big_wants (const big_t *self, uint64_t bytes)
{
    return bytes > self->floor;
}

//  Adds an entry, or notes its new size. It may be larger than `floor`, or not.
void
    big_add (big_t *self, uint32_t map, uint32_t partition, uint64_t hash, bytes_t key, uint64_t bytes);

//  Sizes were changed: what is wanted from now on follows from them.
void
    big_settle (big_t *self);

//  Forgets the one at that place; the last one takes it.
void
    big_drop (big_t *self, uint32_t at);

#endif

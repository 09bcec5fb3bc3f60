//  fifo: a queue of entries, first in first out, by hash and a word of the caller's. In pieces, so that
//  it never moves.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FIFO_H_INCLUDED
#define FIFO_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t hash, word;
} fifo_item_t;

struct fifo_piece;
typedef struct {
    struct fifo_piece *first, *last; // NULL: empty
    uint32_t out, in;                // Places in first, in last
    uint64_t count;
    size_t *bytes;                   // Counts the memory, shared
} fifo_t;

static inline void
fifo_init (fifo_t *self, size_t *bytes)
{
    *self = (fifo_t) { .bytes = bytes };
}

void
    fifo_clear (fifo_t *self);

//  False without memory.
bool
    fifo_push (fifo_t *self, fifo_item_t item);

//  False if it is empty.
bool
    fifo_pop (fifo_t *self, fifo_item_t *item);

//  The one that fifo_pop would give; NULL if it is empty.
const fifo_item_t *
    fifo_peek (const fifo_t *self);

#endif

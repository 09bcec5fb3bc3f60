//  fifo: see fifo.h.
//  SPDX-License-Identifier: MPL-2.0
#include "fifo.h"

#include "../mem.h"

#define S_PIECE 255 // Items: 4 KiB

typedef struct fifo_piece {
    struct fifo_piece *next;
    fifo_item_t items[S_PIECE];
} s_piece_t;

static void
s_drop_first (fifo_t *self)
{
    s_piece_t *piece = self->first;
    self->first = piece->next;
    if (!self->first)
        self->last = NULL;
    self->out = 0;
    *self->bytes -= sizeof (s_piece_t);
    mem_free (piece);
}

void
fifo_clear (fifo_t *self)
{
    while (self->first)
        s_drop_first (self);
    self->count = 0;
}

bool
fifo_push (fifo_t *self, fifo_item_t item)
{
    if (!self->last || self->in == S_PIECE) {
        s_piece_t *piece = mem_alloc (sizeof (s_piece_t));
        if (!piece)
            return false;
        piece->next = NULL;
        if (self->last)
            self->last->next = piece;
        else {
            self->first = piece;
            self->out = 0;
        }
        self->last = piece;
        self->in = 0;
        *self->bytes += sizeof (s_piece_t);
    }
    self->last->items[self->in++] = item;
    self->count++;
    return true;
}

const fifo_item_t *
fifo_peek (const fifo_t *self)
{
    return self->count ? &self->first->items[self->out] : NULL;
}

bool
fifo_pop (fifo_t *self, fifo_item_t *item)
{
    if (self->count == 0)
        return false;
    *item = self->first->items[self->out++];
    self->count--;
    if (self->out == S_PIECE || self->count == 0)
        s_drop_first (self);
    return true;
}

//  lent: see lent.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lent.h"

#include <stdatomic.h>

#include "mem.h"

struct lent {
    _Atomic uint32_t holders;
    size_t room;
    buf_t bytes;
};

lent_t *
lent_new (const buf_t *from)
{
    lent_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    atomic_init (&self->holders, 1);
    self->room = from->room;
    return self;
}

void
lent_take (lent_t *self, buf_t *from)
{
    self->bytes = *from;
    *from = (buf_t) BUF_INIT;
}

void
lent_hold (lent_t *self)
{
    atomic_fetch_add_explicit (&self->holders, 1, memory_order_relaxed);
}

void
lent_let_go (lent_t **self_p)
{
    lent_t *self = *self_p;
    *self_p = NULL;
    if (!self || atomic_fetch_sub_explicit (&self->holders, 1, memory_order_acq_rel) != 1)
        return;
    buf_clear (&self->bytes);
    mem_free (self);
}

size_t
lent_room (const lent_t *self)
{
    return self->room;
}

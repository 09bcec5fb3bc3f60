//  lent: memory that several hold, on any threads; who lets go of it last frees it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LENT_H_INCLUDED
#define LENT_H_INCLUDED

#include "buf.h"

typedef struct lent lent_t;

//  Of the bytes of that buffer, which stays the caller's, and must not change, until lent_take. The caller is
//  the first who holds it. NULL without memory.
lent_t *
    lent_new (const buf_t *from);
//  Takes over the memory of the buffer, and leaves it empty; the bytes stay where they are.
void
    lent_take (lent_t *self, buf_t *from);

//  Holds it once more.
void
    lent_hold (lent_t *self);
//  Accepts NULL.
void
    lent_let_go (lent_t **self_p);

//  Bytes that are kept from being freed.
size_t
    lent_room (const lent_t *self);

#endif

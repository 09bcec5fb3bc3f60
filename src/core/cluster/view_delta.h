//  view_delta: what makes one view of another, as bytes. Most steps change a few rows of the table; the
//  whole has up to 16,384 of them.
//  SPDX-License-Identifier: MPL-2.0
#ifndef VIEW_DELTA_H_INCLUDED
#define VIEW_DELTA_H_INCLUDED

#include "view.h"

//  Of an encoded view: what the deltas that lead to it say of it.
uint64_t
    view_digest (bytes_t encoded);

//  Adds what leads from one view to the other: one MessagePack array. False, and nothing was added, if
//  they are of different clusters or have different numbers of partitions; or without memory.
bool
    view_delta (const view_t *before, const view_t *after, buf_t *out);

//  Reads from which version to which one it leads. False: not a delta.
bool
    view_delta_ends (bytes_t delta, uint64_t *from, uint64_t *to);

//  The view to which the delta leads from that one, which stays as it is. Everything is checked: that
//  the delta is of that cluster and from that version, and in the end that the result is a view at all
//  and that its digest is the one that was meant. NULL and *why (a sentence) otherwise; "out of memory"
//  without memory. The caller owns it.
view_t *
    view_apply (const view_t *before, bytes_t delta, const char **why);

#endif

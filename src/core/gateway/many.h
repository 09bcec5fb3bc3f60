//  many: commands of several keys (do_many.c).
//  SPDX-License-Identifier: MPL-2.0
#ifndef MANY_H_INCLUDED
#define MANY_H_INCLUDED

#include "call.h"

//  Asks for each key, from the word `first` on, and answers how many there were. first: at most the last
//  word.
void
    many_count (call_t *call, op_t op, bytes_t map, uint32_t first);

#endif

//  text: small helpers for lines that people read.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TEXT_H_INCLUDED
#define TEXT_H_INCLUDED

#include "buf.h"

//  Adds formatted text. out may be NULL: then nothing happens.
void
    text_printf (buf_t *out, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

//  Adds text in double quotes, at most 60 bytes of it; what is not printable UTF-8 becomes '?'. For
//  messages about what somebody typed. out may be NULL.
void
    text_quote (buf_t *out, bytes_t text);

//  How many insertions, removals, replacements and swaps of neighbours lie between two texts; letters
//  of either case are equal. Texts longer than TEXT_NEAR_MAX are infinitely far apart.
#define TEXT_NEAR_MAX 63
#define TEXT_FAR 1000u
unsigned
    text_distance (bytes_t a, bytes_t b);

#endif

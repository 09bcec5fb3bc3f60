//  glob: does a name match a pattern? * any bytes, ? any byte, [abc] [a-e] [^a-e] one of, \x the byte x.
//  Bounded: every call counts its steps.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GLOB_H_INCLUDED
#define GLOB_H_INCLUDED

#include "bytes.h"

#define GLOB_PATTERN_MAX 512 // Bytes; callers refuse longer ones

//  Adds the steps that it took to *steps, of about a nanosecond each: at most 66,000 and, where that is
//  not enough, 260 * pattern + name * (pattern / 64 + 1) more. A longer pattern than GLOB_PATTERN_MAX
//  takes up to name * pattern.
bool
    glob_match (bytes_t pattern, bytes_t name, uint64_t *steps);

//  The same with other figures than 65,536 steps until it takes the slow and steady way.
bool
    glob_match_within (bytes_t pattern, bytes_t name, uint64_t patience, uint64_t *steps);

#endif

//  glob: does a name match a pattern? * any bytes, ? any byte, [abc] [a-e] [^a-e] one of, \x the byte x.
//  Bounded: every call counts its steps.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GLOB_H_INCLUDED
#define GLOB_H_INCLUDED

#include "bytes.h"

#define GLOB_PATTERN_MAX 512 // Bytes; callers refuse longer ones

//  Adds the steps that it took to *steps: at most (name + 1) * (pattern + 1).
bool
    glob_match (bytes_t pattern, bytes_t name, uint64_t *steps);

#endif

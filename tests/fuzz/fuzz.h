//  fuzz.h: what each fuzz target defines; called by libFuzzer or by replay.c.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FUZZ_H_INCLUDED
#define FUZZ_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

//  Returns 0. A property that does not hold is an assertion.
int
    LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#endif

//  dice: choices, from a seed or from the bytes of a fuzzer; and requests made by them.
//  SPDX-License-Identifier: MPL-2.0
#ifndef DICE_H_INCLUDED
#define DICE_H_INCLUDED

#include "lib/model.h"

typedef struct {
    uint64_t seed;     // Used if at is NULL
    const uint8_t *at; // Else: every choice takes a byte or two; 0 when they are used up
    const uint8_t *end;
} dice_t;

//  0 … sides - 1; sides is 1 … 65536
uint32_t
    dice_roll (dice_t *self, uint32_t sides);

static inline bool
dice_over (const dice_t *self)
{
    return self->at && self->at == self->end;
}

//  A request of any operation on few keys and maps, now and then a faulty one. What it points to
//  lives until the next one.
ask_t
    dice_ask (dice_t *self, uint32_t partitions);

//  Milliseconds to pass: mostly few, now and then minutes.
uint64_t
    dice_pause (dice_t *self);

//  The seed of a test: ZGRID_SEED, or `otherwise`. Rounds: times ZGRID_ROUNDS.
uint64_t
    dice_seed (uint64_t otherwise);
uint64_t
    dice_rounds (uint64_t rounds);

#endif

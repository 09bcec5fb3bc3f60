//  keys: which key comes next, and what it is called.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_BENCH_KEYS_H_INCLUDED
#define ZGRID_BENCH_KEYS_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

typedef enum { KEYS_UNIFORM, KEYS_ZIPF, KEYS_SEQUENTIAL } keys_form_t;

typedef struct {
    keys_form_t form;
    uint64_t count;  // Keys are numbered from 0 to count - 1
    uint64_t state;  // Of the random numbers
    uint64_t next;   // Sequential: the next number
    uint64_t stride; // Zipf: spreads the popular keys over all numbers
    double theta;
    double low, high, limit; // Zipf: constants of the sampling
} keys_t;

//  theta: the exponent of the Zipf distribution, above 0; not looked at otherwise.
void
    keys_init (keys_t *self, keys_form_t form, uint64_t count, double theta, uint64_t seed);

//  The number of the next key.
uint64_t
    keys_next (keys_t *self);

//  A random number, all bits equally likely.
uint64_t
    keys_random (keys_t *self);

//  Writes the key's name, `size` bytes without a final zero byte: a letter and the number with leading
//  zeros. size is at least keys_digits (count) + 1.
void
    keys_name (char letter, uint64_t number, char *name, size_t size);

//  Digits of the largest number.
size_t
    keys_digits (uint64_t count);

#endif

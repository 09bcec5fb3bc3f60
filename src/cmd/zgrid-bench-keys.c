//  keys: which key comes next, and what it is called.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-bench-keys.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

uint64_t
keys_random (keys_t *self)
{
    //  SplitMix64: one addition and two multiplications
    uint64_t mixed = (self->state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

//  Below limit, without a division; the bias is below limit / 2^64.
static uint64_t
s_below (keys_t *self, uint64_t limit)
{
    return (uint64_t) (((unsigned __int128) keys_random (self) * limit) >> 64);
}

//  From 0 to 1, 1 excluded
static double
s_fraction (keys_t *self)
{
    return (double) (keys_random (self) >> 11) * 0x1p-53;
}

//  ----------------------------------------------------------------------------------------------
//  Zipf by rejection from the area under x^-theta (Hörmann and Derflinger, 1996): no table, any
//  number of keys. The area from 1 to x is s_area (x) - s_area (1), and s_area_back turns it round.

static double
s_area (double theta, double x)
{
    double power = 1 - theta;
    return fabs (power) < 1e-9 ? log (x) : expm1 (power * log (x)) / power;
}

static double
s_area_back (double theta, double area)
{
    double power = 1 - theta;
    if (fabs (power) < 1e-9)
        return exp (area);
    double inner = 1 + power * area;
    return inner <= 0 ? INFINITY : exp (log (inner) / power);
}

//  The rank, from 1.
static uint64_t
s_zipf (keys_t *self)
{
    while (true) {
        double area = self->high + s_fraction (self) * (self->low - self->high);
        double x = s_area_back (self->theta, area);
        double rank = floor (x + 0.5);
        if (rank < 1)
            rank = 1;
        else if (rank > (double) self->count)
            rank = (double) self->count;
        if (rank - x <= self->limit || area >= s_area (self->theta, rank + 0.5) - pow (rank, -self->theta))
            return (uint64_t) rank;
    }
}

static uint64_t
s_common (uint64_t left, uint64_t right)
{
    while (right) {
        uint64_t rest = left % right;
        left = right;
        right = rest;
    }
    return left;
}

//  ----------------------------------------------------------------------------------------------

void
keys_init (keys_t *self, keys_form_t form, uint64_t count, double theta, uint64_t seed)
{
    assert (count > 0);
    memset (self, 0, sizeof *self);
    self->form = form;
    self->count = count;
    self->state = seed;
    if (form != KEYS_ZIPF)
        return;
    assert (theta > 0);
    self->theta = theta;
    self->low = s_area (theta, 1.5) - 1;
    self->high = s_area (theta, (double) count + 0.5);
    self->limit = 2 - s_area_back (theta, s_area (theta, 2.5) - pow (2, -theta));
    //  Multiplying by a number without a common divisor sends every rank to a number of its own
    self->stride = (uint64_t) ((double) count * 0.6180339887) | 1;
    while (s_common (self->stride, count) != 1)
        self->stride += 2;
}

uint64_t
keys_next (keys_t *self)
{
    if (self->form == KEYS_UNIFORM)
        return s_below (self, self->count);
    if (self->form == KEYS_ZIPF)
        return (uint64_t) ((unsigned __int128) (s_zipf (self) - 1) * self->stride % self->count);
    uint64_t number = self->next;
    self->next = number + 1 < self->count ? number + 1 : 0;
    return number;
}

void
keys_name (char letter, uint64_t number, char *name, size_t size)
{
    size_t at = size;
    while (number >= 100) {
        unsigned two = (unsigned) (number % 100);
        number /= 100;
        assert (at > 2);
        name[--at] = (char) ('0' + two % 10);
        name[--at] = (char) ('0' + two / 10);
    }
    do {
        assert (at > 1);
        name[--at] = (char) ('0' + number % 10);
        number /= 10;
    } while (number);
    memset (name + 1, '0', at - 1);
    name[0] = letter;
}

size_t
keys_digits (uint64_t count)
{
    size_t digits = 1;
    for (uint64_t largest = count - 1; largest >= 10; largest /= 10)
        digits++;
    return digits;
}

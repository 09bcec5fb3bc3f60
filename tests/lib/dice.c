//  dice: see dice.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/dice.h"

#include <stdio.h>
#include <stdlib.h>

uint32_t
dice_roll (dice_t *self, uint32_t sides)
{
    if (!self->at) {
        //  SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)
        uint64_t z = self->seed += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return (uint32_t) (((z ^ (z >> 31)) >> 32) * sides >> 32);
    }
    uint32_t roll = 0;
    for (uint32_t range = 1; range < sides && self->at < self->end; range *= 256)
        roll = roll * 256 + *self->at++;
    return roll % sides;
}

uint64_t
dice_seed (uint64_t otherwise)
{
    const char *seed = getenv ("ZGRID_SEED");
    return seed ? strtoull (seed, NULL, 0) : otherwise;
}

uint64_t
dice_rounds (uint64_t rounds)
{
    const char *times = getenv ("ZGRID_ROUNDS");
    return rounds * (times ? strtoull (times, NULL, 0) : 1);
}

//  Sizes on both sides of every border of the heap and of entry headers.
static size_t
s_size (dice_t *self)
{
    static const uint32_t s_sizes[] = { 0,   1,   7,    8,    20,   100,  480,  500,
                                        512, 600, 2020, 2048, 5000, 8160, 8192, 9000 };
    if (dice_roll (self, 64) == 0)
        return dice_roll (self, 4) ? 66000 : 300000;
    uint32_t size = s_sizes[dice_roll (self, sizeof s_sizes / sizeof s_sizes[0])];
    return size + dice_roll (self, 12);
}

static bytes_t
s_key (dice_t *self)
{
    static const char *const s_keys[] = { "",   "a",   "{a}", "{a}x", "number",       "float", "k7",  "k8",
                                          "k9", "k10", "k11", "k12",  "twelve bytes", "k14",   "k15", "k16" };
    static char s_long[400], s_numbered[8];
    uint32_t which = dice_roll (self, 32);
    if (which < 16)
        return bytes_str (s_keys[which]);
    if (which < 18) { // Longer than a narrow header can say
        memset (s_long, 'l', sizeof s_long);
        return bytes_of (s_long, which == 16 ? 256 : 400);
    }
    snprintf (s_numbered, sizeof s_numbered, "n%u", dice_roll (self, 64));
    return bytes_str (s_numbered);
}

static value_t
s_value (dice_t *self)
{
    static const char *const s_texts[] = {
        "0", "1", "-7", "9223372036854775807", "-9223372036854775808", "1.5", "1e30", "-0", "007", "text"
    };
    static uint8_t s_bytes[300100];
    uint32_t kind = dice_roll (self, 16);
    if (kind < 5)
        return value_bytes (bytes_str (s_texts[dice_roll (self, sizeof s_texts / sizeof s_texts[0])]));
    if (kind == 5)
        return value_int ((int64_t) dice_roll (self, 2000) - 1000);
    if (kind == 6)
        return value_nil ();
    size_t size = s_size (self);
    memset (s_bytes, (int) dice_roll (self, 256), size);
    return value_bytes (bytes_of (s_bytes, size));
}

static void
s_times (dice_t *self, options_t *options)
{
    static const uint32_t s_bits[] = { OPT_ex, OPT_px, OPT_px, OPT_exat, OPT_pxat };
    uint32_t bit = s_bits[dice_roll (self, 5)];
    uint64_t wall = UINT64_C (1700000000000);
    options->given |= bit;
    options->time = dice_roll (self, 5) ? 1 + dice_roll (self, 3000)
                                        : dice_roll (self, 65536) * UINT64_C (100);
    if (bit == OPT_exat)
        options->time += wall / 1000;
    if (bit == OPT_pxat)
        options->time += wall;
    if (dice_roll (self, 50) == 0)
        options->time = dice_roll (self, 2) ? 0 : UINT64_MAX - dice_roll (self, 100);
}

static void
s_options (dice_t *self, ask_t *ask)
{
    static const uint32_t s_flags[] = { OPT_nx, OPT_xx, OPT_keepttl, OPT_get, OPT_withttl, OPT_gt, OPT_lt };
    static bytes_t s_some = { (const uint8_t *) "text", 4 };
    options_t *options = &ask->options;
    for (int count = 0; count < 6 && dice_roll (self, 3) == 0; count++)
        options->given |= s_flags[dice_roll (self, 7)];
    if (dice_roll (self, 4) == 0)
        s_times (self, options);
    if (dice_roll (self, 10) == 0) {
        options->given |= OPT_ifversion;
        options->ifversion = dice_roll (self, 50);
    }
    if (dice_roll (self, ask->op == OP_CAS ? 1 : 10) == 0) {
        options->given |= OPT_ifeq;
        options->ifeq = dice_roll (self, 3) ? value_bytes (s_some) : value_nil ();
        if (dice_roll (self, 4) == 0)
            options->ifeq = value_bytes (bytes_str ("1"));
    }
    if (dice_roll (self, 8) == 0) {
        options->given |= OPT_initial;
        options->initial = dice_roll (self, 2) ? value_int (dice_roll (self, 100)) : value_bytes (s_some);
    }
}

ask_t
dice_ask (dice_t *self, uint32_t partitions)
{
    static const op_t s_often[] = { OP_PUT, OP_PUT, OP_PUT,  OP_PUT,    OP_GET,
                                    OP_GET, OP_DEL, OP_INCR, OP_APPEND, OP_GETPUT };
    static const char *const s_maps[] = { "m", "m", "m", "m", "m", "other", "third", "" };
    uint32_t op = dice_roll (self, 40);
    ask_t ask = { .op = op == OP_NONE || op > OP_DESTROY ? s_often[op % 10] : (op_t) op,
                  .map = bytes_str (s_maps[dice_roll (self, 8)]) };
    if (op_info (ask.op)->routing == ROUTING_PART) {
        if (ask.op != OP_DESTROY || dice_roll (self, 8)) {
            ask.options.given = OPT_partition | (dice_roll (self, 2) ? OPT_withvalues : 0);
            ask.options.partition = dice_roll (self, partitions + (dice_roll (self, 16) == 0));
        }
        if (ask.op == OP_SCAN && dice_roll (self, 2)) {
            ask.options.given |= OPT_count | OPT_match;
            ask.options.count = dice_roll (self, 200);
            ask.options.match = bytes_str (dice_roll (self, 2) ? "*" : "[k-n]1?");
        }
        return ask;
    }
    ask.has_key = dice_roll (self, 100) != 99;
    if (ask.has_key)
        ask.key = s_key (self);
    ask.value = s_value (self);
    s_options (self, &ask);
    return ask;
}

uint64_t
dice_pause (dice_t *self)
{
    uint32_t kind = dice_roll (self, 200);
    return kind < 150   ? dice_roll (self, 30)
           : kind < 198 ? dice_roll (self, 3000)
                        : dice_roll (self, 2000) * 1000;
}

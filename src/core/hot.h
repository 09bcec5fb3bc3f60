//  hot: the keys that are used most at present, found by samples: Space-Saving (Metwally, Agrawal, El
//  Abbadi, "Efficient computation of frequent and top-k elements in data streams", 2005) over counts that
//  fade: every HOT_FADE_MS they are halved, so that what was hot an hour ago is not.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HOT_H_INCLUDED
#define HOT_H_INCLUDED

#include "bytes.h"

#define HOT_FADE_MS 10000
#define HOT_PREFIX 64   // Bytes of a key that are kept
#define HOT_NAME_MAX 255 // Bytes of a map's name

typedef struct hot hot_t;

//  room: keys that are counted at a time; a key with more than 1/room of all samples, and one sample more, is
//  always among them.
//  NULL without memory. The caller owns it.
hot_t *
    hot_new (uint32_t room);
void
    hot_destroy (hot_t **self_p);

//  One sample. hash: of map and key, that tells them apart from others.
void
    hot_add (hot_t *self, bytes_t map, bytes_t key, uint64_t hash, bool writes, uint64_t now);

//  Samples a second, about.
typedef struct {
    bytes_t map, key; // Of the key: the first HOT_PREFIX bytes. Readable until the next call
    uint64_t key_size, hash;
    double rate;
    double error;     // rate may be too high by so much
    double writes;    // Of rate
} hot_key_t;

//  Tells the keys in no order; fewer than `most` if there are fewer, `room` at most.
uint32_t
    hot_list (hot_t *self, hot_key_t *keys, uint32_t most, uint64_t now);

#endif

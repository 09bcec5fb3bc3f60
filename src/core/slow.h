//  slow: the last records that took long, in a ring.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SLOW_H_INCLUDED
#define SLOW_H_INCLUDED

#include "bytes.h"

#define SLOW_ROOM 128
#define SLOW_PREFIX 64    // Bytes of a key that are kept
#define SLOW_NAME_MAX 255 // Bytes of a map's name
#define SLOW_CLIENT_MAX 32

typedef struct {
    uint64_t number; // Counts them, from 1
    uint64_t at;     // Milliseconds since 1970
    unsigned op, status;
    uint64_t took;   // Nanoseconds
    uint32_t group;  // Records that took it together
    uint64_t bytes_in, bytes_out;
    bytes_t map, key; // Of the key: the first SLOW_PREFIX bytes
    uint64_t key_size;
    bytes_t client;   // Its routing id
} slow_record_t;

typedef struct slow slow_t;

//  NULL without memory. The caller owns it.
slow_t *
    slow_new (void);
void
    slow_destroy (slow_t **self_p);

//  Adds one; number is set here, and bytes are copied. The oldest gives way.
void
    slow_add (slow_t *self, const slow_record_t *record);

//  How many there are, and one of them; 0: the newest. Readable until the next slow_add.
uint32_t
    slow_count (const slow_t *self);
slow_record_t
    slow_at (const slow_t *self, uint32_t at);

#endif

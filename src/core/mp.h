//  mp: a bounded reader of MessagePack. It looks at bytes where they lie, allocates nothing, and
//  never looks past the end; a length or count that the remaining bytes cannot hold is an error
//  before anything is done with it (msgpack-c allocates first: msgpack-c#1013). Writing is left to
//  msgpack-c.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MP_H_INCLUDED
#define MP_H_INCLUDED

#include "bytes.h"

#define MP_DEPTH_MAX 16 // Deeper nesting is refused

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} mp_t;

typedef enum {
    MP_NIL,
    MP_BOOL,  // integer is 0 or 1
    MP_INT,   // integer; u64 too large for it: MP_UINT
    MP_UINT,  // integer holds the bits of a u64 above INT64_MAX
    MP_REAL,  // real
    MP_BYTES, // bin or str: bytes
    MP_EXT,   // bytes is the payload, integer the type
    MP_ARRAY, // integer is the count; the elements follow
    MP_MAP    // integer is the count of pairs; they follow
} mp_kind_t;

typedef struct {
    mp_kind_t kind;
    int64_t integer;
    double real;
    bytes_t bytes;
} mp_token_t;

static inline mp_t
mp_of (bytes_t bytes)
{
    return (mp_t) { bytes.data, bytes.data + bytes.size };
}

static inline bool
mp_at_end (const mp_t *self)
{
    return self->at == self->end;
}

//  Reads one token. False if the bytes end too early, if a count is larger than the bytes that are
//  left can hold, or at the byte 0xc1; the reader has not moved then.
bool
    mp_next (mp_t *self, mp_token_t *token);

//  Passes over one whole value. False as mp_next, or if it is nested deeper than MP_DEPTH_MAX.
bool
    mp_skip (mp_t *self);

//  The bytes of one whole value, which is passed over.
bool
    mp_raw (mp_t *self, bytes_t *raw);

//  The next value as an unsigned integer; nil is not one.
bool
    mp_uint_slow (mp_t *self, uint64_t *value);

//  The same; most numbers are ids and versions of up to 32 bits.
static inline bool
mp_uint (mp_t *self, uint64_t *value)
{
    const uint8_t *at = self->at;
    if (self->end - at >= 5) {
        if (at[0] <= 0x7f) {
            *value = at[0];
            self->at += 1;
            return true;
        }
        if (at[0] == 0xce) {
            *value = (uint64_t) at[1] << 24 | (uint64_t) at[2] << 16 | (uint64_t) at[3] << 8 | at[4];
            self->at += 5;
            return true;
        }
        if (at[0] == 0xcd) {
            *value = (uint64_t) at[1] << 8 | at[2];
            self->at += 3;
            return true;
        }
    }
    return mp_uint_slow (self, value);
}

//  The next value as bytes (bin or str).
bool
    mp_bytes (mp_t *self, bytes_t *bytes);

//  The start of an array or a map; its elements or pairs follow.
bool
    mp_array (mp_t *self, uint32_t *count);
bool
    mp_map (mp_t *self, uint32_t *count);

#endif

//  mp: see mp.h. The format is the MessagePack specification's, "Formats".
//  SPDX-License-Identifier: MPL-2.0
#include "mp.h"

static inline uint64_t
s_be (const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static inline size_t
s_left (const mp_t *self)
{
    return (size_t) (self->end - self->at);
}

//  A head of 1 + width bytes whose number says how many bytes, elements or pairs follow.
static bool
s_sized (mp_t *self, mp_token_t *token, mp_kind_t kind, size_t width)
{
    if (s_left (self) < 1 + width)
        return false;
    uint64_t count = s_be (self->at + 1, width);
    size_t extra = kind == MP_EXT ? 1 : 0; // The type byte
    size_t left = s_left (self) - 1 - width;
    //  Each element takes a byte at least, each pair two
    if ((kind == MP_MAP ? count * 2 : count + extra) > left)
        return false;
    token->kind = kind;
    token->integer = (int64_t) count;
    self->at += 1 + width;
    if (kind == MP_EXT)
        token->integer = (int8_t) *self->at++;
    if (kind == MP_BYTES || kind == MP_EXT) {
        token->bytes = bytes_of (self->at, (size_t) count);
        self->at += count;
    }
    return true;
}

//  A head with the count inside the first byte.
static bool
s_fixed (mp_t *self, mp_token_t *token, mp_kind_t kind, size_t count)
{
    if ((kind == MP_MAP ? count * 2 : count) > s_left (self) - 1)
        return false;
    token->kind = kind;
    token->integer = (int64_t) count;
    self->at++;
    if (kind == MP_BYTES) {
        token->bytes = bytes_of (self->at, count);
        self->at += count;
    }
    return true;
}

static bool
s_number (mp_t *self, mp_token_t *token, uint8_t head)
{
    static const uint8_t s_width[] = { 4, 8, 1, 2, 4, 8, 1, 2, 4, 8 }; // 0xca … 0xd3
    size_t width = s_width[head - 0xca];
    if (s_left (self) < 1 + width)
        return false;
    uint64_t bits = s_be (self->at + 1, width);
    self->at += 1 + width;
    token->kind = MP_INT;
    if (head == 0xca) {
        uint32_t half = (uint32_t) bits;
        float real;
        memcpy (&real, &half, sizeof real);
        token->kind = MP_REAL;
        token->real = real;
    } else if (head == 0xcb) {
        token->kind = MP_REAL;
        memcpy (&token->real, &bits, sizeof bits);
    } else if (head <= 0xcf) {
        token->kind = bits > INT64_MAX ? MP_UINT : MP_INT;
        token->integer = (int64_t) bits;
    } else {
        unsigned shift = (unsigned) (64 - 8 * width); // Sign-extends
        token->integer = (int64_t) (bits << shift) >> shift;
    }
    return true;
}

static bool
s_fixext (mp_t *self, mp_token_t *token, size_t size)
{
    if (s_left (self) < 2 + size)
        return false;
    token->kind = MP_EXT;
    token->integer = (int8_t) self->at[1];
    token->bytes = bytes_of (self->at + 2, size);
    self->at += 2 + size;
    return true;
}

bool
mp_next (mp_t *self, mp_token_t *token)
{
    if (self->at == self->end)
        return false;
    uint8_t head = *self->at;
    if (head <= 0x7f || head >= 0xe0) {
        token->kind = MP_INT;
        token->integer = (int8_t) head;
        self->at++;
        return true;
    }
    if (head <= 0x8f)
        return s_fixed (self, token, MP_MAP, head & 0x0f);
    if (head <= 0x9f)
        return s_fixed (self, token, MP_ARRAY, head & 0x0f);
    if (head <= 0xbf)
        return s_fixed (self, token, MP_BYTES, head & 0x1f);
    if (head >= 0xca && head <= 0xd3)
        return s_number (self, token, head);
    switch (head) {
        case 0xc0:
            token->kind = MP_NIL;
            self->at++;
            return true;
        case 0xc2:
        case 0xc3:
            token->kind = MP_BOOL;
            token->integer = head & 1;
            self->at++;
            return true;
        case 0xc4:
        case 0xd9:
            return s_sized (self, token, MP_BYTES, 1);
        case 0xc5:
        case 0xda:
            return s_sized (self, token, MP_BYTES, 2);
        case 0xc6:
        case 0xdb:
            return s_sized (self, token, MP_BYTES, 4);
        case 0xc7:
            return s_sized (self, token, MP_EXT, 1);
        case 0xc8:
            return s_sized (self, token, MP_EXT, 2);
        case 0xc9:
            return s_sized (self, token, MP_EXT, 4);
        case 0xd4:
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return s_fixext (self, token, (size_t) 1 << (head - 0xd4));
        case 0xdc:
            return s_sized (self, token, MP_ARRAY, 2);
        case 0xdd:
            return s_sized (self, token, MP_ARRAY, 4);
        case 0xde:
            return s_sized (self, token, MP_MAP, 2);
        case 0xdf:
            return s_sized (self, token, MP_MAP, 4);
        default: // 0xc1 is never used
            return false;
    }
}

bool
mp_skip (mp_t *self)
{
    uint64_t left[MP_DEPTH_MAX + 1]; // Values still to pass over, by depth
    int depth = 0;
    mp_t walk = *self;
    left[0] = 1;
    for (;;) {
        while (left[depth] == 0) {
            if (depth-- == 0) {
                *self = walk;
                return true;
            }
        }
        left[depth]--;
        mp_token_t token;
        if (!mp_next (&walk, &token))
            return false;
        if (token.kind == MP_ARRAY || token.kind == MP_MAP) {
            if (depth == MP_DEPTH_MAX)
                return false;
            left[++depth] = (uint64_t) token.integer * (token.kind == MP_MAP ? 2 : 1);
        }
    }
}

bool
mp_raw (mp_t *self, bytes_t *raw)
{
    const uint8_t *start = self->at;
    if (!mp_skip (self))
        return false;
    *raw = bytes_of (start, (size_t) (self->at - start));
    return true;
}

bool
mp_uint_slow (mp_t *self, uint64_t *value)
{
    mp_t before = *self;
    mp_token_t token;
    if (mp_next (self, &token) && ((token.kind == MP_INT && token.integer >= 0) || token.kind == MP_UINT)) {
        *value = (uint64_t) token.integer;
        return true;
    }
    *self = before;
    return false;
}

bool
mp_bytes (mp_t *self, bytes_t *bytes)
{
    mp_t before = *self;
    mp_token_t token;
    if (mp_next (self, &token) && token.kind == MP_BYTES) {
        *bytes = token.bytes;
        return true;
    }
    *self = before;
    return false;
}

static bool
s_container (mp_t *self, mp_kind_t kind, uint32_t *count)
{
    mp_t before = *self;
    mp_token_t token;
    if (mp_next (self, &token) && token.kind == kind) {
        *count = (uint32_t) token.integer;
        return true;
    }
    *self = before;
    return false;
}

bool
mp_array (mp_t *self, uint32_t *count)
{
    return s_container (self, MP_ARRAY, count);
}

bool
mp_map (mp_t *self, uint32_t *count)
{
    return s_container (self, MP_MAP, count);
}

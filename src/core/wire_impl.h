//  wire_impl: what the files of the codec share. For wire*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef WIRE_IMPL_H_INCLUDED
#define WIRE_IMPL_H_INCLUDED

#include <msgpack.h>

#include "wire.h"

static inline int
wire_write (void *out, const char *data, size_t size)
{
    buf_add (out, data, size);
    return 0; // A failure sticks in the buffer
}

//  ------------------------------------------------------------------------------------------------
//  The two shapes that nearly every record has, a request for one key and a reply with a value, are
//  written without msgpack-c: its packer calls back for every few bytes, which was a third of the time
//  that a record took (doc/adr/0004). The caller has reserved the room.

#define WIRE_HEAD_MAX 9 // Bytes of the longest head: a number of 64 bits

static inline uint8_t *
wire_poke_big (uint8_t *at, uint8_t head, uint64_t number, unsigned width)
{
    *at++ = head;
    while (width--)
        *at++ = (uint8_t) (number >> (8 * width));
    return at;
}

static inline uint8_t *
wire_poke_uint (uint8_t *at, uint64_t number)
{
    if (number <= 0x7f) {
        *at = (uint8_t) number;
        return at + 1;
    }
    if (number <= 0xff)
        return wire_poke_big (at, 0xcc, number, 1);
    if (number <= 0xffff)
        return wire_poke_big (at, 0xcd, number, 2);
    if (number <= 0xffffffff)
        return wire_poke_big (at, 0xce, number, 4);
    return wire_poke_big (at, 0xcf, number, 8);
}

static inline uint8_t *
wire_poke_body (uint8_t *at, bytes_t bytes)
{
    if (bytes.size)
        memcpy (at, bytes.data, bytes.size);
    return at + bytes.size;
}

//  bin
static inline uint8_t *
wire_poke_bytes (uint8_t *at, bytes_t bytes)
{
    unsigned width = bytes.size <= 0xff ? 1 : bytes.size <= 0xffff ? 2 : 4;
    at = wire_poke_big (at, (uint8_t) (width == 1 ? 0xc4 : width == 2 ? 0xc5 : 0xc6), bytes.size, width);
    return wire_poke_body (at, bytes);
}

//  str of at most 255 bytes
static inline uint8_t *
wire_poke_text (uint8_t *at, bytes_t text)
{
    if (text.size <= 31)
        *at++ = (uint8_t) (0xa0 | text.size);
    else
        at = wire_poke_big (at, 0xd9, text.size, 1);
    return wire_poke_body (at, text);
}

//  ------------------------------------------------------------------------------------------------
//  Everything else goes through msgpack-c

static inline void
wire_pack_bytes (msgpack_packer *packer, bytes_t bytes)
{
    msgpack_pack_bin (packer, bytes.size);
    msgpack_pack_bin_body (packer, bytes.data, bytes.size);
}

static inline void
wire_pack_text (msgpack_packer *packer, bytes_t text)
{
    msgpack_pack_str (packer, text.size);
    msgpack_pack_str_body (packer, text.data, text.size);
}

static inline void
wire_pack_str (msgpack_packer *packer, const char *text)
{
    wire_pack_text (packer, bytes_str (text));
}

static inline void
wire_pack_value (msgpack_packer *packer, buf_t *out, value_t value)
{
    switch (value.kind) {
        case VALUE_NIL:
            msgpack_pack_nil (packer);
            break;
        case VALUE_BYTES:
            wire_pack_bytes (packer, value.bytes);
            break;
        case VALUE_INT:
            msgpack_pack_int64 (packer, value.integer);
            break;
        case VALUE_REAL:
            msgpack_pack_double (packer, value.real);
            break;
        case VALUE_TREE:
            buf_add (out, value.bytes.data, value.bytes.size);
            break;
        case VALUE_ATTACHED: {
            uint8_t index[4] = { (uint8_t) (value.integer >> 24), (uint8_t) (value.integer >> 16),
                                 (uint8_t) (value.integer >> 8), (uint8_t) value.integer };
            msgpack_pack_ext (packer, sizeof index, WIRE_ATTACHED);
            msgpack_pack_ext_body (packer, index, sizeof index);
            break;
        }
    }
}

//  The next value, of any kind. False if the bytes end or it is nested too deep.
bool
    wire_value (mp_t *reader, value_t *value);

//  Adds the options map.
void
    options_encode (buf_t *out, const options_t *options);

#endif

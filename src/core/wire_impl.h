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

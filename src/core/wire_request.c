//  wire_request: decoding and encoding of requests and their options.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "wire.h"
#include "wire_impl.h"

bool
wire_open (bytes_t body, mp_t *reader)
{
    if (body.size < WIRE_SIGNATURE_SIZE || memcmp (body.data, WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE) != 0)
        return false;
    *reader = mp_of (bytes_of (body.data + WIRE_SIGNATURE_SIZE, body.size - WIRE_SIGNATURE_SIZE));
    return true;
}

bool
wire_value (mp_t *reader, value_t *value)
{
    const uint8_t *start = reader->at;
    mp_token_t token;
    if (!mp_next (reader, &token))
        return false;
    switch (token.kind) {
        case MP_BYTES:
            value->kind = VALUE_BYTES;
            value->bytes = token.bytes;
            return true;
        case MP_NIL:
            value->kind = VALUE_NIL;
            return true;
        case MP_INT:
            value->kind = VALUE_INT;
            value->integer = token.integer;
            return true;
        case MP_REAL:
            value->kind = VALUE_REAL;
            value->real = token.real;
            return true;
        case MP_EXT:
            if (token.integer == WIRE_ATTACHED && token.bytes.size >= 1 && token.bytes.size <= 4) {
                value->kind = VALUE_ATTACHED;
                value->integer = 0;
                for (size_t at = 0; at < token.bytes.size; at++)
                    value->integer = value->integer << 8 | token.bytes.data[at];
                return true;
            }
            break;
        default:
            break;
    }
    reader->at = start;
    value->kind = VALUE_TREE;
    return mp_raw (reader, &value->bytes);
}

static void
s_fault (request_t *request, unsigned status, const char *why)
{
    if (!request->faulty) {
        request->faulty = status;
        request->fault = why;
    }
}

//  One element of the record, by its position. False: the bytes end.
static bool
s_element (mp_t *reader, request_t *request, uint32_t at)
{
    mp_token_t token;
    if (at == 0) {
        if (mp_uint (reader, &request->id)) {
            if (request->id == 0)
                s_fault (request, ZGRID_MALFORMED, "the id is 0");
            return true;
        }
        s_fault (request, ZGRID_MALFORMED, "the id is not an unsigned integer");
        return mp_skip (reader);
    }
    if (at == 4)
        return wire_value (reader, &request->value);
    const uint8_t *start = reader->at;
    if (!mp_next (reader, &token))
        return false;
    if (at == 5 && token.kind == MP_MAP) {
        reader->at = start;
        return mp_raw (reader, &request->options);
    }
    if (token.kind == MP_BYTES && at < 4) {
        if (at == 1) {
            request->op = op_find (token.bytes);
            if (request->op == OP_NONE)
                s_fault (request, ZGRID_BADOP, "no such operation");
        } else if (at == 2) {
            request->map = token.bytes;
        } else {
            request->key = token.bytes;
            request->has_key = true;
        }
        return true;
    }
    if (token.kind == MP_NIL && at > 1 && at < 6)
        return true;
    static const char *const s_why[] = {
        "", "the operation is not text", "the map's name is not text", "the key is neither bin nor str",
        "", "the options are not a map"
    };
    s_fault (request, ZGRID_MALFORMED, at <= 5 ? s_why[at] : "more than six elements");
    reader->at = start;
    return mp_skip (reader);
}

//  bin or str with a length of one byte, or short str. False: something else.
static inline bool
s_short_bytes (mp_t *reader, bytes_t *bytes)
{
    size_t left = (size_t) (reader->end - reader->at);
    size_t head = 1, size;
    if (left < 2)
        return false;
    if ((reader->at[0] & 0xe0) == 0xa0)
        size = reader->at[0] & 0x1f;
    else if (reader->at[0] == 0xc4 || reader->at[0] == 0xd9) {
        size = reader->at[1];
        head = 2;
    } else
        return false;
    if (left - head < size)
        return false;
    *bytes = bytes_of (reader->at + head, size);
    reader->at += head + size;
    return true;
}

//  The shape that nearly every record has: 4 or 5 elements, all of them short. False, and the reader
//  has not moved, if it is of another one.
static bool
s_plain_request (mp_t *reader, request_t *request)
{
    mp_t walk = *reader;
    bytes_t op;
    if (walk.end - walk.at < 4 || (walk.at[0] != 0x94 && walk.at[0] != 0x95))
        return false;
    bool with_value = *walk.at++ == 0x95;
    if (!mp_uint (&walk, &request->id) || request->id == 0 || !s_short_bytes (&walk, &op)
        || !s_short_bytes (&walk, &request->map) || !s_short_bytes (&walk, &request->key))
        return false;
    request->value.kind = VALUE_NIL;
    if (with_value) {
        if (!s_short_bytes (&walk, &request->value.bytes))
            return false;
        request->value.kind = VALUE_BYTES;
    }
    request->op = op_find (op);
    if (request->op == OP_NONE)
        return false;
    request->faulty = 0;
    request->fault = NULL;
    request->has_key = true;
    request->options = bytes_of (NULL, 0);
    request->raw = bytes_of (reader->at, (size_t) (walk.at - reader->at));
    *reader = walk;
    return true;
}

wire_step_t
wire_next_request (mp_t *reader, request_t *request)
{
    if (s_plain_request (reader, request))
        return WIRE_RECORD;
    *request = (request_t) { .value = { .kind = VALUE_NIL } };
    if (mp_at_end (reader))
        return WIRE_END;
    const uint8_t *start = reader->at;
    uint32_t count;
    if (!mp_array (reader, &count)) {
        if (!mp_skip (reader))
            return WIRE_BROKEN;
        s_fault (request, ZGRID_MALFORMED, "the record is not an array");
        request->raw = bytes_of (start, (size_t) (reader->at - start));
        return WIRE_RECORD;
    }
    if (count < 2)
        s_fault (request, ZGRID_MALFORMED, "fewer than two elements");
    for (uint32_t at = 0; at < count; at++)
        if (!s_element (reader, request, at))
            return WIRE_BROKEN;
    request->raw = bytes_of (start, (size_t) (reader->at - start));
    if (request->faulty == 0 && request->map.size > WIRE_MAP_NAME_MAX)
        s_fault (request, ZGRID_TOOBIG, "the map's name is longer than 255 bytes");
    return WIRE_RECORD;
}

int
wire_find_body (const bytes_t *frames, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (at > WIRE_ENVELOPE_MAX)
            return -2;
        bool placed = at == 0 || frames[at - 1].size == 0;
        if (placed && frames[at].size > 4 && frames[at].data[0] == 'Z' && frames[at].data[1] == 'G')
            return (int) at;
    }
    return count > WIRE_ENVELOPE_MAX + 1 ? -2 : -1;
}

void
wire_begin (buf_t *out)
{
    buf_add (out, WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
}

//  A request for one key, without options, whose value is bytes or missing.
static void
s_plain (buf_t *out, uint64_t id, const op_info_t *info, bytes_t map, bytes_t key, const bytes_t *value)
{
    if (!buf_reserve (out,
                      5 * WIRE_HEAD_MAX + info->name_size + map.size + key.size + (value ? value->size : 0)))
        return;
    uint8_t *at = out->data + out->size;
    *at++ = value ? 0x95 : 0x94; // Array of 5 or 4
    at = wire_poke_uint (at, id);
    at = wire_poke_text (at, bytes_of (info->name, info->name_size));
    at = wire_poke_text (at, map);
    at = wire_poke_bytes (at, key);
    if (value)
        at = wire_poke_bytes (at, *value);
    out->size = (size_t) (at - out->data);
}

void
wire_request (buf_t *out, uint64_t id, op_t op, bytes_t map, const bytes_t *key, const value_t *value,
              const options_t *options)
{
    bool plain = !value || value->kind == VALUE_NIL || value->kind == VALUE_BYTES;
    if (plain && key && !(options && options->given) && map.size <= 0xff) {
        s_plain (out, id, op_info (op), map, *key,
                 value && value->kind == VALUE_BYTES ? &value->bytes : NULL);
        return;
    }
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    bool with_options = options && options->given;
    bool with_value = value && value->kind != VALUE_NIL;
    uint32_t count = with_options ? 6 : with_value ? 5 : key ? 4 : map.size ? 3 : 2;
    msgpack_pack_array (&packer, count);
    msgpack_pack_uint64 (&packer, id);
    wire_pack_str (&packer, op_info (op)->name);
    if (count > 2)
        wire_pack_text (&packer, map);
    if (count > 3) {
        if (key)
            wire_pack_bytes (&packer, *key);
        else
            msgpack_pack_nil (&packer);
    }
    if (count > 4)
        wire_pack_value (&packer, out, with_value ? *value : value_nil ());
    if (count > 5)
        options_encode (out, options);
}

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

wire_step_t
wire_next_request (mp_t *reader, request_t *request)
{
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

void
wire_request (buf_t *out, uint64_t id, op_t op, bytes_t map, const bytes_t *key, const value_t *value,
              const options_t *options)
{
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

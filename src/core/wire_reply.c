//  wire_reply: decoding and encoding of replies and their meta.
//  SPDX-License-Identifier: MPL-2.0
#include "wire.h"
#include "wire_impl.h"

//  Adds the meta map.
static void
s_meta (msgpack_packer *packer, buf_t *out, const meta_t *meta)
{
    msgpack_pack_map (packer, (size_t) __builtin_popcount (meta->given));
    if (meta->given & META_error) {
        wire_pack_str (packer, "error");
        wire_pack_text (packer, meta->error);
    }
    if (meta->given & META_ttl) {
        wire_pack_str (packer, "ttl");
        msgpack_pack_int64 (packer, meta->ttl);
    }
    if (meta->given & META_cursor) {
        wire_pack_str (packer, "cursor");
        msgpack_pack_uint64 (packer, meta->cursor);
    }
    if (meta->given & META_retry) {
        wire_pack_str (packer, "retry");
        msgpack_pack_uint64 (packer, meta->retry);
    }
    if (meta->given & META_epoch) {
        wire_pack_str (packer, "epoch");
        msgpack_pack_uint64 (packer, meta->epoch);
    }
    if (meta->given & META_owner) {
        wire_pack_str (packer, "owner");
        wire_pack_text (packer, meta->owner);
    }
    if (meta->given & META_missed) {
        wire_pack_str (packer, "missed");
        buf_add (out, meta->missed.data, meta->missed.size);
    }
    if (meta->given & META_dropped) {
        wire_pack_str (packer, "dropped");
        msgpack_pack_true (packer);
    }
    if (meta->given & META_seq) {
        wire_pack_str (packer, "seq");
        msgpack_pack_uint64 (packer, meta->seq);
    }
    if (meta->given & META_age) {
        wire_pack_str (packer, "age");
        msgpack_pack_uint64 (packer, meta->age);
    }
}

static void
s_head (msgpack_packer *packer, uint64_t id, unsigned status)
{
    msgpack_pack_array (packer, 5);
    msgpack_pack_uint64 (packer, id);
    msgpack_pack_uint32 (packer, status);
}

static void
s_tail (msgpack_packer *packer, buf_t *out, uint64_t version, const meta_t *meta)
{
    msgpack_pack_uint64 (packer, version);
    if (meta && meta->given)
        s_meta (packer, out, meta);
    else
        msgpack_pack_nil (packer);
}

//  A reply without meta whose value is nil or bytes.
static void
s_plain (buf_t *out, uint64_t id, unsigned status, const value_t *value, uint64_t version)
{
    size_t size = value->kind == VALUE_BYTES ? value->bytes.size : 0;
    if (!buf_reserve (out, 4 * WIRE_HEAD_MAX + 2 + size))
        return;
    uint8_t *at = out->data + out->size;
    *at++ = 0x95; // Array of 5
    at = wire_poke_uint (at, id);
    at = wire_poke_uint (at, status);
    if (value->kind == VALUE_BYTES)
        at = wire_poke_bytes (at, value->bytes);
    else
        *at++ = 0xc0;
    at = wire_poke_uint (at, version);
    *at++ = 0xc0;
    out->size = (size_t) (at - out->data);
}

void
wire_reply (buf_t *out, uint64_t id, unsigned status, value_t value, uint64_t version, const meta_t *meta)
{
    if (!(meta && meta->given) && (value.kind == VALUE_BYTES || value.kind == VALUE_NIL)
        && value.bytes.size <= UINT32_MAX) {
        s_plain (out, id, status, &value, version);
        return;
    }
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    s_head (&packer, id, status);
    wire_pack_value (&packer, out, value);
    s_tail (&packer, out, version, meta);
}

void
wire_add_bytes (buf_t *out, bytes_t bytes)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    wire_pack_bytes (&packer, bytes);
}

void
wire_add_uint (buf_t *out, uint64_t number)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    msgpack_pack_uint64 (&packer, number);
}

void
wire_add_text (buf_t *out, const char *text)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    wire_pack_str (&packer, text);
}

void
wire_add_array (buf_t *out, uint32_t count)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    msgpack_pack_array (&packer, count);
}

void
wire_add_map (buf_t *out, uint32_t pairs)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    msgpack_pack_map (&packer, pairs);
}

void
wire_reply_array (buf_t *out, uint64_t id, uint32_t count, bytes_t encoded, const meta_t *meta)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    s_head (&packer, id, 0);
    msgpack_pack_array (&packer, count);
    buf_add (out, encoded.data, encoded.size);
    s_tail (&packer, out, 0, meta);
}

void
wire_reply_error (buf_t *out, uint64_t id, unsigned status, const char *text)
{
    meta_t meta = { .given = text ? META_error : 0, .error = bytes_str (text) };
    wire_reply (out, id, status, value_nil (), 0, &meta);
}

wire_step_t
wire_next_reply (mp_t *reader, reply_t *reply)
{
    *reply = (reply_t) { .value = { .kind = VALUE_NIL } };
    if (mp_at_end (reader))
        return WIRE_END;
    uint32_t count;
    uint64_t status = 0;
    if (!mp_array (reader, &count) || count < 2 || count > 16 || !mp_uint (reader, &reply->id)
        || !mp_uint (reader, &status) || status > UINT16_MAX)
        return WIRE_BROKEN;
    reply->status = (unsigned) status;
    for (uint32_t at = 2; at < count; at++) {
        bool read = at == 2   ? wire_value (reader, &reply->value)
                    : at == 3 ? mp_uint (reader, &reply->version)
                    : at == 4 ? mp_raw (reader, &reply->meta)
                              : mp_skip (reader);
        if (!read)
            return WIRE_BROKEN;
    }
    if (reply->meta.size == 1 && reply->meta.data[0] == 0xc0) // nil
        reply->meta.size = 0;
    return WIRE_RECORD;
}

static bool
s_is (bytes_t name, const char *text)
{
    return bytes_equal (name, bytes_str (text));
}

//  One pair of the meta map.
static bool
s_pair (mp_t *reader, meta_t *meta, bytes_t name)
{
    mp_token_t token;
    if (s_is (name, "error")) {
        meta->given |= META_error;
        return mp_bytes (reader, &meta->error);
    }
    if (s_is (name, "ttl")) {
        meta->given |= META_ttl;
        bool read = mp_next (reader, &token) && token.kind == MP_INT;
        meta->ttl = read ? token.integer : 0;
        return read;
    }
    if (s_is (name, "cursor")) {
        meta->given |= META_cursor;
        return mp_uint (reader, &meta->cursor);
    }
    if (s_is (name, "retry")) {
        meta->given |= META_retry;
        return mp_uint (reader, &meta->retry);
    }
    if (s_is (name, "epoch")) {
        meta->given |= META_epoch;
        return mp_uint (reader, &meta->epoch);
    }
    if (s_is (name, "owner")) {
        meta->given |= META_owner;
        return mp_bytes (reader, &meta->owner);
    }
    if (s_is (name, "missed")) {
        meta->given |= META_missed;
        return mp_raw (reader, &meta->missed);
    }
    if (s_is (name, "seq")) {
        meta->given |= META_seq;
        return mp_uint (reader, &meta->seq);
    }
    if (s_is (name, "age")) {
        meta->given |= META_age;
        return mp_uint (reader, &meta->age);
    }
    if (s_is (name, "dropped")) {
        bool read = mp_next (reader, &token) && token.kind == MP_BOOL;
        meta->given |= read && token.integer ? META_dropped : 0;
        return read;
    }
    return mp_skip (reader);
}

bool
meta_decode (bytes_t encoded, meta_t *meta)
{
    *meta = (meta_t) { .given = 0 };
    if (encoded.size == 0)
        return true;
    mp_t reader = mp_of (encoded);
    uint32_t count;
    if (!mp_map (&reader, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name) || !s_pair (&reader, meta, name))
            return false;
    }
    return true;
}

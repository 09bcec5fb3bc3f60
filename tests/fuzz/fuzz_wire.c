//  fuzz_wire: what the codec can decode, it can encode, and decodes again to the same. The input is a
//  body; it is read as requests, as replies, and as the frames of a message.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>

#include "fuzz/fuzz.h"
#include "wire.h"

static void
s_same_value (value_t a, value_t b)
{
    assert (a.kind == b.kind);
    assert ((a.kind != VALUE_BYTES && a.kind != VALUE_TREE) || bytes_equal (a.bytes, b.bytes));
    assert (a.kind != VALUE_INT || a.integer == b.integer);
    assert (a.kind != VALUE_ATTACHED || a.integer == b.integer);
    assert (a.kind != VALUE_REAL || memcmp (&a.real, &b.real, sizeof a.real) == 0);
}

static void
s_same_options (const options_t *a, const options_t *b)
{
    assert (a->given == b->given);
    if (a->given == 0)
        return; // The rest says nothing
    assert (a->time == b->time && a->ifversion == b->ifversion && a->cursor == b->cursor);
    assert (a->count == b->count && a->partition == b->partition && a->deadline == b->deadline);
    assert (a->ack == b->ack && a->attach == b->attach);
    assert (bytes_equal (a->match, b->match) && bytes_equal (a->read, b->read));
    s_same_value (a->ifeq, b->ifeq);
    s_same_value (a->initial, b->initial);
    s_same_value (a->session, b->session);
}

//  Inside the input, or empty.
static void
s_inside (bytes_t part, bytes_t whole)
{
    if (part.size)
        assert (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static void
s_value_inside (value_t value, bytes_t whole)
{
    if (value.kind == VALUE_BYTES || value.kind == VALUE_TREE)
        s_inside (value.bytes, whole);
}

static void
s_request_again (const request_t *request)
{
    options_t options;
    const char *why = NULL;
    if (!options_decode (request->options, &options, &why)) {
        assert (why);
        return;
    }
    buf_t out = BUF_INIT;
    wire_begin (&out);
    wire_request (&out, request->id, (op_t) request->op, request->map,
                  request->has_key ? &request->key : NULL, &request->value, &options);
    assert (!out.failed);

    request_t again;
    options_t options_again;
    mp_t reader;
    assert (wire_open (buf_bytes (&out), &reader));
    assert (wire_next_request (&reader, &again) == WIRE_RECORD && mp_at_end (&reader));
    assert (again.faulty == 0 && again.id == request->id && again.op == request->op);
    assert (bytes_equal (again.map, request->map) && again.has_key == request->has_key);
    assert (!again.has_key || bytes_equal (again.key, request->key));
    s_same_value (again.value, request->value);
    assert (options_decode (again.options, &options_again, &why));
    s_same_options (&options, &options_again);
    buf_clear (&out);
}

static void
s_requests (bytes_t body)
{
    mp_t reader;
    if (!wire_open (body, &reader))
        return;
    for (;;) {
        request_t request;
        wire_step_t step = wire_next_request (&reader, &request);
        assert (reader.at <= reader.end);
        if (step != WIRE_RECORD)
            break;
        s_inside (request.raw, body);
        s_inside (request.map, request.raw);
        if (request.has_key)
            s_inside (request.key, request.raw);
        s_value_inside (request.value, request.raw);
        s_inside (request.options, request.raw);
        assert (!request.faulty == !request.fault);
        if (!request.faulty)
            s_request_again (&request);
    }
}

static void
s_reply_again (const reply_t *reply)
{
    meta_t meta;
    if (!meta_decode (reply->meta, &meta))
        return;
    buf_t out = BUF_INIT;
    wire_reply (&out, reply->id, reply->status, reply->value, reply->version, &meta);
    assert (!out.failed);

    reply_t again;
    meta_t meta_again;
    mp_t reader = mp_of (buf_bytes (&out));
    assert (wire_next_reply (&reader, &again) == WIRE_RECORD && mp_at_end (&reader));
    assert (again.id == reply->id && again.status == reply->status && again.version == reply->version);
    s_same_value (again.value, reply->value);
    assert (meta_decode (again.meta, &meta_again));
    assert (meta.given == meta_again.given && meta.ttl == meta_again.ttl);
    assert (meta.cursor == meta_again.cursor && meta.retry == meta_again.retry);
    assert (meta.epoch == meta_again.epoch);
    assert (bytes_equal (meta.error, meta_again.error) && bytes_equal (meta.owner, meta_again.owner));
    assert (bytes_equal (meta.missed, meta_again.missed));
    buf_clear (&out);
}

static void
s_replies (bytes_t body)
{
    mp_t reader;
    if (!wire_open (body, &reader))
        return;
    reply_t reply;
    while (wire_next_reply (&reader, &reply) == WIRE_RECORD) {
        assert (reader.at <= reader.end);
        s_value_inside (reply.value, body);
        s_inside (reply.meta, body);
        s_reply_again (&reply);
    }
}

//  Cuts the input into frames of 0 to 7 bytes, each behind a byte that gives its length.
static void
s_frames (bytes_t input)
{
    bytes_t frames[16];
    size_t count = 0;
    size_t at = 0;
    while (at < input.size && count < 16) {
        size_t size = input.data[at++] & 7;
        if (size > input.size - at)
            size = input.size - at;
        frames[count++] = bytes_of (input.data + at, size);
        at += size;
    }
    int body = wire_find_body (frames, count);
    assert (body >= -2 && body < (int) count && body <= WIRE_ENVELOPE_MAX);
    if (body >= 0) {
        assert (frames[body].size > 4 && memcmp (frames[body].data, "ZG", 2) == 0);
        assert (body == 0 || frames[body - 1].size == 0);
    }
    assert (body != -2 || count > WIRE_ENVELOPE_MAX);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    bytes_t input = bytes_of (data, size);
    s_requests (input);
    s_replies (input);
    s_frames (input);
    return 0;
}

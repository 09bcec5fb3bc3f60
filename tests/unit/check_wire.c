//  check_wire: requests, replies and envelopes of protocol 1. Options: check_wire_options.c.
//  SPDX-License-Identifier: MPL-2.0
#include <msgpack.h>
#include <stdio.h>

#include "lib/block.h"
#include "lib/test.h"
#include "mem.h"
#include "status.h"
#include "wire.h"

//  The body with the signature, and these records in hex.
static bytes_t
s_body (const char *hex)
{
    bytes_t records = block_hex (hex);
    uint8_t *bytes = malloc (records.size + WIRE_SIGNATURE_SIZE);
    assert (bytes);
    memcpy (bytes, WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
    if (records.size)
        memcpy (bytes + WIRE_SIGNATURE_SIZE, records.data, records.size);
    bytes_t body = block_of (bytes, records.size + WIRE_SIGNATURE_SIZE);
    free (bytes);
    block_free (records);
    return body;
}

static mp_t
s_open (bytes_t body)
{
    mp_t reader;
    ck_assert (wire_open (body, &reader));
    return reader;
}

static void
s_assert_bytes (bytes_t bytes, const char *text)
{
    ck_assert_msg (bytes_equal (bytes, bytes_str (text)), "not \"%s\"", text);
}

//  ------------------------------------------------------------------------------------------------
//  Lists

START_TEST (every_operation_is_found_by_its_name_and_no_other)
{
    int found = 0;
    for (unsigned op = 1; op < OP_LIMIT; op++) {
        const char *name = op_info (op)->name;
        if (!name)
            continue;
        found++;
        ck_assert_uint_eq (op_find (bytes_str (name)), op);
        ck_assert_uint_eq (op_find (bytes_of (name, strlen (name) - 1)) == (op_t) op, 0);
    }
    ck_assert_int_ge (found, 25);
    static const char *const s_unknown[] = { "", "get", "GETX", "G", "PUT ", "ZZZ" };
    for (size_t at = 0; at < sizeof s_unknown / sizeof s_unknown[0]; at++)
        ck_assert_uint_eq (op_find (bytes_str (s_unknown[at])), OP_NONE);
    ck_assert_uint_eq (op_find (bytes_of ("GET\0", 4)), OP_NONE);
    ck_assert_ptr_null (op_info (OP_NONE)->name);
    ck_assert_ptr_null (op_info (UINT32_MAX)->name);
}
END_TEST

START_TEST (every_status_has_a_name_a_sentence_and_advice)
{
    for (int status = 0; status < ZGRID_STATUS_LIMIT; status++) {
        ck_assert_uint_gt (strlen (status_name (status)), 0);
        ck_assert_uint_gt (strlen (status_text (status)), 0);
        ck_assert_uint_gt (strlen (status_advice (status)), 0);
    }
    ck_assert_str_eq (status_name (ZGRID_MALFORMED), "MALFORMED");
    ck_assert_int_eq (ZGRID_MALFORMED, 19);
    ck_assert_str_eq (status_name (-1), "UNKNOWN");
    ck_assert_str_eq (status_name (ZGRID_STATUS_LIMIT), "UNKNOWN");
    ck_assert_str_eq (status_text (1 << 30), "Unknown status");
    ck_assert_str_eq (status_advice (-1), "");
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Requests

START_TEST (a_request_has_these_bytes)
{
    buf_t out = BUF_INIT;
    bytes_t key = bytes_str ("k");
    value_t value = value_bytes (bytes_str ("vv"));
    wire_begin (&out);
    wire_request (&out, 1, OP_PUT, bytes_str ("m"), &key, &value, NULL);
    bytes_t expected = s_body ("95 01 a3 505554 a1 6d c4 01 6b c4 02 7676");
    ck_assert (bytes_equal (buf_bytes (&out), expected));
    block_free (expected);

    buf_reset (&out);
    wire_begin (&out);
    wire_request (&out, 300, OP_PING, bytes_str (""), NULL, NULL, NULL);
    expected = s_body ("92 cd 012c a4 50494e47");
    ck_assert (bytes_equal (buf_bytes (&out), expected));
    block_free (expected);
    buf_clear (&out);
}
END_TEST

START_TEST (a_request_comes_back_as_it_was_sent)
{
    static const size_t s_sizes[] = { 0, 1, 31, 32, 255, 256, 65535, 65536, 70000 };
    for (size_t at = 0; at < sizeof s_sizes / sizeof s_sizes[0]; at++) {
        buf_t out = BUF_INIT;
        uint8_t *fill = malloc (s_sizes[at] + 1);
        assert (fill);
        memset (fill, 0xa7, s_sizes[at] + 1);
        bytes_t key = bytes_of (fill, s_sizes[at]);
        value_t value = value_bytes (key);
        options_t options = { .given = OPT_px | OPT_nx, .time = 12345 };
        wire_begin (&out);
        wire_request (&out, UINT64_MAX, OP_PUT, bytes_str ("map"), &key, &value, &options);
        bytes_t body = block_of (out.data, out.size);
        buf_clear (&out);

        request_t request;
        mp_t reader = s_open (body);
        ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
        ck_assert_uint_eq (request.faulty, 0);
        ck_assert (request.id == UINT64_MAX);
        ck_assert_uint_eq (request.op, OP_PUT);
        s_assert_bytes (request.map, "map");
        ck_assert (request.has_key);
        ck_assert (bytes_equal (request.key, key));
        ck_assert_int_eq (request.value.kind, VALUE_BYTES);
        ck_assert (bytes_equal (request.value.bytes, key));
        options_t decoded;
        const char *why = NULL;
        ck_assert (options_decode (request.options, &decoded, &why));
        ck_assert_uint_eq (decoded.given, OPT_px | OPT_nx);
        ck_assert_uint_eq (decoded.time, 12345);
        ck_assert_uint_eq (request.raw.size, body.size - WIRE_SIGNATURE_SIZE);
        ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_END);
        block_free (body);
        free (fill);
    }
}
END_TEST

START_TEST (plain_requests_of_every_length_come_back)
{
    uint8_t fill[600];
    memset (fill, 0x5a, sizeof fill);
    for (size_t size = 0; size <= sizeof fill; size++)
        for (int shape = 0; shape < 4; shape++) {
            //  A fresh buffer each time: room that is reckoned too small is seen by AddressSanitizer
            buf_t out = BUF_INIT;
            bytes_t long_one = bytes_of (fill, size);
            bytes_t short_one = bytes_of (fill, size % 5);
            bytes_t key = shape & 1 ? long_one : short_one;
            value_t value = value_bytes (shape & 1 ? short_one : long_one);
            bytes_t map = bytes_of (fill, size % (WIRE_MAP_NAME_MAX + 1));
            wire_request (&out, size + 1, OP_PUT, map, &key, shape & 2 ? &value : NULL, NULL);
            assert (!out.failed && out.size <= out.room);
            request_t request;
            mp_t reader = mp_of (buf_bytes (&out));
            ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
            assert (request.faulty == 0 && request.id == size + 1 && request.op == OP_PUT);
            assert (bytes_equal (request.map, map) && bytes_equal (request.key, key));
            assert (request.value.kind == (shape & 2 ? VALUE_BYTES : VALUE_NIL));
            assert (!(shape & 2) || bytes_equal (request.value.bytes, value.bytes));
            assert (mp_at_end (&reader) && request.raw.size == out.size);
            buf_clear (&out);
        }
}
END_TEST

START_TEST (missing_trailing_elements_count_as_nil)
{
    static const char *const s_records[] = {
        "92 07 a4 50494e47",          "93 07 a4 50494e47 c0",          "94 07 a4 50494e47 c0 c0",
        "95 07 a4 50494e47 c0 c0 c0", "96 07 a4 50494e47 c0 c0 c0 c0",
    };
    for (size_t at = 0; at < sizeof s_records / sizeof s_records[0]; at++) {
        bytes_t body = s_body (s_records[at]);
        request_t request;
        mp_t reader = s_open (body);
        ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
        ck_assert_uint_eq (request.faulty, 0);
        ck_assert_uint_eq (request.id, 7);
        ck_assert_uint_eq (request.op, OP_PING);
        ck_assert_uint_eq (request.map.size, 0);
        ck_assert (!request.has_key);
        ck_assert_int_eq (request.value.kind, VALUE_NIL);
        ck_assert_uint_eq (request.options.size, 0);
        block_free (body);
    }
}
END_TEST

START_TEST (text_and_bin_are_taken_alike)
{
    bytes_t body = s_body ("95 01 c4 03 505554 c4 01 6d a1 6b a1 76");
    request_t request;
    mp_t reader = s_open (body);

    ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);

    ck_assert_uint_eq (request.faulty, 0);
    ck_assert_uint_eq (request.op, OP_PUT);
    s_assert_bytes (request.map, "m");
    s_assert_bytes (request.key, "k");
    s_assert_bytes (request.value.bytes, "v");
    block_free (body);
}
END_TEST

//  A record, and what its value decodes to
static const struct {
    const char *hex;
    value_kind_t kind;
    int64_t integer;
} s_values[] = {
    { "05", VALUE_INT, 5 },
    { "d3 8000000000000000", VALUE_INT, INT64_MIN },
    { "cf ffffffffffffffff", VALUE_TREE, 9 },
    { "cb 3ff0000000000000", VALUE_REAL, 1 },
    { "c3", VALUE_TREE, 1 },
    { "92 01 02", VALUE_TREE, 3 },
    { "80", VALUE_TREE, 1 },
    { "d4 01 00", VALUE_ATTACHED, 0 },
    { "d5 01 0102", VALUE_ATTACHED, 0x0102 },
    { "c7 03 01 010203", VALUE_ATTACHED, 0x010203 },
    { "d6 01 ffffffff", VALUE_ATTACHED, 0xffffffff },
    { "d7 01 0000000000000001", VALUE_TREE, 10 },
    { "c7 00 01", VALUE_TREE, 3 },
    { "d4 02 00", VALUE_TREE, 3 },
};

START_TEST (every_kind_of_value_is_told_apart)
{
    char hex[200];
    snprintf (hex, sizeof hex, "95 01 a3 505554 a1 6d a1 6b %s", s_values[_i].hex);
    bytes_t body = s_body (hex);
    request_t request;
    mp_t reader = s_open (body);

    ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);

    ck_assert_uint_eq (request.faulty, 0);
    ck_assert_int_eq (request.value.kind, s_values[_i].kind);
    if (request.value.kind == VALUE_TREE)
        ck_assert_uint_eq (request.value.bytes.size, (size_t) s_values[_i].integer);
    else if (request.value.kind == VALUE_REAL)
        ck_assert (request.value.real > 0.999 && request.value.real < 1.001);
    else
        ck_assert_int_eq (request.value.integer, s_values[_i].integer);

    //  And the value is written back as it was meant
    buf_t out = BUF_INIT;
    wire_begin (&out);
    wire_request (&out, request.id, request.op, request.map, &request.key, &request.value, NULL);
    request_t again;
    reader = s_open (buf_bytes (&out));
    ck_assert_int_eq (wire_next_request (&reader, &again), WIRE_RECORD);
    ck_assert_int_eq (again.value.kind, request.value.kind);
    ck_assert_int_eq (again.value.integer, request.value.integer);
    ck_assert (bytes_equal (again.value.bytes, request.value.bytes));
    buf_clear (&out);
    block_free (body);
}
END_TEST

//  Well-formed MessagePack that is no valid request
static const struct {
    const char *hex;
    unsigned status;
    uint64_t id;
} s_faulty[] = {
    { "90", ZGRID_MALFORMED, 0 },
    { "91 01", ZGRID_MALFORMED, 1 },
    { "05", ZGRID_MALFORMED, 0 },
    { "80", ZGRID_MALFORMED, 0 },
    { "a3 474554", ZGRID_MALFORMED, 0 },
    { "c0", ZGRID_MALFORMED, 0 },
    { "92 00 a4 50494e47", ZGRID_MALFORMED, 0 },
    { "92 ff a4 50494e47", ZGRID_MALFORMED, 0 },
    { "92 c0 a4 50494e47", ZGRID_MALFORMED, 0 },
    { "92 a1 31 a4 50494e47", ZGRID_MALFORMED, 0 },
    { "92 91 01 a4 50494e47", ZGRID_MALFORMED, 0 },
    { "92 09 a3 676574", ZGRID_BADOP, 9 },
    { "92 09 a0", ZGRID_BADOP, 9 },
    { "92 09 01", ZGRID_MALFORMED, 9 },
    { "92 09 c0", ZGRID_MALFORMED, 9 },
    { "93 09 a3 474554 01", ZGRID_MALFORMED, 9 },
    { "94 09 a3 474554 a1 6d 01", ZGRID_MALFORMED, 9 },
    { "94 09 a3 474554 a1 6d 91 a1 6b", ZGRID_MALFORMED, 9 },
    { "96 09 a3 474554 a1 6d a1 6b c0 01", ZGRID_MALFORMED, 9 },
    { "96 09 a3 474554 a1 6d a1 6b c0 90", ZGRID_MALFORMED, 9 },
    { "97 09 a3 474554 a1 6d a1 6b c0 80 01", ZGRID_MALFORMED, 9 },
    { "97 09 a3 474554 a1 6d a1 6b c0 80 c0", ZGRID_MALFORMED, 9 },
    { "97 09 a3 474554 a1 6d a1 6b c0 80 a1 78", ZGRID_MALFORMED, 9 },
    { "97 09 a3 474554 a1 6d a1 6b c0 80 80", ZGRID_MALFORMED, 9 },
};

START_TEST (a_faulty_record_says_why_and_the_next_is_read)
{
    char hex[200];
    snprintf (hex, sizeof hex, "%s 92 08 a4 50494e47", s_faulty[_i].hex);
    bytes_t body = s_body (hex);
    request_t request;
    mp_t reader = s_open (body);

    ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
    ck_assert_uint_eq (request.faulty, s_faulty[_i].status);
    ck_assert_uint_eq (request.id, s_faulty[_i].id);
    ck_assert_ptr_nonnull (request.fault);
    ck_assert_uint_gt (strlen (request.fault), 0);

    ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
    ck_assert_uint_eq (request.faulty, 0);
    ck_assert_uint_eq (request.id, 8);
    ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_END);
    block_free (body);
}
END_TEST

START_TEST (a_map_name_past_the_limit_is_too_big)
{
    for (size_t size = WIRE_MAP_NAME_MAX; size <= WIRE_MAP_NAME_MAX + 1; size++) {
        char name[WIRE_MAP_NAME_MAX + 2];
        memset (name, 'm', sizeof name);
        bytes_t key = bytes_str ("k");
        options_t options = { .given = OPT_withttl };
        buf_t out = BUF_INIT;
        wire_begin (&out);
        wire_request (&out, 1, OP_GET, bytes_of (name, size), &key, NULL, &options);
        request_t request;
        mp_t reader = s_open (buf_bytes (&out));
        ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
        ck_assert_uint_eq (request.faulty, size > WIRE_MAP_NAME_MAX ? ZGRID_TOOBIG : 0);
        buf_clear (&out);
    }
}
END_TEST

START_TEST (a_request_cut_anywhere_is_broken_and_keeps_a_readable_id)
{
    bytes_t whole = s_body ("96 cd 0102 a3 505554 a1 6d c4 01 6b c4 02 7676 82 a2 6e78 c3 a2 7078 64");
    for (size_t size = 0; size < whole.size; size++) {
        bytes_t cut = block_of (whole.data, size);
        request_t request;
        mp_t reader;
        bool open = wire_open (cut, &reader);
        ck_assert_int_eq (open, size >= WIRE_SIGNATURE_SIZE);
        if (open) {
            ck_assert_int_eq (wire_next_request (&reader, &request),
                              size == WIRE_SIGNATURE_SIZE ? WIRE_END : WIRE_BROKEN);
            //  The array's head is refused where six elements cannot fit; then there is no id
            if (request.id)
                ck_assert_uint_eq (request.id, 0x0102);
            if (size >= WIRE_SIGNATURE_SIZE + 7)
                ck_assert_uint_eq (request.id, 0x0102);
        }
        block_free (cut);
    }
    block_free (whole);
}
END_TEST

START_TEST (a_record_of_lying_counts_or_deep_nesting_is_broken)
{
    static const char *const s_hex[] = {
        "dd 00ffffff",
        "dc ffff 01 a3 474554",
        "95 01 db ffffffff 474554",
        "95 01 a3 474554 a1 6d c6 ffffffff 00",
        "96 01 a3 474554 a1 6d a1 6b c0 df 80000000 00",
        "c1",
        "92 01 c1",
        //  Seventeen arrays, as the value and as the record itself
        "95 01 a3 505554 a1 6d a1 6b 91919191919191919191919191919191 91 00",
        "c7 ff 01",
    };
    for (size_t at = 0; at < sizeof s_hex / sizeof s_hex[0]; at++) {
        bytes_t body = s_body (s_hex[at]);
        request_t request;
        mp_t reader = s_open (body);
        ck_assert_msg (wire_next_request (&reader, &request) == WIRE_BROKEN, "%s", s_hex[at]);
        block_free (body);
    }
}
END_TEST

START_TEST (only_the_signature_opens_a_body)
{
    static const char *const s_others[] = {
        "", "5a", "5a47", "5a4700", "5a4702 9201", "7a6701", "474501 92"
    };
    mp_t reader;
    for (size_t at = 0; at < sizeof s_others / sizeof s_others[0]; at++) {
        bytes_t body = block_hex (s_others[at]);
        ck_assert (!wire_open (body, &reader));
        block_free (body);
    }
    ck_assert (!wire_open (bytes_of (NULL, 0), &reader));
    bytes_t empty = s_body ("");
    ck_assert (wire_open (empty, &reader));
    ck_assert (mp_at_end (&reader));
    block_free (empty);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Without memory

//  True if one request and one reply could be written.
static bool
s_encode_large (void)
{
    uint8_t large[2000] = { 0 };
    buf_t out = BUF_INIT;
    bytes_t key = bytes_of (large, sizeof large);
    value_t value = value_bytes (key);
    options_t options = { .given = OPT_ifeq, .ifeq = value };
    wire_begin (&out);
    wire_request (&out, 1, OP_PUT, bytes_str ("m"), &key, &value, &options);
    wire_reply (&out, 1, ZGRID_OK, value, 1, NULL);
    bool done = !out.failed;
    buf_clear (&out);
    return done;
}

START_TEST (encoding_without_memory_fails_the_buffer_and_nothing_else)
{
    mem_fail_at (1000);
    ck_assert (s_encode_large ());
    uint64_t needed = mem_count ();
    ck_assert_uint_ge (needed, 3);
    for (uint64_t chosen = 1; chosen <= needed; chosen++) {
        mem_fail_at (chosen);
        ck_assert (!s_encode_large ());
    }
    mem_fail_at (needed + 1);
    ck_assert (s_encode_large ());
    mem_fail_at (0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Envelopes

//  Frames as text: one word each; "-" is an empty frame, "B" a body, "S" a short "ZG" of four bytes.
static int
s_find (const char *text)
{
    bytes_t frames[32];
    size_t count = 0;
    for (; *text; text++) {
        if (*text == ' ')
            continue;
        assert (count < 32);
        frames[count++] = *text == '-'   ? bytes_of (NULL, 0)
                          : *text == 'B' ? bytes_of ("ZG\1\x90\x90", 5)
                          : *text == 'S' ? bytes_of ("ZG\1\x90", 4)
                                         : bytes_str ("envelope");
    }
    return wire_find_body (frames, count);
}

START_TEST (the_body_is_found_behind_every_envelope)
{
    ck_assert_int_eq (s_find ("B"), 0);       // DEALER
    ck_assert_int_eq (s_find ("- B"), 1);     // REQ
    ck_assert_int_eq (s_find ("x - B"), 2);   // REQ that correlates
    ck_assert_int_eq (s_find ("x x - B"), 3); // Behind a proxy
    ck_assert_int_eq (s_find ("- - B"), 2);
    ck_assert_int_eq (s_find ("B B x"), 0); // Attachments may be anything
    ck_assert_int_eq (s_find ("- B B"), 1);
    ck_assert_int_eq (s_find ("x x x x x x x - B"), 8);
    ck_assert_int_eq (s_find ("B x x x x x x x x x x x x"), 0);
}
END_TEST

START_TEST (what_is_not_this_protocol_is_told_from_too_long_an_envelope)
{
    ck_assert_int_eq (s_find (""), -1);
    ck_assert_int_eq (s_find ("x"), -1);
    ck_assert_int_eq (s_find ("-"), -1);
    ck_assert_int_eq (s_find ("S"), -1); // A correlation id may look like this
    ck_assert_int_eq (s_find ("S - B"), 2);
    ck_assert_int_eq (s_find ("x B"), -1); // No empty frame before it
    ck_assert_int_eq (s_find ("x x x x x x x x x"), -1);
    ck_assert_int_eq (s_find ("x x x x x x x x - B"), -2);
    ck_assert_int_eq (s_find ("x x x x x x x x x x"), -2);
    ck_assert_int_eq (wire_find_body (NULL, 0), -1);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  The shapes that are written without msgpack-c: the same bytes

static int
s_collect (void *out, const char *data, size_t size)
{
    buf_add (out, data, size);
    return 0;
}

//  Lengths and numbers around each change of format.
static const size_t s_lengths[] = { 0, 1, 31, 32, 255, 256, 65535, 65536 };
static const uint64_t s_numbers[] = {
    1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C (1) << 32, UINT64_MAX
};
#define S_LENGTHS (sizeof s_lengths / sizeof s_lengths[0])
#define S_NUMBERS (sizeof s_numbers / sizeof s_numbers[0])

static void
s_compare_request (uint64_t id, bytes_t map, bytes_t key, const bytes_t *stored)
{
    buf_t ours = BUF_INIT, theirs = BUF_INIT;
    value_t value = stored ? value_bytes (*stored) : value_nil ();
    msgpack_packer packer;
    msgpack_packer_init (&packer, &theirs, s_collect);
    msgpack_pack_array (&packer, stored ? 5 : 4);
    msgpack_pack_uint64 (&packer, id);
    msgpack_pack_str_with_body (&packer, stored ? "PUT" : "GET", 3);
    msgpack_pack_str_with_body (&packer, map.data, map.size);
    msgpack_pack_bin_with_body (&packer, key.data, key.size);
    if (stored)
        msgpack_pack_bin_with_body (&packer, stored->data, stored->size);
    wire_request (&ours, id, stored ? OP_PUT : OP_GET, map, &key, &value, NULL);
    assert (bytes_equal (buf_bytes (&ours), buf_bytes (&theirs)));
    buf_clear (&ours);
    buf_clear (&theirs);
}

static void
s_compare_reply (uint64_t number, unsigned status, value_t value)
{
    buf_t ours = BUF_INIT, theirs = BUF_INIT;
    msgpack_packer packer;
    msgpack_packer_init (&packer, &theirs, s_collect);
    msgpack_pack_array (&packer, 5);
    msgpack_pack_uint64 (&packer, number);
    msgpack_pack_uint32 (&packer, status);
    if (value.kind == VALUE_BYTES)
        msgpack_pack_bin_with_body (&packer, value.bytes.data, value.bytes.size);
    else
        msgpack_pack_nil (&packer);
    msgpack_pack_uint64 (&packer, number);
    msgpack_pack_nil (&packer);
    wire_reply (&ours, number, status, value, number, NULL);
    assert (bytes_equal (buf_bytes (&ours), buf_bytes (&theirs)));
    buf_clear (&ours);
    buf_clear (&theirs);
}

START_TEST (usual_records_have_the_bytes_that_msgpack_gives_them)
{
    static uint8_t bytes[65536];
    memset (bytes, 'x', sizeof bytes);
    for (size_t at = 0; at < S_LENGTHS; at++) {
        bytes_t some = bytes_of (bytes, s_lengths[at]);
        bytes_t map = bytes_of (bytes, s_lengths[at] < 255 ? s_lengths[at] : 255);
        for (size_t number = 0; number < S_NUMBERS; number++) {
            s_compare_request (s_numbers[number], map, some, NULL);
            s_compare_request (s_numbers[number], map, bytes_str ("key"), &some);
            s_compare_reply (s_numbers[number], (unsigned) at, value_bytes (some));
            s_compare_reply (s_numbers[number], 200, value_nil ());
        }
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("wire");
    TCase *tcase = tcase_create ("wire");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, usual_records_have_the_bytes_that_msgpack_gives_them);
    tcase_add_test (tcase, every_operation_is_found_by_its_name_and_no_other);
    tcase_add_test (tcase, every_status_has_a_name_a_sentence_and_advice);
    tcase_add_test (tcase, a_request_has_these_bytes);
    tcase_add_test (tcase, a_request_comes_back_as_it_was_sent);
    tcase_add_test (tcase, plain_requests_of_every_length_come_back);
    tcase_add_test (tcase, missing_trailing_elements_count_as_nil);
    tcase_add_test (tcase, text_and_bin_are_taken_alike);
    tcase_add_loop_test (tcase, every_kind_of_value_is_told_apart, 0,
                         (int) (sizeof s_values / sizeof s_values[0]));
    tcase_add_loop_test (tcase, a_faulty_record_says_why_and_the_next_is_read, 0,
                         (int) (sizeof s_faulty / sizeof s_faulty[0]));
    tcase_add_test (tcase, a_map_name_past_the_limit_is_too_big);
    tcase_add_test (tcase, a_request_cut_anywhere_is_broken_and_keeps_a_readable_id);
    tcase_add_test (tcase, a_record_of_lying_counts_or_deep_nesting_is_broken);
    tcase_add_test (tcase, only_the_signature_opens_a_body);
    tcase_add_test (tcase, encoding_without_memory_fails_the_buffer_and_nothing_else);
    tcase_add_test (tcase, the_body_is_found_behind_every_envelope);
    tcase_add_test (tcase, what_is_not_this_protocol_is_told_from_too_long_an_envelope);
    suite_add_tcase (suite, tcase);
    return suite;
}

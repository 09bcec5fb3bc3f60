//  check_wire_reply: replies and their meta.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/block.h"
#include "lib/test.h"
#include "status.h"
#include "wire.h"

START_TEST (a_reply_has_these_bytes)
{
    buf_t out = BUF_INIT;
    wire_reply (&out, 1, ZGRID_OK, value_bytes (bytes_str ("vv")), 7, NULL);
    wire_reply_error (&out, 2, ZGRID_BUSY, "no");
    bytes_t expected = block_hex ("95 01 00 c4 02 7676 07 c0   95 02 0c c0 00 81 a5 6572726f72 a2 6e6f");
    ck_assert (bytes_equal (buf_bytes (&out), expected));
    block_free (expected);
    buf_clear (&out);
}
END_TEST

START_TEST (an_error_without_text_has_no_meta)
{
    buf_t out = BUF_INIT;
    wire_reply_error (&out, 3, ZGRID_NOMEM, NULL);
    reply_t reply;
    mp_t reader = mp_of (buf_bytes (&out));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert_uint_eq (reply.id, 3);
    ck_assert_uint_eq (reply.status, ZGRID_NOMEM);
    ck_assert_uint_eq (reply.meta.size, 0);
    buf_clear (&out);
}
END_TEST

static meta_t
s_full_meta (bytes_t missed)
{
    return (meta_t) {
        .given = META_error | META_ttl | META_cursor | META_retry | META_epoch | META_owner | META_missed,
        .error = bytes_str ("text"),
        .ttl = -1,
        .cursor = UINT64_MAX,
        .retry = 25,
        .epoch = 3,
        .owner = bytes_str ("tcp://127.0.0.1:1"),
        .missed = missed,
    };
}

START_TEST (a_reply_comes_back_as_it_was_sent)
{
    bytes_t tree = block_hex ("92 01 81 a1 61 02");
    bytes_t missed = block_hex ("93 01 02 cd 0100");
    meta_t meta = s_full_meta (missed);
    buf_t out = BUF_INIT;
    wire_reply (&out, UINT64_MAX, ZGRID_PARTIAL, (value_t) { .kind = VALUE_TREE, .bytes = tree }, UINT64_MAX,
                &meta);
    bytes_t body = block_of (out.data, out.size);
    buf_clear (&out);

    reply_t reply;
    mp_t reader = mp_of (body);
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert (reply.id == UINT64_MAX);
    ck_assert_uint_eq (reply.status, ZGRID_PARTIAL);
    ck_assert (reply.version == UINT64_MAX);
    ck_assert_int_eq (reply.value.kind, VALUE_TREE);
    ck_assert (bytes_equal (reply.value.bytes, tree));
    meta_t decoded;
    ck_assert (meta_decode (reply.meta, &decoded));
    ck_assert_uint_eq (decoded.given, meta.given);
    ck_assert (bytes_equal (decoded.error, meta.error));
    ck_assert_int_eq (decoded.ttl, -1);
    ck_assert (decoded.cursor == UINT64_MAX);
    ck_assert_uint_eq (decoded.retry, 25);
    ck_assert_uint_eq (decoded.epoch, 3);
    ck_assert (bytes_equal (decoded.owner, meta.owner));
    ck_assert (bytes_equal (decoded.missed, missed));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_END);
    block_free (body);
    block_free (tree);
    block_free (missed);
}
END_TEST

START_TEST (every_kind_of_value_comes_back)
{
    static const value_t s_values[] = {
        { .kind = VALUE_NIL },
        { .kind = VALUE_INT, .integer = INT64_MIN },
        { .kind = VALUE_INT, .integer = INT64_MAX },
        { .kind = VALUE_REAL, .real = 0.1 },
        { .kind = VALUE_ATTACHED, .integer = 65536 },
        { .kind = VALUE_BYTES, .bytes = { (const uint8_t *) "", 0 } },
    };
    for (size_t at = 0; at < sizeof s_values / sizeof s_values[0]; at++) {
        buf_t out = BUF_INIT;
        reply_t reply;
        wire_reply (&out, 1, ZGRID_OK, s_values[at], 0, NULL);
        mp_t reader = mp_of (buf_bytes (&out));
        ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
        ck_assert_int_eq (reply.value.kind, s_values[at].kind);
        ck_assert_int_eq (reply.value.integer, s_values[at].integer);
        ck_assert_uint_eq (reply.value.bytes.size, 0);
        ck_assert_mem_eq (&reply.value.real, &s_values[at].real, sizeof reply.value.real);
        buf_clear (&out);
    }
}
END_TEST

START_TEST (plain_replies_of_every_length_come_back)
{
    uint8_t fill[600];
    memset (fill, 0x5a, sizeof fill);
    for (size_t size = 0; size <= sizeof fill; size++) {
        //  A fresh buffer each time: room that is reckoned too small is seen by AddressSanitizer
        buf_t out = BUF_INIT;
        reply_t reply;
        wire_reply (&out, UINT64_MAX - size, ZGRID_OK, value_bytes (bytes_of (fill, size)), UINT64_MAX, NULL);
        assert (!out.failed && out.size <= out.room);
        mp_t reader = mp_of (buf_bytes (&out));
        ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
        assert (reply.id == UINT64_MAX - size && reply.status == ZGRID_OK && reply.version == UINT64_MAX);
        assert (bytes_equal (reply.value.bytes, bytes_of (fill, size)));
        assert (reply.meta.size == 0 && mp_at_end (&reader));
        buf_clear (&out);
    }
}
END_TEST

START_TEST (a_reply_cut_anywhere_is_broken)
{
    bytes_t missed = block_hex ("91 01");
    meta_t meta = s_full_meta (missed);
    buf_t out = BUF_INIT;
    wire_reply (&out, 1, ZGRID_OK, value_bytes (bytes_str ("value")), 1, &meta);
    for (size_t size = 1; size < out.size; size++) {
        bytes_t cut = block_of (out.data, size);
        reply_t reply;
        mp_t reader = mp_of (cut);
        ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_BROKEN);
        block_free (cut);
    }
    buf_clear (&out);
    block_free (missed);
}
END_TEST

START_TEST (a_meta_cut_anywhere_is_refused)
{
    bytes_t missed = block_hex ("91 01");
    meta_t meta = s_full_meta (missed);
    meta_t decoded;
    reply_t reply;
    buf_t out = BUF_INIT;
    wire_reply (&out, 1, ZGRID_OK, value_nil (), 1, &meta);
    mp_t reader = mp_of (buf_bytes (&out));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert (meta_decode (reply.meta, &decoded));
    for (size_t size = 1; size < reply.meta.size; size++) {
        bytes_t cut = block_of (reply.meta.data, size);
        ck_assert (!meta_decode (cut, &decoded));
        block_free (cut);
    }
    ck_assert (meta_decode (bytes_of (NULL, 0), &decoded));
    ck_assert_uint_eq (decoded.given, 0);
    buf_clear (&out);
    block_free (missed);
}
END_TEST

START_TEST (meta_of_wrong_types_is_refused_and_unknown_names_are_passed_over)
{
    static const struct {
        const char *hex;
        bool good;
    } s_metas[] = {
        { "80", true },
        { "81 a3 6e6577 93 01 02 03", true },     // new: [1, 2, 3]
        { "82 a3 6e6577 80 a3 74746c 05", true }, // new: {}, ttl: 5
        { "81 a3 74746c ff", true },              // ttl: -1
        { "c0", false },
        { "90", false },
        { "05", false },
        { "81 01 01", false },                         // A name that is not text
        { "81 a3 74746c a1 35", false },               // ttl: "5"
        { "81 a3 74746c cf ffffffffffffffff", false }, // ttl past 63 bits
        { "81 a5 6572726f72 01", false },              // error: 1
        { "81 a6 637572736f72 ff", false },            // cursor: -1
        { "81 a5 7265747279 c0", false },              // retry: nil
        { "81 a5 65706f6368 a0", false },              // epoch: ""
        { "81 a5 6f776e6572 90", false },              // owner: []
    };
    for (size_t at = 0; at < sizeof s_metas / sizeof s_metas[0]; at++) {
        bytes_t block = block_hex (s_metas[at].hex);
        meta_t meta;
        ck_assert_msg (meta_decode (block, &meta) == s_metas[at].good, "%s", s_metas[at].hex);
        block_free (block);
    }
}
END_TEST

START_TEST (replies_of_two_to_sixteen_elements_are_taken)
{
    static const struct {
        const char *hex;
        bool good;
    } s_replies[] = {
        { "92 01 00", true },
        { "93 01 00 a1 76", true },
        { "94 01 00 a1 76 05", true },
        { "96 01 00 a1 76 05 c0 93 01 02 03", true },
        { "dc 0010 01 00 c0 00 c0 00 00 00 00 00 00 00 00 00 00 00", true },
        { "92 01 cd ffff", true },
        { "90", false },
        { "91 01", false },
        { "dc 0011 01 00 c0 00 c0 00 00 00 00 00 00 00 00 00 00 00 00", false },
        { "92 01 ce 00010000", false },
        { "92 ff 00", false },
        { "92 c0 00", false },
        { "92 01 ff", false },
        { "92 01 a1 61", false },
        { "94 01 00 c0 a1 31", false },
        { "80", false },
        { "01", false },
        { "c0", false },
    };
    for (size_t at = 0; at < sizeof s_replies / sizeof s_replies[0]; at++) {
        bytes_t block = block_hex (s_replies[at].hex);
        reply_t reply;
        mp_t reader = mp_of (block);
        wire_step_t step = wire_next_reply (&reader, &reply);
        ck_assert_msg (step == (s_replies[at].good ? WIRE_RECORD : WIRE_BROKEN), "%s", s_replies[at].hex);
        if (s_replies[at].good) {
            ck_assert_uint_eq (reply.id, 1);
            ck_assert (mp_at_end (&reader));
        }
        block_free (block);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("wire_reply");
    TCase *tcase = tcase_create ("wire_reply");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, a_reply_has_these_bytes);
    tcase_add_test (tcase, an_error_without_text_has_no_meta);
    tcase_add_test (tcase, a_reply_comes_back_as_it_was_sent);
    tcase_add_test (tcase, every_kind_of_value_comes_back);
    tcase_add_test (tcase, plain_replies_of_every_length_come_back);
    tcase_add_test (tcase, a_reply_cut_anywhere_is_broken);
    tcase_add_test (tcase, a_meta_cut_anywhere_is_refused);
    tcase_add_test (tcase, meta_of_wrong_types_is_refused_and_unknown_names_are_passed_over);
    tcase_add_test (tcase, replies_of_two_to_sixteen_elements_are_taken);
    suite_add_tcase (suite, tcase);
    return suite;
}

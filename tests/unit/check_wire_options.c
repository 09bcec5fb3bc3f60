//  check_wire_options: the options map of a request, both ways.
//  SPDX-License-Identifier: MPL-2.0
#include <msgpack.h>

#include "lib/block.h"
#include "lib/test.h"
#include "wire.h"

typedef enum { FLAG, UINT, INT, BYTES, VALUE, NUMBER, LIST } s_type_t;

static const struct {
    const char *name;
    uint64_t bit;
    s_type_t type;
} s_options[] = {
#define OPTION(name, bit, type, purpose) { #name, UINT64_C (1) << bit, type },
#include "option.def"
#undef OPTION
};

#define S_OPTIONS (sizeof s_options / sizeof s_options[0])

//  Values in hex, and which types take them
static const struct {
    const char *hex;
    const char *taken; // One letter per type: F U I B V N L
} s_values[] = {
    { "c3", "F" },                   // true
    { "01", "FUIN" },                // 1
    { "64", "UIN" },                 // 100
    { "cf ffffffffffffffff", "UI" }, // The largest number
    { "cf 7fffffffffffffff", "UIN" },
    { "ff", "N" },                  // -1
    { "a1 61", "BVN" },             // Text
    { "c4 02 00ff", "BVN" },        // Bytes
    { "cb 3ff8000000000000", "N" }, // 1.5
    { "90", "L" },                  // []
    { "91 a2 6e78", "L" },          // ["nx"]
    { "91 a2 7a7a", "" },           // ["zz"]: not known
    { "91 01", "" },
    { "80", "" },
    { "d4 01 00", "" },
};

static const char s_letters[] = "FUIBVNL";

static bytes_t
s_one (const char *name, bytes_t value)
{
    uint8_t bytes[64];
    size_t size = strlen (name);
    bytes[0] = 0x81;
    bytes[1] = (uint8_t) (0xa0 | size);
    memcpy (bytes + 2, name, size);
    memcpy (bytes + 2 + size, value.data, value.size);
    return block_of (bytes, 2 + size + value.size);
}

START_TEST (each_option_takes_values_of_its_type_only)
{
    int taken = 0;
    for (size_t option = 0; option < S_OPTIONS; option++)
        for (size_t at = 0; at < sizeof s_values / sizeof s_values[0]; at++) {
            bytes_t value = block_hex (s_values[at].hex);
            bytes_t map = s_one (s_options[option].name, value);
            options_t options;
            const char *why = NULL;
            bool expected = strchr (s_values[at].taken, s_letters[s_options[option].type]) != NULL;
            bool got = options_decode (map, &options, &why);
            ck_assert_msg (got == expected, "%s %s", s_options[option].name, s_values[at].hex);
            ck_assert_msg (got || (why && strlen (why)), "%s", s_options[option].name);
            if (got) {
                ck_assert_uint_eq (options.given, s_options[option].bit);
                taken++;
            }
            block_free (map);
            block_free (value);
        }
    ck_assert_int_gt (taken, 60);
}
END_TEST

START_TEST (false_nil_and_zero_leave_a_flag_out)
{
    static const char *const s_off[] = { "c2", "c0", "00" };
    for (size_t at = 0; at < 3; at++) {
        bytes_t value = block_hex (s_off[at]);
        bytes_t map = s_one ("nx", value);
        options_t options;
        const char *why = NULL;
        ck_assert (options_decode (map, &options, &why));
        ck_assert_uint_eq (options.given, 0);
        block_free (map);
        block_free (value);
    }
}
END_TEST

START_TEST (ifeq_tells_nil_from_empty_from_absent)
{
    options_t options;
    const char *why = NULL;
    bytes_t nil = block_hex ("81 a4 69666571 c0");
    bytes_t empty = block_hex ("81 a4 69666571 c4 00");

    ck_assert (options_decode (nil, &options, &why));
    ck_assert (options.given & OPT_ifeq);
    ck_assert_int_eq (options.ifeq.kind, VALUE_NIL);
    ck_assert (options_decode (empty, &options, &why));
    ck_assert (options.given & OPT_ifeq);
    ck_assert_int_eq (options.ifeq.kind, VALUE_BYTES);
    ck_assert_uint_eq (options.ifeq.bytes.size, 0);
    ck_assert (options_decode (bytes_of (NULL, 0), &options, &why));
    ck_assert_uint_eq (options.given, 0);

    block_free (nil);
    block_free (empty);
}
END_TEST

START_TEST (unknown_options_are_passed_over_unless_they_must_be_understood)
{
    options_t options;
    const char *why = NULL;
    bytes_t unknown = block_hex ("82 a3 6e6577 93 01 02 03 a2 7078 05");        // new: [1, 2, 3], px: 5
    bytes_t must = block_hex ("82 a3 6e6577 01 a4 6d757374 91 a3 6e6577");      // must: ["new"]
    bytes_t known = block_hex ("82 a2 7078 05 a4 6d757374 92 a2 7078 a2 6e78"); // must: ["px", "nx"]

    ck_assert (options_decode (unknown, &options, &why));
    ck_assert_uint_eq (options.given, OPT_px);
    ck_assert_uint_eq (options.time, 5);
    ck_assert (!options_decode (must, &options, &why));
    ck_assert_ptr_nonnull (why);
    ck_assert (options_decode (known, &options, &why));
    ck_assert_uint_eq (options.given, OPT_px | OPT_must);

    block_free (unknown);
    block_free (must);
    block_free (known);
}
END_TEST

//  A map that is refused as a whole
static const char *const s_refused[] = {
    "82 a2 7078 05 a2 7078 05",         // px twice
    "82 a2 7078 05 a2 6578 05",         // px and ex
    "82 a2 6e78 c3 a2 6e78 c3",         // nx twice
    "82 a4 65786174 05 a4 70786174 05", // exat and pxat
    "81 01 c3",                         // A name that is not text
    "81 c0 c3",
    "90",
    "01",
    "c0",
    "81 a2 7078",                                          // No value
    "81 a3 6e6577 c6 ffffffff",                            // A lie inside an unknown option
    "81 a3 6e6577 91919191919191919191919191919191 91 00", // Too deep
};

START_TEST (a_map_that_contradicts_itself_is_refused)
{
    bytes_t map = block_hex (s_refused[_i]);
    options_t options;
    const char *why = NULL;
    ck_assert (!options_decode (map, &options, &why));
    ck_assert_ptr_nonnull (why);
    block_free (map);
}
END_TEST

static options_t
s_everything (void)
{
    options_t options = { .given = 0 };
    for (size_t at = 0; at < S_OPTIONS; at++)
        options.given |= s_options[at].bit;
    options.given &= ~(uint32_t) (OPT_ex | OPT_exat | OPT_pxat); // One of the four
    options.time = 5;
    options.ifversion = UINT64_MAX;
    options.ifeq = value_bytes (bytes_str ("old"));
    options.initial = value_int (-7);
    options.cursor = (uint64_t) 1 << 63;
    options.count = 10;
    options.partition = 270;
    options.deadline = 1000;
    options.ack = 99;
    options.attach = 65536;
    options.match = bytes_str ("a*");
    options.read = bytes_str ("lease");
    options.session = value_bytes (bytes_str ("s"));
    return options;
}

//  The encoded options map of a request that carries them.
static bytes_t
s_encode (const options_t *options)
{
    buf_t out = BUF_INIT;
    bytes_t key = bytes_str ("k");
    wire_begin (&out);
    wire_request (&out, 1, OP_PUT, bytes_str ("m"), &key, NULL, options);
    request_t request;
    mp_t reader;
    ck_assert (wire_open (buf_bytes (&out), &reader));
    ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
    ck_assert_uint_eq (request.faulty, 0);
    bytes_t block = block_of (request.options.data, request.options.size);
    buf_clear (&out);
    return block;
}

START_TEST (all_options_come_back_as_they_were_sent)
{
    options_t sent = s_everything ();
    bytes_t encoded = s_encode (&sent);
    options_t got;
    const char *why = NULL;

    ck_assert (options_decode (encoded, &got, &why));

    ck_assert_uint_eq (got.given, sent.given);
    ck_assert_uint_eq (got.time, sent.time);
    ck_assert (got.ifversion == sent.ifversion);
    ck_assert (bytes_equal (got.ifeq.bytes, sent.ifeq.bytes));
    ck_assert_int_eq (got.initial.integer, sent.initial.integer);
    ck_assert (got.cursor == sent.cursor);
    ck_assert_uint_eq (got.count, sent.count);
    ck_assert_uint_eq (got.partition, sent.partition);
    ck_assert_uint_eq (got.deadline, sent.deadline);
    ck_assert_uint_eq (got.ack, sent.ack);
    ck_assert_uint_eq (got.attach, sent.attach);
    ck_assert (bytes_equal (got.match, sent.match));
    ck_assert (bytes_equal (got.read, sent.read));
    ck_assert (bytes_equal (got.session.bytes, sent.session.bytes));
    block_free (encoded);
}
END_TEST

START_TEST (options_cut_anywhere_are_refused)
{
    options_t sent = s_everything ();
    bytes_t encoded = s_encode (&sent);
    options_t got;
    const char *why = NULL;
    for (size_t size = 1; size < encoded.size; size++) {
        bytes_t cut = block_of (encoded.data, size);
        ck_assert (!options_decode (cut, &got, &why));
        block_free (cut);
    }
    block_free (encoded);
}
END_TEST

START_TEST (each_of_the_four_times_travels_alone)
{
    static const uint32_t s_times[] = { OPT_ex, OPT_px, OPT_exat, OPT_pxat };
    for (size_t at = 0; at < 4; at++) {
        options_t sent = { .given = s_times[at], .time = 1000 + at };
        bytes_t encoded = s_encode (&sent);
        options_t got;
        const char *why = NULL;
        ck_assert (options_decode (encoded, &got, &why));
        ck_assert_uint_eq (got.given, s_times[at]);
        ck_assert_uint_eq (got.time, 1000 + at);
        block_free (encoded);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("wire_options");
    TCase *tcase = tcase_create ("wire_options");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, each_option_takes_values_of_its_type_only);
    tcase_add_test (tcase, false_nil_and_zero_leave_a_flag_out);
    tcase_add_test (tcase, ifeq_tells_nil_from_empty_from_absent);
    tcase_add_test (tcase, unknown_options_are_passed_over_unless_they_must_be_understood);
    tcase_add_loop_test (tcase, a_map_that_contradicts_itself_is_refused, 0,
                         (int) (sizeof s_refused / sizeof s_refused[0]));
    tcase_add_test (tcase, all_options_come_back_as_they_were_sent);
    tcase_add_test (tcase, options_cut_anywhere_are_refused);
    tcase_add_test (tcase, each_of_the_four_times_travels_alone);
    suite_add_tcase (suite, tcase);
    return suite;
}

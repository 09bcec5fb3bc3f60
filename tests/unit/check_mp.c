//  check_mp: the reader of MessagePack.
//  SPDX-License-Identifier: MPL-2.0
#include <math.h>
#include <msgpack.h>

#include "buf.h"
#include "lib/block.h"
#include "lib/test.h"
#include "mp.h"

//  One encoding of each head, and what it says. `bytes` is the payload in hex; NULL: none.
static const struct {
    const char *hex;
    mp_kind_t kind;
    int64_t integer;
    const char *bytes;
} s_tokens[] = {
    { "00", MP_INT, 0, NULL },
    { "7f", MP_INT, 127, NULL },
    { "e0", MP_INT, -32, NULL },
    { "ff", MP_INT, -1, NULL },
    { "cc ff", MP_INT, 255, NULL },
    { "cd 0100", MP_INT, 256, NULL },
    { "ce ffffffff", MP_INT, 4294967295, NULL },
    { "cf 7fffffffffffffff", MP_INT, INT64_MAX, NULL },
    { "cf 8000000000000000", MP_UINT, INT64_MIN, NULL },
    { "d0 80", MP_INT, -128, NULL },
    { "d1 8000", MP_INT, -32768, NULL },
    { "d2 80000000", MP_INT, INT32_MIN, NULL },
    { "d3 8000000000000000", MP_INT, INT64_MIN, NULL },
    { "d3 0000000000000001", MP_INT, 1, NULL },
    { "c0", MP_NIL, 0, NULL },
    { "c2", MP_BOOL, 0, NULL },
    { "c3", MP_BOOL, 1, NULL },
    { "a0", MP_BYTES, 0, "" },
    { "a3 616263", MP_BYTES, 3, "616263" },
    { "d9 01 61", MP_BYTES, 1, "61" },
    { "da 0001 61", MP_BYTES, 1, "61" },
    { "db 00000001 61", MP_BYTES, 1, "61" },
    { "c4 02 00ff", MP_BYTES, 2, "00ff" },
    { "c5 0002 00ff", MP_BYTES, 2, "00ff" },
    { "c6 00000002 00ff", MP_BYTES, 2, "00ff" },
    { "d4 01 aa", MP_EXT, 1, "aa" },
    { "d5 ff aabb", MP_EXT, -1, "aabb" },
    { "d6 01 aabbccdd", MP_EXT, 1, "aabbccdd" },
    { "d7 01 0011223344556677", MP_EXT, 1, "0011223344556677" },
    { "d8 01 00112233445566778899aabbccddeeff", MP_EXT, 1, "00112233445566778899aabbccddeeff" },
    { "c7 00 05", MP_EXT, 5, "" },
    { "c7 01 80 aa", MP_EXT, -128, "aa" },
    { "c8 0001 05 aa", MP_EXT, 5, "aa" },
    { "c9 00000001 05 aa", MP_EXT, 5, "aa" },
};

#define S_TOKENS (sizeof s_tokens / sizeof s_tokens[0])

START_TEST (every_scalar_head_reads_as_what_it_says)
{
    bytes_t block = block_hex (s_tokens[_i].hex);
    mp_t reader = mp_of (block);
    mp_token_t token = { .kind = MP_MAP };

    ck_assert (mp_next (&reader, &token));

    ck_assert_int_eq (token.kind, s_tokens[_i].kind);
    if (s_tokens[_i].kind != MP_BYTES)
        if (token.kind != MP_NIL)
            ck_assert_int_eq (token.integer, s_tokens[_i].integer);
    ck_assert (mp_at_end (&reader));
    if (s_tokens[_i].bytes) {
        bytes_t payload = block_hex (s_tokens[_i].bytes);
        ck_assert (bytes_equal (token.bytes, payload));
        block_free (payload);
    }
    block_free (block);
}
END_TEST

START_TEST (a_scalar_cut_anywhere_is_refused_and_nothing_moves)
{
    bytes_t whole = block_hex (s_tokens[_i].hex);
    for (size_t size = 0; size < whole.size; size++) {
        bytes_t cut = block_of (whole.data, size);
        mp_t reader = mp_of (cut);
        mp_token_t token;
        bytes_t raw;
        ck_assert (!mp_next (&reader, &token));
        ck_assert (!mp_skip (&reader));
        ck_assert (!mp_raw (&reader, &raw));
        ck_assert_ptr_eq (reader.at, cut.data);
        block_free (cut);
    }
    block_free (whole);
}
END_TEST

START_TEST (real_numbers_read_in_both_widths)
{
    bytes_t half = block_hex ("ca 3fc00000");
    bytes_t full = block_hex ("cb bff8000000000000");
    mp_token_t token;

    mp_t reader = mp_of (half);
    ck_assert (mp_next (&reader, &token));
    ck_assert_int_eq (token.kind, MP_REAL);
    ck_assert (fabs (token.real - 1.5) < 1e-12);
    reader = mp_of (full);
    ck_assert (mp_next (&reader, &token));
    ck_assert_int_eq (token.kind, MP_REAL);
    ck_assert (fabs (token.real + 1.5) < 1e-12);

    block_free (half);
    block_free (full);
}
END_TEST

static const struct {
    const char *hex;
    mp_kind_t kind;
    uint32_t count;
} s_containers[] = {
    { "90", MP_ARRAY, 0 },
    { "92 00 00", MP_ARRAY, 2 },
    { "dc 0001 00", MP_ARRAY, 1 },
    { "dd 00000001 00", MP_ARRAY, 1 },
    { "80", MP_MAP, 0 },
    { "81 00 00", MP_MAP, 1 },
    { "de 0001 00 00", MP_MAP, 1 },
    { "df 00000001 00 00", MP_MAP, 1 },
};

START_TEST (every_container_head_gives_its_count)
{
    bytes_t block = block_hex (s_containers[_i].hex);
    mp_t reader = mp_of (block);
    mp_t other = reader;
    uint32_t count = 99;
    bool array = s_containers[_i].kind == MP_ARRAY;

    ck_assert (!(array ? mp_map (&other, &count) : mp_array (&other, &count)));
    ck_assert_ptr_eq (other.at, block.data);
    ck_assert (array ? mp_array (&reader, &count) : mp_map (&reader, &count));
    ck_assert_uint_eq (count, s_containers[_i].count);

    reader = mp_of (block);
    ck_assert (mp_skip (&reader));
    ck_assert (mp_at_end (&reader));
    for (size_t size = 0; size < block.size; size++) {
        bytes_t cut = block_of (block.data, size);
        reader = mp_of (cut);
        ck_assert (!mp_skip (&reader));
        ck_assert_ptr_eq (reader.at, cut.data);
        block_free (cut);
    }
    block_free (block);
}
END_TEST

//  Lengths and counts that the bytes behind them cannot hold
static const char *const s_lies[] = {
    "dd 00ffffff",
    "df 01ffffff",
    "dd ffffffff 00",
    "df ffffffff 00",
    "df 80000000 00",
    "dc ffff 00 00",
    "de 0002 00 00 00",
    "c6 ffffffff 00",
    "db ffffffff 00",
    "c5 0002 00",
    "c4 ff",
    "d9 01",
    "c9 ffffffff 01",
    "c9 fffffffe 01 00",
    "c8 0001 05",
    "c7 00",
    "9f 00",
    "8f 00",
    "81 00",
    "bf 61",
    "d8 01 00",
    "c1",
};

START_TEST (a_count_that_lies_is_refused_before_anything_is_done)
{
    bytes_t block = block_hex (s_lies[_i]);
    mp_t reader = mp_of (block);
    mp_token_t token;

    ck_assert (!mp_next (&reader, &token));

    ck_assert_ptr_eq (reader.at, block.data);
    ck_assert (!mp_skip (&reader));
    block_free (block);
}
END_TEST

//  `depth` arrays, or maps, one in the other, around a nil.
static bytes_t
s_nested (int depth, bool maps)
{
    uint8_t bytes[256];
    size_t size = 0;
    for (int at = 0; at < depth; at++) {
        bytes[size++] = maps ? 0x81 : 0x91;
        if (maps)
            bytes[size++] = 0x01;
    }
    bytes[size++] = 0xc0;
    return block_of (bytes, size);
}

START_TEST (nesting_passes_at_the_limit_and_no_deeper)
{
    for (int maps = 0; maps < 2; maps++)
        for (int depth = 1; depth <= 40; depth++) {
            bytes_t block = s_nested (depth, maps);
            mp_t reader = mp_of (block);
            ck_assert_int_eq (mp_skip (&reader), depth <= MP_DEPTH_MAX);
            ck_assert_ptr_eq (reader.at, depth <= MP_DEPTH_MAX ? block.data + block.size : block.data);
            block_free (block);
        }
}
END_TEST

START_TEST (skipping_passes_over_one_value_and_no_more)
{
    bytes_t block = block_hex ("92 81 a1 61 93 01 02 c0 c4 01 ff   07");
    mp_t reader = mp_of (block);
    bytes_t raw = bytes_of (NULL, 0);
    uint64_t rest = 0;

    ck_assert (mp_raw (&reader, &raw));

    ck_assert_ptr_eq (raw.data, block.data);
    ck_assert_uint_eq (raw.size, block.size - 1);
    ck_assert (mp_uint (&reader, &rest));
    ck_assert_uint_eq (rest, 7);
    block_free (block);
}
END_TEST

START_TEST (a_typed_read_of_another_type_leaves_the_reader_in_place)
{
    static const char *const s_hex[] = { "c0", "ff", "a161", "90", "80", "c3", "ca00000000", "d40100" };
    for (size_t at = 0; at < sizeof s_hex / sizeof s_hex[0]; at++) {
        bytes_t block = block_hex (s_hex[at]);
        mp_t reader = mp_of (block);
        uint64_t number;
        uint32_t count;
        bytes_t bytes;
        ck_assert (!mp_uint (&reader, &number));
        if (block.data[0] != 0xa1)
            ck_assert (!mp_bytes (&reader, &bytes));
        if (block.data[0] != 0x90)
            ck_assert (!mp_array (&reader, &count));
        if (block.data[0] != 0x80)
            ck_assert (!mp_map (&reader, &count));
        ck_assert_ptr_eq (reader.at, block.data);
        block_free (block);
    }
}
END_TEST

static int
s_write (void *out, const char *data, size_t size)
{
    buf_add (out, data, size);
    return 0;
}

START_TEST (what_msgpack_c_writes_is_read_back)
{
    buf_t out = BUF_INIT;
    msgpack_packer packer;
    msgpack_packer_init (&packer, &out, s_write);
    //  Every power of two, and its neighbours, as signed and as unsigned
    for (int bit = 0; bit < 64; bit++)
        for (int by = -1; by <= 1; by++) {
            uint64_t number = ((uint64_t) 1 << bit) + (uint64_t) (int64_t) by;
            msgpack_pack_uint64 (&packer, number);
            msgpack_pack_int64 (&packer, (int64_t) number);
        }
    ck_assert (!out.failed);

    mp_t reader = mp_of (buf_bytes (&out));
    for (int bit = 0; bit < 64; bit++)
        for (int by = -1; by <= 1; by++) {
            uint64_t number = ((uint64_t) 1 << bit) + (uint64_t) (int64_t) by;
            uint64_t unsigned_read = 0;
            mp_token_t token;
            ck_assert (mp_uint (&reader, &unsigned_read));
            ck_assert_uint_eq (unsigned_read, number);
            ck_assert (mp_next (&reader, &token));
            ck_assert_int_eq (token.kind, MP_INT);
            ck_assert_int_eq (token.integer, (int64_t) number);
        }
    ck_assert (mp_at_end (&reader));
    buf_clear (&out);
}
END_TEST

START_TEST (no_bytes_make_the_reader_pass_the_end)
{
    uint64_t random = 0x9e3779b97f4a7c15;
    size_t read = 0;
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[12];
        for (size_t at = 0; at < sizeof bytes; at++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes[at] = (uint8_t) (random >> 32);
        }
        bytes[0] = (uint8_t) round; // Each head in turn
        size_t size = 1 + (random >> 8) % sizeof bytes;
        mp_t reader = mp_of (bytes_of (bytes, size));
        mp_t skipper = reader;
        mp_token_t token;
        while (mp_next (&reader, &token)) {
            assert (reader.at <= bytes + size);
            assert (token.kind != MP_BYTES || token.bytes.data + token.bytes.size <= bytes + size);
            read++;
        }
        if (mp_skip (&skipper))
            assert (skipper.at <= bytes + size && skipper.at > bytes);
        else
            assert (skipper.at == bytes);
    }
    ck_assert_uint_gt (read, 100000);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("mp");
    TCase *tcase = tcase_create ("mp");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_loop_test (tcase, every_scalar_head_reads_as_what_it_says, 0, (int) S_TOKENS);
    tcase_add_loop_test (tcase, a_scalar_cut_anywhere_is_refused_and_nothing_moves, 0, (int) S_TOKENS);
    tcase_add_test (tcase, real_numbers_read_in_both_widths);
    tcase_add_loop_test (tcase, every_container_head_gives_its_count, 0,
                         (int) (sizeof s_containers / sizeof s_containers[0]));
    tcase_add_loop_test (tcase, a_count_that_lies_is_refused_before_anything_is_done, 0,
                         (int) (sizeof s_lies / sizeof s_lies[0]));
    tcase_add_test (tcase, nesting_passes_at_the_limit_and_no_deeper);
    tcase_add_test (tcase, skipping_passes_over_one_value_and_no_more);
    tcase_add_test (tcase, a_typed_read_of_another_type_leaves_the_reader_in_place);
    tcase_add_test (tcase, what_msgpack_c_writes_is_read_back);
    tcase_add_test (tcase, no_bytes_make_the_reader_pass_the_end);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_slot: from a key to its slot and partition.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/block.h"
#include "lib/test.h"
#include "slot.h"

static uint16_t
s_crc (const char *text)
{
    return slot_crc16 ((const uint8_t *) text, strlen (text));
}

//  The same, bit by bit, from the definition.
static uint16_t
s_crc_slow (const uint8_t *data, size_t size)
{
    unsigned crc = 0;
    for (size_t at = 0; at < size; at++) {
        crc ^= (unsigned) data[at] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
    }
    return (uint16_t) crc;
}

START_TEST (the_crc_has_the_published_check_value)
{
    ck_assert_uint_eq (s_crc ("123456789"), 0x31c3);
    ck_assert_uint_eq (s_crc (""), 0);
    ck_assert_uint_eq (s_crc ("A"), 0x58e5);
}
END_TEST

START_TEST (the_crc_equals_its_definition_at_every_length)
{
    uint8_t data[300];
    for (size_t at = 0; at < sizeof data; at++)
        data[at] = (uint8_t) (at * 151 + 7);
    for (size_t start = 0; start < 9; start++)
        for (size_t size = 0; size + start <= sizeof data; size++)
            ck_assert_uint_eq (slot_crc16 (data + start, size), s_crc_slow (data + start, size));
}
END_TEST

START_TEST (a_key_without_a_tag_is_hashed_whole)
{
    static const char *const s_keys[] = { "",     "foo", "user1000", "foo{}{bar}", "foo{",
                                          "foo}", "}{",  "{}",       "{",          "}a{b" };
    for (size_t at = 0; at < sizeof s_keys / sizeof s_keys[0]; at++)
        ck_assert_uint_eq (slot_of_key (bytes_str (s_keys[at])), s_crc (s_keys[at]) % SLOT_COUNT);
    ck_assert_uint_eq (slot_of_key (bytes_str ("123456789")), 0x31c3 % 16384);
    ck_assert_uint_eq (slot_of_key (bytes_str ("foo")), 12182);
}
END_TEST

START_TEST (a_key_with_a_tag_has_the_slot_of_its_tag)
{
    static const char *const s_pairs[][2] = {
        { "{user1000}.following", "user1000" },
        { "{user1000}.followers", "user1000" },
        { "a{b}c", "b" },
        { "foo{{bar}}zap", "{bar" },
        { "foo{bar}{zap}", "bar" },
        { "}{x}", "x" },
        { "{a}{b}", "a" },
    };
    for (size_t at = 0; at < sizeof s_pairs / sizeof s_pairs[0]; at++)
        ck_assert_uint_eq (slot_of_key (bytes_str (s_pairs[at][0])), s_crc (s_pairs[at][1]) % SLOT_COUNT);
}
END_TEST

START_TEST (a_tag_is_looked_for_inside_the_key_only)
{
    bytes_t key = block_of ("k{ta", 4);
    ck_assert_uint_eq (slot_of_key (key), s_crc ("k{ta") % SLOT_COUNT);
    block_free (key);
    ck_assert_uint_eq (slot_of_key (bytes_of ("a\0{b}", 5)), s_crc ("b") % SLOT_COUNT);
    ck_assert_uint_eq (slot_of_key (bytes_of (NULL, 0)), 0);
}
END_TEST

START_TEST (partitions_are_in_range_ordered_and_even)
{
    static const uint32_t s_partitions[] = { 1, 2, 7, 271, 1000, 16384 };
    for (size_t at = 0; at < sizeof s_partitions / sizeof s_partitions[0]; at++) {
        uint32_t partitions = s_partitions[at];
        uint32_t before = 0;
        uint32_t *slots = calloc (partitions, sizeof *slots);
        assert (slots);
        for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
            uint32_t partition = slot_partition (slot, partitions);
            assert (partition < partitions);
            assert (partition == before || partition == before + 1);
            before = partition;
            slots[partition]++;
        }
        for (uint32_t partition = 0; partition < partitions; partition++) {
            assert (slots[partition] >= SLOT_COUNT / partitions);
            assert (slots[partition] <= SLOT_COUNT / partitions + 1);
        }
        free (slots);
    }
    ck_assert_uint_eq (slot_partition (0, 271), 0);
    ck_assert_uint_eq (slot_partition (16383, 271), 270);
    ck_assert_uint_eq (slot_partition (12182, 271), 201);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("slot");
    TCase *tcase = tcase_create ("slot");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, the_crc_has_the_published_check_value);
    tcase_add_test (tcase, the_crc_equals_its_definition_at_every_length);
    tcase_add_test (tcase, a_key_without_a_tag_is_hashed_whole);
    tcase_add_test (tcase, a_key_with_a_tag_has_the_slot_of_its_tag);
    tcase_add_test (tcase, a_tag_is_looked_for_inside_the_key_only);
    tcase_add_test (tcase, partitions_are_in_range_ordered_and_even);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_slow: the last slow records, and the largest entries, are remembered.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include <stdio.h>

#include "big.h"
#include "mem.h"
#include "slow.h"

START_TEST (the_newest_slow_records_are_told_newest_first)
{
    slow_t *slow = slow_new ();
    ck_assert_uint_eq (slow_count (slow), 0);
    for (uint64_t at = 1; at <= SLOW_ROOM + 10; at++) {
        char key[16];
        snprintf (key, sizeof key, "%llu", (unsigned long long) at);
        slow_record_t record = { .at = at,
                                 .op = 3,
                                 .took = at * 1000,
                                 .map = bytes_str ("map"),
                                 .key = bytes_str (key),
                                 .client = bytes_str ("client") };
        slow_add (slow, &record);
    }

    ck_assert_uint_eq (slow_count (slow), SLOW_ROOM);
    for (uint32_t at = 0; at < SLOW_ROOM; at++) {
        slow_record_t record = slow_at (slow, at);
        char key[16];
        snprintf (key, sizeof key, "%u", SLOW_ROOM + 10 - at);
        ck_assert_uint_eq (record.number, SLOW_ROOM + 10 - at);
        ck_assert_uint_eq (record.took, record.number * 1000);
        ck_assert (bytes_equal (record.key, bytes_str (key)));
        ck_assert (bytes_equal (record.client, bytes_str ("client")));
    }
    slow_destroy (&slow);
}
END_TEST

START_TEST (long_names_of_slow_records_are_cut)
{
    slow_t *slow = slow_new ();
    uint8_t bytes[5000];
    memset (bytes, 'k', sizeof bytes);
    bytes_t much = bytes_of (bytes, sizeof bytes);
    slow_record_t record = { .map = much, .key = much, .client = much };

    slow_add (slow, &record);

    record = slow_at (slow, 0);
    ck_assert_uint_eq (record.map.size, SLOW_NAME_MAX);
    ck_assert_uint_eq (record.key.size, SLOW_PREFIX);
    ck_assert_uint_eq (record.client.size, SLOW_CLIENT_MAX);
    ck_assert_uint_eq (record.key_size, sizeof bytes);
    slow_destroy (&slow);
}
END_TEST

START_TEST (without_memory_there_is_no_slow_log)
{
    mem_fail_at (1);
    slow_t *slow = slow_new ();
    mem_fail_at (0);
    ck_assert_ptr_null (slow);
}
END_TEST

static bool
s_has (const big_t *big, uint64_t hash, uint64_t bytes)
{
    for (uint32_t at = 0; at < big->count; at++)
        if (big->keys[at].hash == hash && big->keys[at].bytes == bytes)
            return true;
    return false;
}

START_TEST (the_largest_entries_of_many_are_known)
{
    static big_t big;
    for (uint64_t at = 0; at < 10000; at++) {
        uint64_t bytes = at * 7919 % 10007 + 1; // Each once
        if (big_wants (&big, bytes))
            big_add (&big, 1, 2, at, bytes_str ("key"), bytes);
    }

    ck_assert_uint_eq (big.count, BIG_ROOM);
    uint64_t larger = 0;
    for (uint64_t at = 0; at < 10000; at++)
        larger += at * 7919 % 10007 + 1 > big.floor;
    ck_assert_uint_eq (larger, BIG_ROOM - 1);
    for (uint64_t at = 0; at < 10000; at++)
        if (at * 7919 % 10007 + 1 >= big.floor)
            ck_assert (s_has (&big, at, at * 7919 % 10007 + 1));
}
END_TEST

START_TEST (an_entry_is_listed_once_with_its_last_size)
{
    static big_t big;
    big_add (&big, 1, 2, 77, bytes_str ("key"), 100);
    big_add (&big, 1, 2, 77, bytes_str ("key"), 500);
    big_add (&big, 1, 3, 77, bytes_str ("key"), 50);
    big_add (&big, 2, 2, 77, bytes_str ("key"), 60);

    ck_assert_uint_eq (big.count, 3);
    ck_assert_uint_eq (big.keys[0].bytes, 500);

    big_drop (&big, 0);

    ck_assert_uint_eq (big.count, 2);
    ck_assert (s_has (&big, 77, 50) && s_has (&big, 77, 60));
}
END_TEST

START_TEST (a_place_that_is_given_back_takes_small_entries_again)
{
    static big_t big;
    for (uint64_t at = 0; at < BIG_ROOM; at++)
        big_add (&big, 1, 1, at, bytes_str ("key"), 1000 + at);
    ck_assert (!big_wants (&big, 1000));

    big_drop (&big, 5);

    ck_assert (big_wants (&big, 1));
    big_add (&big, 1, 1, 999, bytes_str ("key"), 1);
    ck_assert (s_has (&big, 999, 1));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("slow");
    TCase *tcase = tcase_create ("slow and big");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, the_newest_slow_records_are_told_newest_first);
    tcase_add_test (tcase, long_names_of_slow_records_are_cut);
    tcase_add_test (tcase, without_memory_there_is_no_slow_log);
    tcase_add_test (tcase, the_largest_entries_of_many_are_known);
    tcase_add_test (tcase, an_entry_is_listed_once_with_its_last_size);
    tcase_add_test (tcase, a_place_that_is_given_back_takes_small_entries_again);
    suite_add_tcase (suite, tcase);
    return suite;
}

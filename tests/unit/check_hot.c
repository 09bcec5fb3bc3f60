//  check_hot: the keys that are used most are found, and forgotten when they no longer are.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include <math.h>
#include <stdio.h>

#include "hot.h"
#include "mem.h"

#define S_ROOM 256
#define S_KEYS 100000

static hot_t *s_hot;
static hot_key_t s_keys[S_ROOM];
static uint64_t s_dice = 1;

static void
s_setup (void)
{
    s_hot = hot_new (S_ROOM);
    ck_assert_ptr_nonnull (s_hot);
}

static void
s_teardown (void)
{
    hot_destroy (&s_hot);
}

static double
s_random (void)
{
    s_dice = s_dice * 6364136223846793005u + 1442695040888963407u;
    return (double) (s_dice >> 11) / (double) (UINT64_C (1) << 53);
}

static void
s_use (uint64_t rank, bool writes, uint64_t now)
{
    char key[32];
    snprintf (key, sizeof key, "key %llu", (unsigned long long) rank);
    hot_add (s_hot, bytes_str ("map"), bytes_str (key), rank * 0x9e3779b97f4a7c15 + 1, writes, now);
}

static int
s_by_rate (const void *one, const void *other)
{
    double a = ((const hot_key_t *) one)->rate, b = ((const hot_key_t *) other)->rate;
    return a < b ? 1 : a > b ? -1 : 0;
}

static uint32_t
s_list (uint64_t now)
{
    uint32_t count = hot_list (s_hot, s_keys, S_ROOM, now);
    qsort (s_keys, count, sizeof s_keys[0], s_by_rate);
    return count;
}

//  Ranks by inversion of a table of the zipf distribution (exponent 0.99).
static uint64_t
s_zipf (const double *table)
{
    double draw = s_random ();
    size_t low = 0, high = S_KEYS - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table[middle] < draw)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

START_TEST (the_ten_hottest_keys_of_a_skewed_trace_are_found)
{
    static double table[S_KEYS];
    double sum = 0;
    for (size_t rank = 0; rank < S_KEYS; rank++)
        table[rank] = sum += 1 / pow ((double) rank + 1, 0.99);
    for (size_t rank = 0; rank < S_KEYS; rank++)
        table[rank] /= sum;
    static uint64_t truth[S_KEYS];
    for (unsigned sample = 0; sample < 200000; sample++) {
        uint64_t rank = s_zipf (table);
        truth[rank]++;
        s_use (rank, false, 1000 + sample / 25); // In 8 seconds
    }

    uint32_t count = s_list (9000);

    ck_assert_uint_eq (count, S_ROOM);
    for (unsigned at = 0; at < 10; at++) {
        char *end;
        unsigned long rank = strtoul ((const char *) s_keys[at].key.data + 4, &end, 10);
        ck_assert_uint_lt (rank, 10);
        double real = (double) truth[rank] / 8;
        ck_assert (s_keys[at].rate >= real * 0.999 && s_keys[at].rate - s_keys[at].error <= real * 1.001);
    }
}
END_TEST

START_TEST (few_keys_are_counted_exactly)
{
    for (unsigned at = 0; at < 100; at++) {
        s_use (1, false, 5000 + at * 20);
        if (at % 4 == 0)
            s_use (2, true, 5000 + at * 20);
    }

    ck_assert_uint_eq (s_list (7000), 2);

    ck_assert (s_keys[0].rate == 50 && s_keys[0].error == 0 && s_keys[0].writes == 0);
    ck_assert (s_keys[1].rate == 12.5 && s_keys[1].writes == 12.5);
    ck_assert (bytes_equal (s_keys[1].key, bytes_str ("key 2")));
    ck_assert (bytes_equal (s_keys[1].map, bytes_str ("map")));
    ck_assert_uint_eq (s_keys[1].key_size, 5);
}
END_TEST

//  Uses at an even rate are told as that rate however long they last.
START_TEST (fading_does_not_change_an_even_rate)
{
    for (uint64_t now = 0; now < 100000; now += 10) {
        s_use (7, false, now);
        if (now % 1000 == 0 && now >= 1000) {
            hot_list (s_hot, s_keys, 1, now);
            ck_assert (s_keys[0].rate > 99 && s_keys[0].rate < 103);
        }
    }
}
END_TEST

START_TEST (what_was_hot_gives_way_to_what_is)
{
    for (unsigned at = 0; at < 10000; at++)
        s_use (1, false, at / 10);
    for (unsigned at = 0; at < 1000; at++)
        s_use (2, false, 60000 + at);

    s_list (61000);

    ck_assert (bytes_equal (s_keys[0].key, bytes_str ("key 2")));
    ck_assert_uint_eq (s_list (10000000), 0);
}
END_TEST

START_TEST (a_long_key_is_kept_by_its_beginning)
{
    uint8_t key[1000];
    memset (key, 'x', sizeof key);
    hot_add (s_hot, bytes_str ("map"), bytes_of (key, sizeof key), 1, false, 0);
    hot_add (s_hot, bytes_str ("map"), bytes_of (key, sizeof key), 2, false, 0);

    ck_assert_uint_eq (s_list (0), 2);

    ck_assert_uint_eq (s_keys[0].key.size, HOT_PREFIX);
    ck_assert_uint_eq (s_keys[0].key_size, 1000);
}
END_TEST

START_TEST (a_clock_that_stands_or_goes_back_does_no_harm)
{
    s_use (1, false, 50000);
    s_use (1, false, 10);
    s_use (2, false, 10);

    ck_assert_uint_eq (s_list (5), 2);

    ck_assert (s_keys[0].rate == 2 && s_keys[1].rate == 1);
}
END_TEST

START_TEST (without_memory_there_is_none)
{
    for (uint64_t nth = 1; nth <= 4; nth++) {
        mem_fail_at (nth);
        hot_t *hot = hot_new (10);
        mem_fail_at (0);
        ck_assert_ptr_null (hot);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("hot");
    TCase *tcase = tcase_create ("hot");
    tcase_add_checked_fixture (tcase, s_setup, s_teardown);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, the_ten_hottest_keys_of_a_skewed_trace_are_found);
    tcase_add_test (tcase, few_keys_are_counted_exactly);
    tcase_add_test (tcase, fading_does_not_change_an_even_rate);
    tcase_add_test (tcase, what_was_hot_gives_way_to_what_is);
    tcase_add_test (tcase, a_long_key_is_kept_by_its_beginning);
    tcase_add_test (tcase, a_clock_that_stands_or_goes_back_does_no_harm);
    tcase_add_test (tcase, without_memory_there_is_none);
    suite_add_tcase (suite, tcase);
    return suite;
}

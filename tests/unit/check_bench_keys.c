//  check_bench_keys: the keys that zgrid-bench asks for are distributed as it says.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include <math.h>
#include <string.h>

#include "cmd/zgrid-bench-keys.h"

#define KEYS 1000
#define DRAWS 1000000

static uint64_t s_seen[KEYS];

static void
s_draw (keys_form_t form, double theta)
{
    keys_t keys;
    keys_init (&keys, form, KEYS, theta, 7);
    memset (s_seen, 0, sizeof s_seen);
    for (int at = 0; at < DRAWS; at++) {
        uint64_t key = keys_next (&keys);
        assert (key < KEYS);
        s_seen[key]++;
    }
}

static int
s_descending (const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *) left, b = *(const uint64_t *) right;
    return a < b ? 1 : -(a > b);
}

START_TEST (uniform_draws_every_key_about_as_often)
{
    s_draw (KEYS_UNIFORM, 0);

    for (int at = 0; at < KEYS; at++)
        assert (s_seen[at] > 800 && s_seen[at] < 1200); // 1,000 on average, 32 the standard deviation
}
END_TEST

START_TEST (sequential_draws_each_in_turn_and_begins_again)
{
    keys_t keys;
    keys_init (&keys, KEYS_SEQUENTIAL, 3, 0, 1);

    for (uint64_t at = 0; at < 10; at++)
        ck_assert_uint_eq (keys_next (&keys), at % 3);
}
END_TEST

//  The key of rank r is drawn r^-theta times as often as the one of rank 1, for exponents below, at
//  and above 1, and each rank belongs to another key.
START_TEST (zipf_draws_by_rank)
{
    static const double thetas[] = { 0.5, 0.99, 1, 1.3 };
    double theta = thetas[_i], sum = 0;
    for (int rank = 1; rank <= KEYS; rank++)
        sum += pow (rank, -theta);

    s_draw (KEYS_ZIPF, theta);

    qsort (s_seen, KEYS, sizeof s_seen[0], s_descending);
    for (int rank = 1; rank <= 64; rank *= 2) {
        double expected = DRAWS * pow (rank, -theta) / sum;
        double noise = 4 / sqrt (expected); // Four standard deviations
        ck_assert_double_eq_tol ((double) s_seen[rank - 1] / expected, 1, noise + (rank < 4 ? 0 : 0.05));
    }
    ck_assert_uint_gt (s_seen[KEYS - 1] + s_seen[KEYS / 2], 0);
}
END_TEST

START_TEST (one_key_is_always_the_same)
{
    keys_t keys;
    for (int form = KEYS_UNIFORM; form <= KEYS_SEQUENTIAL; form++) {
        keys_init (&keys, (keys_form_t) form, 1, 0.99, 1);
        for (int at = 0; at < 100; at++)
            ck_assert_uint_eq (keys_next (&keys), 0);
    }
}
END_TEST

START_TEST (names_are_numbers_of_fixed_length)
{
    char name[17] = "";

    keys_name ('k', 0, name, 16);
    ck_assert_str_eq (name, "k000000000000000");
    keys_name ('n', 123456, name, 16);
    ck_assert_str_eq (name, "n000000000123456");
    keys_name ('k', 98765, name, 6);
    ck_assert_mem_eq (name, "k98765", 6);
}
END_TEST

START_TEST (digits_are_those_of_the_largest_number)
{
    ck_assert_uint_eq (keys_digits (1), 1);
    ck_assert_uint_eq (keys_digits (10), 1);
    ck_assert_uint_eq (keys_digits (11), 2);
    ck_assert_uint_eq (keys_digits (1000000), 6);
    ck_assert_uint_eq (keys_digits (1000001), 7);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("bench_keys");
    TCase *tcase = tcase_create ("bench_keys");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, uniform_draws_every_key_about_as_often);
    tcase_add_test (tcase, sequential_draws_each_in_turn_and_begins_again);
    tcase_add_loop_test (tcase, zipf_draws_by_rank, 0, 4);
    tcase_add_test (tcase, one_key_is_always_the_same);
    tcase_add_test (tcase, names_are_numbers_of_fixed_length);
    tcase_add_test (tcase, digits_are_those_of_the_largest_number);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_rate: never more than the rate allows, and never less than it owes, whatever is asked when.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"
#include "move/rate.h"

#define ROUNDS 2000

static uint64_t s_state;

static uint64_t
s_roll (uint64_t sides)
{
    s_state = s_state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (s_state >> 20) % sides;
}

//  A number of any magnitude up to 2 ^ bits.
static uint64_t
s_any (unsigned bits)
{
    return s_roll (UINT64_C (1) << (1 + s_roll (bits)));
}

START_TEST (never_more_than_rate_times_time_and_the_burst)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        s_state = round;
        rate_t rate;
        uint64_t now = s_any (40), per_second = 1 + s_any (34), burst = 1 + s_any (24);
        rate_init (&rate, per_second, burst, now);
        uint64_t began = now, taken = 0;
        for (int step = 0; step < 300; step++) {
            now += s_roll (4) ? s_roll (20) : s_any (20);
            uint64_t most = s_any (30), got = rate_take (&rate, s_any (20), most, now);
            assert (got <= most && got <= burst);
            taken += got;
            //  In exact numbers: at most 2 ^ 34 * 300 * 2 ^ 20 / 1000
            assert (taken <= burst + (unsigned __int128) per_second * (now - began) / 1000);
        }
    }
}
END_TEST

START_TEST (whoever_takes_all_the_time_gets_it_all)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        s_state = round;
        rate_t rate;
        uint64_t now = s_any (30), per_second = 1 + s_any (30), burst = 1000 + per_second;
        rate_init (&rate, per_second, burst, now);
        uint64_t began = now, taken = rate_take (&rate, 0, UINT64_MAX, now);
        for (int step = 0; step < 1000; step++) {
            now += s_roll (1000); // Less than it takes to fill
            taken += rate_take (&rate, 0, UINT64_MAX, now);
        }
        //  Nothing is lost to rounding, however often it was asked: less than a byte is still there
        uint64_t owed = burst * 1000 + per_second * (now - began);
        assert (taken == owed / 1000);
    }
}
END_TEST

START_TEST (another_rate_holds_from_then_on)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        s_state = round;
        rate_t rate;
        uint64_t now = s_any (30), taken = 0;
        uint64_t per_second = 1 + s_any (30), burst = 1 + s_any (22), largest = burst;
        rate_init (&rate, per_second, burst, now);
        unsigned __int128 earned = 0; // In thousandths
        for (int step = 0; step < 500; step++) {
            uint64_t passed = s_any (12);
            now += passed;
            earned += (unsigned __int128) per_second * passed;
            if (s_roll (10) == 0) {
                per_second = 1 + s_any (30);
                burst = 1 + s_any (22);
                largest = burst > largest ? burst : largest;
                rate_set (&rate, per_second, burst, now);
            }
            uint64_t got = rate_take (&rate, 0, s_any (30), now);
            assert (got <= burst);
            taken += got;
            assert (taken <= largest + earned / 1000);
        }
    }
}
END_TEST

START_TEST (without_a_limit_all_is_given_and_none_is_saved)
{
    rate_t rate;
    rate_init (&rate, 0, 500, 10);
    ck_assert_uint_eq (rate_take (&rate, 1, UINT64_MAX, 10), UINT64_MAX);
    ck_assert_uint_eq (rate_wait (&rate, UINT64_MAX, 10), 0);
    rate_set (&rate, 1000, 500, 99999);
    ck_assert_uint_eq (rate_take (&rate, 1, UINT64_MAX, 99999), 500);
    ck_assert_uint_eq (rate_take (&rate, 1, UINT64_MAX, 99999), 0);
    rate_set (&rate, 0, 500, 99999);
    ck_assert_uint_eq (rate_take (&rate, 1, 7, 99999), 7);
}
END_TEST

START_TEST (less_than_the_least_is_left_and_the_wait_is_exact)
{
    rate_t rate;
    rate_init (&rate, 3000, 100, 0);
    ck_assert_uint_eq (rate_take (&rate, 0, 100, 0), 100);
    ck_assert_uint_eq (rate_wait (&rate, 50, 0), 17); // 3 bytes a millisecond
    ck_assert_uint_eq (rate_take (&rate, 50, 100, 16), 0);
    ck_assert_uint_eq (rate_wait (&rate, 50, 16), 1);
    ck_assert_uint_eq (rate_take (&rate, 50, 100, 17), 51);
    //  More than it holds is not waited for in vain
    ck_assert_uint_eq (rate_wait (&rate, 1000, 17), 34);
    ck_assert_uint_eq (rate_take (&rate, 1000, 2000, 51), 100);
}
END_TEST

START_TEST (whatever_it_says_of_a_wait_is_true)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        s_state = round;
        rate_t rate;
        uint64_t now = s_any (30), least = 1 + s_any (22);
        rate_init (&rate, 1 + s_any (30), least, now);
        rate_take (&rate, 0, s_any (23), now);
        uint64_t wait = rate_wait (&rate, least, now);
        rate_t copy = rate;
        if (wait) {
            assert (rate_take (&copy, least, least, now + wait - 1) == 0);
            copy = rate;
        }
        assert (rate_take (&copy, least, least, now + wait) == least);
    }
}
END_TEST

START_TEST (the_largest_numbers_and_a_clock_that_goes_back_do_no_harm)
{
    rate_t rate;
    rate_init (&rate, UINT64_MAX, UINT64_MAX, UINT64_MAX - 10);
    ck_assert_uint_eq (rate_take (&rate, 0, UINT64_MAX, UINT64_MAX - 10), RATE_BURST_MAX);
    ck_assert_uint_eq (rate_take (&rate, 0, UINT64_MAX, UINT64_MAX), RATE_MAX / 100);
    ck_assert_uint_eq (rate_take (&rate, 0, UINT64_MAX, 5), 0);
    ck_assert_uint_eq (rate_wait (&rate, 1, 5), 1);
    rate_init (&rate, 1, 0, 0);
    ck_assert_uint_eq (rate_take (&rate, 1, UINT64_MAX, UINT64_MAX), 0);
    ck_assert_uint_eq (rate_wait (&rate, 1, UINT64_MAX), 0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("rate");
    TCase *tests = tcase_create ("rate");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, never_more_than_rate_times_time_and_the_burst);
    tcase_add_test (tests, whoever_takes_all_the_time_gets_it_all);
    tcase_add_test (tests, another_rate_holds_from_then_on);
    tcase_add_test (tests, without_a_limit_all_is_given_and_none_is_saved);
    tcase_add_test (tests, less_than_the_least_is_left_and_the_wait_is_exact);
    tcase_add_test (tests, whatever_it_says_of_a_wait_is_true);
    tcase_add_test (tests, the_largest_numbers_and_a_clock_that_goes_back_do_no_harm);
    suite_add_tcase (suite, tests);
    return suite;
}

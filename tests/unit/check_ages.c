//  check_ages: the clock of accesses tells how long ago something was, however fast it ticks.
//  SPDX-License-Identifier: MPL-2.0
#include <stdlib.h>

#include "entry.h"
#include "evict/ages.h"
#include "lib/dice.h"
#include "lib/test.h"

#define S_BEGIN 1000000007u

static ages_t *s_ages;

static void
s_set_up (void)
{
    s_ages = calloc (1, sizeof *s_ages);
    ck_assert_ptr_nonnull (s_ages);
    ages_time (s_ages, S_BEGIN);
}

static void
s_tear_down (void)
{
    free (s_ages);
}

static uint32_t
s_age (uint32_t clock)
{
    return (s_ages->clock - clock) & ENTRY_ACCESS_MASK;
}

START_TEST (time_alone_is_four_ticks_a_second)
{
    ck_assert_uint_eq (s_ages->clock, entry_clock (S_BEGIN));
    for (uint64_t now = S_BEGIN; now < S_BEGIN + 5000000; now += 1 + now % 9000) {
        ages_time (s_ages, now);
        ck_assert_uint_eq (s_ages->clock, entry_clock (now));
    }
    ages_time (s_ages, S_BEGIN);
    ck_assert_uint_gt (s_ages->clock, entry_clock (S_BEGIN + 4980000));
    ck_assert_uint_eq (ages_before (s_ages, 0), s_ages->clock);
    //  Before it began, time alone had gone on
    ck_assert_uint_eq (s_age (ages_before (s_ages, 512000000)), 2000000);
}
END_TEST

START_TEST (evictions_tick_a_thousand_times_as_often_as_all_is_renewed)
{
    uint32_t before = s_ages->clock;
    for (unsigned count = 0; count < 100000; count++)
        ages_evicted (s_ages, 100000);
    ck_assert_uint_ge (s_age (before), 1000);
    ck_assert_uint_le (s_age (before), 1030);
    before = s_ages->clock;
    for (unsigned count = 0; count < 50; count++)
        ages_evicted (s_ages, 50);
    ck_assert_uint_eq (s_age (before), 50);
}
END_TEST

//  Both ways, against a list of what the clock was when.
START_TEST (what_it_says_of_the_past_is_true_within_a_64th)
{
    enum { COUNT = 60000 };
    static uint64_t s_times[COUNT];
    static uint32_t s_clocks[COUNT];
    dice_t dice = { .seed = dice_seed (5) };
    uint64_t now = S_BEGIN;
    uint64_t ticks = 0; // Not so many that the clock wraps
    for (unsigned at = 0; at < COUNT; at++) {
        now += dice_roll (&dice, dice_roll (&dice, 100) ? 300 : 60000);
        ages_time (s_ages, now);
        s_times[at] = now;
        s_clocks[at] = s_ages->clock;
        unsigned evicted = dice_roll (&dice, 10) ? 0 : dice_roll (&dice, 100);
        ticks += evicted;
        for (unsigned count = 0; count < evicted; count++)
            ages_evicted (s_ages, 1);
    }
    ck_assert_uint_lt (ticks + (now - S_BEGIN) / 256, ENTRY_ACCESS_MASK / 2);
    for (unsigned at = 0; at < COUNT; at += 7) {
        uint64_t ago = now - s_times[at], slack = ago / 64 + 512;
        //  Used then, so not unused for longer than that: never too early, and late by little
        ck_assert_uint_le (s_age (s_clocks[at]), s_age (ages_before (s_ages, ago)));
        unsigned older = at;
        while (older > 0 && s_times[older] + slack > s_times[at])
            older--;
        if (older > 0)
            ck_assert_uint_ge (s_age (s_clocks[older - 1]), s_age (ages_before (s_ages, ago)));
        uint64_t since = ages_since (s_ages, s_clocks[at]);
        ck_assert_uint_le (since, ago);
        ck_assert_uint_ge (since + slack, ago);
    }
}
END_TEST

START_TEST (a_long_sleep_is_not_forgotten)
{
    for (unsigned count = 0; count < 1000; count++)
        ages_evicted (s_ages, 1);
    uint32_t before = s_ages->clock;
    ages_time (s_ages, S_BEGIN + 86400000);
    ck_assert_uint_eq (s_age (before), (S_BEGIN + 86400000) / 256 - S_BEGIN / 256);
    ck_assert_uint_le (ages_since (s_ages, before), 86400000);
    ck_assert_uint_ge (ages_since (s_ages, before), 86400000 - 86400000 / 64);
    uint32_t hour = s_age (ages_before (s_ages, 3600000));
    ck_assert (hour >= 3600000 / 256 && hour <= 3600000 / 256 + 3600000 / 256 / 64 + 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("ages");
    TCase *tcase = tcase_create ("ages");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, time_alone_is_four_ticks_a_second);
    tcase_add_test (tcase, evictions_tick_a_thousand_times_as_often_as_all_is_renewed);
    tcase_add_test (tcase, what_it_says_of_the_past_is_true_within_a_64th);
    tcase_add_test (tcase, a_long_sleep_is_not_forgotten);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_house: housekeeping. What has expired is gone within seconds and gives its memory back, what
//  has not stays; what is left of many entries moves together. Time is simulated.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/dice.h"
#include "lib/test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define S_MANY 100000
#else
#    define S_MANY 1000000
#endif

static rig_t s_rig;

static void
s_tear_down (void)
{
    rig_close (&s_rig);
}

static bytes_t
s_key (uint32_t number)
{
    static char s_text[16];
    snprintf (s_text, sizeof s_text, "key%08x", number);
    return bytes_str (s_text);
}

//  ttl 0: none.
static void
s_put (uint32_t number, size_t size, uint64_t ttl)
{
    static uint8_t s_value[300000];
    ask_t ask = { .op = OP_PUT, .map = bytes_str ("m"), .has_key = true, .key = s_key (number) };
    ask.value = value_bytes (bytes_of (s_value, size));
    ask.options.given = ttl ? OPT_px : 0;
    ask.options.time = ttl;
    answer_t answer = rig_ask (&s_rig, &ask);
    assert (answer.status == ZGRID_OK);
}

static unsigned
s_simple (op_t op, uint32_t number)
{
    ask_t ask = { .op = op, .map = bytes_str ("m"), .has_key = true, .key = s_key (number) };
    return rig_ask (&s_rig, &ask).status;
}

static void
s_million (uint32_t partitions)
{
    rig_open (&s_rig, 1, partitions);
    s_put (S_MANY, 100, 0);
    s_put (S_MANY + 1, 100, 3600 * 1000);
    s_put (S_MANY + 2, 100, 30 * 1000);
    for (uint32_t number = 0; number < S_MANY; number++)
        s_put (number, 16, 2000 + number % 1000);
    stats_t before = rig_stats (&s_rig);
    ck_assert_uint_eq (before.entries, S_MANY + 3);
    ck_assert_uint_gt (before.used_bytes, S_MANY * 40);

    rig_pass (&s_rig, 1900);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, S_MANY + 3);
    rig_pass (&s_rig, 1100 + 5000);

    stats_t after = rig_stats (&s_rig);
    ck_assert_uint_eq (after.entries, 3);
    ck_assert_uint_eq (after.expired, S_MANY);
    ck_assert_uint_lt (after.reserved_bytes - after.index_bytes, 3 * 4096 + 1);
    for (uint32_t number = S_MANY; number < S_MANY + 3; number++)
        ck_assert_uint_eq (s_simple (OP_EXISTS, number), ZGRID_OK);
    //  The tables follow
    rig_pass (&s_rig, 20000);
    ck_assert_uint_lt (rig_stats (&s_rig).index_bytes, before.index_bytes / 50 + 271 * 256);
    rig_verify (&s_rig);
}

START_TEST (a_million_entries_that_end_together_are_gone_within_seconds)
{
    s_million (271);
}
END_TEST

START_TEST (so_are_those_of_one_partition)
{
    s_million (1);
}
END_TEST

//  Codes of deadlines begin anew after 1,044 s: what has the same code but ends later stays.
START_TEST (deadlines_far_away_are_kept_and_end_in_time)
{
    enum { COUNT = 400 };
    rig_open (&s_rig, 1, 7);
    for (uint32_t number = 0; number < COUNT; number++)
        s_put (number, 10, 1000 + number * UINT64_C (10007)); // Up to 66 minutes
    for (uint32_t number = 0; number < COUNT; number++) {
        uint64_t end = 1000000 + 1000 + number * UINT64_C (10007);
        rig_pass (&s_rig, end - 1 - s_rig.moment.now);
        //  Not one too early; the one before has been found within its ten seconds
        ck_assert_uint_eq (rig_stats (&s_rig).entries, COUNT - number);
        ck_assert_uint_eq (rig_stats (&s_rig).expired, number);
    }
    rig_pass (&s_rig, 3000);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 0);
}
END_TEST

START_TEST (a_hundred_years_are_kept)
{
    rig_open (&s_rig, 1, 7);
    s_put (1, 10, UINT64_C (100) * 365 * 24 * 3600 * 1000);
    for (int day = 0; day < 40; day++) {
        s_rig.moment.now += 24 * 3600 * 1000;
        s_rig.moment.wall += 24 * 3600 * 1000;
        rig_pass (&s_rig, 3000);
    }
    ck_assert_uint_eq (s_simple (OP_EXISTS, 1), ZGRID_OK);
}
END_TEST

//  Entries come with deadlines all the time, and the table is resized while rounds are under way.
START_TEST (a_resize_during_a_round_loses_nothing_for_good)
{
    uint64_t seed = dice_seed (11);
    for (uint64_t round = 0; round < 3; round++) {
        dice_t dice = { .seed = seed + round };
        rig_open (&s_rig, 1, 1);
        uint32_t number = 0;
        for (int step = 0; step < 300; step++) {
            for (uint32_t more = dice_roll (&dice, 400); more--;)
                s_put (number++, dice_roll (&dice, 100), 1 + dice_roll (&dice, 4000));
            for (uint32_t fewer = dice_roll (&dice, 100); fewer--;)
                s_simple (OP_DEL, dice_roll (&dice, number + 1));
            rig_pass (&s_rig, dice_roll (&dice, 60));
        }
        ck_assert_uint_gt (rig_stats (&s_rig).rehashes, 3);
        rig_pass (&s_rig, 4000 + 3000);
        ck_assert_msg (rig_stats (&s_rig).entries == 0, "ZGRID_SEED=%llu",
                       (unsigned long long) (seed + round));
        rig_verify (&s_rig);
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

//  While there is much to compact, expiry goes on at its pace.
START_TEST (compaction_does_not_hold_up_expiry)
{
    rig_open (&s_rig, 1, 3);
    for (uint32_t number = 0; number < 60000; number++)
        s_put (number, 10 + number % 500, number % 2 ? 0 : 2000);
    for (uint32_t number = 0; number < 60000; number++)
        if (number % 10 > 1)
            s_simple (OP_DEL, number);
    rig_pass (&s_rig, 2000 + 2500);
    ck_assert_uint_eq (rig_stats (&s_rig).expiring, 0);
}
END_TEST

//  What is kept is moved together until little more is reserved than used.
static void
s_delete_at_random (unsigned percent, double most)
{
    dice_t dice = { .seed = dice_seed (5) };
    enum { COUNT = 40000 };
    rig_open (&s_rig, 1, 7);
    for (uint32_t number = 0; number < COUNT; number++)
        s_put (number, dice_roll (&dice, 8) ? dice_roll (&dice, 700) : dice_roll (&dice, 7000), 0);
    for (uint32_t number = 0; number < COUNT; number++)
        if (dice_roll (&dice, 100) < percent)
            s_simple (OP_DEL, number);
    rig_pass (&s_rig, 20000);
    stats_t stats = rig_stats (&s_rig);
    double ratio = (double) (stats.reserved_bytes - stats.index_bytes) / (double) stats.used_bytes;
    ck_assert_msg (ratio < most, "%u %%: %f times what is used is reserved", percent, ratio);
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

START_TEST (after_deletions_memory_comes_back)
{
    static const unsigned s_percents[] = { 20, 40, 50, 80 };
    for (size_t at = 0; at < sizeof s_percents / sizeof s_percents[0]; at++)
        s_delete_at_random (s_percents[at], 1.4);
    rig_open (&s_rig, 1, 1);
}
END_TEST

START_TEST (housekeeping_rests_when_nothing_is_left_to_do)
{
    rig_open (&s_rig, 1, 7);
    ck_assert_uint_eq (storage_tick (s_rig.storage[0], s_rig.moment.now), UINT64_MAX);
    //  One entry of each size: pages that nothing can fill
    for (uint32_t number = 0; number < 8000; number += 60)
        s_put (number, number, 0);
    rig_pass (&s_rig, 5000);
    ck_assert_uint_ge (storage_tick (s_rig.storage[0], s_rig.moment.now), 100);
    //  A value that is half of what is reserved
    s_put (8001, 300000, 0);
    rig_pass (&s_rig, 5000);
    ck_assert_uint_ge (storage_tick (s_rig.storage[0], s_rig.moment.now), 100);
}
END_TEST

START_TEST (a_tick_is_bounded_and_asks_to_come_back)
{
    rig_open (&s_rig, 1, 7);
    for (uint32_t number = 0; number < 50000; number++)
        s_put (number, 10, 1000);
    rig_pass (&s_rig, 999);
    s_rig.moment.now += 1000;
    uint64_t expired = 0, ticks = 0;
    while (rig_stats (&s_rig).entries) {
        uint64_t wait = storage_tick (s_rig.storage[0], s_rig.moment.now);
        uint64_t more = rig_stats (&s_rig).expired - expired;
        expired += more;
        ck_assert_uint_le (more, 4096 + 8 * 16);
        //  Much has ended at once: it goes on soon
        ck_assert (more < 4096 || wait == 1);
        ck_assert_uint_lt (ticks++, 1000);
        s_rig.moment.now += wait;
    }
    ck_assert_uint_le (s_rig.moment.now, 1000000 + 2000 + 1500);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("house");
    TCase *tcase = tcase_create ("house");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_add_test (tcase, a_million_entries_that_end_together_are_gone_within_seconds);
    tcase_add_test (tcase, so_are_those_of_one_partition);
    tcase_add_test (tcase, deadlines_far_away_are_kept_and_end_in_time);
    tcase_add_test (tcase, a_hundred_years_are_kept);
    tcase_add_test (tcase, a_resize_during_a_round_loses_nothing_for_good);
    tcase_add_test (tcase, compaction_does_not_hold_up_expiry);
    tcase_add_test (tcase, after_deletions_memory_comes_back);
    tcase_add_test (tcase, housekeeping_rests_when_nothing_is_left_to_do);
    tcase_add_test (tcase, a_tick_is_bounded_and_asks_to_come_back);
    suite_add_tcase (suite, tcase);
    return suite;
}

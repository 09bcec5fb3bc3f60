//  check_storage_memory: the memory limit holds; what is removed to make room is what nobody used.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/dice.h"
#include "lib/test.h"

static rig_t s_rig;
static uint64_t s_limit;

static void
s_open (uint64_t limit, bool evict, uint32_t partitions)
{
    storage_config_t config = rig_config (1, partitions);
    config.memory_limit = s_limit = limit;
    config.policy = evict ? MAP_POLICY_LRU : MAP_POLICY_NONE;
    ck_assert (rig_open_with (&s_rig, &config, NULL));
}

static void
s_tear_down (void)
{
    rig_close (&s_rig);
}

static answer_t
s_ask (op_t op, const char *map, uint32_t number, size_t size)
{
    static uint8_t s_value[1 << 20];
    char key[16];
    snprintf (key, sizeof key, "key%08x", number);
    ask_t ask = { .op = op, .map = bytes_str (map), .has_key = true, .key = bytes_str (key) };
    if (op != OP_GET && op != OP_DEL)
        ask.value = value_bytes (bytes_of (s_value, size));
    return rig_ask (&s_rig, &ask);
}

static uint64_t
s_held (void)
{
    stats_t stats = rig_stats (&s_rig);
    return stats.used_bytes + stats.index_bytes;
}

START_TEST (without_eviction_writes_are_refused_and_the_old_value_stays)
{
    s_open (1 << 20, false, 7);
    uint32_t number = 0;
    while (s_ask (OP_PUT, "m", number, 100).status == ZGRID_OK)
        number++;
    ck_assert_uint_gt (number, (1 << 20) / 200);
    answer_t answer = s_ask (OP_PUT, "m", number, 100);
    ck_assert_uint_eq (answer.status, ZGRID_NOMEM);
    ck_assert (answer.meta.given & META_error);
    ck_assert_uint_eq (s_ask (OP_GET, "m", number, 0).status, ZGRID_NOTFOUND);

    //  A larger value for a key that is there
    answer = s_ask (OP_PUT, "m", 5, 9000);
    ck_assert_uint_eq (answer.status, ZGRID_NOMEM);
    answer = s_ask (OP_GET, "m", 5, 0);
    ck_assert_uint_eq (answer.value.bytes.size, 100);
    ck_assert_uint_eq (s_ask (OP_APPEND, "m", 5, 9000).status, ZGRID_NOMEM);
    ck_assert_uint_eq (s_ask (OP_GET, "m", 5, 0).value.bytes.size, 100);
    //  One as large, or smaller, has room
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 5, 100).status, ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 6, 10).status, ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_DEL, "m", 7, 0).status, ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 50).status, ZGRID_OK);
    ck_assert_uint_eq (rig_stats (&s_rig).evicted, 0);
    ck_assert_uint_ge (rig_stats (&s_rig).nomem, 4);
    rig_verify (&s_rig);
}
END_TEST

START_TEST (with_eviction_every_write_succeeds_and_the_limit_holds)
{
    static const uint32_t s_partitions[] = { 1, 7, 271 };
    for (int which = 0; which < 3; which++) {
        dice_t dice = { .seed = dice_seed (9) };
        s_open (1 << 20, true, s_partitions[which]);
        for (uint32_t number = 0; number < 40000; number++) {
            size_t size = dice_roll (&dice, 20) ? dice_roll (&dice, 400) : dice_roll (&dice, 20000);
            answer_t answer = s_ask (dice_roll (&dice, 9) ? OP_PUT : OP_APPEND, "m", dice_roll (&dice, 30000),
                                     size);
            ck_assert_uint_eq (answer.status, ZGRID_OK);
            //  A table that grows comes on top until the next write
            if (number % 32 == 0)
                ck_assert_uint_le (s_held (), s_limit + rig_stats (&s_rig).index_bytes);
        }
        ck_assert_uint_gt (rig_stats (&s_rig).evicted, 1000);
        ck_assert_uint_gt (s_held (), s_limit * 3 / 4);
        rig_verify (&s_rig);
        rig_close (&s_rig);
    }
    s_open (0, false, 1);
}
END_TEST

//  Few large values over many partitions: most of them are empty.
START_TEST (big_values_make_room_wherever_they_lie)
{
    s_open (4 << 20, true, 271);
    for (uint32_t number = 0; number < 3000; number++)
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 300000).status, ZGRID_OK);
    ck_assert_uint_le (s_held (), s_limit + rig_stats (&s_rig).index_bytes);
    ck_assert_uint_ge (rig_stats (&s_rig).entries, 10);
    //  One that never fits removes nothing
    s_tear_down ();
    s_open (1 << 18, true, 271);
    for (uint32_t number = 0; number < 100; number++)
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 1000).status, ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 100, 300000).status, ZGRID_NOMEM);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 100);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 5, 300000).status, ZGRID_NOMEM);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 100);
}
END_TEST

//  The one that grows is never the one that is removed for it.
START_TEST (a_value_that_grows_makes_room_by_other_entries)
{
    s_open (1 << 19, true, 1);
    for (uint32_t number = 0; number < 200; number++)
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 1000).status, ZGRID_OK);
    uint64_t length = 1000;
    for (int round = 0; round < 100; round++) {
        answer_t answer = s_ask (OP_APPEND, "m", 100, 3000);
        ck_assert_uint_eq (answer.status, ZGRID_OK);
        length += 3000;
        ck_assert_int_eq (answer.value.integer, (int64_t) length);
    }
    ck_assert_uint_eq (s_ask (OP_GET, "m", 100, 0).value.bytes.size, length);
    ck_assert_uint_le (s_held (), s_limit + rig_stats (&s_rig).index_bytes);
    rig_verify (&s_rig);
}
END_TEST

//  Keys that are read all the time stay; how many of `hot` are left.
static unsigned
s_survivors (const char *hot_map, uint32_t hot, uint32_t cold)
{
    for (uint32_t number = 0; number < hot; number++)
        s_ask (OP_PUT, hot_map, number, 100);
    for (uint32_t number = 0; number < cold; number++) {
        s_ask (OP_PUT, "cold", hot + number, 100);
        s_ask (OP_GET, hot_map, number % hot, 0);
        s_rig.moment.now += 5;
    }
    unsigned left = 0;
    for (uint32_t number = 0; number < hot; number++)
        left += s_ask (OP_GET, hot_map, number, 0).status == ZGRID_OK;
    return left;
}

START_TEST (what_is_used_stays)
{
    static const uint32_t s_partitions[] = { 1, 7, 271 };
    for (int which = 0; which < 3; which++) {
        s_open (1 << 20, true, s_partitions[which]);
        ck_assert_uint_ge (s_survivors ("cold", 500, 30000), 480);
        ck_assert_uint_gt (rig_stats (&s_rig).evicted, 10000);
        s_tear_down ();
    }
    s_open (0, false, 1);
}
END_TEST

START_TEST (a_small_map_in_use_is_not_robbed_for_a_large_one)
{
    s_open (1 << 20, true, 271);
    ck_assert_uint_ge (s_survivors ("hot", 100, 30000), 90);
}
END_TEST

START_TEST (without_a_limit_nothing_is_evicted)
{
    s_open (0, true, 7);
    for (uint32_t number = 0; number < 20000; number++)
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 100).status, ZGRID_OK);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 20000);
    ck_assert_uint_eq (rig_stats (&s_rig).evicted, 0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("storage_memory");
    TCase *tcase = tcase_create ("memory");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_add_test (tcase, without_eviction_writes_are_refused_and_the_old_value_stays);
    tcase_add_test (tcase, with_eviction_every_write_succeeds_and_the_limit_holds);
    tcase_add_test (tcase, big_values_make_room_wherever_they_lie);
    tcase_add_test (tcase, a_value_that_grows_makes_room_by_other_entries);
    tcase_add_test (tcase, what_is_used_stays);
    tcase_add_test (tcase, a_small_map_in_use_is_not_robbed_for_a_large_one);
    tcase_add_test (tcase, without_a_limit_nothing_is_evicted);
    suite_add_tcase (suite, tcase);
    return suite;
}

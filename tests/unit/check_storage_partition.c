//  check_storage_partition: SCAN, SIZE and DESTROY.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/rig.h"
#include "lib/test.h"
#include "slot.h"

static rig_t s_rig;

static void
s_set_up (void)
{
    rig_open (&s_rig, 2, 7);
    for (int number = 0; number < 500; number++) {
        char key[32], value[32];
        snprintf (key, sizeof key, "%s:%d", number % 2 ? "odd" : "even", number);
        snprintf (value, sizeof value, "v%d", number);
        rig_do (&s_rig, OP_PUT, key, value, "");
    }
}

static void
s_tear_down (void)
{
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

//  All pages at one actor; counts keys that begin with `head`, asserts that all do. Returns pages.
static unsigned
s_scan (uint32_t actor, const char *options, const char *head, unsigned *keys)
{
    ask_t ask = rig_words (OP_SCAN, NULL, NULL, options);
    unsigned pages = 0;
    do {
        answer_t answer = rig_ask_at (&s_rig, actor, &ask);
        ck_assert_uint_eq (answer.status, ZGRID_OK);
        ck_assert (answer.meta.given & META_cursor);
        mp_t reader = mp_of (answer.value.bytes);
        uint32_t count;
        ck_assert (mp_array (&reader, &count));
        bytes_t key, value;
        while (count--) {
            ck_assert (mp_bytes (&reader, &key));
            ck_assert (key.size > strlen (head) && memcmp (key.data, head, strlen (head)) == 0);
            if (ask.options.given & OPT_withvalues) {
                char number[32];
                ck_assert (count-- && mp_bytes (&reader, &value));
                size_t size = (size_t) snprintf (number, sizeof number, "%.*s", (int) (value.size - 1),
                                                 value.data + 1);
                ck_assert (key.size > size && memcmp (key.data + key.size - size, number, size) == 0);
            }
            ++*keys;
        }
        ask.options.given |= OPT_cursor;
        ask.options.cursor = answer.meta.cursor;
        pages++;
        ck_assert_uint_lt (pages, 10000);
    } while (ask.options.cursor);
    return pages;
}

START_TEST (a_scan_answers_every_key_of_the_actor)
{
    unsigned keys = 0;
    s_scan (0, "", "", &keys);
    ck_assert_uint_gt (keys, 100);
    s_scan (1, "withvalues", "", &keys);
    ck_assert_uint_eq (keys, 500);
}
END_TEST

START_TEST (count_is_about_how_many_are_looked_at)
{
    unsigned keys = 0, pages = s_scan (0, "count=1", "", &keys);
    ck_assert_uint_ge (pages, keys / INDEX_BUCKET);
    ck_assert_uint_eq (s_scan (0, "count=10000", "", &keys), 1);
    static const char *const s_wrong[] = { "count=0", "count=10001" };
    for (int at = 0; at < 2; at++)
        ck_assert_uint_eq (rig_do (&s_rig, OP_SCAN, NULL, NULL, s_wrong[at]).status, ZGRID_MALFORMED);
}
END_TEST

START_TEST (match_passes_over_other_keys)
{
    unsigned keys = 0;
    for (uint32_t actor = 0; actor < 2; actor++)
        s_scan (actor, "match=even:* count=7 withvalues", "even:", &keys);
    ck_assert_uint_eq (keys, 250);
    s_scan (0, "match=none", "", &keys);
    ck_assert_uint_eq (keys, 250);
    ask_t ask = rig_words (OP_SCAN, NULL, NULL, "match=x");
    static char s_long[513];
    memset (s_long, '*', sizeof s_long);
    ask.options.match = bytes_of (s_long, 513);
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_MALFORMED);
    ask.options.match.size = 512;
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
}
END_TEST

START_TEST (a_partition_is_scanned_and_counted_alone)
{
    unsigned sum = 0;
    for (uint32_t partition = 0; partition < 7; partition++) {
        char options[40];
        unsigned keys = 0;
        snprintf (options, sizeof options, "partition=%u count=3", partition);
        s_scan (partition % 2, options, "", &keys);
        snprintf (options, sizeof options, "partition=%u", partition);
        ck_assert_int_eq (rig_do (&s_rig, OP_SIZE, NULL, NULL, options).value.integer, keys);
        sum += keys;
    }
    ck_assert_uint_eq (sum, 500);
    ck_assert_uint_eq (rig_do (&s_rig, OP_SIZE, NULL, NULL, "partition=7").status, ZGRID_MALFORMED);
    ck_assert_uint_eq (rig_do (&s_rig, OP_SCAN, NULL, NULL, "partition=7").status, ZGRID_MALFORMED);
    ck_assert_uint_eq (rig_do (&s_rig, OP_DESTROY, NULL, NULL, "partition=7").status, ZGRID_MALFORMED);
}
END_TEST

//  A cursor comes from outside: any number is answered, none is obeyed past the ends.
START_TEST (foreign_cursors_are_refused)
{
    static const struct {
        uint64_t cursor;
        unsigned status;
    } s_cursors[] = {
        { 1, ZGRID_MALFORMED },
        { UINT64_C (1) << 32, ZGRID_MALFORMED },
        { UINT64_C (1) << 33, ZGRID_OK },                          // Partition 0
        { UINT64_C (2) << 33, ZGRID_MALFORMED },                   // Partition 1: of the other actor
        { (UINT64_C (7) << 33) | (UINT64_C (1) << 32), ZGRID_OK }, // Its end
        { (UINT64_C (7) << 33) | (UINT64_C (1) << 32) | 1, ZGRID_MALFORMED },
        { UINT64_C (8) << 33, ZGRID_MALFORMED },
        { UINT64_MAX, ZGRID_MALFORMED },
    };
    for (size_t at = 0; at < sizeof s_cursors / sizeof s_cursors[0]; at++) {
        ask_t ask = rig_words (OP_SCAN, NULL, NULL, "cursor=1");
        ask.options.cursor = s_cursors[at].cursor;
        ck_assert_uint_eq (rig_ask_at (&s_rig, 0, &ask).status, s_cursors[at].status);
    }
    ck_assert_uint_eq (rig_do (&s_rig, OP_SCAN, NULL, NULL, "partition=2 cursor=8589934592").status,
                       ZGRID_MALFORMED);
}
END_TEST

START_TEST (expired_keys_are_not_scanned)
{
    ask_t ask = rig_words (OP_PUT, "late:1", "v1", "px=5");
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
    unsigned keys = 0, later = 0;
    for (uint32_t actor = 0; actor < 2; actor++)
        s_scan (actor, "", "", &keys);
    s_rig.moment.now += 5;
    for (uint32_t actor = 0; actor < 2; actor++)
        s_scan (actor, "", "", &later);
    ck_assert_uint_eq (keys, 501);
    ck_assert_uint_eq (later, 500);
}
END_TEST

START_TEST (destroy_removes_all_of_a_map_and_nothing_else)
{
    ask_t other = rig_words (OP_PUT, "k", "v", "");
    other.map = bytes_str ("other");
    rig_ask (&s_rig, &other);
    int64_t first = rig_do (&s_rig, OP_DESTROY, NULL, NULL, "partition=3").value.integer;
    ck_assert_int_gt (first, 0);
    ck_assert_int_eq (rig_do (&s_rig, OP_DESTROY, NULL, NULL, "partition=3").value.integer, 0);
    ask_t all = rig_words (OP_DESTROY, NULL, NULL, "");
    int64_t sum = first + rig_ask_at (&s_rig, 0, &all).value.integer
                  + rig_ask_at (&s_rig, 1, &all).value.integer;
    ck_assert_int_eq (sum, 500);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 1);
    other.op = OP_GET;
    ck_assert_uint_eq (rig_ask (&s_rig, &other).status, ZGRID_OK);
    //  What comes after the reply stays
    rig_do (&s_rig, OP_PUT, "even:2", "again", "");
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "even:2", NULL, "").status, ZGRID_OK);
}
END_TEST

START_TEST (a_map_that_does_not_exist_is_empty)
{
    static const op_t s_ops[] = { OP_SCAN, OP_SIZE, OP_DESTROY };
    for (int at = 0; at < 3; at++) {
        ask_t ask = rig_words (s_ops[at], NULL, NULL, "");
        ask.map = bytes_str ("nothing");
        answer_t answer = rig_ask (&s_rig, &ask);
        ck_assert_uint_eq (answer.status, ZGRID_OK);
        ck_assert (at ? answer.value.integer == 0 : answer.meta.cursor == 0);
        ask.map = bytes_str ("");
        ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_MALFORMED);
    }
    ck_assert_uint_eq (rig_stats (&s_rig).maps, 1); // Reading made none
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("storage_partition");
    TCase *tcase = tcase_create ("partition");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, a_scan_answers_every_key_of_the_actor);
    tcase_add_test (tcase, count_is_about_how_many_are_looked_at);
    tcase_add_test (tcase, match_passes_over_other_keys);
    tcase_add_test (tcase, a_partition_is_scanned_and_counted_alone);
    tcase_add_test (tcase, foreign_cursors_are_refused);
    tcase_add_test (tcase, expired_keys_are_not_scanned);
    tcase_add_test (tcase, destroy_removes_all_of_a_map_and_nothing_else);
    tcase_add_test (tcase, a_map_that_does_not_exist_is_empty);
    suite_add_tcase (suite, tcase);
    return suite;
}

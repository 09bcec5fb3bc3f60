//  check_topics: the table of topics against a plain list; patterns; numbers; what is forgotten.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>

#include "glob.h"
#include "lib/test.h"
#include "mem.h"
#include "pubsub/topics.h"

static const uint8_t s_seed[HASH_SEED_SIZE] = { 1, 2, 3 };
static topics_t *s_topics;
static uint64_t s_random;

static uint32_t
s_next (uint32_t limit)
{
    s_random = s_random * UINT64_C (6364136223846793005) + 1;
    return (uint32_t) (s_random >> 33) % limit;
}

static void
s_set_up (void)
{
    s_random = 7;
    s_topics = topics_new (s_seed, 1 << 20);
    ck_assert_ptr_nonnull (s_topics);
}

static void
s_tear_down (void)
{
    topics_destroy (&s_topics);
}

static topic_t *
s_want (topic_kind_t kind, const char *name, uint64_t now)
{
    topic_t *topic = topics_add (s_topics, kind, bytes_str (name));
    ck_assert_ptr_nonnull (topic);
    topic->here++;
    topics_update (s_topics, topic, now);
    return topic;
}

static void
s_leave (topic_t *topic, uint64_t now)
{
    topic->here--;
    topics_update (s_topics, topic, now);
}

static size_t
s_matches (const char *channel)
{
    topic_t *const *list;
    bool failed;
    size_t count = topics_match (s_topics, bytes_str (channel), &list, &failed);
    ck_assert (!failed);
    return count;
}

START_TEST (topics_are_found_by_kind_and_name)
{
    char name[24];
    topic_t *made[3000];
    for (int at = 0; at < 3000; at++) {
        snprintf (name, sizeof name, "channel %d", at / 2);
        made[at] = topics_add (s_topics, at % 2 ? TOPIC_PATTERN : TOPIC_CHANNEL, bytes_str (name));
    }
    for (int at = 0; at < 3000; at++) {
        snprintf (name, sizeof name, "channel %d", at / 2);
        ck_assert_ptr_eq (topics_find (s_topics, at % 2 ? TOPIC_PATTERN : TOPIC_CHANNEL, bytes_str (name)),
                          made[at]);
        ck_assert_ptr_eq (topics_add (s_topics, at % 2 ? TOPIC_PATTERN : TOPIC_CHANNEL, bytes_str (name)),
                          made[at]);
    }
    ck_assert_ptr_null (topics_find (s_topics, TOPIC_CHANNEL, bytes_str ("channel")));
    size_t place = 0, count = 0;
    for (topic_t *topic = NULL; (topic = topics_next (s_topics, &place, topic));)
        count++;
    ck_assert_uint_eq (count, 3000);
}
END_TEST

START_TEST (what_a_channel_matches_is_what_glob_says)
{
    static const char *const parts[] = { "a", "b", "ab", "*", "?", "[a-b]", "[^a]", "\\*", "c" };
    char patterns[64][64];
    for (int at = 0; at < 64; at++) {
        patterns[at][0] = 0;
        for (uint32_t left = 1 + s_next (5); left; left--)
            strcat (patterns[at], parts[s_next (9)]);
        topics_add (s_topics, TOPIC_PATTERN, bytes_str (patterns[at]));
    }
    for (int round = 0; round < 2000; round++) {
        char name[16] = "";
        for (uint32_t left = 1 + s_next (6); left; left--)
            strcat (name, &"a\0b\0c\0*\0"[2 * s_next (4)]);
        topic_t *const *list;
        bool failed;
        size_t found = topics_match (s_topics, bytes_str (name), &list, &failed), expected = 0;
        uint64_t steps = 0;
        for (int at = 0; at < 64; at++) {
            const topic_t *topic = topics_find (s_topics, TOPIC_PATTERN, bytes_str (patterns[at]));
            bool listed = false;
            for (size_t other = 0; other < found; other++)
                listed = listed || list[other] == topic;
            assert (listed == glob_match (bytes_str (patterns[at]), bytes_str (name), &steps));
        }
        for (size_t at = 0; at < found; at++)
            expected += glob_match (topic_name (list[at]), bytes_str (name), &steps);
        assert (found == expected);
    }
}
END_TEST

START_TEST (patterns_that_come_and_go_are_noticed)
{
    ck_assert_uint_eq (s_matches ("news"), 0);
    topic_t *topic = s_want (TOPIC_PATTERN, "n*", 0);
    ck_assert_uint_eq (s_matches ("news"), 1);
    s_want (TOPIC_PATTERN, "*s", 0);
    ck_assert_uint_eq (s_matches ("news"), 2);
    ck_assert_uint_eq (topics_stats (s_topics)->patterns, 2);
    s_leave (topic, 0);
    topics_sweep (s_topics, TOPICS_KEEP_MS);
    ck_assert_uint_eq (s_matches ("news"), 1);
    ck_assert_uint_eq (topics_stats (s_topics)->patterns, 1);
}
END_TEST

START_TEST (numbers_of_a_topic_never_go_back)
{
    topic_t *topic = s_want (TOPIC_CHANNEL, "news", 0);
    for (int at = 0; at < 5; at++) {
        topics_count (s_topics);
        topic->number++;
    }
    uint64_t before = topic->number;
    s_leave (topic, 0);
    topics_sweep (s_topics, TOPICS_KEEP_MS - 1);
    ck_assert_ptr_eq (topics_find (s_topics, TOPIC_CHANNEL, bytes_str ("news")), topic);
    topics_sweep (s_topics, TOPICS_KEEP_MS);
    ck_assert_ptr_null (topics_find (s_topics, TOPIC_CHANNEL, bytes_str ("news")));
    ck_assert_uint_ge (s_want (TOPIC_CHANNEL, "news", 0)->number, before);
}
END_TEST

START_TEST (what_nobody_wants_is_bounded)
{
    char name[32];
    topics_destroy (&s_topics);
    s_topics = topics_new (s_seed, 1000);
    for (int at = 0; at < 10000; at++) {
        snprintf (name, sizeof name, "channel %d", at);
        s_leave (s_want (TOPIC_CHANNEL, name, 5), 5);
        topics_sweep (s_topics, 5);
    }
    size_t place = 0, bytes = 0;
    for (topic_t *topic = NULL; (topic = topics_next (s_topics, &place, topic));)
        bytes += topic->size;
    ck_assert_uint_le (bytes, 1000);
}
END_TEST

START_TEST (names_and_costs_of_what_is_wanted_here_are_added_up)
{
    const topics_stats_t *stats = topics_stats (s_topics);
    topic_t *one = s_want (TOPIC_CHANNEL, "1234567890", 0), *two = s_want (TOPIC_PATTERN, "*b*", 0);
    s_want (TOPIC_CHANNEL, "1234567890", 0);
    ck_assert_uint_eq (stats->names, 13);
    ck_assert_uint_eq (stats->costs, topic_cost (bytes_str ("*b*")));
    ck_assert_uint_eq (stats->channels, 1);
    s_leave (one, 0);
    ck_assert_uint_eq (stats->names, 13);
    s_leave (one, 0);
    s_leave (two, 0);
    ck_assert_uint_eq (stats->names, 0);
    ck_assert_uint_eq (stats->costs, 0);
    ck_assert_uint_eq (stats->channels, 0);
}
END_TEST

START_TEST (without_memory_nothing_breaks)
{
    s_want (TOPIC_PATTERN, "a*", 0);
    for (uint64_t countdown = 1; countdown < 12; countdown++) {
        topic_t *const *list;
        bool failed;
        char name[8];
        snprintf (name, sizeof name, "a%u", (unsigned) countdown);
        mem_fail_at (countdown);
        topics_t *other = topics_new (s_seed, 10);
        topics_destroy (&other);
        topics_add (s_topics, TOPIC_PATTERN, bytes_str (name));
        topics_match (s_topics, bytes_str ("abc"), &list, &failed);
        mem_fail_at (0);
    }
    ck_assert_uint_eq (s_matches ("abc"), 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("topics");
    TCase *all = tcase_create ("topics");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, topics_are_found_by_kind_and_name);
    tcase_add_test (all, what_a_channel_matches_is_what_glob_says);
    tcase_add_test (all, patterns_that_come_and_go_are_noticed);
    tcase_add_test (all, numbers_of_a_topic_never_go_back);
    tcase_add_test (all, what_nobody_wants_is_bounded);
    tcase_add_test (all, names_and_costs_of_what_is_wanted_here_are_added_up);
    tcase_add_test (all, without_memory_nothing_breaks);
    suite_add_tcase (suite, all);
    return suite;
}

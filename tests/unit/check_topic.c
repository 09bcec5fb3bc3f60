//  check_topic: which frames are topics, and what a pattern may cost.
//  SPDX-License-Identifier: MPL-2.0
#include <string.h>

#include "glob.h"
#include "lib/test.h"
#include "pubsub/topic.h"

START_TEST (what_is_written_is_read)
{
    static const topic_kind_t kinds[] = { TOPIC_CHANNEL, TOPIC_PATTERN, TOPIC_SYNC };
    uint8_t frame[TOPIC_SIZE_MAX], long_name[TOPIC_NAME_MAX];
    memset (long_name, 0xff, sizeof long_name);
    for (size_t size = 1; size <= TOPIC_NAME_MAX; size++)
        for (size_t kind = 0; kind < 3; kind++) {
            bytes_t name;
            size_t written = topic_write (kinds[kind], bytes_of (long_name, size), frame);
            ck_assert_uint_eq (written, size + 2);
            ck_assert_int_eq (topic_read (bytes_of (frame, written), &name), kinds[kind]);
            ck_assert (bytes_equal (name, bytes_of (long_name, size)));
        }
}
END_TEST

START_TEST (other_frames_are_no_topics)
{
    bytes_t name;
    static const struct {
        const char *text;
        size_t size;
    } frames[] = { { "", 0 },        { "c", 1 },        { "c\0", 2 },     { "cx", 2 },    { "cname", 5 },
                   { "xname\0", 6 }, { "\0name\0", 6 }, { "ca\0b\0", 5 }, { "c\0\0", 3 }, { "Cname\0", 6 } };
    for (size_t at = 0; at < sizeof frames / sizeof frames[0]; at++)
        ck_assert_int_eq (topic_read (bytes_of (frames[at].text, frames[at].size), &name), TOPIC_NONE);
    uint8_t large[TOPIC_SIZE_MAX + 1];
    memset (large, 'c', sizeof large);
    large[sizeof large - 1] = 0;
    ck_assert_int_eq (topic_read (bytes_of (large, sizeof large), &name), TOPIC_NONE);
    ck_assert (!topic_name_valid (bytes_of (large, TOPIC_NAME_MAX + 1)));
    ck_assert (topic_name_valid (bytes_of (large, TOPIC_NAME_MAX)));
    ck_assert (!topic_name_valid (bytes_of (NULL, 0)));
}
END_TEST

START_TEST (no_topic_is_the_beginning_of_another_one)
{
    uint8_t one[TOPIC_SIZE_MAX], other[TOPIC_SIZE_MAX];
    size_t size = topic_write (TOPIC_CHANNEL, bytes_str ("news"), one);
    size_t longer = topic_write (TOPIC_CHANNEL, bytes_str ("news.today"), other);
    ck_assert (size < longer && memcmp (one, other, size) != 0);
    topic_write (TOPIC_PATTERN, bytes_str ("news"), other);
    ck_assert (memcmp (one, other, size) != 0);
}
END_TEST

START_TEST (patterns_never_cost_more_than_is_said)
{
    static const char *const patterns[] = { "a",           "news.*",    "*",
                                            "*a",          "a*a*a*a*b", "*aaaaaaaaaaaaaaaaaaaab",
                                            "[a-e]*[^a]b", "?*?*?*b",   "**********b" };
    uint8_t name[TOPIC_NAME_MAX];
    for (size_t at = 0; at < sizeof patterns / sizeof patterns[0]; at++)
        for (int fill = 0; fill < 3; fill++) {
            uint64_t steps = 0;
            memset (name, "abn"[fill], sizeof name);
            glob_match (bytes_str (patterns[at]), bytes_of (name, sizeof name), &steps);
            ck_assert_uint_le (steps, topic_cost (bytes_str (patterns[at])));
        }
    ck_assert_uint_le (topic_cost (bytes_str ("news.*")), 8);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("topic");
    TCase *all = tcase_create ("topic");
    tcase_add_test (all, what_is_written_is_read);
    tcase_add_test (all, other_frames_are_no_topics);
    tcase_add_test (all, no_topic_is_the_beginning_of_another_one);
    tcase_add_test (all, patterns_never_cost_more_than_is_said);
    suite_add_tcase (suite, all);
    return suite;
}

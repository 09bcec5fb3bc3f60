//  check_audience: counts of topics against a plain model, under random requests of connections that come and
//  go; limits.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>

#include "lib/test.h"
#include "mem.h"
#include "pubsub/audience.h"

#define KEYS 6
#define NAMES 5
#define LIMIT 100

static const uint8_t s_seed[HASH_SEED_SIZE] = { 1 };
static topics_t *s_topics;
static audience_t *s_audience;
static uint64_t s_random, s_changes;

static uint32_t
s_next (uint32_t limit)
{
    s_random = s_random * UINT64_C (6364136223846793005) + 1;
    return (uint32_t) (s_random >> 33) % limit;
}

static void
s_changed (void *arg, topic_t *topic)
{
    (void) arg;
    (void) topic;
    s_changes++;
}

static void
s_make (bool members, bool keyless)
{
    audience_config_t config = {
        .members = members, .keyless = keyless, .subscriptions_max = LIMIT, .names_max = 5000
    };
    audience_port_t port = { NULL, s_changed };
    s_topics = topics_new (s_seed, 1000);
    s_audience = audience_new (&config, s_topics, &port);
    ck_assert_ptr_nonnull (s_audience);
    s_random = 3;
    s_changes = 0;
}

static void
s_set_up (void)
{
    s_make (false, false);
}

static void
s_set_up_members (void)
{
    s_make (true, false);
}

static void
s_tear_down (void)
{
    audience_destroy (&s_audience);
    topics_destroy (&s_topics);
}

//  size: of the text, whose last zero byte belongs to it.
static heard_t
s_hear (uint32_t key, bool on, const char *text, size_t size)
{
    uint8_t frame[400];
    bytes_t token;
    frame[0] = on;
    memcpy (frame + 1, text, size);
    return audience_hear (s_audience, key, bytes_of (frame, size + 1), 0, &token);
}

#define HEAR(key, on, text) s_hear (key, on, text, sizeof text)

static const topic_t *
s_topic (topic_kind_t kind, const char *name)
{
    return topics_find (s_topics, kind, bytes_str (name));
}

START_TEST (counts_are_those_of_a_plain_model)
{
    bool open[KEYS] = { false }, wants[KEYS][NAMES] = { { false } };
    for (int round = 0; round < 100000; round++) {
        uint32_t key = s_next (KEYS), name = s_next (NAMES), what = s_next (20);
        char text[] = "c0";
        text[1] = (char) ('a' + name);
        if (what == 0) {
            audience_close (s_audience, key, 0);
            open[key] = false;
            memset (wants[key], 0, sizeof wants[key]);
        } else if (what == 1) {
            audience_open (s_audience, key);
            open[key] = true;
        } else {
            bytes_t token;
            uint8_t frame[4] = { what % 2, 'c', (uint8_t) text[1], 0 };
            //  Far apart, so that it is no flood
            audience_hear (s_audience, key, bytes_of (frame, 4), (uint64_t) round * 100, &token);
            wants[key][name] = open[key] && what % 2;
        }
        for (uint32_t at = 0; at < NAMES; at++) {
            uint32_t count = 0;
            for (uint32_t other = 0; other < KEYS; other++)
                count += wants[other][at];
            text[1] = (char) ('a' + at);
            const topic_t *topic = s_topic (TOPIC_CHANNEL, text + 1);
            assert ((topic ? topic->here : 0) == count);
        }
    }
    uint64_t sum = 0;
    for (uint32_t key = 0; key < KEYS; key++)
        audience_close (s_audience, key, 0);
    for (uint32_t at = 0; at < NAMES; at++) {
        char name[2] = { (char) ('a' + at), 0 };
        const topic_t *topic = s_topic (TOPIC_CHANNEL, name);
        sum += topic ? topic->here : 0;
    }
    ck_assert_uint_eq (sum, 0);
    ck_assert_uint_eq (audience_stats (s_audience)->subscriptions, 0);
    ck_assert_uint_eq (audience_stats (s_audience)->connections, 0);
    ck_assert_uint_gt (s_changes, 1000);
}
END_TEST

START_TEST (who_subscribes_twice_counts_once)
{
    audience_open (s_audience, 5);
    HEAR (5, true, "cnews");
    HEAR (5, true, "cnews");
    HEAR (5, true, "pnews");
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "news")->here, 1);
    ck_assert_uint_eq (s_topic (TOPIC_PATTERN, "news")->here, 1);
    HEAR (6, true, "cnews"); // Nobody
    HEAR (5, false, "cother");
    audience_close (s_audience, 5, 0);
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "news")->here, 0);
}
END_TEST

START_TEST (a_connection_has_a_limit_of_subscriptions)
{
    char text[16] = "c";
    audience_open (s_audience, 1);
    audience_open (s_audience, 2);
    for (int at = 0; at < LIMIT; at++) {
        int size = snprintf (text, sizeof text, "c%d", at);
        ck_assert_int_eq (s_hear (1, true, text, (size_t) size + 1), HEARD_FINE);
    }
    ck_assert_int_eq (HEAR (1, true, "c7"), HEARD_FINE); // It has that one
    ck_assert_int_eq (HEAR (2, true, "c7"), HEARD_FINE);
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "7")->here, 2);
    ck_assert_int_eq (HEAR (1, true, "cone more"), HEARD_EXCESS);
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "7")->here, 1);
    ck_assert (!audience_listens (s_audience, 1));
    ck_assert_int_eq (HEAR (1, true, "c7"), HEARD_FINE); // Not heard any more
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "7")->here, 1);
    ck_assert_uint_eq (audience_stats (s_audience)->subscriptions, 1);
}
END_TEST

START_TEST (names_have_a_limit_together)
{
    char text[TOPIC_SIZE_MAX];
    memset (text, 'x', sizeof text);
    heard_t heard = HEARD_FINE;
    for (uint32_t key = 0; key < 30; key++) {
        audience_open (s_audience, key);
        text[0] = 'c';
        text[1] = (char) ('a' + key);
        text[sizeof text - 1] = 0;
        heard = s_hear (key, true, text, sizeof text);
        if (heard != HEARD_FINE)
            break;
    }
    ck_assert_int_eq (heard, HEARD_EXCESS);
    ck_assert_uint_le (topics_stats (s_topics)->names, 5000);
    ck_assert_uint_ge (topics_stats (s_topics)->names, 5000 - TOPIC_NAME_MAX);
}
END_TEST

START_TEST (patterns_that_explode_have_a_limit_together)
{
    char text[TOPIC_SIZE_MAX];
    memset (text, 'a', sizeof text);
    audience_destroy (&s_audience);
    audience_config_t config = { .subscriptions_max = 100000, .names_max = 1 << 30 };
    audience_port_t port = { NULL, s_changed };
    s_audience = audience_new (&config, s_topics, &port);
    audience_open (s_audience, 0);
    text[0] = 'p';
    text[1] = '*';
    text[sizeof text - 1] = 0;
    heard_t heard = HEARD_FINE;
    int count = 0;
    for (; heard == HEARD_FINE && count < 100000; count++) {
        snprintf (text + 2, 8, "%06d", count);
        text[8] = 'a';
        heard = s_hear (0, true, text, sizeof text);
    }
    ck_assert_int_eq (heard, HEARD_EXCESS);
    ck_assert_int_lt (count, 200);
    ck_assert_uint_eq (topics_stats (s_topics)->costs, 0); // It has lost all of them
}
END_TEST

START_TEST (floods_of_requests_and_nonsense_end_a_connection)
{
    audience_open (s_audience, 1);
    heard_t heard = HEARD_FINE;
    int count = 0;
    for (; heard == HEARD_FINE && count < 10000; count++)
        heard = s_hear (1, count % 2 == 0, "cx", 3);
    ck_assert_int_eq (heard, HEARD_EXCESS);
    ck_assert_int_lt (count, 10000);
    audience_open (s_audience, 2);
    ck_assert_int_eq (s_hear (2, true, "", 0), HEARD_JUNK);
    ck_assert_int_eq (s_hear (2, true, "c", 1), HEARD_JUNK);
    ck_assert_int_eq (s_hear (2, true, "cno end", 7), HEARD_JUNK);
    ck_assert_int_eq (HEAR (2, true, "m0123456789abcdef"), HEARD_JUNK); // Only members say that
    bytes_t token;
    ck_assert_int_eq (audience_hear (s_audience, 2, bytes_of ("\5hello", 6), 0, &token), HEARD_JUNK);
    for (count = 0; heard != HEARD_JUNK && count < 1000; count++)
        heard = s_hear (2, true, "", 0);
    for (count = 0; heard == HEARD_JUNK && count < 1000; count++)
        heard = s_hear (2, true, "", 0);
    ck_assert_int_eq (heard, HEARD_EXCESS);
}
END_TEST

START_TEST (a_token_comes_back_behind_what_was_asked_before)
{
    bytes_t token = bytes_of (NULL, 0);
    audience_open (s_audience, 1);
    ck_assert_int_eq (audience_hear (s_audience, 1, bytes_of ("\1stoken", 8), 0, &token), HEARD_SYNC);
    ck_assert (bytes_equal (token, bytes_of ("stoken", 7)));
    ck_assert_int_eq (audience_hear (s_audience, 1, bytes_of ("\0stoken", 8), 0, &token), HEARD_FINE);
    ck_assert_uint_eq (audience_stats (s_audience)->subscriptions, 0);
}
END_TEST

START_TEST (members_say_how_many_subscribers_they_have)
{
    audience_open (s_audience, 1);
    audience_open (s_audience, 2);
    HEAR (1, true, "cnews");
    const topic_t *topic = s_topic (TOPIC_CHANNEL, "news");
    ck_assert_uint_eq (topic->there, 1);
    ck_assert_uint_eq (topic->members, 1);
    ck_assert_int_eq (s_hear (1, true,
                              "ncnews\0"
                              "5",
                              8),
                      HEARD_FINE);
    ck_assert_uint_eq (topic->there, 5);
    HEAR (2, true, "cnews");
    ck_assert_uint_eq (topic->there, 6);
    s_hear (1, true,
            "ncnews\0"
            "4000000000",
            17);
    s_hear (1, false,
            "ncnews\0"
            "5",
            8); // The one before is taken back behind it
    ck_assert_uint_eq (topic->there, 4000000001);
    s_hear (1, false,
            "ncnews\0"
            "4000000000",
            17);
    ck_assert_uint_eq (topic->there, 2);
    s_hear (1, true,
            "ncnews\0"
            "9",
            8);
    HEAR (1, false, "cnews");
    ck_assert_uint_eq (topic->there, 1); // It does not want it any more, whatever it said
    audience_close (s_audience, 1, 0);
    audience_close (s_audience, 2, 0);
    ck_assert_uint_eq (topic->there, 0);
    ck_assert_uint_eq (topic->members, 0);
    ck_assert_uint_eq (topic->here, 0);
}
END_TEST

START_TEST (a_gateway_of_this_node_says_how_many_it_speaks_for)
{
    audience_config_t config = { .keyless = true, .counts = true, .subscriptions_max = 100 };
    audience_port_t port = { NULL, s_changed };
    audience_t *gateway = audience_new (&config, s_topics, &port);
    static const char count[] = { 1, 'n', 'c', 'n', 'e', 'w', 's', 0, '3' };
    char back[sizeof count];
    bytes_t token;
    memcpy (back, count, sizeof count);
    back[0] = 0;
    audience_open (s_audience, 1);
    HEAR (1, true, "cnews");
    ck_assert_int_eq (s_hear (1, true, count + 1, sizeof count - 1), HEARD_JUNK); // Only a gateway does
    audience_hear (gateway, 0, bytes_of ("\1cnews", 7), 0, &token);
    mem_fail_at (1); // What cannot be heard takes nothing else away
    ck_assert_int_eq (audience_hear (gateway, 0, bytes_of ("\1cother", 8), 0, &token), HEARD_EXCESS);
    mem_fail_at (0);
    ck_assert_int_eq (audience_hear (gateway, 0, bytes_of ("\1cmore", 7), 0, &token), HEARD_FINE);
    const topic_t *topic = s_topic (TOPIC_CHANNEL, "news");
    ck_assert_uint_eq (topic->here, 2);
    ck_assert_int_eq (audience_hear (gateway, 0, bytes_of (count, sizeof count), 0, &token), HEARD_FINE);
    ck_assert_uint_eq (topic->here, 4);
    audience_hear (gateway, 0, bytes_of (back, sizeof back), 0, &token);
    ck_assert_uint_eq (topic->here, 2);
    audience_hear (gateway, 0, bytes_of ("\0cnews", 7), 0, &token);
    ck_assert_uint_eq (topic->here, 1);
    ck_assert_uint_eq (topic->there, 0);
    audience_destroy (&gateway);
}
END_TEST

START_TEST (counts_of_members_that_are_none_are_refused)
{
    audience_open (s_audience, 1);
    HEAR (1, true, "cnews");
    static const struct {
        const char *text;
        size_t size;
    } wrong[] = { { "n", 1 },
                  { "ncnews", 6 },
                  { "ncnews\0", 7 },
                  { "ncnews\0"
                    "0",
                    8 },
                  { "ncnews\0"
                    "x",
                    8 },
                  { "ncnews\0"
                    "-1",
                    9 },
                  { "nc\0"
                    "1",
                    4 },
                  { "nxnews\0"
                    "1",
                    8 },
                  { "nsnews\0"
                    "1",
                    8 },
                  { "m123\0", 5 },
                  { "ncnews\0"
                    "4294967295",
                    17 },
                  { "ncnews\0"
                    "99999999999",
                    18 },
                  { "m0123456789abcdeg\0", 18 } };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        ck_assert_int_eq (s_hear (1, true, wrong[at].text, wrong[at].size), HEARD_JUNK);
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "news")->there, 1);
}
END_TEST

START_TEST (members_that_have_gone_do_not_count)
{
    view_t *view = view_new (4);
    member_t member = { .id = 0x22, .name = "two", .host = "127.0.0.1", .weight = 100, .actors = 1 };
    view_add_member (view, &member);
    audience_open (s_audience, 1);
    audience_open (s_audience, 2);
    audience_open (s_audience, 3);
    ck_assert_int_eq (HEAR (1, true, "m0000000000000022"), HEARD_FINE);
    ck_assert_int_eq (HEAR (2, true, "m0000000000000033"), HEARD_FINE);
    for (uint32_t key = 1; key <= 3; key++)
        HEAR (key, true, "cnews");
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "news")->there, 3);
    audience_keep (s_audience, view, 0);
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "news")->there, 2);
    HEAR (2, true, "cnews");
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "news")->there, 2);
    view_destroy (&view);
}
END_TEST

START_TEST (without_memory_a_connection_ends)
{
    audience_open (s_audience, 1);
    HEAR (1, true, "cnews");
    for (uint64_t countdown = 1; countdown < 6; countdown++) {
        mem_fail_at (countdown);
        audience_open (s_audience, 100 + (uint32_t) countdown * 64);
        s_hear (100 + (uint32_t) countdown * 64, true, "cother", 7);
        mem_fail_at (0);
    }
    ck_assert_uint_eq (s_topic (TOPIC_CHANNEL, "news")->here, 1);
    mem_fail_at (1);
    audience_config_t config = { .keyless = true };
    audience_port_t port = { NULL, s_changed };
    ck_assert_ptr_null (audience_new (&config, s_topics, &port));
    mem_fail_at (0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("audience");
    TCase *all = tcase_create ("subscribers");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, counts_are_those_of_a_plain_model);
    tcase_add_test (all, who_subscribes_twice_counts_once);
    tcase_add_test (all, a_connection_has_a_limit_of_subscriptions);
    tcase_add_test (all, a_gateway_of_this_node_says_how_many_it_speaks_for);
    tcase_add_test (all, names_have_a_limit_together);
    tcase_add_test (all, patterns_that_explode_have_a_limit_together);
    tcase_add_test (all, floods_of_requests_and_nonsense_end_a_connection);
    tcase_add_test (all, a_token_comes_back_behind_what_was_asked_before);
    tcase_add_test (all, without_memory_a_connection_ends);
    suite_add_tcase (suite, all);
    TCase *members = tcase_create ("members");
    tcase_set_timeout (members, TEST_TIMEOUT);
    tcase_add_checked_fixture (members, s_set_up_members, s_tear_down);
    tcase_add_test (members, members_say_how_many_subscribers_they_have);
    tcase_add_test (members, counts_of_members_that_are_none_are_refused);
    tcase_add_test (members, members_that_have_gone_do_not_count);
    suite_add_tcase (suite, members);
    return suite;
}

//  check_hearers: who has subscribed to what, against a plain model, through to the counts of the pubsub
//  actor; rounds; limits; every allocation failing.
//  SPDX-License-Identifier: MPL-2.0
#include "gateway/hearers.h"

#include <stdio.h>
#include <string.h>

#include "lib/test.h"
#include "mem.h"
#include "pubsub/audience.h"
#include "pubsub/message.h"

#define OWNERS 5
#define NAMES 4
#define NOW 1000
#define EVENTS "czgrid.events.default"

static const uint8_t s_seed[HASH_SEED_SIZE] = { 7 };
static hearers_t *s_hearers;
static hearer_t *s_all[OWNERS];
static int s_owners[OWNERS];
static topics_t *s_topics;
static audience_t *s_audience;
static uint64_t s_random;
static buf_t s_token;
static int s_events;     // How often they were asked for
static char s_log[4000]; // What connections were told
static int s_settled[OWNERS], s_heard[OWNERS];

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
}

static void
s_follow (void *arg, bytes_t asked, bool on)
{
    (void) arg;
    uint8_t frame[AUDIENCE_FRAME_MAX + 1] = { on };
    bytes_t token;
    assert (asked.size <= AUDIENCE_FRAME_MAX);
    //  A SUB takes back what it was asked for twice when that was taken back twice
    if (bytes_equal (asked, bytes_of (EVENTS, sizeof EVENTS))) {
        s_events += on ? 1 : -1;
        if (s_events != on)
            return;
    }
    memcpy (frame + 1, asked.data, asked.size);
    heard_t heard = audience_hear (s_audience, 0, bytes_of (frame, asked.size + 1), NOW, &token);
    assert (heard == HEARD_FINE || heard == HEARD_SYNC);
    if (heard == HEARD_SYNC) {
        buf_reset (&s_token);
        buf_add (&s_token, token.data, token.size);
    }
}

static void
s_message (void *arg, void *owner, const heard_message_t *message)
{
    (void) arg;
    s_heard[(int *) owner - s_owners]++;
    size_t used = strlen (s_log);
    snprintf (s_log + used, sizeof s_log - used, "%d%c%.*s:%.*s=%.*s ", (int) ((int *) owner - s_owners),
              "cps"[message->kind], (int) message -> pattern.size, (const char *) message->pattern.data,
              (int) message->channel.size, (const char *) message->channel.data, (int) message->message.size,
              (const char *) message->message.data);
}

static void
s_told (void *arg, void *owner, void *waiter)
{
    (void) arg;
    (void) waiter;
    s_settled[(int *) owner - s_owners]++;
}

static void
s_make (uint64_t subscriptions, uint64_t names, bool alone)
{
    audience_config_t wishes = { .keyless = true, .counts = true, .subscriptions_max = UINT32_MAX };
    audience_port_t changes = { NULL, s_changed };
    hearers_config_t config = {
        .subscriptions_max = subscriptions, .names_max = names, .map = "default", .databases = 16
    };
    hearers_port_t port = { NULL, alone ? NULL : s_follow, s_message, s_told };
    memcpy (config.seed, s_seed, sizeof s_seed);
    s_topics = topics_new (s_seed, 1000);
    s_audience = audience_new (&wishes, s_topics, &changes);
    s_hearers = hearers_new (&config, &port);
    ck_assert_ptr_nonnull (s_hearers);
    for (int at = 0; at < OWNERS; at++) {
        s_all[at] = hearer_new (s_hearers, &s_owners[at]);
        ck_assert_ptr_nonnull (s_all[at]);
    }
    s_random = 11;
    s_events = 0;
    s_log[0] = 0;
    buf_reset (&s_token);
    memset (s_settled, 0, sizeof s_settled);
    memset (s_heard, 0, sizeof s_heard);
}

static void
s_set_up (void)
{
    s_make (1000, 100000, false);
}

static void
s_tear_down (void)
{
    for (int at = 0; at < OWNERS; at++)
        hearer_destroy (&s_all[at]);
    hearers_destroy (&s_hearers);
    audience_destroy (&s_audience);
    topics_destroy (&s_topics);
    buf_clear (&s_token);
}

//  The pubsub actor answers the round that is under way.
static void
s_answer (void)
{
    ck_assert_uint_gt (s_token.size, 0);
    bytes_t none = bytes_of ("ZG\1", 3);
    ck_assert (hearers_hear (s_hearers, buf_bytes (&s_token), none));
}

static bool
s_publish (topic_kind_t kind, bytes_t name, bytes_t channel, const char *text)
{
    buf_t body = BUF_INIT;
    uint8_t topic[TOPIC_SIZE_MAX];
    message_t message = { 1, channel, 1, bytes_str (text) };
    message_add (&body, &message);
    bool good = hearers_hear (s_hearers, bytes_of (topic, topic_write (kind, name, topic)),
                              buf_bytes (&body));
    buf_clear (&body);
    return good;
}

static uint32_t
s_here (topic_kind_t kind, const char *name)
{
    const topic_t *topic = topics_find (s_topics, kind, bytes_str (name));
    return topic ? topic->here : 0;
}

START_TEST (the_pubsub_actor_counts_what_connections_want)
{
    bool wants[OWNERS][HEAR_KINDS][NAMES] = { { { false } } };
    for (int round = 0; round < 50000; round++) {
        uint32_t owner = s_next (OWNERS), kind = s_next (HEAR_KINDS), name = s_next (NAMES),
                 what = s_next (30);
        char text[3] = { 1, (char) ('a' + name), 0 };
        bytes_t bytes = bytes_of (text + 1, 1);
        bool *want = &wants[owner][kind][name];
        if (what == 0) {
            hearer_destroy (&s_all[owner]);
            s_all[owner] = hearer_new (s_hearers, &s_owners[owner]);
            memset (wants[owner], 0, sizeof wants[owner]);
        } else if (what % 2) {
            assert (hearer_add (s_all[owner], (hear_t) kind, bytes) == HEARER_OK);
            *want = true;
        } else {
            assert (hearer_remove (s_all[owner], (hear_t) kind, bytes) == *want);
            *want = false;
        }
        if (s_next (3))
            continue; // Several changes in one turn
        hearers_turn (s_hearers, NOW);
        for (uint32_t at = 0; at < NAMES; at++) {
            uint32_t counts[HEAR_KINDS] = { 0 };
            for (uint32_t other = 0; other < OWNERS * HEAR_KINDS; other++)
                counts[other % HEAR_KINDS] += wants[other / HEAR_KINDS][other % HEAR_KINDS][at];
            text[1] = (char) ('a' + at);
            assert (s_here (TOPIC_CHANNEL, text + 1) == counts[HEAR_CHANNEL]);
            assert (s_here (TOPIC_PATTERN, text + 1) == counts[HEAR_PATTERN]);
            assert (s_here (TOPIC_CHANNEL, text) == counts[HEAR_SHARD]);
        }
    }
    for (int owner = 0; owner < OWNERS; owner++) {
        uint32_t count = 0;
        for (int at = 0; at < NAMES; at++)
            count += wants[owner][HEAR_PATTERN][at];
        ck_assert_uint_eq (hearer_count (s_all[owner], HEAR_PATTERN), count);
        hearer_destroy (&s_all[owner]);
    }
    hearers_turn (s_hearers, NOW);
    ck_assert_uint_eq (hearers_stats (s_hearers)->subscriptions, 0);
    ck_assert_uint_eq (hearers_stats (s_hearers)->names, 0);
    ck_assert_uint_eq (hearers_stats (s_hearers)->costs, 0);
    ck_assert_uint_le (audience_stats (s_audience)->subscriptions, 1); // A token
}
END_TEST

START_TEST (nothing_is_heard_before_all_know_of_it)
{
    bytes_t news = bytes_str ("news");
    hearer_add (s_all[0], HEAR_CHANNEL, news);
    ck_assert (hearer_wait (s_all[0], NULL));
    ck_assert (!hearer_wait (s_all[0], NULL));
    ck_assert_uint_eq (hearers_turn (s_hearers, NOW), HEARERS_ROUND_MS);
    ck_assert (s_publish (TOPIC_CHANNEL, news, news, "1"));
    ck_assert_str_eq (s_log, "");
    hearer_add (s_all[1], HEAR_CHANNEL, news);
    ck_assert (hearer_wait (s_all[1], NULL));
    s_answer ();
    ck_assert_int_eq (s_settled[0], 1);
    ck_assert_int_eq (s_settled[1], 0); // It came while the round was under way
    s_publish (TOPIC_CHANNEL, news, news, "2");
    hearers_turn (s_hearers, NOW);
    s_answer ();
    ck_assert_int_eq (s_settled[1], 1);
    s_publish (TOPIC_CHANNEL, news, news, "3");
    ck_assert_str_eq (s_log, "0c:news=2 1c:news=3 0c:news=3 ");
    ck_assert_uint_eq (hearers_turn (s_hearers, NOW), UINT64_MAX);
    s_answer (); // Once more, late
    ck_assert_int_eq (s_settled[1], 1);
}
END_TEST

START_TEST (a_round_that_is_not_answered_ends)
{
    hearer_add (s_all[0], HEAR_PATTERN, bytes_str ("n*"));
    hearer_wait (s_all[0], NULL);
    hearers_turn (s_hearers, NOW);
    ck_assert_uint_eq (hearers_turn (s_hearers, NOW + HEARERS_ROUND_MS - 1), 1);
    ck_assert_int_eq (s_settled[0], 0);
    hearer_wait (s_all[1], NULL);
    hearer_destroy (&s_all[1]); // Who is gone is not told
    ck_assert_uint_eq (hearers_turn (s_hearers, NOW + HEARERS_ROUND_MS), HEARERS_ROUND_MS);
    ck_assert_int_eq (s_settled[0], 1);
    ck_assert_uint_eq (hearers_stats (s_hearers)->late, 1);
    s_answer ();
    ck_assert_int_eq (s_settled[1], 0);
    s_publish (TOPIC_PATTERN, bytes_str ("n*"), bytes_str ("news"), "x");
    ck_assert_str_eq (s_log, "0pn*:news=x ");
}
END_TEST

START_TEST (where_there_is_no_pubsub_actor_nobody_waits)
{
    s_tear_down ();
    s_make (10, 1000, true);
    bytes_t news = bytes_str ("news");
    hearer_add (s_all[0], HEAR_CHANNEL, news);
    ck_assert (!hearer_wait (s_all[0], NULL));
    ck_assert_uint_eq (hearers_turn (s_hearers, NOW), UINT64_MAX);
    s_publish (TOPIC_CHANNEL, news, news, "1");
    ck_assert_str_eq (s_log, "0c:news=1 ");
}
END_TEST

START_TEST (shard_channels_are_apart_from_channels_and_patterns)
{
    bytes_t name = bytes_str ("x"), inside = bytes_of ("\1x", 2);
    hearer_add (s_all[0], HEAR_SHARD, name);
    hearer_add (s_all[1], HEAR_CHANNEL, name);
    hearer_add (s_all[2], HEAR_PATTERN, bytes_str ("*"));
    hearer_wait (s_all[0], NULL);
    hearers_turn (s_hearers, NOW);
    s_answer ();
    s_publish (TOPIC_CHANNEL, inside, inside, "shard");
    s_publish (TOPIC_PATTERN, bytes_str ("*"), inside, "shard");
    s_publish (TOPIC_CHANNEL, name, name, "plain");
    s_publish (TOPIC_PATTERN, bytes_str ("*"), name, "plain");
    ck_assert_str_eq (s_log, "0s:x=shard 1c:x=plain 2p*:x=plain ");
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_CHANNEL, inside), HEARER_INVALID);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_PATTERN, inside), HEARER_INVALID);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_CHANNEL, bytes_str ("")), HEARER_INVALID);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_CHANNEL, bytes_of ("a\0b", 3)), HEARER_INVALID);
    uint8_t large[TOPIC_NAME_MAX + 1];
    memset (large, 'l', sizeof large);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_CHANNEL, bytes_of (large, sizeof large)), HEARER_INVALID);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_CHANNEL, bytes_of (large, TOPIC_NAME_MAX)), HEARER_OK);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_SHARD, bytes_of (large, TOPIC_NAME_MAX)), HEARER_INVALID);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_SHARD, bytes_of (large, TOPIC_NAME_MAX - 1)), HEARER_OK);
    ck_assert (!hearer_remove (s_all[0], HEAR_CHANNEL, bytes_of (large, sizeof large)));
    hearers_turn (s_hearers, NOW);
}
END_TEST

START_TEST (subscriptions_and_names_and_patterns_have_limits)
{
    char text[300];
    s_tear_down ();
    s_make (10, 1000, false);
    for (int at = 0; at < 10; at++) {
        snprintf (text, sizeof text, "%d", at);
        ck_assert_int_eq (hearer_add (s_all[0], (hear_t) (at % HEAR_KINDS), bytes_str (text)), HEARER_OK);
    }
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_CHANNEL, bytes_str ("more")), HEARER_EXCESS);
    ck_assert_int_eq (hearer_add (s_all[0], HEAR_CHANNEL, bytes_str ("0")), HEARER_OK); // It has that one
    memset (text, 'x', sizeof text);
    ck_assert_int_eq (hearer_add (s_all[1], HEAR_CHANNEL, bytes_of (text, 255)), HEARER_OK);
    ck_assert_int_eq (hearer_add (s_all[1], HEAR_CHANNEL, bytes_of (text, 254)), HEARER_OK);
    ck_assert_int_eq (hearer_add (s_all[1], HEAR_CHANNEL, bytes_of (text, 253)), HEARER_OK);
    ck_assert_int_eq (hearer_add (s_all[1], HEAR_CHANNEL, bytes_of (text, 252)), HEARER_EXCESS);
    ck_assert_int_eq (hearer_add (s_all[2], HEAR_CHANNEL, bytes_of (text, 253)), HEARER_OK); // No new name
    hearer_trim (s_all[1], HEAR_CHANNEL, 1);
    ck_assert_uint_eq (hearer_first (s_all[1], HEAR_CHANNEL).size, 255);
    ck_assert_uint_eq (hearers_stats (s_hearers)->names, 10 + 255 + 253);
    s_tear_down ();
    s_make (100000, 1 << 30, false);
    hearer_result_t result = HEARER_OK;
    int count = 0;
    for (; result == HEARER_OK && count < 1000; count++) {
        memset (text, 'a', sizeof text);
        text[0] = '*';
        text[1 + count % 250] = (char) ('b' + count / 250);
        result = hearer_add (s_all[0], HEAR_PATTERN, bytes_of (text, 255));
    }
    ck_assert_int_eq (result, HEARER_EXCESS);
    ck_assert_int_lt (count, 200);
    ck_assert_uint_le (hearers_stats (s_hearers)->costs, HEARERS_COSTS_MAX);
}
END_TEST

static void
s_event (const char *map, const char *event, const char *key)
{
    char channel[100], json[200];
    snprintf (channel, sizeof channel, "zgrid.events.%s", map);
    snprintf (json, sizeof json, "{\"event\":\"%s\",\"map\":\"%s\",\"key\":\"%s\"}", event, map, key);
    ck_assert (s_publish (TOPIC_CHANNEL, bytes_str (channel), bytes_str (channel), json));
}

START_TEST (changes_of_keys_are_told_as_redis_tells_them)
{
    hearer_add (s_all[0], HEAR_CHANNEL, bytes_str ("__keyspace@0__:k"));
    hearer_add (s_all[1], HEAR_CHANNEL, bytes_str ("__keyevent@2__:del"));
    hearers_turn (s_hearers, NOW);
    s_answer ();
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "zgrid.events.default"), 1);
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "zgrid.events.default:1"), 0);
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "zgrid.events.default:2"), 1);
    s_event ("default", "put", "k");
    s_event ("default", "put", "other");
    s_event ("default:2", "delete", "k");
    ck_assert_str_eq (s_log, "0c:__keyspace@0__:k=set 1c:__keyevent@2__:del=k ");
    s_log[0] = 0;
    hearer_add (s_all[2], HEAR_PATTERN, bytes_str ("__key*__:*"));
    hearer_add (s_all[3], HEAR_PATTERN, bytes_str ("__keyevent@0__:*"));
    hearer_add (s_all[4], HEAR_CHANNEL, bytes_str ("zgrid.events.default"));
    hearers_turn (s_hearers, NOW);
    s_answer ();
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "zgrid.events.default:15"), 1);
    s_event ("default", "expire", "k");
    ck_assert_str_eq (s_log,
                      "4c:zgrid.events.default={\"event\":\"expire\",\"map\":\"default\",\"key\":\"k\"} "
                      "0c:__keyspace@0__:k=expired 2p__key*__:*:__keyspace@0__:k=expired "
                      "3p__keyevent@0__:*:__keyevent@0__:expired=k "
                      "2p__key*__:*:__keyevent@0__:expired=k ");
    s_log[0] = 0;
    s_event ("default:16", "put", "k");
    s_event ("default:02x", "put", "k");
    s_event ("default2", "put", "k");
    s_event ("default:", "put", "k");
    hearer_trim (s_all[4], HEAR_CHANNEL, 0);
    hearer_trim (s_all[2], HEAR_PATTERN, 0);
    hearer_trim (s_all[3], HEAR_PATTERN, 0);
    hearers_turn (s_hearers, NOW);
    s_event ("default", "put", "other");
    ck_assert_str_eq (s_log, "");
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "zgrid.events.default:15"), 0);
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "zgrid.events.default"), 1);
    hearer_trim (s_all[0], HEAR_CHANNEL, 0);
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "zgrid.events.default"), 0);
}
END_TEST

START_TEST (what_is_no_message_changes_nothing)
{
    bytes_t news = bytes_str ("news");
    hearer_add (s_all[0], HEAR_CHANNEL, news);
    hearers_turn (s_hearers, NOW);
    s_answer ();
    ck_assert (!hearers_hear (s_hearers, bytes_str ("cnews"), bytes_of ("ZG\1", 3)));
    ck_assert (!hearers_hear (s_hearers, bytes_of ("cnews", 6), bytes_of ("ZG", 2)));
    ck_assert (!hearers_hear (s_hearers, bytes_of ("cnews", 6), bytes_of ("ZG\1\x91\1", 5)));
    ck_assert (!hearers_hear (s_hearers, bytes_of (NULL, 0), bytes_of (NULL, 0)));
    ck_assert (hearers_hear (s_hearers, bytes_of ("sother", 7), bytes_of ("ZG\1", 3)));
    ck_assert (s_publish (TOPIC_CHANNEL, bytes_str ("other"), bytes_str ("other"), "1"));
    ck_assert_str_eq (s_log, "");
}
END_TEST

START_TEST (many_connections_and_many_channels)
{
    enum { CONNECTIONS = 2000, CHANNELS = 3000 };
    static hearer_t *many[CONNECTIONS];
    char text[16];
    s_tear_down ();
    s_make (10000, 1 << 20, false);
    for (int at = 0; at < CONNECTIONS; at++) {
        many[at] = hearer_new (s_hearers, &s_owners[0]);
        ck_assert_int_eq (hearer_add (many[at], HEAR_CHANNEL, bytes_str ("all")), HEARER_OK);
    }
    for (int at = 0; at < CHANNELS; at++) {
        snprintf (text, sizeof text, "%d", at);
        ck_assert_int_eq (hearer_add (s_all[1], HEAR_CHANNEL, bytes_str (text)), HEARER_OK);
    }
    hearers_turn (s_hearers, NOW);
    s_answer ();
    ck_assert_uint_eq (s_here (TOPIC_CHANNEL, "all"), CONNECTIONS);
    s_publish (TOPIC_CHANNEL, bytes_str ("all"), bytes_str ("all"), "x");
    ck_assert_int_eq (s_heard[0], CONNECTIONS);
    s_publish (TOPIC_CHANNEL, bytes_str ("2999"), bytes_str ("2999"), "x");
    ck_assert_int_eq (s_heard[1], 1);
    for (int at = 0; at < CONNECTIONS; at++)
        hearer_destroy (&many[at]);
    while (hearer_count (s_all[1], HEAR_CHANNEL))
        ck_assert (hearer_remove (s_all[1], HEAR_CHANNEL, hearer_first (s_all[1], HEAR_CHANNEL)));
    hearers_turn (s_hearers, NOW);
    ck_assert_uint_eq (topics_stats (s_topics)->channels, 0);
}
END_TEST

START_TEST (without_memory_nothing_changes)
{
    for (uint64_t at = 1; at < 8; at++) {
        mem_fail_at (at);
        hearer_result_t result = hearer_add (s_all[0], HEAR_CHANNEL, bytes_str ("news"));
        mem_fail_at (0);
        uint32_t count = hearer_count (s_all[0], HEAR_CHANNEL);
        ck_assert_uint_eq (count, result == HEARER_OK);
        ck_assert (result == HEARER_OK || result == HEARER_NOMEM);
        ck_assert_int_eq (result, at <= 2 ? HEARER_NOMEM : HEARER_OK);
        hearer_trim (s_all[0], HEAR_CHANNEL, 0);
        hearers_turn (s_hearers, NOW);
    }
    for (uint64_t at = 1; at <= 4; at++) {
        hearers_config_t config = { .subscriptions_max = 1, .names_max = 1 };
        hearers_port_t port = { NULL, s_follow, s_message, s_told };
        mem_fail_at (at);
        hearers_t *hearers = hearers_new (&config, &port);
        mem_fail_at (0);
        ck_assert_ptr_null (hearers);
    }
    mem_fail_at (1);
    hearer_t *hearer = hearer_new (s_hearers, NULL);
    mem_fail_at (0);
    ck_assert_ptr_null (hearer);
    hearer_destroy (&hearer);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("hearers");
    TCase *tcase = tcase_create ("hearers");
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, the_pubsub_actor_counts_what_connections_want);
    tcase_add_test (tcase, nothing_is_heard_before_all_know_of_it);
    tcase_add_test (tcase, a_round_that_is_not_answered_ends);
    tcase_add_test (tcase, where_there_is_no_pubsub_actor_nobody_waits);
    tcase_add_test (tcase, shard_channels_are_apart_from_channels_and_patterns);
    tcase_add_test (tcase, subscriptions_and_names_and_patterns_have_limits);
    tcase_add_test (tcase, changes_of_keys_are_told_as_redis_tells_them);
    tcase_add_test (tcase, what_is_no_message_changes_nothing);
    tcase_add_test (tcase, many_connections_and_many_channels);
    tcase_add_test (tcase, without_memory_nothing_changes);
    suite_add_tcase (suite, tcase);
    return suite;
}

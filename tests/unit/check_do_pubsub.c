//  check_do_pubsub: SUBSCRIBE and its like, PUBLISH, SPUBLISH, PUBSUB: what connections of a gateway are
//  told, with the core of the pubsub actor behind it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>

#include "gateway/gateway_impl.h"
#include "lib/test.h"
#include "mem.h"
#include "pubsub/pubsub.h"
#include "status.h"

#define TALKS 3

static gateway_t *s_gateway;
static talk_t *s_talks[TALKS];
static pubsub_t *s_pubsub;
static audience_t *s_audience;
static buf_t s_queue; // Messages of the pubsub actor, on their way to the gateway
static buf_t s_later; // Replies to what is written, which the test gives when it likes
static buf_t s_said[TALKS];
static bool s_silent; // The pubsub actor answers no rounds
static uint64_t s_now;

//  ------------------------------------------------------------------------------------------------
//  The pubsub actor

static void
s_send (void *arg, bytes_t topic, bytes_t body, bool here, bool members)
{
    (void) arg;
    (void) members;
    uint32_t sizes[2] = { (uint32_t) topic.size, (uint32_t) body.size };
    if (!here)
        return;
    buf_add (&s_queue, sizes, sizeof sizes);
    buf_add (&s_queue, topic.data, topic.size);
    buf_add (&s_queue, body.data, body.size);
}

static void
s_nobody (void *arg, bytes_t topic, bool on)
{
    (void) arg;
    (void) topic;
    (void) on;
}

static void
s_follow (void *arg, bytes_t asked, bool on)
{
    (void) arg;
    uint8_t frame[AUDIENCE_FRAME_MAX + 1] = { on };
    bytes_t token;
    memcpy (frame + 1, asked.data, asked.size);
    heard_t heard = audience_hear (s_audience, 0, bytes_of (frame, asked.size + 1), s_now, &token);
    ck_assert (heard == HEARD_FINE || heard == HEARD_SYNC);
    if (heard == HEARD_SYNC && !s_silent)
        pubsub_sync (s_pubsub, token);
}

static void
s_execute (bytes_t body)
{
    mp_t reader;
    request_t request;
    buf_t replies = BUF_INIT;
    ck_assert (wire_open (body, &reader));
    wire_begin (&replies);
    while (wire_next_request (&reader, &request) == WIRE_RECORD)
        if (request.op == OP_PUT)
            wire_reply (&s_later, request.id, ZGRID_OK, value_nil (), 1, NULL);
        else
            pubsub_answer (s_pubsub, &request, &replies);
    gateway_receive (s_gateway, buf_bytes (&replies));
    buf_clear (&replies);
}

//  ------------------------------------------------------------------------------------------------
//  The gateway

static void
s_take_output (void)
{
    for (int at = 0; at < TALKS; at++) {
        bytes_t output = talk_output (s_talks[at]);
        buf_add (&s_said[at], output.data, output.size);
        talk_wrote (s_talks[at], output.size);
    }
    while (gateway_ready (s_gateway))
        ;
}

static void
s_pump (void)
{
    for (int round = 0; round < 8; round++) {
        gateway_body_t body;
        gateway_clock (s_gateway, (moment_t) { .now = s_now, .wall = s_now });
        gateway_settle (s_gateway);
        gateway_turn (s_gateway);
        while (gateway_body (s_gateway, &body))
            s_execute (body.body);
        pubsub_turn (s_pubsub, s_now);
        buf_t queue = s_queue;
        s_queue = (buf_t) BUF_INIT;
        for (size_t at = 0; at < queue.size;) {
            uint32_t sizes[2];
            memcpy (sizes, queue.data + at, sizeof sizes);
            at += sizeof sizes;
            gateway_message (s_gateway, bytes_of (queue.data + at, sizes[0]),
                             bytes_of (queue.data + at + sizes[0], sizes[1]));
            at += sizes[0] + sizes[1];
        }
        buf_clear (&queue);
        s_take_output ();
    }
}

static void
s_type (int who, const char *text, size_t size)
{
    while (size) {
        size_t room, part;
        uint8_t *place = talk_room (s_talks[who], &room);
        ck_assert_uint_gt (room, 0);
        part = room < size ? room : size;
        memcpy (place, text, part);
        talk_read (s_talks[who], part);
        text += part;
        size -= part;
    }
}

//  What was said to one since it was last looked at; "|" for line ends.
static const char *
s_heard (int who)
{
    static char texts[TALKS][4096];
    char *text = texts[who];
    size_t size = 0;
    for (size_t at = 0; at < s_said[who].size && size < sizeof texts[who] - 1; at++)
        if (s_said[who].data[at] != '\r')
            text[size++] = (char) (s_said[who].data[at] == '\n' ? '|' : s_said[who].data[at]);
    text[size] = 0;
    buf_reset (&s_said[who]);
    return text;
}

static const char *
s_says (int who, const char *command)
{
    s_type (who, command, strlen (command));
    s_type (who, "\r\n", 2);
    s_pump ();
    return s_heard (who);
}

static void
s_set_up (void)
{
    gateway_config_t config = { .limits = { 1 << 20, 1 << 20, 1000 },
                                .map = "default",
                                .databases = 16,
                                .password = "",
                                .talks_max = 100,
                                .calls_max = 100,
                                .input_max = 1 << 20,
                                .pubsub_hard = 100000,
                                .memory_max = 64 << 20,
                                .window_records = 1000,
                                .window_bytes = 1 << 20,
                                .deadline = 5000,
                                .subscriptions_max = 10,
                                .names_max = 100000,
                                .node = 1,
                                .run_id = "0123456789012345678901234567890123456789",
                                .endpoint_host = "" };
    gateway_port_t port = { .follow = s_follow };
    pubsub_config_t about = { .node = 1, .message_max = 65536, .idle_max = 1000 };
    pubsub_port_t out = { NULL, s_send, s_nobody };
    audience_config_t wishes = { .keyless = true, .counts = true, .subscriptions_max = UINT32_MAX };
    s_now = 1000;
    s_silent = false;
    wire_begin (&s_later);
    s_pubsub = pubsub_new (&about, &out);
    audience_port_t changes = pubsub_audience (s_pubsub);
    s_audience = audience_new (&wishes, pubsub_topics (s_pubsub), &changes);
    s_gateway = gateway_new (&config, &port);
    ck_assert_ptr_nonnull (s_gateway);
    gateway_clock (s_gateway, (moment_t) { .now = s_now, .wall = s_now });
    for (int at = 0; at < TALKS; at++) {
        s_talks[at] = talk_new (s_gateway, "127.0.0.1:1", "127.0.0.1:2", NULL);
        ck_assert_ptr_nonnull (s_talks[at]);
    }
    s_talks[1]->protocol = 3;
}

static void
s_tear_down (void)
{
    for (int at = 0; at < TALKS; at++) {
        talk_destroy (&s_talks[at]);
        buf_clear (&s_said[at]);
    }
    gateway_destroy (&s_gateway);
    audience_destroy (&s_audience);
    pubsub_destroy (&s_pubsub);
    buf_clear (&s_queue);
    buf_clear (&s_later);
}

//  ------------------------------------------------------------------------------------------------
//  Tests

START_TEST (subscriptions_are_confirmed_and_messages_come)
{
    ck_assert_str_eq (s_says (0, "SUBSCRIBE a b a"), "*3|$9|subscribe|$1|a|:1|*3|$9|subscribe|$1|b|:2|"
                                                     "*3|$9|subscribe|$1|a|:2|");
    ck_assert_str_eq (s_says (1, "SUBSCRIBE a"), ">3|$9|subscribe|$1|a|:1|");
    ck_assert_str_eq (s_says (1, "PSUBSCRIBE a*"), ">3|$10|psubscribe|$2|a*|:2|");
    ck_assert_str_eq (s_says (2, "PUBLISH a hello"), ":3|");
    ck_assert_str_eq (s_heard (0), "*3|$7|message|$1|a|$5|hello|");
    ck_assert_str_eq (s_heard (1), ">3|$7|message|$1|a|$5|hello|>4|$8|pmessage|$2|a*|$1|a|$5|hello|");
    ck_assert_uint_eq (gateway_stats (s_gateway)->subscriptions, 4);
    ck_assert_uint_eq (gateway_stats (s_gateway)->heard, 3);
    ck_assert_str_eq (s_says (2, "PUBLISH b 2"), ":1|");
    ck_assert_str_eq (s_heard (0), "*3|$7|message|$1|b|$1|2|");
    ck_assert_str_eq (s_says (2, "PUBLISH nothing 2"), ":0|");
    ck_assert_str_eq (s_says (0, "UNSUBSCRIBE"), "*3|$11|unsubscribe|$1|a|:1|*3|$11|unsubscribe|$1|b|:0|");
    ck_assert_str_eq (s_says (0, "UNSUBSCRIBE"), "*3|$11|unsubscribe|$-1|:0|");
    ck_assert_str_eq (s_says (1, "PUNSUBSCRIBE x a*"), ">3|$12|punsubscribe|$1|x|:2|"
                                                       ">3|$12|punsubscribe|$2|a*|:1|");
    ck_assert_str_eq (s_says (1, "PUNSUBSCRIBE"), ">3|$12|punsubscribe|_|:1|");
    ck_assert_str_eq (s_says (2, "PUBLISH a 3"), ":1|");
    ck_assert_str_eq (s_heard (0), "");
    ck_assert_str_eq (s_heard (1), ">3|$7|message|$1|a|$1|3|");
}
END_TEST

START_TEST (shard_channels_are_apart)
{
    ck_assert_str_eq (s_says (0, "SSUBSCRIBE a b"), "*3|$10|ssubscribe|$1|a|:1|*3|$10|ssubscribe|$1|b|:2|");
    s_says (1, "PSUBSCRIBE *");
    s_says (1, "SUBSCRIBE a");
    ck_assert_str_eq (s_says (2, "SPUBLISH a shard"), ":1|");
    ck_assert_str_eq (s_heard (0), "*3|$8|smessage|$1|a|$5|shard|");
    ck_assert_str_eq (s_heard (1), "");
    ck_assert_str_eq (s_says (2, "PUBLISH a plain"), ":2|");
    ck_assert_str_eq (s_heard (0), "");
    ck_assert_str_eq (s_says (2, "PUBSUB SHARDNUMSUB a b c"), "*6|$1|a|:1|$1|b|:1|$1|c|:0|");
    ck_assert_str_eq (s_says (2, "PUBSUB SHARDCHANNELS b*"), "*1|$1|b|");
    ck_assert_str_eq (s_says (2, "PUBSUB CHANNELS"), "*1|$1|a|");
    ck_assert_str_eq (s_says (0, "UNSUBSCRIBE"), "*3|$11|unsubscribe|$-1|:0|");
    ck_assert_str_eq (s_says (0, "SUNSUBSCRIBE x a"), "*3|$12|sunsubscribe|$1|x|:2|"
                                                      "*3|$12|sunsubscribe|$1|a|:1|");
    ck_assert_str_eq (s_says (0, "SUNSUBSCRIBE"), "*3|$12|sunsubscribe|$1|b|:0|");
}
END_TEST

START_TEST (pubsub_tells_who_wants_what)
{
    s_says (0, "SUBSCRIBE a b");
    s_says (1, "SUBSCRIBE a");
    s_says (1, "PSUBSCRIBE x* y*");
    ck_assert_str_eq (s_says (2, "PUBSUB NUMSUB a b c a"), "*8|$1|a|:2|$1|b|:1|$1|c|:0|$1|a|:2|");
    ck_assert_str_eq (s_says (2, "PUBSUB NUMSUB"), "*0|");
    ck_assert_str_eq (s_says (2, "PUBSUB NUMPAT"), ":2|");
    ck_assert_str_eq (s_says (2, "PUBSUB CHANNELS b*"), "*1|$1|b|");
    ck_assert_str_eq (s_says (2, "PUBSUB CHANNELS x*"), "*0|");
    ck_assert_str_eq (
        s_says (2, "PUBSUB chaNNELS a b"),
        "-ERR unknown subcommand or wrong number of arguments for 'chaNNELS'. Try PUBSUB HELP.|");
    ck_assert_str_eq (s_says (2, "PUBSUB"), "-ERR wrong number of arguments for 'pubsub' command|");
    ck_assert_str_eq (s_says (2, "PUBSUB NUMPAT a"),
                      "-ERR wrong number of arguments for 'pubsub|numpat' command|");
    ck_assert_str_eq (s_says (2, "PUBSUB FOO"), "-ERR unknown subcommand 'FOO'. Try PUBSUB HELP.|");
    ck_assert_ptr_nonnull (strstr (s_says (2, "PUBSUB HELP"), "+NUMSUB [<channel> ...]|"));
}
END_TEST

START_TEST (a_connection_that_subscribes_says_little_else_in_resp2)
{
    static const char refusal[] =
        "-ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
        "RESET are allowed in this context|";
    char text[200];
    s_says (0, "SSUBSCRIBE a");
    snprintf (text, sizeof text, refusal, "publish");
    ck_assert_str_eq (s_says (0, "PUBLISH a b"), text);
    snprintf (text, sizeof text, refusal, "pubsub|channels");
    ck_assert_str_eq (s_says (0, "PUBSUB CHANNELS"), text);
    ck_assert_str_eq (s_says (0, "SUBSCRIBE"), "-ERR wrong number of arguments for 'subscribe' command|");
    s_says (0, "SUNSUBSCRIBE");
    ck_assert_str_eq (s_says (0, "PUBLISH a b"), ":0|");
    s_says (1, "SUBSCRIBE a");
    ck_assert_str_eq (s_says (1, "PUBLISH b c"), ":0|"); // RESP3
    ck_assert_str_eq (s_says (0, "PUBSUB NUMSUB a"), "*2|$1|a|:1|");
}
END_TEST

START_TEST (commands_behind_a_subscription_are_answered_behind_it)
{
    s_silent = true;
    ck_assert_str_eq (s_says (0, "SUBSCRIBE a\r\nUNSUBSCRIBE a\r\nPUBLISH x y\r\nSUBSCRIBE b"), "");
    s_says (1, "SUBSCRIBE b");
    //  Nobody answers: the subscriptions stand all the same
    for (int round = 0; round < 4; round++) {
        s_now += HEARERS_ROUND_MS;
        s_pump ();
    }
    ck_assert_str_eq (s_heard (0), "*3|$9|subscribe|$1|a|:1|*3|$11|unsubscribe|$1|a|:0|:0|"
                                   "*3|$9|subscribe|$1|b|:1|");
    ck_assert_str_eq (s_heard (1), ">3|$9|subscribe|$1|b|:1|");
    s_silent = false;
    s_says (2, "SUBSCRIBE c");
    ck_assert_str_eq (s_says (1, "PUBLISH b x"), ":2|>3|$7|message|$1|b|$1|x|");
}
END_TEST

START_TEST (who_hears_of_something_finds_it_written)
{
    //  What the test plays is no storage: what it does not answer is not written
    s_says (1, "SUBSCRIBE a");
    ck_assert_str_eq (s_says (0, "SET k v\r\nPUBLISH a 1"), "");
    ck_assert_str_eq (s_heard (1), "");
    gateway_receive (s_gateway, buf_bytes (&s_later));
    s_pump ();
    ck_assert_str_eq (s_heard (0), "+OK|:1|");
    ck_assert_str_eq (s_heard (1), ">3|$7|message|$1|a|$1|1|");
}
END_TEST

START_TEST (changes_of_keys_of_each_database_are_heard)
{
    static const char json[] = "{\"event\":\"expire\",\"map\":\"default:3\",\"key\":\"k\"}";
    s_says (0, "SUBSCRIBE __keyevent@3__:expired");
    s_says (1, "PSUBSCRIBE __key*__:*");
    pubsub_publish (s_pubsub, bytes_str ("zgrid.events.default:3"), bytes_str (json), false);
    s_pump ();
    ck_assert_str_eq (s_heard (0), "*3|$7|message|$22|__keyevent@3__:expired|$1|k|");
    ck_assert_str_eq (s_heard (1), ">4|$8|pmessage|$10|__key*__:*|$16|__keyspace@3__:k|$7|expired|"
                                   ">4|$8|pmessage|$10|__key*__:*|$22|__keyevent@3__:expired|$1|k|");
}
END_TEST

START_TEST (connections_that_end_count_no_more)
{
    s_says (0, "SUBSCRIBE a");
    s_silent = true;
    s_says (1, "SUBSCRIBE a"); // Ends while it waits
    talk_destroy (&s_talks[0]);
    talk_destroy (&s_talks[1]);
    s_talks[0] = talk_new (s_gateway, "127.0.0.1:1", "127.0.0.1:2", NULL);
    s_talks[1] = talk_new (s_gateway, "127.0.0.1:1", "127.0.0.1:2", NULL);
    s_silent = false;
    s_now += HEARERS_ROUND_MS;
    s_pump ();
    ck_assert_str_eq (s_says (2, "PUBLISH a b"), ":0|");
    ck_assert_str_eq (s_says (2, "PUBSUB CHANNELS"), "*0|");
}
END_TEST

START_TEST (names_and_limits_are_told)
{
    char text[400] = "SUBSCRIBE good ";
    memset (text + strlen (text), 'x', 256);
    ck_assert_ptr_nonnull (strstr (s_says (0, text), "-ERR a channel's name has 1 to 255 bytes"));
    ck_assert_str_eq (s_says (2, "PUBSUB NUMSUB good"), "*2|$4|good|:0|"); // All or nothing
    ck_assert_str_eq (s_says (0, "SUBSCRIBE 1 2 3 4 5 6 7 8 9 10 11"), "-ERR too many subscriptions|");
    ck_assert_str_eq (s_says (2, "PUBSUB NUMSUB 1"), "*2|$1|1|:0|");
    ck_assert_ptr_nonnull (strstr (s_says (2, "PUBLISH \"\" x"), "-ERR a channel's name"));
    ck_assert_ptr_nonnull (strstr (s_says (2, "PUBLISH zgrid.events x"), "-NOPERM"));
    memcpy (text, "PUBSUB NUMSUB  ", 15);
    ck_assert_ptr_nonnull (strstr (s_says (2, text), "|:0|"));
}
END_TEST

START_TEST (who_does_not_read_is_disconnected)
{
    char text[4096] = "PUBLISH a ";
    s_says (0, "SUBSCRIBE a");
    memset (text + strlen (text), 'x', 4000 - strlen (text));
    memcpy (text + 4000, "\r\n", 3);
    for (int at = 0; at < 100 && talk_end (s_talks[0]) == TALK_OPEN; at++) {
        gateway_body_t body;
        s_type (2, text, strlen (text));
        gateway_settle (s_gateway);
        while (gateway_body (s_gateway, &body))
            s_execute (body.body);
        pubsub_turn (s_pubsub, s_now);
        uint32_t sizes[2];
        memcpy (sizes, s_queue.data, sizeof sizes);
        gateway_message (s_gateway, bytes_of (s_queue.data + 8, sizes[0]),
                         bytes_of (s_queue.data + 8 + sizes[0], sizes[1]));
        buf_reset (&s_queue);
        ck_assert_uint_lt (talk_output (s_talks[0]).size, 200000);
    }
    ck_assert_int_eq (talk_end (s_talks[0]), TALK_DEAD);
    ck_assert_uint_eq (gateway_stats (s_gateway)->slow, 1);
}
END_TEST

START_TEST (without_memory_all_is_done_or_nothing)
{
    unsigned done = 0, refused = 0;
    for (uint64_t at = 1; at < 60; at++) {
        talk_destroy (&s_talks[0]);
        s_talks[0] = talk_new (s_gateway, "127.0.0.1:1", "127.0.0.1:2", NULL);
        buf_clear (&s_said[0]);
        size_t room;
        static const char words[] = "SUBSCRIBE one two\r\nPSUBSCRIBE three*\r\n";
        memcpy (talk_room (s_talks[0], &room), words, sizeof words);
        mem_fail_at (at);
        talk_read (s_talks[0], sizeof words - 1);
        mem_fail_at (0);
        s_pump ();
        const char *count = s_says (2, "PUBSUB NUMSUB one two");
        bool both = strcmp (count, "*4|$3|one|:1|$3|two|:1|") == 0;
        ck_assert (both || strcmp (count, "*4|$3|one|:0|$3|two|:0|") == 0);
        bool dead = talk_end (s_talks[0]) == TALK_DEAD;
        const char *said = s_heard (0);
        ck_assert_msg (dead || (strstr (said, "subscribe|$3|two|:2|") != NULL) == both, "%s", said);
        ck_assert_msg (dead || both || strncmp (said, "-OOM", 4) == 0, "%s", said);
        done += both;
        refused += !both;
    }
    ck_assert_uint_gt (done, 20);
    ck_assert_uint_gt (refused, 5);
}
END_TEST

START_TEST (messages_that_cannot_be_told_are_lost_alone)
{
    s_says (0, "SUBSCRIBE a");
    for (uint64_t at = 1; at < 6; at++) {
        buf_t body = BUF_INIT;
        message_t message = { 1, bytes_str ("a"), at, bytes_str ("text") };
        message_add (&body, &message);
        mem_fail_at (at);
        gateway_message (s_gateway, bytes_of ("ca", 3), buf_bytes (&body));
        mem_fail_at (0);
        buf_clear (&body);
    }
    gateway_message (s_gateway, bytes_of ("ca", 3), bytes_of ("no", 2));
    ck_assert_uint_eq (gateway_stats (s_gateway)->broken, 1);
    s_pump ();
    bool dead = talk_end (s_talks[0]) == TALK_DEAD;
    ck_assert (dead || strstr (s_heard (0), "$4|text|"));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_pubsub");
    TCase *tcase = tcase_create ("do_pubsub");
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, subscriptions_are_confirmed_and_messages_come);
    tcase_add_test (tcase, shard_channels_are_apart);
    tcase_add_test (tcase, pubsub_tells_who_wants_what);
    tcase_add_test (tcase, a_connection_that_subscribes_says_little_else_in_resp2);
    tcase_add_test (tcase, commands_behind_a_subscription_are_answered_behind_it);
    tcase_add_test (tcase, who_hears_of_something_finds_it_written);
    tcase_add_test (tcase, changes_of_keys_of_each_database_are_heard);
    tcase_add_test (tcase, connections_that_end_count_no_more);
    tcase_add_test (tcase, names_and_limits_are_told);
    tcase_add_test (tcase, who_does_not_read_is_disconnected);
    tcase_add_test (tcase, without_memory_all_is_done_or_nothing);
    tcase_add_test (tcase, messages_that_cannot_be_told_are_lost_alone);
    suite_add_tcase (suite, tcase);
    return suite;
}

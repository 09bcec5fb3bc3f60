//  check_pubsub: three nodes whose sockets are played by the test: what each subscriber gets, in which order,
//  what is counted in the cluster, and that nothing goes where nobody wants it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>

#include "glob.h"
#include "lib/test.h"
#include "mem.h"
#include "pubsub/pubsub.h"
#include "status.h"

#define NODES 3
#define CLIENTS 3 // Of each node
#define FOLLOWS_MAX 256

typedef struct {
    uint8_t bytes[300];
    size_t size;
} s_follow_t;

typedef struct {
    pubsub_t *pubsub;
    audience_t *clients, *members;
    s_follow_t follows[FOLLOWS_MAX]; // What its SUB has subscribed to
    size_t follows_count;
    buf_t heard;       // What its subscribers got: topics and numbers, in order
    uint64_t messages; // Bodies that subscribers got
    uint64_t arrived;  // Bodies of other members
    bool deaf;         // Nothing of other members arrives
} s_node_t;

static s_node_t s_nodes[NODES];
static uint64_t s_random, s_now, s_synced;

static uint32_t
s_next (uint32_t limit)
{
    s_random = s_random * UINT64_C (6364136223846793005) + 1;
    return (uint32_t) (s_random >> 33) % limit;
}

static void
s_hear (s_node_t *node, uint32_t client, bool on, bytes_t topic)
{
    uint8_t frame[300];
    bytes_t token;
    frame[0] = on;
    memcpy (frame + 1, topic.data, topic.size);
    if (audience_hear (node->clients, client, bytes_of (frame, topic.size + 1), s_now, &token) == HEARD_SYNC)
        pubsub_sync (node->pubsub, token);
}

static void
s_subscribe (int node, uint32_t client, bool on, topic_kind_t kind, const char *name)
{
    uint8_t frame[TOPIC_SIZE_MAX];
    size_t size = topic_write (kind, bytes_str (name), frame);
    s_hear (&s_nodes[node], client, on, bytes_of (frame, size));
}

//  One member's subscription at another one.
static void
s_ask (const s_node_t *from, s_node_t *to, bytes_t topic, bool on)
{
    uint8_t frame[301];
    bytes_t token;
    frame[0] = on;
    memcpy (frame + 1, topic.data, topic.size);
    heard_t heard = audience_hear (to->members, (uint32_t) (from - s_nodes), bytes_of (frame, topic.size + 1),
                                   s_now, &token);
    ck_assert (heard == HEARD_FINE || heard == HEARD_SYNC);
    if (heard == HEARD_SYNC && !to->deaf)
        pubsub_sync_member (to->pubsub, token);
}

static void
s_follow (void *arg, bytes_t topic, bool on)
{
    s_node_t *self = arg;
    if (on) {
        ck_assert_uint_lt (self->follows_count, FOLLOWS_MAX);
        s_follow_t *follow = &self->follows[self->follows_count++];
        memcpy (follow->bytes, topic.data, topic.size);
        follow->size = topic.size;
    } else {
        size_t at = 0;
        while (at < self->follows_count
               && !bytes_equal (bytes_of (self->follows[at].bytes, self->follows[at].size), topic))
            at++;
        ck_assert_uint_lt (at, self->follows_count); // It had subscribed to that
        self->follows[at] = self->follows[--self->follows_count];
    }
    for (int at = 0; at < NODES; at++)
        if (&s_nodes[at] != self && s_nodes[at].members)
            s_ask (self, &s_nodes[at], topic, on);
}

static bool
s_follows (const s_node_t *self, bytes_t topic)
{
    for (size_t at = 0; at < self->follows_count; at++)
        if (bytes_equal (bytes_of (self->follows[at].bytes, self->follows[at].size), topic))
            return true;
    return false;
}

static void
s_send (void *arg, bytes_t topic, bytes_t body, bool here, bool members)
{
    s_node_t *self = arg;
    //  Whoever sends may send from its own buffers
    buf_t copy = BUF_INIT;
    buf_add (&copy, body.data, body.size);
    if (here) {
        self->messages++;
        s_synced += topic.data[0] == TOPIC_SYNC;
        buf_add (&self->heard, body.data, body.size);
    }
    for (int at = 0; members && at < NODES; at++) {
        s_node_t *other = &s_nodes[at];
        if (other == self || !s_follows (other, topic) || other->deaf)
            continue;
        other->arrived++;
        pubsub_relay (other->pubsub, topic, buf_bytes (&copy));
    }
    buf_clear (&copy);
}

static view_t *
s_view (int nodes)
{
    view_t *view = view_new (4);
    for (int at = 0; at < nodes; at++) {
        member_t member = { .id = (node_id_t) at + 1, .weight = 100, .actors = 1, .mesh_port = 1 };
        snprintf (member.name, sizeof member.name, "node %d", at);
        snprintf (member.host, sizeof member.host, "host");
        view_add_member (view, &member);
    }
    return view;
}

static void
s_make (s_node_t *self, int at)
{
    pubsub_config_t config = { .node = (node_id_t) at + 1, .message_max = 1000, .idle_max = 10000 };
    pubsub_port_t port = { self, s_send, s_follow };
    self->pubsub = pubsub_new (&config, &port);
    audience_port_t changes = pubsub_audience (self->pubsub);
    audience_config_t clients = { .subscriptions_max = 1000, .names_max = 100000 };
    audience_config_t members = { .members = true, .subscriptions_max = 1000000, .names_max = 1000000 };
    self->clients = audience_new (&clients, pubsub_topics (self->pubsub), &changes);
    self->members = audience_new (&members, pubsub_topics (self->pubsub), &changes);
    for (uint32_t client = 0; client < CLIENTS; client++)
        audience_open (self->clients, client);
}

static void
s_set_up (void)
{
    memset (s_nodes, 0, sizeof s_nodes);
    s_random = 11;
    s_now = 1000;
    s_synced = 0;
    for (int at = 0; at < NODES; at++)
        s_make (&s_nodes[at], at);
    view_t *view = s_view (NODES);
    for (int at = 0; at < NODES; at++) {
        for (int other = 0; other < NODES; other++)
            audience_open (s_nodes[at].members, (uint32_t) other);
        pubsub_set_view (s_nodes[at].pubsub, view);
    }
    view_destroy (&view);
}

static void
s_tear_down (void)
{
    for (int at = 0; at < NODES; at++) {
        audience_destroy (&s_nodes[at].clients);
        audience_destroy (&s_nodes[at].members);
        pubsub_destroy (&s_nodes[at].pubsub);
        buf_clear (&s_nodes[at].heard);
    }
}

static void
s_turn (uint64_t milliseconds)
{
    s_now += milliseconds;
    for (int at = 0; at < NODES; at++)
        pubsub_turn (s_nodes[at].pubsub, s_now);
}

static uint64_t
s_publish (int node, const char *channel, const char *message)
{
    return pubsub_publish (s_nodes[node].pubsub, bytes_str (channel), bytes_str (message), false);
}

//  Executes one record. The reply lives until the next one.
static reply_t
s_answer (int node, op_t op, const char *key, const value_t *value, const options_t *options)
{
    static buf_t out;
    buf_t in = BUF_INIT;
    bytes_t named = bytes_str (key);
    mp_t reader;
    request_t request;
    reply_t reply;
    buf_reset (&out);
    wire_begin (&in);
    wire_begin (&out);
    wire_request (&in, 1, op, bytes_of (NULL, 0), key ? &named : NULL, value, options);
    ck_assert (wire_open (buf_bytes (&in), &reader));
    ck_assert_int_eq (wire_next_request (&reader, &request), WIRE_RECORD);
    pubsub_answer (s_nodes[node].pubsub, &request, &out);
    ck_assert (wire_open (buf_bytes (&out), &reader));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert (mp_at_end (&reader));
    buf_clear (&in);
    return reply;
}

static uint64_t
s_numsub (int node, const char *channel)
{
    buf_t names = BUF_INIT;
    wire_add_array (&names, 1);
    wire_add_bytes (&names, bytes_str (channel));
    value_t value = { .kind = VALUE_TREE, .bytes = buf_bytes (&names) };
    reply_t reply = s_answer (node, OP_NUMSUB, NULL, &value, NULL);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    mp_t reader = mp_of (reply.value.bytes);
    uint32_t count;
    uint64_t number;
    bytes_t name;
    ck_assert (mp_array (&reader, &count) && count == 2 && mp_bytes (&reader, &name)
               && mp_uint (&reader, &number));
    ck_assert (bytes_equal (name, bytes_str (channel)));
    buf_clear (&names);
    return number;
}

//  ------------------------------------------------------------------------------------------------
//  Tests

START_TEST (counts_and_deliveries_are_those_of_a_plain_model)
{
    static const char *const names[] = { "a", "ab", "b", "*", "a*", "?b", "[a-b]", "c" };
    bool wants[NODES][CLIENTS][2][8] = { { { { false } } } };
    for (int round = 0; round < 3000; round++) {
        int node = (int) s_next (NODES);
        uint32_t client = s_next (CLIENTS), kind = s_next (2), name = s_next (8);
        bool on = s_next (2);
        s_subscribe (node, client, on, kind ? TOPIC_PATTERN : TOPIC_CHANNEL, names[name]);
        wants[node][client][kind][name] = on;
        s_turn (PUBSUB_TELL_MS + 1);

        int from = (int) s_next (NODES);
        const char *channel = names[s_next (3)];
        uint64_t subscribers = 0, bodies[NODES] = { 0 }, steps = 0, named = 0;
        for (int at = 0; at < NODES; at++)
            for (int topic = 0; topic < 16; topic++) {
                const char *text = names[topic % 8];
                bool fits = topic < 8 ? strcmp (text, channel) == 0
                                      : glob_match (bytes_str (text), bytes_str (channel), &steps);
                uint32_t count = 0;
                for (int other = 0; other < CLIENTS; other++)
                    count += wants[at][other][topic / 8][topic % 8];
                subscribers += fits ? count : 0;
                named += topic < 8 && fits ? count : 0;
                bodies[at] += fits && count;
            }
        uint64_t before[NODES], arrived[NODES];
        for (int at = 0; at < NODES; at++) {
            before[at] = s_nodes[at].messages;
            arrived[at] = s_nodes[at].arrived;
        }
        ck_assert_uint_eq (s_numsub ((int) s_next (NODES), channel), named);
        assert (s_publish (from, channel, "hello") == subscribers);
        s_turn (0);
        for (int at = 0; at < NODES; at++) {
            assert (s_nodes[at].messages - before[at] == bodies[at]);
            //  Only what somebody there wants, and only once for each topic
            assert (s_nodes[at].arrived - arrived[at] == (at == from ? 0 : bodies[at]));
        }
    }
}
END_TEST

//  Numbers that the subscribers of a node got from a publisher for messages of a channel, in order.
static size_t
s_numbers (const s_node_t *node, uint64_t publisher, const char *channel, uint64_t *numbers, size_t room)
{
    size_t count = 0;
    bytes_t heard = buf_bytes (&node->heard);
    mp_t reader;
    message_t message;
    bool broken = false;
    while (heard.size) {
        ck_assert (message_open (heard, &reader));
        for (;;) {
            mp_t before = reader;
            if (!message_next (&reader, &message, &broken)) {
                reader = before;
                break;
            }
            if (message.publisher == publisher && bytes_equal (message.channel, bytes_str (channel))
                && count < room)
                numbers[count++] = message.number;
        }
        heard = bytes_of (reader.at, (size_t) (reader.end - reader.at));
    }
    return count;
}

START_TEST (messages_of_a_publisher_to_a_channel_are_numbered_in_order)
{
    uint64_t numbers[1000];
    s_subscribe (1, 0, true, TOPIC_CHANNEL, "news");
    s_subscribe (1, 0, true, TOPIC_CHANNEL, "other");
    for (int at = 0; at < 300; at++) {
        s_publish (0, "news", "text");
        s_publish (0, at % 3 ? "other" : "nobody's", "text");
        s_publish (2, "news", "text");
        if (at % 7 == 0)
            s_turn (1);
    }
    s_turn (1);
    for (uint64_t publisher = 1; publisher <= 3; publisher += 2) {
        ck_assert_uint_eq (s_numbers (&s_nodes[1], publisher, "news", numbers, 1000), 300);
        for (size_t at = 1; at < 300; at++)
            ck_assert_uint_eq (numbers[at], numbers[at - 1] + 1);
    }
    ck_assert_uint_lt (s_nodes[1].messages, 300); // Several in one body
}
END_TEST

START_TEST (what_is_lost_between_members_is_seen_in_the_numbers)
{
    uint64_t numbers[10];
    s_subscribe (1, 0, true, TOPIC_PATTERN, "n*");
    s_publish (0, "news", "1");
    s_turn (1);
    s_nodes[1].deaf = true;
    audience_close (s_nodes[0].members, 1, s_now); // The connection is lost, and comes back
    s_publish (0, "news", "2");
    s_publish (0, "nothing", "3");
    s_turn (1);
    audience_open (s_nodes[0].members, 1);
    s_nodes[1].deaf = false;
    for (size_t at = 0; at < s_nodes[1].follows_count; at++)
        s_ask (&s_nodes[1], &s_nodes[0], bytes_of (s_nodes[1].follows[at].bytes, s_nodes[1].follows[at].size),
               true);
    s_publish (0, "news", "4");
    s_turn (1);
    ck_assert_uint_eq (s_numbers (&s_nodes[1], 1, "news", numbers, 10), 2);
    ck_assert_uint_eq (numbers[1], numbers[0] + 3);
}
END_TEST

START_TEST (large_messages_leave_when_a_body_is_full)
{
    char text[1000];
    memset (text, 'x', sizeof text);
    s_subscribe (0, 0, true, TOPIC_CHANNEL, "news");
    for (int at = 0; at < 100; at++)
        pubsub_publish (s_nodes[0].pubsub, bytes_str ("news"), bytes_of (text, sizeof text), false);
    ck_assert_uint_ge (s_nodes[0].messages, 100 * 1000 / PUBSUB_BATCH - 1);
    s_turn (1);
    ck_assert_uint_le (s_nodes[0].messages, 5);
    uint64_t numbers[100];
    ck_assert_uint_eq (s_numbers (&s_nodes[0], 1, "news", numbers, 100), 100);
}
END_TEST

START_TEST (what_a_node_says_of_itself_stays_there)
{
    uint64_t numbers[10];
    s_subscribe (0, 0, true, TOPIC_CHANNEL, PUBSUB_EVENTS);
    s_subscribe (1, 0, true, TOPIC_CHANNEL, PUBSUB_EVENTS);
    s_subscribe (1, 0, true, TOPIC_PATTERN, "zgrid*");
    s_turn (100);
    for (int at = 0; at < 3; at++)
        ck_assert_uint_eq (
            pubsub_publish (s_nodes[0].pubsub, bytes_str (PUBSUB_EVENTS), bytes_str ("{}"), true), 1);
    s_turn (1);
    ck_assert_uint_eq (s_nodes[0].messages, 3);
    ck_assert_uint_eq (s_nodes[1].messages, 0);
    ck_assert_uint_eq (s_numbers (&s_nodes[0], 0, PUBSUB_EVENTS, numbers, 10), 3);
    ck_assert_uint_eq (numbers[2], numbers[0] + 2);
}
END_TEST

START_TEST (requests_are_answered_or_refused)
{
    char large[1002];
    memset (large, 'x', sizeof large - 1);
    large[sizeof large - 1] = 0;
    value_t hello = value_bytes (bytes_str ("hello")), big = value_bytes (bytes_str (large));
    value_t nil = value_nil (), number = value_int (5), attached = { .kind = VALUE_ATTACHED };
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, "news", &hello, NULL).status, ZGRID_OK);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, NULL, &hello, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, "", &hello, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, large, &hello, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, "news", &nil, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, "news", &number, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, "news", &attached, NULL).status, ZGRID_TOOBIG);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, "news", &big, NULL).status, ZGRID_TOOBIG);
    ck_assert_uint_eq (s_answer (0, OP_PUBLISH, "zgrid.events", &hello, NULL).status, ZGRID_DENIED);
    ck_assert_uint_eq (s_answer (0, OP_NUMSUB, NULL, &hello, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_CHANNELS, NULL, &number, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_CHANNELS, NULL, &big, NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_answer (0, OP_GET, "news", &nil, NULL).status, ZGRID_BADOP);
    ck_assert_uint_eq (pubsub_stats (s_nodes[0].pubsub)->published, 1);
    ck_assert_uint_eq (pubsub_stats (s_nodes[0].pubsub)->refused, 8);
}
END_TEST

START_TEST (channels_and_patterns_of_the_whole_cluster_are_listed)
{
    char name[16];
    for (int at = 0; at < 30; at++) {
        snprintf (name, sizeof name, "channel.%d", at);
        s_subscribe (at % NODES, 0, true, TOPIC_CHANNEL, name);
        snprintf (name, sizeof name, "pattern.%d*", at % 10);
        s_subscribe (at % NODES, 1, true, TOPIC_PATTERN, name);
    }
    s_turn (100);
    for (int at = 0; at < NODES; at++) {
        uint32_t count;
        value_t nil = value_nil (), glob = value_bytes (bytes_str ("*.1?"));
        reply_t reply = s_answer (at, OP_CHANNELS, NULL, &nil, NULL);
        mp_t reader = mp_of (reply.value.bytes);
        ck_assert (reply.status == ZGRID_OK && mp_array (&reader, &count));
        ck_assert_uint_eq (count, 30);
        reply = s_answer (at, OP_CHANNELS, NULL, &glob, NULL);
        reader = mp_of (reply.value.bytes);
        ck_assert (reply.status == ZGRID_OK && mp_array (&reader, &count));
        ck_assert_uint_eq (count, 10);
        ck_assert_int_eq (s_answer (at, OP_NUMPAT, NULL, &nil, NULL).value.integer, 10);
    }
    for (uint32_t client = 0; client < CLIENTS; client++)
        audience_close (s_nodes[0].clients, client, s_now);
    value_t nil = value_nil ();
    reply_t reply = s_answer (1, OP_CHANNELS, NULL, &nil, NULL);
    mp_t reader = mp_of (reply.value.bytes);
    uint32_t count;
    ck_assert (mp_array (&reader, &count));
    ck_assert_uint_eq (count, 20);
}
END_TEST

START_TEST (a_feed_is_published_as_far_as_it_can_be_understood)
{
    buf_t body = BUF_INIT;
    bytes_t channel = bytes_str ("zgrid.events.map");
    value_t value = value_bytes (bytes_str ("{}")), nil = value_nil ();
    options_t own = { .given = OPT_fwd };
    s_subscribe (0, 0, true, TOPIC_CHANNEL, "zgrid.events.map");
    s_subscribe (1, 0, true, TOPIC_CHANNEL, "zgrid.events.map");
    wire_begin (&body);
    wire_request (&body, 1, OP_PUBLISH, bytes_of (NULL, 0), &channel, &value, NULL);
    wire_request (&body, 1, OP_PUBLISH, bytes_of (NULL, 0), &channel, &nil, NULL);
    wire_request (&body, 1, OP_GET, bytes_of (NULL, 0), &channel, &nil, NULL);
    wire_request (&body, 1, OP_PUBLISH, bytes_of (NULL, 0), &channel, &value, &own);
    buf_add (&body, "\xc1", 1);
    pubsub_feed (s_nodes[0].pubsub, buf_bytes (&body));
    pubsub_feed (s_nodes[0].pubsub, bytes_str ("HTTP"));
    s_turn (1);
    ck_assert_uint_eq (s_nodes[0].messages, 2);
    ck_assert_uint_eq (s_nodes[1].messages, 1);
    ck_assert_uint_eq (pubsub_stats (s_nodes[0].pubsub)->refused, 4);
    buf_clear (&body);
}
END_TEST

START_TEST (what_is_no_message_of_a_member_is_refused)
{
    s_subscribe (0, 0, true, TOPIC_CHANNEL, "news");
    message_t message = { 2, bytes_str ("news"), 1, bytes_str ("text") };
    bytes_t topic = bytes_of ("cnews", 6);
    for (int at = 0; at < 9; at++) {
        buf_t body = BUF_INIT;
        message_t wrong = message;
        wrong.publisher = at == 1 ? 0 : at == 2 ? 1 : 2;
        wrong.channel = at == 3 ? bytes_str ("other") : at == 4 ? bytes_of ("", 0) : message.channel;
        message_add (&body, &message);
        message_add (&body, &wrong);
        if (at == 5)
            body.size--;
        if (at == 6)
            body.size = 3;
        if (at == 7)
            buf_add (&body, "\xc1", 1);
        bytes_t under = at == 8 ? bytes_of ("news", 5) : topic;
        pubsub_relay (s_nodes[0].pubsub, under, buf_bytes (&body));
        ck_assert_uint_eq (s_nodes[0].messages, 1); // The first one is in order
        ck_assert_uint_eq (pubsub_stats (s_nodes[0].pubsub)->junk, (uint64_t) at);
        buf_clear (&body);
    }
}
END_TEST

START_TEST (a_token_comes_back_when_all_members_have_answered)
{
    s_subscribe (0, 0, true, TOPIC_CHANNEL, "news");
    s_subscribe (0, 0, true, TOPIC_SYNC, "one");
    s_turn (0);
    ck_assert_uint_eq (s_synced, 1);
    s_nodes[2].deaf = true; // Does not answer
    s_subscribe (0, 0, true, TOPIC_SYNC, "two");
    s_turn (0);
    s_subscribe (0, 1, true, TOPIC_SYNC, "three");
    s_turn (0);
    ck_assert_uint_eq (s_synced, 1);
    view_t *view = s_view (NODES);
    view->members[2].status = MEMBER_SUSPECT;
    pubsub_set_view (s_nodes[0].pubsub, view);
    ck_assert_uint_eq (s_synced, 2);
    s_turn (0);
    ck_assert_uint_eq (s_synced, 3);
    view_destroy (&view);
}
END_TEST

START_TEST (without_memory_nothing_breaks)
{
    s_subscribe (0, 0, true, TOPIC_CHANNEL, "news");
    s_subscribe (1, 0, true, TOPIC_PATTERN, "n*");
    for (uint64_t countdown = 1; countdown < 15; countdown++) {
        mem_fail_at (countdown);
        s_publish (0, countdown % 2 ? "news" : "nothing", "text");
        s_subscribe (0, 1, true, TOPIC_SYNC, "one");
        pubsub_turn (s_nodes[0].pubsub, s_now);
        mem_fail_at (0);
    }
    uint64_t before = s_nodes[0].messages;
    s_publish (0, "news", "text");
    s_turn (0);
    ck_assert_uint_ge (s_nodes[0].messages, before + 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("pubsub");
    TCase *all = tcase_create ("pubsub");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, counts_and_deliveries_are_those_of_a_plain_model);
    tcase_add_test (all, messages_of_a_publisher_to_a_channel_are_numbered_in_order);
    tcase_add_test (all, what_is_lost_between_members_is_seen_in_the_numbers);
    tcase_add_test (all, large_messages_leave_when_a_body_is_full);
    tcase_add_test (all, what_a_node_says_of_itself_stays_there);
    tcase_add_test (all, requests_are_answered_or_refused);
    tcase_add_test (all, channels_and_patterns_of_the_whole_cluster_are_listed);
    tcase_add_test (all, a_feed_is_published_as_far_as_it_can_be_understood);
    tcase_add_test (all, what_is_no_message_of_a_member_is_refused);
    tcase_add_test (all, a_token_comes_back_when_all_members_have_answered);
    tcase_add_test (all, without_memory_nothing_breaks);
    suite_add_tcase (suite, all);
    return suite;
}

//  check_pubsub_actor: publish and subscribe over real sockets, alone and between members.
//  SPDX-License-Identifier: MPL-2.0
#include "actors/gateway_ear.h"
#include "gateway/hearers.h"
#include "lib/test.h"
#include "pubsubs.h"
#include "status.h"

static pubsubs_reader_t s_reader, s_other;

static void
s_set_up (void)
{
    pubsubs_set_up ();
    pubsubs_start (0);
    pubsubs_view ();
}

static void
s_set_up_three (void)
{
    pubsubs_set_up ();
    for (int node = 0; node < PUBSUBS_MAX; node++)
        pubsubs_start (node);
    pubsubs_view ();
}

static void
s_tear_down (void)
{
    frames_close (&s_reader.frames);
    frames_close (&s_other.frames);
    pubsubs_tear_down ();
}

//  ------------------------------------------------------------------------------------------------
//  Alone

START_TEST (a_message_comes_once_for_its_channel_and_once_for_each_pattern)
{
    zsock_t *subscriber = pubsubs_subscriber (0);
    pubsubs_want (subscriber, TOPIC_CHANNEL, "news", true);
    pubsubs_want (subscriber, TOPIC_PATTERN, "n*", true);
    pubsubs_want (subscriber, TOPIC_PATTERN, "[m-o]ew?", true);
    pubsubs_want (subscriber, TOPIC_PATTERN, "x*", true);
    pubsubs_want (subscriber, TOPIC_CHANNEL, "new", true);
    pubsubs_sync (subscriber);
    ck_assert_uint_eq (pubsubs_publish (0, "news", "hello"), 3);
    ck_assert_uint_eq (pubsubs_publish (0, "new", "end"), 2); // n* too
    unsigned channels = 0, patterns = 0;
    for (bool end = false; !end || channels + patterns < 5;) {
        message_t message = pubsubs_next (subscriber, &s_reader);
        bytes_t name;
        topic_kind_t kind = topic_read (s_reader.frames.frames[0], &name);
        end = end || bytes_equal (message.message, bytes_str ("end"));
        ck_assert_uint_eq (message.publisher, 1);
        ck_assert (bytes_equal (message.channel, bytes_str ("news"))
                   || bytes_equal (message.channel, bytes_str ("new")));
        channels += kind == TOPIC_CHANNEL;
        patterns += kind == TOPIC_PATTERN;
    }
    ck_assert_uint_eq (channels, 2);
    ck_assert_uint_eq (patterns, 3);
    zsock_destroy (&subscriber);
}
END_TEST

START_TEST (who_subscribes_twice_counts_once_until_it_is_gone)
{
    zsock_t *twice = pubsubs_subscriber (0), *once = pubsubs_subscriber (0);
    pubsubs_want (twice, TOPIC_CHANNEL, "news", true);
    pubsubs_want (twice, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (twice);
    ck_assert_uint_eq (pubsubs_numsub (0, "news"), 1);
    pubsubs_want (once, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (once);
    ck_assert_uint_eq (pubsubs_numsub (0, "news"), 2);
    zsock_destroy (&twice);
    pubsubs_await_numsub (0, "news", 1);
    pubsubs_want (once, TOPIC_CHANNEL, "news", false);
    pubsubs_await_numsub (0, "news", 0);
    zsock_destroy (&once);
}
END_TEST

START_TEST (connections_that_come_and_go_leave_nothing_behind)
{
    zsock_t *stays = pubsubs_subscriber (0);
    pubsubs_want (stays, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (stays);
    for (int round = 0; round < 200; round++) {
        zsock_t *subscriber = pubsubs_subscriber (0);
        pubsubs_want (subscriber, TOPIC_CHANNEL, "news", true);
        pubsubs_want (subscriber, TOPIC_PATTERN, "n*", true);
        if (round % 2)
            pubsubs_sync (subscriber); // Else it may be gone before it was heard
        zsock_destroy (&subscriber);
    }
    pubsubs_await_numsub (0, "news", 1);
    for (uint64_t until = actor_boot () + 10000; pubsubs[0].status.subscribers > 1 && actor_boot () < until;)
        zmq_poll (NULL, 0, 1);
    ck_assert_uint_eq (pubsubs[0].status.subscribers, 1);
    ck_assert_uint_eq (pubsubs[0].status.patterns, 0);
    ck_assert_uint_eq (pubsubs_publish (0, "news", "text"), 1);
    zsock_destroy (&stays);
}
END_TEST

#define ROUNDS 600
#define PER_ROUND 10
#define SIZE 8000

START_TEST (a_slow_subscriber_loses_countably_and_delays_nobody)
{
    pubsubs_stop (0);
    //  Room for a hundred: libzmq notices late that some of them have left
    pubsubs_args.queue_max = 8 << 20;
    pubsubs_start (0);
    pubsubs_view ();
    zsock_t *fast = pubsubs_subscriber (0), *slow = zsock_new (ZMQ_SUB);
    zsock_set_rcvhwm (slow, 1);
    zsock_set_rcvbuf (slow, 65536);
    zsock_set_linger (slow, 0);
    assert (zsock_connect (slow, "%s", pubsubs[0].endpoint) == 0);
    pubsubs_want (slow, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (slow);
    pubsubs_want (fast, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (fast);
    uint64_t last = 0, first = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int at = 0; at < PER_ROUND; at++)
            pubsubs_publish_large (0, "news", SIZE);
        for (int at = 0; at < PER_ROUND; at++) {
            uint64_t number = pubsubs_next (fast, &s_reader).number;
            ck_assert (last == 0 || number == last + 1);
            first = first ? first : number;
            last = number;
        }
    }
    //  It was sent 48 MB, of which a few fit into queues. One more message for each that it takes: the end of
    //  what it lost is seen in the number of the next one that comes
    uint64_t got = 0, lost = 0, before = first - 1, end = actor_boot () + 60000;
    while (before <= last) {
        ck_assert_uint_lt (actor_boot (), end);
        pubsubs_publish (0, "news", "more");
        //  Its queue may be empty, and the publisher not know it yet: that one is lost, too
        if (!pubsubs_comes (slow, &s_other, 20))
            continue;
        uint64_t number = pubsubs_next (slow, &s_other).number;
        ck_assert_uint_gt (number, before);
        lost += number - before - 1;
        before = number;
        got++;
    }
    ck_assert_uint_gt (lost, ROUNDS * PER_ROUND / 2);
    ck_assert_uint_gt (got, 10);
    zsock_destroy (&fast);
    zsock_destroy (&slow);
}
END_TEST

START_TEST (events_of_the_node_are_published)
{
    zsock_t *subscriber = pubsubs_subscriber (0);
    pubsubs_want (subscriber, TOPIC_CHANNEL, "zgrid.events", true);
    pubsubs_sync (subscriber);
    pubsubs_event (0, "{\"event\":\"member added\"}");
    message_t message = pubsubs_next (subscriber, &s_reader);
    ck_assert_uint_eq (message.publisher, 0);
    ck_assert (bytes_equal (message.message, bytes_str ("{\"event\":\"member added\"}")));
    zsock_destroy (&subscriber);
}
END_TEST

START_TEST (what_other_actors_feed_is_published)
{
    zsock_t *subscriber = pubsubs_subscriber (0);
    pubsubs_want (subscriber, TOPIC_PATTERN, "zgrid.events.*", true);
    pubsubs_sync (subscriber);
    buf_t body = BUF_INIT;
    bytes_t channel = bytes_str ("zgrid.events.map");
    value_t value = value_bytes (bytes_str ("{}"));
    wire_begin (&body);
    for (uint64_t at = 1; at <= 100; at++)
        wire_request (&body, at, OP_PUBLISH, bytes_of (NULL, 0), &channel, &value, NULL);
    zmq_send (zsock_resolve (pubsubs[0].feed), body.data, body.size, 0);
    uint64_t first = pubsubs_next (subscriber, &s_reader).number;
    for (uint64_t at = 1; at < 100; at++)
        ck_assert_uint_eq (pubsubs_next (subscriber, &s_reader).number, first + at);
    buf_clear (&body);
    zsock_destroy (&subscriber);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Of a gateway

static gateway_ear_t *s_ear;
static hearers_t *s_hearers;
static unsigned s_told, s_settled;
static buf_t s_heard;

static void
s_follow (void *arg, bytes_t asked, bool on)
{
    (void) arg;
    gateway_ear_follow (s_ear, asked, on);
}

static void
s_message (void *arg, void *owner, const heard_message_t *message)
{
    (void) arg;
    (void) owner;
    s_told++;
    buf_add (&s_heard, message->message.data, message->message.size);
}

static void
s_is_settled (void *arg, void *owner, void *waiter)
{
    (void) arg;
    (void) waiter;
    (void) owner;
    s_settled++;
}

static void
s_start_gateway (int node)
{
    hearers_config_t config = { .subscriptions_max = 1000, .names_max = 100000, .seed = { 3 } };
    hearers_port_t port = { NULL, s_follow, s_message, s_is_settled };
    s_ear = gateway_ear_new (pubsubs[node].gateway);
    s_hearers = hearers_new (&config, &port);
    ck_assert (s_ear && s_hearers);
    s_told = s_settled = 0;
    buf_reset (&s_heard);
}

static void
s_end_gateway (void)
{
    hearers_destroy (&s_hearers);
    gateway_ear_destroy (&s_ear);
    buf_clear (&s_heard);
}

//  Until so many subscriptions are known to all, and so many messages have come.
static void
s_run_gateway (unsigned settled, unsigned told)
{
    zmq_pollitem_t item = { zsock_resolve (gateway_ear_socket (s_ear)), 0, ZMQ_POLLIN, 0 };
    bytes_t topic, body;
    hearers_turn (s_hearers, actor_boot ());
    for (uint64_t end = actor_boot () + 10000; s_settled < settled || s_told < told;) {
        ck_assert_uint_lt (actor_boot (), end);
        zmq_poll (&item, 1, 100);
        while (gateway_ear_receive (s_ear, &topic, &body))
            ck_assert (hearers_hear (s_hearers, topic, body));
        hearers_turn (s_hearers, actor_boot ());
    }
}

START_TEST (all_connections_of_a_gateway_are_counted_as_soon_as_they_are_confirmed)
{
    hearer_t *hearers[10];
    zsock_t *subscriber = pubsubs_subscriber (0);
    pubsubs_want (subscriber, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (subscriber);
    s_start_gateway (0);
    for (int at = 0; at < 10; at++) {
        hearers[at] = hearer_new (s_hearers, NULL);
        ck_assert_int_eq (hearer_add (hearers[at], HEAR_CHANNEL, bytes_str ("news")), HEARER_OK);
        ck_assert_int_eq (hearer_add (hearers[at], HEAR_PATTERN, bytes_str ("n*")), HEARER_OK);
        ck_assert (hearer_wait (hearers[at], NULL));
    }
    s_run_gateway (10, 0);
    for (int node = 0; node < PUBSUBS_MAX; node++) {
        ck_assert_uint_eq (pubsubs_numsub (node, "news"), 11);
        ck_assert_uint_eq (pubsubs_publish (node, "news", "1"), 21);
        ck_assert_uint_eq (pubsubs_publish (node, "next", "2"), 10);
    }
    s_run_gateway (10, 90);
    ck_assert_uint_eq (s_heard.size, 90);
    for (int at = 0; at < 10; at++) {
        hearer_trim (hearers[at], HEAR_PATTERN, 0);
        if (at < 8)
            hearer_trim (hearers[at], HEAR_CHANNEL, 0);
    }
    ck_assert (hearer_wait (hearers[0], NULL));
    s_run_gateway (11, 90);
    for (int node = 0; node < PUBSUBS_MAX; node++)
        ck_assert_uint_eq (pubsubs_publish (node, "news", "3"), 3);
    s_run_gateway (11, 96);
    for (int at = 0; at < 10; at++)
        hearer_destroy (&hearers[at]);
    s_run_gateway (11, 96);
    for (int node = 0; node < PUBSUBS_MAX; node++)
        pubsubs_await_numsub (node, "news", 1);
    ck_assert_uint_eq (pubsubs[0].status.junk + pubsubs[0].status.refused, 0);
    s_end_gateway ();
    zsock_destroy (&subscriber);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Hostile

static zsock_t *
s_raw (const char *endpoint)
{
    zsock_t *raw = zsock_new (ZMQ_XSUB);
    zsock_set_sndhwm (raw, 0);
    zsock_set_linger (raw, 0);
    zsock_set_reconnect_ivl (raw, -1);
    assert (zsock_connect (raw, "%s", endpoint) == 0);
    return raw;
}

START_TEST (nonsense_is_counted_and_harms_nobody)
{
    zsock_t *subscriber = pubsubs_subscriber (0);
    pubsubs_want (subscriber, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (subscriber);
    const char *endpoints[] = { pubsubs[0].endpoint, pubsubs[0].mesh };
    for (int at = 0; at < 2; at++) {
        uint64_t refused = pubsubs[0].status.refused;
        zsock_t *raw = s_raw (endpoints[at]);
        void *handle = zsock_resolve (raw);
        char large[1000];
        memset (large, 'c', sizeof large);
        large[0] = 1;
        zmq_send (handle, "\1", 1, 0);        // Everything
        zmq_send (handle, "\1c", 2, 0);       // All channels
        zmq_send (handle, "\1cnews", 6, 0);   // No end
        zmq_send (handle, "\5hello", 6, 0);   // No subscription
        zmq_send (handle, "\1ca\0b\0", 6, 0); // Two ends
        pubsubs_await (&pubsubs[0].status.refused, refused + 5);
        zmq_send (handle, large, sizeof large, 0); // The connection ends there
        zsock_destroy (&raw);
    }
    ck_assert_uint_eq (pubsubs_publish (0, "news", "text"), 1);
    ck_assert (bytes_equal (pubsubs_next (subscriber, &s_reader).message, bytes_str ("text")));
    zsock_destroy (&subscriber);
}
END_TEST

START_TEST (the_longest_names_are_taken)
{
    char name[TOPIC_NAME_MAX + 1];
    memset (name, 'x', TOPIC_NAME_MAX);
    name[TOPIC_NAME_MAX] = 0;
    zsock_t *subscriber = pubsubs_subscriber (0);
    pubsubs_want (subscriber, TOPIC_CHANNEL, name, true);
    pubsubs_sync (subscriber);
    ck_assert_uint_eq (pubsubs_publish (0, name, "text"), 1);
    ck_assert_uint_eq (pubsubs_next (subscriber, &s_reader).channel.size, TOPIC_NAME_MAX);
    zsock_destroy (&subscriber);
}
END_TEST

START_TEST (a_client_has_ten_thousand_subscriptions_and_no_more)
{
    char topic[32] = "\1c";
    zsock_t *raw = s_raw (pubsubs[0].endpoint);
    for (int at = 0; at < 10000; at++) {
        int size = snprintf (topic + 2, sizeof topic - 2, "%d", at);
        zmq_send (zsock_resolve (raw), topic, (size_t) size + 3, 0);
    }
    pubsubs_await_numsub (0, "9999", 1);
    pubsubs_await (&pubsubs[0].status.topics, 10000);
    zmq_send (zsock_resolve (raw), "\1cone more", 11, 0);
    pubsubs_await (&pubsubs[0].status.cut, 1);
    pubsubs_await_numsub (0, "9999", 0);
    //  The connection has been closed
    for (uint64_t until = actor_boot () + 10000; pubsubs[0].status.subscribers && actor_boot () < until;)
        zmq_poll (NULL, 0, 1);
    ck_assert_uint_eq (pubsubs[0].status.subscribers, 0);
    zsock_destroy (&raw);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Members

START_TEST (members_are_sent_what_somebody_there_wants)
{
    zsock_t *one = pubsubs_subscriber (1), *two = pubsubs_subscriber (2), *three = pubsubs_subscriber (2);
    pubsubs_want (one, TOPIC_CHANNEL, "news", true);
    pubsubs_want (two, TOPIC_PATTERN, "o*", true);
    pubsubs_want (three, TOPIC_PATTERN, "o*", true);
    pubsubs_sync (one);
    pubsubs_sync (two);
    pubsubs_sync (three);
    ck_assert_uint_eq (pubsubs_publish (0, "news", "1"), 1);
    ck_assert_uint_eq (pubsubs_publish (0, "other", "2"), 2);
    ck_assert_uint_eq (pubsubs_publish (0, "nothing", "3"), 0);
    ck_assert (bytes_equal (pubsubs_next (one, &s_reader).message, bytes_str ("1")));
    ck_assert (bytes_equal (pubsubs_next (two, &s_other).message, bytes_str ("2")));
    frames_close (&s_other.frames);
    ck_assert (bytes_equal (pubsubs_next (three, &s_other).message, bytes_str ("2")));
    //  They are counted when the turn is over
    pubsubs_await (&pubsubs[1].status.received, 1);
    pubsubs_await (&pubsubs[2].status.received, 1);
    pubsubs_await (&pubsubs[0].status.published, 3);
    ck_assert_uint_eq (pubsubs[0].status.received, 0);
    zsock_destroy (&one);
    zsock_destroy (&two);
    zsock_destroy (&three);
}
END_TEST

START_TEST (counts_are_of_the_whole_cluster)
{
    zsock_t *subscribers[6];
    for (int at = 0; at < 6; at++) {
        subscribers[at] = pubsubs_subscriber (at % 3);
        pubsubs_want (subscribers[at], TOPIC_CHANNEL, "news", true);
        if (at < 2)
            pubsubs_want (subscribers[at], TOPIC_PATTERN, "n*", true);
    }
    value_t nil = value_nil ();
    for (int node = 0; node < 3; node++)
        pubsubs_await_numsub (node, "news", 6);
    for (int node = 0; node < 3; node++)
        ck_assert_int_eq (pubsubs_ask (node, OP_NUMPAT, NULL, &nil).value.integer, 1);
    ck_assert_uint_eq (pubsubs_publish (2, "news", "text"), 8);
    zsock_destroy (&subscribers[0]);
    zsock_destroy (&subscribers[3]);
    for (int node = 0; node < 3; node++)
        pubsubs_await_numsub (node, "news", 4);
    for (int at = 0; at < 6; at++)
        zsock_destroy (&subscribers[at]);
    for (int node = 0; node < 3; node++)
        pubsubs_await_numsub (node, "news", 0);
}
END_TEST

START_TEST (order_is_kept_for_each_publisher_and_channel)
{
    zsock_t *subscriber = pubsubs_subscriber (0);
    pubsubs_want (subscriber, TOPIC_CHANNEL, "news", true);
    pubsubs_want (subscriber, TOPIC_PATTERN, "n*", true);
    pubsubs_sync (subscriber);
    uint64_t numbers[2][4] = { { 0 } };
    for (int at = 0; at < 900; at++)
        ck_assert_uint_eq (pubsubs_publish (at % 3, "news", "text"), 2);
    for (int at = 0; at < 1800; at++) {
        message_t message = pubsubs_next (subscriber, &s_reader);
        bytes_t name;
        topic_kind_t kind = topic_read (s_reader.frames.frames[0], &name);
        uint64_t *number = &numbers[kind == TOPIC_PATTERN][message.publisher];
        ck_assert (*number == 0 || message.number == *number + 1);
        *number = message.number;
    }
    zsock_destroy (&subscriber);
}
END_TEST

START_TEST (members_that_die_do_not_count_and_those_that_come_do)
{
    zsock_t *one = pubsubs_subscriber (1), *two = pubsubs_subscriber (2);
    pubsubs_want (one, TOPIC_CHANNEL, "news", true);
    pubsubs_want (two, TOPIC_CHANNEL, "news", true);
    pubsubs_await_numsub (0, "news", 2);
    pubsubs_stop (2);
    pubsubs_await_numsub (0, "news", 1);
    pubsubs_view ();
    pubsubs_sync (one); // Nobody waits for the one that is gone
    ck_assert_uint_eq (pubsubs_publish (0, "news", "1"), 1);
    zsock_destroy (&two);
    pubsubs_start (2);
    pubsubs_view ();
    two = pubsubs_subscriber (2);
    pubsubs_want (two, TOPIC_CHANNEL, "news", true);
    pubsubs_sync (two);
    pubsubs_await_numsub (0, "news", 2);
    ck_assert_uint_eq (pubsubs_publish (0, "news", "2"), 2);
    ck_assert (bytes_equal (pubsubs_next (two, &s_other).message, bytes_str ("2")));
    ck_assert (bytes_equal (pubsubs_next (one, &s_reader).message, bytes_str ("1")));
    ck_assert (bytes_equal (pubsubs_next (one, &s_reader).message, bytes_str ("2")));
    zsock_destroy (&one);
    zsock_destroy (&two);
}
END_TEST

START_TEST (subscriptions_are_in_force_when_the_token_comes_back)
{
    char name[16];
    zsock_t *subscriber = pubsubs_subscriber (0);
    for (int round = 0; round < 100; round++) {
        snprintf (name, sizeof name, "channel %d", round);
        pubsubs_want (subscriber, TOPIC_CHANNEL, name, true);
        pubsubs_sync (subscriber);
        ck_assert_uint_eq (pubsubs_publish (1, name, name), 1);
        ck_assert_uint_eq (pubsubs_publish (2, name, name), 1);
        ck_assert (bytes_equal (pubsubs_next (subscriber, &s_reader).message, bytes_str (name)));
        ck_assert (bytes_equal (pubsubs_next (subscriber, &s_reader).message, bytes_str (name)));
    }
    zsock_destroy (&subscriber);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("pubsub actor");
    TCase *alone = tcase_create ("alone");
    tcase_set_timeout (alone, TEST_TIMEOUT);
    tcase_add_checked_fixture (alone, s_set_up, s_tear_down);
    tcase_add_test (alone, a_message_comes_once_for_its_channel_and_once_for_each_pattern);
    tcase_add_test (alone, who_subscribes_twice_counts_once_until_it_is_gone);
    tcase_add_test (alone, connections_that_come_and_go_leave_nothing_behind);
    tcase_add_test (alone, a_slow_subscriber_loses_countably_and_delays_nobody);
    tcase_add_test (alone, events_of_the_node_are_published);
    tcase_add_test (alone, what_other_actors_feed_is_published);
    tcase_add_test (alone, nonsense_is_counted_and_harms_nobody);
    tcase_add_test (alone, the_longest_names_are_taken);
    tcase_add_test (alone, a_client_has_ten_thousand_subscriptions_and_no_more);
    suite_add_tcase (suite, alone);
    TCase *members = tcase_create ("members");
    tcase_set_timeout (members, TEST_TIMEOUT);
    tcase_add_checked_fixture (members, s_set_up_three, s_tear_down);
    tcase_add_test (members, members_are_sent_what_somebody_there_wants);
    tcase_add_test (members, counts_are_of_the_whole_cluster);
    tcase_add_test (members, all_connections_of_a_gateway_are_counted_as_soon_as_they_are_confirmed);
    tcase_add_test (members, order_is_kept_for_each_publisher_and_channel);
    tcase_add_test (members, members_that_die_do_not_count_and_those_that_come_do);
    tcase_add_test (members, subscriptions_are_in_force_when_the_token_comes_back);
    suite_add_tcase (suite, members);
    return suite;
}

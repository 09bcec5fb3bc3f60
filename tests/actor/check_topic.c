//  check_topic: subscribers, of two nodes in this process; and what they make of numbers.
//  SPDX-License-Identifier: MPL-2.0
#include <poll.h>
#include <zgrid.h>

#include "client/topic_impl.h"
#include "lib/test.h"
#include "mem.h"

#define S_PATIENCE 20000

//  ------------------------------------------------------------------------------------------------
//  Numbers

static zgrid_topic_t s_table;

static bytes_t
s_frame (const char *name)
{
    static uint8_t s_room[TOPIC_SIZE_MAX];
    return bytes_of (s_room, topic_write (TOPIC_CHANNEL, bytes_str (name), s_room));
}

static void
s_is_lost (subscription_t *subscription, uint64_t link, uint64_t publisher, uint64_t number, uint64_t lost,
           bool gap)
{
    bool found;
    ck_assert_uint_eq (topic_lost (subscription, link, publisher, number, &found), lost);
    ck_assert_int_eq (found, gap);
}

START_TEST (what_is_lost_is_counted_for_each_publisher)
{
    subscription_t *news = topic_add (&s_table, s_frame ("news"));
    s_table.sub = &s_table; // Somebody to listen to, but for this test nobody is asked
    subscription_t *other = topic_add (&s_table, s_frame ("other"));
    s_table.sub = NULL;
    s_is_lost (news, 1, 7, 100, 0, false); // The first number may be any
    s_is_lost (news, 1, 7, 101, 0, false);
    s_is_lost (news, 1, 8, 5, 0, false);
    s_is_lost (news, 1, 7, 105, 3, false);
    s_is_lost (news, 1, 8, 6, 0, false);
    s_is_lost (other, 0, 7, 300, 0, false);
    s_is_lost (news, 1, 7, 3, 0, true); // Began anew
    s_is_lost (news, 1, 7, 4, 0, false);
    s_is_lost (news, 2, 7, 90, 0, true); // Another connection
    s_is_lost (news, 2, 8, 90, 0, false);
    s_is_lost (other, 2, 7, 301, 0, true);
    topic_clear (&s_table);
}
END_TEST

START_TEST (more_publishers_than_are_remembered_are_a_gap)
{
    subscription_t *news = topic_add (&s_table, s_frame ("news"));
    for (uint64_t publisher = 1; publisher <= TOPIC_PUBLISHERS_MAX; publisher++)
        s_is_lost (news, 1, publisher, 1, 0, false);
    s_is_lost (news, 1, 12345, 1, 0, true);
    s_is_lost (news, 1, 12345, 3, 0, false);
    s_is_lost (news, 1, 12345, 5, 1, false);
    topic_clear (&s_table);
}
END_TEST

START_TEST (subscriptions_are_found_until_they_are_removed)
{
    char name[16];
    for (int at = 0; at < 1000; at++) {
        snprintf (name, sizeof name, "n%d", at);
        ck_assert_ptr_null (topic_find (&s_table, s_frame (name)));
        ck_assert_ptr_nonnull (topic_add (&s_table, s_frame (name)));
    }
    for (int at = 0; at < 1000; at++) {
        snprintf (name, sizeof name, "n%d", at);
        subscription_t *found = topic_find (&s_table, s_frame (name));
        ck_assert_ptr_nonnull (found);
        topic_remove (&s_table, &found);
        ck_assert_ptr_null (topic_find (&s_table, s_frame (name)));
        ck_assert_uint_eq (s_table.count, (size_t) (999 - at));
    }
    topic_clear (&s_table);
}
END_TEST

START_TEST (without_memory_nothing_is_added)
{
    for (uint64_t at = 1;; at++) {
        mem_fail_at (at);
        subscription_t *added = topic_add (&s_table, s_frame ("news"));
        mem_fail_at (0);
        ck_assert_uint_eq (s_table.count, added ? 1 : 0);
        if (added)
            break;
        ck_assert (at < 10);
    }
    subscription_t *news = topic_find (&s_table, s_frame ("news"));
    mem_fail_at (1);
    bool gap;
    topic_lost (news, 1, 7, 1, &gap);
    mem_fail_at (0);
    ck_assert (gap);
    topic_clear (&s_table);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Nodes

static zgrid_node_t *s_nodes[2];

static void
s_start (int at)
{
    zgrid_node_t *node = s_nodes[at] = zgrid_node_new ();
    ck_assert_int_eq (zgrid_node_set (node, "node.name", at ? "two" : "one"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_set (node, "node.client", "tcp://127.0.0.1:*"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_set (node, "node.peer", "tcp://127.0.0.1:*"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_set (node, "storage.actors", "1"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_set (node, "cluster.partitions", "8"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_set (node, "log.level", "error"), ZGRID_OK);
    if (at)
        ck_assert_int_eq (zgrid_node_set (node, "cluster.seeds", zgrid_node_peer (s_nodes[0])), ZGRID_OK);
    ck_assert_msg (zgrid_node_start (node) == ZGRID_OK, "%s", zgrid_node_error (node));
}

static void
s_set_up (void)
{
    s_start (0);
    s_start (1);
}

static void
s_tear_down (void)
{
    zgrid_node_destroy (&s_nodes[1]);
    zgrid_node_destroy (&s_nodes[0]);
}

static zgrid_topic_t *
s_topic (int at)
{
    zgrid_topic_options_t options = ZGRID_TOPIC_OPTIONS_INIT;
    zgrid_topic_t *topic;
    options.endpoints = zgrid_node_endpoint (s_nodes[at]);
    options.timeout_ms = S_PATIENCE;
    ck_assert_int_eq (zgrid_topic_new (&topic, &options), ZGRID_OK);
    ck_assert_str_eq (zgrid_topic_server (topic), options.endpoints);
    return topic;
}

static zgrid_client_t *
s_client (int at)
{
    zgrid_client_t *client;
    ck_assert_int_eq (zgrid_node_client (s_nodes[at], &client), ZGRID_OK);
    return client;
}

static void
s_publish (zgrid_client_t *client, const char *channel, unsigned number)
{
    char text[16];
    snprintf (text, sizeof text, "%u", number);
    int status = zgrid_client_publish (client, zgrid_str (channel), zgrid_str (text), NULL);
    ck_assert_msg (status == ZGRID_OK, "message %u: %s: %s", number, zgrid_status_name (status),
                   zgrid_client_error (client));
}

static unsigned
s_number (const zgrid_message_t *message)
{
    char text[16] = "";
    ck_assert_uint_lt (message->message.size, sizeof text);
    memcpy (text, message->message.data, message->message.size);
    return (unsigned) atoi (text);
}

START_TEST (what_comes_while_another_subscription_is_confirmed_is_kept)
{
    zgrid_client_t *client = s_client (1);
    zgrid_topic_t *topic = s_topic (0);
    zgrid_message_t message;
    ck_assert_int_eq (zgrid_topic_subscribe (topic, zgrid_str ("a")), ZGRID_OK);
    for (unsigned number = 0; number < 100; number++) {
        s_publish (client, "a", number);
        if (number % 10 == 0)
            ck_assert_int_eq (zgrid_topic_subscribe_pattern (topic, zgrid_str ("b*")), ZGRID_OK);
    }
    for (unsigned number = 0; number < 100; number++) {
        ck_assert_int_eq (zgrid_topic_receive (topic, &message, S_PATIENCE), ZGRID_OK);
        ck_assert_uint_eq (s_number (&message), number);
        ck_assert (!message.lost && !message.gap);
    }
    zgrid_topic_destroy (&topic);
    zgrid_client_destroy (&client);
}
END_TEST

START_TEST (the_descriptor_tells_of_messages)
{
    zgrid_client_t *client = s_client (1);
    zgrid_topic_t *topics[] = { s_topic (0), NULL };
    ck_assert_int_eq (zgrid_node_topic (s_nodes[0], &topics[1]), ZGRID_OK);
    for (int which = 0; which < 2; which++) {
        zgrid_topic_t *topic = topics[which];
        struct pollfd fd = { zgrid_topic_fd (topic), POLLIN, 0 };
        ck_assert_int_eq (zgrid_topic_subscribe (topic, zgrid_str ("a")), ZGRID_OK);
        unsigned heard = 0;
        for (unsigned number = 0; number < 50; number++) {
            s_publish (client, "a", number);
            while (heard <= number) {
                zgrid_message_t message;
                if (zgrid_topic_receive (topic, &message, 0) == ZGRID_OK)
                    ck_assert_uint_eq (s_number (&message), heard++);
                else
                    poll (&fd, 1, zgrid_topic_timeout (topic));
            }
        }
    }
    zgrid_topic_destroy (&topics[0]);
    zgrid_topic_destroy (&topics[1]);
    zgrid_client_destroy (&client);
}
END_TEST

START_TEST (when_its_member_leaves_it_goes_on_at_another_and_says_so)
{
    zgrid_client_t *client = s_client (0);
    zgrid_topic_t *topic = s_topic (1);
    zgrid_message_t message;
    ck_assert_int_eq (zgrid_topic_subscribe (topic, zgrid_str ("a")), ZGRID_OK);
    s_publish (client, "a", 1);
    ck_assert_int_eq (zgrid_topic_receive (topic, &message, S_PATIENCE), ZGRID_OK);
    ck_assert (!message.gap);
    zgrid_node_destroy (&s_nodes[1]);
    unsigned number = 1;
    do
        s_publish (client, "a", ++number);
    while (zgrid_topic_receive (topic, &message, 20) != ZGRID_OK);
    ck_assert (message.gap && s_number (&message) >= 2);
    ck_assert_str_eq (zgrid_topic_server (topic), zgrid_node_endpoint (s_nodes[0]));
    for (unsigned next = s_number (&message) + 1; next <= number; next++) {
        ck_assert_int_eq (zgrid_topic_receive (topic, &message, S_PATIENCE), ZGRID_OK);
        ck_assert (s_number (&message) == next && !message.gap && !message.lost);
    }
    zgrid_topic_destroy (&topic);
    zgrid_client_destroy (&client);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("topic");
    TCase *numbers = tcase_create ("numbers"), *nodes = tcase_create ("nodes");
    tcase_add_test (numbers, what_is_lost_is_counted_for_each_publisher);
    tcase_add_test (numbers, more_publishers_than_are_remembered_are_a_gap);
    tcase_add_test (numbers, subscriptions_are_found_until_they_are_removed);
    tcase_add_test (numbers, without_memory_nothing_is_added);
    suite_add_tcase (suite, numbers);
    tcase_add_checked_fixture (nodes, s_set_up, s_tear_down);
    tcase_set_timeout (nodes, TEST_TIMEOUT);
    tcase_add_test (nodes, what_comes_while_another_subscription_is_confirmed_is_kept);
    tcase_add_test (nodes, the_descriptor_tells_of_messages);
    tcase_add_test (nodes, when_its_member_leaves_it_goes_on_at_another_and_says_so);
    suite_add_tcase (suite, nodes);
    return suite;
}

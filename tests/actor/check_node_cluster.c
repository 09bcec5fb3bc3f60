//  check_node_cluster: nodes inside of this process that are members of one cluster.
//  SPDX-License-Identifier: MPL-2.0
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zgrid.h>

#include "lib/test.h"

#define S_KEYS 200

static void
s_set (zgrid_node_t *node, const char *name, const char *value)
{
    ck_assert_msg (zgrid_node_set (node, name, value) == ZGRID_OK, "%s", zgrid_node_error (node));
}

//  A node that asks a seed; NULL: it founds a cluster.
static zgrid_node_t *
s_node (const char *name, const char *seed)
{
    zgrid_node_t *node = zgrid_node_new ();
    assert (node);
    s_set (node, "node.name", name);
    s_set (node, "node.client", "tcp://127.0.0.1:*");
    s_set (node, "node.peer", "tcp://127.0.0.1:*");
    s_set (node, "storage.actors", "1");
    s_set (node, "cluster.partitions", "16");
    s_set (node, "log.level", "error");
    if (seed)
        s_set (node, "cluster.seeds", seed);
    return node;
}

static void
s_start (zgrid_node_t *node)
{
    ck_assert_msg (zgrid_node_start (node) == ZGRID_OK, "%s", zgrid_node_error (node));
    ck_assert_int_eq (zgrid_node_state (node), ZGRID_OK);
}

static zgrid_client_t *
s_local (zgrid_node_t *node)
{
    zgrid_client_t *client;
    ck_assert_int_eq (zgrid_node_client (node, &client), ZGRID_OK);
    return client;
}

static void
s_write (zgrid_client_t *client, const char *map)
{
    char key[32], value[32];
    for (int at = 0; at < S_KEYS; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        snprintf (value, sizeof value, "%s-%d", map, at);
        ck_assert_int_eq (zgrid_client_put (client, map, zgrid_str (key), zgrid_str (value), NULL, NULL),
                          ZGRID_OK);
    }
}

static void
s_read (zgrid_client_t *client, const char *map)
{
    char key[32], value[32];
    zgrid_entry_t entry;
    for (int at = 0; at < S_KEYS; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        snprintf (value, sizeof value, "%s-%d", map, at);
        int status = zgrid_client_get (client, map, zgrid_str (key), NULL, &entry);
        ck_assert_msg (status == ZGRID_OK, "%s: %d %s", key, status, zgrid_client_error (client));
        ck_assert_uint_eq (entry.value.size, strlen (value));
        ck_assert_mem_eq (entry.value.data, value, strlen (value));
    }
    uint64_t size;
    ck_assert_int_eq (zgrid_client_size (client, map, &size), ZGRID_OK);
    ck_assert_uint_eq (size, S_KEYS);
}

START_TEST (what_one_member_is_told_all_members_know)
{
    zgrid_node_t *nodes[3];
    zgrid_client_t *clients[3];
    nodes[0] = s_node ("a", NULL);
    s_start (nodes[0]);
    ck_assert_uint_eq (strlen (zgrid_node_id (nodes[0])), 16);
    ck_assert_ptr_nonnull (strstr (zgrid_node_peer (nodes[0]), "tcp://127.0.0.1:"));
    nodes[1] = s_node ("b", zgrid_node_peer (nodes[0]));
    s_start (nodes[1]);
    nodes[2] = s_node ("c", zgrid_node_peer (nodes[1])); // Any member will do
    s_start (nodes[2]);
    ck_assert_str_ne (zgrid_node_id (nodes[0]), zgrid_node_id (nodes[2]));
    for (int at = 0; at < 3; at++)
        clients[at] = s_local (nodes[at]);
    s_write (clients[0], "m0");
    s_write (clients[1], "m1");
    s_write (clients[2], "m2");
    for (int at = 0; at < 3; at++) {
        s_read (clients[at], "m0");
        s_read (clients[at], "m1");
        s_read (clients[at], "m2");
        zgrid_client_destroy (&clients[at]);
    }
    for (int at = 0; at < 3; at++)
        zgrid_node_destroy (&nodes[at]);
}
END_TEST

START_TEST (who_leaves_takes_nothing_along)
{
    zgrid_node_t *first = s_node ("first", NULL), *second;
    s_start (first);
    zgrid_client_t *client = s_local (first);
    s_write (client, "before");
    second = s_node ("second", zgrid_node_peer (first));
    s_start (second);
    zgrid_client_t *other = s_local (second);
    s_read (other, "before");
    s_write (other, "after");
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&first); // The founder, with the only vote and, perhaps, the only copies
    s_read (other, "before");
    s_read (other, "after");
    zgrid_client_destroy (&other);
    zgrid_node_destroy (&second);
}
END_TEST

START_TEST (a_witness_votes_and_holds_nothing)
{
    zgrid_node_t *data = s_node ("data", NULL), *witness;
    s_start (data);
    witness = s_node ("witness", zgrid_node_peer (data));
    s_set (witness, "node.witness", "true");
    s_start (witness);
    zgrid_client_t *client = s_local (witness);
    s_write (client, "m");
    s_read (client, "m");
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&witness);
    client = s_local (data);
    s_read (client, "m");
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&data);
}
END_TEST

START_TEST (another_number_of_partitions_is_not_taken)
{
    zgrid_node_t *first = s_node ("first", NULL), *second;
    s_start (first);
    second = s_node ("second", zgrid_node_peer (first));
    s_set (second, "cluster.partitions", "17");
    ck_assert_int_eq (zgrid_node_start (second), ZGRID_CLUSTER_MISMATCH);
    ck_assert_ptr_nonnull (strstr (zgrid_node_error (second), "partitions"));
    s_set (second, "cluster.partitions", "16");
    s_start (second);
    zgrid_node_destroy (&second);
    zgrid_node_destroy (&first);
}
END_TEST

static void *
s_starts (void *arg)
{
    static int status;
    status = zgrid_node_start (arg);
    return &status;
}

START_TEST (waiting_for_a_cluster_can_be_interrupted)
{
    //  Its own address would do; nobody else is there
    zgrid_node_t *node = s_node ("lonely", "tcp://127.0.0.1:1");
    pthread_t thread;
    void *status;
    ck_assert_int_eq (pthread_create (&thread, NULL, s_starts, node), 0);
    zgrid_node_interrupt (node);
    ck_assert_int_eq (pthread_join (thread, &status), 0);
    ck_assert_int_eq (*(int *) status, ZGRID_TIMEOUT);
    ck_assert_ptr_nonnull (strstr (zgrid_node_error (node), "interrupted"));
    ck_assert_int_eq (zgrid_node_state (node), ZGRID_UNAVAILABLE);
    zgrid_node_destroy (&node);
}
END_TEST

START_TEST (peer_addresses_are_checked)
{
    static const struct {
        const char *name, *value;
        int status;
        const char *said;
    } wrong[] = {
        { "node.peer", "tcp://192.0.2.1:*", ZGRID_DENIED, "node.insecure" },
        { "node.storage_peer", "tcp://192.0.2.1:*", ZGRID_DENIED, "node.insecure" },
        { "node.peer", "tcp://0.0.0.0:*", ZGRID_DENIED, "node.insecure" },
        { "node.peer", "ipc:///tmp/x", ZGRID_MALFORMED, "node.peer" },
    };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        zgrid_node_t *node = s_node ("n", NULL);
        s_set (node, wrong[at].name, wrong[at].value);
        ck_assert_int_eq (zgrid_node_start (node), wrong[at].status);
        ck_assert_ptr_nonnull (strstr (zgrid_node_error (node), wrong[at].said));
        zgrid_node_destroy (&node);
    }
    //  Allowed, but nobody could connect to it
    zgrid_node_t *node = s_node ("n", NULL);
    s_set (node, "node.insecure", "true");
    s_set (node, "node.peer", "tcp://*:*");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_MALFORMED);
    ck_assert_ptr_nonnull (strstr (zgrid_node_error (node), "node.advertise"));
    s_set (node, "node.advertise", "127.0.0.1");
    s_start (node);
    ck_assert_ptr_nonnull (strstr (zgrid_node_peer (node), "tcp://127.0.0.1:"));
    zgrid_node_destroy (&node);
}
END_TEST

//  What was told of the members.
typedef struct {
    unsigned events;
    char last[1024];
} s_heard_t;

static void
s_on_event (void *arg, zgrid_bytes_t json, uint64_t version)
{
    s_heard_t *heard = arg;
    ck_assert_uint_gt (version, 0);
    ck_assert_uint_lt (json.size, sizeof heard->last);
    if (!memmem (json.data, json.size, "\"admin\"", 7))
        return;
    memcpy (heard->last, json.data, json.size);
    heard->last[json.size] = 0;
    heard->events++;
}

static int
s_set_voters (zgrid_client_t *client)
{
    static const char words[] = "\x93\xa3set\xa6voters\xa1"
                                "3";
    zgrid_bytes_t value = { words, sizeof words - 1 };
    zgrid_entry_t entry;
    return zgrid_client_call (client, "ADMIN", "m", NULL, &value, NULL, &entry);
}

//  When HELLO has arrived is not known: orders are given until one of them is told of.
START_TEST (a_client_hears_of_events)
{
    zgrid_node_t *node = s_node ("n1", NULL);
    s_start (node);
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = zgrid_node_endpoint (node);
    zgrid_client_t *client;
    s_heard_t heard = { .events = 0 };
    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_OK);
    ck_assert_int_eq (s_set_voters (client), ZGRID_OK);
    zgrid_client_on_event (client, s_on_event, &heard);
    for (unsigned tries = 0; heard.events == 0 && tries < 1000; tries++)
        ck_assert_int_eq (s_set_voters (client), ZGRID_OK);
    ck_assert_uint_gt (heard.events, 0);
    ck_assert_ptr_nonnull (strstr (heard.last, "{\"event\":\"admin\",\"at\":"));
    ck_assert_ptr_nonnull (strstr (heard.last, ",\"node\":\"n1\",\"member\":\"n1\","));
    ck_assert_ptr_nonnull (strstr (heard.last, ",\"text\":\"set voters 3\"}"));
    zgrid_client_on_event (client, NULL, NULL);
    unsigned before = heard.events;
    for (unsigned tries = 0; tries < 5; tries++)
        ck_assert_int_eq (s_set_voters (client), ZGRID_OK);
    ck_assert_uint_eq (heard.events, before);
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&node);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("node in a cluster");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, what_one_member_is_told_all_members_know);
    tcase_add_test (all, who_leaves_takes_nothing_along);
    tcase_add_test (all, a_witness_votes_and_holds_nothing);
    tcase_add_test (all, another_number_of_partitions_is_not_taken);
    tcase_add_test (all, waiting_for_a_cluster_can_be_interrupted);
    tcase_add_test (all, peer_addresses_are_checked);
    tcase_add_test (all, a_client_hears_of_events);
    suite_add_tcase (suite, all);
    return suite;
}

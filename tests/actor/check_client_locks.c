//  check_client_locks: locks through every kind of client: embedded and remote, straight to the owner and
//  through a router, where the lock's owner is and elsewhere.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zgrid.h>

#include "client/client_impl.h"
#include "lib/test.h"

#define S_KINDS 4
#define S_KEYS 8 // Of both owners
#define S_LONG 60000
#define S_HOUR 3600000

static zgrid_node_t *s_nodes[2];
static zgrid_client_t *s_clients[S_KINDS]; // Embedded in each node, remote, remote through a router

static zgrid_node_t *
s_node (const char *name, const char *seed)
{
    const char *settings[][2] = { { "node.name", name },
                                  { "node.client", "tcp://127.0.0.1:*" },
                                  { "node.peer", "tcp://127.0.0.1:*" },
                                  { "storage.actors", "2" },
                                  { "cluster.partitions", "16" },
                                  { "log.level", "error" },
                                  { "cluster.seeds", seed } };
    size_t count = sizeof settings / sizeof settings[0] - !seed;
    zgrid_node_t *node = zgrid_node_new ();
    ck_assert_ptr_nonnull (node);
    for (size_t at = 0; at < count; at++)
        ck_assert_int_eq (zgrid_node_set (node, settings[at][0], settings[at][1]), ZGRID_OK);
    int status = zgrid_node_start (node);
    ck_assert_msg (status == ZGRID_OK, "%s", zgrid_node_error (node));
    return node;
}

static zgrid_client_t *
s_remote (const zgrid_node_t *node, bool indirect)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = zgrid_node_endpoint (node);
    options.indirect = indirect;
    zgrid_client_t *client;
    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_OK);
    return client;
}

static void
s_set_up (void)
{
    s_nodes[0] = s_node ("a", NULL);
    s_nodes[1] = s_node ("b", zgrid_node_peer (s_nodes[0]));
    for (int at = 0; at < 2; at++)
        ck_assert_int_eq (zgrid_node_client (s_nodes[at], &s_clients[at]), ZGRID_OK);
    s_clients[2] = s_remote (s_nodes[0], false);
    s_clients[3] = s_remote (s_nodes[1], true);
}

static void
s_tear_down (void)
{
    for (int at = 0; at < S_KINDS; at++)
        zgrid_client_destroy (&s_clients[at]);
    for (int at = 2; at-- > 0;)
        zgrid_node_destroy (&s_nodes[at]);
}

static zgrid_bytes_t
s_key (int number)
{
    static char text[32];
    snprintf (text, sizeof text, "lock-%d", number);
    return zgrid_str (text);
}

static uint64_t
s_take (zgrid_client_t *client, int key, uint32_t lease_ms, uint32_t wait_ms)
{
    uint64_t token = 0;
    int status = zgrid_client_lock (client, "m", s_key (key), lease_ms, wait_ms, &token);
    ck_assert_msg (status == ZGRID_OK, "%s", zgrid_client_error (client));
    ck_assert_uint_gt (token, 0);
    return token;
}

static void
s_give (zgrid_client_t *client, int key, uint64_t token)
{
    int status = zgrid_client_unlock (client, "m", s_key (key), token);
    ck_assert_msg (status == ZGRID_OK, "%s", zgrid_client_error (client));
}

//  The future is done, and this is its token.
static uint64_t
s_token (zgrid_future_t *future)
{
    ck_assert (zgrid_future_wait (future, 0));
    const zgrid_entry_t *entry = zgrid_future_entry (future);
    ck_assert_int_eq (entry->status, ZGRID_OK);
    ck_assert_uint_eq ((uint64_t) entry->integer, entry->version);
    return (uint64_t) entry->integer;
}

//  Its LOCK stands in line: a later operation on the handle has been answered.
static void
s_let_stand (zgrid_client_t *client, int key)
{
    uint64_t token;
    ck_assert_int_eq (zgrid_client_trylock (client, "m", s_key (key), 0, &token), ZGRID_LOCKED);
    ck_assert_uint_eq (token, 0);
}

START_TEST (a_lock_is_one_for_all_kinds_of_clients)
{
    uint64_t token, last[S_KEYS] = { 0 };
    for (int holder = 0; holder < S_KINDS; holder++)
        for (int key = 0; key < S_KEYS; key++) {
            token = s_take (s_clients[holder], key, 0, 0);
            ck_assert_uint_gt (token, last[key]);
            last[key] = token;
            for (int other = 0; other < S_KINDS; other++) {
                zgrid_client_t *client = s_clients[other];
                s_let_stand (client, key);
                ck_assert_int_eq (zgrid_client_lock (client, "m", s_key (key), 0, 0, &token), ZGRID_LOCKED);
                ck_assert_int_eq (zgrid_client_lock (client, "m", s_key (key), 0, 1, &token), ZGRID_LOCKED);
                ck_assert_int_eq (zgrid_client_unlock (client, "m", s_key (key), last[key] + 1),
                                  ZGRID_NOSUCHLOCK);
                ck_assert_int_eq (zgrid_client_lease (client, "m", s_key (key), last[key] + 1, 1000),
                                  ZGRID_NOSUCHLOCK);
                ck_assert_int_eq (zgrid_client_lease (client, "m", s_key (key), last[key], S_HOUR), ZGRID_OK);
            }
            ck_assert_int_eq (zgrid_client_exists (s_clients[0], "m", s_key (key)), ZGRID_NOTFOUND);
            s_give (s_clients[(holder + 1) % S_KINDS], key, last[key]); // Whoever knows the token
            ck_assert_int_eq (zgrid_client_unlock (s_clients[holder], "m", s_key (key), last[key]),
                              ZGRID_NOSUCHLOCK);
        }
}
END_TEST

START_TEST (who_stands_in_line_gets_it_when_it_is_given_back)
{
    for (int waiter = 0; waiter < S_KINDS; waiter++)
        for (int key = 0; key < S_KEYS; key++) {
            zgrid_client_t *holder = s_clients[(waiter + 1) % S_KINDS], *client = s_clients[waiter];
            uint64_t token = s_take (holder, key, 0, 0);
            zgrid_future_t *future = zgrid_client_lock_future (client, "m", s_key (key), 0, S_LONG);
            zgrid_client_flush (client);
            s_let_stand (client, key);
            ck_assert (!zgrid_future_done (future));
            //  The handle does everything else meanwhile
            ck_assert_int_eq (zgrid_client_put (client, "m", s_key (key), zgrid_str ("v"), NULL, NULL),
                              ZGRID_OK);
            s_give (holder, key, token);
            ck_assert_uint_gt (s_token (future), token);
            s_give (client, key, s_token (future));
            zgrid_future_destroy (&future);
        }
}
END_TEST

START_TEST (a_wait_ends)
{
    uint64_t token;
    s_take (s_clients[0], 1, 0, 0);
    for (int at = 0; at < S_KINDS; at++) {
        uint64_t begin = wait_clock ();
        ck_assert_int_eq (zgrid_client_lock (s_clients[at], "m", s_key (1), 0, 700, &token), ZGRID_LOCKED);
        ck_assert_uint_ge (wait_clock () - begin, 699);
    }
}
END_TEST

START_TEST (a_holder_that_vanishes_loses_its_lease)
{
    for (int key = 0; key < S_KEYS; key++) {
        zgrid_client_t *passing = s_remote (s_nodes[key % 2], key & 2);
        uint64_t token = s_take (passing, key, 300, 0);
        zgrid_client_destroy (&passing);
        uint64_t later = s_take (s_clients[key % S_KINDS], key, 0, S_LONG);
        ck_assert_uint_gt (later, token);
    }
}
END_TEST

START_TEST (a_waiter_that_vanishes_holds_nobody_up_for_long)
{
    for (int key = 0; key < S_KEYS; key++) {
        zgrid_client_t *passing = s_remote (s_nodes[key % 2], key & 2), *client = s_clients[key % S_KINDS];
        uint64_t token = s_take (client, key, 0, 0);
        zgrid_future_t *future = zgrid_client_lock_future (passing, "m", s_key (key), 200, S_LONG);
        s_let_stand (passing, key);
        zgrid_client_destroy (&passing);
        ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_MAYBE);
        zgrid_future_destroy (&future);
        s_give (client, key, token);
        ck_assert_uint_gt (s_take (client, key, 0, S_LONG), token);
    }
}
END_TEST

//  Its lease would be an hour.
START_TEST (what_nobody_waits_for_any_more_is_given_back)
{
    for (int at = 0; at < S_KINDS; at++) {
        zgrid_client_t *client = s_clients[at], *other = s_clients[(at + 1) % S_KINDS];
        uint64_t token = s_take (other, at, 0, 0), later;
        zgrid_future_t *future = zgrid_client_lock_future (client, "m", s_key (at), S_HOUR, S_LONG);
        s_let_stand (client, at);
        zgrid_future_destroy (&future);
        s_give (other, at, token);
        while (zgrid_client_trylock (other, "m", s_key (at), 0, &later) != ZGRID_OK)
            zgrid_client_process (client);
        ck_assert_uint_gt (later, token + 1);
    }
}
END_TEST

//  As if the answer did not come in time: the item is given up as a deadline gives it up.
START_TEST (what_was_given_up_in_doubt_is_asked_about_and_given_back)
{
    zgrid_client_t *client = s_clients[2], *other = s_clients[0];
    uint64_t token = s_take (other, 1, 0, 0), later;
    zgrid_future_t *future = zgrid_client_lock_future (client, "m", s_key (1), S_HOUR, S_LONG);
    s_let_stand (client, 1);
    item_t *item = NULL;
    for (size_t at = 0; at < client->pending.size; at++)
        if (client->pending.slots[at] && client->pending.slots[at]->waits)
            item = client->pending.slots[at];
    ck_assert_ptr_nonnull (item);
    future_forsake (client, item);
    ck_assert_uint_eq (client->forsaken, 1);
    ck_assert (zgrid_future_done (future));
    s_give (other, 1, token);
    while (zgrid_client_trylock (other, "m", s_key (1), 0, &later) != ZGRID_OK)
        zgrid_client_process (client);
    ck_assert_uint_gt (later, token + 1);
    ck_assert_uint_eq (client->forsaken, 0);
    zgrid_future_destroy (&future);
}
END_TEST

START_TEST (a_thousand_stand_in_line_and_nothing_else_waits)
{
    enum { LINE = 1000 };
    static zgrid_future_t *line[LINE];
    for (int which = 2; which < S_KINDS; which++) {
        zgrid_client_t *client = s_clients[which];
        uint64_t token = s_take (client, 1, S_HOUR, 0), last = token;
        for (int at = 0; at < LINE; at++)
            line[at] = zgrid_client_lock_future (client, "m", s_key (1), S_HOUR, S_LONG);
        s_let_stand (client, 1);
        for (int at = 0; at < 500; at++) {
            ck_assert_int_eq (zgrid_client_put (client, "m", s_key (at % 3), zgrid_str ("v"), NULL, NULL),
                              ZGRID_OK);
            ck_assert_int_eq (zgrid_client_get (client, "m", s_key (at % 3), NULL, NULL), ZGRID_OK);
        }
        ck_assert_uint_ge (client->pending.waiting, LINE);
        for (int at = 0; at < LINE; at++) {
            ck_assert (!zgrid_future_done (line[at]));
            s_give (client, 1, last);
            ck_assert_uint_gt (s_token (line[at]), last);
            last = s_token (line[at]);
            zgrid_future_destroy (&line[at]);
        }
        s_give (client, 1, last);
    }
}
END_TEST

START_TEST (one_in_line_pins_nothing)
{
    for (int at = 0; at < S_KINDS; at++) {
        zgrid_client_t *client = s_clients[at], *other = s_clients[(at + 1) % S_KINDS];
        uint64_t token = s_take (other, 1, 0, 0), mine;
        ck_assert_int_eq (zgrid_client_lock (client, "m", s_key (1), 0, 1, &mine), ZGRID_LOCKED);
        ck_assert_uint_ne (client->guard_apart, 0);
        ck_assert_uint_ne (client->guard_apart, client->guard);
        zgrid_future_t *future = zgrid_client_lock_future (client, "m", s_key (1), 0, S_LONG);
        s_let_stand (client, 1);
        uint64_t before = pending_low (&client->pending, true);
        for (int count = 0; count < 100; count++)
            ck_assert_int_eq (zgrid_client_incr (client, "m", zgrid_str ("n"), 1, NULL, NULL), ZGRID_OK);
        ck_assert_uint_gt (pending_low (&client->pending, false), before + 100);
        ck_assert_uint_eq (pending_low (&client->pending, true), before);
        s_give (other, 1, token);
        s_give (client, 1, s_token (future));
        zgrid_future_destroy (&future);
    }
}
END_TEST

//  Under the key of the lock itself.
static int
s_put_fenced (zgrid_client_t *client, int key, uint64_t fence)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.fence = fence;
    return zgrid_client_put (client, "m", s_key (key), zgrid_str ("v"), &options, NULL);
}

START_TEST (who_has_lost_the_lock_writes_nothing)
{
    for (int at = 0; at < S_KINDS; at++) {
        zgrid_client_t *client = s_clients[at], *other = s_clients[(at + 1) % S_KINDS];
        uint64_t early = s_take (client, at, 100, 0);
        ck_assert_int_eq (s_put_fenced (client, at, early), ZGRID_OK);
        uint64_t late = s_take (other, at, 0, S_LONG);
        ck_assert_int_eq (s_put_fenced (other, at, late), ZGRID_OK);
        ck_assert_int_eq (s_put_fenced (client, at, early), ZGRID_FENCED);
        ck_assert_int_eq (zgrid_client_put (client, "m", s_key (at), zgrid_str ("w"), NULL, NULL), ZGRID_OK);
    }
}
END_TEST

START_TEST (wrong_arguments_change_nothing)
{
    static char large[65537];
    zgrid_bytes_t key = zgrid_str ("k"), none = { NULL, 1 };
    for (int at = 0; at < S_KINDS; at++) {
        zgrid_client_t *client = s_clients[at];
        uint64_t token = 1;
        ck_assert_int_eq (zgrid_client_lock (client, "", key, 0, 10, &token), ZGRID_MALFORMED);
        ck_assert_uint_eq (token, 0);
        ck_assert_int_eq (zgrid_client_lock (client, NULL, key, 0, 10, &token), ZGRID_MALFORMED);
        ck_assert_int_eq (zgrid_client_lock (client, "m", none, 0, 10, &token), ZGRID_MALFORMED);
        ck_assert_int_eq (
            zgrid_client_lock (client, "m", (zgrid_bytes_t) { large, sizeof large }, 0, 10, &token),
            ZGRID_TOOBIG);
        ck_assert_int_eq (zgrid_client_lock (client, "m", key, S_HOUR + 1, 10, &token), ZGRID_TOOBIG);
        ck_assert_int_eq (zgrid_client_trylock (client, "m", key, S_HOUR + 1, &token), ZGRID_TOOBIG);
        ck_assert_int_eq (zgrid_client_unlock (client, "m", key, 0), ZGRID_NOSUCHLOCK);
        ck_assert_int_eq (zgrid_client_unlock (client, NULL, key, 1), ZGRID_MALFORMED);
        ck_assert_int_eq (zgrid_client_unlock (client, "m", key, UINT64_MAX), ZGRID_NOSUCHLOCK);
        ck_assert_int_eq (zgrid_client_lease (client, "m", key, UINT64_MAX, 5), ZGRID_NOSUCHLOCK);
        zgrid_future_t *future = zgrid_client_lock_future (client, "m", key, 0, 60001);
        ck_assert (zgrid_future_wait (future, 0));
        ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_TOOBIG);
        zgrid_future_destroy (&future);
        ck_assert_int_eq (zgrid_client_trylock (client, "m", key, 0, &token), ZGRID_OK);
        ck_assert_int_eq (zgrid_client_lease (client, "m", key, token, S_HOUR + 1), ZGRID_TOOBIG);
        ck_assert_int_eq (zgrid_client_unlock (client, "m", key, token), ZGRID_OK);
    }
}
END_TEST

START_TEST (a_node_with_a_line_ends_promptly)
{
    zgrid_node_t *node = s_node ("alone", NULL);
    zgrid_client_t *clients[2] = { s_remote (node, false), s_remote (node, true) };
    zgrid_future_t *futures[2][100];
    s_take (clients[0], 1, S_HOUR, 0);
    for (int which = 0; which < 2; which++) {
        for (int at = 0; at < 100; at++)
            futures[which][at] = zgrid_client_lock_future (clients[which], "m", s_key (1), 0, S_LONG);
        s_let_stand (clients[which], 1);
    }
    uint64_t begin = wait_clock ();
    zgrid_node_destroy (&node);
    ck_assert_uint_lt (wait_clock () - begin, 4000); // It gives what is in flight 5,000 milliseconds
    for (int which = 0; which < 2; which++) {
        zgrid_client_destroy (&clients[which]);
        for (int at = 0; at < 100; at++)
            zgrid_future_destroy (&futures[which][at]);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client locks");
    TCase *locks = tcase_create ("locks");
    tcase_set_timeout (locks, TEST_TIMEOUT);
    tcase_add_checked_fixture (locks, s_set_up, s_tear_down);
    tcase_add_test (locks, a_lock_is_one_for_all_kinds_of_clients);
    tcase_add_test (locks, who_stands_in_line_gets_it_when_it_is_given_back);
    tcase_add_test (locks, a_wait_ends);
    tcase_add_test (locks, a_holder_that_vanishes_loses_its_lease);
    tcase_add_test (locks, a_waiter_that_vanishes_holds_nobody_up_for_long);
    tcase_add_test (locks, what_nobody_waits_for_any_more_is_given_back);
    tcase_add_test (locks, what_was_given_up_in_doubt_is_asked_about_and_given_back);
    tcase_add_test (locks, a_thousand_stand_in_line_and_nothing_else_waits);
    tcase_add_test (locks, one_in_line_pins_nothing);
    tcase_add_test (locks, who_has_lost_the_lock_writes_nothing);
    tcase_add_test (locks, wrong_arguments_change_nothing);
    suite_add_tcase (suite, locks);
    TCase *alone = tcase_create ("alone");
    tcase_set_timeout (alone, TEST_TIMEOUT);
    tcase_add_test (alone, a_node_with_a_line_ends_promptly);
    suite_add_tcase (suite, alone);
    return suite;
}

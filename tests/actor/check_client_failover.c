//  The client finds its way when servers go away, move partitions, and come back.
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <zgrid_client.h>

#include "actor/one_client.h"
#include "client/client_impl.h"
#include "client/client_inner.h"
#include "lib/fake_local.h"
#include "lib/test.h"
#include "slot.h"

//  A key of the partition's owner, by its number from 1 on.
static const char *
s_key_of (uint16_t owner, char key[16])
{
    for (int at = 0;; at++) {
        snprintf (key, 16, "key-%d", at);
        uint32_t partition = slot_partition (slot_of_key (bytes_str (key)), one_client->routes.partitions);
        if (one_client->routes.owners[partition] == owner - 1)
            return key;
    }
}

static bool
s_connected (const char *endpoint)
{
    for (size_t at = 0; at < one_client->connection_count; at++)
        if (strcmp (one_client->connections[at]->endpoint, endpoint) == 0)
            return true;
    return false;
}

//  Both endpoints are the caller's.
START_TEST (another_endpoint_of_the_callers_is_asked)
{
    char both[200];
    snprintf (both, sizeof both, "%s, %s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_connect (both, true);
    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    const char *used = one_client->connections[0]->endpoint;
    size_t door = strcmp (used, fake_server_endpoint (one_server, 0)) == 0 ? 0 : ONE_SECOND;
    one_set (FAKE_CLOSE, door);

    for (int count = 1; count < 11; count++)
        ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_int_eq (one_value ("n"), 11);
    ck_assert_uint_eq (one_client->counters.failovers, 1);
    ck_assert_str_eq (one_client->connections[0]->endpoint,
                      fake_server_endpoint (one_server, ONE_SECOND - door));
    ck_assert_uint_eq (one_client->counters.sessions, 1); // It belongs to the cluster
}
END_TEST

//  Only one is the caller's, the other was told by ROUTES.
START_TEST (a_router_that_routes_name_is_asked)
{
    for (uint64_t door = 0; door <= ONE_STORAGES; door++)
        one_set (FAKE_MUTE, one_count (FAKE_MUTE) | 1u << door);

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_uint_ge (one_client->counters.failovers, 1);
    ck_assert_uint_gt (one_count (FAKE_SECOND), 0);
    ck_assert_int_eq (one_value ("n"), 1);
}
END_TEST

//  It was executed, and then the router died with the answer.
START_TEST (a_write_that_died_with_its_router_counts_once)
{
    one_connect (fake_server_endpoint (one_server, 0), true);
    char both[200];
    snprintf (both, sizeof both, "%s,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_connect (both, true);
    one_set (FAKE_SILENT, 1);
    zgrid_future_t *future = zgrid_client_incr_future (one_client, "map", zgrid_str ("n"), 1, NULL);
    zgrid_client_flush (one_client);
    while (one_count (FAKE_SILENT))
        ;
    size_t door = strcmp (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, 0)) == 0
                      ? 0
                      : ONE_SECOND;
    one_set (FAKE_CLOSE, door);

    ck_assert (zgrid_future_wait (future, 0));

    ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_OK);
    ck_assert_int_eq (zgrid_future_entry (future)->integer, 1);
    ck_assert_uint_eq (one_count (FAKE_DEDUPED), 1);
    zgrid_future_destroy (&future);
}
END_TEST

START_TEST (a_client_is_made_while_some_endpoints_are_dead)
{
    char all[300];
    one_set (FAKE_CLOSE, 0);
    snprintf (all, sizeof all, "%s,tcp://127.0.0.1:1,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));

    one_connect (all, false);

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    ck_assert_uint_eq (one_client->counters.failovers, 0);
}
END_TEST

START_TEST (a_dead_storage_endpoint_is_passed_over)
{
    char key[16];
    s_key_of (1, key);
    ck_assert_int_eq (one_incr (key), ZGRID_OK);
    one_set (FAKE_CLOSE, 1);

    for (int at = 0; at < 20; at++)
        ck_assert_int_eq (one_incr (key), ZGRID_OK);

    ck_assert_int_eq (one_value (key), 21);
    ck_assert_uint_eq (one_client->counters.resent, 1); // The others knew
    ck_assert_uint_eq (one_client->counters.failovers, 0);
}
END_TEST

START_TEST (a_view_is_pushed_and_what_is_under_way_follows_it)
{
    char key[16];
    ck_assert_uint_ge (one_count (FAKE_WATCHERS), 1);
    s_key_of (2, key);
    ck_assert_int_eq (one_incr (key), ZGRID_OK);
    one_set (FAKE_MUTE, 1u << 2);
    zgrid_future_t *future = zgrid_client_incr_future (one_client, "map", zgrid_str (key), 1, NULL);
    zgrid_client_flush (one_client);
    uint64_t sent = one_client->counters.resent;

    one_set (FAKE_LISTED, 1);
    one_set (FAKE_EPOCH, 2);
    one_set (FAKE_PUSH, 2);
    while (one_client->routes.epoch != 2)
        zgrid_client_process (one_client);

    ck_assert_uint_eq (one_client->counters.pushes, 1);
    ck_assert_uint_eq (one_client->counters.resent, sent + 1);
    ck_assert (zgrid_future_wait (future, 0));
    ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_OK);
    ck_assert_int_eq (zgrid_future_entry (future)->integer, 2);
    zgrid_future_destroy (&future);
    zgrid_client_process (one_client);
    ck_assert (!s_connected (fake_server_endpoint (one_server, 2)));
}
END_TEST

//  One who calls and waits sees pushes as well.
START_TEST (a_push_is_seen_between_blocking_calls)
{
    one_set (FAKE_SHIFT, 1);
    one_set (FAKE_EPOCH, 2);
    one_set (FAKE_PUSH, 2);
    uint64_t until = wait_clock () + 10000;
    while (one_client->routes.epoch != 2 && wait_clock () < until)
        ck_assert_int_eq (
            zgrid_client_call (one_client, "GET", "map", &(zgrid_bytes_t) { "k", 1 }, NULL, NULL, NULL),
            ZGRID_NOTFOUND);
    ck_assert_uint_eq (one_client->routes.epoch, 2);
    ck_assert_uint_eq (one_client->counters.pushes, 1);
}
END_TEST

//  One who waits for an answer that will never come sees them, too.
START_TEST (a_push_is_seen_while_a_call_waits)
{
    char key[16];
    s_key_of (2, key);
    ck_assert_int_eq (one_incr (key), ZGRID_OK);
    one_set (FAKE_MUTE, 1u << 2);
    one_set (FAKE_SHIFT, 1);
    one_set (FAKE_EPOCH, 2);
    one_set (FAKE_PUSH, 2);

    ck_assert_int_eq (one_incr (key), ZGRID_OK);

    ck_assert_uint_eq (one_count (FAKE_DIRECT), 2); // After a silence it would have gone to the router
    ck_assert_int_eq (one_value (key), 2);
}
END_TEST

START_TEST (many_pushes_are_few_questions)
{
    uint64_t before = one_count (FAKE_ROUTES);
    for (uint64_t epoch = 2; epoch < 102; epoch++) {
        one_set (FAKE_EPOCH, epoch);
        one_set (FAKE_PUSH, epoch);
        zgrid_client_process (one_client);
    }
    while (one_client->routes.epoch != 101)
        zgrid_client_process (one_client);
    ck_assert_uint_lt (one_count (FAKE_ROUTES) - before, 60);
}
END_TEST

START_TEST (moved_corrects_the_table)
{
    char key[16];
    s_key_of (1, key);
    one_set (FAKE_NO_ROUTES, 1); // Nothing can be learned but from MOVED itself
    one_set (FAKE_SHIFT, 1);
    one_set (FAKE_EPOCH, 2);

    for (int at = 0; at < 10; at++)
        ck_assert_int_eq (one_incr (key), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.moved, 1);
    ck_assert_int_eq (one_value (key), 10);
}
END_TEST

//  A member that is behind names an owner out of an older table.
START_TEST (moved_of_an_older_table_is_not_followed)
{
    char key[16];
    one_set (FAKE_EPOCH, 5);
    one_connect (fake_server_endpoint (one_server, 0), false);
    s_key_of (1, key);
    one_set (FAKE_EPOCH, 4);
    one_set (FAKE_MOVED_TO, 2);
    one_set (FAKE_MOVED, 1);

    ck_assert_int_eq (one_incr (key), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.moved, 1); // Storage endpoint 2 would have said it again
    ck_assert_uint_eq (one_client->routes.epoch, 5);
    //  But who goes on to say so is believed
    uint64_t learned = one_client->counters.learned;
    ck_assert_uint_le (learned, 2);
    while (one_client->routes.epoch == 5) {
        learn_soon (one_client);
        zgrid_client_process (one_client);
    }
    ck_assert_uint_eq (one_client->routes.epoch, 4);
    ck_assert_uint_eq (one_client->counters.learned, 4); // The first, and three of the older
}
END_TEST

START_TEST (a_pause_of_all_costs_nothing_but_time)
{
    zgrid_future_t *futures[1500];
    for (uint64_t door = 0; door <= ONE_SECOND; door++)
        one_set (FAKE_MUTE, one_count (FAKE_MUTE) | 1u << door);
    for (unsigned at = 0; at < 1500; at++)
        futures[at] = zgrid_client_incr_future (one_client, "map", zgrid_str (at % 3 ? "a" : "b"), 1, NULL);
    zgrid_client_flush (one_client);
    while (one_client->counters.resent == 0) {
        zgrid_client_process (one_client);
        zmq_poll (NULL, 0, zgrid_client_timeout (one_client));
    }
    //  Into silence only a few are sent again
    ck_assert_uint_le (one_client->counters.resent, 1500);
    one_set (FAKE_MUTE, 0);

    for (unsigned at = 0; at < 1500; at++) {
        ck_assert (zgrid_future_wait (futures[at], 0));
        ck_assert_int_eq (zgrid_future_entry (futures[at])->status, ZGRID_OK);
        zgrid_future_destroy (&futures[at]);
    }
    ck_assert_int_eq (one_value ("a"), 1000);
    ck_assert_int_eq (one_value ("b"), 500);
}
END_TEST

START_TEST (nothing_floods_a_single_server_that_is_silent)
{
    one_set (FAKE_ROUTERS, 0);
    one_connect (fake_server_endpoint (one_server, 0), true);
    one_set (FAKE_DROP, 1000000);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 700;
    zgrid_future_t *futures[1000];
    uint64_t before = one_count (FAKE_RECORDS);
    for (unsigned at = 0; at < 1000; at++)
        futures[at] = zgrid_client_incr_future (one_client, "map", zgrid_str ("n"), 1, &options);
    for (unsigned at = 0; at < 1000; at++) {
        ck_assert (zgrid_future_wait (futures[at], 0));
        ck_assert_int_eq (zgrid_future_entry (futures[at])->status, ZGRID_MAYBE);
        zgrid_future_destroy (&futures[at]);
    }
    ck_assert_uint_gt (one_count (FAKE_RECORDS) - before, 1000);
    //  1,000 once, and then probes: 64 each time something is overdue. In 700 milliseconds each record is
    //  that once, after 500, but not all in the same turn: what was sent in one message is. 1,000 records
    //  are four messages of 256, four turns at most: 4 * 64 = 256, with as many again for a slow machine
    //  that looks twice
    ck_assert_uint_le (one_count (FAKE_RECORDS) - before, 1000 + 2 * 4 * 64);
}
END_TEST

START_TEST (an_embedded_client_goes_to_owners_elsewhere)
{
    char near[64], key[16];
    const char *port = strrchr (fake_server_endpoint (one_server, 1), ':');
    snprintf (near, sizeof near, "tcp://localhost%s", port); // The way inside of the process
    const char *endpoints[1] = { near }, *publics[1] = { fake_server_endpoint (one_server, 1) };
    client_local_t local = { .reader = fake_local_new (),
                             .partitions = 31,
                             .actors = 1,
                             .endpoints = endpoints,
                             .publics = publics,
                             .router = fake_server_endpoint (one_server, 0) };
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    zgrid_client_destroy (&one_client);
    ck_assert_int_eq (client_new_inner (&one_client, &options, &local), ZGRID_OK);

    for (int at = 0; at < 50; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        ck_assert_int_eq (one_incr (key), ZGRID_OK);
    }

    ck_assert_uint_eq (one_client->counters.moved, 0);
    ck_assert_uint_eq (one_count (FAKE_DIRECT), 50);
    ck_assert_uint_eq (one_count (FAKE_UNGUARDED), 0);
    ck_assert (s_connected (near));
    ck_assert (!s_connected (publics[0]));
    ck_assert (s_connected (fake_server_endpoint (one_server, 2)));
}
END_TEST

static uint64_t
s_roll (uint64_t *dice, uint64_t sides)
{
    *dice = *dice * UINT64_C (6364136223846793005) + 1442695040888963407;
    return (*dice >> 33) % sides;
}

//  Everything at once: what is answered with OK has happened once.
START_TEST (whatever_happens_each_counts_once)
{
    uint64_t dice = 7;
    int64_t done[20] = { 0 }, maybe[20] = { 0 };
    for (int round = 0; round < 6; round++) {
        zgrid_future_t *futures[200];
        one_set (FAKE_SILENT, s_roll (&dice, 20));
        one_set (FAKE_DROP, s_roll (&dice, 20));
        one_set (FAKE_BUSY, s_roll (&dice, 40));
        one_set (FAKE_TRYAGAIN, s_roll (&dice, 40));
        one_set (FAKE_MOVED_TO, s_roll (&dice, 3));
        one_set (FAKE_MOVED, s_roll (&dice, 30));
        one_set (FAKE_SHIFT, (uint64_t) round);
        one_set (FAKE_EPOCH, (uint64_t) round + 2);
        one_set (FAKE_MUTE, 1u << s_roll (&dice, 4));
        char key[16];
        for (int at = 0; at < 200; at++) {
            snprintf (key, sizeof key, "key-%d", at % 20);
            futures[at] = zgrid_client_incr_future (one_client, "map", zgrid_str (key), 1, NULL);
            if (at % 50 == 0)
                zgrid_client_process (one_client);
        }
        one_set (FAKE_PUSH, (uint64_t) round + 2);
        for (int at = 0; at < 200; at++) {
            if (at == 100)
                one_set (FAKE_MUTE, 0);
            ck_assert (zgrid_future_wait (futures[at], 0));
            int status = zgrid_future_entry (futures[at])->status;
            ck_assert_int_eq (status, ZGRID_OK);
            done[at % 20] += status == ZGRID_OK;
            maybe[at % 20] += status == ZGRID_MAYBE;
            zgrid_future_destroy (&futures[at]);
        }
    }
    for (int at = 0; at < 20; at++) {
        char key[16];
        snprintf (key, sizeof key, "key-%d", at);
        int64_t value = one_value (key);
        ck_assert_int_ge (value, done[at]);
        ck_assert_int_le (value, done[at] + maybe[at]);
    }
    ck_assert_uint_gt (one_count (FAKE_DEDUPED), 0);
    while (learn_busy (one_client) || one_client->scouting.until)
        zgrid_client_process (one_client);
    ck_assert_uint_eq (one_client->pending.used, 0);
    ck_assert_uint_eq (one_client->later_count, 0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client failover");
    TCase *tests = tcase_create ("failover");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, one_setup, one_teardown);
    tcase_add_test (tests, another_endpoint_of_the_callers_is_asked);
    tcase_add_test (tests, a_router_that_routes_name_is_asked);
    tcase_add_test (tests, a_write_that_died_with_its_router_counts_once);
    tcase_add_test (tests, a_client_is_made_while_some_endpoints_are_dead);
    tcase_add_test (tests, a_dead_storage_endpoint_is_passed_over);
    tcase_add_test (tests, a_view_is_pushed_and_what_is_under_way_follows_it);
    tcase_add_test (tests, a_push_is_seen_between_blocking_calls);
    tcase_add_test (tests, a_push_is_seen_while_a_call_waits);
    tcase_add_test (tests, many_pushes_are_few_questions);
    tcase_add_test (tests, moved_corrects_the_table);
    tcase_add_test (tests, moved_of_an_older_table_is_not_followed);
    tcase_add_test (tests, a_pause_of_all_costs_nothing_but_time);
    tcase_add_test (tests, nothing_floods_a_single_server_that_is_silent);
    tcase_add_test (tests, an_embedded_client_goes_to_owners_elsewhere);
    tcase_add_test (tests, whatever_happens_each_counts_once);
    suite_add_tcase (suite, tests);
    return suite;
}

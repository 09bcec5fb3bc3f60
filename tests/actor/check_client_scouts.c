//  The client finds a better router when its own is silent, refuses, or is another cluster's.
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <zgrid_client.h>

#include "actor/one_client.h"
#include "client/client_impl.h"
#include "lib/test.h"
#include "mem.h"

//  The first server has gone: its public endpoint, and the storage endpoints with it.
static void
s_close_first (void)
{
    for (uint64_t door = 0; door <= ONE_STORAGES; door++)
        one_set (FAKE_CLOSE, door);
}

//  Until so many whole cycles have found nobody.
static void
s_wait_barren (uint8_t cycles)
{
    while (one_client->scouting.barren < cycles) {
        zgrid_client_process (one_client);
        zmq_poll (NULL, 0, zgrid_client_timeout (one_client) ? 1 : 0);
    }
}

//  The router has a view that the majority has left behind; it goes on answering.
START_TEST (a_router_in_a_minority_is_left)
{
    one_set (FAKE_EPOCH, 7);
    char both[200];
    snprintf (both, sizeof both, "%s,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_set (FAKE_CLOSE, ONE_SECOND);
    one_connect (both, true);
    one_set (FAKE_OPEN, ONE_SECOND);
    one_set (FAKE_MINORITY, 1);

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK); // Within five seconds, or it would be UNAVAILABLE

    ck_assert_uint_eq (one_client->counters.failovers, 1);
    ck_assert_uint_eq (one_client->counters.scouts, 1);
    ck_assert_str_eq (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, ONE_SECOND));
    ck_assert_int_eq (one_value ("n"), 1);
}
END_TEST

//  Its own router refuses, but the other one knows even less.
START_TEST (a_router_that_is_behind_is_not_taken)
{
    one_set (FAKE_EPOCH, 7);
    one_set (FAKE_MINORITY, 1u << ONE_SECOND);
    one_connect (fake_server_endpoint (one_server, 0), true);
    mem_free (one_client->endpoints);
    one_client->endpoints = mem_alloc_zero (1, 200);
    snprintf (one_client->endpoints, 200, "%s,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_set (FAKE_REFUSE, ZGRID_UNAVAILABLE);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 60000;
    zgrid_future_t *future = zgrid_client_incr_future (one_client, "map", zgrid_str ("n"), 1, &options);
    while (one_client->counters.scouts < 2 || one_client->scouting.until) {
        zgrid_client_process (one_client);
        zmq_poll (NULL, 0, zgrid_client_timeout (one_client) ? 1 : 0);
    }
    one_set (FAKE_REFUSE, 0);

    ck_assert (zgrid_future_wait (future, 0));

    ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_OK);
    ck_assert_uint_eq (one_client->counters.failovers, 0);
    ck_assert_str_eq (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, 0));
    zgrid_future_destroy (&future);
}
END_TEST

//  Three are asked at once, so that two rounds reach all; nobody is asked twice before.
START_TEST (one_good_router_among_five_dead_is_found)
{
    char all[400];
    int size = snprintf (all, sizeof all, "%s", fake_server_endpoint (one_server, 0));
    for (int port = 1; port <= 5; port++)
        size += snprintf (all + size, sizeof all - (size_t) size, ",tcp://127.0.0.1:%d", port);
    snprintf (all + size, sizeof all - (size_t) size, ",%s", fake_server_endpoint (one_server, ONE_SECOND));
    one_set (FAKE_CLOSE, ONE_SECOND);
    one_connect (all, true);
    one_set (FAKE_OPEN, ONE_SECOND);
    one_set (FAKE_CLOSE, 0);

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.failovers, 1);
    ck_assert_uint_le (one_client->counters.scouts, 6);
    ck_assert_str_eq (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, ONE_SECOND));
}
END_TEST

//  What it learns is never true any more when it is tried: other dead routers each time.
START_TEST (an_endpoint_of_the_callers_always_stays_a_candidate)
{
    char both[200];
    snprintf (both, sizeof both, "%s,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_set (FAKE_CLOSE, ONE_SECOND);
    one_set (FAKE_ROUTERS, 0);
    one_connect (both, false);
    one_client->routes.routers = mem_alloc_zero (1, 200);
    for (uint64_t door = 0; door <= ONE_STORAGES; door++)
        one_set (FAKE_CLOSE, door);
    zgrid_future_t *future = zgrid_client_incr_future (one_client, "map", zgrid_str ("n"), 1, NULL);
    uint64_t scouts = 0;
    int port = 1;
    for (; one_client->counters.failovers == 0 && port < 1000000; port++) {
        snprintf (one_client->routes.routers, 200, "tcp://127.0.0.1:%d,tcp://127.0.0.1:%d", port % 512 + 1,
                  port % 512 + 513);
        zgrid_client_process (one_client);
        if (scouts == 0 && one_client->counters.scouts) {
            scouts = one_client->counters.scouts;
            one_set (FAKE_OPEN, ONE_SECOND);
        }
        zmq_poll (NULL, 0, zgrid_client_timeout (one_client) ? 1 : 0);
    }
    ck_assert_uint_eq (one_client->counters.failovers, 1);
    ck_assert_uint_le (one_client->counters.scouts, 3 * CLIENT_SCOUTS);
    ck_assert (zgrid_future_wait (future, 0));
    ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_OK);
    zgrid_future_destroy (&future);
}
END_TEST

//  Another cluster's member has got the port of the router.
START_TEST (another_clusters_router_is_left)
{
    char both[200];
    snprintf (both, sizeof both, "%s,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_set (FAKE_CLOSE, ONE_SECOND);
    one_connect (both, true);
    one_set (FAKE_OPEN, ONE_SECOND);
    one_set (FAKE_FOREIGN, 1);

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.failovers, 1);
    ck_assert_str_eq (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, ONE_SECOND));
    ck_assert_int_eq (one_value ("n"), 1);
}
END_TEST

//  Only the caller's word makes another cluster one's own: the second router was merely learned.
START_TEST (a_learned_router_of_another_cluster_is_not_adopted)
{
    s_close_first ();
    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    ck_assert_uint_eq (one_client->counters.failovers, 1);
    //  Its table names storage endpoints that are gone as well: all through the router
    one_set (FAKE_NO_ROUTES, 1);
    mem_free (one_client->routes.owners);
    one_client->routes.owners = NULL;
    one_set (FAKE_FOREIGN, UINT64_MAX);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 700;
    int64_t value;

    ck_assert_int_eq (zgrid_client_incr (one_client, "map", zgrid_str ("n"), 1, &options, &value),
                      ZGRID_CLUSTER_MISMATCH);
    s_wait_barren (3);
    uint64_t records = one_count (FAKE_RECORDS);
    ck_assert_int_eq (zgrid_client_incr (one_client, "map", zgrid_str ("n"), 1, &options, &value),
                      ZGRID_CLUSTER_MISMATCH);

    ck_assert_uint_eq (one_count (FAKE_RECORDS), records); // Nothing is sent there any more
    ck_assert_uint_eq (one_client->counters.adopted, 0);
}
END_TEST

//  A lone server is started anew at its address: that is another cluster, and it is all there is.
START_TEST (a_lone_server_that_is_started_anew_is_gone_on_with)
{
    one_connect (fake_server_endpoint (one_server, 0), true);
    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    one_set (FAKE_CLOSE, 0);
    one_set (FAKE_FOREIGN, UINT64_MAX);
    one_set (FAKE_OPEN, 0);
    one_value ("n"); // The socket is connected again: a write would be in doubt if that took long

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.adopted, 1);
    ck_assert_uint_eq (one_client->counters.failovers, 0);
    ck_assert_int_eq (one_value ("n"), 2);
    uint64_t expired = one_client->counters.retried;
    for (int times = 0; times < 10; times++)
        ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    ck_assert_uint_eq (one_client->counters.retried, expired); // Under a session of the new cluster
    ck_assert_int_eq (one_value ("n"), 12);
    ck_assert_uint_eq (one_count (FAKE_UNGUARDED), 0);
}
END_TEST

//  It may have been executed by the cluster that is gone, and must not be executed by the other one.
START_TEST (what_was_under_way_when_a_cluster_is_adopted_is_in_doubt)
{
    one_set (FAKE_ROUTERS, 0);
    one_connect (fake_server_endpoint (one_server, 0), false);
    one_set (FAKE_SILENT, 1);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 60000;
    zgrid_future_t *lost = zgrid_client_incr_future (one_client, "map", zgrid_str ("n"), 1, &options);
    while (one_count (FAKE_RECORDS) == 0)
        zgrid_client_process (one_client);
    one_set (FAKE_FOREIGN, UINT64_MAX);

    ck_assert_int_eq (one_incr ("other"), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.adopted, 1);
    ck_assert (zgrid_future_wait (lost, 0));
    ck_assert_int_eq (zgrid_future_entry (lost)->status, ZGRID_MAYBE);
    ck_assert_ptr_nonnull (strstr (zgrid_future_entry (lost)->error, "another cluster"));
    zgrid_future_destroy (&lost);
    ck_assert_int_eq (one_value ("n"), 1);
}
END_TEST

//  The other door belongs to the cluster still, though it cannot do anything for the client yet.
START_TEST (while_a_member_answers_no_cluster_is_adopted)
{
    char both[200];
    snprintf (both, sizeof both, "%s,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_set (FAKE_CLOSE, ONE_SECOND);
    one_connect (both, true);
    one_set (FAKE_OPEN, ONE_SECOND);
    one_set (FAKE_EPOCH, 7);
    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    //  It is behind, so that it is not taken before all have been asked
    one_client->router_epoch = 9;
    one_set (FAKE_FOREIGN, 1);

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.adopted, 0);
    ck_assert_uint_eq (one_client->counters.failovers, 1);
    ck_assert_str_eq (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, ONE_SECOND));
    ck_assert_int_eq (one_value ("n"), 2);
}
END_TEST

//  Its router has gone for good, and another cluster's member answers at the caller's other endpoint: the
//  router may only be slow, so it is waited for longer.
START_TEST (a_silent_router_is_given_more_time_before_a_cluster_is_adopted)
{
    char both[200];
    snprintf (both, sizeof both, "%s,%s", fake_server_endpoint (one_server, 0),
              fake_server_endpoint (one_server, ONE_SECOND));
    one_set (FAKE_CLOSE, ONE_SECOND);
    one_connect (both, true);
    one_set (FAKE_FOREIGN, 1u << ONE_SECOND);
    one_set (FAKE_OPEN, ONE_SECOND);
    s_close_first ();
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 60000;
    zgrid_future_t *future = zgrid_client_incr_future (one_client, "map", zgrid_str ("n"), 1, &options);
    while (one_client->scouting.barren < 3 && one_client->counters.adopted == 0)
        zgrid_client_process (one_client);
    ck_assert_uint_eq (one_client->counters.adopted, 0);
    ck_assert_uint_le (one_client->counters.scouts, 4); // One in each round, and rounds have their time
    one_client->scouting.barren = UINT8_MAX - 1;

    ck_assert (zgrid_future_wait (future, 10000));

    ck_assert_uint_eq (one_client->counters.adopted, 1);
    ck_assert_str_eq (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, ONE_SECOND));
    ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_MAYBE);
    zgrid_future_destroy (&future);
    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    ck_assert_int_eq (one_value ("n"), 1);
}
END_TEST

//  Reads do not show whose server answers; HELLO does, and is asked now and then.
START_TEST (whose_the_router_is_is_asked_again_and_again)
{
    one_set (FAKE_ROUTERS, 0);
    one_connect (fake_server_endpoint (one_server, 0), true);
    one_incr ("n");
    uint64_t hellos = one_count (FAKE_HELLOS);
    one_value ("n");
    ck_assert_uint_eq (one_count (FAKE_HELLOS), hellos);
    one_set (FAKE_FOREIGN, UINT64_MAX);
    one_client->learned_at -= CLIENT_CONFIRM_MS;

    for (int times = 0; times < 1000 && one_client->counters.adopted == 0; times++)
        one_value ("n");

    ck_assert_uint_eq (one_client->counters.adopted, 1);
}
END_TEST

//  Nobody calls the handle while a member joins and the only one that it knows leaves.
START_TEST (the_last_push_tells_an_idle_client_who_is_left)
{
    one_set (FAKE_ROUTERS, 0);
    one_connect (fake_server_endpoint (one_server, 0), false);
    ck_assert_ptr_null (one_client->routes.routers);
    one_set (FAKE_ROUTERS, 1);
    one_set (FAKE_EPOCH, 5);
    one_set (FAKE_PUSH, 5);
    zmq_pollitem_t item = { one_client->connections[0]->handle, 0, ZMQ_POLLIN, 0 };
    ck_assert_int_eq (zmq_poll (&item, 1, 10000), 1);
    s_close_first ();

    ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_uint_eq (one_client->counters.pushes, 1);
    ck_assert_str_eq (one_client->connections[0]->endpoint, fake_server_endpoint (one_server, ONE_SECOND));
    ck_assert_int_eq (one_value ("n"), 1);
}
END_TEST

//  It leaves, and answers until it has; when it is gone, the client has been with another one for long.
START_TEST (a_router_that_leaves_is_left)
{
    one_set (FAKE_ROUTERS, 2);
    one_set (FAKE_EPOCH, 5);
    zgrid_client_t *client = one_client;
    client->learned_at -= CLIENT_LEARN_MS;
    one_set (FAKE_MOVED, 1); // With it the client learns that there is a new table

    while (client->counters.failovers == 0)
        ck_assert_int_eq (one_incr ("n"), ZGRID_OK);

    ck_assert_str_eq (client->connections[0]->endpoint, fake_server_endpoint (one_server, ONE_SECOND));
    ck_assert_uint_eq (client->counters.resent, 0); // Nothing waited for an answer in vain
    uint64_t scouts = client->counters.scouts;
    one_set (FAKE_EPOCH, 6);
    one_set (FAKE_MOVED, 1);
    while (client->routes.epoch < 6)
        ck_assert_int_eq (one_incr ("n"), ZGRID_OK);
    ck_assert_uint_eq (client->counters.scouts, scouts); // And there it stays
}
END_TEST

//  What a push may not make the client do.
START_TEST (a_push_of_nonsense_names_nobody)
{
    static const struct {
        const char *data;
        size_t size;
    } s_values[] = {
        { "\300", 1 },                  // nil
        { "\220", 1 },                  // Nobody
        { "\335\377\377\377\377", 5 },  // Longer than it is
        { "\222\240\250inproc:/", 11 }, // Of no use
        { "\221\253tcp://a,b:1", 13 },  // Two in one
        { "\221\7", 2 },                // No text
    };
    for (size_t at = 0; at < sizeof s_values / sizeof s_values[0]; at++) {
        mp_t reader = mp_of (bytes_of (s_values[at].data, s_values[at].size));
        char *before = one_client->routes.routers;
        routes_take_routers (one_client, &reader, UINT64_MAX);
        ck_assert_ptr_eq (one_client->routes.routers, before);
    }
    mp_t older = mp_of (bytes_of ("\221\252tcp://a:10", 12));
    mp_t newer = older;
    routes_take_routers (one_client, &older, one_client->routes.epoch);
    ck_assert_str_ne (one_client->routes.routers, "tcp://a:10");
    routes_take_routers (one_client, &newer, one_client->routes.epoch + 1);
    ck_assert_str_eq (one_client->routes.routers, "tcp://a:10");
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client scouts");
    TCase *tests = tcase_create ("scouts");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, one_setup, one_teardown);
    tcase_add_test (tests, a_router_in_a_minority_is_left);
    tcase_add_test (tests, a_router_that_is_behind_is_not_taken);
    tcase_add_test (tests, one_good_router_among_five_dead_is_found);
    tcase_add_test (tests, an_endpoint_of_the_callers_always_stays_a_candidate);
    tcase_add_test (tests, another_clusters_router_is_left);
    tcase_add_test (tests, a_learned_router_of_another_cluster_is_not_adopted);
    tcase_add_test (tests, a_lone_server_that_is_started_anew_is_gone_on_with);
    tcase_add_test (tests, what_was_under_way_when_a_cluster_is_adopted_is_in_doubt);
    tcase_add_test (tests, while_a_member_answers_no_cluster_is_adopted);
    tcase_add_test (tests, a_silent_router_is_given_more_time_before_a_cluster_is_adopted);
    tcase_add_test (tests, whose_the_router_is_is_asked_again_and_again);
    tcase_add_test (tests, the_last_push_tells_an_idle_client_who_is_left);
    tcase_add_test (tests, a_router_that_leaves_is_left);
    tcase_add_test (tests, a_push_of_nonsense_names_nobody);
    suite_add_tcase (suite, tests);
    return suite;
}

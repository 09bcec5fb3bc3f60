//  The client against servers that misbehave, are slow, or go away.
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <zgrid_client.h>

#include "client/client_impl.h"
#include "lib/fake_server.h"
#include "lib/test.h"

static fake_server_t *s_server;
static zgrid_client_t *s_client;

static void
s_connect (uint32_t timeout_ms, bool indirect)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.indirect = indirect;
    options.endpoints = fake_server_endpoint (s_server, 0);
    options.timeout_ms = timeout_ms;
    zgrid_client_destroy (&s_client);
    ck_assert_int_eq (zgrid_client_new (&s_client, &options), ZGRID_OK);
}

static void
s_setup (void)
{
    s_server = fake_server_new (2);
    s_connect (0, false);
}

static void
s_teardown (void)
{
    zgrid_client_destroy (&s_client);
    fake_server_destroy (&s_server);
}

static int
s_put_in (const char *key, uint32_t timeout_ms)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = timeout_ms;
    return zgrid_client_put (s_client, "map", zgrid_str (key), zgrid_str (key), &options, NULL);
}

static int
s_get_in (const char *key, uint32_t timeout_ms)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = timeout_ms;
    return zgrid_client_get (s_client, "map", zgrid_str (key), &options, NULL);
}

START_TEST (a_lost_answer_is_timeout_for_reads_and_maybe_for_writes)
{
    fake_server_set (s_server, FAKE_SILENT, 2);

    ck_assert_int_eq (s_put_in ("a", 30), ZGRID_MAYBE);
    ck_assert_int_eq (s_get_in ("a", 30), ZGRID_TIMEOUT);

    ck_assert_int_eq (s_get_in ("a", 0), ZGRID_OK); // It had happened
    ck_assert_uint_eq (s_client->counters.expired, 2);
    ck_assert_uint_eq (s_client->pending.used, 0);
}
END_TEST

START_TEST (a_write_that_was_never_sent_is_timeout)
{
    zgrid_future_t *futures[20];
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 40;
    fake_server_set (s_server, FAKE_WINDOW_RECORDS, 5);
    s_connect (0, false);
    fake_server_set (s_server, FAKE_SILENT, 1000);

    for (int at = 0; at < 20; at++)
        futures[at] = zgrid_client_put_future (s_client, "map", zgrid_str ("k"), zgrid_str ("v"), &options);

    for (int at = 0; at < 20; at++) {
        ck_assert (zgrid_future_wait (futures[at], 0));
        ck_assert_int_eq (zgrid_future_entry (futures[at])->status, at < 5 ? ZGRID_MAYBE : ZGRID_TIMEOUT);
        zgrid_future_destroy (&futures[at]);
    }
    for (size_t at = 1; at < s_client->connection_count; at++) // At the router ROUTES may be under way
        ck_assert_uint_eq (s_client->connections[at]->queued + s_client->connections[at]->flying, 0);
}
END_TEST

START_TEST (a_pipeline_tells_which_records_were_lost)
{
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (s_client);
    zgrid_bytes_t key = zgrid_str ("k");
    fake_server_set (s_server, FAKE_SILENT, 2);
    zgrid_pipeline_put (pipeline, "map", key, key, NULL);
    zgrid_pipeline_get (pipeline, "map", key, NULL);
    zgrid_pipeline_get (pipeline, "map", key, NULL);

    ck_assert_int_eq (zgrid_pipeline_execute (pipeline, 50), ZGRID_PARTIAL);

    ck_assert_int_eq (zgrid_pipeline_entry (pipeline, 0)->status, ZGRID_MAYBE);
    ck_assert_int_eq (zgrid_pipeline_entry (pipeline, 1)->status, ZGRID_TIMEOUT);
    ck_assert_int_eq (zgrid_pipeline_entry (pipeline, 2)->status, ZGRID_OK);
    zgrid_pipeline_destroy (&pipeline);
}
END_TEST

START_TEST (busy_and_tryagain_are_sent_again)
{
    fake_server_set (s_server, FAKE_BUSY, 3);
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
    ck_assert_uint_eq (s_client->counters.retried, 3);
    fake_server_set (s_server, FAKE_RETRY, 5);
    fake_server_set (s_server, FAKE_TRYAGAIN, 2);
    ck_assert_int_eq (s_put_in ("b", 0), ZGRID_OK);
    ck_assert_uint_eq (s_client->counters.retried, 5);
    fake_server_set (s_server, FAKE_BUSY, 500);
    zgrid_bytes_t keys[400];
    char texts[400][16];
    for (int at = 0; at < 400; at++) {
        snprintf (texts[at], sizeof texts[at], "key-%d", at);
        keys[at] = zgrid_str (texts[at]);
    }

    ck_assert_int_eq (zgrid_client_mput (s_client, "map", keys, keys, 400, NULL, NULL), ZGRID_OK);

    ck_assert_uint_eq (s_client->counters.retried, 505);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_BUSY), 0);
}
END_TEST

START_TEST (busy_until_the_deadline_is_busy)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 400;
    fake_server_set (s_server, FAKE_RETRY, 1000); // So that it is not in flight at the deadline
    fake_server_set (s_server, FAKE_BUSY, 1000000);
    ck_assert_int_eq (s_put_in ("a", 400), ZGRID_BUSY);
    zgrid_future_t *future = zgrid_client_put_future (s_client, "map", zgrid_str ("k"), zgrid_str ("v"),
                                                      &options);
    ck_assert (zgrid_future_wait (future, 0));
    ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_BUSY);
    zgrid_future_destroy (&future);
    fake_server_set (s_server, FAKE_BUSY, 0);
    fake_server_set (s_server, FAKE_TRYAGAIN, 1000000);

    ck_assert_int_eq (s_put_in ("a", 400), ZGRID_TIMEOUT);
    ck_assert_ptr_null (s_client->waiting);
    ck_assert_uint_eq (s_client->later_count + s_client->later_bytes, 0);
}
END_TEST

START_TEST (moved_records_follow_their_owner)
{
    //  The owner that is named is right, or wrong and says so itself
    for (uint64_t owner = 0; owner <= 2; owner++) {
        fake_server_set (s_server, FAKE_MOVED_TO, owner);
        fake_server_set (s_server, FAKE_MOVED, 1);
        ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
        fake_server_set (s_server, FAKE_MOVED, 5); // Ends at the router
        ck_assert_int_eq (s_put_in ("b", 0), ZGRID_OK);
    }
    ck_assert_uint_ge (s_client->counters.moved, 18);
    while (s_client->counters.learned < 2)
        zgrid_client_process (s_client);
    ck_assert_uint_ge (fake_server_get (s_server, FAKE_ROUTES), 2);

    fake_server_set (s_server, FAKE_MOVED, 1000);
    int status = ZGRID_MAYBE; // If it is in flight at the deadline
    for (int tries = 0; tries < 20 && status == ZGRID_MAYBE; tries++)
        status = s_put_in ("c", 100);
    ck_assert_int_eq (status, ZGRID_TIMEOUT);
}
END_TEST

START_TEST (answers_that_come_twice_count_once)
{
    fake_server_set (s_server, FAKE_TWICE, 1);
    zgrid_future_t *future = zgrid_client_put_future (s_client, "map", zgrid_str ("a"), zgrid_str ("v"),
                                                      NULL);
    ck_assert (zgrid_future_wait (future, 0));
    zgrid_future_destroy (&future);
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);

    ck_assert_int_eq (s_get_in ("a", 0), ZGRID_OK);

    ck_assert_uint_ge (s_client->counters.ignored, 2);
}
END_TEST

START_TEST (late_answers_are_ignored)
{
    s_connect (0, true); // So that both come by the same connection
    fake_server_set (s_server, FAKE_HOLD, 2);
    ck_assert_int_eq (s_get_in ("a", 20), ZGRID_TIMEOUT);

    //  Comes together with the answer to the first
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);

    ck_assert_uint_eq (s_client->counters.ignored, 1);
}
END_TEST

START_TEST (answers_to_others_are_ignored)
{
    fake_server_set (s_server, FAKE_WRONG_IDS, 2);

    ck_assert_int_eq (s_put_in ("a", 30), ZGRID_MAYBE);
    ck_assert_int_eq (s_get_in ("a", 30), ZGRID_TIMEOUT);

    ck_assert_uint_eq (s_client->counters.ignored, 2);
    ck_assert_int_eq (s_get_in ("a", 0), ZGRID_OK);
}
END_TEST

START_TEST (values_of_the_wrong_type_are_wrongtype)
{
    int64_t number = 0;
    fake_server_set (s_server, FAKE_WRONG_TYPES, 3);

    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_WRONGTYPE);
    ck_assert_int_eq (s_get_in ("a", 0), ZGRID_WRONGTYPE);
    ck_assert_int_eq (zgrid_client_incr (s_client, "map", zgrid_str ("n"), 1, NULL, &number),
                      ZGRID_WRONGTYPE);

    ck_assert_uint_eq (s_client->counters.wrong, 3);
    ck_assert_int_eq (s_get_in ("a", 0), ZGRID_OK);
}
END_TEST

START_TEST (junk_is_counted_and_costs_only_its_own_answer)
{
    for (uint64_t kind = 1; kind <= 8; kind++) {
        s_connect (0, false);
        fake_server_set (s_server, FAKE_JUNK, kind);
        //  Under a sanitizer an answer takes its time
        ck_assert_int_eq (s_put_in ("a", 100), ZGRID_MAYBE);
        ck_assert_int_eq (s_get_in ("a", 0), ZGRID_OK);
        client_counters_t *counters = &s_client->counters;
        uint64_t counted = counters->foreign + counters->broken + counters->ignored;
        ck_assert_msg (counted == (kind == 5 ? 0 : 1) || kind == 5, "junk %d: %d", (int) kind, (int) counted);
    }
}
END_TEST

START_TEST (an_answer_that_is_cut_anywhere_does_no_harm)
{
    for (uint64_t cut = 1; cut <= 12; cut++) {
        s_connect (0, false);
        ck_assert_int_eq (s_put_in ("abcdef", 0), ZGRID_OK);
        fake_server_set (s_server, FAKE_CUT, cut);
        int status = s_get_in ("abcdef", 100);
        ck_assert_msg (status == ZGRID_TIMEOUT || status == ZGRID_WRONGTYPE, "cut %d: %d", (int) cut, status);
        ck_assert_int_eq (s_get_in ("abcdef", 0), ZGRID_OK);
    }
}
END_TEST

START_TEST (without_routes_everything_goes_through_the_router)
{
    uint64_t count = 0;
    fake_server_set (s_server, FAKE_NO_ROUTES, 1);
    s_connect (0, false);

    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_size (s_client, "map", &count), ZGRID_OK);
    zgrid_iterator_t *iterator = zgrid_iterator_new (s_client, "map", NULL, false, 0);
    zgrid_bytes_t key;
    ck_assert_int_eq (zgrid_iterator_next (iterator, &key, NULL), ZGRID_OK);
    ck_assert_int_eq (zgrid_iterator_next (iterator, &key, NULL), ZGRID_NOTFOUND);

    ck_assert_uint_eq (count, 1);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DIRECT), 0);
    zgrid_iterator_destroy (&iterator);
}
END_TEST

START_TEST (a_map_is_counted_partly_if_partitions_fail)
{
    uint64_t count = 0;
    char key[16];
    for (int at = 0; at < 100; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        ck_assert_int_eq (s_put_in (key, 0), ZGRID_OK);
    }
    s_connect (100, false);
    fake_server_set (s_server, FAKE_SILENT, 5);

    ck_assert_int_eq (zgrid_client_size (s_client, "map", &count), ZGRID_PARTIAL);
    ck_assert_uint_gt (count, 0);
    ck_assert_uint_lt (count, 100);
    fake_server_set (s_server, FAKE_REFUSE, ZGRID_DENIED);

    ck_assert_int_eq (zgrid_client_destroy_map (s_client, "map", &count), ZGRID_DENIED);
    ck_assert_uint_eq (count, 0);
}
END_TEST

START_TEST (a_storage_endpoint_that_went_away_is_passed_over)
{
    char key[16];
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
    ck_assert_int_eq (s_put_in ("b", 0), ZGRID_OK);
    fake_server_set (s_server, FAKE_NO_ROUTES, 1);
    fake_server_set (s_server, FAKE_CLOSE, 1);
    fake_server_set (s_server, FAKE_CLOSE, 2);

    ck_assert_int_eq (s_put_in ("a", 50), ZGRID_MAYBE);
    ck_assert_int_eq (s_get_in ("b", 50), ZGRID_TIMEOUT);

    //  Now the router serves them
    uint64_t direct = fake_server_get (s_server, FAKE_DIRECT);
    for (int at = 0; at < 20; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        ck_assert_int_eq (s_put_in (key, 0), ZGRID_OK);
    }
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DIRECT), direct);
}
END_TEST

START_TEST (a_server_that_comes_back_is_used_again)
{
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
    for (uint64_t door = 0; door <= 2; door++)
        fake_server_set (s_server, FAKE_CLOSE, door);
    ck_assert_int_eq (s_put_in ("a", 50), ZGRID_MAYBE);
    for (uint64_t door = 0; door <= 2; door++)
        fake_server_set (s_server, FAKE_OPEN, door);

    int status = ZGRID_TIMEOUT;
    for (int tries = 0; tries < 50 && status == ZGRID_TIMEOUT; tries++)
        status = s_get_in ("a", 500);

    ck_assert_int_eq (status, ZGRID_OK);
}
END_TEST

START_TEST (hello_of_a_stranger_is_kept_within_bounds)
{
    fake_server_set (s_server, FAKE_WINDOW_RECORDS, 0);
    fake_server_set (s_server, FAKE_WINDOW_BYTES, 0);
    fake_server_set (s_server, FAKE_FRAME, 0);
    s_connect (0, false);
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
    fake_server_set (s_server, FAKE_WINDOW_RECORDS, UINT64_MAX);
    fake_server_set (s_server, FAKE_WINDOW_BYTES, UINT64_MAX);
    fake_server_set (s_server, FAKE_FRAME, UINT64_MAX);

    s_connect (0, false);

    ck_assert_uint_le (s_client->window_records, 1u << 20);
    ck_assert_uint_le (s_client->frame_max, INT32_MAX);
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
}
END_TEST

//  Tables that lie: each is refused as a whole, and the one before stays.
START_TEST (routes_of_a_stranger_are_checked)
{
    static const struct {
        const char *data;
        size_t size;
    } s_bad[] = {
        { "", 0 },
        { "\x80", 1 },
        { "\x81\xaapartitions\x05", 13 },
        { "\x83\xaapartitions\x02\xa9"
          "endpoints\x91\xa5tcp:/\xa6owners\xc4\x02\0\0",
          46 },
        { "\x83\xaapartitions\0\xa9"
          "endpoints\x91\xa5tcp:/\xa6owners\xc4\0",
          44 },
        { "\x83\xaapartitions\x01\xa9"
          "endpoints\x91\x05\xa6owners\xc4\x02\0\0",
          41 },
        { "\x83\xaapartitions\x01\xa9"
          "endpoints\xdd\x7f\xff\xff\xff",
          27 },
        { "\x83\xaapartitions\x01\xa9"
          "endpoints\x90\xa9"
          "endpoints\x90",
          34 },
    };
    routes_t *routes = &s_client->routes;
    uint32_t partitions = routes->partitions;

    for (size_t at = 0; at < sizeof s_bad / sizeof s_bad[0]; at++)
        ck_assert_msg (!routes_take (s_client, bytes_of (s_bad[at].data, s_bad[at].size)), "%zu", at);
    ck_assert_uint_eq (routes->partitions, partitions);

    //  Owners that do not exist, and endpoints that must not be connected to: the router
    ck_assert (routes_take (s_client, bytes_of ("\x83\xaapartitions\x02\xa9"
                                                "endpoints\x92\xaainproc://x\xa6"
                                                "tcp://\xa6owners\xc4\x04\0\0\0\7",
                                                12 + 1 + 1 + 9 + 1 + 11 + 7 + 7 + 2 + 4)));
    ck_assert_ptr_eq (routes_connection (s_client, 0), s_client->connections[0]);
    ck_assert_ptr_eq (routes_connection (s_client, 1), s_client->connections[0]);
    ck_assert_ptr_eq (routes_connection (s_client, 2), s_client->connections[0]);
    ck_assert_int_eq (s_put_in ("a", 0), ZGRID_OK);
    ck_assert_uint_eq (s_client->connection_count, 1);
}
END_TEST

//  Every prefix of a table that is in order.
START_TEST (a_table_that_is_cut_is_refused)
{
    zgrid_entry_t entry;
    ck_assert_int_eq (zgrid_client_call (s_client, "ROUTES", NULL, NULL, NULL, NULL, &entry), ZGRID_OK);
    size_t size = entry.value.size;
    uint8_t *tree = malloc (size);
    memcpy (tree, entry.value.data, size);

    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc (cut + 1); // So that a sanitizer sees the end
        memcpy (exact + 1, tree, cut);
        ck_assert (!routes_take (s_client, bytes_of (exact + 1, cut)));
        free (exact);
    }

    ck_assert (routes_take (s_client, bytes_of (tree, size)));
    free (tree);
}
END_TEST

START_TEST (ids_pass_over_what_is_still_in_flight)
{
    static item_t s_items[3000];
    pending_t pending = { .last = UINT32_MAX - 500 };
    for (size_t at = 0; at < 400; at++) {
        ck_assert (pending_reserve (&pending, 1));
        pending_add (&pending, &s_items[at]);
    }
    size_t size = pending.size;

    //  The ring goes round many times, and past 32 bits, while they stay
    for (size_t at = 0; at < 100000; at++) {
        item_t *item = &s_items[400 + at % 100];
        ck_assert (pending_reserve (&pending, 1));
        pending_add (&pending, item);
        assert (item->id && pending_find (&pending, item->id) == item);
        pending_remove (&pending, item);
    }

    for (size_t at = 0; at < 400; at++)
        ck_assert_ptr_eq (pending_find (&pending, s_items[at].id), &s_items[at]);
    ck_assert_uint_eq (pending.size, size);
    ck_assert (pending_reserve (&pending, 2000));
    for (size_t at = 400; at < 2400; at++)
        pending_add (&pending, &s_items[at]);
    for (size_t at = 0; at < 2400; at++)
        ck_assert_ptr_eq (pending_find (&pending, s_items[at].id), &s_items[at]);
    ck_assert_ptr_null (pending_find (&pending, 0));
    ck_assert_ptr_null (pending_find (&pending, (uint64_t) s_items[0].id | 1ull << 40));
    pending_clear (&pending);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client faults");
    TCase *tests = tcase_create ("faults");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_setup, s_teardown);
    tcase_add_test (tests, a_lost_answer_is_timeout_for_reads_and_maybe_for_writes);
    tcase_add_test (tests, a_write_that_was_never_sent_is_timeout);
    tcase_add_test (tests, a_pipeline_tells_which_records_were_lost);
    tcase_add_test (tests, busy_and_tryagain_are_sent_again);
    tcase_add_test (tests, busy_until_the_deadline_is_busy);
    tcase_add_test (tests, moved_records_follow_their_owner);
    tcase_add_test (tests, answers_that_come_twice_count_once);
    tcase_add_test (tests, late_answers_are_ignored);
    tcase_add_test (tests, answers_to_others_are_ignored);
    tcase_add_test (tests, values_of_the_wrong_type_are_wrongtype);
    tcase_add_test (tests, junk_is_counted_and_costs_only_its_own_answer);
    tcase_add_test (tests, an_answer_that_is_cut_anywhere_does_no_harm);
    tcase_add_test (tests, without_routes_everything_goes_through_the_router);
    tcase_add_test (tests, a_map_is_counted_partly_if_partitions_fail);
    tcase_add_test (tests, a_storage_endpoint_that_went_away_is_passed_over);
    tcase_add_test (tests, a_server_that_comes_back_is_used_again);
    tcase_add_test (tests, hello_of_a_stranger_is_kept_within_bounds);
    tcase_add_test (tests, routes_of_a_stranger_are_checked);
    tcase_add_test (tests, a_table_that_is_cut_is_refused);
    tcase_add_test (tests, ids_pass_over_what_is_still_in_flight);
    suite_add_tcase (suite, tests);
    return suite;
}

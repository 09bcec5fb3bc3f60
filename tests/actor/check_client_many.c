//  Many records: mget and its like, pipelines, and windows.
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <zgrid_client.h>

#include "client/client_impl.h"
#include "lib/fake_server.h"
#include "lib/test.h"
#include "mem.h"

#define S_COUNT 3000

static fake_server_t *s_server;
static zgrid_client_t *s_client;
static char s_texts[S_COUNT][16];
static zgrid_bytes_t s_keys[S_COUNT];
static zgrid_entry_t s_entries[S_COUNT];

static void
s_connect (uint32_t window_records, uint32_t batch_records)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = fake_server_endpoint (s_server, 0);
    options.window_records = window_records;
    options.batch_records = batch_records;
    ck_assert_int_eq (zgrid_client_new (&s_client, &options), ZGRID_OK);
}

static void
s_setup (void)
{
    s_server = fake_server_new (2);
    for (unsigned at = 0; at < S_COUNT; at++) {
        snprintf (s_texts[at], sizeof s_texts[at], "key-%u", at);
        s_keys[at] = zgrid_str (s_texts[at]);
        s_entries[at] = entry_of (ZGRID_MALFORMED);
    }
    s_connect (0, 0);
}

static void
s_teardown (void)
{
    mem_fail_at (0);
    zgrid_client_destroy (&s_client);
    fake_server_destroy (&s_server);
}

static bool
s_shows (const zgrid_entry_t *entry, zgrid_bytes_t bytes)
{
    return entry->status == ZGRID_OK && entry->has_value && entry->value.size == bytes.size
           && memcmp (entry->value.data, bytes.data, bytes.size) == 0;
}

START_TEST (many_are_put_read_and_removed_in_order)
{
    uint64_t removed = 0;
    zgrid_bytes_t values[S_COUNT];
    for (unsigned at = 0; at < S_COUNT; at++)
        values[at] = s_keys[S_COUNT - 1 - at];

    ck_assert_int_eq (zgrid_client_mput (s_client, "map", s_keys, values, S_COUNT, NULL, s_entries),
                      ZGRID_OK);
    for (unsigned at = 0; at < S_COUNT; at++)
        assert (s_entries[at].status == ZGRID_OK && s_entries[at].version > 0);
    ck_assert_int_eq (zgrid_client_mget (s_client, "map", s_keys, S_COUNT, s_entries), ZGRID_OK);
    for (unsigned at = 0; at < S_COUNT; at++)
        assert (s_shows (&s_entries[at], values[at]));
    ck_assert_int_eq (zgrid_client_mdel (s_client, "map", s_keys, S_COUNT / 2, &removed), ZGRID_OK);
    ck_assert_uint_eq (removed, S_COUNT / 2);
    ck_assert_int_eq (zgrid_client_mget (s_client, "map", s_keys, S_COUNT, s_entries), ZGRID_OK);
    for (unsigned at = 0; at < S_COUNT; at++)
        assert (at < S_COUNT / 2 ? s_entries[at].status == ZGRID_NOTFOUND
                                 : s_shows (&s_entries[at], values[at]));
    ck_assert_int_eq (zgrid_client_mdel (s_client, "map", s_keys, S_COUNT, &removed), ZGRID_OK);

    ck_assert_uint_eq (removed, S_COUNT - S_COUNT / 2);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DIRECT), fake_server_get (s_server, FAKE_RECORDS));
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_LARGEST), 256);
    //  Two storage actors: of the order of full messages, though slow threads may see some sent half full
    ck_assert_uint_le (fake_server_get (s_server, FAKE_MESSAGES), 5 * 4 * (S_COUNT / 256 + 1));
}
END_TEST

START_TEST (conditions_hold_for_each_record)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.if_absent = true;
    ck_assert_int_eq (zgrid_client_mput (s_client, "map", s_keys, s_keys, 10, NULL, NULL), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_mput (s_client, "map", s_keys, s_keys, 20, &options, s_entries),
                      ZGRID_PARTIAL);

    for (unsigned at = 0; at < 20; at++)
        ck_assert_int_eq (s_entries[at].status, at < 10 ? ZGRID_EXISTS : ZGRID_OK);
    ck_assert_ptr_nonnull (strstr (zgrid_client_error (s_client), "10 of 20"));
}
END_TEST

START_TEST (nothing_is_easy)
{
    uint64_t removed = 1;

    ck_assert_int_eq (zgrid_client_mget (s_client, "map", NULL, 0, NULL), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_mdel (s_client, "map", NULL, 0, &removed), ZGRID_OK);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (s_client);
    ck_assert_int_eq (zgrid_pipeline_execute (pipeline, 0), ZGRID_OK);

    ck_assert_uint_eq (removed, 0);
    ck_assert_uint_eq (zgrid_pipeline_count (pipeline), 0);
    zgrid_pipeline_destroy (&pipeline);
}
END_TEST

START_TEST (a_record_that_cannot_be_sent_fails_alone)
{
    char *large = calloc (1, 2000000);
    zgrid_bytes_t values[3] = { zgrid_str ("a"), { large, 2000000 }, zgrid_str ("c") };

    ck_assert_int_eq (zgrid_client_mput (s_client, "map", s_keys, values, 3, NULL, s_entries), ZGRID_PARTIAL);

    ck_assert_int_eq (s_entries[0].status, ZGRID_OK);
    ck_assert_int_eq (s_entries[1].status, ZGRID_TOOBIG);
    ck_assert_int_eq (s_entries[2].status, ZGRID_OK);
    free (large);
}
END_TEST

START_TEST (more_than_one_round_is_one_call)
{
    size_t count = 150000;
    zgrid_bytes_t *keys = calloc (count, sizeof *keys);
    zgrid_entry_t *entries = calloc (count, sizeof *entries);
    for (size_t at = 0; at < count; at++)
        keys[at] = s_keys[at % S_COUNT];
    ck_assert_int_eq (zgrid_client_mput (s_client, "map", s_keys, s_keys, S_COUNT, NULL, NULL), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_mget (s_client, "map", keys, count, entries), ZGRID_OK);

    for (size_t at = 0; at < count; at++)
        assert (s_shows (&entries[at], keys[at]));
    free (keys);
    free (entries);
}
END_TEST

START_TEST (a_pipeline_mixes_operations)
{
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (s_client);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.want_ttl = true;
    options.ttl_ms = 777;

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned at = 0; at < 500; at++) {
            int index = (int) at * 5;
            ck_assert_int_eq (zgrid_pipeline_put (pipeline, "map", s_keys[at], s_keys[at], &options), index);
            ck_assert_int_eq (zgrid_pipeline_get (pipeline, "map", s_keys[at], &options), index + 1);
            ck_assert_int_eq (zgrid_pipeline_incr (pipeline, "count", s_keys[at], at, NULL), index + 2);
            ck_assert_int_eq (zgrid_pipeline_del (pipeline, "map", s_keys[at], NULL), index + 3);
            ck_assert_int_eq (zgrid_pipeline_call (pipeline, "GETDEL", "map", &s_keys[at], NULL, NULL),
                              index + 4);
        }
        ck_assert_int_eq (zgrid_pipeline_entry (pipeline, 0)->status, ZGRID_TRYAGAIN);
        ck_assert_int_eq (zgrid_pipeline_execute (pipeline, 0), ZGRID_OK);
        ck_assert_uint_eq (zgrid_pipeline_count (pipeline), 2500);
        for (unsigned at = 0; at < 500; at++) {
            const zgrid_entry_t *get = zgrid_pipeline_entry (pipeline, at * 5 + 1);
            ck_assert (s_shows (get, s_keys[at]));
            ck_assert_int_eq (get->ttl_ms, 777);
            ck_assert_int_eq (zgrid_pipeline_entry (pipeline, at * 5 + 2)->integer, at * (round + 1));
            ck_assert_int_eq (zgrid_pipeline_entry (pipeline, at * 5 + 3)->status, ZGRID_OK);
            ck_assert_int_eq (zgrid_pipeline_entry (pipeline, at * 5 + 4)->status, ZGRID_NOTFOUND);
        }
        ck_assert_int_eq (zgrid_pipeline_entry (pipeline, 2500)->status, ZGRID_MALFORMED);
        ck_assert_int_eq (zgrid_pipeline_execute (pipeline, 0), ZGRID_MALFORMED);
        ck_assert_int_eq (zgrid_pipeline_get (pipeline, "map", s_keys[0], NULL), -1);
        zgrid_pipeline_reset (pipeline);
    }

    zgrid_pipeline_destroy (&pipeline);
    ck_assert_ptr_null (pipeline);
}
END_TEST

START_TEST (a_pipelines_results_survive_other_calls)
{
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (s_client);
    ck_assert_int_eq (zgrid_client_mput (s_client, "map", s_keys, s_keys, 300, NULL, NULL), ZGRID_OK);
    for (unsigned at = 0; at < 300; at++)
        zgrid_pipeline_get (pipeline, "map", s_keys[at], NULL);
    zgrid_pipeline_call (pipeline, "FROB", "map", &s_keys[0], NULL, NULL);

    ck_assert_int_eq (zgrid_pipeline_execute (pipeline, 0), ZGRID_PARTIAL);
    ck_assert_int_eq (zgrid_client_mget (s_client, "map", s_keys, 300, s_entries), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_exists (s_client, "map", s_keys[0]), ZGRID_OK);

    for (unsigned at = 0; at < 300; at++)
        ck_assert (s_shows (zgrid_pipeline_entry (pipeline, at), s_keys[at]));
    ck_assert_int_eq (zgrid_pipeline_entry (pipeline, 300)->status, ZGRID_BADOP);
    zgrid_pipeline_destroy (&pipeline);
}
END_TEST

//  The server answers only once 200 records wait: so the client sends so many without an answer, and
//  no more than that by its window.
START_TEST (the_window_is_filled_and_not_passed)
{
    zgrid_future_t *futures[1000];
    zgrid_client_destroy (&s_client);
    fake_server_set (s_server, FAKE_WINDOW_RECORDS, 100);
    s_connect (0, 10);
    fake_server_set (s_server, FAKE_HOLD, 1000000);
    for (unsigned at = 0; at < 700; at++)
        futures[at] = zgrid_client_put_future (s_client, "map", s_keys[at], s_keys[at], NULL);
    zgrid_client_flush (s_client);

    //  Two storage actors with a window of 100 each
    while (fake_server_get (s_server, FAKE_HELD) < 200)
        zgrid_client_process (s_client);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_HELD), 200);
    ck_assert_uint_eq (s_client->connections[1]->flying, 100);
    ck_assert_uint_eq (s_client->connections[2]->flying, 100);
    fake_server_set (s_server, FAKE_HOLD, 1);
    //  The next message to come opens the gate
    zgrid_entry_t entry;
    zgrid_bytes_t hello = zgrid_str ("hello");
    ck_assert_int_eq (zgrid_client_call (s_client, "PING", NULL, NULL, &hello, NULL, &entry), ZGRID_OK);

    for (unsigned at = 0; at < 700; at++) {
        ck_assert (zgrid_future_wait (futures[at], 0));
        ck_assert_int_eq (zgrid_future_entry (futures[at])->status, ZGRID_OK);
        zgrid_future_destroy (&futures[at]);
    }
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_LARGEST), 10);
}
END_TEST

START_TEST (a_blocking_call_goes_on_as_the_window_opens)
{
    zgrid_client_destroy (&s_client);
    fake_server_set (s_server, FAKE_WINDOW_RECORDS, 7);
    s_connect (0, 0);

    ck_assert_int_eq (zgrid_client_mput (s_client, "map", s_keys, s_keys, S_COUNT, NULL, s_entries),
                      ZGRID_OK);

    ck_assert_uint_le (fake_server_get (s_server, FAKE_LARGEST), 7);
}
END_TEST

START_TEST (bytes_count_in_the_window_too)
{
    char *value = calloc (1, 30000);
    zgrid_bytes_t bytes = { value, 30000 };
    zgrid_future_t *futures[40];
    zgrid_client_destroy (&s_client);
    fake_server_set (s_server, FAKE_WINDOW_BYTES, 100000);
    s_connect (0, 0);
    zgrid_bytes_t key = zgrid_str ("k");
    fake_server_set (s_server, FAKE_HOLD, 1000000);

    for (unsigned at = 0; at < 40; at++)
        futures[at] = zgrid_client_put_future (s_client, "map", key, bytes, NULL);
    zgrid_client_flush (s_client);

    //  Three of 30,000 fit, and four windows of bytes may queue
    while (fake_server_get (s_server, FAKE_HELD) < 3)
        zgrid_client_process (s_client);
    unsigned busy = 0;
    for (unsigned at = 0; at < 40; at++)
        busy += zgrid_future_done (futures[at]) && zgrid_future_entry (futures[at])->status == ZGRID_BUSY;
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_HELD), 3);
    ck_assert_uint_eq (busy, 40 - 3 - 14);
    for (unsigned at = 0; at < 40; at++)
        zgrid_future_destroy (&futures[at]);
    zgrid_client_destroy (&s_client);
    //  A value larger than the window goes alone
    fake_server_set (s_server, FAKE_HOLD, 0);
    fake_server_set (s_server, FAKE_WINDOW_BYTES, 2000);
    s_connect (0, 0);
    ck_assert_int_eq (zgrid_client_put (s_client, "map", key, bytes, NULL, NULL), ZGRID_OK);
    free (value);
}
END_TEST

START_TEST (futures_beyond_four_windows_are_refused)
{
    zgrid_client_destroy (&s_client);
    fake_server_set (s_server, FAKE_WINDOW_RECORDS, 10);
    s_connect (0, 0);
    fake_server_set (s_server, FAKE_HOLD, 1000000);
    zgrid_future_t *futures[60];
    unsigned busy = 0;

    for (unsigned at = 0; at < 60; at++)
        futures[at] = zgrid_client_put_future (s_client, "map", zgrid_str ("k"), s_keys[at], NULL);

    for (unsigned at = 0; at < 60; at++) {
        if (zgrid_future_done (futures[at])) {
            ck_assert_int_eq (zgrid_future_entry (futures[at])->status, ZGRID_BUSY);
            ck_assert_uint_ge (at, 50);
            busy++;
        }
        zgrid_future_destroy (&futures[at]);
    }
    ck_assert_uint_eq (busy, 10);
}
END_TEST

//  Every allocation of a call fails once: nothing breaks, and no record is without a status.
START_TEST (calls_without_memory_fail_cleanly)
{
    for (uint64_t at = 1; at < 60; at++) {
        zgrid_client_destroy (&s_client);
        s_connect (0, 0);
        zgrid_pipeline_t *pipeline = zgrid_pipeline_new (s_client);
        zgrid_options_t options = ZGRID_OPTIONS_INIT;
        options.timeout_ms = 20;
        mem_fail_at (at);
        int put = zgrid_client_mput (s_client, "map", s_keys, s_keys, 100, &options, s_entries);
        int added = zgrid_pipeline_get (pipeline, "map", s_keys[0], NULL);
        zgrid_pipeline_execute (pipeline, 20);
        zgrid_entry_t entry;
        int got = zgrid_client_get (s_client, "map", s_keys[0], &options, &entry);
        zgrid_future_t *future = zgrid_client_put_future (s_client, "map", s_keys[1], s_keys[1], &options);
        if (future)
            ck_assert (zgrid_future_wait (future, 0));
        zgrid_iterator_t *iterator = zgrid_iterator_new (s_client, "map", NULL, false, 0);
        mem_fail_at (0);

        for (unsigned k = 0; k < 100; k++)
            assert (s_entries[k].status != ZGRID_TRYAGAIN);
        ck_assert (put == ZGRID_OK || put == ZGRID_PARTIAL);
        ck_assert (added == 0 || added == -1);
        ck_assert (got != ZGRID_OK || s_shows (&entry, s_keys[0]));
        zgrid_future_destroy (&future);
        zgrid_iterator_destroy (&iterator);
        zgrid_pipeline_destroy (&pipeline);
        ck_assert_int_eq (zgrid_client_put (s_client, "map", s_keys[0], s_keys[0], NULL, NULL), ZGRID_OK);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client many");
    TCase *tests = tcase_create ("many");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_setup, s_teardown);
    tcase_add_test (tests, many_are_put_read_and_removed_in_order);
    tcase_add_test (tests, conditions_hold_for_each_record);
    tcase_add_test (tests, nothing_is_easy);
    tcase_add_test (tests, a_record_that_cannot_be_sent_fails_alone);
    tcase_add_test (tests, more_than_one_round_is_one_call);
    tcase_add_test (tests, a_pipeline_mixes_operations);
    tcase_add_test (tests, a_pipelines_results_survive_other_calls);
    tcase_add_test (tests, the_window_is_filled_and_not_passed);
    tcase_add_test (tests, a_blocking_call_goes_on_as_the_window_opens);
    tcase_add_test (tests, bytes_count_in_the_window_too);
    tcase_add_test (tests, futures_beyond_four_windows_are_refused);
    tcase_add_test (tests, calls_without_memory_fail_cleanly);
    suite_add_tcase (suite, tests);
    return suite;
}

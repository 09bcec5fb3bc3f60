//  Futures, foreign event loops and embedded reads.
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <poll.h>
#include <zgrid_client.h>

#include "client/client_impl.h"
#include "client/client_inner.h"
#include "lib/fake_local.h"
#include "lib/fake_server.h"
#include "lib/test.h"

static fake_server_t *s_server;
static zgrid_client_t *s_client;

static void
s_setup (void)
{
    s_server = fake_server_new (2);
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = fake_server_endpoint (s_server, 0);
    ck_assert_int_eq (zgrid_client_new (&s_client, &options), ZGRID_OK);
}

static void
s_teardown (void)
{
    zgrid_client_destroy (&s_client);
    fake_server_destroy (&s_server);
}

static zgrid_future_t *
s_put (unsigned number)
{
    char key[16];
    snprintf (key, sizeof key, "key-%u", number);
    return zgrid_client_put_future (s_client, "map", zgrid_str (key), zgrid_str (key), NULL);
}

static zgrid_future_t *
s_get (unsigned number, uint32_t timeout_ms)
{
    char key[16];
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = timeout_ms;
    snprintf (key, sizeof key, "key-%u", number);
    return zgrid_client_get_future (s_client, "map", zgrid_str (key), &options);
}

static int
s_status (const zgrid_future_t *future)
{
    return zgrid_future_entry (future)->status;
}

START_TEST (futures_get_their_own_answers)
{
    zgrid_future_t *futures[500];
    for (unsigned at = 0; at < 500; at++)
        futures[at] = s_put (at);
    ck_assert_int_eq (s_status (futures[499]), ZGRID_TRYAGAIN);
    for (unsigned at = 0; at < 500; at++) {
        ck_assert (zgrid_future_wait (futures[at], 0));
        ck_assert_int_eq (s_status (futures[at]), ZGRID_OK);
        zgrid_future_destroy (&futures[at]);
        ck_assert_ptr_null (futures[at]);
    }

    for (unsigned at = 0; at < 500; at++)
        futures[at] = s_get (at * 2, 0);

    for (unsigned at = 500; at--;) {
        char key[16];
        ck_assert (zgrid_future_wait (futures[at], 0));
        const zgrid_entry_t *entry = zgrid_future_entry (futures[at]);
        ck_assert_int_eq (entry->status, at * 2 < 500 ? ZGRID_OK : ZGRID_NOTFOUND);
        snprintf (key, sizeof key, "key-%u", at * 2);
        if (entry->status == ZGRID_OK) {
            ck_assert_uint_eq (entry->value.size, strlen (key));
            ck_assert_mem_eq (entry->value.data, key, strlen (key));
        }
        zgrid_future_destroy (&futures[at]);
    }
}
END_TEST

START_TEST (every_kind_of_future_is_answered)
{
    zgrid_bytes_t key = zgrid_str ("n"), large = { calloc (1, 5000), 5000 };
    zgrid_future_t *incr = zgrid_client_incr_future (s_client, "map", key, 3, NULL);
    zgrid_future_t *del = zgrid_client_del_future (s_client, "map", zgrid_str ("none"), NULL);
    zgrid_future_t *put = zgrid_client_put_future (s_client, "map", zgrid_str ("large"), large, NULL);
    zgrid_future_t *call = zgrid_client_call_future (s_client, "GET", "map", &key, NULL, NULL);
    zgrid_bytes_t name = zgrid_str ("large");
    zgrid_future_t *get = zgrid_client_call_future (s_client, "GET", "map", &name, NULL, NULL);
    zgrid_future_t *bad = zgrid_client_call_future (s_client, "FROB", "map", &key, NULL, NULL);

    ck_assert (zgrid_future_wait (incr, 0) && zgrid_future_wait (del, 0) && zgrid_future_wait (put, 0)
               && zgrid_future_wait (call, 0) && zgrid_future_wait (get, 0) && zgrid_future_wait (bad, 0));

    ck_assert_int_eq (zgrid_future_entry (incr)->integer, 3);
    ck_assert_int_eq (s_status (del), ZGRID_NOTFOUND);
    ck_assert_int_eq (s_status (put), ZGRID_OK);
    ck_assert_mem_eq (zgrid_future_entry (call)->value.data, "3", 1);
    ck_assert_uint_eq (zgrid_future_entry (get)->value.size, 5000);
    ck_assert_int_eq (s_status (bad), ZGRID_BADOP);
    fake_server_set (s_server, FAKE_REFUSE, ZGRID_DENIED);
    zgrid_future_t *refused = s_get (1, 0);
    ck_assert (zgrid_future_wait (refused, 0));
    ck_assert_str_eq (zgrid_future_entry (refused)->error, "refused by the test");
    free ((char *) (uintptr_t) large.data);
    zgrid_future_destroy (&incr);
    zgrid_future_destroy (&del);
    zgrid_future_destroy (&put);
    zgrid_future_destroy (&call);
    zgrid_future_destroy (&get);
    zgrid_future_destroy (&bad);
    zgrid_future_destroy (&refused);
    zgrid_future_destroy (&refused);
}
END_TEST

START_TEST (waiting_for_a_while_is_not_waiting_for_ever)
{
    fake_server_set (s_server, FAKE_SILENT, 1);
    zgrid_future_t *future = s_get (1, 150);

    ck_assert (!zgrid_future_wait (future, 10));
    ck_assert_int_eq (s_status (future), ZGRID_TRYAGAIN);
    ck_assert (zgrid_future_wait (future, 0));

    ck_assert_int_eq (s_status (future), ZGRID_TIMEOUT);
    zgrid_future_destroy (&future);
}
END_TEST

typedef struct {
    unsigned calls;
    unsigned wanted; // New futures that the function still starts
    int last;
} s_tally_t;

static void
s_on_done (zgrid_future_t *future, void *arg)
{
    s_tally_t *tally = arg;
    ck_assert (zgrid_future_done (future));
    //  A blocking form is refused here
    ck_assert_int_eq (zgrid_client_exists (s_client, "map", zgrid_str ("x")), ZGRID_MALFORMED);
    tally->last = s_status (future);
    tally->calls++;
    zgrid_future_destroy (&future);
    if (tally->wanted) {
        tally->wanted--;
        zgrid_future_then (s_put (tally->wanted), s_on_done, tally);
    }
}

static void
s_on_order (zgrid_future_t *future, void *arg)
{
    s_tally_t *tally = arg;
    ck_assert_uint_eq (zgrid_future_entry (future)->version, ++tally->calls);
    zgrid_future_destroy (&future);
}

START_TEST (functions_are_called_once_and_may_start_more)
{
    s_tally_t tally = { .wanted = 1000, .last = -1 };
    for (unsigned at = 0; at < 10; at++)
        zgrid_future_then (s_put (at), s_on_done, &tally);

    while (tally.calls < 1010) {
        zgrid_future_t *future = s_get (0, 0);
        ck_assert (zgrid_future_wait (future, 0));
        zgrid_future_destroy (&future);
    }

    ck_assert_uint_eq (tally.calls, 1010);
    ck_assert_int_eq (tally.last, ZGRID_OK);
}
END_TEST

START_TEST (functions_are_called_in_the_order_of_the_answers)
{
    s_tally_t tally = { .calls = 0 };
    zgrid_future_t *last = NULL;
    for (unsigned at = 0; at < 20; at++) {
        last = zgrid_client_put_future (s_client, "map", zgrid_str ("k"), zgrid_str ("v"), NULL);
        if (at < 19)
            zgrid_future_then (last, s_on_order, &tally);
    }

    ck_assert (zgrid_future_wait (last, 0));

    ck_assert_uint_eq (tally.calls, 19);
    zgrid_future_destroy (&last);
}
END_TEST

START_TEST (a_future_that_is_done_calls_at_once)
{
    s_tally_t tally = { .calls = 0 };
    zgrid_future_t *future = s_put (1);
    ck_assert (zgrid_future_wait (future, 0));

    zgrid_future_then (future, s_on_order, &tally);

    ck_assert_uint_eq (tally.calls, 1);
}
END_TEST

START_TEST (a_future_destroyed_in_flight_harms_nobody)
{
    s_tally_t tally = { .calls = 0 };
    zgrid_future_t *sent = s_put (1), *unsent = s_put (2), *other = s_put (3);
    zgrid_future_then (sent, s_on_done, &tally);
    zgrid_client_flush (s_client);
    zgrid_future_t *queued = s_put (4);

    zgrid_future_destroy (&sent);
    zgrid_future_destroy (&unsent);
    zgrid_future_destroy (&queued);

    ck_assert (zgrid_future_wait (other, 0));
    ck_assert_uint_eq (tally.calls, 0);
    zgrid_future_destroy (&other);
    //  What was destroyed happens nevertheless
    zgrid_client_flush (s_client);
    ck_assert_int_eq (zgrid_client_exists (s_client, "map", zgrid_str ("key-2")), ZGRID_OK);
}
END_TEST

START_TEST (futures_outlive_their_client)
{
    s_tally_t tally = { .calls = 0 };
    fake_server_set (s_server, FAKE_SILENT, 1000);
    zgrid_future_t *sent = s_put (1), *asked = s_get (1, 0), *orphan = s_put (3);
    zgrid_future_then (s_put (2), s_on_order, &tally);
    zgrid_future_destroy (&orphan);
    zgrid_client_flush (s_client);
    zgrid_future_t *unsent = s_put (4);
    s_tally_t ended = { .calls = 0, .wanted = 0 };
    zgrid_future_then (s_put (5), s_on_done, &ended);

    tally.calls = UINT32_MAX; // The version of an answer that never came is 0
    zgrid_client_destroy (&s_client);

    ck_assert_uint_eq (tally.calls, 0);
    ck_assert_uint_eq (ended.calls, 1);
    ck_assert_int_eq (s_status (sent), ZGRID_MAYBE);
    ck_assert_int_eq (s_status (asked), ZGRID_TIMEOUT);
    ck_assert_int_eq (s_status (unsent), ZGRID_TIMEOUT);
    ck_assert (zgrid_future_wait (sent, 0));
    zgrid_future_destroy (&sent);
    zgrid_future_destroy (&asked);
    zgrid_future_destroy (&unsent);
}
END_TEST

START_TEST (blocking_calls_and_futures_mix)
{
    zgrid_future_t *futures[600];

    for (unsigned at = 0; at < 600; at++) {
        futures[at] = s_put (at);
        if (at % 100 == 50)
            ck_assert_int_eq (zgrid_client_put_int (s_client, "map", "n", at), ZGRID_OK);
    }

    for (unsigned at = 0; at < 600; at++) {
        ck_assert (zgrid_future_wait (futures[at], 0));
        ck_assert_int_eq (s_status (futures[at]), ZGRID_OK);
        zgrid_future_destroy (&futures[at]);
    }
    uint64_t count = 0;
    ck_assert_int_eq (zgrid_client_size (s_client, "map", &count), ZGRID_OK);
    ck_assert_uint_eq (count, 601);
}
END_TEST

//  A host's loop that knows nothing but the descriptor and the timeout.
static void
s_loop (const s_tally_t *tally, unsigned calls)
{
    struct pollfd item = { .fd = zgrid_client_fd (s_client), .events = POLLIN };
    while (tally->calls < calls) {
        int wait_ms = zgrid_client_timeout (s_client);
        //  Were a wake-up lost, this would end with the deadline of the futures at the earliest
        poll (&item, 1, wait_ms);
        zgrid_client_process (s_client);
    }
}

START_TEST (a_foreign_loop_finishes_every_future)
{
    s_tally_t tally = { .wanted = 3000 };
    ck_assert_int_eq (zgrid_client_timeout (s_client), -1);
    ck_assert_uint_eq (zgrid_client_process (s_client), 0);
    for (unsigned at = 0; at < 50; at++)
        zgrid_future_then (s_put (at), s_on_done, &tally);
    ck_assert_int_eq (zgrid_client_timeout (s_client), 0);

    s_loop (&tally, 3050);

    ck_assert_uint_eq (tally.calls, 3050);
    ck_assert_int_eq (tally.last, ZGRID_OK);
    ck_assert_int_eq (s_client->counters.expired, 0);
}
END_TEST

START_TEST (one_future_at_a_time_in_a_foreign_loop_is_not_forgotten)
{
    s_tally_t tally = { .wanted = 300 };
    zgrid_client_fd (s_client);
    zgrid_future_then (s_put (0), s_on_done, &tally);
    zgrid_client_flush (s_client);

    s_loop (&tally, 301);

    ck_assert_int_eq (tally.last, ZGRID_OK);
    ck_assert_int_eq (s_client->counters.expired, 0);
}
END_TEST

START_TEST (a_foreign_loop_sees_deadlines)
{
    s_tally_t tally = { .calls = 0 };
    fake_server_set (s_server, FAKE_SILENT, 10);
    zgrid_future_then (s_get (1, 30), s_on_done, &tally);
    zgrid_client_process (s_client);
    int wait_ms = zgrid_client_timeout (s_client);
    ck_assert_int_ge (wait_ms, 0);
    ck_assert_int_le (wait_ms, 30);

    s_loop (&tally, 1);

    ck_assert_int_eq (tally.last, ZGRID_TIMEOUT);
}
END_TEST

START_TEST (late_answers_leave_no_descriptor_readable)
{
    struct pollfd item = { .fd = zgrid_client_fd (s_client), .events = POLLIN };
    fake_server_set (s_server, FAKE_HOLD, 2);
    zgrid_future_t *late = s_get (1, 20);
    ck_assert (zgrid_future_wait (late, 0));
    ck_assert_int_eq (s_status (late), ZGRID_TIMEOUT);
    //  Answered by another connection: the router, since the owner was silent
    ck_assert_int_eq (zgrid_client_exists (s_client, "map", zgrid_str ("key-1")), ZGRID_NOTFOUND);

    while (s_client->counters.ignored < 1) {
        ck_assert_int_gt (poll (&item, 1, 10000), 0);
        zgrid_client_process (s_client);
    }

    zgrid_client_process (s_client);
    ck_assert_int_eq (poll (&item, 1, 20), 0);
    zgrid_future_destroy (&late);
}
END_TEST

//  ------------------------------------------------------------------------------------------------

static local_t *
s_embed (void)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    const char *endpoints[2] = { fake_server_endpoint (s_server, 1), fake_server_endpoint (s_server, 2) };
    client_local_t local = { .reader = fake_local_new (),
                             .partitions = 31,
                             .actors = 2,
                             .endpoints = endpoints,
                             .router = fake_server_endpoint (s_server, 0) };
    zgrid_client_destroy (&s_client);
    ck_assert_int_eq (client_new_inner (&s_client, &options, &local), ZGRID_OK);
    fake_local_reads = fake_local_most = fake_local_closed = 0;
    return local.reader;
}

START_TEST (an_embedded_client_reads_without_a_message)
{
    zgrid_entry_t entry;
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.want_ttl = true;
    fake_local_fill (s_embed (), 100, 0);

    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("key-42"), NULL, &entry), ZGRID_OK);
    ck_assert_uint_eq (entry.value.size, 8);
    ck_assert_mem_eq (entry.value.data, "value-42", 8);
    ck_assert_uint_eq (entry.version, 43);
    ck_assert_int_eq (entry.ttl_ms, -2);
    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("key-42"), &options, &entry), ZGRID_OK);
    ck_assert_int_eq (entry.ttl_ms, 1042);
    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("none"), NULL, &entry), ZGRID_NOTFOUND);
    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("key-1"), NULL, NULL), ZGRID_OK);

    ck_assert_uint_eq (fake_server_get (s_server, FAKE_RECORDS), 0);
    zgrid_client_destroy (&s_client);
    ck_assert_uint_eq (fake_local_closed, 1);
}
END_TEST

START_TEST (what_cannot_be_read_locally_is_asked_of_the_owner)
{
    zgrid_entry_t entries[100];
    zgrid_bytes_t keys[100];
    static char s_keys[100][16];
    fake_local_fill (s_embed (), 90, 10);
    for (unsigned at = 0; at < 100; at++) {
        snprintf (s_keys[at], sizeof s_keys[at], "key-%u", at);
        keys[at] = zgrid_str (s_keys[at]);
    }
    ck_assert_int_eq (zgrid_client_put_str (s_client, "map", "key-20", "asked"), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_get (s_client, "map", keys[20], NULL, &entries[0]), ZGRID_OK);
    ck_assert_mem_eq (entries[0].value.data, "asked", 5);
    ck_assert_int_eq (zgrid_client_mget (s_client, "map", keys, 100, entries), ZGRID_OK);

    for (unsigned at = 0; at < 100; at++) {
        char value[16];
        int wanted = at >= 90 || (at % 10 == 0 && at != 20) ? ZGRID_NOTFOUND : ZGRID_OK;
        ck_assert_int_eq (entries[at].status, wanted);
        snprintf (value, sizeof value, at == 20 ? "asked" : "value-%u", at);
        if (wanted == ZGRID_OK)
            ck_assert_mem_eq (entries[at].value.data, value, strlen (value));
    }
    ck_assert_uint_eq (fake_local_most, 16);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_RECORDS), 11);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DIRECT), 11);
}
END_TEST

START_TEST (local_results_may_be_keys_of_the_next_call)
{
    //  "value-N" is no key: what matters is that it is looked up as it is, and not as something else
    zgrid_entry_t entries[64], again[64];
    zgrid_bytes_t keys[64];
    static char s_keys[64][16];
    fake_local_fill (s_embed (), 64, 0);
    for (unsigned at = 0; at < 64; at++) {
        snprintf (s_keys[at], sizeof s_keys[at], "key-%u", at);
        keys[at] = zgrid_str (s_keys[at]);
        char value[16];
        snprintf (value, sizeof value, "value-%u", at);
        ck_assert_int_eq (zgrid_client_put_str (s_client, "map", value, s_keys[at]), ZGRID_OK);
    }
    ck_assert_int_eq (zgrid_client_mget (s_client, "map", keys, 64, entries), ZGRID_OK);
    for (unsigned at = 0; at < 64; at++)
        keys[at] = entries[at].value;

    ck_assert_int_eq (zgrid_client_mput (s_client, "map", keys, keys, 64, NULL, again), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_mget (s_client, "map", keys, 64, again), ZGRID_OK);

    ck_assert_int_eq (again[63].status, ZGRID_NOTFOUND); // The local reader knows no such key
    ck_assert_int_eq (zgrid_client_exists (s_client, "map", zgrid_str ("value-63")), ZGRID_OK);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client futures");
    TCase *tests = tcase_create ("futures");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_setup, s_teardown);
    tcase_add_test (tests, futures_get_their_own_answers);
    tcase_add_test (tests, every_kind_of_future_is_answered);
    tcase_add_test (tests, waiting_for_a_while_is_not_waiting_for_ever);
    tcase_add_test (tests, functions_are_called_once_and_may_start_more);
    tcase_add_test (tests, functions_are_called_in_the_order_of_the_answers);
    tcase_add_test (tests, a_future_that_is_done_calls_at_once);
    tcase_add_test (tests, a_future_destroyed_in_flight_harms_nobody);
    tcase_add_test (tests, futures_outlive_their_client);
    tcase_add_test (tests, blocking_calls_and_futures_mix);
    tcase_add_test (tests, a_foreign_loop_finishes_every_future);
    tcase_add_test (tests, one_future_at_a_time_in_a_foreign_loop_is_not_forgotten);
    tcase_add_test (tests, a_foreign_loop_sees_deadlines);
    tcase_add_test (tests, late_answers_leave_no_descriptor_readable);
    tcase_add_test (tests, an_embedded_client_reads_without_a_message);
    tcase_add_test (tests, what_cannot_be_read_locally_is_asked_of_the_owner);
    tcase_add_test (tests, local_results_may_be_keys_of_the_next_call);
    suite_add_tcase (suite, tests);
    return suite;
}

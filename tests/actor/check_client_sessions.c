//  The client sends what had no answer again, and it happens once.
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <zgrid_client.h>

#include "client/client_impl.h"
#include "lib/fake_server.h"
#include "lib/test.h"

static fake_server_t *s_server;
static zgrid_client_t *s_client;

static void
s_connect (void)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = fake_server_endpoint (s_server, 0);
    zgrid_client_destroy (&s_client);
    ck_assert_int_eq (zgrid_client_new (&s_client, &options), ZGRID_OK);
}

static void
s_setup (void)
{
    s_server = fake_server_new (2);
    fake_server_set (s_server, FAKE_SESSIONS, 1);
    fake_server_set (s_server, FAKE_ERA, 3);
    s_connect ();
}

static void
s_teardown (void)
{
    zgrid_client_destroy (&s_client);
    fake_server_destroy (&s_server);
}

static void
s_set (fake_t what, uint64_t value)
{
    fake_server_set (s_server, what, value);
}

static uint64_t
s_count (fake_t what)
{
    return fake_server_get (s_server, what);
}

static int
s_incr (uint32_t timeout_ms, int64_t *result)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = timeout_ms;
    return zgrid_client_incr (s_client, "map", zgrid_str ("n"), 1, &options, result);
}

//  What it ends with if each sending is refused. One that is in flight at the deadline is MAYBE, which
//  may happen on a busy machine.
static int
s_refused (uint32_t timeout_ms)
{
    int status = ZGRID_MAYBE;
    for (int tries = 0; tries < 20 && status == ZGRID_MAYBE; tries++)
        status = s_incr (timeout_ms, NULL);
    return status;
}

static zgrid_future_t *
s_incr_future (uint32_t timeout_ms)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = timeout_ms;
    zgrid_future_t *future = zgrid_client_incr_future (s_client, "map", zgrid_str ("n"), 1, &options);
    zgrid_client_flush (s_client);
    return future;
}

//  Gives the future back.
static int
s_wait (zgrid_future_t *future)
{
    ck_assert (zgrid_future_wait (future, 0));
    int status = zgrid_future_entry (future)->status;
    zgrid_future_destroy (&future);
    return status;
}

static int64_t
s_total (void)
{
    int64_t total = -1;
    s_set (FAKE_REFUSE, 0);
    ck_assert_int_eq (zgrid_client_get_int (s_client, "map", "n", &total), ZGRID_OK);
    return total;
}

START_TEST (a_write_whose_answer_was_lost_happens_once)
{
    int64_t result = 0;
    s_set (FAKE_SILENT, 1);

    ck_assert_int_eq (s_incr (0, &result), ZGRID_OK);

    ck_assert_int_eq (result, 1);
    ck_assert_uint_eq (s_count (FAKE_DEDUPED), 1);
    ck_assert_uint_eq (s_client->counters.resent, 1);
    ck_assert_int_eq (s_incr (0, &result), ZGRID_OK);
    ck_assert_int_eq (result, 2);
    ck_assert_uint_eq (s_client->pending.used, 0);
}
END_TEST

START_TEST (a_request_that_was_lost_is_sent_again)
{
    int64_t result = 0;
    s_set (FAKE_DROP, 1);
    ck_assert_int_eq (s_incr (0, &result), ZGRID_OK);
    ck_assert_int_eq (result, 1);
    s_set (FAKE_DROP, 1);

    ck_assert_int_eq (s_total (), 1); // A read

    ck_assert_uint_eq (s_count (FAKE_DEDUPED), 0);
    ck_assert_uint_eq (s_client->counters.resent, 2);
}
END_TEST

//  The pause between sendings grows.
START_TEST (silence_is_broken_more_and_more_rarely)
{
    s_set (FAKE_DROP, 1000);
    ck_assert_int_eq (s_incr (1800, NULL), ZGRID_MAYBE);
    ck_assert_uint_ge (s_count (FAKE_RECORDS), 2);
    ck_assert_uint_le (s_count (FAKE_RECORDS), 3);
}
END_TEST

START_TEST (without_a_session_a_write_is_not_sent_twice)
{
    s_set (FAKE_SESSIONS, 0);
    s_connect ();
    ck_assert_uint_eq (s_client->guard, 0);
    s_set (FAKE_SILENT, 1);

    ck_assert_int_eq (s_incr (1200, NULL), ZGRID_MAYBE);

    //  To another owner it may go that was told by MOVED, but not again after silence
    ck_assert_uint_eq (s_client->counters.resent, 0);
    ck_assert_uint_eq (s_count (FAKE_WITHS), 0);
    s_set (FAKE_DROP, 1);
    ck_assert_int_eq (s_total (), 1); // Reads are
    s_set (FAKE_BUSY, 2);
    ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK); // So are writes that were refused
    ck_assert_int_eq (s_total (), 2);
}
END_TEST

//  A map is removed once: without a partition nobody would notice the second time.
START_TEST (what_a_session_does_not_cover_is_not_sent_twice)
{
    s_set (FAKE_DROP, 1);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.timeout_ms = 800;
    ck_assert_int_eq (zgrid_client_call (s_client, "DESTROY", "map", NULL, NULL, &options, NULL),
                      ZGRID_MAYBE);
    ck_assert_uint_eq (s_count (FAKE_RECORDS), 1);
    uint64_t count = 0;
    ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK);
    s_set (FAKE_DROP, 3);

    ck_assert_int_eq (zgrid_client_destroy_map (s_client, "map", &count), ZGRID_OK);

    ck_assert_uint_eq (count, 1);
    ck_assert_uint_eq (s_client->counters.resent, 3);
}
END_TEST

START_TEST (bodies_with_writes_begin_with_the_session)
{
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (s_client);
    char key[16];
    for (int at = 0; at < 1000; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        zgrid_pipeline_put (pipeline, "map", zgrid_str (key), zgrid_str (key), NULL);
        zgrid_pipeline_get (pipeline, "map", zgrid_str (key), NULL);
    }
    ck_assert_int_eq (zgrid_pipeline_execute (pipeline, 0), ZGRID_OK);
    ck_assert_uint_eq (s_count (FAKE_UNGUARDED), 0);
    ck_assert_uint_eq (s_count (FAKE_WITHS), s_count (FAKE_MESSAGES));
    uint64_t before = s_count (FAKE_WITHS);

    ck_assert_int_eq (zgrid_client_exists (s_client, "map", zgrid_str ("none")), ZGRID_NOTFOUND);

    ck_assert_uint_eq (s_count (FAKE_WITHS), before);
    zgrid_pipeline_destroy (&pipeline);
}
END_TEST

START_TEST (what_was_answered_is_acknowledged)
{
    for (int at = 0; at < 100; at++)
        ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK);
    ck_assert_uint_le (s_count (FAKE_RECORDED), 1);

    //  Not beyond what has no answer yet
    s_set (FAKE_SILENT, 1);
    zgrid_future_t *slow = s_incr_future (0);
    while (s_count (FAKE_SILENT))
        ;
    uint64_t id = s_client->pending.last;
    for (int at = 0; at < 10; at++)
        ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK);
    ck_assert_uint_eq (s_count (FAKE_ACK), id);
    ck_assert_int_eq (s_wait (slow), ZGRID_OK);
    ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK);
    ck_assert_uint_gt (s_count (FAKE_ACK), id + 10);
    ck_assert_uint_le (s_count (FAKE_RECORDED), 1);
    ck_assert_int_eq (s_total (), 112);
}
END_TEST

START_TEST (a_new_era_is_a_new_session)
{
    uint16_t guard = s_client->guard;
    ck_assert_uint_eq (s_client->counters.sessions, 1);
    s_set (FAKE_PUSH, 7); // Nothing new
    while (s_client->counters.pushes < 1)
        zgrid_client_process (s_client);
    while (learn_busy (s_client) || s_client->learn_at != TIME_NEVER)
        zgrid_client_process (s_client);
    ck_assert_uint_eq (s_client->guard, guard);
    s_set (FAKE_SILENT, 1);
    zgrid_future_t *before = s_incr_future (0);
    while (s_count (FAKE_SILENT))
        ;

    s_set (FAKE_ERA, 4);
    s_set (FAKE_PUSH, 8);
    while (s_client->guard == guard)
        zgrid_client_process (s_client);

    ck_assert_uint_eq (s_client->counters.sessions, 2);
    ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK);
    ck_assert_int_eq (s_wait (before), ZGRID_OK); // Under its old one, or it would count twice
    ck_assert_uint_eq (s_count (FAKE_DEDUPED), 1);
    ck_assert_int_eq (s_total (), 2);
}
END_TEST

//  What is overdue goes into one message with what is new, if they are of one session.
START_TEST (a_body_has_one_session)
{
    s_set (FAKE_SILENT, 1);
    zgrid_future_t *before = s_incr_future (0);
    while (s_count (FAKE_SILENT))
        ;
    guard_take (s_client, bytes_str ("0000000400000777"), 4);
    item_t *item = s_client->pending.slots[s_client->pending.last & (s_client->pending.size - 1)];
    retry_resend (s_client, item);
    zgrid_future_t *after = zgrid_client_incr_future (s_client, "map", zgrid_str ("n"), 1, NULL);

    zgrid_client_process (s_client);

    ck_assert_uint_eq (s_client->counters.resent, 1);
    ck_assert_int_eq (s_wait (before), ZGRID_OK);
    ck_assert_int_eq (s_wait (after), ZGRID_OK);
    ck_assert_uint_eq (s_count (FAKE_DEDUPED), 1);
    ck_assert_int_eq (s_total (), 2);
}
END_TEST

START_TEST (an_expired_session_is_replaced)
{
    int64_t result = 0;
    s_set (FAKE_FLOOR, 4);
    s_set (FAKE_ERA, 5);

    ck_assert_int_eq (s_incr (0, &result), ZGRID_OK);

    ck_assert_int_eq (result, 1);
    ck_assert_uint_eq (s_client->counters.sessions, 2);
    //  While there is none to be had, nothing happens
    s_set (FAKE_FLOOR, 9);
    ck_assert_int_eq (s_refused (300), ZGRID_TIMEOUT);
    s_set (FAKE_FLOOR, 0);
    ck_assert_int_eq (s_total (), 1);
}
END_TEST

//  Also by one of the same era: whoever gives it knows why.
START_TEST (an_expired_session_is_replaced_whatever_the_era)
{
    bytes_t other = bytes_str ("another session!");
    uint16_t guard = s_client->guard;
    guard_take (s_client, other, 3);
    ck_assert_uint_eq (s_client->guard, guard);
    guard_expired (s_client, guard);

    guard_take (s_client, other, 2);

    uint16_t next = s_client->guard;
    ck_assert_uint_ne (next, guard);
    guard_expired (s_client, next);
    guard_take (s_client, other, 2); // The same again is of no use
    ck_assert_uint_eq (s_client->guard, next);

    //  A server says so
    s_connect ();
    s_set (FAKE_REFUSE, ZGRID_SESSION_EXPIRED);
    zgrid_future_t *future = s_incr_future (0);
    while (s_client->counters.sessions < 2)
        zgrid_client_process (s_client);
    s_set (FAKE_REFUSE, 0);
    ck_assert_int_eq (s_wait (future), ZGRID_OK);
    ck_assert_int_eq (s_total (), 1);
}
END_TEST

START_TEST (a_session_that_expires_while_an_answer_is_awaited_is_maybe)
{
    s_set (FAKE_SILENT, 1);
    zgrid_future_t *future = s_incr_future (0);
    while (s_count (FAKE_SILENT))
        ;
    s_set (FAKE_FLOOR, 4);
    s_set (FAKE_ERA, 5);

    ck_assert_int_eq (s_wait (future), ZGRID_MAYBE);

    ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK);
    ck_assert_int_eq (s_total (), 2);
}
END_TEST

START_TEST (a_stale_request_becomes_another_one_unless_it_may_have_happened)
{
    s_set (FAKE_STALE, 1);
    ck_assert_int_eq (s_incr (0, NULL), ZGRID_OK);
    ck_assert_int_eq (s_total (), 1);
    s_set (FAKE_SILENT, 1);
    zgrid_future_t *future = s_incr_future (0);
    while (s_count (FAKE_SILENT))
        ;
    s_set (FAKE_STALE, 1);

    ck_assert_int_eq (s_wait (future), ZGRID_MAYBE);

    ck_assert_int_eq (s_total (), 2);
}
END_TEST

START_TEST (refusals_do_not_remove_doubt)
{
    s_set (FAKE_SILENT, 1);
    zgrid_future_t *future = s_incr_future (900);
    while (s_count (FAKE_SILENT))
        ;
    s_set (FAKE_BUSY, 1000000);
    ck_assert_int_eq (s_wait (future), ZGRID_MAYBE);
    s_set (FAKE_BUSY, 0);
    ck_assert_int_eq (s_total (), 1);

    s_set (FAKE_SILENT, 1);
    future = s_incr_future (0);
    while (s_count (FAKE_SILENT))
        ;
    s_set (FAKE_REFUSE, ZGRID_TIMEOUT);
    ck_assert_int_eq (s_wait (future), ZGRID_MAYBE);
    ck_assert_int_eq (s_total (), 2);

    //  Without doubt they say that nothing happened
    s_set (FAKE_REFUSE, ZGRID_UNAVAILABLE);
    ck_assert_int_eq (s_refused (100), ZGRID_UNAVAILABLE);
    s_set (FAKE_REFUSE, ZGRID_TRYAGAIN);
    ck_assert_int_eq (s_refused (100), ZGRID_TIMEOUT);
    s_set (FAKE_REFUSE, ZGRID_TIMEOUT);
    ck_assert_int_eq (s_incr (0, NULL), ZGRID_TIMEOUT);
    ck_assert_int_eq (s_total (), 2);
}
END_TEST

START_TEST (unavailable_is_waited_out)
{
    s_set (FAKE_REFUSE, ZGRID_UNAVAILABLE);
    zgrid_future_t *future = s_incr_future (0);
    while (s_client->counters.retried < 3)
        ck_assert (!zgrid_future_wait (future, 10));
    s_set (FAKE_REFUSE, 0);

    ck_assert_int_eq (s_wait (future), ZGRID_OK);
    ck_assert_int_eq (s_total (), 1);
    //  What is about the node itself is told at once
    s_set (FAKE_REFUSE, ZGRID_UNAVAILABLE);
    ck_assert_int_eq (zgrid_client_call (s_client, "PING", NULL, NULL, NULL, NULL, NULL), ZGRID_UNAVAILABLE);
}
END_TEST

START_TEST (maybe_of_a_server_is_asked_again_under_a_session)
{
    s_set (FAKE_REFUSE, ZGRID_MAYBE);
    zgrid_future_t *future = s_incr_future (0);
    while (s_client->counters.retried < 3)
        ck_assert (!zgrid_future_wait (future, 10));
    s_set (FAKE_REFUSE, 0);
    ck_assert_int_eq (s_wait (future), ZGRID_OK);
    ck_assert_int_eq (s_total (), 1);
    s_set (FAKE_REFUSE, ZGRID_MAYBE);
    ck_assert_int_eq (s_incr (100, NULL), ZGRID_MAYBE);
    s_set (FAKE_SESSIONS, 0);
    s_connect ();

    ck_assert_int_eq (s_incr (0, NULL), ZGRID_MAYBE);
    ck_assert_uint_eq (s_client->counters.retried, 0);
}
END_TEST

//  What is started while a record waits for another try does not overtake it.
START_TEST (later_records_of_a_key_wait_behind_a_refused_one)
{
    zgrid_bytes_t key = zgrid_str ("k");
    s_set (FAKE_RETRY, 60);
    s_set (FAKE_TRYAGAIN, 1);
    zgrid_future_t *first = zgrid_client_put_future (s_client, "map", key, zgrid_str ("1"), NULL);
    zgrid_client_flush (s_client);
    while (s_client->counters.retried < 1)
        zgrid_client_process (s_client);
    zgrid_future_t *second = zgrid_client_put_future (s_client, "map", key, zgrid_str ("2"), NULL);
    zgrid_future_t *third = zgrid_client_put_future (s_client, "map", key, zgrid_str ("3"), NULL);
    zgrid_client_process (s_client);
    ck_assert_uint_eq (s_count (FAKE_RECORDS), 1);

    ck_assert_int_eq (s_wait (third), ZGRID_OK);

    ck_assert_int_eq (s_wait (first), ZGRID_OK);
    ck_assert_int_eq (s_wait (second), ZGRID_OK);
    char *value = NULL;
    ck_assert_int_eq (zgrid_client_get_str (s_client, "map", "k", &value), ZGRID_OK);
    ck_assert_str_eq (value, "3");
    ck_assert_uint_eq (s_count (FAKE_DISORDER), 0);
    free (value);
}
END_TEST

//  The same for what was queued already when the refusal came.
START_TEST (queued_records_of_a_key_wait_behind_a_refused_one)
{
    zgrid_bytes_t key = zgrid_str ("k");
    char *value = NULL;
    s_set (FAKE_WINDOW_RECORDS, 1);
    s_connect ();
    s_set (FAKE_RETRY, 60);
    s_set (FAKE_TRYAGAIN, 1);
    zgrid_future_t *futures[4];
    for (int at = 0; at < 4; at++)
        futures[at] = zgrid_client_put_future (s_client, "map", key, zgrid_str (&"0\0001\0002\0003"[at * 2]),
                                               NULL);

    for (int at = 4; at--;)
        ck_assert_int_eq (s_wait (futures[at]), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_get_str (s_client, "map", "k", &value), ZGRID_OK);
    ck_assert_str_eq (value, "3");
    ck_assert_uint_eq (s_count (FAKE_DISORDER), 0);
    free (value);
}
END_TEST

START_TEST (sessions_of_a_stranger_are_checked)
{
    static const struct {
        const char *data;
        size_t size;
    } s_bad[] = {
        { "", 0 },
        { "\x81\xa7session\x05", 10 },
        { "\x82\xa7session\xc4\x03"
          "abc\xa3"
          "era\x7f",
          19 },
        { "\x82\xa7session\xc0\xa3"
          "era\x7f",
          15 },
        { "\x81\xa7session\xc4\x10"
          "0123456789",
          21 },
        { "\x82\xa7session\xc4\x10"
          "0123456789abcdef\xa3"
          "era\xc0",
          32 },
    };
    uint16_t guard = s_client->guard;
    for (size_t at = 0; at < sizeof s_bad / sizeof s_bad[0]; at++)
        learn_hello (s_client, s_client->connections[0], bytes_of (s_bad[at].data, s_bad[at].size));
    ck_assert_uint_eq (s_client->guard, guard);

    //  However often it changes: requests under way keep theirs
    s_set (FAKE_SILENT, 1);
    zgrid_future_t *future = s_incr_future (0);
    while (s_count (FAKE_SILENT))
        ;
    for (uint64_t era = 10; era < 100; era++)
        guard_take (s_client, bytes_of (&"0123456789abcdef0123456789abcdef"[era % 16], 16), era);
    ck_assert_uint_ne (s_client->guard % CLIENT_GUARDS, guard % CLIENT_GUARDS);
    ck_assert_uint_ne (s_client->guard % CLIENT_GUARDS, s_client->guard_apart % CLIENT_GUARDS);

    ck_assert_int_eq (s_wait (future), ZGRID_OK);
    ck_assert_uint_eq (s_count (FAKE_DEDUPED), 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client sessions");
    TCase *tests = tcase_create ("sessions");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_setup, s_teardown);
    tcase_add_test (tests, a_write_whose_answer_was_lost_happens_once);
    tcase_add_test (tests, a_request_that_was_lost_is_sent_again);
    tcase_add_test (tests, silence_is_broken_more_and_more_rarely);
    tcase_add_test (tests, without_a_session_a_write_is_not_sent_twice);
    tcase_add_test (tests, what_a_session_does_not_cover_is_not_sent_twice);
    tcase_add_test (tests, bodies_with_writes_begin_with_the_session);
    tcase_add_test (tests, what_was_answered_is_acknowledged);
    tcase_add_test (tests, a_new_era_is_a_new_session);
    tcase_add_test (tests, a_body_has_one_session);
    tcase_add_test (tests, an_expired_session_is_replaced);
    tcase_add_test (tests, an_expired_session_is_replaced_whatever_the_era);
    tcase_add_test (tests, a_session_that_expires_while_an_answer_is_awaited_is_maybe);
    tcase_add_test (tests, a_stale_request_becomes_another_one_unless_it_may_have_happened);
    tcase_add_test (tests, refusals_do_not_remove_doubt);
    tcase_add_test (tests, unavailable_is_waited_out);
    tcase_add_test (tests, maybe_of_a_server_is_asked_again_under_a_session);
    tcase_add_test (tests, later_records_of_a_key_wait_behind_a_refused_one);
    tcase_add_test (tests, queued_records_of_a_key_wait_behind_a_refused_one);
    tcase_add_test (tests, sessions_of_a_stranger_are_checked);
    suite_add_tcase (suite, tests);
    return suite;
}

//  The blocking calls of the client, against a server that behaves.
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <locale.h>
#include <signal.h>
#include <zgrid_client.h>

#include "lib/fake_server.h"
#include "lib/test.h"

static fake_server_t *s_server;
static zgrid_client_t *s_client;

static void
s_setup (void)
{
    s_server = fake_server_new (3);
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = fake_server_endpoint (s_server, 0);
    ck_assert_int_eq (zgrid_client_new (&s_client, &options), ZGRID_OK);
}

static void
s_teardown (void)
{
    zgrid_client_destroy (&s_client);
    ck_assert_ptr_null (s_client);
    fake_server_destroy (&s_server);
}

static bool
s_shows (const zgrid_entry_t *entry, const char *text)
{
    return entry->has_value && entry->value.size == strlen (text)
           && memcmp (entry->value.data, text, entry->value.size) == 0;
}

static int
s_put (const char *key, const char *value, const zgrid_options_t *options, zgrid_entry_t *entry)
{
    return zgrid_client_put (s_client, "map", zgrid_str (key), zgrid_str (value), options, entry);
}

START_TEST (a_value_that_was_put_is_read)
{
    zgrid_entry_t entry;

    ck_assert_int_eq (s_put ("a", "one", NULL, &entry), ZGRID_OK);
    uint64_t version = entry.version;
    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("a"), NULL, &entry), ZGRID_OK);

    ck_assert (s_shows (&entry, "one"));
    ck_assert_uint_eq (entry.version, version);
    ck_assert_int_eq (entry.ttl_ms, -2);
    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("b"), NULL, &entry), ZGRID_NOTFOUND);
    ck_assert (!entry.has_value);
    ck_assert_int_eq (zgrid_client_get (s_client, "other", zgrid_str ("a"), NULL, NULL), ZGRID_NOTFOUND);
}
END_TEST

START_TEST (an_empty_value_is_not_an_absent_one)
{
    zgrid_entry_t entry;

    ck_assert_int_eq (s_put ("a", "", NULL, NULL), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("a"), NULL, &entry), ZGRID_OK);
    ck_assert (entry.has_value);
    ck_assert_uint_eq (entry.value.size, 0);
}
END_TEST

START_TEST (keys_go_straight_to_their_owners)
{
    char key[16];

    for (int at = 0; at < 100; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        ck_assert_int_eq (s_put (key, key, NULL, NULL), ZGRID_OK);
    }

    ck_assert_uint_eq (fake_server_get (s_server, FAKE_RECORDS), 100);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DIRECT), 100);
}
END_TEST

START_TEST (an_indirect_client_uses_the_given_endpoint_only)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = fake_server_endpoint (s_server, 0);
    options.indirect = true;
    zgrid_client_t *client;
    uint64_t count = 0;
    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_put_str (client, "map", "a", "1"), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_put_str (client, "map", "b", "1"), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_size (client, "map", &count), ZGRID_OK);
    ck_assert_uint_eq (count, 2);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DIRECT), 0);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_RECORDS), 3);
    zgrid_client_destroy (&client);
}
END_TEST

START_TEST (put_conditions_are_sent)
{
    zgrid_entry_t entry;
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    uint64_t version = 0;

    options.if_present = true;
    ck_assert_int_eq (s_put ("a", "0", &options, NULL), ZGRID_NOTFOUND);
    options = (zgrid_options_t) ZGRID_OPTIONS_INIT;
    options.if_version = &version;
    ck_assert_int_eq (s_put ("a", "1", &options, &entry), ZGRID_OK);
    ck_assert_int_eq (s_put ("a", "2", &options, NULL), ZGRID_MISMATCH);
    version = entry.version;
    ck_assert_int_eq (s_put ("a", "3", &options, NULL), ZGRID_OK);
    options = (zgrid_options_t) ZGRID_OPTIONS_INIT;
    options.if_absent = options.want_old = true;
    ck_assert_int_eq (s_put ("a", "4", &options, &entry), ZGRID_EXISTS);

    ck_assert (s_shows (&entry, "3"));
    zgrid_bytes_t equal = zgrid_str ("3");
    options = (zgrid_options_t) ZGRID_OPTIONS_INIT;
    options.if_equal = &equal;
    ck_assert_int_eq (s_put ("a", "5", &options, NULL), ZGRID_OK);
    ck_assert_int_eq (s_put ("a", "6", &options, NULL), ZGRID_MISMATCH);
}
END_TEST

START_TEST (ttls_are_set_kept_and_asked_for)
{
    zgrid_entry_t entry;
    zgrid_options_t options = ZGRID_OPTIONS_INIT, want = ZGRID_OPTIONS_INIT;
    int64_t ttl;
    want.want_ttl = true;

    options.ttl_ms = 1500;
    ck_assert_int_eq (s_put ("a", "1", &options, NULL), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("a"), &want, &entry), ZGRID_OK);
    ck_assert_int_eq (entry.ttl_ms, 1500);
    options = (zgrid_options_t) ZGRID_OPTIONS_INIT;
    options.keep_ttl = true;
    ck_assert_int_eq (s_put ("a", "2", &options, NULL), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_ttl (s_client, "map", zgrid_str ("a"), &ttl), ZGRID_OK);
    ck_assert_int_eq (ttl, 1500);
    ck_assert_int_eq (s_put ("a", "3", NULL, NULL), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_ttl (s_client, "map", zgrid_str ("a"), &ttl), ZGRID_OK);
    ck_assert_int_eq (ttl, -1);
    options = (zgrid_options_t) ZGRID_OPTIONS_INIT;
    options.expire_at_ms = 4102444800000;
    ck_assert_int_eq (zgrid_client_expire (s_client, "map", zgrid_str ("a"), &options), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_ttl (s_client, "map", zgrid_str ("a"), &ttl), ZGRID_OK);
    ck_assert_int_eq (ttl, 4102444800000);
    options.if_absent = true;
    ck_assert_int_eq (zgrid_client_expire (s_client, "map", zgrid_str ("a"), &options), ZGRID_MISMATCH);
    ck_assert_int_eq (zgrid_client_persist (s_client, "map", zgrid_str ("a")), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_ttl (s_client, "map", zgrid_str ("a"), &ttl), ZGRID_OK);

    ck_assert_int_eq (ttl, -1);
    ck_assert_int_eq (zgrid_client_ttl (s_client, "map", zgrid_str ("none"), &ttl), ZGRID_NOTFOUND);
    options.ttl_ms = 1;
    ck_assert_int_eq (zgrid_client_expire (s_client, "map", zgrid_str ("a"), &options), ZGRID_MALFORMED);
    ck_assert_int_eq (zgrid_client_expire (s_client, "map", zgrid_str ("a"), NULL), ZGRID_MALFORMED);
    ck_assert_int_eq (s_put ("a", "4", &options, NULL), ZGRID_MALFORMED);
}
END_TEST

START_TEST (entries_are_removed_and_asked_for)
{
    zgrid_entry_t entry;
    ck_assert_int_eq (s_put ("a", "1", NULL, NULL), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_exists (s_client, "map", zgrid_str ("a")), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_touch (s_client, "map", zgrid_str ("a")), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_getdel (s_client, "map", zgrid_str ("a"), &entry), ZGRID_OK);
    ck_assert (s_shows (&entry, "1"));
    ck_assert_int_eq (zgrid_client_getdel (s_client, "map", zgrid_str ("a"), &entry), ZGRID_NOTFOUND);
    ck_assert_int_eq (zgrid_client_del (s_client, "map", zgrid_str ("a"), NULL, NULL), ZGRID_NOTFOUND);
    ck_assert_int_eq (zgrid_client_exists (s_client, "map", zgrid_str ("a")), ZGRID_NOTFOUND);
    ck_assert_int_eq (zgrid_client_touch (s_client, "map", zgrid_str ("a")), ZGRID_NOTFOUND);
    ck_assert_int_eq (s_put ("b", "1", NULL, NULL), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_del (s_client, "map", zgrid_str ("b"), NULL, NULL), ZGRID_OK);
}
END_TEST

START_TEST (numbers_are_added_to)
{
    int64_t result = 0;
    zgrid_entry_t entry;
    zgrid_options_t options = ZGRID_OPTIONS_INIT;

    ck_assert_int_eq (zgrid_client_incr (s_client, "map", zgrid_str ("n"), 5, NULL, &result), ZGRID_OK);
    ck_assert_int_eq (result, 5);
    ck_assert_int_eq (zgrid_client_incr (s_client, "map", zgrid_str ("n"), -7, NULL, &result), ZGRID_OK);
    ck_assert_int_eq (result, -2);
    options.initial = "40";
    ck_assert_int_eq (zgrid_client_incr (s_client, "map", zgrid_str ("m"), 2, &options, &result), ZGRID_OK);
    ck_assert_int_eq (result, 42);
    ck_assert_int_eq (zgrid_client_incr (s_client, "map", zgrid_str ("m"), INT64_MAX, NULL, NULL),
                      ZGRID_OVERFLOW);
    ck_assert_int_eq (s_put ("t", "text", NULL, NULL), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_incr (s_client, "map", zgrid_str ("t"), 1, NULL, NULL), ZGRID_WRONGTYPE);
    ck_assert_int_eq (zgrid_client_incr_float (s_client, "map", zgrid_str ("f"), 1.2, NULL, &entry),
                      ZGRID_OK);
    ck_assert (s_shows (&entry, "1.2"));
    ck_assert_int_eq (zgrid_client_incr_float (s_client, "map", zgrid_str ("f"), INFINITY, NULL, &entry),
                      ZGRID_OVERFLOW);
    ck_assert_int_eq (zgrid_client_incr_float (s_client, "map", zgrid_str ("f"), -0.2, NULL, &entry),
                      ZGRID_OK);

    ck_assert (s_shows (&entry, "1"));
}
END_TEST

START_TEST (values_are_exchanged)
{
    zgrid_entry_t entry;
    uint64_t length = 0;
    zgrid_bytes_t key = zgrid_str ("a"), old = zgrid_str ("1");

    ck_assert_int_eq (zgrid_client_getput (s_client, "map", key, zgrid_str ("0"), NULL, &entry), ZGRID_OK);
    ck_assert (!entry.has_value);
    ck_assert_int_eq (zgrid_client_getput (s_client, "map", key, zgrid_str ("1"), NULL, &entry), ZGRID_OK);
    ck_assert (s_shows (&entry, "0"));
    ck_assert_int_eq (zgrid_client_cas (s_client, "map", key, &old, zgrid_str ("2"), NULL, &entry), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_cas (s_client, "map", key, &old, zgrid_str ("3"), NULL, &entry),
                      ZGRID_MISMATCH);
    ck_assert (s_shows (&entry, "2"));
    ck_assert_int_eq (zgrid_client_cas (s_client, "map", key, NULL, zgrid_str ("3"), NULL, &entry),
                      ZGRID_MISMATCH);
    ck_assert_int_eq (
        zgrid_client_cas (s_client, "map", zgrid_str ("b"), NULL, zgrid_str ("3"), NULL, &entry), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_append (s_client, "map", key, zgrid_str ("34"), &length), ZGRID_OK);

    ck_assert_uint_eq (length, 3);
}
END_TEST

START_TEST (a_result_may_be_an_argument_of_the_next_call)
{
    zgrid_entry_t entry;
    ck_assert_int_eq (s_put ("a", "b", NULL, NULL), ZGRID_OK);
    ck_assert_int_eq (s_put ("b", "c", NULL, NULL), ZGRID_OK);

    ck_assert_int_eq (zgrid_client_get (s_client, "map", zgrid_str ("a"), NULL, &entry), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_get (s_client, "map", entry.value, NULL, &entry), ZGRID_OK);

    ck_assert (s_shows (&entry, "c"));
}
END_TEST

START_TEST (typed_helpers_are_strict)
{
    static const char *const s_bad[] = { "",
                                         "-",
                                         "+1",
                                         " 1",
                                         "1 ",
                                         "01",
                                         "-0",
                                         "1.0",
                                         "0x1",
                                         "9223372036854775808",
                                         "-9223372036854775809",
                                         "99999999999999999999" };
    int64_t number = 7;
    char *text = NULL;

    for (size_t at = 0; at < sizeof s_bad / sizeof s_bad[0]; at++) {
        ck_assert_int_eq (zgrid_client_put_str (s_client, "map", "k", s_bad[at]), ZGRID_OK);
        ck_assert_msg (zgrid_client_get_int (s_client, "map", "k", &number) == ZGRID_WRONGTYPE, "%s",
                       s_bad[at]);
        ck_assert_int_eq (number, 0);
    }
    ck_assert_int_eq (zgrid_client_put_int (s_client, "map", "k", INT64_MIN), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_get_int (s_client, "map", "k", &number), ZGRID_OK);
    ck_assert (number == INT64_MIN);
    ck_assert_int_eq (zgrid_client_put_int (s_client, "map", "k", INT64_MAX), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_get_int (s_client, "map", "k", &number), ZGRID_OK);
    ck_assert (number == INT64_MAX);
    ck_assert_int_eq (zgrid_client_get_str (s_client, "map", "k", &text), ZGRID_OK);
    ck_assert_str_eq (text, "9223372036854775807");
    free (text);
    zgrid_bytes_t zero = { "a\0b", 3 };
    ck_assert_int_eq (zgrid_client_put (s_client, "map", zgrid_str ("z"), zero, NULL, NULL), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_get_str (s_client, "map", "z", &text), ZGRID_WRONGTYPE);
    ck_assert_ptr_null (text);
    ck_assert_int_eq (zgrid_client_get_str (s_client, "map", "none", &text), ZGRID_NOTFOUND);

    ck_assert_int_eq (zgrid_client_get_int (s_client, "map", "none", &number), ZGRID_NOTFOUND);
}
END_TEST

START_TEST (a_map_is_counted_and_emptied_over_all_partitions)
{
    char key[16];
    uint64_t count = 0;
    for (int at = 0; at < 200; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        ck_assert_int_eq (s_put (key, key, NULL, NULL), ZGRID_OK);
    }

    ck_assert_int_eq (zgrid_client_size (s_client, "map", &count), ZGRID_OK);
    ck_assert_uint_eq (count, 200);
    ck_assert_int_eq (zgrid_client_size (s_client, "other", &count), ZGRID_OK);
    ck_assert_uint_eq (count, 0);
    ck_assert_int_eq (zgrid_client_destroy_map (s_client, "map", &count), ZGRID_OK);
    ck_assert_uint_eq (count, 200);
    ck_assert_int_eq (zgrid_client_size (s_client, "map", &count), ZGRID_OK);

    ck_assert_uint_eq (count, 0);
}
END_TEST

START_TEST (any_operation_can_be_called_by_name)
{
    zgrid_entry_t entry;
    zgrid_bytes_t value = zgrid_str ("hello"), key = zgrid_str ("k");

    ck_assert_int_eq (zgrid_client_call (s_client, "PING", NULL, NULL, &value, NULL, &entry), ZGRID_OK);
    ck_assert (s_shows (&entry, "hello"));
    ck_assert_int_eq (zgrid_client_call (s_client, "ROUTES", NULL, NULL, NULL, NULL, &entry), ZGRID_OK);
    ck_assert (entry.has_value && entry.value.size > 62 && *(const uint8_t *) entry.value.data == 0x84);
    ck_assert_int_eq (zgrid_client_call (s_client, "INCR", "map", &key, NULL, NULL, &entry), ZGRID_OK);
    ck_assert (entry.has_value && entry.integer == 1 && !entry.value.data);
    ck_assert_int_eq (zgrid_client_call (s_client, "FROB", "map", &key, NULL, NULL, &entry), ZGRID_BADOP);

    ck_assert_ptr_nonnull (strstr (zgrid_client_error (s_client), "FROB"));
}
END_TEST

START_TEST (what_cannot_be_sent_is_refused_with_a_reason)
{
    char name[300];
    memset (name, 'm', sizeof name - 1);
    name[sizeof name - 1] = 0;
    zgrid_bytes_t lie = { NULL, 5 };
    char *large = calloc (1, 2000000);
    zgrid_bytes_t value = { large, 2000000 };

    ck_assert_int_eq (zgrid_client_put_str (s_client, name, "k", "v"), ZGRID_TOOBIG);
    ck_assert_int_eq (zgrid_client_get (s_client, "map", lie, NULL, NULL), ZGRID_MALFORMED);
    ck_assert_int_eq (zgrid_client_put (s_client, "map", zgrid_str ("k"), value, NULL, NULL), ZGRID_TOOBIG);
    ck_assert_ptr_nonnull (strstr (zgrid_client_error (s_client), "PUT map"));
    zgrid_future_t *future = zgrid_client_put_future (s_client, "map", zgrid_str ("k"), value, NULL);
    ck_assert (zgrid_future_done (future));
    ck_assert_int_eq (zgrid_future_entry (future)->status, ZGRID_TOOBIG);
    zgrid_future_destroy (&future);
    value.size = 900000;
    ck_assert_int_eq (zgrid_client_put (s_client, "map", zgrid_str ("k"), value, NULL, NULL), ZGRID_OK);
    free (large);
}
END_TEST

START_TEST (a_servers_reason_is_told)
{
    zgrid_entry_t entry;
    fake_server_set (s_server, FAKE_REFUSE, ZGRID_DENIED);

    ck_assert_int_eq (s_put ("a", "1", NULL, &entry), ZGRID_DENIED);

    ck_assert_str_eq (entry.error, "refused by the test");
    ck_assert_str_eq (zgrid_client_error (s_client), "PUT map: refused by the test");
}
END_TEST

START_TEST (an_iterator_tells_every_key_once)
{
    char key[16];
    static bool s_seen[1000];
    memset (s_seen, 0, sizeof s_seen);
    for (int at = 0; at < 1000; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        ck_assert_int_eq (s_put (key, key, NULL, NULL), ZGRID_OK);
    }
    ck_assert_int_eq (s_put ("other", "x", NULL, NULL), ZGRID_OK);
    zgrid_iterator_t *iterator = zgrid_iterator_new (s_client, "map", "k*", true, 7);
    zgrid_bytes_t found, value;
    size_t count = 0;
    int status;

    while ((status = zgrid_iterator_next (iterator, &found, &value)) == ZGRID_OK) {
        ck_assert_uint_eq (found.size, value.size);
        ck_assert_mem_eq (found.data, value.data, value.size);
        snprintf (key, sizeof key, "%.*s", (int) found.size, (const char *) found.data);
        int number = atoi (key + 4);
        ck_assert (number >= 0 && number < 1000 && !s_seen[number]);
        s_seen[number] = true;
        count++;
    }

    ck_assert_int_eq (status, ZGRID_NOTFOUND);
    ck_assert_int_eq (zgrid_iterator_next (iterator, &found, &value), ZGRID_NOTFOUND);
    ck_assert_uint_eq (count, 1000);
    zgrid_iterator_destroy (&iterator);
}
END_TEST

START_TEST (an_iterator_step_that_failed_may_be_repeated)
{
    char key[16];
    for (int at = 0; at < 50; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        ck_assert_int_eq (s_put (key, key, NULL, NULL), ZGRID_OK);
    }
    zgrid_iterator_t *iterator = zgrid_iterator_new (s_client, "map", NULL, false, 0);
    zgrid_bytes_t found;
    size_t count = 0, errors = 0;
    fake_server_set (s_server, FAKE_WRONG_TYPES, 3);

    for (;;) {
        int status = zgrid_iterator_next (iterator, &found, NULL);
        if (status == ZGRID_NOTFOUND)
            break;
        errors += status == ZGRID_WRONGTYPE;
        count += status == ZGRID_OK;
    }

    ck_assert_uint_eq (count, 50);
    ck_assert_uint_eq (errors, 1);
    zgrid_iterator_destroy (&iterator);
}
END_TEST

START_TEST (deadlines_are_sent_unless_they_are_the_usual_one)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;

    ck_assert_int_eq (s_put ("a", "1", NULL, NULL), ZGRID_OK);
    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DEADLINE), 0);
    options.timeout_ms = 1234;
    ck_assert_int_eq (s_put ("a", "1", &options, NULL), ZGRID_OK);

    ck_assert_uint_eq (fake_server_get (s_server, FAKE_DEADLINE), 1234);
}
END_TEST

START_TEST (endpoints_that_cannot_be_used_are_refused)
{
    static const char *const s_bad[] = { "",
                                         ",",
                                         "nonsense",
                                         "tcp://",
                                         "tcp://127.0.0.1",
                                         "tcp://127.0.0.1:x",
                                         "udp://127.0.0.1:1",
                                         "tcp://127.0.0.1:1,,tcp://127.0.0.1:2" };
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    zgrid_client_t *client = s_client;

    for (size_t at = 0; at < sizeof s_bad / sizeof s_bad[0]; at++) {
        options.endpoints = s_bad[at];
        ck_assert_msg (zgrid_client_new (&client, &options) == ZGRID_MALFORMED, "%s", s_bad[at]);
        ck_assert_ptr_null (client);
    }
    ck_assert_int_eq (zgrid_client_new (&client, NULL), ZGRID_MALFORMED);

    options.endpoints = NULL;
    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_MALFORMED);
}
END_TEST

START_TEST (the_first_endpoint_that_answers_is_used)
{
    char list[256];
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    zgrid_client_t *client;
    fake_server_t *mute = fake_server_new (0);
    fake_server_set (mute, FAKE_NO_HELLO, 1);
    snprintf (list, sizeof list, "%s , %s", fake_server_endpoint (mute, 0),
              fake_server_endpoint (s_server, 0));

    options.endpoints = list;
    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_put_str (client, "map", "a", "1"), ZGRID_OK);
    zgrid_client_destroy (&client);
    options.endpoints = fake_server_endpoint (mute, 0);
    options.timeout_ms = 50;

    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_TIMEOUT);
    ck_assert_ptr_null (client);
    ck_assert_uint_eq (fake_server_get (mute, FAKE_RECORDS), 0);
    fake_server_destroy (&mute);
}
END_TEST

static void
s_on_signal (int number)
{
    (void) number;
}

START_TEST (a_client_keeps_the_hosts_own_signal_handlers)
{
    struct sigaction own = { .sa_handler = s_on_signal }, after, before;
    sigaction (SIGINT, &own, NULL);
    sigaction (SIGTERM, NULL, &before); // The test runner's
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = "tcp://127.0.0.1:1";
    options.timeout_ms = 20;
    zgrid_client_t *client;

    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_TIMEOUT);

    sigaction (SIGINT, NULL, &after);
    ck_assert (after.sa_handler == s_on_signal);
    sigaction (SIGTERM, NULL, &after);
    ck_assert (after.sa_handler == before.sa_handler);
}
END_TEST

START_TEST (numbers_are_sent_alike_in_any_locale)
{
    //  Only where such a locale is installed
    if (!setlocale (LC_ALL, "de_DE.UTF-8") && !setlocale (LC_ALL, "fr_FR.UTF-8"))
        return;
    zgrid_entry_t entry;

    int status = zgrid_client_incr_float (s_client, "map", zgrid_str ("f"), 1.5, NULL, &entry);

    setlocale (LC_ALL, "C");
    ck_assert_int_eq (status, ZGRID_OK);
    ck_assert (entry.value.size == 3);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client calls");
    TCase *tests = tcase_create ("calls");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_checked_fixture (tests, s_setup, s_teardown);
    tcase_add_test (tests, a_value_that_was_put_is_read);
    tcase_add_test (tests, an_empty_value_is_not_an_absent_one);
    tcase_add_test (tests, keys_go_straight_to_their_owners);
    tcase_add_test (tests, an_indirect_client_uses_the_given_endpoint_only);
    tcase_add_test (tests, put_conditions_are_sent);
    tcase_add_test (tests, ttls_are_set_kept_and_asked_for);
    tcase_add_test (tests, entries_are_removed_and_asked_for);
    tcase_add_test (tests, numbers_are_added_to);
    tcase_add_test (tests, values_are_exchanged);
    tcase_add_test (tests, a_result_may_be_an_argument_of_the_next_call);
    tcase_add_test (tests, typed_helpers_are_strict);
    tcase_add_test (tests, a_map_is_counted_and_emptied_over_all_partitions);
    tcase_add_test (tests, any_operation_can_be_called_by_name);
    tcase_add_test (tests, what_cannot_be_sent_is_refused_with_a_reason);
    tcase_add_test (tests, a_servers_reason_is_told);
    tcase_add_test (tests, an_iterator_tells_every_key_once);
    tcase_add_test (tests, an_iterator_step_that_failed_may_be_repeated);
    tcase_add_test (tests, deadlines_are_sent_unless_they_are_the_usual_one);
    tcase_add_test (tests, endpoints_that_cannot_be_used_are_refused);
    tcase_add_test (tests, the_first_endpoint_that_answers_is_used);
    tcase_add_test (tests, numbers_are_sent_alike_in_any_locale);
    suite_add_tcase (suite, tests);
    TCase *host = tcase_create ("host");
    tcase_set_timeout (host, TEST_TIMEOUT);
    tcase_add_test (host, a_client_keeps_the_hosts_own_signal_handlers);
    suite_add_tcase (suite, host);
    return suite;
}

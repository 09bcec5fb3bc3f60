//  check_node: a node inside of this process: starting, serving, stopping, and what it leaves alone.
//  SPDX-License-Identifier: MPL-2.0
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zgrid.h>

#include "lib/fake_port.h"
#include "lib/test.h"

static zgrid_node_t *
s_node (const char *endpoint, const char *actors)
{
    zgrid_node_t *node = zgrid_node_new ();
    assert (node);
    assert (zgrid_node_set (node, "node.client", endpoint) == ZGRID_OK);
    assert (zgrid_node_set (node, "storage.actors", actors) == ZGRID_OK);
    assert (zgrid_node_set (node, "log.level", "error") == ZGRID_OK);
    return node;
}

static zgrid_client_t *
s_remote (zgrid_node_t *node, bool indirect)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = zgrid_node_endpoint (node);
    options.indirect = indirect;
    zgrid_client_t *client;
    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_OK);
    return client;
}

static zgrid_client_t *
s_local (zgrid_node_t *node)
{
    zgrid_client_t *client;
    ck_assert_int_eq (zgrid_node_client (node, &client), ZGRID_OK);
    return client;
}

//  Stores and reads some hundred keys, through two clients.
static void
s_use (zgrid_client_t *writer, zgrid_client_t *reader, int count)
{
    char key[32], value[32];
    zgrid_entry_t entry;
    for (int at = 0; at < count; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        snprintf (value, sizeof value, "value-%d", at * 7);
        ck_assert_int_eq (zgrid_client_put (writer, "m", zgrid_str (key), zgrid_str (value), NULL, NULL),
                          ZGRID_OK);
    }
    for (int at = 0; at < count; at++) {
        snprintf (key, sizeof key, "key-%d", at);
        snprintf (value, sizeof value, "value-%d", at * 7);
        ck_assert_int_eq (zgrid_client_get (reader, "m", zgrid_str (key), NULL, &entry), ZGRID_OK);
        ck_assert_uint_eq (entry.value.size, strlen (value));
        ck_assert_mem_eq (entry.value.data, value, strlen (value));
    }
    ck_assert_int_eq (zgrid_client_get (reader, "m", zgrid_str ("absent"), NULL, NULL), ZGRID_NOTFOUND);
    uint64_t size;
    ck_assert_int_eq (zgrid_client_size (reader, "m", &size), ZGRID_OK);
    ck_assert_uint_eq (size, (uint64_t) count);
}

START_TEST (all_three_kinds_of_client_see_one_map)
{
    zgrid_node_t *node = s_node ("tcp://127.0.0.1:*", "3");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    zgrid_client_t *local = s_local (node), *direct = s_remote (node, false),
                   *indirect = s_remote (node, true);

    s_use (local, direct, 300);
    s_use (indirect, local, 300);
    s_use (direct, indirect, 300);
    uint64_t removed;
    ck_assert_int_eq (zgrid_client_destroy_map (indirect, "m", &removed), ZGRID_OK);
    ck_assert_uint_eq (removed, 300);
    ck_assert_int_eq (zgrid_client_get (local, "m", zgrid_str ("key-1"), NULL, NULL), ZGRID_NOTFOUND);

    zgrid_client_destroy (&indirect);
    zgrid_client_destroy (&direct);
    zgrid_client_destroy (&local);
    zgrid_node_destroy (&node);
    ck_assert_ptr_null (node);
}
END_TEST

START_TEST (a_node_that_listens_nowhere_serves_its_host)
{
    zgrid_node_t *node = s_node ("none", "2");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    ck_assert_str_eq (zgrid_node_endpoint (node), "");
    zgrid_client_t *client = s_local (node);
    s_use (client, client, 100);
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&node);
}
END_TEST

START_TEST (a_taken_address_is_reported_and_the_start_may_be_tried_again)
{
    char endpoint[64];
    int port = fake_port_keep (endpoint, sizeof endpoint);
    zgrid_node_t *first = s_node (endpoint, "1");
    ck_assert_int_eq (zgrid_node_start (first), ZGRID_OK);
    zgrid_node_t *second = s_node (zgrid_node_endpoint (first), "1");
    ck_assert_int_eq (zgrid_node_start (second), ZGRID_UNAVAILABLE);
    ck_assert_ptr_nonnull (strstr (zgrid_node_error (second), "cannot bind"));
    ck_assert_ptr_nonnull (strstr (zgrid_node_error (second), zgrid_node_endpoint (first)));

    zgrid_node_destroy (&first);
    ck_assert_int_eq (zgrid_node_start (second), ZGRID_OK);
    zgrid_client_t *client = s_remote (second, false);
    s_use (client, client, 10);
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&second);
    fake_port_free (port);
}
END_TEST

START_TEST (an_address_beyond_loopback_needs_to_be_allowed)
{
    static const char *const s_open[] = { "tcp://0.0.0.0:*", "tcp://*:*", "tcp://192.0.2.1:3320",
                                          "tcp://[::]:*" };
    for (size_t at = 0; at < sizeof s_open / sizeof s_open[0]; at++) {
        zgrid_node_t *node = s_node (s_open[at], "1");
        ck_assert_int_eq (zgrid_node_start (node), ZGRID_DENIED);
        ck_assert_ptr_nonnull (strstr (zgrid_node_error (node), "node.insecure"));
        zgrid_node_destroy (&node);
    }
}
END_TEST

START_TEST (settings_are_fixed_while_it_runs)
{
    zgrid_node_t *node = s_node ("none", "1");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_set (node, "storage.actors", "2"), ZGRID_DENIED);
    ck_assert_str_ne (zgrid_node_error (node), "");
    ck_assert_str_eq (zgrid_node_setting (node, "storage.actors"), "1");
    ck_assert_str_ne (zgrid_node_setting (node, "node.name"), "");
    zgrid_node_destroy (&node);
}
END_TEST

START_TEST (local_clients_are_bounded_and_may_come_and_go)
{
    zgrid_node_t *node = s_node ("none", "1");
    zgrid_client_t *clients[3];
    ck_assert_int_eq (zgrid_node_client (node, &clients[0]), ZGRID_UNAVAILABLE);
    ck_assert_int_eq (zgrid_node_set (node, "limits.local_clients", "2"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    for (int round = 0; round < 3; round++) {
        clients[0] = s_local (node);
        clients[1] = s_local (node);
        ck_assert_int_eq (zgrid_node_client (node, &clients[2]), ZGRID_BUSY);
        ck_assert_ptr_null (clients[2]);
        s_use (clients[0], clients[1], 20);
        zgrid_client_destroy (&clients[0]);
        zgrid_client_destroy (&clients[1]);
    }
    zgrid_node_destroy (&node);
}
END_TEST

//  1,000 unless ZGRID_CYCLES says otherwise.
START_TEST (a_thousand_starts_and_stops)
{
    const char *given = getenv ("ZGRID_CYCLES");
    int cycles = given ? atoi (given) : 1000;
    for (int cycle = 0; cycle < cycles; cycle++) {
        zgrid_node_t *node = s_node (cycle % 2 ? "tcp://127.0.0.1:*" : "none", cycle % 3 ? "1" : "2");
        ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
        if (cycle % 10 == 0) {
            zgrid_client_t *client = s_local (node);
            ck_assert_int_eq (zgrid_client_put_str (client, "m", "k", "v"), ZGRID_OK);
            zgrid_client_destroy (&client);
        }
        zgrid_node_destroy (&node);
    }
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Threads

typedef struct {
    zgrid_client_t *client;
    int from, rounds;
    int wrong;
} s_worker_t;

//  Reads counters that the other thread increments: what is seen never goes back.
static void *
s_read_counters (void *arg)
{
    s_worker_t *self = arg;
    int64_t seen[16] = { 0 };
    for (int round = 0; round < self->rounds; round++)
        for (int at = 0; at < 16; at++) {
            char key[16];
            int64_t value = 0;
            snprintf (key, sizeof key, "n%d", at);
            int status = zgrid_client_get_int (self->client, "counters", key, &value);
            if (status != ZGRID_OK && status != ZGRID_NOTFOUND)
                self->wrong++;
            if (value < seen[at])
                self->wrong++;
            seen[at] = value;
        }
    return NULL;
}

static void *
s_write_counters (void *arg)
{
    s_worker_t *self = arg;
    for (int round = 0; round < self->rounds; round++)
        for (int at = 0; at < 16; at++) {
            char key[16], other[32];
            snprintf (key, sizeof key, "n%d", at);
            if (zgrid_client_incr (self->client, "counters", zgrid_str (key), 1, NULL, NULL) != ZGRID_OK)
                self->wrong++;
            //  Growth and removal move the table under the readers
            snprintf (other, sizeof other, "other-%d-%d", self->from, round * 16 + at);
            if (zgrid_client_put_str (self->client, "counters", other, "x") != ZGRID_OK)
                self->wrong++;
            if (round > 4) {
                snprintf (other, sizeof other, "other-%d-%d", self->from, (round - 4) * 16 + at);
                if (zgrid_client_del (self->client, "counters", zgrid_str (other), NULL, NULL) != ZGRID_OK)
                    self->wrong++;
            }
        }
    return NULL;
}

START_TEST (readers_of_several_threads_never_see_the_past)
{
    zgrid_node_t *node = s_node ("none", "2");
    ck_assert_int_eq (zgrid_node_set (node, "cluster.partitions", "2"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    s_worker_t workers[4];
    pthread_t threads[4];
    for (int at = 0; at < 4; at++)
        workers[at] = (s_worker_t) { s_local (node), at, at < 2 ? 60 : 600, 0 };
    for (int at = 0; at < 4; at++)
        ck_assert_int_eq (
            pthread_create (&threads[at], NULL, at < 2 ? s_write_counters : s_read_counters, &workers[at]),
            0);
    for (int at = 0; at < 4; at++)
        pthread_join (threads[at], NULL);
    int64_t value;
    ck_assert_int_eq (zgrid_client_get_int (workers[0].client, "counters", "n3", &value), ZGRID_OK);
    ck_assert_int_eq (value, 120);
    for (int at = 0; at < 4; at++) {
        ck_assert_int_eq (workers[at].wrong, 0);
        zgrid_client_destroy (&workers[at].client);
    }
    zgrid_node_destroy (&node);
}
END_TEST

static void *
s_ask_the_router (void *arg)
{
    s_worker_t *self = arg;
    for (int round = 0; round < self->rounds; round++) {
        char key[32];
        snprintf (key, sizeof key, "key-%d-%d", self->from, round % 50);
        if (zgrid_client_put_str (self->client, "m", key, "value") != ZGRID_OK)
            self->wrong++;
        if (zgrid_client_get (self->client, "m", zgrid_str (key), NULL, NULL) != ZGRID_OK)
            self->wrong++;
    }
    return NULL;
}

//  An actor that sends through one socket while another has something to read must not forget it: a
//  message that is forgotten waits for the next one, and its sender for its deadline.
START_TEST (no_request_waits_for_the_next_one)
{
    zgrid_node_t *node = s_node ("tcp://127.0.0.1:*", "3");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    s_worker_t workers[3];
    pthread_t threads[3];
    for (int at = 0; at < 3; at++)
        workers[at] = (s_worker_t) { s_remote (node, true), at, 700, 0 };
    for (int at = 0; at < 3; at++)
        ck_assert_int_eq (pthread_create (&threads[at], NULL, s_ask_the_router, &workers[at]), 0);
    for (int at = 0; at < 3; at++)
        pthread_join (threads[at], NULL);
    for (int at = 0; at < 3; at++) {
        ck_assert_int_eq (workers[at].wrong, 0);
        zgrid_client_destroy (&workers[at].client);
    }
    zgrid_node_destroy (&node);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  The host's own things

static volatile sig_atomic_t s_signals;

static void
s_count_signal (int number)
{
    (void) number;
    s_signals++;
}

START_TEST (the_hosts_signals_stdout_and_locale_stay_untouched)
{
    struct sigaction mine = { .sa_handler = s_count_signal }, seen;
    int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE };
    for (size_t at = 0; at < 5; at++)
        sigaction (numbers[at], &mine, NULL);
    sigset_t before, after;
    pthread_sigmask (SIG_SETMASK, NULL, &before);
    char locale_before[64];
    snprintf (locale_before, sizeof locale_before, "%s", setlocale (LC_ALL, NULL));
    char name[] = "/tmp/zgrid-stdout-XXXXXX";
    int file = mkstemp (name), kept = dup (STDOUT_FILENO);
    fflush (stdout);
    dup2 (file, STDOUT_FILENO);

    zgrid_node_t *node = s_node ("tcp://127.0.0.1:*", "2");
    int started = zgrid_node_start (node);
    zgrid_client_t *client = started == ZGRID_OK ? s_local (node) : NULL;
    int stored = client ? zgrid_client_put_str (client, "m", "k", "v") : -1;
    kill (getpid (), SIGTERM);
    kill (getpid (), SIGINT);
    int again = client ? zgrid_client_put_str (client, "m", "k", "w") : -1;
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&node);

    fflush (stdout);
    struct stat written;
    fstat (file, &written);
    dup2 (kept, STDOUT_FILENO);
    close (kept);
    close (file);
    unlink (name);
    ck_assert_int_eq (started, ZGRID_OK);
    ck_assert_int_eq (stored, ZGRID_OK);
    ck_assert_int_eq (again, ZGRID_OK); // A signal ends nothing but what the host ends
    ck_assert_int_eq (written.st_size, 0);
    ck_assert_int_eq (s_signals, 2);
    for (size_t at = 0; at < 5; at++) {
        sigaction (numbers[at], NULL, &seen);
        ck_assert_ptr_eq (seen.sa_handler, s_count_signal);
    }
    pthread_sigmask (SIG_SETMASK, NULL, &after);
    for (int number = 1; number < 32; number++)
        ck_assert_int_eq (sigismember (&before, number), sigismember (&after, number));
    ck_assert_str_eq (setlocale (LC_ALL, NULL), locale_before);
}
END_TEST

//  Decimal points stay points where the host's locale has commas.
START_TEST (numbers_do_not_depend_on_the_hosts_locale)
{
    setlocale (LC_ALL, "de_DE.UTF-8"); // May be missing on this machine; then it is "C" anyway
    zgrid_node_t *node = s_node ("none", "1");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    zgrid_client_t *client = s_local (node);
    zgrid_entry_t entry;
    ck_assert_int_eq (zgrid_client_incr_float (client, "m", zgrid_str ("f"), 1.5, NULL, &entry), ZGRID_OK);
    ck_assert_int_eq (zgrid_client_incr_float (client, "m", zgrid_str ("f"), 1.25, NULL, &entry), ZGRID_OK);
    ck_assert_uint_eq (entry.value.size, 4);
    ck_assert_mem_eq (entry.value.data, "2.75", 4);
    zgrid_client_destroy (&client);
    zgrid_node_destroy (&node);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("node");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, all_three_kinds_of_client_see_one_map);
    tcase_add_test (all, a_node_that_listens_nowhere_serves_its_host);
    tcase_add_test (all, a_taken_address_is_reported_and_the_start_may_be_tried_again);
    tcase_add_test (all, an_address_beyond_loopback_needs_to_be_allowed);
    tcase_add_test (all, settings_are_fixed_while_it_runs);
    tcase_add_test (all, local_clients_are_bounded_and_may_come_and_go);
    tcase_add_test (all, readers_of_several_threads_never_see_the_past);
    tcase_add_test (all, no_request_waits_for_the_next_one);
    tcase_add_test (all, the_hosts_signals_stdout_and_locale_stay_untouched);
    tcase_add_test (all, numbers_do_not_depend_on_the_hosts_locale);
    suite_add_tcase (suite, all);
    TCase *cycles = tcase_create ("cycles");
    tcase_set_timeout (cycles, 600);
    tcase_add_test (cycles, a_thousand_starts_and_stops);
    suite_add_tcase (suite, cycles);
    return suite;
}

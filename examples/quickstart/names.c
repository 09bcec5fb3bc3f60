//  names: the names of all Unicode characters, in a node inside this process. It loads them, reads
//  them back through the C client over TCP, lets a plain ZeroMQ script do the same, and compares.
//
//      names FILE [SCRIPT]     FILE: Perl's unicore/Name.pl; SCRIPT: names.py
//  SPDX-License-Identifier: MPL-2.0
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "data.h"

#define S_MAP "names"
#define S_LEAST 30000 // Records; fewer: this is not the file
#define S_BATCH 2048  // Records per call
#define S_BAR 40      // Characters

extern char **environ;

static double
s_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

//  On a terminal a bar; else a line every five seconds.
static void
s_progress (const char *what, size_t done, size_t total)
{
    static double s_said;
    if (isatty (STDOUT_FILENO)) {
        char bar[S_BAR + 1];
        size_t filled = done * S_BAR / total;
        memset (bar, ' ', S_BAR);
        memset (bar, '#', filled);
        bar[S_BAR] = 0;
        printf ("\r  %-28s [%s] %3zu %%", what, bar, done * 100 / total);
        if (done == total)
            printf ("\r\033[K");
    } else if (done == 0)
        s_said = s_now ();
    else if (s_now () - s_said >= 5) {
        s_said = s_now ();
        printf ("  %s: %zu of %zu\n", what, done, total);
    }
    fflush (stdout);
}

static void
s_report (const char *what, size_t count, double start)
{
    double seconds = s_now () - start;
    printf ("  %-28s %zu records in %.3f s: %.0f records/s\n", what, count, seconds,
            (double) count / seconds);
    fflush (stdout);
}

static size_t
s_part (size_t at, size_t total)
{
    return total - at < S_BATCH ? total - at : S_BATCH;
}

static bool
s_load (zgrid_client_t *client, const data_t *data)
{
    double start = s_now ();
    for (size_t at = 0; at < data->count; at += S_BATCH) {
        s_progress ("loading", at, data->count);
        size_t count = s_part (at, data->count);
        int status = zgrid_client_mput (client, S_MAP, data->keys + at, data->values + at, count, NULL, NULL);
        if (status != ZGRID_OK) {
            fprintf (stderr, "\nloading: %s (%s)\n", zgrid_status_text (status), zgrid_client_error (client));
            return false;
        }
    }
    s_progress ("loading", data->count, data->count);
    s_report ("loaded, embedded node", data->count, start);
    return true;
}

static bool
s_same (const zgrid_entry_t *entry, zgrid_bytes_t value)
{
    return entry->status == ZGRID_OK && entry->has_value && entry->value.size == value.size
           && memcmp (entry->value.data, value.data, value.size) == 0;
}

//  Reads everything and compares. True if nothing differs.
static bool
s_read_back (zgrid_client_t *client, const data_t *data, const char *what)
{
    static zgrid_entry_t s_entries[S_BATCH];
    uint64_t size = 0;
    size_t wrong = 0;
    double start = s_now ();
    for (size_t at = 0; at < data->count; at += S_BATCH) {
        s_progress (what, at, data->count);
        size_t count = s_part (at, data->count);
        int status = zgrid_client_mget (client, S_MAP, data->keys + at, count, s_entries);
        if (status != ZGRID_OK) {
            fprintf (stderr, "\n%s: %s (%s)\n", what, zgrid_status_text (status),
                     zgrid_client_error (client));
            return false;
        }
        for (size_t index = 0; index < count; index++)
            wrong += !s_same (&s_entries[index], data->values[at + index]);
    }
    s_progress (what, data->count, data->count);
    s_report (what, data->count, start);
    if (wrong)
        fprintf (stderr, "%zu records differ\n", wrong);
    if (zgrid_client_size (client, S_MAP, &size) != ZGRID_OK || size != data->count) {
        fprintf (stderr, "the map holds %llu entries\n", (unsigned long long) size);
        wrong++;
    }
    return wrong == 0;
}

//  The same by the C client over TCP, as another process would.
static bool
s_read_back_tcp (const char *endpoint, const data_t *data)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    zgrid_client_t *client;
    options.endpoints = endpoint;
    int status = zgrid_client_new (&client, &options);
    if (status != ZGRID_OK) {
        fprintf (stderr, "cannot connect to %s: %s\n", endpoint, zgrid_status_text (status));
        return false;
    }
    bool same = s_read_back (client, data, "read back, C client, TCP");
    zgrid_client_destroy (&client);
    return same;
}

//  The same by a script in another language, which reads the file by itself.
static bool
s_run_script (char *script, char *endpoint, char *file)
{
    char python[] = "/usr/bin/python3"; // Debian's, which sees Debian's modules
    char *arguments[] = { python, script, endpoint, file, NULL };
    pid_t process;
    int result;
    if (posix_spawn (&process, python, NULL, NULL, arguments, environ) != 0) {
        fprintf (stderr, "cannot run %s\n", python);
        return false;
    }
    if (waitpid (process, &result, 0) != process)
        return false;
    return WIFEXITED (result) && WEXITSTATUS (result) == 0;
}

static bool
s_start (zgrid_node_t *node)
{
    if (zgrid_node_set (node, "node.client", "tcp://127.0.0.1:0") == ZGRID_OK
        && zgrid_node_set (node, "log.level", "warning") == ZGRID_OK && zgrid_node_start (node) == ZGRID_OK)
        return true;
    fprintf (stderr, "cannot start a node: %s\n", zgrid_node_error (node));
    return false;
}

static bool
s_main_job (zgrid_node_t *node, const data_t *data, char *file, char *script)
{
    zgrid_client_t *client;
    char endpoint[256];
    if (!s_start (node) || zgrid_node_client (node, &client) != ZGRID_OK)
        return false;
    snprintf (endpoint, sizeof endpoint, "%s", zgrid_node_endpoint (node));
    printf ("  a node inside this process listens on %s\n", endpoint);
    bool good = s_load (client, data) && s_read_back (client, data, "read back, embedded node")
                && s_read_back_tcp (endpoint, data) && (!script || s_run_script (script, endpoint, file));
    zgrid_client_destroy (&client);
    return good;
}

int
main (int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf (stderr, "usage: %s FILE [SCRIPT]\n", argv[0]);
        return 2;
    }
    data_t data;
    bool good = data_read (&data, argv[1]);
    if (good && data.count < S_LEAST) {
        fprintf (stderr, "%s: only %zu records\n", argv[1], data.count);
        good = false;
    }
    if (good) {
        printf ("  %zu names of Unicode characters from %s\n", data.count, argv[1]);
        zgrid_node_t *node = zgrid_node_new ();
        good = node && s_main_job (node, &data, argv[1], argc == 3 ? argv[2] : NULL);
        zgrid_node_destroy (&node);
    }
    data_free (&data);
    puts (good ? "  everything that went in came out again" : "  FAILED");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

//  entries: many entries that never change, and three threads that see to it that they are there all
//  the time, whatever happens to the cluster: one reads and writes some at a steady rate and takes the
//  time, one reads all of them again and again, one scans for all of them again and again.
//
//      entries -s ENDPOINT[,ENDPOINT] [--entries N] [--size BYTES] [--rate N] [--map NAME] [--no-sweep]
//              [--page N] [--parallel N] [--regex REGEX]
//
//  fills the map and prints "filled"; for each line of its input a line of JSON on what happened since
//  the one before; ends with its input, after a look at every entry. Exit code 1 if one was missing or
//  wrong, ever. A write stores what is there already.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zgrid.h>

#include "histogram.h"

#define KEY_ROOM 32
#define SIZE_MAX_BYTES (64u << 20)
#define BATCH_BYTES (1u << 20)
#define BATCH_MOST 1000u
#define TIMEOUT_MS 30000
#define COMPLAINTS 10

typedef struct {
    const char *endpoints, *map;
    uint64_t entries, size, rate;
    bool sweep;
    uint64_t page, parallel; // Of scans
    const char *regex;
    uint8_t *value; // size + 16 bytes: each entry's value begins at its number modulo 16
} plan_t;

typedef struct {
    _Atomic uint64_t reads, writes, refused, missing, wrong, sweeps, scans, scanned;
} counts_t;

static plan_t s_plan = { .map = "entries", .entries = 100000, .size = 100, .rate = 500, .sweep = true };
static counts_t s_counts;
static atomic_bool s_stop;
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t s_buckets[HISTOGRAM_ROOM (7, 64)];
static histogram_t s_times; // Under s_lock: microseconds from when an operation was due to its answer

static uint64_t
s_now_us (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000000 + (uint64_t) time.tv_nsec / 1000;
}

static zgrid_bytes_t
s_key (char room[KEY_ROOM], uint64_t number)
{
    snprintf (room, KEY_ROOM, "entry-%" PRIu64, number);
    return zgrid_str (room);
}

static zgrid_bytes_t
s_value (uint64_t number)
{
    return (zgrid_bytes_t) { s_plan.value + number % 16, s_plan.size };
}

static zgrid_client_t *
s_client (void)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = s_plan.endpoints;
    options.timeout_ms = TIMEOUT_MS;
    zgrid_client_t *client;
    int status = zgrid_client_new (&client, &options);
    if (status != ZGRID_OK) {
        fprintf (stderr, "entries: no client of %s: %s\n", s_plan.endpoints, zgrid_status_text (status));
        exit (1);
    }
    return client;
}

static void
s_complain (const char *what, uint64_t number, const char *more)
{
    static atomic_uint said;
    if (atomic_fetch_add (&said, 1) < COMPLAINTS)
        fprintf (stderr, "entries: %s: entry-%" PRIu64 " %s\n", what, number, more);
}

//  Judges the answer to a read.
static void
s_judge (const char *what, uint64_t number, const zgrid_entry_t *entry)
{
    zgrid_bytes_t value = s_value (number);
    s_counts.reads++;
    if (entry->status == ZGRID_NOTFOUND) {
        s_counts.missing++;
        s_complain (what, number, "is missing");
    } else if (entry->status != ZGRID_OK) {
        s_counts.refused++;
        s_complain (what, number, zgrid_status_text (entry->status));
    } else if (entry->value.size != value.size || memcmp (entry->value.data, value.data, value.size) != 0) {
        s_counts.wrong++;
        s_complain (what, number, "has another value");
    }
}

static uint64_t
s_batch (void)
{
    uint64_t count = BATCH_BYTES / s_plan.size;
    return count == 0 ? 1 : count < BATCH_MOST ? count : BATCH_MOST;
}

//  ------------------------------------------------------------------------------------------------
//  Filling, and reading all

static bool
s_fill (zgrid_client_t *client)
{
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (client);
    int status = ZGRID_OK;
    for (uint64_t number = 0; number < s_plan.entries && status == ZGRID_OK;) {
        char room[KEY_ROOM];
        for (uint64_t left = s_batch (); left && number < s_plan.entries; left--, number++)
            zgrid_pipeline_put (pipeline, s_plan.map, s_key (room, number), s_value (number), NULL);
        status = zgrid_pipeline_execute (pipeline, 0);
        zgrid_pipeline_reset (pipeline);
    }
    zgrid_pipeline_destroy (&pipeline);
    if (status != ZGRID_OK)
        fprintf (stderr, "entries: filling: %s\n", zgrid_client_error (client));
    return status == ZGRID_OK;
}

static void
s_read_all (zgrid_client_t *client, const char *what)
{
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (client);
    for (uint64_t first = 0; first < s_plan.entries && !atomic_load (&s_stop);) {
        char room[KEY_ROOM];
        uint64_t number = first;
        for (uint64_t left = s_batch (); left && number < s_plan.entries; left--, number++)
            zgrid_pipeline_get (pipeline, s_plan.map, s_key (room, number), NULL);
        zgrid_pipeline_execute (pipeline, 0);
        for (uint64_t at = first; at < number; at++)
            s_judge (what, at, zgrid_pipeline_entry (pipeline, (size_t) (at - first)));
        zgrid_pipeline_reset (pipeline);
        first = number;
    }
    zgrid_pipeline_destroy (&pipeline);
    s_counts.sweeps++;
}

static void *
s_sweeper (void *arg)
{
    zgrid_client_t *client = s_client ();
    while (!atomic_load (&s_stop))
        s_read_all (client, "reading all");
    zgrid_client_destroy (&client);
    return arg;
}

//  ------------------------------------------------------------------------------------------------
//  Scanning

static void
s_scan_once (zgrid_client_t *client, uint8_t *seen)
{
    memset (seen, 0, s_plan.entries);
    zgrid_iterator_options_t options = ZGRID_ITERATOR_OPTIONS_INIT;
    options.page = (uint32_t) s_plan.page;
    options.parallel = (uint32_t) s_plan.parallel;
    options.regex = s_plan.regex;
    zgrid_iterator_t *iterator = zgrid_iterator_open (client, s_plan.map, &options);
    uint64_t found = 0;
    int status = ZGRID_OK;
    for (unsigned failures = 0; !atomic_load (&s_stop) && failures < 20;) {
        zgrid_bytes_t key, value;
        status = zgrid_iterator_next (iterator, &key, &value);
        if (status == ZGRID_NOTFOUND)
            break;
        if (status != ZGRID_OK) {
            s_counts.refused++;
            failures++;
            continue;
        }
        char text[KEY_ROOM] = "";
        uint64_t number;
        if (key.size < sizeof text && key.size)
            memcpy (text, key.data, key.size);
        if (sscanf (text, "entry-%" SCNu64, &number) == 1 && number < s_plan.entries) {
            found += !seen[number];
            seen[number] = 1;
        }
    }
    zgrid_iterator_destroy (&iterator);
    if (status != ZGRID_NOTFOUND)
        return;
    s_counts.scans++;
    s_counts.scanned += found;
    for (uint64_t number = 0; found < s_plan.entries && number < s_plan.entries; number++)
        if (!seen[number]) {
            s_counts.missing++;
            found++;
            s_complain ("scanning", number, "is not found");
        }
}

static void *
s_scanner (void *arg)
{
    zgrid_client_t *client = s_client ();
    uint8_t *seen = malloc (s_plan.entries);
    while (seen && !atomic_load (&s_stop))
        s_scan_once (client, seen);
    free (seen);
    zgrid_client_destroy (&client);
    return arg;
}

static void
s_count_all (zgrid_client_t *client)
{
    uint64_t size = 0;
    int status = zgrid_client_size (client, s_plan.map, &size);
    if (status == ZGRID_OK && size == s_plan.entries)
        return;
    fprintf (stderr, "entries: SIZE says %s, %" PRIu64 "\n", zgrid_status_text (status), size);
    s_counts.missing++;
}

//  ------------------------------------------------------------------------------------------------
//  The steady load: an operation begins when it is due, whether those before it have ended or not, so
//  that a stall counts for all that it delays.

typedef struct {
    zgrid_future_t *future;
    uint64_t number, due;
    bool writes;
} under_way_t;

static void
s_begin (zgrid_client_t *client, under_way_t *one, uint64_t turn, uint64_t due)
{
    char room[KEY_ROOM];
    uint64_t dice = turn * UINT64_C (0x9e3779b97f4a7c15);
    one->number = (dice ^ (dice >> 29)) % s_plan.entries;
    one->due = due;
    one->writes = turn % 2;
    zgrid_bytes_t key = s_key (room, one->number);
    one->future = one->writes ? zgrid_client_put_future (client, s_plan.map, key, s_value (one->number), NULL)
                              : zgrid_client_get_future (client, s_plan.map, key, NULL);
    if (!one->future)
        abort ();
}

static void
s_end (under_way_t *one)
{
    const zgrid_entry_t *entry = zgrid_future_entry (one->future);
    if (!one->writes)
        s_judge ("reading", one->number, entry);
    else if (entry->status == ZGRID_OK)
        s_counts.writes++;
    else {
        s_counts.refused++;
        s_complain ("writing", one->number, zgrid_status_text (entry->status));
    }
    pthread_mutex_lock (&s_lock);
    histogram_add (&s_times, s_now_us () - one->due);
    pthread_mutex_unlock (&s_lock);
    zgrid_future_destroy (&one->future);
}

static void *
s_loader (void *arg)
{
    zgrid_client_t *client = s_client ();
    uint64_t period = 1000000 / s_plan.rate, turn = 0, due = s_now_us ();
    size_t room = (size_t) s_plan.rate * TIMEOUT_MS / 500, first = 0, count = 0; // A ring
    under_way_t *ring = calloc (room, sizeof *ring);
    if (!ring)
        abort ();
    struct pollfd fd = { zgrid_client_fd (client), POLLIN, 0 };
    while (!atomic_load (&s_stop) || count) {
        uint64_t now = s_now_us ();
        while (due <= now && count < room && !atomic_load (&s_stop)) {
            s_begin (client, &ring[(first + count++) % room], turn++, due);
            due += period;
        }
        zgrid_client_flush (client);
        zgrid_client_process (client);
        for (size_t at = 0; at < count; at++) {
            under_way_t *one = &ring[(first + at) % room];
            if (one->future && zgrid_future_done (one->future))
                s_end (one);
        }
        for (; count && !ring[first].future; count--)
            first = (first + 1) % room;
        int own = zgrid_client_timeout (client);
        uint64_t wait = due > now ? due - now : 0;
        if (own >= 0 && (uint64_t) own * 1000 < wait)
            wait = (uint64_t) own * 1000;
        struct timespec time = { (time_t) (wait / 1000000), (long) (wait % 1000000) * 1000 };
        ppoll (&fd, 1, &time, NULL);
    }
    free (ring);
    zgrid_client_destroy (&client);
    return arg;
}

//  ------------------------------------------------------------------------------------------------

static void
s_report (void)
{
    pthread_mutex_lock (&s_lock);
    printf ("{\"operations\":%" PRIu64 ",\"p50_us\":%" PRIu64 ",\"p99_us\":%" PRIu64 ",\"max_us\":%" PRIu64,
            s_times.count, histogram_percentile (&s_times, 50), histogram_percentile (&s_times, 99),
            s_times.count ? s_times.max : 0);
    histogram_init (&s_times, 7, 64, s_buckets);
    pthread_mutex_unlock (&s_lock);
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = { { "reads", s_counts.reads },     { "writes", s_counts.writes },
                   { "refused", s_counts.refused }, { "missing", s_counts.missing },
                   { "wrong", s_counts.wrong },     { "sweeps", s_counts.sweeps },
                   { "scans", s_counts.scans } };
    for (size_t at = 0; at < sizeof counts / sizeof counts[0]; at++)
        printf (",\"%s\":%" PRIu64, counts[at].name, counts[at].value);
    puts ("}");
    fflush (stdout);
}

static bool
s_number (const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    char *end;
    *number = strtoull (text, &end, 10);
    return *text && !*end && *number >= min && *number <= max;
}

static bool
s_parse (int argc, char **argv)
{
    bool good = true;
    for (int at = 1; good && at < argc; at++) {
        const char *name = argv[at], *value = at + 1 < argc ? argv[at + 1] : "";
        if (strcmp (name, "--no-sweep") == 0) {
            s_plan.sweep = false;
            continue;
        }
        at++;
        if (strcmp (name, "-s") == 0)
            s_plan.endpoints = value;
        else if (strcmp (name, "--map") == 0)
            s_plan.map = value;
        else if (strcmp (name, "--regex") == 0)
            s_plan.regex = value;
        else if (strcmp (name, "--page") == 0)
            good = s_number (value, 1, 10000, &s_plan.page);
        else if (strcmp (name, "--parallel") == 0)
            good = s_number (value, 1, 64, &s_plan.parallel);
        else if (strcmp (name, "--entries") == 0)
            good = s_number (value, 1, 100000000, &s_plan.entries);
        else if (strcmp (name, "--size") == 0)
            good = s_number (value, 1, SIZE_MAX_BYTES, &s_plan.size);
        else if (strcmp (name, "--rate") == 0)
            good = s_number (value, 1, 100000, &s_plan.rate);
        else
            good = false;
    }
    if (!good || !s_plan.endpoints)
        fputs ("entries: see the head of tests/system/entries.c\n", stderr);
    return good && s_plan.endpoints;
}

int
main (int argc, char **argv)
{
    if (!s_parse (argc, argv) || !(s_plan.value = malloc (s_plan.size + 16)))
        return 2;
    for (uint64_t at = 0; at < s_plan.size + 16; at++)
        s_plan.value[at] = (uint8_t) (at * 31 + at / 251);
    histogram_init (&s_times, 7, 64, s_buckets);
    zgrid_client_t *client = s_client ();
    if (!s_fill (client))
        return 1;
    puts ("filled");
    fflush (stdout);
    pthread_t threads[3];
    int count = 0;
    pthread_create (&threads[count++], NULL, s_loader, NULL);
    if (s_plan.sweep) {
        pthread_create (&threads[count++], NULL, s_sweeper, NULL);
        pthread_create (&threads[count++], NULL, s_scanner, NULL);
    }
    char line[64];
    while (fgets (line, sizeof line, stdin)) {
        s_count_all (client);
        s_report ();
    }
    atomic_store (&s_stop, true);
    while (count)
        pthread_join (threads[--count], NULL);
    atomic_store (&s_stop, false);
    s_read_all (client, "reading all at the end");
    s_count_all (client);
    s_report ();
    zgrid_client_destroy (&client);
    free (s_plan.value);
    return s_counts.missing || s_counts.wrong ? 1 : 0;
}

//  near_cache: what a GET costs that is answered from a copy in the client, beside a plain hash table in the
//  same process and a GET that asks the server; one thread, in turns, over the same sequence of keys.
//  SPDX-License-Identifier: MPL-2.0
//
//  bench-near -s endpoint [-k keys] [-n reads a round] [-m reads of the server a round] [-r rounds]
//  Prints one line of JSON a round; figures are nanoseconds a read.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zgrid.h>

#include "baseline.h"

#define MAP "bench-near"
#define MAX_AGE_MS 3600000 // Nothing is written meanwhile

typedef struct {
    char bytes[BASELINE_KEY_SIZE];
} name_t;

typedef struct {
    const char *endpoint;
    size_t keys, reads, remote_reads, rounds;
    name_t *sequence; // Keys in the order in which they are read
    baseline_t *table;
    zgrid_client_t *near, *far;
} bench_t;

static volatile uint64_t s_seen; // Keeps the compiler from leaving the reads out

static void
s_fail (const char *what, const char *why)
{
    fprintf (stderr, "bench-near: %s: %s\n", what, why);
    exit (1);
}

static uint64_t
s_now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static void
s_name (name_t *name, size_t number)
{
    char text[BASELINE_KEY_SIZE + 1];
    snprintf (text, sizeof text, "key:%012zu", number % 1000000000000u);
    memcpy (name->bytes, text, sizeof name->bytes);
}

static zgrid_client_t *
s_client (const bench_t *self)
{
    zgrid_client_t *client;
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = self->endpoint;
    if (zgrid_client_new (&client, &options) != ZGRID_OK)
        s_fail (self->endpoint, "no server there");
    return client;
}

static void
s_fill (bench_t *self)
{
    zgrid_near_cache_t options = ZGRID_NEAR_CACHE_INIT;
    options.max_age_ms = MAX_AGE_MS;
    options.max_entries = (uint32_t) self->keys;
    options.max_bytes = UINT64_C (1) << 32;
    self->near = s_client (self);
    self->far = s_client (self);
    if (zgrid_client_near_cache (self->near, &options) != ZGRID_OK)
        s_fail ("near cache", zgrid_client_error (self->near));
    self->table = baseline_new ();
    for (size_t at = 0; at < self->keys; at++) {
        name_t name;
        char value[BASELINE_VALUE_SIZE];
        s_name (&name, at);
        memset (value, 'v', sizeof value);
        memcpy (value, &at, sizeof at);
        zgrid_bytes_t key = { name.bytes, sizeof name.bytes };
        baseline_add (self->table, name.bytes, value);
        if (zgrid_client_put (self->far, MAP, key, (zgrid_bytes_t) { value, sizeof value }, NULL, NULL)
            != ZGRID_OK)
            s_fail ("PUT", zgrid_client_error (self->far));
        if (zgrid_client_get (self->near, MAP, key, NULL, NULL) != ZGRID_OK)
            s_fail ("GET", zgrid_client_error (self->near));
    }
}

static void
s_make_sequence (bench_t *self)
{
    uint64_t state = 20240531;
    self->sequence = malloc (self->reads * sizeof *self->sequence);
    if (!self->sequence)
        s_fail ("sequence", "no memory");
    for (size_t at = 0; at < self->reads; at++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        s_name (&self->sequence[at], (size_t) (state >> 33) % self->keys);
    }
}

//  ----------------------------------------------------------------------------------------------
//  Each of these returns nanoseconds a read

static double
s_read_client (const bench_t *self, zgrid_client_t *client, size_t reads)
{
    uint64_t seen = 0, began = s_now_ns ();
    for (size_t at = 0; at < reads; at++) {
        zgrid_entry_t entry;
        zgrid_bytes_t key = { self->sequence[at].bytes, BASELINE_KEY_SIZE };
        if (zgrid_client_get (client, MAP, key, NULL, &entry) != ZGRID_OK
            || entry.value.size != BASELINE_VALUE_SIZE)
            s_fail ("GET", zgrid_client_error (client));
        seen += *(const unsigned char *) entry.value.data;
    }
    s_seen = seen;
    return (double) (s_now_ns () - began) / (double) reads;
}

static double
s_read_baseline (const bench_t *self)
{
    char value[BASELINE_VALUE_SIZE];
    uint64_t seen = 0, began = s_now_ns ();
    for (size_t at = 0; at < self->reads; at++) {
        if (!baseline_get (self->table, self->sequence[at].bytes, value))
            s_fail ("uthash", "a key is missing");
        seen += (unsigned char) value[0];
    }
    s_seen = seen;
    return (double) (s_now_ns () - began) / (double) self->reads;
}

int
main (int argc, char **argv)
{
    bench_t self = { .keys = 100000, .reads = 2000000, .remote_reads = 20000, .rounds = 3 };
    for (int option; (option = getopt (argc, argv, "s:k:n:m:r:")) != -1;) {
        if (option == 's')
            self.endpoint = optarg;
        else if (strchr ("knmr", option))
            *(option == 'k'   ? &self.keys
              : option == 'n' ? &self.reads
              : option == 'm' ? &self.remote_reads
                              : &self.rounds) = (size_t) strtoull (optarg, NULL, 10);
        else
            return 2;
    }
    if (!self.endpoint || self.keys == 0 || self.reads == 0 || self.remote_reads == 0)
        s_fail ("usage", "bench-near -s endpoint [-k keys] [-n reads] [-m remote reads] [-r rounds]");
    self.remote_reads = self.remote_reads < self.reads ? self.remote_reads : self.reads;
    s_fill (&self);
    s_make_sequence (&self);
    for (size_t round = 0; round < self.rounds; round++) {
        zgrid_near_cache_stats_t before = { .size = sizeof before }, after = { .size = sizeof after };
        zgrid_client_near_cache_stats (self.near, &before);
        double uthash = s_read_baseline (&self), hit = s_read_client (&self, self.near, self.reads);
        double remote = s_read_client (&self, self.far, self.remote_reads);
        zgrid_client_near_cache_stats (self.near, &after);
        if (after.hits - before.hits != self.reads)
            s_fail ("near cache", "not every read was a hit");
        printf ("{\"hit_ns\": %.1f, \"uthash_get_ns\": %.1f, \"remote_ns\": %.1f}\n", hit, uthash, remote);
        fflush (stdout);
    }
    zgrid_client_destroy (&self.near);
    zgrid_client_destroy (&self.far);
    baseline_destroy (&self.table);
    free (self.sequence);
    return 0;
}

//  local_read: embedded reads against a plain hash table, in one process, on one thread, in turns,
//  over the same sequence of keys.
//  SPDX-License-Identifier: MPL-2.0
//
//  bench-local [-k keys] [-n reads a round] [-r rounds] [-b]
//    -b  the baseline only
//  Prints one line of JSON a round; figures are reads a second.
//
//  The keys of a round lie in memory in the order in which they are asked for, so that what is
//  measured is the look-up and the copy, and not the cost of reading a key from a random place.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zgrid.h>

#include "baseline.h"

#define GROUP 16
#define LOAD_BATCH 4096

typedef struct {
    char bytes[BASELINE_KEY_SIZE];
} name_t;

typedef struct {
    size_t keys;
    size_t reads;
    size_t rounds;
    bool baseline_only;
    name_t *sequence; // Keys in the order in which they are read
    baseline_t *table;
    zgrid_node_t *node;
    zgrid_client_t *client;
} bench_t;

static volatile uint64_t s_seen; // Keeps the compiler from leaving the reads out

static void
s_fail (const char *what, const char *why)
{
    fprintf (stderr, "bench-local: %s: %s\n", what, why);
    exit (1);
}

static uint64_t
s_now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static uint64_t
s_random (uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static void
s_name (name_t *name, size_t number)
{
    char text[BASELINE_KEY_SIZE + 1];
    snprintf (text, sizeof text, "key:%012zu", number % 1000000000000u);
    memcpy (name->bytes, text, sizeof name->bytes);
}

static void
s_value (char *value, size_t number)
{
    memset (value, 'v', BASELINE_VALUE_SIZE);
    memcpy (value, &number, sizeof number);
}

//  ----------------------------------------------------------------------------------------------
//  Filling

static void
s_fill_baseline (bench_t *self)
{
    self->table = baseline_new ();
    for (size_t at = 0; at < self->keys; at++) {
        name_t name;
        char value[BASELINE_VALUE_SIZE];
        s_name (&name, at);
        s_value (value, at);
        baseline_add (self->table, name.bytes, value);
    }
}

static void
s_fill_batch (bench_t *self, size_t first, size_t count)
{
    static name_t names[LOAD_BATCH];
    static char values[LOAD_BATCH][BASELINE_VALUE_SIZE];
    static zgrid_bytes_t keys[LOAD_BATCH], bytes[LOAD_BATCH];
    for (size_t at = 0; at < count; at++) {
        s_name (&names[at], first + at);
        s_value (values[at], first + at);
        keys[at] = (zgrid_bytes_t) { names[at].bytes, sizeof names[at].bytes };
        bytes[at] = (zgrid_bytes_t) { values[at], sizeof values[at] };
    }
    if (zgrid_client_mput (self->client, "bench", keys, bytes, count, NULL, NULL) != ZGRID_OK)
        s_fail ("filling the node", zgrid_client_error (self->client));
}

static void
s_fill_node (bench_t *self)
{
    self->node = zgrid_node_new ();
    if (!self->node)
        s_fail ("node", "no memory");
    if (zgrid_node_set (self->node, "log.level", "error") != ZGRID_OK
        || zgrid_node_start (self->node) != ZGRID_OK
        || zgrid_node_client (self->node, &self->client) != ZGRID_OK)
        s_fail ("node", zgrid_node_error (self->node));
    for (size_t first = 0; first < self->keys; first += LOAD_BATCH)
        s_fill_batch (self, first, self->keys - first < LOAD_BATCH ? self->keys - first : LOAD_BATCH);
}

static void
s_make_sequence (bench_t *self)
{
    uint64_t state = 20240531;
    self->sequence = malloc (self->reads * sizeof *self->sequence);
    if (!self->sequence)
        s_fail ("sequence", "no memory");
    for (size_t at = 0; at < self->reads; at++)
        s_name (&self->sequence[at], (size_t) (s_random (&state) % self->keys));
}

//  ----------------------------------------------------------------------------------------------
//  Each of these reads the whole sequence and returns reads a second

static double
s_rate (const bench_t *self, uint64_t began)
{
    return (double) self->reads * 1e9 / (double) (s_now_ns () - began);
}

static double
s_find_baseline (bench_t *self)
{
    uint64_t found = 0, began = s_now_ns ();
    for (size_t at = 0; at < self->reads; at++)
        found += baseline_find (self->table, self->sequence[at].bytes);
    double rate = s_rate (self, began);
    if (found != self->reads)
        s_fail ("uthash", "a key is missing");
    return rate;
}

static double
s_get_baseline (bench_t *self)
{
    char value[BASELINE_VALUE_SIZE];
    uint64_t seen = 0, began = s_now_ns ();
    for (size_t at = 0; at < self->reads; at++) {
        if (!baseline_get (self->table, self->sequence[at].bytes, value))
            s_fail ("uthash", "a key is missing");
        seen += (unsigned char) value[0];
    }
    double rate = s_rate (self, began);
    s_seen = seen;
    return rate;
}

static void
s_look (const zgrid_entry_t *entry, uint64_t *seen)
{
    if (entry->status != ZGRID_OK || entry->value.size != BASELINE_VALUE_SIZE)
        s_fail ("zgrid", "a key is missing");
    *seen += *(const unsigned char *) entry->value.data;
}

static double
s_get_node (bench_t *self)
{
    uint64_t seen = 0, began = s_now_ns ();
    for (size_t at = 0; at < self->reads; at++) {
        zgrid_entry_t entry;
        zgrid_bytes_t key = { self->sequence[at].bytes, BASELINE_KEY_SIZE };
        zgrid_client_get (self->client, "bench", key, NULL, &entry);
        s_look (&entry, &seen);
    }
    double rate = s_rate (self, began);
    s_seen = seen;
    return rate;
}

static double
s_mget_node (bench_t *self)
{
    uint64_t seen = 0, began = s_now_ns ();
    for (size_t at = 0; at + GROUP <= self->reads; at += GROUP) {
        zgrid_entry_t entries[GROUP];
        zgrid_bytes_t keys[GROUP];
        for (size_t one = 0; one < GROUP; one++)
            keys[one] = (zgrid_bytes_t) { self->sequence[at + one].bytes, BASELINE_KEY_SIZE };
        zgrid_client_mget (self->client, "bench", keys, GROUP, entries);
        for (size_t one = 0; one < GROUP; one++)
            s_look (&entries[one], &seen);
    }
    double rate = s_rate (self, began);
    s_seen = seen;
    return rate;
}

//  ----------------------------------------------------------------------------------------------

static void
s_round (bench_t *self)
{
    printf ("{\"uthash_find\": %.0f, \"uthash_get\": %.0f", s_find_baseline (self), s_get_baseline (self));
    if (!self->baseline_only)
        printf (", \"get\": %.0f, \"mget16\": %.0f", s_get_node (self), s_mget_node (self));
    printf ("}\n");
    fflush (stdout);
}

static size_t
s_number (const char *text)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull (text, &end, 10);
    if (errno || end == text || *end || number == 0 || number > 1000000000) {
        fprintf (stderr, "bench-local: %s is not a number from 1 to 1000000000\n", text);
        exit (2);
    }
    return (size_t) number;
}

int
main (int argc, char **argv)
{
    bench_t self = { .keys = 1000000, .reads = 2000000, .rounds = 5 };
    int option;
    while ((option = getopt (argc, argv, "k:n:r:b")) != -1) {
        if (option == 'k')
            self.keys = s_number (optarg);
        else if (option == 'n')
            self.reads = s_number (optarg) / GROUP * GROUP;
        else if (option == 'r')
            self.rounds = s_number (optarg);
        else if (option == 'b')
            self.baseline_only = true;
        else {
            fputs ("usage: bench-local [-k keys] [-n reads a round] [-r rounds] [-b]\n", stderr);
            return 2;
        }
    }
    s_make_sequence (&self);
    s_fill_baseline (&self);
    if (!self.baseline_only)
        s_fill_node (&self);
    for (size_t round = 0; round < self.rounds; round++)
        s_round (&self);
    zgrid_client_destroy (&self.client);
    zgrid_node_destroy (&self.node);
    baseline_destroy (&self.table);
    free (self.sequence);
    return 0;
}

//  near: one client writes numbers that grow to some keys; others read them through near caches. None may
//  read a number that is behind what had been acknowledged max_age_ms before it began to read, whatever
//  happens to the cluster.
//
//      near -s ENDPOINT[,ENDPOINT] [--age MS] [--readers N]
//
//  prints "begun"; ends with its input, and prints a line of JSON. Exit code 1 if anything was read that is
//  too old, or nothing from a near cache.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zgrid.h>

#define KEYS 32
#define READERS_MAX 8
#define KEY_ROOM 16
#define TIMEOUT_MS 30000

static const char *s_endpoints;
static uint64_t s_age = 500, s_readers = 3;
static _Atomic uint64_t s_acknowledged[KEYS]; // Numbers
static atomic_bool s_stop;
static _Atomic uint64_t s_reads, s_writes, s_refused, s_old, s_hits, s_invalidations;

//  What a reader knows of a key: a number that was acknowledged at some time, and one that was more than
//  max_age ago.
typedef struct {
    uint64_t number, at, due;
} seen_t;

static uint64_t
s_now_ms (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

static zgrid_bytes_t
s_key (char room[KEY_ROOM], unsigned number)
{
    snprintf (room, KEY_ROOM, "near-%u", number);
    return zgrid_str (room);
}

static zgrid_client_t *
s_client (void)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = s_endpoints;
    options.timeout_ms = TIMEOUT_MS;
    zgrid_client_t *client;
    int status = zgrid_client_new (&client, &options);
    if (status != ZGRID_OK) {
        fprintf (stderr, "near: no client of %s: %s\n", s_endpoints, zgrid_status_text (status));
        exit (1);
    }
    return client;
}

//  Only numbers that were acknowledged count: what may have been written is written again.
static void *
s_writer (void *arg)
{
    zgrid_client_t *client = s_client ();
    for (uint64_t turn = 0; !atomic_load (&s_stop); turn++) {
        char room[KEY_ROOM], text[32];
        unsigned key = (unsigned) (turn % KEYS);
        snprintf (text, sizeof text, "%" PRIu64, turn);
        if (zgrid_client_put (client, "near", s_key (room, key), zgrid_str (text), NULL, NULL) == ZGRID_OK) {
            atomic_store (&s_acknowledged[key], turn);
            s_writes++;
        } else
            s_refused++;
    }
    zgrid_client_destroy (&client);
    return arg;
}

//  The number below which nothing may be read that is asked for now.
static uint64_t
s_least (seen_t *seen, unsigned key, uint64_t now)
{
    if (now - seen->at >= s_age) {
        seen->due = seen->number;
        seen->number = atomic_load (&s_acknowledged[key]);
        seen->at = s_now_ms (); // Behind the look at it: it was acknowledged by then
    }
    return seen->due;
}

static void
s_read (zgrid_client_t *client, seen_t *seen, unsigned key)
{
    char room[KEY_ROOM], text[32] = "";
    zgrid_entry_t entry;
    uint64_t least = s_least (&seen[key], key, s_now_ms ());
    int status = zgrid_client_get (client, "near", s_key (room, key), NULL, &entry);
    if (status != ZGRID_OK && status != ZGRID_NOTFOUND) {
        s_refused++;
        return;
    }
    s_reads++;
    if (status == ZGRID_OK)
        memcpy (text, entry.value.data, entry.value.size < sizeof text ? entry.value.size : sizeof text - 1);
    uint64_t number = strtoull (text, NULL, 10);
    if (number < least && s_old++ < 10)
        fprintf (stderr,
                 "near: key %u: %" PRIu64 " was read, %" PRIu64 " had been acknowledged for %" PRIu64 " ms\n",
                 key, number, least, s_age);
}

static void *
s_reader (void *arg)
{
    zgrid_client_t *client = s_client ();
    zgrid_near_cache_t near = ZGRID_NEAR_CACHE_INIT;
    zgrid_near_cache_stats_t stats = { .size = sizeof stats };
    seen_t seen[KEYS] = { { 0, 0, 0 } };
    near.max_age_ms = (uint32_t) s_age;
    if (zgrid_client_near_cache (client, &near) != ZGRID_OK)
        exit (1);
    uint64_t random = (uint64_t) (uintptr_t) arg;
    while (!atomic_load (&s_stop)) {
        random = random * UINT64_C (6364136223846793005) + 1;
        s_read (client, seen, (unsigned) (random >> 33) % KEYS);
        if (random >> 60 == 0) { // Not all of the time on a processor that others need
            struct pollfd pushes = { zgrid_client_fd (client), POLLIN, 0 };
            poll (&pushes, 1, 1);
        }
    }
    zgrid_client_near_cache_stats (client, &stats);
    s_hits += stats.hits;
    s_invalidations += stats.invalidations;
    zgrid_client_destroy (&client);
    return NULL;
}

int
main (int argc, char **argv)
{
    for (int at = 1; at + 1 < argc; at += 2)
        if (strcmp (argv[at], "-s") == 0)
            s_endpoints = argv[at + 1];
        else if (strcmp (argv[at], "--age") == 0)
            s_age = strtoull (argv[at + 1], NULL, 10);
        else if (strcmp (argv[at], "--readers") == 0)
            s_readers = strtoull (argv[at + 1], NULL, 10);
    if (!s_endpoints || s_age == 0 || s_readers == 0 || s_readers > READERS_MAX) {
        fputs ("near: see the head of tests/system/near.c\n", stderr);
        return 2;
    }
    pthread_t threads[1 + READERS_MAX];
    unsigned count = 0;
    pthread_create (&threads[count++], NULL, s_writer, NULL);
    while (count <= s_readers) {
        pthread_create (&threads[count], NULL, s_reader, (void *) (uintptr_t) (count + 1));
        count++;
    }
    puts ("begun");
    fflush (stdout);
    while (getchar () != EOF)
        ;
    atomic_store (&s_stop, true);
    while (count)
        pthread_join (threads[--count], NULL);
    printf ("{\"reads\":%" PRIu64 ",\"hits\":%" PRIu64 ",\"invalidations\":%" PRIu64 ",\"writes\":%" PRIu64
            ",\"refused\":%" PRIu64 ",\"old\":%" PRIu64 "}\n",
            s_reads, s_hits, s_invalidations, s_writes, s_refused, s_old);
    return s_old || s_hits == 0 || s_writes == 0;
}

//  operations: locks, and a mix of all operations on keys.
//
//  bench-operations hand-over|pairs|mix -s ENDPOINT [-c clients] [-n number]
//    hand-over  clients, each on a thread of its own, take turns on one lock: it goes from one to the next as
//               soon as it is given back. number: how often in all
//    pairs      each client takes and gives back a lock of its own, one request at a time. number: pairs
//    mix        one client with 4,096 requests in flight, every operation on keys as often as the others.
//               number: requests
//  Prints one line of JSON.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zgrid.h>

#define CLIENTS_MAX 256
#define WINDOW 4096
#define KEYS 100000
#define VALUE_SIZE 100
#define LEASE_MS 30000
#define WAIT_MS 60000

typedef struct {
    const char *endpoint;
    bool shared; // One lock for all
    _Atomic int64_t left;
} bench_t;

typedef struct {
    bench_t *bench;
    unsigned number;
    pthread_t thread;
} client_t;

static void
s_fail (const char *what, const char *why)
{
    fprintf (stderr, "bench-operations: %s: %s\n", what, why);
    exit (1);
}

static double
s_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static zgrid_client_t *
s_connect (const bench_t *self)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = self->endpoint;
    options.timeout_ms = WAIT_MS;
    zgrid_client_t *client;
    int status = zgrid_client_new (&client, &options);
    if (status != ZGRID_OK)
        s_fail (self->endpoint, zgrid_status_text (status));
    return client;
}

//  ----------------------------------------------------------------------------------------------
//  Locks

static void *
s_take_turns (void *arg)
{
    client_t *self = arg;
    zgrid_client_t *client = s_connect (self->bench);
    char key[32];
    snprintf (key, sizeof key, "lock-%u", self->bench->shared ? 0 : self->number);
    while (atomic_fetch_sub (&self->bench->left, 1) > 0) {
        uint64_t token;
        if (zgrid_client_lock (client, "bench", zgrid_str (key), LEASE_MS, WAIT_MS, &token) != ZGRID_OK
            || zgrid_client_unlock (client, "bench", zgrid_str (key), token) != ZGRID_OK)
            s_fail ("a lock", zgrid_client_error (client));
    }
    zgrid_client_destroy (&client);
    return NULL;
}

static void
s_locks (bench_t *self, const char *what, unsigned clients, int64_t number)
{
    static client_t threads[CLIENTS_MAX];
    atomic_store (&self->left, number);
    double begin = s_now ();
    for (unsigned at = 0; at < clients; at++) {
        threads[at] = (client_t) { .bench = self, .number = at };
        if (pthread_create (&threads[at].thread, NULL, s_take_turns, &threads[at]) != 0)
            s_fail ("a thread", "cannot be made");
    }
    for (unsigned at = 0; at < clients; at++)
        pthread_join (threads[at].thread, NULL);
    double took = s_now () - begin;
    printf ("{\"mode\":\"%s\",\"clients\":%u,\"per_second\":%.0f}\n", what, clients, (double) number / took);
}

//  ----------------------------------------------------------------------------------------------
//  Everything

typedef struct {
    const char *op;
    char keys;         // Of one kind each, so that they have the type that the operation needs
    const char *value; // NULL: none, "": of VALUE_SIZE
} step_t;

static const step_t s_steps[] = {
    { "PUT", 'v', "" },           { "GET", 'v', NULL },          { "EXISTS", 'v', NULL },
    { "TTL", 'v', NULL },         { "EXPIRE", 'v', "3600" },     { "TOUCH", 'v', NULL },
    { "PEXPIRE", 'v', "900000" }, { "PERSIST", 'v', NULL },      { "INCR", 'n', "3" },
    { "DECR", 'n', "2" },         { "INCRBYFLOAT", 'f', "0.5" }, { "GETPUT", 'v', "" },
    { "APPEND", 'a', "more" },    { "GETDEL", 'a', NULL },       { "CAS", 'v', "" },
    { "DEL", 'v', NULL },         { "TRYLOCK", 'l', NULL },      { "LEASE", 'l', "1" },
    { "UNLOCK", 'l', "1" },
};
#define STEPS (sizeof s_steps / sizeof s_steps[0])

static zgrid_future_t *
s_step (zgrid_client_t *client, int64_t number)
{
    static char filler[VALUE_SIZE];
    const step_t *step = &s_steps[(size_t) number % STEPS];
    char name[32];
    //  Keys of a step recur, and those of its neighbours differ
    snprintf (name, sizeof name, "%c%" PRId64, step->keys, number / (int64_t) STEPS * 7919 % KEYS);
    zgrid_bytes_t key = zgrid_str (name), value = { filler, sizeof filler };
    if (step->value && *step->value)
        value = zgrid_str (step->value);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    if (strcmp (step->op, "CAS") == 0)
        options.if_equal = &value;
    if (strcmp (step->op, "TRYLOCK") == 0)
        options.ttl_ms = 1;
    return zgrid_client_call_future (client, step->op, "bench", &key, step->value ? &value : NULL, &options);
}

//  Whatever an operation may answer where keys come and go.
static void
s_take (zgrid_future_t **future)
{
    zgrid_future_wait (*future, 0);
    int status = zgrid_future_entry (*future)->status;
    if (status != ZGRID_OK && status != ZGRID_NOTFOUND && status != ZGRID_MISMATCH && status != ZGRID_LOCKED
        && status != ZGRID_NOSUCHLOCK)
        s_fail ("an operation", zgrid_status_text (status));
    zgrid_future_destroy (future);
}

static void
s_mix (const bench_t *self, int64_t number)
{
    static zgrid_future_t *flying[WINDOW];
    zgrid_client_t *client = s_connect (self);
    double begin = s_now ();
    for (int64_t at = 0; at < number; at++) {
        zgrid_future_t **place = &flying[at % WINDOW];
        if (*place)
            s_take (place);
        if (!(*place = s_step (client, at)))
            s_fail ("a future", "out of memory");
    }
    for (size_t at = 0; at < WINDOW; at++)
        if (flying[at])
            s_take (&flying[at]);
    double took = s_now () - begin;
    zgrid_client_destroy (&client);
    printf ("{\"mode\":\"mix\",\"operations\":%zu,\"per_second\":%.0f}\n", STEPS, (double) number / took);
}

int
main (int argc, char **argv)
{
    bench_t self = { .endpoint = NULL };
    long clients = 8, number = 10000;
    const char *mode = argc > 1 ? argv[1] : "";
    int option;
    optind = 2;
    while (argc > 1 && (option = getopt (argc, argv, "s:c:n:")) != -1)
        switch (option) {
            case 's':
                self.endpoint = optarg;
                break;
            case 'c':
                clients = strtol (optarg, NULL, 10);
                break;
            case 'n':
                number = strtol (optarg, NULL, 10);
                break;
            default:
                return 2;
        }
    if (!self.endpoint || clients < 1 || clients > CLIENTS_MAX || number < 1)
        s_fail ("usage", "bench-operations hand-over|pairs|mix -s ENDPOINT [-c clients] [-n number]");
    self.shared = strcmp (mode, "hand-over") == 0;
    if (self.shared || strcmp (mode, "pairs") == 0)
        s_locks (&self, mode, (unsigned) clients, number);
    else if (strcmp (mode, "mix") == 0)
        s_mix (&self, number);
    else
        s_fail (mode, "no such mode");
    return 0;
}

//  histories_load: the clients. Each thread has a handle of its own and does one operation at a time.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "system/histories.h"

#define SLOW_NS 4000000000 // What takes longer is told
#define VALUES 1000000     // Values are below it; what INCR makes of them fits anyway

uint64_t
now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

//  SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
uint64_t
dice_below (uint64_t *state, uint64_t limit)
{
    uint64_t word = *state += 0x9e3779b97f4a7c15;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return (word ^ word >> 31) % limit;
}

void
key_name (const load_t *load, uint32_t key, char *text, size_t size)
{
    snprintf (text, size, "h%" PRIu64 "-%u", load->plan.seed, key);
}

void
counter_name (const load_t *load, uint32_t counter, char *text, size_t size)
{
    snprintf (text, size, "c%" PRIu64 "-%u", load->plan.seed, counter);
}

void
lock_name (const load_t *load, uint32_t number, char *text, size_t size)
{
    snprintf (text, size, "l%" PRIu64 "-%u", load->plan.seed, number);
}

void
worker_record (worker_t *self, const linear_event_t *event)
{
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 4096;
        self->events = realloc (self->events, self->room * sizeof *self->events);
        assert (self->events);
    }
    self->events[self->count++] = *event;
}

static void
s_count (worker_t *self, int status, uint64_t called, uint64_t returned)
{
    self->statuses[status >= 0 && status < STATUSES ? status : STATUSES - 1]++;
    if (returned - called > self->slowest_ns)
        self->slowest_ns = returned - called;
    uint64_t at = (returned - self->load->start_ns) / 1000000;
    if (status <= ZGRID_MISMATCH && at < SPAN_MS)
        atomic_store_explicit (&self->load->served[at], 1, memory_order_relaxed);
}

//  A value as a number; LINEAR_ABSENT where there is none. One that is no number is answered as -1,
//  which nobody stored.
static int64_t
s_number (const zgrid_entry_t *entry)
{
    if (!entry->has_value)
        return LINEAR_ABSENT;
    char text[32] = "";
    char *end = text;
    if (entry->value.size == 0 || entry->value.size >= sizeof text)
        return -1;
    memcpy (text, entry->value.data, entry->value.size);
    long long number = strtoll (text, &end, 10);
    return *end ? -1 : number;
}

static int
s_perform (worker_t *self, linear_event_t *event, zgrid_entry_t *entry)
{
    char name[64], value[32], expected[32];
    key_name (self->load, event->key, name, sizeof name);
    snprintf (value, sizeof value, "%" PRId64, event->value);
    snprintf (expected, sizeof expected, "%" PRId64, event->expected);
    const char *map = self->load->plan.map;
    zgrid_bytes_t key = zgrid_str (name), old = zgrid_str (expected);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    switch (event->op) {
        case LINEAR_GET:
            return zgrid_client_get (self->client, map, key, NULL, entry);
        case LINEAR_PUT_NX:
            options.if_absent = true;
            return zgrid_client_put (self->client, map, key, zgrid_str (value), &options, entry);
        case LINEAR_PUT:
            return zgrid_client_put (self->client, map, key, zgrid_str (value), NULL, entry);
        case LINEAR_DEL:
            return zgrid_client_del (self->client, map, key, NULL, entry);
        case LINEAR_CAS:
            return zgrid_client_cas (self->client, map, key, event->expected == LINEAR_ABSENT ? NULL : &old,
                                     zgrid_str (value), NULL, entry);
        case LINEAR_INCR:
            return zgrid_client_incr (self->client, map, key, event->value, NULL, &event->result);
        default:
            break;
    }
    return ZGRID_BADOP;
}

//  For whoever looks for the reason.
static void
s_tell_slow (worker_t *self, const linear_event_t *event, int status)
{
    if (event->returned - event->called < SLOW_NS)
        return;
    static const char *const ops[] = { "GET", "PUT", "PUT NX", "DEL", "CAS", "INCR" };
    char name[64];
    key_name (self->load, event->key, name, sizeof name);
    fprintf (stderr, "histories: client %u: %s %s took from %.1f to %.1f s: %s: %s\n", self->index,
             ops[event->op], name, (double) (event->called - self->load->start_ns) / 1e9,
             (double) (event->returned - self->load->start_ns) / 1e9, zgrid_status_name (status),
             status <= ZGRID_MISMATCH ? "" : zgrid_client_error (self->client));
}

bool
worker_did_nothing (int status)
{
    return status == ZGRID_TIMEOUT || status == ZGRID_UNAVAILABLE || status == ZGRID_BUSY
           || status == ZGRID_TRYAGAIN || status == ZGRID_NOMEM || status == ZGRID_MOVED;
}

static bool
s_answered (linear_event_t *event, int status)
{
    switch (status) {
        case ZGRID_OK:
            event->status = LINEAR_OK;
            return true;
        case ZGRID_NOTFOUND:
            event->status = LINEAR_NOTFOUND;
            return true;
        case ZGRID_MISMATCH:
            event->status = LINEAR_MISMATCH;
            return true;
        case ZGRID_EXISTS:
            event->status = LINEAR_EXISTS;
            return true;
        default:
            return false;
    }
}

//  One operation on a key, and its place in the history. *seen is the value last seen there.
static void
s_key_step (worker_t *self, uint32_t key, linear_op_t op, int64_t *seen)
{
    uint64_t *dice = &self->dice;
    linear_event_t event = { .key = key, .client = self->identity, .op = op };
    event.value = op == LINEAR_INCR ? 1 + (int64_t) dice_below (dice, 9)
                                    : (int64_t) dice_below (dice, VALUES);
    event.expected = *seen;
    zgrid_entry_t entry = { 0 };
    event.called = now_ns ();
    int status = s_perform (self, &event, &entry);
    event.returned = now_ns ();
    s_tell_slow (self, &event, status);
    s_count (self, status, event.called, event.returned);
    if (worker_did_nothing (status))
        return;
    if (!s_answered (&event, status)) {
        if (op == LINEAR_GET)
            return;
        //  Nobody knows whether it happens, or when
        event.returned = LINEAR_NEVER;
        self->identity += CLIENTS_MAX;
    } else if (op == LINEAR_GET || (op == LINEAR_CAS && status == ZGRID_MISMATCH))
        *seen = event.result = s_number (&entry);
    else if (op == LINEAR_INCR)
        *seen = event.result;
    else
        *seen = op == LINEAR_DEL ? LINEAR_ABSENT : op == LINEAR_PUT_NX && status ? *seen : event.value;
    worker_record (self, &event);
}

static void
s_counter_step (worker_t *self, uint32_t index)
{
    char name[64];
    counter_t *counter = &self->counters[index];
    int64_t result = 0;
    counter_name (self->load, index, name, sizeof name);
    uint64_t called = now_ns ();
    int status = zgrid_client_incr (self->client, self->load->plan.map, zgrid_str (name), 1, NULL, &result);
    s_count (self, status, called, now_ns ());
    if (status == ZGRID_OK) {
        if (counter->count == counter->room) {
            counter->room = counter->room ? counter->room * 2 : 1024;
            counter->results = realloc (counter->results, counter->room * sizeof *counter->results);
            assert (counter->results);
        }
        counter->results[counter->count++] = result;
        counter->acked++;
    } else if (!worker_did_nothing (status))
        counter->doubtful++;
}

static void
s_step (worker_t *self, int64_t *seen, uint32_t *turn)
{
    const plan_t *plan = &self->load->plan;
    uint32_t now = (uint32_t) ((now_ns () - self->load->start_ns) / 1000000 / plan->turn_ms);
    if (now != *turn) {
        for (uint32_t at = 0; at < plan->keys; at++)
            seen[at] = LINEAR_ABSENT;
        *turn = now;
    }
    uint32_t key = (uint32_t) dice_below (&self->dice, plan->keys);
    uint64_t roll = dice_below (&self->dice, 100);
    if (roll < 12 && plan->counters)
        s_counter_step (self, (uint32_t) dice_below (&self->dice, plan->counters));
    else if (roll < 18 && now) {
        //  A key of earlier: nothing may have happened to it
        int64_t unseen = LINEAR_ABSENT;
        s_key_step (self, (uint32_t) dice_below (&self->dice, now) * plan->keys + key, LINEAR_GET, &unseen);
    } else {
        static const linear_op_t ops[] = { LINEAR_GET, LINEAR_GET,  LINEAR_GET, LINEAR_PUT,   LINEAR_PUT,
                                           LINEAR_CAS, LINEAR_INCR, LINEAR_DEL, LINEAR_PUT_NX };
        linear_op_t op = ops[dice_below (&self->dice, sizeof ops / sizeof ops[0])];
        s_key_step (self, now * plan->keys + key, op, &seen[key]);
    }
}

static void *
s_work (void *arg)
{
    worker_t *self = arg;
    const plan_t *plan = &self->load->plan;
    struct pollfd stop = { self->load->stop_fd, POLLIN, 0 };
    uint32_t turn = UINT32_MAX;
    int64_t *seen = calloc (plan->keys, sizeof *seen);
    assert (seen);
    do {
        s_step (self, seen, &turn);
    } while (poll (&stop, 1, (int) dice_below (&self->dice, plan->think_ms + 1)) == 0);
    free (seen);
    return NULL;
}

static bool
s_open (load_t *self, worker_t *worker, uint32_t index)
{
    worker->load = self;
    worker->index = worker->identity = index;
    worker->dice = self->plan.seed * 1000 + index;
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = self->plan.endpoints;
    options.timeout_ms = self->plan.timeout_ms;
    options.indirect = self->plan.indirect;
    int status = zgrid_client_new (&worker->client, &options);
    if (status != ZGRID_OK)
        fprintf (stderr, "histories: no client of %s: %s\n", options.endpoints, zgrid_status_text (status));
    return status == ZGRID_OK;
}

bool
load_open (load_t *self)
{
    self->served = calloc (SPAN_MS, 1);
    assert (self->served);
    bool good = true;
    for (uint32_t at = 0; at < self->plan.clients && good; at++)
        good = s_open (self, &self->workers[at], at);
    for (uint32_t at = 0; at < self->plan.lockers && good; at++)
        good = s_open (self, &self->lockers[at], CLIENTS_MAX + at);
    return good;
}

void
load_start (load_t *self)
{
    self->start_ns = now_ns ();
    for (uint32_t at = 0; at < self->plan.clients; at++) {
        int rc = pthread_create (&self->workers[at].thread, NULL, s_work, &self->workers[at]);
        assert (rc == 0);
    }
    lockers_start (self);
}

void
load_join (load_t *self)
{
    for (uint32_t at = 0; at < self->plan.clients; at++)
        pthread_join (self->workers[at].thread, NULL);
    for (uint32_t at = 0; at < self->plan.lockers; at++)
        pthread_join (self->lockers[at].thread, NULL);
}

static void
s_close (worker_t *worker)
{
    zgrid_client_destroy (&worker->client);
    free (worker->events);
    free (worker->fenced);
    for (uint32_t index = 0; index < COUNTERS_MAX; index++)
        free (worker->counters[index].results);
}

void
load_close (load_t *self)
{
    for (uint32_t at = 0; at < self->plan.clients; at++)
        s_close (&self->workers[at]);
    for (uint32_t at = 0; at < self->plan.lockers; at++)
        s_close (&self->lockers[at]);
    free (self->served);
}

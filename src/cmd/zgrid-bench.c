//  zgrid-bench: how fast does a zgrid server, or a node in this process, answer?
//  SPDX-License-Identifier: MPL-2.0
//
//  This file makes the clients, starts a thread for each worker and adds up what they counted. What
//  a worker does is in zgrid-bench-worker.c and zgrid-bench-future.c.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zgrid.h>

#include "zgrid-bench-plan.h"
#include "zgrid-bench-report.h"
#include "zgrid-bench-worker.h"

enum { EXIT_DONE = 0, EXIT_RESOURCES = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3, EXIT_PARTLY = 6 };

typedef struct {
    plan_t plan;
    zgrid_node_t *node;       // --embedded only
    zgrid_client_t **clients; // As many as connections
    worker_t *workers;        // As many as threads
    pthread_t *threads;
    pthread_barrier_t gate; // Nobody begins before everybody is there
    char *values;
    result_t result;
} bench_t;

//  ----------------------------------------------------------------------------------------------
//  Making

static int
s_start_node (bench_t *self)
{
    self->node = zgrid_node_new ();
    if (!self->node)
        return EXIT_RESOURCES;
    int status = zgrid_node_set (self->node, "log.level", "error");
    for (size_t at = 0; status == ZGRID_OK && at < self->plan.setting_count; at++) {
        const char *setting = self->plan.settings[at];
        size_t size = strcspn (setting, "=");
        char name[128];
        snprintf (name, sizeof name, "%.*s", (int) size, setting);
        status = zgrid_node_set (self->node, name, setting + size + 1);
    }
    int code = status == ZGRID_OK ? EXIT_DONE : EXIT_USAGE;
    if (status == ZGRID_OK && (status = zgrid_node_start (self->node)) != ZGRID_OK)
        code = EXIT_UNREACHABLE;
    if (status != ZGRID_OK)
        fprintf (stderr, "zgrid-bench: %s: %s\n", zgrid_status_text (status), zgrid_node_error (self->node));
    return code;
}

static int
s_connect (bench_t *self, zgrid_client_t **client_p, uint64_t batch)
{
    const plan_t *plan = &self->plan;
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = plan->server;
    options.timeout_ms = (uint32_t) plan->timeout_ms;
    options.batch_records = (uint32_t) batch;
    options.batch_bytes = batch > 1 ? 1u << 20 : 0; // --batch says how much goes into a message
    options.indirect = plan->indirect;
    int status = plan->embedded ? zgrid_node_client (self->node, client_p)
                                : zgrid_client_new (client_p, &options);
    if (status == ZGRID_OK)
        return EXIT_DONE;
    fprintf (stderr, "zgrid-bench: %s: %s\n", plan->embedded ? "embedded node" : plan->server,
             zgrid_status_text (status));
    return status == ZGRID_TIMEOUT || status == ZGRID_UNAVAILABLE ? EXIT_UNREACHABLE
           : status == ZGRID_MALFORMED                            ? EXIT_USAGE
                                                                  : EXIT_RESOURCES;
}

//  Each worker's share of connections, operations and rate.
static void
s_share (bench_t *self)
{
    const plan_t *plan = &self->plan;
    size_t first = 0;
    for (uint64_t at = 0; at < plan->threads; at++) {
        worker_t *worker = &self->workers[at];
        worker->plan = plan;
        worker->clients = self->clients + first;
        worker->client_count = plan->connections / plan->threads + (at < plan->connections % plan->threads);
        first += worker->client_count;
        worker->values = self->values;
        worker->rate = plan->rate / (double) plan->threads;
        worker->budget = plan->requests / plan->threads + (at < plan->requests % plan->threads);
        if (!plan->requests_given)
            worker->budget = UINT64_MAX;
        keys_init (&worker->keys, plan->distribution, plan->keys, plan->theta, plan->seed * 1000003 + at);
        worker->keys.next = plan->keys / plan->threads * at;
        for (int kind = 0; kind < OPERATION_LIMIT; kind++)
            histogram_init (&worker->tally.latency[kind], LATENCY_BITS, LATENCY_TOP,
                            worker->tally.buckets[kind]);
    }
}

static int
s_make (bench_t *self)
{
    const plan_t *plan = &self->plan;
    self->clients = calloc (plan->connections, sizeof *self->clients);
    self->workers = calloc (plan->threads, sizeof *self->workers);
    self->threads = calloc (plan->threads, sizeof *self->threads);
    size_t bytes = VALUE_STARTS + (size_t) plan->value_size;
    self->values = malloc (bytes);
    if (!self->clients || !self->workers || !self->threads || !self->values) {
        fputs ("zgrid-bench: no memory\n", stderr);
        return EXIT_RESOURCES;
    }
    keys_t random;
    keys_init (&random, KEYS_UNIFORM, 1, 0, plan->seed);
    for (size_t at = 0; at < bytes; at++)
        self->values[at] = (char) keys_random (&random);
    int code = plan->embedded ? s_start_node (self) : EXIT_DONE;
    for (uint64_t at = 0; code == EXIT_DONE && at < plan->connections; at++)
        code = s_connect (self, &self->clients[at], plan->batch);
    if (code == EXIT_DONE)
        s_share (self);
    return code;
}

static void
s_end (bench_t *self)
{
    for (uint64_t at = 0; self->clients && at < self->plan.connections; at++)
        zgrid_client_destroy (&self->clients[at]);
    zgrid_node_destroy (&self->node);
    free (self->clients);
    free (self->workers);
    free (self->threads);
    free (self->values);
}

//  ----------------------------------------------------------------------------------------------
//  Running

static int
s_load (bench_t *self)
{
    zgrid_client_t *client = NULL;
    int code = s_connect (self, &client, 256);
    if (code != EXIT_DONE)
        return code;
    uint64_t began = worker_now_ns ();
    int status = worker_load (&self->workers[0], client);
    self->result.load_seconds = (double) (worker_now_ns () - began) / 1e9;
    if (status != ZGRID_OK) {
        fprintf (stderr, "zgrid-bench: storing the keys: %s\n", zgrid_status_text (status));
        code = EXIT_PARTLY;
    }
    zgrid_client_destroy (&client);
    return code;
}

typedef struct {
    bench_t *bench;
    worker_t *worker;
} task_t;

static void *
s_thread (void *arg)
{
    task_t *task = arg;
    worker_t *worker = task->worker;
    pthread_barrier_wait (&task->bench->gate);
    worker->begin_ns = worker_now_ns ();
    //  An open loop's last operation is due before the time is over, with --requests too
    worker->end_ns = UINT64_MAX / 2;
    if (!worker->plan->requests_given)
        worker->end_ns = worker->begin_ns + (uint64_t) (worker->plan->seconds * 1e9);
    if (worker->plan->form == FORM_BLOCKING)
        worker_run_blocking (worker);
    else if (worker->plan->form == FORM_PIPELINE)
        worker_run_pipeline (worker);
    else
        worker_run_future (worker);
    return NULL;
}

//  Runs all workers and waits for them. False if a thread could not be started.
static bool
s_run (bench_t *self)
{
    uint64_t count = self->plan.threads, started = 1;
    task_t *tasks = calloc (count, sizeof *tasks);
    if (!tasks || pthread_barrier_init (&self->gate, NULL, (unsigned) count) != 0) {
        free (tasks);
        return false;
    }
    for (uint64_t at = 0; at < count; at++)
        tasks[at] = (task_t) { self, &self->workers[at] };
    while (started < count && pthread_create (&self->threads[started], NULL, s_thread, &tasks[started]) == 0)
        started++;
    if (started < count) {
        fputs ("zgrid-bench: no more threads\n", stderr);
        exit (EXIT_RESOURCES); // The others wait at the gate, and nothing has begun
    }
    uint64_t began = worker_now_ns ();
    s_thread (&tasks[0]);
    for (uint64_t at = 1; at < count; at++)
        pthread_join (self->threads[at], NULL);
    self->result.seconds = (double) (worker_now_ns () - began) / 1e9;
    pthread_barrier_destroy (&self->gate);
    free (tasks);
    return true;
}

static int
s_add_up (bench_t *self)
{
    int code = EXIT_DONE;
    tally_t *total = &self->result.tally;
    for (uint64_t at = 0; at < self->plan.threads; at++) {
        const worker_t *worker = &self->workers[at];
        for (int kind = 0; kind < OPERATION_LIMIT; kind++)
            histogram_merge (&total->latency[kind], &worker->tally.latency[kind]);
        total->operations += worker->tally.operations;
        total->records += worker->tally.records;
        total->missed += worker->tally.missed;
        for (int status = 0; status <= ZGRID_STATUS_LIMIT; status++)
            total->statuses[status] += worker->tally.statuses[status];
        if (worker->error) {
            fprintf (stderr, "zgrid-bench: %s\n", worker->error);
            code = EXIT_RESOURCES;
        }
    }
    return code;
}

int
main (int argc, char **argv)
{
    static bench_t self; // Histograms are large
    int code = plan_parse (&self.plan, argc, argv);
    if (code >= 0)
        return code;
    for (int kind = 0; kind < OPERATION_LIMIT; kind++)
        histogram_init (&self.result.tally.latency[kind], LATENCY_BITS, LATENCY_TOP,
                        self.result.tally.buckets[kind]);
    code = s_make (&self);
    if (code == EXIT_DONE && self.plan.load)
        code = s_load (&self);
    bool more = !self.plan.requests_given || self.plan.requests > 0;
    if (code == EXIT_DONE && more)
        code = s_run (&self) ? s_add_up (&self) : EXIT_RESOURCES;
    if (code == EXIT_DONE) {
        report_print (&self.plan, &self.result);
        if (report_failures (&self.result) > 0)
            code = EXIT_PARTLY;
    }
    s_end (&self);
    return code;
}

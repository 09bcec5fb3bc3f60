//  worker: what all drivers have in common, and the two simple ones: blocking calls and pipelines.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-bench-worker.h"

#include <stdlib.h>
#include <time.h>

#define LOAD_RECORDS 4096 // In flight while every key is stored

uint64_t
worker_now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

bool
worker_may_begin (worker_t *self, uint64_t now_ns)
{
    if (self->budget == 0 || now_ns >= self->end_ns)
        return false;
    self->budget--;
    return true;
}

//  ----------------------------------------------------------------------------------------------
//  Drawing

static operation_t
s_draw_kind (worker_t *self)
{
    const plan_t *plan = self->plan;
    uint64_t point = keys_random (&self->keys) % plan->mix_total;
    for (unsigned kind = 0; kind < OPERATION_LIMIT; kind++) {
        if (point < plan->mix[kind])
            return (operation_t) kind;
        point -= plan->mix[kind];
    }
    return OPERATION_get; // Not reached: the weights add up to mix_total
}

void
worker_draw_key (worker_t *self, step_t *step)
{
    //  Counters have names of their own: INCR of a value that is no number is an error
    char letter = step->kind == OPERATION_incr ? 'n' : 'k';
    size_t size = (size_t) self->plan->key_size;
    keys_name (letter, keys_next (&self->keys), step->name, size);
    step->key = (zgrid_bytes_t) { step->name, size };
}

void
worker_draw (worker_t *self, step_t *step)
{
    step->kind = s_draw_kind (self);
    step->count = step->kind == OPERATION_mget ? self->plan->mget_keys : 1;
    worker_draw_key (self, step);
    const char *value = self->values + (keys_random (&self->keys) % VALUE_STARTS);
    step->value = (zgrid_bytes_t) { value, (size_t) self->plan->value_size };
}

const zgrid_options_t *
worker_put_options (const worker_t *self)
{
    static _Thread_local zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.ttl_ms = self->plan->ttl_ms;
    return options.ttl_ms ? &options : NULL;
}

//  ----------------------------------------------------------------------------------------------
//  Counting

void
worker_count_status (worker_t *self, int status)
{
    bool known = status >= 0 && status < ZGRID_STATUS_LIMIT;
    self->tally.statuses[known ? status : ZGRID_STATUS_LIMIT]++;
}

void
worker_count (worker_t *self, operation_t kind, uint64_t spent_ns, uint64_t records)
{
    histogram_add (&self->tally.latency[kind], spent_ns);
    self->tally.operations++;
    self->tally.records += records;
}

//  ----------------------------------------------------------------------------------------------
//  Blocking: one call after the other

//  The keys of one mget and room for their names and answers.
typedef struct {
    char *names;
    zgrid_bytes_t *keys;
    zgrid_entry_t *entries;
} group_t;

static bool
s_group_init (group_t *self, const plan_t *plan)
{
    self->names = malloc (plan->mget_keys * plan->key_size);
    self->keys = calloc (plan->mget_keys, sizeof *self->keys);
    self->entries = calloc (plan->mget_keys, sizeof *self->entries);
    return self->names && self->keys && self->entries;
}

static void
s_group_end (group_t *self)
{
    free (self->names);
    free (self->keys);
    free (self->entries);
}

static void
s_blocking_mget (worker_t *self, zgrid_client_t *client, step_t *step, group_t *group)
{
    for (uint64_t at = 0; at < step->count; at++) {
        step_t one = *step;
        one.name = group->names + at * self->plan->key_size;
        worker_draw_key (self, &one);
        group->keys[at] = one.key;
    }
    uint64_t began = worker_now_ns ();
    zgrid_client_mget (client, self->plan->map, group->keys, step->count, group->entries);
    worker_count (self, step->kind, worker_now_ns () - began, step->count);
    for (uint64_t at = 0; at < step->count; at++)
        worker_count_status (self, group->entries[at].status);
}

static void
s_blocking_step (worker_t *self, zgrid_client_t *client, const step_t *step)
{
    const char *map = self->plan->map;
    zgrid_entry_t entry;
    int status = ZGRID_BADOP;
    uint64_t began = worker_now_ns ();
    if (step->kind == OPERATION_get)
        status = zgrid_client_get (client, map, step->key, NULL, &entry);
    else if (step->kind == OPERATION_put)
        status = zgrid_client_put (client, map, step->key, step->value, worker_put_options (self), &entry);
    else if (step->kind == OPERATION_incr)
        status = zgrid_client_incr (client, map, step->key, 1, NULL, NULL);
    else if (step->kind == OPERATION_del)
        status = zgrid_client_del (client, map, step->key, NULL, &entry);
    worker_count (self, step->kind, worker_now_ns () - began, 1);
    worker_count_status (self, status);
}

void
worker_run_blocking (worker_t *self)
{
    step_t step = { .name = malloc (self->plan->key_size) };
    group_t group = { NULL, NULL, NULL };
    if (s_group_init (&group, self->plan) && step.name) {
        while (worker_may_begin (self, worker_now_ns ())) {
            worker_draw (self, &step);
            if (step.kind == OPERATION_mget)
                s_blocking_mget (self, self->clients[0], &step, &group);
            else
                s_blocking_step (self, self->clients[0], &step);
        }
    } else
        self->error = "no memory";
    s_group_end (&group);
    free (step.name);
}

//  ----------------------------------------------------------------------------------------------
//  Pipeline: window operations at a time, every one of which takes as long as all of them

static int
s_pipeline_add (worker_t *self, zgrid_pipeline_t *pipeline, step_t *step)
{
    const char *map = self->plan->map;
    if (step->kind == OPERATION_put)
        return zgrid_pipeline_put (pipeline, map, step->key, step->value, worker_put_options (self));
    if (step->kind == OPERATION_incr)
        return zgrid_pipeline_incr (pipeline, map, step->key, 1, NULL);
    if (step->kind == OPERATION_del)
        return zgrid_pipeline_del (pipeline, map, step->key, NULL);
    int index = zgrid_pipeline_get (pipeline, map, step->key, NULL);
    for (uint64_t at = 1; at < step->count && index >= 0; at++) {
        worker_draw_key (self, step);
        index = zgrid_pipeline_get (pipeline, map, step->key, NULL);
    }
    return index;
}

//  One filling. False if there was nothing more to do, or no memory.
static bool
s_pipeline_turn (worker_t *self, zgrid_pipeline_t *pipeline, step_t *step)
{
    uint64_t kinds[OPERATION_LIMIT] = { 0 };
    uint64_t operations = 0, began = worker_now_ns ();
    for (; operations < self->plan->window && worker_may_begin (self, began); operations++) {
        worker_draw (self, step);
        kinds[step->kind]++;
        if (s_pipeline_add (self, pipeline, step) < 0) {
            self->error = "no memory";
            return false;
        }
    }
    if (operations == 0)
        return false;
    zgrid_pipeline_execute (pipeline, 0);
    uint64_t spent = worker_now_ns () - began;
    for (unsigned kind = 0; kind < OPERATION_LIMIT; kind++)
        histogram_add_many (&self->tally.latency[kind], spent, kinds[kind]);
    size_t records = zgrid_pipeline_count (pipeline);
    for (size_t at = 0; at < records; at++)
        worker_count_status (self, zgrid_pipeline_entry (pipeline, at)->status);
    self->tally.operations += operations;
    self->tally.records += records;
    zgrid_pipeline_reset (pipeline);
    return true;
}

void
worker_run_pipeline (worker_t *self)
{
    step_t step = { .name = malloc (self->plan->key_size) };
    zgrid_pipeline_t **pipelines = calloc (self->client_count, sizeof *pipelines);
    bool made = step.name && pipelines;
    for (size_t at = 0; made && at < self->client_count; at++)
        made = (pipelines[at] = zgrid_pipeline_new (self->clients[at])) != NULL;
    if (!made)
        self->error = "no memory";
    for (size_t at = 0; made && s_pipeline_turn (self, pipelines[at], &step);)
        at = at + 1 < self->client_count ? at + 1 : 0;
    for (size_t at = 0; pipelines && at < self->client_count; at++)
        zgrid_pipeline_destroy (&pipelines[at]);
    free (pipelines);
    free (step.name);
}

//  ----------------------------------------------------------------------------------------------

//  Stores the keys from first on, at most count. Returns a status.
static int
s_load_some (worker_t *self, zgrid_pipeline_t *pipeline, step_t *step, uint64_t first, uint64_t count)
{
    for (uint64_t at = 0; at < count; at++) {
        keys_name ('k', first + at, step->name, (size_t) self->plan->key_size);
        step->key = (zgrid_bytes_t) { step->name, (size_t) self->plan->key_size };
        const char *value = self->values + (first + at) % VALUE_STARTS;
        step->value = (zgrid_bytes_t) { value, (size_t) self->plan->value_size };
        if (s_pipeline_add (self, pipeline, step) < 0)
            return ZGRID_NOMEM;
    }
    int status = zgrid_pipeline_execute (pipeline, 0);
    for (size_t at = 0; status != ZGRID_OK && at < count; at++) {
        if (zgrid_pipeline_entry (pipeline, at)->status != ZGRID_OK)
            return zgrid_pipeline_entry (pipeline, at)->status;
    }
    zgrid_pipeline_reset (pipeline);
    return status;
}

int
worker_load (worker_t *self, zgrid_client_t *client)
{
    step_t step = { .kind = OPERATION_put, .name = malloc (self->plan->key_size) };
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (client);
    int status = step.name && pipeline ? ZGRID_OK : ZGRID_NOMEM;
    //  Large values: fewer at a time
    uint64_t records = 1 + (LOAD_RECORDS - 1) / (1 + self->plan->value_size / 1024);
    for (uint64_t first = 0; status == ZGRID_OK && first < self->plan->keys; first += records) {
        uint64_t left = self->plan->keys - first;
        status = s_load_some (self, pipeline, &step, first, left < records ? left : records);
    }
    zgrid_pipeline_destroy (&pipeline);
    free (step.name);
    return status;
}

//  pipeline: records of any kind that are added one by one, sent together, and read by index.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"

#define S_ROOM_FIRST 64 // Records

struct zgrid_pipeline {
    zgrid_client_t *client;
    batch_t batch;
    kept_t kept;
    bool executed; // Until the next reset
};

zgrid_pipeline_t *
zgrid_pipeline_new (zgrid_client_t *client)
{
    zgrid_pipeline_t *self = mem_alloc_zero (1, sizeof *self);
    if (self) {
        self->client = client;
        self->batch.with_entries = true;
        self->batch.kept = &self->kept;
    }
    return self;
}

void
zgrid_pipeline_destroy (zgrid_pipeline_t **self_p)
{
    zgrid_pipeline_t *self = *self_p;
    if (self) {
        kept_clear (&self->kept);
        batch_clear (&self->batch);
        mem_free (self);
        *self_p = NULL;
    }
}

static int
s_add (zgrid_pipeline_t *self, record_t record, const zgrid_options_t *given)
{
    batch_t *batch = &self->batch;
    size_t index = batch->count;
    if (self->executed)
        return -1;
    if (index == batch->room && !batch_reserve (batch, index ? index + 1 : S_ROOM_FIRST))
        return -1;
    options_t options;
    int status = ZGRID_OK;
    //  Most records have none, and decoding nothing takes time as well
    if (given || self->client->timeout_ms != CLIENT_TIMEOUT_MS || record.op == OP_LOCK) {
        uint32_t timeout_ms; // The pipeline has one for all
        status = request_options (self->client, given, &options, &timeout_ms);
        request_wait (self->client, record.op, &options, &timeout_ms);
        record.options = &options;
    }
    if (record.op == OP_NONE)
        status = ZGRID_BADOP;
    item_t *item = status == ZGRID_OK ? batch_add (batch, self->client, index, &record)
                                      : batch_refuse (batch, index, status);
    return item ? (int) index : -1;
}

int
zgrid_pipeline_get (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key,
                    const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    return s_add (self, (record_t) { OP_GET, bytes_str (map), &named, NULL, NULL }, options);
}

int
zgrid_pipeline_put (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                    const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    value_t stored = value_bytes (request_bytes (value));
    return s_add (self, (record_t) { OP_PUT, bytes_str (map), &named, &stored, NULL }, options);
}

int
zgrid_pipeline_del (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key,
                    const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    return s_add (self, (record_t) { OP_DEL, bytes_str (map), &named, NULL, NULL }, options);
}

int
zgrid_pipeline_incr (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key, int64_t delta,
                     const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    value_t added = value_int (delta);
    return s_add (self, (record_t) { OP_INCR, bytes_str (map), &named, &added, NULL }, options);
}

int
zgrid_pipeline_call (zgrid_pipeline_t *self, const char *op, const char *map, const zgrid_bytes_t *key,
                     const zgrid_bytes_t *value, const zgrid_options_t *options)
{
    bytes_t named = key ? request_bytes (*key) : bytes_of (NULL, 0);
    value_t given = value ? value_bytes (request_bytes (*value)) : value_nil ();
    record_t record = { op_find (bytes_str (op)), bytes_str (map), key ? &named : NULL, &given, NULL };
    return s_add (self, record, options);
}

int
zgrid_pipeline_execute (zgrid_pipeline_t *self, uint32_t timeout_ms)
{
    zgrid_client_t *client = self->client;
    bytes_t none = { NULL, 0 };
    if (self->executed)
        return client_fail (client, ZGRID_MALFORMED, "pipeline", none, "executed already; reset it first");
    if (client_enter (client) != ZGRID_OK)
        return client_fail (client, ZGRID_MALFORMED, "pipeline", none, "called from a future's function");
    client_forget (client);
    self->executed = true;
    int status = batch_run (&self->batch, client, timeout_ms ? timeout_ms : client->timeout_ms);
    if (status != ZGRID_OK) {
        char why[64];
        snprintf (why, sizeof why, "%zu of %zu records failed", self->batch.failed, self->batch.count);
        client_fail (client, status, "pipeline", none, why);
    }
    return status;
}

size_t
zgrid_pipeline_count (const zgrid_pipeline_t *self)
{
    return self->batch.count;
}

const zgrid_entry_t *
zgrid_pipeline_entry (const zgrid_pipeline_t *self, size_t index)
{
    static const zgrid_entry_t s_none = { .status = ZGRID_MALFORMED, .ttl_ms = -2 };
    static const zgrid_entry_t s_early = { .status = ZGRID_TRYAGAIN, .ttl_ms = -2 };
    if (index >= self->batch.count)
        return &s_none;
    return self->executed ? &self->batch.entries[index] : &s_early;
}

void
zgrid_pipeline_reset (zgrid_pipeline_t *self)
{
    kept_release (&self->kept);
    batch_reset (&self->batch);
    self->executed = false;
}

//  zgrid-dump: a map's entries as lines that load reads. Keys come from an iterator; values and TTLs
//  are then asked for by pipeline, since a page of a scan has no TTLs.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zgrid-progress.h"
#include "zgrid-tool.h"

#define BATCH_RECORDS 512
#define TRIES 3 // Of one step of the iteration

typedef struct {
    tool_t *tool;
    zgrid_iterator_t *iterator;
    zgrid_pipeline_t *pipeline;
    zgrid_bytes_t keys[BATCH_RECORDS]; // Own copies
    size_t count;
    uint64_t dumped, failed;
    int first_status; // Of the first failure
    progress_t progress;
} dump_t;

static void
s_fail (dump_t *self, int status, const char *detail)
{
    if (self->failed++ == 0) {
        self->first_status = status;
        tool_fail (self->tool, status, detail);
    }
}

//  Keeps a key for the next batch. False without memory.
static bool
s_keep (dump_t *self, zgrid_bytes_t key)
{
    char *copy = malloc (key.size + 1);
    if (!copy)
        return false;
    if (key.size)
        memcpy (copy, key.data, key.size);
    self->keys[self->count++] = (zgrid_bytes_t) { copy, key.size };
    return true;
}

static bool
s_print (dump_t *self, zgrid_bytes_t key, const zgrid_entry_t *entry)
{
    json_t *object = json_object ();
    bool good = object && json_set_bytes (object, "key", key)
                && json_set_bytes (object, "value", entry->value)
                && (entry->ttl_ms < 0
                    || json_object_set_new (object, "ttl_ms", json_integer (entry->ttl_ms)) == 0);
    if (good)
        return tool_print_json (object) == EXIT_DONE;
    json_decref (object);
    s_fail (self, ZGRID_NOMEM, NULL);
    return true;
}

//  Asks for the entries of the keys kept, and prints those that are still there. False if stdout is
//  broken.
static bool
s_batch (dump_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.want_ttl = true;
    bool good = true;
    for (size_t at = 0; at < self->count; at++)
        if (zgrid_pipeline_get (self->pipeline, self->tool->map, self->keys[at], &options) != (int) at) {
            s_fail (self, ZGRID_NOMEM, NULL);
            good = false;
            break;
        }
    size_t count = zgrid_pipeline_count (self->pipeline);
    if (count)
        (void) zgrid_pipeline_execute (self->pipeline, 0); // Each record has its own status
    for (size_t at = 0; at < count && good; at++) {
        const zgrid_entry_t *entry = zgrid_pipeline_entry (self->pipeline, at);
        if (entry->status == ZGRID_OK) {
            good = s_print (self, self->keys[at], entry);
            self->dumped++;
        } else if (entry->status != ZGRID_NOTFOUND) // Removed since the scan
            s_fail (self, entry->status, entry->error);
    }
    zgrid_pipeline_reset (self->pipeline);
    for (size_t at = 0; at < self->count; at++)
        free ((char *) (uintptr_t) self->keys[at].data);
    self->count = 0;
    progress_show (&self->progress, self->dumped, 0);
    return good;
}

static void
s_dump (dump_t *self)
{
    int tries = 0;
    for (bool good = true; good;) {
        zgrid_bytes_t key, value;
        int status = zgrid_iterator_next (self->iterator, &key, &value);
        if (status == ZGRID_NOTFOUND)
            break;
        if (status != ZGRID_OK) {
            if (++tries < TRIES)
                continue;
            s_fail (self, status, zgrid_client_error (self->tool->client));
            break;
        }
        tries = 0;
        good = s_keep (self, key);
        if (!good)
            s_fail (self, ZGRID_NOMEM, NULL);
        else if (self->count == BATCH_RECORDS)
            good = s_batch (self);
    }
    s_batch (self);
}

int
command_dump (tool_t *tool)
{
    dump_t *self = calloc (1, sizeof *self);
    if (!self)
        return tool_fail (tool, ZGRID_NOMEM, NULL);
    self->tool = tool;
    self->iterator = zgrid_iterator_new (tool->client, tool->map, NULL, false, BATCH_RECORDS);
    self->pipeline = zgrid_pipeline_new (tool->client);
    progress_begin (&self->progress, "dumped", 0, tool->json);
    int code = EXIT_DONE;
    if (self->iterator && self->pipeline) {
        s_dump (self);
        progress_end (&self->progress);
        if (self->failed)
            code = self->dumped ? EXIT_PARTLY : tool_exit_code (self->first_status);
    } else
        code = tool_fail (tool, ZGRID_NOMEM, NULL);
    zgrid_pipeline_destroy (&self->pipeline);
    zgrid_iterator_destroy (&self->iterator);
    free (self);
    return code;
}

//  fanout: operations on a whole map, one record for each partition, in parallel. Where the table is
//  not known the router does it.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

typedef struct {
    uint64_t sum;
    size_t failed;
    int first;  // Status of the first partition that failed
    bool mixed; // Others failed otherwise
    const char *error;
} s_total_t;

static void
s_add_up (s_total_t *total, const zgrid_entry_t *entries, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const zgrid_entry_t *entry = &entries[at];
        if (entry->status == ZGRID_OK) {
            total->sum += (uint64_t) entry->integer;
            continue;
        }
        if (total->failed++ == 0) {
            total->first = entry->status;
            total->error = entry->error;
        } else if (total->first != entry->status)
            total->mixed = true;
    }
}

//  One record for each partition. Returns a status.
static int
s_fan (zgrid_client_t *self, op_t op, bytes_t map, s_total_t *total)
{
    batch_t *batch = &self->many;
    uint32_t partitions = self->routes.partitions, timeout_ms;
    options_t options;
    int status = request_options (self, NULL, &options, &timeout_ms);
    if (status != ZGRID_OK)
        return status;
    batch_reset (batch);
    buf_reset (&self->spare_entries);
    if (!buf_reserve (&self->spare_entries, partitions * sizeof (zgrid_entry_t))
        || !batch_reserve (batch, partitions))
        return ZGRID_NOMEM;
    batch->entries = (zgrid_entry_t *) (void *) self->spare_entries.data;
    options.given |= OPT_partition;
    for (uint32_t partition = 0; partition < partitions; partition++) {
        options.partition = partition;
        if (!batch_add (batch, self, partition, &(record_t) { op, map, NULL, NULL, &options }))
            return ZGRID_NOMEM;
    }
    batch_run (batch, self, timeout_ms);
    s_add_up (total, batch->entries, partitions);
    if (total->failed == 0)
        return ZGRID_OK;
    return total->failed < partitions || total->mixed ? ZGRID_PARTIAL : total->first;
}

static int
s_whole (zgrid_client_t *self, op_t op, const char *map, uint64_t *count)
{
    s_total_t total = { .sum = 0 };
    bytes_t name = bytes_str (map);
    int status;
    if (self->routes.partitions == 0) {
        zgrid_entry_t entry;
        status = call_run (self, (record_t) { op, name, NULL, NULL, NULL }, NULL, &entry);
        total.sum = (uint64_t) entry.integer;
    } else {
        status = client_enter (self);
        if (status == ZGRID_OK)
            status = s_fan (self, op, name, &total);
        if (status != ZGRID_OK)
            client_fail (self, status, op_info (op)->name, name, total.error);
        client_forget (self);
    }
    if (count)
        *count = total.sum;
    return status;
}

int
zgrid_client_size (zgrid_client_t *self, const char *map, uint64_t *count)
{
    return s_whole (self, OP_SIZE, map, count);
}

int
zgrid_client_destroy_map (zgrid_client_t *self, const char *map, uint64_t *count)
{
    return s_whole (self, OP_DESTROY, map, count);
}

//  many: one operation on many keys. Records are sent while the next are being encoded, in rounds
//  that bound the library's memory.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_ROUND 65536 // Records at a time
#define S_STRIDE 256  // Records between two looks at the sockets

typedef struct {
    op_t op;
    bytes_t map;
    const zgrid_bytes_t *keys;
    const zgrid_bytes_t *values; // NULL: none
    const options_t *options;    // NULL: none
    zgrid_entry_t *entries;      // NULL: nobody wants to see them
    bool sparse;                 // Only those whose entry says ZGRID_TRYAGAIN
    size_t removed;              // Records with status OK
    size_t failed;
    int first; // Status of the first that failed
    bool over; // The time was over
} s_many_t;

//  Encodes and starts one round.
static bool
s_start (zgrid_client_t *self, const s_many_t *many, size_t from, size_t count)
{
    batch_t *batch = &self->many;
    size_t started = 0;
    for (size_t at = 0; at < count; at++) {
        if (many->sparse && batch->entries[at].status != ZGRID_TRYAGAIN)
            continue;
        bytes_t key = request_bytes (many->keys[from + at]);
        value_t value = many->values ? value_bytes (request_bytes (many->values[from + at])) : value_nil ();
        record_t record = { many->op, many->map, &key, many->values ? &value : NULL, many->options };
        if (!batch_add (batch, self, at, &record)) {
            batch_start (batch, self, started);
            return false;
        }
        if (batch->count - started == S_STRIDE) {
            batch_start (batch, self, started);
            started = batch->count;
            wait_some (self);
        }
    }
    batch_start (batch, self, started);
    return true;
}

static void
s_fail_all (zgrid_entry_t *entries, size_t count, int status)
{
    for (size_t at = 0; at < count; at++)
        entries[at] = entry_of (status);
}

static bool
s_overdue (int status)
{
    return status == ZGRID_TIMEOUT || status == ZGRID_MAYBE || status == ZGRID_BUSY
           || status == ZGRID_UNAVAILABLE;
}

static void
s_tally (s_many_t *many, const zgrid_entry_t *entries, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        int status = entries[at].status;
        if (status == ZGRID_OK)
            many->removed++;
        else if (status != ZGRID_NOTFOUND) {
            if (many->failed++ == 0)
                many->first = status;
            many->over = many->over || s_overdue (status);
        }
    }
}

//  One round. A round in which the time was over is the last: the others fail at once.
static void
s_round (zgrid_client_t *self, s_many_t *many, size_t from, size_t count, uint32_t timeout_ms)
{
    batch_t *batch = &self->many;
    buf_reset (&self->spare_entries);
    batch_reset (batch);
    batch->entries = many->entries ? many->entries + from : NULL;
    if (!batch->entries && buf_reserve (&self->spare_entries, count * sizeof (zgrid_entry_t)))
        batch->entries = (zgrid_entry_t *) (void *) self->spare_entries.data;
    if (!batch->entries) {
        many->failed += count;
        many->first = ZGRID_NOMEM;
        return;
    }
    if (many->over)
        s_fail_all (batch->entries, count, ZGRID_TIMEOUT);
    else {
        uint64_t until = wait_clock () + timeout_ms;
        bool added = batch_reserve (batch, count) && s_start (self, many, from, count);
        batch_finish (batch, self, until);
        if (!added) {
            //  What was not added has no result yet
            size_t done = batch->count;
            if (!many->sparse)
                s_fail_all (batch->entries + done, count - done, ZGRID_NOMEM);
            for (size_t at = 0; many->sparse && at < count; at++)
                if (batch->entries[at].status == ZGRID_TRYAGAIN)
                    batch->entries[at].status = ZGRID_NOMEM;
        }
    }
    s_tally (many, batch->entries, count);
}

static int
s_run (zgrid_client_t *self, s_many_t *many, size_t count, uint32_t timeout_ms)
{
    for (size_t from = 0; from < count; from += S_ROUND)
        s_round (self, many, from, count - from < S_ROUND ? count - from : S_ROUND, timeout_ms);
    self->poked = true;
    client_forget (self);
    future_call (self);
    if (many->failed == 0)
        return ZGRID_OK;
    char why[96];
    snprintf (why, sizeof why, "%zu of %zu records failed, the first with %s", many->failed, count,
              status_name (many->first));
    return client_fail (self, ZGRID_PARTIAL, op_info (many->op)->name, many->map, why);
}

//  The call cannot begin: every record fails.
static int
s_refuse (zgrid_client_t *self, const s_many_t *many, size_t count, int status)
{
    if (many->entries)
        s_fail_all (many->entries, count, status);
    client_fail (self, status, op_info (many->op)->name, many->map, "arguments that cannot be used here");
    return ZGRID_PARTIAL;
}

//  What needs no server: in an embedded node, and in copies. True if that is everything.
static bool
s_mget_here (zgrid_client_t *self, const s_many_t *many, size_t count, buf_t *stale)
{
    size_t filled = 0;
    if (self->near)
        filled = near_mget (self, many->map, many->keys, count, many->entries, stale);
    else
        s_fail_all (many->entries, count, ZGRID_TRYAGAIN);
    if (self->cached && filled < count)
        filled += cached_mget (self, many->map, many->keys, count, many->entries);
    return filled == count;
}

int
zgrid_client_mget (zgrid_client_t *self, const char *map, const zgrid_bytes_t *keys, size_t count,
                   zgrid_entry_t *entries)
{
    s_many_t many = { .op = OP_GET, .map = bytes_str (map), .keys = keys, .entries = entries };
    buf_t stale = BUF_INIT;
    options_t options;
    uint32_t timeout_ms;
    int status = client_enter (self);
    if (status == ZGRID_OK && (self->near || self->cached)) {
        many.sparse = true;
        if (s_mget_here (self, &many, count, &stale)) {
            buf_clear (&stale);
            client_forget (self);
            return ZGRID_OK; // Each is OK or NOTFOUND
        }
    }
    if (status == ZGRID_OK)
        status = request_options (self, NULL, &options, &timeout_ms);
    many.options = &options;
    status = status == ZGRID_OK ? s_run (self, &many, count, timeout_ms)
                                : s_refuse (self, &many, count, status);
    buf_clear (&stale);
    return status;
}

int
zgrid_client_mput (zgrid_client_t *self, const char *map, const zgrid_bytes_t *keys,
                   const zgrid_bytes_t *values, size_t count, const zgrid_options_t *options,
                   zgrid_entry_t *entries)
{
    s_many_t many = {
        .op = OP_PUT, .map = bytes_str (map), .keys = keys, .values = values, .entries = entries
    };
    options_t wire;
    uint32_t timeout_ms;
    int status = client_enter (self);
    if (status == ZGRID_OK)
        status = request_options (self, options, &wire, &timeout_ms);
    many.options = &wire;
    return status == ZGRID_OK ? s_run (self, &many, count, timeout_ms)
                              : s_refuse (self, &many, count, status);
}

int
zgrid_client_mdel (zgrid_client_t *self, const char *map, const zgrid_bytes_t *keys, size_t count,
                   uint64_t *removed)
{
    s_many_t many = { .op = OP_DEL, .map = bytes_str (map), .keys = keys };
    options_t options;
    uint32_t timeout_ms;
    int status = client_enter (self);
    if (status == ZGRID_OK)
        status = request_options (self, NULL, &options, &timeout_ms);
    many.options = &options;
    status = status == ZGRID_OK ? s_run (self, &many, count, timeout_ms)
                                : s_refuse (self, &many, count, status);
    if (removed)
        *removed = many.removed;
    return status;
}

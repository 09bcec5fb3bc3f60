//  fake_local: see fake_local.h. Stands in for the node's own.
//  SPDX-License-Identifier: MPL-2.0
#include "fake_local.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "status.h"

struct local {
    unsigned count, ask;
};

unsigned fake_local_reads, fake_local_most, fake_local_closed;

local_t *
fake_local_new (void)
{
    local_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
fake_local_fill (local_t *self, unsigned count, unsigned ask)
{
    self->count = count;
    self->ask = ask;
}

static void
s_read (local_t *self, bytes_t key, buf_t *copy, local_entry_t *entry)
{
    char text[32];
    unsigned number = 0;
    *entry = (local_entry_t) { .status = ZGRID_NOTFOUND, .ttl_ms = -1 };
    if (key.size >= sizeof text || key.size < 5 || memcmp (key.data, "key-", 4) != 0)
        return;
    memcpy (text, key.data, key.size);
    text[key.size] = 0;
    number = (unsigned) strtoul (text + 4, NULL, 10);
    if (number >= self->count)
        return;
    if (self->ask && number % self->ask == 0) {
        entry->status = LOCAL_ASK;
        return;
    }
    entry->size = (size_t) snprintf (text, sizeof text, "value-%u", number);
    entry->offset = copy->size;
    entry->version = number + 1;
    entry->ttl_ms = 1000 + (int64_t) number;
    entry->status = ZGRID_OK;
    buf_add (copy, text, entry->size);
    if (copy->failed)
        entry->status = LOCAL_ASK;
}

void
local_read (local_t *self, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy,
            local_entry_t *entries)
{
    assert (map.size && count && count <= LOCAL_BATCH_MAX);
    fake_local_reads++;
    if (fake_local_most < count)
        fake_local_most = (unsigned) count;
    for (size_t at = 0; at < count; at++)
        s_read (self, keys[at], copy, &entries[at]);
}

void
local_close (local_t **self_p)
{
    if (*self_p) {
        fake_local_closed++;
        free (*self_p);
        *self_p = NULL;
    }
}

//  batch: records that one blocking call sends together and waits for.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"

#define S_RECORD_MORE 512 // Bytes of a record beside key, value, map name and texts of options

bool
batch_reserve (batch_t *self, size_t count)
{
    if (count <= self->room)
        return true;
    size_t room = self->room * 2 > count ? self->room * 2 : count;
    if (room > INT_MAX) // Indexes are given out as int
        return false;
    item_t *items = mem_resize (self->items, room * sizeof *items);
    if (!items)
        return false;
    self->items = items;
    if (self->with_entries) {
        zgrid_entry_t *entries = mem_resize (self->entries, room * sizeof *entries);
        if (!entries)
            return false;
        self->entries = entries;
    }
    self->room = room;
    return true;
}

void
batch_reset (batch_t *self)
{
    self->count = self->left = self->failed = 0;
    arena_reset (&self->arena);
}

void
batch_clear (batch_t *self)
{
    if (self->with_entries)
        mem_free (self->entries);
    mem_free (self->items);
    arena_clear (&self->arena);
    *self = (batch_t) { .items = NULL };
}

//  More than the record can need.
static size_t
s_room (const record_t *record)
{
    size_t room = S_RECORD_MORE + record->map.size + (record->key ? record->key->size : 0);
    const value_t *value = record->value;
    const options_t *options = record->options;
    if (value && (value->kind == VALUE_BYTES || value->kind == VALUE_TREE))
        room += value->bytes.size;
    if (options && options->given)
        room += options->ifeq.bytes.size + options->initial.bytes.size + options->match.size;
    return room;
}

item_t *
batch_refuse (batch_t *self, size_t index, int status)
{
    assert (self->count < self->room);
    item_t *item = &self->items[self->count++];
    *item = (item_t) { .index = (uint32_t) index, .kind = ITEM_OF_BATCH, .state = ITEM_DONE };
    self->entries[index] = entry_of (status);
    self->failed++;
    return item;
}

item_t *
batch_add (batch_t *self, zgrid_client_t *client, size_t index, const record_t *record)
{
    assert (self->count < self->room);
    int status = request_check (client, record);
    size_t room = s_room (record);
    if (status == ZGRID_OK && room > client->frame_max)
        status = ZGRID_TOOBIG;
    if (status != ZGRID_OK)
        return batch_refuse (self, index, status);
    record_t tracked = *record;
    options_t options;
    uint32_t stamp = client->cached ? cached_ask (client, &tracked, &options) : 0;
    uint8_t *data = arena_room (&self->arena, room);
    if (!data)
        return NULL;
    buf_t out = { data, 0, room, false };
    request_encode (&out, &tracked);
    assert (out.data == data && !out.failed); // It fitted, as s_room says
    arena_use (&self->arena, out.size);
    item_t *item = &self->items[self->count++];
    *item = (item_t) { .index = (uint32_t) index, .kind = ITEM_OF_BATCH };
    request_item (client, &tracked, buf_bytes (&out), item);
    item->stamp = stamp;
    self->entries[index] = entry_of (ZGRID_TRYAGAIN);
    self->left++;
    return item;
}

void
batch_start (batch_t *self, zgrid_client_t *client, size_t from)
{
    client->batch = self;
    for (size_t at = from; at < self->count; at++)
        if (self->items[at].state == ITEM_NEW
            && !(client->cached && cached_serve (client, self, &self->items[at])))
            wait_start (client, &self->items[at]);
}

//  The time is over: everything that has no answer ends.
static void
s_expire (batch_t *self, zgrid_client_t *client)
{
    for (size_t at = 0; self->left && at < self->count; at++) {
        item_t *item = &self->items[at];
        if (item->state == ITEM_DONE)
            continue;
        self->entries[item->index].status = reply_overdue (item);
        if (item->state == ITEM_SENT)
            routes_silent (client, item->connection);
        future_forsake (client, item);
        client->counters.expired++;
        self->left--;
        self->failed++;
    }
    wait_sweep (client);
}

int
batch_finish (batch_t *self, zgrid_client_t *client, uint64_t until)
{
    while (self->left) {
        wait_turn (client, until);
        if (self->left && wait_clock () >= until)
            s_expire (self, client);
    }
    client->batch = NULL;
    return self->failed ? ZGRID_PARTIAL : ZGRID_OK;
}

int
batch_run (batch_t *self, zgrid_client_t *client, uint32_t timeout_ms)
{
    uint64_t until = wait_clock () + timeout_ms;
    batch_start (self, client, 0);
    int status = batch_finish (self, client, until);
    future_call (client);
    return status;
}

//  future: an operation whose answer is fetched later. One block of memory holds the future, the
//  encoded request, and afterwards the value, where it fits.
//  SPDX-License-Identifier: MPL-2.0
#include <zgrid_topic.h>

#include "client_impl.h"
#include "mem.h"

struct zgrid_future {
    item_t item;                  // First: an item of kind ITEM_OF_FUTURE is a future
    zgrid_client_t *client;       // Only while it is not done
    zgrid_future_t *next, **link; // In the client's open or ready futures
    uint64_t until;
    zgrid_entry_t entry;
    zgrid_future_fn *fn;
    void *arg;
    bool orphan;    // Destroyed by its owner, but not done yet
    bool forsaken;  // Was never anybody's: future_forsake
    uint8_t *held;  // The answer's bytes where they did not fit
    size_t room;    // Bytes of data
    uint8_t data[]; // The encoded record, then the answer's bytes
};

static void
s_link (zgrid_future_t **head, zgrid_future_t *self)
{
    self->next = *head;
    self->link = head;
    if (self->next)
        self->next->link = &self->next;
    *head = self;
}

static void
s_unlink (zgrid_future_t *self)
{
    if (self->link) {
        *self->link = self->next;
        if (self->next)
            self->next->link = self->link;
        self->link = NULL;
        self->next = NULL;
    }
}

static void
s_free (zgrid_future_t *self)
{
    mem_free (self->held);
    mem_free (self);
}

//  The entry is complete.
static void
s_done (zgrid_client_t *client, zgrid_future_t *self)
{
    s_unlink (self);
    client->finished++;
    client->forsaken -= self->forsaken;
    if (self->orphan)
        s_free (self);
    else if (self->fn)
        s_link (&client->ready, self);
}

//  Copies what the entry points to.
static void
s_hold (zgrid_future_t *self, bytes_t error)
{
    zgrid_entry_t *entry = &self->entry;
    size_t size = entry->value.size + (error.size ? error.size + 1 : 0);
    uint8_t *place = self->data;
    if (size > self->room) {
        place = self->held = mem_alloc (size);
        if (!place) {
            self->entry = entry_of (ZGRID_NOMEM);
            return;
        }
    }
    if (entry->value.data) {
        memcpy (place, entry->value.data, entry->value.size);
        entry->value.data = place;
    }
    if (error.size) {
        memcpy (place + entry->value.size, error.data, error.size);
        place[size - 1] = 0;
        entry->error = (const char *) place + entry->value.size;
    }
}

void
future_finish (zgrid_client_t *client, item_t *item, const zgrid_entry_t *entry, bytes_t error)
{
    zgrid_future_t *self = (zgrid_future_t *) item;
    self->entry = *entry;
    if (!self->orphan)
        s_hold (self, error);
    else if ((item->op == OP_LOCK || item->op == OP_TRYLOCK) && entry->status == ZGRID_OK)
        lock_give_back (client, item, (uint64_t) entry->integer);
    s_done (client, self);
}

//  The item is DONE; queues are swept by the caller.
static void
s_overdue (zgrid_client_t *client, zgrid_future_t *self)
{
    item_t *item = &self->item;
    self->entry = entry_of (reply_overdue (item));
    if (item->state == ITEM_SENT)
        routes_silent (client, item->connection);
    if (self->orphan)
        connection_end (client, item);
    else
        future_forsake (client, item);
    client->counters.expired++;
}

//  Items that leave a queue must leave it before they are freed.
static void
s_end_overdue (zgrid_client_t *client, uint64_t now)
{
    zgrid_future_t *ended = NULL;
    for (zgrid_future_t *self = client->open, *next; self; self = next) {
        next = self->next;
        if (self->until > now) {
            if (self->until < client->expire_at)
                client->expire_at = self->until;
            continue;
        }
        s_overdue (client, self);
        s_unlink (self);
        s_link (&ended, self);
    }
    if (ended)
        wait_sweep (client);
    while (ended)
        s_done (client, ended);
}

void
future_expire (zgrid_client_t *client, uint64_t now)
{
    client->expire_at = TIME_NEVER;
    s_end_overdue (client, now);
}

void
future_call (zgrid_client_t *client)
{
    while (client->ready && !client->inside) {
        //  They were put in newest first, and are called oldest first
        zgrid_future_t *calling = NULL;
        while (client->ready) {
            zgrid_future_t *self = client->ready;
            s_unlink (self);
            s_link (&calling, self);
        }
        while (calling) {
            zgrid_future_t *self = calling;
            zgrid_future_fn *fn = self->fn;
            s_unlink (self);
            self->fn = NULL;
            client->inside = true;
            fn (self, self->arg);
            client->inside = false;
        }
    }
}

void
future_abandon (zgrid_client_t *client)
{
    s_end_overdue (client, TIME_NEVER - 1);
    future_call (client);
}

//  ------------------------------------------------------------------------------------------------

//  Queues the future, or ends it at once if the queue is full.
static void
s_start (zgrid_client_t *client, zgrid_future_t *self)
{
    connection_t *connection = routes_of (client, &self->item);
    size_t queued = connection->queued + client->later_count;
    bool full = queued >= (size_t) client->window_records * CLIENT_QUEUE_WINDOWS
                || connection->queued_bytes + client->later_bytes
                       >= client->window_bytes * CLIENT_QUEUE_WINDOWS
                || (self->item.waits
                    && client->pending.waiting >= (size_t) client->window_records * CLIENT_QUEUE_WINDOWS);
    if (full || client->closing) {
        self->item.state = ITEM_DONE;
        self->entry = entry_of (full ? ZGRID_BUSY : ZGRID_UNAVAILABLE);
        return;
    }
    s_link (&client->open, self);
    if (self->until < client->expire_at)
        client->expire_at = self->until;
    wait_start (client, &self->item);
    connection_flush (connection, client, false);
}

static zgrid_future_t *
s_new (zgrid_client_t *client, bytes_t encoded)
{
    zgrid_future_t *self = mem_alloc (sizeof *self + encoded.size);
    if (!self)
        return NULL;
    memset (self, 0, sizeof *self);
    self->client = client;
    self->entry = entry_of (ZGRID_TRYAGAIN);
    self->room = encoded.size;
    self->item.kind = ITEM_OF_FUTURE;
    if (encoded.size)
        memcpy (self->data, encoded.data, encoded.size);
    return self;
}

zgrid_future_t *
future_start (zgrid_client_t *client, record_t record, const options_t *options, uint32_t timeout_ms,
              int status)
{
    record.options = options;
    if (status == ZGRID_OK)
        status = record.op == OP_NONE ? ZGRID_BADOP : request_check (client, &record);
    buf_reset (&client->scratch);
    options_t tracked;
    uint32_t stamp = client->cached && status == ZGRID_OK ? cached_ask (client, &record, &tracked) : 0;
    if (status == ZGRID_OK) {
        request_encode (&client->scratch, &record);
        if (client->scratch.failed)
            return NULL;
        if (client->scratch.size + WIRE_SIGNATURE_SIZE + CLIENT_CHARGE_GUARD > client->frame_max)
            status = ZGRID_TOOBIG;
    }
    zgrid_future_t *self = s_new (client,
                                  status == ZGRID_OK ? buf_bytes (&client->scratch) : bytes_of (NULL, 0));
    if (!self)
        return NULL;
    if (status != ZGRID_OK) {
        self->item.state = ITEM_DONE;
        self->entry = entry_of (status);
        return self;
    }
    request_item (client, &record, bytes_of (self->data, self->room), &self->item);
    self->item.stamp = stamp;
    self->until = wait_clock () + timeout_ms;
    s_start (client, self);
    return self;
}

void
future_forsake (zgrid_client_t *client, item_t *item)
{
    item_t kept = *item;
    bool asked = (item->op == OP_LOCK || item->op == OP_TRYLOCK) && reply_overdue (item) == ZGRID_MAYBE
                 && retry_safe (client, item) && !client->closing && client->forsaken < CLIENT_FORSAKEN_MAX;
    connection_end (client, item);
    zgrid_future_t *self = asked ? s_new (client, bytes_of (kept.data, kept.size)) : NULL;
    if (!self)
        return;
    self->orphan = self->forsaken = true;
    self->until = wait_clock () + CLIENT_FORSAKEN_MS;
    self->item = kept;
    self->item.kind = ITEM_OF_FUTURE;
    self->item.data = self->data;
    self->item.sends = self->item.tries = 0;
    self->item.doubt = true;
    s_link (&client->open, self);
    client->forsaken++;
    if (self->until < client->expire_at)
        client->expire_at = self->until;
    //  Under its id: the answer is that of the first sending
    pending_restore (&client->pending, &self->item, kept.id);
    retry_later (client, &self->item, 0);
}

static zgrid_future_t *
s_make (zgrid_client_t *client, record_t record, const zgrid_options_t *given)
{
    options_t options;
    uint32_t timeout_ms;
    int status = request_options (client, given, &options, &timeout_ms);
    request_wait (client, record.op, &options, &timeout_ms);
    return future_start (client, record, &options, timeout_ms, status);
}

//  A copy that is there answers at once. *known_p: it does; NULL then: no memory.
static zgrid_future_t *
s_known (zgrid_client_t *client, bytes_t map, bytes_t key, bool *known_p)
{
    zgrid_entry_t entry;
    cached_begin (client);
    *known_p = cached_get (client, map, key, &entry);
    zgrid_future_t *self = *known_p ? s_new (client, request_bytes (entry.value)) : NULL;
    if (!self)
        return NULL;
    self->item.state = ITEM_DONE;
    self->entry = entry;
    if (entry.value.data)
        self->entry.value.data = self->data;
    return self;
}

zgrid_future_t *
zgrid_client_get_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key,
                         const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    bool known = false;
    zgrid_future_t *answered = NULL;
    if (self->cached && cached_allows (options))
        answered = s_known (self, bytes_str (map), named, &known);
    if (known)
        return answered;
    return s_make (self, (record_t) { OP_GET, bytes_str (map), &named, NULL, NULL }, options);
}

zgrid_future_t *
zgrid_client_put_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                         const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    value_t stored = value_bytes (request_bytes (value));
    return s_make (self, (record_t) { OP_PUT, bytes_str (map), &named, &stored, NULL }, options);
}

zgrid_future_t *
zgrid_client_del_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key,
                         const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    return s_make (self, (record_t) { OP_DEL, bytes_str (map), &named, NULL, NULL }, options);
}

zgrid_future_t *
zgrid_client_incr_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, int64_t delta,
                          const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    value_t added = value_int (delta);
    return s_make (self, (record_t) { OP_INCR, bytes_str (map), &named, &added, NULL }, options);
}

zgrid_future_t *
zgrid_client_call_future (zgrid_client_t *self, const char *op, const char *map, const zgrid_bytes_t *key,
                          const zgrid_bytes_t *value, const zgrid_options_t *options)
{
    bytes_t named = key ? request_bytes (*key) : bytes_of (NULL, 0);
    value_t given = value ? value_bytes (request_bytes (*value)) : value_nil ();
    record_t record = { op_find (bytes_str (op)), bytes_str (map), key ? &named : NULL, &given, NULL };
    return s_make (self, record, options);
}

zgrid_future_t *
zgrid_client_publish_future (zgrid_client_t *self, zgrid_bytes_t channel, zgrid_bytes_t message)
{
    bytes_t named = request_bytes (channel);
    value_t said = value_bytes (request_bytes (message));
    return s_make (self, (record_t) { .op = OP_PUBLISH, .key = &named, .value = &said }, NULL);
}

bool
zgrid_future_done (const zgrid_future_t *self)
{
    return self->item.state == ITEM_DONE;
}

bool
zgrid_future_wait (zgrid_future_t *self, uint32_t timeout_ms)
{
    //  A future that is done may have outlived its client
    if (zgrid_future_done (self) || self->client->inside)
        return zgrid_future_done (self);
    zgrid_client_t *client = self->client;
    uint64_t until = timeout_ms ? wait_clock () + timeout_ms : self->until;
    //  Its own function may destroy the future: it is called after the last look at it
    bool done = false;
    while (!done) {
        wait_turn (client, until);
        done = zgrid_future_done (self);
        if (!done && timeout_ms && wait_clock () >= until)
            break;
    }
    client->poked = true;
    future_call (client);
    return done;
}

const zgrid_entry_t *
zgrid_future_entry (const zgrid_future_t *self)
{
    return &self->entry;
}

void
zgrid_future_then (zgrid_future_t *self, zgrid_future_fn *fn, void *arg)
{
    self->fn = fn;
    self->arg = arg;
    if (!zgrid_future_done (self) || !fn)
        return;
    s_unlink (self); // It may have been ready for another function
    self->fn = NULL;
    fn (self, arg);
}

void
zgrid_future_destroy (zgrid_future_t **self_p)
{
    zgrid_future_t *self = *self_p;
    if (self) {
        *self_p = NULL;
        if (zgrid_future_done (self)) {
            s_unlink (self);
            s_free (self);
        } else {
            self->orphan = true;
            self->fn = NULL;
        }
    }
}

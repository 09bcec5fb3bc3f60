//  connection: one DEALER socket to one server endpoint, the records that wait for it, and its
//  window. Records are copied once, from where they were encoded into the message that is sent.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "handover.h"
#include "mem.h"

connection_t *
connection_new (const char *endpoint, size_t frame_max, uint32_t replies_max)
{
    connection_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->receive_ms = -1;
    size_t size = strlen (endpoint) + 1;
    self->endpoint = mem_alloc (size);
    self->sock = self->endpoint ? zsock_new (ZMQ_DEALER) : NULL;
    if (!self->sock) {
        connection_destroy (&self);
        errno = ENOMEM;
        return NULL;
    }
    memcpy (self->endpoint, endpoint, size);
    self->handle = zsock_resolve (self->sock);
    //  The window bounds what is sent, so that the queue needs no mark of its own; no honest server
    //  has more replies on the way than there are records
    zsock_set_linger (self->sock, 0);
    zsock_set_sndhwm (self->sock, 0);
    zsock_set_rcvhwm (self->sock, (int) replies_max);
    int64_t largest = frame_max ? (int64_t) frame_max : -1;
    zmq_setsockopt (self->handle, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    //  Not zsock_connect, which takes a format
    if (zmq_connect (self->handle, endpoint) != 0) {
        connection_destroy (&self);
        errno = EINVAL;
    }
    return self;
}

void
connection_destroy (connection_t **self_p)
{
    connection_t *self = *self_p;
    if (self) {
        if (self->has_unsent)
            zmq_msg_close (&self->unsent);
        zsock_destroy (&self->sock);
        mem_free (self->endpoint);
        mem_free (self);
        *self_p = NULL;
    }
}

//  What an embedding node says of itself to others is, from here, an endpoint of this process.
static const char *
s_nearer (const zgrid_client_t *client, const char *endpoint)
{
    for (char **pair = client->inner_ends; pair && *pair; pair += 2)
        if (strcmp (pair[0], endpoint) == 0)
            return pair[1];
    return endpoint;
}

connection_t *
connection_to (zgrid_client_t *client, const char *endpoint)
{
    endpoint = s_nearer (client, endpoint);
    for (size_t at = 0; at < client->connection_count; at++)
        if (strcmp (client->connections[at]->endpoint, endpoint) == 0)
            return client->connections[at]->lost ? NULL : client->connections[at];
    if (client->connection_count == CLIENT_CONNECTIONS_MAX)
        return NULL;
    bool here = strncmp (endpoint, "inproc://", 9) == 0;
    connection_t *connection = connection_new (endpoint, here ? 0 : client->frame_max,
                                               client->window_records);
    if (!connection)
        return NULL;
    size_t size = (client->connection_count + 1) * sizeof *client->connections;
    connection_t **connections = mem_resize (client->connections, size);
    if (!connections) {
        connection_destroy (&connection);
        return NULL;
    }
    connection->number = ++client->numbers;
    client->connections = connections;
    connections[client->connection_count++] = connection;
    loop_watch (client, connection);
    return connection;
}

void
connection_queue (connection_t *self, item_t *item)
{
    item->state = ITEM_QUEUED;
    item->connection = self;
    item->next = NULL;
    if (self->tail)
        self->tail->next = item;
    else
        self->head = item;
    self->tail = item;
    self->queued++;
    self->queued_bytes += item->size;
}

void
connection_sweep (connection_t *self)
{
    item_t **link = &self->head;
    self->tail = NULL;
    while (*link) {
        item_t *item = *link;
        if (item->state == ITEM_DONE) {
            *link = item->next;
            self->queued--;
            self->queued_bytes -= item->size;
        } else {
            self->tail = item;
            link = &item->next;
        }
    }
}

//  What an item costs in the window.
static inline size_t
s_charge (const item_t *item)
{
    return item->waits ? 0 : item->size + CLIENT_CHARGE + (item->guarded ? CLIENT_CHARGE_GUARD : 0);
}

//  What the next message takes.
typedef struct {
    size_t count, bytes; // Records; 0: the window is full, or so nearly that waiting gives fewer messages
    uint16_t guard;      // Under which session; 0: under none
} s_plan_t;

static s_plan_t
s_plan (const connection_t *self, const zgrid_client_t *client)
{
    s_plan_t plan = { .count = 0 };
    size_t charged = self->flying_bytes, flying = self->flying - self->waiting;
    bool narrow = false;
    for (const item_t *item = self->head; item && plan.count < client->batch_records; item = item->next) {
        uint16_t guard = guard_of (client, item);
        if (plan.count
            && (plan.bytes + item->size > client->batch_bytes
                || (guard && plan.guard && guard != plan.guard)))
            break;
        bool alone = flying + plan.count == 0; // One larger than the window goes alone
        if (!alone
            && (flying + plan.count >= client->window_records
                || charged + s_charge (item) > client->window_bytes)) {
            narrow = true;
            break;
        }
        plan.guard = guard ? guard : plan.guard;
        plan.bytes += item->size;
        charged += s_charge (item);
        plan.count++;
    }
    if (narrow && flying > client->window_records / 2)
        plan.count = 0;
    return plan;
}

bool
connection_ready (const connection_t *self, const zgrid_client_t *client)
{
    return self->queued && !self->has_unsent && !self->lost && !self->foreign
           && s_plan (self, client).count > 0;
}

static bool
s_send (connection_t *self)
{
    handover_give (zmq_msg_data (&self->unsent));
    if (zmq_msg_send (&self->unsent, self->handle, ZMQ_DONTWAIT) != -1) {
        self->has_unsent = false;
        return true;
    }
    //  EAGAIN and EINTR: later
    if (errno != EAGAIN && errno != EINTR)
        self->lost = true;
    self->has_unsent = true;
    return false;
}

//  Moves the first queued records into the message `unsent`.
static void
s_pack (connection_t *self, zgrid_client_t *client, const s_plan_t *plan, const guard_t *guard, bool small)
{
    uint8_t *at = zmq_msg_data (&self->unsent);
    uint64_t now = wait_clock ();
    memcpy (at, WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
    at += WIRE_SIGNATURE_SIZE;
    if (guard) {
        guard_write (guard, &client->pending, at);
        at += sizeof guard->with;
    }
    self->queued -= plan->count;
    self->flying += plan->count;
    for (size_t left = plan->count; left; left--) {
        item_t *item = self->head;
        if (!item->id)
            pending_add (&client->pending, item);
        if (item->guarded) {
            item->guard = plan->guard;
            item->apart = guard && guard->apart;
        }
        at = request_copy (at, item, small);
        self->head = item->next;
        item->next = NULL;
        item->state = ITEM_SENT;
        item->sent_at = (uint32_t) now;
        item->sends += item->sends < UINT8_MAX;
        self->queued_bytes -= item->size;
        self->flying_bytes += s_charge (item);
        self->waiting += item->waits;
        retry_expect (client, item, now);
    }
    if (!self->head)
        self->tail = NULL;
}

//  False if nothing more can be sent now.
static bool
s_send_batch (connection_t *self, zgrid_client_t *client)
{
    if (self->has_unsent && !s_send (self))
        return false;
    s_plan_t plan = { .count = 0 };
    if (self->queued)
        plan = s_plan (self, client);
    const guard_t *guard = guard_find (client, plan.guard);
    bool small = client->pending.last + client->pending.size * 2 + plan.count < UINT32_MAX;
    size_t size = WIRE_SIGNATURE_SIZE + plan.bytes - (small ? plan.count * REQUEST_SPARE : 0)
                  + (guard ? sizeof guard->with : 0);
    //  Without memory the records stay where they are
    if (plan.count == 0 || !pending_reserve (&client->pending, plan.count)
        || zmq_msg_init_size (&self->unsent, size) != 0)
        return false;
    s_pack (self, client, &plan, guard, small);
    client->poked = true;
    return s_send (self);
}

void
connection_flush (connection_t *self, zgrid_client_t *client, bool all)
{
    if (client->divert)
        retry_divert (client);
    while (!self->lost && !self->foreign && (self->queued || self->has_unsent)) {
        bool full = self->queued >= client->batch_records || self->queued_bytes >= client->batch_bytes;
        if (!all && !full)
            break;
        if (!s_send_batch (self, client))
            break;
    }
}

void
connection_land (connection_t *self, const item_t *item)
{
    assert (item->state == ITEM_SENT && item->connection == self && self->flying);
    self->flying--;
    self->waiting -= item->waits;
    self->flying_bytes -= s_charge (item);
}

void
connection_end (zgrid_client_t *client, item_t *item)
{
    if (client->cached)
        cached_ended (client, item);
    if (item->state == ITEM_SENT)
        connection_land (item->connection, item);
    if (item->id)
        pending_remove (&client->pending, item);
    item->state = ITEM_DONE;
}

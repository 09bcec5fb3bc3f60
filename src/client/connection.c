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

connection_t *
connection_to (zgrid_client_t *client, const char *endpoint)
{
    for (size_t at = 0; at < client->connection_count; at++)
        if (strcmp (client->connections[at]->endpoint, endpoint) == 0)
            return client->connections[at]->lost ? NULL : client->connections[at];
    if (client->connection_count == CLIENT_CONNECTIONS_MAX)
        return NULL;
    connection_t *connection = connection_new (endpoint, client->inner ? 0 : client->frame_max,
                                               client->window_records);
    if (!connection)
        return NULL;
    size_t size = (client->connection_count + 1) * sizeof *client->connections;
    connection_t **connections = mem_resize (client->connections, size);
    if (!connections) {
        connection_destroy (&connection);
        return NULL;
    }
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

//  How many records the next message takes; *size becomes their bytes. 0: the window is full, or
//  so nearly that waiting gives fewer messages.
static size_t
s_count (const connection_t *self, const zgrid_client_t *client, size_t *size)
{
    size_t count = 0, bytes = 0, charged = self->flying_bytes;
    bool narrow = false;
    for (const item_t *item = self->head; item && count < client->batch_records; item = item->next) {
        if (count && bytes + item->size > client->batch_bytes)
            break;
        bool alone = self->flying + count == 0; // One larger than the window goes alone
        if (!alone
            && (self->flying + count >= client->window_records
                || charged + item->size + CLIENT_CHARGE > client->window_bytes)) {
            narrow = true;
            break;
        }
        bytes += item->size;
        charged += item->size + CLIENT_CHARGE;
        count++;
    }
    *size = bytes;
    return narrow && self->flying > client->window_records / 2 ? 0 : count;
}

bool
connection_ready (const connection_t *self, const zgrid_client_t *client)
{
    size_t size;
    return self->queued && !self->has_unsent && !self->lost && s_count (self, client, &size) > 0;
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

//  Moves the first `count` queued records into the message `unsent`.
static void
s_pack (connection_t *self, zgrid_client_t *client, size_t count)
{
    uint8_t *at = zmq_msg_data (&self->unsent);
    memcpy (at, WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
    at += WIRE_SIGNATURE_SIZE;
    self->queued -= count;
    self->flying += count;
    while (count--) {
        item_t *item = self->head;
        pending_add (&client->pending, item);
        memcpy (at, item->data, item->size);
        request_set_id (at, item->id);
        at += item->size;
        self->head = item->next;
        item->next = NULL;
        item->state = ITEM_SENT;
        self->queued_bytes -= item->size;
        self->flying_bytes += item->size + CLIENT_CHARGE;
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
    size_t size;
    size_t count = self->queued ? s_count (self, client, &size) : 0;
    //  Without memory the records stay where they are
    if (count == 0 || !pending_reserve (&client->pending, count)
        || zmq_msg_init_size (&self->unsent, WIRE_SIGNATURE_SIZE + size) != 0)
        return false;
    s_pack (self, client, count);
    client->poked = true;
    return s_send (self);
}

void
connection_flush (connection_t *self, zgrid_client_t *client, bool all)
{
    while (!self->lost && (self->queued || self->has_unsent)) {
        bool full = self->queued >= client->batch_records || self->queued_bytes >= client->batch_bytes;
        if (!all && !full)
            break;
        if (!s_send_batch (self, client))
            break;
    }
}

void
connection_land (connection_t *self, zgrid_client_t *client, item_t *item)
{
    assert (item->state == ITEM_SENT && item->connection == self && self->flying);
    pending_remove (&client->pending, item);
    self->flying--;
    self->flying_bytes -= item->size + CLIENT_CHARGE;
}

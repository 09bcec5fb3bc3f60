//  stream: see stream.h.
//  SPDX-License-Identifier: MPL-2.0
#include "stream.h"

#include "cargo.h"
#include "mem.h"

struct stream {
    uint32_t index;
    zsock_t *socket;
    void *handle;
    int64_t room; // Bytes granted; a batch may be larger than what was left
    bool asked;   // WANT is on its way
    zmq_msg_t body;
    bool holds; // body has to be closed
};

stream_t *
stream_new (uint32_t index, const char *inproc)
{
    stream_t *self = mem_alloc_zero (1, sizeof (stream_t));
    if (!self)
        return NULL;
    self->index = index;
    self->socket = zsock_new (ZMQ_DEALER);
    haul_t here = { .kind = HAUL_HERE, .actor = index };
    if (self->socket) {
        //  What is on its way is bounded by bytes, on both sides
        self->handle = zsock_resolve (self->socket);
        zsock_set_linger (self->socket, 0);
        zsock_set_sndhwm (self->socket, 0);
        zsock_set_rcvhwm (self->socket, 0);
    }
    if (!self->socket || zmq_connect (self->handle, inproc) != 0
        || !haul_send (self->handle, NULL, &here, NULL))
        stream_destroy (&self);
    return self;
}

static void
s_close_body (stream_t *self)
{
    if (self->holds)
        zmq_msg_close (&self->body);
    self->holds = false;
}

void
stream_destroy (stream_t **self_p)
{
    stream_t *self = *self_p;
    if (!self)
        return;
    s_close_body (self);
    zsock_destroy (&self->socket);
    mem_free (self);
    *self_p = NULL;
}

zsock_t *
stream_socket (stream_t *self)
{
    return self->socket;
}

//  Early enough that the answer is there before the room is used up.
static void
s_ask (stream_t *self)
{
    if (self->asked || self->room > HAUL_MOST / 2)
        return;
    haul_t want = { .kind = HAUL_WANT, .actor = self->index, .bytes = (uint64_t) (HAUL_MOST - self->room) };
    self->asked = haul_send (self->handle, NULL, &want, NULL);
}

size_t
stream_room (stream_t *self)
{
    s_ask (self);
    return self->room >= HAUL_LEAST ? (size_t) self->room : 0;
}

void
stream_send (stream_t *self, node_id_t to, uint32_t actor, buf_t *body)
{
    haul_t head = { .kind = HAUL_BATCH, .actor = actor, .node = to };
    size_t size = body->size;
    zmq_msg_t message;
    if (size && cargo_message (body, &message)) {
        haul_send (self->handle, NULL, &head, &message);
        self->room -= (int64_t) size;
    }
    buf_clear (body);
}

bool
stream_receive (stream_t *self, bytes_t *body, bool *granted)
{
    haul_t head;
    *body = bytes_of (NULL, 0);
    *granted = false;
    s_close_body (self);
    if (!haul_receive (self->handle, NULL, &head, &self->body))
        return false;
    self->holds = true;
    if (head.kind == HAUL_GRANT) {
        self->asked = false;
        self->room += (int64_t) head.bytes;
        *granted = true;
    } else if (head.kind == HAUL_BATCH)
        *body = bytes_of (zmq_msg_data (&self->body), zmq_msg_size (&self->body));
    return true;
}

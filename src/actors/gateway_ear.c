//  gateway_ear: see gateway_ear.h.
//  SPDX-License-Identifier: MPL-2.0
#include "gateway_ear.h"

#include "handover.h"
#include "mem.h"
#include "touch.h"

#define S_HWM 1000 // Bodies that wait here; more wait at the pubsub actor, as for any subscriber

struct gateway_ear {
    zsock_t *socket;
    void *handle;
    zmq_msg_t topic, body;
};

gateway_ear_t *
gateway_ear_new (const char *inproc)
{
    gateway_ear_t *self = mem_alloc_zero (1, sizeof (gateway_ear_t));
    if (!self)
        return NULL;
    zmq_msg_init (&self->topic);
    zmq_msg_init (&self->body);
    self->socket = zsock_new (ZMQ_SUB);
    if (self->socket) {
        self->handle = zsock_resolve (self->socket);
        zsock_set_linger (self->socket, 0);
        zsock_set_sndhwm (self->socket, 0); // A subscription beyond it would be lost without a word
        zsock_set_rcvhwm (self->socket, S_HWM);
    }
    if (!self->socket || zmq_connect (self->handle, inproc) != 0)
        gateway_ear_destroy (&self);
    return self;
}

void
gateway_ear_destroy (gateway_ear_t **self_p)
{
    gateway_ear_t *self = *self_p;
    if (!self)
        return;
    zmq_msg_close (&self->topic);
    zmq_msg_close (&self->body);
    zsock_destroy (&self->socket);
    mem_free (self);
    *self_p = NULL;
}

zsock_t *
gateway_ear_socket (gateway_ear_t *self)
{
    return self->socket;
}

void
gateway_ear_follow (gateway_ear_t *self, bytes_t asked, bool on)
{
    touch ();
    zmq_setsockopt (self->handle, on ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, asked.data, asked.size);
}

//  What has come is let go before more is received: a body may be large.
static bool
s_receive (const gateway_ear_t *self, zmq_msg_t *frame, bytes_t *bytes)
{
    zmq_msg_close (frame);
    zmq_msg_init (frame);
    if (zmq_msg_recv (frame, self->handle, ZMQ_DONTWAIT) < 0)
        return false;
    handover_take (zmq_msg_data (frame));
    *bytes = bytes_of (zmq_msg_data (frame), zmq_msg_size (frame));
    return true;
}

bool
gateway_ear_receive (gateway_ear_t *self, bytes_t *topic, bytes_t *body)
{
    //  The pubsub actor sends two frames
    return s_receive (self, &self->topic, topic) && zmq_msg_more (&self->topic)
           && s_receive (self, &self->body, body);
}

//  haul: see haul.h. A message is its head, as it lies in memory, and a frame for the body.
//  SPDX-License-Identifier: MPL-2.0
#include "haul.h"

#include <errno.h>

#include "handover.h"
#include "touch.h"

static bool
s_send (void *handle, zmq_msg_t *message, bool more)
{
    int sent;
    handover_give (zmq_msg_data (message));
    touch ();
    do
        sent = zmq_msg_send (message, handle, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        zmq_msg_close (message);
    return sent >= 0;
}

static bool
s_send_bytes (void *handle, const void *data, size_t size)
{
    zmq_msg_t message;
    if (zmq_msg_init_size (&message, size) != 0)
        return false;
    memcpy (zmq_msg_data (&message), data, size);
    return s_send (handle, &message, true);
}

bool
haul_send (void *handle, const bytes_t *route, const haul_t *head, zmq_msg_t *body)
{
    zmq_msg_t none;
    if (!body) {
        zmq_msg_init (&none);
        body = &none;
    }
    //  The first frame can be refused only: then nothing has begun
    bool begun = !route || s_send_bytes (handle, route->data, route->size);
    if (begun && s_send_bytes (handle, head, sizeof *head))
        return s_send (handle, body, false);
    zmq_msg_close (body);
    if (route && begun) { // No memory for the head: the message has to end
        zmq_msg_init (&none);
        s_send (handle, &none, false);
    }
    return false;
}

bool
haul_take (void *handle, zmq_msg_t *message)
{
    int size;
    zmq_msg_init (message);
    do
        size = zmq_msg_recv (message, handle, ZMQ_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size >= 0)
        handover_take (zmq_msg_data (message));
    return size >= 0;
}

bool
haul_receive (void *handle, zmq_msg_t *route, haul_t *head, zmq_msg_t *body)
{
    zmq_msg_t first;
    *head = (haul_t) { .kind = 0 };
    zmq_msg_init (body);
    if (route && !haul_take (handle, route))
        return false;
    if (route && !zmq_msg_more (route))
        return true;
    bool any = haul_take (handle, &first);
    bool good = any && zmq_msg_size (&first) == sizeof *head && zmq_msg_more (&first);
    if (good)
        memcpy (head, zmq_msg_data (&first), sizeof *head);
    bool more = any && zmq_msg_more (&first);
    zmq_msg_close (&first);
    if (!any)
        return route != NULL;
    while (more) { // One, unless somebody else has come
        zmq_msg_close (body);
        more = haul_take (handle, body) && zmq_msg_more (body);
    }
    return true;
}

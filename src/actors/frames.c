//  frames: see frames.h.
//  SPDX-License-Identifier: MPL-2.0
#include "frames.h"

#include <errno.h>

#include "handover.h"
#include "touch.h"

#define S_PASSED_MIN 4096 // Bytes of a frame from which on it is not copied

bool
frames_receive (frames_t *self, void *socket)
{
    self->count = 0;
    self->overflow = false;
    for (;;) {
        zmq_msg_t spare;
        bool fits = self->count < FRAMES_MAX;
        zmq_msg_t *message = fits ? &self->messages[self->count] : &spare;
        zmq_msg_init (message);
        int size;
        do
            size = zmq_msg_recv (message, socket, ZMQ_DONTWAIT);
        while (size < 0 && errno == EINTR);
        if (size < 0) {
            zmq_msg_close (message);
            return self->count > 0;
        }
        bool more = zmq_msg_more (message);
        handover_take (zmq_msg_data (message));
        if (fits) {
            self->frames[self->count] = bytes_of (zmq_msg_data (message), zmq_msg_size (message));
            self->count++;
        } else {
            self->overflow = true;
            zmq_msg_close (message);
        }
        if (!more)
            return true;
    }
}

void
frames_close (frames_t *self)
{
    for (size_t at = 0; at < self->count; at++)
        zmq_msg_close (&self->messages[at]);
    self->count = 0;
}

const char *
frames_address (const frames_t *self)
{
    return self->count ? zmq_msg_gets (&self->messages[self->count - 1], "Peer-Address") : NULL;
}

//  A message that has begun must end: without memory its reader sees an empty frame.
static void
s_make (zmq_msg_t *message, bytes_t first, bytes_t second)
{
    if (zmq_msg_init_size (message, first.size + second.size) != 0) {
        zmq_msg_init (message);
        return;
    }
    uint8_t *data = zmq_msg_data (message);
    if (first.size)
        memcpy (data, first.data, first.size);
    if (second.size)
        memcpy (data + first.size, second.data, second.size);
}

static int
s_send (void *socket, zmq_msg_t *message, bool more)
{
    int sent;
    handover_give (zmq_msg_data (message));
    touch ();
    do
        sent = zmq_msg_send (message, socket, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
    while (sent < 0 && errno == EINTR);
    int code = sent < 0 ? errno : 0;
    if (code)
        zmq_msg_close (message);
    return code;
}

//  Bytes of the frames that are counted.
static uint64_t
s_large_bytes (const bytes_t *frames, size_t count)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < count; at++)
        if (frames[at].size >= LARGE_MIN)
            sum += frames[at].size;
    return sum;
}

//  Takes the message with these bytes out of `from`. False: it is not there, or copying it costs less.
static bool
s_move (zmq_msg_t *message, bytes_t frame, frames_t *from)
{
    if (frame.size < S_PASSED_MIN)
        return false;
    for (size_t at = 0; at < from->count; at++)
        if (from->frames[at].data == frame.data && from->frames[at].size == frame.size) {
            zmq_msg_init (message);
            zmq_msg_move (message, &from->messages[at]);
            from->frames[at] = bytes_of (NULL, 0);
            return true;
        }
    return false;
}

int
frames_pass (void *socket, bytes_t head, bytes_t head_rest, const bytes_t *frames, size_t count,
             frames_t *from, size_t first)
{
    zmq_msg_t message;
    s_make (&message, head, head_rest);
    int code = s_send (socket, &message, count > 0);
    for (size_t at = 0; at < count && code == 0; at++) {
        if (at < first || !s_move (&message, frames[at], from))
            s_make (&message, frames[at], bytes_of (NULL, 0));
        code = s_send (socket, &message, at + 1 < count);
    }
    return code;
}

//  On the thread that reads it last.
static void
s_let_go (void *data, void *hint)
{
    lent_t *owner = hint;
    (void) data;
    lent_let_go (&owner);
}

void
frames_lend (void *socket, bytes_t body, bytes_t value, lent_t *owner)
{
    zmq_msg_t message;
    s_make (&message, body, bytes_of (NULL, 0));
    if (s_send (socket, &message, true) != 0)
        return;
    lent_hold (owner);
    //  libzmq writes nothing there
    if (zmq_msg_init_data (&message, (void *) (uintptr_t) value.data, value.size, s_let_go, owner) != 0) {
        lent_let_go (&owner);
        s_make (&message, value, bytes_of (NULL, 0));
    }
    s_send (socket, &message, false);
}

int
frames_send (void *socket, bytes_t head, bytes_t head_rest, const bytes_t *frames, size_t count,
             large_t *large)
{
    uint64_t large_bytes = large ? s_large_bytes (frames, count) : 0;
    if (large_bytes && !large_fits (large, head, large_bytes))
        return EAGAIN;
    zmq_msg_t message;
    int code = 0;
    if (head.size + head_rest.size > 0) {
        s_make (&message, head, head_rest);
        code = s_send (socket, &message, count > 0);
    }
    //  Only the first frame can be refused: the socket takes the rest of a message that it began
    for (size_t at = 0; at < count && code == 0; at++) {
        bool counted = large && frames[at].size >= LARGE_MIN
                       && large_message (large, head, frames[at], &message);
        if (!counted)
            s_make (&message, frames[at], bytes_of (NULL, 0));
        code = s_send (socket, &message, at + 1 < count);
    }
    return code;
}

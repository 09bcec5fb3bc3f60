//  frames: one message of several frames, as a ROUTER or DEALER socket gives and takes it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FRAMES_H_INCLUDED
#define FRAMES_H_INCLUDED

#include <zmq.h>

#include "bytes.h"
#include "large.h"
#include "lent.h"
#include "wire.h"

#define FRAMES_ATTACHMENTS_MAX 256 // Of one message; a message with more is discarded
#define FRAMES_MAX (1 + WIRE_ENVELOPE_MAX + 1 + 1 + FRAMES_ATTACHMENTS_MAX)

typedef struct {
    zmq_msg_t messages[FRAMES_MAX];
    bytes_t frames[FRAMES_MAX]; // Views of them
    size_t count;
    bool overflow; // There were more, which have been thrown away
} frames_t;

//  Receives one message without blocking. False: there is none. Afterwards frames_close must be
//  called.
bool
    frames_receive (frames_t *self, void *socket);
void
    frames_close (frames_t *self);

//  The network address that the message came from, while it is not closed; NULL: from inside the process.
const char *
    frames_address (const frames_t *self);

//  Sends frames without blocking; all of them or none. head is a first frame of two parts that are
//  joined (either may be empty; both empty: no such frame). large counts frames of LARGE_MIN bytes and
//  more for the client `head`; NULL: nothing is counted. Returns 0, or the errno of the first frame:
//  EAGAIN (also if too many large bytes are on their way), EHOSTUNREACH.
int
    frames_send (void *socket, bytes_t head, bytes_t head_rest, const bytes_t *frames, size_t count,
                 large_t *large);

//  The same without counting. Frames from number `first` on that are a whole message of `from` leave it
//  without being copied, and are empty there afterwards.
int
    frames_pass (void *socket, bytes_t head, bytes_t head_rest, const bytes_t *frames, size_t count,
                 frames_t *from, size_t first);

//  Sends a body, and behind it a value, which is not copied but held until nobody reads it any more.
void
    frames_lend (void *socket, bytes_t body, bytes_t value, lent_t *owner);

#endif

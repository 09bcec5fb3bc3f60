//  large: large replies on their way out. High-water marks count messages, so they cannot bound the
//  bytes that a client lets lie; libzmq calls back when a message has left, so these can be counted.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LARGE_H_INCLUDED
#define LARGE_H_INCLUDED

#include <zmq.h>

#include "bytes.h"

#define LARGE_MIN (256u * 1024) // Bytes of a frame from which on it is counted

typedef struct large large_t;

//  most: bytes that may be on their way to one client; a single message may always go when nothing is.
//  NULL without memory.
large_t *
    large_new (uint64_t most);

//  What is still on its way stays good. Accepts NULL.
void
    large_destroy (large_t **self_p);

//  True if `bytes` more may be sent to this client.
bool
    large_fits (large_t *self, bytes_t route, uint64_t bytes);

//  Makes a message with a copy of a frame, counted for this client until it has left. False without
//  memory.
bool
    large_message (large_t *self, bytes_t route, bytes_t frame, zmq_msg_t *message);

#endif

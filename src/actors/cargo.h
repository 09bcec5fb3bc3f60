//  cargo: counts the bytes of messages that somebody else holds: a queue of libzmq, another actor. They are
//  not copied; libzmq calls back when a message is closed, wherever that is.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CARGO_H_INCLUDED
#define CARGO_H_INCLUDED

#include <zmq.h>

#include "buf.h"

typedef struct cargo cargo_t;

//  NULL without memory.
cargo_t *
    cargo_new (void);

//  What is still on its way stays good. Accepts NULL.
void
    cargo_release (cargo_t **self_p);

//  Bytes that are under way, and CARGO_EACH for each message.
#define CARGO_EACH 256
uint64_t
    cargo_bytes (const cargo_t *self);

//  The message is counted from now on until it is closed. False without memory: it is as it was.
bool
    cargo_load (cargo_t *self, zmq_msg_t *message);

//  Makes a message of what a buffer holds, without copying it; the buffer is empty then. False without
//  memory, or if the buffer has failed.
bool
    cargo_message (buf_t *bytes, zmq_msg_t *message);

#endif

//  talk: one connection of a Redis client. Bytes come in, commands are executed in their order, replies leave
//  in the same order, however late each of them is known.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TALK_H_INCLUDED
#define TALK_H_INCLUDED

#include "gateway.h"
#include "hearers.h"

//  address, local: "host:port" for CLIENT LIST, copied. owner: the caller's, see talk_owner. NULL without
//  memory.
talk_t *
    talk_new (gateway_t *gateway, const char *address, const char *local, void *owner);
//  Its answers from the grid are dropped. Accepts NULL.
void
    talk_destroy (talk_t **self_p);

void *
    talk_owner (const talk_t *self);

//  Where to put the next bytes that arrive: at least 1, as many as are worth reading at once. room 0: without
//  memory.
uint8_t *
    talk_room (talk_t *self, size_t *room);
//  So many bytes have been put there. Commands are executed.
void
    talk_read (talk_t *self, size_t size);

//  Nothing more will arrive: it ends when what it sent is answered.
void
    talk_finish (talk_t *self);

//  False: nothing more must be read now (replies are not taken, or too many commands wait).
bool
    talk_wants (const talk_t *self);

//  What is to be written; good until the next call of any function. Empty: nothing.
bytes_t
    talk_output (const talk_t *self);
//  So many bytes of it have been written.
void
    talk_wrote (talk_t *self, size_t size);

//  What it has subscribed to; it ends with the connection. NULL: nothing so far or, with make, without
//  memory.
hearer_t *
    talk_hearer (talk_t *self, bool make);
//  2 or 3.
unsigned
    talk_protocol (const talk_t *self);
//  Sends what is no reply: between two replies, never within one. Past the bounds of output for subscribers
//  the connection ends.
void
    talk_push (talk_t *self, bytes_t said);

typedef enum { TALK_OPEN, TALK_LAST, TALK_DEAD } talk_end_t;
//  TALK_LAST: to be closed when its output is written. TALK_DEAD: to be closed now.
talk_end_t
    talk_end (const talk_t *self);

#endif

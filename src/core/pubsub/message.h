//  message: what subscribers get behind the topic: a body, the signature "ZG\1" and one or more arrays
//    [publisher, channel, number, message]
//  publisher (uint) is the id of the member where it was published, 0 for what concerns the member that one
//  is connected to; channel and message are bin. number (uint) counts what this publisher has sent to this
//  topic: each is one more than the one before, or some were lost.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MESSAGE_H_INCLUDED
#define MESSAGE_H_INCLUDED

#include "../buf.h"
#include "../mp.h"

#define MESSAGE_ROOM_MAX (3 + 1 + 9 + 3 + 255 + 9 + 5) // Bytes of a body with one message, beside it

typedef struct {
    uint64_t publisher;
    bytes_t channel;
    uint64_t number;
    bytes_t message;
} message_t;

//  Adds one; the signature, too, if `out` is empty.
void
    message_add (buf_t *out, const message_t *message);

//  True: it begins as a body does; the reader stands at the first array.
bool
    message_open (bytes_t body, mp_t *reader);

//  Reads the next one. False: at the end, or *broken.
bool
    message_next (mp_t *reader, message_t *message, bool *broken);

#endif

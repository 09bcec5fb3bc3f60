//  topic: how a ZeroMQ subscription names what it wants. A publisher's XPUB compares prefixes; a topic ends
//  in a zero byte, which no name contains, so that it is a prefix of no other one:
//    "c" NAME 0      a channel
//    "p" PATTERN 0   all channels that match (glob.h)
//    "s" TOKEN 0     an answer, once: a message with this topic and a body without arrays comes when all
//                    members know what this connection subscribed to before; whoever asks chooses the token
//  SPDX-License-Identifier: MPL-2.0
#ifndef TOPIC_H_INCLUDED
#define TOPIC_H_INCLUDED

#include "../buf.h"

#define TOPIC_NAME_MAX 255                   // Bytes
#define TOPIC_SIZE_MAX (TOPIC_NAME_MAX + 2)  // Bytes of the frame

typedef enum { TOPIC_NONE = 0, TOPIC_CHANNEL = 'c', TOPIC_PATTERN = 'p', TOPIC_SYNC = 's' } topic_kind_t;

//  True for 1 … TOPIC_NAME_MAX bytes without a zero byte.
bool
    topic_name_valid (bytes_t name);

//  Reads a frame. TOPIC_NONE: it is no topic. *name lies in the frame.
topic_kind_t
    topic_read (bytes_t frame, bytes_t *name);

//  Writes the frame of a topic; room for TOPIC_SIZE_MAX bytes. Returns how many.
size_t
    topic_write (topic_kind_t kind, bytes_t name, uint8_t *frame);

//  Steps that glob_match takes for a pattern and any channel's name at most.
uint64_t
    topic_cost (bytes_t pattern);

#endif

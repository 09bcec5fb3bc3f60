//  stream: a storage actor's end of the way that batches of moves take: through the rebalancer of its node,
//  which says how many bytes may come.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STREAM_H_INCLUDED
#define STREAM_H_INCLUDED

#include <czmq.h>

#include "buf.h"
#include "haul.h"

typedef struct stream stream_t;

//  inproc: the rebalancer's ROUTER; need not be bound yet. NULL without memory or sockets. The caller owns
//  it.
stream_t *
    stream_new (uint32_t index, const char *inproc);

//  Accepts NULL.
void
    stream_destroy (stream_t **self_p);

zsock_t *
    stream_socket (stream_t *self);

//  Bytes that may be sent now: none, or enough for a batch. Asks for more where that is little.
size_t
    stream_room (stream_t *self);

//  Sends a body for storage actor `actor` of a member, and takes over what the buffer holds. It may be lost.
void
    stream_send (stream_t *self, node_id_t to, uint32_t actor, buf_t *body);

//  Takes one message, without blocking. False: there is none. body: from another member, until the next call;
//  empty if it was something else. *granted: more may be sent now.
bool
    stream_receive (stream_t *self, bytes_t *body, bool *granted);

#endif

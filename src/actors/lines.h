//  lines: connections to the client endpoints of storage actors, of this node and of others, all through
//  one ROUTER, so that an actor has one socket to read however many there are. Opened on first need,
//  closed when idle.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LINES_H_INCLUDED
#define LINES_H_INCLUDED

#include <czmq.h>

#include "cluster/view.h"

typedef struct {
    uint32_t most;     // Open at the same time; one more closes the one that was idle longest
    int hwm;           // Messages in the queue of one line, each way
    int64_t frame_max; // Bytes of a frame that comes
    uint64_t idle;     // Milliseconds without a message, then it is closed
    int io_affinity;   // 0: any I/O thread
} lines_config_t;

typedef struct lines lines_t;

//  NULL without memory or sockets. The caller owns it; used by one thread.
lines_t *
    lines_new (const lines_config_t *config);

//  What is still in the queues is lost. Accepts NULL.
void
    lines_destroy (lines_t **self_p);

zsock_t *
    lines_socket (lines_t *self);

//  True if there is a line to that storage actor.
bool
    lines_knows (const lines_t *self, node_id_t node, uint32_t actor);

//  Connects to it. False: it cannot.
bool
    lines_open (lines_t *self, node_id_t node, uint32_t actor, const char *endpoint, uint64_t now);

//  Sends a body through an open line, without blocking. The mark comes back with its replies. False: the
//  queue is full, or the line is no more.
bool
    lines_send (lines_t *self, node_id_t node, uint32_t actor, uint64_t mark, bytes_t body, uint64_t now);

//  Takes one message, without blocking. False: there is none. body is empty if it was not an answer;
//  otherwise it can be read until the next call.
bool
    lines_receive (lines_t *self, uint64_t *mark, bytes_t *body);

//  The network address of what was received last; NULL: from inside the process.
const char *
    lines_address (const lines_t *self);

//  Closes what leads to members that are not in the view, or SUSPECT: what waits in their queues is sent
//  again by whoever wants it to be.
void
    lines_set_view (lines_t *self, const view_t *view);

//  Closes what is idle. Once a turn.
void
    lines_turn (lines_t *self, uint64_t now);

#endif

//  links: one-way connections to the peer ports of other members: a DEALER, or a PUSH, for each node and
//  endpoint, opened on first need, closed when idle. Messages may be lost; whoever sends them knows.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LINKS_H_INCLUDED
#define LINKS_H_INCLUDED

#include <czmq.h>

#include "cluster/view.h"

typedef struct {
    int type;           // ZMQ_DEALER for links_send, ZMQ_PUSH for links_push
    uint32_t links_max; // Open at the same time; one more closes the one that was idle longest
    int sndhwm;         // Messages in the queue of one link
    uint64_t queue_max; // PUSH: bytes in it; 0: no limit. One message may always go when there is none
    uint64_t idle;      // Milliseconds without a message, then it is closed
    uint64_t stuck;     // Milliseconds in which the other side acknowledges no byte: connect anew; 0: never
    int io_affinity;    // 0: any I/O thread
} links_config_t;

#define LINKS_CONFIG_INIT { .type = ZMQ_DEALER, .links_max = 1024, .sndhwm = 1000, .idle = 60000 }

typedef struct {
    uint64_t sent, bytes;
    uint64_t dropped; // No connection, a full queue, no memory or sockets
    uint64_t opened;
} links_stats_t;

typedef struct links links_t;

//  NULL without memory. The caller owns it; used by one thread.
links_t *
    links_new (const links_config_t *config);

//  What is still in the queues is lost. Accepts NULL.
void
    links_destroy (links_t **self_p);

//  Sends a body of one frame to a node at an endpoint, without blocking. What is sent while a new link
//  is not yet connected waits for a second at most. node 0: whoever is there. False: dropped and counted.
//  A node that comes back under an endpoint with another id gets a link of its own: what was meant for
//  the one before it is not delivered to it.
bool
    links_send (links_t *self, node_id_t node, const char *endpoint, bytes_t body, uint64_t now);

//  Sends a message of some frames without blocking, and takes them over. The last one is not copied, and is
//  counted as queued until it has left; until the link is connected it waits in the queue. False: dropped
//  and counted.
bool
    links_push (links_t *self, node_id_t node, const char *endpoint, zmq_msg_t *frames, size_t count,
                uint64_t now);

//  Bytes that links_push has queued for a node and have not left.
uint64_t
    links_queued (links_t *self, node_id_t node, const char *endpoint);

//  Closes the links to whoever is not a member of the view: what waits there is lost.
void
    links_keep (links_t *self, const view_t *view);

//  Sends what waited, closes what is idle. Once a turn. Returns the milliseconds after which it wants to
//  be called again; UINT64_MAX: none.
uint64_t
    links_turn (links_t *self, uint64_t now);

const links_stats_t *
    links_stats (const links_t *self);

#endif

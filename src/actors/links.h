//  links: one-way connections to the peer ports of other members: a DEALER for each node and endpoint,
//  opened on first need, closed when idle. Messages may be lost; whoever sends them knows.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LINKS_H_INCLUDED
#define LINKS_H_INCLUDED

#include <czmq.h>

#include "cluster/view.h"

typedef struct {
    uint32_t links_max; // Open at the same time; one more closes the one that was idle longest
    int sndhwm;         // Messages in the queue of one link
    uint64_t idle;      // Milliseconds without a message, then it is closed
    uint64_t stuck;     // Milliseconds in which the other side acknowledges no byte: connect anew; 0: never
    int io_affinity;    // 0: any I/O thread
} links_config_t;

#define LINKS_CONFIG_INIT { .links_max = 1024, .sndhwm = 1000, .idle = 60000 }

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

//  Sends what waited, closes what is idle. Once a turn. Returns the milliseconds after which it wants to
//  be called again; UINT64_MAX: none.
uint64_t
    links_turn (links_t *self, uint64_t now);

const links_stats_t *
    links_stats (const links_t *self);

#endif

//  discover: other nodes on the local network, found by UDP broadcast (zbeacon). Tells addresses to ask
//  and nothing else: what is heard this way is no member and no vote.
//  SPDX-License-Identifier: MPL-2.0
#ifndef DISCOVER_H_INCLUDED
#define DISCOVER_H_INCLUDED

#include <czmq.h>

#include "cluster/view.h"

typedef struct discover discover_t;

//  Broadcasts on an interface that the peer port of this node is there, and listens for others. Sets
//  CZMQ's interface for the whole process. NULL: cannot; why says so. The caller owns it.
discover_t *
    discover_new (const char *interface, uint16_t udp_port, node_id_t node, uint16_t peer_port, buf_t *why);
void
    discover_destroy (discover_t **self_p);

//  What there is to read.
zsock_t *
    discover_socket (discover_t *self);

//  Takes one broadcast, without blocking. endpoint: where its sender's beacon is; "" if it was no such
//  broadcast, or this node's own. False: there is none.
bool
    discover_receive (discover_t *self, char *endpoint, size_t room);

#endif

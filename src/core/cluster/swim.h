//  swim: who is reachable, by gossip (Das, Gupta, Motivala, "SWIM", 2002) with suspicion and local
//  health (Dadgar, Phillips, Currey, "Lifeguard", 2017). A failure detector and an address book: it
//  never decides ownership. The load of each member does not depend on how many there are.
//
//  Updates are an array with four numbers for each: member, status, incarnation, and who says so.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SWIM_H_INCLUDED
#define SWIM_H_INCLUDED

#include "peer.h"

typedef struct swim swim_t;

typedef enum { SWIM_ALIVE, SWIM_SUSPECT, SWIM_DEAD } swim_status_t;

typedef struct {
    node_id_t self;
    uint64_t period;        // Milliseconds between probes; 1,000 by default, 200 in a fast profile
    uint64_t timeout;       // Of a direct probe; the period is the rest
    uint32_t indirect;      // Members asked to probe for us: 3
    uint64_t random;        // Seed
} swim_config_t;

typedef struct {
    void *arg;
    //  Sends one message (an encoded array, peer.h) to a node.
    void (*send) (void *arg, node_id_t to, bytes_t message);
    //  A member's status as gossip has it has changed.
    void (*changed) (void *arg, node_id_t node, swim_status_t status);
} swim_port_t;

//  NULL without memory.
swim_t *
    swim_new (const swim_config_t *config, const swim_port_t *port, uint64_t now);
void
    swim_destroy (swim_t **self_p);

//  Who is probed: the members of the view without this node. New ones begin ALIVE; those that are
//  missing are forgotten.
void
    swim_set_members (swim_t *self, const node_id_t *ids, size_t count, uint64_t now);

//  A message of type SWIM_…: the reader stands behind type; count fields follow. False: malformed,
//  nothing changed.
bool
    swim_receive (swim_t *self, node_id_t from, peer_type_t type, mp_t *reader, uint32_t count, uint64_t now);

//  Returns when it wants to be called again.
uint64_t
    swim_tick (swim_t *self, uint64_t now);

swim_status_t
    swim_status (const swim_t *self, node_id_t node);

//  Lifeguard's local health multiplier: 0 healthy … 8.
unsigned
    swim_health (const swim_t *self);

#endif

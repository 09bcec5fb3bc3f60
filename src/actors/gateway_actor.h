//  gateway_actor: Redis clients: their connections, and between them and the node's other actors the
//  gateway (core/gateway/gateway.h). What is asked of the grid goes to the router, which knows of owners
//  and of order.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GATEWAY_ACTOR_H_INCLUDED
#define GATEWAY_ACTOR_H_INCLUDED

#include "actor.h"
#include "gateway/gateway.h"

//  What it has counted; anybody may look. The names are those of stat.def behind "gateway_".
typedef struct {
#define STAT(name, kind, unit, purpose) _Atomic uint64_t name;
#include "gateway/gateway_stat.def"
#undef STAT
} gateway_status_t;

typedef struct {
    gateway_config_t config;    // port, talks_max and seed are filled in here; its texts live until it stops
    const char *endpoint;       // taps.h
    int backlog;                // Connections that wait to be taken
    gateway_port_t port;        // read and setting, with their arg; the others are filled in here
    const char *router_inproc;  // Bound before this one starts
    const char *hear_inproc;    // pubsub_actor_args_t.gateway_inproc; NULL: there is no such actor
    const char *beacon_inproc;  // The beacon's ROUTER "inner"; need not be bound yet
    gateway_status_t *status;   // Lives until it stops
} gateway_actor_args_t;

//  Connections are taken from the first view on; until then they wait in the system's queue.
//  Command: "ENDPOINT" answers where clients connect, with the real port.
extern const actor_spec_t gateway_actor_spec;

#endif

//  flow: what happens with a client that does not take its replies.
//
//  A well-behaved client is not known here at all. One whose replies cannot be sent gets a queue,
//  bounded by the window; while the queue is full its requests are refused, and past twice the window
//  they are discarded. One that takes nothing for mute_after milliseconds is muted: its queue is
//  thrown away and its requests are discarded for mute_for milliseconds. Everything is counted.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FLOW_H_INCLUDED
#define FLOW_H_INCLUDED

#include "buf.h"
#include "storage.h"

typedef struct flow flow_t;

typedef struct {
    uint64_t window_records;
    uint64_t window_bytes;
    uint64_t mute_after; // Milliseconds
    uint64_t mute_for;   // Milliseconds
    uint32_t routes_max; // Clients with a queue at a time
} flow_config_t;

//  counters: where queued, dropped, discarded and muted are counted; not owned. NULL without memory.
flow_t *
    flow_new (const flow_config_t *config, stats_t *counters);
void
    flow_destroy (flow_t **self_p);

typedef enum {
    FLOW_TAKE,   // Execute its records
    FLOW_BUSY,   // Answer each record with BUSY
    FLOW_DISCARD // Do nothing; it has been counted
} flow_verdict_t;

//  A message of `route` (its routing id) has arrived.
flow_verdict_t
    flow_arrival (flow_t *self, bytes_t route, uint64_t now);

//  True if replies of this client wait already, so that a new one must wait behind them.
bool
    flow_is_slow (const flow_t *self, bytes_t route);

//  A reply of some records could not be sent: keeps a copy of its frames (without the routing id),
//  or counts it as dropped if there is no room.
void
    flow_keep (flow_t *self, bytes_t route, const bytes_t *frames, size_t count, uint64_t records,
               uint64_t now);

//  Tries to send what waits: calls send (arg, route, frames, count) for each message in order, client
//  by client. send answers FLOW_SENT, FLOW_FULL (this client cannot take more) or FLOW_GONE.
typedef enum { FLOW_SENT, FLOW_FULL, FLOW_GONE } flow_sent_t;
typedef flow_sent_t (flow_send_fn) (void *arg, bytes_t route, const bytes_t *frames, size_t count);
void
    flow_retry (flow_t *self, flow_send_fn *send, void *arg, uint64_t now);

//  Bytes that wait for one client, and whether it is muted.
uint64_t
    flow_state (const flow_t *self, bytes_t route, uint64_t now, bool *muted);

//  Messages that wait, of all clients.
uint64_t
    flow_waiting (const flow_t *self);

//  Milliseconds until flow_retry should be called again; UINT64_MAX: nothing waits.
uint64_t
    flow_next (const flow_t *self);

#endif

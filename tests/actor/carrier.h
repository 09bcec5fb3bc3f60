//  carrier: one rebalancer in a cluster that the test plays: its beacon, its storage actors, and two other
//  members. One in a process; everything here fails the test that goes wrong.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CARRIER_H_INCLUDED
#define CARRIER_H_INCLUDED

#include "actors/rebalancer_actor.h"
#include "actors/stream.h"
#include "move/batch.h"

#define SELF 0x11u
#define OTHER 0x22u
#define THIRD 0x33u
#define CLUSTER 0xc1u
#define BATCH_MAX (1u << 20)

typedef struct {
    actor_t *actor;
    rebalancer_status_t status;
    zsock_t *beacon; // ROUTER, as the beacon's
    uint8_t route[256];
    size_t route_size;
    stream_t *streams[2]; // Of two storage actors
    zsock_t *others[2];   // PULL: of OTHER and THIRD
    zsock_t *push;        // To the rebalancer
    char *endpoint;
    uint64_t version;
    uint64_t rate;
    _Atomic unsigned lines;
} carrier_t;

extern carrier_t carrier;

//  Starts the rebalancer, and everybody else. There is no view yet.
void
    carrier_set_up (rebalancer_squeeze_t squeeze);
void
    carrier_tear_down (void);

//  As its beacon: a new view, with the rate, and with the other two if `others`.
void
    carrier_publish (bool others);

//  As a storage actor: the next body that comes. It lives until the next one.
bytes_t
    carrier_body (int actor);

//  Waits until it may send.
void
    carrier_await_room (int actor);

//  Waits for that, and sends a body of so many bytes, with a number.
void
    carrier_stream (int actor, node_id_t to, uint32_t to_actor, size_t size, uint64_t number);

//  A body of so many bytes that begins with a number; `plain`: lz4 finds nothing in it.
buf_t
    carrier_made (size_t size, uint64_t number, bool plain);
uint64_t
    carrier_number (bytes_t body);

//  As another member: the next batch at a PULL. The caller destroys the message.
zmsg_t *
    carrier_arrived (zsock_t *pull, batch_head_t *head, bytes_t *body);

//  A head as OTHER sends it, and a batch to the rebalancer.
batch_head_t
    carrier_head (size_t size);
void
    carrier_push (batch_head_t head, const void *data, size_t size);

//  Waits until a counter is there.
void
    carrier_await (_Atomic uint64_t *count, uint64_t wanted);

//  Sends a good batch: what was pushed before has been looked at once this returns.
void
    carrier_expect_taken (uint64_t number);

#endif

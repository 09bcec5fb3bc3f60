//  inner: what the beacon and the other actors of a node say to each other, over inproc. Each storage actor,
//  the router, the rebalancer, the pubsub actor and the gateway have one DEALER, connected to the beacon's
//  ROUTER "inner".
//  SPDX-License-Identifier: MPL-2.0
#ifndef INNER_H_INCLUDED
#define INNER_H_INCLUDED

#include "frames.h"
#include "cluster/cluster.h"

typedef enum {
    INNER_HERE = 1,  // To the beacon, once: who is at this end. It answers with VIEW as soon as it has one
    INNER_VIEW,      // From the beacon: a new view, with what HELLO and ROUTES answer from now on
    INNER_ASK,       // From a storage actor: cluster_ask
    INNER_HAND_OVER, // To a storage actor: storage_hand_over
    INNER_RECORD,    // From the router: a CLUSTER or ADMIN record
    INNER_ANSWER,    // To the router: its reply record
    INNER_MOVED,     // From a storage actor: how far a move is (move.h)
    INNER_EVENTS,    // To the router and the pubsub actor: what happened
    INNER_LIMIT
} inner_kind_t;

#define INNER_ROUTER UINT32_MAX           // As an index
#define INNER_REBALANCER (UINT32_MAX - 1)
#define INNER_PUBSUB (UINT32_MAX - 2)
#define INNER_GATEWAY (UINT32_MAX - 3)

//  Fields that a kind does not name are 0. Bytes lie in the frames that were received.
typedef struct {
    inner_kind_t kind;
    uint32_t index;               // HERE: of the storage actor, or INNER_ROUTER…
    peer_type_t what;             // ASK
    uint32_t partition;           // ASK, HAND_OVER, MOVED
    uint64_t epoch;               // ASK, HAND_OVER, MOVED
    node_id_t node;               // ASK, HAND_OVER, MOVED: its target
    uint64_t number;              // RECORD, ANSWER: chosen by the router, comes back
    bytes_t view;                 // VIEW: view_encode
    bytes_t hello;                // VIEW: pairs of the HELLO map, encoded, without the map's head…
    uint32_t hello_pairs;         // VIEW: …and how many
    bytes_t routes;               // VIEW: value of a ROUTES reply
    uint32_t state;               // MOVED, as the next three
    uint64_t entries, bytes, total;
    bytes_t record;               // RECORD: one request record; ANSWER: one reply record; EVENTS: for each
                                  // an array of its number, the view's version, and its JSON
} inner_t;

//  Sends without blocking. route: of a ROUTER's peer, NULL on a DEALER. False if the queue is full or
//  the peer is gone.
bool
    inner_send (void *handle, const bytes_t *route, const inner_t *message);

//  Takes one message without blocking. routed: the socket is a ROUTER, and the first frame of `frames`
//  is the route. False if there is none; kind is 0 if it was not one of these.
bool
    inner_receive (void *handle, frames_t *frames, bool routed, inner_t *message);

#endif

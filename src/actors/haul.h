//  haul: what the rebalancer and the storage actors of a node say to each other, over inproc: batches, which
//  are not copied, and how many bytes of them may come. Each storage actor has one DEALER, connected to the
//  rebalancer's ROUTER.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HAUL_H_INCLUDED
#define HAUL_H_INCLUDED

#include <zmq.h>

#include "cluster/view.h"

typedef enum {
    HAUL_HERE = 1, // To the rebalancer, once: which storage actor is at this end
    HAUL_WANT,     // To the rebalancer: it would send so many bytes more
    HAUL_GRANT,    // To a storage actor: it may send so many more
    HAUL_BATCH     // To the rebalancer: a body for another member; to a storage actor: one of another member
} haul_kind_t;

//  Fields that a kind does not name are 0.
typedef struct {
    haul_kind_t kind;
    uint32_t actor; // HERE: of the sender; BATCH: of the member `node`
    node_id_t node; // BATCH to the rebalancer: whom it is for
    uint64_t bytes; // WANT, GRANT
} haul_t;

//  Bytes: less is not granted, because a batch is hardly larger, unless one entry is; more than HAUL_MOST no
//  storage actor has in store.
#define HAUL_LEAST ((256u + 64u) << 10)
#define HAUL_MOST (1u << 20)

//  Sends without blocking. route: of a ROUTER's peer, NULL on a DEALER. body: what a BATCH carries, or NULL;
//  it is taken over. False: the queue is full or the peer is gone.
bool
    haul_send (void *handle, const bytes_t *route, const haul_t *head, zmq_msg_t *body);

//  Takes one message without blocking. route: for a ROUTER, the first frame; else NULL. body, and route, are
//  made, and have to be closed, if it returns true. kind is 0 if it was not one of these.
bool
    haul_receive (void *handle, zmq_msg_t *route, haul_t *head, zmq_msg_t *body);

//  One frame, without blocking; the message has to be closed in any case. False: there is none.
bool
    haul_take (void *handle, zmq_msg_t *message);

#endif

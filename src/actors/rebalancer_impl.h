//  rebalancer_impl: what the files of the rebalancer share. For rebalancer_*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef REBALANCER_IMPL_H_INCLUDED
#define REBALANCER_IMPL_H_INCLUDED

#include "cargo.h"
#include "haul.h"
#include "inner.h"
#include "links.h"
#include "move/batch.h"
#include "move/rate.h"
#include "rebalancer_actor.h"
#include "refusals.h"
#include "squeeze.h"

#define REBALANCER_ROUTE_MAX 32

//  A storage actor of this node.
typedef struct {
    uint8_t route[REBALANCER_ROUTE_MAX];
    size_t route_size; // 0: it has not come yet
    uint64_t wants;    // Bytes that it asked for
} rebalancer_storage_t;

//  Another member.
typedef struct {
    node_id_t node;
    bool plain;           // Cannot take what is compressed
    uint64_t plain_again; // This one told it the same; then not before
} rebalancer_member_t;

typedef struct {
    node_id_t id;
    uint32_t actors;
    uint64_t batch_max;
    rebalancer_squeeze_t mode;
    rebalancer_status_t *status;
    note_t note;
    zsock_t *beacon, *inner, *pull;
    void *beacon_handle, *inner_handle, *pull_handle;
    char *inproc, *endpoint;
    frames_t frames;
    links_t *links;
    view_t *view;                 // NULL: none yet
    rebalancer_member_t *members; // Of it, in its order
    bool view_lost;               // For want of memory
    uint64_t view_again;
    rebalancer_storage_t storages[VIEW_ACTORS_MAX];
    uint32_t turn_of; // Whose wish is looked at first
    rate_t rate;
    squeeze_t squeeze;
    cargo_t *inbound; // What the storage actors have not dealt with
    refusals_t refusals;
    buf_t head;
    uint64_t now;
} rebalancer_t;

//  The member of the view, or NULL.
rebalancer_member_t *
    rebalancer_member (rebalancer_t *self, node_id_t node);

//  rebalancer_out.c

//  Takes one message of a storage actor. False: there is none.
bool
    rebalancer_receive_inner (rebalancer_t *self);

//  Gives what the pace allows to those that asked. Returns the milliseconds until there is more; UINT64_MAX:
//  nobody waits.
uint64_t
    rebalancer_grant (rebalancer_t *self);

//  Tells a member that what is compressed cannot be read here.
void
    rebalancer_ask_plain (rebalancer_t *self, rebalancer_member_t *member);

//  rebalancer_in.c

//  True: the storage actors can take more batches.
bool
    rebalancer_has_room (const rebalancer_t *self);

//  Takes one message of another member. False: there is none.
bool
    rebalancer_receive_batch (rebalancer_t *self);

#endif

//  beacon_impl: what the files of the beacon share. For beacon_*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BEACON_IMPL_H_INCLUDED
#define BEACON_IMPL_H_INCLUDED

#include "beacon_actor.h"
#include "beacon_log.h"
#include "discover.h"
#include "probe.h"

#define BEACON_STORAGE_MAX 64
#define BEACON_ADMIN_MAX 64
#define BEACON_ROUTE_MAX 32

//  An actor of this node.
typedef struct {
    uint8_t route[BEACON_ROUTE_MAX];
    size_t route_size; // 0: it has not come yet
    uint64_t version;  // Of the view that it was sent
} beacon_inner_t;

//  An operator's request that is under way.
typedef struct {
    uint64_t number; // Of cluster_admin; 0: free
    uint64_t asked;  // The router's number
    uint64_t id;     // Of the record
} beacon_admin_t;

//  When another member was heard last.
typedef struct {
    node_id_t node;
    uint64_t heard, probed;
} beacon_heard_t;

typedef struct {
    cluster_t *cluster;
    cluster_timing_t timing;
    node_id_t id;
    lease_t *lease;
    beacon_status_t *status;
    beacon_words_t words;
    zsock_t *peers; // NULL: none can come
    void *peers_handle;
    char *peer_endpoint; // As bound
    zsock_t *inner;
    void *inner_handle;
    char *inner_inproc;
    links_t *links;
    frames_t frames;
    uint32_t actors;
    beacon_inner_t inners[BEACON_STORAGE_MAX + 1]; // Storage actors, and the router behind them
    beacon_admin_t admins[BEACON_ADMIN_MAX];
    uint32_t admins_open;
    view_t *view;     // The newest that was published inside the node, with this node in it
    buf_t encoded, hello, routes; // Of it
    uint32_t hello_pairs;
    beacon_heard_t *heard; // One for each member of the view
    discover_t *discover; // NULL: seeds are all it knows
    probes_t probes;
    uint64_t probe_at;
    beacon_log_t log;
    uint64_t now;
    bool sent;        // Through `inner`
} beacon_t;

//  beacon_inner.c

//  Sends to an actor of this node, without blocking. False: it is not there, or its queue is full.
bool
    beacon_send_inner (beacon_t *self, const beacon_inner_t *inner, const inner_t *message);

//  Takes one message of an actor of this node. False: there is none.
bool
    beacon_receive_inner (beacon_t *self);

//  Answers requests of operators that have been decided.
void
    beacon_end_admins (beacon_t *self);

//  beacon_view.c

//  When a member of the view was heard last; NULL: it is none.
beacon_heard_t *
    beacon_heard (beacon_t *self, node_id_t node);

//  Looks whether there is a newer view, and makes what the others are told of it.
void
    beacon_take_view (beacon_t *self);

//  Sends the view to the actors that have not got it. False: some could not take it.
bool
    beacon_publish (beacon_t *self);

//  Tells the node how things stand.
void
    beacon_tell_status (beacon_t *self);

#endif

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

//  What happened in this turn, for the router.
typedef struct {
    uint64_t number;  // Of the last event
    buf_t events;     // As INNER_EVENTS has them
    uint64_t refused_at; // When REFUSED was told last
} beacon_news_t;

//  Moves under way from this node.
#define BEACON_MOVES_MAX 1024
typedef struct {
    uint32_t count;
    move_info_t list[BEACON_MOVES_MAX];
} beacon_moves_t;

typedef struct {
    cluster_t *cluster;
    cluster_timing_t timing;
    node_id_t id;
    char name[VIEW_NAME_MAX + 1];
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
    uint32_t inners_count;
    uint32_t rebalancer, pubsub, gateway; // Places of them; UINT32_MAX: they do not come
    beacon_inner_t inners[BEACON_STORAGE_MAX + 4]; // Storage actors, behind them the router, and those
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
    beacon_news_t news;
    beacon_moves_t moves;
    uint64_t now;
    uint64_t wall;    // Unix time in milliseconds
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

//  beacon_news.c

//  Something happened; the router is told at the end of the turn.
void
    beacon_happened (beacon_t *self, cluster_event_t kind, uint32_t partition, node_id_t node,
                     const char *text);

//  A storage actor says how far a move is.
void
    beacon_moved (beacon_t *self, const inner_t *message);

//  Forgets moves that the view says are over, should nobody have said so.
void
    beacon_end_moves (beacon_t *self);

//  Tells router and pubsub actor what happened since the last turn. What they do not take is lost.
void
    beacon_tell_news (beacon_t *self);

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

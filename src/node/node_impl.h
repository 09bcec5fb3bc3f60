//  node_impl: what the files of the node share. For node*.c and local_read.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef NODE_IMPL_H_INCLUDED
#define NODE_IMPL_H_INCLUDED

#include <stdatomic.h>
#include <zgrid_node.h>
#include <zgrid_version.h>

#include "actors/actor.h"
#include "actors/beacon_actor.h"
#include "actors/door.h"
#include "actors/gateway_actor.h"
#include "actors/node_info.h"
#include "actors/pubsub_actor.h"
#include "actors/rebalancer_actor.h"
#include "client/client_inner.h"
#include "node/log.h"
#include "node/settings.h"

#define NODE_ACTORS_MAX 64

typedef struct node_gateway node_gateway_t; // What its gateway uses of a node

struct zgrid_node {
    settings_t *settings;
    log_t *log;
    buf_t why;          // Of the last failure; ends with a zero byte
    char *name;
    char *endpoint;     // "" if it listens nowhere
    uint32_t actors;
    uint32_t partitions;
    epochs_t *epochs;
    storage_t *storages[NODE_ACTORS_MAX];
    actor_t *storage_actors[NODE_ACTORS_MAX];
    actor_t *router;
    actor_t *rebalancer; // NULL if the node stays alone, or is a witness
    actor_t *pubsub;
    actor_t *beacon;
    actor_t *gateway;    // NULL: there is none
    node_gateway_t *gateway_own;
    char *gateway_endpoint;
    char *client_inprocs[NODE_ACTORS_MAX]; // Where local clients reach the storage actors
    char *peer_inprocs[NODE_ACTORS_MAX];
    char *router_inproc;
    char *beacon_inproc;
    char *moves_inproc;
    char *pubsub_inproc;                   // Requests; what other actors publish; subscribers
    char *publish_inproc;
    char *subscribe_inproc;
    char *hear_inproc;                     // Where the gateway subscribes
    char *endpoints[NODE_ACTORS_MAX];      // Of the storage actors, for clients elsewhere
    char *data_endpoints[NODE_ACTORS_MAX]; // Of the same, for other members; "" if the node stays alone
    char *peer_endpoint;                   // Of the beacon; "" if the node stays alone
    char *move_endpoint;                   // Of the rebalancer; NULL without one
    char *subscribe_endpoint;              // Where subscribers connect; "" if it listens nowhere
    char *mesh_endpoint;                   // The same for members; "" if the node stays alone
    node_id_t id;
    char id_text[17];
    lease_t lease;
    beacon_status_t status;
    rebalancer_status_t moves;
    pubsub_status_t pubsub_status;
    gateway_status_t gateway_status;
    uint64_t left_version;    // The beacon's alone: of the view that has so many moves left
    uint32_t left;
    cluster_timing_t timing;
    node_info_t info;         // What storage actors and router begin with
    _Atomic bool interrupted; // zgrid_node_interrupt
    bool running;
    bool readers;       // Storage actors know that local readers may come
};

//  Says what went wrong: a format as printf's.
void
    node_fail (zgrid_node_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

//  The text of a setting.
const char *
    node_text (const zgrid_node_t *self, setting_t id);

//  The first frame of the answer to a command, as text that the caller frees.
char *
    node_ask (actor_t *actor, const char *command);

//  Storage actors keep what local readers may still look at, from before the first one comes.
void
    node_expect_readers (zgrid_node_t *self);

//  How the node's actors write to its log.
note_t
    node_note (zgrid_node_t *self);

//  ------------------------------------------------------------------------------------------------
//  node_address.c

//  True if clients from elsewhere may come.
bool
    node_listens (const zgrid_node_t *self);

//  True if other members may come.
bool
    node_has_peers (const zgrid_node_t *self);

//  Where storage actors listen for clients, and for other members, the rebalancer for batches, and the pubsub
//  actor for subscribers, and for other members; NULL: nowhere. The caller frees it.
char *
    node_storage_endpoint (const zgrid_node_t *self);
char *
    node_data_endpoint (const zgrid_node_t *self);
char *
    node_move_endpoint (const zgrid_node_t *self);
char *
    node_subscribe_endpoint (const zgrid_node_t *self);
char *
    node_mesh_endpoint (const zgrid_node_t *self);

//  What others are told: the bound address with the advertised host. The caller frees it.
char *
    node_advertised (const zgrid_node_t *self, const char *endpoint);

//  What others connect to: the host of this node's data sockets, as advertised; "" if it has none.
void
    node_host (const zgrid_node_t *self, char *host, size_t room);

//  The port of a TCP endpoint if it is reached under that host; else 0.
uint16_t
    node_port (const char *endpoint, const char *host);

//  ZGRID_OK, or why the addresses cannot be used as they are set.
int
    node_check_addresses (zgrid_node_t *self);

//  I/O threads for what members tell each other: a flood of clients must not delay it.
int
    node_peer_affinity (void);

//  What an actor is bound to, as others are told. The caller frees it.
char *
    node_bound (const zgrid_node_t *self, actor_t *actor, const char *command);

//  ------------------------------------------------------------------------------------------------
//  node_channel.c

//  Starts the rebalancer, if there is anything that could move.
bool
    node_start_rebalancer (zgrid_node_t *self);

//  ------------------------------------------------------------------------------------------------
//  node_pubsub.c

//  Names that other actors connect to, before it is there.
void
    node_name_pubsub (zgrid_node_t *self);
//  Starts the pubsub actor, behind whoever publishes.
bool
    node_start_pubsub (zgrid_node_t *self);

//  ------------------------------------------------------------------------------------------------
//  node_gateway.c

//  True if Redis clients may come.
bool
    node_has_gateway (const zgrid_node_t *self);
//  Starts the gateway, if there is to be one, behind all that it asks.
bool
    node_start_gateway (zgrid_node_t *self);
//  Nothing happens if there is none.
void
    node_stop_gateway (zgrid_node_t *self, uint64_t drain);

//  ------------------------------------------------------------------------------------------------
//  node_cluster.c

//  A new id for this start, and what the settings say of time.
bool
    node_begin_life (zgrid_node_t *self);

//  Starts the beacon, behind storage actors and router: it tells others where they are.
bool
    node_start_beacon (zgrid_node_t *self);

//  Waits until the node serves: ZGRID_OK; ZGRID_TRYAGAIN: begin anew, with a new id; else what has gone
//  wrong (node_fail was called).
int
    node_await_cluster (zgrid_node_t *self);

//  Asks the cluster to take over what this node holds, and waits for that, for limits.leave at most.
void
    node_leave_cluster (zgrid_node_t *self);

//  ------------------------------------------------------------------------------------------------
//  node_describe.c: for beacon_words_t; arg is the node

uint32_t
    node_describe_hello (void *arg, const view_t *view, buf_t *out);
void
    node_describe_routes (void *arg, const view_t *view, buf_t *out);
void
    node_describe_cluster (void *arg, const beacon_question_t *question, buf_t *out);

//  A pair of a map.
void
    node_describe_number (buf_t *out, const char *name, uint64_t number);
void
    node_describe_text (buf_t *out, const char *name, const char *text);

//  ------------------------------------------------------------------------------------------------
//  node_moves.c: pairs of the answer to CLUSTER

//  "moves": how the moves stand.
void
    node_describe_moves (zgrid_node_t *self, const beacon_question_t *question, buf_t *out);

//  "plan": what there is to move.
void
    node_describe_plan (const view_t *view, buf_t *out);

//  ------------------------------------------------------------------------------------------------
//  local_read.c

local_t *
    local_open (zgrid_node_t *node);

#endif

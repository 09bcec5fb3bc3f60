//  cluster: one node's part in agreeing on the view: founding or joining, the register (voters,
//  ballots), the coordinator's decisions when it is this node, the lease, and SWIM beside them. A
//  function of its state, the messages, and the time it is told; whoever drives it owns sockets and
//  clocks. doc/consistency.md explains the protocol.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLUSTER_H_INCLUDED
#define CLUSTER_H_INCLUDED

#include "event.h"
#include "lease.h"
#include "peer.h"

typedef struct cluster cluster_t;

//  Milliseconds.
typedef struct {
    uint64_t lease;     // 1,000; heartbeats are an eighth of it
    uint64_t detection; // 1,000: so long silent, then SUSPECT
    uint64_t forget;    // 60,000: a SUSPECT that holds nothing is forgotten
    uint64_t era;       // 600,000
    uint64_t meet;      // 30,000: without progress a founder begins anew (CLUSTER_STUCK)
} cluster_timing_t;

typedef struct {
    member_t self;               // id, name, addresses…; status and generation are ignored
    uint32_t partitions;
    uint8_t copies;              // Used when this node founds the cluster
    uint8_t voters_max;
    uint8_t on_lost;
    bool bootstrap;              // Found a cluster of one, even with seeds
    uint32_t expect;             // Found one with so many; 0: do not
    const char *const *seeds;    // Beacon endpoints; none: found a cluster of one
    uint32_t seeds_count;
    uint32_t moves_max;          // Learners that a member may have, and may feed, at the same time
    uint64_t move_rate;          // Bytes a second; used when this node founds the cluster
    cluster_timing_t timing;
    uint8_t random[48];          // From the system: cluster id, hash seed, timeouts
} cluster_config_t;

typedef enum {
    CLUSTER_MEETING, // Knows no cluster yet
    CLUSTER_JOINING, // Knows one, is not yet a member of it
    CLUSTER_MEMBER,
    CLUSTER_REFUSED, // Another cluster, another partition count, or forgotten: the process must end
    CLUSTER_STUCK,   // Founding made no progress: begin anew with a new id
    CLUSTER_LEFT     // Left as it was asked to; nothing depends on it any more
} cluster_state_t;

//  All are called from within the functions below, and must not call them.
typedef struct {
    void *arg;
    //  Sends a body to a node. endpoint: where its beacon is ("tcp://host:port"). Nothing is expected
    //  of it: messages may be lost.
    void (*send) (void *arg, node_id_t to, const char *endpoint, bytes_t body);
    //  What happened, for the log and for whoever listens. partition is UINT32_MAX where none is meant;
    //  node may be 0, text NULL.
    void (*event) (void *arg, cluster_event_t event, uint32_t partition, node_id_t node, const char *text);
    //  PEER_HANDOVER_PLEASE from the coordinator (itself included): the storage actor of this node that
    //  owns the partition shall seal it and hand it over (storage_hand_over).
    void (*hand_over) (void *arg, uint32_t partition, uint64_t epoch, node_id_t node);
} cluster_port_t;

//  config is copied, seeds included. lease is where the lease goes, and must live as long. NULL
//  without memory. The caller owns it.
cluster_t *
    cluster_new (const cluster_config_t *config, const cluster_port_t *port, lease_t *lease, uint64_t now);
void
    cluster_destroy (cluster_t **self_p);

//  A body from another node's beacon. Whatever is wrong with it is counted and changes nothing.
void
    cluster_receive (cluster_t *self, bytes_t body, uint64_t now);

//  One more address that it may ask while it knows no cluster (discovery found it). Copied; ignored if
//  it is known or there are too many.
void
    cluster_add_seed (cluster_t *self, const char *endpoint);

//  Its address refused a connection, or another process answered there: as good as silence for
//  `detection` (consistency 4).
void
    cluster_unreachable (cluster_t *self, node_id_t node, uint64_t now);

//  From a storage actor of this node, which is the partition's primary: PEER_RECONF, PEER_JOIN,
//  PEER_HANDOVER or PEER_DROP_LEARNER. Repeated by the caller until its epoch changes.
void
    cluster_ask (cluster_t *self, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node,
                 uint64_t now);

//  An operator's request, carried to the coordinator if that is another node:
//    "set" "copies" N | "set" "on_lost" "refuse"|"wipe" | "set" "voters" N
//    "map" NAME SETTING VALUE… (map_setting.def) | "map" NAME "reset": takes all of them back but the mode
//    "drain" MEMBER | "handover" P MEMBER | "learner" P MEMBER
//    "rebalance" | "rebalance" "pause"|"resume" | "rebalance" "rate" BYTES_A_SECOND: the text of the answer
//    says how many moves are planned
//    "recover" P "accept-data-loss" | "refound" "accept-data-loss" (this node alone)
//  Returns a number that cluster_answer is asked for; 0: refused at once (too many are open).
uint64_t
    cluster_admin (cluster_t *self, const bytes_t *words, size_t count, uint64_t now);

//  True once the request was carried out or refused; status is a ZGRID_… number, text says why (lives
//  until the next call of any function). Each number is answered once. After 5 s without an answer:
//  TIMEOUT.
bool
    cluster_answer (cluster_t *self, uint64_t number, unsigned *status, const char **text, uint64_t now);

//  Does what time demands. Returns when it wants to be called again (milliseconds of the same clock);
//  earlier calls do no harm. The functions above bring that forward: it is called after them, too.
uint64_t
    cluster_tick (cluster_t *self, uint64_t now);

//  The newest committed view, NULL before there is one. Good until the next call of any function.
const view_t *
    cluster_view (const cluster_t *self);
cluster_state_t
    cluster_state (const cluster_t *self);
//  Why it was refused; "" otherwise.
const char *
    cluster_why (const cluster_t *self);
node_id_t
    cluster_coordinator (const cluster_t *self); // Last heard of; 0: nobody
bool
    cluster_is_coordinator (const cluster_t *self); // And its barrier is committed

//  Begins to leave: LEAVING, primaries and copies move away; CLUSTER_LEFT when that is done.
void
    cluster_leave (cluster_t *self, uint64_t now);

//  For the simulator's invariants: the accepted state, NULL if this node has none.
const view_t *
    cluster_accepted (const cluster_t *self);

typedef struct {
    uint64_t sent, received, refused; // Messages; refused: foreign, forged, malformed
    uint64_t elections, commits, failovers, joins, handovers, removals, voter_swaps, suspects;
    //  States that went out as deltas; that came so; of the latter those that led nowhere from here, so
    //  that the whole was asked for; bytes by which what went out was less than the whole.
    uint64_t deltas_sent, deltas_applied, deltas_refused, delta_bytes_saved;
} cluster_stats_t;
const cluster_stats_t *
    cluster_stats (const cluster_t *self);

#endif

//  grid: a few control planes (cluster.h) in one process, with virtual time and a network that can be
//  cut. Storage actors are played: a learner joins, a handover is made, a silent backup is removed after
//  a while, unless a test says otherwise.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GRID_H_INCLUDED
#define GRID_H_INCLUDED

#include "cluster/cluster.h"

#define GRID_MAX 72
#define GRID_PARTITIONS_MAX 64
#define GRID_DELAY_MAX 4

typedef struct grid grid_t;

typedef struct {
    grid_t *grid;
    cluster_t *cluster;   // NULL: does not run
    lease_t lease;
    member_t member;
    uint64_t next;        // When it wants its tick
    uint64_t paused_until;
    bool cut;             // Nothing gets in or out
    uint64_t sent;        // Messages
    peer_type_t last;     // The type of the last one
    unsigned events[EVENT_LIMIT];
    uint64_t event_at[EVENT_LIMIT]; // The last one
    uint64_t sealed[GRID_PARTITIONS_MAX]; // Was asked to hand over in that epoch…
    node_id_t heirs[GRID_PARTITIONS_MAX]; // …to that node
} grid_node_t;

struct grid {
    grid_node_t nodes[GRID_MAX];
    unsigned count;
    uint64_t now;
    cluster_config_t config; // Of the next node: self, random and seeds are filled in
    const char *seeds[GRID_MAX];
    bool idle_storage;       // Nobody plays the storage actors
    bool tolerant;           // Two that serve the same partition are counted, not asserted
    unsigned violations;
    unsigned loss;           // Per cent of messages
    uint64_t dice;
    bool (*cut) (const grid_t *grid, unsigned from, unsigned to); // NULL: only nodes that are cut
    struct grid_message *first[GRID_DELAY_MAX], *last[GRID_DELAY_MAX]; // On their way, by millisecond
    uint64_t states_checked;
    struct grid_state *states; // Committed: version and digest (one for each version)
};

//  copies 2, voters 3, 8 partitions, lease 800, detection 450.
void
    grid_init (grid_t *self, uint64_t seed);
void
    grid_clear (grid_t *self);

//  Starts a node; its number. Members named "n0", "n1"… at host 10.0.0.N. seeds: of config, or the
//  first node's address if `join`.
unsigned
    grid_start (grid_t *self, bool join);
//  Another process where a killed one was; its number.
unsigned
    grid_restart (grid_t *self, unsigned killed, bool join);
void
    grid_kill (grid_t *self, unsigned node);
node_id_t
    grid_id (const grid_t *self, unsigned node);
//  GRID_MAX: none has that id.
unsigned
    grid_number (const grid_t *self, node_id_t id);
//  Founds a cluster of so many; once it is healthy, its coordinator's number.
unsigned
    grid_begin (grid_t *self, unsigned many);

//  Lets time pass. Asserts all along that each version is committed with one content only, and that no
//  two nodes hold a lease for the same partition as its primary.
void
    grid_run (grid_t *self, uint64_t milliseconds);

//  Until `holds`; asserts that it does within `milliseconds`. Returns how long it took.
typedef bool (grid_fn) (grid_t *self);
uint64_t
    grid_until (grid_t *self, uint64_t milliseconds, grid_fn *holds);

//  Conditions
bool
    grid_healthy (grid_t *self); // One coordinator, all that run are UP, all copies, no learner, no swap
unsigned
    grid_coordinator (grid_t *self); // Its number, or GRID_MAX
const view_t *
    grid_view (grid_t *self);    // The newest that anybody knows
bool
    grid_leased (grid_t *self, unsigned node);

//  A request of an operator at a node, and its answer.
unsigned
    grid_admin (grid_t *self, unsigned node, const char *words, const char **text);

//  Hands a body to a node as if it had come from the network.
void
    grid_deliver (grid_t *self, unsigned node, bytes_t body);

#endif

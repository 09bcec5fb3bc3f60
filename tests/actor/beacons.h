//  beacons: beacons in one process; the test plays their storage actors and routers. One set in a process;
//  everything here fails the test that goes wrong.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BEACONS_H_INCLUDED
#define BEACONS_H_INCLUDED

#include "actors/beacon_actor.h"

#define BEACONS_COUNT 3
#define BEACONS_PARTITIONS 16

//  A node that has a beacon, and nothing behind it.
typedef struct {
    node_id_t id;
    actor_t *beacon; // NULL: killed
    lease_t lease;
    beacon_status_t status;
    char *endpoint;
    char inproc[64];
    zsock_t *storage, *router;
    view_t *view; // The newest that its storage actor was sent
    uint64_t answers;
    buf_t answer;   // The last one that its router got
    buf_t events;   // All that its router was told, one behind the other
    uint32_t moves; // Under way, as the beacon knew when it was asked last
} beacons_node_t;

//  Those that were not started are empty.
extern beacons_node_t beacons[BEACONS_COUNT];

//  How one is started. 0: as is usual.
typedef struct {
    const char *seed; // NULL: none
    uint32_t expect;
    uint64_t lease, detection;
    bool alone;
    uint32_t partitions;
} beacons_plan_t;

typedef bool (beacons_done_fn) (void);

//  What a node would tell clients.
beacon_words_t
    beacons_words (beacons_node_t *node);
//  Starts one. It founds a cluster, or joins that of its seed.
void
    beacons_start (beacons_node_t *node, const beacons_plan_t *plan);
void
    beacons_kill (beacons_node_t *node);
//  All of them, and what they were told.
void
    beacons_end (void);
//  All, which found one cluster; waits until it is healed.
void
    beacons_found (const beacons_plan_t *plan);
//  Plays until it is so. False: it is not, and much time has passed.
bool
    beacons_until (beacons_done_fn *done);
//  Those that run serve, and have a view.
bool
    beacons_all_serve (void);
//  All that run have the same view; every partition has two copies, both on members that run.
bool
    beacons_all_healed (void);

#endif

//  ap_net: replicas of ap maps over a virtual network with loss, delay and cuts. Time is counted, not
//  waited for. Member n has the id n + 1.
//  SPDX-License-Identifier: MPL-2.0
#ifndef AP_NET_H_INCLUDED
#define AP_NET_H_INCLUDED

#include "replica/ap.h"

#define AP_NODES 4
#define AP_PARTITIONS 4
#define AP_FLYING_MAX 8192
#define AP_GRACE 60000u

typedef struct {
    uint64_t at;
    uint32_t from, to;
    bytes_t message;
} ap_flying_t;

typedef struct {
    ap_t *ap;
    view_t *view; // As it knows it
    int64_t skew; // Of its wall clock
} ap_node_t;

typedef struct {
    ap_node_t nodes[AP_NODES];
    view_t *view; // The newest
    ap_flying_t flying[AP_FLYING_MAX];
    uint32_t flying_count;
    uint64_t now, random;
    uint32_t loss; // Percent
    bool cut[AP_NODES][AP_NODES];
} ap_net_t;

extern ap_net_t ap_net;

//  The first `reps` members have each partition.
void
    ap_net_start (uint32_t reps, uint64_t seed);
//  Verifies all members as well.
void
    ap_net_stop (void);
uint32_t
    ap_net_roll (uint32_t sides);
void
    ap_net_run (uint64_t duration);
void
    ap_net_cut (uint32_t a, uint32_t b, bool cut);
//  Changes a row of the newest view; nobody knows it yet.
void
    ap_net_set_reps (uint32_t partition, const node_id_t *ids, uint8_t count);
//  Gives a member the newest view.
void
    ap_net_give_view (uint32_t index);
//  Hands a message to a member. What ap_peer says.
bool
    ap_net_receive (uint32_t to, node_id_t from, bytes_t message);

//  Executes an operation at a node, on the map "m". The reply lives until the next one; status MOVED:
//  not listed.
reply_t
    ap_net_ask (uint32_t node, op_t op, const char *key, value_t value, const options_t *options);
//  PUT that must work; returns the version.
uint64_t
    ap_net_put (uint32_t node, const char *key, const char *text);
//  What GET must answer; NULL: NOTFOUND.
void
    ap_net_expect (uint32_t node, const char *key, const char *text);
void
    ap_net_expect_everywhere (uint32_t nodes, const char *key, const char *text);
uint64_t
    ap_net_lost (void);
void
    ap_net_check_converged (void);

#endif

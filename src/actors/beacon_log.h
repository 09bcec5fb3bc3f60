//  beacon_log: what happens in the cluster, as lines of the log. What concerns single partitions comes in
//  hundreds: it is added up, one line a second.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BEACON_LOG_H_INCLUDED
#define BEACON_LOG_H_INCLUDED

#include "cluster/cluster.h"
#include "refusals.h"

#define BEACON_LOG_LATE_MAX 32

typedef struct {
    note_t note;
    refusals_t refusals;
    uint64_t counts[EVENT_ADMIN + 1]; // Since the last line
    uint32_t first[EVENT_ADMIN + 1];  // The partition that was the first of them
    char refused[160];                // Why a message was refused, of late
    uint64_t next_parts;
    struct {
        cluster_event_t event;
        node_id_t node;
    } late[BEACON_LOG_LATE_MAX];      // About members whose names are not known yet
    uint32_t late_count;
} beacon_log_t;

//  view may be NULL; it says what members are called.
void
    beacon_log_event (beacon_log_t *self, const view_t *view, cluster_event_t event, uint32_t partition,
                      node_id_t node, const char *text);

//  Messages that were refused: EVENT_REFUSED comes once a second at most, and says why. address: where
//  they came from, NULL: not known. node: who they say has sent them.
void
    beacon_log_refused (beacon_log_t *self, uint64_t count, const char *address, node_id_t node);

//  A message that was not even one between nodes.
void
    beacon_log_foreign (beacon_log_t *self, const char *address);

//  Writes what has been added up, if it is time. view: the newest, or NULL. Returns the milliseconds
//  until it is; UINT64_MAX: nothing waits.
uint64_t
    beacon_log_turn (beacon_log_t *self, const view_t *view, uint64_t now);

#endif

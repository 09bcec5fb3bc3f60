//  slots: who serves which of the 16,384 slots, as Redis's cluster clients are told ("Redis cluster
//  specification", "Key distribution model"; the replies of CLUSTER SLOTS). A slot belongs to the primary of
//  its partition, its replicas are the partition's backups.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SLOTS_H_INCLUDED
#define SLOTS_H_INCLUDED

#include "../cluster/view.h"

#define SLOTS_ID_SIZE 40 // Hexadecimal digits of a node's id

//  Slots that have the same master and the same replicas.
typedef struct {
    uint32_t first, last;
    node_id_t master;   // Where its keys are served; never 0
    uint32_t count;     // Of replicas
    node_id_t replicas[VIEW_REPS_MAX]; // By id
} slots_t;

//  The first slot of a partition; that of `partitions` is SLOT_COUNT.
uint32_t
    slots_first (uint32_t partition, uint32_t partitions);

//  Who is named to clients as the one that serves a partition: its primary, or `self` if that lets no Redis
//  clients in: it forwards then. 0: the partition has no primary, or nobody can reach it.
node_id_t
    slots_master (const view_t *view, node_id_t self, uint32_t partition);

//  The next run of slots from *partition on, which moves behind it; partitions that nobody serves are left
//  out. Members that let no Redis clients in are not named. False: no further one.
bool
    slots_next (const view_t *view, node_id_t self, uint32_t *partition, slots_t *run);

//  The id as Redis has it, with a zero behind: 40 digits, of which ours fill the first 16.
void
    slots_id (node_id_t node, char id[SLOTS_ID_SIZE + 1]);

//  The member of such an id; NULL: there is none.
const member_t *
    slots_member (const view_t *view, bytes_t id);

#endif

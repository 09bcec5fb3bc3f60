//  placement: which members shall hold which partitions. Pure functions of a view.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PLACEMENT_H_INCLUDED
#define PLACEMENT_H_INCLUDED

#include "view.h"

//  Fills the partition table of a new cluster: every partition with view_copies () copies in epoch 1,
//  primaries even by weight, copies on distinct members and, where there are enough, distinct zones;
//  the backups of one member's primaries spread over all others. False: no member holds data.
bool
    placement_found (view_t *view);

//  The best member for a further copy of a partition: UP, holds data, no copy there; another zone
//  first, then the fewest copies for its weight, then the fewest copies shared with this partition's
//  primary. 0: nobody. `busy` (may be NULL) tells members that have enough to do.
typedef bool (placement_busy_fn) (const void *arg, node_id_t id);
node_id_t
    placement_learner (const view_t *view, uint32_t partition, placement_busy_fn *busy, const void *arg);

//  Of more copies than wanted: which one goes. Never the primary; LEAVING first, then the member with
//  the most copies for its weight. 0: none needs to.
node_id_t
    placement_surplus (const view_t *view, uint32_t partition);

//  A rep to which the primary's role of a partition should pass so that primaries are even (a
//  difference of less than 2 is even), or away from a member that leaves. 0: it may stay.
node_id_t
    placement_primary (const view_t *view, uint32_t partition);

#endif

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

//  A partition with enough copies, all of them on members that are UP, of which one more copy should be
//  made so that the surplus then goes from a member with more copies for its weight, or from a zone that
//  has a copy already. Sets *partition and returns the member that shall have the copy; 0: copies are
//  even. Looks at all partitions; call it once for each version of the view.
node_id_t
    placement_move (const view_t *view, placement_busy_fn *busy, const void *arg, uint32_t *partition);

//  Of more copies than wanted: which one goes. Never the primary, and nobody while the primary is
//  SUSPECT or still has to pass on its role; SUSPECT first, then LEAVING, then one whose zone has
//  another copy, then the member with the most copies for its weight. 0: none needs to, or may.
node_id_t
    placement_surplus (const view_t *view, uint32_t partition);

//  A rep that is UP, to which the primary's role of a partition should pass so that primaries are even
//  (a difference of less than 2 is even), or away from a member that leaves or whose copy is surplus.
//  0: it may stay, or nobody can take it.
node_id_t
    placement_primary (const view_t *view, uint32_t partition);

#endif

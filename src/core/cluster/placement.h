//  placement: which members shall hold which partitions, and who shall be primary. A pure function of a
//  view: it finds where everything shall be in the end, with the fewest copies made on the way, and says
//  what the next step of each partition towards it is.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PLACEMENT_H_INCLUDED
#define PLACEMENT_H_INCLUDED

#include "view.h"

//  Fills the partition table of a new cluster: every partition with view_copies () copies in epoch 1,
//  primaries even by weight, copies on distinct members and, where there are enough, distinct zones;
//  the backups of one member's primaries spread over all others. False: no member holds data, or no
//  memory.
bool
    placement_found (view_t *view);

//  What follows holds for a view as it stands. In the end
//  * every partition has view_copies () copies, on distinct members that are UP and hold data (those that
//    are SUSPECT keep what they have), and in as many zones as there are, up to the number of copies;
//  * no copy could go to another member so that the larger of both loads, for the weight, would become
//    smaller, as far as zones and distinct members allow (D'Hondt's rule); the same for primaries among
//    the members that have the copies.
//  While a data member is SUSPECT nothing is made even: only missing copies are made up for.
//
//  Time: members * words of a bitmap of partitions to begin with, then for each copy that moves about
//  members + partitions / 64 + 1,000 steps: 271 partitions of 64 members take less than a millisecond,
//  16,384 of 1,000 a few tens, or some hundreds where all of them move. Where zones or large weights leave
//  no direct way, looks at pairs of members are added, up to a bound; beyond it (thousands of such copies,
//  hundreds of members) more copies may move than need to, or some only when this is asked again later.
typedef struct placement placement_t;

//  Tells whether a member may not take a copy of a partition at present (it could not a short while
//  ago); UINT32_MAX: of any, for the sake of evenness. May be NULL.
typedef bool (placement_barred_fn) (const void *arg, uint32_t partition, node_id_t id);

//  The view must live as long. NULL without memory. The caller owns it.
placement_t *
    placement_new (const view_t *view, placement_barred_fn *barred, const void *arg);

//  Accepts NULL.
void
    placement_destroy (placement_t **self_p);

//  The member that shall learn a partition next: neither in sync there nor learning. 0: none, or there is
//  a learner already.
node_id_t
    placement_learner (const placement_t *self, uint32_t partition);

//  Of more copies than wanted: which one goes now. Never the primary, and nobody while that one is
//  SUSPECT. 0: none needs to, or may.
node_id_t
    placement_surplus (const placement_t *self, uint32_t partition);

//  The rep to which the primary's role shall pass now. 0: it may stay, or who shall have it is not in
//  sync yet.
node_id_t
    placement_primary (const placement_t *self, uint32_t partition);

//  For a partition that is begun anew: the member that is UP, holds data, has no copy of it, and has the
//  fewest copies for its weight. 0: nobody.
node_id_t
    placement_anyone (const view_t *view, uint32_t partition);

#endif

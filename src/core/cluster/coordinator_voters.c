//  coordinator_voters: who votes. Every change is joint: old and new majority together, then the new
//  ones alone (consistency 3).
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_impl.h"

typedef enum { VOTER_STAYS, VOTER_DEAD, VOTER_LEAVES, VOTER_UNCLEAR } voter_t;

typedef struct {
    node_id_t ids[VIEW_VOTERS_MAX];
    unsigned count;
} voters_t;

static bool
s_has (const voters_t *set, node_id_t id)
{
    for (unsigned index = 0; index < set->count; index++)
        if (set->ids[index] == id)
            return true;
    return false;
}

static bool
s_holds (const view_t *view, node_id_t id)
{
    for (uint32_t index = 0; index < view->partitions; index++)
        if (part_has (&view->parts[index], id))
            return true;
    return false;
}

//  A coordinator that leaves gives away its copies first and its vote then: until another one is elected
//  nobody can finish a handover, and what is sealed for it would wait.
//  A SUSPECT is replaced at once if it is known to be gone, else after ten times the detection.
static voter_t
s_judge (const draft_t *draft, node_id_t id)
{
    const cluster_t *self = draft->cluster;
    const member_t *member = view_member (draft->view, id);
    const peer_t *peer = peer_find (self, id);
    if (!member || !peer)
        return VOTER_UNCLEAR;
    if (member->status == MEMBER_LEAVING)
        return id == self->id && s_holds (draft->view, id) ? VOTER_STAYS : VOTER_LEAVES;
    if (member->status == MEMBER_SUSPECT)
        return peer->gone_at != 0
                       || (peer->suspect_at
                           && self->now - peer->suspect_at > 10 * self->config.timing.detection)
                   ? VOTER_DEAD
                   : VOTER_UNCLEAR;
    return coordinator_hears (self, id) ? VOTER_STAYS : VOTER_UNCLEAR;
}

static bool
s_zone_taken (const view_t *view, const voters_t *set, const char *zone)
{
    for (unsigned index = 0; index < set->count; index++) {
        const member_t *member = view_member (view, set->ids[index]);
        if (member && strcmp (member->zone, zone) == 0)
            return true;
    }
    return false;
}

//  A live member that does not vote yet, of a zone that has no voter if there is one; NULL: nobody.
static const member_t *
s_candidate (const draft_t *draft, const voters_t *set)
{
    const member_t *best = NULL;
    for (uint32_t index = 0; index < draft->view->members_count; index++) {
        const member_t *member = &draft->view->members[index];
        if (member->status != MEMBER_UP || s_has (set, member->id) || view_is_voter (draft->view, member->id)
            || !view_member (draft->base, member->id) || !coordinator_hears (draft->cluster, member->id))
            continue;
        if (!s_zone_taken (draft->view, set, member->zone))
            return member;
        if (!best)
            best = member;
    }
    return best;
}

//  The largest odd number of voters that there can be.
static unsigned
s_wanted (const view_t *view)
{
    unsigned up = 0;
    for (uint32_t index = 0; index < view->members_count; index++)
        up += view->members[index].status == MEMBER_UP;
    if (up > view->voters_max)
        up = view->voters_max;
    return up == 0 ? 1 : up % 2 ? up : up - 1;
}

static void
s_fill (const draft_t *draft, voters_t *set, unsigned size)
{
    const member_t *member;
    while (set->count < size && (member = s_candidate (draft, set)))
        set->ids[set->count++] = member->id;
}

//  Rule 16 left out: a dead voter is removed, then another added.
static bool
s_change_bare (draft_t *draft, const voters_t *stay)
{
    view_t *view = draft->view;
    const member_t *member = s_candidate (draft, stay);
    if (stay->count < view->voters_count && view->voters_count >= 3 && member) {
        memcpy (view->voters, stay->ids, stay->count * sizeof *stay->ids);
        view->voters_count = (uint8_t) stay->count;
    } else if (view->voters_count < s_wanted (view) && member)
        view->voters[view->voters_count++] = member->id;
    else
        return false;
    view->cfg++;
    draft->changed = true;
    return true;
}

static void
s_append (voters_t *target, const voters_t *more, unsigned size)
{
    for (unsigned index = 0; index < more->count && target->count < size; index++)
        target->ids[target->count++] = more->ids[index];
}

//  The whole target set. Grows when there are members for it; a dead voter stays one until somebody
//  can take its place, or the rest is better off as three; shrinks else only for members that leave, or
//  when the operator wants fewer.
static void
s_target (const draft_t *draft, const voters_t *stay, const voters_t *leaving, const voters_t *dead,
          voters_t *target)
{
    const view_t *view = draft->view;
    unsigned count = view->voters_count, wanted = s_wanted (view);
    unsigned most = view->voters_max;
    *target = *stay;
    if (count > most) {
        s_fill (draft, target, most);
        target->count = target->count < most ? target->count : most;
        return;
    }
    unsigned size = wanted > count ? wanted : count;
    //  Voters of long standing are a majority of the new set: a newcomer may be gone already
    if (count > 1 && stay->count * 2 <= size)
        s_append (target, leaving, size / 2 + 1);
    s_fill (draft, target, size);
    if (target->count < count && (target->count < 3 || !dead->count))
        s_append (target, dead, count);
    //  This node stands first: it is cut last
    if (target->count && target->count % 2 == 0)
        target->count--;
    //  There are members enough: they will be heard in a moment
    if (target->count < count && target->count < wanted)
        target->count = 0;
}

static bool
s_same (const view_t *view, const voters_t *set)
{
    if (set->count != view->voters_count)
        return false;
    for (unsigned index = 0; index < set->count; index++)
        if (!view_is_voter (view, set->ids[index]))
            return false;
    return true;
}

//  All of them that are UP have answered since it was decided that they shall vote: on who died a moment
//  ago a majority must not depend.
static bool
s_confirmed (const draft_t *draft, const voters_t *target)
{
    cluster_t *self = draft->cluster;
    coordinator_t *coord = &self->coord;
    size_t size = target->count * sizeof *target->ids;
    if (coord->target_count != target->count || memcmp (coord->target, target->ids, size) != 0) {
        memcpy (coord->target, target->ids, size);
        coord->target_count = (uint8_t) target->count;
        coord->target_at = self->now;
    }
    for (unsigned index = 0; index < target->count; index++) {
        const peer_t *peer = peer_find (self, target->ids[index]);
        if (target->ids[index] != self->id && member_is (draft->view, target->ids[index], MEMBER_UP)
            && (!peer || peer->fresh_at < coord->target_at))
            return false;
    }
    coord->target_count = 0;
    return true;
}

void
coordinator_voters (draft_t *draft)
{
    view_t *view = draft->view;
    coordinator_t *coord = &draft->cluster->coord;
    if (view->voters_new_count) {
        //  The joint state is committed: now the new ones alone
        memcpy (view->voters, view->voters_new, sizeof view->voters);
        view->voters_count = view->voters_new_count;
        view->voters_new_count = 0;
        view->cfg++;
        draft->changed = true;
        return;
    }
    voters_t stay = { .count = 0 }, leaving = { .count = 0 }, dead = { .count = 0 }, target;
    for (unsigned index = 0; index < view->voters_count; index++) {
        voter_t verdict = s_judge (draft, view->voters[index]);
        if (verdict == VOTER_UNCLEAR) {
            //  Only while all others were heard in the last heartbeats
            coord->restless = true;
            return;
        }
        if (verdict == VOTER_STAYS) {
            stay.ids[stay.count++] = view->voters[index];
            if (view->voters[index] == draft->cluster->id) {
                stay.ids[stay.count - 1] = stay.ids[0];
                stay.ids[0] = draft->cluster->id;
            }
        } else if (verdict == VOTER_DEAD)
            dead.ids[dead.count++] = view->voters[index];
        else
            leaving.ids[leaving.count++] = view->voters[index];
    }
    coord->restless |= stay.count != view->voters_count || stay.count != s_wanted (view);
    //  Never "remove, then add": with three voters of which one is dead, the removal alone may leave
    //  two that cannot agree (consistency 3)
    if (LEFT_OUT (joint_swap)) {
        s_change_bare (draft, &stay);
        return;
    }
    s_target (draft, &stay, &leaving, &dead, &target);
    if (target.count == 0 || s_same (view, &target)) {
        coord->target_count = 0;
        return;
    }
    if (!s_confirmed (draft, &target)) {
        coord->restless = true;
        return;
    }
    memcpy (view->voters_new, target.ids, target.count * sizeof *target.ids);
    view->voters_new_count = (uint8_t) target.count;
    view->cfg++;
    draft->changed = true;
}

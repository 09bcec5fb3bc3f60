//  coordinator_members: who is UP, who is SUSPECT, who joins, who is forgotten; and the era.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "cluster_impl.h"

void
coordinator_join (cluster_t *self, const member_t *member)
{
    coordinator_t *coord = &self->coord;
    //  Another process answers where a member was: that one is gone (consistency 3). If it lives, its
    //  next heartbeat says so.
    char endpoint[CLUSTER_ENDPOINT_MAX];
    member_endpoint (member, endpoint);
    for (uint32_t index = 0; index < self->peers_count; index++)
        if (self->peers[index].id != self->id && strcmp (self->peers[index].endpoint, endpoint) == 0)
            cluster_unreachable (self, self->peers[index].id, self->now);
    for (uint32_t index = 0; index < coord->joiners_count; index++)
        if (coord->joiners[index].id == member->id)
            return;
    if (coord->joiners_count == CLUSTER_JOINERS_MAX)
        return; // It asks again
    if (!coord->joiners) {
        coord->joiners = mem_alloc (CLUSTER_JOINERS_MAX * sizeof *coord->joiners);
        if (!coord->joiners)
            return;
    }
    coord->joiners[coord->joiners_count++] = *member;
    coordinator_wake (self);
}

static void
s_take_joiners (draft_t *draft)
{
    coordinator_t *coord = &draft->cluster->coord;
    for (uint32_t index = 0; index < coord->joiners_count; index++) {
        member_t *member = &coord->joiners[index];
        member->status = MEMBER_UP;
        member->generation = 1;
        if (!gone_has (draft->cluster, member->id) && view_add_member (draft->view, member))
            draft->changed = true;
    }
    coord->joiners_count = 0;
}

static void
s_come_back (draft_t *draft, member_t *member)
{
    //  With another generation: a lease renewed in this one says nothing about what it knew before it was
    //  suspected (consistency 4)
    member->status = MEMBER_UP;
    member->generation++;
    draft->changed = true;
}

//  It is heard, but hears nobody, or not enough of the voters: for long it has had no lease, though this
//  node had one all the time. As good as silence, or its partitions would be served by nobody. Each time
//  it stays SUSPECT for longer, so that they do not come back to it at once.
static bool
s_deaf (const cluster_t *self, peer_t *peer)
{
    uint64_t detection = self->config.timing.detection;
    if (peer->deaf <= detection || self->now - self->coord.since <= 2 * detection
        || self->now - self->unleased_at <= 2 * detection)
        return false;
    peer->deaf = 0;
    peer->deaf_hold = peer->deaf_hold ? 2 * peer->deaf_hold : 2 * self->config.timing.lease;
    if (peer->deaf_hold > self->config.timing.forget)
        peer->deaf_hold = self->config.timing.forget;
    peer->held_until = self->now + peer->deaf_hold;
    return true;
}

//  It was heard since, and it knows that it was suspected: it hears as well.
static bool
s_is_back (const cluster_t *self, const peer_t *peer)
{
    return peer->suspect_at && peer->heard_at > peer->suspect_at
           && peer->known_version >= peer->suspect_version && self->now >= peer->held_until
           && coordinator_hears (self, peer->id);
}

//  Of one other member.
static void
s_look_at (draft_t *draft, member_t *member)
{
    cluster_t *self = draft->cluster;
    coordinator_t *coord = &self->coord;
    peer_t *peer = peer_find (self, member->id);
    if (!peer)
        return; // Joins with this very proposal
    uint64_t silent = self->now - peer->heard_at;
    if (member->status == MEMBER_SUSPECT) {
        coord->restless = true;
        if (s_is_back (self, peer))
            s_come_back (draft, member);
        return;
    }
    bool gone = peer->gone_at != 0 && silent > cluster_recent (self);
    if (silent > self->config.timing.detection || gone || s_deaf (self, peer)) {
        member->status = MEMBER_SUSPECT;
        draft->changed = true;
        return;
    }
    coord->restless |= peer->gone_at != 0;
    uint64_t check_at = peer->heard_at + self->config.timing.detection + 1;
    if (check_at < coord->check_at)
        coord->check_at = check_at;
}

static bool
s_used (const view_t *view, node_id_t id)
{
    if (view_is_voter (view, id))
        return true;
    for (uint32_t index = 0; index < view->partitions; index++)
        if (view->parts[index].learner == id || part_has (&view->parts[index], id))
            return true;
    return false;
}

//  Another process answers at its address: this one has ended, and an id is never used again.
static bool
s_replaced (const view_t *view, const member_t *member)
{
    for (uint32_t index = 0; index < view->members_count; index++) {
        const member_t *other = &view->members[index];
        if (other->id != member->id && other->status == MEMBER_UP && other->beacon_port == member->beacon_port
            && strcmp (other->host, member->host) == 0)
            return true;
    }
    return false;
}

//  SUSPECT for long, or known to have ended, or leaving; and nothing depends on it (consistency 2). Until
//  then nothing is moved for the sake of balance, as it may come back.
static bool
s_forgettable (const draft_t *draft, const member_t *member)
{
    const cluster_t *self = draft->cluster;
    const peer_t *peer = peer_find (self, member->id);
    if (member->id == self->id || !peer || member->status == MEMBER_UP)
        return false;
    if (member->status == MEMBER_SUSPECT && !s_replaced (draft->view, member)
        && (peer->suspect_at == 0 || self->now - peer->suspect_at <= self->config.timing.forget))
        return false;
    return !s_used (draft->view, member->id) && !s_used (draft->base, member->id);
}

void
coordinator_members (draft_t *draft)
{
    cluster_t *self = draft->cluster;
    coordinator_t *coord = &self->coord;
    coord->check_at = CLUSTER_NEVER;
    //  Itself first of all: a coordinator that is SUSPECT never gets a lease (consistency 3)
    member_t *own = view_member (draft->view, self->id);
    if (own && own->status == MEMBER_SUSPECT)
        s_come_back (draft, own);
    for (uint32_t index = 0; index < draft->view->members_count; index++)
        if (draft->view->members[index].id != self->id)
            s_look_at (draft, &draft->view->members[index]);
    for (uint32_t index = draft->view->members_count; index-- > 0;) {
        const member_t *member = &draft->view->members[index];
        coord->restless |= member->status == MEMBER_LEAVING;
        if (s_forgettable (draft, member)) {
            view_remove_member (draft->view, member->id);
            draft->changed = true;
        }
    }
    s_take_joiners (draft);
    if (self->now >= coord->era_at) {
        coord->era_at = self->now + self->config.timing.era;
        draft->view->era++;
        draft->changed = true;
    }
}

//  heartbeat: signs of life to the voters and their answers, which are the lease; and how a committed
//  state becomes known (consistency 3, PUBLISH, and 4).
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "cluster_impl.h"

const member_t *
heartbeat_self (const cluster_t *self)
{
    return self->known ? view_member (self->known->view, self->id) : NULL;
}

//  ------------------------------------------------------------------------------------------------
//  The lease

typedef struct {
    const cluster_t *self;
    uint64_t since;
} renewed_t;

//  An acknowledgement of a heartbeat that was sent at `since` or later counts.
static bool
s_renewed (const void *arg, node_id_t id)
{
    const renewed_t *renewed = arg;
    const peer_t *peer = peer_find (renewed->self, id);
    //  Consistency 4: only with the configuration of the known state
    return peer && peer->ack_sent_at >= renewed->since && peer->ack_sent_at != 0
           && HOLDS (lease_cfg, peer->ack_cfg == renewed->self->known->view->cfg);
}

//  The lease lasts L (1 - rho) from the sending of what a quorum acknowledged: rho is 2 %, and
//  milliseconds are rounded to the safe side (consistency 4).
static void
s_renew (cluster_t *self)
{
    const view_t *view = self->known->view;
    const member_t *member = heartbeat_self (self);
    uint64_t until = 0;
    node_id_t voters[2 * VIEW_VOTERS_MAX];
    size_t count = view_voters (view, voters);
    if (view->members_count == 1 && count == 1 && voters[0] == self->id)
        until = LEASE_FOREVER;
    for (size_t index = 0; index < count && until != LEASE_FOREVER; index++) {
        const peer_t *peer = peer_find (self, voters[index]);
        renewed_t renewed = { self, peer ? peer->ack_sent_at : 0 };
        if (renewed.since == 0 || renewed.since < self->generation_at
            || !view_quorum (view, s_renewed, &renewed))
            continue;
        uint64_t lease = self->config.timing.lease;
        uint64_t end = renewed.since + lease - (lease * 2 + 99) / 100;
        if (end > until)
            until = end;
    }
    self->leased_until = until;
    lease_set (self->lease, until, member ? member->generation : 0);
}

//  ------------------------------------------------------------------------------------------------
//  Committed states

//  Remembers who is no longer a member.
static void
s_note_gone (cluster_t *self, const view_t *before, const view_t *after)
{
    for (uint32_t index = 0; before && index < before->members_count; index++) {
        const member_t *member = &before->members[index];
        if (view_member (after, member->id))
            continue;
        char endpoint[CLUSTER_ENDPOINT_MAX];
        member_endpoint (member, endpoint);
        gone_add (self, member->id, endpoint);
    }
}

static bool
s_same_members (const view_t *one, const view_t *two)
{
    if (!one || one->members_count != two->members_count)
        return false;
    for (uint32_t index = 0; index < one->members_count; index++)
        if (one->members[index].id != two->members[index].id)
            return false;
    return true;
}

static void
s_tell_swim (cluster_t *self, const view_t *before, const view_t *view)
{
    if (s_same_members (before, view))
        return;
    node_id_t *ids = mem_alloc (view->members_count * sizeof *ids);
    if (!ids)
        return; // It goes on with whom it knows: a failure detector may be late
    for (uint32_t index = 0; index < view->members_count; index++)
        ids[index] = view->members[index].id;
    swim_set_members (self->swim, ids, view->members_count, self->now);
    mem_free (ids);
    self->swim_at = self->now;
}

//  This node's part in the view that is known now.
static void
s_see_self (cluster_t *self, const view_t *before, const member_t *was)
{
    const view_t *view = self->known->view;
    const member_t *member = view_member (view, self->id);
    if (!member) {
        if (self->leaving || (was && was->status == MEMBER_LEAVING))
            cluster_end (self, CLUSTER_LEFT, "");
        else
            cluster_end (self, CLUSTER_REFUSED,
                         "the cluster has forgotten this node: it was silent for too long");
        return;
    }
    if (self->state == CLUSTER_MEETING || self->state == CLUSTER_JOINING) {
        self->state = CLUSTER_MEMBER;
        self->founding = false;
        self->cluster = view->cluster;
    }
    if (!was || was->generation != member->generation)
        self->generation_at = self->leased_at = self->now;
    //  What was acknowledged before says nothing about a new generation or other voters: ask at once
    if (!was || was->generation != member->generation || before->cfg != view->cfg)
        self->heartbeat_at = self->now;
    s_renew (self);
}

bool
heartbeat_learn (cluster_t *self, edition_t *edition)
{
    register_t *reg = &self->reg;
    if (self->known && edition->view->version <= self->known->view->version)
        return false;
    //  Who is a voter no more, forgets what it has accepted; its promises it keeps
    bool votes = reg->accepted
                 && (reg->accepted->view->version >= edition->view->version
                     || view_is_voter (edition->view, self->id));
    if (!peers_follow (self, edition, votes ? reg->accepted : NULL))
        return false;
    edition_t *before = self->known;
    const view_t *old = before ? before->view : NULL;
    const member_t *was = heartbeat_self (self);
    self->known = edition_hold (edition);
    self->known_at = self->now;
    s_note_gone (self, old, edition->view);
    s_tell_swim (self, old, edition->view);
    s_see_self (self, old, was);
    if (!votes && reg->accepted) {
        if (reg->role != REGISTER_IDLE)
            register_step_down (self);
        edition_drop (&reg->accepted);
    }
    edition_drop (&before);
    return true;
}

void
heartbeat_publish_at (cluster_t *self, node_id_t to, const char *endpoint)
{
    post_begin (self, PEER_PUBLISH, 2);
    wire_add_uint (&self->message, self->known->view->version);
    post_edition (self, self->known);
    post_at (self, to, endpoint, self->cluster);
}

void
heartbeat_publish_now (cluster_t *self, peer_t *peer)
{
    const edition_t *known = self->known;
    uint64_t version = known->view->version;
    //  Deltas that were lost or led nowhere are not tried twice
    bool again = peer->published_version == version && peer->known_version < version;
    peer->published_version = version;
    peer->published_at = self->now;
    post_begin (self, PEER_PUBLISH_DELTA, 3);
    wire_add_uint (&self->message, version);
    peer->published_delta = !again && deltas_write (self, deltas_base (self, peer), known);
    if (peer->published_delta)
        post_to (self, peer->id);
    else
        heartbeat_publish_at (self, peer->id, peer->endpoint);
}

void
heartbeat_publish (cluster_t *self, peer_t *peer)
{
    uint64_t version = self->known->view->version;
    if (peer->published_version == version && self->now - peer->published_at < 2 * cluster_heartbeat (self)
        && peer->published_at != 0)
        return;
    heartbeat_publish_now (self, peer);
}

//  What somebody says to be committed; takes the edition.
static void
s_take_published (cluster_t *self, node_id_t from, uint64_t version, edition_t *edition)
{
    const view_t *view = edition->view;
    if (view->version != version || (self->cluster && view->cluster != self->cluster)
        || view->partitions != self->config.partitions
        || (!peer_find (self, from) && !view_member (view, from))
        || (!self->known && !view_member (view, self->id)))
        cluster_refuse (self, from, "a state that cannot be this cluster's next one");
    else {
        //  Somebody else coordinates
        if (self->reg.role == REGISTER_COORDINATOR && version > self->reg.accepted->view->version)
            register_step_down (self);
        heartbeat_learn (self, edition);
    }
    edition_drop (&edition);
}

bool
heartbeat_on_publish (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t version;
    bytes_t bytes;
    if (!mp_uint (reader, &version) || !mp_bytes (reader, &bytes))
        return false;
    if (self->known && version <= self->known->view->version)
        return true;
    const char *why = NULL;
    edition_t *edition = edition_of (self, bytes, &why);
    if (edition)
        s_take_published (self, from, version, edition);
    else
        cluster_refuse (self, from, why);
    return true;
}

static void
s_fetch (cluster_t *self, peer_t *peer)
{
    if (peer->fetched_at != 0 && self->now - peer->fetched_at < cluster_heartbeat (self))
        return;
    peer->fetched_at = self->now;
    post_begin (self, PEER_FETCH, 1);
    wire_add_uint (&self->message, self->known ? self->known->view->version : 0);
    post_to (self, peer->id);
}

bool
heartbeat_on_publish_delta (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t version;
    deltas_t deltas;
    if (!mp_uint (reader, &version) || !deltas_open (reader, &deltas))
        return false;
    if (self->known && version <= self->known->view->version)
        return true;
    edition_t *edition = deltas_edition (self, &deltas, version);
    if (edition) {
        s_take_published (self, from, version, edition);
        return true;
    }
    self->stats.deltas_refused++;
    peer_t *peer = peer_find (self, from);
    if (peer)
        s_fetch (self, peer);
    else
        cluster_refuse (self, from, "a stranger's state");
    return true;
}

bool
heartbeat_on_fetch (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t version;
    if (!mp_uint (reader, &version))
        return false;
    if (!self->known || version >= self->known->view->version)
        return true;
    peer_t *peer = peer_find (self, from);
    gone_t *gone = peer ? NULL : gone_find (self, from);
    if (peer && peer->published_delta)
        heartbeat_publish_now (self, peer); // Its deltas led nowhere
    else if (peer)
        heartbeat_publish (self, peer);
    else if (gone && self->now - gone->published_at >= cluster_heartbeat (self)) {
        gone->published_at = self->now;
        heartbeat_publish_at (self, gone->id, gone->endpoint);
    } else if (!gone)
        cluster_refuse (self, from, "a stranger wants the view");
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Heartbeats

//  Whether a voter renews that member's lease (consistency 4): in its accepted state it is not SUSPECT,
//  and it is of that generation.
static bool
s_acknowledges (const cluster_t *self, node_id_t id, uint64_t generation)
{
    if (!register_votes (self))
        return false;
    const member_t *member = view_member (self->reg.accepted->view, id);
    return member && HOLDS (suspect_no_lease, member->status != MEMBER_SUSPECT)
           && HOLDS (generation, member->generation == generation);
}

//  Whom this voter hears, 0: nobody.
static node_id_t
s_coordinator (const cluster_t *self)
{
    if (register_coordinates (self))
        return self->id;
    return self->now - self->coordinator_at < self->config.timing.lease ? self->coordinator : 0;
}

//  A former member says something: the view in which it is not one tells it so.
static void
s_tell_gone (cluster_t *self, node_id_t from, uint64_t version)
{
    gone_t *gone = gone_find (self, from);
    if (!gone || !self->known)
        cluster_refuse (self, from, "a stranger's heartbeat");
    else if (version < self->known->view->version
             && self->now - gone->published_at >= cluster_heartbeat (self)) {
        gone->published_at = self->now;
        heartbeat_publish_at (self, gone->id, gone->endpoint);
    }
}

bool
heartbeat_on_hb (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t generation, sent_at, version, deaf, echo;
    if (!mp_uint (reader, &generation) || !mp_uint (reader, &sent_at) || !mp_uint (reader, &version)
        || !mp_uint (reader, &deaf) || !mp_uint (reader, &echo))
        return false;
    peer_t *peer = peer_find (self, from);
    if (!peer) {
        s_tell_gone (self, from, version);
        return true;
    }
    peer->heard_at = self->now;
    peer->heard = true;
    peer->gone_at = 0;
    peer->known_version = version;
    peer->deaf = deaf;
    if (echo > peer->fresh_at && echo <= self->now)
        peer->fresh_at = echo;
    if (deaf > self->config.timing.detection)
        coordinator_wake (self);
    if (register_votes (self)) {
        bool renews = s_acknowledges (self, from, generation);
        post_begin (self, PEER_HB_ACK, 4);
        wire_add_uint (&self->message, renews ? sent_at : 0);
        wire_add_uint (&self->message, self->reg.accepted->view->cfg);
        wire_add_uint (&self->message, s_coordinator (self));
        wire_add_uint (&self->message, self->now);
        post_to (self, from);
    }
    if (!self->known)
        return true;
    if (version < self->known->view->version) {
        //  The coordinator publishes; the others help when that does not arrive
        if (register_coordinates (self) || self->now - self->known_at > self->config.timing.lease)
            heartbeat_publish (self, peer);
    } else if (version > self->known->view->version)
        s_fetch (self, peer);
    return true;
}

bool
heartbeat_on_hb_ack (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t sent_at, cfg, coordinator, clock;
    if (!mp_uint (reader, &sent_at) || !mp_uint (reader, &cfg) || !mp_uint (reader, &coordinator)
        || !mp_uint (reader, &clock))
        return false;
    peer_t *peer = peer_find (self, from);
    if (!peer || !self->known || sent_at > self->sent_at) {
        cluster_refuse (self, from, "an answer to no heartbeat");
        return true;
    }
    if (coordinator) {
        self->coordinator = coordinator;
        self->coordinator_at = self->now;
    }
    if (clock > peer->clock)
        peer->clock = clock;
    if (sent_at && (cfg > peer->ack_cfg || (cfg == peer->ack_cfg && sent_at > peer->ack_sent_at))) {
        peer->ack_cfg = cfg;
        peer->ack_sent_at = sent_at;
        s_renew (self);
    }
    if (cfg > self->known->view->cfg)
        s_fetch (self, peer);
    return true;
}

//  Nobody has renewed the lease for long: perhaps the voters that it knows are none any more. Another
//  member may know more, and the coordinator may have forgotten this node.
static void
s_ask_around (cluster_t *self)
{
    if (self->now - self->known_at < self->config.timing.lease
        || self->leased_until + self->config.timing.lease > self->now || self->peers_count < 2)
        return;
    peer_t *peer = &self->peers[self->rotation++ % self->peers_count];
    if (peer->id == self->id)
        return;
    if (self->rotation % 4 == 0)
        founding_meet (self, 0, peer->endpoint); // Whoever is there now: all may have been replaced
    else
        s_fetch (self, peer);
}

static void
s_beat (cluster_t *self, const member_t *member, const peer_t *voter)
{
    if (!voter || voter->id == self->id)
        return;
    post_begin (self, PEER_HB, 5);
    wire_add_uint (&self->message, member->generation);
    wire_add_uint (&self->message, self->now);
    wire_add_uint (&self->message, self->known->view->version);
    wire_add_uint (&self->message, self->now - self->leased_at);
    wire_add_uint (&self->message, voter->clock);
    post_at (self, voter->id, voter->endpoint, self->cluster);
}

void
heartbeat_tick (cluster_t *self)
{
    const member_t *member = heartbeat_self (self);
    if (!member)
        return;
    self->sent_at = self->now;
    //  Who is SUSPECT has no lease by right
    if (self->leased_until > self->now || member->status == MEMBER_SUSPECT)
        self->leased_at = self->now;
    if (self->leased_until <= self->now)
        self->unleased_at = self->now;
    node_id_t voters[2 * VIEW_VOTERS_MAX];
    size_t count = view_voters (self->known->view, voters);
    for (size_t index = 0; index < count; index++)
        s_beat (self, member, peer_find (self, voters[index]));
    peer_t *own = peer_find (self, self->id);
    if (own) {
        own->heard_at = self->now;
        own->heard = true;
        if (s_acknowledges (self, self->id, member->generation)) {
            own->ack_sent_at = self->now;
            own->ack_cfg = self->reg.accepted->view->cfg;
            s_renew (self);
        }
    }
    s_ask_around (self);
}

//  register_accept: a proposed state on its way to the voters, as deltas where that is less, and what a
//  voter does with it (consistency 3).
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_impl.h"

bool
register_accepted_by (const void *arg, node_id_t id)
{
    const cluster_t *self = arg;
    const register_t *reg = &self->reg;
    if (id == self->id)
        return true;
    const peer_t *peer = peer_find (self, id);
    return peer && peer->accepted_counter == reg->mine.counter
           && peer->accepted_version == reg->accepted->view->version;
}

//  ------------------------------------------------------------------------------------------------
//  Proposing

//  Deltas were not tried in vain yet: the voter has not asked for the whole, nor been silent for long.
static bool
s_takes_deltas (const cluster_t *self, const peer_t *peer, uint64_t version)
{
    if (peer->whole_version == version)
        return false;
    return peer->offered_version != version || self->now - peer->offered_at < 2 * cluster_heartbeat (self);
}

static void
s_offer (cluster_t *self, peer_t *peer)
{
    const register_t *reg = &self->reg;
    uint64_t version = reg->accepted->view->version;
    if (s_takes_deltas (self, peer, version)) {
        post_begin (self, PEER_ACCEPT_DELTA, 5);
        post_ballot (self, reg->mine);
        wire_add_uint (&self->message, version);
        if (deltas_write (self, deltas_base (self, peer), reg->accepted)) {
            if (peer->offered_version != version) {
                peer->offered_version = version;
                peer->offered_at = self->now;
            }
            post_to (self, peer->id);
            return;
        }
    }
    post_begin (self, PEER_ACCEPT, 4);
    post_ballot (self, reg->mine);
    wire_add_uint (&self->message, version);
    post_edition (self, reg->accepted);
    post_to (self, peer->id);
}

//  To who has it already.
static void
s_sign_of_life (cluster_t *self, node_id_t to)
{
    const register_t *reg = &self->reg;
    post_begin (self, PEER_ACCEPT, 4);
    post_ballot (self, reg->mine);
    wire_add_uint (&self->message, reg->accepted->view->version);
    wire_add_bytes (&self->message, bytes_of (NULL, 0));
    post_to (self, to);
}

void
register_send_accept (cluster_t *self)
{
    node_id_t voters[2 * VIEW_VOTERS_MAX];
    size_t count = view_voters (self->reg.accepted->view, voters);
    for (size_t index = 0; index < count; index++) {
        peer_t *peer = peer_find (self, voters[index]);
        if (!peer || peer->id == self->id)
            continue;
        if (register_accepted_by (self, peer->id))
            s_sign_of_life (self, peer->id);
        else
            s_offer (self, peer);
    }
}

bool
register_on_accept_whole (cluster_t *self, node_id_t from, mp_t *reader)
{
    const register_t *reg = &self->reg;
    ballot_t ballot;
    uint64_t version;
    if (!register_read_ballot (reader, &ballot) || !mp_uint (reader, &version))
        return false;
    peer_t *peer = peer_find (self, from);
    if (!peer || reg->role != REGISTER_COORDINATOR || ballot_order (ballot, reg->mine) != 0
        || version != reg->accepted->view->version || !view_is_voter (reg->accepted->view, from)
        || peer->whole_version == version || register_accepted_by (self, from))
        return true;
    peer->whole_version = version;
    s_offer (self, peer);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Accepting

typedef struct {
    ballot_t ballot;
    uint64_t version;
    bytes_t whole; // Empty: who has it already, hears that its coordinator lives
    bool by_deltas;
    deltas_t deltas;
} s_offer_t;

//  Who becomes a voter has heard nobody until now.
static void
s_became_voter (cluster_t *self)
{
    for (uint32_t index = 0; index < self->peers_count; index++) {
        self->peers[index].heard_at = self->now;
        self->peers[index].heard = false;
    }
}

static edition_t *
s_edition (cluster_t *self, node_id_t from, const s_offer_t *offer)
{
    const char *why = NULL;
    if (!offer->by_deltas) {
        edition_t *edition = edition_of (self, offer->whole, &why);
        if (!edition)
            cluster_refuse (self, from, why);
        return edition;
    }
    edition_t *edition = deltas_edition (self, &offer->deltas, offer->version);
    if (edition)
        return edition;
    self->stats.deltas_refused++;
    post_begin (self, PEER_ACCEPT_WHOLE, 3);
    post_ballot (self, offer->ballot);
    wire_add_uint (&self->message, offer->version);
    post_to (self, from);
    return NULL;
}

//  The state of an ACCEPT that is new here; NULL: refused, or without memory, or its deltas lead nowhere.
static edition_t *
s_offered (cluster_t *self, node_id_t from, const s_offer_t *offer)
{
    edition_t *edition = s_edition (self, from, offer);
    if (!edition)
        return NULL;
    const view_t *view = edition->view;
    //  Of a cluster that is being founded this node learns with its first state
    bool first = self->cluster == 0 && offer->version == 1;
    if (view->version != offer->version || (view->cluster != self->cluster && !first)
        || view->partitions != self->config.partitions || !view_member (view, from)
        || !view_is_voter (view, self->id)) {
        cluster_refuse (self, from, "a state that is not for this voter");
        edition_drop (&edition);
    }
    return edition;
}

//  Takes the state if it is as new as what is accepted. False: nothing happened.
static bool
s_accept (cluster_t *self, node_id_t from, const s_offer_t *offer)
{
    register_t *reg = &self->reg;
    int order = ballot_order (offer->ballot, reg->accepted_ballot);
    if (order < 0 || (order == 0 && offer->version <= reg->accepted_version))
        return true; // Has it, or had it, or a later one
    if (!offer->by_deltas && offer->whole.size == 0)
        return false;
    edition_t *edition = s_offered (self, from, offer);
    if (!edition)
        return false;
    bool voter = register_votes (self);
    if (!peers_follow (self, self->known, edition)) {
        edition_drop (&edition);
        return false;
    }
    register_set_accepted (reg, edition);
    reg->accepted_ballot = offer->ballot;
    if (!voter)
        s_became_voter (self);
    if (self->state == CLUSTER_MEETING) {
        self->cluster = edition->view->cluster;
        self->state = CLUSTER_JOINING;
    }
    return true;
}

static void
s_on_offer (cluster_t *self, node_id_t from, const s_offer_t *offer)
{
    register_t *reg = &self->reg;
    if (self->state != CLUSTER_MEMBER && !reg->accepted && !founding_expects (self, from))
        return;
    if (ballot_order (offer->ballot, reg->promised) < 0) {
        post_begin (self, PEER_NACK, 2);
        post_ballot (self, reg->promised);
        post_to (self, from);
        return;
    }
    if (!s_accept (self, from, offer))
        return;
    if (reg->role != REGISTER_IDLE)
        register_step_down (self);
    reg->promised = offer->ballot;
    reg->heard_at = self->now;
    reg->rounds = 0;
    register_await (self);
    self->coordinator = from;
    self->coordinator_at = self->now;
    post_begin (self, PEER_ACCEPTED, 3);
    post_ballot (self, offer->ballot);
    wire_add_uint (&self->message, offer->version);
    post_to (self, from);
}

bool
register_on_accept (cluster_t *self, node_id_t from, mp_t *reader)
{
    s_offer_t offer = { .by_deltas = false };
    if (!register_read_ballot (reader, &offer.ballot) || offer.ballot.node != from
        || !mp_uint (reader, &offer.version) || !mp_bytes (reader, &offer.whole))
        return false;
    s_on_offer (self, from, &offer);
    return true;
}

bool
register_on_accept_delta (cluster_t *self, node_id_t from, mp_t *reader)
{
    s_offer_t offer = { .by_deltas = true };
    if (!register_read_ballot (reader, &offer.ballot) || offer.ballot.node != from
        || !mp_uint (reader, &offer.version) || !deltas_open (reader, &offer.deltas))
        return false;
    s_on_offer (self, from, &offer);
    return true;
}

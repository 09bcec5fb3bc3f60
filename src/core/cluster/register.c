//  register: how the voters agree on one state after another: a register of one value under ballots, no
//  log, the whole state in each round (consistency 3; Lamport, "Paxos made simple", 2001; Howard,
//  Mortier, "Paxos vs Raft", 2020, section 4, for the elections). register_accept.c has what goes to the
//  voters, and what they do with it.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_impl.h"

//  ------------------------------------------------------------------------------------------------
//  Times. The shares of the lease are those of the executed model.
//  A coordinator was heard within: nobody gets a vote.
static uint64_t
s_loyal (const cluster_t *self)
{
    return self->config.timing.lease * 5 / 16;
}

//  None was heard for so long: an election may begin.
static uint64_t
s_patience (const cluster_t *self)
{
    return self->config.timing.lease * 3 / 8;
}

void
register_await (cluster_t *self)
{
    uint64_t lease = self->config.timing.lease;
    self->reg.election_at = self->now + s_patience (self) + cluster_random (self) % (lease / 2 + 1);
}

//  ------------------------------------------------------------------------------------------------
//  What this node is

bool
register_votes (const cluster_t *self)
{
    return self->reg.accepted && view_is_voter (self->reg.accepted->view, self->id);
}

bool
register_coordinates (const cluster_t *self)
{
    return self->reg.role == REGISTER_COORDINATOR && self->reg.barrier;
}

void
register_step_down (cluster_t *self)
{
    register_t *reg = &self->reg;
    bool coordinated = reg->role == REGISTER_COORDINATOR;
    reg->role = REGISTER_IDLE;
    reg->barrier = reg->pending = false;
    register_await (self);
    deltas_forget (self);
    if (coordinated)
        coordinator_stop (self);
}

//  A majority of its own accepted state's voters, or two (consistency 3).
static bool
s_voted (const void *arg, node_id_t id)
{
    const register_t *reg = arg;
    for (unsigned index = 0; index < reg->votes_count; index++)
        if (reg->votes[index] == id)
            return true;
    return false;
}

//  True if that makes a quorum.
static bool
s_count_vote (cluster_t *self, node_id_t from)
{
    register_t *reg = &self->reg;
    if (!s_voted (reg, from) && view_is_voter (reg->accepted->view, from)
        && reg->votes_count < sizeof reg->votes / sizeof *reg->votes)
        reg->votes[reg->votes_count++] = from;
    return view_quorum (reg->accepted->view, s_voted, reg);
}

//  ------------------------------------------------------------------------------------------------
//  Proposing

static void
s_check_commit (cluster_t *self)
{
    register_t *reg = &self->reg;
    if (!reg->pending || !view_quorum (reg->accepted->view, register_accepted_by, self))
        return;
    edition_t *before = edition_hold (self->known);
    //  Without memory it stays pending; the next ACCEPTED comes with the next heartbeat
    if (self->known != reg->accepted && !heartbeat_learn (self, reg->accepted)
        && (!self->known || self->known->view->version < reg->accepted->view->version)) {
        edition_drop (&before);
        return;
    }
    bool first = !reg->barrier;
    reg->pending = false;
    reg->barrier = true;
    reg->rounds = 0;
    self->stats.commits++;
    self->coordinator = self->id;
    self->coordinator_at = self->now;
    //  The node can have ended with what it has learned
    if (self->state == CLUSTER_MEMBER) {
        coordinator_committed (self, before ? before->view : NULL, first);
        //  Who is no voter any more does not go on (Ongaro, Ousterhout 2014, section 6)
        if (!register_votes (self))
            register_step_down (self);
    }
    edition_drop (&before);
}

void
register_set_accepted (register_t *reg, edition_t *edition)
{
    edition_drop (&reg->accepted);
    reg->accepted = edition;
    reg->accepted_version = edition->view->version;
}

//  Proposes what is accepted now, under this node's ballot.
static void
s_propose (cluster_t *self)
{
    register_t *reg = &self->reg;
    reg->accepted_ballot = reg->mine;
    reg->pending = true;
    register_send_accept (self);
    s_check_commit (self);
}

bool
register_propose (cluster_t *self, view_t *view)
{
    register_t *reg = &self->reg;
    view->version = reg->accepted->view->version + 1;
    edition_t *edition = edition_new (view, bytes_of (NULL, 0));
    if (!edition)
        return false;
    if (!peers_follow (self, self->known, edition)) {
        edition_drop (&edition);
        return false;
    }
    deltas_add (self, reg->accepted, edition);
    register_set_accepted (reg, edition);
    s_propose (self);
    return true;
}

//  Makes this node the coordinator of a view that nobody else has been asked about.
static bool
s_begin (cluster_t *self, view_t *view, edition_t *known, uint64_t counter)
{
    register_t *reg = &self->reg;
    edition_t *edition = edition_new (view, bytes_of (NULL, 0));
    if (!edition)
        return false;
    if (!peers_follow (self, known, edition)) {
        edition_drop (&edition);
        return false;
    }
    deltas_forget (self);
    register_set_accepted (reg, edition);
    reg->mine = reg->promised = (ballot_t) { counter, self->id };
    reg->role = REGISTER_COORDINATOR;
    reg->barrier = false;
    coordinator_start (self);
    s_propose (self);
    return true;
}

bool
register_found (cluster_t *self, view_t *view)
{
    return s_begin (self, view, NULL, self->reg.promised.counter + 1);
}

bool
register_refound (cluster_t *self, const view_t *from)
{
    const register_t *reg = &self->reg;
    view_t *view = view_copy (from);
    if (!view)
        return false;
    view->version += CLUSTER_LEFT_VERSIONS;
    view->cfg++;
    view->voters_count = 1;
    view->voters[0] = self->id;
    view->voters_new_count = 0;
    uint64_t counter = reg->promised.counter > reg->counter_seen ? reg->promised.counter : reg->counter_seen;
    return s_begin (self, view, self->known, counter + CLUSTER_LEFT_VERSIONS);
}

//  ------------------------------------------------------------------------------------------------
//  Elections

static void
s_ask_votes (cluster_t *self, peer_type_t type)
{
    const register_t *reg = &self->reg;
    post_begin (self, type, 5);
    post_ballot (self, reg->mine);
    post_ballot (self, reg->accepted_ballot);
    wire_add_uint (&self->message, reg->accepted->view->version);
    node_id_t voters[2 * VIEW_VOTERS_MAX];
    size_t count = view_voters (reg->accepted->view, voters);
    for (size_t index = 0; index < count; index++)
        post_to (self, voters[index]);
}

static void
s_win (cluster_t *self)
{
    register_t *reg = &self->reg;
    reg->role = REGISTER_COORDINATOR;
    reg->pending = reg->barrier = false;
    self->stats.elections++;
    for (uint32_t index = 0; index < self->peers_count; index++)
        self->peers[index].accepted_at = self->now;
    deltas_forget (self);
    if (self->known && self->known->view->version < reg->accepted->view->version)
        deltas_add (self, self->known, reg->accepted);
    coordinator_start (self);
    //  First of all it commits what it has accepted, unchanged (consistency 3): only then is that
    //  state known to be the cluster's
    if (LEFT_OUT (barrier)) {
        reg->barrier = true;
        if (heartbeat_learn (self, reg->accepted))
            coordinator_committed (self, NULL, true);
        return;
    }
    s_propose (self);
}

static void
s_stand (cluster_t *self)
{
    register_t *reg = &self->reg;
    reg->role = REGISTER_CANDIDATE;
    reg->promised = reg->mine; // Its vote is its own
    reg->votes_count = 0;
    s_ask_votes (self, PEER_REQ_VOTE);
    if (s_count_vote (self, self->id))
        s_win (self);
}

//  Asks first whether it would be elected: a node that comes back disturbs nobody (consistency 3,
//  PREVOTE; Ongaro, "Consensus: bridging theory and practice", 2014, section 9.6).
static void
s_ask (cluster_t *self)
{
    register_t *reg = &self->reg;
    reg->role = REGISTER_ASKING;
    uint64_t counter = reg->promised.counter > reg->counter_seen ? reg->promised.counter : reg->counter_seen;
    reg->mine = (ballot_t) { counter + 1, self->id };
    reg->votes_count = 0;
    register_await (self);
    //  Voters that were away for long may not know this node: the view tells them who it is
    if (reg->rounds++ % 2 && self->known) {
        node_id_t voters[2 * VIEW_VOTERS_MAX];
        size_t count = view_voters (reg->accepted->view, voters);
        for (size_t index = 0; index < count; index++) {
            peer_t *peer = peer_find (self, voters[index]);
            if (peer && peer->id != self->id)
                heartbeat_publish (self, peer);
        }
    }
    s_ask_votes (self, PEER_PREVOTE);
    if (s_count_vote (self, self->id))
        s_stand (self);
}

typedef struct {
    ballot_t ballot, accepted;
    uint64_t version;
} candidacy_t;

bool
register_read_ballot (mp_t *reader, ballot_t *ballot)
{
    return mp_uint (reader, &ballot->counter) && mp_uint (reader, &ballot->node)
           && ballot->counter < CLUSTER_COUNTER_MAX;
}

static bool
s_read_candidacy (mp_t *reader, node_id_t from, candidacy_t *candidacy)
{
    return register_read_ballot (reader, &candidacy->ballot) && candidacy->ballot.node == from
           && register_read_ballot (reader, &candidacy->accepted) && mp_uint (reader, &candidacy->version);
}

//  What the candidate has accepted is at least as new as what this node has.
static bool
s_new_enough (const cluster_t *self, const candidacy_t *candidacy)
{
    const register_t *reg = &self->reg;
    //  Whoever has not accepted what is committed must not decide what comes next: not even with the
    //  vote of one that voted before that and has dropped its state
    if (self->known && candidacy->version < self->known->view->version)
        return false;
    int order = ballot_order (candidacy->accepted, reg->accepted_ballot);
    return order > 0 || (order == 0 && candidacy->version >= reg->accepted_version);
}

//  The test of both PREVOTE and REQ_VOTE. *refused: a higher ballot was promised, and it is told so.
static bool
s_grants (cluster_t *self, node_id_t from, const candidacy_t *candidacy)
{
    register_t *reg = &self->reg;
    if (!peer_find (self, from)) {
        cluster_refuse (self, from, "a stranger wants a vote");
        return false;
    }
    //  Who was made a voter may not have accepted anything yet, and the others may need its vote. A
    //  promise binds whoever gives it; whether it counts, the candidate's state says.
    if ((self->state != CLUSTER_MEMBER && !reg->accepted) || register_coordinates (self))
        return false;
    bool higher = ballot_order (candidacy->ballot, reg->promised) > 0;
    //  The minimum election timeout: a coordinator that is heard is not voted out
    if (higher && self->now - reg->heard_at < s_loyal (self))
        return false;
    //  A voter promises upwards only: one vote for each ballot (consistency 3)
    if (HOLDS (single_vote, higher))
        return s_new_enough (self, candidacy);
    post_begin (self, PEER_NACK, 2);
    post_ballot (self, reg->promised);
    post_to (self, from);
    return false;
}

bool
register_on_prevote (cluster_t *self, node_id_t from, mp_t *reader)
{
    candidacy_t candidacy;
    if (!s_read_candidacy (reader, from, &candidacy))
        return false;
    if (!s_grants (self, from, &candidacy))
        return true;
    post_begin (self, PEER_PREVOTE_ANSWER, 2);
    post_ballot (self, candidacy.ballot);
    post_to (self, from);
    return true;
}

bool
register_on_prevote_answer (cluster_t *self, node_id_t from, mp_t *reader)
{
    ballot_t ballot;
    if (!register_read_ballot (reader, &ballot))
        return false;
    if (self->reg.role == REGISTER_ASKING && ballot_order (ballot, self->reg.mine) == 0
        && ballot_order (ballot, self->reg.promised) > 0 && s_count_vote (self, from))
        s_stand (self);
    return true;
}

bool
register_on_req_vote (cluster_t *self, node_id_t from, mp_t *reader)
{
    candidacy_t candidacy;
    if (!s_read_candidacy (reader, from, &candidacy))
        return false;
    if (!s_grants (self, from, &candidacy))
        return true;
    self->reg.promised = candidacy.ballot;
    register_step_down (self);
    post_begin (self, PEER_VOTE, 2);
    post_ballot (self, candidacy.ballot);
    post_to (self, from);
    return true;
}

bool
register_on_vote (cluster_t *self, node_id_t from, mp_t *reader)
{
    ballot_t ballot;
    if (!register_read_ballot (reader, &ballot))
        return false;
    if (self->reg.role == REGISTER_CANDIDATE && ballot_order (ballot, self->reg.mine) == 0
        && s_count_vote (self, from))
        s_win (self);
    return true;
}

bool
register_on_nack (cluster_t *self, node_id_t from, mp_t *reader)
{
    register_t *reg = &self->reg;
    ballot_t ballot;
    if (!register_read_ballot (reader, &ballot))
        return false;
    if (reg->role == REGISTER_IDLE || !peer_find (self, from) || ballot_order (ballot, reg->mine) < 0
        || ballot.node == self->id)
        return true;
    //  A higher ballot: step down (consistency 3)
    if (ballot.counter > reg->counter_seen)
        reg->counter_seen = ballot.counter;
    register_step_down (self);
    reg->election_at = self->now + self->config.timing.lease / 8
                       + cluster_random (self) % (self->config.timing.lease / 2 + 1);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Answers to what was proposed

bool
register_on_accepted (cluster_t *self, node_id_t from, mp_t *reader)
{
    register_t *reg = &self->reg;
    ballot_t ballot;
    uint64_t version;
    if (!register_read_ballot (reader, &ballot) || !mp_uint (reader, &version))
        return false;
    peer_t *peer = peer_find (self, from);
    if (!peer || reg->role != REGISTER_COORDINATOR || ballot_order (ballot, reg->mine) != 0
        || version > reg->accepted->view->version)
        return true;
    peer->accepted_at = self->now;
    if (peer->accepted_counter == ballot.counter && peer->accepted_version >= version)
        return true;
    peer->accepted_counter = ballot.counter;
    peer->accepted_version = version;
    s_check_commit (self);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Time

static bool
s_answers (const void *arg, node_id_t id)
{
    const cluster_t *self = arg;
    const peer_t *peer = peer_find (self, id);
    return id == self->id || (peer && self->now - peer->accepted_at <= self->config.timing.lease * 2);
}

void
register_heartbeat (cluster_t *self)
{
    register_t *reg = &self->reg;
    if (reg->role != REGISTER_COORDINATOR)
        return;
    //  Without a majority that answers it decides nothing and does not stand in another's way
    if (!self->founding && !view_quorum (reg->accepted->view, s_answers, self)) {
        register_step_down (self);
        return;
    }
    register_send_accept (self);
    s_check_commit (self);
}

static bool
s_may_stand (const cluster_t *self)
{
    return register_votes (self) && self->reg.role != REGISTER_COORDINATOR;
}

void
register_tick (cluster_t *self)
{
    const register_t *reg = &self->reg;
    if (s_may_stand (self) && self->now >= reg->election_at && self->now - reg->heard_at > s_patience (self))
        s_ask (self);
}

uint64_t
register_next (const cluster_t *self)
{
    const register_t *reg = &self->reg;
    if (!s_may_stand (self))
        return CLUSTER_NEVER;
    uint64_t patience = reg->heard_at + s_patience (self) + 1;
    return reg->election_at > patience ? reg->election_at : patience;
}

//  coordinator: what the voters' coordinator decides, one proposal at a time; several changes go into
//  one (consistency 3). The files of its name each make one kind of change.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "cluster_impl.h"

#define PUBLISH_BYTES_A_MS 20000 // To all members together

bool
coordinator_new (cluster_t *self)
{
    coordinator_t *coord = &self->coord;
    coord->decide_at = coord->check_at = coord->era_at = CLUSTER_NEVER;
    coord->asked = mem_alloc_zero (self->config.partitions, sizeof *coord->asked);
    coord->lost = mem_alloc_zero (self->config.partitions, sizeof *coord->lost);
    return coord->asked && coord->lost;
}

void
coordinator_free (cluster_t *self)
{
    coordinator_t *coord = &self->coord;
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++)
        buf_clear (&coord->requests[index].words);
    mem_free (coord->asked);
    mem_free (coord->lost);
    mem_free (coord->asks);
    mem_free (coord->joiners);
}

//  Forgets what was asked of a coordinator: who asks repeats it.
void
coordinator_stop (cluster_t *self)
{
    coordinator_t *coord = &self->coord;
    for (uint32_t index = 0; index < coord->asks_count; index++)
        coord->asked[coord->asks[index].partition] = 0;
    coord->asks_count = coord->joiners_count = 0;
    coordinator_requests_drop (self);
    coord->decide_at = coord->check_at = coord->era_at = CLUSTER_NEVER;
    coord->restless = false;
}

void
coordinator_start (cluster_t *self)
{
    coordinator_t *coord = &self->coord;
    coordinator_stop (self);
    coord->even_version = 0;
    memset (coord->pleas, 0, sizeof coord->pleas);
    memset (coord->lost, 0, self->config.partitions);
    for (uint32_t index = 0; index < self->peers_count; index++)
        self->peers[index].suspect_at = 0;
}

//  ------------------------------------------------------------------------------------------------
//  What the files share

bool
coordinator_hears (const cluster_t *self, node_id_t id)
{
    if (id == self->id)
        return true;
    const peer_t *peer = peer_find (self, id);
    return peer && peer->heard && self->now - peer->heard_at <= cluster_recent (self)
           && self->now - peer->fresh_at <= 4 * cluster_heartbeat (self);
}

bool
member_is (const view_t *view, node_id_t id, member_status_t status)
{
    const member_t *member = view_member (view, id);
    return member && member->status == status;
}

bool
part_raise (draft_t *draft, uint32_t partition)
{
    part_t *part = &draft->view->parts[partition];
    if (part->epoch != draft->base->parts[partition].epoch || part->epoch >= VIEW_EPOCH_MAX)
        return false;
    part->epoch++;
    draft->changed = true;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Committed

static void
s_publish (cluster_t *self, const view_t *before)
{
    const view_t *view = self->known->view;
    for (uint32_t index = 0; index < self->peers_count; index++)
        if (self->peers[index].id != self->id)
            heartbeat_publish_now (self, &self->peers[index]);
    for (uint32_t index = 0; before && index < before->members_count; index++) {
        const gone_t *gone = gone_find (self, before->members[index].id);
        if (gone && !view_member (view, gone->id))
            heartbeat_publish_at (self, gone->id, gone->endpoint);
    }
}

void
coordinator_committed (cluster_t *self, const view_t *before, bool first)
{
    coordinator_t *coord = &self->coord;
    const view_t *view = self->known->view;
    for (uint32_t index = 0; index < self->peers_count; index++) {
        peer_t *peer = &self->peers[index];
        if (!member_is (view, peer->id, MEMBER_SUSPECT))
            peer->suspect_at = 0;
        //  The wait for the lease begins when this coordinator sees the commit (consistency 4)
        else if (first || peer->suspect_at == 0) {
            peer->suspect_at = self->now;
            peer->suspect_version = view->version;
        }
    }
    if (first) {
        coord->since = self->now;
        coord->era_at = self->now + self->config.timing.era;
        cluster_event (self, EVENT_COORDINATOR, UINT32_MAX, self->id, NULL);
    }
    s_publish (self, before);
    if (before && before != view)
        coordinator_events (self, before, view);
    coordinator_requests_committed (self);
    coordinator_wake (self);
}

//  ------------------------------------------------------------------------------------------------
//  Requests of primaries

void
coordinator_take (cluster_t *self, const ask_t *ask)
{
    coordinator_t *coord = &self->coord;
    if (!register_coordinates (self))
        return;
    const part_t *part = &self->known->view->parts[ask->partition];
    if (part->epoch != ask->epoch || part->primary != ask->from)
        return; // The primary will learn of its next epoch
    if (!coord->asks) {
        coord->asks = mem_alloc (CLUSTER_ASKS_MAX * sizeof *coord->asks);
        if (!coord->asks)
            return;
    }
    //  The newest one for a partition counts; primaries repeat them
    uint16_t place = coord->asked[ask->partition];
    if (place == 0) {
        if (coord->asks_count == CLUSTER_ASKS_MAX)
            return;
        place = (uint16_t) ++coord->asks_count;
        coord->asked[ask->partition] = place;
    }
    coord->asks[place - 1] = *ask;
    coordinator_wake (self);
}

bool
coordinator_on_ask (cluster_t *self, node_id_t from, peer_type_t what, mp_t *reader)
{
    ask_t ask = { .what = what, .from = from };
    uint64_t partition;
    if (!mp_uint (reader, &partition) || partition >= self->config.partitions || !mp_uint (reader, &ask.epoch)
        || !mp_uint (reader, &ask.node))
        return false;
    ask.partition = (uint32_t) partition;
    coordinator_take (self, &ask);
    return true;
}

static void
s_remove_rep (part_t *part, node_id_t id)
{
    unsigned kept = 0;
    for (unsigned index = 0; index < part->reps_count; index++)
        if (part->reps[index] != id)
            part->reps[kept++] = part->reps[index];
    part->reps_count = (uint8_t) kept;
}

//  Each is a compare-and-set on the epoch (consistency 5, 9).
static void
s_carry_out (draft_t *draft, const ask_t *ask)
{
    cluster_t *self = draft->cluster;
    part_t *part = &draft->view->parts[ask->partition];
    if (part->epoch != ask->epoch || part->primary != ask->from)
        return;
    switch (ask->what) {
        case PEER_JOIN:
            if (part->learner == ask->node && part->reps_count < VIEW_REPS_MAX
                && part_raise (draft, ask->partition)) {
                part->reps[part->reps_count++] = ask->node;
                part->learner = 0;
            }
            break;
        case PEER_RECONF:
            //  Only if the primary is alive beyond doubt (consistency 5, rule 7)
            if (part_has (part, ask->node) && ask->node != part->primary
                && !member_is (draft->view, ask->from, MEMBER_SUSPECT) && coordinator_hears (self, ask->from)
                && part_raise (draft, ask->partition))
                s_remove_rep (part, ask->node);
            break;
        case PEER_HANDOVER:
            //  To a member that is UP; otherwise the new epoch ends it, or the primary would stay sealed
            //  (consistency 9, rule 6)
            if (part_has (part, ask->node) && ask->node != part->primary && part_raise (draft, ask->partition)
                && member_is (draft->view, ask->node, MEMBER_UP))
                part->primary = ask->node;
            break;
        case PEER_DROP_LEARNER:
            if (part->learner == ask->node && part_raise (draft, ask->partition)) {
                part->learner = 0;
                coordinator_block (self, ask->partition, ask->node);
            }
            break;
        default:
            break;
    }
}

static void
s_asks (draft_t *draft)
{
    coordinator_t *coord = &draft->cluster->coord;
    for (uint32_t index = 0; index < coord->asks_count; index++) {
        s_carry_out (draft, &coord->asks[index]);
        coord->asked[coord->asks[index].partition] = 0;
    }
    coord->asks_count = 0;
}

//  ------------------------------------------------------------------------------------------------
//  Deciding

static void
s_decide (cluster_t *self)
{
    coordinator_t *coord = &self->coord;
    coord->decide_at = CLUSTER_NEVER;
    coord->restless = false;
    coord->restless_at = self->now + cluster_heartbeat (self);
    draft_t draft = { .cluster = self, .base = self->known->view };
    draft.view = view_copy (draft.base);
    if (!draft.view) {
        coord->restless = true; // Without memory: later
        coord->check_at = CLUSTER_NEVER;
        return;
    }
    coordinator_members (&draft);
    coordinator_requests (&draft);
    s_asks (&draft);
    coordinator_parts (&draft);
    coordinator_copies (&draft);
    coordinator_voters (&draft);
    if (draft.changed)
        coordinator_total (&draft);
    if (!draft.changed) {
        view_destroy (&draft.view);
        coordinator_requests_committed (self);
    }
    //  The view is the register's now, whether it had memory for it or not
    else if (!register_propose (self, draft.view)) {
        coord->restless = true;
        coordinator_requests_again (self);
    }
}

void
coordinator_tick (cluster_t *self)
{
    if (!register_coordinates (self) || self->reg.pending || self->known != self->reg.accepted)
        return;
    if (coordinator_next (self) <= self->now)
        s_decide (self);
}

uint64_t
coordinator_next (const cluster_t *self)
{
    const coordinator_t *coord = &self->coord;
    if (!register_coordinates (self) || self->reg.pending)
        return CLUSTER_NEVER;
    uint64_t next = coord->decide_at < coord->check_at ? coord->decide_at : coord->check_at;
    if (coord->era_at < next)
        next = coord->era_at;
    if (coord->restless && coord->restless_at < next)
        next = coord->restless_at;
    return next;
}

void
coordinator_wake (cluster_t *self)
{
    //  A moment later: what comes meanwhile goes into the same proposal. The larger what has to be
    //  published, the rarer.
    uint64_t most = cluster_heartbeat (self), pause = self->config.timing.lease / 100 + 1;
    if (self->known)
        pause += self->known->bytes.size * self->peers_count / PUBLISH_BYTES_A_MS;
    uint64_t at = self->now + (pause < most ? pause : most);
    if (self->coord.decide_at > at)
        self->coord.decide_at = at;
}

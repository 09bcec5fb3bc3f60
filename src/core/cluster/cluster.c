//  cluster: see cluster.h. What comes in is checked and dealt out here.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "cluster_impl.h"

uint64_t
cluster_random (cluster_t *self)
{
    //  Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014, figure 17
    uint64_t word = self->random += UINT64_C (0x9e3779b97f4a7c15);
    word = (word ^ word >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C (0x94d049bb133111eb);
    return word ^ word >> 31;
}

uint64_t
cluster_heartbeat (const cluster_t *self)
{
    uint64_t heartbeat = self->config.timing.lease / 8;
    return heartbeat ? heartbeat : 1;
}

uint64_t
cluster_recent (const cluster_t *self)
{
    return cluster_heartbeat (self) * 5 / 2;
}

void
cluster_event (cluster_t *self, cluster_event_t event, uint32_t partition, node_id_t node, const char *text)
{
    self->port.event (self->port.arg, event, partition, node, text);
}

void
cluster_refuse (cluster_t *self, node_id_t from, const char *why)
{
    self->stats.refused++;
    if (self->refused_once && self->now - self->refused_at < 1000)
        return;
    self->refused_once = true;
    self->refused_at = self->now;
    cluster_event (self, EVENT_REFUSED, UINT32_MAX, from, why);
}

void
cluster_end (cluster_t *self, cluster_state_t state, const char *why)
{
    if (self->state > CLUSTER_MEMBER)
        return;
    self->state = state;
    snprintf (self->why, sizeof self->why, "%s", why);
    lease_set (self->lease, 0, 0);
    self->leased_until = 0;
    if (self->reg.role != REGISTER_IDLE)
        register_step_down (self);
}

static uint64_t
s_later (uint64_t at, uint64_t gap, uint64_t now)
{
    return now - at < gap ? now : at + gap;
}

//  This process was stopped for a while: what was silent meanwhile was not heard because nobody
//  listened. (Dadgar, Phillips, Currey 2017: the fault may be one's own.)
static void
s_forgive_pause (cluster_t *self)
{
    uint64_t gap = self->now - self->ticked_at;
    if (!self->ticked || gap <= 3 * cluster_heartbeat (self))
        return;
    for (uint32_t index = 0; index < self->peers_count; index++) {
        peer_t *peer = &self->peers[index];
        peer->heard_at = s_later (peer->heard_at, gap, self->now);
        peer->heard = false;
        peer->accepted_at = s_later (peer->accepted_at, gap, self->now);
    }
    self->reg.heard_at = s_later (self->reg.heard_at, gap, self->now);
    self->unleased_at = self->now;
    self->ticked_at = self->now;
}

//  Time never goes back here, whatever the caller's clock does.
static void
s_set_now (cluster_t *self, uint64_t now)
{
    if (now > self->now)
        self->now = now;
    s_forgive_pause (self);
}

//  ------------------------------------------------------------------------------------------------
//  SWIM

static void
s_swim_send (void *arg, node_id_t to, bytes_t message)
{
    cluster_t *self = arg;
    buf_reset (&self->message);
    buf_add (&self->message, message.data, message.size);
    post_to (self, to);
}

static void
s_gone (cluster_t *self, node_id_t node)
{
    peer_t *peer = peer_find (self, node);
    if (!peer || node == self->id || peer->gone_at)
        return;
    peer->gone_at = self->now ? self->now : 1;
    coordinator_wake (self);
}

static void
s_swim_changed (void *arg, node_id_t node, swim_status_t status)
{
    cluster_t *self = arg;
    peer_t *peer = peer_find (self, node);
    if (status == SWIM_DEAD)
        s_gone (self, node);
    else if (peer && status == SWIM_ALIVE)
        peer->gone_at = 0;
}

static bool
s_new_swim (cluster_t *self)
{
    //  A period is a lease, but for fast profiles: 200 ms then
    uint64_t period = self->config.timing.lease < 1000 ? self->config.timing.lease * 2 / 5 : 1000;
    swim_config_t config = { .self = self->id,
                             .period = period ? period : 1,
                             .timeout = period / 3 ? period / 3 : 1,
                             .indirect = 3,
                             .random = cluster_random (self) };
    swim_port_t port = { self, s_swim_send, s_swim_changed };
    self->swim = swim_new (&config, &port, self->now);
    return self->swim != NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Construction

cluster_t *
cluster_new (const cluster_config_t *config, const cluster_port_t *port, lease_t *lease, uint64_t now)
{
    if (config->self.id == 0 || config->partitions == 0 || config->partitions > VIEW_PARTITIONS_MAX)
        return NULL;
    cluster_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->config.seeds = NULL; // They are contacts from here on
    self->config.copies = config->copies ? config->copies : 1;
    self->config.voters_max = config->voters_max >= 5 ? 5 : config->voters_max >= 3 ? 3 : 1;
    self->port = *port;
    self->lease = lease;
    self->id = config->self.id;
    self->now = now;
    self->met_at = self->majority_at = CLUSTER_NEVER;
    self->heartbeat_at = self->swim_at = now;
    memcpy (&self->random, config->random + 24, sizeof self->random);
    lease_set (lease, 0, 0);
    if (!coordinator_new (self) || !s_new_swim (self)) {
        cluster_destroy (&self);
        return NULL;
    }
    for (uint32_t index = 0; index < config->seeds_count; index++)
        founding_add_seed (self, config->seeds[index]);
    return self;
}

void
cluster_destroy (cluster_t **self_p)
{
    cluster_t *self = *self_p;
    if (!self)
        return;
    swim_destroy (&self->swim);
    coordinator_free (self);
    admin_free (self);
    deltas_forget (self);
    edition_drop (&self->known);
    edition_drop (&self->reg.accepted);
    mem_free (self->peers);
    mem_free (self->gone);
    mem_free (self->contacts);
    buf_clear (&self->message);
    buf_clear (&self->body);
    mem_free (self);
    *self_p = NULL;
}

void
cluster_add_seed (cluster_t *self, const char *endpoint)
{
    founding_add_seed (self, endpoint);
}

//  ------------------------------------------------------------------------------------------------
//  Messages

static bool
s_on_hand_over (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t partition, epoch, node;
    if (!mp_uint (reader, &partition) || partition >= self->config.partitions || !mp_uint (reader, &epoch)
        || !mp_uint (reader, &node))
        return false;
    if (!peer_find (self, from))
        cluster_refuse (self, from, "a stranger's request");
    else
        self->port.hand_over (self->port.arg, (uint32_t) partition, epoch, node);
    return true;
}

static bool
s_dispatch (cluster_t *self, node_id_t from, peer_type_t type, mp_t *reader, uint32_t count)
{
    switch (type) {
        case PEER_MEET:
            return founding_on_meet (self, from, reader);
        case PEER_MEET_ANSWER:
            return founding_on_meet_answer (self, from, reader);
        case PEER_REFUSED:
            return founding_on_refused (self, from, reader);
        case PEER_PREVOTE:
            return register_on_prevote (self, from, reader);
        case PEER_PREVOTE_ANSWER:
            return register_on_prevote_answer (self, from, reader);
        case PEER_REQ_VOTE:
            return register_on_req_vote (self, from, reader);
        case PEER_VOTE:
            return register_on_vote (self, from, reader);
        case PEER_ACCEPT:
            return register_on_accept (self, from, reader);
        case PEER_ACCEPT_DELTA:
            return register_on_accept_delta (self, from, reader);
        case PEER_ACCEPT_WHOLE:
            return register_on_accept_whole (self, from, reader);
        case PEER_ACCEPTED:
            return register_on_accepted (self, from, reader);
        case PEER_NACK:
            return register_on_nack (self, from, reader);
        case PEER_PUBLISH:
            return heartbeat_on_publish (self, from, reader);
        case PEER_PUBLISH_DELTA:
            return heartbeat_on_publish_delta (self, from, reader);
        case PEER_FETCH:
            return heartbeat_on_fetch (self, from, reader);
        case PEER_HB:
            return heartbeat_on_hb (self, from, reader);
        case PEER_HB_ACK:
            return heartbeat_on_hb_ack (self, from, reader);
        case PEER_RECONF:
        case PEER_JOIN:
        case PEER_HANDOVER:
        case PEER_DROP_LEARNER:
            return coordinator_on_ask (self, from, type, reader);
        case PEER_HANDOVER_PLEASE:
            return s_on_hand_over (self, from, reader);
        case PEER_ADMIN:
            return admin_on_request (self, from, reader);
        case PEER_ADMIN_ANSWER:
            return admin_on_answer (self, from, reader);
        case PEER_SWIM_PING:
        case PEER_SWIM_ACK:
        case PEER_SWIM_PING_REQ:
        case PEER_SWIM_NACK:
            return !peer_find (self, from) || swim_receive (self->swim, from, type, reader, count, self->now);
        default:
            return false; // Of the other plane
    }
}

//  What the head must say for that type (consistency 1: a message for another id is dropped).
static const char *
s_wrong_head (const cluster_t *self, const peer_head_t *head, peer_type_t type)
{
    bool meeting = type == PEER_MEET || type == PEER_MEET_ANSWER || type == PEER_REFUSED;
    if (head->to != self->id && (head->to != 0 || type != PEER_MEET))
        return "a message for another node";
    if (head->cluster == 0 && !meeting)
        return "a message without a cluster";
    if (head->cluster != 0 && self->cluster != 0 && head->cluster != self->cluster && !meeting)
        return "a message of another cluster";
    return NULL;
}

void
cluster_receive (cluster_t *self, bytes_t body, uint64_t now)
{
    s_set_now (self, now);
    self->stats.received++;
    peer_head_t head;
    mp_t reader;
    if (!peer_open (body, &head, &reader)) {
        cluster_refuse (self, 0, "it is no message between nodes");
        return;
    }
    if (head.from == self->id)
        return; // Its own address stands among the seeds
    while (self->state <= CLUSTER_MEMBER) {
        uint32_t count;
        peer_type_t type = peer_next (&reader, &count);
        if (type == PEER_NONE) {
            if (count)
                cluster_refuse (self, head.from, "malformed");
            return;
        }
        const char *wrong = s_wrong_head (self, &head, type);
        mp_t fields = reader;
        bool whole = true;
        for (uint32_t field = 0; field < count && whole; field++)
            whole = mp_skip (&reader);
        self->meet_cluster = head.cluster;
        if (wrong || !whole || !s_dispatch (self, head.from, type, &fields, count)) {
            cluster_refuse (self, head.from, wrong ? wrong : "malformed");
            return;
        }
    }
}

void
cluster_unreachable (cluster_t *self, node_id_t node, uint64_t now)
{
    s_set_now (self, now);
    s_gone (self, node);
}

void
cluster_ask (cluster_t *self, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node,
             uint64_t now)
{
    s_set_now (self, now);
    if (self->state != CLUSTER_MEMBER || partition >= self->config.partitions)
        return;
    if (register_coordinates (self)) {
        ask_t ask = { what, partition, epoch, self->id, node };
        coordinator_take (self, &ask);
        return;
    }
    post_begin (self, what, 3);
    wire_add_uint (&self->message, partition);
    wire_add_uint (&self->message, epoch);
    wire_add_uint (&self->message, node);
    admin_post (self);
}

//  ------------------------------------------------------------------------------------------------
//  Time

//  Nobody is left to whom anything could be moved.
static bool
s_last_of_all (const cluster_t *self)
{
    const view_t *view = self->known->view;
    const member_t *own = heartbeat_self (self);
    if (view->members_count == 1)
        return true;
    for (uint32_t index = 0; index < view->members_count; index++)
        if (!view->members[index].witness && view->members[index].status != MEMBER_LEAVING)
            return false;
    return own && own->status == MEMBER_LEAVING;
}

static uint64_t
s_least (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t
cluster_tick (cluster_t *self, uint64_t now)
{
    s_set_now (self, now);
    self->ticked = true;
    self->ticked_at = self->now;
    if (self->leaving
        && (self->state < CLUSTER_MEMBER || (self->state == CLUSTER_MEMBER && s_last_of_all (self))))
        cluster_end (self, CLUSTER_LEFT, "");
    if (self->state <= CLUSTER_JOINING)
        founding_tick (self);
    if (self->state > CLUSTER_MEMBER)
        return CLUSTER_NEVER;
    register_tick (self);
    coordinator_tick (self);
    if (self->now >= self->heartbeat_at) {
        self->heartbeat_at = self->now + cluster_heartbeat (self);
        register_heartbeat (self);
        heartbeat_tick (self);
        admin_tick (self);
    }
    if (self->state == CLUSTER_MEMBER && self->now >= self->swim_at)
        self->swim_at = swim_tick (self->swim, self->now);
    uint64_t next = s_least (self->heartbeat_at, register_next (self));
    next = s_least (next, coordinator_next (self));
    next = s_least (next, founding_next (self));
    if (self->state == CLUSTER_MEMBER)
        next = s_least (next, self->swim_at);
    return self->state > CLUSTER_MEMBER ? CLUSTER_NEVER : next > self->now ? next : self->now + 1;
}

void
cluster_leave (cluster_t *self, uint64_t now)
{
    s_set_now (self, now);
    self->leaving = true;
    if (self->state < CLUSTER_MEMBER)
        cluster_end (self, CLUSTER_LEFT, "");
}

//  ------------------------------------------------------------------------------------------------
//  Queries

const view_t *
cluster_view (const cluster_t *self)
{
    return self->known ? self->known->view : NULL;
}

cluster_state_t
cluster_state (const cluster_t *self)
{
    return self->state;
}

const char *
cluster_why (const cluster_t *self)
{
    return self->why;
}

node_id_t
cluster_coordinator (const cluster_t *self)
{
    return register_coordinates (self) ? self->id : self->coordinator;
}

bool
cluster_is_coordinator (const cluster_t *self)
{
    return register_coordinates (self);
}

const view_t *
cluster_accepted (const cluster_t *self)
{
    return self->reg.accepted ? self->reg.accepted->view : NULL;
}

const cluster_stats_t *
cluster_stats (const cluster_t *self)
{
    return &self->stats;
}

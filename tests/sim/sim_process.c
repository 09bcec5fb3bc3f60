//  sim_process: one process on a machine: its clock, its beacon, and how it starts and ends.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "mutant.h"
#include "sim/sim.h"

//  ------------------------------------------------------------------------------------------------
//  Its clock

uint64_t
process_local_us (const process_t *self)
{
    return self->offset + (uint64_t) ((double) self->sim->now * self->rate);
}

uint64_t
process_local (const process_t *self)
{
    return process_local_us (self) / 1000;
}

uint64_t
process_time (const process_t *self, uint64_t local)
{
    uint64_t wanted = local * 1000;
    if (wanted <= self->offset)
        return self->sim->now;
    uint64_t time = (uint64_t) ((double) (wanted - self->offset) / self->rate) + 2;
    return time > self->sim->now ? time : self->sim->now;
}

process_t *
process_at (sim_t *sim, uint32_t slot)
{
    process_t *self = slot < SIM_SLOTS_MAX ? sim->at[slot] : NULL;
    return self && self->alive ? self : NULL;
}

process_t *
process_of (sim_t *sim, node_id_t id)
{
    for (uint32_t at = sim->processes_count; at-- > 0;)
        if (sim->processes[at]->id == id)
            return sim->processes[at];
    return NULL;
}

bool
process_is_up (const process_t *self)
{
    return self->alive && self->paused_until <= self->sim->now;
}

bool
process_defer (process_t *self, event_t *event)
{
    sim_t *sim = self->sim;
    if (self->paused_until <= sim->now)
        return false;
    uint64_t late = sim->network->in_order ? 0 : chance_between (&sim->chance, 0, 2000);
    sim_at (sim, self->paused_until + late, event);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Its beacon

//  All storage actors of the process learn the view, each when its turn comes.
static void
s_distribute (process_t *self, const view_t *view)
{
    sim_t *sim = self->sim;
    for (uint32_t at = 0; at < self->actors_count; at++) {
        event_t *item = event_new (actor_on_item, bytes_of (NULL, 0));
        item->kind = ITEM_VIEW;
        item->process = self->index;
        item->actor = at;
        item->view = view;
        uint64_t delay = chance_between (&sim->chance, 20, sim->plan.inner_delay);
        if (chance_of (&sim->chance, 0.03) && !sim->plan.on_time)
            delay += chance_between (&sim->chance, 0, 200000);
        sim_at (sim, sim->now + delay, item);
    }
}

static event_fn s_on_beacon_wake;

//  After anything that its beacon did.
static void
s_after (process_t *self)
{
    sim_t *sim = self->sim;
    uint64_t local = process_local (self);
    uint64_t next = cluster_tick (self->cluster, local);
    const view_t *view = cluster_view (self->cluster);
    if (view && (!self->view || view->version != self->view->version)) {
        self->view = check_view (sim, self, view);
        s_distribute (self, self->view);
        router_learn (self, self->view);
    }
    cluster_state_t state = cluster_state (self->cluster);
    if (state == CLUSTER_REFUSED || state == CLUSTER_STUCK || state == CLUSTER_LEFT) {
        TRACE (sim, "n%" PRIu32 " ends: %s %s", self->slot,
               state == CLUSTER_LEFT    ? "left"
               : state == CLUSTER_STUCK ? "stuck"
                                        : "refused",
               cluster_why (self->cluster));
        process_kill (self, chance_between (&sim->chance, 50000, 1000000));
        return;
    }
    uint64_t wake = next == UINT64_MAX ? UINT64_MAX : process_time (self, next > local ? next : local + 1);
    if (wake == self->beacon_wake || wake == UINT64_MAX)
        return;
    self->beacon_wake = wake;
    event_t *event = event_new (s_on_beacon_wake, bytes_of (NULL, 0));
    event->process = self->index;
    event->a = wake;
    sim_at (sim, wake, event);
}

static void
s_on_beacon_wake (sim_t *sim, event_t *event)
{
    process_t *self = sim->processes[event->process];
    if (self->alive && event->a == self->beacon_wake) {
        if (process_defer (self, event))
            return;
        self->beacon_wake = 0;
        s_after (self);
    }
    event_free (event);
}

//  What was sent to a process that is not there any more.
static void
s_on_refused (sim_t *sim, event_t *event)
{
    process_t *self = process_at (sim, event->slot);
    if (self && self->id == event->to_id) {
        if (process_defer (self, event))
            return;
        cluster_unreachable (self->cluster, event->from_id, process_local (self));
        s_after (self);
    }
    network_arrived (sim, event);
    event_free (event);
}

static void
s_on_beacon (sim_t *sim, event_t *event)
{
    process_t *self = process_at (sim, event->slot);
    if (self && process_defer (self, event))
        return;
    network_arrived (sim, event);
    if (sim->network->refuses && event->to_id && (!self || self->id != event->to_id)
        && event->from < SIM_SLOTS_MAX) {
        event_t *refused = event_new (s_on_refused, bytes_of (NULL, 0));
        refused->to_id = event->from_id;
        refused->from_id = event->to_id;
        network_send (sim, event->slot, event->from, refused);
    }
    if (self) {
        cluster_receive (self->cluster, event_body (event), process_local (self));
        s_after (self);
    }
    event_free (event);
}

static void
s_send (void *arg, node_id_t to, const char *endpoint, bytes_t body)
{
    process_t *self = arg;
    uint32_t slot, port;
    if (!network_address (bytes_str (endpoint), &slot, &port))
        return;
    event_t *event = event_new (s_on_beacon, body);
    event->from_id = self->id;
    event->to_id = to;
    network_send (self->sim, self->slot, slot, event);
}

static void
s_hand_over (void *arg, uint32_t partition, uint64_t epoch, node_id_t node)
{
    process_t *self = arg;
    if (!self->actors_count)
        return;
    event_t *item = event_new (actor_on_item, bytes_of (NULL, 0));
    item->kind = ITEM_HAND_OVER;
    item->process = self->index;
    item->actor = partition % self->actors_count;
    item->number = partition;
    item->a = epoch;
    item->b = node;
    sim_at (self->sim, self->sim->now + chance_between (&self->sim->chance, 20, self->sim->plan.inner_delay),
            item);
}

static void
s_event (void *arg, cluster_event_t event, uint32_t partition, node_id_t node, const char *text)
{
    static const char *const s_names[] = { "coordinator", "added",    "suspect", "back",     "leaving",
                                           "forgotten",   "failover", "learner", "joined",   "removed",
                                           "handover",    "voters",   "lost",    "not lost", "wiped",
                                           "refused",     "admin" };
    process_t *self = arg;
    if (!self->sim->trace)
        return;
    const process_t *whom = node ? process_of (self->sim, node) : NULL;
    sim_say (self->sim, "n%" PRIu32 " says: %s p%d n%d (%" PRIx64 ") %s", self->slot, s_names[event],
             (int) partition, whom ? (int) whom->slot : -1, node, text ? text : "");
}

//  ------------------------------------------------------------------------------------------------
//  Life

static void
s_on_restart (sim_t *sim, event_t *event)
{
    if (!process_at (sim, event->slot))
        process_start (sim, event->slot);
    event_free (event);
}

static void
s_fill_member (process_t *self)
{
    const plan_t *plan = &self->sim->plan;
    member_t *member = &self->self;
    member->id = self->id;
    snprintf (member->name, sizeof member->name, "n%" PRIu32, self->slot);
    snprintf (member->host, sizeof member->host, "n%" PRIu32, self->slot);
    member->weight = 100;
    member->witness = self->slot + plan->witnesses >= plan->slots && self->slot < plan->slots;
    member->router_port = SIM_ROUTER_PORT;
    member->beacon_port = SIM_BEACON_PORT;
    member->actors = member->witness ? 0 : (uint16_t) plan->actors[self->slot];
    for (uint16_t at = 0; at < member->actors; at++) {
        member->client_ports[at] = (uint16_t) (self->port + 100 + at);
        member->peer_ports[at] = (uint16_t) (self->port + 200 + at);
    }
    self->actors_count = member->actors;
}

static void
s_start_beacon (process_t *self, bool first)
{
    sim_t *sim = self->sim;
    const plan_t *plan = &sim->plan;
    const char *seeds[SIM_SLOTS_MAX];
    char texts[SIM_SLOTS_MAX][24];
    for (uint32_t slot = 0; slot < plan->slots; slot++) {
        snprintf (texts[slot], sizeof texts[slot], "tcp://n%" PRIu32 ":%u", slot, SIM_BEACON_PORT);
        seeds[slot] = texts[slot];
    }
    cluster_config_t config = { .self = self->self,
                                .partitions = plan->partitions,
                                .copies = (uint8_t) plan->copies,
                                .voters_max = (uint8_t) plan->voters_max,
                                .bootstrap = first && !plan->expect && self->slot == 0,
                                .expect = first && plan->expect ? plan->slots : 0,
                                .seeds = seeds,
                                .seeds_count = plan->slots,
                                .moves_max = 2,
                                .timing = plan->timing };
    for (size_t at = 0; at < sizeof config.random; at += 8) {
        uint64_t word = chance_next (&sim->chance);
        memcpy (config.random + at, &word, 8);
    }
    cluster_port_t port = { .arg = self, .send = s_send, .event = s_event, .hand_over = s_hand_over };
    self->cluster = cluster_new (&config, &port, &self->lease, process_local (self));
    assert (self->cluster);
}

process_t *
process_start (sim_t *sim, uint32_t slot)
{
    const process_t *before = sim->at[slot];
    process_t *self = calloc (1, sizeof *self);
    assert (self);
    if (sim->processes_count == sim->processes_room) {
        sim->processes_room = sim->processes_room ? sim->processes_room * 2 : 64;
        sim->processes = realloc (sim->processes, sim->processes_room * sizeof *sim->processes);
        assert (sim->processes);
    }
    self->sim = sim;
    self->index = sim->processes_count;
    sim->processes[sim->processes_count++] = self;
    sim->at[slot] = self;
    self->slot = slot;
    self->id = chance_next (&sim->chance) | 1;
    if (before && LEFT_OUT (fresh_id)) // A process that starts again: consistency 1
        self->id = before->id;
    self->alive = true;
    self->started = sim->now;
    self->rate = sim->plan.on_time ? 1 : 0.99 + 0.02 * (double) chance_below (&sim->chance, 1000) / 1000;
    self->offset = chance_between (&sim->chance, 1000 * SIM_SECOND, 2000 * SIM_SECOND);
    self->port = before && !sim->plan.same_port && before->port == 1000 ? 2000 : 1000;
    s_fill_member (self);
    TRACE (sim, "n%" PRIu32 " starts as %" PRIx64 "%s", slot, self->id,
           self->self.witness ? ", a witness" : "");
    s_start_beacon (self, !before && slot < sim->plan.slots);
    for (uint32_t at = 0; at < self->actors_count; at++)
        actor_start (&self->actors[at], self, at);
    router_start (self);
    s_after (self);
    return self;
}

//  What its beacon has counted goes to the totals.
static void
s_count (process_t *self)
{
    totals_t *totals = &self->sim->totals;
    const cluster_stats_t *stats = cluster_stats (self->cluster);
    totals->elections += stats->elections;
    totals->failovers += stats->failovers;
    totals->joins += stats->joins;
    totals->handovers += stats->handovers;
    totals->removals += stats->removals;
    totals->voter_swaps += stats->voter_swaps;
    totals->suspects += stats->suspects;
    totals->deltas_sent += stats->deltas_sent;
    totals->deltas_applied += stats->deltas_applied;
    totals->asked_for_whole += stats->deltas_refused;
    totals->delta_bytes_saved += stats->delta_bytes_saved;
}

void
process_destroy (process_t *self)
{
    if (!self->cluster)
        return;
    s_count (self);
    for (uint32_t at = 0; at < self->actors_count; at++)
        actor_destroy (&self->actors[at]);
    forward_destroy (&self->forward);
    cluster_destroy (&self->cluster);
    self->alive = false;
}

void
process_kill (process_t *self, uint64_t again_after)
{
    sim_t *sim = self->sim;
    process_destroy (self);
    event_t *event = event_new (s_on_restart, bytes_of (NULL, 0));
    event->slot = self->slot;
    sim_at (sim, sim->now + again_after, event);
}

//  ------------------------------------------------------------------------------------------------
//  What others ask of its beacon

void
process_ask (process_t *self, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node)
{
    cluster_ask (self->cluster, what, partition, epoch, node, process_local (self));
    s_after (self);
}

void
process_leave (process_t *self)
{
    self->leaving = true;
    cluster_leave (self->cluster, process_local (self));
    s_after (self);
}

uint64_t
process_admin (process_t *self, const bytes_t *words, size_t count)
{
    uint64_t number = cluster_admin (self->cluster, words, count, process_local (self));
    s_after (self);
    return number;
}

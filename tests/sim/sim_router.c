//  sim_router: the router of a process: records of clients go through the production core that forwards
//  them (forward.h) to the storage actors that own their partitions, here or on another member.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/sim.h"
#include "status.h"

//  ------------------------------------------------------------------------------------------------
//  What it asks for

static void
s_trace_body (const process_t *self, const char *what, uint32_t slot, uint64_t mark, bytes_t body)
{
    mp_t reader;
    request_t request;
    reply_t reply;
    bool asks = what[0] == 'a';
    if (self->sim->trace < 2 || !wire_open (body, &reader))
        return;
    while (asks ? wire_next_request (&reader, &request) == WIRE_RECORD
                : wire_next_reply (&reader, &reply) == WIRE_RECORD)
        sim_say (self->sim, "router of n%" PRIu32 " %s n%d: mark %" PRIu64 " id %" PRIu64 " %s", self->slot,
                 what, (int) slot, mark, asks ? request.id : reply.id,
                 asks ? op_info (request.op)->name : status_name ((int) reply.status));
}

//  No record may be in a body twice.
static void
s_check_body (process_t *self, bytes_t body)
{
    mp_t reader;
    request_t request;
    uint64_t seen[64], last = 0;
    uint32_t count = 0;
    if (body.size < 200 || !wire_open (body, &reader))
        return;
    for (; wire_next_request (&reader, &request) == WIRE_RECORD && count < 64; last = request.id) {
        for (uint32_t at = 0; at < count; at++)
            if (seen[at] == request.id && request.id == last)
                sim_fail (self->sim, "the router of n%" PRIu32 " sends one record twice in a body",
                          self->slot);
        seen[count++] = request.id;
    }
}

static bool
s_send (void *arg, node_id_t node, uint32_t actor, uint64_t mark, bytes_t body)
{
    process_t *self = arg;
    sim_t *sim = self->sim;
    const member_t *member = view_member (forward_view (self->forward), node);
    if (!member || actor >= member->actors)
        return false;
    event_t *event = event_new (actor_on_item, body);
    event->kind = ITEM_CLIENT;
    event->once = true; // It counts answers; a connection doubles nothing
    event->process = SIM_NOBODY;
    event->actor = actor;
    event->port = member->client_ports[actor];
    event->route = (route_t) { .client = SIM_NOBODY, .via = self->index, .mark = mark };
    uint32_t slot = (uint32_t) strtoul (member->host + 1, NULL, 10);
    if (slot != self->slot)
        sim->totals.forwarded++;
    s_trace_body (self, "asks", slot, mark, body);
    s_check_body (self, body);
    network_send (sim, self->slot, slot, event);
    return true;
}

static void
s_reply (void *arg, bytes_t route, const bytes_t *envelope, size_t envelope_count, bytes_t body,
         uint64_t records)
{
    process_t *self = arg;
    (void) envelope;
    (void) envelope_count;
    (void) records;
    uint32_t client;
    assert (route.size == sizeof client);
    memcpy (&client, route.data, sizeof client);
    event_t *event = event_new (client >= SIM_LOCK_CLIENT ? lock_side_on_reply : client_on_reply, body);
    event->number = client;
    event->process = SIM_NOBODY;
    network_send (self->sim, self->slot, SIM_NOBODY, event);
}

static bool
s_session (void *arg, uint8_t session[SESSION_SIZE])
{
    process_t *self = arg;
    self->issuer.node = self->id;
    self->issuer.actor = SESSION_ROUTER;
    const view_t *view = forward_view (self->forward);
    return session_issue (&self->issuer, view->cluster, view->era, session);
}

//  ------------------------------------------------------------------------------------------------
//  Turns

static event_fn s_on_wake;

static void
s_turn (process_t *self)
{
    uint64_t local = process_local (self);
    uint64_t next = forward_turn (self->forward, local);
    uint64_t wake = next == UINT64_MAX ? 0 : process_time (self, local + (next ? next : 1));
    if (wake == self->router_wake || !wake)
        return;
    self->router_wake = wake;
    event_t *event = event_new (s_on_wake, bytes_of (NULL, 0));
    event->process = self->index;
    event->a = wake;
    sim_at (self->sim, wake, event);
}

static void
s_on_wake (sim_t *sim, event_t *event)
{
    process_t *self = sim->processes[event->process];
    if (self->alive && event->a == self->router_wake) {
        if (process_defer (self, event))
            return;
        self->router_wake = 0;
        s_turn (self);
    }
    event_free (event);
}

void
router_learn (process_t *self, const view_t *view)
{
    view_t *copy = view_copy (view);
    assert (copy);
    forward_set_view (self->forward, &copy, process_local (self));
    s_turn (self);
}

void
router_on_request (sim_t *sim, event_t *event)
{
    process_t *self = process_at (sim, event->slot);
    if (self && process_defer (self, event))
        return;
    network_arrived (sim, event);
    mp_t reader;
    if (self && forward_view (self->forward) && wire_open (event_body (event), &reader)) {
        uint64_t local = process_local (self);
        request_t request;
        options_t options;
        const char *why;
        uint32_t client = event->route.client;
        group_t *group = forward_open (self->forward, bytes_of (&client, sizeof client), NULL, 0);
        assert (group);
        while (wire_next_request (&reader, &request) == WIRE_RECORD) {
            bool good = options_decode (request.options, &options, &why);
            assert (good);
            if (request.op != OP_WITH)
                forward_record (self->forward, group, &request, &options, NULL, 0, local);
            else if (!forward_check_session (&options, &why))
                sim_fail (sim, "the router refuses WITH: %s", why);
            else
                forward_with (group, &options);
        }
        forward_close (self->forward, group, local);
        s_turn (self);
    }
    event_free (event);
}

void
router_on_reply (sim_t *sim, event_t *event)
{
    process_t *self = sim->processes[event->process];
    if (self->alive && process_defer (self, event))
        return;
    network_arrived (sim, event);
    if (self->alive) {
        s_trace_body (self, "hears from", event->from, event->a, event_body (event));
        forward_receive (self->forward, event->a, event_body (event), process_local (self));
        s_turn (self);
    }
    event_free (event);
}

//  From a storage actor to whoever asked: a client, or a router.
void
route_reply (process_t *from, const route_t *route, bytes_t body)
{
    sim_t *sim = from->sim;
    bool routed = route->via != SIM_NOBODY;
    event_t *event = event_new (routed                             ? router_on_reply
                                : route->client >= SIM_LOCK_CLIENT ? lock_side_on_reply
                                : route->client == SIM_AP_CLIENT   ? ap_side_on_reply
                                                                   : client_on_reply,
                                body);
    event->number = route->client;
    event->a = route->mark;
    event->once = routed;
    event->process = routed ? route->via : SIM_NOBODY;
    network_send (sim, from->slot, routed ? sim->processes[route->via]->slot : SIM_NOBODY, event);
}

//  ------------------------------------------------------------------------------------------------
//  Life

void
router_start (process_t *self)
{
    forward_config_t config = { .self = self->id, .silence = 200, .patience = 1500 };
    for (size_t at = 0; at < HASH_SEED_SIZE; at++)
        config.seed[at] = (uint8_t) chance_below (&self->sim->chance, 256);
    forward_port_t port = { .arg = self, .send = s_send, .reply = s_reply, .session = s_session };
    self->forward = forward_new (&config, &port);
    assert (self->forward);
}

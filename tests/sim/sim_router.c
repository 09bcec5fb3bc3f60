//  sim_router: the router of a process: passes each record of a client's body on to the storage actor
//  that owns its partition, on this member or another, and the replies back.
//  SPDX-License-Identifier: MPL-2.0
#include <stdlib.h>

#include "sim/sim.h"
#include "slot.h"

void
route_reply (process_t *from, const route_t *route, bytes_t body)
{
    sim_t *sim = from->sim;
    bool routed = route->via != SIM_NOBODY;
    event_t *event = event_new (routed ? router_on_reply : client_on_reply, body);
    event->number = route->client;
    event->process = routed ? route->via : SIM_NOBODY;
    network_send (sim, from->slot, routed ? sim->processes[route->via]->slot : SIM_NOBODY, event);
}

void
router_on_reply (sim_t *sim, event_t *event)
{
    process_t *self = sim->processes[event->process];
    if (self->alive && process_defer (self, event))
        return;
    network_arrived (sim, event);
    if (self->alive) {
        route_t route = { .client = event->number, .via = SIM_NOBODY };
        route_reply (self, &route, event_body (event));
    }
    event_free (event);
}

static uint32_t
s_partition (const sim_t *sim, const request_t *request)
{
    options_t options;
    const char *why;
    if (op_info (request->op)->routing == ROUTING_KEY)
        return slot_partition (slot_of_key (request->key), sim->plan.partitions);
    return options_decode (request->options, &options, &why) ? (uint32_t) options.partition : 0;
}

//  One record, with the WITH before it, to its owner.
static void
s_pass (process_t *self, bytes_t with, const request_t *request, const route_t *route)
{
    sim_t *sim = self->sim;
    uint32_t partition = s_partition (sim, request);
    const part_t *part = &self->view->parts[partition];
    const member_t *owner = view_member (self->view, part->primary);
    if (!owner || !owner->actors)
        return;
    buf_t body = BUF_INIT;
    wire_begin (&body);
    buf_add (&body, with.data, with.size);
    buf_add (&body, request->raw.data, request->raw.size);
    event_t *event = event_new (actor_on_item, buf_bytes (&body));
    buf_clear (&body);
    event->kind = ITEM_CLIENT;
    event->process = SIM_NOBODY;
    event->actor = partition % owner->actors;
    event->port = owner->client_ports[event->actor];
    event->route = (route_t) { .client = route->client, .via = self->index };
    uint32_t slot = (uint32_t) strtoul (owner->host + 1, NULL, 10);
    if (slot != self->slot)
        sim->totals.forwarded++;
    network_send (sim, self->slot, slot, event);
}

void
router_on_request (sim_t *sim, event_t *event)
{
    process_t *self = process_at (sim, event->slot);
    if (self && process_defer (self, event))
        return;
    network_arrived (sim, event);
    mp_t reader;
    request_t request;
    bytes_t with = { NULL, 0 };
    if (self && self->view && wire_open (event_body (event), &reader))
        while (wire_next_request (&reader, &request) == WIRE_RECORD) {
            if (request.op == OP_WITH)
                with = request.raw;
            else
                s_pass (self, with, &request, &event->route);
        }
    event_free (event);
}

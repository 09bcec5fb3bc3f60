//  sim_network: messages between machines: late, lost, twice, out of order, cut off, or too many.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"

//  Clients stand together on a machine of their own.
static uint32_t
s_place (uint32_t slot)
{
    return slot == SIM_NOBODY ? SIM_SLOTS_MAX : slot;
}

static uint64_t
s_delay (sim_t *self)
{
    network_t *network = self->network;
    chance_t *chance = &self->chance;
    if (!chance_of (chance, 0.02) || self->plan.on_time)
        return chance_between (chance, 200, network->latency_max);
    if (chance_of (chance, network->stragglers))
        return chance_between (chance, 200000, 3500000);
    //  In order, one that is late holds up all behind it: that must not be silence when all is over
    return chance_between (chance, 0, network->calm ? 200000 : 600000);
}

static void
s_send_one (sim_t *self, uint32_t from, uint32_t to, event_t *event, uint64_t delay)
{
    network_t *network = self->network;
    uint64_t arrival = self->now + delay;
    if (network->in_order) {
        uint64_t *last = &network->last[from][to];
        arrival = arrival > *last ? arrival : *last + 1;
        *last = arrival;
    }
    network->under_way[from][to]++;
    sim_at (self, arrival, event);
}

//  What is said between members, by name.
static void
s_trace (const sim_t *self, const event_t *event)
{
    peer_head_t head;
    mp_t reader;
    uint32_t count;
    if (!peer_open (event_body (event), &head, &reader))
        return;
    for (peer_type_t type; (type = peer_next (&reader, &count)) != PEER_NONE;) {
        char text[160];
        int at = snprintf (text, sizeof text, "n%d -> n%d %s", (int) event->from, (int) event->slot,
                           peer_name (type));
        while (count--) {
            mp_t field = reader;
            uint64_t number;
            if (mp_uint (&field, &number))
                at += snprintf (text + at, sizeof text - (size_t) at, " %" PRIu64, number);
            if (!mp_skip (&reader) || at > 120)
                break;
        }
        sim_say (self, "%s", text);
        if (count != UINT32_MAX)
            return;
    }
}

void
network_send (sim_t *self, uint32_t from, uint32_t to, event_t *event)
{
    network_t *network = self->network;
    uint32_t a = s_place (from), b = s_place (to);
    self->totals.messages++;
    event->from = a;
    event->slot = b;
    if (self->trace > 2)
        s_trace (self, event);
    bool full = network->under_way[a][b] >= network->queue_max;
    if (full)
        self->totals.full_queues++;
    if (full || network->cut[a][b] || (a != b && chance_of (&self->chance, network->loss))) {
        self->totals.lost_messages++;
        event_free (event);
        return;
    }
    if (a != b && !event->once && chance_of (&self->chance, network->duplication)) {
        event_t *copy = event_new (event->run, event_body (event));
        uint32_t room = copy->room;
        memcpy (copy, event, sizeof *copy);
        copy->room = room;
        s_send_one (self, a, b, copy, chance_between (&self->chance, 500, 500000));
    }
    s_send_one (self, a, b, event, a == b ? chance_between (&self->chance, 20, 200) : s_delay (self));
}

void
network_arrived (sim_t *self, const event_t *event)
{
    self->network->under_way[event->from][event->slot]--;
}

void
network_mark (sim_t *self)
{
    network_t *network = self->network;
    if (!network->any_cut)
        return;
    for (uint32_t a = 0; a < self->plan.slots_max; a++)
        for (uint32_t b = 0; b <= SIM_SLOTS_MAX; b++)
            if (network->cut[a][b] || network->cut[b][a]) {
                network->touched[a] = self->now;
                if (b < SIM_SLOTS_MAX)
                    network->touched[b] = self->now;
            }
}

void
network_heal (sim_t *self)
{
    network_mark (self);
    memset (self->network->cut, 0, sizeof self->network->cut);
    self->network->any_cut = false;
}

void
network_cut (sim_t *self, uint32_t from, uint32_t to)
{
    uint32_t a = s_place (from), b = s_place (to);
    if (a == b)
        return;
    self->network->cut[a][b] = true;
    self->network->any_cut = true;
}

bool
network_troubled (const sim_t *self, uint32_t slot)
{
    const network_t *network = self->network;
    if (network->touched[slot] && network->touched[slot] + SIM_SECOND > self->now)
        return true;
    for (uint32_t other = 0; other <= SIM_SLOTS_MAX; other++)
        if (network->cut[slot][other] || network->cut[other][slot])
            return true;
    return false;
}

bool
network_address (bytes_t endpoint, uint32_t *slot, uint32_t *port)
{
    char text[64];
    if (endpoint.size < 8 || endpoint.size >= sizeof text || memcmp (endpoint.data, "tcp://n", 7) != 0)
        return false;
    memcpy (text, endpoint.data, endpoint.size);
    text[endpoint.size] = 0;
    char *end;
    *slot = (uint32_t) strtoul (text + 7, &end, 10);
    if (*end != ':')
        return false;
    *port = (uint32_t) strtoul (end + 1, &end, 10);
    return *end == 0 && *slot < SIM_SLOTS_MAX;
}

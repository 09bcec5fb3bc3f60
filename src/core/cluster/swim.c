//  swim: probes. See swim.h; swim_gossip.c has what is known of the members.
//  SPDX-License-Identifier: MPL-2.0
#include "swim_impl.h"

//  splitmix64 (Steele, Lea, Flood, 2014)
static uint64_t
s_random (swim_t *self)
{
    uint64_t word = self->random += UINT64_C (0x9e3779b97f4a7c15);
    word = (word ^ word >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C (0x94d049bb133111eb);
    return word ^ word >> 31;
}

swim_t *
swim_new (const swim_config_t *config, const swim_port_t *port, uint64_t now)
{
    swim_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    if (self->config.period == 0)
        self->config.period = 1;
    if (self->config.timeout == 0 || self->config.timeout > self->config.period)
        self->config.timeout = self->config.period;
    self->port = *port;
    self->random = config->random;
    self->number = s_random (self) >> 1;
    self->probe_at = now + s_random (self) % self->config.period;
    self->wake_at = self->probe_at;
    return self;
}

void
swim_destroy (swim_t **self_p)
{
    swim_t *self = *self_p;
    if (!self)
        return;
    mem_free (self->peers);
    mem_free (self->order);
    buf_clear (&self->out);
    mem_free (self);
    *self_p = NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Members

static uint32_t
s_place (const peer_state_t *peers, uint32_t count, node_id_t id)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (peers[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

peer_state_t *
swim_peer (const swim_t *self, node_id_t id)
{
    uint32_t place = s_place (self->peers, self->count, id);
    return place < self->count && self->peers[place].id == id ? &self->peers[place] : NULL;
}

static void
s_shuffle (swim_t *self)
{
    for (uint32_t at = self->count; at > 1; at--) {
        uint32_t other = (uint32_t) (s_random (self) % at), kept = self->order[at - 1];
        self->order[at - 1] = self->order[other];
        self->order[other] = kept;
    }
    self->next = 0;
}

//  True if these, without this node, are the members that are known.
static bool
s_same (const swim_t *self, const node_id_t *ids, size_t count)
{
    size_t others = 0;
    for (size_t index = 0; index < count; index++) {
        if (ids[index] == self->config.self)
            continue;
        others++;
        if (!swim_peer (self, ids[index]))
            return false;
    }
    return others == self->count;
}

void
swim_set_members (swim_t *self, const node_id_t *ids, size_t count, uint64_t now)
{
    (void) now;
    if (s_same (self, ids, count))
        return;
    peer_state_t *peers = mem_alloc_zero (count ? count : 1, sizeof *peers);
    uint32_t *order = mem_alloc_zero (count ? count : 1, sizeof *order);
    if (!peers || !order) { // As it was; the next view is another chance
        mem_free (peers);
        mem_free (order);
        return;
    }
    uint32_t known = 0;
    for (size_t index = 0; index < count; index++) {
        uint32_t place = s_place (peers, known, ids[index]);
        if (ids[index] == self->config.self || (place < known && peers[place].id == ids[index]))
            continue;
        const peer_state_t *old = swim_peer (self, ids[index]);
        memmove (peers + place + 1, peers + place, (known - place) * sizeof *peers);
        peers[place] = old ? *old : (peer_state_t) { .id = ids[index] };
        order[known] = known;
        known++;
    }
    mem_free (self->peers);
    mem_free (self->order);
    self->peers = peers;
    self->order = order;
    self->count = known;
    s_shuffle (self);
}

swim_status_t
swim_status (const swim_t *self, node_id_t node)
{
    const peer_state_t *peer = swim_peer (self, node);
    return node == self->config.self ? SWIM_ALIVE : peer ? (swim_status_t) peer->status : SWIM_DEAD;
}

unsigned
swim_health (const swim_t *self)
{
    return self->health;
}

//  ------------------------------------------------------------------------------------------------
//  Sending

//  target 0: the message has no such field.
static void
s_send (swim_t *self, node_id_t to, peer_type_t type, uint64_t number, node_id_t target)
{
    buf_reset (&self->out);
    wire_add_array (&self->out, target ? 4 : 3);
    wire_add_uint (&self->out, type);
    wire_add_uint (&self->out, number);
    if (target)
        wire_add_uint (&self->out, target);
    swim_add_updates (self, to);
    if (!self->out.failed)
        self->port.send (self->port.arg, to, buf_bytes (&self->out));
}

//  The next one in the round. Members that are dead are asked as well: who was cut off comes back.
static void
s_begin_probe (swim_t *self, uint64_t now)
{
    if (self->next >= self->count)
        s_shuffle (self);
    uint64_t factor = self->health + 1;
    self->probe = (probe_t) { .number = ++self->number,
                              .target = self->peers[self->order[self->next++]].id,
                              .indirect_at = now + self->config.timeout * factor,
                              .ends = now + self->config.period * factor };
    s_send (self, self->probe.target, PEER_SWIM_PING, self->probe.number, 0);
}

static void
s_ask_others (swim_t *self)
{
    probe_t *probe = &self->probe;
    probe->asked = true;
    if (swim_status (self, probe->target) == SWIM_DEAD)
        return;
    uint32_t start = (uint32_t) (s_random (self) % self->count);
    for (uint32_t step = 0; step < self->count && probe->nacks_wanted < self->config.indirect; step++) {
        const peer_state_t *peer = &self->peers[(start + step) % self->count];
        if (peer->id == probe->target || peer->status != SWIM_ALIVE)
            continue;
        probe->nacks_wanted++;
        s_send (self, peer->id, PEER_SWIM_PING_REQ, probe->number, probe->target);
    }
}

//  The probe is over. Without an answer the target is suspected, and this node doubts itself if those
//  whom it asked did not answer either.
static void
s_end_probe (swim_t *self, uint64_t now)
{
    probe_t *probe = &self->probe;
    const peer_state_t *peer = swim_peer (self, probe->target);
    probe->number = 0;
    if (probe->answered || !peer || peer->status == SWIM_DEAD)
        return;
    swim_health_by (self, probe->nacks_wanted ? (int) (probe->nacks_wanted - probe->nacks) : 1);
    swim_learn (self, probe->target, SWIM_SUSPECT, peer->incarnation, self->config.self, now);
}

//  ------------------------------------------------------------------------------------------------
//  Time

//  This node was stopped, or its loop was: what is overdue says nothing about others. Their answers
//  may lie in a queue here.
static void
s_notice_stall (swim_t *self, uint64_t now)
{
    if (now <= self->wake_at + self->config.timeout)
        return;
    uint64_t late = now - self->wake_at;
    self->probe.number = 0;
    self->probe_at = now;
    for (uint32_t index = 0; index < self->count; index++)
        self->peers[index].since += late;
    for (unsigned index = 0; index < SWIM_RELAYS_MAX; index++)
        self->relays[index].number = 0;
    swim_health_by (self, 1);
    self->wake_at = now;
}

static uint64_t
s_least (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t
s_tick_relays (swim_t *self, uint64_t now)
{
    uint64_t wake = UINT64_MAX;
    for (unsigned index = 0; index < SWIM_RELAYS_MAX; index++) {
        relay_t *relay = &self->relays[index];
        if (relay->number == 0)
            continue;
        if (relay->nack_at <= now) {
            relay->number = 0;
            s_send (self, relay->asker, PEER_SWIM_NACK, relay->their_number, 0);
        } else
            wake = s_least (wake, relay->nack_at);
    }
    return wake;
}

static uint64_t
s_tick_suspicions (swim_t *self, uint64_t now)
{
    uint64_t wake = UINT64_MAX;
    for (uint32_t index = 0; index < self->count; index++) {
        const peer_state_t *peer = &self->peers[index];
        if (peer->status != SWIM_SUSPECT)
            continue;
        uint64_t ends = swim_suspicion_ends (self, peer);
        if (ends <= now)
            swim_learn (self, peer->id, SWIM_DEAD, peer->incarnation, self->config.self, now);
        else
            wake = s_least (wake, ends);
    }
    return wake;
}

uint64_t
swim_tick (swim_t *self, uint64_t now)
{
    s_notice_stall (self, now);
    probe_t *probe = &self->probe;
    if (probe->number && !probe->answered && !probe->asked && probe->indirect_at <= now)
        s_ask_others (self);
    if (probe->number && probe->ends <= now)
        s_end_probe (self, now);
    if (self->count && probe->number == 0 && self->probe_at <= now) {
        s_begin_probe (self, now);
        self->probe_at = probe->ends;
    }
    uint64_t wake = s_least (s_tick_relays (self, now), s_tick_suspicions (self, now));
    if (probe->number && !probe->answered && !probe->asked)
        wake = s_least (wake, probe->indirect_at);
    if (probe->number)
        wake = s_least (wake, probe->ends);
    else
        wake = s_least (wake, self->probe_at > now ? self->probe_at : now + self->config.period);
    self->wake_at = wake;
    return wake;
}

//  ------------------------------------------------------------------------------------------------
//  Receiving

static void
s_relay (swim_t *self, node_id_t asker, uint64_t number, node_id_t target, uint64_t now)
{
    if (!swim_peer (self, target) || !swim_peer (self, asker))
        return;
    relay_t *relay = &self->relays[self->relays_next++ % SWIM_RELAYS_MAX];
    //  Before the asker's own patience ends
    uint64_t patience = (self->config.period - self->config.timeout) * 3 / 4;
    *relay = (relay_t) { ++self->number, number, asker, now + patience };
    self->wake_at = s_least (self->wake_at, relay->nack_at);
    s_send (self, target, PEER_SWIM_PING, relay->number, 0);
}

static void
s_acked (swim_t *self, uint64_t number)
{
    if (number == 0)
        return;
    if (self->probe.number == number && !self->probe.answered) {
        self->probe.answered = true;
        swim_health_by (self, -1);
    }
    for (unsigned index = 0; index < SWIM_RELAYS_MAX; index++)
        if (self->relays[index].number == number) {
            self->relays[index].number = 0;
            s_send (self, self->relays[index].asker, PEER_SWIM_ACK, self->relays[index].their_number, 0);
        }
}

bool
swim_receive (swim_t *self, node_id_t from, peer_type_t type, mp_t *reader, uint32_t count, uint64_t now)
{
    uint64_t number, target = 0;
    if (type != PEER_SWIM_PING && type != PEER_SWIM_ACK && type != PEER_SWIM_PING_REQ
        && type != PEER_SWIM_NACK)
        return false;
    if (count != (type == PEER_SWIM_PING_REQ ? 3 : 2) || !mp_uint (reader, &number)
        || (type == PEER_SWIM_PING_REQ && !mp_uint (reader, &target)))
        return false;
    s_notice_stall (self, now);
    if (!swim_read_updates (self, reader, now))
        return false;
    if (type == PEER_SWIM_PING)
        s_send (self, from, PEER_SWIM_ACK, number, 0);
    else if (type == PEER_SWIM_PING_REQ)
        s_relay (self, from, number, target, now);
    else if (type == PEER_SWIM_ACK)
        s_acked (self, number);
    else if (self->probe.number && self->probe.number == number
             && self->probe.nacks < self->probe.nacks_wanted)
        self->probe.nacks++;
    return true;
}

//  swim_gossip: what is known of each member, and how it spreads.
//  SPDX-License-Identifier: MPL-2.0
#include <math.h>

#include "swim_impl.h"

//  Messages that a piece of news is sent with.
static uint8_t
s_sends (const swim_t *self)
{
    unsigned sends = SWIM_SPREAD;
    for (uint32_t members = self->count + 1; members > 1; members /= 2)
        sends += SWIM_SPREAD;
    return (uint8_t) sends;
}

void
swim_health_by (swim_t *self, int by)
{
    int health = (int) self->health + by;
    self->health = health < 0 ? 0 : health > SWIM_HEALTH_MAX ? SWIM_HEALTH_MAX : (unsigned) health;
}

//  Somebody doubts that this node lives.
static void
s_refute (swim_t *self, uint64_t incarnation)
{
    if (incarnation >= self->incarnation && incarnation < SWIM_INCARNATION_MAX) {
        self->incarnation = incarnation + 1;
        swim_health_by (self, 1);
    }
    self->sends = s_sends (self);
}

static void
s_set (swim_t *self, peer_state_t *peer, swim_status_t status, uint64_t incarnation)
{
    bool changed = peer->status != status;
    peer->status = (uint8_t) status;
    peer->incarnation = incarnation;
    peer->confirms = 0;
    peer->sends = s_sends (self);
    if (changed)
        self->port.changed (self->port.arg, peer->id, status);
}

static void
s_confirm (swim_t *self, peer_state_t *peer, node_id_t by)
{
    if (peer->confirms >= SWIM_CONFIRM_MAX)
        return;
    for (unsigned index = 0; index <= peer->confirms; index++)
        if (peer->by[index] == by)
            return;
    peer->by[++peer->confirms] = by;
    peer->sends = s_sends (self); // Others shall count it, too
}

static void
s_suspect (swim_t *self, peer_state_t *peer, uint64_t incarnation, node_id_t by, uint64_t now)
{
    if (peer->status == SWIM_SUSPECT && incarnation == peer->incarnation)
        s_confirm (self, peer, by);
    else if (incarnation > peer->incarnation
             || (incarnation == peer->incarnation && peer->status == SWIM_ALIVE)) {
        peer->since = now;
        peer->by[0] = by;
        s_set (self, peer, SWIM_SUSPECT, incarnation);
    }
}

void
swim_learn (swim_t *self, node_id_t id, uint64_t status, uint64_t incarnation, node_id_t by, uint64_t now)
{
    if (id == self->config.self) {
        if (status != SWIM_ALIVE)
            s_refute (self, incarnation);
        return;
    }
    peer_state_t *peer = swim_peer (self, id);
    if (!peer)
        return;
    if (status == SWIM_SUSPECT)
        s_suspect (self, peer, incarnation, by, now);
    else if (status == SWIM_ALIVE) {
        if (incarnation > peer->incarnation)
            s_set (self, peer, SWIM_ALIVE, incarnation);
    } else if (incarnation >= peer->incarnation && peer->status != SWIM_DEAD)
        s_set (self, peer, SWIM_DEAD, incarnation);
}

uint64_t
swim_suspicion_ends (const swim_t *self, const peer_state_t *peer)
{
    double members = self->count + 1, scale = log (members) / log (10);
    double least = SWIM_ALPHA * (double) self->config.period * (scale < 1 ? 1 : scale);
    //  With few members there are few who could confirm
    unsigned wanted = self->count < SWIM_CONFIRM_MAX + 1 ? (self->count ? self->count - 1 : 0)
                                                         : SWIM_CONFIRM_MAX;
    double wait = least;
    if (wanted && peer->confirms < wanted)
        wait = least * SWIM_BETA - least * (SWIM_BETA - 1) * log (peer->confirms + 1.0) / log (wanted + 1.0);
    return peer->since + (uint64_t) wait;
}

//  ------------------------------------------------------------------------------------------------
//  Updates in messages

static void
s_add (swim_t *self, node_id_t id, unsigned status, uint64_t incarnation, node_id_t by)
{
    wire_add_uint (&self->out, id);
    wire_add_uint (&self->out, status);
    wire_add_uint (&self->out, incarnation);
    wire_add_uint (&self->out, by);
}

static void
s_add_peer (swim_t *self, const peer_state_t *peer)
{
    s_add (self, peer->id, peer->status, peer->incarnation,
           peer->status == SWIM_SUSPECT ? peer->by[peer->confirms] : self->config.self);
}

//  What was sent least is sent first. Fills at most `room` places; returns how many.
static uint32_t
s_choose (swim_t *self, const peer_state_t *but, peer_state_t **chosen, uint32_t room)
{
    uint32_t count = 0;
    for (uint32_t index = 0; index < self->count; index++) {
        peer_state_t *peer = &self->peers[index];
        if (peer->sends == 0 || peer == but)
            continue;
        if (count == room && chosen[count - 1]->sends >= peer->sends)
            continue;
        uint32_t at = count < room ? count++ : count - 1;
        for (; at > 0 && chosen[at - 1]->sends < peer->sends; at--)
            chosen[at] = chosen[at - 1];
        chosen[at] = peer;
    }
    return count;
}

void
swim_add_updates (swim_t *self, node_id_t to)
{
    peer_state_t *chosen[SWIM_UPDATES_MAX], *buddy = swim_peer (self, to);
    if (buddy && buddy->status == SWIM_ALIVE)
        buddy = NULL;
    uint32_t own = self->sends > 0, room = SWIM_UPDATES_MAX - own - (buddy != NULL);
    uint32_t count = s_choose (self, buddy, chosen, room);
    wire_add_array (&self->out, SWIM_UPDATE_FIELDS * (count + own + (buddy != NULL)));
    if (buddy)
        s_add_peer (self, buddy); // So that it can object at once
    if (own) {
        s_add (self, self->config.self, SWIM_ALIVE, self->incarnation, self->config.self);
        self->sends--;
    }
    for (uint32_t index = 0; index < count; index++) {
        s_add_peer (self, chosen[index]);
        chosen[index]->sends--;
    }
}

bool
swim_read_updates (swim_t *self, mp_t *reader, uint64_t now)
{
    uint32_t count;
    uint64_t fields[SWIM_UPDATES_MAX * SWIM_UPDATE_FIELDS];
    if (!mp_array (reader, &count) || count % SWIM_UPDATE_FIELDS
        || count > SWIM_UPDATES_MAX * SWIM_UPDATE_FIELDS)
        return false;
    for (uint32_t index = 0; index < count; index++)
        if (!mp_uint (reader, &fields[index]))
            return false;
    for (uint32_t at = 0; at < count; at += SWIM_UPDATE_FIELDS)
        if (fields[at + 1] > SWIM_DEAD || fields[at + 2] > SWIM_INCARNATION_MAX)
            return false;
    for (uint32_t at = 0; at < count; at += SWIM_UPDATE_FIELDS)
        swim_learn (self, fields[at], fields[at + 1], fields[at + 2], fields[at + 3], now);
    return true;
}

//  sim_lock: those who ask for locks, beside everything else: each takes one, waits for it if need be, holds
//  it, writes under its token, gives it back, makes its lease longer, or forgets it.
//  SPDX-License-Identifier: MPL-2.0
#include "sim/sim_lock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "slot.h"
#include "status.h"

#define S_ROUNDS 25
#define S_PATIENCE (25 * SIM_SECOND)

static event_fn s_on_step, s_on_timer;

static void
s_step_in (sim_t *sim, locker_t *self, uint64_t delay)
{
    event_t *event = event_new (s_on_step, bytes_of (NULL, 0));
    event->number = self->index;
    sim_at (sim, sim->now + delay, event);
}

static void
s_again_in (sim_t *sim, locker_t *self, uint64_t delay)
{
    event_t *event = event_new (s_on_timer, bytes_of (NULL, 0));
    event->number = self->index;
    event->a = ++self->timer;
    sim_at (sim, sim->now + delay, event);
}

//  ------------------------------------------------------------------------------------------------
//  Asking

static bytes_t
s_key (const locker_t *self, char text[16])
{
    snprintf (text, 16, "%s%" PRIu32, self->state == LOCKER_WRITES ? "guarded" : "lock", self->lock);
    return bytes_str (text);
}

static void
s_request (const locker_t *self, buf_t *body)
{
    static const op_t s_ops[] = {
        [LOCKER_UNLOCKS] = OP_UNLOCK, [LOCKER_LEASES] = OP_LEASE, [LOCKER_WRITES] = OP_PUT
    };
    char key[16];
    bytes_t name = s_key (self, key);
    options_t options = { .given = OPT_session | OPT_ack,
                          .session = value_bytes (bytes_of (self->request.session, SESSION_SIZE)),
                          .ack = self->request.id };
    value_t value = value_int ((int64_t) self->token);
    if (self->state == LOCKER_LOCKS) {
        value = value_nil ();
        options.given |= self->op == OP_LOCK ? OPT_px | OPT_wait : OPT_px;
        options.wait = self->wait;
    }
    if (self->state == LOCKER_LEASES)
        options.given |= OPT_px;
    options.time = self->lease;
    if (self->state == LOCKER_WRITES) {
        options.given |= OPT_fence;
        options.fence = self->token;
        value = value_bytes (bytes_str ("written"));
    }
    wire_begin (body);
    wire_request (body, self->request.id, self->state == LOCKER_LOCKS ? self->op : s_ops[self->state],
                  bytes_str (LOCK_MAP), &name, &value, &options);
}

//  To the owner, as some member knows it, or to any router.
static void
s_send (sim_t *sim, locker_t *self)
{
    chance_t *chance = &sim->locks->chance;
    char key[16];
    uint32_t partition = slot_partition (slot_of_key (s_key (self, key)), sim->plan.partitions);
    uint32_t slot = chance_below (chance, sim->plan.slots), port = SIM_ROUTER_PORT;
    const process_t *asked = process_at (sim, chance_below (chance, sim->plan.slots));
    const member_t *owner = asked && asked->view && chance_of (chance, 0.7)
                                ? view_member (asked->view, asked->view->parts[partition].primary)
                                : NULL;
    if (owner && owner->actors) {
        slot = (uint32_t) strtoul (owner->host + 1, NULL, 10);
        port = owner->client_ports[partition % owner->actors];
    }
    buf_t body = BUF_INIT;
    s_request (self, &body);
    bool direct = port != SIM_ROUTER_PORT;
    event_t *event = event_new (direct ? actor_on_item : router_on_request, buf_bytes (&body));
    event->kind = ITEM_CLIENT;
    event->process = SIM_NOBODY;
    event->port = port;
    event->actor = direct ? port % 100 : 0;
    event->route = (route_t) { .client = SIM_LOCK_CLIENT + self->index, .via = SIM_NOBODY };
    network_send (sim, SIM_NOBODY, slot, event);
    buf_clear (&body);
    s_again_in (sim, self, chance_between (chance, 150000, self->index % 2 ? 400000 : 2500000));
}

static void
s_begin (sim_t *sim, locker_t *self, locker_state_t state)
{
    self->state = state;
    self->request.id++;
    self->called = sim->now;
    TRACE (sim,
           "locker %" PRIu32 " id %" PRIu64 " lock %" PRIu32 ": state %d, token %" PRIx64 " lease %" PRIu64
           " wait %" PRIu64,
           self->index, self->request.id, self->lock, state, self->token, self->lease, self->wait);
    s_send (sim, self);
}

static void
s_on_timer (sim_t *sim, event_t *event)
{
    locker_t *self = &sim->locks->lockers[event->number];
    if (event->a == self->timer)
        s_send (sim, self);
    event_free (event);
}

//  ------------------------------------------------------------------------------------------------
//  What it does next

static void
s_renew (sim_t *sim, locker_t *self)
{
    const view_t *view = check_newest (sim);
    self->has_session = view
                        && session_issue (&self->issuer, view->cluster, view->era, self->request.session);
}

static void
s_next_lock (sim_t *sim, locker_t *self)
{
    chance_t *chance = &sim->locks->chance;
    if (!self->has_session || chance_of (chance, 0.05))
        s_renew (sim, self);
    if (!self->has_session || !sim->faults_on || self->rounds == S_ROUNDS) {
        if (sim->faults_on && self->rounds < S_ROUNDS)
            s_step_in (sim, self, 100000);
        return;
    }
    self->rounds++;
    self->lock = chance_of (chance, 0.6) ? 0 : chance_below (chance, LOCK_NAMES);
    self->op = chance_of (chance, 0.1) ? OP_TRYLOCK : OP_LOCK;
    self->lease = chance_between (chance, 50, chance_of (chance, 0.3) ? 2500 : 700);
    self->wait = chance_of (chance, 0.1)   ? 0
                 : chance_of (chance, 0.2) ? LOCK_WAIT_MAX
                                           : chance_between (chance, 100, 6000);
    s_begin (sim, self, LOCKER_LOCKS);
}

static void
s_next_held (sim_t *sim, locker_t *self)
{
    lock_side_t *side = sim->locks;
    uint32_t choice = chance_below (&side->chance, 10);
    if (choice < 3) {
        self->written = side->written[self->lock];
        if (self->token > side->attempted[self->lock])
            side->attempted[self->lock] = self->token;
        s_begin (sim, self, LOCKER_WRITES);
    } else if (choice < 5) {
        self->lease = chance_between (&side->chance, 50, 2000);
        s_begin (sim, self, LOCKER_LEASES);
    } else if (choice < 9)
        s_begin (sim, self, LOCKER_UNLOCKS);
    else { // Nobody will ever give it back
        self->state = LOCKER_RESTS;
        s_step_in (sim, self, 1000);
    }
}

static void
s_on_step (sim_t *sim, event_t *event)
{
    locker_t *self = &sim->locks->lockers[event->number];
    event_free (event);
    if (self->state == LOCKER_RESTS)
        s_next_lock (sim, self);
    else if (self->state == LOCKER_HOLDS)
        s_next_held (sim, self);
}

static void
s_rest (sim_t *sim, locker_t *self)
{
    self->state = LOCKER_RESTS;
    s_step_in (sim, self, chance_between (&sim->locks->chance, 1000, 300000));
}

static void
s_hold (sim_t *sim, locker_t *self)
{
    self->state = LOCKER_HOLDS;
    //  Sometimes for longer than its lease
    s_step_in (sim, self, chance_between (&sim->locks->chance, 1000, self->lease * 1000 * 5 / 4));
}

//  ------------------------------------------------------------------------------------------------
//  Answers

static void
s_doubt (sim_t *sim, locker_t *self)
{
    if (self->state == LOCKER_UNLOCKS)
        lock_side_ended (sim, self, LINEAR_UNLOCK, true, false);
    else if (self->state == LOCKER_LEASES)
        lock_side_leased (sim, self, false);
    self->has_session = false;
    s_rest (sim, self);
}

static bool
s_is_answer (const locker_t *self, const reply_t *reply)
{
    unsigned status = reply->status;
    switch (self->state) {
        case LOCKER_LOCKS:
            return status == ZGRID_LOCKED
                   || (status == ZGRID_OK && reply->value.kind == VALUE_INT && reply->value.integer > 0
                       && reply->version == (uint64_t) reply->value.integer);
        case LOCKER_WRITES:
            return status == ZGRID_OK || status == ZGRID_FENCED;
        default:
            return status == ZGRID_OK || status == ZGRID_NOSUCHLOCK;
    }
}

static void
s_answered (sim_t *sim, locker_t *self, const reply_t *reply)
{
    bool done = reply->status == ZGRID_OK;
    self->timer++;
    if (reply->status == ZGRID_SESSION_EXPIRED) {
        s_doubt (sim, self);
        return;
    }
    if (!s_is_answer (self, reply)) {
        sim_fail (sim, "locker %" PRIu32 " id %" PRIu64 ": unexpected status %s in state %d", self->index,
                  self->request.id, status_name ((int) reply->status), self->state);
        return;
    }
    switch (self->state) {
        case LOCKER_LOCKS:
            sim->totals.locks_refused += !done;
            if (!done)
                break;
            self->token = reply->version;
            lock_side_granted (sim, self, self->token);
            s_hold (sim, self);
            return;
        case LOCKER_UNLOCKS:
            lock_side_ended (sim, self, LINEAR_UNLOCK, done, true);
            break;
        case LOCKER_LEASES:
            if (done)
                lock_side_leased (sim, self, true);
            else
                lock_side_ended (sim, self, LINEAR_LEASE, false, true);
            s_hold (sim, self);
            return;
        default:
            lock_side_wrote (sim, self, reply->status);
            s_hold (sim, self);
            return;
    }
    s_rest (sim, self);
}

static bool
s_is_refusal (unsigned status)
{
    return status == ZGRID_MOVED || status == ZGRID_TRYAGAIN || status == ZGRID_BUSY
           || status == ZGRID_UNAVAILABLE || status == ZGRID_TIMEOUT || status == ZGRID_MAYBE;
}

void
lock_side_on_reply (sim_t *sim, event_t *event)
{
    locker_t *self = &sim->locks->lockers[event->number - SIM_LOCK_CLIENT];
    mp_t reader;
    reply_t reply;
    network_arrived (sim, event);
    bool open = self->state != LOCKER_RESTS && self->state != LOCKER_HOLDS;
    if (!wire_open (event_body (event), &reader))
        sim_fail (sim, "a reply to a locker is none");
    else if (wire_next_reply (&reader, &reply) == WIRE_RECORD && open && reply.id == self->request.id) {
        TRACE (sim, "locker %" PRIu32 " id %" PRIu64 " -> %s %" PRIx64, self->index, reply.id,
               status_name ((int) reply.status), reply.version);
        if (s_is_refusal (reply.status))
            s_again_in (sim, self, chance_between (&sim->locks->chance, 3000, 60000));
        else
            s_answered (sim, self, &reply);
    }
    event_free (event);
}

//  ------------------------------------------------------------------------------------------------
//  Life

void
lock_side_start (sim_t *sim)
{
    if (!sim->plan.locks)
        return;
    lock_side_t *self = sim->locks = calloc (1, sizeof *self);
    assert (self);
    self->chance.state = sim->seed * 0x9fb21c651e98df25 + sim->plan.copies;
    for (uint32_t index = 0; index < LOCKERS; index++) {
        self->lockers[index].index = index;
        self->lockers[index].issuer.node = 0xabc000 + index;
        s_step_in (sim, &self->lockers[index], chance_between (&self->chance, 200000, 900000));
    }
}

void
lock_side_destroy (sim_t *sim)
{
    for (uint32_t lock = 0; sim->locks && lock < LOCK_NAMES; lock++)
        free (sim->locks->locks[lock].grants);
    if (sim->locks)
        free (sim->locks->history);
    free (sim->locks);
    sim->locks = NULL;
}

static bool
s_settled (sim_t *sim, char *why, size_t size)
{
    for (uint32_t index = 0; sim->locks && index < LOCKERS; index++)
        if (sim->locks->lockers[index].state != LOCKER_RESTS) {
            snprintf (why, size, "locker %" PRIu32 " waits for an answer", index);
            return false;
        }
    //  Whatever was forgotten ends
    for (uint32_t slot = 0; sim->locks && slot < sim->plan.slots_max; slot++) {
        const process_t *process = process_at (sim, slot);
        for (uint32_t at = 0; process && at < process->actors_count; at++) {
            const stats_t *stats = storage_stats (process->actors[at].storage);
            if (!stats->locks && !stats->lock_waiters && !stats->parked)
                continue;
            snprintf (why, size,
                      "n%" PRIu32 " has %" PRIu64 " locks, %" PRIu64 " waiters, %" PRIu64 " parked", slot,
                      stats->locks, stats->lock_waiters, stats->parked);
            return false;
        }
    }
    return true;
}

//  Once all else is well, nobody waits for somebody who is not there: leases end, places are lost.
bool
lock_side_settled (sim_t *sim, char *why, size_t size)
{
    lock_side_t *self = sim->locks;
    if (!self || s_settled (sim, why, size))
        return true;
    if (!self->well)
        self->well = sim->now;
    if (sim->now > self->well + S_PATIENCE)
        sim_fail (sim, "lock: not well in time: %s", why);
    return false;
}

//  sim_client: a client: a session, a window of open requests, and what it does with each status. It
//  asks until it is answered.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdlib.h>

#include "sim/sim.h"
#include "status.h"

#define S_CROWD 8
#define S_PLAIN (8 * SIM_SECOND) // A request without a session is given up

static event_fn s_on_step, s_on_timer;

static void
s_step_in (sim_t *sim, client_t *self, uint64_t delay)
{
    event_t *event = event_new (s_on_step, bytes_of (NULL, 0));
    event->number = self->index;
    self->step_at = sim->now + delay;
    event->a = self->step_at;
    sim_at (sim, self->step_at, event);
}

//  ------------------------------------------------------------------------------------------------
//  Sending

//  Every id of the session below this one has been answered.
static uint64_t
s_acknowledged (const client_t *self, uint32_t session)
{
    uint64_t least = session == self->session_number ? self->next_id : UINT64_MAX;
    for (uint32_t at = 0; at < SIM_WINDOW_MAX; at++)
        if (self->pending[at].open && self->pending[at].session == session && self->pending[at].id < least)
            least = self->pending[at].id;
    return least;
}

static void
s_add_request (sim_t *sim, client_t *self, uint32_t at, uint32_t *session, buf_t *body)
{
    pending_t *pending = &self->pending[at];
    if (*session != pending->session && !self->plain) {
        options_t options = { .given = OPT_session | OPT_ack,
                              .session = value_bytes (bytes_of (self->pending_session[at], SESSION_SIZE)),
                              .ack = s_acknowledged (self, pending->session) };
        wire_request (body, pending->id, OP_WITH, bytes_of (NULL, 0), NULL, NULL, &options);
        *session = pending->session;
    }
    script_request (sim, self, pending, body);
}

static void
s_send_body (sim_t *sim, client_t *self, uint32_t slot, uint32_t port, bytes_t body)
{
    bool direct = port != SIM_ROUTER_PORT;
    event_t *event = event_new (direct ? actor_on_item : router_on_request, body);
    event->kind = ITEM_CLIENT;
    event->once = self->plain; // Without a session, each arrival is another request
    event->process = SIM_NOBODY;
    event->port = port;
    event->actor = direct ? port % 100 : 0;
    event->route = (route_t) { .client = self->index, .via = SIM_NOBODY };
    network_send (sim, SIM_NOBODY, slot, event);
}

//  The owner of a partition as some member knows it: what ROUTES answers.
static void
s_learn_route (sim_t *sim, client_t *self, uint32_t partition)
{
    const process_t *asked = process_at (sim, chance_below (&sim->chance, sim->plan.slots));
    if (!asked || !asked->view)
        return;
    const member_t *owner = view_member (asked->view, asked->view->parts[partition].primary);
    if (!owner || !owner->actors)
        return;
    self->hint_slot[partition] = (uint32_t) strtoul (owner->host + 1, NULL, 10);
    self->hint_port[partition] = owner->client_ports[partition % owner->actors];
}

//  A storage endpoint, if one is known or asked for; else any router.
static void
s_choose (sim_t *sim, client_t *self, uint32_t partition, uint32_t *slot, uint32_t *port)
{
    if (self->hint_slot[partition] == SIM_NOBODY && !self->plain && chance_of (&sim->chance, 0.5))
        s_learn_route (sim, self, partition);
    *slot = self->hint_slot[partition];
    *port = self->hint_port[partition];
    if (*slot != SIM_NOBODY && !self->plain && !chance_of (&sim->chance, 0.1))
        return;
    *slot = chance_below (&sim->chance, sim->plan.slots);
    *port = SIM_ROUTER_PORT;
}

//  Sends the requests whose bits are set; those with one destination in one body.
static void
s_send (sim_t *sim, client_t *self, uint32_t which)
{
    uint32_t slots[SIM_WINDOW_MAX], ports[SIM_WINDOW_MAX];
    for (uint32_t at = 0; at < SIM_WINDOW_MAX; at++)
        if (which >> at & 1) {
            pending_t *pending = &self->pending[at];
            s_choose (sim, self, pending->partition, &slots[at], &ports[at]);
            if (pending->sends++)
                sim->totals.retries++;
            event_t *timer = event_new (s_on_timer, bytes_of (NULL, 0));
            timer->number = self->index;
            timer->actor = at;
            timer->a = ++pending->timer;
            uint64_t patience = self->plain     ? S_PLAIN
                                : self->patient ? chance_between (&sim->chance, 1000000, 3500000)
                                                : chance_between (&sim->chance, 150000, 350000);
            sim_at (sim, sim->now + patience, timer);
        }
    while (which) {
        buf_t body = BUF_INIT;
        uint32_t first = (uint32_t) __builtin_ctz (which), session = SIM_NOBODY;
        wire_begin (&body);
        for (uint32_t at = first; at < SIM_WINDOW_MAX; at++)
            if ((which >> at & 1) && slots[at] == slots[first] && ports[at] == ports[first]) {
                s_add_request (sim, self, at, &session, &body);
                which &= ~(1u << at);
            }
        s_send_body (sim, self, slots[first], ports[first], buf_bytes (&body));
        buf_clear (&body);
    }
}

static void
s_close (sim_t *sim, client_t *self, pending_t *pending)
{
    pending->open = false;
    self->open--;
    sim->totals.operations++;
}

static void
s_on_timer (sim_t *sim, event_t *event)
{
    client_t *self = &sim->clients[event->number];
    pending_t *pending = &self->pending[event->actor];
    if (pending->open && pending->timer == event->a && self->plain) { // No answer will come
        script_doubt (sim, self, pending);
        s_close (sim, self, pending);
    } else if (pending->open && pending->timer == event->a) {
        if (chance_of (&sim->chance, 0.6))
            self->hint_slot[pending->partition] = SIM_NOBODY;
        s_send (sim, self, 1u << event->actor);
    }
    event_free (event);
}

//  Sends it again, but not at once.
static void
s_again_in (sim_t *sim, client_t *self, pending_t *pending, uint64_t delay)
{
    event_t *timer = event_new (s_on_timer, bytes_of (NULL, 0));
    timer->number = self->index;
    timer->actor = (uint32_t) (pending - self->pending);
    timer->a = ++pending->timer;
    sim_at (sim, sim->now + delay, timer);
}

//  ------------------------------------------------------------------------------------------------
//  Sessions

static void
s_on_session_request (sim_t *sim, event_t *event)
{
    process_t *process = process_at (sim, event->slot);
    if (process && process_defer (process, event))
        return;
    network_arrived (sim, event);
    if (process && process->view && process->actors_count) {
        event_t *item = event_new (actor_on_item, bytes_of (NULL, 0));
        item->kind = ITEM_SESSION;
        item->process = process->index;
        item->actor = chance_below (&sim->chance, process->actors_count);
        item->route.client = event->number;
        item->route.mark = event->a;
        sim_at (sim, sim->now + chance_between (&sim->chance, 20, sim->plan.inner_delay), item);
    }
    event_free (event);
}

static void
s_ask_session (sim_t *sim, client_t *self)
{
    self->asking = true;
    event_t *event = event_new (s_on_session_request, bytes_of (NULL, 0));
    event->number = self->index;
    event->a = ++self->asked;
    network_send (sim, SIM_NOBODY, chance_below (&sim->chance, sim->plan.slots), event);
    s_step_in (sim, self, chance_between (&sim->chance, 100000, 300000));
}

void
client_on_session (sim_t *sim, event_t *event)
{
    client_t *self = &sim->clients[event->number];
    network_arrived (sim, event);
    if (self->asking && event->a == self->asked) { // Not one that came twice
        memcpy (self->session, event->data, SESSION_SIZE);
        self->session_number++;
        self->asking = self->expired = false;
        sim->totals.sessions++;
        s_step_in (sim, self, 0);
    }
    event_free (event);
}

//  ------------------------------------------------------------------------------------------------
//  Working

//  How many ask for a key at the same time: many make the history hard to judge.
static bool
s_is_crowded (const sim_t *sim, const pending_t *wanted)
{
    uint32_t open = 0;
    for (uint32_t index = 0; index < sim->clients_count; index++)
        for (uint32_t at = 0; at < SIM_WINDOW_MAX; at++) {
            const pending_t *pending = &sim->clients[index].pending[at];
            open += pending->open && !pending->own && pending->key == wanted->key;
        }
    return !wanted->own && open > S_CROWD;
}

//  The bit of the request, or 0: not now.
static uint32_t
s_issue (sim_t *sim, client_t *self)
{
    uint32_t at = 0;
    while (self->pending[at].open)
        at++;
    uint32_t timer = self->pending[at].timer;
    pending_t *pending = &self->pending[at];
    *pending = (pending_t) {
        .open = true, .timer = timer, .called = sim->now, .session = self->session_number
    };
    memcpy (self->pending_session[at], self->session, SESSION_SIZE);
    pending->id = self->next_id;
    script_next (sim, self, pending);
    if (s_is_crowded (sim, pending)) {
        pending->open = false;
        return 0;
    }
    self->next_id++;
    script_trace (sim, self, pending);
    self->issued++;
    self->open++;
    return 1u << at;
}

static void
s_on_step (sim_t *sim, event_t *event)
{
    client_t *self = &sim->clients[event->number];
    bool meant = event->a == self->step_at;
    event_free (event);
    if (!meant || self->issued == self->wanted)
        return;
    double renew = sim->plan.sessions_short ? 0.05 : 0.005;
    if (!self->plain
        && (self->session_number == 0 || self->expired || self->asking || chance_of (&sim->chance, renew))) {
        s_ask_session (sim, self);
        return;
    }
    uint32_t which = 0, burst = 1 + (chance_of (&sim->chance, 0.3) ? chance_below (&sim->chance, 3) : 0);
    while (burst-- && self->open < self->window && self->issued < self->wanted)
        which |= s_issue (sim, self);
    if (which)
        s_send (sim, self, which);
    s_step_in (sim, self, chance_between (&sim->chance, 1000, sim->plan.think));
}

static void
s_moved (sim_t *sim, client_t *self, pending_t *pending, const meta_t *meta)
{
    uint32_t slot, port, partition = pending->partition;
    sim->totals.moved++;
    bool known = (meta->given & META_owner) && network_address (meta->owner, &slot, &port);
    if (known && (slot != self->hint_slot[partition] || port != self->hint_port[partition])) {
        self->hint_slot[partition] = slot;
        self->hint_port[partition] = port;
        s_again_in (sim, self, pending, 0);
        return;
    }
    self->hint_slot[partition] = SIM_NOBODY;
    s_again_in (sim, self, pending, chance_between (&sim->chance, 5000, 50000));
}

//  Without a session there is one answer.
static void
s_answered_plain (sim_t *sim, client_t *self, pending_t *pending, const reply_t *reply)
{
    bool refused = reply->status == ZGRID_TIMEOUT || reply->status == ZGRID_BUSY
                   || reply->status == ZGRID_UNAVAILABLE || reply->status == ZGRID_TRYAGAIN
                   || reply->status == ZGRID_MOVED;
    if (reply->status == ZGRID_MAYBE)
        script_doubt (sim, self, pending);
    else if (!refused) // What was refused certainly did not happen
        script_answer (sim, self, pending, reply);
    sim->totals.refused += refused;
    s_close (sim, self, pending);
}

static void
s_answered (sim_t *sim, client_t *self, pending_t *pending, const reply_t *reply)
{
    meta_t meta;
    if (!meta_decode (reply->meta, &meta))
        sim_fail (sim, "a reply's meta is none");
    if (self->plain) {
        s_answered_plain (sim, self, pending, reply);
        return;
    }
    switch (reply->status) {
        case ZGRID_MOVED:
            s_moved (sim, self, pending, &meta);
            return;
        case ZGRID_TRYAGAIN:
        case ZGRID_BUSY:
        case ZGRID_UNAVAILABLE:
        case ZGRID_TIMEOUT:
        case ZGRID_MAYBE: {
            sim->totals.refused++;
            uint64_t retry = meta.given & META_retry && meta.retry < 30 ? meta.retry * 1000 : 30000;
            s_again_in (sim, self, pending, chance_between (&sim->chance, retry / 2, retry * 2));
            return;
        }
        case ZGRID_SESSION_EXPIRED:
            sim->totals.expired_sessions++;
            self->expired = true;
            script_doubt (sim, self, pending);
            break;
        default:
            script_answer (sim, self, pending, reply);
    }
    s_close (sim, self, pending);
}

void
client_on_reply (sim_t *sim, event_t *event)
{
    client_t *self = &sim->clients[event->number];
    network_arrived (sim, event);
    mp_t reader;
    reply_t reply;
    if (!wire_open (event_body (event), &reader))
        sim_fail (sim, "a reply is none");
    else
        while (wire_next_reply (&reader, &reply) == WIRE_RECORD)
            for (uint32_t at = 0; at < SIM_WINDOW_MAX; at++) {
                pending_t *pending = &self->pending[at];
                if (!pending->open || pending->id != reply.id)
                    continue;
                TRACE (sim, "client %" PRIu32 " id %" PRIu64 " p%" PRIu32 " -> %s", self->index, reply.id,
                       pending->partition, status_name ((int) reply.status));
                s_answered (sim, self, pending, &reply);
                break;
            }
    event_free (event);
}

//  ------------------------------------------------------------------------------------------------
//  Life

static void
s_begin (sim_t *sim, uint32_t index, uint64_t delay)
{
    client_t *self = &sim->clients[index];
    self->index = index;
    self->next_id = 1;
    self->window = sim->plan.window;
    self->wanted = sim->plan.operations;
    self->plain = index + sim->plan.plain >= sim->plan.clients;
    self->patient = index < sim->plan.patient;
    for (uint32_t partition = 0; partition < SIM_PARTITIONS_MAX; partition++)
        self->hint_slot[partition] = self->hint_port[partition] = SIM_NOBODY;
    script_begin (sim, self);
    s_step_in (sim, self, delay);
}

void
clients_start (sim_t *sim)
{
    sim->clients_count = sim->plan.clients;
    for (uint32_t index = 0; index < sim->clients_count; index++)
        s_begin (sim, index, chance_between (&sim->chance, 100000, 300000));
}

void
clients_judge (sim_t *sim)
{
    uint32_t index = sim->clients_count++;
    s_begin (sim, index, 0);
    client_t *self = &sim->clients[index];
    self->judge = true;
    self->plain = false;
    self->wanted = sim->plan.keys;
}

bool
clients_done (const sim_t *sim)
{
    for (uint32_t index = 0; index < sim->clients_count; index++)
        if (sim->clients[index].issued < sim->clients[index].wanted || sim->clients[index].open)
            return false;
    return true;
}

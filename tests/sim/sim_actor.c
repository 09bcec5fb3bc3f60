//  sim_actor: one storage actor: what arrives waits for its turn; a turn may be stopped in the middle.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/sim.h"
#include "status.h"

#define S_WALL UINT64_C (1700000000000)
#define S_REPLY_MAX (4u << 20)

//  ------------------------------------------------------------------------------------------------
//  What its storage asks for

static void
s_send (void *arg, node_id_t to, uint32_t number, bytes_t body)
{
    actor_t *self = arg;
    sim_t *sim = self->process->sim;
    const member_t *member = self->view ? view_member (self->view, to) : NULL;
    if (!member || number >= member->actors)
        return;
    event_t *event = event_new (actor_on_item, body);
    event->kind = ITEM_PEER;
    event->process = SIM_NOBODY;
    event->actor = number;
    event->port = member->peer_ports[number];
    network_send (sim, self->process->slot, (uint32_t) strtoul (member->host + 1, NULL, 10), event);
}

#define S_PACE_AFTER 64

//  The channel for batches of moves: with a pace, and sometimes a batch arrives cut off, or once more when
//  the next one leaves.
static void
s_mangle (actor_t *self, node_id_t to, uint32_t number, bytes_t body)
{
    chance_t *chance = &self->process->sim->chance;
    if (self->batch.size && chance_of (chance, self->process->sim->plan.mangled))
        s_send (self, self->batch_to, self->batch_actor, buf_bytes (&self->batch));
    buf_reset (&self->batch);
    buf_add (&self->batch, body.data, body.size);
    self->batch_to = to;
    self->batch_actor = number;
    if (chance_of (chance, self->process->sim->plan.mangled))
        body.size = chance_below (chance, (uint32_t) body.size);
    s_send (self, to, number, body);
}

static void
s_stream (void *arg, node_id_t to, uint32_t number, buf_t *body)
{
    actor_t *self = arg;
    sim_t *sim = self->process->sim;
    self->room -= body->size < self->room ? body->size : self->room;
    if (sim->plan.mangled > 0 && sim->faults_on)
        s_mangle (self, to, number, buf_bytes (body));
    else
        s_send (arg, to, number, buf_bytes (body));
    buf_clear (body);
}

static size_t
s_stream_room (void *arg)
{
    actor_t *self = arg;
    sim_t *sim = self->process->sim;
    if (!sim->plan.pace || self->room)
        return sim->plan.pace ? self->room : SIZE_MAX;
    if (!self->room_asked) {
        event_t *event = event_new (actor_on_item, bytes_of (NULL, 0));
        event->kind = ITEM_STREAM;
        event->process = self->process->index;
        event->actor = self->index;
        //  Once the faults are over, all has to be well again in time, however large the partitions are
        event->a = (sim->faults_on ? 1 : S_PACE_AFTER)
                   * (1 + chance_below (&sim->chance, (uint32_t) sim->plan.pace));
        sim_at (sim, sim->now + chance_between (&sim->chance, 100, sim->faults_on ? 60000 : 3000), event);
        self->room_asked = true;
    }
    return 0;
}

static void
s_moved (void *arg, const move_info_t *move)
{
    actor_t *self = arg;
    process_t *process = self->process;
    sim_t *sim = process->sim;
    move_state_t *before = &self->moves[move->partition];
    if (move->state == MOVE_ABORTED)
        sim->totals.ended[*before]++;
    sim->totals.entered[move->state]++;
    *before = move->state;
    TRACE (sim, "n%" PRIu32 " p%" PRIu32 " move to %" PRIx64 ": %s, %" PRIu64 " of %" PRIu64 " bytes",
           process->slot, move->partition, move->target, move_state_name (move->state), move->bytes,
           move->total);
    if (sim->on_move)
        sim->on_move (sim, process, move);
    else
        nemesis_on_move (sim, process, move);
}

static void
s_on_ask (sim_t *sim, event_t *event)
{
    process_t *process = sim->processes[event->process];
    if (process->alive) {
        if (process_defer (process, event))
            return;
        process_ask (process, (peer_type_t) event->kind, event->number, event->a, event->b);
    }
    event_free (event);
}

static void
s_ask (void *arg, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node)
{
    actor_t *self = arg;
    sim_t *sim = self->process->sim;
    event_t *event = event_new (s_on_ask, bytes_of (NULL, 0));
    event->process = self->process->index;
    event->kind = what;
    event->number = partition;
    event->a = epoch;
    event->b = node;
    sim_at (sim, sim->now + chance_between (&sim->chance, 20, sim->plan.inner_delay), event);
}

static void
s_release (void *arg, unsigned tag, const bytes_t *before, size_t before_count, const bytes_t *frames,
           size_t count, uint64_t records)
{
    actor_t *self = arg;
    (void) tag;
    (void) records;
    assert (before_count == 1 && before[0].size == sizeof (route_t) && count >= 1);
    route_t route;
    memcpy (&route, before[0].data, sizeof route);
    route_reply (self->process, &route, frames[0]);
}

static void
s_node (void *arg, const request_t *request, buf_t *out)
{
    (void) arg;
    wire_reply_error (out, request->id, ZGRID_BADOP, NULL);
}

//  ------------------------------------------------------------------------------------------------
//  A turn: what has arrived, one after the other

moment_t
actor_moment (const actor_t *self)
{
    return (moment_t) { .now = process_local (self->process),
                        .wall = S_WALL + self->process->sim->now / 1000 };
}

static void
s_execute (actor_t *self, event_t *event)
{
    served_t *served = &self->served;
    served->event = event;
    moment_t moment = actor_moment (self);
    self->turn_now = moment.now; // The turn may have stood still since it began
    buf_reset (&served->out);
    served->before = bytes_of (&event->route, sizeof event->route);
    served->batch = (batch_t) { .moment = moment,
                                .body_size = event->size,
                                .node = s_node,
                                .before = &served->before,
                                .before_count = 1 };
    bool good = wire_open (event_body (event), &served->batch.reader);
    assert (good);
    wire_begin (&served->out);
    bool more = storage_batch (self->storage, &served->batch, &served->out, S_REPLY_MAX);
    assert (!more);
}

//  With a clock that was read after the execution.
static void
s_settle (actor_t *self)
{
    process_t *process = self->process;
    served_t *served = &self->served;
    uint64_t local = process_local (process);
    const route_t *route = &served->event->route;
    bytes_t before = bytes_of (route, sizeof *route);
    if (storage_settle (self->storage, &served->batch, &served->out, local) == STORAGE_SEND)
        route_reply (process, route, buf_bytes (&served->out));
    else if (!storage_hold (self->storage, &served->batch, 0, &before, 1, &served->out, local))
        sim_fail (process->sim, "storage_hold has no memory");
    event_free (served->event);
    served->event = NULL;
}

static void
s_give_session (actor_t *self, const event_t *event)
{
    sim_t *sim = self->process->sim;
    uint8_t session[SESSION_SIZE];
    if (!storage_session (self->storage, session))
        return;
    event_t *answer = event_new (client_on_session, bytes_of (session, sizeof session));
    answer->number = event->route.client;
    answer->a = event->route.mark;
    network_send (sim, self->process->slot, SIM_NOBODY, answer);
}

static void
s_take (actor_t *self, const event_t *item)
{
    moment_t moment = actor_moment (self);
    uint64_t local = self->turn_now = moment.now;
    storage_clocks (self->storage, moment);
    switch ((item_t) item->kind) {
        case ITEM_PEER:
            storage_peer (self->storage, event_body (item), local);
            break;
        case ITEM_VIEW:
            if (!self->view || item->view->version > self->view->version) {
                self->view = item->view;
                bool set = storage_set_view (self->storage, item->view, local);
                assert (set);
            }
            break;
        case ITEM_HAND_OVER:
            storage_hand_over (self->storage, item->number, item->a, item->b);
            break;
        case ITEM_SESSION:
            s_give_session (self, item);
            break;
        case ITEM_STREAM:
            self->room_asked = false;
            self->room = item->a;
            storage_stream (self->storage, local);
            break;
        default:
            break;
    }
}

static event_fn s_on_turn, s_on_settle;

static void
s_turn_at (actor_t *self, event_fn *run, uint64_t time)
{
    event_t *turn = event_new (run, bytes_of (NULL, 0));
    turn->process = self->process->index;
    turn->actor = self->index;
    sim_at (self->process->sim, time, turn);
}

static void
s_wake_at (actor_t *self, uint64_t local)
{
    sim_t *sim = self->process->sim;
    uint64_t time = process_time (self->process, local);
    if (time == self->wake_at)
        return;
    self->wake_at = time;
    event_t *event = event_new (actor_on_item, bytes_of (NULL, 0));
    event->kind = ITEM_WAKE;
    event->process = self->process->index;
    event->actor = self->index;
    event->a = time;
    sim_at (sim, time, event);
}

static void
s_end_turn (actor_t *self)
{
    sim_t *sim = self->process->sim;
    uint64_t local = process_local (self->process);
    storage_flush (self->storage, local);
    storage_turn (self->storage, local);
    if (local >= self->tick_at) {
        uint64_t next = storage_tick (self->storage, local);
        self->tick_at = local + (next < 1000 ? (next ? next : 1) : 1000);
    }
    uint64_t next = storage_replicate (self->storage, local);
    storage_flush (self->storage, local);
    if (next == 0)
        next = 1;
    s_wake_at (self, next < self->tick_at - local ? local + next : self->tick_at);
    check_actor (self);
    self->turning = self->first != NULL;
    if (self->turning)
        s_turn_at (self, s_on_turn, sim->now + chance_between (&sim->chance, 10, 300));
}

//  The process may be stopped where it hurts most: the clock was read, and what arrives meanwhile is
//  executed with it; or records are executed, their answers not yet settled.
static void
s_stop (actor_t *self, event_fn *goes_on, uint64_t late)
{
    process_t *process = self->process;
    sim_t *sim = process->sim;
    uint64_t until = sim->now + process->stop_for;
    process->stop_in_turn = false;
    if (process->stop_actor)
        self->stalled_until = until;
    else
        process->paused_until = until;
    sim->totals.pauses_in_turn++;
    TRACE (sim, "n%" PRIu32 " stops inside a turn for %" PRIu64 " ms", process->slot,
           process->stop_for / 1000);
    s_turn_at (self, goes_on, until + late);
}

static void
s_turn (actor_t *self)
{
    process_t *process = self->process;
    self->turning = true;
    if (!self->resumes)
        self->turn_now = process_local (process);
    if (process->stop_in_turn && process->stop_early && !self->resumes) {
        self->resumes = true;
        s_stop (self, s_on_turn, 2500);
        return;
    }
    self->resumes = false;
    for (uint32_t count = 0; self->first && count < SIM_TURN_MAX; count++) {
        event_t *item = self->first;
        self->first = item->next;
        if (item->kind != ITEM_CLIENT) {
            s_take (self, item);
            event_free (item);
            continue;
        }
        s_execute (self, item);
        if (process->stop_in_turn && !process->stop_early) {
            s_stop (self, s_on_settle, 0);
            return;
        }
        s_settle (self);
    }
    s_end_turn (self);
}

//  Puts the event off until the actor's thread runs again.
static bool
s_stalled (const actor_t *self, event_t *event)
{
    if (self->stalled_until <= self->process->sim->now)
        return false;
    sim_at (self->process->sim, self->stalled_until, event);
    return true;
}

static void
s_on_settle (sim_t *sim, event_t *event)
{
    process_t *process = sim->processes[event->process];
    if (process->alive) {
        if (process_defer (process, event) || s_stalled (&process->actors[event->actor], event))
            return;
        s_settle (&process->actors[event->actor]);
        process->actors[event->actor].resumes = true;
        s_turn (&process->actors[event->actor]);
    }
    event_free (event);
}

static void
s_on_turn (sim_t *sim, event_t *event)
{
    process_t *process = sim->processes[event->process];
    if (process->alive) {
        if (process_defer (process, event) || s_stalled (&process->actors[event->actor], event))
            return;
        s_turn (&process->actors[event->actor]);
    }
    event_free (event);
}

//  ------------------------------------------------------------------------------------------------
//  Arrival

void
actor_receive (actor_t *self, event_t *item)
{
    sim_t *sim = self->process->sim;
    item->next = NULL;
    if (self->first)
        self->last->next = item;
    else
        self->first = item;
    self->last = item;
    if (self->turning)
        return;
    if (self->stalled_until <= sim->now && chance_of (&sim->chance, 0.5)) {
        s_turn (self);
        return;
    }
    self->turning = true;
    s_turn_at (self, s_on_turn, sim->now + chance_between (&sim->chance, 10, 300));
}

//  From this process (event->process), or from elsewhere, to an address.
void
actor_on_item (sim_t *sim, event_t *event)
{
    bool inner = event->process != SIM_NOBODY;
    process_t *process = inner ? sim->processes[event->process] : process_at (sim, event->slot);
    if (process && process->alive && process_defer (process, event))
        return;
    if (!inner)
        network_arrived (sim, event);
    actor_t *actor = process && process->alive && event->actor < process->actors_count
                         ? &process->actors[event->actor]
                         : NULL;
    uint32_t port = event->kind == ITEM_PEER ? 200 : 100;
    if (!actor || (!inner && event->port != process->port + port + event->actor)
        || (event->kind == ITEM_WAKE && event->a != actor->wake_at)) {
        event_free (event);
        return;
    }
    if (event->kind == ITEM_WAKE)
        actor->wake_at = 0;
    actor_receive (actor, event);
}

//  ------------------------------------------------------------------------------------------------
//  Life

void
actor_start (actor_t *self, process_t *process, uint32_t index)
{
    const plan_t *plan = &process->sim->plan;
    self->process = process;
    self->index = index;
    storage_config_t config = { .index = index,
                                .actors = process->actors_count,
                                .partitions = plan->partitions,
                                .maps_max = 64,
                                .key_max = 1000,
                                .value_max = 1000000,
                                .memory_limit = plan->memory_limit,
                                .batch_max = 1000,
                                .log_records = plan->log_records,
                                .log_bytes = plan->log_bytes,
                                .resend = 40,
                                .silence = 450,
                                .move_bytes = plan->move_bytes,
                                .ap_grace = 3600000,
                                .ap_round = 300 };
    self->storage = storage_new (&config, NULL);
    assert (self->storage);
    storage_port_t port = { .arg = self,
                            .send = s_send,
                            .stream = s_stream,
                            .stream_room = s_stream_room,
                            .moved = s_moved,
                            .ask = s_ask,
                            .release = s_release };
    storage_join (self->storage, process->id, &process->lease, &port);
    storage_watch (self->storage, check_committed, self);
}

void
actor_destroy (actor_t *self)
{
    check_forget (self);
    while (self->first) {
        event_t *item = self->first;
        self->first = item->next;
        event_free (item);
    }
    if (self->served.event)
        event_free (self->served.event);
    buf_clear (&self->served.out);
    buf_clear (&self->batch);
    for (uint32_t partition = 0; partition < SIM_PARTITIONS_MAX; partition++)
        if (self->moves[partition] && self->moves[partition] != MOVE_DONE
            && self->moves[partition] != MOVE_ABORTED)
            self->process->sim->totals.ended[self->moves[partition]]++;
    self->process->sim->totals.deduplicated += storage_stats (self->storage)->deduplicated;
    self->process->sim->totals.ap_merged += storage_stats (self->storage)->ap_merged;
    storage_destroy (&self->storage);
}

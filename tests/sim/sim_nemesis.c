//  sim_nemesis: what goes wrong: kills, pauses, cuts, bad weather on the network, members that leave or
//  come, moves; some of it aimed at the coordinator, at primaries and their backups.
//
//  Faults outside of the promise are not made: the last healthy copy in sync and the majority of the
//  voters live.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"

//  ------------------------------------------------------------------------------------------------
//  May this process die?

typedef struct {
    sim_t *sim;
    node_id_t without;
} s_living_t;

static bool
s_lives (const void *arg, node_id_t id)
{
    const s_living_t *living = arg;
    const process_t *process = process_of (living->sim, id);
    return id != living->without && process && process->alive;
}

//  Neither it nor one of its actors has stopped within the last second: its primaries may have asked for
//  its removal since.
static bool
s_healthy (const sim_t *sim, const process_t *process)
{
    if (!process || !process->alive || process->paused_until + SIM_SECOND > sim->now)
        return false;
    for (uint32_t at = 0; at < process->actors_count; at++)
        if (process->actors[at].stalled_until + SIM_SECOND > sim->now)
            return false;
    return !network_troubled (sim, process->slot);
}

//  In this state, whoever may still act on it, the cluster can do without the process.
static bool
s_survives (sim_t *sim, const view_t *state, const view_t *newest, const process_t *victim)
{
    s_living_t living = { sim, victim->id };
    if (!view_quorum (state, s_lives, &living))
        return false;
    for (uint32_t partition = 0; partition < state->partitions; partition++) {
        const part_t *part = &state->parts[partition];
        if (!part_has (part, victim->id))
            continue;
        uint32_t others = 0;
        for (unsigned rep = 0; rep < part->reps_count; rep++)
            others += part->reps[rep] != victim->id && s_healthy (sim, process_of (sim, part->reps[rep]))
                      && part_has (&newest->parts[partition], part->reps[rep]);
        if (others == 0)
            return false;
    }
    return true;
}

//  One of three leaves, and one voter will be left: whoever that is must live.
static bool
s_shrinks (sim_t *sim)
{
    uint32_t living = 0;
    bool leaving = false;
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++) {
        const process_t *process = process_at (sim, slot);
        living += process != NULL;
        leaving = leaving || (process && process->leaving);
    }
    return leaving && living <= 3;
}

//  The worst case over every state that anyone has accepted or learnt.
static bool
s_may_die (sim_t *sim, const process_t *victim)
{
    const view_t *newest = check_newest (sim);
    if (s_shrinks (sim))
        return false;
    if (!newest || !s_survives (sim, newest, newest, victim))
        return false;
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++) {
        const process_t *process = process_at (sim, slot);
        if (!process)
            continue;
        if (!process_is_up (process) && view_is_voter (newest, process->id)
            && view_is_voter (newest, victim->id))
            return false;
        const view_t *accepted = cluster_accepted (process->cluster),
                     *known = cluster_view (process->cluster);
        if ((accepted && !s_survives (sim, accepted, newest, victim))
            || (known && !s_survives (sim, known, newest, victim)))
            return false;
    }
    return true;
}

//  The only voter leaves. Whoever cuts it off from all others makes it believe that they are dead, and that
//  nobody is left to whom it could give what it has: it ends, as a cluster's last member does.
static bool
s_leaves_alone (sim_t *sim, const process_t *victim)
{
    const view_t *newest = check_newest (sim);
    return victim->leaving && newest && newest->voters_count == 1 && newest->voters[0] == victim->id;
}

//  ------------------------------------------------------------------------------------------------
//  Faults at random places

static process_t *
s_any (sim_t *sim)
{
    return process_at (sim, chance_below (&sim->chance, sim->plan.slots));
}

static void
s_kill (sim_t *sim)
{
    process_t *victim = s_any (sim);
    network_mark (sim);
    if (!victim || sim->network->loss > 0.05 || !s_may_die (sim, victim))
        return;
    sim->totals.kills++;
    TRACE (sim, "kill n%" PRIu32, victim->slot);
    process_kill (victim, chance_of (&sim->chance, 0.3) ? chance_between (&sim->chance, 1000, 100000)
                                                        : chance_between (&sim->chance, 50000, 2000000));
}

static void
s_pause (sim_t *sim, process_t *victim, uint64_t low, uint64_t high)
{
    uint64_t until = sim->now + chance_between (&sim->chance, low, high);
    if (!victim || victim->paused_until >= until)
        return;
    victim->paused_until = until;
    sim->totals.pauses++;
    TRACE (sim, "pause n%" PRIu32 " until %.3f", victim->slot, (double) until / 1e6);
}

static void
s_stop_in_turn (sim_t *sim)
{
    const view_t *view = check_newest (sim);
    uint32_t partition = chance_below (&sim->chance, sim->plan.partitions);
    process_t *victim = view ? process_of (sim, view->parts[partition].primary) : NULL;
    if (!victim || !victim->alive)
        return;
    victim->stop_in_turn = true;
    victim->stop_early = chance_of (&sim->chance, 0.5);
    victim->stop_actor = chance_of (&sim->chance, 0.2);
    victim->stop_for = chance_between (&sim->chance, 100000, 2500000);
}

static void
s_cut_halves (sim_t *sim)
{
    uint64_t side = chance_next (&sim->chance);
    for (uint32_t a = 0; a < sim->plan.slots_max; a++)
        for (uint32_t b = 0; b < sim->plan.slots_max; b++)
            if ((side >> a & 1) != (side >> b & 1))
                network_cut (sim, a, b);
}

static void
s_cut_one (sim_t *sim, uint32_t slot)
{
    bool clients = chance_of (&sim->chance, 0.3);
    for (uint32_t other = 0; other < sim->plan.slots_max; other++) {
        network_cut (sim, slot, other);
        network_cut (sim, other, slot);
    }
    if (clients) {
        network_cut (sim, slot, SIM_NOBODY);
        network_cut (sim, SIM_NOBODY, slot);
    }
}

static void
s_cut (sim_t *sim)
{
    uint32_t slot = chance_below (&sim->chance, sim->plan.slots);
    network_heal (sim);
    sim->totals.cuts++;
    switch (chance_below (&sim->chance, 3)) {
        case 0:
            s_cut_halves (sim);
            break;
        case 1:
            s_cut_one (sim, slot);
            break;
        default: { // Some directions
            uint32_t other = chance_below (&sim->chance, sim->plan.slots);
            network_cut (sim, slot, other);
            if (chance_of (&sim->chance, 0.5))
                network_cut (sim, other, slot);
            network_cut (sim, chance_below (&sim->chance, sim->plan.slots), slot);
        }
    }
    TRACE (sim, "cut around n%" PRIu32, slot);
}

static void
s_weather (sim_t *sim)
{
    network_t *network = sim->network;
    chance_t *chance = &sim->chance;
    network->loss = chance_of (chance, 0.5) ? 0 : 0.15 * chance_below (chance, 100) / 100;
    network->duplication = chance_of (chance, 0.5) ? 0 : 0.3 * chance_below (chance, 100) / 100;
    network->latency_max = chance_of (chance, 0.7) ? 10000 : chance_between (chance, 10000, 150000);
    network->stragglers = chance_of (chance, 0.5) ? 0 : 1;
    network->queue_max = chance_of (chance, 0.8) ? UINT32_MAX : 2 + chance_below (chance, 20);
    sim->totals.weather++;
    TRACE (sim, "weather: loss %.2f, twice %.2f, %" PRIu64 " us, queues of %" PRIu32, network->loss,
           network->duplication, network->latency_max, network->queue_max);
}

//  ------------------------------------------------------------------------------------------------
//  Faults at roles

process_t *
nemesis_coordinator (sim_t *sim)
{
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++) {
        process_t *process = process_at (sim, slot);
        if (process && cluster_is_coordinator (process->cluster))
            return process;
    }
    return NULL;
}

static void
s_cut_between (sim_t *sim, const process_t *a, const process_t *b, double both, uint64_t low, uint64_t high)
{
    if (!a || !b || a->slot == b->slot || !a->alive || !b->alive)
        return;
    network_heal (sim);
    network_cut (sim, a->slot, b->slot);
    if (chance_of (&sim->chance, both))
        network_cut (sim, b->slot, a->slot);
    sim->cut_until = sim->now + chance_between (&sim->chance, low, high);
    sim->totals.role_cuts++;
    TRACE (sim, "cut n%" PRIu32 " - n%" PRIu32 " until %.3f", a->slot, b->slot,
           (double) sim->cut_until / 1e6);
}

//  One storage actor's thread does not run, while its process is cut off, taken for dead, and heard again.
static void
s_stall (sim_t *sim, process_t *victim, uint32_t partition)
{
    if (!victim || !victim->alive || !victim->actors_count || s_leaves_alone (sim, victim))
        return;
    network_heal (sim);
    s_cut_one (sim, victim->slot);
    sim->cut_until = sim->now + chance_between (&sim->chance, 1300000, 2200000);
    victim->actors[partition % victim->actors_count].stalled_until = sim->cut_until
                                                                     + chance_between (&sim->chance, 0,
                                                                                       1200000);
    sim->totals.stalls++;
    TRACE (sim, "n%" PRIu32 " stalls in p%" PRIu32 ", cut off until %.3f", victim->slot, partition,
           (double) sim->cut_until / 1e6);
}

//  The second step: from everybody, but not from clients.
static void
s_on_isolate (sim_t *sim, event_t *event)
{
    if (sim->faults_on)
        for (uint32_t other = 0; other < sim->plan.slots_max; other++) {
            network_cut (sim, event->slot, other);
            network_cut (sim, other, event->slot);
        }
    event_free (event);
}

//  A primary is cut off from its backups, then from everybody: what it has not committed is lost, while
//  clients still reach it.
static void
s_isolate (sim_t *sim, const process_t *victim, const part_t *part)
{
    if (!victim || !victim->alive)
        return;
    network_heal (sim);
    for (unsigned rep = 0; rep < part->reps_count; rep++) {
        const process_t *backup = process_of (sim, part->reps[rep]);
        if (backup && backup->slot != victim->slot)
            network_cut (sim, victim->slot, backup->slot);
    }
    event_t *event = event_new (s_on_isolate, bytes_of (NULL, 0));
    event->slot = victim->slot;
    sim_at (sim, sim->now + chance_between (&sim->chance, 20000, 350000), event);
    sim->cut_until = sim->now + chance_between (&sim->chance, 1700000, 3000000);
    sim->totals.isolations++;
    TRACE (sim, "n%" PRIu32 " is isolated until %.3f", victim->slot, (double) sim->cut_until / 1e6);
}

static void
s_role (sim_t *sim)
{
    const view_t *view = check_newest (sim);
    if (!view || sim->now < sim->cut_until)
        return;
    uint32_t partition = chance_below (&sim->chance, sim->plan.partitions);
    const part_t *part = &view->parts[partition];
    if (!part->reps_count)
        return;
    process_t *primary = process_of (sim, part->primary), *coordinator = nemesis_coordinator (sim);
    process_t *backup = process_of (sim, part->reps[chance_below (&sim->chance, part->reps_count)]);
    switch (chance_below (&sim->chance, 6)) {
        case 4:
            s_stall (sim, primary, partition);
            break;
        case 5:
            s_isolate (sim, primary, part);
            break;
        case 0:
            s_cut_between (sim, primary, coordinator, 0.7, 1500000, 3000000);
            break;
        case 1:
            s_cut_between (sim, backup, primary, 0.7, 500000, 1500000);
            break;
        case 2:
            s_pause (sim, primary && primary->alive ? primary : NULL, 1200000, 2500000);
            break;
        default:
            s_pause (sim, coordinator, 300000, 2000000);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Faults at moves

bool
nemesis_strike (sim_t *sim, process_t *victim, strike_t strike, uint32_t partition)
{
    if (!victim || !victim->alive)
        return false;
    switch (strike) {
        case STRIKE_KILL:
            network_mark (sim);
            if (sim->network->loss > 0.05 || !s_may_die (sim, victim))
                return false;
            sim->totals.kills++;
            TRACE (sim, "kill n%" PRIu32, victim->slot);
            process_kill (victim, chance_between (&sim->chance, 50000, 2000000));
            return true;
        case STRIKE_PAUSE:
            s_pause (sim, victim, 1200000, 2500000);
            return true;
        case STRIKE_CUT:
            if (sim->now < sim->cut_until || s_leaves_alone (sim, victim))
                return false;
            network_heal (sim);
            s_cut_one (sim, victim->slot);
            sim->cut_until = sim->now + chance_between (&sim->chance, 500000, 2500000);
            sim->totals.role_cuts++;
            TRACE (sim, "n%" PRIu32 " is cut off until %.3f", victim->slot, (double) sim->cut_until / 1e6);
            return true;
        default:
            if (!victim->actors_count)
                return false;
            victim->actors[partition % victim->actors_count].stalled_until =
                sim->now + chance_between (&sim->chance, 300000, 1500000);
            sim->totals.stalls++;
            TRACE (sim, "n%" PRIu32 " stalls in p%" PRIu32, victim->slot, partition);
            return true;
    }
}

static void
s_on_strike (sim_t *sim, event_t *event)
{
    process_t *victims[STRIKE_ROLES] = { sim->processes[event->process], process_of (sim, event->to_id),
                                         nemesis_coordinator (sim) };
    process_t *victim = victims[chance_below (&sim->chance, STRIKE_ROLES)];
    if (sim->faults_on
        && nemesis_strike (sim, victim, (strike_t) chance_below (&sim->chance, STRIKES), event->number))
        sim->totals.struck[event->kind]++;
    event_free (event);
}

void
nemesis_on_move (sim_t *sim, const process_t *source, const move_info_t *move)
{
    if (!sim->faults_on || !chance_of (&sim->chance, 0.08))
        return;
    event_t *event = event_new (s_on_strike, bytes_of (NULL, 0));
    event->process = source->index;
    event->to_id = move->target;
    event->number = move->partition;
    event->kind = move->state;
    sim_at (sim, sim->now + chance_between (&sim->chance, 0, chance_of (&sim->chance, 0.5) ? 1000 : 30000),
            event);
}

//  ------------------------------------------------------------------------------------------------
//  Members that come and go, copies that move

//  Only one at a time, and only where the copies find room on others that it sees.
static void
s_leave (sim_t *sim)
{
    uint32_t data = 0;
    process_t *victim = s_any (sim);
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++)
        if (process_at (sim, slot) && process_at (sim, slot)->leaving)
            return;
    if (!victim || !victim->view || cluster_state (victim->cluster) != CLUSTER_MEMBER)
        return;
    for (uint32_t at = 0; at < victim->view->members_count; at++)
        data += victim->view->members[at].status == MEMBER_UP && victim->view->members[at].actors;
    if (data <= sim->plan.copies)
        return;
    sim->totals.leaves++;
    TRACE (sim, "n%" PRIu32 " leaves", victim->slot);
    process_leave (victim);
}

static void
s_arrive (sim_t *sim)
{
    for (uint32_t slot = sim->plan.slots; slot < sim->plan.slots_max; slot++)
        if (!sim->at[slot]) {
            sim->totals.arrivals++;
            process_start (sim, slot);
            return;
        }
}

static void
s_move (sim_t *sim)
{
    process_t *via = s_any (sim);
    char partition[8], member[16];
    if (!via || !via->view)
        return;
    bool handover = chance_of (&sim->chance, 0.6);
    uint32_t which = chance_below (&sim->chance, sim->plan.partitions);
    const part_t *part = &via->view->parts[which];
    uint32_t slot = chance_below (&sim->chance, sim->plan.slots);
    const process_t *backup = part->reps_count ? process_of (
                                  sim, part->reps[chance_below (&sim->chance, part->reps_count)])
                                               : NULL;
    if (handover && backup)
        slot = backup->slot;
    snprintf (partition, sizeof partition, "%u", (unsigned) which & 0xffff);
    snprintf (member, sizeof member, "n%u", (unsigned) slot & 0xffff);
    bytes_t words[] = { bytes_str (handover ? "handover" : "learner"), bytes_str (partition),
                        bytes_str (member) };
    uint64_t number = process_admin (via, words, 3);
    TRACE (sim, "n%" PRIu32 " is asked for a %s of p%s at %s", via->slot, handover ? "handover" : "learner",
           partition, member);
    if (number && via->alive)
        sim->totals.moves++;
}

//  ------------------------------------------------------------------------------------------------
//  Steps

void
nemesis_on_step (sim_t *sim, event_t *event)
{
    if (!sim->faults_on) {
        event_free (event);
        return;
    }
    switch (chance_below (&sim->chance, 20)) {
        case 0:
        case 1:
        case 2:
            s_kill (sim);
            break;
        case 3:
        case 4:
            s_pause (sim, s_any (sim), 100000, 3000000);
            break;
        case 5:
        case 6:
            s_stop_in_turn (sim);
            break;
        case 7:
        case 8:
            if (sim->now >= sim->cut_until)
                s_cut (sim);
            break;
        case 9:
        case 10:
            if (sim->now >= sim->cut_until)
                network_heal (sim);
            break;
        case 11:
        case 12:
            s_weather (sim);
            break;
        case 13:
            s_leave (sim);
            break;
        case 14:
            s_arrive (sim);
            break;
        case 15:
        case 16:
            s_move (sim);
            break;
        default:
            s_role (sim);
    }
    sim_at (sim, sim->now + chance_between (&sim->chance, 50000, 600000), event);
}

void
nemesis_stop (sim_t *sim)
{
    network_t *network = sim->network;
    sim->faults_on = false;
    network_heal (sim);
    network->loss = network->duplication = network->stragglers = 0;
    network->calm = true;
    network->in_order = true; // Else moves of many small batches take minutes
    network->latency_max = 10000;
    network->queue_max = UINT32_MAX;
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++) {
        process_t *process = process_at (sim, slot);
        if (!process)
            continue;
        process->stop_in_turn = false;
        for (uint32_t at = 0; at < process->actors_count; at++)
            if (process->actors[at].stalled_until > sim->now + 200000)
                process->actors[at].stalled_until = sim->now + 200000;
        if (process->paused_until > sim->now + 200000)
            process->paused_until = sim->now + 200000;
    }
    TRACE (sim, "the faults are over");
}

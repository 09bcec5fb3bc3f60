//  sim_run: one schedule, from its seed to its verdict.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"

#define S_PATIENCE (60 * SIM_SECOND) // After the faults, until everything must be well
#define S_EVENTS_MAX 3000000

//  All of it is counters.
void
totals_add (totals_t *sum, const totals_t *more)
{
    uint64_t *to = (uint64_t *) (void *) sum;
    const uint64_t *from = (const uint64_t *) (const void *) more;
    for (size_t at = 0; at < sizeof *sum / sizeof *to; at++)
        to[at] += from[at];
}

void
sim_fail (sim_t *self, const char *format, ...)
{
    if (self->failed)
        return;
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->why, sizeof self->why, format, arguments);
    va_end (arguments);
    self->failed = true;
    TRACE (self, "FAILED: %s", self->why);
}

void
sim_say (const sim_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fprintf (stderr, "%9.4f ", (double) self->now / 1e6);
    vfprintf (stderr, format, arguments);
    fputc ('\n', stderr);
    va_end (arguments);
}

//  ------------------------------------------------------------------------------------------------
//  Phases

typedef enum { PHASE_WORK, PHASE_HEAL, PHASE_JUDGE, PHASE_OVER } phase_t;

typedef struct {
    sim_t sim;
    phase_t phase;
    uint64_t heal_until;
    char missing[300];
} s_run_t;

static event_fn s_on_look;

static void
s_look_in (sim_t *sim, uint64_t delay)
{
    sim_at (sim, sim->now + delay, event_new (s_on_look, bytes_of (NULL, 0)));
}

static uint64_t
s_faults (const totals_t *totals)
{
    return totals->kills + totals->pauses + totals->pauses_in_turn + totals->cuts + totals->role_cuts
           + totals->stalls + totals->isolations + totals->weather + totals->leaves + totals->arrivals;
}

//  From time to time: has this phase come to its end?
static void
s_on_look (sim_t *sim, event_t *event)
{
    s_run_t *run = (s_run_t *) sim; // It is its first member
    event_free (event);
    switch (run->phase) {
        case PHASE_WORK:
            if (sim->now < sim->plan.quiet || s_faults (&sim->totals) < 5) {
                s_look_in (sim, 500000);
                return;
            }
            nemesis_stop (sim);
            run->phase = PHASE_HEAL;
            run->heal_until = sim->now + S_PATIENCE;
            break;
        case PHASE_HEAL:
        case PHASE_JUDGE:
            if (!clients_done (sim))
                snprintf (run->missing, sizeof run->missing, "clients wait for answers");
            else if (check_settled (sim, run->missing, sizeof run->missing)
                     && ap_side_settled (sim, run->missing, sizeof run->missing)
                     && lock_side_settled (sim, run->missing, sizeof run->missing)) {
                if (run->phase == PHASE_HEAL)
                    clients_judge (sim);
                run->phase++;
                if (run->phase == PHASE_OVER)
                    return;
            }
            if (sim->now > run->heal_until)
                sim_fail (sim, "I8: not well in time: %s", run->missing);
            break;
        default:
            return;
    }
    s_look_in (sim, 100000);
}

//  A partition of which no copy in sync lives: outside of what is promised, if it refuses service.
static bool
s_lost (sim_t *sim)
{
    const view_t *view = check_newest (sim);
    for (uint32_t partition = 0; view && partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        bool lives = false;
        for (unsigned rep = 0; rep < part->reps_count; rep++) {
            const process_t *process = process_of (sim, part->reps[rep]);
            lives = lives || (process && process->alive);
        }
        if (!lives)
            return true;
    }
    return false;
}

static void
s_set_up (sim_t *sim)
{
    chance_t *chance = &sim->chance;
    network_t *network = sim->network = calloc (1, sizeof *network);
    network->latency_max = 10000;
    network->queue_max = UINT32_MAX;
    network->in_order = chance_of (chance, 0.3);
    network->refuses = chance_of (chance, 0.5);
    for (uint32_t key = 0; key < sim->plan.keys; key++) {
        snprintf (sim->keys[key], sizeof sim->keys[key], "key%" PRIu32, key);
        sim->recent[key] = LINEAR_ABSENT;
    }
    for (uint32_t slot = 0; slot < sim->plan.slots; slot++)
        process_start (sim, slot);
    clients_start (sim);
    ap_side_start (sim);
    lock_side_start (sim);
    sim->faults_on = true;
    sim_at (sim, 1500000, event_new (nemesis_on_step, bytes_of (NULL, 0)));
    s_look_in (sim, 1000000);
}

static void
s_tear_down (sim_t *sim)
{
    for (uint32_t at = 0; at < sim->processes_count; at++) {
        process_destroy (sim->processes[at]);
        free (sim->processes[at]);
    }
    free (sim->processes);
    kernel_clear (sim);
    ap_side_destroy (sim);
    lock_side_destroy (sim);
    check_destroy (sim);
    free (sim->network);
}

verdict_t
sim_run (uint64_t seed, uint32_t copies, unsigned sides, unsigned trace, totals_t *totals, char *why)
{
    static s_run_t run;
    memset (&run, 0, sizeof run);
    sim_t *sim = &run.sim;
    sim->seed = seed;
    sim->trace = trace;
    sim->chance.state = seed * 0x9e3779b97f4a7c15 + copies;
    plan_make (&sim->plan, &sim->chance, copies);
    //  Copies without memory for it cannot become equal
    sim->plan.ap = (sides & SIDE_AP) && !sim->plan.memory_limit;
    sim->plan.exec = sides & SIDE_EXEC;
    sim->plan.locks = (sides & SIDE_LOCKS) && !sim->plan.memory_limit;
    s_set_up (sim);
    event_t *event;
    while (!sim->failed && run.phase != PHASE_OVER && (event = kernel_take (sim)) != NULL) {
        sim->now = event->time;
        event->run (sim, event);
        if (sim->contested)
            check_leases (sim);
        if (++sim->totals.events > S_EVENTS_MAX)
            sim_fail (sim, "I8: no end after %d events: %s", S_EVENTS_MAX, run.missing);
    }
    if (!sim->failed)
        check_history (sim);
    if (!sim->failed)
        ap_side_check (sim);
    if (!sim->failed)
        lock_side_check (sim);
    verdict_t verdict = sim->failed ? VERDICT_WRONG : VERDICT_RIGHT;
    if (sim->failed && memcmp (sim->why, "I8", 2) == 0 && s_lost (sim)) {
        verdict = VERDICT_OUTSIDE;
        sim->totals.lost_partitions++;
    }
    snprintf (why, sizeof sim->why, "%s", sim->why);
    sim->totals.seconds = sim->now / SIM_SECOND;
    s_tear_down (sim);
    totals_add (totals, &sim->totals);
    return verdict;
}

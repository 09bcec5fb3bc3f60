//  sim_scale: larger clusters at rest: the view settles, and what each member sends and receives does
//  not grow with their number where it need not (voters: at most in proportion).
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"

#define S_VOTERS 5
#define S_SECONDS 20 // Looked at

typedef struct {
    double voter, other; // Messages a second of the busiest member of each kind
    double settled;      // Seconds until all was well
    bool good;
} s_figures_t;

static uint64_t
s_messages (const process_t *process)
{
    const cluster_stats_t *stats = cluster_stats (process->cluster);
    return stats->sent + stats->received;
}

void
quiet_run (sim_t *sim, uint64_t time_us)
{
    event_t *event;
    while (sim->now < time_us && !sim->failed && (event = kernel_take (sim)) != NULL) {
        sim->now = event->time;
        event->run (sim, event);
    }
}

void
quiet_set_up (sim_t *sim, uint32_t members)
{
    sim->chance.state = members;
    plan_make (&sim->plan, &sim->chance, 2);
    sim->plan.on_time = true;
    sim->plan.slots = sim->plan.slots_max = members;
    sim->plan.witnesses = 0;
    sim->plan.voters_max = S_VOTERS;
    sim->plan.partitions = SIM_PARTITIONS_MAX;
    sim->plan.expect = true;
    sim->plan.inner_delay = 2000;
    sim->plan.memory_limit = sim->plan.log_bytes = sim->plan.log_records = 0;
    sim->plan.timing = (cluster_timing_t) {
        .lease = 1000, .detection = 1000, .forget = 60000, .era = 600000, .meet = 30000
    };
    sim->network = calloc (1, sizeof *sim->network);
    assert (sim->network);
    sim->network->latency_max = 2000;
    sim->network->queue_max = UINT32_MAX;
    sim->network->in_order = true;
    for (uint32_t slot = 0; slot < members; slot++) {
        sim->plan.actors[slot] = 1;
        process_start (sim, slot);
    }
}

void
quiet_tear_down (sim_t *sim)
{
    for (uint32_t at = 0; at < sim->processes_count; at++) {
        process_destroy (sim->processes[at]);
        free (sim->processes[at]);
    }
    free (sim->processes);
    kernel_clear (sim);
    check_destroy (sim);
    free (sim->network);
}

bool
quiet_settle (sim_t *sim, char *why, size_t size)
{
    while (sim->now < 60 * SIM_SECOND && !sim->failed && !check_settled (sim, why, size))
        quiet_run (sim, sim->now + SIM_SECOND / 2);
    return !sim->failed && check_settled (sim, why, size);
}

static s_figures_t
s_measure (uint32_t members)
{
    static sim_t sim;
    s_figures_t figures = { .good = false };
    uint64_t before[SIM_SLOTS_MAX];
    char why[300] = "";
    memset (&sim, 0, sizeof sim);
    quiet_set_up (&sim, members);
    figures.good = quiet_settle (&sim, why, sizeof why);
    figures.settled = (double) sim.now / 1e6;
    uint64_t version = check_newest (&sim) ? check_newest (&sim)->version : 0;
    for (uint32_t slot = 0; slot < members; slot++)
        before[slot] = s_messages (sim.at[slot]);
    quiet_run (&sim, sim.now + S_SECONDS * SIM_SECOND);
    for (uint32_t slot = 0; slot < members && figures.good; slot++) {
        double rate = (double) (s_messages (sim.at[slot]) - before[slot]) / S_SECONDS;
        double *kind = view_is_voter (check_newest (&sim), sim.at[slot]->id) ? &figures.voter
                                                                             : &figures.other;
        *kind = rate > *kind ? rate : *kind;
    }
    if (figures.good && check_newest (&sim)->version != version) {
        snprintf (why, sizeof why, "a view that is well changes");
        figures.good = false;
    }
    if (!figures.good)
        printf ("%" PRIu32 " members: %s\n", members, sim.failed ? sim.why : why);
    quiet_tear_down (&sim);
    return figures;
}

bool
scale_run (void)
{
    static const uint32_t s_sizes[] = { 8, 16, 32, 64 };
    s_figures_t first = { .good = false };
    bool good = true;
    for (size_t at = 0; at < sizeof s_sizes / sizeof s_sizes[0]; at++) {
        s_figures_t now = s_measure (s_sizes[at]);
        double times = (double) s_sizes[at] / s_sizes[0];
        printf ("%2" PRIu32
                " members, %d voters: settled after %.1f s; messages a second: %.0f at voters, %.0f at "
                "others\n",
                s_sizes[at], S_VOTERS, now.settled, now.voter, now.other);
        if (at == 0)
            first = now;
        good = good && now.good && now.other <= first.other * 1.3 + 5
               && now.voter <= first.voter * times * 1.1;
    }
    return good;
}

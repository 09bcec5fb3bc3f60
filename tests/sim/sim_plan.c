//  sim_plan: what a schedule is like.
//  SPDX-License-Identifier: MPL-2.0
#include "sim/sim.h"

void
plan_make (plan_t *plan, chance_t *chance, uint32_t copies)
{
    static const uint32_t s_partitions[] = { 2, 2, 2, 3, 4, 4, 8, 16 };
    *plan = (plan_t) { .copies = copies };
    plan->slots = 3 + chance_below (chance, 3) + (chance_of (chance, 0.1) ? chance_below (chance, 4) : 0);
    if (plan->slots < copies + 1)
        plan->slots = copies + 1;
    if (plan->slots > copies + 1 && chance_of (chance, 0.15))
        plan->witnesses = 1;
    plan->slots_max = plan->slots + (chance_of (chance, 0.3) && plan->slots < 9);
    plan->partitions = s_partitions[chance_below (chance, 8)];
    plan->voters_max = chance_of (chance, 0.7) ? 3 : 5;
    for (uint32_t slot = 0; slot < plan->slots_max; slot++)
        plan->actors[slot] = 1 + (chance_of (chance, 0.4) ? chance_below (chance, SIM_ACTORS_MAX) : 0);
    plan->expect = chance_of (chance, 0.6);
    plan->clients = 5;
    plan->operations = 30;
    plan->window = chance_of (chance, 0.4) ? 1 : 2 + chance_below (chance, SIM_WINDOW_MAX - 1);
    plan->plain = chance_of (chance, 0.3) ? 1 + chance_below (chance, 2) : 0;
    plan->patient = chance_of (chance, 0.4) ? 1 + chance_below (chance, 2) : 0;
    plan->keys = 4 + chance_below (chance, 7);
    plan->think = chance_of (chance, 0.5) ? 120000 : 240000;
    plan->inner_delay = chance_of (chance, 0.8) ? 2000 : 30000;
    plan->memory_limit = chance_of (chance, 0.05) ? 1u << 20 : 0;
    plan->log_records = chance_of (chance, 0.2) ? 2 + chance_below (chance, 8) : 0;
    plan->log_bytes = chance_of (chance, 0.1) ? 300 + chance_below (chance, 2000) : 0;
    plan->sessions_short = chance_of (chance, 0.2);
    plan->same_port = chance_of (chance, 0.5);
    //  Scaled, so that a schedule is short
    plan->timing = (cluster_timing_t) { .lease = 800,
                                        .detection = 450,
                                        .forget = 2000,
                                        .era = plan->sessions_short ? 1000 : 600000,
                                        .meet = 30000 };
    plan->quiet = 7 * SIM_SECOND;
    if (chance_of (chance, 0.5))
        plan->move_bytes = chance_between (chance, 60, chance_of (chance, 0.3) ? 20000 : 400);
    if (chance_of (chance, 0.4))
        plan->pace = (plan->move_bytes ? plan->move_bytes : 20000) * chance_between (chance, 1, 8);
    plan->mangled = chance_of (chance, 0.3) ? 0.1 : 0;
}

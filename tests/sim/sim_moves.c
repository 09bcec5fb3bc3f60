//  sim_moves: in each state of a move, its source, its target and the coordinator are struck, one after the
//  other, in a cluster at rest with some entries. Afterwards all is well, and every entry is there.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "sim/sim.h"
#include "slot.h"
#include "status.h"

#define S_MEMBERS 4
#define S_ENTRIES 200 // A sixteenth of them in the partition

static struct {
    uint32_t partition;
    move_state_t state; // Then
    strike_role_t role;
    strike_t strike;
    process_t *source; // NULL: not yet
    bool struck;
    node_id_t target;
} s_plan;

//  A step of the move: what was planned happens when the turn in which it was taken is over.
static void
s_on_strike (sim_t *sim, event_t *event)
{
    process_t *victims[STRIKE_ROLES] = { s_plan.source, process_of (sim, s_plan.target),
                                         nemesis_coordinator (sim) };
    s_plan.struck = nemesis_strike (sim, victims[s_plan.role], s_plan.strike, s_plan.partition);
    event_free (event);
}

static void
s_on_move (sim_t *sim, process_t *source, const move_info_t *move)
{
    if (move->partition != s_plan.partition || move->state != s_plan.state || s_plan.source)
        return;
    s_plan.source = source;
    s_plan.target = move->target;
    sim_at (sim, sim->now, event_new (s_on_strike, bytes_of (NULL, 0)));
}

//  Puts an entry, or asks for it, at the primary. Returns the status; what waits for copies is ZGRID_OK.
static int
s_ask (sim_t *sim, op_t op, unsigned number)
{
    const part_t *part = &check_newest (sim)->parts[s_plan.partition];
    process_t *process = process_of (sim, part->primary);
    actor_t *actor = &process->actors[s_plan.partition % process->actors_count];
    buf_t request = BUF_INIT, out = BUF_INIT;
    char text[24];
    snprintf (text, sizeof text, "entry%u", number);
    bytes_t key = bytes_str (text);
    if (slot_partition (slot_of_key (key), sim->plan.partitions) != s_plan.partition)
        return ZGRID_MOVED;
    value_t value = value_bytes (key);
    wire_begin (&request);
    wire_request (&request, 1, op, bytes_str ("map"), &key, op == OP_PUT ? &value : NULL, NULL);
    wire_begin (&out);
    batch_t batch = { .moment = actor_moment (actor), .body_size = request.size };
    bool good = wire_open (buf_bytes (&request), &batch.reader);
    bool more = storage_batch (actor->storage, &batch, &out, 1 << 20);
    assert (good && !more);
    reply_t reply = { .status = ZGRID_OK };
    mp_t reader;
    if (storage_settle (actor->storage, &batch, &out, process_local (process)) == STORAGE_SEND) {
        good = wire_open (buf_bytes (&out), &reader) && wire_next_reply (&reader, &reply) == WIRE_RECORD;
        assert (good);
    }
    storage_flush (actor->storage, process_local (process));
    buf_clear (&request);
    buf_clear (&out);
    return (int) reply.status;
}

//  A member that has no copy of the partition, or one that has, but is not its primary.
static const process_t *
s_member (sim_t *sim, bool copy)
{
    const part_t *part = &check_newest (sim)->parts[s_plan.partition];
    for (uint32_t slot = 0; slot < S_MEMBERS; slot++)
        if (sim->at[slot]->id != part->primary && part_has (part, sim->at[slot]->id) == copy)
            return sim->at[slot];
    return NULL;
}

static void
s_order (sim_t *sim, const char *what, const process_t *member)
{
    char partition[12], name[12];
    snprintf (partition, sizeof partition, "%" PRIu32, s_plan.partition);
    snprintf (name, sizeof name, "n%" PRIu32, member->slot);
    bytes_t words[] = { bytes_str (what), bytes_str (partition), bytes_str (name) };
    process_admin (sim->at[0], words, 3);
}

static void
s_play (sim_t *sim, char *why, size_t size)
{
    if (!quiet_settle (sim, why, size))
        return;
    unsigned mine = 0;
    bool own[S_ENTRIES];
    for (unsigned number = 0; number < S_ENTRIES; number++) {
        own[number] = s_ask (sim, OP_PUT, number) == ZGRID_OK;
        mine += own[number];
    }
    quiet_run (sim, sim->now + SIM_SECOND);
    bool handover = s_plan.state == MOVE_SEALED || s_plan.state == MOVE_HANDOVER;
    sim->on_move = s_on_move;
    s_order (sim, handover ? "handover" : "learner", s_member (sim, handover));
    quiet_run (sim, sim->now + 2 * SIM_SECOND);
    network_heal (sim);
    if (!s_plan.struck || !mine) {
        snprintf (why, size, "it did not happen");
        return;
    }
    why[0] = 0;
    uint64_t until = sim->now + 100 * SIM_SECOND;
    bool well = false;
    while (!sim->failed && !well && sim->now < until) {
        quiet_run (sim, sim->now + SIM_SECOND);
        well = check_settled (sim, why, size);
    }
    if (!well)
        return;
    why[0] = 0;
    for (unsigned number = 0; number < S_ENTRIES; number++) {
        int status = own[number] ? s_ask (sim, OP_GET, number) : ZGRID_OK;
        if (status != ZGRID_OK)
            snprintf (why, size, "entry %u: %s", number, status_name (status));
    }
}

static bool
s_run (void)
{
    static sim_t sim;
    static const char *const roles[] = { "source", "target", "coordinator" };
    static const char *const strikes[] = { "dies", "stops", "is cut off", "stalls" };
    char why[400] = "";
    memset (&sim, 0, sizeof sim);
    quiet_set_up (&sim, S_MEMBERS);
    sim.plan.move_bytes = 100;
    s_play (&sim, why, sizeof why);
    if (sim.failed)
        snprintf (why, sizeof why, "%s", sim.why);
    quiet_tear_down (&sim);
    if (why[0])
        printf ("%s, %s %s: %s\n", move_state_name (s_plan.state), roles[s_plan.role], strikes[s_plan.strike],
                why);
    return !why[0];
}

bool
moves_run (void)
{
    unsigned done = 0, wrong = 0;
    for (move_state_t state = MOVE_LEARNER; state <= MOVE_HANDOVER; state++)
        for (strike_role_t role = 0; role < STRIKE_ROLES; role++)
            for (strike_t strike = 0; strike < STRIKES; strike++) {
                memset (&s_plan, 0, sizeof s_plan);
                s_plan.state = state;
                s_plan.role = role;
                s_plan.strike = strike;
                done++;
                wrong += !s_run ();
            }
    printf ("%u faults at the source, the target and the coordinator of moves, in each state: %u wrong\n",
            done, wrong);
    return wrong == 0;
}

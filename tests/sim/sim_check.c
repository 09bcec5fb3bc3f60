//  sim_check: what must hold at any time. The numbers are those of the invariants in
//  doc/consistency.md.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"

#define S_SEQ_MASK ((UINT64_C (1) << 40) - 1) // Above it: the epoch in which a partition began

static uint64_t
s_hash (bytes_t bytes)
{
    uint64_t hash = 0xcbf29ce484222325 ^ bytes.size;
    for (size_t at = 0; at < bytes.size; at++)
        hash = (hash ^ bytes.data[at]) * 0x100000001b3;
    return hash | 1;
}

//  Room for index `wanted` in an array of zeroed items.
static void *
s_grow (void *array, uint64_t *room, uint64_t wanted, size_t size)
{
    if (wanted < *room)
        return array;
    uint64_t more = (*room ? *room * 2 : 64) > wanted ? (*room ? *room * 2 : 64) : wanted + 1;
    array = realloc (array, more * size);
    assert (array);
    memset ((uint8_t *) array + *room * size, 0, (more - *room) * size);
    *room = more;
    return array;
}

//  ------------------------------------------------------------------------------------------------
//  Views: I1, I2

static bool
s_same_part (const part_t *a, const part_t *b)
{
    return a->epoch == b->epoch && a->primary == b->primary && a->learner == b->learner
           && a->reps_count == b->reps_count
           && memcmp (a->reps, b->reps, a->reps_count * sizeof a->reps[0]) == 0;
}

static bool
s_same_view (const view_t *a, const view_t *b)
{
    if (a->cluster != b->cluster || a->version != b->version || a->cfg != b->cfg || a->era != b->era
        || a->copies != b->copies || a->voters_count != b->voters_count
        || a->voters_new_count != b->voters_new_count || a->members_count != b->members_count
        || a->partitions != b->partitions
        || memcmp (a->voters, b->voters, a->voters_count * sizeof a->voters[0])
        || memcmp (a->voters_new, b->voters_new, a->voters_new_count * sizeof a->voters[0]))
        return false;
    for (uint32_t at = 0; at < a->members_count; at++)
        if (a->members[at].id != b->members[at].id || a->members[at].status != b->members[at].status
            || a->members[at].generation != b->members[at].generation)
            return false;
    for (uint32_t at = 0; at < a->partitions; at++)
        if (!s_same_part (&a->parts[at], &b->parts[at]))
            return false;
    return true;
}

static void
s_claim_epoch (sim_t *sim, uint32_t partition, uint64_t epoch, node_id_t primary)
{
    check_t *check = &sim->check;
    check->primaries[partition] = s_grow (check->primaries[partition], &check->epochs_room[partition], epoch,
                                          sizeof (node_id_t));
    node_id_t *known = &check->primaries[partition][epoch];
    if (*known && *known != primary)
        sim_fail (sim, "I2: two primaries of partition %" PRIu32 " in epoch %" PRIu64, partition, epoch);
    *known = primary;
}

static const char *
s_node (sim_t *sim, node_id_t id, char text[12])
{
    const process_t *process = id ? process_of (sim, id) : NULL;
    snprintf (text, 12, process ? "n%d%s" : "-", process ? (int) process->slot : 0,
              process && !process->alive ? "+" : "");
    return text;
}

static void
s_trace_view (sim_t *sim, const view_t *view)
{
    char line[600], name[12];
    int at = snprintf (line, sizeof line, "view %" PRIu64 " cfg %" PRIu64 " era %" PRIu32 " voters",
                       view->version, view->cfg, view->era);
    for (unsigned voter = 0; voter < view->voters_count; voter++)
        at += snprintf (line + at, sizeof line - (size_t) at, " %s", s_node (sim, view->voters[voter], name));
    for (unsigned voter = 0; voter < view->voters_new_count; voter++)
        at += snprintf (line + at, sizeof line - (size_t) at, "%s%s", voter ? " " : " -> ",
                        s_node (sim, view->voters_new[voter], name));
    for (uint32_t member = 0; member < view->members_count && at < 500; member++)
        at += snprintf (line + at, sizeof line - (size_t) at, "%s%s%s", member ? " " : " | ",
                        s_node (sim, view->members[member].id, name),
                        view->members[member].status == MEMBER_UP        ? ""
                        : view->members[member].status == MEMBER_SUSPECT ? "?"
                                                                         : "<");
    sim_say (sim, "%s", line);
    const view_t *last = check_newest (sim);
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        if (last && s_same_part (part, &last->parts[partition]))
            continue;
        at = snprintf (line, sizeof line, "  p%" PRIu32 " epoch %" PRIu64 " primary %s reps", partition,
                       part->epoch, s_node (sim, part->primary, name));
        for (unsigned rep = 0; rep < part->reps_count; rep++)
            at += snprintf (line + at, sizeof line - (size_t) at, " %s", s_node (sim, part->reps[rep], name));
        sim_say (sim, "%s learner %s", line, s_node (sim, part->learner, name));
    }
}

const view_t *
check_newest (const sim_t *sim)
{
    return sim->check.newest ? sim->check.views[sim->check.newest] : NULL;
}

const view_t *
check_view (sim_t *sim, process_t *process, const view_t *view)
{
    check_t *check = &sim->check;
    if (process->view && view->version < process->view->version)
        sim_fail (sim, "n%" PRIu32 " goes back from view %" PRIu64 " to %" PRIu64, process->slot,
                  process->view->version, view->version);
    check->views = s_grow (check->views, &check->views_room, view->version, sizeof *check->views);
    const view_t *known = check->views[view->version];
    if (known) {
        if (!s_same_view (known, view))
            sim_fail (sim, "I1: two different views of version %" PRIu64 " were committed (n%" PRIu32 ")",
                      view->version, process->slot);
        return known;
    }
    known = check->views[view->version] = view_copy (view);
    assert (known);
    sim->totals.views++;
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        if (view->parts[partition].primary)
            s_claim_epoch (sim, partition, view->parts[partition].epoch, view->parts[partition].primary);
    if (sim->trace)
        s_trace_view (sim, known);
    if (view->version > check->newest)
        check->newest = view->version;
    return known;
}

//  ------------------------------------------------------------------------------------------------
//  Logs: I3

void
check_committed (void *arg, uint32_t partition, uint64_t epoch, uint64_t seq, bytes_t entry)
{
    const actor_t *actor = arg;
    sim_t *sim = actor->process->sim;
    check_t *check = &sim->check;
    uint64_t base = seq & ~S_SEQ_MASK; // A partition that begins anew begins there
    if (check->last[partition] && check->base[partition] != base)
        sim_fail (sim, "I3: p%" PRIu32 " begins anew, entries up to %" PRIu64 " were committed", partition,
                  check->last[partition]);
    check->base[partition] = base;
    seq &= S_SEQ_MASK;
    check->log[partition] = s_grow (check->log[partition], &check->room[partition], seq,
                                    sizeof (committed_t));
    committed_t *place = &check->log[partition][seq];
    uint64_t content = s_hash (entry);
    if (place->content && place->content != content)
        sim_fail (sim,
                  "I3: p%" PRIu32 " entry %" PRIu64 " committed with two contents (epochs %" PRIu64
                  ", %" PRIu64 ")",
                  partition, seq, place->epoch, epoch);
    if (seq > 1 && !check->log[partition][seq - 1].content)
        sim_fail (sim, "I3: p%" PRIu32 " entry %" PRIu64 " committed, the one before it is not", partition,
                  seq);
    if (sim->trace > 1)
        sim_say (sim, "n%" PRIu32 " commits p%" PRIu32 " epoch %" PRIu64 " entry %" PRIu64 "%s",
                 actor->process->slot, partition, epoch, seq, place->content ? " again" : "");
    if (!place->content) {
        *place = (committed_t) { content, epoch };
        lock_side_committed (sim, partition, seq | base, entry);
    }
    if (seq > check->last[partition])
        check->last[partition] = seq;
}

//  ------------------------------------------------------------------------------------------------
//  Roles: I2, I4, I5

static void
s_check_primary (actor_t *actor, uint32_t partition, const partition_state_t *before,
                 const partition_state_t *now)
{
    sim_t *sim = actor->process->sim;
    check_t *check = &sim->check;
    if (before->role == ROLE_PRIMARY && before->epoch == now->epoch)
        return;
    s_claim_epoch (sim, partition, now->epoch, actor->process->id);
    if (before->role == ROLE_PRIMARY)
        return;
    sim->totals.takeovers++;
    uint64_t seq = check->last[partition];
    bool empty = before->role == ROLE_NONE || (before->role == ROLE_LEARNER && !before->complete);
    while (seq && check->log[partition][seq].epoch >= now->epoch)
        seq--;
    if (seq && empty)
        sim_fail (sim, "I4: n%" PRIu32 " takes over p%" PRIu32 " in epoch %" PRIu64 " without data",
                  actor->process->slot, partition, now->epoch);
    if (seq && (now->last & S_SEQ_MASK) < seq)
        sim_fail (sim,
                  "I4: n%" PRIu32 " takes over p%" PRIu32 " in epoch %" PRIu64 " with entries up to %" PRIu64
                  ", committed were %" PRIu64,
                  actor->process->slot, partition, now->epoch, now->last, seq);
}

static void
s_check_state (actor_t *actor, uint32_t partition, const partition_state_t *before,
               const partition_state_t *now)
{
    sim_t *sim = actor->process->sim;
    uint32_t slot = actor->process->slot;
    bool had = before->role == ROLE_PRIMARY || before->role == ROLE_BACKUP;
    bool has = now->role == ROLE_PRIMARY || now->role == ROLE_BACKUP;
    if (now->commit > now->last)
        sim_fail (sim, "I5: n%" PRIu32 " p%" PRIu32 ": commit %" PRIu64 " is after the last entry %" PRIu64,
                  slot, partition, now->commit, now->last);
    if (had && has && now->commit < before->commit)
        sim_fail (sim, "I5: n%" PRIu32 " p%" PRIu32 ": commit goes back from %" PRIu64 " to %" PRIu64, slot,
                  partition, before->commit, now->commit);
    if (now->epoch < before->epoch)
        sim_fail (sim, "n%" PRIu32 " p%" PRIu32 ": the epoch goes back", slot, partition);
    if (before->role == ROLE_PRIMARY && now->role == ROLE_BACKUP && now->epoch == before->epoch + 1
        && before->last != before->commit)
        sim_fail (sim, "I5: n%" PRIu32 " p%" PRIu32 ": handed over with entries that are not committed", slot,
                  partition);
    if (now->role == ROLE_PRIMARY)
        s_check_primary (actor, partition, before, now);
    bool claimed = before->role == ROLE_PRIMARY && !before->sealed;
    bool claims = now->role == ROLE_PRIMARY && !now->sealed;
    sim->claims[partition] += (uint32_t) claims - (uint32_t) claimed;
    sim->contested += (claims && !claimed && sim->claims[partition] == 2)
                      - (claimed && !claims && sim->claims[partition] == 1);
    if (sim->trace
        && (before->role != now->role || before->epoch != now->epoch || before->sealed != now->sealed)) {
        static const char *const s_roles[] = { "nothing", "primary", "backup", "learner" };
        sim_say (sim,
                 "n%" PRIu32 " p%" PRIu32 " epoch %" PRIu64 ": %s -> %s%s, last %" PRIu64 " -> %" PRIu64
                 ", commit %" PRIu64 " -> %" PRIu64 ", tenure %" PRIu64 " from %" PRIu64,
                 slot, partition, now->epoch, s_roles[before->role], s_roles[now->role],
                 now->sealed ? " sealed" : "", before->last, now->last, before->commit, now->commit,
                 now->tenure, now->tenure_start);
    }
}

void
check_actor (actor_t *actor)
{
    uint32_t step = actor->process->actors_count;
    for (uint32_t partition = actor->index; partition < actor->process->sim->plan.partitions;
         partition += step) {
        partition_state_t now = storage_partition_state (actor->storage, partition);
        partition_state_t *before = &actor->state[partition];
        if (now.epoch == before->epoch && now.role == before->role && now.last == before->last
            && now.commit == before->commit && now.sealed == before->sealed
            && now.complete == before->complete)
            continue;
        s_check_state (actor, partition, before, &now);
        *before = now;
    }
}

void
check_forget (actor_t *actor)
{
    sim_t *sim = actor->process->sim;
    for (uint32_t partition = 0; partition < SIM_PARTITIONS_MAX; partition++) {
        const partition_state_t *state = &actor->state[partition];
        if (state->role == ROLE_PRIMARY && !state->sealed && --sim->claims[partition] == 1)
            sim->contested--;
    }
}

//  The actor would answer reads of this partition now.
static bool
s_serves (const process_t *process, uint32_t partition)
{
    const actor_t *actor = &process->actors[partition % process->actors_count];
    const partition_state_t *state = &actor->state[partition];
    if (state->role != ROLE_PRIMARY || state->sealed || !actor->view)
        return false;
    //  In the middle of a turn it may know a newer view than what was looked at last
    partition_state_t live = storage_partition_state (actor->storage, partition);
    const member_t *member = view_member (actor->view, process->id);
    return live.role == ROLE_PRIMARY && !live.sealed && member
           && lease_valid (&process->lease, member->generation, process_local (process));
}

//  I2: at most one member serves a partition.
void
check_leases (sim_t *sim)
{
    for (uint32_t partition = 0; partition < sim->plan.partitions; partition++) {
        uint32_t serving = 0, slots[2] = { 0, 0 };
        for (uint32_t slot = 0; slot < sim->plan.slots_max && sim->claims[partition] > 1; slot++) {
            const process_t *process = process_at (sim, slot);
            if (process && process->actors_count && s_serves (process, partition))
                slots[serving++ != 0] = slot;
        }
        if (serving > 1) {
            sim_fail (sim, "I2: n%" PRIu32 " and n%" PRIu32 " both serve p%" PRIu32 " under a lease",
                      slots[0], slots[1], partition);
            return;
        }
    }
}

//  ------------------------------------------------------------------------------------------------
//  The end: I6, I7, I8

static bool
s_partition_settled (sim_t *sim, const view_t *view, uint32_t partition, char *why, size_t size)
{
    const part_t *part = &view->parts[partition];
    uint64_t digest = 0;
    uint32_t wanted = view_copies (view);
    if (part->reps_count != wanted || part->learner || !part->primary) {
        snprintf (why, size, "p%" PRIu32 " has %u of %" PRIu32 " copies%s", partition, part->reps_count,
                  wanted, part->learner ? ", a learner" : "");
        return false;
    }
    partition_state_t first = { .role = ROLE_NONE };
    for (unsigned rep = 0; rep < part->reps_count; rep++) {
        //  The primary first
        node_id_t id = rep == 0                           ? part->primary
                       : part->reps[rep] == part->primary ? part->reps[0]
                                                          : part->reps[rep];
        const process_t *process = process_of (sim, id);
        if (!process || !process->alive) {
            snprintf (why, size, "p%" PRIu32 ": a copy is dead", partition);
            return false;
        }
        storage_t *storage = process->actors[partition % process->actors_count].storage;
        partition_state_t state = storage_partition_state (storage, partition);
        uint64_t mine = storage_partition_digest (storage, partition);
        if (state.role != (rep ? ROLE_BACKUP : ROLE_PRIMARY) || state.epoch != part->epoch
            || state.commit != state.last || state.sealed || state.waiting
            || (rep && state.last != first.last)) {
            snprintf (why, size,
                      "p%" PRIu32 " at n%" PRIu32 ": role %d epoch %" PRIu64 " of %" PRIu64 " commit %" PRIu64
                      " of %" PRIu64 " waiting %" PRIu64 "%s",
                      partition, process->slot, state.role, state.epoch, part->epoch, state.commit,
                      rep ? first.last : state.last, state.waiting, state.sealed ? " sealed" : "");
            return false;
        }
        if (rep && mine != digest)
            sim_fail (sim, "I6: p%" PRIu32 ": the copies at n%" PRIu32 " and its primary differ", partition,
                      process->slot);
        first = state;
        digest = mine;
    }
    return true;
}

bool
check_settled (sim_t *sim, char *why, size_t size)
{
    const view_t *view = check_newest (sim);
    if (!view) {
        snprintf (why, size, "no cluster");
        return false;
    }
    view_health_t health = view_health (view);
    uint32_t up = 0;
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++) {
        const process_t *process = sim->at[slot];
        if (!process)
            continue;
        const member_t *member = process->alive ? view_member (view, process->id) : NULL;
        if (!member || member->status != MEMBER_UP || process->view != view) {
            snprintf (why, size, "n%" PRIu32 " is %s", slot,
                      !process->alive ? "dead"
                      : !member       ? "no member"
                                      : "behind");
            return false;
        }
        up++;
    }
    uint32_t voters = sim->plan.voters_max < up ? sim->plan.voters_max : up;
    voters -= voters % 2 == 0;
    if (health.suspects || health.swapping || view->members_count != up || view->voters_count != voters) {
        snprintf (why, size,
                  "%" PRIu32 " suspects, %" PRIu32 " members of %" PRIu32 ", %u voters of %" PRIu32 "%s",
                  health.suspects, view->members_count, up, view->voters_count, voters,
                  health.swapping ? ", swapping" : "");
        return false;
    }
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        if (!s_partition_settled (sim, view, partition, why, size))
            return false;
    return true;
}

//  The counter is what was added to it: at most what is in doubt more than what was answered.
static void
s_check_counter (sim_t *sim)
{
    int64_t least = 0, most = 0, last = LINEAR_ABSENT;
    uint64_t newest = 0;
    for (uint32_t at = 0; at < sim->history_count; at++) {
        const linear_event_t *event = &sim->history[at];
        if (event->key)
            continue;
        if (event->op == LINEAR_INCR) {
            least += event->returned != LINEAR_NEVER;
            most++;
        } else if (event->called > newest) { // The judge's read is the last one
            newest = event->called;
            last = event->status == LINEAR_OK ? event->result : 0;
        }
    }
    if (newest && (last < least || last > most))
        sim_fail (sim, "the counter is %" PRId64 ", not %" PRId64 " to %" PRId64, last, least, most);
}

void
check_history (sim_t *sim)
{
    uint32_t key = 0;
    size_t stuck = 0;
    s_check_counter (sim);
    linear_verdict_t verdict = linear_check (sim->history, sim->history_count, 2000000, &key, &stuck);
    if (verdict == LINEAR_YES)
        return;
    char text[200];
    linear_print (&sim->history[stuck], text, sizeof text);
    sim_fail (sim, "I7: %s: %s", verdict == LINEAR_NO ? "not linearizable" : "undecided", text);
    for (uint32_t at = 0; at < sim->history_count && sim->trace; at++)
        if (sim->history[at].key == key) {
            linear_print (&sim->history[at], text, sizeof text);
            sim_say (sim, "%s", text);
        }
}

void
check_destroy (sim_t *sim)
{
    check_t *check = &sim->check;
    for (uint32_t partition = 0; partition < SIM_PARTITIONS_MAX; partition++) {
        free (check->log[partition]);
        free (check->primaries[partition]);
    }
    for (uint64_t version = 0; version < check->views_room; version++) {
        view_t *view = (view_t *) (uintptr_t) check->views[version];
        view_destroy (&view);
    }
    free (check->views);
    free (sim->history);
}

//  sim_lock_check: what must hold of locks: by the committed entries of the log, one after the other, and by
//  what lockers were told.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "replica/effect.h"
#include "sim/sim_lock.h"
#include "status.h"

#define S_KEY 1000 // In histories: locks behind all other keys

static bool
s_same (const lock_request_t *a, const lock_request_t *b)
{
    return a->id == b->id && memcmp (a->session, b->session, SESSION_SIZE) == 0;
}

grant_t *
lock_side_grant (lock_side_t *self, uint32_t lock, uint64_t token)
{
    lock_model_t *model = &self->locks[lock];
    for (uint32_t at = model->grants_count; at-- > 0;)
        if (model->grants[at].token == token)
            return &model->grants[at];
    return NULL;
}

//  ------------------------------------------------------------------------------------------------
//  The log

static void
s_leave_queue (lock_model_t *model, uint32_t at)
{
    memmove (&model->queue[at], &model->queue[at + 1], (model->count - at - 1) * sizeof model->queue[0]);
    model->count--;
}

static void
s_waits (sim_t *sim, lock_model_t *model, const lock_change_t *change, uint64_t seq)
{
    for (uint32_t at = 0; at < model->count; at++)
        if (s_same (&model->queue[at].request, &change->request))
            sim_fail (sim, "lock: id %" PRIu64 " waits twice", change->request.id);
    for (uint32_t at = 0; at < model->grants_count; at++)
        if (s_same (&model->grants[at].request, &change->request))
            sim_fail (sim, "lock: id %" PRIu64 " waits again for what it was granted", change->request.id);
    if (model->count == LOCK_QUEUE) {
        sim_fail (sim, "lock: more wait than there are");
        return;
    }
    model->queue[model->count].number = seq;
    model->queue[model->count++].request = change->request;
}

//  Since when a lease can have begun: not before it was asked for, nor before the lock was free.
static uint64_t
s_since (const lock_side_t *side, const lock_model_t *model, const lock_request_t *request)
{
    uint64_t since = model->free_since;
    for (uint32_t index = 0; index < LOCKERS; index++)
        if (s_same (&side->lockers[index].request, request) && side->lockers[index].called > since)
            since = side->lockers[index].called;
    return since;
}

static void
s_granted (sim_t *sim, lock_model_t *model, uint32_t partition, const lock_change_t *change)
{
    lock_side_t *side = sim->locks;
    if (model->token)
        sim_fail (sim, "lock: token %" PRIx64 " is granted while %" PRIx64 " holds it", change->token,
                  model->token);
    if (change->token <= side->tokens[partition])
        sim_fail (sim, "lock: token %" PRIx64 " after %" PRIx64 " in p%" PRIu32, change->token,
                  side->tokens[partition], partition);
    if (model->count ? change->number != model->queue[0].number : change->number != 0)
        sim_fail (sim, "lock: %" PRIu64 " is granted it before %" PRIu64 " in the queue", change->number,
                  model->count ? model->queue[0].number : 0);
    for (uint32_t at = 0; at < model->grants_count; at++)
        if (s_same (&model->grants[at].request, &change->request))
            sim_fail (sim, "lock: id %" PRIu64 " is granted twice", change->request.id);
    if (model->count)
        s_leave_queue (model, 0);
    model->token = side->tokens[partition] = change->token;
    if (model->grants_count == model->grants_room) {
        model->grants_room = model->grants_room ? model->grants_room * 2 : 64;
        model->grants = realloc (model->grants, model->grants_room * sizeof *model->grants);
        assert (model->grants);
    }
    uint64_t since = s_since (side, model, &change->request);
    model->grants[model->grants_count++] = (grant_t) { .token = change->token,
                                                       .request = change->request,
                                                       .since = since,
                                                       .until = lock_side_after (since, change->left) };
    sim->totals.locks_granted++;
    sim->totals.locks_passed += change->number != 0;
}

//  The locker that asks for a change of this token; NULL: nobody does any more.
static const locker_t *
s_asker (const lock_side_t *side, const lock_model_t *model, uint64_t token, locker_state_t state)
{
    for (uint32_t index = 0; index < LOCKERS; index++)
        if (side->lockers[index].state == state && side->lockers[index].token == token
            && &side->locks[side->lockers[index].lock] == model)
            return &side->lockers[index];
    return NULL;
}

static void
s_freed (sim_t *sim, lock_model_t *model, const lock_change_t *change)
{
    grant_t *grant = model->token ? &model->grants[model->grants_count - 1] : NULL;
    if (!grant || model->token != change->token) {
        sim_fail (sim, "lock: token %" PRIx64 " is freed, %" PRIx64 " holds it", change->token, model->token);
        return;
    }
    const locker_t *asker = s_asker (sim->locks, model, change->token, LOCKER_UNLOCKS);
    if (change->over && sim->now < grant->until)
        sim_fail (sim, "lock: the lease of %" PRIx64 " ends too early by %" PRIu64 " us", change->token,
                  grant->until - sim->now);
    model->free_since = change->over ? grant->until : asker ? asker->called : grant->since;
    model->token = 0;
    grant->ended = true;
    sim->totals.locks_expired += change->over;
}

static void
s_left (sim_t *sim, lock_model_t *model, const lock_change_t *change)
{
    uint32_t at = 0;
    while (at < model->count && model->queue[at].number != change->number)
        at++;
    if (at == model->count)
        sim_fail (sim, "lock: waiter %" PRIu64 " leaves, and is not there", change->number);
    else
        s_leave_queue (model, at);
    sim->totals.locks_lost += !change->over;
}

static void
s_changed (sim_t *sim, uint32_t partition, const lock_change_t *change, uint64_t seq)
{
    lock_side_t *side = sim->locks;
    if (change->key.size != 5 || memcmp (change->key.data, "lock", 4) != 0)
        return; // What the locks protect
    lock_model_t *model = &side->locks[change->key.data[4] - '0'];
    if (change->kind == LOCK_WAITS)
        s_waits (sim, model, change, seq);
    else if (change->kind == LOCK_GRANTED)
        s_granted (sim, model, partition, change);
    else if (change->kind == LOCK_FREED)
        s_freed (sim, model, change);
    else if (change->kind == LOCK_LEFT)
        s_left (sim, model, change);
    else if (change->kind == LOCK_LEASED && model->token == change->token) {
        grant_t *grant = &model->grants[model->grants_count - 1];
        const locker_t *asker = s_asker (side, model, change->token, LOCKER_LEASES);
        grant->since = asker && asker->called > grant->since ? asker->called : grant->since;
        grant->until = lock_side_after (grant->since, change->left);
    }
}

void
lock_side_committed (sim_t *sim, uint32_t partition, uint64_t seq, bytes_t entry)
{
    effect_t effect;
    change_t change;
    lock_change_t lock;
    if (!sim->locks || !effect_open (entry, &effect))
        return;
    while (effect_next (&effect, &change))
        if (effect_lock_change (&change, &lock) && bytes_equal (lock.map, bytes_str (LOCK_MAP)))
            s_changed (sim, partition, &lock, seq);
}

//  ------------------------------------------------------------------------------------------------
//  Answers

static void
s_record (sim_t *sim, linear_event_t event)
{
    lock_side_t *side = sim->locks;
    if (side->history_count == side->history_room) {
        side->history_room = side->history_room ? side->history_room * 2 : 256;
        side->history = realloc (side->history, side->history_room * sizeof *side->history);
        assert (side->history);
    }
    side->history[side->history_count++] = event;
}

static void
s_note (sim_t *sim, const locker_t *locker, linear_op_t op, linear_status_t status, bool told)
{
    s_record (sim, (linear_event_t) { .key = S_KEY + locker->lock,
                                      .client = locker->index,
                                      .op = op,
                                      .value = (int64_t) locker->token,
                                      .result = (int64_t) locker->token,
                                      .status = status,
                                      .called = locker->called,
                                      .returned = told ? sim->now : LINEAR_NEVER });
}

void
lock_side_granted (sim_t *sim, locker_t *locker, uint64_t token)
{
    grant_t *grant = lock_side_grant (sim->locks, locker->lock, token);
    if (!grant)
        sim_fail (sim, "lock: locker %" PRIu32 " is told token %" PRIx64 ", which is not committed",
                  locker->index, token);
    else if (!s_same (&grant->request, &locker->request))
        sim_fail (sim, "lock: locker %" PRIu32 " is told the token %" PRIx64 " of another", locker->index,
                  token);
    else
        grant->called = locker->called;
    s_note (sim, locker, LINEAR_LOCK, LINEAR_OK, true);
}

void
lock_side_ended (sim_t *sim, locker_t *locker, linear_op_t op, bool held, bool told)
{
    const grant_t *grant = lock_side_grant (sim->locks, locker->lock, locker->token);
    //  What it did not give back, and what has not ended, it holds
    if (told && !held && grant && sim->now < grant->until)
        sim_fail (sim, "lock: locker %" PRIu32 " has lost token %" PRIx64 " too early by %" PRIu64 " us",
                  locker->index, locker->token, grant->until - sim->now);
    s_note (sim, locker, op, held ? LINEAR_OK : LINEAR_NOTFOUND, told);
}

void
lock_side_leased (sim_t *sim, locker_t *locker, bool told)
{
    s_note (sim, locker, LINEAR_LEASE, LINEAR_OK, told);
}

void
lock_side_wrote (sim_t *sim, locker_t *locker, unsigned status)
{
    lock_side_t *side = sim->locks;
    uint64_t *written = &side->written[locker->lock];
    if (status == ZGRID_FENCED) {
        sim->totals.locks_fenced++;
        if (side->attempted[locker->lock] <= locker->token)
            sim_fail (sim, "lock: a write under %" PRIx64 " is fenced, the largest token", locker->token);
        return;
    }
    if (locker->token < locker->written)
        sim_fail (sim, "lock: a write under %" PRIx64 " was taken after one under %" PRIx64, locker->token,
                  locker->written);
    if (locker->token > *written)
        *written = locker->token;
}

//  ------------------------------------------------------------------------------------------------
//  In the end

void
lock_side_check (sim_t *sim)
{
    lock_side_t *side = sim->locks;
    if (!side)
        return;
    for (uint32_t lock = 0; lock < LOCK_NAMES; lock++)
        for (uint32_t at = 0; at < side->locks[lock].grants_count; at++) {
            const grant_t *grant = &side->locks[lock].grants[at];
            if (grant->called)
                s_record (sim, (linear_event_t) { .key = S_KEY + lock,
                                                  .op = LINEAR_EXPIRE,
                                                  .value = (int64_t) grant->token,
                                                  .called = grant->until,
                                                  .returned = LINEAR_NEVER });
        }
    uint32_t key = 0;
    size_t stuck = 0;
    linear_verdict_t verdict = linear_check (side->history, side->history_count, 2000000, &key, &stuck);
    if (verdict == LINEAR_YES)
        return;
    char text[200];
    linear_print (&side->history[stuck], text, sizeof text);
    sim_fail (sim, "lock: %s: %s", verdict == LINEAR_NO ? "not linearizable" : "undecided", text);
}

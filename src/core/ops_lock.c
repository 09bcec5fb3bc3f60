//  ops_lock: LOCK, TRYLOCK, UNLOCK, LEASE, and the option fence (doc/consistency.md 10).
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "storage_impl.h"

static void
s_malformed (call_t *call, const char *why)
{
    call->storage->stats.malformed++;
    call_refuse (call, ZGRID_MALFORMED, why);
}

static void
s_too_big (call_t *call, const char *why)
{
    call->storage->stats.toobig++;
    call_refuse (call, ZGRID_TOOBIG, why);
}

static bool
s_busy (call_t *call, const char *why)
{
    call->storage->stats.busy++;
    call_refuse (call, ZGRID_BUSY, why);
    return false;
}

//  ------------------------------------------------------------------------------------------------
//  Arguments

static bool
s_lease (call_t *call, uint64_t *lease)
{
    const options_t *options = &call->options;
    *lease = LOCK_LEASE;
    if (options->given & (OPT_exat | OPT_pxat)) {
        s_malformed (call, "a lease is given by ex or px");
        return false;
    }
    if (!(options->given & (OPT_ex | OPT_px)))
        return true;
    uint64_t unit = options->given & OPT_ex ? 1000 : 1;
    if (options->time == 0) {
        s_malformed (call, "a lease of 0");
        return false;
    }
    if (options->time > LOCK_LEASE_MAX / unit) {
        s_too_big (call, "the lease is longer than an hour");
        return false;
    }
    *lease = options->time * unit;
    return true;
}

static bool
s_wait (call_t *call, uint64_t *wait)
{
    const options_t *options = &call->options;
    *wait = 0;
    if (call->request->op == OP_TRYLOCK)
        return true;
    if (options->given & OPT_wait) {
        *wait = options->wait;
        if (*wait <= LOCK_WAIT_MAX)
            return true;
        s_too_big (call, "the wait is longer than a minute");
        return false;
    }
    *wait = options->given & OPT_deadline ? options->deadline
            : call->batch->deadline       ? call->batch->deadline
                                          : LOCK_WAIT;
    *wait = *wait < LOCK_WAIT_MAX ? *wait : LOCK_WAIT_MAX;
    return true;
}

static bool
s_token (call_t *call, uint64_t *token)
{
    int64_t number;
    if (!call_number (call->request->value, &number) || number <= 0) {
        s_malformed (call, "the value is no token");
        return false;
    }
    *token = (uint64_t) number;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  State

//  Waits for the commit of what it saw of the lock.
static void
s_saw (call_t *call, const lock_t *lock)
{
    uint64_t released = call->partition->locks.released;
    call->saw = lock && lock->seq > released ? lock->seq : released;
}

//  The lock as it is at this time: a lease that has ended, and what follows from it, come first, by entries
//  of their own. False, and replied, if they cannot be made.
static bool
s_find (call_t *call, lock_t **lock)
{
    storage_t *self = call->storage;
    partition_t *part = call->partition;
    bytes_t map = call->request->map, key = call->request->key;
    uint64_t now = call->moment.now;
    bool done = true;
    *lock = locks_find (&part->locks, map, key);
    if (*lock && (*lock)->token && (*lock)->lease.at <= now) {
        done = replica_lock_expire (self, part, *lock, now);
        *lock = locks_find (&part->locks, map, key);
    }
    if (done && *lock && !(*lock)->token) {
        done = replica_lock_serve (self, part, *lock, now);
        *lock = locks_find (&part->locks, map, key);
    }
    call->before = part->sequence;
    s_saw (call, *lock);
    return done || s_busy (call, "the partition's other copies are behind");
}

//  A change that the record makes.
static bool
s_change (call_t *call, lock_change_t *change)
{
    change->map = call->request->map;
    change->key = call->request->key;
    if (call->has_session && (change->kind == LOCK_WAITS || change->kind == LOCK_GRANTED)) {
        change->has_request = true;
        change->request.id = call->request_key.id;
        memcpy (change->request.session, call->request_key.session, SESSION_SIZE);
    }
    return call_change_lock (call, change);
}

//  ------------------------------------------------------------------------------------------------
//  Operations

static void
s_grant (call_t *call, uint64_t lease)
{
    storage_t *self = call->storage;
    uint64_t token = locks_token (&call->partition->locks, call->partition->epoch);
    if (!token) {
        call_refuse (call, ZGRID_OVERFLOW, "the partition's tokens are used up");
        return;
    }
    lock_change_t change = { .kind = LOCK_GRANTED, .token = token, .left = lease, .lease = lease };
    if (!s_change (call, &change))
        return;
    self->stats.lock_grants++;
    call->status = ZGRID_OK;
    lock_reply (call->out, call->request->id, token, lease);
}

//  Its reply leaves when it has its turn: from now on this one, whoever asked before.
static void
s_attach (call_t *call, waiter_t *waiter, parked_t *parked)
{
    parked_t *before = waiter_attach (&call->partition->locks, waiter, parked);
    parked_destroy (&call->storage->cluster.parked, &before);
    replica_lock_wake (call->storage, call->partition);
    call->parked = true;
    call->batch->parked++;
}

static parked_t *
s_park (call_t *call)
{
    storage_t *self = call->storage;
    const batch_t *batch = call->batch;
    if (!batch->before || !self->cluster.port.release || parked_full (&self->cluster.parked)) {
        s_busy (call, "no more replies can wait here for a lock");
        return NULL;
    }
    parked_t *parked = parked_new (&self->cluster.parked, batch->tag, batch->before, batch->before_count,
                                   call->request->id);
    if (!parked) {
        self->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, "out of memory");
    }
    return parked;
}

static void
s_queue (call_t *call, lock_t *lock, uint64_t lease, uint64_t wait)
{
    locks_t *locks = &call->partition->locks;
    if (lock->waiters >= LOCK_WAITERS_MAX || locks->waiters >= LOCKS_WAITERS_MAX
        || locks->bytes >= LOCKS_BYTES_MAX) {
        s_busy (call, "too many wait for locks already");
        return;
    }
    parked_t *parked = s_park (call);
    if (!parked)
        return;
    lock_change_t change = { .kind = LOCK_WAITS, .left = wait, .lease = lease };
    if (s_change (call, &change))
        s_attach (call, lock->last, parked);
    else
        parked_destroy (&call->storage->cluster.parked, &parked);
}

//  Whether the request waits already; it goes on where it stands.
static bool
s_again (call_t *call)
{
    const lock_t *lock = locks_find (&call->partition->locks, call->request->map, call->request->key);
    if (!lock || !call->has_session || LEFT_OUT (lock_again))
        return false;
    lock_request_t request = { .id = call->request_key.id };
    memcpy (request.session, call->request_key.session, SESSION_SIZE);
    waiter_t *waiter = lock_waiter (lock, &request);
    if (!waiter)
        return false;
    parked_t *parked = s_park (call);
    if (parked)
        s_attach (call, waiter, parked);
    call->lock_moves = parked != NULL;
    return true;
}

void
op_lock (call_t *call)
{
    locks_t *locks = &call->partition->locks;
    lock_t *lock;
    uint64_t lease, wait;
    if (!s_lease (call, &lease) || !s_wait (call, &wait) || s_again (call) || !s_find (call, &lock))
        return;
    if (!lock && (locks->count >= LOCKS_MAX || locks->bytes >= LOCKS_BYTES_MAX))
        s_busy (call, "the partition has too many locks");
    else if (!lock || (!lock->token && !lock->first))
        s_grant (call, lease);
    else if (wait == 0) {
        call->storage->stats.lock_refused++;
        call_refuse (call, ZGRID_LOCKED, NULL);
    } else
        s_queue (call, lock, lease, wait);
}

//  The lock, if it is held under the value's token. NULL, and replied, if not.
static lock_t *
s_held (call_t *call)
{
    uint64_t token;
    lock_t *lock;
    if (!s_token (call, &token) || !s_find (call, &lock))
        return NULL;
    if (lock && lock->token == token)
        return lock;
    call_refuse (call, ZGRID_NOSUCHLOCK, NULL);
    return NULL;
}

void
op_unlock (call_t *call)
{
    lock_t *lock = s_held (call);
    if (!lock)
        return;
    lock_change_t change = { .kind = LOCK_FREED, .token = lock->token };
    if (!s_change (call, &change))
        return;
    call->lock_moves = true;
    call_answer (call, ZGRID_OK, value_nil (), change.token);
}

void
op_lease (call_t *call)
{
    uint64_t lease;
    if (!s_lease (call, &lease))
        return;
    lock_t *lock = s_held (call);
    if (!lock)
        return;
    lock_change_t change = { .kind = LOCK_LEASED, .token = lock->token, .left = lease };
    if (!s_change (call, &change))
        return;
    meta_t meta = { .given = META_ttl, .ttl = (int64_t) lease };
    call->status = ZGRID_OK;
    wire_reply (call->out, call->request->id, ZGRID_OK, value_nil (), change.token, &meta);
}

void
lock_replay (call_t *call, uint64_t seq)
{
    const lock_t *lock = locks_find (&call->partition->locks, call->request->map, call->request->key);
    if (lock && lock->token && lock->seq == seq) {
        uint64_t now = call->moment.now;
        lock_reply (call->out, call->request->id, lock->token,
                    lock->lease.at > now ? lock->lease.at - now : 0);
    } else // Whatever it was, it is not held any more
        call_refuse (call, ZGRID_LOCKED, NULL);
}

void
lock_operation (call_t *call)
{
    call->lock_moves = call->parked = false;
    ops_table[call->request->op](call);
    call_finish (call);
    //  What follows from it: an entry of its own
    lock_t *lock = call->lock_moves
                       ? locks_find (&call->partition->locks, call->request->map, call->request->key)
                       : NULL;
    if (lock)
        replica_lock_serve (call->storage, call->partition, lock, call->moment.now);
}

//  ------------------------------------------------------------------------------------------------
//  Fences

static bool
s_is_fenced (unsigned op)
{
    switch (op) {
        case OP_PUT:
        case OP_DEL:
        case OP_GETPUT:
        case OP_GETDEL:
        case OP_CAS:
        case OP_APPEND:
        case OP_SETRANGE:
        case OP_RENAME:
        case OP_INCR:
        case OP_DECR:
        case OP_INCRBYFLOAT:
            return true;
        default:
            return false;
    }
}

bool
call_fence (call_t *call)
{
    partition_t *part = call->partition;
    locks_t *locks = &part->locks;
    bytes_t map = call->request->map, key = call->request->key;
    uint64_t fence = call->options.fence;
    if (!s_is_fenced (call->request->op))
        return true;
    const lock_t *lock = locks_find (locks, map, key);
    uint64_t floor = lock ? lock->fence : 0;
    if (fence == floor || (fence < floor && LEFT_OUT (lock_fence)))
        return true;
    if (fence < floor) {
        call->saw = lock->fence_seq > call->saw ? lock->fence_seq : call->saw;
        call->storage->stats.lock_fenced++;
        call_refuse (call, ZGRID_FENCED, NULL);
        return false;
    }
    if (!lock && (locks->count >= LOCKS_MAX || locks->bytes >= LOCKS_BYTES_MAX))
        return s_busy (call, "the partition has too many locks");
    //  An entry of its own: what was seen was seen, whatever becomes of the write
    lock_change_t change = { .kind = LOCK_FENCE, .map = map, .key = key, .token = fence };
    if (!replica_lock_log (call->storage, part, &change, call->moment.now))
        return s_busy (call, "the partition's other copies are behind, or memory is short");
    call->before = part->sequence;
    return true;
}

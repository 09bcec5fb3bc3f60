//  replica_lock: what happens to locks without being asked for: grants to those who wait, ends of leases and
//  of waits, floors that nobody needs (consistency 10). Each is an entry of the log, made by the primary
//  alone; copies make the same change.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../status.h"
#include "../storage_impl.h"

#define S_AGAIN 20      // Milliseconds, when nothing can be changed for now
#define S_PER_TURN 1024 // Ends of one partition: others get their turn in between

//  ------------------------------------------------------------------------------------------------
//  Replies

void
lock_reply (buf_t *out, uint64_t id, uint64_t token, uint64_t lease)
{
    meta_t meta = { .given = META_ttl, .ttl = (int64_t) lease };
    wire_reply (out, id, ZGRID_OK, value_int ((int64_t) token), token, &meta);
}

static void
s_reply (buf_t *out, const lock_change_t *change, uint64_t id)
{
    if (change->kind == LOCK_GRANTED)
        lock_reply (out, id, change->token, change->left);
    else
        wire_reply_error (out, id, ZGRID_LOCKED, NULL);
}

static void
s_release (storage_t *self, const parked_t *parked, const buf_t *body)
{
    bytes_t before[PARKED_FRAMES_MAX], frame = buf_bytes (body);
    size_t count = parked_before (parked, before);
    self->cluster.port.release (self->cluster.port.arg, parked_tag (parked), before, count, &frame, 1, 1);
}

//  It is told when the last entry of the log, which says it, is committed; as any reply that is held.
static void
s_hold (storage_t *self, partition_t *part, const parked_t *parked, const buf_t *body)
{
    cluster_side_t *cluster = &self->cluster;
    bytes_t before[PARKED_FRAMES_MAX];
    size_t count = parked_before (parked, before);
    mark_t mark = { .offset = WIRE_SIGNATURE_SIZE,
                    .end = (uint32_t) body->size,
                    .partition = (uint32_t) (part - self->partitions),
                    .kind = MARK_SESSION,
                    .id = parked_id (parked),
                    .seq = part->sequence };
    const bool waits = true;
    held_t *held = held_new (&cluster->held, parked_tag (parked), before, count, body, &mark, 1, &waits, 1,
                             cluster->now);
    if (!held) { // It is asked for again
        self->stats.dropped++;
        return;
    }
    self->stats.held++;
    if (waits_reserve (&part->waits, 1))
        waits_add (&part->waits, mark.seq, held, 0);
    else if (held_settle (held, 0, HELD_REPLACE))
        replica_release (self, held);
}

//  Answers what was parked, and forgets it.
static void
s_answer (storage_t *self, partition_t *part, parked_t *parked, const lock_change_t *change)
{
    buf_t body = BUF_INIT;
    if (!parked)
        return;
    wire_begin (&body);
    s_reply (&body, change, parked_id (parked));
    if (body.failed)
        self->stats.dropped++;
    else if (self->cluster.alone || LEFT_OUT (lock_committed))
        s_release (self, parked, &body);
    else
        s_hold (self, part, parked, &body);
    buf_clear (&body);
    parked_destroy (&self->cluster.parked, &parked);
}

typedef struct {
    storage_t *storage;
    const partition_t *part;
} s_abandon_t;

static void
s_abandon (void *arg, lock_t *lock)
{
    const s_abandon_t *abandon = arg;
    storage_t *self = abandon->storage;
    buf_t body = BUF_INIT;
    for (waiter_t *waiter = lock->first; waiter; waiter = waiter->next) {
        parked_t *parked = waiter->parked;
        waiter->attached = false;
        waiter->parked = NULL;
        if (!parked)
            continue;
        buf_reset (&body);
        wire_begin (&body);
        reply_moved (self, parked_id (parked), abandon->part->id, &body);
        if (!body.failed)
            s_release (self, parked, &body);
        parked_destroy (&self->cluster.parked, &parked);
    }
    buf_clear (&body);
}

void
replica_lock_abandon (storage_t *self, partition_t *part)
{
    s_abandon_t abandon = { self, part };
    if (part->locks.waiters)
        locks_visit (&part->locks, s_abandon, &abandon);
}

//  ------------------------------------------------------------------------------------------------
//  Changes

//  What a waiter was told is remembered under its session, so that its request, sent again, does not wait
//  again.
static bool
s_record (storage_t *self, partition_t *part, const lock_change_t *change, uint64_t seq)
{
    if (!change->has_request || !change->number
        || !(change->kind == LOCK_GRANTED || (change->kind == LOCK_LEFT && change->over)))
        return true;
    request_key_t request = { .id = change->request.id };
    memcpy (request.session, change->request.session, SESSION_SIZE);
    buf_t *result = &self->lock_result;
    buf_reset (result);
    s_reply (result, change, request.id);
    return !result->failed && sessions_record (&part->sessions, &request, seq, buf_bytes (result));
}

bool
replica_lock_change (storage_t *self, partition_t *part, const lock_change_t *change, uint64_t seq,
                     uint64_t now)
{
    return locks_apply (&part->locks, change, seq, now) && s_record (self, part, change, seq);
}

void
replica_lock_wake (storage_t *self, const partition_t *part)
{
    uint64_t next = locks_next (&part->locks);
    if (next < self->locks_at)
        self->locks_at = next;
}

bool
replica_lock_log (storage_t *self, partition_t *part, const lock_change_t *change, uint64_t now)
{
    //  In the order of what can fail: afterwards all of it has to succeed
    request_key_t request = { .id = change->request.id };
    memcpy (request.session, change->request.session, SESSION_SIZE);
    if (change->has_request && change->number && !sessions_reserve (&part->sessions, &request))
        return false;
    if (part->streaming) {
        size_t room = effect_size (change->map, change->key.size, LOCK_VALUE_MAX);
        if (replica_full (self, part) || !oplog_open (&part->log, room))
            return false;
        buf_t *out = oplog_bytes (&part->log);
        size_t begin = effect_begin (out);
        effect_lock (out, change);
        effect_end (out, begin);
    }
    if (!replica_lock_change (self, part, change, part->sequence + 1, now)) {
        if (part->streaming)
            oplog_cancel (&part->log);
        return false;
    }
    part->sequence++;
    if (part->streaming) {
        oplog_close (&part->log);
        replica_touch (self, part);
    }
    replica_lock_wake (self, part);
    return true;
}

//  The waiter goes: with the lock, or without it.
static bool
s_end_wait (storage_t *self, partition_t *part, waiter_t *waiter, lock_change_t *change, uint64_t now)
{
    parked_t *parked = waiter->parked;
    change->map = lock_map (waiter->lock);
    change->key = lock_key (waiter->lock);
    change->number = waiter->number;
    change->has_request = waiter->has_request;
    change->request = waiter->request;
    waiter->parked = NULL;
    if (!replica_lock_log (self, part, change, now)) {
        waiter->parked = parked;
        return false;
    }
    s_answer (self, part, parked, change);
    return true;
}

static bool
s_leave (storage_t *self, partition_t *part, waiter_t *waiter, bool over, uint64_t now)
{
    lock_change_t change = { .kind = LOCK_LEFT, .over = over };
    if (!s_end_wait (self, part, waiter, &change, now))
        return false;
    ++*(over ? &self->stats.lock_refused : &self->stats.lock_lost);
    return true;
}

static bool
s_grant (storage_t *self, partition_t *part, waiter_t *waiter, uint64_t now)
{
    uint64_t token = locks_token (&part->locks, part->epoch);
    if (!token) // Used up: nobody is granted anything any more
        return s_leave (self, part, waiter, true, now);
    lock_change_t change = {
        .kind = LOCK_GRANTED, .token = token, .left = waiter->lease, .lease = waiter->lease
    };
    if (!s_end_wait (self, part, waiter, &change, now))
        return false;
    self->stats.lock_grants++;
    return true;
}

bool
replica_lock_serve (storage_t *self, partition_t *part, lock_t *lock, uint64_t now)
{
    //  With the last waiter the lock may be gone, too
    while (!lock->token && lock->first) {
        waiter_t *waiter = LEFT_OUT (lock_order) ? lock->last : lock->first;
        bool last = lock->waiters == 1, over = waiter->ends <= now;
        if (!over && !waiter->attached) { // Whoever it is may come back, or its place is lost
            locks_postpone (&part->locks, &lock->lease, UINT64_MAX);
            return true;
        }
        bool done = over ? s_leave (self, part, waiter, true, now) : s_grant (self, part, waiter, now);
        if (!done) {
            locks_postpone (&part->locks, &lock->lease, now + S_AGAIN);
            replica_lock_wake (self, part);
            return false;
        }
        if (!over || last)
            break;
    }
    return true;
}

bool
replica_lock_expire (storage_t *self, partition_t *part, lock_t *lock, uint64_t now)
{
    lock_change_t change = {
        .kind = LOCK_FREED, .map = lock_map (lock), .key = lock_key (lock), .token = lock->token, .over = true
    };
    if (!replica_lock_log (self, part, &change, now))
        return false;
    self->stats.lock_expired++;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Time

//  A floor is needed while its entry is there, and some time after that.
static bool
s_end_floor (storage_t *self, partition_t *part, lock_t *lock, uint64_t now)
{
    map_t *map = map_find (self, lock_map (lock));
    store_t *store = map ? map_store (map, (uint32_t) (part - self->partitions)) : NULL;
    bool there = store
                 && store_find (store, hash_key (&self->secret, lock_key (lock)), lock_key (lock)).entry
                        != NULL;
    if (there || !lock->fence_idle) {
        lock->fence_idle = !there;
        locks_postpone (&part->locks, &lock->floor, now + LOCK_FLOOR);
        return true;
    }
    lock_change_t change = { .kind = LOCK_FENCE, .map = lock_map (lock), .key = lock_key (lock) };
    return replica_lock_log (self, part, &change, now);
}

static bool
s_end (storage_t *self, partition_t *part, lock_timer_t *timer, uint64_t now)
{
    if (timer->kind == LOCK_TIMER_WAITER) {
        waiter_t *waiter = lock_timer_waiter (timer);
        if (LEFT_OUT (lock_lost) && waiter->ends > now) {
            locks_postpone (&part->locks, timer, waiter->ends);
            return true;
        }
        return s_leave (self, part, waiter, waiter->ends <= now, now);
    }
    lock_t *lock = lock_timer_lock (timer);
    if (timer->kind == LOCK_TIMER_FLOOR)
        return s_end_floor (self, part, lock, now);
    return lock->token ? replica_lock_expire (self, part, lock, now)
                       : replica_lock_serve (self, part, lock, now);
}

//  A copy that goes by its own clock.
static void
s_end_alone (partition_t *part, uint64_t now)
{
    lock_timer_t *timer;
    while ((timer = locks_due (&part->locks, now))) {
        lock_t *lock = timer->kind == LOCK_TIMER_LEASE ? lock_timer_lock (timer) : NULL;
        locks_postpone (&part->locks, timer, UINT64_MAX);
        if (lock && lock->token) {
            lock_change_t change = {
                .kind = LOCK_FREED, .map = lock_map (lock), .key = lock_key (lock), .token = lock->token
            };
            locks_apply (&part->locks, &change, part->sequence, now);
        }
    }
}

uint64_t
replica_lock_tick (storage_t *self, uint64_t now)
{
    if (now < self->locks_at)
        return self->locks_at - now;
    uint64_t next = UINT64_MAX;
    self->cluster.now = now;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        partition_t *part = &self->partitions[local];
        uint64_t before = part->sequence, first;
        lock_timer_t *timer = NULL;
        bool able = replica_serves (self, part);
        if (LEFT_OUT (lock_clock) && part->role == ROLE_BACKUP)
            s_end_alone (part, now);
        for (unsigned count = 0; able && count < S_PER_TURN && (timer = locks_due (&part->locks, now));
             count++)
            able = s_end (self, part, timer, now);
        if (part->sequence != before)
            replica_advance (self, part, now);
        first = locks_next (&part->locks);
        if (first <= now) // Not all of it, or not for now; other copies have nothing to do
            first = part->role != ROLE_PRIMARY ? UINT64_MAX : able ? now + 1 : now + S_AGAIN;
        else if (part->role != ROLE_PRIMARY && !LEFT_OUT (lock_clock))
            first = UINT64_MAX;
        next = first < next ? first : next;
    }
    self->locks_at = next;
    return next == UINT64_MAX ? next : next - now;
}

//  lock_code: the locks of a partition as bytes, for another copy.
//
//      all    = seq u64, grants u64, released u64, count u32, lock…
//      lock   = map size u8, key size u32, waiters u32, token u64, seq u64, left u64, fence u64,
//               fence seq u64, map, key, waiter…
//      waiter = number u64, lease u64, left u64, has request u8, session 16 bytes, id u64
//  SPDX-License-Identifier: MPL-2.0
#include "lock_impl.h"

typedef struct {
    buf_t *out;
    uint64_t now;
} s_encode_t;

static void
s_put64 (buf_t *out, uint64_t number)
{
    buf_add (out, &number, sizeof number);
}

static void
s_put_left (const s_encode_t *encode, uint64_t at)
{
    s_put64 (encode->out, at > encode->now ? at - encode->now : 0);
}

static void
s_encode_lock (void *arg, lock_t *lock)
{
    s_encode_t *encode = arg;
    buf_t *out = encode->out;
    buf_add (out, &lock->map_size, sizeof lock->map_size);
    buf_add (out, &lock->key_size, sizeof lock->key_size);
    buf_add (out, &lock->waiters, sizeof lock->waiters);
    s_put64 (out, lock->token);
    s_put64 (out, lock->seq);
    s_put_left (encode, lock->token ? lock->lease.at : 0);
    s_put64 (out, lock->fence);
    s_put64 (out, lock->fence_seq);
    buf_add (out, lock->name, (size_t) lock->map_size + lock->key_size);
    for (const waiter_t *waiter = lock->first; waiter; waiter = waiter->next) {
        uint8_t has_request = waiter->has_request;
        s_put64 (out, waiter->number);
        s_put64 (out, waiter->lease);
        s_put_left (encode, waiter->ends);
        buf_add (out, &has_request, sizeof has_request);
        buf_add (out, waiter->request.session, LOCK_SESSION_SIZE);
        s_put64 (out, waiter->request.id);
    }
}

void
locks_encode (const locks_t *self, uint64_t seq, uint64_t now, buf_t *out)
{
    s_encode_t encode = { out, now };
    s_put64 (out, seq);
    s_put64 (out, self->grants);
    s_put64 (out, self->released);
    buf_add (out, &self->count, sizeof self->count);
    locks_visit (self, s_encode_lock, &encode);
}

static bool
s_take (bytes_t *from, void *to, size_t size)
{
    if (from->size < size)
        return false;
    memcpy (to, from->data, size);
    *from = bytes_of (from->data + size, from->size - size);
    return true;
}

static bool
s_take_name (bytes_t *from, bytes_t *name, size_t size)
{
    if (from->size < size)
        return false;
    *name = bytes_of (from->data, size);
    *from = bytes_of (from->data + size, from->size - size);
    return true;
}

static locks_taken_t
s_decode_waiter (locks_t *self, lock_t *lock, bytes_t *from, uint64_t now)
{
    uint64_t number, lease, left;
    uint8_t has_request;
    lock_request_t request = { .id = 0 };
    if (!s_take (from, &number, 8) || !s_take (from, &lease, 8) || !s_take (from, &left, 8)
        || !s_take (from, &has_request, 1) || !s_take (from, request.session, LOCK_SESSION_SIZE)
        || !s_take (from, &request.id, 8) || left > LOCK_WAIT_MAX || lease > LOCK_LEASE_MAX
        || (lock->last && lock->last->number >= number))
        return LOCKS_MALFORMED;
    waiter_t *waiter = lock_add_waiter (self, lock);
    if (!waiter)
        return LOCKS_NO_MEMORY;
    waiter->number = number;
    waiter->lease = lease;
    waiter->ends = now + left;
    waiter->has_request = has_request;
    waiter->request = request;
    lock_heap_set (self, &waiter->timer, waiter->ends);
    return LOCKS_TAKEN;
}

static locks_taken_t
s_decode_lock (locks_t *self, bytes_t *from, uint64_t now)
{
    uint8_t map_size;
    uint32_t key_size, waiters;
    uint64_t token, seq, left, fence, fence_seq;
    bytes_t map, key;
    if (!s_take (from, &map_size, 1) || !s_take (from, &key_size, 4) || !s_take (from, &waiters, 4)
        || !s_take (from, &token, 8) || !s_take (from, &seq, 8) || !s_take (from, &left, 8)
        || !s_take (from, &fence, 8) || !s_take (from, &fence_seq, 8) || !s_take_name (from, &map, map_size)
        || !s_take_name (from, &key, key_size) || (!token && !fence && !waiters) || waiters > LOCK_WAITERS_MAX
        || left > LOCK_LEASE_MAX || locks_find (self, map, key))
        return LOCKS_MALFORMED;
    lock_t *lock = lock_make (self, map, key);
    if (!lock)
        return LOCKS_NO_MEMORY;
    lock->token = token;
    lock->seq = seq;
    lock->fence = fence;
    lock->fence_seq = fence_seq;
    self->held += token != 0;
    self->floors += fence != 0;
    if (token || waiters)
        lock_heap_set (self, &lock->lease, now + left);
    if (fence)
        lock_heap_set (self, &lock->floor, now + LOCK_FLOOR);
    locks_taken_t taken = LOCKS_TAKEN;
    while (waiters-- && taken == LOCKS_TAKEN)
        taken = s_decode_waiter (self, lock, from, now);
    return taken;
}

locks_taken_t
locks_decode (locks_t *self, bytes_t encoded, uint64_t now)
{
    uint64_t seq, grants, released;
    uint32_t count;
    locks_clear (self);
    if (!s_take (&encoded, &seq, 8) || !s_take (&encoded, &grants, 8) || !s_take (&encoded, &released, 8)
        || !s_take (&encoded, &count, 4) || count > LOCKS_MAX)
        return LOCKS_MALFORMED;
    locks_taken_t taken = LOCKS_TAKEN;
    while (count-- && taken == LOCKS_TAKEN)
        taken = s_decode_lock (self, &encoded, now);
    if (taken == LOCKS_TAKEN && encoded.size)
        taken = LOCKS_MALFORMED;
    if (taken != LOCKS_TAKEN) {
        locks_clear (self);
        return taken;
    }
    self->snapshot = seq;
    self->grants = grants;
    self->released = released;
    return LOCKS_TAKEN;
}

static uint64_t
s_mix (uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void
s_digest (void *arg, lock_t *lock)
{
    uint64_t *sum = arg;
    uint64_t own = s_mix (hash_bytes (lock_map (lock)) * 3 + hash_bytes (lock_key (lock)));
    own = s_mix (own + lock->token) + s_mix (own ^ lock->fence);
    for (const waiter_t *waiter = lock->first; waiter; waiter = waiter->next)
        own = s_mix (own + waiter->number * 5 + waiter->request.id);
    *sum += own;
}

uint64_t
locks_digest (const locks_t *self)
{
    uint64_t sum = s_mix (self->grants);
    locks_visit (self, s_digest, &sum);
    return sum;
}

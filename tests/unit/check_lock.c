//  lock: the table of locks against a simple model, as bytes, without memory; parked replies.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/dice.h"
#include "lib/test.h"
#include "lock/lock.h"
#include "lock/parked.h"
#include "mem.h"

#define NAMES 12
#define QUEUE 40

//  ------------------------------------------------------------------------------------------------
//  The model: arrays, and no cleverness

typedef struct {
    uint64_t number, lease, ends, id;
} m_waiter_t;

typedef struct {
    uint64_t token, ends, fence;
    m_waiter_t queue[QUEUE];
    unsigned count;
} m_lock_t;

typedef struct {
    m_lock_t locks[NAMES];
    uint64_t grants, seq, now;
    locks_t table;
    hash_secret_t secret;
    dice_t dice;
} m_t;

static void
s_open (m_t *self, uint64_t seed)
{
    *self = (m_t) { .now = 1000 };
    uint8_t bytes[HASH_SEED_SIZE] = { 1 };
    hash_secret (&self->secret, bytes);
    self->table.secret = &self->secret;
    self->dice.seed = seed;
}

static void
s_name (lock_change_t *change, unsigned name)
{
    static char keys[NAMES][16];
    snprintf (keys[name], sizeof keys[name], "k%u", name / 2);
    change->map = bytes_str (name % 2 ? "m" : "");
    change->key = bytes_str (name / 2 ? keys[name] : "");
}

static lock_t *
s_find (m_t *self, unsigned name)
{
    lock_change_t change;
    s_name (&change, name);
    return locks_find (&self->table, change.map, change.key);
}

static void
s_forget (m_lock_t *lock, unsigned at)
{
    memmove (&lock->queue[at], &lock->queue[at + 1], (lock->count - at - 1) * sizeof lock->queue[0]);
    lock->count--;
}

//  One change that fits, or one that does not (and changes nothing).
static bool
s_step (m_t *self)
{
    unsigned name = (unsigned) dice_roll (&self->dice, NAMES);
    m_lock_t *lock = &self->locks[name];
    lock_change_t change = { .kind = (lock_kind_t) dice_roll (&self->dice, LOCK_KINDS),
                             .left = 1 + dice_roll (&self->dice, 500) };
    s_name (&change, name);
    unsigned at = lock->count ? (unsigned) dice_roll (&self->dice, lock->count) : 0;
    uint64_t seq = self->seq + 1;
    bool wrong = dice_roll (&self->dice, 8) == 0;
    switch (change.kind) {
        case LOCK_WAITS:
            if (lock->count == QUEUE)
                return true;
            change.lease = 77;
            change.has_request = true;
            change.request.id = seq;
            break;
        case LOCK_GRANTED:
            if (lock->token)
                return true;
            change.token = locks_token (&self->table, 3);
            ck_assert_uint_eq (change.token, UINT64_C (3) << LOCK_COUNT_BITS | (self->grants + 1));
            change.number = lock->count ? lock->queue[at].number : 0;
            break;
        case LOCK_LEFT:
            change.number = wrong || !lock->count ? 999999 : lock->queue[at].number;
            break;
        case LOCK_FENCE:
            change.token = dice_roll (&self->dice, 3) ? dice_roll (&self->dice, 100) : 0;
            break;
        default:
            change.token = wrong ? 12345 : lock->token;
            break;
    }
    if (!locks_apply (&self->table, &change, seq, self->now))
        return false;
    self->seq = seq;
    bool fits = change.token && change.token == lock->token;
    if (change.kind == LOCK_WAITS)
        lock->queue[lock->count++] = (m_waiter_t) { seq, 77, self->now + change.left, seq };
    else if (change.kind == LOCK_GRANTED) {
        if (change.number)
            s_forget (lock, at);
        lock->token = change.token;
        lock->ends = self->now + change.left;
        self->grants++;
    } else if (change.kind == LOCK_LEFT && change.number != 999999)
        s_forget (lock, at);
    else if (change.kind == LOCK_FENCE)
        lock->fence = change.token;
    else if (change.kind == LOCK_FREED && fits)
        lock->token = 0;
    else if (change.kind == LOCK_LEASED && fits)
        lock->ends = self->now + change.left;
    return true;
}

static void
s_compare (m_t *self)
{
    locks_verify (&self->table);
    for (unsigned name = 0; name < NAMES; name++) {
        const m_lock_t *model = &self->locks[name];
        const lock_t *lock = s_find (self, name);
        ck_assert_int_eq (lock != NULL, model->token || model->count || model->fence);
        if (!lock)
            continue;
        ck_assert_uint_eq (lock->token, model->token);
        ck_assert_uint_eq (lock->fence, model->fence);
        ck_assert_uint_eq (lock->waiters, model->count);
        if (lock->token)
            ck_assert_uint_eq (lock->lease.at, model->ends);
        const waiter_t *waiter = lock->first;
        for (unsigned at = 0; at < model->count; at++, waiter = waiter->next) {
            ck_assert_uint_eq (waiter->number, model->queue[at].number);
            ck_assert_uint_eq (waiter->ends, model->queue[at].ends);
            lock_request_t request = { .id = model->queue[at].id };
            ck_assert_ptr_eq (lock_waiter (lock, &request), waiter);
        }
    }
}

START_TEST (the_table_does_what_a_simple_model_does)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        m_t m;
        s_open (&m, seed);
        for (int step = 0; step < 2000; step++) {
            ck_assert (s_step (&m));
            m.now += dice_roll (&m.dice, 3);
            if (step % 16 == 0)
                s_compare (&m);
        }
        locks_clear (&m.table);
        ck_assert_uint_eq (m.table.bytes, 0);
    }
}
END_TEST

START_TEST (without_memory_a_change_is_not_made)
{
    for (uint64_t fail = 1; fail <= 3; fail++) {
        m_t m;
        s_open (&m, fail);
        unsigned failures = 0;
        for (int step = 0; step < 2000; step++) {
            mem_fail_at (dice_roll (&m.dice, 2) ? fail : 0);
            failures += !s_step (&m);
            mem_fail_at (0);
            s_compare (&m);
        }
        ck_assert_uint_gt (failures, 0);
        locks_clear (&m.table);
    }
}
END_TEST

START_TEST (deadlines_come_in_their_order)
{
    m_t m;
    s_open (&m, 4);
    for (int step = 0; step < 3000; step++)
        s_step (&m);
    uint64_t last = 0;
    unsigned count = 0;
    for (lock_timer_t *timer; (timer = locks_due (&m.table, UINT64_MAX - 1)); count++) {
        ck_assert_uint_ge (timer->at, last);
        ck_assert_uint_eq (timer->at, locks_next (&m.table));
        last = timer->at;
        ck_assert_ptr_null (locks_due (&m.table, last - 1));
        locks_postpone (&m.table, timer, UINT64_MAX);
    }
    ck_assert_uint_gt (count, NAMES);
    ck_assert_uint_eq (locks_next (&m.table), UINT64_MAX);
    locks_clear (&m.table);
}
END_TEST

START_TEST (another_copy_is_told_everything)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        m_t m, copy;
        s_open (&m, seed);
        for (int step = 0; step < 300; step++)
            s_step (&m);
        buf_t out = BUF_INIT;
        locks_encode (&m.table, m.seq, m.now, &out);
        copy = m;
        copy.table = (locks_t) { .secret = &copy.secret };
        copy.now += 5000;
        for (unsigned name = 0; name < NAMES; name++) { // What is left is counted from when it is heard
            m_lock_t *lock = &copy.locks[name];
            lock->ends = (lock->ends > m.now ? lock->ends - m.now : 0) + copy.now;
            for (unsigned at = 0; at < lock->count; at++) {
                uint64_t ends = lock->queue[at].ends;
                lock->queue[at].ends = (ends > m.now ? ends - m.now : 0) + copy.now;
            }
        }
        ck_assert_int_eq (locks_decode (&copy.table, buf_bytes (&out), copy.now), LOCKS_TAKEN);
        s_compare (&copy);
        ck_assert_uint_eq (locks_digest (&m.table), locks_digest (&copy.table));
        //  Entries that the snapshot has seen are passed over, later ones are not
        lock_change_t change = { .kind = LOCK_FENCE, .token = 4711 };
        s_name (&change, 3);
        locks_apply (&copy.table, &change, m.seq, copy.now);
        ck_assert_uint_eq (locks_digest (&m.table), locks_digest (&copy.table));
        locks_apply (&copy.table, &change, m.seq + 1, copy.now);
        ck_assert_uint_ne (locks_digest (&m.table), locks_digest (&copy.table));
        //  Cut short, or with a byte too many, it is none; without memory it is not taken
        for (size_t size = 0; size < out.size; size++)
            ck_assert_int_eq (locks_decode (&copy.table, bytes_of (out.data, size), 1), LOCKS_MALFORMED);
        buf_add (&out, "", 1);
        ck_assert_int_eq (locks_decode (&copy.table, buf_bytes (&out), 1), LOCKS_MALFORMED);
        out.size--;
        mem_fail_at (3);
        ck_assert_int_eq (locks_decode (&copy.table, buf_bytes (&out), 1), LOCKS_NO_MEMORY);
        mem_fail_at (0);
        ck_assert_uint_eq (copy.table.count, 0);
        locks_clear (&m.table);
        locks_clear (&copy.table);
        buf_clear (&out);
    }
}
END_TEST

START_TEST (no_bytes_break_it)
{
    m_t m;
    s_open (&m, 9);
    for (int step = 0; step < 200; step++)
        s_step (&m);
    buf_t out = BUF_INIT;
    locks_encode (&m.table, 1, m.now, &out);
    for (int times = 0; times < 20000; times++) {
        size_t at = dice_roll (&m.dice, out.size);
        uint8_t byte = out.data[at];
        out.data[at] = (uint8_t) dice_roll (&m.dice, 256);
        locks_decode (&m.table, buf_bytes (&out), 1);
        locks_verify (&m.table);
        out.data[at] = byte;
    }
    locks_clear (&m.table);
    buf_clear (&out);
}
END_TEST

START_TEST (tokens_are_used_up_at_their_end)
{
    locks_t table = { .grants = 7 };
    ck_assert_uint_eq (locks_token (&table, 2), UINT64_C (2) << LOCK_COUNT_BITS | 8);
    ck_assert_uint_eq (locks_token (&table, LOCK_EPOCH_MAX) >> 63, 0);
    ck_assert_uint_ne (locks_token (&table, LOCK_EPOCH_MAX), 0);
    ck_assert_uint_eq (locks_token (&table, LOCK_EPOCH_MAX + 1), 0);
    table.grants = (UINT64_C (1) << LOCK_COUNT_BITS) - 2;
    ck_assert_uint_ne (locks_token (&table, 1), 0);
    table.grants++;
    ck_assert_uint_eq (locks_token (&table, 1), 0);
}
END_TEST

START_TEST (a_change_is_what_it_was_after_the_log)
{
    uint8_t value[LOCK_VALUE_MAX];
    lock_change_t change = { .token = 5, .number = 6, .lease = 7, .over = true, .has_request = true };
    memset (change.request.session, 9, LOCK_SESSION_SIZE);
    change.request.id = 8;
    lock_change_t other = { .kind = LOCK_LEFT };
    size_t size = lock_change_encode (&change, value);
    ck_assert (lock_change_decode (bytes_of (value, size), &other));
    ck_assert_uint_eq (other.token, 5);
    ck_assert_uint_eq (other.number, 6);
    ck_assert_uint_eq (other.lease, 7);
    ck_assert (other.over && other.has_request);
    ck_assert_int_eq (memcmp (&other.request, &change.request, sizeof other.request), 0);
    for (size_t less = 0; less < size; less++)
        ck_assert_int_eq (lock_change_decode (bytes_of (value, less), &other), less == 32);
    change.has_request = false;
    size = lock_change_encode (&change, value);
    ck_assert (lock_change_decode (bytes_of (value, size), &other));
    ck_assert (!other.has_request);
}
END_TEST

START_TEST (what_is_parked_comes_back_as_it_was)
{
    parked_list_t list = { .count = 0 };
    bytes_t frames[PARKED_FRAMES_MAX + 1], back[PARKED_FRAMES_MAX];
    for (int at = 0; at <= PARKED_FRAMES_MAX; at++)
        frames[at] = bytes_of ("frame", (size_t) at % 6);
    parked_t *all[4];
    for (unsigned at = 0; at < 4; at++) {
        all[at] = parked_new (&list, at, frames, 4 * at, 100 + at);
        ck_assert_ptr_nonnull (all[at]);
    }
    ck_assert_ptr_null (parked_new (&list, 1, frames, PARKED_FRAMES_MAX + 1, 1));
    mem_fail_at (1);
    ck_assert_ptr_null (parked_new (&list, 1, frames, 1, 1));
    mem_fail_at (0);
    ck_assert_uint_eq (list.count, 4);
    for (unsigned at = 0; at < 4; at++) {
        ck_assert_uint_eq (parked_before (all[at], back), 4 * at);
        for (unsigned frame = 0; frame < 4 * at; frame++)
            ck_assert (bytes_equal (back[frame], frames[frame]));
        ck_assert_uint_eq (parked_tag (all[at]), at);
        ck_assert_uint_eq (parked_id (all[at]), 100 + at);
    }
    static const unsigned order[] = { 2, 0, 3, 1 };
    for (unsigned at = 0; at < 4; at++)
        parked_destroy (&list, &all[order[at]]);
    parked_destroy (&list, &all[0]); // None
    ck_assert (!list.first && list.bytes == 0 && list.count == 0);
    list.count = PARKED_MAX;
    ck_assert (parked_full (&list));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("lock");
    TCase *tcase = tcase_create ("table of locks");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, the_table_does_what_a_simple_model_does);
    tcase_add_test (tcase, without_memory_a_change_is_not_made);
    tcase_add_test (tcase, deadlines_come_in_their_order);
    tcase_add_test (tcase, another_copy_is_told_everything);
    tcase_add_test (tcase, no_bytes_break_it);
    tcase_add_test (tcase, tokens_are_used_up_at_their_end);
    tcase_add_test (tcase, a_change_is_what_it_was_after_the_log);
    tcase_add_test (tcase, what_is_parked_comes_back_as_it_was);
    suite_add_tcase (suite, tcase);
    return suite;
}

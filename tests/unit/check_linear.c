//  check_linear: the checker of histories knows right ones from wrong ones.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>

#include "lib/linear.h"
#include "lib/test.h"

#define S_WORK 1000000

#define NOTHING LINEAR_ABSENT
#define NEVER LINEAR_NEVER
#define GET(value, from, to)                                                                                 \
    {                                                                                                        \
        .op = LINEAR_GET, .result = value, .called = from, .returned = to                                    \
    }
#define GET_NONE(from, to)                                                                                   \
    {                                                                                                        \
        .op = LINEAR_GET, .status = LINEAR_NOTFOUND, .called = from, .returned = to                          \
    }
#define PUT(new, from, to)                                                                                   \
    {                                                                                                        \
        .op = LINEAR_PUT, .value = new, .called = from, .returned = to                                       \
    }
#define NX(new, from, to)                                                                                    \
    {                                                                                                        \
        .op = LINEAR_PUT_NX, .value = new, .called = from, .returned = to                                    \
    }
#define NX_EXISTS(new, from, to)                                                                             \
    {                                                                                                        \
        .op = LINEAR_PUT_NX, .value = new, .status = LINEAR_EXISTS, .called = from, .returned = to           \
    }
#define DEL(from, to)                                                                                        \
    {                                                                                                        \
        .op = LINEAR_DEL, .called = from, .returned = to                                                     \
    }
#define DEL_NONE(from, to)                                                                                   \
    {                                                                                                        \
        .op = LINEAR_DEL, .status = LINEAR_NOTFOUND, .called = from, .returned = to                          \
    }
#define CAS(old, new, from, to)                                                                              \
    {                                                                                                        \
        .op = LINEAR_CAS, .expected = old, .value = new, .called = from, .returned = to                      \
    }
#define CAS_FAILS(old, new, present, from, to)                                                               \
    {                                                                                                        \
        .op = LINEAR_CAS, .expected = old, .value = new, .status = LINEAR_MISMATCH, .result = present,       \
        .called = from, .returned = to                                                                       \
    }
#define INCR(sum, from, to)                                                                                  \
    {                                                                                                        \
        .op = LINEAR_INCR, .value = 1, .result = sum, .called = from, .returned = to                         \
    }

#define LOCK(token, from, to)                                                                                \
    {                                                                                                        \
        .op = LINEAR_LOCK, .result = token, .called = from, .returned = to                                   \
    }
#define UNLOCK(token, from, to)                                                                              \
    {                                                                                                        \
        .op = LINEAR_UNLOCK, .value = token, .called = from, .returned = to                                  \
    }
#define UNLOCK_NONE(token, from, to)                                                                         \
    {                                                                                                        \
        .op = LINEAR_UNLOCK, .value = token, .status = LINEAR_NOTFOUND, .called = from, .returned = to       \
    }
#define LEASE(token, from, to)                                                                               \
    {                                                                                                        \
        .op = LINEAR_LEASE, .value = token, .called = from, .returned = to                                   \
    }
#define EXPIRE(token, from)                                                                                  \
    {                                                                                                        \
        .op = LINEAR_EXPIRE, .value = token, .called = from, .returned = LINEAR_NEVER                        \
    }

#define S_MAX 8

typedef struct {
    const char *name;
    linear_event_t events[S_MAX]; // Until one with returned == 0
} s_history_t;

static const s_history_t s_right[] = {
    { "one after the other", { PUT (1, 1, 2), GET (1, 3, 4), DEL (5, 6), GET_NONE (7, 8) } },
    { "a read beside a write sees the old value", { PUT (1, 1, 2), PUT (2, 3, 9), GET (1, 4, 5) } },
    { "a read beside a write sees the new value", { PUT (1, 1, 2), PUT (2, 3, 9), GET (2, 4, 5) } },
    { "two reads beside a write", { PUT (1, 1, 2), PUT (2, 3, 9), GET (1, 4, 5), GET (2, 6, 7) } },
    { "a tie is concurrent", { PUT (1, 1, 5), GET_NONE (5, 6) } },
    { "a write without answer happened", { PUT (1, 1, NEVER), GET (1, 5, 6) } },
    { "a write without answer did not happen", { PUT (1, 1, NEVER), GET_NONE (5, 6), GET_NONE (7, 8) } },
    { "a write without answer happens late", { PUT (1, 1, NEVER), GET_NONE (5, 6), GET (1, 7, 8) } },
    { "increments in another order than their calls", { INCR (2, 1, 9), INCR (1, 2, 8) } },
    { "an increment without answer fills a gap", { INCR (1, 1, 2), INCR (2, 3, NEVER), INCR (3, 4, 5) } },
    { "one of two swaps wins",
      { PUT (1, 1, 2), CAS (1, 2, 3, 6), CAS_FAILS (1, 3, 2, 4, 7), GET (2, 8, 9) } },
    { "a swap of nothing", { CAS (NOTHING, 5, 1, 2), CAS_FAILS (NOTHING, 6, 5, 3, 4), GET (5, 5, 6) } },
    { "nx, removal, nx", { NX (1, 1, 2), NX_EXISTS (2, 3, 4), DEL (5, 6), NX (3, 7, 8), GET (3, 9, 10) } },
    { "a removal of nothing", { DEL_NONE (1, 2), PUT (1, 3, 4), DEL (5, 6), DEL_NONE (7, 8) } },
    { "a mismatch with nothing", { CAS_FAILS (1, 2, NOTHING, 1, 2), GET_NONE (3, 4) } },
    { "a swap without answer failed or not",
      { PUT (1, 1, 2), CAS (1, 2, 3, NEVER), GET (1, 4, 5), GET (2, 6, 7) } },
    { "a lock is passed on", { LOCK (1, 1, 2), UNLOCK (1, 3, 4), LOCK (2, 5, 6), UNLOCK (2, 7, 8) } },
    { "a lock is granted beside the release of another",
      { LOCK (1, 1, 2), LOCK (2, 2, 9), UNLOCK (1, 3, 10) } },
    { "a lease ends when it may", { LOCK (1, 1, 2), EXPIRE (1, 5), LOCK (2, 4, 6), UNLOCK_NONE (1, 7, 8) } },
    { "a lease ends late, or never", { LOCK (1, 1, 2), EXPIRE (1, 5), LEASE (1, 8, 9), UNLOCK (1, 10, 11) } },
    { "a release without answer happened", { LOCK (1, 1, 2), UNLOCK (1, 3, NEVER), LOCK (5, 6, 7) } },
    { "a release without answer did not", { LOCK (1, 1, 2), UNLOCK (1, 3, NEVER), UNLOCK (1, 6, 7) } },
    { "an increment after a removal begins anew", { INCR (1, 1, 2), DEL (3, 4), INCR (1, 5, 6) } },
};

static const s_history_t s_wrong[] = {
    { "stale read", { PUT (1, 1, 2), PUT (2, 3, 4), GET (1, 5, 6) } },
    { "lost write", { PUT (1, 1, 2), GET_NONE (3, 4) } },
    { "read from nowhere", { PUT (1, 1, 2), GET (7, 3, 4) } },
    { "read from the future", { GET (1, 1, 2), PUT (1, 3, 4) } },
    { "a read goes back", { PUT (1, 1, 2), PUT (2, 3, 9), GET (2, 4, 5), GET (1, 6, 7) } },
    { "two readers disagree on the order", { PUT (1, 1, 4), PUT (2, 2, 5), GET (1, 6, 7), GET (2, 8, 9) } },
    { "an increment happened twice", { INCR (1, 1, 2), GET (2, 3, 4) } },
    { "two increments with one result", { INCR (1, 1, 2), INCR (1, 3, 4) } },
    { "a lost increment", { INCR (1, 1, 2), INCR (2, 3, 4), GET (1, 5, 6) } },
    { "an increment skips", { INCR (1, 1, 2), INCR (3, 3, 4) } },
    { "a removed entry is back", { PUT (1, 1, 2), DEL (3, 4), GET_NONE (5, 6), GET (1, 7, 8) } },
    { "a removal removed nothing", { PUT (1, 1, 2), DEL (3, 4), GET (1, 5, 6) } },
    { "a removal found nothing", { PUT (1, 1, 2), DEL_NONE (3, 4) } },
    { "removed twice", { PUT (1, 1, 2), DEL (3, 4), DEL (5, 6) } },
    { "a swap won twice", { PUT (1, 1, 2), CAS (1, 2, 3, 6), CAS (1, 3, 4, 7), GET (3, 8, 9) } },
    { "a failed swap took effect", { PUT (1, 1, 2), CAS_FAILS (5, 6, 1, 3, 4), GET (6, 5, 6) } },
    { "a swap failed though the value was right", { PUT (1, 1, 2), CAS_FAILS (1, 2, 1, 3, 4) } },
    { "a swap failed with a value that was not there", { PUT (1, 1, 2), CAS_FAILS (5, 2, 3, 3, 4) } },
    { "a swap won over another value", { PUT (1, 1, 2), CAS (5, 6, 3, 4) } },
    { "nx won over a value", { PUT (1, 1, 2), NX (2, 3, 4) } },
    { "nx won twice", { NX (1, 1, 5), NX (2, 2, 6) } },
    { "nx found a value that was removed", { PUT (1, 1, 2), DEL (3, 4), NX_EXISTS (2, 5, 6) } },
    { "a refused nx took effect", { PUT (1, 1, 2), NX_EXISTS (2, 3, 4), GET (2, 5, 6) } },
    { "a write without answer happened twice",
      { PUT (1, 1, NEVER), GET (1, 2, 3), PUT (2, 4, 5), GET (1, 6, 7) } },
    { "a write without answer happened before its call", { GET (1, 1, 2), PUT (1, 3, NEVER) } },
    { "an increment without answer happened twice", { INCR (1, 1, 2), INCR (2, 3, NEVER), INCR (4, 4, 5) } },
    { "two hold a lock", { LOCK (1, 1, 2), LOCK (2, 3, 4), UNLOCK (1, 5, 6) } },
    { "a lease ends too early", { LOCK (1, 1, 2), EXPIRE (1, 9), LOCK (2, 3, 4) } },
    { "a token does not grow", { LOCK (2, 1, 2), UNLOCK (2, 3, 4), LOCK (2, 5, 6) } },
    { "a lock is granted before it is free", { LOCK (1, 1, 2), LOCK (2, 3, 4), UNLOCK (1, 5, 6) } },
    { "released twice", { LOCK (1, 1, 2), UNLOCK (1, 3, 4), UNLOCK (1, 5, 6) } },
    { "a lock is lost", { LOCK (1, 1, 2), UNLOCK_NONE (1, 3, 4) } },
    { "a lease is made longer after its end",
      { LOCK (1, 1, 2), EXPIRE (1, 3), LOCK (2, 4, 5), LEASE (1, 6, 7) } },
    { "a dirty read", { PUT (1, 1, 2), PUT (2, 3, NEVER), GET (2, 4, 5), GET (1, 6, 7) } },
};

static size_t
s_count (const s_history_t *history)
{
    size_t count = 0;
    while (count < S_MAX && history->events[count].returned)
        count++;
    return count;
}

static linear_verdict_t
s_judge (const linear_event_t *events, size_t count, size_t *stuck)
{
    linear_event_t *copy = malloc ((count + 1) * sizeof *copy);
    assert (copy);
    memcpy (copy, events, count * sizeof *copy);
    uint32_t key;
    linear_verdict_t verdict = linear_check (copy, count, S_WORK, &key, stuck);
    free (copy);
    return verdict;
}

START_TEST (right_histories_pass)
{
    const s_history_t *history = &s_right[_i];
    size_t count = s_count (history);

    ck_assert_msg (s_judge (history->events, count, NULL) == LINEAR_YES, "%s", history->name);
}
END_TEST

START_TEST (wrong_histories_fail)
{
    const s_history_t *history = &s_wrong[_i];
    size_t count = s_count (history), stuck = count;

    ck_assert_msg (s_judge (history->events, count, &stuck) == LINEAR_NO, "%s", history->name);
    ck_assert_uint_lt (stuck, count);
}
END_TEST

START_TEST (a_wrong_key_is_named_among_right_ones)
{
    linear_event_t events[] = { PUT (1, 1, 2), PUT (2, 1, 2), PUT (3, 1, 2),
                                GET (1, 3, 4), GET (1, 3, 4), GET (3, 3, 4) };
    for (uint32_t at = 0; at < 6; at++)
        events[at].key = 10 + at % 3;
    uint32_t key = 0;
    size_t stuck = 0;

    ck_assert_int_eq (linear_check (events, 6, S_WORK, &key, &stuck), LINEAR_NO);
    ck_assert_uint_eq (key, 11);
    ck_assert_uint_eq (events[stuck].key, 11);
    ck_assert_int_eq (events[stuck].op, LINEAR_GET);
}
END_TEST

START_TEST (too_little_work_is_no_verdict)
{
    linear_event_t events[] = { PUT (1, 1, 9), PUT (2, 1, 9), PUT (3, 1, 9), GET (2, 10, 11) };

    ck_assert_int_eq (linear_check (events, 4, 3, NULL, NULL), LINEAR_UNDECIDED);
    ck_assert_int_eq (linear_check (events, 4, S_WORK, NULL, NULL), LINEAR_YES);
    ck_assert_int_eq (linear_check (events, 0, 0, NULL, NULL), LINEAR_YES);
}
END_TEST

START_TEST (an_operation_is_described)
{
    const linear_event_t event = CAS_FAILS (5, 6, 7, 1, 2);
    const linear_event_t open = PUT (5, 1, NEVER);
    char text[120];

    linear_print (&event, text, sizeof text);
    ck_assert_str_eq (text, "key 0 client 0 [1, 2] CAS 5 6 -> MISMATCH 7");
    linear_print (&open, text, sizeof text);
    ck_assert_str_eq (text, "key 0 client 0 [1, 0] PUT 5 -> unknown ");
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Random histories

static uint64_t s_seed;

static uint32_t
s_roll (uint32_t sides)
{
    s_seed += 0x9e3779b97f4a7c15;
    uint64_t z = (s_seed ^ s_seed >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t) ((z ^ z >> 31) >> 32) % sides;
}

//  What one register answers when operations come one at a time, at the moment that lies within the
//  operation's interval.
static void
s_execute (linear_event_t *event, int64_t *value)
{
    bool absent = *value == LINEAR_ABSENT;
    event->status = LINEAR_OK;
    switch (event->op) {
        case LINEAR_GET:
            event->status = absent ? LINEAR_NOTFOUND : LINEAR_OK;
            event->result = absent ? 0 : *value;
            return;
        case LINEAR_PUT_NX:
            event->status = absent ? LINEAR_OK : LINEAR_EXISTS;
            *value = absent ? event->value : *value;
            return;
        case LINEAR_DEL:
            event->status = absent ? LINEAR_NOTFOUND : LINEAR_OK;
            *value = LINEAR_ABSENT;
            return;
        case LINEAR_CAS:
            event->status = *value == event->expected ? LINEAR_OK : LINEAR_MISMATCH;
            event->result = event->status == LINEAR_OK ? 0 : *value;
            *value = event->status == LINEAR_OK ? event->value : *value;
            return;
        case LINEAR_INCR:
            *value = (absent ? 0 : *value) + event->value;
            event->result = *value;
            return;
        default:
            *value = event->value;
    }
}

//  A history of up to five operations at a time on each of four keys.
static void
s_make (linear_event_t *events, uint32_t count)
{
    int64_t values[4] = { LINEAR_ABSENT, LINEAR_ABSENT, LINEAR_ABSENT, LINEAR_ABSENT };
    for (uint32_t at = 0; at < count; at++) {
        uint64_t moment = 1000 + 100 * (uint64_t) at;
        linear_event_t *event = &events[at];
        *event = (linear_event_t) { .key = s_roll (4),
                                    .client = at,
                                    .op = (linear_op_t) s_roll (6),
                                    .value = 10 + at,
                                    .called = moment - s_roll (250),
                                    .returned = moment + s_roll (250) };
        if (event->op == LINEAR_INCR)
            event->value = 1 + s_roll (3);
        int64_t *value = &values[event->key];
        event->expected = s_roll (3) ? *value : (int64_t) s_roll (count) + 10;
        bool happens = s_roll (12) != 0 || event->op == LINEAR_GET;
        if (happens)
            s_execute (event, value);
        if (!happens || s_roll (15) == 0)
            event->returned = LINEAR_NEVER;
    }
}

START_TEST (histories_of_a_sequential_run_pass)
{
    for (uint64_t round = 0; round < 300; round++) {
        linear_event_t events[200];
        s_seed = round;
        s_make (events, 200);

        ck_assert_msg (linear_check (events, 200, S_WORK, NULL, NULL) == LINEAR_YES, "round %d", (int) round);
    }
}
END_TEST

//  A value that nobody stored was read, a sum that cannot be was answered, or a unique value was read
//  before it was written: wrong beyond doubt.
static bool
s_spoil (linear_event_t *events, uint32_t count)
{
    linear_event_t *event = &events[s_roll (count)];
    if (event->returned == LINEAR_NEVER)
        return false;
    if (event->op == LINEAR_GET && event->status == LINEAR_OK) {
        event->result = -5;
        return true;
    }
    if (event->op == LINEAR_INCR) {
        event->result = -7;
        return true;
    }
    if (event->op == LINEAR_CAS) {
        event->status = LINEAR_MISMATCH;
        event->result = event->expected;
        return true;
    }
    return false;
}

START_TEST (spoiled_histories_fail)
{
    int spoiled = 0;
    for (uint64_t round = 0; round < 300; round++) {
        linear_event_t events[60];
        s_seed = 7000 + round;
        s_make (events, 60);
        if (!s_spoil (events, 60))
            continue;
        spoiled++;

        ck_assert_msg (linear_check (events, 60, S_WORK, NULL, NULL) == LINEAR_NO, "round %d", (int) round);
    }
    ck_assert_int_gt (spoiled, 60);
}
END_TEST

//  The search as it is written down, without memory: every order is tried.
static bool
s_any_order (const linear_event_t *events, uint32_t count, uint32_t done, int64_t value)
{
    uint64_t first = LINEAR_NEVER;
    for (uint32_t at = 0; at < count; at++)
        if (!(done >> at & 1) && events[at].returned < first)
            first = events[at].returned;
    if (first == LINEAR_NEVER)
        return true;
    for (uint32_t at = 0; at < count; at++) {
        if ((done >> at & 1) || events[at].called > first)
            continue;
        linear_event_t event = events[at];
        int64_t after = value;
        s_execute (&event, &after);
        bool fits = events[at].returned == LINEAR_NEVER
                    || (event.status == events[at].status && event.result == events[at].result);
        if (fits && s_any_order (events, count, done | 1u << at, after))
            return true;
    }
    return false;
}

START_TEST (every_order_tried_gives_the_same_verdict)
{
    int right = 0, wrong = 0;
    for (uint64_t round = 0; round < 3000; round++) {
        linear_event_t events[7];
        s_seed = 90000 + round;
        s_make (events, 7);
        for (uint32_t at = 0; at < 7; at++) {
            events[at].key = 0;
            events[at].value = 1 + s_roll (3);
            if (events[at].status == LINEAR_OK && events[at].op == LINEAR_GET)
                events[at].result = 1 + s_roll (3);
        }
        bool expected = s_any_order (events, 7, 0, LINEAR_ABSENT);
        expected ? right++ : wrong++;

        linear_verdict_t verdict = linear_check (events, 7, S_WORK, NULL, NULL);
        ck_assert_msg (verdict == (expected ? LINEAR_YES : LINEAR_NO), "round %d", (int) round);
    }
    ck_assert_int_gt (right, 100);
    ck_assert_int_gt (wrong, 100);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("linear");
    TCase *tests = tcase_create ("histories");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_loop_test (tests, right_histories_pass, 0, sizeof s_right / sizeof s_right[0]);
    tcase_add_loop_test (tests, wrong_histories_fail, 0, sizeof s_wrong / sizeof s_wrong[0]);
    tcase_add_test (tests, a_wrong_key_is_named_among_right_ones);
    tcase_add_test (tests, too_little_work_is_no_verdict);
    tcase_add_test (tests, an_operation_is_described);
    tcase_add_test (tests, histories_of_a_sequential_run_pass);
    tcase_add_test (tests, spoiled_histories_fail);
    tcase_add_test (tests, every_order_tried_gives_the_same_verdict);
    suite_add_tcase (suite, tests);
    return suite;
}

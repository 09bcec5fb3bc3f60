//  ops_lock: LOCK, TRYLOCK, UNLOCK, LEASE and the option fence, on one node: arguments, and what they change.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/rig.h"
#include "lib/test.h"
#include "lock/lock.h"
#include "mem.h"

static rig_t rig;

static void
s_open (void)
{
    rig_open (&rig, 2, 7);
}

static void
s_close (void)
{
    rig_close (&rig);
}

static answer_t
s_do (op_t op, const char *key, const char *value, const char *options)
{
    return rig_do (&rig, op, key, value, options);
}

static answer_t
s_with_token (op_t op, const char *key, uint64_t token, const char *options)
{
    char text[24];
    snprintf (text, sizeof text, "%llu", (unsigned long long) token);
    return s_do (op, key, text, options);
}

static uint64_t
s_lock (const char *key, const char *options)
{
    answer_t answer = s_do (OP_TRYLOCK, key, NULL, options);
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    ck_assert_int_eq (answer.value.kind, VALUE_INT);
    ck_assert_uint_eq (answer.version, (uint64_t) answer.value.integer);
    return answer.version;
}

START_TEST (a_lock_is_taken_once_and_given_back_once)
{
    uint64_t token = s_lock ("a", "");
    ck_assert_uint_gt (token, 0);
    ck_assert_uint_eq (s_do (OP_TRYLOCK, "a", NULL, "").status, ZGRID_LOCKED);
    ck_assert_uint_eq (s_do (OP_LOCK, "a", NULL, "wait=0").status, ZGRID_LOCKED);
    uint64_t other = s_lock ("b", ""); // Another name
    ck_assert_uint_eq (s_with_token (OP_UNLOCK, "a", token + 1000, "").status, ZGRID_NOSUCHLOCK);
    ck_assert_uint_eq (s_with_token (OP_UNLOCK, "b", other + 1, "").status, ZGRID_NOSUCHLOCK);
    ck_assert_uint_eq (s_with_token (OP_UNLOCK, "a", token, "").status, ZGRID_OK);
    ck_assert_uint_eq (s_with_token (OP_UNLOCK, "a", token, "").status, ZGRID_NOSUCHLOCK);
    uint64_t next = s_lock ("a", "");
    ck_assert_uint_gt (next, token);
    ck_assert_uint_eq (rig_stats (&rig).locks, 2);
}
END_TEST

START_TEST (a_lease_is_told_and_ends)
{
    answer_t answer = s_do (OP_LOCK, "a", NULL, "wait=0");
    ck_assert (answer.meta.given & META_ttl);
    ck_assert_int_eq (answer.meta.ttl, LOCK_LEASE);
    answer = s_do (OP_LOCK, "b", NULL, "px=1 wait=0");
    uint64_t token = answer.version;
    ck_assert_int_eq (answer.meta.ttl, 1);
    rig.moment.now += 1;
    ck_assert_uint_eq (s_with_token (OP_UNLOCK, "b", token, "").status, ZGRID_NOSUCHLOCK);
    ck_assert_uint_eq (s_with_token (OP_LEASE, "b", token, "ex=9").status, ZGRID_NOSUCHLOCK);
    token = s_lock ("b", "ex=2");
    answer = s_with_token (OP_LEASE, "b", token, "ex=3600");
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    ck_assert_int_eq (answer.meta.ttl, 3600000);
    rig.moment.now += 3599999;
    ck_assert_uint_eq (s_do (OP_TRYLOCK, "b", NULL, "").status, ZGRID_LOCKED);
    rig.moment.now += 1;
    ck_assert_uint_gt (s_lock ("b", ""), token);
    ck_assert_uint_eq (rig_stats (&rig).lock_expired, 2);
}
END_TEST

START_TEST (wrong_arguments_change_nothing)
{
    static const struct {
        op_t op;
        const char *value, *options;
        unsigned status;
    } s_cases[] = {
        { OP_LOCK, NULL, "px=0", ZGRID_MALFORMED },
        { OP_LOCK, NULL, "ex=3601", ZGRID_TOOBIG },
        { OP_LOCK, NULL, "px=3600001", ZGRID_TOOBIG },
        { OP_LOCK, NULL, "ex=18446744073709551615", ZGRID_TOOBIG },
        { OP_LOCK, NULL, "exat=1900000000", ZGRID_MALFORMED },
        { OP_LOCK, NULL, "wait=60001", ZGRID_TOOBIG },
        { OP_TRYLOCK, NULL, "px=3600001", ZGRID_TOOBIG },
        { OP_UNLOCK, NULL, "", ZGRID_MALFORMED },
        { OP_UNLOCK, "x", "", ZGRID_MALFORMED },
        { OP_UNLOCK, "-1", "", ZGRID_MALFORMED },
        { OP_UNLOCK, "0", "", ZGRID_MALFORMED },
        { OP_LEASE, NULL, "px=5", ZGRID_MALFORMED },
        { OP_LEASE, "1", "px=0", ZGRID_MALFORMED },
        { OP_LEASE, "1", "px=3600001", ZGRID_TOOBIG },
        { OP_UNLOCK, "99", "", ZGRID_NOSUCHLOCK },
        { OP_LEASE, "99", "px=5", ZGRID_NOSUCHLOCK },
    };
    for (size_t at = 0; at < sizeof s_cases / sizeof s_cases[0]; at++) {
        answer_t answer = s_do (s_cases[at].op, "a", s_cases[at].value, s_cases[at].options);
        ck_assert_msg (answer.status == s_cases[at].status, "case %zu: status %u", at, answer.status);
    }
    //  Nobody can wait without a way for a late reply
    s_lock ("a", "");
    ck_assert_uint_eq (s_do (OP_LOCK, "a", NULL, "wait=60000").status, ZGRID_BUSY);
    ck_assert_uint_eq (rig_stats (&rig).lock_waiters, 0);
    ck_assert_uint_eq (rig_stats (&rig).locks, 1);
}
END_TEST

START_TEST (locks_and_entries_do_not_know_each_other)
{
    s_do (OP_PUT, "a", "value", "");
    uint64_t token = s_lock ("a", "");
    ck_assert_uint_eq (s_do (OP_PUT, "a", "other", "").status, ZGRID_OK);
    ck_assert_uint_eq (s_do (OP_DEL, "a", NULL, "").status, ZGRID_OK);
    ck_assert_uint_eq (s_do (OP_GET, "a", NULL, "").status, ZGRID_NOTFOUND);
    ask_t destroy = rig_words (OP_DESTROY, NULL, NULL, NULL);
    ck_assert_uint_eq (rig_ask_at (&rig, 0, &destroy).status, ZGRID_OK);
    ck_assert_uint_eq (rig_ask_at (&rig, 1, &destroy).status, ZGRID_OK);
    ck_assert_uint_eq (s_do (OP_TRYLOCK, "a", NULL, "").status, ZGRID_LOCKED);
    ck_assert_uint_eq (s_with_token (OP_UNLOCK, "a", token, "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_stats (&rig).entries, 0);
}
END_TEST

START_TEST (a_smaller_fence_is_refused_by_every_write)
{
    static const struct {
        op_t op;
        const char *value, *options;
    } s_writes[] = {
        { OP_PUT, "9", "" },     { OP_DEL, NULL, "" },      { OP_GETPUT, "9", "" },
        { OP_GETDEL, NULL, "" }, { OP_CAS, "9", "ifeq=5" }, { OP_APPEND, "9", "" },
        { OP_INCR, NULL, "" },   { OP_DECR, NULL, "" },     { OP_INCRBYFLOAT, "1", "" },
    };
    ck_assert_uint_eq (s_do (OP_PUT, "a", "5", "fence=10").status, ZGRID_OK);
    for (size_t at = 0; at < sizeof s_writes / sizeof s_writes[0]; at++) {
        char options[64];
        snprintf (options, sizeof options, "fence=9 %s", s_writes[at].options);
        answer_t answer = s_do (s_writes[at].op, "a", s_writes[at].value, options);
        ck_assert_msg (answer.status == ZGRID_FENCED, "write %zu: status %u", at, answer.status);
        answer = s_do (OP_GET, "a", NULL, "");
        ck_assert (answer_is (&answer, "5"));
    }
    //  The same one and larger ones pass; those without one are not asked; a read has none
    ck_assert_uint_eq (s_do (OP_INCR, "a", NULL, "fence=10").status, ZGRID_OK);
    ck_assert_uint_eq (s_do (OP_GET, "a", NULL, "fence=1").status, ZGRID_OK);
    ck_assert_uint_eq (s_do (OP_INCR, "a", NULL, "").status, ZGRID_OK);
    //  What was seen was seen, even if the write failed for another reason
    ck_assert_uint_eq (s_do (OP_PUT, "a", "1", "nx fence=20").status, ZGRID_EXISTS);
    ck_assert_uint_eq (s_do (OP_PUT, "a", "1", "fence=19").status, ZGRID_FENCED);
    ck_assert_uint_eq (s_do (OP_PUT, "b", "1", "fence=19").status, ZGRID_OK);
    ck_assert_uint_eq (rig_stats (&rig).lock_floors, 2);
    ck_assert_uint_eq (rig_stats (&rig).lock_fenced, 10);
    rig_verify (&rig);
}
END_TEST

static void
s_hours (unsigned hours)
{
    rig.moment.now += hours * (uint64_t) LOCK_FLOOR;
    for (uint32_t actor = 0; actor < rig.actors; actor++)
        storage_replicate (rig.storage[actor], rig.moment.now);
}

START_TEST (a_floor_stays_as_long_as_its_entry_and_an_hour)
{
    s_do (OP_PUT, "a", "5", "fence=10");
    for (int times = 0; times < 5; times++)
        s_hours (1);
    ck_assert_uint_eq (s_do (OP_PUT, "a", "6", "fence=9").status, ZGRID_FENCED);
    ck_assert_uint_eq (s_do (OP_DEL, "a", NULL, "fence=10").status, ZGRID_OK);
    rig.moment.now += LOCK_FLOOR - 1;
    storage_replicate (rig.storage[0], rig.moment.now);
    storage_replicate (rig.storage[1], rig.moment.now);
    ck_assert_uint_eq (s_do (OP_PUT, "a", "6", "fence=9").status, ZGRID_FENCED);
    s_hours (1);
    s_hours (1);
    ck_assert_uint_eq (rig_stats (&rig).lock_floors, 0);
    ck_assert_uint_eq (s_do (OP_PUT, "a", "6", "fence=9").status, ZGRID_OK);
}
END_TEST

START_TEST (without_memory_nothing_has_changed)
{
    s_do (OP_PUT, "long enough that buffers need not grow", "the same for the value of a request", "px=1000");
    for (uint64_t at = 1; at < 40; at++) {
        char key[16];
        snprintf (key, sizeof key, "key%d", (int) at);
        uint64_t locks = rig_stats (&rig).locks;
        mem_fail_at (at);
        answer_t answer = s_do (OP_TRYLOCK, key, NULL, "");
        mem_fail_at (0);
        bool taken = answer.status == ZGRID_OK;
        ck_assert (taken || answer.status == ZGRID_NOMEM);
        //  The reply may be lost after the lock was taken; else it is as before
        uint64_t more = rig_stats (&rig).locks - locks;
        ck_assert (rig.lost ? more <= 1 : more == taken);
        uint64_t floors = rig_stats (&rig).lock_floors;
        mem_fail_at (at);
        answer = s_do (OP_PUT, key, "v", "fence=3");
        mem_fail_at (0);
        ck_assert (answer.status == ZGRID_OK || answer.status == ZGRID_NOMEM || answer.status == ZGRID_BUSY);
        if (answer.status == ZGRID_BUSY && !rig.lost)
            ck_assert_uint_eq (rig_stats (&rig).lock_floors, floors);
        rig_verify (&rig);
    }
}
END_TEST

START_TEST (a_token_is_told_again_even_if_nothing_could_be_kept_of_it)
{
    uint8_t session[SESSION_SIZE] = { 0, 0, 0, 1 };
    unsigned again = 0;
    s_do (OP_PUT, "long enough that buffers need not grow", "the same for the value of a request", "px=1000");
    for (uint64_t at = 0; at < 30; at++) {
        char key[16];
        snprintf (key, sizeof key, "key%d", (int) at);
        ask_t ask = rig_words (OP_TRYLOCK, key, NULL, "");
        session[15] = (uint8_t) at; // The id is the rig's
        ask.options.given |= OPT_session;
        ask.options.session = value_bytes (bytes_of (session, sizeof session));
        mem_fail_at (at);
        answer_t first = rig_ask (&rig, &ask);
        mem_fail_at (0);
        uint64_t token = first.version;
        bool taken = first.status == ZGRID_OK && !rig.lost;
        answer_t second = rig_ask (&rig, &ask);
        ck_assert_uint_eq (second.status, ZGRID_OK);
        ck_assert_int_eq (second.value.kind, VALUE_INT);
        ck_assert (!taken || second.version == token);
        again += taken && second.version == token;
    }
    ck_assert_uint_gt (again, 3);
    ck_assert_uint_eq (rig_stats (&rig).locks, 30);
}
END_TEST

START_TEST (what_a_partition_may_hold_is_bounded)
{
    rig_t small;
    rig_open (&small, 1, 1);
    for (unsigned at = 0; at < LOCKS_MAX; at++) {
        char key[16];
        snprintf (key, sizeof key, "key%u", at);
        ck_assert_uint_eq (rig_do (&small, OP_TRYLOCK, key, NULL, "ex=1000").status, ZGRID_OK);
    }
    ck_assert_uint_eq (rig_do (&small, OP_TRYLOCK, "more", NULL, "").status, ZGRID_BUSY);
    ck_assert_uint_eq (rig_do (&small, OP_PUT, "more", "v", "fence=1").status, ZGRID_BUSY);
    ck_assert_uint_eq (rig_do (&small, OP_PUT, "key1", "v", "fence=1").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&small, OP_TRYLOCK, "key1", NULL, "").status, ZGRID_LOCKED);
    //  All at once, a piece in each turn
    small.moment.now += 1000000;
    unsigned turns = 0;
    for (; rig_stats (&small).locks; turns++) {
        storage_replicate (small.storage[0], small.moment.now);
        small.moment.now++;
    }
    ck_assert_uint_gt (turns, 8);
    ck_assert_uint_eq (rig_do (&small, OP_TRYLOCK, "more", NULL, "").status, ZGRID_OK);
    rig_close (&small);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("ops_lock");
    TCase *tcase = tcase_create ("operations on locks");
    tcase_add_checked_fixture (tcase, s_open, s_close);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, a_lock_is_taken_once_and_given_back_once);
    tcase_add_test (tcase, a_lease_is_told_and_ends);
    tcase_add_test (tcase, wrong_arguments_change_nothing);
    tcase_add_test (tcase, locks_and_entries_do_not_know_each_other);
    tcase_add_test (tcase, a_smaller_fence_is_refused_by_every_write);
    tcase_add_test (tcase, a_floor_stays_as_long_as_its_entry_and_an_hour);
    tcase_add_test (tcase, without_memory_nothing_has_changed);
    tcase_add_test (tcase, a_token_is_told_again_even_if_nothing_could_be_kept_of_it);
    tcase_add_test (tcase, what_a_partition_may_hold_is_bounded);
    suite_add_tcase (suite, tcase);
    return suite;
}

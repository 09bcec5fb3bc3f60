//  check_shared_word: local readers answer only what is committed and served here.
//  SPDX-License-Identifier: MPL-2.0
#include <pthread.h>
#include <sched.h>

#include "lib/test.h"
#include "replica/shared_word.h"

START_TEST (a_partition_that_was_never_served_is_asked_for)
{
    shared_word_t word = { 0 };
    ck_assert_uint_eq (shared_word_begin (&word), 0);
    ck_assert (!shared_word_is_served (&word));
    shared_word_stop (&word);
    ck_assert_uint_eq (shared_word_begin (&word), 0);
}
END_TEST

START_TEST (what_is_committed_may_be_told)
{
    shared_word_t word = { 0 };
    shared_word_serve (&word, 3, 10, 0);
    uint64_t before = shared_word_begin (&word);
    ck_assert_uint_ne (before, 0);
    ck_assert_uint_eq (shared_word_generation (before), 3);
    ck_assert (shared_word_end (&word, before, 10));
    ck_assert (!shared_word_end (&word, before, 11));
    shared_word_commit (&word, 11);
    ck_assert (shared_word_end (&word, before, 11));
}
END_TEST

START_TEST (an_absence_waits_for_the_last_removal)
{
    shared_word_t word = { 0 };
    shared_word_serve (&word, 0, 10, 0);
    uint64_t before = shared_word_begin (&word);
    ck_assert (shared_word_end (&word, before, 0));
    shared_word_remove (&word, 11);
    ck_assert (!shared_word_end (&word, before, 0));
    ck_assert (shared_word_end (&word, before, 10));
    shared_word_commit (&word, 12);
    ck_assert (shared_word_end (&word, before, 0));
    shared_word_serve (&word, 0, 12, 13); // A new primary that has not committed what it took over
    before = shared_word_begin (&word);
    ck_assert (!shared_word_end (&word, before, 0));
}
END_TEST

START_TEST (without_other_copies_everything_is_committed)
{
    shared_word_t word = { 0 };
    shared_word_serve (&word, 0, SHARED_COMMIT_ALL, 0);
    uint64_t before = shared_word_begin (&word);
    shared_word_remove (&word, UINT64_MAX);
    ck_assert (shared_word_end (&word, before, 0));
    ck_assert (shared_word_end (&word, before, UINT64_C (1) << 63));
}
END_TEST

START_TEST (a_change_in_between_is_noticed)
{
    shared_word_t word = { 0 };
    shared_word_serve (&word, 1, 10, 0);
    uint64_t before = shared_word_begin (&word);
    shared_word_stop (&word);
    ck_assert (!shared_word_end (&word, before, 1));
    ck_assert (!shared_word_is_served (&word));
    shared_word_serve (&word, 1, 10, 0); // The same as before, but not the same time
    ck_assert (!shared_word_end (&word, before, 1));
    before = shared_word_begin (&word);
    shared_word_serve (&word, 2, 10, 0);
    ck_assert (!shared_word_end (&word, before, 1));
    ck_assert_uint_eq (shared_word_generation (shared_word_begin (&word)), 2);
}
END_TEST

START_TEST (changes_may_be_many)
{
    shared_word_t word = { .word = UINT64_C (0x5fffffffc) };
    shared_word_serve (&word, LEASE_GENERATION_MASK + 6, 1, 0);
    uint64_t before = shared_word_begin (&word);
    ck_assert_uint_eq (before, UINT64_C (0x5ffffffff));
    shared_word_serve (&word, 7, 1, 0);
    ck_assert_uint_eq (shared_word_begin (&word), UINT64_C (0x700000001));
    ck_assert (!shared_word_end (&word, before, 1));
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  One owner, two readers. While the partition is not served its entry holds what nobody may tell.

#define S_ROUNDS 3000000u
#define S_SECRET 1u // A version that would count as committed

typedef struct {
    shared_word_t word;
    _Atomic uint64_t entry; // Its version; 0: absent
    _Atomic bool over;
} s_world_t;

static void *
s_own (void *arg)
{
    s_world_t *world = arg;
    for (uint64_t round = 2; round < S_ROUNDS; round++) {
        atomic_store_explicit (&world->entry, round, memory_order_release);
        shared_word_serve (&world->word, round, round, 0);
        shared_word_stop (&world->word);
        atomic_store_explicit (&world->entry, S_SECRET, memory_order_release);
    }
    atomic_store (&world->over, true);
    return NULL;
}

//  Returns how many wrong answers it would have given.
static void *
s_look (void *arg)
{
    s_world_t *world = arg;
    uintptr_t wrong = 0;
    unsigned looks = 0;
    while (!atomic_load (&world->over)) {
        uint64_t before = shared_word_begin (&world->word);
        if (!before)
            continue;
        if (++looks % 256 == 0)
            sched_yield (); // Now and then the owner gets far
        uint64_t version = atomic_load_explicit (&world->entry, memory_order_acquire);
        if (shared_word_end (&world->word, before, version))
            wrong += (version & LEASE_GENERATION_MASK) != shared_word_generation (before);
    }
    return (void *) wrong;
}

START_TEST (readers_never_tell_what_is_not_served)
{
    static s_world_t world;
    pthread_t owner, readers[2];
    for (int at = 0; at < 2; at++)
        ck_assert_int_eq (pthread_create (&readers[at], NULL, s_look, &world), 0);
    ck_assert_int_eq (pthread_create (&owner, NULL, s_own, &world), 0);
    pthread_join (owner, NULL);
    for (int at = 0; at < 2; at++) {
        void *wrong;
        pthread_join (readers[at], &wrong);
        ck_assert_ptr_null (wrong);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("shared_word");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, a_partition_that_was_never_served_is_asked_for);
    tcase_add_test (all, what_is_committed_may_be_told);
    tcase_add_test (all, an_absence_waits_for_the_last_removal);
    tcase_add_test (all, without_other_copies_everything_is_committed);
    tcase_add_test (all, a_change_in_between_is_noticed);
    tcase_add_test (all, changes_may_be_many);
    tcase_add_test (all, readers_never_tell_what_is_not_served);
    suite_add_tcase (suite, all);
    return suite;
}

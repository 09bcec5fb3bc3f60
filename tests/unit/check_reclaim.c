//  check_reclaim: what a reader may look at is not freed before it has left; real threads read while
//  the owner retires. Run it under ThreadSanitizer, too.
//  SPDX-License-Identifier: MPL-2.0
#include <pthread.h>
#include <stdatomic.h>

#include "lib/test.h"
#include "mem.h"
#include "reclaim.h"

static epochs_t *s_epochs;
static reclaim_t *s_reclaim;
static int s_released;

static void
s_set_up (void)
{
    s_epochs = epochs_new (3);
    s_reclaim = reclaim_new (s_epochs);
    reclaim_set_readers (s_reclaim, true);
    s_released = 0;
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    reclaim_destroy (&s_reclaim);
    epochs_destroy (&s_epochs);
}

static void
s_release (void *owner, void *what, size_t size)
{
    ck_assert_ptr_eq (owner, &s_released);
    ck_assert_uint_eq ((uintptr_t) what, size);
    s_released++;
}

static void
s_retire (size_t size)
{
    reclaim_later (s_reclaim, s_release, &s_released, (void *) (uintptr_t) size, size);
}

START_TEST (without_readers_it_is_released_at_once)
{
    reclaim_set_readers (s_reclaim, false);
    ck_assert (!reclaim_deferred (s_reclaim));
    s_retire (10);
    ck_assert_int_eq (s_released, 1);
    ck_assert_uint_eq (reclaim_waiting (s_reclaim), 0);
}
END_TEST

START_TEST (with_readers_it_is_released_in_a_turn)
{
    ck_assert (reclaim_deferred (s_reclaim));
    s_retire (10);
    s_retire (20);
    ck_assert_int_eq (s_released, 0);
    ck_assert_uint_eq (reclaim_waiting (s_reclaim), 30);
    reclaim_turn (s_reclaim);
    ck_assert_int_eq (s_released, 2);
    ck_assert_uint_eq (reclaim_waiting (s_reclaim), 0);
}
END_TEST

START_TEST (a_reader_holds_what_was_unlinked_after_it_entered)
{
    int early = epochs_join (s_epochs), late = epochs_join (s_epochs);
    epochs_enter (s_epochs, early);
    s_retire (10);
    reclaim_turn (s_reclaim);
    ck_assert_int_eq (s_released, 0);

    //  One that enters later holds what comes later only
    epochs_enter (s_epochs, late);
    s_retire (20);
    reclaim_turn (s_reclaim);
    epochs_exit (s_epochs, early);
    reclaim_turn (s_reclaim);
    ck_assert_int_eq (s_released, 1);
    ck_assert_uint_eq (reclaim_waiting (s_reclaim), 20);
    epochs_exit (s_epochs, late);
    reclaim_turn (s_reclaim);
    ck_assert_int_eq (s_released, 2);
}
END_TEST

//  An owner's turn ends an epoch for all. What this owner has unlinked but not turned over yet must be
//  held by a reader that enters after another owner's turn: it may have seen it.
START_TEST (the_turn_of_another_owner_releases_nothing_of_this_one)
{
    reclaim_t *other = reclaim_new (s_epochs);
    reclaim_set_readers (other, true);
    int place = epochs_join (s_epochs);
    s_retire (10);
    reclaim_later (other, s_release, &s_released, (void *) 5, 5);
    reclaim_turn (other);
    ck_assert_int_eq (s_released, 1);
    epochs_enter (s_epochs, place);
    reclaim_turn (s_reclaim);
    ck_assert_int_eq (s_released, 1);
    epochs_exit (s_epochs, place);
    reclaim_turn (s_reclaim);
    ck_assert_int_eq (s_released, 2);
    reclaim_destroy (&other);
}
END_TEST

START_TEST (the_order_and_the_sum_survive_growth)
{
    int place = epochs_join (s_epochs);
    size_t sum = 0;
    for (size_t round = 0; round < 5; round++) {
        epochs_enter (s_epochs, place);
        for (size_t at = 1; at <= 700 * (round + 1); at++, sum += at - 1)
            s_retire (at);
        ck_assert_uint_eq (reclaim_waiting (s_reclaim), sum);
        epochs_exit (s_epochs, place);
        reclaim_turn (s_reclaim);
        ck_assert_uint_eq (reclaim_waiting (s_reclaim), 0);
        sum = 0;
    }
    ck_assert_int_eq (s_released, 700 * 15);
}
END_TEST

START_TEST (without_memory_for_the_list_it_waits_and_releases)
{
    mem_fail_at (1);
    s_retire (10);
    ck_assert_int_eq (s_released, 1);
    mem_fail_at (0);
    s_retire (20);
    ck_assert_int_eq (s_released, 1);
}
END_TEST

START_TEST (what_waits_is_released_when_readers_are_switched_off)
{
    s_retire (10);
    reclaim_set_readers (s_reclaim, false);
    s_retire (20); // In order, behind the first
    ck_assert_int_eq (s_released, 0);
    reclaim_turn (s_reclaim);
    ck_assert_int_eq (s_released, 2);
    s_retire (30);
    ck_assert_int_eq (s_released, 3);
}
END_TEST

START_TEST (there_are_as_many_places_as_said)
{
    int places[3];
    for (int at = 0; at < 3; at++) {
        places[at] = epochs_join (s_epochs);
        ck_assert_int_ge (places[at], 0);
    }
    ck_assert_int_eq (epochs_join (s_epochs), -1);
    epochs_leave (s_epochs, places[1]);
    ck_assert_int_eq (epochs_join (s_epochs), places[1]);
    epochs_count (s_epochs, places[0], 5);
    epochs_count (s_epochs, places[2], 7);
    ck_assert_uint_eq (epochs_reads (s_epochs), 12);
}
END_TEST

START_TEST (without_memory_there_is_none)
{
    mem_fail_at (1);
    ck_assert_ptr_null (epochs_new (3));
    ck_assert_ptr_null (reclaim_new (s_epochs));
    mem_fail_at (0);
    reclaim_t *none = NULL;
    reclaim_destroy (&none);
    epochs_t *no_epochs = NULL;
    epochs_destroy (&no_epochs);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Threads

#define S_WORDS 8
#define S_CELLS 64

//  Published cells: all words of one are the same number.
typedef struct {
    uint64_t words[S_WORDS];
} s_cell_t;

static _Atomic (s_cell_t *) s_cells[S_CELLS];
static _Atomic bool s_over;
static _Atomic uint64_t s_looks;

static void
s_free_cell (void *owner, void *what, size_t size)
{
    (void) owner;
    memset (what, 0xdd, size); // Who still looks sees words that differ, or ThreadSanitizer sees it
    free (what);
}

static void *
s_read_cells (void *arg)
{
    int place = epochs_join (s_epochs);
    (void) arg;
    assert (place >= 0);
    while (!atomic_load (&s_over)) {
        epochs_enter (s_epochs, place);
        for (int at = 0; at < S_CELLS; at++) {
            const s_cell_t *cell = atomic_load_explicit (&s_cells[at], memory_order_acquire);
            for (int word = 1; cell && word < S_WORDS; word++)
                assert (cell->words[word] == cell->words[0] && cell->words[0] < 1u << 30);
        }
        epochs_exit (s_epochs, place);
        atomic_fetch_add (&s_looks, 1);
    }
    epochs_leave (s_epochs, place);
    return NULL;
}

START_TEST (threads_never_see_what_was_released)
{
    pthread_t threads[2];
    atomic_store (&s_over, false);
    atomic_store (&s_looks, 0);
    for (int at = 0; at < 2; at++)
        ck_assert_int_eq (pthread_create (&threads[at], NULL, s_read_cells, NULL), 0);
    for (uint64_t number = 0; number < 60000 || atomic_load (&s_looks) < 200; number++) {
        s_cell_t *cell = malloc (sizeof *cell);
        for (int word = 0; word < S_WORDS; word++)
            cell->words[word] = number & 0xffffff;
        s_cell_t *before = atomic_exchange (&s_cells[number % S_CELLS], cell);
        if (before)
            reclaim_later (s_reclaim, s_free_cell, NULL, before, sizeof *before);
        if (number % 16 == 0)
            reclaim_turn (s_reclaim);
    }
    atomic_store (&s_over, true);
    for (int at = 0; at < 2; at++)
        pthread_join (threads[at], NULL);
    for (int at = 0; at < S_CELLS; at++)
        free (atomic_exchange (&s_cells[at], NULL));
    reclaim_turn (s_reclaim);
    ck_assert_uint_eq (reclaim_waiting (s_reclaim), 0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("reclaim");
    TCase *tcase = tcase_create ("reclaim");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, without_readers_it_is_released_at_once);
    tcase_add_test (tcase, with_readers_it_is_released_in_a_turn);
    tcase_add_test (tcase, a_reader_holds_what_was_unlinked_after_it_entered);
    tcase_add_test (tcase, the_turn_of_another_owner_releases_nothing_of_this_one);
    tcase_add_test (tcase, the_order_and_the_sum_survive_growth);
    tcase_add_test (tcase, without_memory_for_the_list_it_waits_and_releases);
    tcase_add_test (tcase, what_waits_is_released_when_readers_are_switched_off);
    tcase_add_test (tcase, there_are_as_many_places_as_said);
    tcase_add_test (tcase, without_memory_there_is_none);
    tcase_add_test (tcase, threads_never_see_what_was_released);
    suite_add_tcase (suite, tcase);
    return suite;
}

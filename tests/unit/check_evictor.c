//  check_evictor: what goes is what is used least; hit ratios as bench/hits prints them, on short traces.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/hits.h"
#include "lib/test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ACCESSES = 20000 };
#else
enum { ACCESSES = 60000 };
#endif
enum { CAPACITY = 1000, RATE = 100 };

START_TEST (lru_hits_as_exact_lru_does_within_a_point)
{
    for (trace_kind_t kind = 0; kind < TRACES; kind++) {
        trace_t trace;
        trace_make (&trace, kind, ACCESSES, CAPACITY, 1);
        double exact = hits_lru (&trace, CAPACITY), best = hits_belady (&trace, CAPACITY);
        ck_assert_double_le (exact, best);
        double slow = hits_storage (&trace, CAPACITY, MAP_POLICY_LRU, RATE);
        ck_assert_double_eq_tol (slow, exact, 0.01);
        //  However fast it goes: the clock follows
        double fast = hits_storage (&trace, CAPACITY, MAP_POLICY_LRU, 10000);
        ck_assert_double_eq_tol (fast, exact, 0.01);
        trace_free (&trace);
    }
}
END_TEST

START_TEST (s3fifo_hits_more_than_exact_lru_and_scans_pass_through)
{
    for (trace_kind_t kind = 0; kind < TRACES; kind++) {
        trace_t trace;
        trace_make (&trace, kind, ACCESSES, CAPACITY, 2);
        double exact = hits_lru (&trace, CAPACITY), best = hits_belady (&trace, CAPACITY);
        double s3fifo = hits_storage (&trace, CAPACITY, MAP_POLICY_S3FIFO, RATE);
        ck_assert_double_le (s3fifo, best);
        ck_assert_double_ge (s3fifo, exact + (kind == TRACE_SCANS ? 0.05 : 0.02));
        trace_free (&trace);
    }
}
END_TEST

//  Exact LRU and Belady themselves, by hand.
START_TEST (the_models_are_right_where_it_can_be_seen)
{
    uint32_t keys[] = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 1, 0, 2, 1, 0, 2, 1, 3, 0 };
    trace_t trace = { keys, 20, 10 };
    //  LRU: 0 again, 1 after 0 and 2 went in, … with room for two
    ck_assert_double_eq_tol (hits_lru (&trace, 2), 1 / 10.0, 1e-9);
    ck_assert_double_eq_tol (hits_lru (&trace, 3), 5 / 10.0, 1e-9);
    ck_assert_double_eq_tol (hits_belady (&trace, 2), 5 / 10.0, 1e-9);
    ck_assert_double_eq_tol (hits_belady (&trace, 3), 6 / 10.0, 1e-9);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("evictor");
    TCase *tcase = tcase_create ("hits");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, lru_hits_as_exact_lru_does_within_a_point);
    tcase_add_test (tcase, s3fifo_hits_more_than_exact_lru_and_scans_pass_through);
    tcase_add_test (tcase, the_models_are_right_where_it_can_be_seen);
    suite_add_tcase (suite, tcase);
    return suite;
}

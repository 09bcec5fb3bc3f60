//  check_histogram: what is said about durations is true within the width of a bucket.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include "histogram.h"

#define S_BITS 7
#define S_TOP 64
#define S_ROOM HISTOGRAM_ROOM (S_BITS, S_TOP)

static histogram_t s_histogram, s_other;
static uint64_t s_buckets[S_ROOM], s_other_buckets[S_ROOM];

static void
s_setup (void)
{
    histogram_init (&s_histogram, S_BITS, S_TOP, s_buckets);
    histogram_init (&s_other, S_BITS, S_TOP, s_other_buckets);
}

static void
s_assert_equal (const histogram_t *one, const histogram_t *other)
{
    ck_assert_uint_eq (one->count, other->count);
    ck_assert_uint_eq (one->min, other->min);
    ck_assert_uint_eq (one->max, other->max);
    ck_assert (one->sum == other->sum);
    ck_assert_mem_eq (one->buckets, other->buckets,
                      HISTOGRAM_ROOM (one->bits, one->top) * sizeof one->buckets[0]);
}

static void
s_close (uint64_t told, double truth)
{
    double error = truth > 0 ? ((double) told - truth) / truth : (double) told;
    ck_assert_msg (error > -0.01 && error < 0.01, "%llu is told for %g", (unsigned long long) told, truth);
}

START_TEST (an_empty_histogram_tells_zero)
{
    ck_assert_uint_eq (histogram_percentile (&s_histogram, 0), 0);
    ck_assert_uint_eq (histogram_percentile (&s_histogram, 99.9), 0);
    ck_assert (histogram_mean (&s_histogram) == 0);
    ck_assert_uint_eq (s_histogram.count, 0);
}
END_TEST

START_TEST (one_value_is_every_percentile_exactly)
{
    histogram_add (&s_histogram, 123456789);

    ck_assert_uint_eq (histogram_percentile (&s_histogram, 0), 123456789);
    ck_assert_uint_eq (histogram_percentile (&s_histogram, 50), 123456789);
    ck_assert_uint_eq (histogram_percentile (&s_histogram, 100), 123456789);
    ck_assert_uint_eq (s_histogram.min, 123456789);
    ck_assert_uint_eq (s_histogram.max, 123456789);
}
END_TEST

START_TEST (small_values_are_exact)
{
    for (uint64_t value = 0; value < 256; value++)
        histogram_add (&s_histogram, value);

    for (uint64_t value = 0; value < 256; value++) {
        double percent = ((double) value + 0.5) / 256 * 100;
        ck_assert_uint_eq (histogram_percentile (&s_histogram, percent), value);
    }
}
END_TEST

//  Every width of bucket, at its edges and inside: the value and one far above it, so that the
//  larger one, and not the exact maximum, limits what is told.
START_TEST (any_value_is_told_within_a_percent)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (unsigned step = 0; step < 64; step++) {
            uint64_t one = (uint64_t) 1 << bit;
            uint64_t values[] = { one - 1, one, one + one / 64 * step, one + one / 64 * step + 1 };
            for (size_t at = 0; at < sizeof values / sizeof values[0]; at++) {
                s_setup ();
                histogram_add (&s_histogram, 0);
                histogram_add (&s_histogram, values[at]);
                histogram_add (&s_histogram, UINT64_MAX);
                uint64_t told = histogram_percentile (&s_histogram, 60);
                double error = ((double) told - (double) values[at]) / (values[at] ? (double) values[at] : 1);
                assert (error < 0.01 && error > -0.01);
            }
        }
    }
}
END_TEST

START_TEST (percentiles_of_a_known_sequence_are_right)
{
    for (uint64_t value = 1; value <= 1000000; value++)
        histogram_add (&s_histogram, value * 10);

    s_close (histogram_percentile (&s_histogram, 1), 100000);
    s_close (histogram_percentile (&s_histogram, 50), 5000000);
    s_close (histogram_percentile (&s_histogram, 99), 9900000);
    s_close (histogram_percentile (&s_histogram, 99.99), 9999000);
    ck_assert_uint_eq (histogram_percentile (&s_histogram, 100), 10000000);
    ck_assert_uint_eq (histogram_percentile (&s_histogram, 0), 10);
    ck_assert (histogram_mean (&s_histogram) == 5000005);
}
END_TEST

START_TEST (a_rare_slow_value_is_seen_where_it_belongs)
{
    histogram_add_many (&s_histogram, 100, 9999);
    histogram_add (&s_histogram, 1000000);

    ck_assert_uint_eq (histogram_percentile (&s_histogram, 99.99), 100);
    ck_assert_uint_eq (histogram_percentile (&s_histogram, 99.995), 1000000);
}
END_TEST

START_TEST (adding_many_is_adding_one_many_times)
{
    histogram_add_many (&s_histogram, 777, 1000);
    histogram_add_many (&s_histogram, 5, 0);
    for (int at = 0; at < 1000; at++)
        histogram_add (&s_other, 777);

    s_assert_equal (&s_histogram, &s_other);
}
END_TEST

START_TEST (merging_gives_what_one_histogram_would_hold)
{
    static uint64_t buckets[S_ROOM];
    histogram_t whole;
    histogram_init (&whole, S_BITS, S_TOP, buckets);
    for (uint64_t value = 1; value < 100000; value += 7) {
        histogram_add (value % 2 ? &s_histogram : &s_other, value);
        histogram_add (&whole, value);
    }

    histogram_merge (&s_histogram, &s_other);

    s_assert_equal (&s_histogram, &whole);
}
END_TEST

START_TEST (merging_an_empty_one_changes_nothing)
{
    histogram_add (&s_histogram, 42);

    histogram_merge (&s_histogram, &s_other);

    ck_assert_uint_eq (s_histogram.count, 1);
    ck_assert_uint_eq (s_histogram.min, 42);
    ck_assert_uint_eq (s_histogram.max, 42);
}
END_TEST

//  Of every shape, each bucket begins where the one before it ends, and holds what lies between.
START_TEST (buckets_follow_one_another_without_a_gap)
{
    static const unsigned shapes[][2] = { { 1, 2 }, { 1, 64 }, { 3, 36 }, { 4, 40 }, { 7, 64 } };
    for (size_t at = 0; at < sizeof shapes / sizeof shapes[0]; at++) {
        unsigned bits = shapes[at][0], top = shapes[at][1], room = HISTOGRAM_ROOM (bits, top);
        histogram_t histogram;
        assert (room <= S_ROOM);
        histogram_init (&histogram, bits, top, s_buckets);
        assert (histogram_low (&histogram, 0) == 0);
        for (unsigned bucket = 0; bucket < room; bucket++) {
            uint64_t low = histogram_low (&histogram, bucket);
            uint64_t next = bucket + 1 < room ? histogram_low (&histogram, bucket + 1) : UINT64_MAX;
            assert (next > low && histogram_bucket (&histogram, low) == bucket);
            uint64_t high = bucket + 1 < room ? next - 1 : UINT64_MAX;
            assert (histogram_bucket (&histogram, high) == bucket);
            //  As narrow as the header says
            assert (bucket + 1 == room || next - low <= 1 || (next - low) << bits <= low);
        }
    }
}
END_TEST

START_TEST (what_is_past_the_top_is_counted_in_the_last_bucket)
{
    histogram_t histogram;
    histogram_init (&histogram, 4, 20, s_buckets);

    histogram_add (&histogram, (1u << 20) - 1);
    histogram_add (&histogram, 1u << 20);
    histogram_add (&histogram, UINT64_MAX);

    ck_assert_uint_eq (s_buckets[HISTOGRAM_ROOM (4, 20) - 1], 3);
    ck_assert_uint_eq (histogram.max, UINT64_MAX);
    ck_assert_uint_eq (histogram_percentile (&histogram, 100), UINT64_MAX);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("histogram");
    TCase *tcase = tcase_create ("histogram");
    tcase_add_checked_fixture (tcase, s_setup, NULL);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, an_empty_histogram_tells_zero);
    tcase_add_test (tcase, one_value_is_every_percentile_exactly);
    tcase_add_test (tcase, small_values_are_exact);
    tcase_add_test (tcase, any_value_is_told_within_a_percent);
    tcase_add_test (tcase, percentiles_of_a_known_sequence_are_right);
    tcase_add_test (tcase, a_rare_slow_value_is_seen_where_it_belongs);
    tcase_add_test (tcase, adding_many_is_adding_one_many_times);
    tcase_add_test (tcase, merging_gives_what_one_histogram_would_hold);
    tcase_add_test (tcase, merging_an_empty_one_changes_nothing);
    tcase_add_test (tcase, buckets_follow_one_another_without_a_gap);
    tcase_add_test (tcase, what_is_past_the_top_is_counted_in_the_last_bucket);
    suite_add_tcase (suite, tcase);
    return suite;
}

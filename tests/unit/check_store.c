//  check_store: entries of every size come back as they were, in place or not; sweeps, samples and
//  compaction see what they should. Hashes depend on their secret.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"
#include "mem.h"
#include "store.h"

static hash_secret_t s_secret;
static pool_t s_pool;
static store_t *s_store;

static void
s_set_up (void)
{
    uint8_t seed[HASH_SEED_SIZE] = { 3 };
    hash_secret (&s_secret, seed);
    s_pool = (pool_t) { .heap = heap_new (), .reclaim = reclaim_new (NULL), .secret = &s_secret };
    s_store = store_new (&s_pool);
    ck_assert_ptr_nonnull (s_store);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    if (s_store)
        store_verify (s_store);
    store_destroy (&s_store);
    ck_assert_uint_eq (s_pool.entries + s_pool.expiring + s_pool.data_bytes + s_pool.used_bytes, 0);
    ck_assert_uint_eq (s_pool.index_bytes, 0);
    reclaim_destroy (&s_pool.reclaim);
    heap_destroy (&s_pool.heap);
}

static place_t
s_find (bytes_t key)
{
    return store_find (s_store, hash_key (&s_secret, key), key);
}

static bool
s_set (bytes_t key, bytes_t value, uint64_t version, uint64_t deadline)
{
    place_t place = s_find (key);
    return store_set (s_store, &place, value, bytes_of (NULL, 0), version, deadline, 1);
}

START_TEST (every_size_comes_back_whatever_it_replaces)
{
    static const size_t s_sizes[] = { 0,    1,     4,      12,     13,      255,     256,
                                      484,  500,   2000,   8164,   8172,    8192,    8200,
                                      9000, 65536, 262123, 262144, 1048575, 1048576, 1048600 };
    static const size_t s_keys[] = { 0, 1, 255, 256, 65536 };
    enum { COUNT = sizeof s_sizes / sizeof s_sizes[0] };
    uint8_t *bytes = malloc (1100000);
    for (size_t at = 0; at < 1100000; at++)
        bytes[at] = (uint8_t) (at * 7 + at / 251);
    for (size_t which = 0; which < 5; which++) {
        bytes_t key = bytes_of (bytes, s_keys[which]);
        for (size_t from = 0; from < COUNT; from++)
            for (size_t to = 0; to < COUNT; to++) {
                assert (s_set (key, bytes_of (bytes + 1, s_sizes[from]), 1, 0));
                assert (s_set (key, bytes_of (bytes + 2, s_sizes[to]), 2, 5));
                entry_t *entry = s_find (key).entry;
                assert (entry && bytes_equal (entry_key (entry), key));
                assert (bytes_equal (entry_value (entry), bytes_of (bytes + 2, s_sizes[to])));
                assert (entry_version (entry) == 2 && entry_deadline (entry) == 5);
            }
        store_verify (s_store);
    }
    ck_assert_uint_eq (store_entries (s_store), 5);
    free (bytes);
}
END_TEST

START_TEST (a_value_of_two_parts_may_begin_with_the_one_that_is_there)
{
    bytes_t key = bytes_str ("key");
    uint8_t expected[3000];
    size_t size = 0;
    s_set (key, bytes_of (NULL, 0), 1, 0);
    while (size + 7 <= sizeof expected) {
        place_t place = s_find (key);
        memset (expected + size, (int) size, 7);
        ck_assert (
            store_set (s_store, &place, entry_value (place.entry), bytes_of (expected + size, 7), 2, 0, 1));
        size += 7;
        assert (bytes_equal (entry_value (s_find (key).entry), bytes_of (expected, size)));
    }
    ck_assert_uint_eq (s_pool.data_bytes, size + 3);
}
END_TEST

START_TEST (deadlines_are_counted_and_leave_the_access_alone)
{
    bytes_t key = bytes_str ("key");
    s_set (key, bytes_str ("v"), 1, 0);
    ck_assert_uint_eq (s_pool.expiring, 0);
    place_t place = s_find (key);
    entry_touch (place.entry, 77);
    store_set_deadline (s_store, &place, 2, ENTRY_DEADLINE_MAX);
    ck_assert_uint_eq (s_pool.expiring, 1);
    ck_assert_uint_eq (entry_deadline (place.entry), ENTRY_DEADLINE_MAX);
    ck_assert_uint_eq (entry_access (place.entry), 77);
    entry_touch (place.entry, ENTRY_ACCESS_MASK);
    ck_assert_uint_eq (entry_deadline (place.entry), ENTRY_DEADLINE_MAX);
    store_set_deadline (s_store, &place, 3, 0);
    ck_assert_uint_eq (s_pool.expiring, 0);
    ck_assert_uint_eq (entry_access (place.entry), ENTRY_ACCESS_MASK);
}
END_TEST

START_TEST (without_memory_the_old_entry_stays)
{
    static uint8_t s_large[9000];
    bytes_t key = bytes_str ("key");
    s_set (key, bytes_str ("old"), 1, 7);
    mem_fail_at (1);
    ck_assert (!s_set (key, bytes_of (s_large, sizeof s_large), 2, 0));
    ck_assert (!s_set (bytes_str ("other"), bytes_of (s_large, sizeof s_large), 2, 0));
    ck_assert_ptr_null (store_new (&s_pool));
    mem_fail_at (0);
    entry_t *entry = s_find (key).entry;
    ck_assert (bytes_equal (entry_value (entry), bytes_str ("old")));
    ck_assert_uint_eq (entry_version (entry), 1);
    ck_assert_uint_eq (entry_deadline (entry), 7);
    ck_assert_ptr_null (s_find (bytes_str ("other")).entry);
}
END_TEST

START_TEST (a_sample_finds_the_oldest_and_passes_over_what_is_kept)
{
    for (uint32_t number = 0; number < 50; number++) {
        bytes_t key = bytes_of (&number, sizeof number);
        s_set (key, bytes_str ("v"), 1, 0);
        entry_touch (s_find (key).entry, 1000 + number);
    }
    oldest_t oldest = { .clock = 2000 };
    store_sample (s_store, 12345, 1000, &oldest);
    ck_assert_uint_eq (oldest.age, 1000);
    ck_assert_uint_ge (oldest.seen, 50);
    ck_assert_ptr_eq (oldest.store, s_store);
    oldest = (oldest_t) { .clock = 2000, .keep = oldest.place.entry };
    store_sample (s_store, 12345, 1000, &oldest);
    ck_assert_uint_eq (oldest.age, 999);
    //  The access clock wraps
    oldest = (oldest_t) { .clock = 5 };
    uint32_t number = 7;
    entry_touch (s_find (bytes_of (&number, sizeof number)).entry, ENTRY_ACCESS_MASK - 5);
    store_sample (s_store, 0, 1000, &oldest);
    ck_assert_uint_gt (oldest.age, 11);
    store_remove (s_store, &oldest.place);
    ck_assert_uint_eq (store_entries (s_store), 49);
}
END_TEST

START_TEST (hashes_depend_on_the_secret)
{
    hash_secret_t other;
    uint8_t seed[HASH_SEED_SIZE] = { 4 };
    hash_secret (&other, seed);
    bytes_t key = bytes_str ("key");
    ck_assert_uint_ne (hash_key (&s_secret, key), hash_key (&other, key));
    ck_assert_uint_ne (hash_key (&s_secret, key), hash_key (&s_secret, bytes_str ("kez")));
    seed[0] = 3;
    hash_secret (&other, seed);
    ck_assert_uint_eq (hash_key (&s_secret, key), hash_key (&other, key));
    ck_assert_uint_eq (hash_key (&s_secret, bytes_of (NULL, 0)), hash_key (&other, bytes_str ("")));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("store");
    TCase *tcase = tcase_create ("store");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, every_size_comes_back_whatever_it_replaces);
    tcase_add_test (tcase, a_value_of_two_parts_may_begin_with_the_one_that_is_there);
    tcase_add_test (tcase, deadlines_are_counted_and_leave_the_access_alone);
    tcase_add_test (tcase, without_memory_the_old_entry_stays);
    tcase_add_test (tcase, a_sample_finds_the_oldest_and_passes_over_what_is_kept);
    tcase_add_test (tcase, hashes_depend_on_the_secret);
    suite_add_tcase (suite, tcase);
    return suite;
}

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

START_TEST (accesses_leave_what_is_asked_for_and_a_new_value_takes_it_along)
{
    bytes_t key = bytes_str ("key");
    s_set (key, bytes_str ("v"), 1, 0);
    entry_t *entry = s_find (key).entry;
    ck_assert_uint_eq (entry_marks (entry), 0);
    store_touch (s_store, entry, 7);
    ck_assert_uint_eq (entry_access (entry), 7);
    ck_assert_uint_eq (entry_marks (entry), 0);
    atomic_store (&s_store->notes, STORE_NOTES_HIT);
    entry_set_marks (entry, ENTRY_FRESH);
    for (uint32_t hits = 1; hits < 6; hits++) {
        store_touch (s_store, entry, 8);
        ck_assert_uint_eq (entry_marks (entry), ENTRY_FRESH | (hits < 3 ? hits : 3) * ENTRY_HIT);
    }
    ck_assert_uint_eq (entry_access (entry), 7);
    ck_assert (bytes_equal (entry_key (entry), key) && bytes_equal (entry_value (entry), bytes_str ("v")));
    //  In its place, in a block of its own, and wide: it is the same entry for eviction
    static uint8_t s_large[2 << 20];
    size_t sizes[] = { 2, 300, sizeof s_large, 1 };
    for (unsigned at = 0; at < 4; at++) {
        entry_set_marks (entry, ENTRY_FRESH | ENTRY_HIT);
        s_set (key, bytes_of (s_large, sizes[at]), 2 + at, 0);
        entry = s_find (key).entry;
        ck_assert_uint_eq (entry_marks (entry), ENTRY_FRESH | 2 * ENTRY_HIT);
        ck_assert_uint_eq (entry_access (entry), 7);
        ck_assert_uint_eq (entry_value (entry).size, sizes[at]);
        store_verify (s_store);
    }
}
END_TEST

START_TEST (tallies_count_the_store_while_it_is_theirs)
{
    tally_t all = { 0 }, one = { .all = &all }, other = { .all = &all };
    s_set (bytes_str ("a"), bytes_str ("v"), 1, 0);
    store_count (s_store, &one);
    ck_assert_uint_eq (one.entries, 1);
    s_set (bytes_str ("b"), bytes_str ("v"), 2, 0);
    place_t place = s_find (bytes_str ("a"));
    store_remove (s_store, &place);
    s_set (bytes_str ("c"), bytes_of ("0123456789012345678901234567890123456789", 40), 3, 0);
    ck_assert_uint_eq (one.entries, 2);
    ck_assert_uint_eq (one.used_bytes, s_store->used_bytes);
    ck_assert_uint_eq (all.entries, 2);
    store_count (s_store, &other);
    ck_assert_uint_eq (one.entries + one.used_bytes, 0);
    ck_assert_uint_eq (other.used_bytes, s_store->used_bytes);
    ck_assert_uint_eq (all.used_bytes, s_store->used_bytes);
    store_count (s_store, NULL);
    ck_assert_uint_eq (other.entries + all.entries + all.used_bytes, 0);
    store_count (s_store, &one);
    store_destroy (&s_store);
    ck_assert_uint_eq (one.entries + one.used_bytes + all.entries + all.used_bytes, 0);
    s_store = store_new (&s_pool);
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
    tcase_add_test (tcase, accesses_leave_what_is_asked_for_and_a_new_value_takes_it_along);
    tcase_add_test (tcase, tallies_count_the_store_while_it_is_theirs);
    tcase_add_test (tcase, hashes_depend_on_the_secret);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  scan_order: keys that arrive in the order of their hashes, as a scan of another map gives them, and
//  as a partition that moves does. With buckets that lay in the order of hashes they filled the
//  beginning of the table, and loading a map of 400,000 entries took three times as long as in
//  another order, growing with the square.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/test.h"
#include "store.h"

#define S_COUNT 100000

typedef struct {
    uint64_t hash;
    char key[16];
} s_key_t;

static int
s_compare (const void *a, const void *b)
{
    uint64_t left = ((const s_key_t *) a)->hash, right = ((const s_key_t *) b)->hash;
    return left < right ? -1 : left > right;
}

//  Buckets that were looked at, on average, right behind each addition.
static double
s_load (const hash_secret_t *secret, const s_key_t *keys)
{
    pool_t pool = { .secret = secret, .heap = heap_new (), .reclaim = reclaim_new (NULL) };
    store_t *store = store_new (&pool);
    uint64_t probes = 0;
    for (int at = 0; at < S_COUNT; at++) {
        place_t place = store_find (store, keys[at].hash, bytes_str (keys[at].key));
        assert (!place.entry);
        assert (store_set (store, &place, bytes_str ("v"), bytes_of (NULL, 0), 1, 0, 0));
        probes += index_probes (&store->index, keys[at].hash);
    }
    store_verify (store);
    store_destroy (&store);
    reclaim_destroy (&pool.reclaim);
    heap_destroy (&pool.heap);
    return (double) probes / S_COUNT;
}

START_TEST (keys_in_the_order_of_a_scan_load_as_others_do)
{
    static s_key_t keys[S_COUNT];
    uint8_t seed[HASH_SEED_SIZE] = { 7 };
    hash_secret_t secret;
    hash_secret (&secret, seed);
    for (int at = 0; at < S_COUNT; at++) {
        snprintf (keys[at].key, sizeof keys[at].key, "key%d", at);
        keys[at].hash = hash_key (&secret, bytes_str (keys[at].key));
    }
    ck_assert_double_lt (s_load (&secret, keys), 4);
    qsort (keys, S_COUNT, sizeof keys[0], s_compare);
    //  A table that has only seen the first n-th part of all hashes has chains of n: on average their
    //  sum is the logarithm of the number of keys
    ck_assert_double_lt (s_load (&secret, keys), 40);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("scan_order");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, keys_in_the_order_of_a_scan_load_as_others_do);
    suite_add_tcase (suite, all);
    return suite;
}

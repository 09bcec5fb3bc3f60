//  check_faults: what was found broken in the storage engine of the system that zgrid succeeds, as
//  tests. Each comment says what that one did.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/rig.h"
#include "lib/test.h"

static rig_t s_rig;
static char s_large[9000];

static void
s_set_up (void)
{
    rig_open (&s_rig, 1, 1);
    memset (s_large, 'x', sizeof s_large - 1);
}

static void
s_tear_down (void)
{
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

static void
s_put (const char *key, const char *value)
{
    ck_assert_uint_eq (rig_do (&s_rig, OP_PUT, key, value, "").status, ZGRID_OK);
}

static void
s_has (const char *key, const char *value)
{
    answer_t answer = rig_do (&s_rig, OP_GET, key, NULL, "");
    ck_assert_uint_eq (answer.status, value ? ZGRID_OK : ZGRID_NOTFOUND);
    ck_assert (!value || answer_is (&answer, value));
}

static const char *
s_name (const char *head, unsigned number)
{
    static char s_text[32];
    snprintf (s_text, sizeof s_text, "%s%u", head, number);
    return s_text;
}

static uint64_t
s_held (void)
{
    return rig_stats (&s_rig).reserved_bytes;
}

//  A: an overwrite left the old version behind in an older table, and a delete removed only the newest:
//  after PUT old, PUT new, DEL, a GET answered the old value.
START_TEST (fault_a_a_deleted_key_does_not_show_an_older_value)
{
    s_put ("key", "old");
    for (unsigned number = 0; number < 5000; number++) // What would have opened a newer table
        s_put (s_name ("other", number), "filler filler filler filler");
    s_put ("key", "new, and longer than before");
    ck_assert_uint_eq (rig_do (&s_rig, OP_DEL, "key", NULL, "").status, ZGRID_OK);
    s_has ("key", NULL);
    rig_pass (&s_rig, 5000);
    s_has ("key", NULL);
    ck_assert_uint_eq (rig_do (&s_rig, OP_DEL, "key", NULL, "").status, ZGRID_NOTFOUND);
}
END_TEST

//  B: compaction put stale versions back over newer ones: 118 of 200 keys were stale, and a key that
//  was overwritten 2,000 times read as version 1,007.
START_TEST (fault_b_compaction_brings_no_stale_version_back)
{
    for (unsigned round = 0; round < 100; round++)
        for (unsigned number = 0; number < 200; number++)
            s_put (s_name ("key", number), s_large + round * 40 + number % 40);
    for (unsigned number = 0; number < 8000; number++)
        s_put (s_name ("gone", number), s_large + 8500);
    for (unsigned number = 0; number < 8000; number++)
        rig_do (&s_rig, OP_DEL, s_name ("gone", number), NULL, "");
    for (unsigned version = 0; version < 2000; version++)
        s_put ("counter", s_name ("version ", version));
    rig_pass (&s_rig, 10000);
    s_has ("counter", "version 1999");
    for (unsigned number = 0; number < 200; number++)
        s_has (s_name ("key", number), s_large + 99 * 40 + number % 40);
}
END_TEST

//  Leaves little in many pages, so that compaction has work.
static void
s_fragment (void)
{
    for (unsigned number = 0; number < 40000; number++)
        s_put (s_name ("key", number), "a value of some length, for pages to fill, and then some more of it");
    for (unsigned number = 0; number < 40000; number++)
        if (number % 20)
            ck_assert_uint_eq (rig_do (&s_rig, OP_DEL, s_name ("key", number), NULL, "").status, ZGRID_OK);
}

//  C: compaction of the newest table moved entries into that same table and then deleted the copies it
//  had just made: 10 of 10 live keys were gone; and it never came to an end.
START_TEST (fault_c_compaction_keeps_every_live_key_and_ends)
{
    s_fragment ();
    uint64_t before = s_held ();
    rig_pass (&s_rig, 10000);
    for (unsigned number = 0; number < 40000; number += 20)
        s_has (s_name ("key", number), "a value of some length, for pages to fill, and then some more of it");
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 2000);
    ck_assert_uint_lt (s_held (), before / 3);
    ck_assert_uint_gt (storage_tick (s_rig.storage[0], s_rig.moment.now), 100);
}
END_TEST

//  C2: whatever was stored while that compaction went on was deleted at its next tick: 1,000 of 1,000.
START_TEST (fault_c2_what_is_stored_during_compaction_stays)
{
    s_fragment ();
    for (unsigned number = 0; number < 1000; number++) {
        char value[32];
        snprintf (value, sizeof value, "value %u", number);
        s_put (s_name ("new", number), value);
        rig_pass (&s_rig, 20);
    }
    for (unsigned number = 0; number < 1000; number++) {
        char value[32];
        snprintf (value, sizeof value, "value %u", number);
        s_has (s_name ("new", number), value);
    }
}
END_TEST

//  D: on the replica's path an overwrite never freed what it replaced: one key written 2,000 times took
//  2 MB in 32 tables, for good. There is one path here; it frees at once.
START_TEST (fault_d_an_overwritten_value_is_freed)
{
    s_put ("key", s_large);
    uint64_t used = rig_stats (&s_rig).used_bytes;
    uint64_t held = s_held ();
    for (unsigned round = 0; round < 2000; round++) {
        s_put ("key", s_large + round % 4000);
        ck_assert_uint_le (rig_stats (&s_rig).used_bytes, used);
        ck_assert_uint_le (s_held (), held + 65536);
    }
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 1);
}
END_TEST

//  E: the sample for eviction came from the newest table only, and taking it counted as an access: the
//  victims were the newest keys.
START_TEST (fault_e_eviction_takes_old_keys_and_sampling_is_no_access)
{
    storage_config_t config = rig_config (1, 1);
    config.memory_limit = 1 << 20;
    config.policy = MAP_POLICY_LRU;
    rig_close (&s_rig);
    ck_assert (rig_open_with (&s_rig, &config, NULL));
    enum { COUNT = 20000, NEW = 1000 };
    for (unsigned number = 0; number < COUNT; number++) {
        s_put (s_name ("key", number), "a value of some length, for pages to fill, and then some more of it");
        s_rig.moment.now += 20;
    }
    unsigned left = 0;
    for (unsigned number = COUNT - NEW; number < COUNT; number++)
        left += rig_do (&s_rig, OP_EXISTS, s_name ("key", number), NULL, "").status == ZGRID_OK;
    ck_assert_uint_ge (left, NEW * 99 / 100);
    left = 0;
    for (unsigned number = 0; number < NEW; number++)
        left += rig_do (&s_rig, OP_EXISTS, s_name ("key", number), NULL, "").status == ZGRID_OK;
    ck_assert_uint_le (left, NEW / 100);
}
END_TEST

//  F: superseded versions were counted by its length, and a scan answered the same key twice.
START_TEST (fault_f_size_and_scan_know_one_version)
{
    for (unsigned round = 0; round < 5; round++)
        for (unsigned number = 0; number < 50; number++)
            s_put (s_name ("key", number), s_large + (round * 50 + number) * 30);
    ck_assert_int_eq (rig_do (&s_rig, OP_SIZE, NULL, NULL, "").value.integer, 50);
    answer_t page = rig_do (&s_rig, OP_SCAN, NULL, NULL, "count=10000");
    mp_t reader = mp_of (page.value.bytes);
    uint32_t count;
    ck_assert (mp_array (&reader, &count));
    ck_assert_uint_eq (count, 50);
    ck_assert_uint_eq (page.meta.cursor, 0);
}
END_TEST

//  G: a key and value that together were as large as a table made it allocate tables without end, under
//  a lock: 13,600 in 200 ms. Every size around the borders of pages, chunks and classes is stored here.
START_TEST (fault_g_no_size_is_special)
{
    static const size_t s_borders[] = { 4096, 8192, 16384, 65536, 262144, 1048576, 4194304 };
    static uint8_t s_value[4194304 + 64];
    for (size_t which = 0; which < sizeof s_borders / sizeof s_borders[0]; which++)
        for (size_t size = s_borders[which] - 64; size <= s_borders[which] + 32; size++) {
            ask_t ask = rig_words (OP_PUT, "key", NULL, "");
            ask.value = value_bytes (bytes_of (s_value, size));
            ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
            stats_t stats = rig_stats (&s_rig);
            ck_assert_uint_eq (stats.data_bytes, size + 3);
            ck_assert_uint_le (stats.reserved_bytes, size + size / 4 + 2 * 65536);
        }
}
END_TEST

//  H: setting a TTL on an entry with copies blanked its value.
START_TEST (fault_h_a_ttl_leaves_the_value_alone)
{
    static const op_t s_ops[] = { OP_EXPIRE, OP_PEXPIRE, OP_EXPIREAT, OP_PEXPIREAT };
    static const char *const s_values[] = { "100", "100000", "1700000100", "1700000100000" };
    s_put ("key", "value");
    for (int at = 0; at < 4; at++) {
        ck_assert_uint_eq (rig_do (&s_rig, s_ops[at], "key", s_values[at], "").status, ZGRID_OK);
        s_has ("key", "value");
        ck_assert_int_eq (rig_do (&s_rig, OP_TTL, "key", NULL, "").value.integer, 100000);
    }
    ck_assert_int_eq (rig_do (&s_rig, OP_PERSIST, "key", NULL, "").value.integer, 1);
    s_has ("key", "value");
}
END_TEST

//  I: an answered value was a view of memory that was recycled: it became another key's bytes while the
//  caller held it. A reply holds its own bytes, whatever the rest of its batch does.
START_TEST (fault_i_an_answered_value_does_not_change)
{
    s_put ("key", "the value that was answered");
    buf_reset (&s_rig.body);
    wire_begin (&s_rig.body);
    bytes_t map = bytes_str ("m"), key = bytes_str ("key");
    value_t other = value_bytes (bytes_str ("another value, as long 1234"));
    wire_request (&s_rig.body, 1, OP_GET, map, &key, NULL, NULL);
    wire_request (&s_rig.body, 2, OP_PUT, map, &key, &other, NULL);
    wire_request (&s_rig.body, 3, OP_DEL, map, &key, NULL, NULL);
    bytes_t next = bytes_str ("yek");
    wire_request (&s_rig.body, 4, OP_PUT, map, &next, &other, NULL);
    ck_assert_uint_eq (rig_run (&s_rig, 0), 4);
    mp_t reader = mp_of (buf_bytes (&s_rig.out));
    reply_t reply;
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert (bytes_equal (reply.value.bytes, bytes_str ("the value that was answered")));
}
END_TEST

//  J: a key of 256 bytes and more was accepted, and ended the process at the next read of a copy.
START_TEST (fault_j_long_keys_work_and_longer_ones_are_refused)
{
    static const size_t s_sizes[] = { 0, 1, 255, 256, 257, 600, 65535, 65536 };
    static char s_key[65538];
    memset (s_key, 'k', sizeof s_key);
    for (size_t at = 0; at < sizeof s_sizes / sizeof s_sizes[0]; at++) {
        ask_t ask = rig_words (OP_PUT, "", "value", "");
        ask.key = bytes_of (s_key, s_sizes[at]);
        ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
        ask.op = OP_GET;
        answer_t answer = rig_ask (&s_rig, &ask);
        ck_assert (answer_is (&answer, "value"));
    }
    ask_t ask = rig_words (OP_PUT, "", "value", "");
    ask.key = bytes_of (s_key, 65537);
    answer_t answer = rig_ask (&s_rig, &ask);
    ck_assert_uint_eq (answer.status, ZGRID_TOOBIG);
    ck_assert (memmem (answer.meta.error.data, answer.meta.error.size, "key_max", 7) != NULL);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, sizeof s_sizes / sizeof s_sizes[0]);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("faults");
    TCase *tcase = tcase_create ("faults");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, fault_a_a_deleted_key_does_not_show_an_older_value);
    tcase_add_test (tcase, fault_b_compaction_brings_no_stale_version_back);
    tcase_add_test (tcase, fault_c_compaction_keeps_every_live_key_and_ends);
    tcase_add_test (tcase, fault_c2_what_is_stored_during_compaction_stays);
    tcase_add_test (tcase, fault_d_an_overwritten_value_is_freed);
    tcase_add_test (tcase, fault_e_eviction_takes_old_keys_and_sampling_is_no_access);
    tcase_add_test (tcase, fault_f_size_and_scan_know_one_version);
    tcase_add_test (tcase, fault_g_no_size_is_special);
    tcase_add_test (tcase, fault_h_a_ttl_leaves_the_value_alone);
    tcase_add_test (tcase, fault_i_an_answered_value_does_not_change);
    tcase_add_test (tcase, fault_j_long_keys_work_and_longer_ones_are_refused);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_nomem: the n-th allocation fails, for n = 1, 2, … until the operation succeeds. Until then it
//  answers NOMEM, the old value is there, and the accounts are exact.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/model.h"
#include "lib/test.h"
#include "mem.h"

static rig_t s_rig;
static model_t *s_model;

static void
s_set_up (void)
{
    model_limits_t limits = { 7, 65536, 64 << 20, 64 };
    rig_open (&s_rig, 1, 7);
    s_model = model_new (&limits);
    //  The buffers of the rig are not what is tested
    buf_reserve (&s_rig.body, 4 << 20);
    buf_reserve (&s_rig.out, 4 << 20);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    model_destroy (&s_model);
    rig_close (&s_rig);
}

static void
s_same (const char *wrong)
{
    ck_assert_msg (!wrong, "%s is wrong", wrong ? wrong : "");
}

//  Returns how often it was refused.
static unsigned
s_until_it_succeeds (const ask_t *ask)
{
    unsigned refused = 0;
    for (uint64_t at = 1;; at++) {
        mem_fail_at (at);
        answer_t answer = rig_ask (&s_rig, ask);
        mem_fail_at (0);
        rig_verify (&s_rig);
        ck_assert (!s_rig.lost);
        if (answer.status != ZGRID_NOMEM) {
            s_same (model_check (s_model, ask, s_rig.moment, &answer));
            s_same (model_compare (s_model, &s_rig, false));
            return refused;
        }
        refused++;
        ck_assert (answer.meta.given & META_error);
        s_same (model_compare (s_model, &s_rig, false));
        ck_assert_uint_lt (at, 100);
    }
}

static unsigned
s_do (op_t op, const char *key, bytes_t value, const char *options)
{
    ask_t ask = rig_words (op, key, NULL, options);
    if (value.data)
        ask.value = value_bytes (value);
    return s_until_it_succeeds (&ask);
}

START_TEST (the_first_write_makes_map_store_table_and_entry)
{
    //  What was made stays: the directory with the map first, then the store, a chunk, the table
    unsigned refused = s_do (OP_PUT, "key", bytes_str ("value"), "");
    ck_assert_uint_ge (refused, 4);
    ck_assert_uint_eq (rig_stats (&s_rig).nomem, refused);
}
END_TEST

START_TEST (every_writing_operation_keeps_the_old_value)
{
    static uint8_t s_large[400000];
    bytes_t large = bytes_of (s_large, sizeof s_large), middle = bytes_of (s_large, 9000);
    s_do (OP_PUT, "a", bytes_str ("1"), "px=5000");
    ck_assert_uint_ge (s_do (OP_PUT, "a", middle, "get"), 1);
    ck_assert_uint_ge (s_do (OP_PUT, "a", large, "get keepttl"), 1);
    s_do (OP_GETPUT, "a", bytes_str ("1"), "");
    ck_assert_uint_ge (s_do (OP_APPEND, "a", middle, ""), 1);
    ck_assert_uint_ge (s_do (OP_APPEND, "a", large, ""), 1);
    s_do (OP_PUT, "a", bytes_str ("x"), "");
    ck_assert_uint_ge (s_do (OP_CAS, "a", middle, "ifeq=x"), 1);
    //  Numbers need an entry of another size class
    s_do (OP_INCR, "n", bytes_str ("9000000000000000000"), "");
    s_do (OP_INCRBYFLOAT, "f", bytes_str ("1e40"), "");
    s_do (OP_INCR, "n", bytes_str ("-8999999999999999999"), "");
    s_do (OP_INCRBYFLOAT, "f", bytes_str ("-1e40"), "");
    s_do (OP_PUT, "b", bytes_str ("b"), "nx");
    s_do (OP_GETPUT, "c", middle, "px=100");
    s_do (OP_CAS, "d", middle, "ifeq=nil");
    s_do (OP_APPEND, "e", large, "");
}
END_TEST

START_TEST (what_needs_no_memory_succeeds_without)
{
    s_do (OP_PUT, "a", bytes_str ("1"), "");
    mem_fail_at (1);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "a", NULL, "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_PUT, "a", "2", "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_INCR, "a", "2", "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_EXPIRE, "a", "10", "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_PERSIST, "a", NULL, "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GETDEL, "a", NULL, "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "a", NULL, "").status, ZGRID_NOTFOUND);
    ck_assert_uint_eq (rig_do (&s_rig, OP_SIZE, NULL, NULL, "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_DESTROY, NULL, NULL, "").status, ZGRID_OK);
    rig_verify (&s_rig);
}
END_TEST

//  Every allocation fails while the table should grow, then none.
START_TEST (a_table_that_cannot_grow_refuses_and_recovers)
{
    char key[16];
    unsigned refused = 0;
    for (int number = 0; number < 600; number++) {
        snprintf (key, sizeof key, "{t}%d", number);
        if (number % 3)
            refused += s_do (OP_PUT, key, bytes_str ("v"), "");
        else
            rig_do (&s_rig, OP_GET, key, NULL, "");
    }
    ck_assert_uint_gt (refused, 10);
    ck_assert_uint_gt (rig_stats (&s_rig).rehashes, 3);
}
END_TEST

START_TEST (new_maps_need_memory_and_are_made_or_not)
{
    char name[16];
    for (int number = 0; number < 20; number++) {
        snprintf (name, sizeof name, "map%d", number);
        ask_t ask = rig_words (OP_PUT, "k", "v", "");
        ask.map = bytes_str (name);
        ck_assert_uint_ge (s_until_it_succeeds (&ask), 4);
    }
    ck_assert_uint_eq (rig_stats (&s_rig).maps, 20);
}
END_TEST

START_TEST (a_page_of_a_scan_needs_memory)
{
    rig_t fresh;
    rig_open (&fresh, 1, 7);
    rig_do (&fresh, OP_PUT, "k", "v", "");
    buf_reserve (&fresh.out, 4096);
    mem_fail_at (1);
    answer_t answer = rig_do (&fresh, OP_SCAN, NULL, NULL, "");
    mem_fail_at (0);
    ck_assert_uint_eq (answer.status, ZGRID_NOMEM);
    answer = rig_do (&fresh, OP_SCAN, NULL, NULL, "");
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    rig_close (&fresh);
}
END_TEST

//  The reply itself cannot be written: nothing breaks, and what was stored stays whole.
START_TEST (a_reply_that_cannot_be_written_leaves_the_accounts_exact)
{
    static uint8_t s_value[5000];
    s_do (OP_PUT, "a", bytes_of (s_value, sizeof s_value), "");
    for (uint64_t at = 1; at < 20; at++) {
        rig_t *rig = &s_rig;
        buf_clear (&rig->out);
        ask_t ask = rig_words (OP_GET, "a", NULL, "");
        mem_fail_at (at);
        answer_t answer = rig_ask (rig, &ask);
        mem_fail_at (0);
        rig_verify (rig);
        ck_assert (rig->lost || (answer.status == ZGRID_OK && answer.value.bytes.size == sizeof s_value));
        if (!rig->lost)
            return;
    }
    ck_abort_msg ("it never succeeded");
}
END_TEST

START_TEST (a_storage_is_made_whole_or_not_at_all)
{
    storage_config_t config = rig_config (1, 7);
    for (uint64_t at = 1;; at++) {
        mem_fail_at (at);
        storage_t *storage = storage_new (&config, NULL);
        mem_fail_at (0);
        if (storage) {
            ck_assert_uint_ge (at, 5);
            storage_destroy (&storage);
            ck_assert_ptr_null (storage);
            return;
        }
        ck_assert_uint_lt (at, 20);
    }
}
END_TEST

START_TEST (housekeeping_without_memory_moves_nothing_and_loses_nothing)
{
    for (int number = 0; number < 300; number++) {
        char key[16];
        snprintf (key, sizeof key, "%d", number);
        ask_t ask = rig_words (OP_PUT, key, "value", number % 2 ? "px=1000" : "");
        answer_t answer = rig_ask (&s_rig, &ask);
        s_same (model_check (s_model, &ask, s_rig.moment, &answer));
    }
    mem_fail_at (1);
    rig_pass (&s_rig, 4000);
    rig_settle (&s_rig);
    mem_fail_at (0);
    rig_verify (&s_rig);
    s_same (model_compare (s_model, &s_rig, true));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("nomem");
    TCase *tcase = tcase_create ("nomem");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, the_first_write_makes_map_store_table_and_entry);
    tcase_add_test (tcase, every_writing_operation_keeps_the_old_value);
    tcase_add_test (tcase, what_needs_no_memory_succeeds_without);
    tcase_add_test (tcase, a_table_that_cannot_grow_refuses_and_recovers);
    tcase_add_test (tcase, new_maps_need_memory_and_are_made_or_not);
    tcase_add_test (tcase, a_page_of_a_scan_needs_memory);
    tcase_add_test (tcase, a_reply_that_cannot_be_written_leaves_the_accounts_exact);
    tcase_add_test (tcase, a_storage_is_made_whole_or_not_at_all);
    tcase_add_test (tcase, housekeeping_without_memory_moves_nothing_and_loses_nothing);
    suite_add_tcase (suite, tcase);
    return suite;
}

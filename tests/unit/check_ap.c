//  check_ap: operations of ap maps, both sides of a cut, clocks, hostile messages.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/ap_net.h"
#include "lib/block.h"
#include "lib/test.h"
#include "mem.h"
#include "replica/hlc.h"
#include "slot.h"
#include "status.h"

START_TEST (operations)
{
    ap_net_start (1, 1);
    options_t options = { .given = OPT_px, .time = 5000 };
    ap_net_expect (0, "k", NULL);
    uint64_t first = ap_net_put (0, "k", "one"), second = ap_net_put (0, "k", "two");
    ck_assert_uint_gt (second, first);
    ap_net_expect (0, "k", "two");
    ck_assert_int_eq (ap_net_ask (0, OP_TTL, "k", value_nil (), NULL).value.integer, -1);
    ck_assert_uint_eq (ap_net_ask (0, OP_PEXPIRE, "k", value_int (700), NULL).status, ZGRID_OK);
    ck_assert_int_eq (ap_net_ask (0, OP_TTL, "k", value_nil (), NULL).value.integer, 700);
    ck_assert_int_eq (ap_net_ask (0, OP_PERSIST, "k", value_nil (), NULL).value.integer, 1);
    ck_assert_int_eq (ap_net_ask (0, OP_PERSIST, "k", value_nil (), NULL).value.integer, 0);
    ap_net_expect (0, "k", "two");
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "k", value_bytes (bytes_str ("x")), &options).status, ZGRID_OK);
    options = (options_t) { .given = OPT_keepttl };
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "k", value_bytes (bytes_str ("y")), &options).status, ZGRID_OK);
    options = (options_t) { .given = OPT_withttl };
    reply_t reply = ap_net_ask (0, OP_GET, "k", value_nil (), &options);
    meta_t meta;
    ck_assert (meta_decode (reply.meta, &meta) && meta.ttl == 5000);
    ck_assert_uint_eq (ap_net_ask (0, OP_TOUCH, "k", value_nil (), NULL).status, ZGRID_OK);
    ck_assert_uint_eq (ap_net_ask (0, OP_EXISTS, "k", value_nil (), NULL).status, ZGRID_OK);
    ap_net_run (3000);
    int64_t idle = ap_net_ask (0, OP_IDLE, "k", value_nil (), NULL).value.integer;
    ck_assert (idle > 2500 && idle <= 3256);
    ap_net_run (2100);
    ap_net_expect (0, "k", NULL);
    ck_assert_uint_eq (ap_net_ask (0, OP_IDLE, "k", value_nil (), NULL).status, ZGRID_NOTFOUND);
    ck_assert_uint_eq (ap_net_ask (0, OP_EXISTS, "k", value_nil (), NULL).status, ZGRID_NOTFOUND);
    ck_assert_uint_eq (ap_net_ask (0, OP_DEL, "k", value_nil (), NULL).status, ZGRID_NOTFOUND);
    ck_assert_uint_eq (ap_net_ask (0, OP_EXPIRE, "k", value_int (5), NULL).status, ZGRID_NOTFOUND);
    ap_net_put (0, "k", "back");
    ck_assert_uint_eq (ap_net_ask (0, OP_EXPIREAT, "k", value_int (1), NULL).status, ZGRID_OK); // Long ago
    ap_net_expect (0, "k", NULL);
    ap_net_put (0, "k", "");
    ap_net_expect (0, "k", "");
    ck_assert_uint_eq (ap_net_ask (0, OP_DEL, "k", value_nil (), NULL).status, ZGRID_OK);
    ck_assert_uint_eq (ap_net_ask (0, OP_EXPIRE, "k", value_bytes (bytes_str ("x")), NULL).status,
                       ZGRID_MALFORMED);
    options = (options_t) { .given = OPT_ex, .time = 0 };
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "k", value_bytes (bytes_str ("x")), &options).status,
                       ZGRID_MALFORMED);
    options.time = UINT64_MAX;
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "k", value_bytes (bytes_str ("x")), &options).status,
                       ZGRID_TOOBIG);
    ap_net_stop ();
}
END_TEST

START_TEST (what_is_stored_without_a_ttl_gets_that_of_its_map)
{
    ap_net_start (2, 5);
    map_settings_t map = { .name = "m", .mode = MAP_AP, .min_sync = 1, .ttl = 700 };
    ck_assert (view_set_map (ap_net.view, &map));
    ap_net.view->version++;
    ap_net_give_view (0);
    options_t keep = { .given = OPT_keepttl }, own = { .given = OPT_px, .time = 90 };
    value_t value = value_bytes (bytes_str ("v"));
    ap_net_put (0, "k", "v");
    ck_assert_int_eq (ap_net_ask (0, OP_TTL, "k", value_nil (), NULL).value.integer, 700);
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "k", value, &own).status, ZGRID_OK);
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "k", value, &keep).status, ZGRID_OK);
    ck_assert_int_eq (ap_net_ask (0, OP_TTL, "k", value_nil (), NULL).value.integer, 90);
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "new", value, &keep).status, ZGRID_OK);
    ck_assert_int_eq (ap_net_ask (0, OP_TTL, "new", value_nil (), NULL).value.integer, 700);
    ap_net_stop ();
}
END_TEST

START_TEST (what_needs_one_present_value_is_refused)
{
    static const op_t s_refused[] = { OP_CAS,    OP_INCR, OP_DECR,    OP_INCRBYFLOAT, OP_GETPUT, OP_GETDEL,
                                      OP_APPEND, OP_LOCK, OP_TRYLOCK, OP_UNLOCK,      OP_LEASE };
    static const uint64_t s_given[] = { OPT_nx, OPT_xx, OPT_ifversion, OPT_ifeq, OPT_get, OPT_fence };
    ap_net_start (1, 1);
    for (size_t index = 0; index < sizeof s_refused / sizeof *s_refused; index++)
        ck_assert_uint_eq (ap_net_ask (0, s_refused[index], "k", value_int (1), NULL).status,
                           ZGRID_NOT_IN_AP_MODE);
    for (size_t index = 0; index < sizeof s_given / sizeof *s_given; index++) {
        options_t options = { .given = s_given[index] };
        ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "k", value_bytes (bytes_str ("x")), &options).status,
                           ZGRID_NOT_IN_AP_MODE);
    }
    options_t options = { .given = OPT_read, .read = bytes_str ("confirm") };
    ck_assert_uint_eq (ap_net_ask (0, OP_GET, "k", value_nil (), &options).status, ZGRID_NOT_IN_AP_MODE);
    ck_assert_uint_eq (ap_net_ask (3, OP_GET, "k", value_nil (), NULL).status, ZGRID_MOVED);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).entries, 0);
    ap_net_stop ();
}
END_TEST

START_TEST (whole_partitions)
{
    ap_net_start (2, 1);
    char key[24];
    uint32_t counts[AP_PARTITIONS] = { 0 };
    for (int index = 0; index < 500; index++) {
        snprintf (key, sizeof key, "key%d", index);
        ap_net_put (index % 2 ? 1 : 0, key, "v");
        counts[slot_partition (slot_of_key (bytes_str (key)), AP_PARTITIONS)]++;
    }
    ap_net_run (100);
    for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++) {
        options_t options = { .given = OPT_partition | OPT_count | OPT_cursor,
                              .partition = partition,
                              .count = 40 };
        ck_assert_int_eq (ap_net_ask (1, OP_SIZE, NULL, value_nil (), &options).value.integer,
                          counts[partition]);
        uint32_t seen = 0;
        do {
            reply_t reply = ap_net_ask (1, OP_SCAN, NULL, value_nil (), &options);
            mp_t reader = mp_of (reply.value.bytes);
            uint32_t items;
            meta_t meta;
            ck_assert (mp_array (&reader, &items) && meta_decode (reply.meta, &meta));
            seen += items;
            options.cursor = meta.cursor;
        } while (options.cursor);
        ck_assert_uint_eq (seen, counts[partition]);
        ck_assert_int_eq (ap_net_ask (0, OP_DESTROY, NULL, value_nil (), &options).value.integer,
                          counts[partition]);
        ck_assert_int_eq (ap_net_ask (0, OP_SIZE, NULL, value_nil (), &options).value.integer, 0);
    }
    ap_net_run (100);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[1].ap).entries, 0);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[1].ap).tombstones, 500);
    ap_net_check_converged ();
    ap_net_run (AP_GRACE + 5000);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[1].ap).tombstones, 0);
    ap_net_stop ();
}
END_TEST

START_TEST (both_sides_of_a_cut_accept)
{
    ap_net_start (3, 2);
    ap_net_put (0, "k", "before");
    ap_net_put (0, "gone", "x");
    ap_net_run (100);
    ap_net_expect_everywhere (3, "k", "before");
    ap_net_cut (0, 1, true);
    ap_net_cut (0, 2, true);
    ap_net_put (0, "k", "left");
    ap_net_run (50);
    ap_net_put (1, "k", "right");
    ap_net_put (2, "other", "right alone");
    ck_assert_uint_eq (ap_net_ask (0, OP_DEL, "gone", value_nil (), NULL).status, ZGRID_OK);
    ap_net_run (3000);
    ap_net_expect (0, "k", "left");
    ap_net_expect (1, "k", "right");
    ap_net_expect (2, "k", "right");
    ap_net_expect (2, "gone", "x");
    ck_assert_uint_eq (ap_net_lost (), 0);
    ap_net_cut (0, 1, false);
    ap_net_cut (0, 2, false);
    ap_net_run (6000);
    ap_net_expect_everywhere (3, "k", "right"); // Written later
    ap_net_expect_everywhere (3, "other", "right alone");
    ap_net_expect_everywhere (3, "gone", NULL);
    ck_assert_uint_eq (ap_net_lost (), 1); // "left", where it was
    ap_net_check_converged ();
    //  What was written after everything was seen is no loss
    ap_net_put (0, "k", "after");
    ap_net_run (3000);
    ap_net_expect_everywhere (3, "k", "after");
    ck_assert_uint_eq (ap_net_lost (), 1);
    ap_net_stop ();
}
END_TEST

//  A replica that missed a deletion brings nothing back, and neither does one that missed an end of life.
START_TEST (nothing_comes_back)
{
    ap_net_start (3, 3);
    options_t options = { .given = OPT_px, .time = 1000 };
    ap_net_put (0, "deleted", "x");
    ap_net_put (0, "ended", "old");
    ap_net_run (100);
    ap_net_cut (0, 2, true);
    ap_net_cut (1, 2, true);
    ck_assert_uint_eq (ap_net_ask (0, OP_DEL, "deleted", value_nil (), NULL).status, ZGRID_OK);
    ck_assert_uint_eq (ap_net_ask (1, OP_PUT, "ended", value_bytes (bytes_str ("new")), &options).status,
                       ZGRID_OK);
    ap_net_run (20000); // Swept at least once
    ap_net_expect (0, "ended", NULL);
    ap_net_expect (2, "deleted", "x");
    ap_net_cut (0, 2, false);
    ap_net_cut (1, 2, false);
    ap_net_run (6000);
    ap_net_expect_everywhere (3, "deleted", NULL);
    ap_net_expect_everywhere (3, "ended", NULL);
    ap_net_check_converged ();
    ap_net_run (AP_GRACE);
    for (uint32_t index = 0; index < 3; index++)
        ck_assert_uint_eq (ap_stats (ap_net.nodes[index].ap).tombstones, 0);
    ap_net_stop ();
}
END_TEST

START_TEST (clocks_that_run_ahead)
{
    ap_net_start (3, 4);
    ap_net.nodes[0].skew = 400; // Taken; who hears it writes after it
    uint64_t fast = ap_net_put (0, "k", "fast");
    ap_net_run (100);
    uint64_t slow = ap_net_put (1, "k", "slow");
    ck_assert_uint_gt (slow, fast);
    ap_net_run (100);
    ap_net_expect_everywhere (3, "k", "slow");
    ck_assert_uint_eq (ap_net_lost (), 0);
    ap_net.nodes[0].skew = 10000;
    ap_net_put (0, "k", "future");
    ap_net_run (3000);
    ap_net_expect (0, "k", "future");
    ap_net_expect (1, "k", "slow");
    ck_assert_uint_gt (ap_stats (ap_net.nodes[1].ap).refused, 0);
    ap_net.nodes[0].skew = 0;
    ap_net_run (12000); // Until that time has come
    ap_net_expect_everywhere (3, "k", "future");
    ck_assert_uint_gt (ap_net_put (0, "k", "on"), fast);
    ap_net_stop ();
}
END_TEST

//  Equal versions, written on two sides: both sides keep the same one.
START_TEST (ties_are_decided_alike)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        ap_net_start (2, seed);
        ap_net_cut (0, 1, true);
        ap_net_run (50);
        char left[16], right[16];
        snprintf (left, sizeof left, "left%d", (int) seed);
        snprintf (right, sizeof right, "right%d", (int) seed);
        ck_assert_uint_eq (ap_net_put (0, "k", left), ap_net_put (1, "k", right));
        ap_net_cut (0, 1, false);
        ap_net_run (5000);
        ap_net_check_converged ();
        reply_t reply = ap_net_ask (0, OP_GET, "k", value_nil (), NULL);
        ck_assert_uint_eq (reply.status, ZGRID_OK);
        ap_net_expect (1, "k", bytes_equal (reply.value.bytes, bytes_str (left)) ? left : right);
        ck_assert_uint_eq (ap_net_lost (), 1);
        ap_net_stop ();
    }
}
END_TEST

static void
s_give_changed (const buf_t *good, size_t at, uint8_t byte, size_t size)
{
    bytes_t block = block_of (good->data, size);
    if (at < size)
        ((uint8_t *) (uintptr_t) block.data)[at] = byte;
    (void) ap_net_receive (1, 1, block);
    block_free (block);
}

START_TEST (malformed_messages_change_little)
{
    ap_net_start (2, 1);
    ap_net.loss = 100;
    buf_t good = BUF_INIT;
    for (int kind = 0; kind < 4; kind++) {
        buf_reset (&good);
        wire_add_array (&good, kind == 0 ? 4 : kind == 1 ? 2 : 5);
        wire_add_uint (&good, kind == 0   ? PEER_AP_PUSH
                              : kind == 1 ? PEER_AP_ACK
                              : kind == 2 ? PEER_AP_DIGEST
                                          : PEER_AP_PULL);
        if (kind < 2)
            wire_add_uint (&good, 5);
        if (kind != 1)
            wire_add_bytes (&good, bytes_str ("m"));
        if (kind == 0) {
            buf_t entry = BUF_INIT;
            wire_add_array (&entry, 7);
            wire_add_bytes (&entry, bytes_str ("key"));
            uint64_t numbers[] = { (1700000000000 + ap_net.now) << HLC_COUNT_BITS, 0, 3, 4, 0 };
            for (int index = 0; index < 5; index++)
                wire_add_uint (&entry, numbers[index]);
            wire_add_bytes (&entry, bytes_str ("value"));
            wire_add_bytes (&good, buf_bytes (&entry));
            buf_clear (&entry);
        } else if (kind > 1) {
            uint8_t digests[512] = { 1 };
            wire_add_uint (&good, 1);
            wire_add_uint (&good, 1);
            if (kind == 2)
                wire_add_bytes (&good, bytes_of (digests, sizeof digests));
            else
                wire_add_uint (&good, UINT64_MAX);
        }
        ck_assert (ap_net_receive (1, 1, buf_bytes (&good)));
        ck_assert (ap_net_receive (1, 99, buf_bytes (&good))); // Nobody that is known: passed over
        for (size_t size = 3; size < good.size; size++)
            s_give_changed (&good, SIZE_MAX, 0, size);
        for (size_t at = 0; at < good.size; at++)
            for (unsigned byte = 0; byte < 256; byte += 3)
                s_give_changed (&good, at, (uint8_t) byte, good.size);
        ap_verify (ap_net.nodes[1].ap);
    }
    ap_net_expect (1, "key",
                   NULL == ap_net_ask (1, OP_GET, "key", value_nil (), NULL).value.bytes.data ? NULL
                                                                                              : "value");
    ck_assert_uint_gt (ap_stats (ap_net.nodes[1].ap).refused, 100);
    buf_clear (&good);
    ap_net_stop ();
}
END_TEST

START_TEST (without_memory)
{
    ap_net_start (2, 1);
    unsigned refused = 0;
    for (uint64_t countdown = 1; countdown < 30; countdown++) {
        char key[24];
        snprintf (key, sizeof key, "n%d", (int) countdown);
        mem_fail_at (countdown);
        reply_t reply = ap_net_ask (0, OP_PUT, key, value_bytes (bytes_str ("x")), NULL);
        mem_fail_at (0);
        ck_assert (reply.status == ZGRID_OK || reply.status == ZGRID_NOMEM);
        refused += reply.status == ZGRID_NOMEM;
        ap_net_expect (0, key, reply.status == ZGRID_OK ? "x" : NULL);
        ap_verify (ap_net.nodes[0].ap);
    }
    ck_assert_uint_gt (refused, 0);
    ap_net_run (5000);
    ap_net_check_converged ();
    ap_net_stop ();
}
END_TEST

START_TEST (hybrid_clock)
{
    hlc_t clock = { 0 };
    uint64_t first = hlc_next (&clock, 1000), second = hlc_next (&clock, 1000),
             third = hlc_next (&clock, 900);
    ck_assert (hlc_wall (first) == 1000 && second == first + 1 && third == second + 1);
    ck_assert_uint_eq (hlc_wall (hlc_next (&clock, 1001)), 1001);
    ck_assert (hlc_see (&clock, UINT64_C (1500) << HLC_COUNT_BITS, 1000, 500));
    ck_assert_uint_eq (hlc_wall (hlc_next (&clock, 1002)), 1500);
    ck_assert (!hlc_see (&clock, UINT64_C (1503) << HLC_COUNT_BITS, 1002, 500));
    uint64_t last = clock.last;
    for (int index = 0; index < 70000; index++) {
        uint64_t next = hlc_next (&clock, 1002);
        ck_assert_uint_gt (next, last);
        last = next;
    }
    ck_assert_uint_eq (hlc_wall (last), 1501); // The count went over
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Through a storage

static void
s_nobody_send (void *arg, node_id_t to, uint32_t actor, bytes_t body)
{
    (void) arg;
    (void) to;
    (void) actor;
    (void) body;
}

static void
s_nobody_ask (void *arg, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node)
{
    (void) arg;
    (void) what;
    (void) partition;
    (void) epoch;
    (void) node;
}

static reply_t
s_batch (storage_t *storage, op_t op, const char *map, const char *key, value_t value,
         const options_t *options)
{
    static buf_t s_body, s_answer;
    buf_reset (&s_body);
    buf_reset (&s_answer);
    wire_begin (&s_body);
    bytes_t name = bytes_str (key);
    wire_request (&s_body, 1, op, bytes_str (map), key ? &name : NULL, &value, options);
    batch_t batch = { .moment = { 5000, 1700000005000 }, .body_size = s_body.size };
    ck_assert (wire_open (buf_bytes (&s_body), &batch.reader));
    ck_assert (!storage_batch (storage, &batch, &s_answer, 1u << 20));
    ck_assert_int_eq (storage_settle (storage, &batch, &s_answer, 5000), STORAGE_SEND);
    mp_t reader = mp_of (buf_bytes (&s_answer));
    reply_t reply;
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    return reply;
}

START_TEST (a_storage_serves_both_kinds)
{
    ap_net_start (3, 1); // For its view: member 1 is here, 2 and 3 are silent
    ap_net.view->parts[3].epoch = 9;
    storage_config_t config = { .actors = 1,
                                .partitions = AP_PARTITIONS,
                                .maps_max = 10,
                                .key_max = 100,
                                .value_max = 1000,
                                .batch_max = 100 };
    storage_port_t port = { .send = s_nobody_send, .ask = s_nobody_ask };
    lease_t lease;
    lease_set (&lease, 0, 0); // None: a cp map is not served here
    storage_t *storage = storage_new (&config, NULL);
    assert (storage);
    storage_join (storage, 1, &lease, &port);
    ck_assert (storage_set_view (storage, ap_net.view, 5000));
    value_t x = value_bytes (bytes_str ("x"));
    options_t options = { .given = OPT_epoch, .epoch = 9 };
    ck_assert_uint_eq (s_batch (storage, OP_PUT, "other", "a", x, NULL).status, ZGRID_TRYAGAIN);
    ck_assert_uint_eq (s_batch (storage, OP_PUT, "m", "a", x, &options).status, ZGRID_OK);    // Partition 3
    ck_assert_uint_eq (s_batch (storage, OP_PUT, "m", "b", x, &options).status, ZGRID_MOVED); // 0
    ck_assert (bytes_equal (s_batch (storage, OP_GET, "m", "a", value_nil (), NULL).value.bytes, x.bytes));
    ck_assert_uint_eq (s_batch (storage, OP_INCR, "m", "a", value_int (1), NULL).status,
                       ZGRID_NOT_IN_AP_MODE);
    ck_assert_uint_eq (s_batch (storage, OP_PUT, "m", "a", value_int (1), NULL).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_batch (storage, OP_SIZE, "m", NULL, value_nil (), NULL).status, ZGRID_MALFORMED);
    options = (options_t) { .given = OPT_partition, .partition = 3 };
    ck_assert_int_eq (s_batch (storage, OP_SIZE, "m", NULL, value_nil (), &options).value.integer, 1);
    options.partition = AP_PARTITIONS;
    ck_assert_uint_eq (s_batch (storage, OP_SIZE, "m", NULL, value_nil (), &options).status, ZGRID_MALFORMED);
    const stats_t *stats = storage_stats (storage);
    ck_assert_uint_eq (stats->ap_entries, 1);
    ck_assert_uint_eq (stats->puts, 1);
    ck_assert_uint_eq (stats->entries, 0);
    storage_destroy (&storage);
    ap_net_stop ();
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("ap");
    TCase *tests = tcase_create ("ap");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, hybrid_clock);
    tcase_add_test (tests, what_is_stored_without_a_ttl_gets_that_of_its_map);
    tcase_add_test (tests, operations);
    tcase_add_test (tests, what_needs_one_present_value_is_refused);
    tcase_add_test (tests, whole_partitions);
    tcase_add_test (tests, both_sides_of_a_cut_accept);
    tcase_add_test (tests, nothing_comes_back);
    tcase_add_test (tests, clocks_that_run_ahead);
    tcase_add_test (tests, ties_are_decided_alike);
    tcase_add_test (tests, malformed_messages_change_little);
    tcase_add_test (tests, without_memory);
    tcase_add_test (tests, a_storage_serves_both_kinds);
    suite_add_tcase (suite, tests);
    return suite;
}

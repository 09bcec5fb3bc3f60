//  moves: what travels from one storage to another arrives as it was, whatever its size, and whatever
//  happens to it meanwhile; what is not such a batch changes nothing.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "lib/copies.h"
#include "lib/rig.h"
#include "lib/test.h"
#include "replica/chunk.h"
#include "storage_impl.h"

START_TEST (items_of_a_chunk_are_read_as_they_were_written)
{
    buf_t out = BUF_INIT;
    chunk_map_t map = { bytes_str ("map"), 7 };
    chunk_entry_t entries[] = { { bytes_str ("key"), bytes_str ("value"), 5, 0, 9 },
                                { bytes_str (""), bytes_str (""), 6, 77, 0 } };
    chunk_add_map (&out, &map);
    for (size_t at = 0; at < 2; at++) {
        size_t before = out.size;
        chunk_add_entry (&out, &entries[at]);
        ck_assert_uint_eq (out.size - before, chunk_entry_size (&entries[at]));
    }
    const uint8_t *at = out.data, *end = out.data + out.size;
    chunk_map_t map_back;
    chunk_entry_t back;
    ck_assert_int_eq (chunk_next (&at, end, &map_back, &back), CHUNK_IS_MAP);
    ck_assert (bytes_equal (map_back.name, map.name) && map_back.entries == 7);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq (chunk_next (&at, end, &map_back, &back), CHUNK_IS_ENTRY);
        ck_assert (bytes_equal (back.key, entries[i].key) && bytes_equal (back.value, entries[i].value));
        ck_assert (back.version == entries[i].version && back.left == entries[i].left
                   && back.age == entries[i].age);
    }
    ck_assert_int_eq (chunk_next (&at, end, &map_back, &back), CHUNK_END);
    //  Cut off anywhere it is no chunk, but where an item ends
    size_t ends[] = { 0, CHUNK_MAP_HEAD + 3, CHUNK_MAP_HEAD + 3 + chunk_entry_size (&entries[0]), out.size };
    for (size_t size = 0, next = 0; size <= out.size; size++) {
        ck_assert_int_eq (chunk_is_sound (bytes_of (out.data, size)), size == ends[next]);
        next += size == ends[next];
    }
    //  Entries need a map
    ck_assert (!chunk_is_sound (bytes_of (out.data + ends[1], out.size - ends[1])));
    buf_clear (&out);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Member 0 is primary and alone; member 1 learns.

static void
s_put (copies_t *copies, const char *map, const char *key, const char *value, uint64_t px)
{
    copies_ask (copies, 0,
                &(copies_ask_t) { .op = OP_PUT, .id = 1, .map = map, .key = key, .value = value, .px = px });
    copies->reply_count = 0;
}

static void
s_open (copies_t *copies, uint64_t move_bytes)
{
    storage_config_t config = rig_config (1, 1);
    config.move_bytes = move_bytes;
    copies_open (copies, 2, 1, &config);
}

static void
s_begin (copies_t *copies)
{
    part_t *part = copies_part (copies);
    part->epoch++;
    part->learner = 2;
    copies_publish (copies, -1);
}

static void
s_join (copies_t *copies)
{
    part_t *part = copies_part (copies);
    ck_assert (copies->asked[PEER_JOIN] > 0 && copies->asked[PEER_DROP_LEARNER] == 0);
    part->epoch++;
    part->learner = 0;
    part->reps[part->reps_count++] = 2;
    copies_publish (copies, -1);
    copies_run (copies, 200);
    for (int index = 0; index < 2; index++)
        storage_verify (copies->storage[index]);
    ck_assert_uint_eq (storage_partition_digest (copies->storage[0], 0),
                       storage_partition_digest (copies->storage[1], 0));
}

static const entry_t *
s_entry (copies_t *copies, int index, const char *map, const char *key)
{
    storage_t *storage = copies->storage[index];
    map_t *found = map_find (storage, bytes_str (map));
    store_t *store = found ? map_store (found, 0) : NULL;
    bytes_t bytes = bytes_str (key);
    return store ? store_find (store, storage_hash (storage, bytes), bytes).entry : NULL;
}

START_TEST (a_copy_takes_every_step_and_everything_with_it)
{
    copies_t copies;
    move_info_t moves[2];
    s_open (&copies, 0);
    s_put (&copies, "old", "key", "value", 0);
    uint64_t old = copies.now;
    copies.now += 900000; // The leases live a little longer
    s_put (&copies, "new", "key", "value", 60000);
    copies_ask_t incr = { .op = OP_INCR, .id = 5, .map = "new", .key = "number", .session = 1 };
    copies_ask (&copies, 0, &incr);
    s_begin (&copies);
    ck_assert_uint_eq (storage_moves (copies.storage[0], moves, 2), 1);
    ck_assert (moves[0].state == MOVE_LEARNER && moves[0].target == 2 && moves[0].epoch == 2);
    copies_run (&copies, 300);
    ck_assert_uint_eq (storage_moves (copies.storage[0], moves, 0), 1);
    ck_assert_int_eq (copies.move.state, MOVE_JOINT);
    ck_assert_uint_eq (copies.move.entries, 3);
    ck_assert_uint_gt (copies.move.bytes, 0);
    ck_assert_uint_ge (copies.move.total * 2, copies.move.bytes);
    s_join (&copies);
    for (move_state_t state = MOVE_LEARNER; state <= MOVE_JOINT; state++)
        ck_assert_uint_eq (copies.states[state], 1);
    ck_assert (copies.states[MOVE_DONE] == 1 && copies.states[MOVE_ABORTED] == 0);
    ck_assert_uint_eq (storage_moves (copies.storage[0], moves, 2), 0);
    //  How long ago it was used, how long it lives, which version it has
    const entry_t *from = s_entry (&copies, 0, "old", "key"), *to = s_entry (&copies, 1, "old", "key");
    ck_assert_uint_eq (entry_access (from), entry_clock (old));
    int distance = (int) entry_access (to) - (int) entry_access (from);
    ck_assert_int_le (abs (distance), 900000 / 256 / 32 + 4); // A 64th each way
    ck_assert_uint_eq (entry_version (to), entry_version (from));
    from = s_entry (&copies, 0, "new", "key");
    to = s_entry (&copies, 1, "new", "key");
    ck_assert_uint_ge (entry_deadline (to), entry_deadline (from));
    ck_assert_uint_le (entry_deadline (to), entry_deadline (from) + 500);
    //  The result of a request is known there as well: member 1 takes over
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->primary = 2;
    copies_publish (&copies, -1);
    copies_run (&copies, 100);
    copies.reply_count = 0;
    copies_ask (&copies, 1, &incr);
    copies_run (&copies, 100);
    ck_assert_int_eq (copies_reply (&copies, 5)->number, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (an_empty_partition_moves)
{
    copies_t copies;
    s_open (&copies, 0);
    s_begin (&copies);
    copies_run (&copies, 300);
    ck_assert_uint_eq (copies.move.entries, 0);
    s_join (&copies);
    copies_close (&copies);
}
END_TEST

START_TEST (large_values_travel_in_parts)
{
    copies_t copies;
    s_open (&copies, 0);
    size_t size = 32u << 20;
    char *value = malloc (size + 1);
    memset (value, 'x', size);
    value[size] = 0;
    s_put (&copies, "map", "large", value, 0);
    value[size / 2] = 0;
    s_put (&copies, "map", "second", value, 0);
    s_put (&copies, "map", "small", "value", 0);
    s_begin (&copies);
    copies_run (&copies, 3000);
    ck_assert_uint_ge (copies.streamed, (size + size / 2) / REPLICA_MESSAGE_MAX);
    ck_assert_uint_le (copies.streamed_max, REPLICA_MESSAGE_MAX + 128);
    s_join (&copies);
    ck_assert_uint_eq (entry_value (s_entry (&copies, 1, "map", "large")).size, size);
    free (value);
    copies_close (&copies);
}
END_TEST

START_TEST (whatever_its_size_and_whatever_is_lost)
{
    static const uint64_t sizes[] = { 60, 200, 1000, 5000 };
    unsigned random = 7;
    for (size_t which = 0; which < sizeof sizes / sizeof sizes[0]; which++) {
        copies_t copies;
        s_open (&copies, sizes[which]);
        char map[8], key[16], value[1200];
        for (unsigned step = 0; step < 2000; step++) {
            if (step == 600)
                s_begin (&copies);
            random = random * 1103515245 + 12345;
            snprintf (map, sizeof map, "m%u", (random >> 8) % 7);
            snprintf (key, sizeof key, "k%u", (random >> 12) % 150);
            memset (value, 'v', sizeof value);
            value[(random >> 16) % (sizeof value - 1)] = 0;
            op_t op = step < 600 || random >> 29 < 3 ? OP_PUT : random >> 29 < 5 ? OP_DEL : OP_PEXPIRE;
            copies_ask (&copies, 0,
                        &(copies_ask_t) { .op = op,
                                          .id = step + 1,
                                          .map = map,
                                          .key = key,
                                          .value = op == OP_PEXPIRE ? "1000000" : value,
                                          .session = 1 + (int) step % 20 });
            copies.reply_count = 0;
            if (random % 11 == 0)
                copies_lose (&copies);
            else if (step > 600 && step % 4 == 0)
                copies_run (&copies, 5);
        }
        copies_run (&copies, 5000);
        ck_assert_uint_le (copies.streamed_max, (sizes[which] < 3000 ? 3000 : sizes[which]) + 20000);
        s_join (&copies);
        copies_close (&copies);
    }
}
END_TEST

START_TEST (maps_come_and_go_meanwhile)
{
    copies_t copies;
    s_open (&copies, 100);
    char key[16];
    for (unsigned at = 0; at < 200; at++) {
        snprintf (key, sizeof key, "k%u", at);
        s_put (&copies, at % 2 ? "goes" : "stays", key, "value", 0);
    }
    copies.room = 1000;
    s_begin (&copies);
    copies_run (&copies, 25);
    ck_assert_int_eq (copies.move.state, MOVE_SNAPSHOT);
    copies.room = SIZE_MAX;
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DESTROY, .map = "goes", .id = 1 });
    s_put (&copies, "goes", "again", "value", 0);
    s_put (&copies, "comes", "key", "value", 0);
    copies_run (&copies, 1000);
    s_join (&copies);
    ck_assert (s_entry (&copies, 1, "goes", "again") && s_entry (&copies, 1, "comes", "key"));
    ck_assert (!s_entry (&copies, 1, "goes", "k1") && s_entry (&copies, 1, "stays", "k2"));
    copies_close (&copies);
}
END_TEST

START_TEST (the_pace_and_a_pause_are_no_fault_of_the_learner)
{
    copies_t copies;
    s_open (&copies, 100);
    char key[16];
    for (unsigned at = 0; at < 50; at++) {
        snprintf (key, sizeof key, "k%u", at);
        s_put (&copies, "map", key, "value", 0);
    }
    copies.room = 0;
    s_begin (&copies);
    copies_run (&copies, 10000);
    ck_assert_int_eq (copies.move.state, MOVE_SNAPSHOT);
    ck_assert_uint_eq (copies.streamed, 0);
    copies.room = 1; // One batch
    storage_stream (copies.storage[0], copies.now);
    ck_assert_uint_eq (copies.streamed, 1);
    copies_run (&copies, 10000);
    ck_assert_uint_eq (copies.streamed, 1);
    copies.room = SIZE_MAX;
    copies.view->moves_paused = 1;
    copies_publish (&copies, -1);
    copies_run (&copies, 10000);
    ck_assert_uint_eq (copies.streamed, 1);
    ck_assert_uint_eq (copies.asked[PEER_DROP_LEARNER], 0);
    //  A copy that is missing is made even then
    copies.view->copies = 2;
    copies_publish (&copies, -1);
    copies_run (&copies, 1000);
    s_join (&copies);
    copies_close (&copies);
}
END_TEST

START_TEST (a_silent_learner_costs_a_few_batches_and_is_given_up)
{
    copies_t copies;
    s_open (&copies, 1000);
    char key[16];
    for (unsigned at = 0; at < 5000; at++) {
        snprintf (key, sizeof key, "k%u", at);
        s_put (&copies, "map", key, "some value", 0);
    }
    copies.room = 10000;
    s_begin (&copies);
    copies_run (&copies, 15);
    ck_assert_int_eq (copies.move.state, MOVE_SNAPSHOT);
    unsigned before = copies.streamed;
    copies.room = SIZE_MAX;
    copies.cut[1][0] = true;
    copies_run (&copies, 10000);
    ck_assert_uint_gt (copies.asked[PEER_DROP_LEARNER], 0);
    ck_assert_uint_le (copies.streamed - before, REPLICA_CHUNKS * 40);
    ck_assert_uint_le (copies.move.bytes, REPLICA_CHUNKS * 1000 * 12);
    //  The view says so, and nothing of it counts
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->learner = 0;
    copies_publish (&copies, -1);
    ck_assert_uint_eq (copies.states[MOVE_ABORTED], 1);
    ck_assert_uint_eq (storage_moves (copies.storage[0], NULL, 0), 0);
    copies_close (&copies);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Batches that are none

typedef struct {
    uint64_t partition, epoch, snapshot, index, flags;
    node_id_t from;
    bytes_t bytes;
} s_batch_t;

static void
s_send (copies_t *copies, const s_batch_t *batch, size_t cut_off)
{
    buf_t out = BUF_INIT;
    peer_begin (&out, &(peer_head_t) { copies->view->cluster, batch->from, 2 });
    wire_add_array (&out, 7);
    wire_add_uint (&out, PEER_SNAP_CHUNK);
    wire_add_uint (&out, batch->partition);
    wire_add_uint (&out, batch->epoch);
    wire_add_uint (&out, batch->snapshot);
    wire_add_uint (&out, batch->index);
    wire_add_uint (&out, batch->flags);
    wire_add_bytes (&out, batch->bytes);
    storage_peer (copies->storage[1], bytes_of (out.data, out.size - cut_off), copies->now);
    storage_flush (copies->storage[1], copies->now);
    buf_clear (&out);
}

static uint64_t
s_refused (copies_t *copies)
{
    const stats_t *stats = storage_stats (copies->storage[1]);
    return stats->peer_refused + stats->peer_stale;
}

START_TEST (what_is_no_batch_changes_nothing)
{
    copies_t copies;
    s_open (&copies, 0);
    s_put (&copies, "map", "key", "value", 0);
    copies.room = 0;
    s_begin (&copies);
    copies_run (&copies, 50);
    ck_assert_int_eq (copies.move.state, MOVE_SNAPSHOT);
    buf_t chunk = BUF_INIT, huge = BUF_INIT;
    chunk_add_map (&chunk, &(chunk_map_t) { bytes_str ("map"), 1 });
    chunk_add_entry (&chunk, &(chunk_entry_t) { bytes_str ("evil"), bytes_str ("v"), 1, 0, 0 });
    buf_add (&huge, chunk.data, chunk.size);
    while (huge.size <= REPLICA_CHUNK_MAX)
        chunk_add_entry (&huge,
                         &(chunk_entry_t) { bytes_str ("evil"), bytes_str ("vvvvvvvvvvvvvvvv"), 1, 0, 0 });
    bytes_t whole = buf_bytes (&chunk);
    s_batch_t good = { 0, 2, 1, 1, 0, 1, whole };
    s_batch_t bad[] = { { 0, 2, 1, 2, 0, 1, whole }, // Out of order
                        { 0, 2, 1, 0, 0, 1, whole },
                        { 0, 3, 1, 1, 0, 1, whole }, // Another epoch
                        { 0, 1, 1, 1, 0, 1, whole },
                        { 0, 2, 2, 1, 0, 1, whole }, // Another snapshot
                        { 0, 2, 1, 1, 0, 2, whole }, // Not from the primary
                        { 0, 2, 1, 1, 0, 9, whole }, // From nobody
                        { 9, 2, 1, 1, 0, 1, whole }, // No such partition
                        { 0, 2, 1, 1, 0, 1, bytes_of (chunk.data, chunk.size - 1) },
                        { 0, 2, 1, 1, 0, 1, bytes_of (chunk.data + 1, chunk.size - 1) },
                        { 0, 2, 1, 1, 0, 1, buf_bytes (&huge) },
                        { 0, 2, 1, 1, CHUNK_MORE, 1, buf_bytes (&huge) },
                        { 0, 2, 1, 1, CHUNK_SESSIONS, 1, buf_bytes (&huge) },
                        { 0, 2, 1, 1, CHUNK_SESSIONS | CHUNK_MORE, 1, whole } };
    uint64_t digest = storage_partition_digest (copies.storage[1], 0);
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        uint64_t before = s_refused (&copies);
        s_send (&copies, &bad[at], 0);
        ck_assert_msg (s_refused (&copies) > before, "batch %zu is not counted", at);
        ck_assert_uint_eq (storage_partition_digest (copies.storage[1], 0), digest);
    }
    for (size_t cut_off = 1; cut_off < chunk.size; cut_off++) {
        uint64_t before = s_refused (&copies);
        s_send (&copies, &good, cut_off);
        ck_assert_uint_gt (s_refused (&copies), before);
        ck_assert_uint_eq (storage_partition_digest (copies.storage[1], 0), digest);
    }
    //  Nothing of it is in the way of what is right
    copies.room = SIZE_MAX;
    copies_run (&copies, 300);
    s_join (&copies);
    buf_clear (&chunk);
    buf_clear (&huge);
    copies_close (&copies);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("moving");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, items_of_a_chunk_are_read_as_they_were_written);
    tcase_add_test (all, a_copy_takes_every_step_and_everything_with_it);
    tcase_add_test (all, an_empty_partition_moves);
    tcase_add_test (all, large_values_travel_in_parts);
    tcase_add_test (all, whatever_its_size_and_whatever_is_lost);
    tcase_add_test (all, maps_come_and_go_meanwhile);
    tcase_add_test (all, the_pace_and_a_pause_are_no_fault_of_the_learner);
    tcase_add_test (all, a_silent_learner_costs_a_few_batches_and_is_given_up);
    tcase_add_test (all, what_is_no_batch_changes_nothing);
    suite_add_tcase (suite, all);
    return suite;
}

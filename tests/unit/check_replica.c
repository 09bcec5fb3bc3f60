//  replica: copies of one partition agree, whatever is lost, and say nothing before it is so.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/copies.h"
#include "lib/rig.h"
#include "lib/test.h"

static storage_config_t
s_config (void)
{
    return rig_config (1, 1);
}

static void
s_put (copies_t *copies, int index, uint64_t id, const char *key, const char *value)
{
    copies_ask (copies, index, &(copies_ask_t) { .op = OP_PUT, .id = id, .key = key, .value = value });
}

static void
s_get (copies_t *copies, int index, uint64_t id, const char *key)
{
    copies_ask (copies, index, &(copies_ask_t) { .op = OP_GET, .id = id, .key = key });
}

static unsigned
s_status (const copies_t *copies, uint64_t id)
{
    const copies_reply_t *reply = copies_reply (copies, id);
    return reply ? reply->status : 999;
}

#define WAITS 999

static void
s_check_equal (copies_t *copies, int first, int second)
{
    partition_state_t a = storage_partition_state (copies->storage[first], 0);
    partition_state_t b = storage_partition_state (copies->storage[second], 0);
    ck_assert_uint_eq (a.last, b.last);
    ck_assert_uint_eq (a.commit, a.last);
    ck_assert_uint_eq (b.commit, a.commit);
    ck_assert_uint_eq (storage_partition_digest (copies->storage[first], 0),
                       storage_partition_digest (copies->storage[second], 0));
}

START_TEST (a_write_is_told_when_every_copy_in_sync_has_it)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 3, 3, &config);
    copies_run (&copies, 100);
    copies.cut[0][2] = true;
    s_put (&copies, 0, 1, "key", "value");
    copies_pump (&copies);
    ck_assert_uint_eq (s_status (&copies, 1), WAITS);
    //  What is not committed is not read, nor is its absence
    s_get (&copies, 0, 2, "key");
    ck_assert_uint_eq (s_status (&copies, 2), WAITS);
    s_get (&copies, 0, 3, "other");
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_NOTFOUND);
    copies.cut[0][2] = false;
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_OK);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_OK);
    ck_assert_str_eq (copies_reply (&copies, 2)->text, "value");
    s_check_equal (&copies, 0, 1);
    s_check_equal (&copies, 0, 2);
    //  A removal that is not committed is not told by absence either
    copies.cut[0][1] = true;
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DEL, .id = 4, .key = "key" });
    s_get (&copies, 0, 5, "key");
    copies_pump (&copies);
    ck_assert_uint_eq (s_status (&copies, 5), WAITS);
    copies.cut[0][1] = false;
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 5), ZGRID_NOTFOUND);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (others_are_sent_to_the_primary)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 3, 2, &config);
    s_get (&copies, 1, 1, "key");
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_MOVED);
    s_put (&copies, 2, 2, "key", "v");
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_MOVED);
    ck_assert_str_eq (copies_reply (&copies, 2)->owner, "tcp://127.0.0.1:1000");
    //  A backup answers those who do not mind
    s_put (&copies, 0, 3, "key", "v");
    copies_run (&copies, 200);
    copies_ask (&copies, 1, &(copies_ask_t) { .op = OP_GET, .id = 4, .key = "key", .read = "stale" });
    ck_assert_uint_eq (s_status (&copies, 4), ZGRID_OK);
    ck_assert_uint_eq (copies_reply (&copies, 4)->seq, 1);
    ck_assert_uint_le (copies_reply (&copies, 4)->age, 1000); // Heard of it every second, however idle
    copies_run (&copies, 2500);
    copies_ask (&copies, 1, &(copies_ask_t) { .op = OP_GET, .id = 5, .key = "key", .read = "stale" });
    ck_assert_uint_le (copies_reply (&copies, 5)->age, 1100);
    copies_close (&copies);
}
END_TEST

START_TEST (without_a_lease_nothing_is_read)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 2, 1, &config);
    s_put (&copies, 0, 1, "key", "value");
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_OK);
    lease_set (&copies.lease[0], copies.now + 50, 1);
    s_get (&copies, 0, 2, "key");
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_OK);
    //  It ends between the lookup and the reply; a single copy commits nothing then, either
    copies.settle_delay = 60;
    s_get (&copies, 0, 3, "key");
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_TRYAGAIN);
    copies.settle_delay = 0;
    lease_set (&copies.lease[0], copies.now + 50, 1);
    copies.settle_delay = 60;
    s_put (&copies, 0, 4, "key", "second");
    ck_assert_uint_eq (s_status (&copies, 4), WAITS);
    copies.settle_delay = 0;
    s_get (&copies, 0, 5, "key");
    ck_assert_uint_eq (s_status (&copies, 5), ZGRID_TRYAGAIN);
    //  A lease of a generation that this view does not know is none
    lease_set (&copies.lease[0], copies.now + 1000, 2);
    s_get (&copies, 0, 6, "key");
    ck_assert_uint_eq (s_status (&copies, 6), ZGRID_TRYAGAIN);
    lease_set (&copies.lease[0], copies.now + 1000, 1);
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_status (&copies, 4), ZGRID_OK);
    copies_close (&copies);
}
END_TEST

START_TEST (what_is_lost_is_sent_again)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 2, 2, &config);
    for (uint64_t id = 1; id <= 50; id++) {
        char key[8];
        snprintf (key, sizeof key, "k%u", (unsigned) id % 7);
        s_put (&copies, 0, id, key, "value");
        if (id % 3)
            copies_lose (&copies);
        else
            copies_run (&copies, 5);
    }
    copies_run (&copies, 300);
    for (uint64_t id = 1; id <= 50; id++)
        ck_assert_uint_eq (s_status (&copies, id), ZGRID_OK);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

//  Member 1 takes over from member 0.
static void
s_fail_over (copies_t *copies)
{
    part_t *part = copies_part (copies);
    part->epoch++;
    part->primary = 2;
    part->reps_count = 0;
    for (int index = 1; index < copies->count; index++)
        part->reps[part->reps_count++] = (node_id_t) index + 1;
    for (int index = 0; index < copies->count; index++)
        copies->cut[0][index] = copies->cut[index][0] = true;
    for (int index = 1; index < copies->count; index++)
        copies_publish (copies, index);
}

START_TEST (a_backup_that_takes_over_has_everything_that_was_told)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 3, 3, &config);
    copies_run (&copies, 100);
    s_put (&copies, 0, 1, "a", "1");
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_OK);
    //  An entry that only one backup has
    copies.cut[0][2] = true;
    s_put (&copies, 0, 2, "b", "2");
    copies_pump (&copies);
    s_fail_over (&copies);
    copies_run (&copies, 200);
    s_get (&copies, 1, 3, "a");
    s_get (&copies, 1, 4, "b");
    copies_run (&copies, 50);
    ck_assert_str_eq (copies_reply (&copies, 3)->text, "1");
    ck_assert_str_eq (copies_reply (&copies, 4)->text, "2");
    s_check_equal (&copies, 1, 2);
    copies_close (&copies);
}
END_TEST

START_TEST (an_entry_that_the_new_primary_never_had_is_cut_off)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 3, 3, &config);
    copies_run (&copies, 100);
    copies.cut[0][1] = true;
    s_put (&copies, 0, 1, "b", "2"); // Reaches member 2 only
    copies_pump (&copies);
    s_fail_over (&copies);
    copies_run (&copies, 200);
    s_put (&copies, 1, 2, "c", "3");
    copies_run (&copies, 100);
    s_get (&copies, 1, 3, "b");
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_NOTFOUND);
    s_check_equal (&copies, 1, 2);
    //  The old primary learns of it: what waited there is in doubt
    copies_publish (&copies, 0);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_MAYBE);
    copies_close (&copies);
}
END_TEST

START_TEST (a_request_of_a_session_runs_once_whoever_is_asked)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 3, 3, &config);
    copies_ask_t incr = { .op = OP_INCR, .id = 1, .key = "n", .session = 1 };
    copies_ask (&copies, 0, &incr);
    copies_ask (&copies, 0, &incr);
    copies_run (&copies, 100);
    ck_assert_uint_eq (copies.reply_count, 2);
    ck_assert_int_eq (copies.replies[0].number, 1);
    ck_assert_int_eq (copies.replies[1].number, 1);
    //  A condition that failed stays failed
    copies_ask_t cas = { .op = OP_CAS, .id = 2, .key = "c", .ifeq = "x", .value = "y", .session = 1 };
    copies_ask (&copies, 0, &cas);
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_MISMATCH);
    s_put (&copies, 0, 3, "c", "x");
    copies_run (&copies, 100);
    s_fail_over (&copies);
    copies_run (&copies, 100);
    copies.reply_count = 0;
    copies_ask (&copies, 1, &incr);
    copies_ask (&copies, 1, &cas);
    copies_run (&copies, 100);
    ck_assert_int_eq (copies_reply (&copies, 1)->number, 1);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_MISMATCH);
    copies_ask (&copies, 1, &(copies_ask_t) { .op = OP_INCR, .id = 9, .key = "n", .session = 1, .ack = 9 });
    copies_run (&copies, 50);
    ck_assert_int_eq (copies_reply (&copies, 9)->number, 2);
    copies_ask (&copies, 1, &incr);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_STALE_REQUEST);
    s_check_equal (&copies, 1, 2);
    //  Eras later it is forgotten, and known to be
    copies.view->era = 3;
    copies_publish (&copies, -1);
    copies_run (&copies, 100);
    copies_ask (&copies, 1, &(copies_ask_t) { .op = OP_INCR, .id = 10, .key = "n", .session = 1 });
    ck_assert_uint_eq (s_status (&copies, 10), ZGRID_SESSION_EXPIRED);
    s_check_equal (&copies, 1, 2);
    ck_assert_uint_eq (storage_partition_state (copies.storage[2], 0).sessions, 0);
    copies_close (&copies);
}
END_TEST

//  Its port had another cluster's member once, whose client comes back to it.
START_TEST (nothing_is_executed_under_the_session_of_another_cluster)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 3, 3, &config);
    copies_ask (&copies, 0,
                &(copies_ask_t) { .op = OP_INCR, .id = 1, .key = "n", .session = 1, .foreign = true });
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_SESSION_EXPIRED);
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_INCR, .id = 2, .key = "n", .session = 1 });
    copies_run (&copies, 100);
    ck_assert_int_eq (copies_reply (&copies, 2)->number, 1);
    ck_assert_uint_eq (storage_partition_state (copies.storage[0], 0).sessions, 1);
    copies_close (&copies);
}
END_TEST

//  A learner is member 2; the first two are in sync.
static void
s_add_learner (copies_t *copies)
{
    part_t *part = copies_part (copies);
    part->epoch++;
    part->learner = 3;
    copies_publish (copies, -1);
}

START_TEST (a_learner_gets_everything_while_writes_go_on)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 3, 2, &config);
    copies_run (&copies, 50);
    uint64_t id = 1;
    static char big[60];
    memset (big, 'v', sizeof big - 1);
    char key[16], map[8];
    for (unsigned at = 0; at < 6000; at++) { // Several chunks
        snprintf (key, sizeof key, "k%u", at);
        snprintf (map, sizeof map, "m%u", at % 3);
        copies_ask (&copies, 0,
                    &(copies_ask_t) { .op = OP_PUT, .id = id, .map = map, .key = key, .value = big });
        if (at % 100 == 0)
            copies_pump (&copies);
        copies.reply_count = 0;
    }
    copies_run (&copies, 100);
    s_add_learner (&copies);
    unsigned random = 1;
    for (int round = 0; round < 200 && !copies.asked[PEER_JOIN]; round++) {
        for (int at = 0; at < 5; at++) {
            random = random * 1103515245 + 12345;
            snprintf (key, sizeof key, "k%u", (random >> 8) % 6000);
            snprintf (map, sizeof map, "m%u", (random >> 8) % 3);
            op_t op = (random >> 24) % 3 == 0 ? OP_DEL : (random >> 24) % 3 == 1 ? OP_PUT : OP_PEXPIRE;
            copies_ask (&copies, 0,
                        &(copies_ask_t) { .op = op,
                                          .id = id,
                                          .map = map,
                                          .key = key,
                                          .value = op == OP_PEXPIRE ? "100000" : "new",
                                          .session = 1 + at });
            id++;
        }
        if (round == 10)
            copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DESTROY, .map = "m1", .id = id++ });
        if (round % 4 == 1) // Parts of it are lost
            copies_lose (&copies);
        copies.reply_count = 0;
        copies_run (&copies, 5);
    }
    ck_assert (copies.asked[PEER_JOIN] > 0);
    ck_assert_uint_eq (copies.asked_node, 3);
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->learner = 0;
    part->reps[part->reps_count++] = 3;
    copies_publish (&copies, -1);
    copies_run (&copies, 200);
    s_check_equal (&copies, 0, 1);
    s_check_equal (&copies, 0, 2);
    storage_verify (copies.storage[2]);
    copies_close (&copies);
}
END_TEST

START_TEST (a_learner_without_room_is_given_up)
{
    copies_t copies;
    storage_config_t config = s_config (), small = s_config ();
    small.memory_limit = 20000;
    static char big[2000];
    memset (big, 'v', sizeof big - 1);
    char key[16];
    copies_open_each (&copies, 2, 1, (const storage_config_t *[]) { &config, &small });
    for (unsigned at = 0; at < 40; at++) {
        snprintf (key, sizeof key, "k%u", at);
        s_put (&copies, 0, at + 1, key, big);
    }
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->learner = 2;
    copies_publish (&copies, -1);
    copies_run (&copies, 500);
    ck_assert_uint_eq (copies.asked[PEER_JOIN], 0);
    ck_assert_uint_gt (copies.asked[PEER_DROP_LEARNER], 0);
    ck_assert_uint_gt (storage_stats (copies.storage[1])->nomem, 0);
    copies_close (&copies);
}
END_TEST

START_TEST (a_silent_backup_is_to_be_removed_by_the_primary_alone)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 2, 2, &config);
    copies_run (&copies, 3000);
    ck_assert_uint_eq (copies.asked[PEER_RECONF], 0); // Idle is not silent
    copies.cut[1][0] = true;                          // But this is, in one direction
    copies_run (&copies, 4500);
    ck_assert_uint_gt (copies.asked[PEER_RECONF], 0);
    copies.cut[1][0] = false;
    copies_run (&copies, 1500);
    copies.asked[PEER_RECONF] = 0;
    copies.cut[0][1] = true;
    s_put (&copies, 0, 1, "key", "v");
    copies_run (&copies, 900);
    ck_assert_uint_eq (copies.asked[PEER_RECONF], 0);
    copies_run (&copies, 300);
    ck_assert_uint_gt (copies.asked[PEER_RECONF], 0);
    ck_assert_uint_eq (copies.asked_node, 2);
    ck_assert_uint_eq (s_status (&copies, 1), WAITS);
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->reps_count = 1;
    copies_publish (&copies, 0);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_OK);
    copies_close (&copies);
}
END_TEST

START_TEST (a_handover_is_sealed_and_complete)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 2, 2, &config);
    copies_run (&copies, 100);
    s_put (&copies, 0, 1, "key", "v");
    storage_hand_over (copies.storage[0], 0, 1, 2);
    ck_assert (storage_partition_state (copies.storage[0], 0).sealed);
    s_put (&copies, 0, 2, "key", "w");
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_TRYAGAIN);
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_OK);
    ck_assert_uint_gt (copies.asked[PEER_HANDOVER], 0);
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->primary = 2;
    copies_publish (&copies, 1); // The old one does not know yet, and stays sealed
    s_put (&copies, 0, 3, "key", "x");
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_TRYAGAIN);
    s_get (&copies, 1, 4, "key");
    copies_run (&copies, 50);
    ck_assert_str_eq (copies_reply (&copies, 4)->text, "v");
    copies_publish (&copies, 0);
    s_put (&copies, 0, 5, "key", "y");
    ck_assert_uint_eq (s_status (&copies, 5), ZGRID_MOVED);
    s_put (&copies, 1, 6, "key", "z");
    copies_run (&copies, 200);
    ck_assert_uint_eq (s_status (&copies, 6), ZGRID_OK);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (a_large_entry_travels_in_parts)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 2, 2, &config);
    copies_run (&copies, 50);
    size_t size = 9u << 20;
    char *value = malloc (size + 1);
    memset (value, 'x', size);
    value[size] = 0;
    s_put (&copies, 0, 1, "key", value);
    copies_lose (&copies);
    copies_run (&copies, 2000);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_OK);
    s_check_equal (&copies, 0, 1);
    ck_assert_uint_eq (copies.asked[PEER_RECONF], 0);
    free (value);
    copies_close (&copies);
}
END_TEST

START_TEST (the_log_is_bounded)
{
    copies_t copies;
    storage_config_t config = s_config ();
    config.log_records = 10;
    copies_open (&copies, 2, 2, &config);
    copies_run (&copies, 50);
    copies.cut[0][1] = true;
    for (uint64_t id = 1; id <= 12; id++)
        s_put (&copies, 0, id, "key", "v");
    ck_assert_uint_eq (s_status (&copies, 10), WAITS);
    ck_assert_uint_eq (s_status (&copies, 11), ZGRID_BUSY);
    copies.cut[0][1] = false;
    copies_run (&copies, 200);
    ck_assert_uint_eq (s_status (&copies, 10), ZGRID_OK);
    s_put (&copies, 0, 13, "key", "v");
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_status (&copies, 13), ZGRID_OK);
    copies_close (&copies);
}
END_TEST

START_TEST (confirmed_reads_and_expiry_go_through_the_log)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 2, 2, &config);
    copies_run (&copies, 50);
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_PUT, .id = 1, .key = "key", .value = "v", .px = 500 });
    copies_run (&copies, 50);
    copies.cut[0][1] = true;
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_GET, .id = 2, .key = "key", .read = "confirm" });
    copies_pump (&copies);
    ck_assert_uint_eq (s_status (&copies, 2), WAITS);
    copies.cut[0][1] = false;
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_OK);
    copies_run (&copies, 300);
    copies.cut[0][1] = true;
    copies_run (&copies, 100);
    s_get (&copies, 0, 3, "key"); // Over: told when the removal is committed
    ck_assert_uint_eq (s_status (&copies, 3), WAITS);
    copies.cut[0][1] = false;
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_NOTFOUND);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (forged_and_old_messages_change_nothing)
{
    copies_t copies;
    storage_config_t config = s_config ();
    copies_open (&copies, 2, 2, &config);
    copies_run (&copies, 50);
    s_put (&copies, 0, 1, "key", "v");
    ck_assert_uint_gt (copies.message_count, 0);
    copies_message_t *message = &copies.messages[0];
    uint8_t *copy = malloc (message->size);
    memcpy (copy, message->bytes, message->size);
    size_t size = message->size;
    copies_run (&copies, 50);
    uint64_t digest = storage_partition_digest (copies.storage[1], 0);
    uint64_t refused = storage_stats (copies.storage[1])->peer_refused;
    //  Every truncation, and every byte changed
    for (size_t at = 0; at < size; at++) {
        storage_peer (copies.storage[1], bytes_of (copy, at), copies.now);
        uint8_t byte = copy[at];
        copy[at] ^= 0x41;
        storage_peer (copies.storage[1], bytes_of (copy, size), copies.now);
        copy[at] = byte;
    }
    ck_assert_uint_gt (storage_stats (copies.storage[1])->peer_refused, refused);
    storage_peer (copies.storage[1], bytes_of (copy, size), copies.now); // Replayed
    ck_assert_uint_eq (storage_partition_digest (copies.storage[1], 0), digest);
    storage_flush (copies.storage[1], copies.now);
    free (copy);
    copies_close (&copies);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("replica");
    TCase *tcase = tcase_create ("copies");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, a_write_is_told_when_every_copy_in_sync_has_it);
    tcase_add_test (tcase, others_are_sent_to_the_primary);
    tcase_add_test (tcase, without_a_lease_nothing_is_read);
    tcase_add_test (tcase, what_is_lost_is_sent_again);
    tcase_add_test (tcase, a_backup_that_takes_over_has_everything_that_was_told);
    tcase_add_test (tcase, an_entry_that_the_new_primary_never_had_is_cut_off);
    tcase_add_test (tcase, a_request_of_a_session_runs_once_whoever_is_asked);
    tcase_add_test (tcase, nothing_is_executed_under_the_session_of_another_cluster);
    tcase_add_test (tcase, a_learner_gets_everything_while_writes_go_on);
    tcase_add_test (tcase, a_learner_without_room_is_given_up);
    tcase_add_test (tcase, a_silent_backup_is_to_be_removed_by_the_primary_alone);
    tcase_add_test (tcase, a_handover_is_sealed_and_complete);
    tcase_add_test (tcase, a_large_entry_travels_in_parts);
    tcase_add_test (tcase, the_log_is_bounded);
    tcase_add_test (tcase, confirmed_reads_and_expiry_go_through_the_log);
    tcase_add_test (tcase, forged_and_old_messages_change_nothing);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  lock_copies: locks of one partition with its copies: who has one, who waits, and what becomes of both when
//  the partition changes hands.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/copies.h"
#include "lib/rig.h"
#include "lib/test.h"
#include "lock/lock.h"
#include "mem.h"
#include "replica/session_id.h"

#define WAITS 999

static void
s_open (copies_t *copies, int count, int reps)
{
    storage_config_t config = rig_config (1, 1);
    copies_open (copies, count, reps, &config);
    copies_run (copies, 100);
}

//  Session 0: none.
static void
s_lock (copies_t *copies, int index, uint64_t id, int session, uint64_t lease, uint64_t wait)
{
    copies_ask (copies, index,
                &(copies_ask_t) {
                    .op = OP_LOCK, .id = id, .key = "lock", .session = session, .px = lease, .wait = wait });
}

static void
s_unlock (copies_t *copies, int index, uint64_t id, uint64_t token)
{
    copies_ask (copies, index, &(copies_ask_t) { .op = OP_UNLOCK, .id = id, .key = "lock", .token = token });
}

static unsigned
s_status (const copies_t *copies, uint64_t id)
{
    const copies_reply_t *reply = copies_reply (copies, id);
    return reply ? reply->status : WAITS;
}

static uint64_t
s_token (const copies_t *copies, uint64_t id)
{
    const copies_reply_t *reply = copies_reply (copies, id);
    ck_assert_ptr_nonnull (reply);
    ck_assert_uint_eq (reply->status, ZGRID_OK);
    ck_assert_int_gt (reply->number, 0);
    ck_assert_uint_eq (reply->version, (uint64_t) reply->number);
    return (uint64_t) reply->number;
}

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

//  Number of the member that takes over; the old one is gone.
static void
s_fail_over (copies_t *copies, int to)
{
    for (int at = 0; at < copies->count; at++)
        copies->cut[0][at] = copies->cut[at][0] = true;
    part_t *part = copies_part (copies);
    part->epoch++;
    part->primary = (node_id_t) to + 1;
    part->reps_count = 0;
    for (int at = 1; at < copies->count; at++)
        part->reps[part->reps_count++] = (node_id_t) at + 1;
    for (int at = 1; at < copies->count; at++)
        copies_publish (copies, at);
}

START_TEST (waiters_are_granted_the_lock_in_their_order)
{
    copies_t copies;
    for (int reps = 1; reps <= 3; reps++) {
        s_open (&copies, reps, reps);
        s_lock (&copies, 0, 1, 1, 5000, 0);
        copies_run (&copies, 50);
        uint64_t token = s_token (&copies, 1);
        for (uint64_t id = 2; id <= 6; id++)
            s_lock (&copies, 0, id, (int) id, 5000, 10000);
        copies_run (&copies, 100);
        for (uint64_t id = 2; id <= 6; id++) {
            ck_assert_uint_eq (s_status (&copies, id), WAITS);
            s_unlock (&copies, 0, 100 + id, token);
            copies_run (&copies, 50);
            ck_assert_uint_eq (s_status (&copies, 100 + id), ZGRID_OK);
            ck_assert_uint_gt (s_token (&copies, id), token);
            token = s_token (&copies, id);
        }
        for (int index = 1; index < reps; index++)
            s_check_equal (&copies, 0, index);
        ck_assert_uint_eq (storage_stats (copies.storage[reps - 1])->locks, 1);
        copies_close (&copies);
    }
}
END_TEST

START_TEST (a_grant_is_told_when_every_copy_has_it)
{
    copies_t copies;
    s_open (&copies, 3, 3);
    s_lock (&copies, 0, 1, 1, 5000, 0);
    s_lock (&copies, 0, 2, 2, 5000, 9000);
    copies_run (&copies, 50);
    uint64_t token = s_token (&copies, 1);
    copies.cut[0][2] = true;
    s_unlock (&copies, 0, 3, token);
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 3), WAITS);
    ck_assert_uint_eq (s_status (&copies, 2), WAITS);
    //  What others are told of it waits, too
    s_lock (&copies, 0, 4, 0, 5000, 0);
    ck_assert_uint_eq (s_status (&copies, 4), WAITS);
    s_unlock (&copies, 0, 5, token);
    ck_assert_uint_eq (s_status (&copies, 5), WAITS);
    copies.cut[0][2] = false;
    copies_run (&copies, 100);
    ck_assert_uint_gt (s_token (&copies, 2), token);
    ck_assert_uint_eq (s_status (&copies, 4), ZGRID_LOCKED);
    ck_assert_uint_eq (s_status (&copies, 5), ZGRID_NOSUCHLOCK);
    copies_close (&copies);
}
END_TEST

START_TEST (a_lease_ends_in_time_and_not_before)
{
    copies_t copies;
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 500, 0);
    s_lock (&copies, 0, 2, 2, 700, 9000);
    copies_run (&copies, 480);
    uint64_t first = s_token (&copies, 1);
    ck_assert_uint_eq (s_status (&copies, 2), WAITS);
    copies_run (&copies, 40);
    uint64_t second = s_token (&copies, 2);
    ck_assert_uint_gt (second, first);
    //  The first holder has lost it, and a lease can be made longer
    s_unlock (&copies, 0, 3, first);
    copies_ask (&copies, 0,
                &(copies_ask_t) { .op = OP_LEASE, .id = 4, .key = "lock", .token = second, .px = 2000 });
    copies_run (&copies, 1500);
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_NOSUCHLOCK);
    ck_assert_uint_eq (s_status (&copies, 4), ZGRID_OK);
    s_lock (&copies, 0, 5, 3, 1000, 0);
    copies_run (&copies, 20);
    ck_assert_uint_eq (s_status (&copies, 5), ZGRID_LOCKED);
    copies_run (&copies, 600);
    s_check_equal (&copies, 0, 1);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->locks, 0);
    ck_assert_uint_eq (storage_stats (copies.storage[0])->lock_expired, 2);
    copies_close (&copies);
}
END_TEST

START_TEST (a_wait_ends_and_leaves_the_queue_to_others)
{
    copies_t copies;
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 5000, 0);
    s_lock (&copies, 0, 2, 2, 5000, 200);
    s_lock (&copies, 0, 3, 3, 5000, 4000);
    copies_run (&copies, 190);
    ck_assert_uint_eq (s_status (&copies, 2), WAITS);
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_LOCKED);
    //  Sent again it does not wait again
    s_lock (&copies, 0, 2, 2, 5000, 4000);
    s_unlock (&copies, 0, 4, s_token (&copies, 1));
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_LOCKED);
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_OK);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (a_request_sent_again_gets_what_it_got)
{
    copies_t copies;
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 5000, 0);
    copies_run (&copies, 50);
    uint64_t token = s_token (&copies, 1);
    copies.reply_count = 0;
    s_lock (&copies, 0, 1, 1, 5000, 0);
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_token (&copies, 1), token);
    //  Who waits, waits once
    for (int times = 0; times < 3; times++)
        s_lock (&copies, 0, 2, 2, 5000, 9000);
    copies_run (&copies, 50);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->lock_waiters, 1);
    ck_assert_uint_eq (storage_stats (copies.storage[0])->parked, 1);
    copies.reply_count = 0;
    s_unlock (&copies, 0, 3, token);
    copies_run (&copies, 50);
    ck_assert_uint_eq (copies.reply_count, 2); // One for each, whatever was sent again
    uint64_t second = s_token (&copies, 2);
    s_unlock (&copies, 0, 4, second);
    copies.reply_count = 0;
    s_lock (&copies, 0, 2, 2, 5000, 9000);
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_token (&copies, 2), second);
    ck_assert_uint_eq (storage_stats (copies.storage[0])->locks, 0); // And is not granted again
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (a_new_primary_keeps_leases_and_the_queue)
{
    copies_t copies;
    s_open (&copies, 3, 3);
    s_lock (&copies, 0, 1, 1, 10000, 0);
    for (uint64_t id = 2; id <= 5; id++)
        s_lock (&copies, 0, id, id == 4 ? 0 : (int) id, 5000, 30000);
    copies_run (&copies, 3000);
    uint64_t token = s_token (&copies, 1);
    s_fail_over (&copies, 1);
    //  They come back in another order, but for one
    s_lock (&copies, 1, 5, 5, 5000, 30000);
    s_lock (&copies, 1, 3, 3, 5000, 30000);
    copies_run (&copies, 2500);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->lock_waiters, 2);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->lock_lost, 2);
    ck_assert_uint_eq (s_status (&copies, 3), WAITS);
    //  The lease goes on from what was left: not earlier, not anew
    copies_run (&copies, 4400);
    ck_assert_uint_eq (s_status (&copies, 3), WAITS);
    copies_run (&copies, 200);
    ck_assert_uint_gt (s_token (&copies, 3), token);
    s_unlock (&copies, 1, 9, s_token (&copies, 3));
    copies_run (&copies, 100);
    ck_assert_uint_gt (s_token (&copies, 5), s_token (&copies, 3));
    s_check_equal (&copies, 1, 2);
    copies_close (&copies);
}
END_TEST

START_TEST (nobody_overtakes_a_place_that_may_be_asked_for_again)
{
    copies_t copies;
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 20000, 0);
    s_lock (&copies, 0, 2, 2, 5000, 30000);
    copies_run (&copies, 100);
    uint64_t token = s_token (&copies, 1);
    s_fail_over (&copies, 1);
    copies_run (&copies, 20);
    s_unlock (&copies, 1, 3, token);
    s_lock (&copies, 1, 4, 4, 5000, 30000);
    s_lock (&copies, 1, 5, 5, 5000, 0);
    copies_run (&copies, 500);
    ck_assert_uint_eq (s_status (&copies, 4), WAITS);
    ck_assert_uint_eq (s_status (&copies, 5), ZGRID_LOCKED);
    s_lock (&copies, 1, 2, 2, 5000, 30000);
    copies_run (&copies, 50);
    ck_assert_uint_gt (s_token (&copies, 2), token);
    ck_assert_uint_eq (s_status (&copies, 4), WAITS);
    copies_close (&copies);
    //  And if it is not asked for, the next one has it after two seconds
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 20000, 0);
    s_lock (&copies, 0, 2, 2, 5000, 30000);
    copies_run (&copies, 100);
    token = s_token (&copies, 1);
    s_fail_over (&copies, 1);
    copies_run (&copies, 20);
    s_unlock (&copies, 1, 3, token);
    s_lock (&copies, 1, 4, 4, 5000, 30000);
    copies_run (&copies, LOCK_REATTACH - 100);
    ck_assert_uint_eq (s_status (&copies, 4), WAITS);
    copies_run (&copies, 150);
    ck_assert_uint_gt (s_token (&copies, 4), token);
    copies_close (&copies);
}
END_TEST

static void
s_take_learner (copies_t *copies, int index)
{
    part_t *part = copies_part (copies);
    part->epoch++;
    part->learner = (node_id_t) index + 1;
    copies_publish (copies, -1);
    for (int step = 0; step < 400 && copies->asked[PEER_JOIN] == 0; step++)
        copies_run (copies, 5);
    ck_assert_uint_gt (copies->asked[PEER_JOIN], 0);
    part->epoch++;
    part->learner = 0;
    part->reps[part->reps_count++] = (node_id_t) index + 1;
    copies_publish (copies, -1);
    copies_run (copies, 200);
}

START_TEST (locks_travel_to_a_learner_while_they_change)
{
    copies_t copies;
    s_open (&copies, 2, 1);
    s_lock (&copies, 0, 1, 1, 20000, 0);
    s_lock (&copies, 0, 2, 2, 20000, 60000);
    s_lock (&copies, 0, 3, 3, 20000, 60000);
    copies_ask (&copies, 0,
                &(copies_ask_t) { .op = OP_PUT, .id = 4, .key = "fenced", .value = "v", .fence = 12 });
    copies_run (&copies, 20);
    uint64_t token = s_token (&copies, 1);
    //  The snapshot has begun, and no chunk may leave yet
    copies.room = 0;
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->learner = 2;
    copies_publish (&copies, -1);
    copies_run (&copies, 100);
    s_unlock (&copies, 0, 5, token);
    s_lock (&copies, 0, 6, 6, 20000, 60000);
    copies_run (&copies, 100);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_OK);
    ck_assert_uint_eq (copies.asked[PEER_JOIN], 0);
    copies.room = SIZE_MAX;
    storage_stream (copies.storage[0], copies.now);
    s_unlock (&copies, 0, 7, s_token (&copies, 2));
    s_lock (&copies, 0, 8, 8, 20000, 60000);
    s_take_learner (&copies, 1);
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_OK);
    s_check_equal (&copies, 0, 1);
    const stats_t *stats = storage_stats (copies.storage[1]);
    ck_assert_uint_eq (stats->locks, 1);
    ck_assert_uint_eq (stats->lock_waiters, 2);
    ck_assert_uint_eq (stats->lock_floors, 1);
    //  It knows what was granted to whom, and goes on counting
    s_fail_over (&copies, 1);
    copies_run (&copies, 20);
    copies.reply_count = 0;
    s_lock (&copies, 1, 3, 3, 20000, 60000);
    copies_run (&copies, 20);
    token = s_token (&copies, 3);
    s_lock (&copies, 1, 8, 8, 20000, 60000);
    s_lock (&copies, 1, 6, 6, 20000, 60000);
    s_unlock (&copies, 1, 9, token);
    copies_run (&copies, 20);
    ck_assert_uint_gt (s_token (&copies, 6), token);
    ck_assert_uint_eq (s_status (&copies, 8), WAITS);
    copies_close (&copies);
}
END_TEST

START_TEST (who_waits_at_the_old_owner_is_sent_to_the_new_one)
{
    copies_t copies;
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 20000, 0);
    s_lock (&copies, 0, 2, 2, 20000, 60000);
    s_lock (&copies, 0, 3, 3, 20000, 60000);
    copies_run (&copies, 100);
    uint64_t token = s_token (&copies, 1);
    storage_hand_over (copies.storage[0], 0, copies_part (&copies)->epoch, 2);
    copies_run (&copies, 50);
    ck_assert_uint_gt (copies.asked[PEER_HANDOVER], 0);
    //  Sealed: nothing changes, and who waits goes on waiting
    s_unlock (&copies, 0, 4, token);
    ck_assert_uint_eq (s_status (&copies, 4), ZGRID_TRYAGAIN);
    ck_assert_uint_eq (s_status (&copies, 2), WAITS);
    copies_part (&copies)->epoch++;
    copies_part (&copies)->primary = 2;
    copies_publish (&copies, -1);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_MOVED);
    ck_assert_str_eq (copies_reply (&copies, 3)->owner, "tcp://127.0.0.1:1001");
    ck_assert_uint_eq (storage_stats (copies.storage[0])->parked, 0);
    s_lock (&copies, 1, 3, 3, 20000, 60000);
    s_lock (&copies, 1, 2, 2, 20000, 60000);
    s_unlock (&copies, 1, 4, token);
    copies_run (&copies, 100);
    ck_assert_uint_gt (s_token (&copies, 2), token);
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_MOVED);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (tokens_grow_across_the_loss_of_all_data)
{
    copies_t copies;
    s_open (&copies, 2, 1);
    s_lock (&copies, 0, 1, 1, 20000, 0);
    copies_run (&copies, 20);
    uint64_t token = s_token (&copies, 1);
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->primary = part->reps[0] = 2;
    copies_publish (&copies, -1);
    copies_run (&copies, 20);
    s_lock (&copies, 1, 2, 2, 20000, 0);
    copies_run (&copies, 20);
    ck_assert_uint_gt (s_token (&copies, 2), token);
    ck_assert_uint_eq (s_token (&copies, 2) >> LOCK_COUNT_BITS, 2);
    copies_close (&copies);
}
END_TEST

START_TEST (a_thousand_waiters_cost_nothing_while_they_wait)
{
    enum { COUNT = 1000 };
    copies_t copies;
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 60000, 0);
    for (uint64_t id = 2; id < COUNT + 2; id++) {
        s_lock (&copies, 0, id, (int) id, 1000, 60000);
        copies_pump (&copies);
    }
    copies_run (&copies, 100);
    partition_state_t before = storage_partition_state (copies.storage[0], 0);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->lock_waiters, COUNT);
    copies_run (&copies, 10000);
    ck_assert_uint_eq (storage_partition_state (copies.storage[0], 0).last, before.last);
    uint64_t token = s_token (&copies, 1);
    for (uint64_t id = 2; id < COUNT + 2; id++) {
        s_unlock (&copies, 0, 10000, token);
        copies_pump (&copies);
        ck_assert_uint_gt (s_token (&copies, id), token);
        token = s_token (&copies, id);
        if (copies.reply_count > COPIES_REPLIES - 10)
            copies.reply_count = 0;
    }
    copies_run (&copies, 100);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

//  A LOCK under a session of that number, while the n-th allocation and all after it fail. True: it waits.
static bool
s_lock_without_memory (copies_t *copies, uint64_t n)
{
    uint8_t session[SESSION_SIZE] = { 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t) n };
    session_issuer_t issuer = { .node = 8, .issued = (uint32_t) n };
    ck_assert (session_issue (&issuer, copies->view->cluster, 1, session));
    options_t options = { .given = OPT_session | OPT_wait,
                          .session = value_bytes (bytes_of (session, sizeof session)),
                          .wait = LOCK_WAIT_MAX };
    buf_t body = BUF_INIT, out = BUF_INIT, attached = BUF_INIT;
    bytes_t key = bytes_str ("lock"), route = bytes_str ("route");
    value_t none = value_nil ();
    wire_begin (&body);
    wire_request (&body, 1000 + n, OP_LOCK, bytes_str ("map"), &key, &none, &options);
    ck_assert (buf_reserve (&out, 1000));
    batch_t batch = { .attached = &attached,
                      .moment = { copies->now, 1700000000000 },
                      .body_size = body.size,
                      .tag = 7,
                      .before = &route,
                      .before_count = 1 };
    ck_assert (wire_open (buf_bytes (&body), &batch.reader));
    mem_fail_at (n);
    ck_assert (!storage_batch (copies->storage[0], &batch, &out, 1000));
    mem_fail_at (0);
    bool waits = out.size == 0;
    ck_assert_uint_eq (batch.parked, waits);
    reply_t reply = { .status = 0 };
    mp_t reader = mp_of (buf_bytes (&out));
    ck_assert (waits || (wire_next_reply (&reader, &reply) == WIRE_RECORD && reply.status == ZGRID_NOMEM));
    storage_flush (copies->storage[0], copies->now);
    buf_clear (&body);
    buf_clear (&out);
    return waits;
}

START_TEST (without_memory_nobody_waits_by_halves)
{
    copies_t copies;
    s_open (&copies, 2, 2);
    s_lock (&copies, 0, 1, 1, 60000, 0);
    copies_run (&copies, 50);
    unsigned waiters = 0;
    for (uint64_t n = 1; n < 40; n++) {
        waiters += s_lock_without_memory (&copies, n);
        copies_run (&copies, 10);
        storage_verify (copies.storage[0]);
        ck_assert_uint_eq (storage_stats (copies.storage[0])->lock_waiters, waiters);
        ck_assert_uint_eq (storage_stats (copies.storage[0])->parked, waiters);
    }
    ck_assert_uint_gt (waiters, 20);
    ck_assert_uint_lt (waiters, 39);
    copies_run (&copies, 50);
    s_check_equal (&copies, 0, 1);
    copies_close (&copies);
}
END_TEST

START_TEST (fences_hold_on_every_copy)
{
    copies_t copies;
    s_open (&copies, 3, 3);
    copies_ask (&copies, 0,
                &(copies_ask_t) { .op = OP_PUT, .id = 1, .key = "lock", .value = "new", .fence = 7 });
    copies_run (&copies, 50);
    s_fail_over (&copies, 2);
    copies_run (&copies, 50);
    copies_ask (&copies, 2,
                &(copies_ask_t) { .op = OP_PUT, .id = 2, .key = "lock", .value = "old", .fence = 6 });
    copies_ask (&copies, 2, &(copies_ask_t) { .op = OP_DEL, .id = 3, .key = "lock", .fence = 7 });
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_status (&copies, 1), ZGRID_OK);
    ck_assert_uint_eq (s_status (&copies, 2), ZGRID_FENCED);
    ck_assert_uint_eq (s_status (&copies, 3), ZGRID_OK);
    //  The entry is gone, what was seen is not
    copies_ask (&copies, 2,
                &(copies_ask_t) { .op = OP_PUT, .id = 4, .key = "lock", .value = "old", .fence = 6 });
    copies_run (&copies, 50);
    ck_assert_uint_eq (s_status (&copies, 4), ZGRID_FENCED);
    s_check_equal (&copies, 1, 2);
    copies_close (&copies);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("lock_copies");
    TCase *tcase = tcase_create ("locks and copies");
    tcase_set_timeout (tcase, 60);
    tcase_add_test (tcase, waiters_are_granted_the_lock_in_their_order);
    tcase_add_test (tcase, a_grant_is_told_when_every_copy_has_it);
    tcase_add_test (tcase, a_lease_ends_in_time_and_not_before);
    tcase_add_test (tcase, a_wait_ends_and_leaves_the_queue_to_others);
    tcase_add_test (tcase, a_request_sent_again_gets_what_it_got);
    tcase_add_test (tcase, a_new_primary_keeps_leases_and_the_queue);
    tcase_add_test (tcase, nobody_overtakes_a_place_that_may_be_asked_for_again);
    tcase_add_test (tcase, locks_travel_to_a_learner_while_they_change);
    tcase_add_test (tcase, who_waits_at_the_old_owner_is_sent_to_the_new_one);
    tcase_add_test (tcase, tokens_grow_across_the_loss_of_all_data);
    tcase_add_test (tcase, a_thousand_waiters_cost_nothing_while_they_wait);
    tcase_add_test (tcase, without_memory_nobody_waits_by_halves);
    tcase_add_test (tcase, fences_hold_on_every_copy);
    suite_add_tcase (suite, tcase);
    return suite;
}

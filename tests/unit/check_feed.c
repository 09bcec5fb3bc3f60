//  feed: what was committed is told in order, nothing else is, and what is lost is counted; whatever
//  becomes of copies and of memory.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/view.h"
#include "feed.h"
#include "lib/copies.h"
#include "lib/rig.h"
#include "lib/test.h"
#include "mem.h"
#include "replica/effect.h"
#include "slot.h"

static feed_t *s_feed;

static uint64_t
s_roll (uint64_t *dice, uint64_t sides)
{
    *dice = *dice * 6364136223846793005 + 1442695040888963407;
    return (*dice >> 33) % sides;
}

static void
s_set_up (void)
{
    s_feed = feed_new (1u << 20);
    ck_assert_ptr_nonnull (s_feed);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    feed_destroy (&s_feed);
}

static feed_change_t
s_change (uint64_t number, size_t key_size)
{
    static uint8_t s_key[5000];
    memset (s_key, (int) (number & 0xff), sizeof s_key);
    return (feed_change_t) { .kind = (uint8_t) (number % 4),
                             .reason = (uint8_t) (number % 3),
                             .repeat = number % 5 == 0,
                             .partition = (uint32_t) number * 7,
                             .version = number << 30,
                             .number = number,
                             .map = bytes_str (number % 2 ? "map" : ""),
                             .key = bytes_of (s_key, key_size) };
}

static void
s_check (const feed_change_t *is, uint64_t number, size_t key_size)
{
    feed_change_t wanted = s_change (number, key_size);
    ck_assert (is->kind == wanted.kind && is->reason == wanted.reason && is->repeat == wanted.repeat);
    ck_assert (is->partition == wanted.partition && is->version == wanted.version
               && is->number == wanted.number);
    ck_assert (bytes_equal (is->map, wanted.map) && bytes_equal (is->key, wanted.key));
}

START_TEST (a_feed_is_a_bounded_queue_that_says_what_it_lost)
{
    enum { MOST = 20000 };
    feed_t *feed = feed_new (MOST);
    uint64_t added = 0, taken = 0, dice = 3;
    size_t sizes[256], waiting = 0; // By number, of those that wait
    for (int step = 0; step < 200000; step++) {
        feed_change_t change;
        if (s_roll (&dice, 5) < 3) {
            size_t size = s_roll (&dice, 10) ? s_roll (&dice, 40) : s_roll (&dice, 5000);
            change = s_change (added + 1, size);
            feed_add (feed, &change);
            uint64_t lost = feed_take_lost (feed);
            if (lost) { // Only where it was nearly full, with whatever a change needs beside its bytes
                ck_assert_uint_eq (lost, 1);
                ck_assert_uint_gt (waiting + size + 128, MOST);
                continue;
            }
            sizes[++added % 256] = size;
            waiting += size + change.map.size + 40;
            continue;
        }
        bool any = feed_next (feed, &change);
        ck_assert (any == (taken < added));
        if (any && added - taken < 256)
            s_check (&change, taken + 1, sizes[(taken + 1) % 256]);
        if (any) {
            taken++;
            waiting -= change.key.size + change.map.size + 40;
        }
    }
    ck_assert_uint_gt (taken, 10000);
    feed_destroy (&feed);
    feed_destroy (&feed);
}
END_TEST

START_TEST (after_a_loss_nothing_is_kept_until_somebody_has_seen_it)
{
    feed_t *feed = feed_new (1000);
    feed_change_t large = s_change (1, 2000), small = s_change (2, 10);
    feed_add (feed, &small);
    feed_add (feed, &large);
    feed_add (feed, &small);
    ck_assert (feed_next (feed, &small));
    s_check (&small, 2, 10);
    ck_assert (!feed_next (feed, &small));
    ck_assert_uint_eq (feed_take_lost (feed), 2);
    ck_assert_uint_eq (feed_take_lost (feed), 0);
    small = s_change (3, 10);
    feed_add (feed, &small);
    ck_assert (feed_next (feed, &small));
    s_check (&small, 3, 10);
    //  Without memory it is the same
    mem_fail_at (1);
    large = s_change (4, 900);
    feed_add (feed, &large);
    mem_fail_at (0);
    ck_assert (!feed_next (feed, &small));
    ck_assert_uint_eq (feed_take_lost (feed), 1);
    feed_destroy (&feed);
    mem_fail_at (1);
    ck_assert_ptr_null (feed_new (1000));
    mem_fail_at (0);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Alone: what is told, done to a model, gives what the storage has

#define S_KEYS 60

static rig_t s_rig;
static uint64_t s_versions[S_KEYS]; // 0: absent
static unsigned s_reasons[REMOVAL_EVICTED + 1];

static void
s_follow (void)
{
    feed_change_t change;
    while (feed_next (s_feed, &change)) {
        ck_assert (bytes_equal (change.map, bytes_str ("m")) && !change.repeat && change.number == 0);
        if (change.kind == FEED_DESTROY) {
            for (size_t key = 0; key < S_KEYS; key++) {
                char text[16];
                snprintf (text, sizeof text, "k%zu", key);
                ask_t ask = rig_words (OP_GET, text, NULL, "");
                if (slot_partition (slot_of_key (ask.key), s_rig.partitions) == change.partition)
                    s_versions[key] = 0;
            }
            continue;
        }
        char text[16];
        snprintf (text, sizeof text, "%.*s", (int) change.key.size, (const char *) change.key.data);
        size_t key = (size_t) strtoul (text + 1, NULL, 10);
        ck_assert_uint_lt (key, S_KEYS);
        ck_assert (change.kind == FEED_PUT || change.kind == FEED_REMOVE);
        s_versions[key] = change.kind == FEED_PUT ? change.version : 0;
        if (change.kind == FEED_REMOVE)
            s_reasons[change.reason]++;
    }
    ck_assert_uint_eq (feed_take_lost (s_feed), 0);
}

static void
s_do_anything (uint64_t *dice)
{
    static const op_t s_ops[] = { OP_PUT,  OP_PUT,    OP_PUT,     OP_DEL,     OP_GETDEL, OP_APPEND,
                                  OP_INCR, OP_GETPUT, OP_PEXPIRE, OP_PERSIST, OP_GET,    OP_TOUCH };
    static const char *const s_options[] = { "", "", "", "nx", "xx", "px=50", "px=5000", "ifversion=3" };
    char key[16];
    snprintf (key, sizeof key, "k%u", (unsigned) s_roll (dice, S_KEYS));
    op_t op = s_ops[s_roll (dice, sizeof s_ops / sizeof s_ops[0])];
    bool plain = op != OP_PUT;
    const char *value = op == OP_PEXPIRE ? "40" : op == OP_INCR ? "1" : "17";
    rig_do (&s_rig, op, key, value, plain ? "" : s_options[s_roll (dice, 8)]);
}

START_TEST (what_is_told_gives_what_is_there)
{
    uint64_t dice = 5;
    rig_open (&s_rig, 1, 5);
    memset (s_versions, 0, sizeof s_versions);
    memset (s_reasons, 0, sizeof s_reasons);
    storage_feed (s_rig.storage[0], s_feed);
    rig_do (&s_rig, OP_PUT, "k0", "v", "");
    feed_change_t none;
    ck_assert (!feed_next (s_feed, &none)); // Nobody wants it yet
    rig_do (&s_rig, OP_DEL, "k0", NULL, "");
    storage_feed_all (s_rig.storage[0], true);
    for (int step = 0; step < 30000; step++) {
        s_do_anything (&dice);
        if (s_roll (&dice, 20) == 0)
            rig_pass (&s_rig, s_roll (&dice, 200));
        if (s_roll (&dice, 2000) == 0) {
            char option[32];
            snprintf (option, sizeof option, "partition=%u", (unsigned) s_roll (&dice, 5));
            rig_do (&s_rig, OP_DESTROY, NULL, NULL, option);
        }
        s_follow ();
        if (step % 100)
            continue;
        for (size_t key = 0; key < S_KEYS; key++) {
            char text[16];
            snprintf (text, sizeof text, "k%zu", key);
            answer_t answer = rig_do (&s_rig, OP_GET, text, NULL, ""); // May find that its time is over
            s_follow ();
            ck_assert_uint_eq (answer.status == ZGRID_OK ? answer.version : 0, s_versions[key]);
        }
    }
    ck_assert_uint_gt (s_reasons[REMOVAL_DELETED], 1000);
    ck_assert_uint_gt (s_reasons[REMOVAL_EXPIRED], 100);
    ck_assert_uint_eq (s_reasons[REMOVAL_EXPIRED], rig_stats (&s_rig).expired);
    //  And nobody any more
    storage_feed_all (s_rig.storage[0], false);
    rig_do (&s_rig, OP_PUT, "k1", "v", "");
    ck_assert (!feed_next (s_feed, &none));
    rig_close (&s_rig);
}
END_TEST

START_TEST (eviction_is_told_as_such)
{
    storage_config_t config = rig_config (1, 1);
    config.memory_limit = 200000;
    config.policy = MAP_POLICY_LRU;
    ck_assert (rig_open_with (&s_rig, &config, NULL));
    storage_feed (s_rig.storage[0], s_feed);
    storage_feed_all (s_rig.storage[0], true);
    uint64_t evicted = 0;
    for (unsigned number = 0; number < 3000; number++) {
        char key[16];
        snprintf (key, sizeof key, "k%u", number);
        rig_do (&s_rig, OP_PUT, key, "a value of some bytes, so that there is an end to it", "");
        feed_change_t change;
        while (feed_next (s_feed, &change))
            if (change.kind == FEED_REMOVE) {
                ck_assert_uint_eq (change.reason, REMOVAL_EVICTED);
                evicted++;
            }
    }
    ck_assert_uint_gt (evicted, 100);
    ck_assert_uint_eq (evicted, rig_stats (&s_rig).evicted);
    rig_close (&s_rig);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  With copies

static feed_t *s_feeds[COPIES_MAX];

static void
s_open (copies_t *copies, int reps)
{
    static storage_config_t s_config;
    s_config = rig_config (1, 1);
    copies_open (copies, 3, reps, &s_config);
    for (int index = 0; index < 3; index++) {
        s_feeds[index] = feed_new (1u << 20);
        storage_feed (copies->storage[index], s_feeds[index]);
        storage_feed_all (copies->storage[index], true);
    }
    copies_run (copies, 100);
}

static void
s_close (copies_t *copies)
{
    copies_close (copies);
    for (int index = 0; index < 3; index++)
        feed_destroy (&s_feeds[index]);
}

static void
s_put (copies_t *copies, int index, const char *key)
{
    copies_ask (copies, index, &(copies_ask_t) { .op = OP_PUT, .id = 1, .key = key, .value = "v" });
}

//  What one of them has told since: "a" for a put of a, "-a" for its removal (with the reason's number
//  behind it, unless it was asked for), "!" for the partition, "?" before what may have been told.
static const char *
s_told (int index)
{
    static char s_text[1000];
    feed_change_t change;
    size_t size = 0;
    s_text[0] = 0;
    while (feed_next (s_feeds[index], &change) && size < sizeof s_text - 100) {
        size += (size_t) snprintf (s_text + size, sizeof s_text - size, "%s%s%s%.*s", size ? " " : "",
                                   change.repeat ? "?" : "",
                                   change.kind == FEED_GONE                                    ? "!"
                                   : change.kind == FEED_REMOVE || change.kind == FEED_DESTROY ? "-"
                                                                                               : "",
                                   (int) change.key.size, (const char *) change.key.data);
        if (change.reason)
            size += (size_t) snprintf (s_text + size, sizeof s_text - size, "%u", change.reason);
    }
    ck_assert_uint_eq (feed_take_lost (s_feeds[index]), 0);
    return s_text;
}

START_TEST (nothing_is_told_before_it_is_committed)
{
    copies_t copies;
    s_open (&copies, 3);
    copies.cut[0][2] = true;
    s_put (&copies, 0, "a");
    s_put (&copies, 0, "b");
    copies_pump (&copies);
    ck_assert_str_eq (s_told (0), "");
    copies.cut[0][2] = false;
    copies_run (&copies, 100);
    ck_assert_str_eq (s_told (0), "a b");
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DEL, .id = 2, .key = "a" });
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DEL, .id = 3, .key = "none" });
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_PUT, .id = 4, .key = "t", .value = "v", .px = 10 });
    ck_assert_str_eq (s_told (0), "");
    copies_run (&copies, 100);
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_GET, .id = 5, .key = "t" });
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DESTROY, .id = 6 });
    copies_run (&copies, 100);
    ck_assert_str_eq (s_told (0), "-a t -t1 -");
    //  The others tell nothing: they are not the owner
    ck_assert_str_eq (s_told (1), "");
    ck_assert_str_eq (s_told (2), "");
    s_close (&copies);
}
END_TEST

//  Member 1 becomes primary; the old one is heard or not.
static void
s_next_owner (copies_t *copies, bool alive)
{
    part_t *part = copies_part (copies);
    part->epoch++;
    part->primary = 2;
    for (int index = 0; !alive && index < 3; index++)
        copies->cut[0][index] = copies->cut[index][0] = true;
    if (!alive) {
        part->reps_count = 2;
        part->reps[0] = 2;
        part->reps[1] = 3;
    }
    for (int index = alive ? 0 : 1; index < 3; index++)
        copies_publish (copies, index);
    copies_run (copies, 100);
}

START_TEST (a_failover_tells_what_was_under_way_and_that_it_may_be_known)
{
    copies_t copies;
    s_open (&copies, 3);
    s_put (&copies, 0, "a");
    copies_run (&copies, 50);
    ck_assert_str_eq (s_told (0), "a");
    //  Committed and told by the old primary, but the others have not heard that it is
    s_put (&copies, 0, "b");
    copies_pump (&copies);
    ck_assert_str_eq (s_told (0), "b");
    copies.cut[0][2] = true; // This one is not committed
    s_put (&copies, 0, "c");
    copies_pump (&copies);
    ck_assert_str_eq (s_told (0), "");
    s_next_owner (&copies, false);
    s_put (&copies, 1, "d");
    copies_run (&copies, 100);
    const char *told = s_told (1);
    ck_assert_msg (strcmp (told, "?b ?c d") == 0 || strcmp (told, "?c d") == 0, "%s", told);
    ck_assert_str_eq (s_told (2), "");
    s_close (&copies);
}
END_TEST

START_TEST (a_handover_loses_nothing_and_tells_nothing_twice)
{
    copies_t copies;
    s_open (&copies, 3);
    s_put (&copies, 0, "a");
    copies_run (&copies, 50);
    s_put (&copies, 0, "b");
    storage_hand_over (copies.storage[0], 0, 1, 2);
    copies_run (&copies, 200);
    ck_assert_uint_gt (copies.asked[PEER_HANDOVER], 0);
    ck_assert_str_eq (s_told (0), "a ! b"); // Who tracks is told before anything can change elsewhere
    s_next_owner (&copies, true);
    s_put (&copies, 1, "c");
    copies_run (&copies, 100);
    ck_assert_str_eq (s_told (1), "c");
    ck_assert_str_eq (s_told (0), "!");
    s_close (&copies);
}
END_TEST

START_TEST (maps_tell_the_events_that_they_have_been_given)
{
    copies_t copies;
    s_open (&copies, 2);
    for (int index = 0; index < 3; index++)
        storage_feed_all (copies.storage[index], false);
    map_settings_t settings = *view_map (copies.view, bytes_str ("map"));
    snprintf (settings.name, sizeof settings.name, "map");
    settings.events = MAP_EVENT_DELETE | MAP_EVENT_EXPIRE;
    ck_assert (view_set_map (copies.view, &settings));
    copies_publish (&copies, -1);
    s_put (&copies, 0, "a");
    copies_ask (&copies, 0,
                &(copies_ask_t) { .op = OP_PUT, .map = "other", .id = 2, .key = "x", .value = "v" });
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DEL, .map = "other", .id = 3, .key = "x" });
    for (unsigned count = 1; count <= 3; count++) {
        s_put (&copies, 0, "a");
        copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DEL, .id = 4, .key = "a" });
    }
    copies_run (&copies, 50);
    feed_change_t change;
    for (unsigned count = 1; count <= 3; count++) {
        ck_assert (feed_next (s_feeds[0], &change));
        ck_assert (change.kind == FEED_REMOVE && change.number == count);
    }
    ck_assert (!feed_next (s_feeds[0], &change));
    settings.events = 0;
    ck_assert (view_set_map (copies.view, &settings));
    copies_publish (&copies, -1);
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DEL, .id = 5, .key = "a" });
    s_put (&copies, 0, "a");
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_DEL, .id = 6, .key = "a" });
    copies_run (&copies, 50);
    ck_assert (!feed_next (s_feeds[0], &change));
    s_close (&copies);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("feed");
    TCase *tcase = tcase_create ("changes");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, a_feed_is_a_bounded_queue_that_says_what_it_lost);
    tcase_add_test (tcase, after_a_loss_nothing_is_kept_until_somebody_has_seen_it);
    tcase_add_test (tcase, what_is_told_gives_what_is_there);
    tcase_add_test (tcase, eviction_is_told_as_such);
    tcase_add_test (tcase, nothing_is_told_before_it_is_committed);
    tcase_add_test (tcase, a_failover_tells_what_was_under_way_and_that_it_may_be_known);
    tcase_add_test (tcase, a_handover_loses_nothing_and_tells_nothing_twice);
    tcase_add_test (tcase, maps_tell_the_events_that_they_have_been_given);
    suite_add_tcase (suite, tcase);
    return suite;
}

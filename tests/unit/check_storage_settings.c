//  check_storage_settings: what the settings of a map do to its entries: the usual TTL, and idle entries
//  that go. Nothing of it depends on the wall clock.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/copies.h"
#include "lib/rig.h"
#include "lib/test.h"
#include "storage_impl.h"

#define MINUTE UINT64_C (60000)
#define HOUR (60 * MINUTE)

static lease_t s_lease;
static view_t *s_view;

//  A new version of the view: map "m" with these settings.
static void
s_settings (rig_t *rig, uint64_t ttl, uint64_t idle)
{
    map_settings_t map = { .name = "m", .min_sync = 1, .ttl = ttl, .idle = idle };
    ck_assert (view_set_map (s_view, &map));
    s_view->version++;
    ck_assert (storage_set_view (rig->storage[0], s_view, rig->moment.now));
}

//  One node, alone in its cluster.
static void
s_open (rig_t *rig, uint64_t ttl, uint64_t idle)
{
    rig_open (rig, 1, 3);
    rig->moment.now += 3 * HOUR;
    lease_set (&s_lease, LEASE_FOREVER, 1);
    storage_join (rig->storage[0], 1, &s_lease, &(storage_port_t) { .arg = NULL });
    s_view = view_new (3);
    member_t member = { .id = 1, .weight = 100, .actors = 1, .generation = 1 };
    ck_assert (s_view && view_add_member (s_view, &member));
    s_view->cluster = 7;
    for (unsigned at = 0; at < 3; at++)
        s_view->parts[at] = (part_t) { .epoch = 1, .primary = 1, .reps_count = 1, .reps = { 1 } };
    s_settings (rig, ttl, idle);
}

static void
s_close (rig_t *rig)
{
    rig_verify (rig);
    rig_close (rig);
    view_destroy (&s_view);
}

//  The TTL of an entry; -1: none; -2: no entry.
static int64_t
s_ttl (rig_t *rig, const char *key)
{
    answer_t answer = rig_do (rig, OP_TTL, key, NULL, "");
    return answer.status == ZGRID_OK ? answer.value.integer : -2;
}

static bool
s_has (rig_t *rig, const char *key)
{
    return rig_do (rig, OP_EXISTS, key, NULL, "").status == ZGRID_OK;
}

START_TEST (what_is_stored_without_a_ttl_gets_that_of_its_map)
{
    rig_t rig;
    s_open (&rig, MINUTE, 0);
    //  The first one makes the map here
    rig_do (&rig, OP_PUT, "a", "1", "");
    ck_assert_int_eq (s_ttl (&rig, "a"), MINUTE);
    static const struct {
        op_t op;
        const char *value, *options;
        int64_t ttl;
    } s_stored[] = {
        { OP_PUT, "1", "", MINUTE },         { OP_PUT, "1", "px=5", 5 },
        { OP_PUT, "1", "ex=7", 7000 },       { OP_PUT, "1", "keepttl", MINUTE },
        { OP_PUT, "1", "nx", MINUTE },       { OP_INCR, NULL, "", MINUTE },
        { OP_DECR, "5", "px=9", 9 },         { OP_INCRBYFLOAT, "1.5", "", MINUTE },
        { OP_GETPUT, "1", "", MINUTE },      { OP_APPEND, "1", "", MINUTE },
        { OP_CAS, "1", "ifeq=nil", MINUTE }, { OP_CAS, "1", "ifeq=nil px=8", 8 },
    };
    for (size_t at = 0; at < sizeof s_stored / sizeof *s_stored; at++) {
        rig_do (&rig, OP_DEL, "k", NULL, "");
        answer_t answer = rig_do (&rig, s_stored[at].op, "k", s_stored[at].value, s_stored[at].options);
        ck_assert_uint_eq (answer.status, ZGRID_OK);
        ck_assert_msg (s_ttl (&rig, "k") == s_stored[at].ttl, "%zu: %lld", at, (long long) s_ttl (&rig, "k"));
    }
    rig_pass (&rig, MINUTE - 1);
    ck_assert (s_has (&rig, "a"));
    rig_pass (&rig, 1);
    ck_assert (!s_has (&rig, "a"));
    s_close (&rig);
}
END_TEST

START_TEST (what_keeps_its_ttl_keeps_none_as_well)
{
    rig_t rig;
    s_open (&rig, 0, 0);
    rig_do (&rig, OP_PUT, "old", "1", "");
    rig_do (&rig, OP_PUT, "short", "1", "px=500");
    s_settings (&rig, MINUTE, 0);
    ck_assert_int_eq (s_ttl (&rig, "old"), -1); // What is there already stays as it is
    rig_do (&rig, OP_INCR, "old", NULL, "");
    rig_do (&rig, OP_APPEND, "old", "5", "");
    rig_do (&rig, OP_PUT, "old", "5", "keepttl");
    ck_assert_int_eq (s_ttl (&rig, "old"), -1);
    rig_do (&rig, OP_INCR, "short", NULL, "");
    ck_assert_int_eq (s_ttl (&rig, "short"), 500);
    rig_do (&rig, OP_PUT, "old", "5", "");
    ck_assert_int_eq (s_ttl (&rig, "old"), MINUTE);
    rig_do (&rig, OP_PERSIST, "old", NULL, "");
    rig_do (&rig, OP_INCR, "old", NULL, "");
    ck_assert_int_eq (s_ttl (&rig, "old"), -1);
    s_settings (&rig, 0, 0);
    rig_do (&rig, OP_PUT, "new", "1", "");
    ck_assert_int_eq (s_ttl (&rig, "new"), -1);
    //  Other maps have their own
    ask_t ask = rig_words (OP_PUT, "k", "v", "");
    ask.map = bytes_str ("other");
    s_settings (&rig, MINUTE, 0);
    ck_assert_uint_eq (rig_ask (&rig, &ask).status, ZGRID_OK);
    ask.op = OP_TTL;
    ck_assert_int_eq (rig_ask (&rig, &ask).value.integer, -1);
    s_close (&rig);
}
END_TEST

//  From whatever instant on, nothing goes before its time, and on access it is gone a second later.
START_TEST (idle_entries_go_in_time_and_never_early)
{
    rig_t rig;
    uint64_t idle = 5000 + 37 * (uint64_t) _i;
    s_open (&rig, 0, idle);
    rig.moment.now += idle + 10000 + 31 * (uint64_t) _i; // Long enough a primary
    rig_do (&rig, OP_PUT, "read", "v", "");
    rig_do (&rig, OP_PUT, "written", "1", "");
    rig_do (&rig, OP_PUT, "left", "v", "");
    rig_do (&rig, OP_PUT, "looked", "v", "");
    for (int round = 0; round < 4; round++) {
        rig.moment.now += idle - 1;
        ck_assert (s_has (&rig, "read") && s_has (&rig, "written"));
        ck_assert_msg (round > 0 || s_has (&rig, "left"), "it went early");
        ck_assert_uint_eq (rig_do (&rig, OP_GET, "read", NULL, "").status, ZGRID_OK);
        ck_assert_uint_eq (rig_do (&rig, OP_INCR, "written", NULL, "").status, ZGRID_OK);
        if (round == 0) {
            rig.moment.now += 1000;
            //  Neither EXISTS nor TTL is a use of an entry
            ck_assert (!s_has (&rig, "left") && s_ttl (&rig, "looked") == -2);
            rig.moment.now -= 1000;
        }
    }
    ck_assert_uint_eq (rig_stats (&rig).idled, 2);
    s_close (&rig);
}
END_TEST

static unsigned
s_scan (rig_t *rig)
{
    unsigned keys = 0;
    for (unsigned partition = 0; partition < 3; partition++) {
        char options[64];
        snprintf (options, sizeof options, "partition=%u count=10000", partition);
        answer_t answer = rig_do (rig, OP_SCAN, NULL, NULL, options);
        ck_assert_uint_eq (answer.status, ZGRID_OK);
        uint32_t count;
        mp_t reader = mp_of (answer.value.bytes);
        ck_assert (mp_array (&reader, &count));
        keys += count;
    }
    return keys;
}

START_TEST (idle_entries_give_their_memory_back_without_an_access)
{
    rig_t rig;
    char key[32];
    s_open (&rig, 0, 8000);
    rig_pass (&rig, 10000);
    for (int at = 0; at < 3000; at++) {
        snprintf (key, sizeof key, "key%d", at);
        rig_do (&rig, OP_PUT, key, "value", "");
    }
    rig_pass (&rig, 7000);
    ck_assert_uint_eq (rig_stats (&rig).entries, 3000);
    ck_assert_uint_eq (s_scan (&rig), 3000); // Looking at them is no use of them
    for (int at = 0; at < 10; at++) {
        snprintf (key, sizeof key, "key%d", at);
        rig_do (&rig, OP_GET, key, NULL, "");
    }
    rig.moment.now += 2000;
    ck_assert_uint_eq (s_scan (&rig), 10); // Hidden before they are removed
    ck_assert_uint_eq (rig_stats (&rig).entries, 3000);
    rig_pass (&rig, 2500); // A round
    ck_assert_uint_eq (rig_stats (&rig).entries, 10);
    ck_assert_uint_eq (rig_stats (&rig).idled, 2990);
    rig_pass (&rig, 9000);
    stats_t stats = rig_stats (&rig);
    ck_assert (stats.entries == 0 && stats.used_bytes == 0 && stats.expired == 0);
    s_close (&rig);
}
END_TEST

START_TEST (an_idle_time_that_is_taken_back_ends_at_once)
{
    rig_t rig;
    s_open (&rig, 0, 0);
    rig_do (&rig, OP_PUT, "k", "v", "");
    rig_pass (&rig, HOUR);
    ck_assert (s_has (&rig, "k"));
    s_settings (&rig, 0, MINUTE);
    rig_pass (&rig, 40000); // It is idle already: the sweep finds it
    ck_assert_uint_eq (rig_stats (&rig).entries, 0);
    rig_do (&rig, OP_PUT, "k", "v", "");
    s_settings (&rig, 0, 0);
    rig_pass (&rig, HOUR);
    ck_assert (s_has (&rig, "k"));
    s_close (&rig);
}
END_TEST

//  A reader's clock may be ahead of the batch that looks.
START_TEST (an_access_from_the_future_was_just_now)
{
    entry_t entry = { .life = entry_life (0, entry_clock (1000000)) };
    ck_assert_uint_eq (entry_age (&entry, entry_clock (1000000)), 0);
    ck_assert_uint_eq (entry_age (&entry, entry_clock (1000000 - 2000)), 0);
    ck_assert_uint_eq (entry_age (&entry, entry_clock (1000000 + 2560)), 10);
}
END_TEST

//  The wall clock goes back and forth by an hour: only what names a date knows of it, once, when it is asked.
START_TEST (no_entry_lives_by_the_wall_clock)
{
    rig_t rig;
    char option[32];
    s_open (&rig, MINUTE, 2 * MINUTE);
    rig_pass (&rig, 3 * MINUTE);
    uint64_t wall = rig.moment.wall;
    rig_do (&rig, OP_PUT, "usual", "v", "");
    rig_do (&rig, OP_PUT, "px", "v", "px=90000");
    rig_do (&rig, OP_PUT, "idle", "v", "ex=7200");
    snprintf (option, sizeof option, "pxat=%llu", (unsigned long long) (wall + 90000));
    rig_do (&rig, OP_PUT, "date", "v", option);
    for (int turn = 0; turn < 59; turn++) {
        rig.moment.wall = wall + (turn % 2 ? HOUR : 0) - (turn % 3 ? HOUR : 0);
        rig.moment.now += 1000;
        storage_clocks (rig.storage[0], rig.moment);
        storage_tick (rig.storage[0], rig.moment.now);
        int64_t passed = 1000 * (turn + 1);
        ck_assert_int_eq (s_ttl (&rig, "usual"), (int64_t) MINUTE - passed);
        ck_assert_int_eq (s_ttl (&rig, "px"), 90000 - passed);
        ck_assert_int_eq (s_ttl (&rig, "date"), 90000 - passed);
        ck_assert_int_eq (s_ttl (&rig, "idle"), 7200000 - passed);
    }
    //  What an hour ahead was to be in two minutes is long past an hour ahead, and far off an hour back
    snprintf (option, sizeof option, "pxat=%llu", (unsigned long long) (wall + 2 * MINUTE));
    rig.moment.wall = wall + HOUR;
    rig_do (&rig, OP_PUT, "past", "v", option);
    ck_assert_int_eq (s_ttl (&rig, "past"), -2);
    rig.moment.wall = wall - HOUR;
    rig_do (&rig, OP_PUT, "far", "v", option);
    ck_assert_int_eq (s_ttl (&rig, "far"), HOUR + 2 * MINUTE);
    rig.moment.now += 1000;
    ck_assert (s_ttl (&rig, "usual") == -2 && s_ttl (&rig, "px") == 30000 && s_has (&rig, "idle"));
    rig.moment.now += MINUTE + 1000;
    ck_assert (!s_has (&rig, "idle"));
    s_close (&rig);
}
END_TEST

//  One client invents names: the limit answers, and what they cost is bounded.
START_TEST (a_hundred_thousand_names_of_maps_meet_a_limit)
{
    rig_t rig;
    char name[32];
    unsigned made = 0, refused = 0;
    s_open (&rig, 0, 0);
    for (int at = 0; at < 100000; at++) {
        int size = snprintf (name, sizeof name, "map%d", at);
        ask_t ask = rig_words (at % 2 ? OP_PUT : OP_INCR, "k", at % 2 ? "v" : NULL, "");
        ask.map = bytes_of (name, (size_t) size);
        unsigned status = rig_ask (&rig, &ask).status;
        made += status == ZGRID_OK;
        refused += status == ZGRID_TOOBIG;
        //  Asking for what is in no map makes none
        ask.op = OP_GET;
        ask.map = bytes_of (name, (size_t) size - 1);
        rig_ask (&rig, &ask);
    }
    ck_assert (made == 1024 && refused == 100000 - 1024);
    ck_assert (rig_stats (&rig).maps == 1024 && rig_stats (&rig).entries == 1024);
    //  Those that are there go on
    ask_t ask = rig_words (OP_PUT, "more", "v", "");
    ask.map = bytes_str ("map7");
    ck_assert_uint_eq (rig_ask (&rig, &ask).status, ZGRID_OK);
    s_close (&rig);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Copies

static unsigned
s_get (copies_t *copies, int index, const char *read)
{
    static uint64_t s_id = 100;
    copies_ask (copies, index, &(copies_ask_t) { .op = OP_GET, .id = ++s_id, .key = "k", .read = read });
    copies_pump (copies);
    const copies_reply_t *reply = copies_reply (copies, s_id);
    return reply ? reply->status : 999;
}

//  -1: no answer, or none that is good.
static int64_t
s_idle (copies_t *copies, int index)
{
    static uint64_t s_id = 1000;
    copies_ask (copies, index, &(copies_ask_t) { .op = OP_IDLE, .id = ++s_id, .key = "k" });
    copies_pump (copies);
    const copies_reply_t *reply = copies_reply (copies, s_id);
    return reply && reply->status == ZGRID_OK ? reply->number : -1;
}

//  Accesses at the primary are not told to the others: they decide nothing, and after a take-over an entry
//  has its idle time once more.
START_TEST (only_the_primary_says_that_an_entry_is_idle)
{
    copies_t copies;
    storage_config_t config = rig_config (1, 1);
    copies_open (&copies, 2, 2, &config);
    map_settings_t map = { .name = "map", .min_sync = 1, .idle = 10000 };
    ck_assert (view_set_map (copies.view, &map));
    copies_publish (&copies, -1);
    copies_run (&copies, 100);
    copies_ask (&copies, 0, &(copies_ask_t) { .op = OP_PUT, .id = 1, .key = "k", .value = "v" });
    copies_run (&copies, 100);
    for (int round = 0; round < 5; round++) {
        copies.now += 8000;
        ck_assert_uint_eq (s_get (&copies, 0, NULL), ZGRID_OK);
        storage_tick (copies.storage[1], copies.now);
        ck_assert_uint_eq (storage_stats (copies.storage[1])->entries, 1);
    }
    int64_t idle = s_idle (&copies, 0);
    ck_assert (idle >= 0 && idle < 1000);
    //  Member 1 takes over: for it the entry has not been used for 40 seconds, or it does not know
    part_t *part = copies_part (&copies);
    part->epoch++;
    part->primary = 2;
    copies_publish (&copies, -1);
    copies_run (&copies, 2000);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->entries, 1);
    idle = s_idle (&copies, 1);
    ck_assert (idle > 1000 && idle <= 2000);
    for (int tick = 0; tick < 300; tick++)
        storage_tick (copies.storage[1], copies.now);
    copies.now += 8000 - 2000;
    ck_assert_uint_eq (s_get (&copies, 1, NULL), ZGRID_OK);
    copies.now += 11000;
    lease_set (&copies.lease[1], copies.now + 1000000, 1);
    copies_run (&copies, 100);
    for (int tick = 0; tick < 300; tick++)
        storage_tick (copies.storage[1], copies.now);
    copies_run (&copies, 100);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->idled, 1);
    ck_assert_uint_eq (storage_stats (copies.storage[1])->entries, 0);
    ck_assert_uint_eq (storage_stats (copies.storage[0])->idled, 0);
    ck_assert_uint_eq (storage_stats (copies.storage[0])->entries, 0); // Was told
    copies_close (&copies);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("storage_settings");
    TCase *tests = tcase_create ("storage_settings");
    tcase_set_timeout (tests, 60);
    tcase_add_test (tests, what_is_stored_without_a_ttl_gets_that_of_its_map);
    tcase_add_test (tests, what_keeps_its_ttl_keeps_none_as_well);
    tcase_add_loop_test (tests, idle_entries_go_in_time_and_never_early, 0, 20);
    tcase_add_test (tests, idle_entries_give_their_memory_back_without_an_access);
    tcase_add_test (tests, an_idle_time_that_is_taken_back_ends_at_once);
    tcase_add_test (tests, an_access_from_the_future_was_just_now);
    tcase_add_test (tests, no_entry_lives_by_the_wall_clock);
    tcase_add_test (tests, a_hundred_thousand_names_of_maps_meet_a_limit);
    tcase_add_test (tests, only_the_primary_says_that_an_entry_is_idle);
    suite_add_tcase (suite, tests);
    return suite;
}

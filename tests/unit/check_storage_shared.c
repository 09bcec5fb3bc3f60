//  check_storage_shared: local readers in real threads while the owner writes, grows, shrinks, moves
//  entries and destroys. Run it under ThreadSanitizer, too.
//  SPDX-License-Identifier: MPL-2.0
#include <pthread.h>
#include <stdio.h>

#include "lib/dice.h"
#include "lib/test.h"
#include "slot.h"

#define S_PARTITIONS 3
#define S_READERS 2
#define S_STAY 200  // Keys that are always there
#define S_KEYS 6000 // All

static rig_t s_rig;
static epochs_t *s_epochs;
static _Atomic bool s_over;
static _Atomic uint64_t s_found, s_reads;

static void
s_set_up (void)
{
    storage_config_t config = rig_config (1, S_PARTITIONS);
    s_epochs = epochs_new (S_READERS);
    ck_assert (rig_open_with (&s_rig, &config, s_epochs));
    storage_set_readers (s_rig.storage[0], true);
}

static void
s_tear_down (void)
{
    rig_verify (&s_rig);
    rig_close (&s_rig);
    epochs_destroy (&s_epochs);
}

static uint64_t
s_clock (void)
{
    return 1000000; // Before every deadline
}

static shared_t
s_look (const map_t *map, bytes_t key)
{
    storage_t *storage = s_rig.storage[0];
    uint32_t partition = slot_partition (slot_of_key (key), S_PARTITIONS);
    uint64_t hash = storage_hash (storage, key);
    storage_place_t *place = storage_place (storage, map, partition);
    index_hint_t hint;
    storage_prefetch_shared (place, hash, 0, &hint);
    storage_prefetch_shared (place, hash, 1, &hint);
    return storage_find_shared (place, hash, key, &hint, storage_clock (storage), s_clock);
}

START_TEST (a_reader_sees_what_was_stored)
{
    ck_assert_ptr_null (storage_map (s_rig.storage[0], bytes_str ("m")));
    rig_do (&s_rig, OP_PUT, "a", "1", "");
    const map_t *map = storage_map (s_rig.storage[0], bytes_str ("m"));
    ck_assert_ptr_nonnull (map);
    int place = epochs_join (s_epochs);
    epochs_enter (s_epochs, place);
    shared_t shared = s_look (map, bytes_str ("a"));
    ck_assert_int_eq (shared.status, ZGRID_OK);
    ck_assert (bytes_equal (entry_value (shared.entry), bytes_str ("1")));
    ck_assert_int_eq (s_look (map, bytes_str ("b")).status, ZGRID_NOTFOUND);

    //  What the reader holds stays as it was, whatever becomes of the entry
    rig_do (&s_rig, OP_PUT, "a", "2", "");
    rig_do (&s_rig, OP_DEL, "a", NULL, "");
    rig_do (&s_rig, OP_DESTROY, NULL, NULL, "");
    ck_assert (bytes_equal (entry_value (shared.entry), bytes_str ("1")));
    ck_assert_uint_gt (rig_stats (&s_rig).retired_bytes, 0);
    epochs_exit (s_epochs, place);
    ck_assert_int_eq (s_look (map, bytes_str ("a")).status, ZGRID_NOTFOUND);
    epochs_leave (s_epochs, place);
    rig_pass (&s_rig, 100);
    ck_assert_uint_eq (rig_stats (&s_rig).retired_bytes, 0);
}
END_TEST

START_TEST (an_expired_entry_is_the_owners_business)
{
    rig_do (&s_rig, OP_PUT, "late", "1", "px=100");
    const map_t *map = storage_map (s_rig.storage[0], bytes_str ("m"));
    ck_assert_int_eq (s_look (map, bytes_str ("late")).status, ZGRID_OK);
    s_rig.moment.now -= 1000; // The readers' clock is ahead of it
    rig_do (&s_rig, OP_PUT, "late", "1", "px=100");
    ck_assert_int_eq (s_look (map, bytes_str ("late")).status, -1);
}
END_TEST

START_TEST (a_read_makes_the_entry_recently_used)
{
    rig_do (&s_rig, OP_PUT, "a", "1", "px=90000");
    const map_t *map = storage_map (s_rig.storage[0], bytes_str ("m"));
    shared_t before = s_look (map, bytes_str ("a"));
    uint32_t access = entry_access (before.entry);
    s_rig.moment.now += 10000;
    rig_do (&s_rig, OP_EXISTS, "other", NULL, ""); // A turn tells readers the time
    shared_t after = s_look (map, bytes_str ("a"));
    ck_assert_uint_gt (entry_access (after.entry), access);
    ck_assert_uint_eq (entry_deadline (after.entry), entry_deadline (before.entry));
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Threads

static bytes_t
s_key (char *text, uint32_t number)
{
    return bytes_of (text, (size_t) snprintf (text, 16, "key%u", number));
}

//  Every value is its key, so many times: whatever is found must fit.
static void
s_fits (bytes_t key, const entry_t *entry)
{
    bytes_t found_key, value;
    entry_parts (entry, &found_key, &value);
    assert (bytes_equal (found_key, key));
    assert (value.size && value.size % key.size == 0);
    for (size_t at = 0; at < value.size; at += key.size)
        assert (memcmp (value.data + at, key.data, key.size) == 0);
    assert (entry_version (entry) > 0);
}

static void *
s_read (void *arg)
{
    dice_t dice = { .seed = (uint64_t) (uintptr_t) arg };
    const map_t *map = storage_map (s_rig.storage[0], bytes_str ("m"));
    int place = epochs_join (s_epochs);
    assert (place >= 0 && map);
    while (!atomic_load (&s_over)) {
        epochs_enter (s_epochs, place);
        for (int count = 0; count < 16; count++) {
            char text[16];
            uint32_t number = dice_roll (&dice, dice_roll (&dice, 2) ? S_STAY : S_KEYS);
            bytes_t key = s_key (text, number);
            shared_t shared = s_look (map, key);
            if (shared.status == ZGRID_OK) {
                s_fits (key, shared.entry);
                atomic_fetch_add_explicit (&s_found, 1, memory_order_relaxed);
            } else
                assert (shared.status == -1 || number >= S_STAY); // What is there is found, or torn
        }
        epochs_exit (s_epochs, place);
        atomic_fetch_add (&s_reads, 1);
    }
    epochs_leave (s_epochs, place);
    return NULL;
}

static void
s_store (uint32_t number, uint32_t times)
{
    char text[16];
    static uint8_t s_value[16 * 600];
    ask_t ask = { .op = OP_PUT, .map = bytes_str ("m"), .has_key = true, .key = s_key (text, number) };
    for (uint32_t at = 0; at < times; at++)
        memcpy (s_value + at * ask.key.size, ask.key.data, ask.key.size);
    ask.value = value_bytes (bytes_of (s_value, times * ask.key.size));
    answer_t answer = rig_ask (&s_rig, &ask);
    assert (answer.status == ZGRID_OK);
}

static void
s_drop (uint32_t number)
{
    char text[16];
    ask_t ask = { .op = OP_DEL, .map = bytes_str ("m"), .has_key = true, .key = s_key (text, number) };
    rig_ask (&s_rig, &ask);
}

START_TEST (threads_read_whole_entries_while_the_owner_changes_everything)
{
    pthread_t threads[S_READERS];
    dice_t dice = { .seed = dice_seed (17) };
    for (uint32_t number = 0; number < S_STAY; number++)
        s_store (number, 1);
    for (uintptr_t at = 0; at < S_READERS; at++)
        ck_assert_int_eq (pthread_create (&threads[at], NULL, s_read, (void *) (at + 1)), 0);
    //  Grow, overwrite, shrink: again and again
    for (int round = 0; round < 6 || atomic_load (&s_reads) < 500; round++) {
        for (uint32_t number = S_STAY; number < S_KEYS; number++) {
            s_store (number, 1 + dice_roll (&dice, 30));
            s_store (dice_roll (&dice, S_STAY), 1 + dice_roll (&dice, dice_roll (&dice, 50) ? 30 : 600));
        }
        for (uint32_t number = S_STAY; number < S_KEYS; number++)
            s_drop (number);
        rig_pass (&s_rig, 3000);
        rig_verify (&s_rig);
    }
    atomic_store (&s_over, true);
    for (int at = 0; at < S_READERS; at++)
        pthread_join (threads[at], NULL);
    ck_assert_uint_gt (atomic_load (&s_found), 500);
    ck_assert_uint_gt (rig_stats (&s_rig).rehashes, 10);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, S_STAY);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("storage_shared");
    TCase *tcase = tcase_create ("shared");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, a_reader_sees_what_was_stored);
    tcase_add_test (tcase, an_expired_entry_is_the_owners_business);
    tcase_add_test (tcase, a_read_makes_the_entry_recently_used);
    tcase_add_test (tcase, threads_read_whole_entries_while_the_owner_changes_everything);
    suite_add_tcase (suite, tcase);
    return suite;
}

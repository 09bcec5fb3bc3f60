//  cache: what it shows is what was last kept, not too old, and not said to be no good; it stays within its
//  bounds.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cache.h"
#include "lib/test.h"
#include "mem.h"
#include "slot.h"

#define S_KEYS 300
#define S_MAPS 2
#define S_SOURCES 3
#define S_AGE 1000

static cache_t *s_cache;

static void
s_open (uint32_t entries_max, size_t bytes_max)
{
    cache_config_t config = { .bytes_max = bytes_max, .entries_max = entries_max, .age_max = S_AGE };
    s_cache = cache_new (&config);
    ck_assert_ptr_nonnull (s_cache);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    cache_destroy (&s_cache);
}

static bytes_t
s_map (unsigned number)
{
    return bytes_str (number ? "other" : "map");
}

static bytes_t
s_key (unsigned number)
{
    static char s_text[16];
    snprintf (s_text, sizeof s_text, "k%u", number);
    return bytes_str (s_text);
}

static uint64_t
s_roll (uint64_t *dice, uint64_t sides)
{
    *dice = *dice * 6364136223846793005 + 1442695040888963407;
    return (*dice >> 33) % sides;
}

static void
s_keep (unsigned key, const char *value, uint64_t asked_at)
{
    cache_entry_t entry = { value != NULL, bytes_str (value), 7, asked_at, 0 };
    cache_store (s_cache, s_map (0), s_key (key), cache_stamp (s_cache, s_map (0), s_key (key)), &entry);
}

static bool
s_has (unsigned key, uint64_t now)
{
    cache_entry_t entry;
    return cache_find (s_cache, s_map (0), s_key (key), now, &entry);
}

typedef struct {
    bool there;
    uint64_t asked_at, version;
    uint32_t source;
} s_known_t;
static s_known_t s_known[S_MAPS][S_KEYS];

static void
s_forget (int map, int slot_from, int slot_to, int source)
{
    for (int m = 0; m < S_MAPS; m++)
        for (unsigned k = 0; k < S_KEYS; k++) {
            int slot = slot_of_key (s_key (k));
            if ((map < 0 || m == map) && slot >= slot_from && slot <= slot_to
                && (source < 0 || s_known[m][k].source == (uint32_t) source))
                s_known[m][k].there = false;
        }
}

static void
s_drop_something (uint64_t *dice, int map, unsigned key)
{
    int first = (int) s_roll (dice, SLOT_COUNT), source = (int) s_roll (dice, S_SOURCES);
    switch (s_roll (dice, 100)) {
        case 0:
            cache_drop_slots (s_cache, s_map ((unsigned) map), (uint32_t) first, (uint32_t) first + 500);
            s_forget (map, first, first + 500, -1);
            break;
        case 1:
            cache_drop_slots (s_cache, bytes_of (NULL, 0), (uint32_t) first, (uint32_t) first + 500);
            s_forget (-1, first, first + 500, -1);
            break;
        case 2:
            cache_drop_source (s_cache, (uint32_t) source);
            s_forget (-1, 0, SLOT_COUNT, source);
            break;
        case 3:
            cache_drop_map (s_cache, s_map ((unsigned) map));
            s_forget (map, 0, SLOT_COUNT, -1);
            break;
        case 4:
            cache_drop_all (s_cache);
            s_forget (-1, 0, SLOT_COUNT, -1);
            break;
        default:
            cache_drop (s_cache, s_map ((unsigned) map), s_key (key));
            s_known[map][key].there = false;
    }
}

START_TEST (it_shows_what_was_kept_last_and_nothing_that_is_too_old)
{
    uint64_t dice = 11, now = 5000, hits = 0;
    s_open (100000, 64u << 20);
    memset (s_known, 0, sizeof s_known);
    for (uint64_t step = 1; step < 200000; step++) {
        int map = (int) s_roll (&dice, S_MAPS);
        unsigned key = (unsigned) s_roll (&dice, S_KEYS), what = (unsigned) s_roll (&dice, 10);
        s_known_t *known = &s_known[map][key];
        now += s_roll (&dice, 4);
        if (what < 4) {
            char value[40];
            snprintf (value, sizeof value, "value %llu", (unsigned long long) step);
            cache_entry_t entry = { .found = step % 3, .value = bytes_str (value), .version = step };
            entry.asked_at = now - s_roll (&dice, 100);
            entry.source = (uint32_t) s_roll (&dice, S_SOURCES);
            uint32_t stamp = cache_stamp (s_cache, s_map ((unsigned) map), s_key (key));
            bool late = s_roll (&dice, 10) == 0; // It changed while the answer was under way
            if (late)
                s_drop_something (&dice, map, key);
            cache_store (s_cache, s_map ((unsigned) map), s_key (key), stamp, &entry);
            if (stamp == cache_stamp (s_cache, s_map ((unsigned) map), s_key (key))
                && !(known->there && known->asked_at > entry.asked_at))
                *known = (s_known_t) { true, entry.asked_at, step, entry.source };
            continue;
        }
        if (what == 4)
            s_drop_something (&dice, map, key);
        cache_entry_t entry;
        bool there = cache_find (s_cache, s_map ((unsigned) map), s_key (key), now, &entry);
        ck_assert (there == (known->there && now <= known->asked_at + S_AGE));
        if (!there) {
            known->there = false;
            continue;
        }
        hits++;
        char value[40];
        snprintf (value, sizeof value, "value %llu", (unsigned long long) known->version);
        ck_assert (bytes_equal (entry.value, bytes_str (value)) && entry.version == known->version
                   && entry.found == (known->version % 3 != 0) && entry.source == known->source);
        if (step % 50 == 0)
            cache_bury (s_cache);
    }
    ck_assert_uint_gt (hits, 10000);
    cache_stats_t stats = cache_stats (s_cache);
    ck_assert_uint_eq (stats.hits, hits);
    ck_assert (stats.misses > 1000 && stats.invalidations > 1000);
    cache_drop_all (s_cache);
    stats = cache_stats (s_cache);
    ck_assert (stats.entries == 0 && stats.bytes == 0);
}
END_TEST

START_TEST (an_answer_under_way_while_its_key_changed_is_not_kept)
{
    s_open (10, 1u << 20);
    cache_entry_t entry = { true, bytes_str ("old"), 1, 100, 0 };
    for (int how = 0; how < 5; how++) {
        uint32_t stamp = cache_stamp (s_cache, s_map (0), s_key (1));
        ck_assert_uint_ne (stamp, 0);
        if (how == 0)
            cache_drop (s_cache, s_map (0), s_key (1));
        else if (how == 1)
            cache_drop_source (s_cache, 5);
        else if (how == 2)
            cache_drop_all (s_cache);
        else if (how == 3)
            cache_drop_slots (s_cache, bytes_of (NULL, 0), 0, 0);
        cache_store (s_cache, s_map (0), s_key (1), stamp, &entry);
        ck_assert_int_eq (s_has (1, 100), how == 4);
    }
    //  Nor one that was asked for before what is here
    s_keep (2, "young", 200);
    s_keep (2, "old", 199);
    ck_assert (cache_find (s_cache, s_map (0), s_key (2), 200, &entry));
    ck_assert (bytes_equal (entry.value, bytes_str ("young")));
}
END_TEST

START_TEST (it_stays_within_its_bounds_and_keeps_what_is_used)
{
    s_open (100, 1u << 20);
    for (unsigned key = 0; key < 10000; key++) {
        s_keep (key, "value", 1);
        for (unsigned used = 0; used < 20 && used <= key; used++)
            ck_assert_msg (s_has (used, 1), "%u after %u", used, key);
        ck_assert_uint_le (cache_stats (s_cache).entries, 100);
    }
    cache_destroy (&s_cache);
    s_open (100000, 5000);
    for (unsigned key = 0; key < 1000; key++) {
        s_keep (key, key % 10 ? "value" : "a larger value than the others have, so that there is a mixture",
                1);
        ck_assert_uint_le (cache_stats (s_cache).bytes, 5000);
    }
    ck_assert_uint_gt (cache_stats (s_cache).entries, 20);
    static char s_large[6000];
    memset (s_large, 'x', sizeof s_large - 1);
    s_keep (5000, s_large, 1);
    ck_assert (!s_has (5000, 1));
}
END_TEST

START_TEST (a_value_can_be_read_until_it_is_buried)
{
    cache_entry_t entry;
    s_open (10, 1u << 20);
    s_keep (1, "value", 1);
    ck_assert (cache_find (s_cache, s_map (0), s_key (1), 1, &entry));
    cache_drop (s_cache, s_map (0), s_key (1));
    for (unsigned key = 2; key < 50; key++)
        s_keep (key, "other", 1);
    ck_assert (bytes_equal (entry.value, bytes_str ("value")));
    cache_bury (s_cache);
    ck_assert (bytes_equal (entry.value, bytes_str ("value")));
    cache_bury (s_cache);
    ck_assert (!s_has (1, 1));
}
END_TEST

START_TEST (without_memory_nothing_is_kept_and_nothing_is_wrong)
{
    cache_config_t config = { .bytes_max = 1u << 20, .entries_max = 5000, .age_max = S_AGE };
    for (uint64_t fail = 1; fail <= 2; fail++) {
        mem_fail_at (fail);
        ck_assert_ptr_null (cache_new (&config));
        mem_fail_at (0);
    }
    s_open (5000, 1u << 20);
    for (unsigned key = 0; key < 4000; key++) {
        if (key % 3 == 0)
            mem_fail_at (1 + key % 2);
        s_keep (key, "value", 1);
        mem_fail_at (0);
        bool kept = key % 3 || key % 2; // The second allocation is the table's, now and then
        ck_assert_int_eq (s_has (key, 1), kept);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("cache");
    TCase *tcase = tcase_create ("copies");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_add_test (tcase, it_shows_what_was_kept_last_and_nothing_that_is_too_old);
    tcase_add_test (tcase, an_answer_under_way_while_its_key_changed_is_not_kept);
    tcase_add_test (tcase, it_stays_within_its_bounds_and_keeps_what_is_used);
    tcase_add_test (tcase, a_value_can_be_read_until_it_is_buried);
    tcase_add_test (tcase, without_memory_nothing_is_kept_and_nothing_is_wrong);
    suite_add_tcase (suite, tcase);
    return suite;
}

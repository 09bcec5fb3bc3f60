//  check_map_words: a map's settings as they are written and shown.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/map_words.h"
#include "lib/test.h"
#include "status.h"

static unsigned
s_number (const char *name)
{
    unsigned number = map_settings_find (bytes_str (name));
    ck_assert_uint_lt (number, MAP_SETTINGS);
    return number;
}

START_TEST (settings_are_found_read_and_written_by_number)
{
    map_settings_t map = { .name = "m" };
    for (unsigned number = 0; number < MAP_SETTINGS; number++) {
        const map_setting_t *setting = &map_settings_list[number];
        ck_assert_uint_eq (s_number (setting->name), number);
        ck_assert (setting->usual >= setting->least && setting->usual <= setting->most);
        map_settings_put (&map, number, setting->most);
        ck_assert_uint_eq (map_settings_get (&map, number), setting->most);
    }
    ck_assert (map.mode == MAP_AP && map.idle == VIEW_IDLE_MAX && map.events == MAP_EVENT_ALL);
    ck_assert_uint_eq (map_settings_find (bytes_str ("tt")), MAP_SETTINGS);
    ck_assert_uint_eq (map_settings_find (bytes_of (NULL, 0)), MAP_SETTINGS);
    map_settings_reset (&map);
    ck_assert (map.mode == MAP_AP && map.idle == 0 && map.min_sync == 1 && map.policy == MAP_POLICY_NODE);
    map_settings_put (&map, MAP_SETTINGS, 7);
    ck_assert_uint_eq (map_settings_get (&map, MAP_SETTINGS), 0);
}
END_TEST

//  Name, word, value on the wire, value with units; -1: refused.
static const struct {
    const char *name, *word;
    int64_t plain, units;
} s_words[] = {
    { "mode", "ap", 1, 1 },
    { "mode", "AP", -1, -1 },
    { "mode", "1", -1, -1 },
    { "min_sync", "7", 7, 7 },
    { "min_sync", "8", -1, -1 },
    { "min_sync", "0", -1, -1 },
    { "ttl", "0", 0, 0 },
    { "ttl", "10", 10, 10 },
    { "ttl", "10s", -1, 10000 },
    { "ttl", "5m", -1, 300000 },
    { "ttl", "2h", -1, 7200000 },
    { "ttl", "1d", -1, 86400000 },
    { "ttl", "3ms", -1, 3 },
    { "ttl", "3M", -1, -1 },
    { "ttl", "s", -1, -1 },
    { "ttl", "", -1, -1 },
    { "ttl", "-1", -1, -1 },
    { "ttl", "1 s", -1, -1 },
    { "ttl", "3162240000000", 3162240000000, 3162240000000 },
    { "ttl", "3162240000001", -1, -1 },
    { "ttl", "18446744073709551616", -1, -1 },
    { "ttl", "18446744073709551615d", -1, -1 },
    { "idle", "7d", -1, 604800000 },
    { "idle", "8d", -1, -1 },
    { "max_entries", "1M", -1, 1000000 },
    { "max_entries", "5s", -1, -1 },
    { "max_bytes", "64M", -1, 64 << 20 },
    { "max_bytes", "64MiB", -1, 64 << 20 },
    { "max_bytes", "64MB", -1, -1 },
    { "max_bytes", "9223372036854775807", INT64_MAX, INT64_MAX },
    { "max_bytes", "9223372036854775808", -1, -1 },
    { "max_bytes", "8388608T", -1, -1 },
    { "policy", "s3fifo", 3, 3 },
    { "policy", "lfu", -1, -1 },
    { "events", "none", 0, 0 },
    { "events", "all", 15, 15 },
    { "events", "put,evict", 9, 9 },
    { "events", "evict,put", 9, 9 },
    { "events", "put,put", -1, -1 },
    { "events", "put,", -1, -1 },
    { "events", ",put", -1, -1 },
    { "events", "put,all", -1, -1 },
    { "events", "", -1, -1 },
};

START_TEST (words_are_read)
{
    unsigned number = s_number (s_words[_i].name);
    bytes_t word = bytes_str (s_words[_i].word);
    uint64_t value;
    ck_assert_int_eq (map_setting_read (number, word, &value) ? (int64_t) value : -1, s_words[_i].plain);
    ck_assert_int_eq (map_setting_read_units (number, word, &value) ? (int64_t) value : -1,
                      s_words[_i].units);
}
END_TEST

START_TEST (what_is_shown_can_be_read)
{
    char text[MAP_WORD_MAX], sentence[MAP_SENTENCE_MAX];
    for (unsigned number = 0; number < MAP_SETTINGS; number++) {
        const map_setting_t *setting = &map_settings_list[number];
        uint64_t most = setting->most < 20 ? setting->most : setting->least + 20, value;
        for (uint64_t given = setting->least; given <= most; given++) {
            bytes_t word = bytes_str (map_setting_print (number, given, text));
            ck_assert_msg (map_setting_read (number, word, &value) && value == given, "%s", text);
        }
        bytes_t word = bytes_str (map_setting_print (number, setting->most, text));
        ck_assert (map_setting_read (number, word, &value) && value == setting->most);
        map_setting_explain (number, sentence);
        ck_assert (strncmp (sentence, setting->name, strlen (setting->name)) == 0);
    }
}
END_TEST

START_TEST (what_is_shown_with_units_can_be_read_with_units)
{
    char text[MAP_WORD_MAX];
    static const struct {
        const char *name, *text;
        uint64_t value;
    } s_shown[] = {
        { "ttl", "-", 0 },
        { "ttl", "1ms", 1 },
        { "ttl", "90s", 90000 },
        { "ttl", "2h", 7200000 },
        { "idle", "7d", 604800000 },
        { "max_bytes", "64M", 64 << 20 },
        { "max_bytes", "1025", 1025 },
        { "max_entries", "5K", 5000 },
        { "max_entries", "1024", 1024 },
        { "policy", "lru", 2 },
        { "events", "none", 0 },
        { "min_sync", "2", 2 },
    };
    for (size_t at = 0; at < sizeof s_shown / sizeof *s_shown; at++) {
        unsigned number = s_number (s_shown[at].name);
        ck_assert_str_eq (map_setting_print_units (number, s_shown[at].value, text), s_shown[at].text);
        uint64_t value;
        if (*text != '-')
            ck_assert (map_setting_read_units (number, bytes_str (text), &value)
                       && value == s_shown[at].value);
    }
}
END_TEST

static unsigned
s_change (map_settings_t *map, const char *text, char *why)
{
    bytes_t words[32];
    size_t count = 0;
    for (const char *at = text; *at;) {
        size_t size = strcspn (at, " ");
        words[count++] = bytes_of (at, size);
        at += size + (at[size] != 0);
    }
    *why = 0;
    return map_settings_change (map, 3, words, count, why);
}

START_TEST (several_are_changed_at_once_or_a_sentence_names_the_word)
{
    char why[MAP_SENTENCE_MAX];
    map_settings_t map = { .min_sync = 1 }, before;
    ck_assert_uint_eq (
        s_change (&map, "ttl 5 idle 7000 max_entries 9 max_bytes 8 policy lru events all", why), ZGRID_OK);
    ck_assert (map.ttl == 5 && map.idle == 7000 && map.max_entries == 9 && map.max_bytes == 8
               && map.policy == MAP_POLICY_LRU && map.events == MAP_EVENT_ALL && *why == 0);
    before = map;
    static const struct {
        const char *words, *named;
        unsigned status;
    } wrong[] = {
        { "ttl soon", "ttl", ZGRID_MALFORMED },
        { "ttl", "ttl", ZGRID_MALFORMED },
        { "policy fifo", "policy", ZGRID_MALFORMED },
        { "min_sync 4", "min_sync", ZGRID_MALFORMED },
        { "ttl_ms 5", "ttl_ms", ZGRID_MALFORMED },
        { "ttl 5 colour red", "colour", ZGRID_MALFORMED },
        { "mode ap", "idle", ZGRID_MISMATCH },
        { "mode ap idle 0 max_entries 0", "max_bytes", ZGRID_MISMATCH },
    };
    for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
        map = before;
        ck_assert_uint_eq (s_change (&map, wrong[at].words, why), wrong[at].status);
        ck_assert_msg (strstr (why, wrong[at].named), "%s: %s", wrong[at].words, why);
    }
    map = before;
    snprintf (map.name, sizeof map.name, "declared");
    ck_assert_uint_eq (s_change (&map, "mode cp", why), ZGRID_OK);
    ck_assert_uint_eq (s_change (&map, "mode ap", why), ZGRID_MISMATCH);
    ck_assert_ptr_nonnull (strstr (why, "mode"));
    //  Fewer copies than it once had are no reason to refuse another setting
    map = before;
    map.min_sync = 7;
    ck_assert_uint_eq (s_change (&map, "ttl 9", why), ZGRID_OK);
}
END_TEST

START_TEST (a_word_that_cannot_be_shown_is_not_shown)
{
    char why[MAP_SENTENCE_MAX], name[256];
    map_settings_t map = { .min_sync = 1 };
    memset (name, 'x', sizeof name - 1);
    name[255] = 0;
    ck_assert_uint_eq (s_change (&map, name, why), ZGRID_MALFORMED);
    ck_assert_ptr_null (strstr (why, "xxx"));
    ck_assert_uint_eq (s_change (&map, "\xc3\xa4 1", why), ZGRID_MALFORMED);
    for (const char *at = why; *at; at++)
        ck_assert_msg (*at >= ' ' && *at < 0x7f, "%s", why);
    bytes_t zero[2] = { bytes_of ("ttl\0", 4), bytes_str ("1") };
    ck_assert_uint_eq (map_settings_change (&map, 3, zero, 2, why), ZGRID_MALFORMED);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("map_words");
    TCase *tests = tcase_create ("map_words");
    tcase_add_test (tests, settings_are_found_read_and_written_by_number);
    tcase_add_loop_test (tests, words_are_read, 0, (int) (sizeof s_words / sizeof *s_words));
    tcase_add_test (tests, what_is_shown_can_be_read);
    tcase_add_test (tests, what_is_shown_with_units_can_be_read_with_units);
    tcase_add_test (tests, several_are_changed_at_once_or_a_sentence_names_the_word);
    tcase_add_test (tests, a_word_that_cannot_be_shown_is_not_shown);
    suite_add_tcase (suite, tests);
    return suite;
}

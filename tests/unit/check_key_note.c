//  check_key_note: notes of keys as Redis has them, from the events of maps.
//  SPDX-License-Identifier: MPL-2.0
#include "gateway/key_note.h"

#include "key_event.h"
#include "lib/test.h"
#include "mem.h"
#include "replica/effect.h"

static buf_t s_json, s_key, s_name;
static key_note_t s_note;

static void
s_tear_down (void)
{
    buf_clear (&s_json);
    buf_clear (&s_key);
    buf_clear (&s_name);
}

static bool
s_read (int kind, int reason, bytes_t key)
{
    feed_change_t change = { .kind = kind, .map = bytes_str ("de\"fault"), .key = key, .reason = reason };
    key_event_teller_t teller = { .node = "n\"1" };
    buf_reset (&s_json);
    key_event_encode (&change, &teller, &s_json);
    return key_note_read (buf_bytes (&s_json), &s_key, &s_note);
}

START_TEST (every_key_comes_back_as_it_was)
{
    uint8_t bytes[600];
    uint64_t random = 5;
    for (int round = 0; round < 20000; round++) {
        random = random * UINT64_C (6364136223846793005) + 1;
        size_t size = (size_t) (random >> 40) % (round % 100 ? 20 : sizeof bytes);
        for (size_t at = 0; at < size; at++) {
            random = random * UINT64_C (6364136223846793005) + 1;
            bytes[at] = (uint8_t) (random >> 35);
            if (round % 2)
                bytes[at] &= 0x7f; // UTF-8
        }
        assert (s_read (FEED_PUT, 0, bytes_of (bytes, size)));
        assert (bytes_equal (s_note.key, bytes_of (bytes, size)));
    }
    ck_assert (s_read (FEED_PUT, 0, bytes_str ("größe")));
    ck_assert (bytes_equal (s_note.key, bytes_str ("größe")));
}
END_TEST

START_TEST (events_have_the_names_of_redis)
{
    bytes_t key = bytes_str ("k");
    ck_assert (s_read (FEED_PUT, 0, key));
    ck_assert_str_eq (s_note.event, "set");
    ck_assert (s_read (FEED_REMOVE, REMOVAL_DELETED, key));
    ck_assert_str_eq (s_note.event, "del");
    ck_assert (s_read (FEED_REMOVE, REMOVAL_EXPIRED, key));
    ck_assert_str_eq (s_note.event, "expired");
    ck_assert (s_read (FEED_REMOVE, REMOVAL_IDLE, key));
    ck_assert_str_eq (s_note.event, "expired");
    ck_assert (s_read (FEED_REMOVE, REMOVAL_EVICTED, key));
    ck_assert_str_eq (s_note.event, "evicted");
    ck_assert (!s_read (FEED_DESTROY, 0, key)); // Of no single key
}
END_TEST

START_TEST (what_is_no_event_is_no_note)
{
    static const char *const wrong[] = {
        "",
        "{}",
        "{\"event\":\"put\"",
        "{\"event\":\"put\",\"map\":\"m\"",
        "{\"event\":\"put\",\"map\":\"m\",\"key\":null}",
        "{\"event\":\"put\",\"map\":\"m\",\"key\":\"no end",
        "{\"event\":\"put\",\"map\":\"m\",\"key\":\"\\\"",
        "{\"event\":\"put\",\"map\":\"m\",\"key\":\"\\u0\"",
        "{\"event\":\"put\",\"map\":\"m\",\"key\":\"\\u00g0\"",
        "{\"event\":\"put\",\"map\":\"m\",\"key\":\"\\ufffd\"",
        "{\"event\":\"put\",\"map\":\"m\",\"key64\":\"abc\"",
        "{\"event\":\"put\",\"map\":\"m\",\"key64\":\"a=bc\"",
        "{\"event\":\"put\",\"map\":\"m\",\"key64\":\"ab*=\"",
        "{\"event\":\"new\",\"map\":\"m\",\"key\":\"k\"}",
        "{\"other\":\"put\",\"map\":\"m\",\"key\":\"k\"}",
    };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        ck_assert_msg (!key_note_read (bytes_str (wrong[at]), &s_key, &s_note), "%s", wrong[at]);
    ck_assert (key_note_read (bytes_str ("{\"event\":\"put\",\"map\":\"m\",\"key\":\"k\",\"new\":1}"), &s_key,
                              &s_note));
    s_tear_down ();
    mem_fail_at (1);
    bool read = key_note_read (bytes_str ("{\"event\":\"put\",\"map\":\"m\",\"key\":\"k\"}"), &s_key,
                               &s_note);
    mem_fail_at (0);
    ck_assert (!read);
}
END_TEST

START_TEST (names_say_which_database_they_are_about)
{
    static const struct {
        const char *name;
        bool pattern, wanted;
        uint32_t database;
    } names[] = {
        { "__keyevent@0__:set", false, true, 0 },
        { "__keyspace@15__:a key", false, true, 15 },
        { "__keyspace@3__:user:*", true, true, 3 },
        { "__keyspace@*__:user:*", true, true, KEY_NOTE_ALL },
        { "__key*__:*", true, true, KEY_NOTE_ALL },
        { "__key*__:*", false, false, 0 },
        { "__keyevent@__:set", false, false, 0 },
        { "__keyevent@9999999999__:set", false, false, 0 },
        { "__keyevent@0:set", false, false, 0 },
        { "__keyother@0__:set", false, false, 0 },
        { "news", false, false, 0 },
        { "*", true, false, 0 },
    };
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        uint32_t database;
        bool wanted = key_note_wanted (bytes_str (names[at].name), names[at].pattern, &database);
        ck_assert_msg (wanted == names[at].wanted, "%s", names[at].name);
        ck_assert (!wanted || database == names[at].database);
    }
}
END_TEST

START_TEST (a_change_is_told_on_two_channels)
{
    key_note_t note = { "del", bytes_of ("a\0b", 3) };
    bytes_t message = key_note_write (&note, KEY_NOTE_SPACE, 12, &s_name);
    ck_assert (bytes_equal (message, bytes_str ("del")));
    ck_assert (bytes_equal (buf_bytes (&s_name), bytes_of ("__keyspace@12__:a\0b", 19)));
    message = key_note_write (&note, KEY_NOTE_EVENT, 4294967294, &s_name);
    ck_assert (bytes_equal (message, note.key));
    ck_assert (bytes_equal (buf_bytes (&s_name), bytes_str ("__keyevent@4294967294__:del")));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("key note");
    TCase *tcase = tcase_create ("key note");
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, every_key_comes_back_as_it_was);
    tcase_add_test (tcase, events_have_the_names_of_redis);
    tcase_add_test (tcase, what_is_no_event_is_no_note);
    tcase_add_test (tcase, names_say_which_database_they_are_about);
    tcase_add_test (tcase, a_change_is_told_on_two_channels);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_do_generic: what Redis clients are told by the commands about keys: scans, names, what they take.
//  The replies are those of redis-server 7.0.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "lib/redis_rig.h"
#include "lib/test.h"

static redis_rig_t s_rig;

static void
s_set_up (void)
{
    redis_rig_open (&s_rig, NULL);
    s_rig.local = true;
}

static void
s_tear_down (void)
{
    redis_rig_close (&s_rig);
}

START_TEST (keys_are_renamed_and_copied)
{
    static const redis_line_t lines[] = {
        { "SET a 1 EX 10", "+OK" },
        { "RENAME a b", "+OK" },
        { "GET a", "$-1" },
        { "GET b", "$1\r\n1" },
        { "TTL b", ":10" },
        { "RENAME a b", "-ERR no such key" },
        { "RENAME b b", "+OK" },
        { "RENAMENX b b", ":0" },
        { "RENAMENX x b", "-ERR no such key" },
        { "SET c 2", "+OK" },
        { "RENAMENX b c", ":0" },
        { "GET c", "$1\r\n2" },
        { "RENAMENX b d", ":1" },
        { "EXISTS b d", ":1" },
        { "COPY c e", ":1" },
        { "COPY c e", ":0" },
        { "COPY d e REPLACE", ":1" },
        { "GET e", "$1\r\n1" },
        { "TTL e", ":10" },
        { "COPY x e", ":0" },
        { "COPY c c", "-ERR source and destination objects are the same" },
        { "COPY c f DB 1", ":1" },
        { "GET f", "$-1" },
        { "COPY c f DB 16", "-ERR DB index is out of range" },
        { "COPY c f what", "-ERR syntax error" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (what_keys_hold_is_told)
{
    static const redis_line_t lines[] = {
        { "SET a 12", "+OK" },
        { "OBJECT ENCODING a", "$3\r\nint" },
        { "SET b text", "+OK" },
        { "OBJECT ENCODING b", "$6\r\nembstr" },
        { "SET c 123456789012345678901234567890123456789012345", "+OK" },
        { "OBJECT ENCODING c", "$3\r\nraw" },
        { "OBJECT REFCOUNT b", ":1" },
        { "OBJECT ENCODING x", "$-1" },
        { "OBJECT", "-ERR wrong number of arguments for 'object' command" },
        { "OBJECT what", "-ERR unknown subcommand 'what'. Try OBJECT HELP." },
        { "OBJECT ENCODING", "-ERR wrong number of arguments for 'object|encoding' command" },
        { "OBJECT FREQ x", "$-1" },
        { "OBJECT FREQ b",
          "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
          "that when switching between policies at runtime LRU and LFU data will take some time "
          "to adjust." },
        { "OBJECT IDLETIME x", "$-1" },
        { "OBJECT IDLETIME b", ":0" },
        { "OBJECT IDLETIME", "-ERR wrong number of arguments for 'object|idletime' command" },
        { "OBJECT HELP x", "-ERR wrong number of arguments for 'object|help' command" },
        { "MEMORY HELP", "*5\r\n+MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"
                         "+USAGE <key> [SAMPLES <count>]\r\n+    Tell about how many bytes a key takes.\r\n"
                         "+HELP\r\n+    Print this." },
        { "MEMORY USAGE x", "$-1" },
        { "MEMORY USAGE b SAMPLES", "-ERR syntax error" },
        { "WAIT 1 100", ":0" },
        { "WAIT 1 -1", "-ERR timeout is negative" },
    };
    REDIS_PLAY (&s_rig, lines);
    //  Asking about a key does not use it
    redis_rig_pass (&s_rig, 90000);
    redis_rig_words (&s_rig, "OBJECT REFCOUNT b", ":1");
    redis_rig_words (&s_rig, "TTL b", ":-1");
    redis_rig_send (&s_rig, 0, bytes_str ("OBJECT IDLETIME b\r\n"));
    buf_add (&s_rig.said[0], "", 1);
    int idle = atoi ((const char *) s_rig.said[0].data + 1);
    ck_assert_int_ge (idle, 88);
    ck_assert_int_le (idle, 90);
}
END_TEST

//  Each key that SCAN tells, in one string of flags.
static void
s_scan_all (const char *options, bool *seen, unsigned *told)
{
    char text[256];
    unsigned long long cursor = 0;
    *told = 0;
    do {
        snprintf (text, sizeof text, "SCAN %llu%s\r\n", cursor, options);
        redis_rig_send (&s_rig, 0, bytes_str (text));
        buf_add (&s_rig.said[0], "", 1);
        const char *at = (const char *) s_rig.said[0].data;
        ck_assert_int_eq (strncmp (at, "*2\r\n$", 5), 0);
        at = strchr (at + 5, '\n') + 1;
        cursor = strtoull (at, NULL, 10);
        while ((at = strstr (at, "\r\nkey"))) {
            at += 5;
            unsigned number = (unsigned) atoi (at);
            *told += !seen[number];
            seen[number] = true;
        }
        buf_reset (&s_rig.said[0]);
    } while (cursor);
}

START_TEST (scans_tell_all_keys)
{
    enum { COUNT = 1000 };
    static bool seen[COUNT];
    unsigned told;
    char text[64];
    for (unsigned at = 0; at < COUNT; at++) {
        snprintf (text, sizeof text, "SET key%u 1", at);
        redis_rig_words (&s_rig, text, "+OK");
    }
    redis_rig_words (&s_rig, "DBSIZE", ":1000");
    s_scan_all ("", seen, &told);
    ck_assert_uint_eq (told, COUNT);
    memset (seen, 0, sizeof seen);
    s_scan_all (" COUNT 100 MATCH key?7*", seen, &told);
    ck_assert_uint_eq (told, 9 + 90);
    memset (seen, 0, sizeof seen);
    s_scan_all (" TYPE hash", seen, &told);
    ck_assert_uint_eq (told, 0);
    redis_rig_send (&s_rig, 0, bytes_str ("KEYS *\r\n"));
    ck_assert_int_eq (memcmp (s_rig.said[0].data, "*1000\r\n$", 8), 0);
    buf_reset (&s_rig.said[0]);
    redis_rig_words (&s_rig, "KEYS key999", "*1\r\n$6\r\nkey999");
    redis_rig_words (&s_rig, "KEYS none", "*0");
    redis_rig_send (&s_rig, 0, bytes_str ("RANDOMKEY\r\n"));
    ck_assert (s_rig.said[0].size > 8 && memcmp (s_rig.said[0].data + 4, "key", 3) == 0);
    buf_reset (&s_rig.said[0]);
    redis_rig_words (&s_rig, "FLUSHDB", "+OK");
    redis_rig_words (&s_rig, "DBSIZE", ":0");
    redis_rig_words (&s_rig, "RANDOMKEY", "$-1");
    redis_rig_words (&s_rig, "SET key1 1", "+OK");
    redis_rig_words (&s_rig, "RANDOMKEY", "$4\r\nkey1");
    redis_rig_words (&s_rig, "FLUSHALL ASYNC", "+OK");
    redis_rig_words (&s_rig, "DBSIZE", ":0");
}
END_TEST

START_TEST (wrong_words_have_the_errors_of_redis)
{
    static const redis_line_t lines[] = {
        { "SCAN x", "-ERR invalid cursor" },
        { "SCAN 0 COUNT", "-ERR syntax error" },
        { "SCAN 0 COUNT 0", "-ERR syntax error" },
        { "SCAN 0 COUNT x", "-ERR value is not an integer or out of range" },
        { "SCAN 0 what 1", "-ERR syntax error" },
        { "KEYS", "-ERR wrong number of arguments for 'keys' command" },
        { "FLUSHDB what", "-ERR syntax error" },
        { "FLUSHALL SYNC more", "-ERR syntax error" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  One record where both keys are in one partition; what is read is not as of another moment then.
START_TEST (near_keys_change_places_at_once)
{
    redis_rig_words (&s_rig, "SET {n}a 1 PX 5000", "+OK");
    uint64_t before = s_rig.records;
    redis_rig_words (&s_rig, "RENAME {n}a {n}b", "+OK");
    redis_rig_words (&s_rig, "RENAMENX {n}b {n}c", ":1");
    redis_rig_words (&s_rig, "COPY {n}c {n}d", ":1");
    redis_rig_words (&s_rig, "COPY {n}c {n}d", ":0");
    redis_rig_words (&s_rig, "COPY {n}c {n}d DB 3", ":1");
    redis_rig_words (&s_rig, "RENAMENX {n}c {n}d", ":0");
    redis_rig_words (&s_rig, "RENAME {n}none {n}d", "-ERR no such key");
    redis_rig_words (&s_rig, "COPY {n}none {n}d", ":0");
    redis_rig_words (&s_rig, "PTTL {n}d", ":5000");
    ck_assert_uint_eq (s_rig.records, before + 9);
    redis_rig_words (&s_rig, "SELECT 3", "+OK");
    redis_rig_words (&s_rig, "PTTL {n}d", ":5000");
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_generic");
    TCase *all = tcase_create ("keys");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, keys_are_renamed_and_copied);
    tcase_add_test (all, what_keys_hold_is_told);
    tcase_add_test (all, scans_tell_all_keys);
    tcase_add_test (all, wrong_words_have_the_errors_of_redis);
    tcase_add_test (all, near_keys_change_places_at_once);
    suite_add_tcase (suite, all);
    return suite;
}

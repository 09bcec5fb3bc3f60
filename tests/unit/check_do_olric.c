//  check_do_olric: the commands of the predecessor: its words and replies, and those that ended or hung it.
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
}

static void
s_tear_down (void)
{
    redis_rig_close (&s_rig);
}

START_TEST (entries_of_maps_are_stored_and_read)
{
    static const redis_line_t lines[] = {
        { "DM.PUT m a 1", "+OK" },
        { "DM.GET m a", "$1\r\n1" },
        { "DM.GET m a RW", "$1\r\n1" },
        { "DM.GET n a", "-KEYNOTFOUND key not found" },
        { "GET a", "$-1" },
        { "DM.PUT m a 2 NX", "-KEYFOUND key found" },
        { "DM.PUT m b 2 XX", "-KEYNOTFOUND key not found" },
        { "DM.PUT m b 2 NX EX 1.5", "+OK" },
        { "DM.PUT m c 2 PX 500", "+OK" },
        { "DM.EXPIRE m a 0.1", "+OK" },
        { "DM.PEXPIRE m x 10", "-KEYNOTFOUND key not found" },
        { "DM.GETPUT m g 1", "$-1" },
        { "DM.GETPUT m g 2", "$1\r\n1" },
        { "DM.INCR m i 5", ":5" },
        { "DM.DECR m i 2", ":3" },
        { "DM.INCR m g x", "-ERR value is not an integer or out of range" },
        { "DM.INCRBYFLOAT m f 1.2", "$3\r\n1.2" },
        { "DM.CAS m s  1", ":1" },
        { "DM.CAS m s 1 2", ":1" },
        { "DM.CAS m s 1 3", ":0" },
        { "DM.GET m s", "$1\r\n2" },
        { "DM.DEL m s x g", ":2" },
    };
    static const redis_line_t later[] = {
        { "DM.GET m a", "-KEYNOTFOUND key not found" }, { "DM.GET m b", "$1\r\n2" },
        { "DM.GET m c", "-KEYNOTFOUND key not found" }, { "DM.DESTROY m", "+OK" },
        { "DM.GET m b", "-KEYNOTFOUND key not found" },
    };
    REDIS_PLAY (&s_rig, lines);
    redis_rig_pass (&s_rig, 1000);
    REDIS_PLAY (&s_rig, later);
}
END_TEST

//  behaviour of the predecessor: each of these ended its process, or hung it.
START_TEST (what_ended_the_predecessor_is_an_error)
{
    char *long_key = malloc (70000);
    static const redis_line_t lines[] = {
        { "DM.PUT m k v EX", "-ERR syntax error" },
        { "DM.LOCK m k 1 EX", "-ERR syntax error" },
        { "DM.SCAN 999 m 0", "-ERR no such partition" },
        { "DM.SCAN 0 m 0 FOO", "-ERR syntax error" },
        { "DM.GETENTRY m", "-ERR unknown command 'DM.GETENTRY', with args beginning with: 'm' " },
        { "DM.PUT m", "-ERR wrong number of arguments for 'dm.put' command" },
        { "DM.SCAN 0 m x", "-ERR value is not an integer or out of range" },
        { "PING", "+PONG" },
    };
    REDIS_PLAY (&s_rig, lines);
    //  A key of 300 bytes is an entry; one past the limit is an error
    memset (long_key, 'k', 69999);
    long_key[69999] = 0;
    buf_t words = BUF_INIT;
    buf_add (&words, "DM.PUT m ", 9);
    buf_add (&words, long_key, 300);
    buf_add (&words, " v", 3);
    redis_rig_words (&s_rig, (const char *) words.data, "+OK");
    buf_reset (&words);
    buf_add (&words, "DM.PUT m ", 9);
    buf_add (&words, long_key, 69999);
    buf_add (&words, " v", 3);
    redis_rig_words (&s_rig, (const char *) words.data,
                     "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    buf_clear (&words);
    free (long_key);
}
END_TEST

START_TEST (pages_of_a_partition_are_told)
{
    unsigned told = 0;
    char text[64];
    for (unsigned at = 0; at < 100; at++) {
        snprintf (text, sizeof text, "DM.PUT m key%u 1", at);
        redis_rig_words (&s_rig, text, "+OK");
    }
    for (unsigned partition = 0; partition < 16; partition++)
        for (unsigned long long cursor = 0, first = 1; first || cursor; first = 0) {
            snprintf (text, sizeof text, "DM.SCAN %u m %llu COUNT 3 MATCH key* RC\r\n", partition, cursor);
            redis_rig_send (&s_rig, 0, bytes_str (text));
            buf_add (&s_rig.said[0], "", 1);
            const char *at = strchr ((const char *) s_rig.said[0].data + 4, '\n') + 1;
            cursor = strtoull (at, NULL, 10);
            for (; (at = strstr (at, "\r\nkey")); at += 5)
                told++;
            buf_reset (&s_rig.said[0]);
        }
    ck_assert_uint_eq (told, 100);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_olric");
    TCase *all = tcase_create ("commands");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, entries_of_maps_are_stored_and_read);
    tcase_add_test (all, what_ended_the_predecessor_is_an_error);
    tcase_add_test (all, pages_of_a_partition_are_told);
    suite_add_tcase (suite, all);
    return suite;
}

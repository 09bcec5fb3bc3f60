//  check_do_many: what Redis clients are told by the commands of several keys, and of how long keys live. The
//  replies are those of redis-server 7.0.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

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

START_TEST (several_keys_have_one_reply)
{
    static const redis_line_t lines[] = {
        { "MSET a 1 b 2 c 3", "+OK" },
        { "MGET a x b a c", "*5\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3" },
        { "EXISTS a a x b", ":3" },
        { "TOUCH a x", ":1" },
        { "DEL a x a", ":1" },
        { "UNLINK b c", ":2" },
        { "EXISTS a b c", ":0" },
        { "MSET a", "-ERR wrong number of arguments for 'mset' command" },
        { "MSET a 1 b", "-ERR wrong number of arguments for 'mset' command" },
        { "MGET", "-ERR wrong number of arguments for 'mget' command" },
        { "INCR n", ":1" },
        { "MGET n n", "*2\r\n$1\r\n1\r\n$1\r\n1" },
        { "TYPE n", "+string" },
        { "TYPE x", "+none" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  More than are read at a time, and more than a body takes.
START_TEST (many_keys_have_one_reply)
{
    enum { COUNT = 3000 };
    buf_t request = BUF_INIT, reply = BUF_INIT;
    char text[64];
    buf_add (&request, "MSET", 4);
    for (unsigned at = 0; at < COUNT; at++)
        buf_add (&request, text, (size_t) snprintf (text, sizeof text, " k%u v%u", at, at));
    buf_add (&request, "\r\n", 3);
    redis_rig_says (&s_rig, (const char *) request.data, "+OK\r\n");
    buf_reset (&request);
    buf_add (&request, "MGET", 4);
    buf_add (&reply, text, (size_t) snprintf (text, sizeof text, "*%u\r\n", COUNT));
    for (unsigned at = 0; at < COUNT; at++) {
        buf_add (&request, text, (size_t) snprintf (text, sizeof text, " k%u", at));
        int size = snprintf (text, sizeof text, "v%u", at);
        buf_add (&reply, text, (size_t) snprintf (text, sizeof text, "$%d\r\nv%u\r\n", size, at));
    }
    buf_add (&request, "\r\n", 3);
    buf_add (&reply, "", 1);
    redis_rig_says (&s_rig, (const char *) request.data, (const char *) reply.data);
    s_rig.local = false; // Through the grid the same
    redis_rig_says (&s_rig, (const char *) request.data, (const char *) reply.data);
    buf_clear (&request);
    buf_clear (&reply);
}
END_TEST

START_TEST (keys_live_as_long_as_they_are_told)
{
    static const redis_line_t lines[] = {
        { "SET a 1", "+OK" },
        { "TTL a", ":-1" },
        { "TTL x", ":-2" },
        { "EXPIRE a 10", ":1" },
        { "TTL a", ":10" },
        { "PTTL a", ":10000" },
        { "EXPIRETIME a", ":1700000010" },
        { "PEXPIRETIME a", ":1700000010000" },
        { "EXPIRE x 10", ":0" },
        { "EXPIRE a 20 NX", ":0" },
        { "EXPIRE a 20 LT", ":0" },
        { "EXPIRE a 20 GT", ":1" },
        { "EXPIRE a 10 xx", ":1" },
        { "PERSIST a", ":1" },
        { "PERSIST a", ":0" },
        { "PERSIST x", ":0" },
        { "EXPIRE a 10 XX", ":0" },
        { "EXPIRE a 10 GT", ":0" },
        { "EXPIRE a 10 LT", ":1" },
        { "PEXPIRE a 1500", ":1" },
        { "TTL a", ":2" },
        { "EXPIREAT a 1700000100", ":1" },
        { "TTL a", ":100" },
        { "PEXPIREAT a 1700000100500", ":1" },
        { "PTTL a", ":100500" },
        { "EXPIRE a x", "-ERR value is not an integer or out of range" },
        { "EXPIRE a 1 what", "-ERR Unsupported option what" },
        { "EXPIRE a 1 NX GT", "-ERR NX and XX, GT or LT options at the same time are not compatible" },
        { "EXPIRE a 1 GT LT", "-ERR GT and LT options at the same time are not compatible" },
        { "EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command" },
        { "PEXPIRE a 9223372036854775807", "-ERR invalid expire time in 'pexpire' command" },
        { "EXPIRE a -1", ":1" },
        { "EXISTS a", ":0" },
        { "SET b 1", "+OK" },
        { "EXPIRE b 0", ":1" },
        { "GET b", "$-1" },
        { "SET c 1", "+OK" },
        { "EXPIREAT c 1", ":1" },
        { "GET c", "$-1" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  A connection that ends takes nothing with it, and its answers go nowhere.
START_TEST (a_connection_may_end_while_it_waits)
{
    s_rig.local = false;
    s_rig.refuse = 1;
    redis_rig_send (&s_rig, 1, bytes_str ("MSET a 1 b 2\r\nMGET a b\r\nDEL a\r\n"));
    talk_destroy (&s_rig.talks[1]);
    for (unsigned turn = 0; turn < 5; turn++)
        redis_rig_pass (&s_rig, 10);
    redis_rig_words (&s_rig, "MGET a b", "*2\r\n$-1\r\n$1\r\n2");
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->connections, REDIS_RIG_TALKS - 1);
}
END_TEST

START_TEST (all_are_stored_or_none)
{
    static const redis_line_t lines[] = {
        { "MSETNX {m}a 1 {m}b 2", ":1" },
        { "MSETNX {m}b 3 {m}c 4", ":0" },
        { "MGET {m}a {m}b {m}c", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1" },
        { "MSETNX {m}d 1 {m}d 2", ":1" },
        { "GET {m}d", "$1\r\n2" },
        { "MSETNX {m}e 1 {m}f", "-ERR wrong number of arguments for 'msetnx' command" },
        { "MSETNX a 1 b 2", "-CROSSSLOT Keys in request don't hash to the same slot" },
        { "EXISTS a b", ":0" },
    };
    REDIS_PLAY (&s_rig, lines);
    uint64_t before = s_rig.records;
    redis_rig_words (&s_rig, "MSETNX {m}x 1 {m}y 2 {m}z 3", ":1");
    ck_assert_uint_eq (s_rig.records, before + 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_many");
    TCase *all = tcase_create ("keys");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, several_keys_have_one_reply);
    tcase_add_test (all, many_keys_have_one_reply);
    tcase_add_test (all, keys_live_as_long_as_they_are_told);
    tcase_add_test (all, a_connection_may_end_while_it_waits);
    tcase_add_test (all, all_are_stored_or_none);
    suite_add_tcase (suite, all);
    return suite;
}

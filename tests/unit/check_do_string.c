//  check_do_string: what Redis clients are told by the commands of values and numbers. The replies are those
//  of redis-server 7.0.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/redis_rig.h"
#include "lib/test.h"
#include "mem.h"

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

START_TEST (values_are_stored_and_read)
{
    static const redis_line_t lines[] = {
        { "GET a", "$-1" },           { "SET a 1", "+OK" },
        { "get a", "$1\r\n1" },       { "SET a 2 NX", "$-1" },
        { "SET b 2 XX", "$-1" },      { "SET a 3 XX", "+OK" },
        { "SET a 4 GET", "$1\r\n3" }, { "SET a 5 NX GET", "$1\r\n4" },
        { "GET a", "$1\r\n4" },       { "SET c 1 NX GET", "$-1" },
        { "GET c", "$1\r\n1" },       { "SET d 1 XX GET", "$-1" },
        { "SETNX e 1", ":1" },        { "SETNX e 2", ":0" },
        { "GETSET e 3", "$1\r\n1" },  { "GETSET f 3", "$-1" },
        { "GETDEL e", "$1\r\n3" },    { "GETDEL e", "$-1" },
        { "APPEND g ab", ":2" },      { "APPEND g cd", ":4" },
        { "STRLEN g", ":4" },         { "STRLEN none", ":0" },
        { "SET n 12345", "+OK" },     { "STRLEN n", ":5" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (wrong_words_have_the_errors_of_redis)
{
    static const redis_line_t lines[] = {
        { "GET", "-ERR wrong number of arguments for 'get' command" },
        { "SET a", "-ERR wrong number of arguments for 'set' command" },
        { "SET a 1 EX", "-ERR syntax error" },
        { "SET a 1 EX 0", "-ERR invalid expire time in 'set' command" },
        { "SET a 1 EX -1", "-ERR invalid expire time in 'set' command" },
        { "SET a 1 EX x", "-ERR value is not an integer or out of range" },
        { "SET a 1 EX 10 PX 10", "-ERR syntax error" },
        { "SET a 1 EX 10 KEEPTTL", "-ERR syntax error" },
        { "SET a 1 NX XX", "-ERR syntax error" },
        { "SET a 1 what", "-ERR syntax error" },
        { "SET a 1 EX 9223372036854775807", "-ERR invalid expire time in 'set' command" },
        { "SETEX a 0 1", "-ERR invalid expire time in 'setex' command" },
        { "PSETEX a -5 1", "-ERR invalid expire time in 'psetex' command" },
        { "SETRANGE a -1 x", "-ERR offset is out of range" },
        { "SETRANGE a x x", "-ERR value is not an integer or out of range" },
        { "GETRANGE a 0 x", "-ERR value is not an integer or out of range" },
        { "GETEX a EX", "-ERR syntax error" },
        { "GETEX a EX 0", "-ERR invalid expire time in 'getex' command" },
        { "INCRBY a x", "-ERR value is not an integer or out of range" },
        { "DECRBY a -9223372036854775808", "-ERR decrement would overflow" },
        { "INCRBYFLOAT a x", "-ERR value is not a valid float" },
        { "nothing a b", "-ERR unknown command 'nothing', with args beginning with: 'a' 'b' " },
        { "GET a", "$-1" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (values_end_when_they_should)
{
    static const redis_line_t lines[] = {
        { "SET a 1 EX 10", "+OK" },     { "SET b 1 PX 10500", "+OK" }, { "SETEX c 10 1", "+OK" },
        { "PSETEX d 10000 1", "+OK" },  { "SET e 1 EX 10", "+OK" },    { "SET e 2 KEEPTTL", "+OK" },
        { "SET f 1 EX 10", "+OK" },     { "SET f 2", "+OK" },          { "SET g 1", "+OK" },
        { "GETEX g EX 10", "$1\r\n1" }, { "SET h 1 EX 10", "+OK" },    { "GETEX h PERSIST", "$1\r\n1" },
    };
    static const redis_line_t later[] = {
        { "GET a", "$-1" }, { "GET b", "$1\r\n1" }, { "GET c", "$-1" }, { "GET d", "$-1" },
        { "GET e", "$-1" }, { "GET f", "$1\r\n2" }, { "GET g", "$-1" }, { "GET h", "$1\r\n1" },
    };
    char text[64];
    REDIS_PLAY (&s_rig, lines);
    snprintf (text, sizeof text, "SET i 1 PXAT %llu", (unsigned long long) s_rig.moment.wall + 5000);
    redis_rig_words (&s_rig, text, "+OK");
    redis_rig_pass (&s_rig, 10001);
    REDIS_PLAY (&s_rig, later);
    redis_rig_words (&s_rig, "GET i", "$-1");
}
END_TEST

START_TEST (parts_are_read_and_written)
{
    static const redis_line_t lines[] = {
        { "SET a Hello", "+OK" },
        { "GETRANGE a 0 -1", "$5\r\nHello" },
        { "GETRANGE a 1 3", "$3\r\nell" },
        { "GETRANGE a -3 -1", "$3\r\nllo" },
        { "GETRANGE a 3 1", "$0\r\n" },
        { "GETRANGE a -1 -3", "$0\r\n" },
        { "GETRANGE a 0 100", "$5\r\nHello" },
        { "GETRANGE a -100 1", "$2\r\nHe" },
        { "SUBSTR a 1 1", "$1\r\ne" },
        { "GETRANGE none 0 -1", "$0\r\n" },
        { "SETRANGE a 1 ipp", ":5" },
        { "GET a", "$5\r\nHippo" },
        { "SETRANGE a 4 opotamus", ":12" },
        { "GET a", "$12\r\nHippopotamus" },
        { "SETRANGE b 2 x", ":3" },
        { "STRLEN b", ":3" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (numbers_are_counted)
{
    static const redis_line_t lines[] = {
        { "INCR a", ":1" },
        { "INCRBY a 41", ":42" },
        { "DECR a", ":41" },
        { "DECRBY a 41", ":0" },
        { "GET a", "$1\r\n0" },
        { "SET a text", "+OK" },
        { "INCR a", "-ERR value is not an integer or out of range" },
        { "SET a 9223372036854775807", "+OK" },
        { "INCR a", "-ERR increment or decrement would overflow" },
        { "INCRBYFLOAT f 10.5", "$4\r\n10.5" },
        { "INCRBYFLOAT f 0.1", "$4\r\n10.6" },
        { "SET t text", "+OK" },
        { "INCRBYFLOAT t 1", "-ERR value is not a valid float" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  A pipeline is answered in its order, and sees its own writes; reads are not asked of the grid otherwise.
START_TEST (pipelines_are_answered_in_their_order)
{
    redis_rig_says (&s_rig, "SET a 1\r\nGET a\r\nSET a 2\r\nGET a\r\nGET b\r\nAPPEND a x\r\nGET a\r\n",
                    "+OK\r\n$1\r\n1\r\n+OK\r\n$1\r\n2\r\n$-1\r\n:2\r\n$2\r\n2x\r\n");
    ck_assert_uint_eq (s_rig.reads, 0);
    redis_rig_says (&s_rig, "GET a\r\nGET b\r\n", "$2\r\n2x\r\n$-1\r\n");
    ck_assert_uint_eq (s_rig.reads, 2);
    //  What takes two steps is done before what stands behind it
    redis_rig_says (&s_rig, "SETRANGE a 1 yz\r\nGET a\r\nGETEX a\r\nSET a 3\r\nGET a\r\n",
                    ":3\r\n$3\r\n2yz\r\n$3\r\n2yz\r\n+OK\r\n$1\r\n3\r\n");
}
END_TEST

START_TEST (what_the_grid_refuses_for_the_moment_is_asked_again)
{
    s_rig.refuse = 3;
    redis_rig_send (&s_rig, 0, bytes_str ("SET a 1\r\nINCR a\r\n"));
    ck_assert_uint_eq (s_rig.said[0].size, 0);
    for (unsigned turn = 0; turn < 5; turn++)
        redis_rig_pass (&s_rig, 10);
    redis_rig_says (&s_rig, "", "+OK\r\n:2\r\n");
    ck_assert_uint_ge (gateway_stats (s_rig.gateway)->again, 3);
    //  But not for ever
    s_rig.refuse = 1000000;
    redis_rig_send (&s_rig, 0, bytes_str ("INCR a\r\n"));
    for (unsigned turn = 0; turn < 600; turn++)
        redis_rig_pass (&s_rig, 10);
    redis_rig_says (&s_rig, "", "-TIMEOUT The command was not executed in time\r\n");
    s_rig.refuse = 0;
    redis_rig_words (&s_rig, "GET a", "$1\r\n2");
}
END_TEST

START_TEST (large_values_pass)
{
    enum { SIZE = 3 << 20 };
    buf_t request = BUF_INIT;
    char head[64];
    buf_add (&request, head,
             (size_t) snprintf (head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n", SIZE));
    ck_assert (buf_reserve (&request, SIZE + 2));
    memset (request.data + request.size, 'v', SIZE);
    request.size += SIZE;
    buf_add (&request, "\r\n", 2);
    redis_rig_send (&s_rig, 0, buf_bytes (&request));
    redis_rig_says (&s_rig, "", "+OK\r\n");
    redis_rig_words (&s_rig, "STRLEN a", ":3145728");
    redis_rig_send (&s_rig, 0, bytes_str ("GET a\r\n"));
    ck_assert_uint_eq (s_rig.said[0].size, SIZE + strlen ("$3145728\r\n\r\n"));
    buf_clear (&request);
}
END_TEST

START_TEST (what_two_values_have_in_common)
{
    static const redis_line_t lines[] = {
        { "MSET {t}a ohmytext {t}b mynewtext", "+OK" },
        { "LCS {t}a {t}b", "$6\r\nmytext" },
        { "LCS {t}b {t}a", "$6\r\nmytext" },
        { "LCS {t}a {t}b LEN", ":6" },
        { "LCS {t}a {t}b IDX",
          "*4\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2"
          "\r\n:3\r\n*2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6" },
        { "LCS {t}a {t}b IDX MINMATCHLEN 4 WITHMATCHLEN",
          "*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$3\r\nlen\r\n:6" },
        { "LCS {t}a {t}none", "$0\r\n" },
        { "LCS {t}none {t}none IDX", "*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0" },
        { "LCS {t}a {t}b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX." },
        { "LCS {t}a {t}b MINMATCHLEN", "-ERR syntax error" },
        { "LCS {t}a {t}b MINMATCHLEN x", "-ERR value is not an integer or out of range" },
        { "LCS {t}a {t}b WHAT", "-ERR syntax error" },
        { "INCRBY {t}n 1123", ":1123" },
        { "MSET {t}c ab {t}d ba", "+OK" },
        { "LCS {t}c {t}d", "$1\r\nb" }, // Of two that are as long, as Redis chooses
        { "LCS {t}d {t}c", "$1\r\na" },
        { "LCS {t}n {t}n", "$4\r\n1123" },
    };
    REDIS_PLAY (&s_rig, lines);
    s_rig.local = false;
    redis_rig_words (&s_rig, "LCS {t}a {t}b", "$6\r\nmytext");
}
END_TEST

//  The table has a cell for each pair of beginnings: 4,095 by 4,095 is the largest square.
START_TEST (what_is_compared_has_a_bound)
{
    static const char words[] = "SETRANGE {t}%s %u x";
    char line[64];
    snprintf (line, sizeof line, words, "a", 4094);
    redis_rig_words (&s_rig, line, ":4095");
    redis_rig_words (&s_rig, "COPY {t}a {t}b", ":1");
    redis_rig_words (&s_rig, "LCS {t}a {t}b LEN", ":4095");
    redis_rig_words (&s_rig, "APPEND {t}b y", ":4096");
    redis_rig_words (&s_rig, "LCS {t}a {t}b LEN",
                     "-ERR values are too long for LCS: the product of their lengths is above 16,777,216");
    snprintf (line, sizeof line, words, "c", 1u << 24);
    redis_rig_words (&s_rig, line, ":16777217");
    redis_rig_words (&s_rig, "LCS {t}none {t}c LEN",
                     "-ERR values are too long for LCS: the product of their lengths is above 16,777,216");
}
END_TEST

//  One record each.
START_TEST (what_reads_and_writes_does_both_at_once)
{
    redis_rig_words (&s_rig, "SET a Hello", "+OK");
    uint64_t before = s_rig.records;
    redis_rig_words (&s_rig, "GETEX a PX 5000", "$5\r\nHello");
    redis_rig_words (&s_rig, "SETRANGE a 1 ipp", ":5");
    redis_rig_words (&s_rig, "GETEX none EX 1", "$-1");
    redis_rig_words (&s_rig, "PTTL a", ":5000");
    redis_rig_words (&s_rig, "GETEX a PERSIST", "$5\r\nHippo");
    redis_rig_words (&s_rig, "PTTL a", ":-1");
    ck_assert_uint_eq (s_rig.records, before + 6);
    redis_rig_words (&s_rig, "SETRANGE a 9223372036854775807 x",
                     "-ERR string exceeds maximum allowed size (proto-max-bulk-len)");
}
END_TEST

//  Each command that asks for several things at once, where each allocation fails: it is answered.
START_TEST (without_memory_a_command_is_answered)
{
    static const char *const commands[] = {
        "LCS {t}a {t}b\r\n",
        "LCS {t}a {t}b IDX\r\n",
        "GETEX {t}a EX 10\r\n",
        "MSETNX {t}c 1 {t}d 2\r\n",
        "COPY {t}a {t}c DB 1\r\n",
        "SETRANGE {t}a 3 x\r\n",
        "RENAME {t}a {t}c\r\n",
        "SCRIPT EXISTS short\r\n",
        "EVAL \"return redis.call('set',KEYS[1],ARGV[1],'NX','PX',ARGV[2])\" 1 {t}l x 100\r\n",
        "EVAL \"if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) end "
        "return 0\""
        " 1 {t}a ohmytext 100\r\n",
    };
    for (size_t at = 0; at < sizeof commands / sizeof commands[0]; at++)
        for (uint64_t nth = 1; nth < 25; nth++) {
            redis_rig_close (&s_rig);
            redis_rig_open (&s_rig, NULL);
            redis_rig_words (&s_rig, "MSET {t}a ohmytext {t}b mynewtext", "+OK");
            bytes_t bytes = bytes_str (commands[at]);
            size_t room;
            uint8_t *input = talk_room (s_rig.talks[0], &room);
            ck_assert_uint_gt (room, bytes.size);
            memcpy (input, bytes.data, bytes.size);
            mem_fail_at (nth);
            talk_read (s_rig.talks[0], bytes.size);
            gateway_settle (s_rig.gateway);
            mem_fail_at (0);
            redis_rig_turn (&s_rig);
            ck_assert_msg (s_rig.said[0].size || !s_rig.talks[0], "%s at %d", commands[at], (int) nth);
            buf_reset (&s_rig.said[0]);
            if (s_rig.talks[0])
                redis_rig_words (&s_rig, "PING", "+PONG");
        }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_string");
    TCase *all = tcase_create ("values");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, values_are_stored_and_read);
    tcase_add_test (all, wrong_words_have_the_errors_of_redis);
    tcase_add_test (all, values_end_when_they_should);
    tcase_add_test (all, parts_are_read_and_written);
    tcase_add_test (all, numbers_are_counted);
    tcase_add_test (all, pipelines_are_answered_in_their_order);
    tcase_add_test (all, what_the_grid_refuses_for_the_moment_is_asked_again);
    tcase_add_test (all, large_values_pass);
    tcase_add_test (all, what_two_values_have_in_common);
    tcase_add_test (all, what_is_compared_has_a_bound);
    tcase_add_test (all, what_reads_and_writes_does_both_at_once);
    tcase_add_test (all, without_memory_a_command_is_answered);
    suite_add_tcase (suite, all);
    return suite;
}

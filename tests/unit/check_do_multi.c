//  check_do_multi: what Redis clients are told by MULTI, EXEC, DISCARD, WATCH and UNWATCH. The replies are
//  those of redis-server 7.0.
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

//  On another connection, whatever it is told.
static void
s_other (const char *line)
{
    redis_rig_send (&s_rig, 1, bytes_str (line));
    redis_rig_send (&s_rig, 1, bytes_str ("\r\n"));
    ck_assert_uint_gt (s_rig.said[1].size, 0);
    buf_reset (&s_rig.said[1]);
}

START_TEST (commands_are_queued_and_executed)
{
    static const redis_line_t lines[] = {
        { "MULTI", "+OK" },
        { "SET a 1", "+QUEUED" },
        { "INCR a", "+QUEUED" },
        { "GET a", "+QUEUED" },
        { "MGET a x", "+QUEUED" },
        { "DEL a x", "+QUEUED" },
        { "EXEC", "-EXECABORT Transaction discarded because of previous errors." },
        { "MULTI", "+OK" },
        { "SET {t}a 1", "+QUEUED" },
        { "INCR {t}a", "+QUEUED" },
        { "GET {t}a", "+QUEUED" },
        { "MGET {t}a {t}x", "+QUEUED" },
        { "DEL {t}a {t}x", "+QUEUED" },
        { "EXEC", "*5\r\n+OK\r\n:2\r\n$1\r\n2\r\n*2\r\n$1\r\n2\r\n$-1\r\n:1" },
    };
    redis_rig_play (&s_rig, lines, 4);
    redis_rig_words (&s_rig, "MGET a x", "-CROSSSLOT Keys in request don't hash to the same slot");
    redis_rig_words (&s_rig, "EXEC", lines[6].reply);
    redis_rig_play (&s_rig, lines + 7, sizeof lines / sizeof lines[0] - 7);
}
END_TEST

START_TEST (what_is_queued_is_checked)
{
    static const redis_line_t lines[] = {
        { "EXEC", "-ERR EXEC without MULTI" },
        { "DISCARD", "-ERR DISCARD without MULTI" },
        { "MULTI x", "-ERR wrong number of arguments for 'multi' command" },
        { "MULTI", "+OK" },
        { "MULTI", "-ERR MULTI calls can not be nested" },
        { "WATCH a", "-ERR WATCH inside MULTI is not allowed" },
        { "EXEC", "*0" },
        { "MULTI", "+OK" },
        { "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: " },
        { "SET a 1", "+QUEUED" },
        { "EXEC", "-EXECABORT Transaction discarded because of previous errors." },
        { "EXISTS a", ":0" },
        { "MULTI", "+OK" },
        { "GET", "-ERR wrong number of arguments for 'get' command" },
        { "DISCARD", "+OK" },
        { "MULTI", "+OK" },
        { "EXEC x",
          "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command" },
        { "EXEC", "-ERR EXEC without MULTI" },
        { "MULTI", "+OK" },
        { "DM.PUT map a 1", "-ERR Command not allowed inside a transaction" },
        { "MSETNX a 1", "-ERR Command not allowed inside a transaction" },
        { "EXEC", "-EXECABORT Transaction discarded because of previous errors." },
        { "MULTI", "+OK" },
        { "SET a 1", "+QUEUED" },
        { "RESET", "+RESET" },
        { "EXEC", "-ERR EXEC without MULTI" },
        { "EXISTS a", ":0" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  Errors of single commands do not stop the others.
START_TEST (a_command_that_fails_is_answered_in_its_place)
{
    static const redis_line_t lines[] = {
        { "MULTI", "+OK" },
        { "SET {t}s text", "+QUEUED" },
        { "INCR {t}s", "+QUEUED" },
        { "SET {t}s x NX XX", "+QUEUED" },
        { "GETEX {t}s EX 100", "+QUEUED" },
        { "GETEX {t}x EX 100", "+QUEUED" },
        { "TTL {t}s", "+QUEUED" },
        { "RENAME {t}s {t}r", "+QUEUED" },
        { "GET {t}r", "+QUEUED" },
        { "EXEC",
          "*8\r\n+OK\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n$4\r\ntext\r\n"
          "$-1\r\n:100\r\n+OK\r\n$4\r\ntext" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (a_transaction_is_one_record)
{
    redis_rig_says (&s_rig, "MULTI\r\nMSET {t}a 1 {t}b 2\r\nMGET {t}a {t}b\r\nDEL {t}a {t}b\r\n",
                    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
    uint64_t before = s_rig.records;
    redis_rig_words (&s_rig, "EXEC", "*3\r\n+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n:2");
    ck_assert_uint_eq (s_rig.records, before + 1);
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->transactions, 1);
}
END_TEST

//  EXEC waits for what is before it, and what is behind it waits for EXEC.
START_TEST (replies_keep_their_order)
{
    s_rig.local = false;
    s_rig.refuse = 2;
    redis_rig_send (&s_rig, 0, bytes_str ("SET a 1\r\nMULTI\r\nINCR a\r\nEXEC\r\nGET a\r\nINCR a\r\n"));
    for (unsigned turn = 0; turn < 6; turn++)
        redis_rig_pass (&s_rig, 10);
    redis_rig_says (&s_rig, "PING\r\n", "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n:2\r\n$1\r\n2\r\n:3\r\n+PONG\r\n");
}
END_TEST

//  Those before the first command with a key have their turn before it, all others behind the last.
START_TEST (commands_without_keys_have_their_turn)
{
    static const redis_line_t lines[] = {
        { "SET old 1", "+OK" },
        { "MULTI", "+OK" },
        { "FLUSHDB", "+QUEUED" },
        { "DBSIZE", "+QUEUED" },
        { "SET {t}a 1", "+QUEUED" },
        { "PING", "+QUEUED" },
        { "SET {t}b 2", "+QUEUED" },
        { "DBSIZE", "+QUEUED" },
        { "CLIENT SETNAME me", "+QUEUED" },
        { "CLIENT GETNAME", "+QUEUED" },
        { "EXEC", "*8\r\n+OK\r\n:0\r\n+OK\r\n+PONG\r\n+OK\r\n:2\r\n+OK\r\n$2\r\nme" },
        { "MULTI", "+OK" },
        { "PING", "+QUEUED" },
        { "DBSIZE", "+QUEUED" },
        { "EXEC", "*2\r\n+PONG\r\n:2" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  Nothing at all is done if a watched key has changed.
START_TEST (commands_without_keys_wait_for_what_is_watched)
{
    redis_rig_words (&s_rig, "SET a 1", "+OK");
    redis_rig_words (&s_rig, "WATCH a", "+OK");
    redis_rig_says (&s_rig, "MULTI\r\nFLUSHDB\r\nSELECT 1\r\nSET a 3\r\n",
                    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
    s_other ("SET a 2");
    redis_rig_words (&s_rig, "EXEC", "*-1");
    redis_rig_words (&s_rig, "GET a", "$1\r\n2");
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->transactions_aborted, 1);
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->transactions, 0);
}
END_TEST

START_TEST (databases_are_those_of_the_turn)
{
    static const redis_line_t lines[] = {
        { "MULTI", "+OK" },
        { "SET a zero", "+QUEUED" },
        { "SELECT 1", "+QUEUED" },
        { "SET a one", "+QUEUED" },
        { "SELECT 77", "+QUEUED" },
        { "GET a", "+QUEUED" },
        { "DBSIZE", "+QUEUED" },
        { "COPY a a DB 2", "+QUEUED" },
        { "EXEC", "*7\r\n+OK\r\n+OK\r\n+OK\r\n-ERR DB index is out of range\r\n$3\r\none\r\n:1\r\n:1" },
        { "GET a", "$3\r\none" },
        { "SELECT 0", "+OK" },
        { "GET a", "$4\r\nzero" },
        { "SELECT 2", "+OK" },
        { "GET a", "$3\r\none" },
        { "MULTI", "+OK" },
        { "SELECT 0", "+QUEUED" },
        { "DISCARD", "+OK" },
        { "GET a", "$3\r\none" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (protocols_are_those_of_the_turn)
{
    redis_rig_words (&s_rig, "SET a 1", "+OK");
    redis_rig_says (&s_rig, "HELLO x\r\nMULTI\r\nGET x\r\nHELLO 3\r\nGET x\r\n",
                    "-ERR Protocol version is not an integer or out of range\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n"
                    "+QUEUED\r\n");
    redis_rig_send (&s_rig, 0, bytes_str ("EXEC\r\n"));
    buf_add (&s_rig.said[0], "", 1);
    const char *said = (const char *) s_rig.said[0].data;
    ck_assert_int_eq (strncmp (said, "*3\r\n$-1\r\n%7\r\n", 13), 0);
    ck_assert_ptr_nonnull (strstr (said, "*0\r\n_\r\n"));
    buf_reset (&s_rig.said[0]);
    redis_rig_words (&s_rig, "WATCH a", "+OK");
    s_other ("SET a 2");
    redis_rig_says (&s_rig, "MULTI\r\nEXEC\r\n", "+OK\r\n_\r\n");
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  WATCH

//  Watches w, does something on another connection, and tells whether EXEC was executed.
static bool
s_survives (const char *before, const char *line)
{
    redis_rig_words (&s_rig, before, "+OK");
    s_other (line);
    redis_rig_says (&s_rig, "MULTI\r\nPING\r\n", "+OK\r\n+QUEUED\r\n");
    redis_rig_send (&s_rig, 0, bytes_str ("EXEC\r\n"));
    bool done = bytes_equal (buf_bytes (&s_rig.said[0]), bytes_str ("*1\r\n+PONG\r\n"));
    ck_assert (done || bytes_equal (buf_bytes (&s_rig.said[0]), bytes_str ("*-1\r\n")));
    buf_reset (&s_rig.said[0]);
    return done;
}

START_TEST (keys_are_watched_until_exec)
{
    redis_rig_words (&s_rig, "SET w 1", "+OK");
    ck_assert (s_survives ("WATCH w", "GET w"));
    ck_assert (!s_survives ("WATCH w", "SET w 1"));
    ck_assert (s_survives ("UNWATCH", "SET w 2"));
    ck_assert (!s_survives ("WATCH w w", "EXPIRE w 100"));
    ck_assert (!s_survives ("WATCH w", "PERSIST w"));
    ck_assert (!s_survives ("WATCH w", "DEL w"));
    ck_assert (s_survives ("WATCH w", "DEL w")); // It was absent
    ck_assert (!s_survives ("WATCH w", "SET w 1"));
    ck_assert (s_survives ("WATCH w", "SET {w}other 1"));
    ck_assert (!s_survives ("WATCH {w}a w {w}b", "SET {w}b 1"));
    redis_rig_says (&s_rig, "WATCH w\r\nUNWATCH\r\n", "+OK\r\n+OK\r\n");
    ck_assert (s_survives ("UNWATCH", "SET w 3"));
    redis_rig_says (&s_rig, "WATCH w\r\nMULTI\r\nDISCARD\r\n", "+OK\r\n+OK\r\n+OK\r\n");
    ck_assert (s_survives ("UNWATCH", "SET w 4"));
    redis_rig_says (&s_rig, "WATCH w\r\nRESET\r\n", "+OK\r\n+RESET\r\n");
    ck_assert (s_survives ("CLIENT SETNAME x", "SET w 5"));
}
END_TEST

START_TEST (what_was_made_again_has_changed)
{
    redis_rig_words (&s_rig, "SET w 1", "+OK");
    redis_rig_words (&s_rig, "WATCH w", "+OK");
    s_other ("DEL w");
    ck_assert (!s_survives ("CLIENT SETNAME x", "SET w 1"));
    //  Its time is over before EXEC comes
    redis_rig_words (&s_rig, "SET w 1 PX 100", "+OK");
    redis_rig_words (&s_rig, "WATCH w", "+OK");
    redis_rig_pass (&s_rig, 200);
    ck_assert (!s_survives ("CLIENT SETNAME x", "PING"));
}
END_TEST

START_TEST (watched_keys_are_of_their_database)
{
    redis_rig_says (&s_rig, "SET w 1\r\nWATCH w\r\nSELECT 1\r\nSET w 2\r\nWATCH w\r\nSELECT 0\r\n",
                    "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
    ck_assert (s_survives ("CLIENT SETNAME x", "GET w"));
    redis_rig_says (&s_rig, "WATCH w\r\nSELECT 1\r\nWATCH w\r\n", "+OK\r\n+OK\r\n+OK\r\n");
    ck_assert (!s_survives ("CLIENT SETNAME x", "SET w 1"));
}
END_TEST

START_TEST (all_keys_are_in_one_slot)
{
    static const redis_line_t lines[] = {
        { "WATCH a b", "-CROSSSLOT Keys in request don't hash to the same slot" },
        { "WATCH a", "+OK" },
        { "WATCH b", "-CROSSSLOT Keys in request don't hash to the same slot" },
        { "UNWATCH", "+OK" },
        { "WATCH b", "+OK" },
        { "MULTI", "+OK" },
        { "SET {b}x 1", "+QUEUED" },
        { "PUBLISH a b", "+QUEUED" },
        { "SET a 1", "-CROSSSLOT Keys in request don't hash to the same slot" },
        { "EXEC", "-EXECABORT Transaction discarded because of previous errors." },
        { "MULTI", "+OK" },
        { "SET a 1", "+QUEUED" },
        { "EVAL x 2 a {a}b c", "+QUEUED" },
        { "EVAL x 2 a b", "-CROSSSLOT Keys in request don't hash to the same slot" },
        { "DISCARD", "+OK" },
    };
    REDIS_PLAY (&s_rig, lines);
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->transactions_refused, 4);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Bounds

START_TEST (as_much_is_queued_as_there_may_be)
{
    enum { MOST = 1024 };
    static const char cross[] = "-ERR a transaction has at most 1,024 commands, or keys";
    buf_t request = BUF_INIT, reply = BUF_INIT;
    char text[64];
    redis_rig_words (&s_rig, "MULTI", "+OK");
    for (int at = 0; at < MOST; at++)
        redis_rig_words (&s_rig, "INCR n", "+QUEUED");
    buf_add (&reply, "*1024\r\n", 7);
    for (int at = 1; at <= MOST; at++)
        buf_add (&reply, text, (size_t) snprintf (text, sizeof text, ":%d\r\n", at));
    buf_add (&reply, "", 1);
    redis_rig_says (&s_rig, "EXEC\r\n", (const char *) reply.data);
    //  One more
    redis_rig_words (&s_rig, "MULTI", "+OK");
    for (int at = 0; at < MOST - 1; at++)
        redis_rig_words (&s_rig, "INCR n", "+QUEUED");
    redis_rig_words (&s_rig, "DEL n n", cross);
    redis_rig_words (&s_rig, "EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    redis_rig_words (&s_rig, "GET n", "$4\r\n1024");
    //  Two records of one command are not counted when it is queued
    redis_rig_words (&s_rig, "MULTI", "+OK");
    for (int at = 0; at < MOST; at++)
        redis_rig_words (&s_rig, "GETEX n EX 100", "+QUEUED");
    redis_rig_words (&s_rig, "EXEC", "-EXECABORT Transaction discarded because of: more than 1,024 records");
    redis_rig_words (&s_rig, "TTL n", ":-1");
    //  Keys that are watched
    buf_add (&request, "WATCH", 5);
    for (int at = 0; at <= MOST; at++)
        buf_add (&request, text, (size_t) snprintf (text, sizeof text, " {w}%d", at));
    buf_add (&request, "\r\n", 3);
    redis_rig_says (&s_rig, (const char *) request.data,
                    "-ERR a transaction has at most 1,024 commands, or keys\r\n");
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->transactions_refused, 2);
    buf_clear (&request);
    buf_clear (&reply);
}
END_TEST

START_TEST (a_queue_has_as_many_bytes_as_a_value)
{
    gateway_config_t config = redis_rig_config ();
    config.limits.bulk_max = 2000;
    redis_rig_close (&s_rig);
    redis_rig_open (&s_rig, &config);
    char line[2200];
    snprintf (line, sizeof line, "SET {t}a %01000d", 1);
    redis_rig_words (&s_rig, "MULTI", "+OK");
    redis_rig_words (&s_rig, line, "+QUEUED");
    ck_assert_uint_gt (gateway_stats (s_rig.gateway)->buffered, 1000);
    redis_rig_words (&s_rig, line, "-ERR a transaction is larger than a value may be");
    redis_rig_words (&s_rig, "DISCARD", "+OK");
    snprintf (line, sizeof line, "WATCH {t}%0999d {t}%01000d", 1, 1);
    redis_rig_words (&s_rig, line, "-ERR a transaction is larger than a value may be");
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->transactions_refused, 2);
}
END_TEST

START_TEST (a_cluster_is_asked_before_a_command_is_queued)
{
    gateway_config_t config = redis_rig_config ();
    config.redirect = REDIRECT_ALWAYS;
    redis_rig_close (&s_rig);
    redis_rig_open (&s_rig, &config);
    static const redis_line_t lines[] = {
        { "MULTI", "+OK" },
        { "MGET a b", "-CROSSSLOT Keys in request don't hash to the same slot" },
        { "GET a", "+QUEUED" },
        { "EXEC", "-EXECABORT Transaction discarded because of previous errors." },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Ends

//  Wherever a connection ends: nothing is left of it, and its replies go nowhere.
START_TEST (a_connection_may_end_while_exec_waits)
{
    static const char *const lines[] = {
        "MULTI\r\nSET a 1\r\n",
        "WATCH a\r\n",
        "WATCH a\r\nMULTI\r\nSET a 1\r\nGET a\r\nEXEC\r\nPING\r\n",
        "MULTI\r\nDBSIZE\r\nSET a 1\r\nGETEX a EX 10\r\nEXEC\r\nPING\r\n",
        "MULTI\r\nSET a 1\r\nSCAN 0\r\nEXEC\r\nPING\r\n",
    };
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++)
        for (unsigned refuse = 0; refuse < 4; refuse++) {
            redis_rig_close (&s_rig);
            redis_rig_open (&s_rig, NULL);
            s_rig.refuse = refuse;
            redis_rig_send (&s_rig, 0, bytes_str (lines[at]));
            redis_rig_pass (&s_rig, 10);
            talk_destroy (&s_rig.talks[0]);
            for (unsigned turn = 0; turn < 6; turn++)
                redis_rig_pass (&s_rig, 10);
            ck_assert (gateway_is_idle (s_rig.gateway));
            ck_assert_uint_eq (gateway_stats (s_rig.gateway)->connections, REDIS_RIG_TALKS - 1);
        }
}
END_TEST

START_TEST (quit_forgets_what_is_queued)
{
    redis_rig_says (&s_rig, "MULTI\r\nSET a 1\r\nQUIT\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n+OK\r\n");
    ck_assert_ptr_null (s_rig.talks[0]);
    redis_rig_send (&s_rig, 1, bytes_str ("EXISTS a\r\n"));
    ck_assert (bytes_equal (buf_bytes (&s_rig.said[1]), bytes_str (":0\r\n")));
}
END_TEST

START_TEST (client_list_tells_of_it)
{
    redis_rig_says (&s_rig, "MULTI\r\nSET a 1\r\nGET a\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    redis_rig_send (&s_rig, 1, bytes_str ("CLIENT LIST\r\n"));
    buf_add (&s_rig.said[1], "", 1);
    ck_assert_ptr_nonnull (
        strstr ((const char *) s_rig.said[1].data, " flags=x db=0 sub=0 psub=0 ssub=0 multi=2 "));
    ck_assert_ptr_nonnull (
        strstr ((const char *) s_rig.said[1].data, " flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 "));
}
END_TEST

//  All is done, or nothing, and the client is told which; unless its connection ends.
START_TEST (without_memory_all_is_done_or_nothing)
{
    static const char words[] =
        "WATCH {t}w\r\nMULTI\r\nSET {t}a 1\r\nMSET {t}b 2 {t}c 3\r\nGETEX {t}a EX 10\r\n"
        "RENAME {t}b {t}d\r\nPING\r\nEXEC\r\n";
    unsigned done = 0, refused = 0;
    for (uint64_t nth = 1; nth < 120; nth++) {
        redis_rig_close (&s_rig);
        redis_rig_open (&s_rig, NULL);
        size_t room;
        memcpy (talk_room (s_rig.talks[0], &room), words, sizeof words);
        mem_fail_at (nth);
        talk_read (s_rig.talks[0], sizeof words - 1);
        gateway_settle (s_rig.gateway);
        mem_fail_at (0);
        redis_rig_turn (&s_rig);
        redis_rig_send (&s_rig, 1, bytes_str ("EXISTS {t}a {t}c {t}d\r\n"));
        bool all = bytes_equal (buf_bytes (&s_rig.said[1]), bytes_str (":3\r\n"));
        ck_assert_msg (all || bytes_equal (buf_bytes (&s_rig.said[1]), bytes_str (":0\r\n")), "at %d",
                       (int) nth);
        buf_add (&s_rig.said[0], "", 1);
        const char *said = (const char *) s_rig.said[0].data;
        ck_assert_msg (!s_rig.talks[0]
                           || (strstr (said, "*5\r\n+OK\r\n+OK\r\n$1\r\n1\r\n+OK\r\n+PONG\r\n") != NULL)
                                  == all,
                       "at %d: %s", (int) nth, said);
        done += all;
        refused += !all;
        if (s_rig.talks[0]) {
            buf_reset (&s_rig.said[0]);
            redis_rig_words (&s_rig, "EXEC", "-ERR EXEC without MULTI");
        }
    }
    ck_assert_uint_gt (done, 20);
    ck_assert_uint_gt (refused, 5);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_multi");
    TCase *all = tcase_create ("transactions");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, commands_are_queued_and_executed);
    tcase_add_test (all, what_is_queued_is_checked);
    tcase_add_test (all, a_command_that_fails_is_answered_in_its_place);
    tcase_add_test (all, a_transaction_is_one_record);
    tcase_add_test (all, replies_keep_their_order);
    tcase_add_test (all, commands_without_keys_have_their_turn);
    tcase_add_test (all, commands_without_keys_wait_for_what_is_watched);
    tcase_add_test (all, databases_are_those_of_the_turn);
    tcase_add_test (all, protocols_are_those_of_the_turn);
    tcase_add_test (all, keys_are_watched_until_exec);
    tcase_add_test (all, what_was_made_again_has_changed);
    tcase_add_test (all, watched_keys_are_of_their_database);
    tcase_add_test (all, all_keys_are_in_one_slot);
    tcase_add_test (all, as_much_is_queued_as_there_may_be);
    tcase_add_test (all, a_queue_has_as_many_bytes_as_a_value);
    tcase_add_test (all, a_cluster_is_asked_before_a_command_is_queued);
    tcase_add_test (all, a_connection_may_end_while_exec_waits);
    tcase_add_test (all, quit_forgets_what_is_queued);
    tcase_add_test (all, client_list_tells_of_it);
    tcase_add_test (all, without_memory_all_is_done_or_nothing);
    suite_add_tcase (suite, all);
    return suite;
}

//  check_talk: one connection: however its bytes are cut the replies are the same; bounds of what waits.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "lib/redis_rig.h"
#include "lib/test.h"
#include "mem.h"

static redis_rig_t s_rig;
static uint64_t s_random = 7;

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

static uint64_t
s_next (uint64_t limit)
{
    s_random = s_random * UINT64_C (6364136223846793005) + 1442695040888963407;
    return (s_random >> 33) % limit;
}

//  What a client sent once: arrays and inline commands, right and wrong ones, binary and large values.
static buf_t
s_recorded (void)
{
    static const char *const lines[] = {
        "FLUSHALL",
        "SET a 1",
        "GET a",
        "*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$4\r\n\r\n$1\r",
        "*2\r\n$3\r\nGET\r\n$3\r\na\r\n",
        "INCR a",
        "MSET b 2 c 3 d 4",
        "MGET a b c d e",
        "SETRANGE b 3 xyz",
        "GET b",
        "nothing 1 2 3",
        "GET",
        "SET t v EX 100 NX",
        "TTL t",
        "EXPIRE t 50 GT",
        "DEL a b nothing",
        "EXISTS a c d",
        "RENAME c f",
        "APPEND f \"\\x00\\xff\"",
        "GETRANGE f 0 -1",
        "SET s 'single quoted'",
        "STRLEN s",
        "DM.PUT m k v",
        "DM.GET m k",
        "SELECT 1",
        "GET d",
        "SELECT 0",
        "DBSIZE",
        "ECHO hello",
        "PING",
        "CLIENT GETNAME",
        "COPY d g",
        "GETDEL d",
        "INCRBYFLOAT i 1.5",
        "",
    };
    buf_t all = BUF_INIT;
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        buf_add (&all, lines[at], strlen (lines[at]));
        buf_add (&all, "\r\n", 2);
    }
    char head[64];
    buf_add (&all, head,
             (size_t) snprintf (head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\nl\r\n$%d\r\n", 40000));
    for (unsigned at = 0; at < 40000; at++)
        buf_add (&all, &(uint8_t) { (uint8_t) (at * 7) }, 1);
    buf_add (&all, "\r\nGET l\r\nSTRLEN l\r\n", strlen ("\r\nGET l\r\nSTRLEN l\r\n"));
    return all;
}

START_TEST (a_stream_cut_anywhere_has_the_same_replies)
{
    unsigned times = getenv ("ZG_SANITIZER") && strcmp (getenv ("ZG_SANITIZER"), "no") != 0 ? 500 : 10000;
    buf_t stream = s_recorded (), whole = BUF_INIT;
    redis_rig_send (&s_rig, 0, buf_bytes (&stream));
    buf_add (&whole, s_rig.said[0].data, s_rig.said[0].size);
    ck_assert_uint_gt (whole.size, 40000);
    for (unsigned turn = 0; turn < times; turn++) {
        buf_reset (&s_rig.said[0]);
        s_rig.local = turn % 2;
        //  A few cuts in most turns, now and then very many
        size_t most = turn % 100 == 0 ? 20 : stream.size / (1 + s_next (8));
        for (size_t at = 0; at < stream.size;) {
            size_t size = 1 + s_next (most);
            size = size < stream.size - at ? size : stream.size - at;
            redis_rig_send (&s_rig, 0, bytes_of (stream.data + at, size));
            at += size;
        }
        if (!bytes_equal (buf_bytes (&whole), buf_bytes (&s_rig.said[0])))
            ck_abort_msg ("turn %u: other replies", turn);
    }
    buf_clear (&stream);
    buf_clear (&whole);
}
END_TEST

//  The first of its replies is not there: those behind it wait, and so do further commands.
START_TEST (commands_that_wait_are_bounded)
{
    gateway_config_t config = redis_rig_config ();
    redis_rig_close (&s_rig);
    config.calls_max = 10;
    config.input_max = 1000;
    redis_rig_open (&s_rig, &config);
    s_rig.refuse = 1000000;
    for (unsigned at = 0; at < 1000 && talk_wants (s_rig.talks[0]); at++)
        redis_rig_send (&s_rig, 0, bytes_str ("INCR a\r\n"));
    ck_assert (!talk_wants (s_rig.talks[0]));
    ck_assert_uint_le (gateway_stats (s_rig.gateway)->commands, 10);
    ck_assert_uint_lt (gateway_stats (s_rig.gateway)->bytes_in, 1200);
    s_rig.refuse = 0;
    uint64_t sent = gateway_stats (s_rig.gateway)->bytes_in / 8;
    for (unsigned at = 0; at < 20; at++)
        redis_rig_pass (&s_rig, 10);
    ck_assert (talk_wants (s_rig.talks[0]));
    char text[32];
    snprintf (text, sizeof text, "$%d\r\n%u\r\n", sent > 99 ? 3 : 2, (unsigned) sent);
    buf_reset (&s_rig.said[0]);
    redis_rig_says (&s_rig, "GET a\r\n", text);
}
END_TEST

//  Asked for without a turn of the grid: what is not answered yet will be as large as what was.
START_TEST (replies_under_way_count_as_output)
{
    talk_t *talk = s_rig.talks[1];
    for (unsigned large = 0; large < 2; large++) {
        if (large)
            redis_rig_words (&s_rig, "SETRANGE a 300000 x", ":300001");
        s_rig.local = false;
        for (unsigned at = 0; at < 30; at++)
            redis_rig_send (&s_rig, 1, bytes_str ("GET a\r\n"));
        uint64_t before = gateway_stats (s_rig.gateway)->commands;
        for (unsigned at = 0; at < 500 && talk_wants (talk); at++) {
            size_t room;
            memcpy (talk_room (talk, &room), "GET a\r\n", 7);
            talk_read (talk, 7);
        }
        uint64_t begun = gateway_stats (s_rig.gateway)->commands - before;
        ck_assert_msg (large ? begun >= 2 && begun <= 4 : begun >= 250 && begun <= 260, "%u: %u", large,
                       (unsigned) begun);
        redis_rig_turn (&s_rig);
    }
}
END_TEST

//  The rig does not read here.
START_TEST (who_does_not_read_is_not_served_further)
{
    talk_t *talk = s_rig.talks[1];
    redis_rig_send (&s_rig, 0, bytes_str ("SETRANGE large 99999 x\r\n"));
    uint64_t before = gateway_stats (s_rig.gateway)->commands;
    for (unsigned at = 0; at < 1000 && talk_wants (talk); at++) {
        size_t room;
        uint8_t *input = talk_room (talk, &room);
        memcpy (input, "GET large\r\n", 11);
        talk_read (talk, 11);
        gateway_settle (s_rig.gateway);
    }
    ck_assert (gateway_stats (s_rig.gateway)->commands - before <= 13);
    ck_assert_uint_lt (talk_output (talk).size, 2u << 20);
}
END_TEST

START_TEST (past_the_limits_of_output_a_connection_ends)
{
    gateway_config_t config = redis_rig_config ();
    redis_rig_close (&s_rig);
    config.output_hard = 50000;
    config.output_soft = 20000;
    config.output_soft_ms = 1000;
    redis_rig_open (&s_rig, &config);
    s_rig.local = true;
    redis_rig_send (&s_rig, 0, bytes_str ("SETRANGE large 29999 x\r\n"));
    talk_t *talk = s_rig.talks[1];
    size_t room;
    memcpy (talk_room (talk, &room), "GET large\r\n", 11);
    talk_read (talk, 11);
    gateway_settle (s_rig.gateway);
    ck_assert_int_eq (talk_end (talk), TALK_OPEN); // Above the soft limit, not for long
    memcpy (talk_room (talk, &room), "GET large\r\n", 11);
    talk_read (talk, 11);
    gateway_settle (s_rig.gateway);
    ck_assert_int_eq (talk_end (talk), TALK_DEAD); // Above the hard one
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->slow, 1);
}
END_TEST

START_TEST (what_is_no_request_ends_a_connection)
{
    redis_rig_send (&s_rig, 0, bytes_str ("SET a 1\r\n*x\r\nSET a 2\r\n"));
    ck_assert_ptr_null (s_rig.talks[0]);
    buf_add (&s_rig.said[0], "", 1);
    ck_assert_str_eq ((const char *) s_rig.said[0].data,
                      "+OK\r\n-ERR Protocol error: invalid multibulk length\r\n");
    redis_rig_send (&s_rig, 1, bytes_str ("GET a\r\nPOST / HTTP/1.1\r\nHost: here\r\n\r\nSET a 3\r\n"));
    ck_assert_ptr_null (s_rig.talks[1]);
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->protocol_errors, 1);
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->hostile, 1);
    redis_rig_send (&s_rig, 2, bytes_str ("GET a\r\n"));
    ck_assert (bytes_equal (buf_bytes (&s_rig.said[2]), bytes_str ("$1\r\n1\r\n")));
}
END_TEST

//  A SET of a value of so many bytes, all alike.
static void
s_add_set (buf_t *to, char key, char filled, size_t size)
{
    char head[80];
    buf_add (to, head,
             (size_t) snprintf (head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\n%c\r\n$%zu\r\n", key, size));
    ck_assert (buf_reserve (to, size + 2));
    memset (to->data + to->size, filled, size);
    to->size += size;
    buf_add (to, "\r\n", 2);
}

static void
s_give (talk_t *talk, bytes_t bytes)
{
    while (bytes.size) {
        size_t room;
        uint8_t *at = talk_room (talk, &room);
        room = room < bytes.size ? room : bytes.size;
        memcpy (at, bytes.data, room);
        talk_read (talk, room);
        bytes = bytes_of (bytes.data + room, bytes.size - room);
    }
}

START_TEST (large_values_are_lent_and_counted)
{
    enum { S_SIZE = 200000 };
    mp_t reader;
    request_t request;
    gateway_body_t body, next;
    buf_t sent = BUF_INIT;
    uint64_t before = gateway_stats (s_rig.gateway)->buffered;
    s_add_set (&sent, 'l', 'x', S_SIZE);
    s_give (s_rig.talks[0], buf_bytes (&sent));
    ck_assert_uint_eq (gateway_stats (s_rig.gateway)->buffered, before); // The record counts it
    ck_assert (gateway_body (s_rig.gateway, &body) && body.owner && body.records == 1);
    ck_assert_uint_eq (body.value.size, S_SIZE);
    ck_assert_uint_ge (lent_room (body.owner), S_SIZE);
    ck_assert (wire_open (body.body, &reader) && wire_next_request (&reader, &request) == WIRE_RECORD);
    ck_assert (request.value.kind == VALUE_ATTACHED && request.value.integer == 0);
    //  Who holds it keeps it, whatever becomes of the connection
    lent_t *owner = body.owner;
    lent_hold (owner);
    talk_destroy (&s_rig.talks[0]);
    redis_rig_pass (&s_rig, 60000);
    for (size_t at = 0; at < S_SIZE; at++)
        ck_assert_int_eq (body.value.data[at], 'x');
    lent_let_go (&owner);
    //  A small value, and one that is little of what was read, are copied
    buf_reset (&sent);
    s_add_set (&sent, 's', 'x', 1000);
    s_give (s_rig.talks[1], buf_bytes (&sent));
    ck_assert (gateway_body (s_rig.gateway, &next) && !next.owner);
    buf_clear (&sent);
}
END_TEST

START_TEST (beyond_the_memory_that_may_be_held_nothing_is_read)
{
    gateway_config_t config = redis_rig_config ();
    config.memory_max = 1 << 20;
    redis_rig_close (&s_rig);
    redis_rig_open (&s_rig, &config);
    buf_t sent = BUF_INIT;
    s_add_set (&sent, 'l', 'x', 1 << 20);
    ck_assert (gateway_has_room (s_rig.gateway));
    s_give (s_rig.talks[0], buf_bytes (&sent));
    ck_assert (!gateway_has_room (s_rig.gateway));
    redis_rig_turn (&s_rig);
    ck_assert (gateway_has_room (s_rig.gateway));
    buf_clear (&sent);
}
END_TEST

//  Sent again, several in one buffer, with the beginning of another command behind them, without memory.
START_TEST (lent_values_arrive_whole)
{
    enum { S_SIZE = 100000 };
    for (unsigned refuse = 0; refuse < 4; refuse++)
        for (unsigned failing = 0; failing < 3; failing++) {
            buf_t sent = BUF_INIT;
            for (char key = 'a'; key < 'e'; key++)
                s_add_set (&sent, key, (char) (key + refuse), S_SIZE);
            buf_add (&sent, "*2\r\n$6\r\nSTRLEN\r\n$1\r\na\r\n*2\r\n$3\r\nG", 32);
            s_rig.refuse = refuse;
            size_t room;
            mem_fail_at (failing ? failing + 3 : 0);
            talk_t *talk = s_rig.talks[refuse];
            uint8_t *at = talk_room (talk, &room);
            while (at && room && sent.size && talk_end (talk) == TALK_OPEN) {
                room = room < sent.size ? room : sent.size;
                memcpy (at, sent.data, room);
                talk_read (talk, room);
                memmove (sent.data, sent.data + room, sent.size - room);
                sent.size -= room;
                mem_fail_at (0);
                at = talk_room (talk, &room);
            }
            mem_fail_at (0);
            redis_rig_turn (&s_rig);
            for (unsigned again = 0; again < 8; again++)
                redis_rig_pass (&s_rig, 10);
            buf_clear (&sent);
            if (!s_rig.talks[refuse])
                break; // Without memory
            redis_rig_send (&s_rig, refuse, bytes_str ("ET\r\n$1\r\nd\r\n"));
            const buf_t *said = &s_rig.said[refuse];
            ck_assert_uint_eq (said->size, 4 * 5 + 9 + 9 + S_SIZE + 2);
            ck_assert_mem_eq (said->data, "+OK\r\n+OK\r\n+OK\r\n+OK\r\n:100000\r\n$100000\r\n", 38);
            for (size_t byte = 38; byte < 38 + S_SIZE; byte++)
                ck_assert_int_eq (said->data[byte], 'd' + (int) refuse);
            buf_reset (&s_rig.said[refuse]);
        }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("talk");
    TCase *all = tcase_create ("connections");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, a_stream_cut_anywhere_has_the_same_replies);
    tcase_add_test (all, commands_that_wait_are_bounded);
    tcase_add_test (all, who_does_not_read_is_not_served_further);
    tcase_add_test (all, past_the_limits_of_output_a_connection_ends);
    tcase_add_test (all, replies_under_way_count_as_output);
    tcase_add_test (all, what_is_no_request_ends_a_connection);
    tcase_add_test (all, large_values_are_lent_and_counted);
    tcase_add_test (all, beyond_the_memory_that_may_be_held_nothing_is_read);
    tcase_add_test (all, lent_values_arrive_whole);
    suite_add_tcase (suite, all);
    return suite;
}

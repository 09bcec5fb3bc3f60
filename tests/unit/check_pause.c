//  check_pause: CLIENT PAUSE and UNPAUSE. Replies are those of redis-server 7.0.
//  SPDX-License-Identifier: MPL-2.0
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

static void
s_send (unsigned talk, const char *lines)
{
    redis_rig_send (&s_rig, talk, bytes_str (lines));
}

//  What it was told since the last time.
static void
s_told (unsigned talk, const char *text)
{
    buf_t *said = &s_rig.said[talk];
    buf_add (said, "", 1);
    ck_assert_str_eq ((const char *) said->data, text);
    buf_reset (said);
}

START_TEST (words_are_those_of_redis)
{
    static const redis_line_t lines[] = {
        { "CLIENT PAUSE", "-ERR wrong number of arguments for 'client|pause' command" },
        { "CLIENT PAUSE x", "-ERR timeout is not an integer or out of range" },
        { "CLIENT PAUSE -1", "-ERR timeout is negative" },
        { "CLIENT PAUSE 10 SOME", "-ERR CLIENT PAUSE mode must be WRITE or ALL" },
        { "CLIENT UNPAUSE x", "-ERR wrong number of arguments for 'client|unpause' command" },
        { "CLIENT UNPAUSE", "+OK" },
        { "CLIENT PAUSE 0", "+OK" },
        { "PING", "+PONG" },
        { "CLIENT PAUSE 0 write", "+OK" },
        { "SET a 1", "+OK" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (all_commands_wait_until_the_time_is_over)
{
    redis_rig_words (&s_rig, "CLIENT PAUSE 100", "+OK");
    s_send (1, "SET a 1\r\nGET a\r\n");
    s_send (0, "CLIENT UNPAUSE\r\nPING\r\n");
    redis_rig_pass (&s_rig, 99);
    s_told (0, "");
    s_told (1, "");
    ck_assert_uint_eq (gateway_turn (s_rig.gateway), 1);
    redis_rig_pass (&s_rig, 1);
    s_told (0, "+OK\r\n+PONG\r\n");
    s_told (1, "+OK\r\n$1\r\n1\r\n");
    ck_assert_uint_eq (gateway_turn (s_rig.gateway), UINT64_MAX);
}
END_TEST

START_TEST (writes_alone_may_wait)
{
    s_send (3, "MULTI\r\nSET a 3\r\n");
    s_told (3, "+OK\r\n+QUEUED\r\n");
    redis_rig_words (&s_rig, "CLIENT PAUSE 1000 WRITE", "+OK");
    redis_rig_words (&s_rig, "GET a", "$-1");
    s_send (0, "MULTI\r\nGET a\r\nEXEC\r\n");
    s_told (0, "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
    //  In their order: what reads waits behind what writes
    s_send (1, "SET a 1\r\nGET a\r\n");
    s_send (2, "EVAL \"return redis.call('set',KEYS[1],ARGV[1],'nx','px',ARGV[2])\" 1 b v 1000\r\n");
    s_send (3, "EXEC\r\n");
    for (unsigned talk = 1; talk < 4; talk++)
        s_told (talk, "");
    redis_rig_words (&s_rig, "CLIENT UNPAUSE", "+OK");
    s_told (1, "+OK\r\n$1\r\n1\r\n");
    s_told (2, "+OK\r\n");
    s_told (3, "*1\r\n+OK\r\n");
}
END_TEST

START_TEST (the_longer_and_the_stricter_pause_counts)
{
    redis_rig_words (&s_rig, "CLIENT PAUSE 100 WRITE", "+OK");
    redis_rig_words (&s_rig, "CLIENT PAUSE 50 WRITE", "+OK");
    s_send (1, "SET a 1\r\n");
    redis_rig_pass (&s_rig, 99);
    s_told (1, "");
    redis_rig_words (&s_rig, "CLIENT PAUSE 2 ALL", "+OK");
    s_send (0, "PING\r\n");
    redis_rig_pass (&s_rig, 1);
    s_told (0, "");
    s_told (1, "");
    redis_rig_pass (&s_rig, 1);
    s_told (0, "+PONG\r\n");
    s_told (1, "+OK\r\n");
    redis_rig_words (&s_rig, "CLIENT PAUSE 9223372036854775807 WRITE", "+OK");
    s_send (1, "SET a 2\r\n");
    redis_rig_pass (&s_rig, 1000000000);
    s_told (1, "");
    redis_rig_words (&s_rig, "CLIENT UNPAUSE", "+OK");
    s_told (1, "+OK\r\n");
}
END_TEST

START_TEST (what_is_refused_anyway_is_not_held)
{
    redis_rig_words (&s_rig, "CLIENT PAUSE 1000", "+OK");
    s_send (0, "NOSUCH\r\nGET\r\nCLIENT FOO\r\n");
    s_told (0, "-ERR unknown command 'NOSUCH', with args beginning with: \r\n"
               "-ERR wrong number of arguments for 'get' command\r\n"
               "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n");
}
END_TEST

START_TEST (a_pause_is_no_way_to_fill_memory)
{
    gateway_config_t config = redis_rig_config ();
    redis_rig_close (&s_rig);
    config.input_max = 1000;
    redis_rig_open (&s_rig, &config);
    redis_rig_words (&s_rig, "CLIENT PAUSE 1000", "+OK");
    for (unsigned at = 0; at < 1000 && talk_wants (s_rig.talks[1]); at++)
        s_send (1, "INCR a\r\n");
    ck_assert (!talk_wants (s_rig.talks[1]));
    ck_assert_uint_lt (gateway_stats (s_rig.gateway)->bytes_in, 1200);
    redis_rig_pass (&s_rig, 1000);
    ck_assert (talk_wants (s_rig.talks[1]));
}
END_TEST

START_TEST (who_has_gone_is_not_waited_for)
{
    redis_rig_words (&s_rig, "CLIENT PAUSE 1000 WRITE", "+OK");
    s_send (1, "SET a 1\r\n");
    talk_destroy (&s_rig.talks[1]);
    s_send (2, "SET b 1\r\n");
    talk_finish (s_rig.talks[2]); // It reads on, but says nothing more
    redis_rig_turn (&s_rig);
    redis_rig_words (&s_rig, "CLIENT UNPAUSE", "+OK");
    s_told (2, "+OK\r\n");
    redis_rig_words (&s_rig, "MGET a b", "*2\r\n$-1\r\n$1\r\n1");
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("pause");
    TCase *all = tcase_create ("pauses");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, words_are_those_of_redis);
    tcase_add_test (all, all_commands_wait_until_the_time_is_over);
    tcase_add_test (all, writes_alone_may_wait);
    tcase_add_test (all, the_longer_and_the_stricter_pause_counts);
    tcase_add_test (all, what_is_refused_anyway_is_not_held);
    tcase_add_test (all, a_pause_is_no_way_to_fill_memory);
    tcase_add_test (all, who_has_gone_is_not_waited_for);
    suite_add_tcase (suite, all);
    return suite;
}

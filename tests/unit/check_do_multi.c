//  check_do_multi: what Redis clients are told by MULTI, EXEC, DISCARD, WATCH and UNWATCH. The replies are those of
//  redis-server 7.0.
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

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_multi");
    TCase *all = tcase_create ("transactions");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, commands_are_queued_and_executed);
    suite_add_tcase (suite, all);
    (void) s_other;
    return suite;
}

//  check_say: replies, word for word, for clients of RESP2 and RESP3.
//  SPDX-License-Identifier: MPL-2.0
#include "gateway/say.h"

#include <math.h>

#include "lib/test.h"
#include "mem.h"

static buf_t s_out;

static void
s_tear_down (void)
{
    buf_clear (&s_out);
}

static void
s_all (unsigned protocol)
{
    say_t say = { &s_out, protocol };
    buf_reset (&s_out);
    say_status (say, "O\r\nK");
    say_error (say, "ERR a\nb");
    say_error_bytes (say, bytes_of ("E\0F", 3));
    say_errorf (say, "ERR %s %d", "x", 7);
    say_int (say, INT64_MIN);
    say_int (say, INT64_MAX);
    say_int (say, 0);
    say_int (say, -10);
    say_bulk (say, bytes_of ("a\r\n\0", 4));
    say_text (say, "");
    say_nil (say);
    say_nil_array (say);
    say_bool (say, true);
    say_bool (say, false);
    say_double (say, 3.5);
    say_double (say, 0.1);
    say_double (say, 1e300);
    say_double (say, INFINITY);
    say_double (say, -INFINITY);
    say_verbatim (say, "txt", bytes_str ("hello"));
    say_array (say, 12);
    say_map (say, 3);
    say_set (say, 4);
    say_push (say, 2);
}

#define LINES_START                                                                                          \
    "+O  K\r\n-ERR a b\r\n-E\0F\r\n-ERR x 7\r\n"                                                             \
    ":-9223372036854775808\r\n:9223372036854775807\r\n:0\r\n:-10\r\n"                                        \
    "$4\r\na\r\n\0\r\n$0\r\n\r\n"

START_TEST (replies_are_words_of_the_protocol)
{
    static const char two[] = LINES_START
        "$-1\r\n*-1\r\n:1\r\n:0\r\n$3\r\n3.5\r\n"
        "$19\r\n0.10000000000000001\r\n$23\r\n1.0000000000000001e+300\r\n"
        "$3\r\ninf\r\n$4\r\n-inf\r\n$5\r\nhello\r\n*12\r\n*6\r\n*4\r\n*2\r\n";
    s_all (2);
    ck_assert (bytes_equal (buf_bytes (&s_out), bytes_of (two, sizeof two - 1)));
    static const char three[] = LINES_START "_\r\n_\r\n#t\r\n#f\r\n,3.5\r\n,0.10000000000000001\r\n"
                                            ",1.0000000000000001e+300\r\n,inf\r\n,-inf\r\n=9\r\ntxt:hello\r\n"
                                            "*12\r\n%3\r\n~4\r\n>2\r\n";
    s_all (3);
    ck_assert (bytes_equal (buf_bytes (&s_out), bytes_of (three, sizeof three - 1)));
}
END_TEST

START_TEST (long_errors_are_cut_and_long_bulks_are_not)
{
    static char text[5000];
    memset (text, 'x', sizeof text - 1);
    say_t say = { &s_out, 2 };
    buf_reset (&s_out);
    say_errorf (say, "%s", text);
    ck_assert_uint_eq (s_out.size, 1 + 1023 + 2);
    buf_reset (&s_out);
    say_text (say, text);
    ck_assert_uint_eq (s_out.size, 7 + 4999 + 2);
    ck_assert_int_eq (memcmp (s_out.data, "$4999\r\n", 7), 0);
}
END_TEST

START_TEST (without_memory_the_buffer_says_so)
{
    for (int what = 0; what < 4; what++) {
        buf_clear (&s_out);
        say_t say = { &s_out, 3 };
        mem_fail_at (1);
        if (what == 0)
            say_status (say, "OK");
        else if (what == 1)
            say_bulk (say, bytes_str ("x"));
        else if (what == 2)
            say_verbatim (say, "txt", bytes_str ("x"));
        else
            say_int (say, 5);
        mem_fail_at (0);
        ck_assert (s_out.failed);
        ck_assert_uint_eq (s_out.size, 0);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("say");
    TCase *tcase = tcase_create ("say");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_add_test (tcase, replies_are_words_of_the_protocol);
    tcase_add_test (tcase, long_errors_are_cut_and_long_bulks_are_not);
    tcase_add_test (tcase, without_memory_the_buffer_says_so);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  check_resp: commands from bytes that come in any pieces, and what is none.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "gateway/resp.h"
#include "lib/test.h"
#include "mem.h"

static const resp_limits_t s_limits = { .bulk_max = 1000, .request_max = 5000, .args_max = RESP_ARGS_MAX };

//  The commands of a text as "[a|b][c]…", and what it ends with; `cut`: bytes that come at a time.
static const char *
s_read (bytes_t text, size_t cut)
{
    static buf_t out;
    resp_t *resp = resp_new (&s_limits);
    size_t done = 0, come = 0, used;
    resp_step_t step = RESP_MORE;
    ck_assert_ptr_nonnull (resp);
    buf_reset (&out);
    while (step != RESP_BAD && step != RESP_HOSTILE && come < text.size) {
        come = come + cut < text.size ? come + cut : text.size;
        //  It may lie elsewhere each time
        uint8_t *copy = malloc (come - done + 1);
        memcpy (copy, text.data + done, come - done);
        size_t base = done;
        while (done < come
               && (step = resp_next (resp, bytes_of (copy + done - base, come - done), &used))
                      == RESP_COMMAND) {
            uint32_t count;
            const bytes_t *args = resp_args (resp, &count);
            buf_add (&out, "[", 1);
            for (uint32_t at = 0; at < count; at++) {
                buf_add (&out, "|", at > 0);
                buf_add (&out, args[at].data, args[at].size);
            }
            buf_add (&out, "]", 1);
            done += used;
        }
        free (copy);
    }
    if (step == RESP_BAD)
        buf_add (&out, resp_error (resp).data, resp_error (resp).size);
    else if (step == RESP_HOSTILE)
        buf_add (&out, "hostile", 7);
    else if (done < text.size)
        buf_add (&out, "…", strlen ("…"));
    buf_add (&out, "", 1);
    resp_destroy (&resp);
    return (const char *) out.data;
}

static const struct {
    const char *text, *read;
} s_lines[] = {
    { "*1\r\n$4\r\nPING\r\n", "[PING]" },
    { "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n", "[GET|a][PING]" },
    { "*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "[GET|]" },
    { "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n\r\n\r\n", "[SET|a|\r\n\r\n]" },
    { "*0\r\n*-1\r\nPING\r\n", "[][][PING]" },
    { "PING\r\n", "[PING]" },
    { "PING\nGET a\n", "[PING][GET|a]" },
    { "  SET  a\t\"b c\" \r\n", "[SET|a|b c]" },
    { "SET a \"\\x41\\n\\\"\\q\"\r\n", "[SET|a|A\n\"q]" },
    { "SET a 'b\\'c\\n'\r\n", "[SET|a|b'c\\n]" },
    { "SET a \"\"\r\n", "[SET|a|]" },
    { "\r\n\r\nPING\r\n", "[][][PING]" },
    { "SET a \"b\r\n", "ERR Protocol error: unbalanced quotes in request" },
    { "SET a \"b\"c\r\n", "ERR Protocol error: unbalanced quotes in request" },
    { "SET a 'b'c\r\n", "ERR Protocol error: unbalanced quotes in request" },
    { "*x\r\n", "ERR Protocol error: invalid multibulk length" },
    { "*\r\n", "ERR Protocol error: invalid multibulk length" },
    { "*1048577\r\n", "ERR Protocol error: invalid multibulk length" },
    { "*99999999999999999999\r\n", "ERR Protocol error: invalid multibulk length" },
    { "*1\r\n*1\r\n", "ERR Protocol error: expected '$', got '*'" },
    { "*1\r\nPING\r\n", "ERR Protocol error: expected '$', got 'P'" },
    { "*1\r\n$x\r\n", "ERR Protocol error: invalid bulk length" },
    { "*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length" },
    { "*1\r\n$1001\r\n", "ERR Protocol error: invalid bulk length" },
    { "*1\r\n$1000000000\r\n", "ERR Protocol error: invalid bulk length" },
    { "POST / HTTP/1.1\r\n", "hostile" },
    { "GET / HTTP/1.1\r\nHost: localhost\r\n", "[GET|/|HTTP/1.1]hostile" },
    { "*2\r\n$3\r\nGET\r\n$5\r\nab", "…" },
    { "*2\r\n$3\r\nGET", "…" },
    { "*", "…" },
};

START_TEST (commands_are_read_however_their_bytes_are_cut)
{
    for (size_t at = 0; at < sizeof s_lines / sizeof s_lines[0]; at++)
        for (size_t cut = 1; cut <= strlen (s_lines[at].text); cut++)
            ck_assert_str_eq (s_read (bytes_str (s_lines[at].text), cut), s_lines[at].read);
}
END_TEST

START_TEST (an_inline_command_that_does_not_end_is_refused)
{
    uint8_t *text = malloc (RESP_INLINE_MAX + 10);
    memset (text, 'x', RESP_INLINE_MAX + 10);
    ck_assert_str_eq (s_read (bytes_of (text, RESP_INLINE_MAX + 10), 4096),
                      "ERR Protocol error: too big inline request");
    text[0] = '*';
    ck_assert_str_eq (s_read (bytes_of (text, RESP_INLINE_MAX + 10), 4096),
                      "ERR Protocol error: too big mbulk count string");
    memcpy (text, "*1\r\n$", 5);
    ck_assert_str_eq (s_read (bytes_of (text, RESP_INLINE_MAX + 10), 4096),
                      "ERR Protocol error: too big bulk count string");
    free (text);
}
END_TEST

START_TEST (guests_may_send_little)
{
    resp_limits_t guest = { .bulk_max = RESP_GUEST_BULK_MAX,
                            .request_max = 1u << 20,
                            .args_max = RESP_GUEST_ARGS_MAX };
    const char *texts[] = { "*11\r\n", "*1\r\n$16385\r\n" };
    const char *errors[] = { "ERR Protocol error: unauthenticated multibulk length",
                             "ERR Protocol error: unauthenticated bulk length" };
    for (unsigned at = 0; at < 2; at++) {
        resp_t *resp = resp_new (&guest);
        size_t used;
        ck_assert_int_eq (resp_next (resp, bytes_str (texts[at]), &used), RESP_BAD);
        ck_assert (bytes_equal (resp_error (resp), bytes_str (errors[at])));
        resp_destroy (&resp);
    }
}
END_TEST

//  What is announced costs nothing; a million arguments, a byte at a time, cost what a million cost.
START_TEST (memory_follows_what_has_come)
{
    enum { COUNT = 300000 };
    resp_limits_t large = { .bulk_max = 1000, .request_max = 1u << 30, .args_max = RESP_ARGS_MAX };
    resp_t *resp = resp_new (&large);
    buf_t text = BUF_INIT;
    size_t used, step = RESP_MORE;
    uint32_t count;
    char head[32];
    buf_add (&text, head, (size_t) snprintf (head, sizeof head, "*%d\r\n", COUNT));
    uint64_t before = mem_count ();
    ck_assert_int_eq (resp_next (resp, buf_bytes (&text), &used), RESP_MORE);
    ck_assert_uint_eq (mem_count (), before);
    for (unsigned at = 0; at < COUNT; at++)
        buf_add (&text, "$1\r\nx\r\n", 7);
    for (size_t come = 1; come <= text.size; come++)
        step = resp_next (resp, bytes_of (text.data, come), &used);
    ck_assert_uint_eq (step, RESP_COMMAND);
    ck_assert_uint_eq (used, text.size);
    resp_args (resp, &count);
    ck_assert_uint_eq (count, COUNT);
    buf_clear (&text);
    resp_destroy (&resp);
}
END_TEST

START_TEST (the_size_of_an_argument_is_known_before_it_comes)
{
    size_t used;
    resp_t *resp = resp_new (&s_limits);
    ck_assert_int_eq (resp_next (resp, bytes_str ("*2\r\n$3\r\nGET\r\n$700\r\nab"), &used), RESP_MORE);
    ck_assert_uint_eq (resp_wanted (resp), 702);
    resp_destroy (&resp);
}
END_TEST

START_TEST (memory_that_runs_out_is_told)
{
    size_t used;
    for (unsigned at = 1; at < 4; at++) {
        mem_fail_at (at);
        resp_t *resp = resp_new (&s_limits);
        if (resp) {
            resp_step_t step = resp_next (resp, bytes_str ("SET a b\r\n"), &used);
            ck_assert (step == RESP_NOMEM || (at > 3 && step == RESP_COMMAND));
        }
        mem_fail_at (0);
        resp_destroy (&resp);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("resp");
    TCase *all = tcase_create ("commands");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, commands_are_read_however_their_bytes_are_cut);
    tcase_add_test (all, an_inline_command_that_does_not_end_is_refused);
    tcase_add_test (all, guests_may_send_little);
    tcase_add_test (all, memory_follows_what_has_come);
    tcase_add_test (all, the_size_of_an_argument_is_known_before_it_comes);
    tcase_add_test (all, memory_that_runs_out_is_told);
    suite_add_tcase (suite, all);
    return suite;
}

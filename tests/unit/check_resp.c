//  check_resp: the requests of Redis clients, however their bytes are cut; what is no request; costs.
//  SPDX-License-Identifier: MPL-2.0
#include "gateway/resp.h"

#include <stdio.h>

#include "lib/test.h"
#include "mem.h"

#define MIB (1u << 20)

static resp_limits_t s_limits;
static resp_t *s_resp;
static buf_t s_told;

static void
s_set_up (void)
{
    s_limits = (resp_limits_t) { 512 * (uint64_t) MIB, 1024 * (uint64_t) MIB, RESP_ARGS_MAX };
    s_resp = resp_new (&s_limits);
    ck_assert_ptr_nonnull (s_resp);
    mem_fail_at (UINT64_MAX); // Nothing fails, but allocations are counted
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    resp_destroy (&s_resp);
    buf_clear (&s_told);
}

static void
s_tell (const char *text, size_t size)
{
    buf_add (&s_told, text, size);
}

//  What a step was, as text: {word}{word}; or !error.
static void
s_tell_step (resp_step_t step)
{
    if (step == RESP_COMMAND) {
        uint32_t count;
        const bytes_t *args = resp_args (s_resp, &count);
        for (uint32_t at = 0; at < count; at++) {
            s_tell ("{", 1);
            s_tell ((const char *) args[at].data, args[at].size);
            s_tell ("}", 1);
        }
        s_tell (";", 1);
    } else if (step == RESP_BAD) {
        bytes_t error = resp_error (s_resp);
        s_tell ("!", 1);
        s_tell ((const char *) error.data, error.size);
    } else
        s_tell (step == RESP_HOSTILE ? "HTTP" : "NOMEM", step == RESP_HOSTILE ? 4 : 5);
}

//  Tells the parser the bytes from *from to `end`; each time they stand elsewhere, so that a pointer that
//  was kept is found by sanitizers. False: it has ended.
static bool
s_feed (const uint8_t *bytes, size_t *from, size_t end)
{
    for (;;) {
        size_t size = end - *from, used = 0;
        uint8_t *copy = malloc (size + 1);
        memcpy (copy, bytes + *from, size);
        resp_step_t step = resp_next (s_resp, bytes_of (copy, size), &used);
        if (step != RESP_MORE)
            s_tell_step (step);
        free (copy);
        assert (used <= size);
        *from += used;
        if (step == RESP_MORE)
            return true;
        if (step != RESP_COMMAND)
            return false;
    }
}

//  All of it, cut behind `first` and `second` bytes.
static bytes_t
s_cut (bytes_t input, size_t first, size_t second)
{
    buf_reset (&s_told);
    resp_destroy (&s_resp);
    s_resp = resp_new (&s_limits);
    size_t from = 0;
    if (s_feed (input.data, &from, first) && s_feed (input.data, &from, second))
        s_feed (input.data, &from, input.size);
    return buf_bytes (&s_told);
}

typedef struct {
    const char *input, *told;
} pair_t;

static void
s_check (const pair_t *pairs, size_t count)
{
    for (size_t which = 0; which < count; which++) {
        bytes_t input = bytes_str (pairs[which].input), told = bytes_str (pairs[which].told);
        for (size_t first = 0; first <= input.size; first++)
            for (size_t second = first; second <= input.size; second++) {
                bytes_t found = s_cut (input, first, second);
                if (!bytes_equal (found, told))
                    ck_abort_msg ("%s cut at %zu and %zu: %.*s instead of %s", pairs[which].input, first,
                                  second, (int) found.size, (const char *) found.data, pairs[which].told);
            }
    }
}

START_TEST (commands_are_found_however_they_are_cut)
{
    static const pair_t pairs[] = {
        { "*1\r\n$4\r\nPING\r\n", "{PING};" },
        { "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nb\r\n\nc\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n",
          "{SET}{a}{b\r\n\nc};{GET}{};" },
        { "*0\r\n*-1\r\n*-10\r\n\r\n\nPING\n", ";;;;;{PING};" },
        { "PING\r\n", "{PING};" },
        { "  SET\ta  b \r\n", "{SET}{a}{b};" },
        { "set \"a b\" '\"'\r\n", "{set}{a b}{\"};" },
        { "x \"\\x41\\n\\r\\t\\b\\a\\\"\\q\\x4\" 'a\\'\\n' \"\" ''\n", "{x}{A\n\r\t\b\a\"qx4}{a'\\n}{}{};" },
        { "x a\"b c\" d'e'\n", "{x}{ab c}{de};" },
        { "\v\fx\vy z\n", "{x\vy}{z};" },
        { "*1\r\n$4xxPING__*1\r\n$1\r\nAPING\r\n", "!ERR Protocol error: invalid bulk length" },
        { "*1\rx$4\rxPING__PING\r\n", "{PING};{PING};" }, // Redis looks at neither either
        { "*2\r\n$3\r\nGET\r\n$2\r\nab\r\nPING\r\n*1\r\n$1\r\nx\r\n", "{GET}{ab};{PING};{x};" },
    };
    s_check (pairs, sizeof pairs / sizeof pairs[0]);
}
END_TEST

#define BAD "!ERR Protocol error: "

START_TEST (what_is_no_command_is_refused_with_the_texts_of_redis)
{
    static const pair_t pairs[] = {
        { "*x\r\n", BAD "invalid multibulk length" },
        { "*\r\n", BAD "invalid multibulk length" },
        { "*+1\r\n", BAD "invalid multibulk length" },
        { "*01\r\n", BAD "invalid multibulk length" },
        { "*-0\r\n", BAD "invalid multibulk length" },
        { "* 1\r\n", BAD "invalid multibulk length" },
        { "*1048577\r\n", BAD "invalid multibulk length" },
        { "*2147483648\r\n", BAD "invalid multibulk length" },
        { "*9223372036854775808\r\n", BAD "invalid multibulk length" },
        { "*99999999999999999999\r\n", BAD "invalid multibulk length" },
        { "*1\r\n:4\r\n", BAD "expected '$', got ':'" },
        { "*1\r\n*1\r\n$1\r\nx\r\n", BAD "expected '$', got '*'" },
        { "*1\r\n\r\n", BAD "expected '$', got ' '" },
        { "*1\r\n$-1\r\n", BAD "invalid bulk length" },
        { "*1\r\n$x\r\n", BAD "invalid bulk length" },
        { "*1\r\n$\r\n", BAD "invalid bulk length" },
        { "*1\r\n$1073741824\r\n", BAD "invalid bulk length" },
        { "*1\r\n$536870913\r\n", BAD "invalid bulk length" },
        { "PING\r\nx \"a\r\n", "{PING};" BAD "unbalanced quotes in request" },
        { "x 'a\"\r\n", BAD "unbalanced quotes in request" },
        { "x \"a\"b\r\n", BAD "unbalanced quotes in request" },
        { "x 'a'b\r\n", BAD "unbalanced quotes in request" },
        { "POST / HTTP/1.1\r\nx\r\n", "HTTP" },
        { "get / HTTP/1.1\r\nHost: a\r\n", "{get}{/}{HTTP/1.1};HTTP" },
        { "*1\r\n$4\r\npost\r\n", "HTTP" },
        { "posts\r\nhost\r\npos\r\nhosta\r\n", "{posts};{host};{pos};{hosta};" },
    };
    s_check (pairs, sizeof pairs / sizeof pairs[0]);
}
END_TEST

START_TEST (guests_may_say_little)
{
    s_limits.args_max = RESP_GUEST_ARGS_MAX;
    s_limits.bulk_max = RESP_GUEST_BULK_MAX;
    static const pair_t pairs[] = {
        { "*11\r\n", BAD "unauthenticated multibulk length" },
        { "*2000000\r\n", BAD "invalid multibulk length" },
        { "*1\r\n$16385\r\n", BAD "unauthenticated bulk length" },
        { "*1\r\n$536870913\r\n", BAD "invalid bulk length" },
        { "*1\r\n$1\r\nx\r\n*10\r\n$16384\r\n", "{x};" },
    };
    s_check (pairs, sizeof pairs / sizeof pairs[0]);
}
END_TEST

START_TEST (a_command_has_a_bound_of_its_own)
{
    s_limits.request_max = 30;
    static const pair_t pairs[] = {
        { "*2\r\n$9\r\n123456789\r\n$2\r\n12\r\n", "{123456789}{12};" }, // 4 + 15 + 8
        { "*2\r\n$9\r\n123456789\r\n$5\r\n12345\r\n", "{123456789}{12345};" },
        { "*2\r\n$9\r\n123456789\r\n$6\r\n123456\r\n", BAD "too big request" },
    };
    s_check (pairs, sizeof pairs / sizeof pairs[0]);
}
END_TEST

//  A line without an end is refused behind 64 KiB, whatever the reads are; not before.
START_TEST (endless_lines_are_refused)
{
    static const struct {
        const char *start, *text;
    } cases[] = { { "", BAD "too big inline request" },
                  { "*", BAD "too big mbulk count string" },
                  { "*1\r\n$", BAD "too big bulk count string" } };
    static const size_t reads[] = { 1, 1000, 65536, 200000 };
    static char bytes[200001];
    for (size_t which = 0; which < 3; which++)
        for (size_t read = 0; read < 4; read++) {
            memset (bytes, '1', sizeof bytes);
            memcpy (bytes, cases[which].start, strlen (cases[which].start));
            resp_destroy (&s_resp);
            s_resp = resp_new (&s_limits);
            size_t there = 0, used = 0, line = which == 2 ? 4 : 0;
            resp_step_t step = RESP_MORE;
            while (step == RESP_MORE && there + reads[read] <= sizeof bytes) {
                there += reads[read];
                step = resp_next (s_resp, bytes_of (bytes, there), &used);
                if (there - line <= RESP_INLINE_MAX)
                    ck_assert_int_eq (step, RESP_MORE);
            }
            ck_assert_int_eq (step, RESP_BAD);
            ck_assert_uint_le (there, line + RESP_INLINE_MAX + reads[read]);
            buf_reset (&s_told);
            s_tell_step (step);
            ck_assert (bytes_equal (buf_bytes (&s_told), bytes_str (cases[which].text)));
            //  And it stays so
            ck_assert_int_eq (resp_next (s_resp, bytes_str ("PING\r\n"), &used), RESP_BAD);
        }
}
END_TEST

//  Its end may have come with it: whether it is refused does not depend on how it was cut.
START_TEST (a_line_that_ends_too_late_is_refused)
{
    static char bytes[RESP_INLINE_MAX + 4];
    size_t used;
    memset (bytes, 'x', sizeof bytes);
    bytes[RESP_INLINE_MAX + 1] = '\n';
    ck_assert_int_eq (resp_next (s_resp, bytes_of (bytes, sizeof bytes), &used), RESP_BAD);
    resp_destroy (&s_resp);
    s_resp = resp_new (&s_limits);
    bytes[0] = '*';
    bytes[RESP_INLINE_MAX + 1] = '\r';
    ck_assert_int_eq (resp_next (s_resp, bytes_of (bytes, sizeof bytes), &used), RESP_BAD);
    ck_assert (
        bytes_equal (resp_error (s_resp), bytes_str ("ERR Protocol error: too big mbulk count string")));
}
END_TEST

START_TEST (a_long_line_that_ends_in_time_is_a_command)
{
    static char bytes[RESP_INLINE_MAX + 1];
    memset (bytes, 'x', sizeof bytes);
    bytes[RESP_INLINE_MAX] = '\n';
    size_t used;
    uint32_t count;
    ck_assert_int_eq (resp_next (s_resp, bytes_of (bytes, RESP_INLINE_MAX), &used), RESP_MORE);
    ck_assert_int_eq (resp_next (s_resp, bytes_of (bytes, sizeof bytes), &used), RESP_COMMAND);
    ck_assert_uint_eq (used, sizeof bytes);
    const bytes_t *args = resp_args (s_resp, &count);
    ck_assert_uint_eq (count, 1);
    ck_assert_uint_eq (args[0].size, RESP_INLINE_MAX);
}
END_TEST

//  One million arguments that arrive byte by byte: were anything looked at twice, this would not end.
START_TEST (many_arguments_in_single_bytes_are_linear)
{
    buf_t input = BUF_INIT;
    buf_add (&input, "*1048576\r\n", 10);
    for (uint32_t at = 0; at < RESP_ARGS_MAX; at++)
        buf_add (&input, "$1\r\nx\r\n", 7);
    ck_assert (!input.failed);
    size_t used = 0;
    uint64_t allocations = mem_count ();
    for (size_t there = 1; there < input.size; there++)
        assert (resp_next (s_resp, bytes_of (input.data, there), &used) == RESP_MORE);
    ck_assert_int_eq (resp_next (s_resp, buf_bytes (&input), &used), RESP_COMMAND);
    ck_assert_uint_le (mem_count () - allocations, 2 * 17); // Doubling, not one for each
    ck_assert_uint_eq (used, input.size);
    uint32_t count;
    const bytes_t *args = resp_args (s_resp, &count);
    ck_assert_uint_eq (count, RESP_ARGS_MAX);
    ck_assert (bytes_equal (args[count - 1], bytes_str ("x")));
    //  The next command begins small again
    ck_assert_int_eq (resp_next (s_resp, bytes_str ("a b\n"), &used), RESP_COMMAND);
    resp_args (s_resp, &count);
    ck_assert_uint_eq (count, 2);
    buf_clear (&input);
}
END_TEST

START_TEST (announcements_take_no_memory)
{
    size_t used;
    uint64_t allocations = mem_count ();
    ck_assert_int_eq (resp_next (s_resp, bytes_str ("*1048576\r\n$536870912\r\n"), &used), RESP_MORE);
    ck_assert_uint_eq (mem_count (), allocations);
    ck_assert_uint_eq (resp_wanted (s_resp), 536870914);
    ck_assert_int_eq (resp_next (s_resp, bytes_str ("*1048576\r\n$536870912\r\n12345"), &used), RESP_MORE);
    ck_assert_uint_eq (resp_wanted (s_resp), 536870909);
}
END_TEST

START_TEST (commands_of_a_stream_take_no_memory)
{
    bytes_t stream = bytes_str (
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nx 'y'\r\n");
    uint64_t allocations = 0;
    for (int round = 0; round < 3; round++) {
        size_t from = 0, used;
        for (int command = 0; command < 3; command++) {
            bytes_t rest = bytes_of (stream.data + from, stream.size - from);
            ck_assert_int_eq (resp_next (s_resp, rest, &used), RESP_COMMAND);
            from += used;
        }
        ck_assert_uint_eq (from, stream.size);
        if (round)
            ck_assert_uint_eq (mem_count (), allocations);
        allocations = mem_count ();
    }
}
END_TEST

#define FOUR "$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n"

START_TEST (without_memory_the_connection_ends)
{
    static const char *const inputs[] = { "*17\r\n" FOUR FOUR FOUR FOUR "$1\r\na\r\n", "x 'y'\r\n" };
    for (int which = 0; which < 2; which++)
        for (uint64_t fail = 1;; fail++) {
            mem_fail_at (fail);
            resp_t *resp = resp_new (&s_limits);
            if (!resp)
                continue;
            size_t used;
            resp_step_t step = resp_next (resp, bytes_str (inputs[which]), &used);
            mem_fail_at (0);
            resp_destroy (&resp);
            ck_assert_ptr_null (resp);
            if (step == RESP_COMMAND) {
                ck_assert_uint_eq (fail, which ? 5 : 6);
                break;
            }
            ck_assert_int_eq (step, RESP_NOMEM);
        }
    mem_fail_at (0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("resp");
    TCase *tcase = tcase_create ("resp");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, commands_are_found_however_they_are_cut);
    tcase_add_test (tcase, what_is_no_command_is_refused_with_the_texts_of_redis);
    tcase_add_test (tcase, guests_may_say_little);
    tcase_add_test (tcase, a_command_has_a_bound_of_its_own);
    tcase_add_test (tcase, endless_lines_are_refused);
    tcase_add_test (tcase, a_line_that_ends_too_late_is_refused);
    tcase_add_test (tcase, a_long_line_that_ends_in_time_is_a_command);
    tcase_add_test (tcase, many_arguments_in_single_bytes_are_linear);
    tcase_add_test (tcase, announcements_take_no_memory);
    tcase_add_test (tcase, commands_of_a_stream_take_no_memory);
    tcase_add_test (tcase, without_memory_the_connection_ends);
    suite_add_tcase (suite, tcase);
    return suite;
}

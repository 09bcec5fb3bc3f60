//  check_ops_key: reading, storing and removing one entry: every option, every status.
//  SPDX-License-Identifier: MPL-2.0
#include <math.h>
#include <stdio.h>

#include "lib/rig.h"
#include "lib/test.h"

static rig_t s_rig;

static void
s_set_up (void)
{
    rig_open (&s_rig, 1, 7);
}

static void
s_tear_down (void)
{
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

//  One request, and what its reply must be: status, and value as text (NULL: nil).
typedef struct {
    op_t op;
    const char *key, *value, *options;
    unsigned status;
    const char *reply;
} s_line_t;

static void
s_lines (const s_line_t *lines, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const s_line_t *line = &lines[at];
        answer_t answer = rig_do (&s_rig, line->op, line->key, line->value, line->options);
        char number[24];
        if (answer.value.kind == VALUE_INT) {
            snprintf (number, sizeof number, "%lld", (long long) answer.value.integer);
            answer.value = value_bytes (bytes_str (number));
        }
        bool same = line->reply ? answer_is (&answer, line->reply) : answer.value.kind == VALUE_NIL;
        ck_assert_msg (answer.status == line->status && same, "line %zu: %s %s: status %u", at,
                       op_info (line->op)->name, line->options ? line->options : "", answer.status);
    }
}
#define S_LINES(lines) s_lines (lines, sizeof lines / sizeof lines[0])

START_TEST (put_get_and_del)
{
    static const s_line_t s_script[] = {
        { OP_GET, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_EXISTS, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "", ZGRID_OK, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "1" },
        { OP_EXISTS, "a", NULL, "", ZGRID_OK, NULL },
        { OP_PUT, "a", "", "", ZGRID_OK, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "" },
        { OP_PUT, "a", NULL, "", ZGRID_MALFORMED, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "" },
        { OP_DEL, "a", NULL, "", ZGRID_OK, NULL },
        { OP_DEL, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "", "empty key", "", ZGRID_OK, NULL },
        { OP_GET, "", NULL, "", ZGRID_OK, "empty key" },
        { OP_GET, NULL, NULL, "", ZGRID_MALFORMED, NULL },
        { OP_GET, "", NULL, "read=stale", ZGRID_OK, "empty key" },
        { OP_GET, "", NULL, "read=other", ZGRID_MALFORMED, NULL },
    };
    S_LINES (s_script);
}
END_TEST

START_TEST (put_with_conditions)
{
    static const s_line_t s_script[] = {
        { OP_PUT, "a", "1", "xx", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "ifversion=1", ZGRID_MISMATCH, NULL },
        { OP_PUT, "a", "1", "ifeq=0", ZGRID_MISMATCH, NULL },
        { OP_PUT, "a", "1", "xx get", ZGRID_NOTFOUND, NULL },
        { OP_GET, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "nx", ZGRID_OK, NULL },
        { OP_PUT, "a", "2", "nx", ZGRID_EXISTS, NULL },
        { OP_PUT, "a", "2", "nx get", ZGRID_EXISTS, "1" },
        { OP_PUT, "a", "2", "nx xx", ZGRID_MALFORMED, NULL },
        { OP_PUT, "a", "2", "ifeq=nil", ZGRID_MISMATCH, NULL },
        { OP_PUT, "a", "2", "ifversion=0 get", ZGRID_MISMATCH, "1" },
        { OP_PUT, "a", "2", "ifeq=2 get", ZGRID_MISMATCH, "1" },
        { OP_GET, "a", NULL, "", ZGRID_OK, "1" },
        { OP_PUT, "a", "2", "ifeq=1 xx get", ZGRID_OK, "1" },
        { OP_PUT, "a", "3", "xx", ZGRID_OK, NULL },
        { OP_PUT, "b", "1", "ifeq=nil nx get", ZGRID_OK, NULL },
        { OP_PUT, "c", "1", "ifversion=0", ZGRID_OK, NULL },
    };
    S_LINES (s_script);
}
END_TEST

START_TEST (versions_grow_and_are_answered)
{
    uint64_t first = rig_do (&s_rig, OP_PUT, "a", "1", "").version;
    uint64_t second = rig_do (&s_rig, OP_PUT, "a", "2", "").version;
    char options[40];
    ck_assert_uint_gt (first, 0);
    ck_assert_uint_gt (second, first);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "a", NULL, "").version, second);
    ck_assert_uint_eq (rig_do (&s_rig, OP_EXISTS, "a", NULL, "").version, second);
    ck_assert_uint_eq (rig_do (&s_rig, OP_PUT, "a", "3", "nx").version, second);
    snprintf (options, sizeof options, "ifversion=%llu", (unsigned long long) first);
    ck_assert_uint_eq (rig_do (&s_rig, OP_PUT, "a", "3", options).status, ZGRID_MISMATCH);
    ck_assert_uint_eq (rig_do (&s_rig, OP_DEL, "a", NULL, options).status, ZGRID_MISMATCH);
    snprintf (options, sizeof options, "ifversion=%llu", (unsigned long long) second);
    uint64_t third = rig_do (&s_rig, OP_PUT, "a", "3", options).version;
    ck_assert_uint_gt (third, second);
    snprintf (options, sizeof options, "ifversion=%llu", (unsigned long long) third);
    answer_t gone = rig_do (&s_rig, OP_DEL, "a", NULL, options);
    ck_assert_uint_eq (gone.status, ZGRID_OK);
    ck_assert_uint_gt (gone.version, third);
    ck_assert_uint_gt (rig_do (&s_rig, OP_PUT, "a", "4", "").version, gone.version);
    rig_do (&s_rig, OP_DESTROY, NULL, NULL, "");
    ck_assert_uint_gt (rig_do (&s_rig, OP_PUT, "a", "5", "").version, gone.version + 1);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "none", NULL, "").version, 0);
}
END_TEST

//  Once, DEL with a version answered MISMATCH for a key that was not there.
START_TEST (del_with_conditions)
{
    static const s_line_t s_script[] = {
        { OP_DEL, "a", NULL, "ifversion=7", ZGRID_NOTFOUND, NULL },
        { OP_DEL, "a", NULL, "ifeq=x", ZGRID_NOTFOUND, NULL },
        { OP_DEL, "a", NULL, "ifeq=nil", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "x", "", ZGRID_OK, NULL },
        { OP_DEL, "a", NULL, "ifeq=y", ZGRID_MISMATCH, NULL },
        { OP_DEL, "a", NULL, "ifeq=nil", ZGRID_MISMATCH, NULL },
        { OP_DEL, "a", NULL, "ifversion=0", ZGRID_MISMATCH, NULL },
        { OP_DEL, "a", NULL, "ifeq=x", ZGRID_OK, NULL },
        { OP_GET, "a", NULL, "", ZGRID_NOTFOUND, NULL },
    };
    S_LINES (s_script);
    stats_t stats = rig_stats (&s_rig);
    ck_assert_uint_eq (stats.del_hits, 1);
    ck_assert_uint_eq (stats.del_misses, 3);
    ck_assert_uint_eq (stats.get_misses, 1);
    ck_assert_uint_eq (stats.puts, 1);
}
END_TEST

START_TEST (getput_getdel_append_and_cas)
{
    static const s_line_t s_script[] = {
        { OP_GETPUT, "a", "1", "", ZGRID_OK, NULL },
        { OP_GETPUT, "a", "2", "", ZGRID_OK, "1" },
        { OP_GETPUT, "a", NULL, "", ZGRID_MALFORMED, NULL },
        { OP_APPEND, "a", "34", "", ZGRID_OK, "3" },
        { OP_APPEND, "a", "", "", ZGRID_OK, "3" },
        { OP_APPEND, "new", "xy", "", ZGRID_OK, "2" },
        { OP_APPEND, "a", NULL, "", ZGRID_MALFORMED, NULL },
        { OP_GETDEL, "a", NULL, "", ZGRID_OK, "234" },
        { OP_GETDEL, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_CAS, "a", "1", "", ZGRID_MALFORMED, NULL },
        { OP_CAS, "a", "1", "ifeq=0", ZGRID_MISMATCH, NULL },
        { OP_CAS, "a", "", "ifeq=nil", ZGRID_OK, NULL },
        { OP_CAS, "a", "1", "ifeq=nil", ZGRID_MISMATCH, "" },
        { OP_CAS, "a", "1", "ifeq=", ZGRID_OK, NULL },
        { OP_CAS, "a", "2", "ifeq=x", ZGRID_MISMATCH, "1" },
        { OP_CAS, "a", NULL, "ifeq=1", ZGRID_MALFORMED, NULL },
        { OP_TOUCH, "a", NULL, "", ZGRID_OK, NULL },
        { OP_TOUCH, "none", NULL, "", ZGRID_NOTFOUND, NULL },
    };
    S_LINES (s_script);
}
END_TEST

START_TEST (sizes_past_the_limit_change_nothing)
{
    storage_config_t config = rig_config (1, 7);
    config.value_max = 10;
    config.key_max = 5;
    rig_close (&s_rig);
    ck_assert (rig_open_with (&s_rig, &config, NULL));
    static const s_line_t s_script[] = {
        { OP_PUT, "12345", "1234567890", "", ZGRID_OK, NULL },
        { OP_PUT, "12345", "12345678901", "", ZGRID_TOOBIG, NULL },
        { OP_PUT, "123456", "1", "", ZGRID_TOOBIG, NULL },
        { OP_GET, "123456", NULL, "", ZGRID_TOOBIG, NULL },
        { OP_APPEND, "12345", "1", "", ZGRID_TOOBIG, NULL },
        { OP_GETPUT, "12345", "12345678901", "", ZGRID_TOOBIG, NULL },
        { OP_GET, "12345", NULL, "", ZGRID_OK, "1234567890" },
        { OP_CAS, "12345", "12345678901", "ifeq=1234567890", ZGRID_TOOBIG, NULL },
        { OP_PUT, "n", "9999999999", "", ZGRID_OK, NULL },
        { OP_INCR, "n", "1", "", ZGRID_TOOBIG, NULL },
        { OP_GET, "n", NULL, "", ZGRID_OK, "9999999999" },
    };
    S_LINES (s_script);
    answer_t answer = rig_do (&s_rig, OP_PUT, "a", "12345678901", "");
    ck_assert (memmem (answer.meta.error.data, answer.meta.error.size, "value_max", 9) != NULL);
    ck_assert_uint_eq (rig_stats (&s_rig).toobig, 8);
}
END_TEST

START_TEST (times_to_live)
{
    static const s_line_t s_script[] = {
        { OP_TTL, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "-1" },
        { OP_PUT, "a", "1", "ex=5", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "5000" },
        { OP_PUT, "a", "1", "px=7", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "7" },
        { OP_PUT, "a", "2", "keepttl", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "7" },
        { OP_PUT, "a", "2", "", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "-1" },
        { OP_PUT, "a", "1", "exat=1700000003", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "3000" },
        { OP_PUT, "a", "1", "pxat=1700000000009", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "9" },
        { OP_GETPUT, "a", "1", "", ZGRID_OK, "1" },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "9" },
        { OP_APPEND, "a", "1", "", ZGRID_OK, "2" },
        { OP_INCR, "a", "1", "", ZGRID_OK, "12" },
        { OP_CAS, "a", "1", "ifeq=12", ZGRID_OK, NULL },
        { OP_INCRBYFLOAT, "a", "1", "", ZGRID_OK, "2" },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "9" },
        { OP_INCR, "a", "1", "px=50", ZGRID_OK, "3" },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "50" },
        { OP_PUT, "a", "1", "px=0", ZGRID_MALFORMED, NULL },
        { OP_PUT, "a", "1", "ex=0", ZGRID_MALFORMED, NULL },
        { OP_PUT, "a", "1", "ex=4000000000", ZGRID_TOOBIG, NULL },
        { OP_PUT, "a", "1", "ex=18446744073709551615", ZGRID_TOOBIG, NULL },
        { OP_PUT, "a", "1", "exat=9000000000", ZGRID_TOOBIG, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "50" },
        { OP_PUT, "a", "1", "pxat=1700000000000 get", ZGRID_OK, "3" },
        { OP_GET, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "exat=5", ZGRID_OK, NULL },
        { OP_GET, "a", NULL, "", ZGRID_NOTFOUND, NULL },
    };
    S_LINES (s_script);
}
END_TEST

START_TEST (the_expire_family)
{
    static const s_line_t s_script[] = {
        { OP_EXPIRE, "a", "5", "", ZGRID_NOTFOUND, NULL },
        { OP_PERSIST, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "", ZGRID_OK, NULL },
        { OP_EXPIRE, "a", "x", "", ZGRID_MALFORMED, NULL },
        { OP_EXPIRE, "a", NULL, "", ZGRID_MALFORMED, NULL },
        { OP_EXPIRE, "a", "5", "xx", ZGRID_MISMATCH, NULL },
        { OP_EXPIRE, "a", "5", "gt", ZGRID_MISMATCH, NULL },
        { OP_EXPIRE, "a", "5", "nx", ZGRID_OK, NULL },
        { OP_EXPIRE, "a", "6", "nx", ZGRID_MISMATCH, NULL },
        { OP_EXPIRE, "a", "5", "gt", ZGRID_MISMATCH, NULL },
        { OP_EXPIRE, "a", "5", "lt", ZGRID_MISMATCH, NULL },
        { OP_EXPIRE, "a", "6", "gt xx", ZGRID_OK, NULL },
        { OP_PEXPIRE, "a", "5500", "lt", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "5500" },
        { OP_EXPIREAT, "a", "1700000008", "", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "8000" },
        { OP_PEXPIREAT, "a", "1700000000077", "", ZGRID_OK, NULL },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "77" },
        { OP_PERSIST, "a", NULL, "", ZGRID_OK, "1" },
        { OP_PERSIST, "a", NULL, "", ZGRID_OK, "0" },
        { OP_EXPIRE, "a", "3", "lt", ZGRID_OK, NULL }, // Without a TTL an entry lives for ever
        { OP_EXPIRE, "a", "4000000000", "", ZGRID_TOOBIG, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "1" },
        { OP_EXPIRE, "a", "0", "gt", ZGRID_MISMATCH, NULL },
        { OP_EXPIRE, "a", "0", "", ZGRID_OK, NULL },
        { OP_GET, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "", ZGRID_OK, NULL },
        { OP_PEXPIRE, "a", "-5", "", ZGRID_OK, NULL },
        { OP_GET, "a", NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, "a", "1", "", ZGRID_OK, NULL },
        { OP_EXPIREAT, "a", "1600000000", "", ZGRID_OK, NULL },
        { OP_EXISTS, "a", NULL, "", ZGRID_NOTFOUND, NULL },
    };
    S_LINES (s_script);
}
END_TEST

START_TEST (an_expired_entry_is_absent_from_every_operation)
{
    static const s_line_t s_script[] = {
        { OP_GET, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_EXISTS, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_TTL, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_DEL, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_GETDEL, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_TOUCH, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_IDLE, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_PERSIST, NULL, NULL, "", ZGRID_NOTFOUND, NULL },
        { OP_EXPIRE, NULL, "9", "", ZGRID_NOTFOUND, NULL },
        { OP_PUT, NULL, "x", "xx", ZGRID_NOTFOUND, NULL },
        { OP_PUT, NULL, "x", "nx get", ZGRID_OK, NULL },
        { OP_GETPUT, NULL, "x", "", ZGRID_OK, NULL },
        { OP_APPEND, NULL, "x", "", ZGRID_OK, "1" },
        { OP_INCR, NULL, "5", "", ZGRID_OK, "5" },
        { OP_CAS, NULL, "x", "ifeq=nil", ZGRID_OK, NULL },
        { OP_PUT, NULL, "x", "keepttl", ZGRID_OK, NULL },
    };
    for (size_t at = 0; at < sizeof s_script / sizeof s_script[0]; at++) {
        s_line_t line = s_script[at];
        char key[24];
        snprintf (key, sizeof key, "%zu", at);
        line.key = key;
        rig_do (&s_rig, OP_PUT, key, "7", "px=10");
        s_rig.moment.now += 9;
        ck_assert_uint_eq (rig_do (&s_rig, OP_EXISTS, key, NULL, "").status, ZGRID_OK);
        s_rig.moment.now += 1;
        s_lines (&line, 1);
        if (rig_do (&s_rig, OP_EXISTS, key, NULL, "").status == ZGRID_OK)
            ck_assert_int_eq (rig_do (&s_rig, OP_TTL, key, NULL, "").value.integer, -1);
    }
    ck_assert_uint_eq (rig_stats (&s_rig).expired, sizeof s_script / sizeof s_script[0]);
}
END_TEST

START_TEST (get_tells_the_ttl_if_asked)
{
    rig_do (&s_rig, OP_PUT, "a", "1", "px=10");
    answer_t answer = rig_do (&s_rig, OP_GET, "a", NULL, "withttl");
    ck_assert ((answer.meta.given & META_ttl) && answer.meta.ttl == 10);
    rig_do (&s_rig, OP_PUT, "a", "1", "");
    answer = rig_do (&s_rig, OP_GET, "a", NULL, "withttl");
    ck_assert ((answer.meta.given & META_ttl) && answer.meta.ttl == -1);
    ck_assert (!(rig_do (&s_rig, OP_GET, "a", NULL, "").meta.given & META_ttl));
}
END_TEST

//  No longer ago than it was, and two ticks and 1/64 less at most.
static void
s_idle_is (int64_t milliseconds)
{
    answer_t answer = rig_do (&s_rig, OP_IDLE, "a", NULL, "");
    int64_t idle = answer.value.integer;
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    ck_assert_msg (idle <= milliseconds && idle >= milliseconds - 512 - milliseconds / 64, "%lld, not %lld",
                   (long long) idle, (long long) milliseconds);
}

START_TEST (idle_tells_when_an_entry_was_used)
{
    static const s_line_t s_uses[] = {
        { OP_GET, "a", NULL, "", ZGRID_OK, "1" },         { OP_TOUCH, "a", NULL, "", ZGRID_OK, NULL },
        { OP_EXPIRE, "a", "100000", "", ZGRID_OK, NULL }, { OP_PERSIST, "a", NULL, "", ZGRID_OK, "1" },
        { OP_PUT, "a", "2", "", ZGRID_OK, NULL },         { OP_INCR, "a", NULL, "", ZGRID_OK, "3" },
    };
    ck_assert_uint_eq (rig_do (&s_rig, OP_IDLE, "a", NULL, "").status, ZGRID_NOTFOUND);
    rig_do (&s_rig, OP_PUT, "a", "1", "");
    for (size_t at = 0; at < sizeof s_uses / sizeof s_uses[0]; at++) {
        s_rig.moment.now += 5000;
        rig_do (&s_rig, OP_EXISTS, "a", NULL, "");
        rig_do (&s_rig, OP_TTL, "a", NULL, "");
        s_idle_is (5000);
        s_rig.moment.now += 3600000;
        s_idle_is (3605000);
        s_lines (&s_uses[at], 1);
        s_idle_is (0);
    }
}
END_TEST

START_TEST (whole_numbers)
{
    static const s_line_t s_script[] = {
        { OP_INCR, "a", NULL, "", ZGRID_OK, "1" },
        { OP_INCR, "a", "41", "", ZGRID_OK, "42" },
        { OP_DECR, "a", NULL, "", ZGRID_OK, "41" },
        { OP_DECR, "a", "-1", "", ZGRID_OK, "42" },
        { OP_GET, "a", NULL, "", ZGRID_OK, "42" },
        { OP_INCR, "b", "1", "initial=10", ZGRID_OK, "11" },
        { OP_INCR, "b", "1", "initial=10", ZGRID_OK, "12" },
        { OP_INCR, "c", "1", "initial=x", ZGRID_WRONGTYPE, NULL },
        { OP_INCR, "a", "1.5", "", ZGRID_MALFORMED, NULL },
        { OP_INCR, "a", "007", "", ZGRID_MALFORMED, NULL },
        { OP_INCR, "a", "-0", "", ZGRID_MALFORMED, NULL },
        { OP_INCR, "a", "-", "", ZGRID_MALFORMED, NULL },
        { OP_INCR, "a", "9223372036854775808", "", ZGRID_MALFORMED, NULL },
        { OP_INCR, "a", "9223372036854775807", "", ZGRID_OVERFLOW, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "42" },
        { OP_PUT, "a", "9223372036854775806", "", ZGRID_OK, NULL },
        { OP_INCR, "a", NULL, "", ZGRID_OK, "9223372036854775807" },
        { OP_INCR, "a", NULL, "", ZGRID_OVERFLOW, NULL },
        { OP_PUT, "a", "-9223372036854775808", "", ZGRID_OK, NULL },
        { OP_DECR, "a", NULL, "", ZGRID_OVERFLOW, NULL },
        { OP_DECR, "a", "-9223372036854775808", "", ZGRID_OK, "0" },
        { OP_DECR, "a", "-9223372036854775808", "", ZGRID_OVERFLOW, NULL },
        { OP_PUT, "a", "text", "px=9", ZGRID_OK, NULL },
        { OP_INCR, "a", NULL, "", ZGRID_WRONGTYPE, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "text" },
        { OP_TTL, "a", NULL, "", ZGRID_OK, "9" },
        { OP_PUT, "a", "", "", ZGRID_OK, NULL },
        { OP_INCR, "a", NULL, "", ZGRID_WRONGTYPE, NULL },
    };
    S_LINES (s_script);
}
END_TEST

START_TEST (decimal_numbers)
{
    static const s_line_t s_script[] = {
        { OP_INCRBYFLOAT, "a", "1.2", "", ZGRID_OK, "1.2" },
        { OP_INCRBYFLOAT, "a", "-0.2", "", ZGRID_OK, "1" },
        { OP_INCRBYFLOAT, "a", "-1", "", ZGRID_OK, "0" },
        { OP_INCRBYFLOAT, "a", "-1e-30", "", ZGRID_OK, "0" },
        { OP_PUT, "a", "3.0e3", "", ZGRID_OK, NULL },
        { OP_INCRBYFLOAT, "a", "200", "", ZGRID_OK, "3200" },
        { OP_PUT, "a", "5.0", "", ZGRID_OK, NULL },
        { OP_INCRBYFLOAT, "a", "+.5", "", ZGRID_OK, "5.5" },
        { OP_INCRBYFLOAT, "b", "1", "initial=0.5", ZGRID_OK, "1.5" },
        { OP_INCRBYFLOAT, "a", NULL, "", ZGRID_MALFORMED, NULL },
        { OP_INCRBYFLOAT, "a", "x", "", ZGRID_MALFORMED, NULL },
        { OP_INCRBYFLOAT, "a", "nan", "", ZGRID_MALFORMED, NULL },
        { OP_INCRBYFLOAT, "a", "0x10", "", ZGRID_MALFORMED, NULL },
        { OP_INCRBYFLOAT, "a", "1e", "", ZGRID_MALFORMED, NULL },
        { OP_INCRBYFLOAT, "a", "1e5000", "", ZGRID_OVERFLOW, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "5.5" },
        { OP_PUT, "a", "text", "", ZGRID_OK, NULL },
        { OP_INCRBYFLOAT, "a", "1", "", ZGRID_WRONGTYPE, NULL },
        { OP_GET, "a", NULL, "", ZGRID_OK, "text" },
    };
    S_LINES (s_script);
    //  As a double comes in MessagePack
    ask_t ask = rig_words (OP_INCRBYFLOAT, "d", NULL, "");
    ask.value = (value_t) { .kind = VALUE_REAL, .real = 0.25 };
    answer_t answer = rig_ask (&s_rig, &ask);
    ck_assert (answer_is (&answer, "0.25"));
    ask.value.real = (double) INFINITY;
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OVERFLOW);
    ask.value.real = (double) NAN;
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OVERFLOW);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("ops_key");
    TCase *tcase = tcase_create ("ops_key");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, put_get_and_del);
    tcase_add_test (tcase, put_with_conditions);
    tcase_add_test (tcase, versions_grow_and_are_answered);
    tcase_add_test (tcase, del_with_conditions);
    tcase_add_test (tcase, getput_getdel_append_and_cas);
    tcase_add_test (tcase, sizes_past_the_limit_change_nothing);
    tcase_add_test (tcase, times_to_live);
    tcase_add_test (tcase, the_expire_family);
    tcase_add_test (tcase, an_expired_entry_is_absent_from_every_operation);
    tcase_add_test (tcase, get_tells_the_ttl_if_asked);
    tcase_add_test (tcase, idle_tells_when_an_entry_was_used);
    tcase_add_test (tcase, whole_numbers);
    tcase_add_test (tcase, decimal_numbers);
    suite_add_tcase (suite, tcase);
    return suite;
}

//  do_expire: how long keys live.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include <zgrid_error.h>

#include "do.h"
#include "gateway_impl.h"
#include "words.h"

static void
s_ask (call_t *call, op_t op, value_t value, const options_t *options, call_reply_fn *then)
{
    ask_t ask = { op, call_map (call), call_arg (call, 1), true, value, options };
    call_ask (call, &ask, then, 0);
}

static void
s_say (call_t *call, int64_t number)
{
    say_int (call_say (call), number);
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  EXPIRE and its like

static void
s_set (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_OK)
        s_say (call, 1);
    else if (reply->status == ZGRID_NOTFOUND || reply->status == ZGRID_MISMATCH)
        s_say (call, 0);
    else
        call_fail_status (call, reply);
}

//  NX, XX, GT, LT. False: answered.
static bool
s_options (call_t *call, options_t *options)
{
    static const struct {
        const char *word;
        uint64_t bit;
    } known[] = { { "NX", OPT_nx }, { "XX", OPT_xx }, { "GT", OPT_gt }, { "LT", OPT_lt } };
    for (uint32_t at = 3; at < call_count (call); at++) {
        uint64_t bit = 0;
        bytes_t word = call_arg (call, at);
        for (size_t each = 0; each < sizeof known / sizeof known[0]; each++)
            bit |= word_is (word, known[each].word) ? known[each].bit : 0;
        if (!bit) {
            say_errorf (call_say (call), "ERR Unsupported option %.*s",
                        (int) (word.size < 128 ? word.size : 128), (const char *) word.data);
            call_done (call);
            return false;
        }
        options->given |= bit;
    }
    if (options->given & OPT_nx && options->given & (OPT_xx | OPT_gt | OPT_lt))
        call_fail (call, "ERR NX and XX, GT or LT options at the same time are not compatible");
    else if (options->given & OPT_gt && options->given & OPT_lt)
        call_fail (call, "ERR GT and LT options at the same time are not compatible");
    else
        return true;
    return false;
}

//  The same bounds as Redis: no time that does not fit into milliseconds of 63 bits.
static bool
s_fits (int64_t time, bool seconds, bool relative, int64_t wall)
{
    if (seconds && (time > INT64_MAX / 1000 || time < INT64_MIN / 1000))
        return false;
    time = seconds ? time * 1000 : time;
    return !relative || time <= INT64_MAX - wall;
}

//  Farther ahead than the grid counts.
static bool
s_is_far (int64_t time, bool seconds, bool relative, int64_t wall)
{
    time = seconds ? time * 1000 : time;
    return time > GATEWAY_TTL_MAX + (relative ? 0 : wall);
}

static void
s_expire (call_t *call, op_t op, bool seconds, bool relative)
{
    int64_t time;
    options_t options;
    options.given = 0;
    if (!s_options (call, &options))
        return;
    if (!word_int (call_arg (call, 2), &time))
        call_fail_integer (call);
    else if (!s_fits (time, seconds, relative, (int64_t) call_moment (call).wall)) {
        char name[32];
        size_t at = 0;
        for (const char *letter = call_command (call)->name; *letter && at + 1 < sizeof name; letter++)
            name[at++] = (char) (*letter + 32);
        name[at] = 0;
        say_errorf (call_say (call), "ERR invalid expire time in '%s' command", name);
        call_done (call);
    } else if (s_is_far (time, seconds, relative, (int64_t) call_moment (call).wall))
        s_ask (call, OP_PEXPIRE, value_int (GATEWAY_TTL_MAX), &options, s_set);
    else
        s_ask (call, op, value_int (time), &options, s_set);
}

void
do_expire (call_t *call)
{
    s_expire (call, OP_EXPIRE, true, true);
}

void
do_pexpire (call_t *call)
{
    s_expire (call, OP_PEXPIRE, false, true);
}

void
do_expireat (call_t *call)
{
    s_expire (call, OP_EXPIREAT, true, false);
}

void
do_pexpireat (call_t *call)
{
    s_expire (call, OP_PEXPIREAT, false, false);
}

static void
s_persisted (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_OK)
        s_say (call, reply->value.integer);
    else if (reply->status == ZGRID_NOTFOUND)
        s_say (call, 0);
    else
        call_fail_status (call, reply);
}

void
do_persist (call_t *call)
{
    s_ask (call, OP_PERSIST, value_nil (), NULL, s_persisted);
}

//  ------------------------------------------------------------------------------------------------
//  TTL and its like

enum { S_SECONDS = 1, S_WHEN = 2 }; // Instead of milliseconds; instead of how long from now

static void
s_left (call_t *call, const reply_t *reply, uint64_t mark)
{
    int64_t left = reply->value.integer;
    if (reply->status == ZGRID_NOTFOUND)
        s_say (call, -2);
    else if (reply->status != ZGRID_OK)
        call_fail_status (call, reply);
    else if (left < 0)
        s_say (call, -1);
    else {
        left += mark & S_WHEN ? (int64_t) call_moment (call).wall : 0;
        s_say (call, mark & S_SECONDS ? (left + 500) / 1000 : left);
    }
}

static void
s_ttl (call_t *call, uint64_t form)
{
    ask_t ask = { OP_TTL, call_map (call), call_arg (call, 1), true, value_nil (), NULL };
    call_ask (call, &ask, s_left, form);
}

void
do_ttl (call_t *call)
{
    s_ttl (call, S_SECONDS);
}

void
do_pttl (call_t *call)
{
    s_ttl (call, 0);
}

void
do_expiretime (call_t *call)
{
    s_ttl (call, S_SECONDS | S_WHEN);
}

void
do_pexpiretime (call_t *call)
{
    s_ttl (call, S_WHEN);
}

//  ------------------------------------------------------------------------------------------------

static void
s_type (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND) {
        call_fail_status (call, reply);
        return;
    }
    say_status (call_say (call), reply->status == ZGRID_OK ? "string" : "none");
    call_done (call);
}

void
do_type (call_t *call)
{
    s_ask (call, OP_EXISTS, value_nil (), NULL, s_type);
}

//  do_string: values: GET and SET in all their forms, parts of values.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include <zgrid_error.h>

#include "do.h"
#include "exec_value.h"
#include "gateway_impl.h"
#include "words.h"

//  ------------------------------------------------------------------------------------------------
//  Replies

static bytes_t
s_bytes (const value_t *value, char room[24])
{
    if (value->kind == VALUE_BYTES)
        return value->bytes;
    if (value->kind != VALUE_INT)
        return bytes_of (NULL, 0);
    return bytes_of (room, (size_t) snprintf (room, 24, "%lld", (long long) value->integer));
}

static void
s_ok (call_t *call)
{
    say_status (call_say (call), "OK");
    call_done (call);
}

static void
s_say_int (call_t *call, int64_t number)
{
    say_int (call_say (call), number);
    call_done (call);
}

//  The value, or nil.
static void
s_value (call_t *call, const reply_t *reply, uint64_t mark)
{
    char room[24];
    (void) mark;
    if (reply->status == ZGRID_OK && reply->value.kind != VALUE_NIL)
        say_bulk (call_say (call), s_bytes (&reply->value, room));
    else if (reply->status == ZGRID_OK || reply->status == ZGRID_NOTFOUND)
        say_nil (call_say (call));
    else {
        call_fail_status (call, reply);
        return;
    }
    call_done (call);
}

static void
s_read (call_t *call, const reply_t *reply, uint64_t mark)
{
    gateway_stats_t *stats = gateway_stats (call_gateway (call));
    stats->hits += reply->status == ZGRID_OK;
    stats->misses += reply->status == ZGRID_NOTFOUND;
    s_value (call, reply, mark);
}

static void
s_ask (call_t *call, op_t op, value_t value, const options_t *options, call_reply_fn *then)
{
    ask_t ask = { op, call_map (call), call_arg (call, 1), true, value, options };
    call_ask (call, &ask, then, 0);
}

//  ------------------------------------------------------------------------------------------------
//  GET and its like

void
do_get (call_t *call)
{
    call_read (call, call_arg (call, 1), false, s_read, 0);
}

void
do_getdel (call_t *call)
{
    s_ask (call, OP_GETDEL, value_nil (), NULL, s_read);
}

void
do_getset (call_t *call)
{
    //  GETPUT keeps the TTL; Redis drops it
    options_t options = { .given = OPT_get };
    s_ask (call, OP_PUT, value_bytes (call_arg (call, 2)), &options, s_value);
}

static void
s_length (call_t *call, const reply_t *reply, uint64_t mark)
{
    char room[24];
    (void) mark;
    if (reply->status == ZGRID_OK)
        s_say_int (call, (int64_t) s_bytes (&reply->value, room).size);
    else if (reply->status == ZGRID_NOTFOUND)
        s_say_int (call, 0);
    else
        call_fail_status (call, reply);
}

void
do_strlen (call_t *call)
{
    call_read (call, call_arg (call, 1), false, s_length, 0);
}

//  ------------------------------------------------------------------------------------------------
//  Parts

typedef struct {
    int64_t start, end;
} s_range_t;

static void
s_part (call_t *call, const reply_t *reply, uint64_t mark)
{
    char room[24];
    const s_range_t *range = call_state (call, sizeof (s_range_t));
    (void) mark;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND) {
        call_fail_status (call, reply);
        return;
    }
    bytes_t value = reply->status == ZGRID_OK ? s_bytes (&reply->value, room) : bytes_of (NULL, 0);
    int64_t size = (int64_t) value.size, start = range->start, end = range->end;
    bool none = start < 0 && end < 0 && start > end;
    start = start < 0 ? (start + size < 0 ? 0 : start + size) : start;
    end = end < 0 ? (end + size < 0 ? 0 : end + size) : end;
    end = end >= size ? size - 1 : end;
    if (none || size == 0 || start > end)
        say_text (call_say (call), "");
    else
        say_bulk (call_say (call), bytes_of (value.data + start, (size_t) (end - start + 1)));
    call_done (call);
}

void
do_getrange (call_t *call)
{
    s_range_t *range = call_state (call, sizeof (s_range_t));
    if (!range)
        return;
    if (!word_int (call_arg (call, 2), &range->start) || !word_int (call_arg (call, 3), &range->end))
        call_fail_integer (call);
    else
        call_read (call, call_arg (call, 1), false, s_part, 0);
}

void
do_substr (call_t *call)
{
    do_getrange (call);
}

//  ------------------------------------------------------------------------------------------------
//  SET and its like

static void
s_stored (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_OK)
        s_ok (call);
    else if (reply->status == ZGRID_EXISTS || reply->status == ZGRID_NOTFOUND) {
        say_nil (call_say (call)); // NX or XX: the condition does not hold
        call_done (call);
    } else
        call_fail_status (call, reply);
}

//  With GET: the value before, whether the condition held or not.
static void
s_stored_get (call_t *call, const reply_t *reply, uint64_t mark)
{
    reply_t told = *reply;
    if (reply->status == ZGRID_EXISTS || reply->status == ZGRID_NOTFOUND)
        told.status = ZGRID_OK;
    s_value (call, &told, mark);
}

static bool
s_fail_expire (call_t *call)
{
    char text[96], name[32];
    size_t at = 0;
    for (const char *letter = call_command (call)->name; *letter && at + 1 < sizeof name; letter++)
        name[at++] = *letter >= 'A' && *letter <= 'Z' ? (char) (*letter + 32) : *letter;
    name[at] = 0;
    snprintf (text, sizeof text, "ERR invalid expire time in '%s' command", name);
    call_fail (call, text);
    return false;
}

//  Takes a time from now on, or a time of the clock. False: answered.
static bool
s_time (call_t *call, bytes_t word, uint64_t unit, options_t *options)
{
    int64_t time, milliseconds, wall = (int64_t) call_moment (call).wall;
    bool seconds = unit & (OPT_ex | OPT_exat), relative = unit & (OPT_ex | OPT_px);
    if (!word_int (word, &time)) {
        call_fail_integer (call);
        return false;
    }
    milliseconds = time;
    if (time <= 0 || (seconds && __builtin_mul_overflow (time, INT64_C (1000), &milliseconds))
        || (relative && milliseconds > INT64_MAX - wall))
        return s_fail_expire (call);
    milliseconds -= relative ? 0 : wall;
    bool far = milliseconds > GATEWAY_TTL_MAX;
    options->given |= far ? OPT_px : unit;
    options->time = far ? (uint64_t) GATEWAY_TTL_MAX : (uint64_t) time;
    return true;
}

//  What an option is called; 0: it is none of these.
static uint64_t
s_unit (bytes_t word)
{
    return word_is (word, "EX")     ? OPT_ex
           : word_is (word, "PX")   ? OPT_px
           : word_is (word, "EXAT") ? OPT_exat
           : word_is (word, "PXAT") ? OPT_pxat
                                    : 0;
}

#define S_TIMES (OPT_ex | OPT_px | OPT_exat | OPT_pxat)

//  Reads the options of SET. False: answered.
static bool
s_set_options (call_t *call, options_t *options)
{
    uint64_t unit = 0;
    uint32_t time = 0;
    for (uint32_t at = 3; at < call_count (call); at++) {
        bytes_t word = call_arg (call, at);
        uint64_t more = s_unit (word);
        if (more && (!unit || unit == more) && !(options->given & OPT_keepttl)
            && at + 1 < call_count (call)) {
            unit = more;
            time = ++at;
        } else if (word_is (word, "NX") && !(options->given & OPT_xx))
            options->given |= OPT_nx;
        else if (word_is (word, "XX") && !(options->given & OPT_nx))
            options->given |= OPT_xx;
        else if (word_is (word, "GET"))
            options->given |= OPT_get;
        else if (word_is (word, "KEEPTTL") && !unit)
            options->given |= OPT_keepttl;
        else {
            call_fail_syntax (call);
            return false;
        }
    }
    return !unit || s_time (call, call_arg (call, time), unit, options);
}

void
do_set (call_t *call)
{
    options_t options;
    options.given = 0;
    if (call_count (call) > 3 && !s_set_options (call, &options))
        return;
    s_ask (call, OP_PUT, value_bytes (call_arg (call, 2)), options.given ? &options : NULL,
           options.given & OPT_get ? s_stored_get : s_stored);
}

static void
s_set_for (call_t *call, uint64_t unit)
{
    options_t options;
    options.given = 0;
    if (s_time (call, call_arg (call, 2), unit, &options))
        s_ask (call, OP_PUT, value_bytes (call_arg (call, 3)), &options, s_stored);
}

void
do_setex (call_t *call)
{
    s_set_for (call, OPT_ex);
}

void
do_psetex (call_t *call)
{
    s_set_for (call, OPT_px);
}

static void
s_stored_new (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_OK || reply->status == ZGRID_EXISTS)
        s_say_int (call, reply->status == ZGRID_OK);
    else
        call_fail_status (call, reply);
}

void
do_setnx (call_t *call)
{
    options_t options = { .given = OPT_nx };
    s_ask (call, OP_PUT, value_bytes (call_arg (call, 2)), &options, s_stored_new);
}

static void
s_new_length (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_OK)
        s_say_int (call, reply->value.integer);
    else
        call_fail_status (call, reply);
}

void
do_append (call_t *call)
{
    s_ask (call, OP_APPEND, value_bytes (call_arg (call, 2)), NULL, s_new_length);
}

//  ------------------------------------------------------------------------------------------------
//  GETEX: the value, then its time to live, as one

static void
s_time_set (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND)
        call_fail_status (call, reply);
    else if (call_scratch (call)->failed)
        call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
    else {
        say_bulk (call_say (call), buf_bytes (call_scratch (call)));
        call_done (call);
    }
}

//  The reply with the time comes behind it.
static void
s_got_for_time (call_t *call, const reply_t *reply, uint64_t mark)
{
    char room[24];
    if (reply->status != ZGRID_OK) {
        s_read (call, reply, mark);
        return;
    }
    bytes_t value = s_bytes (&reply->value, room);
    gateway_stats (call_gateway (call))->hits++;
    buf_reset (call_scratch (call));
    buf_add (call_scratch (call), value.data, value.size);
}

typedef struct {
    op_t op;
    value_t time;
} s_time_t;

//  Then what sets the time is asked for by itself.
static void
s_got_alone (call_t *call, const reply_t *reply, uint64_t mark)
{
    const s_time_t *time = call_state (call, sizeof (s_time_t));
    bool found = reply->status == ZGRID_OK;
    s_got_for_time (call, reply, mark);
    if (found) // Otherwise the call is done, and gone
        s_ask (call, time->op, time->time, NULL, s_time_set);
}

static void
s_both (call_t *call, const reply_t *reply, uint64_t mark)
{
    mp_t reader;
    reply_t one = { .status = ZGRID_MAYBE };
    if (reply->status == ZGRID_NOT_IN_AP_MODE) { // Such a map has no writes that are one
        s_ask (call, OP_GET, value_nil (), NULL, s_got_alone);
        return;
    }
    if (!exec_value_open (reply, 2, &reader)) {
        call_fail_status (call, reply->status == ZGRID_OK ? &one : reply);
        return;
    }
    exec_value_next (&reader, &one);
    bool found = one.status == ZGRID_OK;
    s_got_for_time (call, &one, mark);
    exec_value_next (&reader, &one);
    if (found) // Otherwise the call is done, and gone
        s_time_set (call, &one, mark);
}

static void
s_get_and_set (call_t *call, op_t op, value_t time)
{
    ask_t get = { OP_GET, call_map (call), call_arg (call, 1), true, value_nil (), NULL };
    ask_t set = { op, call_map (call), call_arg (call, 1), true, time, NULL };
    if (call_in_multi (call)) { // They become a part of one that is larger
        if (call_ask (call, &get, s_got_for_time, 0))
            call_ask (call, &set, s_time_set, 0);
        return;
    }
    s_time_t *way = call_state (call, sizeof (s_time_t));
    if (!way || !call_keep (call))
        return;
    *way = (s_time_t) { op, time };
    exec_value_t value = { .records_count = 0 };
    exec_value_record (&value, &get);
    exec_value_record (&value, &set);
    bool whole = exec_value_write (&value, call_scratch (call));
    exec_value_clear (&value);
    if (whole)
        s_ask (call, OP_EXEC, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (call_scratch (call)) },
               NULL, s_both);
    else
        call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
}

void
do_getex (call_t *call)
{
    static const struct {
        uint64_t unit;
        op_t op;
    } ops[] = {
        { OPT_ex, OP_EXPIRE }, { OPT_px, OP_PEXPIRE }, { OPT_exat, OP_EXPIREAT }, { OPT_pxat, OP_PEXPIREAT }
    };
    options_t options = { .given = 0 };
    uint32_t count = call_count (call);
    uint64_t unit = count == 4 ? s_unit (call_arg (call, 2)) : 0;
    if (count == 2) {
        call_read (call, call_arg (call, 1), false, s_read, 0);
        return;
    }
    if (count == 3 && word_is (call_arg (call, 2), "PERSIST")) {
        s_get_and_set (call, OP_PERSIST, value_nil ());
        return;
    }
    if (!unit) {
        call_fail_syntax (call);
        return;
    }
    if (!s_time (call, call_arg (call, 3), unit, &options))
        return;
    for (size_t at = 0; at < sizeof ops / sizeof ops[0]; at++)
        if (options.given == ops[at].unit)
            s_get_and_set (call, ops[at].op, value_int ((int64_t) options.time));
}

//  ------------------------------------------------------------------------------------------------

void
do_setrange (call_t *call)
{
    int64_t offset;
    bytes_t part = call_arg (call, 3);
    if (!word_int (call_arg (call, 2), &offset))
        call_fail_integer (call);
    else if (offset < 0)
        call_fail (call, "ERR offset is out of range");
    else if (part.size && (uint64_t) offset + part.size > call_gateway (call)->config.limits.bulk_max)
        call_fail (call, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    else {
        options_t options = { .given = OPT_offset, .offset = (uint64_t) offset };
        s_ask (call, OP_SETRANGE, value_bytes (part), &options, s_new_length);
    }
}

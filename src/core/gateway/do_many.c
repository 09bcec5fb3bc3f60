//  do_many: commands of several keys: each key is a record of its own, and the reply is made when all are
//  answered.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include <zgrid_error.h>

#include "../slot.h"
#include "do.h"
#include "exec_value.h"
#include "gateway_impl.h"
#include "many.h"

//  ------------------------------------------------------------------------------------------------
//  How many of them there are

typedef struct {
    int64_t found;
    uint32_t left;
} s_sum_t;

static void
s_one (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_sum_t *sum = call_state (call, sizeof (s_sum_t));
    (void) mark;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND) {
        call_fail_status (call, reply);
        return;
    }
    sum->found += reply->status == ZGRID_OK;
    if (--sum->left)
        return;
    say_int (call_say (call), sum->found);
    call_done (call);
}

void
many_count (call_t *call, op_t op, bytes_t map, uint32_t first)
{
    uint32_t count = call_count (call);
    s_sum_t *sum = call_state (call, sizeof (s_sum_t));
    if (!sum)
        return;
    sum->left = count - first;
    for (uint32_t at = first; at < count; at++) {
        ask_t ask = { op, map, call_arg (call, at), true, value_nil (), NULL };
        if (!call_ask (call, &ask, s_one, 0))
            return;
    }
}

static void
s_count (call_t *call, op_t op)
{
    many_count (call, op, call_map (call), 1);
}

void
do_del (call_t *call)
{
    s_count (call, OP_DEL);
}

void
do_unlink (call_t *call)
{
    s_count (call, OP_DEL);
}

void
do_exists (call_t *call)
{
    s_count (call, OP_EXISTS);
}

void
do_touch (call_t *call)
{
    s_count (call, OP_TOUCH);
}

//  ------------------------------------------------------------------------------------------------
//  MGET: values in the order of the keys, whatever the order of the replies

typedef struct {
    uint32_t left;
    struct {
        size_t offset, size;
        bool found;
    } values[];
} s_values_t;

static void
s_say_values (call_t *call, const s_values_t *values)
{
    const buf_t *bytes = call_scratch (call);
    uint32_t count = call_count (call) - 1;
    if (bytes->failed) {
        call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
        return;
    }
    say_t say = call_say (call);
    say_array (say, count);
    for (uint32_t at = 0; at < count; at++)
        if (values->values[at].found)
            say_bulk (say, bytes_of (bytes->data + values->values[at].offset, values->values[at].size));
        else
            say_nil (say);
    call_done (call);
}

static void
s_value (call_t *call, const reply_t *reply, uint64_t mark)
{
    char number[24];
    s_values_t *values = call_state (call, 0);
    gateway_stats_t *stats = gateway_stats (call_gateway (call));
    bytes_t value = reply->value.bytes;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND) {
        call_fail_status (call, reply);
        return;
    }
    if (reply->value.kind == VALUE_INT)
        value = bytes_of (
            number, (size_t) snprintf (number, sizeof number, "%lld", (long long) reply->value.integer));
    bool found = values->values[mark].found = reply->status == ZGRID_OK;
    stats->hits += found;
    stats->misses += !found;
    if (found) {
        values->values[mark].offset = call_scratch (call)->size;
        values->values[mark].size = value.size;
        buf_add (call_scratch (call), value.data, value.size);
    }
    if (--values->left == 0)
        s_say_values (call, values);
}

void
do_mget (call_t *call)
{
    uint32_t count = call_count (call) - 1;
    s_values_t *values = call_state (call, sizeof (s_values_t) + count * sizeof (values->values[0]));
    if (!values)
        return;
    values->left = count;
    for (uint32_t at = 0; at < count && !call_is_done (call); at++)
        if (!call_read (call, call_arg (call, at + 1), false, s_value, at))
            return;
}

//  ------------------------------------------------------------------------------------------------
//  MSET

static void
s_stored (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_sum_t *sum = call_state (call, sizeof (s_sum_t));
    (void) mark;
    if (reply->status != ZGRID_OK)
        call_fail_status (call, reply);
    else if (--sum->left == 0) {
        say_status (call_say (call), "OK");
        call_done (call);
    }
}

void
do_mset (call_t *call)
{
    uint32_t count = call_count (call);
    s_sum_t *sum = count % 2 ? call_state (call, sizeof (s_sum_t)) : NULL;
    if (count % 2 == 0)
        call_fail_arity (call);
    if (!sum)
        return;
    sum->left = count / 2;
    for (uint32_t at = 1; at < count; at += 2) {
        ask_t ask = {
            OP_PUT, call_map (call), call_arg (call, at), true, value_bytes (call_arg (call, at + 1)), NULL
        };
        if (!call_ask (call, &ask, s_stored, 0))
            return;
    }
}

//  ------------------------------------------------------------------------------------------------
//  MSETNX: all or none, as one

static void
s_stored_new (call_t *call, const reply_t *reply, uint64_t mark)
{
    mp_t reader;
    reply_t one = { .status = ZGRID_MAYBE };
    uint32_t count = (uint32_t) mark;
    if (reply->status == ZGRID_MISMATCH) {
        say_int (call_say (call), 0);
        call_done (call);
        return;
    }
    if (!exec_value_open (reply, count, &reader)) {
        call_fail_status (call, reply->status == ZGRID_OK ? &one : reply);
        return;
    }
    for (uint32_t at = 0; at < count; at++) {
        exec_value_next (&reader, &one);
        if (one.status != ZGRID_OK) {
            call_fail_status (call, &one);
            return;
        }
    }
    say_int (call_say (call), 1);
    call_done (call);
}

static bool
s_in_one_slot (const call_t *call)
{
    for (uint32_t at = 3; at < call_count (call); at += 2)
        if (slot_of_key (call_arg (call, at)) != slot_of_key (call_arg (call, 1)))
            return false;
    return true;
}

void
do_msetnx (call_t *call)
{
    uint32_t count = call_count (call);
    exec_value_t value = { .records_count = 0 };
    if (count % 2 == 0) {
        call_fail_arity (call);
        return;
    }
    if (!s_in_one_slot (call)) {
        call_fail (call, "CROSSSLOT Keys in request don't hash to the same slot");
        return;
    }
    if (count / 2 > EXEC_RECORDS_MAX) {
        call_fail (call, "ERR at most 1,024 keys");
        return;
    }
    for (uint32_t at = 1; at < count; at += 2) {
        ask_t put = {
            OP_PUT, call_map (call), call_arg (call, at), true, value_bytes (call_arg (call, at + 1)), NULL
        };
        exec_value_condition (&value, call_map (call), call_arg (call, at), 0);
        exec_value_record (&value, &put);
    }
    bool whole = exec_value_write (&value, call_scratch (call));
    exec_value_clear (&value);
    ask_t ask = { OP_EXEC,
                  call_map (call),
                  call_arg (call, 1),
                  true,
                  { .kind = VALUE_TREE, .bytes = buf_bytes (call_scratch (call)) },
                  NULL };
    if (whole)
        call_ask (call, &ask, s_stored_new, count / 2);
    else
        call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
}

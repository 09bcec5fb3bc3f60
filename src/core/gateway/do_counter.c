//  do_counter: values that are numbers.
//  SPDX-License-Identifier: MPL-2.0
#include <zgrid_error.h>

#include "do.h"
#include "words.h"

static void
s_counted (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK)
        call_fail_status (call, reply);
    else {
        say_int (call_say (call), reply->value.integer);
        call_done (call);
    }
}

static void
s_count (call_t *call, op_t op, int64_t delta)
{
    ask_t ask = { op, call_map (call), call_arg (call, 1), true, value_int (delta), NULL };
    call_ask (call, &ask, s_counted, 0);
}

void
do_incr (call_t *call)
{
    s_count (call, OP_INCR, 1);
}

void
do_decr (call_t *call)
{
    s_count (call, OP_DECR, 1);
}

void
do_incrby (call_t *call)
{
    int64_t delta;
    if (word_int (call_arg (call, 2), &delta))
        s_count (call, OP_INCR, delta);
    else
        call_fail_integer (call);
}

void
do_decrby (call_t *call)
{
    int64_t delta;
    if (!word_int (call_arg (call, 2), &delta))
        call_fail_integer (call);
    else if (delta == INT64_MIN)
        call_fail (call, "ERR decrement would overflow");
    else
        s_count (call, OP_DECR, delta);
}

static void
s_counted_float (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_WRONGTYPE)
        call_fail (call, "ERR value is not a valid float");
    else if (reply->status == ZGRID_OVERFLOW)
        call_fail (call, "ERR increment would produce NaN or Infinity");
    else if (reply->status == ZGRID_MALFORMED)
        call_fail (call, "ERR value is not a valid float");
    else if (reply->status != ZGRID_OK)
        call_fail_status (call, reply);
    else {
        say_bulk (call_say (call), reply->value.bytes);
        call_done (call);
    }
}

void
do_incrbyfloat (call_t *call)
{
    bytes_t delta = call_arg (call, 2);
    bytes_t number = delta.size && delta.data[0] == '-' ? bytes_of (delta.data + 1, delta.size - 1) : delta;
    if (word_is (number, "INF") || word_is (number, "INFINITY")) {
        call_fail (call, "ERR increment would produce NaN or Infinity");
        return;
    }
    ask_t ask = { OP_INCRBYFLOAT, call_map (call), call_arg (call, 1), true, value_bytes (delta), NULL };
    call_ask (call, &ask, s_counted_float, 0);
}

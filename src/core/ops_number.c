//  ops_number: counters. They are stored as decimal text, as PUT would store them.
//  SPDX-License-Identifier: MPL-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "status.h"
#include "storage_impl.h"

#define S_TEXT_MAX 5120 // Bytes of a number: a long double has up to 4,933 digits before its point

//  The value that the operation starts from: the entry's, or `initial`, or 0.
static value_t
s_start (const call_t *call)
{
    if (call->place.entry)
        return value_bytes (entry_value (call->place.entry));
    if (call->options.given & OPT_initial)
        return call->options.initial;
    return value_int (0);
}

static void
s_wrong_type (call_t *call, const char *what)
{
    call_refuse (call, ZGRID_WRONGTYPE, what);
}

static void
s_put_text (call_t *call, const char *text, size_t size, value_t reply)
{
    uint64_t deadline, version;
    bool past;
    if (call_deadline (call, call_kept_deadline (call), &deadline, &past)
        && call_store (call, bytes_of (text, size), bytes_of (NULL, 0), deadline, past, &version))
        call_answer (call, ZGRID_OK, reply, version);
}

void
op_incr (call_t *call)
{
    int64_t delta = 1, number;
    if (call->request->value.kind != VALUE_NIL && !call_number (call->request->value, &delta)) {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "the delta is not a whole number of 64 bits");
        return;
    }
    if (!call_number (s_start (call), &number)) {
        s_wrong_type (call, "the value is not a whole number of 64 bits");
        return;
    }
    bool over = call->request->op == OP_DECR ? __builtin_sub_overflow (number, delta, &number)
                                             : __builtin_add_overflow (number, delta, &number);
    if (over) {
        call_refuse (call, ZGRID_OVERFLOW, "the result does not fit 64 bits");
        return;
    }
    char text[24];
    int size = snprintf (text, sizeof text, "%lld", (long long) number);
    s_put_text (call, text, (size_t) size, value_int (number));
}

//  A decimal number; no spaces, no hexadecimal, no names. False: not one.
static bool
s_real (value_t value, long double *real)
{
    if (value.kind == VALUE_INT || value.kind == VALUE_REAL) {
        *real = value.kind == VALUE_INT ? (long double) value.integer : (long double) value.real;
        return true;
    }
    char text[S_TEXT_MAX + 1];
    if (value.kind != VALUE_BYTES || value.bytes.size == 0 || value.bytes.size > S_TEXT_MAX)
        return false;
    for (size_t at = 0; at < value.bytes.size; at++) {
        char byte = (char) value.bytes.data[at];
        if (!byte || !strchr ("0123456789+-.eE", byte))
            return false;
        text[at] = byte;
    }
    text[value.bytes.size] = 0;
    char *end;
    *real = strtold (text, &end);
    return end == text + value.bytes.size;
}

//  As Redis 7 prints it: 17 digits behind the point, without trailing zeros.
static size_t
s_print (long double real, char *text)
{
    int size = snprintf (text, S_TEXT_MAX, "%.17Lf", real);
    while (size > 0 && text[size - 1] == '0')
        size--;
    if (size > 0 && text[size - 1] == '.')
        size--;
    if (size == 2 && text[0] == '-' && text[1] == '0') {
        text[0] = '0';
        size = 1;
    }
    return (size_t) size;
}

void
op_incr_float (call_t *call)
{
    long double delta, number;
    if (!s_real (call->request->value, &delta)) {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "the delta is not a number");
        return;
    }
    if (!s_real (s_start (call), &number)) {
        s_wrong_type (call, "the value is not a number");
        return;
    }
    number += delta;
    if (isnan (number) || isinf (number)) {
        call_refuse (call, ZGRID_OVERFLOW, "the result is not a number, or infinite");
        return;
    }
    char text[S_TEXT_MAX];
    size_t size = s_print (number, text);
    s_put_text (call, text, size, value_bytes (bytes_of (text, size)));
}

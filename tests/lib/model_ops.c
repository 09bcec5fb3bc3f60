//  model_ops: what each operation on an entry must do; see model.h.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/model_impl.h"

#define S_TTL_MAX (UINT64_C (100) * 366 * 24 * 3600 * 1000)

//  ------------------------------------------------------------------------------------------------
//  What the pieces of a request mean

static unsigned
s_fail (expected_t *expected, unsigned status)
{
    expected->status = status;
    expected->value = value_nil ();
    expected->kind = OLD;
    expected->version = 0;
    return status;
}

//  Deadline that the options ask for. past: it is over.
static unsigned
s_deadline (const ask_t *ask, moment_t moment, uint64_t otherwise, uint64_t *deadline, bool *past)
{
    uint32_t given = ask->options.given;
    long double time = (long double) ask->options.time;
    *deadline = otherwise;
    *past = false;
    if (!(given & (OPT_ex | OPT_px | OPT_exat | OPT_pxat)))
        return ZGRID_OK;
    if (given & (OPT_ex | OPT_exat))
        time *= 1000;
    if (given & (OPT_exat | OPT_pxat)) {
        time -= (long double) moment.wall;
        *past = time <= 0;
        if (*past)
            return ZGRID_OK;
    } else if (time == 0)
        return ZGRID_MALFORMED;
    if (time > (long double) S_TTL_MAX)
        return ZGRID_TOOBIG;
    *deadline = moment.now + (uint64_t) time;
    return ZGRID_OK;
}

//  A whole number: text that prints as itself.
static bool
s_whole (value_t value, int64_t *number)
{
    char text[32], again[32];
    if (value.kind == VALUE_INT)
        *number = value.integer;
    if (value.kind != VALUE_BYTES || value.bytes.size >= sizeof text)
        return value.kind == VALUE_INT;
    memcpy (text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = 0;
    *number = strtoll (text, NULL, 10);
    snprintf (again, sizeof again, "%lld", (long long) *number);
    return strlen (text) == value.bytes.size && strcmp (text, again) == 0;
}

static bool
s_real (value_t value, long double *number)
{
    char text[5121], *end = text;
    if (value.kind == VALUE_INT)
        *number = (long double) value.integer;
    if (value.kind == VALUE_REAL)
        *number = (long double) value.real;
    if (value.kind != VALUE_BYTES || value.bytes.size == 0 || value.bytes.size > 5120)
        return value.kind == VALUE_INT || value.kind == VALUE_REAL;
    memcpy (text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = 0;
    if (strspn (text, "0123456789+-.eE") != value.bytes.size)
        return false;
    *number = strtold (text, &end);
    return end == text + value.bytes.size;
}

//  Writes the value of the request's key, or removes it if its time is over.
static void
s_write (model_t *self, const ask_t *ask, item_t *item, bytes_t value, uint64_t deadline, bool past,
         expected_t *expected)
{
    uint64_t most = self->limits.value_max;
    if (value.size > most) {
        s_fail (expected, ZGRID_TOOBIG);
        return;
    }
    if (!past && !model_know_map (self, ask->map)) {
        s_fail (expected, ZGRID_TOOBIG);
        return;
    }
    expected->status = ZGRID_OK;
    expected->kind = NEW;
    if (past) {
        if (item)
            model_remove (self, item);
        return;
    }
    if (!item) {
        item = calloc (1, sizeof *item);
        assert (item);
        item->map = model_copy (ask->map, bytes_of (NULL, 0));
        item->key = model_copy (ask->key, bytes_of (NULL, 0));
        item->next = self->items;
        self->items = item;
    }
    bytes_t before = item->value;
    item->value = model_copy (value, bytes_of (NULL, 0));
    model_free (before);
    item->deadline = deadline;
}

//  ifversion and ifeq.
static bool
s_holds (const ask_t *ask, const item_t *item)
{
    const options_t *options = &ask->options;
    if ((options->given & OPT_ifversion) && options->ifversion != (item ? item->version : 0))
        return false;
    if (!(options->given & OPT_ifeq))
        return true;
    if (options->ifeq.kind == VALUE_NIL)
        return !item;
    return item && bytes_equal (item->value, options->ifeq.bytes);
}

//  ------------------------------------------------------------------------------------------------
//  Operations

//  The old value outlives its entry in expected->text, or in the reply of a GET as it is.
static value_t
s_shown (model_t *self, const item_t *item)
{
    static bytes_t s_kept; // One model runs at a time
    (void) self;
    if (!item)
        return value_nil ();
    model_free (s_kept);
    s_kept = model_copy (item->value, bytes_of (NULL, 0));
    return value_bytes (s_kept);
}

static void
s_put (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    uint32_t given = ask->options.given;
    uint64_t deadline, present = item ? item->deadline : 0;
    bool past;
    if (ask->value.kind != VALUE_BYTES) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (ask->op == OP_PUT && (given & OPT_nx) && (given & OPT_xx)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (ask->op == OP_CAS && !(given & OPT_ifeq)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    bool keeps = ask->op != OP_PUT || (given & OPT_keepttl);
    unsigned status = s_deadline (ask, moment, keeps ? present : 0, &deadline, &past);
    if (status != ZGRID_OK) {
        s_fail (expected, status);
        return;
    }
    if (ask->op == OP_PUT && (given & OPT_nx) && item)
        status = ZGRID_EXISTS;
    else if (ask->op == OP_PUT && (given & OPT_xx) && !item)
        status = ZGRID_NOTFOUND;
    else if ((ask->op == OP_PUT || ask->op == OP_CAS) && !s_holds (ask, item))
        status = ZGRID_MISMATCH;
    bool shows = ask->op == OP_GETPUT || (ask->op == OP_PUT && (given & OPT_get));
    if (status != ZGRID_OK) {
        expected->status = status;
        expected->version = item ? item->version : 0;
        if (shows || ask->op == OP_CAS)
            expected->value = s_shown (self, item);
        return;
    }
    if (shows)
        expected->value = s_shown (self, item);
    s_write (self, ask, item, ask->value.bytes, deadline, past, expected);
}

static void
s_append (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    uint64_t deadline;
    bool past;
    unsigned status = ask->value.kind == VALUE_BYTES
                          ? s_deadline (ask, moment, item ? item->deadline : 0, &deadline, &past)
                          : ZGRID_MALFORMED;
    if (status != ZGRID_OK) {
        s_fail (expected, status);
        return;
    }
    bytes_t whole = model_copy (item ? item->value : bytes_of (NULL, 0), ask->value.bytes);
    expected->value = value_int ((int64_t) whole.size);
    s_write (self, ask, item, whole, deadline, past, expected);
    model_free (whole);
}

static void
s_store_number (model_t *self, const ask_t *ask, item_t *item, moment_t moment, value_t reply,
                expected_t *expected)
{
    uint64_t deadline;
    bool past;
    unsigned status = s_deadline (ask, moment, item ? item->deadline : 0, &deadline, &past);
    if (status != ZGRID_OK) {
        s_fail (expected, status);
        return;
    }
    expected->value = reply;
    s_write (self, ask, item, bytes_str (expected->text), deadline, past, expected);
}

static value_t
s_start (const ask_t *ask, const item_t *item)
{
    return item                                 ? value_bytes (item->value)
           : (ask->options.given & OPT_initial) ? ask->options.initial
                                                : value_int (0);
}

static void
s_incr (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    int64_t delta = 1, number;
    if (ask->value.kind != VALUE_NIL && !s_whole (ask->value, &delta)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (!s_whole (s_start (ask, item), &number)) {
        s_fail (expected, ZGRID_WRONGTYPE);
        return;
    }
    __int128 sum = (__int128) number + (ask->op == OP_DECR ? -(__int128) delta : (__int128) delta);
    if (sum > INT64_MAX || sum < INT64_MIN) {
        s_fail (expected, ZGRID_OVERFLOW);
        return;
    }
    snprintf (expected->text, sizeof expected->text, "%lld", (long long) sum);
    s_store_number (self, ask, item, moment, value_int ((int64_t) sum), expected);
}

static void
s_incr_float (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    long double delta, number;
    if (!s_real (ask->value, &delta)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (!s_real (s_start (ask, item), &number)) {
        s_fail (expected, ZGRID_WRONGTYPE);
        return;
    }
    number += delta;
    if (!isfinite (number)) {
        s_fail (expected, ZGRID_OVERFLOW);
        return;
    }
    snprintf (expected->text, sizeof expected->text, "%.17Lf", number);
    char *end = expected->text + strlen (expected->text);
    while (end[-1] == '0')
        *--end = 0;
    if (end[-1] == '.')
        *--end = 0;
    if (strcmp (expected->text, "-0") == 0)
        strcpy (expected->text, "0");
    s_store_number (self, ask, item, moment, value_bytes (bytes_str (expected->text)), expected);
}

static void
s_expire_at (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    int64_t number;
    if (!s_whole (ask->value, &number)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    long double time = (long double) number;
    if (ask->op == OP_EXPIRE || ask->op == OP_EXPIREAT)
        time *= 1000;
    if (ask->op == OP_EXPIREAT || ask->op == OP_PEXPIREAT)
        time -= (long double) moment.wall;
    if (time > (long double) S_TTL_MAX) {
        s_fail (expected, ZGRID_TOOBIG);
        return;
    }
    if (!item) {
        s_fail (expected, ZGRID_NOTFOUND);
        return;
    }
    uint64_t wanted = time > 0 ? moment.now + (uint64_t) time : moment.now;
    uint64_t present = item->deadline ? item->deadline : UINT64_MAX;
    uint32_t given = ask->options.given;
    bool refused = ((given & OPT_nx) && item->deadline) || ((given & OPT_xx) && !item->deadline)
                   || ((given & OPT_gt) && wanted <= present) || ((given & OPT_lt) && wanted >= present);
    if (refused) {
        expected->status = ZGRID_MISMATCH;
        expected->version = item->version;
        return;
    }
    expected->kind = NEW;
    if (time > 0)
        item->deadline = wanted;
    else
        model_remove (self, item);
}

//  DEL, GETDEL
static void
s_delete (model_t *self, const ask_t *ask, item_t *item, expected_t *expected)
{
    if (!item) {
        s_fail (expected, ZGRID_NOTFOUND);
        return;
    }
    if (ask->op == OP_DEL && !s_holds (ask, item)) {
        expected->status = ZGRID_MISMATCH;
        expected->version = item->version;
        return;
    }
    if (ask->op == OP_GETDEL)
        expected->value = s_shown (self, item);
    expected->kind = NEW;
    model_remove (self, item);
}

//  GET, EXISTS, TTL, TOUCH, PERSIST
static void
s_look (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    if (!item) {
        s_fail (expected, ZGRID_NOTFOUND);
        return;
    }
    expected->version = item->version;
    int64_t ttl = item->deadline ? (int64_t) (item->deadline - moment.now) : -1;
    if (ask->op == OP_GET) {
        expected->value = s_shown (self, item);
        expected->with_ttl = ask->options.given & OPT_withttl;
        expected->ttl = ttl;
    } else if (ask->op == OP_TTL)
        expected->value = value_int (ttl);
    else if (ask->op == OP_PERSIST) {
        expected->value = value_int (item->deadline != 0);
        if (item->deadline)
            expected->kind = NEW;
        item->deadline = 0;
    }
}

void
model_run (model_t *self, const ask_t *ask, moment_t moment, expected_t *expected)
{
    item_t *item = model_find (self, ask->map, ask->key);
    switch (ask->op) {
        case OP_PUT:
        case OP_GETPUT:
        case OP_CAS:
            s_put (self, ask, item, moment, expected);
            break;
        case OP_APPEND:
            s_append (self, ask, item, moment, expected);
            break;
        case OP_INCR:
        case OP_DECR:
            s_incr (self, ask, item, moment, expected);
            break;
        case OP_INCRBYFLOAT:
            s_incr_float (self, ask, item, moment, expected);
            break;
        case OP_EXPIRE:
        case OP_PEXPIRE:
        case OP_EXPIREAT:
        case OP_PEXPIREAT:
            s_expire_at (self, ask, item, moment, expected);
            break;
        case OP_DEL:
        case OP_GETDEL:
            s_delete (self, ask, item, expected);
            break;
        default:
            s_look (self, ask, item, moment, expected);
    }
}

//  do_olric: the commands of Olric (version 0.7), whose clients name a map with each. Words and shapes of
//  replies are Olric's; where it was wrong, the reply is that of the grid.
//  SPDX-License-Identifier: MPL-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <zgrid_error.h>

#include "../json.h"
#include "do.h"
#include "gateway_impl.h"
#include "many.h"
#include "words.h"

#define S_HOUR_MS 3600000u // The longest lease
#define S_WAIT_MAX 60000u  // The longest wait for a lock
#define S_SCAN_COUNT 10
#define S_SCAN_MAX 10000

static void
s_ask (call_t *call, op_t op, value_t value, const options_t *options, call_reply_fn *then)
{
    ask_t ask = { op, call_arg (call, 1), call_arg (call, 2), true, value, options };
    call_ask (call, &ask, then, 0);
}

//  Its errors begin with words of their own.
static void
s_fail (call_t *call, const reply_t *reply)
{
    static const struct {
        int status;
        const char *text;
    } table[] = { { ZGRID_NOTFOUND, "KEYNOTFOUND key not found" },
                  { ZGRID_EXISTS, "KEYFOUND key found" },
                  { ZGRID_LOCKED, "LOCKNOTACQUIRED lock not acquired" },
                  { ZGRID_NOSUCHLOCK, "NOSUCHLOCK no such lock" } };
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++)
        if (table[at].status == (int) reply->status) {
            call_fail (call, table[at].text);
            return;
        }
    call_fail_status (call, reply);
}

static void
s_ok (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK) {
        s_fail (call, reply);
        return;
    }
    say_status (call_say (call), "OK");
    call_done (call);
}

static void
s_number (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK) {
        s_fail (call, reply);
        return;
    }
    say_int (call_say (call), reply->value.integer);
    call_done (call);
}

static void
s_value (call_t *call, const reply_t *reply, uint64_t mark)
{
    char text[24];
    (void) mark;
    if (reply->status != ZGRID_OK) {
        s_fail (call, reply);
        return;
    }
    if (reply->value.kind == VALUE_NIL)
        say_nil (call_say (call));
    else if (reply->value.kind == VALUE_INT) {
        snprintf (text, sizeof text, "%lld", (long long) reply->value.integer);
        say_text (call_say (call), text);
    } else
        say_bulk (call_say (call), reply->value.bytes);
    call_done (call);
}

//  Seconds with decimals, as milliseconds, rounded up: a short time is not none. False: no such number.
static bool
s_seconds (bytes_t word, uint64_t *milliseconds)
{
    char text[64], *end;
    if (word.size == 0 || word.size >= sizeof text)
        return false;
    memcpy (text, word.data, word.size);
    text[word.size] = 0;
    double seconds = strtod (text, &end);
    if (*end || !isfinite (seconds) || seconds < 0 || seconds > 9e12)
        return false;
    *milliseconds = (uint64_t) ceil (seconds * 1000);
    return true;
}

static bool
s_milliseconds (bytes_t word, uint64_t *milliseconds)
{
    int64_t number;
    if (!word_int (word, &number) || number < 0)
        return false;
    *milliseconds = (uint64_t) number;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Entries

//  EX, PX, EXAT, PXAT, NX, XX from the word `first` on. False: answered.
static bool
s_options (call_t *call, uint32_t first, options_t *options)
{
    options->given = 0;
    for (uint32_t at = first; at < call_count (call); at++) {
        bytes_t word = call_arg (call, at);
        bool ex = word_is (word, "EX"), exat = word_is (word, "EXAT");
        uint64_t unit = ex || word_is (word, "PX") ? OPT_px : exat || word_is (word, "PXAT") ? OPT_pxat : 0;
        if (word_is (word, "NX"))
            options->given |= OPT_nx;
        else if (word_is (word, "XX"))
            options->given |= OPT_xx;
        else if (unit && !(options->given & (OPT_px | OPT_pxat)) && at + 1 < call_count (call)) {
            bytes_t time = call_arg (call, ++at);
            if (!(ex || exat ? s_seconds (time, &options->time) : s_milliseconds (time, &options->time))) {
                call_fail_integer (call);
                return false;
            }
            options->given |= unit;
        } else {
            call_fail_syntax (call);
            return false;
        }
    }
    return true;
}

void
do_dm_put (call_t *call)
{
    options_t options;
    if (s_options (call, 4, &options))
        s_ask (call, OP_PUT, value_bytes (call_arg (call, 3)), &options, s_ok);
}

//  With RW Olric answers its own encoding of an entry; here it is the value as well.
static bool
s_is_raw (call_t *call, uint32_t at)
{
    bool good = call_count (call) == at
                || (call_count (call) == at + 1 && word_is (call_arg (call, at), "RW"));
    if (!good)
        call_fail_syntax (call);
    return good;
}

void
do_dm_get (call_t *call)
{
    if (s_is_raw (call, 3))
        s_ask (call, OP_GET, value_nil (), NULL, s_value);
}

void
do_dm_getput (call_t *call)
{
    if (s_is_raw (call, 4))
        s_ask (call, OP_GETPUT, value_bytes (call_arg (call, 3)), NULL, s_value);
}

void
do_dm_del (call_t *call)
{
    many_count (call, OP_DEL, call_arg (call, 1), 2);
}

void
do_dm_expire (call_t *call)
{
    uint64_t time;
    if (s_seconds (call_arg (call, 3), &time) && time <= INT64_MAX)
        s_ask (call, OP_PEXPIRE, value_int ((int64_t) time), NULL, s_ok);
    else
        call_fail_integer (call);
}

void
do_dm_pexpire (call_t *call)
{
    int64_t time;
    if (word_int (call_arg (call, 3), &time))
        s_ask (call, OP_PEXPIRE, value_int (time), NULL, s_ok);
    else
        call_fail_integer (call);
}

void
do_dm_destroy (call_t *call)
{
    ask_t ask = { .op = OP_DESTROY, .map = call_arg (call, 1), .value = value_nil () };
    if (call_count (call) > 2)
        call_fail (call, "ERR LC (this member alone) is not possible: a map is destroyed as a whole");
    else
        call_ask (call, &ask, s_ok, 0);
}

static void
s_count (call_t *call, op_t op)
{
    int64_t delta;
    if (word_int (call_arg (call, 3), &delta))
        s_ask (call, op, value_int (delta), NULL, s_number);
    else
        call_fail_integer (call);
}

void
do_dm_incr (call_t *call)
{
    s_count (call, OP_INCR);
}

void
do_dm_decr (call_t *call)
{
    s_count (call, OP_DECR);
}

void
do_dm_incrbyfloat (call_t *call)
{
    s_ask (call, OP_INCRBYFLOAT, value_bytes (call_arg (call, 3)), NULL, s_value);
}

//  DM.CAS map key old new: an empty old value is none (Olric's nil). 1, or 0 and nothing changed.
static void
s_swapped (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_MISMATCH) {
        s_fail (call, reply);
        return;
    }
    say_int (call_say (call), reply->status == ZGRID_OK);
    call_done (call);
}

void
do_dm_cas (call_t *call)
{
    bytes_t old = call_arg (call, 3);
    options_t options = { .given = OPT_ifeq, .ifeq = old.size ? value_bytes (old) : value_nil () };
    s_ask (call, OP_CAS, value_bytes (call_arg (call, 4)), &options, s_swapped);
}

//  ------------------------------------------------------------------------------------------------
//  Locks: tokens are texts

static void
s_locked (call_t *call, const reply_t *reply, uint64_t mark)
{
    char text[24];
    (void) mark;
    if (reply->status != ZGRID_OK) {
        s_fail (call, reply);
        return;
    }
    snprintf (text, sizeof text, "%llu", (unsigned long long) reply->value.integer);
    say_text (call_say (call), text);
    call_done (call);
}

//  DM.LOCK map key deadline [EX seconds | PX milliseconds]
void
do_dm_lock (call_t *call)
{
    options_t options = { .given = OPT_px | OPT_wait | OPT_deadline, .time = S_HOUR_MS };
    uint32_t count = call_count (call);
    bool ex = count == 6 && word_is (call_arg (call, 4), "EX"),
         px = count == 6 && word_is (call_arg (call, 4), "PX");
    if (count != 4 && !ex && !px) {
        call_fail_syntax (call);
        return;
    }
    if (!s_seconds (call_arg (call, 3), &options.wait)
        || (ex && !s_seconds (call_arg (call, 5), &options.time))
        || (px && !s_milliseconds (call_arg (call, 5), &options.time))) {
        call_fail_integer (call);
        return;
    }
    options.wait = options.wait < S_WAIT_MAX ? options.wait : S_WAIT_MAX;
    options.deadline = options.wait + call_gateway (call)->config.deadline;
    s_ask (call, OP_LOCK, value_nil (), &options, s_locked);
}

//  The token that a text is; what is none is the token of no lock.
static value_t
s_token (bytes_t word)
{
    int64_t token;
    return value_int (word_int (word, &token) && token > 0 ? token : INT64_MAX);
}

void
do_dm_unlock (call_t *call)
{
    s_ask (call, OP_UNLOCK, s_token (call_arg (call, 3)), NULL, s_ok);
}

void
do_dm_locklease (call_t *call)
{
    options_t options = { .given = OPT_px };
    if (s_seconds (call_arg (call, 4), &options.time))
        s_ask (call, OP_LEASE, s_token (call_arg (call, 3)), &options, s_ok);
    else
        call_fail_integer (call);
}

void
do_dm_plocklease (call_t *call)
{
    options_t options = { .given = OPT_px };
    if (s_milliseconds (call_arg (call, 4), &options.time))
        s_ask (call, OP_LEASE, s_token (call_arg (call, 3)), &options, s_ok);
    else
        call_fail_integer (call);
}

//  ------------------------------------------------------------------------------------------------
//  DM.SCAN partition map cursor [MATCH pattern] [COUNT n] [RC]

static void
s_scanned (call_t *call, const reply_t *reply, uint64_t mark)
{
    meta_t meta;
    uint32_t count;
    bytes_t key;
    char text[24];
    (void) mark;
    mp_t reader = mp_of (reply->value.bytes);
    if (reply->status != ZGRID_OK) {
        s_fail (call, reply);
        return;
    }
    if (!meta_decode (reply->meta, &meta) || !mp_array (&reader, &count)) {
        call_fail (call, "ERR the grid's answer cannot be read");
        return;
    }
    say_t say = call_say (call);
    snprintf (text, sizeof text, "%llu", (unsigned long long) (meta.given & META_cursor ? meta.cursor : 0));
    say_array (say, 2);
    say_text (say, text);
    say_array (say, count);
    while (count-- && mp_bytes (&reader, &key))
        say_bulk (say, key);
    call_done (call);
}

static bool
s_scan_options (call_t *call, options_t *options)
{
    uint64_t number;
    for (uint32_t at = 4; at < call_count (call); at++) {
        bytes_t word = call_arg (call, at);
        bool last = at + 1 == call_count (call);
        if (word_is (word, "RC")) // Copies: the same keys
            continue;
        if (!last && word_is (word, "MATCH")) {
            options->given |= OPT_match;
            options->match = call_arg (call, ++at);
        } else if (!last && word_is (word, "COUNT") && s_milliseconds (call_arg (call, at + 1), &number)
                   && number) {
            options->count = number < S_SCAN_MAX ? number : S_SCAN_MAX;
            at++;
        } else
            return false;
    }
    return true;
}

void
do_dm_scan (call_t *call)
{
    options_t options = { .given = OPT_partition | OPT_cursor | OPT_count, .count = S_SCAN_COUNT };
    ask_t ask = { .op = OP_SCAN, .map = call_arg (call, 2), .value = value_nil (), .options = &options };
    if (!s_milliseconds (call_arg (call, 1), &options.partition)
        || !s_milliseconds (call_arg (call, 3), &options.cursor))
        call_fail_integer (call);
    else if (options.partition >= call_gateway (call)->config.partitions)
        call_fail (call, "ERR no such partition");
    else if (!s_scan_options (call, &options))
        call_fail_syntax (call);
    else
        call_ask (call, &ask, s_scanned, 0);
}

//  ------------------------------------------------------------------------------------------------
//  The cluster

//  How Olric names a member: host and port.
static void
s_say_member (call_t *call, node_id_t id)
{
    const gateway_t *gateway = call_gateway (call);
    const member_t *member = gateway->view ? view_member (gateway->view, id) : NULL;
    char text[VIEW_HOST_MAX + 16];
    if (member)
        snprintf (text, sizeof text, "%s:%u", member->host, (unsigned) member->gateway_port);
    else
        snprintf (text, sizeof text, "%s:%u", gateway->config.endpoint_host, (unsigned) gateway->config.port);
    say_text (call_say (call), text);
}

//  An array for each partition: its number, its owner, its backups.
void
do_cluster_routingtable (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    const view_t *view = gateway->view;
    uint32_t partitions = gateway->config.partitions;
    say_array (call_say (call), partitions);
    for (uint32_t partition = 0; partition < partitions; partition++) {
        const part_t *part = view ? &view->parts[partition] : NULL;
        say_array (call_say (call), 3);
        say_int (call_say (call), partition);
        say_array (call_say (call), !part || part->primary);
        if (!part || part->primary)
            s_say_member (call, part ? part->primary : gateway->config.node);
        uint32_t backups = 0;
        for (unsigned at = 0; part && at < part->reps_count; at++)
            backups += part->reps[at] != part->primary;
        say_array (call_say (call), backups);
        for (unsigned at = 0; part && at < part->reps_count; at++)
            if (part->reps[at] != part->primary)
                s_say_member (call, part->reps[at]);
    }
    call_done (call);
}

//  An array for each member: its name, when it began (0: unknown), whether it coordinates.
void
do_cluster_members (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    const view_t *view = gateway->view;
    uint32_t count = view ? view->members_count : 1;
    node_id_t coordinator = view && view->voters_count ? view->voters[0] : gateway->config.node;
    say_array (call_say (call), count);
    for (uint32_t at = 0; at < count; at++) {
        node_id_t id = view ? view->members[at].id : gateway->config.node;
        say_array (call_say (call), 3);
        s_say_member (call, id);
        say_int (call_say (call), view ? 0 : (int64_t) gateway->config.started * 1000000);
        say_text (call_say (call), id == coordinator ? "true" : "false");
    }
    call_done (call);
}

//  A JSON object of the grid's counters.
static void
s_stats (call_t *call, const reply_t *reply, uint64_t mark)
{
    buf_t *out = call_scratch (call);
    mp_t reader = mp_of (reply->value.bytes);
    uint32_t pairs = 0;
    bytes_t name;
    uint64_t number;
    char text[32];
    (void) mark;
    if (reply->status != ZGRID_OK || reply->value.kind != VALUE_TREE || !mp_map (&reader, &pairs)) {
        s_fail (call, reply);
        return;
    }
    json_add (out, "{");
    for (uint32_t at = 0; at < pairs && mp_bytes (&reader, &name); at++) {
        if (!mp_uint (&reader, &number)) {
            if (!mp_skip (&reader))
                break;
            continue;
        }
        json_add (out, out->size > 1 ? "," : "");
        json_text (out, name);
        snprintf (text, sizeof text, ":%llu", (unsigned long long) number);
        json_add (out, text);
    }
    json_add (out, "}");
    say_bulk (call_say (call), buf_bytes (out));
    call_done (call);
}

void
do_stats (call_t *call)
{
    ask_t ask = { .op = OP_STATS, .value = value_nil () };
    call_ask (call, &ask, s_stats, 0);
}

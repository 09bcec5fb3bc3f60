//  do_generic: keys and what they hold, whatever it is: RENAME, COPY, OBJECT, MEMORY, WAIT.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include <zgrid_error.h>

#include "../slot.h"
#include "do.h"
#include "gateway_impl.h"
#include "help.h"
#include "words.h"

#define S_TRIES 1000

static void
s_say (call_t *call, int64_t number)
{
    say_int (call_say (call), number);
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  RENAME and COPY: one operation where both keys are in one partition; otherwise read, store under the other
//  key, and remove if nobody has written meanwhile

typedef struct {
    bool nx, copies;
    uint32_t database; // Where to
    unsigned tries;
} s_way_t;

static void
s_read (call_t *call);

//  How each of them says that it is done, or that the other key is there.
static void
s_say_end (call_t *call, bool done)
{
    const s_way_t *way = call_state (call, sizeof (s_way_t));
    if (way->nx || way->copies)
        s_say (call, done);
    else {
        say_status (call_say (call), "OK");
        call_done (call);
    }
}

static void
s_removed (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_way_t *way = call_state (call, sizeof (s_way_t));
    (void) mark;
    if (reply->status == ZGRID_MISMATCH && ++way->tries < S_TRIES) {
        way->nx = false; // The other key is there by now, from here
        s_read (call);
    } else if (reply->status == ZGRID_OK || reply->status == ZGRID_NOTFOUND)
        s_say_end (call, true);
    else
        call_fail_status (call, reply);
}

//  mark: the version that was read
static void
s_stored (call_t *call, const reply_t *reply, uint64_t mark)
{
    const s_way_t *way = call_state (call, sizeof (s_way_t));
    if (reply->status == ZGRID_EXISTS)
        s_say_end (call, false);
    else if (reply->status != ZGRID_OK)
        call_fail_status (call, reply);
    else if (way->copies)
        s_say_end (call, true);
    else {
        options_t options = { .given = OPT_ifversion, .ifversion = mark };
        ask_t ask = { OP_DEL, call_map (call), call_arg (call, 1), true, value_nil (), &options };
        call_ask (call, &ask, s_removed, 0);
    }
}

static void
s_got (call_t *call, const reply_t *reply, uint64_t mark)
{
    const s_way_t *way = call_state (call, sizeof (s_way_t));
    meta_t meta;
    options_t options = { .given = 0 };
    (void) mark;
    if (reply->status == ZGRID_NOTFOUND) {
        if (way->copies)
            s_say (call, 0);
        else
            call_fail (call, "ERR no such key");
        return;
    }
    if (reply->status != ZGRID_OK || !meta_decode (reply->meta, &meta)) {
        call_fail_status (call, reply);
        return;
    }
    if (!gateway_map (call_gateway (call), way->database, call_scratch (call))) {
        call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
        return;
    }
    if (meta.given & META_ttl && meta.ttl > 0) {
        options.given |= OPT_px;
        options.time = (uint64_t) meta.ttl;
    }
    options.given |= way->nx ? OPT_nx : 0;
    ask_t ask = { OP_PUT, buf_bytes (call_scratch (call)), call_arg (call, 2), true, reply->value, &options };
    call_ask (call, &ask, s_stored, reply->version);
}

static void
s_read (call_t *call)
{
    options_t options = { .given = OPT_withttl };
    ask_t ask = { OP_GET, call_map (call), call_arg (call, 1), true, value_nil (), &options };
    call_ask (call, &ask, s_got, 0);
}

static void
s_same (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_NOTFOUND)
        call_fail (call, "ERR no such key");
    else if (reply->status == ZGRID_OK)
        s_say_end (call, false);
    else
        call_fail_status (call, reply);
}

static bool
s_is_near (const call_t *call)
{
    uint32_t partitions = call_gateway (call)->config.partitions;
    return slot_partition (slot_of_key (call_arg (call, 1)), partitions)
           == slot_partition (slot_of_key (call_arg (call, 2)), partitions);
}

static void
s_moved (call_t *call, const reply_t *reply, uint64_t mark)
{
    const s_way_t *way = call_state (call, sizeof (s_way_t));
    (void) mark;
    if (reply->status == ZGRID_NOT_IN_AP_MODE && way->copies && !way->nx && !call_in_multi (call))
        s_read (call); // Such a map has no writes that are one, but it can be read, and written
    else if (reply->status == ZGRID_NOTFOUND && way->copies)
        s_say (call, 0);
    else if (reply->status == ZGRID_NOTFOUND)
        call_fail (call, "ERR no such key");
    else if (reply->status == ZGRID_OK || reply->status == ZGRID_EXISTS)
        s_say_end (call, reply->status == ZGRID_OK);
    else
        call_fail_status (call, reply);
}

static void
s_move (call_t *call)
{
    const s_way_t *way = call_state (call, sizeof (s_way_t));
    options_t options = { .given = way->nx ? OPT_nx : 0 };
    if (way->database != call_talk (call)->database) {
        if (!gateway_map (call_gateway (call), way->database, call_scratch (call))) {
            call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
            return;
        }
        options.given |= OPT_into;
        options.into = buf_bytes (call_scratch (call));
    }
    ask_t ask = { way->copies ? OP_COPY : OP_RENAME, call_map (call), call_arg (call, 1), true,
                  value_bytes (call_arg (call, 2)),  &options };
    call_ask (call, &ask, s_moved, 0);
}

static void
s_go (call_t *call)
{
    if (!call_keep (call))
        return;
    if (s_is_near (call))
        s_move (call);
    else
        s_read (call);
}

static void
s_rename (call_t *call, bool nx)
{
    s_way_t *way = call_state (call, sizeof (s_way_t));
    if (!way)
        return;
    way->nx = nx;
    way->database = call_talk (call)->database;
    if (bytes_equal (call_arg (call, 1), call_arg (call, 2))) {
        ask_t ask = { OP_EXISTS, call_map (call), call_arg (call, 1), true, value_nil (), NULL };
        call_ask (call, &ask, s_same, 0);
    } else
        s_go (call);
}

void
do_rename (call_t *call)
{
    s_rename (call, false);
}

void
do_renamenx (call_t *call)
{
    s_rename (call, true);
}

void
do_copy (call_t *call)
{
    s_way_t *way = call_state (call, sizeof (s_way_t));
    int64_t database;
    if (!way)
        return;
    way->copies = way->nx = true;
    way->database = call_talk (call)->database;
    for (uint32_t at = 3; at < call_count (call); at++) {
        bytes_t word = call_arg (call, at);
        if (word_is (word, "REPLACE"))
            way->nx = false;
        else if (word_is (word, "DB") && at + 1 < call_count (call)) {
            if (!word_int (call_arg (call, ++at), &database)) {
                call_fail_integer (call);
                return;
            }
            if (database < 0 || database >= (int64_t) call_gateway (call)->config.databases) {
                call_fail (call, "ERR DB index is out of range");
                return;
            }
            way->database = (uint32_t) database;
        } else {
            call_fail_syntax (call);
            return;
        }
    }
    if (way->database == call_talk (call)->database && bytes_equal (call_arg (call, 1), call_arg (call, 2)))
        call_fail (call, "ERR source and destination objects are the same");
    else
        s_go (call);
}

//  ------------------------------------------------------------------------------------------------
//  OBJECT, MEMORY

//  As Redis would hold it: a number, a short text, a long one.
static void
s_encoding (call_t *call, const reply_t *reply, uint64_t mark)
{
    int64_t number;
    (void) mark;
    if (reply->status == ZGRID_NOTFOUND)
        say_nil (call_say (call));
    else if (reply->status != ZGRID_OK) {
        call_fail_status (call, reply);
        return;
    } else if (reply->value.kind == VALUE_INT || word_int (reply->value.bytes, &number))
        say_text (call_say (call), "int");
    else
        say_text (call_say (call), reply->value.bytes.size <= 44 ? "embstr" : "raw");
    call_done (call);
}

void
do_object_encoding (call_t *call)
{
    call_read (call, call_arg (call, 2), false, s_encoding, 0);
}

//  Without using it.
static void
s_ask_about (call_t *call, op_t op, call_reply_fn *then)
{
    ask_t ask = { op, call_map (call), call_arg (call, 2), true, value_nil (), NULL };
    call_ask (call, &ask, then, 0);
}

static void
s_references (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_NOTFOUND)
        say_nil (call_say (call));
    else if (reply->status == ZGRID_OK)
        say_int (call_say (call), 1);
    else {
        call_fail_status (call, reply);
        return;
    }
    call_done (call);
}

void
do_object_refcount (call_t *call)
{
    s_ask_about (call, OP_EXISTS, s_references);
}

static void
s_idle (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_NOTFOUND)
        say_nil (call_say (call));
    else if (reply->status == ZGRID_OK)
        say_int (call_say (call), reply->value.kind == VALUE_INT ? reply->value.integer / 1000 : 0);
    else {
        call_fail_status (call, reply);
        return;
    }
    call_done (call);
}

void
do_object_idletime (call_t *call)
{
    s_ask_about (call, OP_IDLE, s_idle);
}

//  Nobody counts: a key that exists is answered as by a server whose policy is not one of frequencies.
static void
s_frequency (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status == ZGRID_NOTFOUND) {
        say_nil (call_say (call));
        call_done (call);
    } else if (reply->status == ZGRID_OK)
        call_fail (call,
                   "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
                   "that when switching between policies at runtime LRU and LFU data will take some time "
                   "to adjust.");
    else
        call_fail_status (call, reply);
}

void
do_object_freq (call_t *call)
{
    s_ask_about (call, OP_EXISTS, s_frequency);
}

void
do_object_help (call_t *call)
{
    static const char *const lines[] = { "ENCODING <key>", "    Tell how Redis would hold the value.",
                                         "FREQ <key>",     "    An error for keys that exist: not counted.",
                                         "IDLETIME <key>", "    Seconds since the key was last used.",
                                         "REFCOUNT <key>", "    1 for keys that exist." };
    help_say (call, "OBJECT", lines, sizeof lines / sizeof lines[0]);
}

#define S_ENTRY_BYTES 32 // What an entry takes beside key and value, about (doc/benchmarks.md)

static void
s_usage (call_t *call, const reply_t *reply, uint64_t key_size)
{
    if (reply->status == ZGRID_NOTFOUND)
        say_nil (call_say (call));
    else if (reply->status == ZGRID_OK)
        say_int (call_say (call),
                 (int64_t) (key_size + S_ENTRY_BYTES
                            + (reply->value.kind == VALUE_BYTES ? reply->value.bytes.size : 8)));
    else {
        call_fail_status (call, reply);
        return;
    }
    call_done (call);
}

void
do_memory_usage (call_t *call)
{
    uint32_t count = call_count (call);
    int64_t samples;
    if (count != 3 && (count != 5 || !word_is (call_arg (call, 3), "SAMPLES")))
        call_fail_syntax (call);
    else if (count == 5 && !word_int (call_arg (call, 4), &samples))
        call_fail_integer (call);
    else if (count == 5 && samples < 0)
        call_fail_syntax (call);
    else
        call_read (call, call_arg (call, 2), false, s_usage, call_arg (call, 2).size);
}

void
do_memory_help (call_t *call)
{
    static const char *const lines[] = { "USAGE <key> [SAMPLES <count>]",
                                         "    Tell about how many bytes a key takes." };
    help_say (call, "MEMORY", lines, sizeof lines / sizeof lines[0]);
}

//  Who is answered has its writes on every copy that is in step: there is nothing to wait for.
void
do_wait (call_t *call)
{
    int64_t number, timeout;
    const view_t *view = call_gateway (call)->view;
    if (!word_int (call_arg (call, 1), &number))
        call_fail_integer (call);
    else if (!word_int (call_arg (call, 2), &timeout))
        call_fail (call, "ERR timeout is not an integer or out of range");
    else if (timeout < 0)
        call_fail (call, "ERR timeout is negative");
    else
        s_say (call, view && view->copies ? (int64_t) view->copies - 1 : 0);
}

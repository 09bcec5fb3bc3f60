//  do_script: EVAL and its like, for scripts that are known (script.h): what they would do is done by records
//  of the grid. Keys are read, looked at, and changed under the condition that they are what was read; if
//  they are not, once more.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include <zgrid_error.h>

#include "../slot.h"
#include "do.h"
#include "exec_value.h"
#include "gateway_impl.h"
#include "help.h"
#include "words.h"

#define S_TRIES 1000

typedef struct {
    bool found, equal;
    uint64_t version;
    int64_t left; // Milliseconds of its life; -1: it does not end
} s_seen_t;

typedef struct {
    const script_t *script;
    bool reads;           // EVAL_RO, EVALSHA_RO
    uint32_t keys, words; // Of KEYS that the script looks at; of ARGV
    uint32_t argv;        // The first of ARGV
    uint32_t left;        // Keys that are not read yet
    uint32_t changes;
    unsigned tries;
    s_seen_t seen[];
} s_way_t;

static const char s_memory[] = "OOM command not allowed when used memory > 'maxmemory'.";
static const char s_not_words[] = "ERR Lua redis lib command arguments must be strings or integers";

static s_way_t *
s_way (call_t *call)
{
    return call_state (call, sizeof (s_way_t));
}

static bytes_t
s_key (const call_t *call, uint32_t index)
{
    return call_arg (call, 3 + index);
}

static void
s_say_int (call_t *call, int64_t number)
{
    say_int (call_say (call), number);
    call_done (call);
}

//  The check has failed.
static void
s_say_no (call_t *call, const script_t *script)
{
    if (script->check == SCRIPT_ABSENT && script->answer == SCRIPT_STATUS) {
        say_nil (call_say (call));
        call_done (call);
    } else
        s_say_int (call, 0);
}

static void
s_say_yes (call_t *call, const script_t *script, uint32_t changes)
{
    if (script->answer == SCRIPT_STATUS) {
        say_status (call_say (call), "OK");
        call_done (call);
    } else
        s_say_int (call, script->answer == SCRIPT_COUNT ? (int64_t) changes : 1);
}

//  ------------------------------------------------------------------------------------------------
//  The change

//  How the keys are changed; `left`: of the key's life. False: answered.
static bool
s_change (call_t *call, int64_t left, ask_t *ask, options_t *options)
{
    const s_way_t *way = s_way (call);
    script_change_t change = way->script->change;
    int64_t time;
    ask->op = OP_DEL;
    if (change == SCRIPT_DELETE)
        return true;
    if (way->words < 2) {
        call_fail (call, s_not_words);
        return false;
    }
    if (!word_int (call_arg (call, way->argv + 1), &time)) {
        call_fail_integer (call);
        return false;
    }
    if (change == SCRIPT_SET) {
        if (time <= 0) {
            call_fail (call, "ERR invalid expire time in 'set' command");
            return false;
        }
        options->given |= OPT_px;
        options->time = (uint64_t) (time < GATEWAY_TTL_MAX ? time : GATEWAY_TTL_MAX);
        ask->op = OP_PUT;
        ask->value = value_bytes (call_arg (call, way->argv));
        ask->options = options;
        return true;
    }
    bool adds = change == SCRIPT_ADD
                || (change == SCRIPT_PROLONG && way->words > 2
                    && bytes_equal (call_arg (call, way->argv + 2), bytes_str ("0")));
    if (change == SCRIPT_EXPIRE)
        time = time > GATEWAY_TTL_MAX / 1000 ? GATEWAY_TTL_MAX : time < 0 ? 0 : time * 1000;
    time = time < GATEWAY_TTL_MAX ? time : GATEWAY_TTL_MAX;
    ask->op = OP_PEXPIRE;
    ask->value = value_int (time + (adds ? left : 0));
    return true;
}

static void
s_look (call_t *call);

static void
s_changed (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_way_t *way = s_way (call);
    mp_t reader;
    reply_t one = { .status = ZGRID_MAYBE };
    (void) mark;
    if (reply->status == ZGRID_MISMATCH && ++way->tries < S_TRIES) {
        s_look (call);
        return;
    }
    if (!exec_value_open (reply, way->changes, &reader)) {
        call_fail_status (call, reply->status == ZGRID_OK ? &one : reply);
        return;
    }
    for (uint32_t at = 0; at < way->changes; at++) {
        exec_value_next (&reader, &one);
        if (one.status != ZGRID_OK) {
            call_fail_status (call, &one);
            return;
        }
    }
    s_say_yes (call, way->script, way->changes);
}

//  Writes EXEC for all keys that are to be changed. False: answered.
static bool
s_write (call_t *call, exec_value_t *value)
{
    const s_way_t *way = s_way (call);
    for (uint32_t at = 0; at < way->keys; at++) {
        const s_seen_t *seen = &way->seen[at];
        options_t options = { .given = 0 };
        ask_t ask = { .map = call_map (call), .key = s_key (call, at), .has_key = true };
        if (way->script->check == SCRIPT_OWN && !seen->equal)
            continue;
        if (!s_change (call, seen->left, &ask, &options))
            return false;
        exec_value_condition (value, ask.map, ask.key, seen->found ? seen->version : 0);
        exec_value_record (value, &ask);
    }
    return true;
}

static void
s_apply (call_t *call)
{
    s_way_t *way = s_way (call);
    exec_value_t value = { .records_count = 0 };
    if (!s_write (call, &value)) {
        exec_value_clear (&value);
        return;
    }
    buf_reset (call_scratch (call));
    way->changes = value.records_count;
    bool whole = exec_value_write (&value, call_scratch (call));
    exec_value_clear (&value);
    ask_t ask = { OP_EXEC,
                  call_map (call),
                  s_key (call, 0),
                  true,
                  { .kind = VALUE_TREE, .bytes = buf_bytes (call_scratch (call)) },
                  NULL };
    if (whole)
        call_ask (call, &ask, s_changed, 0);
    else
        call_fail (call, s_memory);
}

//  ------------------------------------------------------------------------------------------------
//  The look before

static void
s_decide (call_t *call)
{
    const s_way_t *way = s_way (call);
    const script_t *script = way->script;
    uint32_t good = 0;
    for (uint32_t at = 0; at < way->keys; at++) {
        const s_seen_t *seen = &way->seen[at];
        bool ends = script->change != SCRIPT_PROLONG && script->change != SCRIPT_ADD;
        good += script->check == SCRIPT_ABSENT ? !seen->found : seen->equal && (ends || seen->left >= 0);
    }
    if (script->check == SCRIPT_OWN ? good == 0 : good < way->keys)
        s_say_no (call, script);
    else if (way->reads)
        call_fail (call, "ERR Write commands are not allowed from read-only scripts.");
    else
        s_apply (call);
}

static void
s_looked (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_way_t *way = s_way (call);
    s_seen_t *seen = &way->seen[mark];
    meta_t meta;
    char room[24];
    bytes_t value = reply->value.bytes;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND) {
        call_fail_status (call, reply);
        return;
    }
    if (reply->value.kind == VALUE_INT)
        value = bytes_of (room,
                          (size_t) snprintf (room, sizeof room, "%lld", (long long) reply->value.integer));
    seen->found = reply->status == ZGRID_OK;
    seen->equal = seen->found && way->words && bytes_equal (value, call_arg (call, way->argv));
    seen->version = reply->version;
    seen->left = meta_decode (reply->meta, &meta) && meta.given & META_ttl ? meta.ttl : -1;
    if (--way->left == 0)
        s_decide (call);
}

static void
s_look (call_t *call)
{
    s_way_t *way = s_way (call);
    options_t options = { .given = OPT_withttl };
    way->left = way->keys;
    for (uint32_t at = 0; at < way->keys && !call_is_done (call); at++) {
        ask_t ask = { OP_GET, call_map (call), s_key (call, at), true, value_nil (), &options };
        if (!call_ask (call, &ask, s_looked, at))
            return;
    }
}

//  ------------------------------------------------------------------------------------------------
//  One record, where that is enough

static void
s_told (call_t *call, const reply_t *reply, uint64_t mark)
{
    const script_t *script = s_way (call)->script;
    (void) mark;
    if (reply->status == ZGRID_OK)
        s_say_yes (call, script, 1);
    else if (reply->status == ZGRID_NOTFOUND || reply->status == ZGRID_MISMATCH
             || reply->status == ZGRID_EXISTS)
        s_say_no (call, script);
    else
        call_fail_status (call, reply);
}

//  False: several are needed.
static bool
s_at_once (call_t *call)
{
    const s_way_t *way = s_way (call);
    const script_t *script = way->script;
    options_t options = { .given = 0 };
    ask_t ask = { .map = call_map (call), .key = s_key (call, 0), .has_key = true, .options = &options };
    if (way->reads || way->keys != 1 || !way->words)
        return false;
    if (script->check != SCRIPT_ABSENT && script->change == SCRIPT_DELETE) {
        options = (options_t) { .given = OPT_ifeq, .ifeq = value_bytes (call_arg (call, way->argv)) };
        ask.op = OP_DEL;
    } else if (script->check == SCRIPT_ABSENT && script->change == SCRIPT_SET) {
        if (!s_change (call, -1, &ask, &options))
            return true;
        options.given |= OPT_nx;
    } else
        return false;
    call_ask (call, &ask, s_told, 0);
    return true;
}

static bool
s_in_one_slot (const call_t *call, uint32_t keys)
{
    for (uint32_t at = 1; at < keys; at++)
        if (slot_of_key (s_key (call, at)) != slot_of_key (s_key (call, 0)))
            return false;
    return true;
}

static void
s_run (call_t *call, const script_t *script, uint32_t keys, bool reads)
{
    uint32_t count = call_count (call), looked = script->answer == SCRIPT_COUNT || keys < 1 ? keys : 1;
    if (keys == 0 && script->answer == SCRIPT_COUNT)
        s_say_int (call, 0);
    else if (keys == 0 || (script->check == SCRIPT_ABSENT && count == 3 + keys))
        call_fail (call, s_not_words);
    else if (looked > EXEC_RECORDS_MAX)
        call_fail (call, "ERR at most 1,024 keys");
    else if (!s_in_one_slot (call, looked))
        call_fail (call, "CROSSSLOT Keys in request don't hash to the same slot");
    else {
        s_way_t *way = call_state (call, sizeof (s_way_t) + looked * sizeof (s_seen_t));
        if (!way || !call_keep (call))
            return;
        way->script = script;
        way->reads = reads;
        way->keys = looked;
        way->argv = 3 + keys;
        way->words = count - 3 - keys;
        if (!s_at_once (call))
            s_look (call);
    }
}

//  ------------------------------------------------------------------------------------------------
//  EVAL and EVALSHA

static void
s_fail_unknown (call_t *call)
{
    call_gateway (call)->stats.scripts_refused++;
    call_fail (call, "ERR There is no Lua here: only the scripts of usual locks are known, see doc/redis.md");
}

//  How many keys there are. False: answered.
static bool
s_keys (call_t *call, uint32_t *keys)
{
    int64_t number;
    if (!word_int (call_arg (call, 2), &number))
        call_fail_integer (call);
    else if (number > (int64_t) call_count (call) - 3)
        call_fail (call, "ERR Number of keys can't be greater than number of args");
    else if (number < 0)
        call_fail (call, "ERR Number of keys can't be negative");
    else {
        *keys = (uint32_t) number;
        return true;
    }
    return false;
}

static void
s_eval (call_t *call, bool reads)
{
    char id[SCRIPT_ID_SIZE + 1];
    uint32_t keys;
    if (!s_keys (call, &keys))
        return;
    const script_t *script = scripts_add (&call_gateway (call)->scripts, call_arg (call, 1), id);
    if (script)
        s_run (call, script, keys, reads);
    else
        s_fail_unknown (call);
}

static void
s_eval_id (call_t *call, bool reads)
{
    static const char none[] = "NOSCRIPT No matching script. Please use EVAL.";
    bytes_t id = call_arg (call, 1);
    uint32_t keys;
    if (id.size != SCRIPT_ID_SIZE) {
        call_fail (call, none);
        return;
    }
    if (!s_keys (call, &keys))
        return;
    const script_t *script = scripts_find (&call_gateway (call)->scripts, id);
    if (!script)
        script = script_find_unsent (id);
    if (script)
        s_run (call, script, keys, reads);
    else
        call_fail (call, none);
}

void
do_eval (call_t *call)
{
    s_eval (call, false);
}

void
do_eval_ro (call_t *call)
{
    s_eval (call, true);
}

void
do_evalsha (call_t *call)
{
    s_eval_id (call, false);
}

void
do_evalsha_ro (call_t *call)
{
    s_eval_id (call, true);
}

//  ------------------------------------------------------------------------------------------------
//  SCRIPT

void
do_script_load (call_t *call)
{
    char id[SCRIPT_ID_SIZE + 1];
    if (scripts_add (&call_gateway (call)->scripts, call_arg (call, 2), id)) {
        say_text (call_say (call), id);
        call_done (call);
    } else
        s_fail_unknown (call);
}

void
do_script_exists (call_t *call)
{
    say_array (call_say (call), call_count (call) - 2);
    for (uint32_t at = 2; at < call_count (call); at++)
        say_int (call_say (call), scripts_find (&call_gateway (call)->scripts, call_arg (call, at)) != NULL);
    call_done (call);
}

void
do_script_flush (call_t *call)
{
    uint32_t count = call_count (call);
    if (count > 3
        || (count == 3 && !word_is (call_arg (call, 2), "SYNC") && !word_is (call_arg (call, 2), "ASYNC"))) {
        call_fail (call, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    call_gateway (call)->scripts = (scripts_t) { .count = 0 };
    say_status (call_say (call), "OK");
    call_done (call);
}

void
do_script_kill (call_t *call)
{
    call_fail (call, "NOTBUSY No scripts in execution right now.");
}

void
do_script_help (call_t *call)
{
    static const char *const lines[] = { "EXISTS <sha1> [<sha1> ...]",
                                         "    Tell which of these scripts were sent.",
                                         "FLUSH [ASYNC|SYNC]",
                                         "    Forget what was sent.",
                                         "KILL",
                                         "    An error: no script runs for long.",
                                         "LOAD <script>",
                                         "    Remember a script, tell its SHA-1." };
    help_say (call, "SCRIPT", lines, sizeof lines / sizeof lines[0]);
}

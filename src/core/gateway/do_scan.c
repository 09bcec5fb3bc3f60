//  do_scan: which keys there are: SCAN, KEYS, RANDOMKEY, DBSIZE, FLUSHDB, FLUSHALL.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include <zgrid_error.h>

#include "../index.h"
#include "do.h"
#include "gateway_impl.h"
#include "words.h"

#define S_COUNT_MAX 10000u // Entries that one record of SCAN looks at
#define S_CURSOR_SHIFT 33  // A cursor of one partition: (partition + 1) << 33 | position (index.h)

static void
s_scan (call_t *call, const options_t *options, call_reply_fn *then, uint64_t mark)
{
    ask_t ask = { .op = OP_SCAN, .map = call_map (call), .value = value_nil (), .options = options };
    call_ask (call, &ask, then, mark);
}

//  The keys of a page. False: it is no page.
static bool
s_page (const reply_t *reply, mp_t *reader, uint32_t *count, uint64_t *cursor)
{
    meta_t meta;
    if (reply->value.kind != VALUE_TREE || !meta_decode (reply->meta, &meta))
        return false;
    *cursor = meta.given & META_cursor ? meta.cursor : 0;
    *reader = mp_of (reply->value.bytes);
    return mp_array (reader, count);
}

static bool
s_key (mp_t *reader, bytes_t *key)
{
    return mp_bytes (reader, key);
}

//  ------------------------------------------------------------------------------------------------
//  SCAN

static void
s_scanned (call_t *call, const reply_t *reply, uint64_t none)
{
    mp_t reader;
    uint32_t count;
    uint64_t cursor;
    bytes_t key;
    char text[24];
    if (reply->status != ZGRID_OK) {
        call_fail_status (call, reply);
        return;
    }
    if (!s_page (reply, &reader, &count, &cursor)) {
        call_fail (call, "ERR the grid's answer cannot be read");
        return;
    }
    say_t say = call_say (call);
    snprintf (text, sizeof text, "%llu", (unsigned long long) cursor);
    say_array (say, 2);
    say_text (say, text);
    say_array (say, none ? 0 : count);
    while (!none && count-- && s_key (&reader, &key))
        say_bulk (say, key);
    call_done (call);
}

static bool
s_cursor (bytes_t word, uint64_t *cursor)
{
    uint64_t value = 0;
    for (size_t at = 0; at < word.size; at++) {
        uint64_t digit = (uint64_t) word.data[at] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *cursor = value;
    return word.size > 0;
}

//  MATCH, COUNT, TYPE. False: answered.
static bool
s_scan_options (call_t *call, options_t *options, bool *none)
{
    int64_t count;
    for (uint32_t at = 2; at < call_count (call); at += 2) {
        bytes_t word = call_arg (call, at);
        bool last = at + 1 >= call_count (call);
        bytes_t value = last ? word : call_arg (call, at + 1);
        if (!last && word_is (word, "COUNT")) {
            if (!word_int (value, &count)) {
                call_fail_integer (call);
                return false;
            }
            if (count < 1) {
                call_fail_syntax (call);
                return false;
            }
            options->given |= OPT_count;
            options->count = (uint64_t) count < S_COUNT_MAX ? (uint64_t) count : S_COUNT_MAX;
        } else if (!last && word_is (word, "MATCH")) {
            options->given |= OPT_match;
            options->match = value;
        } else if (!last && word_is (word, "TYPE"))
            *none = !word_is (value, "STRING"); // There is nothing else
        else {
            call_fail_syntax (call);
            return false;
        }
    }
    return true;
}

void
do_scan (call_t *call)
{
    options_t options;
    bool none = false;
    options.given = OPT_cursor | OPT_count;
    options.count = 10;
    if (!s_cursor (call_arg (call, 1), &options.cursor))
        call_fail (call, "ERR invalid cursor");
    else if (s_scan_options (call, &options, &none))
        s_scan (call, &options, s_scanned, none);
}

//  ------------------------------------------------------------------------------------------------
//  KEYS: page after page

typedef struct {
    uint64_t count;
} s_keys_t;

static void
s_keys_page (call_t *call, uint64_t cursor);

static void
s_keys_found (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_keys_t *keys = call_state (call, sizeof (s_keys_t));
    buf_t *out = call_scratch (call);
    mp_t reader;
    uint32_t count;
    uint64_t cursor;
    bytes_t key;
    (void) mark;
    if (reply->status != ZGRID_OK) {
        call_fail_status (call, reply);
        return;
    }
    bool good = s_page (reply, &reader, &count, &cursor);
    while (good && count-- && s_key (&reader, &key)) {
        say_bulk ((say_t) { out, 2 }, key);
        keys->count++;
    }
    if (!good || out->failed || out->size > call_gateway (call)->config.memory_max / 4) {
        call_fail (call, "ERR there are too many keys for one reply: SCAN tells them in pieces");
        return;
    }
    if (cursor) {
        s_keys_page (call, cursor);
        return;
    }
    say_array (call_say (call), keys->count);
    buf_add (call_say (call).out, out->data, out->size);
    call_done (call);
}

static void
s_keys_page (call_t *call, uint64_t cursor)
{
    options_t options;
    options.given = OPT_cursor | OPT_count | OPT_match;
    options.cursor = cursor;
    options.count = S_COUNT_MAX;
    options.match = call_arg (call, 1);
    s_scan (call, &options, s_keys_found, 0);
}

void
do_keys (call_t *call)
{
    if (call_state (call, sizeof (s_keys_t)) && call_keep (call))
        s_keys_page (call, 0);
}

//  ------------------------------------------------------------------------------------------------
//  RANDOMKEY: one of those behind a random place; where few are, one of the first

static uint64_t
s_random (call_t *call)
{
    uint64_t number = 0;
    const gateway_port_t *port = &call_gateway (call)->port;
    port->random (port->arg, (uint8_t *) &number, sizeof number);
    return number;
}

static void
s_random_found (call_t *call, const reply_t *reply, uint64_t first)
{
    mp_t reader;
    uint32_t count = 0;
    uint64_t cursor = 0;
    bytes_t key = { NULL, 0 };
    if (reply->status != ZGRID_OK) {
        call_fail_status (call, reply);
        return;
    }
    bool found = s_page (reply, &reader, &count, &cursor) && count;
    if (!found && (first || cursor)) {
        options_t options = { .given = OPT_cursor | OPT_count,
                              .count = S_COUNT_MAX,
                              .cursor = first ? 0 : cursor };
        s_scan (call, &options, s_random_found, false);
        return;
    }
    for (uint64_t left = found ? s_random (call) % count + 1 : 0; left-- && s_key (&reader, &key);)
        ;
    if (found)
        say_bulk (call_say (call), key);
    else
        say_nil (call_say (call));
    call_done (call);
}

void
do_randomkey (call_t *call)
{
    uint64_t random = s_random (call);
    uint64_t partition = random % call_gateway (call)->config.partitions;
    options_t options = { .given = OPT_cursor | OPT_count | OPT_partition,
                          .count = 20,
                          .partition = partition };
    options.cursor = (partition + 1) << S_CURSOR_SHIFT | (random >> 16) % INDEX_END;
    s_scan (call, &options, s_random_found, true);
}

//  ------------------------------------------------------------------------------------------------
//  All of them

static void
s_sized (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK)
        call_fail_status (call, reply);
    else {
        say_int (call_say (call), reply->value.integer);
        call_done (call);
    }
}

void
do_dbsize (call_t *call)
{
    ask_t ask = { .op = OP_SIZE, .map = call_map (call), .value = value_nil () };
    call_ask (call, &ask, s_sized, 0);
}

//  ASYNC and SYNC mean the same: nobody waits for what is removed.
static bool
s_flush_options (call_t *call)
{
    bool good = call_count (call) == 1
                || (call_count (call) == 2
                    && (word_is (call_arg (call, 1), "ASYNC") || word_is (call_arg (call, 1), "SYNC")));
    if (!good)
        call_fail_syntax (call);
    return good;
}

typedef struct {
    uint32_t left;
} s_flush_t;

static void
s_flushed (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_flush_t *flush = call_state (call, sizeof (s_flush_t));
    (void) mark;
    if (reply->status != ZGRID_OK)
        call_fail_status (call, reply);
    else if (--flush->left == 0) {
        say_status (call_say (call), "OK");
        call_done (call);
    }
}

//  Removes the databases from `first` up to `end`.
static void
s_flush (call_t *call, uint32_t first, uint32_t end)
{
    s_flush_t *flush = call_state (call, sizeof (s_flush_t));
    if (!flush)
        return;
    flush->left = end - first;
    for (uint32_t database = first; database < end; database++) {
        buf_t *name = call_scratch (call);
        if (!gateway_map (call_gateway (call), database, name)) {
            call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
            return;
        }
        ask_t ask = { .op = OP_DESTROY, .map = buf_bytes (name), .value = value_nil () };
        if (!call_ask (call, &ask, s_flushed, 0))
            return;
    }
}

void
do_flushdb (call_t *call)
{
    uint32_t database = call_talk (call)->database;
    if (s_flush_options (call))
        s_flush (call, database, database + 1);
}

void
do_flushall (call_t *call)
{
    if (s_flush_options (call))
        s_flush (call, 0, call_gateway (call)->config.databases);
}

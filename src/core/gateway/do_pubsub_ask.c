//  do_pubsub_ask: PUBSUB: who has subscribed to what, in the whole cluster.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../glob.h"
#include "call.h"
#include "do.h"

//  Of channels of which kind?
static bool
s_is_shard (bytes_t channel)
{
    return channel.size && channel.data[0] == HEARERS_SHARD;
}

static bytes_t
s_name (bytes_t channel)
{
    return s_is_shard (channel) ? bytes_of (channel.data + 1, channel.size - 1) : channel;
}

static void
s_fail_memory (call_t *call)
{
    call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
}

//  mark: whether shard channels were asked for.
static void
s_channels (call_t *call, const reply_t *reply, uint64_t mark)
{
    mp_t reader = mp_of (reply->value.bytes);
    uint32_t count = 0, found = 0;
    bytes_t name;
    if (reply->status != ZGRID_OK || reply->value.kind != VALUE_TREE || !mp_array (&reader, &count)) {
        call_fail_status (call, reply);
        return;
    }
    mp_t again = reader;
    for (uint32_t at = 0; at < count && mp_bytes (&reader, &name); at++)
        found += s_is_shard (name) == (mark != 0);
    say_array (call_say (call), found);
    for (uint32_t at = 0; at < count && mp_bytes (&again, &name); at++)
        if (s_is_shard (name) == (mark != 0))
            say_bulk (call_say (call), s_name (name));
    call_done (call);
}

static void
s_ask_channels (call_t *call, bool shard)
{
    bytes_t glob = call_count (call) > 2 ? call_arg (call, 2) : bytes_str ("*");
    if (call_count (call) > 3) {
        bytes_t word = call_arg (call, 1);
        int size = word.size < 128 ? (int) word.size : 128;
        char text[256];
        snprintf (text, sizeof text,
                  "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try PUBSUB HELP.", size,
                  (const char *) word.data);
        call_fail (call, text);
        return;
    }
    buf_t *pattern = call_scratch (call);
    buf_reset (pattern);
    if (shard)
        buf_add (pattern, (uint8_t[1]) { HEARERS_SHARD }, 1);
    buf_add (pattern, glob.data, glob.size);
    ask_t ask = { .op = OP_CHANNELS, .value = value_bytes (buf_bytes (pattern)) };
    if (pattern->failed)
        s_fail_memory (call);
    else if (pattern->size > GLOB_PATTERN_MAX)
        call_fail (call, "ERR a pattern has at most 511 bytes");
    else
        call_ask (call, &ask, s_channels, shard);
}

void
do_pubsub_channels (call_t *call)
{
    s_ask_channels (call, false);
}

void
do_pubsub_shardchannels (call_t *call)
{
    s_ask_channels (call, true);
}

//  Those that nobody can subscribe to were not asked for.
static void
s_numbers (call_t *call, const reply_t *reply, uint64_t mark)
{
    hear_t kind = mark ? HEAR_SHARD : HEAR_CHANNEL;
    mp_t reader = mp_of (reply->value.bytes);
    uint32_t count = 0;
    if (reply->status != ZGRID_OK || reply->value.kind != VALUE_TREE || !mp_array (&reader, &count)) {
        call_fail_status (call, reply);
        return;
    }
    say_t say = call_say (call);
    say_array (say, ((uint64_t) call_count (call) - 2) * 2);
    for (uint32_t at = 2; at < call_count (call); at++) {
        bytes_t name = call_arg (call, at), same;
        uint64_t number = 0;
        if (hearers_name_valid (kind, name) && (!mp_bytes (&reader, &same) || !mp_uint (&reader, &number)))
            number = 0;
        say_bulk (say, name);
        say_int (say, (int64_t) number);
    }
    call_done (call);
}

static void
s_ask_numbers (call_t *call, hear_t kind)
{
    buf_t *tree = call_scratch (call), name = BUF_INIT;
    uint32_t count = 0;
    if (!call_keep (call))
        return;
    buf_reset (tree);
    for (uint32_t at = 2; at < call_count (call); at++)
        count += hearers_name_valid (kind, call_arg (call, at));
    wire_add_array (tree, count);
    for (uint32_t at = 2; at < call_count (call); at++) {
        if (!hearers_name_valid (kind, call_arg (call, at)))
            continue;
        buf_reset (&name);
        if (kind == HEAR_SHARD)
            buf_add (&name, (uint8_t[1]) { HEARERS_SHARD }, 1);
        buf_add (&name, call_arg (call, at).data, call_arg (call, at).size);
        tree->failed = tree->failed || name.failed;
        wire_add_bytes (tree, buf_bytes (&name));
    }
    buf_clear (&name);
    ask_t ask = { .op = OP_NUMSUB, .value = { .kind = VALUE_TREE, .bytes = buf_bytes (tree) } };
    if (tree->failed)
        s_fail_memory (call);
    else
        call_ask (call, &ask, s_numbers, kind == HEAR_SHARD);
}

void
do_pubsub_numsub (call_t *call)
{
    s_ask_numbers (call, HEAR_CHANNEL);
}

void
do_pubsub_shardnumsub (call_t *call)
{
    s_ask_numbers (call, HEAR_SHARD);
}

static void
s_patterns (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    if (reply->status != ZGRID_OK) {
        call_fail_status (call, reply);
        return;
    }
    say_int (call_say (call), reply->value.integer);
    call_done (call);
}

void
do_pubsub_numpat (call_t *call)
{
    ask_t ask = { .op = OP_NUMPAT };
    call_ask (call, &ask, s_patterns, 0);
}

void
do_pubsub_help (call_t *call)
{
    static const char *const lines[] = {
        "PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CHANNELS [<pattern>]",
        "    Channels with subscribers anywhere in the cluster; those that match, given a pattern.",
        "NUMPAT",
        "    How many different patterns have subscribers.",
        "NUMSUB [<channel> ...]",
        "    Each channel and how many subscribe to it by name.",
        "SHARDCHANNELS [<pattern>]",
        "    As CHANNELS, of those that SSUBSCRIBE subscribes to.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    As NUMSUB, of those that SSUBSCRIBE subscribes to.",
        "HELP",
        "    This text.",
    };
    size_t count = sizeof lines / sizeof lines[0];
    say_array (call_say (call), count);
    for (size_t at = 0; at < count; at++)
        say_status (call_say (call), lines[at]);
    call_done (call);
}

//  do_pubsub: SUBSCRIBE and its like, PUBLISH, SPUBLISH. PUBSUB stands in do_pubsub_ask.c.
//  SPDX-License-Identifier: MPL-2.0
#include "call.h"
#include "do.h"

//  ------------------------------------------------------------------------------------------------
//  Subscribing

//  What a connection is told of one subscription. name NULL: it has none of that kind.
static void
s_say (call_t *call, hear_t kind, bool on, const bytes_t *name)
{
    static const char *const words[HEAR_KINDS][2] = { { "unsubscribe", "subscribe" },
                                                      { "punsubscribe", "psubscribe" },
                                                      { "sunsubscribe", "ssubscribe" } };
    const hearer_t *hearer = talk_hearer (call_talk (call), false);
    say_t say = { call_scratch (call), talk_protocol (call_talk (call)) };
    say_push (say, 3);
    say_text (say, words[kind][on]);
    if (name)
        say_bulk (say, *name);
    else
        say_nil (say);
    //  Shard channels are counted apart, as Redis has it
    say_int (say, kind == HEAR_SHARD
                      ? hearer_count (hearer, HEAR_SHARD)
                      : (int64_t) hearer_count (hearer, HEAR_CHANNEL) + hearer_count (hearer, HEAR_PATTERN));
}

//  Answers when all members know it, or now if there is nobody to wait for.
static void
s_end (call_t *call)
{
    hearer_t *hearer = talk_hearer (call_talk (call), false);
    if (call_scratch (call)->failed)
        call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
    else if (call_in_multi (call) || !hearer || !hearer_wait (hearer, call)) {
        buf_add (call_say (call).out, call_scratch (call)->data, call_scratch (call)->size);
        call_done (call);
    }
}

static void
s_refuse (call_t *call, hearer_result_t result)
{
    if (result == HEARER_INVALID)
        call_fail (call,
                   "ERR a channel's name has 1 to 255 bytes, none of them zero, and does not begin with "
                   "the byte 1");
    else if (result == HEARER_EXCESS)
        call_fail (call, "ERR too many subscriptions");
    else
        call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
}

static void
s_subscribe (call_t *call, hear_t kind)
{
    hearer_t *hearer = talk_hearer (call_talk (call), true);
    uint32_t had = hearer_count (hearer, kind);
    hearer_result_t result = hearer ? HEARER_OK : HEARER_NOMEM;
    buf_reset (call_scratch (call));
    for (uint32_t at = 1; at < call_count (call) && result == HEARER_OK; at++) {
        bytes_t name = call_arg (call, at);
        result = hearer_add (hearer, kind, name);
        if (result == HEARER_OK)
            s_say (call, kind, true, &name);
    }
    if (result == HEARER_OK) {
        s_end (call);
        return;
    }
    if (hearer)
        hearer_trim (hearer, kind, had); // All or nothing
    s_refuse (call, result);
}

static void
s_unsubscribe (call_t *call, hear_t kind)
{
    hearer_t *hearer = talk_hearer (call_talk (call), false);
    bool all = call_count (call) == 1;
    buf_reset (call_scratch (call));
    if (all && !hearer_count (hearer, kind))
        s_say (call, kind, false, NULL);
    while (all && hearer_count (hearer, kind)) {
        uint8_t copy[TOPIC_NAME_MAX];
        bytes_t name = hearer_first (hearer, kind);
        memcpy (copy, name.data, name.size);
        name.data = copy;
        hearer_remove (hearer, kind, name);
        s_say (call, kind, false, &name);
    }
    for (uint32_t at = 1; at < call_count (call); at++) {
        bytes_t name = call_arg (call, at);
        if (hearer)
            hearer_remove (hearer, kind, name);
        s_say (call, kind, false, &name);
    }
    s_end (call);
}

void
do_subscribe (call_t *call)
{
    s_subscribe (call, HEAR_CHANNEL);
}

void
do_psubscribe (call_t *call)
{
    s_subscribe (call, HEAR_PATTERN);
}

void
do_ssubscribe (call_t *call)
{
    s_subscribe (call, HEAR_SHARD);
}

void
do_unsubscribe (call_t *call)
{
    s_unsubscribe (call, HEAR_CHANNEL);
}

void
do_punsubscribe (call_t *call)
{
    s_unsubscribe (call, HEAR_PATTERN);
}

void
do_sunsubscribe (call_t *call)
{
    s_unsubscribe (call, HEAR_SHARD);
}

//  ------------------------------------------------------------------------------------------------
//  Publishing

static void
s_published (call_t *call, const reply_t *reply, uint64_t mark)
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
do_publish (call_t *call)
{
    ask_t ask = { .op = OP_PUBLISH,
                  .key = call_arg (call, 1),
                  .has_key = true,
                  .value = value_bytes (call_arg (call, 2)) };
    if (hearers_name_valid (HEAR_CHANNEL, ask.key))
        call_ask (call, &ask, s_published, 0);
    else
        s_refuse (call, HEARER_INVALID);
}

typedef struct {
    int64_t count;
    unsigned replies;
    bool failed;
} s_shard_t;

enum { S_COUNTED, S_SENT };

//  Patterns, which are counted by PUBLISH, do not see shard channels: how many hear it is asked just before.
static void
s_shard_published (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_shard_t *state = call_state (call, sizeof (s_shard_t));
    mp_t reader = mp_of (reply->value.bytes);
    uint32_t count;
    bytes_t name;
    uint64_t number;
    state->replies++;
    if (state->failed)
        return;
    if (reply->status != ZGRID_OK) {
        state->failed = true;
        call_fail_status (call, reply);
        return;
    }
    if (mark == S_COUNTED && reply->value.kind == VALUE_TREE && mp_array (&reader, &count) && count == 2
        && mp_bytes (&reader, &name) && mp_uint (&reader, &number))
        state->count = (int64_t) number;
    if (state->replies < 2)
        return;
    say_int (call_say (call), state->count);
    call_done (call);
}

void
do_spublish (call_t *call)
{
    bytes_t name = call_arg (call, 1);
    if (!hearers_name_valid (HEAR_SHARD, name)) {
        s_refuse (call, HEARER_INVALID);
        return;
    }
    uint8_t channel[TOPIC_NAME_MAX] = { HEARERS_SHARD };
    memcpy (channel + 1, name.data, name.size);
    buf_t *tree = call_scratch (call);
    buf_reset (tree);
    wire_add_array (tree, 1);
    wire_add_bytes (tree, bytes_of (channel, name.size + 1));
    ask_t count = { .op = OP_NUMSUB, .value = { .kind = VALUE_TREE, .bytes = buf_bytes (tree) } };
    ask_t send = { .op = OP_PUBLISH,
                   .key = bytes_of (channel, name.size + 1),
                   .has_key = true,
                   .value = value_bytes (call_arg (call, 2)) };
    if (tree->failed)
        s_refuse (call, HEARER_NOMEM);
    else if (call_state (call, sizeof (s_shard_t)) && call_ask (call, &count, s_shard_published, S_COUNTED))
        call_ask (call, &send, s_shard_published, S_SENT);
}

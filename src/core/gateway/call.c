//  call: see call.h.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include <zgrid_error.h>

#include "../mem.h"
#include "bundle.h"
#include "gateway_impl.h"

#define S_KEEP_ROOM 4096 // Bytes of a buffer that a spare call keeps

//  A spare one, or a new one; NULL without memory.
static call_t *
s_take (gateway_t *gateway)
{
    call_t *self = gateway->spare;
    if (self) {
        gateway->spare = self->next;
        gateway->spares--;
    } else if (!(self = mem_alloc_zero (1, sizeof (call_t))))
        return NULL;
    self->next = NULL;
    self->gateway = gateway;
    self->mute = false;
    return self;
}

call_t *
call_new (talk_t *talk, const bytes_t *args, uint32_t count)
{
    call_t *self = s_take (talk->gateway);
    if (!self)
        return NULL;
    self->talk = talk;
    self->args = args;
    self->count = count;
    self->mute = talk->mute || talk->skip;
    talk->skip = false;
    if (talk->last)
        talk->last->next = self;
    else
        talk->first = self;
    talk->last = self;
    talk->calls++;
    return self;
}

call_t *
call_new_inner (talk_t *talk, const command_t *command, const bytes_t *args, uint32_t count)
{
    call_t *self = s_take (talk->gateway);
    if (!self)
        return NULL;
    self->talk = talk;
    self->command = command;
    self->args = args;
    self->count = count;
    self->in_multi = true;
    return self;
}

static void
s_shrink (buf_t *buf)
{
    if (buf->room > S_KEEP_ROOM)
        buf_clear (buf);
    buf_reset (buf);
}

static void
s_free (call_t *self)
{
    buf_clear (&self->reply);
    buf_clear (&self->scratch);
    buf_clear (&self->kept);
    mem_free (self);
}

static void
s_recycle (call_t *self)
{
    gateway_t *gateway = self->gateway;
    s_shrink (&self->reply);
    s_shrink (&self->scratch);
    s_shrink (&self->kept);
    mem_free (self->kept_args);
    mem_free (self->state);
    self->kept_args = NULL;
    self->state = NULL;
    self->talk = NULL;
    self->command = NULL;
    self->pending = 0;
    self->done = self->in_multi = false;
    if (gateway->spares >= GATEWAY_SPARE_CALLS) {
        s_free (self);
        return;
    }
    self->next = gateway->spare;
    gateway->spare = self;
    gateway->spares++;
}

void
call_free_spares (gateway_t *gateway)
{
    while (gateway->spare) {
        call_t *next = gateway->spare->next;
        s_free (gateway->spare);
        gateway->spare = next;
    }
    gateway->spares = 0;
}

//  Once neither its connection, nor a reply, nor its function needs it.
static void
s_drop (call_t *call)
{
    if (!call->talk && call->pending == 0 && !call->held)
        s_recycle (call);
}

//  Its connection does not know it any more. It stays until all that it asked for is answered.
static void
s_let_go (call_t *call)
{
    call->talk->writes -= call->writes;
    call->writes = 0;
    call->talk = NULL;
    s_drop (call);
}

void
call_release (call_t *call)
{
    call->held = false;
    s_drop (call);
}

void
call_leave (call_t *call)
{
    s_let_go (call);
}

void
call_orphan_all (talk_t *talk)
{
    bundle_destroy (&talk->multi.bundle);
    while (talk->first) {
        call_t *call = talk->first;
        talk->first = call->next;
        s_let_go (call);
    }
    talk->last = NULL;
    talk->calls = 0;
}

//  ------------------------------------------------------------------------------------------------
//  What is asked

uint32_t
call_count (const call_t *call)
{
    return call->count;
}

bytes_t
call_arg (const call_t *call, uint32_t index)
{
    return call->args[index];
}

const command_t *
call_command (const call_t *call)
{
    return call->command;
}

talk_t *
call_talk (const call_t *call)
{
    return call->talk;
}

gateway_t *
call_gateway (const call_t *call)
{
    return call->gateway;
}

bytes_t
call_map (const call_t *call)
{
    return buf_bytes (&call->talk->map);
}

moment_t
call_moment (const call_t *call)
{
    return call->gateway->moment;
}

uint32_t
call_pending (const call_t *call)
{
    return call->pending;
}

bool
call_is_done (const call_t *call)
{
    return call->done;
}

bool
call_in_multi (const call_t *call)
{
    return call->in_multi;
}

static bool
s_no_memory (call_t *call)
{
    call_fail (call, "OOM command not allowed when used memory > 'maxmemory'.");
    return false;
}

bool
call_keep (call_t *call)
{
    if (call->kept_args)
        return true;
    size_t sum = 0;
    for (uint32_t arg = 0; arg < call->count; arg++)
        sum += call->args[arg].size;
    bytes_t *args = mem_alloc (call->count * sizeof (bytes_t));
    if (!args || !buf_reserve (&call->kept, sum + 1)) {
        mem_free (args);
        return s_no_memory (call);
    }
    for (uint32_t arg = 0; arg < call->count; arg++) {
        args[arg] = bytes_of (call->kept.data + call->kept.size, call->args[arg].size);
        buf_add (&call->kept, call->args[arg].data, call->args[arg].size);
    }
    call->args = call->kept_args = args;
    return true;
}

void *
call_state (call_t *call, size_t size)
{
    if (!call->state)
        call->state = mem_alloc_zero (1, size);
    if (!call->state)
        s_no_memory (call);
    return call->state;
}

buf_t *
call_scratch (call_t *call)
{
    return &call->scratch;
}

//  ------------------------------------------------------------------------------------------------
//  What is answered

say_t
call_say (call_t *call)
{
    talk_t *talk = call->talk;
    bool first = talk->first == call && !call->mute;
    talk->saying = talk->saying || first;
    return (say_t) { first ? &talk->output : &call->reply, talk->protocol };
}

//  What those behind the first have said comes into the output as they become the first.
static void
s_advance (talk_t *talk)
{
    while (talk->first && talk->first->done) {
        call_t *call = talk->first;
        talk->first = call->next;
        talk->calls--;
        s_let_go (call);
        call_t *next = talk->first;
        if (talk->held.size) {
            buf_add (&talk->output, talk->held.data, talk->held.size);
            buf_reset (&talk->held);
        }
        talk->saying = next && next->reply.size && !next->mute;
        if (!next)
            talk->last = NULL;
        else if (!next->mute)
            buf_add (&talk->output, next->reply.data, next->reply.size);
    }
}

void
call_done (call_t *call)
{
    talk_t *talk = call->talk;
    call->done = true;
    if (call->in_multi) {
        bundle_done (talk->multi.bundle);
        return;
    }
    if (talk->first == call)
        s_advance (talk);
    talk_touch (talk);
    if (!talk->running)
        talk_resume (talk);
}

static void
s_fail (call_t *call)
{
    call->gateway->stats.errors++;
    call_done (call);
}

void
call_fail (call_t *call, const char *text)
{
    say_error (call_say (call), text);
    s_fail (call);
}

void
call_fail_syntax (call_t *call)
{
    call_fail (call, "ERR syntax error");
}

void
call_fail_integer (call_t *call)
{
    call_fail (call, "ERR value is not an integer or out of range");
}

void
call_fail_arity (call_t *call)
{
    char name[64];
    size_t at = 0;
    for (const char *letter = call->command->name; *letter && at + 1 < sizeof name; letter++)
        name[at++] = *letter >= 'A' && *letter <= 'Z' ? (char) (*letter + 32) : *letter;
    name[at] = 0;
    say_errorf (call_say (call), "ERR wrong number of arguments for '%s' command", name);
    s_fail (call);
}

void
call_fail_status (call_t *call, const reply_t *reply)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        { ZGRID_WRONGTYPE, "ERR value is not an integer or out of range" },
        { ZGRID_OVERFLOW, "ERR increment or decrement would overflow" },
        { ZGRID_NOMEM, "OOM command not allowed when used memory > 'maxmemory'." },
        { ZGRID_TOOBIG, "ERR string exceeds maximum allowed size (proto-max-bulk-len)" },
        { ZGRID_UNAVAILABLE, "CLUSTERDOWN Hash slot not served" },
        { ZGRID_PARTIAL, "CLUSTERDOWN Some hash slots are not served" },
        { ZGRID_TIMEOUT, "TIMEOUT The command was not executed in time" },
        { ZGRID_MAYBE, "MAYBE The answer was lost: the command may have been executed" },
        { ZGRID_DENIED, "NOPERM This is not allowed" },
    };
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++)
        if (table[at].status == (int) reply->status) {
            call_fail (call, table[at].text);
            return;
        }
    meta_t meta;
    bool told = meta_decode (reply->meta, &meta) && meta.given & META_error;
    say_errorf (call_say (call), "ERR %u%s%.*s", reply->status, told ? " " : "",
                told ? (int) meta.error.size : 0, told ? (const char *) meta.error.data : "");
    s_fail (call);
}

//  ------------------------------------------------------------------------------------------------
//  The grid

void
call_reply (call_t *call, call_reply_fn *then, const reply_t *reply, uint64_t mark)
{
    call->pending--;
    if (mark & GATEWAY_MARK_WRITES && call->talk) {
        call->writes--;
        call->talk->writes--;
    }
    if (call->talk && !call->done)
        then (call, reply, mark & ~GATEWAY_MARK_WRITES);
    else
        s_drop (call);
}

bool
call_ask (call_t *call, const ask_t *ask, call_reply_fn *then, uint64_t mark)
{
    gateway_t *gateway = call->gateway;
    if (call->in_multi && bundle_takes (call->talk->multi.bundle, ask)) {
        if (!bundle_add (call->talk->multi.bundle, call, ask, then, mark))
            return s_no_memory (call);
        call->pending++;
        return true;
    }
    //  What is published changes no entry
    bool writes = op_info (ask->op)->writes && ask->op != OP_PUBLISH;
    //  Reads before it that wait may have to ask the grid after all: they must do so first
    for (uint32_t at = 0; writes && !gateway->reading && at < gateway->reads_count; at++)
        if (gateway->reads[at].call->talk == call->talk)
            call_flush_reads (gateway);
    if (!asks_add (gateway->asks, call, ask, then, mark | (writes ? GATEWAY_MARK_WRITES : 0),
                   gateway->moment.now))
        return s_no_memory (call);
    call->pending++;
    call->writes += writes;
    call->talk->writes += writes;
    return true;
}

static bool
s_ask_get (call_t *call, bytes_t key, bool withttl, call_reply_fn *then, uint64_t mark)
{
    options_t options = { .given = OPT_withttl };
    ask_t ask = { OP_GET, call_map (call), key, true, value_nil (), withttl ? &options : NULL };
    return call_ask (call, &ask, then, mark);
}

//  The reply that the grid would have given.
static void
s_found (const read_t *read, const gateway_found_t *found, const buf_t *copy)
{
    uint8_t meta[14] = { 0x81, 0xa3, 't', 't', 'l', 0xd3 }; // A map of one pair, a number of 64 bits
    reply_t reply = { .status = (unsigned) found->status };
    if (found->status == ZGRID_OK) {
        reply.value = value_bytes (bytes_of (copy->data + found->offset, found->size));
        reply.version = found->version;
        for (unsigned byte = 0; byte < 8; byte++)
            meta[6 + byte] = (uint8_t) ((uint64_t) found->ttl >> (56 - 8 * byte));
        reply.meta = bytes_of (meta, sizeof meta);
    }
    read->call->gateway->stats.local++;
    read->then (read->call, &reply, read->mark);
}

//  Reads that are of one map.
static void
s_read (gateway_t *gateway, const read_t *reads, uint32_t count)
{
    bytes_t keys[GATEWAY_READS_MAX];
    gateway_found_t found[GATEWAY_READS_MAX];
    for (uint32_t at = 0; at < count; at++)
        keys[at] = reads[at].key;
    buf_reset (&gateway->copy);
    gateway->port.read (gateway->port.arg, call_map (reads[0].call), keys, count, &gateway->copy, found);
    for (uint32_t at = 0; at < count; at++) {
        call_t *call = reads[at].call;
        call->pending--;
        if (!call->talk || call->done)
            s_drop (call);
        else if (found[at].status == GATEWAY_READ_ASK)
            s_ask_get (call, reads[at].key, true, reads[at].then, reads[at].mark);
        else
            s_found (&reads[at], &found[at], &gateway->copy);
    }
}

void
call_flush_reads (gateway_t *gateway)
{
    read_t reads[GATEWAY_READS_MAX];
    while (gateway->reads_count) {
        uint32_t count = gateway->reads_count;
        memcpy (reads, gateway->reads, count * sizeof (read_t));
        gateway->reads_count = 0; // Those that come up now are for the next round
        gateway->reading = true;
        for (uint32_t first = 0, end; first < count; first = end) {
            end = first + 1;
            while (reads[first].call->talk && end < count && reads[end].call->talk
                   && bytes_equal (call_map (reads[end].call), call_map (reads[first].call)))
                end++;
            if (reads[first].call->talk)
                s_read (gateway, reads + first, end - first);
            else {
                reads[first].call->pending--;
                s_drop (reads[first].call);
            }
        }
        gateway->reading = false;
    }
    if (gateway->copy.room > 4 * GATEWAY_OUTPUT_PAUSE)
        buf_clear (&gateway->copy);
}

bool
call_read (call_t *call, bytes_t key, bool withttl, call_reply_fn *then, uint64_t mark)
{
    gateway_t *gateway = call->gateway;
    if (gateway->reads_count == GATEWAY_READS_MAX && !gateway->reading)
        call_flush_reads (gateway);
    if (!gateway->port.read || call->talk->writes || call->in_multi
        || gateway->reads_count == GATEWAY_READS_MAX)
        return s_ask_get (call, key, withttl, then, mark);
    gateway->reads[gateway->reads_count++] = (read_t) { call, key, then, mark };
    call->pending++;
    return true;
}

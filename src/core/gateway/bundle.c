//  bundle: see bundle.h.
//  SPDX-License-Identifier: MPL-2.0
#include "bundle.h"

#include <stdio.h>

#include <zgrid_error.h>

#include "../mem.h"
#include "exec_value.h"
#include "gateway_impl.h"
#include "words.h"

//  A record, and who wants its reply.
typedef struct {
    call_t *call;
    call_reply_fn *then;
    uint64_t mark;
} s_item_t;

struct bundle {
    talk_t *talk;
    call_t *outer;   // EXEC
    queued_t *at;    // Whose turn it is
    bool collecting; // What commands ask for is taken
    bool failed;     // Not all could be taken
    bool sent;
    bool running; // s_go_on is
    exec_value_t value;
    s_item_t *items;
    uint32_t count, room;
    buf_t replies;
    mp_t reader;
    uint32_t given; // Replies that were handed over
};

static const char s_memory[] = "OOM command not allowed when used memory > 'maxmemory'.";

//  ------------------------------------------------------------------------------------------------
//  Its end

void
bundle_destroy (bundle_t **self_p)
{
    bundle_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t at = self->given; at < self->count; at++)
        self->items[at].call->pending--;
    for (queued_t *queued = self->talk->multi.first; queued; queued = queued->next)
        if (queued->call)
            call_leave (queued->call);
    exec_value_clear (&self->value);
    buf_clear (&self->replies);
    mem_free (self->items);
    mem_free (self);
    *self_p = NULL;
}

//  Nothing is queued any more. Returns EXEC, which is to be answered.
static call_t *
s_end (bundle_t *self)
{
    talk_t *talk = self->talk;
    call_t *outer = self->outer;
    bundle_destroy (&talk->multi.bundle);
    multi_clear (&talk->multi);
    return outer;
}

static void
s_fail (bundle_t *self, const char *why)
{
    char text[256];
    snprintf (text, sizeof text, "EXECABORT Transaction discarded because of: %s", why);
    call_fail (s_end (self), text);
}

//  What commands have said, one after the other.
static void
s_say (bundle_t *self)
{
    say_t say = call_say (self->outer);
    self->talk->gateway->stats.transactions++;
    say_array (say, self->talk->multi.count);
    for (const queued_t *queued = self->talk->multi.first; queued; queued = queued->next) {
        buf_add (say.out, queued->call->reply.data, queued->call->reply.size);
        say.out->failed = say.out->failed || queued->call->reply.failed;
    }
    call_done (s_end (self));
}

//  ------------------------------------------------------------------------------------------------
//  Records

bool
bundle_takes (const bundle_t *self, const ask_t *ask)
{
    return self && self->collecting && op_info (ask->op)->routing == ROUTING_KEY;
}

bool
bundle_add (bundle_t *self, call_t *call, const ask_t *ask, call_reply_fn *then, uint64_t mark)
{
    if (self->count == self->room) {
        uint32_t room = self->room ? 2 * self->room : 16;
        s_item_t *items = self->count < EXEC_RECORDS_MAX ? mem_resize (self->items, room * sizeof (s_item_t))
                                                         : NULL;
        if (!items) {
            self->failed = true;
            return false;
        }
        self->items = items;
        self->room = room;
    }
    exec_value_record (&self->value, ask);
    self->items[self->count++] = (s_item_t) { call, then, mark };
    return true;
}

//  SELECT changes where the keys behind it are, though it has its own turn later.
static void
s_select (const bundle_t *self, const queued_t *queued)
{
    int64_t database;
    if (strcmp (queued->command->name, "SELECT") == 0 && word_int (queued->args[1], &database)
        && database >= 0 && database < self->talk->gateway->config.databases)
        talk_select (self->talk, (uint32_t) database);
}

static void
s_begin (queued_t *queued)
{
    call_t *call = queued->call;
    queued->begun = true;
    call->held = true;
    queued->command->run (call);
    call_release (call);
}

//  Asks commands with keys for their records, from the one on whose turn it is.
static void
s_collect (bundle_t *self)
{
    uint32_t database = self->talk->database;
    self->collecting = true;
    for (queued_t *queued = self->at; queued; queued = queued->next)
        if (multi_has_keys (queued->command))
            s_begin (queued);
        else
            s_select (self, queued);
    self->collecting = false;
    if (self->talk->database != database)
        self->failed = !talk_select (self->talk, database) || self->failed;
}

//  Where EXEC is sent to, as one of the records says, or one of the conditions.
static bool
s_place (bundle_t *self, ask_t *ask)
{
    mp_t reader = mp_of (buf_bytes (&self->value.records));
    request_t request;
    uint32_t count;
    if (self->count) {
        if (wire_next_request (&reader, &request) != WIRE_RECORD)
            return false;
        ask->map = request.map;
        ask->key = request.key;
        return true;
    }
    reader = mp_of (buf_bytes (&self->value.conditions));
    return mp_array (&reader, &count) && mp_bytes (&reader, &ask->map) && mp_bytes (&reader, &ask->key);
}

static void
s_go_on (bundle_t *self);

static void
s_replied (call_t *outer, const reply_t *reply, uint64_t mark)
{
    bundle_t *self = outer->talk->multi.bundle;
    gateway_stats_t *stats = &outer->gateway->stats;
    (void) mark;
    if (reply->status == ZGRID_MISMATCH) {
        stats->transactions_aborted++;
        say_nil_array (call_say (outer));
        call_done (s_end (self));
    } else if (reply->status == ZGRID_NOMEM)
        s_fail (self, s_memory);
    else if (reply->status == ZGRID_NOT_IN_AP_MODE)
        s_fail (self, "a map in ap mode has no transactions");
    else if (reply->status != ZGRID_OK)
        call_fail_status (s_end (self), reply);
    else {
        buf_add (&self->replies, reply->value.bytes.data, reply->value.bytes.size);
        reply_t copy = *reply;
        copy.value.bytes = buf_bytes (&self->replies);
        //  They were executed, and what they have answered is lost: each command says so
        if (self->replies.failed || !exec_value_open (&copy, self->count, &self->reader))
            self->reader = mp_of (bytes_of (NULL, 0));
        s_go_on (self);
    }
}

//  False: EXEC waits, or has ended.
static bool
s_send (bundle_t *self)
{
    const multi_t *multi = &self->talk->multi;
    buf_t *map = call_scratch (self->outer);
    self->sent = true;
    s_collect (self);
    for (uint32_t at = 0; at < multi->watched_count; at++) {
        self->failed = !gateway_map (self->talk->gateway, multi->watched[at].database, map) || self->failed;
        exec_value_condition (&self->value, buf_bytes (map), buf_bytes (&multi->watched[at].key),
                              multi->watched[at].version);
    }
    if (self->count == 0 && multi->watched_count == 0 && !self->failed)
        return true;
    ask_t ask = { .op = OP_EXEC, .has_key = true };
    buf_reset (map);
    if (self->failed || !exec_value_write (&self->value, map) || !s_place (self, &ask)) {
        s_fail (self, self->count >= EXEC_RECORDS_MAX ? "more than 1,024 records" : s_memory);
        return false;
    }
    ask.value = (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (map) };
    talk_t *talk = self->talk;
    if (!call_ask (self->outer, &ask, s_replied, 0)) { // It was answered
        bundle_destroy (&talk->multi.bundle);
        multi_clear (&talk->multi);
    } else
        exec_value_clear (&self->value);
    return false;
}

//  ------------------------------------------------------------------------------------------------
//  Turns

//  Hands over the replies to what a command has asked for.
static void
s_give (bundle_t *self, const call_t *call)
{
    while (self->given < self->count && self->items[self->given].call == call) {
        const s_item_t *item = &self->items[self->given++];
        reply_t reply;
        exec_value_next (&self->reader, &reply);
        call_reply (item->call, item->then, &reply, item->mark);
    }
}

//  Does what is there to be done, until somebody waits.
static void
s_go_on (bundle_t *self)
{
    self->running = true;
    for (; self->at; self->at = self->at->next) {
        queued_t *queued = self->at;
        //  If keys are watched nothing may be done before it is known that they are unchanged
        if (!self->sent && (multi_has_keys (queued->command) || self->talk->multi.watched_count)
            && !s_send (self))
            return;
        s_give (self, queued->call);
        if (!queued->begun)
            s_begin (queued);
        if (!queued->call->done) {
            self->running = false;
            return;
        }
    }
    if (!self->sent && self->talk->multi.watched_count && !s_send (self))
        return;
    s_say (self);
}

void
bundle_done (bundle_t *self)
{
    if (self && !self->running && !self->collecting && self->at && self->at->call->done)
        s_go_on (self);
}

void
bundle_run (call_t *call)
{
    talk_t *talk = call->talk;
    bundle_t *self = talk->multi.bundle = mem_alloc_zero (1, sizeof (bundle_t));
    talk->multi.open = false;
    if (!self) {
        multi_clear (&talk->multi);
        call_fail (call, s_memory);
        return;
    }
    self->talk = talk;
    self->outer = call;
    self->at = talk->multi.first;
    for (queued_t *queued = self->at; queued; queued = queued->next) {
        queued->call = call_new_inner (talk, queued->command, queued->args, queued->count);
        if (!queued->call) {
            s_fail (self, s_memory);
            return;
        }
    }
    s_go_on (self);
}

//  rig: see rig.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "slot.h"

storage_config_t
rig_config (uint32_t actors, uint32_t partitions)
{
    return (storage_config_t) { .actors = actors,
                                .partitions = partitions,
                                .maps_max = 1024,
                                .key_max = 65536,
                                .value_max = 64 << 20,
                                .batch_max = 65536,
                                .seed = { 1, 2, 3, 4, 5, 6, 7, 8 } };
}

bool
rig_open_with (rig_t *self, const storage_config_t *config, epochs_t *epochs)
{
    assert (config->actors >= 1 && config->actors <= RIG_ACTORS);
    *self = (rig_t) { .actors = config->actors, .partitions = config->partitions };
    self->moment = (moment_t) { 1000000, UINT64_C (1700000000000) };
    for (uint32_t at = 0; at < self->actors; at++) {
        storage_config_t own = *config;
        own.index = at;
        self->storage[at] = storage_new (&own, epochs);
        if (!self->storage[at]) {
            rig_close (self);
            return false;
        }
    }
    return true;
}

void
rig_open (rig_t *self, uint32_t actors, uint32_t partitions)
{
    storage_config_t config = rig_config (actors, partitions);
    bool opened = rig_open_with (self, &config, NULL);
    assert (opened);
    (void) opened;
}

void
rig_close (rig_t *self)
{
    for (uint32_t at = 0; at < self->actors; at++)
        storage_destroy (&self->storage[at]);
    buf_clear (&self->body);
    buf_clear (&self->out);
    buf_clear (&self->attached);
}

//  PING, as a node would answer it; the others with a sign that they came here.
static void
s_node (void *arg, const request_t *request, buf_t *out)
{
    (void) arg;
    value_t value = request->op == OP_PING ? request->value : value_int ((int64_t) request->op);
    wire_reply (out, request->id, ZGRID_OK, value, 0, NULL);
}

size_t
rig_run (rig_t *self, uint32_t actor)
{
    batch_t batch = { .attachments = self->attachments,
                      .attachment_count = self->attachment_count,
                      .attached = &self->attached,
                      .attached_sizes = self->attached_sizes,
                      .attached_room = RIG_ATTACHED,
                      .moment = self->moment,
                      .body_size = self->body.size,
                      .node = s_node };
    bool opened = wire_open (buf_bytes (&self->body), &batch.reader);
    assert (opened);
    (void) opened;
    buf_reset (&self->out);
    buf_reset (&self->attached);
    while (storage_batch (self->storage[actor], &batch, &self->out, 1u << 20))
        ;
    storage_turn (self->storage[actor], self->moment.now);
    self->attached_count = batch.attached_count;
    self->lost = self->out.failed;
    mp_t reader = mp_of (buf_bytes (&self->out));
    reply_t reply;
    size_t count = 0;
    while (!self->lost && wire_next_reply (&reader, &reply) == WIRE_RECORD)
        count++;
    assert (self->lost || mp_at_end (&reader));
    return count;
}

uint32_t
rig_owner (const rig_t *self, const ask_t *ask)
{
    uint32_t partition = 0;
    if (op_info (ask->op)->routing == ROUTING_KEY && ask->has_key)
        partition = slot_partition (slot_of_key (ask->key), self->partitions);
    else if (ask->options.given & OPT_partition)
        partition = (uint32_t) (ask->options.partition % self->partitions);
    return partition % self->actors;
}

answer_t
rig_ask_at (rig_t *self, uint32_t actor, const ask_t *ask)
{
    answer_t answer = { .status = ZGRID_NOMEM };
    buf_reset (&self->body);
    wire_begin (&self->body);
    wire_request (&self->body, 77, ask->op, ask->map, ask->has_key ? &ask->key : NULL, &ask->value,
                  &ask->options);
    assert (!self->body.failed);
    size_t count = rig_run (self, actor);
    if (self->lost)
        return answer;
    assert (count == 1);
    reply_t reply;
    mp_t reader = mp_of (buf_bytes (&self->out));
    wire_step_t step = wire_next_reply (&reader, &reply);
    assert (step == WIRE_RECORD && reply.id == 77);
    (void) step;
    (void) count;
    answer = (answer_t) { .status = reply.status, .value = reply.value, .version = reply.version };
    bool decoded = meta_decode (reply.meta, &answer.meta);
    assert (decoded);
    (void) decoded;
    return answer;
}

answer_t
rig_ask (rig_t *self, const ask_t *ask)
{
    return rig_ask_at (self, rig_owner (self, ask), ask);
}

//  ------------------------------------------------------------------------------------------------
//  Requests in words

typedef enum { FLAG, UINT, INT, BYTES, VALUE, NUMBER, LIST } s_type_t;

static uint64_t *
s_number (options_t *options, uint64_t bit)
{
    switch (bit) {
        case OPT_cursor:
            return &options->cursor;
        case OPT_count:
            return &options->count;
        case OPT_partition:
            return &options->partition;
        case OPT_attach:
            return &options->attach;
        case OPT_wait:
            return &options->wait;
        case OPT_fence:
            return &options->fence;
        default:
            assert (bit == OPT_offset);
            return &options->offset;
    }
}

static bytes_t *
s_bytes (options_t *options, uint64_t bit)
{
    assert (bit & (OPT_match | OPT_regex | OPT_read | OPT_into));
    return bit == OPT_match   ? &options->match
           : bit == OPT_regex ? &options->regex
           : bit == OPT_read  ? &options->read
                              : &options->into;
}

static void
s_option (options_t *options, const char *name, size_t size, const char *value)
{
    static const struct {
        const char *name;
        uint64_t bit;
        s_type_t type;
    } s_known[] = {
#define OPTION(name, bit, type, purpose) { #name, UINT64_C (1) << bit, type },
#include "option.def"
#undef OPTION
    };
    for (size_t at = 0; at < sizeof s_known / sizeof s_known[0]; at++) {
        if (strlen (s_known[at].name) != size || memcmp (s_known[at].name, name, size) != 0)
            continue;
        options->given |= s_known[at].bit;
        uint64_t number = strtoull (value, NULL, 10);
        bytes_t bytes = bytes_of (value, strcspn (value, " "));
        switch (s_known[at].bit) {
            case OPT_ex:
            case OPT_px:
            case OPT_exat:
            case OPT_pxat:
                options->time = number;
                break;
            case OPT_ifversion:
                options->ifversion = number;
                break;
            case OPT_ifeq:
                options->ifeq = bytes_equal (bytes, bytes_str ("nil")) ? value_nil () : value_bytes (bytes);
                break;
            case OPT_initial:
                options->initial = value_bytes (bytes);
                break;
            default:
                if (s_known[at].type == UINT)
                    *s_number (options, s_known[at].bit) = number;
                else if (s_known[at].type == BYTES)
                    *s_bytes (options, s_known[at].bit) = bytes;
                else
                    assert (s_known[at].type == FLAG);
        }
        return;
    }
    assert (!"no such option");
}

ask_t
rig_words (op_t op, const char *key, const char *value, const char *options)
{
    ask_t ask = { .op = op, .map = bytes_str ("m"), .value = value_nil () };
    if (key) {
        ask.key = bytes_str (key);
        ask.has_key = true;
    }
    if (value)
        ask.value = value_bytes (bytes_str (value));
    while (options && *options) {
        size_t size = strcspn (options, "= ");
        const char *word = options + size;
        s_option (&ask.options, options, size, *word == '=' ? word + 1 : "");
        options += strcspn (options, " ");
        options += strspn (options, " ");
    }
    return ask;
}

answer_t
rig_do (rig_t *self, op_t op, const char *key, const char *value, const char *options)
{
    ask_t ask = rig_words (op, key, value, options);
    return rig_ask (self, &ask);
}

//  ------------------------------------------------------------------------------------------------
//  Time and accounts

void
rig_pass (rig_t *self, uint64_t milliseconds)
{
    uint64_t end = self->moment.now + milliseconds;
    while (self->moment.now < end) {
        uint64_t next = end;
        for (uint32_t at = 0; at < self->actors; at++) {
            uint64_t wait = storage_tick (self->storage[at], self->moment.now);
            assert (wait > 0);
            if (wait < end - self->moment.now && self->moment.now + wait < next)
                next = self->moment.now + wait;
        }
        self->moment.wall += next - self->moment.now;
        self->moment.now = next;
    }
}

void
rig_settle (rig_t *self)
{
    for (uint32_t at = 0; at < self->actors; at++)
        for (int tick = 0; tick < 300; tick++)
            storage_tick (self->storage[at], self->moment.now);
}

void
rig_verify (rig_t *self)
{
    for (uint32_t at = 0; at < self->actors; at++)
        storage_verify (self->storage[at]);
}

stats_t
rig_stats (rig_t *self)
{
    stats_t sum = { 0 };
    for (uint32_t at = 0; at < self->actors; at++)
        stats_add (&sum, storage_stats (self->storage[at]));
    return sum;
}

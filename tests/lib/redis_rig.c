//  redis_rig: see redis_rig.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/redis_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <zgrid_error.h>

#include "lib/test.h"

#define S_REPLY_MAX (64u << 20)

gateway_config_t
redis_rig_config (void)
{
    return (gateway_config_t) {
        .limits = { .bulk_max = 64u << 20, .request_max = 128u << 20, .args_max = RESP_ARGS_MAX },
        .map = "default",
        .databases = 16,
        .partitions = 16,
        .password = "",
        .talks_max = REDIS_RIG_TALKS,
        .calls_max = 4096,
        .input_max = 1u << 20,
        .memory_max = 1u << 30,
        .window_records = 8192,
        .window_bytes = 4u << 20,
        .deadline = 5000,
        .subscriptions_max = 100,
        .names_max = 10000,
        .run_id = "0123456789012345678901234567890123456789",
        .endpoint_host = "",
        .port = 6380
    };
}

//  What the node itself answers: STATS, in part.
static void
s_node (void *arg, const request_t *request, buf_t *out)
{
    (void) arg;
    buf_t tree = BUF_INIT;
    wire_add_map (&tree, 2);
    wire_add_text (&tree, "used_bytes");
    wire_add_uint (&tree, 4096);
    wire_add_text (&tree, "pid");
    wire_add_uint (&tree, 77);
    if (request->op == OP_STATS)
        wire_reply (out, request->id, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) },
                    0, NULL);
    else
        wire_reply_error (out, request->id, ZGRID_BADOP, "not here");
    buf_clear (&tree);
}

//  Asks the storage as an actor would.
static void
s_execute (redis_rig_t *self, bytes_t body, const bytes_t *attached, buf_t *out)
{
    batch_t batch = { .moment = self->moment,
                      .body_size = body.size,
                      .node = s_node,
                      .attachments = attached,
                      .attachment_count = attached != NULL };
    ck_assert (wire_open (body, &batch.reader));
    buf_reset (out);
    wire_begin (out);
    if (self->refuse) {
        self->refuse--;
        storage_refuse (self->storage, &batch, out, ZGRID_BUSY, "not now");
        return;
    }
    while (storage_batch (self->storage, &batch, out, S_REPLY_MAX))
        ;
    self->records += batch.records;
    storage_turn (self->storage, self->moment.now);
}

static void
s_read (void *arg, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy, gateway_found_t *found)
{
    redis_rig_t *self = arg;
    options_t options = { .given = OPT_withttl };
    buf_t body = BUF_INIT, out = BUF_INIT;
    for (size_t at = 0; at < count; at++) {
        mp_t reader;
        reply_t reply;
        meta_t meta;
        value_t nil = value_nil ();
        found[at].status = -1;
        if (!self->local)
            continue;
        self->reads++;
        buf_reset (&body);
        wire_begin (&body);
        wire_request (&body, 1, OP_GET, map, &keys[at], &nil, &options);
        unsigned refuse = self->refuse;
        self->refuse = 0;
        s_execute (self, buf_bytes (&body), NULL, &out);
        self->refuse = refuse;
        ck_assert (wire_open (buf_bytes (&out), &reader) && wire_next_reply (&reader, &reply) == WIRE_RECORD);
        ck_assert (meta_decode (reply.meta, &meta));
        if (reply.value.kind == VALUE_INT)
            continue; // Only the grid tells numbers
        found[at] = (gateway_found_t) { .status = (int) reply.status,
                                        .offset = copy->size,
                                        .size = reply.value.bytes.size,
                                        .version = reply.version,
                                        .ttl = meta.ttl };
        buf_add (copy, reply.value.bytes.data, reply.value.bytes.size);
    }
    buf_clear (&body);
    buf_clear (&out);
}

static void
s_random (void *arg, uint8_t *bytes, size_t size)
{
    (void) arg;
    memset (bytes, 0x5a, size);
}

static const char *
s_setting (void *arg, const char *name)
{
    (void) arg;
    (void) name;
    return "";
}

void
redis_rig_open (redis_rig_t *self, const gateway_config_t *config)
{
    gateway_config_t usual = redis_rig_config ();
    storage_config_t storage = { .actors = 1,
                                 .partitions = 16,
                                 .maps_max = 100,
                                 .key_max = 65536,
                                 .value_max = 64u << 20,
                                 .batch_max = 65536 };
    gateway_port_t port = { .arg = self, .read = s_read, .random = s_random, .setting = s_setting };
    *self = (redis_rig_t) { .moment = { 1000000, UINT64_C (1700000000000) } };
    self->storage = storage_new (&storage, NULL);
    self->gateway = gateway_new (config ? config : &usual, &port);
    ck_assert (self->storage && self->gateway);
    gateway_clock (self->gateway, self->moment);
    for (unsigned at = 0; at < REDIS_RIG_TALKS; at++) {
        self->talks[at] = talk_new (self->gateway, "127.0.0.1:50000", "127.0.0.1:6380", self);
        ck_assert_ptr_nonnull (self->talks[at]);
    }
}

void
redis_rig_close (redis_rig_t *self)
{
    for (unsigned at = 0; at < REDIS_RIG_TALKS; at++) {
        talk_destroy (&self->talks[at]);
        buf_clear (&self->said[at]);
    }
    gateway_destroy (&self->gateway);
    storage_destroy (&self->storage);
}

static void
s_take_output (redis_rig_t *self)
{
    for (talk_t *talk = gateway_ready (self->gateway); talk; talk = gateway_ready (self->gateway))
        for (unsigned at = 0; at < REDIS_RIG_TALKS; at++) {
            if (self->talks[at] != talk)
                continue;
            bytes_t output = talk_output (talk);
            buf_add (&self->said[at], output.data, output.size);
            talk_wrote (talk, output.size);
            if (talk_end (talk) != TALK_OPEN)
                talk_destroy (&self->talks[at]);
        }
}

void
redis_rig_turn (redis_rig_t *self)
{
    buf_t out = BUF_INIT;
    gateway_body_t body;
    for (bool more = true; more;) {
        more = false;
        gateway_settle (self->gateway);
        while (gateway_body (self->gateway, &body)) {
            more = true;
            s_execute (self, body.body, body.owner ? &body.value : NULL, &out);
            gateway_receive (self->gateway, buf_bytes (&out));
        }
        gateway_settle (self->gateway);
        s_take_output (self);
    }
    buf_clear (&out);
}

void
redis_rig_warm (redis_rig_t *self, unsigned talk)
{
    for (unsigned count = 0; count < 30; count++)
        redis_rig_send (self, talk, bytes_str ("GET nothing\r\n"));
    buf_reset (&self->said[talk]);
}

void
redis_rig_pass (redis_rig_t *self, uint64_t milliseconds)
{
    self->moment.now += milliseconds;
    self->moment.wall += milliseconds;
    gateway_clock (self->gateway, self->moment);
    gateway_turn (self->gateway);
    redis_rig_turn (self);
}

void
redis_rig_send (redis_rig_t *self, unsigned talk, bytes_t bytes)
{
    while (bytes.size && self->talks[talk]) {
        size_t room;
        uint8_t *at = talk_room (self->talks[talk], &room);
        room = room < bytes.size ? room : bytes.size;
        ck_assert_uint_gt (room, 0);
        memcpy (at, bytes.data, room);
        talk_read (self->talks[talk], room);
        bytes = bytes_of (bytes.data + room, bytes.size - room);
    }
    redis_rig_turn (self);
}

void
redis_rig_says (redis_rig_t *self, const char *request, const char *reply)
{
    redis_rig_send (self, 0, bytes_str (request));
    buf_add (&self->said[0], "", 1);
    ck_assert_str_eq ((const char *) self->said[0].data, reply);
    buf_reset (&self->said[0]);
}

void
redis_rig_words (redis_rig_t *self, const char *words, const char *reply)
{
    buf_t request = BUF_INIT, told = BUF_INIT;
    char head[32];
    unsigned count = 1;
    for (const char *at = words; *at; at++)
        count += *at == ' ';
    buf_add (&request, head, (size_t) snprintf (head, sizeof head, "*%u\r\n", count));
    for (const char *at = words; count--;) {
        size_t size = strcspn (at, " ");
        buf_add (&request, head, (size_t) snprintf (head, sizeof head, "$%zu\r\n", size));
        buf_add (&request, at, size);
        buf_add (&request, "\r\n", 2);
        at += size + 1;
    }
    buf_add (&request, "", 1);
    buf_add (&told, reply, strlen (reply));
    buf_add (&told, "\r\n", 3);
    redis_rig_says (self, (const char *) request.data, (const char *) told.data);
    buf_clear (&request);
    buf_clear (&told);
}

void
redis_rig_play (redis_rig_t *self, const redis_line_t *lines, size_t count)
{
    for (size_t at = 0; at < count; at++)
        redis_rig_words (self, lines[at].words, lines[at].reply);
}

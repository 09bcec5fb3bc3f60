//  copies: see copies.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/copies.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "replica/session_id.h"

static void
s_send (void *arg, node_id_t to, uint32_t actor, bytes_t body)
{
    copies_end_t *end = arg;
    copies_t *self = end->copies;
    assert (actor == 0 && to >= 1 && to <= (node_id_t) self->count);
    if (self->cut[end->index][to - 1])
        return;
    assert (self->message_count < COPIES_MESSAGES);
    copies_message_t *message = &self->messages[self->message_count++];
    *message = (copies_message_t) { end->index, (int) to - 1, malloc (body.size), body.size };
    memcpy (message->bytes, body.data, body.size);
}

//  The channel for batches: as fast as the test lets it be.
static void
s_stream (void *arg, node_id_t to, uint32_t actor, buf_t *body)
{
    copies_end_t *end = arg;
    end->copies->streamed++;
    if (body->size > end->copies->streamed_max)
        end->copies->streamed_max = body->size;
    if (end->copies->room != SIZE_MAX)
        end->copies->room -= body->size < end->copies->room ? body->size : end->copies->room;
    s_send (arg, to, actor, buf_bytes (body));
    buf_clear (body);
}

static size_t
s_stream_room (void *arg)
{
    const copies_end_t *end = arg;
    return end->copies->room;
}

static void
s_moved (void *arg, const move_info_t *move)
{
    const copies_end_t *end = arg;
    end->copies->states[move->state]++;
    end->copies->move = *move;
}

static void
s_ask (void *arg, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node)
{
    copies_end_t *end = arg;
    assert (partition == 0 && epoch <= copies_part (end->copies)->epoch);
    end->copies->asked[what]++;
    end->copies->asked_node = node;
}

static void
s_take_replies (copies_t *self, bytes_t body)
{
    mp_t reader;
    bool open = wire_open (body, &reader);
    assert (open);
    reply_t reply;
    while (wire_next_reply (&reader, &reply) == WIRE_RECORD) {
        assert (self->reply_count < COPIES_REPLIES);
        copies_reply_t *to = &self->replies[self->reply_count++];
        *to = (copies_reply_t) { .id = reply.id, .status = reply.status, .version = reply.version };
        if (reply.value.kind == VALUE_INT)
            to->number = reply.value.integer;
        if (reply.value.kind == VALUE_BYTES && reply.value.bytes.size < sizeof to->text)
            memcpy (to->text, reply.value.bytes.data, reply.value.bytes.size);
        meta_t meta;
        bool decoded = meta_decode (reply.meta, &meta);
        assert (decoded);
        to->dropped = (meta.given & META_dropped) != 0;
        to->age = meta.given & META_age ? meta.age : UINT64_MAX;
        to->seq = meta.given & META_seq ? meta.seq : UINT64_MAX;
        size_t owner = meta.given & META_owner ? meta.owner.size : 0;
        assert (owner < sizeof to->owner);
        snprintf (to->owner, sizeof to->owner, "%.*s", (int) owner,
                  owner ? (const char *) meta.owner.data : "");
    }
}

static void
s_release (void *arg, unsigned tag, const bytes_t *before, size_t before_count, const bytes_t *frames,
           size_t count, uint64_t records)
{
    copies_end_t *end = arg;
    assert (tag == 7 && before_count == 1 && bytes_equal (before[0], bytes_str ("route")) && count == 1);
    assert (records > 0);
    s_take_replies (end->copies, frames[0]);
}

part_t *
copies_part (copies_t *self)
{
    return &self->view->parts[0];
}

void
copies_open (copies_t *self, int count, int reps, const storage_config_t *config)
{
    const storage_config_t *configs[COPIES_MAX] = { config, config, config, config };
    copies_open_each (self, count, reps, configs);
}

void
copies_open_each (copies_t *self, int count, int reps, const storage_config_t *const *configs)
{
    *self = (copies_t) { .count = count, .now = 1000000, .room = SIZE_MAX };
    self->view = view_new (1);
    self->view->cluster = 77;
    self->view->version = 1;
    self->view->copies = (uint8_t) reps;
    self->view->era = 1;
    self->view->cfg = 1;
    self->view->voters_max = self->view->voters_count = 1;
    self->view->voters[0] = 1;
    for (int index = 0; index < count; index++) {
        member_t member = { .id = (node_id_t) index + 1, .weight = 100, .actors = 1, .generation = 1 };
        snprintf (member.name, sizeof member.name, "m%d", index);
        snprintf (member.host, sizeof member.host, "127.0.0.1");
        member.client_ports[0] = (uint16_t) (1000 + index);
        member.peer_ports[0] = (uint16_t) (2000 + index);
        view_add_member (self->view, &member);
        self->storage[index] = storage_new (configs[index], NULL);
        self->ends[index] = (copies_end_t) { self, index };
        storage_port_t port = { .arg = &self->ends[index],
                                .send = s_send,
                                .stream = s_stream,
                                .stream_room = s_stream_room,
                                .moved = s_moved,
                                .ask = s_ask,
                                .release = s_release };
        storage_join (self->storage[index], member.id, &self->lease[index], &port);
        lease_set (&self->lease[index], self->now + 1000000, 1);
    }
    part_t *part = copies_part (self);
    part->epoch = 1;
    part->primary = 1;
    part->reps_count = (uint8_t) reps;
    for (int index = 0; index < reps; index++)
        part->reps[index] = (node_id_t) index + 1;
    copies_publish (self, -1);
}

void
copies_close (copies_t *self)
{
    copies_lose (self);
    for (int index = 0; index < self->count; index++)
        storage_destroy (&self->storage[index]);
    view_destroy (&self->view);
}

void
copies_publish (copies_t *self, int index)
{
    self->view->version++;
    for (int at = 0; at < self->count; at++)
        if (index < 0 || at == index) {
            bool set = storage_set_view (self->storage[at], self->view, self->now);
            assert (set);
            storage_flush (self->storage[at], self->now);
        }
}

static void
s_session (const copies_t *self, uint8_t *id, const copies_ask_t *ask)
{
    session_issuer_t issuer = { .node = 9, .issued = (uint32_t) ask->session };
    bool issued = session_issue (&issuer, self->view->cluster + ask->foreign, 1, id);
    assert (issued);
}

void
copies_ask (copies_t *self, int index, const copies_ask_t *ask)
{
    buf_t body = BUF_INIT, out = BUF_INIT, attached = BUF_INIT;
    wire_begin (&body);
    options_t options = { .given = 0 };
    uint8_t session[SESSION_SIZE];
    if (ask->session) {
        s_session (self, session, ask);
        options.given |= OPT_session | OPT_ack;
        options.session = value_bytes (bytes_of (session, sizeof session));
        options.ack = ask->ack;
    }
    if (ask->ifeq || ask->absent) {
        options.given |= OPT_ifeq;
        options.ifeq = ask->ifeq ? value_bytes (bytes_str (ask->ifeq)) : value_nil ();
    }
    if (ask->px) {
        options.given |= OPT_px;
        options.time = ask->px;
    }
    if (ask->read) {
        options.given |= OPT_read;
        options.read = bytes_str (ask->read);
    }
    if (ask->op == OP_LOCK) {
        options.given |= OPT_wait;
        options.wait = ask->wait;
    }
    if (ask->fence) {
        options.given |= OPT_fence;
        options.fence = ask->fence;
    }
    if (!ask->key) {
        options.given |= OPT_partition;
        options.partition = 0;
    }
    bytes_t key = bytes_str (ask->key ? ask->key : "");
    value_t value = ask->value       ? value_bytes (bytes_str (ask->value))
                    : ask->token     ? value_int ((int64_t) ask->token)
                    : ask->tree.size ? (value_t) { .kind = VALUE_TREE, .bytes = ask->tree }
                                     : value_nil ();
    wire_request (&body, ask->id, ask->op, bytes_str (ask->map ? ask->map : "map"), ask->key ? &key : NULL,
                  &value, &options);
    bytes_t route = bytes_str ("route");
    batch_t batch = { .attached = &attached,
                      .moment = { self->now, 1700000000000 },
                      .body_size = body.size,
                      .tag = 7,
                      .before = &route,
                      .before_count = 1 };
    bool open = wire_open (buf_bytes (&body), &batch.reader);
    assert (open);
    wire_begin (&out);
    bool rest = storage_batch (self->storage[index], &batch, &out, 1u << 30);
    assert (!rest);
    self->now += self->settle_delay;
    if (storage_settle (self->storage[index], &batch, &out, self->now) == STORAGE_SEND)
        s_take_replies (self, buf_bytes (&out));
    else {
        bool held = storage_hold (self->storage[index], &batch, 7, &route, 1, &out, self->now);
        assert (held);
    }
    storage_flush (self->storage[index], self->now);
    buf_clear (&body);
    buf_clear (&out);
    buf_clear (&attached);
}

const copies_reply_t *
copies_reply (const copies_t *self, uint64_t id)
{
    for (size_t at = self->reply_count; at-- > 0;)
        if (self->replies[at].id == id)
            return &self->replies[at];
    return NULL;
}

void
copies_pump (copies_t *self)
{
    for (size_t at = 0; at < self->message_count; at++) {
        copies_message_t message = self->messages[at];
        storage_peer (self->storage[message.to], bytes_of (message.bytes, message.size), self->now);
        storage_flush (self->storage[message.to], self->now);
        free (message.bytes);
        if (at + 1 == COPIES_MESSAGES / 2) { // Answers have answers: room for more
            self->message_count -= at + 1;
            memmove (self->messages, self->messages + at + 1, self->message_count * sizeof message);
            at = (size_t) -1;
        }
    }
    self->message_count = 0;
}

void
copies_run (copies_t *self, uint64_t ms)
{
    for (uint64_t end = self->now + ms; self->now < end; self->now += 5) {
        copies_pump (self);
        for (int index = 0; index < self->count; index++) {
            storage_replicate (self->storage[index], self->now);
            storage_flush (self->storage[index], self->now);
        }
    }
    copies_pump (self);
}

void
copies_lose (copies_t *self)
{
    for (size_t at = 0; at < self->message_count; at++)
        free (self->messages[at].bytes);
    self->message_count = 0;
}

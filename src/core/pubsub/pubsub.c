//  pubsub: see pubsub.h.
//  SPDX-License-Identifier: MPL-2.0
#include "pubsub_impl.h"

#include <stdio.h>

#include "../mem.h"
#include "../status.h"

#define S_SWEEP_MS 1000

pubsub_t *
pubsub_new (const pubsub_config_t *config, const pubsub_port_t *port)
{
    pubsub_t *self = mem_alloc_zero (1, sizeof (pubsub_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->port = *port;
    self->topics = topics_new (config->seed, config->idle_max);
    if (!self->topics) {
        pubsub_destroy (&self);
        return NULL;
    }
    //  Who this is, for as long as it lives
    char text[24];
    snprintf (text, sizeof text, "m%016llx", (unsigned long long) config->node);
    port->follow (port->arg, bytes_of (text, strlen (text) + 1), true);
    return self;
}

void
pubsub_destroy (pubsub_t **self_p)
{
    pubsub_t *self = *self_p;
    if (!self)
        return;
    topics_destroy (&self->topics);
    pubsub_sync_clear (self);
    mem_free (self->members);
    buf_clear (&self->body);
    mem_free (self);
    *self_p = NULL;
}

topics_t *
pubsub_topics (pubsub_t *self)
{
    return self->topics;
}

const pubsub_stats_t *
pubsub_stats (const pubsub_t *self)
{
    return &self->stats;
}

void
pubsub_set_view (pubsub_t *self, const view_t *view)
{
    node_id_t *members = mem_alloc (((size_t) view->members_count + 1) * sizeof (node_id_t));
    if (!members)
        return; // Those of the view before it
    uint32_t count = 0;
    for (uint32_t at = 0; at < view->members_count; at++) {
        const member_t *member = &view->members[at];
        if (member->id != self->config.node && member->mesh_port && member->status != MEMBER_SUSPECT)
            members[count++] = member->id;
    }
    mem_free (self->members);
    self->members = members;
    self->members_count = count;
    pubsub_sync_view (self);
}

//  ------------------------------------------------------------------------------------------------
//  Publishing

static void
s_send (pubsub_t *self, const topic_t *topic, bytes_t body, bool members)
{
    uint8_t frame[TOPIC_SIZE_MAX];
    size_t size = topic_write ((topic_kind_t) topic->kind, topic_name (topic), frame);
    bool here = topic->here > 0;
    members = members && topic->members;
    if (here || members)
        self->port.send (self->port.arg, bytes_of (frame, size), body, here, members);
}

static void
s_flush (pubsub_t *self, topic_t *topic)
{
    if (topic->batch.failed)
        self->stats.dropped++; // The numbers tell how many
    else if (topic->batch.size)
        s_send (self, topic, buf_bytes (&topic->batch), true);
    if (topic->batch.room > 2 * PUBSUB_BATCH)
        buf_clear (&topic->batch);
    buf_reset (&topic->batch);
}

static void
s_gather (pubsub_t *self, topic_t *topic, bytes_t channel, bytes_t message)
{
    message_t record = { self->config.node, channel, ++topic->number, message };
    if (topic->batch.size && topic->batch.size + message.size + MESSAGE_ROOM_MAX > PUBSUB_BATCH)
        s_flush (self, topic);
    message_add (&topic->batch, &record);
    if (topic->waiting)
        return;
    topic->waiting = true;
    topic->next_waiting = NULL;
    if (self->waiting)
        self->last_waiting->next_waiting = topic;
    else
        self->waiting = topic;
    self->last_waiting = topic;
}

//  To this node's subscribers only: nobody else counts it.
static void
s_send_own (pubsub_t *self, topic_t *topic, bytes_t channel, bytes_t message)
{
    message_t record = { 0, channel, ++topic->own, message };
    buf_reset (&self->body);
    message_add (&self->body, &record);
    if (self->body.failed)
        self->stats.dropped++;
    else
        s_send (self, topic, buf_bytes (&self->body), false);
}

static uint64_t
s_give (pubsub_t *self, topic_t *topic, bytes_t channel, bytes_t message, bool own)
{
    uint64_t count = topic->here + (own ? 0 : topic->there);
    //  Counted even where nobody wants it any more: whoever lost the connection sees what was lost
    if (own)
        s_send_own (self, topic, channel, message);
    else if (topic_wanted (topic))
        s_gather (self, topic, channel, message);
    else
        topic->number++;
    self->stats.sent += topic_wanted (topic);
    return count;
}

uint64_t
pubsub_publish (pubsub_t *self, bytes_t channel, bytes_t message, bool own)
{
    topic_t *const *patterns;
    bool failed;
    uint64_t count = 0;
    self->stats.published++;
    topics_count (self->topics);
    topic_t *topic = topics_find (self->topics, TOPIC_CHANNEL, channel);
    if (topic)
        count += s_give (self, topic, channel, message, own);
    size_t matches = topics_match (self->topics, channel, &patterns, &failed);
    self->stats.dropped += failed;
    for (size_t at = 0; at < matches; at++)
        count += s_give (self, patterns[at], channel, message, own);
    return count;
}

//  What is wrong with a PUBLISH; 0: nothing. own: it comes from this node.
static unsigned
s_fault (const pubsub_t *self, const request_t *request, bool own, const char **why)
{
    *why = request->fault;
    if (request->faulty)
        return request->faulty;
    *why = "the key is the channel: 1 to 255 bytes, none of them zero";
    if (!request->has_key || !topic_name_valid (request->key))
        return ZGRID_MALFORMED;
    *why = "longer than pubsub.message_max";
    if (request->value.kind == VALUE_ATTACHED)
        return ZGRID_TOOBIG;
    if (request->value.kind == VALUE_BYTES && request->value.bytes.size > self->config.message_max)
        return ZGRID_TOOBIG;
    *why = "the value is the message: bytes";
    if (request->value.kind != VALUE_BYTES)
        return ZGRID_MALFORMED;
    *why = "what channels " PUBSUB_OWN "… say is the node's own";
    size_t size = strlen (PUBSUB_OWN);
    if (!own && request->key.size >= size && memcmp (request->key.data, PUBSUB_OWN, size) == 0)
        return ZGRID_DENIED;
    return ZGRID_OK;
}

void
pubsub_answer (pubsub_t *self, const request_t *request, buf_t *out)
{
    const char *why;
    unsigned status = request->op == OP_PUBLISH || request->faulty ? s_fault (self, request, false, &why)
                                                                   : ZGRID_OK;
    if (status != ZGRID_OK) {
        self->stats.refused++;
        wire_reply_error (out, request->id, status, why);
    } else if (request->op == OP_PUBLISH) {
        uint64_t count = pubsub_publish (self, request->key, request->value.bytes, false);
        wire_reply (out, request->id, ZGRID_OK, value_int ((int64_t) count), 0, NULL);
    } else
        pubsub_ask (self, request, out);
}

void
pubsub_feed (pubsub_t *self, bytes_t body)
{
    mp_t reader;
    request_t request;
    if (!wire_open (body, &reader)) {
        self->stats.refused++;
        return;
    }
    wire_step_t step;
    while ((step = wire_next_request (&reader, &request)) == WIRE_RECORD) {
        const char *why;
        options_t options;
        if (request.op != OP_PUBLISH || s_fault (self, &request, true, &why) != ZGRID_OK
            || !options_decode (request.options, &options, &why))
            self->stats.refused++;
        else
            pubsub_publish (self, request.key, request.value.bytes, options.given & OPT_fwd);
    }
    self->stats.refused += step == WIRE_BROKEN;
}

//  ------------------------------------------------------------------------------------------------
//  From other members

//  True if all of it is as it should be. *node: who has sent it.
static bool
s_check (const pubsub_t *self, topic_kind_t kind, bytes_t name, bytes_t body, uint64_t *node, uint64_t *count)
{
    mp_t reader;
    message_t message;
    bool broken;
    *node = 0;
    *count = 0;
    if (!message_open (body, &reader))
        return false;
    while (message_next (&reader, &message, &broken)) {
        if (message.publisher == 0 || message.publisher == self->config.node
            || (*node && *node != message.publisher))
            return false;
        if (kind != TOPIC_SYNC && !topic_name_valid (message.channel))
            return false;
        if (kind == TOPIC_CHANNEL && !bytes_equal (message.channel, name))
            return false;
        *node = message.publisher;
        ++*count;
    }
    return !broken && *count;
}

void
pubsub_relay (pubsub_t *self, bytes_t topic, bytes_t body)
{
    bytes_t name;
    uint64_t node, count;
    topic_kind_t kind = topic_read (topic, &name);
    if (kind == TOPIC_NONE || !s_check (self, kind, name, body, &node, &count)) {
        self->stats.junk++;
        return;
    }
    if (kind == TOPIC_SYNC) {
        pubsub_synced (self, topic, node);
        return;
    }
    self->stats.received += count;
    const topic_t *known = topics_find (self->topics, kind, name);
    if (known && known->here)
        self->port.send (self->port.arg, topic, body, true, false);
}

void
pubsub_sync_member (pubsub_t *self, bytes_t token)
{
    message_t record = { self->config.node, bytes_of (NULL, 0), 0, bytes_of (NULL, 0) };
    buf_reset (&self->body);
    message_add (&self->body, &record);
    if (!self->body.failed)
        self->port.send (self->port.arg, token, buf_bytes (&self->body), false, true);
}

//  ------------------------------------------------------------------------------------------------
//  Counts that others are told

static void
s_changed (void *arg, topic_t *topic)
{
    pubsub_t *self = arg;
    bool follow = topic->here > 0;
    if (topic->kind == TOPIC_SYNC)
        return;
    if (follow != topic->followed) {
        uint8_t frame[TOPIC_SIZE_MAX];
        size_t size = topic_write ((topic_kind_t) topic->kind, topic_name (topic), frame);
        topic->followed = follow;
        self->port.follow (self->port.arg, bytes_of (frame, size), follow);
    }
    if (topic->changed || (topic->here > 1 ? topic->here : 1) == (topic->told ? topic->told : 1))
        return;
    topic->changed = true;
    topic->next_changed = self->changed;
    self->changed = topic;
}

audience_port_t
pubsub_audience (pubsub_t *self)
{
    return (audience_port_t) { self, s_changed };
}

static void
s_tell (const pubsub_t *self, const topic_t *topic, uint32_t count, bool on)
{
    uint8_t frame[1 + TOPIC_SIZE_MAX + 12];
    frame[0] = 'n';
    size_t size = 1 + topic_write ((topic_kind_t) topic->kind, topic_name (topic), frame + 1);
    char digits[12];
    snprintf (digits, sizeof digits, "%u", count);
    memcpy (frame + size, digits, strlen (digits));
    self->port.follow (self->port.arg, bytes_of (frame, size + strlen (digits)), on);
}

//  One counts for itself. The new count is told before the old one is taken back.
static void
s_tell_changes (pubsub_t *self)
{
    while (self->changed) {
        topic_t *topic = self->changed;
        uint32_t count = topic->here > 1 ? topic->here : 0;
        self->changed = topic->next_changed;
        topic->changed = false;
        if (count == topic->told)
            continue;
        if (count)
            s_tell (self, topic, count, true);
        if (topic->told)
            s_tell (self, topic, topic->told, false);
        topic->told = count;
    }
}

static uint64_t
s_sooner (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

uint64_t
pubsub_turn (pubsub_t *self, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    while (self->waiting) {
        topic_t *topic = self->waiting;
        self->waiting = topic->next_waiting;
        topic->waiting = false;
        s_flush (self, topic);
    }
    if (self->changed && (now >= self->tell_at || self->syncs.waiting)) {
        s_tell_changes (self);
        self->tell_at = now + PUBSUB_TELL_MS;
    } else if (self->changed)
        next = self->tell_at - now;
    pubsub_sync_turn (self);
    if (now >= self->sweep_at) {
        topics_sweep (self->topics, now);
        self->sweep_at = now + S_SWEEP_MS;
    }
    return s_sooner (next, self->sweep_at - now);
}

//  pubsub_ask: who has subscribed to what, in the whole cluster.
//  SPDX-License-Identifier: MPL-2.0
#include "../glob.h"
#include "../status.h"
#include "pubsub_impl.h"

static void
s_reply_list (uint64_t id, unsigned status, uint32_t count, buf_t *encoded, buf_t *out)
{
    buf_t tree = BUF_INIT;
    wire_add_array (&tree, count);
    buf_add (&tree, encoded->data, encoded->size);
    if (tree.failed || encoded->failed)
        wire_reply_error (out, id, ZGRID_NOMEM, "out of memory");
    else
        wire_reply (out, id, status, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) }, 0, NULL);
    buf_clear (&tree);
}

static void
s_channels (pubsub_t *self, const request_t *request, buf_t *out)
{
    bytes_t glob = bytes_str ("*");
    if (request->value.kind == VALUE_BYTES)
        glob = request->value.bytes;
    if ((request->value.kind != VALUE_BYTES && request->value.kind != VALUE_NIL)
        || glob.size > GLOB_PATTERN_MAX) {
        wire_reply_error (out, request->id, ZGRID_MALFORMED,
                          "the value is a glob of at most 512 bytes, or nil");
        return;
    }
    size_t place = 0;
    uint64_t steps = 0;
    uint32_t count = 0;
    unsigned status = ZGRID_OK;
    const topic_t *topic = NULL;
    buf_reset (&self->body);
    while ((topic = topics_next (self->topics, &place, topic))) {
        if (topic->kind != TOPIC_CHANNEL || !topic_wanted (topic)
            || !glob_match (glob, topic_name (topic), &steps))
            continue;
        wire_add_bytes (&self->body, topic_name (topic));
        count++;
        if (self->body.size > PUBSUB_LIST_MAX || steps > PUBSUB_STEPS_MAX) {
            status = ZGRID_PARTIAL;
            break;
        }
    }
    s_reply_list (request->id, status, count, &self->body, out);
}

static void
s_numsub (pubsub_t *self, const request_t *request, buf_t *out)
{
    mp_t reader = mp_of (request->value.bytes);
    uint32_t count = 0;
    bool good = request->value.kind == VALUE_TREE && mp_array (&reader, &count);
    if (good && count > PUBSUB_ASK_MAX) {
        wire_reply_error (out, request->id, ZGRID_TOOBIG, "more than 65,536 channels");
        return;
    }
    buf_reset (&self->body);
    for (uint32_t at = 0; good && at < count; at++) {
        bytes_t name;
        good = mp_bytes (&reader, &name) && topic_name_valid (name);
        if (!good)
            break;
        const topic_t *topic = topics_find (self->topics, TOPIC_CHANNEL, name);
        wire_add_bytes (&self->body, name);
        wire_add_uint (&self->body, topic ? topic->here + topic->there : 0);
    }
    if (!good)
        wire_reply_error (out, request->id, ZGRID_MALFORMED, "the value is an array of channels");
    else
        s_reply_list (request->id, ZGRID_OK, count * 2, &self->body, out);
}

void
pubsub_ask (pubsub_t *self, const request_t *request, buf_t *out)
{
    switch (request->op) {
        case OP_CHANNELS:
            s_channels (self, request, out);
            break;
        case OP_NUMSUB:
            s_numsub (self, request, out);
            break;
        case OP_NUMPAT:
            wire_reply (out, request->id, ZGRID_OK,
                        value_int ((int64_t) topics_stats (self->topics)->patterns), 0, NULL);
            break;
        default:
            wire_reply_error (out, request->id, ZGRID_BADOP, "not about publishing");
    }
}

//  beacon_inner: what the actors of this node ask the beacon, and what they get.
//  SPDX-License-Identifier: MPL-2.0
#include "beacon_impl.h"
#include "status.h"

#define S_WORDS_MAX 32 // More than the cluster takes: it says so

bool
beacon_send_inner (beacon_t *self, const beacon_inner_t *inner, const inner_t *message)
{
    if (inner->route_size == 0)
        return false;
    bytes_t route = bytes_of (inner->route, inner->route_size);
    return inner_send (self->inner_handle, &route, message);
}

static void
s_answer (beacon_t *self, uint64_t asked, buf_t *reply)
{
    if (!reply->failed) {
        inner_t message = { .kind = INNER_ANSWER, .number = asked, .record = buf_bytes (reply) };
        beacon_send_inner (self, &self->inners[self->actors], &message);
    }
    buf_clear (reply);
}

static void
s_answer_cluster (beacon_t *self, uint64_t asked, const request_t *request)
{
    buf_t tree = BUF_INIT, reply = BUF_INIT;
    uint64_t id = request->id;
    beacon_question_t question = { .cluster = self->cluster,
                                   .view = cluster_view (self->cluster),
                                   .links = links_stats (self->links),
                                   .moves = self->moves.list,
                                   .moves_count = self->moves.count,
                                   .now = self->now };
    if (request->value.kind == VALUE_BYTES) {
        question.brief = bytes_equal (request->value.bytes, bytes_str ("moves"));
        question.plan = bytes_equal (request->value.bytes, bytes_str ("plan"));
    }
    self->words.cluster (self->words.arg, &question, &tree);
    if (!tree.failed)
        wire_reply (&reply, id, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) }, 0,
                    NULL);
    else
        reply.failed = true;
    buf_clear (&tree);
    s_answer (self, asked, &reply);
}

static void
s_refuse (beacon_t *self, uint64_t asked, uint64_t id, unsigned status, const char *text)
{
    buf_t reply = BUF_INIT;
    wire_reply_error (&reply, id, status, text);
    s_answer (self, asked, &reply);
}

//  The words of an ADMIN record. Returns how many, 0: it is not an array of some words.
static size_t
s_words (const value_t *value, bytes_t *words)
{
    mp_t reader = mp_of (value->bytes);
    uint32_t count = 0;
    if (value->kind != VALUE_TREE || !mp_array (&reader, &count) || count > S_WORDS_MAX)
        return 0;
    for (uint32_t at = 0; at < count; at++)
        if (!mp_bytes (&reader, &words[at]))
            return 0;
    return count;
}

static void
s_begin_admin (beacon_t *self, uint64_t asked, const request_t *request)
{
    bytes_t words[S_WORDS_MAX];
    size_t count = s_words (&request->value, words);
    beacon_admin_t *place = NULL;
    for (size_t at = 0; at < BEACON_ADMIN_MAX && !place; at++)
        if (self->admins[at].number == 0)
            place = &self->admins[at];
    if (count == 0) {
        s_refuse (self, asked, request->id, ZGRID_MALFORMED, "the value is an array of some words");
        return;
    }
    uint64_t number = place ? cluster_admin (self->cluster, words, count, self->now) : 0;
    if (number == 0) {
        s_refuse (self, asked, request->id, ZGRID_BUSY, "too many requests of this kind are under way");
        return;
    }
    *place = (beacon_admin_t) { number, asked, request->id };
    self->admins_open++;
}

void
beacon_end_admins (beacon_t *self)
{
    for (size_t at = 0; self->admins_open && at < BEACON_ADMIN_MAX; at++) {
        beacon_admin_t *admin = &self->admins[at];
        unsigned status = ZGRID_OK;
        const char *text = NULL;
        if (!admin->number || !cluster_answer (self->cluster, admin->number, &status, &text, self->now))
            continue;
        buf_t reply = BUF_INIT;
        if (status == ZGRID_OK)
            wire_reply (&reply, admin->id, status, value_bytes (bytes_str (text ? text : "")), 0, NULL);
        else
            wire_reply_error (&reply, admin->id, status, text);
        s_answer (self, admin->asked, &reply);
        admin->number = 0;
        self->admins_open--;
    }
}

static void
s_record (beacon_t *self, const inner_t *message)
{
    mp_t reader = mp_of (message->record);
    request_t request;
    if (wire_next_request (&reader, &request) != WIRE_RECORD)
        return;
    if (!request.faulty && request.op == OP_CLUSTER)
        s_answer_cluster (self, message->number, &request);
    else if (!request.faulty && request.op == OP_ADMIN)
        s_begin_admin (self, message->number, &request);
    else
        s_refuse (self, message->number, request.id, ZGRID_BADOP, "not for the beacon");
}

static void
s_here (beacon_t *self, bytes_t route, uint32_t index)
{
    uint32_t at = index == INNER_ROUTER       ? self->actors
                  : index == INNER_REBALANCER ? self->rebalancer
                  : index == INNER_PUBSUB     ? self->pubsub
                  : index == INNER_GATEWAY    ? self->gateway
                  : index < self->actors      ? index
                                              : UINT32_MAX;
    if (at >= self->inners_count || route.size > BEACON_ROUTE_MAX)
        return;
    beacon_inner_t *inner = &self->inners[at];
    memcpy (inner->route, route.data, route.size);
    inner->route_size = route.size;
    inner->version = 0;
}

bool
beacon_receive_inner (beacon_t *self)
{
    inner_t message;
    frames_close (&self->frames);
    if (!inner_receive (self->inner_handle, &self->frames, true, &message))
        return false;
    switch (message.kind) {
        case INNER_HERE:
            s_here (self, self->frames.frames[0], message.index);
            break;
        case INNER_ASK:
            cluster_ask (self->cluster, message.what, message.partition, message.epoch, message.node,
                         self->now);
            break;
        case INNER_RECORD:
            s_record (self, &message);
            break;
        case INNER_MOVED:
            beacon_moved (self, &message);
            break;
        case INNER_VIEW:
        case INNER_HAND_OVER:
        case INNER_ANSWER:
        case INNER_EVENTS:
        case INNER_LIMIT:
        default: // Not for the beacon
            break;
    }
    return true;
}

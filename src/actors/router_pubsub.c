//  router_pubsub: PUBLISH, CHANNELS, NUMSUB and NUMPAT on their way to the pubsub actor and back. What
//  one client message has for it goes as one message; each record under the number by which forward.h
//  knows it.
//  SPDX-License-Identifier: MPL-2.0
#include "router_impl.h"

#define S_DEADLINE_MS 5000
#define S_HWM 1000 // Messages that wait for the actor at most; then BUSY
#define S_MARK "r" // All answers are for the router

bool
router_is_pubsub (const request_t *request)
{
    return !request->faulty && request->op >= OP_PUBLISH && request->op <= OP_NUMPAT;
}

static void
s_give_busy (router_t *self, uint64_t number)
{
    buf_t reply = BUF_INIT;
    router_refuse (self, &reply, number, ZGRID_BUSY, "the queue of what is published is full");
    forward_give (self->forward, number, buf_bytes (&reply), self->now);
    buf_clear (&reply);
}

static void
s_refuse (router_t *self, group_t *group, uint64_t id, unsigned status, const char *text)
{
    router_refuse (self, forward_replies (group), id, status, text);
    forward_said (group, 1);
}

void
router_pubsub_add (router_t *self, group_t *group, const arrival_t *arrival, const request_t *request,
                   const options_t *options)
{
    value_t value = request->value;
    if (!self->pubsub) {
        s_refuse (self, group, request->id, ZGRID_UNAVAILABLE, "this member takes no subscribers");
        return;
    }
    if (value.kind == VALUE_ATTACHED) {
        if ((uint64_t) value.integer >= arrival->attachment_count) {
            self->counters.malformed++;
            s_refuse (self, group, request->id, ZGRID_MALFORMED, "there is no such attachment");
            return;
        }
        value = value_bytes (arrival->attachments[value.integer]);
    }
    uint64_t within = (options->given & OPT_deadline) && options->deadline < S_DEADLINE_MS ? options->deadline
                                                                                           : S_DEADLINE_MS;
    bool writes = op_info (request->op)->writes;
    uint64_t number = forward_outside (self->forward, group, request->id, within, writes, self->now);
    if (number == 0)
        return;
    buf_t *body = &self->pubsub_body;
    size_t before = body->size;
    if (before == 0)
        wire_begin (body);
    wire_request (body, number, (op_t) request->op, request->map, request->has_key ? &request->key : NULL,
                  &value, NULL);
    if (body->failed) {
        body->size = before;
        body->failed = false;
        s_give_busy (self, number);
    }
}

void
router_pubsub_send (router_t *self)
{
    buf_t *body = &self->pubsub_body;
    mp_t reader;
    request_t request;
    bytes_t frame = buf_bytes (body);
    if (body->size <= WIRE_SIGNATURE_SIZE)
        ;
    else if (frames_send (self->pubsub_handle, bytes_str (S_MARK), bytes_of (NULL, 0), &frame, 1, NULL) == 0)
        self->counters.forwarded++;
    else if (wire_open (frame, &reader))
        while (wire_next_request (&reader, &request) == WIRE_RECORD)
            s_give_busy (self, request.id);
    buf_reset (body);
}

bool
router_receive_pubsub (router_t *self)
{
    frames_t *in = &self->answer;
    mp_t reader;
    reply_t reply;
    frames_close (in);
    if (!self->pubsub || !frames_receive (in, self->pubsub_handle))
        return false;
    if (in->count != 2 || !wire_open (in->frames[1], &reader))
        return true;
    const uint8_t *start = reader.at;
    while (wire_next_reply (&reader, &reply) == WIRE_RECORD) {
        forward_give (self->forward, reply.id, bytes_of (start, (size_t) (reader.at - start)), self->now);
        start = reader.at;
    }
    return true;
}

bool
router_pubsub_join (router_t *self, const char *inproc)
{
    if (!inproc)
        return true;
    self->pubsub = zsock_new (ZMQ_DEALER);
    if (!self->pubsub)
        return false;
    zsock_set_linger (self->pubsub, 0);
    zsock_set_sndhwm (self->pubsub, S_HWM);
    zsock_set_rcvhwm (self->pubsub, 0); // No more than there are records under way
    self->pubsub_handle = zsock_resolve (self->pubsub);
    return zmq_connect (self->pubsub_handle, inproc) == 0;
}

void
router_pubsub_leave (router_t *self)
{
    zsock_destroy (&self->pubsub);
    buf_clear (&self->pubsub_body);
}

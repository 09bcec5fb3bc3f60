//  topic: a subscriber: what it has subscribed to, and what it receives.
//  SPDX-License-Identifier: MPL-2.0
#include <sys/epoll.h>
#include <sys/random.h>

#include "mem.h"
#include "topic_impl.h"
#include "topic_inner.h"

static int
s_fail (zgrid_topic_t *self, int status, const char *why)
{
    snprintf (self->error, sizeof self->error, "%s", why ? why : status_text (status));
    return status;
}

//  ------------------------------------------------------------------------------------------------
//  Beginning and end

static zgrid_topic_t *
s_new (uint32_t timeout_ms, uint32_t queue)
{
    zgrid_topic_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->timeout_ms = timeout_ms ? timeout_ms : CLIENT_TIMEOUT_MS;
    self->queue = (int) (!queue ? TOPIC_QUEUE : queue < TOPIC_QUEUE_MAX ? queue : TOPIC_QUEUE_MAX);
    self->epoll = -1;
    self->kept_tail = &self->kept;
    zmq_msg_init (&self->topic);
    zmq_msg_init (&self->body);
    if (getrandom (&self->secret, sizeof self->secret, 0) != (ssize_t) sizeof self->secret)
        zgrid_topic_destroy (&self);
    return self;
}

int
zgrid_topic_new (zgrid_topic_t **self_p, const zgrid_topic_options_t *options)
{
    zgrid_topic_options_t given = ZGRID_TOPIC_OPTIONS_INIT;
    *self_p = NULL;
    if (!options || options->size < sizeof options->size)
        return ZGRID_MALFORMED;
    memcpy (&given, options, options->size < sizeof given ? options->size : sizeof given);
    zgrid_topic_t *self = s_new (given.timeout_ms, given.queue);
    if (!self)
        return ZGRID_NOMEM;
    uint64_t until = wait_clock () + self->timeout_ms;
    zgrid_client_options_t control = ZGRID_CLIENT_OPTIONS_INIT;
    control.endpoints = given.endpoints;
    control.timeout_ms = self->timeout_ms;
    int status = zgrid_client_new (&self->control, &control);
    while (status == ZGRID_OK && !self->joined) {
        topic_chores (self);
        uint64_t now = wait_clock ();
        if (!self->joined && now >= until)
            status = *self->error ? ZGRID_UNAVAILABLE : ZGRID_TIMEOUT;
        else if (!self->joined)
            topic_wait (self, until);
    }
    *self->error = 0;
    if (status == ZGRID_OK)
        *self_p = self;
    else
        zgrid_topic_destroy (&self);
    return status;
}

int
topic_new_inner (zgrid_topic_t **self_p, const char *endpoint)
{
    *self_p = NULL;
    client_prepare_host ();
    zgrid_topic_t *self = s_new (0, 0);
    if (self && topic_connect (self, endpoint))
        *self_p = self;
    else
        zgrid_topic_destroy (&self);
    return self ? ZGRID_OK : ZGRID_NOMEM;
}

//  The first message that is kept becomes the one at hand, or is only thrown away.
static void
s_unkeep (zgrid_topic_t *self, bool take)
{
    topic_kept_t *first = self->kept;
    self->kept = first->next;
    if (!self->kept)
        self->kept_tail = &self->kept;
    self->kept_count--;
    if (take) {
        self->of_link = first->link;
        zmq_msg_move (&self->topic, &first->topic);
        zmq_msg_move (&self->body, &first->body);
    }
    zmq_msg_close (&first->topic);
    zmq_msg_close (&first->body);
    mem_free (first);
}

void
zgrid_topic_destroy (zgrid_topic_t **self_p)
{
    zgrid_topic_t *self = *self_p;
    if (!self)
        return;
    zgrid_future_destroy (&self->hello);
    topic_disconnect (self);
    zgrid_client_destroy (&self->control);
    while (self->kept)
        s_unkeep (self, false);
    topic_clear (self);
    zmq_msg_close (&self->topic);
    zmq_msg_close (&self->body);
    if (self->epoll != -1)
        close (self->epoll);
    mem_free (self);
    *self_p = NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Receiving

//  One message of two frames into topic and body, as it came. False: there is none.
static bool
s_take (zgrid_topic_t *self)
{
    if (!self->sub || zmq_msg_recv (&self->topic, self->sub, ZMQ_DONTWAIT) == -1)
        return false;
    self->joined = true; // The monitor may tell of it later
    bool two = zmq_msg_more (&self->topic);
    bool more = two && zmq_msg_recv (&self->body, self->sub, ZMQ_DONTWAIT) != -1
                && zmq_msg_more (&self->body);
    if (!two)
        zmq_msg_init_size (&self->body, 0);
    zmq_msg_t rest;
    zmq_msg_init (&rest);
    while (more && zmq_msg_recv (&rest, self->sub, ZMQ_DONTWAIT) != -1)
        more = zmq_msg_more (&rest);
    zmq_msg_close (&rest);
    return true;
}

//  The answer that topic_ask waits for.
static bool
s_is_answer (zgrid_topic_t *self)
{
    bytes_t name;
    bytes_t frame = bytes_of (zmq_msg_data (&self->topic), zmq_msg_size (&self->topic));
    if (topic_read (frame, &name) != TOPIC_SYNC)
        return false;
    if (*self->token && bytes_equal (name, bytes_str (self->token))) {
        self->answered = true;
        zmq_setsockopt (self->sub, ZMQ_UNSUBSCRIBE, frame.data, frame.size);
        *self->token = 0;
    }
    return true;
}

//  Keeps what came while the answer was waited for. Without room it is lost, which its numbers show.
static void
s_keep (zgrid_topic_t *self)
{
    topic_kept_t *kept = self->kept_count < (size_t) self->queue ? mem_alloc_zero (1, sizeof *kept) : NULL;
    if (!kept)
        return;
    kept->link = self->link;
    zmq_msg_init (&kept->topic);
    zmq_msg_init (&kept->body);
    zmq_msg_move (&kept->topic, &self->topic);
    zmq_msg_move (&kept->body, &self->body);
    *self->kept_tail = kept;
    self->kept_tail = &kept->next;
    self->kept_count++;
}

//  Opens topic and body. False: they are not what this handle has subscribed to.
static bool
s_open (zgrid_topic_t *self)
{
    bytes_t frame = bytes_of (zmq_msg_data (&self->topic), zmq_msg_size (&self->topic));
    bytes_t body = bytes_of (zmq_msg_data (&self->body), zmq_msg_size (&self->body));
    self->of = message_open (body, &self->reader) ? topic_find (self, frame) : NULL;
    return self->of;
}

//  The next message of those that came together.
static bool
s_next (zgrid_topic_t *self, zgrid_message_t *message)
{
    message_t found;
    bool broken;
    if (!self->of || !message_next (&self->reader, &found, &broken)) {
        self->of = NULL;
        return false;
    }
    bytes_t name;
    bytes_t frame = bytes_of (self->of->frame, self->of->size);
    *message = (zgrid_message_t) { .channel = { found.channel.data, found.channel.size },
                                   .message = { found.message.data, found.message.size } };
    if (topic_read (frame, &name) == TOPIC_PATTERN)
        message->pattern = (zgrid_bytes_t) { name.data, name.size };
    message->lost = topic_lost (self->of, self->of_link, found.publisher, found.number, &message->gap);
    return true;
}

//  The next message that is there. False: none is.
static bool
s_receive (zgrid_topic_t *self, zgrid_message_t *message)
{
    for (;;) {
        if (s_next (self, message))
            return true;
        if (++self->since_chores >= TOPIC_CHORES) {
            self->since_chores = 0;
            topic_chores (self);
        }
        if (self->kept) {
            s_unkeep (self, true);
            s_open (self);
            continue;
        }
        self->of_link = self->link;
        if (!s_take (self))
            return false;
        if (!s_is_answer (self))
            s_open (self);
    }
}

int
zgrid_topic_receive (zgrid_topic_t *self, zgrid_message_t *message, int timeout_ms)
{
    uint64_t until = timeout_ms < 0 ? TIME_NEVER : timeout_ms ? wait_clock () + (uint64_t) timeout_ms : 0;
    for (;;) {
        if (s_receive (self, message))
            return ZGRID_OK;
        topic_chores (self);
        //  Chores may have used the socket, whose descriptor tells of a change only
        if (s_receive (self, message))
            return ZGRID_OK;
        self->poked = false;
        if (wait_clock () >= until) {
            *message = (zgrid_message_t) { .lost = 0 };
            return ZGRID_TIMEOUT;
        }
        topic_wait (self, until);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Subscribing

void
topic_gather (zgrid_topic_t *self, bool answer)
{
    //  What is left of the message at hand stays where it is
    zmq_msg_t topic, body;
    zmq_msg_init (&topic);
    zmq_msg_init (&body);
    zmq_msg_move (&topic, &self->topic);
    zmq_msg_move (&body, &self->body);
    while (!(answer && self->answered) && s_take (self))
        if (!s_is_answer (self))
            s_keep (self);
    zmq_msg_move (&self->topic, &topic);
    zmq_msg_move (&self->body, &body);
    zmq_msg_close (&topic);
    zmq_msg_close (&body);
}

//  Waits until all members know what was subscribed to; keeps messages that come meanwhile.
static int
s_confirm (zgrid_topic_t *self)
{
    uint64_t until = wait_clock () + self->timeout_ms, again = wait_clock () + TOPIC_REPEAT_MS;
    self->poked = true;
    topic_ask (self);
    for (;;) {
        topic_gather (self, true);
        if (self->answered)
            return ZGRID_OK;
        if (wait_clock () >= until)
            return s_fail (self, ZGRID_TIMEOUT, "no server has confirmed the subscription");
        topic_chores (self);
        if (wait_clock () >= again) {
            topic_ask (self);
            again = wait_clock () + TOPIC_REPEAT_MS;
        }
        topic_wait (self, again < until ? again : until);
    }
}

static int
s_frame (zgrid_topic_t *self, topic_kind_t kind, zgrid_bytes_t name, uint8_t room[TOPIC_SIZE_MAX],
         bytes_t *frame)
{
    if ((name.size && !name.data) || !topic_name_valid (request_bytes (name)))
        return s_fail (self, ZGRID_MALFORMED, "names have 1 to 255 bytes, none of them zero");
    *frame = bytes_of (room, topic_write (kind, request_bytes (name), room));
    return ZGRID_OK;
}

static int
s_subscribe (zgrid_topic_t *self, topic_kind_t kind, zgrid_bytes_t name)
{
    uint8_t room[TOPIC_SIZE_MAX];
    bytes_t frame;
    int status = s_frame (self, kind, name, room, &frame);
    if (status != ZGRID_OK)
        return status;
    if (!topic_find (self, frame)) {
        if (self->count == TOPIC_SUBSCRIPTIONS_MAX)
            return s_fail (self, ZGRID_BUSY, "too many subscriptions");
        if (!topic_add (self, frame))
            return s_fail (self, ZGRID_NOMEM, NULL);
        if (self->sub)
            zmq_setsockopt (self->sub, ZMQ_SUBSCRIBE, frame.data, frame.size);
    }
    return s_confirm (self);
}

static int
s_unsubscribe (zgrid_topic_t *self, topic_kind_t kind, zgrid_bytes_t name)
{
    uint8_t room[TOPIC_SIZE_MAX];
    bytes_t frame;
    int status = s_frame (self, kind, name, room, &frame);
    if (status != ZGRID_OK)
        return status;
    subscription_t *found = topic_find (self, frame);
    if (!found)
        return s_fail (self, ZGRID_NOTFOUND, "there is no such subscription");
    self->poked = true;
    if (self->sub)
        zmq_setsockopt (self->sub, ZMQ_UNSUBSCRIBE, frame.data, frame.size);
    topic_remove (self, &found);
    return ZGRID_OK;
}

int
zgrid_topic_subscribe (zgrid_topic_t *self, zgrid_bytes_t channel)
{
    return s_subscribe (self, TOPIC_CHANNEL, channel);
}

int
zgrid_topic_subscribe_pattern (zgrid_topic_t *self, zgrid_bytes_t pattern)
{
    return s_subscribe (self, TOPIC_PATTERN, pattern);
}

int
zgrid_topic_unsubscribe (zgrid_topic_t *self, zgrid_bytes_t channel)
{
    return s_unsubscribe (self, TOPIC_CHANNEL, channel);
}

int
zgrid_topic_unsubscribe_pattern (zgrid_topic_t *self, zgrid_bytes_t pattern)
{
    return s_unsubscribe (self, TOPIC_PATTERN, pattern);
}

//  ------------------------------------------------------------------------------------------------

const char *
zgrid_topic_error (const zgrid_topic_t *self)
{
    return self->error;
}

const char *
zgrid_topic_server (const zgrid_topic_t *self)
{
    return self->joined ? self->server : "";
}

int
zgrid_topic_fd (zgrid_topic_t *self)
{
    if (self->epoll != -1)
        return self->epoll;
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    topic_observe (self);
    return self->epoll;
}

int
zgrid_topic_timeout (const zgrid_topic_t *self)
{
    return self->kept || self->of || self->poked ? 0 : (int) topic_next (self);
}

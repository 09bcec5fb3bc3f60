//  listen: see listen.h.
//  SPDX-License-Identifier: MPL-2.0
#include "listen.h"

#include "../mem.h"
#include "call.h"

#define S_KEPT (256u << 10) // Bytes of a buffer that is worth keeping
#define S_PROTOCOLS 2       // 2 and 3

struct listen {
    hearers_t *hearers;
    gateway_port_t port;
    buf_t said[S_PROTOCOLS]; // The message, as it is told; empty: not made yet
};

static void
s_follow (void *arg, bytes_t asked, bool on)
{
    const listen_t *self = arg;
    self->port.follow (self->port.arg, asked, on);
}

static void
s_say (say_t say, const heard_message_t *message)
{
    static const char *const words[HEAR_KINDS] = { "message", "pmessage", "smessage" };
    bool pattern = message->kind == HEAR_PATTERN;
    say_push (say, pattern ? 4 : 3);
    say_text (say, words[message->kind]);
    if (pattern)
        say_bulk (say, message->pattern);
    say_bulk (say, message->channel);
    say_bulk (say, message->message);
}

//  Made once for all who hear it.
static void
s_message (void *arg, void *owner, const heard_message_t *message)
{
    listen_t *self = arg;
    talk_t *talk = owner;
    unsigned protocol = talk_protocol (talk) == 3 ? 3 : 2;
    if (!message->again)
        for (unsigned at = 0; at < S_PROTOCOLS; at++) {
            if (self->said[at].room > S_KEPT)
                buf_clear (&self->said[at]);
            buf_reset (&self->said[at]);
        }
    buf_t *said = &self->said[protocol - 2];
    if (said->size == 0)
        s_say ((say_t) { said, protocol }, message);
    if (said->failed)
        buf_reset (said); // Lost, as it is where a queue is full
    else
        talk_push (talk, buf_bytes (said));
}

//  What SUBSCRIBE and its like answer has been kept until now.
static void
s_settled (void *arg, void *owner, void *waiter)
{
    (void) arg;
    (void) owner;
    call_t *call = waiter;
    const buf_t *said = call_scratch (call);
    buf_add (call_say (call).out, said->data, said->size);
    call_done (call);
}

listen_t *
listen_new (const gateway_config_t *config, const gateway_port_t *port)
{
    listen_t *self = mem_alloc_zero (1, sizeof (listen_t));
    if (!self)
        return NULL;
    self->port = *port;
    hearers_config_t wanted = { .subscriptions_max = config->subscriptions_max,
                                .names_max = config->names_max,
                                .map = config->map,
                                .databases = config->databases };
    hearers_port_t heard = { self, port->follow ? s_follow : NULL, s_message, s_settled };
    memcpy (wanted.seed, config->seed, sizeof wanted.seed);
    self->hearers = hearers_new (&wanted, &heard);
    if (!self->hearers)
        listen_destroy (&self);
    return self;
}

void
listen_destroy (listen_t **self_p)
{
    listen_t *self = *self_p;
    if (!self)
        return;
    hearers_destroy (&self->hearers);
    for (unsigned at = 0; at < S_PROTOCOLS; at++)
        buf_clear (&self->said[at]);
    mem_free (self);
    *self_p = NULL;
}

hearers_t *
listen_hearers (listen_t *self)
{
    return self->hearers;
}

bool
listen_message (listen_t *self, bytes_t topic, bytes_t body)
{
    return hearers_hear (self->hearers, topic, body);
}

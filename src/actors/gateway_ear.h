//  gateway_ear: the gateway's connection to the pubsub actor: what hearers.h asks for goes there, and what is
//  published comes back.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GATEWAY_EAR_H_INCLUDED
#define GATEWAY_EAR_H_INCLUDED

#include <czmq.h>

#include "bytes.h"

typedef struct gateway_ear gateway_ear_t;

//  inproc: pubsub_actor_args_t.gateway_inproc. NULL without memory or sockets. The caller owns it.
gateway_ear_t *
    gateway_ear_new (const char *inproc);
//  Accepts NULL.
void
    gateway_ear_destroy (gateway_ear_t **self_p);

//  To be read while its ZMQ_EVENTS say so, and looked at again after gateway_ear_follow.
zsock_t *
    gateway_ear_socket (gateway_ear_t *self);

//  For gateway_port_t.follow.
void
    gateway_ear_follow (gateway_ear_t *self, bytes_t asked, bool on);

//  The next message, for gateway_message; it is good until the next call. False: there is none.
bool
    gateway_ear_receive (gateway_ear_t *self, bytes_t *topic, bytes_t *body);

#endif

//  listen: messages that were published, on their way to the connections that have subscribed; and what
//  SUBSCRIBE and its like do when all members know of it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LISTEN_H_INCLUDED
#define LISTEN_H_INCLUDED

#include "gateway.h"
#include "hearers.h"

typedef struct listen listen_t;

//  NULL without memory. The caller, a gateway, owns it.
listen_t *
    listen_new (const gateway_config_t *config, const gateway_port_t *port);
//  Accepts NULL.
void
    listen_destroy (listen_t **self_p);

hearers_t *
    listen_hearers (listen_t *self);

//  See gateway_message. False: it is no message.
bool
    listen_message (listen_t *self, bytes_t topic, bytes_t body);

#endif

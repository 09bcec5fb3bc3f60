//  ear: an XPUB with those that have connected to it. libzmq's XPUB tells which subscriptions come, but once
//  for all connections when the last of them goes that wanted something; so each connection is known by the
//  descriptor that it came through, and the socket's monitor says when that was closed.
//
//  Not ZMQ_XPUB_MANUAL: after one message of a peer that is no subscription, libzmq 4.3.4 takes the
//  subscriptions of one connection for those of another.
//  SPDX-License-Identifier: MPL-2.0
#ifndef EAR_H_INCLUDED
#define EAR_H_INCLUDED

#include <czmq.h>

#include "pubsub/audience.h"

typedef struct {
    const char *endpoint;  // inproc://…: nobody is told apart there (audience_config_t.keyless)
    int sndhwm;            // Messages that wait for one connection
    int io_affinity;       // 0: any I/O thread, which is wrong unless there is only one
    audience_t *audience;  // Taken over
} ear_config_t;

typedef struct ear ear_t;

//  NULL: cannot; why says so, unless it was memory. The caller owns it.
ear_t *
    ear_new (const ear_config_t *config, buf_t *why);
//  What has been sent goes on leaving for a moment. Accepts NULL.
void
    ear_destroy (ear_t **self_p);

//  Where it is bound, with the real port.
const char *
    ear_endpoint (const ear_t *self);

const audience_t *
    ear_audience (const ear_t *self);

//  Members have gone.
void
    ear_keep (ear_t *self, const view_t *view, uint64_t now);

//  The XPUB, and its monitor, NULL without.
zsock_t *
    ear_socket (ear_t *self);
zsock_t *
    ear_monitor (ear_t *self);

//  What was heard: HEARD_SYNC with a token, which lives until the next call; HEARD_EXCESS: the connection has
//  been closed. False: there was nothing.
bool
    ear_receive (ear_t *self, uint64_t now, heard_t *heard, bytes_t *token);

//  Takes one message of the monitor. False: there was none.
bool
    ear_watch (ear_t *self, uint64_t now);

//  Sends a message to whoever wants the topic; takes the body over.
void
    ear_send (ear_t *self, bytes_t topic, zmq_msg_t *body);

#endif

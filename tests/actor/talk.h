//  talk: how a test talks to one actor: as its beacon, and as a client. Everything here fails the test
//  that goes wrong.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TALK_H_INCLUDED
#define TALK_H_INCLUDED

#include <czmq.h>

#include "actors/inner.h"
#include "wire.h"

#define TALK_PATIENCE 20000 // Milliseconds; nothing takes so long

//  The caller owns it.
zsock_t *
    talk_socket (int type, const char *endpoint, bool binds);

//  What an actor says next to its beacon. Its route is the first of the frames, which the caller closes.
inner_t
    talk_heard (zsock_t *beacon, frames_t *frames);

//  As the beacon, to that actor.
void
    talk_tell (zsock_t *beacon, bytes_t route, inner_t message);

//  The same: a view, which is destroyed. HELLO and ROUTES say its version as "epoch".
void
    talk_publish (zsock_t *beacon, bytes_t route, view_t *view);

//  A value of a map in a reply.
mp_t
    talk_look_up (const reply_t *reply, const char *name);
uint64_t
    talk_number (const reply_t *reply, const char *name);

#endif

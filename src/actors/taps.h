//  taps: the TCP connections of Redis clients: plain sockets under one epoll descriptor, because a connection
//  that is not read must be one that the peer cannot go on writing to (doc/adr/0016). Bytes go to talks, and
//  come from them; what they mean is the gateway's business.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TAPS_H_INCLUDED
#define TAPS_H_INCLUDED

#include "gateway/talk.h"

typedef struct taps taps_t;

//  Binds and listens; endpoint: "tcp://HOST:PORT", HOST * for all addresses, PORT 0 or * for one that the
//  system chooses. clients_max: of them at once; descriptors of the process may allow fewer. NULL: it cannot,
//  and why says so. The caller owns it.
taps_t *
    taps_new (const char *endpoint, int backlog, uint32_t clients_max, buf_t *why);
//  Closes all connections. Accepts NULL.
void
    taps_destroy (taps_t **self_p);

//  "tcp://HOST:PORT" with the real port.
const char *
    taps_endpoint (const taps_t *self);
uint16_t
    taps_port (const taps_t *self);
//  How many clients there can be.
uint32_t
    taps_most (const taps_t *self);

//  Can be read when there is something to do.
int
    taps_descriptor (const taps_t *self);

//  From now on connections are taken, for that gateway, which lives as long.
void
    taps_open (taps_t *self, gateway_t *gateway);
//  No further ones are, and nothing more is read.
void
    taps_close (taps_t *self);

//  Reads what there is; a bounded part of it: true if more may be there. now: milliseconds of the boot clock.
bool
    taps_read (taps_t *self, uint64_t now);

//  Writes what talks have to say, and closes those that are to end. False: there was nothing.
bool
    taps_write (taps_t *self);

//  Reads those again that had to wait, if they need not any more. Returns the milliseconds after which it
//  wants to be called again even if nothing happens; UINT64_MAX: not before.
uint64_t
    taps_resume (taps_t *self, uint64_t now);

//  True if no output waits.
bool
    taps_idle (const taps_t *self);

uint32_t
    taps_count (const taps_t *self);

#endif

//  bind: binding an endpoint, and why it could not be bound.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BIND_H_INCLUDED
#define BIND_H_INCLUDED

#include "buf.h"

//  As zmq_bind, but a TCP address in use is tried again for a moment: one that this process has just given
//  up is free only when libzmq's I/O thread has closed it. Returns 0, or -1 and errno.
int
    bind_endpoint (void *handle, const char *endpoint);

//  Adds the reason in words. Right after the call that failed.
void
    cannot_bind (const char *endpoint, buf_t *why);

#endif

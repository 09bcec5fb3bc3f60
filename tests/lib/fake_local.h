//  fake_local: an embedded node's local reads, for tests of clients. It holds what it is given, and
//  leaves to the storage actor what it is told to leave.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FAKE_LOCAL_H_INCLUDED
#define FAKE_LOCAL_H_INCLUDED

#include "client/local.h"

local_t *
    fake_local_new (void);

//  Keys are "key-N" for N below count, with the value "value-N"; those whose N is a multiple of
//  ask (0: none) have to be asked for. Version N + 1, TTL 1000 + N.
void
    fake_local_fill (local_t *self, unsigned count, unsigned ask);

//  Calls of local_read so far, the most keys of one, and whether it has been closed.
extern unsigned fake_local_reads, fake_local_most, fake_local_closed;

#endif

//  net: the cluster of one test program about forward (fake_owners), and what nearly every test there
//  says of it. Everything here fails the test that goes wrong.
//  SPDX-License-Identifier: MPL-2.0
#ifndef NET_H_INCLUDED
#define NET_H_INCLUDED

#include "lib/fake_owners.h"
#include "lib/test.h"

extern owners_t *net;

void
    net_begin (const forward_config_t *config);

//  For a fixture: with nothing set.
void
    net_set_up (void);
void
    net_tear_down (void);

//  A record of the client "ann".
void
    net_ask (uint64_t id, op_t op, uint32_t partition, int64_t value);

//  This is the answer that the client has got.
void
    net_answered (const char *client, uint64_t id, unsigned status, int64_t value);

//  "ann" has got none yet.
void
    net_open_still (uint64_t id);

//  Nothing is in flight, and nothing is held.
void
    net_all_gone (void);

#endif

//  one_client: a fake server with two public endpoints, and one client of it, for the tests of what clients
//  do when servers go.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ONE_CLIENT_H_INCLUDED
#define ONE_CLIENT_H_INCLUDED

#include <zgrid_client.h>

#include "lib/fake_server.h"

#define ONE_STORAGES 2
#define ONE_SECOND (ONE_STORAGES + 1) // The other public endpoint

extern fake_server_t *one_server;
extern zgrid_client_t *one_client;

//  Fixtures: the server gives sessions and names both routers; the client knows the first.
void
    one_setup (void);
void
    one_teardown (void);

//  Another client in place of the present one.
void
    one_connect (const char *endpoints, bool indirect);

//  Of the server.
void
    one_set (fake_t what, uint64_t value);
uint64_t
    one_count (fake_t what);

//  INCR of a key in map "map": its status. What a key holds.
int
    one_incr (const char *key);
int64_t
    one_value (const char *key);

#endif

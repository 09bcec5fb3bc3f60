//  fake_port: a TCP port of this process for as long as it wants, whether somebody listens there or not.
//  Else another test, under make -j, would get the port of an endpoint that was closed, and clients on
//  their way back to it would talk to that test's server.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FAKE_PORT_H_INCLUDED
#define FAKE_PORT_H_INCLUDED

#include <czmq.h>

//  Writes tcp://127.0.0.1:PORT. Returns what fake_port_free takes.
int
    fake_port_keep (char *endpoint, size_t size);
void
    fake_port_free (int port);

//  Binds a socket to such an endpoint, which must not be bound otherwise.
void
    fake_port_bind (zsock_t *sock, const char *endpoint);

#endif

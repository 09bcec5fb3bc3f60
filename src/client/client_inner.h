//  client_inner: how an embedded node makes a client. For src/node only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLIENT_INNER_H_INCLUDED
#define CLIENT_INNER_H_INCLUDED

#include <zgrid_client.h>

#include "local.h"

//  As zgrid_client_new, for a node in this process: keys are read through local->reader where that
//  is possible, everything else goes to the inproc endpoints; no HELLO is needed. Takes over
//  local->reader on success only.
int
    client_new_inner (zgrid_client_t **self_p, const zgrid_client_options_t *options,
                      const client_local_t *local);

//  Lets CZMQ keep its hands off the host's signals and stdout. Before any other use of CZMQ; any
//  number of times.
void
    client_prepare_host (void);

#endif

//  bind: see bind.h.
//  SPDX-License-Identifier: MPL-2.0
#include "bind.h"

#include <string.h>
#include <zmq.h>

#define S_TRIES 100 // A millisecond each

int
bind_endpoint (void *handle, const char *endpoint)
{
    int result = zmq_bind (handle, endpoint);
    for (int left = strncmp (endpoint, "tcp:", 4) == 0 ? S_TRIES : 0;
         result != 0 && zmq_errno () == EADDRINUSE && left; left--) {
        zmq_poll (NULL, 0, 1);
        result = zmq_bind (handle, endpoint);
    }
    return result;
}

void
cannot_bind (const char *endpoint, buf_t *why)
{
    const char *text = zmq_strerror (zmq_errno ());
    buf_add (why, "cannot bind ", 12);
    buf_add (why, endpoint, strlen (endpoint));
    buf_add (why, ": ", 2);
    buf_add (why, text, strlen (text));
}

//  cannot_bind: see cannot_bind.h.
//  SPDX-License-Identifier: MPL-2.0
#include "cannot_bind.h"

#include <string.h>
#include <zmq.h>

void
cannot_bind (const char *endpoint, buf_t *why)
{
    const char *text = zmq_strerror (zmq_errno ());
    buf_add (why, "cannot bind ", 12);
    buf_add (why, endpoint, strlen (endpoint));
    buf_add (why, ": ", 2);
    buf_add (why, text, strlen (text));
}

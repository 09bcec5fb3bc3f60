//  fake_port: see fake_port.h.
//  SPDX-License-Identifier: MPL-2.0
#include "fake_port.h"

#include <sched.h>

//  A socket that is bound but does not listen. With SO_REUSEADDR on both, another one may be bound to
//  the port and listen there; but the system gives it to nobody who asks for any port.
int
fake_port_keep (char *endpoint, size_t size)
{
    int on = 1, handle = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int failed = handle == -1 || setsockopt (handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)
                 || bind (handle, (struct sockaddr *) &address, length)
                 || getsockname (handle, (struct sockaddr *) &address, &length);
    assert (!failed);
    snprintf (endpoint, size, "tcp://127.0.0.1:%d", ntohs (address.sin_port));
    return handle;
}

void
fake_port_free (int port)
{
    close (port);
}

void
fake_port_bind (zsock_t *sock, const char *endpoint)
{
    int bound = -1;
    //  A listener that was just closed may be there for a moment still: an I/O thread closes it
    int64_t until = zclock_mono () + 5000;
    while (bound == -1 && zclock_mono () < until) {
        bound = zsock_bind (sock, "%s", endpoint);
        if (bound == -1)
            sched_yield ();
    }
    assert (bound > 0);
}

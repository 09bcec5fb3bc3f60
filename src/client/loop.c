//  loop: a client inside a foreign event loop. ZeroMQ's descriptors tell of a change, not of a state:
//  one that is silent may hide a message once anything has been done with its socket. So
//  zgrid_client_process takes everything, and zgrid_client_timeout is 0 after anything was done
//  outside of it.
//  SPDX-License-Identifier: MPL-2.0
#include <sys/epoll.h>

#include "client_impl.h"

void
loop_watch (zgrid_client_t *self, connection_t *connection)
{
    if (self->epoll == -1 || connection->watched)
        return;
    //  A closed socket's descriptor leaves the set by itself
    struct epoll_event event = { .events = EPOLLIN };
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt (connection->handle, ZMQ_FD, &fd, &size) == 0)
        connection->watched = epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

int
zgrid_client_fd (zgrid_client_t *self)
{
    if (self->epoll == -1) {
        self->epoll = epoll_create1 (EPOLL_CLOEXEC);
        for (size_t at = 0; at < self->connection_count; at++)
            loop_watch (self, self->connections[at]);
        self->poked = true;
    }
    return self->epoll;
}

size_t
zgrid_client_process (zgrid_client_t *self)
{
    if (self->inside)
        return 0;
    self->finished = 0;
    if (self->cached)
        cached_begin (self);
    wait_none (self);
    future_call (self);
    return self->finished;
}

int
zgrid_client_timeout (const zgrid_client_t *self)
{
    bool flying = false;
    for (size_t at = 0; at < self->connection_count; at++) {
        flying = flying || self->connections[at]->flying;
        if (connection_ready (self->connections[at], self))
            return 0;
    }
    if (self->ready || (flying && self->poked))
        return 0;
    uint64_t next = wait_next (self);
    if (next == TIME_NEVER)
        return -1;
    uint64_t now = wait_clock ();
    uint64_t left = next > now ? next - now : 0;
    return left < INT_MAX ? (int) left : INT_MAX;
}

void
zgrid_client_flush (zgrid_client_t *self)
{
    wait_flush (self, true);
}

//  probe: see probe.h.
//  SPDX-License-Identifier: MPL-2.0
#include "probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define S_WAIT_MS 500 // For an answer
#define S_LOOK_MS 5

void
probes_begin (probes_t *self, node_id_t node, const char *host, uint16_t port, uint64_t now)
{
    if (self->count == PROBES_MAX || port == 0)
        return;
    for (uint32_t at = 0; at < self->count; at++)
        if (self->list[at].node == node)
            return;
    char name[VIEW_HOST_MAX + 1], service[8];
    size_t size = strlen (host);
    bool brackets = size > 2 && host[0] == '[' && host[size - 1] == ']';
    snprintf (name, sizeof name, "%.*s", (int) (brackets ? size - 2 : size), host + brackets);
    snprintf (service, sizeof service, "%u", port);
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *address = NULL;
    if (getaddrinfo (name, service, &hints, &address) != 0)
        return;
    int fd = socket (address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        //  On this host the answer may be there at once; probes_turn then finds it
        int code = connect (fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
        probe_t *probe = &self->list[self->count];
        *probe = (probe_t) { node, fd, now + S_WAIT_MS };
        if (code == EINPROGRESS)
            self->count++;
        else if (code == ECONNREFUSED) {
            close (fd);
            probe->fd = -1;
            self->count++;
        } else
            close (fd);
    }
    freeaddrinfo (address);
}

//  1: refused; 0: it is not; -1: not known yet.
static int
s_outcome (const probe_t *probe)
{
    if (probe->fd < 0)
        return 1;
    struct pollfd ready = { .fd = probe->fd, .events = POLLOUT };
    if (poll (&ready, 1, 0) <= 0)
        return -1;
    int code = 0;
    socklen_t size = sizeof code;
    getsockopt (probe->fd, SOL_SOCKET, SO_ERROR, &code, &size);
    return code == ECONNREFUSED;
}

uint64_t
probes_turn (probes_t *self, probe_refused_fn *refused, void *arg, uint64_t now)
{
    for (uint32_t at = 0; at < self->count;) {
        probe_t probe = self->list[at];
        int outcome = s_outcome (&probe);
        if (outcome < 0 && now < probe.until) {
            at++;
            continue;
        }
        if (probe.fd >= 0)
            close (probe.fd);
        self->list[at] = self->list[--self->count];
        if (outcome == 1)
            refused (arg, probe.node, now);
    }
    return self->count ? S_LOOK_MS : UINT64_MAX;
}

void
probes_end (probes_t *self)
{
    for (uint32_t at = 0; at < self->count; at++)
        if (self->list[at].fd >= 0)
            close (self->list[at].fd);
    self->count = 0;
}

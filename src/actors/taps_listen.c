//  taps_listen: addresses of connections, as text and as the system has them.
//  SPDX-License-Identifier: MPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "taps_impl.h"

static void
s_say (buf_t *why, const char *endpoint, const char *what)
{
    buf_add (why, endpoint, strlen (endpoint));
    buf_add (why, ": ", 2);
    buf_add (why, what, strlen (what));
}

//  Cuts "tcp://HOST:PORT"; brackets of an IPv6 address are left out. False: it has not this form.
static bool
s_cut (const char *endpoint, char *host, size_t room, char port[6])
{
    const char *at = strncmp (endpoint, "tcp://", 6) == 0 ? endpoint + 6 : NULL;
    const char *colon = at ? strrchr (at, ':') : NULL;
    if (!colon || colon == at || strlen (colon + 1) > 5)
        return false;
    size_t size = (size_t) (colon - at);
    if (*at == '[' && colon[-1] == ']' && size > 2) {
        at++;
        size -= 2;
    }
    if (size >= room)
        return false;
    memcpy (host, at, size);
    host[size] = 0;
    snprintf (port, 6, "%s", strcmp (colon + 1, "*") == 0 ? "0" : colon + 1);
    return true;
}

static uint16_t
s_port (int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname (fd, (struct sockaddr *) &address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs (((struct sockaddr_in6 *) (void *) &address)->sin6_port);
    return ntohs (((struct sockaddr_in *) (void *) &address)->sin_port);
}

static int
s_bind (const struct addrinfo *info, int backlog)
{
    int on = 1;
    int fd = socket (info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind (fd, info->ai_addr, info->ai_addrlen) == 0 && listen (fd, backlog) == 0)
        return fd;
    int error = errno;
    close (fd);
    errno = error;
    return -1;
}

int
taps_listen (const char *endpoint, int backlog, char bound[TAPS_ENDPOINT_MAX], uint16_t *port, buf_t *why)
{
    char host[256], text[6];
    if (!s_cut (endpoint, host, sizeof host, text)) {
        s_say (why, endpoint, "has not the form tcp://ADDRESS:PORT");
        return -1;
    }
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *infos = NULL;
    bool all = strcmp (host, "*") == 0;
    if (all)
        hints.ai_family = AF_INET;
    int failure = getaddrinfo (all ? NULL : host, text, &hints, &infos);
    if (failure) {
        s_say (why, endpoint, gai_strerror (failure));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *at = infos; at && fd < 0; at = at->ai_next)
        fd = s_bind (at, backlog);
    freeaddrinfo (infos);
    if (fd < 0) {
        s_say (why, endpoint, strerror (errno));
        return -1;
    }
    *port = s_port (fd);
    snprintf (bound, TAPS_ENDPOINT_MAX, "%.*s:%u", (int) (strrchr (endpoint, ':') - endpoint), endpoint,
              (unsigned) *port);
    return fd;
}

void
taps_name (int fd, bool peer, char name[TAPS_ENDPOINT_MAX])
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN + 1] = "?";
    unsigned port = 0;
    if ((peer ? getpeername : getsockname) (fd, (struct sockaddr *) &address, &size) == 0) {
        char text[8];
        if (getnameinfo ((struct sockaddr *) &address, size, host, sizeof host, text, sizeof text,
                         NI_NUMERICHOST | NI_NUMERICSERV)
            == 0)
            port = (unsigned) strtoul (text, NULL, 10);
    }
    snprintf (name, TAPS_ENDPOINT_MAX, address.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host, port);
}

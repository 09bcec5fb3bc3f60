//  taps: see taps.h. Descriptors are level-triggered: who is not to be read is not waited for.
//  SPDX-License-Identifier: MPL-2.0
#include "taps.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"
#include "taps_impl.h"

#define S_EVENTS 512          // Of one turn
#define S_ACCEPTS 64          // Of one turn
#define S_ACCEPT_AGAIN_MS 100 // Without descriptors or memory for another connection
#define S_OTHER_FILES 256     // Descriptors that the rest of the process is left
#define S_FULL "-ERR max number of clients reached\r\n"

//  One connection.
typedef struct tap {
    int fd;
    uint32_t waited; // Events of epoll that are waited for
    talk_t *talk;
    bool ended;                  // The peer sends no more
    bool paused;                 // In the list of those that are not read
    struct tap *before, *behind; // All of them
    struct tap *paused_before, *paused_behind;
} tap_t;

struct taps {
    gateway_t *gateway;
    int epoll, listener;
    bool listening;        // The listener is waited for
    uint64_t accept_again; // 0: nothing is in the way
    uint32_t count, most;
    uint32_t unwritten; // Connections that take no more at present
    tap_t *first, *paused;
    char endpoint[TAPS_ENDPOINT_MAX];
    uint16_t port;
};

//  ------------------------------------------------------------------------------------------------
//  Life

//  As many clients as there are descriptors for; the limit of the process is raised as far as it may be.
static uint32_t
s_most (uint32_t wanted)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t) wanted + S_OTHER_FILES;
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
        setrlimit (RLIMIT_NOFILE, &limit);
        getrlimit (RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= needed)
        return wanted;
    return limit.rlim_cur > 2 * S_OTHER_FILES ? (uint32_t) (limit.rlim_cur - S_OTHER_FILES)
                                              : (uint32_t) (limit.rlim_cur / 2);
}

taps_t *
taps_new (const char *endpoint, int backlog, uint32_t clients_max, buf_t *why)
{
    taps_t *self = mem_alloc_zero (1, sizeof (taps_t));
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->listener = taps_listen (endpoint, backlog, self->endpoint, &self->port, why);
    self->epoll = self->listener < 0 ? -1 : epoll_create1 (EPOLL_CLOEXEC);
    if (self->listener >= 0 && self->epoll < 0)
        buf_add (why, "no descriptors", 14);
    if (self->epoll < 0)
        taps_destroy (&self);
    else
        self->most = s_most (clients_max);
    return self;
}

static void
s_unpause (taps_t *self, tap_t *tap)
{
    if (!tap->paused)
        return;
    tap->paused = false;
    if (tap->paused_behind)
        tap->paused_behind->paused_before = tap->paused_before;
    if (tap->paused_before)
        tap->paused_before->paused_behind = tap->paused_behind;
    else
        self->paused = tap->paused_behind;
}

static void
s_pause (taps_t *self, tap_t *tap)
{
    if (tap->paused)
        return;
    tap->paused = true;
    tap->paused_before = NULL;
    tap->paused_behind = self->paused;
    if (self->paused)
        self->paused->paused_before = tap;
    self->paused = tap;
}

static void
s_end (taps_t *self, tap_t *tap)
{
    s_unpause (self, tap);
    if (tap->waited & EPOLLOUT)
        self->unwritten--;
    if (tap->behind)
        tap->behind->before = tap->before;
    if (tap->before)
        tap->before->behind = tap->behind;
    else
        self->first = tap->behind;
    talk_destroy (&tap->talk);
    close (tap->fd); // Which takes it from the epoll descriptor
    mem_free (tap);
    self->count--;
}

void
taps_destroy (taps_t **self_p)
{
    taps_t *self = *self_p;
    if (!self)
        return;
    while (self->first)
        s_end (self, self->first);
    if (self->listener >= 0)
        close (self->listener);
    if (self->epoll >= 0)
        close (self->epoll);
    mem_free (self);
    *self_p = NULL;
}

const char *
taps_endpoint (const taps_t *self)
{
    return self->endpoint;
}

uint16_t
taps_port (const taps_t *self)
{
    return self->port;
}

uint32_t
taps_most (const taps_t *self)
{
    return self->most;
}

int
taps_descriptor (const taps_t *self)
{
    return self->epoll;
}

bool
taps_idle (const taps_t *self)
{
    return self->unwritten == 0;
}

uint32_t
taps_count (const taps_t *self)
{
    return self->count;
}

//  ------------------------------------------------------------------------------------------------
//  Connections come

static void
s_listen (taps_t *self, bool on)
{
    if (self->listening == on || self->listener < 0)
        return;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    if (epoll_ctl (self->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, self->listener, &event) == 0)
        self->listening = on;
}

void
taps_open (taps_t *self, gateway_t *gateway)
{
    self->gateway = gateway;
    s_listen (self, true);
}

static void
s_wait_for (taps_t *self, tap_t *tap, uint32_t events)
{
    if (tap->waited == events)
        return;
    struct epoll_event event = { .events = events, .data.ptr = tap };
    if (epoll_ctl (self->epoll, EPOLL_CTL_MOD, tap->fd, &event) != 0)
        return;
    self->unwritten += (events & EPOLLOUT) != 0;
    self->unwritten -= (tap->waited & EPOLLOUT) != 0;
    tap->waited = events;
}

void
taps_close (taps_t *self)
{
    s_listen (self, false);
    if (self->listener >= 0)
        close (self->listener);
    self->listener = -1;
    for (tap_t *tap = self->first; tap; tap = tap->behind) {
        tap->ended = true;
        s_wait_for (self, tap, tap->waited & EPOLLOUT);
    }
}

//  False: without memory or descriptors.
static bool
s_add (taps_t *self, int fd)
{
    char address[TAPS_ENDPOINT_MAX], local[TAPS_ENDPOINT_MAX];
    int on = 1;
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    taps_name (fd, true, address);
    taps_name (fd, false, local);
    tap_t *tap = mem_alloc_zero (1, sizeof (tap_t));
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = tap };
    if (tap)
        tap->talk = talk_new (self->gateway, address, local, tap);
    if (!tap || !tap->talk || epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        if (tap)
            talk_destroy (&tap->talk);
        mem_free (tap);
        return false;
    }
    tap->fd = fd;
    tap->waited = EPOLLIN;
    tap->behind = self->first;
    if (self->first)
        self->first->before = tap;
    self->first = tap;
    self->count++;
    return true;
}

//  Whom there is no room for is told so, as Redis tells it. Whom there are no descriptors for waits in the
//  kernel's queue.
static void
s_accept (taps_t *self, uint64_t now)
{
    for (int count = 0; count < S_ACCEPTS; count++) {
        int fd = accept4 (self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (fd >= 0 && self->count >= self->most) {
            gateway_stats (self->gateway)->rejected++;
            (void) !send (fd, S_FULL, sizeof S_FULL - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
            close (fd);
            continue;
        }
        if (fd >= 0 && s_add (self, fd))
            continue;
        if (fd >= 0)
            close (fd);
        s_listen (self, false);
        self->accept_again = now + S_ACCEPT_AGAIN_MS;
        return;
    }
}

//  ------------------------------------------------------------------------------------------------
//  Bytes

//  Reads as long as there is more than it had room for; large values come at once. False: it has ended.
static bool
s_read (taps_t *self, tap_t *tap)
{
    for (int count = 0; count < 4; count++) {
        if (!talk_wants (tap->talk) || !gateway_has_room (self->gateway)) {
            s_pause (self, tap);
            s_wait_for (self, tap, tap->waited & EPOLLOUT);
            return true;
        }
        size_t room = 0;
        uint8_t *at = talk_room (tap->talk, &room);
        if (!at || room == 0)
            return false;
        ssize_t size = recv (tap->fd, at, room, MSG_DONTWAIT);
        if (size < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        if (size == 0) {
            tap->ended = true;
            talk_finish (tap->talk);
            s_wait_for (self, tap, tap->waited & EPOLLOUT);
            return true;
        }
        talk_read (tap->talk, (size_t) size);
        if ((size_t) size < room || talk_end (tap->talk) != TALK_OPEN)
            return true;
    }
    return true;
}

//  Writes what it has to say. False: it has ended.
static bool
s_write (taps_t *self, tap_t *tap)
{
    for (;;) {
        bytes_t output = talk_output (tap->talk);
        if (talk_end (tap->talk) == TALK_DEAD)
            return false;
        if (output.size == 0)
            break;
        ssize_t size = send (tap->fd, output.data, output.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            s_wait_for (self, tap, tap->waited | EPOLLOUT);
            return true;
        }
        if (size < 0)
            return false;
        talk_wrote (tap->talk, (size_t) size);
    }
    if (talk_end (tap->talk) != TALK_OPEN)
        return false;
    s_wait_for (self, tap, tap->waited & ~(uint32_t) EPOLLOUT);
    return true;
}

bool
taps_read (taps_t *self, uint64_t now)
{
    struct epoll_event events[S_EVENTS];
    int count = epoll_wait (self->epoll, events, S_EVENTS, 0);
    for (int at = 0; at < count; at++) {
        tap_t *tap = events[at].data.ptr;
        uint32_t what = events[at].events;
        if (!tap) {
            s_accept (self, now);
            continue;
        }
        //  A peer that only shut its half down is told the rest; one that is gone is not
        bool alive = !(what & (EPOLLERR | EPOLLHUP)) || (what & EPOLLIN);
        if (alive && (what & EPOLLOUT))
            alive = s_write (self, tap);
        if (alive && (what & EPOLLIN) && !tap->ended)
            alive = s_read (self, tap);
        if (!alive)
            s_end (self, tap);
    }
    return count == S_EVENTS;
}

bool
taps_write (taps_t *self)
{
    talk_t *talk;
    bool any = false;
    while (self->gateway && (talk = gateway_ready (self->gateway))) {
        tap_t *tap = talk_owner (talk);
        any = true;
        //  What could not be written before waits for its descriptor
        if (!(tap->waited & EPOLLOUT) || talk_end (talk) == TALK_DEAD)
            if (!s_write (self, tap))
                s_end (self, tap);
    }
    return any;
}

uint64_t
taps_resume (taps_t *self, uint64_t now)
{
    if (self->accept_again && now >= self->accept_again) {
        self->accept_again = 0;
        s_listen (self, true);
    }
    bool room = !self->paused || gateway_has_room (self->gateway);
    for (tap_t *tap = room ? self->paused : NULL, *next; tap; tap = next) {
        next = tap->paused_behind;
        if (tap->ended || talk_wants (tap->talk)) {
            s_unpause (self, tap);
            if (!tap->ended)
                s_wait_for (self, tap, tap->waited | EPOLLIN);
        }
    }
    return self->accept_again ? self->accept_again - now : UINT64_MAX;
}

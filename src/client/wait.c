//  wait: the one place where the library waits. A turn sends, waits for a message, and hands out what
//  has come; with one connection in flight it is a plain receive with a time limit.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_POLL_MAX 64 // Sockets that are waited for together; more take turns of S_SHORT_MS
#define S_SHORT_MS 5
#define S_GLANCE_MS 50 // How often to look for pushes where nothing else is awaited

uint64_t
wait_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

void
wait_start (zgrid_client_t *self, item_t *item)
{
    if (self->cached)
        cached_started (self, item);
    if (retry_waits (self, item->slot))
        retry_behind (self, item);
    else
        connection_queue (routes_of (self, item), item);
}

void
wait_sweep (zgrid_client_t *self)
{
    for (size_t at = 0; at < self->connection_count; at++)
        connection_sweep (self->connections[at]);
    retry_sweep (self);
}

void
wait_flush (zgrid_client_t *self, bool all)
{
    for (size_t at = 0; at < self->connection_count; at++)
        if (self->connections[at]->queued || self->connections[at]->has_unsent)
            connection_flush (self->connections[at], self, all);
}

uint64_t
wait_next (const zgrid_client_t *self)
{
    uint64_t next = self->later_at < self->expire_at ? self->later_at : self->expire_at;
    uint64_t learn = learn_busy (self) ? self->learning_until : self->learn_at;
    next = learn < next ? learn : next;
    if (self->scouting.until && self->scouting.until < next)
        next = self->scouting.until;
    uint64_t watch = self->learned_at + CLIENT_WATCH_MS;
    if (self->pending.waiting && !self->inner && !learn_busy (self) && watch < next)
        next = watch;
    return self->pending.used && self->look_at < next ? self->look_at : next;
}

//  Takes messages while there are any, up to a bound so that others have their turn; `late`: also
//  where nothing is awaited. True if any.
static bool
s_drain (zgrid_client_t *self, connection_t *connection, bool late)
{
    bool any = false;
    for (size_t count = 0; count < CLIENT_TURN_MESSAGES; count++) {
        if (connection->lost || (!connection->flying && !late))
            break;
        if (!reply_receive (self, connection, ZMQ_DONTWAIT))
            break;
        any = true;
        if (connection->queued)
            connection_flush (connection, self, true);
    }
    return any;
}

//  What is due. True if messages came: somebody may have got what is waited for.
static bool
s_chores (zgrid_client_t *self, uint64_t now)
{
    bool any = false;
    if (self->trim)
        routes_trim (self);
    if (now >= self->glance_at) {
        self->glance_at = now + S_GLANCE_MS;
        any = s_drain (self, self->connections[0], true);
    }
    if (now >= self->look_at) {
        //  What has come already is not overdue
        bool more = false;
        for (size_t at = 0; at < self->connection_count; at++)
            if (s_drain (self, self->connections[at], false))
                any = more = true;
        if (more)
            self->look_at = now + S_SHORT_MS;
        else
            retry_look (self, now);
    }
    learn_turn (self, now);
    if (now >= self->later_at)
        retry_due (self, now);
    return any;
}

//  A plain receive with a time limit.
static void
s_receive (zgrid_client_t *self, connection_t *connection, int wait_ms)
{
    if (connection->receive_ms != wait_ms) {
        zmq_setsockopt (connection->handle, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
        connection->receive_ms = wait_ms;
    }
    if (reply_receive (self, connection, 0) && !(self->batch && self->batch->left == 0))
        s_drain (self, connection, false);
}

static void
s_poll (zgrid_client_t *self, int wait_ms)
{
    zmq_pollitem_t items[S_POLL_MAX];
    connection_t *polled[S_POLL_MAX];
    int count = 0;
    for (size_t at = 0; at < self->connection_count; at++) {
        connection_t *connection = self->connections[at];
        if (connection->lost || (!connection->flying && !connection->has_unsent))
            continue;
        if (count == S_POLL_MAX) {
            wait_ms = wait_ms < S_SHORT_MS ? wait_ms : S_SHORT_MS;
            break;
        }
        short events = (short) (ZMQ_POLLIN | (connection->has_unsent ? ZMQ_POLLOUT : 0));
        items[count] = (zmq_pollitem_t) { connection->handle, 0, events, 0 };
        polled[count++] = connection;
    }
    if (zmq_poll (items, count, wait_ms) > 0)
        for (int at = 0; at < count; at++)
            if (items[at].revents & ZMQ_POLLIN)
                s_drain (self, polled[at], false);
}

void
wait_turn (zgrid_client_t *self, uint64_t until)
{
    uint64_t now = wait_clock ();
    bool any = s_chores (self, now);
    wait_flush (self, true);
    if (any)
        return;
    connection_t *only = NULL;
    size_t flying = 0;
    for (size_t at = 0; at < self->connection_count; at++) {
        connection_t *connection = self->connections[at];
        if (!connection->lost && (connection->flying || connection->has_unsent)) {
            only = connection->has_unsent ? NULL : connection;
            flying++;
        }
    }
    uint64_t next = wait_next (self);
    next = next < until ? next : until;
    //  A view may say that nobody will ever answer
    next = next < now + S_GLANCE_MS ? next : now + S_GLANCE_MS;
    uint64_t left = next > now ? next - now : 0;
    int wait_ms = left < INT_MAX ? (int) left : INT_MAX;
    if (flying == 1 && only)
        s_receive (self, only, wait_ms);
    else
        s_poll (self, wait_ms);
    if (self->expire_at != TIME_NEVER) {
        now = wait_clock ();
        if (now >= self->expire_at)
            future_expire (self, now);
    }
}

void
wait_glance (zgrid_client_t *self)
{
    for (size_t at = 0; at < self->connection_count; at++)
        s_drain (self, self->connections[at], true);
}

void
wait_some (zgrid_client_t *self)
{
    wait_flush (self, false);
    for (size_t at = 0; at < self->connection_count; at++)
        s_drain (self, self->connections[at], false);
}

void
wait_none (zgrid_client_t *self)
{
    uint64_t now = wait_clock ();
    s_chores (self, now);
    if (now >= self->expire_at)
        future_expire (self, now);
    //  Until nothing comes any more, so that a silent descriptor means that nothing is there; but not
    //  for ever
    bool any = true;
    for (size_t round = 0; any && round < 4; round++) {
        any = false;
        wait_flush (self, true);
        for (size_t at = 0; at < self->connection_count; at++) {
            connection_t *connection = self->connections[at];
            if (s_drain (self, connection, true))
                any = true;
        }
    }
    self->poked = any;
}

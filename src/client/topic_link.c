//  topic_link: whom a subscriber listens to. A connection that breaks is not mended: another one takes its
//  place, so that everything that is read from one socket comes without a gap that nobody could see.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <sys/epoll.h>

#include "topic_impl.h"

#define S_EVENTS (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED)

//  ------------------------------------------------------------------------------------------------
//  The socket

static void
s_watch (const zgrid_topic_t *self, void *socket)
{
    struct epoll_event event = { .events = EPOLLIN };
    int fd = -1;
    size_t size = sizeof fd;
    if (self->epoll != -1 && zmq_getsockopt (socket, ZMQ_FD, &fd, &size) == 0)
        epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
}

void
topic_observe (zgrid_topic_t *self)
{
    struct epoll_event event = { .events = EPOLLIN };
    if (self->control)
        epoll_ctl (self->epoll, EPOLL_CTL_ADD, zgrid_client_fd (self->control), &event);
    if (self->sub)
        s_watch (self, self->sub);
    if (self->monitor)
        s_watch (self, self->monitor);
}

static void
s_subscribe (zgrid_topic_t *self, subscription_t *subscription)
{
    zmq_setsockopt (self->sub, ZMQ_SUBSCRIBE, subscription->frame, subscription->size);
}

//  What becomes of the connection is told through another socket.
static bool
s_observe (zgrid_topic_t *self)
{
    static _Atomic uint64_t s_number;
    char name[64];
    snprintf (name, sizeof name, "inproc://zgrid-topic-%" PRIu64, ++s_number);
    if (zmq_socket_monitor (self->sub, name, S_EVENTS) != 0)
        return false;
    self->monitor = zmq_socket (zsys_init (), ZMQ_PAIR);
    return self->monitor && zmq_connect (self->monitor, name) == 0;
}

bool
topic_connect (zgrid_topic_t *self, const char *endpoint)
{
    int none = 0, never = -1, keep = 1;
    int64_t largest = CLIENT_FRAME_MAX;
    self->sub = zmq_socket (zsys_init (), ZMQ_SUB);
    if (!self->sub)
        return false;
    zmq_setsockopt (self->sub, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt (self->sub, ZMQ_SNDHWM, &none, sizeof none); // Subscriptions are bounded here
    zmq_setsockopt (self->sub, ZMQ_RCVHWM, &self->queue, sizeof self->queue);
    zmq_setsockopt (self->sub, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    zmq_setsockopt (self->sub, ZMQ_RECONNECT_IVL, &never, sizeof never);
    zmq_setsockopt (self->sub, ZMQ_TCP_KEEPALIVE, &keep, sizeof keep);
    self->joined = !self->control; // Within a process nothing breaks
    bool made = (self->joined || s_observe (self)) && zmq_connect (self->sub, endpoint) == 0;
    if (!made) {
        topic_disconnect (self);
        return false;
    }
    self->link++;
    self->poked = true;
    snprintf (self->endpoint, sizeof self->endpoint, "%s", endpoint);
    self->join_until = wait_clock () + TOPIC_JOIN_MS;
    topic_each (self, s_subscribe);
    s_watch (self, self->sub);
    if (self->monitor)
        s_watch (self, self->monitor);
    if (*self->token)
        topic_ask (self);
    return true;
}

void
topic_disconnect (zgrid_topic_t *self)
{
    if (!self->sub)
        return;
    if (self->monitor) {
        zmq_socket_monitor (self->sub, NULL, 0);
        zmq_close (self->monitor);
        self->monitor = NULL;
    }
    topic_gather (self, false);
    zmq_close (self->sub);
    self->sub = NULL;
    self->joined = false;
    *self->endpoint = *self->node = 0;
}

void
topic_ask (zgrid_topic_t *self)
{
    char frame[sizeof self->token + 2];
    if (*self->token && self->sub) {
        int size = snprintf (frame, sizeof frame, "%c%s", TOPIC_SYNC, self->token);
        zmq_setsockopt (self->sub, ZMQ_UNSUBSCRIBE, frame, (size_t) size + 1);
    }
    snprintf (self->token, sizeof self->token, "%016" PRIx64, self->secret + self->tokens++);
    self->answered = false;
    int size = snprintf (frame, sizeof frame, "%c%s", TOPIC_SYNC, self->token);
    if (self->sub)
        zmq_setsockopt (self->sub, ZMQ_SUBSCRIBE, frame, (size_t) size + 1);
}

//  The first frame of a monitor's message is an event, as 16 bits in the order of this machine.
static bool
s_broken (zgrid_topic_t *self)
{
    zmq_msg_t message;
    bool broken = false;
    zmq_msg_init (&message);
    while (self->monitor && zmq_msg_recv (&message, self->monitor, ZMQ_DONTWAIT) != -1) {
        uint16_t event = 0;
        if (zmq_msg_more (&message) && zmq_msg_size (&message) >= sizeof event) {
            memcpy (&event, zmq_msg_data (&message), sizeof event);
            self->joined = self->joined || event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
            broken = broken || event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
        }
    }
    zmq_msg_close (&message);
    return broken || (!self->joined && wait_clock () >= self->join_until);
}

//  ------------------------------------------------------------------------------------------------
//  Which member

typedef struct {
    bytes_t node, endpoint; // Empty: not told
} s_place_t;

static bool
s_read (bytes_t tree, s_place_t *place)
{
    mp_t reader = mp_of (tree);
    uint32_t count;
    if (!mp_map (&reader, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name))
            return false;
        bool taken = bytes_equal (name, bytes_str ("node"))     ? mp_bytes (&reader, &place->node)
                     : bytes_equal (name, bytes_str ("pubsub")) ? mp_bytes (&reader, &place->endpoint)
                                                                : mp_skip (&reader);
        if (!taken)
            return false;
    }
    return true;
}

//  The router has said who it is.
static void
s_follow (zgrid_topic_t *self, bytes_t tree)
{
    char endpoint[TOPIC_ENDPOINT_MAX], node[TOPIC_ENDPOINT_MAX];
    s_place_t place = { .node = { NULL, 0 } };
    if (!s_read (tree, &place) || !routes_usable (place.endpoint) || place.endpoint.size >= sizeof endpoint
        || place.node.size >= sizeof node) {
        snprintf (self->error, sizeof self->error, "%s takes no subscribers",
                  self->control->connections[0]->endpoint);
        return;
    }
    snprintf (endpoint, sizeof endpoint, "%.*s", (int) place.endpoint.size,
              (const char *) place.endpoint.data);
    snprintf (node, sizeof node, "%.*s", (int) place.node.size, (const char *) place.node.data);
    if (self->sub && strcmp (endpoint, self->endpoint) == 0 && strcmp (node, self->node) == 0)
        return;
    topic_disconnect (self);
    if (topic_connect (self, endpoint)) {
        snprintf (self->node, sizeof self->node, "%s", node);
        snprintf (self->server, sizeof self->server, "%s", self->control->connections[0]->endpoint);
    }
}

static void
s_ask_router (zgrid_topic_t *self, uint64_t now)
{
    if (self->hello && zgrid_future_done (self->hello)) {
        const zgrid_entry_t *entry = zgrid_future_entry (self->hello);
        if (entry->status == ZGRID_OK)
            s_follow (self, request_bytes (entry->value));
        zgrid_future_destroy (&self->hello);
        self->ask_at = now + (self->sub ? TOPIC_ASK_MS : TOPIC_AGAIN_MS);
    }
    if (!self->hello && now >= self->ask_at) {
        self->hello = zgrid_client_call_future (self->control, "HELLO", NULL, NULL, NULL, NULL);
        zgrid_client_flush (self->control);
    }
}

void
topic_chores (zgrid_topic_t *self)
{
    if (!self->control)
        return;
    uint64_t now = wait_clock ();
    if (self->sub && s_broken (self)) {
        topic_disconnect (self);
        self->ask_at = now;
    }
    zgrid_client_process (self->control);
    s_ask_router (self, now);
}

//  ------------------------------------------------------------------------------------------------
//  Waiting

uint64_t
topic_next (const zgrid_topic_t *self)
{
    uint64_t now = wait_clock (), next = TOPIC_ASK_MS;
    if (!self->control)
        return next;
    int control = zgrid_client_timeout (self->control);
    if (control >= 0 && (uint64_t) control < next)
        next = (uint64_t) control;
    if (!self->hello && self->ask_at < now + next)
        next = self->ask_at > now ? self->ask_at - now : 0;
    if (self->sub && !self->joined && self->join_until < now + next)
        next = self->join_until > now ? self->join_until - now : 0;
    return next;
}

void
topic_wait (zgrid_topic_t *self, uint64_t until)
{
    zmq_pollitem_t items[3];
    int count = 0;
    uint64_t now = wait_clock (), next = topic_next (self);
    if (until < now + next)
        next = until > now ? until - now : 0;
    if (self->control)
        items[count++] = (zmq_pollitem_t) { NULL, zgrid_client_fd (self->control), ZMQ_POLLIN, 0 };
    if (self->monitor)
        items[count++] = (zmq_pollitem_t) { self->monitor, 0, ZMQ_POLLIN, 0 };
    if (self->sub)
        items[count++] = (zmq_pollitem_t) { self->sub, 0, ZMQ_POLLIN, 0 };
    if (next)
        zmq_poll (items, count, (long) next);
}

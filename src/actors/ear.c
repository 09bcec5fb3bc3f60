//  ear: see ear.h.
//  SPDX-License-Identifier: MPL-2.0
#include "ear.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bind.h"
#include "handover.h"
#include "mem.h"
#include "touch.h"

#define S_HANDSHAKE_MS 3000
#define S_LINGER_MS 500
#define S_RCVHWM 1000
#define S_COMMAND 16 // Bytes that ZMTP 3.1 puts before a subscription
#define S_KEEPALIVE_S 60

//  What a connection's messages have in common: libzmq gives all of them the same block of properties, and
//  one message that is kept keeps that block from being used again.
typedef struct {
    const char *mark; // NULL: nothing has come yet
    zmq_msg_t kept;
} s_pin_t;

struct ear {
    zsock_t *socket, *monitor;
    void *handle, *monitor_handle;
    char *endpoint;
    char *monitor_name;
    audience_t *audience;
    s_pin_t **pins; // By descriptor
    size_t pins_count;
    zmq_msg_t last;
};

static void
s_unpin (ear_t *self, uint32_t key)
{
    s_pin_t *pin = key < self->pins_count ? self->pins[key] : NULL;
    if (!pin)
        return;
    if (pin->mark)
        zmq_msg_close (&pin->kept);
    mem_free (pin);
    self->pins[key] = NULL;
}

void
ear_destroy (ear_t **self_p)
{
    ear_t *self = *self_p;
    if (!self)
        return;
    zmq_msg_close (&self->last);
    for (size_t key = 0; key < self->pins_count; key++)
        s_unpin (self, (uint32_t) key);
    mem_free (self->pins);
    if (self->monitor)
        zmq_socket_monitor (self->handle, NULL, 0);
    zsock_destroy (&self->monitor);
    if (self->endpoint)
        zmq_unbind (self->handle, self->endpoint);
    zsock_destroy (&self->socket);
    zstr_free (&self->monitor_name);
    free (self->endpoint);
    audience_destroy (&self->audience);
    mem_free (self);
    *self_p = NULL;
}

static bool
s_is_inproc (const char *endpoint)
{
    return strncmp (endpoint, "inproc:", 7) == 0;
}

static void
s_set (void *handle, int option, int value)
{
    zmq_setsockopt (handle, option, &value, sizeof value);
}

static bool
s_make_monitor (ear_t *self)
{
    static _Atomic uint64_t s_monitors; // libzmq frees a name some time after it has closed the monitor
    self->monitor_name = zsys_sprintf ("inproc://zgrid-ear-%" PRIu64, ++s_monitors);
    self->monitor = zsock_new (ZMQ_PAIR);
    if (!self->monitor || !self->monitor_name)
        return false;
    self->monitor_handle = zsock_resolve (self->monitor);
    zsock_set_linger (self->monitor, 0);
    zsock_set_rcvhwm (self->monitor, 0); // The I/O thread must never wait for this one
    int events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED;
    return zmq_socket_monitor (self->handle, self->monitor_name, events) == 0
           && zmq_connect (self->monitor_handle, self->monitor_name) == 0;
}

static bool
s_bind (ear_t *self, const ear_config_t *config)
{
    bool inproc = s_is_inproc (config->endpoint);
    s_set (self->handle, ZMQ_XPUB_VERBOSER, !inproc);
    s_set (self->handle, ZMQ_SNDHWM, config->sndhwm);
    s_set (self->handle, ZMQ_RCVHWM, S_RCVHWM);
    s_set (self->handle, ZMQ_LINGER, inproc ? 0 : S_LINGER_MS);
    s_set (self->handle, ZMQ_HANDSHAKE_IVL, S_HANDSHAKE_MS);
    s_set (self->handle, ZMQ_TCP_KEEPALIVE, 1);
    s_set (self->handle, ZMQ_TCP_KEEPALIVE_IDLE, S_KEEPALIVE_S);
    int64_t most = AUDIENCE_FRAME_MAX + 1 + S_COMMAND;
    zmq_setsockopt (self->handle, ZMQ_MAXMSGSIZE, &most, sizeof most);
    if (strchr (config->endpoint, '['))
        s_set (self->handle, ZMQ_IPV6, 1);
    //  One I/O thread: that a connection has come is told before anything that it says
    if (config->io_affinity)
        zsock_set_affinity (self->socket, config->io_affinity);
    if ((!inproc && !s_make_monitor (self)) || bind_endpoint (self->handle, config->endpoint) != 0)
        return false;
    self->endpoint = zsock_last_endpoint (self->socket);
    return self->endpoint != NULL;
}

ear_t *
ear_new (const ear_config_t *config, buf_t *why)
{
    audience_t *audience = config->audience;
    ear_t *self = audience ? mem_alloc_zero (1, sizeof (ear_t)) : NULL;
    if (!self) {
        audience_destroy (&audience);
        return NULL;
    }
    zmq_msg_init (&self->last);
    self->audience = audience;
    self->socket = zsock_new (ZMQ_XPUB);
    if (self->socket)
        self->handle = zsock_resolve (self->socket);
    if (!self->socket || !s_bind (self, config)) {
        cannot_bind (config->endpoint, why);
        ear_destroy (&self);
    }
    return self;
}

const char *
ear_endpoint (const ear_t *self)
{
    return self->endpoint;
}

const audience_t *
ear_audience (const ear_t *self)
{
    return self->audience;
}

void
ear_keep (ear_t *self, const view_t *view, uint64_t now)
{
    audience_keep (self->audience, view, now);
}

zsock_t *
ear_socket (ear_t *self)
{
    return self->socket;
}

zsock_t *
ear_monitor (ear_t *self)
{
    return self->monitor;
}

//  ------------------------------------------------------------------------------------------------
//  Who comes and goes

bool
ear_watch (ear_t *self, uint64_t now)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    if (zmq_msg_recv (&message, self->monitor_handle, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close (&message);
        return false;
    }
    uint16_t event = 0;
    uint32_t value = 0;
    const uint8_t *data = zmq_msg_data (&message);
    handover_take (zmq_msg_data (&message));
    if (zmq_msg_size (&message) >= sizeof event + sizeof value) {
        memcpy (&event, data, sizeof event);
        memcpy (&value, data + sizeof event, sizeof value);
    }
    while (zmq_msg_more (&message) && zmq_msg_recv (&message, self->monitor_handle, ZMQ_DONTWAIT) >= 0)
        ; // The address
    zmq_msg_close (&message);
    if (event == ZMQ_EVENT_ACCEPTED || event == ZMQ_EVENT_DISCONNECTED) {
        audience_close (self->audience, value, now);
        s_unpin (self, value);
    }
    if (event == ZMQ_EVENT_ACCEPTED)
        audience_open (self->audience, value);
    return true;
}

//  Looks whether this descriptor is one of those accepted here: it may have been closed a moment ago.
static bool
s_is_ours (const ear_t *self, int descriptor)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } name;
    socklen_t size = sizeof name;
    memset (&name, 0, sizeof name);
    if (getsockname (descriptor, &name.any, &size) != 0)
        return false;
    const char *colon = strrchr (self->endpoint, ':');
    unsigned port = colon ? (unsigned) strtoul (colon + 1, NULL, 10) : 0;
    return name.any.sa_family == AF_INET    ? ntohs (name.v4.sin_port) == port
           : name.any.sa_family == AF_INET6 ? ntohs (name.v6.sin6_port) == port
           : name.any.sa_family == AF_UNIX
               ? strncmp (name.local.sun_path, self->endpoint + 6, sizeof name.local.sun_path) == 0
               : false;
}

//  An XPUB cannot close one connection, and keeps whatever is subscribed to.
static void
s_cut (const ear_t *self, uint32_t key)
{
    if (self->monitor && s_is_ours (self, (int) key))
        shutdown ((int) key, SHUT_RDWR);
}

//  A descriptor may belong to another connection by the time that its messages are read: then the marks
//  differ.
static void
s_look (ear_t *self, uint32_t key, uint64_t now)
{
    const char *mark = zmq_msg_gets (&self->last, "Peer-Address");
    s_pin_t *pin = key < self->pins_count ? self->pins[key] : NULL;
    if (!mark || (pin && pin->mark == mark) || key >= AUDIENCE_KEYS_MAX)
        return;
    if (pin) {
        audience_close (self->audience, key, now);
        audience_open (self->audience, key);
        s_unpin (self, key);
    }
    if (key >= self->pins_count) {
        size_t count = (key | 63) + 1;
        s_pin_t **pins = mem_resize (self->pins, count * sizeof (s_pin_t *));
        if (!pins)
            return;
        memset (pins + self->pins_count, 0, (count - self->pins_count) * sizeof (s_pin_t *));
        self->pins = pins;
        self->pins_count = count;
    }
    pin = self->pins[key] = mem_alloc_zero (1, sizeof (s_pin_t));
    if (!pin)
        return;
    zmq_msg_init (&pin->kept);
    zmq_msg_copy (&pin->kept, &self->last);
    pin->mark = mark;
}

bool
ear_receive (ear_t *self, uint64_t now, heard_t *heard, bytes_t *token)
{
    zmq_msg_close (&self->last);
    zmq_msg_init (&self->last);
    if (zmq_msg_recv (&self->last, self->handle, ZMQ_DONTWAIT) < 0)
        return false;
    *heard = HEARD_FINE;
    handover_take (zmq_msg_data (&self->last));
    bytes_t frame = bytes_of (zmq_msg_data (&self->last), zmq_msg_size (&self->last));
    if (!self->monitor) {
        *heard = audience_hear (self->audience, 0, frame, now, token);
        return true;
    }
    int key = zmq_msg_get (&self->last, ZMQ_SRCFD);
    if (key < 0)
        return true; // Of a connection that has ended, as the monitor says, too
    while (ear_watch (self, now))
        ;
    if (!audience_listens (self->audience, (uint32_t) key))
        return true;
    s_look (self, (uint32_t) key, now);
    *heard = audience_hear (self->audience, (uint32_t) key, frame, now, token);
    if (*heard == HEARD_EXCESS)
        s_cut (self, (uint32_t) key);
    return true;
}

//  Nothing is ever refused: whoever takes nothing loses what comes.
void
ear_send (ear_t *self, bytes_t topic, zmq_msg_t *body)
{
    zmq_msg_t first;
    if (zmq_msg_init_size (&first, topic.size) != 0) {
        zmq_msg_close (body);
        return;
    }
    memcpy (zmq_msg_data (&first), topic.data, topic.size);
    handover_give (zmq_msg_data (&first));
    handover_give (zmq_msg_data (body));
    touch ();
    bool sent = zmq_msg_send (&first, self->handle, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0;
    if (!sent)
        zmq_msg_close (&first);
    if (!sent || zmq_msg_send (body, self->handle, ZMQ_DONTWAIT) < 0)
        zmq_msg_close (body);
}

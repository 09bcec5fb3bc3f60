//  mesh: see mesh.h.
//  SPDX-License-Identifier: MPL-2.0
#include "mesh.h"

#include <zmq.h>

#include "mem.h"
#include "touch.h"

#define S_HANDSHAKE_MS 3000
#define S_RECONNECT_MS 50
#define S_RECONNECT_MAX_MS 500
#define S_CONNECT_MS 2000
#define S_KEEPALIVE_S 5

typedef struct s_peer {
    struct s_peer *next;
    node_id_t node;
    bool stays;
    char endpoint[VIEW_HOST_MAX + 20];
} s_peer_t;

struct mesh {
    zsock_t *socket;
    void *handle;
    node_id_t node;
    s_peer_t *peers;
};

static void
s_set (void *handle, int option, int value)
{
    zmq_setsockopt (handle, option, &value, sizeof value);
}

mesh_t *
mesh_new (node_id_t node, int64_t message_max, int rcvhwm, int io_affinity)
{
    mesh_t *self = mem_alloc_zero (1, sizeof (mesh_t));
    if (!self)
        return NULL;
    self->node = node;
    self->socket = zsock_new (ZMQ_SUB);
    if (!self->socket) {
        mesh_destroy (&self);
        return NULL;
    }
    self->handle = zsock_resolve (self->socket);
    s_set (self->handle, ZMQ_LINGER, 0);
    s_set (self->handle, ZMQ_SNDHWM, 0); // A subscription beyond it would be lost without a word
    s_set (self->handle, ZMQ_RCVHWM, rcvhwm);
    s_set (self->handle, ZMQ_RECONNECT_IVL, S_RECONNECT_MS);
    s_set (self->handle, ZMQ_RECONNECT_IVL_MAX, S_RECONNECT_MAX_MS);
    s_set (self->handle, ZMQ_CONNECT_TIMEOUT, S_CONNECT_MS);
    s_set (self->handle, ZMQ_HANDSHAKE_IVL, S_HANDSHAKE_MS);
    s_set (self->handle, ZMQ_TCP_KEEPALIVE, 1);
    s_set (self->handle, ZMQ_TCP_KEEPALIVE_IDLE, S_KEEPALIVE_S);
    s_set (self->handle, ZMQ_TCP_KEEPALIVE_INTVL, S_KEEPALIVE_S);
    s_set (self->handle, ZMQ_TCP_KEEPALIVE_CNT, 3);
    zmq_setsockopt (self->handle, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max);
    if (io_affinity)
        zsock_set_affinity (self->socket, io_affinity);
    return self;
}

void
mesh_destroy (mesh_t **self_p)
{
    mesh_t *self = *self_p;
    if (!self)
        return;
    while (self->peers) {
        s_peer_t *peer = self->peers;
        self->peers = peer->next;
        mem_free (peer);
    }
    zsock_destroy (&self->socket);
    mem_free (self);
    *self_p = NULL;
}

zsock_t *
mesh_socket (mesh_t *self)
{
    return self->socket;
}

static s_peer_t *
s_find (const mesh_t *self, const char *endpoint)
{
    s_peer_t *peer = self->peers;
    while (peer && strcmp (peer->endpoint, endpoint) != 0)
        peer = peer->next;
    return peer;
}

static bool
s_connect (mesh_t *self, const member_t *member)
{
    char endpoint[VIEW_HOST_MAX + 20];
    snprintf (endpoint, sizeof endpoint, "tcp://%s:%u", member->host, member->mesh_port);
    s_peer_t *peer = s_find (self, endpoint);
    if (!peer) {
        peer = mem_alloc_zero (1, sizeof (s_peer_t));
        if (!peer)
            return false;
        memcpy (peer->endpoint, endpoint, sizeof endpoint);
        peer->next = self->peers;
        self->peers = peer;
    }
    peer->stays = true;
    if (peer->node == member->id)
        return true;
    touch ();
    if (peer->node) // Who was there before is gone, whatever the connection says
        zmq_disconnect (self->handle, endpoint);
    peer->node = member->id;
    s_set (self->handle, ZMQ_IPV6, strchr (endpoint, '[') != NULL);
    zmq_connect (self->handle, endpoint); // From what is no address nothing will ever come
    return true;
}

bool
mesh_set_view (mesh_t *self, const view_t *view)
{
    bool all = true;
    for (s_peer_t *peer = self->peers; peer; peer = peer->next)
        peer->stays = false;
    for (uint32_t at = 0; at < view->members_count; at++)
        if (view->members[at].id != self->node && view->members[at].mesh_port)
            all = s_connect (self, &view->members[at]) && all;
    for (s_peer_t **place = &self->peers; *place;) {
        s_peer_t *peer = *place;
        if (peer->stays) {
            place = &peer->next;
            continue;
        }
        *place = peer->next;
        touch ();
        zmq_disconnect (self->handle, peer->endpoint);
        mem_free (peer);
    }
    return all;
}

void
mesh_follow (mesh_t *self, bytes_t topic, bool on)
{
    touch ();
    zmq_setsockopt (self->handle, on ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, topic.data, topic.size);
}

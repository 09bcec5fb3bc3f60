//  discover: see discover.h. A broadcast is "ZGRID", a version, the node's id, and its peer port.
//  SPDX-License-Identifier: MPL-2.0
#include "discover.h"

#include <arpa/inet.h>

#include "mem.h"

#define S_SIGNATURE "ZGRID\1"
#define S_SIGNATURE_SIZE 6
#define S_SIZE (S_SIGNATURE_SIZE + 8 + 2)
#define S_INTERVAL_MS 1000

struct discover {
    zactor_t *beacon;
    node_id_t node;
};

static void
s_write (uint8_t *bytes, node_id_t node, uint16_t peer_port)
{
    memcpy (bytes, S_SIGNATURE, S_SIGNATURE_SIZE);
    for (size_t at = 0; at < 8; at++)
        bytes[S_SIGNATURE_SIZE + at] = (uint8_t) (node >> (56 - 8 * at));
    bytes[S_SIZE - 2] = (uint8_t) (peer_port >> 8);
    bytes[S_SIZE - 1] = (uint8_t) peer_port;
}

discover_t *
discover_new (const char *interface, uint16_t udp_port, node_id_t node, uint16_t peer_port, buf_t *why)
{
    discover_t *self = mem_alloc_zero (1, sizeof (discover_t));
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->node = node;
    zsys_set_interface (interface);
    self->beacon = zactor_new (zbeacon, NULL);
    char *address = NULL;
    if (self->beacon && zsock_send (self->beacon, "si", "CONFIGURE", (int) udp_port) == 0)
        address = zstr_recv (self->beacon);
    if (!address || !*address) {
        buf_add (why, "cannot broadcast on ", 20);
        buf_add (why, interface, strlen (interface));
        zstr_free (&address);
        discover_destroy (&self);
        return NULL;
    }
    zstr_free (&address);
    uint8_t bytes[S_SIZE];
    s_write (bytes, node, peer_port);
    zsock_send (self->beacon, "sbi", "PUBLISH", bytes, (size_t) S_SIZE, S_INTERVAL_MS);
    zsock_send (self->beacon, "sb", "SUBSCRIBE", S_SIGNATURE, (size_t) S_SIGNATURE_SIZE);
    return self;
}

void
discover_destroy (discover_t **self_p)
{
    discover_t *self = *self_p;
    if (!self)
        return;
    zactor_destroy (&self->beacon);
    mem_free (self);
    *self_p = NULL;
}

zsock_t *
discover_socket (discover_t *self)
{
    return zactor_sock (self->beacon);
}

//  "" unless all of it is as it must be: anybody may send such a thing.
static void
s_read (const discover_t *self, const char *address, zframe_t *content, char *endpoint, size_t room)
{
    struct in_addr numeric;
    if (zframe_size (content) != S_SIZE || memcmp (zframe_data (content), S_SIGNATURE, S_SIGNATURE_SIZE) != 0
        || inet_pton (AF_INET, address, &numeric) != 1)
        return;
    const uint8_t *bytes = zframe_data (content);
    uint8_t own[S_SIZE];
    unsigned port = (unsigned) bytes[S_SIZE - 2] << 8 | bytes[S_SIZE - 1];
    s_write (own, self->node, (uint16_t) port);
    if (port && memcmp (own, bytes, S_SIZE) != 0)
        snprintf (endpoint, room, "tcp://%s:%u", address, port);
}

bool
discover_receive (discover_t *self, char *endpoint, size_t room)
{
    *endpoint = 0;
    if (!(zsock_events (self->beacon) & ZMQ_POLLIN))
        return false;
    zmsg_t *message = zmsg_recv (self->beacon);
    char *address = message ? zmsg_popstr (message) : NULL;
    zframe_t *content = message ? zmsg_pop (message) : NULL;
    if (address && content)
        s_read (self, address, content, endpoint, room);
    zframe_destroy (&content);
    zstr_free (&address);
    zmsg_destroy (&message);
    return true;
}

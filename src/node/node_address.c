//  node_address: where a node listens, and what others are told of it.
//  SPDX-License-Identifier: MPL-2.0
#include <arpa/inet.h>

#include "node_impl.h"

bool
node_listens (const zgrid_node_t *self)
{
    const char *client = node_text (self, SETTING_node_client);
    return *client && strcmp (client, "none") != 0;
}

bool
node_has_peers (const zgrid_node_t *self)
{
    return *node_text (self, SETTING_node_peer) != 0;
}

//  "tcp://HOST:PORT": HOST as text. False: it has not this form, or does not fit.
static bool
s_host (const char *endpoint, char *host, size_t room)
{
    const char *colon = strncmp (endpoint, "tcp://", 6) == 0 ? strrchr (endpoint + 6, ':') : NULL;
    if (!colon || (size_t) (colon - endpoint - 6) >= room)
        return false;
    memcpy (host, endpoint + 6, (size_t) (colon - endpoint - 6));
    host[colon - endpoint - 6] = 0;
    return true;
}

//  127.0.0.0/8, [::1] or localhost; anything within the machine.
static bool
s_is_loopback (const char *endpoint)
{
    if (strncmp (endpoint, "ipc://", 6) == 0 || strncmp (endpoint, "inproc://", 9) == 0)
        return true;
    char name[64];
    struct in_addr address;
    if (!s_host (endpoint, name, sizeof name))
        return false;
    if (strcmp (name, "localhost") == 0 || strcmp (name, "[::1]") == 0)
        return true;
    return inet_pton (AF_INET, name, &address) == 1 && (ntohl (address.s_addr) >> 24) == 127;
}

//  Every address of the machine: nothing that others could connect to.
static bool
s_is_wildcard (const char *host)
{
    return strcmp (host, "*") == 0 || strcmp (host, "0.0.0.0") == 0 || strcmp (host, "[::]") == 0
           || strcmp (host, "::") == 0;
}

//  As given, or on the host of another endpoint with a port that the system chooses.
static char *
s_beside (const char *given, const char *other)
{
    if (*given)
        return strdup (given);
    const char *colon = strrchr (other, ':');
    if (strncmp (other, "tcp://", 6) != 0 || !colon)
        return NULL;
    return zsys_sprintf ("%.*s:*", (int) (colon - other), other);
}

char *
node_storage_endpoint (const zgrid_node_t *self)
{
    if (!node_listens (self))
        return NULL;
    return s_beside (node_text (self, SETTING_storage_endpoint), node_text (self, SETTING_node_client));
}

char *
node_data_endpoint (const zgrid_node_t *self)
{
    if (!node_has_peers (self))
        return NULL;
    return s_beside (node_text (self, SETTING_node_storage_peer), node_text (self, SETTING_node_peer));
}

char *
node_move_endpoint (const zgrid_node_t *self)
{
    if (!node_has_peers (self))
        return NULL;
    return s_beside (node_text (self, SETTING_cluster_move_endpoint), node_text (self, SETTING_node_peer));
}

char *
node_subscribe_endpoint (const zgrid_node_t *self)
{
    if (!node_listens (self))
        return NULL;
    return s_beside (node_text (self, SETTING_pubsub_endpoint), node_text (self, SETTING_node_client));
}

char *
node_mesh_endpoint (const zgrid_node_t *self)
{
    if (!node_has_peers (self))
        return NULL;
    return s_beside (node_text (self, SETTING_pubsub_mesh_endpoint), node_text (self, SETTING_node_peer));
}

char *
node_advertised (const zgrid_node_t *self, const char *endpoint)
{
    const char *host = node_text (self, SETTING_node_advertise);
    const char *colon = strrchr (endpoint, ':');
    if (!*host || strncmp (endpoint, "tcp://", 6) != 0 || !colon)
        return strdup (endpoint);
    return zsys_sprintf ("tcp://%s%s", host, colon);
}

void
node_host (const zgrid_node_t *self, char *host, size_t room)
{
    const char *advertised = node_text (self, SETTING_node_advertise);
    *host = 0;
    if (*advertised)
        snprintf (host, room, "%s", advertised);
    else if (!self->data_endpoints[0] || !s_host (self->data_endpoints[0], host, room))
        s_host (self->endpoints[0] ? self->endpoints[0] : "", host, room); // Alone: for MOVED
}

uint16_t
node_port (const char *endpoint, const char *host)
{
    char own[VIEW_HOST_MAX + 1];
    if (!endpoint || !*host || !s_host (endpoint, own, sizeof own)
        || (strcmp (own, host) != 0 && !s_is_wildcard (own)))
        return 0;
    return (uint16_t) strtoul (strrchr (endpoint, ':') + 1, NULL, 10);
}

//  Others have to know where to connect.
static int
s_check_peer (zgrid_node_t *self)
{
    static const setting_t ids[] = { SETTING_node_peer, SETTING_node_storage_peer,
                                     SETTING_cluster_move_endpoint, SETTING_pubsub_mesh_endpoint };
    for (size_t at = 0; at < sizeof ids / sizeof ids[0]; at++) {
        const char *endpoint = node_text (self, ids[at]);
        char host[VIEW_HOST_MAX + 1];
        if (!*endpoint || *node_text (self, SETTING_node_advertise))
            continue;
        if (s_host (endpoint, host, sizeof host) && s_is_wildcard (host)) {
            node_fail (self, "%s is no address that other members could connect to: node.advertise tells one",
                       endpoint);
            return ZGRID_MALFORMED;
        }
    }
    return ZGRID_OK;
}

int
node_check_addresses (zgrid_node_t *self)
{
    static const setting_t ids[] = { SETTING_node_client,         SETTING_storage_endpoint,
                                     SETTING_pubsub_endpoint,     SETTING_node_peer,
                                     SETTING_node_storage_peer,   SETTING_cluster_move_endpoint,
                                     SETTING_pubsub_mesh_endpoint };
    bool insecure = settings_bool (self->settings, SETTING_node_insecure);
    for (size_t at = 0; at < sizeof ids / sizeof ids[0] && !insecure; at++) {
        const char *endpoint = node_text (self, ids[at]);
        bool for_clients = ids[at] == SETTING_node_client || ids[at] == SETTING_storage_endpoint
                           || ids[at] == SETTING_pubsub_endpoint;
        if (!*endpoint || (for_clients && !node_listens (self)) || s_is_loopback (endpoint))
            continue;
        node_fail (self, "%s is not a loopback address, and nothing is encrypted: node.insecure allows it",
                   endpoint);
        return ZGRID_DENIED;
    }
    const char *endpoint = node_text (self, SETTING_gateway_endpoint);
    if (*endpoint && !insecure && !*node_text (self, SETTING_gateway_password) && !s_is_loopback (endpoint)) {
        node_fail (self,
                   "gateway.endpoint: %s is not a loopback address, and anybody could connect: "
                   "gateway.password asks who it is, node.insecure allows it",
                   endpoint);
        return ZGRID_DENIED;
    }
    return s_check_peer (self);
}

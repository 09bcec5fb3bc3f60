//  routes: which endpoint owns which partition, as ROUTES told or as an embedding node knows. What
//  the table does not tell goes through the router, which serves everything.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"
#include "slot.h"

#define S_ENDS_MAX 4096
#define S_ENDPOINT_MAX 255
#define S_NOBODY 0xffff
#define S_OLDER_MAX 3 // An older table is believed when it was told so many times in a row

//  The partition of a slot; PARTITION_NONE if the table is not known.
static uint32_t
s_partition (const zgrid_client_t *client, uint16_t slot)
{
    if (!client->routes.owners || slot == SLOT_NONE)
        return PARTITION_NONE;
    return slot_partition (slot, client->routes.partitions);
}

//  Whether it was silent, a short while ago. After that it is tried again.
static bool
s_doubted (connection_t *connection)
{
    if (connection->doubt_until && wait_clock () >= connection->doubt_until)
        connection->doubt_until = 0;
    return connection->doubt_until != 0;
}

connection_t *
routes_connection (zgrid_client_t *client, uint16_t slot)
{
    routes_t *routes = &client->routes;
    uint32_t partition = s_partition (client, slot);
    if (partition < routes->partitions && routes->owners[partition] < routes->end_count) {
        route_end_t *end = &routes->ends[routes->owners[partition]];
        if (!end->connection && !end->unusable) {
            end->connection = connection_to (client, end->endpoint);
            end->unusable = end->connection == NULL;
        }
        if (!end->unusable && !end->connection->lost && !s_doubted (end->connection))
            return end->connection;
    }
    return client->connections[0];
}

void
routes_correct (zgrid_client_t *client, uint16_t slot, uint64_t epoch, const connection_t *owner)
{
    routes_t *routes = &client->routes;
    uint32_t partition = s_partition (client, slot);
    if (partition >= routes->partitions || epoch < routes->epoch)
        return;
    for (size_t at = 0; at < routes->end_count; at++)
        if (routes->ends[at].connection == owner || strcmp (routes->ends[at].endpoint, owner->endpoint) == 0)
            routes->owners[partition] = (uint16_t) at;
}

void
routes_clear (routes_t *self)
{
    for (size_t at = 0; at < self->end_count; at++)
        mem_free (self->ends[at].endpoint);
    mem_free (self->ends);
    mem_free (self->owners);
    mem_free (self->routers);
    *self = (routes_t) { .owners = NULL };
}

void
routes_set (zgrid_client_t *client, routes_t *routes)
{
    routes_clear (&client->routes);
    client->routes = *routes;
    *routes = (routes_t) { .owners = NULL };
    client->trim = true;
    client->older = 0;
    scout_content (client);
    retry_reroute (client);
}

//  Only what a server on the network can be: its word must not make us open anything else.
bool
routes_usable (bytes_t endpoint)
{
    return endpoint.size > 6 && endpoint.size <= S_ENDPOINT_MAX && !memchr (endpoint.data, 0, endpoint.size)
           && (memcmp (endpoint.data, "tcp://", 6) == 0 || memcmp (endpoint.data, "ipc://", 6) == 0);
}

static bool
s_take_ends (mp_t *reader, routes_t *routes)
{
    uint32_t count;
    if (!mp_array (reader, &count) || count > S_ENDS_MAX || routes->ends)
        return false;
    routes->ends = mem_alloc_zero (count + 1, sizeof *routes->ends);
    if (!routes->ends)
        return false;
    for (; routes->end_count < count; routes->end_count++) {
        bytes_t endpoint;
        if (!mp_bytes (reader, &endpoint))
            return false;
        route_end_t *end = &routes->ends[routes->end_count];
        end->unusable = !routes_usable (endpoint);
        if (end->unusable)
            endpoint.size = 0;
        end->endpoint = mem_alloc_zero (endpoint.size + 1, 1);
        if (!end->endpoint)
            return false;
        if (endpoint.size)
            memcpy (end->endpoint, endpoint.data, endpoint.size);
    }
    return true;
}

static bool
s_take_owners (mp_t *reader, routes_t *routes)
{
    bytes_t owners;
    if (!mp_bytes (reader, &owners) || owners.size % 2 || routes->owners)
        return false;
    routes->owners = mem_alloc (owners.size + 2);
    if (!routes->owners)
        return false;
    for (size_t at = 0; at < owners.size / 2; at++)
        routes->owners[at] = (uint16_t) (owners.data[at * 2] << 8 | owners.data[at * 2 + 1]);
    //  Compared with the count that the table itself gives
    routes->owners[owners.size / 2] = S_NOBODY;
    routes->partitions = (uint32_t) (owners.size / 2);
    return true;
}

//  Joins them to one text; those that are of no use are left out.
static bool
s_take_routers (mp_t *reader, routes_t *routes)
{
    uint32_t count;
    size_t size = 0, kept = 0;
    if (!mp_array (reader, &count) || routes->routers)
        return false;
    routes->routers = mem_alloc (CLIENT_ROUTERS_MAX * (S_ENDPOINT_MAX + 1u));
    if (!routes->routers)
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t endpoint;
        if (!mp_bytes (reader, &endpoint))
            return false;
        if (kept == CLIENT_ROUTERS_MAX || !routes_usable (endpoint)
            || memchr (endpoint.data, ',', endpoint.size))
            continue;
        memcpy (routes->routers + size, endpoint.data, endpoint.size);
        size += endpoint.size;
        routes->routers[size++] = ',';
        kept++;
    }
    routes->routers[size ? size - 1 : 0] = 0;
    return true;
}

static bool
s_lists (const char *routers, const char *endpoint)
{
    size_t size = strlen (endpoint);
    for (const char *at = routers; at && *at; at += strcspn (at, ","), at += *at == ',')
        if (strcspn (at, ",") == size && memcmp (at, endpoint, size) == 0)
            return true;
    return false;
}

//  The router was one that should be asked, and no longer is: it leaves, or is suspected. Who waits until
//  it is silent misses the views meanwhile, and sends requests to members that are gone.
static bool
s_router_goes (const zgrid_client_t *client, const routes_t *after)
{
    const char *endpoint = client->connections[0]->endpoint;
    return s_lists (client->routes.routers, endpoint) && after->routers && *after->routers
           && !s_lists (after->routers, endpoint);
}

void
routes_take_routers (zgrid_client_t *client, mp_t *reader, uint64_t epoch)
{
    routes_t named = { .owners = NULL };
    if (epoch > client->routes.epoch && s_take_routers (reader, &named) && *named.routers) {
        char *before = client->routes.routers;
        bool goes = s_router_goes (client, &named);
        client->routes.routers = named.routers;
        named.routers = before;
        if (goes)
            scout_begin (client, false);
    }
    routes_clear (&named);
}

static bool
s_parse (bytes_t tree, routes_t *routes)
{
    mp_t reader = mp_of (tree);
    uint32_t count;
    uint64_t partitions = 0;
    if (!mp_map (&reader, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name))
            return false;
        bool taken = bytes_equal (name, bytes_str ("partitions"))  ? mp_uint (&reader, &partitions)
                     : bytes_equal (name, bytes_str ("epoch"))     ? mp_uint (&reader, &routes->epoch)
                     : bytes_equal (name, bytes_str ("routers"))   ? s_take_routers (&reader, routes)
                     : bytes_equal (name, bytes_str ("endpoints")) ? s_take_ends (&reader, routes)
                     : bytes_equal (name, bytes_str ("owners"))    ? s_take_owners (&reader, routes)
                                                                   : mp_skip (&reader);
        if (!taken)
            return false;
    }
    return partitions >= 1 && partitions <= SLOT_COUNT && routes->partitions == partitions
           && routes->end_count;
}

static bool
s_same_text (const char *one, const char *other)
{
    return one == other || (one && other && strcmp (one, other) == 0);
}

static bool
s_same (const routes_t *one, const routes_t *other)
{
    if (one->epoch != other->epoch || one->partitions != other->partitions
        || one->end_count != other->end_count || !s_same_text (one->routers, other->routers)
        || memcmp (one->owners, other->owners, one->partitions * sizeof *one->owners) != 0)
        return false;
    for (size_t at = 0; at < one->end_count; at++)
        if (strcmp (one->ends[at].endpoint, other->ends[at].endpoint) != 0)
            return false;
    return true;
}

bool
routes_take (zgrid_client_t *client, bytes_t tree)
{
    routes_t routes = { .owners = NULL };
    bool taken = s_parse (tree, &routes);
    if (taken) {
        client->counters.learned++;
        //  A router may be behind the others, but not for ever
        bool older = client->routes.owners && routes.epoch && routes.epoch < client->routes.epoch
                     && ++client->older < S_OLDER_MAX;
        bool goes = !older && s_router_goes (client, &routes);
        if (!older && !(client->routes.owners && s_same (&routes, &client->routes)))
            routes_set (client, &routes);
        if (goes)
            scout_begin (client, false);
    }
    routes_clear (&routes);
    return taken;
}

void
routes_silent (zgrid_client_t *client, connection_t *connection)
{
    if (connection == client->connections[0] || strncmp (connection->endpoint, "inproc://", 9) == 0)
        return;
    connection->doubt_until = wait_clock () + CLIENT_DOUBT_MS;
    learn_soon (client);
}

static bool
s_named (const routes_t *routes, const connection_t *connection)
{
    for (size_t at = 0; at < routes->end_count; at++)
        if (routes->ends[at].connection == connection
            || strcmp (routes->ends[at].endpoint, connection->endpoint) == 0)
            return true;
    return false;
}

void
routes_trim (zgrid_client_t *client)
{
    client->trim = false;
    size_t kept = 1;
    for (size_t at = 1; at < client->connection_count; at++) {
        connection_t *connection = client->connections[at];
        bool idle = connection->queued + connection->flying == 0 && !connection->has_unsent;
        if (idle && !connection->foreign && connection != client->scouting.best
            && !s_named (&client->routes, connection)) {
            if (client->cached)
                cached_left (client, connection);
            connection_destroy (&connection);
        } else
            client->connections[kept++] = connection;
    }
    client->connection_count = kept;
}

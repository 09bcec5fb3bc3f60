//  routes: which endpoint owns which partition, as ROUTES told or as an embedding node knows. What
//  the table does not tell goes through the router, which serves everything.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"
#include "slot.h"

#define S_ENDS_MAX 4096
#define S_ENDPOINT_MAX 255
#define S_NOBODY 0xffff
#define S_LEARNING_MS 2000 // A ROUTES without answer is given up after this

uint32_t
routes_partition (const zgrid_client_t *client, bytes_t key)
{
    if (!client->routes.owners)
        return PARTITION_NONE;
    return slot_partition (slot_of_key (key), client->routes.partitions);
}

connection_t *
routes_connection (zgrid_client_t *client, uint32_t partition)
{
    routes_t *routes = &client->routes;
    if (partition < routes->partitions && routes->owners && routes->owners[partition] < routes->end_count) {
        route_end_t *end = &routes->ends[routes->owners[partition]];
        if (!end->connection && !end->silent) {
            end->connection = connection_to (client, end->endpoint);
            end->silent = end->connection == NULL;
        }
        if (!end->silent && !end->connection->lost)
            return end->connection;
    }
    return client->connections[0];
}

void
routes_learn (zgrid_client_t *client)
{
    item_t *item = &client->learning;
    if (client->indirect || client->inner || (item->state != ITEM_NEW && item->state != ITEM_DONE))
        return;
    buf_t out = { client->learning_data, 0, sizeof client->learning_data, false };
    request_encode (&out, &(record_t) { .op = OP_ROUTES });
    assert (out.data == client->learning_data && !out.failed);
    *item = (item_t) { .data = out.data,
                       .size = (uint32_t) out.size,
                       .op = OP_ROUTES,
                       .kind = ITEM_OF_ROUTES,
                       .partition = PARTITION_NONE };
    client->learning_until = wait_clock () + S_LEARNING_MS;
    if (client->learning_until < client->expire_at)
        client->expire_at = client->learning_until;
    connection_queue (client->connections[0], item);
}

void
routes_clear (routes_t *self)
{
    for (size_t at = 0; at < self->end_count; at++)
        mem_free (self->ends[at].endpoint);
    mem_free (self->ends);
    mem_free (self->owners);
    *self = (routes_t) { 0, NULL, NULL, 0 };
}

void
routes_set (zgrid_client_t *client, routes_t *routes)
{
    routes_clear (&client->routes);
    client->routes = *routes;
    *routes = (routes_t) { 0, NULL, NULL, 0 };
    client->trim = true;
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
        end->silent = !routes_usable (endpoint);
        if (end->silent)
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
                     : bytes_equal (name, bytes_str ("endpoints")) ? s_take_ends (&reader, routes)
                     : bytes_equal (name, bytes_str ("owners"))    ? s_take_owners (&reader, routes)
                                                                   : mp_skip (&reader);
        if (!taken)
            return false;
    }
    return partitions >= 1 && partitions <= SLOT_COUNT && routes->partitions == partitions
           && routes->end_count;
}

bool
routes_take (zgrid_client_t *client, bytes_t tree)
{
    routes_t routes = { 0, NULL, NULL, 0 };
    bool taken = s_parse (tree, &routes);
    if (taken) {
        routes_set (client, &routes);
        client->counters.learned++;
    }
    routes_clear (&routes);
    return taken;
}

void
routes_silent (zgrid_client_t *client, const connection_t *connection)
{
    if (client->inner || connection == client->connections[0])
        return;
    for (size_t at = 0; at < client->routes.end_count; at++)
        if (client->routes.ends[at].connection == connection)
            client->routes.ends[at].silent = true;
    routes_learn (client);
}

static bool
s_named (const routes_t *routes, const connection_t *connection)
{
    for (size_t at = 0; at < routes->end_count; at++)
        if (strcmp (routes->ends[at].endpoint, connection->endpoint) == 0)
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
        bool idle = connection->queued + connection->flying + connection->waiting == 0;
        if (idle && !s_named (&client->routes, connection))
            connection_destroy (&connection);
        else
            client->connections[kept++] = connection;
    }
    client->connection_count = kept;
}

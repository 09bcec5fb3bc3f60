//  adopt: the cluster is gone, and a caller's endpoint answers for another one, as when a server was started
//  anew at its address. The handle goes on with that one as if it had been made now.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_WHY "another cluster has taken the place of the one that it was sent to"

//  Nothing that was meant for the old one is sent any more.
static void
s_forget_ends (zgrid_client_t *client)
{
    for (size_t at = 0; at < client->connection_count; at++) {
        connection_t *connection = client->connections[at];
        if (connection->has_unsent)
            zmq_msg_close (&connection->unsent);
        connection->has_unsent = connection->foreign = false;
    }
    routes_clear (&client->routes);
    client->older = 0;
    if (client->guard)
        guard_expired (client, client->guard);
    if (client->guard_apart)
        guard_expired (client, client->guard_apart);
}

//  Whether it may have been executed by the old one.
static bool
s_doubtful (const item_t *item)
{
    return item->writes && (item->doubt || item->state == ITEM_SENT);
}

//  Reads are asked again; a write that was refused becomes a request of a new session.
static void
s_renew (zgrid_client_t *client, item_t *item)
{
    item->guard = 0;
    item->apart = false;
    item->moves = item->tries = item->refused = 0;
    if (item->state == ITEM_SENT)
        retry_resend (client, item);
}

static void
s_settle (zgrid_client_t *client)
{
    for (size_t at = 0; at < client->pending.size; at++) {
        item_t *item = client->pending.slots[at];
        if (!item || (item->kind != ITEM_OF_BATCH && item->kind != ITEM_OF_FUTURE))
            continue;
        if (!s_doubtful (item)) {
            s_renew (client, item);
            continue;
        }
        if (item->state == ITEM_SENT)
            connection_land (item->connection, item);
        reply_fail (client, item, ZGRID_MAYBE, S_WHY);
    }
    wait_sweep (client);
}

void
adopt (zgrid_client_t *client, connection_t *connection)
{
    client->cluster = connection->cluster;
    client->counters.adopted++;
    client->scouting.barren = 0;
    client->scouting.best = NULL;
    s_forget_ends (client);
    if (client->cached)
        cached_forget (client);
    s_settle (client);
    learn_from (client, connection);
    //  Closes all the others: what libzmq still holds for them is lost
    routes_trim (client);
}

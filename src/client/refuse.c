//  refuse: answers that are none. What they say did not happen is sent again; where it may have happened
//  all the same, because an earlier sending had no answer, it is said so.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_AGAIN (-1)

//  A pause that doubles with each try.
static uint64_t
s_pause (item_t *item, uint64_t first, uint64_t most)
{
    uint64_t pause = first << (item->tries < 8 ? item->tries : 8);
    item->tries += item->tries < UINT8_MAX;
    return pause < most ? pause : most;
}

//  The connection to the owner that MOVED names; NULL: it names none that could be used, or one out of
//  an older table than ours.
static connection_t *
s_owner (zgrid_client_t *client, const meta_t *meta)
{
    char endpoint[256];
    bool older = (meta->given & META_epoch) && meta->epoch < client->routes.epoch;
    if (client->indirect || older || !(meta->given & META_owner) || !routes_usable (meta->owner)
        || meta->owner.size >= sizeof endpoint)
        return NULL;
    memcpy (endpoint, meta->owner.data, meta->owner.size);
    endpoint[meta->owner.size] = 0;
    return connection_to (client, endpoint);
}

//  To the owner that it names; after some of them, or if it names none, through the router.
static int
s_move (zgrid_client_t *client, item_t *item, const meta_t *meta)
{
    item->moves += item->moves < UINT8_MAX;
    client->counters.moved++;
    learn_soon (client);
    if (item->moves > CLIENT_MOVES_DIRECT) {
        retry_later (client, item, s_pause (item, 1, CLIENT_BACKOFF_MS));
        return S_AGAIN;
    }
    connection_t *owner = s_owner (client, meta);
    if (owner)
        routes_correct (client, item->slot, meta->given & META_epoch ? meta->epoch : 0, owner);
    connection_queue (owner ? owner : client->connections[0], item);
    return S_AGAIN;
}

//  It was not executed now, and if it was not before, either, it may become another request.
static int
s_rename (zgrid_client_t *client, item_t *item)
{
    if (item->doubt)
        return ZGRID_MAYBE;
    pending_remove (&client->pending, item);
    item->guard = 0;
    item->apart = false;
    client->counters.retried++;
    retry_later (client, item, s_pause (item, 1, CLIENT_BACKOFF_MS));
    return S_AGAIN;
}

static int
s_expired (zgrid_client_t *client, item_t *item)
{
    guard_expired (client, item->guard);
    //  It may not be the member any more that the table means
    routes_silent (client, item->connection);
    learn_soon (client);
    return s_rename (client, item);
}

//  BUSY, TRYAGAIN, UNAVAILABLE, MAYBE.
static int
s_wait (zgrid_client_t *client, item_t *item, unsigned status, const meta_t *meta)
{
    uint64_t pause = status == ZGRID_UNAVAILABLE ? s_pause (item, 8, CLIENT_ABSENCE_MS)
                                                 : s_pause (item, 1, CLIENT_BACKOFF_MS);
    if (meta->given & META_retry)
        pause = meta->retry < CLIENT_RETRY_MS ? meta->retry : CLIENT_RETRY_MS;
    if (status == ZGRID_UNAVAILABLE || status == ZGRID_MAYBE)
        learn_soon (client);
    if (status != ZGRID_BUSY)
        scout_refused (client);
    client->counters.retried++;
    retry_later (client, item, pause);
    return S_AGAIN;
}

int
refuse_take (zgrid_client_t *client, item_t *item, const reply_t *reply)
{
    meta_t meta;
    bool node = op_info (item->op)->routing == ROUTING_NODE;
    unsigned status = reply->status;
    if (!meta_decode (reply->meta, &meta))
        return ZGRID_WRONGTYPE;
    item->sends = 0;
    switch (status) {
        case ZGRID_TIMEOUT:
            return item->doubt ? ZGRID_MAYBE : ZGRID_TIMEOUT;
        case ZGRID_MAYBE:
            if (node || !retry_safe (client, item))
                return ZGRID_MAYBE;
            item->doubt = item->writes;
            return s_wait (client, item, status, &meta);
        case ZGRID_SESSION_EXPIRED:
        case ZGRID_STALE_REQUEST:
            if (!item->guard)
                return (int) status;
            item->refused = (uint8_t) status;
            return status == ZGRID_STALE_REQUEST ? s_rename (client, item) : s_expired (client, item);
        case ZGRID_UNAVAILABLE:
            if (node)
                return (int) status;
            break;
        default:
            break;
    }
    item->refused = (uint8_t) status;
    return status == ZGRID_MOVED ? s_move (client, item, &meta) : s_wait (client, item, status, &meta);
}

//  client_retry: how the client library survives faults: learning routes and sessions, waiting for
//  another try, sending again. A part of client_impl.h.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLIENT_RETRY_H_INCLUDED
#define CLIENT_RETRY_H_INCLUDED

//  ------------------------------------------------------------------------------------------------
//  learn.c

//  Asks for routes and session: now, or as soon as that is not too often.
void
    learn_soon (zgrid_client_t *client);

//  True until both are answered, or given up.
bool
    learn_busy (const zgrid_client_t *client);

//  Asks if it is time, and gives up what takes too long.
void
    learn_turn (zgrid_client_t *client, uint64_t now);

//  HELLO and ROUTES were answered.
void
    learn_hello (zgrid_client_t *client, connection_t *connection, bytes_t tree);
void
    learn_routes (zgrid_client_t *client, connection_t *connection, bytes_t tree);

//  Goes on with this router instead of the present one.
void
    learn_from (zgrid_client_t *client, connection_t *other);

//  ------------------------------------------------------------------------------------------------
//  guard.c

//  Takes over a session, if it is one, and newer than the present one or that has expired.
void
    guard_take (zgrid_client_t *client, bytes_t session, uint64_t era);

//  The session of that number; NULL: none, or forgotten.
const guard_t *
    guard_find (const zgrid_client_t *client, uint16_t number);

//  A server said that it has forgotten it, or may have.
void
    guard_expired (zgrid_client_t *client, uint16_t number);

//  Writes the WITH record for a body.
void
    guard_write (const guard_t *self, pending_t *pending, uint8_t *at);

//  Under which session an item goes.
static inline uint16_t
guard_of (const zgrid_client_t *client, const item_t *item)
{
    if (!item->guarded || item->guard)
        return item->guard;
    return item->waits && client->guard_apart ? client->guard_apart : client->guard;
}

//  Where an item goes.
static inline connection_t *
routes_of (zgrid_client_t *client, const item_t *item)
{
    return routes_connection (client, item->routed ? SLOT_NONE : item->slot);
}

//  ------------------------------------------------------------------------------------------------
//  retry.c, refuse.c

//  An item waits for another try, and with it what is of its lane.
void
    retry_later (zgrid_client_t *client, item_t *item, uint64_t pause_ms);

//  Whether something of this slot waits, so that later items must wait, too.
static inline bool
retry_waits (const zgrid_client_t *client, uint16_t slot)
{
    return client->waiting && slot != SLOT_NONE && client->lanes[slot / (16384u / CLIENT_LANES)].head;
}

//  An item has been sent: look for its answer in time.
static inline void
retry_expect (zgrid_client_t *client, const item_t *item, uint64_t now)
{
    uint64_t wait = item->kind == ITEM_OF_ROUTES || item->kind == ITEM_OF_HELLO ? CLIENT_SILENCE_LEARN_MS
                                                                                 : CLIENT_SILENCE_MS;
    if (now + wait < client->look_at)
        client->look_at = now + wait;
}

//  Queues what has waited long enough.
void
    retry_due (zgrid_client_t *client, uint64_t now);

//  Sends again what has had no answer for too long, and gives up who does not answer.
void
    retry_look (zgrid_client_t *client, uint64_t now);

//  Whether it may be sent again though it may have been executed.
bool
    retry_safe (const zgrid_client_t *client, const item_t *item);

//  A SENT item goes elsewhere, though an answer may come.
void
    retry_resend (zgrid_client_t *client, item_t *item);

//  An item waits behind others of its lane.
void
    retry_behind (zgrid_client_t *client, item_t *item);

//  Queues that hold items of waiting lanes give them up.
void
    retry_divert (zgrid_client_t *client);

//  Routes have changed: what is queued and under way goes where they say.
void
    retry_reroute (zgrid_client_t *client);

//  Takes items that are DONE out of all lanes.
void
    retry_sweep (zgrid_client_t *client);

//  Whether a status calls for refuse_take.
static inline bool
refuse_wants (unsigned status)
{
    return status == ZGRID_BUSY || status == ZGRID_TRYAGAIN || status == ZGRID_MOVED
           || status == ZGRID_UNAVAILABLE || status == ZGRID_MAYBE || status == ZGRID_TIMEOUT
           || status == ZGRID_SESSION_EXPIRED || status == ZGRID_STALE_REQUEST;
}

//  What such an answer means for an item that has landed. Returns the status that it ends with, or -1:
//  it is sent again.
int
    refuse_take (zgrid_client_t *client, item_t *item, const reply_t *reply);

#endif

//  retry: what waits for another try, and what has had no answer. Items of the same slots wait together
//  in a lane, so that what was started later does not overtake.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "slot.h"

#define S_PROBES 64 // Records that are sent again into silence at once

static lane_t *
s_lane (zgrid_client_t *client, uint16_t slot)
{
    return &client->lanes[slot == SLOT_NONE ? CLIENT_LANES : slot / (SLOT_COUNT / CLIENT_LANES)];
}

//  Among those with an id it goes by the id, else to the end.
static void
s_put (zgrid_client_t *client, lane_t *lane, item_t *item)
{
    if (!lane->head) {
        lane->next = client->waiting;
        client->waiting = lane;
    }
    item_t **link = &lane->head;
    if (!item->id && lane->tail)
        link = &lane->tail->next;
    else if (lane->last_sent && lane->last_sent->id < item->id)
        link = &lane->last_sent->next;
    else
        while (*link && (*link)->id && (*link)->id < item->id)
            link = &(*link)->next;
    item->next = *link;
    *link = item;
    if (!item->next)
        lane->tail = item;
    if (item->id && (!lane->last_sent || lane->last_sent->id < item->id))
        lane->last_sent = item;
    item->state = ITEM_LATER;
    item->connection = NULL;
    client->later_count++;
    client->later_bytes += item->size;
}

void
retry_later (zgrid_client_t *client, item_t *item, uint64_t pause_ms)
{
    lane_t *lane = s_lane (client, item->slot);
    uint64_t due = wait_clock () + pause_ms;
    if (!lane->head || lane->due < due)
        lane->due = due;
    s_put (client, lane, item);
    if (due < client->later_at)
        client->later_at = due;
    client->divert = true;
}

void
retry_behind (zgrid_client_t *client, item_t *item)
{
    s_put (client, s_lane (client, item->slot), item);
}

//  Empties a lane; returns what was in it.
static item_t *
s_take (zgrid_client_t *client, lane_t *lane)
{
    item_t *head = lane->head;
    for (const item_t *item = head; item; item = item->next) {
        client->later_count--;
        client->later_bytes -= item->size;
    }
    lane->head = lane->tail = lane->last_sent = NULL;
    return head;
}

static connection_t *
s_target (zgrid_client_t *client, const item_t *item)
{
    if (item->kind == ITEM_OF_SCOUT)
        return item->connection;
    return item->moves > CLIENT_MOVES_DIRECT ? client->connections[0] : routes_of (client, item);
}

void
retry_due (zgrid_client_t *client, uint64_t now)
{
    lane_t **link = &client->waiting;
    client->later_at = TIME_NEVER;
    while (*link) {
        lane_t *lane = *link;
        if (lane->due > now) {
            client->later_at = lane->due < client->later_at ? lane->due : client->later_at;
            link = &lane->next;
            continue;
        }
        *link = lane->next;
        for (item_t *item = s_take (client, lane), *next; item; item = next) {
            next = item->next;
            connection_queue (s_target (client, item), item);
        }
    }
}

void
retry_sweep (zgrid_client_t *client)
{
    lane_t **link = &client->waiting;
    while (*link) {
        lane_t *lane = *link;
        lane_t *next = lane->next;
        item_t *item = s_take (client, lane);
        *link = next;
        for (item_t *after; item; item = after) {
            after = item->next;
            if (item->state != ITEM_DONE) {
                if (!lane->head) { // s_put would put it first
                    *link = lane;
                    lane->head = lane->tail = item;
                    lane->last_sent = item->id ? item : NULL;
                    lane->next = next;
                } else
                    lane->tail = lane->tail->next = item;
                lane->last_sent = item->id ? item : lane->last_sent;
                item->next = NULL;
                client->later_count++;
                client->later_bytes += item->size;
            }
        }
        if (lane->head)
            link = &lane->next;
    }
}

//  Hands out the items of a queue again: to waiting lanes, or where routes say.
static void
s_unqueue (zgrid_client_t *client, connection_t *connection, bool divert)
{
    item_t *item = connection->head;
    connection->head = connection->tail = NULL;
    connection->queued = connection->queued_bytes = 0;
    for (item_t *next; item; item = next) {
        next = item->next;
        if (item->state == ITEM_DONE)
            continue;
        if (divert && retry_waits (client, item->slot))
            retry_behind (client, item);
        else
            connection_queue (divert ? connection : s_target (client, item), item);
    }
}

void
retry_divert (zgrid_client_t *client)
{
    client->divert = false;
    for (size_t at = 0; client->waiting && at < client->connection_count; at++)
        if (client->connections[at]->queued)
            s_unqueue (client, client->connections[at], true);
}

bool
retry_safe (const zgrid_client_t *client, const item_t *item)
{
    return !item->writes || guard_find (client, item->guard);
}

void
retry_resend (zgrid_client_t *client, item_t *item)
{
    connection_land (item->connection, item);
    item->doubt = item->writes;
    client->counters.resent++;
    retry_later (client, item, 0);
}

//  The item at this place, counted from the lowest id on.
static item_t *
s_pending (const zgrid_client_t *client, size_t at)
{
    const pending_t *pending = &client->pending;
    return pending->slots[(pending->low + at) & (pending->size - 1)];
}

void
retry_reroute (zgrid_client_t *client)
{
    //  A queue may hand items to one that comes later and must not be walked over for ever: each item
    //  that is where it belongs stays
    for (size_t at = 0; at < client->connection_count; at++)
        if (client->connections[at]->queued)
            s_unqueue (client, client->connections[at], false);
    for (size_t at = 0; at < client->pending.size; at++) {
        item_t *item = s_pending (client, at);
        if (item && item->state == ITEM_SENT && item->slot != SLOT_NONE && retry_safe (client, item)
            && item->connection != client->connections[0] && s_target (client, item) != item->connection)
            retry_resend (client, item);
    }
    retry_due (client, wait_clock ());
}

//  Milliseconds after which an answer is overdue.
static uint32_t
s_patience (const zgrid_client_t *client, const item_t *item)
{
    if (item->kind == ITEM_OF_ROUTES || item->kind == ITEM_OF_HELLO)
        return CLIENT_SILENCE_LEARN_MS << (client->scouting.cycles < 3 ? client->scouting.cycles : 3);
    unsigned again = item->sends ? item->sends - 1u : 0;
    return CLIENT_SILENCE_MS << (again < 3 ? again : 3);
}

static bool
s_overdue (const zgrid_client_t *client, const item_t *item, uint64_t now)
{
    const connection_t *connection = item->connection;
    return connection->lost || connection->given_up
           || (uint32_t) now - item->sent_at >= s_patience (client, item);
}

static bool
s_unheard (const item_t *item)
{
    return (int32_t) (item->connection->heard_at - item->sent_at) <= 0;
}

//  Looks for endpoints that do not answer. True if the router is one of them.
static bool
s_find_silent (zgrid_client_t *client, uint64_t now)
{
    bool router = false;
    for (size_t at = 0; at < client->pending.size; at++) {
        const item_t *item = s_pending (client, at);
        if (!item || item->state != ITEM_SENT || item->kind == ITEM_OF_SCOUT || item->waits
            || !s_overdue (client, item, now) || !s_unheard (item))
            continue;
        if (item->connection == client->connections[0])
            router = true;
        else if (!item->connection->doubt_until)
            routes_silent (client, item->connection);
    }
    return router;
}

//  Sends again what is overdue.
static void
s_resend (zgrid_client_t *client, uint64_t now)
{
    size_t probes = 0;
    for (size_t at = 0; at < client->pending.size; at++) {
        item_t *item = s_pending (client, at);
        if (!item || item->state != ITEM_SENT || item->kind == ITEM_OF_SCOUT || !retry_safe (client, item))
            continue;
        if (s_overdue (client, item, now)) {
            //  That a lock is not granted says nothing of who is asked
            bool silence = !item->waits && s_unheard (item) && s_target (client, item) == item->connection;
            //  It says something, but not this
            if (!silence && !item->waits && item->sends > 1)
                scout_begin (client, false);
            if (!silence || probes++ < S_PROBES) {
                retry_resend (client, item);
                continue;
            }
            item->sent_at = (uint32_t) now;
        }
        uint64_t look = now + (s_patience (client, item) - ((uint32_t) now - item->sent_at));
        client->look_at = look < client->look_at ? look : client->look_at;
    }
}

void
retry_look (zgrid_client_t *client, uint64_t now)
{
    client->look_at = TIME_NEVER;
    if (client->pending.used == 0)
        return;
    pending_low (&client->pending, false);
    if (s_find_silent (client, now))
        scout_begin (client, true);
    s_resend (client, now);
    retry_due (client, now);
}

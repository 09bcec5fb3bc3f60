//  scout: looking for a better router, while the present one is silent, refuses, or has turned out to
//  be another cluster's. Some candidates at once are asked for HELLO; who answers, is of the same cluster,
//  and knows no older view, is the next one.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_NAME_MAX 256
#define S_REFUSED_MS 1000u // Refusals for so long, and nobody else knows better, are looked into
#define S_GAP_MS 1500u     // Without one for so long: those before do not count
#define S_DOUBLINGS 3u
#define S_BARREN 2         // Cycles without a word of our cluster, after which it is gone: another one has…
#define S_BARREN_SILENT 16 // …the router's place; the router may only be slow

//  The name at this place of a list; false behind its end.
static bool
s_name (const char *list, size_t place, char name[S_NAME_MAX])
{
    for (; list && *list; list += strcspn (list, ","), list += *list == ',') {
        const char *start = list + strspn (list, " \t\r\n");
        size_t size = strcspn (start, ", \t\r\n");
        if (size == 0 || size >= S_NAME_MAX || place--)
            continue;
        memcpy (name, start, size);
        name[size] = 0;
        return true;
    }
    return false;
}

static size_t
s_count (const char *list)
{
    char name[S_NAME_MAX];
    size_t count = 0;
    while (s_name (list, count, name))
        count++;
    return count;
}

static bool
s_open (const item_t *item)
{
    return item->state != ITEM_NEW && item->state != ITEM_DONE;
}

static bool
s_asked (const scouting_t *self, const connection_t *connection)
{
    for (size_t at = 0; at < CLIENT_SCOUTS; at++)
        if (s_open (&self->items[at]) && self->items[at].connection == connection)
            return true;
    return false;
}

//  The next of a list that is neither the present one nor being asked; NULL: there is none.
static connection_t *
s_candidate (zgrid_client_t *client, const char *list, size_t *turn)
{
    size_t count = s_count (list);
    for (size_t tries = 0; tries < count; tries++) {
        char name[S_NAME_MAX];
        if (!s_name (list, (*turn)++ % count, name) || strcmp (name, client->connections[0]->endpoint) == 0)
            continue;
        connection_t *connection = connection_to (client, name);
        if (connection && connection != client->connections[0] && !s_asked (&client->scouting, connection))
            return connection;
    }
    return NULL;
}

static void
s_ask (zgrid_client_t *client, item_t *item, connection_t *connection)
{
    scouting_t *self = &client->scouting;
    buf_t out = { self->data, 0, sizeof self->data, false };
    record_t record = { .op = OP_HELLO };
    request_encode (&out, &record);
    assert (out.data == self->data && !out.failed);
    *item = (item_t) { .kind = ITEM_OF_SCOUT };
    request_item (client, &record, buf_bytes (&out), item);
    connection->foreign = false; // Unless it says so again
    connection_queue (connection, item);
    client->counters.scouts++;
}

//  Where another cluster answers that may take the place of the one that is gone: the router, or the
//  first of the endpoints that the caller gave. NULL: nowhere. Only the caller's word counts.
static connection_t *
s_stranger (const zgrid_client_t *client)
{
    connection_t *found = NULL;
    char name[S_NAME_MAX];
    for (size_t place = 0; s_name (client->endpoints, place, name); place++)
        for (size_t at = 0; at < client->connection_count; at++) {
            connection_t *connection = client->connections[at];
            bool now = at == 0 || (int32_t) (connection->heard_at - client->scouting.cycle_begun) >= 0;
            if (now && connection->foreign && strcmp (connection->endpoint, name) == 0 && (at == 0 || !found))
                found = connection;
        }
    return found;
}

//  Asks the next few: routers that were learned first, but always one of the caller's as well, for those
//  that are learned may change faster than they are tried. False if there is nobody.
static bool
s_round (zgrid_client_t *client, uint64_t now)
{
    scouting_t *self = &client->scouting;
    const char *told = client->indirect ? NULL : client->routes.routers, *own = client->endpoints;
    size_t asked = 0;
    if (self->asked == 0) {
        self->cycle_begun = (uint32_t) now;
        self->ours = false;
    }
    self->best = NULL;
    self->chosen = false;
    for (; asked < CLIENT_SCOUTS; asked++) {
        bool first = asked + 1 < CLIENT_SCOUTS;
        connection_t *next = first ? s_candidate (client, told, &self->told_turn) : NULL;
        if (!next)
            next = s_candidate (client, own, &self->own_turn);
        if (!next && !first)
            next = s_candidate (client, told, &self->told_turn);
        if (!next)
            break;
        s_ask (client, &self->items[asked], next);
    }
    self->asked += asked;
    self->until = now
                  + (CLIENT_SILENCE_LEARN_MS << (self->cycles < S_DOUBLINGS ? self->cycles : S_DOUBLINGS));
    self->alone = self->asked == 0;
    //  Fewer than there could be are all there are
    self->whole = asked < CLIENT_SCOUTS || self->asked + 1 >= s_count (told) + s_count (own);
    if (self->whole) {
        self->asked = 0;
        self->cycles += self->cycles < UINT8_MAX;
    }
    if (self->alone && client->connections[0]->foreign && s_stranger (client))
        self->until = now;
    return asked;
}

//  Whether the router has said anything since this began.
static bool
s_heard (const zgrid_client_t *client)
{
    const connection_t *router = client->connections[0];
    return !router->foreign && (int32_t) (router->heard_at - client->scouting.begun) > 0;
}

void
scout_ours (zgrid_client_t *client)
{
    client->scouting.ours = true;
    client->scouting.barren = 0;
}

void
scout_begin (zgrid_client_t *client, bool silent)
{
    scouting_t *self = &client->scouting;
    self->silent = self->silent || silent;
    if (client->inner || self->until)
        return;
    uint64_t now = wait_clock ();
    if (s_heard (client))
        scout_ours (client);
    self->silent = silent;
    self->begun = (uint32_t) now;
    self->asked = 0;
    if (!s_round (client, now) && !client->connections[0]->foreign)
        self->until = 0;
}

void
scout_refused (zgrid_client_t *client)
{
    scouting_t *self = &client->scouting;
    uint64_t now = wait_clock ();
    if (now > self->refused_last + S_GAP_MS)
        scout_content (client);
    self->refused_last = now;
    if (!self->refused_from)
        self->refused_from = now;
    if (now - self->refused_from < (uint64_t) S_REFUSED_MS << self->doublings)
        return;
    self->refused_from = now;
    self->doublings += self->doublings < S_DOUBLINGS;
    scout_begin (client, false);
}

void
scout_content (zgrid_client_t *client)
{
    client->scouting.refused_from = 0;
    client->scouting.doublings = 0;
}

//  The newest view that was heard of.
static uint64_t
s_known (const zgrid_client_t *client)
{
    return client->router_epoch > client->routes.epoch ? client->router_epoch : client->routes.epoch;
}

void
scout_answered (zgrid_client_t *client, const item_t *item, int status, bytes_t tree)
{
    scouting_t *self = &client->scouting;
    hello_t hello;
    if (status == ZGRID_OK && hello_read (tree, &hello)) {
        bool ours = hello_ours (client, &hello, item->connection);
        if (ours)
            scout_ours (client);
        if (ours && (!self->best || hello.epoch > self->best_epoch)) {
            self->best = item->connection;
            self->best_epoch = hello.epoch;
        }
    }
    //  Into silence the first one that is not behind will do; else the newest of all
    self->chosen = self->best && self->best_epoch >= s_known (client);
    bool open = false;
    for (size_t at = 0; at < CLIENT_SCOUTS; at++)
        open = open || s_open (&self->items[at]);
    //  Who only asks others again must not do so without a pause
    if ((!open && self->best) || (self->chosen && self->silent))
        self->until = wait_clock ();
}

//  A round is over. True if another cluster has been adopted, as in all of some cycles nobody of our own has
//  answered.
static bool
s_adopted (zgrid_client_t *client)
{
    scouting_t *self = &client->scouting;
    if (!self->whole || self->ours)
        return false;
    self->barren += self->barren < UINT8_MAX;
    uint8_t enough = !client->connections[0]->foreign ? S_BARREN_SILENT : self->alone ? 1 : S_BARREN;
    connection_t *stranger = self->barren >= enough ? s_stranger (client) : NULL;
    if (stranger)
        adopt (client, stranger);
    return stranger;
}

static void
s_end (zgrid_client_t *client)
{
    for (size_t at = 0; at < CLIENT_SCOUTS; at++)
        if (s_open (&client->scouting.items[at]))
            connection_end (client, &client->scouting.items[at]);
    wait_sweep (client);
    client->trim = true;
}

void
scout_turn (zgrid_client_t *client, uint64_t now)
{
    scouting_t *self = &client->scouting;
    if (!self->until || now < self->until)
        return;
    s_end (client);
    self->until = 0;
    const connection_t *router = client->connections[0];
    bool heard = s_heard (client);
    bool silent = self->silent && !heard;
    if (heard)
        scout_ours (client);
    if (s_adopted (client))
        return;
    //  A router that is behind is better than a silent one, if all have been asked
    if (self->chosen || (silent && self->best && self->whole)) {
        if (!self->silent || silent)
            learn_from (client, self->best);
        self->best = NULL;
    } else if (router->foreign || (silent && client->pending.used)) {
        s_round (client, now);
    }
}

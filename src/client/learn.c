//  learn: asking a router for session and routes, again and again, and going on with another router
//  when it does not answer.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_LEARNING_MS 2000 // Questions without an answer are given up after this
#define S_NAME_MAX 256

static bool
s_open (const item_t *item)
{
    return item->state != ITEM_NEW && item->state != ITEM_DONE;
}

bool
learn_busy (const zgrid_client_t *client)
{
    return s_open (&client->learning[0]) || s_open (&client->learning[1]);
}

static void
s_ask (zgrid_client_t *client, op_t op, item_kind_t kind, size_t place)
{
    item_t *item = &client->learning[place];
    uint8_t *room = client->learning_data[place];
    buf_t out = { room, 0, sizeof client->learning_data[place], false };
    options_t options = { .given = 0 };
    if (kind == ITEM_OF_HELLO)
        options.given = (client->indirect ? 0 : OPT_views) | (client->on_event ? OPT_events : 0);
    record_t record = { .op = op, .options = &options };
    request_encode (&out, &record);
    assert (out.data == room && !out.failed);
    *item = (item_t) { .kind = (uint8_t) kind };
    request_item (client, &record, buf_bytes (&out), item);
    wait_start (client, item);
}

static void
s_start (zgrid_client_t *client, uint64_t now)
{
    client->learned_at = now;
    client->learn_at = TIME_NEVER;
    client->learning_until = now + S_LEARNING_MS;
    s_ask (client, OP_HELLO, ITEM_OF_HELLO, 0);
    //  A node that nobody can reach is alone: its table is known
    if (!client->indirect && (!client->inner || client->inner_ends))
        s_ask (client, OP_ROUTES, ITEM_OF_ROUTES, 1);
}

void
learn_soon (zgrid_client_t *client)
{
    uint64_t now = wait_clock ();
    if (!learn_busy (client) && now >= client->learned_at + CLIENT_LEARN_MS)
        s_start (client, now);
    else if (client->learn_at == TIME_NEVER)
        client->learn_at = client->learned_at + CLIENT_LEARN_MS;
}

void
zgrid_client_on_event (zgrid_client_t *self, zgrid_event_fn *fn, void *arg)
{
    self->on_event = fn;
    self->event_arg = arg;
    if (fn)
        learn_soon (self);
}

static void
s_give_up (zgrid_client_t *client)
{
    for (size_t at = 0; at < 2; at++)
        if (s_open (&client->learning[at]))
            connection_end (client, &client->learning[at]);
    wait_sweep (client);
}

void
learn_turn (zgrid_client_t *client, uint64_t now)
{
    if (learn_busy (client)) {
        if (now >= client->learning_until)
            s_give_up (client);
    } else if (now >= client->learn_at)
        s_start (client, now);
}

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

//  Another router than the present one, or NULL.
static connection_t *
s_next (zgrid_client_t *client)
{
    const char *told = client->indirect ? NULL : client->routes.routers;
    size_t first = s_count (told), all = first + s_count (client->endpoints);
    for (size_t tries = 0; tries < all; tries++) {
        char name[S_NAME_MAX];
        size_t place = client->router_turn++ % all;
        bool named = place < first ? s_name (told, place, name)
                                   : s_name (client->endpoints, place - first, name);
        if (!named || strcmp (name, client->connections[0]->endpoint) == 0)
            continue;
        connection_t *connection = connection_to (client, name);
        if (connection && connection != client->connections[0])
            return connection;
    }
    return NULL;
}

void
learn_failover (zgrid_client_t *client)
{
    connection_t *other = client->inner ? NULL : s_next (client);
    if (!other)
        return;
    connection_t *before = client->connections[0];
    size_t at = 0;
    while (client->connections[at] != other)
        at++;
    client->connections[0] = other;
    client->connections[at] = before;
    before->given_up = true;
    other->given_up = false;
    other->doubt_until = 0;
    client->unheard += client->unheard < UINT8_MAX;
    client->counters.failovers++;
    client->trim = true;
    s_give_up (client);
    s_start (client, wait_clock ());
    retry_reroute (client);
}

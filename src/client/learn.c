//  learn: asking a router for session and routes, again and again, and going on with another router.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_LEARNING_MS 2000 // Questions without an answer are given up after this

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

//  How often the router is asked whose it is. Who stands in line hears nothing, and must hear soon of an
//  owner that is gone.
static uint64_t
s_interval (const zgrid_client_t *client)
{
    return client->pending.waiting ? CLIENT_WATCH_MS : CLIENT_CONFIRM_MS;
}

//  ZeroMQ may have connected to somebody else at the same address, and reads do not show that.
static void
s_confirm (zgrid_client_t *client, uint64_t now)
{
    client->learned_at = now;
    client->learning_until = now + S_LEARNING_MS;
    s_ask (client, OP_HELLO, ITEM_OF_HELLO, 0);
}

void
learn_turn (zgrid_client_t *client, uint64_t now)
{
    if (learn_busy (client)) {
        if (now >= client->learning_until)
            s_give_up (client);
    } else if (now >= client->learn_at)
        s_start (client, now);
    else if (!client->inner && now >= client->learned_at + s_interval (client))
        s_confirm (client, now);
    scout_turn (client, now);
}

void
learn_hello (zgrid_client_t *client, connection_t *connection, bytes_t tree)
{
    hello_t hello;
    if (!hello_read (tree, &hello))
        return;
    if (!hello_ours (client, &hello, connection)) {
        scout_begin (client, true);
        return;
    }
    guard_take (client, hello.session, hello.era);
    if (connection == client->connections[0]) {
        client->router_epoch = hello.epoch;
        scout_ours (client);
    }
}

void
learn_routes (zgrid_client_t *client, connection_t *connection, bytes_t tree)
{
    //  Whose table it is, HELLO says
    if (client->cluster.size && s_open (&client->learning[0]))
        learn_soon (client);
    else if (!connection->foreign)
        routes_take (client, tree);
}

void
learn_from (zgrid_client_t *client, connection_t *other)
{
    connection_t *before = client->connections[0];
    size_t at = 0;
    while (client->connections[at] != other)
        at++;
    client->connections[0] = other;
    client->connections[at] = before;
    client->router_epoch = 0;
    before->given_up = true;
    other->given_up = false;
    other->doubt_until = 0;
    client->counters.failovers += other != before;
    client->trim = true;
    s_give_up (client);
    s_start (client, wait_clock ());
    retry_reroute (client);
}

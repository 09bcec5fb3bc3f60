//  one_client: see one_client.h.
//  SPDX-License-Identifier: MPL-2.0
#include "actor/one_client.h"

#include "lib/test.h"

fake_server_t *one_server;
zgrid_client_t *one_client;

void
one_connect (const char *endpoints, bool indirect)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = endpoints;
    options.indirect = indirect;
    zgrid_client_destroy (&one_client);
    ck_assert_int_eq (zgrid_client_new (&one_client, &options), ZGRID_OK);
}

void
one_setup (void)
{
    one_server = fake_server_new (ONE_STORAGES);
    fake_server_set (one_server, FAKE_SESSIONS, 1);
    fake_server_set (one_server, FAKE_ERA, 1);
    fake_server_set (one_server, FAKE_ROUTERS, 1);
    one_connect (fake_server_endpoint (one_server, 0), false);
}

void
one_teardown (void)
{
    zgrid_client_destroy (&one_client);
    fake_server_destroy (&one_server);
}

void
one_set (fake_t what, uint64_t value)
{
    fake_server_set (one_server, what, value);
}

uint64_t
one_count (fake_t what)
{
    return fake_server_get (one_server, what);
}

int
one_incr (const char *key)
{
    return zgrid_client_incr (one_client, "map", zgrid_str (key), 1, NULL, NULL);
}

int64_t
one_value (const char *key)
{
    int64_t value = -1;
    ck_assert_int_eq (zgrid_client_get_int (one_client, "map", key, &value), ZGRID_OK);
    return value;
}

//  session_id: see session_id.h.
//  SPDX-License-Identifier: MPL-2.0
#include "session_id.h"

_Static_assert(SESSION_ROUTER < SESSION_ACTORS_MAX, "the router's sessions have a number of their own");

static void
s_put (uint8_t *at, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0) {
        at[bytes] = (uint8_t) number;
        number >>= 8;
    }
}

static uint64_t
s_get (const uint8_t *at, unsigned bytes)
{
    uint64_t number = 0;
    while (bytes-- > 0)
        number = number << 8 | *at++;
    return number;
}

//  The id is random already, but for tests.
static uint64_t
s_mark (uint64_t cluster)
{
    return (cluster * UINT64_C (0x9e3779b97f4a7c15)) >> 48;
}

bool
session_is_of (const uint8_t session[SESSION_SIZE], uint64_t cluster)
{
    return s_get (session + 4, 2) == s_mark (cluster);
}

bool
session_issue (session_issuer_t *self, uint64_t cluster, uint32_t era, uint8_t session[SESSION_SIZE])
{
    if (era > self->era) {
        self->era = era;
        self->issued = 0;
    }
    if (self->node == 0 || self->actor >= SESSION_ACTORS_MAX || self->issued == SESSION_COUNT_MAX)
        return false;
    s_put (session, self->era, 4);
    s_put (session + 4, s_mark (cluster), 2);
    s_put (session + 6, self->node, 6);
    s_put (session + 12, self->actor << 25 | self->issued++, 4);
    return true;
}

uint32_t
session_era (const uint8_t session[SESSION_SIZE])
{
    return (uint32_t) s_get (session, 4);
}

uint64_t
session_node (const uint8_t session[SESSION_SIZE])
{
    return s_get (session + 6, 6);
}

uint32_t
session_actor (const uint8_t session[SESSION_SIZE])
{
    return (uint32_t) s_get (session + 12, 4) >> 25;
}

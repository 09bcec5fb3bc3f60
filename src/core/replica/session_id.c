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

bool
session_issue (session_issuer_t *self, uint32_t era, uint8_t session[SESSION_SIZE])
{
    if (era > self->era) {
        self->era = era;
        self->issued = 0;
    }
    if (self->node == 0 || self->actor >= SESSION_ACTORS_MAX || self->issued == SESSION_COUNT_MAX)
        return false;
    s_put (session, self->era, 4);
    s_put (session + 4, self->node, 8);
    s_put (session + 12, self->actor << 25 | self->issued++, 4);
    return true;
}

uint32_t
session_era (const uint8_t session[SESSION_SIZE])
{
    return (uint32_t) s_get (session, 4);
}

node_id_t
session_node (const uint8_t session[SESSION_SIZE])
{
    return s_get (session + 4, 8);
}

uint32_t
session_actor (const uint8_t session[SESSION_SIZE])
{
    return (uint32_t) s_get (session + 12, 4) >> 25;
}

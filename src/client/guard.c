//  guard: sessions. Under a session a record's id names the request: servers execute it once, however
//  often it is sent (doc/protocol.md, section 14). A body that holds a guarded record begins with a
//  WITH record. LOCKs have a session of their own: one that stands in line has no answer for a minute, and
//  its id would be the ack of all others meanwhile.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_WITH_ID 1 // Is not answered; no other record has it

static guard_t *
s_slot (zgrid_client_t *client, uint16_t number)
{
    return &client->guards[number % CLIENT_GUARDS];
}

const guard_t *
guard_find (const zgrid_client_t *client, uint16_t number)
{
    //  A number is not given again while an item has it
    return number ? &client->guards[number % CLIENT_GUARDS] : NULL;
}

//  Whether a request under way belongs to the session in this place.
static bool
s_used (const zgrid_client_t *client, uint16_t number)
{
    for (size_t at = 0; at < client->pending.size; at++) {
        const item_t *item = client->pending.slots[at];
        if (item && item->guard && item->guard % CLIENT_GUARDS == number % CLIENT_GUARDS)
            return true;
    }
    return false;
}

static void
s_encode (guard_t *self)
{
    buf_t out = { self->with, 0, sizeof self->with, false };
    options_t options = { .given = OPT_session | OPT_ack, .ack = UINT64_MAX };
    options.session = value_bytes (bytes_of (self->session, sizeof self->session));
    wire_request (&out, S_WITH_ID, OP_WITH, bytes_of (NULL, 0), NULL, NULL, &options);
    //  guard_write knows that ack comes last, in nine bytes
    assert (out.data == self->with && !out.failed && out.size == sizeof self->with);
    assert (self->with[sizeof self->with - 9] == 0xcf);
}

//  A number that nobody uses; 0: there is none.
static uint16_t
s_number (const zgrid_client_t *client)
{
    uint16_t number = client->guard_last;
    for (unsigned tries = 0; tries < CLIENT_GUARDS; tries++) {
        number = number == UINT16_MAX ? 1 : (uint16_t) (number + 1);
        unsigned place = number % CLIENT_GUARDS;
        bool live = (client->guard && place == client->guard % CLIENT_GUARDS)
                    || (client->guard_apart && place == client->guard_apart % CLIENT_GUARDS);
        if (!live && !s_used (client, number))
            return number;
    }
    return 0;
}

static bool
s_wants (const guard_t *present, uint64_t era)
{
    return !present || present->expired || era > present->era;
}

//  True if it is this session already: where that has expired, another one is needed.
static bool
s_is (const guard_t *present, bytes_t session)
{
    return present && memcmp (present->session, session.data, session.size) == 0;
}

void
guard_take (zgrid_client_t *client, bytes_t session, uint64_t era)
{
    const guard_t *present = guard_find (client, client->guard);
    const guard_t *other = guard_find (client, client->guard_apart);
    bool apart = !s_wants (present, era);
    if (session.size != sizeof present->session || (apart && !s_wants (other, era)) || s_is (present, session)
        || s_is (other, session))
        return;
    uint16_t number = s_number (client);
    if (!number)
        return;
    guard_t *self = s_slot (client, number);
    *self = (guard_t) { .era = era, .apart = apart };
    memcpy (self->session, session.data, session.size);
    s_encode (self);
    client->guard_last = number;
    *(apart ? &client->guard_apart : &client->guard) = number;
    client->counters.sessions += !apart;
    if (!apart && other && s_wants (other, era))
        learn_soon (client);
}

void
guard_expired (zgrid_client_t *client, uint16_t number)
{
    s_slot (client, number)->expired = true;
}

void
guard_write (const guard_t *self, pending_t *pending, uint8_t *at)
{
    uint64_t ack = pending_low (pending, self->apart);
    memcpy (at, self->with, sizeof self->with);
    for (size_t place = sizeof self->with; place-- > sizeof self->with - 8; ack >>= 8)
        at[place] = (uint8_t) ack;
}

//  locks: taking locks, waiting for them, and giving back those that nobody wants any more.
//  SPDX-License-Identifier: MPL-2.0
#include "lock/lock.h"

#include "client_impl.h"

#define S_SESSION_MS 250 // A handle's first LOCK waits so long for a session of its own

//  What a lock operation says: a lease, a wait, a token.
typedef struct {
    bytes_t key;
    value_t token;
    options_t options;
    uint32_t timeout_ms;
    record_t record;
} s_call_t;

//  Fills the call in place: its record points into it.
static void
s_fill (const zgrid_client_t *client, op_t op, bytes_t map, bytes_t key, uint64_t token, uint32_t lease_ms,
        uint32_t wait_ms, s_call_t *call)
{
    bool held = op == OP_UNLOCK || op == OP_LEASE;
    *call = (s_call_t) { .key = key, .token = value_int ((int64_t) token) };
    request_options (client, NULL, &call->options, &call->timeout_ms);
    if (lease_ms) {
        call->options.given |= OPT_px;
        call->options.time = lease_ms;
    }
    if (op == OP_LOCK) {
        call->options.given |= OPT_wait;
        call->options.wait = wait_ms;
        request_wait (client, op, &call->options, &call->timeout_ms);
    }
    call->record = (record_t) { op, map, &call->key, held ? &call->token : NULL, &call->options };
}

//  A token is positive as a signed number: no server has given another one.
static int
s_check (op_t op, const char *map, uint64_t token)
{
    if (!map)
        return ZGRID_MALFORMED;
    return (op == OP_UNLOCK || op == OP_LEASE) && (token == 0 || token > INT64_MAX) ? ZGRID_NOSUCHLOCK
                                                                                    : ZGRID_OK;
}

//  ------------------------------------------------------------------------------------------------
//  Blocking

static int
s_run (zgrid_client_t *self, op_t op, const char *map, zgrid_bytes_t key, uint64_t token, uint32_t lease_ms,
       uint32_t wait_ms, zgrid_entry_t *entry)
{
    s_call_t call;
    int status = s_check (op, map, token);
    const char *why = status == ZGRID_OK ? "called from within a future's function" : NULL;
    *entry = entry_of (status);
    if (status == ZGRID_OK)
        status = client_enter (self);
    if (status != ZGRID_OK)
        return client_fail (self, status, op_info (op)->name, bytes_str (map ? map : ""), why);
    s_fill (self, op, bytes_str (map), request_bytes (key), token, lease_ms, wait_ms, &call);
    return call_wire (self, &call.record, call.timeout_ms, entry);
}

//  HELLO gives one session at a time; LOCKs want the second one.
static void
s_await_session (zgrid_client_t *self)
{
    if (self->inside || self->guard_apart || !self->guard || self->asked_apart)
        return;
    self->asked_apart = true;
    uint64_t until = wait_clock () + S_SESSION_MS;
    learn_soon (self);
    while (!self->guard_apart && wait_clock () < until)
        wait_turn (self, until);
}

int
zgrid_client_lock (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms,
                   uint32_t wait_ms, uint64_t *token)
{
    zgrid_entry_t entry;
    int status;
    s_await_session (self);
    for (uint32_t left = wait_ms;; left -= LOCK_WAIT_MAX) {
        uint32_t wait = left < LOCK_WAIT_MAX ? left : LOCK_WAIT_MAX;
        status = s_run (self, OP_LOCK, map, key, 0, lease_ms, wait, &entry);
        if (status != ZGRID_LOCKED || left <= LOCK_WAIT_MAX)
            break;
    }
    *token = status == ZGRID_OK ? (uint64_t) entry.integer : 0;
    return status;
}

int
zgrid_client_trylock (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms,
                      uint64_t *token)
{
    zgrid_entry_t entry;
    int status = s_run (self, OP_TRYLOCK, map, key, 0, lease_ms, 0, &entry);
    *token = status == ZGRID_OK ? (uint64_t) entry.integer : 0;
    return status;
}

int
zgrid_client_unlock (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token)
{
    zgrid_entry_t entry;
    return s_run (self, OP_UNLOCK, map, key, token, 0, 0, &entry);
}

int
zgrid_client_lease (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token,
                    uint32_t lease_ms)
{
    zgrid_entry_t entry;
    return s_run (self, OP_LEASE, map, key, token, lease_ms, 0, &entry);
}

//  ------------------------------------------------------------------------------------------------
//  Futures

static zgrid_future_t *
s_start (zgrid_client_t *self, op_t op, const char *map, zgrid_bytes_t key, uint64_t token, uint32_t lease_ms,
         uint32_t wait_ms)
{
    s_call_t call;
    s_fill (self, op, bytes_str (map ? map : ""), request_bytes (key), token, lease_ms, wait_ms, &call);
    return future_start (self, call.record, &call.options, call.timeout_ms, s_check (op, map, token));
}

zgrid_future_t *
zgrid_client_lock_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms,
                          uint32_t wait_ms)
{
    if (!self->guard_apart && self->guard)
        learn_soon (self); // For those after it
    return s_start (self, OP_LOCK, map, key, 0, lease_ms, wait_ms);
}

zgrid_future_t *
zgrid_client_trylock_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms)
{
    return s_start (self, OP_TRYLOCK, map, key, 0, lease_ms, 0);
}

zgrid_future_t *
zgrid_client_unlock_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token)
{
    return s_start (self, OP_UNLOCK, map, key, token, 0, 0);
}

zgrid_future_t *
zgrid_client_lease_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token,
                           uint32_t lease_ms)
{
    return s_start (self, OP_LEASE, map, key, token, lease_ms, 0);
}

void
lock_give_back (zgrid_client_t *client, const item_t *item, uint64_t token)
{
    mp_t reader = mp_of (bytes_of (item->data, item->size));
    request_t request;
    s_call_t call;
    if (wire_next_request (&reader, &request) != WIRE_RECORD || request.faulty || client->closing)
        return;
    s_fill (client, OP_UNLOCK, request.map, request.key, token, 0, 0, &call);
    zgrid_future_t *future = future_start (client, call.record, &call.options, call.timeout_ms, ZGRID_OK);
    zgrid_future_destroy (&future);
}

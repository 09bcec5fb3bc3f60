//  asks: records on their way to the grid and back: bodies that are filled, sent within a window, and kept
//  until each of their records is answered, so that those that were refused unexecuted can be sent again.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ASKS_H_INCLUDED
#define ASKS_H_INCLUDED

#include "../wire.h"
#include "call.h"
#include "gateway.h"

#define ASKS_MAX (1u << 21)      // In flight or waiting, of all connections
#define ASKS_BODY_RECORDS 1024   // Of one body, at most
#define ASKS_BODY_BYTES 65536    // About, beyond one record
#define ASKS_LINGER_MS 3000      // Beyond its deadline a record that is not answered counts as lost
#define ASKS_LENT_MIN 65536      // Bytes of a value from which on it is lent to the router, not copied
#define ASKS_AGAIN_MS 5          // Before a record is sent again, unless the refusal says how long

typedef struct asks asks_t;

//  config and stats live as long. NULL without memory. The caller owns it.
asks_t *
    asks_new (const gateway_config_t *config, gateway_stats_t *stats);
//  Accepts NULL.
void
    asks_destroy (asks_t **self_p);

//  Adds a record; its reply is for this call. owner: who keeps the value's bytes; NULL: they are copied.
//  False: without memory, or too many.
bool
    asks_add (asks_t *self, call_t *call, const ask_t *ask, lent_t *owner, call_reply_fn *then, uint64_t mark,
              uint64_t now);

//  The next body that the window has room for. False: none. It is sent then.
bool
    asks_body (asks_t *self, gateway_body_t *body);

//  Called with each reply that somebody waits for; it may call asks_add.
typedef void (asks_reply_fn) (call_t *call, call_reply_fn *then, const reply_t *reply, uint64_t mark);

//  Replies of the grid; refusals of the moment are for nobody: the records are sent again.
void
    asks_receive (asks_t *self, bytes_t body, asks_reply_fn *reply, uint64_t now);

//  Puts what is due into bodies again, and answers what is lost. Returns the milliseconds until it wants to
//  be called again; UINT64_MAX: not before something happens.
uint64_t
    asks_turn (asks_t *self, asks_reply_fn *reply, uint64_t now);

//  Answers everything as lost. To be destroyed then.
void
    asks_end (asks_t *self, asks_reply_fn *reply);

//  Without a reply.
uint32_t
    asks_count (const asks_t *self);

//  Bytes of all bodies.
uint64_t
    asks_bytes (const asks_t *self);

#endif

//  call: one command on its way, as the functions that execute commands (do_*.c) see it. They answer it at
//  once, or ask the grid and answer when replies have come. Each call is answered exactly once: by one reply
//  written through call_say, then call_done.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CALL_H_INCLUDED
#define CALL_H_INCLUDED

#include "command.h"
#include "say.h"
#include "talk.h"

//  The command's words; args[0] is its name. Good until the command's function returns; with call_keep until
//  the call is done.
uint32_t
    call_count (const call_t *call);
bytes_t
    call_arg (const call_t *call, uint32_t index);
//  False: without memory, and the call was answered and done.
bool
    call_keep (call_t *call);

const command_t *
    call_command (const call_t *call);
talk_t *
    call_talk (const call_t *call);
gateway_t *
    call_gateway (const call_t *call);
//  The map of the connection's database.
bytes_t
    call_map (const call_t *call);
moment_t
    call_moment (const call_t *call);

//  Where its reply goes.
say_t
    call_say (call_t *call);
//  The reply is whole.
void
    call_done (call_t *call);
//  Both in one: with an error; for the usual ones.
void
    call_fail (call_t *call, const char *text);
void
    call_fail_syntax (call_t *call);    // ERR syntax error
void
    call_fail_integer (call_t *call);   // ERR value is not an integer or out of range
void
    call_fail_arity (call_t *call);     // ERR wrong number of arguments for 'get' command
//  The grid's status as an error of Redis: WRONGTYPE, OOM, CLUSTERDOWN…: one table.
void
    call_fail_status (call_t *call, const reply_t *reply);

//  ------------------------------------------------------------------------------------------------
//  The grid

typedef struct {
    op_t op;
    bytes_t map, key;
    bool has_key;
    value_t value;
    const options_t *options; // NULL: none
} ask_t;

//  A reply has come; mark is what call_ask was given. Statuses BUSY and TRYAGAIN never come. Between EXEC's
//  commands call_ask must not be called from here (call_in_multi).
typedef void (call_reply_fn) (call_t *call, const reply_t *reply, uint64_t mark);

//  Asks; then is called once. False: without memory, and the call was answered and done.
bool
    call_ask (call_t *call, const ask_t *ask, call_reply_fn *then, uint64_t mark);

//  Reads an entry, on the spot where that can be done and nothing that this connection has written is on its
//  way, through the grid otherwise: then is called once with a reply of GET (with meta.ttl if withttl),
//  perhaps before this returns, perhaps at the end of the turn.
bool
    call_read (call_t *call, bytes_t key, bool withttl, call_reply_fn *then, uint64_t mark);

//  It was answered: nothing more must be said or asked.
bool
    call_is_done (const call_t *call);

//  Asks that have no reply yet.
uint32_t
    call_pending (const call_t *call);

//  True: it is one of EXEC's commands; whatever its first asks for keys are, they are executed as one.
bool
    call_in_multi (const call_t *call);

//  Memory of a call's own, zeroed, freed with it; the same again on later calls. NULL without memory, and the
//  call was answered and done.
void *
    call_state (call_t *call, size_t size);
//  A buffer of the call's own.
buf_t *
    call_scratch (call_t *call);

#endif

//  resp: the requests of a Redis client, from its bytes (RESP, "Redis serialization protocol specification",
//  sections "Sending commands to a Redis server" and "Inline commands"). Bytes may come cut anywhere; what
//  was looked at is not looked at again.
//  SPDX-License-Identifier: MPL-2.0
#ifndef RESP_H_INCLUDED
#define RESP_H_INCLUDED

#include "../buf.h"

#define RESP_INLINE_MAX 65536  // Bytes of an inline command, or of a line that announces a count or a size
#define RESP_ARGS_MAX 1048576  // Arguments of one command
#define RESP_GUEST_ARGS_MAX 10 // The same before AUTH, as Redis has it
#define RESP_GUEST_BULK_MAX 16384

//  Who has not said AUTH yet has args_max RESP_GUEST_ARGS_MAX and bulk_max RESP_GUEST_BULK_MAX: errors say
//  "unauthenticated".
typedef struct {
    uint64_t bulk_max;    // Bytes of one argument
    uint64_t request_max; // Bytes of one command, all of it
    uint32_t args_max;    // At most RESP_ARGS_MAX
} resp_limits_t;

typedef struct resp resp_t;

//  NULL without memory. The caller owns it. The limits are read with each command and live as long.
resp_t *
    resp_new (const resp_limits_t *limits);
//  Accepts NULL.
void
    resp_destroy (resp_t **self_p);

typedef enum {
    RESP_MORE,    // No whole command yet
    RESP_COMMAND, // resp_args; an empty one (count 0) is not answered
    RESP_BAD,     // Cannot be read: resp_error is the error's text; the connection ends behind it
    RESP_HOSTILE, // "POST" or "Host:": HTTP that somebody was made to send; the connection ends unanswered
    RESP_NOMEM    // The connection ends
} resp_step_t;

//  Looks for the next command at the beginning of `input`: what is there of it may only have grown since the
//  last call. *used: how many bytes are done with behind RESP_COMMAND (and not before); arguments point into
//  `input` and are good for as long as these bytes stay where they are.
resp_step_t
    resp_next (resp_t *self, bytes_t input, size_t *used);

//  Of the command that was found; good until the next call. Words of an inline command that had quotes lie in
//  the parser's own memory, all others in `input`.
const bytes_t *
    resp_args (const resp_t *self, uint32_t *count);

//  Redis's text, without "-" and line end: "ERR Protocol error: …".
bytes_t
    resp_error (const resp_t *self);

//  How many bytes more, at least, make the command whole: what is worth reserving. 0: unknown.
uint64_t
    resp_wanted (const resp_t *self);

#endif

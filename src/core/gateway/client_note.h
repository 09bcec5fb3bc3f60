//  client_note: what a client has said of itself, and what CLIENT LIST says of it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLIENT_NOTE_H_INCLUDED
#define CLIENT_NOTE_H_INCLUDED

#include "../buf.h"

#define CLIENT_NAME_MAX 4096 // Bytes of a name: each is held as long as its connection

typedef struct {
    buf_t name, library, library_version; // Empty: none
} client_note_t;

//  A line of CLIENT LIST, from Redis 7.0's fields and the two of 7.2.
typedef struct {
    uint64_t id;
    const char *address, *local;
    uint64_t age, idle; // Seconds
    char flag;          // 'N', 'P': subscribed, 'x': between MULTI and EXEC
    uint32_t database;
    uint64_t channels, patterns, shards;
    int64_t queued;     // Between MULTI and EXEC; -1: not
    uint64_t input, input_free, output, memory;
    const char *command; // In lower case; "": none
    unsigned protocol;
} client_line_t;

//  Forgets all.
void
    client_note_clear (client_note_t *self);

//  Takes a name; an empty one: none. Returns NULL, or the error that Redis has for it.
const char *
    client_note_name (client_note_t *self, bytes_t name);

//  Whether client_note_name would take it. Returns NULL, or the error.
const char *
    client_note_check (bytes_t name);

//  The same for what CLIENT SETINFO gives: `what` is "lib-name" or "lib-ver".
const char *
    client_note_library (client_note_t *self, bytes_t text, const char *what);

//  Adds the line with its end.
void
    client_note_line (const client_note_t *self, const client_line_t *line, buf_t *out);

#endif

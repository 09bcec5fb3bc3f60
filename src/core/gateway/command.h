//  command: what Redis clients may say (command.def), by name.
//  SPDX-License-Identifier: MPL-2.0
#ifndef COMMAND_H_INCLUDED
#define COMMAND_H_INCLUDED

#include "../bytes.h"

typedef struct call call_t;
typedef void (command_fn) (call_t *call);

//  As COMMAND answers them (Redis 7).
enum {
    COMMAND_WRITE = 1u << 0,
    COMMAND_READONLY = 1u << 1,
    COMMAND_DENYOOM = 1u << 2,
    COMMAND_ADMIN = 1u << 3,
    COMMAND_PUBSUB = 1u << 4,
    COMMAND_NOSCRIPT = 1u << 5,
    COMMAND_BLOCKING = 1u << 6,
    COMMAND_LOADING = 1u << 7,
    COMMAND_STALE = 1u << 8,
    COMMAND_FAST = 1u << 9,
    COMMAND_NO_AUTH = 1u << 10,
    COMMAND_MOVABLEKEYS = 1u << 11,
    //  Ours
    COMMAND_NO_MULTI = 1u << 12,   // Refused between MULTI and EXEC
    COMMAND_IN_MULTI = 1u << 13,   // Executed at once there (EXEC, DISCARD, MULTI, WATCH, QUIT, RESET)
    COMMAND_SUBSCRIBED = 1u << 14, // Allowed in RESP2 while subscribed
    COMMAND_ALONE = 1u << 15,      // Begins when all commands before it on its connection are answered, those
                                   // behind it begin when it is
    COMMAND_BEHIND = 1u << 16,     // Begins when what its connection has written is written: others may know
    COMMAND_MAY_WRITE = 1u << 17   // CLIENT PAUSE WRITE holds it, as it does what writes
};

typedef enum {
    COMMAND_SUPPORTED, // As Redis 7
    COMMAND_DIFFERENT, // The note says how
    COMMAND_CONTAINER, // Has subcommands, and is nothing by itself
    COMMAND_ABSENT     // Redis has it; it is answered as an unknown command is
} command_state_t;

//  One command, or one subcommand ("CLIENT|ID").
typedef struct command {
    const char *name;       // Upper case
    int arity;              // Arguments with the name; negative: at least
    uint32_t flags;
    int first, last, step;  // Where keys stand, as COMMAND tells it; first 0: none
    const char *group;      // "string", "generic", "connection", "server", "pubsub", "transactions",
                            // "scripting", "cluster", "olric"
    const char *since, *complexity, *summary;
    command_state_t state;
    const char *note;       // For doc/redis.md: how it is different, or what there is instead
    command_fn *run;        // NULL: a container, or absent
    size_t size;            // Of the name
} command_t;

extern const command_t commands[];
extern const uint32_t commands_count;

//  Whatever the case. NULL: there is none.
const command_t *
    command_find (bytes_t name);

//  A subcommand of a container. NULL: there is none.
const command_t *
    command_find_sub (const command_t *container, bytes_t sub);

#endif

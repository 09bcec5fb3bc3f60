//  multi: what a connection has said since MULTI, and the keys that it watches. All keys are in one slot: the
//  grid executes as one what is in one partition.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MULTI_H_INCLUDED
#define MULTI_H_INCLUDED

#include "../buf.h"
#include "command.h"

#define MULTI_RECORDS_MAX 1024 // Keys of all commands together, and commands without; keys that are watched

//  A command that waits for EXEC, with its words behind it.
typedef struct queued queued_t;
struct queued {
    queued_t *next;
    const command_t *command;
    call_t *call;  // While EXEC is on its way
    bool begun;    // Its function was called
    uint32_t count;
    bytes_t args[];
};

typedef struct {
    uint32_t database;
    bool known;       // Its version is
    uint64_t version; // 0: there was no such key
    buf_t key;
} watched_t;

typedef struct bundle bundle_t;

//  All zero: nothing is queued or watched.
typedef struct {
    bool open;        // Between MULTI and EXEC
    bool broken;      // A command could not be queued
    uint32_t slot;    // Of the keys, and one; 0: there are none so far
    uint32_t count;   // Of commands
    uint32_t records; // What they count, see MULTI_RECORDS_MAX
    uint64_t bytes;   // Of all words and watched keys
    queued_t *first, *last;
    watched_t *watched;
    uint32_t watched_count, watched_room;
    bundle_t *bundle; // EXEC is on its way
} multi_t;

//  Queues a command. NULL, or the error: the keys are not in one slot, or there is too much of it; nothing
//  has changed then. bytes_max: of all words.
const char *
    multi_queue (multi_t *self, const command_t *command, const bytes_t *args, uint32_t count,
                 uint64_t bytes_max);

//  Watches keys whose versions are not known yet; those that are watched already are left as they are. NULL,
//  or the error, as above.
const char *
    multi_watch (multi_t *self, uint32_t database, const bytes_t *keys, uint32_t count, uint64_t bytes_max);
//  Takes back those whose versions did not become known.
void
    multi_unwatch_unknown (multi_t *self);
void
    multi_unwatch (multi_t *self);

//  Forgets all. There must be no bundle.
void
    multi_clear (multi_t *self);

//  It has keys, whose records are executed as one with those of all others.
bool
    multi_has_keys (const command_t *command);

#endif

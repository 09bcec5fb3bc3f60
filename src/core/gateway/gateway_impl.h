//  gateway_impl: what the files of the gateway share. For gateway.c, talk.c, call.c and do_*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GATEWAY_IMPL_H_INCLUDED
#define GATEWAY_IMPL_H_INCLUDED

#include "asks.h"
#include "call.h"
#include "client_note.h"
#include "listen.h"
#include "multi.h"
#include "pause.h"
#include "script.h"

#define GATEWAY_OUTPUT_PAUSE (1u << 20) // Bytes of replies that wait: no further commands are executed
#define GATEWAY_REPLY_LEAST 4096 // Bytes that a small reply is taken to have
#define GATEWAY_TTL_MAX INT64_C (3162240000000) // The longest that the grid knows: 100 years in milliseconds
#define GATEWAY_SPARE_CALLS 4096
#define GATEWAY_MARK_WRITES (UINT64_C (1) << 63) // Of marks: the record writes
#define GATEWAY_READ_ASK (-1) // gateway_found_t.status

//  One command. As long as it is the first of its connection its reply goes straight into the output.
struct call {
    call_t *next;         // Behind it on its connection; or spare
    gateway_t *gateway;
    talk_t *talk;         // NULL: the connection has gone
    const command_t *command;
    const bytes_t *args;
    uint32_t count;
    uint32_t pending;     // Asks without a reply
    uint32_t writes;      // Those of them that write
    bool done, in_multi;
    bool held;            // Its function is running
    bool mute;            // CLIENT REPLY OFF or SKIP: what it says is let go
    buf_t reply;          // What was said before it was the first
    buf_t scratch;
    buf_t kept;           // The words, once call_keep was called
    bytes_t *kept_args;
    void *state;
};

//  A read that waits for others, to be done with them.
typedef struct {
    call_t *call;
    bytes_t key;
    call_reply_fn *then;
    uint64_t mark;
} read_t;

struct gateway {
    gateway_config_t config;
    gateway_port_t port;
    gateway_stats_t stats;
    moment_t moment;
    view_t *view;
    asks_t *asks;
    listen_t *listen;
    hearers_t *hearers;   // Of listen
    talk_t *talks;        // All
    talk_t *ready, *ready_last; // With output, or about to end
    talk_t *resuming;     // That may go on with what they have read
    bool stalled;         // Some stopped because it was full
    call_t *spare;
    uint32_t spares;
    uint64_t last_id;
    uint64_t used;        // Databases that were chosen, as bits: of the first 64
    read_t reads[GATEWAY_READS_MAX];
    uint32_t reads_count;
    bool reading;         // What they found is being told
    buf_t copy;           // What reads found
    scripts_t scripts;
    pause_t pause;
};

struct talk {
    talk_t *next, *previous; // Of all
    talk_t *next_ready, *next_resuming;
    bool is_ready, is_resuming;
    gateway_t *gateway;
    void *owner;
    char *address, *local;
    uint64_t id, began;
    resp_t *resp;
    resp_limits_t limits; // Smaller before AUTH
    buf_t input, output;
    size_t read, written; // What is done with of them
    lent_t *lent;         // The input; NULL: nobody else holds a part of it
    call_t *first, *last; // Commands without a whole reply
    uint32_t calls;
    uint64_t expected;    // Bytes of a reply of the grid, as the last ones were
    uint32_t writes;      // Records that write and have no reply yet
    uint64_t counted;     // Bytes of its buffers that the gateway's sum holds
    uint64_t soft_since;  // Its output is above the soft limit since then; 0: it is not
    talk_end_t end;
    bool running;         // Within talk_run
    bool finished;        // Nothing more will arrive
    bool alone;           // The next command waits for those before it
    bool paused;          // …for the end of CLIENT PAUSE
    bool saying;          // The first command may have said a part of its reply
    buf_t held;           // What comes behind that reply without being asked for
    //  What commands set
    unsigned protocol;
    uint32_t database;
    buf_t map;            // The database's
    bool known;           // AUTH was given, or is not needed
    hearer_t *hearer;     // What it has subscribed to; NULL: nothing yet
    client_note_t note;
    bool clustered;       // It has asked for the cluster: see cluster_note.h
    bool readonly;
    bool mute, skip;      // CLIENT REPLY: OFF; SKIP: the next command is not answered
    multi_t multi;
};

//  talk.c: executes what has been read, as far as may be.
void
    talk_run (talk_t *self);
//  Who owns these bytes of the input, which are read; they are not copied but held. NULL: copy them.
lent_t *
    talk_lend (talk_t *self, bytes_t bytes);
//  Something was written to the output, or the connection ends.
void
    talk_touch (talk_t *self);
//  Nothing more is read; what is to be written is.
void
    talk_close (talk_t *self, talk_end_t end);
//  Chooses a database. False: there is none of that number, or no memory.
bool
    talk_select (talk_t *self, uint32_t database);
//  AUTH was given, or not any more.
void
    talk_know (talk_t *self, bool known);
bool
    talk_is_subscribed (const talk_t *self);
//  execute.c: begins a command. False: it must wait until those before it are answered.
bool
    talk_execute (talk_t *self, const bytes_t *args, uint32_t count);
//  Looks at it again before the turn ends.
void
    talk_resume (talk_t *self);

//  call.c
call_t *
    call_new (talk_t *talk, const bytes_t *args, uint32_t count);
//  One of EXEC's commands: it is not in its connection's list, what it says stays in its `reply`. args live
//  as long.
call_t *
    call_new_inner (talk_t *talk, const command_t *command, const bytes_t *args, uint32_t count);
//  Its connection, or EXEC, does not need it any more.
void
    call_leave (call_t *call);
//  Its function has returned.
void
    call_release (call_t *call);
//  Lets go of all calls of a connection that has gone.
void
    call_orphan_all (talk_t *talk);
void
    call_free_spares (gateway_t *gateway);
//  Does the reads that wait.
void
    call_flush_reads (gateway_t *gateway);
//  An asks_reply_fn.
void
    call_reply (call_t *call, call_reply_fn *then, const reply_t *reply, uint64_t mark);

//  gateway.c: true: so much is asked of the grid that nothing more may begin; it goes on by itself.
bool
    gateway_is_full (gateway_t *self);
//  CLIENT PAUSE ends: what waits goes on before the turn ends.
void
    gateway_unpause (gateway_t *self);
//  The map of a database, written into `name`. False: without memory.
bool
    gateway_map (const gateway_t *self, uint32_t database, buf_t *name);

#endif

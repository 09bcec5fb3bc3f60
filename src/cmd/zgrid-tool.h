//  zgrid-tool.h: what the files of the command-line tool share.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_TOOL_H_INCLUDED
#define ZGRID_TOOL_H_INCLUDED

#include <jansson.h>
#include <stdbool.h>
#include <zgrid.h>

//  4 is left out: nothing here is worth a number of its own
enum {
    EXIT_DONE = 0,
    EXIT_NO = 1,          // The answer is no: not found, a condition failed
    EXIT_USAGE = 2,       // Wrong use
    EXIT_UNREACHABLE = 3, // No answer in time
    EXIT_REFUSED = 5,     // Denied, past a limit, busy, of the wrong type
    EXIT_PARTLY = 6       // Some of it was done
};

typedef enum { FORMAT_AUTO, FORMAT_JSONL, FORMAT_TSV, FORMAT_TEXT, FORMAT_JSON } format_t;

typedef struct {
    const char *endpoint;
    const char *map;
    bool map_named;      // events: those of this map
    uint32_t timeout_ms;
    bool json;           // Answers and errors as JSON
    bool values;         // scan: values, too
    const char *regex;   // scan; NULL: not given
    bool yes;            // destroy: really
    bool if_absent, if_present; // put
    bool raw;            // get: no newline behind the value
    bool refound, accept_data_loss; // recover
    uint64_t ttl_ms;     // put; 0: none
    uint64_t fence;      // put; 0: none
    uint32_t lease_ms;   // lock, trylock; 0: not given
    const char *mode, *min_sync; // map create; NULL: not given
    bool no_wait;        // drain, rebalance: return at once
    bool dry_run, pause, resume; // rebalance
    const char *rate;    // rebalance; NULL: not given
    uint64_t wait_ms;    // drain, rebalance, status, lock: no longer; 0: until it is over
    bool watch;          // status
    const char *node;    // stats and its kin: one member; NULL: not given
    bool all;            // stats: of all members
    bool once;           // top
    uint64_t count, interval_ms; // top, subscribe; 0: without end, the usual one
    format_t format;     // load; subscribe
    bool pattern;        // subscribe: operands are patterns
    const char **operands;
    int operand_count;
    zgrid_client_t *client;
} tool_t;

//  The exit code that belongs to a status.
int
    tool_exit_code (int status);

//  Says on stderr what a status means. detail: what the server or the library says about it, or NULL.
//  Returns the exit code.
int
    tool_fail (const tool_t *self, int status, const char *detail);

//  Says something on stderr that did not come from a server: a sentence without a full stop. Returns
//  EXIT_USAGE.
int
    tool_complain (const tool_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

//  Prints a value as one line of JSON on stdout, and gives it back. NULL: no memory. Returns an exit code.
int
    tool_print_json (json_t *value);

//  Sees to it that everything has arrived on stdout. Returns code, or EXIT_PARTLY if it did not.
int
    tool_flush (int code);

//  A whole number in decimal. False if it is none or not within the range.
bool
    tool_integer (const char *text, int64_t min, int64_t max, int64_t *value);

//  The value that an operand stands for: itself, or all of stdin for "-". *own becomes the memory to
//  free. False, and said why, if it cannot be read.
bool
    tool_value (const tool_t *self, const char *operand, zgrid_bytes_t *value, char **own);

//  Prints text of others for people: control characters, backslashes and what is not UTF-8 as \xNN.
void
    tool_print_escaped (zgrid_bytes_t text);

//  ----------------------------------------------------------------------------------------------
//  Bytes in JSON: text as it is under `name`, anything else as base64 under `name`64.

//  False without memory.
bool
    json_set_bytes (json_t *object, const char *name, zgrid_bytes_t bytes);

//  A fresh string. NULL without memory.
char *
    base64_encode (zgrid_bytes_t bytes);

//  Fresh bytes. NULL without memory or if it is not base64 with its padding.
void *
    base64_decode (const char *text, size_t size, size_t *decoded_size);

//  ----------------------------------------------------------------------------------------------
//  MessagePack, as answered by STATS and ROUTES

//  NULL if it is not MessagePack, or without memory.
json_t *
    tree_to_json (zgrid_bytes_t encoded);

//  Prints names and values in columns, nested ones as "name.inner" and "name[3]".
void
    tree_print (json_t *tree);

//  ----------------------------------------------------------------------------------------------
//  Commands; each returns an exit code

int
    command_get (tool_t *self);
int
    command_put (tool_t *self);
int
    command_del (tool_t *self);
int
    command_incr (tool_t *self);
int
    command_ttl (tool_t *self);
int
    command_expire (tool_t *self);
int
    command_lock (tool_t *self);
int
    command_trylock (tool_t *self);
int
    command_unlock (tool_t *self);
int
    command_lease (tool_t *self);
int
    command_scan (tool_t *self);
int
    command_size (tool_t *self);
int
    command_destroy (tool_t *self);
int
    command_load (tool_t *self);
int
    command_dump (tool_t *self);
int
    command_ping (tool_t *self);
int
    command_stats (tool_t *self);
int
    command_routes (tool_t *self);
int
    command_members (tool_t *self);
int
    command_partitions (tool_t *self);
int
    command_owner (tool_t *self);
int
    command_status (tool_t *self);
int
    command_check (tool_t *self);
int
    command_ready (tool_t *self);
int
    command_safe (tool_t *self);
int
    command_set (tool_t *self);
int
    command_map (tool_t *self);
int
    command_drain (tool_t *self);
int
    command_recover (tool_t *self);
int
    command_rebalance (tool_t *self);
int
    command_events (tool_t *self);
int
    command_top (tool_t *self);
int
    command_hot (tool_t *self);
int
    command_big (tool_t *self);
int
    command_slow (tool_t *self);
int
    command_latency (tool_t *self);
int
    command_clients (tool_t *self);
int
    command_publish (tool_t *self);
int
    command_subscribe (tool_t *self);
int
    command_channels (tool_t *self);
int
    command_numsub (tool_t *self);
int
    command_numpat (tool_t *self);

#endif

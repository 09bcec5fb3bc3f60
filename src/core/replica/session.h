//  session: which requests a partition has executed, so that none is executed twice (consistency 8;
//  Lee et al., "Implementing linearizability at large scale and low latency" (RIFL), 2015). All copies
//  of a partition hold the same sessions, because they are changed by log entries only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SESSION_H_INCLUDED
#define SESSION_H_INCLUDED

#include "../buf.h"

#ifndef SESSION_SIZE
#    define SESSION_SIZE 16 // session_id.h; storage.h says the same
#endif
#define SESSION_WINDOW 65536      // Requests of one session that a partition remembers
#define SESSIONS_MAX 65536        // Sessions of one partition
#define SESSION_RESULT_MAX 65536  // Bytes of a result that is kept
#define SESSION_RESULTS_MAX (1u << 20) // Bytes of all results of one session

//  Names a request: the same names, the same request.
typedef struct {
    uint8_t session[SESSION_SIZE];
    uint64_t id;
    uint64_t ack; // Every id below it was answered
} request_key_t;

typedef struct sessions {
    struct session **table; // By hash of the id; a power of two
    uint32_t room, count;
    uint32_t floor;         // Sessions of older eras are forgotten
    uint32_t shuffles;      // How often sessions have changed their places
    size_t bytes;           // All memory of it
} sessions_t;

void
    sessions_clear (sessions_t *self);

typedef enum {
    REQUEST_NEW,
    REQUEST_KNOWN,   // Was executed: seq and result say how
    REQUEST_STALE,   // Was answered, the client said so
    REQUEST_EXPIRED, // Of a session that may have been forgotten
    REQUEST_FULL     // Too many sessions, or too many requests without an answer
} request_verdict_t;

//  Where result lies until the sessions change. Empty: it was not kept (too large); version is known.
typedef struct {
    uint64_t seq;     // Of its log entry
    bytes_t result;
} request_done_t;

request_verdict_t
    sessions_find (const sessions_t *self, const request_key_t *request, request_done_t *done);

//  Makes room so that sessions_record of this request needs no memory but for its result. False without
//  memory.
bool
    sessions_reserve (sessions_t *self, const request_key_t *request);

//  Notes that a request was executed as entry seq; forgets what lies below its ack. A result that is too
//  large, or has no memory, is not kept. Does nothing if it is known already, or expired. False without
//  memory for the request itself (never after sessions_reserve).
bool
    sessions_record (sessions_t *self, const request_key_t *request, uint64_t seq, bytes_t result);

//  Forgets the sessions of older eras for good.
void
    sessions_raise_floor (sessions_t *self, uint32_t era);

//  Adds sessions from table place `from` on, up to place `to` (0: all of them), until out holds `most`
//  bytes; returns the next place, 0 at the end. After a shuffle it must begin anew. Only for sending them
//  to another copy, which merges them.
uint32_t
    sessions_encode (const sessions_t *self, uint32_t from, uint32_t to, size_t most, buf_t *out);
//  False: malformed (some may have been merged), or without memory.
bool
    sessions_merge (sessions_t *self, bytes_t encoded);

//  Equal for equal contents.
uint64_t
    sessions_digest (const sessions_t *self);

#endif

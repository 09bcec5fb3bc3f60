//  fake_server: a server of protocol 1 on a thread of its own, for tests of clients: it behaves, or
//  misbehaves as it is told.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FAKE_SERVER_H_INCLUDED
#define FAKE_SERVER_H_INCLUDED

#include <czmq.h>

typedef struct fake_server fake_server_t;

//  What it can be told, and what it counts. Settings that are a number of records count down.
typedef enum {
    FAKE_SILENT,         // Records that are executed, but not answered
    FAKE_BUSY,           // Records that are refused with BUSY
    FAKE_TRYAGAIN,       // With TRYAGAIN
    FAKE_RETRY,          // Milliseconds in meta.retry of those
    FAKE_MOVED,          // Records that are refused with MOVED
    FAKE_MOVED_TO,       // 0: no owner named; n: storage endpoint n
    FAKE_REFUSE,         // Status that all records of keys and partitions get, without an effect
    FAKE_JUNK,           // Kind of junk that is sent instead of the next reply message; see the source
    FAKE_TWICE,          // Every reply message is sent twice
    FAKE_WRONG_IDS,      // Records whose id is changed
    FAKE_WRONG_TYPES,    // Records whose value gets another type
    FAKE_CUT,            // Bytes cut from the end of the next reply message
    FAKE_HOLD,           // Nothing is answered until so many records have come
    FAKE_NO_HELLO,       // HELLO is not answered
    FAKE_NO_ROUTES,      // ROUTES is answered with BADOP
    FAKE_WINDOW_RECORDS, // What HELLO says
    FAKE_WINDOW_BYTES,
    FAKE_FRAME,
    FAKE_CLOSE,          // Closes endpoint n; nobody else gets its port
    FAKE_OPEN,           // Opens it again, on the same port
    FAKE_MUTE,           // Bits of endpoints: what comes there is lost, and so is the answer
    FAKE_MINORITY,       // Bits of public endpoints that refuse with UNAVAILABLE and know an older view
    FAKE_FOREIGN,        // Bits of endpoints that are another cluster's: its HELLO, and sessions of its own
    FAKE_DROP,           // Records that are lost, not executed
    FAKE_SESSIONS,       // HELLO answers a session, and requests of a session are executed once
    FAKE_ERA,            // Of those
    FAKE_FLOOR,          // Sessions of older eras have expired
    FAKE_STALE,          // Records with a session that are refused with STALE_REQUEST
    FAKE_ROUTERS,        // ROUTES names the public endpoints; 2: only the second one
    FAKE_EPOCH,          // Of the table
    FAKE_SHIFT,          // Owners are moved by so many storage endpoints
    FAKE_LISTED,         // Storage endpoints that ROUTES names; 0: all
    FAKE_PUSH,           // Pushes a view of that epoch to those who asked for views; with FAKE_ROUTERS it
                         // names the second public endpoint
    FAKE_RECORDS,        // Records received, but for HELLO and ROUTES
    FAKE_MESSAGES,       // Messages that brought them
    FAKE_DIRECT,         // Those of them that came to storage endpoints
    FAKE_ROUTES,         // ROUTES received
    FAKE_LARGEST,        // Records of the fullest message
    FAKE_DEADLINE,       // Option deadline of the last record, or 0
    FAKE_HELLOS,         // HELLO received
    FAKE_WATCHERS,       // Of those: with the option views
    FAKE_WITHS,          // WITH received
    FAKE_UNGUARDED,      // Writes without a session
    FAKE_DEDUPED,        // Records that were answered as before
    FAKE_SECOND,         // Records that came to the second public endpoint
    FAKE_ACK,            // The largest ack
    FAKE_RECORDED,       // Answers that are remembered
    FAKE_DISORDER,       // Writes of a session with an id below that of a write of the same key before
    FAKE_HELD,           // Records that wait because of FAKE_HOLD
    FAKE_LIMIT
} fake_t;

//  With so many storage endpoints beside the public ones; 0: ROUTES names none.
fake_server_t *
    fake_server_new (size_t storages);
void
    fake_server_destroy (fake_server_t **self_p);

//  0: the public one; behind the storage endpoints: another one, a second node of the same cluster.
const char *
    fake_server_endpoint (fake_server_t *self, size_t index);

//  Both wait until the server has taken notice. Reading says what it has counted until then.
void
    fake_server_set (fake_server_t *self, fake_t what, uint64_t value);
uint64_t
    fake_server_get (fake_server_t *self, fake_t what);

#endif

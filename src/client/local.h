//  local: reading an embedded node's entries from the host's threads, without an actor. Implemented
//  by the node (src/node/local_read.c); used by the client library.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LOCAL_H_INCLUDED
#define LOCAL_H_INCLUDED

#include "buf.h"

typedef struct local local_t; // One per client handle; used by one thread at a time

//  What a local read found.
typedef struct {
    int status;       // ZGRID_OK, ZGRID_NOTFOUND, or LOCAL_ASK
    size_t offset;    // Where in `copy` the value begins
    size_t size;      // Bytes of the value
    uint64_t version;
    int64_t ttl_ms;   // -1: none
} local_entry_t;

#define LOCAL_ASK (-1) // This cannot be answered here and now: ask the storage actor

//  Reads `count` keys of a map (at most LOCAL_BATCH_MAX). Values are added to copy; a copy without
//  memory gives LOCAL_ASK. Fills entries in the order of the keys.
#define LOCAL_BATCH_MAX 64
void
    local_read (local_t *self, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy,
                local_entry_t *entries);

//  What a client of an embedded node is made of. The client owns the local_t and gives it back with
//  local_close.
typedef struct {
    local_t *reader;
    uint32_t partitions;
    uint32_t actors;              // Storage actors; partition p belongs to actor p mod actors
    const char *const *endpoints; // `actors` inproc endpoints; copied
    const char *const *publics;   // The same as ROUTES names them; copied. NULL: it names none, and this
                                  // node is all there is
    const char *router;           // inproc endpoint of the router; copied
} client_local_t;

void
    local_close (local_t **self_p);

#endif

//  lock_change: one step of a lock, as it stands in a partition's log (effect.h): which map and key, what
//  happened, and to whom. Times are what is left, in milliseconds.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LOCK_CHANGE_H_INCLUDED
#define LOCK_CHANGE_H_INCLUDED

#include "../bytes.h"

#define LOCK_SESSION_SIZE 16 // SESSION_SIZE

//  Names a request, as session.h does.
typedef struct {
    uint8_t session[LOCK_SESSION_SIZE];
    uint64_t id;
} lock_request_t;

typedef enum {
    LOCK_WAITS,   // Somebody waits: lease, left (of the wait), request
    LOCK_GRANTED, // token, left (of the lease); number: of the waiter that it is granted to, 0: at once
    LOCK_FREED,   // token was given back, or (over) its lease has ended
    LOCK_LEASED,  // token: left
    LOCK_LEFT,    // number: that waiter has gone; over: its wait has ended, else its place is lost
    LOCK_FENCE,   // token: the floor; 0: it is forgotten
    LOCK_KINDS
} lock_kind_t;

typedef struct {
    lock_kind_t kind;
    bytes_t map, key;
    uint64_t left;
    uint64_t token;
    uint64_t number;
    uint64_t lease;
    bool over;
    bool has_request;
    lock_request_t request; // WAITS, GRANTED and LEFT: whose
} lock_change_t;

//  The value of a change in the log: flags u64 (1: over), token u64, number u64, lease u64 and, if there is
//  one, the request: session 16 bytes, id u64.
#define LOCK_VALUE_MAX 56
size_t
    lock_change_encode (const lock_change_t *change, uint8_t value[LOCK_VALUE_MAX]);
//  Map, key, kind and left are the caller's. False: malformed.
bool
    lock_change_decode (bytes_t value, lock_change_t *change);

#endif

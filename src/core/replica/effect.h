//  effect: what a write did, as one entry of a partition's log: a list of changes with final values,
//  and the request that asked for them with its result. Copies apply it; they never evaluate an
//  operation and look at no clock (consistency 5).
//
//      entry   = size u32, session at u32 (0: none), change…, session
//      change  = kind u8, map size u8, reason u8, 0, key size u32, value size u32, left u64, map, key, value
//      session = session 16 bytes, id u64, ack u64, result (a reply record) to the end
//
//  Numbers are in the byte order of x86 and ARM (little endian). left: milliseconds that the entry lives
//  on from now, 0: for ever. reason: of a removal (removal_t), else 0.
//  SPDX-License-Identifier: MPL-2.0
#ifndef EFFECT_H_INCLUDED
#define EFFECT_H_INCLUDED

#include "../buf.h"
#include "../lock/lock_change.h"
#include "session.h"

typedef enum {
    CHANGE_PUT = 1,
    CHANGE_REMOVE,
    CHANGE_DEADLINE, // left alone
    CHANGE_DESTROY,  // The map's share of the partition
    CHANGE_FLOOR,    // left: sessions of older eras are forgotten
    CHANGE_LOCK,     // And the kinds of lock_change.h behind it, in their order; value as there
    CHANGE_LIMIT = CHANGE_LOCK + LOCK_KINDS
} change_kind_t;

//  Why an entry went.
typedef enum {
    REMOVAL_DELETED, // Somebody asked for it
    REMOVAL_EXPIRED, // Its time was over
    REMOVAL_IDLE,    // Nobody had used it for as long as its map allows
    REMOVAL_EVICTED  // To make room
} removal_t;

typedef struct {
    change_kind_t kind;
    removal_t reason; // Of CHANGE_REMOVE
    bytes_t map, key, value;
    uint64_t left;
} change_t;

#define EFFECT_HEAD 8
#define EFFECT_CHANGE_HEAD 20
#define EFFECT_SESSION_HEAD (SESSION_SIZE + 16)

//  Bytes of an entry with one change, without a session.
static inline size_t
effect_size (bytes_t map, size_t key_size, size_t value_size)
{
    return EFFECT_HEAD + EFFECT_CHANGE_HEAD + map.size + key_size + value_size;
}

//  Writing: begin, changes, perhaps a session, end. begin returns where the entry begins in out.
size_t
    effect_begin (buf_t *out);
//  The value comes in two parts, one after the other.
void
    effect_change (buf_t *out, change_kind_t kind, bytes_t map, bytes_t key, bytes_t first, bytes_t second,
                   uint64_t left);
//  The same for a lock.
void
    effect_lock (buf_t *out, const lock_change_t *change);
//  The other way. False: it is no change of a lock.
bool
    effect_lock_change (const change_t *change, lock_change_t *lock);
//  The same for CHANGE_REMOVE; effect_change says REMOVAL_DELETED.
void
    effect_remove (buf_t *out, bytes_t map, bytes_t key, removal_t reason);
void
    effect_session (buf_t *out, size_t begin, const request_key_t *request, bytes_t result);
void
    effect_end (buf_t *out, size_t begin);

//  Reading. The first entry of some bytes: false if they do not hold a whole and sound one.
typedef struct {
    bytes_t entry;          // All of it
    const uint8_t *at, *end; // Changes that were not read yet
    bool has_session;
    request_key_t request;  // Then
    bytes_t result;
} effect_t;
bool
    effect_open (bytes_t bytes, effect_t *effect);

//  The next change; false when there is none.
bool
    effect_next (effect_t *effect, change_t *change);

#endif

//  linear: is a history of operations linearizable? Each key is a register of its own that holds a
//  number or nothing (Herlihy, Wing, "Linearizability", 1990; the search is that of Wing, Gong,
//  "Testing and verifying concurrent objects", 1993, with the memory of Lowe, "Testing for
//  linearizability", 2017).
//  SPDX-License-Identifier: MPL-2.0
#ifndef LINEAR_H_INCLUDED
#define LINEAR_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINEAR_ABSENT INT64_MIN  // As a value: the key does not exist
#define LINEAR_NEVER UINT64_MAX  // As a time: no answer came, the operation may happen at any time

//  Those of locks have keys of their own. Such a register holds the token of the holder (above 0), or, free,
//  the last one negative. LOCK: result is the token, larger than all before it. UNLOCK, LEASE: value is the
//  token; NOTFOUND: it is not held. EXPIRE is nobody's operation: add one for each token that was granted,
//  with the token as value, called when the lease may have ended at the earliest, never returned.
typedef enum {
    LINEAR_GET,
    LINEAR_PUT,
    LINEAR_PUT_NX,
    LINEAR_DEL,
    LINEAR_CAS,
    LINEAR_INCR,
    LINEAR_LOCK,
    LINEAR_UNLOCK,
    LINEAR_LEASE,
    LINEAR_EXPIRE
} linear_op_t;

typedef enum {
    LINEAR_OK,
    LINEAR_NOTFOUND, // GET, DEL, UNLOCK, LEASE
    LINEAR_MISMATCH, // CAS
    LINEAR_EXISTS    // PUT_NX
} linear_status_t;

//  One operation. An operation that certainly did not happen has no place in a history.
typedef struct {
    uint32_t key, client;
    linear_op_t op;
    int64_t expected;       // CAS: LINEAR_ABSENT if the key shall be absent
    int64_t value;          // PUT, PUT_NX, CAS: what is stored; INCR: the delta
    linear_status_t status; // Without meaning if returned is LINEAR_NEVER
    int64_t result;         // GET, INCR with OK: the value; CAS with MISMATCH: the present value
    uint64_t called, returned; // An operation that is called when another returns is concurrent with it
} linear_event_t;

typedef enum {
    LINEAR_YES,
    LINEAR_NO,
    LINEAR_UNDECIDED // work_max was too little, or memory
} linear_verdict_t;

//  Looks at every key in turn; sorts the events by key and call. work_max: steps for each key. If the
//  verdict is not LINEAR_YES: *key is the first such key, *stuck the index of the operation (after
//  sorting) whose answer could not be explained in the longest attempt. Both may be NULL.
linear_verdict_t
    linear_check (linear_event_t *events, size_t count, uint64_t work_max, uint32_t *key, size_t *stuck);

//  One line about an operation, without a newline.
void
    linear_print (const linear_event_t *event, char *text, size_t size);

#endif

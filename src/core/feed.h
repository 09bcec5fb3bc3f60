//  feed: what was committed in the maps of one storage, in order, kept for a moment until its actor takes
//  it. Bounded: what does not fit is counted, and whoever reads it finds out (feed_take_lost).
//  SPDX-License-Identifier: MPL-2.0
#ifndef FEED_H_INCLUDED
#define FEED_H_INCLUDED

#include "bytes.h"

typedef enum {
    FEED_PUT,    // An entry was stored, or its TTL changed
    FEED_REMOVE, // An entry went; reason says why
    FEED_DESTROY, // Everything of a map in a partition went; the key is empty
    FEED_GONE    // The partition has another owner now, and what happens there is told by it; no map
} feed_kind_t;

typedef struct {
    uint8_t kind;      // feed_kind_t
    uint8_t reason;    // removal_t (replica/effect.h)
    bool repeat;       // The owner before may have told it as well
    uint32_t partition;
    uint64_t version;  // Of the change: counts up within the partition, whoever owns it
    uint64_t number;   // From 1, of the events of that map that this storage tells; 0: nobody wants an event
    bytes_t map, key;
} feed_change_t;

typedef struct feed feed_t;

//  bytes_max: of changes that wait. NULL without memory. The caller owns it.
feed_t *
    feed_new (size_t bytes_max);
//  Accepts NULL.
void
    feed_destroy (feed_t **self_p);

//  Copies a change to the end, or counts it as lost.
void
    feed_add (feed_t *self, const feed_change_t *change);

//  Takes the oldest; false if there is none. map and key may be read until the next call.
bool
    feed_next (feed_t *self, feed_change_t *change);

//  How many were lost since the last call. They are younger than what was there then.
uint64_t
    feed_take_lost (feed_t *self);

#endif

//  guests: who sends messages through a door, and how much. Bounded: those that were silent for long are
//  forgotten, and when there are too many, one that has nothing in flight gives way.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GUESTS_H_INCLUDED
#define GUESTS_H_INCLUDED

#include "bytes.h"

#define GUESTS_SILENT_MS 600000
#define GUESTS_ADDRESS_MAX 63

typedef struct {
    uint64_t messages, records, bytes_in, bytes_out;
    uint64_t in_flight;
    uint64_t first, last; // Milliseconds: the first message, and the last one
    uint8_t route_size;
    uint8_t route[255];   // Its routing id
    char address[GUESTS_ADDRESS_MAX + 1];
} guest_t;

typedef struct guests guests_t;

//  most: how many are known at a time. NULL without memory. The caller owns it.
guests_t *
    guests_new (uint32_t most);
void
    guests_destroy (guests_t **self_p);

//  The guest of a routing id; NULL: not known. Readable until guests_meet.
guest_t *
    guests_find (guests_t *self, bytes_t route);

//  The same for who has sent a message now; a new one has no address yet, and no messages.
guest_t *
    guests_meet (guests_t *self, bytes_t route, uint64_t now);

//  All of them, in no order: number 0, 1… NULL: no more. Those that were silent for too long are
//  forgotten here.
const guest_t *
    guests_at (guests_t *self, uint32_t number, uint64_t now);

#endif

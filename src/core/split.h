//  split: which storage actor gets which record of a body. A function of the bytes.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SPLIT_H_INCLUDED
#define SPLIT_H_INCLUDED

#include "wire.h"

typedef enum {
    SPLIT_ACTOR, // One actor: the record goes to it
    SPLIT_ALL,   // All of them: SIZE, DESTROY and STATS without partition
    SPLIT_SCAN,  // One, and the reply's cursor may go on with the next
    SPLIT_HERE   // The router answers it: what concerns the node, and what is faulty
} split_to_t;

typedef struct {
    split_to_t to;
    uint32_t actor;
} split_t;

//  Where a request goes.
split_t
    split_request (const request_t *request, uint32_t partitions, uint32_t actors);

#endif

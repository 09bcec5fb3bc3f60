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

//  A scan through all partitions. Its cursor is storage's, (partition + 1) << 33 | position, and above
//  it the stride: 0 where partitions come in their order; S where they come storage actor by storage
//  actor, of a node that has S and is alone. So a scan that began on one goes on anywhere.
#define SPLIT_STRIDE_SHIFT 48
typedef struct {
    uint32_t partition;
    uint64_t stride;
    uint64_t cursor; // Without the stride
} scan_t;

//  False: no such cursor.
bool
    split_scan (uint64_t cursor, uint32_t partitions, scan_t *scan);

//  The cursor to answer, after storage has answered `cursor` for a page of that partition.
uint64_t
    split_cursor (uint64_t cursor, uint32_t partition, uint64_t stride, uint32_t partitions);

#endif

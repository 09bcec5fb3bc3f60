//  squeeze: bodies made smaller with lz4, where that is built in and pays.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SQUEEZE_H_INCLUDED
#define SQUEEZE_H_INCLUDED

#include <zmq.h>

#include "buf.h"

#define SQUEEZE_LEAST 1024 // Bytes; smaller ones stay as they are
#define SQUEEZE_PAYS 8     // One byte in so many must be saved

//  What was seen of the bodies so far. Zero at first.
typedef struct {
    uint32_t pass; // So many of the next ones are not tried
    uint32_t last; // So many were passed over before
} squeeze_t;

bool
    squeeze_built_in (void);

//  Replaces a body by one block of lz4. False: it is as it was, because that saves too little, or did so
//  just now, or there is no memory.
bool
    squeeze_body (squeeze_t *self, zmq_msg_t *body);

//  Replaces a block by what it was made of, which has exactly so many bytes. False: it is no such block, or
//  there is no memory; it is as it was.
bool
    squeeze_undo (zmq_msg_t *body, uint64_t size);

#endif

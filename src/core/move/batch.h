//  batch: what stands in front of a batch on its way between the rebalancers of two members:
//
//      "ZM\1" [cluster, from, to, actor, flags, size]
//
//  in a frame of its own; the batch itself, a body as in peer.h, is the frame behind it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BATCH_H_INCLUDED
#define BATCH_H_INCLUDED

#include "../cluster/view.h"

#define BATCH_SIGNATURE "ZM\1"
#define BATCH_SIGNATURE_SIZE 3
#define BATCH_HEAD_MAX (BATCH_SIGNATURE_SIZE + 1 + 6 * 9) // Bytes of the longest one

#define BATCH_LZ4 1u   // The body is one block of lz4
#define BATCH_PLAIN 2u // No batch: `from` asks that `to` send none that are compressed. The body is empty
#define BATCH_FLAGS (BATCH_LZ4 | BATCH_PLAIN)

typedef struct {
    uint64_t cluster;
    node_id_t from, to;
    uint32_t actor; // Of the member `to`: the storage actor that it is for
    uint32_t flags;
    uint64_t size;  // Bytes of the body once it is not compressed any more
} batch_head_t;

void
    batch_encode (const batch_head_t *self, buf_t *out);

//  False: not such a head, or one with flags that are not known.
bool
    batch_decode (bytes_t encoded, batch_head_t *head);

//  What may arrive here.
typedef struct {
    uint64_t cluster;
    node_id_t self;
    uint32_t actors;   // Storage actors here
    uint64_t size_max; // Bytes of a body
} batch_limits_t;

//  Why a batch with that head and a body of so many bytes is refused, as a sentence; NULL: it is not. Who
//  it comes from is looked up by the caller.
const char *
    batch_refusal (const batch_head_t *head, uint64_t body_size, const batch_limits_t *limits);

#endif

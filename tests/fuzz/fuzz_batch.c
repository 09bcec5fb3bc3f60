//  fuzz_batch: what is taken as a batch's head is written again as the same, and what is not refused keeps to
//  the limits. The last two bytes choose the size of the body.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>

#include "fuzz/fuzz.h"
#include "move/batch.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint64_t body_size = data[size - 1] | (uint64_t) data[size - 2] << 8;
    batch_head_t head, again;
    if (!batch_decode (bytes_of (data, size - 2), &head))
        return 0;
    assert (head.from && head.to && head.actor < VIEW_ACTORS_MAX && !(head.flags & ~BATCH_FLAGS));
    buf_t out = BUF_INIT;
    batch_encode (&head, &out);
    assert (out.size <= size - 2 && batch_decode (buf_bytes (&out), &again));
    assert (again.cluster == head.cluster && again.from == head.from && again.to == head.to
            && again.actor == head.actor && again.flags == head.flags && again.size == head.size);
    buf_clear (&out);
    batch_limits_t limits = { .cluster = head.cluster, .self = head.to, .actors = 8, .size_max = 10000 };
    if (!batch_refusal (&head, body_size, &limits) && !(head.flags & BATCH_PLAIN)) {
        assert (head.size && head.size <= limits.size_max && head.actor < limits.actors);
        assert (body_size && body_size <= head.size);
    }
    limits.cluster++;
    assert (batch_refusal (&head, body_size, &limits));
    return 0;
}

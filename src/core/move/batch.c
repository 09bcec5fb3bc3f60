//  batch: see batch.h.
//  SPDX-License-Identifier: MPL-2.0
#include "batch.h"

#include "../mp.h"
#include "../wire.h"

#define S_FIELDS 6

void
batch_encode (const batch_head_t *self, buf_t *out)
{
    buf_add (out, BATCH_SIGNATURE, BATCH_SIGNATURE_SIZE);
    wire_add_array (out, S_FIELDS);
    wire_add_uint (out, self->cluster);
    wire_add_uint (out, self->from);
    wire_add_uint (out, self->to);
    wire_add_uint (out, self->actor);
    wire_add_uint (out, self->flags);
    wire_add_uint (out, self->size);
}

bool
batch_decode (bytes_t encoded, batch_head_t *head)
{
    if (encoded.size < BATCH_SIGNATURE_SIZE || encoded.size > BATCH_HEAD_MAX
        || memcmp (encoded.data, BATCH_SIGNATURE, BATCH_SIGNATURE_SIZE) != 0)
        return false;
    mp_t reader = mp_of (bytes_of (encoded.data + BATCH_SIGNATURE_SIZE, encoded.size - BATCH_SIGNATURE_SIZE));
    uint32_t count;
    uint64_t fields[S_FIELDS];
    if (!mp_array (&reader, &count) || count != S_FIELDS)
        return false;
    for (size_t at = 0; at < S_FIELDS; at++)
        if (!mp_uint (&reader, &fields[at]))
            return false;
    if (!mp_at_end (&reader) || fields[1] == 0 || fields[2] == 0 || fields[3] >= VIEW_ACTORS_MAX
        || (fields[4] & ~(uint64_t) BATCH_FLAGS))
        return false;
    *head = (batch_head_t) { .cluster = fields[0],
                             .from = fields[1],
                             .to = fields[2],
                             .actor = (uint32_t) fields[3],
                             .flags = (uint32_t) fields[4],
                             .size = fields[5] };
    return true;
}

const char *
batch_refusal (const batch_head_t *head, uint64_t body_size, const batch_limits_t *limits)
{
    if (head->cluster != limits->cluster)
        return "it is of another cluster";
    if (head->to != limits->self)
        return "it is for another member";
    if (head->flags & BATCH_PLAIN)
        return head->flags == BATCH_PLAIN && body_size == 0 && head->size == 0 ? NULL : "it has no meaning";
    if (head->actor >= limits->actors)
        return "it is for a storage actor that is not here";
    if (head->size > limits->size_max)
        return "it is larger than agreed";
    if (body_size == 0 || head->size == 0)
        return "it is empty";
    if (head->flags & BATCH_LZ4 ? body_size >= head->size : body_size != head->size)
        return "its size is not what it says";
    return NULL;
}

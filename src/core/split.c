//  split: see split.h.
//  SPDX-License-Identifier: MPL-2.0
#include "split.h"

#include "cluster/view.h"
#include "slot.h"

split_t
split_request (const request_t *request, uint32_t partitions, uint32_t actors)
{
    split_t first = { SPLIT_ACTOR, 0 };
    if (request->faulty)
        return (split_t) { SPLIT_HERE, 0 };
    if (request->op == OP_STATS)
        return (split_t) { SPLIT_ALL, 0 };
    const op_info_t *info = op_info (request->op);
    if (info->routing == ROUTING_NODE)
        return (split_t) { SPLIT_HERE, 0 };
    if (info->routing == ROUTING_KEY)
        return (split_t) { SPLIT_ACTOR, slot_partition (slot_of_key (request->key), partitions) % actors };
    options_t options;
    const char *why;
    if (!options_decode (request->options, &options, &why))
        return first;
    if (options.given & OPT_partition)
        return (split_t) { SPLIT_ACTOR, (uint32_t) (options.partition % actors) };
    if (request->op != OP_SCAN)
        return (split_t) { SPLIT_ALL, 0 };
    uint64_t cursor = (options.given & OPT_cursor) ? options.cursor : 0;
    scan_t scan;
    if (!split_scan (cursor, partitions, &scan))
        return (split_t) { SPLIT_SCAN, 0 }; // Which complains
    return (split_t) { SPLIT_SCAN, scan.partition % actors };
}

#define S_PARTITION_SHIFT 33

bool
split_scan (uint64_t cursor, uint32_t partitions, scan_t *scan)
{
    scan->stride = cursor >> SPLIT_STRIDE_SHIFT;
    scan->cursor = cursor & ((UINT64_C (1) << SPLIT_STRIDE_SHIFT) - 1);
    uint64_t named = scan->cursor >> S_PARTITION_SHIFT;
    scan->partition = named ? (uint32_t) named - 1 : 0;
    return cursor == 0 || (named && named <= partitions && scan->stride <= VIEW_ACTORS_MAX);
}

uint64_t
split_cursor (uint64_t cursor, uint32_t partition, uint64_t stride, uint32_t partitions)
{
    if (cursor)
        return cursor | stride << SPLIT_STRIDE_SHIFT;
    uint64_t next = partition + (stride ? stride : 1);
    if (stride && next >= partitions) {
        next = partition % stride + 1;
        if (next >= stride)
            return 0;
    }
    return next < partitions ? (next + 1) << S_PARTITION_SHIFT | stride << SPLIT_STRIDE_SHIFT : 0;
}

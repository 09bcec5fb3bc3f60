//  split: see split.h.
//  SPDX-License-Identifier: MPL-2.0
#include "split.h"

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
    //  A cursor begins with its partition, plus one
    uint64_t partition = (options.given & OPT_cursor) && options.cursor >> 33 ? (options.cursor >> 33) - 1
                                                                              : 0;
    return (split_t) { SPLIT_SCAN, (uint32_t) (partition % actors) };
}

//  node_info: what actors tell clients about their node. Made once, before the doors open.
//  SPDX-License-Identifier: MPL-2.0
#ifndef NODE_INFO_H_INCLUDED
#define NODE_INFO_H_INCLUDED

#include "storage.h"

typedef struct {
    bytes_t hello;  // Encoded value of a HELLO reply
    bytes_t routes; // Encoded value of a ROUTES reply
    const char *name;
    const char *version;
    uint64_t started; // Milliseconds of the boot clock
} node_info_t;

//  The value of a STATS reply, encoded: the sum and, if there are any, its parts.
void
    node_info_stats (const node_info_t *info, const stats_t *sum, const stats_t *parts, uint32_t part_count,
                     uint64_t now, buf_t *out);

//  Answers HELLO, ROUTES and PING; adds one reply. STATS is for those who have statistics.
void
    node_info_reply (const node_info_t *info, const request_t *request, buf_t *out);

#endif

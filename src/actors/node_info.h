//  node_info: what actors tell clients about their node. Each actor has its own, made anew with each
//  view (inner.h).
//  SPDX-License-Identifier: MPL-2.0
#ifndef NODE_INFO_H_INCLUDED
#define NODE_INFO_H_INCLUDED

#include "inner.h"
#include "storage.h"

typedef struct {
    bytes_t hello;    // Encoded pairs of a HELLO reply
    uint32_t pairs;   // How many
    bytes_t routes;   // Encoded value of a ROUTES reply
    uint64_t view_version; // 0: none yet
    uint32_t era;
    const char *name;
    const char *version;
    uint64_t started; // Milliseconds of the boot clock
} node_info_t;

//  What a view says from now on (INNER_VIEW). copies holds the bytes and must live as long as the info.
//  False without memory: nothing has changed.
bool
    node_info_set_view (node_info_t *self, buf_t *copies, const inner_t *message, const view_t *view);

//  The value of a STATS reply, encoded: the sum and, if there are any, its parts.
void
    node_info_stats (const node_info_t *info, const stats_t *sum, const stats_t *parts, uint32_t part_count,
                     uint64_t now, buf_t *out);

//  The same of a table.
void
    node_info_sheet (const node_info_t *info, sheet_t *sheet, uint64_t now, buf_t *out);

//  Answers HELLO; adds one reply. session: a fresh one for whoever asks; NULL: none can be given.
void
    node_info_hello (const node_info_t *info, const request_t *request, const uint8_t *session, buf_t *out);

//  Answers HELLO (without a session), ROUTES and PING; adds one reply. STATS is for those who have
//  statistics.
void
    node_info_reply (const node_info_t *info, const request_t *request, buf_t *out);

//  Which pushes a HELLO asks for: OPT_views, OPT_events, both, or 0.
uint32_t
    node_info_wants (const request_t *request);

#endif

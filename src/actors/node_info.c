//  node_info: see node_info.h.
//  SPDX-License-Identifier: MPL-2.0
#include "node_info.h"

#include "status.h"

void
node_info_stats (const node_info_t *info, const stats_t *sum, const stats_t *parts, uint32_t part_count,
                 uint64_t now, buf_t *out)
{
    wire_add_map (out, STATS_FIELDS + 3 + (part_count ? 1 : 0));
    wire_add_text (out, "name");
    wire_add_text (out, info->name);
    wire_add_text (out, "version");
    wire_add_text (out, info->version);
    wire_add_text (out, "uptime_ms");
    wire_add_uint (out, now - info->started);
    stats_encode (sum, out);
    if (!part_count)
        return;
    wire_add_text (out, "storage");
    wire_add_array (out, part_count);
    for (uint32_t at = 0; at < part_count; at++) {
        wire_add_map (out, STATS_FIELDS);
        stats_encode (&parts[at], out);
    }
}

void
node_info_reply (const node_info_t *info, const request_t *request, buf_t *out)
{
    value_t value = { .kind = VALUE_TREE };
    switch (request->op) {
        case OP_HELLO:
            value.bytes = info->hello;
            break;
        case OP_ROUTES:
            value.bytes = info->routes;
            break;
        default: // PING
            value = request->value;
            if (value.kind == VALUE_ATTACHED)
                value = value_nil ();
            break;
    }
    wire_reply (out, request->id, ZGRID_OK, value, 0, NULL);
}

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
node_info_sheet (const node_info_t *info, sheet_t *sheet, uint64_t now, buf_t *out)
{
    wire_add_map (out, SHEET_PAIRS + 4);
    wire_add_text (out, "name");
    wire_add_text (out, info->name);
    wire_add_text (out, "version");
    wire_add_text (out, info->version);
    wire_add_text (out, "uptime_ms");
    wire_add_uint (out, now - info->started);
    wire_add_text (out, "table");
    wire_add_text (out, sheet_info (sheet_which (sheet)).word);
    sheet_encode (sheet, out);
}

bool
node_info_set_view (node_info_t *self, buf_t *copies, const inner_t *message, const view_t *view)
{
    buf_t fresh = BUF_INIT;
    buf_add (&fresh, message->hello.data, message->hello.size);
    buf_add (&fresh, message->routes.data, message->routes.size);
    if (fresh.failed) {
        buf_clear (&fresh);
        return false;
    }
    buf_clear (copies);
    *copies = fresh;
    self->hello = bytes_of (fresh.data, message->hello.size);
    self->routes = bytes_of (fresh.data + message->hello.size, message->routes.size);
    self->pairs = message->hello_pairs;
    self->view_version = view->version;
    self->era = view->era;
    return true;
}

void
node_info_hello (const node_info_t *info, const request_t *request, const uint8_t *session, buf_t *out)
{
    buf_t tree = BUF_INIT;
    wire_add_map (&tree, info->pairs + 1 + (session ? 1 : 0));
    buf_add (&tree, info->hello.data, info->hello.size);
    wire_add_text (&tree, "era");
    wire_add_uint (&tree, info->era);
    if (session) {
        wire_add_text (&tree, "session");
        wire_add_bytes (&tree, bytes_of (session, SESSION_SIZE));
    }
    if (tree.failed)
        wire_reply_error (out, request->id, ZGRID_NOMEM, "out of memory");
    else
        wire_reply (out, request->id, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) },
                    0, NULL);
    buf_clear (&tree);
}

void
node_info_reply (const node_info_t *info, const request_t *request, buf_t *out)
{
    value_t value = { .kind = VALUE_TREE };
    switch (request->op) {
        case OP_HELLO:
            node_info_hello (info, request, NULL, out);
            return;
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

uint32_t
node_info_wants (const request_t *request)
{
    options_t options;
    const char *why;
    if (request->op != OP_HELLO || !options_decode (request->options, &options, &why))
        return 0;
    return options.given & (OPT_views | OPT_events);
}

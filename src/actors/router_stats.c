//  router_stats: STATS, answered from all storage actors of this node (gather.h), from what the router knows
//  itself, and from the system.
//  SPDX-License-Identifier: MPL-2.0
#include "facts.h"
#include "router_impl.h"

bool
router_stats_here (router_t *self, const request_t *request, report_t *report, buf_t *out)
{
    const char *why;
    if (!report_decode (request, report, &why)) {
        self->counters.malformed++;
        router_refuse (self, out, request->id, ZGRID_MALFORMED, why);
        return true;
    }
    if (report->kind != REPORT_PROCESS)
        return false;
    buf_t tree = BUF_INIT;
    facts_add (&self->info, self->now, &tree);
    if (tree.failed)
        wire_reply_error (out, request->id, ZGRID_NOMEM, "out of memory");
    else
        wire_reply (out, request->id, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) },
                    0, NULL);
    self->here_records++;
    buf_clear (&tree);
    return true;
}

//  What the router answers by itself.
static bool
s_operations (const router_t *self, sheet_t *sheet)
{
    for (unsigned op = 1; op < OP_LIMIT; op++) {
        cell_t cells[SHEET_COLUMNS_MAX] = { 0 };
        if (self->here_ops[op] == 0)
            continue;
        cells[CELL_operations_op].bytes = bytes_str (op_info (op)->name);
        cells[CELL_operations_records].number = self->here_ops[op];
        if (!sheet_add (sheet, cells))
            return false;
    }
    return true;
}

static void
s_sheet (router_t *self, sheet_t *sheet, buf_t *out)
{
    sheet_id_t which = sheet_which (sheet);
    if ((which == SHEET_clients && !door_report (self->clients, "router", sheet, self->now))
        || (which == SHEET_operations && !s_operations (self, sheet)))
        out->failed = true;
    else
        node_info_sheet (&self->info, sheet, self->now, out);
}

void
router_stats_reply (void *arg, const stats_t *sum, const stats_t *parts, sheet_t *sheet, buf_t *out)
{
    router_t *self = arg;
    if (sheet) {
        s_sheet (self, sheet, out);
        return;
    }
    stats_t total = *sum;
    stats_add (&total, &self->counters);
    const forward_stats_t *forward = forward_stats (self->forward);
    total.busy += forward->busy;
    total.moved += forward->moved;
    total.forward_records = forward_count (self->forward);
    total.forward_bytes = forward->bytes;
    total.forward_resent = forward->resent;
    total.forward_timeouts = forward->timeouts;
    total.forward_maybes = forward->maybes;
    total.forward_late = forward->late;
    total.forward_broken = forward->broken;
    node_info_stats (&self->info, &total, parts, self->actors, self->now, out);
}

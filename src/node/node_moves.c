//  node_moves: how the moves stand, for the answer to CLUSTER. doc/protocol.md names the fields.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster/plan.h"
#include "node_impl.h"
#include "wire.h"

static void
s_active (const view_t *view, const move_info_t *move, buf_t *out)
{
    const member_t *to = view_member (view, move->target);
    wire_add_map (out, 6);
    node_describe_number (out, "partition", move->partition);
    node_describe_text (out, "to", to ? to->name : "?");
    node_describe_text (out, "state", move_state_name (move->state));
    node_describe_number (out, "entries", move->entries);
    node_describe_number (out, "bytes", move->bytes);
    node_describe_number (out, "total", move->total);
}

//  Moves that are left: those that have begun, and those that have not. Looked for once in each view, for
//  the beacon has other things to do.
static uint32_t
s_left (zgrid_node_t *self, const view_t *view)
{
    if (self->left_version == view->version)
        return self->left;
    plan_t *plan = plan_new (view);
    self->left = view_health (view).moving + (plan ? plan->count : 0);
    self->left_version = plan ? view->version : 0;
    plan_destroy (&plan);
    return self->left;
}

void
node_describe_moves (zgrid_node_t *self, const beacon_question_t *question, buf_t *out)
{
    const view_t *view = question->view;
    wire_add_text (out, "moves");
    wire_add_map (out, 6);
    wire_add_text (out, "paused");
    buf_add (out, view->moves_paused ? "\xc3" : "\xc2", 1);
    node_describe_number (out, "rate", view->move_rate);
    node_describe_number (out, "total", view->moves_total);
    node_describe_number (out, "left", s_left (self, view));
    node_describe_number (out, "streamed", self->moves.bytes);
    wire_add_text (out, "active");
    wire_add_array (out, question->moves_count);
    for (uint32_t at = 0; at < question->moves_count; at++)
        s_active (view, &question->moves[at], out);
}

static void
s_name (const view_t *view, node_id_t node, buf_t *out)
{
    const member_t *member = node ? view_member (view, node) : NULL;
    if (member)
        wire_add_text (out, member->name);
    else
        buf_add (out, "\xc0", 1);
}

void
node_describe_plan (const view_t *view, buf_t *out)
{
    plan_t *plan = plan_new (view);
    wire_add_text (out, "plan");
    wire_add_array (out, plan ? plan->count : 0);
    for (uint32_t at = 0; plan && at < plan->count; at++) {
        const plan_move_t *move = &plan->moves[at];
        wire_add_array (out, 4);
        wire_add_uint (out, move->partition);
        wire_add_text (out, move->kind == PLAN_COPY ? "copy" : "primary");
        s_name (view, move->from, out);
        s_name (view, move->to, out);
    }
    out->failed = out->failed || !plan;
    plan_destroy (&plan);
}

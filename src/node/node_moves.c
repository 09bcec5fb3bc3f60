//  node_moves: how the moves stand, for the answer to CLUSTER. doc/protocol.md names the fields.
//  SPDX-License-Identifier: MPL-2.0
#include "node_impl.h"
#include "wire.h"

static void
s_number (buf_t *out, const char *name, uint64_t number)
{
    wire_add_text (out, name);
    wire_add_uint (out, number);
}

static void
s_text (buf_t *out, const char *name, const char *text)
{
    wire_add_text (out, name);
    wire_add_text (out, text);
}

static void
s_active (const view_t *view, const move_info_t *move, buf_t *out)
{
    const member_t *to = view_member (view, move->target);
    wire_add_map (out, 6);
    s_number (out, "partition", move->partition);
    s_text (out, "to", to ? to->name : "?");
    s_text (out, "state", move_state_name (move->state));
    s_number (out, "entries", move->entries);
    s_number (out, "bytes", move->bytes);
    s_number (out, "total", move->total);
}

//  Moves that are left to do.
static uint32_t
s_left (const view_t *view)
{
    return view_health (view).moving;
}

void
node_describe_moves (const zgrid_node_t *self, const beacon_question_t *question, buf_t *out)
{
    const view_t *view = question->view;
    wire_add_text (out, "moves");
    wire_add_map (out, 6);
    wire_add_text (out, "paused");
    buf_add (out, view->moves_paused ? "\xc3" : "\xc2", 1);
    s_number (out, "rate", view->move_rate);
    s_number (out, "total", view->moves_total);
    s_number (out, "left", s_left (view));
    s_number (out, "streamed", self->moves.bytes);
    wire_add_text (out, "active");
    wire_add_array (out, question->moves_count);
    for (uint32_t at = 0; at < question->moves_count; at++)
        s_active (view, &question->moves[at], out);
}

void
node_describe_plan (const view_t *view, buf_t *out)
{
    (void) view;
    wire_add_text (out, "plan");
    wire_add_array (out, 0);
}

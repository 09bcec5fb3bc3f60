//  event: see event.h.
//  SPDX-License-Identifier: MPL-2.0
#include "event.h"

#include <inttypes.h>
#include <stdio.h>

#include "../json.h"
#include "../move/move.h"

static const char *const s_names[EVENT_LIMIT] = {
#define EVENT(NAME, name, fields, purpose) name,
#include "event.def"
#undef EVENT
};

const char *
event_name (cluster_event_t kind)
{
    return kind < EVENT_LIMIT ? s_names[kind] : "?";
}

static void
s_text (buf_t *out, const char *before, const char *text)
{
    size_t size = strlen (text);
    json_add (out, before);
    json_add (out, ":");
    json_text (out, bytes_of (text, size < EVENT_TEXT_MAX ? size : EVENT_TEXT_MAX));
}

void
event_encode (const event_record_t *self, buf_t *out)
{
    char id[20];
    s_text (out, "{\"event\"", event_name (self->kind));
    json_number (out, "at", self->at);
    s_text (out, ",\"node\"", self->node);
    if (self->partition != UINT32_MAX)
        json_number (out, "partition", self->partition);
    if (self->member && *self->member)
        s_text (out, ",\"member\"", self->member);
    snprintf (id, sizeof id, "%016" PRIx64, self->id);
    if (self->id)
        s_text (out, ",\"id\"", id);
    if (self->text && *self->text)
        s_text (out, ",\"text\"", self->text);
    if (self->move) {
        s_text (out, ",\"state\"", move_state_name (self->move->state));
        json_number (out, "epoch", self->move->epoch);
        json_number (out, "entries", self->move->entries);
        json_number (out, "bytes", self->move->bytes);
        json_number (out, "total", self->move->total);
    }
    json_add (out, "}");
}

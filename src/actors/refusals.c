//  refusals: see refusals.h.
//  SPDX-License-Identifier: MPL-2.0
#include "refusals.h"

#include <inttypes.h>
#include <stdio.h>

void
refusals_add (refusals_t *self, uint64_t count, const char *why, const char *address, node_id_t node)
{
    char id[40] = "";
    if (node)
        snprintf (id, sizeof id, "%smember %016" PRIx64, address ? ", says " : "says ", node);
    self->count += count;
    snprintf (self->why, sizeof self->why, "%s", why);
    snprintf (self->from, sizeof self->from, "%.48s%s", address ? address : "", id);
}

uint64_t
refusals_turn (refusals_t *self, const note_t *note, const char *by, uint64_t now)
{
    if (self->count == 0)
        return UINT64_MAX;
    if (now < self->next)
        return self->next - now;
    char count[24];
    snprintf (count, sizeof count, "%" PRIu64, self->count);
    const char *const pairs[] = { "by", by, "count", count, "last", self->why, "from", self->from, NULL };
    note->line (note->arg, NOTE_WARNING, "peer messages refused", pairs);
    self->count = 0;
    self->next = now + REFUSALS_MS;
    return UINT64_MAX;
}

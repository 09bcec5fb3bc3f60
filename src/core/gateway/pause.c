//  pause: see pause.h.
//  SPDX-License-Identifier: MPL-2.0
#include "pause.h"

#include "do.h"

void
pause_add (pause_t *self, uint64_t until, bool all)
{
    self->all = self->all || all;
    self->until = until > self->until ? until : self->until;
}

static bool
s_writes (const command_t *command)
{
    return command->flags & (COMMAND_WRITE | COMMAND_MAY_WRITE);
}

bool
pause_holds (const pause_t *self, const command_t *command, const multi_t *multi)
{
    if (!self->until)
        return false;
    if (self->all || s_writes (command))
        return true;
    for (const queued_t *queued = command->run == do_exec ? multi->first : NULL; queued;
         queued = queued->next)
        if (s_writes (queued->command))
            return true;
    return false;
}

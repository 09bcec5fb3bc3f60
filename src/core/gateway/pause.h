//  pause: CLIENT PAUSE: until when commands of all connections wait, or those of them that write.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PAUSE_H_INCLUDED
#define PAUSE_H_INCLUDED

#include "multi.h"

//  All zero: nothing waits.
typedef struct {
    uint64_t until; // Milliseconds of moment_t.now; 0: there is no pause
    bool all;
} pause_t;

//  Another pause: the longer time and the stricter kind of both count, as in Redis.
void
    pause_add (pause_t *self, uint64_t until, bool all);

//  True for a command that has to wait, or EXEC if one of what is queued has to.
bool
    pause_holds (const pause_t *self, const command_t *command, const multi_t *multi);

#endif

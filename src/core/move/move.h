//  move: one partition on its way from its primary to another member, as the source sees it
//  (doc/consistency.md, "Adding a copy, moving a partition"). A copy that is added passes LEARNER to
//  DONE; a primary's role that is passed on, SEALED to DONE.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MOVE_H_INCLUDED
#define MOVE_H_INCLUDED

#include "../cluster/view.h"

typedef enum {
    MOVE_NONE,
#define MOVE_STATE(NAME, name, next, text) MOVE_##NAME,
#include "move_state.def"
#undef MOVE_STATE
    MOVE_STATES
} move_state_t;

typedef struct move_info {
    uint32_t partition;
    uint64_t epoch;     // In which it began
    node_id_t target;
    move_state_t state;
    uint64_t began_at;  // Milliseconds of the clock that the storage is told
    uint64_t entries, bytes; // Sent so far
    uint64_t total;     // Bytes that there were to send when it began, about
} move_info_t;

//  "none", "learner"…
const char *
    move_state_name (move_state_t state);

//  True if `next` may follow.
bool
    move_state_follows (move_state_t state, move_state_t next);

//  The only place where a move's state changes. Asserts that `next` may follow: NONE is followed by
//  LEARNER and SEALED, and follows DONE and ABORTED.
void
    move_set (move_info_t *self, move_state_t next);

#endif

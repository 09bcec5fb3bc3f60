//  move: see move.h.
//  SPDX-License-Identifier: MPL-2.0
#include "move.h"

#include <assert.h>

const char *
move_state_name (move_state_t state)
{
    static const char *const s_names[MOVE_STATES] = {
        "none",
#define MOVE_STATE(NAME, name, next, text) name,
#include "move_state.def"
#undef MOVE_STATE
    };
    return (unsigned) state < MOVE_STATES ? s_names[state] : "?";
}

bool
move_state_follows (move_state_t state, move_state_t next)
{
#define MOVE(NAME) (1u << MOVE_##NAME)
    static const unsigned s_next[MOVE_STATES] = {
        MOVE (LEARNER) | MOVE (SEALED),
#define MOVE_STATE(NAME, name, next, text) next,
#include "move_state.def"
#undef MOVE_STATE
    };
    static const unsigned s_over = MOVE (DONE) | MOVE (ABORTED);
#undef MOVE
    if ((unsigned) state >= MOVE_STATES || (unsigned) next >= MOVE_STATES)
        return false;
    if (next == MOVE_NONE)
        return s_over >> state & 1;
    return s_next[state] >> next & 1;
}

void
move_set (move_info_t *self, move_state_t next)
{
    assert (move_state_follows (self->state, next));
    self->state = next;
}

//  do: the functions that execute commands, one for each of command.def.
//  SPDX-License-Identifier: MPL-2.0
#ifndef DO_H_INCLUDED
#define DO_H_INCLUDED

#include "call.h"

#define COMMAND(function, name, arity, flags, first, last, step, group, since, complexity, state, summary, \
                note) \
    void do_##function (call_t *call);
#define LATER(function, name, arity, flags, first, last, step, group, since, complexity, state, summary, note)
#define CONTAINER(name, arity, group, since)
#define ABSENT(name, group)
#include "command.def"
#undef COMMAND
#undef LATER
#undef CONTAINER
#undef ABSENT

#endif

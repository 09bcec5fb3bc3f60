//  help: the replies of HELP, as Redis lays them out.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HELP_H_INCLUDED
#define HELP_H_INCLUDED

#include "call.h"

//  Answers with a line of its own for the command, the lines given, and those for HELP itself.
void
    help_say (call_t *call, const char *command, const char *const *lines, size_t count);

//  Answers with an error that shows a word, or the beginning of a long one.
void
    help_fail_word (call_t *call, const char *before, bytes_t word, const char *behind);

//  Answers that the subcommand was given words that it has no use for.
void
    help_fail (call_t *call, const char *command);

#endif

//  help: see help.h.
//  SPDX-License-Identifier: MPL-2.0
#include "help.h"

#include <stdio.h>

#define S_SHOWN 128 // Bytes of a word in an error

void
help_say (call_t *call, const char *command, const char *const *lines, size_t count)
{
    char text[120];
    say_t say = call_say (call);
    snprintf (text, sizeof text, "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", command);
    say_array (say, count + 3);
    say_status (say, text);
    for (size_t at = 0; at < count; at++)
        say_status (say, lines[at]);
    say_status (say, "HELP");
    say_status (say, "    Print this.");
    call_done (call);
}

void
help_fail_word (call_t *call, const char *before, bytes_t word, const char *behind)
{
    char text[S_SHOWN + 200];
    snprintf (text, sizeof text, "%s%.*s%s", before, (int) (word.size < S_SHOWN ? word.size : S_SHOWN),
              (const char *) word.data, behind);
    call_fail (call, text);
}

void
help_fail (call_t *call, const char *command)
{
    char behind[40];
    snprintf (behind, sizeof behind, "'. Try %s HELP.", command);
    help_fail_word (call, "ERR unknown subcommand or wrong number of arguments for '", call_arg (call, 1),
                    behind);
}

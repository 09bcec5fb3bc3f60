//  print-commands: see print-commands.h.
//  SPDX-License-Identifier: MPL-2.0
#include "print-commands.h"

#include <stdio.h>

#include "gateway/command.h"

//  A subcommand is written as it is sent: "CLIENT ID".
static void
s_name (const command_t *command)
{
    printf ("`");
    for (const char *letter = command->name; *letter; letter++)
        putchar (*letter == '|' ? ' ' : *letter);
    printf ("`");
}

void
print_commands (void)
{
    printf ("| Command | Group | What it does | State |\n|---|---|---|---|\n");
    for (const command_t *command = commands; command < commands + commands_count; command++) {
        if (!command->run)
            continue;
        bool different = command->state == COMMAND_DIFFERENT;
        printf ("| ");
        s_name (command);
        printf (" | %s | %s | %s%s |\n", command->group, command->summary,
                different ? "different: " : "as Redis", different ? command->note : "");
    }
}

void
print_absent_commands (void)
{
    printf ("| Group | Commands |\n|---|---|\n");
    for (uint32_t at = 0; at < commands_count; at++) {
        uint32_t first = 0;
        while (commands[first].state != COMMAND_ABSENT
               || strcmp (commands[first].group, commands[at].group) != 0)
            if (first++ == at)
                break;
        if (first != at)
            continue; // Its group is done, or it is there
        printf ("| %s |", commands[at].group);
        for (uint32_t other = at; other < commands_count; other++)
            if (commands[other].state == COMMAND_ABSENT
                && strcmp (commands[other].group, commands[at].group) == 0) {
                printf (" ");
                s_name (&commands[other]);
            }
        printf (" |\n");
    }
}

void
print_scripts (void)
{
    printf ("| Script | Text |\n|---|---|\n");
#define SCRIPT(name, check, change, answer, text) printf ("| %s | `%s` |\n", name, text);
#include "gateway/script.def"
#undef SCRIPT
}

//  print-commands: the tables of doc/redis.md, from command.def and script.def, for print-tables.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PRINT_COMMANDS_H_INCLUDED
#define PRINT_COMMANDS_H_INCLUDED

//  What there is, a row each; what there is not, a row for each group.
void
    print_commands (void);
void
    print_absent_commands (void);
//  The scripts that are known.
void
    print_scripts (void);

#endif

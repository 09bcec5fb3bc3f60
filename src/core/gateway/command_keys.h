//  command_keys: where the keys of a command stand, and what is done to them.
//  SPDX-License-Identifier: MPL-2.0
#ifndef COMMAND_KEYS_H_INCLUDED
#define COMMAND_KEYS_H_INCLUDED

#include "command.h"

typedef struct {
    uint32_t first, step, count; // Among the command's words, the name is 0. A last step may lack its value.
} command_keys_t;

//  For `count` words, which are as many as the command needs; third: the word with index 2, if there is one,
//  which is how many keys there are where they can be anywhere. No keys, or no such number: count 0.
void
    command_keys (const command_t *command, uint32_t count, bytes_t third, command_keys_t *keys);

//  As COMMAND tells them: "RW access update". which: 0 its keys; 1 the second key where that has flags of its
//  own, otherwise NULL.
const char *
    command_key_flags (const command_t *command, int which);

#endif

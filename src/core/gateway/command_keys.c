//  command_keys: see command_keys.h.
//  SPDX-License-Identifier: MPL-2.0
#include "command_keys.h"

#include "words.h"

void
command_keys (const command_t *command, uint32_t count, bytes_t third, command_keys_t *keys)
{
    *keys = (command_keys_t) { 0, 1, 0 };
    if (command->flags & COMMAND_MOVABLEKEYS) {
        int64_t number;
        if (count > 3 && word_int (third, &number) && number > 0 && number <= (int64_t) count - 3) {
            keys->first = 3;
            keys->count = (uint32_t) number;
        }
        return;
    }
    if (!command->first || count <= (uint32_t) command->first)
        return;
    uint32_t last = command->last < 0 ? count - (uint32_t) -command->last : (uint32_t) command->last;
    if (last >= count)
        last = count - 1;
    keys->first = (uint32_t) command->first;
    keys->step = (uint32_t) command->step;
    keys->count = last < keys->first ? 0 : (last - keys->first) / keys->step + 1;
}

//  Facts of Redis 7.0's COMMAND; where nothing stands the usual is right.
const char *
command_key_flags (const command_t *command, int which)
{
    static const struct {
        const char *name, *flags, *second;
    } list[] = {
        { "APPEND", "RW insert", NULL },
        { "COPY", "RO access", "OW update" },
        { "DEL", "RM delete", NULL },
        { "EXISTS", "RO", NULL },
        { "EXPIRE", "RW update", NULL },
        { "EXPIREAT", "RW update", NULL },
        { "GETDEL", "RW access delete", NULL },
        { "MEMORY|USAGE", "RO", NULL },
        { "MSET", "OW update", NULL },
        { "MSETNX", "OW insert", NULL },
        { "OBJECT|ENCODING", "RO", NULL },
        { "OBJECT|FREQ", "RO", NULL },
        { "OBJECT|IDLETIME", "RO", NULL },
        { "OBJECT|REFCOUNT", "RO", NULL },
        { "PERSIST", "RW update", NULL },
        { "PEXPIRE", "RW update", NULL },
        { "PEXPIREAT", "RW update", NULL },
        { "PSETEX", "OW update", NULL },
        { "RENAME", "RW access delete", "OW update" },
        { "RENAMENX", "RW access delete", "OW insert" },
        { "RESTORE", "OW update", NULL },
        { "SET", "RW access update variable_flags", NULL },
        { "SETEX", "OW update", NULL },
        { "SETNX", "OW insert", NULL },
        { "SETRANGE", "RW update", NULL },
        { "SPUBLISH", "not_key", NULL },
        { "SSUBSCRIBE", "not_key", NULL },
        { "STRLEN", "RO", NULL },
        { "SUNSUBSCRIBE", "not_key", NULL },
        { "TOUCH", "RO", NULL },
        { "TYPE", "RO", NULL },
        { "UNLINK", "RM delete", NULL },
        { "WATCH", "RO", NULL },
    };
    for (size_t at = 0; at < sizeof list / sizeof list[0]; at++)
        if (strcmp (list[at].name, command->name) == 0)
            return which ? list[at].second : list[at].flags;
    if (which)
        return NULL;
    return command->flags & COMMAND_READONLY ? "RO access" : "RW access update";
}

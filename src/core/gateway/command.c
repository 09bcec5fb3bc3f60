//  command: see command.h.
//  SPDX-License-Identifier: MPL-2.0
#include "command.h"

#include "do.h"

#define GROUPED(function, name, arity, flags, first, last, step, group, since, complexity, state, summary,   \
                note, run)                                                                                   \
    { name,  arity,      flags,   first,           last, step, group,                                        \
      since, complexity, summary, COMMAND_##state, note, run,  sizeof name - 1 },

//  The usual ones stand first: looking for a name compares lengths and first letters, and little else.
const command_t commands[] = {
#define COMMAND(function, name, arity, flags, first, last, step, group, since, complexity, state, summary,   \
                note)                                                                                        \
    GROUPED (function, name, arity, flags, first, last, step, group, since, complexity, state, summary,      \
             note, do_##function)
#define LATER(function, name, arity, flags, first, last, step, group, since, complexity, state, summary,     \
              note)                                                                                          \
    GROUPED (function, name, arity, flags, first, last, step, group, since, complexity, ABSENT, summary,     \
             note, NULL)
#define CONTAINER(name, arity, group, since)                                                                 \
    { name, arity, 0, 0, 0, 0, group, since, "", "", COMMAND_CONTAINER, "", NULL, sizeof name - 1 },
#define ABSENT(name, group)                                                                                  \
    { name, 0, 0, 0, 0, 0, group, "", "", "", COMMAND_ABSENT, "", NULL, sizeof name - 1 },
#include "command.def"
#undef COMMAND
#undef LATER
#undef CONTAINER
#undef ABSENT
};

const uint32_t commands_count = sizeof commands / sizeof commands[0];

static uint8_t
s_upper (uint8_t letter)
{
    return letter >= 'a' && letter <= 'z' ? (uint8_t) (letter - 32) : letter;
}

static bool
s_is (bytes_t word, const char *text)
{
    for (size_t at = 0; at < word.size; at++)
        if (s_upper (word.data[at]) != (uint8_t) text[at])
            return false;
    return true;
}

const command_t *
command_find (bytes_t name)
{
    if (name.size == 0)
        return NULL;
    uint8_t letter = s_upper (name.data[0]);
    for (uint32_t at = 0; at < commands_count; at++)
        if (commands[at].size == name.size && (uint8_t) commands[at].name[0] == letter
            && s_is (name, commands[at].name))
            return memchr (name.data, '|', name.size) ? NULL : &commands[at];
    return NULL;
}

const command_t *
command_find_sub (const command_t *container, bytes_t sub)
{
    size_t size = container->size + 1 + sub.size;
    //  They stand behind it
    for (const command_t *at = container + 1; at < commands + commands_count; at++) {
        if (at->size <= container->size || memcmp (at->name, container->name, container->size) != 0
            || at->name[container->size] != '|')
            return NULL;
        if (at->size == size && s_is (sub, at->name + container->size + 1))
            return at;
    }
    return NULL;
}

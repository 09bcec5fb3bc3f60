//  command: see command.h.
//  SPDX-License-Identifier: MPL-2.0
#include "command.h"

#include "do.h"

#define S_NAME_MAX 64 // Bytes; names are shorter

#define GROUPED(function, name, arity, flags, first, last, step, group, since, complexity, state, summary,   \
                note, run)                                                                                   \
    { name,  arity,      flags,   first,           last, step, group,                                        \
      since, complexity, summary, COMMAND_##state, note, run,  sizeof name - 1 },

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

//  ------------------------------------------------------------------------------------------------
//  Names: open addressing (Knuth, TAOCP 3, 6.4, algorithm L), filled with the first look. Several threads may
//  do that at once: each puts the same command into the same place, in the same order.

#define S_PLACES 1024
_Static_assert(sizeof commands / sizeof commands[0] < S_PLACES / 2, "the table of names is too full");

static uint16_t s_places[S_PLACES]; // Index and one; 0: free
static bool s_filled;

//  FNV-1a (Fowler, Noll, Vo) of the name in upper case.
static uint32_t
s_hash (bytes_t name)
{
    uint32_t hash = 2166136261u;
    for (size_t at = 0; at < name.size; at++)
        hash = (hash ^ s_upper (name.data[at])) * 16777619u;
    return hash ^ hash >> 15;
}

static void
s_fill (void)
{
    for (uint32_t at = 0; at < commands_count; at++) {
        if (strchr (commands[at].name, '|'))
            continue;
        uint32_t place = s_hash (bytes_str (commands[at].name)) % S_PLACES;
        uint16_t there;
        while ((there = __atomic_load_n (&s_places[place], __ATOMIC_RELAXED)) && there != at + 1)
            place = (place + 1) % S_PLACES;
        __atomic_store_n (&s_places[place], (uint16_t) (at + 1), __ATOMIC_RELAXED);
    }
    __atomic_store_n (&s_filled, true, __ATOMIC_RELEASE);
}

const command_t *
command_find (bytes_t name)
{
    if (!__atomic_load_n (&s_filled, __ATOMIC_ACQUIRE))
        s_fill ();
    if (name.size > S_NAME_MAX)
        return NULL;
    for (uint32_t place = s_hash (name) % S_PLACES;; place = (place + 1) % S_PLACES) {
        uint16_t there = __atomic_load_n (&s_places[place], __ATOMIC_RELAXED);
        if (!there)
            return NULL;
        const command_t *command = &commands[there - 1];
        if (command->size == name.size && s_is (name, command->name))
            return command;
    }
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

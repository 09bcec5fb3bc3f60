//  do_command: COMMAND, what a server says of its commands (https://redis.io/commands/command). All of it is
//  derived from command.def: names of commands that are absent are not told.
//  SPDX-License-Identifier: MPL-2.0
#include "../glob.h"
#include "command_keys.h"
#include "do.h"
#include "words.h"

#define S_NAME_MAX 64
#define S_TEXTS_MAX 16

typedef struct {
    const char *texts[S_TEXTS_MAX];
    uint32_t count;
} texts_t;

static void
s_add (texts_t *texts, bool when, const char *text)
{
    if (when)
        texts->texts[texts->count++] = text;
}

static void
s_say_texts (say_t say, const texts_t *texts)
{
    say_set (say, texts->count);
    for (uint32_t at = 0; at < texts->count; at++)
        say_status (say, texts->texts[at]);
}

static bool
s_is_sub (const command_t *command)
{
    return strchr (command->name, '|') != NULL;
}

static bool
s_is (const command_t *command, const char *name)
{
    return strcmp (command->name, name) == 0;
}

//  The first subcommand that is told of, from `sub` on; NULL: there are no more.
static const command_t *
s_next_sub (const command_t *container, const command_t *sub)
{
    size_t size = strlen (container->name);
    for (; sub < commands + commands_count; sub++) {
        if (strncmp (sub->name, container->name, size) != 0 || sub->name[size] != '|')
            return NULL;
        if (sub->run)
            return sub;
    }
    return NULL;
}

static const command_t *
s_first_sub (const command_t *container)
{
    return s_is_sub (container) ? NULL : s_next_sub (container, container + 1);
}

static bool
s_is_told (const command_t *command)
{
    return command->run || s_first_sub (command);
}

static bytes_t
s_lower (const command_t *command, char name[S_NAME_MAX])
{
    size_t size = 0;
    for (const char *from = command->name; *from && size < S_NAME_MAX; from++)
        name[size++] = *from >= 'A' && *from <= 'Z' ? (char) (*from + 32) : *from;
    return bytes_of (name, size);
}

static void
s_say_name (say_t say, const command_t *command)
{
    char name[S_NAME_MAX];
    say_bulk (say, s_lower (command, name));
}

//  "config|get" or "get"; NULL: there is none, or it is absent.
static const command_t *
s_find (bytes_t name)
{
    const uint8_t *bar = name.size ? memchr (name.data, '|', name.size) : NULL;
    size_t size = bar ? (size_t) (bar - name.data) : name.size;
    const command_t *command = command_find (bytes_of (name.data, size));
    if (command && bar)
        command = command_find_sub (command, bytes_of (bar + 1, name.size - size - 1));
    return command && s_is_told (command) ? command : NULL;
}

//  ------------------------------------------------------------------------------------------------
//  COMMAND, COMMAND INFO

static texts_t
s_flags (const command_t *command)
{
    static const char *const names[] = {
        "write",    "readonly", "denyoom", "admin", "pubsub",  "noscript",
        "blocking", "loading",  "stale",   "fast",  "no_auth", "movablekeys"
    };
    texts_t texts = { .count = 0 };
    for (unsigned bit = 0; bit < sizeof names / sizeof names[0]; bit++)
        s_add (&texts, command->flags & 1u << bit, names[bit]);
    return texts;
}

//  What Redis derives from flags and groups; few commands are in others besides.
static texts_t
s_categories (const command_t *command)
{
    bool write = command->flags & COMMAND_WRITE, readonly = command->flags & COMMAND_READONLY;
    bool admin = command->flags & COMMAND_ADMIN || s_is (command, "ROLE") || s_is (command, "LASTSAVE");
    bool generic = strcmp (command->group, "generic") == 0;
    bool all = s_is (command, "FLUSHDB") || s_is (command, "FLUSHALL") || s_is (command, "SWAPDB");
    bool link = strcmp (command->group, "connection") == 0 || strncmp (command->name, "COMMAND", 7) == 0
                || s_is (command, "READONLY") || s_is (command, "READWRITE") || s_is (command, "ASKING")
                || s_is (command, "WAIT");
    texts_t texts = { .count = 0 };
    s_add (&texts, all || s_is (command, "DBSIZE") || (generic && (write || readonly)), "@keyspace");
    s_add (&texts, readonly, "@read");
    s_add (&texts, write, "@write");
    s_add (&texts, strcmp (command->group, "string") == 0, "@string");
    s_add (&texts, command->flags & COMMAND_PUBSUB, "@pubsub");
    s_add (&texts, admin, "@admin");
    s_add (&texts, command->flags & COMMAND_FAST, "@fast");
    s_add (&texts, !(command->flags & COMMAND_FAST), "@slow");
    s_add (&texts, command->flags & COMMAND_BLOCKING, "@blocking");
    s_add (&texts,
           admin || all || s_is (command, "KEYS") || s_is (command, "INFO") || s_is (command, "RESTORE"),
           "@dangerous");
    s_add (&texts, link, "@connection");
    s_add (&texts, strcmp (command->group, "transactions") == 0, "@transaction");
    s_add (&texts, strcmp (command->group, "scripting") == 0, "@scripting");
    return texts;
}

//  Flags of keys as COMMAND tells them: words separated by spaces.
static void
s_say_key_flags (say_t say, const char *flags)
{
    uint32_t count = 1;
    for (const char *at = flags; *at; at++)
        count += *at == ' ';
    say_set (say, count);
    for (const char *at = flags; count; count--) {
        const char *end = strchr (at, ' ');
        char word[S_NAME_MAX];
        size_t size = end ? (size_t) (end - at) : strlen (at);
        memcpy (word, at, size);
        word[size] = 0;
        say_status (say, word);
        at += size + 1;
    }
}

static void
s_say_number (say_t say, const char *name, int64_t number)
{
    say_text (say, name);
    say_int (say, number);
}

static void
s_say_key_spec (say_t say, const char *flags, int first, int last, int step)
{
    say_map (say, 3);
    say_text (say, "flags");
    s_say_key_flags (say, flags);
    say_text (say, "begin_search");
    say_map (say, 2);
    say_text (say, "type");
    say_text (say, "index");
    say_text (say, "spec");
    say_map (say, 1);
    s_say_number (say, "index", first);
    say_text (say, "find_keys");
    say_map (say, 2);
    say_text (say, "type");
    say_text (say, step ? "range" : "keynum");
    say_text (say, "spec");
    say_map (say, 3);
    s_say_number (say, step ? "lastkey" : "keynumidx", step ? last : 0);
    s_say_number (say, step ? "keystep" : "firstkey", step ? step : 1);
    s_say_number (say, step ? "limit" : "keystep", step ? 0 : 1);
}

static void
s_say_key_specs (say_t say, const command_t *command)
{
    const char *second = command_key_flags (command, 1);
    if (command->flags & COMMAND_MOVABLEKEYS) {
        say_set (say, 1);
        s_say_key_spec (say, command_key_flags (command, 0), 2, 0, 0);
    } else if (!command->first)
        say_set (say, 0);
    else if (second) {
        say_set (say, 2);
        s_say_key_spec (say, command_key_flags (command, 0), command->first, 0, 1);
        s_say_key_spec (say, second, command->last, 0, 1);
    } else {
        say_set (say, 1);
        s_say_key_spec (say, command_key_flags (command, 0), command->first,
                        command->last < 0 ? command->last : command->last - command->first, command->step);
    }
}

static void
s_say_info (say_t say, const command_t *command)
{
    texts_t flags = s_flags (command), categories = s_categories (command);
    say_array (say, 10);
    s_say_name (say, command);
    say_int (say, command->arity);
    s_say_texts (say, &flags);
    say_int (say, command->first);
    say_int (say, command->last);
    say_int (say, command->step);
    s_say_texts (say, &categories);
    say_set (say, 0); // Hints: none
    s_say_key_specs (say, command);
}

static void
s_say_info_all (say_t say, const command_t *command)
{
    uint32_t count = 0;
    s_say_info (say, command);
    const command_t *sub;
    for (sub = s_first_sub (command); sub; sub = s_next_sub (command, sub + 1))
        count++;
    if (count)
        say_array (say, count);
    else
        say_set (say, 0);
    for (sub = s_first_sub (command); sub; sub = s_next_sub (command, sub + 1)) {
        s_say_info (say, sub);
        say_set (say, 0);
    }
}

static uint32_t
s_count (void)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < commands_count; at++)
        count += !s_is_sub (&commands[at]) && s_is_told (&commands[at]);
    return count;
}

void
do_command (call_t *call)
{
    say_t say = call_say (call);
    say_array (say, s_count ());
    for (uint32_t at = 0; at < commands_count; at++)
        if (!s_is_sub (&commands[at]) && s_is_told (&commands[at]))
            s_say_info_all (say, &commands[at]);
    call_done (call);
}

void
do_command_info (call_t *call)
{
    if (call_count (call) == 2) {
        do_command (call);
        return;
    }
    say_t say = call_say (call);
    say_array (say, call_count (call) - 2);
    for (uint32_t at = 2; at < call_count (call); at++) {
        const command_t *command = s_find (call_arg (call, at));
        if (command)
            s_say_info_all (say, command);
        else
            say_nil (say);
    }
    call_done (call);
}

void
do_command_count (call_t *call)
{
    say_int (call_say (call), s_count ());
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  COMMAND DOCS

static void
s_say_doc (say_t say, const command_t *command)
{
    const command_t *sub, *first = s_first_sub (command);
    bool complexity = *command->complexity || first;
    uint32_t count = 0;
    for (sub = first; sub; sub = s_next_sub (command, sub + 1))
        count++;
    s_say_name (say, command);
    say_map (say, 3u + complexity + (first != NULL));
    say_text (say, "summary");
    say_text (say, *command->summary ? command->summary : "What has subcommands");
    say_text (say, "since");
    say_text (say, command->since);
    say_text (say, "group");
    say_text (say, command->group);
    if (complexity) {
        say_text (say, "complexity");
        say_text (say, *command->complexity ? command->complexity : "Depends on subcommand.");
    }
    if (first) {
        say_text (say, "subcommands");
        say_map (say, count);
    }
    for (sub = first; sub; sub = s_next_sub (command, sub + 1))
        s_say_doc (say, sub); // They have none themselves
}

void
do_command_docs (call_t *call)
{
    say_t say = call_say (call);
    uint32_t count = 0;
    if (call_count (call) == 2) {
        say_map (say, s_count ());
        for (uint32_t at = 0; at < commands_count; at++)
            if (!s_is_sub (&commands[at]) && s_is_told (&commands[at]))
                s_say_doc (say, &commands[at]);
    } else {
        for (uint32_t at = 2; at < call_count (call); at++)
            count += s_find (call_arg (call, at)) != NULL;
        say_map (say, count);
        for (uint32_t at = 2; at < call_count (call); at++) {
            const command_t *command = s_find (call_arg (call, at));
            if (command)
                s_say_doc (say, command);
        }
    }
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  COMMAND LIST

typedef enum { FILTER_NONE, FILTER_MODULE, FILTER_CATEGORY, FILTER_PATTERN } filter_t;

static bool
s_passes (const command_t *command, filter_t filter, bytes_t word)
{
    if (!s_is_told (command) || filter == FILTER_MODULE) // There are no modules
        return false;
    if (filter == FILTER_PATTERN) {
        char name[S_NAME_MAX];
        uint64_t steps = 0;
        return glob_match (word, s_lower (command, name), &steps);
    }
    if (filter == FILTER_CATEGORY) {
        texts_t categories = s_categories (command);
        for (uint32_t at = 0; at < categories.count; at++)
            if (bytes_equal (word, bytes_str (categories.texts[at] + 1)))
                return true;
        return false;
    }
    return true;
}

void
do_command_list (call_t *call)
{
    filter_t filter = FILTER_NONE;
    bytes_t word = bytes_str ("");
    if (call_count (call) == 5 && word_is (call_arg (call, 2), "FILTERBY")) {
        word = call_arg (call, 4);
        bytes_t kind = call_arg (call, 3);
        filter = word_is (kind, "MODULE")    ? FILTER_MODULE
                 : word_is (kind, "ACLCAT")  ? FILTER_CATEGORY
                 : word_is (kind, "PATTERN") ? FILTER_PATTERN
                                             : FILTER_NONE;
    }
    if ((call_count (call) != 2 && filter == FILTER_NONE)
        || (filter == FILTER_PATTERN && word.size > GLOB_PATTERN_MAX)) {
        call_fail_syntax (call);
        return;
    }
    uint32_t count = 0;
    for (uint32_t at = 0; at < commands_count; at++)
        count += s_passes (&commands[at], filter, word);
    say_t say = call_say (call);
    say_array (say, count);
    for (uint32_t at = 0; at < commands_count; at++)
        if (s_passes (&commands[at], filter, word))
            s_say_name (say, &commands[at]);
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  COMMAND GETKEYS, COMMAND GETKEYSANDFLAGS

//  NULL: the call was answered with an error.
static const command_t *
s_asked (call_t *call, command_keys_t *keys)
{
    uint32_t count = call_count (call) - 2;
    const command_t *command = s_find (call_arg (call, 2));
    if (command && !command->run)
        command = count > 1 ? command_find_sub (command, call_arg (call, 3)) : NULL;
    if (!command || !command->run)
        call_fail (call, "ERR Invalid command specified");
    else if (!command->first && !(command->flags & COMMAND_MOVABLEKEYS))
        call_fail (call, "ERR The command has no key arguments");
    else if (command->arity < 0 ? count < (uint32_t) -command->arity : count != (uint32_t) command->arity)
        call_fail (call, "ERR Invalid number of arguments specified for command");
    else {
        command_keys (command, count, call_arg (call, count > 2 ? 4 : 2), keys);
        return command;
    }
    return NULL;
}

void
do_command_getkeys (call_t *call)
{
    command_keys_t keys;
    if (!s_asked (call, &keys))
        return;
    say_t say = call_say (call);
    say_array (say, keys.count);
    for (uint32_t at = 0; at < keys.count; at++)
        say_bulk (say, call_arg (call, 2 + keys.first + at * keys.step));
    call_done (call);
}

void
do_command_getkeysandflags (call_t *call)
{
    command_keys_t keys;
    const command_t *command = s_asked (call, &keys);
    if (!command)
        return;
    bool reads = false;
    for (uint32_t at = 5; at < call_count (call); at++)
        reads = reads || word_is (call_arg (call, at), "GET");
    say_t say = call_say (call);
    say_array (say, keys.count);
    for (uint32_t at = 0; at < keys.count; at++) {
        const char *second = command_key_flags (command, 1);
        say_array (say, 2);
        say_bulk (say, call_arg (call, 2 + keys.first + at * keys.step));
        s_say_key_flags (say, s_is (command, "SET") ? reads ? "RW access update" : "OW update"
                              : at && second        ? second
                                                    : command_key_flags (command, 0));
    }
    call_done (call);
}

void
do_command_help (call_t *call)
{
    static const char *const lines[] = {
        "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "(no subcommand)",
        "    Return details about all Redis commands.",
        "COUNT",
        "    Return the total number of commands in this Redis server.",
        "LIST",
        "    Return a list of all commands in this Redis server.",
        "INFO [<command-name> ...]",
        "    Return details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "DOCS [<command-name> ...]",
        "    Return documentation details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "GETKEYS <full-command>",
        "    Return the keys from a full Redis command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys and the access flags from a full Redis command.",
        "HELP",
        "    Prints this help.",
    };
    say_t say = call_say (call);
    say_array (say, sizeof lines / sizeof lines[0]);
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++)
        say_status (say, lines[at]);
    call_done (call);
}

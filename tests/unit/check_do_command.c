//  check_do_command: the table of commands, what COMMAND says of it. Replies are those of redis-server 7.0.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "gateway/command_keys.h"
#include "lib/redis_rig.h"
#include "lib/test.h"

static redis_rig_t s_rig;

static void
s_set_up (void)
{
    redis_rig_open (&s_rig, NULL);
}

static void
s_tear_down (void)
{
    redis_rig_close (&s_rig);
}

#define RANGE(last)                                                                                          \
    "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n"    \
    "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:" last      \
    "\r\n"                                                                                                   \
    "$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0"

START_TEST (facts_of_commands_are_those_of_redis)
{
    static const redis_line_t lines[] = {
        { "COMMAND INFO get nosuch",
          "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n"
          "+@string\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n" RANGE (
              "0") "\r\n$-1" },
        { "COMMAND INFO del",
          "*1\r\n*10\r\n$3\r\ndel\r\n:-2\r\n*1\r\n+write\r\n:1\r\n:-1\r\n:1\r\n*3\r\n+@keyspace\r\n+@write"
          "\r\n+@slow\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RM\r\n+delete\r\n" RANGE ("-1") },
        { "COMMAND INFO COMMAND|COUNT",
          "*1\r\n*10\r\n$13\r\ncommand|count\r\n:2\r\n*2\r\n+loading\r\n+stale\r\n:0"
          "\r\n:0\r\n:0\r\n*2\r\n+@slow\r\n+@connection\r\n*0\r\n*0\r\n*0" },
        { "COMMAND INFO lpush", "*1\r\n$-1" }, // Absent
        { "COMMAND INFO command|lpush", "*1\r\n$-1" },
        { "COMMAND INFO |", "*1\r\n$-1" },
        { "COMMAND DOCS nosuch", "*0" },
        { "COMMAND DOCS command|count",
          "*2\r\n$13\r\ncommand|count\r\n*8\r\n$7\r\nsummary\r\n$27\r\nHow many commands there are\r\n$5\r\n"
          "since\r\n$6\r\n2.8.13\r\n$5\r\ngroup\r\n$6\r\nserver\r\n$10\r\ncomplexity\r\n$4\r\nO(1)" },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

START_TEST (keys_are_found_among_words)
{
    static const redis_line_t lines[] = {
        { "COMMAND GETKEYS GET a", "*1\r\n$1\r\na" },
        { "COMMAND GETKEYS MSET a b c d", "*2\r\n$1\r\na\r\n$1\r\nc" },
        { "COMMAND GETKEYS MSET a b c", "*2\r\n$1\r\na\r\n$1\r\nc" },
        { "COMMAND GETKEYS DEL a b c", "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc" },
        { "COMMAND GETKEYS COMMAND COUNT", "-ERR The command has no key arguments" },
        { "COMMAND GETKEYS COMMAND x", "-ERR The command has no key arguments" },
        { "COMMAND GETKEYS nosuch a", "-ERR Invalid command specified" },
        { "COMMAND GETKEYS GET a b", "-ERR Invalid number of arguments specified for command" },
        { "COMMAND GETKEYS GET", "-ERR wrong number of arguments for 'command|getkeys' command" },
        { "COMMAND GETKEYS", "-ERR wrong number of arguments for 'command|getkeys' command" },
        { "COMMAND GETKEYSANDFLAGS SET a b", "*1\r\n*2\r\n$1\r\na\r\n*2\r\n+OW\r\n+update" },
        { "COMMAND GETKEYSANDFLAGS SET a b GET", "*1\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+update" },
        { "COMMAND GETKEYSANDFLAGS INCR a", "*1\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+update" },
    };
    REDIS_PLAY (&s_rig, lines);
    command_t eval = { .name = "EVAL", .flags = COMMAND_MOVABLEKEYS };
    command_keys_t keys;
    command_keys (&eval, 5, bytes_str ("2"), &keys);
    ck_assert (keys.first == 3 && keys.step == 1 && keys.count == 2);
    static const char *const none[] = { "3", "0", "-1", "x", "99999999999999999999" };
    for (size_t at = 0; at < sizeof none / sizeof none[0]; at++) {
        command_keys (&eval, 5, bytes_str (none[at]), &keys);
        ck_assert_uint_eq (keys.count, 0);
    }
}
END_TEST

START_TEST (lists_of_names_can_be_narrowed)
{
    static const redis_line_t lines[] = {
        { "COMMAND LIST FILTERBY MODULE x", "*0" },
        { "COMMAND LIST FILTERBY ACLCAT nosuch", "*0" },
        { "COMMAND LIST FILTERBY PATTERN gets*", "*1\r\n$6\r\ngetset" },
        { "COMMAND LIST FILTERBY PATTERN command|c*", "*1\r\n$13\r\ncommand|count" },
        { "COMMAND LIST FILTERBY PATTERN lpush", "*0" },
        { "COMMAND LIST x", "-ERR syntax error" },
        { "COMMAND LIST FILTERBY x y", "-ERR syntax error" },
        { "COMMAND LIST FILTERBY PATTERN", "-ERR syntax error" },
        { "COMMAND COUNT x", "-ERR wrong number of arguments for 'command|count' command" },
        { "COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP." },
    };
    REDIS_PLAY (&s_rig, lines);
}
END_TEST

//  Where one reply of RESP3 that begins at `at` ends; counts it. NULL: it is none.
static const char *
s_pass (const char *at, const char *end, uint32_t *count)
{
    const char *line = at < end ? memchr (at, '\r', (size_t) (end - at)) : NULL;
    if (!line)
        return NULL;
    long number = strtol (at + 1, NULL, 10);
    char kind = *at;
    *count = (uint32_t) number;
    at = line + 2;
    if (kind == '$')
        return number < 0 ? NULL : at + number + 2 <= end ? at + number + 2 : NULL;
    if (kind == '+' || kind == ':' || kind == '_')
        return at;
    if (kind != '*' && kind != '%' && kind != '~')
        return NULL;
    uint32_t inner;
    for (long left = kind == '%' ? 2 * number : number; left && at; left--)
        at = s_pass (at, end, &inner);
    return at;
}

//  Counts before replies are right: each reply is exactly one, in both protocols.
START_TEST (what_is_told_of_all_is_well_formed)
{
    uint32_t commands_told = 0, count = 0;
    for (uint32_t at = 0; at < commands_count; at++)
        if (!strchr (commands[at].name, '|') && commands[at].run)
            commands_told++;
    static const char *const requests[] = { "COMMAND\r\n", "COMMAND INFO\r\n", "COMMAND DOCS\r\n",
                                            "COMMAND LIST\r\n", "COMMAND HELP\r\n" };
    for (size_t which = 0; which < sizeof requests / sizeof requests[0]; which++) {
        buf_t *said = &s_rig.said[0];
        buf_reset (said);
        redis_rig_send (&s_rig, 0, bytes_str (requests[which]));
        const char *begin = (const char *) said->data, *end = begin + said->size;
        ck_assert_ptr_eq (s_pass (begin, end, &count), end);
        if (which < 2)
            ck_assert_uint_ge (count, commands_told);
        if (which == 2)
            ck_assert_uint_ge (count, 2 * commands_told);
        if (which == 3)
            ck_assert_uint_gt (count, commands_told);
    }
}
END_TEST

START_TEST (each_command_is_found_by_its_name)
{
    for (uint32_t at = 0; at < commands_count; at++) {
        char name[64], mixed[64];
        snprintf (name, sizeof name, "%s", commands[at].name);
        for (size_t letter = 0; letter <= strlen (name); letter++)
            mixed[letter] = (char) (letter % 2 && name[letter] >= 'A' && name[letter] <= 'Z'
                                        ? name[letter] + 32
                                        : name[letter]);
        char *bar = strchr (mixed, '|');
        if (!bar) {
            ck_assert_ptr_eq (command_find (bytes_str (mixed)), &commands[at]);
            continue;
        }
        ck_assert_ptr_null (command_find (bytes_str (mixed)));
        const command_t *container = command_find (bytes_of (mixed, (size_t) (bar - mixed)));
        ck_assert_ptr_nonnull (container);
        ck_assert_ptr_eq (command_find_sub (container, bytes_str (bar + 1)), &commands[at]);
    }
    static const char *const none[] = { "", "G", "GETT", "|", "GET|", "COMMAND|COUNT" };
    for (size_t at = 0; at < sizeof none / sizeof none[0]; at++)
        ck_assert_ptr_null (command_find (bytes_str (none[at])));
    ck_assert_ptr_null (command_find_sub (command_find (bytes_str ("COMMAND")), bytes_str ("")));
    ck_assert_ptr_null (command_find_sub (command_find (bytes_str ("GET")), bytes_str ("COUNT")));
}
END_TEST

//  Notes are there where they are needed, and facts where a function is.
START_TEST (the_table_is_whole)
{
    for (uint32_t at = 0; at < commands_count; at++) {
        const command_t *command = &commands[at];
        bool runs = command->state == COMMAND_SUPPORTED || command->state == COMMAND_DIFFERENT;
        ck_assert_msg (runs == (command->run != NULL), "%s", command->name);
        bool olric = strcmp (command->group, "olric") == 0; // Redis never had them
        ck_assert_msg (!runs || (command->arity && *command->summary), "%s", command->name);
        ck_assert_msg (!runs || olric || *command->since, "%s", command->name);
        ck_assert_msg ((command->state == COMMAND_DIFFERENT) <= (*command->note != 0), "%s", command->name);
        ck_assert_msg (!command->first || (command->step && command->last), "%s", command->name);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_command");
    TCase *tcase = tcase_create ("do_command");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, facts_of_commands_are_those_of_redis);
    tcase_add_test (tcase, keys_are_found_among_words);
    tcase_add_test (tcase, lists_of_names_can_be_narrowed);
    tcase_add_test (tcase, what_is_told_of_all_is_well_formed);
    tcase_add_test (tcase, each_command_is_found_by_its_name);
    tcase_add_test (tcase, the_table_is_whole);
    suite_add_tcase (suite, tcase);
    return suite;
}

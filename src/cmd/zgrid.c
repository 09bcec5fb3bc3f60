//  zgrid: the map, from a command line. This file reads the command line, connects, and calls the
//  command; zgrid-*.c hold the commands. Data goes to stdout, all else to stderr.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zgrid_version.h>

#include "zgrid-tool.h"

#define ENDPOINT_STANDARD "tcp://127.0.0.1:3320"

typedef struct {
    const char *name;
    const char *usage;
    const char *options; // Letters of those that it takes beside the general ones
    int min, max;        // Operands; max -1: any number
    int number;          // Index of the operand that is an integer, 0: none
    int (*run) (tool_t *self);
} command_t;

static const command_t s_commands[] = {
    { "get", "KEY [--raw]", "r", 1, 1, 0, command_get },
    { "put", "KEY VALUE [--ttl MS] [--nx | --xx] [--fence TOKEN]", "tnxe", 2, 2, 0, command_put },
    { "del", "KEY...", "", 1, -1, 0, command_del },
    { "incr", "KEY [DELTA]", "", 1, 2, 1, command_incr },
    { "ttl", "KEY", "", 1, 1, 0, command_ttl },
    { "expire", "KEY MS", "", 2, 2, 1, command_expire },
    { "lock", "KEY [--lease MS] [--wait MS] -- COMMAND...", "lw", 2, -1, 0, command_lock },
    { "trylock", "KEY [--lease MS]", "l", 1, 1, 0, command_trylock },
    { "unlock", "KEY TOKEN", "", 2, 2, 0, command_unlock },
    { "lease", "KEY TOKEN MS", "", 3, 3, 0, command_lease },
    { "scan", "[MATCH] [--regex REGEX] [--values]", "vX", 0, 1, 0, command_scan },
    { "size", "", "", 0, 0, 0, command_size },
    { "destroy", "--yes", "y", 0, 0, 0, command_destroy },
    { "load", "FILE [--format auto|jsonl|tsv]", "f", 1, 1, 0, command_load },
    { "dump", "", "", 0, 0, 0, command_dump },
    { "publish", "CHANNEL [MESSAGE]", "", 1, 2, 0, command_publish },
    { "subscribe", "CHANNEL... [--pattern] [--count N] [--wait MS] [--format text|json]", "pcwf", 1, -1, 0,
      command_subscribe },
    { "channels", "[MATCH]", "", 0, 1, 0, command_channels },
    { "numsub", "CHANNEL...", "", 1, -1, 0, command_numsub },
    { "numpat", "", "", 0, 0, 0, command_numpat },
    { "ping", "", "", 0, 0, 0, command_ping },
    { "stats", "[--node MEMBER | --all] [process|operations|latency|maps|partitions|hot|big|slow|clients]",
      "ba", 0, 1, 0, command_stats },
    { "top", "[--node MEMBER] [--once | --count N] [--interval MS]", "bOci", 0, 0, 0, command_top },
    { "hot", "[--node MEMBER]", "b", 0, 0, 0, command_hot },
    { "big", "[--node MEMBER]", "b", 0, 0, 0, command_big },
    { "slow", "[--node MEMBER]", "b", 0, 0, 0, command_slow },
    { "latency", "[--node MEMBER]", "b", 0, 0, 0, command_latency },
    { "clients", "[--node MEMBER]", "b", 0, 0, 0, command_clients },
    { "routes", "", "", 0, 0, 0, command_routes },
    { "members", "", "", 0, 0, 0, command_members },
    { "partitions", "", "", 0, 0, 0, command_partitions },
    { "owner", "KEY", "", 1, 1, 0, command_owner },
    { "status", "[--watch [--wait MS]]", "Ww", 0, 0, 0, command_status },
    { "events", "[--map NAME [--count N] [--wait MS]]", "cw", 0, 0, 0, command_events },
    { "check", "", "", 0, 0, 0, command_check },
    { "ready", "", "", 0, 0, 0, command_ready },
    { "safe", "", "", 0, 0, 0, command_safe },
    { "set", "copies N | set on_lost refuse|wipe | set voters 1|3|5", "", 2, 2, 0, command_set },
    { "map",
      "create NAME [--mode cp|ap] [--min-sync N] | map set NAME SETTING VALUE... | map reset NAME"
      " | map list | map show NAME",
      "ok", 1, -1, 0, command_map },
    { "drain", "MEMBER [--no-wait | --wait MS]", "Nw", 1, 1, 0, command_drain },
    { "rebalance", "[--dry-run] | rebalance [--rate BYTES] [--pause | --resume] [--no-wait | --wait MS]",
      "DRPUNw", 0, 0, 0, command_rebalance },
    { "recover", "PARTITION --accept-data-loss | recover --refound --accept-data-loss", "FA", 0, 1, 0,
      command_recover },
};
#define COMMANDS (sizeof s_commands / sizeof s_commands[0])

typedef struct {
    const char *name;
    char letter;
    bool value;   // Takes one
    bool general; // Belongs to every command
} option_t;

static const option_t s_options[] = {
    { "server", 's', true, true },    { "map", 'm', true, true },
    { "timeout", 'T', true, true },   { "json", 'j', false, true },
    { "help", 'h', false, true },     { "version", 'V', false, true },
    { "ttl", 't', true, false },      { "nx", 'n', false, false },
    { "xx", 'x', false, false },      { "raw", 'r', false, false },
    { "values", 'v', false, false },  { "regex", 'X', true, false },
    { "yes", 'y', false, false },     { "format", 'f', true, false },
    { "mode", 'o', true, false },     { "min-sync", 'k', true, false },
    { "refound", 'F', false, false }, { "accept-data-loss", 'A', false, false },
    { "no-wait", 'N', false, false }, { "wait", 'w', true, false },
    { "dry-run", 'D', false, false }, { "rate", 'R', true, false },
    { "pause", 'P', false, false },   { "resume", 'U', false, false },
    { "watch", 'W', false, false },   { "node", 'b', true, false },
    { "all", 'a', false, false },     { "once", 'O', false, false },
    { "count", 'c', true, false },    { "interval", 'i', true, false },
    { "fence", 'e', true, false },    { "lease", 'l', true, false },
    { "pattern", 'p', false, false },
};
#define OPTIONS (sizeof s_options / sizeof s_options[0])
#define S_FLAGS "jhVnxvyrFANDPUWaOp" // Those without a value, as s_take lists them

typedef struct {
    tool_t tool;
    const command_t *command;
    char given[OPTIONS + 1]; // Letters of the options that belong to single commands
    bool help, version;
} plan_t;

static void
s_help (void)
{
    puts ("usage: zgrid [-s ENDPOINT] [--map NAME] [--timeout MS] [--json] COMMAND [OPERAND...]\n"
          "Reads and writes a zgrid map.\n"
          "  -s, --server ENDPOINT  one or more, separated by commas; standard: " ENDPOINT_STANDARD "\n"
          "  --map NAME             standard: default\n"
          "  --timeout MS           how long each answer may take; standard: 5000\n"
          "  --json                 answers as JSON on stdout, errors as JSON on stderr\n"
          "  --help, --version\n"
          "  --                     what follows are operands\n"
          "Commands:");
    for (size_t at = 0; at < COMMANDS; at++)
        printf ("  %s%s%s\n", s_commands[at].name, *s_commands[at].usage ? " " : "", s_commands[at].usage);
    puts ("A VALUE, FILE or MESSAGE of - is read from stdin.\n"
          "Exit: 0 done, 1 the answer is no, 2 wrong use, 3 unreachable or timed out, 5 refused, 6 partly.");
}

static bool
s_milliseconds (plan_t *plan, const char *option, const char *text, int64_t max, int64_t *value)
{
    if (tool_integer (text, 1, max, value))
        return true;
    tool_complain (&plan->tool, "--%s takes milliseconds, 1 to %lld, not %s", option, (long long) max, text);
    return false;
}

static bool
s_format (plan_t *plan, const char *name)
{
    static const char *const names[] = { "auto", "jsonl", "tsv", "text", "json" };
    for (format_t format = FORMAT_AUTO; format <= FORMAT_JSON; format++)
        if (strcmp (names[format], name) == 0) {
            plan->tool.format = format;
            return true;
        }
    tool_complain (&plan->tool, "--format takes auto, jsonl or tsv (load), text or json (subscribe), not %s",
                   name);
    return false;
}

//  Where an option's text goes as it is; NULL: it is not of that kind.
static const char **
s_text (tool_t *tool, char letter)
{
    switch (letter) {
        case 's':
            return &tool->endpoint;
        case 'm':
            return &tool->map;
        case 'b':
            return &tool->node;
        case 'R':
            return &tool->rate;
        case 'X':
            return &tool->regex;
        case 'o':
            return &tool->mode;
        case 'k':
            return &tool->min_sync;
        default:
            return NULL;
    }
}

//  False, and said why, if the value is wrong.
static bool
s_take (plan_t *plan, const option_t *option, const char *value)
{
    tool_t *tool = &plan->tool;
    int64_t number = 0;
    if (!option->general && !strchr (plan->given, option->letter))
        plan->given[strlen (plan->given)] = option->letter;
    const char **text = s_text (tool, option->letter);
    if (text) {
        *text = value;
        return true;
    }
    switch (option->letter) {
        case 'T':
            if (!s_milliseconds (plan, option->name, value, INT32_MAX, &number))
                return false;
            tool->timeout_ms = (uint32_t) number;
            break;
        case 't':
            if (!s_milliseconds (plan, option->name, value, INT64_MAX, &number))
                return false;
            tool->ttl_ms = (uint64_t) number;
            break;
        case 'f':
            return s_format (plan, value);
        case 'w':
            if (!s_milliseconds (plan, option->name, value, INT32_MAX, &number))
                return false;
            tool->wait_ms = (uint64_t) number;
            break;
        case 'l':
            if (!s_milliseconds (plan, option->name, value, 3600000, &number))
                return false;
            tool->lease_ms = (uint32_t) number;
            break;
        case 'e':
            if (!tool_integer (value, 1, INT64_MAX, &number)) {
                tool_complain (tool, "--fence takes a token, not %s", value);
                return false;
            }
            tool->fence = (uint64_t) number;
            break;
        case 'i':
            if (!s_milliseconds (plan, option->name, value, INT32_MAX, &number))
                return false;
            tool->interval_ms = (uint64_t) number;
            break;
        case 'c':
            if (!tool_integer (value, 1, INT32_MAX, &number)) {
                tool_complain (tool, "--count takes a number from 1 on, not %s", value);
                return false;
            }
            tool->count = (uint64_t) number;
            break;
        default: {
            bool *flags[] = {
                &tool->json,    &plan->help,    &plan->version, &tool->if_absent, &tool->if_present,
                &tool->values,  &tool->yes,     &tool->raw,     &tool->refound,   &tool->accept_data_loss,
                &tool->no_wait, &tool->dry_run, &tool->pause,   &tool->resume,    &tool->watch,
                &tool->all,     &tool->once,    &tool->pattern
            };
            *flags[strchr (S_FLAGS, option->letter) - S_FLAGS] = true;
        }
    }
    return true;
}

static const option_t *
s_find_option (const char *name, size_t size)
{
    for (size_t at = 0; at < OPTIONS; at++)
        if (strlen (s_options[at].name) == size && memcmp (s_options[at].name, name, size) == 0)
            return &s_options[at];
    return NULL;
}

//  Long options may stand anywhere; -s before the command only, because behind it "-5" is a number
//  and "-" is stdin. False, and said why, if something is wrong.
static bool
s_parse (plan_t *plan, int argc, char **argv)
{
    bool operands_only = false;
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        bool option_s = strcmp (word, "-s") == 0 && !plan->command;
        if (!operands_only && strcmp (word, "--") == 0)
            operands_only = true;
        else if (!operands_only && (option_s || strncmp (word, "--", 2) == 0)) {
            const char *name = option_s ? "server" : word + 2, *value = strchr (name, '=');
            const option_t *option = s_find_option (name, strcspn (name, "="));
            if (!option || (value && !option->value)) {
                tool_complain (&plan->tool, "no such option: %s", word);
                return false;
            }
            if (option->value && !value && ++at == argc) {
                tool_complain (&plan->tool, "--%s takes a value", option->name);
                return false;
            }
            if (!s_take (plan, option, value ? value + 1 : at < argc ? argv[at] : NULL))
                return false;
        } else if (!plan->command) {
            for (size_t index = 0; index < COMMANDS; index++)
                if (strcmp (s_commands[index].name, word) == 0)
                    plan->command = &s_commands[index];
            if (!plan->command) {
                tool_complain (&plan->tool, "no such command: %s; see zgrid --help", word);
                return false;
            }
        } else
            plan->tool.operands[plan->tool.operand_count++] = word;
    }
    return true;
}

static bool
s_check (plan_t *plan)
{
    const tool_t *tool = &plan->tool;
    const command_t *command = plan->command;
    if (!command) {
        tool_complain (tool, "no command; see zgrid --help");
        return false;
    }
    int count = tool->operand_count;
    if (count < command->min || (command->max >= 0 && count > command->max)) {
        tool_complain (tool, "usage: zgrid %s %s", command->name, command->usage);
        return false;
    }
    for (size_t at = 0; at < OPTIONS; at++)
        if (strchr (plan->given, s_options[at].letter) && !s_options[at].general
            && !strchr (command->options, s_options[at].letter)) {
            tool_complain (tool, "%s does not take --%s", command->name, s_options[at].name);
            return false;
        }
    int64_t number;
    if (command->number && count > command->number
        && !tool_integer (tool->operands[command->number], INT64_MIN, INT64_MAX, &number)) {
        tool_complain (tool, "not a 64-bit integer: %s", tool->operands[command->number]);
        return false;
    }
    bool listed = tool->format == FORMAT_JSONL || tool->format == FORMAT_TSV;
    bool shown = tool->format == FORMAT_TEXT || tool->format == FORMAT_JSON;
    if (command->run == command_load ? shown : listed) {
        tool_complain (tool, "usage: zgrid %s %s", command->name, command->usage);
        return false;
    }
    if (tool->no_wait && tool->wait_ms) {
        tool_complain (tool, "--no-wait and --wait contradict each other");
        return false;
    }
    if ((tool->node && tool->all) || (tool->once && tool->count)) {
        tool_complain (tool, tool->node && tool->all ? "--node and --all contradict each other"
                                                     : "--once and --count contradict each other");
        return false;
    }
    if (tool->if_absent && tool->if_present) {
        tool_complain (tool, "--nx and --xx contradict each other");
        return false;
    }
    return true;
}

static int
s_run (plan_t *plan)
{
    tool_t *tool = &plan->tool;
    tool->json = tool->json || tool->format == FORMAT_JSON;
    if (plan->command->run == command_destroy && !tool->yes)
        return tool_complain (tool, "destroy removes every entry of map %s; say --yes if that is meant",
                              tool->map);
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = tool->endpoint;
    options.timeout_ms = tool->timeout_ms;
    int status = zgrid_client_new (&tool->client, &options);
    if (status != ZGRID_OK) {
        char detail[512];
        snprintf (detail, sizeof detail, "%s%s", status == ZGRID_MALFORMED ? "" : "no server answered at ",
                  tool->endpoint);
        return tool_fail (tool, status, detail);
    }
    int code = plan->command->run (tool);
    zgrid_client_destroy (&tool->client);
    return tool_flush (code);
}

int
main (int argc, char **argv)
{
    plan_t plan = { .tool = { .endpoint = ENDPOINT_STANDARD } };
    plan.tool.operands = calloc ((size_t) argc + 1, sizeof *plan.tool.operands);
    if (!plan.tool.operands)
        return tool_fail (&plan.tool, ZGRID_NOMEM, NULL);
    int code = EXIT_USAGE;
    bool parsed = s_parse (&plan, argc, argv);
    plan.tool.map_named = plan.tool.map != NULL;
    plan.tool.map = plan.tool.map_named ? plan.tool.map : "default";
    if (parsed) {
        if (plan.help || plan.version) {
            if (plan.help)
                s_help ();
            else
                puts ("zgrid " ZGRID_VERSION);
            code = tool_flush (EXIT_DONE);
        } else if (s_check (&plan))
            code = s_run (&plan);
    }
    free (plan.tool.operands);
    return code;
}

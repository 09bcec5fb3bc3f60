//  do_config: CONFIG: what programs ask of Redis's settings. None of them is set here: those of zgrid are
//  set by zgridd and zgrid.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../glob.h"
#include "do.h"
#include "gateway_impl.h"
#include "help.h"

#define S_ROOM 200      // Of a value
#define S_WORDS_MAX 256 // Of CONFIG GET: each is matched with all names

static const struct {
    const char *name, *value;
} s_settings[] = {
#define CONFIG(name, value) { name, value },
#include "config.def"
#undef CONFIG
};
#define S_COUNT (sizeof s_settings / sizeof s_settings[0])
#define S_NAME_MAX 64

//  A name or pattern in lower case. False: longer than any name.
static bool
s_lower (bytes_t word, char *text)
{
    if (word.size >= S_NAME_MAX)
        return false;
    for (size_t at = 0; at < word.size; at++) {
        char letter = (char) word.data[at];
        text[at] = letter >= 'A' && letter <= 'Z' ? (char) (letter + 32) : letter;
    }
    text[word.size] = 0;
    return true;
}

static unsigned long long
s_seconds (uint64_t milliseconds)
{
    return (unsigned long long) milliseconds / 1000;
}

//  zgrid's own, which is 0 without a limit, too.
static const char *
s_memory_limit (const gateway_t *gateway)
{
    const char *text = gateway->port.setting ? gateway->port.setting (gateway->port.arg, "memory.limit") : "";
    return *text ? text : "0";
}

//  The value of a setting; text has S_ROOM.
static const char *
s_value (const gateway_t *gateway, size_t place, char *text)
{
    const gateway_config_t *config = &gateway->config;
    const char *name = s_settings[place].name;
    if (s_settings[place].value)
        return s_settings[place].value;
    uint64_t number = 0;
    if (strcmp (name, "bind") == 0)
        return config->endpoint_host;
    if (strcmp (name, "cluster-enabled") == 0)
        return config->redirect == REDIRECT_NEVER ? "no" : "yes";
    if (strcmp (name, "client-output-buffer-limit") == 0) {
        snprintf (text, S_ROOM, "normal %llu %llu %llu slave 0 0 0 pubsub %llu %llu %llu",
                  (unsigned long long) config->output_hard, (unsigned long long) config->output_soft,
                  s_seconds (config->output_soft_ms), (unsigned long long) config->pubsub_hard,
                  (unsigned long long) config->pubsub_soft, s_seconds (config->pubsub_soft_ms));
        return text;
    }
    if (strcmp (name, "client-query-buffer-limit") == 0)
        number = config->limits.request_max;
    else if (strcmp (name, "proto-max-bulk-len") == 0)
        number = config->limits.bulk_max;
    else if (strcmp (name, "databases") == 0)
        number = config->databases;
    else if (strcmp (name, "maxclients") == 0)
        number = config->talks_max;
    else if (strcmp (name, "port") == 0)
        number = config->port;
    else
        return s_memory_limit (gateway);
    snprintf (text, S_ROOM, "%llu", (unsigned long long) number);
    return text;
}

//  Marks what a word means, a name or a pattern.
static void
s_mark (bytes_t word, uint8_t *marks)
{
    char text[S_NAME_MAX];
    uint64_t steps = 0;
    if (!s_lower (word, text))
        return;
    for (size_t at = 0; at < S_COUNT; at++)
        if (glob_match (bytes_str (text), bytes_str (s_settings[at].name), &steps))
            marks[at] = 1;
}

void
do_config_get (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    uint8_t marks[S_COUNT] = { 0 };
    char text[S_ROOM];
    uint32_t found = 0;
    if (call_count (call) > 2 + S_WORDS_MAX) {
        call_fail (call, "ERR too many patterns");
        return;
    }
    for (uint32_t at = 2; at < call_count (call); at++)
        s_mark (call_arg (call, at), marks);
    for (size_t at = 0; at < S_COUNT; at++)
        found += marks[at];
    say_map (call_say (call), found);
    for (size_t at = 0; at < S_COUNT; at++)
        if (marks[at]) {
            say_text (call_say (call), s_settings[at].name);
            say_text (call_say (call), s_value (gateway, at, text));
        }
    call_done (call);
}

//  What it is already may be set: programs do so to be sure.
void
do_config_set (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    char name[S_NAME_MAX], text[S_ROOM];
    uint32_t count = call_count (call);
    if (count % 2) {
        call_fail_syntax (call);
        return;
    }
    for (uint32_t word = 2; word < count; word += 2) {
        size_t at = 0;
        bytes_t given = call_arg (call, word);
        bool is_name = s_lower (given, name);
        while (at < S_COUNT && (!is_name || strcmp (name, s_settings[at].name) != 0))
            at++;
        if (at == S_COUNT) {
            help_fail_word (call, "ERR Unknown option or number of arguments for CONFIG SET - '", given, "'");
            return;
        }
        if (!bytes_equal (call_arg (call, word + 1), bytes_str (s_value (gateway, at, text)))) {
            help_fail_word (call, "ERR CONFIG SET failed (possibly related to argument '",
                            bytes_str (s_settings[at].name), "') - can't set immutable config");
            return;
        }
    }
    say_status (call_say (call), "OK");
    call_done (call);
}

void
do_config_resetstat (call_t *call)
{
    gateway_stats_t *stats = gateway_stats (call_gateway (call));
    stats->commands = stats->errors = stats->accepted = stats->rejected = stats->hits = stats->misses = 0;
    say_status (call_say (call), "OK");
    call_done (call);
}

void
do_config_rewrite (call_t *call)
{
    call_fail (call, "ERR The server is running without a config file");
}

void
do_config_help (call_t *call)
{
    static const char *const lines[] = { "GET <pattern> [<pattern> ...]",
                                         "    Tell the settings with such names.",
                                         "SET <name> <value> [<name> <value> ...]",
                                         "    Accepted if nothing changes.",
                                         "RESETSTAT",
                                         "    Begin the numbers of INFO anew.",
                                         "REWRITE",
                                         "    Refused: there is no such file." };
    help_say (call, "CONFIG", lines, sizeof lines / sizeof lines[0]);
}

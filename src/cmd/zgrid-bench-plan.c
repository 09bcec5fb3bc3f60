//  plan: what shall be measured, as the command line says it.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-bench-plan.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zgrid.h>

#define EXIT_USAGE 2

static const char *const s_operation_names[OPERATION_LIMIT] = {
#define OPERATION(name) #name,
    OPERATIONS (OPERATION)
#undef OPERATION
};

static const char *const s_form_names[] = { "auto", "blocking", "future", "pipeline" };
static const char *const s_distribution_names[] = { "uniform", "zipf", "sequential" };

//  Numbers of options without a letter of their own
enum {
    OPTION_FIRST = 256,
    EMBEDDED,
    SET,
    MAP,
    MIX,
    DISTRIBUTION,
    THETA,
    KEYS,
    KEY_SIZE,
    VALUE_SIZE,
    MGET_KEYS,
    TTL,
    LOAD,
    CONNECTIONS,
    THREADS,
    WINDOW,
    BATCH,
    FORM,
    RATE,
    SECONDS,
    REQUESTS,
    TIMEOUT,
    SEED,
    INDIRECT,
    JSON
};

static const struct option s_options[] = {
    { "server", required_argument, NULL, 's' },
    { "embedded", no_argument, NULL, EMBEDDED },
    { "set", required_argument, NULL, SET },
    { "map", required_argument, NULL, MAP },
    { "mix", required_argument, NULL, MIX },
    { "distribution", required_argument, NULL, DISTRIBUTION },
    { "theta", required_argument, NULL, THETA },
    { "keys", required_argument, NULL, KEYS },
    { "key-size", required_argument, NULL, KEY_SIZE },
    { "value-size", required_argument, NULL, VALUE_SIZE },
    { "mget-keys", required_argument, NULL, MGET_KEYS },
    { "ttl", required_argument, NULL, TTL },
    { "connections", required_argument, NULL, CONNECTIONS },
    { "threads", required_argument, NULL, THREADS },
    { "window", required_argument, NULL, WINDOW },
    { "batch", required_argument, NULL, BATCH },
    { "form", required_argument, NULL, FORM },
    { "rate", required_argument, NULL, RATE },
    { "seconds", required_argument, NULL, SECONDS },
    { "requests", required_argument, NULL, REQUESTS },
    { "load", no_argument, NULL, LOAD },
    { "indirect", no_argument, NULL, INDIRECT },
    { "timeout", required_argument, NULL, TIMEOUT },
    { "seed", required_argument, NULL, SEED },
    { "json", no_argument, NULL, JSON },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { NULL, 0, NULL, 0 },
};

static const char s_help[] =
    "usage: zgrid-bench [-s ENDPOINT | --embedded] [options]\n"
    "\n"
    "Measures how fast a zgrid server, or a node inside of this process, answers.\n"
    "\n"
    "  -s, --server ENDPOINT   the server (tcp://127.0.0.1:3320)\n"
    "      --embedded          a node inside of this process, instead of a server\n"
    "      --set NAME=VALUE    a setting of the embedded node; may be repeated\n"
    "      --map NAME          the map (bench)\n"
    "      --load              store every key once before the clock starts\n"
    "\n"
    "      --mix LIST          operations and their weights (get=90,put=10); there are\n"
    "                          get, put, incr, del and mget\n"
    "      --keys N            how many different keys (100,000)\n"
    "      --key-size BYTES    length of a key (16)\n"
    "      --value-size BYTES  length of a value (100)\n"
    "      --distribution D    uniform, zipf or sequential (uniform)\n"
    "      --theta X           exponent of zipf (0.99)\n"
    "      --mget-keys N       keys of one mget (16)\n"
    "      --ttl MS            time to live of what is stored (none)\n"
    "\n"
    "      --connections N     clients (1)\n"
    "      --threads N         threads that share the clients (1)\n"
    "      --window N          operations in flight per client (1)\n"
    "      --batch N           records per message (1)\n"
    "      --form F            blocking, future, pipeline or auto (auto)\n"
    "      --rate N            operations a second in all, latency from the time at which each\n"
    "                          one was due (as fast as answers come)\n"
    "      --seconds X         how long (5)\n"
    "      --requests N        how many operations in all; 0 with --load: load only\n"
    "      --indirect          let the server forward instead of asking owners directly\n"
    "      --timeout MS        deadline of an operation (5,000)\n"
    "      --seed N            of the random numbers (1)\n"
    "\n"
    "      --json              one JSON object on stdout\n"
    "  -h, --help\n"
    "  -V, --version\n"
    "\n"
    "Exit codes: 0 done, 1 out of memory or descriptors, 2 usage, 3 unreachable, 6 some operations failed.\n";

const char *
plan_operation_name (operation_t operation)
{
    return s_operation_names[operation];
}

const char *
plan_form_name (form_t form)
{
    return s_form_names[form];
}

//  ----------------------------------------------------------------------------------------------
//  Values. Each prints what is wrong and returns false.

static bool
s_number (const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long read = text[0] >= '0' && text[0] <= '9' ? strtoull (text, &end, 10) : 0;
    if (!end || *end || errno || read < min || read > max) {
        fprintf (stderr, "zgrid-bench: --%s: %s is not a whole number from %llu to %llu\n", name, text,
                 (unsigned long long) min, (unsigned long long) max);
        return false;
    }
    *number = read;
    return true;
}

static bool
s_decimal (const char *name, const char *text, double min, double max, double *number)
{
    char *end = NULL;
    double read = strtod (text, &end);
    if (end == text || *end || !isfinite (read) || read < min || read > max) {
        fprintf (stderr, "zgrid-bench: --%s: %s is not a number from %g to %g\n", name, text, min, max);
        return false;
    }
    *number = read;
    return true;
}

//  The position of a word in a list, or -1.
static int
s_word (const char *name, const char *text, size_t size, const char *const *words, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (strlen (words[at]) == size && memcmp (words[at], text, size) == 0)
            return (int) at;
    }
    fprintf (stderr, "zgrid-bench: --%s: %.*s is none of", name, (int) size, text);
    for (size_t at = 0; at < count; at++)
        fprintf (stderr, "%s %s", at ? "," : "", words[at]);
    fputc ('\n', stderr);
    return -1;
}

static bool
s_mix (plan_t *self, const char *text)
{
    memset (self->mix, 0, sizeof self->mix);
    self->mix_total = 0;
    while (true) {
        size_t size = strcspn (text, ",");
        size_t name = strcspn (text, ",=");
        int operation = s_word ("mix", text, name, s_operation_names, OPERATION_LIMIT);
        if (operation < 0)
            return false;
        uint64_t weight = 1;
        if (name < size) {
            char digits[16];
            snprintf (digits, sizeof digits, "%.*s", (int) (size - name - 1), text + name + 1);
            if (!s_number ("mix", digits, 0, 1000000, &weight))
                return false;
        }
        self->mix[operation] += (unsigned) weight;
        self->mix_total += (unsigned) weight;
        if (text[size] == 0)
            break;
        text += size + 1;
    }
    if (self->mix_total == 0)
        fputs ("zgrid-bench: --mix: all weights are 0\n", stderr);
    return self->mix_total > 0;
}

static bool
s_choice (const char *name, const char *text, const char *const *words, size_t count, int *choice)
{
    *choice = s_word (name, text, strlen (text), words, count);
    return *choice >= 0;
}

//  ----------------------------------------------------------------------------------------------

//  Options that describe the data.
static bool
s_take_data (plan_t *self, int option, const char *text, bool *known)
{
    int choice = 0;
    *known = true;
    switch (option) {
        case MAP:
            self->map = text;
            return true;
        case MIX:
            return s_mix (self, text);
        case DISTRIBUTION:
            if (!s_choice ("distribution", text, s_distribution_names, 3, &choice))
                return false;
            self->distribution = (keys_form_t) choice;
            return true;
        case THETA:
            return s_decimal ("theta", text, 0.01, 10, &self->theta);
        case KEYS:
            return s_number ("keys", text, 1, 1000000000000, &self->keys);
        case KEY_SIZE:
            return s_number ("key-size", text, 2, 65536, &self->key_size);
        case VALUE_SIZE:
            return s_number ("value-size", text, 0, 1u << 30, &self->value_size);
        case MGET_KEYS:
            return s_number ("mget-keys", text, 1, 10000, &self->mget_keys);
        case TTL:
            return s_number ("ttl", text, 1, UINT32_MAX * 1000ull, &self->ttl_ms);
        case LOAD:
            return self->load = true;
        default:
            *known = false;
            return true;
    }
}

//  Options that describe the load.
static bool
s_take_load (plan_t *self, int option, const char *text, bool *known)
{
    int choice = 0;
    *known = true;
    switch (option) {
        case CONNECTIONS:
            return s_number ("connections", text, 1, 10000, &self->connections);
        case THREADS:
            return s_number ("threads", text, 1, 1000, &self->threads);
        case WINDOW:
            return s_number ("window", text, 1, 1000000, &self->window);
        case BATCH:
            return s_number ("batch", text, 1, 65536, &self->batch);
        case FORM:
            if (!s_choice ("form", text, s_form_names, 4, &choice))
                return false;
            self->form = (form_t) choice;
            return true;
        case RATE:
            return s_decimal ("rate", text, 0.001, 1e9, &self->rate);
        case SECONDS:
            return s_decimal ("seconds", text, 0.001, 1e6, &self->seconds);
        case REQUESTS:
            self->requests_given = true;
            return s_number ("requests", text, 0, UINT64_MAX / 2, &self->requests);
        case TIMEOUT:
            return s_number ("timeout", text, 1, 86400000, &self->timeout_ms);
        case SEED:
            return s_number ("seed", text, 0, UINT64_MAX, &self->seed);
        default:
            *known = false;
            return true;
    }
}

//  Everything else.
static bool
s_take (plan_t *self, int option, const char *text)
{
    bool known;
    if (!s_take_data (self, option, text, &known) || (!known && !s_take_load (self, option, text, &known)))
        return false;
    if (known)
        return true;
    if (option == 's')
        self->server = text;
    else if (option == EMBEDDED)
        self->embedded = true;
    else if (option == INDIRECT)
        self->indirect = true;
    else if (option == JSON)
        self->json = true;
    else if (option == SET && self->setting_count < SETTINGS_MAX && strchr (text, '='))
        self->settings[self->setting_count++] = text;
    else if (option == SET) {
        fprintf (stderr, "zgrid-bench: --set: %s is not NAME=VALUE, or one too many\n", text);
        return false;
    } else
        return false; // getopt_long has said what is wrong
    return true;
}

//  What the options mean together.
static bool
s_settle (plan_t *self)
{
    const char *wrong = NULL;
    size_t key_min = keys_digits (self->keys) + 1;
    if (self->server && self->embedded)
        wrong = "--server and --embedded exclude each other";
    else if (self->setting_count && !self->embedded)
        wrong = "--set is for --embedded";
    else if (self->threads > self->connections)
        wrong = "each thread needs a connection: --connections is less than --threads";
    else if (self->rate > 0 && (self->form == FORM_BLOCKING || self->form == FORM_PIPELINE))
        wrong = "--rate needs --form future";
    else if (self->form == FORM_BLOCKING && (self->window > 1 || self->connections > self->threads))
        wrong = "--form blocking has one connection a thread and a window of 1";
    else if (self->requests_given && self->requests == 0 && !self->load)
        wrong = "--requests 0 does nothing without --load";
    if (wrong)
        fprintf (stderr, "zgrid-bench: %s\n", wrong);
    else if (self->key_size < key_min) {
        fprintf (stderr, "zgrid-bench: --key-size: so many keys need %zu bytes\n", key_min);
        return false;
    }
    if (!self->server)
        self->server = "tcp://127.0.0.1:3320";
    bool each_alone = self->connections == self->threads && self->rate == 0;
    if (self->form == FORM_CHOOSE && each_alone && self->window == 1)
        self->form = FORM_BLOCKING;
    else if (self->form == FORM_CHOOSE)
        self->form = each_alone && self->batch > 1 ? FORM_PIPELINE : FORM_FUTURE;
    return !wrong;
}

int
plan_parse (plan_t *self, int argc, char **argv)
{
    *self = (plan_t) { .map = "bench",
                       .theta = 0.99,
                       .keys = 100000,
                       .key_size = 16,
                       .value_size = 100,
                       .mget_keys = 16,
                       .connections = 1,
                       .threads = 1,
                       .window = 1,
                       .batch = 1,
                       .seconds = 5,
                       .timeout_ms = 5000,
                       .seed = 1 };
    s_mix (self, "get=90,put=10");
    int option;
    while ((option = getopt_long (argc, argv, "s:hV", s_options, NULL)) != -1) {
        if (option == 'h') {
            fputs (s_help, stdout);
            return 0;
        }
        if (option == 'V') {
            puts ("zgrid-bench " ZGRID_VERSION);
            return 0;
        }
        if (!s_take (self, option, optarg))
            return EXIT_USAGE;
    }
    if (optind < argc) {
        fprintf (stderr, "zgrid-bench: %s is not expected here; see --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    return s_settle (self) ? -1 : EXIT_USAGE;
}

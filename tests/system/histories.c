//  histories: see histories.h.
//
//      histories -s ENDPOINT[,ENDPOINT] [--clients N] [--keys N] [--counters N] [--map NAME]
//                [--seconds N] [--timeout MS] [--turn MS] [--think MS] [--seed N] [--indirect]
//                [--lockers N] [--locks N] [--corrupt read|lost|counter|lock|fence]
//
//  runs until SIGTERM, SIGINT, or the seconds are over; then reads everything once more, judges, and
//  prints a line of JSON. Exit code 1 if something cannot be explained.
//
//      histories --watch -s ENDPOINT[,ENDPOINT] --keys PARTITIONS
//
//  prints "watching", then for each line "mark NANOSECONDS" (CLOCK_MONOTONIC) of its input how long
//  after it every partition had executed a write that was begun after it. Ends with its input.
//  SPDX-License-Identifier: MPL-2.0
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "system/histories.h"

typedef struct {
    const char *name;
    uint64_t min, max;
    uint64_t value;
} s_number_t;

enum { CLIENTS, KEYS, COUNTERS, SECONDS, TIMEOUT, TURN, THINK, SEED, LOCKERS, LOCKS, NUMBERS };

static s_number_t s_numbers[NUMBERS] = {
    { "--clients", 1, CLIENTS_MAX, 8 },   { "--keys", 1, 16384, 5 },
    { "--counters", 0, COUNTERS_MAX, 4 }, { "--seconds", 0, SPAN_MS / 1000, 0 },
    { "--timeout", 1, 600000, 15000 },    { "--turn", 1, 600000, 1500 },
    { "--think", 0, 10000, 6 },           { "--seed", 0, UINT32_MAX, 1 },
    { "--lockers", 0, LOCKERS_MAX, 3 },   { "--locks", 1, LOCKS_MAX, 2 },
};

static int
s_usage (const char *word)
{
    fprintf (stderr, "histories: %s is not understood; see the head of tests/system/histories.c\n", word);
    return 2;
}

//  0, or the exit code.
static int
s_take (plan_t *plan, const char *name, const char *value)
{
    if (strcmp (name, "-s") == 0)
        plan->endpoints = value;
    else if (strcmp (name, "--map") == 0)
        plan->map = value;
    else if (strcmp (name, "--corrupt") == 0) {
        plan->corrupt = strcmp (value, "read") == 0      ? CORRUPT_READ
                        : strcmp (value, "lost") == 0    ? CORRUPT_LOST
                        : strcmp (value, "counter") == 0 ? CORRUPT_COUNTER
                        : strcmp (value, "lock") == 0    ? CORRUPT_LOCK
                        : strcmp (value, "fence") == 0   ? CORRUPT_FENCE
                                                         : CORRUPT_NOTHING;
        return plan->corrupt ? 0 : s_usage (value);
    } else {
        char *end;
        unsigned long long number = strtoull (value, &end, 10);
        for (size_t at = 0; at < NUMBERS; at++)
            if (strcmp (s_numbers[at].name, name) == 0) {
                if (*end || !*value || number < s_numbers[at].min || number > s_numbers[at].max)
                    return s_usage (value);
                s_numbers[at].value = number;
                return 0;
            }
        return s_usage (name);
    }
    return 0;
}

static int
s_parse (plan_t *plan, int argc, char **argv)
{
    plan->map = "default";
    for (int at = 1; at < argc; at++) {
        int code = 0;
        if (strcmp (argv[at], "--indirect") == 0)
            plan->indirect = true;
        else if (strcmp (argv[at], "--watch") == 0)
            plan->watch = true;
        else if (at + 1 < argc) {
            code = s_take (plan, argv[at], argv[at + 1]);
            at++;
        } else
            code = s_usage (argv[at]);
        if (code)
            return code;
    }
    plan->clients = (uint32_t) s_numbers[CLIENTS].value;
    plan->keys = (uint32_t) s_numbers[KEYS].value;
    plan->counters = (uint32_t) s_numbers[COUNTERS].value;
    plan->timeout_ms = (uint32_t) s_numbers[TIMEOUT].value;
    plan->lockers = (uint32_t) s_numbers[LOCKERS].value;
    plan->locks = (uint32_t) s_numbers[LOCKS].value;
    plan->turn_ms = (uint32_t) s_numbers[TURN].value;
    plan->think_ms = (uint32_t) s_numbers[THINK].value;
    plan->seed = s_numbers[SEED].value;
    plan->run_ms = s_numbers[SECONDS].value * 1000;
    return plan->endpoints ? 0 : s_usage ("a command without -s");
}

static int
s_run (load_t *load, int signals)
{
    if (!load_open (load)) {
        load_close (load);
        return 1;
    }
    load->stop_fd = eventfd (0, EFD_CLOEXEC);
    puts ("running");
    fflush (stdout);
    load_start (load);
    struct pollfd fds = { signals, POLLIN, 0 };
    poll (&fds, 1, load->plan.run_ms ? (int) load->plan.run_ms : -1);
    //  Never read: it stays readable for every thread
    uint64_t one = 1;
    if (write (load->stop_fd, &one, sizeof one) != sizeof one)
        abort ();
    load_join (load);
    int code = check_all (load);
    close (load->stop_fd);
    load_close (load);
    return code;
}

int
main (int argc, char **argv)
{
    static load_t load;
    int code = s_parse (&load.plan, argc, argv);
    if (code)
        return code;
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    pthread_sigmask (SIG_BLOCK, &set, NULL);
    int signals = signalfd (-1, &set, SFD_CLOEXEC);
    code = load.plan.watch ? watch_run (&load.plan, signals) : s_run (&load, signals);
    close (signals);
    return fflush (stdout) ? 1 : code;
}

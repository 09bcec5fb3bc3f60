//  sim_main: runs schedules.
//    sim --first SEED --count N --copies C --jobs J   many; prints what happened in all of them
//    sim --first SEED --count 1 --copies C --trace    one, with what happens in it; twice: and what is
//                               committed; three times: and what members say to each other
//    sim --seeds FILE           the schedules of FILE: lines of COPIES SEED, perhaps ap, locks or exec;
//                               # begins a remark
//    sim --scale                messages of each member, by the size of the cluster
//    sim --scenarios            what is put together by hand
//    sim --seconds N            goes on with seeds that nobody has tried, for so long
//    sim --ap                   in each schedule a map in ap mode is used as well
//    sim --locks                and locks
//    sim --exec                 and keys that are changed together
//    sim --need                 fails if no failover, join… happened in any of them
//    sim --stop N               stops at the Nth schedule that is wrong (8 without it)
//  With the rules of rule.def compiled in as mutants (sim-mutants):
//    --mutant NAME              leaves the rule out; the first schedule that shows it is the result
//    --mutants FILE             lines of NAME COPIES SEED COUNT, perhaps locks or exec: one of so many
//                               schedules must be wrong; NAME scenario: the scenario; --list names all rules
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mutant.h"
#include "sim/sim.h"

#define S_JOBS_MAX 16
#define S_ENOUGH 800 // Schedules in which everything should have happened
#define S_ALARM 120  // Seconds that one schedule may take

#ifdef MUTANTS
int mutant_rule;
#endif

typedef struct {
    uint64_t first, count, seconds, stop;
    uint32_t copies, jobs;
    unsigned trace, sides;
    bool need, quiet, scale, list, scenarios;
    const char *seeds, *mutant, *mutants;
} s_options_t;

//  What parent and children share.
typedef struct {
    _Atomic uint64_t next; // Schedules begun
    _Atomic uint64_t right, wrong, outside;
    uint64_t least_wrong; // Seed + 1
    struct {
        uint64_t seed; // What it is at
        totals_t totals;
    } workers[S_JOBS_MAX];
} s_shared_t;

static s_shared_t *s_shared;

static void
s_report (const s_options_t *options, uint64_t seed, const char *why)
{
    if (options->quiet)
        return;
    fprintf (stderr, "seed %" PRIu64 " copies %" PRIu32 "%s: %s\n", seed, options->copies,
             options->sides & SIDE_LOCKS  ? " locks"
             : options->sides & SIDE_EXEC ? " exec"
             : options->sides & SIDE_AP   ? " ap"
                                          : "",
             why);
}

static double
s_now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void
s_count_wrong (uint64_t seed)
{
    atomic_fetch_add (&s_shared->wrong, 1);
    if (!s_shared->least_wrong || seed + 1 < s_shared->least_wrong)
        s_shared->least_wrong = seed + 1;
}

#ifdef MUTANTS
static bool
s_rule_left_out (void)
{
    return mutant_rule != 0;
}

//  A partition that is lost without the rule, and not with it.
static bool
s_is_right_with_all_rules (const s_options_t *options, uint64_t seed)
{
    char why[400];
    totals_t totals = { .operations = 0 };
    int rule = mutant_rule;
    mutant_rule = 0;
    verdict_t verdict = sim_run (seed, options->copies, options->sides, 0, &totals, why);
    mutant_rule = rule;
    return verdict == VERDICT_RIGHT;
}
#else
static bool
s_rule_left_out (void)
{
    return false;
}

static bool
s_is_right_with_all_rules (const s_options_t *options, uint64_t seed)
{
    (void) options;
    (void) seed;
    return true;
}
#endif

static void
s_one (const s_options_t *options, uint32_t worker, uint64_t seed)
{
    char why[400];
    s_shared->workers[worker].seed = seed;
    verdict_t verdict = sim_run (seed, options->copies, options->sides, options->trace,
                                 &s_shared->workers[worker].totals, why);
    if (s_rule_left_out () && verdict == VERDICT_OUTSIDE)
        verdict = s_is_right_with_all_rules (options, seed) ? VERDICT_WRONG : VERDICT_OUTSIDE;
    switch (verdict) {
        case VERDICT_RIGHT:
            atomic_fetch_add (&s_shared->right, 1);
            break;
        case VERDICT_OUTSIDE:
            atomic_fetch_add (&s_shared->outside, 1);
            s_report (options, seed, "outside of the promise: the last copy in sync died");
            break;
        case VERDICT_WRONG:
            s_count_wrong (seed);
            s_report (options, seed, why);
    }
}

static bool
s_goes_on (const s_options_t *options, double end)
{
    return atomic_load (&s_shared->wrong) < options->stop && (!options->seconds || s_now () < end);
}

static void
s_work (const s_options_t *options, uint32_t worker, double end)
{
    while (s_goes_on (options, end)) {
        uint64_t number = atomic_fetch_add (&s_shared->next, 1);
        if (number >= options->count)
            break;
        alarm (S_ALARM);
        s_one (options, worker, options->first + number);
    }
    _exit (0);
}

static pid_t
s_fork (const s_options_t *options, uint32_t worker, double end)
{
    fflush (NULL);
    pid_t child = fork ();
    assert (child >= 0);
    if (child == 0) {
        if (options->quiet && !freopen ("/dev/null", "w", stderr))
            _exit (1);
        s_work (options, worker, end);
    }
    return child;
}

//  Runs them all in children, so that one that aborts is but one of them.
static void
s_run_jobs (const s_options_t *options)
{
    pid_t children[S_JOBS_MAX];
    uint32_t living = options->jobs;
    double end = s_now () + (double) options->seconds;
    for (uint32_t worker = 0; worker < living; worker++)
        children[worker] = s_fork (options, worker, end);
    while (living) {
        int status;
        pid_t child = wait (&status);
        uint32_t worker = 0;
        while (worker < options->jobs && children[worker] != child)
            worker++;
        assert (worker < options->jobs);
        living--;
        if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
            continue;
        char why[100];
        snprintf (why, sizeof why, "ended by signal %d%s", WIFSIGNALED (status) ? WTERMSIG (status) : 0,
                  WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM ? " (no end)" : "");
        s_count_wrong (s_shared->workers[worker].seed);
        s_report (options, s_shared->workers[worker].seed, why);
        children[worker] = s_fork (options, worker, end);
        living++;
    }
}

//  ------------------------------------------------------------------------------------------------
//  Reports

static totals_t
s_sum (const s_options_t *options)
{
    totals_t sum = { .operations = 0 };
    for (uint32_t worker = 0; worker < options->jobs; worker++)
        totals_add (&sum, &s_shared->workers[worker].totals);
    return sum;
}

static void
s_print (const s_options_t *options, const totals_t *sum, double seconds)
{
    uint64_t done = s_shared->right + s_shared->wrong + s_shared->outside;
    printf ("%" PRIu64 " schedules, copies %" PRIu32 ", from seed %" PRIu64 ": %" PRIu64 " right, %" PRIu64
            " wrong, %" PRIu64 " outside of the promise; %.1f s, %.0f a second\n",
            done, options->copies, options->first, s_shared->right, s_shared->wrong, s_shared->outside,
            seconds, (double) done / seconds);
#define TOTAL(name) printf (" " #name " %" PRIu64, sum->name);
    SIM_TOTALS
#undef TOTAL
    printf ("\n steps of moves, of them ended without success, struck:");
    for (move_state_t state = MOVE_NONE + 1; state < MOVE_STATES; state++)
        printf (" %s %" PRIu64 " %" PRIu64 " %" PRIu64 ",", move_state_name (state), sum->entered[state],
                sum->ended[state], sum->struck[state]);
    printf ("\n");
}

//  Moves came into every state, ended in each of them, and were struck there.
static bool
s_moves_missing (const totals_t *sum)
{
    bool missing = false;
    for (move_state_t state = MOVE_NONE + 1; state < MOVE_STATES; state++) {
        bool over = state == MOVE_DONE || state == MOVE_ABORTED;
        if (!sum->entered[state] || (!over && (!sum->ended[state] || !sum->struck[state]))) {
            printf ("too few moves were %s: %" PRIu64 ", %" PRIu64 " ended, %" PRIu64 " struck\n",
                    move_state_name (state), sum->entered[state], sum->ended[state], sum->struck[state]);
            missing = true;
        }
    }
    return missing;
}

//  Nothing that has not happened has been tested.
static bool
s_missing (const s_options_t *options, const totals_t *sum)
{
    bool missing = false;
#define S_NEED(name)                                                                                         \
    if (sum->name == 0) {                                                                                    \
        printf ("no " #name " in any schedule\n");                                                           \
        missing = true;                                                                                      \
    }
    S_NEED (failovers)
    S_NEED (joins)
    S_NEED (handovers)
    S_NEED (voter_swaps)
    S_NEED (deduplicated)
    S_NEED (deltas_applied)
    if (options->sides & SIDE_AP) {
        S_NEED (ap_writes)
        S_NEED (ap_reads)
        S_NEED (ap_merged)
    }
    if (options->sides & SIDE_EXEC) {
        S_NEED (execs)
    }
    if (options->sides & SIDE_LOCKS) {
        S_NEED (locks_granted)
        S_NEED (locks_passed)
        S_NEED (locks_expired)
        S_NEED (locks_refused)
        S_NEED (locks_lost)
        S_NEED (locks_fenced)
    }
#undef S_NEED
    if (s_shared->right >= S_ENOUGH)
        missing = s_moves_missing (sum) || missing;
    return missing;
}

static bool
s_run (const s_options_t *options)
{
    double begin = s_now ();
    memset (s_shared, 0, sizeof *s_shared);
    if (options->trace)
        s_one (options, 0, options->first);
    else
        s_run_jobs (options);
    totals_t sum = s_sum (options);
    if (!options->quiet)
        s_print (options, &sum, s_now () - begin);
    fflush (stdout);
    bool rare = s_shared->outside * 500 <= s_shared->right + 1000;
    return !s_shared->wrong && rare && s_shared->right && !(options->need && s_missing (options, &sum));
}

//  ------------------------------------------------------------------------------------------------
//  Lists

static FILE *
s_open (const char *name)
{
    FILE *file = fopen (name, "r");
    if (!file) {
        perror (name);
        exit (1);
    }
    return file;
}

static unsigned
s_sides (const char *word)
{
    return strcmp (word, "ap") == 0      ? SIDE_AP
           : strcmp (word, "locks") == 0 ? SIDE_LOCKS
           : strcmp (word, "exec") == 0  ? SIDE_EXEC
                                         : 0;
}

static bool
s_run_seeds (s_options_t options, const char *name)
{
    FILE *file = s_open (name);
    char line[400];
    uint64_t seeds = 0, wrong = 0;
    options.count = 1;
    options.jobs = 1;
    options.quiet = false;
    while (fgets (line, sizeof line, file)) {
        char word[8] = "";
        if (sscanf (line, "%" SCNu32 " %" SCNu64 " %7[a-z]", &options.copies, &options.first, word) >= 2) {
            options.sides = s_sides (word);
            seeds++;
            memset (s_shared, 0, sizeof *s_shared);
            s_run_jobs (&options);
            wrong += s_shared->wrong;
        }
    }
    fclose (file);
    printf ("%" PRIu64 " seeds that once were wrong: %" PRIu64 " are\n", seeds, wrong);
    return wrong == 0;
}

#ifdef MUTANTS
static const struct {
    const char *name;
    int number;
} s_rules[] = {
#    define RULE(name, number, section, purpose) { #    name, number },
#    include "rule.def"
#    undef RULE
};
#    define S_RULES (sizeof s_rules / sizeof s_rules[0])

static bool
s_choose (const char *name)
{
    for (size_t at = 0; at < S_RULES; at++)
        if (strcmp (name, s_rules[at].name) == 0) {
            mutant_rule = s_rules[at].number;
            return true;
        }
    fprintf (stderr, "no rule is called %s\n", name);
    return false;
}

//  How often leaving the rule out is noticed.
static bool
s_run_mutant (s_options_t options, const char *name)
{
    if (!s_choose (name))
        return false;
    double begin = s_now ();
    options.quiet = true;
    s_run (&options);
    uint64_t done = s_shared->right + s_shared->wrong + s_shared->outside;
    if (s_shared->wrong)
        printf ("%s %" PRIu32 " %" PRIu64 " # %" PRIu64 " of %" PRIu64 ", %.0f s\n", name, options.copies,
                s_shared->least_wrong - 1, s_shared->wrong, done, s_now () - begin);
    else
        printf ("# %s %" PRIu32 ": 0 of %" PRIu64 ", %.0f s\n", name, options.copies, done, s_now () - begin);
    fflush (stdout);
    return s_shared->wrong > 0;
}

//  Each line's mutant must be caught; every rule must have a line, be it a remark "# NAME: why not".
static bool
s_run_mutants (s_options_t options, const char *name)
{
    FILE *file = s_open (name);
    char line[400], rule[64];
    bool known[S_RULES] = { false };
    uint64_t caught = 0, missed = 0, excused = 0;
    options.stop = 1;
    options.quiet = true;
    while (fgets (line, sizeof line, file)) {
        bool excuse = sscanf (line, "# redundant: %63[a-z_]", rule) == 1;
        char word[16], side[8] = "";
        bool scene = sscanf (line, "%63[a-z_] %15[a-z]", rule, word) == 2 && strcmp (word, "scenario") == 0;
        options.count = 1;
        if (!excuse && !scene
            && sscanf (line, "%63[a-z_] %" SCNu32 " %" SCNu64 " %" SCNu64 " %7[a-z]", rule, &options.copies,
                       &options.first, &options.count, side)
                   < 3)
            continue;
        options.sides = s_sides (side);
        if (!s_choose (rule))
            return false;
        for (size_t at = 0; at < S_RULES; at++)
            known[at] = known[at] || strcmp (rule, s_rules[at].name) == 0;
        excused += excuse;
        if (excuse)
            continue;
        if (scene) {
            char why[300] = "";
            bool seen = scenario_run (rule, why, sizeof why) && why[0];
            caught += seen;
            missed += !seen;
            if (!seen)
                printf ("%s is not missed any more by its scenario\n", rule);
            continue;
        }
        memset (s_shared, 0, sizeof *s_shared);
        s_run_jobs (&options);
        caught += s_shared->wrong != 0;
        missed += s_shared->wrong == 0;
        if (!s_shared->wrong)
            printf ("%s is not missed any more: copies %" PRIu32 " seed %" PRIu64 "\n", rule, options.copies,
                    options.first);
    }
    fclose (file);
    for (size_t at = 0; at < S_RULES; at++)
        if (!known[at]) {
            printf ("%s: nothing shows that it is needed\n", s_rules[at].name);
            missed++;
        }
    printf ("%" PRIu64 " mutants caught, %" PRIu64 " not, %" PRIu64 " redundant\n", caught, missed, excused);
    return missed == 0 && caught > 0;
}
#endif

//  The rest of the options. False: no such thing.
static bool
s_set (s_options_t *options, int option)
{
    switch (option) {
        case 't':
            options->trace++;
            return true;
        case 's':
            options->seeds = optarg;
            return true;
        case 'm':
            options->mutant = optarg;
            return true;
        case 'M':
            options->mutants = optarg;
            return true;
        case 'S':
            options->scale = true;
            return true;
        case 'C':
            options->scenarios = true;
            return true;
        case 'A':
            options->sides |= SIDE_AP;
            return true;
        case 'L':
            options->sides |= SIDE_LOCKS;
            return true;
        case 'X':
            options->sides |= SIDE_EXEC;
            return true;
        case 'N':
            options->need = true;
            return true;
        case 'l':
            options->list = true;
            return true;
        default:
            return false;
    }
}

static bool
s_parse (s_options_t *options, int argc, char **argv)
{
    static const struct option s_long[] = {
        { "first", 1, NULL, 'f' },   { "count", 1, NULL, 'n' },     { "copies", 1, NULL, 'c' },
        { "jobs", 1, NULL, 'j' },    { "trace", 0, NULL, 't' },     { "seeds", 1, NULL, 's' },
        { "scale", 0, NULL, 'S' },   { "seconds", 1, NULL, 'T' },   { "need", 0, NULL, 'N' },
        { "stop", 1, NULL, 'x' },    { "scenarios", 0, NULL, 'C' }, { "mutant", 1, NULL, 'm' },
        { "mutants", 1, NULL, 'M' }, { "list", 0, NULL, 'l' },      { "ap", 0, NULL, 'A' },
        { "locks", 0, NULL, 'L' },   { "exec", 0, NULL, 'X' },      { NULL, 0, NULL, 0 }
    };
    for (int option; (option = getopt_long (argc, argv, "", s_long, NULL)) != -1;) {
        uint64_t number = optarg ? strtoull (optarg, NULL, 10) : 0;
        if (option == 'f')
            options->first = number;
        else if (option == 'n')
            options->count = number;
        else if (option == 'c')
            options->copies = (uint32_t) number;
        else if (option == 'j')
            options->jobs = (uint32_t) number;
        else if (option == 'x')
            options->stop = number;
        else if (option == 'T') {
            options->seconds = number;
            options->count = UINT64_MAX;
        } else if (!s_set (options, option))
            return false;
    }
    return options->jobs >= 1 && options->jobs <= S_JOBS_MAX && options->copies >= 1 && options->copies <= 3;
}

int
main (int argc, char **argv)
{
    s_options_t options = { .first = 1, .count = 100, .copies = 2, .jobs = 1, .stop = 8 };
    if (!s_parse (&options, argc, argv))
        return 2;
    s_shared = mmap (NULL, sizeof *s_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert (s_shared != MAP_FAILED);
    bool good = true;
#ifdef MUTANTS
    for (size_t at = 0; options.list && at < S_RULES; at++)
        printf ("%s\n", s_rules[at].name);
    if (options.mutant)
        return s_run_mutant (options, options.mutant) ? 0 : 1;
    if (options.mutants)
        return s_run_mutants (options, options.mutants) ? 0 : 1;
#else
    if (options.mutant || options.mutants)
        return 2;
#endif
    if (options.scenarios)
        good = scenarios_run () && moves_run ();
    else if (options.scale)
        good = scale_run ();
    else if (options.seeds)
        good = s_run_seeds (options, options.seeds);
    else if (!options.list)
        good = s_run (&options);
    return good ? 0 : 1;
}

//  zgridd: a node as a daemon. It reads settings, starts the node, says on stdout that it serves, and
//  waits for signals: all of them are blocked before the node makes its threads, and taken here one
//  after the other. While it starts a thread of its own takes them.
//  SPDX-License-Identifier: MPL-2.0
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zgrid_node.h>
#include <zgrid_version.h>
#ifdef __GLIBC__
#    include <malloc.h>
#endif

//  Where a daemon listens if nobody says otherwise; an embedded node listens nowhere
#define CLIENT_STANDARD "tcp://127.0.0.1:3320"
#define FLAGS_MAX 256

#define MAPPED_MIN (32 << 20) // From here on malloc asks the system each time
#define KEPT_MAX (32 << 20)   // What it keeps at the end of an arena

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef struct {
    const char *file;             // -c, or NULL
    const char *flags[FLAGS_MAX]; // "section.name=value", in the order given
    const char *names[FLAGS_MAX]; // NULL, or the setting's name: then the flag is the value alone
    int flag_count;
    bool check, print;
} plan_t;

static const char s_help[] =
    "usage: zgridd [-c FILE] [--name NAME] [--client ENDPOINT] [--set SECTION.NAME=VALUE]...\n"
    "              [--peer ENDPOINT [--seeds ENDPOINT,...] [--bootstrap | --expect N] [--witness]\n"
    "              [--zone ZONE] [--weight WEIGHT] [--profile lan|fast|wan]\n"
    "              [--discover INTERFACE]]\n"
    "              [--insecure] [--check-config | --print-config]\n"
    "Serves a zgrid map to ZeroMQ clients, alone or as a member of a cluster.\n"
    "  -c, --config FILE    settings from this file; see zgrid.conf(5)\n"
    "  --name NAME          as --set node.name=NAME\n"
    "  --client ENDPOINT    as --set node.client=ENDPOINT; standard: " CLIENT_STANDARD "\n"
    "  --peer ENDPOINT      where other members connect; without it the node stays alone\n"
    "  --seeds ENDPOINT,... peer endpoints of members, to be asked for their cluster; without them and\n"
    "                       without --expect the node founds a cluster of one\n"
    "  --bootstrap          found a cluster of one, even with --seeds\n"
    "  --expect N           found a cluster when N nodes that know none have met\n"
    "  --witness            vote, but hold no data\n"
    "  --zone ZONE          copies of a partition go to different zones\n"
    "  --weight WEIGHT      how much of the data it takes, compared with others: 1 to 1000; 100\n"
    "  --profile PROFILE    lan (failures noticed in 1 s), fast (0.3 s) or wan (5 s)\n"
    "  --discover INTERFACE look for seeds by UDP broadcast on a network interface\n"
    "                       (all of these are short for --set node.… and cluster.…)\n"
    "  --set SECTION.NAME=VALUE\n"
    "                       any setting; stronger than the environment (ZGRID_SECTION_NAME), which\n"
    "                       is stronger than the file\n"
    "  --insecure           as --set node.insecure=true: allows addresses beyond loopback\n"
    "  --check-config       look at the settings, start nothing; 0: correct, 2: not\n"
    "  --print-config       print all settings as a file that -c reads, start nothing\n"
    "  --version, --help\n"
    "Once it serves, it prints one line:\n"
    "ready client=ENDPOINT name=NAME pid=PID peer=ENDPOINT node=ID\n"
    "SIGTERM or SIGINT ends it: other members first take over what it holds. A second one ends it at\n"
    "once. SIGHUP opens log.file anew.\n"
    "Exit: 0 ended by a signal, 1 could not start or is not taken by the cluster, 2 wrong use or wrong\n"
    "settings.\n";

static int
s_usage (const char *text, const char *what)
{
    if (text)
        fprintf (stderr, "zgridd: %s%s\n", text, what);
    fprintf (stderr, "Try zgridd --help\n");
    return EXIT_USAGE;
}

static bool
s_add_flag (plan_t *plan, const char *name, const char *value)
{
    if (plan->flag_count == FLAGS_MAX)
        return false;
    plan->names[plan->flag_count] = name;
    plan->flags[plan->flag_count++] = value;
    return true;
}

enum { CHECK = 256, PRINT, SHOW_VERSION, HELP, SET, SHORT };

//  Flags that are short for a setting; SHORT + place is their value for getopt.
static const struct {
    const char *flag, *setting;
    const char *value; // NULL: it takes one
} s_shorts[] = {
    { "name", "node.name", NULL },
    { "client", "node.client", NULL },
    { "peer", "node.peer", NULL },
    { "seeds", "cluster.seeds", NULL },
    { "expect", "cluster.expect", NULL },
    { "zone", "node.zone", NULL },
    { "weight", "node.weight", NULL },
    { "profile", "cluster.profile", NULL },
    { "discover", "discover.interface", NULL },
    { "insecure", "node.insecure", "true" },
    { "bootstrap", "cluster.bootstrap", "true" },
    { "witness", "node.witness", "true" },
};
#define SHORTS (sizeof s_shorts / sizeof s_shorts[0])

static void
s_options (struct option *options)
{
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' },
        { "set", required_argument, NULL, SET },
        { "check-config", no_argument, NULL, CHECK },
        { "print-config", no_argument, NULL, PRINT },
        { "version", no_argument, NULL, SHOW_VERSION },
        { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 },
    };
    for (size_t at = 0; at < SHORTS; at++)
        options[at] = (struct option) { s_shorts[at].flag,
                                        s_shorts[at].value ? no_argument : required_argument, NULL,
                                        SHORT + (int) at };
    memcpy (options + SHORTS, longs, sizeof longs);
}

//  -1: go on; else: the exit code.
static int
s_parse (plan_t *plan, int argc, char **argv)
{
    struct option options[SHORTS + 7];
    s_options (options);
    int option;
    bool room = true;
    while (room && (option = getopt_long (argc, argv, "c:", options, NULL)) != -1) {
        if (option >= SHORT) {
            size_t at = (size_t) (option - SHORT);
            room = s_add_flag (plan, s_shorts[at].setting, s_shorts[at].value ? s_shorts[at].value : optarg);
            continue;
        }
        switch (option) {
            case 'c':
                if (plan->file)
                    return s_usage ("more than one file: ", optarg);
                plan->file = optarg;
                break;
            case SET:
                if (!strchr (optarg, '='))
                    return s_usage ("--set takes SECTION.NAME=VALUE, not ", optarg);
                room = s_add_flag (plan, NULL, optarg);
                break;
            case CHECK:
                plan->check = true;
                break;
            case PRINT:
                plan->print = true;
                break;
            case SHOW_VERSION:
                puts ("zgridd " ZGRID_VERSION);
                return EXIT_DONE;
            case HELP:
                fputs (s_help, stdout);
                return EXIT_DONE;
            default:
                return s_usage (NULL, NULL);
        }
    }
    if (!room)
        return s_usage ("too many flags", "");
    return optind < argc ? s_usage ("not understood: ", argv[optind]) : -1;
}

static int
s_set (zgrid_node_t *node, const char *name, const char *flag)
{
    if (name)
        return zgrid_node_set (node, name, flag);
    const char *equals = strchr (flag, '=');
    char *own = strndup (flag, (size_t) (equals - flag));
    int status = own ? zgrid_node_set (node, own, equals + 1) : ZGRID_NOMEM;
    free (own);
    return status;
}

//  Later ones win: defaults, file, environment, flags. Says what is wrong.
static int
s_settings (zgrid_node_t *node, const plan_t *plan)
{
    int status = zgrid_node_set (node, "node.client", CLIENT_STANDARD);
    if (status == ZGRID_OK)
        status = zgrid_node_set (node, "log.level", "info");
    if (status == ZGRID_OK && plan->file) {
        status = zgrid_node_load (node, plan->file);
        if (status != ZGRID_OK) {
            //  Each line begins with the file and the line, for editors
            fprintf (stderr, "%s\n", zgrid_node_error (node));
            return EXIT_USAGE;
        }
    }
    if (status == ZGRID_OK)
        status = zgrid_node_environment (node);
    for (int at = 0; at < plan->flag_count && status == ZGRID_OK; at++)
        status = s_set (node, plan->names[at], plan->flags[at]);
    if (status == ZGRID_OK)
        status = zgrid_node_check (node);
    if (status == ZGRID_OK)
        return EXIT_DONE;
    fprintf (stderr, "zgridd: %s\n", zgrid_node_error (node));
    return EXIT_USAGE;
}

static int
s_print (zgrid_node_t *node)
{
    char *text = zgrid_node_print_settings (node);
    bool good = text && fputs (text, stdout) >= 0 && fflush (stdout) == 0;
    free (text);
    if (!good)
        perror ("zgridd: settings could not be printed");
    return good ? EXIT_DONE : EXIT_FAILED;
}

static void
s_at_once (int number)
{
    static const char text[] = "zgridd: second signal, not waiting\n";
    if (write (STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit (EXIT_FAILED); // Nobody to tell
    _exit (EXIT_FAILED);
}

static void
s_signals_of_interest (sigset_t *set)
{
    sigemptyset (set);
    sigaddset (set, SIGTERM);
    sigaddset (set, SIGINT);
    sigaddset (set, SIGHUP);
}

//  From now on a signal ends the process at once, in this thread, whatever it waits for.
static void
s_let_second_signal_kill (void)
{
    struct sigaction action = { .sa_handler = s_at_once };
    sigemptyset (&action.sa_mask);
    sigaction (SIGTERM, &action, NULL);
    sigaction (SIGINT, &action, NULL);
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

//  Waits for a signal that ends the process, or until the cluster does not know this node any more.
static int
s_wait (zgrid_node_t *node, const sigset_t *set)
{
    const struct timespec look = { .tv_nsec = 500000000 };
    for (;;) {
        int number = sigtimedwait (set, NULL, &look);
        if (number == SIGTERM || number == SIGINT)
            return EXIT_DONE;
        if (number == SIGHUP && zgrid_node_reopen_log (node) != ZGRID_OK)
            fprintf (stderr, "zgridd: %s\n", zgrid_node_error (node));
        if (zgrid_node_state (node) == ZGRID_CLUSTER_MISMATCH) {
            fprintf (stderr, "zgridd: %s\n", zgrid_node_error (node));
            return EXIT_FAILED;
        }
    }
}

//  While the node starts, which may mean to wait for a cluster, a second thread takes the signals.
typedef struct {
    zgrid_node_t *node;
    bool stopped; // Read when the thread has ended
} watch_t;

static void
s_signals_of_watch (sigset_t *set)
{
    sigemptyset (set);
    sigaddset (set, SIGTERM);
    sigaddset (set, SIGINT);
    sigaddset (set, SIGUSR1); // From s_start: it is over
}

static void *
s_watch (void *arg)
{
    watch_t *self = arg;
    sigset_t set;
    int number = 0;
    s_signals_of_watch (&set);
    while (sigwait (&set, &number) || number != SIGUSR1) {
        self->stopped = true;
        zgrid_node_interrupt (self->node);
    }
    return NULL;
}

//  -1: the node serves; else the exit code.
static int
s_start (zgrid_node_t *node)
{
    watch_t watch = { node, false };
    pthread_t thread;
    sigset_t set;
    s_signals_of_watch (&set);
    pthread_sigmask (SIG_BLOCK, &set, NULL);
    if (pthread_create (&thread, NULL, s_watch, &watch)) {
        fprintf (stderr, "zgridd: no thread to watch for signals\n");
        return EXIT_FAILED;
    }
    int status = zgrid_node_start (node);
    pthread_kill (thread, SIGUSR1);
    pthread_join (thread, NULL);
    if (watch.stopped) { // Who starts it may end it before it serves
        s_let_second_signal_kill ();
        return EXIT_DONE;
    }
    if (status != ZGRID_OK)
        fprintf (stderr, "zgridd: %s\n", zgrid_node_error (node));
    return status == ZGRID_OK ? -1 : EXIT_FAILED;
}

//  A node without a name is called after its host and process, as the library would call it; what the
//  ready line says must be what clients are told.
static void
s_give_name (zgrid_node_t *node)
{
    const char *name = zgrid_node_setting (node, "node.name");
    char host[256] = "node", own[65];
    if (name && *name)
        return;
    gethostname (host, sizeof host - 1);
    snprintf (own, sizeof own, "%.48s-%ld", host, (long) getpid ());
    if (zgrid_node_set (node, "node.name", own) != ZGRID_OK)
        fprintf (stderr, "zgridd: %s\n", zgrid_node_error (node));
}

static int
s_serve (zgrid_node_t **node_p)
{
    zgrid_node_t *node = *node_p;
    sigset_t set;
    s_signals_of_interest (&set);
    pthread_sigmask (SIG_BLOCK, &set, NULL);
    signal (SIGPIPE, SIG_IGN);
    s_give_name (node);
    int code = s_start (node);
    if (code >= 0)
        return code;
    const char *endpoint = zgrid_node_endpoint (node), *peer = zgrid_node_peer (node);
    const char *name = zgrid_node_setting (node, "node.name");
    const char *redis = zgrid_node_redis (node);
    printf ("ready client=%s name=%s pid=%ld peer=%s node=%s%s%s\n", *endpoint ? endpoint : "none",
            name ? name : "", (long) getpid (), *peer ? peer : "none", zgrid_node_id (node),
            *redis ? " redis=" : "", redis);
    fflush (stdout);
    code = s_wait (node, &set);
    s_let_second_signal_kill ();
    zgrid_node_destroy (node_p);
    return code;
}

//  Large messages come and go all the time, and fresh memory costs more than what is copied into it: malloc
//  keeps it, up to a bound for each of its arenas.
static void
s_keep_memory (void)
{
#ifdef __GLIBC__
    mallopt (M_MMAP_THRESHOLD, MAPPED_MIN);
    mallopt (M_TRIM_THRESHOLD, KEPT_MAX);
#endif
}

int
main (int argc, char **argv)
{
    static plan_t plan;
    s_keep_memory ();
    int code = s_parse (&plan, argc, argv);
    if (code >= 0)
        return code;
    //  One I/O thread for clients and one for other members: a flood of the first must not delay the
    //  second. CZMQ reads this before its first socket
    setenv ("ZSYS_IO_THREADS", "2", 0);
    zgrid_node_t *node = zgrid_node_new ();
    if (!node) {
        fprintf (stderr, "zgridd: no memory\n");
        return EXIT_FAILED;
    }
    code = s_settings (node, &plan);
    if (code == EXIT_DONE && plan.print)
        code = s_print (node);
    else if (code == EXIT_DONE && plan.check)
        fprintf (stderr, "zgridd: the settings are correct\n");
    else if (code == EXIT_DONE)
        code = s_serve (&node);
    zgrid_node_destroy (&node);
    return code;
}

//  zgridd: a node as a daemon. It reads settings, starts the node, says on stdout that it serves, and
//  waits for signals: all of them are blocked before the node makes its threads, and taken here one
//  after the other.
//  SPDX-License-Identifier: MPL-2.0
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zgrid_node.h>
#include <zgrid_version.h>

//  Where a daemon listens if nobody says otherwise; an embedded node listens nowhere
#define CLIENT_STANDARD "tcp://127.0.0.1:3320"
#define FLAGS_MAX 256

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
    "              [--insecure] [--check-config | --print-config]\n"
    "Serves a zgrid map to ZeroMQ clients.\n"
    "  -c, --config FILE    settings from this file; see zgrid.conf(5)\n"
    "  --name NAME          as --set node.name=NAME\n"
    "  --client ENDPOINT    as --set node.client=ENDPOINT; standard: " CLIENT_STANDARD "\n"
    "  --set SECTION.NAME=VALUE\n"
    "                       any setting; stronger than the environment (ZGRID_SECTION_NAME), which\n"
    "                       is stronger than the file\n"
    "  --insecure           as --set node.insecure=true: allows addresses beyond loopback\n"
    "  --check-config       look at the settings, start nothing; 0: correct, 2: not\n"
    "  --print-config       print all settings as a file that -c reads, start nothing\n"
    "  --version, --help\n"
    "Once it serves, it prints one line: ready client=ENDPOINT name=NAME pid=PID\n"
    "SIGTERM or SIGINT ends it, a second one at once; SIGHUP opens log.file anew.\n"
    "Exit: 0 ended by a signal, 1 could not start, 2 wrong use or wrong settings.\n";

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

//  -1: go on; else: the exit code.
static int
s_parse (plan_t *plan, int argc, char **argv)
{
    enum { NAME = 256, CLIENT, SET, INSECURE, CHECK, PRINT, SHOW_VERSION, HELP };
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },    { "name", required_argument, NULL, NAME },
        { "client", required_argument, NULL, CLIENT }, { "set", required_argument, NULL, SET },
        { "insecure", no_argument, NULL, INSECURE },   { "check-config", no_argument, NULL, CHECK },
        { "print-config", no_argument, NULL, PRINT },  { "version", no_argument, NULL, SHOW_VERSION },
        { "help", no_argument, NULL, HELP },           { NULL, 0, NULL, 0 },
    };
    int option;
    bool room = true;
    while (room && (option = getopt_long (argc, argv, "c:", options, NULL)) != -1) {
        switch (option) {
            case 'c':
                if (plan->file)
                    return s_usage ("more than one file: ", optarg);
                plan->file = optarg;
                break;
            case NAME:
                room = s_add_flag (plan, "node.name", optarg);
                break;
            case CLIENT:
                room = s_add_flag (plan, "node.client", optarg);
                break;
            case INSECURE:
                room = s_add_flag (plan, "node.insecure", "true");
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

static void
s_wait (zgrid_node_t *node, const sigset_t *set)
{
    int number = 0;
    while (number != SIGTERM && number != SIGINT) {
        if (sigwait (set, &number))
            continue;
        if (number == SIGHUP && zgrid_node_reopen_log (node) != ZGRID_OK)
            fprintf (stderr, "zgridd: %s\n", zgrid_node_error (node));
    }
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
    if (zgrid_node_start (node) != ZGRID_OK) {
        fprintf (stderr, "zgridd: %s\n", zgrid_node_error (node));
        return EXIT_FAILED;
    }
    const char *endpoint = zgrid_node_endpoint (node);
    const char *name = zgrid_node_setting (node, "node.name");
    printf ("ready client=%s name=%s pid=%ld\n", *endpoint ? endpoint : "none", name ? name : "",
            (long) getpid ());
    fflush (stdout);
    s_wait (node, &set);
    s_let_second_signal_kill ();
    zgrid_node_destroy (node_p);
    return EXIT_DONE;
}

int
main (int argc, char **argv)
{
    static plan_t plan;
    int code = s_parse (&plan, argc, argv);
    if (code >= 0)
        return code;
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

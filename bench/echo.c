//  echo: what bare ROUTER and DEALER can do, to measure zgrid against.
//  SPDX-License-Identifier: MPL-2.0
//
//  bench-echo server                       serves on a port that the system chose, until SIGTERM
//  bench-echo client ENDPOINT [options]    one DEALER, one thread; prints one line of JSON
//
//  A request names in its first four bytes how many bytes it wants back, so that the two directions
//  can carry what a batch of GETs or PUTs carries. No codec, no table, no bookkeeping: the frames
//  are written, counted and thrown away.
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define REPLY_MAX (64u * 1024 * 1024)

typedef struct {
    size_t request; // Bytes of a request
    size_t reply;   // Bytes of its reply
    size_t window;  // Requests in flight
    size_t count;   // Requests in all
    size_t warm;    // Requests before the clock starts
} plan_t;

static volatile sig_atomic_t s_ended;

static void
s_end (int number)
{
    (void) number;
    s_ended = 1;
}

static uint64_t
s_now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static void
s_fail (const char *what)
{
    fprintf (stderr, "bench-echo: %s: %s\n", what, zmq_strerror (errno));
    exit (1);
}

//  ----------------------------------------------------------------------------------------------
//  Server

//  Turns a request into its reply. False if it cannot be read.
static bool
s_answer (zmq_msg_t *body)
{
    uint32_t size;
    if (zmq_msg_size (body) < sizeof size)
        return false;
    memcpy (&size, zmq_msg_data (body), sizeof size);
    if (size == zmq_msg_size (body))
        return true; // The same bytes go back
    if (size > REPLY_MAX)
        return false;
    zmq_msg_t reply;
    if (zmq_msg_init_size (&reply, size) != 0)
        return false;
    memset (zmq_msg_data (&reply), 'r', size); // A server that stores would copy as many bytes
    zmq_msg_move (body, &reply);
    return true;
}

//  One request, whole. False if there is none.
static bool
s_serve_one (void *socket, int flags)
{
    zmq_msg_t routing, body;
    zmq_msg_init (&routing);
    zmq_msg_init (&body);
    bool taken = zmq_msg_recv (&routing, socket, flags) >= 0;
    if (taken && zmq_msg_more (&routing) && zmq_msg_recv (&body, socket, 0) >= 0 && !zmq_msg_more (&body)
        && s_answer (&body)) {
        if (zmq_msg_send (&routing, socket, ZMQ_SNDMORE) < 0 || zmq_msg_send (&body, socket, 0) < 0)
            s_fail ("send");
    }
    zmq_msg_close (&routing);
    zmq_msg_close (&body);
    return taken;
}

static int
s_server (void)
{
    void *context = zmq_ctx_new ();
    void *socket = context ? zmq_socket (context, ZMQ_ROUTER) : NULL;
    if (!socket)
        s_fail ("socket");
    int unlimited = 0;
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    if (zmq_bind (socket, "tcp://127.0.0.1:*") != 0)
        s_fail ("bind");
    char endpoint[256];
    size_t size = sizeof endpoint;
    if (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        s_fail ("endpoint");
    struct sigaction action = { .sa_handler = s_end };
    sigaction (SIGTERM, &action, NULL);
    sigaction (SIGINT, &action, NULL);
    printf ("ready client=%s\n", endpoint);
    fflush (stdout);

    while (!s_ended) {
        if (!s_serve_one (socket, 0) && errno != EINTR)
            s_fail ("receive");
    }
    int linger = 0;
    zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_close (socket);
    zmq_ctx_term (context);
    return 0;
}

//  ----------------------------------------------------------------------------------------------
//  Client

static void
s_send (void *socket, const plan_t *plan)
{
    zmq_msg_t body;
    if (zmq_msg_init_size (&body, plan->request) != 0)
        s_fail ("memory");
    memset (zmq_msg_data (&body), 'q', plan->request);
    uint32_t wanted = (uint32_t) plan->reply;
    memcpy (zmq_msg_data (&body), &wanted, sizeof wanted);
    if (zmq_msg_send (&body, socket, 0) < 0)
        s_fail ("send");
}

static void
s_receive (void *socket, const plan_t *plan)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    if (zmq_msg_recv (&body, socket, 0) < 0)
        s_fail ("receive");
    if (zmq_msg_size (&body) != plan->reply) {
        fprintf (stderr, "bench-echo: a reply of %zu bytes\n", zmq_msg_size (&body));
        exit (1);
    }
    zmq_msg_close (&body);
}

//  count requests with window in flight; spent[] (if not NULL) gets what each took where one is in
//  flight.
static void
s_run (void *socket, const plan_t *plan, size_t count, uint32_t *spent)
{
    size_t sent = 0;
    for (size_t got = 0; got < count; got++) {
        uint64_t began = spent ? s_now_ns () : 0;
        for (; sent < count && sent - got < plan->window; sent++)
            s_send (socket, plan);
        s_receive (socket, plan);
        if (spent)
            spent[got] = (uint32_t) (s_now_ns () - began);
    }
}

static int
s_compare (const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *) left, b = *(const uint32_t *) right;
    return a < b ? -1 : a > b;
}

static int
s_client (const char *endpoint, const plan_t *plan)
{
    void *context = zmq_ctx_new ();
    void *socket = context ? zmq_socket (context, ZMQ_DEALER) : NULL;
    if (!socket)
        s_fail ("socket");
    int limit = 30000;
    zmq_setsockopt (socket, ZMQ_RCVTIMEO, &limit, sizeof limit);
    zmq_setsockopt (socket, ZMQ_SNDTIMEO, &limit, sizeof limit);
    if (zmq_connect (socket, endpoint) != 0)
        s_fail (endpoint);
    uint32_t *spent = plan->window == 1 ? malloc (plan->count * sizeof *spent) : NULL;

    s_run (socket, plan, plan->warm, NULL);
    uint64_t began = s_now_ns ();
    s_run (socket, plan, plan->count, spent);
    double seconds = (double) (s_now_ns () - began) / 1e9;

    printf ("{\"messages_per_second\": %.0f, \"seconds\": %.4f, \"messages\": %zu",
            (double) plan->count / seconds, seconds, plan->count);
    if (spent) {
        qsort (spent, plan->count, sizeof *spent, s_compare);
        printf (", \"p50_us\": %.2f, \"p99_us\": %.2f", spent[plan->count / 2] / 1e3,
                spent[plan->count - 1 - plan->count / 100] / 1e3);
    }
    printf ("}\n");
    free (spent);
    int linger = 0;
    zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_close (socket);
    zmq_ctx_term (context);
    return 0;
}

//  ----------------------------------------------------------------------------------------------

static size_t
s_number (const char *text, size_t min, size_t max)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull (text, &end, 10);
    if (errno || end == text || *end || number < min || number > max) {
        fprintf (stderr, "bench-echo: %s is not a number from %zu to %zu\n", text, min, max);
        exit (2);
    }
    return (size_t) number;
}

static void
s_usage (void)
{
    fputs ("usage: bench-echo server\n"
           "       bench-echo client ENDPOINT [-q request bytes] [-r reply bytes] [-w in flight]\n"
           "                                  [-n requests] [-W requests before the clock starts]\n",
           stderr);
    exit (2);
}

int
main (int argc, char **argv)
{
    if (argc == 2 && strcmp (argv[1], "server") == 0)
        return s_server ();
    if (argc < 3 || strcmp (argv[1], "client") != 0)
        s_usage ();
    plan_t plan = { 120, 120, 1, 20000, 1000 };
    optind = 3;
    int option;
    while ((option = getopt (argc, argv, "q:r:w:n:W:")) != -1) {
        if (option == 'q')
            plan.request = s_number (optarg, sizeof (uint32_t), REPLY_MAX);
        else if (option == 'r')
            plan.reply = s_number (optarg, 0, REPLY_MAX);
        else if (option == 'w')
            plan.window = s_number (optarg, 1, 1000000);
        else if (option == 'n')
            plan.count = s_number (optarg, 1, 1000000000);
        else if (option == 'W')
            plan.warm = s_number (optarg, 0, 1000000000);
        else
            s_usage ();
    }
    return s_client (argv[2], &plan);
}

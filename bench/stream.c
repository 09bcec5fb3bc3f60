//  stream: what bare PUSH and PULL carry, and what the channel of moves carries, to measure moves against.
//  SPDX-License-Identifier: MPL-2.0
//
//  bench-stream bare|channel [-s bytes of a message] [-n messages]    prints one line of JSON
//
//  Two processes on loopback: one sends, the other one counts and throws away. channel: both have a
//  rebalancer, and what plays the storage actor sends no more ahead than the credit of a copy allows.
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "actors/inner.h"
#include "actors/rebalancer_actor.h"
#include "actors/stream.h"
#include "mem.h"

#define CREDIT (4u << 20) // Bytes ahead of what was taken
#define CLUSTER 1

//  What the two processes share.
typedef struct {
    _Atomic uint32_t port;         // Where the receiver is bound
    _Atomic uint64_t taken;        // Messages
    _Atomic uint64_t began, ended; // Nanoseconds
    _Atomic bool failed;
} both_t;

static both_t *s_shared;
static size_t s_size = 256u << 10;
static uint64_t s_count = 4000;

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
    fprintf (stderr, "bench-stream: %s: %s\n", what, zmq_strerror (errno));
    s_shared->failed = true;
    exit (1);
}

static void
s_pause (void)
{
    const struct timespec pause = { .tv_nsec = 20000 };
    nanosleep (&pause, NULL);
}

static uint32_t
s_await_port (void)
{
    while (s_shared->port == 0 && !s_shared->failed)
        s_pause ();
    return s_shared->port;
}

static uint32_t
s_port_of (const char *endpoint)
{
    return (uint32_t) atoi (strrchr (endpoint, ':') + 1);
}

static void
s_took_one (void)
{
    uint64_t taken = atomic_fetch_add (&s_shared->taken, 1) + 1;
    if (taken == s_count)
        s_shared->ended = s_now_ns ();
}

//  A sender that has something to send has written it before.
static void
s_fill (void *data)
{
    memset (data, 'b', s_size);
}

//  ----------------------------------------------------------------------------------------------
//  Bare sockets

static void
s_bare_receiver (void)
{
    zsock_t *pull = zsock_new (ZMQ_PULL);
    if (!pull || zsock_bind (pull, "tcp://127.0.0.1:*") <= 0)
        s_fail ("bind");
    char *endpoint = zsock_last_endpoint (pull);
    s_shared->port = s_port_of (endpoint);
    while (s_shared->taken < s_count && !s_shared->failed) {
        zmq_msg_t message;
        zmq_msg_init (&message);
        if (zmq_msg_recv (&message, zsock_resolve (pull), 0) < 0)
            s_fail ("receive");
        zmq_msg_close (&message);
        s_took_one ();
    }
    zstr_free (&endpoint);
    zsock_destroy (&pull);
}

static void
s_bare_sender (void)
{
    zsock_t *push = zsock_new (ZMQ_PUSH);
    if (!push || zsock_connect (push, "tcp://127.0.0.1:%u", s_await_port ()) != 0)
        s_fail ("connect");
    s_shared->began = s_now_ns ();
    for (uint64_t at = 0; at < s_count; at++) {
        zmq_msg_t message;
        if (zmq_msg_init_size (&message, s_size) != 0)
            s_fail ("memory");
        s_fill (zmq_msg_data (&message));
        if (zmq_msg_send (&message, zsock_resolve (push), 0) < 0)
            s_fail ("send");
    }
    while (s_shared->ended == 0 && !s_shared->failed)
        s_pause ();
    zsock_destroy (&push);
}

//  ----------------------------------------------------------------------------------------------
//  The channel

typedef struct {
    zsock_t *beacon;
    actor_t *actor;
    stream_t *stream;
    rebalancer_status_t status;
} end_t;

static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    (void) arg;
    (void) level;
    fprintf (stderr, "bench-stream: %s: %s\n", event, pairs[5]);
}

static void
s_open (end_t *self, node_id_t id)
{
    self->beacon = zsock_new (ZMQ_ROUTER);
    if (!self->beacon || zsock_bind (self->beacon, "inproc://beacon") < 0)
        s_fail ("beacon");
    rebalancer_actor_args_t args = { .node = id,
                                     .actors = 1,
                                     .endpoint = "tcp://127.0.0.1:*",
                                     .inproc = "inproc://moves",
                                     .beacon_inproc = "inproc://beacon",
                                     .batch_max = 1u << 30,
                                     .status = &self->status,
                                     .note = { s_line, NULL } };
    buf_t why = BUF_INIT;
    self->actor = actor_new (&rebalancer_actor_spec, &args, &why);
    self->stream = stream_new (0, "inproc://moves");
    if (!self->actor || !self->stream)
        s_fail ("rebalancer");
}

//  As the beacon: who the two are. The receiver's port is what counts.
static void
s_publish (end_t *self, uint32_t port)
{
    static frames_t frames;
    inner_t here = { .kind = 0 };
    zmq_pollitem_t item = { zsock_resolve (self->beacon), 0, ZMQ_POLLIN, 0 };
    if (zmq_poll (&item, 1, -1) < 0 || !inner_receive (item.socket, &frames, true, &here))
        s_fail ("beacon");
    view_t *view = view_new (1);
    view->cluster = CLUSTER;
    view->version = 1;
    for (node_id_t id = 1; id <= 2; id++) {
        member_t member = {
            .id = id, .weight = 100, .actors = 1, .move_port = id == 2 ? (uint16_t) port : 1
        };
        strcpy (member.host, "127.0.0.1");
        snprintf (member.name, sizeof member.name, "m%u", (unsigned) id);
        view_add_member (view, &member);
    }
    buf_t encoded = BUF_INIT;
    view_encode (view, &encoded);
    inner_t message = { .kind = INNER_VIEW, .view = buf_bytes (&encoded) };
    if (!inner_send (item.socket, &frames.frames[0], &message))
        s_fail ("view");
    frames_close (&frames);
    buf_clear (&encoded);
    view_destroy (&view);
}

static void
s_close (end_t *self)
{
    actor_destroy (&self->actor, 0);
    stream_destroy (&self->stream);
    zsock_destroy (&self->beacon);
}

//  Waits for a message of the rebalancer. Returns true if it was a batch.
static bool
s_hear (end_t *self)
{
    bytes_t body = bytes_of (NULL, 0);
    bool granted;
    zmq_pollitem_t item = { zsock_resolve (stream_socket (self->stream)), 0, ZMQ_POLLIN, 0 };
    while (!stream_receive (self->stream, &body, &granted) && !s_shared->failed)
        zmq_poll (&item, 1, 100);
    return body.size > 0;
}

static void
s_channel_receiver (void)
{
    end_t end = { .beacon = NULL };
    s_open (&end, 2);
    zmsg_t *answer = actor_command (end.actor, "ENDPOINT", NULL);
    char *endpoint = zmsg_popstr (answer);
    uint32_t port = s_port_of (endpoint);
    s_publish (&end, port);
    s_shared->port = port;
    while (s_shared->taken < s_count && !s_shared->failed)
        if (s_hear (&end))
            s_took_one ();
    zstr_free (&endpoint);
    zmsg_destroy (&answer);
    s_close (&end);
}

static void
s_channel_sender (void)
{
    end_t end = { .beacon = NULL };
    s_open (&end, 1);
    s_publish (&end, s_await_port ());
    s_shared->began = s_now_ns ();
    for (uint64_t at = 0; at < s_count && !s_shared->failed; at++) {
        while ((at - s_shared->taken) * s_size > CREDIT && !s_shared->failed)
            s_pause ();
        while (stream_room (end.stream) == 0 && !s_shared->failed)
            s_hear (&end);
        buf_t body = BUF_INIT;
        if (!buf_grow (&body, s_size))
            s_fail ("memory");
        s_fill (body.data);
        body.size = s_size;
        stream_send (end.stream, 2, 0, &body);
    }
    while (s_shared->ended == 0 && !s_shared->failed) {
        s_pause ();
        if (end.status.dropped) {
            errno = EAGAIN;
            s_fail ("batches were dropped");
        }
    }
    s_close (&end);
}

//  ----------------------------------------------------------------------------------------------

static uint64_t
s_number (const char *text, uint64_t most)
{
    char *end;
    uint64_t number = strtoull (text, &end, 10);
    if (end == text || *end || number == 0 || number > most) {
        fprintf (stderr, "bench-stream: %s is not a number from 1 to %llu\n", text,
                 (unsigned long long) most);
        exit (2);
    }
    return number;
}

int
main (int argc, char **argv)
{
    bool bare = argc > 1 && strcmp (argv[1], "bare") == 0;
    if (!bare && (argc < 2 || strcmp (argv[1], "channel") != 0)) {
        fputs ("usage: bench-stream bare|channel [-s bytes of a message] [-n messages]\n", stderr);
        return 2;
    }
    optind = 2;
    int option;
    while ((option = getopt (argc, argv, "s:n:")) != -1) {
        if (option == 's')
            s_size = s_number (optarg, 1u << 29);
        else if (option == 'n')
            s_count = s_number (optarg, UINT32_MAX);
        else
            return 2;
    }
    s_shared = mmap (NULL, sizeof *s_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = s_shared == MAP_FAILED ? -1 : fork ();
    if (child < 0) {
        fprintf (stderr, "bench-stream: %s\n", strerror (errno));
        return 1;
    }
    zsys_handler_set (NULL);
    if (child == 0) {
        bare ? s_bare_receiver () : s_channel_receiver ();
        return 0;
    }
    bare ? s_bare_sender () : s_channel_sender ();
    waitpid (child, NULL, 0);
    if (s_shared->failed)
        return 1;
    double seconds = (double) (s_shared->ended - s_shared->began) / 1e9;
    printf ("{\"bytes_per_second\": %.0f, \"seconds\": %.4f, \"messages\": %llu}\n",
            (double) (s_count * s_size) / seconds, seconds, (unsigned long long) s_count);
    return 0;
}

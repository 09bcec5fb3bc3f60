//  fanout: what subscribers get in a second, from zgrid and from a bare XPUB.
//  SPDX-License-Identifier: MPL-2.0
//
//  bench-fanout bare [options]             an XPUB in this process
//  bench-fanout zgrid ENDPOINT [options]   a server's public endpoint; published with one DEALER
//
//  One thread publishes, one reads all subscribers' sockets. The publisher is never more than so many
//  messages ahead of the slowest subscriber, so that nothing is lost: lost messages end the program. Prints
//  one line of JSON.
#include <czmq.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "actors/frames.h"
#include "pubsub/message.h"
#include "pubsub/topic.h"
#include "wire.h"

#define CHANNEL "bench"
#define SUBSCRIBERS_MAX 1000
#define IN_FLIGHT 1024 // Requests without an answer

typedef struct {
    const char *endpoint; // NULL: bare
    size_t subscribers, messages, size, batch, ahead, warm;
} plan_t;

static plan_t s_plan;
static void *s_sockets[SUBSCRIBERS_MAX];
static _Atomic uint64_t s_slowest; // Messages that all subscribers have got
static _Atomic uint64_t s_warm_at; // When they had got the first ones

static void
s_fail (const char *what)
{
    fprintf (stderr, "bench-fanout: %s: %s\n", what, zmq_strerror (errno));
    exit (1);
}

static uint64_t
s_now_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static void
s_wait (size_t sent)
{
    while (sent > atomic_load (&s_slowest) + s_plan.ahead)
        sched_yield ();
}

//  ----------------------------------------------------------------------------------------------
//  Publishers

static void *
s_publish_bare (void *socket)
{
    uint8_t topic[TOPIC_SIZE_MAX];
    size_t topic_size = topic_write (TOPIC_CHANNEL, bytes_str (CHANNEL), topic);
    for (size_t sent = 0; sent < s_plan.warm + s_plan.messages; sent++) {
        zmq_msg_t message;
        s_wait (sent);
        zmq_msg_init_size (&message, s_plan.size);
        memset (zmq_msg_data (&message), 'm', s_plan.size);
        if (zmq_send (socket, topic, topic_size, ZMQ_SNDMORE) < 0 || zmq_msg_send (&message, socket, 0) < 0)
            s_fail ("send");
    }
    return NULL;
}

//  A body of so many PUBLISH.
static buf_t
s_body (size_t count)
{
    buf_t body = BUF_INIT;
    bytes_t channel = bytes_str (CHANNEL);
    uint8_t *text = calloc (1, s_plan.size);
    value_t value = value_bytes (bytes_of (text, s_plan.size));
    wire_begin (&body);
    for (size_t at = 1; at <= count; at++)
        wire_request (&body, at, OP_PUBLISH, bytes_of (NULL, 0), &channel, &value, NULL);
    free (text);
    return body;
}

static void *
s_publish_zgrid (void *socket)
{
    buf_t body = s_body (s_plan.batch);
    size_t answered = 0, sent = 0, total = s_plan.warm + s_plan.messages;
    while (answered < total) {
        char answer[1 << 16];
        while (sent < total && sent - answered < IN_FLIGHT
               && sent <= atomic_load (&s_slowest) + s_plan.ahead) {
            if (zmq_send (socket, body.data, body.size, 0) < 0)
                s_fail ("send");
            sent += s_plan.batch;
        }
        if (sent == answered) {
            sched_yield ();
            continue;
        }
        if (zmq_recv (socket, answer, sizeof answer, 0) < 0)
            s_fail ("answer");
        answered += s_plan.batch; // One body, one answer
    }
    buf_clear (&body);
    return NULL;
}

//  ----------------------------------------------------------------------------------------------
//  Subscribers

//  Messages in what a socket has; 0: nothing is there.
static size_t
s_take (void *socket, uint64_t *last)
{
    zmq_msg_t part;
    size_t count = 0;
    zmq_msg_init (&part);
    if (zmq_msg_recv (&part, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close (&part);
        return 0;
    }
    if (zmq_msg_recv (&part, socket, 0) < 0)
        s_fail ("receive");
    if (s_plan.endpoint) {
        mp_t reader;
        message_t message;
        bool broken;
        if (!message_open (bytes_of (zmq_msg_data (&part), zmq_msg_size (&part)), &reader))
            s_fail ("not a message");
        while (message_next (&reader, &message, &broken)) {
            if (*last && message.number != *last + 1)
                s_fail ("messages were lost");
            *last = message.number;
            count++;
        }
    } else
        count = 1;
    zmq_msg_close (&part);
    return count;
}

static void
s_read_all (void)
{
    static uint64_t got[SUBSCRIBERS_MAX], last[SUBSCRIBERS_MAX];
    zmq_pollitem_t *items = calloc (s_plan.subscribers, sizeof *items);
    uint64_t slowest = 0, total = s_plan.warm + s_plan.messages;
    for (size_t at = 0; at < s_plan.subscribers; at++)
        items[at] = (zmq_pollitem_t) { s_sockets[at], 0, ZMQ_POLLIN, 0 };
    while (slowest < total) {
        if (zmq_poll (items, (int) s_plan.subscribers, 20000) <= 0)
            s_fail ("nothing comes");
        for (size_t at = 0; at < s_plan.subscribers; at++)
            for (size_t left = 200, count; left && (count = s_take (s_sockets[at], &last[at])); left--)
                got[at] += count;
        slowest = got[0];
        for (size_t at = 1; at < s_plan.subscribers; at++)
            slowest = got[at] < slowest ? got[at] : slowest;
        if (slowest >= s_plan.warm && !atomic_load (&s_warm_at))
            atomic_store (&s_warm_at, s_now_ns ());
        atomic_store (&s_slowest, slowest);
    }
    free (items);
}

static void
s_connect_all (void *context, const char *endpoint)
{
    uint8_t topic[TOPIC_SIZE_MAX];
    size_t size = topic_write (TOPIC_CHANNEL, bytes_str (CHANNEL), topic);
    int unlimited = 0;
    for (size_t at = 0; at < s_plan.subscribers; at++) {
        s_sockets[at] = zmq_socket (context, ZMQ_SUB);
        zmq_setsockopt (s_sockets[at], ZMQ_RCVHWM, &unlimited, sizeof unlimited);
        zmq_setsockopt (s_sockets[at], ZMQ_SUBSCRIBE, topic, size);
        if (zmq_connect (s_sockets[at], endpoint) != 0)
            s_fail (endpoint);
    }
}

//  ----------------------------------------------------------------------------------------------
//  Both

static void *
s_begin_bare (void *context)
{
    void *socket = zmq_socket (context, ZMQ_XPUB);
    int on = 1, unlimited = 0;
    char endpoint[256];
    size_t size = sizeof endpoint;
    zmq_setsockopt (socket, ZMQ_XPUB_VERBOSER, &on, sizeof on);
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    if (zmq_bind (socket, "tcp://127.0.0.1:*") != 0
        || zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        s_fail ("bind");
    s_connect_all (context, endpoint);
    for (size_t at = 0; at < s_plan.subscribers; at++) {
        char topic[64];
        if (zmq_recv (socket, topic, sizeof topic, 0) < 0)
            s_fail ("subscriptions");
    }
    return socket;
}

//  Asks one thing. The reply's value is copied to `out`.
static void
s_ask (void *socket, op_t op, const value_t *value, buf_t *out)
{
    static frames_t frames;
    buf_t body = BUF_INIT;
    mp_t reader;
    reply_t reply;
    wire_begin (&body);
    wire_request (&body, 1, op, bytes_of (NULL, 0), NULL, value, NULL);
    zmq_send (socket, body.data, body.size, 0);
    zmq_pollitem_t item = { socket, 0, ZMQ_POLLIN, 0 };
    if (zmq_poll (&item, 1, 10000) <= 0 || !frames_receive (&frames, socket)
        || !wire_open (frames.frames[0], &reader) || wire_next_reply (&reader, &reply) != WIRE_RECORD)
        s_fail ("no answer");
    buf_reset (out);
    buf_add (out, reply.value.bytes.data, reply.value.bytes.size);
    frames_close (&frames);
    buf_clear (&body);
}

//  Where subscribers connect, as HELLO says.
static void
s_find (void *socket, char *endpoint, size_t room)
{
    buf_t hello = BUF_INIT;
    uint32_t pairs = 0;
    bytes_t name, value;
    s_ask (socket, OP_HELLO, NULL, &hello);
    mp_t reader = mp_of (buf_bytes (&hello));
    *endpoint = 0;
    for (mp_map (&reader, &pairs); pairs && mp_bytes (&reader, &name); pairs--) {
        mp_t before = reader;
        if (bytes_equal (name, bytes_str ("pubsub")) && mp_bytes (&before, &value))
            snprintf (endpoint, room, "%.*s", (int) value.size, (const char *) value.data);
        mp_skip (&reader);
    }
    if (!*endpoint)
        s_fail ("the server takes no subscribers");
    buf_clear (&hello);
}

static void *
s_begin_zgrid (void *context)
{
    char endpoint[256];
    uint64_t count = 0;
    buf_t names = BUF_INIT, answer = BUF_INIT;
    void *socket = zmq_socket (context, ZMQ_DEALER);
    if (zmq_connect (socket, s_plan.endpoint) != 0)
        s_fail (s_plan.endpoint);
    s_find (socket, endpoint, sizeof endpoint);
    s_connect_all (context, endpoint);
    wire_add_array (&names, 1);
    wire_add_bytes (&names, bytes_str (CHANNEL));
    value_t value = { .kind = VALUE_TREE, .bytes = buf_bytes (&names) };
    while (count != s_plan.subscribers) {
        uint32_t pairs;
        bytes_t name;
        s_ask (socket, OP_NUMSUB, &value, &answer);
        mp_t reader = mp_of (buf_bytes (&answer));
        if (!mp_array (&reader, &pairs) || !mp_bytes (&reader, &name) || !mp_uint (&reader, &count))
            s_fail ("NUMSUB");
    }
    buf_clear (&names);
    buf_clear (&answer);
    return socket;
}

static size_t
s_number (const char *text, size_t min, size_t max)
{
    char *end;
    unsigned long long number = strtoull (text, &end, 10);
    if (end == text || *end || number < min || number > max) {
        fprintf (stderr, "bench-fanout: %s is not a number from %zu to %zu\n", text, min, max);
        exit (2);
    }
    return (size_t) number;
}

static void
s_read_plan (int argc, char **argv)
{
    bool zgrid = argc > 2 && strcmp (argv[1], "zgrid") == 0;
    if (!zgrid && (argc < 2 || strcmp (argv[1], "bare") != 0)) {
        fputs ("usage: bench-fanout bare | zgrid ENDPOINT [-s subscribers] [-n messages] [-z bytes]\n"
               "                    [-b messages in a body] [-a messages ahead]\n",
               stderr);
        exit (2);
    }
    s_plan = (plan_t) { zgrid ? argv[2] : NULL, 1, 640000, 100, 64, 4096, 0 };
    optind = zgrid ? 3 : 2;
    int option;
    while ((option = getopt (argc, argv, "s:n:z:b:a:")) != -1)
        if (option == 's')
            s_plan.subscribers = s_number (optarg, 1, SUBSCRIBERS_MAX);
        else if (option == 'n')
            s_plan.messages = s_number (optarg, 1, 1000000000);
        else if (option == 'z')
            s_plan.size = s_number (optarg, 0, 65536);
        else if (option == 'b')
            s_plan.batch = s_number (optarg, 1, 1000);
        else if (option == 'a')
            s_plan.ahead = s_number (optarg, 1, 1000000);
        else
            exit (2);
    s_plan.messages = (s_plan.messages / s_plan.batch + 1) * s_plan.batch;
    s_plan.warm = s_plan.messages / 20 / s_plan.batch * s_plan.batch;
}

int
main (int argc, char **argv)
{
    pthread_t publisher;
    s_read_plan (argc, argv);
    void *context = zmq_ctx_new ();
    zmq_ctx_set (context, ZMQ_MAX_SOCKETS, SUBSCRIBERS_MAX + 10);
    void *socket = s_plan.endpoint ? s_begin_zgrid (context) : s_begin_bare (context);
    pthread_create (&publisher, NULL, s_plan.endpoint ? s_publish_zgrid : s_publish_bare, socket);
    s_read_all ();
    double seconds = (double) (s_now_ns () - atomic_load (&s_warm_at)) / 1e9;
    pthread_join (publisher, NULL);
    printf ("{\"messages_per_second\": %.0f, \"subscribers\": %zu, \"seconds\": %.4f}\n",
            (double) (s_plan.messages * s_plan.subscribers) / seconds, s_plan.subscribers, seconds);
    return 0; // Sockets and context end with the process
}

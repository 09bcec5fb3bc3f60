//  actor: see actor.h.
//
//  The control pipe carries a few messages in a lifetime: the verdict of the start, commands, STOP.
//  Data never travels on it (a full pipe would lose the $TERM that zactor_destroy sends).
//  SPDX-License-Identifier: MPL-2.0
#include "actor.h"

#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "handover.h"
#include "mem.h"
#include "touch.h"

#define S_MESSAGES_PER_TURN 64 // From one socket, before the others have their turn
#define S_WAIT_MAX 60000       // Milliseconds

struct actor {
    zactor_t *thread;
};

typedef struct {
    const actor_spec_t *spec;
    const void *args;
    actor_t *actor;
} s_start_t;

typedef struct {
    const actor_spec_t *spec;
    actor_t *actor; // Only its address: whatever the pipe carries is handed over under it
    zsock_t *pipe;
    void *state;
    int pipe_fd;
    zsock_t *sockets[ACTOR_SOCKETS_MAX];
    void *handles[ACTOR_SOCKETS_MAX]; // The same, for libzmq
    int fds[ACTOR_SOCKETS_MAX];       // Their descriptors
    size_t socket_count;
    int descriptor;                // Of the actor's own; -1: none
    bool ready[ACTOR_SOCKETS_MAX]; // May have something to read
    bool stopping;
    uint64_t stop_by; // Milliseconds of the boot clock
} s_run_t;

static uint64_t
s_clock (clockid_t which)
{
    struct timespec time;
    clock_gettime (which, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

moment_t
actor_moment (void)
{
    return (moment_t) { s_clock (CLOCK_BOOTTIME), s_clock (CLOCK_REALTIME) };
}

uint64_t
actor_boot (void)
{
    return s_clock (CLOCK_BOOTTIME);
}

uint64_t
actor_nanoseconds (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

//  ------------------------------------------------------------------------------------------------
//  On the actor's thread

//  Handles what the creator sent, if anything. STOP is answered when the actor has drained.
static void
s_read_pipe (s_run_t *self)
{
    while (!self->stopping && (zsock_events (self->pipe) & ZMQ_POLLIN)) {
        zmsg_t *message = zmsg_recv (self->pipe);
        handover_take (self->actor);
        char *name = message ? zmsg_popstr (message) : NULL;
        if (name && strcmp (name, "STOP") == 0) {
            char *drain = zmsg_popstr (message);
            self->stopping = true;
            self->stop_by = actor_moment ().now + (drain ? strtoull (drain, NULL, 10) : 0);
            zstr_free (&drain);
        } else if (name) {
            zmsg_t *reply = zmsg_new ();
            self->spec->command (self->state, name, message, reply);
            zmsg_addstr (reply, "done");
            handover_give (self->actor);
            zmsg_send (&reply, self->pipe);
        }
        zstr_free (&name);
        zmsg_destroy (&message);
    }
}

static bool
s_wants (const s_run_t *self, size_t which)
{
    return !self->spec->wants || self->spec->wants (self->state, which);
}

//  One round over the sockets that may have something. One that has shown itself empty is not asked
//  again before its descriptor says so: asking costs a system call.
static void
s_receive (s_run_t *self, const moment_t *moment)
{
    for (size_t which = 0; which < self->socket_count; which++)
        for (int count = 0; self->ready[which] && count < S_MESSAGES_PER_TURN && s_wants (self, which);
             count++)
            self->ready[which] = self->spec->receive (self->state, which, moment);
}

//  True if a round would find something to try.
static bool
s_may_receive (const s_run_t *self)
{
    for (size_t which = 0; which < self->socket_count; which++)
        if (self->ready[which] && s_wants (self, which))
            return true;
    return false;
}

//  Sockets were used after they had shown themselves empty: their descriptors may stay silent (touch.h), so
//  they are asked themselves.
static void
s_ask_sockets (s_run_t *self)
{
    for (size_t which = 0; which < self->socket_count; which++) {
        int events = 0;
        size_t size = sizeof events;
        zmq_getsockopt (self->handles[which], ZMQ_EVENTS, &events, &size);
        if (events & ZMQ_POLLIN)
            self->ready[which] = true;
    }
}

//  Waits until a socket may have something to read, or room again for what could not be sent. Not
//  zmq_poll: that goes on waiting when a peer has made room, because a ROUTER is always "writable".
static void
s_wait (s_run_t *self, uint64_t timeout)
{
    struct pollfd fds[ACTOR_SOCKETS_MAX + 2];
    for (size_t which = 0; which < self->socket_count; which++)
        fds[which] = (struct pollfd) { .fd = self->fds[which], .events = POLLIN };
    //  After STOP the pipe has nothing to say until $TERM
    fds[self->socket_count] = (struct pollfd) { .fd = self->stopping ? -1 : self->pipe_fd, .events = POLLIN };
    fds[self->socket_count + 1] = (struct pollfd) { .fd = self->descriptor, .events = POLLIN };
    poll (fds, self->socket_count + 2, timeout > S_WAIT_MAX ? S_WAIT_MAX : (int) timeout);
    for (size_t which = 0; which < self->socket_count; which++)
        if (fds[which].revents)
            self->ready[which] = true;
    if (fds[self->socket_count].revents)
        s_read_pipe (self);
}

static void
s_loop (s_run_t *self)
{
    memset (self->ready, true, sizeof self->ready);
    s_read_pipe (self);
    for (;;) {
        moment_t moment = actor_moment ();
        s_receive (self, &moment);
        uint64_t next = self->spec->turn (self->state, &moment);
        if (touch_taken ())
            s_ask_sockets (self);
        if (s_may_receive (self))
            continue;
        if (self->stopping) {
            if (moment.now >= self->stop_by || self->spec->drained (self->state, &moment))
                return;
            next = next < 5 ? next : 5;
        }
        s_wait (self, next);
    }
}

static void
s_verdict (zsock_t *pipe, bool running, const buf_t *why)
{
    zmsg_t *verdict = zmsg_new ();
    zmsg_addstr (verdict, running ? "running" : "failed");
    zmsg_addmem (verdict, why->data, why->size);
    zmsg_send (&verdict, pipe);
}

//  After STOPPED the creator destroys the zactor, which sends $TERM.
static void
s_await_end (zsock_t *pipe)
{
    for (;;) {
        char *word = zstr_recv (pipe);
        bool ends = word && strcmp (word, "$TERM") == 0;
        zstr_free (&word);
        if (ends)
            return;
    }
}

static void
s_look_up (s_run_t *self)
{
    self->pipe_fd = (int) zsock_fd (self->pipe);
    self->descriptor = self->spec->descriptor ? self->spec->descriptor (self->state) : -1;
    self->socket_count = self->spec->sockets (self->state, self->sockets);
    for (size_t which = 0; which < self->socket_count; which++) {
        self->handles[which] = zsock_resolve (self->sockets[which]);
        self->fds[which] = (int) zsock_fd (self->sockets[which]);
    }
}

static void
s_thread (zsock_t *pipe, void *args)
{
    const s_start_t *start = args;
    s_run_t self = { .spec = start->spec, .actor = start->actor, .pipe = pipe };
    buf_t why = BUF_INIT;
    //  Numbers are read and printed as in C, whatever the host's locale; only this thread is changed
    locale_t neutral = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
    locale_t before = uselocale (neutral);
    zsock_signal (pipe, 0);
    handover_take (self.actor);
    self.state = self.spec->create (start->args, &why);
    handover_give (self.actor);
    s_verdict (pipe, self.state != NULL, &why); // start is gone after this
    buf_clear (&why);
    if (self.state) {
        s_look_up (&self);
        s_loop (&self);
        self.spec->destroy (&self.state);
        handover_give (self.actor);
        zstr_send (pipe, "STOPPED");
    }
    s_await_end (pipe);
    uselocale (before);
    freelocale (neutral);
}

//  ------------------------------------------------------------------------------------------------
//  On the creator's thread

//  The thread inherits the mask: signals are the host's business, never an actor's.
static zactor_t *
s_start (s_start_t *start)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    zactor_t *thread = zactor_new (s_thread, start);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return thread;
}

//  Waits for a message on the pipe, whatever signals come meanwhile.
static zmsg_t *
s_answer (actor_t *self)
{
    zmsg_t *answer;
    do
        answer = zmsg_recv (self->thread);
    while (!answer && errno == EINTR);
    handover_take (self);
    return answer;
}

actor_t *
actor_new (const actor_spec_t *spec, const void *args, buf_t *why)
{
    actor_t *self = mem_alloc_zero (1, sizeof (actor_t));
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    s_start_t start = { spec, args, self };
    handover_give (self);
    self->thread = s_start (&start);
    zmsg_t *verdict = s_answer (self);
    char *word = verdict ? zmsg_popstr (verdict) : NULL;
    bool running = word && strcmp (word, "running") == 0;
    zframe_t *text = verdict ? zmsg_pop (verdict) : NULL;
    if (!running) {
        if (text)
            buf_add (why, zframe_data (text), zframe_size (text));
        zactor_destroy (&self->thread);
        mem_free (self);
        self = NULL;
    } else
        zsock_set_sndtimeo (zactor_sock (self->thread), -1);
    zframe_destroy (&text);
    zstr_free (&word);
    zmsg_destroy (&verdict);
    return self;
}

void
actor_destroy (actor_t **self_p, uint64_t drain_ms)
{
    actor_t *self = *self_p;
    if (!self)
        return;
    char drain[24];
    snprintf (drain, sizeof drain, "%llu", (unsigned long long) drain_ms);
    handover_give (self);
    while (zstr_sendx (self->thread, "STOP", drain, NULL) != 0 && errno == EINTR)
        ;
    zmsg_t *answer = s_answer (self);
    zmsg_destroy (&answer);
    zactor_destroy (&self->thread);
    mem_free (self);
    *self_p = NULL;
}

zmsg_t *
actor_command (actor_t *self, const char *name, zmsg_t **arguments_p)
{
    zmsg_t *message = arguments_p && *arguments_p ? *arguments_p : zmsg_new ();
    if (arguments_p)
        *arguments_p = NULL;
    zmsg_pushstr (message, name);
    handover_give (self);
    zmsg_send (&message, self->thread);
    return s_answer (self);
}

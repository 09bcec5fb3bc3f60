//  check_actor: no message lies unread because its signal was taken.
//  SPDX-License-Identifier: MPL-2.0
#include "actors/actor.h"

#include <sched.h>
#include <stdatomic.h>

#include "actors/frames.h"
#include "lib/test.h"

#define S_PATIENCE 20000

//  An actor that reads two sockets. To what comes from the first it answers through the second, once
//  something lies there.
typedef struct {
    zsock_t *sockets[2];
    frames_t frames;
} s_two_t;

static const char *const s_endpoints[] = { "inproc://check-actor-first", "inproc://check-actor-second" };
static atomic_bool s_at_it, s_lies_there;

static void
s_destroy (void **self_p)
{
    s_two_t *self = *self_p;
    frames_close (&self->frames);
    for (size_t at = 0; at < 2; at++)
        zsock_destroy (&self->sockets[at]);
    free (self);
    *self_p = NULL;
}

static void *
s_create (const void *args, buf_t *why)
{
    (void) args;
    (void) why;
    s_two_t *self = calloc (1, sizeof *self);
    ck_assert_ptr_nonnull (self);
    for (size_t at = 0; at < 2; at++) {
        self->sockets[at] = zsock_new (ZMQ_PAIR);
        ck_assert_int_eq (zmq_bind (zsock_resolve (self->sockets[at]), s_endpoints[at]), 0);
    }
    return self;
}

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    s_two_t *self = arg;
    memcpy (sockets, self->sockets, sizeof self->sockets);
    return 2;
}

//  Sends back what comes from the second socket, after a letter.
static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    s_two_t *self = arg;
    void *second = zsock_resolve (self->sockets[1]);
    (void) moment;
    frames_close (&self->frames);
    if (!frames_receive (&self->frames, zsock_resolve (self->sockets[which])))
        return false;
    atomic_store (&s_at_it, which == 0);
    while (which == 0 && !atomic_load (&s_lies_there))
        sched_yield ();
    const char *letter = which ? "b" : "a";
    frames_send (second, bytes_of (letter, 1), self->frames.frames[0], NULL, 0, NULL);
    return true;
}

static uint64_t
s_turn (void *arg, const moment_t *moment)
{
    (void) arg;
    (void) moment;
    return UINT64_MAX;
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    (void) arg;
    (void) moment;
    return true;
}

static const actor_spec_t s_spec = { .name = "two",
                                     .create = s_create,
                                     .destroy = s_destroy,
                                     .sockets = s_sockets,
                                     .receive = s_receive,
                                     .turn = s_turn,
                                     .drained = s_drained };

static void
s_hears (zsock_t *socket, const char *text)
{
    char *heard = zstr_recv (socket);
    ck_assert_msg (heard != NULL, "%s does not come", text);
    ck_assert_str_eq (heard, text);
    zstr_free (&heard);
}

//  To send through a socket lets it look at what is new: the descriptor is silent about it afterwards.
START_TEST (what_lies_in_a_socket_that_was_sent_through_is_read)
{
    buf_t why = BUF_INIT;
    actor_t *actor = actor_new (&s_spec, NULL, &why);
    zsock_t *first = zsock_new_pair (s_endpoints[0]), *second = zsock_new_pair (s_endpoints[1]);
    ck_assert (actor && first && second);
    zsock_set_rcvtimeo (second, S_PATIENCE);
    for (unsigned turn = 0; turn < 20; turn++) {
        atomic_store (&s_lies_there, false);
        zstr_send (first, "1");
        while (!atomic_load (&s_at_it))
            sched_yield ();
        zstr_send (second, "2");
        atomic_store (&s_lies_there, true);
        s_hears (second, "a1");
        s_hears (second, "b2");
    }
    actor_destroy (&actor, 1000);
    zsock_destroy (&first);
    zsock_destroy (&second);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("actor");
    TCase *all = tcase_create ("actor");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, what_lies_in_a_socket_that_was_sent_through_is_read);
    suite_add_tcase (suite, all);
    return suite;
}

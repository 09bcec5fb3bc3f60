//  zloop_host: the client inside a zloop that a program has already, beside its own timers.
//  Usage: zloop_host ENDPOINT
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <zgrid.h>

typedef struct {
    zgrid_client_t *client;
    int ticks, answers;
} s_state_t;

static void
s_on_stored (zgrid_future_t *future, void *arg)
{
    s_state_t *state = arg;
    int status = zgrid_future_entry (future)->status;
    if (status != ZGRID_OK)
        fprintf (stderr, "put: %s\n", zgrid_status_text (status));
    state->answers += status == ZGRID_OK;
    zgrid_future_destroy (&future);
}

//  The host's own work: every 5 milliseconds it stores something, and does not wait for it.
static int
s_on_tick (zloop_t *loop, int timer, void *arg)
{
    s_state_t *state = arg;
    char key[32];
    snprintf (key, sizeof key, "tick %d", ++state->ticks);
    zgrid_future_t *future = zgrid_client_put_future (state->client, "ticks", zgrid_str (key),
                                                      zgrid_str ("x"), NULL);
    if (!future)
        return -1;
    zgrid_future_then (future, s_on_stored, state);
    zgrid_client_process (state->client);
    if (state->ticks == 10)
        zloop_timer_end (loop, timer);
    return 0;
}

//  The client's descriptor, and a timer for what the descriptor does not tell: deadlines and retries.
static int
s_on_client (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    s_state_t *state = arg;
    zgrid_client_process (state->client);
    return state->answers == 10 ? -1 : 0; // -1 ends the loop
}

static int
s_on_timer (zloop_t *loop, int timer, void *arg)
{
    return s_on_client (loop, NULL, arg);
}

int
main (int argc, char *argv[])
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = argc > 1 ? argv[1] : "tcp://127.0.0.1:3320";
    s_state_t state = { .ticks = 0 };
    if (zgrid_client_new (&state.client, &options) != ZGRID_OK)
        return EXIT_FAILURE;
    zloop_t *loop = zloop_new ();
    zmq_pollitem_t item = { .fd = zgrid_client_fd (state.client), .events = ZMQ_POLLIN };
    zloop_poller (loop, &item, s_on_client, &state);
    zloop_timer (loop, 5, 0, s_on_tick, &state);
    zloop_timer (loop, 50, 0, s_on_timer, &state);
    zloop_start (loop);
    printf ("%d ticks, %d stored\n", state.ticks, state.answers);
    zloop_destroy (&loop);
    zgrid_client_destroy (&state.client);
    return state.answers == 10 ? EXIT_SUCCESS : EXIT_FAILURE;
}

//  event_loop: the client inside an event loop that is not ours, here epoll. Nothing blocks but
//  epoll_wait.
//  Usage: event_loop ENDPOINT
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zgrid.h>

#define COUNT 100

typedef struct {
    zgrid_client_t *client;
    int done;
    int64_t last; // The largest sum that came back
} s_state_t;

//  Called by zgrid_client_process, once for each future.
static void
s_on_sum (zgrid_future_t *future, void *arg)
{
    s_state_t *state = arg;
    const zgrid_entry_t *entry = zgrid_future_entry (future);
    if (entry->status != ZGRID_OK)
        fprintf (stderr, "incr: %s\n", zgrid_status_text (entry->status));
    else if (entry->integer > state->last)
        state->last = entry->integer;
    state->done++;
    zgrid_future_destroy (&future);
}

int
main (int argc, char *argv[])
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = argc > 1 ? argv[1] : "tcp://127.0.0.1:3320";
    s_state_t state = { .done = 0 };
    int status = zgrid_client_new (&state.client, &options);
    if (status != ZGRID_OK) {
        fprintf (stderr, "%s: %s\n", options.endpoints, zgrid_status_text (status));
        return EXIT_FAILURE;
    }
    for (int number = 0; number < COUNT; number++) {
        zgrid_future_t *future = zgrid_client_incr_future (state.client, "loops", zgrid_str ("epoll"), 2,
                                                           NULL);
        if (!future)
            return EXIT_FAILURE;
        zgrid_future_then (future, s_on_sum, &state);
    }

    int poller = epoll_create1 (EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    if (poller < 0 || epoll_ctl (poller, EPOLL_CTL_ADD, zgrid_client_fd (state.client), &event) < 0)
        return EXIT_FAILURE;
    //  First process, then wait: what has arrived before does not make the descriptor readable again
    zgrid_client_process (state.client);
    while (state.done < COUNT) {
        epoll_wait (poller, &event, 1, zgrid_client_timeout (state.client));
        zgrid_client_process (state.client);
    }
    close (poller);
    printf ("%d futures, sum %lld\n", state.done, (long long) state.last);
    zgrid_client_destroy (&state.client);
    return state.last == 2 * COUNT ? EXIT_SUCCESS : EXIT_FAILURE;
}

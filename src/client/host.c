//  host: the program that the library is in keeps its signals and its stdout.
//  SPDX-License-Identifier: MPL-2.0
#include <pthread.h>
#include <signal.h>

#include "client_impl.h"

static pthread_once_t s_once = PTHREAD_ONCE_INIT;

//  CZMQ takes SIGINT and SIGTERM at its first socket unless it is told not to; telling it resets
//  them, which may be the host's own doing by now.
static void
s_prepare (void)
{
    struct sigaction interrupt, terminate;
    sigaction (SIGINT, NULL, &interrupt);
    sigaction (SIGTERM, NULL, &terminate);
    zsys_handler_set (NULL);
    zsys_set_logstream (stderr); // CZMQ's own choice is stdout
    sigaction (SIGINT, &interrupt, NULL);
    sigaction (SIGTERM, &terminate, NULL);
}

void
client_prepare_host (void)
{
    pthread_once (&s_once, s_prepare);
}

//  lock: two workers share one job. Each takes the lock before it writes, and shows its token where it
//  writes; so the one that was paused for longer than its lease writes nothing over the other's work.
//  SPDX-License-Identifier: MPL-2.0
//
//      lock ENDPOINT
#include <stdio.h>
#include <stdlib.h>
#include <zgrid.h>

#define LEASE_MS 200
#define WAIT_MS 10000

static void
s_check (int status, const char *what)
{
    if (status == ZGRID_OK)
        return;
    fprintf (stderr, "%s: %s\n", what, zgrid_status_text (status));
    exit (EXIT_FAILURE);
}

static zgrid_client_t *
s_worker (const char *endpoint)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = endpoint;
    zgrid_client_t *client;
    s_check (zgrid_client_new (&client, &options), endpoint);
    return client;
}

//  Stands in line until the lock is free.
static uint64_t
s_lock (zgrid_client_t *worker)
{
    uint64_t token;
    s_check (zgrid_client_lock (worker, "jobs", zgrid_str ("report"), LEASE_MS, WAIT_MS, &token), "lock");
    return token;
}

static int
s_write (zgrid_client_t *worker, const char *text, uint64_t token)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.fence = token;
    return zgrid_client_put (worker, "jobs", zgrid_str ("report"), zgrid_str (text), &options, NULL);
}

int
main (int argc, char **argv)
{
    if (argc != 2)
        return EXIT_FAILURE;
    zgrid_client_t *slow = s_worker (argv[1]), *quick = s_worker (argv[1]);

    //  The slow one takes the lock, and is paused before it writes
    uint64_t early = s_lock (slow);
    uint64_t late = s_lock (quick); // When the lease has ended
    printf ("tokens grow: %s\n", late > early ? "yes" : "no");
    printf ("quick writes: %s\n", zgrid_status_text (s_write (quick, "done", late)));
    s_check (zgrid_client_unlock (quick, "jobs", zgrid_str ("report"), late), "unlock");

    printf ("slow writes: %s\n", zgrid_status_text (s_write (slow, "half done", early)));
    char *text;
    s_check (zgrid_client_get_str (quick, "jobs", "report", &text), "get");
    printf ("the report is %s\n", text);
    free (text);
    zgrid_client_destroy (&slow);
    zgrid_client_destroy (&quick);
    return EXIT_SUCCESS;
}

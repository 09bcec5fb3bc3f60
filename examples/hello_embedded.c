//  hello_embedded: a node inside this process. It listens nowhere; other processes cannot reach it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <zgrid.h>

static void
s_check (int status, const char *what)
{
    if (status == ZGRID_OK)
        return;
    fprintf (stderr, "%s: %s\n", what, zgrid_status_text (status));
    exit (EXIT_FAILURE);
}

int
main (void)
{
    zgrid_node_t *node = zgrid_node_new ();
    if (!node)
        return EXIT_FAILURE;
    s_check (zgrid_node_set (node, "storage.actors", "2"), "storage.actors");
    s_check (zgrid_node_set (node, "log.level", "warning"), "log.level"); // It logs to stderr
    s_check (zgrid_node_start (node), "start");

    zgrid_client_t *client;
    s_check (zgrid_node_client (node, &client), "client");
    s_check (zgrid_client_put_str (client, "greetings", "en", "hello"), "put");

    char *text;
    s_check (zgrid_client_get_str (client, "greetings", "en", &text), "get");
    printf ("en: %s\n", text);
    free (text);

    int status = zgrid_client_get_str (client, "greetings", "fr", &text);
    printf ("fr: %s\n", zgrid_status_text (status));
    free (text);

    int64_t visits = 0;
    for (int visit = 0; visit < 3; visit++)
        s_check (zgrid_client_incr (client, "counters", zgrid_str ("visits"), 1, NULL, &visits), "incr");
    printf ("visits: %lld\n", (long long) visits);

    zgrid_client_destroy (&client);
    zgrid_node_destroy (&node);
    return EXIT_SUCCESS;
}

//  publisher: publishes many messages without waiting for each, and says how many subscribers got them.
//  Usage: publisher ENDPOINT COUNT CHANNEL
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <zgrid.h>

#define BATCH 100

//  Publishes the messages from first to last - 1 in one go. Returns the sum of their receivers, or -1.
static long
s_publish (zgrid_client_t *client, const char *channel, long first, long last)
{
    zgrid_future_t *futures[BATCH];
    long sum = 0;
    for (long number = first; number < last; number++) {
        char text[32];
        snprintf (text, sizeof text, "message %ld", number);
        futures[number - first] = zgrid_client_publish_future (client, zgrid_str (channel), zgrid_str (text));
        if (!futures[number - first])
            exit (EXIT_FAILURE);
    }
    for (long number = first; number < last; number++) {
        zgrid_future_t *future = futures[number - first];
        zgrid_future_wait (future, 0);
        const zgrid_entry_t *entry = zgrid_future_entry (future);
        if (entry->status != ZGRID_OK)
            fprintf (stderr, "message %ld: %s\n", number, zgrid_status_text (entry->status));
        sum = entry->status == ZGRID_OK && sum >= 0 ? sum + (long) entry->integer : -1;
        zgrid_future_destroy (&future);
    }
    return sum;
}

int
main (int argc, char *argv[])
{
    if (argc != 4) {
        fprintf (stderr, "usage: publisher ENDPOINT COUNT CHANNEL\n");
        return 2;
    }
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = argv[1];
    zgrid_client_t *client;
    int status = zgrid_client_new (&client, &options);
    if (status != ZGRID_OK) {
        fprintf (stderr, "%s: %s\n", argv[1], zgrid_status_text (status));
        return EXIT_FAILURE;
    }
    long count = atol (argv[2]), sum = 0;
    for (long first = 0; first < count && sum >= 0; first += BATCH) {
        long part = s_publish (client, argv[3], first, first + BATCH < count ? first + BATCH : count);
        sum = part >= 0 ? sum + part : -1;
    }
    printf ("%ld published, %ld received\n", count, sum);
    zgrid_client_destroy (&client);
    return sum >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

//  subscriber: listens to channels and prints what comes.
//  Usage: subscriber ENDPOINT COUNT PATTERN...
//  Ends after COUNT messages.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zgrid.h>

int
main (int argc, char *argv[])
{
    if (argc < 4) {
        fprintf (stderr, "usage: subscriber ENDPOINT COUNT PATTERN...\n");
        return 2;
    }
    zgrid_topic_options_t options = ZGRID_TOPIC_OPTIONS_INIT;
    options.endpoints = argv[1];
    zgrid_topic_t *topic;
    int status = zgrid_topic_new (&topic, &options);
    if (status != ZGRID_OK) {
        fprintf (stderr, "%s: %s\n", argv[1], zgrid_status_text (status));
        return EXIT_FAILURE;
    }
    for (int at = 3; at < argc && status == ZGRID_OK; at++)
        status = zgrid_topic_subscribe_pattern (topic, zgrid_str (argv[at]));
    if (status == ZGRID_OK) {
        //  From here on nothing that is published anywhere is missed
        puts ("listening");
        fflush (stdout);
    }
    for (long left = atol (argv[2]); left > 0 && status == ZGRID_OK; left--) {
        zgrid_message_t message;
        status = zgrid_topic_receive (topic, &message, 20000);
        if (status != ZGRID_OK)
            break;
        if (message.lost || message.gap)
            printf ("%" PRIu64 " lost%s\n", message.lost, message.gap ? ", and perhaps more" : "");
        printf ("%.*s: %.*s\n", (int) message.channel.size, (const char *) message.channel.data,
                (int) message.message.size, (const char *) message.message.data);
    }
    if (status != ZGRID_OK)
        fprintf (stderr, "%s: %s\n", zgrid_status_text (status), zgrid_topic_error (topic));
    zgrid_topic_destroy (&topic);
    return status == ZGRID_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

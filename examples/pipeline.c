//  pipeline: many records in few messages, each sent straight to the storage actor that owns its key.
//  Usage: pipeline ENDPOINT
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zgrid.h>

#define COUNT 10000

static int
s_fill (zgrid_pipeline_t *pipeline, bool put)
{
    for (int number = 0; number < COUNT; number++) {
        char key[32], value[32];
        snprintf (key, sizeof key, "key %d", number);
        snprintf (value, sizeof value, "%d", number * 2);
        int index = put ? zgrid_pipeline_put (pipeline, "numbers", zgrid_str (key), zgrid_str (value), NULL)
                        : zgrid_pipeline_get (pipeline, "numbers", zgrid_str (key), NULL);
        if (index < 0)
            return ZGRID_NOMEM;
    }
    return zgrid_pipeline_execute (pipeline, 0);
}

int
main (int argc, char *argv[])
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = argc > 1 ? argv[1] : "tcp://127.0.0.1:3320";
    zgrid_client_t *client;
    int status = zgrid_client_new (&client, &options);
    if (status != ZGRID_OK) {
        fprintf (stderr, "%s: %s\n", options.endpoints, zgrid_status_text (status));
        return EXIT_FAILURE;
    }
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (client);
    if (!pipeline)
        return EXIT_FAILURE;

    status = s_fill (pipeline, true);
    printf ("put %zu: %s\n", zgrid_pipeline_count (pipeline), zgrid_status_text (status));

    zgrid_pipeline_reset (pipeline);
    status = s_fill (pipeline, false);
    long sum = 0;
    for (size_t index = 0; index < zgrid_pipeline_count (pipeline); index++) {
        //  An entry's value is not a string: it has a size and no zero byte at its end
        const zgrid_entry_t *entry = zgrid_pipeline_entry (pipeline, index);
        char text[32] = "";
        if (entry->status == ZGRID_OK && entry->value.size < sizeof text)
            memcpy (text, entry->value.data, entry->value.size);
        sum += atol (text);
    }
    printf ("get %zu: %s, sum %ld\n", zgrid_pipeline_count (pipeline), zgrid_status_text (status), sum);

    zgrid_pipeline_destroy (&pipeline);
    zgrid_client_destroy (&client);
    return status == ZGRID_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

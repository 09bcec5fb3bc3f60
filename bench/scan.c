//  scan: how many keys a second an iterator tells.
//
//      bench-scan -s ENDPOINT [-m MAP] [-k PARALLEL] [-p PAGE] [-g GLOB] [-x REGEX] [-v]
//
//  Walks over the map once, -v: with values, and prints one line of JSON.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zgrid.h>

static double
s_seconds (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static int
s_walk (zgrid_client_t *client, const char *map, const zgrid_iterator_options_t *options)
{
    double began = s_seconds ();
    zgrid_iterator_t *iterator = zgrid_iterator_open (client, map, options);
    uint64_t keys = 0, bytes = 0;
    zgrid_bytes_t key, value;
    int status = ZGRID_NOMEM;
    while (iterator && (status = zgrid_iterator_next (iterator, &key, &value)) == ZGRID_OK) {
        keys++;
        bytes += key.size + value.size;
    }
    zgrid_iterator_destroy (&iterator);
    double seconds = s_seconds () - began;
    if (status != ZGRID_NOTFOUND) {
        fprintf (stderr, "bench-scan: %s\n", zgrid_client_error (client));
        return 1;
    }
    printf ("{\"keys\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"keys_per_second\":%.0f}\n", keys,
            bytes, seconds, (double) keys / seconds);
    return 0;
}

int
main (int argc, char **argv)
{
    zgrid_client_options_t settings = ZGRID_CLIENT_OPTIONS_INIT;
    zgrid_iterator_options_t options = ZGRID_ITERATOR_OPTIONS_INIT;
    const char *map = "bench";
    for (int letter; (letter = getopt (argc, argv, "s:m:k:p:g:x:v")) != -1;)
        switch (letter) {
            case 's':
                settings.endpoints = optarg;
                break;
            case 'm':
                map = optarg;
                break;
            case 'k':
                options.parallel = (uint32_t) strtoul (optarg, NULL, 10);
                break;
            case 'p':
                options.page = (uint32_t) strtoul (optarg, NULL, 10);
                break;
            case 'g':
                options.match = optarg;
                break;
            case 'x':
                options.regex = optarg;
                break;
            case 'v':
                options.with_values = true;
                break;
            default:
                return 2;
        }
    zgrid_client_t *client;
    int status = zgrid_client_new (&client, &settings);
    if (status != ZGRID_OK) {
        fprintf (stderr, "bench-scan: %s\n", zgrid_status_text (status));
        return 1;
    }
    int code = s_walk (client, map, &options);
    zgrid_client_destroy (&client);
    return code;
}

//  zgrid-events: what happens in the cluster, as each of its members tells it, or to the keys of a map, until
//  the process is ended.
//  SPDX-License-Identifier: MPL-2.0
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "zgrid-cluster.h"
#include "zgrid-fleet.h"
#include "zgrid-progress.h"

#define LOOK_EVERY 2.0 // Seconds: who is a member, and does each still know that somebody listens
#define WAIT_MS 200

//  What stands in front of the line already.
static bool
s_is_head (const char *name)
{
    return strcmp (name, "event") == 0 || strcmp (name, "at") == 0 || strcmp (name, "node") == 0;
}

static void
s_print (json_t *event)
{
    char when[40] = "";
    json_int_t at = cluster_number (event, "at");
    time_t seconds = (time_t) (at / 1000);
    struct tm parts;
    const char *name;
    json_t *value;
    if (gmtime_r (&seconds, &parts))
        strftime (when, sizeof when, "%Y-%m-%dT%H:%M:%S", &parts);
    printf ("%s.%03dZ  ", when, (int) (at % 1000));
    tool_print_escaped (zgrid_str (cluster_text (event, "node")));
    printf ("  ");
    tool_print_escaped (zgrid_str (cluster_text (event, "event")));
    json_object_foreach (event, name, value)
    {
        if (s_is_head (name) || json_is_null (value))
            continue;
        printf ("  ");
        tool_print_escaped (zgrid_str (name));
        putchar ('=');
        if (json_is_string (value))
            tool_print_escaped ((zgrid_bytes_t) { json_string_value (value), json_string_length (value) });
        else if (!json_is_integer (value))
            printf ("%s", json_is_true (value) ? "yes" : "");
        else
            printf ("%lld", (long long) json_integer_value (value));
    }
    putchar ('\n');
}

static void
s_on_event (void *arg, zgrid_bytes_t json, uint64_t version)
{
    const tool_t *tool = arg;
    json_t *event = json_loadb (json.data, json.size, JSON_ALLOW_NUL, NULL);
    (void) version;
    if (!json_is_object (event))
        fprintf (stderr, "zgrid: an event that cannot be read\n");
    else if (tool->json)
        tool_print_json (json_incref (event));
    else
        s_print (event);
    json_decref (event);
}

static void
s_listen (void *arg, zgrid_client_t *client)
{
    zgrid_client_on_event (client, s_on_event, arg);
}

//  A member that was started anew does not know who listens: all are told again.
static int
s_look (tool_t *self, fleet_t *fleet)
{
    int status;
    json_t *tree = cluster_ask_for (self->client, self->map, "moves", &status);
    if (!tree)
        return status;
    fleet_follow (fleet, tree);
    json_decref (tree);
    for (size_t at = 0; at < fleet->count; at++)
        if (fleet->ships[at].client)
            s_listen (self, fleet->ships[at].client);
    return ZGRID_OK;
}

static void
s_receive (fleet_t *fleet)
{
    struct pollfd fds[FLEET_MAX];
    nfds_t count = 0;
    int wait = WAIT_MS;
    for (size_t at = 0; at < fleet->count; at++) {
        zgrid_client_t *client = fleet->ships[at].client;
        if (!client)
            continue;
        zgrid_client_process (client);
        int soon = zgrid_client_timeout (client);
        wait = soon >= 0 && soon < wait ? soon : wait;
        fds[count++] = (struct pollfd) { .fd = zgrid_client_fd (client), .events = POLLIN };
    }
    poll (fds, count, wait);
}

//  ------------------------------------------------------------------------------------------------
//  Events of keys

//  Until there were enough of them, the time is over, or stdout is gone.
static int
s_print_keys (tool_t *self, zgrid_topic_t *topic)
{
    double until = progress_now () + (double) self->wait_ms / 1000;
    for (uint64_t count = 0; (!self->count || count < self->count) && !ferror (stdout); count++) {
        double left = (until - progress_now ()) * 1000;
        int wait = !self->wait_ms ? -1 : left > 0 ? (int) left + 1 : 0;
        zgrid_message_t message;
        int status = zgrid_topic_receive (topic, &message, wait);
        if (status == ZGRID_TIMEOUT)
            return self->count ? EXIT_UNREACHABLE : EXIT_DONE;
        if (status != ZGRID_OK)
            return tool_fail (self, status, zgrid_topic_error (topic));
        if (message.lost || message.gap)
            fprintf (stderr, "zgrid: events were lost here\n");
        s_on_event (self, message.message, 0);
    }
    return ferror (stdout) ? EXIT_PARTLY : EXIT_DONE;
}

static int
s_key_events (tool_t *self)
{
    char channel[300];
    zgrid_topic_options_t options = ZGRID_TOPIC_OPTIONS_INIT;
    options.endpoints = self->endpoint;
    options.timeout_ms = self->timeout_ms;
    zgrid_topic_t *topic;
    snprintf (channel, sizeof channel, "zgrid.events.%s", self->map);
    int status = zgrid_topic_new (&topic, &options);
    if (status != ZGRID_OK)
        return tool_fail (self, status, NULL);
    status = zgrid_topic_subscribe (topic, zgrid_str (channel));
    if (status == ZGRID_OK)
        fprintf (stderr, "zgrid: listening at %s\n", zgrid_topic_server (topic));
    int code = status == ZGRID_OK ? s_print_keys (self, topic)
                                  : tool_fail (self, status, zgrid_topic_error (topic));
    zgrid_topic_destroy (&topic);
    return code;
}

//  ------------------------------------------------------------------------------------------------

int
command_events (tool_t *self)
{
    if (self->map_named) {
        setvbuf (stdout, NULL, _IOLBF, BUFSIZ);
        return s_key_events (self);
    }
    if (self->wait_ms || self->count)
        return tool_complain (self, "--wait and --count belong to events --map");
    fleet_t fleet = { .opened = s_listen, .arg = self };
    double look_at = 0;
    setvbuf (stdout, NULL, _IOLBF, BUFSIZ);
    while (!ferror (stdout)) {
        if (progress_now () >= look_at) {
            int status = s_look (self, &fleet);
            if (status != ZGRID_OK && (fleet.count == 0 || tool_exit_code (status) != EXIT_UNREACHABLE)) {
                fleet_end (&fleet);
                return tool_fail (self, status, zgrid_client_error (self->client));
            }
            look_at = progress_now () + LOOK_EVERY;
        }
        s_receive (&fleet);
    }
    fleet_end (&fleet);
    return EXIT_PARTLY;
}

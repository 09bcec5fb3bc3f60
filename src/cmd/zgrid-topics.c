//  zgrid-topics: publish, subscribe, and who listens to what.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zgrid-progress.h"
#include "zgrid-tool.h"

static int
s_fail (const tool_t *self, int status)
{
    return tool_fail (self, status, zgrid_client_error (self->client));
}

//  ------------------------------------------------------------------------------------------------
//  publish

static int
s_publish (const tool_t *self, zgrid_bytes_t message, uint64_t *receivers)
{
    uint64_t given;
    int status = zgrid_client_publish (self->client, zgrid_str (self->operands[0]), message, &given);
    *receivers += given;
    return status;
}

//  Each line of stdin is a message.
static int
s_publish_lines (const tool_t *self, uint64_t *messages, uint64_t *receivers)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    int status = ZGRID_OK;
    while (status == ZGRID_OK && (size = getline (&line, &room, stdin)) >= 0) {
        size_t length = (size_t) size - (size && line[size - 1] == '\n');
        status = s_publish (self, (zgrid_bytes_t) { line, length }, receivers);
        *messages += status == ZGRID_OK;
    }
    free (line);
    return status;
}

int
command_publish (tool_t *self)
{
    uint64_t messages = 0, receivers = 0;
    int status;
    if (self->operand_count > 1) {
        zgrid_bytes_t message;
        char *own;
        if (!tool_value (self, self->operands[1], &message, &own))
            return EXIT_USAGE;
        status = s_publish (self, message, &receivers);
        messages = status == ZGRID_OK;
        free (own);
    } else
        status = s_publish_lines (self, &messages, &receivers);
    if (status != ZGRID_OK) {
        int code = s_fail (self, status);
        return messages ? EXIT_PARTLY : code;
    }
    if (self->json)
        return tool_print_json (
            json_pack ("{s:I, s:I}", "messages", (json_int_t) messages, "receivers", (json_int_t) receivers));
    printf ("%" PRIu64 "\n", receivers);
    return EXIT_DONE;
}

//  ------------------------------------------------------------------------------------------------
//  subscribe

//  Losses go with the message that was the first to come after them.
static int
s_print_json (const zgrid_message_t *message)
{
    json_t *object = json_object ();
    bool good = object && json_set_bytes (object, "channel", message->channel)
                && (!message->pattern.data || json_set_bytes (object, "pattern", message->pattern))
                && json_set_bytes (object, "message", message->message)
                && (!message->lost
                    || json_object_set_new (object, "lost", json_integer ((json_int_t) message->lost)) == 0)
                && (!message->gap || json_object_set_new (object, "gap", json_true ()) == 0);
    if (good)
        return tool_print_json (object);
    json_decref (object);
    return EXIT_PARTLY;
}

static int
s_print_text (const zgrid_message_t *message)
{
    if (message->lost)
        fprintf (stderr, "zgrid: %" PRIu64 " messages were lost here\n", message->lost);
    if (message->gap)
        fputs ("zgrid: messages may have been lost here, while it went to another server\n", stderr);
    tool_print_escaped (message->channel);
    putchar ('\t');
    tool_print_escaped (message->message);
    return putchar ('\n') == EOF ? EXIT_PARTLY : EXIT_DONE;
}

static int
s_subscribe (const tool_t *self, zgrid_topic_t *topic)
{
    for (int at = 0; at < self->operand_count; at++) {
        zgrid_bytes_t name = zgrid_str (self->operands[at]);
        int status = self->pattern ? zgrid_topic_subscribe_pattern (topic, name)
                                   : zgrid_topic_subscribe (topic, name);
        if (status != ZGRID_OK)
            return tool_fail (self, status, zgrid_topic_error (topic));
    }
    fprintf (stderr, "zgrid: listening at %s\n", zgrid_topic_server (topic));
    return EXIT_DONE;
}

//  Until there were enough of them, the time is over, or stdout is gone.
static int
s_print_messages (const tool_t *self, zgrid_topic_t *topic)
{
    double until = progress_now () + (double) self->wait_ms / 1000;
    uint64_t count = 0;
    int code = EXIT_DONE;
    while (code == EXIT_DONE && (!self->count || count < self->count)) {
        double left = (until - progress_now ()) * 1000;
        int wait = !self->wait_ms ? -1 : left > 0 ? (int) left + 1 : 0;
        zgrid_message_t message;
        int status = zgrid_topic_receive (topic, &message, wait);
        if (status == ZGRID_TIMEOUT)
            return self->count ? EXIT_UNREACHABLE : EXIT_DONE;
        if (status != ZGRID_OK)
            return tool_fail (self, status, zgrid_topic_error (topic));
        code = self->json ? s_print_json (&message) : s_print_text (&message);
        count++;
        if (fflush (stdout) != 0)
            code = EXIT_PARTLY;
    }
    return code;
}

int
command_subscribe (tool_t *self)
{
    zgrid_topic_options_t options = ZGRID_TOPIC_OPTIONS_INIT;
    options.endpoints = self->endpoint;
    options.timeout_ms = self->timeout_ms;
    zgrid_topic_t *topic;
    int status = zgrid_topic_new (&topic, &options);
    if (status != ZGRID_OK)
        return tool_fail (self, status, NULL);
    int code = s_subscribe (self, topic);
    if (code == EXIT_DONE)
        code = s_print_messages (self, topic);
    zgrid_topic_destroy (&topic);
    return code;
}

//  ------------------------------------------------------------------------------------------------
//  Who listens

int
command_channels (tool_t *self)
{
    const char *match = self->operand_count ? self->operands[0] : NULL;
    const zgrid_bytes_t *channels;
    size_t count;
    int status = zgrid_client_channels (self->client, match, &channels, &count);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    for (size_t at = 0; at < count; at++) {
        if (self->json) {
            json_t *object = json_object ();
            if (!object || !json_set_bytes (object, "channel", channels[at])) {
                json_decref (object);
                return tool_fail (self, ZGRID_NOMEM, NULL);
            }
            tool_print_json (object);
        } else {
            tool_print_escaped (channels[at]);
            putchar ('\n');
        }
    }
    return EXIT_DONE;
}

int
command_numsub (tool_t *self)
{
    size_t count = (size_t) self->operand_count;
    zgrid_bytes_t *channels = calloc (count, sizeof *channels);
    uint64_t *counts = calloc (count, sizeof *counts);
    int status = channels && counts ? ZGRID_OK : ZGRID_NOMEM;
    for (size_t at = 0; status == ZGRID_OK && at < count; at++)
        channels[at] = zgrid_str (self->operands[at]);
    if (status == ZGRID_OK)
        status = zgrid_client_numsub (self->client, channels, count, counts);
    for (size_t at = 0; status == ZGRID_OK && at < count; at++) {
        if (self->json)
            tool_print_json (json_pack ("{s:s, s:I}", "channel", self->operands[at], "subscribers",
                                        (json_int_t) counts[at]));
        else {
            tool_print_escaped (channels[at]);
            printf ("\t%" PRIu64 "\n", counts[at]);
        }
    }
    free (channels);
    free (counts);
    return status == ZGRID_OK ? EXIT_DONE : s_fail (self, status);
}

int
command_numpat (tool_t *self)
{
    uint64_t patterns;
    int status = zgrid_client_numpat (self->client, &patterns);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    if (self->json)
        return tool_print_json (json_pack ("{s:I}", "patterns", (json_int_t) patterns));
    printf ("%" PRIu64 "\n", patterns);
    return EXIT_DONE;
}

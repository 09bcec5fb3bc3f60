//  zgrid-moves: the commands that move partitions, and wait for that: drain, rebalance; and status --watch.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zgrid-cluster.h"
#include "zgrid-progress.h"
#include "zgrid-watch.h"

#define SETTLE 5.0 // Seconds after which the server that is asked knows what the coordinator decided

//  Whether it is over, and how: an exit code; -1: not yet. `why` becomes what to say then.
typedef int (judge_fn) (void *arg, json_t *tree, watch_sample_t *sample, char *why, size_t room);

//  What is asked, and what for.
typedef struct {
    tool_t *tool;
    judge_fn *judge;
    void *arg;
} wait_t;

static int
s_say (const tool_t *self, int code, const char *text)
{
    if (!self->json)
        fprintf (code == EXIT_DONE ? stdout : stderr, code == EXIT_DONE ? "%s\n" : "zgrid: %s\n", text);
    else if (code != EXIT_DONE) {
        json_t *error = json_pack ("{s:s, s:s}", "error", text, "status",
                                   code == EXIT_UNREACHABLE ? "TIMEOUT" : "UNAVAILABLE");
        json_dumpf (error, stderr, JSON_COMPACT);
        fputc ('\n', stderr);
        json_decref (error);
    }
    return code;
}

//  Shows how far it is until judge says that it is over, or the time is. A server that does not answer
//  is asked again: who waits has time.
static int
s_wait (wait_t *self, FILE *out)
{
    tool_t *tool = self->tool;
    watch_t watch;
    char why[512] = "";
    int code = -1, shown = EXIT_DONE;
    double until = progress_now () + (double) tool->wait_ms / 1000;
    watch_begin (&watch, tool, out);
    while (code < 0 && shown == EXIT_DONE) {
        int status;
        json_t *tree = cluster_ask_for (tool->client, tool->map, "moves", &status);
        if (tree) {
            watch_sample_t sample = watch_sample (&watch, tree);
            code = self->judge (self->arg, tree, &sample, why, sizeof why);
            if (code < 0 && tool->wait_ms && progress_now () >= until) {
                code = EXIT_UNREACHABLE;
                snprintf (why, sizeof why, "not done within %" PRIu64 " ms; it goes on", tool->wait_ms);
            }
            shown = watch_show (&watch, &sample, code >= 0);
        } else if (tool_exit_code (status) != EXIT_UNREACHABLE
                   || (tool->wait_ms && progress_now () >= until)) {
            watch_end (&watch);
            return tool_fail (tool, status, zgrid_client_error (tool->client));
        }
        json_decref (tree);
        if (code < 0)
            watch_pause (&watch);
    }
    watch_end (&watch);
    return shown == EXIT_DONE ? s_say (tool, code, why) : shown;
}

//  ----------------------------------------------------------------------------------------------
//  drain

typedef struct {
    const char *name; // Of the member, or its id
    char id[20];      // "": nobody of that name has been seen
    bool leaving;     // It was seen so
    double since;
    int64_t total;
} drain_t;

//  True if somebody can take over what a member holds.
static bool
s_has_heir (json_t *tree, const char *id)
{
    size_t index;
    json_t *member;
    json_array_foreach (json_object_get (tree, "members"), index, member)
    {
        if (strcmp (cluster_text (member, "id"), id) && !cluster_flag (member, "witness")
            && strcmp (cluster_text (member, "status"), "UP") == 0)
            return true;
    }
    return false;
}

//  The member that the coordinator takes: by name the one that is UP, if several are called so; or by id.
static json_t *
s_find (json_t *tree, const char *name)
{
    size_t index;
    json_t *member, *found = NULL;
    json_array_foreach (json_object_get (tree, "members"), index, member)
    {
        bool named = strcmp (cluster_text (member, "name"), name) == 0;
        bool up = strcmp (cluster_text (member, "status"), "UP") == 0;
        if ((named && (up || !found)) || (!found && strcmp (cluster_text (member, "id"), name) == 0))
            found = member;
    }
    return found;
}

//  From then on it is known by its id: another one may come in under the same name.
static json_t *
s_follow (drain_t *self, json_t *tree)
{
    json_t *member = s_find (tree, *self->id ? self->id : self->name);
    if (member && !*self->id)
        snprintf (self->id, sizeof self->id, "%s", cluster_text (member, "id"));
    return member;
}

static int
s_judge_drain (void *arg, json_t *tree, watch_sample_t *sample, char *why, size_t room)
{
    drain_t *self = arg;
    json_t *member = s_follow (self, tree);
    const char *status = cluster_text (member, "status");
    int64_t left = cluster_number (member, "primaries") + cluster_number (member, "copies")
                   + cluster_flag (member, "voter");
    self->total = left > self->total ? left : self->total;
    *sample = (watch_sample_t) {
        .total = self->total, .left = left, .active = sample->active, .streamed = sample->streamed
    };
    if (!member) {
        snprintf (why, room, "%s has left", self->name);
        return EXIT_DONE;
    }
    if (strcmp (status, "LEAVING") == 0) {
        self->leaving = true;
        if (left == 0) {
            snprintf (why, room, "%s holds nothing any more, and can be stopped", self->name);
            return EXIT_DONE;
        }
        if (s_has_heir (tree, self->id))
            return -1;
        snprintf (why, room, "nobody can take over what %s holds", self->name);
        return EXIT_NO;
    }
    if (!self->leaving && progress_now () - self->since < SETTLE)
        return -1;
    snprintf (why, room, "%s is not leaving: it is %s", self->name, status);
    return EXIT_NO;
}

int
command_drain (tool_t *self)
{
    zgrid_entry_t entry;
    drain_t drain = { .name = self->operands[0], .since = progress_now () };
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code);
    if (!tree)
        return code;
    bool stays = s_follow (&drain, tree) && !s_has_heir (tree, drain.id);
    json_decref (tree);
    if (stays)
        return s_say (self, EXIT_NO, "nobody else could take over what it holds");
    const char *words[] = { "drain", drain.name };
    if (self->no_wait)
        return cluster_carry_out (self, words, 2);
    int status = cluster_order (self, words, 2, &entry);
    if (status != ZGRID_OK)
        return cluster_refused (self, status, &entry);
    wait_t wait = { self, s_judge_drain, &drain };
    return s_wait (&wait, stderr);
}

//  ----------------------------------------------------------------------------------------------
//  rebalance

static json_t *
s_plan_row (json_t *row)
{
    return json_pack ("{s:O?, s:O?, s:O?, s:O?}", "partition", json_array_get (row, 0), "kind",
                      json_array_get (row, 1), "from", json_array_get (row, 2), "to",
                      json_array_get (row, 3));
}

static const char *
s_text_of (json_t *row, size_t index)
{
    const char *text = json_string_value (json_array_get (row, index));
    return text && *text ? text : "-";
}

//  What there is to move, without moving it.
static int
s_dry_run (tool_t *self)
{
    int status, code = EXIT_DONE;
    json_t *tree = cluster_ask_for (self->client, self->map, "plan", &status), *row;
    if (!tree)
        return tool_fail (self, status, zgrid_client_error (self->client));
    json_t *plan = json_object_get (tree, "plan");
    size_t index;
    if (!json_is_array (plan)) {
        json_decref (tree);
        return tool_fail (self, ZGRID_WRONGTYPE, "the answer has no plan");
    }
    if (!self->json)
        puts ("PARTITION  KIND     FROM -> TO");
    json_array_foreach (plan, index, row)
    {
        if (self->json && (code = tool_print_json (s_plan_row (row))) != EXIT_DONE)
            break;
        if (self->json)
            continue;
        printf ("%9lld  ", (long long) json_integer_value (json_array_get (row, 0)));
        cluster_column (s_text_of (row, 1), 7);
        tool_print_escaped (zgrid_str (s_text_of (row, 2)));
        printf (" -> ");
        tool_print_escaped (zgrid_str (s_text_of (row, 3)));
        putchar ('\n');
    }
    if (!self->json)
        printf ("%zu moves\n", json_array_size (plan));
    json_decref (tree);
    return code;
}

typedef struct {
    int64_t version; // Of the view when it was begun
    double since;
} rebalance_t;

static int
s_judge_rebalance (void *arg, json_t *tree, watch_sample_t *sample, char *why, size_t room)
{
    rebalance_t *self = arg;
    bool settled = progress_now () - self->since >= SETTLE
                   || cluster_number (tree, "version") > self->version;
    if (sample->left || cluster_number (cluster_health (tree), "moving"))
        self->since = 0; // It was seen to have something to do
    else if (sample->total == 0 && (settled || self->since <= 0)) {
        snprintf (why, room, "balanced");
        return EXIT_DONE;
    }
    return -1;
}

//  One order; the answer's text becomes a number if it is one. Returns an exit code.
static int
s_order (tool_t *self, const char *word, const char *value, int64_t *number)
{
    const char *words[] = { "rebalance", word, value };
    zgrid_entry_t entry;
    int status = cluster_order (self, words, word ? value ? 3 : 2 : 1, &entry);
    if (status != ZGRID_OK)
        return cluster_refused (self, status, &entry);
    char text[32];
    snprintf (text, sizeof text, "%.*s", (int) (entry.value.size < 31 ? entry.value.size : 31),
              (const char *) entry.value.data);
    if (!tool_integer (text, 0, INT64_MAX, number))
        *number = 0;
    return EXIT_DONE;
}

int
command_rebalance (tool_t *self)
{
    int64_t number = 0;
    bool orders = self->rate || self->pause || self->resume;
    if (self->dry_run && (orders || self->no_wait || self->wait_ms))
        return tool_complain (self, "--dry-run changes nothing, and waits for nothing");
    if (self->pause && self->resume)
        return tool_complain (self, "--pause and --resume contradict each other");
    if (self->rate && !tool_integer (self->rate, 0, INT64_MAX, &number))
        return tool_complain (self, "--rate takes bytes a second, 0: no limit, not %s", self->rate);
    if (self->dry_run)
        return s_dry_run (self);
    rebalance_t rebalance = { .since = progress_now () };
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code);
    if (!tree)
        return code;
    rebalance.version = cluster_number (tree, "version");
    bool paused = cluster_flag (json_object_get (tree, "moves"), "paused");
    json_decref (tree);
    if (self->rate)
        code = s_order (self, "rate", self->rate, &number);
    if (code == EXIT_DONE && (self->pause || self->resume))
        code = s_order (self, self->pause ? "pause" : "resume", NULL, &number);
    if (code != EXIT_DONE)
        return code;
    if (paused && !self->pause && !self->resume)
        return s_say (self, EXIT_NO, "rebalancing is paused; say --resume");
    number = 0;
    if (!self->pause)
        code = s_order (self, NULL, NULL, &number);
    if (code != EXIT_DONE)
        return code;
    if (self->pause || self->no_wait) {
        if (self->json)
            return tool_print_json (json_pack ("{s:s, s:I}", "status", "OK", "moves", (json_int_t) number));
        if (!self->pause)
            printf ("%" PRId64 " moves\n", number);
        return EXIT_DONE;
    }
    wait_t wait = { self, s_judge_rebalance, &rebalance };
    return s_wait (&wait, stderr);
}

//  ----------------------------------------------------------------------------------------------
//  status --watch

static int
s_judge_never (void *arg, json_t *tree, watch_sample_t *sample, char *why, size_t room)
{
    (void) arg;
    (void) tree;
    (void) sample;
    (void) why;
    (void) room;
    return -1;
}

int
moves_watch (tool_t *self)
{
    wait_t wait = { self, s_judge_never, NULL };
    return s_wait (&wait, stdout);
}

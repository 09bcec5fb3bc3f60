//  zgrid-cluster: how the cluster stands, for people and scripts: members, partitions, owner, status.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slot.h"
#include "zgrid-watch.h"

json_t *
cluster_ask_for (zgrid_client_t *client, const char *map, const char *part, int *status)
{
    zgrid_entry_t entry;
    zgrid_bytes_t value = zgrid_str (part ? part : "");
    *status = zgrid_client_call (client, "CLUSTER", map, NULL, part ? &value : NULL, NULL, &entry);
    json_t *tree = *status == ZGRID_OK && entry.has_value ? tree_to_json (entry.value) : NULL;
    if (json_is_object (tree) || *status != ZGRID_OK)
        return tree;
    json_decref (tree);
    *status = ZGRID_WRONGTYPE;
    return NULL;
}

json_t *
cluster_ask (tool_t *self, int *code)
{
    int status;
    json_t *tree = cluster_ask_for (self->client, self->map, NULL, &status);
    if (!tree)
        *code = tool_fail (self, status,
                           status == ZGRID_WRONGTYPE ? "the answer to CLUSTER is not a map"
                                                     : zgrid_client_error (self->client));
    return tree;
}

json_t *
cluster_health (json_t *tree)
{
    return json_object_get (tree, "health");
}

json_int_t
cluster_number (json_t *map, const char *name)
{
    return json_integer_value (json_object_get (map, name));
}

bool
cluster_flag (json_t *map, const char *name)
{
    return json_is_true (json_object_get (map, name));
}

const char *
cluster_text (json_t *map, const char *name)
{
    const char *text = json_string_value (json_object_get (map, name));
    return text && *text ? text : "-";
}

void
cluster_column (const char *text, size_t width)
{
    tool_print_escaped (zgrid_str (text));
    printf ("%*s  ", (int) (strlen (text) < width ? width - strlen (text) : 0), "");
}

//  Prints the strings of an array with blanks between them; "-" if there are none.
static void
s_print_names (json_t *names)
{
    size_t index;
    json_t *name;
    json_array_foreach (names, index, name)
    {
        const char *text = json_string_value (name);
        printf ("%s", index ? " " : "");
        tool_print_escaped (zgrid_str (text ? text : "?"));
    }
    if (json_array_size (names) == 0)
        putchar ('-');
}

//  True if a member of that name is there with that status.
static bool
s_has_status (json_t *tree, const char *name, const char *status)
{
    size_t index;
    json_t *member;
    json_array_foreach (json_object_get (tree, "members"), index,
                        member) if (strcmp (cluster_text (member, "name"), name) == 0
                                    && strcmp (cluster_text (member, "status"), status) == 0) return true;
    return false;
}

//  Width of a column of members
static size_t
s_width (json_t *members, const char *name, size_t least)
{
    size_t index, width = least;
    json_t *member;
    json_array_foreach (members, index, member)
    {
        size_t size = strlen (cluster_text (member, name));
        width = size > width ? size : width;
    }
    return width;
}

int
command_members (tool_t *self)
{
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code), *member;
    if (!tree)
        return code;
    json_t *members = json_object_get (tree, "members");
    if (self->json) {
        code = tool_print_json (json_incref (members));
        json_decref (tree);
        return code;
    }
    size_t names = s_width (members, "name", 4), zones = s_width (members, "zone", 4), index;
    size_t routers = s_width (members, "router", 6), redis = s_width (members, "redis", 0);
    redis = redis < 2 ? 0 : redis < 5 ? 5 : redis; // "-" everywhere: no member lets Redis clients in
    cluster_column ("NAME", names);
    printf ("STATUS   ROLE     ");
    cluster_column ("ZONE", zones);
    cluster_column ("ROUTER", routers);
    if (redis)
        cluster_column ("REDIS", redis);
    puts ("PRIMARIES  COPIES  ID");
    json_array_foreach (members, index, member)
    {
        cluster_column (cluster_text (member, "name"), names);
        cluster_column (cluster_text (member, "status"), 7);
        cluster_column (cluster_flag (member, "witness") ? "witness"
                        : cluster_flag (member, "voter") ? "voter"
                                                         : "-",
                        7);
        cluster_column (cluster_text (member, "zone"), zones);
        cluster_column (cluster_text (member, "router"), routers);
        if (redis)
            cluster_column (cluster_text (member, "redis"), redis);
        printf ("%9lld  %6lld  ", (long long) cluster_number (member, "primaries"),
                (long long) cluster_number (member, "copies"));
        tool_print_escaped (zgrid_str (cluster_text (member, "id")));
        putchar ('\n');
    }
    json_decref (tree);
    return EXIT_DONE;
}

//  What is wrong with a row of the table, or "ok".
static const char *
s_row_state (json_t *tree, json_t *row)
{
    json_t *reps = json_array_get (row, 3), *name;
    size_t index, alive = 0;
    json_array_foreach (reps, index, name)
    {
        const char *text = json_string_value (name);
        alive += text && (s_has_status (tree, text, "UP") || s_has_status (tree, text, "LEAVING"));
    }
    if (alive == 0)
        return "lost";
    json_int_t wanted = cluster_number (tree, "copies_now"), copies = (json_int_t) json_array_size (reps);
    if (copies < wanted)
        return "short";
    return json_is_string (json_array_get (row, 4)) || copies > wanted ? "moving" : "ok";
}

static json_t *
s_row_json (json_t *tree, json_t *row)
{
    return json_pack ("{s:O?, s:O?, s:O?, s:O?, s:O?, s:s}", "partition", json_array_get (row, 0), "epoch",
                      json_array_get (row, 1), "primary", json_array_get (row, 2), "copies",
                      json_array_get (row, 3), "learner", json_array_get (row, 4), "state",
                      s_row_state (tree, row));
}

static const char *
s_name_or_none (json_t *name)
{
    const char *text = json_string_value (name);
    return text && *text ? text : "-";
}

static void
s_print_row (json_t *tree, json_t *row, size_t names)
{
    printf ("%9lld  %5lld  ", (long long) json_integer_value (json_array_get (row, 0)),
            (long long) json_integer_value (json_array_get (row, 1)));
    cluster_column (s_row_state (tree, row), 6);
    cluster_column (s_name_or_none (json_array_get (row, 2)), names);
    cluster_column (s_name_or_none (json_array_get (row, 4)), names);
    s_print_names (json_array_get (row, 3));
    putchar ('\n');
}

//  The row of a partition, NULL if there is none.
static json_t *
s_row_of (json_t *tree, json_int_t partition)
{
    size_t index;
    json_t *row;
    json_array_foreach (json_object_get (tree, "table"), index,
                        row) if (json_is_array (row)
                                 && json_integer_value (json_array_get (row, 0)) == partition) return row;
    return NULL;
}

int
command_partitions (tool_t *self)
{
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code), *row;
    if (!tree)
        return code;
    json_t *table = json_object_get (tree, "table"), *list = self->json ? json_array () : NULL;
    size_t names = s_width (json_object_get (tree, "members"), "name", 7), index;
    if (!self->json) {
        printf ("PARTITION  EPOCH  STATE   ");
        cluster_column ("PRIMARY", names);
        cluster_column ("LEARNER", names);
        puts ("COPIES");
    }
    json_array_foreach (table, index, row)
    {
        if (list)
            json_array_append_new (list, s_row_json (tree, row));
        else
            s_print_row (tree, row, names);
    }
    if (self->json)
        code = tool_print_json (list);
    json_decref (tree);
    return code;
}

int
command_owner (tool_t *self)
{
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code);
    if (!tree)
        return code;
    json_int_t partitions = cluster_number (tree, "partitions");
    json_t *row = NULL;
    if (partitions >= 1 && partitions <= (json_int_t) SLOT_COUNT) {
        bytes_t key = { (const uint8_t *) self->operands[0], strlen (self->operands[0]) };
        row = s_row_of (tree, (json_int_t) slot_partition (slot_of_key (key), (uint32_t) partitions));
    }
    if (!row) {
        json_decref (tree);
        return tool_fail (self, ZGRID_WRONGTYPE, "the answer has no row for the key's partition");
    }
    const char *state = s_row_state (tree, row);
    if (self->json)
        code = tool_print_json (s_row_json (tree, row));
    else {
        tool_print_escaped (zgrid_str (s_name_or_none (json_array_get (row, 2))));
        printf (": partition %lld, epoch %lld, %s, copies: ",
                (long long) json_integer_value (json_array_get (row, 0)),
                (long long) json_integer_value (json_array_get (row, 1)), state);
        s_print_names (json_array_get (row, 3));
        putchar ('\n');
    }
    if (code == EXIT_DONE && strcmp (state, "lost") == 0)
        code = EXIT_NO;
    json_decref (tree);
    return code;
}

//  How many members have that status.
static size_t
s_count (json_t *tree, const char *status)
{
    size_t index, count = 0;
    json_t *member;
    json_array_foreach (json_object_get (tree, "members"), index, member)
        count += strcmp (cluster_text (member, "status"), status) == 0;
    return count;
}

//  "moves        none", or how many of them are left.
static void
s_print_moves (json_t *moves)
{
    json_int_t left = cluster_number (moves, "left"), total = cluster_number (moves, "total");
    char size[32];
    total = total > left ? total : left;
    watch_size ((double) cluster_number (moves, "rate"), size, sizeof size);
    if (left)
        printf ("moves        %lld of %lld left", (long long) left, (long long) total);
    else
        printf ("moves        none left");
    if (cluster_number (moves, "rate"))
        printf (", at most %s/s for each member", size);
    puts (cluster_flag (moves, "paused") ? ", paused" : "");
}

static void
s_print_status (json_t *tree)
{
    json_t *health = cluster_health (tree);
    printf ("cluster      ");
    tool_print_escaped (zgrid_str (cluster_text (tree, "cluster")));
    printf (", this node: ");
    tool_print_escaped (zgrid_str (cluster_text (tree, "state")));
    printf ("\nview         version %lld, voters' configuration %lld, era %lld\n",
            (long long) cluster_number (tree, "version"), (long long) cluster_number (tree, "cfg"),
            (long long) cluster_number (tree, "era"));
    printf ("coordinator  ");
    tool_print_escaped (zgrid_str (cluster_text (tree, "coordinator")));
    printf ("\nvoters       ");
    s_print_names (json_object_get (tree, "voters"));
    if (cluster_flag (health, "swapping")) {
        printf (", becoming ");
        s_print_names (json_object_get (tree, "voters_new"));
    }
    printf ("\nmembers      %zu up, %zu suspect, %zu leaving\n", s_count (tree, "UP"),
            s_count (tree, "SUSPECT"), s_count (tree, "LEAVING"));
    printf ("copies       %lld of each partition, %lld wanted\n",
            (long long) cluster_number (tree, "copies_now"), (long long) cluster_number (tree, "copies"));
    printf ("partitions   %lld: %lld under-replicated, %lld lost, %lld moving\n",
            (long long) cluster_number (tree, "partitions"),
            (long long) cluster_number (health, "under_replicated"),
            (long long) cluster_number (health, "lost"), (long long) cluster_number (health, "moving"));
    s_print_moves (json_object_get (tree, "moves"));
    printf ("ready        %s\nsafe         %s\n", cluster_flag (tree, "ready") ? "yes" : "no",
            cluster_flag (tree, "safe") ? "yes" : "no");
}

int
command_status (tool_t *self)
{
    int code = EXIT_DONE;
    if (self->wait_ms && !self->watch)
        return tool_complain (self, "--wait belongs to status --watch");
    if (self->watch)
        return moves_watch (self);
    json_t *tree = cluster_ask (self, &code);
    if (!tree)
        return code;
    if (self->json) {
        //  The long lists have commands of their own
        json_object_del (tree, "table");
        return tool_print_json (tree);
    }
    s_print_status (tree);
    json_decref (tree);
    return EXIT_DONE;
}

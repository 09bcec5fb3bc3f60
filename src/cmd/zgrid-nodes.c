//  zgrid-nodes: the commands that ask the node that answers: ping, routes.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zgrid-tool.h"

#define NOBODY 0xffff // Owner of a partition that has none

static double
s_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

int
command_ping (tool_t *self)
{
    zgrid_bytes_t value = zgrid_str ("ping");
    zgrid_entry_t entry;
    double start = s_now_ms ();
    int status = zgrid_client_call (self->client, "PING", self->map, NULL, &value, NULL, &entry);
    double took = s_now_ms () - start;
    if (status != ZGRID_OK)
        return tool_fail (self, status, zgrid_client_error (self->client));
    if (!entry.has_value || entry.value.size != value.size
        || memcmp (entry.value.data, value.data, value.size))
        return tool_fail (self, ZGRID_WRONGTYPE, "PING answered something else than it was sent");
    if (self->json)
        return tool_print_json (json_pack ("{s:s, s:f}", "endpoint", self->endpoint, "ms", took));
    printf ("%s answered in %.3f ms\n", self->endpoint, took);
    return EXIT_DONE;
}

//  Asks for a tree. NULL, and said why, if there is none; *code is then the exit code.
static json_t *
s_ask (tool_t *self, const char *operation, int *code)
{
    zgrid_entry_t entry;
    int status = zgrid_client_call (self->client, operation, self->map, NULL, NULL, NULL, &entry);
    if (status != ZGRID_OK) {
        *code = tool_fail (self, status, zgrid_client_error (self->client));
        return NULL;
    }
    json_t *tree = entry.has_value ? tree_to_json (entry.value) : NULL;
    if (!json_is_object (tree)) {
        json_decref (tree);
        *code = tool_fail (self, ZGRID_WRONGTYPE, "the answer is not a map");
        return NULL;
    }
    return tree;
}

//  The table travels as two bytes for each partition; here it becomes an array of indexes into
//  endpoints, null for nobody. NULL if it is not such a table.
static json_t *
s_owners (json_t *tree)
{
    const char *text = json_string_value (json_object_get (json_object_get (tree, "owners"), "base64"));
    size_t size = 0;
    unsigned char *table = text ? base64_decode (text, strlen (text), &size) : NULL;
    json_t *owners = table && size % 2 == 0 ? json_array () : NULL;
    for (size_t at = 0; owners && at < size; at += 2) {
        unsigned owner = (unsigned) table[at] << 8 | table[at + 1];
        json_array_append_new (owners, owner == NOBODY ? json_null () : json_integer (owner));
    }
    free (table);
    return owners;
}

static void
s_print_routes (json_t *tree, json_t *owners)
{
    size_t partitions = json_array_size (owners);
    printf ("epoch       %lld\n", (long long) json_integer_value (json_object_get (tree, "epoch")));
    printf ("partitions  %zu\n", partitions);
    json_t *endpoints = json_object_get (tree, "endpoints"), *endpoint;
    size_t index, at, owned = 0;
    json_array_foreach (endpoints, index, endpoint)
    {
        size_t count = 0;
        json_t *owner;
        json_array_foreach (owners, at, owner)
            count += json_is_integer (owner) && json_integer_value (owner) == (json_int_t) index;
        const char *text = json_string_value (endpoint);
        printf ("%-5zu  ", count);
        tool_print_escaped (zgrid_str (text ? text : "?"));
        putchar ('\n');
        owned += count;
    }
    if (owned < partitions)
        printf ("%-5zu  nobody\n", partitions - owned);
}

int
command_routes (tool_t *self)
{
    int code = EXIT_DONE;
    json_t *tree = s_ask (self, "ROUTES", &code);
    if (!tree)
        return code;
    json_t *owners = s_owners (tree);
    if (!owners) {
        json_decref (tree);
        return tool_fail (self, ZGRID_WRONGTYPE, "the answer has no table of owners");
    }
    json_object_set_new (tree, "owners", owners);
    if (self->json)
        return tool_print_json (tree);
    s_print_routes (tree, owners);
    json_decref (tree);
    return EXIT_DONE;
}

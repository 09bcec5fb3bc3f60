//  zgrid-check: questions about the cluster with yes or no for an answer: check, ready, safe.
//  SPDX-License-Identifier: MPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zgrid-cluster.h"

#define TEXT_MAX 512

__attribute__ ((format (printf, 2, 3))) static void
s_find (json_t *findings, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    //  A name that was cut within a character is no text
    json_t *string = json_string (text);
    json_array_append_new (findings, string ? string : json_string ("(not text)"));
}

static void
s_find_members (json_t *findings, json_t *tree)
{
    size_t index;
    json_t *member;
    json_array_foreach (json_object_get (tree, "members"), index, member)
    {
        const char *name = cluster_text (member, "name"), *status = cluster_text (member, "status");
        if (strcmp (status, "SUSPECT") == 0)
            s_find (findings, "member %s has not been heard%s", name,
                    cluster_flag (member, "voter") ? ", and it is a voter" : "");
        else if (strcmp (status, "LEAVING") == 0)
            s_find (findings, "member %s is leaving", name);
    }
}

//  Everything that is not as it should be, as sentences. NULL without memory.
static json_t *
s_findings (json_t *tree)
{
    json_t *findings = json_array (), *health = cluster_health (tree);
    if (!findings)
        return NULL;
    if (!json_is_object (health))
        s_find (findings, "the answer does not say how healthy the cluster is");
    if (!json_is_string (json_object_get (tree, "coordinator")))
        s_find (findings, "no coordinator is known here: nothing heals, and leases end, until there is one");
    s_find_members (findings, tree);
    json_int_t lost = cluster_number (health, "lost"), count = cluster_number (health, "under_replicated");
    if (lost)
        s_find (findings, "%lld partitions have lost every copy in sync and refuse service",
                (long long) lost);
    if (count)
        s_find (findings, "%lld partitions have fewer copies than %lld", (long long) count,
                (long long) cluster_number (tree, "copies_now"));
    count = cluster_number (health, "moving");
    if (count)
        s_find (findings, "%lld partitions are being copied or moved", (long long) count);
    if (cluster_number (tree, "copies_now") < cluster_number (tree, "copies"))
        s_find (findings, "%lld copies are wanted, and members are there for %lld",
                (long long) cluster_number (tree, "copies"), (long long) cluster_number (tree, "copies_now"));
    if (cluster_flag (health, "swapping"))
        s_find (findings, "voters are being changed");
    if (!cluster_flag (tree, "ready"))
        s_find (findings, "the node that answered does not serve");
    return findings;
}

int
command_check (tool_t *self)
{
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code), *finding;
    if (!tree)
        return code;
    json_t *findings = s_findings (tree);
    json_decref (tree);
    if (!findings)
        return tool_fail (self, ZGRID_NOMEM, NULL);
    bool healthy = json_array_size (findings) == 0;
    if (self->json) {
        code = tool_print_json (json_pack ("{s:b, s:O}", "healthy", healthy, "findings", findings));
    } else {
        size_t index;
        json_array_foreach (findings, index, finding)
        {
            tool_print_escaped (zgrid_str (json_string_value (finding)));
            putchar ('\n');
        }
        if (healthy)
            puts ("healthy");
    }
    json_decref (findings);
    return code == EXIT_DONE && !healthy ? EXIT_NO : code;
}

static int
s_question (tool_t *self, const char *name)
{
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code);
    if (!tree)
        return code;
    bool yes = cluster_flag (tree, name);
    json_decref (tree);
    if (self->json)
        code = tool_print_json (json_pack ("{s:b}", name, yes));
    else
        puts (yes ? "yes" : "no");
    return code == EXIT_DONE && !yes ? EXIT_NO : code;
}

int
command_ready (tool_t *self)
{
    return s_question (self, "ready");
}

int
command_safe (tool_t *self)
{
    return s_question (self, "safe");
}

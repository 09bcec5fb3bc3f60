//  do_server: what is asked of the server that is neither INFO (do_info.c) nor CONFIG (do_config.c).
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster_note.h"
#include "do.h"
#include "gateway_impl.h"
#include "help.h"
#include "info.h"
#include "words.h"

static void
s_ok (call_t *call)
{
    say_status (call_say (call), "OK");
    call_done (call);
}

static void
s_int (call_t *call, int64_t number)
{
    say_int (call_say (call), number);
    call_done (call);
}

void
do_time (call_t *call)
{
    char text[24];
    uint64_t wall = (uint64_t) call_moment (call).wall;
    say_array (call_say (call), 2);
    snprintf (text, sizeof text, "%llu", (unsigned long long) wall / 1000);
    say_text (call_say (call), text);
    snprintf (text, sizeof text, "%llu", (unsigned long long) wall % 1000 * 1000);
    say_text (call_say (call), text);
    call_done (call);
}

//  Nothing is ever saved: since the start.
void
do_lastsave (call_t *call)
{
    s_int (call, (int64_t) (call_gateway (call)->config.started / 1000));
}

//  Copies are told of by CLUSTER, by partition; to a client each member is a master.
void
do_role (call_t *call)
{
    say_array (call_say (call), 3);
    say_text (call_say (call), "master");
    say_int (call_say (call), 0);
    say_array (call_say (call), 0);
    call_done (call);
}

void
do_lolwut (call_t *call)
{
    say_verbatim (call_say (call), "txt", bytes_str ("Redis ver. " INFO_VERSION "\n"));
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  The cluster's marks on a connection

//  Reads of what this member has copies of are answered here, by way of the owner: never stale.
void
do_readonly (call_t *call)
{
    cluster_noted (call);
    call_talk (call)->readonly = true;
    s_ok (call);
}

void
do_readwrite (call_t *call)
{
    cluster_noted (call);
    call_talk (call)->readonly = false;
    s_ok (call);
}

//  Slots never are in two places for clients: there is nothing to ask for.
void
do_asking (call_t *call)
{
    cluster_noted (call);
    s_ok (call);
}

//  ------------------------------------------------------------------------------------------------
//  SLOWLOG: requests that took long are told by STATS slow, with `zgrid stats slow`

void
do_slowlog_get (call_t *call)
{
    int64_t count = 10;
    if (call_count (call) > 3)
        help_fail (call, "SLOWLOG");
    else if (call_count (call) == 3 && (!word_int (call_arg (call, 2), &count) || count < -1))
        call_fail (call, "ERR count should be greater than or equal to -1");
    else {
        say_array (call_say (call), 0);
        call_done (call);
    }
}

void
do_slowlog_len (call_t *call)
{
    s_int (call, 0);
}

void
do_slowlog_reset (call_t *call)
{
    s_ok (call);
}

void
do_slowlog_help (call_t *call)
{
    static const char *const lines[] = { "GET [<count>]", "    Always empty: zgrid stats slow tells.",
                                         "LEN",           "    Always 0.",
                                         "RESET",         "    Does nothing." };
    help_say (call, "SLOWLOG", lines, sizeof lines / sizeof lines[0]);
}

//  ------------------------------------------------------------------------------------------------
//  LATENCY: times are in the statistics of the grid, by operation

void
do_latency_latest (call_t *call)
{
    say_array (call_say (call), 0);
    call_done (call);
}

void
do_latency_history (call_t *call)
{
    say_array (call_say (call), 0);
    call_done (call);
}

void
do_latency_reset (call_t *call)
{
    s_int (call, 0);
}

void
do_latency_histogram (call_t *call)
{
    say_map (call_say (call), 0);
    call_done (call);
}

void
do_latency_graph (call_t *call)
{
    help_fail_word (call, "ERR No samples available for event '", call_arg (call, 2), "'");
}

void
do_latency_doctor (call_t *call)
{
    say_verbatim (call_say (call), "txt",
                  bytes_str ("Latency is not monitored here; zgrid stats tells the times of operations.\n"));
    call_done (call);
}

void
do_latency_help (call_t *call)
{
    static const char *const lines[] = { "DOCTOR",
                                         "    Say where times are told.",
                                         "GRAPH <event>",
                                         "    There are no samples.",
                                         "HISTORY <event>",
                                         "    Always empty.",
                                         "LATEST",
                                         "    Always empty.",
                                         "RESET [<event> ...]",
                                         "    Does nothing.",
                                         "HISTOGRAM [<command> ...]",
                                         "    Always empty." };
    help_say (call, "LATENCY", lines, sizeof lines / sizeof lines[0]);
}

//  ------------------------------------------------------------------------------------------------
//  ACL, MODULE: what clients look at

void
do_acl_whoami (call_t *call)
{
    say_text (call_say (call), "default");
    call_done (call);
}

void
do_acl_users (call_t *call)
{
    say_array (call_say (call), 1);
    say_text (call_say (call), "default");
    call_done (call);
}

void
do_module_list (call_t *call)
{
    say_array (call_say (call), 0);
    call_done (call);
}

//  do_cluster: CLUSTER SLOTS, SHARDS, NODES and the like: the cluster as Redis's cluster clients want to
//  know it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "../mem.h"
#include "../slot.h"
#include "cluster_note.h"
#include "do.h"
#include "gateway_impl.h"
#include "help.h"
#include "slots.h"

//  The runs of all slots, in their order.
typedef struct {
    slots_t *runs;
    uint32_t count;
} s_runs_t;

//  False: without memory, and the call was answered.
static bool
s_collect (call_t *call, s_runs_t *all)
{
    const gateway_t *gateway = call_gateway (call);
    const view_t *view = gateway->view;
    slots_t run = { .last = SLOT_COUNT - 1, .master = gateway->config.node };
    uint32_t partition = 0, count = view ? 0 : 1;
    while (view && slots_next (view, gateway->config.node, &partition, &run))
        count++;
    *all = (s_runs_t) { mem_alloc_zero (count + 1, sizeof *all->runs), 0 };
    if (!all->runs) {
        call_fail (call, "ERR out of memory");
        return false;
    }
    if (!view) // This node has all of them
        all->runs[all->count++] = run;
    for (partition = 0; view && slots_next (view, gateway->config.node, &partition, &run);)
        all->runs[all->count++] = run;
    return true;
}

static int
s_compare (const void *one, const void *other)
{
    const slots_t *a = one, *b = other;
    if (a->master != b->master)
        return a->master < b->master ? -1 : 1;
    return a->first < b->first ? -1 : 1;
}

//  Those of one master behind each other.
static void
s_sort (s_runs_t *all)
{
    qsort (all->runs, all->count, sizeof *all->runs, s_compare);
}

//  ------------------------------------------------------------------------------------------------
//  SLOTS

static void
s_say_node (call_t *call, node_id_t node)
{
    const gateway_t *gateway = call_gateway (call);
    say_t say = call_say (call);
    char id[SLOTS_ID_SIZE + 1];
    cluster_place_t place;
    cluster_place (call, gateway->view ? view_member (gateway->view, node) : NULL, &place);
    slots_id (node, id);
    say_array (say, 4);
    say_text (say, place.host);
    say_int (say, place.port);
    say_text (say, id);
    say_map (say, 0);
}

void
do_cluster_slots (call_t *call)
{
    s_runs_t all;
    cluster_noted (call);
    if (!s_collect (call, &all))
        return;
    say_array (call_say (call), all.count);
    for (uint32_t at = 0; at < all.count; at++) {
        const slots_t *run = &all.runs[at];
        say_array (call_say (call), 3 + run->count);
        say_int (call_say (call), run->first);
        say_int (call_say (call), run->last);
        s_say_node (call, run->master);
        for (uint32_t replica = 0; replica < run->count; replica++)
            s_say_node (call, run->replicas[replica]);
    }
    mem_free (all.runs);
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  SHARDS

static void
s_say_shard_node (call_t *call, node_id_t node, bool replica)
{
    const gateway_t *gateway = call_gateway (call);
    const member_t *member = gateway->view ? view_member (gateway->view, node) : NULL;
    say_t say = call_say (call);
    char id[SLOTS_ID_SIZE + 1];
    cluster_place_t place;
    cluster_place (call, member, &place);
    slots_id (node, id);
    say_map (say, 7);
    say_text (say, "id");
    say_text (say, id);
    say_text (say, "port");
    say_int (say, place.port);
    say_text (say, "ip");
    say_text (say, place.host);
    say_text (say, "endpoint");
    say_text (say, place.host);
    say_text (say, "role");
    say_text (say, replica ? "replica" : "master");
    say_text (say, "replication-offset");
    say_int (say, 0);
    say_text (say, "health");
    say_text (say, member && member->status == MEMBER_SUSPECT ? "failed" : "online");
}

//  The runs of one member, which are behind each other from `first`; returns where the next one's begin.
static uint32_t
s_end (const s_runs_t *all, uint32_t first)
{
    uint32_t end = first;
    while (end < all->count && all->runs[end].master == all->runs[first].master)
        end++;
    return end;
}

static bool
s_is_listed (const node_id_t *nodes, uint32_t count, node_id_t node)
{
    for (uint32_t at = 0; at < count; at++)
        if (nodes[at] == node)
            return true;
    return false;
}

//  A shard is a member and what it is the primary of; its replicas are those of any of these slots.
static void
s_say_shard (call_t *call, const slots_t *runs, uint32_t count, node_id_t *nodes)
{
    say_t say = call_say (call);
    uint32_t replicas = 0;
    for (uint32_t at = 0; at < count; at++)
        for (uint32_t replica = 0; replica < runs[at].count; replica++)
            if (!s_is_listed (nodes, replicas, runs[at].replicas[replica]))
                nodes[replicas++] = runs[at].replicas[replica];
    say_map (say, 2);
    say_text (say, "slots");
    say_array (say, (uint64_t) count * 2);
    for (uint32_t at = 0; at < count; at++) {
        say_int (say, runs[at].first);
        say_int (say, runs[at].last);
    }
    say_text (say, "nodes");
    say_array (say, 1 + replicas);
    s_say_shard_node (call, runs[0].master, false);
    for (uint32_t at = 0; at < replicas; at++)
        s_say_shard_node (call, nodes[at], true);
}

void
do_cluster_shards (call_t *call)
{
    s_runs_t all;
    cluster_noted (call);
    node_id_t *nodes = call_state (call, VIEW_MEMBERS_MAX * sizeof *nodes);
    if (!nodes || !s_collect (call, &all))
        return;
    s_sort (&all);
    uint32_t shards = 0;
    for (uint32_t first = 0; first < all.count; first = s_end (&all, first))
        shards++;
    say_array (call_say (call), shards);
    for (uint32_t first = 0, end; first < all.count; first = end) {
        end = s_end (&all, first);
        s_say_shard (call, &all.runs[first], end - first, nodes);
    }
    mem_free (all.runs);
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  NODES

static void
s_add_text (buf_t *out, const char *text)
{
    buf_add (out, text, strlen (text));
}

//  id host:port@port flags master ping pong epoch link slot…
static void
s_add_node (call_t *call, buf_t *out, const member_t *member)
{
    const gateway_t *gateway = call_gateway (call);
    node_id_t node = member ? member->id : gateway->config.node;
    bool suspect = member && member->status == MEMBER_SUSPECT;
    char id[SLOTS_ID_SIZE + 1], text[VIEW_HOST_MAX + 160];
    cluster_place_t place;
    cluster_place (call, member, &place);
    slots_id (node, id);
    snprintf (text, sizeof text, "%s %s:%u@%u %smaster%s - 0 0 %llu %s", id, place.host, place.port,
              member ? member->beacon_port : 0, node == gateway->config.node ? "myself," : "",
              suspect ? ",fail?" : "", (unsigned long long) (member ? member->generation : 0),
              suspect ? "disconnected" : "connected");
    s_add_text (out, text);
}

static void
s_add_runs (buf_t *out, const s_runs_t *all, node_id_t node)
{
    char text[32];
    uint32_t at = 0, end = all->count;
    while (at < end) { // The first run of that master
        uint32_t middle = at + (end - at) / 2;
        if (all->runs[middle].master < node)
            at = middle + 1;
        else
            end = middle;
    }
    for (; at < all->count && all->runs[at].master == node; at++) {
        const slots_t *run = &all->runs[at];
        snprintf (text, sizeof text, run->first == run->last ? " %u" : " %u-%u", run->first, run->last);
        s_add_text (out, text);
    }
    s_add_text (out, "\n");
}

//  Members are masters of what they are the primaries of. A line has room for one role, and each holds copies
//  of what others are the primaries of: no line says so.
void
do_cluster_nodes (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    const view_t *view = gateway->view;
    buf_t *out = call_scratch (call);
    s_runs_t all;
    cluster_noted (call);
    if (!s_collect (call, &all))
        return;
    s_sort (&all);
    for (uint32_t at = 0; at < (view ? view->members_count : 1); at++) {
        const member_t *member = view ? &view->members[at] : NULL;
        if (member && !member->gateway_port && member->id != gateway->config.node)
            continue;
        s_add_node (call, out, member);
        s_add_runs (out, &all, member ? member->id : gateway->config.node);
    }
    mem_free (all.runs);
    if (out->failed)
        call_fail (call, "ERR out of memory");
    else {
        say_verbatim (call_say (call), "txt", buf_bytes (out));
        call_done (call);
    }
}

//  ------------------------------------------------------------------------------------------------
//  INFO, MYID, KEYSLOT, REPLICAS…

void
do_cluster_info (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    const view_t *view = gateway->view;
    uint32_t assigned = 0, suspect = 0, known = view ? view->members_count : 1, size = view ? 0 : 1;
    for (uint32_t partition = 0; view && partition < view->partitions; partition++) {
        uint32_t slots = slots_first (partition + 1, view->partitions)
                         - slots_first (partition, view->partitions);
        const member_t *member = view_member (view, view->parts[partition].primary);
        assigned += member ? slots : 0;
        suspect += member && member->status == MEMBER_SUSPECT ? slots : 0;
    }
    for (uint32_t at = 0; view && at < view->members_count; at++)
        size += view->members[at].actors > 0;
    if (!view)
        assigned = SLOT_COUNT;
    char text[600];
    unsigned long long epoch = view ? view->version : 0;
    int length = snprintf (text, sizeof text,
                           "cluster_state:%s\r\ncluster_slots_assigned:%u\r\ncluster_slots_ok:%u\r\n"
                           "cluster_slots_pfail:%u\r\ncluster_slots_fail:%u\r\ncluster_known_nodes:%u\r\n"
                           "cluster_size:%u\r\ncluster_current_epoch:%llu\r\ncluster_my_epoch:%llu\r\n"
                           "cluster_stats_messages_sent:0\r\ncluster_stats_messages_received:0\r\n"
                           "total_cluster_links_buffer_limit_exceeded:0\r\n",
                           assigned == SLOT_COUNT ? "ok" : "fail", assigned, assigned - suspect, suspect,
                           SLOT_COUNT - assigned, known, size, epoch, epoch);
    say_verbatim (call_say (call), "txt", bytes_of (text, (size_t) length));
    call_done (call);
}

void
do_cluster_myid (call_t *call)
{
    char id[SLOTS_ID_SIZE + 1];
    slots_id (call_gateway (call)->config.node, id);
    say_text (call_say (call), id);
    call_done (call);
}

void
do_cluster_keyslot (call_t *call)
{
    say_int (call_say (call), slot_of_key (call_arg (call, 2)));
    call_done (call);
}

//  The member that a command names by its id; NULL: there is none, and the call was answered.
static bool
s_is_node (call_t *call, const member_t **member)
{
    const gateway_t *gateway = call_gateway (call);
    char id[SLOTS_ID_SIZE + 1];
    bytes_t word = call_arg (call, 2);
    slots_id (gateway->config.node, id);
    *member = slots_member (gateway->view, word);
    if (*member || bytes_equal (word, bytes_str (id)))
        return true;
    help_fail_word (call, "ERR Unknown node ", word, "");
    return false;
}

//  Backups of what the member is the primary of, as lines of NODES.
void
do_cluster_replicas (call_t *call)
{
    const view_t *view = call_gateway (call)->view;
    const member_t *master;
    if (!s_is_node (call, &master))
        return;
    node_id_t node = master ? master->id : call_gateway (call)->config.node;
    uint8_t *is = call_state (call, VIEW_MEMBERS_MAX);
    if (!is)
        return;
    uint32_t count = 0;
    for (uint32_t partition = 0; view && partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        for (unsigned rep = 0; part->primary == node && rep < part->reps_count; rep++) {
            const member_t *member = view_member (view, part->reps[rep]);
            if (!member || member->id == node || !member->gateway_port || is[member - view->members])
                continue;
            is[member - view->members] = 1;
            count++;
        }
    }
    say_array (call_say (call), count);
    char own[SLOTS_ID_SIZE + 1];
    slots_id (node, own);
    for (uint32_t at = 0; count && at < view->members_count; at++) {
        const member_t *member = &view->members[at];
        char id[SLOTS_ID_SIZE + 1], text[VIEW_HOST_MAX + 240];
        bool suspect = member->status == MEMBER_SUSPECT;
        cluster_place_t place;
        if (!is[at])
            continue;
        cluster_place (call, member, &place);
        slots_id (member->id, id);
        snprintf (text, sizeof text, "%s %s:%u@%u slave%s %s 0 0 %llu %s", id, place.host, place.port,
                  member->beacon_port, suspect ? ",fail?" : "", own, (unsigned long long) member->generation,
                  suspect ? "disconnected" : "connected");
        say_text (call_say (call), text);
    }
    call_done (call);
}

void
do_cluster_count_failure_reports (call_t *call)
{
    const member_t *member;
    if (!s_is_node (call, &member))
        return;
    say_int (call_say (call), member && member->status == MEMBER_SUSPECT);
    call_done (call);
}

//  Members talk over ZeroMQ, which keeps its connections to itself.
void
do_cluster_links (call_t *call)
{
    say_array (call_say (call), 0);
    call_done (call);
}

void
do_cluster_help (call_t *call)
{
    static const char *const lines[] = {
        "COUNTKEYSINSLOT <slot>",
        "    Tell how many keys a slot has.",
        "GETKEYSINSLOT <slot> <count>",
        "    Tell keys of a slot.",
        "INFO",
        "    Tell how the cluster stands.",
        "KEYSLOT <key>",
        "    Tell the slot of a key.",
        "LINKS",
        "    Always empty.",
        "MYID",
        "    Tell the id of this member.",
        "NODES",
        "    Tell of members and their slots, a line each.",
        "REPLICAS <node-id>",
        "    Tell who has copies of what a member serves.",
        "SHARDS",
        "    Tell of members and their slots.",
        "SLOTS",
        "    Tell who serves which slots.",
    };
    help_say (call, "CLUSTER", lines, sizeof lines / sizeof lines[0]);
}

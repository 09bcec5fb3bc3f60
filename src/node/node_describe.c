//  node_describe: what HELLO, ROUTES and CLUSTER answer. doc/protocol.md names the fields. Called on the
//  beacon's thread, with what does not change while the node runs.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>

#include "cluster/map_words.h"
#include "mem.h"
#include "node_impl.h"
#include "wire.h"

#define S_NOBODY 0xffff

void
node_describe_number (buf_t *out, const char *name, uint64_t number)
{
    wire_add_text (out, name);
    wire_add_uint (out, number);
}

void
node_describe_text (buf_t *out, const char *name, const char *text)
{
    wire_add_text (out, name);
    wire_add_text (out, text);
}

static void
s_hex (buf_t *out, const char *name, uint64_t number)
{
    char text[20];
    snprintf (text, sizeof text, "%016" PRIx64, number);
    node_describe_text (out, name, text);
}

static void
s_flag (buf_t *out, const char *name, bool flag)
{
    static const uint8_t bytes[] = { 0xc2, 0xc3 }; // False and true in MessagePack
    wire_add_text (out, name);
    buf_add (out, &bytes[flag], 1);
}

static void
s_nil (buf_t *out)
{
    buf_add (out, "\xc0", 1);
}

//  ------------------------------------------------------------------------------------------------
//  HELLO

uint32_t
node_describe_hello (void *arg, const view_t *view, buf_t *out)
{
    const zgrid_node_t *self = arg;
    const settings_t *settings = self->settings;
    node_describe_number (out, "protocol", 1);
    wire_add_text (out, "versions");
    wire_add_array (out, 1);
    wire_add_uint (out, 1);
    s_hex (out, "node", self->id);
    node_describe_text (out, "name", self->name);
    s_hex (out, "cluster", view->cluster);
    node_describe_number (out, "epoch", view->version);
    node_describe_number (out, "partitions", self->partitions);
    wire_add_text (out, "window");
    wire_add_array (out, 2);
    wire_add_uint (out, settings_uint (settings, SETTING_limits_window_records));
    wire_add_uint (out, settings_uint (settings, SETTING_limits_window_bytes));
    node_describe_number (out, "frame", settings_uint (settings, SETTING_limits_frame_max));
    node_describe_number (out, "batch", settings_uint (settings, SETTING_limits_batch_records));
    node_describe_number (out, "key_max", settings_uint (settings, SETTING_limits_key_max));
    node_describe_number (out, "value_max", settings_uint (settings, SETTING_limits_value_max));
    node_describe_text (out, "server", "zgrid " ZGRID_VERSION);
    node_describe_text (out, "pubsub", self->subscribe_endpoint);
    return 14;
}

//  ------------------------------------------------------------------------------------------------
//  ROUTES

static void
s_endpoint (const member_t *member, uint16_t port, char *text, size_t room)
{
    snprintf (text, room, "tcp://%s:%u", member->host, port);
}

//  The client endpoint of one storage actor of a member; this node's own may be one that the others
//  are not told, as ipc. "" if there is none.
static const char *
s_storage (const zgrid_node_t *self, const member_t *member, uint16_t actor, char *text, size_t room)
{
    if (member->client_ports[actor] == 0)
        return member->id == self->id && actor < self->actors ? self->endpoints[actor] : "";
    s_endpoint (member, member->client_ports[actor], text, room);
    return text;
}

//  Where a member's clients come, or its subscribers.
static const char *
s_public (const zgrid_node_t *self, const member_t *member, bool pubsub, char *text, size_t room)
{
    uint16_t port = pubsub ? member->pubsub_port : member->router_port;
    if (port == 0 && member->id != self->id)
        return "";
    if (port == 0)
        return pubsub ? self->subscribe_endpoint : zgrid_node_endpoint (self);
    s_endpoint (member, port, text, room);
    return text;
}

//  Adds the endpoints of all storage actors, and says where each member's begin in the list. A member
//  whose first actor has none has none at all.
static void
s_endpoints (const zgrid_node_t *self, const view_t *view, uint32_t *first, buf_t *out)
{
    char text[VIEW_HOST_MAX + 20];
    uint32_t count = 0;
    for (uint32_t at = 0; at < view->members_count; at++) {
        const member_t *member = &view->members[at];
        bool has = member->actors && *s_storage (self, member, 0, text, sizeof text)
                   && count + member->actors <= S_NOBODY;
        first[at] = has ? count : S_NOBODY;
        count += has ? member->actors : 0;
    }
    wire_add_text (out, "endpoints");
    wire_add_array (out, count);
    for (uint32_t at = 0; at < view->members_count; at++)
        for (uint16_t actor = 0; first[at] != S_NOBODY && actor < view->members[at].actors; actor++)
            wire_add_text (out, s_storage (self, &view->members[at], actor, text, sizeof text));
}

//  Where clients find a member's copy of a partition. One that is suspect cannot serve them.
static uint32_t
s_place (const view_t *view, const uint32_t *first, node_id_t node, uint32_t partition)
{
    const member_t *member = node ? view_member (view, node) : NULL;
    if (!member || member->status == MEMBER_SUSPECT || first[member - view->members] == S_NOBODY)
        return S_NOBODY;
    return first[member - view->members] + partition % member->actors;
}

static void
s_places (const view_t *view, const uint32_t *first, bool backups, buf_t *out)
{
    buf_t bytes = BUF_INIT;
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        uint32_t place = backups ? S_NOBODY : s_place (view, first, part->primary, partition);
        for (unsigned rep = 0; backups && place == S_NOBODY && rep < part->reps_count; rep++)
            if (part->reps[rep] != part->primary)
                place = s_place (view, first, part->reps[rep], partition);
        uint8_t pair[2] = { (uint8_t) (place >> 8), (uint8_t) place };
        buf_add (&bytes, pair, sizeof pair);
    }
    wire_add_text (out, backups ? "backups" : "owners");
    wire_add_bytes (out, buf_bytes (&bytes));
    out->failed = out->failed || bytes.failed;
    buf_clear (&bytes);
}

static void
s_publics (const zgrid_node_t *self, const view_t *view, bool pubsub, buf_t *out)
{
    char text[VIEW_HOST_MAX + 20];
    uint32_t count = 0;
    for (int round = 0; round < 2; round++) {
        if (round == 1) {
            wire_add_text (out, pubsub ? "pubsub" : "routers");
            wire_add_array (out, count);
        }
        for (uint32_t at = 0; at < view->members_count; at++) {
            const member_t *member = &view->members[at];
            const char *endpoint = s_public (self, member, pubsub, text, sizeof text);
            if (member->status != MEMBER_UP || !*endpoint)
                continue;
            if (round == 1)
                wire_add_text (out, endpoint);
            else
                count++;
        }
    }
}

void
node_describe_routes (void *arg, const view_t *view, buf_t *out)
{
    const zgrid_node_t *self = arg;
    uint32_t *first = mem_alloc (((size_t) view->members_count + 1) * sizeof (uint32_t));
    if (!first) {
        out->failed = true;
        return;
    }
    wire_add_map (out, 7);
    node_describe_number (out, "epoch", view->version);
    node_describe_number (out, "partitions", view->partitions);
    s_endpoints (self, view, first, out);
    s_places (view, first, false, out);
    s_places (view, first, true, out);
    s_publics (self, view, false, out);
    s_publics (self, view, true, out);
    mem_free (first);
}

//  ------------------------------------------------------------------------------------------------
//  CLUSTER

static void
s_name (const view_t *view, node_id_t node, buf_t *out)
{
    const member_t *member = node && view ? view_member (view, node) : NULL;
    if (member)
        wire_add_text (out, member->name);
    else
        s_nil (out);
}

static void
s_names (const view_t *view, const char *name, const node_id_t *nodes, uint32_t count, buf_t *out)
{
    wire_add_text (out, name);
    wire_add_array (out, count);
    for (uint32_t at = 0; at < count; at++)
        s_name (view, nodes[at], out);
}

static void
s_member (const zgrid_node_t *self, const view_t *view, const member_t *member, buf_t *out)
{
    static const char *const words[] = { "UP", "SUSPECT", "LEAVING" };
    char text[VIEW_HOST_MAX + 20];
    uint32_t primaries = 0, copies = 0;
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        primaries += view->parts[partition].primary == member->id;
        copies += part_has (&view->parts[partition], member->id);
    }
    wire_add_map (out, 13);
    s_hex (out, "id", member->id);
    node_describe_text (out, "name", member->name);
    node_describe_text (out, "zone", member->zone);
    node_describe_text (out, "host", member->host);
    node_describe_text (out, "status", member->status <= MEMBER_LEAVING ? words[member->status] : "?");
    node_describe_number (out, "generation", member->generation);
    s_flag (out, "witness", member->witness);
    node_describe_number (out, "weight", member->weight);
    s_flag (out, "voter", view_is_voter (view, member->id));
    node_describe_text (out, "router", s_public (self, member, false, text, sizeof text));
    *text = 0;
    if (member->gateway_port)
        s_endpoint (member, member->gateway_port, text, sizeof text);
    node_describe_text (out, "redis", text);
    node_describe_number (out, "primaries", primaries);
    node_describe_number (out, "copies", copies);
}

static void
s_table (const view_t *view, buf_t *out)
{
    wire_add_text (out, "table");
    wire_add_array (out, view->partitions);
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        const part_t *part = &view->parts[partition];
        wire_add_array (out, 5);
        wire_add_uint (out, partition);
        wire_add_uint (out, part->epoch);
        s_name (view, part->primary, out);
        wire_add_array (out, part->reps_count);
        for (unsigned rep = 0; rep < part->reps_count; rep++)
            s_name (view, part->reps[rep], out);
        s_name (view, part->learner, out);
    }
}

static void
s_maps (const view_t *view, buf_t *out)
{
    wire_add_text (out, "maps");
    wire_add_array (out, view->maps_count);
    for (uint32_t at = 0; at < view->maps_count; at++) {
        const map_settings_t *map = &view->maps[at];
        wire_add_map (out, 1 + MAP_SETTINGS);
        node_describe_text (out, "name", map->name);
        for (unsigned number = 0; number < MAP_SETTINGS; number++) {
            uint64_t value = map_settings_get (map, number);
            char text[MAP_WORD_MAX];
            const char *name = map_settings_list[number].name;
            if (map_setting_is_word (number))
                node_describe_text (out, name, map_setting_print (number, value, text));
            else
                node_describe_number (out, name, value);
        }
    }
}

//  Voters that the members that are up should have: the largest odd number (consistency 1).
static uint32_t
s_voters_wanted (const view_t *view)
{
    uint32_t up = 0;
    for (uint32_t at = 0; at < view->members_count; at++)
        up += view->members[at].status == MEMBER_UP;
    uint32_t wanted = up < view->voters_max ? up : view->voters_max;
    return wanted % 2 ? wanted : wanted ? wanted - 1 : 0;
}

//  True if any one member may fail or leave now, and nothing is lost or refused.
static bool
s_is_safe (const view_t *view, const view_health_t *health)
{
    for (uint32_t at = 0; at < view->members_count; at++)
        if (view->members[at].status == MEMBER_LEAVING)
            return false;
    return !health->under_replicated && !health->lost && !health->moving && !health->voters_suspect
           && !health->swapping && view->voters_count >= s_voters_wanted (view);
}

static void
s_health (const view_health_t *health, buf_t *out)
{
    wire_add_text (out, "health");
    wire_add_map (out, 6);
    node_describe_number (out, "under_replicated", health->under_replicated);
    node_describe_number (out, "lost", health->lost);
    node_describe_number (out, "moving", health->moving);
    node_describe_number (out, "suspects", health->suspects);
    node_describe_number (out, "voters_suspect", health->voters_suspect);
    s_flag (out, "swapping", health->swapping);
}

static void
s_counters (const zgrid_node_t *self, const cluster_t *cluster, const links_stats_t *links, buf_t *out)
{
    const cluster_stats_t *stats = cluster_stats (cluster);
    wire_add_text (out, "counters");
    wire_add_map (out, 17);
    node_describe_number (out, "sent", stats->sent);
    node_describe_number (out, "received", stats->received);
    node_describe_number (out, "refused", stats->refused);
    node_describe_number (out, "foreign", atomic_load (&((zgrid_node_t *) (uintptr_t) self)->status.foreign));
    node_describe_number (out, "dropped", links->dropped);
    node_describe_number (out, "elections", stats->elections);
    node_describe_number (out, "commits", stats->commits);
    node_describe_number (out, "failovers", stats->failovers);
    node_describe_number (out, "joins", stats->joins);
    node_describe_number (out, "handovers", stats->handovers);
    node_describe_number (out, "removals", stats->removals);
    node_describe_number (out, "voter_swaps", stats->voter_swaps);
    node_describe_number (out, "suspects", stats->suspects);
    node_describe_number (out, "deltas_sent", stats->deltas_sent);
    node_describe_number (out, "deltas_applied", stats->deltas_applied);
    node_describe_number (out, "deltas_refused", stats->deltas_refused);
    node_describe_number (out, "delta_bytes_saved", stats->delta_bytes_saved);
}

//  Milliseconds of the lease that are left; of one that never ends, what one is worth.
static uint64_t
s_lease_left (const zgrid_node_t *self, uint64_t now)
{
    uint64_t until = atomic_load (&((zgrid_node_t *) (uintptr_t) self)->lease.word) >> LEASE_GENERATION_BITS;
    return until <= now ? 0 : until - now < self->timing.lease ? until - now : self->timing.lease;
}

static void
s_who (const zgrid_node_t *self, const beacon_question_t *question, buf_t *out)
{
    static const char *const states[] = { "MEETING", "JOINING", "MEMBER", "REFUSED", "STUCK", "LEFT" };
    unsigned state = cluster_state (question->cluster);
    s_hex (out, "node", self->id);
    node_describe_text (out, "name", self->name);
    node_describe_text (out, "state", state <= CLUSTER_LEFT ? states[state] : "?");
}

static void
s_settings (const view_t *view, buf_t *out)
{
    node_describe_number (out, "copies", view->copies);
    node_describe_number (out, "copies_now", view_copies (view));
    node_describe_text (out, "on_lost", view->on_lost == ON_LOST_WIPE ? "wipe" : "refuse");
    node_describe_number (out, "voters_max", view->voters_max);
}

static void
s_voters (const beacon_question_t *question, buf_t *out)
{
    const view_t *view = question->view;
    s_names (view, "voters", view->voters, view->voters_count, out);
    s_names (view, "voters_new", view->voters_new, view->voters_new_count, out);
    wire_add_text (out, "coordinator");
    s_name (view, cluster_coordinator (question->cluster), out);
}

//  Eight pairs that do not grow with the partitions.
static void
s_summary (zgrid_node_t *self, const beacon_question_t *question, buf_t *out)
{
    const view_t *view = question->view;
    const member_t *own = view_member (view, self->id);
    view_health_t health = view_health (view);
    s_hex (out, "cluster", view->cluster);
    node_describe_number (out, "version", view->version);
    node_describe_number (out, "partitions", view->partitions);
    s_health (&health, out);
    s_flag (out, "safe", s_is_safe (view, &health));
    s_flag (out, "ready",
            own && own->status == MEMBER_UP && lease_valid (&self->lease, own->generation, question->now));
    wire_add_text (out, "members");
    wire_add_array (out, view->members_count);
    for (uint32_t at = 0; at < view->members_count; at++)
        s_member (self, view, &view->members[at], out);
    node_describe_moves (self, question, out);
}

void
node_describe_cluster (void *arg, const beacon_question_t *question, buf_t *out)
{
    zgrid_node_t *self = arg;
    const view_t *view = question->view;
    if (!view) {
        wire_add_map (out, 4);
        s_who (self, question, out);
        s_counters (self, question->cluster, question->links, out);
        return;
    }
    wire_add_map (out, question->brief ? 11 : question->plan ? 25 : 24);
    s_who (self, question, out);
    s_summary (self, question, out);
    if (question->brief)
        return;
    if (question->plan)
        node_describe_plan (view, out);
    s_counters (self, question->cluster, question->links, out);
    node_describe_number (out, "cfg", view->cfg);
    node_describe_number (out, "era", view->era);
    s_settings (view, out);
    s_voters (question, out);
    node_describe_number (out, "lease_ms", s_lease_left (self, question->now));
    s_table (view, out);
    s_maps (view, out);
}

//  beacon_log: see beacon_log.h.
//  SPDX-License-Identifier: MPL-2.0
#include "beacon_log.h"

#include <inttypes.h>
#include <stdio.h>

#define S_PARTS_MS 1000 // At most one line of each kind in this time

//  Events that concern one partition, and what their sum is called.
static const struct {
    cluster_event_t event;
    note_level_t level;
    const char *text;
} s_parts[] = {
    { EVENT_FAILOVER, NOTE_WARNING, "partitions have a new primary" },
    { EVENT_LEARNER, NOTE_INFO, "partitions begin a copy" },
    { EVENT_JOINED, NOTE_INFO, "partitions have one more copy" },
    { EVENT_REMOVED, NOTE_WARNING, "partitions have one copy less" },
    { EVENT_HANDOVER, NOTE_INFO, "partitions were handed over" },
    { EVENT_PARTITION_LOST, NOTE_ERROR, "partitions lost every copy" },
    { EVENT_PARTITION_BACK, NOTE_INFO, "lost partitions are back" },
    { EVENT_PARTITION_WIPED, NOTE_ERROR, "lost partitions begin anew, empty" },
};
#define S_PARTS (sizeof s_parts / sizeof s_parts[0])

static int
s_part (cluster_event_t event)
{
    for (size_t at = 0; at < S_PARTS; at++)
        if (s_parts[at].event == event)
            return (int) at;
    return -1;
}

static void
s_line (const beacon_log_t *self, note_level_t level, const char *event, const char *name, const char *value,
        const char *name2, const char *value2)
{
    const char *const pairs[] = { name, value, name2, value2, NULL };
    self->note.line (self->note.arg, level, event, pairs);
}

static void
s_member (const beacon_log_t *self, const view_t *view, cluster_event_t event, node_id_t node)
{
    char id[24];
    snprintf (id, sizeof id, "%016" PRIx64, node);
    const member_t *member = view ? view_member (view, node) : NULL;
    s_line (self, event == EVENT_MEMBER_SUSPECT ? NOTE_WARNING : NOTE_INFO, event_name (event), "member",
            member ? member->name : "", "id", id);
}

void
beacon_log_event (beacon_log_t *self, const view_t *view, cluster_event_t event, uint32_t partition,
                  node_id_t node, const char *text)
{
    if (event > EVENT_ADMIN)
        return;
    if (event == EVENT_REFUSED)
        snprintf (self->refused, sizeof self->refused, "%s", text ? text : "");
    else if (s_part (event) >= 0) {
        if (self->counts[event]++ == 0)
            self->first[event] = partition;
    } else if (event == EVENT_VOTERS)
        s_line (self, NOTE_INFO, "voters changed", "how", text ? text : "", NULL, NULL);
    else if (event == EVENT_ADMIN)
        s_line (self, NOTE_WARNING, "request carried out", "request", text ? text : "", NULL, NULL);
    else if (view && view_member (view, node))
        s_member (self, view, event, node);
    else if (self->late_count < BEACON_LOG_LATE_MAX) {
        self->late[self->late_count].event = event;
        self->late[self->late_count++].node = node;
    }
}

void
beacon_log_refused (beacon_log_t *self, uint64_t count, const char *address, node_id_t node)
{
    refusals_add (&self->refusals, count, self->refused, address, node);
}

void
beacon_log_foreign (beacon_log_t *self, const char *address)
{
    refusals_add (&self->refusals, 1, REFUSED_FOREIGN, address, 0);
}

static bool
s_waits (const beacon_log_t *self)
{
    for (size_t at = 0; at < S_PARTS; at++)
        if (self->counts[s_parts[at].event])
            return true;
    return false;
}

uint64_t
beacon_log_turn (beacon_log_t *self, const view_t *view, uint64_t now)
{
    char count[24], first[24];
    for (uint32_t at = 0; at < self->late_count; at++)
        s_member (self, view, self->late[at].event, self->late[at].node);
    self->late_count = 0;
    bool parts = s_waits (self);
    if (parts && now >= self->next_parts) {
        for (size_t at = 0; at < S_PARTS; at++) {
            cluster_event_t event = s_parts[at].event;
            if (self->counts[event] == 0)
                continue;
            snprintf (count, sizeof count, "%" PRIu64, self->counts[event]);
            snprintf (first, sizeof first, "%u", self->first[event]);
            s_line (self, s_parts[at].level, s_parts[at].text, "count", count, "first", first);
            self->counts[event] = 0;
        }
        self->next_parts = now + S_PARTS_MS;
        parts = false;
    }
    uint64_t parts_in = parts ? self->next_parts - now : UINT64_MAX;
    uint64_t refused_in = refusals_turn (&self->refusals, &self->note, "beacon", now);
    return parts_in < refused_in ? parts_in : refused_in;
}

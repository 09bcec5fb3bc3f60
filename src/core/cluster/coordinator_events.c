//  coordinator_events: what a commit has changed, for the log and for counters.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "cluster_impl.h"

static void
s_member (cluster_t *self, const member_t *before, const member_t *after)
{
    cluster_event_t event;
    if (before && before->status == after->status && before->generation == after->generation)
        return;
    if (!before)
        event = EVENT_MEMBER_ADDED;
    else if (after->status == MEMBER_SUSPECT) {
        event = EVENT_MEMBER_SUSPECT;
        self->stats.suspects++;
    } else if (after->status == MEMBER_LEAVING)
        event = EVENT_MEMBER_LEAVING;
    else
        event = EVENT_MEMBER_BACK;
    cluster_event (self, event, UINT32_MAX, after->id, after->name);
}

static void
s_members (cluster_t *self, const view_t *before, const view_t *after)
{
    for (uint32_t index = 0; index < after->members_count; index++)
        s_member (self, view_member (before, after->members[index].id), &after->members[index]);
    for (uint32_t index = 0; index < before->members_count; index++)
        if (!view_member (after, before->members[index].id))
            cluster_event (self, EVENT_MEMBER_FORGOTTEN, UINT32_MAX, before->members[index].id,
                           before->members[index].name);
}

static void
s_primary (cluster_t *self, uint32_t partition, const part_t *before, const part_t *after)
{
    bool kept = false;
    for (unsigned index = 0; index < before->reps_count; index++)
        kept |= part_has (after, before->reps[index]);
    if (!kept)
        cluster_event (self, EVENT_PARTITION_WIPED, partition, after->primary, NULL);
    else if (part_has (after, before->primary)) {
        self->stats.handovers++;
        cluster_event (self, EVENT_HANDOVER, partition, after->primary, NULL);
    } else {
        self->stats.failovers++;
        cluster_event (self, EVENT_FAILOVER, partition, after->primary, NULL);
    }
}

static void
s_part (cluster_t *self, uint32_t partition, const part_t *before, const part_t *after)
{
    if (before->primary != after->primary) {
        s_primary (self, partition, before, after);
        return;
    }
    for (unsigned index = 0; index < after->reps_count; index++)
        if (!part_has (before, after->reps[index])) {
            self->stats.joins++;
            cluster_event (self, EVENT_JOINED, partition, after->reps[index], NULL);
        }
    for (unsigned index = 0; index < before->reps_count; index++)
        if (!part_has (after, before->reps[index])) {
            self->stats.removals++;
            cluster_event (self, EVENT_REMOVED, partition, before->reps[index], NULL);
        }
    if (after->learner && after->learner != before->learner)
        cluster_event (self, EVENT_LEARNER, partition, after->learner, NULL);
}

//  Whether there are as many copies as there should be, when that changes.
static void
s_copies (cluster_t *self, const view_t *view)
{
    char text[32];
    uint32_t count = view_health (view).under_replicated;
    snprintf (text, sizeof text, "%" PRIu32, count);
    if (count && self->under_replicated == 0)
        cluster_event (self, EVENT_UNDER_REPLICATED, UINT32_MAX, 0, text);
    else if (count == 0 && self->under_replicated)
        cluster_event (self, EVENT_REPLICATED, UINT32_MAX, 0, NULL);
    self->under_replicated = count;
}

void
coordinator_events (cluster_t *self, const view_t *before, const view_t *after)
{
    char version[32];
    snprintf (version, sizeof version, "%" PRIu64, after->version);
    cluster_event (self, EVENT_VIEW, UINT32_MAX, 0, version);
    s_members (self, before, after);
    for (uint32_t index = 0; index < after->partitions; index++)
        if (before->parts[index].epoch != after->parts[index].epoch)
            s_part (self, index, &before->parts[index], &after->parts[index]);
    if (before->cfg != after->cfg) {
        if (before->voters_new_count == 0)
            self->stats.voter_swaps++;
        cluster_event (self, EVENT_VOTERS, UINT32_MAX, 0, after->voters_new_count ? "begun" : "done");
    }
    s_copies (self, after);
}

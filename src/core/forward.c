//  forward: see forward.h. Who owns what, and what happens to a record that comes in.
//  SPDX-License-Identifier: MPL-2.0
#include "forward.h"

#include <stdio.h>

#include "forward_impl.h"
#include "mem.h"
#include "split.h"

//  ------------------------------------------------------------------------------------------------
//  The whole

static void
s_default (uint64_t *number, uint64_t otherwise)
{
    if (*number == 0)
        *number = otherwise;
}

forward_t *
forward_new (const forward_config_t *config, const forward_port_t *port)
{
    forward_t *self = mem_alloc_zero (1, sizeof (forward_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->port = *port;
    forward_config_t *mine = &self->config;
    mine->records_max = mine->records_max ? mine->records_max : 65536;
    mine->body_records = mine->body_records ? mine->body_records : 1024;
    s_default (&mine->bytes_max, 256u << 20);
    s_default (&mine->window_records, 8192);
    s_default (&mine->window_bytes, 4u << 20);
    s_default (&mine->body_bytes, 1u << 20);
    s_default (&mine->deadline, 5000);
    s_default (&mine->silence, 500);
    s_default (&mine->patience, 3000);
    s_default (&mine->linger, 2);
    hash_secret (&self->secret, mine->seed);
    return self;
}

static void
s_no_reply (void *arg, bytes_t route, const bytes_t *envelope, size_t envelope_count, bytes_t body,
            uint64_t records)
{
    (void) arg;
    (void) route;
    (void) envelope;
    (void) envelope_count;
    (void) body;
    (void) records;
}

//  Groups end with their records.
void
forward_destroy (forward_t **self_p)
{
    forward_t *self = *self_p;
    if (!self)
        return;
    self->port.reply = s_no_reply;
    while (self->wakes.count)
        record_fail (self, self->wakes.records[0], ZGRID_UNAVAILABLE, NULL, 0);
    assert (self->clients.count == 0 && self->orders.count == 0 && self->sent.count == 0);
    mem_free (self->clients.heads);
    mem_free (self->orders.heads);
    mem_free (self->sent.heads);
    mem_free (self->wakes.records);
    mem_free (self->targets);
    mem_free (self->owned);
    buf_clear (&self->body);
    view_destroy (&self->view);
    mem_free (self);
    *self_p = NULL;
}

const view_t *
forward_view (const forward_t *self)
{
    return self->view;
}

uint32_t
forward_count (const forward_t *self)
{
    return self->count;
}

uint32_t
forward_waiting (const forward_t *self)
{
    return self->waiting;
}

const forward_stats_t *
forward_stats (const forward_t *self)
{
    return &self->stats;
}

uint64_t
forward_turn (forward_t *self, uint64_t now)
{
    forward_wake (self, now);
    forward_flush (self, now);
    groups_turn (self, now);
    uint64_t next = UINT64_MAX;
    if (self->wakes.count) {
        uint64_t wake = self->wakes.records[0]->wake;
        next = wake > now ? wake - now : 0;
    }
    if (self->due_first) // Made so by what flush has ended
        next = 0;
    if (self->replying_first) {
        uint64_t sent = self->replying_first->since + self->config.linger;
        uint64_t left = sent > now ? sent - now : 0;
        next = left < next ? left : next;
    }
    return next;
}

//  ------------------------------------------------------------------------------------------------
//  The view

//  Targets stand by member and actor, in the order of the view.
static int
s_compare (const target_t *target, node_id_t node, uint32_t actor)
{
    if (target->node != node)
        return target->node < node ? -1 : 1;
    return target->actor < actor ? -1 : target->actor > actor;
}

bool
forward_find_target (const forward_t *self, node_id_t node, uint32_t actor, uint32_t *target)
{
    uint32_t low = 0, high = self->targets_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = s_compare (&self->targets[middle], node, actor);
        if (order == 0) {
            *target = middle;
            return true;
        }
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    return false;
}

bool
forward_endpoint (const forward_t *self, node_id_t node, uint32_t actor, char *text, size_t room)
{
    const member_t *member = self->view ? view_member (self->view, node) : NULL;
    if (!member || actor >= member->actors || member->client_ports[actor] == 0)
        return false;
    int size = snprintf (text, room, "tcp://%s:%u", member->host, member->client_ports[actor]);
    return size > 0 && (size_t) size < room;
}

void
forward_note_silence (forward_t *self, const record_t *record, bool silent, uint64_t now)
{
    uint32_t target;
    if ((!silent && self->silences == 0)
        || !forward_find_target (self, record->sent_to, record->sent_actor, &target))
        return;
    bool was = self->targets[target].silent_until != 0;
    self->targets[target].silent_until = silent ? now + SILENT_MS : 0;
    self->silences += (uint32_t) silent - was;
}

//  A SUSPECT has no lease, so that it serves nobody: another copy takes over, if there is one.
static uint32_t
s_owner (const forward_t *self, uint32_t partition)
{
    const part_t *part = &self->view->parts[partition];
    const member_t *primary = part->primary ? view_member (self->view, part->primary) : NULL;
    uint32_t target;
    if (primary && primary->status != MEMBER_SUSPECT && primary->actors
        && forward_find_target (self, primary->id, partition % primary->actors, &target))
        return target;
    for (uint32_t at = 0; at < part->reps_count; at++) {
        const member_t *member = view_member (self->view, part->reps[at]);
        if (member && member->status != MEMBER_SUSPECT)
            return TARGET_PENDING;
    }
    return TARGET_NONE;
}

//  False without memory: the old ones stay.
static bool
s_make_targets (forward_t *self, const view_t *view)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < view->members_count; at++)
        count += view->members[at].actors;
    target_t *targets = mem_alloc_zero (count ? count : 1, sizeof *targets);
    bool first = self->owned == NULL;
    owned_t *owned = first ? mem_alloc_zero (view->partitions, sizeof *owned) : self->owned;
    if (!targets || !owned) {
        mem_free (targets);
        return false;
    }
    count = 0;
    for (uint32_t at = 0; at < view->members_count; at++)
        for (uint32_t actor = 0; actor < view->members[at].actors; actor++)
            targets[count++] = (target_t) { .node = view->members[at].id, .actor = actor };
    mem_free (self->targets);
    self->targets = targets;
    self->silences = 0;
    self->targets_count = count;
    self->owned = owned;
    return true;
}

//  What was sent to one that is not the owner any more, or waits for an owner, goes to the new one. A place
//  in line is kept for those only who ask for it under the new epoch.
static void
s_follow (forward_t *self, record_t *record)
{
    uint32_t target = self->owned[record->partition].target;
    if ((record->state != RECORD_SENT && record->state != RECORD_DELAYED) || target >= TARGET_PENDING)
        return;
    const target_t *to = &self->targets[target];
    bool there = record->sent_to == to->node && record->sent_actor == to->actor;
    bool later = record->waits && record->epoch != self->view->parts[record->partition].epoch;
    if (record->state == RECORD_SENT && there && !later)
        return;
    record->hint = 0;
    record->hops = 0;
    record->again = true;
    record->refused_since = 0;
    record_due (self, record);
    record_wake (self, record, record->deadline);
}

void
forward_set_view (forward_t *self, view_t **view_p, uint64_t now)
{
    view_t *view = *view_p;
    *view_p = NULL;
    bool newer = !self->view
                 || (view->version > self->view->version && view->partitions == self->view->partitions);
    (void) now;
    if (!newer || !s_make_targets (self, view)) {
        view_destroy (&view);
        return;
    }
    view_destroy (&self->view);
    self->view = view;
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        self->owned[partition].target = s_owner (self, partition);
    //  From the back: a record whose wake is put off changes places with those behind it only
    for (uint32_t at = self->wakes.count; at-- > 0;)
        s_follow (self, self->wakes.records[at]);
}

//  ------------------------------------------------------------------------------------------------
//  Records

static void
s_try_again (group_t *group, uint64_t id, const char *text)
{
    meta_t meta = { .given = META_error | META_retry, .error = bytes_str (text), .retry = 100 };
    wire_reply (&group->replies, id, ZGRID_TRYAGAIN, value_nil (), 0, &meta);
    group->said++;
}

static void
s_busy (forward_t *self, group_t *group, uint64_t id)
{
    self->stats.busy++;
    group_reply_error (group, id, ZGRID_BUSY, "too many requests wait for their owners");
}

//  SIZE and DESTROY without partition: a record for each.
static void
s_fan_out (forward_t *self, group_t *group, const request_t *request, const options_t *options, uint64_t now)
{
    uint32_t partitions = self->view->partitions;
    sum_t *sum = self->count + partitions <= self->config.records_max ? mem_alloc_zero (1, sizeof *sum)
                                                                      : NULL;
    if (!sum) {
        s_busy (self, group, request->id);
        return;
    }
    sum->group = group;
    sum->id = request->id;
    sum->pending = partitions;
    for (uint32_t partition = 0; partition < partitions; partition++) {
        record_t *record = record_new (self, group, request, options, NULL, 0, now);
        if (record) {
            record->partition = partition;
            record->sum = sum;
        }
        if (!record || !record_place (self, record)) {
            mem_free (record);
            sum_answer (sum, partition, NULL);
        }
    }
}

//  SCAN without partition: its cursor says which one is meant.
static bool
s_aim_scan (const forward_t *self, record_t *record, const options_t *options)
{
    uint64_t cursor = (options->given & OPT_cursor) ? options->cursor : 0;
    scan_t scan;
    if (!split_scan (cursor, self->view->partitions, &scan))
        return false;
    record->partition = scan.partition;
    record->stride = scan.stride;
    record->cursor = scan.cursor;
    return true;
}

static const char *
s_fault (const forward_t *self, const request_t *request, const options_t *options)
{
    const char *why;
    if (!forward_check_session (options, &why))
        return why;
    if (op_info (request->op)->routing == ROUTING_PART && (options->given & OPT_partition)
        && options->partition >= self->view->partitions)
        return "no such partition";
    return NULL;
}

void
forward_record (forward_t *self, group_t *group, const request_t *request, const options_t *options,
                const bytes_t *attachments, size_t attachment_count, uint64_t now)
{
    if (!self->view) {
        s_try_again (group, request->id, "no cluster yet");
        return;
    }
    const char *fault = s_fault (self, request, options);
    if (fault) {
        group_reply_error (group, request->id, ZGRID_MALFORMED, fault);
        return;
    }
    bool fans = op_info (request->op)->routing == ROUTING_PART && request->op != OP_SCAN;
    if (fans && !(options->given & OPT_partition)) {
        s_fan_out (self, group, request, options, now);
        return;
    }
    record_t *record = record_new (self, group, request, options, attachments, attachment_count, now);
    if (record && record->by_cursor && !s_aim_scan (self, record, options))
        group_reply_error (group, request->id, ZGRID_MALFORMED, "no such cursor");
    else if (record && record_place (self, record))
        return;
    else
        s_busy (self, group, request->id);
    mem_free (record);
}

uint64_t
forward_outside (forward_t *self, group_t *group, uint64_t id, uint64_t within, bool writes, uint64_t now)
{
    record_t *record = mem_alloc_zero (1, sizeof *record);
    if (record) {
        uint64_t number = ++self->last_number;
        *record = (record_t) { .group = group,
                               .client_id = id,
                               .deadline = now + within,
                               .state = RECORD_OUTSIDE,
                               .write = writes,
                               .unknown = writes,
                               .mark = number,
                               .wire_id = number,
                               .link = { NULL, table_hash (number, number) } };
        if (record_place (self, record)) {
            table_add (&self->sent, &record->link);
            return number;
        }
        mem_free (record);
    }
    s_busy (self, group, id);
    return 0;
}

//  forward_answer: what owners say to records, and what silence means.
//  SPDX-License-Identifier: MPL-2.0
#include "forward_impl.h"
#include "split.h"

#define S_HOPS_MAX 4      // MOVED that are followed at once, in a row
#define S_RETRY_MOST 1000 // Milliseconds that a TRYAGAIN may ask for

//  ------------------------------------------------------------------------------------------------
//  Ends

void
record_fail (forward_t *self, record_t *record, unsigned status, const char *text, uint64_t now)
{
    if (record->sum)
        sum_answer (record->sum, record->partition, NULL);
    else
        group_reply_error (record->group, record->client_id, status, text);
    record_end (self, record, now);
}

//  Its time is over. A write that may still run, or has run, is a matter of doubt; everything else
//  certainly had no effect.
static void
s_expire (forward_t *self, record_t *record, uint64_t now)
{
    if (record->write && record->unknown) {
        self->stats.maybes++;
        record_fail (self, record, ZGRID_MAYBE, "no answer in time; it may have been executed", now);
        return;
    }
    self->stats.timeouts++;
    const char *text = record->state == RECORD_OUTSIDE || record->sent ? "no answer in time"
                       : record->state == RECORD_WAITING
                           ? "earlier requests for the partition were not answered"
                           : "it could not be sent in time";
    if (record->last_status)
        text = status_text ((int) record->last_status);
    record_fail (self, record, record->last_status == ZGRID_UNAVAILABLE ? ZGRID_UNAVAILABLE : ZGRID_TIMEOUT,
                 text, now);
}

void
forward_dismiss (forward_t *self, uint64_t now)
{
    while (self->waiting) //  What ends changes the places of others
        for (uint32_t at = self->wakes.count; at-- > 0;)
            if (at < self->wakes.count && self->wakes.records[at]->waits)
                s_expire (self, self->wakes.records[at], now);
}

void
record_unavailable (forward_t *self, record_t *record, bool hopeless, uint64_t now)
{
    record->last_status = ZGRID_UNAVAILABLE;
    if (!record->refused_since)
        record->refused_since = now;
    bool certain = !record->write || record->unknown == 0;
    if (certain && (hopeless || now - record->refused_since >= self->config.patience)) {
        record_fail (self, record, ZGRID_UNAVAILABLE,
                     hopeless ? "no copy of the partition is alive" : "no member serves the partition", now);
        return;
    }
    record_delay (self, record, now + RETRY_MOST_MS / 2);
}

void
record_moved (forward_t *self, record_t *record, uint32_t target, uint64_t now)
{
    char owner[VIEW_HOST_MAX + 16];
    const target_t *to = &self->targets[target];
    meta_t meta = { .given = META_epoch, .epoch = self->view->version };
    if (forward_endpoint (self, to->node, to->actor, owner, sizeof owner)) {
        meta.given |= META_owner;
        meta.owner = bytes_str (owner);
    }
    if (record->sum)
        sum_answer (record->sum, record->partition, NULL);
    else {
        wire_reply (&record->group->replies, record->client_id, ZGRID_MOVED, value_nil (), 0, &meta);
        record->group->said++;
    }
    record_end (self, record, now);
}

//  A page of a scan through all partitions: where this one ends, the next begins. False: there is
//  nothing in it, and the next one has been asked.
static bool
s_page (forward_t *self, record_t *record, const reply_t *reply)
{
    meta_t meta;
    scan_t scan;
    if (!meta_decode (reply->meta, &meta))
        meta.given = 0;
    if (reply->status == ZGRID_OK && (meta.given & META_cursor)) {
        meta.cursor = split_cursor (meta.cursor, record->partition, record->stride, self->view->partitions);
        bool empty = reply->value.kind == VALUE_TREE && reply->value.bytes.size == 1;
        if (empty && meta.cursor && split_scan (meta.cursor, self->view->partitions, &scan)
            && record_aim (self, record, scan.partition)) {
            record->cursor = scan.cursor;
            return false;
        }
    }
    wire_reply (&record->group->replies, record->client_id, reply->status, reply->value, reply->version,
                &meta);
    record->group->said++;
    return true;
}

static void
s_finish (forward_t *self, record_t *record, const reply_t *reply, bytes_t raw, uint64_t now)
{
    if (record->sum)
        sum_answer (record->sum, record->partition, reply);
    else if (record->by_cursor) {
        if (!s_page (self, record, reply))
            return;
    } else
        group_reply_raw (self, record->group, record->client_id, raw, !record->write);
    record_end (self, record, now);
}

//  ------------------------------------------------------------------------------------------------
//  Refusals

//  5, 10, 20, 40, 80, 160, 200 milliseconds
static uint64_t
s_backoff (record_t *record)
{
    uint64_t pause = RETRY_FIRST_MS << (record->tries < 6 ? record->tries : 6);
    if (record->tries < UINT8_MAX)
        record->tries++;
    return pause < RETRY_MOST_MS ? pause : RETRY_MOST_MS;
}

//  The owner that MOVED names, if this node knows it.
static void
s_hint (const forward_t *self, record_t *record, const meta_t *meta)
{
    char text[VIEW_HOST_MAX + 16];
    if (!(meta->given & META_owner) || record->stays)
        return;
    for (uint32_t at = 0; at < self->targets_count; at++) {
        const target_t *target = &self->targets[at];
        if (forward_endpoint (self, target->node, target->actor, text, sizeof text)
            && bytes_equal (bytes_str (text), meta->owner)) {
            record->hint = target->node;
            record->hint_actor = target->actor;
            return;
        }
    }
}

static bool
s_is_where_it_was (const record_t *record, node_id_t node, uint32_t actor)
{
    return node == record->sent_to && actor == record->sent_actor;
}

//  The view here may be older than the owner's, or newer: who is named is asked, but not in a circle.
static void
s_moved (forward_t *self, record_t *record, const meta_t *meta, uint64_t now)
{
    uint32_t index = self->owned[record->partition].target;
    const target_t *target = index < TARGET_PENDING ? &self->targets[index] : NULL;
    if (record->hops < S_HOPS_MAX) {
        record->hops++;
        s_hint (self, record, meta);
        if (s_is_where_it_was (record, record->hint, record->hint_actor))
            record->hint = 0;
        if (record->hint || (target && !s_is_where_it_was (record, target->node, target->actor))) {
            record_due (self, record);
            return;
        }
    }
    record_delay (self, record, now + s_backoff (record));
}

//  Refused, and certainly not executed by this sending.
static void
s_refused (forward_t *self, record_t *record, const reply_t *reply, uint64_t now)
{
    meta_t meta;
    if (!meta_decode (reply->meta, &meta))
        meta.given = 0;
    record->again = true;
    if (record->state == RECORD_DUE)
        return; // On its way again already
    switch (reply->status) {
        case ZGRID_MOVED:
            self->stats.moved++;
            s_moved (self, record, &meta, now);
            break;
        case ZGRID_UNAVAILABLE:
            record_unavailable (self, record, false, now);
            break;
        default: {
            uint64_t pause = s_backoff (record);
            if (meta.given & META_retry)
                pause = meta.retry < S_RETRY_MOST ? meta.retry : S_RETRY_MOST;
            record_delay (self, record, now + pause);
        }
    }
}

//  A session of our own is no longer remembered. What never ran may run under another one.
static void
s_expired_session (forward_t *self, record_t *record, uint64_t now)
{
    if (record->unknown) {
        s_expire (self, record, now);
        return;
    }
    self->owned[record->partition].own[record->waits].has_session = false;
    own_remove (self, record);
    table_remove (&self->sent, &record->link);
    record->wire_id = 0;
    if (record->state != RECORD_DUE)
        record_delay (self, record, now + s_backoff (record));
}

//  ------------------------------------------------------------------------------------------------
//  Replies

static bool
s_is_refusal (unsigned status)
{
    return status == ZGRID_MOVED || status == ZGRID_TRYAGAIN || status == ZGRID_BUSY
           || status == ZGRID_UNAVAILABLE;
}

static void
s_answer (forward_t *self, record_t *record, const reply_t *reply, bytes_t raw, uint64_t now)
{
    unsigned status = reply->status;
    forward_note_silence (self, record, false, now);
    bool refused = s_is_refusal (status) || status == ZGRID_TIMEOUT || status == ZGRID_SESSION_EXPIRED;
    if (refused && record->unknown && !record->counted) {
        record->unknown--;
        record->counted = true;
    }
    if (status != ZGRID_UNAVAILABLE)
        record->refused_since = 0;
    if (s_is_refusal (status))
        record->last_status = status;
    if (s_is_refusal (status) && !(record->stays && status == ZGRID_MOVED))
        s_refused (self, record, reply, now);
    else if (status == ZGRID_TIMEOUT)
        s_expire (self, record, now);
    else if (record->session_own && status == ZGRID_SESSION_EXPIRED)
        s_expired_session (self, record, now);
    else if (record->session_own && status == ZGRID_STALE_REQUEST)
        record_fail (self, record, ZGRID_MAYBE, "the owner does not remember the request", now);
    else if (record->write && status == ZGRID_MAYBE) { // Asked again, the same id says what came of it
        if (record->state != RECORD_DUE)
            record_delay (self, record, now + s_backoff (record));
    } else
        s_finish (self, record, reply, raw, now);
}

static record_t *
s_find (const forward_t *self, uint64_t mark, uint64_t id)
{
    for (link_t *link = table_find (&self->sent, table_hash (mark, id)); link; link = table_next (link)) {
        record_t *record = (record_t *) link;
        if (record->mark == mark && record->wire_id == id)
            return record;
    }
    return NULL;
}

void
forward_receive (forward_t *self, uint64_t mark, bytes_t body, uint64_t now)
{
    mp_t reader;
    reply_t reply;
    wire_step_t step = WIRE_BROKEN;
    if (wire_open (body, &reader))
        for (;;) {
            const uint8_t *start = reader.at;
            if ((step = wire_next_reply (&reader, &reply)) != WIRE_RECORD)
                break;
            record_t *record = s_find (self, mark, reply.id);
            if (record)
                s_answer (self, record, &reply, bytes_of (start, (size_t) (reader.at - start)), now);
            else
                self->stats.late++;
        }
    self->stats.broken += step == WIRE_BROKEN;
}

void
forward_give (forward_t *self, uint64_t number, bytes_t raw, uint64_t now)
{
    record_t *record = s_find (self, number, number);
    if (record && record->state == RECORD_OUTSIDE) {
        group_reply_raw (self, record->group, record->client_id, raw, false);
        record_end (self, record, now);
    } else
        self->stats.late++;
}

void
forward_wake (forward_t *self, uint64_t now)
{
    while (self->wakes.count && self->wakes.records[0]->wake <= now) {
        record_t *record = self->wakes.records[0];
        if (now >= record->deadline) {
            s_expire (self, record, now);
            continue;
        }
        if (record->state == RECORD_SENT) {
            record->tries += record->tries < UINT8_MAX;
            record->again = true;
            if (!record->waits)
                forward_note_silence (self, record, true, now);
        }
        record_due (self, record);
        record_wake (self, record, record->deadline);
    }
}

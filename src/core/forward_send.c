//  forward_send: what is due goes to its owners, as many records in one body as belong together.
//  SPDX-License-Identifier: MPL-2.0
#include "forward_impl.h"
#include "mem.h"

//  A map in ap mode is served by every replica: where the primary is not heard, by this node's own copy
//  or another one.
static uint32_t
s_replica (const forward_t *self, const record_t *record, uint64_t now)
{
    uint32_t primary = self->owned[record->partition].target, found = primary;
    if (primary < TARGET_PENDING && now >= self->targets[primary].silent_until)
        return primary;
    const part_t *part = &self->view->parts[record->partition];
    for (uint32_t at = 0; at < part->reps_count; at++) {
        const member_t *member = view_member (self->view, part->reps[at]);
        uint32_t target;
        if (!member || member->actors == 0
            || (member->status == MEMBER_SUSPECT && member->id != self->config.self)
            || !forward_find_target (self, member->id, record->partition % member->actors, &target))
            continue;
        if (member->id == self->config.self)
            return target;
        if (now >= self->targets[target].silent_until)
            found = target;
    }
    return found;
}

uint32_t
record_target (const forward_t *self, const record_t *record, uint64_t now)
{
    uint32_t target;
    if (record->hint && forward_find_target (self, record->hint, record->hint_actor, &target))
        return target;
    return record->ap ? s_replica (self, record, now) : self->owned[record->partition].target;
}

//  ------------------------------------------------------------------------------------------------
//  Sessions of our own

//  A write whose client has none is sent under one of the partition's, so that what another partition
//  leaves unanswered does not pin what this one remembers. False: none can be had.
static bool
s_take_session (forward_t *self, record_t *record)
{
    own_t *own = &self->owned[record->partition].own[record->waits];
    if (!own->has_session || own->era != self->view->era) {
        if (!self->port.session (self->port.arg, own->session))
            return false;
        own->has_session = true;
        own->era = self->view->era;
    }
    memcpy (record->session, own->session, SESSION_SIZE);
    record->session_own = true;
    record->own_prev = own->last;
    record->own_next = NULL;
    *(own->last ? &own->last->own_next : &own->first) = record;
    own->last = record;
    return true;
}

static bool
s_is_known (const forward_t *self, uint64_t mark, uint64_t id)
{
    uint64_t hash = table_hash (mark, id);
    for (link_t *link = table_find (&self->sent, hash); link; link = table_next (link)) {
        const record_t *record = (const record_t *) link;
        if (record->mark == mark && record->wire_id == id)
            return true;
    }
    return false;
}

//  Gives a record the id under which it is sent, each time. One with its client's session keeps the
//  client's, and the mark tells it from those of others. Ids of a session of our own grow, as they are
//  given when a record is first sent.
static bool
s_name (forward_t *self, record_t *record)
{
    if (record->wire_id)
        return true;
    if (record->session_given && record->write) {
        record->wire_id = record->client_id;
        record->mark = record->sum ? ++self->last_number : record->group->number;
        if (s_is_known (self, record->mark, record->wire_id))
            record->mark = ++self->last_number;
    } else {
        if (record->write && !s_take_session (self, record))
            return false;
        record->wire_id = ++self->last_number;
    }
    record->link.hash = table_hash (record->mark, record->wire_id);
    table_add (&self->sent, &record->link);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Bytes

static void
s_add_number (buf_t *out, const char *name, uint64_t number)
{
    wire_add_text (out, name);
    wire_add_uint (out, number);
}

static void
s_encode (const forward_t *self, const record_t *record, uint64_t now, buf_t *out)
{
    const own_t *own = &self->owned[record->partition].own[record->waits];
    uint32_t pairs = record->pair_count + (record->write ? 3u + record->ap : 0) + record->by_partition
                     + record->by_cursor + record->waits;
    uint8_t elements = record->elements;
    wire_add_array (out, pairs ? 6 : elements + 1u);
    wire_add_uint (out, record->wire_id);
    buf_add (out, record->data, record->elements_size);
    if (pairs == 0)
        return;
    static const uint8_t s_nil = 0xc0;
    while (elements++ < 4)
        buf_add (out, &s_nil, 1);
    wire_add_map (out, pairs);
    buf_add (out, record->data + record->elements_size, record->pairs_size);
    if (record->by_partition)
        s_add_number (out, "partition", record->partition);
    if (record->by_cursor)
        s_add_number (out, "cursor", record->cursor);
    if (record->waits)
        s_add_number (out, "wait", record->wait_until > now ? record->wait_until - now : 0);
    if (!record->write)
        return;
    wire_add_text (out, "session");
    wire_add_bytes (out, bytes_of (record->session, SESSION_SIZE));
    s_add_number (out, "ack", record->session_own ? own->first->wire_id : record->ack);
    s_add_number (out, "deadline", record->deadline - now);
    //  Nobody knows sessions in an ap map: what comes out of a cut late, and was answered elsewhere, must
    //  not be the last write then
    if (record->ap)
        s_add_number (out, "epoch", self->view->parts[record->partition].epoch);
}

//  ------------------------------------------------------------------------------------------------
//  Bodies

//  Takes from the front of a target's list what goes into one body: what has the same mark. A body has one
//  answer, so what is answered late goes alone. Returns the last record of it.
static record_t *
s_fill (forward_t *self, const target_t *target, uint64_t now, uint32_t *count)
{
    record_t *last = NULL;
    buf_reset (&self->body);
    wire_begin (&self->body);
    *count = 0;
    for (record_t *record = target->first; record; record = record->due_next) {
        uint64_t size = record->elements_size + record->pairs_size + 96;
        bool full = *count >= self->config.body_records || self->body.size + size > self->config.body_bytes;
        if (last && (full || record->mark != last->mark || record->waits || last->waits))
            break;
        s_encode (self, record, now, &self->body);
        last = record;
        ++*count;
    }
    return last;
}

static void
s_note_sent (forward_t *self, record_t *record, const target_t *target, uint64_t now)
{
    self->stats.sent++;
    self->stats.resent += record->sent;
    record->sent = true;
    record->epoch = self->view->parts[record->partition].epoch;
    record->unknown++;
    record->counted = false;
    record->sent_to = target->node;
    record->sent_actor = target->actor;
    record->hint = 0;
    record->state = RECORD_SENT;
    unsigned shift = record->tries < 3 ? record->tries : 3;
    record_wake (self, record, now + (self->config.silence << shift));
}

static void
s_send_target (forward_t *self, target_t *target, uint64_t now)
{
    while (target->first) {
        uint32_t count;
        record_t *last = s_fill (self, target, now, &count);
        bool taken = !self->body.failed
                     && self->port.send (self->port.arg, target->node, target->actor, last->mark,
                                         buf_bytes (&self->body));
        self->stats.bodies += taken;
        record_t *record = target->first;
        target->first = last->due_next;
        last->due_next = NULL;
        for (record_t *next; record; record = next) {
            next = record->due_next;
            record->due_next = record->due_prev = NULL;
            if (taken)
                s_note_sent (self, record, target, now);
            else
                record_delay (self, record, now + RETRY_FIRST_MS);
        }
    }
    target->last = NULL;
    if (self->body.room > 4 * self->config.body_bytes)
        buf_clear (&self->body);
}

//  Puts a record that is due on the list of its target, which is now among those with something to send.
static void
s_assign (forward_t *self, record_t *record, uint32_t target, target_t **with)
{
    target_t *to = &self->targets[target];
    if (!to->first) {
        to->next = *with;
        *with = to;
    }
    record->due_prev = NULL;
    record->due_next = NULL;
    *(to->last ? &to->last->due_next : &to->first) = record;
    to->last = record;
}

void
forward_flush (forward_t *self, uint64_t now)
{
    target_t *with = NULL;
    record_t *record;
    while ((record = self->due_first)) {
        due_remove (self, record);
        record->state = RECORD_DELAYED; // Unless it is sent
        uint32_t target = record_target (self, record, now);
        if (now >= record->deadline)
            record_wake (self, record, now);
        else if (target == TARGET_NONE || target == TARGET_PENDING)
            record_unavailable (self, record, target == TARGET_NONE, now);
        else if (record->stays && self->targets[target].node != self->config.self)
            record_moved (self, record, target, now);
        else if (!s_name (self, record))
            record_delay (self, record, now + RETRY_MOST_MS);
        else
            s_assign (self, record, target, &with);
    }
    for (; with; with = with->next)
        s_send_target (self, with, now);
}

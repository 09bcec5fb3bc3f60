//  replica_primary: a partition's primary: what it sends to the other copies, and what it makes of their
//  answers.
//  SPDX-License-Identifier: MPL-2.0
#include "../status.h"
#include "../storage_impl.h"

static copy_t *
s_copy (partition_t *part, node_id_t id)
{
    for (unsigned at = 0; at < part->others_count; at++)
        if (part->others[at].id == id)
            return &part->others[at];
    return part->learner.id == id ? &part->learner : NULL;
}

static bool
s_is_learner (const partition_t *part, const copy_t *copy)
{
    return copy == &part->learner;
}

//  ------------------------------------------------------------------------------------------------
//  Sending

static void
s_send_entries (storage_t *self, partition_t *part, copy_t *copy, uint32_t count, bytes_t slice)
{
    buf_t *out = replica_out (self, part, copy->id, copy->actor, PEER_REPL, 5);
    if (!out)
        return;
    wire_add_uint (out, s_is_learner (part, copy) ? replica_snapshot_id (part) : 0);
    wire_add_uint (out, copy->sent + 1);
    wire_add_uint (out, count);
    wire_add_uint (out, part->commit);
    wire_add_bytes (out, slice);
}

//  A large entry goes in parts, a few of them ahead of what was acknowledged. False: more is to come
//  after the next acknowledgement.
static bool
s_send_parts (storage_t *self, partition_t *part, copy_t *copy, bytes_t entry)
{
    if (copy->part_sent < copy->part)
        copy->part_sent = copy->part;
    while (copy->part_sent < entry.size
           && copy->part_sent - copy->part < REPLICA_PARTS * REPLICA_MESSAGE_MAX) {
        size_t left = entry.size - copy->part_sent;
        size_t size = left < REPLICA_MESSAGE_MAX ? left : REPLICA_MESSAGE_MAX;
        buf_t *out = replica_out (self, part, copy->id, copy->actor, PEER_REPL_PART, 6);
        if (!out)
            return false;
        wire_add_uint (out, s_is_learner (part, copy) ? replica_snapshot_id (part) : 0);
        wire_add_uint (out, copy->sent + 1);
        wire_add_uint (out, copy->part_sent);
        wire_add_uint (out, entry.size);
        wire_add_uint (out, part->commit);
        wire_add_bytes (out, bytes_of (entry.data + copy->part_sent, size));
        copy->part_sent += size;
    }
    return copy->part_sent == entry.size;
}

//  Everything that was not sent yet; with nothing of that, the commit alone if `even_empty`.
static void
s_send_to (storage_t *self, partition_t *part, copy_t *copy, bool even_empty, uint64_t now)
{
    if (copy->sent < part->log.base) // It was trimmed already: the copy has it, or can never follow
        copy->sent = copy->ack;
    if (copy->sent < part->log.base)
        return;
    uint64_t last = oplog_last (&part->log);
    bool any = false;
    while (copy->sent < last) {
        bytes_t slice;
        uint32_t count = oplog_slice (&part->log, copy->sent + 1, REPLICA_MESSAGE_MAX, &slice);
        any = true;
        if (slice.size > REPLICA_MESSAGE_MAX) {
            if (!s_send_parts (self, part, copy, slice))
                break;
        } else
            s_send_entries (self, part, copy, count, slice);
        copy->sent += count;
    }
    if (!any && even_empty)
        s_send_entries (self, part, copy, 0, bytes_of (NULL, 0));
    if (any || even_empty) {
        copy->sent_at = now;
        copy->commit_sent = part->commit;
    }
}

static void
s_send_new_epoch (storage_t *self, partition_t *part, copy_t *copy, uint64_t now)
{
    buf_t *out = replica_out (self, part, copy->id, copy->actor, PEER_NEW_EPOCH, 3);
    if (!out)
        return;
    wire_add_uint (out, part->tenure);
    wire_add_uint (out, part->tenure_start);
    wire_add_uint (out, part->commit);
    copy->sent_at = now;
}

void
replica_send (storage_t *self, partition_t *part, uint64_t now)
{
    for (unsigned at = 0; at < part->others_count; at++) {
        copy_t *copy = &part->others[at];
        if (copy->synced)
            s_send_to (self, part, copy, false, now);
        else if (copy->sent_at == 0)
            s_send_new_epoch (self, part, copy, now);
    }
    if (replica_learns (part))
        s_send_to (self, part, &part->learner, false, now);
}

//  ------------------------------------------------------------------------------------------------
//  Answers

void
replica_new_epoch_ack (storage_t *self, partition_t *part, node_id_t from, uint64_t last, uint64_t now)
{
    copy_t *copy = s_copy (part, from);
    if (!copy || s_is_learner (part, copy) || last > part->sequence)
        return;
    copy->heard_at = now;
    if (copy->synced || last < part->log.base) // Too far behind for this log: it will be removed
        return;
    copy->synced = true;
    copy->ack = copy->sent = last;
    copy->part = copy->part_sent = 0;
    copy->progress_at = now;
    replica_touch (self, part);
    replica_advance (self, part, now);
}

void
replica_ack (storage_t *self, partition_t *part, uint64_t epoch, node_id_t from, const uint64_t *fields,
             uint64_t now)
{
    uint64_t snapshot = fields[0], last = fields[1], bytes = fields[2], commit = fields[3];
    //  Consistency 5, rule 5: of this epoch, from those that completed NEW_EPOCH for it
    if (!HOLDS (ack_epoch, epoch == part->epoch))
        return;
    copy_t *copy = s_copy (part, from);
    if (!copy || last > part->sequence)
        return;
    if (s_is_learner (part, copy) ? !replica_learns (part) || snapshot != replica_snapshot_id (part)
                                  : !copy->synced && !LEFT_OUT (ack_epoch))
        return;
    copy->heard_at = now;
    if (commit > copy->commit_has)
        copy->commit_has = commit;
    if (last > copy->ack || (last == copy->ack && bytes > copy->part)) {
        copy->progress_at = now;
        copy->part = bytes;
    }
    if (last > copy->ack) {
        copy->ack = last;
        if (copy->sent < last)
            copy->sent = last;
        copy->part_sent = bytes;
    }
    if (copy->sent < part->sequence)
        replica_touch (self, part);
    replica_advance (self, part, now);
}

//  ------------------------------------------------------------------------------------------------
//  Time

//  Bytes on their way take their time: a millisecond for 64 KiB.
static uint64_t
s_patience (const partition_t *part)
{
    return oplog_size (&part->log) >> 16;
}

//  How long a copy that has every entry is left alone.
static uint64_t
s_pause (const storage_t *self, const partition_t *part, const copy_t *copy)
{
    return copy->commit_has < part->commit || !copy->up ? self->config.resend : REPLICA_IDLE;
}

//  Sends again what was not acknowledged in time. True if something is under way.
static bool
s_tick_copy (storage_t *self, partition_t *part, copy_t *copy, uint64_t now)
{
    uint64_t resend = self->config.resend;
    if (!copy->synced && !s_is_learner (part, copy)) {
        if (now - copy->sent_at >= resend)
            s_send_new_epoch (self, part, copy, now);
        return true;
    }
    bool behind = copy->ack < part->sequence;
    if (!behind)
        copy->progress_at = now;
    if (behind && now - copy->sent_at >= resend + s_patience (part)) {
        copy->sent = copy->ack;
        copy->part_sent = copy->part;
        s_send_to (self, part, copy, false, now);
    } else if (copy->commit_sent < part->commit ? now - copy->sent_at >= resend / 2
                                                : now - copy->sent_at >= s_pause (self, part, copy))
        s_send_to (self, part, copy, true, now); // The commit alone
    return behind || copy->commit_has < part->commit;
}

//  Consistency 5, rule 7: a backup that is silent, or makes no progress, is to be removed. Only the
//  primary asks for it.
static void
s_check_copy (storage_t *self, partition_t *part, const copy_t *copy, uint64_t now)
{
    uint64_t silence = self->config.silence + s_patience (part);
    bool stuck = now - copy->progress_at > silence;
    //  One that is idle is heard every second
    bool gone = now - copy->heard_at > (copy->up ? silence + 2 * REPLICA_IDLE : silence);
    if ((stuck || gone) && replica_lease (self, now))
        replica_ask (self, part, PEER_RECONF, copy->id, now);
}

//  Consistency 8: sessions older than the era before are forgotten, by a logged effect.
static void
s_raise_floor (storage_t *self, partition_t *part)
{
    uint32_t era = self->cluster.view->era;
    if (era < 2 || part->sessions.floor >= era - 1 || !replica_serves (self, part)
        || replica_full (self, part))
        return;
    if (part->streaming) {
        if (!oplog_open (&part->log, EFFECT_HEAD + EFFECT_CHANGE_HEAD))
            return;
        buf_t *out = oplog_bytes (&part->log);
        size_t begin = effect_begin (out);
        bytes_t none = bytes_of (NULL, 0);
        effect_change (out, CHANGE_FLOOR, none, none, none, none, era - 1);
        effect_end (out, begin);
        oplog_close (&part->log);
        replica_touch (self, part);
    }
    part->sequence++;
    sessions_raise_floor (&part->sessions, era - 1);
}

bool
replica_tick (storage_t *self, partition_t *part, uint64_t now)
{
    bool busy = false;
    s_raise_floor (self, part);
    for (unsigned at = 0; at < part->others_count; at++) {
        copy_t *copy = &part->others[at];
        busy = s_tick_copy (self, part, copy, now) || busy;
        s_check_copy (self, part, copy, now);
    }
    if (replica_learns (part))
        s_tick_copy (self, part, &part->learner, now);
    if (part->learner.id)
        replica_snapshot_tick (self, part, now);
    busy = replica_handover_tick (self, part, now) || part->learner.id || busy;
    replica_advance (self, part, now);
    return busy || part->waits.count;
}

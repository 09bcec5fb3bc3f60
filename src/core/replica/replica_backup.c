//  replica_backup: a partition's backup or learner: it keeps what the primary sends in its log, and
//  brings it into the tables once it is committed.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>

#include "../storage_impl.h"

bool
replica_apply (storage_t *self, partition_t *part, uint64_t upto, uint64_t now)
{
    if (upto > part->sequence)
        upto = part->sequence;
    while (part->commit < upto) {
        uint64_t seq = part->commit + 1;
        if (seq > part->log.base
            && !replica_apply_entry (self, part, oplog_entry (&part->log, seq), seq, now))
            break;
        part->commit = seq;
        //  A primary that is taking over needs the entries for the other copies; see replica_view.c
        if (part->role != ROLE_PRIMARY)
            oplog_drop (&part->log, seq);
    }
    return part->commit >= upto;
}

void
replica_send_ack (storage_t *self, partition_t *part)
{
    buf_t *out = replica_out (self, part, part->primary, replica_actor (self, part, part->primary),
                              PEER_REPL_ACK, 4);
    if (!out)
        return;
    wire_add_uint (out, replica_learn_id (part));
    wire_add_uint (out, part->sequence);
    wire_add_uint (out, part->part_seq == part->sequence + 1 ? part->part.size : 0);
    wire_add_uint (out, part->commit);
}

void
replica_new_epoch (storage_t *self, partition_t *part, uint64_t tenure, uint64_t tenure_start,
                   uint64_t commit, uint64_t now)
{
    if (part->broken)
        return;
    //  Consistency 7: truncated once in a tenure, at the tenure's start
    bool first = part->synced_tenure < tenure;
    if ((first || LEFT_OUT (tenure_once)) && tenure_start >= part->log.base) {
        assert (part->commit <= tenure_start || LEFT_OUT (tenure_once) || LEFT_OUT (tenure_start)
                || LEFT_OUT (commit_all) || LEFT_OUT (promote_in_sync_all) || LEFT_OUT (apply_committed)
                || LEFT_OUT (repl_epoch) || LEFT_OUT (promote_in_sync) || LEFT_OUT (join_counts)
                || LEFT_OUT (ack_epoch) || LEFT_OUT (seal) || LEFT_OUT (lease));
        if (tenure_start < part->sequence) {
            oplog_truncate (&part->log, tenure_start);
            part->sequence = tenure_start;
        }
        part->part_seq = 0;
        buf_reset (&part->part);
        part->synced_tenure = tenure;
    }
    part->synced_epoch = part->epoch;
    if (commit > part->told_commit)
        part->told_commit = commit;
    replica_apply (self, part, part->told_commit, now);
    buf_t *out = replica_out (self, part, part->primary, replica_actor (self, part, part->primary),
                              PEER_NEW_EPOCH_ACK, 1);
    if (out)
        wire_add_uint (out, part->sequence);
}

//  What is committed comes into the tables when the turn ends: then the misses of many partitions overlap.
//  The rule left out: all that is there.
static void
s_take_commit (partition_t *part, uint64_t commit)
{
    if (commit > part->told_commit)
        part->told_commit = commit;
    if (LEFT_OUT (apply_committed) && part->sequence > part->told_commit)
        part->told_commit = part->sequence;
}

#define S_GROUP 16

//  Entries of some partitions, one after the other.
typedef struct {
    storage_t *storage;
    const uint32_t *locals;
    uint32_t count;
    uint32_t at;  // Whose turn it is
    uint64_t seq; // Its next entry; 0: not begun
} s_walk_t;

typedef struct {
    partition_t *part;
    uint64_t seq;
    replica_ahead_t ahead;
} s_due_t;

//  The next entry that may come into the tables. False: there is none.
static bool
s_next_due (s_walk_t *walk, s_due_t *due)
{
    for (; walk->at < walk->count; walk->at++, walk->seq = 0) {
        partition_t *part = &walk->storage->partitions[walk->locals[walk->at]];
        if (part->role != ROLE_BACKUP && part->role != ROLE_LEARNER)
            continue;
        if (walk->seq == 0)
            walk->seq = part->commit + 1;
        if (walk->seq > part->told_commit || walk->seq > part->sequence)
            continue;
        due->part = part;
        due->seq = walk->seq++;
        return true;
    }
    return false;
}

void
replica_apply_told (storage_t *self, const uint32_t *locals, uint32_t count, uint64_t now)
{
    s_walk_t walk = { .storage = self, .locals = locals, .count = count };
    s_due_t dues[S_GROUP];
    uint32_t taken = S_GROUP;
    while (taken == S_GROUP) {
        for (taken = 0; taken < S_GROUP && s_next_due (&walk, &dues[taken]); taken++)
            replica_look_ahead (self, dues[taken].part, dues[taken].seq, &dues[taken].ahead);
        for (uint32_t at = 0; at < taken; at++) {
            replica_ahead_t *ahead = &dues[at].ahead;
            if (ahead->store)
                index_prefetch_entry (&ahead->store->index, ahead->hash, &ahead->hint);
        }
        for (uint32_t at = 0; at < taken; at++) // Without memory they stay in the log
            replica_apply (self, dues[at].part, dues[at].seq, now);
    }
}

void
replica_entries (storage_t *self, partition_t *part, uint64_t first, uint64_t count, bytes_t entries,
                 uint64_t commit)
{
    replica_touch (self, part); // Acknowledge, whatever it was
    for (uint64_t at = 0; at < count; at++) {
        effect_t effect;
        if (!effect_open (entries, &effect)) {
            self->stats.peer_refused++;
            break;
        }
        //  What is known already is passed over; a gap ends it, and the primary sends again
        if (first + at > part->sequence + 1)
            break;
        if (first + at == part->sequence + 1) {
            //  A copy that cannot apply takes no more than two windows
            if (oplog_size (&part->log) > 2 * self->config.log_bytes && part->log.count > 1)
                break;
            if (!oplog_append (&part->log, effect.entry))
                break;
            part->sequence++;
        }
        entries = bytes_of (entries.data + effect.entry.size, entries.size - effect.entry.size);
    }
    s_take_commit (part, commit);
}

void
replica_part (storage_t *self, partition_t *part, uint64_t seq, uint64_t offset, uint64_t total,
              bytes_t bytes, uint64_t commit)
{
    replica_touch (self, part);
    if (seq != part->sequence + 1
        || total > (uint64_t) self->config.value_max + self->config.key_max + (1u << 20) || bytes.size > total
        || offset > total - bytes.size)
        return;
    if (part->part_seq != seq || part->part_total != total) {
        buf_reset (&part->part);
        part->part_seq = seq;
        part->part_total = total;
    }
    if (offset == part->part.size)
        buf_add (&part->part, bytes.data, bytes.size);
    if (part->part.failed) { // From the beginning, when there is memory
        buf_clear (&part->part);
        part->part_seq = 0;
        return;
    }
    if (part->part.size < total)
        return;
    effect_t effect;
    if (!effect_open (buf_bytes (&part->part), &effect) || effect.entry.size != total)
        self->stats.peer_refused++;
    else if (oplog_append (&part->log, effect.entry))
        part->sequence++;
    buf_clear (&part->part);
    part->part_seq = 0;
    s_take_commit (part, commit);
}

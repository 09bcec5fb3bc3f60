//  replica: what primaries, backups and learners have in common; see replica.h.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../status.h"
#include "../storage_impl.h"

bool
replica_lease (const storage_t *self, uint64_t now)
{
    const cluster_side_t *cluster = &self->cluster;
    if (cluster->alone)
        return true;
    uint64_t generation = cluster->generation;
    //  Consistency 4: the lease was renewed in a generation; another one says nothing about this view
    if (LEFT_OUT (lease_view))
        generation = atomic_load (&((lease_t *) (uintptr_t) cluster->lease)->word);
    return HOLDS (lease, lease_valid (cluster->lease, generation, now));
}

bool
replica_serves (const storage_t *self, const partition_t *part)
{
    if (self->cluster.alone)
        return true;
    return part->role == ROLE_PRIMARY && !replica_sealed (part) && replica_lease (self, self->cluster.now);
}

bool
replica_full (const storage_t *self, const partition_t *part)
{
    //  An empty log takes one entry of any size (consistency 5, rule 6)
    return part->log.count
           && (part->log.count >= self->config.log_records
               || oplog_size (&part->log) >= self->config.log_bytes);
}

void
replica_touch (storage_t *self, partition_t *part)
{
    if (part->dirty)
        return;
    part->dirty = true;
    self->cluster.dirty[self->cluster.dirty_count++] = (uint32_t) (part - self->partitions);
}

void
replica_share (storage_t *self, partition_t *part)
{
    if (self->cluster.alone)
        shared_word_serve (part->shared, self->cluster.generation, SHARED_COMMIT_ALL, 0);
    else if (part->role == ROLE_PRIMARY && !replica_sealed (part))
        shared_word_serve (part->shared, self->cluster.generation, part->commit, part->removed);
    else
        shared_word_stop (part->shared);
}

//  ------------------------------------------------------------------------------------------------
//  Replies that wait

//  What is said instead of a reply that will never be known here.
static void
s_replace (void *arg, const mark_t *mark, buf_t *out)
{
    storage_t *self = arg;
    //  It may be committed by the next owner: nobody may take it for refused. Under a session the same
    //  id tells what came of it
    if (mark->kind != MARK_READ) {
        wire_reply_error (out, mark->id, ZGRID_MAYBE, "its owner changed before it was committed");
        return;
    }
    meta_t meta = { .given = META_retry, .retry = 10 };
    (void) self;
    wire_reply (out, mark->id, ZGRID_TRYAGAIN, value_nil (), 0, &meta);
}

//  Sends what of a held reply may leave.
static void
s_send (storage_t *self, held_t *held)
{
    cluster_side_t *cluster = &self->cluster;
    bytes_t before[HELD_FRAMES_MAX];
    size_t count = held_before (held, before);
    buf_reset (&cluster->body);
    if (held_build (held, s_replace, self, &cluster->body) && !cluster->body.failed) {
        bytes_t frame = buf_bytes (&cluster->body);
        cluster->port.release (cluster->port.arg, held_tag (held), before, count, &frame, 1,
                               held_records (held));
    } else if (cluster->body.failed)
        self->stats.dropped++;
    if (cluster->body.room > 1u << 20)
        buf_clear (&cluster->body);
}

void
replica_release (storage_t *self, held_t *held)
{
    s_send (self, held);
    held_destroy (&self->cluster.held, held);
}

//  Takes waits from the front of a queue.
static void
s_settle (storage_t *self, waits_t *waits, held_state_t state)
{
    wait_t wait = waits->waits[waits->first];
    waits->first = (waits->first + 1) & (waits->room - 1);
    waits->count--;
    if (held_settle (wait.held, wait.item, state))
        replica_release (self, wait.held);
}

void
replica_abandon (storage_t *self, partition_t *part)
{
    while (part->waits.count)
        s_settle (self, &part->waits, HELD_REPLACE);
}

//  Those that are late go without what is missing; after a long time nothing is waited for.
static void
s_late (storage_t *self, uint64_t now)
{
    for (held_t *held = self->cluster.held.first, *next; held; held = next) {
        next = held_next (held);
        uint64_t age = now > held_since (held) ? now - held_since (held) : 0;
        if (age < REPLICA_LATE)
            break; // The rest came later
        if (age >= REPLICA_GIVE_UP)
            held_give_up (held);
        bytes_t before[HELD_FRAMES_MAX];
        //  REQ expects one message: with an envelope all leave together
        if (age >= REPLICA_GIVE_UP || held_before (held, before) == 1)
            s_send (self, held);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Commit

static uint64_t
s_majority (const partition_t *part)
{
    uint64_t acks[VIEW_REPS_MAX] = { part->sequence };
    unsigned count = 1;
    for (unsigned at = 0; at < part->others_count; at++) {
        uint64_t ack = part->others[at].synced ? part->others[at].ack : 0;
        unsigned place = count++;
        for (; place && acks[place - 1] < ack; place--)
            acks[place] = acks[place - 1];
        acks[place] = ack;
    }
    return acks[(count - 1) / 2];
}

//  Consistency 5, rule 5: what every copy in sync has, and the newcomer that has asked to join (9, rule 4).
static uint64_t
s_commit (const storage_t *self, const partition_t *part, uint64_t now)
{
    uint64_t commit = part->sequence;
    if (LEFT_OUT (commit_all))
        return commit;
    if (LEFT_OUT (promote_in_sync_all))
        return s_majority (part);
    for (unsigned at = 0; at < part->others_count; at++) {
        const copy_t *copy = &part->others[at];
        uint64_t ack = copy->synced || LEFT_OUT (ack_epoch) ? copy->ack : 0;
        commit = ack < commit ? ack : commit;
    }
    if (replica_joins (part) && !LEFT_OUT (join_counts))
        commit = part->learner.ack < commit ? part->learner.ack : commit;
    //  A single copy commits at once, but only under a lease
    if (part->others_count == 0 && !replica_lease (self, now))
        return part->commit;
    return commit;
}

//  Entries that everybody has are forgotten; the learner counts, so that the log need not be sent anew.
static void
s_trim (partition_t *part)
{
    uint64_t upto = part->commit;
    if (part->sender && part->learner.ack < upto)
        upto = part->learner.ack;
    oplog_drop (&part->log, upto);
}

void
replica_advance (storage_t *self, partition_t *part, uint64_t now)
{
    if (part->role != ROLE_PRIMARY)
        return;
    uint64_t commit = s_commit (self, part, now);
    if (commit > part->commit) {
        for (uint64_t seq = part->commit + 1; self->feeding && seq <= commit; seq++)
            if (seq > part->log.base && seq <= oplog_last (&part->log))
                replica_feed_entry (self, part, seq, oplog_entry (&part->log, seq));
        for (uint64_t seq = part->commit + 1; self->cluster.watch && seq <= commit; seq++)
            if (seq > part->log.base && seq <= oplog_last (&part->log))
                self->cluster.watch (self->cluster.watch_arg, part->id, part->epoch, seq,
                                     oplog_entry (&part->log, seq));
        part->commit = commit;
        shared_word_commit (part->shared, commit);
        if (part->others_count)
            replica_touch (self, part);
    }
    s_trim (part);
    while (part->waits.count && part->waits.waits[part->waits.first].seq <= part->commit)
        s_settle (self, &part->waits, HELD_DONE);
}

void
replica_clear (partition_t *part)
{
    replica_snapshot_end (part);
    replica_learn_end (part);
    oplog_clear (&part->log);
    sessions_clear (&part->sessions);
    locks_clear (&part->locks);
    waits_clear (&part->waits);
    buf_clear (&part->part);
}

//  ------------------------------------------------------------------------------------------------
//  The turn's end, and time

void
storage_flush (storage_t *self, uint64_t now)
{
    cluster_side_t *cluster = &self->cluster;
    if (cluster->alone)
        return;
    uint32_t count = cluster->dirty_count;
    cluster->dirty_count = 0;
    for (uint32_t at = 0; at < count; at++)
        self->partitions[cluster->dirty[at]].dirty = false;
    replica_apply_told (self, cluster->dirty, count, now);
    for (uint32_t at = 0; at < count; at++) {
        partition_t *part = &self->partitions[cluster->dirty[at]];
        if (part->role == ROLE_PRIMARY)
            replica_send (self, part, now);
        else if (part->role != ROLE_NONE)
            replica_send_ack (self, part);
    }
    for (uint32_t at = 0; at < cluster->outbox_count; at++) {
        outbox_t *outbox = &cluster->outboxes[at];
        if (outbox->body.size && !outbox->body.failed)
            cluster->port.send (cluster->port.arg, outbox->node, outbox->actor, buf_bytes (&outbox->body));
        buf_reset (&outbox->body);
    }
}

#define S_TICK_MS 10 // While something is under way

uint64_t
storage_replicate (storage_t *self, uint64_t now)
{
    cluster_side_t *cluster = &self->cluster;
    uint64_t locks = replica_lock_tick (self, now);
    uint64_t ap = cluster->ap ? ap_tick (cluster->ap, now) : UINT64_MAX;
    ap = ap < locks ? ap : locks;
    if (cluster->alone)
        return ap;
    if (now < cluster->replicate_at) { // Called in every turn, but it looks at every partition
        uint64_t left = cluster->replicate_at - now;
        return ap < left ? ap : left;
    }
    cluster->now = now;
    //  After a pause of our own nobody else's silence is known
    bool paused = now - cluster->replicated_at > self->config.silence / 2;
    cluster->replicated_at = now;
    bool busy = cluster->held.count != 0;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        partition_t *part = &self->partitions[local];
        //  A role for which there was no memory
        const part_t *row = cluster->view ? &cluster->view->parts[part->id] : NULL;
        if (row && row->epoch > part->epoch)
            replica_learn_row (self, part, row, now);
        for (unsigned at = 0; paused && at < part->others_count; at++)
            part->others[at].progress_at = part->others[at].heard_at = now;
        if (paused)
            replica_snapshot_woke (part, now);
        if (part->role == ROLE_PRIMARY)
            busy = replica_tick (self, part, now) || busy;
        else if (part->role != ROLE_NONE && part->told_commit > part->commit)
            busy = !replica_apply (self, part, part->told_commit, now) || busy;
    }
    s_late (self, now);
    uint64_t next = busy ? S_TICK_MS : self->config.resend;
    cluster->replicate_at = now + next;
    return ap < next ? ap : next;
}

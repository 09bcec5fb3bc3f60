//  replica_settle: after a body was executed: may its replies leave? The clock is read between the lookup
//  and this: a lease that was compared before proves nothing (consistency 6).
//  SPDX-License-Identifier: MPL-2.0
#include "../status.h"
#include "../storage_impl.h"

//  Replies to reads are replaced by TRYAGAIN; everything else stands.
static void
s_withdraw_reads (storage_t *self, buf_t *out)
{
    cluster_side_t *cluster = &self->cluster;
    buf_t *body = &cluster->body;
    meta_t meta = { .given = META_retry, .retry = 50 };
    buf_reset (body);
    size_t at = 0;
    for (uint32_t index = 0; index < cluster->mark_count; index++) {
        mark_t *mark = &cluster->marks[index];
        buf_add (body, out->data + at, mark->offset - at);
        at = mark->end;
        size_t begin = body->size;
        if (mark->kind == MARK_READ) {
            wire_reply (body, mark->id, ZGRID_TRYAGAIN, value_nil (), 0, &meta);
            mark->seq = 0;
            self->stats.withdrawn++;
        } else
            buf_add (body, out->data + mark->offset, mark->end - mark->offset);
        mark->offset = (uint32_t) begin;
        mark->end = (uint32_t) body->size;
    }
    buf_add (body, out->data + at, out->size - at);
    out->failed = out->failed || body->failed;
    if (!out->failed) {
        buf_t other = *out;
        *out = *body;
        *body = other;
    }
}

storage_verdict_t
storage_settle (storage_t *self, batch_t *batch, buf_t *out, uint64_t now)
{
    cluster_side_t *cluster = &self->cluster;
    if (cluster->alone || out->failed)
        return STORAGE_SEND;
    if (cluster->marks_lost) { // Nobody knows what its records wait for
        buf_clear (out);
        out->failed = true;
        return STORAGE_SEND;
    }
    if (LEFT_OUT (lease_after))
        now = batch->moment.now;
    if (!replica_lease (self, now))
        s_withdraw_reads (self, out);
    bool any = false;
    for (uint32_t index = 0; index < cluster->mark_count; index++) {
        const mark_t *mark = &cluster->marks[index];
        partition_t *part = &self->partitions[mark->partition];
        if (mark->seq > part->commit && part->others_count == 0)
            replica_advance (self, part, now); // A single copy commits under its lease
        cluster->mark_waits[index] = mark->seq > part->commit;
        any = any || cluster->mark_waits[index];
    }
    return any ? STORAGE_WAIT : STORAGE_SEND;
}

bool
storage_hold (storage_t *self, batch_t *batch, unsigned tag, const bytes_t *before, size_t before_count,
              const buf_t *out, uint64_t now)
{
    cluster_side_t *cluster = &self->cluster;
    held_t *held = before_count > HELD_FRAMES_MAX || out->failed
                       ? NULL
                       : held_new (&cluster->held, tag, before, before_count, out, cluster->marks,
                                   cluster->mark_count, cluster->mark_waits, batch->records, now);
    if (!held)
        return false;
    self->stats.held++;
    uint32_t item = 0;
    for (uint32_t index = 0; index < cluster->mark_count; index++) {
        if (!cluster->mark_waits[index])
            continue;
        waits_t *waits = &self->partitions[cluster->marks[index].partition].waits;
        if (waits_reserve (waits, 1))
            waits_add (waits, cluster->marks[index].seq, held, item);
        else if (held_settle (held, item, HELD_REPLACE)) // It was the last item
            replica_release (self, held);
        item++;
    }
    return true;
}

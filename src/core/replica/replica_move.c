//  replica_move: the move of a partition as its source sees it (move.h): its state, the seal of a
//  handover, and what is told of it.
//  SPDX-License-Identifier: MPL-2.0
#include "../storage_impl.h"

void
replica_move (storage_t *self, partition_t *part, move_state_t state, uint64_t now)
{
    move_set (&part->move, state);
    part->move_at = now;
    if (state != MOVE_NONE)
        self->cluster.port.moved (self->cluster.port.arg, &part->move);
}

void
replica_move_begin (storage_t *self, partition_t *part, move_state_t state, node_id_t target, uint64_t now)
{
    part->move = (move_info_t) { .partition = part->id,
                                 .epoch = part->epoch,
                                 .target = target,
                                 .state = part->move.state,
                                 .began_at = now };
    replica_move (self, part, state, now);
}

void
replica_move_over (storage_t *self, partition_t *part, const part_t *row, uint64_t now)
{
    const move_info_t *move = &part->move;
    replica_snapshot_end (part);
    if (move->state == MOVE_NONE)
        return;
    bool done = (move->state == MOVE_JOINT && part_has (row, move->target))
                || (move->state == MOVE_HANDOVER && row->primary == move->target);
    replica_move (self, part, done ? MOVE_DONE : MOVE_ABORTED, now);
    replica_move (self, part, MOVE_NONE, now);
}

void
replica_ask (storage_t *self, partition_t *part, peer_type_t what, node_id_t node, uint64_t now)
{
    if (part->asked_at && now - part->asked_at < self->config.resend)
        return;
    part->asked_at = now;
    self->cluster.port.ask (self->cluster.port.arg, what, part->id, part->epoch, node);
}

//  ------------------------------------------------------------------------------------------------
//  Handover

bool
replica_sealed (const partition_t *part)
{
    return (part->move.state == MOVE_SEALED || part->move.state == MOVE_HANDOVER) && !LEFT_OUT (seal);
}

static copy_t *
s_copy (partition_t *part, node_id_t id)
{
    for (unsigned at = 0; at < part->others_count; at++)
        if (part->others[at].id == id)
            return &part->others[at];
    return NULL;
}

static partition_t *
s_own (storage_t *self, uint32_t partition)
{
    if (partition >= self->config.partitions || partition % self->config.actors != self->config.index)
        return NULL;
    return &self->partitions[partition / self->config.actors];
}

//  One thing at a time: while a copy is added, the role stays.
void
storage_hand_over (storage_t *self, uint32_t partition, uint64_t epoch, node_id_t node)
{
    partition_t *part = s_own (self, partition);
    if (!part || self->cluster.alone || part->role != ROLE_PRIMARY || part->epoch != epoch
        || part->move.state != MOVE_NONE || !s_copy (part, node))
        return;
    replica_move_begin (self, part, MOVE_SEALED, node, self->cluster.now);
    self->cluster.replicate_at = 0;
    replica_share (self, part);
    if (self->feeding) // Before the next owner changes anything
        replica_feed_gone (self, part);
}

//  Consistency 9, rule 5: sealed, everything committed, the target has it: then ask.
bool
replica_handover_tick (storage_t *self, partition_t *part, uint64_t now)
{
    if (part->move.state != MOVE_SEALED && part->move.state != MOVE_HANDOVER)
        return false;
    const copy_t *copy = s_copy (part, part->move.target);
    bool ready = HOLDS (seal, part->commit == part->sequence && copy->synced && copy->ack == part->sequence);
    if (part->move.state == MOVE_SEALED && ready)
        replica_move (self, part, MOVE_HANDOVER, now);
    if (part->move.state == MOVE_HANDOVER)
        replica_ask (self, part, PEER_HANDOVER, part->move.target, now);
    else if (now - part->move_at > REPLICA_SEALED) { // Nothing was promised yet
        replica_move (self, part, MOVE_ABORTED, now);
        replica_move (self, part, MOVE_NONE, now);
        replica_share (self, part);
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Streams

//  Those behind the one that came first the last time come first now.
void
storage_stream (storage_t *self, uint64_t now)
{
    self->cluster.now = now;
    uint32_t first = self->cluster.stream_first++ % self->local_partitions;
    for (uint32_t step = 0; step < self->local_partitions; step++) {
        partition_t *part = &self->partitions[(first + step) % self->local_partitions];
        if (part->move.state == MOVE_SNAPSHOT)
            replica_snapshot_send (self, part, now);
    }
}

size_t
storage_moves (storage_t *self, move_info_t *moves, size_t room)
{
    size_t count = 0;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        const move_info_t *move = &self->partitions[local].move;
        if (move->state == MOVE_NONE)
            continue;
        if (count < room)
            moves[count] = *move;
        count++;
    }
    return count;
}

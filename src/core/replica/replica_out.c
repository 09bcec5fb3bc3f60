//  replica_out: messages to and from other members' storage actors; see replica.h and peer.def.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../storage_impl.h"

#define S_BODY_MAX (512u << 10) // Then it leaves before the turn ends

uint32_t
replica_actor (const storage_t *self, const partition_t *part, node_id_t node)
{
    const member_t *member = view_member (self->cluster.view, node);
    return member && member->actors ? part->id % member->actors : 0;
}

static outbox_t *
s_outbox (cluster_side_t *cluster, node_id_t node, uint32_t actor)
{
    for (uint32_t at = 0; at < cluster->outbox_count; at++)
        if (cluster->outboxes[at].node == node && cluster->outboxes[at].actor == actor)
            return &cluster->outboxes[at];
    //  One of a member that is gone is used again
    for (uint32_t at = 0; at < cluster->outbox_count; at++)
        if (!cluster->outboxes[at].body.size && !view_member (cluster->view, cluster->outboxes[at].node)) {
            cluster->outboxes[at].node = node;
            cluster->outboxes[at].actor = actor;
            return &cluster->outboxes[at];
        }
    if (cluster->outbox_count == cluster->outbox_room) {
        uint32_t room = cluster->outbox_room ? cluster->outbox_room * 2 : 8;
        outbox_t *boxes = mem_resize (cluster->outboxes, room * sizeof (outbox_t));
        if (!boxes)
            return NULL;
        cluster->outboxes = boxes;
        cluster->outbox_room = room;
    }
    cluster->outboxes[cluster->outbox_count] = (outbox_t) { .node = node, .actor = actor };
    return &cluster->outboxes[cluster->outbox_count++];
}

buf_t *
replica_out_plain (storage_t *self, node_id_t node, uint32_t actor)
{
    cluster_side_t *cluster = &self->cluster;
    outbox_t *outbox = s_outbox (cluster, node, actor);
    if (!outbox)
        return NULL;
    buf_t *out = &outbox->body;
    if (out->size > S_BODY_MAX && !out->failed) {
        cluster->port.send (cluster->port.arg, node, actor, buf_bytes (out));
        buf_reset (out);
    }
    if (out->failed) // What was in it is lost, as messages may be
        buf_reset (out);
    if (out->size == 0) {
        peer_head_t head = { .cluster = cluster->view->cluster, .from = cluster->self, .to = node };
        peer_begin (out, &head);
    }
    return out;
}

void
replica_head (buf_t *out, const partition_t *part, peer_type_t type, uint32_t fields)
{
    wire_add_array (out, 3 + fields);
    wire_add_uint (out, type);
    wire_add_uint (out, part->id);
    wire_add_uint (out, part->epoch);
}

buf_t *
replica_out (storage_t *self, const partition_t *part, node_id_t node, uint32_t actor, peer_type_t type,
             uint32_t fields)
{
    buf_t *out = replica_out_plain (self, node, actor);
    if (out)
        replica_head (out, part, type, fields);
    return out;
}

//  ------------------------------------------------------------------------------------------------
//  What comes in

#define S_FIELDS_MAX 8

typedef struct {
    uint64_t number[S_FIELDS_MAX];
    bytes_t bytes;
} s_message_t;

//  Fields of each data message behind partition and epoch: how many numbers, and where bytes stand
//  (their index, or -1).
typedef struct {
    int fields, bytes_at;
} s_shape_t;

static const s_shape_t s_shapes[PEER_LIMIT] = {
    [PEER_NEW_EPOCH] = { 3, -1 },      // tenure, tenure start, commit
    [PEER_NEW_EPOCH_ACK] = { 1, -1 },  // last
    [PEER_REPL] = { 5, 4 },            // snapshot, first, count, commit, entries
    [PEER_REPL_PART] = { 6, 5 },       // snapshot, seq, offset, total, commit, bytes
    [PEER_REPL_ACK] = { 4, -1 },       // snapshot, last, bytes of the next, commit
    [PEER_SNAP_BEGIN] = { 3, -1 },     // snapshot, base, tenure
    [PEER_SNAP_BEGIN_ACK] = { 2, -1 }, // snapshot, credit
    [PEER_SNAP_CHUNK] = { 4, 3 },      // snapshot, index, flags, entries
    [PEER_SNAP_ACK] = { 4, -1 },       // snapshot, index, status, credit
};

static bool
s_read (mp_t *reader, uint32_t count, const s_shape_t *shape, uint64_t *partition, uint64_t *epoch,
        s_message_t *message)
{
    if (shape->fields == 0 || count != (uint32_t) shape->fields + 2 || !mp_uint (reader, partition)
        || !mp_uint (reader, epoch))
        return false;
    for (int field = 0; field < shape->fields; field++) {
        bool read = field == shape->bytes_at ? mp_bytes (reader, &message->bytes)
                                             : mp_uint (reader, &message->number[field]);
        if (!read)
            return false;
    }
    return true;
}

//  What a backup or a learner takes from its primary.
static void
s_from_primary (storage_t *self, partition_t *part, peer_type_t type, uint64_t epoch,
                const s_message_t *message, uint64_t now)
{
    const uint64_t *number = message->number;
    //  Consistency 5: of this epoch only; a backup must have answered NEW_EPOCH, a learner have begun
    bool current = epoch == part->epoch;
    if (current)
        part->primary_at = now;
    switch (type) {
        case PEER_NEW_EPOCH:
            if (current && part->role == ROLE_BACKUP)
                replica_new_epoch (self, part, number[0], number[1], number[2], now);
            return;
        case PEER_REPL:
        case PEER_REPL_PART:
            if (part->role == ROLE_LEARNER && (!current || number[0] != replica_learn_id (part)))
                return;
            if (part->role == ROLE_BACKUP && !HOLDS (repl_epoch, current && part->synced_epoch == epoch))
                return;
            if (type == PEER_REPL)
                replica_entries (self, part, number[1], number[2], message->bytes, number[3]);
            else
                replica_part (self, part, number[1], number[2], number[3], message->bytes, number[4]);
            return;
        case PEER_SNAP_BEGIN:
            if (current && part->role == ROLE_LEARNER)
                replica_learn_begin (self, part, number[0], number[1], number[2], now);
            return;
        default:
            if (current && part->role == ROLE_LEARNER)
                replica_learn_chunk (self, part, number[0], number[1], number[2], message->bytes, now);
            else
                self->stats.peer_stale++;
            return;
    }
}

//  What a primary takes from its other copies.
static void
s_from_copy (storage_t *self, partition_t *part, node_id_t from, peer_type_t type, uint64_t epoch,
             const s_message_t *message, uint64_t now)
{
    const uint64_t *number = message->number;
    if (type == PEER_REPL_ACK) {
        replica_ack (self, part, epoch, from, number, now);
        return;
    }
    if (epoch != part->epoch)
        return;
    if (type == PEER_NEW_EPOCH_ACK)
        replica_new_epoch_ack (self, part, from, number[0], now);
    else if (type == PEER_SNAP_BEGIN_ACK)
        replica_snapshot_begun (self, part, from, number[0], number[1], now);
    else
        replica_snapshot_ack (self, part, from, number, now);
}

static bool
s_is_answer (peer_type_t type)
{
    return type == PEER_NEW_EPOCH_ACK || type == PEER_REPL_ACK || type == PEER_SNAP_BEGIN_ACK
           || type == PEER_SNAP_ACK;
}

static const char *
s_refuse (storage_t *self, const char *why)
{
    self->stats.peer_refused++;
    return why;
}

const char *
storage_peer (storage_t *self, bytes_t body, uint64_t now)
{
    cluster_side_t *cluster = &self->cluster;
    peer_head_t head;
    mp_t reader;
    uint64_t refused = self->stats.peer_refused;
    cluster->now = now;
    ages_time (&self->ages, now);
    if (!cluster->view)
        return s_refuse (self, "this node is not a member yet");
    if (!peer_open (body, &head, &reader))
        return s_refuse (self, "not a message between nodes");
    if (head.cluster != cluster->view->cluster)
        return s_refuse (self, "of another cluster");
    if (head.to != cluster->self)
        return s_refuse (self, "for another node");
    if (!view_member (cluster->view, head.from))
        return s_refuse (self, "from no member");
    uint32_t count;
    peer_type_t type;
    while ((type = peer_next (&reader, &count)) != PEER_NONE) {
        s_message_t message;
        uint64_t partition, epoch;
        if (ap_takes (type) && cluster->ap) {
            if (ap_peer (cluster->ap, head.from, type, &reader, count, now))
                continue;
            return s_refuse (self, "what it says of a map in ap mode cannot be read");
        }
        if (!s_read (&reader, count, &s_shapes[type], &partition, &epoch, &message)
            || partition >= self->config.partitions || partition % self->config.actors != self->config.index)
            return s_refuse (self, "cannot be read, or for another storage actor");
        partition_t *part = &self->partitions[partition / self->config.actors];
        bool answer = s_is_answer (type);
        if (answer && part->role == ROLE_PRIMARY)
            s_from_copy (self, part, head.from, type, epoch, &message, now);
        else if (!answer && (part->role == ROLE_BACKUP || part->role == ROLE_LEARNER)
                 && (head.from == part->primary || LEFT_OUT (repl_epoch)))
            s_from_primary (self, part, type, epoch, &message, now);
        else
            self->stats.peer_stale++;
    }
    if (count)
        return s_refuse (self, "cannot be read to its end");
    return self->stats.peer_refused == refused ? NULL : "an entry in it cannot be read";
}

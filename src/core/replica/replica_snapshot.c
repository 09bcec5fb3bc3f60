//  replica_snapshot: the primary's side of adding a copy: the table goes to the learner in chunks, read
//  while writes go on; the log goes along (consistency 9). What is on its way is not kept but, if it gets
//  lost, read again (cut.h): a move takes the same memory however large the partition is.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../status.h"
#include "../storage_impl.h"
#include "cut.h"

#define S_HEAD 128      // Bytes of a message in front of its entries, and more than enough
#define S_TRIES 4       // Times that chunks are sent in vain before a learner is given up
#define S_BACKOFF_MAX 4 // Doublings of the time between two of them

struct sender {
    uint64_t id;
    cut_t cut;
    uint64_t cut_count, acked;          // Chunks that were read, that the learner has
    cut_piece_t pieces[REPLICA_CHUNKS]; // Number n is at n % REPLICA_CHUNKS
    size_t on_way;                      // Bytes of those that it does not have yet
    uint64_t credit;                    // As many may be, it says; but always one chunk
    uint64_t again;                     // The next one that is sent once more; 0: none
    uint64_t sent_at, progress_at;
    unsigned tries; // In vain, since it acknowledged something
    bool failed;    // The learner cannot go on
};

uint64_t
replica_snapshot_id (const partition_t *part)
{
    return part->sender ? part->sender->id : 0;
}

bool
replica_snapshot_running (const partition_t *part)
{
    return part->sender && part->move.state <= MOVE_SNAPSHOT;
}

void
replica_snapshot_end (partition_t *part)
{
    if (part->sender)
        cut_end (&part->sender->cut);
    mem_free (part->sender);
    part->sender = NULL;
}

void
replica_snapshot_woke (partition_t *part, uint64_t now)
{
    if (!part->sender)
        return;
    part->sender->progress_at = part->sender->sent_at = now;
    part->learner.progress_at = part->learner.heard_at = now;
}

//  ------------------------------------------------------------------------------------------------
//  Chunks

//  A move for the sake of balance alone stands still while moves are paused.
static bool
s_paused (const storage_t *self, const partition_t *part)
{
    const view_t *view = self->cluster.view;
    if (!view->moves_paused || part->others_count + 1u < view_copies (view))
        return false;
    for (unsigned at = 0; at <= part->others_count; at++) {
        node_id_t id = at < part->others_count ? part->others[at].id : self->cluster.self;
        const member_t *member = view_member (view, id);
        if (!member || member->status != MEMBER_UP)
            return false;
    }
    return true;
}

static bool
s_may_send (const storage_t *self, const partition_t *part)
{
    const storage_port_t *port = &self->cluster.port;
    return !s_paused (self, part) && port->stream_room (port->arg) > 0;
}

//  Where the head's end stands, for s_stream.
typedef struct {
    size_t flags_at, bytes_at;
} s_head_t;

//  The size of the bytes, and their flags, are known when they have been read.
static s_head_t
s_begin_chunk (const storage_t *self, const partition_t *part, uint64_t number, size_t size, buf_t *out)
{
    peer_head_t head = { self->cluster.view->cluster, self->cluster.self, part->learner.id };
    static const uint8_t bin[] = { 0xc6, 0, 0, 0, 0 }; // MessagePack: bytes, their size in four
    buf_reserve (out, S_HEAD + size);
    peer_begin (out, &head);
    replica_head (out, part, PEER_SNAP_CHUNK, 4);
    wire_add_uint (out, part->sender->id);
    wire_add_uint (out, number);
    s_head_t places = { .flags_at = out->size };
    wire_add_uint (out, 0); // One byte, as every number below 128
    buf_add (out, bin, sizeof bin);
    places.bytes_at = out->size;
    return places;
}

static void
s_stream (storage_t *self, partition_t *part, const s_head_t *places, unsigned flags, buf_t *out,
          uint64_t now)
{
    const storage_port_t *port = &self->cluster.port;
    size_t size = out->size - places->bytes_at;
    out->data[places->flags_at] = (uint8_t) flags;
    for (unsigned at = 0; at < 4; at++)
        out->data[places->bytes_at - 1 - at] = (uint8_t) (size >> 8 * at);
    part->sender->sent_at = now;
    port->stream (port->arg, part->learner.id, part->learner.actor, out);
}

//  False: nothing left for now.
static bool
s_send_next (storage_t *self, partition_t *part, uint64_t now)
{
    sender_t *sender = part->sender;
    cut_t *cut = &sender->cut;
    bool all_there = sender->acked == sender->cut_count;
    if (cut->stage == CUT_AT_END || (cut->stage == CUT_AT_LAST && !all_there)
        || (cut->large_waits && cut->large.size))
        return false;
    uint64_t number = sender->cut_count + 1,
             left = part->move.total > part->move.bytes ? part->move.total - part->move.bytes : 0;
    buf_t out = BUF_INIT;
    cut_piece_t piece = { .flags = 0 };
    size_t size = left + S_HEAD < self->config.move_bytes ? left + S_HEAD : self->config.move_bytes;
    s_head_t places = s_begin_chunk (self, part, number, size, &out);
    if (!cut_next (cut, self, part, &out, &piece, all_there, now)) {
        buf_clear (&out);
        return false;
    }
    sender->pieces[number % REPLICA_CHUNKS] = piece;
    sender->cut_count = number;
    sender->on_way += piece.bytes;
    part->move.bytes += piece.bytes;
    part->move.entries = cut->entries;
    s_stream (self, part, &places, piece.flags, &out, now);
    return true;
}

static void
s_send_again (storage_t *self, partition_t *part, uint64_t number, uint64_t now)
{
    sender_t *sender = part->sender;
    const cut_piece_t *piece = &sender->pieces[number % REPLICA_CHUNKS];
    buf_t out = BUF_INIT;
    s_head_t places = s_begin_chunk (self, part, number, piece->bytes, &out);
    cut_again (&sender->cut, self, part, &out, piece, now);
    if (out.failed) // As if it were lost
        buf_clear (&out);
    else
        s_stream (self, part, &places, piece->flags, &out, now);
}

void
replica_snapshot_send (storage_t *self, partition_t *part, uint64_t now)
{
    sender_t *sender = part->sender;
    //  What got lost comes first: nothing behind it is taken
    while (sender->again && sender->again <= sender->cut_count && s_may_send (self, part))
        s_send_again (self, part, sender->again++, now);
    if (sender->again && sender->again <= sender->cut_count)
        return;
    sender->again = 0;
    while (sender->cut_count - sender->acked < REPLICA_CHUNKS
           && (sender->on_way == 0 || sender->on_way + self->config.move_bytes <= sender->credit)
           && s_may_send (self, part))
        if (!s_send_next (self, part, now))
            break;
}

//  What was not acknowledged in time; bytes on their way take theirs: a millisecond for 64 KiB.
static void
s_resend (storage_t *self, partition_t *part, uint64_t now)
{
    sender_t *sender = part->sender;
    unsigned doubled = sender->tries < S_BACKOFF_MAX ? sender->tries : S_BACKOFF_MAX;
    uint64_t patience = (self->config.resend << doubled) + (sender->on_way >> 16);
    if (sender->cut_count == sender->acked || sender->again || now - sender->sent_at < patience
        || !s_may_send (self, part))
        return;
    sender->tries++;
    sender->again = sender->acked + 1;
}

//  ------------------------------------------------------------------------------------------------
//  Steps

static void
s_send_begin (storage_t *self, partition_t *part, sender_t *sender, uint64_t now)
{
    copy_t *copy = &part->learner;
    buf_t *out = replica_out (self, part, copy->id, copy->actor, PEER_SNAP_BEGIN, 3);
    if (!out)
        return;
    wire_add_uint (out, sender->id);
    wire_add_uint (out, sender->cut.base);
    wire_add_uint (out, part->tenure);
    sender->sent_at = now;
}

static bool
s_begin (storage_t *self, partition_t *part, uint64_t now)
{
    sender_t *sender = mem_alloc_zero (1, sizeof (sender_t));
    if (!sender)
        return false;
    if (!part->streaming)
        oplog_reset (&part->log, part->sequence);
    part->streaming = true;
    sender->id = ++self->cluster.snapshots;
    sender->progress_at = now;
    cut_begin (&sender->cut, part->sequence, self->config.move_bytes);
    part->sender = sender;
    part->move.total = cut_estimate (self, part);
    copy_t *copy = &part->learner;
    copy->ack = copy->sent = part->sequence;
    copy->part = copy->part_sent = 0;
    copy->progress_at = copy->heard_at = now;
    return true;
}

void
replica_snapshot_begun (storage_t *self, partition_t *part, node_id_t from, uint64_t snapshot,
                        uint64_t credit, uint64_t now)
{
    sender_t *sender = part->sender;
    if (!sender || from != part->learner.id || snapshot != sender->id || part->move.state != MOVE_LEARNER)
        return;
    replica_move (self, part, MOVE_SNAPSHOT, now);
    sender->credit = credit;
    part->learner.progress_at = sender->progress_at = now;
    replica_touch (self, part);
    replica_snapshot_send (self, part, now);
}

//  Those are not on their way any more; a large entry is forgotten when all of it has arrived.
static void
s_acknowledge (sender_t *sender, uint64_t index)
{
    bool large = false;
    while (sender->acked < index)
        sender->on_way -= sender->pieces[++sender->acked % REPLICA_CHUNKS].bytes;
    if (sender->again && sender->again <= index)
        sender->again = index + 1;
    for (uint64_t number = sender->acked + 1; number <= sender->cut_count; number++)
        large = large || sender->pieces[number % REPLICA_CHUNKS].kind == CUT_LARGE;
    if (!large)
        cut_forget_large (&sender->cut);
}

void
replica_snapshot_ack (storage_t *self, partition_t *part, node_id_t from, const uint64_t *fields,
                      uint64_t now)
{
    sender_t *sender = part->sender;
    uint64_t snapshot = fields[0], index = fields[1], status = fields[2], credit = fields[3];
    if (!sender || from != part->learner.id || snapshot != sender->id || part->move.state != MOVE_SNAPSHOT)
        return;
    part->learner.heard_at = now;
    if (status != ZGRID_OK) {
        sender->failed = true;
        return;
    }
    if (index < sender->acked || index > sender->cut_count)
        return;
    sender->credit = credit;
    if (index > sender->acked) {
        s_acknowledge (sender, index);
        sender->progress_at = sender->sent_at = now;
        sender->tries = 0;
    }
    replica_snapshot_send (self, part, now);
    //  Consistency 9, rule 4: everything that was ever read
    if (HOLDS (join_complete, sender->cut.stage == CUT_AT_END && sender->acked == sender->cut_count)) {
        replica_move (self, part, MOVE_CATCHING_UP, now);
        replica_snapshot_tick (self, part, now);
    }
}

//  To wait for the pace, or for the end of a pause, is not to be stuck: nothing is sent in vain then.
static bool
s_is_stuck (const storage_t *self, const partition_t *part, uint64_t now)
{
    const sender_t *sender = part->sender;
    uint64_t silence = 2 * self->config.silence;
    if (part->move.state == MOVE_LEARNER || sender->tries >= S_TRIES)
        return now - sender->progress_at > silence;
    return now - part->learner.progress_at > silence;
}

void
replica_snapshot_tick (storage_t *self, partition_t *part, uint64_t now)
{
    if (!part->sender && (!replica_serves (self, part) || !s_begin (self, part, now)))
        return;
    sender_t *sender = part->sender;
    copy_t *copy = &part->learner;
    if (part->move.state == MOVE_LEARNER && now - sender->sent_at >= self->config.resend)
        s_send_begin (self, part, sender, now);
    else if (part->move.state == MOVE_SNAPSHOT) {
        s_resend (self, part, now);
        replica_snapshot_send (self, part, now);
    } else if (part->move.state == MOVE_CATCHING_UP) {
        //  Consistency 9, rule 4: only when the learner has everything that was ever read, and that is
        //  committed; from then on it counts for commit, and only a newer epoch takes it out again
        bool ready = HOLDS (join_committed, part->commit >= sender->cut.upto) && copy->ack >= part->commit;
        if (ready || LEFT_OUT (join_counts))
            replica_move (self, part, MOVE_JOINT, now);
    }
    if (part->move.state == MOVE_JOINT)
        replica_ask (self, part, PEER_JOIN, copy->id, now);
    else if (sender->failed || !copy->up || s_is_stuck (self, part, now))
        replica_ask (self, part, PEER_DROP_LEARNER, copy->id, now);
}

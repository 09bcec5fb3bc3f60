//  replica_snapshot: the primary's side of adding a copy: the table goes to the learner in chunks, read
//  while writes go on; the log goes along (consistency 9).
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../status.h"
#include "../storage_impl.h"

#define S_BUCKETS 4096 // Looked at for one chunk at most

typedef struct {
    buf_t bytes;
    unsigned flags;
} s_chunk_t;

typedef enum { STAGE_ENTRIES, STAGE_SESSIONS, STAGE_CUT } s_stage_t;

struct sender {
    uint64_t id;
    uint64_t base;
    uint32_t map;      // Number of the one whose turn it is
    uint64_t position; // In its store
    s_stage_t stage;
    uint32_t sessions_at, shuffles;
    uint64_t cut;                     // The log's end when the last chunk was read
    uint64_t cut_count, acked;        // Chunks that were read, that the learner has
    s_chunk_t chunks[REPLICA_CHUNKS]; // Number n is at n % REPLICA_CHUNKS
    uint64_t sent_at, progress_at;
    bool failed; // The learner cannot go on
};

uint64_t
replica_snapshot_id (const partition_t *part)
{
    return part->sender ? part->sender->id : 0;
}

static bool
s_complete (const sender_t *sender)
{
    return sender->stage == STAGE_CUT && sender->acked == sender->cut_count;
}

bool
replica_snapshot_running (const partition_t *part)
{
    return part->sender && !s_complete (part->sender);
}

void
replica_snapshot_end (partition_t *part)
{
    sender_t *sender = part->sender;
    if (!sender)
        return;
    for (unsigned at = 0; at < REPLICA_CHUNKS; at++)
        buf_clear (&sender->chunks[at].bytes);
    mem_free (sender);
    part->sender = NULL;
    part->joining = false;
}

//  ------------------------------------------------------------------------------------------------
//  Reading the table

typedef struct {
    buf_t *out;
    const map_t *map;
    uint64_t now;
} s_cut_t;

static void
s_cut_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_cut_t *cut = arg;
    bytes_t key, value;
    (void) slot;
    (void) hash;
    entry_parts (entry, &key, &value);
    uint64_t deadline = entry_deadline (entry);
    //  One that is over is removed by the primary's effect, not by the copy's clock: it lives on a little
    uint64_t left = deadline == 0 ? 0 : deadline > cut->now ? deadline - cut->now : 1;
    effect_chunk_entry (cut->out, entry_version (entry), map_name (cut->map), key, value, left);
}

static void
s_cut_entries (storage_t *self, partition_t *part, sender_t *sender, buf_t *out, uint64_t now)
{
    uint32_t local = (uint32_t) (part - self->partitions), buckets = S_BUCKETS;
    while (out->size < REPLICA_MESSAGE_MAX && buckets) {
        map_t *map = map_numbered (self, sender->map);
        if (!map) {
            sender->stage = STAGE_SESSIONS;
            sender->shuffles = part->sessions.shuffles;
            break;
        }
        store_t *store = map_store (map, local);
        s_cut_t cut = { out, map, now };
        if (store && sender->position < INDEX_END) {
            sender->position = index_visit (&store->index, sender->position, s_cut_one, &cut);
            buckets--;
        }
        if (!store || sender->position >= INDEX_END) {
            sender->map++;
            sender->position = 0;
        }
    }
}

//  The next chunk. An empty one is skipped, but for the last.
static void
s_cut_chunk (storage_t *self, partition_t *part, sender_t *sender, uint64_t now)
{
    s_chunk_t *chunk = &sender->chunks[(sender->cut_count + 1) % REPLICA_CHUNKS];
    buf_reset (&chunk->bytes);
    uint64_t position = sender->position;
    uint32_t map = sender->map, sessions_at = sender->sessions_at;
    s_stage_t stage = sender->stage;
    chunk->flags = 0;
    if (sender->stage == STAGE_ENTRIES)
        s_cut_entries (self, part, sender, &chunk->bytes, now);
    if (sender->stage == STAGE_SESSIONS && chunk->bytes.size == 0) {
        chunk->flags = CHUNK_SESSIONS;
        if (sender->shuffles != part->sessions.shuffles) {
            sender->sessions_at = 0;
            sender->shuffles = part->sessions.shuffles;
        }
        //  Consistency 9, rule 3: the last chunk carries the sessions
        if (LEFT_OUT (sessions_move))
            sessions_encode (&(sessions_t) { .floor = part->sessions.floor }, 0, 1, &chunk->bytes);
        else
            sender->sessions_at = sessions_encode (&part->sessions, sender->sessions_at, REPLICA_MESSAGE_MAX,
                                                   &chunk->bytes);
        if (sender->sessions_at == 0) {
            chunk->flags |= CHUNK_LAST;
            sender->stage = STAGE_CUT;
        }
    }
    if (chunk->bytes.failed) { // Again, when there is memory
        buf_clear (&chunk->bytes);
        sender->position = position;
        sender->map = map;
        sender->sessions_at = sessions_at;
        sender->stage = stage;
        return;
    }
    if (chunk->bytes.size == 0)
        return;
    sender->cut = part->sequence;
    sender->cut_count++;
}

//  ------------------------------------------------------------------------------------------------
//  Sending

static void
s_send_begin (storage_t *self, partition_t *part, sender_t *sender, uint64_t now)
{
    copy_t *copy = &part->learner;
    buf_t *out = replica_out (self, part, copy->id, copy->actor, PEER_SNAP_BEGIN, 3);
    if (!out)
        return;
    wire_add_uint (out, sender->id);
    wire_add_uint (out, sender->base);
    wire_add_uint (out, part->tenure);
    sender->sent_at = now;
}

//  The buffer goes with it. Without memory it is lost, as messages may be.
static void
s_send_chunk (storage_t *self, partition_t *part, sender_t *sender, uint64_t number, uint64_t now)
{
    const storage_port_t *port = &self->cluster.port;
    copy_t *copy = &part->learner;
    const s_chunk_t *chunk = &sender->chunks[number % REPLICA_CHUNKS];
    peer_head_t head = { .cluster = self->cluster.view->cluster, .from = self->cluster.self, .to = copy->id };
    buf_t out = BUF_INIT;
    peer_begin (&out, &head);
    replica_head (&out, part, PEER_SNAP_CHUNK, 4);
    wire_add_uint (&out, sender->id);
    wire_add_uint (&out, number);
    wire_add_uint (&out, chunk->flags);
    wire_add_bytes (&out, buf_bytes (&chunk->bytes));
    sender->sent_at = now;
    if (out.failed)
        buf_clear (&out);
    else
        port->stream (port->arg, copy->id, copy->actor, &out);
}

//  The channel's pace: nothing is read or sent again before it takes more. To wait for it is no fault of
//  the learner's.
static bool
s_has_room (storage_t *self, sender_t *sender, uint64_t now)
{
    const storage_port_t *port = &self->cluster.port;
    if (port->stream_room (port->arg) > 0)
        return true;
    sender->progress_at = sender->sent_at = now;
    return false;
}

static void
s_go_on (storage_t *self, partition_t *part, sender_t *sender, uint64_t now)
{
    while (sender->stage != STAGE_CUT && sender->cut_count - sender->acked < REPLICA_CHUNKS
           && s_has_room (self, sender, now)) {
        uint64_t count = sender->cut_count;
        s_stage_t stage = sender->stage;
        uint64_t position = sender->position;
        uint32_t map = sender->map;
        s_cut_chunk (self, part, sender, now);
        if (sender->cut_count > count)
            s_send_chunk (self, part, sender, sender->cut_count, now);
        else if (stage == sender->stage && position == sender->position && map == sender->map)
            break; // No memory
    }
}

void
storage_stream (storage_t *self, uint64_t now)
{
    self->cluster.now = now;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        partition_t *part = &self->partitions[local];
        if (part->role == ROLE_PRIMARY && part->sender && part->learner.synced)
            s_go_on (self, part, part->sender, now);
    }
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
    sender->base = part->sequence;
    sender->progress_at = now;
    part->sender = sender;
    copy_t *copy = &part->learner;
    copy->synced = false;
    copy->ack = copy->sent = part->sequence;
    copy->part = copy->part_sent = 0;
    copy->progress_at = copy->heard_at = now;
    return true;
}

void
replica_snapshot_begun (storage_t *self, partition_t *part, node_id_t from, uint64_t snapshot, uint64_t now)
{
    sender_t *sender = part->sender;
    if (!sender || from != part->learner.id || snapshot != sender->id || part->learner.synced)
        return;
    part->learner.synced = true;
    part->learner.progress_at = sender->progress_at = now;
    replica_touch (self, part);
    s_go_on (self, part, sender, now);
}

void
replica_snapshot_ack (storage_t *self, partition_t *part, node_id_t from, uint64_t snapshot, uint64_t index,
                      uint64_t status, uint64_t now)
{
    sender_t *sender = part->sender;
    if (!sender || from != part->learner.id || snapshot != sender->id || !part->learner.synced)
        return;
    part->learner.heard_at = now;
    if (status != ZGRID_OK) {
        sender->failed = true;
        return;
    }
    if (index <= sender->acked || index > sender->cut_count)
        return;
    sender->acked = index;
    sender->progress_at = now;
    s_go_on (self, part, sender, now);
    if (s_complete (sender))
        replica_snapshot_tick (self, part, now);
}

static void
s_ask (storage_t *self, partition_t *part, peer_type_t what, uint64_t now)
{
    if (part->asked_at && now - part->asked_at < self->config.resend)
        return;
    part->asked_at = now;
    self->cluster.port.ask (self->cluster.port.arg, what, part->id, part->epoch, part->learner.id);
}

bool
replica_snapshot_tick (storage_t *self, partition_t *part, uint64_t now)
{
    if (!part->sender && (part->sealed || !replica_serves (self, part) || !s_begin (self, part, now)))
        return true;
    sender_t *sender = part->sender;
    copy_t *copy = &part->learner;
    uint64_t resend = self->config.resend;
    if (!copy->synced) {
        if (now - sender->sent_at >= resend)
            s_send_begin (self, part, sender, now);
    } else if (!s_complete (sender)) {
        s_go_on (self, part, sender, now);
        if (now - sender->sent_at >= resend)
            for (uint64_t number = sender->acked + 1;
                 number <= sender->cut_count && s_has_room (self, sender, now); number++)
                s_send_chunk (self, part, sender, number, now);
    } else {
        //  Consistency 9, rule 4: only when the learner has everything that was ever read, and that is
        //  committed; from then on it counts for commit, and only a newer epoch takes it out again
        bool ready = part->commit >= sender->cut && copy->ack >= part->commit;
        if (ready || LEFT_OUT (join_counts))
            part->joining = true;
        if (part->joining)
            s_ask (self, part, PEER_JOIN, now);
        sender->progress_at = copy->progress_at;
    }
    bool stuck = now - sender->progress_at > 2 * self->config.silence
                 || now - copy->progress_at > 2 * self->config.silence;
    if (!part->joining && (sender->failed || stuck || !copy->up))
        s_ask (self, part, PEER_DROP_LEARNER, now);
    return true;
}

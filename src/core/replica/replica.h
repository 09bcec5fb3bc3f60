//  replica: one partition as a copy among others: primary, in-sync backup or learner (doc/consistency.md
//  5 to 9, after PacificA: Lin et al., 2008). For storage*.c, ops*.c and replica/*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef REPLICA_H_INCLUDED
#define REPLICA_H_INCLUDED

#include "../cluster/lease.h"
#include "../cluster/peer.h"
#include "../lock/lock.h"
#include "../lock/parked.h"
#include "../feed.h"
#include "../move/move.h"
#include "../mutant.h"
#include "../storage.h"
#include "ap.h"
#include "effect.h"
#include "held.h"
#include "oplog.h"
#include "session.h"
#include "session_id.h"
#include "shared_word.h"

#define REPLICA_MESSAGE_MAX (256u << 10) // Bytes of entries in one message; larger ones travel in parts
#define REPLICA_PARTS 16                 // Parts of one entry on their way
#define REPLICA_CHUNKS 8                 // Chunks of a snapshot on their way
#define REPLICA_CHUNK_MAX (4u << 20)     // Bytes of one; more than REPLICA_MESSAGE_MAX for sessions only
#define REPLICA_SEALED 1000              // Milliseconds: then a handover that was not asked yet is given up
#define REPLICA_IDLE 1000                // Milliseconds: so often a copy hears that there is nothing new
#define REPLICA_LATE 20                  // Milliseconds: then a reply leaves without what is missing
#define REPLICA_GIVE_UP 5000             // Milliseconds: then what is missing is answered as unknown

//  Another copy, as the primary sees it.
typedef struct {
    node_id_t id;          // 0: none
    uint32_t actor;        // Of that member: the one that has the partition
    bool up;               // In the view
    bool synced;           // Has answered NEW_EPOCH of this epoch; a learner's move says that itself
    uint64_t ack;          // It has the entries up to here
    uint64_t sent;         // They were sent up to here
    uint64_t part, part_sent; // Of entry ack + 1, if that is a large one: bytes that it has, that were sent
    uint64_t commit_sent;  // What it was told of the commit, and what it has brought into its tables
    uint64_t commit_has;
    uint64_t progress_at;  // When ack grew, or there was nothing to acknowledge
    uint64_t heard_at, sent_at;
} copy_t;

typedef struct sender sender_t;
typedef struct receiver receiver_t;

typedef struct {
    shared_word_t *shared; // For local readers: storage_t.words
    uint32_t id;
    uint8_t role;          // role_t
    bool streaming;        // Writes go into the log
    bool dirty;            // Is in cluster_side_t.dirty
    uint64_t told;         // Primary: up to here the one before it has told what was committed,
    uint64_t repeated;     // and up to here it may have
    bool counted;          // Its entries count for limits: this is the primary (storage_limits.c)
    bool broken;           // A backup without data: never in step
    uint64_t sequence;     // Of the last entry: the version of what it wrote
    uint64_t commit;
    uint64_t removed;      // The last entry that removed something
    uint64_t reads, writes; // Records that named a key here
    uint64_t epoch, tenure, tenure_start;
    oplog_t log;
    sessions_t sessions;
    locks_t locks;
    waits_t waits;
    uint8_t others_count;
    copy_t others[VIEW_REPS_MAX]; // Primary: the other reps
    copy_t learner;
    move_info_t move;      // Primary: to the learner, or of its own role; replica_move alone changes it
    uint64_t move_at;      // When it did so last
    sender_t *sender;      // The snapshot for the learner; NULL until there was a lease and memory for it
    uint64_t asked_at;
    node_id_t primary;     // Backup and learner: who that is
    uint64_t synced_epoch, synced_tenure;
    uint64_t primary_at;   // Backup: when it last heard of its primary
    uint64_t told_commit;  // Backup: what the primary says is committed; may be more than it has
    receiver_t *receiver;  // Learner
    buf_t part;            // Backup, learner: a large entry that comes in parts
    uint64_t part_seq, part_total;
    uint64_t primary_since;  // Boot clock; accesses before it were somebody else's to see
} partition_t;

//  A body for one storage actor of one member.
typedef struct {
    node_id_t node;
    uint32_t actor;
    buf_t body;
} outbox_t;

//  What a storage in a cluster has beside its maps.
typedef struct {
    node_id_t self;
    const lease_t *lease;
    storage_port_t port;
    view_t *view;          // NULL before the first
    uint64_t generation;   // Of this member in it
    bool joined;           // storage_join was called
    bool alone;            // Not joined, or the only member: nobody waits for anything
    uint32_t *dirty;       // Local partitions with something to send; each once
    uint32_t dirty_count;
    outbox_t *outboxes;
    uint32_t outbox_count, outbox_room;
    held_list_t held;
    parked_list_t parked;  // Replies to LOCK
    mark_t *marks;         // Of the body that is being executed
    uint32_t mark_count, mark_room;
    bool *mark_waits;      // The same number
    bool marks_lost;       // No memory for one
    buf_t body;            // Rebuilt replies
    uint64_t now;          // Of the turn
    uint64_t replicated_at, replicate_at; // storage_replicate: the last time, the next
    uint64_t snapshots;    // Counter: ids of snapshots
    uint32_t stream_first; // Whose turn it is when the channel takes more
    session_issuer_t issuer;
    ap_t *ap;              // NULL until a map in ap mode is declared
    storage_commit_fn *watch;
    void *watch_arg;
} cluster_side_t;

//  replica.c -------------------------------------------------------------------------------------
//  Whether reads may be answered at that time: alone, or with a lease of the present generation.
bool
    replica_lease (const storage_t *self, uint64_t now);
//  Primary, unsealed, and with a lease at the time of the turn: the only one that may change anything.
bool
    replica_serves (const storage_t *self, const partition_t *part);
//  Commits what all copies in sync have; answers what waited for it.
void
    replica_advance (storage_t *self, partition_t *part, uint64_t now);
//  More is in the log than it may hold.
bool
    replica_full (const storage_t *self, const partition_t *part);
//  Answers everything that waits in the partition: nobody here will know.
void
    replica_abandon (storage_t *self, partition_t *part);
void
    replica_release (storage_t *self, held_t *held);
//  Tells local readers what the present state is.
void
    replica_share (storage_t *self, partition_t *part);
//  Frees what a partition holds beside its entries.
void
    replica_clear (partition_t *part);
//  The partition has something to send at the end of the turn.
void
    replica_touch (storage_t *self, partition_t *part);

//  replica_view.c: what the partition's row of the present view makes of it.
void
    replica_learn_row (storage_t *self, partition_t *part, const part_t *row, uint64_t now);

//  replica_out.c: messages -------------------------------------------------------------------------
//  The body that a message for the copy goes into, its head begun: [type, partition, epoch, … `fields`
//  more. NULL without memory.
buf_t *
    replica_out (storage_t *self, const partition_t *part, node_id_t node, uint32_t actor, peer_type_t type,
                 uint32_t fields);
//  The head alone.
void
    replica_head (buf_t *out, const partition_t *part, peer_type_t type, uint32_t fields);
//  The same without the head of a message.
buf_t *
    replica_out_plain (storage_t *self, node_id_t node, uint32_t actor);
//  Which storage actor of a member has the partition.
uint32_t
    replica_actor (const storage_t *self, const partition_t *part, node_id_t node);

//  replica_primary.c -------------------------------------------------------------------------------
void
    replica_send (storage_t *self, partition_t *part, uint64_t now);
//  Returns true if something is under way.
bool
    replica_tick (storage_t *self, partition_t *part, uint64_t now);
void
    replica_new_epoch_ack (storage_t *self, partition_t *part, node_id_t from, uint64_t last, uint64_t now);
void
    replica_ack (storage_t *self, partition_t *part, uint64_t epoch, node_id_t from, const uint64_t *fields,
                 uint64_t now);

//  replica_backup.c --------------------------------------------------------------------------------
void
    replica_new_epoch (storage_t *self, partition_t *part, uint64_t tenure, uint64_t tenure_start,
                       uint64_t commit, uint64_t now);
void
    replica_entries (storage_t *self, partition_t *part, uint64_t first, uint64_t count, bytes_t entries,
                     uint64_t commit);
void
    replica_part (storage_t *self, partition_t *part, uint64_t seq, uint64_t offset, uint64_t total,
                  bytes_t bytes, uint64_t commit);
void
    replica_send_ack (storage_t *self, partition_t *part);
//  Brings entries up to `upto` into the tables. False if memory was short: the rest stays in the log.
bool
    replica_apply (storage_t *self, partition_t *part, uint64_t upto, uint64_t now);

//  The same for many partitions, up to what their primaries said; at the end of a turn.
void
    replica_apply_told (storage_t *self, const uint32_t *locals, uint32_t count, uint64_t now);

//  replica_apply.c
//  Where an entry of the log will look when it is applied; asks the cache for it. store NULL: nowhere.
typedef struct {
    store_t *store;
    uint64_t hash;
    index_hint_t hint;
} replica_ahead_t;
void
    replica_look_ahead (storage_t *self, const partition_t *part, uint64_t seq, replica_ahead_t *ahead);
bool
    replica_apply_entry (storage_t *self, partition_t *part, bytes_t entry, uint64_t seq, uint64_t now);
void
    replica_drop_data (storage_t *self, partition_t *part);

//  replica_move.c: the move of a partition (move.h) ------------------------------------------------
//  The only door to its state.
void
    replica_move (storage_t *self, partition_t *part, move_state_t state, uint64_t now);
//  The row of a newer epoch says what has become of it; nothing is under way afterwards.
void
    replica_move_over (storage_t *self, partition_t *part, const part_t *row, uint64_t now);
//  It begins, to that member.
void
    replica_move_begin (storage_t *self, partition_t *part, move_state_t state, node_id_t target,
                        uint64_t now);
//  True if something is under way.
bool
    replica_handover_tick (storage_t *self, partition_t *part, uint64_t now);
//  It is being handed over: nothing is executed.
bool
    replica_sealed (const partition_t *part);
//  The learner has begun, and the log is sent to it; it counts for commit.
static inline bool
replica_learns (const partition_t *part)
{
    return part->move.state >= MOVE_SNAPSHOT && part->move.state <= MOVE_JOINT;
}
static inline bool
replica_joins (const partition_t *part)
{
    return part->move.state == MOVE_JOINT;
}
//  Asks the coordinator, not too often.
void
    replica_ask (storage_t *self, partition_t *part, peer_type_t what, node_id_t node, uint64_t now);

//  replica_snapshot.c: the sending side ------------------------------------------------------------
void
    replica_snapshot_tick (storage_t *self, partition_t *part, uint64_t now);
//  credit: bytes that the learner takes.
void
    replica_snapshot_begun (storage_t *self, partition_t *part, node_id_t from, uint64_t snapshot,
                            uint64_t credit, uint64_t now);
//  fields: snapshot, index, status, credit.
void
    replica_snapshot_ack (storage_t *self, partition_t *part, node_id_t from, const uint64_t *fields,
                          uint64_t now);
//  Chunks leave, as far as credit and pace allow.
void
    replica_snapshot_send (storage_t *self, partition_t *part, uint64_t now);
//  This process did not run for a while: the learner's silence says nothing.
void
    replica_snapshot_woke (partition_t *part, uint64_t now);
void
    replica_snapshot_end (partition_t *part);
uint64_t
    replica_snapshot_id (const partition_t *part); // 0: none
bool
    replica_snapshot_running (const partition_t *part); // Chunks are still being cut or on their way

//  replica_learner.c: the receiving side -----------------------------------------------------------
void
    replica_learn_begin (storage_t *self, partition_t *part, uint64_t snapshot, uint64_t base,
                         uint64_t tenure, uint64_t now);
void
    replica_learn_chunk (storage_t *self, partition_t *part, uint64_t snapshot, uint64_t index,
                         uint64_t flags, bytes_t entries, uint64_t now);
void
    replica_learn_end (partition_t *part);
bool
    replica_learn_complete (const partition_t *part);
uint64_t
    replica_learn_id (const partition_t *part); // 0: none
//  Remembers a removal, so that an older entry of a chunk does not undo it. False without memory.
bool
    replica_learn_removed (storage_t *self, partition_t *part, struct map *map, uint64_t hash, bytes_t key,
                           uint64_t seq);
bool
    replica_learn_destroyed (storage_t *self, partition_t *part, struct map *map, uint64_t seq);

//  A change of a lock: made now, or kept until the locks have come. False without memory.
bool
    replica_learn_lock (storage_t *self, partition_t *part, const lock_change_t *change, uint64_t seq,
                        uint64_t now);

#define CHUNK_LAST 1u
#define CHUNK_SESSIONS 2u
#define CHUNK_MORE 4u // It goes on in the next chunk
#define CHUNK_LOCKS 8u // lock_code.c, instead of entries

//  replica_lock.c: locks ---------------------------------------------------------------------------
//  The reply to LOCK that has it.
void
    lock_reply (buf_t *out, uint64_t id, uint64_t token, uint64_t lease);
//  A change of entry `seq`, with what it says to a session: the same on every copy. False without memory;
//  then again later.
bool
    replica_lock_change (storage_t *self, partition_t *part, const lock_change_t *change, uint64_t seq,
                         uint64_t now);
//  The rest for the primary alone. A change by an entry of its own. False: not now.
bool
    replica_lock_log (storage_t *self, partition_t *part, const lock_change_t *change, uint64_t now);
//  The lease has ended. False: not now.
bool
    replica_lock_expire (storage_t *self, partition_t *part, lock_t *lock, uint64_t now);
//  A free lock goes to the first who waits for it; those whose wait is over go. False: not now, it is tried
//  again. The lock may be gone afterwards.
bool
    replica_lock_serve (storage_t *self, partition_t *part, lock_t *lock, uint64_t now);
//  A deadline of the partition may be the next of all.
void
    replica_lock_wake (storage_t *self, const partition_t *part);
//  Who waits here is told who owns the partition now.
void
    replica_lock_abandon (storage_t *self, partition_t *part);
//  Ends what has come to its end. Returns the milliseconds to the next; UINT64_MAX: none.
uint64_t
    replica_lock_tick (storage_t *self, uint64_t now);

//  replica_call.c: operations ----------------------------------------------------------------------
struct call;
//  Whether a record may be executed here and now. False, and replied (or the recorded result), if not.
bool
    call_admit (struct call *call);
//  Begins the log entry of a change, before anything is changed. False, and replied, without memory.
bool
    call_open (struct call *call, change_kind_t kind, bytes_t first, bytes_t second, uint64_t deadline);
//  Makes a change of a lock, in the record's log entry. False, and replied, without memory.
bool
    call_change_lock (struct call *call, const lock_change_t *change);
//  Room in the log entry of a call whose changes are grouped, for `bytes` of further changes with their
//  heads; opens it if need be. Changes within that room cannot fail for the log. False, and replied, without
//  memory.
bool
    call_open_group (struct call *call, size_t bytes);
//  The changes so far are an entry of their own: what must not be (rule exec_whole).
void
    call_split_group (struct call *call);
//  The change was not made after all.
void
    call_cancel (struct call *call);
//  After the operation: records it under its session, closes its entry, notes what its reply waits for.
void
    call_finish (struct call *call);
//  What a reply of a backup says of how old it may be.
void
    call_add_age (const struct call *call, meta_t *meta);
//  An entry of a partition goes for another reason than a request, and is counted by it. False: it has to
//  stay for now.
bool
    replica_remove (storage_t *self, store_t *store, place_t *place, removal_t reason, uint64_t now);

//  replica_feed.c: telling what was committed (feed.h); for callers that have looked at storage_t.feeding
//  Fills partition and number of a change in the partition.
void
    replica_feed (storage_t *self, const partition_t *part, feed_change_t change);
//  Everything that an entry of the log says.
void
    replica_feed_entry (storage_t *self, const partition_t *part, uint64_t seq, bytes_t entry);
//  What happens in the partition is another's to tell.
void
    replica_feed_gone (storage_t *self, const partition_t *part);
//  There is a new view: whether anybody wants to be told.
void
    replica_feed_view (storage_t *self);

#endif

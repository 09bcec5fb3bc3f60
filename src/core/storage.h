//  storage: what a storage actor knows: the maps' entries in the partitions that it owns, and how the
//  operations of the protocol read and change them. A function of its state, the records, and the
//  time it is told.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STORAGE_H_INCLUDED
#define STORAGE_H_INCLUDED

#include "census.h"
#include "cluster/lease.h"
#include "cluster/peer.h"
#include "feed.h"
#include "reclaim.h"
#include "report.h"
#include "store.h"
#include "wire.h"

typedef struct storage storage_t;

//  Statistics of one storage actor, by the names of stat.def.
typedef struct {
#define STAT(name, kind, unit, purpose) uint64_t name;
#include "stat.def"
#undef STAT
} stats_t;

//  Adds up, field by field.
void
    stats_add (stats_t *sum, const stats_t *more);

//  Adds the pairs name, number of every field, as MessagePack; STATS_FIELDS of them.
enum {
#define STAT(name, kind, unit, purpose) STATS_INDEX_##name,
#include "stat.def"
#undef STAT
    STATS_FIELDS
};
void
    stats_encode (const stats_t *stats, buf_t *out);

//  Reads a map of such pairs; other names are passed over. False if it is not one.
bool
    stats_decode (bytes_t encoded, stats_t *stats);

//  Of one map, by the same names.
typedef struct {
    uint64_t get_hits, get_misses, puts, del_hits, del_misses, expired, evicted;
} map_counts_t;

typedef struct {
    uint32_t index;      // Which storage actor this is: partition p is its own if p % actors == index
    uint32_t actors;     // How many there are
    uint32_t partitions; // Of the cluster
    uint32_t maps_max;
    uint64_t key_max;
    uint64_t value_max;
    uint64_t memory_limit; // Bytes for this actor, 0: none
    uint64_t entries_limit; // Entries for this actor, 0: none
    map_policy_t policy;   // What makes room at a limit: MAP_POLICY_NONE (or NODE: the same), LRU, S3FIFO
    uint64_t batch_max;    // Records in one body
    uint64_t log_records;  // Entries of one partition's log that are not committed; 0: 8,192
    uint64_t log_bytes;    // Bytes of them; 0: 4 MiB
    uint64_t resend;       // Milliseconds after which what was not acknowledged is sent again; 0: 40
    uint64_t silence;      // A backup that makes no progress for so long is to be removed; 0: 1,000
    uint64_t move_bytes;   // Bytes of one batch of a move; 0: 256 KiB, which is also the most
    uint64_t ap_grace;     // Milliseconds that ap maps remember deletions; 0: an hour
    uint64_t ap_round;     // Milliseconds between two comparisons of their copies; 0: 10,000
    const struct regex_port *regex; // scan_filter.h; NULL: SCAN knows no regular expressions. Lives as long
    uint8_t seed[HASH_SEED_SIZE]; // Until a view brings the cluster's
    const census_config_t *census; // What is counted beside stat.def (census.h); NULL: nothing. Is copied
} storage_config_t;

//  epochs may be NULL: no local readers, ever. NULL without memory. The caller owns it.
storage_t *
    storage_new (const storage_config_t *config, epochs_t *epochs);

//  No local reader may be left. Accepts NULL.
void
    storage_destroy (storage_t **self_p);

//  What a turn knows of time.
typedef struct {
    uint64_t now;  // Milliseconds of the boot clock
    uint64_t wall; // Milliseconds since 1970
} moment_t;

//  Both clocks, as often as they are read: maps in ap mode need the wall clock for what comes from other
//  members as well.
void
    storage_clocks (storage_t *self, moment_t moment);

//  ------------------------------------------------------------------------------------------------
//  Records

//  Answers what belongs to the node rather than to entries: HELLO, ROUTES, STATS. Adds one reply.
typedef void (storage_node_fn) (void *arg, const request_t *request, buf_t *out);

//  A GET with the option `track` has read a key, at the owner. hash: storage_hash of the key.
typedef void (storage_track_fn) (void *arg, bytes_t map, bytes_t key, uint64_t hash, uint32_t partition);

//  One body on its way through the actor. Attachments live as long as the body.
typedef struct {
    mp_t reader;
    const bytes_t *attachments;
    size_t attachment_count;
    buf_t *attached;    // Where values go that a reply carries as attachments, one after the other
    size_t *attached_sizes; // Their sizes; room for attached_room
    size_t attached_room, attached_count;
    moment_t moment;
    size_t body_size;   // For byte offsets in messages
    uint64_t records;   // Executed so far
    storage_node_fn *node;
    storage_track_fn *track; // NULL: nobody can be told of changes
    void *node_arg;     // Of both
    bytes_t session;    // Set by WITH, for the records after it; empty: none
    uint64_t ack;
    uint64_t deadline;  // Milliseconds from arrival; 0: as each record says
    //  Where a reply goes that comes later (LOCK), as with storage_hold; such a record adds nothing to out,
    //  its reply is a message of its own. before NULL: nowhere, and what would have to wait is refused.
    unsigned tag;
    const bytes_t *before;
    size_t before_count;
    uint64_t parked;    // Records that will be answered so
} batch_t;

//  Executes records of the batch and adds their replies to out (wire_begin is the caller's), until
//  the body ends or out holds reply_max bytes. Returns true if records are left: call it again with
//  another buffer, or storage_refuse.
bool
    storage_batch (storage_t *self, batch_t *batch, buf_t *out, size_t reply_max);

//  What batches have executed but may not tell yet: a write is told when every copy in sync has it, a
//  read when what it saw is committed (doc/consistency.md 5 and 6). After storage_batch has returned
//  false, and once the clock has been read again (now), it says whether the body in out may be sent.
//  It may have been rewritten: reads for which the lease has ended are answered TRYAGAIN.
//  STORAGE_WAIT: nothing may be sent yet; storage_hold keeps it.
typedef enum { STORAGE_SEND, STORAGE_WAIT } storage_verdict_t;
storage_verdict_t
    storage_settle (storage_t *self, batch_t *batch, buf_t *out, uint64_t now);

//  Keeps a reply that has to wait, until storage_port_t.release. before: frames that are to come back
//  with it (routing id, envelope…); tag likewise. All is copied. False without memory: the records were
//  executed, but their replies are lost.
bool
    storage_hold (storage_t *self, batch_t *batch, unsigned tag, const bytes_t *before, size_t before_count,
                  const buf_t *out, uint64_t now);

//  Answers every record that is left with a status, executing none.
void
    storage_refuse (storage_t *self, batch_t *batch, buf_t *out, unsigned status, const char *text);

//  ------------------------------------------------------------------------------------------------
//  Copies: a storage in a cluster. Without a view nothing of this is in the way: it owns all its
//  partitions, alone.

//  Called from within the functions of a storage; must not call them.
struct move_info;
typedef struct {
    void *arg;
    //  Sends a body (peer.h, plane DATA) to storage actor `actor` of a member. It may be lost.
    void (*send) (void *arg, node_id_t to, uint32_t actor, bytes_t body);
    //  The same for a batch of a move (PEER_SNAP_CHUNK), through the channel that has a pace. It takes
    //  over what the buffer holds. May be lost, too.
    void (*stream) (void *arg, node_id_t to, uint32_t actor, buf_t *body);
    //  Bytes that the channel takes now; whatever is more than 0 lets one batch pass. When it has said 0:
    //  storage_stream comes as soon as that changes.
    size_t (*stream_room) (void *arg);
    //  A move of this member changed its state (move.h). The pointer is good for the call.
    void (*moved) (void *arg, const struct move_info *move);
    //  Tells the beacon PEER_RECONF, PEER_JOIN, PEER_HANDOVER or PEER_DROP_LEARNER (cluster_ask).
    //  Repeated until the epoch changes.
    void (*ask) (void *arg, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node);
    //  A reply that was held may leave: what storage_hold was given. Frames live for the call only.
    void (*release) (void *arg, unsigned tag, const bytes_t *before, size_t before_count,
                     const bytes_t *frames, size_t count, uint64_t records);
} storage_port_t;

//  Before the first view. self_id: this node. lease: written by the beacon, lives as long. port is
//  copied.
void
    storage_join (storage_t *self, node_id_t self_id, const lease_t *lease, const storage_port_t *port);

//  The next view; older ones are passed over. The first one decides the hash seed: nothing may have
//  been stored before. Copies the view. False without memory: nothing has changed, call it again.
bool
    storage_set_view (storage_t *self, const view_t *view, uint64_t now);

//  PEER_HANDOVER_PLEASE from the coordinator: seal the partition and hand it over.
void
    storage_hand_over (storage_t *self, uint32_t partition, uint64_t epoch, node_id_t node);

//  A body from another member's storage actor. Whatever is wrong with it is counted and changes
//  nothing. Returns what was wrong; NULL: nothing.
const char *
    storage_peer (storage_t *self, bytes_t body, uint64_t now);

//  The channel for batches takes more: moves that waited for it go on.
void
    storage_stream (storage_t *self, uint64_t now);

//  Moves under way from this storage to other members, at most `room` of them into `moves`. Returns how
//  many there are.
size_t
    storage_moves (storage_t *self, struct move_info *moves, size_t room);

//  Sends what has come up for other members. Once at the end of a turn, after storage_settle of all of
//  its bodies.
void
    storage_flush (storage_t *self, uint64_t now);

//  Resends, asks the coordinator, gives up what has waited too long. Returns the milliseconds after
//  which it wants to be called again; UINT64_MAX: not before something happens.
uint64_t
    storage_replicate (storage_t *self, uint64_t now);

//  A new session of this actor's own issue (consistency 8): 16 bytes. False: there is no view yet, or
//  they are used up.
#define SESSION_SIZE 16
bool
    storage_session (storage_t *self, uint8_t session[SESSION_SIZE]);

//  How one partition stands here. For invariants, `zgrid partitions`, and tests.
typedef struct {
    role_t role;
    uint64_t epoch;
    uint64_t last, commit;         // Log entries: prepared, committed
    uint64_t tenure, tenure_start;
    bool sealed, complete;         // complete: a learner that has its snapshot
    unsigned move;                 // move_state_t: of the move that this primary drives
    uint64_t log_bytes, waiting;   // Entries not committed yet, replies that wait
    uint64_t sessions;
} partition_state_t;
partition_state_t
    storage_partition_state (storage_t *self, uint32_t partition);

//  The same for the maps in ap mode.
uint64_t
    storage_ap_digest (storage_t *self, uint32_t partition);

//  A digest of everything that copies must have in common in a partition: entries (key, value,
//  version, whether there is a deadline) and sessions. Equal for equal contents, whatever the order.
uint64_t
    storage_partition_digest (storage_t *self, uint32_t partition);

//  Called with each log entry that a primary commits, in order: for the simulator. NULL: nobody.
typedef void (storage_commit_fn) (void *arg, uint32_t partition, uint64_t epoch, uint64_t seq, bytes_t entry);
void
    storage_watch (storage_t *self, storage_commit_fn *committed, void *arg);

//  Adds the changes that are committed from now on to a feed (feed.h), in their order: those that maps with
//  events have events for, and with `all` everything, for those who track keys. The feed lives until the
//  storage is destroyed, or another one (NULL: none) takes its place. Maps in ap mode tell nothing.
void
    storage_feed (storage_t *self, feed_t *feed);
void
    storage_feed_all (storage_t *self, bool all);

//  ------------------------------------------------------------------------------------------------
//  Housekeeping

//  Releases what waits for readers. Once a turn, after its records.
void
    storage_turn (storage_t *self, uint64_t now);

//  Expiry, resizing, compaction and trimming: a bounded piece of work. Returns the milliseconds after
//  which it wants to be called again; UINT64_MAX: when something has changed.
uint64_t
    storage_tick (storage_t *self, uint64_t now);

//  Gauges and counters, up to date.
const stats_t *
    storage_stats (storage_t *self);

//  For the actor's own counters (messages, bytes…).
stats_t *
    storage_counters (storage_t *self);

//  NULL: there is none.
census_t *
    storage_census (storage_t *self);

//  Adds the rows of a table that this storage knows of; those of clients are the actor's. Bounded work.
//  False without memory.
bool
    storage_report (storage_t *self, sheet_t *sheet, const report_t *report, moment_t moment);

//  Tells it that local readers may come (or have all gone).
void
    storage_set_readers (storage_t *self, bool readers);

//  Asserts that all accounting is exact. For tests.
void
    storage_verify (storage_t *self);

//  ------------------------------------------------------------------------------------------------
//  Local readers (any thread, inside an epoch)

typedef struct {
    int status;          // ZGRID_OK, ZGRID_NOTFOUND, or -1: ask the actor
    const entry_t *entry;
    uint64_t version, deadline; // Of the entry, as they were together, or newer
} shared_t;

typedef struct map map_t;

//  The map of that name, or NULL if nothing was ever stored in it. Stays where it is until the storage
//  is destroyed.
const map_t *
    storage_map (storage_t *self, bytes_t name);

//  Where the store of a map's share in one of this actor's partitions is, or will be, found.
typedef _Atomic (store_t *) storage_place_t;
storage_place_t *
    storage_place (storage_t *self, const map_t *map, uint32_t partition);

//  What the owner says of a partition (replica/shared_word.h). Stays where it is until the storage is
//  destroyed.
struct shared_word;
const struct shared_word *
    storage_word (const storage_t *self, uint32_t partition);

//  This member's lease; NULL: without a view, nobody else could serve. To be compared after all
//  lookups.
const lease_t *
    storage_lease (const storage_t *self);

//  True: what is not found here may be in a map in ap mode; ask the actor.
bool
    storage_has_ap (storage_t *self);

uint64_t
    storage_hash (const storage_t *self, bytes_t key);

//  The access clock (entry.h), as of the actor's last turn.
uint32_t
    storage_clock (storage_t *self);

//  Asks the cache for what storage_find_shared will look at: stage 0 before stage 1. The hint is theirs.
void
    storage_prefetch_shared (storage_place_t *place, uint64_t hash, int stage, index_hint_t *hint);

//  The entry of a key. hint: of stage 1, or NULL. now () is called for entries with a deadline only,
//  and tells the boot clock;
//  expired entries are for the actor (-1).
typedef uint64_t (storage_clock_fn) (void);
shared_t
    storage_find_shared (storage_place_t *place, uint64_t hash, bytes_t key, const index_hint_t *hint,
                         uint32_t clock, storage_clock_fn *now);

#endif

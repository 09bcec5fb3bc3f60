//  storage_impl: what the files of storage share. For storage*.c and ops*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STORAGE_IMPL_H_INCLUDED
#define STORAGE_IMPL_H_INCLUDED

#include "evict/evictor.h"
#include "replica/shared_word.h"
#include "replica/replica.h"
#include "scan_filter.h"
#include "storage.h"

struct map {
    uint64_t hash;
    uint32_t number; // In the order of creation
    uint32_t name_size;
    char *name;
    uint64_t ttl;         // As the view has it: milliseconds, 0: none
    _Atomic uint32_t idle; // Ticks of the access clock without an access, of entries that stay; 0: any
    uint64_t told; // Events
    map_counts_t *counts;         // Apart: local readers look at what is here
    tally_t tally;      // What this actor is primary of
    evictor_t *evictor; // NULL: nothing is said of this map, the node's is in charge
    weights_t weights;  // Of its partitions, for evictors
    uint8_t notes;      // Of its stores: STORE_NOTES_…
    _Atomic (store_t *) stores[]; // By local partition: partition / actors
};

//  The maps by name: never changed once published, replaced as a whole.
typedef struct {
    uint32_t room;  // A power of two
    uint32_t count;
    map_t *slots[]; // room of them; then `room` more: the same by number
} directory_t;

//  A walk over all stores, map by map, partition by partition.
typedef struct {
    uint32_t map, partition; // Whose turn it is
    bool wrapped;            // The last step ended a round
} walk_t;

struct storage {
    storage_config_t config;
    epochs_t *epochs; // Of local readers; may be NULL
    hash_secret_t secret;
    pool_t pool;
    _Atomic (directory_t *) directory;
    uint32_t local_partitions;
    partition_t *partitions; // By local partition
    map_t *last_map;         // Of the record before: most records name the same map
    stats_t stats;
    //  Limits
    uint64_t random;
    ages_t ages;
    evictor_t evictor;          // The node's
    evictor_t **evictors;       // Of maps
    uint32_t evictors_count, evictors_room;
    uint32_t primaries;         // Partitions that this actor is primary of
    bool maps_declared;         // In the last view
    bool limits_due;            // Without memory: limits_refresh has to be called again
    //  For local readers
    _Atomic uint32_t clock;    // The access clock
    _Atomic bool ap_declared;  // A map in ap mode: its entries are for the actor
    shared_word_t *words;      // By local partition
    const lease_t *lease;      // NULL: without a view, nobody else could serve
    cluster_side_t cluster;
    //  What is told of committed changes
    feed_t *feed;  // NULL: nobody takes them
    bool feed_all; // Of every map, not of those with events alone
    bool feeding;  // Anything at all
    census_t *census;          // NULL: nothing is counted beside stats
    store_tally_t *tallies;    // By local partition
    //  Housekeeping
    walk_t look;               // For big entries
    uint64_t look_position;    // In the store that it has come to
    walk_t sweep, compact;
    struct {
        uint64_t shortest;        // Milliseconds, of the maps that have an idle time; 0: none has
        uint32_t map, partition;  // Where the sweep for idle entries has come to
        uint64_t place;           // In that store (index_each)
    } idle;
    uint32_t expired_ticks;    // In a row that left expired entries behind
    bool moving, moving_seen;  // Tables are being resized: in the last round, in this one so far
    uint64_t compact_position; // In the store that compaction has come to
    size_t compact_moved;      // Entries, in this round
    size_t rest_used, rest_reserved; // When a round of compaction found nothing to do; else 0
    buf_t scratch;
    scan_regex_t regex;
    //  Locks
    uint64_t locks_at;  // Nothing of theirs ends before
    buf_t lock_result;  // What a waiter is told, for its session
};

//  One record being executed.
typedef struct call {
    storage_t *storage;
    batch_t *batch;
    const request_t *request;
    options_t options;
    moment_t moment;
    map_t *map;             // NULL if there is no such map
    partition_t *partition;
    store_t *store;         // NULL if the map has nothing in this partition
    place_t place;          // Where the key is, or would be; never an expired entry
    buf_t *out;
    //  Copies and sessions
    unsigned status;        // Of the last reply
    size_t out_at;          // Where the reply begins in out
    size_t out_first;       // Likewise, from the beginning on
    uint64_t before;        // The partition's sequence when it began
    uint64_t saw;           // Version of what was looked up, or of the last removal
    bool has_session;
    bool open;              // An entry is open in the partition's log
    bool settled;           // Its reply waits for `saw` alone: nothing was executed
    bool stale;             // Asked for, and answered by, a backup
    bool parked;            // Its reply comes later: it waits for a lock
    bool lock_moves;        // Who waits for the lock may have it now
    bool grouped;           // Several changes: one log entry, one version (ops_exec.c)
    uint64_t group_version; // Then: that version; 0: nothing has changed yet
    uint64_t group_bytes;   // Then: of values that were stored
    size_t change_at;       // Then: where the last change begins in the log
    size_t entry_at;        // Where the entry begins in the log
    size_t result_room;     // Bytes of result that the entry has room for
    request_key_t request_key;
} call_t;

typedef void (op_fn) (call_t *call);

//  Counts for the storage actor, and for the map if there is one.
#define CALL_COUNT(call, field)                                                                              \
    do {                                                                                                     \
        (call)->storage->stats.field++;                                                                      \
        if ((call)->map)                                                                                     \
            (call)->map->counts->field++;                                                                    \
    } while (0)

//  By op number; NULL: not a key operation.
extern op_fn *const ops_table[OP_LIMIT];

//  storage_map.c
map_t *
    map_find (storage_t *self, bytes_t name);
//  NULL: past the limit (status TOOBIG) or no memory (NOMEM).
map_t *
    map_make (storage_t *self, bytes_t name, unsigned *status);
static inline store_t *
map_store (const map_t *map, uint32_t local)
{
    return atomic_load_explicit (&((map_t *) (uintptr_t) map)->stores[local], memory_order_acquire);
}
//  The store of the call's map and partition, made if need be. False, and replied, if it cannot be.
bool
    call_make_store (call_t *call);
directory_t *
    map_directory (storage_t *self);
//  The map of that number, NULL behind the last.
map_t *
    map_numbered (storage_t *self, uint32_t number);
//  The store of a map in a partition, made if need be. NULL without memory.
store_t *
    map_make_store (storage_t *self, map_t *map, uint32_t local);
//  Cuts the store off, atomically; its entries go when nobody can see them.
void
    map_drop_store (map_t *map, uint32_t local);
static inline bytes_t
map_name (const map_t *map)
{
    return bytes_of (map->name, map->name_size);
}

//  storage.c: the store that a walk has come to; NULL after the last one of a round. Bounded by *steps.
store_t *
    storage_next_store (storage_t *self, walk_t *walk, uint32_t *steps);

//  storage_report.c: looks at some entries for large ones. Once a tick.
void
    storage_look (storage_t *self);

//  storage_settings.c: what the view says of maps

//  Once a view, and once for a map that is new.
void
    storage_apply_settings (storage_t *self);
void
    map_apply_settings (storage_t *self, map_t *map);

//  True if the map's idle time says that the entry goes. For the primary alone: others do not know of all
//  accesses. Nobody's accesses count that a former primary saw: none is idle before the present one has
//  been that for as long.
bool
    entry_is_idle (const storage_t *self, const map_t *map, const partition_t *part, const entry_t *entry,
                   uint64_t now);

//  Milliseconds since the entry was last used, as far as this primary has seen it: two ticks of the access
//  clock and 1/64 less at most. Where uses are not noted (store.h) since it was written.
uint64_t
    entry_idle (const storage_t *self, const partition_t *part, const entry_t *entry, uint64_t now);

//  The deadline of what is stored without a TTL: of a new entry, and of one that keeps what it has.
uint64_t
    call_usual_deadline (const call_t *call);
uint64_t
    call_kept_deadline (const call_t *call);

//  Removes idle entries: a piece of a round, which takes a quarter of the shortest idle time, but 2 to
//  30 seconds. Once in 20 ms. Returns how many it removed, at most `most`.
size_t
    storage_sweep_idle (storage_t *self, size_t most, uint64_t now);

//  storage_partition.c: SCAN, SIZE, DESTROY
void
    partition_operation (call_t *call);

//  storage_memory.c: makes room for an entry of `needed` bytes, in place of `keep`, which is never
//  removed for it and may be NULL. NULL: there is room; else the limit that is in the way.
const char *
    storage_make_room (storage_t *self, const map_t *map, const entry_t *keep, size_t needed, uint64_t now);
//  The same for several entries at once: what they add. One for the map's limits, one for the node's.
typedef struct {
    uint64_t entries, bytes;
} room_t;
const char *
    storage_make_room_of_map (storage_t *self, const map_t *map, room_t room, uint64_t now);
const char *
    storage_make_room_of_node (storage_t *self, room_t room, uint64_t now);
//  Removes some of what is beyond limits that became smaller. True: it has to go on.
bool
    storage_shrink (storage_t *self, uint64_t now);

//  storage_limits.c: the life of evictors.
void
    limits_open (storage_t *self);
void
    limits_close (storage_t *self);
//  What the view says of all maps and partitions holds from now on.
void
    limits_refresh (storage_t *self);
//  The same for a map that begins. False without memory.
bool
    limits_begin_map (storage_t *self, map_t *map);
//  Settings of one map. False without memory: the old ones hold.
bool
    limits_apply (storage_t *self, map_t *map, const map_settings_t *settings);

//  Counts anew and asserts.
void
    limits_verify (storage_t *self);

//  The clock of accesses, now. What was not used within the last `ms` milliseconds has an entry_access
//  that lies before storage_access_before (self, ms): modulo 2^22, and see evict/ages.h for how exactly.
static inline uint32_t
storage_access_clock (const storage_t *self)
{
    return self->ages.clock;
}
uint32_t
    storage_access_before (const storage_t *self, uint64_t ms);

//  ops.c: replies
void
    call_answer (call_t *call, unsigned status, value_t value, uint64_t version);
void
    call_refuse (call_t *call, unsigned status, const char *text);

//  Adds MOVED with the endpoint of the partition's owner.
void
    reply_moved (storage_t *self, uint64_t id, uint32_t partition, buf_t *out);
//  Answers so.
void
    call_moved (call_t *call, uint32_t partition);

//  TOOBIG, with a sentence: what is of `size` bytes, and the limit.
void
    call_too_big (call_t *call, const char *what, uint64_t size, const char *limit, uint64_t most);

//  The deadline that the options ask for, or `otherwise` if they do not. Returns false, and has
//  replied, if it is past the limit or 0. *past is set if the time is over already.
bool
    call_deadline (call_t *call, uint64_t otherwise, uint64_t *deadline, bool *past);

//  Stores the value at the call's place as the next version; *version_p becomes it. A deadline of
//  `past` removes instead. False, and has replied, if the value is too big or memory is short.
bool
    call_store (call_t *call, bytes_t first, bytes_t second, uint64_t deadline, bool past,
                uint64_t *version_p);

//  Evicts what has to go before a value of that size is stored at the call's place, in its store. False, and
//  replied, if there is no room. Calls whose changes are grouped do it before the first of them: what is
//  evicted is a log entry of its own.
bool
    call_make_room (call_t *call, size_t value_size);

//  The call goes on with that record: its map, its store, and where its key is, which may have ended.
void
    call_turn_to (call_t *call, const request_t *request);

//  True if the entry at the place is one no more. Only the primary knows whether it is idle.
bool
    call_is_over (const call_t *call, removal_t *reason);

//  Removes the entry, if there is one; *version_p (may be NULL) becomes the version of the removal. False,
//  and has replied, without memory for its log entry.
bool
    call_remove (call_t *call, uint64_t *version_p);

//  Sets the deadline of the entry that is there, 0: none. False as call_remove.
bool
    call_set_deadline (call_t *call, uint64_t deadline);

//  The request's value, wherever it lies. False, and has replied, if it is not bytes.
bool
    call_value (call_t *call, bytes_t *value);

//  A whole number from the request's value: integer or decimal text. False: neither.
bool
    call_number (value_t value, int64_t *number);

#define STORAGE_TTL_MAX (UINT64_C (100) * 366 * 24 * 3600 * 1000) // Milliseconds: 100 years

//  ops_*.c
op_fn op_get, op_put, op_del, op_exists, op_ttl, op_idle, op_expire, op_persist, op_touch, op_incr,
    op_incr_float, op_getput, op_getdel, op_cas, op_append, op_set_range, op_copy, op_lock, op_unlock,
    op_lease;

//  ops_exec.c: whether a map and key beside the call's own may be used in its partition. False, and replied,
//  if not.
bool
    exec_check_place (call_t *call, const request_t *request);
//  The whole of EXEC, after call_admit.
void
    exec_operation (call_t *call);

//  ops_lock.c
//  LOCK and its like: the whole of it, after call_admit.
void
    lock_operation (call_t *call);
//  The answer to one that was executed as log entry `seq`, when there was no memory to keep it.
void
    lock_replay (call_t *call, uint64_t seq);
//  The option fence, before the operation. False, and replied, if it may not be executed.
bool
    call_fence (call_t *call);
static inline bool
op_is_lock (unsigned op)
{
    return op >= OP_LOCK && op <= OP_LEASE;
}

#endif

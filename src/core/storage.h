//  storage: what a storage actor knows: the maps' entries in the partitions that it owns, and how the
//  operations of the protocol read and change them. A function of its state, the records, and the
//  time it is told.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STORAGE_H_INCLUDED
#define STORAGE_H_INCLUDED

#include "reclaim.h"
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

typedef struct {
    uint32_t index;      // Which storage actor this is: partition p is its own if p % actors == index
    uint32_t actors;     // How many there are
    uint32_t partitions; // Of the cluster
    uint32_t maps_max;
    uint64_t key_max;
    uint64_t value_max;
    uint64_t memory_limit; // Bytes for this actor, 0: none
    bool evict;            // At the limit: remove old entries, instead of refusing
    uint64_t batch_max;    // Records in one body
    uint8_t seed[HASH_SEED_SIZE];
} storage_config_t;

//  epochs may be NULL: no local readers, ever. NULL without memory. The caller owns it.
storage_t *
    storage_new (const storage_config_t *config, epochs_t *epochs);

//  The client endpoint of each storage actor, for MOVED; not copied. Without it MOVED names nobody.
void
    storage_set_owners (storage_t *self, const char *const *owners);

//  No local reader may be left. Accepts NULL.
void
    storage_destroy (storage_t **self_p);

//  What a turn knows of time.
typedef struct {
    uint64_t now;  // Milliseconds of the boot clock
    uint64_t wall; // Milliseconds since 1970
} moment_t;

//  ------------------------------------------------------------------------------------------------
//  Records

//  Answers what belongs to the node rather than to entries: HELLO, ROUTES, STATS. Adds one reply.
typedef void (storage_node_fn) (void *arg, const request_t *request, buf_t *out);

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
    void *node_arg;
} batch_t;

//  Executes records of the batch and adds their replies to out (wire_begin is the caller's), until
//  the body ends or out holds reply_max bytes. Returns true if records are left: call it again with
//  another buffer, or storage_refuse.
bool
    storage_batch (storage_t *self, batch_t *batch, buf_t *out, size_t reply_max);

//  Answers every record that is left with a status, executing none.
void
    storage_refuse (storage_t *self, batch_t *batch, buf_t *out, unsigned status, const char *text);

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

//  ap_impl: what the files of ap share. For replica/ap*.c only.
//
//  A value in a store of ap is a head of AP_HEAD bytes and the value itself:
//      flags u8, tie u64, base u64, ends u64, value
//  SPDX-License-Identifier: MPL-2.0
#ifndef AP_IMPL_H_INCLUDED
#define AP_IMPL_H_INCLUDED

#include "../mem.h"
#include "../slot.h"
#include "../status.h"
#include "ap.h"
#include "hlc.h"

#define AP_HEAD 25
#define AP_BUCKETS 64 // Digests of a store, by the first bits of the hash
#define AP_BUCKET_BITS 6
#define AP_DIGESTS_SIZE (AP_BUCKETS * 8)
#define AP_PUSH_MAX (128u << 10) // Bytes of entries in one repairing message
#define AP_JOBS_MAX 128          // Repairs at a time
#define AP_JOB_WAIT 500          // Milliseconds: then a push is sent again
#define AP_JOB_TRIES 4
#define AP_LEAVE_ASK 1000 // Milliseconds between two questions of a store that is to go

enum {
    AP_DEAD = 1, // Was deleted
    AP_OVER = 2  // Its time is over: the value is gone, the rest is as it was
};

//  What is known of a key.
typedef struct {
    uint64_t version; // hlc
    uint8_t flags;
    uint64_t tie;  // Digest of all that follows, and of AP_DEAD: decides between equal versions
    uint64_t base; // The version that it replaced where it was written; 0: none
    uint64_t ends; // Wall clock, milliseconds; 0: lives until it is removed
    bytes_t value;
} record_t;

typedef struct {
    store_t *store;
    uint64_t live; // Entries neither DEAD nor OVER
    uint64_t digests[AP_BUCKETS];
    //  When this member is no longer listed
    uint64_t leave_epoch; // The row that `done` is about
    uint64_t leave_ask_at;
    unsigned done_count;
    node_id_t done[VIEW_REPS_MAX]; // These have everything
} share_t;

typedef struct {
    uint64_t hash;
    bytes_t name;
    uint32_t number;   // In the order of creation
    map_counts_t counts;
    share_t *shares[]; // By local partition; NULL: nothing there
} ap_map_t;

//  Entries of some buckets on their way to a replica. to 0: free.
typedef struct {
    node_id_t to;
    uint32_t map, local;
    uint64_t epoch;          // Of the partition's row when it was asked for
    uint64_t mask;           // Buckets
    uint64_t position, next; // In the index: behind what was acknowledged, behind what was sent
    uint64_t number;         // Of the push; 0: none is on its way
    uint64_t sent_at;
    unsigned tries;
    bool unproven; // Something was sent that nobody acknowledges
} job_t;

struct ap {
    ap_config_t config;
    ap_port_t port;
    node_id_t id;
    hash_secret_t secret;
    pool_t pool;
    hlc_t clock;
    bool clock_known;
    uint64_t wall_offset; // Wall clock less boot clock, modulo 2^64
    const view_t *view;
    uint32_t local_partitions;
    ap_map_t **maps;
    uint32_t maps_count, last_map;
    job_t jobs[AP_JOBS_MAX];
    uint64_t number; // Of pushes
    //  Walks over all shares: number = map * local_partitions + local
    uint64_t sweep_at, round_share, leave_share;
    bool in_round, round_again;
    bool leaving, leave_found; // Shares of partitions that are not ours are looked for; one was found
    uint64_t round_at;         // When the next round begins
    ap_stats_t stats;
    buf_t message, entries;
    scan_regex_t regex;
};

static inline uint64_t
ap_wall (const ap_t *self, uint64_t now)
{
    return now + self->wall_offset;
}

static inline uint32_t
ap_bucket (uint64_t hash)
{
    return index_position (hash) >> (32 - AP_BUCKET_BITS);
}

static inline uint32_t
ap_partition (const ap_t *self, uint32_t local)
{
    return local * self->config.actors + self->config.index;
}

static inline const part_t *
ap_row (const ap_t *self, uint32_t local)
{
    return self->view ? &self->view->parts[ap_partition (self, local)] : NULL;
}

//  Whether this member is listed: 2 for a rep, 1 for a learner, which only receives, 0 otherwise.
static inline int
ap_listed (const ap_t *self, uint32_t local)
{
    const part_t *row = ap_row (self, local);
    role_t role = row ? part_role (row, self->id) : ROLE_NONE;
    return role == ROLE_NONE ? 0 : role == ROLE_LEARNER ? 1 : 2;
}

//  ap.c: the map of that name, made if `make`. NULL: there is none, there are too many, or no memory.
ap_map_t *
    ap_map (ap_t *self, bytes_t name, bool make);
share_t *
    ap_share (ap_t *self, ap_map_t *map, uint32_t local, bool make);
void
    ap_drop_share (ap_t *self, ap_map_t *map, uint32_t local);

//  ap_record.c -------------------------------------------------------------------------------------
//  What lies in an entry. False if that is not a record (never, but for damage).
bool
    record_of (const entry_t *entry, record_t *record);
uint64_t
    record_tie (const ap_t *self, const record_t *record);
static inline bool
record_alive (const record_t *record, uint64_t wall)
{
    return !(record->flags & (AP_DEAD | AP_OVER)) && (record->ends == 0 || record->ends > wall);
}
//  What a record adds to the digest of its bucket.
uint64_t
    record_digest (uint64_t hash, const record_t *record);
//  Puts it in the place of what is there. False without memory; nothing has changed then.
bool
    record_put (ap_t *self, share_t *share, place_t *place, const record_t *record, uint64_t now);
//  Whether memory.limit leaves room for it.
bool
    record_fits (ap_t *self, const record_t *record, bytes_t key);
typedef enum {
    MERGE_REFUSED, // It should come again
    MERGE_KNOWN,   // It is here: it was taken, or what is here came after it
    MERGE_LOSES    // What is here is greater, and had not seen it
} merge_t;

//  Takes a record from elsewhere if it is the greater one. What it replaces is counted if it is lost by that;
//  *record is what is here afterwards.
merge_t
    record_merge (ap_t *self, share_t *share, bytes_t key, uint64_t hash, record_t *record, uint64_t now);
//  For a share that is to go: forgets what is there, and counts it if it is lost, once a replica has shown
//  that it has a greater one.
void
    record_yield (ap_t *self, share_t *share, bytes_t key, uint64_t hash, record_t *record, uint64_t now);
//  pool_t.expire
bool
    record_expire (void *arg, store_t *store, place_t *place, uint64_t now);

//  Entries in messages.
void
    record_encode (buf_t *out, bytes_t key, const record_t *record);
bool
    record_decode (mp_t *reader, bytes_t *key, record_t *record);

//  ap_sync.c ---------------------------------------------------------------------------------------
//  Sends self->entries to all other replicas of the partition, and empties it.
void
    ap_push (ap_t *self, const ap_map_t *map, uint32_t local);
uint64_t
    ap_sync_tick (ap_t *self, uint64_t now);

//  ap_part.c
unsigned
    ap_part_operation (ap_t *self, const ap_call_t *call);

//  ap_execute.c: adds one reply and returns its status.
unsigned
    ap_reply (const ap_call_t *call, unsigned status, value_t value, uint64_t version);
unsigned
    ap_fail (const ap_call_t *call, unsigned status, const char *text);
//  Deletes what is at the place, and adds that to self->entries; *version is that of the deletion. False
//  without memory.
bool
    ap_delete (ap_t *self, share_t *share, place_t *place, uint64_t now, uint64_t *version);

#endif

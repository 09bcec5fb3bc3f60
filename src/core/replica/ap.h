//  ap: maps in ap mode (doc/consistency.md 11). Every listed replica of a partition, primary or backup,
//  accepts reads and writes at once and alone; writes travel to the others afterwards, and what was
//  lost on the way is found by comparing digests. The last writer wins. Replicas converge; of
//  concurrent writes one survives; nothing that was deleted comes back within the grace.
//
//  What it holds lies beside the cp stores: in stores and a pool of its own.
//  SPDX-License-Identifier: MPL-2.0
#ifndef AP_H_INCLUDED
#define AP_H_INCLUDED

#include "../cluster/peer.h"
#include "../scan_filter.h"
#include "../storage.h"

typedef struct ap ap_t;

//  0 in one of the last three: the usual value.
typedef struct {
    uint32_t index, actors, partitions; // As of the storage
    uint32_t maps_max;
    uint64_t value_max;
    uint64_t memory_limit; // Bytes, together with what port.used tells; 0: none
    uint64_t grace;        // Milliseconds that a deletion is remembered: 3,600,000
    uint64_t round;        // Milliseconds between two comparisons: 10,000
    uint64_t ahead;        // Versions so many milliseconds in the future are refused: 500
    const regex_port_t *regex; // NULL: SCAN knows no regular expressions
} ap_config_t;

//  Called from within the functions below; must not call them.
typedef struct {
    void *arg;
    //  Sends one message (an encoded array, peer.h, plane DATA) to storage actor `actor` of a member. It
    //  may be lost.
    void (*send) (void *arg, node_id_t to, uint32_t actor, bytes_t message);
    //  Bytes that the storage takes beside this. May be NULL.
    uint64_t (*used) (void *arg);
} ap_port_t;

//  seed: of the cluster's hashes. NULL without memory. The caller owns it.
ap_t *
    ap_new (const ap_config_t *config, const uint8_t seed[HASH_SEED_SIZE], node_id_t self_id,
            const ap_port_t *port);
void
    ap_destroy (ap_t **self_p);

//  Both clocks. Functions that are told `now` alone take the wall clock to have gone on evenly since.
//  Before the first time, nothing is taken from others and nothing is compared.
void
    ap_clock (ap_t *self, moment_t moment);

//  The next view. It must stay until another one has been given.
void
    ap_set_view (ap_t *self, const view_t *view, uint64_t now);

//  One record for an ap map, checked as for any map: map and key are sound.
typedef struct {
    const request_t *request;
    const options_t *options;
    bytes_t value;      // Of PUT
    uint32_t partition; // Of the key, or that of the option; this actor's
    moment_t moment;
    buf_t *out;
} ap_call_t;

//  Executes it and adds its reply. Returns the reply's status; ZGRID_MOVED, and nothing is added, if
//  this member is not listed for the partition: the caller answers.
unsigned
    ap_execute (ap_t *self, const ap_call_t *call);

//  True for AP_PUSH, AP_ACK, AP_DIGEST and AP_PULL.
bool
    ap_takes (peer_type_t type);

//  A message of such a type: the reader stands behind type; count fields follow. False: malformed.
//  Whatever is wrong with it is counted. from: the head's sender.
bool
    ap_peer (ap_t *self, node_id_t from, peer_type_t type, mp_t *reader, uint32_t count, uint64_t now);

//  Expiry, comparing, repairing, leaving: a bounded piece of work. Returns the milliseconds after which
//  it wants to be called again; UINT64_MAX: when something has happened.
uint64_t
    ap_tick (ap_t *self, uint64_t now);

typedef struct {
    uint64_t entries;      // That can be read
    uint64_t tombstones;   // Deletions and expired entries that are remembered
    uint64_t bytes;        // Of memory: entries and tables
    uint64_t lost;         // Writes held here that gave way to one that had not seen them
    uint64_t merged;       // Entries taken from others
    uint64_t refused;      // Of others: too far in the future, malformed, no memory
    uint64_t repaired;     // Entries sent because digests differed
    uint64_t handed_over;  // Stores dropped after this member was no longer listed
} ap_stats_t;
ap_stats_t
    ap_stats (ap_t *self);

//  What is known of a map.
typedef struct {
    bytes_t name;
    uint64_t entries, copies; // In partitions of which this member is primary, and in others
    size_t data_bytes, used_bytes; // Of the first, and of both
    map_counts_t counts;
} ap_map_info_t;
//  The name of the map of that number, from 0; empty: there is none.
bytes_t
    ap_map_name (const ap_t *self, uint32_t number);
ap_map_info_t
    ap_map_info (const ap_t *self, uint32_t number);

//  A digest of what replicas must have in common in a partition, of all maps. Equal for equal contents.
uint64_t
    ap_digest (ap_t *self, uint32_t partition);

//  Asserts that accounting and digests are exact. For tests.
void
    ap_verify (ap_t *self);

//  For storage: takes a record if it names a map in ap mode of the view. Adds to the storage's
//  statistics. True: it has been answered.
struct call;
bool
    ap_take (ap_t *self, const view_t *view, struct call *call);

#endif

//  view: one version of what the cluster has agreed on: members, voters, the partition table and the
//  maps' settings (doc/consistency.md; a "register state"). Never changed once it is published: who
//  wants another makes a copy and changes that.
//  SPDX-License-Identifier: MPL-2.0
#ifndef VIEW_H_INCLUDED
#define VIEW_H_INCLUDED

#include "../buf.h"
#include "../hash.h"
#include "../mp.h"

//  A process start: random, never 0, never used again (ADR 9). 0 means nobody.
typedef uint64_t node_id_t;

#define VIEW_MEMBERS_MAX 1024
#define VIEW_VOTERS_MAX 5
#define VIEW_COPIES_MAX 7
#define VIEW_REPS_MAX 8 // Copies, and one more while a copy moves
#define VIEW_ACTORS_MAX 64
#define VIEW_MAPS_MAX 1024
#define VIEW_PARTITIONS_MAX 16384
#define VIEW_NAME_MAX 64  // Bytes of a member's name and zone
#define VIEW_HOST_MAX 255
#define VIEW_MAP_MAX 255
#define VIEW_TTL_MAX (UINT64_C (100) * 366 * 24 * 3600 * 1000) // Milliseconds: 100 years
#define VIEW_IDLE_MAX (UINT64_C (7) * 24 * 3600 * 1000) // The clock of accesses wraps after 12 days
#define VIEW_LIMIT_MAX ((uint64_t) INT64_MAX)
#define VIEW_EPOCH_MAX ((UINT64_C (1) << 24) - 1) // Versions and tokens are epoch << 40 | count

typedef enum { MEMBER_UP, MEMBER_SUSPECT, MEMBER_LEAVING } member_status_t;

typedef struct {
    node_id_t id;
    char name[VIEW_NAME_MAX + 1];
    char zone[VIEW_NAME_MAX + 1]; // "": none
    char host[VIEW_HOST_MAX + 1]; // What others connect to
    uint32_t weight;              // 1 … 1,000; 100 is usual
    bool witness;                 // Votes, holds no data; actors is 0 then
    uint8_t status;               // member_status_t
    uint64_t generation;          // +1 each time it comes back from SUSPECT (consistency 4)
    uint16_t router_port;         // The public client endpoint; 0: none
    uint16_t beacon_port;
    uint16_t move_port;           // Where batches of moves arrive (PULL); 0: a witness
    uint16_t pubsub_port;         // Where subscribers connect; 0: none
    uint16_t mesh_port;           // Where other members' publications arrive; 0: none
    uint16_t gateway_port;        // Where Redis clients connect; 0: none
    uint16_t actors;              // Storage actors: partition p is at index p mod actors
    uint16_t client_ports[VIEW_ACTORS_MAX];
    uint16_t peer_ports[VIEW_ACTORS_MAX];
} member_t;

//  One row of the partition table.
typedef struct {
    uint64_t epoch;
    node_id_t primary; // Is in reps
    node_id_t learner; // 0: none
    uint8_t reps_count;
    node_id_t reps[VIEW_REPS_MAX]; // The in-sync set, primary included
} part_t;

typedef enum { MAP_CP, MAP_AP } map_mode_t;

typedef enum { MAP_POLICY_NODE, MAP_POLICY_NONE, MAP_POLICY_LRU, MAP_POLICY_S3FIFO } map_policy_t;

#define MAP_EVENT_PUT 1u
#define MAP_EVENT_DELETE 2u
#define MAP_EVENT_EXPIRE 4u // Idle ones as well
#define MAP_EVENT_EVICT 8u
#define MAP_EVENT_ALL 15u

//  A map that was declared; one that was not has the usual settings and name "". What each field is and
//  holds stands in map_setting.def: uint64_t ttl, idle (ms), max_entries, max_bytes (0: none); uint8_t
//  mode (map_mode_t), min_sync, policy (map_policy_t), events (mask of MAP_EVENT_…).
typedef struct {
    char name[VIEW_MAP_MAX + 1];
#define MAP_SETTING(type, name, kind, least, most, usual, purpose) type name;
#include "map_setting.def"
#undef MAP_SETTING
} map_settings_t;

typedef enum { ON_LOST_REFUSE, ON_LOST_WIPE } on_lost_t;

typedef struct view {
    uint64_t cluster; // Its id: random, never 0
    uint64_t version;
    uint64_t cfg;     // +1 with each change of voters
    uint8_t voters_count, voters_new_count; // voters_new: only during a joint swap
    node_id_t voters[VIEW_VOTERS_MAX], voters_new[VIEW_VOTERS_MAX];
    uint8_t voters_max; // Wanted: 1, 3 or 5
    uint8_t copies;     // Wanted, primary included
    uint8_t on_lost;    // on_lost_t
    uint32_t era;       // Raised every ten minutes (consistency 8)
    uint64_t move_rate; // Bytes a second that a member may send for moves; 0: no limit
    uint8_t moves_paused;   // 1: nothing is moved for the sake of balance; healing goes on
    uint32_t moves_total;   // Moves of the rebalancing under way when it began, or grew; 0: none is
    uint8_t seed[HASH_SEED_SIZE]; // Of hash_secret, the same on every member
    uint32_t members_count;
    member_t *members;  // By id, ascending
    uint32_t partitions;
    part_t *parts;      // `partitions` of them
    uint32_t maps_count;
    map_settings_t *maps; // By name, ascending
} view_t;

//  Version 0, no members, parts without anybody. NULL without memory. The caller owns it.
view_t *
    view_new (uint32_t partitions);

//  NULL without memory. The caller owns it.
view_t *
    view_copy (const view_t *self);

//  Accepts NULL.
void
    view_destroy (view_t **self_p);

//  Adds one MessagePack array that holds all of it.
void
    view_encode (const view_t *self, buf_t *out);

//  Reads what view_encode wrote. Everything is checked: counts, sizes, order, that reps are members
//  and hold the primary, that voters are members, that no name has a zero byte or is not UTF-8. NULL
//  and *why (a sentence) if it is not a view; "out of memory" without memory. The caller owns it.
view_t *
    view_decode (bytes_t encoded, const char **why);

//  One member, as it stands in a view: an array. Decoding passes over it; false, and *why, if it is not
//  a member (then `reader` may stand anywhere).
void
    member_encode (const member_t *self, buf_t *out);
bool
    member_decode (mp_t *reader, member_t *member, const char **why);

//  True if both encode to the same bytes (version included).
bool
    view_equal (const view_t *self, const view_t *other);

//  The member of that id, or NULL.
member_t *
    view_member (const view_t *self, node_id_t id);

//  The member of that name (the one that is UP, if several were), or NULL.
member_t *
    view_member_named (const view_t *self, const char *name);

//  Adds a member; NULL if there are too many, it is there already, or without memory.
member_t *
    view_add_member (view_t *self, const member_t *member);
void
    view_remove_member (view_t *self, node_id_t id);

//  True if it is in voters or voters_new.
bool
    view_is_voter (const view_t *self, node_id_t id);

//  All of voters and voters_new, each once. Returns how many (at most 2 * VIEW_VOTERS_MAX).
size_t
    view_voters (const view_t *self, node_id_t *ids);

//  True if `has` says so for a majority of voters and, during a swap, for a majority of voters_new as
//  well (joint consensus: Ongaro, Ousterhout, "In search of an understandable consensus algorithm",
//  2014, section 6).
typedef bool (view_has_fn) (const void *arg, node_id_t id);
bool
    view_quorum (const view_t *self, view_has_fn *has, const void *arg);

//  What a node is to a partition.
typedef enum { ROLE_NONE, ROLE_PRIMARY, ROLE_BACKUP, ROLE_LEARNER } role_t;
role_t
    part_role (const part_t *self, node_id_t id);
bool
    part_has (const part_t *self, node_id_t id); // In reps

//  Settings of a map, declared or not. Never NULL.
const map_settings_t *
    view_map (const view_t *self, bytes_t name);

//  Declares a map, or changes what was declared. False if there are too many, or without memory.
bool
    view_set_map (view_t *self, const map_settings_t *settings);

//  Takes the declaration back, if there is one.
void
    view_remove_map (view_t *self, bytes_t name);

//  Copies that can be had at present: wanted, but no more than members that hold data and are not
//  leaving.
uint32_t
    view_copies (const view_t *self);

//  Of partition p: who is in sync and UP. For `safe`, `status` and the like.
typedef struct {
    uint32_t under_replicated; // Partitions with fewer copies than view_copies
    uint32_t lost;             // With no rep that is UP or LEAVING
    uint32_t moving;           // With a learner, or more copies than wanted
    uint32_t suspects;         // Members
    uint32_t voters_suspect;
    bool swapping;             // voters_new is set
} view_health_t;
view_health_t
    view_health (const view_t *self);

#endif

//  forward_impl: what the files of forward share. For forward*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FORWARD_IMPL_H_INCLUDED
#define FORWARD_IMPL_H_INCLUDED

#include <assert.h>

#include "forward.h"
#include "lock/lock.h"
#include "status.h"

//  ------------------------------------------------------------------------------------------------
//  Tables and lists (forward_table.c)

//  Where something hangs in a table; the first member of what hangs there.
typedef struct link {
    struct link *next;
    uint64_t hash;
} link_t;

typedef struct {
    link_t **heads;
    uint32_t room, count; // room: a power of two, or 0
} table_t;

//  False without memory; afterwards one link can be added.
bool
    table_reserve (table_t *self);
void
    table_add (table_t *self, link_t *link);
void
    table_remove (table_t *self, link_t *link);
//  The first that hangs under this hash, and the next one. NULL: no more.
link_t *
    table_find (const table_t *self, uint64_t hash);
link_t *
    table_next (const link_t *link);

static inline uint64_t
table_hash (uint64_t one, uint64_t other)
{
    uint64_t hash = (one ^ other * UINT64_C (0x9e3779b97f4a7c15)) * UINT64_C (0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

typedef struct record record_t;

//  Records whose time comes soonest, first.
typedef struct {
    record_t **records;
    uint32_t count, room;
} wakes_t;

bool
    wakes_reserve (wakes_t *self);
void
    wakes_add (wakes_t *self, record_t *record);
void
    wakes_remove (wakes_t *self, record_t *record);
//  Its wake has changed.
void
    wakes_move (wakes_t *self, record_t *record);

//  ------------------------------------------------------------------------------------------------
//  Clients

typedef struct {
    link_t link;
    uint32_t groups;
    uint64_t records, bytes; // In flight, without those that wait for a lock
    uint64_t waiting;        // Those
    size_t route_size;
    uint8_t route[];
} client_t;

struct group {
    client_t *client;
    uint64_t number;
    group_t *next, *prev; // Of those that have replies to send, while listed
    uint64_t since;       // When it was listed
    uint32_t pending;     // Records without an answer
    bool listed, closed;
    bool whole;           // One message for all replies
    uint64_t said;        // Records in replies
    buf_t replies;
    //  What WITH has set
    bool with_session;
    uint8_t session[SESSION_SIZE];
    uint64_t ack, deadline; // deadline 0: not set
    size_t envelope_count;
    size_t envelope_sizes[WIRE_ENVELOPE_MAX];
    uint8_t envelope[];
};

//  SIZE and DESTROY over all partitions.
typedef struct {
    group_t *group;
    uint64_t id;
    uint32_t pending;
    uint32_t missed_count;
    buf_t missed;    // Partitions, encoded
    uint64_t total;
    unsigned status; // The first that was no matter of time
} sum_t;

//  Records of one client for one partition, in order of arrival. Those before `waiting` are active.
typedef struct {
    link_t link;
    client_t *client;
    uint32_t partition;
    uint32_t active;
    record_t *first, *last;
    record_t *waiting; // The first that may not run yet; NULL: none
} order_t;

#define ORDER_ACTIVE_MAX 64

//  ------------------------------------------------------------------------------------------------
//  Records

typedef enum {
    RECORD_WAITING, // Behind others of its order
    RECORD_DUE,     // To be sent this turn
    RECORD_SENT,
    RECORD_DELAYED, // To be sent when its wake comes
    RECORD_OUTSIDE  // Answered by somebody else
} record_state_t;

struct record {
    link_t link;             // By mark and wire id
    record_t *next, *prev;   // Of its order
    record_t *due_next, *due_prev;
    record_t *own_next, *own_prev; // Writes under the partition's own session, by wire id
    order_t *order;
    group_t *group;
    sum_t *sum;              // Of which it is a part, or NULL
    uint64_t client_id;
    uint64_t mark, wire_id;  // 0 until it is sent for the first time
    uint64_t deadline, wake;
    uint64_t wait_until;     // waits: so long it stands in line
    uint64_t epoch;          // Of the partition, when it was sent
    uint64_t refused_since;  // First UNAVAILABLE of the present series; 0: none
    uint64_t ack;            // The client's, with its session
    uint64_t cursor;         // SCAN through all partitions
    uint64_t stride;         // split_cursor
    node_id_t sent_to, hint; // hint: MOVED named it; 0: the view knows
    uint32_t sent_actor, hint_actor;
    uint32_t heap_at;
    uint32_t partition;
    uint32_t unknown;        // Sendings without an answer
    bool counted;            // One was refused since the last sending: a network may repeat what it says
    uint16_t op;
    uint8_t state;           // record_state_t
    uint8_t tries;           // Refusals and silences in a row
    uint8_t hops;            // MOVED in a row
    uint32_t key;            // Hash of it; 0: all keys of the partition are concerned
    bool sent;               // Ever
    bool again;              // Was refused, or not heard of: others wait for it
    bool write;
    bool waits;              // LOCK: its owner answers when it may have the lock; nothing waits for it
    bool session_own, session_given;
    bool ap;                 // Of a map that every replica serves
    bool stays;              // fwd: must not leave this node
    bool by_partition;       // The option partition is added
    bool by_cursor;          // And the option cursor
    uint8_t session[SESSION_SIZE];
    unsigned last_status;    // Of the last refusal
    uint8_t elements;        // Behind the id: op, map, key, value
    uint32_t pair_count;
    size_t elements_size, pairs_size;
    uint8_t data[];          // elements, pairs of the options
};

//  A storage actor of a member.
typedef struct target {
    node_id_t node;
    uint32_t actor;
    uint64_t silent_until;  // It has not answered: not asked before, where another may be
    record_t *first, *last; // Due, while forward_flush runs
    struct target *next;    // That has some
} target_t;

#define TARGET_NONE UINT32_MAX        // Nobody can serve the partition
#define TARGET_PENDING (UINT32_MAX - 1) // A failover is under way

//  A session of our own for writes to a partition.
typedef struct {
    bool has_session;
    uint32_t era; // Of the session
    uint8_t session[SESSION_SIZE];
    record_t *first, *last; // Without an answer
} own_t;

typedef struct {
    uint32_t target;
    own_t own[2]; // By waits: who stands in line for a minute must not pin what is remembered of the others
} owned_t;

struct forward {
    forward_config_t config;
    forward_port_t port;
    forward_stats_t stats;
    view_t *view;
    target_t *targets;
    uint32_t targets_count;
    uint32_t silences; // Noted since all were known to speak
    owned_t *owned; // By partition
    table_t clients, orders, sent;
    wakes_t wakes;
    record_t *due_first, *due_last;
    group_t *replying_first, *replying_last;
    uint64_t last_number; // Of groups, marks and own ids
    uint32_t count, waiting;
    buf_t body;
    hash_secret_t secret;
};

#define RETRY_FIRST_MS 5
#define RETRY_MOST_MS 200
#define SILENT_MS 5000
#define DEADLINE_MOST_MS 600000
#define WAIT_SLACK_MS 5000 // A lock's answer is waited for so much longer than it may stand in line

//  forward_group.c
//  It may have replies to send, or be complete: then it is gone.
void
    group_settle (forward_t *self, group_t *group, uint64_t now);
void
    group_reply_raw (forward_t *self, group_t *group, uint64_t id, bytes_t record, bool spare);
void
    group_reply_error (group_t *group, uint64_t id, unsigned status, const char *text);
void
    groups_turn (forward_t *self, uint64_t now);
//  reply: NULL if the partition is missed. The last one ends the sum.
void
    sum_answer (sum_t *sum, uint32_t partition, const reply_t *reply);

//  forward_record.c
//  Not yet in the table. NULL: without memory.
record_t *
    record_new (forward_t *self, group_t *group, const request_t *request, const options_t *options,
                const bytes_t *attachments, size_t attachment_count, uint64_t now);
//  Into the table, behind others of its order. False: no room.
bool
    record_place (forward_t *self, record_t *record);
//  Somebody has answered it; it is gone, and its group if that is complete.
void
    record_end (forward_t *self, record_t *record, uint64_t now);
//  A read that was answered goes on with another partition. False without memory.
bool
    record_aim (forward_t *self, record_t *record, uint32_t partition);
void
    record_due (forward_t *self, record_t *record);
void
    record_delay (forward_t *self, record_t *record, uint64_t until);
//  Looks at it again at that time, or when its own is over.
void
    record_wake (forward_t *self, record_t *record, uint64_t at);
void
    due_remove (forward_t *self, record_t *record);
void
    own_remove (forward_t *self, record_t *record);

//  forward_send.c
//  Where the partition is served, or TARGET_….
uint32_t
    record_target (const forward_t *self, const record_t *record, uint64_t now);
//  Sends all that is due.
void
    forward_flush (forward_t *self, uint64_t now);

//  forward_answer.c
//  Answers a record without its owner, and ends it.
void
    record_fail (forward_t *self, record_t *record, unsigned status, const char *text, uint64_t now);
//  Nobody can serve its partition now: it waits, or is told. hopeless: waiting helps nothing.
void
    record_unavailable (forward_t *self, record_t *record, bool hopeless, uint64_t now);
//  A record that must stay belongs elsewhere.
void
    record_moved (forward_t *self, record_t *record, uint32_t target, uint64_t now);
//  Those whose time has come are sent again, or ended.
void
    forward_wake (forward_t *self, uint64_t now);

//  forward.c
//  How a storage actor was heard of last: for those who may ask another one.
void
    forward_note_silence (forward_t *self, const record_t *record, bool silent, uint64_t now);
//  Puts the index of the target of that storage actor into *target. False: there is none.
bool
    forward_find_target (const forward_t *self, node_id_t node, uint32_t actor, uint32_t *target);

#endif

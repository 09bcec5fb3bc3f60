//  copies: some storages that are each other's copies, over a network that the test holds in its hand:
//  messages wait until they are pumped, lost, or kept back. Views and leases are made by the test.
//  SPDX-License-Identifier: MPL-2.0
#ifndef COPIES_H_INCLUDED
#define COPIES_H_INCLUDED

#include "move/move.h"
#include "status.h"
#include "storage.h"

#define COPIES_MAX 4
#define COPIES_MESSAGES 4096
#define COPIES_REPLIES 2048

typedef struct {
    int from, to;
    uint8_t *bytes;
    size_t size;
} copies_message_t;

typedef struct {
    uint64_t id;
    unsigned status;
    int64_t number;   // Value, if it is an integer
    char text[64];    // Value, if it is short bytes
    uint64_t version;
    bool dropped;     // meta.dropped
    uint64_t age, seq; // meta; UINT64_MAX: not there
    char owner[64];    // meta.owner; "": not there
} copies_reply_t;

struct copies;
typedef struct {
    struct copies *copies;
    int index;
} copies_end_t;

//  One partition, `count` members with one storage actor each. Node ids are index + 1.
typedef struct copies {
    int count;
    storage_t *storage[COPIES_MAX];
    lease_t lease[COPIES_MAX];
    copies_end_t ends[COPIES_MAX];
    view_t *view;
    uint64_t now;
    copies_message_t messages[COPIES_MESSAGES];
    size_t message_count;
    bool cut[COPIES_MAX][COPIES_MAX]; // From, to
    copies_reply_t replies[COPIES_REPLIES];
    size_t reply_count;
    unsigned asked[PEER_LIMIT];       // How often storage_port_t.ask was called, by what
    node_id_t asked_node;
    size_t room;                      // storage_port_t.stream_room; SIZE_MAX: no limit
    unsigned streamed;                // Batches that left
    size_t streamed_max;              // Bytes of the largest
    unsigned states[MOVE_STATES];     // How often storage_port_t.moved told of each
    move_info_t move;                 // The last that it told
    uint64_t settle_delay;            // Milliseconds that pass between lookup and settling
} copies_t;

//  Members 0 … reps - 1 are in sync, 0 is primary; all have a lease.
void
    copies_open (copies_t *self, int count, int reps, const storage_config_t *config);
void
    copies_open_each (copies_t *self, int count, int reps, const storage_config_t *const *configs);
void
    copies_close (copies_t *self);

//  Publishes the view as it stands (its version grows) to one storage, or to all (-1).
void
    copies_publish (copies_t *self, int index);
part_t *
    copies_part (copies_t *self); // To be changed before copies_publish; epoch is the caller's to raise

//  One record to a storage: its reply comes at once, or when it is released.
typedef struct {
    op_t op;
    const char *map, *key, *value; // value NULL: nil
    uint64_t id;
    int session;        // 0: none; else a session of that number
    bool foreign;       // Of another cluster
    uint64_t ack;
    const char *ifeq;   // CAS
    bool absent;        // CAS: ifeq nil
    uint64_t px;
    const char *read;
    uint64_t wait;      // LOCK; 0: not at all
    uint64_t fence;     // 0: none
    uint64_t token;     // UNLOCK, LEASE: the value; 0: none
    bytes_t tree;       // EXEC: the value
} copies_ask_t;
void
    copies_ask (copies_t *self, int index, const copies_ask_t *ask);

//  The reply to an id; NULL: none yet.
const copies_reply_t *
    copies_reply (const copies_t *self, uint64_t id);

//  Delivers what is on its way until nothing is; lets `ms` milliseconds pass, in steps of 5.
void
    copies_pump (copies_t *self);
void
    copies_run (copies_t *self, uint64_t ms);
//  Forgets what is on its way.
void
    copies_lose (copies_t *self);

#endif

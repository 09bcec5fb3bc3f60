//  storage_actor_impl: what the files of the storage actor share. For storage_actor*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STORAGE_ACTOR_IMPL_H_INCLUDED
#define STORAGE_ACTOR_IMPL_H_INCLUDED

#include "fellows.h"
#include "storage_actor.h"
#include "stream.h"
#include "track.h"
#include "watchers.h"

#define STORAGE_ATTACHED_MAX 48       // Values of one reply that travel as attachments

typedef struct {
    storage_t *storage;
    stats_t *counters;
    census_t *census; // Of the storage; NULL: none
    char name[24];    // For statistics
    moment_t moment;  // Of the message that is executed
    door_t *clients;
    zsock_t *peers;
    void *peers_handle;
    frames_t peer_frames;
    char *peer_inproc;
    bool serving; // The doors are open
    node_info_t info;
    buf_t info_copies; // What it points to
    uint64_t reply_max;
    uint64_t now; // The newest time that anybody here was told: it never goes back
    uint64_t tick_at;
    bool idle;      // Nothing to keep house for
    buf_t out;      // The body of a reply
    buf_t attached; // Its attachments
    size_t attached_sizes[STORAGE_ATTACHED_MAX];
    fellows_t *fellows;
    stream_t *stream;
    const rebalancer_status_t *moves;
    const pubsub_status_t *pubsub;
    const gateway_status_t *gateway;
    const lease_t *lease;
    node_id_t node;
    bool view_waits, view_lost; // For want of memory: the storage has not taken it, nobody has kept it
    watchers_t *watchers;
    const arrival_t *arrival; // From a client, while it is executed
    uint64_t ask_view_at;     // Then not before this
    //  What is told of committed changes: storage_actor_told.c
    feed_t *feed;
    track_t *track;
    bool tracking;            // Somebody tracks keys
    zsock_t *events;          // NULL: nobody publishes events of keys
    uint32_t index;           // Which storage actor this is
    uint64_t wall;            // Unix time in milliseconds, of the turn
    buf_t event, publish;     // The one at hand; records PUBLISH that have not been sent
    uint64_t publish_count;
} storage_actor_t;

//  What a message says of time counts from when it was there, at the earliest: a turn may have stood still
//  since it began, and a TTL must not end before its time.
uint64_t
    storage_actor_now (storage_actor_t *self);

//  storage_actor_cluster.c

//  Each takes one message: of the beacon, of another member, of the rebalancer. False: there is none.
bool
    storage_actor_hear_beacon (storage_actor_t *self);
bool
    storage_actor_hear_data (storage_actor_t *self);
bool
    storage_actor_hear_stream (storage_actor_t *self);

//  Once a turn. Returns the milliseconds after which it wants to be called again; UINT64_MAX: none.
uint64_t
    storage_actor_turn_cluster (storage_actor_t *self, uint64_t now);

//  storage_actor_told.c

//  False without memory.
bool
    storage_actor_open_feed (storage_actor_t *self, const storage_actor_args_t *given);
void
    storage_actor_close_feed (storage_actor_t *self);
//  A storage_track_fn: the client whose message is being executed is told when the key changes.
void
    storage_actor_track (void *self, bytes_t map, bytes_t key, uint64_t hash, uint32_t partition);
//  Takes what was committed since; after each message, so that little waits.
void
    storage_actor_take_feed (storage_actor_t *self);
//  Tells it. Once a turn; returns as storage_actor_turn_cluster.
uint64_t
    storage_actor_tell (storage_actor_t *self);

#endif

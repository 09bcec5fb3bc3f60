//  track: which client has a copy of which key (GET with the option `track`), and what it has to be told
//  when that is no longer good. As Redis tracks for client-side caching, key by key; a client is told once,
//  and tracked again when it reads again.
//
//  Bounded: the key that was read longest ago is given up, and its client told. A client for which too much
//  waits is told that nothing of all it has is good. One that is gone is forgotten with its keys.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TRACK_H_INCLUDED
#define TRACK_H_INCLUDED

#include "feed.h"
#include "flow.h"

#define TRACK_KEYS_MAX 131072       // Of one storage actor, counted for each client that has them
#define TRACK_BYTES_MAX (32u << 20) // What they take
#define TRACK_CLIENTS_MAX 4096
#define TRACK_WAITING_MAX 65536     // Bytes of keys that one client has not been told yet
#define TRACK_PUSH_KEYS 1024        // In one record
#define TRACK_PUSH_BYTES 65536      // Of keys in one message, about
#define TRACK_RETRY_MS 10           // A client that takes nothing is tried again after this

typedef struct track track_t;

typedef struct {
    uint32_t keys_max;
    size_t bytes_max;
    uint32_t clients_max;
} track_config_t;

//  counters: where tracked, track_dropped and invalidations are kept; not owned. NULL without memory. The
//  caller owns it.
track_t *
    track_new (const track_config_t *config, stats_t *counters);
//  Accepts NULL.
void
    track_destroy (track_t **self_p);

//  Who reads: its routing id, and the frames that go before each push.
typedef struct {
    bytes_t route;
    const bytes_t *envelope;
    size_t envelope_count;
} track_client_t;

//  A client has read a key. hash: of the key, the same each time, not to be guessed by clients. False if it
//  cannot be tracked: too many clients, no memory, an envelope that is too large.
bool
    track_add (track_t *self, const track_client_t *client, bytes_t map, bytes_t key, uint64_t hash,
               uint32_t partition);

//  Something was committed; hash as above, for FEED_PUT and FEED_REMOVE.
void
    track_change (track_t *self, const feed_change_t *change, uint64_t hash);

//  Nobody knows what was committed: everybody has to forget everything.
void
    track_lost (track_t *self);

//  Sends the pushes that are due, [0, "INVALIDATE", what, number, nil] (doc/protocol.md). number counts a
//  client's pushes from 1. Returns the milliseconds after which it wants to be called again; UINT64_MAX: not
//  before there is something new.
uint64_t
    track_turn (track_t *self, flow_send_fn *send, void *arg);

//  Keys that are tracked at present.
uint32_t
    track_keys (const track_t *self);

#endif

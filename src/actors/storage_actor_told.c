//  storage_actor_told: what is told of committed changes: to clients that keep copies of keys.
//  SPDX-License-Identifier: MPL-2.0
#include "storage_actor_impl.h"

#define S_FEED_BYTES (4u << 20) // Of changes that one message causes

bool
storage_actor_open_feed (storage_actor_t *self)
{
    track_config_t config = { TRACK_KEYS_MAX, TRACK_BYTES_MAX, TRACK_CLIENTS_MAX };
    self->feed = feed_new (S_FEED_BYTES);
    self->track = track_new (&config, self->counters);
    if (!self->feed || !self->track)
        return false;
    storage_feed (self->storage, self->feed);
    return true;
}

void
storage_actor_close_feed (storage_actor_t *self)
{
    storage_feed (self->storage, NULL);
    track_destroy (&self->track);
    feed_destroy (&self->feed);
}

void
storage_actor_track (void *arg, bytes_t map, bytes_t key, uint64_t hash, uint32_t partition)
{
    storage_actor_t *self = arg;
    const arrival_t *from = self->arrival;
    if (!from)
        return;
    track_client_t client = { from->route, from->envelope, from->envelope_count };
    if (track_add (self->track, &client, map, key, hash, partition) && !self->tracking)
        storage_feed_all (self->storage, self->tracking = true);
}

void
storage_actor_take_feed (storage_actor_t *self)
{
    feed_change_t change;
    while (feed_next (self->feed, &change))
        if (self->tracking)
            track_change (self->track, &change, storage_hash (self->storage, change.key));
    uint64_t lost = feed_take_lost (self->feed);
    self->counters->feed_lost += lost;
    if (lost)
        track_lost (self->track);
}

static flow_sent_t
s_push (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    storage_actor_t *self = arg;
    self->sent = true;
    return door_push (self->clients, route, frames, count);
}

uint64_t
storage_actor_tell (storage_actor_t *self)
{
    storage_actor_take_feed (self);
    if (!self->tracking)
        return UINT64_MAX;
    uint64_t next = track_turn (self->track, s_push, self);
    if (track_keys (self->track) == 0 && next == UINT64_MAX)
        storage_feed_all (self->storage, self->tracking = false);
    return next;
}

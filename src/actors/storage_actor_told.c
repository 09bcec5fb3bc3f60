//  storage_actor_told: what is told of committed changes: to clients that keep copies of keys, and to those
//  who have subscribed to the events of a map.
//  SPDX-License-Identifier: MPL-2.0
#include "key_event.h"
#include "storage_actor_impl.h"
#include "touch.h"

#define S_FEED_BYTES (4u << 20) // Of changes that one message causes
#define S_PUBLISH_BYTES 65536u  // Of one message with events, about
#define S_PUBLISH_MESSAGES 1000 // That wait for the pubsub actor; beyond that events are lost

bool
storage_actor_open_feed (storage_actor_t *self, const storage_actor_args_t *given)
{
    track_config_t config = { TRACK_KEYS_MAX, TRACK_BYTES_MAX, TRACK_CLIENTS_MAX };
    self->feed = feed_new (S_FEED_BYTES);
    self->track = track_new (&config, self->counters);
    self->index = given->index;
    if (given->events_inproc) {
        self->events = zsock_new (ZMQ_PUSH);
        if (!self->events)
            return false;
        zsock_set_linger (self->events, 0);
        zsock_set_sndhwm (self->events, S_PUBLISH_MESSAGES);
        if (zsock_connect (self->events, "%s", given->events_inproc) != 0)
            return false;
    }
    if (!self->feed || !self->track)
        return false;
    storage_feed (self->storage, self->feed);
    return true;
}

void
storage_actor_close_feed (storage_actor_t *self)
{
    storage_feed (self->storage, NULL);
    zsock_destroy (&self->events);
    buf_clear (&self->event);
    buf_clear (&self->publish);
    track_destroy (&self->track);
    feed_destroy (&self->feed);
}

//  ------------------------------------------------------------------------------------------------
//  Events

static void
s_send_events (storage_actor_t *self)
{
    if (self->publish_count == 0)
        return;
    void *handle = zsock_resolve (self->events);
    touch ();
    bool sent = !self->publish.failed
                && zmq_send (handle, self->publish.data, self->publish.size, ZMQ_DONTWAIT) != -1;
    *(sent ? &self->counters->events_told : &self->counters->events_lost) += self->publish_count;
    self->publish_count = 0;
    buf_reset (&self->publish);
    if (self->publish.room > 4 * S_PUBLISH_BYTES)
        buf_clear (&self->publish);
}

//  The number says to subscribers what was lost.
static void
s_tell_event (storage_actor_t *self, const feed_change_t *change)
{
    char channel[KEY_EVENT_CHANNEL_MAX];
    size_t size;
    if (!self->events || !key_event_channel (change->map, channel, &size)) {
        self->counters->events_lost++;
        return;
    }
    key_event_teller_t teller = { self->info.name, self->index, self->wall };
    buf_reset (&self->event);
    key_event_encode (change, &teller, &self->event);
    if (self->event.failed) {
        self->counters->events_lost++;
        return;
    }
    if (self->publish_count == 0)
        wire_begin (&self->publish);
    bytes_t key = bytes_of (channel, size);
    value_t value = value_bytes (buf_bytes (&self->event));
    self->publish_count++;
    wire_request (&self->publish, self->publish_count, OP_PUBLISH, bytes_of (NULL, 0), &key, &value, NULL);
    if (self->publish.size >= S_PUBLISH_BYTES)
        s_send_events (self);
}

//  ------------------------------------------------------------------------------------------------
//  Copies of keys

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
    while (feed_next (self->feed, &change)) {
        if (self->tracking)
            track_change (self->track, &change, storage_hash (self->storage, change.key));
        if (change.number)
            s_tell_event (self, &change);
    }
    uint64_t lost = feed_take_lost (self->feed);
    self->counters->feed_lost += lost;
    if (lost)
        track_lost (self->track);
}

static flow_sent_t
s_push (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    storage_actor_t *self = arg;
    return door_push (self->clients, route, frames, count);
}

uint64_t
storage_actor_tell (storage_actor_t *self)
{
    storage_actor_take_feed (self);
    s_send_events (self);
    if (!self->tracking)
        return UINT64_MAX;
    uint64_t next = track_turn (self->track, s_push, self);
    if (track_keys (self->track) == 0 && next == UINT64_MAX)
        storage_feed_all (self->storage, self->tracking = false);
    return next;
}

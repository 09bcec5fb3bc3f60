//  storage_actor_cluster: what a storage actor hears from the beacon, from other members, and from the
//  rebalancer.
//  SPDX-License-Identifier: MPL-2.0
#include "storage_actor_impl.h"

#define S_AGAIN_MS 50 // Without memory for a view: until the next attempt

//  Gives the storage the newest view. The doors open when it has taken one that names this node.
static void
s_take_view (storage_actor_t *self)
{
    const view_t *view = fellows_view (self->fellows);
    self->view_waits = !storage_set_view (self->storage, view, self->now);
    if (self->view_waits)
        return;
    watchers_publish_view (self->watchers, view);
    self->serving = self->serving || view_member (view, self->node) != NULL;
}

static void
s_hear_view (storage_actor_t *self, const inner_t *message)
{
    const char *why;
    view_t *view = view_decode (message->view, &why);
    if (view && node_info_set_view (&self->info, &self->info_copies, message, view)) {
        fellows_set_view (self->fellows, &view);
        s_take_view (self);
    } else
        self->view_lost = true;
    view_destroy (&view);
}

bool
storage_actor_hear_beacon (storage_actor_t *self)
{
    inner_t message;
    if (!fellows_hear (self->fellows, &message))
        return false;
    if (message.kind == INNER_VIEW)
        s_hear_view (self, &message);
    else if (message.kind == INNER_HAND_OVER)
        storage_hand_over (self->storage, message.partition, message.epoch, message.node);
    return true;
}

bool
storage_actor_hear_data (storage_actor_t *self)
{
    bytes_t body;
    if (!fellows_receive (self->fellows, &body))
        return false;
    const char *refused = body.size ? storage_peer (self->storage, body, storage_actor_now (self)) : NULL;
    if (refused)
        fellows_refuse (self->fellows, refused);
    return true;
}

bool
storage_actor_hear_stream (storage_actor_t *self)
{
    bytes_t body;
    bool granted;
    if (!stream_receive (self->stream, &body, &granted))
        return false;
    if (body.size)
        storage_peer (self->storage, body, storage_actor_now (self));
    if (granted)
        storage_stream (self->storage, storage_actor_now (self));
    return true;
}

static uint64_t
s_sooner (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

uint64_t
storage_actor_turn_cluster (storage_actor_t *self, uint64_t now)
{
    if (self->view_waits)
        s_take_view (self);
    bool again = self->view_waits || self->view_lost;
    if (self->view_lost && now >= self->ask_view_at) {
        self->view_lost = !fellows_here (self->fellows);
        self->ask_view_at = now + S_AGAIN_MS;
    }
    uint64_t next = storage_replicate (self->storage, now);
    storage_flush (self->storage, now);
    next = s_sooner (next, fellows_turn (self->fellows, now));
    next = s_sooner (next, fellows_tell_moves (self->fellows, self->storage, now));
    next = s_sooner (next, watchers_turn (self->watchers, door_push, self->clients, now));
    return again ? s_sooner (next, S_AGAIN_MS) : next;
}

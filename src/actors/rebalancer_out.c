//  rebalancer_out: batches of this node's storage actors on their way to other members, and how many of them
//  may come.
//  SPDX-License-Identifier: MPL-2.0
#include "rebalancer_impl.h"

#define S_PLAIN_MS 1000 // Between two requests for what is not compressed

static bool
s_is_near (const rebalancer_t *self, const member_t *member)
{
    const member_t *own = view_member (self->view, self->id);
    return strncmp (member->host, "127.", 4) == 0 || strcmp (member->host, "localhost") == 0
           || strcmp (member->host, "[::1]") == 0 || (own && strcmp (member->host, own->host) == 0);
}

//  Whether to try to make a batch smaller: where bytes on the wire are what it waits for.
static bool
s_squeezes (rebalancer_t *self, const member_t *member, const char *endpoint)
{
    const rebalancer_member_t *known = rebalancer_member (self, member->id);
    if (self->mode == SQUEEZE_NEVER || !known || known->plain)
        return false;
    return self->mode == SQUEEZE_ALWAYS
           || (!s_is_near (self, member) && links_queued (self->links, member->id, endpoint) > 0);
}

//  Sends head and body; takes over the body.
static bool
s_push (rebalancer_t *self, const member_t *member, const char *endpoint, const batch_head_t *head,
        zmq_msg_t *body)
{
    zmq_msg_t frames[2];
    buf_reset (&self->head);
    batch_encode (head, &self->head);
    if (self->head.failed || zmq_msg_init_size (&frames[0], self->head.size) != 0) {
        zmq_msg_close (body);
        return false;
    }
    memcpy (zmq_msg_data (&frames[0]), self->head.data, self->head.size);
    zmq_msg_init (&frames[1]);
    zmq_msg_move (&frames[1], body);
    return links_push (self->links, member->id, endpoint, frames, 2, self->now);
}

//  The member's place in the view, and where its batches go; NULL: none is known.
static const member_t *
s_address (const rebalancer_t *self, node_id_t node, char *endpoint, size_t room)
{
    const member_t *member = self->view && node != self->id ? view_member (self->view, node) : NULL;
    if (!member || member->move_port == 0)
        return NULL;
    snprintf (endpoint, room, "tcp://%s:%u", member->host, (unsigned) member->move_port);
    return member;
}

//  Sends a batch of a storage actor on, or drops it.
static void
s_forward (rebalancer_t *self, const haul_t *haul, zmq_msg_t *body)
{
    char endpoint[VIEW_HOST_MAX + 32];
    const member_t *member = s_address (self, haul->node, endpoint, sizeof endpoint);
    size_t size = zmq_msg_size (body);
    if (!member || haul->actor >= member->actors || size > self->batch_max) {
        zmq_msg_close (body);
        self->status->dropped++;
        return;
    }
    batch_head_t head = {
        .cluster = self->view->cluster, .from = self->id, .to = member->id, .actor = haul->actor, .size = size
    };
    if (s_squeezes (self, member, endpoint) && squeeze_body (&self->squeeze, body))
        head.flags = BATCH_LZ4;
    size_t wire = zmq_msg_size (body);
    if (!s_push (self, member, endpoint, &head, body)) {
        self->status->dropped++;
        return;
    }
    self->status->bytes += size;
    self->status->wire_bytes += wire;
    self->status->squeezed += head.flags == BATCH_LZ4;
    self->status->sent++; // Last: who sees it sees the sizes, too
}

void
rebalancer_ask_plain (rebalancer_t *self, rebalancer_member_t *member)
{
    char endpoint[VIEW_HOST_MAX + 32];
    const member_t *found = s_address (self, member->node, endpoint, sizeof endpoint);
    if (!found || self->now < member->plain_again)
        return;
    batch_head_t head = {
        .cluster = self->view->cluster, .from = self->id, .to = found->id, .flags = BATCH_PLAIN
    };
    zmq_msg_t none;
    zmq_msg_init (&none);
    if (s_push (self, found, endpoint, &head, &none))
        member->plain_again = self->now + S_PLAIN_MS;
}

bool
rebalancer_receive_inner (rebalancer_t *self)
{
    zmq_msg_t route, body;
    haul_t haul;
    if (!haul_receive (self->inner_handle, &route, &haul, &body)) {
        zmq_msg_close (&route);
        zmq_msg_close (&body);
        return false;
    }
    if (haul.kind == HAUL_BATCH)
        s_forward (self, &haul, &body);
    else {
        size_t size = zmq_msg_size (&route);
        rebalancer_storage_t *storage = haul.actor < self->actors ? &self->storages[haul.actor] : NULL;
        if (storage && size <= REBALANCER_ROUTE_MAX) {
            memcpy (storage->route, zmq_msg_data (&route), size);
            storage->route_size = size;
            if (haul.kind == HAUL_WANT)
                storage->wants = haul.bytes;
        }
    }
    zmq_msg_close (&body);
    zmq_msg_close (&route);
    return true;
}

//  One batch at a time where there is a limit, so that they are spread over time and over storage actors.
static bool
s_grant_one (rebalancer_t *self, rebalancer_storage_t *storage)
{
    uint64_t wants = storage->wants;
    uint64_t least = wants < HAUL_LEAST ? wants : HAUL_LEAST;
    haul_t grant = { .kind = HAUL_GRANT };
    grant.bytes = rate_take (&self->rate, least, self->rate.rate ? least : wants, self->now);
    if (grant.bytes == 0)
        return false;
    bytes_t route = bytes_of (storage->route, storage->route_size);
    storage->wants = 0;
    if (haul_send (self->inner_handle, &route, &grant, NULL)) {
        self->status->grants++;
        self->status->granted_bytes += grant.bytes;
    } // Else it is gone
    return true;
}

uint64_t
rebalancer_grant (rebalancer_t *self)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t count = 0; count < self->actors; count++) {
        rebalancer_storage_t *storage = &self->storages[self->turn_of];
        if (storage->wants && !s_grant_one (self, storage)) {
            uint64_t least = storage->wants < HAUL_LEAST ? storage->wants : HAUL_LEAST;
            next = rate_wait (&self->rate, least, self->now);
            return next ? next : 1;
        }
        self->turn_of = (self->turn_of + 1) % self->actors;
    }
    return next;
}

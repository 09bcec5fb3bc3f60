//  rebalancer_in: batches of other members on their way to the storage actors of this node.
//  SPDX-License-Identifier: MPL-2.0
#include "rebalancer_impl.h"

#define S_FRAMES "it has not two frames"
#define S_INBOUND_MAX (16u << 20) // Bytes that the storage actors have not dealt with: then nothing is read

bool
rebalancer_has_room (const rebalancer_t *self)
{
    return cargo_bytes (self->inbound) < S_INBOUND_MAX;
}

//  first: the first frame, which knows where it came from. from: who it says has sent it; 0: nobody known.
static void
s_refuse (rebalancer_t *self, zmq_msg_t *first, const char *why, node_id_t from)
{
    self->status->refused++;
    refusals_add (&self->refusals, 1, why, zmq_msg_gets (first, "Peer-Address"), from);
}

//  Passes a body on to the storage actor that it is for.
static void
s_deliver (rebalancer_t *self, const batch_head_t *head, zmq_msg_t *body)
{
    rebalancer_storage_t *storage = &self->storages[head->actor];
    bytes_t route = bytes_of (storage->route, storage->route_size);
    haul_t haul = { .kind = HAUL_BATCH, .actor = head->actor, .node = head->from };
    if (route.size == 0 || !cargo_load (self->inbound, body)) {
        self->status->dropped++;
        return;
    }
    zmq_msg_t passed;
    zmq_msg_init (&passed);
    zmq_msg_move (&passed, body);
    if (haul_send (self->inner_handle, &route, &haul, &passed)) {
        self->status->bytes_in += head->size;
        self->status->received++; // Last: who sees it sees the size, too
    } else
        self->status->dropped++;
}

//  Why it cannot be taken; NULL: it was.
static const char *
s_take (rebalancer_t *self, bytes_t encoded, zmq_msg_t *body, batch_head_t *head)
{
    if (!batch_decode (encoded, head))
        return "it does not begin as a batch does";
    if (!self->view)
        return "there is no view yet";
    batch_limits_t limits = {
        .cluster = self->view->cluster, .self = self->id, .actors = self->actors, .size_max = self->batch_max
    };
    const char *why = batch_refusal (head, zmq_msg_size (body), &limits);
    rebalancer_member_t *from = rebalancer_member (self, head->from);
    if (why)
        return why;
    if (!from || head->from == self->id)
        return "it comes from nobody that is another member";
    if (head->flags & BATCH_PLAIN) {
        from->plain = true;
        return NULL;
    }
    if (head->flags & BATCH_LZ4) {
        if (!squeeze_built_in ()) {
            rebalancer_ask_plain (self, from);
            return "it is compressed, which was not built in here";
        }
        if (!squeeze_undo (body, head->size))
            return "it is compressed, but not with lz4, or there is no memory";
    }
    s_deliver (self, head, body);
    return NULL;
}

bool
rebalancer_receive_batch (rebalancer_t *self)
{
    zmq_msg_t first, body, rest;
    if (!haul_take (self->pull_handle, &first)) {
        zmq_msg_close (&first);
        return false;
    }
    if (!zmq_msg_more (&first) || !haul_take (self->pull_handle, &body)) {
        s_refuse (self, &first, S_FRAMES, 0);
        zmq_msg_close (&first);
        return true;
    }
    bool more = zmq_msg_more (&body), longer = more;
    while (more) {
        more = haul_take (self->pull_handle, &rest) && zmq_msg_more (&rest);
        zmq_msg_close (&rest);
    }
    batch_head_t head = { .from = 0 };
    bytes_t encoded = bytes_of (zmq_msg_data (&first), zmq_msg_size (&first));
    const char *why = longer ? S_FRAMES : s_take (self, encoded, &body, &head);
    if (why)
        s_refuse (self, &first, why, head.from);
    zmq_msg_close (&first);
    zmq_msg_close (&body);
    return true;
}

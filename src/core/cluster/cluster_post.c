//  cluster_post: messages on their way to other nodes. One message at a time is written to
//  self->message; it can go to several.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_impl.h"

void
post_begin (cluster_t *self, peer_type_t type, uint32_t fields)
{
    buf_reset (&self->message);
    wire_add_array (&self->message, fields + 1);
    wire_add_uint (&self->message, type);
}

void
post_at (cluster_t *self, node_id_t to, const char *endpoint, uint64_t cluster)
{
    if (self->message.failed || to == self->id)
        return;
    peer_head_t head = { cluster, self->id, to };
    buf_reset (&self->body);
    peer_begin (&self->body, &head);
    buf_add (&self->body, self->message.data, self->message.size);
    //  Without memory it is as good as lost, which messages may be
    if (self->body.failed)
        return;
    self->stats.sent++;
    self->port.send (self->port.arg, to, endpoint, buf_bytes (&self->body));
}

void
post_to (cluster_t *self, node_id_t to)
{
    const peer_t *peer = peer_find (self, to);
    if (peer)
        post_at (self, to, peer->endpoint, self->cluster);
}

void
post_edition (cluster_t *self, const edition_t *edition)
{
    wire_add_bytes (&self->message, buf_bytes (&edition->bytes));
}

void
post_ballot (cluster_t *self, ballot_t ballot)
{
    wire_add_uint (&self->message, ballot.counter);
    wire_add_uint (&self->message, ballot.node);
}

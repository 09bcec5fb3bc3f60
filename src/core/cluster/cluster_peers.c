//  cluster_peers: versions of the view with their bytes, what is known of each member, and who was one.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "cluster_impl.h"
#include "view_delta.h"

//  ------------------------------------------------------------------------------------------------
//  Editions

edition_t *
edition_new (view_t *view, bytes_t bytes)
{
    edition_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self) {
        view_destroy (&view);
        return NULL;
    }
    self->holders = 1;
    self->view = view;
    if (bytes.size)
        buf_add (&self->bytes, bytes.data, bytes.size);
    else
        view_encode (view, &self->bytes);
    if (self->bytes.failed)
        edition_drop (&self);
    else
        self->digest = view_digest (buf_bytes (&self->bytes));
    return self;
}

edition_t *
edition_hold (edition_t *self)
{
    if (self)
        self->holders++;
    return self;
}

void
edition_drop (edition_t **self_p)
{
    edition_t *self = *self_p;
    *self_p = NULL;
    if (!self || --self->holders)
        return;
    view_destroy (&self->view);
    buf_clear (&self->bytes);
    mem_free (self);
}

edition_t *
edition_of (cluster_t *self, bytes_t bytes, const char **why)
{
    //  What comes is mostly what was accepted a moment ago: it is not decoded again
    if (self->reg.accepted && bytes_equal (buf_bytes (&self->reg.accepted->bytes), bytes))
        return edition_hold (self->reg.accepted);
    if (self->known && bytes_equal (buf_bytes (&self->known->bytes), bytes))
        return edition_hold (self->known);
    view_t *view = view_decode (bytes, why);
    if (!view)
        return NULL;
    *why = "out of memory";
    return edition_new (view, bytes);
}

//  ------------------------------------------------------------------------------------------------
//  Members

void
member_endpoint (const member_t *member, char *endpoint)
{
    snprintf (endpoint, CLUSTER_ENDPOINT_MAX, "tcp://%s:%u", member->host, member->beacon_port);
}

peer_t *
peer_find (const cluster_t *self, node_id_t id)
{
    uint32_t low = 0, high = self->peers_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (self->peers[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->peers_count && self->peers[low].id == id ? &self->peers[low] : NULL;
}

//  The next member of both lists by id; NULL at their end. The second list is the newer one where both
//  have it.
static const member_t *
s_next (const view_t *one, uint32_t *one_at, const view_t *two, uint32_t *two_at)
{
    const member_t *first = one && *one_at < one->members_count ? &one->members[*one_at] : NULL;
    const member_t *second = two && *two_at < two->members_count ? &two->members[*two_at] : NULL;
    if (!first && !second)
        return NULL;
    if (first && (!second || first->id < second->id)) {
        ++*one_at;
        return first;
    }
    if (first && first->id == second->id)
        ++*one_at;
    ++*two_at;
    return second;
}

//  True if the peers are exactly those members.
static bool
s_same (const cluster_t *self, const view_t *known, const view_t *accepted)
{
    uint32_t count = 0, known_at = 0, accepted_at = 0;
    for (;;) {
        const member_t *member = s_next (known, &known_at, accepted, &accepted_at);
        if (!member)
            return count == self->peers_count;
        if (count == self->peers_count || self->peers[count].id != member->id)
            return false;
        count++;
    }
}

bool
peers_follow (cluster_t *self, const edition_t *known, const edition_t *accepted)
{
    const view_t *one = known ? known->view : NULL, *two = accepted ? accepted->view : NULL;
    if (known == accepted)
        two = NULL;
    if (s_same (self, one, two))
        return true;
    uint32_t most = (one ? one->members_count : 0) + (two ? two->members_count : 0);
    peer_t *peers = mem_alloc_zero (most, sizeof *peers);
    if (!peers)
        return false;
    uint32_t count = 0, one_at = 0, two_at = 0;
    const member_t *member;
    while ((member = s_next (one, &one_at, two, &two_at))) {
        const peer_t *old = peer_find (self, member->id);
        if (old)
            peers[count] = *old;
        else {
            peers[count].id = member->id;
            peers[count].heard_at = self->now;
            member_endpoint (member, peers[count].endpoint);
        }
        count++;
    }
    mem_free (self->peers);
    self->peers = peers;
    self->peers_count = count;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Former members

gone_t *
gone_find (const cluster_t *self, node_id_t id)
{
    for (uint32_t index = 0; index < self->gone_count; index++)
        if (self->gone[index].id == id)
            return &self->gone[index];
    return NULL;
}

bool
gone_has (const cluster_t *self, node_id_t id)
{
    return gone_find (self, id) != NULL;
}

void
gone_add (cluster_t *self, node_id_t id, const char *endpoint)
{
    if (gone_has (self, id))
        return;
    if (self->gone_count < CLUSTER_GONE_MAX) {
        //  Without memory it is not remembered: the view can still tell that it was a member once
        gone_t *gone = mem_resize (self->gone, (self->gone_count + 1) * sizeof *gone);
        if (!gone)
            return;
        self->gone = gone;
        self->gone_next = self->gone_count++;
    } else
        self->gone_next = (self->gone_next + 1) % CLUSTER_GONE_MAX;
    gone_t *entry = &self->gone[self->gone_next];
    memset (entry, 0, sizeof *entry);
    entry->id = id;
    snprintf (entry->endpoint, sizeof entry->endpoint, "%s", endpoint);
}

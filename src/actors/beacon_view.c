//  beacon_view: from views of the cluster to what the actors of this node are told of them.
//  SPDX-License-Identifier: MPL-2.0
#include <stdatomic.h>

#include "beacon_impl.h"
#include "mem.h"

beacon_heard_t *
beacon_heard (beacon_t *self, node_id_t node)
{
    const member_t *member = self->view ? view_member (self->view, node) : NULL;
    return member && self->heard ? &self->heard[member - self->view->members] : NULL;
}

static uint32_t
s_others (const beacon_t *self)
{
    uint32_t count = 0;
    for (uint32_t at = 0; self->view && at < self->view->members_count; at++)
        count += self->view->members[at].id != self->id && self->view->members[at].status == MEMBER_UP;
    return count;
}

//  A member that comes in under the address of another one has taken its place: that one is gone.
static void
s_find_replaced (beacon_t *self, const view_t *view)
{
    for (uint32_t at = 0; self->view && at < view->members_count; at++) {
        const member_t *fresh = &view->members[at];
        if (view_member (self->view, fresh->id))
            continue;
        for (uint32_t other = 0; other < self->view->members_count; other++) {
            const member_t *before = &self->view->members[other];
            if (before->beacon_port == fresh->beacon_port && strcmp (before->host, fresh->host) == 0)
                cluster_unreachable (self->cluster, before->id, self->now);
        }
    }
}

static uint32_t
s_held (const view_t *view, node_id_t node)
{
    uint32_t held = view_is_voter (view, node);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        held += part_has (&view->parts[partition], node) + (view->parts[partition].primary == node);
    return held;
}

static void
s_adopt (beacon_t *self, view_t *view)
{
    s_find_replaced (self, view);
    beacon_heard_t *heard = mem_alloc_zero (view->members_count, sizeof (beacon_heard_t));
    for (uint32_t at = 0; heard && at < view->members_count; at++) {
        const beacon_heard_t *before = beacon_heard (self, view->members[at].id);
        heard[at] = before ? *before : (beacon_heard_t) { view->members[at].id, self->now, 0 };
    }
    mem_free (self->heard);
    self->heard = heard; // Without memory nobody is asked until the next view
    view_destroy (&self->view);
    self->view = view;
    atomic_store (&self->status->held, s_held (view, self->id));
    beacon_end_moves (self);
}

//  Looks whether there is a newer view, and makes what the others are told of it.
void
beacon_take_view (beacon_t *self)
{
    const view_t *view = cluster_view (self->cluster);
    if (!view || (self->view && view->version <= self->view->version)
        || (!self->view && !view_member (view, self->id)))
        return;
    view_t *copy = view_copy (view);
    if (!copy)
        return; // Tried again at the next turn
    buf_reset (&self->encoded);
    buf_reset (&self->hello);
    buf_reset (&self->routes);
    view_encode (copy, &self->encoded);
    self->hello_pairs = self->words.hello (self->words.arg, copy, &self->hello);
    self->words.routes (self->words.arg, copy, &self->routes);
    if (self->encoded.failed || self->hello.failed || self->routes.failed)
        view_destroy (&copy);
    else
        s_adopt (self, copy);
}

//  Sends the view to the actors that have not got it. False: some could not take it.
bool
beacon_publish (beacon_t *self)
{
    bool all = true;
    if (!self->view)
        return true;
    inner_t message = { .kind = INNER_VIEW,
                        .view = buf_bytes (&self->encoded),
                        .hello = buf_bytes (&self->hello),
                        .hello_pairs = self->hello_pairs,
                        .routes = buf_bytes (&self->routes) };
    for (uint32_t at = 0; at < self->inners_count; at++) {
        beacon_inner_t *inner = &self->inners[at];
        if (inner->route_size == 0 || inner->version == self->view->version)
            continue;
        if (beacon_send_inner (self, inner, &message))
            inner->version = self->view->version;
        else
            all = false;
    }
    return all;
}

void
beacon_tell_status (beacon_t *self)
{
    bool serving = false;
    const member_t *own = self->view ? view_member (self->view, self->id) : NULL;
    if (own && own->status == MEMBER_UP && lease_valid (self->lease, own->generation, self->now)) {
        serving = true;
        for (uint32_t at = 0; at < self->inners_count; at++)
            serving = serving && self->inners[at].version == self->view->version;
    }
    atomic_store (&self->status->serving, serving);
    atomic_store (&self->status->others, s_others (self));
    atomic_store (&self->status->state, (int) cluster_state (self->cluster));
}

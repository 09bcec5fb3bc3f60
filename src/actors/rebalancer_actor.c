//  rebalancer_actor: see rebalancer_actor.h.
//  SPDX-License-Identifier: MPL-2.0
#include "rebalancer_impl.h"

#include "bind.h"
#include "mem.h"

#define S_HANDSHAKE_MS 3000
#define S_PULL_HWM 8            // Messages of one member that wait here
#define S_LINK_HWM 256          // Messages to one that wait there…
#define S_QUEUE_MAX (16u << 20) // …and bytes of them
#define S_LINK_IDLE 10000       // Milliseconds
#define S_STUCK_MS 10000        // A connection on which nothing is acknowledged for so long is given up
#define S_AGAIN_MS 50           // Without memory for a view: until the next attempt
#define S_BURST_PARTS 32        // Of a second: what may gather of the rate
#define S_LOOK_MS 1             // Until it is looked again whether storage actors can take more

rebalancer_member_t *
rebalancer_member (rebalancer_t *self, node_id_t node)
{
    const member_t *member = self->view ? view_member (self->view, node) : NULL;
    return member ? &self->members[member - self->view->members] : NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Views

//  Two grants at least: one is used while the other gathers.
static uint64_t
s_burst (uint64_t rate)
{
    uint64_t burst = rate / S_BURST_PARTS;
    return burst < 2 * HAUL_LEAST ? 2 * HAUL_LEAST : burst;
}

static bool
s_adopt (rebalancer_t *self, view_t **view_p)
{
    view_t *view = *view_p;
    rebalancer_member_t *members = mem_alloc_zero (view->members_count, sizeof (rebalancer_member_t));
    if (!members)
        return false;
    for (uint32_t at = 0; at < view->members_count; at++) {
        const rebalancer_member_t *before = rebalancer_member (self, view->members[at].id);
        members[at] = before ? *before : (rebalancer_member_t) { .node = view->members[at].id };
    }
    view_destroy (&self->view);
    mem_free (self->members);
    self->view = view;
    self->members = members;
    *view_p = NULL;
    links_keep (self->links, view);
    rate_set (&self->rate, view->move_rate, s_burst (view->move_rate), self->now);
    return true;
}

static bool
s_say_here (rebalancer_t *self)
{
    inner_t here = { .kind = INNER_HERE, .index = INNER_REBALANCER };
    return inner_send (self->beacon_handle, NULL, &here);
}

static bool
s_receive_beacon (rebalancer_t *self)
{
    inner_t message;
    frames_close (&self->frames);
    if (!inner_receive (self->beacon_handle, &self->frames, false, &message))
        return false;
    if (message.kind == INNER_VIEW) {
        const char *why;
        view_t *view = view_decode (message.view, &why);
        if (!view || ((!self->view || view->version > self->view->version) && !s_adopt (self, &view)))
            self->view_lost = true;
        view_destroy (&view);
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  The actor

static void
s_destroy (void **self_p)
{
    rebalancer_t *self = *self_p;
    if (!self)
        return;
    frames_close (&self->frames);
    links_destroy (&self->links);
    zsock_destroy (&self->beacon);
    if (self->endpoint)
        zmq_unbind (self->pull_handle, self->endpoint);
    zsock_destroy (&self->pull);
    if (self->inner && self->inproc)
        zmq_unbind (self->inner_handle, self->inproc);
    zsock_destroy (&self->inner);
    cargo_release (&self->inbound);
    view_destroy (&self->view);
    mem_free (self->members);
    free (self->endpoint);
    free (self->inproc);
    buf_clear (&self->head);
    mem_free (self);
    *self_p = NULL;
}

static bool
s_bind_inner (rebalancer_t *self, const rebalancer_actor_args_t *given)
{
    self->beacon = zsock_new (ZMQ_DEALER);
    self->inner = zsock_new (ZMQ_ROUTER);
    self->inproc = strdup (given->inproc);
    if (!self->beacon || !self->inner || !self->inproc)
        return false;
    self->beacon_handle = zsock_resolve (self->beacon);
    self->inner_handle = zsock_resolve (self->inner);
    zsock_set_linger (self->beacon, 0);
    zsock_set_linger (self->inner, 0);
    zsock_set_router_mandatory (self->inner, 1);
    zsock_set_sndhwm (self->inner, 0); // Bounded by bytes: what is granted, and `inbound`
    zsock_set_rcvhwm (self->inner, 0);
    return zmq_bind (self->inner_handle, given->inproc) == 0
           && zmq_connect (self->beacon_handle, given->beacon_inproc) == 0 && s_say_here (self);
}

static bool
s_bind_pull (rebalancer_t *self, const rebalancer_actor_args_t *given)
{
    self->pull = zsock_new (ZMQ_PULL);
    if (!self->pull)
        return false;
    self->pull_handle = zsock_resolve (self->pull);
    zsock_set_linger (self->pull, 0);
    zsock_set_rcvhwm (self->pull, S_PULL_HWM);
    int64_t most = (int64_t) given->batch_max;
    zmq_setsockopt (self->pull_handle, ZMQ_MAXMSGSIZE, &most, sizeof most);
    zsock_set_handshake_ivl (self->pull, S_HANDSHAKE_MS);
    if (strchr (given->endpoint, '['))
        zsock_set_ipv6 (self->pull, 1);
    if (given->io_affinity)
        zsock_set_affinity (self->pull, given->io_affinity);
    if (bind_endpoint (self->pull_handle, given->endpoint) == 0)
        self->endpoint = zsock_last_endpoint (self->pull);
    return self->endpoint != NULL;
}

static bool
s_make (rebalancer_t *self, const rebalancer_actor_args_t *given, buf_t *why)
{
    links_config_t links = LINKS_CONFIG_INIT;
    links.type = ZMQ_PUSH;
    links.sndhwm = S_LINK_HWM;
    links.queue_max = S_QUEUE_MAX;
    links.idle = S_LINK_IDLE;
    links.stuck = S_STUCK_MS;
    links.io_affinity = given->io_affinity;
    self->links = links_new (&links);
    self->inbound = cargo_new ();
    if (!self->links || !self->inbound || !s_bind_inner (self, given)) {
        buf_add (why, "out of memory or sockets", 24);
        return false;
    }
    if (s_bind_pull (self, given))
        return true;
    cannot_bind (given->endpoint, why);
    return false;
}

static void *
s_create (const void *args, buf_t *why)
{
    const rebalancer_actor_args_t *given = args;
    rebalancer_t *self = given->actors <= VIEW_ACTORS_MAX ? mem_alloc_zero (1, sizeof (rebalancer_t)) : NULL;
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->id = given->node;
    self->actors = given->actors;
    self->batch_max = given->batch_max;
    self->mode = given->squeeze;
    self->status = given->status;
    self->note = given->note;
    self->now = actor_boot ();
    rate_init (&self->rate, 0, s_burst (0), self->now);
    if (!s_make (self, given, why))
        s_destroy ((void **) &self);
    return self;
}

typedef enum { S_BEACON, S_INNER, S_PULL, S_SOCKETS } s_socket_t;

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    rebalancer_t *self = arg;
    sockets[S_BEACON] = self->beacon;
    sockets[S_INNER] = self->inner;
    sockets[S_PULL] = self->pull;
    return S_SOCKETS;
}

//  Where storage actors are slow, what comes waits with those that sent it.
static bool
s_wants (void *arg, size_t which)
{
    return which != S_PULL || rebalancer_has_room (arg);
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    rebalancer_t *self = arg;
    self->now = moment->now;
    return which == S_BEACON  ? s_receive_beacon (self)
           : which == S_INNER ? rebalancer_receive_inner (self)
                              : rebalancer_receive_batch (self);
}

static uint64_t
s_sooner (uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t
s_turn (void *arg, const moment_t *moment)
{
    rebalancer_t *self = arg;
    self->now = moment->now;
    uint64_t next = rebalancer_grant (self);
    next = s_sooner (next, links_turn (self->links, self->now));
    next = s_sooner (next, refusals_turn (&self->refusals, &self->note, "rebalancer", self->now));
    if (self->view_lost && self->now >= self->view_again) {
        self->view_lost = !s_say_here (self);
        self->view_again = self->now + S_AGAIN_MS;
    }
    if (self->view_lost)
        next = s_sooner (next, S_AGAIN_MS);
    if (!rebalancer_has_room (self))
        next = s_sooner (next, S_LOOK_MS);
    return next;
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    const rebalancer_t *self = arg;
    (void) arguments;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, self->endpoint);
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    (void) arg;
    (void) moment;
    return true;
}

const actor_spec_t rebalancer_actor_spec = {
    .name = "rebalancer",
    .create = s_create,
    .destroy = s_destroy,
    .sockets = s_sockets,
    .wants = s_wants,
    .receive = s_receive,
    .turn = s_turn,
    .command = s_command,
    .drained = s_drained,
};

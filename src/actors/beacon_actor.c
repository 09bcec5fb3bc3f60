//  beacon_actor: see beacon_actor.h.
//
//  Others' beacons come to a ROUTER and are answered over links: all messages between beacons are one-way.
//  The actors of this node come to a second ROUTER inside the process (inner.h).
//  SPDX-License-Identifier: MPL-2.0
#include "beacon_actor.h"

#include <stdatomic.h>

#include "beacon_impl.h"
#include "bind.h"
#include "mem.h"

#define S_FRAME_MAX (4 << 20) // Bytes; a view of 16,384 partitions and 1,024 members is below 2 MiB
#define S_PEER_HWM 64         // Messages of one member that wait to be read
#define S_INNER_HWM 10000
#define S_HANDSHAKE_MS 3000
#define S_SUSPECT_PROBE_MS 1000
#define S_AGAIN_MS 20 // After which what an inner queue did not take is sent again

//  ------------------------------------------------------------------------------------------------
//  What cluster_t wants done

static void
s_send_peer (void *arg, node_id_t to, const char *endpoint, bytes_t body)
{
    beacon_t *self = arg;
    if (self->peers)
        links_send (self->links, to, endpoint, body, self->now);
}

static void
s_event (void *arg, cluster_event_t event, uint32_t partition, node_id_t node, const char *text)
{
    beacon_t *self = arg;
    beacon_log_event (&self->log, self->view, event, partition, node, text);
    beacon_happened (self, event, partition, node, text);
}

//  May be lost: the coordinator asks again.
static void
s_hand_over (void *arg, uint32_t partition, uint64_t epoch, node_id_t node)
{
    beacon_t *self = arg;
    if (self->actors == 0)
        return;
    inner_t message = { .kind = INNER_HAND_OVER, .partition = partition, .epoch = epoch, .node = node };
    beacon_send_inner (self, &self->inners[partition % self->actors], &message);
}

//  ------------------------------------------------------------------------------------------------
//  Other members

static bool
s_receive_peer (beacon_t *self)
{
    frames_t *in = &self->frames;
    frames_close (in);
    if (!frames_receive (in, self->peers_handle))
        return false;
    peer_head_t head;
    mp_t reader;
    if (in->count != 2 || in->overflow || !peer_open (in->frames[1], &head, &reader)) {
        self->status->foreign++;
        beacon_log_foreign (&self->log, frames_address (in));
        return true;
    }
    beacon_heard_t *heard = head.cluster && head.to == self->id ? beacon_heard (self, head.from) : NULL;
    if (heard) {
        heard->heard = self->now;
        atomic_store (&self->status->heard, self->now);
    }
    uint64_t refused = cluster_stats (self->cluster)->refused;
    cluster_receive (self->cluster, in->frames[1], self->now);
    refused = cluster_stats (self->cluster)->refused - refused;
    if (refused)
        beacon_log_refused (&self->log, refused, frames_address (in), head.from);
    return true;
}

static void
s_refused (void *arg, node_id_t node, uint64_t now)
{
    beacon_t *self = arg;
    cluster_unreachable (self->cluster, node, now);
}

//  A voter hears from every member eight times a lease. One that is silent may be gone: then its host
//  says so.
static void
s_probe (beacon_t *self)
{
    const view_t *view = self->view;
    uint64_t beat = self->timing.lease / 8;
    if (!self->peers || !self->heard || !view || self->now < self->probe_at
        || !view_is_voter (view, self->id))
        return;
    self->probe_at = self->now + beat;
    for (uint32_t at = 0; at < view->members_count; at++) {
        const member_t *member = &view->members[at];
        beacon_heard_t *heard = &self->heard[at];
        bool suspect = member->status == MEMBER_SUSPECT;
        uint64_t again = suspect && beat < S_SUSPECT_PROBE_MS ? S_SUSPECT_PROBE_MS : beat;
        if (member->id == self->id || self->now < heard->heard + 3 * beat
            || self->now < heard->probed + again)
            continue;
        heard->probed = self->now;
        probes_begin (&self->probes, member->id, member->host, member->beacon_port, self->now);
    }
}

//  ------------------------------------------------------------------------------------------------
//  The actor

static void
s_destroy (void **self_p)
{
    beacon_t *self = *self_p;
    if (!self)
        return;
    frames_close (&self->frames);
    discover_destroy (&self->discover);
    probes_end (&self->probes);
    cluster_destroy (&self->cluster);
    links_destroy (&self->links);
    if (self->peer_endpoint)
        zmq_unbind (self->peers_handle, self->peer_endpoint);
    zsock_destroy (&self->peers);
    if (self->inner && self->inner_inproc)
        zmq_unbind (self->inner_handle, self->inner_inproc);
    zsock_destroy (&self->inner);
    free (self->peer_endpoint);
    free (self->inner_inproc);
    view_destroy (&self->view);
    mem_free (self->heard);
    buf_clear (&self->encoded);
    buf_clear (&self->hello);
    buf_clear (&self->routes);
    buf_clear (&self->news.events);
    mem_free (self);
    *self_p = NULL;
}

static bool
s_bind_inner (beacon_t *self, const beacon_actor_args_t *given)
{
    self->inner = zsock_new (ZMQ_ROUTER);
    self->inner_inproc = strdup (given->inner_inproc);
    if (!self->inner || !self->inner_inproc)
        return false;
    self->inner_handle = zsock_resolve (self->inner);
    zsock_set_router_mandatory (self->inner, 1);
    zsock_set_linger (self->inner, 0);
    zsock_set_sndhwm (self->inner, S_INNER_HWM);
    zsock_set_rcvhwm (self->inner, S_INNER_HWM);
    return zmq_bind (self->inner_handle, self->inner_inproc) == 0;
}

static bool
s_bind_peers (beacon_t *self, const beacon_actor_args_t *given)
{
    self->peers = zsock_new (ZMQ_ROUTER);
    if (!self->peers)
        return false;
    self->peers_handle = zsock_resolve (self->peers);
    zsock_set_linger (self->peers, 0);
    zsock_set_rcvhwm (self->peers, S_PEER_HWM);
    zsock_set_sndhwm (self->peers, 1);
    zsock_set_maxmsgsize (self->peers, S_FRAME_MAX);
    zsock_set_handshake_ivl (self->peers, S_HANDSHAKE_MS);
    if (strchr (given->peer_endpoint, '['))
        zsock_set_ipv6 (self->peers, 1);
    if (given->io_affinity)
        zsock_set_affinity (self->peers, given->io_affinity);
    if (bind_endpoint (self->peers_handle, given->peer_endpoint) != 0)
        return false;
    self->peer_endpoint = zsock_last_endpoint (self->peers);
    return self->peer_endpoint != NULL;
}

static bool
s_make (beacon_t *self, const beacon_actor_args_t *given, buf_t *why)
{
    if (!s_bind_inner (self, given)) {
        buf_add (why, "cannot bind inside the process", 30);
        return false;
    }
    if (given->peer_endpoint && !s_bind_peers (self, given)) {
        cannot_bind (given->peer_endpoint, why);
        return false;
    }
    links_config_t links = LINKS_CONFIG_INIT;
    links.io_affinity = given->io_affinity;
    links.stuck = 2 * given->cluster.timing.lease;
    self->links = links_new (&links);
    cluster_config_t config = given->cluster;
    const char *colon = self->peer_endpoint ? strrchr (self->peer_endpoint, ':') : NULL;
    config.self.beacon_port = colon ? (uint16_t) atoi (colon + 1) : 0;
    const char *own = self->peer_endpoint;
    if (given->discover) {
        self->discover = discover_new (given->discover, given->discover_port, self->id,
                                       config.self.beacon_port, why);
        if (!self->discover)
            return false;
        if (config.seeds_count == 0) { // Its own: others will be found, so it founds nothing by itself
            config.seeds = &own;
            config.seeds_count = 1;
        }
    }
    cluster_port_t port = { .arg = self, .send = s_send_peer, .event = s_event, .hand_over = s_hand_over };
    if (self->links)
        self->cluster = cluster_new (&config, &port, self->lease, actor_moment ().now);
    if (!self->cluster)
        buf_add (why, "out of memory", 13);
    return self->cluster != NULL;
}

static void *
s_create (const void *args, buf_t *why)
{
    const beacon_actor_args_t *given = args;
    beacon_t *self = given->actors <= BEACON_STORAGE_MAX ? mem_alloc_zero (1, sizeof (beacon_t)) : NULL;
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->now = actor_moment ().now;
    self->wall = actor_moment ().wall;
    self->id = given->cluster.self.id;
    snprintf (self->name, sizeof self->name, "%s", given->cluster.self.name);
    self->timing = given->cluster.timing;
    self->lease = given->lease;
    self->status = given->status;
    self->words = given->words;
    self->actors = given->actors;
    self->inners_count = given->actors + 1;
    self->rebalancer = given->rebalancer ? self->inners_count++ : UINT32_MAX;
    self->pubsub = given->pubsub ? self->inners_count++ : UINT32_MAX;
    self->gateway = given->gateway ? self->inners_count++ : UINT32_MAX;
    self->log.note = given->words.note;
    if (!s_make (self, given, why))
        s_destroy ((void **) &self);
    return self;
}

static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    beacon_t *self = arg;
    sockets[0] = self->inner;
    if (self->peers)
        sockets[1] = self->peers;
    if (self->discover)
        sockets[2] = discover_socket (self->discover);
    return self->discover ? 3 : self->peers ? 2 : 1;
}

static bool
s_receive_discover (beacon_t *self)
{
    char endpoint[64];
    if (!discover_receive (self->discover, endpoint, sizeof endpoint))
        return false;
    if (*endpoint)
        cluster_add_seed (self->cluster, endpoint);
    return true;
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    beacon_t *self = arg;
    self->now = moment->now;
    self->wall = moment->wall;
    return which == 0   ? beacon_receive_inner (self)
           : which == 1 ? s_receive_peer (self)
                        : s_receive_discover (self);
}

static uint64_t
s_sooner (uint64_t first, uint64_t second)
{
    return first < second ? first : second;
}

static uint64_t
s_turn (void *arg, const moment_t *moment)
{
    beacon_t *self = arg;
    uint64_t now = self->now = moment->now;
    self->wall = moment->wall;
    beacon_take_view (self);
    s_probe (self);
    uint64_t next = probes_turn (&self->probes, s_refused, self, now);
    uint64_t tick = cluster_tick (self->cluster, now);
    next = s_sooner (next, tick == UINT64_MAX ? UINT64_MAX : tick > now ? tick - now : 0);
    beacon_take_view (self); // Decided by that
    if (!beacon_publish (self))
        next = s_sooner (next, S_AGAIN_MS);
    beacon_end_admins (self);
    if (self->admins_open)
        next = s_sooner (next, S_AGAIN_MS);
    next = s_sooner (next, links_turn (self->links, now));
    next = s_sooner (next, beacon_log_turn (&self->log, self->view, now));
    beacon_tell_status (self);
    beacon_tell_news (self);
    return next;
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    beacon_t *self = arg;
    (void) arguments;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, self->peer_endpoint ? self->peer_endpoint : "");
    else if (strcmp (name, "WHY") == 0)
        zmsg_addstr (reply, cluster_why (self->cluster));
    else if (strcmp (name, "LEAVE") == 0)
        cluster_leave (self->cluster, actor_moment ().now);
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    (void) arg;
    (void) moment;
    return true;
}

const actor_spec_t beacon_actor_spec = {
    .name = "beacon",
    .create = s_create,
    .destroy = s_destroy,
    .sockets = s_sockets,
    .receive = s_receive,
    .turn = s_turn,
    .command = s_command,
    .drained = s_drained,
};

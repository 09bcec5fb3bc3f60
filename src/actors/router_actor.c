//  router_actor: see router_actor.h. What it is made of, and when which part has its turn.
//  SPDX-License-Identifier: MPL-2.0
#include "router_impl.h"

#include "mem.h"

static void
s_destroy (void **self_p)
{
    router_t *self = *self_p;
    if (!self)
        return;
    frames_close (&self->answer);
    for (uint32_t actor = 0; self->peers && actor < self->actors; actor++) {
        zsock_destroy (&self->peers[actor].socket);
        buf_clear (&self->peers[actor].part);
        mem_free (self->peers[actor].sizes);
    }
    mem_free (self->peers);
    router_pubsub_leave (self);
    router_leave (self);
    door_destroy (&self->clients);
    gather_destroy (&self->gather);
    buf_clear (&self->here);
    buf_clear (&self->with);
    buf_clear (&self->apart);
    mem_free (self);
    *self_p = NULL;
}

static bool
s_connect (router_t *self, peer_t *peer, const char *endpoint)
{
    peer->socket = zsock_new (ZMQ_DEALER);
    peer->sizes = mem_alloc (self->peer_hwm * sizeof (uint64_t));
    if (!peer->socket || !peer->sizes)
        return false;
    peer->handle = zsock_resolve (peer->socket);
    zsock_set_linger (peer->socket, 0);
    zsock_set_sndhwm (peer->socket, (int) self->peer_hwm);
    zsock_set_rcvhwm (peer->socket, (int) self->peer_hwm);
    return zmq_connect (peer->handle, endpoint) == 0;
}

static void *
s_create (const void *args, buf_t *why)
{
    const router_actor_args_t *given = args;
    router_t *self = mem_alloc_zero (1, sizeof (router_t));
    if (!self) {
        buf_add (why, "out of memory", 13);
        return NULL;
    }
    self->actors = given->actors;
    self->partitions = given->partitions;
    self->peer_hwm = given->peer_hwm;
    self->peer_bytes = given->peer_bytes;
    self->batch_max = given->batch_max;
    self->gather = gather_new (ROUTER_TICKETS_MAX, given->actors, given->partitions);
    self->peers = mem_alloc_zero (given->actors + 1, sizeof (peer_t));
    bool connected = self->gather && self->peers;
    for (uint32_t actor = 0; connected && actor < given->actors; actor++)
        connected = s_connect (self, &self->peers[actor], given->peer_inprocs[actor]);
    if (!connected)
        buf_add (why, "cannot reach the storage actors", 31);
    else if (!router_pubsub_join (self, given->pubsub_inproc))
        buf_add (why, "cannot reach the pubsub actor", 29);
    else if (router_join (self, given, why)) {
        const char *endpoints[] = { given->client_endpoint, given->client_inproc };
        self->clients = door_new (&given->door, endpoints, 2, &self->counters, why);
    }
    if (!self->clients)
        s_destroy ((void **) &self);
    return self;
}

//  The beacon first, then what answers clients, then clients.
static size_t
s_sockets (void *arg, zsock_t **sockets)
{
    router_t *self = arg;
    size_t count = 0;
    sockets[count++] = self->beacon;
    for (uint32_t actor = 0; actor < self->actors; actor++)
        sockets[count++] = self->peers[actor].socket;
    sockets[count++] = lines_socket (self->lines);
    if (self->pubsub)
        sockets[count++] = self->pubsub;
    sockets[count++] = door_socket (self->clients);
    return count;
}

//  The last of those above.
static size_t
s_door_place (const router_t *self)
{
    return self->actors + 2 + (self->pubsub != NULL);
}

static bool
s_wants (void *arg, size_t which)
{
    router_t *self = arg;
    if (which < s_door_place (self) || self->mode != ROUTER_ALONE)
        return true;
    if (self->wanted != ROUTER_ALONE)
        return false;
    for (uint32_t actor = 0; actor < self->actors; actor++)
        if (self->peers[actor].sent >= self->peer_hwm || self->peers[actor].bytes >= self->peer_bytes)
            return false;
    return true;
}

static bool
s_receive_client (router_t *self)
{
    arrival_t arrival;
    door_step_t step = door_receive (self->clients, &arrival, self->now);
    if (step == DOOR_TAKEN && self->mode == ROUTER_ALONE)
        router_divide (self, &arrival);
    else if (step == DOOR_TAKEN)
        router_forward (self, &arrival);
    return step != DOOR_EMPTY;
}

static bool
s_receive (void *arg, size_t which, const moment_t *moment)
{
    router_t *self = arg;
    self->now = moment->now;
    if (which == 0)
        return router_receive_beacon (self);
    if (which <= self->actors)
        return router_receive_peer (self, (uint32_t) which - 1);
    if (which == s_door_place (self))
        return s_receive_client (self);
    return which == self->actors + 1 ? router_receive_line (self) : router_receive_pubsub (self);
}

static uint64_t
s_turn (void *arg, const moment_t *moment)
{
    router_t *self = arg;
    self->now = moment->now;
    ticket_t *late;
    while ((late = gather_expired (self->gather, moment->now)))
        router_finish (self, &late);
    uint64_t next = router_turn_cluster (self);
    uint64_t door = door_turn (self->clients, moment->now);
    uint64_t tickets = gather_count (self->gather) ? 100 : UINT64_MAX;
    next = door < next ? door : next;
    return next < tickets ? next : tickets;
}

static void
s_command (void *arg, const char *name, zmsg_t *arguments, zmsg_t *reply)
{
    router_t *self = arg;
    (void) arguments;
    if (strcmp (name, "ENDPOINT") == 0)
        zmsg_addstr (reply, door_endpoint (self->clients));
}

static bool
s_drained (void *arg, const moment_t *moment)
{
    router_t *self = arg;
    forward_dismiss (self->forward, moment->now);
    return router_outstanding (self) == 0 && forward_count (self->forward) == 0
           && door_is_idle (self->clients);
}

const actor_spec_t router_actor_spec = {
    .name = "router",
    .create = s_create,
    .destroy = s_destroy,
    .sockets = s_sockets,
    .wants = s_wants,
    .receive = s_receive,
    .turn = s_turn,
    .command = s_command,
    .drained = s_drained,
};

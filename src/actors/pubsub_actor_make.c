//  pubsub_actor_make: the sockets of the pubsub actor.
//  SPDX-License-Identifier: MPL-2.0
#include "bind.h"
#include "mem.h"
#include "pubsub_actor_impl.h"

#define S_QUEUE 1000            // Messages of other actors that wait here
#define S_RELAY_HWM 1000        // Of one member
#define S_MEMBER_WISHES 1000000 // Topics that one member may want
#define S_MEMBERS_NAMES 16      // Times what this node's subscribers may want together

//  Bytes of the largest body, and what else a message takes.
static uint64_t
s_body_max (const pubsub_actor_args_t *given)
{
    uint64_t one = given->message_max + MESSAGE_ROOM_MAX;
    return one > PUBSUB_BATCH ? one : PUBSUB_BATCH;
}

static int
s_hwm (const pubsub_actor_args_t *given)
{
    uint64_t count = given->queue_max / (s_body_max (given) + TOPIC_SIZE_MAX);
    return count < 2 ? 2 : count > 1000000 ? 1000000 : (int) count;
}

static bool
s_make_ear (pubsub_actor_t *self, const pubsub_actor_args_t *given, ear_t **ear, const char *endpoint,
            buf_t *why)
{
    bool members = ear == &self->members;
    audience_config_t config = { .members = members,
                                 .keyless = ear == &self->local || ear == &self->gateway,
                                 .counts = ear == &self->gateway,
                                 .subscriptions_max = given->subscriptions_max,
                                 .names_max = given->names_max };
    if (members) {
        config.subscriptions_max = S_MEMBER_WISHES;
        config.names_max = given->names_max * S_MEMBERS_NAMES;
    } else if (config.keyless) {
        config.subscriptions_max = UINT32_MAX;
        config.names_max = 0;
    }
    audience_port_t port = pubsub_audience (self->pubsub);
    ear_config_t options = { .endpoint = endpoint,
                             .sndhwm = s_hwm (given),
                             .io_affinity = members && given->mesh_affinity ? given->mesh_affinity : 1,
                             .audience = audience_new (&config, pubsub_topics (self->pubsub), &port) };
    *ear = ear_new (&options, why);
    return *ear != NULL;
}

static bool
s_make_inner (pubsub_actor_t *self, const pubsub_actor_args_t *given)
{
    self->beacon = zsock_new (ZMQ_DEALER);
    self->requests = zsock_new (ZMQ_ROUTER);
    self->feed = zsock_new (ZMQ_PULL);
    if (!self->beacon || !self->requests || !self->feed)
        return false;
    self->beacon_handle = zsock_resolve (self->beacon);
    self->requests_handle = zsock_resolve (self->requests);
    self->feed_handle = zsock_resolve (self->feed);
    zsock_set_linger (self->beacon, 0);
    zsock_set_linger (self->requests, 0);
    zsock_set_linger (self->feed, 0);
    zsock_set_router_mandatory (self->requests, 1);
    zsock_set_sndhwm (self->requests, 0); // An answer for each request; whoever asks bounds those
    zsock_set_rcvhwm (self->requests, S_QUEUE);
    zsock_set_rcvhwm (self->feed, S_QUEUE);
    self->inproc = strdup (given->inproc);
    self->feed_inproc = strdup (given->feed_inproc);
    inner_t here = { .kind = INNER_HERE, .index = INNER_PUBSUB };
    return self->inproc && self->feed_inproc && zmq_bind (self->requests_handle, given->inproc) == 0
           && zmq_bind (self->feed_handle, given->feed_inproc) == 0
           && zmq_connect (self->beacon_handle, given->beacon_inproc) == 0
           && inner_send (self->beacon_handle, NULL, &here);
}

bool
pubsub_actor_make (pubsub_actor_t *self, const pubsub_actor_args_t *given, buf_t *why)
{
    self->mesh = mesh_new (given->node, (int64_t) s_body_max (given) + 1024, S_RELAY_HWM,
                           given->mesh_affinity);
    if (!self->mesh)
        return false;
    self->mesh_handle = zsock_resolve (mesh_socket (self->mesh));
    pubsub_config_t config = { .node = given->node,
                               .message_max = given->message_max,
                               .idle_max = given->names_max };
    memcpy (config.seed, given->seed, sizeof config.seed);
    pubsub_port_t port = { self, pubsub_actor_send, pubsub_actor_follow };
    self->pubsub = pubsub_new (&config, &port);
    return self->pubsub && s_make_inner (self, given)
           && s_make_ear (self, given, &self->local, given->local_inproc, why)
           && (!given->gateway_inproc || s_make_ear (self, given, &self->gateway, given->gateway_inproc, why))
           && (!given->endpoint || s_make_ear (self, given, &self->here, given->endpoint, why))
           && (!given->mesh_endpoint || s_make_ear (self, given, &self->members, given->mesh_endpoint, why));
}

void
pubsub_actor_end (pubsub_actor_t *self)
{
    frames_close (&self->frames);
    ear_destroy (&self->here);
    ear_destroy (&self->local);
    ear_destroy (&self->gateway);
    ear_destroy (&self->members);
    zsock_destroy (&self->beacon);
    if (self->requests && self->inproc)
        zmq_unbind (self->requests_handle, self->inproc);
    zsock_destroy (&self->requests);
    if (self->feed && self->feed_inproc)
        zmq_unbind (self->feed_handle, self->feed_inproc);
    zsock_destroy (&self->feed);
    pubsub_destroy (&self->pubsub);
    mesh_destroy (&self->mesh);
    buf_clear (&self->replies);
    free (self->inproc);
    free (self->feed_inproc);
}

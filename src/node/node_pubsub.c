//  node_pubsub: publish and subscribe, as part of a node.
//  SPDX-License-Identifier: MPL-2.0
#include <sys/random.h>

#include "node_impl.h"

void
node_name_pubsub (zgrid_node_t *self)
{
    self->pubsub_inproc = zsys_sprintf ("inproc://zgrid-%p-pubsub", (void *) self);
    self->publish_inproc = zsys_sprintf ("inproc://zgrid-%p-publish", (void *) self);
    self->subscribe_inproc = zsys_sprintf ("inproc://zgrid-%p-subscribe", (void *) self);
    self->hear_inproc = zsys_sprintf ("inproc://zgrid-%p-hear", (void *) self);
}

static bool
s_start (zgrid_node_t *self, const char *endpoint, const char *mesh_endpoint)
{
    const settings_t *settings = self->settings;
    pubsub_actor_args_t args = {
        .node = self->id,
        .endpoint = endpoint,
        .mesh_endpoint = mesh_endpoint,
        .local_inproc = self->subscribe_inproc,
        .gateway_inproc = self->hear_inproc,
        .inproc = self->pubsub_inproc,
        .feed_inproc = self->publish_inproc,
        .beacon_inproc = self->beacon_inproc,
        .mesh_affinity = node_peer_affinity (),
        .message_max = settings_uint (settings, SETTING_pubsub_message_max),
        .queue_max = settings_uint (settings, SETTING_pubsub_queue_bytes),
        .subscriptions_max = settings_uint (settings, SETTING_pubsub_subscriptions),
        .names_max = settings_uint (settings, SETTING_pubsub_names_bytes),
        .status = &self->pubsub_status,
        .note = node_note (self),
    };
    if (getrandom (args.seed, sizeof args.seed, 0) != (ssize_t) sizeof args.seed) {
        node_fail (self, "no random bytes from the system");
        return false;
    }
    buf_t why = BUF_INIT;
    self->pubsub = actor_new (&pubsub_actor_spec, &args, &why);
    if (!self->pubsub)
        node_fail (self, "pubsub: %.*s", (int) why.size, (const char *) why.data);
    buf_clear (&why);
    return self->pubsub != NULL;
}

bool
node_start_pubsub (zgrid_node_t *self)
{
    char *endpoint = node_subscribe_endpoint (self), *mesh_endpoint = node_mesh_endpoint (self);
    bool started = s_start (self, endpoint, mesh_endpoint);
    free (endpoint);
    free (mesh_endpoint);
    if (!started)
        return false;
    self->subscribe_endpoint = node_bound (self, self->pubsub, "ENDPOINT");
    self->mesh_endpoint = node_bound (self, self->pubsub, "MESH");
    return self->subscribe_endpoint && self->mesh_endpoint;
}

//  node_channel: the rebalancer of a node.
//  SPDX-License-Identifier: MPL-2.0
#include "node_impl.h"

static rebalancer_squeeze_t
s_squeeze (const zgrid_node_t *self)
{
    const char *text = node_text (self, SETTING_cluster_move_squeeze);
    return strcmp (text, "never") == 0    ? SQUEEZE_NEVER
           : strcmp (text, "always") == 0 ? SQUEEZE_ALWAYS
                                          : SQUEEZE_AUTO;
}

bool
node_start_rebalancer (zgrid_node_t *self)
{
    char *endpoint = node_move_endpoint (self);
    if (!endpoint || settings_bool (self->settings, SETTING_node_witness)) {
        free (endpoint);
        return true;
    }
    rebalancer_actor_args_t args = { .node = self->id,
                                     .actors = self->actors,
                                     .endpoint = endpoint,
                                     .inproc = self->moves_inproc,
                                     .beacon_inproc = self->beacon_inproc,
                                     .io_affinity = node_peer_affinity (),
                                     .batch_max = settings_uint (self->settings, SETTING_limits_frame_max),
                                     .squeeze = s_squeeze (self),
                                     .status = &self->moves,
                                     .note = node_note (self) };
    buf_t why = BUF_INIT;
    self->rebalancer = actor_new (&rebalancer_actor_spec, &args, &why);
    if (!self->rebalancer)
        node_fail (self, "rebalancer: %.*s", (int) why.size, (const char *) why.data);
    buf_clear (&why);
    free (endpoint);
    if (self->rebalancer)
        self->move_endpoint = node_bound (self, self->rebalancer, "ENDPOINT");
    return self->move_endpoint != NULL;
}

//  node_topic: subscribers in the process that embeds the node.
//  SPDX-License-Identifier: MPL-2.0
#include "client/topic_inner.h"
#include "node_impl.h"

int
zgrid_node_topic (zgrid_node_t *self, zgrid_topic_t **topic_p)
{
    *topic_p = NULL;
    if (!self->running) {
        node_fail (self, "the node has not been started");
        return ZGRID_UNAVAILABLE;
    }
    int status = topic_new_inner (topic_p, self->subscribe_inproc);
    if (status != ZGRID_OK)
        node_fail (self, "cannot make a subscriber: %s", zgrid_status_text (status));
    return status;
}

//  node_gateway: the way in for Redis clients, as part of a node.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <sys/random.h>

#include "client/local.h"
#include "mem.h"
#include "node_impl.h"

_Static_assert(GATEWAY_READS_MAX <= LOCAL_BATCH_MAX, "one read takes as many");

//  What the gateway's thread uses of the node.
struct node_gateway {
    settings_t *settings; // Its own: settings_value writes where numbers are shown
    local_t *reader;
    char run_id[41];
    char host[VIEW_HOST_MAX + 1];
};

bool
node_has_gateway (const zgrid_node_t *self)
{
    return *node_text (self, SETTING_gateway_endpoint) != 0;
}

static void
s_read (void *arg, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy, gateway_found_t *found)
{
    const node_gateway_t *self = arg;
    local_entry_t entries[GATEWAY_READS_MAX];
    local_read (self->reader, map, keys, count, copy, entries);
    for (size_t at = 0; at < count; at++)
        found[at] = (gateway_found_t) { .status = entries[at].status,
                                        .offset = entries[at].offset,
                                        .size = entries[at].size,
                                        .version = entries[at].version,
                                        .ttl = entries[at].ttl_ms };
}

static const char *
s_setting (void *arg, const char *name)
{
    const node_gateway_t *self = arg;
    int id = settings_find (name);
    if (id < 0 || id == SETTING_gateway_password)
        return "";
    return settings_value (self->settings, (setting_t) id);
}

static gateway_redirect_t
s_redirect (const char *word)
{
    return strcmp (word, "never") == 0    ? REDIRECT_NEVER
           : strcmp (word, "always") == 0 ? REDIRECT_ALWAYS
                                          : REDIRECT_AUTO;
}

static uint64_t
s_number (const zgrid_node_t *self, setting_t id)
{
    return settings_uint (self->settings, id);
}

static gateway_config_t
s_config (const zgrid_node_t *self)
{
    return (gateway_config_t) { .limits = { .bulk_max = s_number (self, SETTING_limits_value_max),
                                            .request_max = s_number (self, SETTING_gateway_request_bytes),
                                            .args_max = RESP_ARGS_MAX },
                                .map = node_text (self, SETTING_gateway_map),
                                .partitions = (uint32_t) s_number (self, SETTING_cluster_partitions),
                                .databases = (uint32_t) s_number (self, SETTING_gateway_databases),
                                .password = node_text (self, SETTING_gateway_password),
                                .redirect = s_redirect (node_text (self, SETTING_gateway_redirect)),
                                .talks_max = (uint32_t) s_number (self, SETTING_gateway_clients),
                                .calls_max = (uint32_t) s_number (self, SETTING_gateway_pipeline),
                                .input_max = s_number (self, SETTING_gateway_input_bytes),
                                .output_hard = s_number (self, SETTING_gateway_output_hard),
                                .output_soft = s_number (self, SETTING_gateway_output_soft),
                                .output_soft_ms = s_number (self, SETTING_gateway_output_soft_time),
                                .pubsub_hard = s_number (self, SETTING_gateway_pubsub_hard),
                                .pubsub_soft = s_number (self, SETTING_gateway_pubsub_soft),
                                .pubsub_soft_ms = s_number (self, SETTING_gateway_pubsub_soft_time),
                                .memory_max = s_number (self, SETTING_gateway_memory),
                                .window_records = (uint32_t) s_number (self, SETTING_limits_window_records),
                                .window_bytes = s_number (self, SETTING_limits_window_bytes),
                                .deadline = s_number (self, SETTING_gateway_deadline),
                                .subscriptions_max = s_number (self, SETTING_pubsub_subscriptions),
                                .names_max = s_number (self, SETTING_pubsub_names_bytes),
                                .node = self->id,
                                .run_id = self->gateway_own->run_id,
                                .endpoint_host = self->gateway_own->host,
                                .started = actor_moment ().wall };
}

//  What the gateway needs of the node before it starts. False: node_fail was called.
static bool
s_make_own (zgrid_node_t *self)
{
    uint8_t random[20];
    node_gateway_t *own = self->gateway_own = mem_alloc_zero (1, sizeof (node_gateway_t));
    if (!own || !(own->settings = settings_clone (self->settings))) {
        node_fail (self, "out of memory");
        return false;
    }
    if (getrandom (random, sizeof random, 0) != (ssize_t) sizeof random) {
        node_fail (self, "no random bytes from the system");
        return false;
    }
    for (size_t at = 0; at < sizeof random; at++)
        snprintf (own->run_id + 2 * at, 3, "%02x", random[at]);
    node_host (self, own->host, sizeof own->host);
    node_expect_readers (self);
    own->reader = local_open (self);
    if (!own->reader)
        node_fail (self, "limits.local_clients is reached, or no memory");
    return own->reader != NULL;
}

bool
node_start_gateway (zgrid_node_t *self)
{
    if (!node_has_gateway (self))
        return true;
    if (!s_make_own (self))
        return false;
    gateway_actor_args_t args = { .config = s_config (self),
                                  .endpoint = node_text (self, SETTING_gateway_endpoint),
                                  .backlog = (int) s_number (self, SETTING_gateway_backlog),
                                  .port = { .arg = self->gateway_own, .read = s_read, .setting = s_setting },
                                  .router_inproc = self->router_inproc,
                                  .hear_inproc = self->hear_inproc,
                                  .beacon_inproc = self->beacon_inproc,
                                  .status = &self->gateway_status };
    buf_t why = BUF_INIT;
    self->gateway = actor_new (&gateway_actor_spec, &args, &why);
    if (!self->gateway)
        node_fail (self, "gateway.endpoint: %.*s", (int) why.size, (const char *) why.data);
    buf_clear (&why);
    if (!self->gateway)
        return false;
    self->gateway_endpoint = node_bound (self, self->gateway, "ENDPOINT");
    return self->gateway_endpoint != NULL;
}

void
node_stop_gateway (zgrid_node_t *self, uint64_t drain)
{
    actor_destroy (&self->gateway, drain);
    node_gateway_t *own = self->gateway_own;
    if (own) {
        local_close (&own->reader);
        settings_destroy (&own->settings);
        mem_free (own);
    }
    self->gateway_own = NULL;
    free (self->gateway_endpoint);
    self->gateway_endpoint = NULL;
}

const char *
zgrid_node_redis (const zgrid_node_t *self)
{
    return self->gateway_endpoint ? self->gateway_endpoint : "";
}

//  node: puts settings, storage actors and the router together, starts them in order and stops them
//  in reverse: the front door opens last and closes first.
//  SPDX-License-Identifier: MPL-2.0
#include <stdarg.h>
#include <sys/random.h>
#include <unistd.h>

#include "actors/regex.h"
#include "actors/router_actor.h"
#include "actors/storage_actor.h"
#include "client/client_inner.h"
#include "mem.h"
#include "node_impl.h"

#define S_PEER_HWM 1000           // Messages that the router may have on their way to one storage actor
#define S_PEER_BYTES (256u << 20) // Bytes of them
#define S_ROUTES_MAX 4096         // Slow clients that one door keeps replies for
#define S_GUESTS_MAX 1024         // Clients that one door knows one by one, for statistics
#define S_DOOR_HWM_MAX 1000
#define S_REBIND_MS 2000

void
node_fail (zgrid_node_t *self, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start (arguments, format);
    int size = vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    buf_reset (&self->why);
    buf_add (&self->why, text, size < (int) sizeof text ? (size_t) size : sizeof text - 1);
    buf_add (&self->why, "", 1);
}

const char *
node_text (const zgrid_node_t *self, setting_t id)
{
    return settings_text (self->settings, id);
}

char *
node_ask (actor_t *actor, const char *command)
{
    zmsg_t *answer = actor_command (actor, command, NULL);
    char *text = answer ? zmsg_popstr (answer) : NULL;
    zmsg_destroy (&answer);
    return text;
}

static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    static const log_level_t levels[] = { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO };
    const zgrid_node_t *self = arg;
    log_pairs (self->log, levels[level], event, pairs);
}

note_t
node_note (zgrid_node_t *self)
{
    return (note_t) { s_line, self };
}

//  ------------------------------------------------------------------------------------------------
//  Starting

static door_config_t
s_door (const zgrid_node_t *self)
{
    const settings_t *settings = self->settings;
    uint64_t frame_max = settings_uint (settings, SETTING_limits_frame_max);
    //  What the queues of one connection may hold. High-water marks count messages: coming in each may
    //  be as large as a frame may be; going out large ones are counted by the byte (large.h), so that
    //  a quarter is enough for all the others
    uint64_t bytes = settings_uint (settings, SETTING_limits_client_bytes);
    uint64_t in = bytes / frame_max, out = bytes / 4 / LARGE_MIN;
    in = in < 2 ? 2 : in > S_DOOR_HWM_MAX ? S_DOOR_HWM_MAX : in;
    out = out < 2 ? 2 : out > S_DOOR_HWM_MAX ? S_DOOR_HWM_MAX : out;
    bool shared = zmq_ctx_get (zsys_init (), ZMQ_IO_THREADS) < 2;
    return (
        door_config_t) { .flow = { .window_records = settings_uint (settings, SETTING_limits_window_records),
                                   .window_bytes = settings_uint (settings, SETTING_limits_window_bytes),
                                   .mute_after = settings_uint (settings, SETTING_limits_mute_after),
                                   .mute_for = settings_uint (settings, SETTING_limits_mute_for),
                                   .routes_max = S_ROUTES_MAX },
                         .sndhwm = (int) out,
                         .rcvhwm = (int) in,
                         .large_max = bytes / 2,
                         .frame_max = (int64_t) frame_max,
                         .io_affinity = shared ? 0 : 1,
                         .guests_max = settings_uint (settings, SETTING_stats_sampling) ? S_GUESTS_MAX : 0 };
}

//  A storage actor's share of a limit; 0 stays "none", and nothing else becomes it.
static uint64_t
s_share (uint64_t limit, uint32_t actors)
{
    return limit / actors + (limit % actors != 0);
}

static map_policy_t
s_policy (const char *word)
{
    return strcmp (word, "lru") == 0      ? MAP_POLICY_LRU
           : strcmp (word, "s3fifo") == 0 ? MAP_POLICY_S3FIFO
                                          : MAP_POLICY_NONE;
}

static bool
s_make_storage (zgrid_node_t *self, uint32_t index, const uint8_t *seed)
{
    const settings_t *settings = self->settings;
    storage_config_t config = {
        .index = index,
        .actors = self->actors,
        .partitions = self->partitions,
        .regex = regex_port (),
        .maps_max = (uint32_t) settings_uint (settings, SETTING_limits_maps),
        .key_max = settings_uint (settings, SETTING_limits_key_max),
        .value_max = settings_uint (settings, SETTING_limits_value_max),
        .memory_limit = s_share (settings_uint (settings, SETTING_memory_limit), self->actors),
        .entries_limit = s_share (settings_uint (settings, SETTING_memory_entries), self->actors),
        .policy = s_policy (node_text (self, SETTING_memory_policy)),
        .batch_max = settings_uint (settings, SETTING_limits_batch_records),
        .silence = self->timing.detection,
        .ap_grace = settings_uint (settings, SETTING_storage_ap_grace),
        .ap_round = settings_uint (settings, SETTING_storage_ap_round)
    };
    census_config_t census = { .clock = actor_nanoseconds,
                               .sampling = (uint32_t) settings_uint (settings, SETTING_stats_sampling),
                               .slow = settings_uint (settings, SETTING_stats_slow) * 1000 };
    config.census = census.sampling ? &census : NULL;
    memcpy (config.seed, seed, sizeof config.seed);
    self->storages[index] = storage_new (&config, self->epochs);
    return self->storages[index] != NULL;
}

int
node_peer_affinity (void)
{
    return zmq_ctx_get (zsys_init (), ZMQ_IO_THREADS) < 2 ? 0 : 2;
}

char *
node_bound (const zgrid_node_t *self, actor_t *actor, const char *command)
{
    char *bound = node_ask (actor, command);
    char *told = node_advertised (self, bound ? bound : "");
    zstr_free (&bound);
    return told;
}

static bool
s_start_storage (zgrid_node_t *self, uint32_t index, const char *endpoint, const char *data)
{
    self->client_inprocs[index] = zsys_sprintf ("inproc://zgrid-%p-storage-%u", (void *) self, index);
    self->peer_inprocs[index] = zsys_sprintf ("inproc://zgrid-%p-peer-%u", (void *) self, index);
    storage_actor_args_t args = { .storage = self->storages[index],
                                  .door = s_door (self),
                                  .client_endpoint = endpoint,
                                  .client_inproc = self->client_inprocs[index],
                                  .peer_inproc = self->peer_inprocs[index],
                                  .peer_hwm = S_PEER_HWM,
                                  .beacon_inproc = self->beacon_inproc,
                                  .data_endpoint = data,
                                  .data_affinity = node_peer_affinity (),
                                  .moves_inproc = self->moves_inproc,
                                  .moves = index == 0 ? &self->moves : NULL,
                                  .pubsub = index == 0 ? &self->pubsub_status : NULL,
                                  .gateway = index == 0 ? &self->gateway_status : NULL,
                                  .events_inproc = self->publish_inproc,
                                  .index = index,
                                  .node = self->id,
                                  .lease = &self->lease,
                                  .info = &self->info,
                                  .note = node_note (self) };
    buf_t why = BUF_INIT;
    self->storage_actors[index] = actor_new (&storage_actor_spec, &args, &why);
    if (!self->storage_actors[index]) {
        node_fail (self, "storage actor %u: %.*s", index, (int) why.size, (const char *) why.data);
        buf_clear (&why);
        return false;
    }
    buf_clear (&why);
    self->endpoints[index] = node_bound (self, self->storage_actors[index], "ENDPOINT");
    self->data_endpoints[index] = node_bound (self, self->storage_actors[index], "DATA");
    return self->endpoints[index] && self->data_endpoints[index];
}

static bool
s_start_router (zgrid_node_t *self)
{
    router_actor_args_t args = { .door = s_door (self),
                                 .client_endpoint = node_listens (self)
                                                        ? node_text (self, SETTING_node_client)
                                                        : NULL,
                                 .client_inproc = self->router_inproc,
                                 .peer_inprocs = (const char *const *) self->peer_inprocs,
                                 .storage_inprocs = (const char *const *) self->client_inprocs,
                                 .actors = self->actors,
                                 .partitions = self->partitions,
                                 .batch_max = settings_uint (self->settings, SETTING_limits_batch_records),
                                 .peer_hwm = S_PEER_HWM,
                                 .peer_bytes = S_PEER_BYTES,
                                 .node = self->id,
                                 .pubsub_inproc = self->pubsub_inproc,
                                 .beacon_inproc = self->beacon_inproc,
                                 .links_affinity = node_peer_affinity (),
                                 .info = &self->info,
                                 .note = node_note (self) };
    buf_t why = BUF_INIT;
    self->router = actor_new (&router_actor_spec, &args, &why);
    if (!self->router)
        node_fail (self, "router: %.*s", (int) why.size, (const char *) why.data);
    buf_clear (&why);
    if (!self->router)
        return false;
    self->endpoint = node_bound (self, self->router, "ENDPOINT");
    return self->endpoint != NULL;
}

static bool
s_make_storages (zgrid_node_t *self)
{
    uint8_t seed[HASH_SEED_SIZE];
    if (getrandom (seed, sizeof seed, 0) != (ssize_t) sizeof seed) {
        node_fail (self, "no random bytes from the system");
        return false;
    }
    self->epochs = epochs_new ((uint32_t) settings_uint (self->settings, SETTING_limits_local_clients)
                               + node_has_gateway (self));
    bool made = self->epochs != NULL;
    for (uint32_t index = 0; made && index < self->actors; index++)
        made = s_make_storage (self, index, seed);
    if (!made)
        node_fail (self, "out of memory");
    return made;
}

//  Storage actors and router bind, so that their ports are known; the beacon tells others of them. They
//  serve once it has brought them a view that this node is a member of.
static bool
s_start_all (zgrid_node_t *self)
{
    if (!node_begin_life (self) || !s_make_storages (self))
        return false;
    self->beacon_inproc = zsys_sprintf ("inproc://zgrid-%p-beacon", (void *) self);
    self->moves_inproc = zsys_sprintf ("inproc://zgrid-%p-moves", (void *) self);
    self->router_inproc = zsys_sprintf ("inproc://zgrid-%p-router", (void *) self);
    node_name_pubsub (self);
    char *endpoint = node_storage_endpoint (self), *data = node_data_endpoint (self);
    bool started = true;
    for (uint32_t index = 0; started && index < self->actors; index++)
        started = s_start_storage (self, index, endpoint, data);
    zstr_free (&endpoint);
    zstr_free (&data);
    return started && s_start_router (self) && node_start_rebalancer (self) && node_start_pubsub (self)
           && node_start_gateway (self) && node_start_beacon (self);
}

static void
s_free_text (char **text)
{
    free (*text);
    *text = NULL;
}

//  libzmq keeps a socket that has connected to an inproc name for as long as nobody binds that name:
//  what the others connected to goes with its name, even if who should have been there never was.
static void
s_drop_name (char **name, const actor_t *owner)
{
    zsock_t *nobody = *name && !owner ? zsock_new (ZMQ_ROUTER) : NULL;
    if (nobody && zsock_bind (nobody, "%s", *name) == 0)
        zsock_unbind (nobody, "%s", *name); // Or the next node of that name would find a socket that dies
    zsock_destroy (&nobody);
    s_free_text (name);
}

static void
s_stop_all (zgrid_node_t *self)
{
    const actor_t *beacon = self->beacon, *rebalancer = self->rebalancer, *pubsub = self->pubsub;
    uint64_t drain = settings_uint (self->settings, SETTING_limits_drain);
    node_stop_gateway (self, drain);
    actor_destroy (&self->router, drain);
    for (uint32_t index = NODE_ACTORS_MAX; index-- > 0;) {
        actor_destroy (&self->storage_actors[index], drain);
        storage_destroy (&self->storages[index]);
        s_free_text (&self->client_inprocs[index]);
        s_free_text (&self->peer_inprocs[index]);
        s_free_text (&self->data_endpoints[index]);
    }
    actor_destroy (&self->rebalancer, 0);
    actor_destroy (&self->pubsub, drain); // Behind whoever publishes
    //  Until here it renewed the lease under which the last answers were given; it names endpoints
    actor_destroy (&self->beacon, 0);
    for (uint32_t index = NODE_ACTORS_MAX; index-- > 0;)
        s_free_text (&self->endpoints[index]);
    epochs_destroy (&self->epochs);
    s_free_text (&self->router_inproc);
    s_drop_name (&self->beacon_inproc, beacon);
    s_drop_name (&self->moves_inproc, rebalancer);
    s_drop_name (&self->pubsub_inproc, pubsub);
    s_drop_name (&self->publish_inproc, pubsub);
    s_free_text (&self->subscribe_inproc);
    s_free_text (&self->hear_inproc);
    s_free_text (&self->move_endpoint);
    s_free_text (&self->subscribe_endpoint);
    s_free_text (&self->mesh_endpoint);
    s_free_text (&self->endpoint);
    s_free_text (&self->peer_endpoint);
    self->readers = false;
    self->running = false;
}

//  The name as set, or one made of host and process, which the setting shows from now on.
static void
s_name (zgrid_node_t *self)
{
    if (!*node_text (self, SETTING_node_name)) {
        char text[65];
        char host[40] = "node";
        gethostname (host, sizeof host - 1);
        snprintf (text, sizeof text, "%s-%d", host, (int) getpid ());
        buf_reset (&self->why);
        if (settings_set (self->settings, "node.name", text, &self->why) != ZGRID_OK)
            settings_set (self->settings, "node.name", "node", &self->why);
    }
    free (self->name);
    self->name = strdup (node_text (self, SETTING_node_name));
}

static void
s_count_actors (zgrid_node_t *self)
{
    uint64_t actors = settings_uint (self->settings, SETTING_storage_actors);
    long cores = sysconf (_SC_NPROCESSORS_ONLN);
    self->partitions = (uint32_t) settings_uint (self->settings, SETTING_cluster_partitions);
    self->actors = actors                    ? (uint32_t) actors
                   : cores < 1               ? 1
                   : cores > NODE_ACTORS_MAX ? NODE_ACTORS_MAX
                                             : (uint32_t) cores;
    if (self->actors > self->partitions)
        self->actors = self->partitions;
    if (settings_bool (self->settings, SETTING_node_witness))
        self->actors = 1; // It holds nothing, but answers who asks
}

//  Starts all actors and waits until they serve; begins anew where founding got stuck. Ports that the
//  sockets before had are free a moment later only.
static int
s_start_serving (zgrid_node_t *self)
{
    uint64_t until = 0;
    for (;;) {
        bool started = s_start_all (self);
        int status = started ? node_await_cluster (self) : ZGRID_UNAVAILABLE;
        if (status == ZGRID_OK)
            return status;
        s_stop_all (self);
        if (status == ZGRID_TRYAGAIN) {
            log_line (self->log, LEVEL_WARNING, "founding made no progress; beginning anew", NULL);
            until = actor_moment ().now + S_REBIND_MS;
        } else if (started || actor_moment ().now >= until)
            return status;
        else
            zclock_sleep (10);
    }
}

int
zgrid_node_start (zgrid_node_t *self)
{
    if (self->running)
        return ZGRID_OK;
    int status = zgrid_node_check (self);
    if (status == ZGRID_OK)
        status = node_check_addresses (self);
    if (status != ZGRID_OK)
        return status;
    client_prepare_host ();
    s_name (self);
    log_destroy (&self->log);
    self->log = log_new (node_text (self, SETTING_log_level), node_text (self, SETTING_log_format),
                         node_text (self, SETTING_log_file), self->name);
    if (!self->log) {
        node_fail (self, "cannot open %s: %s", node_text (self, SETTING_log_file), strerror (errno));
        return ZGRID_UNAVAILABLE;
    }
    s_count_actors (self);
    status = s_start_serving (self);
    atomic_store (&self->interrupted, false); // It may be tried again
    if (status != ZGRID_OK) {
        log_line (self->log, LEVEL_ERROR, "start failed", "reason", zgrid_node_error (self), NULL);
        return status;
    }
    self->running = true;
    log_line (self->log, LEVEL_INFO, "serving", "client", self->endpoint, "peer", self->peer_endpoint, "id",
              self->id_text, "redis", zgrid_node_redis (self), NULL);
    return ZGRID_OK;
}

void
zgrid_node_destroy (zgrid_node_t **self_p)
{
    zgrid_node_t *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    if (self->running) {
        node_leave_cluster (self);
        log_line (self->log, LEVEL_INFO, "stopping", NULL);
    }
    s_stop_all (self);
    log_destroy (&self->log);
    settings_destroy (&self->settings);
    buf_clear (&self->why);
    free (self->name);
    mem_free (self);
    *self_p = NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Clients

void
node_expect_readers (zgrid_node_t *self)
{
    if (self->readers)
        return;
    for (uint32_t index = 0; index < self->actors; index++) {
        zmsg_t *arguments = zmsg_new ();
        zmsg_addstr (arguments, "1");
        zmsg_t *answer = actor_command (self->storage_actors[index], "READERS", &arguments);
        zmsg_destroy (&answer);
    }
    self->readers = true;
}

int
zgrid_node_client (zgrid_node_t *self, zgrid_client_t **client_p)
{
    *client_p = NULL;
    if (!self->running) {
        node_fail (self, "the node has not been started");
        return ZGRID_UNAVAILABLE;
    }
    node_expect_readers (self);
    local_t *reader = local_open (self);
    if (!reader) {
        node_fail (self, "limits.local_clients is reached, or no memory");
        return ZGRID_BUSY;
    }
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    client_local_t local = { .reader = reader,
                             .partitions = self->partitions,
                             .actors = self->actors,
                             .endpoints = (const char *const *) self->client_inprocs,
                             .router = self->router_inproc };
    //  Without them ROUTES does not name this node, and the client goes by its own table
    if (*self->endpoints[0])
        local.publics = (const char *const *) self->endpoints;
    int status = client_new_inner (client_p, &options, &local);
    if (status != ZGRID_OK) {
        local_close (&reader);
        node_fail (self, "cannot make a client: %s", zgrid_status_text (status));
    }
    return status;
}

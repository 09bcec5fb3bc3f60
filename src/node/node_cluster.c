//  node_cluster: how a node becomes a member of a cluster, and how it leaves.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <sys/random.h>
#include <time.h>

#include "mem.h"
#include "node_impl.h"

#define S_SAY_MS 10000 // How often it says that it still waits
#define S_LOOK_MS 2
#define S_SAY_LEAVING_MS 5000
#define S_FAREWELL_MS 500 // Clients hear of a new view within 250 ms
#define S_FORGET_MS 60000
#define S_ERA_MS 600000
#define S_MEET_MS 30000

static uint64_t
s_setting (const zgrid_node_t *self, setting_t id, uint64_t standard)
{
    uint64_t given = settings_uint (self->settings, id);
    return given ? given : standard;
}

bool
node_begin_life (zgrid_node_t *self)
{
    if (getrandom (&self->id, sizeof self->id, 0) != (ssize_t) sizeof self->id || self->id == 0) {
        node_fail (self, "no random bytes from the system");
        return false;
    }
    snprintf (self->id_text, sizeof self->id_text, "%016" PRIx64, self->id);
    const char *profile = node_text (self, SETTING_cluster_profile);
    bool fast = strcmp (profile, "fast") == 0, wan = strcmp (profile, "wan") == 0;
    self->timing = (cluster_timing_t) {
        .lease = s_setting (self, SETTING_cluster_lease,
                            fast  ? 500
                            : wan ? 5000
                                  : 1000),
        .detection = s_setting (self, SETTING_cluster_detection,
                                fast  ? 300
                                : wan ? 5000
                                      : 1000),
        .forget = S_FORGET_MS,
        .era = S_ERA_MS,
        .meet = S_MEET_MS,
    };
    lease_set (&self->lease, 0, 0);
    atomic_store (&self->status.state, CLUSTER_MEETING);
    atomic_store (&self->status.serving, false);
    atomic_store (&self->status.others, 0);
    self->info = (node_info_t) { .name = self->name,
                                 .version = ZGRID_VERSION,
                                 .started = actor_moment ().now };
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  The beacon

static void
s_fill_member (const zgrid_node_t *self, member_t *member)
{
    bool witness = settings_bool (self->settings, SETTING_node_witness);
    *member = (member_t) { .id = self->id,
                           .weight = (uint32_t) settings_uint (self->settings, SETTING_node_weight),
                           .witness = witness,
                           .actors = witness ? 0 : (uint16_t) self->actors };
    snprintf (member->name, sizeof member->name, "%s", self->name);
    snprintf (member->zone, sizeof member->zone, "%s", node_text (self, SETTING_node_zone));
    node_host (self, member->host, sizeof member->host);
    member->router_port = node_port (self->endpoint, member->host);
    member->move_port = self->move_endpoint ? node_port (self->move_endpoint, member->host) : 0;
    member->pubsub_port = node_port (self->subscribe_endpoint, member->host);
    member->mesh_port = node_port (self->mesh_endpoint, member->host);
    member->gateway_port = node_port (self->gateway_endpoint, member->host);
    for (uint16_t at = 0; at < member->actors; at++) {
        member->client_ports[at] = node_port (self->endpoints[at], member->host);
        member->peer_ports[at] = node_port (self->data_endpoints[at], member->host);
    }
    if (*member->host && *self->endpoint && member->router_port == 0)
        log_line (self->log, LEVEL_WARNING, "client endpoint not told to other members", "endpoint",
                  self->endpoint, "host", member->host, NULL);
}

//  Cuts the list of seeds into its parts. Returns how many; *text is what they lie in, for the caller
//  to free.
static uint32_t
s_seeds (const zgrid_node_t *self, const char **seeds, char **text)
{
    uint32_t count = 0;
    *text = strdup (node_text (self, SETTING_cluster_seeds));
    char *rest = NULL;
    for (char *at = *text ? strtok_r (*text, ",", &rest) : NULL; at && count < SETTINGS_SEEDS_MAX;
         at = strtok_r (NULL, ",", &rest))
        seeds[count++] = at;
    return count;
}

static void
s_fill_cluster (const zgrid_node_t *self, cluster_config_t *config, const char *const *seeds, uint32_t count)
{
    const settings_t *settings = self->settings;
    s_fill_member (self, &config->self);
    config->partitions = self->partitions;
    config->copies = (uint8_t) settings_uint (settings, SETTING_cluster_copies);
    config->voters_max = (uint8_t) settings_uint (settings, SETTING_cluster_voters);
    config->on_lost = strcmp (node_text (self, SETTING_cluster_on_lost), "wipe") == 0 ? ON_LOST_WIPE
                                                                                      : ON_LOST_REFUSE;
    config->bootstrap = settings_bool (settings, SETTING_cluster_bootstrap);
    config->expect = (uint32_t) settings_uint (settings, SETTING_cluster_expect);
    config->seeds = seeds;
    config->seeds_count = count;
    config->moves_max = (uint32_t) settings_uint (settings, SETTING_cluster_moves);
    config->move_rate = settings_uint (settings, SETTING_cluster_move_rate);
    config->timing = self->timing;
}

bool
node_start_beacon (zgrid_node_t *self)
{
    const char *seeds[SETTINGS_SEEDS_MAX];
    char *text;
    uint32_t count = s_seeds (self, seeds, &text);
    const char *discover = node_text (self, SETTING_discover_interface);
    beacon_actor_args_t args = {
        .lease = &self->lease,
        .status = &self->status,
        .words = { .arg = self,
                   .hello = node_describe_hello,
                   .routes = node_describe_routes,
                   .cluster = node_describe_cluster,
                   .note = node_note (self) },
        .peer_endpoint = node_has_peers (self) ? node_text (self, SETTING_node_peer) : NULL,
        .inner_inproc = self->beacon_inproc,
        .actors = self->actors,
        .rebalancer = self->rebalancer != NULL,
        .pubsub = true,
        .gateway = self->gateway != NULL,
        .io_affinity = node_peer_affinity (),
        .discover = *discover ? discover : NULL,
        .discover_port = (uint16_t) settings_uint (self->settings, SETTING_discover_port)
    };
    s_fill_cluster (self, &args.cluster, seeds, count);
    buf_t why = BUF_INIT;
    bool random = getrandom (args.cluster.random, sizeof args.cluster.random, 0)
                  == (ssize_t) sizeof args.cluster.random;
    if (!random)
        node_fail (self, "no random bytes from the system");
    else
        self->beacon = actor_new (&beacon_actor_spec, &args, &why);
    free (text);
    if (random && !self->beacon)
        node_fail (self, "beacon: %.*s", (int) why.size, (const char *) why.data);
    buf_clear (&why);
    if (!self->beacon)
        return false;
    char *bound = node_ask (self->beacon, "ENDPOINT");
    self->peer_endpoint = node_advertised (self, bound ? bound : "");
    zstr_free (&bound);
    return self->peer_endpoint != NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Waiting

static void
s_pause (void)
{
    const struct timespec pause = { .tv_nsec = S_LOOK_MS * 1000000 };
    nanosleep (&pause, NULL);
}

static void
s_say_waiting (const zgrid_node_t *self, int state, uint64_t since)
{
    char seconds[24], expect[24];
    snprintf (seconds, sizeof seconds, "%" PRIu64, (actor_moment ().now - since) / 1000);
    snprintf (expect, sizeof expect, "%" PRIu64, settings_uint (self->settings, SETTING_cluster_expect));
    log_line (self->log, LEVEL_WARNING,
              state == CLUSTER_MEETING   ? "waiting for a cluster"
              : state == CLUSTER_JOINING ? "waiting to become a member"
                                         : "waiting to serve",
              "peer", self->peer_endpoint, "seeds", node_text (self, SETTING_cluster_seeds), "expect", expect,
              "seconds", seconds, NULL);
}

int
node_await_cluster (zgrid_node_t *self)
{
    uint64_t since = actor_moment ().now, say = since + 1000;
    while (!atomic_load (&self->status.serving)) {
        int state = atomic_load (&self->status.state);
        if (atomic_load (&self->interrupted)) {
            node_fail (self, "interrupted while waiting for a cluster");
            return ZGRID_TIMEOUT;
        }
        if (state == CLUSTER_REFUSED) {
            char *why = node_ask (self->beacon, "WHY");
            node_fail (self, "the cluster does not take this node: %s", why ? why : "");
            zstr_free (&why);
            return ZGRID_CLUSTER_MISMATCH;
        }
        if (state == CLUSTER_STUCK)
            return ZGRID_TRYAGAIN;
        uint64_t now = actor_moment ().now;
        if (now >= say) {
            s_say_waiting (self, state, since);
            say = now + S_SAY_MS;
        }
        s_pause ();
    }
    return ZGRID_OK;
}

//  How far leaving is.
typedef struct {
    uint32_t first, held; // Copies, primaries and votes that this node had, and has
    uint64_t moved, streamed;
    uint64_t began, at, say; // `at`: of the last progress
} s_leave_t;

static void
s_look_leaving (zgrid_node_t *self, s_leave_t *leave, uint64_t now)
{
    uint32_t held = atomic_load (&self->status.held);
    uint64_t moved = atomic_load (&self->status.moved), streamed = self->moves.bytes;
    if (held < leave->held || moved != leave->moved || streamed != leave->streamed)
        leave->at = now;
    leave->held = held;
    leave->moved = moved;
    leave->streamed = streamed;
}

static void
s_say_leaving (const zgrid_node_t *self, s_leave_t *leave, uint64_t now)
{
    char left[24], percent[24], seconds[24];
    if (now < leave->say)
        return;
    leave->say = now + S_SAY_LEAVING_MS;
    uint32_t gone = leave->first > leave->held ? leave->first - leave->held : 0;
    snprintf (left, sizeof left, "%u", leave->held);
    snprintf (percent, sizeof percent, "%u", leave->first ? (unsigned) (100ull * gone / leave->first) : 100);
    snprintf (seconds, sizeof seconds, "%" PRIu64, (now - leave->began) / 1000);
    log_line (self->log, LEVEL_INFO, "leaving the cluster", "left", left, "percent", percent, "seconds",
              seconds, NULL);
}

//  Clients that have not heard of it yet are told where to go, rather than left without an answer.
static void
s_say_farewell (void)
{
    for (uint64_t until = actor_moment ().now + S_FAREWELL_MS; actor_moment ().now < until;)
        s_pause ();
}

void
node_leave_cluster (zgrid_node_t *self)
{
    uint64_t limit = settings_uint (self->settings, SETTING_limits_leave);
    if (!self->beacon || limit == 0 || atomic_load (&self->status.others) == 0)
        return;
    s_leave_t leave = { .began = actor_moment ().now };
    leave.first = leave.held = atomic_load (&self->status.held);
    leave.at = leave.say = leave.began;
    s_say_leaving (self, &leave, leave.began);
    char *done = node_ask (self->beacon, "LEAVE");
    zstr_free (&done);
    uint64_t now = leave.began, silence = 3 * (self->timing.lease + self->timing.detection);
    int state;
    //  Without another member that is up, or that is heard, there is nobody to take anything over
    while ((state = atomic_load (&self->status.state)) != CLUSTER_LEFT && state != CLUSTER_REFUSED
           && atomic_load (&self->status.others) && now < leave.at + limit
           && (now < leave.began + silence || now < atomic_load (&self->status.heard) + silence)) {
        s_pause ();
        now = actor_moment ().now;
        s_look_leaving (self, &leave, now);
        s_say_leaving (self, &leave, now);
    }
    if (state == CLUSTER_LEFT)
        s_say_farewell ();
    log_line (self->log, state == CLUSTER_LEFT ? LEVEL_INFO : LEVEL_WARNING,
              state == CLUSTER_LEFT ? "left the cluster" : "stopping without having left", NULL);
}

//  ------------------------------------------------------------------------------------------------
//  The public face

int
zgrid_node_state (zgrid_node_t *self)
{
    if (!self->running) {
        node_fail (self, "the node has not been started");
        return ZGRID_UNAVAILABLE;
    }
    if (atomic_load (&self->status.state) == CLUSTER_REFUSED) {
        char *why = node_ask (self->beacon, "WHY");
        node_fail (self, "the cluster does not take this node any more: %s", why ? why : "");
        zstr_free (&why);
        return ZGRID_CLUSTER_MISMATCH;
    }
    if (atomic_load (&self->status.serving))
        return ZGRID_OK;
    node_fail (self, "no majority of voters is heard, or they suspect this node");
    return ZGRID_UNAVAILABLE;
}

void
zgrid_node_interrupt (zgrid_node_t *self)
{
    atomic_store (&self->interrupted, true);
}

const char *
zgrid_node_peer (const zgrid_node_t *self)
{
    return self->peer_endpoint ? self->peer_endpoint : "";
}

const char *
zgrid_node_id (const zgrid_node_t *self)
{
    return self->id_text;
}

//  grid: see grid.h.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/grid.h"
#include "lib/test.h"

typedef struct grid_message {
    struct grid_message *next;
    unsigned from, to;
    size_t size;
    uint8_t bytes[];
} message_t;

typedef struct grid_state {
    struct grid_state *next;
    uint64_t cluster, version;
    size_t size;
    uint8_t bytes[];
} state_t;

static uint64_t
s_dice (grid_t *self)
{
    self->dice ^= self->dice << 13;
    self->dice ^= self->dice >> 7;
    self->dice ^= self->dice << 17;
    return self->dice;
}

void
grid_init (grid_t *self, uint64_t seed)
{
    memset (self, 0, sizeof *self);
    self->dice = seed * UINT64_C (0x9e3779b97f4a7c15) + 1;
    self->now = 1000;
    self->config = (cluster_config_t) { .partitions = 8,
                                        .copies = 2,
                                        .voters_max = 3,
                                        .moves_max = 2,
                                        .timing = { 800, 450, 20000, 600000, 30000 } };
}

void
grid_clear (grid_t *self)
{
    for (unsigned node = 0; node < self->count; node++)
        cluster_destroy (&self->nodes[node].cluster);
    for (unsigned slot = 0; slot < GRID_DELAY_MAX; slot++)
        while (self->first[slot]) {
            message_t *message = self->first[slot];
            self->first[slot] = message->next;
            free (message);
        }
    while (self->states) {
        state_t *state = self->states;
        self->states = state->next;
        free (state);
    }
}

//  ------------------------------------------------------------------------------------------------
//  The network

static unsigned
s_number (const grid_t *self, const char *endpoint)
{
    for (unsigned node = 0; node < self->count; node++) {
        char own[300];
        snprintf (own, sizeof own, "tcp://%s:%u", self->nodes[node].member.host,
                  self->nodes[node].member.beacon_port);
        if (strcmp (own, endpoint) == 0 && self->nodes[node].cluster)
            return node;
    }
    return GRID_MAX;
}

static void
s_queue (grid_t *self, message_t *message, uint64_t delay)
{
    unsigned slot = (unsigned) ((self->now + delay) % GRID_DELAY_MAX);
    message->next = NULL;
    if (self->first[slot])
        self->last[slot]->next = message;
    else
        self->first[slot] = message;
    self->last[slot] = message;
}

static void
s_send (void *arg, node_id_t to, const char *endpoint, bytes_t body)
{
    grid_node_t *node = arg;
    grid_t *self = node->grid;
    unsigned from = (unsigned) (node - self->nodes), number = s_number (self, endpoint);
    (void) to;
    node->sent++;
    peer_head_t head;
    mp_t reader;
    uint32_t fields;
    assert (peer_open (body, &head, &reader));
    node->last = peer_next (&reader, &fields);
    assert (node->last != PEER_NONE);
    if (number == GRID_MAX || node->cut || self->nodes[number].cut
        || (self->cut && self->cut (self, from, number)) || s_dice (self) % 100 < self->loss)
        return;
    message_t *message = malloc (sizeof *message + body.size);
    assert (message);
    message->from = from;
    message->to = number;
    message->size = body.size;
    memcpy (message->bytes, body.data, body.size);
    s_queue (self, message, 1 + s_dice (self) % (GRID_DELAY_MAX - 1));
}

static void
s_event (void *arg, cluster_event_t event, uint32_t partition, node_id_t id, const char *text)
{
    grid_node_t *node = arg;
    node->events[event]++;
    node->event_at[event] = node->grid->now;
    if (getenv ("GRID_TRACE"))
        fprintf (stderr, "%llu n%u event %d partition %d node %llx %s\n",
                 (unsigned long long) node->grid->now, (unsigned) (node - node->grid->nodes), event,
                 (int) partition, (unsigned long long) id, text ? text : "");
}

static void
s_hand_over (void *arg, uint32_t partition, uint64_t epoch, node_id_t id)
{
    grid_node_t *node = arg;
    const view_t *view = cluster_view (node->cluster);
    if (node->grid->idle_storage || !view || partition >= GRID_PARTITIONS_MAX
        || view->parts[partition].epoch != epoch || node->sealed[partition] == epoch)
        return;
    node->sealed[partition] = epoch;
    node->heirs[partition] = id;
}

//  ------------------------------------------------------------------------------------------------
//  Nodes

static unsigned
s_start (grid_t *self, unsigned host, bool join)
{
    assert (self->count < GRID_MAX);
    unsigned number = self->count++;
    grid_node_t *node = &self->nodes[number];
    node->grid = self;
    member_t *member = &node->member;
    member->id = s_dice (self) | 1;
    snprintf (member->name, sizeof member->name, "n%u", host);
    snprintf (member->host, sizeof member->host, "10.0.0.%u", host);
    member->weight = 100;
    member->beacon_port = 7000;
    member->router_port = 7001;
    member->witness = self->config.self.witness;
    snprintf (member->zone, sizeof member->zone, "%s", self->config.self.zone);
    member->actors = member->witness ? 0 : 1;
    member->client_ports[0] = member->witness ? 0 : 7002;
    member->peer_ports[0] = member->witness ? 0 : 7003;
    cluster_config_t config = self->config;
    static const char *const s_first[] = { "tcp://10.0.0.0:7000" };
    config.self = *member;
    config.seeds = join ? s_first : NULL;
    config.seeds_count = join;
    for (unsigned at = 0; at < sizeof config.random; at++)
        config.random[at] = (uint8_t) s_dice (self);
    cluster_port_t port = { node, s_send, s_event, s_hand_over };
    node->cluster = cluster_new (&config, &port, &node->lease, self->now);
    assert (node->cluster);
    node->next = self->now;
    return number;
}

unsigned
grid_start (grid_t *self, bool join)
{
    return s_start (self, self->count, join);
}

unsigned
grid_restart (grid_t *self, unsigned killed, bool join)
{
    assert (!self->nodes[killed].cluster);
    return s_start (self, killed, join);
}

void
grid_kill (grid_t *self, unsigned node)
{
    cluster_destroy (&self->nodes[node].cluster);
}

node_id_t
grid_id (const grid_t *self, unsigned node)
{
    return self->nodes[node].member.id;
}

static grid_node_t *
s_node (grid_t *self, node_id_t id)
{
    for (unsigned node = 0; node < self->count; node++)
        if (self->nodes[node].member.id == id)
            return &self->nodes[node];
    return NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Storage actors, as far as the control plane sees them

static bool
s_reachable (const grid_t *self, const grid_node_t *node)
{
    return node && node->cluster && !node->cut && node->paused_until <= self->now;
}

static void
s_play_storage (grid_t *self, grid_node_t *node)
{
    const view_t *view = cluster_view (node->cluster);
    for (uint32_t partition = 0; view && partition < view->partitions; partition++) {
        const part_t part = view->parts[partition];
        if (part.primary != node->member.id)
            continue;
        if (part.learner) {
            if (s_reachable (self, s_node (self, part.learner)))
                cluster_ask (node->cluster, PEER_JOIN, partition, part.epoch, part.learner, self->now);
            continue;
        }
        for (unsigned rep = 0; rep < part.reps_count; rep++) {
            grid_node_t *other = s_node (self, part.reps[rep]);
            if (!s_reachable (self, other) && other != node)
                cluster_ask (node->cluster, PEER_RECONF, partition, part.epoch, part.reps[rep], self->now);
        }
        if (node->sealed[partition] == part.epoch)
            cluster_ask (node->cluster, PEER_HANDOVER, partition, part.epoch, node->heirs[partition],
                         self->now);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Time

//  I1: one state for each version.
static void
s_check_state (grid_t *self, const view_t *view)
{
    buf_t bytes = BUF_INIT;
    view_encode (view, &bytes);
    assert (!bytes.failed);
    state_t *state = self->states;
    while (state && (state->version != view->version || state->cluster != view->cluster))
        state = state->next;
    if (state)
        assert (state->size == bytes.size && memcmp (state->bytes, bytes.data, bytes.size) == 0);
    else {
        state = malloc (sizeof *state + bytes.size);
        assert (state);
        state->cluster = view->cluster;
        state->version = view->version;
        state->size = bytes.size;
        memcpy (state->bytes, bytes.data, bytes.size);
        state->next = self->states;
        self->states = state;
    }
    self->states_checked++;
    buf_clear (&bytes);
}

bool
grid_leased (grid_t *self, unsigned node)
{
    grid_node_t *at = &self->nodes[node];
    const view_t *view = at->cluster ? cluster_view (at->cluster) : NULL;
    const member_t *member = view ? view_member (view, at->member.id) : NULL;
    return member && lease_valid (&at->lease, member->generation, self->now);
}

//  No two serve the same partition.
static void
s_check_leases (grid_t *self)
{
    node_id_t serving[GRID_PARTITIONS_MAX] = { 0 };
    uint64_t cluster = 0; // Of the first one that serves: others are none of its business
    for (unsigned number = 0; number < self->count; number++) {
        const view_t *view = self->nodes[number].cluster ? cluster_view (self->nodes[number].cluster) : NULL;
        if (!view || view->partitions > GRID_PARTITIONS_MAX || !grid_leased (self, number)
            || (cluster && view->cluster != cluster))
            continue;
        cluster = view->cluster;
        for (uint32_t partition = 0; partition < view->partitions; partition++) {
            const part_t *part = &view->parts[partition];
            //  A handover needs no wait: who hands over is sealed
            if (part->primary != grid_id (self, number)
                || self->nodes[number].sealed[partition] == part->epoch)
                continue;
            assert (serving[partition] == 0 || self->tolerant);
            self->violations += serving[partition] != 0;
            serving[partition] = grid_id (self, number);
        }
    }
}

static void
s_turn (grid_t *self, grid_node_t *node, bytes_t body)
{
    uint64_t version = cluster_view (node->cluster) ? cluster_view (node->cluster)->version : 0;
    if (body.size)
        cluster_receive (node->cluster, body, self->now);
    node->next = cluster_tick (node->cluster, self->now);
    assert (node->next > self->now);
    const view_t *view = cluster_view (node->cluster);
    if (view && view->version != version) {
        assert (view->version > version);
        s_check_state (self, view);
    }
}

//  One millisecond.
static void
s_step (grid_t *self)
{
    self->now++;
    unsigned slot = (unsigned) (self->now % GRID_DELAY_MAX);
    message_t *message = self->first[slot];
    self->first[slot] = NULL;
    while (message) {
        message_t *next = message->next;
        grid_node_t *node = &self->nodes[message->to];
        if (node->cluster && node->paused_until > self->now)
            s_queue (self, message, 1);
        else {
            if (node->cluster && !node->cut)
                s_turn (self, node, bytes_of (message->bytes, message->size));
            free (message);
        }
        message = next;
    }
    for (unsigned number = 0; number < self->count; number++) {
        grid_node_t *node = &self->nodes[number];
        if (!node->cluster || node->paused_until > self->now)
            continue;
        if (node->next <= self->now)
            s_turn (self, node, bytes_of (NULL, 0));
        if (self->now % 40 == 0 && !self->idle_storage) {
            s_play_storage (self, node);
            node->next = self->now + 1;
        }
    }
    s_check_leases (self);
}

void
grid_run (grid_t *self, uint64_t milliseconds)
{
    while (milliseconds--)
        s_step (self);
}

uint64_t
grid_until (grid_t *self, uint64_t milliseconds, grid_fn *holds)
{
    uint64_t start = self->now;
    while (!holds (self)) {
        ck_assert_msg (self->now - start < milliseconds, "it did not come about in %llu ms",
                       (unsigned long long) milliseconds);
        s_step (self);
    }
    return self->now - start;
}

//  ------------------------------------------------------------------------------------------------
//  Conditions

unsigned
grid_coordinator (grid_t *self)
{
    for (unsigned node = 0; node < self->count; node++)
        if (self->nodes[node].cluster && !self->nodes[node].cut && self->nodes[node].paused_until <= self->now
            && cluster_is_coordinator (self->nodes[node].cluster))
            return node;
    return GRID_MAX;
}

const view_t *
grid_view (grid_t *self)
{
    const view_t *newest = NULL;
    for (unsigned node = 0; node < self->count; node++) {
        const view_t *view = self->nodes[node].cluster ? cluster_view (self->nodes[node].cluster) : NULL;
        if (view && (!newest || view->version > newest->version))
            newest = view;
    }
    return newest;
}

bool
grid_healthy (grid_t *self)
{
    const view_t *view = grid_view (self);
    unsigned running = 0;
    if (!view || grid_coordinator (self) == GRID_MAX)
        return false;
    for (unsigned node = 0; node < self->count; node++) {
        if (!self->nodes[node].cluster || cluster_state (self->nodes[node].cluster) > CLUSTER_MEMBER)
            continue;
        running++;
        const view_t *known = cluster_view (self->nodes[node].cluster);
        const member_t *member = view_member (view, grid_id (self, node));
        if (!known || known->version != view->version || !member || member->status != MEMBER_UP)
            return false;
        if (!grid_leased (self, node))
            return false;
    }
    for (uint32_t index = 0; index < view->members_count; index++) {
        const grid_node_t *node = s_node (self, view->members[index].id);
        if (view->members[index].status == MEMBER_UP && !(node && node->cluster))
            return false;
    }
    view_health_t health = view_health (view);
    unsigned wanted = running < view->voters_max ? running : view->voters_max;
    wanted -= wanted % 2 == 0;
    if (view->voters_count < wanted || health.swapping || health.under_replicated || health.lost
        || health.moving)
        return false;
    for (unsigned index = 0; index < view->voters_count; index++)
        if (view_member (view, view->voters[index])->status != MEMBER_UP)
            return false;
    return true;
}

unsigned
grid_number (const grid_t *self, node_id_t id)
{
    for (unsigned node = 0; node < self->count; node++)
        if (grid_id (self, node) == id)
            return node;
    return GRID_MAX;
}

unsigned
grid_begin (grid_t *self, unsigned many)
{
    self->config.expect = many;
    for (unsigned node = 0; node < many; node++)
        grid_start (self, node > 0);
    grid_until (self, 15000, grid_healthy);
    self->config.expect = 0;
    return grid_coordinator (self);
}

//  ------------------------------------------------------------------------------------------------
//  Requests

unsigned
grid_admin (grid_t *self, unsigned node, const char *words, const char **text)
{
    static char s_text[300];
    char copy[300];
    bytes_t list[16];
    size_t count = 0;
    snprintf (copy, sizeof copy, "%s", words);
    for (char *word = strtok (copy, " "); word; word = strtok (NULL, " "))
        list[count++] = bytes_str (word);
    uint64_t number = cluster_admin (self->nodes[node].cluster, list, count, self->now);
    ck_assert (number != 0);
    for (unsigned step = 0; step < 10000; step++) {
        unsigned status;
        const char *why;
        if (cluster_answer (self->nodes[node].cluster, number, &status, &why, self->now)) {
            snprintf (s_text, sizeof s_text, "%s", why);
            if (text)
                *text = s_text;
            return status;
        }
        self->nodes[node].next = self->now + 1;
        s_step (self);
    }
    ck_abort_msg ("a request was never answered");
    return 0;
}

void
grid_deliver (grid_t *self, unsigned node, bytes_t body)
{
    s_turn (self, &self->nodes[node], body);
}

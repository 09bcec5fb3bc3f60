//  beacons: see beacons.h.
//  SPDX-License-Identifier: MPL-2.0
#include "beacons.h"

#include <unistd.h>

#include "lib/test.h"

#define S_WAIT_MS 60000

beacons_node_t beacons[BEACONS_COUNT];
static frames_t s_frames;
static uint64_t s_next_id;

static uint64_t
s_now (void)
{
    return actor_moment ().now;
}

//  ------------------------------------------------------------------------------------------------
//  What a node would tell clients

static uint32_t
s_hello (void *arg, const view_t *view, buf_t *out)
{
    (void) arg;
    wire_add_text (out, "epoch");
    wire_add_uint (out, view->version);
    return 1;
}

static void
s_routes (void *arg, const view_t *view, buf_t *out)
{
    (void) arg;
    wire_add_uint (out, view->version);
}

//  [refused, foreign]
static void
s_cluster (void *arg, const beacon_question_t *question, buf_t *out)
{
    beacons_node_t *node = arg;
    node->moves = question->moves_count;
    wire_add_array (out, 2);
    wire_add_uint (out, cluster_stats (question->cluster)->refused);
    wire_add_uint (out, atomic_load (&node->status.foreign));
}

static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    ck_assert (level <= NOTE_INFO && event && !arg);
    for (; *pairs; pairs += 2)
        ck_assert_ptr_nonnull (pairs[1]);
}

beacon_words_t
beacons_words (beacons_node_t *node)
{
    return (beacon_words_t) { node, s_hello, s_routes, s_cluster, { s_line, NULL } };
}

//  ------------------------------------------------------------------------------------------------
//  Nodes

static zsock_t *
s_connect (const beacons_node_t *node, uint32_t index)
{
    zsock_t *socket = zsock_new (ZMQ_DEALER);
    assert (socket && zsock_connect (socket, "%s", node->inproc) == 0);
    inner_t here = { .kind = INNER_HERE, .index = index };
    assert (inner_send (zsock_resolve (socket), NULL, &here));
    return socket;
}

void
beacons_start (beacons_node_t *node, const beacons_plan_t *plan)
{
    *node = (beacons_node_t) { .id = ++s_next_id * 1000 + (uint64_t) getpid () };
    snprintf (node->inproc, sizeof node->inproc, "inproc://beacon-%p-%d", (void *) node, (int) s_next_id);
    const char *seeds[] = { plan->seed };
    beacon_actor_args_t args = { .lease = &node->lease,
                                 .status = &node->status,
                                 .words = beacons_words (node),
                                 .peer_endpoint = plan->alone ? NULL : "tcp://127.0.0.1:*",
                                 .inner_inproc = node->inproc,
                                 .actors = 1 };
    cluster_config_t *config = &args.cluster;
    config->self = (member_t) { .id = node->id, .host = "127.0.0.1", .weight = 100, .actors = 1 };
    snprintf (config->self.name, sizeof config->self.name, "n%d", (int) s_next_id);
    config->self.client_ports[0] = config->self.peer_ports[0] = 1;
    config->partitions = plan->partitions ? plan->partitions : BEACONS_PARTITIONS;
    config->copies = 2;
    config->voters_max = 5;
    config->expect = plan->expect;
    config->seeds = seeds;
    config->seeds_count = plan->seed ? 1 : 0;
    config->moves_max = 4;
    config->timing = (cluster_timing_t) { plan->lease ? plan->lease : 1000,
                                          plan->detection ? plan->detection : 1000, 60000, 600000, 30000 };
    for (size_t at = 0; at < sizeof config->random; at++)
        config->random[at] = (uint8_t) (s_next_id * 31 + at * 7 + (uint64_t) getpid ());
    buf_t why = BUF_INIT;
    node->beacon = actor_new (&beacon_actor_spec, &args, &why);
    ck_assert_msg (node->beacon != NULL, "%.*s", (int) why.size, (const char *) why.data);
    zmsg_t *answer = actor_command (node->beacon, "ENDPOINT", NULL);
    node->endpoint = zmsg_popstr (answer);
    zmsg_destroy (&answer);
    node->storage = s_connect (node, 0);
    node->router = s_connect (node, INNER_ROUTER);
}

void
beacons_kill (beacons_node_t *node)
{
    actor_destroy (&node->beacon, 0);
    zsock_destroy (&node->storage);
    zsock_destroy (&node->router);
}

void
beacons_end (void)
{
    for (size_t at = 0; at < BEACONS_COUNT; at++) {
        beacons_kill (&beacons[at]);
        view_destroy (&beacons[at].view);
        buf_clear (&beacons[at].answer);
        buf_clear (&beacons[at].events);
        zstr_free (&beacons[at].endpoint);
    }
    frames_close (&s_frames);
}

//  ------------------------------------------------------------------------------------------------
//  Their storage actors

static void
s_ask (const beacons_node_t *node, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t other)
{
    inner_t ask = { .kind = INNER_ASK, .what = what, .partition = partition, .epoch = epoch, .node = other };
    inner_send (zsock_resolve (node->storage), NULL, &ask);
}

//  A primary asks for what a real one would ask for when copying is done at once.
static void
s_play (const beacons_node_t *node)
{
    if (!node->view)
        return;
    for (uint32_t at = 0; at < node->view->partitions; at++) {
        const part_t *part = &node->view->parts[at];
        if (part->primary != node->id)
            continue;
        if (part->learner)
            s_ask (node, PEER_JOIN, at, part->epoch, part->learner);
        for (unsigned rep = 0; rep < part->reps_count; rep++) {
            const member_t *member = view_member (node->view, part->reps[rep]);
            if (!member || member->status == MEMBER_SUSPECT)
                s_ask (node, PEER_RECONF, at, part->epoch, part->reps[rep]);
        }
    }
}

static void
s_read_storage (beacons_node_t *node)
{
    inner_t message;
    while (inner_receive (zsock_resolve (node->storage), &s_frames, false, &message)) {
        if (message.kind == INNER_VIEW) {
            const char *why;
            view_t *view = view_decode (message.view, &why);
            ck_assert_msg (view != NULL, "%s", why);
            ck_assert_uint_eq (message.hello_pairs, 1);
            ck_assert_uint_gt (message.hello.size, 0);
            ck_assert_uint_gt (message.routes.size, 0);
            ck_assert (!node->view || view->version > node->view->version);
            view_destroy (&node->view);
            node->view = view;
        } else if (message.kind == INNER_HAND_OVER)
            s_ask (node, PEER_HANDOVER, message.partition, message.epoch, message.node);
        frames_close (&s_frames);
    }
}

static void
s_read_router (beacons_node_t *node)
{
    inner_t message;
    while (inner_receive (zsock_resolve (node->router), &s_frames, false, &message)) {
        if (message.kind == INNER_ANSWER) {
            node->answers++;
            ck_assert_uint_eq (message.number, 77);
            buf_reset (&node->answer);
            buf_add (&node->answer, message.record.data, message.record.size);
        } else if (message.kind == INNER_EVENTS) {
            mp_t reader = mp_of (message.record);
            uint32_t count;
            uint64_t number, version;
            bytes_t json;
            while (!mp_at_end (&reader)) {
                ck_assert (mp_array (&reader, &count) && count == 3 && mp_uint (&reader, &number));
                ck_assert (mp_uint (&reader, &version) && mp_bytes (&reader, &json));
                buf_add (&node->events, json.data, json.size);
            }
        }
        frames_close (&s_frames);
    }
}

bool
beacons_until (beacons_done_fn *done)
{
    uint64_t until = s_now () + S_WAIT_MS, play = 0;
    while (!done ()) {
        if (s_now () > until)
            return false;
        for (size_t at = 0; at < BEACONS_COUNT; at++) {
            if (!beacons[at].beacon)
                continue;
            s_read_storage (&beacons[at]);
            s_read_router (&beacons[at]);
        }
        if (s_now () >= play) {
            for (size_t at = 0; at < BEACONS_COUNT; at++)
                if (beacons[at].beacon)
                    s_play (&beacons[at]);
            play = s_now () + 20;
        }
        zmq_poll (NULL, 0, 2);
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  What may be waited for

bool
beacons_all_serve (void)
{
    for (size_t at = 0; at < BEACONS_COUNT; at++)
        if (beacons[at].beacon && (!atomic_load (&beacons[at].status.serving) || !beacons[at].view))
            return false;
    return true;
}

bool
beacons_all_healed (void)
{
    const view_t *view = NULL;
    uint32_t running = 0;
    for (size_t at = 0; at < BEACONS_COUNT; at++) {
        if (!beacons[at].beacon)
            continue;
        if (!beacons[at].view || (view && view->version != beacons[at].view->version))
            return false;
        view = beacons[at].view;
        running++;
    }
    view_health_t health = view_health (view);
    uint32_t up = 0;
    for (uint32_t at = 0; at < view->members_count; at++)
        up += view->members[at].status == MEMBER_UP;
    return up == running && beacons_all_serve () && !health.under_replicated && !health.lost
           && !health.moving;
}

void
beacons_found (const beacons_plan_t *plan)
{
    beacons_plan_t own = *plan;
    own.expect = BEACONS_COUNT;
    //  The first one asks an address where nobody is
    own.seed = "tcp://127.0.0.1:1";
    beacons_start (&beacons[0], &own);
    own.seed = beacons[0].endpoint;
    beacons_start (&beacons[1], &own);
    beacons_start (&beacons[2], &own);
    ck_assert (beacons_until (beacons_all_healed));
}

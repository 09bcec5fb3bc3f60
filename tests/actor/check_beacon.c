//  check_beacon: beacons in one process; the test plays their storage actors and routers.
//  SPDX-License-Identifier: MPL-2.0
#include <arpa/inet.h>
#include <czmq.h>
#include <unistd.h>
#include <zgrid_error.h>

#include "actors/beacon_actor.h"
#include "lib/test.h"

#define S_NODES 3
#define S_PARTITIONS 16
#define S_WAIT_MS 60000

//  A node that has a beacon, and nothing behind it.
typedef struct {
    node_id_t id;
    actor_t *beacon; // NULL: killed
    lease_t lease;
    beacon_status_t status;
    char *endpoint;
    char inproc[64];
    zsock_t *storage, *router;
    view_t *view; // The newest that its storage actor was sent
    bool sleeps;  // Its storage actor does nothing
    uint64_t answers;
    buf_t answer;   // The last one that its router got
    buf_t events;   // All that its router was told, one behind the other
    uint32_t moves; // Under way, as the beacon knew when it was asked last
} s_node_t;

static s_node_t s_nodes[S_NODES];
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
    s_node_t *node = arg;
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

//  ------------------------------------------------------------------------------------------------
//  Nodes

typedef struct {
    const char *seed; // NULL: none
    uint32_t expect;
    uint64_t lease, detection;
    bool alone;
    uint32_t partitions;
} s_plan_t;

static zsock_t *
s_connect (const s_node_t *node, uint32_t index)
{
    zsock_t *socket = zsock_new (ZMQ_DEALER);
    assert (socket && zsock_connect (socket, "%s", node->inproc) == 0);
    inner_t here = { .kind = INNER_HERE, .index = index };
    assert (inner_send (zsock_resolve (socket), NULL, &here));
    return socket;
}

static void
s_start (s_node_t *node, const s_plan_t *plan)
{
    *node = (s_node_t) { .id = ++s_next_id * 1000 + (uint64_t) getpid () };
    snprintf (node->inproc, sizeof node->inproc, "inproc://beacon-%p-%d", (void *) node, (int) s_next_id);
    const char *seeds[] = { plan->seed };
    beacon_actor_args_t args = { .lease = &node->lease,
                                 .status = &node->status,
                                 .words = { node, s_hello, s_routes, s_cluster, { s_line, NULL } },
                                 .peer_endpoint = plan->alone ? NULL : "tcp://127.0.0.1:*",
                                 .inner_inproc = node->inproc,
                                 .actors = 1 };
    cluster_config_t *config = &args.cluster;
    config->self = (member_t) { .id = node->id, .host = "127.0.0.1", .weight = 100, .actors = 1 };
    snprintf (config->self.name, sizeof config->self.name, "n%d", (int) s_next_id);
    config->self.client_ports[0] = config->self.peer_ports[0] = 1;
    config->partitions = plan->partitions ? plan->partitions : S_PARTITIONS;
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

static void
s_kill (s_node_t *node)
{
    actor_destroy (&node->beacon, 0);
    zsock_destroy (&node->storage);
    zsock_destroy (&node->router);
}

static void
s_end (void)
{
    for (size_t at = 0; at < S_NODES; at++) {
        s_kill (&s_nodes[at]);
        view_destroy (&s_nodes[at].view);
        buf_clear (&s_nodes[at].answer);
        buf_clear (&s_nodes[at].events);
        zstr_free (&s_nodes[at].endpoint);
    }
    frames_close (&s_frames);
}

//  ------------------------------------------------------------------------------------------------
//  Their storage actors

static void
s_ask (const s_node_t *node, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t other)
{
    inner_t ask = { .kind = INNER_ASK, .what = what, .partition = partition, .epoch = epoch, .node = other };
    inner_send (zsock_resolve (node->storage), NULL, &ask);
}

//  A primary asks for what a real one would ask for when copying is done at once.
static void
s_play (const s_node_t *node)
{
    if (!node->view || node->sleeps)
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
s_read_storage (s_node_t *node)
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
        } else if (message.kind == INNER_HAND_OVER && !node->sleeps)
            s_ask (node, PEER_HANDOVER, message.partition, message.epoch, message.node);
        frames_close (&s_frames);
    }
}

static void
s_read_router (s_node_t *node)
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

typedef bool (s_done_fn) (void);

//  Plays until it is so. False: it is not, and much time has passed.
static bool
s_until (s_done_fn *done)
{
    uint64_t until = s_now () + S_WAIT_MS, play = 0;
    while (!done ()) {
        if (s_now () > until)
            return false;
        for (size_t at = 0; at < S_NODES; at++) {
            if (!s_nodes[at].beacon)
                continue;
            s_read_storage (&s_nodes[at]);
            s_read_router (&s_nodes[at]);
        }
        if (s_now () >= play) {
            for (size_t at = 0; at < S_NODES; at++)
                if (s_nodes[at].beacon)
                    s_play (&s_nodes[at]);
            play = s_now () + 20;
        }
        zmq_poll (NULL, 0, 2);
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  What may be waited for

static bool
s_all_serve (void)
{
    for (size_t at = 0; at < S_NODES; at++)
        if (s_nodes[at].beacon && (!atomic_load (&s_nodes[at].status.serving) || !s_nodes[at].view))
            return false;
    return true;
}

//  All that run have the same view; every partition has two copies, both on members that run.
static bool
s_all_healed (void)
{
    const view_t *view = NULL;
    uint32_t running = 0;
    for (size_t at = 0; at < S_NODES; at++) {
        if (!s_nodes[at].beacon)
            continue;
        if (!s_nodes[at].view || (view && view->version != s_nodes[at].view->version))
            return false;
        view = s_nodes[at].view;
        running++;
    }
    view_health_t health = view_health (view);
    uint32_t up = 0;
    for (uint32_t at = 0; at < view->members_count; at++)
        up += view->members[at].status == MEMBER_UP;
    return up == running && s_all_serve () && !health.under_replicated && !health.lost && !health.moving;
}

static int s_wanted; // cluster_state_t

static bool
s_third_is (void)
{
    return atomic_load (&s_nodes[2].status.state) == s_wanted;
}

static bool
s_one_suspected (void)
{
    const member_t *member = s_nodes[0].view ? view_member (s_nodes[0].view, s_nodes[2].id) : NULL;
    return !member || member->status == MEMBER_SUSPECT;
}

static bool
s_answered (void)
{
    return s_nodes[0].answers > 0;
}

static void
s_found (const s_plan_t *plan)
{
    s_plan_t own = *plan;
    own.expect = S_NODES;
    //  The first one asks an address where nobody is
    own.seed = "tcp://127.0.0.1:1";
    s_start (&s_nodes[0], &own);
    own.seed = s_nodes[0].endpoint;
    s_start (&s_nodes[1], &own);
    s_start (&s_nodes[2], &own);
    ck_assert (s_until (s_all_healed));
}

//  ------------------------------------------------------------------------------------------------

START_TEST (one_alone_founds_a_cluster_of_one)
{
    uint64_t began = s_now ();
    s_plan_t plan = { .alone = true };
    s_start (&s_nodes[0], &plan);
    ck_assert (s_until (s_all_serve));
    ck_assert_uint_lt (s_now () - began, 2000);
    const view_t *view = s_nodes[0].view;
    ck_assert_uint_eq (view->members_count, 1);
    ck_assert_uint_ne (view->cluster, 0);
    for (uint32_t at = 0; at < S_PARTITIONS; at++)
        ck_assert_uint_eq (view->parts[at].primary, s_nodes[0].id);
    ck_assert (lease_valid (&s_nodes[0].lease, view->members[0].generation, s_now () + 3600000));
    ck_assert_uint_eq (atomic_load (&s_nodes[0].status.others), 0);
    ck_assert_str_eq (s_nodes[0].endpoint, "");
    s_end ();
}
END_TEST

START_TEST (three_that_expect_each_other_found_one_cluster)
{
    s_found (&(s_plan_t) { 0 });
    const view_t *view = s_nodes[0].view;
    ck_assert_uint_eq (view->members_count, 3);
    ck_assert_uint_eq (view->voters_count, 3);
    for (size_t at = 0; at < S_NODES; at++) {
        ck_assert_uint_eq (s_nodes[at].view->cluster, view->cluster);
        ck_assert_uint_eq (atomic_load (&s_nodes[at].status.state), CLUSTER_MEMBER);
        ck_assert_uint_eq (atomic_load (&s_nodes[at].status.others), 2);
        uint32_t primaries = 0;
        for (uint32_t part = 0; part < S_PARTITIONS; part++)
            primaries += view->parts[part].primary == s_nodes[at].id;
        ck_assert_uint_ge (primaries, 4);
    }
    s_end ();
}
END_TEST

START_TEST (one_that_is_killed_is_replaced_everywhere)
{
    s_found (&(s_plan_t) { 0 });
    s_kill (&s_nodes[2]);
    ck_assert (s_until (s_all_healed));
    const view_t *view = s_nodes[0].view;
    for (uint32_t at = 0; at < S_PARTITIONS; at++)
        ck_assert (!part_has (&view->parts[at], s_nodes[2].id));
    s_end ();
}
END_TEST

START_TEST (a_refused_connection_is_as_good_as_a_long_silence)
{
    s_found (&(s_plan_t) { .lease = 1000, .detection = 50000 });
    uint64_t began = s_now ();
    s_kill (&s_nodes[2]);
    ck_assert (s_until (s_one_suspected));
    ck_assert_uint_lt (s_now () - began, 20000);
    s_end ();
}
END_TEST

START_TEST (one_that_leaves_first_gives_away_what_it_has)
{
    s_found (&(s_plan_t) { 0 });
    zmsg_t *answer = actor_command (s_nodes[2].beacon, "LEAVE", NULL);
    zmsg_destroy (&answer);
    s_wanted = CLUSTER_LEFT;
    ck_assert (s_until (s_third_is));
    s_kill (&s_nodes[2]);
    ck_assert (s_until (s_all_healed));
    const view_t *view = s_nodes[0].view;
    for (uint32_t at = 0; at < S_PARTITIONS; at++)
        ck_assert (!part_has (&view->parts[at], s_nodes[2].id));
    s_end ();
}
END_TEST

START_TEST (another_number_of_partitions_is_refused)
{
    s_plan_t plan = { 0 };
    s_start (&s_nodes[0], &plan);
    ck_assert (s_until (s_all_serve));
    plan.seed = s_nodes[0].endpoint;
    s_start (&s_nodes[1], &plan);
    ck_assert (s_until (s_all_healed));
    plan.partitions = S_PARTITIONS + 1;
    s_start (&s_nodes[2], &plan);
    s_wanted = CLUSTER_REFUSED;
    ck_assert (s_until (s_third_is));
    zmsg_t *answer = actor_command (s_nodes[2].beacon, "WHY", NULL);
    char *why = zmsg_popstr (answer);
    ck_assert_str_ne (why, "");
    zstr_free (&why);
    zmsg_destroy (&answer);
    ck_assert_uint_eq (s_nodes[0].view->members_count, 2);
    s_end ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Requests

static reply_t
s_request (op_t op, const value_t *value)
{
    buf_t body = BUF_INIT;
    wire_request (&body, 5, op, bytes_of (NULL, 0), NULL, value, NULL);
    s_nodes[0].answers = 0;
    inner_t record = { .kind = INNER_RECORD, .number = 77, .record = buf_bytes (&body) };
    assert (inner_send (zsock_resolve (s_nodes[0].router), NULL, &record));
    buf_clear (&body);
    ck_assert (s_until (s_answered));
    mp_t reader = mp_of (buf_bytes (&s_nodes[0].answer));
    reply_t reply;
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert_uint_eq (reply.id, 5);
    return reply;
}

static reply_t
s_admin (const char *first, const char *second, const char *third)
{
    static buf_t words;
    buf_reset (&words);
    const char *all[] = { first, second, third };
    wire_add_array (&words, third ? 3 : second ? 2 : 1);
    for (size_t at = 0; at < 3 && all[at]; at++)
        wire_add_text (&words, all[at]);
    value_t value = { .kind = VALUE_TREE, .bytes = buf_bytes (&words) };
    return s_request (OP_ADMIN, &value);
}

START_TEST (operators_are_answered)
{
    s_plan_t plan = { 0 };
    s_start (&s_nodes[0], &plan);
    ck_assert (s_until (s_all_serve));
    ck_assert_uint_eq (s_admin ("set", "copies", "3").status, ZGRID_OK);
    ck_assert_uint_ne (s_admin ("set", "copies", "99").status, ZGRID_OK);
    ck_assert_uint_ne (s_admin ("nonsense", NULL, NULL).status, ZGRID_OK);
    value_t text = value_bytes (bytes_str ("set"));
    ck_assert_uint_eq (s_request (OP_ADMIN, &text).status, ZGRID_MALFORMED);
    value_t none = value_nil ();
    ck_assert_uint_eq (s_request (OP_ADMIN, &none).status, ZGRID_MALFORMED);
    ck_assert_uint_eq (s_request (OP_STATS, &none).status, ZGRID_BADOP);
    reply_t reply = s_request (OP_CLUSTER, &none);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert_int_eq (reply.value.kind, VALUE_TREE);
    ck_assert_uint_eq (s_nodes[0].view->copies, 3);
    s_end ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Hostile bytes

static void
s_counts (uint64_t *refused, uint64_t *foreign)
{
    value_t none = value_nil ();
    reply_t reply = s_request (OP_CLUSTER, &none);
    mp_t reader = mp_of (reply.value.bytes);
    uint32_t count;
    ck_assert (mp_array (&reader, &count) && mp_uint (&reader, refused) && mp_uint (&reader, foreign));
}

static uint64_t s_foreign_wanted, s_refused_wanted;

//  A message of a type with a field that is none of its.
static void
s_forge (buf_t *body, uint64_t cluster, node_id_t from, node_id_t to, unsigned type)
{
    buf_reset (body);
    peer_begin (body, &(peer_head_t) { cluster, from, to });
    wire_add_array (body, 2);
    wire_add_uint (body, type);
    wire_add_text (body, "\xff\xff");
}

static void
s_send_hostile (zsock_t *socket)
{
    const s_node_t *node = &s_nodes[0];
    static const char *const junk[] = {
        "", "x", "ZP", "ZP\1", "ZP\1\x93", "ZG\1\x95\x01\xa4PING\xc0\xc0\xc0", "ZP\2\x93\1\2\3"
    };
    for (size_t at = 0; at < sizeof junk / sizeof junk[0]; at++)
        zsock_send (socket, "b", junk[at], strlen (junk[at]));
    zsock_send (socket, "sss", "several", "frames", "");
    s_foreign_wanted = sizeof junk / sizeof junk[0] + 1;

    buf_t body = BUF_INIT;
    for (unsigned type = 0; type < 70; type++) {
        s_forge (&body, node->view->cluster, s_nodes[1].id, node->id, type);
        zsock_send (socket, "b", body.data, body.size);
        s_forge (&body, node->view->cluster + 1, s_nodes[1].id, node->id, type);
        zsock_send (socket, "b", body.data, body.size);
        s_forge (&body, node->view->cluster, 12345, node->id, type);
        zsock_send (socket, "b", body.data, body.size);
    }
    s_refused_wanted = 70;
    buf_clear (&body);
}

static void
s_send_raw (const char *endpoint)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    address.sin_port = htons ((uint16_t) atoi (strrchr (endpoint, ':') + 1));
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0);
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ck_assert_int_eq (write (fd, text, sizeof text - 1), sizeof text - 1);
    close (fd);
}

START_TEST (foreign_bytes_are_counted_and_change_nothing)
{
    s_found (&(s_plan_t) { .lease = 5000, .detection = 20000 });
    uint64_t version = s_nodes[0].view->version, before, refused, foreign;
    s_counts (&before, &foreign);
    ck_assert_uint_eq (foreign, 0);
    zsock_t *socket = zsock_new (ZMQ_DEALER);
    zsock_set_linger (socket, 5000);
    ck_assert_int_eq (zsock_connect (socket, "%s", s_nodes[0].endpoint), 0);
    s_send_raw (s_nodes[0].endpoint);
    s_send_hostile (socket);
    zsock_send (socket, "b", "last", (size_t) 4); // Behind all others: what it is counted as comes last
    s_foreign_wanted++;
    for (foreign = 0; foreign < s_foreign_wanted;)
        s_counts (&refused, &foreign);
    ck_assert_uint_eq (foreign, s_foreign_wanted);
    ck_assert_uint_ge (refused, before + s_refused_wanted);
    ck_assert_uint_eq (s_nodes[0].view->version, version);
    ck_assert (s_all_healed ());
    zsock_destroy (&socket);
    s_end ();
}
END_TEST

START_TEST (an_address_in_use_is_told)
{
    s_plan_t plan = { 0 };
    s_start (&s_nodes[0], &plan);
    s_node_t *other = &s_nodes[1];
    beacon_actor_args_t args = { .lease = &other->lease,
                                 .status = &other->status,
                                 .words = { other, s_hello, s_routes, s_cluster, { s_line, NULL } },
                                 .peer_endpoint = s_nodes[0].endpoint,
                                 .inner_inproc = "inproc://beacon-in-use",
                                 .actors = 1 };
    buf_t why = BUF_INIT;
    ck_assert_ptr_null (actor_new (&beacon_actor_spec, &args, &why));
    buf_add (&why, "", 1);
    ck_assert_ptr_nonnull (strstr ((const char *) why.data, "cannot bind"));
    ck_assert_ptr_nonnull (strstr ((const char *) why.data, s_nodes[0].endpoint));
    buf_clear (&why);
    s_end ();
}
END_TEST

static void
s_tell_move (move_state_t state, uint64_t epoch)
{
    inner_t moved = { .kind = INNER_MOVED,
                      .partition = 3,
                      .epoch = epoch,
                      .node = 99,
                      .state = state,
                      .entries = 5,
                      .bytes = 60,
                      .total = 700 };
    inner_send (zsock_resolve (s_nodes[0].storage), NULL, &moved);
}

//  Asks for CLUSTER; s_nodes[0].moves is new then.
static void
s_ask_cluster (void)
{
    buf_t record = BUF_INIT;
    wire_request (&record, 5, OP_CLUSTER, bytes_of (NULL, 0), NULL, NULL, NULL);
    inner_t ask = {
        .kind = INNER_RECORD, .index = INNER_ROUTER, .number = 77, .record = buf_bytes (&record)
    };
    s_nodes[0].answers = 0;
    inner_send (zsock_resolve (s_nodes[0].router), NULL, &ask);
    ck_assert (s_until (s_answered));
    buf_clear (&record);
}

static bool
s_move_ended (void)
{
    const buf_t *events = &s_nodes[0].events;
    return events->size && memmem (events->data, events->size, "\"aborted\"", 9);
}

static unsigned
s_told (const char *text)
{
    const buf_t *events = &s_nodes[0].events;
    unsigned count = 0;
    const uint8_t *at = events->data, *end = events->data + events->size;
    while ((at = memmem (at, (size_t) (end - at), text, strlen (text)))) {
        at++;
        count++;
    }
    return count;
}

START_TEST (each_state_of_a_move_is_told_once)
{
    s_plan_t plan = { .alone = true };
    s_start (&s_nodes[0], &plan);
    ck_assert (s_until (s_all_serve));
    s_tell_move (MOVE_LEARNER, 1);
    s_tell_move (MOVE_SNAPSHOT, 1);
    s_tell_move (MOVE_SNAPSHOT, 1); // Further, but not in another state
    s_ask_cluster ();
    ck_assert_uint_eq (s_nodes[0].moves, 1);
    s_tell_move (MOVE_ABORTED, 1);
    ck_assert (s_until (s_move_ended));
    s_ask_cluster ();
    ck_assert_uint_eq (s_nodes[0].moves, 0);
    ck_assert_uint_eq (s_told ("\"event\":\"move\""), 3);
    ck_assert_uint_eq (
        s_told ("\"partition\":3,\"id\":\"0000000000000063\",\"state\":\"snapshot\",\"epoch\":1,"
                "\"entries\":5,\"bytes\":60,\"total\":700}"),
        1);
    s_end ();
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("beacon");
    TCase *tests = tcase_create ("beacon");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, one_alone_founds_a_cluster_of_one);
    tcase_add_test (tests, three_that_expect_each_other_found_one_cluster);
    tcase_add_test (tests, one_that_is_killed_is_replaced_everywhere);
    tcase_add_test (tests, a_refused_connection_is_as_good_as_a_long_silence);
    tcase_add_test (tests, one_that_leaves_first_gives_away_what_it_has);
    tcase_add_test (tests, another_number_of_partitions_is_refused);
    tcase_add_test (tests, operators_are_answered);
    tcase_add_test (tests, foreign_bytes_are_counted_and_change_nothing);
    tcase_add_test (tests, an_address_in_use_is_told);
    tcase_add_test (tests, each_state_of_a_move_is_told_once);
    suite_add_tcase (suite, tests);
    return suite;
}

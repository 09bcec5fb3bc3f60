//  check_beacon: what beacons agree on, and what they tell.
//  SPDX-License-Identifier: MPL-2.0
#include <arpa/inet.h>
#include <unistd.h>
#include <zgrid_error.h>

#include "beacons.h"
#include "lib/test.h"

//  ------------------------------------------------------------------------------------------------
//  What may be waited for

static int s_wanted; // cluster_state_t

static bool
s_third_is (void)
{
    return atomic_load (&beacons[2].status.state) == s_wanted;
}

static bool
s_one_suspected (void)
{
    const member_t *member = beacons[0].view ? view_member (beacons[0].view, beacons[2].id) : NULL;
    return !member || member->status == MEMBER_SUSPECT;
}

static bool
s_answered (void)
{
    return beacons[0].answers > 0;
}

//  ------------------------------------------------------------------------------------------------

START_TEST (one_alone_founds_a_cluster_of_one)
{
    uint64_t began = actor_moment ().now;
    beacons_plan_t plan = { .alone = true };
    beacons_start (&beacons[0], &plan);
    ck_assert (beacons_until (beacons_all_serve));
    ck_assert_uint_lt (actor_moment ().now - began, 2000);
    const view_t *view = beacons[0].view;
    ck_assert_uint_eq (view->members_count, 1);
    ck_assert_uint_ne (view->cluster, 0);
    for (uint32_t at = 0; at < BEACONS_PARTITIONS; at++)
        ck_assert_uint_eq (view->parts[at].primary, beacons[0].id);
    ck_assert (lease_valid (&beacons[0].lease, view->members[0].generation, actor_moment ().now + 3600000));
    ck_assert_uint_eq (atomic_load (&beacons[0].status.others), 0);
    ck_assert_str_eq (beacons[0].endpoint, "");
    beacons_end ();
}
END_TEST

START_TEST (three_that_expect_each_other_found_one_cluster)
{
    beacons_found (&(beacons_plan_t) { 0 });
    const view_t *view = beacons[0].view;
    ck_assert_uint_eq (view->members_count, 3);
    ck_assert_uint_eq (view->voters_count, 3);
    for (size_t at = 0; at < BEACONS_COUNT; at++) {
        ck_assert_uint_eq (beacons[at].view->cluster, view->cluster);
        ck_assert_uint_eq (atomic_load (&beacons[at].status.state), CLUSTER_MEMBER);
        ck_assert_uint_eq (atomic_load (&beacons[at].status.others), 2);
        uint32_t primaries = 0;
        for (uint32_t part = 0; part < BEACONS_PARTITIONS; part++)
            primaries += view->parts[part].primary == beacons[at].id;
        ck_assert_uint_ge (primaries, 4);
    }
    beacons_end ();
}
END_TEST

START_TEST (one_that_is_killed_is_replaced_everywhere)
{
    beacons_found (&(beacons_plan_t) { 0 });
    beacons_kill (&beacons[2]);
    ck_assert (beacons_until (beacons_all_healed));
    const view_t *view = beacons[0].view;
    for (uint32_t at = 0; at < BEACONS_PARTITIONS; at++)
        ck_assert (!part_has (&view->parts[at], beacons[2].id));
    beacons_end ();
}
END_TEST

START_TEST (a_refused_connection_is_as_good_as_a_long_silence)
{
    beacons_found (&(beacons_plan_t) { .lease = 1000, .detection = 50000 });
    uint64_t began = actor_moment ().now;
    beacons_kill (&beacons[2]);
    ck_assert (beacons_until (s_one_suspected));
    ck_assert_uint_lt (actor_moment ().now - began, 20000);
    beacons_end ();
}
END_TEST

START_TEST (one_that_leaves_first_gives_away_what_it_has)
{
    beacons_found (&(beacons_plan_t) { 0 });
    zmsg_t *answer = actor_command (beacons[2].beacon, "LEAVE", NULL);
    zmsg_destroy (&answer);
    s_wanted = CLUSTER_LEFT;
    ck_assert (beacons_until (s_third_is));
    beacons_kill (&beacons[2]);
    ck_assert (beacons_until (beacons_all_healed));
    const view_t *view = beacons[0].view;
    for (uint32_t at = 0; at < BEACONS_PARTITIONS; at++)
        ck_assert (!part_has (&view->parts[at], beacons[2].id));
    beacons_end ();
}
END_TEST

START_TEST (another_number_of_partitions_is_refused)
{
    beacons_plan_t plan = { 0 };
    beacons_start (&beacons[0], &plan);
    ck_assert (beacons_until (beacons_all_serve));
    plan.seed = beacons[0].endpoint;
    beacons_start (&beacons[1], &plan);
    ck_assert (beacons_until (beacons_all_healed));
    plan.partitions = BEACONS_PARTITIONS + 1;
    beacons_start (&beacons[2], &plan);
    s_wanted = CLUSTER_REFUSED;
    ck_assert (beacons_until (s_third_is));
    zmsg_t *answer = actor_command (beacons[2].beacon, "WHY", NULL);
    char *why = zmsg_popstr (answer);
    ck_assert_str_ne (why, "");
    zstr_free (&why);
    zmsg_destroy (&answer);
    ck_assert_uint_eq (beacons[0].view->members_count, 2);
    beacons_end ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Requests

static reply_t
s_request (op_t op, const value_t *value)
{
    buf_t body = BUF_INIT;
    wire_request (&body, 5, op, bytes_of (NULL, 0), NULL, value, NULL);
    beacons[0].answers = 0;
    inner_t record = { .kind = INNER_RECORD, .number = 77, .record = buf_bytes (&body) };
    assert (inner_send (zsock_resolve (beacons[0].router), NULL, &record));
    buf_clear (&body);
    ck_assert (beacons_until (s_answered));
    mp_t reader = mp_of (buf_bytes (&beacons[0].answer));
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
    beacons_plan_t plan = { 0 };
    beacons_start (&beacons[0], &plan);
    ck_assert (beacons_until (beacons_all_serve));
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
    ck_assert_uint_eq (beacons[0].view->copies, 3);
    beacons_end ();
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
    const beacons_node_t *node = &beacons[0];
    static const char *const junk[] = {
        "", "x", "ZP", "ZP\1", "ZP\1\x93", "ZG\1\x95\x01\xa4PING\xc0\xc0\xc0", "ZP\2\x93\1\2\3"
    };
    for (size_t at = 0; at < sizeof junk / sizeof junk[0]; at++)
        zsock_send (socket, "b", junk[at], strlen (junk[at]));
    zsock_send (socket, "sss", "several", "frames", "");
    s_foreign_wanted = sizeof junk / sizeof junk[0] + 1;

    buf_t body = BUF_INIT;
    for (unsigned type = 0; type < 70; type++) {
        s_forge (&body, node->view->cluster, beacons[1].id, node->id, type);
        zsock_send (socket, "b", body.data, body.size);
        s_forge (&body, node->view->cluster + 1, beacons[1].id, node->id, type);
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
    beacons_found (&(beacons_plan_t) { .lease = 5000, .detection = 20000 });
    uint64_t version = beacons[0].view->version, before, refused, foreign;
    s_counts (&before, &foreign);
    ck_assert_uint_eq (foreign, 0);
    zsock_t *socket = zsock_new (ZMQ_DEALER);
    zsock_set_linger (socket, 5000);
    ck_assert_int_eq (zsock_connect (socket, "%s", beacons[0].endpoint), 0);
    s_send_raw (beacons[0].endpoint);
    s_send_hostile (socket);
    zsock_send (socket, "b", "last", (size_t) 4); // Behind all others: what it is counted as comes last
    s_foreign_wanted++;
    for (foreign = 0; foreign < s_foreign_wanted;)
        s_counts (&refused, &foreign);
    ck_assert_uint_eq (foreign, s_foreign_wanted);
    ck_assert_uint_ge (refused, before + s_refused_wanted);
    ck_assert_uint_eq (beacons[0].view->version, version);
    ck_assert (beacons_all_healed ());
    zsock_destroy (&socket);
    beacons_end ();
}
END_TEST

START_TEST (an_address_in_use_is_told)
{
    beacons_plan_t plan = { 0 };
    beacons_start (&beacons[0], &plan);
    beacons_node_t *other = &beacons[1];
    beacon_actor_args_t args = { .lease = &other->lease,
                                 .status = &other->status,
                                 .words = beacons_words (other),
                                 .peer_endpoint = beacons[0].endpoint,
                                 .inner_inproc = "inproc://beacon-in-use",
                                 .actors = 1 };
    buf_t why = BUF_INIT;
    ck_assert_ptr_null (actor_new (&beacon_actor_spec, &args, &why));
    buf_add (&why, "", 1);
    ck_assert_ptr_nonnull (strstr ((const char *) why.data, "cannot bind"));
    ck_assert_ptr_nonnull (strstr ((const char *) why.data, beacons[0].endpoint));
    buf_clear (&why);
    beacons_end ();
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
    inner_send (zsock_resolve (beacons[0].storage), NULL, &moved);
}

//  Asks for CLUSTER; beacons[0].moves is new then.
static void
s_ask_cluster (void)
{
    buf_t record = BUF_INIT;
    wire_request (&record, 5, OP_CLUSTER, bytes_of (NULL, 0), NULL, NULL, NULL);
    inner_t ask = {
        .kind = INNER_RECORD, .index = INNER_ROUTER, .number = 77, .record = buf_bytes (&record)
    };
    beacons[0].answers = 0;
    inner_send (zsock_resolve (beacons[0].router), NULL, &ask);
    ck_assert (beacons_until (s_answered));
    buf_clear (&record);
}

static bool
s_move_ended (void)
{
    const buf_t *events = &beacons[0].events;
    return events->size && memmem (events->data, events->size, "\"aborted\"", 9);
}

static unsigned
s_told (const char *text)
{
    const buf_t *events = &beacons[0].events;
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
    beacons_plan_t plan = { .alone = true };
    beacons_start (&beacons[0], &plan);
    ck_assert (beacons_until (beacons_all_serve));
    s_tell_move (MOVE_LEARNER, 1);
    s_tell_move (MOVE_SNAPSHOT, 1);
    s_tell_move (MOVE_SNAPSHOT, 1); // Further, but not in another state
    s_ask_cluster ();
    ck_assert_uint_eq (beacons[0].moves, 1);
    s_tell_move (MOVE_ABORTED, 1);
    ck_assert (beacons_until (s_move_ended));
    s_ask_cluster ();
    ck_assert_uint_eq (beacons[0].moves, 0);
    ck_assert_uint_eq (s_told ("\"event\":\"move\""), 3);
    ck_assert_uint_eq (
        s_told ("\"partition\":3,\"id\":\"0000000000000063\",\"state\":\"snapshot\",\"epoch\":1,"
                "\"entries\":5,\"bytes\":60,\"total\":700}"),
        1);
    beacons_end ();
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

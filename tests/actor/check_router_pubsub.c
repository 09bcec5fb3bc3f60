//  check_router_pubsub: what is published, and asked about subscribers, on its way through the router,
//  whether its node is alone (0) or one of two members (1). The test plays the pubsub actor, the storage
//  actor and the beacon.
//  SPDX-License-Identifier: MPL-2.0
#include "actors/router_actor.h"
#include "lib/test.h"
#include "status.h"
#include "talk.h"

#define S_SELF 0x11u
#define S_OTHER 0x22u
#define S_PARTITIONS 4
#define S_MANY 4000

static struct {
    actor_t *actor;
    zsock_t *beacon, *pubsub, *storage; // ROUTERs
    zsock_t *client;                    // DEALER
    frames_t frames;
    zmsg_t *taken; // By the pubsub actor: route, mark, body
    zmsg_t *reply; // To the client
    mp_t records, replies;
    char *endpoint;
} s_rig;

static void
s_start (const char *pubsub)
{
    static const char *const s_storages[] = { "inproc://test-storage" };
    node_info_t info = { .name = "test", .version = "0" };
    router_actor_args_t args = { .door = { .flow = { 2 * S_MANY, 1u << 22, 10000, 60000, 16 },
                                           .sndhwm = 2 * S_MANY,
                                           .rcvhwm = 2 * S_MANY,
                                           .large_max = 1u << 24,
                                           .frame_max = 1 << 22 },
                                 .client_endpoint = "tcp://127.0.0.1:*",
                                 .client_inproc = "inproc://test-router",
                                 .peer_inprocs = s_storages,
                                 .storage_inprocs = s_storages,
                                 .actors = 1,
                                 .partitions = S_PARTITIONS,
                                 .batch_max = 1000,
                                 .peer_hwm = 100,
                                 .peer_bytes = 1u << 20,
                                 .node = S_SELF,
                                 .pubsub_inproc = pubsub,
                                 .beacon_inproc = "inproc://test-beacon",
                                 .info = &info };
    buf_t why = BUF_INIT;
    s_rig.actor = actor_new (&router_actor_spec, &args, &why);
    ck_assert_msg (s_rig.actor != NULL, "%.*s", (int) why.size, (const char *) why.data);
    zmsg_t *answer = actor_command (s_rig.actor, "ENDPOINT", NULL);
    s_rig.endpoint = zmsg_popstr (answer);
    zmsg_destroy (&answer);
    s_rig.client = talk_socket (ZMQ_DEALER, s_rig.endpoint, false);
}

static void
s_set_up (void)
{
    zsys_handler_set (NULL);
    memset (&s_rig, 0, sizeof s_rig);
    s_rig.beacon = talk_socket (ZMQ_ROUTER, "inproc://test-beacon", true);
    s_rig.pubsub = talk_socket (ZMQ_ROUTER, "inproc://test-pubsub", true);
    s_rig.storage = talk_socket (ZMQ_ROUTER, "inproc://test-storage", true);
}

static void
s_tear_down (void)
{
    actor_destroy (&s_rig.actor, 0);
    frames_close (&s_rig.frames);
    zmsg_destroy (&s_rig.taken);
    zmsg_destroy (&s_rig.reply);
    zsock_destroy (&s_rig.client);
    zsock_unbind (s_rig.beacon, "inproc://test-beacon");
    zsock_unbind (s_rig.pubsub, "inproc://test-pubsub");
    zsock_unbind (s_rig.storage, "inproc://test-storage");
    zsock_destroy (&s_rig.beacon);
    zsock_destroy (&s_rig.pubsub);
    zsock_destroy (&s_rig.storage);
    zstr_free (&s_rig.endpoint);
}

static void
s_send_body (buf_t *body)
{
    ck_assert_int_eq (zsock_send (s_rig.client, "b", body->data, body->size), 0);
    buf_clear (body);
}

static void
s_add (buf_t *body, uint64_t id, op_t op, const char *channel, const char *text)
{
    bytes_t key = bytes_str (channel);
    value_t value = value_bytes (bytes_str (text));
    if (!body->size)
        wire_begin (body);
    wire_request (body, id, op, bytes_of (NULL, 0), channel ? &key : NULL, text ? &value : NULL, NULL);
}

static void
s_send (uint64_t id, op_t op, const char *channel, const char *text)
{
    buf_t body = BUF_INIT;
    s_add (&body, id, op, channel, text);
    s_send_body (&body);
}

//  The next reply of this message, or of the next one.
static reply_t
s_reply (void)
{
    reply_t reply;
    while (!s_rig.reply || wire_next_reply (&s_rig.replies, &reply) != WIRE_RECORD) {
        zmsg_destroy (&s_rig.reply);
        s_rig.reply = zmsg_recv (s_rig.client);
        ck_assert_ptr_nonnull (s_rig.reply);
        zframe_t *frame = zmsg_last (s_rig.reply);
        ck_assert (wire_open (bytes_of (zframe_data (frame), zframe_size (frame)), &s_rig.replies));
    }
    return reply;
}

//  Begins alone, or with another member; the router knows that when it answers HELLO.
static void
s_begin (int others, const char *pubsub)
{
    s_start (pubsub);
    ck_assert_uint_eq (talk_heard (s_rig.beacon, &s_rig.frames).kind, INNER_HERE);
    view_t *view = view_new (S_PARTITIONS);
    view->cluster = 0xc1;
    view->version = 1;
    member_t own = { .id = S_SELF, .weight = 100, .actors = 1, .name = "own", .host = "127.0.0.1" };
    member_t other = { .id = S_OTHER, .weight = 100, .actors = 1, .name = "other", .host = "127.0.0.1" };
    ck_assert_ptr_nonnull (view_add_member (view, &own));
    if (others)
        ck_assert_ptr_nonnull (view_add_member (view, &other));
    view->voters[view->voters_count++] = S_SELF;
    for (uint32_t at = 0; at < S_PARTITIONS; at++)
        view->parts[at] = (part_t) { .epoch = 1, .primary = S_SELF, .reps_count = 1, .reps = { S_SELF } };
    talk_publish (s_rig.beacon, s_rig.frames.frames[0], view);
    reply_t reply = { .status = ZGRID_TRYAGAIN };
    for (uint64_t id = 900; reply.status != ZGRID_OK; id++) {
        s_send (id, OP_HELLO, NULL, NULL);
        reply = s_reply ();
    }
}

//  The next message that the pubsub actor takes: its records are read by s_record.
static void
s_take (void)
{
    zmsg_destroy (&s_rig.taken);
    s_rig.taken = zmsg_recv (s_rig.pubsub);
    ck_assert_ptr_nonnull (s_rig.taken);
    ck_assert_uint_eq (zmsg_size (s_rig.taken), 3);
    zframe_t *frame = zmsg_last (s_rig.taken);
    ck_assert (wire_open (bytes_of (zframe_data (frame), zframe_size (frame)), &s_rig.records));
}

static bool
s_record (request_t *request)
{
    return wire_next_request (&s_rig.records, request) == WIRE_RECORD;
}

//  Answers the last message with these bytes.
static void
s_answer_bytes (bytes_t bytes)
{
    zmsg_t *message = zmsg_dup (s_rig.taken);
    zframe_t *last = zmsg_last (message);
    zmsg_remove (message, last);
    zframe_destroy (&last);
    zmsg_addmem (message, bytes.data, bytes.size);
    ck_assert_int_eq (zmsg_send (&message, s_rig.pubsub), 0);
}

static void
s_answer (uint64_t id, unsigned status, int64_t value)
{
    buf_t body = BUF_INIT;
    wire_begin (&body);
    wire_reply (&body, id, status, value_int (value), 0, NULL);
    s_answer_bytes (buf_bytes (&body));
    buf_clear (&body);
}

static void
s_is_reply (uint64_t id, unsigned status, int64_t value)
{
    reply_t reply = s_reply ();
    ck_assert_uint_eq (reply.id, id);
    ck_assert_uint_eq (reply.status, status);
    if (status == ZGRID_OK)
        ck_assert_int_eq (reply.value.integer, value);
}

//  ------------------------------------------------------------------------------------------------

START_TEST (a_message_goes_to_the_pubsub_actor_and_its_answer_comes_back)
{
    s_begin (_i, "inproc://test-pubsub");
    s_send (7, OP_PUBLISH, "news", "hello");
    s_take ();
    request_t request;
    ck_assert (s_record (&request) && !request.faulty);
    ck_assert_uint_eq (request.op, OP_PUBLISH);
    ck_assert (bytes_equal (request.key, bytes_str ("news")));
    ck_assert (request.value.kind == VALUE_BYTES && bytes_equal (request.value.bytes, bytes_str ("hello")));
    s_answer (request.id, ZGRID_OK, 3);
    s_is_reply (7, ZGRID_OK, 3);
    static const op_t s_ops[] = { OP_CHANNELS, OP_NUMSUB, OP_NUMPAT };
    for (size_t at = 0; at < 3; at++) {
        s_send (10 + at, s_ops[at], NULL, NULL);
        s_take ();
        ck_assert (s_record (&request) && request.op == s_ops[at]);
        s_answer (request.id, ZGRID_MALFORMED, 0);
        s_is_reply (10 + at, ZGRID_MALFORMED, 0);
    }
}
END_TEST

START_TEST (what_one_message_has_for_it_goes_as_one_in_order)
{
    s_begin (_i, "inproc://test-pubsub");
    buf_t body = BUF_INIT, replies = BUF_INIT;
    for (uint64_t id = 1; id <= 100; id++)
        s_add (&body, id, OP_PUBLISH, id % 2 ? "odd" : "even", "text");
    s_send_body (&body);
    s_take ();
    request_t request;
    wire_begin (&replies);
    for (int64_t at = 1; at <= 100; at++) {
        ck_assert (s_record (&request) && bytes_equal (request.key, bytes_str (at % 2 ? "odd" : "even")));
        wire_reply (&replies, request.id, ZGRID_OK, value_int (at), 0, NULL);
    }
    ck_assert (!s_record (&request));
    s_answer_bytes (buf_bytes (&replies));
    buf_clear (&replies);
    for (int64_t at = 1; at <= 100; at++)
        s_is_reply ((uint64_t) at, ZGRID_OK, at);
}
END_TEST

START_TEST (an_attachment_is_the_message)
{
    s_begin (_i, "inproc://test-pubsub");
    bytes_t key = bytes_str ("news");
    for (int64_t at = 0; at < 2; at++) {
        buf_t body = BUF_INIT;
        value_t value = { .kind = VALUE_ATTACHED, .integer = at };
        wire_begin (&body);
        wire_request (&body, 5, OP_PUBLISH, bytes_of (NULL, 0), &key, &value, NULL);
        ck_assert_int_eq (zsock_send (s_rig.client, "bs", body.data, body.size, "attached"), 0);
        buf_clear (&body);
    }
    s_is_reply (5, ZGRID_MALFORMED, 0); // There is no second one
    s_take ();
    request_t request;
    ck_assert (s_record (&request) && bytes_equal (request.value.bytes, bytes_str ("attached")));
}
END_TEST

//  An envelope: a REQ socket takes one message for one.
START_TEST (replies_of_both_kinds_are_joined_for_a_req)
{
    s_begin (_i, "inproc://test-pubsub");
    buf_t body = BUF_INIT;
    s_add (&body, 1, OP_PING, NULL, NULL);
    s_add (&body, 2, OP_PUBLISH, "news", "hello");
    ck_assert_int_eq (zsock_send (s_rig.client, "zb", body.data, body.size), 0);
    buf_clear (&body);
    s_take ();
    request_t request;
    ck_assert (s_record (&request));
    s_answer (request.id, ZGRID_OK, 1);
    uint64_t first = s_reply ().id;
    reply_t reply;
    ck_assert_uint_eq (zmsg_size (s_rig.reply), 2);
    ck_assert (wire_next_reply (&s_rig.replies, &reply) == WIRE_RECORD && reply.id + first == 3);
}
END_TEST

START_TEST (without_an_actor_it_is_unavailable)
{
    s_begin (_i, NULL);
    s_send (7, OP_PUBLISH, "news", "hello");
    s_is_reply (7, ZGRID_UNAVAILABLE, 0);
    s_send (8, OP_PING, NULL, NULL);
    ck_assert_uint_eq (s_reply ().id, 8);
}
END_TEST

START_TEST (silence_is_maybe_for_a_message_and_timeout_for_a_question)
{
    s_begin (_i, "inproc://test-pubsub");
    buf_t body = BUF_INIT;
    bytes_t key = bytes_str ("news");
    value_t value = value_bytes (key);
    options_t options = { .given = OPT_deadline, .deadline = 30 };
    wire_begin (&body);
    wire_request (&body, 1, OP_PUBLISH, bytes_of (NULL, 0), &key, &value, &options);
    wire_request (&body, 2, OP_NUMPAT, bytes_of (NULL, 0), NULL, NULL, &options);
    s_send_body (&body);
    for (int count = 0; count < 2; count++) {
        reply_t reply = s_reply ();
        ck_assert_uint_eq (reply.status, reply.id == 1 ? ZGRID_MAYBE : ZGRID_TIMEOUT);
    }
    //  What comes too late, or is no answer, changes nothing
    s_take ();
    request_t request;
    ck_assert (s_record (&request));
    s_answer (request.id, ZGRID_OK, 1);
    s_answer (12345678, ZGRID_OK, 1);
    s_answer_bytes (bytes_str ("junk"));
    s_answer_bytes (bytes_str ("ZG\1\x95"));
    s_send (3, OP_NUMPAT, NULL, NULL);
    s_take ();
    ck_assert (s_record (&request));
    s_answer (request.id, ZGRID_OK, 9);
    s_is_reply (3, ZGRID_OK, 9);
}
END_TEST

START_TEST (a_full_queue_is_busy_and_holds_up_nobody)
{
    s_begin (_i, "inproc://test-pubsub");
    for (uint64_t id = 1; id <= S_MANY; id++)
        s_send (id, OP_PUBLISH, "news", "hello");
    s_send (S_MANY + 1, OP_PING, NULL, NULL);
    unsigned busy = 0;
    for (reply_t reply = s_reply (); reply.id != S_MANY + 1; reply = s_reply ()) {
        ck_assert_uint_eq (reply.status, ZGRID_BUSY);
        busy++;
    }
    ck_assert (busy > 0 && busy < S_MANY);
    request_t request;
    for (unsigned taken = 0; taken < S_MANY - busy; taken++) {
        s_take ();
        ck_assert (s_record (&request));
        s_answer (request.id, ZGRID_OK, 1);
        ck_assert_uint_eq (s_reply ().status, ZGRID_OK);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("router_pubsub");
    TCase *tcase = tcase_create ("router_pubsub");
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_set_timeout (tcase, 60);
    tcase_add_loop_test (tcase, a_message_goes_to_the_pubsub_actor_and_its_answer_comes_back, 0, 2);
    tcase_add_loop_test (tcase, what_one_message_has_for_it_goes_as_one_in_order, 0, 2);
    tcase_add_loop_test (tcase, an_attachment_is_the_message, 0, 2);
    tcase_add_loop_test (tcase, replies_of_both_kinds_are_joined_for_a_req, 0, 2);
    tcase_add_loop_test (tcase, without_an_actor_it_is_unavailable, 0, 2);
    tcase_add_loop_test (tcase, silence_is_maybe_for_a_message_and_timeout_for_a_question, 0, 2);
    tcase_add_loop_test (tcase, a_full_queue_is_busy_and_holds_up_nobody, 0, 2);
    suite_add_tcase (suite, tcase);
    return suite;
}

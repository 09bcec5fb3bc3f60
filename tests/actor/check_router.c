//  check_router: the router in a cluster that the test plays: its beacon, storage actors of its own node
//  and of another member, and clients.
//  SPDX-License-Identifier: MPL-2.0
#include <stdatomic.h>

#include "actors/router_actor.h"
#include "actors/storage_actor.h"
#include "lib/test.h"
#include "slot.h"
#include "status.h"
#include "talk.h"

#define S_SELF 0x11u
#define S_OTHER 0x22u
#define S_PARTITIONS 4

typedef struct {
    actor_t *actor;
    zsock_t *beacon; // ROUTER, as the beacon's
    zsock_t *peer;   // ROUTER: where the own storage actor takes what is passed on
    zsock_t *own;    // ROUTER: where it takes what clients send
    zsock_t *other;  // ROUTER: the other member's storage actor
    zsock_t *client; // DEALER
    uint16_t other_port;
    char *endpoint;
    uint64_t version;
    zmsg_t *taken;          // The last message that a storage actor took, without its body
    zframe_t *body;         // And that
    zmsg_t *reply;          // The last one that a client got
    frames_t frames;        // The last that the beacon did
    _Atomic unsigned lines; // Of the log
} rig_t;

static rig_t s_rig;

//  Called on the actor's thread.
static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    (void) arg;
    assert (level == NOTE_WARNING && strcmp (event, "peer messages refused") == 0 && pairs[7] && !pairs[8]);
    assert (strcmp (pairs[1], "router") == 0 && strcmp (pairs[7], "127.0.0.1") == 0);
    atomic_fetch_add (&s_rig.lines, 1);
}

//  actors: 1, or 0: a witness.
static void
s_start (uint32_t actors)
{
    static const char *const s_peers[] = { "inproc://test-peer" }, *const s_owns[] = { "inproc://test-own" };
    node_info_t info = { .name = "test", .version = "0", .started = 0 };
    router_actor_args_t args = { .door = { .flow = { 1000, 1u << 20, 10000, 60000, 16 },
                                           .sndhwm = 1000,
                                           .rcvhwm = 1000,
                                           .large_max = 1u << 24,
                                           .frame_max = 1 << 22 },
                                 .client_endpoint = "tcp://127.0.0.1:*",
                                 .client_inproc = "inproc://test-router",
                                 .peer_inprocs = s_peers,
                                 .storage_inprocs = s_owns,
                                 .actors = actors,
                                 .partitions = S_PARTITIONS,
                                 .batch_max = 1000,
                                 .peer_hwm = 100,
                                 .peer_bytes = 1u << 20,
                                 .node = S_SELF,
                                 .beacon_inproc = "inproc://test-beacon",
                                 .info = &info,
                                 .note = { s_line, NULL } };
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
    s_rig.peer = talk_socket (ZMQ_ROUTER, "inproc://test-peer", true);
    s_rig.own = talk_socket (ZMQ_ROUTER, "inproc://test-own", true);
    s_rig.other = talk_socket (ZMQ_ROUTER, "tcp://127.0.0.1:*", true);
    char *bound = zsock_last_endpoint (s_rig.other);
    s_rig.other_port = (uint16_t) atoi (strrchr (bound, ':') + 1);
    zstr_free (&bound);
}

static void
s_tear_down (void)
{
    actor_destroy (&s_rig.actor, 0);
    frames_close (&s_rig.frames);
    zmsg_destroy (&s_rig.taken);
    zframe_destroy (&s_rig.body);
    zmsg_destroy (&s_rig.reply);
    zsock_destroy (&s_rig.client);
    //  A name inside the process is free again only after this
    zsock_unbind (s_rig.beacon, "inproc://test-beacon");
    zsock_unbind (s_rig.peer, "inproc://test-peer");
    zsock_unbind (s_rig.own, "inproc://test-own");
    zsock_destroy (&s_rig.beacon);
    zsock_destroy (&s_rig.peer);
    zsock_destroy (&s_rig.own);
    zsock_destroy (&s_rig.other);
    zstr_free (&s_rig.endpoint);
}

//  ------------------------------------------------------------------------------------------------
//  The beacon

static inner_t
s_heard (void)
{
    return talk_heard (s_rig.beacon, &s_rig.frames);
}

//  To whom it said so last.
static void
s_tell (inner_t message)
{
    talk_tell (s_rig.beacon, s_rig.frames.frames[0], message);
}

static member_t
s_member (node_id_t id, uint16_t actors, uint16_t port)
{
    member_t member = { .id = id, .weight = 100, .actors = actors, .witness = actors == 0 };
    snprintf (member.name, sizeof member.name, "node%u", (unsigned) id);
    snprintf (member.host, sizeof member.host, "127.0.0.1");
    member.client_ports[0] = port;
    return member;
}

//  A view in which partition p belongs to owners[p]; together: the other member is in it.
static void
s_tell_view (const node_id_t *owners, uint16_t own_actors, bool together)
{
    view_t *view = view_new (S_PARTITIONS);
    view->cluster = 0xc1;
    view->version = ++s_rig.version;
    member_t own = s_member (S_SELF, own_actors, 1), other = s_member (S_OTHER, 1, s_rig.other_port);
    ck_assert_ptr_nonnull (view_add_member (view, &own));
    if (together)
        ck_assert_ptr_nonnull (view_add_member (view, &other));
    view->voters[view->voters_count++] = S_SELF;
    for (uint32_t at = 0; at < S_PARTITIONS; at++)
        view->parts[at] = (part_t) {
            .epoch = view->version, .primary = owners[at], .reps_count = 1, .reps = { owners[at] }
        };
    talk_publish (s_rig.beacon, s_rig.frames.frames[0], view);
}

static const node_id_t s_mine[S_PARTITIONS] = { S_SELF, S_SELF, S_SELF, S_SELF };
static const node_id_t s_ours[S_PARTITIONS] = { S_SELF, S_OTHER, S_SELF, S_OTHER };

static void
s_begin (const node_id_t *owners, uint16_t own_actors, bool together)
{
    s_start (own_actors);
    inner_t here = s_heard ();
    ck_assert (here.kind == INNER_HERE && here.index == INNER_ROUTER);
    s_tell_view (owners, own_actors, together);
}

//  ------------------------------------------------------------------------------------------------
//  Clients

static bytes_t
s_key (uint32_t partition)
{
    static char s_text[8];
    for (unsigned number = 0;; number++) {
        snprintf (s_text, sizeof s_text, "k%u", number);
        if (slot_partition (slot_of_key (bytes_str (s_text)), S_PARTITIONS) == partition)
            return bytes_str (s_text);
    }
}

static void
s_send (uint64_t id, op_t op, uint32_t partition, const options_t *options)
{
    buf_t body = BUF_INIT;
    bytes_t key = s_key (partition);
    wire_begin (&body);
    wire_request (&body, id, op, bytes_str ("map"), op_info (op)->routing == ROUTING_KEY ? &key : NULL, NULL,
                  options);
    ck_assert_int_eq (zsock_send (s_rig.client, "b", body.data, body.size), 0);
    buf_clear (&body);
}

//  The next reply; readable until the one after it.
static reply_t
s_reply (void)
{
    mp_t reader;
    reply_t reply;
    zmsg_destroy (&s_rig.reply);
    s_rig.reply = zmsg_recv (s_rig.client);
    ck_assert_ptr_nonnull (s_rig.reply);
    zframe_t *frame = zmsg_last (s_rig.reply);
    ck_assert (wire_open (bytes_of (zframe_data (frame), zframe_size (frame)), &reader));
    ck_assert (wire_next_reply (&reader, &reply) == WIRE_RECORD);
    return reply;
}

//  The router hears of a view through another socket than of clients: asks until it knows that one.
static void
s_await_view (void)
{
    for (;;) {
        s_send (999, OP_HELLO, 0, NULL);
        reply_t reply = s_reply ();
        if (reply.status == ZGRID_OK && talk_number (&reply, "epoch") == s_rig.version)
            return;
    }
}

//  ------------------------------------------------------------------------------------------------
//  Storage actors

//  Takes what comes to one: the first record of it.
static request_t
s_take (zsock_t *socket)
{
    mp_t reader;
    request_t request;
    zmsg_destroy (&s_rig.taken);
    zframe_destroy (&s_rig.body);
    s_rig.taken = zmsg_recv (socket);
    ck_assert_ptr_nonnull (s_rig.taken);
    zframe_t *last = zmsg_last (s_rig.taken);
    zmsg_remove (s_rig.taken, last);
    s_rig.body = last;
    ck_assert (wire_open (bytes_of (zframe_data (last), zframe_size (last)), &reader));
    ck_assert (wire_next_request (&reader, &request) == WIRE_RECORD);
    return request;
}

static void
s_answer (zsock_t *socket, uint64_t id, unsigned status, int64_t value, const char *owner)
{
    buf_t body = BUF_INIT;
    meta_t meta = { .given = owner ? META_owner : 0, .owner = bytes_str (owner) };
    wire_begin (&body);
    wire_reply (&body, id, status, value_int (value), 0, &meta);
    zmsg_t *message = zmsg_dup (s_rig.taken);
    zmsg_addmem (message, body.data, body.size);
    ck_assert_int_eq (zmsg_send (&message, socket), 0);
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
//  Tests

START_TEST (before_this_node_is_a_member_it_is_too_early)
{
    s_start (1);
    s_send (1, OP_GET, 1, NULL);
    s_is_reply (1, ZGRID_TRYAGAIN, 0);
    s_send (2, OP_HELLO, 1, NULL);
    s_is_reply (2, ZGRID_TRYAGAIN, 0);
    s_send (3, OP_PING, 1, NULL);
    ck_assert_uint_eq (s_reply ().status, ZGRID_OK);
}
END_TEST

START_TEST (alone_it_passes_records_on_as_they_are)
{
    s_begin (s_mine, 1, false);
    s_await_view ();
    s_send (7, OP_INCR, 1, NULL);
    request_t request = s_take (s_rig.peer);
    ck_assert_uint_eq (request.id, 7);
    ck_assert_uint_eq (request.options.size, 0);
    s_answer (s_rig.peer, 7, ZGRID_OK, 1, NULL);
    s_is_reply (7, ZGRID_OK, 1);
}
END_TEST

START_TEST (a_record_goes_to_the_member_that_owns_it)
{
    s_begin (s_ours, 1, true);
    s_await_view ();
    s_send (7, OP_INCR, 1, NULL);
    request_t request = s_take (s_rig.other);
    options_t options;
    const char *why;
    ck_assert (options_decode (request.options, &options, &why) && (options.given & OPT_session));
    s_answer (s_rig.other, request.id, ZGRID_OK, 5, NULL);
    s_is_reply (7, ZGRID_OK, 5);
    s_send (8, OP_INCR, 2, NULL);
    request = s_take (s_rig.own);
    s_answer (s_rig.own, request.id, ZGRID_OK, 6, NULL);
    s_is_reply (8, ZGRID_OK, 6);
}
END_TEST

START_TEST (what_has_moved_is_sent_after_it)
{
    char owner[32];
    snprintf (owner, sizeof owner, "tcp://127.0.0.1:%u", s_rig.other_port);
    s_begin (s_ours, 1, true);
    s_await_view ();
    s_send (7, OP_INCR, 2, NULL);
    uint64_t id = s_take (s_rig.own).id;
    s_answer (s_rig.own, id, ZGRID_MOVED, 0, owner);
    ck_assert_uint_eq (s_take (s_rig.other).id, id);
    s_answer (s_rig.other, id, ZGRID_OK, 1, NULL);
    s_is_reply (7, ZGRID_OK, 1);
}
END_TEST

START_TEST (a_new_view_takes_records_from_a_lost_member)
{
    s_begin (s_ours, 1, true);
    s_await_view ();
    s_send (7, OP_INCR, 1, NULL);
    uint64_t id = s_take (s_rig.other).id; // Which never answers
    s_send (8, OP_CLUSTER, 0, NULL);
    inner_t asked = s_heard ();
    ck_assert_uint_eq (asked.kind, INNER_RECORD);
    s_tell_view (s_mine, 1, true);
    ck_assert_uint_eq (s_take (s_rig.own).id, id);
    s_answer (s_rig.own, id, ZGRID_OK, 1, NULL);
    s_is_reply (7, ZGRID_OK, 1);
}
END_TEST

//  _i 0: alone, 1: with another member
START_TEST (the_beacon_answers_for_the_cluster)
{
    s_begin (s_mine, 1, _i);
    s_await_view ();
    s_send (9, OP_CLUSTER, 0, NULL);
    inner_t asked = s_heard ();
    ck_assert_uint_eq (asked.kind, INNER_RECORD);
    mp_t reader = mp_of (asked.record);
    request_t request;
    ck_assert (wire_next_request (&reader, &request) == WIRE_RECORD && request.op == OP_CLUSTER);
    buf_t reply = BUF_INIT;
    wire_reply (&reply, request.id, ZGRID_OK, value_int (77), 0, NULL);
    s_tell ((inner_t) { .kind = INNER_ANSWER, .number = asked.number, .record = buf_bytes (&reply) });
    s_is_reply (9, ZGRID_OK, 77);
    buf_clear (&reply);
}
END_TEST

//  What the beacon cannot be sent is answered, and not waited for: here because it is gone.
START_TEST (a_beacon_that_takes_nothing_is_busy)
{
    s_begin (s_mine, 1, false);
    s_await_view ();
    zsock_unbind (s_rig.beacon, "inproc://test-beacon");
    zsock_destroy (&s_rig.beacon);
    s_rig.beacon = talk_socket (ZMQ_ROUTER, "inproc://test-beacon",
                                true); // Which the router is not connected to
    //  The first one may have been sent before the router sees that
    s_send (9, OP_CLUSTER, 0, NULL);
    reply_t reply = s_reply ();
    if (reply.status == ZGRID_TIMEOUT) {
        s_send (10, OP_CLUSTER, 0, NULL);
        reply = s_reply ();
    }
    ck_assert_uint_eq (reply.status, ZGRID_BUSY);
}
END_TEST

START_TEST (hello_gives_a_session_of_its_own_to_each)
{
    uint8_t first[64];
    s_begin (s_mine, 1, false);
    s_await_view ();
    s_send (1, OP_HELLO, 0, NULL);
    reply_t reply = s_reply ();
    ck_assert_uint_le (reply.value.bytes.size, sizeof first);
    size_t size = reply.value.bytes.size;
    memcpy (first, reply.value.bytes.data, size);
    s_send (2, OP_HELLO, 0, NULL);
    reply = s_reply ();
    ck_assert_uint_eq (reply.value.bytes.size, size);
    ck_assert_mem_ne (reply.value.bytes.data, first, size);
}
END_TEST

START_TEST (who_wants_to_is_told_of_views)
{
    options_t options = { .given = OPT_views };
    s_begin (s_ours, 1, true);
    s_await_view ();
    s_send (1, OP_HELLO, 0, &options);
    ck_assert_uint_eq (s_reply ().status, ZGRID_OK);
    s_tell_view (s_mine, 1, true);
    zmsg_destroy (&s_rig.reply);
    s_rig.reply = zmsg_recv (s_rig.client);
    ck_assert_ptr_nonnull (s_rig.reply);
    zframe_t *frame = zmsg_last (s_rig.reply);
    //  No member of this view has a public endpoint
    static const uint8_t s_push[] = { 'Z', 'G', 1, 0x95, 0, 0xa4, 'V', 'I', 'E', 'W', 0x90, 2, 0xc0 };
    ck_assert_uint_eq (zframe_size (frame), sizeof s_push);
    ck_assert_mem_eq (zframe_data (frame), s_push, sizeof s_push);
}
END_TEST

//  Sends the router an event as the beacon does.
static void
s_tell_event (uint64_t number, const char *json)
{
    buf_t events = BUF_INIT;
    wire_add_array (&events, 3);
    wire_add_uint (&events, number);
    wire_add_uint (&events, 5);
    wire_add_bytes (&events, bytes_str (json));
    s_tell ((inner_t) { .kind = INNER_EVENTS, .record = buf_bytes (&events) });
    buf_clear (&events);
}

START_TEST (who_wants_to_is_told_of_events)
{
    options_t options = { .given = OPT_events };
    s_begin (s_mine, 1, _i);
    s_await_view ();
    s_tell_event (1, "{\"early\":1}");
    s_tell_view (s_mine, 1, _i);
    s_await_view ();              // What came before it has been heard
    s_send (1, OP_PING, 0, NULL); // Who has not asked gets none
    s_is_reply (1, ZGRID_OK, 0);
    s_send (2, OP_HELLO, 0, &options);
    ck_assert_uint_eq (s_reply ().status, ZGRID_OK);
    s_tell_event (3, "{\"a\":1}");
    zmsg_destroy (&s_rig.reply);
    s_rig.reply = zmsg_recv (s_rig.client);
    ck_assert_ptr_nonnull (s_rig.reply);
    zframe_t *frame = zmsg_last (s_rig.reply);
    mp_t reader;
    uint32_t count;
    uint64_t id, version;
    bytes_t name, json;
    ck_assert (wire_open (bytes_of (zframe_data (frame), zframe_size (frame)), &reader));
    ck_assert (mp_array (&reader, &count) && count == 5 && mp_uint (&reader, &id) && id == 0);
    ck_assert (mp_bytes (&reader, &name) && bytes_equal (name, bytes_str ("EVENT")));
    ck_assert (mp_bytes (&reader, &json) && mp_uint (&reader, &version) && version == 5);
    ck_assert_msg (bytes_equal (json, bytes_str ("{\"lost\":1,\"a\":1}")), "%.*s", (int) json.size,
                   (const char *) json.data);
}
END_TEST

START_TEST (a_witness_forwards_everything)
{
    static const node_id_t s_theirs[S_PARTITIONS] = { S_OTHER, S_OTHER, S_OTHER, S_OTHER };
    s_begin (s_theirs, 0, true);
    s_await_view ();
    s_send (7, OP_INCR, 3, NULL);
    uint64_t id = s_take (s_rig.other).id;
    s_answer (s_rig.other, id, ZGRID_OK, 2, NULL);
    s_is_reply (7, ZGRID_OK, 2);
    s_send (8, OP_STATS, 0, NULL);
    reply_t reply = s_reply ();
    ck_assert (reply.id == 8 && reply.status == ZGRID_OK && reply.value.kind == VALUE_TREE);
}
END_TEST

static uint64_t
s_stat (const char *name)
{
    s_send (999, OP_STATS, 0, NULL);
    reply_t reply = s_reply ();
    return talk_number (&reply, name);
}

START_TEST (forwarded_records_are_counted)
{
    static const node_id_t s_theirs[S_PARTITIONS] = { S_OTHER, S_OTHER, S_OTHER, S_OTHER };
    s_begin (s_theirs, 0, true);
    s_await_view ();
    ck_assert_uint_eq (s_stat ("forward_records"), 1); // STATS itself
    s_send (7, OP_INCR, 3, NULL);
    uint64_t id = s_take (s_rig.other).id;
    ck_assert_uint_eq (s_stat ("forward_records"), 2);
    ck_assert_uint_gt (s_stat ("forward_bytes"), 0);
    ck_assert_uint_eq (s_stat ("forward_resent"), 0);
    s_answer (s_rig.other, id, ZGRID_TRYAGAIN, 0, NULL);
    ck_assert_uint_eq (s_take (s_rig.other).id, id);
    ck_assert_uint_ge (s_stat ("forward_resent"), 1);
    s_answer (s_rig.other, id, ZGRID_OK, 2, NULL);
    s_is_reply (7, ZGRID_OK, 2);
    ck_assert_uint_eq (s_stat ("forward_records"), 1);
    options_t soon = { .given = OPT_deadline, .deadline = 1 };
    s_send (8, OP_INCR, 3, &soon);
    reply_t reply = s_reply ();
    ck_assert (reply.id == 8 && (reply.status == ZGRID_MAYBE || reply.status == ZGRID_TIMEOUT));
    bool maybe = reply.status == ZGRID_MAYBE;
    ck_assert_uint_eq (s_stat ("forward_maybes"), maybe);
    ck_assert_uint_eq (s_stat ("forward_timeouts"), !maybe);
    s_answer (s_rig.other, id, ZGRID_OK, 2, NULL);
    while (s_stat ("forward_late") == 0)
        ;
}
END_TEST

START_TEST (what_was_passed_on_comes_back_before_anything_is_forwarded)
{
    s_begin (s_mine, 1, false);
    s_await_view ();
    s_send (7, OP_INCR, 1, NULL);
    s_take (s_rig.peer);
    s_tell_view (s_mine, 1, true);
    s_send (8, OP_INCR, 1, NULL);
    s_answer (s_rig.peer, 7, ZGRID_OK, 1, NULL);
    s_is_reply (7, ZGRID_OK, 1);
    //  Where the second goes depends on whether it or the view came first; it comes back either way
    zpoller_t *poller = zpoller_new (s_rig.peer, s_rig.own, NULL);
    zsock_t *where = zpoller_wait (poller, TALK_PATIENCE);
    ck_assert_ptr_nonnull (where);
    uint64_t id = s_take (where).id;
    s_answer (where, id, ZGRID_OK, 2, NULL);
    s_is_reply (8, ZGRID_OK, 2);
    s_await_view ();
    s_send (9, OP_INCR, 1, NULL);
    id = s_take (s_rig.own).id;
    s_answer (s_rig.own, id, ZGRID_OK, 3, NULL);
    s_is_reply (9, ZGRID_OK, 3);
    zpoller_destroy (&poller);
}
END_TEST

START_TEST (what_owners_should_not_send_harms_nobody)
{
    static const char *const s_junk[] = { "", "x", "ZG\1", "ZG\1\x95\x01\x02" };
    s_begin (s_ours, 1, true);
    s_await_view ();
    s_send (7, OP_INCR, 1, NULL);
    uint64_t id = s_take (s_rig.other).id;
    zframe_t *route = zmsg_first (s_rig.taken);
    for (size_t at = 0; at < sizeof s_junk / sizeof s_junk[0]; at++)
        for (size_t frames = 1; frames < 6; frames++) {
            zmsg_t *message = zmsg_new ();
            zmsg_addmem (message, zframe_data (route), zframe_size (route));
            for (size_t frame = 0; frame < frames; frame++)
                zmsg_addstr (message, s_junk[at]);
            ck_assert_int_eq (zmsg_send (&message, s_rig.other), 0);
        }
    s_answer (s_rig.other, id + 1, ZGRID_OK, 1, NULL);
    s_answer (s_rig.other, id, ZGRID_OK, 2, NULL);
    s_is_reply (7, ZGRID_OK, 2);
    s_await_view (); // A turn has passed since
    ck_assert_uint_eq (atomic_load (&s_rig.lines), 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("router");
    TCase *router = tcase_create ("router");
    tcase_add_checked_fixture (router, s_set_up, s_tear_down);
    tcase_set_timeout (router, TEST_TIMEOUT);
    tcase_add_test (router, before_this_node_is_a_member_it_is_too_early);
    tcase_add_test (router, alone_it_passes_records_on_as_they_are);
    tcase_add_test (router, a_record_goes_to_the_member_that_owns_it);
    tcase_add_test (router, what_has_moved_is_sent_after_it);
    tcase_add_test (router, a_new_view_takes_records_from_a_lost_member);
    tcase_add_loop_test (router, the_beacon_answers_for_the_cluster, 0, 2);
    tcase_add_test (router, a_beacon_that_takes_nothing_is_busy);
    tcase_add_test (router, hello_gives_a_session_of_its_own_to_each);
    tcase_add_test (router, who_wants_to_is_told_of_views);
    tcase_add_loop_test (router, who_wants_to_is_told_of_events, 0, 2);
    tcase_add_test (router, a_witness_forwards_everything);
    tcase_add_test (router, forwarded_records_are_counted);
    tcase_add_test (router, what_was_passed_on_comes_back_before_anything_is_forwarded);
    tcase_add_test (router, what_owners_should_not_send_harms_nobody);
    suite_add_tcase (suite, router);
    return suite;
}

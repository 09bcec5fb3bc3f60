//  check_storage_actor: one storage actor in a cluster that the test plays: its beacon, the router of
//  its node, another member's storage actor, and clients.
//  SPDX-License-Identifier: MPL-2.0
#include "actors/fellows.h"
#include "actors/storage_actor.h"
#include "lib/test.h"
#include "status.h"
#include "watchers.h"

#define S_SELF 0x11u
#define S_OTHER 0x22u
#define S_CLUSTER 0xc1u
#define S_PARTITIONS 4
#define S_PATIENCE 20000 // Milliseconds; nothing takes so long

typedef struct {
    storage_t *storage;
    actor_t *actor;
    lease_t lease;
    zsock_t *beacon; // ROUTER, as the beacon's
    uint8_t route[256]; // Of the actor there
    size_t route_size;
    zsock_t *router; // DEALER, as the router's
    zsock_t *other;  // ROUTER: where the other member's storage actor would be
    zsock_t *data;   // DEALER to the actor's data door
    char *client_endpoint;
    uint64_t version;
    frames_t frames;
    zmsg_t *reply;   // The last one
} rig_t;

static rig_t s_rig;

//  ------------------------------------------------------------------------------------------------
//  Setting up

static zsock_t *
s_socket (int type, const char *endpoint, bool binds)
{
    zsock_t *socket = zsock_new (type);
    ck_assert_ptr_nonnull (socket);
    zsock_set_rcvtimeo (socket, S_PATIENCE);
    zsock_set_linger (socket, 0);
    int code = binds ? zsock_bind (socket, "%s", endpoint) : zsock_connect (socket, "%s", endpoint);
    ck_assert_int_ge (code, 0);
    return socket;
}

static char *
s_ask_actor (const char *command)
{
    zmsg_t *answer = actor_command (s_rig.actor, command, NULL);
    char *text = zmsg_popstr (answer);
    zmsg_destroy (&answer);
    ck_assert_ptr_nonnull (text);
    return text;
}

static void
s_set_up (void)
{
    zsys_handler_set (NULL);
    memset (&s_rig, 0, sizeof s_rig);
    storage_config_t config = { .actors = 1,
                                .partitions = S_PARTITIONS,
                                .maps_max = 16,
                                .key_max = 1024,
                                .value_max = 1u << 20,
                                .batch_max = 1000,
                                .resend = 20,
                                .silence = 200,
                                .seed = { 1 } };
    s_rig.storage = storage_new (&config, NULL);
    lease_set (&s_rig.lease, LEASE_FOREVER, 0);
    //  A socket that is being closed keeps its name for a while: each test has its own
    static unsigned number;
    char beacon[32], router[32];
    snprintf (beacon, sizeof beacon, "inproc://test-beacon-%u", ++number);
    snprintf (router, sizeof router, "inproc://test-router-%u", number);
    node_info_t info = { .name = "test", .version = "0", .started = 0 };
    storage_actor_args_t args
        = { .storage = s_rig.storage,
            .door = { .flow = { 1000, 1u << 20, 10000, 60000, 16 },
                      .sndhwm = 1000,
                      .rcvhwm = 1000,
                      .large_max = 1u << 24,
                      .frame_max = 1 << 22 },
            .client_endpoint = "tcp://127.0.0.1:*",
            .peer_inproc = router,
            .peer_hwm = 100,
            .beacon_inproc = beacon,
            .data_endpoint = "tcp://127.0.0.1:*",
            .node = S_SELF,
            .lease = &s_rig.lease,
            .info = &info };
    buf_t why = BUF_INIT;
    s_rig.actor = actor_new (&storage_actor_spec, &args, &why);
    ck_assert_msg (s_rig.actor != NULL, "%.*s", (int) why.size, (const char *) why.data);
    s_rig.client_endpoint = s_ask_actor ("ENDPOINT");
    char *data = s_ask_actor ("DATA");
    s_rig.beacon = s_socket (ZMQ_ROUTER, beacon, true);
    s_rig.router = s_socket (ZMQ_DEALER, router, false);
    s_rig.other = s_socket (ZMQ_ROUTER, "tcp://127.0.0.1:*", true);
    s_rig.data = s_socket (ZMQ_DEALER, data, false);
    zstr_free (&data);
}

static void
s_tear_down (void)
{
    actor_destroy (&s_rig.actor, 0);
    storage_destroy (&s_rig.storage);
    frames_close (&s_rig.frames);
    zmsg_destroy (&s_rig.reply);
    zsock_destroy (&s_rig.beacon);
    zsock_destroy (&s_rig.router);
    zsock_destroy (&s_rig.other);
    zsock_destroy (&s_rig.data);
    zstr_free (&s_rig.client_endpoint);
}

//  ------------------------------------------------------------------------------------------------
//  The beacon

//  What the actor says next.
static inner_t
s_heard (void)
{
    inner_t message = { .kind = 0 };
    zpoller_t *poller = zpoller_new (s_rig.beacon, NULL);
    frames_close (&s_rig.frames);
    while (!inner_receive (zsock_resolve (s_rig.beacon), &s_rig.frames, true, &message))
        ck_assert_ptr_nonnull (zpoller_wait (poller, S_PATIENCE));
    zpoller_destroy (&poller);
    bytes_t route = s_rig.frames.frames[0];
    assert (route.size <= sizeof s_rig.route);
    memcpy (s_rig.route, route.data, route.size);
    s_rig.route_size = route.size;
    return message;
}

static void
s_tell (inner_t message)
{
    if (s_rig.route_size == 0)
        ck_assert_uint_eq (s_heard ().kind, INNER_HERE);
    bytes_t route = bytes_of (s_rig.route, s_rig.route_size);
    ck_assert (inner_send (zsock_resolve (s_rig.beacon), &route, &message));
}

static uint16_t
s_port (zsock_t *socket)
{
    const char *colon = strrchr (zsock_endpoint (socket), ':');
    return (uint16_t) strtoul (colon + 1, NULL, 10);
}

//  A view with the other member, and with this one if `named`. Partitions belong to this one; the other
//  one has copies of them if `copies` is 2.
static view_t *
s_view (bool named, unsigned copies)
{
    view_t *view = view_new (S_PARTITIONS);
    member_t self = { .id = S_SELF, .name = "self", .host = "127.0.0.1", .weight = 100, .actors = 1 };
    member_t other = { .id = S_OTHER, .name = "other", .host = "127.0.0.1", .weight = 100, .actors = 1 };
    self.beacon_port = other.beacon_port = 1;
    self.client_ports[0] = other.client_ports[0] = 2;
    self.peer_ports[0] = 3;
    other.peer_ports[0] = s_port (s_rig.other);
    view->cluster = S_CLUSTER;
    view->version = ++s_rig.version;
    view->cfg = 1;
    view->voters_max = 1;
    view->copies = (uint8_t) copies;
    view->era = 1; // No sessions to be forgotten
    view->seed[0] = 1;
    ck_assert_ptr_nonnull (view_add_member (view, &other));
    if (named)
        ck_assert_ptr_nonnull (view_add_member (view, &self));
    view->voters_count = 1;
    view->voters[0] = S_OTHER;
    for (unsigned partition = 0; partition < S_PARTITIONS; partition++) {
        part_t *part = &view->parts[partition];
        node_id_t owner = named ? S_SELF : S_OTHER;
        *part = (part_t) { .epoch = 1, .primary = owner, .reps_count = 1, .reps = { owner } };
        if (named && copies == 2)
            part->reps[part->reps_count++] = S_OTHER;
    }
    return view;
}

static void
s_publish (view_t *view)
{
    buf_t encoded = BUF_INIT, hello = BUF_INIT, routes = BUF_INIT;
    view_encode (view, &encoded);
    wire_add_text (&hello, "epoch");
    wire_add_uint (&hello, view->version);
    wire_add_map (&routes, 1);
    wire_add_text (&routes, "epoch");
    wire_add_uint (&routes, view->version);
    s_tell ((inner_t) { .kind = INNER_VIEW,
                        .view = buf_bytes (&encoded),
                        .hello = buf_bytes (&hello),
                        .hello_pairs = 1,
                        .routes = buf_bytes (&routes) });
    buf_clear (&encoded);
    buf_clear (&hello);
    buf_clear (&routes);
    view_destroy (&view);
}

//  ------------------------------------------------------------------------------------------------
//  Clients

static zsock_t *
s_client (void)
{
    return s_socket (ZMQ_DEALER, s_rig.client_endpoint, false);
}

static void
s_send (zsock_t *client, op_t op, uint64_t id, const char *key, const char *value, const options_t *options)
{
    buf_t body = BUF_INIT;
    bytes_t named = bytes_str (key ? key : "");
    value_t given = value ? value_bytes (bytes_str (value)) : value_nil ();
    wire_begin (&body);
    wire_request (&body, id, op, bytes_str (key ? "m" : ""), key ? &named : NULL, &given, options);
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, body.data, body.size);
    ck_assert_int_eq (zmsg_send (&message, client), 0);
    buf_clear (&body);
}

static bytes_t
s_frame (zframe_t *frame)
{
    return bytes_of (zframe_data (frame), zframe_size (frame));
}

//  The next message of the client: its last frame.
static bytes_t
s_body (zsock_t *client)
{
    zmsg_destroy (&s_rig.reply);
    s_rig.reply = zmsg_recv (client);
    ck_assert_ptr_nonnull (s_rig.reply);
    return s_frame (zmsg_last (s_rig.reply));
}

//  The next reply, which is the only one of its body.
static reply_t
s_reply (zsock_t *client)
{
    mp_t reader;
    reply_t reply;
    ck_assert (wire_open (s_body (client), &reader));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert (mp_at_end (&reader));
    return reply;
}

static reply_t
s_ask (zsock_t *client, op_t op, const char *key, const char *value, const options_t *options)
{
    static uint64_t id;
    s_send (client, op, ++id, key, value, options);
    reply_t reply = s_reply (client);
    ck_assert_uint_eq (reply.id, id);
    return reply;
}

//  A value of a map in a reply; fails if it is not there.
static mp_t
s_look_up (const reply_t *reply, const char *name)
{
    mp_t reader = mp_of (reply->value.bytes);
    uint32_t pairs;
    bytes_t found;
    ck_assert_int_eq (reply->value.kind, VALUE_TREE);
    ck_assert (mp_map (&reader, &pairs));
    for (; pairs; pairs--) {
        ck_assert (mp_bytes (&reader, &found));
        if (bytes_equal (found, bytes_str (name)))
            return reader;
        ck_assert (mp_skip (&reader));
    }
    ck_abort_msg ("%s is missing", name);
    return reader;
}

static uint64_t
s_number (const reply_t *reply, const char *name)
{
    mp_t reader = s_look_up (reply, name);
    uint64_t number;
    ck_assert (mp_uint (&reader, &number));
    return number;
}

static uint64_t
s_stat (zsock_t *client, const char *name)
{
    reply_t reply = s_ask (client, OP_STATS, NULL, NULL, NULL);
    return s_number (&reply, name);
}

//  ------------------------------------------------------------------------------------------------
//  The other member

#define S_FIELDS_MAX 8

//  One data message; bytes count as their size.
typedef struct {
    peer_type_t type;
    uint64_t fields[S_FIELDS_MAX]; // Partition, epoch…
} s_data_t;

static void
s_answer_data (peer_type_t type, const uint64_t *fields, uint32_t count)
{
    buf_t body = BUF_INIT;
    peer_head_t head = { .cluster = S_CLUSTER, .from = S_OTHER, .to = S_SELF };
    peer_begin (&body, &head);
    wire_add_array (&body, count + 1);
    wire_add_uint (&body, type);
    for (uint32_t at = 0; at < count; at++)
        wire_add_uint (&body, fields[at]);
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, body.data, body.size);
    ck_assert_int_eq (zmsg_send (&message, s_rig.data), 0);
    buf_clear (&body);
}

static bool
s_read_data (mp_t *reader, s_data_t *data)
{
    uint32_t count;
    mp_token_t token;
    *data = (s_data_t) { .type = peer_next (reader, &count) };
    ck_assert_uint_le (count, S_FIELDS_MAX);
    for (uint32_t at = 0; at < count; at++) {
        ck_assert (mp_next (reader, &token));
        data->fields[at] = token.kind == MP_BYTES ? token.bytes.size : (uint64_t) token.integer;
    }
    return data->type != PEER_NONE;
}

//  The other one has all entries of this REPL.
static void
s_acknowledge (const s_data_t *repl)
{
    uint64_t last = repl->fields[3] + repl->fields[4] - 1;
    uint64_t fields[] = { repl->fields[0], repl->fields[1], repl->fields[2], last, 0, repl->fields[5] };
    s_answer_data (PEER_REPL_ACK, fields, 6);
}

//  Is in step, and waits for the entry of the first write, which is not acknowledged.
static s_data_t
s_await_write (void)
{
    for (;;) {
        zmsg_t *message = zmsg_recv (s_rig.other);
        ck_assert_ptr_nonnull (message);
        ck_assert_uint_eq (zmsg_size (message), 2);
        peer_head_t head;
        mp_t reader;
        s_data_t data, found = { .type = PEER_NONE };
        ck_assert (peer_open (s_frame (zmsg_last (message)), &head, &reader));
        ck_assert_uint_eq (head.cluster, S_CLUSTER);
        ck_assert_uint_eq (head.from, S_SELF);
        ck_assert_uint_eq (head.to, S_OTHER);
        while (s_read_data (&reader, &data)) {
            if (data.type == PEER_NEW_EPOCH) {
                uint64_t in_step[] = { data.fields[0], data.fields[1], 0 };
                s_answer_data (PEER_NEW_EPOCH_ACK, in_step, 3);
            } else if (data.type == PEER_REPL && data.fields[4])
                found = data;
        }
        zmsg_destroy (&message);
        if (found.type != PEER_NONE)
            return found;
    }
}

static void
s_assert_silent (zsock_t *client)
{
    zpoller_t *poller = zpoller_new (client, NULL);
    ck_assert_ptr_null (zpoller_wait (poller, 50));
    zpoller_destroy (&poller);
}

//  ------------------------------------------------------------------------------------------------
//  Tests

START_TEST (the_doors_open_with_the_first_view_that_names_the_node)
{
    zsock_t *client = s_client ();
    inner_t here = s_heard ();
    ck_assert_uint_eq (here.kind, INNER_HERE);
    ck_assert_uint_eq (here.index, 0);
    s_send (client, OP_PING, 1, NULL, "early", NULL);
    s_assert_silent (client);
    s_publish (s_view (false, 1));
    s_assert_silent (client);
    s_publish (s_view (true, 1));
    reply_t reply = s_reply (client);
    ck_assert_uint_eq (reply.id, 1);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert (bytes_equal (reply.value.bytes, bytes_str ("early")));
    zsock_destroy (&client);
}
END_TEST

START_TEST (hello_tells_the_view_and_gives_a_fresh_session)
{
    zsock_t *client = s_client ();
    uint8_t sessions[2][SESSION_SIZE];
    s_publish (s_view (true, 1));
    for (int at = 0; at < 2; at++) {
        reply_t reply = s_ask (client, OP_HELLO, NULL, NULL, NULL);
        bytes_t session;
        ck_assert_uint_eq (s_number (&reply, "epoch"), 1);
        ck_assert_uint_eq (s_number (&reply, "era"), 1);
        mp_t reader = s_look_up (&reply, "session");
        ck_assert (mp_bytes (&reader, &session));
        ck_assert_uint_eq (session.size, SESSION_SIZE);
        memcpy (sessions[at], session.data, SESSION_SIZE);
    }
    ck_assert_mem_ne (sessions[0], sessions[1], SESSION_SIZE);
    reply_t routes = s_ask (client, OP_ROUTES, NULL, NULL, NULL);
    ck_assert_uint_eq (s_number (&routes, "epoch"), 1);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_new_view_is_pushed_to_who_asked_for_it)
{
    zsock_t *client = s_client (), *other = s_client ();
    options_t views = { .given = OPT_views };
    s_publish (s_view (true, 1));
    ck_assert_uint_eq (s_ask (client, OP_HELLO, NULL, NULL, &views).status, ZGRID_OK);
    ck_assert_uint_eq (s_ask (other, OP_HELLO, NULL, NULL, NULL).status, ZGRID_OK);
    s_publish (s_view (true, 1));
    const uint8_t push[] = { 'Z', 'G', 1, 0x95, 0, 0xa4, 'V', 'I', 'E', 'W', 0xc0, 2, 0xc0 };
    bytes_t body = s_body (client);
    ck_assert_uint_eq (body.size, sizeof push);
    ck_assert_mem_eq (body.data, push, sizeof push);
    reply_t routes = s_ask (client, OP_ROUTES, NULL, NULL, NULL);
    ck_assert_uint_eq (s_number (&routes, "epoch"), 2);
    //  The next message of the other one is the reply: it got no push
    ck_assert_uint_eq (s_ask (other, OP_PING, NULL, NULL, NULL).status, ZGRID_OK);
    zsock_destroy (&client);
    zsock_destroy (&other);
}
END_TEST

START_TEST (each_door_refuses_what_belongs_at_the_other)
{
    zsock_t *client = s_client ();
    s_publish (s_view (true, 1));
    ck_assert_uint_eq (s_stat (client, "foreign"), 0);
    ck_assert_int_eq (zsock_send (client, "s", PEER_SIGNATURE "not for clients"), 0);
    ck_assert_uint_eq (s_stat (client, "foreign"), 1);
    s_send (s_rig.data, OP_PUT, 1, "key", "value", NULL);
    ck_assert_int_eq (zsock_send (s_rig.data, "s", "GET / HTTP/1.1"), 0);
    ck_assert_int_eq (zsock_send (s_rig.data, "ss", "", PEER_SIGNATURE "with an envelope"), 0);
    ck_assert_int_eq (zsock_send (s_rig.data, "s", PEER_SIGNATURE), 0);
    while (s_stat (client, "foreign") < 5)
        ;
    ck_assert_uint_eq (s_stat (client, "foreign"), 5);
    ck_assert_uint_eq (s_stat (client, "entries"), 0);
    zsock_destroy (&client);
}
END_TEST

START_TEST (cluster_operations_are_for_the_router)
{
    zsock_t *client = s_client ();
    s_publish (s_view (true, 1));
    ck_assert_uint_eq (s_ask (client, OP_CLUSTER, NULL, NULL, NULL).status, ZGRID_BADOP);
    ck_assert_uint_eq (s_ask (client, OP_ADMIN, NULL, NULL, NULL).status, ZGRID_BADOP);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_single_copy_answers_at_once_and_not_without_its_lease)
{
    zsock_t *client = s_client ();
    s_publish (s_view (true, 1));
    ck_assert_uint_eq (s_ask (client, OP_PUT, "key", "value", NULL).status, ZGRID_OK);
    reply_t reply = s_ask (client, OP_GET, "key", NULL, NULL);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert (bytes_equal (reply.value.bytes, bytes_str ("value")));
    lease_set (&s_rig.lease, 1, 0);
    ck_assert_uint_eq (s_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_TRYAGAIN);
    lease_set (&s_rig.lease, LEASE_FOREVER, 1); // Of another generation than the view's
    ck_assert_uint_eq (s_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_TRYAGAIN);
    lease_set (&s_rig.lease, LEASE_FOREVER, 0);
    ck_assert_uint_eq (s_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_OK);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_write_is_told_when_the_other_copy_has_it)
{
    zsock_t *client = s_client (), *reader = s_client ();
    s_publish (s_view (true, 2));
    s_send (client, OP_PUT, 1, "key", "value", NULL);
    s_data_t repl = s_await_write ();
    s_assert_silent (client);
    s_send (reader, OP_GET, 2, "key", NULL, NULL); // Would tell what is not committed
    s_assert_silent (reader);
    ck_assert_uint_eq (s_ask (client, OP_PING, NULL, NULL, NULL).status, ZGRID_OK);
    s_acknowledge (&repl);
    reply_t reply = s_reply (client);
    ck_assert_uint_eq (reply.id, 1);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    reply = s_reply (reader);
    ck_assert_uint_eq (reply.id, 2);
    ck_assert (bytes_equal (reply.value.bytes, bytes_str ("value")));
    ck_assert_uint_gt (s_stat (client, "peer_sent"), 0);
    ck_assert_uint_eq (s_stat (client, "peer_dropped"), 0);
    zsock_destroy (&client);
    zsock_destroy (&reader);
}
END_TEST

START_TEST (the_router_gets_back_what_it_gave_with_the_reply)
{
    s_publish (s_view (true, 2));
    buf_t body = BUF_INIT;
    bytes_t key = bytes_str ("key");
    value_t value = value_bytes (bytes_str ("value"));
    wire_begin (&body);
    wire_request (&body, 9, OP_PUT, bytes_str ("m"), &key, &value, NULL);
    zmsg_t *message = zmsg_new ();
    zmsg_addstr (message, "cROUTE");
    zmsg_addstr (message, "envelope");
    zmsg_addmem (message, "", 0);
    zmsg_addmem (message, body.data, body.size);
    ck_assert_int_eq (zmsg_send (&message, s_rig.router), 0);
    buf_clear (&body);
    s_data_t repl = s_await_write ();
    s_assert_silent (s_rig.router);
    s_acknowledge (&repl);
    reply_t reply = s_reply (s_rig.router);
    ck_assert_uint_eq (reply.id, 9);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert_uint_eq (zmsg_size (s_rig.reply), 4);
    ck_assert (zframe_streq (zmsg_first (s_rig.reply), "cROUTE"));
    ck_assert (zframe_streq (zmsg_next (s_rig.reply), "envelope"));
    ck_assert_uint_eq (zframe_size (zmsg_next (s_rig.reply)), 0);
}
END_TEST

START_TEST (the_beacon_is_told_of_a_copy_that_is_silent)
{
    zsock_t *client = s_client ();
    s_publish (s_view (true, 2));
    s_send (client, OP_PUT, 1, "key", "value", NULL);
    s_data_t repl = s_await_write ();
    inner_t ask;
    do {
        ask = s_heard (); // Perhaps of other partitions before it
        ck_assert_uint_eq (ask.kind, INNER_ASK);
        ck_assert_uint_eq (ask.what, PEER_RECONF);
    } while (ask.partition != repl.fields[0]);
    ck_assert_uint_eq (ask.epoch, 1);
    ck_assert_uint_eq (ask.node, S_OTHER);
    //  It is removed: the write is committed without it
    view_t *view = s_view (true, 2);
    view->parts[ask.partition].epoch = 2;
    view->parts[ask.partition].reps_count = 1;
    s_publish (view);
    ck_assert_uint_eq (s_reply (client).status, ZGRID_OK);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_partition_is_handed_over)
{
    zsock_t *client = s_client ();
    s_publish (s_view (true, 2));
    s_send (client, OP_PUT, 1, "key", "value", NULL);
    s_data_t repl = s_await_write ();
    s_tell ((inner_t) { .kind = INNER_HAND_OVER,
                        .partition = (uint32_t) repl.fields[0],
                        .epoch = 1,
                        .node = S_OTHER });
    s_acknowledge (&repl);
    ck_assert_uint_eq (s_reply (client).status, ZGRID_OK);
    inner_t ask;
    do
        ask = s_heard (); // Perhaps of other partitions before it
    while (ask.what != PEER_HANDOVER);
    ck_assert_uint_eq (ask.partition, repl.fields[0]);
    ck_assert_uint_eq (ask.node, S_OTHER);
    ck_assert_uint_ne (s_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_OK); // Sealed
    view_t *view = s_view (true, 2);
    view->parts[ask.partition].epoch = 2;
    view->parts[ask.partition].primary = S_OTHER;
    s_publish (view);
    reply_t moved;
    do
        moved = s_ask (client, OP_GET, "key", NULL, NULL);
    while (moved.status == ZGRID_TRYAGAIN);
    ck_assert_uint_eq (moved.status, ZGRID_MOVED);
    zsock_destroy (&client);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("storage actor");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, the_doors_open_with_the_first_view_that_names_the_node);
    tcase_add_test (all, hello_tells_the_view_and_gives_a_fresh_session);
    tcase_add_test (all, a_new_view_is_pushed_to_who_asked_for_it);
    tcase_add_test (all, each_door_refuses_what_belongs_at_the_other);
    tcase_add_test (all, cluster_operations_are_for_the_router);
    tcase_add_test (all, a_single_copy_answers_at_once_and_not_without_its_lease);
    tcase_add_test (all, a_write_is_told_when_the_other_copy_has_it);
    tcase_add_test (all, the_router_gets_back_what_it_gave_with_the_reply);
    tcase_add_test (all, the_beacon_is_told_of_a_copy_that_is_silent);
    tcase_add_test (all, a_partition_is_handed_over);
    suite_add_tcase (suite, all);
    return suite;
}

//  stage: see stage.h.
//  SPDX-License-Identifier: MPL-2.0
#include "stage.h"

#include "actors/fellows.h"
#include "lib/test.h"

stage_t stage;

//  ------------------------------------------------------------------------------------------------
//  Setting up

static char *
s_ask_actor (const char *command)
{
    zmsg_t *answer = actor_command (stage.actor, command, NULL);
    char *text = zmsg_popstr (answer);
    zmsg_destroy (&answer);
    ck_assert_ptr_nonnull (text);
    return text;
}

//  Called on the actor's thread.
static void
s_line (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    buf_t line = BUF_INIT;
    (void) arg;
    assert (level <= NOTE_INFO);
    buf_add (&line, event, strlen (event));
    for (size_t at = 0; pairs[at]; at++) {
        buf_add (&line, at % 2 ? "=" : " ", 1);
        buf_add (&line, pairs[at], strlen (pairs[at]));
    }
    pthread_mutex_lock (&stage.lock);
    stage.lines++;
    snprintf (stage.line, sizeof stage.line, "%.*s", (int) line.size, (const char *) line.data);
    pthread_mutex_unlock (&stage.lock);
    buf_clear (&line);
}

unsigned
stage_log (const char **line)
{
    static char text[sizeof stage.line];
    pthread_mutex_lock (&stage.lock);
    unsigned lines = stage.lines;
    memcpy (text, stage.line, sizeof text);
    pthread_mutex_unlock (&stage.lock);
    *line = text;
    return lines;
}

void
stage_set_up (void)
{
    zsys_handler_set (NULL);
    memset (&stage, 0, sizeof stage);
    pthread_mutex_init (&stage.lock, NULL);
    storage_config_t config = { .actors = 1,
                                .partitions = STAGE_PARTITIONS,
                                .maps_max = 16,
                                .key_max = 1024,
                                .value_max = 1u << 20,
                                .batch_max = 1000,
                                .resend = 20,
                                .silence = 200,
                                .seed = { 1 } };
    stage.storage = storage_new (&config, NULL);
    lease_set (&stage.lease, LEASE_FOREVER, 0);
    //  A socket that is being closed keeps its name for a while: each test has its own
    static unsigned number;
    char beacon[32], router[32], moves[32], events[32];
    snprintf (beacon, sizeof beacon, "inproc://test-beacon-%u", ++number);
    snprintf (router, sizeof router, "inproc://test-router-%u", number);
    snprintf (moves, sizeof moves, "inproc://test-moves-%u", number); // Nobody is there
    snprintf (events, sizeof events, "inproc://test-events-%u", number);
    stage.events = talk_socket (ZMQ_PULL, events, true);
    node_info_t info = { .name = "test", .version = "0", .started = 0 };
    storage_actor_args_t args = { .storage = stage.storage,
                                  .door = { .flow = { 1000, 1u << 20, 10000, 60000, 16 },
                                            .sndhwm = 1000,
                                            .rcvhwm = 1000,
                                            .large_max = 1u << 24,
                                            .frame_max = 1 << 22 },
                                  .client_endpoint = "tcp://127.0.0.1:*",
                                  .peer_inproc = router,
                                  .moves_inproc = moves,
                                  .peer_hwm = 100,
                                  .beacon_inproc = beacon,
                                  .data_endpoint = "tcp://127.0.0.1:*",
                                  .node = STAGE_SELF,
                                  .lease = &stage.lease,
                                  .info = &info,
                                  .events_inproc = events,
                                  .note = { s_line, NULL } };
    buf_t why = BUF_INIT;
    stage.actor = actor_new (&storage_actor_spec, &args, &why);
    ck_assert_msg (stage.actor != NULL, "%.*s", (int) why.size, (const char *) why.data);
    stage.client_endpoint = s_ask_actor ("ENDPOINT");
    char *data = s_ask_actor ("DATA");
    stage.beacon = talk_socket (ZMQ_ROUTER, beacon, true);
    stage.router = talk_socket (ZMQ_DEALER, router, false);
    stage.other = talk_socket (ZMQ_ROUTER, "tcp://127.0.0.1:*", true);
    stage.data = talk_socket (ZMQ_DEALER, data, false);
    zstr_free (&data);
}

void
stage_tear_down (void)
{
    actor_destroy (&stage.actor, 0);
    storage_destroy (&stage.storage);
    frames_close (&stage.frames);
    zmsg_destroy (&stage.reply);
    zsock_destroy (&stage.beacon);
    zsock_destroy (&stage.router);
    zsock_destroy (&stage.other);
    zsock_destroy (&stage.data);
    zsock_destroy (&stage.events);
    zstr_free (&stage.client_endpoint);
    pthread_mutex_destroy (&stage.lock);
}

//  ------------------------------------------------------------------------------------------------
//  The beacon

//  What the actor says next.
inner_t
stage_heard (void)
{
    inner_t message = talk_heard (stage.beacon, &stage.frames);
    bytes_t route = stage.frames.frames[0];
    assert (route.size <= sizeof stage.route);
    memcpy (stage.route, route.data, route.size);
    stage.route_size = route.size;
    return message;
}

static bytes_t
s_route (void)
{
    if (stage.route_size == 0)
        ck_assert_uint_eq (stage_heard ().kind, INNER_HERE);
    return bytes_of (stage.route, stage.route_size);
}

void
stage_tell (inner_t message)
{
    talk_tell (stage.beacon, s_route (), message);
}

static uint16_t
s_port (zsock_t *socket)
{
    const char *colon = strrchr (zsock_endpoint (socket), ':');
    return (uint16_t) strtoul (colon + 1, NULL, 10);
}

//  A view with the other member, and with this one if `named`. Partitions belong to this one; the other
//  one has copies of them if `copies` is 2.
view_t *
stage_view (bool named, unsigned copies)
{
    view_t *view = view_new (STAGE_PARTITIONS);
    member_t self = { .id = STAGE_SELF, .name = "self", .host = "127.0.0.1", .weight = 100, .actors = 1 };
    member_t other = { .id = STAGE_OTHER, .name = "other", .host = "127.0.0.1", .weight = 100, .actors = 1 };
    self.beacon_port = other.beacon_port = 1;
    self.client_ports[0] = other.client_ports[0] = 2;
    self.peer_ports[0] = 3;
    other.peer_ports[0] = s_port (stage.other);
    view->cluster = STAGE_CLUSTER;
    view->version = ++stage.version;
    view->cfg = 1;
    view->voters_max = 1;
    view->copies = (uint8_t) copies;
    view->era = 1; // No sessions to be forgotten
    view->seed[0] = 1;
    ck_assert_ptr_nonnull (view_add_member (view, &other));
    if (named)
        ck_assert_ptr_nonnull (view_add_member (view, &self));
    view->voters_count = 1;
    view->voters[0] = STAGE_OTHER;
    for (unsigned partition = 0; partition < STAGE_PARTITIONS; partition++) {
        part_t *part = &view->parts[partition];
        node_id_t owner = named ? STAGE_SELF : STAGE_OTHER;
        *part = (part_t) { .epoch = 1, .primary = owner, .reps_count = 1, .reps = { owner } };
        if (named && copies == 2)
            part->reps[part->reps_count++] = STAGE_OTHER;
    }
    return view;
}

void
stage_publish (view_t *view)
{
    talk_publish (stage.beacon, s_route (), view);
}

//  ------------------------------------------------------------------------------------------------
//  Clients

zsock_t *
stage_client (void)
{
    return talk_socket (ZMQ_DEALER, stage.client_endpoint, false);
}

void
stage_send (zsock_t *client, op_t op, uint64_t id, const char *key, const char *value,
            const options_t *options)
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
bytes_t
stage_body (zsock_t *client)
{
    zmsg_destroy (&stage.reply);
    stage.reply = zmsg_recv (client);
    ck_assert_ptr_nonnull (stage.reply);
    return s_frame (zmsg_last (stage.reply));
}

//  The next reply, which is the only one of its body.
reply_t
stage_reply (zsock_t *client)
{
    mp_t reader;
    reply_t reply;
    ck_assert (wire_open (stage_body (client), &reader));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert (mp_at_end (&reader));
    return reply;
}

reply_t
stage_ask (zsock_t *client, op_t op, const char *key, const char *value, const options_t *options)
{
    static uint64_t id;
    stage_send (client, op, ++id, key, value, options);
    reply_t reply = stage_reply (client);
    ck_assert_uint_eq (reply.id, id);
    return reply;
}

uint64_t
stage_stat (zsock_t *client, const char *name)
{
    reply_t reply = stage_ask (client, OP_STATS, NULL, NULL, NULL);
    return talk_number (&reply, name);
}

//  ------------------------------------------------------------------------------------------------
//  The other member

static void
s_answer_data (peer_type_t type, const uint64_t *fields, uint32_t count)
{
    buf_t body = BUF_INIT;
    peer_head_t head = { .cluster = STAGE_CLUSTER, .from = STAGE_OTHER, .to = STAGE_SELF };
    peer_begin (&body, &head);
    wire_add_array (&body, count + 1);
    wire_add_uint (&body, type);
    for (uint32_t at = 0; at < count; at++)
        wire_add_uint (&body, fields[at]);
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, body.data, body.size);
    ck_assert_int_eq (zmsg_send (&message, stage.data), 0);
    buf_clear (&body);
}

static bool
s_read_data (mp_t *reader, stage_data_t *data)
{
    uint32_t count;
    mp_token_t token;
    *data = (stage_data_t) { .type = peer_next (reader, &count) };
    ck_assert_uint_le (count, STAGE_FIELDS_MAX);
    for (uint32_t at = 0; at < count; at++) {
        ck_assert (mp_next (reader, &token));
        data->fields[at] = token.kind == MP_BYTES ? token.bytes.size : (uint64_t) token.integer;
    }
    return data->type != PEER_NONE;
}

//  The other one has all entries of this REPL.
void
stage_acknowledge (const stage_data_t *repl)
{
    uint64_t last = repl->fields[3] + repl->fields[4] - 1;
    uint64_t fields[] = { repl->fields[0], repl->fields[1], repl->fields[2], last, 0, repl->fields[5] };
    s_answer_data (PEER_REPL_ACK, fields, 6);
}

//  Is in step, and waits for the entry of the first write, which is not acknowledged.
stage_data_t
stage_await_write (void)
{
    for (;;) {
        zmsg_t *message = zmsg_recv (stage.other);
        ck_assert_ptr_nonnull (message);
        ck_assert_uint_eq (zmsg_size (message), 2);
        peer_head_t head;
        mp_t reader;
        stage_data_t data, found = { .type = PEER_NONE };
        ck_assert (peer_open (s_frame (zmsg_last (message)), &head, &reader));
        ck_assert_uint_eq (head.cluster, STAGE_CLUSTER);
        ck_assert_uint_eq (head.from, STAGE_SELF);
        ck_assert_uint_eq (head.to, STAGE_OTHER);
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

void
stage_assert_silent (zsock_t *client)
{
    zpoller_t *poller = zpoller_new (client, NULL);
    ck_assert_ptr_null (zpoller_wait (poller, 50));
    zpoller_destroy (&poller);
}

//  fake_server: see fake_server.h.
//  SPDX-License-Identifier: MPL-2.0
#include "fake_server.h"

#include <msgpack.h>

#include "fake_map.h"
#include "fake_port.h"
#include "fake_sessions.h"
#include "slot.h"
#include "status.h"

#define S_DOORS_MAX 10
#define S_PARTITIONS 31
#define S_MARK 8 // Where a session tells whose cluster it is of

struct fake_server {
    zactor_t *actor;
    char endpoints[S_DOORS_MAX][64]; // Copies
    size_t storages;                 // Also read by the server
};

typedef struct {
    zsock_t *doors[S_DOORS_MAX]; // [0] is the public one; NULL: closed
    int ports[S_DOORS_MAX];      // What keeps the port of each for it
    char endpoints[S_DOORS_MAX][64];
    size_t storages;
    uint64_t numbers[FAKE_LIMIT];
    fake_map_t *map;
    fake_sessions_t *sessions;
    char session[FAKE_SESSION_SIZE + 1]; // Of the HELLO at hand
    bytes_t with;                        // Session of the body at hand
    uint64_t with_ack;
    zlist_t *watchers;    // Routing ids of connections that want views
    uint64_t last[16384]; // By slot: the id of the last write that was executed
    zlist_t *held;        // Messages that wait, with the door's number as the last frame
} s_server_t;

//  ------------------------------------------------------------------------------------------------

static void
s_text (msgpack_packer *packer, const char *text)
{
    msgpack_pack_str (packer, strlen (text));
    msgpack_pack_str_body (packer, text, strlen (text));
}

static void
s_pair (msgpack_packer *packer, const char *name, uint64_t value)
{
    s_text (packer, name);
    msgpack_pack_uint64 (packer, value);
}

//  The storage endpoints that count, and the one that a partition has, from 1 on.
static size_t
s_listed (const s_server_t *self)
{
    return self->numbers[FAKE_LISTED] ? self->numbers[FAKE_LISTED] : self->storages;
}

static size_t
s_owner (const s_server_t *self, uint32_t partition)
{
    return (partition + self->numbers[FAKE_SHIFT]) % s_listed (self) + 1;
}

static bool
s_bit (const s_server_t *self, fake_t what, size_t door)
{
    return self->numbers[what] >> door & 1;
}

static uint64_t
s_epoch (const s_server_t *self, size_t door)
{
    return self->numbers[FAKE_EPOCH] - s_bit (self, FAKE_MINORITY, door);
}

static void
s_hello (s_server_t *self, size_t door, msgpack_sbuffer *out)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, msgpack_sbuffer_write);
    msgpack_pack_map (&packer, self->numbers[FAKE_SESSIONS] ? 9 : 7);
    s_text (&packer, "cluster");
    s_text (&packer, s_bit (self, FAKE_FOREIGN, door) ? "00000000000000c2" : "00000000000000c1");
    s_pair (&packer, "epoch", s_epoch (self, door));
    if (self->numbers[FAKE_SESSIONS]) {
        fake_sessions_issue (self->sessions, self->numbers[FAKE_ERA], self->session);
        if (s_bit (self, FAKE_FOREIGN, door))
            self->session[S_MARK] = 'F';
        s_pair (&packer, "era", self->numbers[FAKE_ERA]);
        s_text (&packer, "session");
        msgpack_pack_bin (&packer, FAKE_SESSION_SIZE);
        msgpack_pack_bin_body (&packer, self->session, FAKE_SESSION_SIZE);
    }
    s_pair (&packer, "protocol", 1);
    s_pair (&packer, "partitions", S_PARTITIONS);
    s_pair (&packer, "frame", self->numbers[FAKE_FRAME]);
    s_pair (&packer, "batch", 65536);
    s_text (&packer, "window");
    msgpack_pack_array (&packer, 2);
    msgpack_pack_uint64 (&packer, self->numbers[FAKE_WINDOW_RECORDS]);
    msgpack_pack_uint64 (&packer, self->numbers[FAKE_WINDOW_BYTES]);
}

static void
s_routes (s_server_t *self, size_t door, msgpack_sbuffer *out)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, msgpack_sbuffer_write);
    msgpack_pack_map (&packer, self->numbers[FAKE_ROUTERS] ? 5 : 4);
    s_pair (&packer, "epoch", s_epoch (self, door));
    s_pair (&packer, "partitions", S_PARTITIONS);
    s_text (&packer, "endpoints");
    msgpack_pack_array (&packer, s_listed (self));
    for (size_t at = 1; at <= s_listed (self); at++)
        s_text (&packer, self->endpoints[at]);
    if (self->numbers[FAKE_ROUTERS]) {
        s_text (&packer, "routers");
        msgpack_pack_array (&packer, self->numbers[FAKE_ROUTERS] == 1 ? 2 : 1);
        s_text (&packer, self->endpoints[self->storages + 1]);
        if (self->numbers[FAKE_ROUTERS] == 1)
            s_text (&packer, self->endpoints[0]);
    }
    s_text (&packer, "owners");
    msgpack_pack_bin (&packer, S_PARTITIONS * 2);
    for (size_t at = 0; at < S_PARTITIONS; at++) {
        uint8_t owner[2] = { 0xff, 0xff };
        if (self->storages)
            owner[0] = 0, owner[1] = (uint8_t) (s_owner (self, (uint32_t) at) - 1);
        msgpack_pack_bin_body (&packer, owner, 2);
    }
}

static bool
s_countdown (s_server_t *self, fake_t what)
{
    if (self->numbers[what] == 0)
        return false;
    self->numbers[what]--;
    return true;
}

//  The partition that a record names, or S_PARTITIONS.
static uint32_t
s_partition (const request_t *request, const options_t *options)
{
    if (request->has_key)
        return slot_partition (slot_of_key (request->key), S_PARTITIONS);
    return options->given & OPT_partition ? (uint32_t) options->partition : S_PARTITIONS;
}

static void
s_moved (s_server_t *self, fake_answer_t *answer, uint64_t owner)
{
    answer->status = ZGRID_MOVED;
    answer->meta = (meta_t) { .given = META_epoch, .epoch = self->numbers[FAKE_EPOCH] };
    if (owner) {
        answer->meta.given |= META_owner;
        answer->meta.owner = bytes_str (self->endpoints[owner]);
    }
}

//  What every server may answer instead. True if it does.
static bool
s_refused (s_server_t *self, size_t door, const request_t *request, const options_t *options,
           fake_answer_t *answer)
{
    *answer = (fake_answer_t) { .status = ZGRID_OK };
    bool busy = s_countdown (self, FAKE_BUSY);
    if (busy || s_countdown (self, FAKE_TRYAGAIN)) {
        answer->status = busy ? ZGRID_BUSY : ZGRID_TRYAGAIN;
        if (self->numbers[FAKE_RETRY])
            answer->meta = (meta_t) { .given = META_retry, .retry = self->numbers[FAKE_RETRY] };
        return true;
    }
    uint32_t partition = s_partition (request, options);
    if (self->with.size > S_MARK && s_bit (self, FAKE_FOREIGN, door) != (self->with.data[S_MARK] == 'F'))
        answer->status = ZGRID_SESSION_EXPIRED;
    else if (s_bit (self, FAKE_MINORITY, door))
        answer->status = ZGRID_UNAVAILABLE;
    else if (s_countdown (self, FAKE_MOVED))
        s_moved (self, answer, self->numbers[FAKE_MOVED_TO]);
    else if (door && door <= self->storages && partition < S_PARTITIONS && s_owner (self, partition) != door)
        s_moved (self, answer, s_owner (self, partition));
    else if (self->numbers[FAKE_REFUSE]) {
        answer->status = (unsigned) self->numbers[FAKE_REFUSE];
        answer->meta = (meta_t) { .given = META_error, .error = bytes_str ("refused by the test") };
    } else
        return false;
    return true;
}

//  What the session of the body says. True: it is answered so, and not executed.
static bool
s_known (s_server_t *self, const request_t *request, fake_answer_t *answer)
{
    if (!self->with.size) {
        self->numbers[FAKE_UNGUARDED]++;
        return false;
    }
    if (fake_sessions_era (self->with) < self->numbers[FAKE_FLOOR])
        answer->status = ZGRID_SESSION_EXPIRED;
    else if (s_countdown (self, FAKE_STALE) || request->id < self->with_ack)
        answer->status = ZGRID_STALE_REQUEST;
    else if (fake_sessions_find (self->sessions, self->with, request->id, answer))
        self->numbers[FAKE_DEDUPED]++;
    else
        return false;
    return true;
}

//  Executes a write, and remembers it.
static void
s_write (s_server_t *self, const request_t *request, const options_t *options, fake_answer_t *answer)
{
    if (s_known (self, request, answer))
        return;
    if (request->has_key) {
        uint64_t *last = &self->last[slot_of_key (request->key)];
        self->numbers[FAKE_DISORDER] += request->id < *last;
        *last = request->id;
    }
    fake_map_run (self->map, request, options, answer);
    if (self->with.size)
        fake_sessions_record (self->sessions, self->with, request->id, self->with_ack, answer);
    self->numbers[FAKE_RECORDED] = fake_sessions_count (self->sessions);
}

static void
s_take_with (s_server_t *self, const options_t *options)
{
    self->numbers[FAKE_WITHS]++;
    self->with = options->session.bytes;
    self->with_ack = options->ack;
    if (self->numbers[FAKE_ACK] < options->ack)
        self->numbers[FAKE_ACK] = options->ack;
}

//  Answers one record, or not. False: it shall not be answered.
static bool
s_answer (s_server_t *self, size_t door, const request_t *request, fake_answer_t *answer,
          msgpack_sbuffer *tree)
{
    options_t options;
    const char *why = NULL;
    *answer = (fake_answer_t) { .status = ZGRID_OK };
    if (request->faulty || !options_decode (request->options, &options, &why)) {
        answer->status = ZGRID_MALFORMED;
        return true;
    }
    if (request->op == OP_WITH) {
        s_take_with (self, &options);
        return false;
    }
    if (request->op == OP_HELLO || request->op == OP_ROUTES) {
        self->numbers[FAKE_ROUTES] += request->op == OP_ROUTES;
        self->numbers[FAKE_HELLOS] += request->op == OP_HELLO;
        if (self->numbers[request->op == OP_HELLO ? FAKE_NO_HELLO : FAKE_NO_ROUTES]) {
            answer->status = ZGRID_BADOP;
            return request->op == OP_ROUTES;
        }
        (request->op == OP_HELLO ? s_hello : s_routes) (self, door, tree);
        answer->value = (value_t) { .kind = VALUE_TREE, .bytes = bytes_of (tree->data, tree->size) };
        return true;
    }
    self->numbers[FAKE_RECORDS]++;
    self->numbers[FAKE_DIRECT] += door > 0 && door <= self->storages;
    self->numbers[FAKE_SECOND] += door > self->storages;
    if (s_countdown (self, FAKE_DROP))
        return false;
    self->numbers[FAKE_DEADLINE] = options.given & OPT_deadline ? options.deadline : 0;
    if (s_refused (self, door, request, &options, answer))
        return true;
    if (request->op == OP_PING)
        answer->value = request->value;
    else if (op_info (request->op)->writes)
        s_write (self, request, &options, answer);
    else
        fake_map_run (self->map, request, &options, answer);
    if (s_countdown (self, FAKE_WRONG_TYPES))
        answer->value = answer->value.kind == VALUE_INT ? value_bytes (bytes_str ("x")) : value_int (1);
    return !s_countdown (self, FAKE_SILENT);
}

//  ------------------------------------------------------------------------------------------------

static void
s_send (s_server_t *self, size_t door, zframe_t *routing, const void *data, size_t size)
{
    //  Tests send no more than fits
    zframe_send (&routing, self->doors[door], ZFRAME_MORE | ZFRAME_REUSE);
    zmq_send (zsock_resolve (self->doors[door]), data, size, 0);
}

//  1: a frame of another protocol; 2: the signature of version 2; 3: lying lengths; 4: a record that
//  is no array; 5: deep nesting; 6: two frames; 7: a push, and an answer to nobody; 8: nothing at all.
static void
s_send_junk (s_server_t *self, size_t door, zframe_t *routing, uint64_t kind)
{
    static const struct {
        const char *data;
        size_t size;
    } s_junk[] = {
        { "", 0 },
        { "GET / HTTP/1.1\r\n\r\n", 18 },
        { "ZG\2\225\1\0\300\0\300", 9 },
        { "ZG\1\335\377\377\377\377", 8 },
        { "ZG\1\1\2\3", 6 },
        { "ZG\1\225\1\0\221\221\221\221\221\221\221\221\221\221\221\221\221\221\221\221\221\221\221\300",
          26 },
        { "ZG\1", 3 },
        { "ZG\1\225\0\245event\300\0\300\225\0\23\300\0\300", 19 },
        { "", 0 }
    };
    if (kind == 6) {
        zframe_send (&routing, self->doors[door], ZFRAME_MORE | ZFRAME_REUSE);
        zmq_send (zsock_resolve (self->doors[door]), "x", 1, ZMQ_SNDMORE);
        zmq_send (zsock_resolve (self->doors[door]), "y", 1, 0);
    } else
        s_send (self, door, routing, s_junk[kind].data, s_junk[kind].size);
}

//  Remembers who wants pushes: the door's number and the routing id.
static void
s_watch (s_server_t *self, size_t door, zframe_t *routing, const request_t *request)
{
    options_t options;
    const char *why;
    if (!options_decode (request->options, &options, &why) || !(options.given & OPT_views))
        return;
    self->numbers[FAKE_WATCHERS]++;
    zmsg_t *watcher = zmsg_new ();
    uint8_t number = (uint8_t) door;
    zmsg_addmem (watcher, &number, 1);
    zmsg_addmem (watcher, zframe_data (routing), zframe_size (routing));
    zlist_append (self->watchers, watcher);
}

static void
s_push (s_server_t *self, uint64_t epoch)
{
    buf_t push = BUF_INIT;
    wire_begin (&push);
    wire_add_array (&push, 5);
    wire_add_uint (&push, 0);
    wire_add_text (&push, "VIEW");
    wire_add_array (&push, self->numbers[FAKE_ROUTERS] ? 1 : 0);
    if (self->numbers[FAKE_ROUTERS])
        wire_add_text (&push, self->endpoints[self->storages + 1]);
    wire_add_uint (&push, epoch);
    buf_add (&push, "\xc0", 1);
    for (zmsg_t *watcher = zlist_first (self->watchers); watcher; watcher = zlist_next (self->watchers)) {
        size_t door = *zframe_data (zmsg_first (watcher));
        if (self->doors[door])
            s_send (self, door, zmsg_next (watcher), push.data, push.size);
    }
    buf_clear (&push);
}

//  Executes the records of a body and sends the answers as one message.
static void
s_handle (s_server_t *self, size_t door, zframe_t *routing, bytes_t body)
{
    mp_t reader;
    buf_t out = BUF_INIT;
    request_t request;
    uint64_t count = 0;
    bool other = false;
    assert (wire_open (body, &reader));
    wire_begin (&out);
    self->with = bytes_of (NULL, 0);
    while (wire_next_request (&reader, &request) == WIRE_RECORD) {
        fake_answer_t answer;
        msgpack_sbuffer tree;
        msgpack_sbuffer_init (&tree);
        if (s_answer (self, door, &request, &answer, &tree)) {
            uint64_t id = request.id;
            if (request.op != OP_HELLO && request.op != OP_ROUTES && s_countdown (self, FAKE_WRONG_IDS))
                id += 100000;
            wire_reply (&out, id, answer.status, answer.value, answer.version, &answer.meta);
        }
        msgpack_sbuffer_destroy (&tree);
        other = request.op != OP_HELLO && request.op != OP_ROUTES;
        count += request.op != OP_WITH;
        if (request.op == OP_HELLO)
            s_watch (self, door, routing, &request);
    }
    if (other) {
        self->numbers[FAKE_MESSAGES]++;
        if (self->numbers[FAKE_LARGEST] < count)
            self->numbers[FAKE_LARGEST] = count;
    }
    uint64_t junk = other ? self->numbers[FAKE_JUNK] : 0;
    if (junk) {
        self->numbers[FAKE_JUNK] = 0;
        s_send_junk (self, door, routing, junk);
    }
    if (other && self->numbers[FAKE_CUT]) {
        out.size -= self->numbers[FAKE_CUT] < out.size ? self->numbers[FAKE_CUT] : out.size;
        self->numbers[FAKE_CUT] = 0;
    }
    for (int at = 0; !junk && out.size > WIRE_SIGNATURE_SIZE && at < (self->numbers[FAKE_TWICE] ? 2 : 1);
         at++)
        s_send (self, door, routing, out.data, out.size);
    buf_clear (&out);
}

static uint64_t
s_records (bytes_t body)
{
    mp_t reader;
    request_t request;
    uint64_t count = 0;
    if (wire_open (body, &reader))
        while (wire_next_request (&reader, &request) == WIRE_RECORD)
            count += request.op != OP_HELLO && request.op != OP_ROUTES && request.op != OP_WITH;
    return count;
}

static void
s_handle_message (s_server_t *self, size_t door, zmsg_t **message_p)
{
    zframe_t *routing = zmsg_first (*message_p);
    zframe_t *body = zmsg_next (*message_p);
    s_handle (self, door, routing, bytes_of (zframe_data (body), zframe_size (body)));
    zmsg_destroy (message_p);
}

static void
s_receive (s_server_t *self, size_t door)
{
    zmsg_t *message = zmsg_recv (self->doors[door]);
    if (s_bit (self, FAKE_MUTE, door)) {
        zmsg_destroy (&message);
        return;
    }
    zmsg_first (message);
    zframe_t *body = zmsg_next (message);
    uint64_t records = s_records (bytes_of (zframe_data (body), zframe_size (body)));
    if (records == 0 || self->numbers[FAKE_HOLD] == 0) {
        s_handle_message (self, door, &message);
        return;
    }
    uint8_t number = (uint8_t) door;
    zmsg_addmem (message, &number, 1);
    zlist_append (self->held, message);
    self->numbers[FAKE_HELD] += records;
    if (self->numbers[FAKE_HELD] < self->numbers[FAKE_HOLD])
        return;
    while ((message = zlist_pop (self->held))) {
        size_t from = *zframe_data (zmsg_last (message));
        s_handle_message (self, from, &message);
    }
    self->numbers[FAKE_HELD] = self->numbers[FAKE_HOLD] = 0;
}

static void
s_open (s_server_t *self, size_t door)
{
    self->doors[door] = zsock_new (ZMQ_ROUTER);
    zsock_set_linger (self->doors[door], 0);
    zsock_set_sndhwm (self->doors[door], 0);
    zsock_set_rcvhwm (self->doors[door], 0);
    fake_port_bind (self->doors[door], self->endpoints[door]);
}

//  A request of the creator: [what, value], or [what]. False: the end.
static bool
s_obey (s_server_t *self, zsock_t *pipe)
{
    zmsg_t *message = zmsg_recv (pipe);
    if (!message || zframe_streq (zmsg_first (message), "$TERM")) {
        zmsg_destroy (&message);
        return false;
    }
    uint64_t words[2] = { 0, 0 };
    size_t count = zframe_size (zmsg_first (message)) / sizeof words[0];
    memcpy (words, zframe_data (zmsg_first (message)), count * sizeof words[0]);
    zmsg_destroy (&message);
    if (count == 2) {
        self->numbers[words[0]] = words[1];
        if (words[0] == FAKE_CLOSE)
            zsock_destroy (&self->doors[words[1]]);
        if (words[0] == FAKE_OPEN)
            s_open (self, words[1]);
        if (words[0] == FAKE_PUSH)
            s_push (self, words[1]);
    }
    zsock_send (pipe, "8", self->numbers[words[0]]);
    return true;
}

static void
s_main (zsock_t *pipe, void *arg)
{
    s_server_t self = { .storages = ((fake_server_t *) arg)->storages };
    self.numbers[FAKE_WINDOW_RECORDS] = 8192;
    self.numbers[FAKE_WINDOW_BYTES] = 4194304;
    self.numbers[FAKE_FRAME] = 1048576;
    self.numbers[FAKE_EPOCH] = 1;
    self.sessions = fake_sessions_new ();
    self.watchers = zlist_new ();
    self.map = fake_map_new (S_PARTITIONS);
    self.held = zlist_new ();
    for (size_t door = 0; door <= self.storages + 1; door++) {
        self.ports[door] = fake_port_keep (self.endpoints[door], sizeof self.endpoints[door]);
        s_open (&self, door);
    }
    zsock_signal (pipe, 0);
    for (size_t door = 0; door <= self.storages + 1; door++)
        zstr_send (pipe, self.endpoints[door]);
    bool running = true;
    while (running) {
        zmq_pollitem_t items[S_DOORS_MAX + 1] = { { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 } };
        size_t doors[S_DOORS_MAX + 1];
        int count = 1;
        for (size_t door = 0; door <= self.storages + 1; door++)
            if (self.doors[door]) {
                doors[count] = door;
                items[count++] = (zmq_pollitem_t) { zsock_resolve (self.doors[door]), 0, ZMQ_POLLIN, 0 };
            }
        zmq_poll (items, count, -1);
        for (int at = 1; at < count; at++)
            if (items[at].revents & ZMQ_POLLIN)
                s_receive (&self, doors[at]);
        if (items[0].revents & ZMQ_POLLIN)
            running = s_obey (&self, pipe);
    }
    for (zmsg_t *message = zlist_pop (self.held); message; message = zlist_pop (self.held))
        zmsg_destroy (&message);
    zlist_destroy (&self.held);
    for (zmsg_t *watcher = zlist_pop (self.watchers); watcher; watcher = zlist_pop (self.watchers))
        zmsg_destroy (&watcher);
    zlist_destroy (&self.watchers);
    fake_sessions_destroy (&self.sessions);
    fake_map_destroy (&self.map);
    for (size_t door = 0; door <= self.storages + 1; door++) {
        zsock_destroy (&self.doors[door]);
        fake_port_free (self.ports[door]);
    }
}

//  ------------------------------------------------------------------------------------------------

fake_server_t *
fake_server_new (size_t storages)
{
    assert (storages + 1 < S_DOORS_MAX);
    fake_server_t *self = calloc (1, sizeof *self);
    assert (self);
    self->storages = storages;
    self->actor = zactor_new (s_main, self);
    for (size_t door = 0; door <= storages + 1; door++) {
        char *endpoint = zstr_recv (self->actor);
        assert (endpoint);
        snprintf (self->endpoints[door], sizeof self->endpoints[door], "%s", endpoint);
        zstr_free (&endpoint);
    }
    return self;
}

void
fake_server_destroy (fake_server_t **self_p)
{
    if (*self_p) {
        zactor_destroy (&(*self_p)->actor);
        free (*self_p);
        *self_p = NULL;
    }
}

const char *
fake_server_endpoint (fake_server_t *self, size_t index)
{
    return self->endpoints[index];
}

static uint64_t
s_ask (fake_server_t *self, const uint64_t *words, size_t count)
{
    uint64_t number = 0;
    zmq_send (zsock_resolve (self->actor), words, count * sizeof *words, 0);
    zsock_recv (self->actor, "8", &number);
    return number;
}

void
fake_server_set (fake_server_t *self, fake_t what, uint64_t value)
{
    s_ask (self, (uint64_t[]) { what, value }, 2);
}

uint64_t
fake_server_get (fake_server_t *self, fake_t what)
{
    return s_ask (self, (uint64_t[]) { what }, 1);
}

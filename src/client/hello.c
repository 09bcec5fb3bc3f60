//  hello: finding a server that answers, and what it allows.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"

#define S_ENDPOINTS_MAX 64
#define S_REPLY_MAX 65536 // Bytes of a HELLO reply
#define S_REPLIES_MAX 16  // Replies that wait to be read
#define S_AGAIN_MS 100    // A server that was busy is asked again after this

typedef struct {
    connection_t *connection;
    bool again; // Was busy
} s_probe_t;

//  Numbers from a stranger, within bounds.
static uint64_t
s_clamp (uint64_t number, uint64_t least, uint64_t most)
{
    return number < least ? least : number > most ? most : number;
}

static bool
s_take_window (zgrid_client_t *self, mp_t *reader)
{
    uint32_t count;
    uint64_t records, bytes;
    if (!mp_array (reader, &count) || count != 2 || !mp_uint (reader, &records) || !mp_uint (reader, &bytes))
        return false;
    records = s_clamp (records, 1, 1u << 20);
    if (self->window_records == 0 || self->window_records > records)
        self->window_records = (uint32_t) records;
    self->window_bytes = s_clamp (bytes, 1024, 1u << 30);
    return true;
}

static bool
s_take_frame (zgrid_client_t *self, mp_t *reader)
{
    uint64_t frame;
    if (!mp_uint (reader, &frame))
        return false;
    self->frame_max = s_clamp (frame, 65536, INT32_MAX);
    return true;
}

static bool
s_take_batch (zgrid_client_t *self, mp_t *reader)
{
    uint64_t records;
    if (!mp_uint (reader, &records))
        return false;
    records = s_clamp (records, 1, 1u << 20);
    if (self->batch_records > records)
        self->batch_records = (uint32_t) records;
    return true;
}

static bool
s_take_protocol (mp_t *reader)
{
    uint64_t protocol;
    return mp_uint (reader, &protocol) && protocol == 1;
}

//  Absent or nil: the server gives none now.
static bool
s_take_session (mp_t *reader, bytes_t *session)
{
    mp_token_t token;
    if (!mp_next (reader, &token) || (token.kind != MP_NIL && token.kind != MP_BYTES))
        return false;
    if (token.kind == MP_BYTES)
        *session = token.bytes;
    return true;
}

bool
hello_read (bytes_t tree, hello_t *hello)
{
    mp_t reader = mp_of (tree);
    uint32_t count;
    *hello = (hello_t) { .era = 0 };
    if (!mp_map (&reader, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name))
            return false;
        bool taken = bytes_equal (name, bytes_str ("session"))   ? s_take_session (&reader, &hello->session)
                     : bytes_equal (name, bytes_str ("cluster")) ? mp_bytes (&reader, &hello->cluster)
                     : bytes_equal (name, bytes_str ("epoch"))   ? mp_uint (&reader, &hello->epoch)
                     : bytes_equal (name, bytes_str ("era"))     ? mp_uint (&reader, &hello->era)
                                                                 : mp_skip (&reader);
        if (!taken)
            return false;
    }
    return true;
}

bool
hello_ours (zgrid_client_t *self, const hello_t *hello, connection_t *connection)
{
    cluster_id_t *named = &connection->cluster;
    connection->foreign = false;
    if (hello->cluster.size == 0 || hello->cluster.size > sizeof named->data)
        return true;
    memcpy (named->data, hello->cluster.data, hello->cluster.size);
    named->size = hello->cluster.size;
    if (self->cluster.size == 0)
        self->cluster = *named;
    connection->foreign = !bytes_equal (bytes_of (self->cluster.data, self->cluster.size), hello->cluster);
    return !connection->foreign;
}

//  The first one: whose cluster it is, a session, and a view.
static bool
s_take_first (zgrid_client_t *self, connection_t *connection, bytes_t tree)
{
    hello_t hello;
    if (!hello_read (tree, &hello) || !hello_ours (self, &hello, connection))
        return false;
    guard_take (self, hello.session, hello.era);
    self->router_epoch = hello.epoch;
    return true;
}

static bool
s_take_hello (zgrid_client_t *self, bytes_t tree)
{
    mp_t reader = mp_of (tree);
    uint32_t count;
    if (!mp_map (&reader, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name))
            return false;
        bool taken = bytes_equal (name, bytes_str ("protocol")) ? s_take_protocol (&reader)
                     : bytes_equal (name, bytes_str ("window")) ? s_take_window (self, &reader)
                     : bytes_equal (name, bytes_str ("frame"))  ? s_take_frame (self, &reader)
                     : bytes_equal (name, bytes_str ("batch"))  ? s_take_batch (self, &reader)
                                                                : mp_skip (&reader);
        if (!taken)
            return false;
    }
    return true;
}

static void
s_ask (connection_t *connection)
{
    uint8_t room[64];
    buf_t out = { room, 0, sizeof room, false };
    wire_begin (&out);
    wire_request (&out, 1, OP_HELLO, bytes_of (NULL, 0), NULL, NULL, NULL);
    assert (out.data == room && !out.failed);
    zmq_send (connection->handle, room, out.size, ZMQ_DONTWAIT);
}

//  Takes one message. True if it was a HELLO that can be used.
static bool
s_answered (zgrid_client_t *self, s_probe_t *probe)
{
    zmq_msg_t message;
    mp_t reader;
    reply_t reply;
    bool found = false;
    zmq_msg_init (&message);
    if (zmq_msg_recv (&message, probe->connection->handle, ZMQ_DONTWAIT) != -1
        && wire_open (bytes_of (zmq_msg_data (&message), zmq_msg_size (&message)), &reader)
        && wire_next_reply (&reader, &reply) == WIRE_RECORD && reply.id == 1) {
        if (reply.status == ZGRID_OK && reply.value.kind == VALUE_TREE)
            found = s_take_hello (self, reply.value.bytes)
                    && s_take_first (self, probe->connection, reply.value.bytes);
        probe->again = reply.status == ZGRID_BUSY || reply.status == ZGRID_TRYAGAIN;
    }
    zmq_msg_close (&message);
    return found;
}

//  Index of the first probe that was answered, or -1.
static int
s_wait (zgrid_client_t *self, s_probe_t *probes, size_t count)
{
    uint64_t until = wait_clock () + self->timeout_ms;
    for (uint64_t now = wait_clock (); now < until; now = wait_clock ()) {
        zmq_pollitem_t items[S_ENDPOINTS_MAX];
        for (size_t at = 0; at < count; at++) {
            items[at] = (zmq_pollitem_t) { probes[at].connection->handle, 0, ZMQ_POLLIN, 0 };
            if (probes[at].again)
                s_ask (probes[at].connection);
            probes[at].again = false;
        }
        uint64_t left = until - now;
        zmq_poll (items, (int) count, (long) (left < S_AGAIN_MS ? left : S_AGAIN_MS));
        for (size_t at = 0; at < count; at++)
            if ((items[at].revents & ZMQ_POLLIN) && s_answered (self, &probes[at]))
                return (int) at;
    }
    return -1;
}

//  Makes a probe of each name in the list. Returns their number, or minus a status.
static int
s_make (const char *endpoints, s_probe_t *probes)
{
    int count = 0;
    const char *at = endpoints;
    while (*at) {
        char name[256];
        size_t size = strcspn (at, ",");
        const char *start = at;
        at += size + (at[size] == ',');
        while (size && isspace ((unsigned char) *start))
            start++, size--;
        while (size && isspace ((unsigned char) start[size - 1]))
            size--;
        if (size == 0 || size >= sizeof name || count == S_ENDPOINTS_MAX)
            return -ZGRID_MALFORMED;
        memcpy (name, start, size);
        name[size] = 0;
        probes[count].connection = connection_new (name, S_REPLY_MAX, S_REPLIES_MAX);
        if (!probes[count].connection)
            return errno == ENOMEM ? -ZGRID_NOMEM : -ZGRID_MALFORMED;
        s_ask (probes[count++].connection);
    }
    return count ? count : -ZGRID_MALFORMED;
}

int
hello_find (zgrid_client_t *self, const char *endpoints, char **endpoint)
{
    s_probe_t probes[S_ENDPOINTS_MAX];
    memset (probes, 0, sizeof probes);
    int count = s_make (endpoints, probes);
    int status = count < 0 ? -count : ZGRID_TIMEOUT;
    int found = count > 0 ? s_wait (self, probes, (size_t) count) : -1;
    if (found >= 0) {
        connection_t *connection = probes[found].connection;
        *endpoint = connection->endpoint;
        connection->endpoint = NULL;
        status = ZGRID_OK;
    }
    for (size_t at = 0; at < S_ENDPOINTS_MAX; at++)
        connection_destroy (&probes[at].connection);
    return status;
}

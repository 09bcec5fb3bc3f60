//  reply: from a received message to what the callers see. Everything in it is foreign: a reply that
//  nobody waits for is counted and forgotten, one of the wrong shape ends its own record.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "handover.h"

#define S_REAL_SIZE 9 // Bytes of an encoded float 64

typedef struct {
    zgrid_entry_t entry;
    meta_t meta;
    uint8_t real[S_REAL_SIZE]; // A value that has no bytes in the reply
    bool copied;               // entry.value points there
} answer_t;

typedef enum { WANT_ANY, WANT_BYTES, WANT_BYTES_OR_NIL, WANT_INT, WANT_TREE } want_t;

//  What the value of an answer with status OK must be.
static want_t
s_want (unsigned op)
{
    switch (op) {
        case OP_GET:
        case OP_GETDEL:
        case OP_INCRBYFLOAT:
            return WANT_BYTES;
        case OP_PUT:
        case OP_GETPUT:
        case OP_CAS:
            return WANT_BYTES_OR_NIL;
        case OP_TTL:
        case OP_IDLE:
        case OP_INCR:
        case OP_DECR:
        case OP_APPEND:
        case OP_SIZE:
        case OP_DESTROY:
        case OP_LOCK:
        case OP_TRYLOCK:
        case OP_PUBLISH:
        case OP_NUMPAT:
            return WANT_INT;
        case OP_SCAN:
        case OP_HELLO:
        case OP_ROUTES:
        case OP_STATS:
        case OP_CHANNELS:
        case OP_NUMSUB:
            return WANT_TREE;
        default:
            return WANT_ANY;
    }
}

static bool
s_fits (unsigned op, const reply_t *reply)
{
    value_kind_t kind = reply->value.kind;
    if (kind == VALUE_ATTACHED) // Nobody asked for attachments
        return false;
    if (reply->status != ZGRID_OK)
        return true;
    switch (s_want (op)) {
        case WANT_BYTES:
            return kind == VALUE_BYTES;
        case WANT_BYTES_OR_NIL:
            return kind == VALUE_BYTES || kind == VALUE_NIL;
        case WANT_INT:
            return kind == VALUE_INT;
        case WANT_TREE:
            return kind == VALUE_TREE;
        default:
            return true;
    }
}

static void
s_take_real (answer_t *answer, double real)
{
    uint64_t bits;
    memcpy (&bits, &real, sizeof bits);
    answer->real[0] = 0xcb;
    for (int at = 0; at < 8; at++)
        answer->real[1 + at] = (uint8_t) (bits >> (56 - 8 * at));
    answer->entry.value = (zgrid_bytes_t) { answer->real, S_REAL_SIZE };
    answer->copied = true;
}

static void
s_fill_meta (answer_t *answer, unsigned op, const reply_t *reply)
{
    zgrid_entry_t *entry = &answer->entry;
    if (!meta_decode (reply->meta, &answer->meta)) {
        *entry = entry_of (ZGRID_WRONGTYPE);
        answer->meta = (meta_t) { .given = 0 };
        return;
    }
    if (answer->meta.given & META_ttl)
        entry->ttl_ms = answer->meta.ttl;
    if (op == OP_SCAN && (answer->meta.given & META_cursor))
        entry->integer = (int64_t) answer->meta.cursor;
}

//  It was sent twice, and what the first sending answered was too large to be kept.
static bool
s_dropped (const reply_t *reply)
{
    meta_t meta;
    return reply->status == ZGRID_OK && reply->value.kind == VALUE_NIL && meta_decode (reply->meta, &meta)
           && (meta.given & META_dropped);
}

static void
s_fill (answer_t *answer, unsigned op, const reply_t *reply)
{
    zgrid_entry_t *entry = &answer->entry;
    answer->copied = false;
    answer->meta.given = 0;
    if (!s_fits (op, reply) && !s_dropped (reply)) {
        *entry = entry_of (ZGRID_WRONGTYPE);
        return;
    }
    *entry = (zgrid_entry_t) { .status = (int) reply->status, .version = reply->version, .ttl_ms = -2 };
    entry->has_value = reply->value.kind != VALUE_NIL;
    switch (reply->value.kind) {
        case VALUE_BYTES:
        case VALUE_TREE:
            entry->value = (zgrid_bytes_t) { reply->value.bytes.data, reply->value.bytes.size };
            break;
        case VALUE_INT:
            entry->integer = reply->value.integer;
            if (op == OP_TTL)
                entry->ttl_ms = reply->value.integer;
            break;
        case VALUE_REAL:
            s_take_real (answer, reply->value.real);
            break;
        default:
            break;
    }
    if (reply->meta.size)
        s_fill_meta (answer, op, reply);
}

//  Returns true if the entry points into the reply.
static bool
s_finish_batch (zgrid_client_t *client, const item_t *item, answer_t *answer)
{
    batch_t *batch = client->batch;
    zgrid_entry_t *entry = &batch->entries[item->index];
    *entry = answer->entry;
    batch->left--;
    if (entry->status != ZGRID_OK && entry->status != ZGRID_NOTFOUND)
        batch->failed++;
    if (answer->copied)
        entry->value.data = kept_copy (batch->kept, bytes_of (answer->real, S_REAL_SIZE));
    if (answer->meta.given & META_error)
        entry->error = kept_copy (batch->kept, answer->meta.error);
    bool points = entry->value.data && !answer->copied;
    if ((answer->copied && !entry->value.data) || (points && client->roomless)) {
        *entry = entry_of (ZGRID_NOMEM);
        batch->failed++;
        points = false;
    }
    return points;
}

//  An item that is no longer SENT has its answer. Returns true if somebody points into the reply.
static bool
s_finish (zgrid_client_t *client, item_t *item, answer_t *answer)
{
    if (client->cached)
        cached_answered (client, item, &answer->entry);
    pending_remove (&client->pending, item);
    item->state = ITEM_DONE;
    if (answer->entry.status == ZGRID_WRONGTYPE && !answer->meta.given)
        client->counters.wrong++;
    if (item->kind == ITEM_OF_BATCH)
        return s_finish_batch (client, item, answer);
    if (item->kind == ITEM_OF_FUTURE) {
        bytes_t error = answer->meta.given & META_error ? answer->meta.error : bytes_of (NULL, 0);
        future_finish (client, item, &answer->entry, error);
        return false;
    }
    client->scouting.cycles = 0;
    bytes_t tree = bytes_of (answer->entry.value.data, answer->entry.value.size);
    if (item->kind == ITEM_OF_SCOUT)
        scout_answered (client, item, answer->entry.status, tree);
    else if (answer->entry.status == ZGRID_OK && tree.size)
        (item->kind == ITEM_OF_HELLO ? learn_hello : learn_routes) (client, item->connection, tree);
    return false;
}

static bool
s_fail (zgrid_client_t *client, item_t *item, int status)
{
    answer_t answer = { .entry = entry_of (status) };
    return s_finish (client, item, &answer);
}

void
reply_fail (zgrid_client_t *client, item_t *item, int status, const char *why)
{
    answer_t answer = { .entry = entry_of (status),
                        .meta = { .given = META_error, .error = bytes_str (why) } };
    s_finish (client, item, &answer);
}

static bool
s_take (zgrid_client_t *client, connection_t *connection, const reply_t *reply)
{
    item_t *item = pending_find (&client->pending, reply->id);
    //  An answer to an earlier sending may come while it waits for the next. A place in line may be asked for
    //  here and there, and whoever asked last is told
    bool elsewhere = item && item->waits && !connection->foreign && !refuse_wants (reply->status);
    if (!item || (item->connection != connection && !elsewhere) || item->state != ITEM_SENT) {
        client->counters.ignored++;
        return false;
    }
    connection_land (item->connection, item);
    if (refuse_wants (reply->status) && item->kind != ITEM_OF_SCOUT) {
        int status = refuse_take (client, item, reply);
        if (status < 0)
            return false;
        if (status != (int) reply->status)
            return s_fail (client, item, status);
    }
    answer_t answer;
    s_fill (&answer, item->op, reply);
    return s_finish (client, item, &answer);
}

//  [0, "EVENT", json, version, nil], from the value on.
static void
s_take_event (zgrid_client_t *client, mp_t *walk, uint32_t count)
{
    bytes_t json;
    uint64_t version = 0;
    client->counters.events++;
    if (client->on_event && count >= 3 && mp_bytes (walk, &json) && (count < 4 || mp_uint (walk, &version)))
        client->on_event (client->event_arg, (zgrid_bytes_t) { json.data, json.size }, version);
}

//  [0, "VIEW", routers, version, nil], from the value on. Who has not been called for long may find here
//  whom to ask, when the server that said it is gone.
static void
s_take_view (zgrid_client_t *client, const connection_t *connection, mp_t walk, uint32_t count)
{
    uint64_t version;
    mp_t routers = walk;
    client->counters.pushes++;
    bool told = count >= 4 && mp_skip (&walk) && mp_uint (&walk, &version);
    if (told && !client->indirect && connection == client->connections[0] && !connection->foreign)
        routes_take_routers (client, &routers, version);
    if (!told || version != client->routes.epoch)
        learn_soon (client);
}

//  [0, "event", value, version, meta]: a new view has a new table. Passes over it, and over those that
//  nobody has asked for.
static bool
s_take_push (zgrid_client_t *client, connection_t *connection, mp_t *reader)
{
    mp_t walk = *reader;
    uint32_t count;
    uint64_t id;
    bytes_t event;
    if (!mp_array (&walk, &count) || !mp_uint (&walk, &id) || id != 0 || !mp_bytes (&walk, &event)
        || !mp_skip (reader))
        return false;
    if (bytes_equal (event, bytes_str ("VIEW")))
        s_take_view (client, connection, walk, count);
    else if (bytes_equal (event, bytes_str ("EVENT")))
        s_take_event (client, &walk, count);
    else if (client->cached && bytes_equal (event, bytes_str ("INVALIDATE")))
        cached_pushed (client, connection, walk, count);
    return true;
}

//  Hands out the records of a body. True if somebody points into it.
static bool
s_take_body (zgrid_client_t *client, connection_t *connection, bytes_t body)
{
    mp_t reader;
    bool held = false;
    if (!wire_open (body, &reader)) {
        client->counters.foreign++;
        return false;
    }
    for (;;) {
        reply_t reply;
        mp_t before = reader;
        wire_step_t step = wire_next_reply (&reader, &reply);
        if (step == WIRE_RECORD) {
            held = s_take (client, connection, &reply) || held;
            continue;
        }
        if (step == WIRE_END)
            return held;
        reader = before;
        if (s_take_push (client, connection, &reader))
            continue;
        client->counters.broken++;
        item_t *item = pending_find (&client->pending, reply.id);
        if (item && item->connection == connection && item->state == ITEM_SENT) {
            connection_land (connection, item);
            s_fail (client, item, ZGRID_WRONGTYPE);
        }
        return held;
    }
}

//  Frames behind the body: nobody asked for attachments.
static void
s_drop_rest (connection_t *connection)
{
    zmq_msg_t rest;
    zmq_msg_init (&rest);
    bool more = true;
    while (more && zmq_msg_recv (&rest, connection->handle, ZMQ_DONTWAIT) != -1)
        more = zmq_msg_more (&rest);
    zmq_msg_close (&rest);
}

bool
reply_receive (zgrid_client_t *client, connection_t *connection, int flags)
{
    kept_t *kept = client->batch ? client->batch->kept : &client->kept;
    zmq_msg_t *message = kept_slot (kept);
    zmq_msg_t spare;
    client->roomless = message == NULL;
    if (client->roomless) {
        zmq_msg_init (&spare);
        message = &spare;
    }
    if (zmq_msg_recv (message, connection->handle, flags) == -1) {
        if (errno != EAGAIN && errno != EINTR)
            connection->lost = true;
        return false;
    }
    connection->heard_at = (uint32_t) wait_clock ();
    connection->doubt_until = 0;
    if (zmq_msg_more (message))
        s_drop_rest (connection);
    handover_take (zmq_msg_data (message));
    bytes_t body = bytes_of (zmq_msg_data (message), zmq_msg_size (message));
    bool held = s_take_body (client, connection, body);
    if (held)
        kept_hold (kept);
    else {
        zmq_msg_close (message);
        zmq_msg_init (message);
    }
    return true;
}

int
reply_overdue (const item_t *item)
{
    if (item->writes && (item->doubt || item->state == ITEM_SENT))
        return ZGRID_MAYBE;
    if (item->state == ITEM_QUEUED && item->connection->foreign)
        return ZGRID_CLUSTER_MISMATCH;
    if (item->refused == ZGRID_UNAVAILABLE)
        return ZGRID_UNAVAILABLE;
    return item->refused == ZGRID_BUSY && item->state != ITEM_SENT ? ZGRID_BUSY : ZGRID_TIMEOUT;
}

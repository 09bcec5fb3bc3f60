//  sim_exec: two keys of its own that a client changes and reads together (EXEC), if the plan says so: it
//  never sees a part of what was done together, whatever dies meanwhile.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim_exec.h"
#include "status.h"

typedef enum {
    S_BOTH,   // Both get the value
    S_NONE,   // Both go
    S_AGAIN,  // One goes, and both get the value
    S_UNDONE, // One gets the value, and both go
    S_COPY,   // One gets the value, and the other its copy
    S_LIFE,   // Both get the value, one of them a TTL that is taken away again
    S_READ,
    S_KINDS = S_READ + 3 // Often
} s_kind_t;

static bool
s_stores (s_kind_t kind)
{
    return kind == S_BOTH || kind == S_AGAIN || kind == S_COPY || kind == S_LIFE;
}

void
exec_next (sim_t *sim, client_t *client, pending_t *pending)
{
    pending->exec = true;
    pending->wire = OP_EXEC;
    pending->key = 0;
    pending->expected = chance_below (&sim->chance, S_KINDS);
    if (pending->expected > S_READ)
        pending->expected = S_READ;
    pending->value = (int64_t) pending->id;
    pending->partition = client->own.partition;
}

typedef struct {
    buf_t *out;
    bytes_t map, keys[2];
    value_t value;
    uint32_t count;
} s_records_t;

static void
s_add (s_records_t *self, op_t op, unsigned key, const value_t *value, uint64_t ttl)
{
    options_t life = { .given = OPT_px, .time = ttl };
    wire_request (self->out, ++self->count, op, self->map, &self->keys[key], value, ttl ? &life : NULL);
}

static void
s_add_kind (s_records_t *self, s_kind_t kind)
{
    const value_t other = value_bytes (self->keys[1]);
    if (kind == S_AGAIN)
        s_add (self, OP_DEL, 0, NULL, 0);
    if (s_stores (kind) || kind == S_UNDONE)
        s_add (self, OP_PUT, 0, &self->value, kind == S_LIFE ? 100000 : 0);
    if (kind == S_LIFE)
        s_add (self, OP_PERSIST, 0, NULL, 0);
    if (kind == S_COPY)
        s_add (self, OP_COPY, 0, &other, 0);
    else if (s_stores (kind))
        s_add (self, OP_PUT, 1, &self->value, 0);
    for (unsigned key = 0; key < 2; key++) {
        if (kind == S_NONE || kind == S_UNDONE)
            s_add (self, OP_DEL, key, NULL, 0);
        if (kind == S_READ)
            s_add (self, OP_GET, key, NULL, 0);
    }
}

void
exec_request (const client_t *client, const pending_t *pending, buf_t *out)
{
    char map[24], text[24];
    buf_t records = BUF_INIT, tree = BUF_INIT;
    snprintf (map, sizeof map, "pair%" PRIu32, client->index);
    snprintf (text, sizeof text, "%" PRId64, pending->value);
    s_records_t add = { .out = &records,
                        .map = bytes_str (map),
                        .keys = { bytes_str (client->own.keys[0]), bytes_str (client->own.keys[1]) },
                        .value = value_bytes (bytes_str (text)) };
    s_add_kind (&add, (s_kind_t) pending->expected);
    wire_add_array (&tree, 2);
    wire_add_array (&tree, 0);
    wire_add_array (&tree, add.count);
    buf_add (&tree, records.data, records.size);
    value_t value = { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) };
    wire_request (out, pending->id, OP_EXEC, add.map, &add.keys[0], &value, NULL);
    buf_clear (&records);
    buf_clear (&tree);
}

//  ------------------------------------------------------------------------------------------------
//  Judging

static void
s_wrong (sim_t *sim, const client_t *client, const pending_t *pending, const char *what)
{
    sim_fail (sim, "client %" PRIu32 " id %" PRIu64 " p%" PRIu32 " EXEC: %s", client->index, pending->id,
              pending->partition, what);
}

//  What both keys hold; 0: nothing. False if they differ, or it cannot be read.
static bool
s_read_pair (const reply_t *reply, int64_t *value)
{
    mp_t reader = mp_of (reply->value.bytes);
    uint32_t count;
    int64_t found[2];
    if (reply->value.kind != VALUE_TREE || !mp_array (&reader, &count) || count != 2)
        return false;
    for (unsigned key = 0; key < 2; key++) {
        reply_t one;
        char text[24];
        if (wire_next_reply (&reader, &one) != WIRE_RECORD || one.value.bytes.size >= sizeof text)
            return false;
        found[key] = 0;
        if (one.status == ZGRID_OK) {
            memcpy (text, one.value.bytes.data, one.value.bytes.size);
            text[one.value.bytes.size] = 0;
            found[key] = strtoll (text, NULL, 10);
        }
    }
    *value = found[0];
    return found[0] == found[1];
}

void
exec_answer (sim_t *sim, client_t *client, const pending_t *pending, const reply_t *reply)
{
    own_t *own = &client->own;
    s_kind_t kind = (s_kind_t) pending->expected;
    int64_t value = s_stores (kind) ? pending->value : 0;
    if (reply->status != ZGRID_OK) {
        s_wrong (sim, client, pending, status_name ((int) reply->status));
        return;
    }
    sim->totals.execs++;
    if (kind == S_READ && !s_read_pair (reply, &value)) {
        s_wrong (sim, client, pending, "what was done together is not together");
        return;
    }
    if (kind == S_READ && !own->pair_unknown && value != own->pair_value)
        s_wrong (sim, client, pending, value ? "an older value" : "what was stored is lost");
    own->pair_value = value;
    own->pair_unknown = own->pair_doubtful;
}

void
exec_doubt (client_t *client)
{
    //  Without a session it may be on its way to a member that stands still
    client->own.pair_unknown = true;
    client->own.pair_doubtful = client->own.pair_doubtful || client->plain;
}

//  sim_script: what a client does next, and whether an answer can be right. Operations on shared keys
//  go into the history; what a client does on keys of its own has one right answer.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"
#include "sim/sim_exec.h"
#include "slot.h"
#include "status.h"

#define S_OWN_KEYS 8
#define S_BATCHES 30 // That a value may fill

static uint32_t
s_partition (const sim_t *sim, const char *key)
{
    return slot_partition (slot_of_key (bytes_str (key)), sim->plan.partitions);
}

void
script_begin (sim_t *sim, client_t *client)
{
    own_t *own = &client->own;
    own->partition = chance_below (&sim->chance, sim->plan.partitions);
    uint32_t at = 0;
    for (uint32_t number = 0; at < S_OWN_KEYS; number++) {
        char key[sizeof own->keys[0]];
        snprintf (key, sizeof key, "own%" PRIu32, number);
        if (s_partition (sim, key) == own->partition)
            memcpy (own->keys[at++], key, sizeof key);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Choosing

static void
s_next_shared (sim_t *sim, client_t *client, pending_t *pending)
{
    static const linear_op_t s_ops[] = { LINEAR_GET, LINEAR_GET, LINEAR_GET,    LINEAR_GET,
                                         LINEAR_PUT, LINEAR_PUT, LINEAR_INCR,   LINEAR_INCR,
                                         LINEAR_CAS, LINEAR_CAS, LINEAR_PUT_NX, LINEAR_DEL };
    static const op_t s_wire[] = { OP_GET, OP_PUT, OP_PUT, OP_DEL, OP_CAS, OP_INCR };
    chance_t *chance = &sim->chance;
    pending->key = chance_of (chance, 0.5) ? chance_below (chance, 3) : chance_below (chance, sim->plan.keys);
    pending->op = s_ops[chance_below (chance, 12)];
    if (pending->key == 0 && pending->op != LINEAR_GET) // The counter
        pending->op = LINEAR_INCR;
    if (client->judge) {
        pending->key = client->issued;
        pending->op = LINEAR_GET;
    }
    pending->wire = s_wire[pending->op];
    pending->confirm = pending->op == LINEAR_GET && chance_of (chance, 0.2);
    pending->value = pending->op == LINEAR_INCR
                         ? pending->key == 0 ? 1 : 1 + chance_below (chance, 3)
                         : (int64_t) (client->index + 1) * 1000000 + client->issued * 100;
    uint32_t guess = chance_below (chance, 10);
    pending->expected = guess < 6   ? sim->recent[pending->key]
                        : guess < 8 ? LINEAR_ABSENT
                                    : chance_below (chance, 20);
    pending->partition = s_partition (sim, sim->keys[pending->key]);
}

//  A key with a TTL: `key` is then S_OWN_KEYS.
static void
s_next_ttl (sim_t *sim, client_t *client, pending_t *pending)
{
    static const op_t s_ops[] = { OP_PUT, OP_GET, OP_GET, OP_GET, OP_PEXPIRE };
    char key[24];
    pending->wire = s_ops[chance_below (&sim->chance, 5)];
    //  Often a short life is made longer before it ends
    if (client->own.ttl_put && chance_of (&sim->chance, 0.6))
        pending->wire = OP_PEXPIRE;
    client->own.ttl_put = pending->wire == OP_PUT;
    pending->key = S_OWN_KEYS;
    pending->ttl = pending->wire == OP_GET   ? 0
                   : pending->wire == OP_PUT ? chance_between (&sim->chance, 30, 600)
                                             : chance_between (&sim->chance, 50, 4000);
    pending->value = (int64_t) ++client->own.ttl_counter;
    snprintf (key, sizeof key, "ttl%" PRIu32, client->index);
    pending->partition = s_partition (sim, key);
}

static void
s_next_own (sim_t *sim, client_t *client, pending_t *pending)
{
    static const op_t s_ops[] = { OP_PUT, OP_PUT,  OP_PUT,  OP_PUT,  OP_DEL,
                                  OP_GET, OP_SCAN, OP_SIZE, OP_SIZE, OP_DESTROY };
    pending->own = true;
    if (sim->plan.exec && chance_of (&sim->chance, 0.5)) {
        exec_next (sim, client, pending);
        return;
    }
    if (client->own.ttl_put || chance_of (&sim->chance, 0.4)) {
        s_next_ttl (sim, client, pending);
        return;
    }
    pending->wire = s_ops[chance_below (&sim->chance, 10)];
    pending->key = chance_below (&sim->chance, S_OWN_KEYS);
    pending->value = (int64_t) pending->id;
    pending->partition = client->own.partition;
    //  Some values are large; now and then one is larger than a message may be
    if (pending->wire == OP_PUT && chance_of (&sim->chance, sim->plan.memory_limit ? 0.7 : 0.02))
        pending->padding = chance_of (&sim->chance, 0.1) ? 300000 : chance_below (&sim->chance, 60000);
    //  Not so large that moves with tiny batches take a minute
    if (sim->plan.move_bytes && pending->padding > S_BATCHES * sim->plan.move_bytes)
        pending->padding = (uint32_t) (S_BATCHES * sim->plan.move_bytes);
}

void
script_next (sim_t *sim, client_t *client, pending_t *pending)
{
    bool own = !client->judge && chance_of (&sim->chance, 0.25);
    for (uint32_t at = 0; at < SIM_WINDOW_MAX; at++)
        own = own && !(client->pending[at].open && client->pending[at].own); // One after the other
    if (own)
        s_next_own (sim, client, pending);
    else
        s_next_shared (sim, client, pending);
}

void
script_trace (const sim_t *sim, const client_t *client, const pending_t *pending)
{
    if (!sim->trace)
        return;
    linear_event_t event = { .key = pending->key,
                             .client = client->index,
                             .op = pending->op,
                             .expected = pending->expected,
                             .value = pending->value,
                             .called = pending->called,
                             .returned = LINEAR_NEVER };
    char text[160];
    linear_print (&event, text, sizeof text);
    sim_say (sim, "client %" PRIu32 " id %" PRIu64 " p%" PRIu32 " %s %s%s", client->index, pending->id,
             pending->partition, op_info (pending->wire)->name, pending->own ? "of its own" : text,
             pending->confirm ? ", confirmed" : "");
}

//  ------------------------------------------------------------------------------------------------
//  Asking

void
script_request (sim_t *sim, const client_t *client, const pending_t *pending, buf_t *out)
{
    char map[24] = "shared", key[24], expected[24];
    options_t options = { .given = 0 };
    bytes_t name;
    if (pending->exec) {
        exec_request (client, pending, out);
        return;
    }
    if (!pending->own)
        name = bytes_str (sim->keys[pending->key]);
    else if (pending->key == S_OWN_KEYS) {
        snprintf (map, sizeof map, "ttl");
        snprintf (key, sizeof key, "ttl%" PRIu32, client->index);
        name = bytes_str (key);
    } else {
        snprintf (map, sizeof map, "own%" PRIu32, client->index);
        name = bytes_str (client->own.keys[pending->key]);
    }
    static char s_padded[300100];
    char *text = s_padded;
    int size = snprintf (text, 24, "%" PRId64, pending->value);
    memset (text + size, ' ', pending->padding);
    value_t value = value_bytes (bytes_of (text, (size_t) size + pending->padding));
    if (pending->wire == OP_INCR || pending->wire == OP_PEXPIRE)
        value = value_int (pending->wire == OP_INCR ? pending->value : (int64_t) pending->ttl);
    if (!pending->own && pending->op == LINEAR_PUT_NX)
        options.given |= OPT_nx;
    if (pending->wire == OP_CAS) {
        snprintf (expected, sizeof expected, "%" PRId64, pending->expected);
        options.given |= OPT_ifeq;
        options.ifeq = pending->expected == LINEAR_ABSENT ? value_nil () : value_bytes (bytes_str (expected));
    }
    if (pending->confirm) {
        options.given |= OPT_read;
        options.read = bytes_str ("confirm");
    }
    if (pending->ttl && pending->wire == OP_PUT) {
        options.given |= OPT_px;
        options.time = pending->ttl;
    }
    bool part = op_info (pending->wire)->routing == ROUTING_PART;
    if (part) {
        options.given |= OPT_partition;
        options.partition = pending->partition;
    }
    bool carries = pending->wire == OP_PUT || pending->wire == OP_CAS || pending->wire == OP_INCR
                   || pending->wire == OP_PEXPIRE;
    wire_request (out, pending->id, pending->wire, bytes_str (map), part ? NULL : &name,
                  carries ? &value : NULL, &options);
}

//  ------------------------------------------------------------------------------------------------
//  Judging

static int64_t
s_number (value_t value)
{
    if (value.kind == VALUE_INT)
        return value.integer;
    char text[24];
    if (value.kind != VALUE_BYTES || value.bytes.size >= sizeof text)
        return LINEAR_ABSENT;
    memcpy (text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = 0;
    return strtoll (text, NULL, 10);
}

static void
s_record (sim_t *sim, const client_t *client, const pending_t *pending, linear_status_t status,
          int64_t result, uint64_t returned)
{
    if (sim->history_count == sim->history_room) {
        sim->history_room = sim->history_room ? sim->history_room * 2 : 512;
        sim->history = realloc (sim->history, sim->history_room * sizeof *sim->history);
        assert (sim->history);
    }
    sim->history[sim->history_count++] = (linear_event_t) { .key = pending->key,
                                                            .client = client->index,
                                                            .op = pending->op,
                                                            .expected = pending->expected,
                                                            .value = pending->value,
                                                            .status = status,
                                                            .result = result,
                                                            .called = pending->called,
                                                            .returned = returned };
}

static void
s_unexpected (sim_t *sim, const client_t *client, const pending_t *pending, const reply_t *reply)
{
    meta_t meta;
    bool told = meta_decode (reply->meta, &meta) && (meta.given & META_error);
    sim_fail (sim, "client %" PRIu32 " id %" PRIu64 " %s: unexpected status %s %.*s", client->index,
              pending->id, op_info (pending->wire)->name, status_name ((int) reply->status),
              told ? (int) meta.error.size : 0, told ? (const char *) meta.error.data : "");
}

static void
s_answer_shared (sim_t *sim, client_t *client, pending_t *pending, const reply_t *reply)
{
    linear_status_t status;
    switch (reply->status) {
        case ZGRID_OK:
            status = LINEAR_OK;
            break;
        case ZGRID_NOTFOUND:
            status = LINEAR_NOTFOUND;
            break;
        case ZGRID_MISMATCH:
            status = LINEAR_MISMATCH;
            break;
        case ZGRID_EXISTS:
            status = LINEAR_EXISTS;
            break;
        default:
            s_unexpected (sim, client, pending, reply);
            return;
    }
    bool told = (status == LINEAR_OK && (pending->op == LINEAR_GET || pending->op == LINEAR_INCR))
                || (pending->op == LINEAR_CAS && status == LINEAR_MISMATCH);
    int64_t result = told ? s_number (reply->value) : 0;
    if (status == LINEAR_OK && pending->op != LINEAR_DEL)
        sim->recent[pending->key] = told ? result : pending->value;
    s_record (sim, client, pending, status, result, sim->now);
}

static void
s_wrong (sim_t *sim, const client_t *client, const pending_t *pending, const char *what, int64_t got)
{
    sim_fail (sim, "client %" PRIu32 " id %" PRIu64 " p%" PRIu32 " %s of its own: %s (%" PRId64 ")",
              client->index, pending->id, pending->partition, op_info (pending->wire)->name, what, got);
}

static void
s_answer_ttl (sim_t *sim, client_t *client, pending_t *pending, const reply_t *reply)
{
    own_t *own = &client->own;
    if (reply->status == ZGRID_OK && pending->wire != OP_GET) {
        if (pending->wire == OP_PEXPIRE && own->ttl_state == OWN_ABSENT)
            s_wrong (sim, client, pending, "an entry that was gone got a new TTL", 0);
        if (pending->wire == OP_PUT)
            own->ttl_value = pending->value;
        else if (own->ttl_state == OWN_UNKNOWN)
            return;
        own->ttl_state = OWN_PRESENT;
        //  Clocks drift by 1 %, and tell whole milliseconds
        own->ttl_not_before = pending->called + pending->ttl * 980 - 4000;
    } else if (reply->status == ZGRID_OK) {
        int64_t value = s_number (reply->value);
        if (own->ttl_state == OWN_ABSENT)
            s_wrong (sim, client, pending, "an entry that was gone is back", value);
        if (own->ttl_state == OWN_PRESENT && value != own->ttl_value)
            s_wrong (sim, client, pending, "another value than the last", value);
        if (own->ttl_state == OWN_UNKNOWN)
            own->ttl_not_before = 0;
        own->ttl_value = value;
        own->ttl_state = OWN_PRESENT;
    } else if (reply->status == ZGRID_NOTFOUND && pending->wire != OP_PUT) {
        if (own->ttl_state == OWN_PRESENT && sim->now < own->ttl_not_before)
            s_wrong (sim, client, pending, "expired too early by (us)",
                     (int64_t) (own->ttl_not_before - sim->now));
        own->ttl_state = OWN_ABSENT;
    } else
        s_unexpected (sim, client, pending, reply);
}

//  Which of its own keys a page of SCAN names; a bit for anything else as well.
static uint64_t
s_scanned (const client_t *client, const reply_t *reply)
{
    mp_t reader = mp_of (reply->value.bytes);
    uint64_t seen = 0;
    uint32_t count;
    if (reply->value.kind != VALUE_TREE || !mp_array (&reader, &count))
        return 1u << S_OWN_KEYS;
    while (count--) {
        bytes_t key;
        uint32_t at = 0;
        if (!mp_bytes (&reader, &key))
            return 1u << S_OWN_KEYS;
        while (at < S_OWN_KEYS && !bytes_equal (key, bytes_str (client->own.keys[at])))
            at++;
        seen |= seen & 1u << at ? UINT64_C (1) << 40 : UINT64_C (1) << at; // Twice is wrong, too
    }
    return seen;
}

static void
s_answer_part (sim_t *sim, client_t *client, pending_t *pending, const reply_t *reply)
{
    own_t *own = &client->own;
    int64_t count = __builtin_popcountll (own->present);
    if (reply->status != ZGRID_OK) {
        s_unexpected (sim, client, pending, reply);
        return;
    }
    if (pending->wire == OP_SCAN) {
        uint64_t seen = s_scanned (client, reply);
        if ((seen & ~own->unknown) != (own->present & ~own->unknown))
            s_wrong (sim, client, pending, "other keys than there are", (int64_t) (seen ^ own->present));
        return;
    }
    if (!own->unknown && s_number (reply->value) != count)
        s_wrong (sim, client, pending, "another number of entries", s_number (reply->value) - count);
    if (pending->wire == OP_DESTROY) {
        own->present = 0;
        own->unknown = own->doubtful;
        sim->totals.destroyed++;
    }
}

static void
s_answer_own (sim_t *sim, client_t *client, pending_t *pending, const reply_t *reply)
{
    own_t *own = &client->own;
    uint64_t bit = UINT64_C (1) << pending->key;
    bool present = own->present & bit, unknown = own->unknown & bit;
    if (reply->status != ZGRID_OK && (reply->status != ZGRID_NOTFOUND || pending->wire == OP_PUT)) {
        s_unexpected (sim, client, pending, reply);
        return;
    }
    bool found = reply->status == ZGRID_OK;
    if (pending->wire != OP_PUT && !unknown && found != present)
        s_wrong (sim, client, pending, present ? "an entry is lost" : "an entry is back", 0);
    bool after = pending->wire == OP_PUT || (pending->wire == OP_GET && found);
    own->present = after ? own->present | bit : own->present & ~bit;
    own->unknown = (own->unknown & ~bit) | own->doubtful;
}

void
script_answer (sim_t *sim, client_t *client, pending_t *pending, const reply_t *reply)
{
    if (pending->confirm)
        sim->totals.confirmed++;
    if (reply->status == ZGRID_NOMEM && sim->plan.memory_limit)
        return; // Nothing happened
    if (pending->exec)
        exec_answer (sim, client, pending, reply);
    else if (!pending->own)
        s_answer_shared (sim, client, pending, reply);
    else if (pending->key == S_OWN_KEYS)
        s_answer_ttl (sim, client, pending, reply);
    else if (op_info (pending->wire)->routing == ROUTING_PART)
        s_answer_part (sim, client, pending, reply);
    else
        s_answer_own (sim, client, pending, reply);
}

void
script_doubt (sim_t *sim, client_t *client, pending_t *pending)
{
    if (!op_info (pending->wire)->writes)
        return;
    sim->totals.in_doubt++;
    own_t *own = &client->own;
    if (pending->exec)
        exec_doubt (client);
    else if (!pending->own)
        s_record (sim, client, pending, LINEAR_OK, 0, LINEAR_NEVER);
    else if (pending->key == S_OWN_KEYS)
        own->ttl_state = OWN_UNKNOWN;
    else {
        uint64_t all = (UINT64_C (1) << S_OWN_KEYS) - 1, bit = UINT64_C (1) << pending->key;
        own->unknown |= pending->wire == OP_DESTROY ? all : bit;
        //  Without a session it may be on its way to a member that stands still
        own->doubtful |= !client->plain ? 0 : pending->wire == OP_DESTROY ? all : bit;
    }
}

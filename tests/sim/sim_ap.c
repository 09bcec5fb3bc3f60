//  sim_ap: a map in ap mode, beside everything else. Writes and reads go to storages of any member, cut
//  off or not, and are sent once: a retry would be another write. In the end all copies are equal, and
//  hold nothing that nobody wrote and nothing that was deleted.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim.h"
#include "slot.h"
#include "status.h"

#define S_MAP "anywhere"
#define S_KEYS 6
#define S_HOPS_MAX 3
#define S_REPLY_MAX 65536

typedef struct {
    op_t op;
    uint32_t key;
    uint64_t called;  // When it was sent last
    uint32_t hops;    // How often it was sent on
    bool done;        // It has been answered
    uint64_t version; // 0: not known, or nothing was written
    uint32_t process; // That executed it; SIM_NOBODY: not known, or it may have ended since
} s_op_t;

//  An operation's id is its place in ops + 1; a value is the id of the PUT that wrote it.
struct ap_side {
    chance_t chance; // Of its own: what it decides does not change what others decide
    bool served;     // Every storage knows the map's mode
    s_op_t *ops;
    uint64_t ops_count, ops_room;
};

static bytes_t
s_key (uint32_t key, char text[16])
{
    snprintf (text, 16, "ap%" PRIu32, key);
    return bytes_str (text);
}

static uint32_t
s_partition (const sim_t *sim, uint32_t key)
{
    char text[16];
    return slot_partition (slot_of_key (s_key (key, text)), sim->plan.partitions);
}

static void
s_request (const s_op_t *op, uint64_t id, buf_t *body)
{
    char key[16], text[24];
    options_t options = { .given = 0 };
    snprintf (text, sizeof text, "%" PRIu64, id);
    bytes_t name = s_key (op->key, key);
    value_t value = value_bytes (bytes_str (text));
    wire_begin (body);
    wire_request (body, id, op->op, bytes_str (S_MAP), &name, op->op == OP_PUT ? &value : NULL, &options);
}

//  The id that a value names. 0: none.
static uint64_t
s_id (value_t value)
{
    char text[24];
    if (value.kind != VALUE_BYTES || value.bytes.size >= sizeof text)
        return 0;
    memcpy (text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = 0;
    return strtoull (text, NULL, 10);
}

//  ------------------------------------------------------------------------------------------------
//  Asking

static void
s_send (sim_t *sim, uint64_t id, uint32_t slot, uint32_t port)
{
    s_op_t *op = &sim->ap->ops[id - 1];
    buf_t body = BUF_INIT;
    s_request (op, id, &body);
    event_t *event = event_new (actor_on_item, buf_bytes (&body));
    event->kind = ITEM_CLIENT;
    event->once = true;
    event->process = SIM_NOBODY;
    event->port = port;
    event->actor = port % 100;
    event->route = (route_t) { .client = SIM_AP_CLIENT, .via = SIM_NOBODY, .mark = op->hops };
    op->called = sim->now;
    network_send (sim, SIM_NOBODY, slot, event);
    buf_clear (&body);
}

//  A member that is listed for the partition; now and then any other. NULL: nobody is there.
static const process_t *
s_choose (sim_t *sim, uint32_t partition)
{
    chance_t *chance = &sim->ap->chance;
    const part_t *part = &check_newest (sim)->parts[partition];
    const process_t *process = process_at (sim, chance_below (chance, sim->plan.slots_max));
    if (part->reps_count && chance_of (chance, 0.8))
        process = process_of (sim, part->reps[chance_below (chance, part->reps_count)]);
    return process && process->alive && process->actors_count ? process : NULL;
}

static void
s_issue (sim_t *sim)
{
    static const op_t s_ops[] = { OP_PUT, OP_PUT, OP_PUT, OP_GET, OP_GET, OP_DEL };
    ap_side_t *self = sim->ap;
    s_op_t op = { .op = s_ops[chance_below (&self->chance, 6)],
                  .key = chance_below (&self->chance, S_KEYS),
                  .process = SIM_NOBODY };
    uint32_t partition = s_partition (sim, op.key);
    const process_t *process = s_choose (sim, partition);
    if (!process)
        return;
    if (self->ops_count == self->ops_room) {
        self->ops_room = self->ops_room ? self->ops_room * 2 : 256;
        self->ops = realloc (self->ops, self->ops_room * sizeof *self->ops);
        assert (self->ops);
    }
    self->ops[self->ops_count++] = op;
    TRACE (sim, "ap id %" PRIu64 " p%" PRIu32 " %s ap%" PRIu32 " at n%" PRIu32, self->ops_count, partition,
           op_info (op.op)->name, op.key, process->slot);
    s_send (sim, self->ops_count, process->slot, process->port + 100 + partition % process->actors_count);
}

static bool
s_is_declared (const view_t *view)
{
    return view && view_map (view, bytes_str (S_MAP))->mode == MAP_AP;
}

//  Where the mode is not known the map would be one in cp mode. Who starts later learns it at once.
static bool
s_is_served (const sim_t *sim)
{
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++) {
        const process_t *process = sim->at[slot];
        for (uint32_t at = 0; process && process->alive && at < process->actors_count; at++)
            if (!s_is_declared (process->actors[at].view))
                return false;
    }
    return s_is_declared (check_newest (sim));
}

static void
s_declare (sim_t *sim)
{
    process_t *via = process_at (sim, chance_below (&sim->ap->chance, sim->plan.slots));
    bytes_t words[] = { bytes_str ("map"), bytes_str (S_MAP), bytes_str ("mode"), bytes_str ("ap") };
    if (via && process_is_up (via) && !s_is_declared (check_newest (sim)))
        process_admin (via, words, 4);
}

static void
s_on_step (sim_t *sim, event_t *event)
{
    ap_side_t *self = sim->ap;
    if (!sim->faults_on) {
        event_free (event);
        return;
    }
    self->served = self->served || s_is_served (sim);
    if (self->served)
        s_issue (sim);
    else
        s_declare (sim);
    sim_at (sim, sim->now + chance_between (&self->chance, 2000, 100000), event);
}

void
ap_side_start (sim_t *sim)
{
    if (!sim->plan.ap)
        return;
    sim->ap = calloc (1, sizeof *sim->ap);
    assert (sim->ap);
    sim->ap->chance.state = sim->seed * 0xd1342543de82ef95 + sim->plan.copies;
    sim_at (sim, 300000, event_new (s_on_step, bytes_of (NULL, 0)));
}

void
ap_side_destroy (sim_t *sim)
{
    if (sim->ap)
        free (sim->ap->ops);
    free (sim->ap);
    sim->ap = NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Answers

//  A value that was read was written, by a PUT of this key, as this version.
static void
s_check_value (sim_t *sim, uint32_t key, const reply_t *reply)
{
    uint64_t id = s_id (reply->value);
    s_op_t *put = id && id <= sim->ap->ops_count ? &sim->ap->ops[id - 1] : NULL;
    if (!put || put->op != OP_PUT || put->key != key)
        sim_fail (sim, "ap: nobody wrote the value %" PRIu64 " of ap%" PRIu32, id, key);
    else if (!reply->version || (put->version && put->version != reply->version))
        sim_fail (sim, "ap: value %" PRIu64 " of ap%" PRIu32 " has version %" PRIu64 ", and %" PRIu64, id,
                  key, reply->version, put->version);
    else
        put->version = reply->version; // Its answer may have been lost
}

static void
s_moved (sim_t *sim, uint64_t id, const reply_t *reply)
{
    s_op_t *op = &sim->ap->ops[id - 1];
    uint32_t slot, port;
    meta_t meta;
    bool known = meta_decode (reply->meta, &meta) && (meta.given & META_owner)
                 && network_address (meta.owner, &slot, &port);
    if (!known || op->hops == S_HOPS_MAX) {
        op->done = true; // It certainly did not happen
        return;
    }
    op->hops++;
    s_send (sim, id, slot, port);
}

static void
s_answered (sim_t *sim, uint64_t id, const reply_t *reply, uint32_t slot)
{
    s_op_t *op = &sim->ap->ops[id - 1];
    TRACE (sim, "ap id %" PRIu64 " -> %s version %" PRIu64 " from n%" PRIu32, id,
           status_name ((int) reply->status), reply->version, slot);
    if (reply->status == ZGRID_MOVED) {
        s_moved (sim, id, reply);
        return;
    }
    op->done = true;
    if (reply->status == ZGRID_TRYAGAIN) // It has no view yet, and did nothing
        return;
    if (op->op == OP_GET)
        sim->totals.ap_reads++;
    if (reply->status == ZGRID_NOTFOUND && op->op != OP_PUT)
        return;
    if (reply->status != ZGRID_OK) {
        sim_fail (sim, "ap id %" PRIu64 " %s: unexpected status %s", id, op_info (op->op)->name,
                  status_name ((int) reply->status));
        return;
    }
    if (op->op == OP_GET) {
        s_check_value (sim, op->key, reply);
        return;
    }
    sim->totals.ap_writes++;
    if (!reply->version || (op->version && op->version != reply->version))
        sim_fail (sim, "ap id %" PRIu64 ": its version is %" PRIu64 ", and was %" PRIu64, id, reply->version,
                  op->version);
    op->version = reply->version;
    const process_t *process = process_at (sim, slot);
    if (process && process->started < op->called)
        op->process = process->index;
}

void
ap_side_on_reply (sim_t *sim, event_t *event)
{
    mp_t reader;
    reply_t reply;
    network_arrived (sim, event);
    if (!wire_open (event_body (event), &reader) || wire_next_reply (&reader, &reply) != WIRE_RECORD
        || reply.id == 0 || reply.id > sim->ap->ops_count)
        sim_fail (sim, "ap: a reply is none");
    else if (!sim->ap->ops[reply.id - 1].done && sim->ap->ops[reply.id - 1].hops == event->a)
        s_answered (sim, reply.id, &reply, event->from); // Not one that came twice
    event_free (event);
}

//  ------------------------------------------------------------------------------------------------
//  In the end

static uint64_t
s_digest (const process_t *process, uint32_t partition)
{
    return storage_ap_digest (process->actors[partition % process->actors_count].storage, partition);
}

//  Who is listed has what all others have; who is not has nothing left to hand over.
static bool
s_partition_settled (sim_t *sim, uint32_t partition, char *why, size_t size)
{
    const part_t *part = &check_newest (sim)->parts[partition];
    const process_t *primary = process_of (sim, part->primary);
    for (uint32_t slot = 0; slot < sim->plan.slots_max; slot++) {
        const process_t *process = process_at (sim, slot);
        if (!process || !process->actors_count)
            continue;
        bool listed = part_has (part, process->id);
        uint64_t wanted = listed && primary && primary->alive ? s_digest (primary, partition) : 0;
        if (s_digest (process, partition) == wanted)
            continue;
        snprintf (why, size, "ap: n%" PRIu32 " %s p%" PRIu32, slot,
                  listed ? "differs from the primary in" : "has not handed over", partition);
        return false;
    }
    return true;
}

bool
ap_side_settled (sim_t *sim, char *why, size_t size)
{
    for (uint32_t partition = 0; sim->ap && partition < sim->plan.partitions; partition++)
        if (!s_partition_settled (sim, partition, why, size))
            return false;
    return true;
}

//  What a storage answers to GET. Its value lies in out.
static bool
s_read (const process_t *process, uint32_t key, buf_t *out, reply_t *reply)
{
    s_op_t op = { .op = OP_GET, .key = key };
    uint32_t partition = s_partition (process->sim, key);
    buf_t body = BUF_INIT;
    mp_t reader;
    s_request (&op, 1, &body);
    buf_reset (out);
    wire_begin (out);
    batch_t batch = { .moment = actor_moment (&process->actors[0]), .body_size = body.size };
    bool good = wire_open (buf_bytes (&body), &batch.reader);
    assert (good);
    good = !storage_batch (process->actors[partition % process->actors_count].storage, &batch, out,
                           S_REPLY_MAX);
    buf_clear (&body);
    return good && wire_open (buf_bytes (out), &reader) && wire_next_reply (&reader, reply) == WIRE_RECORD;
}

//  What is known of the writes of a key. Who ended may have taken its last writes along.
typedef struct {
    uint64_t put, del;     // The newest that were executed where nobody has ended since
    uint64_t del_anywhere; // The newest of all; UINT64_MAX: one was not answered
} s_newest_t;

static s_newest_t
s_newest (const sim_t *sim, uint32_t key)
{
    s_newest_t newest = { 0, 0, 0 };
    for (uint64_t at = 0; at < sim->ap->ops_count; at++) {
        const s_op_t *op = &sim->ap->ops[at];
        if (op->key != key || op->op == OP_GET)
            continue;
        bool lives = op->process != SIM_NOBODY && sim->processes[op->process]->alive;
        uint64_t *place = op->op == OP_PUT ? &newest.put : &newest.del;
        if (lives && op->version > *place)
            *place = op->version;
        uint64_t version = op->done ? op->version : UINT64_MAX;
        if (op->op == OP_DEL && version > newest.del_anywhere)
            newest.del_anywhere = version;
    }
    return newest;
}

static void
s_judge (sim_t *sim, uint32_t key, uint32_t slot, const reply_t *reply)
{
    s_newest_t newest = s_newest (sim, key);
    TRACE (sim, "ap%" PRIu32 " at n%" PRIu32 " in the end: %s version %" PRIu64, key, slot,
           status_name ((int) reply->status), reply->version);
    if (reply->status == ZGRID_NOTFOUND) {
        if (newest.put > newest.del_anywhere)
            sim_fail (sim, "ap: ap%" PRIu32 " is absent at n%" PRIu32 ", and was not deleted", key, slot);
        return;
    }
    if (reply->status != ZGRID_OK) {
        sim_fail (sim, "ap: n%" PRIu32 " says %s in the end", slot, status_name ((int) reply->status));
        return;
    }
    s_check_value (sim, key, reply);
    if (reply->version < newest.del)
        sim_fail (sim, "ap: ap%" PRIu32 " is back at n%" PRIu32 ": version %" PRIu64 ", deleted as %" PRIu64,
                  key, slot, reply->version, newest.del);
    if (reply->version < newest.put)
        sim_fail (sim, "ap: ap%" PRIu32 " is old at n%" PRIu32 ": version %" PRIu64 ", written as %" PRIu64,
                  key, slot, reply->version, newest.put);
}

void
ap_side_check (sim_t *sim)
{
    buf_t out = BUF_INIT;
    for (uint32_t key = 0; sim->ap && key < S_KEYS; key++) {
        const part_t *part = &check_newest (sim)->parts[s_partition (sim, key)];
        for (unsigned rep = 0; rep < part->reps_count; rep++) {
            const process_t *process = process_of (sim, part->reps[rep]);
            reply_t reply;
            if (process && process->alive && s_read (process, key, &out, &reply))
                s_judge (sim, key, process->slot, &reply);
            else
                sim_fail (sim, "ap: a copy of ap%" PRIu32 " does not answer", key);
        }
    }
    buf_clear (&out);
}

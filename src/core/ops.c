//  ops: from a batch of records to calls, and what all operations share.
//
//  Records are decoded a group at a time. Each group first asks the cache for the buckets of its
//  keys, then for the entries, and only then executes: the misses of a group overlap instead of
//  following one another.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <stdio.h>

#include "slot.h"
#include "status.h"
#include "storage_impl.h"
#include "utf8.h"

#define S_GROUP 16

op_fn *const ops_table[OP_LIMIT] = {
    [OP_GET] = op_get,
    [OP_PUT] = op_put,
    [OP_DEL] = op_del,
    [OP_EXISTS] = op_exists,
    [OP_TTL] = op_ttl,
    [OP_IDLE] = op_idle,
    [OP_EXPIRE] = op_expire,
    [OP_PEXPIRE] = op_expire,
    [OP_EXPIREAT] = op_expire,
    [OP_PEXPIREAT] = op_expire,
    [OP_PERSIST] = op_persist,
    [OP_TOUCH] = op_touch,
    [OP_INCR] = op_incr,
    [OP_DECR] = op_incr,
    [OP_INCRBYFLOAT] = op_incr_float,
    [OP_GETPUT] = op_getput,
    [OP_GETDEL] = op_getdel,
    [OP_CAS] = op_cas,
    [OP_APPEND] = op_append,
    [OP_SETRANGE] = op_set_range,
    [OP_RENAME] = op_copy,
    [OP_COPY] = op_copy,
    [OP_LOCK] = op_lock,
    [OP_TRYLOCK] = op_lock,
    [OP_UNLOCK] = op_unlock,
    [OP_LEASE] = op_lease,
    [OP_SCAN] = partition_operation,
    [OP_SIZE] = partition_operation,
    [OP_DESTROY] = partition_operation,
};

//  A request of the group, and where its key lives.
typedef struct {
    request_t request;
    uint64_t hash;
    uint32_t partition;
    map_t *map;
    store_t *store;
    index_hint_t hint; // Of that store
    //  When it was executed
    unsigned status;
    uint64_t bytes_out;
} s_item_t;

//  ------------------------------------------------------------------------------------------------
//  Replies

void
call_answer (call_t *call, unsigned status, value_t value, uint64_t version)
{
    call->status = status;
    meta_t meta = { .given = 0 };
    if (call->stale)
        call_add_age (call, &meta);
    wire_reply (call->out, call->request->id, status, value, version, call->stale ? &meta : NULL);
}

void
call_refuse (call_t *call, unsigned status, const char *text)
{
    call->status = status;
    wire_reply_error (call->out, call->request->id, status, text);
}

void
call_too_big (call_t *call, const char *what, uint64_t size, const char *limit, uint64_t most)
{
    char text[128];
    snprintf (text, sizeof text, "%s of %llu bytes; %s is %llu", what, (unsigned long long) size, limit,
              (unsigned long long) most);
    call->storage->stats.toobig++;
    call_refuse (call, ZGRID_TOOBIG, text);
}

//  ------------------------------------------------------------------------------------------------
//  Arguments

bool
call_value (call_t *call, bytes_t *value)
{
    const value_t *given = &call->request->value;
    if (given->kind == VALUE_BYTES)
        *value = given->bytes;
    else if (given->kind == VALUE_ATTACHED && (uint64_t) given->integer < call->batch->attachment_count)
        *value = call->batch->attachments[given->integer];
    else {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED,
                     given->kind == VALUE_ATTACHED ? "no such attachment"
                                                   : "the value is neither bin nor str");
        return false;
    }
    return true;
}

bool
call_number (value_t value, int64_t *number)
{
    if (value.kind == VALUE_INT) {
        *number = value.integer;
        return true;
    }
    if (value.kind != VALUE_BYTES || value.bytes.size == 0 || value.bytes.size > 20)
        return false;
    const uint8_t *at = value.bytes.data, *end = at + value.bytes.size;
    bool negative = *at == '-';
    if (negative && ++at == end)
        return false;
    if (*at == '0' && (end - at > 1 || negative)) // As printed: no leading zeros, no -0
        return false;
    uint64_t sum = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow (sum, 10u, &sum)
            || __builtin_add_overflow (sum, (uint64_t) (*at - '0'), &sum))
            return false;
    }
    if (sum > (uint64_t) INT64_MAX + (negative ? 1 : 0))
        return false;
    *number = negative ? (int64_t) (0 - sum) : (int64_t) sum;
    return true;
}

bool
call_deadline (call_t *call, uint64_t otherwise, uint64_t *deadline, bool *past)
{
    const options_t *options = &call->options;
    uint64_t time = options->time;
    *past = false;
    *deadline = otherwise;
    if (!(options->given & (OPT_ex | OPT_px | OPT_exat | OPT_pxat)))
        return true;
    if (options->given & (OPT_ex | OPT_exat) && __builtin_mul_overflow (time, UINT64_C (1000), &time))
        time = UINT64_MAX;
    if (options->given & (OPT_exat | OPT_pxat)) {
        if (time <= call->moment.wall) {
            *past = true;
            return true;
        }
        time -= call->moment.wall;
    } else if (time == 0) {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "a TTL of 0");
        return false;
    }
    if (time > STORAGE_TTL_MAX) {
        call->storage->stats.toobig++;
        call_refuse (call, ZGRID_TOOBIG, "the TTL is longer than 100 years");
        return false;
    }
    *deadline = call->moment.now + time;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Executing

//  Finds map, partition and store; asks the cache for the bucket.
static void
s_prepare (storage_t *self, s_item_t *item)
{
    const request_t *request = &item->request;
    item->map = NULL;
    item->store = NULL;
    if (request->faulty || !request->has_key || op_info (request->op)->routing != ROUTING_KEY)
        return;
    uint32_t slot = slot_of_key (request->key);
    item->partition = slot_partition (slot, self->config.partitions);
    item->hash = hash_key (&self->secret, request->key);
    if (item->partition % self->config.actors != self->config.index)
        return;
    map_t *map = self->last_map;
    if (!map || map->name_size != request->map.size
        || memcmp (map->name, request->map.data, request->map.size) != 0)
        map = map_find (self, request->map);
    if (!map)
        return;
    self->last_map = map;
    item->map = map;
    item->store = map_store (map, item->partition / self->config.actors);
    if (item->store)
        index_prefetch_bucket (&item->store->index, item->hash, &item->hint);
}

void
reply_moved (storage_t *self, uint64_t id, uint32_t partition, buf_t *out)
{
    const view_t *view = self->cluster.view;
    meta_t meta = { .given = META_epoch, .epoch = view ? view->version : 1 };
    char text[VIEW_HOST_MAX + 16];
    const member_t *owner = view ? view_member (view, view->parts[partition].primary) : NULL;
    if (owner && owner->actors && owner->client_ports[partition % owner->actors]) {
        snprintf (text, sizeof text, "tcp://%s:%u", owner->host,
                  owner->client_ports[partition % owner->actors]);
        meta.given |= META_owner;
        meta.owner = bytes_str (text);
    }
    self->stats.moved++;
    wire_reply (out, id, ZGRID_MOVED, value_nil (), 0, &meta);
}

void
call_moved (call_t *call, uint32_t partition)
{
    call->status = ZGRID_MOVED;
    reply_moved (call->storage, call->request->id, partition, call->out);
}

static bool
s_is_read (bytes_t word)
{
    return bytes_equal (word, bytes_str ("lease")) || bytes_equal (word, bytes_str ("confirm"))
           || bytes_equal (word, bytes_str ("stale"));
}

//  Checks what is common to all operations on entries. False, and replied, if something is wrong.
static bool
s_check (call_t *call)
{
    storage_t *self = call->storage;
    const request_t *request = call->request;
    const char *why = NULL;
    if (request->faulty) {
        (*(request->faulty == ZGRID_BADOP    ? &self->stats.badop
           : request->faulty == ZGRID_TOOBIG ? &self->stats.toobig
                                             : &self->stats.malformed))++;
        call_refuse (call, request->faulty, request->fault);
        return false;
    }
    if (!options_decode (request->options, &call->options, &why))
        ;
    else if ((call->options.given & OPT_read) && !s_is_read (call->options.read))
        why = "read is none of lease, confirm and stale";
    else if (op_info (request->op)->routing == ROUTING_NODE)
        return true;
    else if (!call->map && (request->map.size == 0 || !utf8_is_valid (request->map)))
        why = "the map's name is empty or not UTF-8";
    else if (op_info (request->op)->routing == ROUTING_KEY && !request->has_key)
        why = "the key is missing";
    if (why) {
        self->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, why);
        return false;
    }
    if (request->key.size > self->config.key_max) {
        call_too_big (call, "key", request->key.size, "limits.key_max", self->config.key_max);
        return false;
    }
    return true;
}

bool
call_is_over (const call_t *call, removal_t *reason)
{
    const entry_t *entry = call->place.entry;
    *reason = REMOVAL_EXPIRED;
    if (entry_expired (entry, call->moment.now))
        return true;
    *reason = REMOVAL_IDLE;
    return !call->stale && entry_is_idle (call->storage, call->map, call->partition, entry, call->moment.now);
}

//  Looks the key up. An entry whose time is over is removed before anything looks at it: that is an
//  effect of its own, and absence is told when it is committed (consistency 6). False, and replied, if
//  it cannot be.
static bool
s_find (call_t *call, uint64_t hash, const index_hint_t *hint)
{
    call->place = (place_t) { call->request->key, hash, NULL, NULL };
    if (call->store)
        call->place = store_find_hinted (call->store, hash, call->request->key, hint);
    removal_t reason;
    if (call->place.entry && call_is_over (call, &reason)) {
        if (call->stale) // A backup hides it
            call->place = (place_t) { call->request->key, hash, NULL, NULL };
        else if (!replica_remove (call->storage, call->store, &call->place, reason, call->moment.now)) {
            call->storage->stats.busy++;
            call_refuse (call, ZGRID_BUSY, "the partition's other copies are behind");
            return false;
        }
    }
    call->saw = call->place.entry             ? entry_version (call->place.entry)
                : LEFT_OUT (absent_committed) ? 0
                                              : call->partition->removed;
    call->before = call->partition->sequence;
    return true;
}

void
call_turn_to (call_t *call, const request_t *request)
{
    uint32_t local = (uint32_t) (call->partition - call->storage->partitions);
    uint64_t hash = hash_key (&call->storage->secret, request->key);
    call->request = request;
    call->map = map_find (call->storage, request->map);
    call->store = call->map ? map_store (call->map, local) : NULL;
    call->place = (place_t) { request->key, hash, NULL, NULL };
    if (call->store)
        call->place = store_find (call->store, hash, request->key);
}

//  A record that names a key of this actor.
static void
s_execute_key (call_t *call, s_item_t *item)
{
    storage_t *self = call->storage;
    uint32_t local = item->partition / self->config.actors;
    //  A record before this one in its group may have made the map or the store
    if (!call->map)
        call->map = map_find (self, item->request.map);
    call->store = call->map ? map_store (call->map, local) : NULL;
    call->partition = &self->partitions[local];
    if (!call_admit (call))
        return;
    ++*(op_info (item->request.op)->writes ? &call->partition->writes : &call->partition->reads);
    if (op_is_lock (item->request.op)) {
        lock_operation (call);
        return;
    }
    if (item->request.op == OP_EXEC) {
        exec_operation (call);
        return;
    }
    //  The hint is of the store that was there when the group began
    if (!s_find (call, item->hash, call->store == item->store ? &item->hint : NULL))
        return;
    if (!(call->options.given & OPT_fence) || call_fence (call))
        ops_table[item->request.op](call);
    call_finish (call);
}

//  WITH: options for the records after it.
static void
s_with (call_t *call)
{
    batch_t *batch = call->batch;
    const options_t *options = &call->options;
    if (options->given & OPT_session)
        batch->session = options->session.kind == VALUE_BYTES ? options->session.bytes : bytes_of (NULL, 0);
    if (options->given & OPT_ack)
        batch->ack = options->ack;
    if (options->given & OPT_deadline)
        batch->deadline = options->deadline;
}

static void
s_perform (call_t *call, s_item_t *item)
{
    storage_t *self = call->storage;
    batch_t *batch = call->batch;
    if (!s_check (call))
        return;
    const op_info_t *info = op_info (item->request.op);
    if (item->request.op == OP_WITH) {
        s_with (call);
        return;
    }
    if (info->routing == ROUTING_NODE) {
        batch->node (batch->node_arg, &item->request, call->out);
        return;
    }
    if (self->cluster.ap && ap_take (self->cluster.ap, self->cluster.view, call))
        return;
    if (info->routing == ROUTING_KEY) {
        if (item->partition % self->config.actors != self->config.index) {
            call_moved (call, item->partition);
            return;
        }
        s_execute_key (call, item);
        return;
    }
    if (!call->map)
        call->map = map_find (self, item->request.map);
    ops_table[item->request.op](call);
}

static void
s_execute (storage_t *self, batch_t *batch, s_item_t *item, buf_t *out)
{
    call_t call; // Not cleared as a whole: it is large, and records are many
    call.storage = self;
    call.batch = batch;
    call.request = &item->request;
    call.moment = batch->moment;
    call.map = item->map;
    call.partition = NULL;
    call.store = item->store;
    call.place = (place_t) { .entry = NULL };
    call.out = out;
    call.options.given = 0;
    call.status = ZGRID_OK;
    call.out_at = call.out_first = out->size;
    call.saw = 0;
    call.has_session = call.open = call.settled = call.stale = call.parked = call.grouped = false;
    self->stats.records++;
    batch->records++;
    s_perform (&call, item);
    item->status = call.status;
    item->bytes_out = out->size - call.out_first;
}

//  ------------------------------------------------------------------------------------------------
//  What is counted of them

//  A sample of which keys are used.
static void
s_sample (storage_t *self, const s_item_t *item, uint64_t now)
{
    const request_t *request = &item->request;
    if (request->faulty || item->status == ZGRID_MALFORMED || !request->has_key
        || op_info (request->op)->routing != ROUTING_KEY)
        return;
    uint64_t hash = hash_key (&self->secret, request->key), map = hash_key (&self->secret, request->map);
    hot_add (self->census->hot, request->map, request->key, hash ^ map * 0x9e3779b97f4a7c15,
             op_info (request->op)->writes, now);
}

//  Which of them took long is not known: the one with the most bytes stands for all.
static void
s_slow (storage_t *self, const batch_t *batch, const s_item_t *items, unsigned count, uint64_t took)
{
    const s_item_t *largest = NULL;
    unsigned group = 0; // WITH is none of the records that it belongs to
    for (const s_item_t *item = items; item < items + count; item++) {
        if (item->request.op == OP_WITH)
            continue;
        uint64_t bytes = item->request.raw.size + item->bytes_out;
        if (group++ == 0 || bytes > largest->request.raw.size + largest->bytes_out)
            largest = item;
    }
    assert (largest); // A group of nothing else is not timed
    slow_record_t record = { .op = largest->request.op < OP_LIMIT ? largest->request.op : OP_NONE,
                             .status = largest->status,
                             .bytes_in = largest->request.raw.size,
                             .bytes_out = largest->bytes_out,
                             .map = largest->request.map,
                             .key = largest->request.key };
    census_slow (self->census, &record, took, group, batch->moment.wall);
}

//  Records of the present group were executed, and not counted yet. Neighbours of one operation are added
//  up first: counting one at a time took twice the instructions.
static void
s_count (storage_t *self, const batch_t *batch, const s_item_t *items, unsigned count)
{
    census_t *census = self->census;
    if (!census || count == 0)
        return;
    for (unsigned at = 0; at < count;) {
        census_run_t run = { .op = items[at].request.op };
        unsigned from = at;
        do {
            run.failed += !census_is_decided (items[at].status);
            run.bytes_in += items[at].request.raw.size;
            run.bytes_out += items[at].bytes_out;
        } while (++at < count && items[at].request.op == run.op);
        run.records = at - from;
        census_add (census, &run);
    }
    for (uint32_t at = 0, step; (step = census_sample (census, count - at)) > 0;) {
        at += step;
        s_sample (self, &items[at - 1], batch->moment.now);
    }
    uint64_t took = census_lap (census);
    if (took)
        s_slow (self, batch, items, count, took);
}

//  Returns how many were executed: fewer than all if their replies have become reply_max bytes.
static unsigned
s_execute_group (storage_t *self, batch_t *batch, s_item_t *items, unsigned count, buf_t *out,
                 size_t reply_max)
{
    unsigned at = 0, counted = 0;
    for (; at < count && (at == 0 || out->size < reply_max); at++) {
        bool alone = op_info (items[at].request.op)->routing == ROUTING_PART; // It may take long
        if (alone) {
            s_count (self, batch, items + counted, at - counted);
            counted = at;
        }
        s_execute (self, batch, &items[at], out);
        if (alone) {
            s_count (self, batch, &items[at], 1);
            counted = at + 1;
        }
        //  A map that is destroyed takes its tables along, and others may come to lie where they were
        for (unsigned rest = at + 1; items[at].request.op == OP_DESTROY && rest < count; rest++)
            items[rest].hint.slot = NULL;
    }
    s_count (self, batch, items + counted, at - counted);
    return at;
}

//  The bytes of the rest of the body cannot be read.
static void
s_broken (storage_t *self, batch_t *batch, const request_t *request, buf_t *out)
{
    char text[96];
    size_t left = (size_t) (batch->reader.end - batch->reader.at);
    snprintf (text, sizeof text, "cannot be read from byte %zu of the body on", batch->body_size - left);
    self->stats.malformed++;
    wire_reply_error (out, request->id, ZGRID_MALFORMED, text);
    batch->reader.at = batch->reader.end;
}

bool
storage_batch (storage_t *self, batch_t *batch, buf_t *out, size_t reply_max)
{
    s_item_t items[S_GROUP];
    if (batch->records == 0) {
        self->cluster.mark_count = 0;
        self->cluster.marks_lost = false;
        self->cluster.now = batch->moment.now;
        ages_time (&self->ages, batch->moment.now);
        if (self->cluster.ap)
            ap_clock (self->cluster.ap, batch->moment);
        if (!self->cluster.alone)
            batch->attached_room = 0; // What has to wait keeps its values inside
    }
    if (batch->records == 0 && mp_at_end (&batch->reader)) {
        self->stats.malformed++;
        wire_reply_error (out, 0, ZGRID_MALFORMED, "the body holds no record");
        return false;
    }
    for (;;) {
        if (out->size >= reply_max && !mp_at_end (&batch->reader))
            return true;
        if (batch->records >= self->config.batch_max && !mp_at_end (&batch->reader)) {
            storage_refuse (self, batch, out, ZGRID_BUSY, "more records than limits.batch_records");
            return false;
        }
        unsigned count = 0;
        wire_step_t step = WIRE_RECORD;
        const uint8_t *starts[S_GROUP];
        while (count < S_GROUP
               && (batch->records + count < self->config.batch_max || mp_at_end (&batch->reader))) {
            starts[count] = batch->reader.at;
            step = wire_next_request (&batch->reader, &items[count].request);
            if (step != WIRE_RECORD)
                break;
            s_prepare (self, &items[count++]);
        }
        for (unsigned at = 0; at < count; at++)
            if (items[at].store)
                index_prefetch_entry (&items[at].store->index, items[at].hash, &items[at].hint);
        unsigned executed = s_execute_group (self, batch, items, count, out, reply_max);
        if (executed < count) { // Large values: the rest of the group comes next time
            batch->reader.at = starts[executed];
            return true;
        }
        if (step == WIRE_BROKEN)
            s_broken (self, batch, &items[count].request, out);
        if (step != WIRE_RECORD)
            return false;
    }
}

void
storage_refuse (storage_t *self, batch_t *batch, buf_t *out, unsigned status, const char *text)
{
    request_t request;
    wire_step_t step;
    while ((step = wire_next_request (&batch->reader, &request)) == WIRE_RECORD) {
        self->stats.busy++;
        wire_reply_error (out, request.id, status, text);
    }
    if (step == WIRE_BROKEN)
        s_broken (self, batch, &request, out);
}

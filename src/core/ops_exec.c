//  ops_exec: EXEC: several records on keys of one partition, executed as one (consistency 5, rule 8). All of
//  them are looked at before the first is executed. What they change is one entry of the log and has one
//  version; what has to go before, because its time is over or to make room, are entries before it.
//  SPDX-License-Identifier: MPL-2.0
#include "mem.h"
#include "slot.h"
#include "status.h"
#include "storage_impl.h"
#include "utf8.h"

#define S_ITEMS_MAX 1024 // Records, and conditions

typedef struct {
    request_t request; // Of a condition: its map and key
    uint64_t version;  // Of a condition
} s_item_t;

typedef struct {
    call_t *call;
    const request_t *asked;
    s_item_t *items; // Conditions, then records
    uint32_t conditions, records;
} s_exec_t;

static bool
s_refuse (call_t *call, unsigned status, const char *why)
{
    stats_t *stats = &call->storage->stats;
    stats->malformed += status == ZGRID_MALFORMED;
    stats->toobig += status == ZGRID_TOOBIG;
    stats->badop += status == ZGRID_BADOP;
    stats->nomem += status == ZGRID_NOMEM;
    stats->busy += status == ZGRID_BUSY;
    call_refuse (call, status, why);
    return false;
}

//  ------------------------------------------------------------------------------------------------
//  Reading

static bool
s_read_condition (mp_t *reader, s_item_t *item)
{
    uint32_t count;
    item->request = (request_t) { .has_key = true };
    return mp_array (reader, &count) && count == 3 && mp_bytes (reader, &item->request.map)
           && mp_bytes (reader, &item->request.key) && mp_uint (reader, &item->version);
}

//  False, and replied, if the value is not what EXEC takes.
static bool
s_read (s_exec_t *self)
{
    call_t *call = self->call;
    mp_t reader = mp_of (self->asked->value.bytes), records;
    uint32_t parts;
    const char *why = "the value is not an array of conditions and records";
    if (self->asked->value.kind != VALUE_TREE || !mp_array (&reader, &parts) || parts != 2
        || !mp_array (&reader, &self->conditions))
        return s_refuse (call, ZGRID_MALFORMED, why);
    records = reader;
    for (uint32_t at = 0; at < self->conditions; at++)
        if (!mp_skip (&records))
            return s_refuse (call, ZGRID_MALFORMED, why);
    if (!mp_array (&records, &self->records))
        return s_refuse (call, ZGRID_MALFORMED, why);
    if (self->conditions > S_ITEMS_MAX || self->records > S_ITEMS_MAX)
        return s_refuse (call, ZGRID_TOOBIG, "more than 1,024 records, or conditions");
    self->items = mem_alloc ((self->conditions + self->records + 1) * sizeof (s_item_t));
    if (!self->items)
        return s_refuse (call, ZGRID_NOMEM, "out of memory");
    for (uint32_t at = 0; at < self->conditions; at++)
        if (!s_read_condition (&reader, &self->items[at]))
            return s_refuse (call, ZGRID_MALFORMED, "a condition is not an array of map, key and version");
    for (uint32_t at = 0; at < self->records; at++)
        if (wire_next_request (&records, &self->items[self->conditions + at].request) != WIRE_RECORD)
            return s_refuse (call, ZGRID_MALFORMED, why);
    return true;
}

static bool
s_may_be_part (unsigned op)
{
    return op_info (op)->routing == ROUTING_KEY && !op_is_lock (op) && op != OP_EXEC;
}

bool
exec_check_place (call_t *call, const request_t *request)
{
    storage_t *self = call->storage;
    const view_t *view = self->cluster.view;
    if (request->map.size == 0 || request->map.size > WIRE_MAP_NAME_MAX || !utf8_is_valid (request->map))
        return s_refuse (call, ZGRID_MALFORMED,
                         "a map has no name, or one that is not UTF-8 of at most 255 bytes");
    if (request->key.size > self->config.key_max)
        return s_refuse (call, ZGRID_TOOBIG, "a key is longer than limits.key_max");
    if (slot_partition (slot_of_key (request->key), self->config.partitions) != call->partition->id)
        return s_refuse (call, ZGRID_MALFORMED, "the keys are in several partitions");
    if (!view || !view->maps_count)
        return true;
    const map_settings_t *settings = view_map (view, request->map);
    if (settings->mode == MAP_AP)
        return s_refuse (call, ZGRID_NOT_IN_AP_MODE, NULL);
    if (!self->cluster.alone && call->partition->others_count + 1u < settings->min_sync)
        return s_refuse (call, ZGRID_UNAVAILABLE, "fewer copies in sync than the map's min_sync");
    return true;
}

//  Options that concern who asks and how, rather than the operation.
#define S_NOT_HERE                                                                                           \
    (OPT_attach | OPT_track | OPT_read | OPT_session | OPT_ack | OPT_fwd | OPT_deadline | OPT_epoch)

//  False, and replied, if the record cannot be a part of EXEC. Leaves its options in the call.
static bool
s_check_record (call_t *call, const request_t *request)
{
    const char *why = NULL;
    if (request->faulty)
        return s_refuse (call, request->faulty, request->fault);
    if (!s_may_be_part (request->op))
        return s_refuse (call, ZGRID_MALFORMED, "only operations on entries can be a part of EXEC");
    if (!request->has_key)
        return s_refuse (call, ZGRID_MALFORMED, "the key is missing");
    if (request->value.kind == VALUE_ATTACHED)
        return s_refuse (call, ZGRID_MALFORMED, "values inside EXEC cannot be attachments");
    if (!options_decode (request->options, &call->options, &why))
        return s_refuse (call, ZGRID_MALFORMED, why);
    if (call->options.given & OPT_fence)
        return s_refuse (call, ZGRID_MALFORMED, "a record inside EXEC has no fence");
    call->options.given &= ~(uint64_t) S_NOT_HERE;
    return true;
}

static bool
s_check (s_exec_t *self)
{
    call_t *call = self->call;
    for (uint32_t at = 0; at < self->conditions + self->records; at++) {
        const request_t *request = &self->items[at].request;
        if ((at >= self->conditions && !s_check_record (call, request)) || !exec_check_place (call, request))
            return false;
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  What goes before

//  Entries whose time is over go. False, and replied, if one cannot.
static bool
s_expire (s_exec_t *self)
{
    call_t *call = self->call;
    removal_t reason;
    for (uint32_t at = 0; at < self->conditions + self->records; at++) {
        call_turn_to (call, &self->items[at].request);
        if (call->place.entry && call_is_over (call, &reason)
            && !replica_remove (call->storage, call->store, &call->place, reason, call->moment.now)) {
            call->request = self->asked;
            return s_refuse (call, ZGRID_BUSY, "the partition's other copies are behind");
        }
    }
    return true;
}

//  What a record may add to its map, about.
static room_t
s_room_of (call_t *call, const request_t *request)
{
    room_t room = { 0, 0 };
    call_turn_to (call, request);
    size_t present = call->place.entry ? entry_value (call->place.entry).size : 0;
    size_t taken = call->place.entry ? heap_block_size (entry_size (call->place.entry)) : 0;
    size_t size = request->value.kind == VALUE_BYTES ? request->value.bytes.size : 24;
    switch (request->op) {
        case OP_RENAME:
        case OP_COPY:
            size = present;
            taken = 0;
            break;
        case OP_APPEND:
        case OP_SETRANGE:
            size += present;
            break;
        case OP_PUT:
        case OP_GETPUT:
        case OP_CAS:
        case OP_INCR:
        case OP_DECR:
        case OP_INCRBYFLOAT:
            break;
        default:
            return room;
    }
    size_t needed = heap_block_size (entry_size_for (request->key.size, size));
    room.entries = taken ? 0 : 1;
    room.bytes = needed > taken ? needed - taken : 0;
    return room;
}

//  Room for all that will be stored: by map, for those that have limits of their own, and in sum. False, and
//  replied, if there is none: nothing is executed then.
static bool
s_make_room (s_exec_t *self)
{
    call_t *call = self->call;
    storage_t *storage = call->storage;
    if (!storage->config.memory_limit && !storage->config.entries_limit && storage->evictors_count == 0)
        return true;
    const s_item_t *items = self->items + self->conditions;
    room_t sum = { 0, 0 };
    const char *why = NULL;
    for (uint32_t first = 0; first < self->records && !why; first++) {
        bytes_t name = items[first].request.map;
        bool seen = false;
        for (uint32_t at = 0; at < first && !seen; at++)
            seen = bytes_equal (items[at].request.map, name);
        room_t room = { 0, 0 };
        for (uint32_t at = first; at < self->records && !seen; at++)
            if (bytes_equal (items[at].request.map, name)) {
                room_t more = s_room_of (call, &items[at].request);
                room = (room_t) { room.entries + more.entries, room.bytes + more.bytes };
            }
        sum = (room_t) { sum.entries + room.entries, sum.bytes + room.bytes };
        map_t *map = map_find (storage, name);
        why = map ? storage_make_room_of_map (storage, map, room, call->moment.now) : NULL;
    }
    if (!why)
        why = storage_make_room_of_node (storage, sum, call->moment.now);
    call->request = self->asked;
    return !why || s_refuse (call, ZGRID_NOMEM, why);
}

//  Whether an operation answers the value that is there.
static bool
s_shows (const call_t *call)
{
    switch (call->request->op) {
        case OP_GET:
        case OP_GETPUT:
        case OP_GETDEL:
        case OP_CAS:
            return true;
        default:
            return false;
    }
}

//  What is there now, and is asked for, has room in one reply. False, and replied, if not. A record behind
//  others that store more is refused by itself.
static bool
s_fits_reply (s_exec_t *self)
{
    call_t *call = self->call;
    uint64_t sum = 0;
    for (uint32_t at = 0; at < self->records; at++) {
        call_turn_to (call, &self->items[self->conditions + at].request);
        sum += call->place.entry && s_shows (call) ? entry_value (call->place.entry).size : 0;
    }
    call->request = self->asked;
    return sum <= call->storage->config.value_max
           || s_refuse (call, ZGRID_TOOBIG, "the replies together are longer than limits.value_max");
}

//  ------------------------------------------------------------------------------------------------
//  Executing

//  The conditions hold, and what every key is now must be committed before the reply tells of it.
static bool
s_holds (s_exec_t *self)
{
    call_t *call = self->call;
    bool holds = true;
    for (uint32_t at = 0; at < self->conditions + self->records; at++) {
        const s_item_t *item = &self->items[at];
        call_turn_to (call, &item->request);
        uint64_t version = call->place.entry ? entry_version (call->place.entry) : 0;
        uint64_t saw = version ? version : call->partition->removed;
        call->saw = saw > call->saw ? saw : call->saw;
        if (at < self->conditions && version != item->version)
            holds = false;
    }
    return holds;
}

static void
s_run (s_exec_t *self, buf_t *replies)
{
    call_t *call = self->call;
    buf_t *out = call->out;
    call->grouped = true;
    call->group_version = call->group_bytes = 0;
    call->out = replies;
    for (uint32_t at = 0; at < self->records; at++) {
        const request_t *request = &self->items[self->conditions + at].request;
        const char *why;
        (void) options_decode (request->options, &call->options, &why); // Was looked at
        call->options.given &= ~(uint64_t) S_NOT_HERE;
        call_turn_to (call, request);
        if (replies->size > call->storage->config.value_max)
            s_refuse (call, ZGRID_TOOBIG, "the replies together are longer than limits.value_max");
        else
            ops_table[request->op](call);
        if (LEFT_OUT (exec_whole))
            call_split_group (call);
    }
    call->out = out;
    call->request = self->asked;
}

static void
s_reply (call_t *call, uint32_t count, const buf_t *replies)
{
    size_t room = 64 + replies->size;
    bool lost = replies->failed || !buf_reserve (call->out, room);
    if (!lost) {
        wire_reply_array (call->out, call->request->id, count, buf_bytes (replies), NULL);
        call->status = ZGRID_OK;
        return;
    }
    //  It was executed
    call->out->failed = false;
    meta_t meta = { .given = META_dropped };
    call->status = ZGRID_OK;
    wire_reply (call->out, call->request->id, ZGRID_OK, value_nil (), call->partition->sequence, &meta);
}

static void
s_exec (s_exec_t *self)
{
    call_t *call = self->call;
    buf_t replies = BUF_INIT;
    const options_t options = call->options;
    if (!s_read (self) || !s_check (self) || !s_expire (self) || !s_fits_reply (self) || !s_make_room (self))
        return;
    call->saw = 0;
    call->before = call->partition->sequence;
    bool holds = s_holds (self);
    call->request = self->asked;
    if (!holds)
        call_answer (call, ZGRID_MISMATCH, value_nil (), 0);
    else {
        s_run (self, &replies);
        s_reply (call, self->records, &replies);
        buf_clear (&replies);
    }
    call->options = options;
}

void
exec_operation (call_t *call)
{
    s_exec_t exec = { .call = call, .asked = call->request };
    s_exec (&exec);
    call->request = exec.asked;
    call_finish (call);
    mem_free (exec.items);
}

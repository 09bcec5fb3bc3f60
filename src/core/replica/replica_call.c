//  replica_call: what surrounds an operation in a cluster, or under a session: may it run here, what goes
//  into the log, and what its reply waits for (consistency 5, 6 and 8).
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "../status.h"
#include "../storage_impl.h"

#define S_RESULT 160       // Bytes of a reply without a value, and more than enough
#define S_RESULT_REAL 5248 // Of one with a decimal number

//  ------------------------------------------------------------------------------------------------
//  May it run here?

static bool
s_again (call_t *call, uint64_t retry)
{
    meta_t meta = { .given = META_retry, .retry = retry };
    call->storage->stats.tryagain++;
    call->status = ZGRID_TRYAGAIN;
    wire_reply (call->out, call->request->id, ZGRID_TRYAGAIN, value_nil (), 0, &meta);
    return false;
}

//  Somebody else's partition.
static bool
s_elsewhere (call_t *call)
{
    const view_t *view = call->storage->cluster.view;
    const part_t *row = &view->parts[call->partition->id];
    const member_t *owner = view_member (view, row->primary);
    if (row->primary == call->storage->cluster.self)
        return s_again (call, 5);
    if (owner && owner->status != MEMBER_SUSPECT) {
        call_moved (call, call->partition->id);
        return false;
    }
    for (unsigned at = 0; at < row->reps_count; at++) {
        const member_t *member = view_member (view, row->reps[at]);
        if (member && member->status != MEMBER_SUSPECT)
            return s_again (call, 50); // It will take over
    }
    call_refuse (call, ZGRID_UNAVAILABLE, "every copy of the partition is unreachable");
    return false;
}

static bool
s_option_is (const call_t *call, const char *word)
{
    return (call->options.given & OPT_read) && bytes_equal (call->options.read, bytes_str (word));
}

static bool
s_may_serve (call_t *call)
{
    storage_t *self = call->storage;
    const partition_t *part = call->partition;
    if (!self->cluster.view)
        return s_again (call, 100);
    bool writes = op_info (call->request->op)->writes;
    if (part->role == ROLE_BACKUP && !writes && s_option_is (call, "stale")) {
        call->stale = true;
        return true;
    }
    if (part->role != ROLE_PRIMARY)
        return s_elsewhere (call);
    if (replica_sealed (part))
        return s_again (call, 5);
    if (!replica_lease (self, self->cluster.now))
        return s_again (call, 50);
    if ((writes || s_option_is (call, "confirm")) && replica_full (self, part)) {
        self->stats.busy++;
        call_refuse (call, ZGRID_BUSY, "the partition's other copies are behind");
        return false;
    }
    if (writes && self->cluster.view->maps_count
        && part->others_count + 1u < view_map (self->cluster.view, call->request->map)->min_sync) {
        call_refuse (call, ZGRID_UNAVAILABLE, "fewer copies in sync than the map's min_sync");
        return false;
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Sessions

//  Takes the session that the record, or WITH before it, names. False, and replied, if it is none.
static bool
s_take_session (call_t *call)
{
    const options_t *options = &call->options;
    bytes_t session = call->batch->session;
    call->request_key.ack = call->batch->ack;
    if (options->given & OPT_session) {
        session = options->session.kind == VALUE_BYTES ? options->session.bytes : bytes_of (NULL, 0);
        call->request_key.ack = 0;
    }
    if (options->given & OPT_ack)
        call->request_key.ack = options->ack;
    if (session.size == 0)
        return true;
    if (session.size != SESSION_SIZE) {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "a session has 16 bytes");
        return false;
    }
    memcpy (call->request_key.session, session.data, SESSION_SIZE);
    call->request_key.id = call->request->id;
    if (call->request_key.ack > call->request->id)
        call->request_key.ack = call->request->id;
    call->has_session = true;
    return true;
}

//  The recorded result again. It is told when it is committed, as it was the first time.
static void
s_replay (call_t *call, const request_done_t *done)
{
    call->storage->stats.deduplicated++;
    call->saw = done->seq;
    call->settled = true;
    if (done->result.size) {
        buf_add (call->out, done->result.data, done->result.size);
        return;
    }
    if (call->request->op == OP_LOCK || call->request->op == OP_TRYLOCK) {
        lock_replay (call, done->seq);
        return;
    }
    meta_t meta = { .given = META_dropped };
    wire_reply (call->out, call->request->id, ZGRID_OK, value_nil (), done->seq, &meta);
}

//  Whether it is this cluster's. False, and replied, if not.
static bool
s_is_ours (call_t *call)
{
    const view_t *view = call->storage->cluster.view;
    if (!view || session_is_of (call->request_key.session, view->cluster))
        return true;
    call_refuse (call, ZGRID_SESSION_EXPIRED, "the session is another cluster's; say HELLO again");
    return false;
}

//  Whether a request under a session is new. False, and replied, if not.
static bool
s_is_new (call_t *call)
{
    partition_t *part = call->partition;
    if (LEFT_OUT (dedupe))
        return true;
    request_done_t done;
    request_verdict_t verdict = sessions_find (&part->sessions, &call->request_key, &done);
    if (verdict == REQUEST_EXPIRED && LEFT_OUT (session_floor))
        verdict = REQUEST_NEW;
    switch (verdict) {
        case REQUEST_NEW:
            if (sessions_reserve (&part->sessions, &call->request_key))
                return true;
            call->storage->stats.nomem++;
            call_refuse (call, ZGRID_NOMEM, "out of memory");
            return false;
        case REQUEST_KNOWN:
            s_replay (call, &done);
            return false;
        case REQUEST_STALE:
            call_refuse (call, ZGRID_STALE_REQUEST, "its answer was acknowledged");
            return false;
        case REQUEST_EXPIRED:
            call_refuse (call, ZGRID_SESSION_EXPIRED, "the session's era is over; say HELLO again");
            return false;
        default:
            call->storage->stats.busy++;
            call_refuse (call, ZGRID_BUSY, "too many sessions, or requests without an answer");
            return false;
    }
}

//  ------------------------------------------------------------------------------------------------
//  What a reply waits for

static void
s_mark (call_t *call)
{
    cluster_side_t *cluster = &call->storage->cluster;
    partition_t *part = call->partition;
    if (cluster->alone || call->stale)
        return;
    if (cluster->mark_count == cluster->mark_room) {
        uint32_t room = cluster->mark_room ? cluster->mark_room * 2 : 256;
        mark_t *marks = mem_resize (cluster->marks, room * sizeof (mark_t));
        cluster->marks = marks ? marks : cluster->marks;
        bool *waits = mem_resize (cluster->mark_waits, room * sizeof (bool));
        cluster->mark_waits = waits ? waits : cluster->mark_waits;
        if (!marks || !waits) {
            cluster->marks_lost = true;
            return;
        }
        cluster->mark_room = room;
    }
    bool wrote = part->sequence != call->before;
    uint64_t seq = wrote ? part->sequence : call->saw;
    mark_kind_t kind = call->has_session && (wrote || call->settled)  ? MARK_SESSION
                       : wrote && op_info (call->request->op)->writes ? MARK_WRITE
                                                                      : MARK_READ;
    if (LEFT_OUT (read_committed) && kind == MARK_READ)
        seq = 0;
    if (LEFT_OUT (commit_all) && kind != MARK_READ)
        seq = 0;
    cluster->marks[cluster->mark_count++] = (mark_t) { .offset = (uint32_t) call->out_at,
                                                       .end = (uint32_t) call->out->size,
                                                       .partition = (uint32_t) (part
                                                                                - call->storage->partitions),
                                                       .kind = (uint8_t) kind,
                                                       .id = call->request->id,
                                                       .seq = seq };
}

bool
call_admit (call_t *call)
{
    call->out_at = call->out->size;
    call->before = call->partition->sequence;
    if (!call->storage->cluster.alone && !s_may_serve (call))
        return false;
    if (!op_info (call->request->op)->writes)
        return true;
    if (!s_take_session (call))
        return false;
    if (!call->has_session || (s_is_ours (call) && s_is_new (call)))
        return true;
    if (call->settled)
        s_mark (call);
    return false;
}

//  ------------------------------------------------------------------------------------------------
//  The log

//  Bytes that the recorded result may take; nothing is lost by less: it is then not kept.
static size_t
s_result_room (const call_t *call)
{
    if (!call->has_session || call->grouped) // Grouped: s_record makes room
        return 0;
    size_t value = call->place.entry ? entry_value (call->place.entry).size : 0;
    value = value > SESSION_RESULT_MAX ? 0 : value;
    return S_RESULT + value + (call->request->op == OP_INCRBYFLOAT ? S_RESULT_REAL : 0);
}

static bool
s_open (call_t *call, size_t changes)
{
    partition_t *part = call->partition;
    call->result_room = s_result_room (call);
    size_t room = EFFECT_HEAD + changes + (call->has_session ? EFFECT_SESSION_HEAD + call->result_room : 0);
    if (!oplog_open (&part->log, room))
        return false;
    call->entry_at = effect_begin (oplog_bytes (&part->log));
    call->open = true;
    return true;
}

static bool
s_no_memory (call_t *call)
{
    call->storage->stats.nomem++;
    call_refuse (call, ZGRID_NOMEM, "out of memory");
    return false;
}

bool
call_open_group (call_t *call, size_t bytes)
{
    partition_t *part = call->partition;
    if (!part->streaming)
        return true;
    //  The session's part comes at the end
    bool opened = call->open ? oplog_extend (&part->log, bytes + EFFECT_SESSION_HEAD) : s_open (call, bytes);
    call->change_at = oplog_bytes (&part->log)->size;
    return opened || s_no_memory (call);
}

bool
call_open (call_t *call, change_kind_t kind, bytes_t first, bytes_t second, uint64_t deadline)
{
    partition_t *part = call->partition;
    if (!part->streaming)
        return true;
    bytes_t map = call->request->map, key = call->request->key;
    uint64_t now = call->moment.now;
    bytes_t none = bytes_of (NULL, 0);
    //  Consistency 9, rule 3: a learner may not have the entry yet whose deadline changes, and a chunk does
    //  not bring what is newer than the snapshot: it gets all of it
    if (kind == CHANGE_DEADLINE && !LEFT_OUT (log_whole) && replica_snapshot_running (part)) {
        kind = CHANGE_PUT;
        first = entry_value (call->place.entry);
        second = none;
    }
    size_t room = EFFECT_CHANGE_HEAD + map.size + key.size + first.size + second.size;
    if (call->grouped ? !call_open_group (call, room) : !s_open (call, room) && !s_no_memory (call))
        return false;
    effect_change (oplog_bytes (&part->log), kind, map, kind == CHANGE_DESTROY ? none : key, first, second,
                   deadline ? deadline - now : 0);
    return true;
}

bool
call_change_lock (call_t *call, const lock_change_t *change)
{
    partition_t *part = call->partition;
    size_t room = EFFECT_CHANGE_HEAD + change->map.size + change->key.size + LOCK_VALUE_MAX;
    bool opened = !part->streaming || s_open (call, room);
    if (opened && part->streaming)
        effect_lock (oplog_bytes (&part->log), change);
    if (opened && replica_lock_change (call->storage, part, change, part->sequence + 1, call->moment.now)) {
        part->sequence++;
        replica_lock_wake (call->storage, part);
        return true;
    }
    call_cancel (call);
    call->storage->stats.nomem++;
    call_refuse (call, ZGRID_NOMEM, "out of memory");
    return false;
}

void
call_cancel (call_t *call)
{
    if (call->open && call->grouped) { // What was changed before it stays
        oplog_bytes (&call->partition->log)->size = call->change_at;
        return;
    }
    if (call->open)
        oplog_cancel (&call->partition->log);
    call->open = false;
}

static void
s_close (call_t *call)
{
    partition_t *part = call->partition;
    effect_end (oplog_bytes (&part->log), call->entry_at);
    oplog_close (&part->log);
    replica_touch (call->storage, part);
    call->open = false;
}

void
call_split_group (call_t *call)
{
    if (!call->open || !call->group_version)
        return;
    s_close (call);
    call->group_version = 0;
}

//  Opened for changes of which none was made.
static void
s_close_unused (call_t *call)
{
    if (!call->open || !call->grouped || call->group_version)
        return;
    oplog_cancel (&call->partition->log);
    call->open = false;
}

//  What was decided; anything else was refused before anything was executed, and may be tried again.
static bool
s_is_decided (unsigned status)
{
    return status == ZGRID_OK || status == ZGRID_NOTFOUND || status == ZGRID_EXISTS
           || status == ZGRID_MISMATCH || status == ZGRID_WRONGTYPE || status == ZGRID_OVERFLOW
           || status == ZGRID_LOCKED || status == ZGRID_NOSUCHLOCK || status == ZGRID_FENCED;
}

//  Consistency 5, rule 3: failed conditions are recorded as well, or a late duplicate might succeed.
static void
s_record (call_t *call)
{
    partition_t *part = call->partition;
    bool changed = part->sequence != call->before;
    if (!changed && LEFT_OUT (record_failures))
        return;
    if (!changed && part->streaming && !s_open (call, 0)) {
        call->out->size = call->out_at;
        call->storage->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, "out of memory");
        return;
    }
    if (!changed)
        part->sequence++;
    bytes_t result = bytes_of (call->out->data + call->out_at, call->out->size - call->out_at);
    if (call->grouped && call->open && result.size <= SESSION_RESULT_MAX
        && oplog_extend (&part->log, EFFECT_SESSION_HEAD + result.size))
        call->result_room = result.size;
    bool keep = result.size <= SESSION_RESULT_MAX && (!call->open || result.size <= call->result_room);
    if (!keep)
        result = bytes_of (NULL, 0);
    if (call->open) {
        effect_session (oplog_bytes (&part->log), call->entry_at, &call->request_key, result);
        s_close (call);
    }
    sessions_record (&part->sessions, &call->request_key, part->sequence, result);
}

//  Consistency 6, confirm: a read with an entry of its own is told when every copy has agreed to the
//  entry, and so to who is primary, after the lookup.
static void
s_confirm (call_t *call)
{
    partition_t *part = call->partition;
    if (!part->streaming || !s_option_is (call, "confirm") || op_info (call->request->op)->writes)
        return;
    if (!s_open (call, 0)) {
        call->out->size = call->out_at;
        s_again (call, 10);
        return;
    }
    s_close (call);
    call->saw = ++part->sequence;
    call->before = part->sequence;
}

void
call_finish (call_t *call)
{
    s_close_unused (call);
    if (!call->parked && call->has_session && s_is_decided (call->status) && !call->out->failed
        && !LEFT_OUT (dedupe))
        s_record (call);
    if (call->open)
        s_close (call);
    if (call->storage->cluster.alone || call->parked)
        return;
    s_confirm (call);
    s_mark (call);
}

void
call_add_age (const call_t *call, meta_t *meta)
{
    const partition_t *part = call->partition;
    uint64_t now = call->moment.now;
    meta->given |= META_epoch | META_seq | META_age;
    meta->epoch = part->epoch;
    meta->seq = part->commit;
    meta->age = now > part->primary_at ? now - part->primary_at : 0;
}

//  ------------------------------------------------------------------------------------------------
//  Removal for another reason than a request

bool
replica_remove (storage_t *self, store_t *store, place_t *place, removal_t reason, uint64_t now)
{
    partition_t *part = &self->partitions[store->partition];
    map_counts_t *counts = ((map_t *) store->map)->counts;
    uint64_t *counter = reason == REMOVAL_EVICTED ? &self->stats.evicted
                        : reason == REMOVAL_IDLE  ? &self->stats.idled
                                                  : &self->stats.expired;
    uint64_t *of_map = reason == REMOVAL_EVICTED ? &counts->evicted : &counts->expired;
    (void) now;
    //  Effects are absolute: backups do not look at clocks
    if (LEFT_OUT (backup_clock) && part->role == ROLE_BACKUP) {
        ++*counter;
        ++*of_map;
        store_remove (store, place);
        return true;
    }
    if (!replica_serves (self, part))
        return false;
    if (part->streaming) {
        bytes_t map = map_name (store->map), key = entry_key (place->entry);
        if (replica_full (self, part) || !oplog_open (&part->log, effect_size (map, key.size, 0)))
            return false;
        buf_t *out = oplog_bytes (&part->log);
        size_t begin = effect_begin (out);
        effect_remove (out, map, key, reason);
        effect_end (out, begin);
        oplog_close (&part->log);
        replica_touch (self, part);
    }
    part->removed = ++part->sequence;
    shared_word_remove (part->shared, part->removed);
    if (self->feeding && !part->streaming)
        replica_feed (self, part,
                      (feed_change_t) { .kind = FEED_REMOVE,
                                        .reason = (uint8_t) reason,
                                        .version = part->sequence,
                                        .map = map_name (store->map),
                                        .key = entry_key (place->entry) });
    ++*counter;
    ++*of_map;
    store_remove (store, place);
    return true;
}

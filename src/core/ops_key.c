//  ops_key: reading, storing and removing one entry.
//  SPDX-License-Identifier: MPL-2.0
#include "mem.h"
#include "status.h"
#include "storage_impl.h"

//  Remaining milliseconds, -1 without a TTL.
static int64_t
s_ttl (const call_t *call)
{
    uint64_t deadline = entry_deadline (call->place.entry);
    return deadline ? (int64_t) (deadline - call->moment.now) : -1;
}

static uint64_t
s_version (const call_t *call)
{
    return call->place.entry ? entry_version (call->place.entry) : 0;
}

static uint64_t
s_deadline (const call_t *call)
{
    return call->place.entry ? entry_deadline (call->place.entry) : 0;
}

//  The present value as a reply's value: nil if there is none, an attachment if the record asks for
//  it and there is room.
static value_t
s_present (call_t *call)
{
    if (!call->place.entry)
        return value_nil ();
    batch_t *batch = call->batch;
    bytes_t value = entry_value (call->place.entry);
    if (!(call->options.given & OPT_attach) || value.size < call->options.attach
        || batch->attached_count == batch->attached_room)
        return value_bytes (value);
    if (!buf_reserve (batch->attached, value.size)) {
        batch->attached->failed = false;
        return value_bytes (value);
    }
    buf_add (batch->attached, value.data, value.size);
    batch->attached_sizes[batch->attached_count] = value.size;
    return (value_t) { .kind = VALUE_ATTACHED, .integer = (int64_t) batch->attached_count++ };
}

void
op_get (call_t *call)
{
    if ((call->options.given & OPT_track) && call->batch->track && !call->stale)
        call->batch->track (call->batch->node_arg, call->request->map, call->request->key, call->place.hash,
                            call->partition->id);
    if (!call->place.entry) {
        CALL_COUNT (call, get_misses);
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return;
    }
    CALL_COUNT (call, get_hits);
    store_touch (call->store, call->place.entry, storage_access_clock (call->storage));
    if (!(call->options.given & OPT_withttl)) {
        call_answer (call, ZGRID_OK, s_present (call), s_version (call));
        return;
    }
    meta_t meta = { .given = META_ttl, .ttl = s_ttl (call) };
    call->status = ZGRID_OK;
    if (call->stale)
        call_add_age (call, &meta);
    wire_reply (call->out, call->request->id, ZGRID_OK, s_present (call), s_version (call), &meta);
}

//  The status that the conditions ifversion and ifeq give: OK or MISMATCH.
static unsigned
s_conditions (const call_t *call)
{
    const options_t *options = &call->options;
    if ((options->given & OPT_ifversion) && options->ifversion != s_version (call))
        return ZGRID_MISMATCH;
    if (options->given & OPT_ifeq) {
        bool same = options->ifeq.kind == VALUE_NIL
                        ? !call->place.entry
                        : call->place.entry
                              && bytes_equal (options->ifeq.bytes, entry_value (call->place.entry));
        if (!same)
            return ZGRID_MISMATCH;
    }
    return ZGRID_OK;
}

//  The old value is set aside before it is overwritten: the reply shows it beside the new version.
static void
s_store_and_reply (call_t *call, bytes_t value, uint64_t deadline, bool past, bool show_old)
{
    value_t old = value_nil ();
    buf_t *scratch = &call->storage->scratch;
    if (show_old && call->place.entry) {
        bytes_t present = entry_value (call->place.entry);
        buf_reset (scratch);
        buf_add (scratch, present.data, present.size);
        if (scratch->failed) {
            call->storage->stats.nomem++;
            call_refuse (call, ZGRID_NOMEM, "out of memory");
            return;
        }
        old = value_bytes (buf_bytes (scratch));
    }
    uint64_t version;
    if (call_store (call, value, bytes_of (NULL, 0), deadline, past, &version))
        call_answer (call, ZGRID_OK, old, version);
    if (scratch->room > 1u << 20)
        buf_clear (scratch);
}

void
op_put (call_t *call)
{
    uint64_t given = call->options.given;
    bool exists = call->place.entry != NULL;
    bytes_t value;
    uint64_t deadline;
    bool past;
    if (!call_value (call, &value))
        return;
    if ((given & OPT_nx) && (given & OPT_xx)) {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "nx and xx exclude each other");
        return;
    }
    uint64_t otherwise = given & OPT_keepttl ? call_kept_deadline (call) : call_usual_deadline (call);
    if (!call_deadline (call, otherwise, &deadline, &past))
        return;
    unsigned status = (given & OPT_nx) && exists    ? ZGRID_EXISTS
                      : (given & OPT_xx) && !exists ? ZGRID_NOTFOUND
                                                    : s_conditions (call);
    if (status != ZGRID_OK) {
        call_answer (call, status, given & OPT_get ? s_present (call) : value_nil (), s_version (call));
        return;
    }
    s_store_and_reply (call, value, deadline, past, given & OPT_get);
}

void
op_getput (call_t *call)
{
    bytes_t value;
    uint64_t deadline;
    bool past;
    if (call_value (call, &value) && call_deadline (call, call_kept_deadline (call), &deadline, &past))
        s_store_and_reply (call, value, deadline, past, true);
}

void
op_cas (call_t *call)
{
    bytes_t value;
    uint64_t deadline;
    bool past;
    if (!(call->options.given & OPT_ifeq)) {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "CAS needs the option ifeq");
        return;
    }
    if (!call_value (call, &value) || !call_deadline (call, call_kept_deadline (call), &deadline, &past))
        return;
    if (s_conditions (call) != ZGRID_OK)
        call_answer (call, ZGRID_MISMATCH, s_present (call), s_version (call));
    else
        s_store_and_reply (call, value, deadline, past, false);
}

void
op_append (call_t *call)
{
    bytes_t value;
    uint64_t deadline, version;
    bool past;
    if (!call_value (call, &value) || !call_deadline (call, call_kept_deadline (call), &deadline, &past))
        return;
    bytes_t present = call->place.entry ? entry_value (call->place.entry) : bytes_of (NULL, 0);
    int64_t length = (int64_t) (present.size + value.size);
    if (call_store (call, present, value, deadline, past, &version))
        call_answer (call, ZGRID_OK, value_int (length), version);
}

void
op_set_range (call_t *call)
{
    bytes_t value;
    uint64_t version, offset = call->options.given & OPT_offset ? call->options.offset : 0;
    if (!call_value (call, &value))
        return;
    bytes_t present = call->place.entry ? entry_value (call->place.entry) : bytes_of (NULL, 0);
    if (value.size == 0) {
        call_answer (call, ZGRID_OK, value_int ((int64_t) present.size), s_version (call));
        return;
    }
    uint64_t most = call->storage->config.value_max;
    if (offset > most || value.size > most - offset) {
        call->storage->stats.toobig++;
        call_refuse (call, ZGRID_TOOBIG, "the value would be longer than limits.value_max");
        return;
    }
    buf_t *scratch = &call->storage->scratch;
    size_t size = offset + value.size > present.size ? offset + value.size : present.size;
    buf_reset (scratch);
    if (!buf_reserve (scratch, size)) {
        scratch->failed = false;
        call->storage->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, "out of memory");
        return;
    }
    memset (scratch->data, 0, size);
    if (present.size)
        memcpy (scratch->data, present.data, present.size);
    memcpy (scratch->data + offset, value.data, value.size);
    if (call_store (call, bytes_of (scratch->data, size), bytes_of (NULL, 0), s_deadline (call), false,
                    &version))
        call_answer (call, ZGRID_OK, value_int ((int64_t) size), version);
    if (scratch->room > 1u << 20)
        buf_clear (scratch);
}

void
op_del (call_t *call)
{
    if (!call->place.entry) {
        CALL_COUNT (call, del_misses);
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return;
    }
    if (s_conditions (call) != ZGRID_OK) {
        call_answer (call, ZGRID_MISMATCH, value_nil (), s_version (call));
        return;
    }
    uint64_t version;
    if (!call_remove (call, &version))
        return;
    CALL_COUNT (call, del_hits);
    call_answer (call, ZGRID_OK, value_nil (), version);
}

void
op_getdel (call_t *call)
{
    if (!call->place.entry) {
        CALL_COUNT (call, del_misses);
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return;
    }
    //  The reply copies the value before the entry goes; without room for it the entry stays
    if (!buf_reserve (call->out, entry_size (call->place.entry) + 64)) {
        call->out->failed = false;
        call->storage->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, "out of memory");
        return;
    }
    size_t begin = call->out->size;
    call_answer (call, ZGRID_OK, s_present (call), call->partition->sequence + 1);
    size_t end = call->out->size;
    if (call_remove (call, NULL)) {
        CALL_COUNT (call, del_hits);
        return;
    }
    //  Only the refusal is said
    memmove (call->out->data + begin, call->out->data + end, call->out->size - end);
    call->out->size -= end - begin;
}

void
op_exists (call_t *call)
{
    call_answer (call, call->place.entry ? ZGRID_OK : ZGRID_NOTFOUND, value_nil (), s_version (call));
}

void
op_touch (call_t *call)
{
    if (call->place.entry)
        store_touch (call->store, call->place.entry, storage_access_clock (call->storage));
    op_exists (call);
}

void
op_ttl (call_t *call)
{
    if (call->place.entry)
        call_answer (call, ZGRID_OK, value_int (s_ttl (call)), s_version (call));
    else
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
}

void
op_idle (call_t *call)
{
    if (!call->place.entry) {
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return;
    }
    uint64_t idle = entry_idle (call->storage, call->partition, call->place.entry, call->moment.now);
    call_answer (call, ZGRID_OK, value_int ((int64_t) idle), s_version (call));
}

void
op_persist (call_t *call)
{
    if (!call->place.entry) {
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return;
    }
    bool had = s_deadline (call) != 0;
    if (!had || call_set_deadline (call, 0))
        call_answer (call, ZGRID_OK, value_int (had), s_version (call));
}

//  The request's number as options ex, px, exat or pxat would give it. False, and replied, if it is
//  none.
static bool
s_expire_time (call_t *call, bool *past)
{
    int64_t number;
    if (!call_number (call->request->value, &number)) {
        call->storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "the value is not a whole number");
        return false;
    }
    *past = number <= 0;
    call->options.time = number > 0 ? (uint64_t) number : 0;
    call->options.given &= ~(uint32_t) (OPT_ex | OPT_px | OPT_exat | OPT_pxat);
    switch (call->request->op) {
        case OP_EXPIRE:
            call->options.given |= OPT_ex;
            break;
        case OP_PEXPIRE:
            call->options.given |= OPT_px;
            break;
        case OP_EXPIREAT:
            call->options.given |= OPT_exat;
            break;
        default:
            call->options.given |= OPT_pxat;
            break;
    }
    return true;
}

void
op_expire (call_t *call)
{
    bool past, over = false;
    uint64_t deadline = 0;
    if (!s_expire_time (call, &past) || (!past && !call_deadline (call, 0, &deadline, &over)))
        return;
    past = past || over;
    if (!call->place.entry) {
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return;
    }
    //  Without a TTL an entry lives for ever
    uint64_t present = s_deadline (call) ? s_deadline (call) : UINT64_MAX;
    uint64_t wanted = past ? call->moment.now : deadline;
    uint64_t given = call->options.given;
    if (((given & OPT_nx) && present != UINT64_MAX) || ((given & OPT_xx) && present == UINT64_MAX)
        || ((given & OPT_gt) && wanted <= present) || ((given & OPT_lt) && wanted >= present)) {
        call_answer (call, ZGRID_MISMATCH, value_nil (), s_version (call));
        return;
    }
    if (past) {
        uint64_t version;
        if (!call_remove (call, &version))
            return;
        CALL_COUNT (call, del_hits);
        call_answer (call, ZGRID_OK, value_nil (), version);
        return;
    }
    if (call_set_deadline (call, deadline))
        call_answer (call, ZGRID_OK, value_nil (), s_version (call));
}

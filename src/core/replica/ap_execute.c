//  ap_execute: operations on one key of an ap map. What depends on the present value being the only one
//  does not exist here: NOT_IN_AP_MODE says so instead of pretending (doc/consistency.md 11).
//  SPDX-License-Identifier: MPL-2.0
#include "../storage_impl.h"
#include "ap_impl.h"

//  A record being executed.
typedef struct {
    ap_t *ap;
    const ap_call_t *call;
    ap_map_t *map;  // NULL: nothing was ever stored in it
    share_t *share; // NULL: nothing in this partition
    uint32_t local;
    uint64_t wall;
    place_t place;
    bool has, alive; // A record is there; it can be read
    record_t record;
} s_run_t;

unsigned
ap_reply (const ap_call_t *call, unsigned status, value_t value, uint64_t version)
{
    wire_reply (call->out, call->request->id, status, value, version, NULL);
    return status;
}

unsigned
ap_fail (const ap_call_t *call, unsigned status, const char *text)
{
    wire_reply_error (call->out, call->request->id, status, text);
    return status;
}

static unsigned
s_absent (const s_run_t *run)
{
    return ap_reply (run->call, ZGRID_NOTFOUND, value_nil (), 0);
}

static int64_t
s_ttl (const s_run_t *run)
{
    return run->record.ends ? (int64_t) (run->record.ends - run->wall) : -1;
}

//  ------------------------------------------------------------------------------------------------
//  Writing

//  The next version of the record at the place.
static bool
s_put (ap_t *self, share_t *share, place_t *place, record_t *record, uint64_t now)
{
    record_t present;
    record->version = hlc_next (&self->clock, ap_wall (self, now));
    record->base = place->entry && record_of (place->entry, &present) ? present.version : 0;
    record->tie = record_tie (self, record);
    if (!record_put (self, share, place, record, now))
        return false;
    record_encode (&self->entries, entry_key (place->entry), record); // place->key may be gone
    return true;
}

bool
ap_delete (ap_t *self, share_t *share, place_t *place, uint64_t now, uint64_t *version)
{
    record_t record = { .flags = AP_DEAD };
    if (!s_put (self, share, place, &record, now))
        return false;
    *version = record.version;
    return true;
}

static unsigned
s_no_memory (const s_run_t *run)
{
    return ap_fail (run->call, ZGRID_NOMEM, "out of memory");
}

//  Stores value and end of life. The version that it got is in run->record. False, and replied, if it
//  cannot be.
static unsigned
s_store (s_run_t *run, bytes_t value, uint64_t ends)
{
    ap_t *self = run->ap;
    const request_t *request = run->call->request;
    record_t record = { .ends = ends, .value = value };
    if (!run->map && !(run->map = ap_map (self, request->map, true)))
        return self->maps_count >= self->config.maps_max
                   ? ap_fail (run->call, ZGRID_TOOBIG, "no more maps: limits.maps is reached")
                   : s_no_memory (run);
    if (!run->share && !(run->share = ap_share (self, run->map, run->local, true)))
        return s_no_memory (run);
    if (!record_fits (self, &record, request->key))
        return ap_fail (run->call, ZGRID_NOMEM, "memory.limit is reached");
    if (!s_put (self, run->share, &run->place, &record, run->call->moment.now))
        return s_no_memory (run);
    ap_push (self, run->map, run->local);
    run->record = record;
    return ZGRID_OK;
}

static unsigned
s_remove (s_run_t *run)
{
    uint64_t version;
    if (!run->alive)
        return s_absent (run);
    if (!ap_delete (run->ap, run->share, &run->place, run->call->moment.now, &version))
        return s_no_memory (run);
    ap_push (run->ap, run->map, run->local);
    return ap_reply (run->call, ZGRID_OK, value_nil (), version);
}

//  When an entry shall end that is given `time` in the option's way: by the wall clock. OK, or replied.
//  *past: it is over already.
static unsigned
s_ends (const s_run_t *run, uint64_t given, uint64_t time, uint64_t *ends, bool *past)
{
    *past = false;
    if (given & (OPT_ex | OPT_exat) && __builtin_mul_overflow (time, UINT64_C (1000), &time))
        time = UINT64_MAX;
    if (given & (OPT_exat | OPT_pxat)) {
        *past = time <= run->wall;
        time = *past ? 0 : time - run->wall;
    } else if (time == 0)
        return ap_fail (run->call, ZGRID_MALFORMED, "a TTL of 0");
    if (time > STORAGE_TTL_MAX)
        return ap_fail (run->call, ZGRID_TOOBIG, "the TTL is longer than 100 years");
    *ends = run->wall + time;
    return ZGRID_OK;
}

//  ------------------------------------------------------------------------------------------------
//  Operations

static unsigned
s_op_get (s_run_t *run)
{
    if (!run->alive)
        return s_absent (run);
    entry_touch (run->place.entry, entry_clock (run->call->moment.now));
    meta_t meta = { .given = META_ttl, .ttl = s_ttl (run) };
    bool with_ttl = run->call->options->given & OPT_withttl;
    wire_reply (run->call->out, run->call->request->id, ZGRID_OK, value_bytes (run->record.value),
                run->record.version, with_ttl ? &meta : NULL);
    return ZGRID_OK;
}

//  Of what is stored without a TTL.
static uint64_t
s_usual_end (const s_run_t *run)
{
    const view_t *view = run->ap->view;
    uint64_t ttl = view ? view_map (view, run->call->request->map)->ttl : 0;
    return ttl ? run->wall + ttl : 0;
}

static unsigned
s_op_put (s_run_t *run)
{
    const options_t *options = run->call->options;
    bytes_t value = run->call->value;
    bool keeps = (options->given & OPT_keepttl) && run->alive;
    uint64_t ends = keeps ? run->record.ends : s_usual_end (run);
    bool past = false;
    if (value.size > run->ap->config.value_max)
        return ap_fail (run->call, ZGRID_TOOBIG, "the value is longer than limits.value_max");
    unsigned status = ZGRID_OK;
    if (options->given & (OPT_ex | OPT_px | OPT_exat | OPT_pxat))
        status = s_ends (run, options->given, options->time, &ends, &past);
    if (status != ZGRID_OK)
        return status;
    if (past) { // Stored and over at once
        uint64_t version = 0;
        if (run->alive && !ap_delete (run->ap, run->share, &run->place, run->call->moment.now, &version))
            return s_no_memory (run);
        if (run->alive)
            ap_push (run->ap, run->map, run->local);
        return ap_reply (run->call, ZGRID_OK, value_nil (), version);
    }
    status = s_store (run, value, ends);
    return status == ZGRID_OK ? ap_reply (run->call, ZGRID_OK, value_nil (), run->record.version) : status;
}

static unsigned
s_op_exists (s_run_t *run)
{
    if (!run->alive)
        return s_absent (run);
    if (run->call->request->op == OP_TOUCH)
        entry_touch (run->place.entry, entry_clock (run->call->moment.now));
    return ap_reply (run->call, ZGRID_OK, value_nil (), run->record.version);
}

static unsigned
s_op_ttl (s_run_t *run)
{
    return run->alive ? ap_reply (run->call, ZGRID_OK, value_int (s_ttl (run)), run->record.version)
                      : s_absent (run);
}

static unsigned
s_op_idle (s_run_t *run)
{
    if (!run->alive)
        return s_absent (run);
    uint32_t ticks = entry_age (run->place.entry, entry_clock (run->call->moment.now));
    return ap_reply (run->call, ZGRID_OK, value_int ((int64_t) ticks << 8), run->record.version);
}

//  Writes the value that is there once more, with another end of life.
static unsigned
s_again (s_run_t *run, uint64_t ends, value_t answer)
{
    buf_t *copy = &run->ap->message; // The entry may be replaced where it lies
    buf_reset (copy);
    buf_add (copy, run->record.value.data, run->record.value.size);
    if (copy->failed)
        return s_no_memory (run);
    unsigned status = s_store (run, buf_bytes (copy), ends);
    return status == ZGRID_OK ? ap_reply (run->call, ZGRID_OK, answer, run->record.version) : status;
}

static unsigned
s_op_persist (s_run_t *run)
{
    if (!run->alive)
        return s_absent (run);
    if (run->record.ends == 0)
        return ap_reply (run->call, ZGRID_OK, value_int (0), run->record.version);
    return s_again (run, 0, value_int (1));
}

static unsigned
s_op_expire (s_run_t *run)
{
    unsigned op = run->call->request->op;
    uint64_t given = op == OP_EXPIRE     ? OPT_ex
                     : op == OP_PEXPIRE  ? OPT_px
                     : op == OP_EXPIREAT ? OPT_exat
                                         : OPT_pxat;
    int64_t number;
    uint64_t ends = 0;
    bool past = false;
    if (!call_number (run->call->request->value, &number))
        return ap_fail (run->call, ZGRID_MALFORMED, "the value is not a whole number");
    unsigned status = number > 0 ? s_ends (run, given, (uint64_t) number, &ends, &past) : ZGRID_OK;
    if (status != ZGRID_OK)
        return status;
    if (past || number <= 0)
        return s_remove (run);
    return run->alive ? s_again (run, ends, value_nil ()) : s_absent (run);
}

typedef unsigned (s_op_fn) (s_run_t *run);

static s_op_fn *const s_ops[OP_LIMIT] = {
    [OP_GET] = s_op_get,        [OP_PUT] = s_op_put,         [OP_DEL] = s_remove,
    [OP_EXISTS] = s_op_exists,  [OP_TOUCH] = s_op_exists,    [OP_TTL] = s_op_ttl,
    [OP_IDLE] = s_op_idle,      [OP_PERSIST] = s_op_persist, [OP_EXPIRE] = s_op_expire,
    [OP_PEXPIRE] = s_op_expire, [OP_EXPIREAT] = s_op_expire, [OP_PEXPIREAT] = s_op_expire,
};

//  Why it does not exist for ap maps; NULL: it does.
static const char *
s_refused (const ap_call_t *call)
{
    const options_t *options = call->options;
    if (op_info (call->request->op)->routing == ROUTING_KEY && !s_ops[call->request->op])
        return "this operation needs a single present value, which a map in ap mode has not";
    if (options->given & (OPT_nx | OPT_xx | OPT_gt | OPT_lt | OPT_ifversion | OPT_ifeq | OPT_get))
        return "conditions need a single present value, which a map in ap mode has not";
    if (options->given & OPT_fence)
        return "fences need a single present value, which a map in ap mode has not";
    if ((options->given & OPT_read) && bytes_equal (options->read, bytes_str ("confirm")))
        return "nobody can confirm a read of a map in ap mode";
    return NULL;
}

unsigned
ap_execute (ap_t *self, const ap_call_t *call)
{
    const request_t *request = call->request;
    uint32_t local = call->partition / self->config.actors;
    ap_clock (self, call->moment);
    if (ap_listed (self, local) != 2)
        return ZGRID_MOVED;
    const char *refused = s_refused (call);
    if (refused)
        return ap_fail (call, ZGRID_NOT_IN_AP_MODE, refused);
    buf_reset (&self->entries);
    if (op_info (request->op)->routing != ROUTING_KEY)
        return ap_part_operation (self, call);
    s_run_t run = { .ap = self, .call = call, .local = local, .wall = call->moment.wall };
    run.map = ap_map (self, request->map, false);
    run.share = run.map ? ap_share (self, run.map, local, false) : NULL;
    run.place = (place_t) { request->key, hash_key (&self->secret, request->key), NULL, NULL };
    if (run.share)
        run.place = store_find (run.share->store, run.place.hash, request->key);
    run.has = run.place.entry && record_of (run.place.entry, &run.record);
    run.alive = run.has && record_alive (&run.record, run.wall);
    return s_ops[request->op](&run);
}

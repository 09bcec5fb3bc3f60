//  ops_copy: RENAME and COPY: one entry under two keys of a partition, in one or two maps.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "storage_impl.h"

//  The record of the new key. False, and replied, if it may not be one.
static bool
s_new_name (call_t *call, request_t *renamed)
{
    *renamed = *call->request;
    if (!call_value (call, &renamed->key))
        return false;
    if (call->options.given & OPT_into)
        renamed->map = call->options.into;
    return exec_check_place (call, renamed);
}

//  An entry whose time is over may lie there: what is stored replaces it.
static bool
s_is_taken (call_t *call)
{
    removal_t reason;
    bool taken = call->place.entry && !call_is_over (call, &reason);
    uint64_t saw = taken ? entry_version (call->place.entry) : call->partition->removed;
    call->saw = saw > call->saw ? saw : call->saw;
    return taken;
}

//  The value of `source` goes under the new key; the call's place is there. *version_p: of both changes.
static bool
s_copy (call_t *call, const request_t *source, const request_t *renamed, bool move, uint64_t *version_p)
{
    buf_t *scratch = &call->storage->scratch;
    size_t heads = 2 * (EFFECT_CHANGE_HEAD + EFFECT_SESSION_HEAD);
    call_turn_to (call, source);
    if (!call->place.entry) { // Evicted, to make room
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return false;
    }
    bytes_t value = entry_value (call->place.entry);
    uint64_t deadline = entry_deadline (call->place.entry);
    buf_reset (scratch);
    buf_add (scratch, value.data, value.size);
    if (scratch->failed) {
        call->storage->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, "out of memory");
        return false;
    }
    call_turn_to (call, renamed);
    //  Removing must not fail when the value is there twice
    size_t names = source->map.size + source->key.size + renamed->map.size + renamed->key.size;
    if (!call_open_group (call, heads + names + value.size)
        || !call_store (call, buf_bytes (scratch), bytes_of (NULL, 0), deadline, false, version_p))
        return false;
    if (!move)
        return true;
    call_turn_to (call, source);
    return call_remove (call, NULL);
}

void
op_copy (call_t *call)
{
    const request_t source = *call->request;
    const request_t *asked = call->request;
    request_t renamed;
    if (!s_new_name (call, &renamed))
        return;
    if (!call->place.entry) {
        call_answer (call, ZGRID_NOTFOUND, value_nil (), 0);
        return;
    }
    size_t size = entry_value (call->place.entry).size;
    uint64_t version = entry_version (call->place.entry);
    bool same = bytes_equal (source.map, renamed.map) && bytes_equal (source.key, renamed.key);
    bool within = call->grouped; // Of EXEC, which has made room
    call_turn_to (call, &renamed);
    if (s_is_taken (call) && call->options.given & OPT_nx)
        call_answer (call, ZGRID_EXISTS, value_nil (), entry_version (call->place.entry));
    else if (same)
        call_answer (call, ZGRID_OK, value_nil (), version);
    else if (call_make_store (call) && (within || call_make_room (call, size))) {
        call->grouped = true;
        if (!within)
            call->group_version = call->group_bytes = 0;
        if (s_copy (call, &source, &renamed, source.op == OP_RENAME, &version))
            call_answer (call, ZGRID_OK, value_nil (), version);
    }
    call->request = asked;
    if (call->storage->scratch.room > 1u << 20)
        buf_clear (&call->storage->scratch);
}

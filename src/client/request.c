//  request: from the arguments of a call to an encoded record.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "lock/lock.h"
#include "slot.h"

#define S_ID_ROOM UINT64_MAX // Is encoded in nine bytes, as request_copy expects
#define S_RECORD_MORE 2048   // What a record needs beside key, value and map name at most

//  Both kinds of time, and what belongs to it.
static int
s_times (const zgrid_options_t *given, options_t *options)
{
    if (given->ttl_ms && given->expire_at_ms)
        return ZGRID_MALFORMED;
    if (given->ttl_ms || given->expire_at_ms) {
        options->given |= given->ttl_ms ? OPT_px : OPT_pxat;
        options->time = given->ttl_ms ? given->ttl_ms : given->expire_at_ms;
    }
    return ZGRID_OK;
}

static int
s_conditions (const zgrid_options_t *given, options_t *options)
{
    if (given->if_version) {
        options->given |= OPT_ifversion;
        options->ifversion = *given->if_version;
    }
    if (given->if_equal) {
        if (given->if_equal->size && !given->if_equal->data)
            return ZGRID_MALFORMED;
        options->given |= OPT_ifeq;
        options->ifeq = value_bytes (request_bytes (*given->if_equal));
    }
    if (given->initial) {
        options->given |= OPT_initial;
        options->initial = value_bytes (bytes_str (given->initial));
    }
    return ZGRID_OK;
}

int
request_options (const zgrid_client_t *client, const zgrid_options_t *given, options_t *options,
                 uint32_t *timeout_ms)
{
    *options = (options_t) { .given = 0 };
    *timeout_ms = client->timeout_ms;
    int status = ZGRID_OK;
    zgrid_options_t same = ZGRID_OPTIONS_INIT;
    if (given && given->size != sizeof same) {
        //  A caller of another release: what it does not know is absent
        if (given->size < sizeof given->size)
            return ZGRID_MALFORMED;
        memcpy (&same, given, given->size < sizeof same ? given->size : sizeof same);
        given = &same;
    }
    if (given) {
        options->given = (given->keep_ttl ? OPT_keepttl : 0) | (given->if_absent ? OPT_nx : 0)
                         | (given->if_present ? OPT_xx : 0) | (given->if_greater ? OPT_gt : 0)
                         | (given->if_less ? OPT_lt : 0) | (given->want_old ? OPT_get : 0)
                         | (given->want_ttl ? OPT_withttl : 0);
        status = s_times (given, options);
        if (status == ZGRID_OK)
            status = s_conditions (given, options);
        if (given->fence) {
            options->given |= OPT_fence;
            options->fence = given->fence;
        }
        if (given->fresh) { // As every read is without a near cache; with one it says who answers
            options->given |= OPT_read;
            options->read = bytes_str ("lease");
        }
        if (given->timeout_ms)
            *timeout_ms = given->timeout_ms;
    }
    //  A server gives up after this time, too
    if (*timeout_ms != CLIENT_TIMEOUT_MS) {
        options->given |= OPT_deadline;
        options->deadline = *timeout_ms;
    }
    return status;
}

void
request_wait (const zgrid_client_t *client, op_t op, options_t *options, uint32_t *timeout_ms)
{
    if (op != OP_LOCK)
        return;
    if (!(options->given & OPT_wait))
        options->wait = *timeout_ms < LOCK_WAIT_MAX ? *timeout_ms : LOCK_WAIT_MAX;
    uint64_t within = options->wait + client->timeout_ms;
    if (options->wait <= LOCK_WAIT_MAX && *timeout_ms < within)
        *timeout_ms = within < UINT32_MAX ? (uint32_t) within : UINT32_MAX;
    options->given |= OPT_wait | OPT_deadline;
    options->deadline = *timeout_ms;
}

int
request_check (const zgrid_client_t *client, const record_t *record)
{
    const bytes_t *key = record->key;
    const bytes_t none = { NULL, 0 };
    bool sized = record->value && (record->value->kind == VALUE_BYTES || record->value->kind == VALUE_TREE);
    const bytes_t *value = sized ? &record->value->bytes : &none;
    size_t room = client->frame_max - S_RECORD_MORE;
    if ((key && key->size && !key->data) || (value->size && !value->data))
        return ZGRID_MALFORMED;
    if (record->map.size > WIRE_MAP_NAME_MAX || (key && key->size > room)
        || value->size > room - (key ? key->size : 0))
        return ZGRID_TOOBIG;
    return ZGRID_OK;
}

void
request_encode (buf_t *out, const record_t *record)
{
    size_t at = out->size;
    wire_request (out, S_ID_ROOM, record->op, record->map, record->key, record->value, record->options);
    //  request_copy knows this layout: array head of one byte, then a number of nine
    assert (out->failed || ((out->data[at] & 0xf0) == 0x90 && out->data[at + 1] == 0xcf));
}

static uint16_t
s_slot (const zgrid_client_t *client, const record_t *record)
{
    const op_info_t *info = op_info (record->op);
    if ((info->routing == ROUTING_KEY || record->op == OP_PUBLISH) && record->key)
        return (uint16_t) slot_of_key (*record->key);
    //  The first slot of a partition stands for it
    uint64_t partitions = client->routes.partitions;
    if (info->routing == ROUTING_PART && record->options && (record->options->given & OPT_partition)
        && record->options->partition < partitions)
        return (uint16_t) ((record->options->partition * SLOT_COUNT + partitions - 1) / partitions);
    return SLOT_NONE;
}

void
request_item (const zgrid_client_t *client, const record_t *record, bytes_t encoded, item_t *item)
{
    item->data = (uint8_t *) (uintptr_t) encoded.data;
    item->size = (uint32_t) encoded.size;
    item->op = (uint8_t) record->op;
    item->slot = s_slot (client, record);
    item->writes = op_info (record->op)->writes;
    //  What servers answer with one execution of one owner
    item->routed = record->op == OP_PUBLISH;
    item->waits = record->op == OP_LOCK && record->options && record->options->wait;
    item->guarded = item->writes && item->slot != SLOT_NONE && !item->routed;
}

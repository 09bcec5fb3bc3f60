//  cluster_note: see cluster_note.h.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_note.h"

#include <stdio.h>
#include <stdlib.h>

#include "../slot.h"
#include "gateway_impl.h"
#include "slots.h"
#include "words.h"

#define S_NO_SLOT UINT32_MAX

//  "host:port", with the port that is behind the last colon.
static void
s_local (const talk_t *talk, cluster_place_t *place)
{
    const char *colon = strrchr (talk->local, ':');
    size_t size = colon ? (size_t) (colon - talk->local) : 0;
    size = size < sizeof place->host ? size : 0;
    memcpy (place->host, talk->local, size);
    place->host[size] = 0;
    place->port = colon ? (uint16_t) strtoul (colon + 1, NULL, 10) : 0;
}

void
cluster_place (const call_t *call, const member_t *member, cluster_place_t *place)
{
    const gateway_t *gateway = call_gateway (call);
    if (!member && gateway->view)
        member = view_member (gateway->view, gateway->config.node);
    if (member && member->gateway_port && *member->host) {
        snprintf (place->host, sizeof place->host, "%s", member->host);
        place->port = member->gateway_port;
        return;
    }
    //  Others are not told of it, or it is alone: what this client has used is good for it
    s_local (call_talk (call), place);
    if (*gateway->config.endpoint_host) {
        snprintf (place->host, sizeof place->host, "%s", gateway->config.endpoint_host);
        place->port = (uint16_t) gateway->config.port;
    }
}

bool
cluster_shown (const gateway_t *gateway)
{
    return gateway->config.redirect == REDIRECT_ALWAYS
           || (gateway->config.redirect == REDIRECT_AUTO && gateway->view
               && gateway->view->members_count > 1);
}

void
cluster_noted (const call_t *call)
{
    call_talk (call)->clustered = true;
}

//  Which of its words are keys: first, last and step. False: none.
static bool
s_keys (const call_t *call, uint32_t *first, uint32_t *last, uint32_t *step)
{
    const command_t *command = call_command (call);
    uint32_t count = call_count (call);
    int64_t number;
    *step = command->step > 0 ? (uint32_t) command->step : 1;
    if (command->first > 0) {
        *first = (uint32_t) command->first;
        int64_t end = command->last < 0 ? (int64_t) count + command->last : command->last;
        *last = end > 0 ? (uint32_t) end : 0;
    } else if (command->flags & COMMAND_MOVABLEKEYS && count > 3 && word_int (call_arg (call, 2), &number)
               && number > 0 && number <= count - 3) {
        *first = 3; // EVAL script count key…
        *last = (uint32_t) number + 2;
    } else
        return false;
    return *first < count && *last < count && *first <= *last;
}

//  The slot of all keys; S_NO_SLOT: there are no keys, or (*cross) they are in several.
static uint32_t
s_slot (const call_t *call, bool *cross)
{
    uint32_t first, last, step, slot = S_NO_SLOT;
    *cross = false;
    if (!s_keys (call, &first, &last, &step))
        return S_NO_SLOT;
    for (uint32_t at = first; at <= last; at += step) {
        uint32_t own = slot_of_key (call_arg (call, at));
        *cross = *cross || (slot != S_NO_SLOT && own != slot);
        slot = own;
    }
    return slot;
}

static bool
s_refuse (call_t *call, const char *text)
{
    call_fail (call, text);
    return false;
}

bool
cluster_check (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    const talk_t *talk = call_talk (call);
    if (!talk->clustered && gateway->config.redirect != REDIRECT_ALWAYS)
        return true;
    if (gateway->config.redirect == REDIRECT_NEVER || call_in_multi (call))
        return true;
    bool cross;
    uint32_t slot = s_slot (call, &cross);
    if (cross)
        return s_refuse (call, "CROSSSLOT Keys in request don't hash to the same slot");
    if (slot == S_NO_SLOT || !gateway->view)
        return true;
    const view_t *view = gateway->view;
    uint32_t partition = slot_partition (slot, view->partitions);
    node_id_t master = slots_master (view, gateway->config.node, partition);
    if (!master)
        return s_refuse (call, "CLUSTERDOWN Hash slot not served");
    //  A read that may be answered by a replica is answered here; it is the owner that is asked
    if (master == gateway->config.node
        || (talk->readonly && call_command (call)->flags & COMMAND_READONLY
            && part_has (&view->parts[partition], gateway->config.node)))
        return true;
    cluster_place_t place;
    cluster_place (call, view_member (view, master), &place);
    char text[VIEW_HOST_MAX + 40];
    snprintf (text, sizeof text, "MOVED %u %s:%u", slot, place.host, place.port);
    return s_refuse (call, text);
}

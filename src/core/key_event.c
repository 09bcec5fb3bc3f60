//  key_event: see key_event.h.
//  SPDX-License-Identifier: MPL-2.0
#include "key_event.h"

#include <inttypes.h>
#include <stdio.h>

#include "cluster/view.h"
#include "json.h"
#include "replica/effect.h"
#include "utf8.h"

unsigned
key_event_mask (const feed_change_t *change)
{
    if (change->kind == FEED_PUT)
        return MAP_EVENT_PUT;
    if (change->kind == FEED_DESTROY || change->reason == REMOVAL_DELETED)
        return MAP_EVENT_DELETE;
    return change->reason == REMOVAL_EVICTED ? MAP_EVENT_EVICT : MAP_EVENT_EXPIRE;
}

static const char *
s_name (const feed_change_t *change)
{
    switch (key_event_mask (change)) {
#define KEY_EVENT(NAME, name, purpose)                                                                       \
    case MAP_EVENT_##NAME:                                                                                   \
        return name;
#include "key_event.def"
#undef KEY_EVENT
        default:
            return "";
    }
}

static const char *
s_reason (const feed_change_t *change)
{
    if (change->kind == FEED_DESTROY)
        return "destroyed";
    switch ((removal_t) change->reason) {
        case REMOVAL_EXPIRED:
            return "expired";
        case REMOVAL_IDLE:
            return "idle";
        case REMOVAL_EVICTED:
            return "evicted";
        default:
            return "deleted";
    }
}

static void
s_key (buf_t *out, const feed_change_t *change)
{
    if (change->kind == FEED_DESTROY)
        json_add (out, ",\"key\":null");
    else if (utf8_is_valid (change->key)) {
        json_add (out, ",\"key\":");
        json_text (out, change->key);
    } else {
        json_add (out, ",\"key64\":\"");
        json_base64 (out, change->key);
        json_add (out, "\"");
    }
}

void
key_event_encode (const feed_change_t *change, const key_event_teller_t *teller, buf_t *out)
{
    json_add (out, "{\"event\":");
    json_text (out, bytes_str (s_name (change)));
    json_add (out, ",\"map\":");
    json_text (out, change->map);
    s_key (out, change);
    if (change->kind != FEED_PUT) {
        json_add (out, ",\"reason\":");
        json_text (out, bytes_str (s_reason (change)));
    }
    json_number (out, "version", change->version);
    json_number (out, "at", teller->at);
    json_add (out, ",\"node\":");
    json_text (out, bytes_str (teller->node));
    json_number (out, "actor", teller->actor);
    json_number (out, "partition", change->partition);
    json_number (out, "seq", change->number);
    json_add (out, change->repeat ? ",\"repeat\":true}" : "}");
}

bool
key_event_channel (bytes_t map, char channel[KEY_EVENT_CHANNEL_MAX], size_t *size)
{
    size_t prefix = sizeof KEY_EVENT_CHANNEL - 1;
    if (map.size > KEY_EVENT_CHANNEL_MAX - prefix || memchr (map.data, 0, map.size))
        return false;
    memcpy (channel, KEY_EVENT_CHANNEL, prefix);
    memcpy (channel + prefix, map.data, map.size);
    *size = prefix + map.size;
    return true;
}

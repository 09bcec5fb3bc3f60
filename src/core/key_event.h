//  key_event: what is told of a change of a key (feed.h) to those who have subscribed to the events of its
//  map (doc/protocol.md, "Events of keys").
//  SPDX-License-Identifier: MPL-2.0
#ifndef KEY_EVENT_H_INCLUDED
#define KEY_EVENT_H_INCLUDED

#include "buf.h"
#include "feed.h"

#define KEY_EVENT_CHANNEL "zgrid.events."
#define KEY_EVENT_CHANNEL_MAX 255 // Bytes

//  Who tells, and when.
typedef struct {
    const char *node;
    uint32_t actor;
    uint64_t at; // Unix time in milliseconds
} key_event_teller_t;

//  The mask of a change in a map's settings: one of MAP_EVENT_…
unsigned
    key_event_mask (const feed_change_t *change);

//  Adds the event as one JSON object; not for FEED_GONE.
void
    key_event_encode (const feed_change_t *change, const key_event_teller_t *teller, buf_t *out);

//  The channel of a map's events; false if its name is too long to be one, or has a zero byte: then there
//  are none.
bool
    key_event_channel (bytes_t map, char channel[KEY_EVENT_CHANNEL_MAX], size_t *size);

#endif

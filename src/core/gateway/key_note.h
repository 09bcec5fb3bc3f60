//  key_note: what Redis tells of changes of keys ("Redis keyspace notifications": channels
//  __keyspace@0__:KEY and __keyevent@0__:EVENT), from what a map with the setting `events` publishes
//  (key_event.h).
//  SPDX-License-Identifier: MPL-2.0
#ifndef KEY_NOTE_H_INCLUDED
#define KEY_NOTE_H_INCLUDED

#include "../buf.h"

#define KEY_NOTE_PREFIX "__key"
#define KEY_NOTE_ALL UINT32_MAX // Databases
#define KEY_NOTE_ROOM 40        // Bytes of a channel's name beside the key

typedef struct {
    const char *event; // As Redis names it: "set", "del", "expired", "evicted"
    bytes_t key;       // In the buffer
} key_note_t;

//  Reads what key_event_encode has written. False: it is nothing of one key, or cannot be read.
bool
    key_note_read (bytes_t json, buf_t *key, key_note_t *note);

//  Whether a channel, or what a pattern matches, may be told of changes, and in which database. Patterns are
//  looked at that begin with KEY_NOTE_PREFIX.
bool
    key_note_wanted (bytes_t name, bool pattern, uint32_t *database);

//  The two channels that a change is told on, and the message there.
typedef enum { KEY_NOTE_SPACE, KEY_NOTE_EVENT, KEY_NOTE_CHANNELS } key_note_channel_t;
//  Replaces what `out` holds by the channel's name; returns the message.
bytes_t
    key_note_write (const key_note_t *note, key_note_channel_t which, uint32_t database, buf_t *out);

#endif

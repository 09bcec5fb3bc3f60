//  hearers_hear: what the pubsub actor sends, given to those who want it; and changes of keys among it.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "../glob.h"
#include "../key_event.h"
#include "../pubsub/message.h"
#include "hearers_impl.h"
#include "key_note.h"

//  ------------------------------------------------------------------------------------------------
//  Who wants to know of changes of keys

//  The events of a database's keys are wanted by one more, or one less.
static void
s_note_database (hearers_t *self, uint32_t database, bool on)
{
    char map[KEY_EVENT_CHANNEL_MAX + 1], channel[KEY_EVENT_CHANNEL_MAX];
    uint8_t frame[TOPIC_SIZE_MAX];
    size_t size;
    uint32_t before = self->notes[database];
    self->notes[database] += on ? 1 : UINT32_MAX;
    if ((before && self->notes[database]) || !self->port.follow)
        return;
    int length = database ? snprintf (map, sizeof map, "%s:%" PRIu32, self->config.map, database)
                          : snprintf (map, sizeof map, "%s", self->config.map);
    if (key_event_channel (bytes_of (map, (size_t) length), channel, &size)) {
        size = topic_write (TOPIC_CHANNEL, bytes_of (channel, size), frame);
        self->port.follow (self->port.arg, bytes_of (frame, size), on);
    }
}

void
hearers_note (hearers_t *self, entry_t *entry, bool on)
{
    uint32_t database;
    bool pattern = entry->kind == HEAR_PATTERN;
    if (entry->kind == HEAR_SHARD || !key_note_wanted (hearers_name (entry), pattern, &database))
        return;
    for (uint32_t at = 0; at < self->config.databases; at++)
        if (database == KEY_NOTE_ALL || database == at)
            s_note_database (self, at, on);
    if (!pattern)
        return;
    if (on) {
        entry->before_noted = NULL;
        entry->next_noted = self->noted;
        if (self->noted)
            self->noted->before_noted = entry;
        self->noted = entry;
        return;
    }
    *(entry->before_noted ? &entry->before_noted->next_noted : &self->noted) = entry->next_noted;
    if (entry->next_noted)
        entry->next_noted->before_noted = entry->before_noted;
}

//  ------------------------------------------------------------------------------------------------
//  Messages

static void
s_give (hearers_t *self, const entry_t *entry, const message_t *message)
{
    heard_message_t heard = { .kind = (hear_t) entry->kind,
                              .channel = message->channel,
                              .message = message->message };
    if (entry->kind == HEAR_PATTERN)
        heard.pattern = hearers_name (entry);
    if (entry->kind == HEAR_SHARD)
        heard.channel = hearers_name (entry);
    for (const wish_t *wish = entry->wishes; wish; wish = wish->sibling) {
        //  Nobody hears anything of what it has not been told that it has
        if (self->port.follow && wish->round > self->answered)
            continue;
        self->stats.given++;
        self->port.message (self->port.arg, wish->of->owner, &heard);
        heard.again = true;
    }
}

//  Which database has its events on this channel. False: none that anybody wants to know of.
static bool
s_noted (const hearers_t *self, bytes_t channel, uint32_t *database)
{
    size_t prefix = sizeof KEY_EVENT_CHANNEL - 1, size = strlen (self->config.map ? self->config.map : "");
    if (channel.size < prefix + size || memcmp (channel.data, KEY_EVENT_CHANNEL, prefix) != 0
        || (size && memcmp (channel.data + prefix, self->config.map, size) != 0))
        return false;
    bytes_t rest = bytes_of (channel.data + prefix + size, channel.size - prefix - size);
    *database = 0;
    for (size_t at = 1; at < rest.size && at < 10; at++) {
        if (rest.data[at] < '0' || rest.data[at] > '9')
            return false;
        *database = *database * 10 + rest.data[at] - '0';
    }
    bool numbered = rest.size > 1 && rest.size <= 10 && rest.data[0] == ':' && *database;
    return (rest.size == 0 || numbered) && *database < self->config.databases && self->notes[*database];
}

static void
s_give_note (hearers_t *self, uint32_t database, bytes_t json)
{
    key_note_t note;
    if (!key_note_read (json, &self->note_key, &note))
        return;
    for (int which = 0; which < KEY_NOTE_CHANNELS; which++) {
        uint64_t steps = 0;
        message_t told = { .message = key_note_write (&note, (key_note_channel_t) which, database,
                                                      &self->note_name) };
        told.channel = buf_bytes (&self->note_name);
        if (self->note_name.failed)
            return;
        const entry_t *entry = topic_name_valid (told.channel)
                                   ? hearers_find (self, HEAR_CHANNEL, told.channel)
                                   : NULL;
        if (entry)
            s_give (self, entry, &told);
        for (entry = self->noted; entry; entry = entry->next_noted)
            if (glob_match (hearers_name (entry), told.channel, &steps))
                s_give (self, entry, &told);
    }
}

bool
hearers_hear (hearers_t *self, bytes_t topic, bytes_t body)
{
    mp_t reader;
    message_t message;
    bytes_t name;
    bool broken = false;
    topic_kind_t topic_kind = topic_read (topic, &name);
    if (topic_kind == TOPIC_NONE || !message_open (body, &reader))
        return false;
    if (topic_kind == TOPIC_SYNC) {
        char text[40];
        if (self->asked != self->answered && bytes_equal (topic, hearers_token (self, text, sizeof text)))
            hearers_answered (self);
        return true;
    }
    hear_t kind = topic_kind == TOPIC_PATTERN ? HEAR_PATTERN : HEAR_CHANNEL;
    if (kind == HEAR_CHANNEL && name.data[0] == HEARERS_SHARD && name.size > 1) {
        kind = HEAR_SHARD;
        name = bytes_of (name.data + 1, name.size - 1);
    }
    const entry_t *entry = hearers_find (self, kind, name);
    uint32_t database;
    bool noted = kind == HEAR_CHANNEL && s_noted (self, name, &database);
    while (message_next (&reader, &message, &broken)) {
        self->stats.received++;
        if (entry
            && !(kind == HEAR_PATTERN && message.channel.size && message.channel.data[0] == HEARERS_SHARD))
            s_give (self, entry, &message);
        if (noted)
            s_give_note (self, database, message.message);
    }
    return !broken;
}

//  multi: see multi.h.
//  SPDX-License-Identifier: MPL-2.0
#include "multi.h"

#include "../mem.h"
#include "../slot.h"
#include "command_keys.h"

static const char s_cross[] = "CROSSSLOT Keys in request don't hash to the same slot";
static const char s_memory[] = "OOM command not allowed when used memory > 'maxmemory'.";
static const char s_many[] = "ERR a transaction has at most 1,024 commands, or keys";
static const char s_large[] = "ERR a transaction is larger than a value may be";

bool
multi_has_keys (const command_t *command)
{
    return (command->first || command->flags & COMMAND_MOVABLEKEYS) && !(command->flags & COMMAND_PUBSUB);
}

//  Adds a key's slot. False: it is another one.
static bool
s_take_slot (uint32_t *slot, bytes_t key)
{
    uint32_t own = slot_of_key (key) + 1;
    if (*slot && *slot != own)
        return false;
    *slot = own;
    return true;
}

const char *
multi_queue (multi_t *self, const command_t *command, const bytes_t *args, uint32_t count, uint64_t bytes_max)
{
    command_keys_t keys = { 0 };
    uint32_t slot = self->slot;
    uint64_t bytes = 0;
    if (multi_has_keys (command))
        command_keys (command, count, count > 2 ? args[2] : bytes_of (NULL, 0), &keys);
    for (uint32_t at = 0; at < keys.count; at++)
        if (!s_take_slot (&slot, args[keys.first + at * keys.step]))
            return s_cross;
    uint32_t records = keys.count ? keys.count : 1;
    if (self->records + (uint64_t) records > MULTI_RECORDS_MAX)
        return s_many;
    for (uint32_t at = 0; at < count; at++)
        bytes += args[at].size;
    size_t head = sizeof (queued_t) + count * sizeof (bytes_t);
    if (self->bytes + head + bytes > bytes_max)
        return s_large;
    queued_t *queued = mem_alloc (head + bytes + 1);
    if (!queued)
        return s_memory;
    *queued = (queued_t) { .command = command, .count = count };
    uint8_t *to = (uint8_t *) queued + head;
    for (uint32_t at = 0; at < count; at++) {
        queued->args[at] = bytes_of (to, args[at].size);
        if (args[at].size)
            memcpy (to, args[at].data, args[at].size);
        to += args[at].size;
    }
    if (self->last)
        self->last->next = queued;
    else
        self->first = queued;
    self->last = queued;
    self->slot = slot;
    self->count++;
    self->records += records;
    self->bytes += head + bytes;
    return NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Watched keys

static bool
s_is_watched (const multi_t *self, uint32_t database, bytes_t key)
{
    for (uint32_t at = 0; at < self->watched_count; at++)
        if (self->watched[at].database == database && bytes_equal (buf_bytes (&self->watched[at].key), key))
            return true;
    return false;
}

//  False: without memory.
static bool
s_watch (multi_t *self, uint32_t database, bytes_t key)
{
    if (self->watched_count == self->watched_room) {
        uint32_t room = self->watched_room ? 2 * self->watched_room : 4;
        watched_t *more = mem_resize (self->watched, room * sizeof (watched_t));
        if (!more)
            return false;
        self->watched = more;
        self->watched_room = room;
    }
    watched_t watched = { .database = database };
    buf_add (&watched.key, key.data, key.size);
    if (watched.key.failed)
        return false;
    self->watched[self->watched_count++] = watched;
    self->bytes += key.size + sizeof (watched_t);
    return true;
}

const char *
multi_watch (multi_t *self, uint32_t database, const bytes_t *keys, uint32_t count, uint64_t bytes_max)
{
    uint32_t slot = self->slot;
    uint64_t bytes = 0;
    for (uint32_t at = 0; at < count; at++) {
        if (!s_take_slot (&slot, keys[at]))
            return s_cross;
        bytes += keys[at].size + sizeof (watched_t);
    }
    if (self->watched_count + (uint64_t) count > MULTI_RECORDS_MAX)
        return s_many;
    if (self->bytes + bytes > bytes_max)
        return s_large;
    for (uint32_t at = 0; at < count; at++)
        if (!s_is_watched (self, database, keys[at]) && !s_watch (self, database, keys[at])) {
            multi_unwatch_unknown (self);
            return s_memory;
        }
    self->slot = slot;
    return NULL;
}

static void
s_unwatch_from (multi_t *self, uint32_t first)
{
    for (uint32_t at = first; at < self->watched_count; at++) {
        self->bytes -= self->watched[at].key.size + sizeof (watched_t);
        buf_clear (&self->watched[at].key);
    }
    self->watched_count = first;
    if (first == 0 && self->count == 0)
        self->slot = 0;
}

void
multi_unwatch_unknown (multi_t *self)
{
    uint32_t first = 0;
    while (first < self->watched_count && self->watched[first].known)
        first++; // Those that came last are behind all others
    s_unwatch_from (self, first);
}

void
multi_unwatch (multi_t *self)
{
    s_unwatch_from (self, 0);
    mem_free (self->watched);
    self->watched = NULL;
    self->watched_room = 0;
}

void
multi_clear (multi_t *self)
{
    for (queued_t *queued = self->first, *next; queued; queued = next) {
        next = queued->next;
        mem_free (queued);
    }
    multi_unwatch (self);
    *self = (multi_t) { .open = false };
}

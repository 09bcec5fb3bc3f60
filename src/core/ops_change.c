//  ops_change: what operations do to an entry: store, remove, give it another end. Changes in the log.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "storage_impl.h"

//  With copies it is told when it is committed (replica_advance).
static void
s_feed (const call_t *call, feed_kind_t kind)
{
    if (!call->partition->streaming)
        replica_feed (call->storage, call->partition,
                      (feed_change_t) { .kind = (uint8_t) kind,
                                        .reason = REMOVAL_DELETED,
                                        .version = call->partition->sequence,
                                        .map = call->request->map,
                                        .key = call->request->key });
}

bool
call_make_room (call_t *call, size_t value_size)
{
    storage_t *self = call->storage;
    if (!self->config.memory_limit && !self->config.entries_limit && !call->map->evictor)
        return true;
    uint64_t entries = store_entries (call->store);
    size_t needed = heap_block_size (entry_size_for (call->place.key.size, value_size));
    const char *why = storage_make_room (self, call->map, call->place.entry, needed, call->moment.now);
    if (why) {
        self->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, why);
        return false;
    }
    if (entries != store_entries (call->store))
        call->place = store_find (call->store, call->place.hash, call->place.key);
    return true;
}

//  Of the change that is about to be made.
static uint64_t
s_next_version (const call_t *call)
{
    return call->grouped && call->group_version ? call->group_version : call->partition->sequence + 1;
}

static void
s_set_version (call_t *call, uint64_t version)
{
    call->partition->sequence = version;
    call->group_version = version;
}

bool
call_store (call_t *call, bytes_t first, bytes_t second, uint64_t deadline, bool past, uint64_t *version_p)
{
    storage_t *self = call->storage;
    size_t size = first.size + second.size;
    if (size > self->config.value_max) {
        call_too_big (call, "value", size, "limits.value_max", self->config.value_max);
        return false;
    }
    if (call->grouped && (call->group_bytes += size) > self->config.value_max) {
        call_too_big (call, "all values together", call->group_bytes, "limits.value_max",
                      self->config.value_max);
        return false;
    }
    if (past) // Stored and over at once
        return call_remove (call, version_p);
    if (!call_make_store (call))
        return false;
    bool is_new = call->place.entry == NULL;
    if (!call->grouped && !call_make_room (call, size))
        return false;
    uint64_t version = s_next_version (call);
    if (!call_open (call, CHANGE_PUT, first, second, deadline))
        return false;
    if (!store_set (call->store, &call->place, first, second, version, deadline,
                    storage_access_clock (self))) {
        call_cancel (call);
        self->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, "out of memory");
        return false;
    }
    if (is_new)
        evictor_added (self, call->map->evictor ? call->map->evictor : &self->evictor, call->store,
                       call->place.entry, call->place.hash);
    CALL_COUNT (call, puts);
    if (self->census && big_wants (&self->census->big, call->place.key.size + size))
        big_add (&self->census->big, call->map->number, call->store->partition, call->place.hash,
                 call->place.key, call->place.key.size + size);
    s_set_version (call, version);
    if (self->feeding)
        s_feed (call, FEED_PUT);
    *version_p = version;
    return true;
}

bool
call_remove (call_t *call, uint64_t *version_p)
{
    partition_t *part = call->partition;
    bytes_t none = bytes_of (NULL, 0);
    if (!call_open (call, CHANGE_REMOVE, none, none, 0))
        return false;
    part->removed = s_next_version (call);
    s_set_version (call, part->removed);
    shared_word_remove (part->shared, part->removed);
    if (call->storage->feeding)
        s_feed (call, FEED_REMOVE);
    if (call->place.entry)
        store_remove (call->store, &call->place);
    if (version_p)
        *version_p = part->sequence;
    return true;
}

bool
call_set_deadline (call_t *call, uint64_t deadline)
{
    bytes_t none = bytes_of (NULL, 0);
    if (!call_open (call, CHANGE_DEADLINE, none, none, deadline))
        return false;
    s_set_version (call, s_next_version (call));
    store_touch (call->store, call->place.entry, storage_access_clock (call->storage));
    store_set_deadline (call->store, &call->place, call->partition->sequence, deadline);
    if (call->storage->feeding)
        s_feed (call, FEED_PUT);
    return true;
}

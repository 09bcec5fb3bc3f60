//  storage_memory: limits are kept. The node's compare everything that this actor holds: entries, and the
//  bytes that they and all tables and queues take (used_bytes + index_bytes). A map's compare what it is
//  primary of, tables not counted. What is held beyond that is kept small by compaction (storage.c).
//  SPDX-License-Identifier: MPL-2.0
#include "storage_impl.h"

#define S_EVICT_MAX 64   // Evictions for one small write at most; one more for each
#define S_EVICT_BYTES 32 // bytes of a large one
#define S_EVICT_TICK 512 // Evictions at a time when a limit has become smaller

typedef struct {
    uint64_t entries, bytes;
} s_usage_t;

typedef struct {
    evictor_t *evictor; // NULL: the node
    uint64_t entries_max, bytes_max;
} s_limit_t;

static s_limit_t
s_node_limit (const storage_t *self)
{
    return (s_limit_t) { NULL, self->config.entries_limit, self->config.memory_limit };
}

static s_limit_t
s_map_limit (evictor_t *evictor)
{
    return (s_limit_t) { evictor, evictor->entries_max, evictor->bytes_max };
}

static s_usage_t
s_usage (const storage_t *self, const evictor_t *evictor)
{
    const pool_t *pool = &self->pool;
    return evictor ? (s_usage_t) { evictor->all.entries, evictor->all.used_bytes }
                   : (s_usage_t) { pool->entries, pool->used_bytes + pool->index_bytes };
}

static bool
s_fits (const s_limit_t *limit, s_usage_t usage, s_usage_t more)
{
    return (!limit->entries_max || usage.entries + more.entries <= limit->entries_max)
           && (!limit->bytes_max || usage.bytes + more.bytes <= limit->bytes_max);
}

//  ------------------------------------------------------------------------------------------------
//  Evicting for the node

//  Whose turn it is: an evictor by chance, the more entries the more likely.
static evictor_t *
s_any_evictor (storage_t *self)
{
    evictor_t *node = &self->evictor;
    uint64_t sum = node->policy != MAP_POLICY_NONE ? node->all.entries : 0;
    for (uint32_t at = 0; at < self->evictors_count; at++)
        if (self->evictors[at]->policy != MAP_POLICY_NONE)
            sum += self->evictors[at]->all.entries;
    uint64_t pick = sum ? evictor_random (self) % sum : 0;
    for (uint32_t at = 0; sum && at < self->evictors_count; at++) {
        evictor_t *evictor = self->evictors[at];
        if (evictor->policy == MAP_POLICY_NONE)
            continue;
        if (pick < evictor->all.entries)
            return evictor;
        pick -= evictor->all.entries;
    }
    return node;
}

static bool
s_evict_any (storage_t *self, const entry_t *keep, uint64_t now)
{
    if (evictor_evict (self, s_any_evictor (self), keep, now)
        || evictor_evict (self, &self->evictor, keep, now))
        return true;
    for (uint32_t at = 0; at < self->evictors_count; at++)
        if (evictor_evict (self, self->evictors[at], keep, now))
            return true;
    return false;
}

static bool
s_evict (storage_t *self, evictor_t *evictor, const entry_t *keep, uint64_t now)
{
    return evictor ? evictor_evict (self, evictor, keep, now) : s_evict_any (self, keep, now);
}

//  ------------------------------------------------------------------------------------------------
//  Writes

//  largest: of the entries that come, in bytes.
static bool
s_make_room (storage_t *self, const s_limit_t *limit, const entry_t *keep, s_usage_t more, size_t largest,
             uint64_t now)
{
    s_usage_t before = s_usage (self, limit->evictor), after = before;
    if ((more.entries == 0 && more.bytes == 0) || s_fits (limit, before, more))
        return true;
    if (limit->bytes_max && largest > limit->bytes_max)
        return false;
    uint64_t most = S_EVICT_MAX + more.entries + largest / S_EVICT_BYTES;
    for (uint64_t count = 0; count < most && !s_fits (limit, after, more); count++) {
        if (!s_evict (self, limit->evictor, keep, now))
            break;
        after = s_usage (self, limit->evictor);
    }
    //  A table that grew, or a limit that shrank, may be more than one write can make up for: it is enough
    //  that not more is held after the write than before
    return s_fits (limit, after, more)
           || (after.entries + more.entries <= before.entries && after.bytes + more.bytes <= before.bytes);
}

static const char *
s_make_map_room (storage_t *self, const map_t *map, const entry_t *keep, s_usage_t more, size_t largest,
                 uint64_t now)
{
    if (!map->evictor || (!map->evictor->entries_max && !map->evictor->bytes_max))
        return NULL;
    s_limit_t limit = s_map_limit (map->evictor);
    return s_make_room (self, &limit, keep, more, largest, now)
               ? NULL
               : "the map's max_entries or max_bytes is reached";
}

static const char *
s_make_node_room (storage_t *self, const entry_t *keep, s_usage_t more, size_t largest, uint64_t now)
{
    s_limit_t limit = s_node_limit (self);
    if ((!limit.entries_max && !limit.bytes_max) || s_make_room (self, &limit, keep, more, largest, now))
        return NULL;
    return "memory.limit or memory.entries is reached";
}

const char *
storage_make_room (storage_t *self, const map_t *map, const entry_t *keep, size_t needed, uint64_t now)
{
    size_t present = keep ? heap_block_size (entry_size (keep)) : 0;
    s_usage_t more = { keep ? 0 : 1, needed > present ? needed - present : 0 };
    const char *why = s_make_map_room (self, map, keep, more, needed, now);
    return why ? why : s_make_node_room (self, keep, more, needed, now);
}

const char *
storage_make_room_of_map (storage_t *self, const map_t *map, room_t room, uint64_t now)
{
    return s_make_map_room (self, map, NULL, (s_usage_t) { room.entries, room.bytes }, room.bytes, now);
}

const char *
storage_make_room_of_node (storage_t *self, room_t room, uint64_t now)
{
    return s_make_node_room (self, NULL, (s_usage_t) { room.entries, room.bytes }, room.bytes, now);
}

//  ------------------------------------------------------------------------------------------------
//  Limits that became smaller

//  Returns true if there is more to do.
static bool
s_shrink (storage_t *self, const s_limit_t *limit, unsigned *budget, uint64_t now)
{
    s_usage_t none = { 0, 0 };
    while (!s_fits (limit, s_usage (self, limit->evictor), none)) {
        if (*budget == 0)
            return true;
        if (!s_evict (self, limit->evictor, NULL, now))
            return false;
        --*budget;
    }
    return false;
}

bool
storage_shrink (storage_t *self, uint64_t now)
{
    unsigned budget = S_EVICT_TICK;
    s_limit_t limit = s_node_limit (self);
    bool more = s_shrink (self, &limit, &budget, now);
    for (uint32_t at = 0; at < self->evictors_count; at++) {
        limit = s_map_limit (self->evictors[at]);
        more = s_shrink (self, &limit, &budget, now) || more;
    }
    return more;
}

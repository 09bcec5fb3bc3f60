//  slow: see slow.h.
//  SPDX-License-Identifier: MPL-2.0
#include "slow.h"

#include <assert.h>

#include "mem.h"

typedef struct {
    slow_record_t record; // Its bytes are set when it is told
    uint8_t map_size, prefix_size, client_size;
    uint8_t map[SLOW_NAME_MAX];
    uint8_t prefix[SLOW_PREFIX];
    uint8_t client[SLOW_CLIENT_MAX];
} s_place_t;

struct slow {
    uint64_t number; // Of the last one
    s_place_t places[SLOW_ROOM];
};

slow_t *
slow_new (void)
{
    return mem_alloc_zero (1, sizeof (slow_t));
}

void
slow_destroy (slow_t **self_p)
{
    mem_free (*self_p);
    *self_p = NULL;
}

static uint8_t
s_keep (uint8_t *to, size_t most, bytes_t from)
{
    size_t size = from.size < most ? from.size : most;
    if (size)
        memcpy (to, from.data, size);
    return (uint8_t) size;
}

void
slow_add (slow_t *self, const slow_record_t *record)
{
    s_place_t *place = &self->places[self->number++ % SLOW_ROOM];
    place->record = *record;
    place->record.number = self->number;
    place->record.key_size = record->key.size;
    place->map_size = s_keep (place->map, sizeof place->map, record->map);
    place->prefix_size = s_keep (place->prefix, sizeof place->prefix, record->key);
    place->client_size = s_keep (place->client, sizeof place->client, record->client);
}

uint32_t
slow_count (const slow_t *self)
{
    return self->number < SLOW_ROOM ? (uint32_t) self->number : SLOW_ROOM;
}

slow_record_t
slow_at (const slow_t *self, uint32_t at)
{
    assert (at < slow_count (self));
    const s_place_t *place = &self->places[(self->number - 1 - at) % SLOW_ROOM];
    slow_record_t record = place->record;
    record.map = bytes_of (place->map, place->map_size);
    record.key = bytes_of (place->prefix, place->prefix_size);
    record.client = bytes_of (place->client, place->client_size);
    return record;
}

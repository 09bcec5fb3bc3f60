//  chunk: see chunk.h.
//  SPDX-License-Identifier: MPL-2.0
#include "chunk.h"

void
chunk_add_map (buf_t *out, const chunk_map_t *map)
{
    uint32_t head = (uint32_t) map->name.size | CHUNK_MAP;
    buf_add (out, &head, sizeof head);
    buf_add (out, &map->entries, sizeof map->entries);
    buf_add (out, map->name.data, map->name.size);
}

void
chunk_add_entry (buf_t *out, const chunk_entry_t *entry)
{
    size_t size = chunk_entry_size (entry);
    if (!buf_reserve (out, size))
        return;
    uint8_t *at = out->data + out->size;
    uint32_t sizes[2] = { (uint32_t) entry->key.size, (uint32_t) entry->value.size };
    uint32_t age = entry->left ? entry->age | CHUNK_LEFT : entry->age;
    memcpy (at, sizes, 8);
    memcpy (at + 8, &entry->version, 8);
    memcpy (at + 16, &age, 4);
    at += CHUNK_ENTRY_HEAD;
    if (entry->left) {
        memcpy (at, &entry->left, 8);
        at += 8;
    }
    if (entry->key.size)
        memcpy (at, entry->key.data, entry->key.size);
    if (entry->value.size)
        memcpy (at + entry->key.size, entry->value.data, entry->value.size);
    out->size += size;
}

static bool
s_map (const uint8_t **at, const uint8_t *end, uint32_t head, chunk_map_t *map)
{
    size_t size = head & ~CHUNK_MAP, there = (size_t) (end - *at);
    if (there < CHUNK_MAP_HEAD || there - CHUNK_MAP_HEAD < size)
        return false;
    memcpy (&map->entries, *at + 4, 8);
    map->name = bytes_of (*at + CHUNK_MAP_HEAD, size);
    *at += CHUNK_MAP_HEAD + size;
    return true;
}

static bool
s_entry (const uint8_t **at, const uint8_t *end, uint32_t key_size, chunk_entry_t *entry)
{
    const uint8_t *head = *at;
    size_t there = (size_t) (end - head);
    uint32_t value_size, age;
    if (there < CHUNK_ENTRY_HEAD)
        return false;
    memcpy (&value_size, head + 4, 4);
    memcpy (&entry->version, head + 8, 8);
    memcpy (&age, head + 16, 4);
    size_t fixed = CHUNK_ENTRY_HEAD + (age & CHUNK_LEFT ? 8 : 0);
    if (there < fixed || there - fixed < (size_t) key_size + value_size)
        return false;
    entry->left = 0;
    if (age & CHUNK_LEFT)
        memcpy (&entry->left, head + CHUNK_ENTRY_HEAD, 8);
    entry->age = age & ~CHUNK_LEFT;
    entry->key = bytes_of (head + fixed, key_size);
    entry->value = bytes_of (head + fixed + key_size, value_size);
    *at = head + fixed + key_size + value_size;
    return true;
}

chunk_item_t
chunk_next (const uint8_t **at, const uint8_t *end, chunk_map_t *map, chunk_entry_t *entry)
{
    uint32_t head;
    if (*at == end)
        return CHUNK_END;
    if ((size_t) (end - *at) < sizeof head)
        return CHUNK_BROKEN;
    memcpy (&head, *at, sizeof head);
    if (head & CHUNK_MAP)
        return s_map (at, end, head, map) ? CHUNK_IS_MAP : CHUNK_BROKEN;
    return s_entry (at, end, head, entry) ? CHUNK_IS_ENTRY : CHUNK_BROKEN;
}

bool
chunk_is_sound (bytes_t chunk)
{
    const uint8_t *at = chunk.data, *end = chunk.data + chunk.size;
    chunk_map_t map = { .entries = 0 };
    chunk_entry_t entry;
    chunk_item_t item = chunk_next (&at, end, &map, &entry);
    if (item == CHUNK_IS_ENTRY)
        return false;
    for (; item != CHUNK_END; item = chunk_next (&at, end, &map, &entry))
        if (item == CHUNK_BROKEN || map.name.size > UINT8_MAX)
            return false;
    return true;
}

//  chunk: entries of a table as they travel in a batch of a move (consistency 9): what comes out of the
//  store goes in as it lies there, the name of a map once for all of its entries that follow.
//
//      chunk = item…
//      item  = map or entry; an entry belongs to the map before it
//      map   = size | CHUNK_MAP u32, entries u64, name
//      entry = key size u32, value size u32, version u64, age | CHUNK_LEFT u32, left u64 if so, key, value
//
//  Numbers are in the byte order of x86 and ARM (little endian). entries: about how many of the map there
//  are. age: ticks of 256 ms since it was used. left: milliseconds that the entry lives on from
//  now; without it for ever.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CHUNK_H_INCLUDED
#define CHUNK_H_INCLUDED

#include "../buf.h"

#define CHUNK_MAP 0x80000000u
#define CHUNK_LEFT 0x80000000u
#define CHUNK_ENTRY_HEAD 20
#define CHUNK_MAP_HEAD 12

typedef struct {
    bytes_t key, value;
    uint64_t version, left; // left 0: for ever
    uint32_t age;
} chunk_entry_t;

typedef struct {
    bytes_t name;
    uint64_t entries;
} chunk_map_t;

static inline size_t
chunk_entry_size (const chunk_entry_t *entry)
{
    return CHUNK_ENTRY_HEAD + (entry->left ? 8 : 0) + entry->key.size + entry->value.size;
}

//  Add one item.
void
    chunk_add_map (buf_t *out, const chunk_map_t *map);
void
    chunk_add_entry (buf_t *out, const chunk_entry_t *entry);

//  Reads the next item behind *at. CHUNK_BROKEN: the bytes hold no whole one.
typedef enum { CHUNK_END, CHUNK_IS_MAP, CHUNK_IS_ENTRY, CHUNK_BROKEN } chunk_item_t;
chunk_item_t
    chunk_next (const uint8_t **at, const uint8_t *end, chunk_map_t *map, chunk_entry_t *entry);

//  True if the bytes are whole items, and a map comes first.
bool
    chunk_is_sound (bytes_t chunk);

#endif

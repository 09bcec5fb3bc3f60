//  cache: copies of entries near a client, each good for a bounded time after it was asked for, and no longer
//  than nobody says otherwise. Bounded in entries and bytes; what goes first is what was not used since it
//  was last looked at (SIEVE: Zhang et al., "SIEVE is simpler than LRU", NSDI 2024).
//
//  An answer that was under way while its key changed must not be kept: who asks takes a stamp along, and
//  hands it back with the answer.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CACHE_H_INCLUDED
#define CACHE_H_INCLUDED

#include "bytes.h"
#include "hash.h"

typedef struct {
    size_t bytes_max;     // Of entries, what they take beside their bytes included
    uint32_t entries_max;
    uint64_t age_max;     // Milliseconds after `asked_at`
    uint8_t seed[HASH_SEED_SIZE]; // Not to be guessed by who chooses keys
} cache_config_t;

//  What an owner answered.
typedef struct {
    bool found;        // False: it said that there is no such entry
    bytes_t value;
    uint64_t version;
    uint64_t asked_at; // Milliseconds: it was true then, or later
    uint32_t source;   // Who answered
} cache_entry_t;

typedef struct {
    uint64_t hits, misses, invalidations, entries, bytes;
} cache_stats_t;

typedef struct cache cache_t;

//  NULL without memory. The caller owns it.
cache_t *
    cache_new (const cache_config_t *config);
//  Accepts NULL.
void
    cache_destroy (cache_t **self_p);

//  What is known of a key at that time; false: nothing. The value may be read until the second cache_bury
//  from now on, whatever is dropped.
bool
    cache_find (cache_t *self, bytes_t map, bytes_t key, uint64_t now, cache_entry_t *entry);

//  Before a key is asked for; never 0.
uint32_t
    cache_stamp (const cache_t *self, bytes_t map, bytes_t key);

//  Keeps an answer, unless something was said of the key since the stamp was taken, or it is too large, or
//  memory is short.
void
    cache_store (cache_t *self, bytes_t map, bytes_t key, uint32_t stamp, const cache_entry_t *entry);

//  No longer good: a key; a map; keys of slots first to last of a map (empty: of all); what a source has
//  answered; everything.
void
    cache_drop (cache_t *self, bytes_t map, bytes_t key);
void
    cache_drop_map (cache_t *self, bytes_t map);
void
    cache_drop_slots (cache_t *self, bytes_t map, uint32_t first, uint32_t last);
void
    cache_drop_source (cache_t *self, uint32_t source);
void
    cache_drop_all (cache_t *self);

//  Frees what had gone before the last time.
void
    cache_bury (cache_t *self);

cache_stats_t
    cache_stats (const cache_t *self);

#endif
